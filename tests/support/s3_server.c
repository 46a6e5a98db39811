/* SPDX-License-Identifier: MIT */
#include "support/s3_server.h"

#include "base/base64.h"
#include "codec/crc32c.h"
#include "store/s3_time.h"
#include "store/sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static char *keep_text(s3_server *s, char *text) {
  if (!text || s->ntexts == sizeof s->texts / sizeof *s->texts) abort();
  return s->texts[s->ntexts++] = text;
}

/* Answers with a text, which is kept. */
static void say(s3_server *s, http_reply *reply, int status, char *text) {
  keep_text(s, text);
  *reply = (http_reply){.status = status, .body = text, .nbytes = strlen(text), .claimed = strlen(text)};
}

static void refuse(s3_server *s, http_reply *reply, int status, const char *code) {
  char *text;
  if (asprintf(&text,
               "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>no</Message>"
               "<Resource>/b</Resource></Error>",
               code) < 0)
    abort();
  say(s, reply, status, text);
}

static void add_line(http_reply *reply, const char *name, const char *value) {
  size_t n = strlen(reply->headers);
  snprintf(reply->headers + n, sizeof reply->headers - n, "%s: %s\r\n", name, value);
}

static int64_t time_of(const s3_server *s) {
  return (int64_t)time(NULL) + s->ahead;
}

/* ------------------------------------------------------------------------------------------------------ queries */

/* Decodes %XX. */
static void decode(const char *text, size_t n, char *out) {
  for (size_t i = 0; i < n; i++) {
    unsigned c = (unsigned char)text[i];
    if (c == '%' && sscanf(text + i + 1, "%2x", &c) == 1) i += 2;
    *out++ = (char)c;
  }
  *out = '\0';
}

/* Gets a parameter of the query; returns false if there is none. */
static bool get_parameter(const char *target, const char *name, char *out) {
  const char *p = strchr(target, '?');
  size_t n = strlen(name);
  *out = '\0';
  while (p && *p) {
    p++;
    size_t length = strcspn(p, "&");
    if (length >= n && !strncmp(p, name, n) && (p[n] == '=' || length == n)) {
      size_t skip = n + (p[n] == '=');
      decode(p + skip, length - skip, out);
      return true;
    }
    p = p[length] ? p + length : NULL;
  }
  return false;
}

/* --------------------------------------------------------------------------------------------------- signatures */

/* Recomputes the signature of a request, and compares. */
static bool is_signed_well(const s3_server *s, const http_asked *asked, const char *authorization) {
  char names[512], values[16][600], target[512], when[64], hash[128];
  zarrc_sign_pair headers[16], query[16];
  size_t nheaders = 0, nquery = 0;
  char *texts[32] = {0}, *save = NULL;
  const char *list = strstr(authorization, "SignedHeaders=");
  if (!list) return false;
  list += strlen("SignedHeaders=");
  snprintf(names, sizeof names, "%.*s", (int)strcspn(list, ","), list);
  for (char *name = strtok_r(names, ";", &save); name && nheaders < 16; name = strtok_r(NULL, ";", &save)) {
    http_header(asked->head, name, values[nheaders], sizeof values[0]);
    headers[nheaders] = (zarrc_sign_pair){name, values[nheaders]};
    nheaders++;
  }
  snprintf(target, sizeof target, "%s", asked->target);
  char *p = strchr(target, '?');
  size_t ntexts = 0;
  if (p) *p++ = '\0';
  for (char *pair = p ? strtok_r(p, "&", &save) : NULL; pair && nquery < 16; pair = strtok_r(NULL, "&", &save)) {
    char *equals = strchr(pair, '=');
    if (!equals) return false;
    char *name = texts[ntexts++] = malloc(strlen(pair) + 1), *value = texts[ntexts++] = malloc(strlen(pair) + 1);
    decode(pair, (size_t)(equals - pair), name);
    decode(equals + 1, strlen(equals + 1), value);
    query[nquery++] = (zarrc_sign_pair){name, value};
  }
  http_header(asked->head, "x-amz-date", when, sizeof when);
  http_header(asked->head, "x-amz-content-sha256", hash, sizeof hash);
  zarrc_sign_request r = {asked->method, target, query, nquery, headers, nheaders, hash, when};
  zarrc_sign_key k = {s->id, s->secret, s->region, "s3"};
  zarrc_buf want = zarrc_buf_new(s->ctx, 4096);
  bool same = !zarrc_sign(&k, &r, &want, NULL) && want.len == strlen(authorization) &&
              !memcmp(want.ptr, authorization, want.len);
  zarrc_buf_clear(&want);
  for (size_t i = 0; i < ntexts; i++) free(texts[i]);
  return same;
}

static bool signs(const char *authorization, const char *name) {
  const char *list = strstr(authorization, "SignedHeaders=");
  char text[64];
  snprintf(text, sizeof text, "%s", name);
  return list && strstr(list, text);
}

/* Every x-amz- header has to be signed, and the host. */
static bool signs_enough(const http_asked *asked, const char *authorization) {
  char name[64];
  for (const char *line = strstr(asked->head, "\r\n"); line; line = strstr(line + 2, "\r\n")) {
    size_t n = strcspn(line + 2, ":\r");
    if (n >= sizeof name || strncasecmp(line + 2, "x-amz-", 6) != 0) continue;
    snprintf(name, sizeof name, "%.*s", (int)n, line + 2);
    if (!signs(authorization, name)) return false;
  }
  return signs(authorization, "host");
}

/* Returns whether a request may be made; otherwise there is an answer. */
static bool is_allowed(s3_server *s, const http_asked *asked, http_reply *reply) {
  char authorization[1024], token[512], when[64], now[ZARRC_S3_TIME_NBYTES], region[160];
  http_header(asked->head, "Authorization", authorization, sizeof authorization);
  if (!*authorization) {
    if (s->is_public && !strcmp(asked->method, "GET") && !strstr(asked->target, "list-type")) return true;
    refuse(s, reply, 403, "AccessDenied");
    return false;
  }
  http_header(asked->head, "x-amz-security-token", token, sizeof token);
  http_header(asked->head, "x-amz-date", when, sizeof when);
  zarrc_s3_time_write(time_of(s), now);
  snprintf(region, sizeof region, "/%s/s3/aws4_request", s->region);
  s->nrefused++;
  if (strncmp(when, now, 10) != 0) {
    char date[64];
    struct tm t;
    time_t seconds = (time_t)time_of(s);
    refuse(s, reply, 403, "RequestTimeTooSkewed");
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&seconds, &t));
    add_line(reply, "Date", date);
    return false;
  }
  if (!strstr(authorization, region)) {
    char *text;
    if (asprintf(&text, "<Error><Code>AuthorizationHeaderMalformed</Code><Region>%s</Region></Error>", s->region) < 0)
      abort();
    say(s, reply, 400, text);
    return false;
  }
  if (strcmp(token, s->token) != 0 || !signs_enough(asked, authorization) || !is_signed_well(s, asked, authorization)) {
    refuse(s, reply, 403, "SignatureDoesNotMatch");
    return false;
  }
  s->nrefused--;
  return true;
}

/* ------------------------------------------------------------------------------------------------------ values */

static http_value *find_value(const s3_server *s, const char *path) {
  for (size_t i = 0; i < s->http->nvalues; i++)
    if (!strcmp(s->http->values[i].path, path)) return &s->http->values[i];
  return NULL;
}

static void put_value(s3_server *s, const char *path, char *bytes, size_t nbytes, http_reply *reply) {
  http_value *v = find_value(s, path);
  if (!v) v = &s->http->values[s->http->nvalues++];
  if (s->http->nvalues == sizeof s->http->values / sizeof *s->http->values) abort();
  *v = (http_value){.bytes = keep_text(s, bytes), .nbytes = nbytes};
  snprintf(v->path, sizeof v->path, "%s", path);
  snprintf(v->etag, sizeof v->etag, "\"%032u\"", ++s->netags);
  *reply = (http_reply){.status = 200, .body = ""};
  add_line(reply, "ETag", v->etag);
}

static char *copy_body(const http_asked *asked) {
  char *copy = malloc(asked->nbody + 1);
  if (!copy) abort();
  memcpy(copy, asked->body, asked->nbody);
  return copy;
}

/* Returns whether the conditions of a request hold; otherwise there is an answer. */
static bool holds(s3_server *s, const http_asked *asked, const char *path, http_reply *reply) {
  const http_value *v = find_value(s, path);
  char none[64];
  bool is_there = v && v->bytes;
  http_header(asked->head, "If-None-Match", none, sizeof none);
  if (s->ignores_conditions || (!*none && !*asked->if_match)) return true;
  if (s->lacks_conditions)
    refuse(s, reply, 501, "NotImplemented");
  else if (*asked->if_match && !is_there)
    refuse(s, reply, 404, "NoSuchKey");
  else if (*none ? is_there : strcmp(asked->if_match, v->etag) != 0)
    refuse(s, reply, 412, "PreconditionFailed");
  else
    return true;
  return false;
}

static bool has_right_sum(const s3_server *s, const http_asked *asked) {
  char want[64];
  http_header(asked->head, "x-amz-checksum-crc32c", want, sizeof want);
  uint32_t crc = zarrc_crc32c(0, asked->body, asked->nbody);
  uint8_t bytes[] = {(uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8), (uint8_t)crc};
  zarrc_buf text = zarrc_buf_new(s->ctx, 64);
  bool same =
      !zarrc_base64_append(&text, bytes, 4, NULL) && strlen(want) == text.len && !memcmp(want, text.ptr, text.len);
  zarrc_buf_clear(&text);
  return same;
}

static void answer_put(s3_server *s, const http_asked *asked, const char *path, http_reply *reply) {
  char upload[64], number[16];
  s->nputs++;
  if (!has_right_sum(s, asked)) {
    refuse(s, reply, 400, "BadDigest");
  } else if (get_parameter(asked->target, "uploadId", upload)) {
    size_t i = get_parameter(asked->target, "partNumber", number) ? strtoul(number, NULL, 10) : 0;
    if (strcmp(upload, s->upload) != 0 || i < 1 || i > 16) {
      refuse(s, reply, 404, "NoSuchUpload");
      return;
    }
    free(s->parts[i - 1]);
    s->parts[i - 1] = copy_body(asked);
    s->nparts[i - 1] = asked->nbody;
    *reply = (http_reply){.status = 200, .body = ""};
    snprintf(number, sizeof number, "\"p%zu\"", i);
    add_line(reply, "ETag", number);
  } else if (holds(s, asked, path, reply)) {
    put_value(s, path, copy_body(asked), asked->nbody, reply);
  }
}

static void forget_upload(s3_server *s) {
  for (size_t i = 0; i < 16; i++) {
    free(s->parts[i]);
    s->parts[i] = NULL;
    s->nparts[i] = 0;
  }
  *s->upload = '\0';
}

static void answer_post(s3_server *s, const http_asked *asked, const char *path, http_reply *reply) {
  char upload[64], name[32], *text;
  if (get_parameter(asked->target, "uploads", upload)) {
    forget_upload(s);
    snprintf(s->upload, sizeof s->upload, "up/load+%u", ++s->netags);
    if (asprintf(&text, "<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>",
                 s->upload) < 0)
      abort();
    say(s, reply, 200, text);
    return;
  }
  if (!get_parameter(asked->target, "uploadId", upload) || strcmp(upload, s->upload) != 0) {
    refuse(s, reply, 404, "NoSuchUpload");
    return;
  }
  if (!holds(s, asked, path, reply)) return;
  size_t nbytes = 0, at = 0;
  for (size_t i = 0; i < 16; i++) {
    snprintf(name, sizeof name, "<ETag>\"p%zu\"</ETag>", i + 1);
    asked->body[asked->nbody] = '\0';
    if (s->parts[i] && !strstr(asked->body, name)) abort();
    nbytes += s->nparts[i];
  }
  char *all = malloc(nbytes + 1);
  if (!all) abort();
  for (size_t i = 0; i < 16; i++) {
    if (s->nparts[i]) memcpy(all + at, s->parts[i], s->nparts[i]);
    at += s->nparts[i];
  }
  put_value(s, path, all, nbytes, reply);
  forget_upload(s);
  if (asprintf(&text, "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>") < 0) abort();
  say(s, reply, 200, text);
}

static void answer_delete(s3_server *s, const http_asked *asked, const char *path, http_reply *reply) {
  char upload[64];
  http_value *v = find_value(s, path);
  s->ndeletes++;
  if (get_parameter(asked->target, "uploadId", upload)) {
    forget_upload(s);
  } else {
    if (!holds(s, asked, path, reply)) return;
    if (v) v->bytes = NULL;
  }
  *reply = (http_reply){.status = 204, .body = ""};
}

/* ----------------------------------------------------------------------------------------------------- listings */

static int by_path(const void *a, const void *b) {
  char x[512], y[512];
  decode(*(char *const *)a, strlen(*(char *const *)a), x);
  decode(*(char *const *)b, strlen(*(char *const *)b), y);
  return strcmp(x, y);
}

/* Returns the length of the beginning of an encoded key that has as many slashes as a prefix. */
static size_t length_of(const char *encoded, const char *prefix) {
  const char *end = encoded;
  for (; *prefix; prefix++)
    if (*prefix == '/') end = strchr(end, '/') + 1;
  return (size_t)(end - encoded);
}

/* Lists keys after the token, which is the last one of the page before. */
static void answer_list(s3_server *s, const http_asked *asked, http_reply *reply) {
  char prefix[512], token[512], delimiter[16], last[512] = "", *text = malloc(1 << 20), *keys[4096];
  size_t nkeys = 0, n = 0, at = 0;
  s->nlists++;
  if (!text) abort();
  get_parameter(asked->target, "prefix", prefix);
  get_parameter(asked->target, "continuation-token", token);
  get_parameter(asked->target, "delimiter", delimiter);
  for (size_t i = 0; i < s->http->nvalues; i++)
    if (s->http->values[i].bytes && !strncmp(s->http->values[i].path, "/b/", 3))
      keys[nkeys++] = s->http->values[i].path;
  qsort(keys, nkeys, sizeof *keys, by_path);
  at += (size_t)sprintf(text,
                        "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                        "<EncodingType>url</EncodingType>");
  bool is_more = false;
  for (size_t i = 0; i < nkeys && !is_more; i++) {
    char key[512];
    const char *encoded = keys[i] + 3;
    decode(encoded, strlen(encoded), key);
    if (strncmp(key, prefix, strlen(prefix)) != 0 || (*token && strcmp(key, token) <= 0)) continue;
    const char *slash = *delimiter ? strchr(key + strlen(prefix), '/') : NULL;
    if (slash) {
      char common[512];
      snprintf(common, sizeof common, "%.*s", (int)(slash - key + 1), key);
      bool again = !strcmp(common, last) || (*token && !strncmp(token, common, strlen(common)));
      if (again) continue;
      if (n++ == s->page) is_more = true;
      if (is_more) break;
      strcpy(last, common);
      at += (size_t)sprintf(text + at, "<CommonPrefixes><Prefix>%.*s</Prefix></CommonPrefixes>",
                            (int)length_of(encoded, common), encoded);
    } else {
      if (n++ == s->page) is_more = true;
      if (is_more) break;
      strcpy(last, key);
      at += (size_t)sprintf(text + at, "<Contents><Key>%s</Key><Size>%zu</Size></Contents>", encoded,
                            find_value(s, keys[i])->nbytes);
    }
  }
  if (is_more) at += (size_t)sprintf(text + at, "<NextContinuationToken>%s</NextContinuationToken>", last);
  sprintf(text + at, "<IsTruncated>%s</IsTruncated></ListBucketResult>", is_more ? "true" : "false");
  say(s, reply, 200, text);
}

/* ----------------------------------------------------------------------------------------------------- requests */

static void answer_it(s3_server *s, const http_asked *asked, http_reply *reply) {
  char path[512];
  snprintf(path, sizeof path, "%.*s", (int)strcspn(asked->target, "?"), asked->target);
  if (*s->region_told) {
    refuse(s, reply, 301, "PermanentRedirect");
    add_line(reply, "x-amz-bucket-region", s->region_told);
    *s->region_told = '\0';
    s->nrefused++;
    return;
  }
  if (!is_allowed(s, asked, reply)) return;
  if (strncmp(path, "/b", 2) != 0 || (path[2] && path[2] != '/'))
    refuse(s, reply, 404, "NoSuchBucket");
  else if (!strcmp(asked->method, "PUT"))
    answer_put(s, asked, path, reply);
  else if (!strcmp(asked->method, "POST"))
    answer_post(s, asked, path, reply);
  else if (!strcmp(asked->method, "DELETE"))
    answer_delete(s, asked, path, reply);
  else if (strstr(asked->target, "list-type=2"))
    answer_list(s, asked, reply);
  else if (reply->status == 404)
    refuse(s, reply, 404, "NoSuchKey");
}

static void answer(void *arg, http_server *http, const http_asked *asked, http_reply *reply) {
  s3_server *s = arg;
  (void)http;
  answer_it(s, asked, reply);
  if (s->change) s->change(s->arg, s, asked, reply);
}

/* --------------------------------------------------------------------------------------------- opening, closing */

s3_server *s3_server_start(zarrc_ctx *ctx) {
  s3_server *s = calloc(1, sizeof *s);
  if (!s) abort();
  s->ctx = ctx;
  s->id = "AKTEST";
  s->secret = "geheim/+=";
  s->token = "";
  s->region = "us-east-1";
  s->page = 1000;
  s->http = http_server_start();
  pthread_mutex_lock(&s->http->lock);
  s->http->change = answer;
  s->http->arg = s;
  pthread_mutex_unlock(&s->http->lock);
  return s;
}

void s3_server_stop(s3_server *s) {
  http_server_stop(s->http);
  forget_upload(s);
  for (size_t i = 0; i < s->ntexts; i++) free(s->texts[i]);
  free(s);
}

zarrc_status s3_server_open(const s3_server *s, zarrc_ctx *ctx, const char *prefix, bool read_only,
                            const zarrc_s3_options *options, zarrc_store **out, zarrc_error *error) {
  char endpoint[64];
  zarrc_s3_options o = {.struct_size = sizeof o, .access_key_id = s->id, .secret_access_key = s->secret};
  zarrc_http_options http = {.struct_size = sizeof http, .backoff_ms = 1};
  if (options) o = *options;
  http_server_url(s->http, "", endpoint, sizeof endpoint);
  if (!o.endpoint) o.endpoint = endpoint;
  if (!o.region) o.region = "us-east-1";
  return zarrc_s3_store_open(ctx, "b", prefix, read_only, &o, &http, out, error);
}

size_t s3_server_nkeys(s3_server *s) {
  size_t n = 0;
  pthread_mutex_lock(&s->http->lock);
  for (size_t i = 0; i < s->http->nvalues; i++) n += s->http->values[i].bytes != NULL;
  pthread_mutex_unlock(&s->http->lock);
  return n;
}

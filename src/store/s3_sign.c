/* SPDX-License-Identifier: MIT */
/*
 * Requests to S3: their URL and headers, signed for the moment they are made, and what their refusals mean. A wrong
 * region and a clock that is wrong are put right once the server has said so.
 */
#include "store/s3.h"
#include "store/s3_answer.h"
#include "store/s3_ask.h"
#include "store/s3_time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define HASH_OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
enum {
  MOST_HEADERS = 16,
  TEXT_NBYTES = 64 << 10,
  EARLY_S = 300, /* so long before they expire, credentials are renewed */
  RENEW_S = 30   /* they are looked for once in so many seconds */
};

/* ------------------------------------------------------------------------------------------------------ signing */

/* Appends a URL without its query. */
static zarrc_status write_url(const zarrc_s3_store *s3, const zarrc_get *get, zarrc_buf *out, zarrc_error *error) {
  zarrc_status status = zarrc_s3_bucket_url(&s3->account, s3->bucket, s3->own.region, out, error);
  const char *separator = *s3->encoded_prefix ? "/" : "";
  if (status) return status;
  if (*get->path) return zarrc_buf_printf(out, error, "/%s%s%s", s3->encoded_prefix, separator, get->path);
  bool has_path = memchr(out->ptr + strlen("https://"), '/', out->len - strlen("https://")) != NULL;
  return has_path ? ZARRC_OK : zarrc_buf_append(out, "/", 1, error);
}

/* Splits a URL into the name of the server and the path, each with a NUL. */
static zarrc_status split_url(const zarrc_buf *url, zarrc_buf *out, const char **host, const char **path,
                              zarrc_error *error) {
  const char *end = (const char *)url->ptr + url->len, *begin = memmem(url->ptr, url->len, "://", 3);
  begin += 3;
  const char *slash = memchr(begin, '/', (size_t)(end - begin));
  size_t nhost = (size_t)(slash - begin);
  zarrc_status status = zarrc_buf_append(out, begin, nhost, error);
  if (!status) status = zarrc_buf_append(out, "", 1, error);
  if (!status) status = zarrc_buf_append(out, slash, (size_t)(end - slash), error);
  if (!status) status = zarrc_buf_append(out, "", 1, error);
  if (status) return status;
  *host = (const char *)out->ptr;
  *path = *host + nhost + 1;
  return ZARRC_OK;
}

/* Appends the headers, and a signature unless nobody signs. */
static zarrc_status write_headers(const zarrc_s3_store *s3, const zarrc_sign_request *r, zarrc_buf *out,
                                  zarrc_error *error) {
  zarrc_sign_key key = {s3->account.key_id, s3->account.secret, s3->own.region, "s3"};
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < r->nheaders && !status; i++) {
    status = zarrc_buf_printf(out, error, "%s: %s", r->headers[i].name, r->headers[i].value);
    if (!status) status = zarrc_buf_append(out, "", 1, error);
  }
  if (status || s3->account.is_anonymous) return status;
  status = zarrc_buf_printf(out, error, "Authorization: ");
  if (!status) status = zarrc_sign(&key, r, out, error);
  return status ? status : zarrc_buf_append(out, "", 1, error);
}

static zarrc_status sign_with(const zarrc_s3_store *s3, const zarrc_get *get, zarrc_buf *scratch, zarrc_buf *url,
                              zarrc_buf *headers, zarrc_error *error) {
  static const zarrc_s3_extra nothing = {0};
  const zarrc_s3_extra *extra = get->extra ? get->extra : &nothing;
  const zarrc_s3_account *a = &s3->account;
  zarrc_sign_pair pairs[MOST_HEADERS];
  char now[ZARRC_S3_TIME_NBYTES];
  struct timespec t;
  size_t n = 0;
  clock_gettime(CLOCK_REALTIME, &t);
  zarrc_s3_time_write((int64_t)t.tv_sec + s3->own.ahead, now);
  zarrc_sign_request r = {.method = get->method ? get->method : "GET",
                          .query = extra->query,
                          .nquery = extra->nquery,
                          .headers = pairs,
                          .body_hash = extra->body_hash ? extra->body_hash : HASH_OF_NOTHING,
                          .time = now};
  zarrc_status status = write_url(s3, get, url, error);
  if (!status) status = split_url(url, scratch, &pairs[n++].value, &r.path, error);
  pairs[0].name = "host";
  if (!a->is_anonymous) pairs[n++] = (zarrc_sign_pair){"x-amz-date", now};
  if (!a->is_anonymous) pairs[n++] = (zarrc_sign_pair){"x-amz-content-sha256", r.body_hash};
  if (!a->is_anonymous && *a->token) pairs[n++] = (zarrc_sign_pair){"x-amz-security-token", a->token};
  if (a->requester_pays) pairs[n++] = (zarrc_sign_pair){"x-amz-request-payer", "requester"};
  for (size_t i = 0; i < extra->nheaders && n < MOST_HEADERS; i++) pairs[n++] = extra->headers[i];
  r.nheaders = n;
  if (!status && r.nquery > 0) status = zarrc_buf_append(url, "?", 1, error);
  if (!status && r.nquery > 0) status = zarrc_sign_query(&r, url, error);
  return status ? status : write_headers(s3, &r, headers, error);
}

static int64_t now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec;
}

/* Looks for new credentials, once for all requests that find out that they need them. Returns whether there are. */
static bool renew(zarrc_s3_store *s3, zarrc_error *error) {
  int64_t now = now_s(), passed = now - s3->own.looked;
  if (s3->own.looked && passed >= 0 && passed < RENEW_S) return s3->own.changed;
  zarrc_status status = zarrc_s3_renew(&s3->account, &s3->own.changed, error);
  bool has_looked = status != ZARRC_CANCELED && status != ZARRC_NO_MEMORY; /* else the next request does */
  if (has_looked) s3->own.looked = now_s();
  return s3->own.changed;
}

/* Implements `sign` of the signer. Credentials are renewed before they expire; until then failing to do so is none. */
static zarrc_status sign(void *arg, const zarrc_get *get, zarrc_buf *url, zarrc_buf *headers, zarrc_error *error) {
  zarrc_s3_store *s3 = arg;
  zarrc_buf scratch = zarrc_buf_new(s3->http.store.ctx, TEXT_NBYTES);
  if (s3->account.expires && now_s() >= s3->account.expires - EARLY_S) renew(s3, NULL);
  zarrc_status status = sign_with(s3, get, &scratch, url, headers, error);
  zarrc_buf_clear(&scratch);
  return status;
}

/* ----------------------------------------------------------------------------------------------------- refusals */

/* Takes the region that the bucket is in, if the server says so. */
static bool take_region(zarrc_s3_store *s3, const zarrc_answer *a, const zarrc_s3_refusal *r) {
  const char *region = *a->region ? a->region : r->region;
  bool is_about_it = a->status == 301 || a->status == 307 || !strcmp(r->code, "AuthorizationHeaderMalformed");
  if (!is_about_it || !zarrc_s3_is_region(region)) return false;
  strcpy(s3->own.region, region);
  return true;
}

/* Takes the server's time for ours. */
static bool take_time(zarrc_s3_store *s3, const zarrc_answer *a) {
  int64_t theirs;
  struct timespec ours;
  if (!zarrc_http_date_read(a->date, &theirs)) return false;
  clock_gettime(CLOCK_REALTIME, &ours);
  s3->own.ahead = theirs - (int64_t)ours.tv_sec;
  return true;
}

static bool is_one_of(const char *code, const char *const *codes) {
  while (*codes && strcmp(code, *codes) != 0) codes++;
  return *codes != NULL;
}

/* Implements `judge` of the signer. */
static zarrc_again judge(void *arg, zarrc_get *get) {
  static const char *const expired[] = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", NULL};
  static const char *const late[] = {"ConditionalRequestConflict", "OperationAborted", "RequestTimeout", "SlowDown",
                                     NULL};
  zarrc_s3_store *s3 = arg;
  zarrc_answer *a = &get->answer;
  zarrc_s3_refusal r;
  zarrc_s3_refusal_read(get->told, get->ntold, &r);
  snprintf(a->reason, sizeof a->reason, "%s", r.code);
  if (take_region(s3, a, &r)) return ZARRC_AGAIN_AT_ONCE;
  if (!strcmp(r.code, "RequestTimeTooSkewed") && take_time(s3, a)) return ZARRC_AGAIN_AT_ONCE;
  if (is_one_of(r.code, expired)) {
    if (renew(s3, NULL)) return ZARRC_AGAIN_AT_ONCE;
    get->status =
        zarrc_fail(get->error, ZARRC_ACCESS, "the credentials have expired, and there are no new ones (%s)", r.code);
  }
  if (!strcmp(r.code, "NoSuchBucket")) get->status = zarrc_fail(get->error, ZARRC_IO, "there is no such bucket");
  return is_one_of(r.code, late) && a->status < 500 ? ZARRC_AGAIN_LATER : ZARRC_AGAIN_AS_USUAL;
}

zarrc_signer zarrc_s3_signer(zarrc_s3_store *s3) {
  return (zarrc_signer){.sign = sign, .judge = judge, .arg = s3};
}

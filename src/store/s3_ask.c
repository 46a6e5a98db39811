/* SPDX-License-Identifier: MIT */
#include "store/s3_ask.h"
#include "store/answer.h"
#include "store/environment.h"
#include "store/http.h"
#include "store/http_url.h"
#include "store/profile.h"
#include "store/s3_process.h"
#include "store/s3_time.h"
#include "store/xml.h"

#include "base/json.h"
#include "base/text.h"

#include <string.h>

enum { MOST_NBYTES = 64 << 10, MACHINE_MS = 1000, MOST_ROLE = 256 };

/* ------------------------------------------------------------------------------------------------- one request */

/* A request: its URL, and headers, each with a NUL. */
typedef struct request {
  const char *url, *method; /* method NULL: GET */
  zarrc_buf headers;
  zarrc_bytes body;
  bool is_near; /* at an address of this machine's network: no proxy, one try, and not for long */
} request;

static zarrc_status write_request(void *arg, const zarrc_get *get, zarrc_buf *url, zarrc_buf *headers,
                                  zarrc_error *error) {
  const request *r = arg;
  (void)get;
  zarrc_status status = zarrc_buf_append(url, r->url, strlen(r->url), error);
  return status ? status : zarrc_buf_append(headers, r->headers.ptr, r->headers.len, error);
}

static zarrc_again judge_answer(void *arg, zarrc_get *get) {
  (void)arg, (void)get;
  return ZARRC_AGAIN_AS_USUAL;
}

static bool accept_answer(zarrc_get *get) {
  (void)get;
  return true;
}

/* Overwrites what has been received, and frees it. */
static void wipe(zarrc_buf *buf) {
  if (buf->ptr) explicit_bzero(buf->ptr, buf->len);
  zarrc_buf_clear(buf);
}

/* Makes a request. The body of an answer of status 200 is appended to `out`. Redirects are not followed. */
static zarrc_status make_request(const zarrc_s3_account *a, request *r, zarrc_buf *out, zarrc_error *error) {
  zarrc_http_options given = {.struct_size = sizeof given,
                              .ca_file = *a->ca_file ? a->ca_file : NULL,
                              .max_requests = 1},
                     http;
  zarrc_signer signer = {.sign = write_request, .judge = judge_answer, .arg = r};
  zarrc_transport_options options = {.root = "", .query = "", .http = &http, .signer = &signer};
  zarrc_transport *transport = NULL;
  zarrc_get get = {.path = "", .method = r->method, .accept = accept_answer, .error = error}, *gets[] = {&get};
  if (r->is_near) given.tries = 1, given.connect_timeout_ms = given.stall_timeout_ms = MACHINE_MS;
  options.is_direct = r->is_near;
  zarrc_status status = zarrc_http_options_take(&given, &http, error);
  if (!status) status = zarrc_transport_open(a->ctx, &options, &transport, error);
  if (status) return status;
  get.body = zarrc_buf_new(a->ctx, MOST_NBYTES);
  get.send = &r->body;
  get.nsend = r->body.len > 0;
  get.send_nbytes = r->body.len;
  status = zarrc_transport_run(transport, gets, 1, error);
  if (!status) status = get.status;
  if (!status && get.answer.status != 200)
    status = zarrc_fail(error, ZARRC_ACCESS, "HTTP status %d", get.answer.status);
  if (!status && get.is_cut) status = zarrc_fail(error, ZARRC_NETWORK, "the answer is too long");
  if (!status) status = zarrc_buf_append(out, get.body.ptr, get.body.len, error);
  wipe(&get.body);
  zarrc_transport_close(transport);
  return status;
}

static zarrc_status add_header(request *r, const char *name, const char *value, size_t n, zarrc_error *error) {
  for (size_t i = 0; i < n; i++)
    if ((unsigned char)value[i] < ' ' || value[i] == 0x7F)
      return zarrc_fail(error, ZARRC_ACCESS, "the token has characters that no header can have");
  zarrc_status status = zarrc_buf_printf(&r->headers, error, "%s: %.*s", name, (int)n, value);
  return status ? status : zarrc_buf_append(&r->headers, "", 1, error);
}

/* ------------------------------------------------------------------------------------------------- credentials */

typedef struct text {
  const char *ptr;
  size_t n;
} text;

/* Takes new credentials; all or none. */
static zarrc_status take(zarrc_s3_account *a, text id, text secret, text token, text expiration, zarrc_error *error) {
  char *copies[3] = {0};
  const text texts[] = {id, secret, token};
  char **const places[] = {&a->key_id, &a->secret, &a->token};
  int64_t expires = 0;
  zarrc_status status = ZARRC_OK;
  for (int i = 0; i < 3; i++)
    if (!zarrc_s3_is_credential(texts[i].ptr, texts[i].n)) id.n = 0;
  if (!id.n || !secret.n) return zarrc_fail(error, ZARRC_NETWORK, "the answer has no credentials");
  if (expiration.n && !zarrc_iso_date_read(expiration.ptr, expiration.n, &expires))
    return zarrc_fail(error, ZARRC_NETWORK, "the answer has a date that is none");
  for (int i = 0; i < 3 && !status; i++) status = zarrc_text_copy(a->ctx, texts[i].ptr, texts[i].n, &copies[i], error);
  for (int i = 0; i < 3; i++) {
    char *old = status ? copies[i] : *places[i];
    if (!status) *places[i] = copies[i];
    if (old) explicit_bzero(old, strlen(old));
    zarrc_free(a->ctx, old);
  }
  if (!status) a->expires = expires;
  return status;
}

static text member(const zarrc_json *object, const char *name) {
  text t = {"", 0};
  const char *found = zarrc_json_get_string(zarrc_json_get(object, name), &t.n);
  if (found) t.ptr = found;
  return t;
}

/* Takes credentials from JSON. token_name: what their third part is called. */
static zarrc_status take_json(zarrc_s3_account *a, const zarrc_buf *json, const char *token_name, zarrc_error *error) {
  zarrc_json_doc *doc;
  zarrc_status status = zarrc_json_parse(a->ctx, (const char *)json->ptr, json->len, NULL, &doc, NULL);
  if (status == ZARRC_NO_MEMORY || status == ZARRC_CANCELED) return zarrc_fail(error, status, "no credentials");
  if (status) return zarrc_fail(error, ZARRC_NETWORK, "the answer is no JSON"); /* the reason would quote it */
  const zarrc_json *o = zarrc_json_root(doc), *version = zarrc_json_get(o, "Version"),
                   *code = zarrc_json_get(o, "Code");
  int64_t number = 1;
  if (version && (!zarrc_json_get_int64(version, &number) || number != 1))
    status = zarrc_fail(error, ZARRC_UNSUPPORTED, "the answer is of another version than 1");
  else if (code && !zarrc_json_string_is(code, "Success"))
    status = zarrc_fail(error, ZARRC_ACCESS, "the answer is that there are none");
  else
    status = take(a, member(o, "AccessKeyId"), member(o, "SecretAccessKey"), member(o, token_name),
                  member(o, "Expiration"), error);
  zarrc_json_close(doc);
  return status;
}

/* Takes credentials from the answer of the token service. */
static zarrc_status take_xml(zarrc_s3_account *a, const zarrc_buf *xml, zarrc_error *error) {
  static const char *const names[] = {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"};
  zarrc_xml x = {.at = (const char *)xml->ptr,
                 .end = (const char *)xml->ptr + xml->len,
                 .text = zarrc_buf_new(a->ctx, MOST_NBYTES)};
  zarrc_buf parts = zarrc_buf_new(a->ctx, MOST_NBYTES);
  size_t at[4] = {0}, n[4] = {0};
  zarrc_xml_event event = ZARRC_XML_BEGIN;
  zarrc_status status = ZARRC_OK;
  while (!status && event != ZARRC_XML_DONE) {
    status = zarrc_xml_next(&x, &event, NULL);
    if (status || event != ZARRC_XML_END || x.depth != 4) continue;
    if (x.open[2].n != strlen("Credentials") || memcmp(x.open[2].ptr, "Credentials", x.open[2].n) != 0) continue;
    for (int i = 0; i < 4 && !status; i++) {
      if (!zarrc_xml_is(&x, names[i])) continue;
      at[i] = parts.len;
      n[i] = x.text.len;
      status = zarrc_buf_append(&parts, x.text.ptr, x.text.len, NULL);
    }
  }
  const char *p = parts.ptr ? (const char *)parts.ptr : "";
  status = status ? zarrc_fail(error, status == ZARRC_NO_MEMORY ? status : ZARRC_NETWORK, "the answer makes no sense")
                  : take(a, (text){p + at[0], n[0]}, (text){p + at[1], n[1]}, (text){p + at[2], n[2]},
                         (text){p + at[3], n[3]}, error);
  wipe(&x.text);
  wipe(&parts);
  return status;
}

/* ----------------------------------------------------------------------------------------------------- sources */

static zarrc_status ask_process(zarrc_s3_account *a, zarrc_buf *answer, zarrc_error *error) {
  zarrc_status status = zarrc_s3_process_run(a->ctx, a->place, answer, error);
  if (status) return status;
  status = take_json(a, answer, "SessionToken", error);
  if (status) zarrc_error_prefix(error, "credential_process of the AWS profile: ");
  return status;
}

/* Reads a file with a token, without the end of its line. */
static zarrc_status read_token(zarrc_s3_account *a, zarrc_profile_file *file, zarrc_error *error) {
  zarrc_status status = zarrc_profile_open(a->ctx, a->token_file, file, error);
  if (!status && !file->text) status = zarrc_fail(error, ZARRC_ACCESS, "there is no file %.200s", a->token_file);
  while (!status && file->nbytes > 0 && strchr("\r\n \t", file->text[file->nbytes - 1])) file->nbytes--;
  return status;
}

/* Appends a parameter of a form. */
static zarrc_status put_parameter(zarrc_buf *out, const char *name, const char *value, size_t n, zarrc_error *error) {
  zarrc_status status = zarrc_buf_printf(out, error, "&%s=", name);
  for (size_t i = 0; i < n && !status; i++) {
    unsigned char c = (unsigned char)value[i];
    status = zarrc_http_is_unreserved(c) ? zarrc_buf_append(out, &value[i], 1, error)
                                         : zarrc_buf_printf(out, error, "%%%02X", c);
  }
  return status;
}

static zarrc_status write_form(zarrc_s3_account *a, const zarrc_profile_file *token, zarrc_buf *out,
                               zarrc_error *error) {
  static const char begin[] = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15";
  zarrc_status status = zarrc_buf_append(out, begin, sizeof begin - 1, error);
  if (!status) status = put_parameter(out, "RoleArn", a->role, strlen(a->role), error);
  if (!status) status = put_parameter(out, "RoleSessionName", a->session, strlen(a->session), error);
  return status ? status : put_parameter(out, "WebIdentityToken", token->text, token->nbytes, error);
}

static zarrc_status ask_token_service(zarrc_s3_account *a, zarrc_buf *answer, zarrc_error *error) {
  static const char type[] = "application/x-www-form-urlencoded";
  char url[ZARRC_S3_REGION_NBYTES + 64];
  zarrc_profile_file token = {.ctx = a->ctx};
  zarrc_buf form = zarrc_buf_new(a->ctx, 4 * MOST_NBYTES);
  request r = {.method = "POST", .url = *a->place ? a->place : url, .headers = zarrc_buf_new(a->ctx, MOST_NBYTES)};
  stpcpy(stpcpy(stpcpy(stpcpy(url, "https://sts."), a->region), ".amazonaws.com"),
         strncmp(a->region, "cn-", 3) ? "/" : ".cn/");
  zarrc_status status = read_token(a, &token, error);
  if (!status) status = write_form(a, &token, &form, error);
  if (!status) status = add_header(&r, "Content-Type", type, sizeof type - 1, error);
  r.body = (zarrc_bytes){.ptr = form.ptr, .len = form.len};
  if (!status) status = make_request(a, &r, answer, error);
  if (!status) status = take_xml(a, answer, error);
  zarrc_profile_close(&token);
  wipe(&form);
  wipe(&r.headers);
  if (status) zarrc_error_prefix(error, "the token service of AWS gives no credentials for the web identity: ");
  return status;
}

static zarrc_status ask_container(zarrc_s3_account *a, zarrc_buf *answer, zarrc_error *error) {
  static const char *const names[] = {"AWS_CONTAINER_AUTHORIZATION_TOKEN", NULL};
  zarrc_profile_file file = {.ctx = a->ctx};
  const char *token = zarrc_environment(names);
  request r = {.url = a->place, .headers = zarrc_buf_new(a->ctx, MOST_NBYTES), .is_near = a->place[4] == ':'};
  zarrc_status status = a->token_file && *a->token_file ? read_token(a, &file, error) : ZARRC_OK;
  size_t n = file.text ? file.nbytes : token ? strlen(token) : 0;
  if (file.text) token = file.text;
  if (!status && n > 0) status = add_header(&r, "Authorization", token, n, error);
  if (!status) status = make_request(a, &r, answer, error);
  if (!status) status = take_json(a, answer, "Token", error);
  zarrc_profile_close(&file);
  wipe(&r.headers);
  if (status)
    zarrc_error_prefix(error, "the server of the container (AWS_CONTAINER_CREDENTIALS) gives no credentials: ");
  return status;
}

/* Asks the metadata service for what is below a path, with the token of this session. */
static zarrc_status ask_below(zarrc_s3_account *a, const char *path, const char *role, const zarrc_buf *token,
                              zarrc_buf *answer, zarrc_error *error) {
  bool is_first = !token;
  request r = {.method = is_first ? "PUT" : NULL, .headers = zarrc_buf_new(a->ctx, MOST_NBYTES), .is_near = true};
  zarrc_buf url = zarrc_buf_new(a->ctx, MOST_NBYTES);
  size_t n = strlen(a->place);
  while (n > 0 && a->place[n - 1] == '/') n--;
  zarrc_status status = zarrc_buf_printf(&url, error, "%.*s/latest/%s%s", (int)n, a->place, path, role);
  if (!status) status = zarrc_buf_append(&url, "", 1, error);
  if (!status && is_first) status = add_header(&r, "X-aws-ec2-metadata-token-ttl-seconds", "21600", 5, error);
  if (!status && !is_first)
    status = add_header(&r, "X-aws-ec2-metadata-token", (const char *)token->ptr, token->len, error);
  r.url = (const char *)url.ptr;
  if (!status) status = make_request(a, &r, answer, error);
  zarrc_buf_clear(&url);
  wipe(&r.headers);
  return status;
}

static zarrc_status ask_machine(zarrc_s3_account *a, zarrc_buf *answer, zarrc_error *error) {
  static const char path[] = "meta-data/iam/security-credentials/";
  zarrc_buf token = zarrc_buf_new(a->ctx, MOST_NBYTES), name = zarrc_buf_new(a->ctx, MOST_NBYTES);
  char role[MOST_ROLE] = "";
  zarrc_status status = ask_below(a, "api/token", "", NULL, &token, error);
  if (!status) status = ask_below(a, path, "", &token, &name, error);
  size_t n = 0;
  while (!status && n < name.len && (zarrc_http_is_unreserved(name.ptr[n]) || strchr("+=,@", name.ptr[n]))) n++;
  if (!status && (n == 0 || n >= sizeof role)) status = zarrc_fail(error, ZARRC_ACCESS, "this machine has no role");
  if (!status) memcpy(role, name.ptr, n);
  if (!status) status = ask_below(a, path, role, &token, answer, error);
  if (!status) status = take_json(a, answer, "Token", error);
  wipe(&token);
  zarrc_buf_clear(&name);
  if (!status || status == ZARRC_CANCELED || status == ZARRC_NO_MEMORY) return status;
  zarrc_error_prefix(error,
                     "there are no credentials for S3: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY nor an AWS "
                     "profile, and no role of a machine at AWS; public data can be read without them (anonymous, "
                     "AWS_NO_SIGN_REQUEST=YES). The metadata service: ");
  if (error) error->code = ZARRC_ACCESS;
  return ZARRC_ACCESS;
}

zarrc_status zarrc_s3_ask(zarrc_s3_account *a, zarrc_error *error) {
  zarrc_buf answer = zarrc_buf_new(a->ctx, MOST_NBYTES);
  zarrc_status status = ZARRC_OK;
  switch (a->source) {
  case ZARRC_S3_GIVEN:
  case ZARRC_S3_FILES:
    break;
  case ZARRC_S3_PROCESS:
    status = ask_process(a, &answer, error);
    break;
  case ZARRC_S3_IDENTITY:
    status = ask_token_service(a, &answer, error);
    break;
  case ZARRC_S3_CONTAINER:
    status = ask_container(a, &answer, error);
    break;
  case ZARRC_S3_MACHINE:
    status = ask_machine(a, &answer, error);
    break;
  }
  wipe(&answer);
  return status;
}

/* ----------------------------------------------------------------------------------------------------- renewing */

/* Reads the files again, and takes their keys. */
static zarrc_status read_again(zarrc_s3_account *a, zarrc_error *error) {
  const zarrc_s3_options options = {.struct_size = sizeof options, .profile = *a->profile ? a->profile : NULL};
  zarrc_s3_account now;
  zarrc_status status = zarrc_s3_account_open(a->ctx, &options, NULL, &now, error);
  if (status) return status;
  if (now.source == ZARRC_S3_FILES)
    status = take(a, (text){now.key_id, strlen(now.key_id)}, (text){now.secret, strlen(now.secret)},
                  (text){now.token, strlen(now.token)}, (text){"", 0}, error);
  zarrc_s3_account_close(&now);
  return status;
}

zarrc_status zarrc_s3_renew(zarrc_s3_account *a, bool *changed, zarrc_error *error) {
  char *before;
  *changed = false;
  if (a->source == ZARRC_S3_GIVEN) return ZARRC_OK;
  zarrc_status status = zarrc_text_copy(a->ctx, a->secret, strlen(a->secret), &before, error);
  if (status) return status;
  status = a->source == ZARRC_S3_FILES ? read_again(a, error) : zarrc_s3_ask(a, error);
  *changed = !status && strcmp(before, a->secret) != 0;
  explicit_bzero(before, strlen(before));
  zarrc_free(a->ctx, before);
  return status;
}

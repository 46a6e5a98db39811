/* SPDX-License-Identifier: MIT */
#include "store/s3_write.h"
#include "store/answer.h"

#include "base/checked.h"

#include <string.h>
#include <zarrc/plugin/blob.h>

/* An ETag that no value has. */
#define NO_ETAG "\"00000000000000000000000000000000\""

/* ------------------------------------------------------------------------------------------------------ sending */

/* Sends a value in one request. */
static zarrc_status put(zarrc_s3_store *s3, const zarrc_s3_value *v, const zarrc_s3_condition *condition,
                        zarrc_answer *answer, unsigned *ntries, zarrc_error *error) {
  char sum[ZARRC_S3_SUM_NBYTES];
  zarrc_sign_pair headers[2] = {{"x-amz-checksum-crc32c", sum}};
  zarrc_get get = {.send = v->parts, .nsend = v->n, .send_nbytes = v->nbytes};
  zarrc_s3_extra extra = {.headers = headers, .body_hash = "UNSIGNED-PAYLOAD"};
  extra.nheaders = 1 + zarrc_s3_condition_put(condition, &get, headers + 1);
  zarrc_s3_sum(v, 0, v->nbytes, sum);
  zarrc_status status = zarrc_s3_change(s3, &get, "PUT", v->path, &extra, error);
  zarrc_buf_clear(&get.body);
  *answer = get.answer;
  *ntries = get.ntries;
  return status;
}

static zarrc_status send_value(zarrc_s3_store *s3, const zarrc_s3_value *v, const zarrc_s3_condition *condition,
                               zarrc_answer *answer, unsigned *ntries, zarrc_error *error) {
  return v->nbytes <= ZARRC_S3_ONE_NBYTES ? put(s3, v, condition, answer, ntries, error)
                                          : zarrc_s3_upload(s3, v, condition, answer, ntries, error);
}

static bool is_success(const zarrc_answer *a) {
  return a->status >= 200 && a->status < 300;
}

static bool has_condition(const zarrc_s3_condition *c) {
  return c->is_new || *c->etag;
}

/* Says once that several writers of one value may lose what one of them has written. */
static void tell_ignored(zarrc_s3_store *s3) {
  const zarrc_ctx_options *options = zarrc_ctx_get_options(s3->http.store.ctx);
  if (atomic_exchange(&s3->conditions, ZARRC_S3_IGNORED) == ZARRC_S3_IGNORED || !options->notice) return;
  options->notice(
      options->notice_ud, s3->http.store.url, "",
      "the server writes values without looking at conditions (If-Match): of several writers of one chunk or "
      "shard at the same time, the last one wins");
}

/* Finds out whether the server looks at conditions, by one that does not hold. *done: it does not, and the value is
 * written. */
static zarrc_status try_condition(zarrc_s3_store *s3, const zarrc_s3_value *v, bool *done, zarrc_error *error) {
  zarrc_s3_condition never = {.etag = NO_ETAG};
  zarrc_answer answer;
  unsigned ntries;
  *done = false;
  if (v->nbytes > ZARRC_S3_ONE_NBYTES) return ZARRC_OK; /* too dear */
  zarrc_status status = put(s3, v, &never, &answer, &ntries, error);
  if (status) return status;
  *done = is_success(&answer);
  if (*done || answer.status == 501)
    tell_ignored(s3);
  else if (answer.status == 412 || answer.status == 404)
    atomic_store(&s3->conditions, ZARRC_S3_HONOURED);
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------------- values */

static bool accept_value(zarrc_get *get) {
  (void)get;
  return true;
}

/* Returns whether the value of a key is what we have sent. */
static zarrc_status is_ours(zarrc_s3_store *s3, const zarrc_s3_value *v, bool *ours, zarrc_error *error) {
  zarrc_get get = {.path = v->path, .accept = accept_value, .error = error}, *gets[] = {&get};
  *ours = false;
  if (v->nbytes > ZARRC_S3_ONE_NBYTES) return ZARRC_OK;
  get.body = zarrc_buf_new(s3->http.store.ctx, (size_t)v->nbytes);
  zarrc_status status = zarrc_transport_run(s3->http.transport, gets, 1, error);
  if (!status) status = get.status;
  *ours = !status && get.answer.status == 200 && !get.is_cut && get.body.len == v->nbytes;
  size_t at = 0;
  for (size_t i = 0; i < v->n && *ours; at += v->parts[i++].len)
    *ours = !v->parts[i].len || !memcmp(get.body.ptr + at, v->parts[i].ptr, v->parts[i].len);
  zarrc_buf_clear(&get.body);
  return status;
}

static zarrc_status conflict(zarrc_error *error) {
  return zarrc_fail(error, ZARRC_CONFLICT, "the value was changed meanwhile");
}

/* Writes on a condition. */
static zarrc_status write_value(zarrc_s3_store *s3, const zarrc_s3_value *v, zarrc_s3_condition *condition,
                                zarrc_error *error) {
  zarrc_answer answer = {0};
  unsigned ntries = 1;
  bool done = false;
  zarrc_status status = ZARRC_OK;
  if (*condition->etag && atomic_load(&s3->conditions) == ZARRC_S3_UNTRIED) status = try_condition(s3, v, &done, error);
  if (status || done) return status;
  if (atomic_load(&s3->conditions) == ZARRC_S3_IGNORED) *condition = (zarrc_s3_condition){0};
  status = send_value(s3, v, condition, &answer, &ntries, error);
  if (!status && answer.status == 501 && has_condition(condition)) {
    tell_ignored(s3);
    *condition = (zarrc_s3_condition){0};
    status = send_value(s3, v, condition, &answer, &ntries, error);
  }
  if (status || is_success(&answer)) return status;
  bool has_changed = answer.status == 412 || answer.status == 409 || (answer.status == 404 && *condition->etag);
  if (!has_changed) return zarrc_answer_fail(&answer, ntries, error);
  bool ours = false; /* an answer that was lost may have been that of success */
  if (ntries > 1) status = is_ours(s3, v, &ours, error);
  return status || ours ? status : conflict(error);
}

/* Returns on what condition a blob is changed. */
static zarrc_s3_condition condition_of(const zarrc_http_blob *b, bool if_unchanged) {
  zarrc_s3_condition c = {.is_new = if_unchanged && b->version.kind == ZARRC_HTTP_ABSENT};
  if (if_unchanged) zarrc_http_version_write(b, c.etag, sizeof c.etag);
  return c;
}

zarrc_status zarrc_s3_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                              zarrc_error *error) {
  zarrc_http_blob *b = (zarrc_http_blob *)blob;
  zarrc_s3_value v = {.path = b->path, .parts = parts, .n = n};
  zarrc_s3_condition condition = condition_of(b, if_unchanged);
  for (size_t i = 0; i < n; i++)
    if (!zarrc_add_u64(v.nbytes, parts[i].len, &v.nbytes) || v.nbytes > INT64_MAX)
      return zarrc_fail(error, ZARRC_LIMIT, "the value is too long");
  zarrc_status status = write_value((zarrc_s3_store *)b->http, &v, &condition, error);
  if (!status || status == ZARRC_CONFLICT) b->version = (zarrc_http_version){0};
  return status;
}

zarrc_status zarrc_s3_erase(zarrc_blob *blob, bool if_unchanged, zarrc_error *error) {
  zarrc_http_blob *b = (zarrc_http_blob *)blob;
  zarrc_s3_store *s3 = (zarrc_s3_store *)b->http;
  zarrc_s3_condition condition = condition_of(b, if_unchanged);
  zarrc_s3_extra extra = {0};
  if (condition.is_new) return ZARRC_OK; /* there was nothing when it was read */
  for (;;) {
    zarrc_get get = {0};
    memcpy(get.if_match, condition.etag, sizeof get.if_match);
    zarrc_status status = zarrc_s3_change(s3, &get, "DELETE", b->path, &extra, error);
    zarrc_buf_clear(&get.body);
    if (status) return status;
    bool cannot = get.answer.status == 501 && *condition.etag;
    if (cannot) tell_ignored(s3);
    if (cannot) condition = (zarrc_s3_condition){0};
    if (cannot) continue;
    bool has_changed = get.answer.status == 412 || get.answer.status == 409;
    if (!is_success(&get.answer) && get.answer.status != 404 && !has_changed)
      return zarrc_answer_fail(&get.answer, get.ntries, error);
    b->version = (zarrc_http_version){0};
    return has_changed ? conflict(error) : ZARRC_OK;
  }
}

void zarrc_s3_expect_none(zarrc_blob *blob) {
  ((zarrc_http_blob *)blob)->version = (zarrc_http_version){.kind = ZARRC_HTTP_ABSENT};
}

zarrc_status zarrc_s3_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  zarrc_status status = zarrc_http_read(blob, ranges, n, error);
  if (status == ZARRC_CONFLICT) ((zarrc_http_blob *)blob)->version = (zarrc_http_version){0};
  return status;
}

/* SPDX-License-Identifier: MIT */
/* What requests have in common that change something. */
#include "store/s3_write.h"

#include "base/base64.h"

#include "codec/crc32c.h"

#include <string.h>

enum { ANSWER_NBYTES = 1 << 20, COMPLETE_MS = 60000 };

static bool accept_any(zarrc_get *get) {
  get->body.max = ANSWER_NBYTES;
  return true;
}

void zarrc_s3_change_begin(zarrc_s3_store *s3, zarrc_get *get, const char *method, const char *path,
                           const zarrc_s3_extra *extra, zarrc_error *error) {
  get->method = method;
  get->path = path;
  get->extra = extra;
  get->accept = accept_any;
  if (!strcmp(method, "POST")) get->stall_timeout_ms = COMPLETE_MS;
  get->error = error;
  get->body = zarrc_buf_new(s3->http.store.ctx, ANSWER_NBYTES);
}

zarrc_status zarrc_s3_change(zarrc_s3_store *s3, zarrc_get *get, const char *method, const char *path,
                             const zarrc_s3_extra *extra, zarrc_error *error) {
  zarrc_get *gets[] = {get};
  zarrc_s3_change_begin(s3, get, method, path, extra, error);
  zarrc_status status = zarrc_transport_run(s3->http.transport, gets, 1, error);
  return status ? status : get->status;
}

void zarrc_s3_sum(const zarrc_s3_value *v, uint64_t first, uint64_t nbytes, char out[ZARRC_S3_SUM_NBYTES]) {
  uint64_t at = 0, end = first + nbytes;
  uint32_t crc = 0;
  for (size_t i = 0; i < v->n && at < end; at += v->parts[i++].len) {
    uint64_t from = first > at ? first - at : 0, to = end - at < v->parts[i].len ? end - at : v->parts[i].len;
    if (from < to) crc = zarrc_crc32c(crc, v->parts[i].ptr + from, (size_t)(to - from));
  }
  uint8_t bytes[] = {(uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8), (uint8_t)crc};
  zarrc_buf text = zarrc_buf_over(out, ZARRC_S3_SUM_NBYTES - 1);
  zarrc_base64_append(&text, bytes, sizeof bytes, NULL);
  out[text.len] = '\0';
}

size_t zarrc_s3_condition_put(const zarrc_s3_condition *condition, zarrc_get *get, zarrc_sign_pair *headers) {
  memcpy(get->if_match, condition->etag, sizeof get->if_match);
  if (condition->is_new) *headers = (zarrc_sign_pair){"if-none-match", "*"};
  return condition->is_new;
}

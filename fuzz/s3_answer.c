/* SPDX-License-Identifier: MIT */
/* Answers of S3 servers: listings, errors, names of uploads. */
#include "fuzz.h"

#include "store/s3_answer.h"

static zarrc_status look_at(void *arg, const char *key, bool is_prefix, uint64_t nbytes, zarrc_error *error) {
  (void)arg, (void)is_prefix, (void)error;
  must(*key && key[strlen(key) - 1] != '/');
  must(nbytes == ZARRC_UNKNOWN || nbytes <= INT64_MAX);
  return ZARRC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  zarrc_ctx *ctx = fuzz_ctx();
  zarrc_buf text = zarrc_buf_new(ctx, 1 << 20);
  zarrc_s3_refusal refusal;
  zarrc_error error;
  fuzz_check_error(zarrc_s3_page_read(ctx, data, size, look_at, NULL, &text, &error), &error);
  zarrc_s3_refusal_read(data, size, &refusal);
  must(strlen(refusal.code) < sizeof refusal.code && strlen(refusal.words) < sizeof refusal.words);
  fuzz_check_error(zarrc_s3_upload_read(ctx, data, size, &text, &error), &error);
  zarrc_buf_clear(&text);
  zarrc_ctx_close(ctx);
  return 0;
}

/* SPDX-License-Identifier: MIT */
/* zstd: long frames, and the memory that libzstd takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/bytes_codec.h"
#include "support/needs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON(level, checksum)                                                                                          \
  "{\"name\": \"zstd\", \"configuration\": {\"level\": " level ", \"checksum\": " checksum "}}"

static bool never(void *ud) {
  return ++*(int *)ud < 0;
}

static bool at_the_third(void *ud) {
  return ++*(int *)ud >= 3;
}

/* A long frame is decoded block by block, to the same bytes and with the same errors, and is left when told. */
static void a_long_frame_can_be_canceled(void **state) {
  (void)state;
  needs_codec("zstd");
  enum { N = (65 << 20) + 12345 };
  int asked = 0;
  zarrc_ctx_options options = {.threads = 1, .canceled = never, .canceled_ud = &asked};
  zarrc_ctx *ctx = NULL;
  size_t n;
  uint8_t *data = bb_data(BB_RAMP, N);
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  zarrc_codec *codec = bb_open(ctx, JSON("1", "true"));
  uint8_t *encoded = bb_encode(codec, data, N, 1, &n);
  bb_decodes_to(codec, encoded, n, data, N);
  bb_result r = bb_decode(codec, encoded, n, SIZE_MAX, N - 1);
  assert_int_equal(r.status, ZARRC_SIZE_MISMATCH);
  bb_free(&r);
  r = bb_decode(codec, encoded, n - 1, SIZE_MAX, N);
  assert_int_equal(r.status, ZARRC_TRUNCATED);
  bb_free(&r);
  encoded[n - 1] ^= 1;
  r = bb_decode(codec, encoded, n, SIZE_MAX, N);
  assert_int_equal(r.status, ZARRC_CHECKSUM);
  bb_free(&r);
  asked = 0;
  options.canceled = at_the_third;
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  codec = bb_open(ctx, JSON("1", "true"));
  r = bb_decode(codec, encoded, n, SIZE_MAX, N);
#if ZARRC_ZSTD_ADVANCED
  assert_int_equal(r.status, ZARRC_CANCELED);
  assert_int_equal(asked, 3);
#else
  assert_int_equal(r.status, ZARRC_CHECKSUM);
#endif
  bb_free(&r);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
  free(encoded);
  free(data);
}

#if ZARRC_ZSTD_ADVANCED

/* What libzstd takes is counted, and refused where it passes the limit of the context. */
static void memory_of_libzstd_is_counted(void **state) {
  (void)state;
  needs_codec("zstd");
  enum { N = 8 << 20 };
  zarrc_ctx_options options = {.threads = 1, .max_memory = (uint64_t)26 << 20};
  zarrc_ctx *ctx = NULL;
  zarrc_error error = {0};
  size_t n;
  uint8_t *data = bb_data(BB_RAMP, N);
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  zarrc_codec *codec = bb_open(ctx, JSON("19", "false")), *fast = bb_open(ctx, JSON("1", "false"));
  assert_int_equal(bb_encode_fails(codec, data, N, &error), ZARRC_NO_MEMORY);
  uint8_t *encoded = bb_encode(fast, data, N, 1, &n);
  bb_decodes_to(fast, encoded, n, data, N);
  assert_true(zarrc_ctx_memory_peak(ctx) <= (uint64_t)26 << 20);
  free(encoded);
  zarrc_codec_close(codec);
  zarrc_codec_close(fast);
  zarrc_ctx_close(ctx);
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  codec = bb_open(ctx, JSON("19", "false"));
  encoded = bb_encode(codec, data, N, 1, &n);
  assert_true(zarrc_ctx_memory_peak(ctx) > (uint64_t)30 << 20);
  uint64_t before = zarrc_ctx_memory_peak(ctx);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  codec = bb_open(ctx, JSON("19", "false"));
  bb_result r =
      bb_decode(codec, encoded, n, 1000, N); /* a beginning needs the window, and nothing of the frame's size */
  assert_int_equal(r.status, ZARRC_OK);
  bb_free(&r);
  assert_true(zarrc_ctx_memory_peak(ctx) >= N && zarrc_ctx_memory_peak(ctx) < before);
  free(encoded);
  free(data);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

#endif

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_long_frame_can_be_canceled),
#if ZARRC_ZSTD_ADVANCED
    cmocka_unit_test(memory_of_libzstd_is_counted),
#endif
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* gzip: long chunks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/bytes_codec.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if ZARRC_HAVE_LIBDEFLATE && ZARRC_HAVE_ZLIB

#include <libdeflate.h>
#include <zlib.h>

#define JSON(level) "{\"name\": \"gzip\", \"configuration\": {\"level\": " level "}}"

static bool at_the_third(void *ud) {
  return ++*(int *)ud >= 3;
}

/* A chunk that takes libdeflate long is given to it in parts; it is one member all the same, and as short. */
static void long_chunks_are_one_member(void **state) {
  (void)state;
  enum { N = (17 << 20) + 54321 };
  zarrc_ctx *ctx = bb_ctx();
  zarrc_codec *codec = bb_open(ctx, JSON("9"));
  int asked = 0;
  for (int kind = 0; kind < 3; kind++) {
    size_t n, nwhole;
    uint8_t *bytes = bb_data((bb_kind[]){BB_ZEROS, BB_RAMP, BB_NOISE}[kind], N), *encoded, *back = malloc(N + 1);
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(9);
    uint8_t *whole = malloc(libdeflate_gzip_compress_bound(c, N));
    nwhole = libdeflate_gzip_compress(c, bytes, N, whole, libdeflate_gzip_compress_bound(c, N));
    encoded = bb_encode(codec, bytes, N, 1, &n);
    assert_true(n <= nwhole + nwhole / 100 + 64);
    z_stream z = {.next_in = encoded, .avail_in = (unsigned)n, .next_out = back, .avail_out = N + 1};
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END); /* checks the trailer too */
    assert_int_equal(z.total_out, N);
    assert_int_equal(z.avail_in, 0);
    inflateEnd(&z);
    assert_memory_equal(back, bytes, N);
    bb_decodes_to(codec, encoded, n, bytes, N);
    libdeflate_free_compressor(c);
    free(whole);
    free(encoded);
    free(back);
    free(bytes);
  }
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
  zarrc_ctx_options options = {.threads = 1, .canceled = at_the_third, .canceled_ud = &asked};
  zarrc_error error;
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  codec = bb_open(ctx, JSON("9"));
  uint8_t *bytes = bb_data(BB_RAMP, N);
  assert_int_equal(bb_encode_fails(codec, bytes, N, &error), ZARRC_CANCELED);
  assert_int_equal(asked, 3);
  free(bytes);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

/* A long value is decoded piece by piece, and left when told. */
static void a_long_value_can_be_canceled(void **state) {
  (void)state;
  enum { N = (256 << 20) + 1000 };
  int asked = 0;
  size_t n;
  zarrc_ctx_options options = {.threads = 1, .canceled = at_the_third, .canceled_ud = &asked};
  zarrc_ctx *ctx = bb_ctx(), *stopped = NULL;
  assert_int_equal(zarrc_ctx_open(&options, &stopped, NULL), ZARRC_OK);
  zarrc_codec *codec = bb_open(ctx, JSON("1")), *other = bb_open(stopped, JSON("1"));
  uint8_t *bytes = calloc(1, N), *encoded = bb_encode(codec, bytes, N, 1, &n);
  bb_decodes_to(codec, encoded, n, bytes, N);
  bb_decode_fails(other, encoded, n, N, ZARRC_CANCELED);
  assert_int_equal(asked, 3);
  free(bytes);
  free(encoded);
  zarrc_codec_close(codec);
  zarrc_codec_close(other);
  zarrc_ctx_close(ctx);
  zarrc_ctx_close(stopped);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(long_chunks_are_one_member),
                                     cmocka_unit_test(a_long_value_can_be_canceled)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void without(void **state) {
  (void)state;
  skip();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(without)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif

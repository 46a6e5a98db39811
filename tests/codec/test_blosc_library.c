/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/reuse.h"
#include "codec/blosc_library.h"
#include "support/bytes_codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void says_what_it_has(void **state) {
  (void)state;
  assert_int_equal(zarrc_blosc_version() != NULL, ZARRC_HAVE_BLOSC);
  assert_int_equal(zarrc_blosc_library_has("blosclz"), ZARRC_HAVE_BLOSC);
  assert_false(zarrc_blosc_library_has("bz2"));
}

#if ZARRC_HAVE_BLOSC
#include <blosc.h>

#define JSON(typesize, cname, clevel, shuffle, blocksize)                                                              \
  "{\"name\": \"blosc\", \"configuration\": {\"typesize\": " typesize ", \"cname\": \"" cname                          \
  "\", \"clevel\": " clevel ", \"shuffle\": \"" shuffle "\", \"blocksize\": " blocksize "}}"

static const char *const cnames[] = {"blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"};
static const char *const shuffles[] = {"noshuffle", "shuffle", "bitshuffle"};

static bool at_the_second(void *ud) {
  return ++*(int *)ud >= 2;
}

/* What libblosc makes of a long chunk part by part is what it makes of it at one go. */
static void long_chunks_are_encoded_by_parts(void **state) {
  (void)state;
  enum { N = (17 << 20) + 12345 };
  static const struct {
    const char *json, *cname;
    int clevel, shuffle, typesize, blocksize;
  } rows[] = {{JSON("4", "blosclz", "5", "shuffle", "0"), "blosclz", 5, 1, 4, 0},
              {JSON("4", "blosclz", "9", "noshuffle", "0"), "blosclz", 9, 0, 4, 0},
              {JSON("7", "lz4hc", "1", "bitshuffle", "0"), "lz4hc", 1, 2, 7, 0},
              {JSON("3", "zlib", "1", "shuffle", "0"), "zlib", 1, 1, 3, 0},
              {JSON("1", "zlib", "2", "noshuffle", "3000000"), "zlib", 2, 0, 1, 3000000},
              {JSON("8", "snappy", "3", "shuffle", "77777"), "snappy", 3, 1, 8, 77777},
              {JSON("2", "blosclz", "1", "shuffle", "20000000"), "blosclz", 1, 1, 2, 20000000}};
  int asked = -1000000;
  zarrc_ctx *ctx = bb_ctx(), *stopped = NULL;
  zarrc_ctx_options options = {.threads = 1, .canceled = at_the_second, .canceled_ud = &asked};
  zarrc_error error;
  uint8_t *whole = malloc(N + 16);
  assert_int_equal(zarrc_ctx_open(&options, &stopped, NULL), ZARRC_OK);
  for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
    if (!zarrc_blosc_library_has(rows[i / 2].cname) || (i % 2 && i > 2)) continue;
    size_t n;
    zarrc_codec *codec = bb_open(ctx, rows[i / 2].json);
    uint8_t *bytes = bb_data(i % 2 ? BB_NOISE : BB_RAMP, N), *frame = bb_encode(codec, bytes, N, 1, &n);
    int want = blosc_compress_ctx(rows[i / 2].clevel, rows[i / 2].shuffle, (size_t)rows[i / 2].typesize, N, bytes,
                                  whole, N + 16, rows[i / 2].cname, (size_t)rows[i / 2].blocksize, 1);
    if ((size_t)want != n || memcmp(frame, whole, n) != 0) fail_msg("row %zu: %zu bytes, not %d", i, n, want);
    bb_decodes_to(codec, frame, n, bytes, N);
    zarrc_codec_close(codec);
    free(frame);
    free(bytes);
  }
  asked = 0;
  zarrc_codec *codec = bb_open(stopped, rows[0].json);
  uint8_t *bytes = bb_data(BB_RAMP, N);
  assert_int_equal(bb_encode_fails(codec, bytes, N, &error), ZARRC_CANCELED);
  assert_int_equal(asked, 2);
  free(bytes);
  free(whole);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
  zarrc_ctx_close(stopped);
}

/* What only libblosc decodes is asked between parts of 64 MiB whether to go on. */
static void a_long_frame_can_be_canceled(void **state) {
  (void)state;
  enum { N = 130 << 20 };
  int asked = 0;
  zarrc_ctx *ctx = bb_ctx(), *stopped = NULL;
  zarrc_ctx_options options = {.threads = 1, .canceled = at_the_second, .canceled_ud = &asked};
  size_t n;
  assert_int_equal(zarrc_ctx_open(&options, &stopped, NULL), ZARRC_OK);
  zarrc_codec *codec = bb_open(ctx, JSON("4", "blosclz", "1", "shuffle", "0")),
              *other = bb_open(stopped, JSON("4", "blosclz", "1", "shuffle", "0"));
  uint8_t *bytes = bb_data(BB_RAMP, N), *frame = bb_encode(codec, bytes, N, 1, &n);
  bb_decodes_to(codec, frame, n, bytes, N);
  bb_decode_fails(other, frame, n, N, ZARRC_CANCELED);
  free(frame);
  free(bytes);
  zarrc_codec_close(codec);
  zarrc_codec_close(other);
  zarrc_ctx_close(ctx);
  zarrc_ctx_close(stopped);
}

/* What libblosc takes is counted, and refused where it passes the limit of the context. */
static void memory_of_libblosc_is_counted(void **state) {
  (void)state;
  enum { N = 4 << 20 };
  zarrc_ctx_options options = {.threads = 1, .max_memory = 13 << 20};
  zarrc_ctx *ctx = NULL;
  zarrc_error error;
  size_t n;
  uint8_t *bytes = bb_data(BB_RAMP, N);
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  zarrc_codec *whole = bb_open(ctx, JSON("4", "blosclz", "5", "shuffle", "4194304")),
              *blocks = bb_open(ctx, JSON("4", "blosclz", "5", "shuffle", "0"));
  uint64_t rest = zarrc_ctx_memory(ctx);
  assert_int_equal(bb_encode_fails(whole, bytes, N, &error), ZARRC_NO_MEMORY);
  zarrc_reuse_trim(ctx);
  assert_int_equal(zarrc_ctx_memory(ctx), rest);
  uint8_t *frame = bb_encode(blocks, bytes, N, 1, &n);
  bb_decodes_to(blocks, frame, n, bytes, N);
  free(frame);
  free(bytes);
  zarrc_codec_close(whole);
  zarrc_codec_close(blocks);
  zarrc_ctx_close(ctx);
}

static void libblosc_reads_what_is_written(void **state) {
  (void)state;
  zarrc_ctx *ctx = bb_ctx();
  uint8_t *bytes = bb_data(BB_RAMP, 300000), *back = malloc(300000);
  for (size_t c = 0; c < 6; c++) {
    if (!zarrc_blosc_library_has(cnames[c])) continue;
    char text[200];
    size_t n, nbytes;
    snprintf(text, sizeof text, JSON("4", "%s", "3", "%s", "0"), cnames[c], shuffles[c % 3]);
    zarrc_codec *codec = bb_open(ctx, text);
    uint8_t *frame = bb_encode(codec, bytes, 300000, 3, &n);
    assert_int_equal(blosc_cbuffer_validate(frame, n, &nbytes), 0);
    assert_int_equal(nbytes, 300000);
    assert_int_equal(blosc_decompress_ctx(frame, back, 300000, 1), 300000);
    assert_memory_equal(back, bytes, 300000);
    free(frame);
    zarrc_codec_close(codec);
  }
  free(back);
  free(bytes);
  zarrc_ctx_close(ctx);
}

#endif

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(says_what_it_has),
#if ZARRC_HAVE_BLOSC
    cmocka_unit_test(long_chunks_are_encoded_by_parts),
    cmocka_unit_test(a_long_frame_can_be_canceled),
    cmocka_unit_test(memory_of_libblosc_is_counted),
    cmocka_unit_test(libblosc_reads_what_is_written),
#endif
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

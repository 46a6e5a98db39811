/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/endian.h"
#include "base/reuse.h"
#include "codec/blosc_library.h"
#include "support/bytes_codec.h"
#include "support/faulty_alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if ZARRC_HAVE_BLOSC
#include <blosc.h>
#include <zarrc/plugin/codec.h>
#endif

#define JSON(typesize, cname, clevel, shuffle, blocksize)                                                              \
  "{\"name\": \"blosc\", \"configuration\": {\"typesize\": " typesize ", \"cname\": \"" cname                          \
  "\", \"clevel\": " clevel ", \"shuffle\": \"" shuffle "\", \"blocksize\": " blocksize "}}"
#define ONE(member) "{\"name\": \"blosc\", \"configuration\": {" member "}}"

static void json(void **state) {
  (void)state;
  bb_json_is("\"blosc\"", JSON("1", "zstd", "5", "bitshuffle", "0"));
  bb_json_is("{\"name\": \"blosc\"}", JSON("1", "zstd", "5", "bitshuffle", "0"));
  bb_json_is(ONE(""), JSON("1", "zstd", "5", "bitshuffle", "0"));
  bb_json_is(ONE("\"typesize\": null, \"shuffle\": null"), JSON("1", "zstd", "5", "bitshuffle", "0"));
  bb_json_is(JSON("1000", "snappy", "10", "shuffle", "-1"), NULL);
  bb_json_is(JSON("4", "lz4hc", "-3", "noshuffle", "5000000000"), NULL);
  bb_json_refused(ONE("\"typesize\": 0"), "configuration.typesize");
  bb_json_refused(ONE("\"typesize\": -1"), "configuration.typesize");
  bb_json_refused(ONE("\"typesize\": 4.0"), "configuration.typesize");
  bb_json_refused(ONE("\"typesize\": \"4\""), "configuration.typesize");
  bb_json_refused(ONE("\"typesize\": true"), "configuration.typesize");
  bb_json_refused(ONE("\"cname\": null"), "configuration.cname");
  bb_json_refused(ONE("\"cname\": \"LZ4\""), "configuration.cname");
  bb_json_refused(ONE("\"cname\": \"none\""), "configuration.cname");
  bb_json_refused(ONE("\"clevel\": 5.0"), "configuration.clevel");
  bb_json_refused(ONE("\"clevel\": null"), "configuration.clevel");
  bb_json_refused(ONE("\"shuffle\": 1"), "configuration.shuffle");
  bb_json_refused(ONE("\"shuffle\": \"auto\""), "configuration.shuffle");
  bb_json_refused(ONE("\"blocksize\": 1.0"), "configuration.blocksize");
  bb_json_refused(ONE("\"blocksize\": null"), "configuration.blocksize");
  bb_json_refused(ONE("\"nthreads\": 4"), "nthreads");
}

static void evolves_once(void **state) {
  (void)state;
  static const struct {
    zarrc_type type;
    uint32_t item_size;
    const char *in, *typesize, *shuffle;
  } rows[] = {
      {ZARRC_INT32, 4, ONE(""), "4", "shuffle"},
      {ZARRC_BOOL, 1, ONE(""), "1", "bitshuffle"},
      {ZARRC_COMPLEX128, 16, ONE(""), "16", "shuffle"},
      {ZARRC_RAW, 300, ONE(""), "300", "shuffle"},
      {ZARRC_STRING, sizeof(zarrc_text), ONE(""), "1", "bitshuffle"},
      {ZARRC_BYTES, sizeof(zarrc_text), ONE(""), "1", "bitshuffle"},
      {ZARRC_INT32, 4, ONE("\"typesize\": 1"), "1", "shuffle"},
      {ZARRC_INT32, 4, ONE("\"shuffle\": \"noshuffle\""), "4", "noshuffle"},
      {ZARRC_INT32, 4, ONE("\"typesize\": 8, \"shuffle\": \"bitshuffle\""), "8", "bitshuffle"},
  };
  zarrc_ctx *ctx = bb_ctx();
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_spec spec = {.dtype = {.type = rows[i].type, .item_size = rows[i].item_size}};
    zarrc_spec other = {.dtype = {.type = ZARRC_FLOAT64, .item_size = 8}};
    zarrc_codec *codec = bb_open(ctx, rows[i].in), *once, *twice;
    assert_int_equal(zarrc_codec_evolve(codec, &spec, &once, NULL), ZARRC_OK);
    assert_int_equal(zarrc_codec_evolve(once, &other, &twice, NULL), ZARRC_OK);
    char want[200];
    zarrc_buf got = zarrc_buf_new(ctx, 1000);
    int n = snprintf(want, sizeof want, JSON("%s", "zstd", "5", "%s", "0"), rows[i].typesize, rows[i].shuffle);
    assert_int_equal(zarrc_codec_to_json(twice, &got, NULL), ZARRC_OK);
    if ((size_t)n != got.len || memcmp(got.ptr, want, got.len)) fail_msg("%.*s", (int)got.len, got.ptr);
    zarrc_buf_clear(&got);
    zarrc_codec_close(codec);
    zarrc_codec_close(once);
    zarrc_codec_close(twice);
  }
  zarrc_ctx_close(ctx);
}

#if ZARRC_HAVE_BLOSC

static const char *const cnames[] = {"blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"};
static const char *const shuffles[] = {"noshuffle", "shuffle", "bitshuffle"};

static bool is_built_in(const char *cname) {
  return blosc_compname_to_compcode(cname) >= 0;
}

static void vectors(void **state) {
  (void)state;
  bb_vectors("blosc", 70);
}

static void everything_round_trips(void **state) {
  (void)state;
  static const char *const clevels[] = {"0", "1", "5", "9"}, *const typesizes[] = {"1",  "2",  "4",  "7",
                                                                                   "16", "17", "300"};
  static const size_t sizes[] = {0, 1, 15, 127, 128, 129, 1000, 40001};
  zarrc_ctx *ctx = bb_ctx();
  for (size_t c = 0; c < 6; c++) {
    if (!is_built_in(cnames[c])) continue;
    for (size_t s = 0, turn = 0; s < 3; s++) {
      for (size_t t = 0; t < sizeof typesizes / sizeof *typesizes; t++, turn++) {
        char text[200];
        snprintf(text, sizeof text, JSON("%s", "%s", "%s", "%s", "%d"), typesizes[t], cnames[c], clevels[turn % 4],
                 shuffles[s], turn % 3 ? 0 : 4096);
        zarrc_codec *codec = bb_open(ctx, text);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) bb_round_trip(codec, (bb_kind)(1 + i % 2), sizes[i]);
        zarrc_codec_close(codec);
      }
    }
  }
  zarrc_ctx_close(ctx);
}

static void known_frames(void **state) {
  (void)state;
  zarrc_ctx *ctx = bb_ctx();
  zarrc_codec *codec = bb_open(ctx, JSON("4", "lz4", "5", "shuffle", "0"));
  size_t n;
  uint8_t *frame = bb_encode(codec, "", 0, 1, &n);
  assert_int_equal(n, 16);
  assert_memory_equal(frame, "\x02\x01\x33\x04\0\0\0\0\x01\0\0\0\x10\0\0\0", 16);
  bb_decodes_to(codec, frame, n, NULL, 0);
  free(frame);
  frame = bb_encode(codec, "a", 1, 1, &n);
  assert_int_equal(n, 17);
  assert_memory_equal(frame, "\x02\x01\x33\x04\x01\0\0\0\x01\0\0\0\x11\0\0\0a", 17);
  free(frame);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

static void large_types_are_bytes(void **state) {
  (void)state;
  zarrc_ctx *ctx = bb_ctx();
  static const struct {
    const char *json;
    uint8_t header;
  } rows[] = {{JSON("255", "lz4", "5", "shuffle", "0"), 255},
              {JSON("256", "lz4", "5", "shuffle", "0"), 1},
              {JSON("9223372036854775807", "lz4", "5", "shuffle", "0"), 1}};
  for (size_t i = 0; i < 3; i++) {
    zarrc_codec *codec = bb_open(ctx, rows[i].json);
    uint8_t *bytes = bb_data(BB_RAMP, 5000);
    size_t n;
    uint8_t *frame = bb_encode(codec, bytes, 5000, 1, &n);
    assert_int_equal(frame[3], rows[i].header);
    bb_decodes_to(codec, frame, n, bytes, 5000);
    free(frame);
    free(bytes);
    zarrc_codec_close(codec);
  }
  zarrc_ctx_close(ctx);
}

static void odd_block_sizes(void **state) {
  (void)state;
  static const char *const sizes[] = {"-1", "-2147483648", "1", "64", "128", "1000", "2147483647"};
  zarrc_ctx *ctx = bb_ctx();
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    char text[200];
    size_t n;
    snprintf(text, sizeof text, JSON("4", "lz4", "5", "shuffle", "%s"), sizes[i]);
    zarrc_codec *codec = bb_open(ctx, text);
    uint8_t *bytes = bb_data(BB_RAMP, 5000), *frame = bb_encode(codec, bytes, 5000, 1, &n);
    if (i < 5) assert_int_equal(zarrc_load_le32(frame + 8), 128);
    if (i == 6) assert_int_equal(zarrc_load_le32(frame + 8), 5000);
    bb_decodes_to(codec, frame, n, bytes, 5000);
    free(frame);
    free(bytes);
    zarrc_codec_close(codec);
  }
  zarrc_ctx_close(ctx);
}

static void what_cannot_be_encoded(void **state) {
  (void)state;
  static const char *const texts[] = {JSON("4", "lz4", "-1", "shuffle", "0"), JSON("4", "lz4", "10", "shuffle", "0"),
                                      JSON("4", "lz4", "4294967296", "shuffle", "0"),
                                      JSON("4", "lz4", "5", "shuffle", "2147483648"),
                                      JSON("4", "lz4", "5", "shuffle", "-2147483649")};
  zarrc_ctx *ctx = bb_ctx();
  zarrc_error error;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    zarrc_codec *codec = bb_open(ctx, texts[i]);
    assert_int_equal(bb_encode_fails(codec, "hello", 5, &error), ZARRC_INVALID_METADATA);
    assert_non_null(strstr(error.message, i < 3 ? "configuration.clevel" : "configuration.blocksize"));
    bb_decodes_to(codec, "\x02\x01\x33\x04\x01\0\0\0\x01\0\0\0\x11\0\0\0a", 17, "a", 1);
    zarrc_codec_close(codec);
  }
  zarrc_codec *codec = bb_open(ctx, JSON("4", "lz4", "5", "shuffle", "0"));
  assert_int_equal(bb_encode_fails(codec, "x", (size_t)INT32_MAX - 15, &error), ZARRC_LIMIT); /* not looked at */
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

static void compressors_of_this_build(void **state) {
  (void)state;
  zarrc_ctx *ctx = bb_ctx();
  zarrc_spec spec = {.dtype = {.type = ZARRC_INT32, .item_size = 4}};
  for (size_t c = 0; c < 6; c++) {
    char text[200];
    snprintf(text, sizeof text, JSON("4", "%s", "5", "shuffle", "0"), cnames[c]);
    zarrc_codec *codec = bb_open(ctx, text);
    assert_int_equal(zarrc_codec_validate(codec, &spec, NULL, NULL),
                     is_built_in(cnames[c]) ? ZARRC_OK : ZARRC_UNSUPPORTED);
    zarrc_codec_close(codec);
  }
  zarrc_ctx_close(ctx);
}

static void damage(void **state) {
  (void)state;
  zarrc_ctx *ctx = bb_ctx();
  for (size_t c = 0; c < 6; c++) {
    for (size_t s = 0; s < 3 && is_built_in(cnames[c]); s++) {
      char text[200];
      size_t n;
      if (s != c % 3 && strcmp(cnames[c], "lz4")) continue;
      snprintf(text, sizeof text, JSON("4", "%s", "5", "%s", "1024"), cnames[c], shuffles[s]);
      zarrc_codec *codec = bb_open(ctx, text);
      uint8_t *bytes = bb_data(BB_RAMP, 2500), *encoded = bb_encode(codec, bytes, 2500, 1, &n);
      bb_each_cut(codec, encoded, n, 2500, ZARRC_TRUNCATED, ZARRC_TRUNCATED);
      bb_each_flip(codec, encoded, n, 2500, true);
      bb_decode_fails(codec, encoded, n, 2499, ZARRC_SIZE_MISMATCH);
      encoded = realloc(encoded, n + 3);
      memset(encoded + n, 0x55, 3);
      bb_decodes_to(codec, encoded, n + 3, bytes, 2500);
      free(encoded);
      free(bytes);
      zarrc_codec_close(codec);
    }
  }
  zarrc_ctx_close(ctx);
}

/* Many bytes of a frame changed at once: libblosc and what is behind it must stay inside. */
static void noise_in_frames(void **state) {
  (void)state;
  zarrc_ctx *ctx = bb_ctx();
  uint64_t x = 1;
  for (size_t c = 0; c < 6; c++) {
    if (!is_built_in(cnames[c])) continue;
    char text[200];
    size_t n;
    snprintf(text, sizeof text, JSON("8", "%s", "5", "%s", "1024"), cnames[c], shuffles[c % 3]);
    zarrc_codec *codec = bb_open(ctx, text);
    uint8_t *bytes = bb_data(BB_RAMP, 5000), *encoded = bb_encode(codec, bytes, 5000, 1, &n), *bad = malloc(n);
    for (int i = 0; i < 300; i++) {
      memcpy(bad, encoded, n);
      for (int k = 0; k < 1 + i % 20; k++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        bad[(x >> 33) % n] = (uint8_t)(x >> 24);
      }
      bb_result r = bb_decode(codec, bad, n, SIZE_MAX, 5000);
      assert_true(r.status || r.nbytes <= 5000);
      bb_free(&r);
    }
    free(bad);
    free(bytes);
    free(encoded);
    zarrc_codec_close(codec);
  }
  zarrc_ctx_close(ctx);
}

static void claimed_sizes_take_no_memory(void **state) {
  (void)state;
  zarrc_ctx *ctx = bb_ctx();
  zarrc_codec *codec = bb_open(ctx, ONE(""));
  uint8_t header[64] = {2, 1, 0x33, 4};
  zarrc_store_le32(header + 4, INT32_MAX - 16);
  zarrc_store_le32(header + 8, 65536);
  zarrc_store_le32(header + 12, INT32_MAX);
  bb_decode_fails(codec, header, 16, SIZE_MAX / 2, ZARRC_TRUNCATED); /* a stored frame of 2 GiB in 16 bytes */
  header[2] = 0x31;
  bb_decode_fails(codec, header, 64, SIZE_MAX / 2, ZARRC_TRUNCATED);
  zarrc_store_le32(header + 12, 64);
  bb_decode_fails(codec, header, 64, SIZE_MAX / 2, ZARRC_CORRUPT);
  zarrc_store_le32(header + 8, 512 << 20);
  bb_decode_fails(codec, header, 64, SIZE_MAX / 2, ZARRC_CORRUPT);
  assert_true(zarrc_ctx_memory_peak(ctx) < 100000);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

static void ranges_come_without_the_rest(void **state) {
  (void)state;
  enum { N = 300000 };
  zarrc_ctx *ctx = bb_ctx();
  zarrc_codec *codec = bb_open(ctx, JSON("4", "zstd", "1", "shuffle", "4096"));
  size_t n;
  uint8_t *bytes = bb_data(BB_RAMP, N), *frame = bb_encode(codec, bytes, N, 1, &n);
  zarrc_memory_blob blob;
  zarrc_range range = {.offset = 100000, .nbytes = 5000};
  bool served = false;
  zarrc_memory_blob_init(&blob, ctx, frame, n);
  assert_int_equal(zarrc_codec_get_class(codec)->u.bb.read(codec, NULL, &blob.blob, &range, 1, &served, NULL),
                   ZARRC_OK);
  assert_true(served);
  assert_int_equal(range.got.len, 5000);
  assert_memory_equal(range.got.ptr, bytes + 100000, 5000);
  zarrc_ranges_release(&range, 1);
  free(frame);
  free(bytes);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

/* Frames of libblosc with threads: blocks lie in the order in which they were done. */
static void blocks_in_any_order(void **state) {
  (void)state;
  enum { N = 300000 };
  zarrc_ctx *ctx = bb_ctx();
  zarrc_codec *codec = bb_open(ctx, ONE(""));
  uint8_t *bytes = bb_data(BB_RAMP, N), *frame = malloc(N + BLOSC_MAX_OVERHEAD);
  for (int i = 0; i < 5; i++) {
    int n = blosc_compress_ctx(5, BLOSC_SHUFFLE, 4, N, bytes, frame, N + BLOSC_MAX_OVERHEAD, "lz4", 4096, 4);
    assert_true(n > 0);
    bb_decodes_to(codec, frame, (size_t)n, bytes, N);
  }
  free(frame);
  free(bytes);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

/* ------------------------------------------------------------------------------------------------ out of memory */

static zarrc_status work(const zarrc_ctx_options *options, void *arg) {
  enum { N = 30000 };
  zarrc_ctx *ctx = NULL;
  zarrc_codec *codec = NULL;
  zarrc_parts parts;
  zarrc_bytes joined;
  const uint8_t *bytes = arg;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (status) return status;
  zarrc_parts_init(&parts, ctx);
  zarrc_buf out = zarrc_buf_new(ctx, N);
  status = zarrc_codec_open(ctx, "\"blosc\"", 7, &codec, NULL);
  if (!status) status = zarrc_parts_push(&parts, (zarrc_bytes){bytes, N / 2, NULL, NULL}, NULL);
  if (!status) status = zarrc_parts_push(&parts, (zarrc_bytes){bytes + N / 2, N / 2, NULL, NULL}, NULL);
  if (!status) status = zarrc_codec_get_class(codec)->u.bb.encode(codec, &parts, NULL);
  if (!status) status = zarrc_parts_join(&parts, &joined, NULL);
  if (!status) status = zarrc_codec_get_class(codec)->u.bb.decode(codec, &joined, SIZE_MAX, &out, NULL);
  if (!status) assert_memory_equal(out.ptr, bytes, N);
  zarrc_buf_clear(&out);
  zarrc_parts_clear(&parts);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
  return status;
}

static void out_of_memory(void **state) {
  (void)state;
  uint8_t *bytes = bb_data(BB_RAMP, 30000);
  assert_true(faulty_alloc_each(NULL, work, bytes) > 5);
  free(bytes);
}

#else

static void says_that_it_is_missing(void **state) {
  (void)state;
  zarrc_ctx *ctx = bb_ctx();
  zarrc_codec *codec = bb_open(ctx, "\"blosc\"");
  zarrc_error error;
  zarrc_spec spec = {0};
  assert_int_equal(zarrc_codec_validate(codec, &spec, NULL, &error), ZARRC_UNSUPPORTED);
  assert_non_null(strstr(error.message, "built without"));
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

#endif

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(json),
    cmocka_unit_test(evolves_once),
#if ZARRC_HAVE_BLOSC
    cmocka_unit_test(vectors),
    cmocka_unit_test(everything_round_trips),
    cmocka_unit_test(known_frames),
    cmocka_unit_test(large_types_are_bytes),
    cmocka_unit_test(odd_block_sizes),
    cmocka_unit_test(what_cannot_be_encoded),
    cmocka_unit_test(compressors_of_this_build),
    cmocka_unit_test(damage),
    cmocka_unit_test(noise_in_frames),
    cmocka_unit_test(claimed_sizes_take_no_memory),
    cmocka_unit_test(blocks_in_any_order),
    cmocka_unit_test(ranges_come_without_the_rest),
    cmocka_unit_test(out_of_memory),
#else
    cmocka_unit_test(says_that_it_is_missing),
#endif
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

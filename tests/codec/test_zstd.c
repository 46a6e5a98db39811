/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/endian.h"
#include "support/bytes_codec.h"
#include "support/faulty_alloc.h"
#include "support/le64.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if ZARRC_HAVE_ZSTD
#include <zarrc/plugin/codec.h>
#include <zstd.h>
#endif

#define JSON(level, checksum)                                                                                          \
  "{\"name\": \"zstd\", \"configuration\": {\"level\": " level ", \"checksum\": " checksum "}}"

static void json(void **state) {
  (void)state;
  bb_json_is("\"zstd\"", JSON("0", "false"));
  bb_json_is("{\"name\": \"zstd\"}", JSON("0", "false"));
  bb_json_is("{\"name\": \"zstd\", \"configuration\": {}}", JSON("0", "false"));
  bb_json_is("{\"name\": \"zstd\", \"configuration\": {\"checksum\": true}}", JSON("0", "true"));
  bb_json_is("{\"name\": \"zstd\", \"configuration\": {\"level\": 22}}", JSON("22", "false"));
  bb_json_is(JSON("1", "true"), NULL);
  bb_json_is(JSON("-131073", "false"), NULL);
  bb_json_is(JSON("-1000000000", "false"), NULL);
  bb_json_is(JSON("-9223372036854775808", "false"), NULL);
  bb_json_refused(JSON("23", "false"), "configuration.level");
  bb_json_refused(JSON("18446744073709551615", "false"), "configuration.level");
  bb_json_refused(JSON("3.0", "false"), "configuration.level");
  bb_json_refused(JSON("true", "false"), "configuration.level");
  bb_json_refused(JSON("null", "false"), "configuration.level");
  bb_json_refused(JSON("\"3\"", "false"), "configuration.level");
  bb_json_refused(JSON("3", "0"), "configuration.checksum");
  bb_json_refused(JSON("3", "1"), "configuration.checksum");
  bb_json_refused(JSON("3", "\"true\""), "configuration.checksum");
  bb_json_refused(JSON("3", "null"), "configuration.checksum");
  bb_json_refused("{\"name\": \"zstd\", \"configuration\": {\"zzz\": 1}}", "zzz");
  bb_json_refused("{\"name\": \"zstd\", \"configuration\": null}", "configuration");
}

#if ZARRC_HAVE_ZSTD

typedef struct fixture {
  zarrc_ctx *ctx;
  zarrc_codec *codec; /* with checksum */
} fixture;

static int set_up(void **state) {
  fixture *f = malloc(sizeof *f);
  f->ctx = bb_ctx();
  f->codec = bb_open(f->ctx, JSON("3", "true"));
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  zarrc_codec_close(f->codec);
  zarrc_ctx_close(f->ctx);
  free(f);
  return 0;
}

static void vectors(void **state) {
  (void)state;
  bb_vectors("zstd", 30);
}

static void levels_round_trip(void **state) {
  (void)state;
  static const char *const levels[] = {"0", "1", "3", "9", "-1", "-7", "-131072", "-2147483648", "15", "22"};
  static const size_t sizes[] = {0, 1, 2, 1000, 131072, 131073, 300000};
  zarrc_ctx *ctx = bb_ctx();
  for (size_t l = 0; l < sizeof levels / sizeof *levels; l++) {
    char text[120];
    snprintf(text, sizeof text, JSON("%s", "%s"), levels[l], l % 2 ? "true" : "false");
    zarrc_codec *codec = bb_open(ctx, text);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && (l < 8 || sizes[i] < 2000); i++)
      for (int kind = BB_ZEROS; kind <= BB_NOISE; kind++) bb_round_trip(codec, (bb_kind)kind, sizes[i]);
    zarrc_codec_close(codec);
  }
  zarrc_ctx_close(ctx);
}

static void levels_that_nobody_encodes_with(void **state) {
  (void)state;
  zarrc_ctx *ctx = bb_ctx();
  zarrc_error error;
  size_t n;
  zarrc_codec *good = bb_open(ctx, JSON("0", "false")), *low = bb_open(ctx, JSON("-2147483649", "false"));
  uint8_t *frame = bb_encode(good, "hello", 5, 1, &n);
  assert_int_equal(bb_encode_fails(low, "hello", 5, &error), ZARRC_INVALID_METADATA);
  assert_non_null(strstr(error.message, "configuration.level"));
  bb_decodes_to(low, frame, n, "hello", 5);
  free(frame);
  zarrc_codec_close(good);
  zarrc_codec_close(low);
  zarrc_ctx_close(ctx);
}

/* Frames as zarr-python writes them: single segment, content size, and the checksum only where it is asked for. */
static void known_frames(void **state) {
  (void)state;
  zarrc_ctx *ctx = bb_ctx();
  size_t n;
  zarrc_codec *plain = bb_open(ctx, JSON("0", "false")), *sum = bb_open(ctx, JSON("0", "true"));
  uint8_t *frame = bb_encode(plain, "", 0, 1, &n);
  assert_int_equal(n, 9);
  assert_memory_equal(frame, "\x28\xb5\x2f\xfd\x20\x00\x01\x00\x00", 9);
  bb_decodes_to(plain, frame, n, NULL, 0);
  free(frame);
  frame = bb_encode(sum, "", 0, 1, &n);
  assert_int_equal(n, 13);
  assert_memory_equal(frame, "\x28\xb5\x2f\xfd\x24\x00\x01\x00\x00\x99\xe9\xd8\x51", 13);
  bb_decodes_to(plain, frame, n, NULL, 0);
  free(frame);
  zarrc_codec_close(plain);
  zarrc_codec_close(sum);
  zarrc_ctx_close(ctx);
}

static void level_zero_is_three(void **state) {
  (void)state;
  zarrc_ctx *ctx = bb_ctx();
  zarrc_codec *zero = bb_open(ctx, JSON("0", "false")), *three = bb_open(ctx, JSON("3", "false"));
  uint8_t *bytes = bb_data(BB_RAMP, 50000);
  size_t n, m;
  uint8_t *a = bb_encode(zero, bytes, 50000, 1, &n), *b = bb_encode(three, bytes, 50000, 3, &m);
  assert_int_equal(n, m);
  assert_memory_equal(a, b, n);
  free(a);
  free(b);
  free(bytes);
  zarrc_codec_close(zero);
  zarrc_codec_close(three);
  zarrc_ctx_close(ctx);
}

/* ------------------------------------------------------------------------------------------------------- frames */

/* A frame from libzstd itself, with or without content size and checksum. */
static size_t frame(const void *bytes, size_t n, bool size, bool checksum, uint8_t *out, size_t max) {
  ZSTD_CCtx *c = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, size);
  ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, checksum);
  size_t made = ZSTD_compress2(c, out, max, bytes, n);
  assert_false(ZSTD_isError(made));
  ZSTD_freeCCtx(c);
  return made;
}

static size_t skippable(uint8_t *out, uint8_t number, uint32_t n) {
  zarrc_store_le32(out, 0x184d2a50u + number);
  zarrc_store_le32(out + 4, n);
  memset(out + 8, 0x28, n);
  return 8 + n;
}

static void frames_are_put_together(void **state) {
  const fixture *f = *state;
  uint8_t in[1000], *at = in;
  at += skippable(at, 0, 0);
  at += frame("hello", 5, true, true, at, 100);
  at += skippable(at, 15, 30);
  at += frame("", 0, true, false, at, 100);
  at += frame("", 0, false, false, at, 100);
  at += frame(", world", 7, false, true, at, 100);
  size_t n = (size_t)(at - in);
  bb_decodes_to(f->codec, in, n, "hello, world", 12);
  n += skippable(in + n, 7, 3);
  bb_decodes_to(f->codec, in, n, "hello, world", 12);
  bb_decode_fails(f->codec, in, n, 11, ZARRC_SIZE_MISMATCH);
  bb_decode_fails(f->codec, in, n, 4, ZARRC_SIZE_MISMATCH);
  bb_decode_fails(f->codec, in, n - 1, 12, ZARRC_TRUNCATED);
}

static void what_is_no_frame_is_refused(void **state) {
  const fixture *f = *state;
  static const uint8_t magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
  uint8_t in[200] = {0};
  size_t n = frame("hello", 5, true, true, in, 100);
  bb_decode_fails(f->codec, in, 0, 5, ZARRC_TRUNCATED);
  for (size_t zeros = 1; zeros < 10; zeros++) bb_decode_fails(f->codec, in, n + zeros, 5, ZARRC_CORRUPT);
  for (size_t some = 1; some < 5; some++) {
    memcpy(in + n, magic, some);
    bb_decode_fails(f->codec, in, n + some, 5, ZARRC_TRUNCATED);
  }
  memset(in + n, 0, 10);
  uint8_t skip[20];
  n = skippable(skip, 3, 4);
  bb_decode_fails(f->codec, skip, n, 5, ZARRC_CORRUPT); /* nothing but that */
  for (size_t cut = 0; cut < n; cut++) bb_decode_fails(f->codec, skip, cut, 5, ZARRC_TRUNCATED);
  /* Magic numbers of formats that libzstd may still know. */
  for (uint8_t old = 0x1e; old < 0x28; old++) {
    uint8_t legacy[40] = {old, 0xb5, 0x2f, 0xfd};
    bb_decode_fails(f->codec, legacy, sizeof legacy, 5, ZARRC_CORRUPT);
  }
}

static void dictionaries_are_unsupported(void **state) {
  const fixture *f = *state;
  static const uint8_t in[] = {0x28, 0xb5, 0x2f, 0xfd, 0x21, 0x07, 0x05, 0x29, 0, 0, 'h', 'e', 'l', 'l', 'o'};
  static const uint8_t none[] = {0x28, 0xb5, 0x2f, 0xfd, 0x21, 0x00, 0x05, 0x29, 0, 0, 'h', 'e', 'l', 'l', 'o'};
  bb_decode_fails(f->codec, in, sizeof in, 5, ZARRC_UNSUPPORTED);
  bb_decodes_to(f->codec, none, sizeof none, "hello", 5);
}

static void reserved_things_are_corrupt(void **state) {
  const fixture *f = *state;
  uint8_t in[] = {0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x05, 0x29, 0, 0, 'h', 'e', 'l', 'l', 'o'};
  bb_decodes_to(f->codec, in, sizeof in, "hello", 5);
  in[4] |= 8; /* reserved bit */
  bb_decode_fails(f->codec, in, sizeof in, 5, ZARRC_CORRUPT);
  in[4] ^= 8;
  in[6] |= 6; /* reserved type of block */
  bb_decode_fails(f->codec, in, sizeof in, 5, ZARRC_CORRUPT);
  in[6] ^= 6;
  in[5] = 6; /* says another size than it holds */
  bb_decode_fails(f->codec, in, sizeof in, 100, ZARRC_CORRUPT);
  in[5] = 4;
  bb_decode_fails(f->codec, in, sizeof in, 100, ZARRC_CORRUPT);
  bb_decode_fails(f->codec, in, sizeof in, 3, ZARRC_SIZE_MISMATCH);
}

/* Found by fuzzing: libzstd's error for it depends on how much room there is. */
static void an_error_does_not_depend_on_room(void **state) {
  const fixture *f = *state;
  static const uint8_t in[] = {0x28, 0xb5, 0x2f, 0xfd, 0x60, 0x88, 0x12, 0x4d, 0,   0,
                               0x1d, 7,    7,    1,    0,    0x83, 0xd3, 3,    0x2c};
  bb_decode_fails(f->codec, in, sizeof in, 5000, ZARRC_CORRUPT);
  bb_decode_fails(f->codec, in, sizeof in, 100000, ZARRC_CORRUPT);
}

static void damage(void **state) {
  const fixture *f = *state;
  size_t n;
  uint8_t *bytes = bb_data(BB_RAMP, 3000), *encoded = bb_encode(f->codec, bytes, 3000, 1, &n);
  bb_each_cut(f->codec, encoded, n, 3000, ZARRC_TRUNCATED, ZARRC_TRUNCATED);
  bb_each_flip(f->codec, encoded, n, 3000, false);
  encoded = realloc(encoded, 4000);
  n = frame(bytes, 3000, false, false, encoded, 4000);
  bb_each_cut(f->codec, encoded, n, 3000, ZARRC_TRUNCATED, ZARRC_TRUNCATED);
  bb_each_flip(f->codec, encoded, n, 3000, true);
  free(encoded);
  free(bytes);
  bytes = bb_data(BB_NOISE, 300), encoded = bb_encode(f->codec, bytes, 300, 1, &n);
  bb_each_cut(f->codec, encoded, n, 300, ZARRC_TRUNCATED, ZARRC_TRUNCATED);
  bb_each_flip(f->codec, encoded, n, 300, false);
  encoded[n - 1] ^= 1;
  bb_decode_fails(f->codec, encoded, n, 300, ZARRC_CHECKSUM);
  free(encoded);
  free(bytes);
}

/* ------------------------------------------------------------------------------------------------ sizes, memory */

static void fails_without_memory(const uint8_t *in, size_t n, size_t max, zarrc_status status) {
  zarrc_ctx *ctx = bb_ctx();
  zarrc_codec *codec = bb_open(ctx, JSON("3", "true"));
  bb_decode_fails(codec, in, n, max, status);
  assert_true(zarrc_ctx_memory_peak(ctx) < (size_t)1 << 20);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

static void claimed_sizes_take_no_memory(void **state) {
  (void)state;
  static const uint64_t claims[] = {
      1025,           (uint64_t)1 << 31, ((uint64_t)1 << 32) + 7, (uint64_t)1 << 40, (uint64_t)1 << 62, UINT64_MAX - 2,
      UINT64_MAX - 1, UINT64_MAX};
  for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
    uint8_t in[] = {0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0, 0x29, 0, 0, 'h', 'e', 'l', 'l', 'o'};
    put_le64(in + 5, claims[i]);
    bb_result r;
    zarrc_ctx *ctx = bb_ctx();
    zarrc_codec *codec = bb_open(ctx, JSON("3", "true"));
    r = bb_decode(codec, in, sizeof in, SIZE_MAX, 1024);
    assert_true(r.status == ZARRC_SIZE_MISMATCH || r.status == ZARRC_CORRUPT || r.status == ZARRC_LIMIT);
    bb_free(&r);
    r = bb_decode(codec, in, sizeof in, SIZE_MAX, SIZE_MAX / 2);
    assert_true(r.status == ZARRC_SIZE_MISMATCH || r.status == ZARRC_CORRUPT || r.status == ZARRC_LIMIT);
    bb_free(&r);
    assert_true(zarrc_ctx_memory_peak(ctx) < (size_t)1 << 20);
    zarrc_codec_close(codec);
    zarrc_ctx_close(ctx);
  }
}

/* One block of 4 bytes makes 128 KiB; 400 of them. */
static void bombs_take_no_memory(void **state) {
  (void)state;
  enum { BLOCKS = 400 };
  uint8_t *in = malloc(6 + 4 * BLOCKS);
  memcpy(in, "\x28\xb5\x2f\xfd\x00\x58", 6); /* no content size */
  for (int i = 0; i < BLOCKS; i++) {
    uint32_t block = (uint32_t)1 << 17 << 3 | 1 << 1 | (i == BLOCKS - 1);
    zarrc_store_le32(in + 6 + 4 * i, block); /* the byte repeated: 0 */
  }
  fails_without_memory(in, 6 + 4 * BLOCKS, 1024, ZARRC_SIZE_MISMATCH);
  zarrc_ctx *ctx = bb_ctx();
  zarrc_codec *codec = bb_open(ctx, JSON("3", "true"));
  bb_result r = bb_decode(codec, in, 6 + 4 * BLOCKS, SIZE_MAX, SIZE_MAX / 2);
  assert_int_equal(r.status, ZARRC_OK);
  assert_int_equal(r.nbytes, (size_t)BLOCKS << 17);
  bb_free(&r);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
  free(in);
}

/* A window is never allocated, whatever a frame asks for. */
static void huge_windows(void **state) {
  const fixture *f = *state;
  uint8_t in[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x00, 0x29, 0, 0, 'h', 'e', 'l', 'l', 'o'};
  const unsigned largest = sizeof(size_t) > 4 ? 31 : 30; /* libzstd's, by the size of memory */
  for (unsigned log = 10; log < 42; log++) {
    in[5] = (uint8_t)((log - 10) << 3);
    if (log <= largest)
      bb_decodes_to(f->codec, in, sizeof in, "hello", 5);
    else
      fails_without_memory(in, sizeof in, 5, ZARRC_CORRUPT);
    bb_result r = bb_decode(f->codec, in, sizeof in, 3, 5);
    assert_int_equal(r.status, log <= largest ? ZARRC_OK : ZARRC_CORRUPT);
    if (!r.status) assert_memory_equal(r.ptr, "hel", 3);
    bb_free(&r);
  }
  if (largest < 31) return; /* memory could not hold the chunks that follow */
  in[5] = (32 - 10) << 3;   /* 4 GiB: a larger chunk may have such frames, which libzstd cannot decode */
  bb_result r = bb_decode(f->codec, in, sizeof in, SIZE_MAX, SIZE_MAX / 2);
  assert_int_equal(r.status, ZARRC_LIMIT);
  bb_free(&r);
}

static void frames_without_size_make_the_buffer_grow(void **state) {
  const fixture *f = *state;
  enum { N = 5000000 };
  uint8_t *out = malloc(ZSTD_compressBound(N) + 100);
  for (int kind = BB_ZEROS; kind <= BB_NOISE; kind++) {
    uint8_t *bytes = bb_data((bb_kind)kind, N);
    size_t n = frame(bytes, N / 10, false, true, out, N);
    n += frame(bytes + N / 10, N - N / 10, false, true, out + n, ZSTD_compressBound(N));
    bb_decodes_to(f->codec, out, n, bytes, N);
    bb_result r = bb_decode(f->codec, out, n, SIZE_MAX, SIZE_MAX / 2);
    assert_int_equal(r.status, ZARRC_OK);
    assert_int_equal(r.nbytes, N);
    assert_memory_equal(r.ptr, bytes, N);
    bb_free(&r);
    bb_decode_fails(f->codec, out, n, N - 1, ZARRC_SIZE_MISMATCH);
    free(bytes);
  }
  free(out);
}

static void stops_when_it_has_enough(void **state) {
  const fixture *f = *state;
  enum { N = 700000 };
  static const size_t needs[] = {0, 1, 1000, 131071, 131072, 131073, N / 2, N - 1, N, N + 1, SIZE_MAX};
  uint8_t *bytes = bb_data(BB_NOISE, N), *in = malloc(2 * N);
  for (int size = 0; size < 2; size++) {
    size_t n = skippable(in, 1, 5);
    size_t first = n += frame(bytes, 1000, size, true, in + n, 2000);
    n += frame(bytes + 1000, N - 1000, size, true, in + n, 2 * N - n);
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
      for (int skip = 0; skip < 2; skip++) {
        size_t max = skip ? N : N - 1000; /* without the small frame in front, the size of the rest is known */
        bb_result r = bb_decode(f->codec, skip ? in : in + first, skip ? n : n - first, needs[i], max);
        assert_int_equal(r.status, ZARRC_OK);
        assert_true(r.nbytes >= (needs[i] < max ? needs[i] : max));
        assert_memory_equal(r.ptr, skip ? bytes : bytes + 1000, r.nbytes);
        bb_free(&r);
      }
    }
    /* What lies behind is not even looked at. */
    memset(in + n / 2, 0xff, n - n / 2);
    bb_result r = bb_decode(f->codec, in + first, n - first, 100000, N);
    assert_int_equal(r.status, ZARRC_OK);
    assert_int_equal(r.nbytes, 100000);
    assert_memory_equal(r.ptr, bytes + 1000, 100000);
    bb_free(&r);
    r = bb_decode(f->codec, in + first, n / 8, 100000, N);
    assert_int_equal(r.status, ZARRC_TRUNCATED);
    bb_free(&r);
  }
  free(bytes);
  free(in);
}

/* What the highest levels need is given back after use. */
static void large_contexts_are_not_kept(void **state) {
  (void)state;
  enum { N = 40 << 20 };
  zarrc_ctx *ctx = bb_ctx();
  zarrc_codec *codec = bb_open(ctx, JSON("20", "false"));
  size_t n;
  uint8_t *bytes = bb_data(BB_ZEROS, N), *encoded = bb_encode(codec, bytes, N, 1, &n);
  bb_result r = bb_decode(codec, encoded, n, 1000, N);
  assert_int_equal(r.status, ZARRC_OK);
  assert_memory_equal(r.ptr, bytes, 1000);
  bb_free(&r);
  r = bb_decode(codec, encoded, n, SIZE_MAX, N);
  assert_int_equal(r.status, ZARRC_OK);
  assert_memory_equal(r.ptr, bytes, N);
  bb_free(&r);
  free(bytes);
  free(encoded);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

static void errors_say_where(void **state) {
  const fixture *f = *state;
  uint8_t in[100];
  size_t n = frame("hello", 5, true, true, in, 50), m = frame("hello", 5, true, true, in + n, 50);
  char word[40];
  in[n + m - 1] ^= 1;
  snprintf(word, sizeof word, "frame at byte %zu", n);
  bb_result r = bb_decode(f->codec, in, n + m, SIZE_MAX, 10);
  assert_int_equal(r.status, ZARRC_CHECKSUM);
  assert_non_null(strstr(r.error.message, word));
  bb_free(&r);
}

static void libzstd_reads_what_is_written(void **state) {
  (void)state;
  static const char *const levels[] = {"-5", "1", "3", "9", "19"};
  zarrc_ctx *ctx = bb_ctx();
  uint8_t *bytes = bb_data(BB_RAMP, 200000), *back = malloc(200001);
  for (size_t l = 0; l < sizeof levels / sizeof *levels; l++) {
    char text[120];
    size_t n;
    snprintf(text, sizeof text, JSON("%s", "true"), levels[l]);
    zarrc_codec *codec = bb_open(ctx, text);
    uint8_t *encoded = bb_encode(codec, bytes, 200000, 2, &n);
    assert_int_equal(ZSTD_getFrameContentSize(encoded, n), 200000);
    assert_int_equal(ZSTD_findFrameCompressedSize(encoded, n), n);
    assert_int_equal(ZSTD_decompress(back, 200001, encoded, n), 200000);
    assert_memory_equal(back, bytes, 200000);
    free(encoded);
    zarrc_codec_close(codec);
  }
  free(bytes);
  free(back);
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
  zarrc_buf out = zarrc_buf_new(ctx, N), head = zarrc_buf_new(ctx, N);
  status = zarrc_codec_open(ctx, "\"zstd\"", 6, &codec, NULL);
  if (!status) status = zarrc_parts_push(&parts, (zarrc_bytes){bytes, N / 2, NULL, NULL}, NULL);
  if (!status) status = zarrc_parts_push(&parts, (zarrc_bytes){bytes + N / 2, N / 2, NULL, NULL}, NULL);
  if (!status) status = zarrc_codec_get_class(codec)->u.bb.encode(codec, &parts, NULL);
  if (!status) status = zarrc_parts_join(&parts, &joined, NULL);
  if (!status) status = zarrc_codec_get_class(codec)->u.bb.decode(codec, &joined, SIZE_MAX, &out, NULL);
  if (!status) status = zarrc_codec_get_class(codec)->u.bb.decode(codec, &joined, 1000, &head, NULL);
  if (!status) assert_memory_equal(out.ptr, bytes, N);
  if (!status) assert_memory_equal(head.ptr, bytes, 1000);
  zarrc_buf_clear(&out);
  zarrc_buf_clear(&head);
  zarrc_parts_clear(&parts);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
  return status;
}

static bool stop_at_the_fifth(void *ud) {
  return ++*(int *)ud >= 5;
}

/* A chunk that takes long is left within a few blocks; the context that was at it is fit for the next. */
static void a_slow_chunk_can_be_canceled(void **state) {
  (void)state;
  enum { N = 1 << 20 };
  int asked = 0;
  zarrc_ctx_options options = {.threads = 1, .canceled = stop_at_the_fifth, .canceled_ud = &asked};
  zarrc_ctx *ctx = NULL;
  zarrc_error error = {0};
  uint8_t *data = bb_data(BB_NOISE, N);
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  zarrc_codec *codec = bb_open(ctx, JSON("22", "true"));
  assert_int_equal(bb_encode_fails(codec, data, N, &error), ZARRC_CANCELED);
  assert_int_equal(asked, 5);
  asked = -100;
  size_t n;
  uint8_t *encoded = bb_encode(codec, data, N, 1, &n);
  bb_decodes_to(codec, encoded, n, data, N);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
  free(encoded);
  free(data);
}

/* Encoded block by block or at one go: one frame, with its size, as short. */
static void slow_levels_make_the_same_frames(void **state) {
  (void)state;
  enum { N = (1 << 18) + 77777 };
  static const bb_kind kinds[] = {BB_ZEROS, BB_RAMP, BB_NOISE};
  zarrc_ctx *ctx = bb_ctx();
  zarrc_codec *codec = bb_open(ctx, JSON("19", "false"));
  for (size_t k = 0; k < 3; k++) {
    uint8_t *data = bb_data(kinds[k], N), *whole = malloc(ZSTD_compressBound(N));
    size_t n, nwhole = ZSTD_compress(whole, ZSTD_compressBound(N), data, N, 19);
    uint8_t *encoded = bb_encode(codec, data, N, 1, &n);
    assert_int_equal(ZSTD_getFrameContentSize(encoded, n), N);
    assert_int_equal(ZSTD_findFrameCompressedSize(encoded, n), n);
    assert_true(n <= nwhole + nwhole / 100 + 16);
    bb_decodes_to(codec, encoded, n, data, N);
    free(encoded);
    free(whole);
    free(data);
  }
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
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
  zarrc_codec *codec = bb_open(ctx, "\"zstd\"");
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
#if ZARRC_HAVE_ZSTD
    cmocka_unit_test(vectors),
    cmocka_unit_test(levels_round_trip),
    cmocka_unit_test(levels_that_nobody_encodes_with),
    cmocka_unit_test(known_frames),
    cmocka_unit_test(level_zero_is_three),
    cmocka_unit_test_setup_teardown(frames_are_put_together, set_up, tear_down),
    cmocka_unit_test_setup_teardown(what_is_no_frame_is_refused, set_up, tear_down),
    cmocka_unit_test_setup_teardown(dictionaries_are_unsupported, set_up, tear_down),
    cmocka_unit_test_setup_teardown(reserved_things_are_corrupt, set_up, tear_down),
    cmocka_unit_test_setup_teardown(an_error_does_not_depend_on_room, set_up, tear_down),
    cmocka_unit_test_setup_teardown(damage, set_up, tear_down),
    cmocka_unit_test(claimed_sizes_take_no_memory),
    cmocka_unit_test(bombs_take_no_memory),
    cmocka_unit_test_setup_teardown(huge_windows, set_up, tear_down),
    cmocka_unit_test_setup_teardown(frames_without_size_make_the_buffer_grow, set_up, tear_down),
    cmocka_unit_test_setup_teardown(stops_when_it_has_enough, set_up, tear_down),
    cmocka_unit_test(large_contexts_are_not_kept),
    cmocka_unit_test_setup_teardown(errors_say_where, set_up, tear_down),
    cmocka_unit_test(libzstd_reads_what_is_written),
    cmocka_unit_test(a_slow_chunk_can_be_canceled),
    cmocka_unit_test(slow_levels_make_the_same_frames),
    cmocka_unit_test(out_of_memory),
#else
    cmocka_unit_test(says_that_it_is_missing),
#endif
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

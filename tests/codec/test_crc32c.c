/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/crc32c.h"
#include "support/bytes_codec.h"
#include "support/counting_blob.h"
#include "support/faulty_alloc.h"
#include "support/guard.h"

#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

/* From the definition: one bit at a time. */
static uint32_t bitwise(uint32_t crc, const uint8_t *p, size_t n) {
  crc = ~crc;
  for (size_t i = 0; i < n; i++) {
    crc ^= p[i];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
  }
  return ~crc;
}

/* RFC 3720, B.4, and the usual check value. */
static void published_sums(void **state) {
  (void)state;
  uint8_t bytes[32];
  assert_int_equal(zarrc_crc32c(0, "123456789", 9), 0xe3069283);
  assert_int_equal(zarrc_crc32c(0, NULL, 0), 0);
  memset(bytes, 0, sizeof bytes);
  assert_int_equal(zarrc_crc32c(0, bytes, 32), 0x8a9136aa);
  memset(bytes, 0xff, sizeof bytes);
  assert_int_equal(zarrc_crc32c(0, bytes, 32), 0x62a8ab43);
  for (uint8_t i = 0; i < 32; i++) bytes[i] = i;
  assert_int_equal(zarrc_crc32c(0, bytes, 32), 0x46dd794e);
  for (uint8_t i = 0; i < 32; i++) bytes[i] = 31 - i;
  assert_int_equal(zarrc_crc32c(0, bytes, 32), 0x113fdb5c);
}

static void every_length_and_alignment(void **state) {
  (void)state;
  uint8_t *bytes = bb_data(BB_NOISE, 70000);
  static const size_t lengths[] = {500, 1000, 4095, 4096, 4097, 8192, 16384, 65536, 69000};
  for (size_t n = 0; n < 300; n++) {
    guard g = guard_end_of(bytes, n);
    uint32_t want = bitwise(0, bytes, n);
    assert_int_equal(zarrc_crc32c(0, g.ptr, n), want);
    assert_int_equal(zarrc_crc32c_portable(0, g.ptr, n), want);
    assert_int_equal(zarrc_crc32c_portable(zarrc_crc32c(0, g.ptr, n / 3), g.ptr + n / 3, n - n / 3), want);
    guard_free(&g);
  }
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    for (size_t at = 0; at < 9; at++) {
      uint32_t want = bitwise(0, bytes + at, lengths[i]);
      assert_int_equal(zarrc_crc32c(0, bytes + at, lengths[i]), want);
      assert_int_equal(zarrc_crc32c_portable(0, bytes + at, lengths[i]), want);
    }
  }
  free(bytes);
}

static void json(void **state) {
  (void)state;
  bb_json_is("\"crc32c\"", "{\"name\": \"crc32c\"}");
  bb_json_is("{\"name\": \"crc32c\"}", NULL);
  bb_json_is("{\"name\": \"crc32c\", \"configuration\": {}}", "{\"name\": \"crc32c\"}");
  bb_json_is("{\"name\": \"crc32c\", \"must_understand\": false}", "{\"name\": \"crc32c\"}");
  bb_json_refused("{\"name\": \"crc32c\", \"configuration\": {\"a\": 1}}", "\"a\"");
  bb_json_refused("{\"name\": \"crc32c\", \"configuration\": null}", "configuration");
}

static void vectors(void **state) {
  (void)state;
  bb_vectors("crc32c", 15);
}

static void round_trips(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 3, 4, 5, 1000, 16383, 16384, 16385, 100000};
  zarrc_ctx *ctx = bb_ctx();
  zarrc_codec *codec = bb_open(ctx, "\"crc32c\"");
  assert_true(zarrc_codec_is_fixed_size(codec));
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) bb_round_trip(codec, BB_NOISE, sizes[i]);
  assert_int_equal(zarrc_codec_encoded_size(codec, NULL, UINT64_MAX).kind, ZARRC_SIZE_UNKNOWN);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

static void pieces_are_not_copied(void **state) {
  (void)state;
  zarrc_ctx *ctx = bb_ctx();
  zarrc_codec *codec = bb_open(ctx, "\"crc32c\"");
  zarrc_parts parts;
  zarrc_parts_init(&parts, ctx);
  const uint8_t *digits = (const uint8_t *)"123456789";
  zarrc_parts_push(&parts, (zarrc_bytes){digits, 4, NULL, NULL}, NULL);
  zarrc_parts_push(&parts, (zarrc_bytes){digits + 4, 5, NULL, NULL}, NULL);
  assert_int_equal(zarrc_codec_get_class(codec)->u.bb.encode(codec, &parts, NULL), ZARRC_OK);
  assert_int_equal(parts.nitems, 3);
  assert_ptr_equal(parts.items[0].ptr, digits);
  assert_ptr_equal(parts.items[1].ptr, digits + 4);
  assert_memory_equal(parts.items[2].ptr, "\x83\x92\x06\xe3", 4);
  zarrc_parts_clear(&parts);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

static void damage(void **state) {
  (void)state;
  zarrc_ctx *ctx = bb_ctx();
  zarrc_codec *codec = bb_open(ctx, "\"crc32c\"");
  size_t n;
  uint8_t *bytes = bb_data(BB_NOISE, 200), *encoded = bb_encode(codec, bytes, 200, 1, &n);
  bb_each_cut(codec, encoded, n, 200, ZARRC_CHECKSUM, ZARRC_TRUNCATED);
  bb_each_flip(codec, encoded, n, 200, false);
  for (size_t bit = 0; bit < n * 8; bit++) {
    encoded[bit / 8] ^= (uint8_t)(1 << bit % 8);
    bb_decode_fails(codec, encoded, n, 200, ZARRC_CHECKSUM);
    encoded[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  for (size_t i = 0; i < 4; i++) bb_decode_fails(codec, encoded, i, 200, ZARRC_TRUNCATED);
  bb_decode_fails(codec, encoded, n, 199, ZARRC_SIZE_MISMATCH);
  encoded[0] ^= 1;
  bb_decode_fails(codec, encoded, n, 199, ZARRC_CHECKSUM);
  free(bytes);
  free(encoded);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

static void check_only(void **state) {
  (void)state;
  zarrc_ctx *ctx = bb_ctx();
  zarrc_codec *codec = bb_open(ctx, "\"crc32c\"");
  const zarrc_codec_class *c = zarrc_codec_get_class(codec);
  size_t n, nbytes = 0;
  uint8_t *bytes = bb_data(BB_NOISE, 100), *encoded = bb_encode(codec, bytes, 100, 1, &n);
  assert_int_equal(c->u.bb.check(codec, &(zarrc_bytes){.ptr = encoded, .len = n}, &nbytes, NULL), ZARRC_OK);
  assert_int_equal(nbytes, 100);
  assert_int_equal(c->u.bb.check(codec, &(zarrc_bytes){.ptr = (const uint8_t *)"\0\0\0", .len = 4}, &nbytes, NULL),
                   ZARRC_OK); /* of no bytes */
  assert_int_equal(nbytes, 0);
  for (size_t len = 0; len < n; len++)
    assert_int_equal(c->u.bb.check(codec, &(zarrc_bytes){.ptr = encoded, .len = len}, &nbytes, NULL),
                     len < 4 ? ZARRC_TRUNCATED : ZARRC_CHECKSUM);
  for (size_t bit = 0; bit < n * 8; bit++) {
    encoded[bit / 8] ^= (uint8_t)(1 << bit % 8);
    assert_int_equal(c->u.bb.check(codec, &(zarrc_bytes){.ptr = encoded, .len = n}, &nbytes, NULL), ZARRC_CHECKSUM);
    encoded[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  free(bytes);
  free(encoded);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

static void stops_early_but_checks_all(void **state) {
  (void)state;
  zarrc_ctx *ctx = bb_ctx();
  zarrc_codec *codec = bb_open(ctx, "\"crc32c\"");
  size_t n;
  uint8_t *bytes = bb_data(BB_NOISE, 50000), *encoded = bb_encode(codec, bytes, 50000, 1, &n);
  bb_result r = bb_decode(codec, encoded, n, 20000, 50000);
  assert_int_equal(r.status, ZARRC_OK);
  assert_true(r.nbytes >= 20000);
  assert_memory_equal(r.ptr, bytes, r.nbytes);
  bb_free(&r);
  encoded[40000] ^= 1;
  r = bb_decode(codec, encoded, n, 20000, 50000);
  assert_int_equal(r.status, ZARRC_CHECKSUM);
  bb_free(&r);
  free(bytes);
  free(encoded);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

/* ------------------------------------------------------------------------------------------------------ ranges */

enum { NBYTES = 1000 };

/* A blob that does not tell how long its value is. */
typedef struct mute_blob {
  zarrc_blob blob;
  zarrc_memory_blob *behind;
} mute_blob;

static zarrc_status mute_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  zarrc_status status = zarrc_blob_read(&((mute_blob *)blob)->behind->blob, ranges, n, error);
  for (size_t i = 0; i < n; i++) ranges[i].total = ZARRC_UNKNOWN;
  return status;
}

typedef struct fixture {
  zarrc_ctx *ctx;
  zarrc_codec *codec;
  uint8_t *bytes, *encoded;
  size_t n;
} fixture;

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  f->ctx = bb_ctx();
  f->codec = bb_open(f->ctx, "\"crc32c\"");
  f->bytes = bb_data(BB_NOISE, NBYTES);
  f->encoded = bb_encode(f->codec, f->bytes, NBYTES, 1, &f->n);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  free(f->bytes);
  free(f->encoded);
  zarrc_codec_close(f->codec);
  zarrc_ctx_close(f->ctx);
  free(f);
  return 0;
}

static zarrc_status ranges_read(const fixture *f, zarrc_blob *blob, bool trust, zarrc_range *ranges, size_t n,
                                bool *served) {
  zarrc_chunk_options options = {.trust_checksums = trust};
  return zarrc_codec_get_class(f->codec)->u.bb.read(f->codec, &options, blob, ranges, n, served, NULL);
}

static void ranges_are_served_without_the_sum(void **state) {
  const fixture *f = *state;
  static const struct {
    int64_t offset;
    uint64_t nbytes;
    bool to_end;
    size_t first, len;
  } rows[] = {
      {0, 10, false, 0, 10},       {990, 10, false, 990, 10},     {500, 0, false, 500, 0},
      {1000, 0, false, 1000, 0},   {0, 1000, false, 0, 1000},     {-10, 10, false, 990, 10},
      {-10, 4, false, 990, 4},     {-1000, 1000, false, 0, 1000}, {900, 1000, true, 900, 100},
      {1000, 1000, true, 1000, 0}, {-7, 1000, true, 993, 7},      {0, UINT64_MAX, true, 0, 1000},
  };
  enum { N = sizeof rows / sizeof *rows };
  for (int into = 0; into < 2; into++) {
    counting_blob blob;
    zarrc_range ranges[N] = {0};
    uint8_t memory[N][NBYTES];
    bool served = false;
    counting_blob_init(&blob, f->ctx, f->encoded, f->n, false);
    for (size_t i = 0; i < N; i++)
      ranges[i] = (zarrc_range){.offset = rows[i].offset,
                                .nbytes = rows[i].nbytes,
                                .to_end = rows[i].to_end,
                                .into = into ? memory[i] : NULL};
    assert_int_equal(ranges_read(f, &blob.blob, true, ranges, N, &served), ZARRC_OK);
    assert_true(served);
    assert_int_equal(blob.nreads, 1);
    for (size_t i = 0; i < N; i++) {
      assert_int_equal(ranges[i].got.len, rows[i].len);
      assert_int_equal(ranges[i].total, NBYTES);
      if (rows[i].len) assert_memory_equal(ranges[i].got.ptr, f->bytes + rows[i].first, rows[i].len);
      if (into && rows[i].len) assert_ptr_equal(ranges[i].got.ptr, memory[i]);
    }
    zarrc_ranges_release(ranges, N);
    counting_blob_clear(&blob);
  }
}

static void ranges_into_the_sum_are_refused(void **state) {
  const fixture *f = *state;
  static const struct {
    zarrc_range range;
    zarrc_status status;
  } rows[] = {
      {{.offset = 0, .nbytes = 1001}, ZARRC_TRUNCATED},
      {{.offset = 1000, .nbytes = 4}, ZARRC_TRUNCATED},
      {{.offset = 1001, .nbytes = 0}, ZARRC_TRUNCATED},
      {{.offset = 1001, .nbytes = 9, .to_end = true}, ZARRC_TRUNCATED},
      {{.offset = 2000, .nbytes = 9, .to_end = true}, ZARRC_TRUNCATED},
      {{.offset = -10, .nbytes = 11}, ZARRC_TRUNCATED},
      {{.offset = -1001, .nbytes = 1}, ZARRC_TRUNCATED},
      {{.offset = INT64_MIN, .nbytes = 1}, ZARRC_TRUNCATED},
      {{.offset = -10, .nbytes = 9, .to_end = true}, ZARRC_LIMIT},
      {{.offset = 0, .nbytes = 999, .to_end = true}, ZARRC_LIMIT},
      {{.offset = INT64_MAX, .nbytes = UINT64_MAX}, ZARRC_TRUNCATED},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    counting_blob blob;
    zarrc_range ranges[2] = {{.nbytes = 5}, rows[i].range};
    bool served = false;
    counting_blob_init(&blob, f->ctx, f->encoded, f->n, false);
    if (ranges_read(f, &blob.blob, true, ranges, 2, &served) != rows[i].status) fail_msg("row %zu", i);
    assert_false(served);
    assert_null(ranges[0].got.ptr);
    assert_null(ranges[1].got.ptr);
    counting_blob_clear(&blob);
  }
}

static void not_served_without_trust_or_length(void **state) {
  const fixture *f = *state;
  counting_blob counting;
  zarrc_memory_blob behind;
  bool served = true;
  zarrc_range range = {.nbytes = 5};
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops, .read = mute_read};
  counting_blob_init(&counting, f->ctx, f->encoded, f->n, false);
  assert_int_equal(ranges_read(f, &counting.blob, false, &range, 1, &served), ZARRC_OK);
  assert_false(served);
  assert_int_equal(counting.nreads, 0);
  counting_blob_clear(&counting);
  served = true;
  assert_int_equal(zarrc_codec_get_class(f->codec)->u.bb.read(f->codec, NULL, NULL, &range, 1, &served, NULL),
                   ZARRC_OK);
  assert_false(served);
  zarrc_memory_blob_init(&behind, f->ctx, f->encoded, f->n);
  mute_blob mute = {{.ops = &ops}, &behind};
  served = true;
  assert_int_equal(ranges_read(f, &mute.blob, true, &range, 1, &served), ZARRC_OK);
  assert_false(served);
  assert_null(range.got.ptr);
}

static void no_value_and_too_short_values(void **state) {
  const fixture *f = *state;
  for (size_t n = 0; n < 5; n++) {
    counting_blob blob;
    zarrc_range range = {.nbytes = 8, .to_end = true};
    bool served = false;
    counting_blob_init(&blob, f->ctx, n ? f->encoded : NULL, n ? n - 1 : 0, false);
    assert_int_equal(ranges_read(f, &blob.blob, true, &range, 1, &served), n ? ZARRC_TRUNCATED : ZARRC_NOT_FOUND);
    assert_false(served);
    counting_blob_clear(&blob);
  }
}

static zarrc_status work(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *ctx = NULL;
  zarrc_codec *codec = NULL;
  zarrc_parts parts;
  zarrc_bytes joined;
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (status) return status;
  zarrc_parts_init(&parts, ctx);
  zarrc_buf out = zarrc_buf_new(ctx, 100);
  status = zarrc_codec_open(ctx, "\"crc32c\"", 8, &codec, NULL);
  if (!status) status = zarrc_parts_push(&parts, (zarrc_bytes){(const uint8_t *)"abc", 3, NULL, NULL}, NULL);
  if (!status) status = zarrc_codec_get_class(codec)->u.bb.encode(codec, &parts, NULL);
  if (!status) status = zarrc_parts_join(&parts, &joined, NULL);
  if (!status) status = zarrc_codec_get_class(codec)->u.bb.decode(codec, &joined, SIZE_MAX, &out, NULL);
  if (!status) {
    zarrc_chunk_options trust = {.trust_checksums = true};
    zarrc_memory_blob blob;
    zarrc_range ranges[2] = {{.nbytes = 1}, {.offset = -2, .nbytes = 2}};
    bool served;
    zarrc_memory_blob_init(&blob, ctx, joined.ptr, joined.len);
    status = zarrc_codec_get_class(codec)->u.bb.read(codec, &trust, &blob.blob, ranges, 2, &served, NULL);
    if (!status) assert_memory_equal(ranges[1].got.ptr, "bc", 2);
  }
  zarrc_buf_clear(&out);
  zarrc_parts_clear(&parts);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
  return status;
}

static void out_of_memory(void **state) {
  (void)state;
  assert_true(faulty_alloc_each(NULL, work, NULL) > 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(published_sums),
      cmocka_unit_test(every_length_and_alignment),
      cmocka_unit_test(json),
      cmocka_unit_test(vectors),
      cmocka_unit_test(round_trips),
      cmocka_unit_test(pieces_are_not_copied),
      cmocka_unit_test(damage),
      cmocka_unit_test(check_only),
      cmocka_unit_test(stops_early_but_checks_all),
      cmocka_unit_test_setup_teardown(ranges_are_served_without_the_sum, set_up, tear_down),
      cmocka_unit_test_setup_teardown(ranges_into_the_sum_are_refused, set_up, tear_down),
      cmocka_unit_test_setup_teardown(not_served_without_trust_or_length, set_up, tear_down),
      cmocka_unit_test_setup_teardown(no_value_and_too_short_values, set_up, tear_down),
      cmocka_unit_test(out_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

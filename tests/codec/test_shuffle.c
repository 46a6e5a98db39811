/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/bytes_codec.h"
#include "support/counting_blob.h"
#include "support/faulty_alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

#define JSON(size) "{\"name\": \"numcodecs.shuffle\", \"configuration\": {\"elementsize\": " size "}}"

static void json(void **state) {
  (void)state;
  bb_json_is("\"numcodecs.shuffle\"", "{\"name\": \"numcodecs.shuffle\", \"configuration\": {}}");
  bb_json_is("{\"name\": \"numcodecs.shuffle\", \"configuration\": {\"elementsize\": null}}",
             "{\"name\": \"numcodecs.shuffle\", \"configuration\": {}}");
  bb_json_is(JSON("8"), NULL);
  bb_json_is(JSON("0"), NULL);
  bb_json_refused(JSON("-1"), "configuration.elementsize");
  bb_json_refused(JSON("1.5"), "configuration.elementsize");
  bb_json_refused("{\"name\": \"numcodecs.shuffle\", \"configuration\": {\"size\": 1}}", "size");
}

/* Without a size it is that of the elements. */
static void evolves(void **state) {
  zarrc_codec *codec = bb_open(*state, "\"numcodecs.shuffle\""), *evolved, *eight = bb_open(*state, JSON("8"));
  zarrc_spec spec = {.ndim = 1, .shape = {10}};
  assert_int_equal(zarrc_dtype_open(*state, "\"float64\"", 9, &spec.dtype, NULL), ZARRC_OK);
  uint64_t fill = 0;
  spec.fill = &fill;
  assert_int_equal(zarrc_codec_evolve(codec, &spec, &evolved, NULL), ZARRC_OK);
  assert_true(zarrc_codec_equal(evolved, eight));
  assert_false(zarrc_codec_equal(codec, eight));
  zarrc_codec_close(evolved);
  zarrc_codec_close(eight);
  zarrc_codec_close(codec);
  zarrc_dtype_close(&spec.dtype);
}

static void as_a_loop_has_it(void **state) {
  static const size_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 64, 255, 300};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    char text[100];
    snprintf(text, sizeof text, JSON("%zu"), sizes[i]);
    zarrc_codec *codec = bb_open(*state, text);
    for (size_t n = 0; n < 200; n += n < 70 ? 1 : 43) {
      size_t size = sizes[i], nencoded;
      uint8_t *bytes = bb_data(BB_NOISE, n * size), *encoded = bb_encode(codec, bytes, n * size, 1, &nencoded);
      assert_int_equal(nencoded, n * size);
      for (size_t k = 0; k < n * size; k++) assert_int_equal(encoded[k % size * n + k / size], bytes[k]);
      bb_decodes_to(codec, encoded, nencoded, bytes, n * size);
      bb_result r = bb_decode(codec, encoded, nencoded, n * size / 2, n * size);
      assert_int_equal(r.status, ZARRC_OK);
      assert_true(r.nbytes >= n * size / 2);
      if (r.nbytes) assert_memory_equal(r.ptr, bytes, r.nbytes);
      bb_free(&r);
      free(bytes);
      free(encoded);
    }
    bb_round_trip(codec, BB_RAMP, 3000 * sizes[i]);
    zarrc_codec_close(codec);
  }
}

static void damage(void **state) {
  zarrc_codec *codec = bb_open(*state, JSON("4"));
  uint8_t bytes[100] = {0};
  zarrc_error error;
  bb_decode_fails(codec, bytes, 99, 100, ZARRC_CORRUPT);
  bb_decode_fails(codec, bytes, 100, 96, ZARRC_SIZE_MISMATCH);
  assert_int_equal(bb_encode_fails(codec, bytes, 99, &error), ZARRC_INVALID_METADATA);
  assert_non_null(strstr(error.message, "99 bytes"));
  zarrc_codec_close(codec);
}

/* Few elements are read as a range of each plane; many, or of a value that ends within an element, as a whole. */
static void ranges(void **state) {
  static const struct {
    zarrc_range range;
    size_t first, len;
  } rows[] = {
      {{.offset = 0, .nbytes = 40}, 0, 40},
      {{.offset = 41, .nbytes = 3}, 41, 3},
      {{.offset = 42, .nbytes = 17}, 42, 17},
      {{.offset = 999, .nbytes = 1}, 999, 1},
      {{.offset = 1000, .nbytes = 0}, 1000, 0},
      {{.offset = -7, .nbytes = 7}, 993, 7},
      {{.offset = -8, .nbytes = 99, .to_end = true}, 992, 8},
  };
  enum { N = sizeof rows / sizeof *rows };
  zarrc_codec *codec = bb_open(*state, JSON("4"));
  size_t n;
  uint8_t *bytes = bb_data(BB_NOISE, 1000), *encoded = bb_encode(codec, bytes, 1000, 1, &n), memory[N][100];
  counting_blob blob;
  counting_blob_init(&blob, *state, encoded, n, false);
  for (int into = 0; into < 2; into++) {
    zarrc_range all[N];
    bool served = false;
    for (size_t i = 0; i < N; i++) {
      all[i] = rows[i].range;
      if (into) all[i].into = memory[i];
    }
    counting_blob_reset(&blob);
    assert_int_equal(zarrc_codec_get_class(codec)->u.bb.read(codec, NULL, &blob.blob, all, N, &served, NULL), ZARRC_OK);
    assert_true(served);
    assert_true(blob.nread < 120);
    for (size_t i = 0; i < N; i++) {
      assert_int_equal(all[i].got.len, rows[i].len);
      assert_int_equal(all[i].total, 1000);
      if (rows[i].len) assert_memory_equal(all[i].got.ptr, bytes + rows[i].first, rows[i].len);
    }
    zarrc_ranges_release(all, N);
  }
  static const zarrc_range other[] = {{.nbytes = 900}, {.offset = 1001}, {.offset = -1001, .nbytes = 1}};
  for (size_t i = 0; i < 3; i++) {
    zarrc_range range = other[i];
    bool served = true;
    assert_int_equal(zarrc_codec_get_class(codec)->u.bb.read(codec, NULL, &blob.blob, &range, 1, &served, NULL),
                     ZARRC_OK);
    assert_false(served);
  }
  counting_blob_clear(&blob);
  counting_blob_init(&blob, *state, encoded, 999, false);
  zarrc_range range = {.nbytes = 8};
  bool served = true;
  assert_int_equal(zarrc_codec_get_class(codec)->u.bb.read(codec, NULL, &blob.blob, &range, 1, &served, NULL),
                   ZARRC_OK);
  assert_false(served);
  counting_blob_clear(&blob);
  free(bytes);
  free(encoded);
  zarrc_codec_close(codec);
}

static zarrc_status work(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *ctx = NULL;
  zarrc_codec *codec = NULL;
  zarrc_parts parts;
  zarrc_memory_blob blob;
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (status) return status;
  zarrc_parts_init(&parts, ctx);
  zarrc_buf out = zarrc_buf_new(ctx, 100);
  static const uint8_t bytes[100] = {1, 2, 3};
  zarrc_range range = {.offset = 5, .nbytes = 6};
  bool served;
  status = zarrc_codec_open(ctx, JSON("4"), sizeof JSON("4") - 1, &codec, NULL);
  if (!status) status = zarrc_parts_push(&parts, (zarrc_bytes){bytes, 100, NULL, NULL}, NULL);
  if (!status) status = zarrc_codec_get_class(codec)->u.bb.encode(codec, &parts, NULL);
  if (!status) status = zarrc_codec_get_class(codec)->u.bb.decode(codec, &parts.items[0], SIZE_MAX, &out, NULL);
  if (!status) {
    zarrc_memory_blob_init(&blob, ctx, parts.items[0].ptr, 100);
    status = zarrc_codec_get_class(codec)->u.bb.read(codec, NULL, &blob.blob, &range, 1, &served, NULL);
    if (!status) zarrc_ranges_release(&range, 1);
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
      cmocka_unit_test(json),   cmocka_unit_test(evolves), cmocka_unit_test(as_a_loop_has_it),
      cmocka_unit_test(damage), cmocka_unit_test(ranges),  cmocka_unit_test(out_of_memory),
  };
  return cmocka_run_group_tests(tests, bb_set_up, bb_tear_down);
}

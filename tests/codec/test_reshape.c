/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/faulty_alloc.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Shapes and errors, for a chunk of 2 x 3 x 4. */
static void shapes(void **state) {
  static const struct {
    const char *shape, *expected; /* or what the message says */
    zarrc_status status;
  } rows[] = {
      {"[24]", "24 ", ZARRC_OK},
      {"[-1]", "24 ", ZARRC_OK},
      {"[4, -1]", "4 6 ", ZARRC_OK},
      {"[[0, 1], [2]]", "6 4 ", ZARRC_OK},
      {"[[0], 3, [2]]", "2 3 4 ", ZARRC_OK},
      {"[[0, 1, 2], 1]", "24 1 ", ZARRC_OK},
      {"[1, [0], -1, [2]]", "1 2 3 4 ", ZARRC_OK},
      {"[[], 24]", "1 24 ", ZARRC_OK},
      {"[5, -1]", "24 elements do not have the shape", ZARRC_INVALID_METADATA},
      {"[23]", "24 elements do not have the shape", ZARRC_INVALID_METADATA},
      {"[]", "24 elements do not have the shape", ZARRC_INVALID_METADATA},
      {"[4611686018427387904, 4, [0]]", "24 elements do not have the shape", ZARRC_INVALID_METADATA},
      {"[[1], [0], 4]", "axes must be in increasing order", ZARRC_INVALID_METADATA},
      {"[[1, 0], 4]", "axes must be in increasing order", ZARRC_INVALID_METADATA},
      {"[[0, 3]]", "the chunk has no axis 3", ZARRC_INVALID_METADATA},
      {"[12, [0]]", "not as many elements before and after", ZARRC_INVALID_METADATA},
      {"[-1, -1]", "has -1 more than once", ZARRC_INVALID_METADATA},
      {"[0, 24]", "must be a positive integer", ZARRC_INVALID_METADATA},
      {"[\"a\"]", "must be a positive integer", ZARRC_INVALID_METADATA},
      {"[[32]]", "is no number of an axis", ZARRC_INVALID_METADATA},
      {"24", "must be a list", ZARRC_INVALID_METADATA},
      {"[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,24]", "the limit is 32", ZARRC_LIMIT},
  };
  zarrc_spec spec = chunk_spec(ZARRC_INT16, 3, (int64_t[]){2, 3, 4}), encoded = spec;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char json[300], text[300] = "";
    zarrc_codec *codec = NULL;
    zarrc_error error = {0};
    snprintf(json, sizeof json, "{\"name\": \"reshape\", \"configuration\": {\"shape\": %s}}", rows[i].shape);
    zarrc_status status = zarrc_codec_open(*state, json, strlen(json), &codec, &error);
    if (!status) status = zarrc_codec_validate(codec, &spec, NULL, &error);
    if (!status) status = zarrc_codec_resolve(codec, &spec, &encoded, &error);
    for (int k = 0; !status && k < encoded.ndim; k++)
      snprintf(text + strlen(text), sizeof text - strlen(text), "%lld ", (long long)encoded.shape[k]);
    if (status != rows[i].status || !strstr(status ? SAID(error) : text, rows[i].expected))
      fail_msg("%s: %s%s", rows[i].shape, text, SAID(error));
    zarrc_codec_close(codec);
  }
}

/* The elements stay in order, in any views, and parts can be read. */
static void elements_stay_in_order(void **state) {
  static const char codecs[] = "[{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 0, 2]}}, {\"name\": "
                               "\"reshape\", \"configuration\": {\"shape\": [-1, [2]]}}, {\"name\": \"transpose\", "
                               "\"configuration\": {\"order\": [1, 0]}}, {\"name\": \"bytes\", \"configuration\": "
                               "{\"endian\": \"big\"}}]";
  zarrc_spec spec = chunk_spec(ZARRC_INT16, 3, (int64_t[]){2, 3, 4});
  zarrc_pipeline *p = chunk_pipeline(*state, codecs, &spec);
  int16_t *numbers = chunk_numbers(&spec), got[24];
  size_t n;
  uint8_t *bytes = chunk_encode(*state, p, numbers, &n);
  assert_int_equal(n, 48);
  for (int i = 0; i < 24; i++) { /* element i of the encoded chunk: 4 x 6 turned to 6 x 4, of 3 x 2 x 4 turned */
    int column = i / 6, row = i % 6, number = (row % 2) * 12 + row / 2 * 4 + column;
    assert_int_equal(bytes[2 * i] << 8 | bytes[2 * i + 1], (uint16_t)numbers[number]);
  }
  zarrc_memory_blob blob;
  zarrc_memory_blob_init(&blob, *state, bytes, n);
  blob.present = true;
  zarrc_view to = zarrc_view_c(&spec.dtype, 3, spec.shape, got);
  assert_int_equal(zarrc_read(p, &blob.blob, NULL, &to, NULL, NULL), ZARRC_OK);
  assert_memory_equal(got, numbers, sizeof got);
  zarrc_region part = chunk_region(3, (int64_t[]){1, 0, 1}, (int64_t[]){1, 2, 2}, (int64_t[]){1, 2, 2});
  to = zarrc_view_c(&spec.dtype, 3, part.count, got);
  assert_int_equal(zarrc_read(p, &blob.blob, &part, &to, NULL, NULL), ZARRC_OK);
  for (int i = 0; i < 4; i++) assert_int_equal(got[i], numbers[12 + i / 2 * 8 + 1 + i % 2 * 2]);
  zarrc_memory_blob_clear(&blob);
  free(bytes);
  free(numbers);
  zarrc_pipeline_close(p);
}

static zarrc_status round_trip(const zarrc_ctx_options *options, void *arg) {
  static const char codecs[] = "[{\"name\": \"reshape\", \"configuration\": {\"shape\": [-1]}}, \"vlen-utf8\"]";
  zarrc_spec spec = chunk_spec(ZARRC_STRING, 2, (int64_t[]){2, 2});
  zarrc_text text[4] = {{(const uint8_t *)"d", 1}, {(const uint8_t *)"cc", 2}, {NULL, 0}, {(const uint8_t *)"a", 1}};
  zarrc_text got[4];
  zarrc_view from = zarrc_view_c(&spec.dtype, 2, spec.shape, text + 3),
             to = zarrc_view_c(&spec.dtype, 2, spec.shape, got);
  zarrc_ctx *ctx;
  (void)arg;
  from.stride[0] = -from.stride[0], from.stride[1] = -from.stride[1];
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (status) return status;
  status = zarrc_arena_open(ctx, &to.arena, NULL);
  if (!status) status = chunk_there_and_back(ctx, codecs, &spec, &from, &to, NULL, 0);
  if (!status) assert_true(got[0].len == 1 && got[0].ptr[0] == 'a' && got[2].len == 2 && got[3].ptr[0] == 'd');
  zarrc_arena_close(to.arena);
  zarrc_ctx_close(ctx);
  return status;
}

static void allocations_may_fail(void **state) {
  (void)state;
  assert_true(faulty_alloc_each(&(zarrc_ctx_options){.threads = 1}, round_trip, NULL) > 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shapes),
      cmocka_unit_test(elements_stay_in_order),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

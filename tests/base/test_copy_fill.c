/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/strided.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Any element, or NULL, into any view: as if it were copied plainly from a view that stands still. */
static void check(uint64_t *state, zarrc_dtype dtype, int ndim, const int64_t *shape) {
  static const int64_t nowhere[ZARRC_MAX_NDIM];
  const int kind = (int)random_below(state, 4);
  uint8_t *element = calloc(1, dtype.item_size);
  assert_non_null(element);
  for (uint32_t i = 0; i < dtype.item_size; i++) {
    if (kind == 0) element[i] = (uint8_t)random_u64(state);
    if (kind == 1) element[i] = 0x5a;
  }
  dtype.endian = (zarrc_endian)random_below(state, 2);
  strided dst = strided_new(state, &dtype, ndim, shape, false), plain = strided_copy(&dst);
  zarrc_view src = plain.view;
  src.data = element;
  src.dtype.endian = ZARRC_NATIVE;
  memcpy(src.stride, nowhere, sizeof nowhere);
  zarrc_copy_plain(&plain.view, &src);
  zarrc_fill(&dst.view, kind == 3 ? NULL : element);
  if (memcmp(dst.memory, plain.memory, dst.nbytes) != 0) {
    fail_msg("kind %d, rank %d, item %u, type %d", kind, ndim, dtype.item_size, (int)dtype.type);
  }
  strided_free(&dst);
  strided_free(&plain);
  free(element);
}

static void any_element_into_any_view(void **unused) {
  static const int64_t edges[6] = {1, 900, 60, 20, 10, 6};
  uint64_t seed = random_seed(), *state = &seed;
  (void)unused;
  for (int round = 0; round < 2000; round++) {
    static const zarrc_type types[] = {ZARRC_UINT8,   ZARRC_FLOAT16,   ZARRC_INT32,
                                       ZARRC_FLOAT64, ZARRC_COMPLEX64, ZARRC_COMPLEX128};
    const zarrc_dtype raw = {.type = ZARRC_RAW, .item_size = 1 + (uint32_t)random_below(state, 40)};
    const zarrc_dtype text = {.type = ZARRC_FIXED_UTF32, .item_size = 4 + 4 * (uint32_t)random_below(state, 9)};
    const int ndim = (int)random_below(state, 6);
    int64_t shape[6];
    for (int i = 0; i < ndim; i++) shape[i] = random_below(state, 1 + edges[ndim]) + (random_below(state, 30) != 0);
    check(state, round % 8 == 6 ? raw : round % 8 == 7 ? text : zarrc_dtype_of(types[round % 6]), ndim, shape);
  }
}

static void structs_in_both_byte_orders(void **unused) {
  const char *json = "{\"name\":\"struct\",\"configuration\":{\"fields\":[{\"name\":\"a\",\"data_type\":\"uint16\"},"
                     "{\"name\":\"b\",\"data_type\":\"uint8\"},{\"name\":\"c\",\"data_type\":\"float64\"}]}}";
  uint64_t seed = random_seed(), *state = &seed;
  zarrc_ctx *ctx = NULL;
  zarrc_dtype dtype;
  (void)unused;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_dtype_parse(ctx, json, &dtype, NULL), ZARRC_OK);
  for (int round = 0; round < 60; round++) check(state, dtype, 2, (int64_t[]){1 + round % 7, 9});
  zarrc_dtype_close(&dtype);
  zarrc_ctx_close(ctx);
}

static void text(void **unused) {
  const zarrc_dtype dtype = zarrc_dtype_of(ZARRC_STRING);
  const zarrc_text word = {(const uint8_t *)"word", 4};
  zarrc_text to[6];
  const zarrc_view view = zarrc_view_c(&dtype, 2, (int64_t[]){2, 3}, to);
  (void)unused;
  memset(to, 0xee, sizeof to);
  zarrc_fill(&view, &word);
  for (int i = 0; i < 6; i++) assert_memory_equal(&to[i], &word, sizeof word);
  zarrc_fill(&view, NULL);
  for (int i = 0; i < 6; i++) {
    assert_null(to[i].ptr);
    assert_int_equal(to[i].len, 0);
  }
}

/* Rows that are short enough to be copied from the first one, and rows that are not; past the caches too. */
static void long_rows(void **unused) {
  const zarrc_dtype dtype = zarrc_dtype_of(ZARRC_FLOAT32);
  static const int64_t rows[] = {16, 1000, 4096, 4100, 90000};
  const float value = 1.5F;
  (void)unused;
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    const size_t step = (size_t)rows[k] * 2 + 32, nrows = 3 + ((size_t)5 << 20) / (4 * step) / (k % 2 ? 1 : 40);
    float *memory = aligned_alloc(64, (step * nrows * 4 + 63) / 64 * 64);
    assert_non_null(memory);
    memset(memory, 0, step * nrows * 4);
    zarrc_view view = zarrc_view_c(&dtype, 2, (int64_t[]){(int64_t)nrows, rows[k]}, memory);
    view.stride[0] = (int64_t)step * 4;
    zarrc_fill(&view, &value);
    for (size_t i = 0; i < step * nrows; i++) {
      if (memory[i] != (i % step < (size_t)rows[k] ? value : 0)) fail_msg("rows of %d, %zu", (int)rows[k], i);
    }
    free(memory);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_element_into_any_view),
      cmocka_unit_test(structs_in_both_byte_orders),
      cmocka_unit_test(text),
      cmocka_unit_test(long_rows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

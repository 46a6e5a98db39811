/* SPDX-License-Identifier: MIT */
/* That every pair of types converts as NumPy does is in test_astype.c. Here: blocks of any length, and promotion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/convert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Blocks of any length convert like their elements do one by one. */
static void lengths(void **state) {
  (void)state;
  static const size_t counts[] = {0, 1, 2, 7, 511, 512, 513, 1100};
  uint64_t seed = 1;
  for (int from = ZARRC_BOOL; from <= ZARRC_COMPLEX128; from++) {
    for (int to = ZARRC_BOOL; to <= ZARRC_COMPLEX128; to++) {
      size_t in_item = zarrc_dtype_of((zarrc_type)from).item_size, out_item = zarrc_dtype_of((zarrc_type)to).item_size;
      for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        size_t n = counts[k];
        uint8_t *in = malloc(n * in_item + 1), *out = malloc(n * out_item + 1), one[16];
        for (size_t i = 0; i < n * in_item; i++) {
          seed = seed * 6364136223846793005u + 1442695040888963407u;
          in[i] = (uint8_t)(seed >> 60); /* no NaNs, whose payloads are nobody's business */
        }
        zarrc_convert((zarrc_type)from, (zarrc_type)to, in, out, n);
        for (size_t i = 0; i < n; i++) {
          _Alignas(16) uint8_t element[16];
          memcpy(element, in + i * in_item, in_item);
          zarrc_convert((zarrc_type)from, (zarrc_type)to, element, one, 1);
          assert_memory_equal(one, out + i * out_item, out_item);
        }
        free(in);
        free(out);
      }
    }
  }
}

/* What no integer can hold. */
static void out_of_range(void **state) {
  (void)state;
  const double in[] = {-1.9, 300, 5e9, -5e9, 1e300, -1e300, NAN, 18446744073709549568.0};
  const int8_t tiny[] = {-1, 44, 0, 0, 0, 0, 0, 0};
  const int32_t small[] = {-1, 300, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN};
  const uint32_t natural[] = {UINT32_MAX, 300, 0, 0x80000000u, 0, 0x80000000u, 0x80000000u, 0};
  const int64_t large[] = {-1, 300, 5000000000, -5000000000, INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN};
  const uint64_t top = (uint64_t)1 << 63;
  const uint64_t huge[] = {UINT64_MAX, 300, 5000000000u, 0 - (uint64_t)5000000000u, 0, top, top, 18446744073709549568u};
  uint8_t out[64];
  zarrc_convert(ZARRC_FLOAT64, ZARRC_INT8, in, out, 8);
  assert_memory_equal(out, tiny, sizeof tiny);
  zarrc_convert(ZARRC_FLOAT64, ZARRC_INT32, in, out, 8);
  assert_memory_equal(out, small, sizeof small);
  zarrc_convert(ZARRC_FLOAT64, ZARRC_UINT32, in, out, 8);
  assert_memory_equal(out, natural, sizeof natural);
  zarrc_convert(ZARRC_FLOAT64, ZARRC_INT64, in, out, 8);
  assert_memory_equal(out, large, sizeof large);
  zarrc_convert(ZARRC_FLOAT64, ZARRC_UINT64, in, out, 8);
  assert_memory_equal(out, huge, sizeof huge);
}

static void promotion(void **state) {
  (void)state;
  static const struct {
    zarrc_type a, b, result;
  } rows[] = {
      {ZARRC_BOOL, ZARRC_BOOL, ZARRC_BOOL},
      {ZARRC_BOOL, ZARRC_UINT8, ZARRC_UINT8},
      {ZARRC_INT8, ZARRC_INT32, ZARRC_INT32},
      {ZARRC_UINT8, ZARRC_INT8, ZARRC_INT16},
      {ZARRC_UINT16, ZARRC_INT64, ZARRC_INT64},
      {ZARRC_UINT32, ZARRC_INT16, ZARRC_INT64},
      {ZARRC_UINT64, ZARRC_INT8, ZARRC_FLOAT64},
      {ZARRC_INT8, ZARRC_FLOAT16, ZARRC_FLOAT16},
      {ZARRC_UINT16, ZARRC_FLOAT16, ZARRC_FLOAT32},
      {ZARRC_INT32, ZARRC_FLOAT32, ZARRC_FLOAT64},
      {ZARRC_FLOAT32, ZARRC_FLOAT64, ZARRC_FLOAT64},
      {ZARRC_COMPLEX64, ZARRC_INT16, ZARRC_COMPLEX64},
      {ZARRC_COMPLEX64, ZARRC_INT32, ZARRC_COMPLEX128},
      {ZARRC_COMPLEX64, ZARRC_FLOAT64, ZARRC_COMPLEX128},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(zarrc_promote(rows[i].a, rows[i].b), rows[i].result);
    assert_int_equal(zarrc_promote(rows[i].b, rows[i].a), rows[i].result);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lengths),
      cmocka_unit_test(out_of_range),
      cmocka_unit_test(promotion),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

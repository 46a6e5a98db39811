/* SPDX-License-Identifier: MIT */
/* The arithmetic itself is compared with NumPy's in the tests of the codecs. Here: blocks of any length, and carries.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/filter_loops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sums in blocks of any length are what one element after the other gives, and differences take them back. */
static void sums_and_differences(void **state) {
  (void)state;
  static const zarrc_type types[] = {ZARRC_INT8,    ZARRC_UINT8,     ZARRC_INT16,     ZARRC_UINT16,  ZARRC_INT32,
                                     ZARRC_UINT32,  ZARRC_INT64,     ZARRC_UINT64,    ZARRC_FLOAT16, ZARRC_FLOAT32,
                                     ZARRC_FLOAT64, ZARRC_COMPLEX64, ZARRC_COMPLEX128};
  uint64_t seed = 7;
  for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
    size_t item = zarrc_dtype_of(types[t]).item_size;
    for (size_t n = 0; n < 70; n++) {
      _Alignas(16) uint8_t in[70 * 16], out[70 * 16], back[70 * 16], one[16];
      zarrc_delta_carry whole = {0}, single = {0}, differences = {0};
      for (size_t i = 0; i < n * item; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        in[i] = (uint8_t)(seed >> 56);
      }
      if (types[t] >= ZARRC_FLOAT16) memset(in, 0, sizeof in);
      zarrc_sum_loop(types[t], &whole, in, out, n / 2);
      zarrc_sum_loop(types[t], &whole, in + n / 2 * item, out + n / 2 * item, n - n / 2);
      for (size_t i = 0; i < n; i++) {
        zarrc_sum_loop(types[t], &single, in + i * item, one, 1);
        assert_memory_equal(one, out + i * item, item);
      }
      zarrc_delta_loop(types[t], &differences, out, back, n / 3);
      zarrc_delta_loop(types[t], &differences, out + n / 3 * item, back + n / 3 * item, n - n / 3);
      assert_memory_equal(back, in, n * item);
    }
  }
}

/* Rounding is rint. */
static void rounding(void **state) {
  (void)state;
  const double hard[] = {0.5,     1.5,      2.5,       -0.5, -1.5,      0.49999999999999994, 4503599627370495.5,  1e300,
                         -1e-300, INFINITY, -INFINITY, -0.0, 8388607.5, 8388608.5,           -2251799813685247.5, 0.1};
  zarrc_scale_values values = {.offset = 0, .scale = 1};
  double real[16];
  float single[16];
  memcpy(real, hard, sizeof real);
  for (int i = 0; i < 16; i++) single[i] = (float)hard[i];
  zarrc_scale_loop(ZARRC_FLOAT64, &values, ZARRC_SCALE_ENCODE, real, real, 16);
  zarrc_scale_loop(ZARRC_FLOAT32, &values, ZARRC_SCALE_MULTIPLY, single, single, 16);
  for (int i = 0; i < 16; i++) {
    double expected = rint(hard[i]);
    float narrow = rintf((float)hard[i]);
    assert_memory_equal(&real[i], &expected, sizeof expected);
    assert_memory_equal(&single[i], &narrow, sizeof narrow);
  }
}

/* Dividing by a power of two is multiplying, with the same result for every number. */
static void powers_of_two(void **state) {
  (void)state;
  const double scales[] = {0.25, -8, 0x1p-1000, 0x1p1000, 0x1p-1040, 3, 0};
  const double in[] = {1, -7, 5e-324, 1e308, 3.3, INFINITY};
  for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
    zarrc_scale_values values = {.offset = 0, .scale = scales[s]};
    double real[6];
    memcpy(real, in, sizeof real);
    zarrc_scale_loop(ZARRC_FLOAT64, &values, ZARRC_SCALE_DECODE, real, real, 6);
    for (int i = 0; i < 6; i++) {
      double expected = in[i] / scales[s] + 0.0;
      assert_memory_equal(&real[i], &expected, sizeof expected);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sums_and_differences),
      cmocka_unit_test(rounding),
      cmocka_unit_test(powers_of_two),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

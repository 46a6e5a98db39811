/* SPDX-License-Identifier: MIT */
/* What the vectors make of the beginning of elements is what the plain loops make of each alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/convert.h"
#include "codec/filter_loops_avx2.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N 203

static uint64_t seed = 5;
static uint64_t draw(void) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return seed >> 11;
}

static double number(void) {
  static const double hard[] = {0.5,       -0.5,         1.5,           2.5,   -0.0,  INFINITY,
                                -INFINITY, 2147483648.0, -2147483649.0, 1e300, 5e-324};
  return draw() % 4 == 0 ? hard[draw() % 11] : ((double)(draw() % 2000000) - 1000000) / 128;
}

static void scaling(void **state) {
  (void)state;
  static const double scales[] = {1, 0.25, 3, 0.1, -1000, 0x1p-1030};
  for (int op = ZARRC_SCALE_SUBTRACT; op <= ZARRC_SCALE_ROUND; op++) {
    for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
      zarrc_scale_values values = {.offset = 1.5, .scale = scales[s]};
      double in[N], out[N], one;
      float narrow[N], small[N], single;
      for (int i = 0; i < N; i++) narrow[i] = (float)(in[i] = number());
      zarrc_scale_loop(ZARRC_FLOAT64, &values, (zarrc_scale_op)op, in, out, N);
      zarrc_scale_loop(ZARRC_FLOAT32, &values, (zarrc_scale_op)op, narrow, small, N);
      for (int i = 0; i < N; i++) {
        zarrc_scale_loop(ZARRC_FLOAT64, &values, (zarrc_scale_op)op, &in[i], &one, 1);
        zarrc_scale_loop(ZARRC_FLOAT32, &values, (zarrc_scale_op)op, &narrow[i], &single, 1);
        assert_true((isnan(one) && isnan(out[i])) || memcmp(&one, &out[i], sizeof one) == 0);
        assert_true((isnan(single) && isnan(small[i])) || memcmp(&single, &small[i], sizeof single) == 0);
      }
    }
  }
}

static void conversions(void **state) {
  (void)state;
  static const zarrc_type integers[] = {ZARRC_INT8, ZARRC_UINT8, ZARRC_INT16, ZARRC_UINT16, ZARRC_INT32, ZARRC_UINT32};
  for (size_t t = 0; t < sizeof integers / sizeof *integers; t++) {
    size_t item = zarrc_dtype_of(integers[t]).item_size;
    double in[N];
    float narrow[N];
    uint8_t out[N * 4 + 1], one[4];
    for (int i = 0; i < N; i++) narrow[i] = (float)(in[i] = i % 50 == 7 ? NAN : number());
    for (int single = 0; single < 2; single++) {
      zarrc_type from = single ? ZARRC_FLOAT32 : ZARRC_FLOAT64;
      out[N * item] = 0xa5;
      zarrc_convert(from, integers[t], single ? (void *)narrow : (void *)in, out, N);
      for (int i = 0; i < N; i++) {
        zarrc_convert(from, integers[t], single ? (void *)&narrow[i] : (void *)&in[i], one, 1);
        assert_memory_equal(one, out + (size_t)i * item, item);
      }
      assert_int_equal(out[N * item], 0xa5);
    }
  }
}

static void bits(void **state) {
  (void)state;
  uint8_t in[96], packed[12], back[97];
  for (int round = 0; round < 50; round++) {
    for (size_t i = 0; i < sizeof in; i++) in[i] = (uint8_t)(draw() % 3 == 0 ? 1 + draw() % 255 : 0);
    size_t n = zarrc_pack_avx2(in, packed, sizeof in);
    if (n == 0) skip();
    assert_int_equal(n, sizeof in);
    for (size_t i = 0; i < n; i++) assert_int_equal(packed[i / 8] >> (7 - i % 8) & 1, in[i] != 0);
    back[n] = 0xa5;
    assert_int_equal(zarrc_unpack_avx2(packed, back, n), n);
    for (size_t i = 0; i < n; i++) assert_int_equal(back[i], in[i] != 0);
    assert_int_equal(back[n], 0xa5);
    assert_int_equal(zarrc_unpack_avx2(packed, back, 31), 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(scaling),
      cmocka_unit_test(conversions),
      cmocka_unit_test(bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

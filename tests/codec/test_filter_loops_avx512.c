/* SPDX-License-Identifier: MIT */
/* What the vectors, with AVX2 and with AVX-512, make of the beginning of elements is what the plain loops make of each
 * alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/convert.h"
#include "codec/filter_loops_avx2.h"
#include "codec/filter_loops_avx512.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N 203

typedef size_t (*cast_fn)(zarrc_type from, zarrc_type to, const zarrc_scale_values *values, const void *in, void *out,
                          size_t n);
typedef size_t (*sum_fn)(size_t item, void *sum, const void *in, void *out, size_t n);

static uint64_t seed = 5;
static uint64_t draw(void) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return seed >> 11;
}

static size_t size_of(zarrc_type type) {
  return zarrc_dtype_of(type).item_size;
}

/* Whether this machine runs the function; else it says that it has done nothing. */
static bool has_sums(sum_fn fn) {
  uint8_t in[N] = {0}, out[N], sum = 0;
  return fn(1, &sum, in, out, N) != 0;
}

static void check_sums(sum_fn fn) {
  if (!has_sums(fn)) skip();
  static const size_t items[] = {1, 2, 4, 8};
  for (size_t t = 0; t < sizeof items / sizeof *items; t++)
    for (size_t n = 0; n < N; n++) {
      uint8_t in[N * 8], out[N * 8 + 1];
      uint64_t sum = draw(), expected = sum;
      for (size_t i = 0; i < n * items[t]; i++) in[i] = (uint8_t)draw();
      out[n * items[t]] = 0xa5;
      size_t done = fn(items[t], &sum, in, out, n);
      assert_true(done <= n && n - done < 64 / items[t]);
      for (size_t i = 0; i < done; i++) {
        uint64_t x = 0;
        memcpy(&x, in + i * items[t], items[t]);
        expected += x;
        assert_memory_equal(&expected, out + i * items[t], items[t]);
      }
      assert_memory_equal(&expected, &sum, items[t]);
      assert_int_equal(out[n * items[t]], 0xa5);
    }
}

static void sums_avx2(void **state) {
  (void)state;
  check_sums(zarrc_sum_avx2);
}
static void sums_avx512(void **state) {
  (void)state;
  check_sums(zarrc_sum_avx512);
}

/* Scales whose inverses are exact, nearly, or as wrong as can be. */
static const double scales[] = {1,       0.25, 10, 100, 0.1, 1e5, 3, -7, 255, 0.01, -1000, 1e-7, 0x1.fffffffffffffp3,
                                0x1p-800};

/* Random numbers, also on and beyond the ends of integers. */
static double number(void) {
  static const double hard[] = {0.5,       -0.5, 1.5,          2.5,           -0.0,          INFINITY,
                                -INFINITY, NAN,  2147483647.5, -2147483648.5, -2147483649.0, 5e-324};
  return draw() % 4 == 0 ? hard[draw() % 12] : ((double)(draw() % 2000000) - 1000000) / 128;
}

/* Computes elements one by one: without vectors. */
static void check_cast(cast_fn fn, zarrc_scale_op op, zarrc_type from, zarrc_type to) {
  zarrc_type type = from == ZARRC_FLOAT32 ? ZARRC_FLOAT32 : ZARRC_FLOAT64;
  for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
    const zarrc_scale_values values = {.offset = s % 2 ? 0.3 : 10, .scale = scales[s]};
    _Alignas(16) uint8_t in[N * 8], out[N * 8 + 1];
    for (size_t i = 0; i < sizeof in; i++) in[i] = (uint8_t)draw();
    for (size_t i = 0; i < N && from >= ZARRC_FLOAT16; i++) {
      double x = number();
      zarrc_convert(ZARRC_FLOAT64, from, &x, in + i * size_of(from), 1);
    }
    out[N * size_of(to)] = 0xa5;
    size_t done = fn(from, to, &values, in, out, N);
    assert_true(done <= N);
    for (size_t i = 0; i < done; i++) {
      _Alignas(8) uint8_t x[8], y[8], expected[8], element[8];
      memcpy(element, in + i * size_of(from), size_of(from));
      zarrc_convert(from, type, element, x, 1);
      zarrc_scale_loop(type, &values, op, x, y, 1);
      zarrc_convert(type, to, y, expected, 1);
      if (memcmp(expected, out + i * size_of(to), size_of(to)) != 0)
        fail_msg("types %d and %d, scale %a: element %zu", (int)from, (int)to, scales[s], i);
    }
    assert_int_equal(out[N * size_of(to)], 0xa5);
  }
}

/* Whether there are vectors for two types, which all functions here have in common. */
static bool is_narrow(zarrc_type type) {
  return zarrc_is_integer(type) && size_of(type) <= 4 && type != ZARRC_UINT32;
}

static void check_casts(cast_fn fn, zarrc_scale_op op) {
  for (zarrc_type from = ZARRC_INT8; from <= ZARRC_FLOAT64; from++)
    for (zarrc_type to = ZARRC_INT8; to <= ZARRC_FLOAT64; to++)
      if (is_narrow(from) || !is_narrow(to) || op == ZARRC_SCALE_ENCODE) check_cast(fn, op, from, to);
}

static void unscaling_avx2(void **state) {
  (void)state;
  check_casts(zarrc_unscale_avx2, ZARRC_SCALE_DECODE);
}
static void unscaling_avx512(void **state) {
  (void)state;
  check_casts(zarrc_unscale_avx512, ZARRC_SCALE_DECODE);
}
static void scaling_avx512(void **state) {
  (void)state;
  check_casts(zarrc_scale_avx512, ZARRC_SCALE_ENCODE);
}

/* Quotients are those of the division, for all kinds of scales. */
static void check_quotients(cast_fn fn) {
  for (int round = 0; round < 20000; round++) {
    int32_t in[16];
    double out[16], scale;
    uint64_t bits = draw() << 11 >> 12 | (uint64_t)(round % 2) << 63 | (uint64_t)(1023 - 60 + draw() % 120) << 52;
    if (round % 7 == 0) bits |= 0xffffffffffff0u;
    memcpy(&scale, &bits, sizeof scale);
    if (round % 5 == 0) scale = (double)(1 + draw() % 1000);
    zarrc_scale_values values = {.offset = -0.0, .scale = scale};
    for (int i = 0; i < 16; i++) in[i] = (int32_t)(draw() >> draw() % 32) * (i % 2 ? 1 : -1);
    in[7] = 0;
    if (fn(ZARRC_INT32, ZARRC_FLOAT64, &values, in, out, 16) == 0) skip();
    for (int i = 0; i < 16; i++) {
      double expected = in[i] / scale + -0.0;
      if (memcmp(&out[i], &expected, sizeof expected) != 0) fail_msg("%d / %a is %a", (int)in[i], scale, out[i]);
    }
  }
}

static void quotients_avx2(void **state) {
  (void)state;
  check_quotients(zarrc_unscale_avx2);
}
static void quotients_avx512(void **state) {
  (void)state;
  check_quotients(zarrc_unscale_avx512);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sums_avx2),        cmocka_unit_test(sums_avx512),    cmocka_unit_test(unscaling_avx2),
      cmocka_unit_test(unscaling_avx512), cmocka_unit_test(scaling_avx512), cmocka_unit_test(quotients_avx2),
      cmocka_unit_test(quotients_avx512),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

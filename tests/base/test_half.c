/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/half.h"

#include <math.h>

static uint64_t fnv(uint64_t h, uint64_t bits, int nbytes) {
  for (int i = 0; i < nbytes; i++) h = (h ^ (bits >> 8 * i & 0xff)) * 0x100000001b3u;
  return h;
}

static uint64_t bits_of(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static double double_of(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static void every_half_comes_back(void **state) {
  (void)state;
  for (uint32_t half = 0; half < 65536; half++) {
    assert_int_equal(zarrc_half_from_double(zarrc_half_to_double((uint16_t)half)), half);
  }
}

/* The sums were made with Python's struct.unpack("<e") of every half that is no NaN, and with struct.pack("<e") of the
 * numbers made here, overflow taken as infinity. */
static void same_as_python(void **state) {
  (void)state;
  uint64_t sum = 0xcbf29ce484222325u;
  for (uint32_t half = 0; half < 65536; half++) {
    double value = zarrc_half_to_double((uint16_t)half);
    assert_int_equal(isnan(value) != 0, (half & 0x7fff) > 0x7c00);
    if (!isnan(value)) sum = fnv(sum, bits_of(value), 8);
  }
  assert_true(sum == 0xce06a8dff454bf05u);

  sum = 0xcbf29ce484222325u;
  uint64_t x = 1;
  for (int i = 0; i < 100000; i++) {
    x = x * 6364136223846793005u + 1442695040888963407u;
    uint64_t bits = x >> 63 << 63 | (1023 - 30 + (x >> 52) % 51) << 52 | (x << 8 & 0xfffffffffffffu);
    if (i % 3 == 0) bits &= ~(((uint64_t)1 << 41) - 1);
    sum = fnv(sum, zarrc_half_from_double(double_of(bits)), 2);
  }
  assert_true(sum == 0x6e1cd1f3b3816438u);
}

static void edges(void **state) {
  (void)state;
  static const struct {
    double value;
    uint16_t half;
  } cases[] = {
      {65504, 0x7bff},          {65519.99, 0x7bff}, {65520, 0x7c00},      {1e10, 0x7c00},
      {-INFINITY, 0xfc00},      {0x1p-24, 1},       {0x1p-25, 0},         {0x1.8p-25, 1},
      {0x1.0000001p-25, 1},     {0x1.8p-24, 2},     {-0.0, 0x8000},       {5e-324, 0},
      {0x1.ffcp-15, 0x3ff + 1}, {0x1p-14, 0x400},   {0x1.ff8p-15, 0x3ff}, {0.1, 0x2e66},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(zarrc_half_from_double(cases[i].value), cases[i].half);
  }
  assert_int_equal(zarrc_half_from_double(double_of(0x7ff0000000000001)), 0x7e00); /* a NaN must stay one */
  assert_int_equal(zarrc_half_from_double(double_of(0xfff8040000000000)), 0xfe01);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_half_comes_back),
      cmocka_unit_test(same_as_python),
      cmocka_unit_test(edges),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

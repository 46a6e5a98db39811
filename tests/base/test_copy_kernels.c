/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/copy.h"
#include "base/copy_swap.h"
#include "support/strided.h"

#include <stdlib.h>
#include <string.h>

static void kernels_agree_with_bytes(void **state) {
  (void)state;
  check_kernels(&zarrc_copy_kernels_base, 120);
}

static void words_turn_round_by_units(void **state) {
  (void)state;
  assert_int_equal(zarrc_swap_u16(0x0102, 1), 0x0102);
  assert_int_equal(zarrc_swap_u16(0x0102, 2), 0x0201);
  assert_int_equal(zarrc_swap_u32(0x01020304, 1), 0x01020304);
  assert_int_equal(zarrc_swap_u32(0x01020304, 2), 0x02010403);
  assert_int_equal(zarrc_swap_u32(0x01020304, 4), 0x04030201);
  assert_true(zarrc_swap_u64(0x0102030405060708, 1) == 0x0102030405060708);
  assert_true(zarrc_swap_u64(0x0102030405060708, 2) == 0x0201040306050807);
  assert_true(zarrc_swap_u64(0x0102030405060708, 4) == 0x0403020108070605);
  assert_true(zarrc_swap_u64(0x0102030405060708, 8) == 0x0807060504030201);
}

/* Every size of element with every unit in it, steps in both directions, nothing written in between. */
static void items_one_by_one(void **state) {
  uint8_t src[400], dst[400], plain[400];
  (void)state;
  for (size_t i = 0; i < sizeof src; i++) src[i] = (uint8_t)(i * 37);
  for (unsigned item = 1; item <= 16; item *= 2) {
    for (unsigned unit = 1; unit <= 8 && unit <= item; unit *= 2) {
      for (int64_t n = 1; n <= 9; n++) {
        const zarrc_copy_block b = {
            dst + 1, src + 399 - item, {2, (int64_t)item * n + n, -3}, {n, item + 1, -(int64_t)item - 1}};
        memset(dst, 0x55, sizeof dst);
        memset(plain, 0x55, sizeof plain);
        zarrc_copy_items(&b, item, unit);
        for (int64_t i = 0; i < 2; i++) {
          for (int64_t j = 0; j < n; j++) {
            for (unsigned k = 0; k < item; k++) {
              plain[1 + i * (item * n + n) + j * (item + 1) + k] =
                  src[399 - item - 3 * i - j * (item + 1) + k / unit * unit + (unit - 1 - k % unit)];
            }
          }
        }
        assert_memory_equal(dst, plain, sizeof dst);
      }
    }
  }
}

static void repeats(void **state) {
  (void)state;
  const size_t sizes[] = {1, 2, 3, 8, 13, 16, 40, 1000};
  for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
    const int64_t counts[] = {1, 2, 3, 7, 64, 40000 / (int64_t)sizes[k]};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
      for (int uniform = 0; uniform < 2; uniform++) {
        const size_t nbytes = sizes[k] * (size_t)counts[c];
        uint8_t *p = malloc(nbytes);
        assert_non_null(p);
        for (size_t i = 0; i < nbytes; i++) p[i] = (uint8_t)(i < sizes[k] ? (uniform ? 7 : i * 31 + 1) : 0xee);
        zarrc_copy_repeat(p, sizes[k], counts[c]);
        for (size_t i = sizes[k]; i < nbytes; i++) assert_int_equal(p[i], p[i % sizes[k]]);
        for (size_t i = 0; i < sizes[k]; i++) assert_int_equal(p[i], (uint8_t)(uniform ? 7 : i * 31 + 1));
        free(p);
      }
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kernels_agree_with_bytes),
      cmocka_unit_test(words_turn_round_by_units),
      cmocka_unit_test(items_one_by_one),
      cmocka_unit_test(repeats),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

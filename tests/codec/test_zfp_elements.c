/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/zfp_elements.h"

#include <string.h>

/* Every number of up to 16 bits has a place of its own, in order, and comes back. */
static void small_integers(void **state) {
  static const struct {
    zarrc_type type;
    int nbits;
    bool is_signed;
  } rows[] = {{ZARRC_INT2, 2, true},   {ZARRC_INT4, 4, true},   {ZARRC_INT8, 8, true},   {ZARRC_INT16, 16, true},
              {ZARRC_UINT2, 2, false}, {ZARRC_UINT4, 4, false}, {ZARRC_UINT8, 8, false}, {ZARRC_UINT16, 16, false}};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_zfp_kind k = zarrc_zfp_kind_of(rows[i].type, false);
    int half = 1 << (rows[i].nbits - 1), first = rows[i].is_signed ? -half : 0;
    assert_int_equal(k.type, ZARRC_ZFP_INT32);
    assert_int_equal(zarrc_zfp_kind_of(rows[i].type, true).type, ZARRC_ZFP_NONE);
    for (int x = first; x < first + 2 * half; x++) {
      uint16_t wide = (uint16_t)x, back = 0;
      uint8_t narrow = (uint8_t)(x & (2 * half - 1)), narrow_back = 0;
      int32_t stored;
      bool is_wide = rows[i].nbits == 16;
      assert_true(zarrc_zfp_elements_to(&k, is_wide ? (void *)&wide : &narrow, &stored, 1));
      assert_int_equal(stored, (int64_t)(x - first - half) * ((int64_t)1 << (31 - rows[i].nbits)));
      zarrc_zfp_elements_from(&k, &stored, is_wide ? (void *)&back : &narrow_back, 1);
      assert_int_equal(is_wide ? back : narrow_back, is_wide ? wide : narrow);
    }
  }
}

/* What a lossy mode makes of them may be out of range. */
static void the_nearest_number(void **state) {
  static const int32_t stored[] = {INT32_MIN, INT32_MAX};
  zarrc_zfp_kind signed8 = zarrc_zfp_kind_of(ZARRC_INT8, false), unsigned8 = zarrc_zfp_kind_of(ZARRC_UINT8, false);
  int8_t s[2];
  uint8_t u[2];
  (void)state;
  zarrc_zfp_elements_from(&signed8, stored, s, 2);
  zarrc_zfp_elements_from(&unsigned8, stored, u, 2);
  assert_true(s[0] == -128 && s[1] == 127 && u[0] == 0 && u[1] == 255);
}

static void large_unsigned_integers(void **state) {
  zarrc_zfp_kind k32 = zarrc_zfp_kind_of(ZARRC_UINT32, false), k64 = zarrc_zfp_kind_of(ZARRC_UINT64, false);
  uint32_t narrow[] = {7, INT32_MAX, 0x80000000u}, out[3];
  uint64_t wide[] = {7, INT64_MAX, UINT64_MAX}, out64[3];
  int32_t negative[] = {-1, 5, INT32_MIN};
  (void)state;
  assert_true(zarrc_zfp_elements_to(&k32, narrow, out, 2));
  assert_memory_equal(out, narrow, 8);
  assert_false(zarrc_zfp_elements_to(&k32, narrow, out, 3));
  assert_true(zarrc_zfp_elements_to(&k64, wide, out64, 2));
  assert_false(zarrc_zfp_elements_to(&k64, wide, out64, 3));
  zarrc_zfp_elements_from(&k32, negative, out, 3);
  assert_true(out[0] == 0 && out[1] == 5 && out[2] == 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(small_integers), cmocka_unit_test(the_nearest_number),
                                     cmocka_unit_test(large_unsigned_integers)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

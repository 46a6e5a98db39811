/* SPDX-License-Identifier: MIT */
/* The oracle of the copy engine against bytes written down by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/copy.h"

#include <string.h>

static void axes_in_another_order(void **state) {
  const zarrc_dtype dtype = zarrc_dtype_of(ZARRC_UINT8);
  uint8_t from[6] = {1, 2, 3, 4, 5, 6}, to[8];
  zarrc_view src = zarrc_view_c(&dtype, 2, (int64_t[]){2, 3}, from), dst = src;
  (void)state;
  memset(to, 0xee, sizeof to);
  dst.data = to + 1;
  dst.stride[0] = 1;
  dst.stride[1] = 2;
  zarrc_copy_plain(&dst, &src);
  assert_memory_equal(to, ((uint8_t[]){0xee, 1, 4, 2, 5, 3, 6, 0xee}), sizeof to);
}

static void backwards_with_gaps_and_standing_still(void **state) {
  const zarrc_dtype dtype = zarrc_dtype_of(ZARRC_UINT8);
  uint8_t from[3] = {1, 2, 3}, to[12];
  zarrc_view src = zarrc_view_c(&dtype, 2, (int64_t[]){2, 3}, from), dst = src;
  (void)state;
  memset(to, 0xee, sizeof to);
  src.stride[0] = 0;
  dst.data = to + 4;
  dst.stride[0] = 7;
  dst.stride[1] = -2;
  zarrc_copy_plain(&dst, &src);
  assert_memory_equal(to, ((uint8_t[]){3, 0xee, 2, 0xee, 1, 0xee, 0xee, 3, 0xee, 2, 0xee, 1}), sizeof to);
}

/* One element of each kind in the two byte orders. */
static void byte_orders(void **state) {
  static const struct {
    zarrc_type type;
    uint32_t nbytes;
    uint8_t swapped[16]; /* of 1, 2, 3, ... */
  } cases[] = {
      {ZARRC_BOOL, 1, {1}},
      {ZARRC_UINT8, 1, {1}},
      {ZARRC_INT16, 2, {2, 1}},
      {ZARRC_FLOAT16, 2, {2, 1}},
      {ZARRC_FLOAT32, 4, {4, 3, 2, 1}},
      {ZARRC_INT64, 8, {8, 7, 6, 5, 4, 3, 2, 1}},
      {ZARRC_DATETIME64, 8, {8, 7, 6, 5, 4, 3, 2, 1}},
      {ZARRC_TIMEDELTA64, 8, {8, 7, 6, 5, 4, 3, 2, 1}},
      {ZARRC_COMPLEX64, 8, {4, 3, 2, 1, 8, 7, 6, 5}},
      {ZARRC_COMPLEX128, 16, {8, 7, 6, 5, 4, 3, 2, 1, 16, 15, 14, 13, 12, 11, 10, 9}},
      {ZARRC_FIXED_UTF32, 12, {4, 3, 2, 1, 8, 7, 6, 5, 12, 11, 10, 9}},
      {ZARRC_RAW, 5, {1, 2, 3, 4, 5}},
      {ZARRC_NULL_TERMINATED, 4, {1, 2, 3, 4}},
      {ZARRC_STRING, 16, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint8_t from[16], to[16] = {0}, same[16] = {0};
    const zarrc_dtype dtype = {.type = cases[i].type, .item_size = cases[i].nbytes, .endian = ZARRC_BIG};
    zarrc_view src = zarrc_view_c(&dtype, 0, NULL, from), dst = src;
    for (int k = 0; k < 16; k++) from[k] = (uint8_t)(k + 1);
    dst.data = to;
    dst.dtype.endian = ZARRC_LITTLE;
    zarrc_copy_plain(&dst, &src);
    assert_memory_equal(to, cases[i].swapped, cases[i].nbytes);
    dst.data = same;
    dst.dtype.endian = ZARRC_BIG;
    zarrc_copy_plain(&dst, &src);
    assert_memory_equal(same, from, cases[i].nbytes);
  }
}

/* uint16 1, uint8 2, float64 1.5: the bytes that zarr-python stores. */
static void structs_field_by_field(void **state) {
  const uint8_t big[11] = {0, 1, 2, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0}, little[11] = {1, 0, 2, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f};
  uint8_t to[11];
  zarrc_ctx *ctx = NULL;
  zarrc_dtype dtype;
  (void)state;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_int_equal(
      zarrc_dtype_parse(ctx,
                        "{\"name\":\"struct\",\"configuration\":{\"fields\":[{\"name\":\"a\",\"data_type\":\"uint16\"},"
                        "{\"name\":\"b\",\"data_type\":\"uint8\"},{\"name\":\"c\",\"data_type\":\"float64\"}]}}",
                        &dtype, NULL),
      ZARRC_OK);
  zarrc_copy_element(&dtype, to, big, true);
  assert_memory_equal(to, little, sizeof to);
  zarrc_copy_element(&dtype, to, little, true);
  assert_memory_equal(to, big, sizeof to);
  zarrc_copy_element(&dtype, to, little, false);
  assert_memory_equal(to, little, sizeof to);
  zarrc_dtype_close(&dtype);
  zarrc_ctx_close(ctx);
}

static void nothing_to_copy(void **state) {
  const zarrc_dtype dtype = zarrc_dtype_of(ZARRC_UINT8);
  const zarrc_view none = zarrc_view_c(&dtype, 3, (int64_t[]){4, 0, 4}, NULL);
  (void)state;
  zarrc_copy_plain(&none, &none);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(axes_in_another_order), cmocka_unit_test(backwards_with_gaps_and_standing_still),
      cmocka_unit_test(byte_orders),           cmocka_unit_test(structs_field_by_field),
      cmocka_unit_test(nothing_to_copy),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/strided.h"

#include <stdlib.h>
#include <string.h>

#define F16 ZARRC_FLOAT16
#define F32 ZARRC_FLOAT32
#define F64 ZARRC_FLOAT64
#define C64 ZARRC_COMPLEX64
#define NAT 0x8000000000000000u

/* What zarr-python 3.4.2 answered for the same bits, in an array of one element. */
static const struct {
  zarrc_type type;
  uint64_t element, fill;
  bool equal;
} answers[] = {
    {F32, 0x80000000, 0x00000000, false},
    {F32, 0x00000000, 0x80000000, false},
    {F32, 0x00000000, 0x00000000, true},
    {F32, 0x7fc00000, 0x7fc00000, true},
    {F32, 0xffc00001, 0x7fc00000, true},
    {F32, 0x7f800001, 0xffc00000, true},
    {F32, 0x7f800000, 0x7fc00000, false},
    {F32, 0x3fc00000, 0x7fc00000, false},
    {F32, 0x7fc00000, 0x3fc00000, false},
    {F32, 0x3fc00000, 0x3fc00000, true},
    {F16, 0x7e01, 0xfe00, true},
    {F16, 0x7c00, 0x7e00, false},
    {F16, 0x8000, 0x0000, false},
    {F64, 0x7ff0000000000001, 0xfff8000000000000, true},
    {F64, 0x7ff0000000000000, 0x7ff8000000000000, false},
    {F64, 0x8000000000000000, 0, false},
    {C64, 0x8000000080000000, 0, true},                  /* -0-0j, 0 */
    {C64, 0x800000003f800000, 0x3f800000, true},         /* 1-0j, 1 */
    {C64, 0x3f80000000000000, 0x3f800000, false},        /* 1j, 1 */
    {C64, 0x3f8000007fc00000, 0x7fc0000040000000, true}, /* nan+1j, 2+nanj */
    {C64, 0x7fc0000000000000, 0, false},
    {C64, 0, 0x000000007fc00000, false},
    {ZARRC_DATETIME64, NAT, NAT, true},
    {ZARRC_TIMEDELTA64, NAT, NAT, true},
    {ZARRC_DATETIME64, 0, NAT, false},
    {ZARRC_BOOL, 2, 1, true},
    {ZARRC_BOOL, 2, 0, false},
    {ZARRC_BOOL, 0, 1, false},
    {ZARRC_INT32, 0x7fc00000, 0x7fc00001, false},
    {ZARRC_INT64, NAT, 0, false},
};

static void put(uint8_t *to, zarrc_type type, zarrc_endian endian, uint64_t bits) {
  const size_t nbytes = zarrc_dtype_of(type).item_size, unit = zarrc_copy_unit(type);
  for (size_t i = 0; i < nbytes; i++) { /* the first unit of the element holds the lowest bits */
    const size_t at = endian == ZARRC_LITTLE ? i : i / unit * unit + (unit - 1 - i % unit);
    to[at] = (uint8_t)(bits >> 8 * i);
  }
}

/* Each answer in both byte orders, for 1, 2 and 50 elements of which the first, last or every one is the case's. */
static void answers_of_zarr_python(void **state) {
  static const int64_t lengths[] = {1, 2, 50};
  (void)state;
  for (size_t k = 0; k < sizeof answers / sizeof *answers; k++) {
    for (int way = 0; way < 36; way++) {
      const zarrc_type type = answers[k].type;
      zarrc_dtype dtype = zarrc_dtype_of(type);
      const int64_t n = lengths[way % 3], step = dtype.item_size + (way / 3 % 2 ? 3 : 0);
      uint8_t fill[16], *memory = calloc((size_t)n, (size_t)step);
      assert_non_null(memory);
      dtype.endian = (zarrc_endian)(way / 6 % 2);
      put(fill, type, ZARRC_NATIVE, answers[k].fill);
      for (int64_t i = 0; i < n; i++) {
        const bool mine = way / 12 == 0 ? i == 0 : way / 12 == 1 ? i == n - 1 : true;
        put(memory + i * step, type, dtype.endian, mine ? answers[k].element : answers[k].fill);
      }
      zarrc_view view = zarrc_view_c(&dtype, 1, &n, memory);
      view.stride[0] = step;
      if (zarrc_is_fill(&view, fill) != answers[k].equal) fail_msg("case %zu, way %d", k, way);
      view.data = memory + (n - 1) * step;
      view.stride[0] = -step;
      if (zarrc_is_fill(&view, fill) != answers[k].equal) fail_msg("case %zu, way %d, backwards", k, way);
      free(memory);
    }
  }
}

/* A view that was filled is fill, in whatever order and with whatever gaps; with one bit of one element changed, not.
 */
static void every_element_counts(void **unused) {
  static const int64_t edges[6] = {1, 900, 60, 20, 10, 6};
  uint64_t seed = random_seed(), *state = &seed;
  (void)unused;
  for (int round = 0; round < 1500; round++) {
    static const zarrc_type types[] = {ZARRC_UINT8, ZARRC_INT16, ZARRC_UINT32, ZARRC_INT64};
    const zarrc_dtype raw = {.type = ZARRC_RAW, .item_size = 1 + (uint32_t)random_below(state, 40)};
    const zarrc_dtype text = {.type = ZARRC_FIXED_UTF32, .item_size = 4 + 4 * (uint32_t)random_below(state, 9)};
    zarrc_dtype dtype = round % 6 == 4 ? raw : round % 6 == 5 ? text : zarrc_dtype_of(types[round % 6 % 4]);
    const int ndim = (int)random_below(state, 6);
    int64_t shape[6], at = 0;
    uint8_t element[48];
    for (int i = 0; i < ndim; i++) shape[i] = 1 + random_below(state, edges[ndim]);
    for (size_t i = 0; i < sizeof element; i++) element[i] = (uint8_t)(round % 3 ? random_u64(state) : 0);
    const uint8_t *fill = round % 3 || round % 2 ? element : NULL;
    dtype.endian = (zarrc_endian)random_below(state, 2);
    strided s = strided_new(state, &dtype, ndim, shape, round % 5 == 0);
    zarrc_fill(&s.view, fill);
    assert_true(zarrc_is_fill(&s.view, fill));
    for (int i = 0; i < ndim; i++) at += random_below(state, shape[i]) * s.view.stride[i];
    at += random_below(state, dtype.item_size);
    ((uint8_t *)s.view.data)[at] ^= (uint8_t)(1 << random_below(state, 8));
    assert_false(zarrc_is_fill(&s.view, fill));
    strided_free(&s);
  }
}

static void structs_without_nan(void **state) {
  const char *json =
      "{\"name\":\"struct\",\"configuration\":{\"fields\":[{\"name\":\"a\",\"data_type\":\"float32\"},"
      "{\"name\":\"b\",\"data_type\":{\"name\":\"struct\",\"configuration\":{\"fields\":[{\"name\":\"c\",\"data_type\":"
      "\"complex64\"}]}}},{\"name\":\"d\",\"data_type\":{\"name\":\"numpy.datetime64\",\"configuration\":{\"unit\":"
      "\"s\","
      "\"scale_factor\":1}}}]}}";
  zarrc_ctx *ctx = NULL;
  zarrc_dtype dtype;
  uint8_t fill[20] = {0}, memory[3 * 20];
  (void)state;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_dtype_parse(ctx, json, &dtype, NULL), ZARRC_OK);
  assert_int_equal(dtype.item_size, 20);
  zarrc_view view = zarrc_view_c(&dtype, 1, (int64_t[]){3}, memory);
  for (int k = 0; k < 5; k++) { /* nothing; a NaN in a, in c.re, in c.im; NaT in d */
    for (int order = 0; order < 2; order++) {
      const float nan = __builtin_nanf("");
      const uint64_t nat = NAT;
      memset(fill, 0, sizeof fill);
      if (k >= 1 && k <= 3) memcpy(fill + 4 * (k - 1), &nan, 4);
      if (k == 4) memcpy(fill + 12, &nat, 8);
      view.dtype.endian = (zarrc_endian)order;
      zarrc_fill(&view, fill);
      assert_int_equal(zarrc_is_fill(&view, fill), k == 0);
      assert_int_equal(zarrc_is_fill(&view, NULL), k == 0);
      view.shape[0] = 0;
      assert_true(zarrc_is_fill(&view, fill));
      view.shape[0] = 3;
    }
  }
  zarrc_dtype_close(&dtype);
  zarrc_ctx_close(ctx);
}

static void text_is_what_it_says(void **state) {
  char hello[] = "hello", hollo[] = "hollo", other[] = "hello";
  zarrc_text memory[4];
  (void)state;
  for (int type = ZARRC_STRING; type <= ZARRC_BYTES; type++) {
    const zarrc_dtype dtype = zarrc_dtype_of((zarrc_type)type);
    const zarrc_view view = zarrc_view_c(&dtype, 2, (int64_t[]){2, 2}, memory);
    const zarrc_text fill = {(const uint8_t *)hello, 5}, empty = {(const uint8_t *)hello, 0};
    for (int i = 0; i < 4; i++) memory[i] = (zarrc_text){(const uint8_t *)(i % 2 ? other : hello), 5};
    assert_true(zarrc_is_fill(&view, &fill));
    assert_false(zarrc_is_fill(&view, NULL));
    memory[3].ptr = (const uint8_t *)hollo;
    assert_false(zarrc_is_fill(&view, &fill));
    memory[3] = (zarrc_text){(const uint8_t *)other, 4};
    assert_false(zarrc_is_fill(&view, &fill));
    for (int i = 0; i < 4; i++) memory[i] = (zarrc_text){i % 2 ? (const uint8_t *)hello : NULL, 0};
    assert_true(zarrc_is_fill(&view, NULL));
    assert_true(zarrc_is_fill(&view, &empty));
    memory[2] = (zarrc_text){(const uint8_t *)"\0", 1};
    assert_false(zarrc_is_fill(&view, NULL));
  }
}

/* No element is different from anything; a view that stands still is as long as it likes. */
static void none_and_one_again_and_again(void **state) {
  const zarrc_dtype dtype = zarrc_dtype_of(ZARRC_INT32);
  const int32_t one = 1, two = 2;
  zarrc_view view = zarrc_view_c(&dtype, 2, (int64_t[]){0, 5}, NULL);
  (void)state;
  assert_true(zarrc_is_fill(&view, &one));
  view = zarrc_view_c(&dtype, 2, (int64_t[]){(int64_t)1 << 31, (int64_t)1 << 31}, (void *)(uintptr_t)&one);
  view.stride[0] = view.stride[1] = 0;
  assert_true(zarrc_is_fill(&view, &one));
  assert_false(zarrc_is_fill(&view, &two));
}

/* An element that differs ends the search: what lies behind it is not touched. */
static void stops_at_the_first_difference(void **state) {
  const zarrc_dtype dtype = zarrc_dtype_of(ZARRC_UINT16);
  const uint16_t fill = 7, other = 8;
  const zarrc_view endless = zarrc_view_c(&dtype, 1, (int64_t[]){(int64_t)1 << 40}, (void *)(uintptr_t)&other);
  (void)state;
  assert_false(zarrc_is_fill(&endless, &fill));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(answers_of_zarr_python),       cmocka_unit_test(every_element_counts),
      cmocka_unit_test(structs_without_nan),          cmocka_unit_test(text_is_what_it_says),
      cmocka_unit_test(none_and_one_again_and_again), cmocka_unit_test(stops_at_the_first_difference),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

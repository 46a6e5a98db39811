/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/copy.h"
#include "support/strided.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const structs[] = {
    "{\"name\":\"struct\",\"configuration\":{\"fields\":[{\"name\":\"a\",\"data_type\":\"uint16\"},"
    "{\"name\":\"b\",\"data_type\":\"uint8\"},{\"name\":\"c\",\"data_type\":\"float64\"}]}}",
    "{\"name\":\"struct\",\"configuration\":{\"fields\":[{\"name\":\"p\",\"data_type\":{\"name\":\"struct\","
    "\"configuration\":{\"fields\":[{\"name\":\"x\",\"data_type\":\"complex64\"},{\"name\":\"y\",\"data_type\":"
    "\"bool\"}]}}},{\"name\":\"t\",\"data_type\":{\"name\":\"fixed_length_utf32\",\"configuration\":"
    "{\"length_bytes\":12}}},{\"name\":\"i\",\"data_type\":\"int32\"}]}}",
};

static const zarrc_copy_kernels *const *kernel_sets(void) {
  static const zarrc_copy_kernels *sets[3];
  sets[0] = &zarrc_copy_kernels_base;
  sets[1] = zarrc_copy_kernels_avx2();
  return sets;
}

/* Copies by every set of kernels and by the plain loop into copies of the same memory, and compares all of it. */
static void check(const strided *dst, const strided *src) {
  strided plain = strided_copy(dst);
  zarrc_copy_plain(&plain.view, &src->view);
  for (const zarrc_copy_kernels *const *k = kernel_sets(); *k; k++) {
    strided fast = strided_copy(dst);
    zarrc_copy_with(*k, &fast.view, &src->view);
    if (memcmp(fast.memory, plain.memory, plain.nbytes) != 0) {
      printf("%s: item %u, type %d, swap %d\n", (*k)->name, dst->view.dtype.item_size, (int)dst->view.dtype.type,
             dst->view.dtype.endian != src->view.dtype.endian);
      for (int i = 0; i < dst->view.ndim; i++) {
        printf("  %lld: from %lld to %lld\n", (long long)dst->view.shape[i], (long long)src->view.stride[i],
               (long long)dst->view.stride[i]);
      }
      fail();
    }
    strided_free(&fast);
  }
  strided_free(&plain);
}

static void check_shape(uint64_t *state, zarrc_dtype dtype, int ndim, const int64_t *shape) {
  dtype.endian = (zarrc_endian)random_below(state, 2);
  strided dst = strided_new(state, &dtype, ndim, shape, false);
  dtype.endian = (zarrc_endian)random_below(state, 2);
  strided src = strided_new(state, &dtype, ndim, shape, true);
  check(&dst, &src);
  strided_free(&dst);
  strided_free(&src);
}

/* Any type: a simple one, raw bytes, text of 4 to 40 bytes, or a struct. */
static zarrc_dtype random_type(uint64_t *state, const zarrc_dtype *records) {
  static const zarrc_type simple[] = {ZARRC_BOOL,      ZARRC_INT8,       ZARRC_UINT16,    ZARRC_FLOAT16,
                                      ZARRC_INT32,     ZARRC_FLOAT32,    ZARRC_INT64,     ZARRC_FLOAT64,
                                      ZARRC_COMPLEX64, ZARRC_COMPLEX128, ZARRC_DATETIME64};
  zarrc_dtype dtype = {.endian = ZARRC_NATIVE};
  switch (random_below(state, 8)) {
  case 0:
    dtype.type = ZARRC_RAW;
    dtype.item_size = 1 + (uint32_t)random_below(state, 40);
    return dtype;
  case 1:
    dtype.type = ZARRC_FIXED_UTF32;
    dtype.item_size = 4 + 4 * (uint32_t)random_below(state, 10);
    return dtype;
  case 2:
    return records[random_below(state, 2)];
  default:
    return zarrc_dtype_of(simple[random_below(state, sizeof simple / sizeof *simple)]);
  }
}

static void agrees_with_the_plain_loop(void **unused) {
  zarrc_ctx *ctx = NULL;
  zarrc_dtype records[2];
  uint64_t seed = random_seed(), *state = &seed;
  (void)unused;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  for (int i = 0; i < 2; i++) assert_int_equal(zarrc_dtype_parse(ctx, structs[i], &records[i], NULL), ZARRC_OK);
  for (int round = 0; round < 3000; round++) {
    const int ndim = (int)random_below(state, 7);
    static const int64_t edges[7] = {1, 700, 90, 24, 12, 8, 6};
    int64_t shape[ZARRC_MAX_NDIM];
    for (int i = 0; i < ndim; i++) {
      shape[i] = random_below(state, 3) ? 1 + random_below(state, edges[ndim]) : 1 + random_below(state, 4);
      if (random_below(state, 60) == 0) shape[i] = 0;
    }
    check_shape(state, random_type(state, records), ndim, shape);
  }
  for (int i = 0; i < 2; i++) zarrc_dtype_close(&records[i]);
  zarrc_ctx_close(ctx);
}

static void thirty_two_axes(void **unused) {
  static const zarrc_type types[] = {ZARRC_UINT8, ZARRC_UINT16, ZARRC_FLOAT32, ZARRC_COMPLEX128};
  uint64_t seed = random_seed(), *state = &seed;
  int64_t shape[ZARRC_MAX_NDIM];
  (void)unused;
  for (int round = 0; round < 24; round++) {
    zarrc_dtype text = {.type = ZARRC_FIXED_UTF32, .item_size = 12};
    for (int i = 0; i < ZARRC_MAX_NDIM; i++) shape[i] = i % 3 ? 1 : 2;
    check_shape(state, round % 5 ? zarrc_dtype_of(types[round % 4]) : text, ZARRC_MAX_NDIM, shape);
  }
}

/* Strides mean nothing on an axis of one element; nothing at all does when there are no elements. */
static void wild_strides_that_are_not_used(void **unused) {
  const zarrc_dtype dtype = zarrc_dtype_of(ZARRC_INT32);
  int32_t from[3] = {1, 2, 3}, to[3] = {0};
  zarrc_view dst = zarrc_view_c(&dtype, 3, (int64_t[]){1, 3, 1}, to), src = dst;
  (void)unused;
  src.data = from;
  dst.stride[0] = INT64_MIN;
  src.stride[0] = INT64_MAX;
  dst.stride[2] = INT64_MAX;
  src.stride[2] = INT64_MIN;
  zarrc_copy(&dst, &src);
  assert_memory_equal(to, from, sizeof to);
  dst.data = src.data = NULL;
  dst.shape[0] = src.shape[0] = INT64_MAX;
  dst.shape[1] = src.shape[1] = 0;
  dst.shape[2] = src.shape[2] = INT64_MAX;
  zarrc_copy(&dst, &src);
}

static void variable_length_elements_are_copied_as_they_are(void **unused) {
  const zarrc_dtype dtype = zarrc_dtype_of(ZARRC_STRING);
  const zarrc_text from[2][2] = {{{(const uint8_t *)"a", 1}, {(const uint8_t *)"bc", 2}}, {{NULL, 0}, {NULL, 0}}};
  zarrc_text to[2][2];
  zarrc_view src = zarrc_view_c(&dtype, 2, (int64_t[]){2, 2}, (void *)(uintptr_t)from), dst = src;
  (void)unused;
  dst.data = to;
  dst.stride[0] = sizeof **to;
  dst.stride[1] = sizeof *to;
  src.dtype.endian = ZARRC_BIG;
  dst.dtype.endian = ZARRC_LITTLE;
  zarrc_copy(&dst, &src);
  for (int i = 0; i < 4; i++) assert_memory_equal(&to[i % 2][i / 2], &from[i / 2][i % 2], sizeof **to);
}

/* Destinations that are written past the caches, at lines' starts and elsewhere. */
static void large_destinations(void **unused) {
  uint64_t seed = random_seed(), *state = &seed;
  static const int orders[3][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}};
  const size_t nbytes = (size_t)7 << 20;
  uint8_t *memory = aligned_alloc(64, nbytes), *fresh = malloc(nbytes);
  (void)unused;
  assert_true(memory && fresh);
  for (int round = 0; round < 18; round++) {
    static const zarrc_type types[] = {ZARRC_UINT8, ZARRC_UINT16, ZARRC_FLOAT32, ZARRC_COMPLEX64, ZARRC_COMPLEX128};
    zarrc_dtype dtype = zarrc_dtype_of(types[round % 5]);
    const int64_t item = dtype.item_size, shape[3] = {40 + random_below(state, 9), 33, 64 + random_below(state, 70)};
    const int64_t row = (shape[2] * item + 63) / 64 * 64 + (round % 3 ? 0 : item), slab = (int64_t)6 << 20;
    const int *order = orders[random_below(state, 3)];
    dtype.endian = (zarrc_endian)random_below(state, 2);
    strided dst = {memory, nbytes, zarrc_view_c(&dtype, 3, shape, memory + random_below(state, 3) * item)};
    dst.view.stride[1] = row;
    dst.view.stride[0] = slab / shape[0] / 64 * 64;
    for (size_t i = 0; i < nbytes; i++) memory[i] = (uint8_t)(i * 2654435761u >> 24);
    memcpy(fresh, memory, nbytes);
    strided src = {0};
    src.nbytes = (size_t)(shape[0] * shape[1] * shape[2] * item);
    src.memory = malloc(src.nbytes);
    assert_non_null(src.memory);
    for (size_t i = 0; i < src.nbytes; i++) src.memory[i] = (uint8_t)random_u64(state);
    dtype.endian = (zarrc_endian)random_below(state, 2);
    src.view = zarrc_view_c(&dtype, 3, shape, src.memory);
    int64_t step = item;
    for (int i = 3; i-- > 0; step *= shape[order[i]]) src.view.stride[order[i]] = step;
    for (const zarrc_copy_kernels *const *k = kernel_sets(); *k; k++) {
      zarrc_copy_with(*k, &dst.view, &src.view);
      zarrc_view plain = dst.view;
      plain.data = fresh + ((uint8_t *)dst.view.data - memory);
      zarrc_copy_plain(&plain, &src.view);
      if (memcmp(memory, fresh, nbytes) != 0) fail_msg("%s, round %d", (*k)->name, round);
    }
    free(src.memory);
  }
  free(memory);
  free(fresh);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(agrees_with_the_plain_loop),
      cmocka_unit_test(thirty_two_axes),
      cmocka_unit_test(wild_strides_that_are_not_used),
      cmocka_unit_test(variable_length_elements_are_copied_as_they_are),
      cmocka_unit_test(large_destinations),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zarrc/data.h>

#include <string.h>

#define SHAPE(...) ((const int64_t[]){__VA_ARGS__})

static zarrc_region region(int ndim, const int64_t *start, const int64_t *count, const int64_t *step) {
  zarrc_region r = {0};
  for (int i = 0; i < ndim; i++) {
    r.start[i] = start[i];
    r.count[i] = count[i];
    r.step[i] = step[i];
  }
  return r;
}

static void packed_views(void **state) {
  const zarrc_dtype dtype = zarrc_dtype_of(ZARRC_INT32);
  int32_t memory[24];
  const zarrc_view v = zarrc_view_c(&dtype, 3, SHAPE(2, 3, 4), memory);
  (void)state;
  assert_ptr_equal(v.data, memory);
  assert_int_equal(v.ndim, 3);
  assert_int_equal(v.dtype.type, ZARRC_INT32);
  assert_memory_equal(v.shape, SHAPE(2, 3, 4), 3 * sizeof(int64_t));
  assert_memory_equal(v.stride, SHAPE(48, 16, 4), 3 * sizeof(int64_t));
  assert_null(v.arena);
  assert_int_equal(zarrc_view_nitems(&v), 24);
  assert_true(zarrc_view_is_packed_c(&v));
  const zarrc_view scalar = zarrc_view_c(&dtype, 0, NULL, memory);
  assert_int_equal(zarrc_view_nitems(&scalar), 1);
  assert_true(zarrc_view_is_packed_c(&scalar));
}

static void packed_or_not(void **state) {
  static const struct {
    int64_t shape[3], stride[3];
    bool packed;
  } cases[] = {
      {{2, 3, 4}, {12, 4, 1}, true},  {{2, 3, 4}, {1, 2, 6}, false},   {{2, 3, 4}, {24, 8, 2}, false},
      {{2, 3, 4}, {13, 4, 1}, false}, {{2, 3, 4}, {-12, 4, 1}, false}, {{1, 3, 4}, {-7, 4, 1}, true},
      {{2, 1, 4}, {4, 99, 1}, true},  {{2, 3, 1}, {3, 1, -5}, true},   {{2, 0, 4}, {9, 9, 9}, true},
      {{1, 1, 1}, {7, 8, 9}, true},   {{2, 3, 4}, {0, 4, 1}, false},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint8_t memory[64];
    const zarrc_dtype dtype = zarrc_dtype_of(ZARRC_UINT8);
    zarrc_view v = zarrc_view_c(&dtype, 3, cases[i].shape, memory + 32);
    memcpy(v.stride, cases[i].stride, sizeof cases[i].stride);
    if (zarrc_view_is_packed_c(&v) != cases[i].packed) fail_msg("case %zu", i);
  }
}

static void parts(void **state) {
  const zarrc_dtype dtype = zarrc_dtype_of(ZARRC_UINT8);
  uint8_t memory[5 * 7];
  for (size_t i = 0; i < sizeof memory; i++) memory[i] = (uint8_t)i;
  zarrc_view v = zarrc_view_c(&dtype, 2, SHAPE(5, 7), memory);
  const zarrc_region r = region(2, SHAPE(1, 0), SHAPE(2, 3), SHAPE(2, 3));
  (void)state;
  for (int backwards = 0; backwards < 2; backwards++) {
    const zarrc_view part = zarrc_view_part(&v, &r);
    assert_memory_equal(part.shape, SHAPE(2, 3), 2 * sizeof(int64_t));
    assert_int_equal(zarrc_view_nitems(&part), 6);
    for (int i = 0; i < 2; i++) {
      for (int j = 0; j < 3; j++) {
        const int row = 1 + 2 * i;
        assert_int_equal(((const uint8_t *)part.data)[i * part.stride[0] + j * part.stride[1]],
                         (backwards ? 4 - row : row) * 7 + 3 * j);
      }
    }
    v.data = memory + 28;
    v.stride[0] = -7;
  }
}

/* Neither a step that leads out of the view behind the only element, nor a start at the end of an axis of which
 * nothing is taken, takes the pointer anywhere. */
static void parts_that_are_nothing_or_one(void **state) {
  const zarrc_dtype dtype = zarrc_dtype_of(ZARRC_INT64);
  int64_t memory[6];
  const zarrc_view v = zarrc_view_c(&dtype, 2, SHAPE(2, 3), memory);
  const zarrc_region one = region(2, SHAPE(1, 2), SHAPE(1, 1), SHAPE(INT64_MAX, INT64_MAX));
  const zarrc_region none = region(2, SHAPE(2, 3), SHAPE(0, 0), SHAPE(1, INT64_MAX));
  (void)state;
  assert_int_equal(zarrc_region_check(&one, 2, SHAPE(2, 3), NULL), ZARRC_OK);
  assert_int_equal(zarrc_region_check(&none, 2, SHAPE(2, 3), NULL), ZARRC_OK);
  assert_ptr_equal(zarrc_view_part(&v, &one).data, memory + 5);
  const zarrc_view part = zarrc_view_part(&v, &none);
  assert_ptr_equal(part.data, memory);
  assert_int_equal(zarrc_view_nitems(&part), 0);
}

static void regions_of_everything(void **state) {
  const zarrc_region all = zarrc_region_all(2, SHAPE(4, 0));
  zarrc_region r = region(2, SHAPE(0, 0), SHAPE(4, 3), SHAPE(1, 1));
  (void)state;
  assert_memory_equal(all.start, SHAPE(0, 0), 2 * sizeof(int64_t));
  assert_memory_equal(all.count, SHAPE(4, 0), 2 * sizeof(int64_t));
  assert_memory_equal(all.step, SHAPE(1, 1), 2 * sizeof(int64_t));
  assert_true(zarrc_region_is_all(&all, 2, SHAPE(4, 0)));
  assert_true(zarrc_region_is_all(&r, 2, SHAPE(4, 3)));
  assert_false(zarrc_region_is_all(&r, 2, SHAPE(4, 4)));
  r.count[0] = 3;
  r.start[0] = 1;
  assert_false(zarrc_region_is_all(&r, 2, SHAPE(4, 3)));
  assert_true(zarrc_region_is_all(&r, 0, NULL));
}

static void regions_that_lie_inside_or_not(void **state) {
  static const struct {
    int64_t start, count, step;
    bool inside;
  } cases[] = {
      {0, 10, 1, true},  {0, 5, 2, true},          {1, 5, 2, true},          {2, 5, 2, false},
      {9, 1, 100, true}, {10, 0, 1, true},         {11, 0, 1, false},        {10, 1, 1, false},
      {0, 11, 1, false}, {0, 1, 0, false},         {0, 1, -1, false},        {-1, 1, 1, false},
      {0, -1, 1, false}, {0, 2, INT64_MAX, false}, {5, INT64_MAX, 1, false}, {0, 4, 3, true},
      {1, 4, 3, false},  {INT64_MAX, 0, 1, false}, {INT64_MIN, 1, 1, false}, {0, 0, 0, false},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    zarrc_error error = {0};
    const zarrc_region r = region(2, SHAPE(0, cases[i].start), SHAPE(1, cases[i].count), SHAPE(1, cases[i].step));
    const zarrc_status status = zarrc_region_check(&r, 2, SHAPE(3, 10), &error);
    if (status != (cases[i].inside ? ZARRC_OK : ZARRC_INVALID_ARGUMENT)) fail_msg("case %zu", i);
    if (!cases[i].inside) assert_non_null(strstr(error.message, "axis 1"));
  }
}

static void sizes_of_chunks(void **state) {
  const zarrc_ctx_options options = {.max_chunk_bytes = 1000};
  zarrc_ctx *ctx = NULL;
  zarrc_error error = {0};
  zarrc_spec spec = {.dtype = zarrc_dtype_of(ZARRC_FLOAT64), .ndim = 3, .shape = {5, 5, 5}};
  size_t nbytes = 7;
  (void)state;
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_spec_nitems(&spec), 125);
  assert_int_equal(zarrc_spec_nbytes(ctx, &spec, &nbytes, &error), ZARRC_OK);
  assert_int_equal(nbytes, 1000);
  spec.shape[2] = 6;
  assert_int_equal(zarrc_spec_nbytes(ctx, &spec, &nbytes, &error), ZARRC_LIMIT);
  assert_non_null(strstr(error.message, "1000"));
  assert_int_equal(nbytes, 1000);
  spec.shape[0] = spec.shape[1] = spec.shape[2] = INT64_MAX;
  assert_int_equal(zarrc_spec_nbytes(ctx, &spec, &nbytes, NULL), ZARRC_LIMIT);
  assert_true(zarrc_spec_nitems(&spec) == INT64_MAX);
  for (int i = 0; i < 3; i++) spec.shape[i] = (int64_t)1 << 22; /* 2^69 bytes */
  assert_int_equal(zarrc_spec_nbytes(ctx, &spec, &nbytes, NULL), ZARRC_LIMIT);
  spec.shape[1] = 0;
  spec.shape[2] = INT64_MAX;
  assert_int_equal(zarrc_spec_nitems(&spec), 0);
  assert_int_equal(zarrc_spec_nbytes(ctx, &spec, &nbytes, NULL), ZARRC_OK);
  assert_int_equal(nbytes, 0);
  spec.ndim = 0;
  assert_int_equal(zarrc_spec_nbytes(ctx, &spec, &nbytes, NULL), ZARRC_OK);
  assert_int_equal(nbytes, 8);
  zarrc_ctx_close(ctx);
}

/* An empty array may have any lengths on its other axes. */
static void lengths_beyond_memory_without_elements(void **state) {
  const zarrc_dtype dtype = zarrc_dtype_of(ZARRC_FLOAT64);
  const zarrc_view v = zarrc_view_c(&dtype, 4, SHAPE(INT64_MAX, 0, INT64_MAX, INT64_MAX), NULL);
  (void)state;
  assert_int_equal(zarrc_view_nitems(&v), 0);
  assert_true(zarrc_view_is_packed_c(&v));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(packed_views),
      cmocka_unit_test(packed_or_not),
      cmocka_unit_test(parts),
      cmocka_unit_test(parts_that_are_nothing_or_one),
      cmocka_unit_test(regions_of_everything),
      cmocka_unit_test(regions_that_lie_inside_or_not),
      cmocka_unit_test(sizes_of_chunks),
      cmocka_unit_test(lengths_beyond_memory_without_elements),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/two_stores.h"

/* What is not stored costs nothing, unless empty chunks are to be written. */
static void test_sparse(void **state) {
  const int64_t shape[] = {1000000, 100}, chunks[] = {10, 10}, others[] = {20, 5};
  const int32_t seven = 7;
  zarrc_array_config config = {
      .struct_size = sizeof config, .data_type = "int32", .ndim = 2, .shape = shape, .chunk_shape = chunks};
  zarrc_array *array;
  zarrc_copier *copier;
  zarrc_error error;
  (void)state;
  assert_int_equal(zarrc_array_create(source, "a", &config, ZARRC_CREATE_NEW, NULL, &array, &error), ZARRC_OK);
  zarrc_region one = {.start = {999999, 3}, .count = {1, 1}, .step = {1, 1}};
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), 2, one.count, (void *)(uintptr_t)&seven);
  assert_int_equal(zarrc_array_write(array, &one, &view, &error), ZARRC_OK);
  zarrc_array_close(array);
  zarrc_copy_options options = {.chunk_shape = others, .nchunk_shape = 2};
  assert_int_equal(copying_run(source, "a", target, "b", options, &copier, &error), ZARRC_OK);
  const zarrc_copy_array *a = zarrc_copier_array(copier, 0);
  assert_in_range(a->nregions, 1, 2);
  assert_int_equal(a->source_nobjects, 1);
  assert_int_equal(zarrc_copier_report(copier)->read_nobjects, a->nreads);
  assert_int_equal(zarrc_copier_report(copier)->written_nobjects, 1);
  zarrc_copier_close(copier);
  options.write_empty_chunks = true;
  options.memory = 1 << 20;
  assert_int_equal(copying_plan(source, "a", target, "c", options, &copier, &error), ZARRC_OK);
  assert_int_equal(zarrc_copier_report(copier)->nobjects, 50000 * 20);
  zarrc_copier_close(copier);
}

/* With RESUME what is there is not read again. */
static void test_left_out(void **state) {
  zarrc_copier *copier;
  zarrc_error error;
  zarrc_copy_options options = {.chunk_shape = (int64_t[]){5}, .nchunk_shape = 1, .threads = 1, .memory = 2000};
  (void)state;
  zarrc_array_close(copying_array(source, "a", 1, (int64_t[]){1000}, (int64_t[]){10}, NULL, NULL));
  assert_int_equal(copying_run(source, "a", target, "b", options, &copier, &error), ZARRC_OK);
  uint64_t all = zarrc_copier_array(copier, 0)->nreads;
  zarrc_copier_close(copier);
  assert_int_equal(zarrc_store_erase(target, "b/c/7", NULL), ZARRC_OK);
  options.mode = ZARRC_COPY_RESUME;
  assert_int_equal(copying_run(source, "a", target, "b", options, &copier, &error), ZARRC_OK);
  assert_true(zarrc_copier_array(copier, 0)->nreads < all);
  assert_int_equal(zarrc_copier_report(copier)->read_nobjects, zarrc_copier_array(copier, 0)->nreads);
  assert_int_equal(zarrc_copier_array(copier, 0)->target_nobjects, 199);
  zarrc_copier_close(copier);
  copying_same(source, "a", target, "b");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_sparse, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_left_out, open_stores, close_stores),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

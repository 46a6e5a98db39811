/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/two_stores.h"

/* More memory: source objects are read less often, at last once each; the plan keeps to what it was given. */
static void test_memory(void **state) {
  const int64_t shape[] = {64, 64, 64}, chunks[] = {1, 64, 64}, others[] = {64, 4, 4};
  uint64_t last = UINT64_MAX;
  (void)state;
  zarrc_array_close(copying_array(source, "a", 3, shape, chunks, NULL, NULL));
  for (uint64_t memory = 128 << 10; memory <= 8 << 20; memory *= 4) {
    zarrc_copy_options options = {.chunk_shape = others, .nchunk_shape = 3, .memory = memory, .threads = 1};
    zarrc_copier *copier;
    zarrc_error error;
    assert_int_equal(copying_plan(source, "a", target, "b", options, &copier, &error), ZARRC_OK);
    const zarrc_copy_array *a = zarrc_copier_array(copier, 0);
    assert_in_range(zarrc_copier_report(copier)->memory, 1, memory);
    assert_true(a->nreads <= last);
    assert_true(a->reads_are_exact);
    assert_int_equal(a->memory_wanted > 0, a->nreads > a->source_nobjects);
    last = a->nreads;
    assert_int_equal(zarrc_copier_run(copier, &error), ZARRC_OK);
    assert_int_equal(zarrc_copier_report(copier)->read_nobjects, a->nreads);
    zarrc_copier_close(copier);
    copying_same(source, "a", target, "b");
    assert_int_equal(zarrc_store_erase_prefix(target, "b", NULL), ZARRC_OK);
  }
  assert_int_equal(last, 64);
}

/* A shard that does not fit is read in parts while it is encoded. */
static void test_in_parts(void **state) {
  const int64_t shape[] = {1 << 23}, chunks[] = {1 << 14}, shards[] = {1 << 23};
  zarrc_copy_options options = {
      .chunk_shape = chunks, .shard_shape = shards, .nchunk_shape = 1, .nshard_shape = 1, .threads = 1};
  zarrc_copier *copier;
  zarrc_error error;
  (void)state;
  zarrc_array_close(copying_array(source, "a", 1, shape, chunks, NULL, NULL));
  for (int i = 0; i < 2; i++) {
    options.memory = (uint64_t)(i == 0 ? 64 : 24) << 20;
    options.mode = i == 0 ? ZARRC_COPY_NEW : ZARRC_COPY_OVERWRITE;
    assert_int_equal(copying_run(source, "a", target, "b", options, &copier, &error), ZARRC_OK);
    assert_int_equal(zarrc_copier_array(copier, 0)->in_parts, i == 1);
    zarrc_copier_close(copier);
    copying_same(source, "a", target, "b");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_memory, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_in_parts, open_stores, close_stores),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

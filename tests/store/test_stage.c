/* SPDX-License-Identifier: MIT */
#include "store/tree_store.h"

#include <unistd.h>

static void test_other_stores(void **state) {
  zarrc_store *memory;
  zarrc_stage *stage;
  bool found = true;
  char note[8];
  (void)state;
  assert_int_equal(zarrc_memory_store_open(ctx, &memory, NULL), ZARRC_OK);
  assert_false(zarrc_stage_possible(memory));
  assert_int_equal(zarrc_stage_open(memory, "a", ZARRC_STAGE_NEW, "", &stage, NULL), ZARRC_UNSUPPORTED);
  assert_int_equal(zarrc_stage_find(memory, "a", note, sizeof note, &found, NULL), ZARRC_OK);
  assert_false(found);
  found = true;
  assert_int_equal(zarrc_stage_left(memory, "a", note, sizeof note, &found, NULL), ZARRC_OK);
  assert_false(found);
  zarrc_store_close(memory);
  assert_int_equal(zarrc_stage_open(store, "a/../b", ZARRC_STAGE_NEW, "", &stage, NULL), ZARRC_INVALID_ARGUMENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_other_stores, open_store, close_store),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

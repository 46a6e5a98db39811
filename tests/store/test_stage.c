/* SPDX-License-Identifier: MIT */
#include "store/contract.h"

#include "support/files.h"

#include <sys/stat.h>
#include <unistd.h>

static zarrc_ctx *ctx;
static char *tree, *root;
static zarrc_store *store;

static int open_store(void **state) {
  zarrc_file_store_options options = {.struct_size = sizeof options, .create = true};
  (void)state;
  tree = tree_make();
  root = path_in(tree, "s");
  return zarrc_ctx_open(NULL, &ctx, NULL) || zarrc_file_store_open(ctx, root, &options, &store, NULL);
}

static int close_store(void **state) {
  (void)state;
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  free(root);
  tree_remove(tree);
  return 0;
}

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
  zarrc_store_close(memory);
  assert_int_equal(zarrc_stage_open(store, "a/../b", ZARRC_STAGE_NEW, "", &stage, NULL), ZARRC_INVALID_ARGUMENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_other_stores, open_store, close_store),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

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

static zarrc_stage *open_stage(const char *prefix, zarrc_stage_mode mode, const char *note) {
  zarrc_error error;
  zarrc_stage *stage = NULL;
  contract_ok(zarrc_stage_open(store, prefix, mode, note, &stage, &error), &error);
  return stage;
}

static bool exists(const char *name) {
  char *path = path_in(tree, name);
  struct stat st;
  bool is = !lstat(path, &st);
  free(path);
  return is;
}

/* A link to the prefix stays; one that leads out of the store is not followed. */
static void test_links(void **state) {
  char *link = path_in(tree, "s/l"), *out = path_in(tree, "s/out"), *elsewhere = path_in(tree, "elsewhere/x");
  zarrc_error error;
  zarrc_stage *stage;
  (void)state;
  contract_set(store, "real/a/old", "0");
  file_write_text(elsewhere, "mine");
  assert_int_equal(symlink("real/a", link), 0);
  assert_int_equal(symlink("../elsewhere", out), 0);
  stage = open_stage("l", ZARRC_STAGE_NEW, "");
  contract_set(stage->store, "new", "1");
  contract_ok(zarrc_stage_publish(stage, true, &error), &error);
  zarrc_stage_close(stage, false);
  contract_expect(store, "real/a/new", "1");
  contract_expect(store, "real/a/old", NULL);
  assert_true(exists("s/l/new"));
  assert_int_equal(zarrc_stage_open(store, "out", ZARRC_STAGE_NEW, "", &stage, &error), ZARRC_ACCESS);
  assert_true(exists("elsewhere/x"));
  free(link);
  free(out);
  free(elsewhere);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_links, open_store, close_store),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* A file store in a directory of its own, for each test of a file anew: cmocka_unit_test_setup_teardown(test,
 * open_store, close_store). */
#ifndef ZARRC_TESTS_STORE_TREE_STORE_H
#define ZARRC_TESTS_STORE_TREE_STORE_H

#include "store/contract.h"

#include "support/files.h"

#include <sys/stat.h>

static zarrc_ctx *ctx;
static char *tree, *root; /* root: of the store, "s" in the tree */
static zarrc_store *store;

static inline int open_store(void **state) {
  zarrc_file_store_options options = {.struct_size = sizeof options, .create = true};
  (void)state;
  tree = tree_make();
  root = path_in(tree, "s");
  return zarrc_ctx_open(NULL, &ctx, NULL) || zarrc_file_store_open(ctx, root, &options, &store, NULL);
}

static inline int close_store(void **state) {
  (void)state;
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  free(root);
  tree_remove(tree);
  return 0;
}

static inline zarrc_stage *open_stage(const char *prefix, zarrc_stage_mode mode, const char *note) {
  zarrc_error error;
  zarrc_stage *stage = NULL;
  contract_ok(zarrc_stage_open(store, prefix, mode, note, &stage, &error), &error);
  return stage;
}

/* Whether something has that name in the tree, be it a link that leads nowhere. */
static inline bool exists(const char *name) {
  char *path = path_in(tree, name);
  struct stat st;
  bool is = !lstat(path, &st);
  free(path);
  return is;
}

#endif

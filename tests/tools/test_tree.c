/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/copying.h"
#include "support/faulty_alloc.h"
#include "support/nodes.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUP "{\"zarr_format\": 3, \"node_type\": \"group\"}"

static void fill(zarrc_store *store) {
  char *array = nodes_document(NULL);
  nodes_put(store, "g/zarr.json", GROUP);
  nodes_put(store, "g/b/zarr.json", array);
  nodes_put(store, "g/a/zarr.json", GROUP);
  nodes_put(store, "g/a/x/zarr.json", array);
  nodes_put(store, "g/a/y/zarr.json", "{\"zarr_format\": 4}");
  free(array);
}

static void expect(zarrc_store *store, const char *path, int depth, const char *expected) {
  zarrc_tree *tree;
  char text[400] = "";
  assert_int_equal(zarrc_tree_open(store, path, depth, NULL, &tree, NULL), ZARRC_OK);
  for (size_t i = 0; i < zarrc_tree_nnodes(tree); i++) {
    const zarrc_tree_node *node = zarrc_tree_get(tree, i);
    size_t n = strlen(text);
    snprintf(text + n, sizeof text - n, "%d:%s%s%s ", node->depth, node->path, node->last ? "." : "",
             node->kind == ZARRC_NODE_GROUP ? "/"
             : node->why                    ? "!"
                                            : "");
  }
  assert_string_equal(text, expected);
  zarrc_tree_close(tree);
}

static void test_tree(void **state) {
  zarrc_ctx *ctx;
  zarrc_store *store;
  zarrc_tree *tree = NULL;
  zarrc_error error;
  (void)state;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(ctx, &store, NULL), ZARRC_OK);
  assert_int_equal(zarrc_tree_open(store, "g", -1, NULL, &tree, &error), ZARRC_NOT_FOUND);
  assert_null(tree);
  fill(store);
  expect(store, "g", -1, "0:g/ 1:g/a/ 2:g/a/x 2:g/a/y.! 1:g/b. ");
  expect(store, "g", 1, "0:g/ 1:g/a/ 1:g/b. ");
  expect(store, "g", 0, "0:g/ ");
  expect(store, "g/b", -1, "0:g/b ");
  assert_int_equal(zarrc_tree_open(store, "g", -1, NULL, &tree, &error), ZARRC_OK);
  assert_int_equal(zarrc_tree_check(tree, &error), zarrc_tree_get(tree, 3)->why->code);
  assert_non_null(strstr(SAID(error), "g/a/y"));
  zarrc_tree_close(tree);
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
}

static zarrc_status note(void *arg, const char *path, zarrc_error *error) {
  (void)error;
  strcat(strcat(arg, path), " ");
  return ZARRC_OK;
}

/* Nodes are found by their paths, and those that no group leads to in the store. */
static void test_unlisted(void **state) {
  zarrc_ctx *ctx;
  zarrc_store *store;
  zarrc_tree *tree;
  char found[200] = "";
  (void)state;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(ctx, &store, NULL), ZARRC_OK);
  fill(store);
  nodes_put(store, "g/p/q/.zarray", "{}");
  nodes_put(store, "g/p/q/zarr.json", "{}");
  nodes_put(store, "g/p/.zattrs", "{}");
  nodes_put(store, "g/a/o/r/.zgroup", "{}");
  nodes_put(store, "g/b/c/zarr.json", "{}"); /* a file of the array */
  nodes_put(store, "g2/zarr.json", GROUP);
  assert_int_equal(zarrc_tree_open(store, "g", -1, NULL, &tree, NULL), ZARRC_OK);
  assert_int_equal(zarrc_tree_each_unlisted(tree, note, found, NULL), ZARRC_OK);
  assert_string_equal(found, "g/a/o/r g/p/q ");
  for (size_t i = 0; i < zarrc_tree_nnodes(tree); i++) {
    const char *path = zarrc_tree_get(tree, i)->path;
    assert_int_equal(zarrc_tree_find(tree, path, strlen(path)), i);
  }
  assert_int_equal(zarrc_tree_find(tree, "g/a/xy", 5), zarrc_tree_find(tree, "g/a/x", 5));
  static const char *const none[] = {"", "g/", "g/a/xy", "g/a/", "h", "a"};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++)
    assert_true(zarrc_tree_find(tree, none[i], strlen(none[i])) == SIZE_MAX);
  zarrc_tree_close(tree);
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
}

static zarrc_status ignore(void *arg, const char *path, zarrc_error *error) {
  (void)arg, (void)path, (void)error;
  return ZARRC_OK;
}

static zarrc_status walk(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *ctx = NULL;
  zarrc_store *store = NULL;
  zarrc_tree *tree = NULL;
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (!status) status = zarrc_memory_store_open(ctx, &store, NULL);
  if (!status) status = zarrc_store_set(store, "zarr.json", GROUP, strlen(GROUP), NULL);
  if (!status) status = zarrc_store_set(store, "a/zarr.json", GROUP, strlen(GROUP), NULL);
  if (!status) status = zarrc_store_set(store, "b/zarr.json", "{}", 2, NULL);
  if (!status) status = zarrc_store_set(store, "c/d/zarr.json", "{}", 2, NULL);
  if (!status) status = zarrc_tree_open(store, "", -1, NULL, &tree, NULL);
  if (!status) status = zarrc_tree_each_unlisted(tree, ignore, NULL, NULL);
  zarrc_tree_close(tree);
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  assert_true(faulty_alloc_each(NULL, walk, NULL) > 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_tree), cmocka_unit_test(test_unlisted),
                                     cmocka_unit_test(test_no_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/files.h"
#include "tools/verify.h"
#include "tools/verifying.h"

#include <stdlib.h>
#include <unistd.h>

static zarrc_verify_node find(const zarrc_verifier *v, const char *path) {
  return zarrc_verifier_find(v, path, strlen(path));
}

/* Nodes below a group that cannot be read are found, also those that are called as folders of chunks are. */
static void test_found(void **state) {
  zarrc_verifier v;
  zarrc_group *group;
  (void)state;
  for (int i = 0; i < 3; i++) {
    static const char *const paths[] = {"g", "g/below", "g/c"};
    assert_int_equal(zarrc_group_create(store, paths[i], NULL, ZARRC_CREATE_NEW, NULL, &group, NULL), ZARRC_OK);
    zarrc_group_close(group);
  }
  zarrc_array_close(copying_array(store, "g/below/a", 1, (int64_t[]){4}, (int64_t[]){2}, NULL, NULL));
  zarrc_array_close(copying_array(store, "g/b", 1, (int64_t[]){4}, (int64_t[]){2}, NULL, NULL));
  zarrc_verifier_init(&v, store, "g");
  assert_int_equal(zarrc_verifier_open_nodes(&v, NULL), ZARRC_OK);
  assert_int_equal(v.ntrees, 1);
  assert_int_equal(v.report.nnodes, 5);
  zarrc_verifier_clear(&v);

  nodes_put(store, "g/zarr.json", "no JSON");
  nodes_put(store, "g/b/zarr.json", "no JSON");
  nodes_put(store, "g/b/c/0", "x"); /* a folder of chunks */
  zarrc_verifier_init(&v, store, "g");
  assert_int_equal(zarrc_verifier_open_nodes(&v, NULL), ZARRC_OK);
  assert_int_equal(v.ntrees, 2);
  assert_int_equal(v.report.nfaults, 2);
  assert_non_null(find(&v, "g/below/a").tree);
  assert_non_null(find(&v, "g/c").tree);
  assert_null(find(&v, "g").tree);
  assert_null(find(&v, "g/b/c").tree);
  assert_true(zarrc_verifier_is_unreadable(&v, "g/b", 3));
  assert_true(zarrc_verifier_is_unreadable(&v, "g", 1));
  assert_false(zarrc_verifier_is_unreadable(&v, "g/below", 7));
  zarrc_verifier_clear(&v);
  zarrc_verifier_init(&v, store, "nothing");
  assert_int_equal(zarrc_verifier_open_nodes(&v, NULL), ZARRC_NOT_FOUND);
  zarrc_verifier_clear(&v);
}

static void test_below(void **state) {
  zarrc_verifier v;
  (void)state;
  zarrc_verifier_init(&v, store, "a/b");
  assert_string_equal(zarrc_verifier_below(&v, "a/b/c"), "c");
  assert_string_equal(zarrc_verifier_below(&v, "a/b"), "");
  zarrc_verifier_clear(&v);
  zarrc_verifier_init(&v, store, "");
  assert_string_equal(zarrc_verifier_below(&v, "a/b"), "a/b");
  zarrc_verifier_clear(&v);
}

/* Nodes in folders that are no groups, which listings do not show. */
static void test_unlisted(void **state) {
  zarrc_group *group;
  (void)state;
  assert_int_equal(zarrc_group_create(store, "g", NULL, ZARRC_CREATE_NEW, NULL, &group, NULL), ZARRC_OK);
  zarrc_group_close(group);
  zarrc_array_close(copying_array(store, "g/x/y/a", 1, (int64_t[]){4}, (int64_t[]){2}, NULL, NULL));
  assert_int_equal(zarrc_store_erase(store, "g/x/zarr.json", NULL), ZARRC_OK);
  assert_int_equal(zarrc_store_erase(store, "g/x/y/zarr.json", NULL), ZARRC_OK);
  nodes_put(store, "g/x/y/a/c/0", "damaged");
  nodes_put(store, "g/x/y/a/.hidden", "of another program");
  finds("g", true, "note x/y/a/zarr.json\nnote x/y/a/.hidden\nfault x/y/a/c/0 0\n");
  nodes_put(store, "g/x/y/a/zarr.json", "no JSON");
  finds("g", true, "note x/y/a/zarr.json\nfault x/y/a/zarr.json\nnote x/y/a/.hidden\n");
}

/* However deep folders are: each is a step, not a call in a call. */
static void test_depth(void **state) {
  char key[4000] = "g/";
  (void)state;
  nodes_put(store, "g/zarr.json", "no JSON");
  for (int i = 0; i < 1200; i++) strcat(key, "a/");
  strcat(key, "x");
  nodes_put(store, key, "x");
  assert_int_equal(verify("g", true, NULL, NULL), ZARRC_OK);
  assert_int_equal(report.nfaults, 2);
}

/* Links to folders above are not followed. */
static void test_circles(void **state) {
  char *folder = tree_make();
  zarrc_store *memory = store;
  zarrc_group *group;
  (void)state;
  assert_int_equal(zarrc_file_store_open(ctx, folder, NULL, &store, NULL), ZARRC_OK);
  assert_int_equal(zarrc_group_create(store, "a", NULL, ZARRC_CREATE_NEW, NULL, &group, NULL), ZARRC_OK);
  zarrc_group_close(group);
  for (int i = 0; i < 3; i++) {
    char *path = path_in(folder, (const char *[]){"a/x", "a/y", "a/z"}[i]);
    assert_int_equal(symlink("..", path), 0);
    free(path);
  }
  assert_int_equal(verify("", true, NULL, NULL), ZARRC_OK);
  assert_int_equal(report.nnodes, 5);
  zarrc_store_close(store);
  store = memory;
  tree_remove(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_found, open_store, close_store),
                                     cmocka_unit_test_setup_teardown(test_below, open_store, close_store),
                                     cmocka_unit_test_setup_teardown(test_unlisted, open_store, close_store),
                                     cmocka_unit_test_setup_teardown(test_depth, open_store, close_store),
                                     cmocka_unit_test_setup_teardown(test_circles, open_store, close_store)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

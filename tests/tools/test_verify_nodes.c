/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/verify.h"
#include "tools/verifying.h"

static zarrc_verify_node find(const zarrc_verifier *v, const char *path) {
  return zarrc_verifier_find(v, path, strlen(path));
}

/* Nodes below a group that cannot be read are found, but not in folders that are named like chunks. */
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
  zarrc_verifier_init(&v, store, "g");
  assert_int_equal(zarrc_verifier_open_nodes(&v, NULL), ZARRC_OK);
  assert_int_equal(v.ntrees, 1);
  assert_int_equal(v.report.nfaults, 2);
  assert_non_null(find(&v, "g/below/a").tree);
  assert_null(find(&v, "g").tree);
  assert_null(find(&v, "g/c").tree);
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

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_found, open_store, close_store),
                                     cmocka_unit_test_setup_teardown(test_below, open_store, close_store)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

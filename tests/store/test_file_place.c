/* SPDX-License-Identifier: MIT */
#include "store/tree_store.h"

#include <unistd.h>

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

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/files.h"
#include "support/nodes.h"
#include "tools/keys.h"

#include <stdlib.h>
#include <string.h>

static char seen[1000];

static zarrc_status see(void *arg, const char *key, uint64_t nbytes, bool is_folder, zarrc_error *error) {
  (void)error;
  if (!is_folder) assert_int_equal(nbytes, 1);
  strcat(strcat(seen, key), is_folder ? "/ " : " ");
  return arg && !strcmp(arg, key) ? ZARRC_CANCELED : ZARRC_OK;
}

static const char *walk(zarrc_store *store, const char *path, const char *after) {
  *seen = 0;
  assert_int_equal(zarrc_keys_each(store, path, after, see, NULL, NULL, NULL), ZARRC_OK);
  return seen;
}

/* The order is that of the bytes of the whole keys, whatever folders there are. */
static void test_order(void **state) {
  zarrc_ctx *ctx;
  zarrc_store *store;
  char *folder = tree_make();
  (void)state;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_file_store_open(ctx, folder, NULL, &store, NULL), ZARRC_OK);
  static const char *const keys[] = {"b", "a/x", "a-b/y", "a.b", "a/c/1", "a/c/10", "a/c/2", "a0"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) nodes_put(store, keys[i], "1");
  assert_string_equal(walk(store, "", NULL), "a-b/ a-b/y a.b a/ a/c/ a/c/1 a/c/10 a/c/2 a/x a0 b ");
  assert_string_equal(walk(store, "a", NULL), "a/c/ a/c/1 a/c/10 a/c/2 a/x ");
  assert_string_equal(walk(store, "", "a.b"), "a/ a/c/ a/c/1 a/c/10 a/c/2 a/x a0 b ");
  assert_string_equal(walk(store, "", "a/c/1"), "a/c/10 a/c/2 a/x a0 b ");
  assert_string_equal(walk(store, "a", "c/10"), "a/c/2 a/x ");
  assert_string_equal(walk(store, "a", "z"), "");
  assert_string_equal(walk(store, "nothing", NULL), "");
  *seen = 0;
  assert_int_equal(zarrc_keys_each(store, "", NULL, see, NULL, (void *)(uintptr_t) "a/c/1", NULL), ZARRC_CANCELED);
  assert_string_equal(seen, "a-b/ a-b/y a.b a/ a/c/ a/c/1 ");
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  tree_remove(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_order)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

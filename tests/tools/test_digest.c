/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/sha256.h"
#include "tools/digesting.h"

static void test_lines(void **state) {
  char before[sizeof digest];
  zarrc_error error;
  (void)state;
  assert_int_equal(take_digest("", false, &error), ZARRC_NOT_FOUND);
  zarrc_array_close(copying_array(store, "g/s", 1, (int64_t[]){8}, (int64_t[]){2}, (int64_t[]){4}, NULL));
  nodes_put(store, "g/other", "x");
  assert_int_equal(take_digest("g", false, NULL), ZARRC_OK);
  assert_int_equal(digested.nkeys, 5);
  assert_int_equal(digested.ninner, 4);
  assert_string_equal(digested.values, "");
  assert_non_null(strstr(digest, "\n2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881  other\n"));
  assert_non_null(strstr(digest, "  s/c/1\n# "));
  assert_non_null(strstr(digest, digested.root));
  strcpy(before, digest);
  assert_int_equal(take_digest("g", false, NULL), ZARRC_OK);
  assert_string_equal(digest, before);
  flip("g/s/c/0", 3);
  assert_int_equal(take_digest("g", false, NULL), ZARRC_OK);
  assert_string_not_equal(digest, before);
  digested.struct_size = 0;
  assert_int_equal(zarrc_digest(store, "g", NULL, keep, NULL, &digested, NULL), ZARRC_INVALID_ARGUMENT);
}

static zarrc_status forget(void *arg, const char *text, size_t n, zarrc_error *error) {
  (void)arg, (void)text, (void)n, (void)error;
  return ZARRC_OK;
}

/* Many keys, of several arrays, with several threads and with one: the same lines. */
static void test_threads(void **state) {
  char root[sizeof digested.root] = "";
  (void)state;
  for (unsigned threads = 1; threads <= 8; threads += 7) {
    const zarrc_ctx_options options = {.struct_size = sizeof options, .threads = threads};
    zarrc_store *kept = store;
    zarrc_ctx *many;
    assert_int_equal(zarrc_ctx_open(&options, &many, NULL), ZARRC_OK);
    assert_int_equal(zarrc_memory_store_open(many, &store, NULL), ZARRC_OK);
    zarrc_array_close(copying_array(store, "a", 1, (int64_t[]){700}, (int64_t[]){1}, NULL, NULL));
    zarrc_array_close(copying_array(store, "b", 1, (int64_t[]){700}, (int64_t[]){1}, (int64_t[]){2}, NULL));
    digested = (zarrc_digest_report){.struct_size = sizeof digested};
    assert_int_equal(zarrc_digest(store, "", NULL, forget, NULL, &digested, NULL), ZARRC_OK);
    assert_int_equal(digested.nkeys, 1050 + 3);
    if (*root) assert_string_equal(digested.root, root);
    strcpy(root, digested.root);
    zarrc_store_close(store);
    zarrc_ctx_close(many);
    store = kept;
  }
}

int main(void) {
  if (!zarrc_sha256_is_there()) return 0; /* this build has no digests */
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_lines, open_store, close_store),
                                     cmocka_unit_test_setup_teardown(test_threads, open_store, close_store)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/files.h"
#include "tools/verifying.h"

#include <stdlib.h>
#include <sys/stat.h>

static void make(const char *path) {
  zarrc_array_close(copying_array(store, path, 2, (int64_t[]){4, 6}, (int64_t[]){2, 3}, NULL, NULL));
}

static void test_other_keys(void **state) {
  (void)state;
  zarrc_group *group = NULL;
  assert_int_equal(zarrc_group_create(store, "g", NULL, ZARRC_CREATE_NEW, NULL, &group, NULL), ZARRC_OK);
  zarrc_group_close(group);
  make("g/a");
  make("g/b");
  finds("g", true, "");
  nodes_put(store, "g/a/c/2/0", "off the grid");
  nodes_put(store, "g/a/c/00/1", "no number");
  nodes_put(store, "g/a/notes.txt", "in an array");
  nodes_put(store, "g/readme.txt", "in a group");
  nodes_put(store, "g/lost/c/0/0", "without a document");
  nodes_put(store, "g/lost/c/0/1", "told once");
  nodes_put(store, "g/old/0.0", "of format 2");
  nodes_put(store, "g.txt", "of somebody else");
  finds("g", true,
        "fault a/c/00/1\nfault a/c/2/0\nfault a/notes.txt\nfault lost/c/0/0\nfault old/0.0\nnote readme.txt\n");
  assert_int_equal(report.nchunks, 8);
  assert_int_equal(report.nkeys, 11 + 7);
  finds("g/a", true, "fault c/00/1\nfault c/2/0\nfault notes.txt\n");
}

static void see(void *arg, const zarrc_verify_report *r, const char *key) {
  char *last = arg;
  assert_true(strcmp(last, key) < 0);
  assert_true(r->nkeys > 0);
  strcpy(last, key);
}

/* What has been looked at is told in order, and left out afterwards. */
static void test_after(void **state) {
  char last[100] = "";
  zarrc_verify_options options = {.struct_size = sizeof options, .progress = see, .progress_arg = last};
  (void)state;
  make("a");
  nodes_put(store, "a/c/0/0", "damaged");
  nodes_put(store, "a/c/1/1", "damaged");
  assert_int_equal(verify("", false, NULL, NULL), ZARRC_OK);
  assert_string_equal(said, "fault a/c/0/0 0,0\nfault a/c/1/1 1,1\n");
  assert_int_equal(verify("", false, "a/c/0/1", NULL), ZARRC_OK);
  assert_string_equal(said, "fault a/c/1/1 1,1\n");
  assert_int_equal(report.nchunks, 2);
  assert_int_equal(verify("", false, "a/c/1/1", NULL), ZARRC_OK);
  assert_string_equal(said, "");
  store->read_only = true;
  assert_int_equal(zarrc_verify(store, "", &options, &report, NULL), ZARRC_OK);
  assert_string_equal(last, "a/c/1/1");
}

static void make_folder(const char *root, const char *name) {
  char *path = path_in(root, name);
  assert_int_equal(mkdir(path, 0777), 0);
  free(path);
}

/* Many keys, of several arrays, in the order of their bytes: also where a folder's name is the beginning of another's.
 */
static void test_order(void **state) {
  char key[40], *folder = tree_make();
  zarrc_store *memory = store;
  (void)state;
  assert_int_equal(zarrc_file_store_open(ctx, folder, NULL, &store, NULL), ZARRC_OK);
  zarrc_array_close(copying_array(store, "a", 1, (int64_t[]){3000}, (int64_t[]){1}, NULL, NULL));
  make("a-b");
  make("a.b");
  for (int i = 0; i < 3000; i += 100) {
    snprintf(key, sizeof key, "a/c/%d", i);
    nodes_put(store, key, "x");
  }
  nodes_put(store, "a-b/c/0/0", "x");
  nodes_put(store, "a.b/c/0/0", "x");
  make_folder(folder, "a-b/c/1/2"); /* no chunk: nothing is wrong with it */
  assert_int_equal(zarrc_store_erase(store, "a-b/c/1/1", NULL), ZARRC_OK);
  make_folder(folder, "a-b/c/1/1");
  assert_int_equal(verify("", true, NULL, NULL), ZARRC_OK);
  assert_int_equal(report.nfaults, 33);
  assert_int_equal(strncmp(said, "fault a-b/c/0/0 0,0\nfault a-b/c/1/1 1,1\nfault a.b/c/0/0 0,0\nfault a/c/0 0\n", 70),
                   0);
  for (char *line = said, *next; (next = strchr(line, '\n')) && next[1]; line = next + 1)
    assert_true(strncmp(line, next + 1, 40) < 0);
  zarrc_store_close(store);
  store = memory;
  tree_remove(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_other_keys, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_after, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_order, open_store, close_store),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

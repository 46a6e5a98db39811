/* SPDX-License-Identifier: MIT */
#include "store/contract.h"
#include "support/faultio.h"
#include "support/faulty_alloc.h"
#include "support/files.h"

#include "store/file.h"

#include <limits.h>
#include <sys/resource.h>

static zarrc_ctx *ctx;
static char *tree;
static zarrc_store *store;
static size_t nfds;

static void reopen(zarrc_file_store_options options) {
  zarrc_error error;
  char *path = path_in(tree, "root");
  options.struct_size = sizeof options;
  zarrc_store_close(store);
  store = NULL;
  contract_ok(zarrc_file_store_open(ctx, path, &options, &store, &error), &error);
  free(path);
}

static void write_text(const char *name, const char *text) {
  char *path = path_in(tree, name);
  file_write_text(path, text);
  free(path);
}

static void make_link(const char *to, const char *name) {
  char *path = path_in(tree, name);
  assert_int_equal(symlink(to, path), 0);
  free(path);
}

static bool is_there(const char *name) {
  char *path = path_in(tree, name);
  bool exists = file_exists(path);
  free(path);
  return exists;
}

static int open_all(void **state) {
  (void)state;
  nfds = contract_nfds();
  tree = tree_make();
  if (zarrc_ctx_open(NULL, &ctx, NULL)) return -1;
  reopen((zarrc_file_store_options){.create = true});
  return 0;
}

static int close_all(void **state) {
  (void)state;
  zarrc_store_close(store);
  store = NULL;
  zarrc_ctx_close(ctx);
  tree_remove(tree);
  return contract_nfds() == nfds ? 0 : -1;
}

#define UNKNOWN "=18446744073709551615 "
#define ALL_LISTED                                                                                                     \
  "a/.hidden=4 a/back\\slash=4 a/dangling" UNKNOWN "a/link=4 a/link_to_fifo" UNKNOWN "a/loop" UNKNOWN                  \
  "a/out_file" UNKNOWN "a/value=4 "

/* Only what can be a value is listed, and links that cannot be read, as reading them fails. */
static void test_what_is_listed(void **state) {
  (void)state;
  char *fifo = path_in(tree, "root/a/fifo"), *fifo2 = path_in(tree, "fifo");
  write_text("root/a/value", "text");
  write_text("root/a/.hidden", "text");
  write_text("root/a/.value.12.0123456789abcdef.tmp", "half a text");
  write_text("root/a/not\xff\xfeutf8", "text");
  write_text("root/a/back\\slash", "text");
  write_text("outside/secret", "secret");
  assert_int_equal(mkfifo(fifo, 0666), 0);
  assert_int_equal(mkfifo(fifo2, 0666), 0);
  make_link("value", "root/a/link");
  make_link("../../fifo", "root/a/link_to_fifo");
  make_link("fifo", "root/a/link_to_inner_fifo");
  make_link("nothing", "root/a/dangling");
  make_link("loop", "root/a/loop");
  make_link("../../outside", "root/a/out");
  make_link("../../outside/secret", "root/a/out_file");
  make_link("..", "root/a/up");
  make_link(".", "root/a/here");
  zarrc_error error;
  contract_names names = {.stop_at = 16};
  for (int i = 0; i < 2; i++) { /* what may lie behind a link that is not followed cannot be told */
    assert_int_equal(zarrc_store_list(store, "", true, true, contract_note, &names, &error), ZARRC_ACCESS);
    assert_int_equal(error.os_error, EXDEV);
    assert_string_equal(error.key, i ? "a/out2" : "a/out");
    char *out = path_in(tree, i ? "root/a/out2" : "root/a/out");
    assert_int_equal(unlink(out), 0);
    free(out);
    if (i == 0) make_link(tree, "root/a/out2");
  }
  contract_expect_list(store, "", true, true, ALL_LISTED);
  faultio_arm(FAULTIO_ALL, 0, 0, false); /* some file systems do not say in a directory what an entry is */
  faultio.no_types = true;
  contract_expect_list(store, "", true, true, ALL_LISTED);
  faultio.armed = false;
  make_link("../../outside", "root/a/out");
  contract_expect_list(
      store, "a", false, false,
      "a/.hidden a/back\\slash a/dangling a/here/ a/link a/link_to_fifo a/loop a/out/ a/out_file a/up/ a/value ");
  names = (contract_names){.stop_at = 8};
  assert_int_equal(zarrc_store_list(store, "a/out", true, false, contract_note, &names, &error), ZARRC_ACCESS);
  assert_int_equal(error.os_error, EXDEV);
  assert_string_equal(error.key, "a/out");
  assert_int_equal(names.n, 0);
  contract_expect_list(store, "a/fifo", true, false, "");
  contract_expect_list(store, "a/value", true, false, "");
  contract_expect_list(store, "a/value/below", true, false, "");
  contract_expect_list(store, "a/dangling", true, false, "");

  reopen((zarrc_file_store_options){.follow_links = true});
  contract_expect_list(store, "a/out", true, true, "a/out/secret=6 ");
  free(fifo);
  free(fifo2);
}

static zarrc_status note_circles(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  (void)error;
  if (entry->is_circle) strcat(strcat(arg, entry->key), " ");
  return ZARRC_OK;
}

/* Listings follow links as reading does, and come to an end. */
static void test_links_in_a_circle(void **state) {
  (void)state;
  zarrc_error error;
  for (int follow = 0; follow < 2; follow++) {
    char circles[100] = "";
    if (follow) reopen((zarrc_file_store_options){.follow_links = true});
    if (!follow) {
      write_text("root/a/b/value", "text");
      write_text("root/objects/0", "text");
      make_link(".", "root/a/one");
      make_link(".", "root/a/two");
      make_link("../..", "root/a/b/top");
      make_link("b", "root/a/beside");
      make_link("../objects", "root/a/c");
    }
    contract_expect_list(store, "a", true, true, "a/b/value=4 a/beside/value=4 a/c/0=4 ");
    contract_ok(zarrc_store_list(store, "a", false, false, note_circles, circles, &error), &error);
    assert_true(!strcmp(circles, "a/one a/two ") || !strcmp(circles, "a/two a/one "));
    circles[0] = '\0';
    contract_ok(zarrc_store_list(store, "a/b", false, false, note_circles, circles, &error), &error);
    assert_string_equal(circles, "a/b/top ");
  }
}

static zarrc_status count_entry(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  (void)error;
  assert_false(entry->is_prefix);
  assert_int_equal(entry->nbytes, ZARRC_UNKNOWN);
  *(size_t *)arg += 1;
  return ZARRC_OK;
}

/* Depth and width cost no descriptors. */
static void test_deep_and_wide(void **state) {
  (void)state;
  zarrc_error error;
  char key[600] = "";
  size_t n = 0;
  for (int i = 0; i < 60; i++) {
    strcat(key, "d/");
    size_t end = strlen(key);
    strcpy(key + end, "v");
    contract_set(store, key, "x");
    key[end] = '\0';
  }
  for (int i = 0; i < 100; i++) {
    snprintf(key, sizeof key, "w%d/v", i);
    contract_set(store, key, "x");
  }
  struct rlimit old, limit;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
  limit = old;
  int spare = dup(0);
  limit.rlim_cur = (rlim_t)spare + 4;
  close(spare);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
  contract_ok(zarrc_store_list(store, "", true, false, count_entry, &n, &error), &error);
  contract_ok(zarrc_store_erase_prefix(store, "", &error), &error);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
  assert_int_equal(n, 160);
  contract_expect_list(store, "", false, false, "");
}

/* A path that has become longer than a path can be is an error and not left out. */
static void test_too_deep(void **state) {
  (void)state;
  zarrc_error error;
  char name[201], *path = path_in(tree, "root");
  size_t n = 0;
  memset(name, 'n', 200);
  name[200] = '\0';
  int dir = open(path, O_RDONLY | O_DIRECTORY);
  assert_true(dir < 0); /* not made before something is stored */
  contract_set(store, "v", "x");
  dir = open(path, O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < 25; i++) {
    assert_int_equal(mkdirat(dir, name, 0777), 0);
    int below = openat(dir, name, O_RDONLY | O_DIRECTORY);
    close(dir);
    dir = below;
  }
  close(openat(dir, "v", O_WRONLY | O_CREAT, 0666));
  assert_int_equal(zarrc_store_list(store, "", true, false, count_entry, &n, &error), ZARRC_IO);
  assert_int_equal(error.os_error, ENAMETOOLONG);
  assert_int_equal(zarrc_store_erase_prefix(store, name, &error), ZARRC_IO);
  assert_int_equal(error.os_error, ENAMETOOLONG);
  /* For tree_remove: from below. */
  for (int i = 0; i < 25; i++) {
    unlinkat(dir, "v", 0);
    int above = openat(dir, "..", O_RDONLY | O_DIRECTORY);
    close(dir);
    dir = above;
    assert_int_equal(unlinkat(dir, name, AT_REMOVEDIR), 0);
  }
  close(dir);
  free(path);
}

static zarrc_status erase_entry(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  *(size_t *)arg += 1;
  return zarrc_store_erase(store, entry->key, error);
}

static void test_change_while_listing(void **state) {
  (void)state;
  zarrc_error error;
  char key[32];
  size_t n = 0;
  for (int i = 0; i < 300; i++) {
    snprintf(key, sizeof key, "a%d/v%d", i % 10, i);
    contract_set(store, key, "x");
  }
  contract_ok(zarrc_store_list(store, "", true, false, erase_entry, &n, &error), &error);
  assert_int_equal(n, 300);
  contract_expect_list(store, "", true, false, "");
}

/* What goes with a tree, and what does not. */
static void test_erase_prefix(void **state) {
  (void)state;
  zarrc_error error;
  char *fifo = path_in(tree, "root/a/b/fifo");
  write_text("root/a/b/c/value", "text");
  write_text("root/a/b/zarr.json/value", "a directory of that name");
  write_text("root/a/b/.value.12.0123456789abcdef.tmp", "half a text");
  write_text("root/a/b/not\xff\xfeutf8", "text");
  write_text("root/ab/value", "text");
  write_text("root/keep/value", "kept");
  write_text("outside/secret", "secret");
  assert_int_equal(mkfifo(fifo, 0666), 0);
  make_link("../../../outside", "root/a/b/out");
  make_link("../../../outside/secret", "root/a/b/out_file");
  make_link("../../keep", "root/a/b/in");
  make_link("keep", "root/linked");
  make_link("keep/value", "root/linked_value");
  make_link("../outside", "root/linked_out");
  make_link("nothing", "root/dangling");
  faultio_arm(FAULTIO_ALL, 0, 0, false);
  faultio.no_types = true;
  contract_ok(zarrc_store_erase_prefix(store, "a", &error), &error);
  faultio.armed = false;
  assert_false(is_there("root/a"));
  contract_ok(zarrc_store_erase_prefix(store, "linked", &error), &error);
  assert_false(is_there("root/linked"));
  contract_ok(zarrc_store_erase_prefix(store, "linked_out", &error), &error);
  assert_false(is_there("root/linked_out"));
  contract_ok(zarrc_store_erase_prefix(store, "linked_value", &error), &error);
  contract_ok(zarrc_store_erase_prefix(store, "dangling", &error), &error);
  assert_true(is_there("root/linked_value")); /* nothing lies below it */
  assert_true(is_there("root/dangling"));
  assert_true(is_there("outside/secret"));
  contract_expect(store, "keep/value", "kept");
  contract_expect(store, "ab/value", "text");
  contract_ok(zarrc_store_erase_prefix(store, "", &error), &error);
  assert_true(is_there("root"));
  assert_false(is_there("root/keep"));
  assert_true(is_there("outside/secret"));
  free(fifo);
}

/* At whatever call it ends, metadata are the first to go: no array is left without its chunks. */
static void test_erase_prefix_faults(void **state) {
  (void)state;
  zarrc_error error;
  for (int way = 0; way < 4; way++) { /* sync or not; one call fails, or all from there on */
    reopen((zarrc_file_store_options){.create = true, .sync = (zarrc_sync)(way & 1)});
    bool clean = false;
    for (unsigned at = 1; !clean; at++) {
      for (int i = 0; i < 6; i++) {
        static const char *const keys[] = {"g/a/c/0", "g/a/c/1",       "g/a/zarr.json",
                                           "g/b/c/0", "g/b/zarr.json", "g/zarr.json"};
        contract_set(store, keys[i], "text");
      }
      size_t before = contract_nfds();
      faultio_arm(FAULTIO_OPEN | FAULTIO_UNLINK | FAULTIO_SYNC | FAULTIO_READDIR, at, EIO, way & 2);
      zarrc_status status = zarrc_store_erase_prefix(store, "g", &error);
      faultio.armed = false;
      clean = faultio.failed == 0;
      assert_int_equal(contract_nfds(), before);
      assert_int_equal(status, clean ? ZARRC_OK : ZARRC_IO);
      if (!clean) assert_int_equal(error.os_error, EIO);
      for (int array = 0; array < 2; array++) {
        if (is_there(array ? "root/g/b/zarr.json" : "root/g/a/zarr.json")) {
          assert_true(is_there(array ? "root/g/b/c/0" : "root/g/a/c/0"));
          assert_true(array || is_there("root/g/a/c/1"));
        }
      }
    }
    contract_expect_list(store, "", true, false, "");
  }
}

static void test_list_faults(void **state) {
  (void)state;
  zarrc_error error;
  contract_set(store, "a/b/c", "text");
  contract_set(store, "a/d", "text");
  bool clean = false;
  for (unsigned at = 1; !clean; at++) {
    contract_names names = {.stop_at = 8, .sizes = true};
    size_t before = contract_nfds();
    faultio_arm(FAULTIO_OPEN | FAULTIO_READDIR, at, EIO, false);
    zarrc_status status = zarrc_store_list(store, "", true, true, contract_note, &names, &error);
    faultio.armed = false;
    clean = faultio.failed == 0;
    assert_int_equal(contract_nfds(), before);
    assert_int_equal(status, clean ? ZARRC_OK : ZARRC_IO);
    if (!clean) assert_non_null(strstr(error.message, " the directory: Input/output error"));
  }
}

static zarrc_status each_allocation(const zarrc_ctx_options *options, void *arg) {
  const char *path = arg;
  zarrc_ctx *c = NULL;
  zarrc_store *s = NULL;
  size_t n = 0;
  zarrc_status status = zarrc_ctx_open(options, &c, NULL);
  if (!status) status = zarrc_file_store_open(c, path, NULL, &s, NULL);
  if (!status) status = zarrc_store_list(s, "", true, false, count_entry, &n, NULL);
  if (!status) status = zarrc_store_erase_prefix(s, "d0", NULL);
  zarrc_store_close(s);
  zarrc_ctx_close(c);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  char key[64], *path = path_in(tree, "root");
  for (int i = 0; i < 100; i++) {
    snprintf(key, sizeof key, "d%d/e/f/v", i % 50);
    contract_set(store, key, "x");
  }
  zarrc_ctx_options options = {.struct_size = sizeof options, .threads = 1};
  assert_true(faulty_alloc_each(&options, each_allocation, path) > 4);
  free(path);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
  const struct CMUnitTest tests[] = {
      TEST(test_what_is_listed),
      TEST(test_links_in_a_circle),
      TEST(test_deep_and_wide),
      TEST(test_too_deep),
      TEST(test_change_while_listing),
      TEST(test_erase_prefix),
      TEST(test_erase_prefix_faults),
      TEST(test_list_faults),
      TEST(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* A store whose directory is removed, moved or replaced while it is open. */
#include "store/contract.h"
#include "support/faultio.h"
#include "support/files.h"

#include "store/file.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static zarrc_ctx *ctx;
static char *tree, *old_cwd;

static char *in_tree(const char *name) {
  return path_in(tree, name);
}

static void write_in_tree(const char *name, const char *text) {
  char *path = in_tree(name);
  file_write_text(path, text);
  free(path);
}

static void move(const char *from, const char *to) {
  char *a = in_tree(from), *b = in_tree(to);
  assert_int_equal(rename(a, b), 0);
  free(a);
  free(b);
}

static void remove_below(const char *name) {
  zarrc_store *store;
  zarrc_error error;
  char *path = in_tree(name);
  contract_ok(zarrc_file_store_open(ctx, path, NULL, &store, &error), &error);
  contract_ok(zarrc_store_erase_prefix(store, "", &error), &error);
  zarrc_store_close(store);
  assert_int_equal(rmdir(path), 0);
  free(path);
}

/* x/root with old values, x/new and y/root with new ones. */
static int make_tree(void **state) {
  (void)state;
  char cwd[PATH_MAX];
  tree = tree_make();
  if (zarrc_ctx_open(NULL, &ctx, NULL) || !getcwd(cwd, sizeof cwd) || !(old_cwd = strdup(cwd))) return -1;
  write_in_tree("x/root/c/0", "old");
  write_in_tree("x/root/c/1", "old");
  write_in_tree("x/new/c/0", "new");
  write_in_tree("y/root/c/0", "new");
  return 0;
}

static int remove_tree(void **state) {
  (void)state;
  int failed = chdir(old_cwd);
  zarrc_ctx_close(ctx);
  free(old_cwd);
  tree_remove(tree);
  return failed;
}

static void remove_and_move(void) {
  remove_below("x/root");
  move("x/new", "x/root");
}

static void move_away_and_move(void) {
  move("x/root", "x/kept");
  move("x/new", "x/root");
}

static void replace_parent(void) {
  move("x", "z");
  move("y", "x");
}

static void replace_parent_and_remove(void) {
  replace_parent();
  remove_below("z");
}

static void (*const ways[])(void) = {remove_and_move, move_away_and_move, replace_parent, replace_parent_and_remove};
enum { NWAYS = sizeof ways / sizeof *ways };

static zarrc_store *open_store(bool relative, bool follow_links) {
  zarrc_file_store_options options = {.struct_size = sizeof options, .follow_links = follow_links, .create = true};
  zarrc_store *store;
  zarrc_error error;
  char *path = in_tree("x/root");
  if (relative) assert_int_equal(chdir(tree), 0);
  contract_ok(zarrc_file_store_open(ctx, relative ? "x/root" : path, &options, &store, &error), &error);
  if (relative) assert_int_equal(chdir("/"), 0);
  free(path);
  return store;
}

/* Reads, writes, lists and erases what the path names now. */
static void test_replaced(void **state) {
  for (int variant = 0; variant < NWAYS * 4; variant++) {
    zarrc_error error;
    assert_int_equal(make_tree(state), 0);
    zarrc_store *store = open_store(variant & 1, variant & 2);
    contract_expect(store, "c/0", "old");
    ways[variant / 4]();
    size_t before = contract_nfds();
    contract_expect(store, "c/0", "new");
    contract_expect(store, "c/1", NULL);
    contract_expect_list(store, "", true, false, "c/0 ");
    contract_set(store, "d/2", "written");
    char *path = in_tree("x/root/d/2");
    assert_true(file_exists(path));
    free(path);
    contract_ok(zarrc_store_erase_prefix(store, "c", &error), &error);
    contract_expect_list(store, "", true, false, "d/2 ");
    assert_int_equal(contract_nfds(), before);
    zarrc_store_close(store);
    assert_int_equal(remove_tree(state), 0);
  }
}

/* A value that was read before its directory was replaced is not the one that is there now. */
static void test_compare_after_replacement(void **state) {
  (void)state;
  for (int way = 0; way < NWAYS; way++) {
    assert_int_equal(make_tree(state), 0);
    zarrc_store *store = open_store(false, false);
    zarrc_error error;
    zarrc_key_blob blob;
    zarrc_bytes part = {.ptr = (const void *)"mine", .len = 4}, got;
    contract_ok(zarrc_key_blob_open(&blob, store, "c/0", &error), &error);
    contract_ok(zarrc_blob_read_all(blob.blob, 10, &got, &error), &error);
    zarrc_bytes_release(&got);
    ways[way]();
    assert_int_equal(zarrc_blob_replace(blob.blob, &part, 1, true, &error), ZARRC_CONFLICT);
    contract_expect(store, "c/0", "new");
    zarrc_key_blob_close(&blob);
    zarrc_store_close(store);
    assert_int_equal(remove_tree(state), 0);
  }
}

static void expect_gone(zarrc_status status, const zarrc_error *error) {
  assert_int_equal(status, ZARRC_IO);
  assert_int_equal(error->os_error, ESTALE);
  assert_non_null(strstr(error->message, "removed, or moved, while it was in use"));
}

/* Where nothing is any more there are no missing values, and nothing is made anew. */
static void test_gone(void **state) {
  for (int way = 0; way < 6; way++) {
    zarrc_error error = {0};
    zarrc_bytes got = {0};
    contract_names names = {.stop_at = 8};
    assert_int_equal(make_tree(state), 0);
    zarrc_store *store = open_store(way & 1, false);
    if (way / 2 == 0) remove_below("x/root");
    if (way / 2 == 1) move("x/root", "elsewhere");
    if (way / 2 == 2) move("x", "elsewhere");
    if (way / 2 == 2) write_in_tree("x", "a file");
    expect_gone(zarrc_store_get(store, "c/0", 10, &got, &error), &error);
    expect_gone(zarrc_store_get(store, "nothing", 10, &got, &error), &error);
    expect_gone(zarrc_store_set(store, "c/0", "x", 1, &error), &error);
    expect_gone(zarrc_store_erase(store, "c/0", &error), &error);
    expect_gone(zarrc_store_erase_prefix(store, "c", &error), &error);
    expect_gone(zarrc_store_list(store, "", true, false, contract_note, &names, &error), &error);
    zarrc_store_close(store);
    assert_int_equal(remove_tree(state), 0);
  }
}

/* The directory in which the process was when it opened "." has been removed: there is no path to a new one. */
static void test_working_directory_removed(void **state) {
  (void)state;
  zarrc_store *store;
  zarrc_error error = {0};
  zarrc_bytes got = {0};
  char *path = in_tree("x/root");
  assert_int_equal(chdir(path), 0);
  contract_ok(zarrc_file_store_open(ctx, ".", NULL, &store, &error), &error);
  contract_expect(store, "c/0", "old");
  remove_and_move();
  expect_gone(zarrc_store_get(store, "c/0", 10, &got, &error), &error);
  zarrc_store_close(store);
  free(path);
}

/* ------------------------------------------------------------------------------------- while others are reading */

typedef struct reader {
  zarrc_store *store;
  atomic_bool *stop;
  size_t nread, nwrong;
} reader;

static void *read_on(void *arg) {
  reader *r = arg;
  while (!atomic_load(r->stop)) {
    zarrc_bytes got = {0};
    zarrc_status status = zarrc_store_get(r->store, "c/0", 10, &got, NULL);
    bool whole = status == ZARRC_OK && got.len == 3 && (!memcmp(got.ptr, "old", 3) || !memcmp(got.ptr, "new", 3));
    zarrc_bytes_release(&got);
    r->nread++;
    r->nwrong += !whole;
  }
  return NULL;
}

/* The path, a link, names one directory or another, but always one in which the value is. */
static void test_replaced_while_read(void **state) {
  (void)state;
  enum { THREADS = 3, ROUNDS = 2000 };
  pthread_t threads[THREADS];
  reader readers[THREADS];
  atomic_bool stop = false;
  char *link = in_tree("root"), *next = in_tree("next");
  zarrc_store *store;
  zarrc_error error;
  assert_int_equal(symlink("x/root", link), 0);
  contract_ok(zarrc_file_store_open(ctx, link, NULL, &store, &error), &error);
  size_t before = contract_nfds();
  for (int i = 0; i < THREADS; i++) {
    readers[i] = (reader){.store = store, .stop = &stop};
    assert_int_equal(pthread_create(&threads[i], NULL, read_on, &readers[i]), 0);
  }
  for (int i = 0; i < ROUNDS; i++) {
    assert_int_equal(symlink(i % 2 ? "x/root" : "x/new", next), 0);
    assert_int_equal(rename(next, link), 0);
  }
  atomic_store(&stop, true);
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    assert_int_equal(readers[i].nwrong, 0);
  }
  assert_int_equal(contract_nfds(), before);
  zarrc_store_close(store);
  free(link);
  free(next);
}

/* ---------------------------------------------------------------------------------------------------- making it */

static int nmade;

static bool is_there(const char *name) {
  char *path = in_tree(name);
  bool exists = file_exists(path);
  free(path);
  return exists;
}

static void test_make_root(void **state) {
  (void)state;
  zarrc_file_store_options options = {.struct_size = sizeof options, .create = true, .sync = ZARRC_SYNC_DATA};
  char cwd[PATH_MAX], *absolute = path_in(tree, "new/./deep//root");
  zarrc_store *store;
  zarrc_error error;
  contract_ok(zarrc_file_store_open(ctx, absolute, &options, &store, &error), &error);
  zarrc_file_store *made = (zarrc_file_store *)store;
  assert_int_equal(zarrc_file_root_take(made), -1);
  assert_int_equal(errno, ENOENT);
  faultio_arm(FAULTIO_MKDIR | FAULTIO_SYNC, 0, 0, false);
  int root = zarrc_file_root_make(made, &nmade);
  faultio.armed = false;
  assert_true(root >= 0);
  assert_string_equal(faultio.log, "mkdir fsync mkdir fsync mkdir fsync ");
  assert_int_equal(zarrc_file_root_take(made), root);
  assert_int_equal(zarrc_file_root_make(made, &nmade), root);
  assert_true(is_there("new/deep/root"));
  zarrc_store_close(store);
  free(absolute);

  /* A relative path is that of the moment when the store was opened. */
  assert_non_null(getcwd(cwd, sizeof cwd));
  assert_int_equal(chdir(tree), 0);
  contract_ok(zarrc_file_store_open(ctx, "../", &options, &store, &error), &error);
  zarrc_store_close(store);
  contract_ok(zarrc_file_store_open(ctx, "rel/root", &options, &store, &error), &error);
  assert_int_equal(chdir("/"), 0);
  assert_true(zarrc_file_root_make((zarrc_file_store *)store, &nmade) >= 0);
  assert_true(is_there("rel/root"));
  zarrc_store_close(store);
  assert_int_equal(chdir(cwd), 0);

  /* Nothing is made of a store that may not. */
  options.create = false;
  char *missing = path_in(tree, "missing");
  assert_int_equal(zarrc_file_store_open(ctx, missing, &options, &store, &error), ZARRC_NOT_FOUND);
  assert_false(is_there("missing"));
  free(missing);
}

static zarrc_status write_failing(const char *path, const char *key, bool again) {
  zarrc_file_store_options options = {.struct_size = sizeof options, .create = true};
  zarrc_store *store;
  zarrc_error error;
  contract_ok(zarrc_file_store_open(ctx, path, &options, &store, &error), &error);
  faultio_arm(FAULTIO_WRITE, 1, ENOSPC, false);
  zarrc_status status = zarrc_store_set(store, key, "x", 1, &error);
  faultio.armed = false;
  if (again) contract_ok(zarrc_store_set(store, key, "x", 1, &error), &error);
  zarrc_store_close(store);
  return status;
}

/* Directories that were made for a write that failed go, no others; and not before the store is closed. */
static void test_unmake_root(void **state) {
  char *path = path_in(tree, "un/used/root");
  (void)state;
  assert_int_equal(write_failing(path, "a/b/key", false), ZARRC_IO);
  assert_false(is_there("un"));
  char *kept = path_in(tree, "un");
  assert_int_equal(mkdir(kept, 0777), 0);
  assert_int_equal(write_failing(path, "key", false), ZARRC_IO);
  assert_false(is_there("un/used"));
  assert_true(is_there("un"));
  assert_int_equal(write_failing(path, "a/b/key", true), ZARRC_IO);
  assert_true(is_there("un/used/root/a/b/key"));
  assert_int_equal(write_failing(path, "a/c/d/key", false), ZARRC_IO);
  assert_false(is_there("un/used/root/a/c"));
  assert_true(is_there("un/used/root/a"));
  free(path);
  free(kept);
}

static void test_make_root_in_the_way(void **state) {
  (void)state;
  zarrc_file_store_options options = {.struct_size = sizeof options, .create = true};
  zarrc_store *store;
  zarrc_error error;
  char *path = path_in(tree, "later/root");
  contract_ok(zarrc_file_store_open(ctx, path, &options, &store, &error), &error);
  write_in_tree("later", "a file");
  assert_int_equal(zarrc_file_root_make((zarrc_file_store *)store, &nmade), -1);
  assert_int_equal(errno, ENOTDIR);
  zarrc_store_close(store);
  free(path);
  char name[NAME_MAX + 2];
  memset(name, 'n', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  path = path_in(tree, name);
  assert_int_equal(zarrc_file_store_open(ctx, path, &options, &store, &error), ZARRC_IO);
  assert_int_equal(error.os_error, ENAMETOOLONG);
  free(path);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_tree, remove_tree)
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_replaced), cmocka_unit_test(test_compare_after_replacement),
      cmocka_unit_test(test_gone),     TEST(test_working_directory_removed),
      TEST(test_replaced_while_read),  TEST(test_make_root),
      TEST(test_unmake_root),          TEST(test_make_root_in_the_way),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

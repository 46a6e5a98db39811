/* SPDX-License-Identifier: MIT */
/* Names of temporary files, and what becomes of those whose writers are gone. */
#include "store/contract.h"
#include "support/files.h"

#include "store/file.h"

#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static zarrc_ctx *ctx;
static char *tree;

static int open_all(void **state) {
  (void)state;
  tree = tree_make();
  return zarrc_ctx_open(NULL, &ctx, NULL) ? -1 : 0;
}

static int close_all(void **state) {
  (void)state;
  zarrc_ctx_close(ctx);
  tree_remove(tree);
  return 0;
}

static void test_temp_names(void **state) {
  (void)state;
  char one[ZARRC_TEMP_NAME], two[ZARRC_TEMP_NAME], name[NAME_MAX + 1], want[64];
  zarrc_file_temp_name(one, "0.zarr");
  zarrc_file_temp_name(two, "0.zarr");
  assert_string_not_equal(one, two);
  snprintf(want, sizeof want, ".0.zarr.%ld.", (long)getpid());
  assert_memory_equal(one, want, strlen(want));
  assert_true(zarrc_file_is_temp(one));
  assert_int_equal(strlen(one), strlen(want) + 16 + 4);
  for (size_t n = 1; n <= NAME_MAX; n++) { /* a's and then a character of 4 bytes, cut nowhere inside */
    memset(name, 'a', sizeof name);
    name[n] = '\0';
    if (n >= 4) memcpy(name + n - 4, "\xf0\x9f\xa6\x93", 4);
    zarrc_file_temp_name(one, name);
    assert_true(zarrc_file_is_temp(one));
    assert_true(strlen(one) < 140); /* for file systems with less than NAME_MAX */
    contract_ok(zarrc_key_check(one, NULL), NULL);
  }
  static const char *const no[] = {
      "",
      ".",
      ".tmp",
      "zarr.json",
      "x.0.zarr.12.0123456789abcdef.tmp",
      ".0.zarr.12.0123456789abcdef.tmp2",
      ".0.zarr.12.0123456789abcdeg.tmp",
      ".0.zarr.12.0123456789abcdeF.tmp",
      ".0.zarr.12x0123456789abcdef.tmp",
      ".0.zarr.x.0123456789abcdef.tmp",
      ".0.zarr..0123456789abcdef.tmp",
      ".12.0123456789abcdef.tmp",
      "12.0123456789abcdef.tmp",
      ".0123456789abcdef.tmp",
      ".0.12.123456789abcdef.tmp",
  };
  for (size_t i = 0; i < sizeof no / sizeof *no; i++)
    if (zarrc_file_is_temp(no[i])) fail_msg("%s", no[i]);
  assert_true(zarrc_file_is_temp(".0.zarr.12.0123456789abcdef.tmp"));
  assert_true(zarrc_file_is_temp("..12.0123456789abcdef.tmp"));
}

/* The number of a process that has ended. */
static pid_t dead_process(void) {
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) _exit(0);
  assert_int_equal(waitpid(child, NULL, 0), child);
  return child;
}

static char *make_temp(const char *directory, pid_t pid, int n) {
  char name[200];
  snprintf(name, sizeof name, "root/%s/.0.%ld.%016x.tmp", directory, (long)pid, (unsigned)n);
  char *path = path_in(tree, name);
  file_write_text(path, "half a value");
  return path;
}

static zarrc_store *open_store(bool read_only) {
  zarrc_file_store_options options = {.struct_size = sizeof options, .read_only = read_only};
  zarrc_store *store;
  zarrc_error error;
  char *path = path_in(tree, "root");
  contract_ok(zarrc_file_store_open(ctx, path, &options, &store, &error), &error);
  free(path);
  return store;
}

/* The next writer in the directory removes what a dead one has left, and nothing else. */
static void test_next_writer_removes(void **state) {
  (void)state;
  pid_t dead = dead_process();
  char *left = make_temp("c", dead, 1), *mine = make_temp("c", getpid(), 2), *held = make_temp("c", dead, 3),
       *beside = make_temp("d", dead, 4), *other = path_in(tree, "root/c/.0.12.tmp");
  file_write_text(other, "no temporary file");
  int fd = open(held, O_RDONLY);
  assert_int_equal(flock(fd, LOCK_EX), 0);
  zarrc_store *store = open_store(false);
  contract_set(store, "c/0", "value");
  assert_false(file_exists(left));
  assert_true(file_exists(mine) && file_exists(held) && file_exists(beside) && file_exists(other));
  close(fd);
  zarrc_store_close(store);
  store = open_store(true);
  contract_expect_list(store, "", true, false, "c/.0.12.tmp c/0 ");
  assert_true(file_exists(beside)); /* who only reads removes nothing */
  zarrc_store_close(store);
  store = open_store(false);
  contract_expect_list(store, "", true, false, "c/.0.12.tmp c/0 ");
  assert_false(file_exists(held) || file_exists(beside));
  assert_true(file_exists(mine));
  zarrc_store_close(store);
  free(left);
  free(mine);
  free(held);
  free(beside);
  free(other);
}

static zarrc_status note_temporary(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  zarrc_buf *text = arg;
  assert_false(entry->is_prefix);
  return zarrc_buf_printf(text, error, "%s %d\n", entry->key, (int)entry->nbytes);
}

static void expect_temporary(zarrc_store *store, const char *prefix, const char *want) {
  zarrc_error error;
  zarrc_buf text = zarrc_buf_new(ctx, SIZE_MAX);
  contract_ok(zarrc_store_list_temporary(store, prefix, note_temporary, &text, &error), &error);
  contract_ok(zarrc_buf_append(&text, "", 1, &error), &error);
  assert_string_equal((const char *)text.ptr, want);
  zarrc_buf_clear(&text);
}

/* What dead writers left is listed with its size and stays; what is being written is not listed. */
static void test_what_dead_writers_left_is_listed(void **state) {
  (void)state;
  pid_t dead = dead_process();
  char *left = make_temp("c/1", dead, 1), *mine = make_temp("c", getpid(), 2), *held = make_temp("c", dead, 3),
       *other = path_in(tree, "root/c/.0.12.tmp"), *directory = path_in(tree, "root/c/.0.12.0123456789abcdef.tmp/x");
  char want[200];
  file_write_text(other, "no temporary file");
  file_write_text(directory, "a directory");
  int fd = open(held, O_RDONLY);
  assert_int_equal(flock(fd, LOCK_EX), 0);
  zarrc_store *store = open_store(false);
  snprintf(want, sizeof want, "c/1/.0.%ld.%016x.tmp 12\n", (long)dead, 1u);
  expect_temporary(store, "", want);
  expect_temporary(store, "c", want);
  expect_temporary(store, "c/1", want);
  expect_temporary(store, "d", "");
  assert_int_equal(zarrc_store_list_temporary(store, "../x", note_temporary, NULL, NULL), ZARRC_INVALID_ARGUMENT);
  assert_true(file_exists(left) && file_exists(mine) && file_exists(held));
  close(fd);
  zarrc_store_close(store);
  contract_ok(zarrc_memory_store_open(ctx, &store, NULL), NULL);
  expect_temporary(store, "", "");
  zarrc_store_close(store);
  free(left);
  free(mine);
  free(held);
  free(other);
  free(directory);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
  const struct CMUnitTest tests[] = {TEST(test_temp_names), TEST(test_next_writer_removes),
                                     TEST(test_what_dead_writers_left_is_listed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include "store/contract.h"
#include "support/faultio.h"
#include "support/faulty_alloc.h"
#include "support/files.h"
#include "support/said.h"

#include "store/file.h"

#include <sys/wait.h>

static zarrc_ctx *ctx;
static char *tree;
static zarrc_store *store;
static size_t nfds;

static void reopen(zarrc_sync sync) {
  zarrc_error error;
  zarrc_file_store_options options = {.struct_size = sizeof options, .create = true, .sync = sync};
  char *path = path_in(tree, "root");
  zarrc_store_close(store);
  contract_ok(zarrc_file_store_open(ctx, path, &options, &store, &error), &error);
  free(path);
}

static int open_all(void **state) {
  (void)state;
  nfds = contract_nfds();
  tree = tree_make();
  store = NULL;
  if (zarrc_ctx_open(NULL, &ctx, NULL)) return -1;
  reopen(ZARRC_SYNC_NONE);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  tree_remove(tree);
  return contract_nfds() == nfds ? 0 : -1;
}

static zarrc_status append(zarrc_key_blob *blob, const char *text, zarrc_error *error) {
  size_t n = strlen(text);
  zarrc_bytes parts[3] = {{.ptr = (const uint8_t *)text, .len = n / 2},
                          {.ptr = NULL, .len = 0},
                          {.ptr = (const uint8_t *)text + n / 2, .len = n - n / 2}};
  return zarrc_blob_append(blob->blob, parts, n ? 3 : 0, error);
}

static void expect_read(zarrc_key_blob *blob, const char *text) {
  zarrc_bytes got = contract_read(blob);
  assert_int_equal(got.len, strlen(text));
  assert_memory_equal(got.ptr, text, got.len);
  zarrc_bytes_release(&got);
}

static void expect_files(const char *want) {
  contract_expect_list(store, "", true, false, want);
  char *root = path_in(tree, "root");
  DIR *dir = opendir(root);
  const struct dirent *e;
  while (dir && (e = readdir(dir))) assert_false(zarrc_file_is_temp(e->d_name));
  if (dir) closedir(dir);
  free(root);
}

/* The blob sees the new value from the first piece on, others once it is published. */
static void test_growing(void **state) {
  (void)state;
  for (int old = 0; old < 2; old++) {
    for (int ends = 0; ends < 2; ends++) {
      zarrc_error error;
      zarrc_key_blob blob;
      const char *before = old ? "old" : NULL;
      contract_ok(zarrc_store_erase(store, "d/v", &error), &error);
      if (old) contract_set(store, "d/v", "old");
      contract_ok(zarrc_key_blob_open(&blob, store, "d/v", &error), &error);
      contract_ok(append(&blob, "", &error), &error);
      expect_read(&blob, "");
      contract_ok(append(&blob, "some text", &error), &error);
      expect_read(&blob, "some text");
      contract_expect(store, "d/v", before);
      contract_ok(append(&blob, ", and more", &error), &error);
      zarrc_range range = {.offset = -4, .nbytes = 4};
      contract_ok(zarrc_blob_read(blob.blob, &range, 1, &error), &error);
      assert_int_equal(range.total, 19);
      assert_memory_equal(range.got.ptr, "more", 4);
      zarrc_ranges_release(&range, 1);
      contract_expect(store, "d/v", before);
      if (ends) contract_ok(zarrc_blob_publish(blob.blob, false, &error), &error);
      if (ends) expect_read(&blob, "some text, and more");
      zarrc_key_blob_close(&blob);
      contract_expect(store, "d/v", ends ? "some text, and more" : before);
      expect_files(ends || old ? "d/v " : "");
    }
  }
}

/* The permissions of a file go over to the one that replaces it. */
static void test_permissions(void **state) {
  zarrc_error error;
  zarrc_key_blob blob;
  struct stat st;
  (void)state;
  contract_set(store, "v", "old");
  char *root = path_in(tree, "root"), *path = path_in(root, "v");
  assert_int_equal(chmod(path, 0640), 0);
  contract_ok(zarrc_key_blob_open(&blob, store, "v", &error), &error);
  contract_ok(append(&blob, "new", &error), &error);
  contract_ok(zarrc_blob_publish(blob.blob, false, &error), &error);
  zarrc_key_blob_close(&blob);
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode & 07777, 0640);
  free(path);
  free(root);
}

/* if_unchanged is about the value that was there when the blob first looked. */
static void test_if_unchanged(void **state) {
  (void)state;
  for (int old = 0; old < 2; old++) {
    for (int other = 0; other < 2; other++) {
      for (int checked = 0; checked < 2; checked++) {
        zarrc_error error;
        zarrc_key_blob blob;
        contract_ok(zarrc_store_erase(store, "v", &error), &error);
        if (old) contract_set(store, "v", "old");
        contract_ok(zarrc_key_blob_open(&blob, store, "v", &error), &error);
        zarrc_bytes got = contract_read(&blob);
        zarrc_bytes_release(&got);
        contract_ok(append(&blob, "new", &error), &error);
        if (other) contract_set(store, "v", "other");
        zarrc_status status = zarrc_blob_publish(blob.blob, checked, &error);
        assert_int_equal(status, other && checked ? ZARRC_CONFLICT : ZARRC_OK);
        assert_int_equal(zarrc_blob_publish(blob.blob, checked, &error), ZARRC_INVALID_ARGUMENT);
        assert_string_equal(error.message, "nothing was appended");
        zarrc_key_blob_close(&blob);
        contract_expect(store, "v", status ? "other" : "new");
        expect_files("v ");
      }
    }
  }
}

static zarrc_status make(unsigned which, unsigned at, int os_error, bool forever, zarrc_error *error) {
  zarrc_key_blob blob;
  contract_ok(zarrc_key_blob_open(&blob, store, "x/y/v", error), error);
  faultio_arm(which, at, os_error, forever);
  zarrc_status status = append(&blob, "one", error);
  if (!status) status = append(&blob, "two", error);
  if (!status) status = zarrc_blob_publish(blob.blob, false, error);
  faultio.armed = false;
  zarrc_key_blob_close(&blob);
  return status;
}

/* Each system call fails, once and for ever: the value is whole or not there, and nothing is left. */
static void test_each_call_fails(void **state) {
  (void)state;
  for (int sync = ZARRC_SYNC_NONE; sync <= ZARRC_SYNC_DATA; sync++) {
    reopen((zarrc_sync)sync);
    for (int forever = 0; forever < 2; forever++) {
      bool clean = false;
      for (unsigned at = 1; !clean; at++) {
        zarrc_error error = {0};
        contract_ok(zarrc_store_erase_prefix(store, "x", &error), &error);
        contract_set(store, "other", "other"); /* the root is open */
        size_t before = contract_nfds();
        zarrc_status status = make(FAULTIO_ALL, at, ENOSPC, forever, &error);
        clean = faultio.failed == 0;
        if (clean) contract_ok(status, &error);
        if (clean && !forever) print_message("%u calls: %s\n", at - 1, faultio.log);
        zarrc_bytes got = {0};
        zarrc_status found = zarrc_store_get(store, "x/y/v", 100, &got, NULL);
        if (status == ZARRC_OK || found == ZARRC_OK) assert_true(found == ZARRC_OK && got.len == 6);
        zarrc_bytes_release(&got);
        assert_int_equal(contract_nfds(), before);
        if (!forever) expect_files(found ? "other " : "other x/y/v ");
      }
    }
  }
}

/* What a failed piece has left is not in the way of the next one. */
static void test_again_after_a_failure(void **state) {
  zarrc_error error;
  zarrc_key_blob blob;
  (void)state;
  contract_ok(zarrc_key_blob_open(&blob, store, "v", &error), &error);
  contract_ok(append(&blob, "one", &error), &error);
  faultio_arm(FAULTIO_WRITE, 2, ENOSPC, true); /* after a part of it */
  faultio.is_short = true;
  assert_int_equal(append(&blob, "rubbish", &error), ZARRC_IO);
  faultio.armed = false;
  expect_read(&blob, "one");
  contract_ok(append(&blob, "two", &error), &error);
  contract_ok(zarrc_blob_publish(blob.blob, true, &error), &error);
  zarrc_key_blob_close(&blob);
  contract_expect(store, "v", "onetwo");
}

/* A child does not take part, and its end removes nothing. */
static void test_fork(void **state) {
  zarrc_error error;
  zarrc_key_blob blob;
  int status = -1;
  (void)state;
  contract_ok(zarrc_key_blob_open(&blob, store, "x/v", &error), &error);
  contract_ok(append(&blob, "one", &error), &error);
  pid_t child = fork();
  if (child == 0) {
    bool refused = append(&blob, "child", &error) == ZARRC_INVALID_ARGUMENT &&
                   zarrc_blob_publish(blob.blob, false, &error) == ZARRC_INVALID_ARGUMENT;
    zarrc_key_blob_close(&blob);
    _exit(refused ? 0 : 1);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  contract_ok(append(&blob, "two", &error), &error);
  contract_ok(zarrc_blob_publish(blob.blob, true, &error), &error);
  zarrc_key_blob_close(&blob);
  contract_expect(store, "x/v", "onetwo");
}

static void test_refusals(void **state) {
  zarrc_error error;
  zarrc_key_blob blob;
  zarrc_store *memory;
  (void)state;
  contract_ok(zarrc_key_blob_open(&blob, store, ".v.1.0123456789abcdef.tmp", &error), &error);
  assert_int_equal(append(&blob, "x", &error), ZARRC_INVALID_ARGUMENT);
  zarrc_key_blob_close(&blob);
  store->read_only = true;
  contract_ok(zarrc_key_blob_open(&blob, store, "v", &error), &error);
  assert_int_equal(append(&blob, "x", &error), ZARRC_INVALID_ARGUMENT);
  zarrc_key_blob_close(&blob);
  store->read_only = false;
  contract_ok(zarrc_memory_store_open(ctx, &memory, &error), &error);
  contract_ok(zarrc_key_blob_open(&blob, memory, "v", &error), &error);
  assert_int_equal(append(&blob, "x", &error), ZARRC_UNSUPPORTED);
  assert_string_equal(error.message, "the store takes values as a whole only, not piece by piece");
  assert_int_equal(zarrc_blob_publish(blob.blob, false, &error), ZARRC_UNSUPPORTED);
  zarrc_key_blob_close(&blob);
  zarrc_store_close(memory);
}

static zarrc_status each_allocation(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *own;
  zarrc_store *files = NULL;
  zarrc_key_blob blob = {0};
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  if (status) return status;
  status = zarrc_file_store_open(own, arg, NULL, &files, NULL);
  if (!status) status = zarrc_key_blob_open(&blob, files, "a/v", NULL);
  if (!status) status = append(&blob, "one", NULL);
  if (!status) status = zarrc_blob_publish(blob.blob, false, NULL);
  zarrc_key_blob_close(&blob);
  zarrc_store_close(files);
  zarrc_ctx_close(own);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  zarrc_ctx_options options = {.struct_size = sizeof options, .threads = 1};
  assert_true(faulty_alloc_each(&options, each_allocation, tree) > 2);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
  const struct CMUnitTest tests[] = {
      TEST(test_growing),
      TEST(test_permissions),
      TEST(test_if_unchanged),
      TEST(test_each_call_fails),
      TEST(test_again_after_a_failure),
      TEST(test_fork),
      TEST(test_refusals),
      TEST(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

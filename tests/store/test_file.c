/* SPDX-License-Identifier: MIT */
#include "store/contract.h"
#include "support/faultio.h"
#include "support/faulty_alloc.h"
#include "support/files.h"
#include "support/said.h"

#include "store/file.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static zarrc_ctx *ctx;
static char *tree;
static zarrc_store *store;
static size_t nfds;

static zarrc_status open_root(zarrc_file_store_options options, zarrc_error *error) {
  char *path = path_in(tree, "root");
  options.struct_size = sizeof options;
  zarrc_status status = zarrc_file_store_open(ctx, path, &options, &store, error);
  free(path);
  return status;
}

static void reopen(zarrc_file_store_options options) {
  zarrc_error error;
  zarrc_store_close(store);
  store = NULL;
  contract_ok(open_root(options, &error), &error);
}

static char *root_path(const char *name) {
  char *root = path_in(tree, "root"), *path = path_in(root, name);
  free(root);
  return path;
}

static void write_text(const char *name, const char *text) {
  char *path = root_path(name);
  file_write_text(path, text);
  free(path);
}

static int open_all(void **state) {
  (void)state;
  nfds = contract_nfds();
  tree = tree_make();
  return zarrc_ctx_open(NULL, &ctx, NULL) || open_root((zarrc_file_store_options){.create = true}, NULL);
}

static int close_all(void **state) {
  (void)state;
  zarrc_store_close(store);
  store = NULL;
  zarrc_ctx_close(ctx);
  tree_remove(tree);
  return contract_nfds() == nfds ? 0 : -1; /* every test gives back every descriptor */
}

/* ------------------------------------------------------------------------------------------------ the contract */

static void test_ranges(void **state) {
  (void)state;
  contract_ranges(store);
  contract_vectored(store);
}

static void test_versions(void **state) {
  (void)state;
  contract_versions(store);
  contract_pieces(store);
}

static void test_list(void **state) {
  (void)state;
  contract_list(store);
}

static void test_random(void **state) {
  (void)state;
  contract_random(store, 3000);
}

static void test_threads(void **state) {
  (void)state;
  contract_threads(store, 30);
}

/* ----------------------------------------------------------------------------------------------------- opening */

static void test_open(void **state) {
  (void)state;
  zarrc_error error;
  zarrc_store *s = NULL;
  char *missing = path_in(tree, "missing"), *file = path_in(tree, "file"), *below = path_in(tree, "file/below");
  file_write_text(file, "text");
  assert_int_equal(zarrc_file_store_open(ctx, missing, NULL, &s, &error), ZARRC_NOT_FOUND);
  assert_non_null(strstr(SAID(error), "/missing: there is no such directory"));
  zarrc_file_store_options options = {.struct_size = sizeof options, .create = true, .read_only = true};
  assert_int_equal(zarrc_file_store_open(ctx, missing, &options, &s, &error), ZARRC_NOT_FOUND);
  assert_int_equal(zarrc_file_store_open(ctx, file, NULL, &s, &error), ZARRC_IO);
  assert_int_equal(error.os_error, ENOTDIR);
  assert_int_equal(zarrc_file_store_open(ctx, below, NULL, &s, &error), ZARRC_IO);
  assert_int_equal(error.os_error, ENOTDIR);
  assert_int_equal(zarrc_file_store_open(ctx, "", NULL, &s, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_file_store_open(ctx, NULL, NULL, &s, &error), ZARRC_INVALID_ARGUMENT);
  assert_null(s);
  assert_false(file_exists(missing));

  /* A store that will be made: it is empty, and nothing is made before something is stored. */
  options.read_only = false;
  contract_ok(zarrc_file_store_open(ctx, missing, &options, &s, &error), &error);
  contract_expect(s, "a/b", NULL);
  contract_ok(zarrc_store_erase(s, "a/b", &error), &error);
  contract_ok(zarrc_store_erase_prefix(s, "", &error), &error);
  contract_expect_list(s, "", true, true, "");
  assert_int_equal(zarrc_store_set(s, "../a", "x", 1, &error), ZARRC_INVALID_ARGUMENT);
  assert_false(file_exists(missing));
  contract_set(s, "a/b", "text");
  assert_true(file_exists(missing));
  contract_expect(s, "a/b", "text");
  zarrc_store_close(s);

  /* Made by somebody else, after it was opened. */
  tree_remove(missing);
  missing = path_in(tree, "missing");
  contract_ok(zarrc_file_store_open(ctx, missing, &options, &s, &error), &error);
  char *value = path_in(missing, "a");
  file_write_text(value, "text");
  contract_expect(s, "a", "text");
  zarrc_store_close(s);

  /* Options as an older program knows them. */
  struct {
    size_t struct_size;
    bool read_only;
    char behind[64];
  } old = {offsetof(zarrc_file_store_options, max_value_bytes), false, {0}};
  memset(old.behind, 0, sizeof old.behind);
  memset(old.behind + 24, 0xff, 16);
  contract_ok(zarrc_file_store_open(ctx, missing, (zarrc_file_store_options *)(void *)&old, &s, &error), &error);
  assert_int_equal(((zarrc_file_store *)s)->max_value_bytes, 0);
  contract_expect(s, "a", "text");
  zarrc_store_close(s);
  free(value);
  free(missing);
  free(file);
  free(below);
}

static void test_read_only(void **state) {
  (void)state;
  zarrc_error error;
  contract_set(store, "a/zarr.json", "text");
  reopen((zarrc_file_store_options){.read_only = true, .create = true});
  assert_int_equal(zarrc_store_set(store, "b", "x", 1, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_store_erase(store, "a/zarr.json", &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_store_erase_prefix(store, "a", &error), ZARRC_INVALID_ARGUMENT);
  contract_expect(store, "a/zarr.json", "text");
  contract_expect_list(store, "", true, false, "a/zarr.json ");
}

/* ----------------------------------------------------------------------------------------------------- reading */

/* What is no regular file is never waited for, and never a missing value. */
static void test_kinds(void **state) {
  (void)state;
  static const char *const names[] = {"fifo", "directory", "dangling", "loop", "zero", "escape", "socket"};
  static const char *const words[] = {
      "a FIFO, not a regular file",
      "a directory, not a regular file",
      "a symbolic link to nothing: No such file or directory",
      "cannot open: Too many levels of symbolic links",
      "cannot open: a symbolic link leads out of the store",
      "cannot open: a symbolic link leads out of the store",
      "a socket, not a regular file",
  };
  static const int errors[] = {EINVAL, EISDIR, ENOENT, ELOOP, EXDEV, EXDEV, EINVAL};
  char *path[7], *secret = path_in(tree, "secret");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  file_write_text(secret, "secret");
  write_text("here", "text");
  for (int i = 0; i < 7; i++) path[i] = root_path(names[i]);
  assert_int_equal(mkfifo(path[0], 0666), 0);
  assert_int_equal(mkdir(path[1], 0777), 0);
  assert_int_equal(symlink("nothing", path[2]), 0);
  assert_int_equal(symlink("loop", path[3]), 0);
  assert_int_equal(symlink("/dev/zero", path[4]), 0);
  assert_int_equal(symlink("../secret", path[5]), 0);
  int s = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_true(s >= 0 && strlen(path[6]) < sizeof address.sun_path);
  strcpy(address.sun_path, path[6]);
  assert_int_equal(bind(s, (struct sockaddr *)&address, sizeof address), 0);
  zarrc_error error;
  zarrc_bytes got = {0};
  for (int i = 0; i < 7; i++) {
    assert_int_equal(zarrc_store_get(store, names[i], 100, &got, &error), errors[i] == EXDEV ? ZARRC_ACCESS : ZARRC_IO);
    assert_string_equal(error.message, words[i]);
    assert_int_equal(error.os_error, errors[i]);
    assert_string_equal(error.key, names[i]);
    char place[PATH_MAX];
    snprintf(place, sizeof place, "%s: %s", path[i], words[i]);
    assert_string_equal(SAID(error), place); /* the name of the file, to be used as it is */
  }
  contract_expect(store, "nothing", NULL);
  contract_expect(store, "nothing/below", NULL);
  contract_expect(store, "here/below", NULL); /* there is no such file, and none such could be */

  reopen((zarrc_file_store_options){.follow_links = true});
  contract_expect(store, "escape", "secret");
  assert_int_equal(zarrc_store_get(store, "zero", 100, &got, &error), ZARRC_IO);
  assert_string_equal(error.message, "a character device, not a regular file");
  assert_int_equal(zarrc_store_get(store, "loop", 100, &got, &error), ZARRC_IO);
  close(s);
  for (int i = 0; i < 7; i++) free(path[i]);
  free(secret);
}

static void test_sizes(void **state) {
  (void)state;
  zarrc_error error;
  zarrc_bytes got = {0};
  char *path = root_path("sparse");
  const int64_t huge = INT64_C(64) << 30;
  write_text("sparse", "head");
  write_text("empty", "");
  assert_int_equal(truncate(path, huge), 0);
  uint64_t before = zarrc_ctx_memory_peak(ctx);
  assert_int_equal(zarrc_store_get(store, "sparse", 1 << 20, &got, &error), ZARRC_LIMIT);
  assert_string_equal(error.message, "68719476736 bytes, of which at most 1048576 may be read");
  zarrc_key_blob blob;
  contract_ok(zarrc_key_blob_open(&blob, store, "sparse", &error), &error);
  zarrc_range bad[] = {{.nbytes = 4}, {.offset = 1, .nbytes = (uint64_t)huge}};
  assert_int_equal(zarrc_blob_read(blob.blob, bad, 2, &error), ZARRC_TRUNCATED);
  zarrc_range good[] = {{.nbytes = 4}, {.offset = -3, .nbytes = 3}, {.offset = huge, .nbytes = 9, .to_end = true}};
  contract_ok(zarrc_blob_read(blob.blob, good, 3, &error), &error);
  assert_memory_equal(good[0].got.ptr, "head", 4);
  assert_memory_equal(good[1].got.ptr, "\0\0\0", 3);
  assert_int_equal(good[2].got.len, 0);
  assert_non_null(good[2].got.ptr);
  assert_int_equal(good[1].total, huge);
  zarrc_ranges_release(good, 3);
  zarrc_key_blob_close(&blob);
  assert_true(zarrc_ctx_memory_peak(ctx) < before + 100000); /* no memory for what cannot be had */
  contract_ok(zarrc_store_get(store, "empty", 0, &got, &error), &error);
  assert_int_equal(got.len, 0);
  zarrc_bytes_release(&got);
  free(path);

  write_text("ten", "0123456789");
  reopen((zarrc_file_store_options){.max_value_bytes = 10});
  contract_expect(store, "ten", "0123456789");
  reopen((zarrc_file_store_options){.max_value_bytes = 9});
  contract_ok(zarrc_key_blob_open(&blob, store, "ten", &error), &error);
  zarrc_range first = {.nbytes = 1};
  assert_int_equal(zarrc_blob_read(blob.blob, &first, 1, &error), ZARRC_LIMIT);
  assert_string_equal(SAID(error), "a file of 10 bytes, of which the store allows 9");
  zarrc_key_blob_close(&blob);
}

/* A file that somebody cuts or rewrites in place while it is read. */
static void test_cut_while_read(void **state) {
  (void)state;
  zarrc_error error;
  zarrc_key_blob blob;
  char *path = root_path("value");
  uint8_t into[8];
  write_text("value", "01234567");
  contract_ok(zarrc_key_blob_open(&blob, store, "value", &error), &error);
  zarrc_range r = {.nbytes = 2};
  contract_ok(zarrc_blob_read(blob.blob, &r, 1, &error), &error);
  zarrc_ranges_release(&r, 1);
  assert_int_equal(truncate(path, 5), 0);
  zarrc_range rest[] = {{.offset = 2, .nbytes = 2}, {.offset = 4, .nbytes = 4, .into = into}};
  assert_int_equal(zarrc_blob_read(blob.blob, rest, 2, &error), ZARRC_TRUNCATED);
  assert_string_equal(error.message, "the file was cut to 5 bytes while it was read");
  assert_int_equal(error.offset, 5);
  assert_null(rest[0].got.release);
  assert_int_equal(contract_replace(&blob, "new", true), ZARRC_CONFLICT); /* it is not what was read */
  zarrc_key_blob_close(&blob);
  free(path);
}

/* One open per blob, one read for ranges that lie end to end. */
static void test_calls(void **state) {
  (void)state;
  zarrc_error error;
  zarrc_key_blob blob;
  contract_set(store, "value", "0123456789");
  contract_ok(zarrc_key_blob_open(&blob, store, "value", &error), &error);
  uint8_t into[4];
  zarrc_range r[] = {{.nbytes = 2},
                     {.offset = 2, .nbytes = 4, .into = into},
                     {.offset = -4, .nbytes = 1},
                     {.offset = 9, .nbytes = 9, .to_end = true}};
  faultio_arm(FAULTIO_ALL, 0, 0, false);
  contract_ok(zarrc_blob_read(blob.blob, r, 4, &error), &error);
  zarrc_ranges_release(r, 4);
  contract_ok(zarrc_blob_read(blob.blob, r, 1, &error), &error);
  zarrc_ranges_release(r, 1);
  zarrc_key_blob_close(&blob);
  contract_ok(zarrc_key_blob_open(&blob, store, "nothing", &error), &error);
  for (int i = 0; i < 3; i++) assert_int_equal(zarrc_blob_read(blob.blob, r, 1, &error), ZARRC_NOT_FOUND);
  zarrc_key_blob_close(&blob);
  faultio.armed = false;
  if (!atomic_load(&((zarrc_file_store *)store)->no_openat2))
    assert_string_equal(faultio.log, "open stat read read read close open stat open stat ");
}

/* What identifies a version: the same for all blobs, another after every write, and nothing while it is fresh. */
static void test_identify(void **state) {
  (void)state;
  zarrc_error error;
  zarrc_key_blob one, two;
  zarrc_identity first = {0}, second = {0};
  bool known = true;
  const struct timespec long_ago[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
  contract_set(store, "value", "text");
  contract_ok(zarrc_key_blob_open(&one, store, "nothing", &error), &error);
  assert_int_equal(zarrc_blob_identify(one.blob, &first, &known, &error), ZARRC_NOT_FOUND);
  assert_string_equal(SAID(error), "not found");
  assert_false(known);
  zarrc_key_blob_close(&one);
  contract_ok(zarrc_key_blob_open(&one, store, "value", &error), &error);
  contract_ok(zarrc_key_blob_open(&two, store, "value", &error), &error);
  contract_ok(zarrc_blob_identify(one.blob, &first, &known, &error), &error);
  assert_false(known); /* the time of change, which nobody can set back, is now */
  assert_int_equal(first.nbytes, 4);
  contract_ok(zarrc_blob_identify(two.blob, &second, &known, &error), &error);
  assert_memory_equal(&first, &second, sizeof first);
  zarrc_key_blob_close(&two);
  contract_set(store, "value", "text");
  char *path = root_path("value");
  assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0);
  contract_ok(zarrc_key_blob_open(&two, store, "value", &error), &error);
  contract_ok(zarrc_blob_identify(two.blob, &second, &known, &error), &error);
  assert_false(known);
  assert_memory_not_equal(&first, &second, sizeof first);
  contract_ok(zarrc_blob_identify(one.blob, &second, &known, &error), &error);
  assert_int_equal(second.word[1], first.word[1]); /* still the file that it has open */
  zarrc_key_blob_close(&one);
  zarrc_key_blob_close(&two);
  free(path);
}

static void test_read_faults(void **state) {
  (void)state;
  enum { N = 100000 };
  uint8_t *value = malloc(N);
  zarrc_error error;
  zarrc_bytes got = {0};
  for (size_t i = 0; i < N; i++) value[i] = (uint8_t)(i * 131 >> 3);
  contract_ok(zarrc_store_set(store, "a/value", value, 200, &error), &error);
  contract_ok(zarrc_store_set(store, "a/large", value, N, &error), &error);

  for (int way = 0; way < 3; way++) { /* short, interrupted, both */
    faultio_arm(FAULTIO_ALL, 0, 0, false);
    faultio.is_short = way != 1;
    faultio.eintr = way != 0;
    contract_ranges(store);
    contract_ok(zarrc_store_get(store, way == 1 ? "a/large" : "a/value", N, &got, &error), &error);
    faultio.armed = false;
    assert_int_equal(got.len, way == 1 ? N : 200);
    assert_memory_equal(got.ptr, value, got.len);
    zarrc_bytes_release(&got);
  }
  static const int errors[] = {EIO, EACCES, EMFILE, ENOMEM, ESTALE};
  for (size_t e = 0; e < sizeof errors / sizeof *errors; e++) {
    bool clean = false;
    for (unsigned at = 1; !clean; at++) {
      size_t before = contract_nfds();
      faultio_arm(FAULTIO_ALL & ~FAULTIO_CLOSE, at, errors[e], false);
      zarrc_status status = zarrc_store_get(store, "a/value", N, &got, &error);
      faultio.armed = false;
      clean = faultio.failed == 0;
      assert_int_equal(status, clean ? ZARRC_OK : zarrc_status_of_errno(errors[e]));
      if (clean) {
        zarrc_bytes_release(&got);
        assert_true(at > 3);
      } else {
        assert_int_equal(error.os_error, errors[e]);
        assert_string_equal(error.key, "a/value");
      }
      assert_int_equal(contract_nfds(), before);
    }
  }
  free(value);
}

static zarrc_status each_allocation(const zarrc_ctx_options *options, void *arg) {
  const char *path = arg;
  zarrc_ctx *c = NULL;
  zarrc_store *s = NULL;
  zarrc_error error;
  zarrc_bytes got = {0};
  zarrc_file_store_options o = {.struct_size = sizeof o, .create = true};
  contract_names names = {.stop_at = 8};
  zarrc_status status = zarrc_ctx_open(options, &c, NULL);
  if (!status) status = zarrc_file_store_open(c, path, &o, &s, &error);
  if (!status) status = zarrc_store_set(s, "d/e/value", "value", 5, &error);
  if (!status) status = zarrc_store_get(s, "d/e/value", 5, &got, &error);
  zarrc_bytes_release(&got);
  if (!status) status = zarrc_store_list(s, "", true, true, contract_note, &names, &error);
  if (!status) status = zarrc_store_erase_prefix(s, "d", &error);
  zarrc_store_close(s);
  zarrc_ctx_close(c);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  zarrc_ctx_options options = {.struct_size = sizeof options, .threads = 1};
  char *path = path_in(tree, "oom");
  assert_true(faulty_alloc_each(&options, each_allocation, path) > 4);
  free(path);
}

/* A store that was opened before fork() works in the child, with its blobs. */
static void test_fork(void **state) {
  (void)state;
  zarrc_error error;
  zarrc_key_blob blob;
  contract_set(store, "a", "before");
  contract_ok(zarrc_key_blob_open(&blob, store, "a", &error), &error);
  zarrc_bytes got = contract_read(&blob);
  pid_t child = fork();
  if (child == 0) {
    zarrc_bytes again = contract_read(&blob);
    bool good = again.len == 6 && !memcmp(again.ptr, "before", 6);
    zarrc_bytes_release(&again);
    good = good && contract_replace(&blob, "child", true) == ZARRC_OK;
    zarrc_key_blob_close(&blob);
    _exit(good ? 0 : 1);
  }
  int status = -1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  assert_memory_equal(got.ptr, "before", 6);
  assert_int_equal(contract_replace(&blob, "parent", true), ZARRC_CONFLICT);
  contract_expect(store, "a", "child");
  zarrc_bytes_release(&got);
  zarrc_key_blob_close(&blob);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
  const struct CMUnitTest tests[] = {
      TEST(test_ranges), TEST(test_versions),  TEST(test_list),        TEST(test_random),    TEST(test_threads),
      TEST(test_open),   TEST(test_read_only), TEST(test_kinds),       TEST(test_sizes),     TEST(test_cut_while_read),
      TEST(test_calls),  TEST(test_identify),  TEST(test_read_faults), TEST(test_no_memory), TEST(test_fork),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Updates by threads and processes, also where flock does not work on directories, and where nothing can be locked. */
#include "store/contract.h"
#include "support/files.h"

#include "store/file.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int flock_error;  /* what flock fails with; 0: it works */
static bool fcntl_fails; /* locks of files fail with ENOLCK */

int flock(int fd, int operation) {
  int (*next)(int, int);
  void *found = dlsym(RTLD_NEXT, "flock");
  memcpy(&next, &found, sizeof next);
  if (!flock_error) return next(fd, operation);
  errno = flock_error;
  return -1;
}

/* With 64-bit offsets the C library calls this fcntl64. */
int fcntl(int fd, int command, ...) {
  int (*next)(int, int, ...);
  void *found = dlsym(RTLD_NEXT, "fcntl64");
  if (!found) found = dlsym(RTLD_NEXT, "fcntl");
  memcpy(&next, &found, sizeof next);
  va_list args;
  va_start(args, command);
  void *arg = va_arg(args, void *);
  va_end(args);
  if (!fcntl_fails || command != F_OFD_SETLKW) return next(fd, command, arg);
  errno = ENOLCK;
  return -1;
}

static const int errors[] = {0, EBADF, ENOLCK, EOPNOTSUPP};
enum { NERRORS = sizeof errors / sizeof *errors, WRITERS = 4, UPDATES = 2500 };

/* Of each writer: many with the first failure, few with one that differs in nothing but its number. */
static size_t updates_of(int e) {
  return e == 1 ? UPDATES : UPDATES / 10;
}

static char *tree;

static int open_all(void **state) {
  (void)state;
  tree = tree_make();
  return 0;
}

static int close_all(void **state) {
  (void)state;
  flock_error = 0;
  fcntl_fails = false;
  tree_remove(tree);
  return 0;
}

/* Adds 1 to a number as often as asked, with a context and a store of its own; the updates that were refused. */
static size_t count_up(size_t n) {
  zarrc_ctx *ctx;
  zarrc_store *store;
  zarrc_error error;
  size_t refused = 0;
  char *path = path_in(tree, "root");
  if (zarrc_ctx_open(NULL, &ctx, NULL) || zarrc_file_store_open(ctx, path, NULL, &store, &error)) return n;
  for (size_t i = 0; i < n;) {
    zarrc_key_blob blob;
    zarrc_bytes got = {0};
    unsigned long long number = 0;
    char text[32] = "";
    zarrc_status status = zarrc_key_blob_open(&blob, store, "d/number", &error);
    if (!status) status = zarrc_blob_read_all(blob.blob, sizeof text - 1, &got, &error);
    if (!status) memcpy(text, got.ptr, got.len);
    zarrc_bytes_release(&got);
    number = strtoull(text, NULL, 10) + 1;
    zarrc_bytes part = {.ptr = (const void *)text, .len = (size_t)snprintf(text, sizeof text, "%llu", number)};
    if (!status) status = zarrc_blob_replace(blob.blob, &part, 1, true, &error);
    zarrc_key_blob_close(&blob);
    if (status == ZARRC_CONFLICT) continue;
    refused += status != ZARRC_OK;
    i++;
  }
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  free(path);
  return refused;
}

static void *thread_main(void *arg) {
  *(size_t *)arg = count_up(*(size_t *)arg);
  return NULL;
}

static void begin(int error) {
  char *path = path_in(tree, "root/d/number");
  file_write_text(path, "0");
  free(path);
  flock_error = error;
}

static void expect_number(unsigned long long want) {
  size_t n;
  char *path = path_in(tree, "root/d/number"), *lock = path_in(tree, "root/d/.lock.0.0000000000000000.tmp");
  char *text = (char *)file_read(path, &n), copy[32] = "";
  assert_true(n < sizeof copy);
  memcpy(copy, text, n);
  assert_int_equal(strtoull(copy, NULL, 10), want);
  assert_false(file_exists(lock));
  free(text);
  free(path);
  free(lock);
}

static void test_threads(void **state) {
  (void)state;
  for (int e = 0; e < NERRORS; e++) {
    pthread_t threads[WRITERS];
    size_t refused[WRITERS] = {updates_of(e), updates_of(e), updates_of(e), updates_of(e)};
    begin(errors[e]);
    for (int i = 0; i < WRITERS; i++) assert_int_equal(pthread_create(&threads[i], NULL, thread_main, &refused[i]), 0);
    for (int i = 0; i < WRITERS; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < WRITERS; i++) assert_int_equal(refused[i], 0);
    expect_number(WRITERS * updates_of(e));
  }
}

static void test_processes(void **state) {
  (void)state;
  for (int e = 0; e < NERRORS; e++) {
    begin(errors[e]);
    for (int i = 0; i < WRITERS; i++) {
      pid_t child = fork();
      assert_true(child >= 0);
      if (child == 0) _exit(count_up(updates_of(e)) == 0 ? 0 : 1);
    }
    for (int i = 0; i < WRITERS; i++) {
      int how;
      assert_true(wait(&how) > 0);
      assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
    }
    expect_number(WRITERS * updates_of(e));
  }
}

/* An update is refused rather than lost; who keeps nothing of the old value needs no lock. */
static void test_nothing_can_be_locked(void **state) {
  (void)state;
  zarrc_ctx *ctx;
  zarrc_store *store;
  zarrc_error error;
  zarrc_key_blob blob;
  char *path = path_in(tree, "root");
  begin(EBADF);
  fcntl_fails = true;
  assert_int_equal(count_up(3), 3);
  expect_number(0);
  contract_ok(zarrc_ctx_open(NULL, &ctx, &error), &error);
  contract_ok(zarrc_file_store_open(ctx, path, NULL, &store, &error), &error);
  contract_ok(zarrc_key_blob_open(&blob, store, "d/number", &error), &error);
  assert_int_equal(zarrc_blob_erase(blob.blob, true, &error), ZARRC_IO);
  assert_int_equal(error.os_error, ENOLCK);
  assert_string_equal(error.message, "cannot lock the directory, so that others' changes could be lost: "
                                     "No locks available");
  zarrc_key_blob_close(&blob);
  const zarrc_bytes value = {.ptr = (const uint8_t *)"x", .len = 1};
  assert_int_equal(
      zarrc_store_create(store, "d", (const char *const[]){"new"}, &value, 1, (const char *const[]){NULL}, &error),
      ZARRC_IO);
  assert_int_equal(error.os_error, ENOLCK);
  contract_set(store, "d/number", "7");
  expect_number(7);
  contract_ok(zarrc_store_erase(store, "d/number", &error), &error);
  contract_expect_list(store, "", true, false, "");
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  free(path);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
  const struct CMUnitTest tests[] = {TEST(test_threads), TEST(test_processes), TEST(test_nothing_can_be_locked)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

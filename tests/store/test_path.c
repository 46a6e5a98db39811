/* SPDX-License-Identifier: MIT */
#include "store/contract.h"
#include "support/faultio.h"
#include "support/files.h"

#include "store/file.h"

#include <limits.h>

static zarrc_ctx *ctx;
static char *tree; /* holds the store's root "root", and what is outside of it */
static zarrc_file_store *fs;

static void reopen(zarrc_file_store_options options) {
  char *path = path_in(tree, "root");
  zarrc_store *store;
  zarrc_error error;
  if (fs) zarrc_store_close(&fs->store);
  fs = NULL;
  contract_ok(zarrc_file_store_open(ctx, path, &options, &store, &error), &error);
  fs = (zarrc_file_store *)store;
  free(path);
}

static void write_in_tree(const char *name, const char *text) {
  char *path = path_in(tree, name);
  file_write_text(path, text);
  free(path);
}

static void link_in_tree(const char *to, const char *name) {
  char *path = path_in(tree, name);
  assert_int_equal(symlink(to, path), 0);
  free(path);
}

static bool is_in_tree(const char *name) {
  char *path = path_in(tree, name);
  bool exists = file_exists(path);
  free(path);
  return exists;
}

static int open_all(void **state) {
  (void)state;
  tree = tree_make();
  if (zarrc_ctx_open(NULL, &ctx, NULL)) return -1;
  write_in_tree("root/a/b/file", "inside");
  write_in_tree("outside/file", "outside");
  reopen((zarrc_file_store_options){.struct_size = sizeof(zarrc_file_store_options)});
  return 0;
}

static int close_all(void **state) {
  (void)state;
  zarrc_store_close(&fs->store);
  fs = NULL;
  zarrc_ctx_close(ctx);
  tree_remove(tree);
  return 0;
}

/* 0: the file inside; 1: a file outside; else errno. */
static int try_open(const char *path) {
  char text[16] = "";
  int fd = zarrc_file_open_below(fs, path, O_RDONLY);
  if (fd < 0) return errno;
  assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  assert_true(n > 0);
  return !strcmp(text, "inside") ? 0 : 1;
}

static void test_open_below(void **state) {
  (void)state;
  char *outside = path_in(tree, "outside"), *inside = path_in(tree, "root/a/b/file");
  link_in_tree("b/file", "root/a/near");
  link_in_tree("../a/b", "root/a/dir");
  link_in_tree("../../root/a/b/file", "root/a/out_and_in");
  link_in_tree("../outside/file", "root/relative");
  link_in_tree("../outside", "root/up");
  link_in_tree(outside, "root/absolute");
  link_in_tree(inside, "root/absolute_inside");
  link_in_tree("loop2", "root/loop1");
  link_in_tree("loop1", "root/loop2");
  link_in_tree("/proc/self/root/etc/hostname", "root/magic");
  link_in_tree("/dev/zero", "root/zero");
  link_in_tree("nothing", "root/dangling");
  static const struct {
    const char *path;
    int below, follow; /* what try_open says: openat2 and step by step, follow_links */
  } cases[] = {
      {"a/b/file", 0, 0},
      {"a/near", 0, 0},
      {"a/dir/file", 0, 0},
      {"a/out_and_in", EXDEV, 0},
      {"relative", EXDEV, 1},
      {"up/file", EXDEV, 1},
      {"absolute/file", EXDEV, 1},
      {"absolute_inside", EXDEV, 0},
      {"loop1", ELOOP, ELOOP},
      {"loop1/file", ELOOP, ELOOP},
      {"magic", EXDEV, -1},
      {"zero", EXDEV, -1},
      {"dangling", ENOENT, ENOENT},
      {"nothing", ENOENT, ENOENT},
      {"a/nothing/file", ENOENT, ENOENT},
      {"a/b/file/more", ENOTDIR, ENOTDIR},
      {"../outside/file", EXDEV, -1}, /* no key is like that; openat2 would hold it all the same */
  };
  for (int mode = 0; mode < 3; mode++) {
    reopen((zarrc_file_store_options){.struct_size = sizeof(zarrc_file_store_options), .follow_links = mode == 2});
    if (mode == 1) atomic_store(&fs->no_openat2, true);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
      int want = mode == 2 ? cases[i].follow : cases[i].below;
      if (want < 0) continue;
      int got = try_open(cases[i].path);
      if (got != want) fail_msg("%s, mode %d: %d, not %d", cases[i].path, mode, got, want);
    }
    if (mode == 0 && atomic_load(&fs->no_openat2)) print_message("no openat2 here\n");
  }
  free(outside);
  free(inside);
}

static void test_open_below_names(void **state) {
  (void)state;
  char name[2 * NAME_MAX], *path = malloc(3 * PATH_MAX);
  memset(name, 'n', sizeof name);
  name[NAME_MAX + 1] = '\0';
  path[0] = '\0';
  for (int i = 0; i < PATH_MAX; i++) strcat(path + i * 2, "a/");
  strcat(path, "a");
  for (int stepwise = 0; stepwise < 2; stepwise++) {
    atomic_store(&fs->no_openat2, stepwise);
    assert_int_equal(try_open(name), ENAMETOOLONG);
    const char *rest;
    assert_int_equal(zarrc_file_open_parent(fs, path, &(zarrc_file_made){0}, &rest), -1);
    assert_int_equal(errno, ENAMETOOLONG);
  }
  free(path);
}

/* A kernel or sandbox without openat2: the rest is done step by step. */
static void test_no_openat2(void **state) {
  (void)state;
  static const int answers[] = {ENOSYS, EPERM};
  assert_int_equal(try_open("a/b/file"), 0);
  if (atomic_load(&fs->no_openat2)) skip(); /* it is done so in any case, as under qemu */
  for (int i = 0; i < 2; i++) {
    link_in_tree("../outside/file", i ? "root/out1" : "root/out0");
    faultio_arm(FAULTIO_OPEN, 1, answers[i], false); /* by the whole path */
    assert_int_equal(try_open("a/b/file"), 0);
    assert_int_equal(faultio.failed, 1);
    assert_int_equal(atomic_load(&fs->no_openat2), answers[i] == ENOSYS);
    atomic_store(&fs->no_openat2, false);
    atomic_store(&fs->has_links, true);
    faultio_arm(FAULTIO_OPEN, 1, answers[i], false); /* from the root */
    assert_int_equal(try_open("a/b/file"), 0);
    assert_int_equal(faultio.failed, 1);
    assert_true(faultio.calls >= 4);
    faultio.armed = false;
    assert_int_equal(atomic_load(&fs->no_openat2), answers[i] == ENOSYS);
    if (answers[i] == ENOSYS) assert_int_equal(try_open("out0"), EXDEV);
    atomic_store(&fs->no_openat2, false);
    atomic_store(&fs->has_links, false);
  }
  /* What was renamed meanwhile is tried again. */
  faultio_arm(FAULTIO_OPEN, 1, EAGAIN, false);
  assert_int_equal(try_open("a/b/file"), 0);
  faultio_arm(FAULTIO_OPEN, 1, EAGAIN, true);
  assert_int_equal(try_open("a/b/file"), EAGAIN);
  faultio.armed = false;
}

static void test_open_parent(void **state) {
  (void)state;
  const char *name;
  link_in_tree("../outside", "root/out");
  link_in_tree("a", "root/in");
  link_in_tree("nothing", "root/dangling");
  for (int stepwise = 0; stepwise < 2; stepwise++) {
    atomic_store(&fs->no_openat2, stepwise);
    int dir = zarrc_file_open_parent(fs, "file", NULL, &name);
    assert_true(dir >= 0);
    assert_string_equal(name, "file");
    assert_true(dir != zarrc_file_root_take(fs)); /* locks of two descriptions exclude each other */
    assert_int_equal(flock(dir, LOCK_EX | LOCK_NB), 0);
    int other = zarrc_file_open_parent(fs, "file", &(zarrc_file_made){0}, &name);
    assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
    close(dir);
    close(other);

    const char *deep = stepwise ? "x/y/z/w" : "p/q/r/s";
    assert_int_equal(zarrc_file_open_parent(fs, deep, NULL, &name), -1);
    assert_int_equal(errno, ENOENT);
    assert_false(is_in_tree(stepwise ? "root/x" : "root/p"));
    dir = zarrc_file_open_parent(fs, deep, &(zarrc_file_made){0}, &name);
    assert_true(dir >= 0);
    assert_string_equal(name, deep + 6);
    assert_int_equal(mkdirat(dir, name, 0777), 0);
    close(dir);
    assert_true(is_in_tree(stepwise ? "root/x/y/z/w" : "root/p/q/r/s"));

    assert_int_equal(zarrc_file_open_parent(fs, "a/b/file/c/d", &(zarrc_file_made){0}, &name), -1);
    assert_int_equal(errno, ENOTDIR);
    assert_int_equal(zarrc_file_open_parent(fs, "out/new/file", &(zarrc_file_made){0}, &name), -1);
    assert_int_equal(errno, EXDEV);
    assert_false(is_in_tree("outside/new"));
    assert_int_equal(zarrc_file_open_parent(fs, "dangling/new/file", &(zarrc_file_made){0}, &name), -1);
    assert_int_equal(errno, ENOENT);
    dir = zarrc_file_open_parent(fs, "in/b/file", &(zarrc_file_made){0}, &name);
    assert_true(dir >= 0);
    if (dir >= 0) close(dir);
  }
  atomic_store(&fs->no_openat2, false);
  int dir = zarrc_file_open_parent(fs, "in/made/file", &(zarrc_file_made){0}, &name);
  assert_true(dir >= 0);
  close(dir);
  assert_true(is_in_tree("root/a/made"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
  const struct CMUnitTest tests[] = {
      TEST(test_open_below),
      TEST(test_open_below_names),
      TEST(test_no_openat2),
      TEST(test_open_parent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

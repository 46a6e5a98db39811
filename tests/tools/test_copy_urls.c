/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zarrc/tools.h>

#include "support/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static zarrc_ctx *ctx;
static char *folder;

static int open_all(void **state) {
  (void)state;
  folder = tree_make();
  return zarrc_ctx_open(NULL, &ctx, NULL);
}

static int close_all(void **state) {
  (void)state;
  zarrc_ctx_close(ctx);
  tree_remove(folder);
  return 0;
}

/* %s in a URL is the folder. */
static void expect(const char *source, const char *target, zarrc_status status, const char *message) {
  char from[1024], to[1024];
  zarrc_error error = {0};
  snprintf(from, sizeof from, source, folder);
  snprintf(to, sizeof to, target, folder);
  assert_int_equal(zarrc_copy_check_urls(ctx, from, to, &error), status);
  if (status) assert_string_equal(error.message, message);
}

static void test_places(void **state) {
  static const char same[] = "cannot be copied onto itself", inside[] = "cannot be copied into itself";
  char *real = path_in(folder, "real"), *link = path_in(folder, "link");
  (void)state;
  assert_int_equal(mkdir(real, 0777), 0);
  assert_int_equal(symlink("real", link), 0);
  expect("%s/a", "%s/b", ZARRC_OK, NULL);
  expect("%s/a", "%s/ab", ZARRC_OK, NULL);
  expect("%s/a", "%s/a", ZARRC_INVALID_ARGUMENT, same);
  expect("%s/a", "%s//a/", ZARRC_INVALID_ARGUMENT, same);
  expect("%s/a/zarr.json", "file:%s/a", ZARRC_INVALID_ARGUMENT, same);
  expect("file://%s/%%61", "%s/a", ZARRC_INVALID_ARGUMENT, same);
  expect("%s/real/x", "%s/link/x", ZARRC_INVALID_ARGUMENT, same);
  expect("%s/a", "%s/a/b", ZARRC_INVALID_ARGUMENT, inside);
  expect("%s/real", "%s/link/not/yet", ZARRC_INVALID_ARGUMENT, inside);
  expect("memory:", "memory:", ZARRC_OK, NULL);
  zarrc_error error;
  char *below = path_in(folder, "a/b"), *above = path_in(folder, "a");
  assert_int_equal(zarrc_copy_check_urls(ctx, below, above, &error), ZARRC_INVALID_ARGUMENT);
  free(below);
  free(above);
  free(real);
  free(link);
}

static void test_inside(void **state) {
  static const char *const cases[][3] = {{"a", "g.zarr", "g.zarr/a"},
                                         {"x/series.ZARR/", "g.zarr//", "g.zarr/series"},
                                         {"file:a.zarr", "/", "/a"},
                                         {".zarr", "g", "g/.zarr"}};
  char out[64];
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    zarrc_copy_url_inside(cases[i][0], cases[i][1], out, sizeof out);
    assert_string_equal(out, cases[i][2]);
  }
  zarrc_copy_url_inside("series", "group", out, 8);
  assert_string_equal(out, "group/s");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_places), cmocka_unit_test(test_inside)};
  return cmocka_run_group_tests(tests, open_all, close_all);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/profile.h"
#include "support/context.h"
#include "support/files.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char TEXT[] = "stray = 1\n"
                           "# [default]\n"
                           "[default]\n"
                           "region=us-west-2\r\n"
                           "; region = no\n"
                           "  indented = no\n"
                           "empty =\n"
                           "s3 =\n"
                           "  addressing_style = path\n"
                           "other =\n"
                           "  addressing_style = no\n"
                           "[profile two words]\n"
                           "region = a = b\n"
                           "[profile \"quoted\"]\n"
                           "region = q\n"
                           "[services mine]\n"
                           "dynamodb =\n"
                           "  endpoint_url = http://no\n"
                           "s3 =\n"
                           "\tendpoint_url = http://yes:9000/\n"
                           "endpoint_url = http://not-inside\n"
                           "[default]\n"
                           "late = yes\n"
                           "[unclosed\n"
                           "[last]\n"
                           "region = end";

static void get(const zarrc_profile_file *f, const char *kind, const char *name, const char *inside,
                const char *setting, const char *want) {
  size_t n;
  const char *got = zarrc_profile_get(f, kind, name, inside, setting, &n);
  if (!want) {
    assert_null(got);
    return;
  }
  assert_non_null(got);
  assert_int_equal(n, strlen(want));
  assert_memory_equal(got, want, n);
}

static void test_settings(void **state) {
  char *folder = tree_make(), *path = path_in(folder, "config");
  zarrc_profile_file f;
  file_write_text(path, TEXT);
  assert_int_equal(zarrc_profile_open(*state, path, &f, NULL), ZARRC_OK);
  get(&f, "", "default", NULL, "region", "us-west-2");
  get(&f, "", "default", NULL, "indented", NULL);
  get(&f, "", "default", NULL, "empty", NULL);
  get(&f, "", "default", NULL, "stray", NULL);
  get(&f, "", "default", "s3", "addressing_style", "path");
  get(&f, "", "default", NULL, "late", "yes");
  get(&f, "profile", "two words", NULL, "region", "a = b");
  get(&f, "profile", "quoted", NULL, "region", "q");
  get(&f, "services", "mine", "s3", "endpoint_url", "http://yes:9000/");
  get(&f, "services", "mine", NULL, "endpoint_url", "http://not-inside");
  get(&f, "", "last", NULL, "region", "end");
  get(&f, "", "las", NULL, "region", NULL);
  get(&f, "profile", "default", NULL, "region", NULL);
  assert_true(zarrc_profile_has(&f, "profile", "quoted"));
  assert_false(zarrc_profile_has(&f, "", "unclosed"));
  zarrc_profile_close(&f);
  free(path);
  tree_remove(folder);
}

static void test_files(void **state) {
  char *folder = tree_make(), *path = path_in(folder, "config");
  zarrc_profile_file f;
  zarrc_error error;
  assert_int_equal(zarrc_profile_open(*state, path, &f, NULL), ZARRC_OK);
  get(&f, "", "default", NULL, "region", NULL);
  assert_false(zarrc_profile_has(&f, "", "default"));
  zarrc_profile_close(&f);
  assert_int_equal(zarrc_profile_open(*state, folder, &f, &error), ZARRC_IO);
  assert_non_null(strstr(SAID(error), folder));
  char *large = malloc((1 << 20) + 1);
  memset(large, '[', (1 << 20) + 1);
  file_write(path, large, (1 << 20) + 1);
  assert_int_equal(zarrc_profile_open(*state, path, &f, NULL), ZARRC_LIMIT);
  file_write(path, large, 1 << 20);
  assert_int_equal(zarrc_profile_open(*state, path, &f, NULL), ZARRC_OK);
  get(&f, "", "default", NULL, "region", NULL);
  zarrc_profile_close(&f);
  free(large);
  free(path);
  tree_remove(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_settings), cmocka_unit_test(test_files)};
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

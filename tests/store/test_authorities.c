/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/authorities.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The one that the user names last in this list is used first. */
static void order(void **state) {
  (void)state;
  static const char *const names[] = {"AWS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"};
  const char *file, *path;
  for (size_t i = 0; i < 3; i++) unsetenv(names[i]);
  unsetenv("SSL_CERT_DIR");
  for (size_t i = 0; i < 3; i++) {
    setenv(names[i], names[i], 1);
    zarrc_find_authorities(NULL, "/", NULL, &file, &path);
    assert_string_equal(file, names[i]);
    assert_null(path);
  }
  zarrc_find_authorities("mine", "/", NULL, &file, &path);
  assert_string_equal(file, "mine");
  for (size_t i = 0; i < 3; i++) unsetenv(names[i]);
  setenv("SSL_CERT_DIR", "folder", 1);
  zarrc_find_authorities(NULL, "/", NULL, &file, &path);
  assert_null(file);
  assert_string_equal(path, "folder");
  unsetenv("SSL_CERT_DIR");
}

/* Without a word of the user: what a library was built with if it is there, or else a usual place. */
static void nothing_named(void **state) {
  (void)state;
  const char *file, *path;
  zarrc_find_authorities(NULL, "/", NULL, &file, &path);
  assert_null(file);
  zarrc_find_authorities(NULL, NULL, "/", &file, &path);
  assert_null(file);
  zarrc_find_authorities(NULL, "/nonexistent", "/nonexistent", &file, &path);
  assert_null(path);
  if (file) assert_int_equal(access(file, R_OK), 0);
  if (!access("/etc/ssl/certs/ca-certificates.crt", R_OK)) assert_non_null(file);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(order), cmocka_unit_test(nothing_named)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/environment.h"

#include <stdlib.h>

static void first_that_is_set(void **state) {
  (void)state;
  static const char *const names[] = {"ZARRC_TEST_A", "ZARRC_TEST_B", NULL};
  unsetenv("ZARRC_TEST_A");
  unsetenv("ZARRC_TEST_B");
  assert_null(zarrc_environment(names));
  setenv("ZARRC_TEST_B", "b", 1);
  assert_string_equal(zarrc_environment(names), "b");
  setenv("ZARRC_TEST_A", "", 1);
  assert_string_equal(zarrc_environment(names), "b");
  setenv("ZARRC_TEST_A", "a", 1);
  assert_string_equal(zarrc_environment(names), "a");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(first_that_is_set)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

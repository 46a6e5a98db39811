/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/shuffles.h"

static void shuffles(void **state) {
  (void)state;
  as_the_plain_kernels(zarrc_shuffle_kernels_avx2());
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(shuffles)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "support/strided.h"

static void kernels_agree_with_bytes(void **state) {
  const zarrc_copy_kernels *kernels = zarrc_copy_kernels_avx2();
  (void)state;
  if (!kernels) skip();
  check_kernels(kernels, 120);
}

static void there_where_the_processor_has_it(void **state) {
  (void)state;
#if defined(__x86_64__)
  assert_int_equal(zarrc_copy_kernels_avx2() != NULL, zarrc_cpu_features(ZARRC_CPU_AVX2) != 0);
#else
  assert_null(zarrc_copy_kernels_avx2());
#endif
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kernels_agree_with_bytes),
      cmocka_unit_test(there_where_the_processor_has_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/blosc_shuffle.h"
#include "support/bytes_codec.h"

#include <stdlib.h>
#include <string.h>

/* Blocks come back with the kernels that this processor is given; whether the plain ones do what the format says is
 * tested beside them. */
static void comes_back(void **state) {
  (void)state;
  enum { N = 20003 };
  uint8_t *bytes = bb_data(BB_NOISE, N + 8), *shuffled = malloc(N + 8), *back = malloc(N + 8), *plain = malloc(N + 8);
  for (size_t typesize = 1; typesize <= 17; typesize++)
    for (int bits = 0; bits < 2; bits++) {
      size_t nbytes = N / typesize / 8 * 8 * typesize + typesize / 2;
      zarrc_blosc_shuffle_block(zarrc_shuffle_kernels_best(), shuffled, bytes, nbytes, typesize, bits);
      zarrc_blosc_shuffle_block(&zarrc_shuffle_kernels_plain, plain, bytes, nbytes, typesize, bits);
      assert_memory_equal(shuffled, plain, nbytes);
      zarrc_blosc_unshuffle_block(zarrc_shuffle_kernels_best(), back, shuffled, nbytes, typesize, bits);
      assert_memory_equal(back, bytes, nbytes);
    }
  free(bytes);
  free(shuffled);
  free(back);
  free(plain);
}

static void best(void **state) {
  (void)state;
  const zarrc_shuffle_kernels *avx512 = zarrc_shuffle_kernels_avx512(), *avx2 = zarrc_shuffle_kernels_avx2();
  assert_ptr_equal(zarrc_shuffle_kernels_best(), avx512 ? avx512 : avx2 ? avx2 : &zarrc_shuffle_kernels_plain);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(comes_back), cmocka_unit_test(best)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

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

/* As the format describes it, a bit at a time. */
static void shuffle_by_bits(uint8_t *to, const uint8_t *from, size_t nbytes, size_t typesize, bool bits) {
  size_t n = nbytes / typesize;
  memset(to, 0, nbytes);
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < typesize; k++) {
      if (!bits) to[k * n + i] = from[i * typesize + k];
      for (size_t bit = 0; bits && bit < 8; bit++)
        to[(8 * k + bit) * (n / 8) + i / 8] |= (uint8_t)((from[i * typesize + k] >> bit & 1) << i % 8);
    }
  memcpy(to + n * typesize, from + n * typesize, nbytes - n * typesize);
}

static void check(size_t n, size_t typesize, size_t odd, bool bits) {
  size_t nbytes = n * typesize + odd;
  uint8_t *bytes = bb_data(BB_NOISE, nbytes + 1), *wanted = malloc(nbytes + 1), *got = malloc(nbytes + 1);
  shuffle_by_bits(wanted, bytes, nbytes, typesize, bits);
  got[nbytes] = 0xa5;
  zarrc_blosc_shuffle_block(&zarrc_shuffle_kernels_plain, got, bytes, nbytes, typesize, bits);
  assert_memory_equal(got, wanted, nbytes);
  zarrc_blosc_unshuffle_block(&zarrc_shuffle_kernels_plain, got, wanted, nbytes, typesize, bits);
  assert_memory_equal(got, bytes, nbytes);
  assert_int_equal(got[nbytes], 0xa5);
  free(bytes);
  free(wanted);
  free(got);
}

/* The plain kernels do what the format says, and write nothing else. */
static void as_the_format_says(void **state) {
  (void)state;
  static const size_t typesizes[] = {1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 24, 64, 255};
  static const size_t counts[] = {0, 8, 24, 32, 256, 264, 1000, 5000};
  for (size_t t = 0; t < sizeof typesizes / sizeof *typesizes; t++)
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
      for (size_t odd = 0; odd < typesizes[t] && odd < 4; odd++) {
        if (counts[c] * typesizes[t] > 100000) continue;
        check(counts[c], typesizes[t], odd, false);
        check(counts[c], typesizes[t], odd, true);
        check(counts[c] + 3, typesizes[t], odd, false);
      }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(as_the_format_says)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

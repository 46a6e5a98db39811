/* SPDX-License-Identifier: MIT */
/* Checks that kernels with vectors shuffle as the plain ones do. */
#ifndef ZARRC_TESTS_SUPPORT_SHUFFLES_H
#define ZARRC_TESTS_SUPPORT_SHUFFLES_H

#include "codec/blosc_shuffle.h"
#include "support/bytes_codec.h"

#include <stdlib.h>
#include <string.h>

/* The vectors do what the plain kernels do, whatever is left over behind whole vectors, and write nothing else. NULL:
 * the processor lacks them. */
static void as_the_plain_kernels(const zarrc_shuffle_kernels *vectors) {
  const zarrc_shuffle_kernels *plain = &zarrc_shuffle_kernels_plain;
  if (!vectors) skip();
  static const size_t typesizes[] = {1, 2, 3, 4, 8, 12, 16, 17, 255};
  static const size_t counts[] = {0, 1, 31, 32, 33, 64, 96, 255, 256, 264, 1000, 2048, 4104, 9000};
  for (size_t t = 0; t < sizeof typesizes / sizeof *typesizes; t++)
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
      for (int bits = 0; bits < 2; bits++) {
        size_t typesize = typesizes[t], n = bits ? counts[c] / 8 * 8 : counts[c], nbytes = n * typesize;
        uint8_t *bytes = bb_data(BB_NOISE, nbytes + 1), *wanted = malloc(nbytes + 1), *got = malloc(nbytes + 1);
        zarrc_blosc_shuffle_block(plain, wanted, bytes, nbytes, typesize, bits);
        got[nbytes] = 0xa5;
        zarrc_blosc_shuffle_block(vectors, got, bytes, nbytes, typesize, bits);
        assert_memory_equal(got, wanted, nbytes);
        zarrc_blosc_unshuffle_block(vectors, got, wanted, nbytes, typesize, bits);
        assert_memory_equal(got, bytes, nbytes);
        assert_int_equal(got[nbytes], 0xa5);
        free(bytes);
        free(wanted);
        free(got);
      }
}

#endif

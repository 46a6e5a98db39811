/* SPDX-License-Identifier: MIT */
#include "codec/blosc_shuffle.h"

#include <string.h>

/* A bitshuffled block is processed in stripes of at most so many bytes, which are planes of bytes in between. */
#define STRIPE_NBYTES 8192u

const zarrc_shuffle_kernels *zarrc_shuffle_kernels_best(void) {
  const zarrc_shuffle_kernels *avx512 = zarrc_shuffle_kernels_avx512(), *avx2 = zarrc_shuffle_kernels_avx2();
  return avx512 ? avx512 : avx2 ? avx2 : &zarrc_shuffle_kernels_plain;
}

/* ------------------------------------------------------------------------------------------------------- blocks */

/* Returns the number of elements in the next stripe, so that its planes fit on the stack. */
static size_t stripe_of(size_t typesize, size_t n, size_t first) {
  size_t most = STRIPE_NBYTES / typesize / 8 * 8;
  return n - first < most ? n - first : most;
}

void zarrc_blosc_shuffle_block(const zarrc_shuffle_kernels *k, uint8_t *to, const uint8_t *from, size_t nbytes,
                               size_t typesize, bool bits) {
  uint8_t planes[STRIPE_NBYTES];
  size_t n = nbytes / typesize, m;
  if (!bits) k->unzip(to, n, from, typesize, n);
  for (size_t first = 0; bits && first < n; first += m) {
    m = stripe_of(typesize, n, first);
    const uint8_t *stripe = from + first * typesize;
    if (typesize > 1) k->unzip(planes, m, stripe, typesize, m);
    for (size_t byte = 0; byte < typesize; byte++)
      k->part_bits(to + byte * n + first / 8, n / 8, typesize > 1 ? planes + byte * m : stripe, m / 8);
  }
  memcpy(to + n * typesize, from + n * typesize, nbytes - n * typesize);
}

void zarrc_blosc_unshuffle_block(const zarrc_shuffle_kernels *k, uint8_t *to, const uint8_t *from, size_t nbytes,
                                 size_t typesize, bool bits) {
  uint8_t planes[STRIPE_NBYTES];
  size_t n = nbytes / typesize, m;
  if (!bits) k->zip(to, from, n, typesize, n);
  for (size_t first = 0; bits && first < n; first += m) {
    m = stripe_of(typesize, n, first);
    uint8_t *stripe = to + first * typesize;
    for (size_t byte = 0; byte < typesize; byte++)
      k->join_bits(typesize > 1 ? planes + byte * m : stripe, from + byte * n + first / 8, n / 8, m / 8);
    if (typesize > 1) k->zip(stripe, planes, m, typesize, m);
  }
  memcpy(to + n * typesize, from + n * typesize, nbytes - n * typesize);
}

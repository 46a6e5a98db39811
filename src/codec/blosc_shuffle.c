/* SPDX-License-Identifier: MIT */
#include "codec/blosc_shuffle.h"

#include <string.h>

/* Of a bitshuffled block so many bytes at once lie as planes of bytes on their way. */
#define STRIPE_NBYTES 8192u

/* ------------------------------------------------------------------------------------------------ plain kernels */

#define INLINE static inline __attribute__((always_inline))

INLINE void zip_each(uint8_t *to, const uint8_t *planes, size_t stride, const size_t typesize, size_t n) {
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < typesize; k++) to[i * typesize + k] = planes[k * stride + i];
}

INLINE void unzip_each(uint8_t *planes, size_t stride, const uint8_t *from, const size_t typesize, size_t n) {
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < typesize; k++) planes[k * stride + i] = from[i * typesize + k];
}

static void zip(uint8_t *to, const uint8_t *planes, size_t stride, size_t typesize, size_t n) {
  switch (typesize) {
  case 2:
    zip_each(to, planes, stride, 2, n);
    return;
  case 4:
    zip_each(to, planes, stride, 4, n);
    return;
  case 8:
    zip_each(to, planes, stride, 8, n);
    return;
  default:
    zip_each(to, planes, stride, typesize, n);
  }
}

static void unzip(uint8_t *planes, size_t stride, const uint8_t *from, size_t typesize, size_t n) {
  switch (typesize) {
  case 2:
    unzip_each(planes, stride, from, 2, n);
    return;
  case 4:
    unzip_each(planes, stride, from, 4, n);
    return;
  case 8:
    unzip_each(planes, stride, from, 8, n);
    return;
  default:
    unzip_each(planes, stride, from, typesize, n);
  }
}

/* Bit a of byte b of a number becomes bit b of byte a; bytes are counted from the lowest. */
static uint64_t bits_turn(uint64_t x) {
  uint64_t t = (x ^ x >> 7) & 0x00aa00aa00aa00aa;
  x ^= t ^ t << 7;
  t = (x ^ x >> 14) & 0x0000cccc0000cccc;
  x ^= t ^ t << 14;
  t = (x ^ x >> 28) & 0x00000000f0f0f0f0;
  return x ^ t ^ t << 28;
}

static void join_bits(uint8_t *to, const uint8_t *rows, size_t stride, size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint64_t x = 0;
    for (unsigned k = 0; k < 8; k++) x |= (uint64_t)rows[k * stride + i] << 8 * k;
    x = bits_turn(x);
    for (unsigned k = 0; k < 8; k++) to[8 * i + k] = (uint8_t)(x >> 8 * k);
  }
}

static void part_bits(uint8_t *rows, size_t stride, const uint8_t *from, size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint64_t x = 0;
    for (unsigned k = 0; k < 8; k++) x |= (uint64_t)from[8 * i + k] << 8 * k;
    x = bits_turn(x);
    for (unsigned k = 0; k < 8; k++) rows[k * stride + i] = (uint8_t)(x >> 8 * k);
  }
}

const zarrc_shuffle_kernels zarrc_shuffle_kernels_plain = {
    .name = "plain", .zip = zip, .unzip = unzip, .join_bits = join_bits, .part_bits = part_bits};

const zarrc_shuffle_kernels *zarrc_shuffle_kernels_best(void) {
  const zarrc_shuffle_kernels *avx2 = zarrc_shuffle_kernels_avx2();
  return avx2 ? avx2 : &zarrc_shuffle_kernels_plain;
}

/* ------------------------------------------------------------------------------------------------------- blocks */

/* Elements of a stripe: those of all bytes of its planes together fit on the stack. */
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

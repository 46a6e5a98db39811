/* SPDX-License-Identifier: MIT */
#include "codec/blosc_shuffle.h"

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

/* Moves bit a of byte b of a number to bit b of byte a, counting from the lowest. */
static uint64_t turn_bits(uint64_t x) {
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
    x = turn_bits(x);
    for (unsigned k = 0; k < 8; k++) to[8 * i + k] = (uint8_t)(x >> 8 * k);
  }
}

static void part_bits(uint8_t *rows, size_t stride, const uint8_t *from, size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint64_t x = 0;
    for (unsigned k = 0; k < 8; k++) x |= (uint64_t)from[8 * i + k] << 8 * k;
    x = turn_bits(x);
    for (unsigned k = 0; k < 8; k++) rows[k * stride + i] = (uint8_t)(x >> 8 * k);
  }
}

const zarrc_shuffle_kernels zarrc_shuffle_kernels_plain = {
    .name = "plain", .zip = zip, .unzip = unzip, .join_bits = join_bits, .part_bits = part_bits};

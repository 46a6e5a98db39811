/* SPDX-License-Identifier: MIT */
/* IEEE 754 binary16: to binary64, exactly; from binary64, rounded to nearest even. NaNs keep sign and leading
 * payload. */
#ifndef ZARRC_BASE_HALF_H
#define ZARRC_BASE_HALF_H

#include <stdint.h>
#include <string.h>

static inline double zarrc_half_to_double(uint16_t half) {
  uint64_t sign = (uint64_t)(half >> 15) << 63, fraction = half & 0x3ffu, exponent = half >> 10 & 0x1fu, bits;
  if (exponent == 31) {
    bits = sign | (uint64_t)0x7ff << 52 | fraction << 42;
  } else if (exponent > 0) {
    bits = sign | (exponent - 15 + 1023) << 52 | fraction << 42;
  } else if (fraction == 0) {
    bits = sign;
  } else { /* subnormal: fraction × 2^-24 */
    exponent = 1023 - 14;
    while (!(fraction & 0x400)) {
      fraction <<= 1;
      exponent--;
    }
    bits = sign | exponent << 52 | (fraction & 0x3ff) << 42;
  }
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline uint16_t zarrc_half_from_double(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  uint32_t sign = (uint32_t)(bits >> 63) << 15, exponent = bits >> 52 & 0x7ff;
  uint64_t fraction = bits & 0xfffffffffffffu;
  if (exponent == 0x7ff) {
    uint32_t payload = (uint32_t)(fraction >> 42);
    if (fraction != 0 && payload == 0) payload = 0x200; /* the payload does not fit: still a NaN */
    return (uint16_t)(sign | 0x7c00 | payload);
  }
  if (exponent > 1023 + 15) return (uint16_t)(sign | 0x7c00);
  if (exponent < 1023 - 25) return (uint16_t)sign;
  unsigned shift = 42;
  uint32_t half = 0;
  fraction |= (uint64_t)1 << 52;
  if (exponent >= 1023 - 14) {
    half = (exponent - (1023 - 15) - 1) << 10; /* the leading bit of fraction adds the missing one */
  } else {
    shift += 1023 - 14 - exponent;
  }
  half += (uint32_t)(fraction >> shift);
  uint64_t rest = fraction & (((uint64_t)1 << shift) - 1), tie = (uint64_t)1 << (shift - 1);
  if (rest > tie || (rest == tie && (half & 1))) half++; /* may carry into the exponent, up to infinity */
  return (uint16_t)(sign | half);
}

#endif

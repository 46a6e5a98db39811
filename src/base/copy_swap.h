/* SPDX-License-Identifier: MIT */
/* Byte-swapping the units of a machine word. */
#ifndef ZARRC_BASE_COPY_SWAP_H
#define ZARRC_BASE_COPY_SWAP_H

#include <stdint.h>

static inline uint16_t zarrc_swap_u16(uint16_t x, unsigned unit) {
  return unit == 2 ? __builtin_bswap16(x) : x;
}

static inline uint32_t zarrc_swap_u32(uint32_t x, unsigned unit) {
  if (unit == 4) return __builtin_bswap32(x);
  if (unit == 2) return (x & 0xff00ff00u) >> 8 | (x & 0x00ff00ffu) << 8;
  return x;
}

static inline uint64_t zarrc_swap_u64(uint64_t x, unsigned unit) {
  if (unit == 8) return __builtin_bswap64(x);
  if (unit == 4) return __builtin_bswap64(x) >> 32 | __builtin_bswap64(x) << 32;
  if (unit == 2) return (x & 0xff00ff00ff00ff00u) >> 8 | (x & 0x00ff00ff00ff00ffu) << 8;
  return x;
}

#endif

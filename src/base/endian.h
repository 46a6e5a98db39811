/* SPDX-License-Identifier: MIT */
/* Numbers in a given byte order, at any address. */
#ifndef ZARRC_BASE_ENDIAN_H
#define ZARRC_BASE_ENDIAN_H

#include <zarrc/data.h>

#include <string.h>

#if ZARRC_NATIVE_IS_BIG
#define ZARRC_LE32(x) __builtin_bswap32(x)
#define ZARRC_LE64(x) __builtin_bswap64(x)
#else
#define ZARRC_LE32(x) (x)
#define ZARRC_LE64(x) (x)
#endif

static inline uint32_t zarrc_load_le32(const void *p) {
  uint32_t x;
  memcpy(&x, p, sizeof x);
  return ZARRC_LE32(x);
}

static inline uint64_t zarrc_load_le64(const void *p) {
  uint64_t x;
  memcpy(&x, p, sizeof x);
  return ZARRC_LE64(x);
}

static inline void zarrc_store_le32(void *p, uint32_t x) {
  x = ZARRC_LE32(x);
  memcpy(p, &x, sizeof x);
}

#endif

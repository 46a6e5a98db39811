/* SPDX-License-Identifier: MIT */
/* Numbers in a given byte order, at any address. */
#ifndef ZARRC_BASE_ENDIAN_H
#define ZARRC_BASE_ENDIAN_H

#include <zarrc/data.h>

#include <string.h>

#if ZARRC_NATIVE_IS_BIG
#define ZARRC_LE32(x) __builtin_bswap32(x)
#define ZARRC_LE64(x) __builtin_bswap64(x)
#define ZARRC_BE16(x) (x)
#define ZARRC_BE32(x) (x)
#else
#define ZARRC_LE32(x) (x)
#define ZARRC_LE64(x) (x)
#define ZARRC_BE16(x) __builtin_bswap16(x)
#define ZARRC_BE32(x) __builtin_bswap32(x)
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

static inline void zarrc_store_le64(void *p, uint64_t x) {
  x = ZARRC_LE64(x);
  memcpy(p, &x, sizeof x);
}

static inline uint16_t zarrc_load_be16(const void *p) {
  uint16_t x;
  memcpy(&x, p, sizeof x);
  return ZARRC_BE16(x);
}

static inline uint32_t zarrc_load_be32(const void *p) {
  uint32_t x;
  memcpy(&x, p, sizeof x);
  return ZARRC_BE32(x);
}

static inline void zarrc_store_be16(void *p, uint16_t x) {
  x = ZARRC_BE16(x);
  memcpy(p, &x, sizeof x);
}

static inline void zarrc_store_be32(void *p, uint32_t x) {
  x = ZARRC_BE32(x);
  memcpy(p, &x, sizeof x);
}

#endif

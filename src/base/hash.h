/* SPDX-License-Identifier: MIT */
#ifndef ZARRC_BASE_HASH_H
#define ZARRC_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a of 64 bits, for tables and names of files; no protection against keys that were made to collide. */
#define ZARRC_HASH_EMPTY UINT64_C(0xCBF29CE484222325) /* the hash of no bytes */

/* Returns the hash of what `hash` stands for, followed by n bytes. */
static inline uint64_t zarrc_hash(uint64_t hash, const void *bytes, size_t n) {
  const unsigned char *p = bytes;
  for (size_t i = 0; i < n; i++) hash = (hash ^ p[i]) * UINT64_C(0x100000001B3);
  return hash;
}

#endif

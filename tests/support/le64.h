/* SPDX-License-Identifier: MIT */
/* A number as formats have it, for tests that change stored bytes. */
#ifndef ZARRC_TESTS_LE64_H
#define ZARRC_TESTS_LE64_H

#include <stdint.h>

static inline void put_le64(void *to, uint64_t x) {
  uint8_t *p = to;
  for (int i = 0; i < 8; i++) p[i] = (uint8_t)(x >> 8 * i);
}

#endif

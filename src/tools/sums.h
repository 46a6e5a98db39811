/* SPDX-License-Identifier: MIT */
/* Arithmetic that saturates: UINT64_MAX means "very many". */
#ifndef ZARRC_TOOLS_SUMS_H
#define ZARRC_TOOLS_SUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint64_t zarrc_plus(uint64_t a, uint64_t b) {
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static inline uint64_t zarrc_times(uint64_t a, uint64_t b) {
  uint64_t product;
  return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

/* Returns the product of dims, which are not negative. */
static inline uint64_t zarrc_product(const int64_t *dims, int ndim) {
  uint64_t product = 1;
  for (int i = 0; i < ndim; i++)
    if (dims[i] == 0) return 0;
  for (int i = 0; i < ndim; i++) product = zarrc_times(product, (uint64_t)dims[i]);
  return product;
}

#endif

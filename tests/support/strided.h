/* SPDX-License-Identifier: MIT */
/* Views with random strides over memory that is exactly as long as they reach, for tests of what moves elements. */
#ifndef ZARRC_TESTS_STRIDED_H
#define ZARRC_TESTS_STRIDED_H

#include <zarrc/data.h>

#include "base/copy.h"

/* Random numbers (splitmix64); the state is the seed. */
uint64_t random_u64(uint64_t *state);
int64_t random_below(uint64_t *state, int64_t n); /* 0 ... n-1 */
/* A seed from the environment variable ZARRC_TEST_SEED or the clock; printed. */
uint64_t random_seed(void);

typedef struct strided {
  uint8_t *memory; /* malloc'ed, random bytes */
  size_t nbytes;
  zarrc_view view;
} strided;

/* Axes in any order in memory, some of them backwards, some with gaps, and an odd address; standing: some with stride
 * 0. */
strided strided_new(uint64_t *state, const zarrc_dtype *dtype, int ndim, const int64_t *shape, bool standing);
void strided_free(strided *s);
/* A copy of it. */
strided strided_copy(const strided *s);

/* Runs every kernel of a set over random rectangles and compares each with a loop over bytes. */
void check_kernels(const zarrc_copy_kernels *kernels, int rounds);

#endif

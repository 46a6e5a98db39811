/* SPDX-License-Identifier: MIT */
/* The rows of tests/data/filters.txt, which numcodecs has made; see filters.py beside it. */
#ifndef ZARRC_TESTS_FILTERS_H
#define ZARRC_TESTS_FILTERS_H

#include <zarrc/zarrc.h>

/* Runs every row of the codec with this name, and the rows once more with other memory: strides, another byte order,
 * and for codecs that are pointwise parts of the chunk and in place. Returns the number of rows. */
size_t filters_check(zarrc_ctx *ctx, const char *name);

/* Every allocation of a round trip through the codec and `bytes` fails once. */
void filters_check_allocations(const char *codec, zarrc_type type);

/* A codec that cannot be opened, or not with chunks of that type. The message has these words. */
typedef struct filters_refusal {
  const char *codec;
  zarrc_type type;
  zarrc_status status;
  const char *words;
} filters_refusal;

/* Asserts that each of n codecs is refused. */
void filters_check_refused(zarrc_ctx *ctx, const filters_refusal *rows, size_t n);

#endif

/* SPDX-License-Identifier: MIT */
/* The rows of tests/data/objects.txt, which numcodecs has made; see objects.py beside it. */
#ifndef ZARRC_TESTS_OBJECTS_H
#define ZARRC_TESTS_OBJECTS_H

#include <zarrc/zarrc.h>

/* Reads every row of the codec with this name: whole, each element by itself, mirrored; writes it; and reads what is
 * left of it when it is cut, and what becomes of it when bits are flipped. Returns the number of rows. */
size_t objects_check(zarrc_ctx *ctx, const char *name);

/* A chunk that cannot be read, as one string for each element: bytes, and the words of the message. */
typedef struct objects_refusal {
  const char *bytes;
  size_t n;
  zarrc_status status;
  const char *words;
} objects_refusal;

/* Asserts that each of n chunks of strings with two dimensions, 2 x 3, is refused. */
void objects_check_refused(zarrc_ctx *ctx, const char *codecs, const objects_refusal *rows, size_t n);

/* Every allocation of a round trip of strings fails once. */
void objects_check_allocations(const char *codecs, zarrc_type type);

#endif

/* SPDX-License-Identifier: MIT */
/* For tests of the codecs for Python objects. */
#ifndef ZARRC_TESTS_OBJECTS_H
#define ZARRC_TESTS_OBJECTS_H

#include <zarrc/zarrc.h>

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

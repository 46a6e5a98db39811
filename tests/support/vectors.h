/* SPDX-License-Identifier: MIT */
/* The golden cases of tests/data: one chunk through one codec chain each. */
#ifndef ZARRC_TESTS_VECTORS_H
#define ZARRC_TESTS_VECTORS_H

#include <zarrc/zarrc.h>

typedef struct vector_case {
  char id[96];
  char kind[16];               /* roundtrip, decode_only, decode_error */
  bool byte_exact;             /* an encoder must make the same bytes */
  bool accept;                 /* handmade input: an implementation should accept it */
  int64_t encoded_size;        /* compute_encoded_size, -1: not computed */
  char *codecs, *codecs_input; /* JSON lists: evolved, and as configured */
  zarrc_spec spec;
  zarrc_arena *arena;
  void *fill;
  uint8_t *decoded, *encoded; /* files, NULL where there are none; exact allocations */
  size_t decoded_nbytes, encoded_nbytes;
  void *elements; /* decoded as packed elements in native byte order */
} vector_case;

/* Calls fn for every case whose codec names are all in the NULL-ended list (NULL: every case); returns how many. */
size_t vectors_each(zarrc_ctx *ctx, const char *const *codecs, void (*fn)(zarrc_ctx *ctx, const vector_case *c));
/* The same for the cases below another folder of tests/data than "vectors", whose case.json may hold a whole zarr.json
 * ("metadata"). */
size_t vectors_each_of(zarrc_ctx *ctx, const char *folder, const char *const *codecs,
                       void (*fn)(zarrc_ctx *ctx, const vector_case *c));

/* Bytes of the packed elements of a case, and whether two runs of elements of its type are the same. */
size_t vector_nbytes(const vector_case *c);
bool vector_same(const vector_case *c, const void *a, const void *b);

#endif

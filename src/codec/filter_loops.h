/* SPDX-License-Identifier: MIT */
/* The arithmetic of the filters, on packed elements in native byte order. Integers wrap. */
#ifndef ZARRC_CODEC_FILTER_LOOPS_H
#define ZARRC_CODEC_FILTER_LOOPS_H

#include <zarrc/data.h>

typedef enum zarrc_scale_op {
  ZARRC_SCALE_SUBTRACT, /* x - offset */
  ZARRC_SCALE_MULTIPLY, /* round(x * scale) */
  ZARRC_SCALE_ENCODE,   /* round((x - offset) * scale) */
  ZARRC_SCALE_DECODE,   /* x / scale + offset; floats only */
  ZARRC_SCALE_ROUND     /* round(x * scale) / scale; floats only */
} zarrc_scale_op;

typedef struct zarrc_scale_values {
  double offset, scale;             /* for floats, in whose type they are used */
  uint64_t offset_bits, scale_bits; /* for integers */
} zarrc_scale_values;

/* Computes n elements of an integer or float type; in may be out. Rounds to the nearest integer, and ties to the even
 * one; every step of float16 is rounded to float16. */
void zarrc_scale_loop(zarrc_type type, const zarrc_scale_values *values, zarrc_scale_op op, const void *in, void *out,
                      size_t n);

/* The last element of the previous call. Zeroed: there is none. */
typedef struct zarrc_delta_carry {
  bool started;
  _Alignas(16) uint8_t last[16];
} zarrc_delta_carry;

/* Stores differences of neighbours (of bool: whether they differ); the first element stays as it is. */
void zarrc_delta_loop(zarrc_type type, zarrc_delta_carry *carry, const void *in, void *out, size_t n);
/* Stores sums of all elements up to each (of bool: whether any is true). */
void zarrc_sum_loop(zarrc_type type, zarrc_delta_carry *carry, const void *in, void *out, size_t n);

/* Rounds the low bits of floats, seen as integers of `item` bytes, away: to the nearest, and ties to even. */
void zarrc_bitround_loop(size_t item, unsigned nbits, const void *in, void *out, size_t n);

#endif

/* SPDX-License-Identifier: MIT */
/* Real numbers between two types: what a type cannot hold is rounded, and brought into its range, as one chooses. */
#ifndef ZARRC_CODEC_REALS_H
#define ZARRC_CODEC_REALS_H

#include <zarrc/data.h>

/* An element of any type of integers or floats: mantissa × 2^exponent, with a sign, or a special value. */
typedef struct zarrc_real {
  bool negative, is_nan, is_infinite;
  uint64_t mantissa;
  int exponent;
} zarrc_real;

typedef enum zarrc_rounding {
  ZARRC_ROUND_EVEN, /* to the nearest, and ties to the even one */
  ZARRC_ROUND_ZERO,
  ZARRC_ROUND_UP,
  ZARRC_ROUND_DOWN,
  ZARRC_ROUND_AWAY /* to the nearest, and ties away from zero */
} zarrc_rounding;

typedef enum zarrc_out_of_range { ZARRC_RANGE_ERROR, ZARRC_RANGE_CLAMP, ZARRC_RANGE_WRAP } zarrc_out_of_range;

/* Returns whether a type is one of integers or floats, but not of complex numbers. */
bool zarrc_is_real(zarrc_type type);
/* Reads an element in native byte order, at any address. */
zarrc_real zarrc_real_load(zarrc_type type, const void *element);
/* Writes the number that stands for a real; false: none does. Floats are never wrapped. */
bool zarrc_real_store(zarrc_type type, const zarrc_real *real, zarrc_rounding rounding, zarrc_out_of_range range,
                      void *element);
/* Returns whether two elements are the same number; any two NaNs are, and so are both zeros. */
bool zarrc_real_equal(const zarrc_real *a, const zarrc_real *b);

#endif

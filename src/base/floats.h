/* SPDX-License-Identifier: MIT */
/* How numbers are made of bits: floating-point formats from 4 to 64 bits, and integers of less than a byte. */
#ifndef ZARRC_BASE_FLOATS_H
#define ZARRC_BASE_FLOATS_H

#include <zarrc/data.h>

typedef enum zarrc_float_specials {
  ZARRC_FLOAT_IEEE,  /* infinities and NaNs have the largest exponent */
  ZARRC_FLOAT_FNUZ,  /* -0 is the only NaN; no infinities */
  ZARRC_FLOAT_FN,    /* neither NaN nor infinities */
  ZARRC_FLOAT_SCALE, /* an exponent alone: powers of two, and a NaN with all bits set; no zero, no sign */
} zarrc_float_specials;

typedef struct zarrc_float_format {
  uint8_t nbytes, nbits;        /* in memory; of these nbits count, the lowest ones */
  uint8_t nexponent, nfraction; /* bits of exponent and fraction */
  int16_t bias;
  zarrc_float_specials specials;
  uint64_t nan; /* the one that is written "NaN"; 0: there is none */
} zarrc_float_format;

/* Returns the format of a type, or of the parts of a complex type; NULL: it is none of floats. */
const zarrc_float_format *zarrc_float_format_of(zarrc_type type);
/* Returns whether elements of a type are pairs of floats. */
bool zarrc_type_is_complex(zarrc_type type);
/* Returns the bits of an integer of a type, and whether it is signed; 0: these are no integers. */
unsigned zarrc_integer_nbits(zarrc_type type, bool *is_signed);
/* Returns the bits of a byte that may be set in elements of a type; others are 0 in memory, and mean nothing in stored
 * chunks. 0xff for all types but those of less than a byte. */
uint8_t zarrc_type_mask(zarrc_type type);

/* Returns the value of bits; exact, but for the payload of a NaN. */
double zarrc_float_value(const zarrc_float_format *format, uint64_t bits);
/* Returns the bits of the nearest number, ties to the even one (to the larger power of two, as ml_dtypes has it);
 * *known false: the format has none for it: no NaN, nothing so large, or for powers of two nothing below them. With
 * infinities what is too large is one of them. */
uint64_t zarrc_float_bits(const zarrc_float_format *format, double value, bool *known);
bool zarrc_float_is_nan(const zarrc_float_format *format, uint64_t bits);
/* Returns the bits without the sign, which some formats do not have. */
uint64_t zarrc_float_magnitude(const zarrc_float_format *format, uint64_t bits);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Conversions between types of numbers, from bool to complex128, with the results that NumPy has on x86-64: integers
 * wrap, numbers with a fraction are truncated towards zero, complex numbers lose their imaginary part, and everything
 * but zero is true. Numbers are truncated to int32 for types of up to 32 bits, else to int64; what is out of range
 * there (or NaN) becomes the lowest number. Of int32, narrower types get the low bits; to unsigned types of 32 and 64
 * bits, what is at least 2^31 or 2^63 is converted without that, which is then added.
 */
#ifndef ZARRC_CODEC_CONVERT_H
#define ZARRC_CODEC_CONVERT_H

#include <zarrc/data.h>

static inline bool zarrc_is_number(zarrc_type type) {
  return (unsigned)type <= ZARRC_COMPLEX128;
}
static inline bool zarrc_is_integer(zarrc_type type) {
  return type >= ZARRC_INT8 && type <= ZARRC_UINT64;
}

/* Converts n elements in native byte order. Both memories are aligned for their elements and do not overlap. */
void zarrc_convert(zarrc_type from, zarrc_type to, const void *in, void *out, size_t n);

/* Returns the smallest type that holds the numbers of both, as NumPy's promote_types does. */
zarrc_type zarrc_promote(zarrc_type a, zarrc_type b);

#endif

/* SPDX-License-Identifier: MIT */
/* Elements as libzfp compresses them: integers and floats of 32 and 64 bits. Zarr extensions, "ZFP codec". */
#ifndef ZARRC_CODEC_ZFP_ELEMENTS_H
#define ZARRC_CODEC_ZFP_ELEMENTS_H

#include <zarrc/data.h>

typedef enum zarrc_zfp_type {
  ZARRC_ZFP_NONE,
  ZARRC_ZFP_INT32,
  ZARRC_ZFP_INT64,
  ZARRC_ZFP_FLOAT,
  ZARRC_ZFP_DOUBLE
} zarrc_zfp_type;

typedef struct zarrc_zfp_kind {
  zarrc_zfp_type type; /* ZARRC_ZFP_NONE: elements of this type cannot be compressed */
  int nbits;           /* of integers that are promoted to int32; else 0 */
  bool is_unsigned;
} zarrc_zfp_kind;

/* Returns how elements of a type are compressed; by numcodecs with is_zfpy, which promotes nothing. */
zarrc_zfp_kind zarrc_zfp_kind_of(zarrc_type type, bool is_zfpy);

static inline size_t zarrc_zfp_item_size(zarrc_zfp_type type) {
  return type == ZARRC_ZFP_INT32 || type == ZARRC_ZFP_FLOAT ? 4 : 8;
}

/* Turns n elements, packed and in native byte order, into what libzfp compresses. Returns false if one is above what
 * the signed type can hold. */
bool zarrc_zfp_elements_to(const zarrc_zfp_kind *k, const void *elements, void *out, size_t n);
/* Turns what libzfp has decompressed into n elements. What is out of range becomes the nearest number; of uint32 and
 * uint64 numbers below 0 become 0. */
void zarrc_zfp_elements_from(const zarrc_zfp_kind *k, const void *in, void *elements, size_t n);

#endif

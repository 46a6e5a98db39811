/* SPDX-License-Identifier: MIT */
/* What the loops with AVX2 and AVX-512 have in common: from which types to which others there are vectors. */
#ifndef ZARRC_CODEC_FILTER_LOOPS_BY_TYPE_H
#define ZARRC_CODEC_FILTER_LOOPS_BY_TYPE_H

#include "codec/filter_loops.h"

/* Defines LOOP_from, of which the caller has written the loop itself, inlined for each two types: from integers of up
 * to 32 bits (but uint32) to floats and such integers, of which signed and unsigned ones of up to 16 bits have the same
 * bits. ATTRIBUTES: `static`, and the instructions that the loop needs. */
#define ZARRC_LOOP_TO(ATTRIBUTES, LOOP, name, from)                                                                    \
  ATTRIBUTES size_t LOOP##_##name(zarrc_type to, const zarrc_scale_values *values, const void *in, void *out,          \
                                  size_t n) {                                                                          \
    switch (to) {                                                                                                      \
    case ZARRC_FLOAT32:                                                                                                \
      return LOOP(from, ZARRC_FLOAT32, values, in, out, n);                                                            \
    case ZARRC_FLOAT64:                                                                                                \
      return LOOP(from, ZARRC_FLOAT64, values, in, out, n);                                                            \
    case ZARRC_INT32:                                                                                                  \
      return LOOP(from, ZARRC_INT32, values, in, out, n);                                                              \
    case ZARRC_INT16:                                                                                                  \
    case ZARRC_UINT16:                                                                                                 \
      return LOOP(from, ZARRC_INT16, values, in, out, n);                                                              \
    case ZARRC_INT8:                                                                                                   \
    case ZARRC_UINT8:                                                                                                  \
      return LOOP(from, ZARRC_INT8, values, in, out, n);                                                               \
    default:                                                                                                           \
      return 0;                                                                                                        \
    }                                                                                                                  \
  }
#define ZARRC_LOOP_BY_TYPE(ATTRIBUTES, LOOP)                                                                           \
  ZARRC_LOOP_TO(ATTRIBUTES, LOOP, int8, ZARRC_INT8)                                                                    \
  ZARRC_LOOP_TO(ATTRIBUTES, LOOP, uint8, ZARRC_UINT8)                                                                  \
  ZARRC_LOOP_TO(ATTRIBUTES, LOOP, int16, ZARRC_INT16)                                                                  \
  ZARRC_LOOP_TO(ATTRIBUTES, LOOP, uint16, ZARRC_UINT16)                                                                \
  ZARRC_LOOP_TO(ATTRIBUTES, LOOP, int32, ZARRC_INT32)                                                                  \
  static size_t LOOP##_from(zarrc_type from, zarrc_type to, const zarrc_scale_values *values, const void *in,          \
                            void *out, size_t n) {                                                                     \
    switch (from) {                                                                                                    \
    case ZARRC_INT8:                                                                                                   \
      return LOOP##_int8(to, values, in, out, n);                                                                      \
    case ZARRC_UINT8:                                                                                                  \
      return LOOP##_uint8(to, values, in, out, n);                                                                     \
    case ZARRC_INT16:                                                                                                  \
      return LOOP##_int16(to, values, in, out, n);                                                                     \
    case ZARRC_UINT16:                                                                                                 \
      return LOOP##_uint16(to, values, in, out, n);                                                                    \
    case ZARRC_INT32:                                                                                                  \
      return LOOP##_int32(to, values, in, out, n);                                                                     \
    default:                                                                                                           \
      return 0;                                                                                                        \
    }                                                                                                                  \
  }

/* Returns whether nothing overflows or underflows on the way to a quotient of an integer and a scale. */
static inline bool zarrc_is_moderate(double scale) {
  double size = scale < 0 ? -scale : scale;
  return size > 0x1p-900 && size < 0x1p900;
}

#endif

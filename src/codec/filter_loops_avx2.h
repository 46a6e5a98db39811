/* SPDX-License-Identifier: MIT */
/*
 * Loops of the filters with AVX2. Each works on whole vectors at the beginning of its elements and returns how many
 * elements that were; the rest is for the plain loops, with the same results. 0 also if the machine lacks AVX2, or
 * there are no vectors for that.
 */
#ifndef ZARRC_CODEC_FILTER_LOOPS_AVX2_H
#define ZARRC_CODEC_FILTER_LOOPS_AVX2_H

#include "codec/filter_loops.h"

/* Of float32 and float64. inverse: 1 / scale, if multiplying by it is the same as dividing by scale; else 0. */
size_t zarrc_scale_avx2(zarrc_type type, const zarrc_scale_values *values, double inverse, zarrc_scale_op op,
                        const void *in, void *out, size_t n);
/* Integers of up to 32 bits, divided by scale and added to offset in float64, as floats or integers of up to 32 bits
 * (but uint32). Needs FMA too. */
size_t zarrc_unscale_avx2(zarrc_type from, zarrc_type to, const zarrc_scale_values *values, const void *in, void *out,
                          size_t n);
/* Of integers of `item` bytes. sum: that of all elements before, and then of all. */
size_t zarrc_sum_avx2(size_t item, void *sum, const void *in, void *out, size_t n);
/* Floats to integers. */
size_t zarrc_convert_avx2(zarrc_type from, zarrc_type to, const void *in, void *out, size_t n);
/* Booleans to bits, the first to the highest of a byte, and back. n: of booleans. */
size_t zarrc_pack_avx2(const uint8_t *in, uint8_t *out, size_t n);
size_t zarrc_unpack_avx2(const uint8_t *in, uint8_t *out, size_t n);

#endif

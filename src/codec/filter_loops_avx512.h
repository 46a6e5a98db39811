/* SPDX-License-Identifier: MIT */
/*
 * Loops of the filters with AVX-512 (F, BW, DQ, VBMI), where AVX2 is less than half as fast as memcpy. As those of
 * filter_loops_avx2.h, they work on whole vectors at the beginning of their elements and return how many elements that
 * were; 0 also if the machine lacks something, or there are no vectors for that.
 */
#ifndef ZARRC_CODEC_FILTER_LOOPS_AVX512_H
#define ZARRC_CODEC_FILTER_LOOPS_AVX512_H

#include "codec/filter_loops.h"

/* As zarrc_sum_avx2. */
size_t zarrc_sum_avx512(size_t item, void *sum, const void *in, void *out, size_t n);
/* Subtracts offset, multiplies by scale and rounds, as ZARRC_SCALE_ENCODE: float32 as such, to integers of up to 32
 * bits (but uint32); float64 and such integers in float64, to integers of that kind or floats. */
size_t zarrc_scale_avx512(zarrc_type from, zarrc_type to, const zarrc_scale_values *values, const void *in, void *out,
                          size_t n);
/* As zarrc_unscale_avx2. */
size_t zarrc_unscale_avx512(zarrc_type from, zarrc_type to, const zarrc_scale_values *values, const void *in, void *out,
                            size_t n);

#endif

/* SPDX-License-Identifier: MIT */
/* Decoding a Blosc frame with several threads, a group of blocks each. */
#ifndef ZARRC_CODEC_BLOSC_PARALLEL_H
#define ZARRC_CODEC_BLOSC_PARALLEL_H

#include "codec/blosc_frame.h"

typedef zarrc_status (*zarrc_blosc_decode_fn)(zarrc_ctx *ctx, const uint8_t *p, const zarrc_blosc_frame *frame,
                                              uint8_t *to, zarrc_error *error);

/* Returns the number of groups; 1: no other thread is idle, or the frame is too small. */
uint32_t zarrc_blosc_parallel_ngroups(zarrc_ctx *ctx, const zarrc_blosc_frame *frame);

/* Decodes a checked frame in ngroups groups of blocks. `decode` is given a new frame for each group; NULL: blocks are
 * decoded in place, if all can be (codec/blosc_block.h). */
zarrc_status zarrc_blosc_parallel_decode(zarrc_ctx *ctx, const uint8_t *p, const zarrc_blosc_frame *frame,
                                         uint32_t ngroups, uint8_t *to, zarrc_blosc_decode_fn decode,
                                         zarrc_error *error);

#endif

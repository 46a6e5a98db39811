/* SPDX-License-Identifier: MIT */
/* One Blosc frame decoded by several threads, a few blocks each. */
#ifndef ZARRC_CODEC_BLOSC_SHARED_H
#define ZARRC_CODEC_BLOSC_SHARED_H

#include "codec/blosc_frame.h"

typedef zarrc_status (*zarrc_blosc_decode_fn)(zarrc_ctx *ctx, const uint8_t *p, const zarrc_blosc_frame *frame,
                                              uint8_t *to, zarrc_error *error);

/* Into how many groups of blocks a frame is to be cut: 1 where no other thread is idle, or it is not worth it. */
uint32_t zarrc_blosc_shared_ngroups(zarrc_ctx *ctx, const zarrc_blosc_frame *frame);

/* Decodes a checked frame, ngroups of its blocks at once: decode gets frames that are cut out of it; NULL: its blocks
 * are decoded where they lie, as all of them can be (codec/blosc_block.h). */
zarrc_status zarrc_blosc_shared_decode(zarrc_ctx *ctx, const uint8_t *p, const zarrc_blosc_frame *frame,
                                       uint32_t ngroups, uint8_t *to, zarrc_blosc_decode_fn decode, zarrc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A few bytes of a block of a Blosc frame. libblosc turns the bytes of the whole block back into elements; here the
 * streams of the block are decoded, and the wanted bytes picked out of them as they lie there, shuffled.
 */
#ifndef ZARRC_CODEC_BLOSC_FEW_H
#define ZARRC_CODEC_BLOSC_FEW_H

#include "codec/blosc_frame.h"

/* So many bytes are few: picking more takes longer than it saves. */
#define ZARRC_BLOSC_FEW_NBYTES 1024u

/* Whether it is known how the bytes of block i lie in its streams, and how to decode those. */
bool zarrc_blosc_few_can(const zarrc_blosc_frame *frame, uint32_t i);
/* Decodes the streams of block i, n bytes at p, into as many bytes as the block decodes to. */
zarrc_status zarrc_blosc_few_decode(zarrc_ctx *ctx, const zarrc_blosc_frame *frame, uint32_t i, const uint8_t *p,
                                    uint32_t n, uint8_t *streams, zarrc_error *error);
/* Picks nbytes bytes, the first of which is byte `first` of block i. */
void zarrc_blosc_few_pick(const zarrc_blosc_frame *frame, uint32_t i, const uint8_t *streams, uint32_t first,
                          uint32_t nbytes, uint8_t *to);

#endif

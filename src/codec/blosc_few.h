/* SPDX-License-Identifier: MIT */
/* A few bytes of a block of a Blosc frame, picked out of its decoded streams as they lie there, shuffled. */
#ifndef ZARRC_CODEC_BLOSC_FEW_H
#define ZARRC_CODEC_BLOSC_FEW_H

#include "codec/blosc_frame.h"

/* So many bytes are few: picking more takes longer than it saves. */
#define ZARRC_BLOSC_FEW_NBYTES 1024u

/* How many bytes at the start of each stream of block i will do for these bytes of it. */
uint32_t zarrc_blosc_few_need(const zarrc_blosc_frame *frame, uint32_t i, uint32_t first, uint32_t nbytes);

/* Picks nbytes bytes, the first of which is byte `first` of block i. */
void zarrc_blosc_few_pick(const zarrc_blosc_frame *frame, uint32_t i, const uint8_t *streams, uint32_t first,
                          uint32_t nbytes, uint8_t *to);

#endif

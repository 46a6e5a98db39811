/* SPDX-License-Identifier: MIT */
/* Picking a few bytes of a block of a Blosc frame out of its decoded, still shuffled streams. */
#ifndef ZARRC_CODEC_BLOSC_ELEMENTS_H
#define ZARRC_CODEC_BLOSC_ELEMENTS_H

#include "codec/blosc_frame.h"

/* The most bytes for which this is faster than unshuffling the block. */
#define ZARRC_BLOSC_FEW_NBYTES 1024u

/* Returns how many bytes at the beginning of each stream of block i are needed for the given bytes of the block. */
uint32_t zarrc_blosc_elements_need(const zarrc_blosc_frame *frame, uint32_t i, uint32_t first, uint32_t nbytes);

/* Picks nbytes bytes of block i, from byte `first` on. */
void zarrc_blosc_elements_pick(const zarrc_blosc_frame *frame, uint32_t i, const uint8_t *streams, uint32_t first,
                               uint32_t nbytes, uint8_t *to);

#endif

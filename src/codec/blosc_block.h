/* SPDX-License-Identifier: MIT */
/*
 * Decoding and encoding blocks of Blosc frames whose streams are Zstandard's or LZ4's, without libblosc, which creates
 * a compressor or decompressor for each Zstandard stream, allocates memory for each frame, and shuffles bits more
 * slowly.
 */
#ifndef ZARRC_CODEC_BLOSC_BLOCK_H
#define ZARRC_CODEC_BLOSC_BLOCK_H

#include "codec/blosc_frame.h"

#include <zarrc/codecs.h>

/* Returns how the bytes of block i were shuffled before they were compressed. */
zarrc_blosc_shuffle zarrc_blosc_block_shuffle(const zarrc_blosc_frame *frame, uint32_t i);

/* Returns whether block i can be decoded here: its library is available, and all versions of libblosc agree on its
 * format. */
bool zarrc_blosc_block_can(const zarrc_blosc_frame *frame, uint32_t i);
bool zarrc_blosc_blocks_can(const zarrc_blosc_frame *frame); /* whether all can */

/* Decodes the streams of block i, n bytes at p. `streams` has room for the decoded block, and gets at least the first
 * `need` bytes of each stream. */
zarrc_status zarrc_blosc_streams_decode(zarrc_ctx *ctx, const zarrc_blosc_frame *frame, uint32_t i, const uint8_t *p,
                                        uint32_t n, uint32_t need, uint8_t *streams, zarrc_error *error);

/* Decodes blocks [first, end) of the checked frame at p, all of which can be decoded here. */
zarrc_status zarrc_blosc_blocks_decode(zarrc_ctx *ctx, const uint8_t *p, const zarrc_blosc_frame *frame, uint32_t first,
                                       uint32_t end, uint8_t *to, zarrc_error *error);

/* Describes the frame that libblosc would make of nbytes bytes. clevel: 0 to 9; blocksize 0: chosen as libblosc does.
 * Returns false if it cannot be made here. */
bool zarrc_blosc_frame_plan(uint32_t nbytes, uint8_t typesize, zarrc_blosc_cname cname, int clevel,
                            zarrc_blosc_shuffle shuffle, uint32_t blocksize, zarrc_blosc_frame *out);

/* Makes that frame at p, which has room for nbytes and a header. *made: its length. */
zarrc_status zarrc_blosc_frame_encode(zarrc_ctx *ctx, const zarrc_blosc_frame *frame, int clevel, const uint8_t *from,
                                      uint8_t *p, size_t *made, zarrc_error *error);

#endif

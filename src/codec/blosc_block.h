/* SPDX-License-Identifier: MIT */
/*
 * Blocks of a Blosc frame whose streams are Zstandard's or LZ4's, without libblosc: that makes a new compressor or
 * decompressor for each stream of Zstandard, takes memory for each frame, and shuffles bits more slowly.
 */
#ifndef ZARRC_CODEC_BLOSC_BLOCK_H
#define ZARRC_CODEC_BLOSC_BLOCK_H

#include "codec/blosc_frame.h"

#include <zarrc/codecs.h>

/* The version of the liblz4 that is linked; NULL: none. */
const char *zarrc_lz4_version(void);

/* What was done to the bytes of block i before it was compressed; a frame may say both. */
zarrc_blosc_shuffle zarrc_blosc_block_shuffle(const zarrc_blosc_frame *frame, uint32_t i);

/* Whether block i can be decoded here: its library is there, and all versions of libblosc agree how its bytes lie. */
bool zarrc_blosc_block_can(const zarrc_blosc_frame *frame, uint32_t i);
bool zarrc_blosc_blocks_can(const zarrc_blosc_frame *frame); /* all of them */

/* Decodes the streams of block i, n bytes at p, into as many bytes as the block decodes to, in their order there. Of
 * each stream the first `need` bytes will do. */
zarrc_status zarrc_blosc_streams_decode(zarrc_ctx *ctx, const zarrc_blosc_frame *frame, uint32_t i, const uint8_t *p,
                                        uint32_t n, uint32_t need, uint8_t *streams, zarrc_error *error);

/* Decodes blocks [first, end) of the checked frame at p, all of which can be, into the bytes that they stand for. */
zarrc_status zarrc_blosc_blocks_decode(zarrc_ctx *ctx, const uint8_t *p, const zarrc_blosc_frame *frame, uint32_t first,
                                       uint32_t end, uint8_t *to, zarrc_error *error);

/* Describes the frame that libblosc would make of nbytes bytes: clevel from 0 to 9, blocksize 0 for its own choice.
 * false: it is not made here. */
bool zarrc_blosc_frame_plan(uint32_t nbytes, uint8_t typesize, zarrc_blosc_cname cname, int clevel,
                            zarrc_blosc_shuffle shuffle, uint32_t blocksize, zarrc_blosc_frame *out);

/* Makes that frame, at most nbytes and a header long; *made: how long it is. */
zarrc_status zarrc_blosc_frame_encode(zarrc_ctx *ctx, const zarrc_blosc_frame *frame, int clevel, const uint8_t *from,
                                      uint8_t *p, size_t *made, zarrc_error *error);

#endif

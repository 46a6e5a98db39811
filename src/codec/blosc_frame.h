/* SPDX-License-Identifier: MIT */
/*
 * The Blosc 1 frame, except for decompression. libblosc does not know the length of its input and trusts every number
 * in it; therefore all of them are checked here first. Does not call libblosc.
 *
 *   byte 0    version (2)
 *        1    version of the compressor's format (1)
 *        2    flags
 *        3    typesize
 *        4    nbytes, blocksize, cbytes (u32 each)
 *        16   offset of each block (u32 each), then the blocks: each consists of one stream, or of `typesize` streams,
 *             and each stream follows its length (u32)
 *
 * A stored frame consists of the first 16 bytes and the data.
 */
#ifndef ZARRC_CODEC_BLOSC_FRAME_H
#define ZARRC_CODEC_BLOSC_FRAME_H

#include <zarrc/base.h>

#define ZARRC_BLOSC_HEADER_NBYTES 16u
#define ZARRC_BLOSC_MAX_NBYTES    (INT32_MAX - ZARRC_BLOSC_HEADER_NBYTES) /* most bytes in a frame */

/* Flags of a frame. The higher bits are its format. */
enum {
  ZARRC_BLOSC_SHUFFLED = 0x01,
  ZARRC_BLOSC_STORED = 0x02,
  ZARRC_BLOSC_BITSHUFFLED = 0x04,
  ZARRC_BLOSC_RESERVED = 0x08,
  ZARRC_BLOSC_UNSPLIT = 0x10
};

/* Formats of streams. */
enum { ZARRC_BLOSC_AS_BLOSCLZ, ZARRC_BLOSC_AS_LZ4, ZARRC_BLOSC_AS_SNAPPY, ZARRC_BLOSC_AS_ZLIB, ZARRC_BLOSC_AS_ZSTD };

typedef struct zarrc_blosc_frame {
  uint32_t nbytes, blocksize, cbytes; /* decoded bytes; decoded bytes of a block; encoded bytes including the header */
  uint32_t nblocks;                   /* 0: stored or empty */
  uint8_t flags, typesize;
  uint8_t format; /* ZARRC_BLOSC_AS_... */
  bool stored;
} zarrc_blosc_frame;

/* Reads and checks a header of 16 bytes. */
zarrc_status zarrc_blosc_frame_parse(const uint8_t *header, zarrc_blosc_frame *out, zarrc_error *error);

/* Reads the header of a frame in n bytes, and checks that libblosc would read only bytes of the frame. More bytes may
 * follow it. */
zarrc_status zarrc_blosc_frame_check(const uint8_t *p, size_t n, zarrc_blosc_frame *out, zarrc_error *error);

/* Returns the number of decoded bytes of block i. */
uint32_t zarrc_blosc_block_nbytes(const zarrc_blosc_frame *frame, uint32_t i);

/* Returns the number of encoded bytes of block i of a checked frame, and gets their offset. */
uint32_t zarrc_blosc_block_cbytes(const zarrc_blosc_frame *frame, const uint8_t *p, uint32_t i, uint32_t *first);

/* Returns whether whole blocks of this size are split into streams, unless the frame says otherwise. */
bool zarrc_blosc_splits(uint8_t typesize, uint32_t blocksize);

/* Returns the number of streams of block i. */
uint32_t zarrc_blosc_block_nstreams(const zarrc_blosc_frame *frame, uint32_t i);

/* Writes the header of a new frame of cbytes bytes with `nblocks` blocks of another frame. with_last: the last of them
 * is also the last block of the other frame. */
void zarrc_blosc_frame_cut(const zarrc_blosc_frame *frame, uint32_t nblocks, bool with_last, uint32_t cbytes,
                           uint8_t *header);

#endif

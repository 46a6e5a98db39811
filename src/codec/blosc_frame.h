/* SPDX-License-Identifier: MIT */
/*
 * The Blosc 1 frame, as far as it can be read without decompressing: libblosc is not told how long its input is and
 * believes every number in it, so that all of them are checked here first. Contains no call of libblosc.
 *
 *   0 version (2)   1 version of the compressor's format (1)   2 flags   3 typesize   4 nbytes   8 blocksize   12
 * cbytes 16 where each block starts (u32 each), then the blocks: one stream, or `typesize` of them, each behind its
 * length. A stored frame is the 16 bytes and the data.
 */
#ifndef ZARRC_CODEC_BLOSC_FRAME_H
#define ZARRC_CODEC_BLOSC_FRAME_H

#include <zarrc/base.h>

#define ZARRC_BLOSC_HEADER_NBYTES 16u
#define ZARRC_BLOSC_MAX_NBYTES    (INT32_MAX - ZARRC_BLOSC_HEADER_NBYTES) /* that a frame can hold */

/* Flags of a frame; above them, its format. */
enum {
  ZARRC_BLOSC_SHUFFLED = 0x01,
  ZARRC_BLOSC_STORED = 0x02,
  ZARRC_BLOSC_BITSHUFFLED = 0x04,
  ZARRC_BLOSC_RESERVED = 0x08,
  ZARRC_BLOSC_UNSPLIT = 0x10
};

/* What its streams are. */
enum { ZARRC_BLOSC_AS_BLOSCLZ, ZARRC_BLOSC_AS_LZ4, ZARRC_BLOSC_AS_SNAPPY, ZARRC_BLOSC_AS_ZLIB, ZARRC_BLOSC_AS_ZSTD };

typedef struct zarrc_blosc_frame {
  uint32_t nbytes, blocksize, cbytes; /* decoded, a block decoded, encoded with the header */
  uint32_t nblocks;                   /* 0 if stored or empty */
  uint8_t flags, typesize;
  uint8_t format; /* ZARRC_BLOSC_AS_... */
  bool stored;
} zarrc_blosc_frame;

/* Reads and checks the 16 bytes of a header. */
zarrc_status zarrc_blosc_frame_parse(const uint8_t *header, zarrc_blosc_frame *out, zarrc_error *error);

/* Reads the header of a frame of which n bytes are there, and checks that every byte that libblosc would read lies
 * inside. Bytes behind the frame are allowed. */
zarrc_status zarrc_blosc_frame_check(const uint8_t *p, size_t n, zarrc_blosc_frame *out, zarrc_error *error);

/* Decoded bytes of block i. */
uint32_t zarrc_blosc_block_nbytes(const zarrc_blosc_frame *frame, uint32_t i);

/* Encoded bytes of block i of a checked frame, and where they lie in it. */
uint32_t zarrc_blosc_block_cbytes(const zarrc_blosc_frame *frame, const uint8_t *p, uint32_t i, uint32_t *first);

/* Whether whole blocks of this size are split, in a frame that does not say otherwise. */
bool zarrc_blosc_splits(uint8_t typesize, uint32_t blocksize);

/* Streams that block i is split into. */
uint32_t zarrc_blosc_block_nstreams(const zarrc_blosc_frame *frame, uint32_t i);

/* Writes the header of a frame that holds `nblocks` blocks of another one, cbytes bytes long; with_last: the last of
 * them is also the last of the other one. */
void zarrc_blosc_frame_cut(const zarrc_blosc_frame *frame, uint32_t nblocks, bool with_last, uint32_t cbytes,
                           uint8_t *header);

#endif

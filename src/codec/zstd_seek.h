/* SPDX-License-Identifier: MIT */
/*
 * The seek table of a seekable Zstandard value (zstd, contrib/seekable_format): a skippable frame at the end with the
 * encoded and decoded length of each frame before it. A table that is inconsistent is ignored.
 */
#ifndef ZARRC_CODEC_ZSTD_SEEK_H
#define ZARRC_CODEC_ZSTD_SEEK_H

#include <zarrc/base.h>
#include <zarrc/plugin/blob.h>

/* A block of a frame decodes to this at most, and is encoded in 3 bytes at least. */
#define ZARRC_ZSTD_BLOCK_NBYTES ((size_t)1 << 17)

typedef struct zarrc_zstd_frame {
  uint64_t offset, nbytes; /* in the encoded value */
  uint64_t first, size;    /* in the decoded value */
} zarrc_zstd_frame;

typedef struct zarrc_zstd_seek {
  zarrc_bytes memory;
  zarrc_zstd_frame *frames; /* in their order, without empty ones */
  size_t nframes;
  uint64_t size; /* of the decoded value */
} zarrc_zstd_seek;

/* Reads the table of a value. *found = false (and ZARRC_OK): there is none. */
zarrc_status zarrc_zstd_seek_open(zarrc_ctx *ctx, zarrc_blob *encoded, zarrc_zstd_seek *out, bool *found,
                                  zarrc_error *error);
void zarrc_zstd_seek_close(zarrc_zstd_seek *seek);
/* Returns the number of the frame with a byte of the decoded value, which must be below size. */
size_t zarrc_zstd_seek_find(const zarrc_zstd_seek *seek, uint64_t at);
/* Returns whether the table is worth using: less than half of the value need be decoded. Also false if the frames are
 * too short for the claimed length. */
bool zarrc_zstd_seek_helps(const zarrc_zstd_seek *seek, zarrc_range *ranges, size_t n);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The seek table of a seekable Zstandard value (zstd, contrib/seekable_format): a skippable frame at the end that says
 * how long each frame in front of it is, encoded and decoded. A table is a claim: what does not add up is no table.
 */
#ifndef ZARRC_CODEC_ZSTD_SEEK_H
#define ZARRC_CODEC_ZSTD_SEEK_H

#include <zarrc/base.h>
#include <zarrc/plugin/blob.h>

/* The most that a block of a frame decodes to; encoded it has 3 bytes or more. */
#define ZARRC_ZSTD_BLOCK_NBYTES ((size_t)1 << 17)

typedef struct zarrc_zstd_frame {
  uint64_t offset, nbytes; /* in the encoded value */
  uint64_t first, size;    /* in the decoded one */
} zarrc_zstd_frame;

typedef struct zarrc_zstd_seek {
  zarrc_bytes memory;
  zarrc_zstd_frame *frames; /* one behind the other; empty ones are left out */
  size_t nframes;
  uint64_t size; /* of the decoded value */
} zarrc_zstd_seek;

/* Reads the table of a value. *found = false with ZARRC_OK: there is none. */
zarrc_status zarrc_zstd_seek_open(zarrc_ctx *ctx, zarrc_blob *encoded, zarrc_zstd_seek *out, bool *found,
                                  zarrc_error *error);
void zarrc_zstd_seek_close(zarrc_zstd_seek *seek);
/* The frame that holds a byte of the decoded value, which must be below size. */
size_t zarrc_zstd_seek_find(const zarrc_zstd_seek *seek, uint64_t at);
/* Whether to decode by the table is worth it: less than half of the value is decoded. False, too, where its frames are
 * too short to hold what it claims. */
bool zarrc_zstd_seek_helps(const zarrc_zstd_seek *seek, zarrc_range *ranges, size_t n);

#endif

/* SPDX-License-Identifier: MIT */
/* Values with a checksum of four bytes, a little-endian number that follows or precedes what it protects. */
#ifndef ZARRC_CODEC_CHECKSUM_H
#define ZARRC_CODEC_CHECKSUM_H

#include <zarrc/codec.h>
#include <zarrc/plugin/blob.h>

#define ZARRC_CHECKSUM_NBYTES 4u

typedef struct zarrc_checksum {
  const char *name; /* in messages: "CRC-32C" */
  /* Returns the sum of n more bytes. */
  uint32_t (*sum)(uint32_t before, const void *bytes, size_t n);
  uint32_t first; /* the sum of no bytes */
  bool at_once;   /* sum must be given all bytes at once, with `first` */
  bool at_start;  /* the checksum precedes the bytes */
} zarrc_checksum;

zarrc_size zarrc_checksum_encoded_size(uint64_t nbytes);
zarrc_status zarrc_checksum_encode(const zarrc_checksum *c, zarrc_parts *parts, zarrc_error *error);

/* Compares the checksum of a value with that of its bytes, of which *nbytes tells the number. */
zarrc_status zarrc_checksum_check(const zarrc_checksum *c, const zarrc_bytes *encoded, size_t *nbytes,
                                  zarrc_error *error);
/* Appends the bytes, at least the first `need` of them, and verifies all. */
zarrc_status zarrc_checksum_decode(const zarrc_checksum *c, const zarrc_bytes *in, size_t need, zarrc_buf *out,
                                   zarrc_error *error);
/* Reads ranges without verifying the checksum, if the reader trusts stored bytes; else *served = false. */
zarrc_status zarrc_checksum_read(const zarrc_checksum *c, zarrc_ctx *ctx, const zarrc_chunk_options *options,
                                 zarrc_blob *encoded, zarrc_range *ranges, size_t n, bool *served, zarrc_error *error);

#endif

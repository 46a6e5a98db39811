/* SPDX-License-Identifier: MIT */
/* Zstandard frames inside other formats. Only zstd.c calls libzstd. */
#ifndef ZARRC_CODEC_ZSTD_H
#define ZARRC_CODEC_ZSTD_H

#include <zarrc/base.h>

/* Returns the version of the linked libzstd; NULL: there is none. */
const char *zarrc_zstd_version(void);

/* Decodes n bytes of frames to exactly nbytes bytes. ZARRC_CORRUPT: they decode to something else; ZARRC_UNSUPPORTED:
 * there is no libzstd. */
zarrc_status zarrc_zstd_decode_exactly(zarrc_ctx *ctx, const uint8_t *from, size_t n, uint8_t *to, size_t nbytes,
                                       zarrc_error *error);

/* Encodes n bytes as one frame of at most `room` bytes. *made: its length; 0: it does not fit. ZARRC_UNSUPPORTED: there
 * is no libzstd, or one that can write damaged frames. */
zarrc_status zarrc_zstd_encode_within(zarrc_ctx *ctx, int level, const uint8_t *from, size_t n, uint8_t *to,
                                      size_t room, size_t *made, zarrc_error *error);

#endif

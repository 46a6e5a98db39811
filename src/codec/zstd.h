/* SPDX-License-Identifier: MIT */
/* The only door to libzstd, for what holds Zstandard frames inside a format of its own. */
#ifndef ZARRC_CODEC_ZSTD_H
#define ZARRC_CODEC_ZSTD_H

#include <zarrc/base.h>

/* The version of the libzstd that is linked; NULL: none. */
const char *zarrc_zstd_version(void);

/* Decodes n bytes of frames, which must make nbytes bytes, with a context that is kept warm. ZARRC_CORRUPT where they
 * do not; ZARRC_UNSUPPORTED without libzstd. */
zarrc_status zarrc_zstd_decode_exactly(zarrc_ctx *ctx, const uint8_t *from, size_t n, uint8_t *to, size_t nbytes,
                                       zarrc_error *error);

/* Encodes n bytes as one frame into room for `room` bytes, likewise. *made: its length, or 0 if it does not fit.
 * ZARRC_NO_MEMORY; ZARRC_UNSUPPORTED without libzstd, or with one that can write damaged frames. */
zarrc_status zarrc_zstd_encode_within(zarrc_ctx *ctx, int level, const uint8_t *from, size_t n, uint8_t *to,
                                      size_t room, size_t *made, zarrc_error *error);

#endif

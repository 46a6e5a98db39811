/* SPDX-License-Identifier: MIT */
/* Blocks of LZ4 inside other formats. Only lz4.c calls liblz4. */
#ifndef ZARRC_CODEC_LZ4_BLOCK_H
#define ZARRC_CODEC_LZ4_BLOCK_H

#include <zarrc/base.h>

/* Returns the version of the linked liblz4; NULL: there is none. */
const char *zarrc_lz4_version(void);

/* Decodes at least the first `need` of the nbytes bytes that a block of n bytes holds; all of these numbers fit an int.
 * ZARRC_CORRUPT: it holds something else; ZARRC_UNSUPPORTED: there is no liblz4. */
zarrc_status zarrc_lz4_decode(const uint8_t *p, size_t n, size_t need, uint8_t *to, size_t nbytes, zarrc_error *error);

/* Encodes n bytes as a block of at most `room` bytes, and returns its length; 0: it does not fit, or there is no
 * liblz4. */
size_t zarrc_lz4_encode(int acceleration, const uint8_t *from, size_t n, uint8_t *to, size_t room);

#endif

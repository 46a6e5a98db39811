/* SPDX-License-Identifier: MIT */
/* What a gzip value is made of: members, and the deflate streams in them. */
#ifndef ZARRC_CODEC_GZIP_MEMBER_H
#define ZARRC_CODEC_GZIP_MEMBER_H

#include <zarrc/base.h>

typedef struct zarrc_gzip_member {
  size_t number, at; /* counted from 1; where it begins in the value */
} zarrc_gzip_member;

zarrc_status zarrc_gzip_member_fail(const zarrc_gzip_member *m, zarrc_status code, const char *what,
                                    zarrc_error *error);

/* Length of the member's header, which begins at p. Neither its checksum nor what it says about the file is looked at.
 */
zarrc_status zarrc_gzip_header_skip(const zarrc_gzip_member *m, const uint8_t *p, size_t n, size_t *out,
                                    zarrc_error *error);

/* Bytes that zarrc_deflate_continue adds at most. */
#define ZARRC_DEFLATE_CONTINUE_NBYTES 5

/* Makes a whole deflate stream one that another may follow: its last block, which begins at the bit `last` of the
 * stream, is not called the last any more, and an empty block fills the end up to a whole byte. unused: bits of the
 * last byte that the stream leaves. Returns the new length. */
size_t zarrc_deflate_continue(uint8_t *p, size_t nbytes, uint64_t last, unsigned unused);

#endif

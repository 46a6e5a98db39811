/* SPDX-License-Identifier: MIT */
/* Members of a gzip value, and their deflate streams. */
#ifndef ZARRC_CODEC_GZIP_MEMBER_H
#define ZARRC_CODEC_GZIP_MEMBER_H

#include <zarrc/base.h>

typedef struct zarrc_gzip_member {
  size_t number, at; /* counted from 1; its offset in the value */
} zarrc_gzip_member;

zarrc_status zarrc_gzip_member_fail(const zarrc_gzip_member *m, zarrc_status code, const char *what,
                                    zarrc_error *error);

/* Gets the length of a member's header at p. Ignores its checksum and what it says about the file. */
zarrc_status zarrc_gzip_header_skip(const zarrc_gzip_member *m, const uint8_t *p, size_t n, size_t *out,
                                    zarrc_error *error);

/* Most bytes that zarrc_deflate_continue adds. */
#define ZARRC_DEFLATE_CONTINUE_NBYTES 5

/* Changes a complete deflate stream so that another may follow it: clears the flag of its last block, which begins at
 * bit `last`, and adds an empty block that ends at a whole byte. unused: number of unused bits in the last byte.
 * Returns the new length. */
size_t zarrc_deflate_continue(uint8_t *p, size_t nbytes, uint64_t last, unsigned unused);

#endif

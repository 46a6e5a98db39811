/* SPDX-License-Identifier: MIT */
/* The fast encoder for gzip (ISA-L), for contexts with fast_gzip. */
#ifndef ZARRC_CODEC_GZIP_FAST_H
#define ZARRC_CODEC_GZIP_FAST_H

#include "codec/one_piece.h"

/* Encodes p->in as one member of at most `bound` bytes, as the new piece of p; *made: its length. *made = 0: the
 * ordinary encoder must do it (the option is not set, level 0, a build without ISA-L, or it does not fit); p is
 * unchanged. */
zarrc_status zarrc_gzip_fast(zarrc_ctx *ctx, int level, size_t bound, zarrc_parts *parts, zarrc_one_piece *p,
                             size_t *made, zarrc_error *error);

#endif

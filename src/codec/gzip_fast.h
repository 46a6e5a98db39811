/* SPDX-License-Identifier: MIT */
/* gzip's fast encoder, which the context option fast_gzip asks for: ISA-L. */
#ifndef ZARRC_CODEC_GZIP_FAST_H
#define ZARRC_CODEC_GZIP_FAST_H

#include "codec/one_piece.h"

/* Makes one member of p->in, at most `bound` bytes long, as the new piece of p and sets *made to its length. *made = 0:
 * it is for the ordinary encoder (the option is not set, level 0, a build without ISA-L, or it would be longer), and p
 * is as it was. */
zarrc_status zarrc_gzip_fast(zarrc_ctx *ctx, int level, size_t bound, zarrc_parts *parts, zarrc_one_piece *p,
                             size_t *made, zarrc_error *error);

#endif

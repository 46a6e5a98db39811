/* SPDX-License-Identifier: MIT */
/* Reading parts of a Blosc frame by decoding only the blocks they touch. */
#ifndef ZARRC_CODEC_BLOSC_RANGES_H
#define ZARRC_CODEC_BLOSC_RANGES_H

#include <zarrc/base.h>
#include <zarrc/plugin/blob.h>

/* See zarrc_codec_class.u.bb.read. The total of a range is the decoded length that the frame states. */
zarrc_status zarrc_blosc_ranges_read(zarrc_ctx *ctx, zarrc_blob *encoded, zarrc_range *ranges, size_t n, bool *served,
                                     zarrc_error *error);

#endif

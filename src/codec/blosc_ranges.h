/* SPDX-License-Identifier: MIT */
/* Parts of a Blosc frame, read and decoded by the blocks that they touch. */
#ifndef ZARRC_CODEC_BLOSC_RANGES_H
#define ZARRC_CODEC_BLOSC_RANGES_H

#include <zarrc/base.h>
#include <zarrc/plugin/blob.h>

/* As zarrc_codec_class.u.bb.read. A range's total is what the frame says that it decodes to. */
zarrc_status zarrc_blosc_ranges_read(zarrc_ctx *ctx, zarrc_blob *encoded, zarrc_range *ranges, size_t n, bool *served,
                                     zarrc_error *error);

#endif

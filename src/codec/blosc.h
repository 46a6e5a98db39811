/* SPDX-License-Identifier: MIT */
/* The only door to libblosc. */
#ifndef ZARRC_CODEC_BLOSC_H
#define ZARRC_CODEC_BLOSC_H

#include "codec/blosc_frame.h"

/* The version of the libblosc that is linked; NULL: none. */
const char *zarrc_blosc_version(void);

/* Decodes a frame that zarrc_blosc_frame_check found good into frame->nbytes bytes. */
zarrc_status zarrc_blosc_frame_decode(zarrc_ctx *ctx, const uint8_t *p, const zarrc_blosc_frame *frame, uint8_t *to,
                                      zarrc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/* Encoding and decoding whole frames, with libblosc or with zarrc's own kernels. */
#ifndef ZARRC_CODEC_BLOSC_LIBRARY_H
#define ZARRC_CODEC_BLOSC_LIBRARY_H

#include "codec/blosc_frame.h"
#include "codec/one_piece.h"

#include <zarrc/codecs.h>

/* Returns the version of the linked libblosc; NULL: there is none. */
const char *zarrc_blosc_version(void);

/* Returns whether the linked libblosc has a compressor. */
bool zarrc_blosc_library_has(const char *cname);

/* Decodes a frame, which zarrc_blosc_frame_check has checked, into frame->nbytes bytes. */
zarrc_status zarrc_blosc_frame_decode(zarrc_ctx *ctx, const uint8_t *p, const zarrc_blosc_frame *frame, uint8_t *to,
                                      zarrc_error *error);

/* Encodes p->in as one frame in p->memory, which has room for its length and ZARRC_BLOSC_HEADER_NBYTES. *made: the
 * length of the frame. The linked libblosc must have the compressor; the level is 0 to 9. */
zarrc_status zarrc_blosc_frame_make(zarrc_ctx *ctx, const zarrc_blosc_config *config, const zarrc_one_piece *p,
                                    size_t *made, zarrc_error *error);

#endif

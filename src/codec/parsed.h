/* SPDX-License-Identifier: MIT */
/* Codecs from parsed JSON; see base/parsed.h. */
#ifndef ZARRC_CODEC_PARSED_H
#define ZARRC_CODEC_PARSED_H

#include <zarrc/codec.h>

#include "base/json.h"

/* See zarrc_codec_open. */
zarrc_status zarrc_codec_open_parsed(zarrc_ctx *ctx, const zarrc_json *value, zarrc_codec **out, zarrc_error *error);

#endif

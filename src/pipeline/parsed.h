/* SPDX-License-Identifier: MIT */
/* A pipeline from a value of a parsed document; see base/parsed.h. */
#ifndef ZARRC_PIPELINE_PARSED_H
#define ZARRC_PIPELINE_PARSED_H

#include <zarrc/pipeline.h>

#include "base/json.h"

/* zarrc_pipeline_open. */
zarrc_status zarrc_pipeline_open_parsed(zarrc_ctx *ctx, const zarrc_json *codecs, const zarrc_spec *chunk,
                                        zarrc_pipeline **out, zarrc_error *error);

#endif

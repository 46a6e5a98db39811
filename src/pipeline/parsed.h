/* SPDX-License-Identifier: MIT */
/* Pipelines from parsed JSON; see base/parsed.h. */
#ifndef ZARRC_PIPELINE_PARSED_H
#define ZARRC_PIPELINE_PARSED_H

#include <zarrc/pipeline.h>

#include "codec/parsed.h"

/* See zarrc_pipeline_open. */
zarrc_status zarrc_pipeline_open_parsed(zarrc_ctx *ctx, const zarrc_json *codecs, const zarrc_spec *chunk,
                                        const zarrc_leniency *lenient, zarrc_pipeline **out, zarrc_error *error);

#endif

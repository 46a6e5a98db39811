/* SPDX-License-Identifier: MIT */
/*
 * A data type from a value of a parsed document. LAYER/parsed.h are the headers that layers above may include beside
 * the public ones: what is parsed once is handed down as a value, never as text that would be parsed again. Nothing of
 * the document is borrowed.
 */
#ifndef ZARRC_BASE_PARSED_H
#define ZARRC_BASE_PARSED_H

#include "base/json.h"

/* zarrc_dtype_open. */
zarrc_status zarrc_dtype_open_parsed(zarrc_ctx *ctx, const zarrc_json *value, zarrc_dtype *out, zarrc_error *error);

#endif

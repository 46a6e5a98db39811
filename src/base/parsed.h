/* SPDX-License-Identifier: MIT */
/*
 * Data types from parsed JSON. Headers named parsed.h may be included by the layers above: they take a value of a
 * parsed document instead of text that would have to be parsed again. Nothing of the document is borrowed.
 */
#ifndef ZARRC_BASE_PARSED_H
#define ZARRC_BASE_PARSED_H

#include "base/json.h"

/* See zarrc_dtype_open. */
zarrc_status zarrc_dtype_open_parsed(zarrc_ctx *ctx, const zarrc_json *value, zarrc_dtype *out, zarrc_error *error);

#endif

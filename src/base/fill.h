/* SPDX-License-Identifier: MIT */
/* Fill values from parsed JSON. */
#ifndef ZARRC_BASE_FILL_H
#define ZARRC_BASE_FILL_H

#include <zarrc/data.h>

#include "base/json.h"

/* See zarrc_fill_from_json. NaN and Infinity, which the document may contain, are refused unless lenient. */
zarrc_status zarrc_fill_from_parsed(zarrc_ctx *ctx, const zarrc_dtype *dtype, const zarrc_json *value, bool lenient,
                                    zarrc_arena *arena, void *element, zarrc_error *error);

#endif

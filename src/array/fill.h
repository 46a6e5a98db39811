/* SPDX-License-Identifier: MIT */
/* A fill value from a value of a parsed document. */
#ifndef ZARRC_ARRAY_FILL_H
#define ZARRC_ARRAY_FILL_H

#include <zarrc/array.h>

#include "base/json.h"

/* zarrc_fill_from_json. NaN and Infinity, which the document may hold, are refused unless lenient. */
zarrc_status zarrc_fill_from_parsed(zarrc_ctx *ctx, const zarrc_dtype *dtype, const zarrc_json *value, bool lenient,
                                    zarrc_arena *arena, void *element, zarrc_error *error);

#endif

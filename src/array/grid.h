/* SPDX-License-Identifier: MIT */
/* The chunk_grid of an array: reading, writing, growing. Zarr v3 "Chunk grids"; extension "rectilinear". */
#ifndef ZARRC_ARRAY_GRID_H
#define ZARRC_ARRAY_GRID_H

#include <zarrc/data.h>

#include "array/rules.h"
#include "base/json.h"

/* Most edges in all lists of a rectilinear grid, with runs expanded. */
#define ZARRC_GRID_MAX_EDGES ((int64_t)1 << 19)

/* Reads a grid for an array shape. Unknown members of the configuration break a rule. *out owns its lists. */
zarrc_status zarrc_grid_parse(zarrc_ctx *ctx, const zarrc_json *value, int ndim, const int64_t *shape,
                              zarrc_rules *rules, zarrc_grid *out, zarrc_error *error);
void zarrc_grid_clear(zarrc_ctx *ctx, zarrc_grid *grid);

/* Appends canonical JSON. Edge lists are written as runs only if that is shorter. */
zarrc_status zarrc_grid_to_json(const zarrc_grid *grid, zarrc_buf *out, zarrc_error *error);

/* Copies a grid for a new array shape. A list whose edges do not reach it gets one more edge. */
zarrc_status zarrc_grid_resize(zarrc_ctx *ctx, const zarrc_grid *grid, const int64_t *shape, zarrc_grid *out,
                               zarrc_error *error);

/* Returns whether the chunks that both grids have are the same: one list may be the beginning of the other. */
bool zarrc_grid_agree(const zarrc_grid *a, const zarrc_grid *b);

/* Gets the number of chunks on each axis for an array shape. */
void zarrc_grid_shape(const zarrc_grid *grid, const int64_t *shape, int64_t *nchunks);

/* Gets the full shape of a chunk. */
void zarrc_grid_chunk_shape(const zarrc_grid *grid, const int64_t *chunk, int64_t *shape);

#endif

/* SPDX-License-Identifier: MIT */
/* The chunk_grid member of a zarr.json: read, written and grown. Zarr v3 "Chunk grids"; extension "rectilinear". */
#ifndef ZARRC_ARRAY_GRID_H
#define ZARRC_ARRAY_GRID_H

#include <zarrc/data.h>

#include "array/rules.h"
#include "base/json.h"

/* Edges that the lists of one rectilinear grid may have together, run lengths written out. */
#define ZARRC_GRID_MAX_EDGES ((int64_t)1 << 19)

/* Reads a grid for an array shape. Members of the configuration that mean nothing break a rule. *out owns its lists. */
zarrc_status zarrc_grid_parse(zarrc_ctx *ctx, const zarrc_json *value, int ndim, const int64_t *shape,
                              zarrc_rules *rules, zarrc_grid *out, zarrc_error *error);
void zarrc_grid_clear(zarrc_ctx *ctx, zarrc_grid *grid);

/* Appends canonical JSON: an edge list as run lengths only where that has fewer entries. */
zarrc_status zarrc_grid_to_json(const zarrc_grid *grid, zarrc_buf *out, zarrc_error *error);

/* A copy for a new array shape: a list whose edges do not reach it gets one more edge that does. */
zarrc_status zarrc_grid_resize(zarrc_ctx *ctx, const zarrc_grid *grid, const int64_t *shape, zarrc_grid *out,
                               zarrc_error *error);

/* Whether the chunks that both have are the same: one list may be the beginning of the other. */
bool zarrc_grid_agree(const zarrc_grid *a, const zarrc_grid *b);

/* Number of chunks on every axis for an array shape. */
void zarrc_grid_shape(const zarrc_grid *grid, const int64_t *shape, int64_t *nchunks);

/* Full shape of a chunk. */
void zarrc_grid_chunk_shape(const zarrc_grid *grid, const int64_t *chunk, int64_t *shape);

#endif

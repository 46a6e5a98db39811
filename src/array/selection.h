/* SPDX-License-Identifier: MIT */
/* A region of an array seen as parts of chunks. The i-th of them is computed from i: no list of chunks is made. */
#ifndef ZARRC_ARRAY_SELECTION_H
#define ZARRC_ARRAY_SELECTION_H

#include <zarrc/data.h>

/* The touched chunks of one axis: lo, lo + 1, ...; or those that hold the elements start, start + step, ... one each;
 * or those of a list. */
typedef struct zarrc_selection_axis {
  int64_t n, lo;
  bool one_each;
  int64_t *list; /* owned */
} zarrc_selection_axis;

typedef struct zarrc_selection {
  zarrc_ctx *ctx;
  const zarrc_grid *grid; /* borrowed, as is shape */
  const int64_t *shape;
  zarrc_region region;
  size_t nchunks; /* touched ones */
  zarrc_selection_axis axis[ZARRC_MAX_NDIM];
} zarrc_selection;

/* What a selection takes of one chunk. */
typedef struct zarrc_selected {
  int64_t chunk[ZARRC_MAX_NDIM];
  zarrc_region part; /* inside the chunk */
  zarrc_region view; /* inside the view of region.count elements */
  bool complete;     /* it is all of the chunk that lies in the array */
} zarrc_selected;

/* The region must lie inside the shape. ZARRC_LIMIT: more chunks than can be counted. */
zarrc_status zarrc_selection_open(zarrc_ctx *ctx, const zarrc_grid *grid, const int64_t *shape,
                                  const zarrc_region *region, zarrc_selection *out, zarrc_error *error);
void zarrc_selection_close(zarrc_selection *selection);
void zarrc_selection_at(const zarrc_selection *selection, size_t i, zarrc_selected *out);

#endif

/* SPDX-License-Identifier: MIT */
/* A region of an array split where chunks end. The i-th part is computed from i: no list of parts is made. */
#ifndef ZARRC_ARRAY_SPLIT_H
#define ZARRC_ARRAY_SPLIT_H

#include "base/selection.h"

/* The touched chunks of one axis: lo, lo + 1, ...; or those that hold the elements start, start + step, ... one each;
 * or those of a list, and for elements of a list which of them come first in each chunk. */
typedef struct zarrc_split_axis {
  int64_t n, lo;
  bool one_each;
  int64_t *list, *first; /* owned; first has n + 1 entries */
} zarrc_split_axis;

typedef struct zarrc_split {
  zarrc_ctx *ctx;
  const zarrc_grid *grid; /* borrowed, as are shape and lists */
  const int64_t *shape;
  const zarrc_list *lists;
  zarrc_region region;
  size_t nchunks; /* touched ones */
  zarrc_split_axis axis[ZARRC_MAX_NDIM];
} zarrc_split;

/* What is taken of one chunk. */
typedef struct zarrc_chunk_part {
  int64_t chunk[ZARRC_MAX_NDIM];
  zarrc_region part; /* inside the chunk; on an axis with a list, from the first to the last element of it */
  zarrc_region view; /* inside the view of region.count elements; on an axis with a list, its entries */
  bool complete;     /* it is all of the chunk that lies in the array */
} zarrc_chunk_part;

/* The region must lie inside the shape. lists: NULL, or one for each axis; where one has an index, region.count is its
 * n, and start and step mean nothing. ZARRC_LIMIT: more chunks than can be counted. */
zarrc_status zarrc_split_open(zarrc_ctx *ctx, const zarrc_grid *grid, const int64_t *shape, const zarrc_region *region,
                              const zarrc_list *lists, zarrc_split *out, zarrc_error *error);
void zarrc_split_close(zarrc_split *split);
void zarrc_split_at(const zarrc_split *split, size_t i, zarrc_chunk_part *out);

#endif

/* SPDX-License-Identifier: MIT */
/* Splitting a region of an array at the borders of chunks. The i-th part is computed from i; there is no list of
 * parts. */
#ifndef ZARRC_ARRAY_SPLIT_H
#define ZARRC_ARRAY_SPLIT_H

#include "base/selection.h"

/* The touched chunks on one axis: lo, lo + 1, ...; or, with one_each, those of the elements start, start + step, ...;
 * or those in `list`, and for a list of elements the first element in each chunk. */
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
  size_t nchunks; /* touched chunks */
  zarrc_split_axis axis[ZARRC_MAX_NDIM];
} zarrc_split;

/* The part of a region in one chunk. */
typedef struct zarrc_chunk_part {
  int64_t chunk[ZARRC_MAX_NDIM];
  zarrc_region part;              /* in the chunk; on an axis with a list, from its first to its last element */
  zarrc_region view;              /* in the view of region.count elements; on an axis with a list, its entries */
  bool complete;                  /* it is all of the chunk that is in the array */
  int64_t inside[ZARRC_MAX_NDIM]; /* elements of the chunk that are in the array */
} zarrc_chunk_part;

/* The region must be inside the shape. lists: NULL, or one for each axis; on an axis with a list only region.count is
 * used, and equals its n. ZARRC_LIMIT: there are too many chunks to count. */
zarrc_status zarrc_split_open(zarrc_ctx *ctx, const zarrc_grid *grid, const int64_t *shape, const zarrc_region *region,
                              const zarrc_list *lists, zarrc_split *out, zarrc_error *error);
void zarrc_split_close(zarrc_split *split);
void zarrc_split_at(const zarrc_split *split, size_t i, zarrc_chunk_part *out);

#endif

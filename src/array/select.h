/* SPDX-License-Identifier: MIT */
/* Selections as they were asked for, made into what transfers take. Opening one checks it and takes no memory; its
 * lists are made afterwards. */
#ifndef ZARRC_ARRAY_SELECT_H
#define ZARRC_ARRAY_SELECT_H

#include "array/transfer.h"
#include "base/checked.h"

/* ------------------------------------------------------------------------------------- axes and blocks */

/* Lists that step evenly are lines too. */
typedef struct zarrc_axes {
  const zarrc_selection *selection;
  const zarrc_metadata *m;
  zarrc_region region; /* as for zarrc_split_open */
  bool dropped[ZARRC_MAX_NDIM], listed[ZARRC_MAX_NDIM];
  bool any_listed;
  zarrc_list lists[ZARRC_MAX_NDIM];
} zarrc_axes;

zarrc_status zarrc_axes_open(const zarrc_metadata *m, const zarrc_selection *selection, zarrc_axes *out,
                             zarrc_error *error);
zarrc_status zarrc_axes_list(zarrc_axes *axes, zarrc_error *error);
void zarrc_axes_close(zarrc_axes *axes);

/* -------------------------------------------------------------------------------------- points and mask */

/* Elements of an array in the order in which they lie in it: by chunk, then by the inner chunks of shards in it, then
 * in C order; several of one element in the order of the selection. */
typedef struct zarrc_points {
  const zarrc_selection *selection;
  const zarrc_metadata *m;
  uint32_t n;
  uint64_t *chunk, *within; /* of the points in the order of the selection: number of the chunk, and place in it */
  uint32_t *order;
  uint32_t *first; /* of each touched chunk, and n: numbers in order */
  size_t nchunks;
} zarrc_points;

zarrc_status zarrc_points_open(const zarrc_metadata *m, const zarrc_selection *selection, zarrc_points *out,
                               zarrc_error *error);
zarrc_status zarrc_points_list(zarrc_points *points, zarrc_error *error);
void zarrc_points_close(zarrc_points *points);
/* Coordinates of a chunk from its number. */
void zarrc_points_chunk(const zarrc_points *points, uint64_t number, int64_t *chunk);
/* The place in a chunk of the element with these coordinates in it, and the other way round. An element is not placed
 * before one of whose coordinates none is larger. */
uint64_t zarrc_points_place(const zarrc_metadata *m, const int64_t *chunk_shape, const int64_t *at);
void zarrc_points_at(const zarrc_metadata *m, const int64_t *chunk_shape, uint64_t place, int64_t *at);

/* select_points_io.c: the view has been checked: one axis of n elements. */
zarrc_status zarrc_transfer_points(const zarrc_transfer *t, const zarrc_points *points, zarrc_error *error);

/* ------------------------------------------------------------------------------------------------- helpers */

/* Memory for n items, n 0 included. NULL: there is none. */
static inline void *zarrc_items_alloc(zarrc_ctx *ctx, size_t n, size_t item_nbytes) {
  size_t nbytes;
  return zarrc_mul_size(n ? n : 1, item_nbytes, &nbytes) ? zarrc_malloc(ctx, nbytes) : NULL;
}

/* An index from the front of an axis. false: the axis has none such. */
static inline bool zarrc_index_wrap(int64_t index, int64_t length, int64_t *out) {
  *out = index < 0 ? index + length : index;
  return *out >= 0 && *out < length;
}

#endif

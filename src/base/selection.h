/* SPDX-License-Identifier: MIT */
/*
 * Selections, checked against the shape of an array or a chunk, as regions, sorted lists and points. Opening allocates
 * nothing; lists are made later.
 */
#ifndef ZARRC_BASE_SELECTION_H
#define ZARRC_BASE_SELECTION_H

#include <zarrc/data.h>

#include "base/checked.h"

/* ------------------------------------------------------------------------------------------------------ axes */

/* Indices on an axis: element i is at index[i] - origin, in ascending order, and has index at[i] in the result (at
 * NULL: i). index NULL: there is no list, and the region tells what is selected. */
typedef struct zarrc_list {
  const int64_t *index;
  const uint32_t *at;
  uint32_t n;
  int64_t origin;
} zarrc_list;

/* A selection of kind AXES. A list with even steps becomes part of the region. */
typedef struct zarrc_axes {
  zarrc_ctx *ctx;
  const zarrc_selection *selection;
  int ndim;
  const int64_t *shape;
  zarrc_region region; /* on an axis with a list only count is valid */
  bool dropped[ZARRC_MAX_NDIM], listed[ZARRC_MAX_NDIM];
  bool any_listed;
  int64_t room[ZARRC_MAX_NDIM]; /* least length of the result on an axis with `at`; else 0: region.count */
  zarrc_list lists[ZARRC_MAX_NDIM];
  bool owns_index[ZARRC_MAX_NDIM], owns_at[ZARRC_MAX_NDIM];
} zarrc_axes;

/* Checks a selection. Borrows it and the shape. */
zarrc_status zarrc_axes_open(zarrc_ctx *ctx, const zarrc_selection *selection, int ndim, const int64_t *shape,
                             zarrc_axes *out, zarrc_error *error);
/* Makes the lists. Ascending lists are borrowed, if `moved` allows them an origin other than 0, or they have none. */
zarrc_status zarrc_axes_list(zarrc_axes *axes, bool moved, zarrc_error *error);
void zarrc_axes_close(zarrc_axes *axes);
/* Resolve a slice as Python does, to its first index and number of indices; a possibly negative index (`what` is
 * "index" or "chunk"). ZARRC_INVALID_ARGUMENT names the axis. */
zarrc_status zarrc_slice_resolve(const zarrc_pick *pick, int axis, int64_t length, int64_t *start, int64_t *count,
                                 zarrc_error *error);
zarrc_status zarrc_index_resolve(int64_t index, int axis, int64_t length, const char *what, int64_t *out,
                                 zarrc_error *error);
/* Returns the caller's view, with the axes added that the result lacks. */
zarrc_view zarrc_axes_view(const zarrc_axes *axes, const zarrc_view *view);

/* Returns a view of the given shape in which every element is the same one. */
zarrc_view zarrc_view_spread(const zarrc_view *element, int ndim, const int64_t *shape);

/* ------------------------------------------------------------------------------------------- points and masks */

/* Checks a selection of kind POINTS or MASK, and counts the points. */
zarrc_status zarrc_points_count(const zarrc_selection *selection, int ndim, const int64_t *shape, uint32_t *n,
                                zarrc_error *error);

/* Returns the least length of the result if the selection has `at`, else 0. */
int64_t zarrc_points_room(const zarrc_selection *selection, uint32_t n);

/* Enumerates the points of a checked selection in their order. */
typedef struct zarrc_point_walk {
  const zarrc_selection *selection;
  int ndim;
  const int64_t *shape;
  size_t i;                   /* the number of the next point */
  int64_t at[ZARRC_MAX_NDIM]; /* coordinates of the last point */
  int64_t row;                /* in a mask: offset of the current row, in bytes */
  int64_t column;             /* in a mask: index of the next element in the row */
  bool ended;
} zarrc_point_walk;
zarrc_point_walk zarrc_point_walk_of(const zarrc_selection *selection, int ndim, const int64_t *shape);
/* Returns the coordinates of the next point; NULL: there are no more. */
const int64_t *zarrc_point_walk_next(zarrc_point_walk *walk);

/* ------------------------------------------------------------------------------------------------- helpers */

/* Allocates memory for n items, also if n is 0; NULL: there is none. */
static inline void *zarrc_items_alloc(zarrc_ctx *ctx, size_t n, size_t item_nbytes) {
  size_t nbytes;
  return zarrc_mul_size(n ? n : 1, item_nbytes, &nbytes) ? zarrc_malloc(ctx, nbytes) : NULL;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Selections as they were asked for, checked against a shape and made into regions, sorted lists and points. It does
 * not matter whether the shape is that of an array or of one chunk. Opening takes no memory; lists are made afterwards.
 */
#ifndef ZARRC_BASE_SELECTION_H
#define ZARRC_BASE_SELECTION_H

#include <zarrc/data.h>

#include "base/checked.h"

/* ------------------------------------------------------------------------------------------------------ axes */

/* Single elements of an axis: those at index[i] - origin, which ascends. Element i is at[i] in the result (at NULL: i).
 * index NULL: the axis is a line of the region. */
typedef struct zarrc_list {
  const int64_t *index;
  const uint32_t *at;
  uint32_t n;
  int64_t origin;
} zarrc_list;

/* A selection of the kind AXES. Lists that step evenly are lines too. */
typedef struct zarrc_axes {
  zarrc_ctx *ctx;
  const zarrc_selection *selection;
  int ndim;
  const int64_t *shape;
  zarrc_region region; /* on a listed axis, count is that of the list, and start and step mean nothing */
  bool dropped[ZARRC_MAX_NDIM], listed[ZARRC_MAX_NDIM];
  bool any_listed;
  int64_t room[ZARRC_MAX_NDIM]; /* the least that the result must have on an axis whose list says where to put things;
                                   0: it has region.count */
  zarrc_list lists[ZARRC_MAX_NDIM];
  bool owns_index[ZARRC_MAX_NDIM], owns_at[ZARRC_MAX_NDIM];
} zarrc_axes;

/* Borrows the selection and the shape. */
zarrc_status zarrc_axes_open(zarrc_ctx *ctx, const zarrc_selection *selection, int ndim, const int64_t *shape,
                             zarrc_axes *out, zarrc_error *error);
/* Makes the lists. Those that ascend are borrowed; without `moved`, origin is 0 in all. */
zarrc_status zarrc_axes_list(zarrc_axes *axes, bool moved, zarrc_error *error);
void zarrc_axes_close(zarrc_axes *axes);
/* Where the index of a slice begins and how many it has, as Python takes a slice; an index from the front of an axis
 * (`what` is "index" or "chunk"). ZARRC_INVALID_ARGUMENT, naming the axis. */
zarrc_status zarrc_slice_resolve(const zarrc_pick *pick, int axis, int64_t length, int64_t *start, int64_t *count,
                                 zarrc_error *error);
zarrc_status zarrc_index_resolve(int64_t index, int axis, int64_t length, const char *what, int64_t *out,
                                 zarrc_error *error);
/* The caller's view with the axes that the result does not have. */
zarrc_view zarrc_axes_view(const zarrc_axes *axes, const zarrc_view *view);

/* One element that is seen everywhere. */
zarrc_view zarrc_view_spread(const zarrc_view *element, int ndim, const int64_t *shape);

/* ------------------------------------------------------------------------------------------- points and masks */

/* Checks a selection of the kinds POINTS and MASK, and counts. */
zarrc_status zarrc_points_count(const zarrc_selection *selection, int ndim, const int64_t *shape, uint32_t *n,
                                zarrc_error *error);

/* Returns the least that the result must have where the selection of n points says where to put them, else 0. */
int64_t zarrc_points_room(const zarrc_selection *selection, uint32_t n);

/* The points one by one, in the order of the selection. It must have been checked. */
typedef struct zarrc_point_walk {
  const zarrc_selection *selection;
  int ndim;
  const int64_t *shape;
  size_t i;                   /* of the next point */
  int64_t at[ZARRC_MAX_NDIM]; /* of a mask: the last one that was found */
  int64_t row;                /* bytes from the first element of the mask to that of the row */
  int64_t column;             /* on the last axis, of the next element of the row */
  bool ended;
} zarrc_point_walk;
zarrc_point_walk zarrc_point_walk_of(const zarrc_selection *selection, int ndim, const int64_t *shape);
/* Returns the coordinates of the next point, or NULL: there are no more. */
const int64_t *zarrc_point_walk_next(zarrc_point_walk *walk);

/* ------------------------------------------------------------------------------------------------- helpers */

/* Memory for n items, n 0 included. NULL: there is none. */
static inline void *zarrc_items_alloc(zarrc_ctx *ctx, size_t n, size_t item_nbytes) {
  size_t nbytes;
  return zarrc_mul_size(n ? n : 1, item_nbytes, &nbytes) ? zarrc_malloc(ctx, nbytes) : NULL;
}

#endif

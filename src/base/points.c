/* SPDX-License-Identifier: MIT */
#include "base/selection.h"

#include <inttypes.h>
#include <string.h>

/* Resolves a possibly negative index; false: it is out of range. */
static bool index_wrap(int64_t index, int64_t length, int64_t *out) {
  *out = index < 0 ? index + length : index;
  return *out >= 0 && *out < length;
}

/* ----------------------------------------------------------------------------------------------------- checking */

static zarrc_status check_count(uint64_t n, zarrc_error *error) {
  if (n <= UINT32_MAX) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_LIMIT, "%" PRIu64 " points, at most 2^32-1 are possible", n);
}

static zarrc_status check_coordinates(const zarrc_selection *s, int ndim, const int64_t *shape, zarrc_error *error) {
  zarrc_status status = check_count(s->npoints, error);
  for (int k = 0; k < ZARRC_MAX_NDIM && !status; k++) {
    if (k >= ndim && s->coordinate[k])
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: there are %d axes", k, ndim);
    if (k >= ndim || s->npoints == 0) continue;
    if (!s->coordinate[k])
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: the points have no coordinates", k);
    for (size_t i = 0; i < s->npoints; i++) {
      int64_t index;
      if (!index_wrap(s->coordinate[k][i], shape[k], &index))
        return zarrc_fail(error, ZARRC_INVALID_ARGUMENT,
                          "axis %d: there is no index %" PRId64 " (there are %" PRId64 "), point %zu", k,
                          s->coordinate[k][i], shape[k], i);
    }
  }
  return status;
}

static zarrc_status check_mask(const zarrc_view *mask, int ndim, const int64_t *shape, zarrc_error *error) {
  if (!mask) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "no mask is given");
  if (mask->dtype.type != ZARRC_BOOL && mask->dtype.type != ZARRC_UINT8)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a mask must be of bool or uint8");
  if (mask->ndim != ndim)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a mask of %d dimensions, not %d", mask->ndim, ndim);
  for (int i = 0; i < ndim; i++)
    if (mask->shape[i] != shape[i])
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT,
                        "axis %d: a mask of %" PRId64 " elements for a length of %" PRId64, i, mask->shape[i],
                        shape[i]);
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------------- walking */

static void mask_next_row(zarrc_point_walk *w) {
  const zarrc_view *mask = w->selection->mask;
  int i = mask->ndim - 1;
  w->column = 0;
  while (--i >= 0) {
    w->row += mask->stride[i];
    if (++w->at[i] < mask->shape[i]) return;
    w->row -= mask->stride[i] * mask->shape[i];
    w->at[i] = 0;
  }
  w->ended = true;
}

static bool mask_next(zarrc_point_walk *w) {
  if (w->ended) return false;
  const zarrc_view *mask = w->selection->mask;
  const uint8_t *data = mask->data;
  int last = mask->ndim - 1;
  int64_t length = last < 0 ? 1 : mask->shape[last], stride = last < 0 ? 0 : mask->stride[last];
  for (; !w->ended; mask_next_row(w)) {
    while (w->column < length && !data[w->row + w->column * stride]) w->column++;
    if (w->column == length) continue;
    if (last >= 0) w->at[last] = w->column;
    w->column++;
    return true;
  }
  return false;
}

zarrc_point_walk zarrc_point_walk_of(const zarrc_selection *selection, int ndim, const int64_t *shape) {
  zarrc_point_walk w = {.selection = selection, .ndim = ndim, .shape = shape};
  w.ended = selection->kind == ZARRC_SELECT_MASK && zarrc_view_nitems(selection->mask) == 0;
  return w;
}

const int64_t *zarrc_point_walk_next(zarrc_point_walk *w) {
  const zarrc_selection *s = w->selection;
  if (s->kind == ZARRC_SELECT_MASK) return mask_next(w) ? w->at : NULL;
  if (w->i == s->npoints) return NULL;
  for (int k = 0; k < w->ndim; k++) index_wrap(s->coordinate[k][w->i], w->shape[k], &w->at[k]);
  w->i++;
  return w->at;
}

zarrc_status zarrc_points_count(const zarrc_selection *selection, int ndim, const int64_t *shape, uint32_t *n,
                                zarrc_error *error) {
  uint64_t count = selection->npoints;
  zarrc_status status;
  if (selection->kind == ZARRC_SELECT_POINTS) {
    status = check_coordinates(selection, ndim, shape, error);
  } else {
    status = check_mask(selection->mask, ndim, shape, error);
    if (status) return status;
    zarrc_point_walk w = zarrc_point_walk_of(selection, ndim, shape);
    for (count = 0; zarrc_point_walk_next(&w); count++) {
    }
    status = check_count(count, error);
  }
  if (!status) *n = (uint32_t)count;
  return status;
}

int64_t zarrc_points_room(const zarrc_selection *selection, uint32_t n) {
  const uint32_t *at = selection->kind == ZARRC_SELECT_POINTS ? selection->at : NULL;
  int64_t room = 0;
  for (uint32_t i = 0; at && i < n; i++)
    if (at[i] >= room) room = (int64_t)at[i] + 1;
  return room;
}

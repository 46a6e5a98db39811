/* SPDX-License-Identifier: MIT */
#include "base/selection.h"
#include "base/sort.h"

#include <inttypes.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------------- lines */

/* Indices in their order, and whether they have even steps. */
typedef struct steps {
  int64_t n, first, last, step;
  bool even;
} steps;

static void steps_add(steps *s, int64_t x) {
  if (s->n == 0) {
    s->first = x;
    s->even = true;
  } else if (s->n == 1) {
    s->step = x - s->last;
    s->even = s->step >= 1;
  } else if (x - s->last != s->step) {
    s->even = false;
  }
  s->last = x;
  s->n++;
}

static void take_line(zarrc_axes *out, int axis, int64_t start, int64_t count, int64_t step) {
  out->region.start[axis] = count > 0 ? start : 0;
  out->region.count[axis] = count;
  out->region.step[axis] = count > 1 ? step : 1;
}

static void take_steps(zarrc_axes *out, int axis, const steps *s) {
  if (s->n == 0 || s->even) {
    take_line(out, axis, s->first, s->n, s->step);
  } else {
    out->region.count[axis] = s->n;
    out->listed[axis] = out->any_listed = true;
  }
}

/* ------------------------------------------------------------------------------------------------------- picks */

zarrc_status zarrc_index_resolve(int64_t index, int axis, int64_t length, const char *what, int64_t *out,
                                 zarrc_error *error) {
  *out = index < 0 ? index + length : index;
  if (*out >= 0 && *out < length) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: there is no %s %" PRId64 " (there are %" PRId64 ")", axis,
                    what, index, length);
}

zarrc_status zarrc_slice_resolve(const zarrc_pick *p, int axis, int64_t length, int64_t *start, int64_t *count,
                                 zarrc_error *error) {
  int64_t stop = p->stop < 0 ? p->stop + length : p->stop;
  *start = p->start < 0 ? p->start + length : p->start;
  if (p->step < 1)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: a step of %" PRId64 ", below 1", axis, p->step);
  if (*start < 0) *start = 0;
  if (stop > length) stop = length;
  *count = *start < stop ? (stop - 1 - *start) / p->step + 1 : 0;
  return ZARRC_OK;
}

/* Returns an index of a list without its origin. If that overflows the result is outside every axis. */
static int64_t list_index(const zarrc_pick *p, size_t i) {
  int64_t index;
  return __builtin_sub_overflow(p->list[i], p->start, &index) ? INT64_MIN : index;
}

static zarrc_status pick_list(const zarrc_pick *p, int axis, int64_t length, zarrc_axes *out, zarrc_error *error) {
  steps s = {0};
  if (p->n > 0 && !p->list) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: no list is given", axis);
  if (p->n > UINT32_MAX)
    return zarrc_fail(error, ZARRC_LIMIT, "axis %d: a list of %zu indices, at most 2^32-1 are possible", axis, p->n);
  for (size_t i = 0; i < p->n; i++) {
    int64_t index;
    zarrc_status status = zarrc_index_resolve(list_index(p, i), axis, length, "index", &index, error);
    if (status) return status;
    steps_add(&s, index);
    if (p->at && p->at[i] >= out->room[axis]) out->room[axis] = (int64_t)p->at[i] + 1;
  }
  if (p->at && p->n > 0) s.even = false;
  take_steps(out, axis, &s);
  return ZARRC_OK;
}

static zarrc_status pick_mask(const zarrc_pick *p, int axis, int64_t length, zarrc_axes *out, zarrc_error *error) {
  steps s = {0};
  if (p->n != (uint64_t)length || (p->n > 0 && !p->mask))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: a mask of %zu elements for a length of %" PRId64, axis,
                      p->mask ? p->n : 0, length);
  for (int64_t i = 0; i < length; i++)
    if (p->mask[i]) steps_add(&s, i);
  take_steps(out, axis, &s);
  if (out->listed[axis] && s.n > UINT32_MAX)
    return zarrc_fail(error, ZARRC_LIMIT, "axis %d: a mask of %" PRId64 " elements, at most 2^32-1 are possible", axis,
                      s.n);
  return ZARRC_OK;
}

static zarrc_status open_axis(const zarrc_pick *p, int axis, int64_t length, zarrc_axes *out, zarrc_error *error) {
  int64_t start = 0, count = length;
  zarrc_status status = ZARRC_OK;
  switch (p->kind) {
  case ZARRC_PICK_ALL:
    take_line(out, axis, 0, length, 1);
    return ZARRC_OK;
  case ZARRC_PICK_SLICE:
    status = zarrc_slice_resolve(p, axis, length, &start, &count, error);
    if (!status) take_line(out, axis, start, count, p->step);
    return status;
  case ZARRC_PICK_INDEX:
    status = zarrc_index_resolve(p->start, axis, length, "index", &start, error);
    if (!status) take_line(out, axis, start, 1, 1);
    out->dropped[axis] = true;
    return status;
  case ZARRC_PICK_LIST:
    return pick_list(p, axis, length, out, error);
  case ZARRC_PICK_MASK:
    return pick_mask(p, axis, length, out, error);
  }
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: there is no kind of pick %d", axis, (int)p->kind);
}

zarrc_status zarrc_axes_open(zarrc_ctx *ctx, const zarrc_selection *selection, int ndim, const int64_t *shape,
                             zarrc_axes *out, zarrc_error *error) {
  memset(out, 0, sizeof *out);
  out->ctx = ctx;
  out->selection = selection;
  out->ndim = ndim;
  out->shape = shape;
  for (int i = 0; i < ZARRC_MAX_NDIM; i++) {
    const zarrc_pick *p = &selection->pick[i];
    zarrc_status status = ZARRC_OK;
    if (i >= ndim && p->kind != ZARRC_PICK_ALL)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: there are %d axes", i, ndim);
    if (i < ndim) status = open_axis(p, i, shape[i], out, error);
    if (status) return status;
  }
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------------- lists */

static zarrc_status no_memory(const zarrc_axes *axes, int axis, zarrc_error *error) {
  return zarrc_fail(error, ZARRC_NO_MEMORY, "axis %d: no memory for a list of %" PRId64 " indices", axis,
                    axes->region.count[axis]);
}

/* Sorts the indices of a list, which are all valid. */
static zarrc_status sort_list(zarrc_axes *axes, int axis, const uint64_t *key, int64_t *index, zarrc_error *error) {
  const uint32_t *at = axes->lists[axis].at;
  uint32_t n = axes->lists[axis].n;
  zarrc_ctx *ctx = axes->ctx;
  uint32_t *order = zarrc_items_alloc(ctx, n, sizeof *order), *spare = zarrc_items_alloc(ctx, n, sizeof *spare);
  axes->lists[axis].at = order;
  axes->owns_at[axis] = true;
  if (!order || !spare) {
    zarrc_free(ctx, spare);
    return no_memory(axes, axis, error);
  }
  for (uint32_t i = 0; i < n; i++) order[i] = i;
  zarrc_sort_by_key(order, n, key, spare);
  for (uint32_t i = 0; i < n; i++) index[i] = (int64_t)key[order[i]];
  for (uint32_t i = 0; at && i < n; i++) order[i] = at[order[i]];
  zarrc_free(ctx, spare);
  return ZARRC_OK;
}

static zarrc_status list_mask(zarrc_axes *axes, int axis, zarrc_error *error) {
  const zarrc_pick *p = &axes->selection->pick[axis];
  uint32_t n = (uint32_t)axes->region.count[axis];
  int64_t *index = zarrc_items_alloc(axes->ctx, n, sizeof *index);
  axes->lists[axis] = (zarrc_list){.index = index, .n = n};
  axes->owns_index[axis] = true;
  if (!index) return no_memory(axes, axis, error);
  for (int64_t i = 0, k = 0; i < axes->shape[axis] && k < n; i++)
    if (p->mask[i]) index[k++] = i;
  return ZARRC_OK;
}

/* Makes the list of an axis; a list that ascends is used as it is. */
static zarrc_status list_axis(zarrc_axes *axes, int axis, bool moved, zarrc_error *error) {
  const zarrc_pick *p = &axes->selection->pick[axis];
  uint32_t n = (uint32_t)axes->region.count[axis];
  bool ascends = p->list[0] >= p->start && (moved || p->start == 0);
  for (uint32_t i = 1; i < n && ascends; i++) ascends = p->list[i] >= p->list[i - 1];
  axes->lists[axis] = (zarrc_list){.index = p->list, .at = p->at, .n = n, .origin = p->start};
  if (ascends) return ZARRC_OK;
  int64_t *index = zarrc_items_alloc(axes->ctx, n, sizeof *index);
  uint64_t *key = zarrc_items_alloc(axes->ctx, n, sizeof *key);
  axes->lists[axis].index = index;
  axes->lists[axis].origin = 0;
  axes->owns_index[axis] = true;
  zarrc_status status = index && key ? ZARRC_OK : no_memory(axes, axis, error);
  for (uint32_t i = 0; i < n && !status; i++) {
    int64_t from_front = list_index(p, i);
    key[i] = (uint64_t)(from_front < 0 ? from_front + axes->shape[axis] : from_front);
  }
  if (!status) status = sort_list(axes, axis, key, index, error);
  zarrc_free(axes->ctx, key);
  return status;
}

zarrc_status zarrc_axes_list(zarrc_axes *axes, bool moved, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (int i = 0; i < axes->ndim && !status; i++)
    if (axes->listed[i])
      status = axes->selection->pick[i].kind == ZARRC_PICK_MASK ? list_mask(axes, i, error)
                                                                : list_axis(axes, i, moved, error);
  return status;
}

void zarrc_axes_close(zarrc_axes *axes) {
  for (int i = 0; i < axes->ndim; i++) {
    if (axes->owns_index[i]) zarrc_free(axes->ctx, (void *)(uintptr_t)axes->lists[i].index);
    if (axes->owns_at[i]) zarrc_free(axes->ctx, (void *)(uintptr_t)axes->lists[i].at);
  }
  memset(axes, 0, sizeof *axes);
}

/* ------------------------------------------------------------------------------------------------------- views */

zarrc_view zarrc_view_spread(const zarrc_view *element, int ndim, const int64_t *shape) {
  zarrc_view view = *element;
  view.ndim = ndim;
  for (int i = 0; i < ndim; i++) {
    view.shape[i] = shape[i];
    view.stride[i] = 0;
  }
  return view;
}

zarrc_view zarrc_axes_view(const zarrc_axes *axes, const zarrc_view *view) {
  zarrc_view all = *view;
  int k = 0;
  all.ndim = axes->ndim;
  for (int i = 0; i < all.ndim; i++) {
    all.shape[i] = axes->dropped[i] ? 1 : view->shape[k];
    all.stride[i] = axes->dropped[i] ? 0 : view->stride[k];
    k += !axes->dropped[i];
  }
  return all;
}

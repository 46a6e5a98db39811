/* SPDX-License-Identifier: MIT */
#include "array/select.h"

#include "base/order.h"

#include <inttypes.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------------- lines */

/* Indices in the order in which they are taken, until they are found not to step evenly. */
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

static zarrc_status outside(int axis, int64_t index, int64_t length, const char *what, zarrc_error *error) {
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: there is no %s %" PRId64 " (there are %" PRId64 ")", axis,
                    what, index, length);
}

/* start, start + step, ... below stop, as Python takes a slice. */
static zarrc_status pick_slice(const zarrc_pick *p, int axis, int64_t length, int64_t *start, int64_t *count,
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

static zarrc_status pick_list(const zarrc_pick *p, int axis, int64_t length, zarrc_axes *out, zarrc_error *error) {
  steps s = {0};
  if (p->n > 0 && !p->list) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: no list is given", axis);
  if (p->n > UINT32_MAX)
    return zarrc_fail(error, ZARRC_LIMIT, "axis %d: a list of %zu indices, at most 2^32-1 are possible", axis, p->n);
  for (size_t i = 0; i < p->n; i++) {
    int64_t index;
    if (!zarrc_index_wrap(p->list[i], length, &index)) return outside(axis, p->list[i], length, "index", error);
    steps_add(&s, index);
  }
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
    status = pick_slice(p, axis, length, &start, &count, error);
    if (!status) take_line(out, axis, start, count, p->step);
    return status;
  case ZARRC_PICK_INDEX:
    if (!zarrc_index_wrap(p->start, length, &start)) return outside(axis, p->start, length, "index", error);
    take_line(out, axis, start, 1, 1);
    out->dropped[axis] = true;
    return ZARRC_OK;
  case ZARRC_PICK_LIST:
    return pick_list(p, axis, length, out, error);
  case ZARRC_PICK_MASK:
    return pick_mask(p, axis, length, out, error);
  }
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: there is no kind of pick %d", axis, (int)p->kind);
}

/* The elements of chunks. */
static zarrc_status open_blocks(const zarrc_pick *p, int axis, const zarrc_metadata *m, zarrc_axes *out,
                                zarrc_error *error) {
  int64_t length = zarrc_grid_nchunks(&m->grid, axis, m->shape[axis]), start = 0, count = length;
  zarrc_status status = ZARRC_OK;
  if (p->kind == ZARRC_PICK_INDEX) {
    count = 1;
    if (!zarrc_index_wrap(p->start, length, &start)) status = outside(axis, p->start, length, "chunk", error);
  } else if (p->kind == ZARRC_PICK_SLICE && p->step == 1) {
    status = pick_slice(p, axis, length, &start, &count, error);
  } else if (p->kind != ZARRC_PICK_ALL) {
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT,
                        "axis %d: chunks are selected by an index or by a slice whose step is 1", axis);
  }
  if (status) return status;
  int64_t first = count ? zarrc_grid_first(&m->grid, axis, start) : 0, end = m->shape[axis];
  if (count == 0)
    end = 0;
  else if (start + count < length)
    end = zarrc_grid_first(&m->grid, axis, start + count);
  take_line(out, axis, first, end - first, 1);
  return ZARRC_OK;
}

zarrc_status zarrc_axes_open(const zarrc_metadata *m, const zarrc_selection *selection, zarrc_axes *out,
                             zarrc_error *error) {
  memset(out, 0, sizeof *out);
  out->selection = selection;
  out->m = m;
  for (int i = 0; i < ZARRC_MAX_NDIM; i++) {
    const zarrc_pick *p = &selection->pick[i];
    zarrc_status status = ZARRC_OK;
    if (i >= m->ndim && p->kind != ZARRC_PICK_ALL)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: the array has %d axes", i, m->ndim);
    if (i < m->ndim)
      status = selection->kind == ZARRC_SELECT_BLOCKS ? open_blocks(p, i, m, out, error)
                                                      : open_axis(p, i, m->shape[i], out, error);
    if (status) return status;
  }
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------------- lists */

static zarrc_status no_memory(const zarrc_axes *axes, int axis, zarrc_error *error) {
  return zarrc_fail(error, ZARRC_NO_MEMORY, "axis %d: no memory for a list of %" PRId64 " indices", axis,
                    axes->region.count[axis]);
}

/* Puts the indices of a list in order. Each is below the length of the axis. */
static zarrc_status sort_list(zarrc_axes *axes, int axis, const uint64_t *key, int64_t *index, zarrc_error *error) {
  uint32_t n = axes->lists[axis].n;
  zarrc_ctx *ctx = axes->m->ctx;
  uint32_t *order = zarrc_items_alloc(ctx, n, sizeof *order), *spare = zarrc_items_alloc(ctx, n, sizeof *spare);
  axes->lists[axis].at = order;
  if (!order || !spare) {
    zarrc_free(ctx, spare);
    return no_memory(axes, axis, error);
  }
  for (uint32_t i = 0; i < n; i++) order[i] = i;
  zarrc_order_by_key(order, n, key, spare);
  for (uint32_t i = 0; i < n; i++) index[i] = (int64_t)key[order[i]];
  zarrc_free(ctx, spare);
  return ZARRC_OK;
}

static zarrc_status list_axis(zarrc_axes *axes, int axis, zarrc_error *error) {
  const zarrc_pick *p = &axes->selection->pick[axis];
  int64_t length = axes->m->shape[axis];
  uint32_t n = (uint32_t)axes->region.count[axis];
  zarrc_ctx *ctx = axes->m->ctx;
  int64_t *index = zarrc_items_alloc(ctx, n, sizeof *index);
  uint64_t *key;
  bool ascends = true;
  axes->lists[axis] = (zarrc_list){.index = index, .n = n};
  if (!index) return no_memory(axes, axis, error);
  if (p->kind == ZARRC_PICK_MASK) {
    for (int64_t i = 0, k = 0; i < length && k < n; i++)
      if (p->mask[i]) index[k++] = i;
    return ZARRC_OK;
  }
  for (uint32_t i = 0; i < n; i++) {
    zarrc_index_wrap(p->list[i], length, &index[i]);
    if (i > 0 && index[i] < index[i - 1]) ascends = false;
  }
  if (ascends) return ZARRC_OK;
  key = zarrc_items_alloc(ctx, n, sizeof *key);
  if (!key) return no_memory(axes, axis, error);
  for (uint32_t i = 0; i < n; i++) key[i] = (uint64_t)index[i];
  zarrc_status status = sort_list(axes, axis, key, index, error);
  zarrc_free(ctx, key);
  return status;
}

zarrc_status zarrc_axes_list(zarrc_axes *axes, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (int i = 0; i < axes->m->ndim && !status; i++)
    if (axes->listed[i]) status = list_axis(axes, i, error);
  return status;
}

void zarrc_axes_close(zarrc_axes *axes) {
  for (int i = 0; axes->m && i < axes->m->ndim; i++) {
    zarrc_free(axes->m->ctx, (void *)(uintptr_t)axes->lists[i].index);
    zarrc_free(axes->m->ctx, (void *)(uintptr_t)axes->lists[i].at);
  }
  memset(axes, 0, sizeof *axes);
}

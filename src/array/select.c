/* SPDX-License-Identifier: MIT */
#include "array/select.h"

#include "base/sized.h"

#include <string.h>

/* Converts a pick of chunks to one of elements. */
static zarrc_status open_blocks(const zarrc_pick *p, int axis, const zarrc_metadata *m, zarrc_pick *out,
                                zarrc_error *error) {
  int64_t length = zarrc_grid_nchunks(&m->grid, axis, m->shape[axis]), start = 0, count = length;
  zarrc_status status = ZARRC_OK;
  if (p->kind == ZARRC_PICK_INDEX) {
    count = 1;
    status = zarrc_index_resolve(p->start, axis, length, "chunk", &start, error);
  } else if (p->kind == ZARRC_PICK_SLICE && p->step == 1) {
    status = zarrc_slice_resolve(p, axis, length, &start, &count, error);
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
  *out = zarrc_pick_slice(first, end, 1);
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------- any kind of selection */

typedef struct selecting {
  bool by_points;
  zarrc_selection elements; /* a selection of blocks, converted to elements */
  zarrc_axes axes;
  zarrc_points points;
  int ndim; /* of the result */
  int64_t shape[ZARRC_MAX_NDIM];
  bool may_be_longer[ZARRC_MAX_NDIM]; /* the caller's memory may be longer than shape */
} selecting;

static zarrc_status selecting_open_axes(const zarrc_metadata *m, const zarrc_selection *selection, selecting *out,
                                        zarrc_error *error) {
  zarrc_status status = zarrc_axes_open(m->ctx, selection, m->ndim, m->shape, &out->axes, error);
  for (int i = 0; i < m->ndim && !status; i++) {
    int64_t room = out->axes.room[i];
    if (out->axes.dropped[i]) continue;
    out->may_be_longer[out->ndim] = room > 0;
    out->shape[out->ndim++] = room ? room : out->axes.region.count[i];
  }
  return status;
}

static zarrc_status selecting_open_blocks(const zarrc_metadata *m, const zarrc_selection *selection, selecting *out,
                                          zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (int i = 0; i < ZARRC_MAX_NDIM && !status; i++) {
    if (i < m->ndim)
      status = open_blocks(&selection->pick[i], i, m, &out->elements.pick[i], error);
    else
      out->elements.pick[i] = selection->pick[i];
  }
  return status ? status : selecting_open_axes(m, &out->elements, out, error);
}

static zarrc_status selecting_open_points(const zarrc_metadata *m, const zarrc_selection *selection, selecting *out,
                                          zarrc_error *error) {
  zarrc_status status = zarrc_points_open(m, selection, &out->points, error);
  out->by_points = true;
  out->ndim = 1;
  int64_t room = status ? 0 : zarrc_points_room(selection, out->points.n);
  out->may_be_longer[0] = room > 0;
  out->shape[0] = room ? room : out->points.n;
  return status;
}

static zarrc_status selecting_open(const zarrc_metadata *m, const zarrc_selection *selection, selecting *out,
                                   zarrc_error *error) {
  memset(out, 0, sizeof *out);
  zarrc_status status = ZARRC_CHECK_ROOM(selection, "selection", error);
  if (status) return status;
  switch (selection->kind) {
  case ZARRC_SELECT_AXES:
    return selecting_open_axes(m, selection, out, error);
  case ZARRC_SELECT_BLOCKS:
    return selecting_open_blocks(m, selection, out, error);
  case ZARRC_SELECT_POINTS:
  case ZARRC_SELECT_MASK:
    return selecting_open_points(m, selection, out, error);
  }
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "there is no kind of selection %d", (int)selection->kind);
}

static void selecting_close(selecting *s) {
  zarrc_axes_close(&s->axes);
  zarrc_points_close(&s->points);
}

zarrc_status zarrc_array_selection_shape(zarrc_array *array, const zarrc_selection *selection, int *ndim,
                                         int64_t *shape, zarrc_error *error) {
  selecting s;
  zarrc_status status =
      selecting_open((const zarrc_metadata *)zarrc_editions_enter(&array->editions), selection, &s, error);
  if (!status) {
    *ndim = s.ndim;
    memcpy(shape, s.shape, (size_t)s.ndim * sizeof *shape);
  }
  selecting_close(&s);
  zarrc_editions_leave(&array->editions);
  return status;
}

/* -------------------------------------------------------------------------------------------------------- transfer */

static zarrc_status transfer_chunks(selecting *s, const zarrc_transfer *t, zarrc_view *view, zarrc_error *error) {
  zarrc_status status;
  if (s->by_points) {
    status = zarrc_points_list(&s->points, error);
    return status ? status : zarrc_transfer_points(t, &s->points, error);
  }
  *view = zarrc_axes_view(&s->axes, view);
  status = zarrc_axes_list(&s->axes, false, error);
  if (status) return status;
  return zarrc_transfer_region(t, &s->axes.region, s->axes.any_listed ? s->axes.lists : NULL, error);
}

static zarrc_status transfer(selecting *s, zarrc_transfer *t, zarrc_error *error) {
  zarrc_view view = t->write && t->view->ndim == 0 ? zarrc_view_spread(t->view, s->ndim, s->shape) : *t->view;
  zarrc_status status;
  t->view = &view;
  for (int i = 0; i < s->ndim && view.ndim == s->ndim; i++)
    if (s->may_be_longer[i] && view.shape[i] > s->shape[i]) s->shape[i] = view.shape[i];
  status = zarrc_transfer_begin(t, s->ndim, s->shape, "selection", error);
  return status ? status : zarrc_transfer_end(t, transfer_chunks(s, t, &view, error), error);
}

static zarrc_status run(zarrc_array *array, const zarrc_selection *selection, const zarrc_view *view, bool write,
                        zarrc_error *error) {
  const zarrc_metadata *m = (const zarrc_metadata *)zarrc_editions_enter(&array->editions);
  atomic_bool missing = false;
  zarrc_transfer t = {.array = array, .store = array->store, .m = m, .view = view, .write = write, .missing = &missing};
  selecting s;
  zarrc_status status = selecting_open(m, selection, &s, error);
  if (!status) status = transfer(&s, &t, error);
  selecting_close(&s);
  zarrc_editions_leave(&array->editions);
  return status;
}

zarrc_status zarrc_array_read_selection(zarrc_array *array, const zarrc_selection *selection, const zarrc_view *to,
                                        zarrc_error *error) {
  return run(array, selection, to, false, error);
}

zarrc_status zarrc_array_write_selection(zarrc_array *array, const zarrc_selection *selection, const zarrc_view *from,
                                         zarrc_error *error) {
  return run(array, selection, from, true, error);
}

/* SPDX-License-Identifier: MIT */
#include "array/select.h"

#include <string.h>

zarrc_pick zarrc_pick_slice(int64_t start, int64_t stop, int64_t step) {
  return (zarrc_pick){.kind = ZARRC_PICK_SLICE, .start = start, .stop = stop, .step = step};
}

zarrc_pick zarrc_pick_index(int64_t index) {
  return (zarrc_pick){.kind = ZARRC_PICK_INDEX, .start = index};
}

zarrc_pick zarrc_pick_list(const int64_t *list, size_t n) {
  return (zarrc_pick){.kind = ZARRC_PICK_LIST, .list = list, .n = n};
}

zarrc_pick zarrc_pick_mask(const uint8_t *mask, size_t n) {
  return (zarrc_pick){.kind = ZARRC_PICK_MASK, .mask = mask, .n = n};
}

/* ------------------------------------------------------------------------------------------- any kind of selection */

typedef struct selecting {
  bool by_points;
  zarrc_axes axes;
  zarrc_points points;
  int ndim; /* of the result */
  int64_t shape[ZARRC_MAX_NDIM];
} selecting;

static zarrc_status selecting_open(const zarrc_metadata *m, const zarrc_selection *selection, selecting *out,
                                   zarrc_error *error) {
  zarrc_status status;
  memset(out, 0, sizeof *out);
  switch (selection->kind) {
  case ZARRC_SELECT_AXES:
  case ZARRC_SELECT_BLOCKS:
    status = zarrc_axes_open(m, selection, &out->axes, error);
    for (int i = 0; i < m->ndim && !status; i++)
      if (!out->axes.dropped[i]) out->shape[out->ndim++] = out->axes.region.count[i];
    return status;
  case ZARRC_SELECT_POINTS:
  case ZARRC_SELECT_MASK:
    status = zarrc_points_open(m, selection, &out->points, error);
    out->by_points = true;
    out->ndim = 1;
    out->shape[0] = out->points.n;
    return status;
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
      selecting_open((const zarrc_metadata *)zarrc_latest_enter(&array->latest), selection, &s, error);
  if (!status) {
    *ndim = s.ndim;
    memcpy(shape, s.shape, (size_t)s.ndim * sizeof *shape);
  }
  selecting_close(&s);
  zarrc_latest_leave(&array->latest);
  return status;
}

/* -------------------------------------------------------------------------------------------------------- transfer */

/* One element that is seen everywhere. */
static zarrc_view spread(const zarrc_view *element, int ndim, const int64_t *shape) {
  zarrc_view view = *element;
  view.ndim = ndim;
  for (int i = 0; i < ndim; i++) {
    view.shape[i] = shape[i];
    view.stride[i] = 0;
  }
  return view;
}

/* The view with the axes that the result does not have. */
static zarrc_view with_all_axes(const zarrc_view *view, const zarrc_axes *axes) {
  zarrc_view all = *view;
  int k = 0;
  all.ndim = axes->m->ndim;
  for (int i = 0; i < all.ndim; i++) {
    all.shape[i] = axes->dropped[i] ? 1 : view->shape[k];
    all.stride[i] = axes->dropped[i] ? 0 : view->stride[k];
    k += !axes->dropped[i];
  }
  return all;
}

static zarrc_status transfer(selecting *s, zarrc_transfer *t, zarrc_error *error) {
  zarrc_view view = t->write && t->view->ndim == 0 ? spread(t->view, s->ndim, s->shape) : *t->view;
  zarrc_status status;
  t->view = &view;
  status = zarrc_transfer_check(t, s->ndim, s->shape, "selection", error);
  if (status) return status;
  if (s->by_points) {
    status = zarrc_points_list(&s->points, error);
    return status ? status : zarrc_transfer_points(t, &s->points, error);
  }
  view = with_all_axes(&view, &s->axes);
  status = zarrc_axes_list(&s->axes, error);
  if (status) return status;
  return zarrc_transfer_region(t, &s->axes.region, s->axes.any_listed ? s->axes.lists : NULL, error);
}

static zarrc_status run(zarrc_array *array, const zarrc_selection *selection, const zarrc_view *view, bool write,
                        zarrc_error *error) {
  const zarrc_metadata *m = (const zarrc_metadata *)zarrc_latest_enter(&array->latest);
  zarrc_transfer t = {.array = array, .m = m, .view = view, .write = write};
  selecting s;
  zarrc_status status = selecting_open(m, selection, &s, error);
  if (!status) status = transfer(&s, &t, error);
  selecting_close(&s);
  zarrc_latest_leave(&array->latest);
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

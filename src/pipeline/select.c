/* SPDX-License-Identifier: MIT */
#include "pipeline/select.h"

#include "base/sized.h"

#include <inttypes.h>

static zarrc_status check_view(const zarrc_spec *spec, const zarrc_view *view, bool write, zarrc_error *error) {
  if (!zarrc_dtype_equal(&view->dtype, &spec->dtype))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the memory has another data type than the chunk");
  if (!write && !view->arena && zarrc_dtype_is_variable(&spec->dtype))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "reading elements of variable length needs an arena for them");
  return ZARRC_OK;
}

static zarrc_status check_rank(const zarrc_view *view, int ndim, zarrc_error *error) {
  if (view->ndim == ndim) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "memory of %d dimensions, the selection has %d", view->ndim, ndim);
}

/* room: least length of the axis; 0: it must be n. */
static zarrc_status check_axis(int axis, int64_t length, int64_t n, int64_t room, zarrc_error *error) {
  if (room ? length >= room : length == n) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT,
                    "axis %d: memory for %" PRId64 " elements, the selection has %" PRId64, axis, length,
                    room ? room : n);
}

/* ------------------------------------------------------------------------------------------------------- kinds */

static zarrc_status axes_pick(zarrc_picking *p, const zarrc_axes *axes, zarrc_error *error) {
  for (int i = 0; i < axes->ndim; i++)
    if (axes->region.count[i] == 0) return ZARRC_OK;
  if (axes->any_listed) return zarrc_pick_lists(p, &axes->region, axes->lists, error);
  if (!p->write) return zarrc_picking_read(p, &axes->region, p->view, error);
  return zarrc_write(p->pipeline, p->blob, &axes->region, &(zarrc_values){.view = p->view}, p->fresh, error);
}

static zarrc_status pick_axes(zarrc_picking *p, const zarrc_selection *selection, zarrc_error *error) {
  const zarrc_spec *spec = &p->pipeline->specs[0];
  zarrc_axes axes;
  zarrc_view view = *p->view;
  int64_t shape[ZARRC_MAX_NDIM];
  int ndim = 0;
  zarrc_status status = zarrc_axes_open(p->pipeline->ctx, selection, spec->ndim, spec->shape, &axes, error);
  if (status) return status;
  for (int i = 0; i < spec->ndim; i++)
    if (!axes.dropped[i]) shape[ndim++] = axes.room[i] ? axes.room[i] : axes.region.count[i];
  if (p->write && view.ndim == 0) view = zarrc_view_spread(&view, ndim, shape);
  status = check_rank(&view, ndim, error);
  for (int i = 0, k = 0; i < spec->ndim && !status; i++) {
    if (axes.dropped[i]) continue;
    status = check_axis(k, view.shape[k], axes.region.count[i], axes.room[i], error);
    k++;
  }
  if (!status) status = zarrc_axes_list(&axes, true, error);
  if (!status) {
    view = zarrc_axes_view(&axes, &view);
    p->view = &view;
    status = axes_pick(p, &axes, error);
  }
  zarrc_axes_close(&axes);
  return status;
}

static zarrc_status pick_points(zarrc_picking *p, const zarrc_selection *selection, zarrc_error *error) {
  const zarrc_spec *spec = &p->pipeline->specs[0];
  zarrc_view view = *p->view;
  uint32_t n;
  zarrc_status status = zarrc_points_count(selection, spec->ndim, spec->shape, &n, error);
  if (status) return status;
  int64_t room = zarrc_points_room(selection, n);
  if (p->write && view.ndim == 0) view = zarrc_view_spread(&view, 1, &(int64_t){room ? room : n});
  status = check_rank(&view, 1, error);
  if (!status) status = check_axis(0, view.shape[0], n, room, error);
  if (status || n == 0) return status;
  p->view = &view;
  return zarrc_pick_points(p, selection, n, error);
}

static zarrc_status pick(zarrc_picking *p, const zarrc_selection *selection, zarrc_error *error) {
  zarrc_status status = ZARRC_CHECK_ROOM(selection, "selection", error);
  if (!status) status = check_view(&p->pipeline->specs[0], p->view, p->write, error);
  if (status) return status;
  switch (selection->kind) {
  case ZARRC_SELECT_AXES:
    return pick_axes(p, selection, error);
  case ZARRC_SELECT_POINTS:
  case ZARRC_SELECT_MASK:
    return pick_points(p, selection, error);
  case ZARRC_SELECT_BLOCKS:
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "blocks are selected of arrays only");
  }
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "there is no kind of selection %d", (int)selection->kind);
}

/* Finds nested shards, as long as sharding_indexed is the only codec of a chain. */
static void find_levels(zarrc_picking *p) {
  const zarrc_pipeline *pipeline = p->pipeline;
  while (pipeline->ncodecs == 1 && p->nlevels < ZARRC_MAX_NESTING &&
         (pipeline = zarrc_shard_inner(pipeline->codecs[0])))
    p->level[p->nlevels++] = pipeline->specs[0].shape;
}

zarrc_status zarrc_read_selection(const zarrc_pipeline *pipeline, zarrc_blob *from, const zarrc_selection *selection,
                                  const zarrc_view *to, bool *missing, zarrc_error *error) {
  zarrc_picking p = {.pipeline = pipeline, .blob = from, .view = to};
  atomic_init(&p.missing, false);
  atomic_init(&p.pending, false);
  find_levels(&p);
  zarrc_status status = pick(&p, selection, error);
  if (!status && atomic_load(&p.pending)) status = zarrc_fail(error, ZARRC_PENDING, "not fetched yet");
  if (missing) *missing = atomic_load(&p.missing);
  return status;
}

zarrc_status zarrc_write_selection(const zarrc_pipeline *pipeline, zarrc_blob *to, const zarrc_selection *selection,
                                   const zarrc_view *from, bool fresh, zarrc_error *error) {
  zarrc_picking p = {.pipeline = pipeline, .blob = to, .view = from, .write = true, .fresh = fresh};
  find_levels(&p);
  return pick(&p, selection, error);
}

/* SPDX-License-Identifier: MIT */
#include "array/selection.h"

#include <zarrc/array.h>

#include "base/checked.h"

#include <string.h>

/* One axis of a region. */
typedef struct line {
  int64_t start, count, step;
} line;

static line line_of(const zarrc_region *region, int axis) {
  return (line){region->start[axis], region->count[axis], region->step[axis]};
}

/* Number of elements of the line that lie in front of x. */
static int64_t count_before(line l, int64_t x) {
  if (x <= l.start) return 0;
  int64_t n = (x - 1 - l.start) / l.step + 1;
  return n < l.count ? n : l.count;
}

/* Index behind the last element that a chunk could hold. */
static int64_t chunk_end(const zarrc_grid *grid, int axis, int64_t chunk) {
  int64_t end;
  return zarrc_add_i64(zarrc_grid_first(grid, axis, chunk), zarrc_grid_edge(grid, axis, chunk), &end) ? end : INT64_MAX;
}

/* Number of elements of the line in a chunk, and the first of them. */
static int64_t count_in_chunk(const zarrc_grid *grid, int axis, line l, int64_t chunk, int64_t *first) {
  *first = count_before(l, zarrc_grid_first(grid, axis, chunk));
  return count_before(l, chunk_end(grid, axis, chunk)) - *first;
}

static bool steps_over_chunks(const zarrc_grid *grid, int axis, int64_t step, int64_t lo, int64_t hi) {
  if (step == 1) return false;
  for (int64_t c = lo; c <= hi; c++)
    if (zarrc_grid_edge(grid, axis, c) < step) return true;
  return false;
}

static zarrc_status list_chunks(zarrc_ctx *ctx, const zarrc_grid *grid, int axis, line l, int64_t hi,
                                zarrc_selection_axis *out, zarrc_error *error) {
  int64_t n = 0, first;
  for (int64_t c = out->lo; c <= hi; c++) n += count_in_chunk(grid, axis, l, c, &first) > 0;
  out->list = zarrc_malloc(ctx, (size_t)n * sizeof *out->list);
  if (!out->list) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a list of %lld chunks", (long long)n);
  out->n = 0;
  for (int64_t c = out->lo; c <= hi; c++)
    if (count_in_chunk(grid, axis, l, c, &first) > 0) out->list[out->n++] = c;
  return ZARRC_OK;
}

static zarrc_status plan_axis(zarrc_ctx *ctx, const zarrc_grid *grid, int axis, line l, zarrc_selection_axis *out,
                              zarrc_error *error) {
  int64_t hi = zarrc_grid_find(grid, axis, l.start + (l.count - 1) * l.step);
  bool listed = grid->axes && grid->axes[axis].nedges > 0;
  out->lo = zarrc_grid_find(grid, axis, l.start);
  out->n = hi - out->lo + 1;
  if (!listed && l.step > grid->chunk_shape[axis]) {
    out->one_each = true;
    out->n = l.count;
  } else if (listed && steps_over_chunks(grid, axis, l.step, out->lo, hi)) {
    return list_chunks(ctx, grid, axis, l, hi, out, error);
  }
  return ZARRC_OK;
}

void zarrc_selection_close(zarrc_selection *selection) {
  for (int i = 0; selection->grid && i < selection->grid->ndim; i++)
    zarrc_free(selection->ctx, selection->axis[i].list);
  memset(selection, 0, sizeof *selection);
}

zarrc_status zarrc_selection_open(zarrc_ctx *ctx, const zarrc_grid *grid, const int64_t *shape,
                                  const zarrc_region *region, zarrc_selection *out, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  size_t n = 1;
  memset(out, 0, sizeof *out);
  out->ctx = ctx;
  out->grid = grid;
  out->shape = shape;
  out->region = *region;
  for (int i = 0; i < grid->ndim; i++)
    if (region->count[i] == 0) return ZARRC_OK;
  for (int i = 0; i < grid->ndim && !status; i++) {
    status = plan_axis(ctx, grid, i, line_of(region, i), &out->axis[i], error);
    if (!status && ((uint64_t)out->axis[i].n > SIZE_MAX || !zarrc_mul_size(n, (size_t)out->axis[i].n, &n)))
      status = zarrc_fail(error, ZARRC_LIMIT, "the region touches more than 2^64-1 chunks");
  }
  if (status)
    zarrc_selection_close(out);
  else
    out->nchunks = n;
  return status;
}

static int64_t touched_chunk(const zarrc_selection *selection, int axis, int64_t i) {
  const zarrc_selection_axis *a = &selection->axis[axis];
  if (a->list) return a->list[i];
  if (!a->one_each) return a->lo + i;
  return zarrc_grid_find(selection->grid, axis, selection->region.start[axis] + i * selection->region.step[axis]);
}

void zarrc_selection_at(const zarrc_selection *selection, size_t i, zarrc_selected *out) {
  const zarrc_grid *grid = selection->grid;
  out->complete = true;
  for (int k = grid->ndim - 1; k >= 0; k--) {
    size_t n = (size_t)selection->axis[k].n;
    int64_t chunk = touched_chunk(selection, k, (int64_t)(i % n)), begin = zarrc_grid_first(grid, k, chunk);
    int64_t end = chunk_end(grid, k, chunk), inside;
    line l = line_of(&selection->region, k);
    i /= n;
    if (end > selection->shape[k]) end = selection->shape[k];
    inside = end - begin;
    out->chunk[k] = chunk;
    out->view.count[k] = out->part.count[k] = count_in_chunk(grid, k, l, chunk, &out->view.start[k]);
    out->view.step[k] = 1;
    out->part.start[k] = l.start + out->view.start[k] * l.step - begin;
    out->part.step[k] = out->part.count[k] > 1 ? l.step : 1;
    if (out->part.count[k] != inside) out->complete = false;
  }
}

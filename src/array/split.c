/* SPDX-License-Identifier: MIT */
#include "array/split.h"

#include <zarrc/array.h>

#include "base/checked.h"

#include <string.h>

/* A region on one axis. */
typedef struct line {
  int64_t start, count, step;
} line;

static line line_of(const zarrc_region *region, int axis) {
  return (line){region->start[axis], region->count[axis], region->step[axis]};
}

/* Returns the number of elements of the line before x. */
static int64_t count_before(line l, int64_t x) {
  if (x <= l.start) return 0;
  int64_t n = x - 1 - l.start;
  n = (l.step == 1 ? n : n / l.step) + 1; /* a division takes as long as all the rest */
  return n < l.count ? n : l.count;
}

/* Returns the index after the last element that a chunk could have. */
static int64_t chunk_end(const zarrc_grid *grid, int axis, int64_t chunk) {
  int64_t end;
  return zarrc_add_i64(zarrc_grid_first(grid, axis, chunk), zarrc_grid_edge(grid, axis, chunk), &end) ? end : INT64_MAX;
}

/* Returns the number of elements of the line in a chunk, and gets the first of them. */
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

/* Allocates n items, whose size may exceed any memory; NULL: there is none. */
static void *numbers_take(zarrc_ctx *ctx, int64_t n, size_t each) {
  size_t nbytes;
  bool fits = (uint64_t)n <= SIZE_MAX && zarrc_mul_size((size_t)n, each, &nbytes);
  return fits ? zarrc_malloc(ctx, nbytes) : NULL;
}

static zarrc_status list_chunks(zarrc_ctx *ctx, const zarrc_grid *grid, int axis, line l, int64_t hi,
                                zarrc_split_axis *out, zarrc_error *error) {
  int64_t n = 0, first;
  for (int64_t c = out->lo; c <= hi; c++) n += count_in_chunk(grid, axis, l, c, &first) > 0;
  out->list = numbers_take(ctx, n, sizeof *out->list);
  if (!out->list) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a list of %lld chunks", (long long)n);
  out->n = 0;
  for (int64_t c = out->lo; c <= hi; c++)
    if (count_in_chunk(grid, axis, l, c, &first) > 0) out->list[out->n++] = c;
  return ZARRC_OK;
}

/* Lists the chunks that contain elements of a list. */
static zarrc_status list_chunks_of(zarrc_ctx *ctx, const zarrc_grid *grid, int axis, const zarrc_list *elements,
                                   zarrc_split_axis *out, zarrc_error *error) {
  int64_t n = 0, end = 0;
  for (uint32_t i = 0; i < elements->n; i++) {
    if (n > 0 && elements->index[i] < end) continue;
    end = chunk_end(grid, axis, zarrc_grid_find(grid, axis, elements->index[i]));
    n++;
  }
  out->list = numbers_take(ctx, n, sizeof *out->list);
  out->first = numbers_take(ctx, n + 1, sizeof *out->first);
  if (!out->list || !out->first)
    return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a list of %lld chunks", (long long)n);
  for (uint32_t i = 0; i < elements->n; i++) {
    if (out->n > 0 && elements->index[i] < end) continue;
    out->list[out->n] = zarrc_grid_find(grid, axis, elements->index[i]);
    end = chunk_end(grid, axis, out->list[out->n]);
    out->first[out->n++] = i;
  }
  out->first[out->n] = elements->n;
  return ZARRC_OK;
}

static zarrc_status plan_axis(zarrc_ctx *ctx, const zarrc_grid *grid, int axis, line l, zarrc_split_axis *out,
                              zarrc_error *error) {
  bool listed = grid->axes && grid->axes[axis].nedges > 0;
  out->lo = zarrc_grid_find(grid, axis, l.start);
  int64_t hi = l.count == 1 ? out->lo : zarrc_grid_find(grid, axis, l.start + (l.count - 1) * l.step);
  out->n = hi - out->lo + 1;
  if (!listed && l.step > grid->chunk_shape[axis]) {
    out->one_each = true;
    out->n = l.count;
  } else if (listed && steps_over_chunks(grid, axis, l.step, out->lo, hi)) {
    return list_chunks(ctx, grid, axis, l, hi, out, error);
  }
  return ZARRC_OK;
}

void zarrc_split_close(zarrc_split *split) {
  for (int i = 0; split->grid && i < split->grid->ndim; i++) {
    zarrc_free(split->ctx, split->axis[i].list);
    zarrc_free(split->ctx, split->axis[i].first);
  }
  split->grid = NULL;
}

zarrc_status zarrc_split_open(zarrc_ctx *ctx, const zarrc_grid *grid, const int64_t *shape, const zarrc_region *region,
                              const zarrc_list *lists, zarrc_split *out, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  size_t n = 1;
  out->ctx = ctx;
  out->grid = grid;
  out->shape = shape;
  for (int i = 0; i < grid->ndim; i++) {
    out->region.start[i] = region->start[i];
    out->region.count[i] = region->count[i];
    out->region.step[i] = region->step[i];
  }
  out->lists = lists;
  out->nchunks = 0;
  memset(out->axis, 0, (size_t)grid->ndim * sizeof *out->axis);
  for (int i = 0; i < grid->ndim; i++)
    if (region->count[i] == 0) return ZARRC_OK;
  for (int i = 0; i < grid->ndim && !status; i++) {
    status = lists && lists[i].index ? list_chunks_of(ctx, grid, i, &lists[i], &out->axis[i], error)
                                     : plan_axis(ctx, grid, i, line_of(region, i), &out->axis[i], error);
    if (!status && ((uint64_t)out->axis[i].n > SIZE_MAX || !zarrc_mul_size(n, (size_t)out->axis[i].n, &n)))
      status = zarrc_fail(error, ZARRC_LIMIT, "the region touches more than 2^64-1 chunks");
  }
  if (status)
    zarrc_split_close(out);
  else
    out->nchunks = n;
  return status;
}

static int64_t touched_chunk(const zarrc_split *split, int axis, int64_t i) {
  const zarrc_split_axis *a = &split->axis[axis];
  if (a->list) return a->list[i];
  if (!a->one_each) return a->lo + i;
  return zarrc_grid_find(split->grid, axis, split->region.start[axis] + i * split->region.step[axis]);
}

void zarrc_split_at(const zarrc_split *split, size_t i, zarrc_chunk_part *out) {
  const zarrc_grid *grid = split->grid;
  out->complete = true;
  for (int k = grid->ndim - 1; k >= 0; k--) {
    size_t n = (size_t)split->axis[k].n, at = n > 1 ? i % n : 0;
    int64_t chunk = touched_chunk(split, k, (int64_t)at), begin = zarrc_grid_first(grid, k, chunk);
    int64_t end = chunk_end(grid, k, chunk);
    line l = line_of(&split->region, k);
    if (n > 1) i /= n;
    if (end > split->shape[k]) end = split->shape[k];
    out->inside[k] = end - begin;
    out->chunk[k] = chunk;
    out->part.step[k] = out->view.step[k] = 1;
    if (split->axis[k].first) {
      const int64_t *first = split->axis[k].first + at, *index = split->lists[k].index;
      out->view.start[k] = first[0];
      out->view.count[k] = first[1] - first[0];
      out->part.start[k] = index[first[0]] - begin;
      out->part.count[k] = index[first[1] - 1] - index[first[0]] + 1;
      out->complete = false;
      continue;
    }
    out->view.count[k] = out->part.count[k] = count_in_chunk(grid, k, l, chunk, &out->view.start[k]);
    out->part.start[k] = l.start + out->view.start[k] * l.step - begin;
    if (out->part.count[k] > 1) out->part.step[k] = l.step;
    if (out->part.count[k] != out->inside[k]) out->complete = false;
  }
}

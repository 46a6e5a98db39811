/* SPDX-License-Identifier: MIT */
#include "array/select.h"

#include <string.h>

/* The points of one chunk: lo to hi - 1 in their order. */
typedef struct job {
  zarrc_visit *visit;
  const zarrc_points *points;
  zarrc_boxing boxing;
  uint32_t lo, hi;
  const uint32_t *cells; /* reads: first point of each cell with points, and hi */
} job;

static uint64_t place_of(const job *j, uint32_t i) {
  return j->points->within[j->points->order[i]];
}

static void at_of(const job *j, uint32_t i, int64_t *at) {
  zarrc_points_at(j->points->m, j->visit->shape, place_of(j, i), at);
}

static void *memory_of(const job *j, uint32_t i) {
  const zarrc_view *view = j->visit->transfer->view;
  return (uint8_t *)view->data + (int64_t)j->points->order[i] * view->stride[0];
}

/* Whether a point lies in a part of the chunk whose steps are 1, and where. */
static bool lies_in(const job *j, uint32_t i, const zarrc_region *part, int64_t *at) {
  at_of(j, i, at);
  for (int k = 0; k < j->points->m->ndim; k++) {
    at[k] -= part->start[k];
    if (at[k] < 0 || at[k] >= part->count[k]) return false;
  }
  return true;
}

/* Copies those of points lo to hi - 1 that lie in a part of the chunk between a view of the part and the caller's
 * memory. */
static zarrc_status exchange(const job *j, uint32_t lo, uint32_t hi, const zarrc_region *part, const zarrc_view *box,
                             zarrc_error *error) {
  const zarrc_transfer *t = j->visit->transfer;
  zarrc_view in_box = {.dtype = box->dtype}, in_memory = {.dtype = t->view->dtype};
  zarrc_status status = ZARRC_OK;
  for (uint32_t i = lo; i < hi && !status; i++) {
    int64_t at[ZARRC_MAX_NDIM], offset = 0;
    if (!lies_in(j, i, part, at)) continue;
    for (int k = 0; k < box->ndim; k++) offset += at[k] * box->stride[k];
    in_box.data = (uint8_t *)box->data + offset;
    in_memory.data = memory_of(j, i);
    status = t->write ? zarrc_take_elements(&in_box, &in_memory, NULL, error)
                      : zarrc_take_elements(&in_memory, &in_box, t->view->arena, error);
  }
  return status;
}

/* --------------------------------------------------------------------------------------------------------- boxes */

/* Sets box to `old` (NULL: nothing) and one more element. */
static void box_grow(const job *j, const zarrc_region *old, const int64_t *at, zarrc_region *box) {
  for (int k = 0; k < j->points->m->ndim; k++) {
    int64_t start = old ? old->start[k] : at[k], end = old ? start + old->count[k] : at[k] + 1;
    if (at[k] < start) start = at[k];
    if (at[k] >= end) end = at[k] + 1;
    box->start[k] = start;
    box->count[k] = end - start;
    box->step[k] = 1;
  }
}

/* Bytes from the first to the last element of a box where they are stored, and of its elements. */
static uint64_t box_span(const job *j, const zarrc_region *box, uint64_t *nbytes) {
  uint64_t stride = j->points->m->dtype.item_size, span = stride; /* no more than the chunk has */
  *nbytes = stride;
  for (int k = j->points->m->ndim - 1; k >= 0; k--) {
    span += (uint64_t)(box->count[k] - 1) * stride;
    stride *= (uint64_t)j->visit->shape[k];
    *nbytes *= (uint64_t)box->count[k];
  }
  return span;
}

/* The box around all of points lo to hi - 1. */
static void box_around(const job *j, uint32_t lo, uint32_t hi, zarrc_region *box) {
  int64_t at[ZARRC_MAX_NDIM];
  for (uint32_t i = lo; i < hi; i++) {
    at_of(j, i, at);
    box_grow(j, i == lo ? NULL : box, at, box);
  }
}

/* The box around points lo to *end - 1: those behind are too far away, or would make it too large. */
static void box_near(const job *j, uint32_t lo, uint32_t hi, zarrc_region *box, uint32_t *end) {
  uint64_t item = j->points->m->dtype.item_size, span = item, larger_span, nbytes;
  zarrc_region boxes[2], *now = &boxes[0], *larger = &boxes[1], *was;
  int64_t at[ZARRC_MAX_NDIM];
  at_of(j, lo, at);
  box_grow(j, NULL, at, now);
  for (*end = lo + 1; *end < hi; ++*end) {
    at_of(j, *end, at);
    box_grow(j, now, at, larger);
    larger_span = box_span(j, larger, &nbytes);
    if (larger_span > span && (larger_span - span - item > j->boxing.gap || nbytes > j->boxing.max)) break;
    span = larger_span;
    was = now;
    now = larger;
    larger = was;
  }
  *box = *now;
}

/* ------------------------------------------------------------------------------------------------------- reading */

static zarrc_status read_box(const job *j, uint32_t lo, uint32_t hi, const zarrc_region *region, zarrc_error *error) {
  const zarrc_view *view = j->visit->transfer->view;
  zarrc_box box;
  if (hi - lo == 1) {
    zarrc_view to = {.data = memory_of(j, lo), .dtype = view->dtype, .ndim = j->points->m->ndim, .arena = view->arena};
    for (int k = 0; k < to.ndim; k++) {
      to.shape[k] = 1;
      to.stride[k] = to.dtype.item_size;
    }
    return zarrc_visit_read(j->visit, region, &to, error);
  }
  zarrc_status status = zarrc_box_read(j->visit, region, &box, error);
  if (status) return status;
  status = exchange(j, lo, hi, region, &box.view, error);
  zarrc_box_release(&box);
  return status;
}

static zarrc_status read_cell(void *arg, size_t i, zarrc_error *error) {
  const job *j = arg;
  zarrc_status status = ZARRC_OK;
  zarrc_region box;
  for (uint32_t at = j->cells[i], end; at < j->cells[i + 1] && !status; at = end) {
    end = j->cells[i + 1];
    if (j->boxing.whole || j->boxing.cells)
      box_around(j, at, end, &box);
    else
      box_near(j, at, end, &box, &end);
    status = read_box(j, at, end, &box, error);
  }
  return status;
}

static zarrc_status read_other_cell(void *arg, size_t i, zarrc_error *error) {
  return read_cell(arg, i + 1, error);
}

static zarrc_status read_points(job *j, zarrc_error *error) {
  zarrc_ctx *ctx = j->points->m->ctx;
  uint64_t cell_nitems = 0;
  zarrc_bytes memory = {0};
  size_t n = 0;
  if (j->boxing.cells) {
    cell_nitems = 1;
    for (int k = 0; k < j->points->m->ndim; k++) cell_nitems *= (uint64_t)j->boxing.cell[k];
  }
  zarrc_status status = zarrc_scratch_take(ctx, ((size_t)(j->hi - j->lo) + 1) * sizeof *j->cells, &memory, error);
  if (status) return status;
  uint32_t *cells = (uint32_t *)(void *)memory.ptr;
  for (uint32_t i = j->lo; i < j->hi; i++)
    if (i == j->lo || (cell_nitems && place_of(j, i) / cell_nitems != place_of(j, i - 1) / cell_nitems)) cells[n++] = i;
  cells[n] = j->hi;
  j->cells = cells;
  status = read_cell(j, 0, error); /* once a blob has been read from, it may be in parallel */
  if (!status && !atomic_load(&j->visit->missing))
    status = zarrc_for_each(ctx, n - 1, read_other_cell, j, error);
  else
    for (size_t i = 1; !status && i < n; i++) status = read_cell(j, i, error);
  zarrc_bytes_release(&memory);
  return status;
}

/* ------------------------------------------------------------------------------------------------------- writing */

/* The first point that is not placed before `place`. */
static uint32_t first_from(const job *j, uint64_t place) {
  uint32_t lo = j->lo, hi = j->hi;
  while (lo < hi) {
    uint32_t middle = lo + (hi - lo) / 2;
    if (place_of(j, middle) < place)
      lo = middle + 1;
    else
      hi = middle;
  }
  return lo;
}

/* The points placed from the first to the last element of a part: all that lie in it are among them, and no others
 * where the part is of the chunk, or of an inner chunk of one of the known levels. */
static void points_near(const job *j, const zarrc_region *part, uint32_t *lo, uint32_t *hi) {
  int64_t last[ZARRC_MAX_NDIM];
  for (int k = 0; k < j->points->m->ndim; k++) last[k] = part->start[k] + part->count[k] - 1;
  *lo = first_from(j, zarrc_points_place(j->points->m, j->visit->shape, part->start));
  *hi = first_from(j, zarrc_points_place(j->points->m, j->visit->shape, last) + 1);
}

static bool points_touch(void *arg, const zarrc_region *part) {
  const job *j = arg;
  int64_t at[ZARRC_MAX_NDIM];
  uint32_t lo, hi;
  points_near(j, part, &lo, &hi);
  while (lo < hi && !lies_in(j, lo, part, at)) lo++;
  return lo < hi;
}

static zarrc_status points_apply(void *arg, const zarrc_region *part, const zarrc_view *view, zarrc_error *error) {
  uint32_t lo, hi;
  points_near(arg, part, &lo, &hi);
  return exchange(arg, lo, hi, part, view, error);
}

/* -------------------------------------------------------------------------------------------------------- chunks */

static zarrc_status visit_points(void *arg, zarrc_visit *visit, zarrc_error *error) {
  job *j = arg;
  zarrc_region box;
  j->visit = visit;
  j->boxing = zarrc_visit_boxing(visit);
  if (!visit->transfer->write) return read_points(j, error);
  box_around(j, j->lo, j->hi, &box);
  const zarrc_change change = {.touches = points_touch, .apply = points_apply, .arg = j};
  return zarrc_modify(visit->pipeline, visit->blob, &box, &change, error);
}

typedef struct transfer {
  const zarrc_transfer *t;
  const zarrc_points *points;
} transfer;

static zarrc_status do_chunk(void *arg, size_t i, zarrc_error *error) {
  const transfer *all = arg;
  const zarrc_points *p = all->points;
  job j = {.points = p, .lo = p->first[i], .hi = p->first[i + 1]};
  int64_t chunk[ZARRC_MAX_NDIM];
  zarrc_points_chunk(p, p->chunk[p->order[j.lo]], chunk);
  return zarrc_transfer_visit(all->t, chunk, visit_points, &j, error);
}

zarrc_status zarrc_transfer_points(const zarrc_transfer *t, const zarrc_points *points, zarrc_error *error) {
  transfer all = {t, points};
  return zarrc_for_each(t->array->ctx, points->nchunks, do_chunk, &all, error);
}

/* SPDX-License-Identifier: MIT */
#include "pipeline/select.h"

#include "base/sort.h"

#include <inttypes.h>

#include <string.h>
#include <zarrc/plugin/blob.h>

/* A far shard that decodes to so many bytes is read as a whole if points lie in all of its inner chunks. */
#define ONE_BOX_NBYTES ((size_t)64 << 20)

/* The points in the order of their places in the chunk: by inner chunks, then in C order; points at the same element in
 * the order of the selection. */
typedef struct job {
  zarrc_picking *picking;
  zarrc_boxing boxing;
  const uint32_t *at; /* of the selection */
  uint32_t n;
  uint64_t *place; /* of each point, in the order of the selection */
  uint32_t *order;
  const uint32_t *cells; /* reads: the first point of each cell that has any; then n */
} job;

/* ------------------------------------------------------------------------------------------- places in a chunk */

/* Returns the place of an element. Monotonic: if a ≤ b in every coordinate then place(a) ≤ place(b). */
static uint64_t place_at(const zarrc_picking *p, const int64_t *at) {
  const zarrc_spec *spec = &p->pipeline->specs[0];
  const int64_t *outer = spec->shape;
  int64_t rest[ZARRC_MAX_NDIM];
  uint64_t place = 0;
  for (int i = 0; i < spec->ndim; i++) rest[i] = at[i];
  for (int level = 0; level < p->nlevels; outer = p->level[level++])
    for (int i = 0; i < spec->ndim; i++) {
      int64_t cell = p->level[level][i];
      place = place * (uint64_t)(outer[i] / cell) + (uint64_t)(rest[i] / cell);
      rest[i] %= cell;
    }
  for (int i = 0; i < spec->ndim; i++) place = place * (uint64_t)outer[i] + (uint64_t)rest[i];
  return place;
}

/* Gets the coordinates of the element at a place. */
static void coordinates_of(const zarrc_picking *p, uint64_t place, int64_t *at) {
  const zarrc_spec *spec = &p->pipeline->specs[0];
  const int64_t *shape = p->nlevels ? p->level[p->nlevels - 1] : spec->shape;
  for (int i = spec->ndim - 1; i >= 0; i--) {
    at[i] = (int64_t)(place % (uint64_t)shape[i]);
    place /= (uint64_t)shape[i];
  }
  for (int level = p->nlevels - 1; level >= 0; level--) {
    const int64_t *cell = p->level[level], *outer = level ? p->level[level - 1] : spec->shape;
    for (int i = spec->ndim - 1; i >= 0; i--) {
      uint64_t n = (uint64_t)(outer[i] / cell[i]);
      at[i] += (int64_t)(place % n) * cell[i];
      place /= n;
    }
  }
}

static int ndim_of(const job *j) {
  return j->picking->pipeline->specs[0].ndim;
}

static uint64_t item_nbytes(const job *j) {
  return j->picking->pipeline->specs[0].dtype.item_size;
}

static uint64_t place_of(const job *j, uint32_t i) {
  return j->place[j->order[i]];
}

static void at_of(const job *j, uint32_t i, int64_t *at) {
  coordinates_of(j->picking, place_of(j, i), at);
}

static void *memory_of(const job *j, uint32_t i) {
  const zarrc_view *view = j->picking->view;
  uint32_t point = j->order[i];
  return (uint8_t *)view->data + (int64_t)(j->at ? j->at[point] : point) * view->stride[0];
}

/* Returns whether a point is in a part of the chunk (with steps of 1), and gets its coordinates there. */
static bool lies_in(const job *j, uint32_t i, const zarrc_region *part, int64_t *at) {
  at_of(j, i, at);
  for (int k = 0; k < ndim_of(j); k++) {
    at[k] -= part->start[k];
    if (at[k] < 0 || at[k] >= part->count[k]) return false;
  }
  return true;
}

/* Copies those of points lo to hi - 1 that are in a part of the chunk between a view of the part and the caller's
 * memory. */
static zarrc_status exchange(const job *j, uint32_t lo, uint32_t hi, const zarrc_region *part, const zarrc_view *box,
                             zarrc_error *error) {
  const zarrc_picking *t = j->picking;
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

/* Extends a box (NULL: an empty one) by an element. */
static void grow_box(const job *j, const zarrc_region *old, const int64_t *at, zarrc_region *box) {
  for (int k = 0; k < ndim_of(j); k++) {
    int64_t start = old ? old->start[k] : at[k], end = old ? start + old->count[k] : at[k] + 1;
    if (at[k] < start) start = at[k];
    if (at[k] >= end) end = at[k] + 1;
    box->start[k] = start;
    box->count[k] = end - start;
    box->step[k] = 1;
  }
}

/* Returns the bytes from the first to the last element of a box where they are stored, and gets the bytes of the
 * box. */
static uint64_t box_span(const job *j, const zarrc_region *box, uint64_t *nbytes) {
  uint64_t stride = item_nbytes(j), span = stride; /* cannot overflow: it is at most the chunk */
  *nbytes = stride;
  for (int k = ndim_of(j) - 1; k >= 0; k--) {
    span += (uint64_t)(box->count[k] - 1) * stride;
    stride *= (uint64_t)j->picking->pipeline->specs[0].shape[k];
    *nbytes *= (uint64_t)box->count[k];
  }
  return span;
}

/* Gets the box that contains points lo to hi - 1. */
static void box_around(const job *j, uint32_t lo, uint32_t hi, zarrc_region *box) {
  int64_t at[ZARRC_MAX_NDIM];
  for (uint32_t i = lo; i < hi; i++) {
    at_of(j, i, at);
    grow_box(j, i == lo ? NULL : box, at, box);
  }
}

/* Gets a box that contains points lo to *end - 1: later ones are too far away, or would make it too large. */
static void box_near(const job *j, uint32_t lo, uint32_t hi, zarrc_region *box, uint32_t *end) {
  uint64_t item = item_nbytes(j), span = item, larger_span, nbytes;
  zarrc_region boxes[2], *now = &boxes[0], *larger = &boxes[1], *was;
  int64_t at[ZARRC_MAX_NDIM];
  at_of(j, lo, at);
  grow_box(j, NULL, at, now);
  for (*end = lo + 1; *end < hi; ++*end) {
    at_of(j, *end, at);
    grow_box(j, now, at, larger);
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
  const zarrc_view *view = j->picking->view;
  zarrc_box box;
  if (hi - lo == 1) {
    zarrc_view to = {.data = memory_of(j, lo), .dtype = view->dtype, .ndim = ndim_of(j), .arena = view->arena};
    for (int k = 0; k < to.ndim; k++) {
      to.shape[k] = 1;
      to.stride[k] = to.dtype.item_size;
    }
    return zarrc_picking_read(j->picking, region, &to, error);
  }
  zarrc_status status = zarrc_box_read(j->picking, region, &box, error);
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
    if (j->boxing.whole || j->boxing.cell)
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

/* Returns whether points lie in all inner chunks of a far shard. Read as one box, the shard is fetched as a whole, in
 * one request, where its index would be fetched first. */
static bool is_one_box(const job *j) {
  const zarrc_spec *spec = &j->picking->pipeline->specs[0];
  size_t nbytes;
  uint64_t ncells = 1, nitems = 1, ntouched = 1;
  if (j->picking->nlevels == 0 || !zarrc_blob_get_traits(j->picking->blob).deferred) return false;
  if (zarrc_spec_nbytes(j->picking->pipeline->ctx, spec, &nbytes, NULL) || nbytes > ONE_BOX_NBYTES) return false;
  for (int k = 0; k < spec->ndim; k++) {
    ncells *= (uint64_t)(spec->shape[k] / j->picking->level[0][k]);
    nitems *= (uint64_t)j->picking->level[0][k];
  }
  for (uint32_t i = 1; i < j->n; i++) ntouched += place_of(j, i) / nitems != place_of(j, i - 1) / nitems;
  return ntouched == ncells;
}

static zarrc_status read_points(job *j, zarrc_error *error) {
  zarrc_ctx *ctx = j->picking->pipeline->ctx;
  uint64_t cell_nitems = 0;
  zarrc_bytes memory = {0};
  size_t n = 0;
  if (j->boxing.cell) {
    cell_nitems = 1;
    for (int k = 0; k < ndim_of(j); k++) cell_nitems *= (uint64_t)j->boxing.cell[k];
  }
  uint64_t nbytes = ((uint64_t)j->n + 1) * sizeof *j->cells;
  if (nbytes > SIZE_MAX) return zarrc_fail(error, ZARRC_LIMIT, "%u points are too many", (unsigned)j->n);
  zarrc_status status = zarrc_scratch_take(ctx, (size_t)nbytes, &memory, error);
  if (status) return status;
  uint32_t *cells = (uint32_t *)(void *)memory.ptr;
  for (uint32_t i = 0; i < j->n; i++)
    if (i == 0 || (cell_nitems && place_of(j, i) / cell_nitems != place_of(j, i - 1) / cell_nitems)) cells[n++] = i;
  if (is_one_box(j)) n = 1;
  cells[n] = j->n;
  j->cells = cells;
  /* Read one cell first: after one successful read a blob may be used from several threads. */
  status = read_cell(j, 0, error);
  if (!status && !atomic_load(&j->picking->missing))
    status = zarrc_for_each(ctx, n - 1, read_other_cell, j, error);
  else
    for (size_t i = 1; !status && i < n; i++) status = read_cell(j, i, error);
  zarrc_bytes_release(&memory);
  return status;
}

/* ------------------------------------------------------------------------------------------------------- writing */

/* Returns the first point whose place is at least `place`. */
static uint32_t first_from(const job *j, uint64_t place) {
  uint32_t lo = 0, hi = j->n;
  while (lo < hi) {
    uint32_t middle = lo + (hi - lo) / 2;
    if (place_of(j, middle) < place)
      lo = middle + 1;
    else
      hi = middle;
  }
  return lo;
}

/* Finds the points placed between the first and the last element of a part. They include all points in the part, and no
 * others if the part is of the chunk or of an inner chunk of a known level. */
static void points_near(const job *j, const zarrc_region *part, uint32_t *lo, uint32_t *hi) {
  int64_t last[ZARRC_MAX_NDIM];
  for (int k = 0; k < ndim_of(j); k++) last[k] = part->start[k] + part->count[k] - 1;
  *lo = first_from(j, place_at(j->picking, part->start));
  *hi = first_from(j, place_at(j->picking, last) + 1);
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

/* ------------------------------------------------------------------------------------------------------ listing */

static zarrc_status no_memory(const job *j, zarrc_error *error) {
  return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for %" PRIu32 " points", j->n);
}

static zarrc_status sort_points(job *j, zarrc_error *error) {
  bool in_order = true;
  for (uint32_t i = 0; i < j->n; i++) j->order[i] = i;
  for (uint32_t i = 1; i < j->n && in_order; i++) in_order = j->place[i - 1] <= j->place[i];
  if (in_order) return ZARRC_OK;
  zarrc_ctx *ctx = j->picking->pipeline->ctx;
  uint32_t *spare = zarrc_items_alloc(ctx, j->n, sizeof *spare);
  if (!spare) return no_memory(j, error);
  zarrc_sort_by_key(j->order, j->n, j->place, spare);
  zarrc_free(ctx, spare);
  return ZARRC_OK;
}

static zarrc_status list_points(job *j, const zarrc_selection *selection, zarrc_error *error) {
  const zarrc_spec *spec = &j->picking->pipeline->specs[0];
  j->place = zarrc_items_alloc(j->picking->pipeline->ctx, j->n, sizeof *j->place);
  j->order = zarrc_items_alloc(j->picking->pipeline->ctx, j->n, sizeof *j->order);
  if (!j->place || !j->order) return no_memory(j, error);
  zarrc_point_walk walk = zarrc_point_walk_of(selection, spec->ndim, spec->shape);
  for (uint32_t i = 0; i < j->n; i++) j->place[i] = place_at(j->picking, zarrc_point_walk_next(&walk));
  return sort_points(j, error);
}

static zarrc_status points_change(job *j, zarrc_error *error) {
  zarrc_region box;
  box_around(j, 0, j->n, &box);
  const zarrc_values values = {.touches = points_touch, .apply = points_apply, .arg = j};
  return zarrc_write(j->picking->pipeline, j->picking->blob, &box, &values, j->picking->fresh, error);
}

zarrc_status zarrc_pick_points(zarrc_picking *picking, const zarrc_selection *selection, uint32_t n,
                               zarrc_error *error) {
  job j = {.picking = picking, .boxing = zarrc_picking_boxing(picking), .n = n};
  if (selection->kind == ZARRC_SELECT_POINTS) j.at = selection->at;
  zarrc_status status = list_points(&j, selection, error);
  if (!status) status = picking->write ? points_change(&j, error) : read_points(&j, error);
  zarrc_free(picking->pipeline->ctx, j.place);
  zarrc_free(picking->pipeline->ctx, j.order);
  return status;
}

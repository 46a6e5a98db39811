/* SPDX-License-Identifier: MIT */
#include "array/select.h"

#include "array/grid.h"
#include "base/sort.h"

#include <inttypes.h>
#include <string.h>

void zarrc_points_chunk(const zarrc_points *points, uint64_t number, int64_t *chunk) {
  const zarrc_metadata *m = points->m;
  for (int i = m->ndim - 1; i >= 0; i--) {
    uint64_t n = (uint64_t)zarrc_grid_nchunks(&m->grid, i, m->shape[i]);
    chunk[i] = (int64_t)(number % n);
    number /= n;
  }
}

zarrc_status zarrc_points_open(const zarrc_metadata *m, const zarrc_selection *selection, zarrc_points *out,
                               zarrc_error *error) {
  memset(out, 0, sizeof *out);
  zarrc_status status = zarrc_points_count(selection, m->ndim, m->shape, &out->n, error);
  if (status) return status;
  out->selection = selection;
  out->m = m;
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------------- listing */

static void points_set(zarrc_points *p) {
  const zarrc_metadata *m = p->m;
  int64_t nchunks[ZARRC_MAX_NDIM];
  zarrc_grid_shape(&m->grid, m->shape, nchunks);
  zarrc_point_walk walk = zarrc_point_walk_of(p->selection, m->ndim, m->shape);
  for (uint32_t i = 0; i < p->n; i++) {
    const int64_t *at = zarrc_point_walk_next(&walk);
    uint64_t number = 0, within = 0;
    for (int k = 0; k < m->ndim; k++) {
      int64_t chunk = zarrc_grid_find(&m->grid, k, at[k]);
      number = number * (uint64_t)nchunks[k] + (uint64_t)chunk;
      within = within * (uint64_t)zarrc_grid_edge(&m->grid, k, chunk) +
               (uint64_t)(at[k] - zarrc_grid_first(&m->grid, k, chunk));
    }
    p->chunk[i] = number;
    p->within[i] = within;
  }
}

static bool in_order(const zarrc_points *p) {
  for (uint32_t i = 1; i < p->n; i++)
    if (p->chunk[i] < p->chunk[i - 1]) return false;
  return true;
}

static zarrc_status no_memory(const zarrc_points *p, zarrc_error *error) {
  return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for %" PRIu32 " points", p->n);
}

static zarrc_status points_sort(zarrc_points *p, zarrc_error *error) {
  for (uint32_t i = 0; i < p->n; i++) p->order[i] = i;
  if (in_order(p)) return ZARRC_OK;
  uint32_t *spare = zarrc_items_alloc(p->m->ctx, p->n, sizeof *spare);
  if (!spare) return no_memory(p, error);
  zarrc_sort_by_key(p->order, p->n, p->chunk, spare);
  zarrc_free(p->m->ctx, spare);
  return ZARRC_OK;
}

static bool begins_chunk(const zarrc_points *p, uint32_t i) {
  return i == 0 || p->chunk[p->order[i]] != p->chunk[p->order[i - 1]];
}

static zarrc_status points_group(zarrc_points *p, zarrc_error *error) {
  size_t n = 0;
  for (uint32_t i = 0; i < p->n; i++) n += begins_chunk(p, i);
  p->first = zarrc_items_alloc(p->m->ctx, n + 1, sizeof *p->first);
  if (!p->first) return no_memory(p, error);
  for (uint32_t i = 0; i < p->n; i++)
    if (begins_chunk(p, i)) p->first[p->nchunks++] = i;
  p->first[n] = p->n;
  return ZARRC_OK;
}

zarrc_status zarrc_points_list(zarrc_points *p, zarrc_error *error) {
  const zarrc_metadata *m = p->m;
  uint64_t nchunks = 1;
  for (int i = 0; i < m->ndim && p->n; i++)
    if (!zarrc_mul_u64(nchunks, (uint64_t)zarrc_grid_nchunks(&m->grid, i, m->shape[i]), &nchunks))
      return zarrc_fail(error, ZARRC_LIMIT, "points of an array of more than 2^64-1 chunks");
  p->chunk = zarrc_items_alloc(m->ctx, p->n, sizeof *p->chunk);
  p->within = zarrc_items_alloc(m->ctx, p->n, sizeof *p->within);
  p->order = zarrc_items_alloc(m->ctx, p->n, sizeof *p->order);
  if (!p->chunk || !p->within || !p->order) return no_memory(p, error);
  points_set(p);
  zarrc_status status = points_sort(p, error);
  return status ? status : points_group(p, error);
}

void zarrc_points_close(zarrc_points *p) {
  if (!p->m) return;
  zarrc_free(p->m->ctx, p->chunk);
  zarrc_free(p->m->ctx, p->within);
  zarrc_free(p->m->ctx, p->order);
  zarrc_free(p->m->ctx, p->first);
  memset(p, 0, sizeof *p);
}

/* -------------------------------------------------------------------------------------------------------- chunks */

typedef struct transfer {
  const zarrc_transfer *t;
  const zarrc_points *points;
  size_t i; /* number of the touched chunk */
} transfer;

/* Gets the coordinates in the chunk of n points: all on the first axis, then all on the second, ... */
static void coordinates_set(const zarrc_points *p, const int64_t *shape, const uint32_t *numbers, uint32_t n,
                            int64_t *out) {
  for (uint32_t i = 0; i < n; i++) {
    uint64_t within = p->within[numbers[i]];
    for (int k = p->m->ndim - 1; k >= 0; k--) {
      out[(size_t)k * n + i] = (int64_t)(within % (uint64_t)shape[k]);
      within /= (uint64_t)shape[k];
    }
  }
}

static zarrc_status visit_points(void *arg, zarrc_visit *visit, zarrc_error *error) {
  const transfer *t = arg;
  const zarrc_points *p = t->points;
  zarrc_ctx *ctx = p->m->ctx;
  const uint32_t *numbers = p->order + p->first[t->i], n = p->first[t->i + 1] - p->first[t->i];
  const uint32_t *at = p->selection->kind == ZARRC_SELECT_POINTS ? p->selection->at : NULL;
  zarrc_selection selection = {.kind = ZARRC_SELECT_POINTS, .npoints = n, .at = numbers};
  size_t point_nbytes = (size_t)(p->m->ndim ? p->m->ndim : 1) * sizeof(int64_t);
  int64_t *coordinates = zarrc_items_alloc(ctx, n, point_nbytes);
  uint32_t *moved = at ? zarrc_items_alloc(ctx, n, sizeof *moved) : NULL;
  zarrc_status status = ZARRC_OK;
  if (!coordinates || (at && !moved)) status = no_memory(p, error);
  if (!status) {
    coordinates_set(p, visit->shape, numbers, n, coordinates);
    for (int k = 0; k < p->m->ndim; k++) selection.coordinate[k] = coordinates + (size_t)k * n;
    for (uint32_t i = 0; at && i < n; i++) moved[i] = at[numbers[i]];
    if (at) selection.at = moved;
    status = zarrc_visit_select(visit, &selection, visit->transfer->view, error);
  }
  zarrc_free(ctx, coordinates);
  zarrc_free(ctx, moved);
  return status;
}

static zarrc_status do_chunk(void *arg, zarrc_store *from, size_t i, zarrc_error *error) {
  transfer one = *(const transfer *)arg;
  int64_t chunk[ZARRC_MAX_NDIM];
  one.i = i;
  zarrc_points_chunk(one.points, one.points->chunk[one.points->order[one.points->first[i]]], chunk);
  return zarrc_transfer_visit(one.t, from, chunk, visit_points, &one, error);
}

zarrc_status zarrc_transfer_points(const zarrc_transfer *t, const zarrc_points *points, zarrc_error *error) {
  transfer all = {t, points, 0};
  const zarrc_each_options options = {.struct_size = sizeof options, .stores = t->write};
  return zarrc_store_each(t->store, points->nchunks, &options, do_chunk, &all, error);
}

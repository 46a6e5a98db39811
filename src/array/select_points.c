/* SPDX-License-Identifier: MIT */
#include "array/select.h"

#include "array/grid.h"
#include "base/order.h"

#include <inttypes.h>
#include <string.h>

/* ------------------------------------------------------------------------------------- places in a chunk */

uint64_t zarrc_points_place(const zarrc_metadata *m, const int64_t *chunk_shape, const int64_t *at) {
  int64_t rest[ZARRC_MAX_NDIM];
  uint64_t place = 0;
  for (int i = 0; i < m->ndim; i++) rest[i] = at[i];
  for (int level = 0; level < m->nlevels; level++) {
    const int64_t *cell = m->level_shape[level], *outer = level ? m->level_shape[level - 1] : chunk_shape;
    for (int i = 0; i < m->ndim; i++) {
      place = place * (uint64_t)(outer[i] / cell[i]) + (uint64_t)(rest[i] / cell[i]);
      rest[i] %= cell[i];
    }
  }
  const int64_t *shape = m->nlevels ? m->level_shape[m->nlevels - 1] : chunk_shape;
  for (int i = 0; i < m->ndim; i++) place = place * (uint64_t)shape[i] + (uint64_t)rest[i];
  return place;
}

void zarrc_points_at(const zarrc_metadata *m, const int64_t *chunk_shape, uint64_t place, int64_t *at) {
  const int64_t *shape = m->nlevels ? m->level_shape[m->nlevels - 1] : chunk_shape;
  for (int i = m->ndim - 1; i >= 0; i--) {
    at[i] = (int64_t)(place % (uint64_t)shape[i]);
    place /= (uint64_t)shape[i];
  }
  for (int level = m->nlevels - 1; level >= 0; level--) {
    const int64_t *cell = m->level_shape[level], *outer = level ? m->level_shape[level - 1] : chunk_shape;
    for (int i = m->ndim - 1; i >= 0; i--) {
      uint64_t n = (uint64_t)(outer[i] / cell[i]);
      at[i] += (int64_t)(place % n) * cell[i];
      place /= n;
    }
  }
}

void zarrc_points_chunk(const zarrc_points *points, uint64_t number, int64_t *chunk) {
  const zarrc_metadata *m = points->m;
  for (int i = m->ndim - 1; i >= 0; i--) {
    uint64_t n = (uint64_t)zarrc_grid_nchunks(&m->grid, i, m->shape[i]);
    chunk[i] = (int64_t)(number % n);
    number /= n;
  }
}

/* ----------------------------------------------------------------------------------------------------- checking */

static zarrc_status check_count(uint64_t n, zarrc_error *error) {
  if (n <= UINT32_MAX) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_LIMIT, "%" PRIu64 " points, at most 2^32-1 are possible", n);
}

static zarrc_status check_coordinates(const zarrc_metadata *m, const zarrc_selection *s, zarrc_error *error) {
  zarrc_status status = check_count(s->npoints, error);
  for (int k = 0; k < ZARRC_MAX_NDIM && !status; k++) {
    if (k >= m->ndim && s->coordinate[k])
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: the array has %d axes", k, m->ndim);
    if (k >= m->ndim || s->npoints == 0) continue;
    if (!s->coordinate[k])
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: the points have no coordinates", k);
    for (size_t i = 0; i < s->npoints; i++) {
      int64_t index;
      if (!zarrc_index_wrap(s->coordinate[k][i], m->shape[k], &index))
        return zarrc_fail(error, ZARRC_INVALID_ARGUMENT,
                          "axis %d: there is no index %" PRId64 " (there are %" PRId64 "), point %zu", k,
                          s->coordinate[k][i], m->shape[k], i);
    }
  }
  return status;
}

static zarrc_status check_mask(const zarrc_metadata *m, const zarrc_view *mask, zarrc_error *error) {
  if (!mask) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "no mask is given");
  if (mask->dtype.type != ZARRC_BOOL && mask->dtype.type != ZARRC_UINT8)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a mask must be of bool or uint8");
  if (mask->ndim != m->ndim)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a mask of %d dimensions, the array has %d", mask->ndim, m->ndim);
  for (int i = 0; i < m->ndim; i++)
    if (mask->shape[i] != m->shape[i])
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT,
                        "axis %d: a mask of %" PRId64 " elements for a length of %" PRId64, i, mask->shape[i],
                        m->shape[i]);
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------------- walking */

/* The true elements of a mask, in C order. */
typedef struct mask_walk {
  const zarrc_view *mask;
  int64_t at[ZARRC_MAX_NDIM]; /* the last one that was found */
  int64_t row;                /* bytes from the first element of the mask to that of the row */
  int64_t column;             /* on the last axis, of the next element of the row */
  bool ended;
} mask_walk;

static mask_walk mask_walk_of(const zarrc_view *mask) {
  return (mask_walk){.mask = mask, .ended = !mask || zarrc_view_nitems(mask) == 0};
}

static void mask_next_row(mask_walk *w) {
  const zarrc_view *mask = w->mask;
  int i = mask->ndim - 1;
  w->column = 0;
  while (--i >= 0) {
    w->row += mask->stride[i];
    if (++w->at[i] < mask->shape[i]) return;
    w->row -= mask->stride[i] * mask->shape[i];
    w->at[i] = 0;
  }
  w->ended = true;
}

static bool mask_next(mask_walk *w) {
  if (w->ended) return false;
  const uint8_t *data = w->mask->data;
  int last = w->mask->ndim - 1;
  int64_t length = last < 0 ? 1 : w->mask->shape[last], stride = last < 0 ? 0 : w->mask->stride[last];
  for (; !w->ended; mask_next_row(w)) {
    while (w->column < length && !data[w->row + w->column * stride]) w->column++;
    if (w->column == length) continue;
    if (last >= 0) w->at[last] = w->column;
    w->column++;
    return true;
  }
  return false;
}

zarrc_status zarrc_points_open(const zarrc_metadata *m, const zarrc_selection *selection, zarrc_points *out,
                               zarrc_error *error) {
  uint64_t n = 0;
  zarrc_status status;
  memset(out, 0, sizeof *out);
  if (selection->kind == ZARRC_SELECT_POINTS) {
    status = check_coordinates(m, selection, error);
    n = selection->npoints;
  } else {
    status = check_mask(m, selection->mask, error);
    mask_walk w = mask_walk_of(status ? NULL : selection->mask);
    while (mask_next(&w)) n++;
    if (!status) status = check_count(n, error);
  }
  if (status) return status;
  out->selection = selection;
  out->m = m;
  out->n = (uint32_t)n;
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------------- listing */

static void point_set(zarrc_points *p, uint32_t i, const int64_t *nchunks, const int64_t *index) {
  const zarrc_metadata *m = p->m;
  int64_t shape[ZARRC_MAX_NDIM], at[ZARRC_MAX_NDIM];
  uint64_t number = 0;
  for (int k = 0; k < m->ndim; k++) {
    int64_t chunk = zarrc_grid_find(&m->grid, k, index[k]);
    shape[k] = zarrc_grid_edge(&m->grid, k, chunk);
    at[k] = index[k] - zarrc_grid_first(&m->grid, k, chunk);
    number = number * (uint64_t)nchunks[k] + (uint64_t)chunk;
  }
  p->chunk[i] = number;
  p->within[i] = zarrc_points_place(m, shape, at);
}

static void points_set(zarrc_points *p) {
  const zarrc_selection *s = p->selection;
  bool by_mask = s->kind == ZARRC_SELECT_MASK;
  int64_t nchunks[ZARRC_MAX_NDIM];
  zarrc_grid_shape(&p->m->grid, p->m->shape, nchunks);
  mask_walk w = mask_walk_of(by_mask ? s->mask : NULL);
  for (uint32_t i = 0; i < p->n; i++) {
    int64_t index[ZARRC_MAX_NDIM];
    if (by_mask)
      mask_next(&w);
    else
      for (int k = 0; k < p->m->ndim; k++) zarrc_index_wrap(s->coordinate[k][i], p->m->shape[k], &index[k]);
    point_set(p, i, nchunks, by_mask ? w.at : index);
  }
}

static bool in_order(const zarrc_points *p) {
  for (uint32_t i = 1; i < p->n; i++)
    if (p->chunk[i] < p->chunk[i - 1] || (p->chunk[i] == p->chunk[i - 1] && p->within[i] < p->within[i - 1]))
      return false;
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
  zarrc_order_by_key(p->order, p->n, p->within, spare);
  zarrc_order_by_key(p->order, p->n, p->chunk, spare);
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

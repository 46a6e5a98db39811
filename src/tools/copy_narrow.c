/* SPDX-License-Identifier: MIT */
/* Which regions of an array have stored data, and how often source objects are read for them. */
#include "tools/copy.h"

#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

/* The regions that a source object lies in, along each axis. */
typedef struct box {
  int64_t first[ZARRC_MAX_NDIM], count[ZARRC_MAX_NDIM];
} box;

static void regions_of(const zarrc_copy_item *a, uint64_t object, box *out) {
  const zarrc_grid *from = zarrc_array_grid(a->source), *to = zarrc_array_grid(a->model);
  const int64_t *shape = zarrc_array_shape(a->source);
  for (int i = a->from.ndim - 1; i >= 0; i--) {
    int64_t chunk = (int64_t)(object % (uint64_t)a->from.object_grid[i]);
    object /= (uint64_t)a->from.object_grid[i];
    int64_t start = zarrc_grid_first(from, i, chunk), edge = zarrc_grid_edge(from, i, chunk);
    int64_t last = (edge > shape[i] - start ? shape[i] : start + edge) - 1;
    out->first[i] = zarrc_grid_find(to, i, start) / a->cut.m[i];
    out->count[i] = zarrc_grid_find(to, i, last) / a->cut.m[i] - out->first[i] + 1;
  }
}

/* Returns whether a chunk is fetched as a whole whatever is wanted of it, since a codec cannot read parts. */
static bool is_read_whole(const zarrc_copy_item *a) {
  const zarrc_pipeline *pipeline = NULL;
  int64_t first[ZARRC_MAX_NDIM] = {0};
  if (a->as_stored) return true;
  if (a->from.nobjects == 0 || zarrc_array_pipeline(a->source, first, &pipeline, NULL)) return false;
  for (size_t i = 0; i < zarrc_pipeline_ncodecs(pipeline); i++) {
    const zarrc_codec *codec = zarrc_pipeline_codec(pipeline, i);
    zarrc_codec_kind kind = zarrc_codec_get_kind(codec);
    if (kind == ZARRC_BYTES_TO_BYTES && !zarrc_codec_get_class(codec)->u.bb.read) return true;
    if (kind == ZARRC_ARRAY_TO_BYTES && !zarrc_codec_supports_partial_decode(codec)) return true;
  }
  return false;
}

static void count_reads(zarrc_copy_item *a) {
  box b;
  a->reads.n = a->reads.nbytes = 0;
  for (size_t i = 0; i < a->stored.n; i++) {
    regions_of(a, a->stored.items[i].number, &b);
    uint64_t times = zarrc_product(b.count, a->from.ndim);
    a->reads.n = zarrc_plus(a->reads.n, times);
    a->reads.nbytes = zarrc_plus(a->reads.nbytes, zarrc_times(times, a->stored.items[i].nbytes));
  }
}

static void add_regions(const zarrc_copy_item *a, const box *b, uint64_t *list, uint64_t *n) {
  int64_t at[ZARRC_MAX_NDIM] = {0};
  int axis, ndim = a->from.ndim;
  do {
    uint64_t number = 0;
    for (int i = 0; i < ndim; i++) number = number * (uint64_t)a->cut.nregions[i] + (uint64_t)(b->first[i] + at[i]);
    list[(*n)++] = number;
    for (axis = ndim - 1; axis >= 0 && ++at[axis] == b->count[axis]; axis--) at[axis] = 0;
  } while (axis >= 0);
}

static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

/* Sorts the list and removes repeated numbers. */
static void tidy(zarrc_copy_item *a, uint64_t n) {
  qsort(a->todo.list, (size_t)n, sizeof *a->todo.list, by_value);
  a->todo.n = 0;
  for (uint64_t i = 0; i < n; i++)
    if (i == 0 || a->todo.list[i] != a->todo.list[i - 1]) a->todo.list[a->todo.n++] = a->todo.list[i];
}

static void count_objects(zarrc_copy_item *a) {
  zarrc_region region;
  int64_t first[ZARRC_MAX_NDIM], count[ZARRC_MAX_NDIM];
  a->todo.nobjects = 0;
  for (uint64_t i = 0; i < a->todo.n; i++) {
    zarrc_copy_region(a, a->todo.list[i], &region, first, count);
    a->todo.nobjects = zarrc_plus(a->todo.nobjects, zarrc_product(count, a->to.ndim));
  }
}

bool zarrc_copy_is_there(const zarrc_copy_item *a, const int64_t *first, const int64_t *count) {
  int ndim = a->to.ndim, axis;
  int64_t chunk[ZARRC_MAX_NDIM];
  memcpy(chunk, first, (size_t)ndim * sizeof *chunk);
  do {
    uint64_t number = 0;
    for (int i = 0; i < ndim; i++) number = number * (uint64_t)a->to.object_grid[i] + (uint64_t)chunk[i];
    if (zarrc_copy_objects_find(&a->there, number) == NULL) return false;
    for (axis = ndim - 1; axis >= 0 && ++chunk[axis] == first[axis] + count[axis]; axis--) chunk[axis] = first[axis];
  } while (axis >= 0);
  return true;
}

/* Counts the reads of one region. */
static void read_region(zarrc_copy_item *a, const zarrc_region *region) {
  const zarrc_grid *from = zarrc_array_grid(a->source);
  int64_t first[ZARRC_MAX_NDIM], last[ZARRC_MAX_NDIM], at[ZARRC_MAX_NDIM];
  int axis, ndim = a->from.ndim;
  for (int i = 0; i < ndim; i++) {
    first[i] = at[i] = zarrc_grid_find(from, i, region->start[i]);
    last[i] = zarrc_grid_find(from, i, region->start[i] + region->count[i] - 1);
  }
  do {
    uint64_t number = 0;
    for (int i = 0; i < ndim; i++) number = number * (uint64_t)a->from.object_grid[i] + (uint64_t)at[i];
    const zarrc_copy_object *object = zarrc_copy_objects_find(&a->stored, number);
    if (object) {
      a->reads.n++;
      a->reads.nbytes += object->nbytes;
    }
    for (axis = ndim - 1; axis >= 0 && ++at[axis] > last[axis]; axis--) at[axis] = first[axis];
  } while (axis >= 0);
}

void zarrc_copy_leave_out(zarrc_copy_item *a) {
  int64_t first[ZARRC_MAX_NDIM] = {0}, count[ZARRC_MAX_NDIM] = {0};
  zarrc_region region;
  if (!a->stored.known || a->cut.windowed) return;
  a->reads.n = a->reads.nbytes = 0;
  for (uint64_t i = 0; i < a->todo.n; i++) {
    zarrc_copy_region(a, a->todo.list ? a->todo.list[i] : i, &region, first, count);
    if (!zarrc_copy_is_there(a, first, count)) read_region(a, &region);
  }
}

zarrc_status zarrc_copy_narrow(zarrc_copy_item *a, zarrc_ctx *ctx, bool all, zarrc_error *error) {
  a->todo.n = a->cut.total_regions;
  a->todo.nobjects = a->to.nobjects;
  if (!a->stored.known || a->to.nobjects == 0) return ZARRC_OK;
  uint64_t windowed_reads = a->cut.windowed ? a->reads.n : 0;
  count_reads(a);
  uint64_t sum = a->reads.n, n = 0;
  a->reads.known = !a->cut.windowed;
  a->reads.whole = is_read_whole(a);
  if (a->cut.windowed && a->stored.n > 0 && windowed_reads > a->reads.n && a->stored.n * 2 > a->from.nobjects) {
    a->reads.nbytes = zarrc_times(a->reads.nbytes, windowed_reads / (a->reads.n > 0 ? a->reads.n : 1));
    a->reads.n = windowed_reads;
  }
  if (all || sum >= a->cut.total_regions) return ZARRC_OK;
  uint64_t room = zarrc_times(sum > 0 ? sum : 1, sizeof *a->todo.list);
  a->todo.list = room < SIZE_MAX / 2 ? zarrc_malloc(ctx, (size_t)room) : NULL;
  if (!a->todo.list) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
  box b;
  for (size_t i = 0; i < a->stored.n; i++) {
    regions_of(a, a->stored.items[i].number, &b);
    add_regions(a, &b, a->todo.list, &n);
  }
  tidy(a, n);
  count_objects(a);
  return ZARRC_OK;
}

bool zarrc_copy_has_region(const zarrc_copy_item *a, const int64_t *chunk) {
  uint64_t number = 0;
  for (int i = 0; i < a->to.ndim; i++)
    number = number * (uint64_t)a->cut.nregions[i] + (uint64_t)(chunk[i] / a->cut.m[i]);
  return !a->todo.list || (a->todo.n > 0 && bsearch(&number, a->todo.list, (size_t)a->todo.n, sizeof number, by_value));
}

uint64_t zarrc_copy_memory_wanted(const zarrc_copy_item *a, uint64_t memory, bool check, unsigned threads) {
  for (int i = 0; i < 40; i++) {
    zarrc_copy_item other = *a;
    unsigned t = threads;
    memory = zarrc_times(memory, 2);
    if (memory == UINT64_MAX) return 0;
    other.cut.windowed = false;
    if (zarrc_copy_cut(&other, memory, check, &t, NULL) || other.cut.windowed) continue;
    count_reads(&other);
    if (other.reads.n == other.stored.n) return memory;
  }
  return 0;
}

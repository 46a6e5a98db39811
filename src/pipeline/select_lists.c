/* SPDX-License-Identifier: MIT */
/* All combinations of lists of indices on some axes of a chunk and of a region on the others. */
#include "pipeline/select.h"

#include <string.h>
#include <zarrc/plugin/blob.h>

typedef struct job {
  zarrc_picking *picking;
  zarrc_region part; /* on an axis with a list, from its first to its last element */
  const zarrc_list *lists;
  int ndim, naxes, axis[ZARRC_MAX_NDIM]; /* the axes with a list */
  uint32_t *runs[ZARRC_MAX_NDIM]; /* reads: first entry of each run of entries that are read together, then the end */
  size_t nruns[ZARRC_MAX_NDIM];
} job;

/* A range of entries, [lo, hi), on each axis with a list. */
typedef struct entries {
  uint32_t lo[ZARRC_MAX_NDIM], hi[ZARRC_MAX_NDIM];
} entries;

/* Return the index of an entry in the chunk, and in the caller's view. */
static int64_t in_chunk(const job *j, int axis, uint32_t entry) {
  return j->lists[axis].index[entry] - j->lists[axis].origin;
}
static int64_t in_view(const job *j, int axis, uint32_t entry) {
  return j->lists[axis].at ? j->lists[axis].at[entry] : entry;
}

static void init_job(job *j, zarrc_picking *picking, const zarrc_region *region, const zarrc_list *lists) {
  *j = (job){.picking = picking, .part = *region, .lists = lists, .ndim = picking->view->ndim};
  for (int i = 0; i < j->ndim; i++) {
    if (!lists[i].index) continue;
    j->axis[j->naxes++] = i;
    j->part.start[i] = in_chunk(j, i, 0);
    j->part.count[i] = in_chunk(j, i, lists[i].n - 1) - j->part.start[i] + 1;
    j->part.step[i] = 1;
  }
}

/* ----------------------------------------------------------------------------------------------------- copying */

/* Copies elements between a view of a region of the chunk and the caller's memory, for each combination of entries.
 * Entries with the same index are in the order of the list, so that the last one remains. */
static zarrc_status exchange(const job *j, const entries *e, const zarrc_region *region, const zarrc_view *box,
                             zarrc_error *error) {
  const zarrc_picking *t = j->picking;
  zarrc_view in_box = {.dtype = box->dtype}, in_memory = {.dtype = t->view->dtype};
  uint8_t *box_origin = box->data, *memory_origin = t->view->data;
  uint32_t at[ZARRC_MAX_NDIM];
  int64_t nitems = 1;
  for (int i = 0; i < box->ndim; i++) {
    if (j->lists[i].index) continue;
    int64_t first = (region->start[i] - j->part.start[i]) / j->part.step[i];
    memory_origin += first * t->view->stride[i];
    nitems *= region->count[i];
    if (region->count[i] == 1) continue;
    int k = in_box.ndim++;
    in_memory.ndim = in_box.ndim;
    in_box.shape[k] = in_memory.shape[k] = region->count[i];
    in_box.stride[k] = box->stride[i];
    in_memory.stride[k] = t->view->stride[i];
  }
  for (int n = 0; n < j->naxes; n++) {
    at[n] = e->lo[j->axis[n]];
    nitems *= e->hi[j->axis[n]] - e->lo[j->axis[n]];
  }
  while (nitems > 0) {
    int64_t box_offset = 0, memory_offset = 0;
    for (int n = 0; n < j->naxes; n++) {
      int axis = j->axis[n];
      box_offset += (in_chunk(j, axis, at[n]) - region->start[axis]) * box->stride[axis];
      memory_offset += in_view(j, axis, at[n]) * t->view->stride[axis];
    }
    in_box.data = box_origin + box_offset;
    in_memory.data = memory_origin + memory_offset;
    zarrc_status status = t->write ? zarrc_take_elements(&in_box, &in_memory, NULL, error)
                                   : zarrc_take_elements(&in_memory, &in_box, t->view->arena, error);
    int n = j->naxes;
    while (n-- > 0) {
      if (++at[n] < e->hi[j->axis[n]]) break;
      at[n] = e->lo[j->axis[n]];
    }
    if (status || n < 0) return status;
  }
  return ZARRC_OK;
}

/* ----------------------------------------------------------------------------------------------------- reading */

/* On an axis: bytes between neighboring elements where they are stored, and bytes of a box with one index. */
typedef struct line {
  uint64_t apart, across;
} line;

static line line_of(const job *j, int axis) {
  const zarrc_spec *spec = &j->picking->pipeline->specs[0];
  line l = {spec->dtype.item_size, spec->dtype.item_size};
  for (int i = axis + 1; i < j->ndim; i++) l.apart *= (uint64_t)spec->shape[i]; /* no more than the chunk has */
  for (int i = 0; i < j->ndim; i++)
    if (i != axis) l.across *= (uint64_t)j->part.count[i];
  return l;
}

/* Returns whether entry `next` is read together with the run that begins at `first`: no cell between them is unwanted,
 * and no gap is too wide. */
static bool joins(const zarrc_boxing *b, int axis, int64_t first, int64_t last, int64_t next, line l) {
  int64_t ncells = b->cell ? next / b->cell[axis] - last / b->cell[axis] : 1;
  if (b->whole || next == last || ncells == 0) return true;
  if ((uint64_t)(next - first + 1) > b->max / l.across) return false;
  return b->cell ? ncells == 1 : (uint64_t)(next - last - 1) <= b->gap / l.apart;
}

/* Divides the entries of each list into runs. memory has room for all of them. */
static void cut_runs(job *j, const zarrc_boxing *b, uint32_t *memory) {
  for (int n = 0; n < j->naxes; n++) {
    int axis = j->axis[n];
    uint32_t lo = 0, hi = j->lists[axis].n, first = lo;
    line l = line_of(j, axis);
    j->runs[n] = memory;
    *memory++ = lo;
    for (uint32_t i = lo + 1; i < hi; i++) {
      if (joins(b, axis, in_chunk(j, axis, first), in_chunk(j, axis, i - 1), in_chunk(j, axis, i), l)) continue;
      *memory++ = first = i;
    }
    j->nruns[n] = (size_t)(memory - j->runs[n]);
    *memory++ = hi;
  }
}

/* Returns whether entries have even steps in the chunk and in the caller's view, and gets the steps. */
static bool steps_evenly(const job *j, int axis, uint32_t lo, uint32_t hi, int64_t *chunk_step, int64_t *view_step) {
  *chunk_step = *view_step = 1;
  for (uint32_t i = lo + 1; i < hi; i++) {
    int64_t c = in_chunk(j, axis, i) - in_chunk(j, axis, i - 1), v = in_view(j, axis, i) - in_view(j, axis, i - 1);
    if (i == lo + 1) {
      *chunk_step = c;
      *view_step = v;
    }
    if (c < 1 || c != *chunk_step || v != *view_step) return false;
  }
  return true;
}

static zarrc_status read_run(void *arg, size_t i, zarrc_error *error) {
  const job *j = arg;
  const zarrc_view *view = j->picking->view;
  zarrc_region region = j->part, box_region;
  zarrc_view to = *view;
  entries e;
  bool even = true;
  for (int n = j->naxes - 1; n >= 0; n--) {
    int axis = j->axis[n];
    const uint32_t *run = j->runs[n] + i % j->nruns[n];
    int64_t step;
    i /= j->nruns[n];
    e.lo[axis] = run[0];
    e.hi[axis] = run[1];
    region.start[axis] = in_chunk(j, axis, run[0]);
    region.count[axis] = in_chunk(j, axis, run[1] - 1) - region.start[axis] + 1;
    even = even && steps_evenly(j, axis, run[0], run[1], &region.step[axis], &step);
    if (!even) continue;
    to.data = (uint8_t *)to.data + in_view(j, axis, run[0]) * view->stride[axis];
    to.shape[axis] = run[1] - run[0];
    to.stride[axis] = step * view->stride[axis];
  }
  box_region = region;
  for (int n = 0; n < j->naxes; n++) {
    region.count[j->axis[n]] = to.shape[j->axis[n]];
    box_region.step[j->axis[n]] = 1;
  }
  if (even) return zarrc_picking_read(j->picking, &region, &to, error);
  zarrc_box box;
  zarrc_status status = zarrc_box_read(j->picking, &box_region, &box, error);
  if (status) return status;
  status = exchange(j, &e, &box_region, &box.view, error);
  zarrc_box_release(&box);
  return status;
}

static zarrc_status read_other_run(void *arg, size_t i, zarrc_error *error) {
  return read_run(arg, i + 1, error);
}

static zarrc_status read_lists(job *j, zarrc_error *error) {
  zarrc_ctx *ctx = j->picking->pipeline->ctx;
  zarrc_boxing boxing = zarrc_picking_boxing(j->picking);
  zarrc_bytes memory = {0};
  uint64_t nentries = 0;
  size_t n = 1;
  for (int i = 0; i < j->naxes; i++) nentries += (uint64_t)j->lists[j->axis[i]].n + 1;
  if (nentries > SIZE_MAX / sizeof(uint32_t))
    return zarrc_fail(error, ZARRC_LIMIT, "lists of %llu elements", (unsigned long long)nentries);
  zarrc_status status = zarrc_scratch_take(ctx, (size_t)nentries * sizeof(uint32_t), &memory, error);
  if (status) return status;
  cut_runs(j, &boxing, (uint32_t *)(void *)memory.ptr);
  for (int i = 0; i < j->naxes; i++) n *= j->nruns[i]; /* cannot overflow: each has elements of its own */
  /* Read one run first: after one successful read a blob may be used from several threads. */
  status = read_run(j, 0, error);
  if (!status && !atomic_load(&j->picking->missing))
    status = zarrc_for_each(ctx, n - 1, read_other_run, j, error);
  else
    for (size_t i = 1; !status && i < n; i++) status = read_run(j, i, error);
  zarrc_bytes_release(&memory);
  return status;
}

/* ----------------------------------------------------------------------------------------------------- writing */

/* Returns the first entry on an axis whose index in the chunk is at least x. */
static uint32_t first_from(const job *j, int axis, int64_t x) {
  uint32_t lo = 0, hi = j->lists[axis].n;
  while (lo < hi) {
    uint32_t middle = lo + (hi - lo) / 2;
    if (in_chunk(j, axis, middle) < x)
      lo = middle + 1;
    else
      hi = middle;
  }
  return lo;
}

/* Gets the entries in a part of the chunk; false: there are none on some axis. */
static bool entries_in(const job *j, const zarrc_region *part, entries *e) {
  for (int n = 0; n < j->naxes; n++) {
    int axis = j->axis[n];
    e->lo[axis] = first_from(j, axis, part->start[axis]);
    e->hi[axis] = first_from(j, axis, part->start[axis] + part->count[axis]);
    if (e->lo[axis] == e->hi[axis]) return false;
  }
  return true;
}

static bool lists_touch(void *arg, const zarrc_region *part) {
  entries e;
  return entries_in(arg, part, &e);
}

static zarrc_status lists_apply(void *arg, const zarrc_region *part, const zarrc_view *view, zarrc_error *error) {
  entries e;
  return entries_in(arg, part, &e) ? exchange(arg, &e, part, view, error) : ZARRC_OK;
}

zarrc_status zarrc_pick_lists(zarrc_picking *picking, const zarrc_region *region, const zarrc_list *lists,
                              zarrc_error *error) {
  job j;
  init_job(&j, picking, region, lists);
  if (!picking->write) return read_lists(&j, error);
  const zarrc_values values = {.touches = lists_touch, .apply = lists_apply, .arg = &j};
  return zarrc_write(picking->pipeline, picking->blob, &j.part, &values, picking->fresh, error);
}

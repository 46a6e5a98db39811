/* SPDX-License-Identifier: MIT */
/* The copying itself: regions in parallel, each read, written, and with check read again. */
#include "copy.h"
#include "signals.h"
#include "stream.h"
#include "text.h"

#include <string.h>

typedef struct work {
  const cli_copy_run *run;
  zarrc_ctx *ctx;
  zarrc_dtype dtype;
  atomic_ullong next;
  atomic_bool failed;
  atomic_flag locked;
  uint64_t failed_region; /* the lowest-numbered region that failed, and why; guarded by locked */
  zarrc_error error;
} work;

/* What one thread works with. */
typedef struct lane {
  work *w;
  cli_slab_memory values, again;
  bool fetch_failed;
  zarrc_error fetch_error;
} lane;

static zarrc_status blame(zarrc_status status, const char *url, zarrc_error *error) {
  if (status != ZARRC_OK && status != ZARRC_CANCELED) zarrc_error_prefix(error, "%.200s ", url);
  return status;
}

/* Element by element, as chunks of fill value are told: a NaN is a NaN, and a complex zero has no sign. */
static zarrc_status compare(const work *w, const lane *l, const zarrc_region *region, uint64_t nitems,
                            zarrc_error *error) {
  const cli_copy_array *a = w->run->array;
  size_t size = w->dtype.item_size;
  const uint8_t *x = l->values.data;
  uint8_t *y = l->again.data;
  char at[CLI_DIMS];
  if (!zarrc_dtype_is_variable(&w->dtype) && memcmp(x, y, (size_t)nitems * size) == 0) return ZARRC_OK;
  for (uint64_t i = 0; i < nitems; i++) {
    zarrc_view one = zarrc_view_c(&w->dtype, 0, NULL, y + i * size);
    if (zarrc_is_fill(&one, x + i * size)) continue;
    int64_t index[ZARRC_MAX_NDIM];
    uint64_t rest = i;
    for (int axis = a->to.ndim - 1; axis >= 0; axis--) {
      index[axis] = region->start[axis] + (int64_t)(rest % (uint64_t)region->count[axis]);
      rest /= (uint64_t)region->count[axis];
    }
    return zarrc_fail(error, ZARRC_CORRUPT, "%.100s: the copy differs from the source at (%.200s)", a->target,
                      cli_plain_dims(at, index, a->to.ndim));
  }
  return ZARRC_OK;
}

static zarrc_status read_region(const work *w, zarrc_array *array, const zarrc_region *region, uint64_t nitems,
                                cli_slab_memory *memory, zarrc_view *view, zarrc_error *error) {
  zarrc_status status = cli_slab_memory_take(memory, w->ctx, &w->dtype, nitems, error);
  if (status != ZARRC_OK) return status;
  *view = zarrc_view_c(&w->dtype, w->run->array->to.ndim, region->count, memory->data);
  view->arena = memory->arena;
  return zarrc_array_read(array, region, view, error);
}

/* Bytes of the elements that were copied. */
static uint64_t bytes_in(const work *w, const void *elements, uint64_t nitems) {
  const zarrc_text *texts = elements;
  uint64_t nbytes = 0;
  if (!zarrc_dtype_is_variable(&w->dtype)) return nitems * w->dtype.item_size;
  for (uint64_t i = 0; i < nitems; i++) nbytes += texts[i].len;
  return nbytes;
}

/* What goes wrong here is about the source, whatever chunk of the copy it was read for. */
static zarrc_status fetch(void *arg, const zarrc_region *part, const zarrc_view *view, zarrc_error *error) {
  lane *l = arg;
  const cli_copy_run *run = l->w->run;
  zarrc_status status = zarrc_array_read(run->array->source, part, view, &l->fetch_error);
  if (status == ZARRC_OK) return ZARRC_OK;
  blame(status, run->source_url, &l->fetch_error);
  l->fetch_failed = true;
  return zarrc_fail(error, status, "the source cannot be read");
}

static zarrc_status write_fetched(lane *l, const zarrc_region *region, zarrc_error *error) {
  const cli_copy_run *run = l->w->run;
  l->fetch_failed = false;
  zarrc_status status = zarrc_array_write_fetched(run->array->copy, region, fetch, l, error);
  if (status == ZARRC_OK || !l->fetch_failed) return blame(status, run->copy_url, error);
  *error = l->fetch_error;
  return l->fetch_error.code;
}

/* Reads a region, and writes it; or both by turns. */
static zarrc_status move_region(lane *l, const zarrc_region *region, uint64_t nitems, bool stored, zarrc_view *view,
                                zarrc_error *error) {
  work *w = l->w;
  const cli_copy_run *run = w->run;
  const cli_copy_array *a = run->array;
  if (a->windowed) return stored ? ZARRC_OK : write_fetched(l, region, error);
  zarrc_status status = ZARRC_OK;
  if (!stored || run->check)
    status = blame(read_region(w, a->source, region, nitems, &l->values, view, error), run->source_url, error);
  if (status == ZARRC_OK && !stored)
    status = blame(zarrc_array_write(a->copy, region, view, error), run->copy_url, error);
  return status;
}

static zarrc_status check_region(lane *l, const zarrc_region *region, uint64_t nitems, zarrc_error *error) {
  const cli_copy_run *run = l->w->run;
  zarrc_view again;
  zarrc_status status = read_region(l->w, run->array->copy, region, nitems, &l->again, &again, error);
  if (status == ZARRC_OK) status = compare(l->w, l, region, nitems, error);
  return blame(status, run->copy_url, error);
}

/* Whether a failure is one of stored bytes. */
static bool is_fault(zarrc_status status) {
  return zarrc_status_exit_code(status) == 6;
}

/* An object of an array whose elements cannot be read. */
static zarrc_status copy_encoded(const cli_copy_run *run, const int64_t *chunk, bool stored, zarrc_error *error) {
  bool mended;
  uint64_t nbytes;
  zarrc_status status = cli_copy_encoded(run, chunk, stored, &mended, &nbytes, error);
  if (status != ZARRC_OK) return status;
  if (mended) atomic_fetch_add(run->mended, 1);
  if (stored && !mended) atomic_fetch_add(run->skipped, 1);
  cli_progress_add(run->progress, 1, nbytes);
  return ZARRC_OK;
}

static zarrc_status copy_region(lane *l, uint64_t number, zarrc_error *error) {
  work *w = l->w;
  const cli_copy_run *run = w->run;
  const cli_copy_array *a = run->array;
  int64_t first[ZARRC_MAX_NDIM] = {0}, count[ZARRC_MAX_NDIM] = {0};
  zarrc_region region = {0};
  zarrc_view view;
  cli_copy_region(a, number, &region, first, count);
  uint64_t nitems = cli_product(region.count, a->to.ndim), nobjects = cli_product(count, a->to.ndim);
  bool stored = run->resume && cli_copy_is_there(a, first, count);
  if (a->encoded) return copy_encoded(run, first, stored, error);
  zarrc_status status = move_region(l, &region, nitems, stored, &view, error);
  if (status == ZARRC_OK && run->check) {
    status = check_region(l, &region, nitems, error);
    if (stored && is_fault(status)) { /* it was there, but not whole: made anew */
      stored = false;
      atomic_fetch_add(run->mended, nobjects);
      status = blame(zarrc_array_write(a->copy, &region, &view, error), run->copy_url, error);
      if (status == ZARRC_OK) status = check_region(l, &region, nitems, error);
    }
  }
  if (stored) atomic_fetch_add(run->skipped, nobjects);
  if (status == ZARRC_OK) cli_progress_add(run->progress, nobjects, stored ? 0 : bytes_in(w, l->values.data, nitems));
  return status;
}

/* All regions with lower numbers have been begun, and end; so the lowest that fails is the same in every run. */
static void note_failure(work *w, uint64_t number, const zarrc_error *error) {
  while (atomic_flag_test_and_set(&w->locked)) {
  }
  if (!atomic_load(&w->failed) || number < w->failed_region) {
    w->failed_region = number;
    w->error = *error;
  }
  atomic_store(&w->failed, true);
  atomic_flag_clear(&w->locked);
}

static zarrc_status run_lane(void *arg, size_t i, zarrc_error *error) {
  work *w = arg;
  lane l = {.w = w};
  (void)i;
  (void)error;
  while (!atomic_load(&w->failed)) {
    zarrc_error why = {0};
    const cli_copy_array *a = w->run->array;
    uint64_t number = atomic_fetch_add(&w->next, 1);
    if (number >= a->nlist) break;
    if (a->list != NULL) number = a->list[number];
    zarrc_status status =
        cli_canceled(NULL) ? zarrc_fail(&why, ZARRC_CANCELED, "interrupted") : copy_region(&l, number, &why);
    if (status != ZARRC_OK) note_failure(w, number, &why);
  }
  cli_slab_memory_clear(&l.values);
  cli_slab_memory_clear(&l.again);
  return ZARRC_OK;
}

zarrc_status cli_copy_values(const cli_copy_run *run, zarrc_ctx *ctx, zarrc_error *error) {
  work w = {.run = run, .ctx = ctx};
  if (!run->array->encoded) w.dtype = *zarrc_array_dtype(run->array->source);
  atomic_flag_clear(&w.locked);
  zarrc_status status = zarrc_for_each(ctx, run->array->lanes, run_lane, &w, error);
  if (!atomic_load(&w.failed)) return status;
  if (error != NULL) *error = w.error;
  return w.error.code;
}

/* SPDX-License-Identifier: MIT */
/* Copies the elements of an array: reads and writes regions on several threads, and with check reads them again. */
#include "tools/copy.h"

#include "base/pool.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <zarrc/plugin/store.h>

typedef struct work {
  zarrc_copier *k;
  const zarrc_copy_item *a;
  zarrc_dtype dtype;
  bool resume; /* objects that the copy has already are left alone */
  atomic_ullong next;
  atomic_bool failed;
  atomic_flag locked;
  uint64_t failed_region; /* the lowest number that failed; guarded by `locked`, with side and error */
  zarrc_copy_side side;
  zarrc_error error;
  /* If the source is fetched in rounds: */
  struct lane *idle; /* guarded by `mutex` */
  pthread_mutex_t mutex;
  pthread_cond_t changed;
} work;

/* The elements of a region. */
typedef struct elements {
  void *data;
  uint64_t cap;
  zarrc_arena *arena;
} elements;

/* The state of one thread. */
typedef struct lane {
  work *w;
  struct lane *next; /* idle */
  zarrc_store *from; /* of rounds, else NULL */
  elements values, again;
  zarrc_copy_side side; /* what a failure is about */
  bool fetch_failed;
  zarrc_error fetch_error;
} lane;

/* Allocates without counting against max_memory of the context: the plan has counted the regions itself. */
static void *resize(const work *w, void *data, uint64_t cap, uint64_t nbytes) {
  const zarrc_allocator *alloc = &zarrc_ctx_get_options(w->k->target.store->ctx)->alloc;
  return alloc->resize(alloc->ud, data, (size_t)cap, (size_t)nbytes, 64);
}

static void clear(const work *w, elements *e) {
  if (e->data) resize(w, e->data, e->cap, 0);
  zarrc_arena_close(e->arena);
  *e = (elements){0};
}

/* Makes room for the elements of a region. The previous ones are lost. */
static zarrc_status take(const work *w, elements *e, uint64_t nitems, zarrc_error *error) {
  uint64_t nbytes = zarrc_times(nitems, w->dtype.item_size);
  zarrc_arena_close(e->arena);
  e->arena = NULL;
  if (nbytes == 0) nbytes = 1;
  if (nbytes > e->cap) {
    clear(w, e);
    e->data = nbytes < SIZE_MAX / 2 ? resize(w, NULL, 0, nbytes) : NULL;
    if (!e->data) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for %llu elements", (unsigned long long)nitems);
    e->cap = nbytes;
  }
  return zarrc_dtype_is_variable(&w->dtype) ? zarrc_arena_open(w->k->ctx, &e->arena, error) : ZARRC_OK;
}

static zarrc_status about(lane *l, zarrc_copy_side side, zarrc_status status) {
  if (status) l->side = side;
  return status;
}

/* Writes "1,7" to text. */
static void put_index(char *text, size_t size, const int64_t *index, int ndim) {
  size_t n = 0;
  text[0] = 0;
  for (int i = 0; i < ndim && n < size; i++)
    n += (size_t)snprintf(text + n, size - n, "%s%lld", i > 0 ? "," : "", (long long)index[i]);
}

/* Compares elements as zarrc_is_fill does: any two NaNs are equal, and so are zeros of either sign in complex
 * numbers. */
static zarrc_status compare(const work *w, const lane *l, const zarrc_region *region, uint64_t nitems,
                            zarrc_error *error) {
  const zarrc_copy_item *a = w->a;
  size_t size = w->dtype.item_size;
  const uint8_t *x = l->values.data;
  uint8_t *y = l->again.data;
  char at[200];
  if (!zarrc_dtype_is_variable(&w->dtype) && !memcmp(x, y, (size_t)nitems * size)) return ZARRC_OK;
  for (uint64_t i = 0; i < nitems; i++) {
    zarrc_view one = zarrc_view_c(&w->dtype, 0, NULL, y + i * size);
    if (zarrc_is_fill(&one, x + i * size)) continue;
    int64_t index[ZARRC_MAX_NDIM];
    uint64_t rest = i;
    for (int axis = a->to.ndim - 1; axis >= 0; axis--) {
      index[axis] = region->start[axis] + (int64_t)(rest % (uint64_t)region->count[axis]);
      rest /= (uint64_t)region->count[axis];
    }
    put_index(at, sizeof at, index, a->to.ndim);
    zarrc_fail(error, ZARRC_CORRUPT, "the copy differs from the source at (%s)", at);
    zarrc_error_in_key(error, w->k->target.store, a->target);
    return ZARRC_CORRUPT;
  }
  return ZARRC_OK;
}

static zarrc_status read_region(const work *w, zarrc_array *array, zarrc_store *from, const zarrc_region *region,
                                uint64_t nitems, elements *to, zarrc_view *view, zarrc_error *error) {
  zarrc_status status = take(w, to, nitems, error);
  if (status) return status;
  *view = zarrc_view_c(&w->dtype, w->a->to.ndim, region->count, to->data);
  view->arena = to->arena;
  return zarrc_array_read_from(array, from ? from : zarrc_array_store(array), region, view, error);
}

/* Returns the number of bytes of elements. */
static uint64_t bytes_in(const work *w, const void *data, uint64_t nitems) {
  const zarrc_text *texts = data;
  uint64_t nbytes = 0;
  if (!zarrc_dtype_is_variable(&w->dtype)) return nitems * w->dtype.item_size;
  for (uint64_t i = 0; i < nitems; i++) nbytes += texts[i].len;
  return nbytes;
}

/* Reads part of the source for zarrc_array_write_values. A failure is recorded as one of the source. */
static zarrc_status fetch(void *arg, const zarrc_region *part, const zarrc_view *view, zarrc_error *error) {
  lane *l = arg;
  zarrc_status status = zarrc_array_read(l->w->a->source, part, view, &l->fetch_error);
  if (!status) return ZARRC_OK;
  l->fetch_failed = true;
  return zarrc_fail(error, status, "the source cannot be read");
}

static zarrc_status write_fetched(lane *l, const zarrc_region *region, zarrc_error *error) {
  l->fetch_failed = false;
  const zarrc_values values = {.fetch = fetch, .arg = l};
  zarrc_status status = zarrc_array_write_values(l->w->a->copy, region, &values, error);
  if (!status || !l->fetch_failed) return about(l, ZARRC_COPY_TARGET, status);
  *error = l->fetch_error;
  return about(l, ZARRC_COPY_SOURCE, l->fetch_error.code);
}

static zarrc_status write_region(lane *l, const zarrc_region *region, const zarrc_view *view, zarrc_error *error) {
  return about(l, ZARRC_COPY_TARGET, zarrc_array_write(l->w->a->copy, region, view, error));
}

/* Reads a region and writes it, or does both window by window. */
static zarrc_status move_region(lane *l, const zarrc_region *region, uint64_t nitems, bool stored, zarrc_view *view,
                                zarrc_error *error) {
  work *w = l->w;
  if (w->a->cut.windowed) return stored ? ZARRC_OK : write_fetched(l, region, error);
  zarrc_status status = ZARRC_OK;
  if (!stored || w->k->options.check)
    status =
        about(l, ZARRC_COPY_SOURCE, read_region(w, w->a->source, l->from, region, nitems, &l->values, view, error));
  return status || stored ? status : write_region(l, region, view, error);
}

static zarrc_status check_region(lane *l, const zarrc_region *region, uint64_t nitems, zarrc_error *error) {
  zarrc_view again;
  zarrc_status status = read_region(l->w, l->w->a->copy, NULL, region, nitems, &l->again, &again, error);
  if (!status) status = compare(l->w, l, region, nitems, error);
  return about(l, ZARRC_COPY_TARGET, status);
}

/* Returns whether a failure means that stored bytes are wrong. */
static bool is_fault(zarrc_status status) {
  return zarrc_status_exit_code(status) == zarrc_status_exit_code(ZARRC_CORRUPT);
}

/* Counts objects as done. */
static zarrc_status advance(lane *l, uint64_t nobjects, bool skipped, bool mended, uint64_t nbytes,
                            zarrc_error *error) {
  zarrc_copier *k = l->w->k;
  if (skipped) atomic_fetch_add(&k->work.skipped, nobjects);
  if (mended) atomic_fetch_add(&k->work.mended, nobjects);
  return about(l, ZARRC_COPY_NEITHER, zarrc_copy_advance(k, nobjects, nbytes, error));
}

/* Decodes an object of the copy, or of the source, part by part. *nbytes: of its elements. */
static zarrc_status decode(lane *l, zarrc_array *array, const zarrc_region *region, uint64_t *nbytes,
                           zarrc_error *error) {
  const zarrc_copy_item *a = l->w->a;
  zarrc_status status = ZARRC_OK;
  zarrc_region part = *region;
  zarrc_view view;
  int axis;
  *nbytes = 0;
  do {
    for (int i = 0; i < a->to.ndim; i++) {
      int64_t rest = region->start[i] + region->count[i] - part.start[i];
      part.count[i] = rest < a->cut.checked[i] ? rest : a->cut.checked[i];
    }
    uint64_t nitems = zarrc_product(part.count, a->to.ndim);
    status = zarrc_ctx_check_canceled(l->w->k->ctx, error);
    if (!status) status = read_region(l->w, array, NULL, &part, nitems, &l->again, &view, error);
    if (!status) *nbytes += bytes_in(l->w, l->again.data, nitems);
    for (axis = a->to.ndim - 1; axis >= 0; axis--) {
      part.start[axis] += part.count[axis];
      if (part.start[axis] < region->start[axis] + region->count[axis]) break;
      part.start[axis] = region->start[axis];
    }
  } while (!status && axis >= 0);
  return status;
}

/* Makes sure that a copied object can be decoded, or has elements that are of no type here (ZARRC_UNSUPPORTED): they
 * are copied all the same. What is damaged is removed, so that ZARRC_COPY_RESUME does not take it for whole, and the
 * source is decoded to find out which of the two it is. */
static zarrc_status check_decodable(lane *l, const zarrc_region *region, const int64_t *chunk, uint64_t *nbytes,
                                    zarrc_error *error) {
  const zarrc_copy_item *a = l->w->a;
  zarrc_error why = {0};
  uint64_t stored = *nbytes;
  zarrc_status status = about(l, ZARRC_COPY_TARGET, decode(l, a->copy, region, nbytes, &why));
  if (status == ZARRC_UNSUPPORTED) {
    *nbytes = stored;
    return ZARRC_OK;
  }
  if (is_fault(status)) {
    zarrc_error of_source = {0};
    zarrc_status other = zarrc_array_erase_chunk(a->copy, chunk, &why);
    if (!other) other = about(l, ZARRC_COPY_SOURCE, decode(l, a->source, region, nbytes, &of_source));
    if (of_source.code) why = of_source;
    if (other) status = other;
  }
  if (status && error) *error = why;
  return status;
}

/* Copies an object as it is stored. One that the copy has already is decoded too: whether it was is not known. */
static zarrc_status copy_as_stored(lane *l, const int64_t *chunk, const zarrc_region *region, bool stored,
                                   zarrc_error *error) {
  const work *w = l->w;
  bool readable = !w->a->encoded, damaged = false, differs;
  uint64_t nbytes = 0;
  zarrc_copy_side side = ZARRC_COPY_TARGET;
  zarrc_status status = stored && readable ? decode(l, w->a->copy, region, &nbytes, error) : ZARRC_OK;
  damaged = is_fault(status);
  if (damaged || status == ZARRC_UNSUPPORTED) status = ZARRC_OK;
  if (!status) status = zarrc_copy_encoded(w->k, w->a, chunk, stored && !damaged, &differs, &nbytes, &side, error);
  if (status) return about(l, side, status);
  bool mended = damaged || differs;
  if (readable && (!stored || mended)) status = check_decodable(l, region, chunk, &nbytes, error);
  return status ? status : advance(l, 1, stored && !mended, mended, nbytes, error);
}

static zarrc_status copy_region(lane *l, uint64_t number, zarrc_error *error) {
  work *w = l->w;
  const zarrc_copy_item *a = w->a;
  int64_t first[ZARRC_MAX_NDIM] = {0}, count[ZARRC_MAX_NDIM] = {0};
  zarrc_region region = {0};
  zarrc_view view;
  zarrc_copy_region(a, number, &region, first, count);
  uint64_t nitems = zarrc_product(region.count, a->to.ndim), nobjects = zarrc_product(count, a->to.ndim);
  bool stored = w->resume && zarrc_copy_is_there(a, first, count), mended = false;
  zarrc_status status = ZARRC_NOT_FOUND;
  if (a->as_stored) status = copy_as_stored(l, first, &region, stored, error);
  if (a->as_stored && (a->encoded || status != ZARRC_NOT_FOUND)) return status;
  status = move_region(l, &region, nitems, stored, &view, error);
  if (!status && w->k->options.check) {
    status = check_region(l, &region, nitems, error);
    if (stored && is_fault(status)) { /* the copy had it, but it is wrong: write it again */
      stored = false;
      mended = true;
      status = write_region(l, &region, &view, error);
      if (!status) status = check_region(l, &region, nitems, error);
    }
  }
  if (status) return status;
  return advance(l, nobjects, stored, mended, stored ? 0 : bytes_in(w, l->values.data, nitems), error);
}

/* Regions begin in order, and those that have begun end; so every run reports the same region, the lowest that
 * fails. */
static void note_failure(work *w, uint64_t number, zarrc_copy_side side, const zarrc_error *error) {
  while (atomic_flag_test_and_set(&w->locked)) {
  }
  if (!atomic_load(&w->failed) || number < w->failed_region) {
    w->failed_region = number;
    w->side = side;
    w->error = *error;
  }
  atomic_store(&w->failed, true);
  atomic_flag_clear(&w->locked);
}

/* Takes a failure back: the region has been copied when it was fetched once more. */
static void forget_failure(work *w, uint64_t number) {
  while (atomic_flag_test_and_set(&w->locked)) {
  }
  if (w->failed_region == number) atomic_store(&w->failed, false);
  atomic_flag_clear(&w->locked);
}

static zarrc_status run_lane(void *arg, size_t i, zarrc_error *error) {
  work *w = arg;
  lane l = {.w = w};
  (void)i;
  (void)error;
  while (!atomic_load(&w->failed)) {
    zarrc_error why = {0};
    uint64_t number = atomic_fetch_add(&w->next, 1);
    if (number >= w->a->todo.n) break;
    if (w->a->todo.list) number = w->a->todo.list[number];
    l.side = ZARRC_COPY_NEITHER;
    zarrc_status status = zarrc_ctx_check_canceled(w->k->ctx, &why);
    if (!status) status = copy_region(&l, number, &why);
    if (status) note_failure(w, number, l.side, &why);
  }
  clear(w, &l.values);
  clear(w, &l.again);
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------- in rounds */

/* Takes an idle lane, and waits for one if necessary. There are as many as the plan has memory for. */
static lane *take_lane(work *w) {
  pthread_mutex_lock(&w->mutex);
  while (!w->idle) pthread_cond_wait(&w->changed, &w->mutex);
  lane *l = w->idle;
  w->idle = l->next;
  pthread_mutex_unlock(&w->mutex);
  return l;
}

static void give_lane(work *w, lane *l) {
  pthread_mutex_lock(&w->mutex);
  l->next = w->idle;
  w->idle = l;
  pthread_cond_signal(&w->changed);
  pthread_mutex_unlock(&w->mutex);
}

/* Copies a region when its source has been fetched. */
static zarrc_status copy_fetched(void *arg, zarrc_store *from, size_t i, zarrc_error *error) {
  work *w = arg;
  lane *l = take_lane(w);
  zarrc_error why = {0};
  uint64_t number = w->a->todo.list ? w->a->todo.list[i] : i;
  l->from = from;
  l->side = ZARRC_COPY_NEITHER;
  zarrc_status status = copy_region(l, number, &why);
  /* no failure yet: it may be repeated with more memory */
  if (status && status != ZARRC_PENDING && status != ZARRC_NO_MEMORY) note_failure(w, number, l->side, &why);
  if (!status && atomic_load(&w->failed)) forget_failure(w, number);
  give_lane(w, l);
  if (status && error) *error = why;
  return status;
}

static zarrc_status copy_in_rounds(work *w, zarrc_store *source, zarrc_error *error) {
  size_t n = w->a->cut.at_once;
  zarrc_bytes memory;
  if (n > SIZE_MAX / sizeof(lane)) return zarrc_fail(error, ZARRC_LIMIT, "too many threads");
  zarrc_status status = zarrc_scratch_take(w->k->ctx, n * sizeof(lane), &memory, error);
  if (status) return status;
  lane *lanes = (lane *)(void *)memory.ptr;
  memset(lanes, 0, n * sizeof *lanes);
  pthread_mutex_init(&w->mutex, NULL);
  pthread_cond_init(&w->changed, NULL);
  for (size_t i = 0; i < n; i++) {
    lanes[i].w = w;
    give_lane(w, &lanes[i]);
  }
  const zarrc_each_options options = {.struct_size = sizeof options, .stores = w->a->cut.waits};
  status = zarrc_store_each(source, (size_t)w->a->todo.n, &options, copy_fetched, w, error);
  for (size_t i = 0; i < n; i++) {
    clear(w, &lanes[i].values);
    clear(w, &lanes[i].again);
  }
  pthread_cond_destroy(&w->changed);
  pthread_mutex_destroy(&w->mutex);
  zarrc_bytes_release(&memory);
  return status;
}

/* Returns whether regions are fetched several at once. Impossible if they are windowed: a value that is stored while it
 * is read cannot start again. */
static bool uses_rounds(const zarrc_copy_item *a, const zarrc_store *source) {
  return zarrc_store_fetches(source) && !a->as_stored && !a->cut.windowed && a->todo.n <= SIZE_MAX;
}

zarrc_status zarrc_copy_values(zarrc_copier *k, const zarrc_copy_item *a, zarrc_error *error) {
  work w = {.k = k, .a = a, .resume = zarrc_copy_resumes(k)};
  if (!a->encoded) w.dtype = *zarrc_array_dtype(a->source);
  atomic_flag_clear(&w.locked);
  zarrc_store *source = zarrc_array_store(a->source);
  zarrc_status status = uses_rounds(a, source) ? copy_in_rounds(&w, source, error)
                        : a->cut.waits         ? zarrc_for_each_waiting(k->ctx, a->cut.at_once, run_lane, &w, error)
                                               : zarrc_for_each(k->ctx, a->cut.at_once, run_lane, &w, error);
  if (!atomic_load(&w.failed)) return status;
  if (error) *error = w.error;
  return zarrc_copy_about(k, w.side, w.error.code);
}

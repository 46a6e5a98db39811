/* SPDX-License-Identifier: MIT */
/*
 * Runs calls in rounds: all are made until they wait for bytes, these are fetched at once, and the calls are repeated.
 * Calls in progress form a row, sorted by number. When some are done, others are added before the next fetch, so that
 * each fetch serves as many calls as possible.
 */
#include "base/pool.h"
#include "base/sized.h"
#include "store/asked.h"

#include <string.h>

/* So many calls in progress, unless the caller says otherwise. So many values are fetched at once, or more if they are
 * small. */
#define IN_PROGRESS  256
#define AT_ONCE      64
#define SMALL_NBYTES ((uint64_t)2 << 20) /* all together */
/* The most to fetch at once: this part of max_memory, or so many bytes without a limit. */
#define OF_THE_LIMIT 4
#define ROUND_NBYTES ((uint64_t)256 << 20)

typedef zarrc_status (*call_fn)(void *arg, zarrc_store *from, size_t i, zarrc_error *error);

typedef enum call_state { READY, PENDING, DONE, FAILED } call_state;

/* A call in progress. */
typedef struct call {
  zarrc_asked_store store;
  size_t i;
  call_state state;
  zarrc_status status; /* if it failed */
  bool is_mending;     /* it is made again because something was damaged */
} call;

typedef struct rounds {
  zarrc_store *store;
  zarrc_ctx *ctx;
  call_fn fn;
  void *arg;
  size_t n, next; /* number of calls, and the next to start */
  zarrc_each_options options;
  uint64_t most; /* approximate number of fetched bytes to hold at once */
  call **row;    /* calls in progress, sorted by number */
  size_t nrow;
  size_t room;         /* for calls in the row */
  size_t width;        /* so many of them may hold memory; the others wait */
  zarrc_status status; /* of the call with the lowest number that failed; n is then that number */
  zarrc_error error;
} rounds;

/* ------------------------------------------------------------------------------------------------------ the row */

static void free_call(rounds *r, call *c) {
  zarrc_asked_store_destroy(&c->store);
  zarrc_free(r->ctx, c);
}

/* Adds calls to the row, as long as there is memory. */
static zarrc_status fill_row(rounds *r, zarrc_error *error) {
  while (r->nrow < r->width && r->next < r->n) {
    call *c = zarrc_malloc(r->ctx, sizeof *c);
    if (!c) return r->nrow ? ZARRC_OK : zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a call");
    zarrc_asked_store_init(&c->store, r->store);
    c->i = r->next++;
    c->state = READY;
    c->is_mending = false;
    r->row[r->nrow++] = c;
  }
  return ZARRC_OK;
}

/* Removes calls that are done, and those after the end. */
static void close_up_row(rounds *r) {
  size_t n = 0;
  for (size_t k = 0; k < r->nrow; k++) {
    call *c = r->row[k];
    if (c->state == DONE || c->i >= r->n)
      free_call(r, c);
    else
      r->row[n++] = c;
  }
  r->nrow = n;
}

/* Lets fewer calls hold memory; the others start again later. Returns false if there is only one. */
static bool narrow_row(rounds *r) {
  size_t busy = r->nrow < r->width ? r->nrow : r->width;
  if (busy < 2) return false;
  r->width = busy / 2;
  for (size_t k = r->width; k < r->nrow; k++) {
    zarrc_asked_store_clear(&r->row[k]->store);
    r->row[k]->state = READY;
  }
  return true;
}

/* ----------------------------------------------------------------------------------------------------- the calls */

typedef struct batch {
  rounds *r;
  call **ready;
} batch;

/* Returns whether a call fetches again what it has read: bytes may have been changed on their way. Once. */
static bool fetches_again(call *c, zarrc_status status) {
  bool is_damaged = status == ZARRC_CHECKSUM || status == ZARRC_CORRUPT;
  if (!is_damaged || c->is_mending) return false;
  c->is_mending = true;
  zarrc_asked_store_clear(&c->store);
  return true;
}

/* Makes a call. ZARRC_PENDING is no failure. */
static zarrc_status make_call(void *arg, size_t k, zarrc_error *error) {
  const batch *b = arg;
  call *c = b->ready[k];
  zarrc_status status = b->r->fn(b->r->arg, &c->store.store, c->i, error);
  if (status != ZARRC_PENDING) status = zarrc_asked_store_check(&c->store, status, error);
  if (fetches_again(c, status)) {
    c->state = READY;
    return ZARRC_OK;
  }
  c->state = status == ZARRC_PENDING ? PENDING : status ? FAILED : DONE;
  c->status = status;
  return status == ZARRC_PENDING ? ZARRC_OK : status;
}

/* Handles the first failure in the row: makes it the last call, or repeats it with more memory. */
static void take_failure(rounds *r, const zarrc_error *why) {
  size_t k = 0;
  while (k < r->nrow && r->row[k]->state != FAILED) k++;
  if (k == r->nrow) return;
  call *c = r->row[k];
  if (c->status == ZARRC_NO_MEMORY && narrow_row(r)) {
    for (; k < r->nrow; k++)
      if (r->row[k]->state == FAILED) r->row[k]->state = READY;
    return;
  }
  r->n = c->i;
  r->status = c->status;
  r->error = *why;
  close_up_row(r);
}

/* Makes all calls that are ready. */
static zarrc_status make_calls(rounds *r, zarrc_error *error) {
  batch b = {r, r->row + r->room};
  size_t n = 0;
  zarrc_error why = {0};
  for (size_t k = 0; k < r->nrow && k < r->width; k++)
    if (r->row[k]->state == READY) b.ready[n++] = r->row[k];
  zarrc_status status = (r->options.stores ? zarrc_for_each_waiting : zarrc_for_each)(r->ctx, n, make_call, &b, &why);
  if (status == ZARRC_CANCELED) {
    if (error) *error = why;
    return status;
  }
  close_up_row(r);
  take_failure(r, &why);
  return ZARRC_OK;
}

/* ----------------------------------------------------------------------------------------------------- fetching */

/* Adds a request for each value of a call that has ranges to fetch; requests NULL: only counts them. */
static size_t add_requests(zarrc_asked_store *s, zarrc_request *requests, zarrc_asked_value **values,
                           zarrc_error *errors, size_t n) {
  for (zarrc_asked_value *v = s->values; v; v = v->next) {
    if (!v->nranges) continue;
    if (requests) {
      requests[n] = (zarrc_request){.blob = v->behind, .ranges = v->ranges, .n = v->nranges, .error = &errors[n]};
      values[n] = v;
    }
    n++;
  }
  return n;
}

typedef struct wave {
  rounds *r;
  size_t ncalls; /* calls of the row that are served */
  size_t n;      /* values */
  zarrc_bytes memory;
  zarrc_request *requests;
  zarrc_asked_value **values;
  zarrc_error *errors;
} wave;

/* Lists what calls wait for, starting with the first, as long as there is room in memory. */
static zarrc_status list_wave(wave *w, zarrc_error *error) {
  rounds *r = w->r;
  uint64_t held = 0, nbytes;
  for (; w->ncalls < r->nrow && w->ncalls < r->width; w->ncalls++) {
    call *c = r->row[w->ncalls];
    if (c->state != PENDING) continue;
    zarrc_status status = zarrc_asked_store_list(&c->store, r->options.value_nbytes, &nbytes, error);
    if (status) return status;
    held += zarrc_asked_store_nbytes(&c->store);
    if (w->n > 0 && (held > r->most || nbytes > r->most - held)) return ZARRC_OK;
    bool is_enough = w->n >= AT_ONCE && !r->options.at_once;
    if (is_enough && (held > SMALL_NBYTES || nbytes > SMALL_NBYTES - held)) return ZARRC_OK;
    held = nbytes < UINT64_MAX - held ? held + nbytes : UINT64_MAX;
    w->n = add_requests(&c->store, NULL, NULL, NULL, w->n);
  }
  return ZARRC_OK;
}

static zarrc_status make_wave(wave *w, zarrc_error *error) {
  size_t n = 0, each = sizeof *w->requests + sizeof *w->values + sizeof *w->errors;
  if (w->n > SIZE_MAX / each) return zarrc_fail(error, ZARRC_LIMIT, "too many values are wanted at once");
  zarrc_status status = zarrc_scratch_take(w->r->ctx, w->n * each, &w->memory, error);
  if (status) return status;
  w->requests = (zarrc_request *)(void *)w->memory.ptr;
  w->values = (zarrc_asked_value **)(void *)(w->requests + w->n);
  w->errors = (zarrc_error *)(void *)(w->values + w->n);
  for (size_t k = 0; k < w->n; k++) w->errors[k].code = ZARRC_OK;
  for (size_t k = 0; k < w->ncalls; k++)
    if (w->r->row[k]->state == PENDING) n = add_requests(&w->r->row[k]->store, w->requests, w->values, w->errors, n);
  return ZARRC_OK;
}

/* Gives the fetched bytes to the calls, which become ready. */
static zarrc_status take_wave(const wave *w) {
  size_t n = 0;
  zarrc_status worst = ZARRC_OK;
  for (size_t k = 0; k < w->ncalls; k++) {
    call *c = w->r->row[k];
    if (c->state != PENDING) continue;
    size_t end = add_requests(&c->store, NULL, NULL, NULL, n);
    for (; n < end; n++)
      if (zarrc_asked_value_take(&c->store, w->values[n], &w->requests[n])) worst = ZARRC_NO_MEMORY;
    c->state = READY;
  }
  return worst;
}

/* Fetches what the calls wait for, or lets fewer of them hold memory. */
static zarrc_status fetch(rounds *r, zarrc_error *error) {
  zarrc_error why = {0};
  wave w = {.r = r};
  zarrc_status status = list_wave(&w, &why);
  if (!status) status = make_wave(&w, &why);
  if (!status) status = zarrc_store_fetch(r->store, w.requests, w.n, &why);
  if (!status) {
    status = take_wave(&w);
    if (status) zarrc_fail(&why, status, "no memory for what is fetched");
  }
  zarrc_bytes_release(&w.memory);
  if (status == ZARRC_NO_MEMORY && narrow_row(r)) {
    for (size_t k = 0; k < r->nrow; k++) r->row[k]->state = READY; /* calls that wait ask again */
    return ZARRC_OK;
  }
  if (status && error) *error = why;
  return status;
}

/* ------------------------------------------------------------------------------------------------------- rounds */

static bool is_any_ready(const rounds *r) {
  for (size_t k = 0; k < r->nrow && k < r->width; k++)
    if (r->row[k]->state == READY) return true;
  return false;
}

static zarrc_status run_rounds(rounds *r, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  while (!status) {
    status = fill_row(r, error);
    if (status || r->nrow == 0) break;
    status = zarrc_ctx_check_canceled(r->ctx, error);
    if (!status) status = is_any_ready(r) ? make_calls(r, error) : fetch(r, error);
  }
  r->n = 0;
  close_up_row(r);
  if (status || !r->status) return status;
  if (error) *error = r->error;
  return r->status;
}

static zarrc_status run_in_rounds(rounds *r, zarrc_error *error) {
  uint64_t limit = zarrc_ctx_get_options(r->ctx)->max_memory;
  r->room = r->options.at_once ? r->options.at_once : IN_PROGRESS;
  if (r->room > r->n) r->room = r->n;
  if (!r->options.value_nbytes) r->options.value_nbytes = UINT64_MAX;
  if (r->room > SIZE_MAX / 2 / sizeof *r->row)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "too many calls at once");
  r->most = limit ? limit / OF_THE_LIMIT : ROUND_NBYTES;
  r->width = r->room;
  r->row = zarrc_malloc(r->ctx, 2 * r->room * sizeof *r->row);
  if (!r->row) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for %zu calls", r->room);
  zarrc_status status = run_rounds(r, error);
  zarrc_free(r->ctx, r->row);
  return status;
}

static zarrc_status fetch_for_each(zarrc_store *store, size_t n, const zarrc_each_options *options, call_fn fn,
                                   void *arg, zarrc_error *error) {
  rounds r;
  memset(&r, 0, offsetof(rounds, error));
  r.store = store;
  r.ctx = store->ctx;
  r.fn = fn;
  r.arg = arg;
  r.n = n;
  zarrc_status status =
      options ? zarrc_sized_take(&r.options, sizeof r.options, options, "options of each", error) : ZARRC_OK;
  return status ? status : run_in_rounds(&r, error);
}

/* Calls that read from the store itself. */
typedef struct direct {
  zarrc_store *store;
  call_fn fn;
  void *arg;
} direct;

static zarrc_status call_directly(void *arg, size_t i, zarrc_error *error) {
  const direct *d = arg;
  return d->fn(d->arg, d->store, i, error);
}

zarrc_status zarrc_store_each(zarrc_store *store, size_t n, const zarrc_each_options *options, call_fn fn, void *arg,
                              zarrc_error *error) {
  if (n > 0 && zarrc_store_fetches(store)) return fetch_for_each(store, n, options, fn, arg, error);
  return zarrc_for_each(store->ctx, n, call_directly, &(direct){store, fn, arg}, error);
}

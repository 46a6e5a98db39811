/* SPDX-License-Identifier: MIT */
/*
 * Reads of cached values. A job is what a caller wants of one value. It is planned: what is kept is taken, and what is
 * missing is asked of the store behind, of the same version. If nothing is missing, but nobody knows whether the
 * version is still the newest one, a single byte is asked for. Then the answer is taken. If it says that the value has
 * changed, and the caller has not seen any of it, the job begins again.
 */
#include "store/cache.h"

#include "base/documents.h"
#include "base/reading.h"

#include <string.h>
#include <time.h>
#include <zarrc/plugin/blob.h>

/* How often a value may change while it is read. */
enum { MOST_TRIES = 100 };

/* A range of a value whose length is known. */
typedef struct span {
  uint64_t begin, end;
  uint64_t from, to;    /* what is missing of it; from == to: nothing */
  size_t first, nparts; /* of the job: what is there */
  zarrc_bytes missing;  /* what was missing, when it is there */
} span;

typedef struct job {
  zarrc_cache_blob *b;
  zarrc_range *ranges;
  size_t n;
  bool is_read; /* ranges have to lie inside the value, as for `read` of a blob */
  bool is_done;
  zarrc_status status;
  zarrc_error *error;
  unsigned ntries;
  zarrc_cache_shelf shelf;
  zarrc_cache_version version; /* that is read, unless: */
  bool is_plain;               /* all ranges are asked for as they are */
  bool is_current;             /* the version is the newest one */
  zarrc_bytes memory;          /* of the next two, for n items each */
  span *spans;
  zarrc_range *missing;
  zarrc_buf parts;    /* zarrc_cache_part items */
  zarrc_range *asked; /* of the store behind */
  size_t nasked;
  uint64_t asked_at, mark; /* when that was, in milliseconds and as a mark of the memory */
} job;

uint64_t zarrc_cache_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 + 1; /* 0 is never */
}

/* ----------------------------------------------------------------------------------------------------------- jobs */

static void count(atomic_ullong *counter, uint64_t n) {
  atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static void release_parts(job *j) {
  zarrc_cache_part *parts = (zarrc_cache_part *)(void *)j->parts.ptr;
  for (size_t i = 0; i < j->parts.len / sizeof *parts; i++) zarrc_bytes_release(&parts[i].bytes);
  j->parts.len = 0;
  for (size_t i = 0; j->spans && i < j->n; i++) zarrc_bytes_release(&j->spans[i].missing);
}

static void clear_job(job *j) {
  release_parts(j);
  zarrc_buf_clear(&j->parts);
  zarrc_cache_shelf_clear(&j->shelf);
  zarrc_bytes_release(&j->memory);
}

static void end_job(job *j, zarrc_status status) {
  j->status = status;
  j->is_done = true;
}

static zarrc_blob *behind(const job *j) {
  return j->b->blob.inner;
}

static job make_job(zarrc_blob *blob, zarrc_range *ranges, size_t n, bool is_read, zarrc_error *error) {
  zarrc_cache_blob *b = (zarrc_cache_blob *)blob;
  return (job){.b = b,
               .ranges = ranges,
               .n = n,
               .is_read = is_read,
               .error = error,
               .shelf = zarrc_cache_shelf_of(&b->cache->disk, b->key),
               .parts = zarrc_buf_new(b->cache->wrapper.store.ctx, SIZE_MAX)};
}

/* Takes memory for spans. */
static zarrc_status take_memory(job *j) {
  size_t each = sizeof *j->spans + sizeof *j->missing;
  if (j->memory.ptr) return ZARRC_OK;
  if (j->n >= SIZE_MAX / each) return zarrc_fail(j->error, ZARRC_LIMIT, "too many ranges");
  zarrc_status status = zarrc_scratch_take(j->b->cache->wrapper.store.ctx, (j->n + 1) * each, &j->memory, j->error);
  if (status) return status;
  j->spans = (span *)(void *)j->memory.ptr;
  j->missing = (zarrc_range *)(void *)(j->spans + j->n + 1);
  memset(j->spans, 0, j->n * sizeof *j->spans);
  return ZARRC_OK;
}

/* --------------------------------------------------------------------------------------------------------- versions */

void zarrc_cache_tie(zarrc_cache_blob *b, const zarrc_cache_version *version) {
  if (atomic_load(&b->state) != ZARRC_CACHE_FREE) return;
  b->version = *version;
  atomic_store(&b->state, ZARRC_CACHE_TIED);
}

void zarrc_cache_forget(zarrc_cache_store *c, const char *key) {
  zarrc_cache_memory_forget(&c->memory, key);
  zarrc_cache_disk_forget(&c->disk, key);
}

void zarrc_cache_meet_nothing(zarrc_cache_blob *b) {
  zarrc_cache_forget(b->cache, b->key);
  if (atomic_load(&b->state) == ZARRC_CACHE_FREE) atomic_store(&b->state, ZARRC_CACHE_PASSING);
}

/* Documents are always asked for: an array must not be opened as it was. */
bool zarrc_cache_is_trusted(const zarrc_cache_blob *b, const zarrc_cache_version *version) {
  uint64_t trusted = b->cache->trusted_ms;
  if (trusted == 0 || version->seen_at == 0 || zarrc_name_is_document(zarrc_key_name(b->key))) return false;
  return zarrc_cache_now() - version->seen_at < trusted;
}

/* Returns whether a version is to be tried first, and which. */
static bool find_version(job *j) {
  zarrc_cache_blob *b = j->b;
  if (atomic_load(&b->state) == ZARRC_CACHE_TIED) {
    zarrc_cache_version kept;
    bool is_kept = zarrc_cache_memory_find(&b->cache->memory, b->key, &kept);
    j->version = b->version;
    j->is_current = atomic_load(&b->is_current) || (is_kept && zarrc_cache_version_is(&kept, &b->version.identity) &&
                                                    zarrc_cache_is_trusted(b, &kept));
    return true;
  }
  j->is_current = false;
  if (zarrc_cache_memory_find(&b->cache->memory, b->key, &j->version)) {
    j->is_current = zarrc_cache_is_trusted(b, &j->version);
    return j->is_current || j->version.is_told;
  }
  j->version = (zarrc_cache_version){.is_told = true};
  return zarrc_cache_shelf_version(&j->shelf, &j->version.identity);
}

zarrc_status zarrc_cache_hold(zarrc_cache_blob *b, zarrc_cache_version *version, bool *known, zarrc_error *error) {
  zarrc_identity now;
  *known = true;
  if (!zarrc_blob_expect(b->blob.inner, &version->identity)) {
    zarrc_status status = zarrc_blob_identify(b->blob.inner, &now, known, error);
    if (status || !*known) return status;
    if (!zarrc_cache_version_is(version, &now)) *version = (zarrc_cache_version){.identity = now, .is_told = true};
    version->seen_at = zarrc_cache_now();
    atomic_store(&b->is_current, true);
  }
  atomic_store(&b->is_held, true);
  return ZARRC_OK;
}

static zarrc_status report_change(job *j) {
  return zarrc_fail(j->error, ZARRC_CONFLICT, "the value has changed since it was read first");
}

/* Lets the job begin again, with a blob behind that has read nothing. */
static void start_again(job *j) {
  zarrc_cache_blob *b = j->b;
  zarrc_store *store = b->blob.behind;
  zarrc_cache_forget(b->cache, b->key);
  zarrc_cache_shelf_clear(&j->shelf);
  j->shelf.is_listed = true; /* as empty */
  zarrc_blob_close(b->blob.inner);
  zarrc_status status = store->ops->open(store, b->key, b->blob.inner, j->error);
  b->is_lost = status != ZARRC_OK;
  atomic_store(&b->is_held, false);
  atomic_store(&b->is_current, false);
  if (!status && ++j->ntries >= MOST_TRIES)
    status = zarrc_fail(j->error, ZARRC_CONFLICT, "the value changes again and again while it is read");
  if (status) end_job(j, status);
}

/* Handles a version that is the newest one no longer. */
static void meet_change(job *j) {
  zarrc_cache_blob *b = j->b;
  if (atomic_load(&b->state) == ZARRC_CACHE_FREE) {
    start_again(j);
    return;
  }
  zarrc_cache_forget(b->cache, b->key);
  if (zarrc_blob_is_writable(b->blob.inner)) { /* which has forgotten what it has read */
    atomic_store(&b->is_held, false);
    atomic_store(&b->is_current, false);
    atomic_store(&b->state, ZARRC_CACHE_FREE);
  }
  end_job(j, report_change(j));
}

/* --------------------------------------------------------------------------------------------------------- planning */

static void ask_plainly(job *j) {
  j->is_plain = true;
  j->asked = j->ranges;
  j->nasked = j->n;
}

/* Computes the part of a range that exists. */
static void clip(zarrc_range *r, uint64_t total, uint64_t *begin, uint64_t *end) {
  uint64_t back = 0 - (uint64_t)r->offset, start = r->offset >= 0 ? (uint64_t)r->offset
                                                   : back < total ? total - back
                                                                  : 0;
  if (start > total) start = total;
  uint64_t left = total - start;
  if (r->to_end && left > r->nbytes) left = 0; /* it is too long anyway */
  r->total = total;
  *begin = start;
  *end = start + (left < r->nbytes ? left : r->nbytes);
}

/* Computes the spans. Returns false if the ranges are to be asked for as they are. */
static bool locate(job *j) {
  for (size_t i = 0; i < j->n; i++) {
    zarrc_range *r = &j->ranges[i];
    span *s = &j->spans[i];
    uint64_t start;
    size_t nbytes;
    zarrc_error why;
    r->got = (zarrc_bytes){0};
    *s = (span){0};
    if (j->is_read) {
      zarrc_status status = zarrc_range_locate(r, j->version.identity.nbytes, &start, &nbytes, &why);
      if (status && !j->is_current) return false;
      if (status && j->error) *j->error = why;
      if (status) end_job(j, status);
      if (status) return true;
      s->begin = start;
      s->end = start + nbytes;
    } else {
      clip(r, j->version.identity.nbytes, &s->begin, &s->end);
    }
  }
  return true;
}

/* Takes what is kept of a span. */
static zarrc_status take_kept(job *j, span *s) {
  zarrc_cache_store *c = j->b->cache;
  s->first = j->parts.len / sizeof(zarrc_cache_part);
  s->from = s->begin;
  s->to = s->end;
  zarrc_status status =
      zarrc_cache_memory_get(&c->memory, j->b->key, &j->version, &s->from, &s->to, &j->parts, j->error);
  s->nparts = j->parts.len / sizeof(zarrc_cache_part) - s->first;
  if (status || s->from == s->to || !c->disk.store || !j->version.is_told) return status;
  uint64_t at;
  zarrc_cache_piece *p = zarrc_cache_shelf_get(&j->shelf, &j->version.identity, s->from, s->to, &at);
  if (!p) return ZARRC_OK;
  s->missing = zarrc_cache_piece_lend(p, (size_t)(s->from - at), (size_t)(s->to - s->from));
  zarrc_cache_memory_put(&c->memory, j->b->key, &j->version, at, p);
  zarrc_cache_piece_drop(p);
  count(&c->disk_hits, 1);
  return ZARRC_OK;
}

static zarrc_status ask_missing(job *j) {
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < j->n && !status; i++) {
    span *s = &j->spans[i];
    status = take_kept(j, s);
    if (status || s->from == s->to || s->missing.ptr) continue;
    j->missing[j->nasked++] =
        (zarrc_range){.offset = (int64_t)s->from, .nbytes = s->to - s->from, .total = ZARRC_UNKNOWN};
  }
  j->asked = j->missing;
  if (!status && j->nasked == 0 && !j->is_current) {
    j->missing[j->nasked++] = (zarrc_range){.nbytes = j->version.identity.nbytes > 0, .total = ZARRC_UNKNOWN};
    count(&j->b->cache->checks, 1);
  }
  return status;
}

static void take_answer(job *j);

/* Ends the job if it can be served from what is kept. */
static zarrc_status plan_version(job *j) {
  zarrc_cache_blob *b = j->b;
  bool known = true;
  zarrc_status status = take_memory(j);
  if (!status && j->version.is_told && !atomic_load(&b->is_held)) {
    zarrc_cache_version wanted = j->version;
    status = zarrc_cache_hold(b, &j->version, &known, j->error);
    j->is_current = j->is_current || atomic_load(&b->is_current);
    bool is_other = !status && known && !zarrc_cache_version_is(&wanted, &j->version.identity);
    if (is_other || !known) zarrc_cache_forget(b->cache, b->key);
    if (status == ZARRC_NOT_FOUND) zarrc_cache_meet_nothing(b);
    if ((is_other || !known) && atomic_load(&b->state) == ZARRC_CACHE_TIED) {
      meet_change(j);
      return j->status;
    }
  }
  if (status) return status;
  if (!known || !locate(j)) {
    ask_plainly(j);
    return ZARRC_OK;
  }
  if (j->is_done) return ZARRC_OK;
  status = ask_missing(j);
  if (!status && j->nasked == 0) take_answer(j);
  return status;
}

/* Decides what is asked of the store behind. */
static void plan(job *j) {
  release_parts(j);
  j->is_plain = false;
  j->nasked = 0;
  if (j->b->is_lost) {
    end_job(j, zarrc_fail(j->error, ZARRC_CONFLICT, "the value could not be opened again after it had changed"));
    return;
  }
  j->asked_at = zarrc_cache_now();
  j->mark = zarrc_cache_memory_mark(&j->b->cache->memory);
  zarrc_status status = ZARRC_OK;
  if (atomic_load(&j->b->state) != ZARRC_CACHE_PASSING && find_version(j))
    status = plan_version(j);
  else
    ask_plainly(j);
  if (status) end_job(j, status);
}

/* ----------------------------------------------------------------------------------------------------------- keeping
 */

/* Keeps bytes that were read, and gives the reader a loan of what is kept if it had one. */
static void keep(job *j, uint64_t begin, zarrc_bytes *bytes, bool is_lent) {
  zarrc_cache_store *c = j->b->cache;
  zarrc_cache_piece *p = NULL;
  if (bytes->len == 0) return;
  bool is_far = !zarrc_blob_is_near(behind(j));
  if (is_far && is_lent && bytes->release) {
    p = zarrc_cache_piece_of(c->wrapper.store.ctx, bytes);
    if (p) *bytes = zarrc_cache_piece_lend(p, 0, bytes->len);
  } else if (bytes->len < c->memory.limit) {
    p = zarrc_cache_piece_new(c->wrapper.store.ctx, bytes->len);
    if (p) memcpy((uint8_t *)p->bytes.ptr, bytes->ptr, bytes->len);
  }
  if (p) zarrc_cache_memory_put(&c->memory, j->b->key, &j->version, begin, p);
  zarrc_cache_piece_drop(p);
  if (is_far && j->version.is_told) zarrc_cache_disk_put(&c->disk, j->b->key, &j->version.identity, begin, bytes);
}

/* Notes that the version was the newest one when it was asked for. */
static void see_current(job *j) {
  j->version.seen_at = j->asked_at;
  j->version.mark = j->mark;
  zarrc_cache_tie(j->b, &j->version);
  if (!atomic_load(&j->b->is_current)) atomic_store(&j->b->is_current, true);
  zarrc_cache_memory_see(&j->b->cache->memory, j->b->key, &j->version);
}

/* ---------------------------------------------------------------------------------------------------------- answers */

/* Learns which version was read, if the store tells. Returns false if nothing is to be kept. */
static bool learn_version(job *j) {
  bool known = false;
  j->version = (zarrc_cache_version){.is_told = true};
  if (zarrc_blob_identify(behind(j), &j->version.identity, &known, NULL)) return false;
  if (!known) { /* what nobody can tell from another version is kept if it is trusted, and not changed by what was read
                 */
    uint64_t total = ZARRC_UNKNOWN;
    for (size_t i = 0; i < j->n && total == ZARRC_UNKNOWN; i++) total = j->ranges[i].total;
    if (!j->b->cache->trusted_ms || total == ZARRC_UNKNOWN || zarrc_blob_is_writable(behind(j))) return false;
    j->version = (zarrc_cache_version){.identity.nbytes = total};
  }
  for (size_t i = 0; i < j->n; i++)
    if (j->ranges[i].total != ZARRC_UNKNOWN && j->ranges[i].total != j->version.identity.nbytes) return false;
  return true;
}

/* Returns where what came of a range begins. */
static uint64_t begin_of(const job *j, const zarrc_range *r) {
  uint64_t begin, end;
  zarrc_range copy = *r;
  if (r->offset >= 0) return (uint64_t)r->offset;
  clip(&copy, j->version.identity.nbytes, &begin, &end);
  return begin;
}

/* Takes the answer to ranges that were asked for as they are. */
static void take_plain(job *j) {
  zarrc_cache_blob *b = j->b;
  for (size_t i = 0; i < j->n; i++) count(&b->cache->miss_nbytes, j->ranges[i].got.len);
  count(&b->cache->misses, j->n);
  int state = atomic_load(&b->state);
  if (state == ZARRC_CACHE_FREE && !learn_version(j)) {
    atomic_store(&b->state, ZARRC_CACHE_PASSING);
    state = ZARRC_CACHE_PASSING;
  }
  end_job(j, ZARRC_OK);
  if (state == ZARRC_CACHE_PASSING) return;
  if (state == ZARRC_CACHE_TIED) j->version = b->version;
  if (j->version.is_told) atomic_store(&b->is_held, true);
  see_current(j);
  for (size_t i = 0; i < j->n; i++) {
    uint64_t begin = begin_of(j, &j->ranges[i]), total = j->version.identity.nbytes;
    if (begin > total || j->ranges[i].got.len > total - begin) continue;
    keep(j, begin, &j->ranges[i].got, !j->ranges[i].into);
  }
}

/* Gives the reader the bytes of a span. */
static zarrc_status serve(job *j, span *s, zarrc_range *r) {
  zarrc_ctx *ctx = j->b->cache->wrapper.store.ctx;
  zarrc_cache_part *parts = (zarrc_cache_part *)(void *)j->parts.ptr + s->first;
  size_t nbytes = (size_t)(s->end - s->begin);
  bool is_one = s->nparts == 0 || (s->nparts == 1 && s->from == s->to);
  r->total = j->version.identity.nbytes;
  if (is_one && !r->into) {
    zarrc_bytes *all = s->nparts ? &parts->bytes : &s->missing;
    r->got = *all;
    *all = (zarrc_bytes){0};
    return ZARRC_OK;
  }
  zarrc_bytes joined = {.ptr = r->into, .len = nbytes};
  zarrc_status status = r->into ? ZARRC_OK : zarrc_scratch_take(ctx, nbytes, &joined, j->error);
  if (status) return status;
  uint8_t *to = (uint8_t *)joined.ptr;
  for (size_t i = 0; i < s->nparts; i++)
    if (parts[i].bytes.len) memcpy(to + (parts[i].begin - s->begin), parts[i].bytes.ptr, parts[i].bytes.len);
  if (s->missing.len) memcpy(to + (s->from - s->begin), s->missing.ptr, s->missing.len);
  r->got = joined;
  return ZARRC_OK;
}

/* Takes the answer to what was missing. */
static void take_answer(job *j) {
  zarrc_cache_store *c = j->b->cache;
  zarrc_status status = ZARRC_OK;
  bool is_changed = false;
  if (j->nasked > 0) j->is_current = true;
  for (size_t i = 0; i < j->nasked; i++) {
    const zarrc_range *a = &j->missing[i];
    is_changed |= a->got.len != a->nbytes;
    is_changed |= a->total != ZARRC_UNKNOWN && a->total != j->version.identity.nbytes;
  }
  if (is_changed) {
    zarrc_ranges_release(j->missing, j->nasked);
    meet_change(j);
    return;
  }
  if (j->nasked > 0)
    see_current(j);
  else
    zarrc_cache_tie(j->b, &j->version);
  if (!atomic_load(&j->b->is_current)) atomic_store(&j->b->is_current, true);
  size_t k = 0;
  for (size_t i = 0; i < j->n; i++) {
    span *s = &j->spans[i];
    uint64_t nmissing = s->missing.ptr ? 0 : s->to - s->from;
    if (nmissing > 0) {
      s->missing = j->missing[k++].got;
      keep(j, s->from, &s->missing, true);
      count(&c->miss_nbytes, nmissing);
    }
    count(nmissing ? &c->misses : &c->hits, 1);
    count(&c->hit_nbytes, s->end - s->begin - nmissing);
    if (!status) status = serve(j, s, &j->ranges[i]);
    if (status) zarrc_bytes_release(&j->ranges[i].got);
  }
  if (k < j->nasked) zarrc_ranges_release(j->missing + k, j->nasked - k); /* the byte that shows the version */
  if (status) zarrc_ranges_release(j->ranges, j->n);
  end_job(j, status);
}

/* Takes the status of what was asked, and the answer. */
static void settle(job *j, zarrc_status status) {
  zarrc_cache_blob *b = j->b;
  bool by_version = !j->is_plain || atomic_load(&b->is_held);
  if (status == ZARRC_CONFLICT && by_version) {
    meet_change(j);
  } else if (status == ZARRC_NOT_FOUND && by_version && atomic_load(&b->state) == ZARRC_CACHE_FREE) {
    start_again(j);
  } else if (status) {
    if (status == ZARRC_NOT_FOUND) zarrc_cache_meet_nothing(b);
    end_job(j, status);
  } else if (j->is_plain) {
    take_plain(j);
  } else {
    take_answer(j);
  }
}

/* ------------------------------------------------------------------------------------------------------------ entry */

zarrc_status zarrc_cache_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  job j = make_job(blob, ranges, n, true, error);
  while (!j.is_done) {
    plan(&j);
    if (!j.is_done) settle(&j, zarrc_blob_read(behind(&j), j.asked, j.nasked, error));
  }
  clear_job(&j);
  return j.status;
}

/* Asks for what the jobs have planned, all of it at once. requests: memory for n. */
static zarrc_status ask_all(zarrc_store *store, job *jobs, size_t n, zarrc_request *requests, zarrc_error *error) {
  size_t nasking = 0;
  for (size_t i = 0; i < n; i++) {
    job *j = &jobs[i];
    if (!j->is_done)
      requests[nasking++] = (zarrc_request){.blob = behind(j), .ranges = j->asked, .n = j->nasked, .error = j->error};
  }
  if (nasking == 0) return ZARRC_OK;
  zarrc_status status = zarrc_store_fetch(store, requests, nasking, error);
  if (status) return status;
  nasking = 0;
  for (size_t i = 0; i < n; i++)
    if (!jobs[i].is_done) settle(&jobs[i], requests[nasking++].status);
  return ZARRC_OK;
}

zarrc_status zarrc_cache_fetch(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error) {
  zarrc_cache_store *c = (zarrc_cache_store *)store;
  zarrc_bytes memory;
  size_t each = sizeof(job) + sizeof(zarrc_request);
  if (n > SIZE_MAX / each) return zarrc_fail(error, ZARRC_LIMIT, "too many values are wanted at once");
  zarrc_status status = zarrc_scratch_take(store->ctx, n * each, &memory, error);
  if (status) return status;
  job *jobs = (job *)(void *)memory.ptr;
  for (size_t i = 0; i < n; i++)
    jobs[i] = make_job(requests[i].blob, requests[i].ranges, requests[i].n, false, requests[i].error);
  for (bool more = n > 0; more && !status;) {
    more = false;
    for (size_t i = 0; i < n; i++) {
      if (!jobs[i].is_done) plan(&jobs[i]);
      more |= !jobs[i].is_done;
    }
    status = ask_all(c->wrapper.behind, jobs, n, (zarrc_request *)(void *)(jobs + n), error);
  }
  for (size_t i = 0; i < n; i++) {
    if (jobs[i].is_done) requests[i].status = jobs[i].status;
    clear_job(&jobs[i]);
  }
  zarrc_bytes_release(&memory);
  return status;
}

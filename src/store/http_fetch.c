/* SPDX-License-Identifier: MIT */
/*
 * Fetches ranges of many values at once. Each range is a request of its own, except for long ones, which are divided
 * when the first part has told the length of the value. Where a server answers a range with the whole value, that one
 * answer serves all ranges of the value. What is left to ask after a round of answers is asked in another one.
 */
#include "store/answer.h"
#include "store/http.h"

#include "base/documents.h"

#include <string.h>
#include <zarrc/plugin/blob.h>

#define PART_NBYTES  ((uint64_t)8 << 20)
#define WHOLE_NBYTES ((uint64_t)8 << 20) /* so much is taken of a value of which less was asked for */
#define WHOLE_TIMES  4                   /* or so many times of what was asked for */

enum { MAX_ROUNDS = 8 }; /* of one fetch: a range may need three */

/* What a request is for. */
typedef enum piece_aim {
  WHOLE,  /* the value, and all ranges of it */
  RANGE,  /* the range, or its beginning if it is longer than a part */
  LENGTH, /* the length of the value */
  PART    /* a later part of a range */
} piece_aim;

typedef struct job job;

/* A request of one call. */
typedef struct piece {
  zarrc_get get;
  struct piece *next;
  job *job;
  zarrc_range *range; /* that it is for; NULL: all of them */
  piece_aim aim;
  bool is_open; /* it is to be made, or made again */
  uint64_t at;  /* of a part: where it begins in the range */
} piece;

/* The ranges of one value. */
typedef struct job {
  zarrc_http_store *http;
  zarrc_http_blob *blob;
  zarrc_request *request;
  piece *whole; /* whose answer is the whole value; NULL */
  bool ignores_ranges, is_too_long;
} job;

typedef struct work {
  zarrc_ctx *ctx;
  job *jobs;
  size_t npieces;
  piece *pieces;
} work;

static zarrc_status fail(const piece *p, zarrc_status status, const char *why) {
  return zarrc_fail(p->get.error, status, "%s", why);
}

static bool is_whole(const zarrc_range *r) {
  return r && r->offset == 0 && r->to_end;
}

/* Returns whether a range may be longer than what is asked for at once. */
static bool is_long(const zarrc_range *r) {
  return r->nbytes > 2 * PART_NBYTES && r->offset >= 0;
}

static uint64_t add_capped(uint64_t a, uint64_t b) {
  return b > INT64_MAX - a ? INT64_MAX : a + b;
}

/* ------------------------------------------------------------------------------------------------------- requests */

/* Called with the head of an answer of status 200 or 206. */
static bool accept_answer(zarrc_get *get) {
  piece *p = get->arg;
  job *j = p->job;
  const zarrc_answer *a = &get->answer;
  uint64_t asked = 0, most;
  if (a->status == 206) {
    get->body.max = (size_t)(a->end - a->first);
    return true;
  }
  if (p->aim == PART || (j->whole && j->whole != p)) return false;
  for (size_t i = 0; i < j->request->n; i++) asked = add_capped(asked, j->request->ranges[i].nbytes);
  most = asked > INT64_MAX / WHOLE_TIMES ? INT64_MAX : asked * WHOLE_TIMES;
  if (most < WHOLE_NBYTES) most = WHOLE_NBYTES;
  for (size_t i = 0; i < j->request->n; i++)
    if (is_whole(&j->request->ranges[i])) most = j->request->ranges[i].nbytes;
  if (most > SIZE_MAX) most = SIZE_MAX;
  j->is_too_long = a->length != ZARRC_UNKNOWN && a->length > most;
  if (j->is_too_long) return false;
  get->body.max = (size_t)most;
  j->whole = p;
  return true;
}

static zarrc_status add_piece(work *w, job *j, zarrc_range *range, piece_aim aim, piece **out) {
  piece *p = zarrc_malloc(w->ctx, sizeof *p);
  if (!p) return zarrc_fail(j->request->error, ZARRC_NO_MEMORY, "no memory for a request");
  *p = (piece){.next = w->pieces, .job = j, .range = range, .aim = aim, .is_open = true};
  p->get.path = j->blob->path;
  p->get.accept = accept_answer;
  p->get.arg = p;
  p->get.error = j->request->error;
  p->get.body = zarrc_buf_new(w->ctx, 0);
  w->pieces = p;
  w->npieces++;
  if (out) *out = p;
  return ZARRC_OK;
}

static void ask_range(piece *p, uint64_t first, uint64_t nbytes) {
  p->get.kind = ZARRC_GET_RANGE;
  p->get.first = first;
  p->get.nbytes = nbytes > INT64_MAX - first ? INT64_MAX - first : nbytes;
}

static void ask_length(piece *p) {
  p->aim = LENGTH;
  ask_range(p, 0, 1);
}

/* Makes the request of a range. */
static zarrc_status ask(work *w, job *j, zarrc_range *r) {
  piece *p = NULL;
  zarrc_status status = add_piece(w, j, r, RANGE, &p);
  if (status) return status;
  if (r->nbytes == 0 || (r->offset < 0 && atomic_load(&j->http->lacks_suffixes))) {
    ask_length(p);
  } else if (r->offset < 0) {
    p->get.kind = ZARRC_GET_SUFFIX;
    p->get.nbytes = 0 - (uint64_t)r->offset;
  } else {
    ask_range(p, (uint64_t)r->offset, is_long(r) ? PART_NBYTES : r->nbytes);
  }
  return ZARRC_OK;
}

/* Makes the requests of all ranges of a value, or one for the whole value. */
static zarrc_status ask_all(work *w, job *j) {
  zarrc_request *r = j->request;
  bool whole = atomic_load(&j->http->ignores_ranges);
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < r->n; i++) {
    r->ranges[i].got = (zarrc_bytes){0};
    r->ranges[i].total = ZARRC_UNKNOWN;
    if (is_whole(&r->ranges[i]) && !is_long(&r->ranges[i])) whole = true;
  }
  if (whole) return add_piece(w, j, NULL, WHOLE, NULL);
  for (size_t i = 0; i < r->n && !status; i++) status = ask(w, j, &r->ranges[i]);
  return status;
}

/* --------------------------------------------------------------------------------------------------------- answers */

static void release_copy(zarrc_bytes *bytes) {
  zarrc_free(bytes->owner, (void *)bytes->ptr);
}

/* Gives a range a part of a whole value. */
static zarrc_status slice(const piece *p, const zarrc_bytes *value, zarrc_range *r) {
  zarrc_ctx *ctx = p->job->http->store.ctx;
  uint64_t start = (uint64_t)r->offset, back = 0 - start, left;
  if (r->offset < 0) start = back < value->len ? value->len - back : 0;
  left = start < value->len ? value->len - start : 0;
  r->total = value->len;
  if (r->to_end && left > r->nbytes) left = 0; /* it is too long anyway */
  if (left > r->nbytes) left = r->nbytes;
  if (left == 0) return ZARRC_OK;
  uint8_t *copy = zarrc_malloc(ctx, (size_t)left);
  if (!copy) return fail(p, ZARRC_NO_MEMORY, "no memory for what was fetched");
  memcpy(copy, value->ptr + start, (size_t)left);
  r->got = (zarrc_bytes){copy, (size_t)left, release_copy, ctx};
  return ZARRC_OK;
}

/* Gives all ranges what they want of the whole value. */
static zarrc_status serve_all(piece *p) {
  zarrc_request *r = p->job->request;
  zarrc_status status = ZARRC_OK;
  size_t only = r->n == 1 && is_whole(r->ranges) && r->ranges->nbytes >= p->get.body.len ? 0 : r->n;
  zarrc_bytes value = zarrc_buf_take(&p->get.body);
  for (size_t i = 0; i < r->n && !status; i++) {
    zarrc_bytes_release(&r->ranges[i].got);
    r->ranges[i].total = value.len;
    if (i != only) status = slice(p, &value, &r->ranges[i]);
  }
  if (only == 0 && !status)
    r->ranges->got = value;
  else
    zarrc_bytes_release(&value);
  return status;
}

/* Asks for the last bytes by their place, when the length of the value is known; or knows that they are nothing. */
static zarrc_status settle_length(piece *p, uint64_t total) {
  zarrc_range *r = p->range;
  uint64_t back = 0 - (uint64_t)r->offset;
  r->total = total;
  p->aim = RANGE;
  if (r->offset >= 0 || total == 0 || r->nbytes == 0) {
    bool is_inside = r->nbytes > 0 && r->offset >= 0 && (uint64_t)r->offset < total;
    return is_inside ? fail(p, ZARRC_NETWORK, "the server has no such range, although the value is longer") : ZARRC_OK;
  }
  p->is_open = true;
  ask_range(p, back < total ? total - back : 0, back < total ? back : total);
  return ZARRC_OK;
}

/* Learns from an answer with the whole value, which may not have been asked for. */
static zarrc_status settle_whole(piece *p) {
  job *j = p->job;
  const zarrc_answer *a = &p->get.answer;
  uint64_t asked = p->range ? p->range->nbytes : 0;
  bool is_longer = p->get.first > 0 || a->length == ZARRC_UNKNOWN || a->length > asked;
  if (p->get.kind == ZARRC_GET_RANGE && a->length != 0 && is_longer) atomic_store(&j->http->ignores_ranges, true);
  if (p->get.kind == ZARRC_GET_SUFFIX && a->length != 0) atomic_store(&j->http->lacks_suffixes, true);
  if (p->get.is_cut && p->aim == LENGTH && a->length != ZARRC_UNKNOWN) {
    zarrc_status status = zarrc_http_see(j->blob, a, a->length, p->get.error);
    return status ? status : settle_length(p, a->length);
  }
  if (p->get.is_cut && j->whole != p && !j->is_too_long && p->aim != PART) { /* another answer serves all */
    p->is_open = !j->whole || j->whole->get.answer.status != 200;
    return ZARRC_OK;
  }
  zarrc_request *r = j->request;
  bool by_suffix = p->get.kind == ZARRC_GET_SUFFIX && p->get.is_cut;
  if (by_suffix) {
    j->whole = NULL;
    p->is_open = true;
    ask_length(p);
    return ZARRC_OK;
  }
  if (!p->get.is_cut) {
    zarrc_status status = zarrc_http_see(j->blob, a, p->get.body.len, p->get.error);
    return status ? status : serve_all(p);
  }
  for (size_t i = 0; i < r->n; i++) {
    if (!is_whole(&r->ranges[i])) continue; /* a value that is longer than a reader of all of it allows */
    if (a->length == ZARRC_UNKNOWN)
      return zarrc_fail(p->get.error, ZARRC_LIMIT, "more than %llu bytes, the most that may be read",
                        (unsigned long long)r->ranges[i].nbytes);
    for (size_t k = 0; k < r->n; k++) r->ranges[k].total = a->length;
    return r->n == 1 ? zarrc_http_see(j->blob, a, a->length, p->get.error)
                     : fail(p, ZARRC_LIMIT, "the value is longer than may be read");
  }
  return fail(p, ZARRC_NETWORK, "the server ignores Range, and the value is too long to be read as a whole for a part");
}

/* Divides the rest of a range whose beginning has come into parts, in memory for all of them. */
static zarrc_status divide(work *w, piece *p, uint64_t nbytes) {
  size_t n = p->get.body.len;
  uint8_t *memory = zarrc_realloc(w->ctx, p->get.body.ptr, (size_t)nbytes);
  if (!memory) return fail(p, ZARRC_NO_MEMORY, "no memory for a range");
  p->get.body =
      (zarrc_buf){.ptr = memory, .len = (size_t)nbytes, .cap = (size_t)nbytes, .max = (size_t)nbytes, .ctx = w->ctx};
  p->range->got = zarrc_buf_take(&p->get.body);
  for (uint64_t at = n; at < nbytes; at += PART_NBYTES) {
    uint64_t left = nbytes - at < PART_NBYTES ? nbytes - at : PART_NBYTES;
    piece *part = NULL;
    zarrc_status status = add_piece(w, p->job, p->range, PART, &part);
    if (status) return status;
    part->at = at;
    part->get.body = zarrc_buf_over(memory + at, (size_t)left);
    ask_range(part, (uint64_t)p->range->offset + at, left);
  }
  return ZARRC_OK;
}

/* Takes the bytes of a range, or of its beginning. */
static zarrc_status settle_range(work *w, piece *p) {
  const zarrc_answer *a = &p->get.answer;
  zarrc_range *r = p->range;
  zarrc_status status = zarrc_http_see(p->job->blob, a, a->total, p->get.error);
  if (p->job->whole == p) p->job->whole = NULL; /* it was to be, before the request was made again */
  if (status || p->aim == PART) return status;
  r->total = a->total;
  uint64_t left = r->nbytes, offset = p->get.first;
  if (p->aim == RANGE && r->offset >= 0 && is_long(r) && a->total != ZARRC_UNKNOWN && a->total > a->end) {
    if (left > a->total - offset) left = a->total - offset;
    if (r->to_end && a->total - offset > r->nbytes) return ZARRC_OK; /* too long anyway */
    if (left > SIZE_MAX) return fail(p, ZARRC_LIMIT, "a range is larger than memory");
    if (left > p->get.body.len) return divide(w, p, left);
  }
  r->got = zarrc_buf_take(&p->get.body);
  if (r->got.len > r->nbytes) r->got.len = (size_t)r->nbytes;
  return ZARRC_OK;
}

/* Learns from the refusal of a range. */
static zarrc_status settle_refused(piece *p) {
  const zarrc_answer *a = &p->get.answer;
  bool is_suffix = p->get.kind == ZARRC_GET_SUFFIX;
  if (is_suffix && (a->status != 416 || a->total == ZARRC_UNKNOWN || a->total > 0))
    atomic_store(&p->job->http->lacks_suffixes, true);
  if (a->status == 416 && a->total != ZARRC_UNKNOWN) return settle_length(p, a->total);
  if (a->status == 416 && !is_suffix && p->get.first == 0) return settle_length(p, 0);
  p->is_open = true;
  ask_length(p);
  return ZARRC_OK;
}

static bool means_missing(const piece *p) {
  const job *j = p->job;
  int status = p->get.answer.status;
  if (status == 403) return j->http->missing_403 && !zarrc_name_is_document(zarrc_key_name(j->blob->key));
  return status == 404 || status == 410;
}

/* Looks at the answer to a request. */
static zarrc_status settle(work *w, piece *p) {
  int status = p->get.answer.status;
  p->is_open = false;
  if (p->get.status) return p->get.status;
  if (status == 200) return settle_whole(p);
  if (status == 206 && p->aim == LENGTH) {
    zarrc_status failed = zarrc_http_see(p->job->blob, &p->get.answer, p->get.answer.total, p->get.error);
    if (failed) return failed;
    if (p->get.answer.total == ZARRC_UNKNOWN && p->range->nbytes > 0)
      return fail(p, ZARRC_NETWORK, "the server does not say how long the value is");
    return settle_length(p, p->get.answer.total);
  }
  if (status == 206) return settle_range(w, p);
  if (means_missing(p)) {
    zarrc_http_kind *kind = &p->job->blob->version.kind;
    bool was_there = *kind != ZARRC_HTTP_UNSEEN && *kind != ZARRC_HTTP_ABSENT;
    if (!was_there) *kind = ZARRC_HTTP_ABSENT;
    return was_there ? fail(p, ZARRC_CONFLICT, "the value has been removed since it was read first")
                     : fail(p, ZARRC_NOT_FOUND, "no value");
  }
  if (status == 412 && *p->get.if_match)
    return fail(p, ZARRC_CONFLICT, "the value has changed since it was read first");
  bool is_suffix = p->get.kind == ZARRC_GET_SUFFIX;
  if (status == 416 && p->get.kind != ZARRC_GET_ALL && p->aim != PART) return settle_refused(p);
  if (is_suffix && (status == 400 || status == 501)) return settle_refused(p);
  return zarrc_answer_fail(&p->get.answer, p->get.ntries, p->get.error);
}

/* ------------------------------------------------------------------------------------------------------- all of it */

static void drop_pieces(work *w) {
  while (w->pieces) {
    piece *p = w->pieces;
    w->pieces = p->next;
    zarrc_buf_clear(&p->get.body);
    zarrc_free(w->ctx, p);
  }
  w->npieces = 0;
}

static void fail_job(job *j, zarrc_status status) {
  zarrc_request *r = j->request;
  r->status = r->error ? r->error->code : status; /* of several failures the error is about the last one */
  zarrc_ranges_release(r->ranges, r->n);
}

/* Prepares a request to be made, or made again. */
static void renew(piece *p) {
  zarrc_get *get = &p->get;
  get->status = ZARRC_OK;
  get->is_cut = false;
  if (p->aim != PART) zarrc_buf_clear(&get->body);
  memset(&get->own, 0, sizeof get->own);
  zarrc_http_version_write(p->job->blob, get->if_match, sizeof get->if_match);
}

/* Makes the requests that are to be made, and looks at the answers. *more: others are to be made by now. */
static zarrc_status run_round(work *w, bool *more, zarrc_error *error) {
  size_t n = 0;
  zarrc_get **gets = zarrc_malloc(w->ctx, w->npieces * sizeof *gets);
  if (!gets) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for requests");
  for (piece *p = w->pieces; p; p = p->next) {
    if (!p->is_open || p->job->request->status) continue;
    renew(p);
    gets[n++] = &p->get;
  }
  for (size_t i = 0; i < n / 2; i++) { /* the list has the last one first */
    zarrc_get *other = gets[i];
    gets[i] = gets[n - 1 - i];
    gets[n - 1 - i] = other;
  }
  zarrc_status status = zarrc_transport_run(w->jobs->http->transport, gets, n, error);
  for (size_t i = 0; i < n && !status; i++) {
    piece *p = gets[i]->arg;
    if (p->job->request->status) continue;
    zarrc_status failed = settle(w, p);
    if (failed) fail_job(p->job, failed);
  }
  *more = false;
  for (const piece *p = w->pieces; p && !*more; p = p->next) *more = p->is_open && !p->job->request->status;
  zarrc_free(w->ctx, gets);
  return status;
}

zarrc_status zarrc_http_fetch(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error) {
  work w = {.ctx = store->ctx};
  if (n == 0) return ZARRC_OK;
  w.jobs = n <= SIZE_MAX / sizeof *w.jobs ? zarrc_malloc(w.ctx, n * sizeof *w.jobs) : NULL;
  if (!w.jobs) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for requests");
  for (size_t i = 0; i < n; i++) {
    requests[i].status = ZARRC_OK;
    w.jobs[i] =
        (job){.http = (zarrc_http_store *)store, .blob = (zarrc_http_blob *)requests[i].blob, .request = &requests[i]};
    zarrc_status failed = ask_all(&w, &w.jobs[i]);
    if (failed) fail_job(&w.jobs[i], failed);
  }
  zarrc_status status = ZARRC_OK;
  bool more = true;
  for (int round = 0; !status && more; round++) {
    if (round == MAX_ROUNDS) status = zarrc_fail(error, ZARRC_NETWORK, "the server's answers contradict each other");
    if (!status) status = run_round(&w, &more, error);
  }
  drop_pieces(&w);
  zarrc_free(w.ctx, w.jobs);
  return status;
}

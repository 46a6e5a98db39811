/* SPDX-License-Identifier: MIT */
/*
 * Fetches ranges of many members of an archive that is far away, all at once. Where the bytes of a member begin is only
 * known from its local header, in which there is a field of unknown length behind the name. So header and bytes are
 * asked for together, with some bytes more. Only if the field is longer than those the bytes are asked for again.
 */
#include "store/zip.h"
#include "store/zip_stored.h"

#include <string.h>
#include <zarrc/plugin/blob.h>

/* Bytes that the field is allowed to have. */
enum { FIELD_NBYTES = 64 };
/* A range that begins so close to the beginning of its member is asked for together with the header. */
#define NEAR_NBYTES ((uint64_t)4 << 10)

/* A range of the archive. */
typedef struct piece {
  size_t request;     /* that it is for */
  zarrc_range *range; /* of the member; NULL: none, or all of a deflated member */
  bool has_header;    /* it begins with the header of the member */
  zarrc_zip_shared *bytes;
} piece;

typedef struct work {
  zarrc_zip_store *z;
  zarrc_request *requests;
  size_t n;
  zarrc_buf pieces; /* piece items */
  zarrc_buf ranges; /* zarrc_range items, one of the archive for each piece */
} work;

static zarrc_zip_blob *blob_of(const zarrc_request *r) {
  return (zarrc_zip_blob *)r->blob;
}

static piece *piece_at(const work *w, size_t i) {
  return (piece *)(void *)w->pieces.ptr + i;
}

static zarrc_range *range_at(const work *w, size_t i) {
  return (zarrc_range *)(void *)w->ranges.ptr + i;
}

static size_t npieces(const work *w) {
  return w->pieces.len / sizeof(piece);
}

/* Ends a request with a failure. */
static void fail_request(zarrc_request *r, zarrc_status status) {
  r->status = status;
  zarrc_ranges_release(r->ranges, r->n);
}

/* Computes which part of a range exists; returns its length. */
static uint64_t locate(const zarrc_range *r, uint64_t total, uint64_t *start) {
  uint64_t offset = (uint64_t)r->offset, back = 0 - offset;
  *start = r->offset >= 0 ? offset : back < total ? total - back : 0;
  if (*start > total) *start = total;
  uint64_t left = total - *start;
  if (r->to_end && left > r->nbytes) return 0; /* it is too long anyway */
  return left < r->nbytes ? left : r->nbytes;
}

/* ------------------------------------------------------------------------------------------------------- asking */

static zarrc_status ask(work *w, size_t request, zarrc_range *range, bool has_header, uint64_t begin, uint64_t end) {
  zarrc_error *error = w->requests[request].error;
  const piece p = {.request = request, .range = range, .has_header = has_header};
  if (end > w->z->directory.end) end = w->z->directory.end;
  if (begin > end) begin = end;
  const zarrc_range r = {.offset = (int64_t)begin, .nbytes = end - begin, .total = ZARRC_UNKNOWN};
  zarrc_status status = zarrc_buf_append(&w->pieces, &p, sizeof p, error);
  if (!status) status = zarrc_buf_append(&w->ranges, &r, sizeof r, error);
  if (status) w->pieces.len = w->ranges.len / sizeof r * sizeof p;
  return status;
}

/* Asks for what is missing of a member. */
static zarrc_status ask_member(work *w, size_t i) {
  zarrc_request *r = &w->requests[i];
  const zarrc_zip_blob *b = blob_of(r);
  const zarrc_zip_member *m = b->member;
  uint64_t header = m->at, start = 0, nbytes = m->nstored;
  uint64_t data = header + ZARRC_ZIP_LOCAL_NBYTES + strlen(b->z->directory.names + m->name);
  uint64_t room = FIELD_NBYTES;
  bool has_header = false;
  if (b->data) {
    data = b->data;
    room = 0;
  }
  if (m->method) return ask(w, i, NULL, !b->data, b->data ? data : header, data + room + nbytes);
  zarrc_status status = ZARRC_OK;
  for (size_t k = 0; k < r->n && !status; k++) {
    zarrc_range *range = &r->ranges[k];
    nbytes = locate(range, m->nbytes, &start);
    if (range->got.ptr || nbytes == 0) continue;
    bool joins = !b->data && !has_header && start <= NEAR_NBYTES;
    status = ask(w, i, range, joins, joins ? header : data + start, data + start + room + nbytes);
    has_header |= joins;
  }
  if (!status && !b->data && !has_header) status = ask(w, i, NULL, true, header, data);
  return status;
}

/* ------------------------------------------------------------------------------------------------------- taking */

/* Returns where bytes of the archive are in a piece; NULL: they are not all there. */
static const uint8_t *find(const work *w, size_t k, uint64_t begin, uint64_t nbytes) {
  uint64_t at = (uint64_t)range_at(w, k)->offset;
  const zarrc_bytes *bytes = &piece_at(w, k)->bytes->bytes;
  if (begin < at || begin - at > bytes->len || nbytes > bytes->len - (begin - at)) return NULL;
  return bytes->ptr + (begin - at);
}

static zarrc_status take_range(const work *w, size_t k, zarrc_error *error) {
  piece *p = piece_at(w, k);
  const zarrc_zip_blob *b = blob_of(&w->requests[p->request]);
  const zarrc_zip_member *m = b->member;
  uint64_t start, nbytes = locate(p->range, m->nbytes, &start);
  const uint8_t *bytes = find(w, k, b->data + start, nbytes);
  if (!bytes) return ZARRC_OK; /* it is asked for again */
  p->range->got = zarrc_zip_lend(p->bytes, (size_t)(bytes - p->bytes->bytes.ptr), (size_t)nbytes);
  zarrc_status status = nbytes == m->nbytes ? zarrc_zip_check_crc(m->crc, &p->range->got, error) : ZARRC_OK;
  return status;
}

static zarrc_status take_deflated(const work *w, size_t k, zarrc_error *error) {
  zarrc_zip_blob *b = blob_of(&w->requests[piece_at(w, k)->request]);
  const uint8_t *bytes = find(w, k, b->data, b->member->nstored);
  if (!bytes || b->decoded) return ZARRC_OK;
  return zarrc_zip_decode(b, &(zarrc_bytes){.ptr = bytes, .len = (size_t)b->member->nstored}, error);
}

static zarrc_status take_header(const work *w, size_t k, zarrc_error *error) {
  zarrc_zip_blob *b = blob_of(&w->requests[piece_at(w, k)->request]);
  size_t nbytes = ZARRC_ZIP_LOCAL_NBYTES + strlen(b->z->directory.names + b->member->name);
  const uint8_t *header = find(w, k, b->member->at, nbytes);
  if (!header) return zarrc_fail(error, ZARRC_CORRUPT, "this member is not inside the zip archive");
  return zarrc_zip_take_header(b, header, error);
}

/* Takes the pieces: first all headers, then what they are needed for. */
static void take_pieces(work *w) {
  for (int turn = 0; turn < 2; turn++)
    for (size_t k = 0; k < npieces(w); k++) {
      const piece *p = piece_at(w, k);
      zarrc_request *r = &w->requests[p->request];
      const zarrc_zip_blob *b = blob_of(r);
      zarrc_status status = ZARRC_OK;
      if (r->status) continue;
      if (turn == 0)
        status = p->has_header ? take_header(w, k, r->error) : ZARRC_OK;
      else if (b->member->method)
        status = take_deflated(w, k, r->error);
      else if (p->range)
        status = take_range(w, k, r->error);
      if (status) fail_request(r, zarrc_zip_blame(status, r->error));
    }
}

/* Gives the ranges of a deflated member, and those of no bytes, what they want. Returns whether something is missing.
 */
static bool serve_rest(zarrc_request *r) {
  const zarrc_zip_blob *b = blob_of(r);
  bool is_missing = !b->data || (b->member->method && !b->decoded);
  for (size_t k = 0; k < r->n && !is_missing; k++) {
    zarrc_range *range = &r->ranges[k];
    uint64_t start, nbytes = locate(range, b->member->nbytes, &start);
    if (range->got.ptr || nbytes == 0) continue;
    is_missing = !b->member->method;
    if (!is_missing) range->got = zarrc_zip_lend(b->decoded, (size_t)start, (size_t)nbytes);
  }
  return is_missing;
}

/* ------------------------------------------------------------------------------------------------------- rounds */

static void clear_pieces(work *w) {
  for (size_t k = 0; k < npieces(w); k++) zarrc_zip_drop(piece_at(w, k)->bytes);
  w->pieces.len = w->ranges.len = 0;
}

static void fail_open(work *w, const bool *is_open, zarrc_status status, const zarrc_error *why) {
  for (size_t i = 0; i < w->n; i++) {
    if (!is_open[i] || w->requests[i].status) continue;
    if (w->requests[i].error) *w->requests[i].error = *why;
    fail_request(&w->requests[i], status);
  }
}

/* Asks for what the open requests need, and takes what comes. */
static zarrc_status run_round(work *w, bool *is_open, bool *more, zarrc_error *error) {
  zarrc_error why = {0};
  zarrc_request all = {.blob = w->z->archive.blob, .error = &why};
  for (size_t i = 0; i < w->n; i++) {
    if (!is_open[i]) continue;
    zarrc_status status = ask_member(w, i);
    if (status) fail_request(&w->requests[i], status);
  }
  all.ranges = range_at(w, 0);
  all.n = npieces(w);
  zarrc_status status = all.n ? zarrc_store_fetch(w->z->archives, &all, 1, error) : ZARRC_OK;
  if (status) return status;
  if (all.n && all.status) { /* of one archive: there is none any more, or another one */
    if (all.status == ZARRC_NOT_FOUND)
      all.status = zarrc_fail(&why, ZARRC_CONFLICT, "the zip archive has been removed");
    fail_open(w, is_open, all.status, &why);
  }
  for (size_t k = 0; k < all.n && !all.status; k++) {
    piece *p = piece_at(w, k);
    zarrc_range *r = range_at(w, k);
    p->bytes = zarrc_zip_share(w->z->store.ctx, &r->got);
    if (p->bytes) continue;
    zarrc_ranges_release(r, all.n - k);
    clear_pieces(w);
    return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for what was fetched");
  }
  if (!all.status) take_pieces(w);
  clear_pieces(w);
  *more = false;
  for (size_t i = 0; i < w->n; i++) {
    is_open[i] = is_open[i] && !w->requests[i].status && serve_rest(&w->requests[i]);
    *more |= is_open[i];
  }
  return ZARRC_OK;
}

/* Begins a request. Returns whether something has to be fetched for it. */
static bool begin_request(zarrc_request *r) {
  const zarrc_zip_blob *b = blob_of(r);
  r->status = ZARRC_OK;
  for (size_t k = 0; k < r->n; k++) {
    r->ranges[k].got = (zarrc_bytes){0};
    r->ranges[k].total = b->member ? b->member->nbytes : ZARRC_UNKNOWN;
  }
  r->status = zarrc_zip_check(b, r->error);
  return !r->status && serve_rest(r);
}

zarrc_status zarrc_zip_fetch(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error) {
  enum { MOST_ROUNDS = 2 };
  work w = {.z = (zarrc_zip_store *)store, .requests = requests, .n = n};
  w.pieces = w.ranges = zarrc_buf_new(store->ctx, SIZE_MAX);
  zarrc_bytes memory;
  zarrc_status status = zarrc_scratch_take(store->ctx, n * sizeof(bool), &memory, error);
  if (status) return status;
  bool *is_open = (bool *)memory.ptr, more = false;
  for (size_t i = 0; i < n; i++) {
    is_open[i] = begin_request(&requests[i]);
    more |= is_open[i];
  }
  for (int round = 0; more && !status; round++) {
    if (round == MOST_ROUNDS) {
      zarrc_error why = {0};
      fail_open(&w, is_open, zarrc_fail(&why, ZARRC_CORRUPT, "this member is not inside the zip archive"), &why);
      break;
    }
    status = run_round(&w, is_open, &more, error);
  }
  zarrc_buf_clear(&w.pieces);
  zarrc_buf_clear(&w.ranges);
  zarrc_bytes_release(&memory);
  return status;
}

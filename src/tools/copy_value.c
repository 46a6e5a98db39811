/* SPDX-License-Identifier: MIT */
/* Copies and compares stored values, long ones in pieces. */
#include "tools/copy.h"

#include <string.h>
#include <zarrc/plugin/store.h>

/* The source of a value that is copied in pieces. status, why: a failure to read it. */
typedef struct feed {
  zarrc_ctx *ctx;
  zarrc_blob *from;
  uint64_t at, total, piece;
  zarrc_status status;
  zarrc_error why;
} feed;

static zarrc_status blame(zarrc_status status, const zarrc_copy_place *place, zarrc_error *error) {
  if (status && status != ZARRC_CANCELED) zarrc_error_in_key(error, place->store, place->key);
  return status;
}

static zarrc_status read_piece(zarrc_ctx *ctx, zarrc_blob *from, uint64_t at, uint64_t nbytes, zarrc_range *out,
                               zarrc_error *error) {
  *out = (zarrc_range){.offset = (int64_t)at, .nbytes = nbytes};
  zarrc_status status = zarrc_ctx_check_canceled(ctx, error);
  return status ? status : zarrc_blob_read(from, out, 1, error);
}

static zarrc_status feed_next(void *state, zarrc_parts *parts, zarrc_error *error) {
  feed *f = state;
  zarrc_range range;
  uint64_t nbytes = f->total - f->at < f->piece ? f->total - f->at : f->piece;
  if (nbytes == 0) return ZARRC_OK;
  f->status = read_piece(f->ctx, f->from, f->at, nbytes, &range, &f->why);
  if (f->status) return zarrc_fail(error, f->status, "the source cannot be read");
  f->at += nbytes;
  return zarrc_parts_push(parts, range.got, error);
}

static void feed_close(void *state) {
  (void)state;
}

static zarrc_status copy_pieces(feed *f, zarrc_blob *to, zarrc_error *error) {
  static const zarrc_source source = {sizeof(zarrc_source), feed_next, feed_close};
  zarrc_parts parts;
  zarrc_parts_init(&parts, f->ctx);
  parts.source = &source;
  parts.source_state = f;
  zarrc_status status = feed_next(f, &parts, error);
  if (!status && f->at == f->total) { /* everything is in one piece */
    zarrc_bytes whole = parts.nitems > 0 ? parts.items[0] : (zarrc_bytes){.ptr = (const void *)""};
    status = zarrc_blob_replace(to, &whole, 1, false, error);
  } else if (!status) {
    status = zarrc_blob_replace_from(to, &parts, false, error);
  }
  zarrc_parts_clear(&parts);
  return status;
}

zarrc_status zarrc_copy_value(const zarrc_copy_place *from, const zarrc_copy_place *to, uint64_t piece,
                              uint64_t *nbytes, zarrc_copy_side *side, zarrc_error *error) {
  zarrc_key_blob source, target = {0};
  feed f = {.ctx = from->store->ctx, .piece = piece};
  zarrc_range range;
  *side = ZARRC_COPY_SOURCE;
  zarrc_status status = zarrc_key_blob_open(&source, from->store, from->key, error);
  f.from = source.blob;
  if (!status) status = read_piece(f.ctx, f.from, 0, 0, &range, error);
  if (status) goto done;
  f.total = range.total;
  zarrc_bytes_release(&range.got); /* it has no bytes, but may hold a reference */
  status = zarrc_key_blob_open(&target, to->store, to->key, error);
  if (!status && !zarrc_blob_get_traits(target.blob).streams) f.piece = UINT64_MAX;
  if (!status) status = copy_pieces(&f, target.blob, error);
  if (f.status && error) *error = f.why;
  if (!f.status) *side = ZARRC_COPY_TARGET;
  *nbytes = f.total;
done:
  zarrc_key_blob_close(&target);
  zarrc_key_blob_close(&source);
  return blame(status, *side == ZARRC_COPY_SOURCE ? from : to, error);
}

typedef struct comparison {
  const zarrc_copy_place *from, *to;
  zarrc_key_blob one, other;
  bool same;
} comparison;

/* Compares the next piece. */
static zarrc_status compare_piece(comparison *c, uint64_t at, uint64_t nbytes, uint64_t *total, zarrc_error *error) {
  zarrc_ctx *ctx = c->from->store->ctx;
  zarrc_range a = {0}, b = {0};
  zarrc_status status = blame(read_piece(ctx, c->one.blob, at, nbytes, &a, error), c->from, error);
  if (!status) status = blame(read_piece(ctx, c->other.blob, at, nbytes, &b, error), c->to, error);
  c->same = !status && a.total == b.total && (nbytes == 0 || !memcmp(a.got.ptr, b.got.ptr, (size_t)nbytes));
  *total = a.total;
  zarrc_ranges_release(&a, 1);
  zarrc_ranges_release(&b, 1);
  return status;
}

zarrc_status zarrc_copy_compare(const zarrc_copy_place *from, const zarrc_copy_place *to, uint64_t piece,
                                zarrc_error *error) {
  comparison c = {.from = from, .to = to, .same = true};
  uint64_t total = 0;
  zarrc_status status = zarrc_key_blob_open(&c.one, from->store, from->key, error);
  if (!status) status = zarrc_key_blob_open(&c.other, to->store, to->key, error);
  if (!status) status = compare_piece(&c, 0, 0, &total, error);
  for (uint64_t at = 0, n; !status && c.same && at < total; at += n) {
    n = total - at < piece ? total - at : piece;
    status = compare_piece(&c, at, n, &total, error);
  }
  if (!status && !c.same)
    status = blame(zarrc_fail(error, ZARRC_CORRUPT, "the copy differs from the source"), to, error);
  zarrc_key_blob_close(&c.other);
  zarrc_key_blob_close(&c.one);
  return status;
}

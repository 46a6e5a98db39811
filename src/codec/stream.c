/* SPDX-License-Identifier: MIT */
#include "codec/stream.h"
#include "base/checked.h"

/* The most bytes of input and output between two checks for cancellation. */
#define STEP_NBYTES ((size_t)1 << 20)

zarrc_status zarrc_stream_too_long(const zarrc_buf *out, zarrc_error *error) {
  return zarrc_fail(error, ZARRC_SIZE_MISMATCH, "decodes to more than %zu bytes", out->max);
}

zarrc_status zarrc_stream_grow(zarrc_buf *out, size_t bound, bool *grown, zarrc_error *error) {
  size_t more = out->cap < 65536 ? 65536 : out->cap;
  *grown = out->cap < bound;
  if (!*grown) return ZARRC_OK;
  if (more > bound - out->cap) more = bound - out->cap;
  return zarrc_buf_reserve(out, out->cap - out->len + more, error);
}

static size_t lesser(size_t a, size_t b) {
  return a < b ? a : b;
}

/* How far a loop of steps has come. */
typedef struct walk {
  zarrc_ctx *ctx;
  const zarrc_stream *stream;
  zarrc_bytes in;
  size_t at;       /* the next byte of `in` */
  bool moved, end; /* the last step has taken or made something; has reached the end of a stream */
} walk;

/* Makes a step to the end of out, which has `room` more bytes. */
static zarrc_status make_step(walk *w, zarrc_buf *out, size_t room, zarrc_error *error) {
  size_t nin = lesser(w->in.len - w->at, STEP_NBYTES), nout = lesser(room, STEP_NBYTES);
  zarrc_stream_step step = {
      w->in.ptr ? w->in.ptr + w->at : NULL, out->ptr + out->len, nin, nout, w->at + nin == w->in.len, false};
  zarrc_status status = zarrc_ctx_check_canceled(w->ctx, error);
  if (!status) status = w->stream->step(w->stream->state, &step, error);
  w->moved = step.nin < nin || step.nout < nout || step.end;
  w->end = step.end;
  w->at += nin - step.nin;
  out->len += nout - step.nout;
  return status;
}

/* Where out is full: takes a step whose output must be nothing. */
static zarrc_status make_last_step(walk *w, const zarrc_buf *full, zarrc_error *error) {
  uint8_t beyond;
  zarrc_buf out = zarrc_buf_over(&beyond, 1);
  zarrc_status status = make_step(w, &out, 1, error);
  return !status && out.len ? zarrc_stream_too_long(full, error) : status;
}

zarrc_status zarrc_stream_decode(zarrc_ctx *ctx, const zarrc_stream *stream, const zarrc_bytes *in, size_t need,
                                 zarrc_buf *out, zarrc_error *error) {
  size_t guess = in->len > out->max / 4 ? out->max : 4 * in->len;
  walk w = {.ctx = ctx, .stream = stream, .in = *in, .moved = true, .end = true};
  zarrc_status status = zarrc_buf_reserve(out, lesser(need, guess), error);
  if (!status && !in->len) status = zarrc_fail(error, ZARRC_TRUNCATED, "there is no byte");
  while (!status && out->len < need && !(w.end && w.at == in->len)) {
    size_t room = lesser(need, out->cap) - out->len;
    bool grown = false;
    if (w.end) status = stream->begin(stream->state, error);
    w.end = false;
    if (!status && !room) status = zarrc_stream_grow(out, out->max, &grown, error);
    if (status || grown) continue;
    status = room ? make_step(&w, out, room, error) : make_last_step(&w, out, error);
    if (!status && !w.moved) status = zarrc_fail(error, ZARRC_TRUNCATED, "the compressed data is cut off");
  }
  return status;
}

zarrc_status zarrc_stream_encode(zarrc_ctx *ctx, const zarrc_stream *stream, zarrc_parts *parts, zarrc_error *error) {
  walk w = {.ctx = ctx, .stream = stream, .moved = true};
  bool grown;
  zarrc_buf out = zarrc_buf_new(ctx, SIZE_MAX / 2);
  zarrc_status status = zarrc_parts_join(parts, &w.in, error);
  if (!status) status = zarrc_buf_reserve(&out, w.in.len / 2 + 1024, error);
  if (!status) status = stream->begin(stream->state, error);
  while (!status && !w.end) {
    if (out.len == out.cap) status = zarrc_stream_grow(&out, out.max, &grown, error);
    if (!status) status = make_step(&w, &out, out.cap - out.len, error);
    if (!status && !w.moved) status = zarrc_fail(error, ZARRC_INTERNAL, "the compressor does not go on");
  }
  if (status) {
    zarrc_buf_clear(&out);
    return status;
  }
  zarrc_parts_clear(parts);
  return zarrc_parts_push(parts, zarrc_buf_take(&out), error);
}

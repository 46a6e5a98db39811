/* SPDX-License-Identifier: MIT */
/* Compressors that are called with some bytes of input and some room for output at a time. */
#ifndef ZARRC_CODEC_STREAM_H
#define ZARRC_CODEC_STREAM_H

#include <zarrc/base.h>
#include <zarrc/plugin/blob.h>

/* Versions of the libraries that work like this; NULL: none. */
const char *zarrc_bz2_version(void);
const char *zarrc_lzma_version(void);

/* A step: what is left of the input and of the room, which the step makes less. */
typedef struct zarrc_stream_step {
  const uint8_t *in;
  uint8_t *out;
  size_t nin, nout;
  bool last; /* there is no more input than this */
  bool end;  /* set: the stream is complete */
} zarrc_stream_step;

typedef struct zarrc_stream {
  void *state;
  zarrc_status (*begin)(void *state, zarrc_error *error); /* begins a stream, after the end of another too */
  zarrc_status (*step)(void *state, zarrc_stream_step *step, zarrc_error *error);
} zarrc_stream;

/* Decodes streams, one after another, until at least `need` bytes were appended or all of the input is decoded.
 * ZARRC_TRUNCATED: it ends within a stream; ZARRC_SIZE_MISMATCH: it decodes to more than fits. */
zarrc_status zarrc_stream_decode(zarrc_ctx *ctx, const zarrc_stream *stream, const zarrc_bytes *in, size_t need,
                                 zarrc_buf *out, zarrc_error *error);

/* Replaces all pieces by the stream that they are encoded to. */
zarrc_status zarrc_stream_encode(zarrc_ctx *ctx, const zarrc_stream *stream, zarrc_parts *parts, zarrc_error *error);

/* Doubles the capacity of out, up to bound; *grown = false: it has that capacity already. */
zarrc_status zarrc_stream_grow(zarrc_buf *out, size_t bound, bool *grown, zarrc_error *error);
zarrc_status zarrc_stream_too_long(const zarrc_buf *out, zarrc_error *error);

#endif

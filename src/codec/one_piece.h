/* SPDX-License-Identifier: MIT */
/* Helper for encoders that need all bytes at once and make one piece of them. */
#ifndef ZARRC_CODEC_ONE_PIECE_H
#define ZARRC_CODEC_ONE_PIECE_H

#include <zarrc/base.h>
#include <zarrc/plugin/blob.h>

typedef struct zarrc_one_piece {
  zarrc_parts made;
  zarrc_bytes in;  /* all input bytes */
  uint8_t *memory; /* of the new piece */
} zarrc_one_piece;

/* Begin: `in` is valid until the end. Add a new piece of at most `bound` bytes, where `parts` wants it. */
static inline zarrc_status zarrc_one_piece_join(zarrc_one_piece *p, zarrc_parts *parts, zarrc_error *error) {
  zarrc_parts_init(&p->made, parts->ctx);
  p->memory = NULL;
  return zarrc_parts_join(parts, &p->in, error);
}

static inline zarrc_status zarrc_one_piece_add(zarrc_one_piece *p, zarrc_parts *parts, size_t bound,
                                               zarrc_error *error) {
  p->made.into = parts->into;
  p->made.into_nbytes = parts->into_nbytes;
  return zarrc_parts_add(&p->made, bound, &p->memory, error);
}

/* Replaces all pieces by the new one, which has nbytes bytes. */
static inline zarrc_status zarrc_one_piece_end(zarrc_one_piece *p, zarrc_parts *parts, size_t nbytes,
                                               zarrc_error *error) {
  zarrc_parts_trim(&p->made, nbytes);
  zarrc_bytes piece = p->made.items[0];
  p->made.nitems = 0;
  zarrc_parts_clear(&p->made);
  zarrc_parts_clear(parts);
  return zarrc_parts_push(parts, piece, error);
}

#endif

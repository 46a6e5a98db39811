/* SPDX-License-Identifier: MIT */
/*
 * Encoded chunks: blobs, from which they are read, and parts, which encoders produce. For programs that encode and
 * decode chunks without an array (zarrc/pipeline.h). How to write a kind of blob is in zarrc/plugin/blob.h.
 */
#ifndef ZARRC_BLOB_H
#define ZARRC_BLOB_H

#include <zarrc/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------------ blobs */

/* A stored value that can be read by ranges of bytes; the first member of every kind of blob. All reads of an open blob
 * see the same version of the value. One thread at a time may use a blob; after one successful read, any number of
 * threads may read at once. */
typedef struct zarrc_blob {
  const struct zarrc_blob_ops *ops;       /* zarrc/plugin/blob.h */
  const struct zarrc_blob_traits *traits; /* NULL: as for bytes in memory */
} zarrc_blob;

/* Reads the whole value as a loan. ZARRC_LIMIT: it is longer than max bytes. */
ZARRC_API zarrc_status zarrc_blob_read_all(zarrc_blob *blob, uint64_t max, zarrc_bytes *out, zarrc_error *error);

ZARRC_API void zarrc_blob_close(zarrc_blob *blob);

/* A blob in memory. `value` is borrowed until it is replaced, then owned by the blob. */
typedef struct zarrc_memory_blob {
  zarrc_blob blob;
  zarrc_ctx *ctx;
  zarrc_bytes value;
  bool present;
  void *room[2];
} zarrc_memory_blob;

/* Makes a blob of bytes, which are borrowed. ptr NULL: there is no value. clear removes the value. */
ZARRC_API void zarrc_memory_blob_init(zarrc_memory_blob *blob, zarrc_ctx *ctx, const void *ptr, size_t nbytes);
ZARRC_API void zarrc_memory_blob_clear(zarrc_memory_blob *blob);

/* ------------------------------------------------------------------------------------------------------ parts */

/* An encoded value in pieces, in the order in which they are stored. Pieces are loans, which may be of the memory that
 * was encoded or of the old value. No pieces: there is no value to store. The members after nbytes are for encoders
 * (zarrc/plugin/blob.h). */
typedef struct zarrc_parts {
  zarrc_ctx *ctx;
  zarrc_bytes *items;
  size_t nitems, cap;
  uint64_t nbytes; /* of all pieces */
  uint8_t *into;   /* memory for the next piece from zarrc_parts_add, if it fits there; or NULL */
  size_t into_nbytes;
  zarrc_bytes first[2]; /* items points here as long as two are enough */
  bool keeps;   /* the parts will be passed to `replace` on the blob the old value came from; only then may an encoder
                   emit kept pieces (zarrc_blob_keep) */
  bool streams; /* the parts will be passed to `replace_from`; only then may an encoder set a source */
  bool fresh;   /* the values cover all of the chunk that lies in the array; nobody reads what is stored beyond it */
  const struct zarrc_source *source; /* produces the rest of the value; NULL: the pieces are all of it */
  void *source_state;
  uint64_t past_nbytes; /* of the pieces that the source has produced before these */
  uint64_t room[3];
} zarrc_parts;

ZARRC_API void zarrc_parts_init(zarrc_parts *parts, zarrc_ctx *ctx);
/* Releases all pieces. The parts can be used again. */
ZARRC_API void zarrc_parts_clear(zarrc_parts *parts);
/* Lends the whole value as contiguous bytes, until the parts change. Copies only if there are several pieces. */
ZARRC_API zarrc_status zarrc_parts_join(zarrc_parts *parts, zarrc_bytes *out, zarrc_error *error);

#ifdef __cplusplus
}
#endif
#endif

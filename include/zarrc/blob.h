/* SPDX-License-Identifier: MIT */
/*
 * Encoded chunks: blobs, from which they are read, and parts, of which they are made. Needed by programs that encode
 * and decode chunks without an array (zarrc/pipeline.h); how to make a kind of blob is in zarrc/plugin/blob.h.
 */
#ifndef ZARRC_BLOB_H
#define ZARRC_BLOB_H

#include <zarrc/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------------ blobs */

/* One stored value, readable by ranges of bytes: the first member of every kind of blob. All reads of an open blob see
 * one version of the value. One thread at a time uses a blob, but once a read has succeeded further reads may run in
 * parallel. */
typedef struct zarrc_blob {
  const struct zarrc_blob_ops *ops;       /* zarrc/plugin/blob.h */
  const struct zarrc_blob_traits *traits; /* NULL: all zero, as of bytes in memory */
} zarrc_blob;

/* Reads the whole value, which may be max bytes long, as one loan. */
ZARRC_API zarrc_status zarrc_blob_read_all(zarrc_blob *blob, uint64_t max, zarrc_bytes *out, zarrc_error *error);

ZARRC_API void zarrc_blob_close(zarrc_blob *blob);

/* A blob over bytes in memory. A value that is replaced is kept in `value` (a copy owned by the blob). */
typedef struct zarrc_memory_blob {
  zarrc_blob blob;
  zarrc_ctx *ctx;
  zarrc_bytes value;
  bool present;
} zarrc_memory_blob;

/* ptr NULL and nbytes 0: no value. The bytes are borrowed. */
ZARRC_API void zarrc_memory_blob_init(zarrc_memory_blob *blob, zarrc_ctx *ctx, const void *ptr, size_t nbytes);
ZARRC_API void zarrc_memory_blob_clear(zarrc_memory_blob *blob);

/* ------------------------------------------------------------------------------------------------------ parts */

/* An encoded value in pieces that are stored one behind the other. Pieces are loans; those that point into the memory
 * of the view that was encoded live as long as the call that encodes and stores it. No pieces: there is no value to
 * store. The members behind nbytes are for encoders (zarrc/plugin/blob.h). */
typedef struct zarrc_parts {
  zarrc_ctx *ctx;
  zarrc_bytes *items;
  size_t nitems, cap;
  uint64_t nbytes; /* of all pieces */
  uint8_t *into;   /* memory that the next piece made by zarrc_parts_add should be put in, or NULL */
  size_t into_nbytes;
  zarrc_bytes first[2]; /* items points here while two pieces are enough */
  bool keeps;   /* the pieces will be passed to `replace` on the blob that the old value was read from; only then
                   may an encoder emit pieces made by zarrc_blob_keep */
  bool streams; /* the pieces will be passed to `replace_from`; only then may an encoder set a source */
  const struct zarrc_source *source; /* produces the pieces behind those that are there; NULL: there are no more */
  void *source_state;
} zarrc_parts;

ZARRC_API void zarrc_parts_init(zarrc_parts *parts, zarrc_ctx *ctx);
/* Releases every piece; parts may be used again. */
ZARRC_API void zarrc_parts_clear(zarrc_parts *parts);
/* Lends the whole value as one run of bytes until parts changes; copies only where there are several pieces. */
ZARRC_API zarrc_status zarrc_parts_join(zarrc_parts *parts, zarrc_bytes *out, zarrc_error *error);

#ifdef __cplusplus
}
#endif
#endif

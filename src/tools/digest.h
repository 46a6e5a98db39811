/* SPDX-License-Identifier: MIT */
/* What those who write and those who check digests share. The format: docs/format.md, "Digests". */
#ifndef ZARRC_TOOLS_DIGEST_H
#define ZARRC_TOOLS_DIGEST_H

#include <zarrc/tools.h>

#include "base/sha256.h"

/* --------------------------------------------------------------------------------------------- digest_manifest.c */

/* The root of a Merkle tree (RFC 6962, section 2.1) over texts that come one after another. Zeroed: none came. */
typedef struct zarrc_merkle {
  uint64_t n;
  uint8_t stack[64][ZARRC_SHA256_NBYTES]; /* the roots of complete subtrees, one for each bit of n */
} zarrc_merkle;

zarrc_status zarrc_merkle_add(zarrc_merkle *merkle, const void *text, size_t n, zarrc_error *error);
zarrc_status zarrc_merkle_root(const zarrc_merkle *merkle, char out[ZARRC_SHA256_TEXT], zarrc_error *error);

zarrc_status zarrc_manifest_begin(zarrc_buf *out, zarrc_error *error);
/* Appends the line of an inner chunk, behind that of its shard. */
zarrc_status zarrc_manifest_put_inner(zarrc_buf *out, const char *hash, const char *chunk, zarrc_error *error);
/* values: the root over the elements, or "". */
zarrc_status zarrc_manifest_end(zarrc_buf *out, const char *root, const char *values, zarrc_error *error);
/* Appends the line of a key to a manifest and adds it to the tree. */
zarrc_status zarrc_manifest_put(zarrc_buf *out, zarrc_merkle *merkle, const char *hash, const char *key,
                                zarrc_error *error);

/* A manifest that is read from its beginning. */
typedef struct zarrc_manifest {
  zarrc_ctx *ctx;
  const char *text, *end, *at;
  char *key; /* of the line that was read last; freed by zarrc_manifest_close */
  size_t cap;
  char hash[ZARRC_SHA256_TEXT];
  const char *inner, *inner_end; /* the lines of its inner chunks */
  bool has_line;                 /* not at the end */
} zarrc_manifest;

/* Checks that a manifest is complete and undamaged, and reads the first line. ZARRC_INVALID_METADATA: it is not. */
zarrc_status zarrc_manifest_open(zarrc_ctx *ctx, const char *text, size_t n, zarrc_manifest *out, zarrc_error *error);
zarrc_status zarrc_manifest_next(zarrc_manifest *manifest, zarrc_error *error);
void zarrc_manifest_close(zarrc_manifest *manifest);
/* Reads a line of an inner chunk: its hash and its coordinates, which end with the line. Returns the next line; NULL:
 * there was none. */
const char *zarrc_manifest_inner(const char *line, const char *end, char hash[ZARRC_SHA256_TEXT], const char **chunk,
                                 size_t *nchunk);

/* ------------------------------------------------------------------------------------------------ digest_hash.c */

/* Hashes the encoded bytes of an inner chunk. */
zarrc_status zarrc_digest_inner(zarrc_stored_shard *shard, uint64_t i, char out[ZARRC_SHA256_TEXT], zarrc_error *error);

/* Hashes the value under a key. ZARRC_NOT_FOUND: there is none; ZARRC_PENDING as in zarrc_store_each. */
zarrc_status zarrc_digest_value(zarrc_store *from, const char *key, uint64_t nbytes, char out[ZARRC_SHA256_TEXT],
                                zarrc_error *error);

/* ------------------------------------------------------------------------------------------------ digest_values.c */

/* Computes the root over the elements and metadata of the nodes at and below a path. */
zarrc_status zarrc_digest_values(zarrc_store *store, const char *path, char out[ZARRC_SHA256_TEXT], zarrc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/* A value in memory that counts what is read of it; thread-safe. It never lends: into or a copy of exact size. */
#ifndef ZARRC_TESTS_COUNTING_BLOB_H
#define ZARRC_TESTS_COUNTING_BLOB_H

#include <zarrc/blob.h>

#include <stdatomic.h>

typedef struct counting_blob {
  zarrc_blob blob;
  zarrc_ctx *ctx;
  uint8_t *bytes; /* NULL: no value */
  size_t nbytes;
  atomic_size_t nreads, nranges, nread; /* calls, ranges, bytes */
  size_t nreplaced, nerased;
  size_t nkept, nkept_bytes; /* pieces of the old value that were stored without being read, bytes of them */
} counting_blob;

/* Takes a copy of the bytes. */
void counting_blob_init(counting_blob *blob, zarrc_ctx *ctx, const void *bytes, size_t nbytes, bool remote);
/* From now on the blob keeps bytes (zarrc_blob_keep). */
void counting_blob_keeps(counting_blob *blob);
void counting_blob_reset(counting_blob *blob); /* the counts */
void counting_blob_clear(counting_blob *blob);

#endif

/* SPDX-License-Identifier: MIT */
/* Copying elements between an array and memory: regions, lists of indices on some axes, and points. Each touched chunk
 * is visited once. */
#ifndef ZARRC_ARRAY_TRANSFER_H
#define ZARRC_ARRAY_TRANSFER_H

#include "array/array.h"
#include "array/split.h"

typedef struct zarrc_transfer {
  zarrc_array *array;
  zarrc_store *store; /* the array's, or the one that zarrc_store_each gave */
  const zarrc_metadata *m;
  const zarrc_view *view; /* NULL: `values` are written */
  bool write;
  const zarrc_values *values; /* to be fetched or applied, with parts in indices of the array; NULL: view is used */
  atomic_bool *missing;       /* set by reads that find a chunk missing */
} zarrc_transfer;

/* Checks that the view has this shape and the array's type, and that the store can be written if necessary, else
 * ZARRC_INVALID_ARGUMENT. `what` is named in messages: "region", "selection". Writes: ZARRC_CONFLICT or ZARRC_NOT_FOUND
 * if the array has been replaced or removed since it was opened. */
zarrc_status zarrc_transfer_begin(const zarrc_transfer *t, int ndim, const int64_t *shape, const char *what,
                                  zarrc_error *error);

/* Returns the status of a transfer. If chunks were missing or damaged because the array has been replaced or removed,
 * that is the failure. */
zarrc_status zarrc_transfer_end(const zarrc_transfer *t, zarrc_status status, zarrc_error *error);

/* A touched chunk. */
typedef struct zarrc_visit {
  const zarrc_transfer *transfer;
  const int64_t *chunk;
  int64_t shape[ZARRC_MAX_NDIM]; /* of the chunk */
  const zarrc_pipeline *pipeline;
  zarrc_blob *blob;
  bool missing; /* out, reads: there was no value */
} zarrc_visit;

typedef zarrc_status (*zarrc_visit_fn)(void *arg, zarrc_visit *visit, zarrc_error *error);

/* Calls fn for a chunk, with its blob in the store that zarrc_store_each has passed. An error says which chunk and
 * key. */
zarrc_status zarrc_transfer_visit(const zarrc_transfer *t, zarrc_store *from, const int64_t *chunk, zarrc_visit_fn fn,
                                  void *arg, zarrc_error *error);

/* array_io.c: reads or writes a region; lists: NULL, or as for zarrc_split_open. The view has been checked, and has as
 * many axes as the array. */
zarrc_status zarrc_transfer_region(const zarrc_transfer *t, const zarrc_region *region, const zarrc_list *lists,
                                   zarrc_error *error);

/* Reads or writes a selection of a chunk. */
zarrc_status zarrc_visit_select(zarrc_visit *visit, const zarrc_selection *selection, const zarrc_view *view,
                                zarrc_error *error);

#endif

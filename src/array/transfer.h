/* SPDX-License-Identifier: MIT */
/* Elements on their way between an array and memory: whole regions, lists of indices on some axes, and single points.
 * Whatever is asked for, each touched chunk is visited once. */
#ifndef ZARRC_ARRAY_TRANSFER_H
#define ZARRC_ARRAY_TRANSFER_H

#include "array/array.h"
#include "array/split.h"

typedef struct zarrc_transfer {
  zarrc_array *array;
  const zarrc_metadata *m;
  const zarrc_view *view; /* NULL: elements are fetched */
  bool write;
  const zarrc_change *fetches;
  atomic_bool *missing; /* set by reads that find a chunk missing */
} zarrc_transfer;

/* ZARRC_INVALID_ARGUMENT unless the view has this shape and the array's type, and the store can be written if it is to
 * be. `what` is what has the shape: "region", "selection". Writes: ZARRC_CONFLICT or ZARRC_NOT_FOUND where the array
 * has been replaced or removed since it was opened. */
zarrc_status zarrc_transfer_begin(const zarrc_transfer *t, int ndim, const int64_t *shape, const char *what,
                                  zarrc_error *error);

/* What has become of a transfer. Where chunks were missing or damaged, and that is so because the array has been
 * replaced or removed since it was opened, that is the failure. */
zarrc_status zarrc_transfer_end(const zarrc_transfer *t, zarrc_status status, zarrc_error *error);

/* A touched chunk: how its values are made, and where they are stored. */
typedef struct zarrc_visit {
  const zarrc_transfer *transfer;
  const int64_t *chunk;
  int64_t shape[ZARRC_MAX_NDIM]; /* of the chunk */
  const zarrc_pipeline *pipeline;
  zarrc_blob *blob;
  bool missing; /* out, reads: there was no value */
} zarrc_visit;

typedef zarrc_status (*zarrc_visit_fn)(void *arg, zarrc_visit *visit, zarrc_error *error);

/* Calls fn for a chunk. An error says which chunk and key. */
zarrc_status zarrc_transfer_visit(const zarrc_transfer *t, const int64_t *chunk, zarrc_visit_fn fn, void *arg,
                                  zarrc_error *error);

/* array_io.c: a region; lists: NULL, or as for zarrc_split_open. The view has been checked, and has the array's rank.
 */
zarrc_status zarrc_transfer_region(const zarrc_transfer *t, const zarrc_region *region, const zarrc_list *lists,
                                   zarrc_error *error);

/* Reads or writes, as the transfer does, what a selection takes of one chunk. */
zarrc_status zarrc_visit_select(zarrc_visit *visit, const zarrc_selection *selection, const zarrc_view *view,
                                zarrc_error *error);

#endif

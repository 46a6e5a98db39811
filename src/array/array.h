/* SPDX-License-Identifier: MIT */
/* The inside of an open array. */
#ifndef ZARRC_ARRAY_ARRAY_H
#define ZARRC_ARRAY_ARRAY_H

#include "array/editions.h"
#include "array/metadata.h"

/* A pipeline for chunks that do not have the first chunk's shape (rectilinear grids). Lives as long as the array. */
typedef struct zarrc_shape_pipeline {
  struct zarrc_shape_pipeline *next;
  int64_t shape[ZARRC_MAX_NDIM];
  zarrc_pipeline *pipeline;
} zarrc_shape_pipeline;

struct zarrc_array {
  zarrc_ctx *ctx;
  zarrc_store *store;
  char *path;
  zarrc_array_options options;
  const zarrc_metadata *fixed; /* as opened; read for what never changes */
  zarrc_editions editions;     /* of zarrc_metadata; read for shape, grid, attributes and text */
  atomic_ullong version;       /* of the last document known to describe the same chunks; 0: unknown */
  uint64_t created_ms;         /* when it was created, by the monotonic clock; 0: by somebody else */
  bool is_consolidated;        /* opened from consolidated metadata: there need be no document */
  _Atomic(zarrc_shape_pipeline *) pipelines;
  atomic_size_t npipelines;
};

/* Opens an array from its documents. */
zarrc_status zarrc_array_open_documents(zarrc_store *store, const char *path, const zarrc_documents *documents,
                                        const zarrc_array_options *options, zarrc_array **out, zarrc_error *error);

/* current.c: notes that the array has been created at this moment. */
void zarrc_array_note_creation(zarrc_array *array);
/* current.c: returns whether a write need not look at the array's document before it begins, as it does afterwards. */
bool zarrc_array_is_fresh(const zarrc_array *array);

/* Calls `notice` of the context for what is to be told about an array that has been opened. */
void zarrc_array_tell_notices(const zarrc_array *array);

/* Returns the name of the document that describes the array. */
const char *zarrc_array_document_name(const zarrc_array *array);

/* Gets the pipeline for chunks of a shape. *own: the array does not store it (it has many already), and the caller must
 * close it; if own is NULL the array always stores it. */
zarrc_status zarrc_array_shape_pipeline(zarrc_array *array, const int64_t *shape, const zarrc_pipeline **out,
                                        zarrc_pipeline **own, zarrc_error *error);

/* Returns ZARRC_INVALID_ARGUMENT unless the chunk is in the grid. */
zarrc_status zarrc_array_check_chunk(const zarrc_metadata *metadata, const int64_t *chunk, zarrc_error *error);

/* current.c: opens the documents that are stored now. ZARRC_CONFLICT: they describe other chunks than the open array.
 */
zarrc_status zarrc_array_open_stored(const zarrc_array *array, const zarrc_documents *documents, zarrc_metadata **out,
                                     zarrc_error *error);

#endif

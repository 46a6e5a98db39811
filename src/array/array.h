/* SPDX-License-Identifier: MIT */
/* The inside of an open array. */
#ifndef ZARRC_ARRAY_ARRAY_H
#define ZARRC_ARRAY_ARRAY_H

#include "array/latest.h"
#include "array/metadata.h"

/* A pipeline for chunks of another shape than the first; rectilinear grids only. Never changes, never goes. */
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
  const zarrc_metadata *fixed; /* as opened: what never changes is read here */
  zarrc_latest latest;         /* of zarrc_metadata: shape, grid, attributes and text are read here */
  atomic_ullong version;       /* of the document that was last found to be of these chunks; 0: not known */
  _Atomic(zarrc_shape_pipeline *) pipelines;
  atomic_size_t npipelines;
};

/* Opens the handle of an array with this document. */
zarrc_status zarrc_array_open_text(zarrc_store *store, const char *path, const char *text, size_t n,
                                   const zarrc_array_options *options, zarrc_array **out, zarrc_error *error);

/* The pipeline for chunks of a shape. *own: it is not kept by the array (many shapes are already), the caller closes
 * it; with own NULL it is kept in any case. */
zarrc_status zarrc_array_shape_pipeline(zarrc_array *array, const int64_t *shape, const zarrc_pipeline **out,
                                        zarrc_pipeline **own, zarrc_error *error);

/* ZARRC_INVALID_ARGUMENT unless the chunk is in the grid. */
zarrc_status zarrc_array_check_chunk(const zarrc_metadata *metadata, const int64_t *chunk, zarrc_error *error);

/* current.c: opens the document that is stored now. ZARRC_CONFLICT: it is of other chunks than the array that is open.
 */
zarrc_status zarrc_array_open_stored(const zarrc_array *array, const char *text, size_t n, zarrc_metadata **out,
                                     zarrc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/* The inside of a pipeline. */
#ifndef ZARRC_PIPELINE_PIPELINE_H
#define ZARRC_PIPELINE_PIPELINE_H

#include <zarrc/pipeline.h>

struct zarrc_pipeline {
  zarrc_ctx *ctx;
  size_t ncodecs;
  size_t serializer; /* index of the array→bytes codec */
  zarrc_codec **codecs;
  zarrc_spec *specs; /* of the chunk before each codec; specs[0]: of the decoded chunk */
  uint64_t *max;     /* most bytes of valid data before each bytes→bytes codec; max[ncodecs]: in the store */
  bool *exact;       /* it has exactly so many bytes */
  void *fill;        /* specs[0].fill: one element, followed by its text if it has any */
};

/* Fills a view with the fill value. Text is copied to the view's arena. */
zarrc_status zarrc_pipeline_fill(const zarrc_pipeline *pipeline, const zarrc_view *to, zarrc_error *error);

/* Returns ZARRC_INVALID_ARGUMENT unless the region is in the chunk and the view has its shape and the chunk's type. */
zarrc_status zarrc_pipeline_check(const zarrc_pipeline *pipeline, const zarrc_region *region, const zarrc_view *view,
                                  zarrc_error *error);

/* Adds the array→bytes codec to an error. Removes an offset in decoded bytes, which is not one in the stored value. */
void zarrc_pipeline_blame(const zarrc_pipeline *pipeline, zarrc_error *error);

/* Memory for a whole chunk as it is before codec i, a view of it, and an arena if it needs one. */
typedef struct zarrc_chunk_memory {
  zarrc_view view;
  zarrc_bytes bytes;
  zarrc_arena *arena;
} zarrc_chunk_memory;
zarrc_status zarrc_chunk_memory_take(const zarrc_pipeline *pipeline, size_t i, zarrc_arena *arena,
                                     zarrc_chunk_memory *out, zarrc_error *error);
void zarrc_chunk_memory_release(zarrc_chunk_memory *memory);

#endif

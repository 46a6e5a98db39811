/* SPDX-License-Identifier: MIT */
/* What a bound pipeline is inside. */
#ifndef ZARRC_PIPELINE_PIPELINE_H
#define ZARRC_PIPELINE_PIPELINE_H

#include <zarrc/pipeline.h>

struct zarrc_pipeline {
  zarrc_ctx *ctx;
  size_t ncodecs;
  size_t serializer; /* index of the array→bytes codec: those in front are array→array, those behind bytes→bytes */
  zarrc_codec **codecs;
  zarrc_spec *specs; /* the chunk in front of each codec: specs[0] is what the pipeline is bound to */
  uint64_t *max;     /* the most that valid data can have in front of each bytes→bytes codec; max[ncodecs]: stored */
  bool *exact;       /* it has so many bytes in any case */
  void *fill;        /* specs[0].fill: one element, and the text of it if that is of variable length */
};

/* Fills a view of the chunk with its fill value; text of variable length is copied into the view's arena. */
zarrc_status zarrc_pipeline_fill(const zarrc_pipeline *pipeline, const zarrc_view *to, zarrc_error *error);

/* ZARRC_INVALID_ARGUMENT unless region lies in the chunk and the view has its shape and the chunk's type. */
zarrc_status zarrc_pipeline_check(const zarrc_pipeline *pipeline, const zarrc_region *region, const zarrc_view *view,
                                  zarrc_error *error);

/* zarrc_modify; with fresh, of a chunk that has no value yet, whatever the blob has. */
zarrc_status zarrc_pipeline_change(const zarrc_pipeline *pipeline, zarrc_blob *to, const zarrc_region *region,
                                   const zarrc_change *change, bool fresh, zarrc_error *error);

/* Memory for a whole chunk as it is in front of codec i, and the view over it; an arena where it is needed. */
typedef struct zarrc_chunk_memory {
  zarrc_view view;
  zarrc_bytes bytes;
  zarrc_arena *arena;
} zarrc_chunk_memory;
zarrc_status zarrc_chunk_memory_take(const zarrc_pipeline *pipeline, size_t i, zarrc_arena *arena,
                                     zarrc_chunk_memory *out, zarrc_error *error);
void zarrc_chunk_memory_release(zarrc_chunk_memory *memory);

#endif

/* SPDX-License-Identifier: MIT */
/* What targets for a chain of codecs share: reading a chunk whole and in part, and once more after it was encoded. */
#ifndef ZARRC_FUZZ_CHUNK_H
#define ZARRC_FUZZ_CHUNK_H

#include "fuzz.h"

#include <zarrc/pipeline.h>

typedef struct fuzz_reads {
  zarrc_status all, some;
} fuzz_reads;

/* Reads what is left of an input as a chunk, and a region of it. */
static inline fuzz_reads fuzz_read_chunk(zarrc_ctx *ctx, const zarrc_pipeline *p, const fuzz_input *in,
                                         const zarrc_region *region, const zarrc_view *whole, const zarrc_view *part) {
  zarrc_memory_blob blob;
  zarrc_error error = {0};
  zarrc_memory_blob_init(&blob, ctx, in->bytes, in->n);
  blob.present = true;
  zarrc_status all = zarrc_read(p, &blob.blob, NULL, whole, NULL, &error);
  fuzz_check_error(all, &error);
  zarrc_status some = zarrc_read(p, &blob.blob, region, part, NULL, &error);
  fuzz_check_error(some, &error);
  zarrc_memory_blob_clear(&blob);
  return (fuzz_reads){all, some};
}

typedef struct fuzz_again {
  zarrc_status encoded, read;
  bool same; /* elements, if both went well */
} fuzz_again;

/* Encodes what was read, and reads that. error: of encoding. */
static inline fuzz_again fuzz_read_again(zarrc_ctx *ctx, const zarrc_pipeline *p, const zarrc_view *whole,
                                         zarrc_error *error) {
  const zarrc_spec *spec = zarrc_pipeline_spec(p);
  zarrc_view view = fuzz_view_new(ctx, &spec->dtype, spec->ndim, spec->shape);
  zarrc_parts parts;
  zarrc_parts_init(&parts, ctx);
  fuzz_again again = {.encoded = zarrc_encode(p, whole, &parts, error)};
  if (!again.encoded) {
    zarrc_memory_blob blob;
    zarrc_bytes joined;
    must(!zarrc_parts_join(&parts, &joined, NULL));
    zarrc_memory_blob_init(&blob, ctx, joined.ptr, joined.len);
    blob.present = true;
    again.read = zarrc_read(p, &blob.blob, NULL, &view, NULL, NULL);
    again.same = !again.read && fuzz_views_equal(&view, whole);
    zarrc_memory_blob_clear(&blob);
  }
  zarrc_parts_clear(&parts);
  fuzz_view_free(&view);
  return again;
}

#endif

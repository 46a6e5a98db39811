/* SPDX-License-Identifier: MIT */
/*
 * Codec pipelines: a chain of codecs for chunks of one shape and type. Reading and writing all or part of a chunk.
 * Zarr v3 core specification, "Codecs": array→array*, array→bytes, bytes→bytes*.
 */
#ifndef ZARRC_PIPELINE_H
#define ZARRC_PIPELINE_H

#include <zarrc/codec.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Opens a JSON list of codecs, checks their order, evolves and validates them for a chunk. Copies what that borrows. */
ZARRC_API zarrc_status zarrc_pipeline_open(zarrc_ctx *ctx, const char *codecs_json, size_t n, const zarrc_spec *chunk,
                                           zarrc_pipeline **out, zarrc_error *error);
/* The same from open codecs, which may be closed afterwards (from_codecs, evolve_from_array_spec). */
ZARRC_API zarrc_status zarrc_pipeline_open_codecs(zarrc_ctx *ctx, const zarrc_codec *const *codecs, size_t n,
                                                  const zarrc_spec *chunk, zarrc_pipeline **out, zarrc_error *error);
ZARRC_API void zarrc_pipeline_close(zarrc_pipeline *pipeline);
/* Appends the canonical JSON list of the evolved codecs. */
ZARRC_API zarrc_status zarrc_pipeline_to_json(const zarrc_pipeline *pipeline, zarrc_buf *out, zarrc_error *error);
ZARRC_API size_t zarrc_pipeline_ncodecs(const zarrc_pipeline *pipeline);
ZARRC_API const zarrc_codec *zarrc_pipeline_codec(const zarrc_pipeline *pipeline, size_t i);
/* Returns whether the evolved codecs of both are equal. */
ZARRC_API bool zarrc_pipeline_equal(const zarrc_pipeline *a, const zarrc_pipeline *b);
ZARRC_API const zarrc_spec *zarrc_pipeline_spec(const zarrc_pipeline *pipeline); /* of the decoded chunk */
/* Returns ZARRC_INVALID_METADATA if a codec of the chain decodes only; see zarrc_codec_check_encodes. Those in shards
 * are asked when they are to encode. */
ZARRC_API zarrc_status zarrc_pipeline_check_encodes(const zarrc_pipeline *p, zarrc_error *error);
/* Validates every codec of the chain for chunks like `spec`; see zarrc_codec_validate. */
ZARRC_API zarrc_status zarrc_pipeline_validate(const zarrc_pipeline *pipeline, const zarrc_spec *spec,
                                               const zarrc_grid *grid, zarrc_error *error);
ZARRC_API bool zarrc_pipeline_is_fixed_size(const zarrc_pipeline *pipeline);
/* Returns the encoded size of a chunk that decodes to nbytes bytes (compute_encoded_size). */
ZARRC_API zarrc_size zarrc_pipeline_encoded_size(const zarrc_pipeline *pipeline, uint64_t nbytes);
/* Returns a size that no valid encoding of such a chunk is below: a shorter value is damaged. */
ZARRC_API uint64_t zarrc_pipeline_least_encoded_size(const zarrc_pipeline *pipeline, uint64_t nbytes);
ZARRC_API bool zarrc_pipeline_supports_partial_decode(const zarrc_pipeline *pipeline);
ZARRC_API bool zarrc_pipeline_supports_partial_encode(const zarrc_pipeline *pipeline);

/* Reads the part of a chunk that region selects (NULL: all of it) into a view of the shape region.count. If the chunk
 * has no value, fills the view with the fill value, sets *missing (which may be NULL) and returns ZARRC_OK. */
ZARRC_API zarrc_status zarrc_read(const zarrc_pipeline *pipeline, zarrc_blob *from, const zarrc_region *region,
                                  const zarrc_view *to, bool *missing, zarrc_error *error);

/* Writes values into the part of a chunk that region selects (NULL: all of it) and keeps the rest; with fresh, the rest
 * becomes fill value and nothing is read. Erases a chunk that is all fill value, unless its options say otherwise.
 * Concurrent writers of other parts lose nothing: the write is repeated if the value has changed in between. */
ZARRC_API zarrc_status zarrc_write(const zarrc_pipeline *pipeline, zarrc_blob *to, const zarrc_region *region,
                                   const zarrc_values *values, bool fresh, zarrc_error *error);

/* Read and write a selection of one chunk (decode_partial, encode_partial). The view has the shape of the result
 * (zarrc_selection_shape); a write also accepts a view without axes, whose element is stored everywhere. If an element
 * is selected more than once its last value is stored. Of a shard or an uncompressed chunk no more is read than the
 * selection needs; see coalesce_gap. At most 2^32 - 1 indices or points. ZARRC_INVALID_ARGUMENT, before anything is
 * read: the selection does not fit the chunk or the view, or is one of blocks. */
ZARRC_API zarrc_status zarrc_read_selection(const zarrc_pipeline *pipeline, zarrc_blob *from,
                                            const zarrc_selection *selection, const zarrc_view *to, bool *missing,
                                            zarrc_error *error);
ZARRC_API zarrc_status zarrc_write_selection(const zarrc_pipeline *pipeline, zarrc_blob *to,
                                             const zarrc_selection *selection, const zarrc_view *from, bool fresh,
                                             zarrc_error *error);

/* Makes the value that zarrc_write would store, without storing it. old: the present value; NULL: as with fresh. If no
 * pieces are made the chunk is to be erased. Pieces may point to the view of `values`, or be lent by `old`. */
ZARRC_API zarrc_status zarrc_update(const zarrc_pipeline *pipeline, zarrc_blob *old, const zarrc_region *region,
                                    const zarrc_values *values, zarrc_parts *parts, zarrc_error *error);

/* Encodes a whole chunk, even if it is all fill value. No pieces are made only of a shard without inner chunks. */
ZARRC_API zarrc_status zarrc_encode(const zarrc_pipeline *pipeline, const zarrc_view *from, zarrc_parts *parts,
                                    zarrc_error *error);

/* One chunk of a batch. */
typedef struct zarrc_job {
  const zarrc_pipeline *pipeline;
  zarrc_blob *blob;           /* NULL: nothing is read or written, and the status is ZARRC_OK */
  const zarrc_region *region; /* NULL: the whole chunk */
  zarrc_view view;
  bool fresh;          /* writes: as in zarrc_write */
  bool missing;        /* out, reads: there was no value */
  zarrc_status status; /* out */
  void *room[2];
} zarrc_job;

/* Read and write chunks in parallel. Every job gets a status; the failure with the lowest number is returned. No two
 * jobs of a write may have the same blob. */
ZARRC_API zarrc_status zarrc_read_many(zarrc_ctx *ctx, zarrc_job *jobs, size_t n, zarrc_error *error);
ZARRC_API zarrc_status zarrc_write_many(zarrc_ctx *ctx, zarrc_job *jobs, size_t n, zarrc_error *error);

#ifdef __cplusplus
}
#endif
#endif

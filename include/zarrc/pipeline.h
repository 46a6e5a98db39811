/* SPDX-License-Identifier: MIT */
/*
 * The codec pipeline: a chain of codecs bound to one kind of chunk, and the two data operations.
 * Zarr v3 core specification, "Codecs": array→array*, array→bytes, bytes→bytes*.
 */
#ifndef ZARRC_PIPELINE_H
#define ZARRC_PIPELINE_H

#include <zarrc/codec.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Opens the codecs of a JSON list, checks their order, and binds them to a kind of chunk: evolve, validate and resolve
 * in turn. Copies what the spec borrows. */
ZARRC_API zarrc_status zarrc_pipeline_open(zarrc_ctx *ctx, const char *codecs_json, size_t n, const zarrc_spec *chunk,
                                           zarrc_pipeline **out, zarrc_error *error);
/* The same from open codecs, which are copied and may be closed afterwards (from_codecs, evolve_from_array_spec). */
ZARRC_API zarrc_status zarrc_pipeline_open_codecs(zarrc_ctx *ctx, const zarrc_codec *const *codecs, size_t n,
                                                  const zarrc_spec *chunk, zarrc_pipeline **out, zarrc_error *error);
ZARRC_API void zarrc_pipeline_close(zarrc_pipeline *pipeline);
/* Appends the list of evolved codecs as canonical JSON. */
ZARRC_API zarrc_status zarrc_pipeline_to_json(const zarrc_pipeline *pipeline, zarrc_buf *out, zarrc_error *error);
ZARRC_API size_t zarrc_pipeline_ncodecs(const zarrc_pipeline *pipeline);
ZARRC_API const zarrc_codec *zarrc_pipeline_codec(const zarrc_pipeline *pipeline, size_t i);
/* Whether both have equal codecs; the chunks that they are bound to do not count beyond what evolve made of them. */
ZARRC_API bool zarrc_pipeline_equal(const zarrc_pipeline *a, const zarrc_pipeline *b);
ZARRC_API const zarrc_spec *zarrc_pipeline_spec(const zarrc_pipeline *pipeline); /* the chunk it is bound to */
/* Every codec's validate, each against the chunk it gets when the whole chain is given chunks of `spec`. */
ZARRC_API zarrc_status zarrc_pipeline_validate(const zarrc_pipeline *pipeline, const zarrc_spec *spec,
                                               const zarrc_grid *grid, zarrc_error *error);
ZARRC_API bool zarrc_pipeline_is_fixed_size(const zarrc_pipeline *pipeline);
/* Size of the encoded chunk when it decodes to nbytes bytes (compute_encoded_size, folded from left to right). */
ZARRC_API zarrc_size zarrc_pipeline_encoded_size(const zarrc_pipeline *pipeline, uint64_t nbytes);
ZARRC_API bool zarrc_pipeline_supports_partial_decode(const zarrc_pipeline *pipeline);
ZARRC_API bool zarrc_pipeline_supports_partial_encode(const zarrc_pipeline *pipeline);

/* Reads the part of a chunk that region selects (NULL: all of it) into a view of region.count elements. A chunk
 * without value fills the view with the fill value, sets *missing (which may be NULL) and is ZARRC_OK. */
ZARRC_API zarrc_status zarrc_read(const zarrc_pipeline *pipeline, zarrc_blob *from, const zarrc_region *region,
                                  const zarrc_view *to, bool *missing, zarrc_error *error);

/* Writes a view into the part of a chunk that region selects (NULL: all). What lies outside the region is kept; with
 * fresh it becomes fill value, and nothing is read. Unless its options say otherwise a chunk that is all fill value
 * is erased. Writers of parts of the same value do not lose each other's data: the write is done again when the
 * value was changed meanwhile. */
ZARRC_API zarrc_status zarrc_write(const zarrc_pipeline *pipeline, zarrc_blob *to, const zarrc_region *region,
                                   const zarrc_view *from, bool fresh, zarrc_error *error);

/* Reads and writes what a selection takes of one chunk (decode_partial, encode_partial), in the way of zarrc_read and
 * zarrc_write; the view has the shape of the result (zarrc_selection_shape), or, in a write, no axes: one element goes
 * everywhere. Where an element is selected more than once the last value stays. What does not fit the chunk or the
 * view, and blocks, are ZARRC_INVALID_ARGUMENT before anything is read or written. The chunk is opened once: of a shard
 * only inner chunks with wanted elements are decoded, and of plain bytes only parts around them (coalesce_gap and
 * coalesce_max of the chunk's options say how large). Lists and points: up to 2^32 - 1 of them. */
ZARRC_API zarrc_status zarrc_read_selection(const zarrc_pipeline *pipeline, zarrc_blob *from,
                                            const zarrc_selection *selection, const zarrc_view *to, bool *missing,
                                            zarrc_error *error);
ZARRC_API zarrc_status zarrc_write_selection(const zarrc_pipeline *pipeline, zarrc_blob *to,
                                             const zarrc_selection *selection, const zarrc_view *from, bool fresh,
                                             zarrc_error *error);

/* The new value of a chunk, without storing it: what zarrc_write stores. `old` NULL is `fresh`. No pieces: the chunk
 * is to be erased. Pieces may point into the memory of `from` or be loans from old: keep both until they are used. */
ZARRC_API zarrc_status zarrc_update(const zarrc_pipeline *pipeline, zarrc_blob *old, const zarrc_region *region,
                                    const zarrc_view *from, zarrc_parts *parts, zarrc_error *error);

/* Changes elements of a chunk, all of which lie in region, in the way of zarrc_write: the value is read, changed and
 * stored once, and writers of other elements of it lose nothing. */
ZARRC_API zarrc_status zarrc_modify(const zarrc_pipeline *pipeline, zarrc_blob *to, const zarrc_region *region,
                                    const zarrc_change *change, zarrc_error *error);

/* zarrc_write with a change that fetches its elements. */
ZARRC_API zarrc_status zarrc_write_fetched(const zarrc_pipeline *pipeline, zarrc_blob *to, const zarrc_region *region,
                                           const zarrc_change *change, bool fresh, zarrc_error *error);

/* What zarrc_modify stores, in the way of zarrc_update. */
ZARRC_API zarrc_status zarrc_modify_value(const zarrc_pipeline *pipeline, zarrc_blob *old, const zarrc_region *region,
                                          const zarrc_change *change, zarrc_parts *parts, zarrc_error *error);

/* Encodes a whole chunk, all fill value or not; only a shard without inner chunks to store makes no pieces. */
ZARRC_API zarrc_status zarrc_encode(const zarrc_pipeline *pipeline, const zarrc_view *from, zarrc_parts *parts,
                                    zarrc_error *error);

/* One chunk of a batch. */
typedef struct zarrc_job {
  const zarrc_pipeline *pipeline;
  zarrc_blob *blob;           /* NULL: nothing in, nothing out */
  const zarrc_region *region; /* NULL: the whole chunk */
  zarrc_view view;
  bool fresh;          /* writes: as in zarrc_write */
  bool missing;        /* out, reads: there was no value */
  zarrc_status status; /* out */
} zarrc_job;

/* Batches, in parallel. Every job gets a status; the failure with the lowest number is reported. No two jobs of a
 * write may have the same blob. */
ZARRC_API zarrc_status zarrc_read_many(zarrc_ctx *ctx, zarrc_job *jobs, size_t n, zarrc_error *error);
ZARRC_API zarrc_status zarrc_write_many(zarrc_ctx *ctx, zarrc_job *jobs, size_t n, zarrc_error *error);

#ifdef __cplusplus
}
#endif
#endif

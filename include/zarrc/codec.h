/* SPDX-License-Identifier: MIT */
/*
 * Codecs: one object for each codec of a chain, with the methods that zarr-python gives it. Zarr v3 core specification,
 * "Codecs". How to write one is in zarrc/plugin/codec.h.
 *
 * A codec never changes once it is open: threads share it without locks. No codec sees a store.
 */
#ifndef ZARRC_CODEC_H
#define ZARRC_CODEC_H

#include <zarrc/blob.h>
#include <zarrc/data.h>

/* The most codecs that a chain may have, and the most shards that may lie in one another. */
#define ZARRC_MAX_CODECS  32
#define ZARRC_MAX_NESTING 16

#ifdef __cplusplus
extern "C" {
#endif

typedef struct zarrc_codec zarrc_codec;

typedef enum zarrc_codec_kind { ZARRC_ARRAY_TO_ARRAY, ZARRC_ARRAY_TO_BYTES, ZARRC_BYTES_TO_BYTES } zarrc_codec_kind;

typedef enum zarrc_size_kind { ZARRC_SIZE_EXACT, ZARRC_SIZE_AT_MOST, ZARRC_SIZE_UNKNOWN } zarrc_size_kind;
typedef struct zarrc_size {
  zarrc_size_kind kind;
  uint64_t nbytes; /* unknown: a guess, or 0 */
} zarrc_size;

/* ------------------------------------------------------------------------------------------- using one codec */

/* Opens a codec from its JSON: {"name": ..., "configuration": {...}} or "name" (from_dict). */
ZARRC_API zarrc_status zarrc_codec_open(zarrc_ctx *ctx, const char *json, size_t n, zarrc_codec **out,
                                        zarrc_error *error);
ZARRC_API void zarrc_codec_close(zarrc_codec *codec);
/* Appends canonical JSON, always an object (to_dict). */
ZARRC_API zarrc_status zarrc_codec_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error);

ZARRC_API const char *zarrc_codec_name(const zarrc_codec *codec);
ZARRC_API zarrc_codec_kind zarrc_codec_get_kind(const zarrc_codec *codec);
/* Whether both are the same codec with the same settings, as == says of zarr-python's codecs: the way they were opened
 * does not count, but a setting that evolve has yet to decide is not equal to one that was chosen. */
ZARRC_API bool zarrc_codec_equal(const zarrc_codec *a, const zarrc_codec *b);
ZARRC_API bool zarrc_codec_is_fixed_size(const zarrc_codec *codec);
ZARRC_API bool zarrc_codec_supports_partial_decode(const zarrc_codec *codec);
ZARRC_API bool zarrc_codec_supports_partial_encode(const zarrc_codec *codec);

/* A codec with everything decided that the configuration left open (evolve_from_array_spec). It is closed as any other,
 * also where there was nothing to decide and it is the same one. */
ZARRC_API zarrc_status zarrc_codec_evolve(const zarrc_codec *codec, const zarrc_spec *spec, zarrc_codec **out,
                                          zarrc_error *error);
/* Whether the codec can work on chunks of this kind (validate). With a grid every chunk of the grid is meant, and spec
 * gives only rank, type and fill value; with grid NULL the one chunk that spec is. */
ZARRC_API zarrc_status zarrc_codec_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                            zarrc_error *error);
/* What the chunk is behind the codec (resolve_metadata); out borrows what `in` borrows, or from the codec. */
ZARRC_API zarrc_status zarrc_codec_resolve(const zarrc_codec *codec, const zarrc_spec *in, zarrc_spec *out,
                                           zarrc_error *error);
/* Size of what encode makes of nbytes bytes (compute_encoded_size: EXACT for fixed-size codecs). */
ZARRC_API zarrc_size zarrc_codec_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes);

/* One chunk for one codec, which should have been evolved for chunks like it (sharding_indexed must have been). What is
 * used depends on the codec's kind:
 *                  encode                              decode
 *   array→array    decoded → encoded (views)           encoded → decoded
 *   array→bytes    decoded (view) → parts              bytes → decoded
 *   bytes→bytes    bytes → parts                       bytes → parts
 * The views are memory of the caller, of the shapes that spec and zarrc_codec_resolve say. */
typedef struct zarrc_codec_job {
  const zarrc_spec *spec; /* the chunk in front of this codec; NULL: nothing in, nothing out */
  zarrc_view decoded, encoded;
  zarrc_bytes bytes; /* borrowed */
  zarrc_parts *parts;
  zarrc_status status; /* out */
} zarrc_codec_job;

/* A batch of n chunks, in parallel. Every job gets a status; the first that fails is reported. */
ZARRC_API zarrc_status zarrc_codec_encode(const zarrc_codec *codec, zarrc_codec_job *jobs, size_t n,
                                          zarrc_error *error);
ZARRC_API zarrc_status zarrc_codec_decode(const zarrc_codec *codec, zarrc_codec_job *jobs, size_t n,
                                          zarrc_error *error);

/* ------------------------------------------------------------------------------------------------- shards */

/* One inner chunk of a shard as the shard's index has it. */
typedef struct zarrc_inner_chunk {
  uint64_t number;               /* in C order of the grid of inner chunks */
  int64_t chunk[ZARRC_MAX_NDIM]; /* its coordinates in that grid */
  bool present;
  uint64_t offset, nbytes; /* of its encoded bytes in the shard */
  zarrc_status status;     /* ZARRC_CORRUPT: the entry cannot be right */
} zarrc_inner_chunk;
typedef zarrc_status (*zarrc_inner_chunk_fn)(void *arg, const zarrc_inner_chunk *chunk, zarrc_error *error);

/* Calls fn for each inner chunk of a shard, in C order. The codec must be a sharding_indexed codec that has been
 * evolved (one of a pipeline, say), else ZARRC_INVALID_ARGUMENT. shard: what that codec decodes; none: ZARRC_NOT_FOUND.
 */
ZARRC_API zarrc_status zarrc_shard_each(const zarrc_codec *codec, zarrc_blob *shard, zarrc_inner_chunk_fn fn, void *arg,
                                        zarrc_error *error);
/* The pipeline of a sharding_indexed codec's inner chunks (its spec has their shape), lent by the codec; NULL for any
 * other codec and for one that has not been evolved. */
typedef struct zarrc_pipeline zarrc_pipeline;
ZARRC_API const zarrc_pipeline *zarrc_shard_inner(const zarrc_codec *codec);

/* How a shard is stored batch by batch: so many bytes of elements are encoded at once, but no fewer inner chunks for
 * each thread than this. What is fetched for a batch may lie in a box of so many times as many inner chunks. */
#define ZARRC_SHARD_BATCH_NBYTES   ((uint64_t)4 << 20)
#define ZARRC_SHARD_BATCH_A_THREAD 4
#define ZARRC_SHARD_BOX_OF_A_BATCH 2

typedef zarrc_status (*zarrc_fetch_fn)(void *arg, const zarrc_region *part, const zarrc_view *view, zarrc_error *error);

/* A change that is made where the elements lie: what a write is given instead of a view when it is not a whole box
 * that gets new values. Both functions are called from any thread, for parts that do not overlap, and anew when the
 * write starts again because somebody else changed the value meanwhile. */
typedef struct zarrc_change {
  /* Whether anything in a part of the chunk changes, so that it has to be decoded at all. NULL: yes. */
  bool (*touches)(void *arg, const zarrc_region *part);
  /* Changes elements of a part of the chunk; view has those that are there now (fill value where nothing was stored).
   * Text that is put in stays until the write is done. */
  zarrc_status (*apply)(void *arg, const zarrc_region *part, const zarrc_view *view, zarrc_error *error);
  void *arg;
  /* Instead of both, where all of the region gets new elements: puts those of a part into view, which is memory of the
   * writer's. The region has no steps. A part is a box around what is encoded at once; boxes may overlap. One call at
   * a time for each chunk. */
  zarrc_fetch_fn fetch;
} zarrc_change;

/* -------------------------------------------------------------------------------------------- what is built in */

/* Returns whether a codec is known under a name and everything that it needs was built in. */
ZARRC_API bool zarrc_codec_is_available(zarrc_ctx *ctx, const char *name);

/* A library that codecs use. */
typedef struct zarrc_library {
  const char *name;    /* "libzstd" */
  const char *version; /* "1.5.4", of the one that is linked; NULL: zarrc was built without it */
} zarrc_library;
/* Gets the i-th library; returns false past the last. */
ZARRC_API bool zarrc_library_get(size_t i, zarrc_library *out);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/*
 * Single codecs, with the methods that codecs of zarr-python have. Zarr v3 core specification, "Codecs". How to write
 * one: docs/write-a-codec.md. An open codec never changes, so threads share it without locks.
 */
#ifndef ZARRC_CODEC_H
#define ZARRC_CODEC_H

#include <zarrc/blob.h>
#include <zarrc/data.h>

/* The most codecs in a chain, and the most shards nested in one another. */
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
  uint64_t nbytes; /* unknown: an estimate, or 0 */
} zarrc_size;

/* ------------------------------------------------------------------------------------------- using one codec */

/* Opens a codec from its JSON: {"name": ..., "configuration": {...}} or "name" (from_dict). */
ZARRC_API zarrc_status zarrc_codec_open(zarrc_ctx *ctx, const char *json, size_t n, zarrc_codec **out,
                                        zarrc_error *error);
ZARRC_API void zarrc_codec_close(zarrc_codec *codec);
/* Appends the canonical JSON, which is always an object (to_dict). */
ZARRC_API zarrc_status zarrc_codec_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error);

ZARRC_API const char *zarrc_codec_name(const zarrc_codec *codec);
ZARRC_API zarrc_codec_kind zarrc_codec_get_kind(const zarrc_codec *codec);
/* Returns whether both are the same codec with the same settings, like == in zarr-python. A setting that evolve has not
 * decided yet differs from one that was chosen. */
ZARRC_API bool zarrc_codec_equal(const zarrc_codec *a, const zarrc_codec *b);
ZARRC_API bool zarrc_codec_is_fixed_size(const zarrc_codec *codec);
ZARRC_API bool zarrc_codec_supports_partial_decode(const zarrc_codec *codec);
ZARRC_API bool zarrc_codec_supports_partial_encode(const zarrc_codec *codec);

/* Gets a codec for chunks like spec, with everything decided that the configuration leaves open
 * (evolve_from_array_spec). It must be closed too. */
ZARRC_API zarrc_status zarrc_codec_evolve(const zarrc_codec *codec, const zarrc_spec *spec, zarrc_codec **out,
                                          zarrc_error *error);
/* Checks that the codec can encode such chunks (validate): all chunks of a grid, of which spec gives the number of
 * dimensions, the type and the fill value; or, if grid is NULL, the chunk that spec describes. */
ZARRC_API zarrc_status zarrc_codec_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                            zarrc_error *error);
/* Returns ZARRC_INVALID_METADATA, with the reason, if the codec decodes only: it is from a stored document, with a
 * setting that encoding alone needs and that is no good, such as a level of null. */
ZARRC_API zarrc_status zarrc_codec_check_encodes(const zarrc_codec *codec, zarrc_error *error);
/* Gets the spec of the encoded chunk (resolve_metadata). It borrows what `in` borrows, or from the codec. */
ZARRC_API zarrc_status zarrc_codec_resolve(const zarrc_codec *codec, const zarrc_spec *in, zarrc_spec *out,
                                           zarrc_error *error);
/* Returns the size of nbytes bytes after encoding (compute_encoded_size). */
ZARRC_API zarrc_size zarrc_codec_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes);
/* Returns a size that no valid encoding of nbytes bytes or more is below, whoever made it. */
ZARRC_API uint64_t zarrc_codec_least_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes);

/* A chunk for a codec, which should be evolved for such chunks (sharding_indexed must be). The kind of the codec
 * determines which members are used:
 *                  encode                              decode
 *   array→array    decoded → encoded (views)           encoded → decoded
 *   array→bytes    decoded (view) → parts              bytes → decoded
 *   bytes→bytes    bytes → parts                       bytes → parts
 * Views have the shapes that spec and zarrc_codec_resolve say, and their memory is the caller's. */
typedef struct zarrc_codec_job {
  const zarrc_spec *spec; /* of the decoded chunk; NULL: this job is skipped */
  zarrc_view decoded, encoded;
  zarrc_bytes bytes; /* borrowed */
  zarrc_parts *parts;
  zarrc_status status; /* out */
  void *room[2];
} zarrc_codec_job;

/* Encode and decode n chunks in parallel. Every job gets a status; the failure with the lowest number is returned. */
ZARRC_API zarrc_status zarrc_codec_encode(const zarrc_codec *codec, zarrc_codec_job *jobs, size_t n,
                                          zarrc_error *error);
ZARRC_API zarrc_status zarrc_codec_decode(const zarrc_codec *codec, zarrc_codec_job *jobs, size_t n,
                                          zarrc_error *error);

/* ------------------------------------------------------------------------------------------------- shards */

/* An entry of a shard's index. */
typedef struct zarrc_inner_chunk {
  uint64_t number;               /* of the inner chunk, in C order */
  int64_t chunk[ZARRC_MAX_NDIM]; /* its coordinates in the grid of inner chunks */
  bool present;
  uint64_t offset, nbytes; /* of its encoded bytes in the shard */
  zarrc_status status;     /* ZARRC_CORRUPT: the entry is impossible */
} zarrc_inner_chunk;
typedef zarrc_status (*zarrc_inner_chunk_fn)(void *arg, const zarrc_inner_chunk *chunk, zarrc_error *error);

/* Calls fn for each inner chunk of a shard, in C order. ZARRC_INVALID_ARGUMENT: codec is not an evolved
 * sharding_indexed codec; ZARRC_NOT_FOUND: there is no shard. */
ZARRC_API zarrc_status zarrc_shard_each(const zarrc_codec *codec, zarrc_blob *shard, zarrc_inner_chunk_fn fn, void *arg,
                                        zarrc_error *error);
/* Returns the pipeline of the inner chunks of an evolved sharding_indexed codec, which owns it; NULL: it is none. */
typedef struct zarrc_pipeline zarrc_pipeline;
ZARRC_API const zarrc_pipeline *zarrc_shard_inner(const zarrc_codec *codec);

/* How a shard is stored in batches, for those who plan memory. A batch has this many bytes of elements, but at least
 * this many inner chunks for each thread. The box of inner chunks that is fetched for it is at most this many times as
 * large. */
#define ZARRC_SHARD_BATCH_NBYTES   ((uint64_t)4 << 20)
#define ZARRC_SHARD_BATCH_A_THREAD 4
#define ZARRC_SHARD_BOX_OF_A_BATCH 2

/* -------------------------------------------------------------------------------------------- what is built in */

/* Returns the name of the i-th codec that the context knows, each once; NULL past the last. The build may lack what the
 * codec needs. */
ZARRC_API const char *zarrc_codec_name_get(zarrc_ctx *ctx, size_t i);
/* Returns whether there is a codec with that name, and the build has all that it needs. */
ZARRC_API bool zarrc_codec_is_available(zarrc_ctx *ctx, const char *name);

/* A library that codecs use. */
typedef struct zarrc_library {
  const char *name;    /* "libzstd" */
  const char *version; /* "1.5.4": of the linked library; NULL: zarrc was built without it */
  void *room[2];
} zarrc_library;
/* Gets the i-th library; returns false past the last. */
ZARRC_API bool zarrc_library_get(size_t i, zarrc_library *out);

#ifdef __cplusplus
}
#endif
#endif

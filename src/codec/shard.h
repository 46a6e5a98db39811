/* SPDX-License-Identifier: MIT */
/*
 * What the files of sharding_indexed share. The inner chunks of a shard lie on a regular grid; the index has a pair
 * (offset, nbytes) for each, in C order of the grid. Zarr v3 sharding-indexed codec specification.
 */
#ifndef ZARRC_CODEC_SHARD_H
#define ZARRC_CODEC_SHARD_H

#include <zarrc/codecs.h>
#include <zarrc/pipeline.h>

/* Both halves of the pair of an inner chunk that is not there. */
#define ZARRC_SHARD_MISSING UINT64_MAX

/* The codecs of one of the two chains: as they were opened, or, from evolve on, those of the chain's pipeline. */
typedef struct zarrc_shard_chain {
  zarrc_codec **codecs;
  size_t n;
} zarrc_shard_chain;

typedef struct zarrc_shard {
  int ndim;
  int64_t chunk_shape[ZARRC_MAX_NDIM];
  zarrc_shard_chain codecs, index_codecs;
  zarrc_index_location location;
  zarrc_subchunk_order order;
  int nesting; /* shards that lie in one another, this one counted */
  /* From evolve on: */
  int64_t grid[ZARRC_MAX_NDIM]; /* inner chunks on each axis */
  uint64_t nchunks;             /* of the whole grid */
  uint64_t index_nbytes;        /* of the encoded index */
  uint64_t index_name;          /* see shard_cache.h */
  zarrc_pipeline *inner, *index;
} zarrc_shard;

typedef struct zarrc_shard_entry {
  uint64_t offset, nbytes;
} zarrc_shard_entry;

/* The decoded index of one shard. */
typedef struct zarrc_shard_index {
  zarrc_bytes memory;
  zarrc_shard_entry *entries; /* nchunks of them */
  uint64_t total;             /* bytes of the shard, ZARRC_UNKNOWN where that is not known */
} zarrc_shard_index;

/* ZARRC_INVALID_ARGUMENT unless the codec has been evolved, and for chunks like this one. */
zarrc_status zarrc_shard_check(const zarrc_shard *shard, const zarrc_spec *spec, zarrc_error *error);

/* Reads the index of a shard: ZARRC_NOT_FOUND where there is no shard. */
zarrc_status zarrc_shard_index_read(const zarrc_shard *shard, zarrc_ctx *ctx, zarrc_blob *blob, zarrc_shard_index *out,
                                    zarrc_error *error);
/* An index in which every inner chunk is missing. */
zarrc_status zarrc_shard_index_new(const zarrc_shard *shard, zarrc_ctx *ctx, zarrc_shard_index *out,
                                   zarrc_error *error);
/* Appends the encoded index, exactly index_nbytes bytes. */
zarrc_status zarrc_shard_index_encode(const zarrc_shard *shard, const zarrc_shard_index *index, zarrc_parts *parts,
                                      zarrc_error *error);
void zarrc_shard_index_release(zarrc_shard_index *index);
/* Whether an inner chunk is there. ZARRC_CORRUPT, naming it, where its entry cannot be right. */
zarrc_status zarrc_shard_entry_check(const zarrc_shard *shard, const zarrc_shard_index *index, uint64_t i,
                                     bool *present, zarrc_error *error);

/* The inner chunks that a region touches, numbered 0 to n - 1. */
typedef struct zarrc_touched {
  int64_t first[ZARRC_MAX_NDIM], count[ZARRC_MAX_NDIM]; /* chunk coordinates on each axis */
  uint64_t n;
} zarrc_touched;

/* One of them: its number in the index, the part of it that the region selects, and the part of the region's view
 * that this is. Its part is empty where the steps of the region pass over it. */
typedef struct zarrc_touch {
  uint64_t i;
  bool empty, whole; /* nothing, or all, of the inner chunk is selected */
  zarrc_region part;
  zarrc_view view;
} zarrc_touch;

/* The number in the index of the k-th of them, and whether nothing or all of it is selected. */
uint64_t zarrc_shard_touch_number(const zarrc_shard *shard, const zarrc_touched *touched, uint64_t k,
                                  const zarrc_region *region, bool *empty, bool *whole);
zarrc_touched zarrc_shard_touched(const zarrc_shard *shard, const zarrc_region *region);
void zarrc_shard_touch(const zarrc_shard *shard, const zarrc_touched *touched, uint64_t k, const zarrc_region *region,
                       const zarrc_view *view, zarrc_touch *out);
/* Coordinates of inner chunk i; and as text, "1,7". */
void zarrc_shard_chunk_at(const zarrc_shard *shard, uint64_t i, int64_t *at);
void zarrc_shard_chunk_name(const zarrc_shard *shard, uint64_t i, char *buf, size_t nbytes);

/* Part of another blob, which must stay. */
typedef struct zarrc_range_blob {
  zarrc_blob blob;
  zarrc_blob *outer;
  uint64_t offset, nbytes;
} zarrc_range_blob;
void zarrc_range_blob_init(zarrc_range_blob *blob, zarrc_blob *outer, uint64_t offset, uint64_t nbytes);

zarrc_status zarrc_shard_read(const zarrc_codec *codec, const zarrc_spec *spec, zarrc_blob *blob,
                              const zarrc_region *region, const zarrc_view *to, zarrc_error *error);
zarrc_status zarrc_shard_update(const zarrc_codec *codec, const zarrc_spec *spec, zarrc_blob *old,
                                const zarrc_region *region, const zarrc_view *from, zarrc_parts *parts,
                                zarrc_error *error);
zarrc_status zarrc_shard_modify(const zarrc_codec *codec, const zarrc_spec *spec, zarrc_blob *old,
                                const zarrc_region *region, const zarrc_change *change, zarrc_parts *parts,
                                zarrc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the files of sharding_indexed share. Zarr v3 sharding-indexed codec specification: the inner chunks of a shard
 * form a regular grid; the index has a pair (offset, nbytes) for each, in C order.
 */
#ifndef ZARRC_CODEC_SHARD_H
#define ZARRC_CODEC_SHARD_H

#include "codec/chain.h"

#include <zarrc/codecs.h>

/* Both numbers of a missing inner chunk. */
#define ZARRC_SHARD_MISSING UINT64_MAX

typedef struct zarrc_shard {
  int ndim;
  int64_t chunk_shape[ZARRC_MAX_NDIM];
  zarrc_chain codecs, index_codecs;
  zarrc_index_location location;
  zarrc_subchunk_order order;
  int nesting; /* levels of shards, including this one */
  /* set by evolve: */
  int64_t grid[ZARRC_MAX_NDIM]; /* inner chunks on each axis */
  uint64_t nchunks;             /* inner chunks of a shard */
  uint64_t index_nbytes;        /* length of the encoded index */
  uint64_t index_name;          /* see shard_cache.h */
  zarrc_pipeline *inner, *index;
} zarrc_shard;

typedef struct zarrc_shard_entry {
  uint64_t offset, nbytes;
} zarrc_shard_entry;

/* The decoded index of one shard. */
typedef struct zarrc_shard_index {
  zarrc_bytes memory;
  zarrc_shard_entry *entries; /* nchunks entries */
  uint64_t total;             /* length of the shard; ZARRC_UNKNOWN: not known */
} zarrc_shard_index;

/* Returns ZARRC_INVALID_ARGUMENT unless the codec has been evolved for chunks like this one. */
zarrc_status zarrc_shard_check(const zarrc_shard *shard, const zarrc_spec *spec, zarrc_error *error);

/* Reads the index of a shard. ZARRC_NOT_FOUND: there is no shard. */
zarrc_status zarrc_shard_index_read(const zarrc_shard *shard, zarrc_ctx *ctx, zarrc_blob *blob, zarrc_shard_index *out,
                                    zarrc_error *error);
/* Makes an index in which every inner chunk is missing. */
zarrc_status zarrc_shard_index_new(const zarrc_shard *shard, zarrc_ctx *ctx, zarrc_shard_index *out,
                                   zarrc_error *error);
/* Appends the encoded index, exactly index_nbytes bytes. */
zarrc_status zarrc_shard_index_encode(const zarrc_shard *shard, const zarrc_shard_index *index, zarrc_parts *parts,
                                      zarrc_error *error);
void zarrc_shard_index_release(zarrc_shard_index *index);
/* Finds out whether an inner chunk is present. ZARRC_CORRUPT: its entry is invalid; the error names it. */
zarrc_status zarrc_shard_entry_check(const zarrc_shard *shard, const zarrc_shard_index *index, uint64_t i,
                                     bool *present, zarrc_error *error);

/* The inner chunks that a region touches, numbered from 0 to n - 1. */
typedef struct zarrc_touched {
  int64_t first[ZARRC_MAX_NDIM], count[ZARRC_MAX_NDIM]; /* in coordinates of inner chunks */
  uint64_t n;
} zarrc_touched;

/* A touched inner chunk. */
typedef struct zarrc_touch {
  uint64_t i;        /* its number in the index */
  bool empty, whole; /* nothing of it is selected, as the region's steps pass over it; all of it is selected */
  zarrc_region part; /* what is selected of it */
  zarrc_view view;   /* the corresponding part of the region's view */
} zarrc_touch;

/* Returns the number in the index of the k-th touched inner chunk, and whether nothing or all of it is selected. */
uint64_t zarrc_shard_touch_number(const zarrc_shard *shard, const zarrc_touched *touched, uint64_t k,
                                  const zarrc_region *region, bool *empty, bool *whole);
zarrc_touched zarrc_shard_touched(const zarrc_shard *shard, const zarrc_region *region);
void zarrc_shard_touch(const zarrc_shard *shard, const zarrc_touched *touched, uint64_t k, const zarrc_region *region,
                       const zarrc_view *view, zarrc_touch *out);
/* Return the coordinates of inner chunk i, and as text, "1,7". */
void zarrc_shard_chunk_at(const zarrc_shard *shard, uint64_t i, int64_t *at);
void zarrc_shard_chunk_name(const zarrc_shard *shard, uint64_t i, char *buf, size_t nbytes);

zarrc_status zarrc_shard_read(const zarrc_codec *codec, const zarrc_spec *spec, zarrc_blob *blob,
                              const zarrc_region *region, const zarrc_view *to, zarrc_error *error);
zarrc_status zarrc_shard_update(const zarrc_codec *codec, const zarrc_spec *spec, zarrc_blob *old,
                                const zarrc_region *region, const zarrc_values *values, zarrc_parts *parts,
                                zarrc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/* Shards one by one: which there are, and what the index of one tells. */
#ifndef ZARRC_CLI_SHARD_H
#define ZARRC_CLI_SHARD_H

#include "json.h"
#include "stream.h"
#include "text.h"

#define CLI_KEY 2048

/* Where shards are looked for: an array, or one shard of it. */
typedef struct cli_shards {
  cli_node node;      /* the array */
  zarrc_store *files; /* that of a shard given as a file, apart from its array; else NULL: that of the array */
  char *place;        /* the array's URL where it was found through a shard; freed with free */
  bool single;        /* only this one: */
  bool placed;        /* it is known which shard it is */
  char key[CLI_KEY];
  int64_t chunk[ZARRC_MAX_NDIM];
} cli_shards;

/* From the operand (array URL or shard file), --chunk and --metadata. ZARRC_INVALID_ARGUMENT where the array's chain
 * has no sharding_indexed. */
zarrc_status cli_shards_open(cli *c, zarrc_ctx *ctx, cli_shards *out, zarrc_error *error);
void cli_shards_close(cli_shards *shards);
/* Calls fn for each shard that is stored, in C order; the single one in any case. */
typedef zarrc_status (*cli_shard_fn)(void *arg, const int64_t *chunk, const char *key, zarrc_error *error);
zarrc_status cli_shards_each(const cli_shards *shards, cli_shard_fn fn, void *arg, zarrc_error *error);

/* An inner chunk; its number is its place in C order. */
typedef struct cli_inner {
  uint64_t offset, nbytes;
  bool present;
  bool corrupt; /* the entry cannot be right */
} cli_inner;

/* A shard with its index read. */
typedef struct cli_shard {
  zarrc_ctx *ctx;
  const char *key;
  char name[112];           /* its coordinates, "0,3"; "": not known */
  const zarrc_codec *codec; /* sharding_indexed; what it decodes is `blob` */
  const zarrc_pipeline *inner;
  int ndim;
  int64_t shape[ZARRC_MAX_NDIM], inner_shape[ZARRC_MAX_NDIM], grid[ZARRC_MAX_NDIM]; /* as that codec sees them */
  uint64_t nbytes; /* of the shard, decoded by the codecs behind; ZARRC_UNKNOWN: not known */
  bool wrapped;    /* there are such codecs */
  bool index_first, index_has_checksum;
  uint64_t index_nbytes;
  cli_inner *entries;
  size_t nentries, cap;
  zarrc_blob *blob;
  zarrc_key_blob stored;
  zarrc_memory_blob decoded;
  zarrc_bytes loan;
  zarrc_parts parts[2];
} cli_shard;

/* ZARRC_NOT_FOUND: no shard is stored under the key. Errors name the key. Closed in any case. */
zarrc_status cli_shard_open(const cli_shards *shards, const int64_t *chunk, const char *key, cli_shard *out,
                            zarrc_error *error);
void cli_shard_close(cli_shard *shard);
/* Coordinates of inner chunk i; and as text, "1,7". */
void cli_inner_at(const cli_shard *shard, size_t i, int64_t *at);
const char *cli_inner_name(const cli_shard *shard, size_t i, char buf[CLI_DIMS]);
/* The encoded bytes of an inner chunk, on loan. ZARRC_NOT_FOUND: it is missing; ZARRC_CORRUPT: it does not lie in the
 * shard. Errors name shard and inner chunk. */
zarrc_status cli_inner_read(cli_shard *shard, size_t i, zarrc_bytes *out, zarrc_error *error);
/* Its elements, packed, of this type, into memory. */
zarrc_status cli_inner_decode(cli_shard *shard, size_t i, const zarrc_dtype *dtype, cli_slab_memory *memory,
                              zarrc_error *error);

/* What the index leaves: bytes between the inner chunks that belong to none, and bytes that several share. */
typedef struct cli_inner_sums {
  uint64_t present, missing, corrupt;
  uint64_t nbytes, holes, overlaps;
} cli_inner_sums;
zarrc_status cli_inner_sum(const cli_shard *shard, cli_inner_sums *out, zarrc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/* Single shards: finding them, and reading their index and inner chunks. */
#ifndef ZARRC_CLI_SHARD_H
#define ZARRC_CLI_SHARD_H

#include "json.h"
#include "stream.h"
#include "text.h"

#define CLI_KEY 2048

/* The shards to look at: all of an array, or one. */
typedef struct cli_shards {
  cli_node node;      /* the array */
  zarrc_store *files; /* the store of a shard that was given as a file with --metadata; NULL: the array's store */
  char *place;        /* URL of the array, if it was found from the path of a shard; freed with free */
  bool single;        /* only the shard with this key */
  bool placed;        /* `chunk`, its position in the grid, is known */
  char key[CLI_KEY];
  int64_t chunk[ZARRC_MAX_NDIM];
} cli_shards;

/* Opens what the operand (array URL or shard file), --chunk and --metadata name. ZARRC_INVALID_ARGUMENT if the array is
 * not sharded. */
zarrc_status cli_shards_open(cli *c, zarrc_ctx *ctx, cli_shards *out, zarrc_error *error);
void cli_shards_close(cli_shards *shards);
/* Calls fn for each stored shard in C order, or for the single one, stored or not. */
typedef zarrc_status (*cli_shard_fn)(void *arg, const int64_t *chunk, const char *key, zarrc_error *error);
zarrc_status cli_shards_each(const cli_shards *shards, cli_shard_fn fn, void *arg, zarrc_error *error);

/* An inner chunk. They are numbered in C order. */
typedef struct cli_inner {
  uint64_t offset, nbytes;
  bool present;
  bool corrupt; /* its entry in the index is invalid */
} cli_inner;

/* A shard and its index. */
typedef struct cli_shard {
  zarrc_ctx *ctx;
  const zarrc_store *store;
  const char *key;
  char name[112];           /* its coordinates, "0,3"; "": unknown */
  const zarrc_codec *codec; /* sharding_indexed; decodes `blob` */
  const zarrc_pipeline *inner;
  int ndim;
  int64_t shape[ZARRC_MAX_NDIM], inner_shape[ZARRC_MAX_NDIM], grid[ZARRC_MAX_NDIM]; /* as seen by that codec */
  uint64_t nbytes; /* of the shard without further codecs; ZARRC_UNKNOWN: unknown */
  bool wrapped;    /* further codecs follow sharding_indexed */
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

/* Reads the index of a shard. ZARRC_NOT_FOUND: it is not stored. Errors name the key. The caller closes *out, after a
 * failure too. */
zarrc_status cli_shard_open(const cli_shards *shards, const int64_t *chunk, const char *key, cli_shard *out,
                            zarrc_error *error);
void cli_shard_close(cli_shard *shard);
/* Return the coordinates of inner chunk i, and as text, "1,7". */
void cli_inner_at(const cli_shard *shard, size_t i, int64_t *at);
const char *cli_inner_name(const cli_shard *shard, size_t i, char buf[CLI_DIMS]);
/* Reads the encoded bytes of an inner chunk. ZARRC_NOT_FOUND: it is missing; ZARRC_CORRUPT: it lies outside the shard.
 * Errors name the shard and the inner chunk. The caller releases *out. */
zarrc_status cli_inner_read(cli_shard *shard, size_t i, zarrc_bytes *out, zarrc_error *error);
/* Decodes an inner chunk into packed elements of dtype. */
zarrc_status cli_inner_decode(cli_shard *shard, size_t i, const zarrc_dtype *dtype, cli_slab_memory *memory,
                              zarrc_error *error);

/* Sums over the index. holes: bytes between inner chunks that belong to none; overlaps: bytes that belong to
 * several. */
typedef struct cli_inner_sums {
  uint64_t present, missing, corrupt;
  uint64_t nbytes, holes, overlaps;
} cli_inner_sums;
zarrc_status cli_inner_sum(const cli_shard *shard, cli_inner_sums *out, zarrc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/* The shards that the arguments of zarrc shard name. */
#ifndef ZARRC_CLI_SHARD_H
#define ZARRC_CLI_SHARD_H

#include "cli.h"

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

#endif

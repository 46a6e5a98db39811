/* SPDX-License-Identifier: MIT */
/*
 * One run of the command: the arguments, how it talks, and where it stands.
 */
#ifndef ZARRC_CLI_CLI_H
#define ZARRC_CLI_CLI_H

#include "options.h"

struct cli {
  cli_args args;
  bool json, quiet, verbose;
  char subject[512]; /* the URL or file that an error is about; "" where the message says it */
  char hint[256];    /* the next step after an error, or "" */
};

static inline bool cli_has(const cli *c, cli_option_id id) {
  return c->args.value[id] != NULL;
}
static inline const char *cli_value(const cli *c, cli_option_id id) {
  return c->args.value[id];
}

/* The status of what was typed: what would be wrong in a store, ZARRC_INVALID_METADATA or ZARRC_UNSUPPORTED, is
 * ZARRC_INVALID_ARGUMENT. */
zarrc_status cli_as_usage(zarrc_status status, zarrc_error *error);

/* What errors are about from now on. */
void cli_about(cli *c, const char *subject);

const char *cli_option_name(cli_option_id id);
/* Options with numbers in them; *out is left alone where the option was not given. */
zarrc_status cli_option_size(const cli *c, cli_option_id id, uint64_t *out, zarrc_error *error);
zarrc_status cli_option_number(const cli *c, cli_option_id id, int64_t min, int64_t max, int64_t *out,
                               zarrc_error *error);
/* Bytes that --memory allows; 1 GiB unless told. */
zarrc_status cli_memory_option(const cli *c, uint64_t *out, zarrc_error *error);

/* ------------------------------------------------------------------------------------------- what a verb opens */

typedef struct cli_node {
  zarrc_store *store;
  char *path; /* inside the store */
  zarrc_node_kind kind;
  zarrc_array *array; /* at most one of these two */
  zarrc_group *group;
  zarrc_ctx *ctx;
  const char *url;
} cli_node;

/* A context as -T asks, which stops when the process is told to. */
zarrc_status cli_ctx_open(const cli *c, zarrc_ctx **out, zarrc_error *error);
/* The store and path of a URL; nothing is opened at the path. */
zarrc_status cli_store_open(cli *c, zarrc_ctx *ctx, const char *url, bool writable, cli_node *out, zarrc_error *error);
/* The same, and the array or group there; ZARRC_NOT_FOUND where there is neither. */
zarrc_status cli_node_open(cli *c, zarrc_ctx *ctx, const char *url, bool writable, const zarrc_array_options *options,
                           cli_node *out, zarrc_error *error);
/* The same; only an array will do. */
zarrc_status cli_array_open(cli *c, zarrc_ctx *ctx, const char *url, bool writable, const zarrc_array_options *options,
                            cli_node *out, zarrc_error *error);
/* The array whose metadata is the file of --metadata: it has no chunks. */
zarrc_status cli_metadata_open(cli *c, zarrc_ctx *ctx, cli_node *out, zarrc_error *error);
void cli_node_close(cli_node *node);
/* Whether a copy to a URL was left unfinished, and what it was a copy of. */
bool cli_unfinished(cli *c, zarrc_ctx *ctx, const char *url, char *note, size_t size);
/* The hint about such a copy where nothing was found. */
void cli_hint_unfinished(cli *c, zarrc_ctx *ctx, const char *url, zarrc_status status);
enum { CLI_LEFT = 5000 };
/* A note where something of a version that was replaced could not be removed, and where it is: returns whether. */
bool cli_tell_left(const cli_node *node, const char *url, char place[CLI_LEFT]);
/* The hint where files that are no Zarr are in the way of --overwrite. */
void cli_hint_others(cli *c, zarrc_status status, const zarrc_survey *there);

/* --------------------------------------------------------------------------------------------------- entries */

zarrc_status cli_array_path(cli *c, const char *url, zarrc_error *error);
/* For main: whole usage, one verb, version. */
zarrc_status cli_help_main(cli *c, zarrc_error *error);
zarrc_status cli_help_verb(cli *c, const cli_verb *verb, zarrc_error *error);
zarrc_status cli_version(cli *c, zarrc_error *error);

#endif

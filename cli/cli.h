/* SPDX-License-Identifier: MIT */
/* One run of the command: its arguments, what it works on, and how it reports errors. */
#ifndef ZARRC_CLI_CLI_H
#define ZARRC_CLI_CLI_H

#include "options.h"

#include <pthread.h>

/* Notices about arrays. Each is printed once, however many arrays it is about. */
typedef struct cli_notices {
  pthread_mutex_t mutex;
  struct {
    uint64_t sentence, array; /* hashes; of the first array that it is about */
  } printed[64];
  size_t nprinted;
  bool has_others; /* some were not printed */
} cli_notices;

/* What was asked of the stores of a URL over a network. */
typedef struct cli_stats {
  char url[512];
  uint64_t requests, retries, connections, rounds, nbytes;
  bool has_cache;
  uint64_t hits, misses, checks, hit_nbytes, disk_hits;
} cli_stats;

struct cli {
  cli_args args;
  bool json, quiet, verbose;
  int exit;          /* the exit status if nothing fails: 1 if differences or faults were found */
  char subject[512]; /* the URL or file that an error is about; "": the message names it */
  char hint[256];    /* the next step after an error, or "" */
  cli_notices notices;
  bool tells_notices; /* the verb prints those of its array itself */
  cli_stats stats[8]; /* --stats */
  size_t nstats;
};

static inline bool cli_has(const cli *c, cli_option_id id) {
  return c->args.value[id] != NULL;
}
static inline const char *cli_value(const cli *c, cli_option_id id) {
  return c->args.value[id];
}

/* Turns an error about what the user has typed into ZARRC_INVALID_ARGUMENT: in a store it would be
 * ZARRC_INVALID_METADATA or ZARRC_UNSUPPORTED. */
zarrc_status cli_as_usage(zarrc_status status, zarrc_error *error);

/* Sets what later errors are about. */
void cli_about(cli *c, const char *subject);

/* Returns what the verb calls an option. */
const char *cli_option_name(const cli *c, cli_option_id id);
/* Read an option that is a number; *out stays as it is if the option was not given. */
zarrc_status cli_option_size(const cli *c, cli_option_id id, uint64_t *out, zarrc_error *error);
zarrc_status cli_option_number(const cli *c, cli_option_id id, int64_t min, int64_t max, int64_t *out,
                               zarrc_error *error);
/* Returns the bytes that --memory allows, 1 GiB by default. */
zarrc_status cli_memory_option(const cli *c, uint64_t *out, zarrc_error *error);

/* ------------------------------------------------------------------------------------------- what a verb opens */

typedef struct cli_node {
  zarrc_store *store;
  cli *stats; /* gets the counts of the store; NULL: nobody wants them */
  char *path; /* inside the store */
  zarrc_node_kind kind;
  zarrc_array *array; /* at most one of these two */
  zarrc_group *group;
  zarrc_ctx *ctx;
  const char *url;
} cli_node;

/* Half of --memory is for the elements in memory (cli_slab_items), half for the library. Without the option only the
 * elements are limited, since a single chunk may need more. */
enum { CLI_WHOLE = 1, CLI_HALF };
/* Opens a context with the threads of -T and the rules of --strict, which is canceled by a signal, and whose notices
 * are printed on standard error unless -q or --json is given. With --memory it may hold one of so many parts of that.
 */
zarrc_status cli_ctx_open(cli *c, unsigned parts, zarrc_ctx **out, zarrc_error *error);
/* Says whether notices were left out because others said the same. */
void cli_notices_end(const cli *c);
/* What a store is opened for. CLI_REPLACE: for stages only (by_stage of zarrc_open_options). */
typedef enum { CLI_READ, CLI_WRITE, CLI_REPLACE } cli_access;
/* Opens the store of a URL and takes its path apart; opens no node. */
zarrc_status cli_store_open(cli *c, zarrc_ctx *ctx, const char *url, cli_access access, cli_node *out,
                            zarrc_error *error);
/* Returns how groups are opened: --no-consolidated. */
zarrc_group_options cli_group_options(const cli *c);
/* Opens the array or group of a URL as well; ZARRC_NOT_FOUND if there is none. */
zarrc_status cli_node_open(cli *c, zarrc_ctx *ctx, const char *url, bool writable, const zarrc_array_options *options,
                           cli_node *out, zarrc_error *error);
/* The same, but refuses a group. */
zarrc_status cli_array_open(cli *c, zarrc_ctx *ctx, const char *url, bool writable, const zarrc_array_options *options,
                            cli_node *out, zarrc_error *error);
/* Opens an array without chunks whose metadata is the file of --metadata. */
zarrc_status cli_metadata_open(cli *c, zarrc_ctx *ctx, cli_node *out, zarrc_error *error);
void cli_node_close(cli_node *node);
/* Returns whether an unfinished copy exists for a URL. note: what it is a copy of. */
bool cli_unfinished(cli *c, zarrc_ctx *ctx, const char *url, char *note, size_t size);
/* Sets a hint about such a copy if a node was not found. */
void cli_hint_unfinished(cli *c, zarrc_ctx *ctx, const char *url, zarrc_status status);
enum { CLI_LEFT = 5000 };
/* Prints a note if parts of a replaced version could not be removed, and returns whether. place: where they are. */
bool cli_tell_left(const cli_node *node, const char *url, char place[CLI_LEFT]);
/* Sets a hint if --overwrite was refused because of files that do not belong to Zarr. */
void cli_hint_others(cli *c, zarrc_status status, const zarrc_survey *there);

/* --------------------------------------------------------------------------------------------------- entries */

zarrc_status cli_array_path(cli *c, const char *url, zarrc_error *error);
/* For main: the usage of the command, the help of one verb, the version. */
zarrc_status cli_help_main(cli *c, zarrc_error *error);
zarrc_status cli_help_verb(cli *c, const cli_verb *verb, zarrc_error *error);
zarrc_status cli_version(cli *c, zarrc_error *error);

#endif

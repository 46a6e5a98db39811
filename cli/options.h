/* SPDX-License-Identifier: MIT */
/* The table of verbs and options, from which parsing, --help, the manual page and completions are made. */
#ifndef ZARRC_CLI_OPTIONS_H
#define ZARRC_CLI_OPTIONS_H

#include <zarrc/zarrc.h>

typedef struct cli cli;

typedef enum cli_option_id {
  CLI_JSON,
  CLI_QUIET,
  CLI_VERBOSE,
  CLI_HELP,
  CLI_ATTRIBUTES,
  CLI_STORED,
  CLI_DEPTH,
  CLI_LONG,
  CLI_SELECT,
  CLI_OUTPUT,
  CLI_INPUT,
  CLI_FORMAT,
  CLI_FORCE,
  CLI_METADATA,
  CLI_SHAPE,
  CLI_DTYPE,
  CLI_CHUNKS,
  CLI_SHARDS,
  CLI_CODECS,
  CLI_FILL_VALUE,
  CLI_DIMENSION_NAMES,
  CLI_SEPARATOR,
  CLI_KEY_ENCODING,
  CLI_GROUP,
  CLI_OVERWRITE,
  CLI_RESUME,
  CLI_CHECK,
  CLI_DRY_RUN,
  CLI_WRITE_EMPTY,
  CLI_SYNC,
  CLI_THREADS,
  CLI_MEMORY,
  CLI_PROGRESS,
  CLI_FOLLOW_LINKS,
  CLI_STRICT,
  CLI_DIRECT,
  CLI_FAST_GZIP,
  CLI_CHUNK,
  CLI_INNER,
  CLI_DECODE,
  CLI_DEEP,
  CLI_OTHER_FILES,
  CLI_NO_CONSOLIDATED,
  CLI_MAN,
  CLI_ZARR_FORMAT,
  CLI_ORDER,
  CLI_HEADER,
  CLI_ANONYMOUS,
  CLI_ENDPOINT,
  CLI_CACHE,
  CLI_CACHE_DIR,
  CLI_CACHE_DIR_SIZE,
  CLI_STATS,
  CLI_REMOVE_V2,
  CLI_AFTER,
  CLI_DIGEST,
  CLI_VALUES,
  CLI_NOPTIONS
} cli_option_id;

/* An option of some verbs. Two rows may have the same name if no verb has both. */
typedef struct cli_option {
  cli_option_id id;
  unsigned verbs; /* bits CLI_VERB_... */
  char letter;    /* 0: none */
  const char *name;
  const char *argument; /* its name in the help; NULL: a flag */
  const char *choices;  /* the accepted words, separated by blanks; "<file>": a path; NULL: any text */
  const char *help;
} cli_option;

enum {
  CLI_VERB_INFO = 1u << 0,
  CLI_VERB_LS = 1u << 1,
  CLI_VERB_TREE = 1u << 2,
  CLI_VERB_GET = 1u << 3,
  CLI_VERB_PUT = 1u << 4,
  CLI_VERB_CREATE = 1u << 5,
  CLI_VERB_COPY = 1u << 6,
  CLI_VERB_ENCODE = 1u << 7,
  CLI_VERB_DECODE = 1u << 8,
  CLI_VERB_COMPLETION = 1u << 9,
  CLI_VERB_HELP = 1u << 10,
  CLI_VERB_SHARD = 1u << 11,
  CLI_VERB_CONSOLIDATE = 1u << 12,
  CLI_VERB_MIGRATE = 1u << 13,
  CLI_VERB_VERIFY = 1u << 14,
  CLI_VERB_DIGEST = 1u << 15,
  CLI_VERB_ALL = (1u << 16) - 1
};

typedef struct cli_verb {
  unsigned bit;
  const char *name;
  const char *operands; /* "SRC DST"; in brackets: optional */
  int min_operands, max_operands;
  const char *choices; /* of the operands: as in cli_option */
  const char *summary;
  const char *description; /* paragraphs, separated by an empty line */
  const char *examples;    /* one a line */
  zarrc_status (*run)(cli *c, zarrc_error *error);
} cli_verb;

extern const cli_verb cli_verbs[];
extern const size_t cli_nverbs;
extern const cli_option cli_options[];
extern const size_t cli_noptions;

#define CLI_MAX_OPERANDS 2
#define CLI_MAX_HEADERS  32

/* A parsed command line. The strings are those of argv. */
typedef struct cli_args {
  const cli_verb *verb;
  const char *value[CLI_NOPTIONS]; /* NULL: not given; of a flag: "" */
  const char *operand[CLI_MAX_OPERANDS];
  int noperands;
  const char *headers[CLI_MAX_HEADERS]; /* all values of --header */
  size_t nheaders;
} cli_args;

const cli_verb *cli_verb_find(const char *name);
/* Returns the option of a verb with a long name of n bytes, or with a letter; NULL: none. */
const cli_option *cli_option_find(const cli_verb *verb, const char *name, size_t n);
const cli_option *cli_option_letter(const cli_verb *verb, char letter);

/* Parses what follows the verb. ZARRC_INVALID_ARGUMENT names the wrong word. hint: room for at least 128 bytes;
 * receives the next step, or "". */
zarrc_status cli_args_parse(const cli_verb *verb, int argc, char **argv, cli_args *args, char *hint, size_t nhint,
                            zarrc_error *error);
/* Returns the verb most similar to a mistyped one, or NULL. */
const char *cli_nearest_verb(const char *name);

/* The verbs, one in each file. */
zarrc_status cli_info(cli *c, zarrc_error *error);
zarrc_status cli_ls(cli *c, zarrc_error *error);
zarrc_status cli_get(cli *c, zarrc_error *error);
zarrc_status cli_put(cli *c, zarrc_error *error);
zarrc_status cli_create(cli *c, zarrc_error *error);
zarrc_status cli_copy(cli *c, zarrc_error *error);
zarrc_status cli_consolidate(cli *c, zarrc_error *error);
zarrc_status cli_migrate(cli *c, zarrc_error *error);
zarrc_status cli_verify(cli *c, zarrc_error *error);
zarrc_status cli_digest(cli *c, zarrc_error *error);
zarrc_status cli_encode(cli *c, zarrc_error *error);
zarrc_status cli_decode(cli *c, zarrc_error *error);
zarrc_status cli_shard_verb(cli *c, zarrc_error *error);
zarrc_status cli_completion(cli *c, zarrc_error *error);
zarrc_status cli_help(cli *c, zarrc_error *error);

#endif

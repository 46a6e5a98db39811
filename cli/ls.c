/* SPDX-License-Identifier: MIT */
/* zarrc ls and tree: list a hierarchy, one node a line. */
#include "cli.h"
#include "describe.h"
#include "failures.h"
#include "file.h"
#include "memstream.h"
#include "out.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define BAR 16

/* What a line says about an array. The texts are allocated with malloc. */
typedef struct line {
  char *shape, *dtype, *chunks;
  zarrc_stored stored;
  uint64_t nbytes;
  zarrc_error *why; /* why the array cannot be read; NULL: it can */
} line;

typedef struct listing {
  cli *c;
  const cli_node *node;
  zarrc_tree *tree;
  size_t n; /* number of nodes, and of lines */
  line *lines;
  char *branch; /* the drawing before a name, one character a level */
} listing;

static void put_dims_text(FILE *f, const zarrc_chunk_layout *l) {
  char dims[CLI_DIMS];
  fputs(cli_plain_dims(dims, l->chunk_shape, l->ndim), f);
  if (l->sharded) fprintf(f, " in %s", cli_plain_dims(dims, l->object_shape, l->ndim));
}

static zarrc_status chunks_text(const zarrc_chunk_layout *l, char **out, zarrc_error *error) {
  cli_memstream text;
  zarrc_status status = cli_memstream_open(&text, error);
  if (status) return status;
  put_dims_text(text.out, l);
  status = cli_memstream_close(&text, ZARRC_OK, error);
  *out = text.text;
  return status;
}

static zarrc_status describe(const listing *ls, zarrc_array *array, line *out, zarrc_error *error) {
  char dims[CLI_DIMS];
  zarrc_chunk_layout l;
  cli_layout_of(array, &l);
  out->shape = strdup(cli_human_dims(dims, zarrc_array_shape(array), l.ndim));
  out->nbytes = l.nbytes;
  if (!out->shape) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
  zarrc_status status = cli_array_dtype_text(array, &out->dtype, error);
  if (!status) status = chunks_text(&l, &out->chunks, error);
  if (status) return status;
  out->stored.struct_size = sizeof out->stored;
  return cli_has(ls->c, CLI_LONG) ? zarrc_array_count_stored(array, &out->stored, error) : ZARRC_OK;
}

/* Describes an array. One that cannot be read is listed too; failures such as lack of memory end the listing. */
static zarrc_status read_line(const listing *ls, size_t i, line *out, zarrc_error *error) {
  zarrc_array *array = NULL;
  zarrc_error why = {0};
  zarrc_array_options options = {.struct_size = sizeof options, .allow_unknown = true};
  zarrc_status status = zarrc_tree_open_array(ls->tree, i, &options, &array, &why);
  if (!status) status = describe(ls, array, out, &why);
  zarrc_array_close(array);
  if (!status) return status;
  if (!cli_is_of_one_node(status)) {
    if (error) *error = why;
    return status;
  }
  out->why = malloc(sizeof why);
  if (!out->why) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
  *out->why = why;
  return ZARRC_OK;
}

static const zarrc_tree_node *node_at(const listing *ls, size_t i) {
  return zarrc_tree_get(ls->tree, i);
}

/* Returns why a node cannot be read; NULL: it can. */
static const zarrc_error *why_not(const listing *ls, size_t i) {
  return ls->lines[i].why ? ls->lines[i].why : node_at(ls, i)->why;
}

/* Returns the path of a node relative to the listed one. */
static const char *relative(const listing *ls, const zarrc_tree_node *node) {
  size_t n = strlen(ls->node->path);
  const char *path = node->path + n;
  return n > 0 && *path == '/' ? path + 1 : path;
}

/* ------------------------------------------------------------------------------------------------------- text */

static size_t put_name(const listing *ls, size_t i, bool tree) {
  static const char *const art[2][4] = {
      {"`-- ", "|-- ", "    ", "|   "},
      {"\xe2\x94\x94\xe2\x94\x80\xe2\x94\x80 ", "\xe2\x94\x9c\xe2\x94\x80\xe2\x94\x80 ", "    ", "\xe2\x94\x82   "}};
  const zarrc_tree_node *node = node_at(ls, i);
  const char *name = relative(ls, node), *const *lines = art[cli_is_utf8()];
  size_t width = 0;
  if (tree && node->depth > 0) {
    for (int level = 1; level < node->depth; level++) fputs(lines[ls->branch[level] != 0 ? 2 : 3], stdout);
    fputs(lines[node->last ? 0 : 1], stdout);
    ls->branch[node->depth] = node->last;
    width = 4 * (size_t)node->depth;
    name = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
  }
  if (node->depth == 0) name = tree ? ls->node->url : ".";
  const char *slash = node->kind == ZARRC_NODE_GROUP && node->depth > 0 ? "/" : "";
  printf("%s", cli_ansi(stdout, node->kind == ZARRC_NODE_GROUP ? CLI_BOLD : CLI_PLAIN));
  cli_print_safe(stdout, name);
  printf("%s%s", slash, cli_ansi(stdout, CLI_PLAIN));
  return width + strlen(name) + strlen(slash);
}

static size_t width_of(const listing *ls, size_t i, bool tree) {
  const zarrc_tree_node *node = node_at(ls, i);
  const char *name = relative(ls, node), *slash = strrchr(name, '/');
  if (node->depth == 0) return tree ? strlen(ls->node->url) : 1;
  size_t n = tree ? strlen(slash ? slash + 1 : name) + 4 * (size_t)node->depth : strlen(name);
  return n + (node->kind == ZARRC_NODE_GROUP);
}

static void pad(size_t from, size_t to) {
  printf("%*s", (int)(to > from ? to - from : 0) + 2, "");
}

static void put_bar(uint64_t nbytes, uint64_t most) {
  int filled = most > 0 ? (int)((double)nbytes / (double)most * BAR + 0.999) : 0;
  if (filled > 0) printf("  %s", cli_ansi(stdout, CLI_CYAN));
  for (int i = 0; i < filled && i < BAR; i++) putchar('#');
  if (filled > 0) printf("%s", cli_ansi(stdout, CLI_PLAIN));
}

/* Prints a note about temporary files of killed writers, which no line counts. */
static void tell_temporary(const listing *ls) {
  uint64_t n = 0, nbytes = 0;
  char count[CLI_HUMAN], size[CLI_HUMAN];
  for (size_t i = 0; i < ls->n; i++) {
    n += ls->lines[i].stored.ntemporary;
    nbytes += ls->lines[i].stored.temporary_nbytes;
  }
  if (n == 0) return;
  fprintf(stderr, "zarrc: writers that were killed have left %s temporary file%s, %s\n", cli_human_count(count, n),
          n == 1 ? "" : "s", cli_human_bytes(size, (double)nbytes));
}

static void print_text(const listing *ls) {
  bool tree = ls->c->args.verb->bit == CLI_VERB_TREE, longer = cli_has(ls->c, CLI_LONG);
  size_t name = 0, shape = 0, dtype = 0, chunks = 0;
  uint64_t most = 0;
  char size[CLI_HUMAN], text[ZARRC_ERROR_TEXT];
  for (size_t i = 0; i < ls->n; i++) {
    const line *l = &ls->lines[i];
    if (width_of(ls, i, tree) > name) name = width_of(ls, i, tree);
    if (!l->shape) continue;
    if (strlen(l->shape) > shape) shape = strlen(l->shape);
    if (strlen(l->dtype) > dtype) dtype = strlen(l->dtype);
    if (strlen(l->chunks) > chunks) chunks = strlen(l->chunks);
    if (l->stored.nbytes > most) most = l->stored.nbytes;
  }
  if (name > 60) name = 60;
  for (size_t i = 0; i < ls->n; i++) {
    const line *l = &ls->lines[i];
    const zarrc_error *why = why_not(ls, i);
    size_t at = put_name(ls, i, tree);
    if (why) {
      pad(at, name);
      fputs(node_at(ls, i)->kind == ZARRC_NODE_UNREADABLE ? "unreadable: " : "", stdout);
      cli_print_safe(stdout, cli_reason(why, true, text));
    } else if (l->shape) {
      pad(at, name);
      fputs(l->shape, stdout);
      pad(strlen(l->shape), shape);
      fputs(l->dtype, stdout);
      if (longer) {
        pad(strlen(l->dtype), dtype);
        fputs(l->chunks, stdout);
        pad(strlen(l->chunks), chunks);
        printf("%10s", cli_human_bytes(size, (double)l->stored.nbytes));
        put_bar(l->stored.nbytes, most);
      }
    }
    putchar('\n');
  }
}

/* ------------------------------------------------------------------------------------------------------- JSON */

static zarrc_status json_array(const listing *ls, size_t i, cli_json *j, zarrc_error *error) {
  const line *l = &ls->lines[i];
  zarrc_array *array = NULL;
  zarrc_chunk_layout layout;
  zarrc_error why = {0};
  zarrc_array_options options = {.struct_size = sizeof options, .allow_unknown = true};
  zarrc_status status = zarrc_tree_open_array(ls->tree, i, &options, &array, error);
  if (status) return status;
  cli_layout_of(array, &layout);
  cli_json_dims(j, "shape", zarrc_array_shape(array), layout.ndim);
  cli_json_raw(j, "data_type", zarrc_array_data_type(array), strlen(zarrc_array_data_type(array)));
  cli_json_dims(j, "chunk_shape", layout.chunk_shape, layout.ndim);
  if (layout.sharded)
    cli_json_dims(j, "shard_shape", layout.object_shape, layout.ndim);
  else
    cli_json_raw(j, "shard_shape", NULL, 0);
  if (cli_has(ls->c, CLI_LONG)) {
    cli_json_uint(j, "stored_objects", l->stored.nobjects);
    cli_json_uint(j, "stored_nbytes", l->stored.nbytes);
    cli_json_uint(j, "temporary_files", l->stored.ntemporary);
    cli_json_uint(j, "temporary_nbytes", l->stored.temporary_nbytes);
  }
  if (zarrc_array_check_readable(array, &why)) cli_json_why(j, &why);
  zarrc_array_close(array);
  return ZARRC_OK;
}

static zarrc_status print_json(const listing *ls, zarrc_error *error) {
  cli_json j;
  cli_memstream text;
  zarrc_status status = cli_memstream_open(&text, error);
  if (status) return status;
  cli_json_begin(&j, text.out, "ls");
  cli_json_string(&j, "url", ls->node->url);
  cli_json_open(&j, "nodes", '[');
  for (size_t i = 0; i < ls->n && !status; i++) {
    const zarrc_tree_node *node = node_at(ls, i);
    cli_json_open(&j, NULL, '{');
    cli_json_string(&j, "path", relative(ls, node));
    cli_json_string(&j, "node_type", cli_node_type(node->kind));
    if (why_not(ls, i)) {
      cli_json_why(&j, why_not(ls, i));
    } else if (node->kind == ZARRC_NODE_ARRAY) {
      status = json_array(ls, i, &j, error);
    }
    cli_json_close(&j, '}');
  }
  cli_json_close(&j, ']');
  cli_json_end(&j);
  status = cli_memstream_close(&text, status, error);
  if (!status) status = cli_print(text.text, text.len, error);
  free(text.text);
  return status;
}

/* --------------------------------------------------------------------------------------------------------- all */

static zarrc_status list(listing *ls, int64_t depth, zarrc_error *error) {
  int deepest = 0;
  cli_failures failures = {0};
  const zarrc_group_options options = cli_group_options(ls->c);
  zarrc_status status = zarrc_tree_open(ls->node->store, ls->node->path, depth, &options, &ls->tree, error);
  if (status) return status;
  ls->n = zarrc_tree_nnodes(ls->tree);
  for (size_t i = 0; i < ls->n; i++)
    if (node_at(ls, i)->depth > deepest) deepest = node_at(ls, i)->depth;
  ls->lines = calloc(ls->n, sizeof *ls->lines);
  ls->branch = calloc((size_t)deepest + 1, 1);
  if (!ls->lines || !ls->branch) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
  for (size_t i = 0; i < ls->n && !status; i++)
    if (node_at(ls, i)->kind == ZARRC_NODE_ARRAY) status = read_line(ls, i, &ls->lines[i], error);
  if (status) return status;
  if (ls->c->json)
    status = print_json(ls, error);
  else
    print_text(ls);
  if (!ls->c->json) tell_temporary(ls);
  for (size_t i = 0; i < ls->n; i++)
    if (why_not(ls, i)) cli_failures_add(&failures, why_not(ls, i));
  return status ? status : cli_failures_end(&failures, error);
}

zarrc_status cli_ls(cli *c, zarrc_error *error) {
  zarrc_ctx *ctx = NULL;
  cli_node node = {0};
  listing ls = {.c = c, .node = &node};
  int64_t depth = -1;
  zarrc_status status = cli_option_number(c, CLI_DEPTH, 0, 1000000, &depth, error);
  if (!status) status = cli_ctx_open(c, CLI_WHOLE, &ctx, error);
  if (!status) status = cli_store_open(c, ctx, c->args.operand[0], CLI_READ, &node, error);
  if (!status) status = list(&ls, depth, error);
  cli_hint_unfinished(c, ctx, c->args.operand[0], status);
  for (size_t i = 0; ls.lines && i < ls.n; i++) {
    free(ls.lines[i].shape);
    free(ls.lines[i].dtype);
    free(ls.lines[i].chunks);
    free(ls.lines[i].why);
  }
  free(ls.lines);
  free(ls.branch);
  zarrc_tree_close(ls.tree);
  cli_node_close(&node);
  zarrc_ctx_close(ctx);
  return status;
}

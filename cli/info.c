/* SPDX-License-Identifier: MIT */
/* zarrc info: describes an array or a group. */
#include "cli.h"
#include "codecspec.h"
#include "describe.h"
#include "failures.h"
#include "file.h"
#include "memstream.h"
#include "out.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static void label(const char *name) {
  printf("  %s%-13s%s", cli_ansi(stdout, CLI_BOLD), name, cli_ansi(stdout, CLI_PLAIN));
}

static void print_title(const char *url, const char *kind, int format) {
  printf("%s", cli_ansi(stdout, CLI_BOLD));
  cli_print_safe(stdout, url);
  printf("%s: %s%s\n", cli_ansi(stdout, CLI_PLAIN), kind, format == 2 ? ", Zarr format 2" : "");
}

static void print_attributes(const char *text) {
  label("attributes");
  for (const char *line = text; line;) {
    const char *end = strchr(line, '\n');
    if (line != text) printf("\n  ");
    cli_json_print(stdout, line, end ? (size_t)(end - line) : strlen(line));
    line = end ? end + 1 : NULL;
  }
  putchar('\n');
}

/* ------------------------------------------------------------------------------------------------------ arrays */

/* Prints one row of the table. nbytes 0: unknown. */
static void print_row(const char *name, const int64_t *edge, const int64_t *grid, int ndim, uint64_t count,
                      uint64_t nbytes, const char *note) {
  char a[CLI_DIMS], b[CLI_DIMS], c[CLI_HUMAN], d[CLI_HUMAN];
  label(name);
  printf("%-20s %-16s %12s  %10s%s%s\n", cli_human_dims(a, edge, ndim), cli_human_dims(b, grid, ndim),
         cli_human_count(c, count), nbytes > 0 ? cli_human_bytes(d, (double)nbytes) : "-", note[0] != 0 ? "  " : "",
         note);
}

/* The chunks of an array, in any number of nested levels of shards. */
typedef struct chunking {
  zarrc_chunk_layout l;
  int nlevels; /* of shards; 0: the array is not sharded */
  zarrc_shard_level level[ZARRC_MAX_NESTING];
  uint64_t per_shard; /* number of innermost chunks in an object */
} chunking;

/* Computes the grid, in the whole array, of the chunks inside a level's shards, and the bytes in one of them. */
static void count_inside(const chunking *k, const zarrc_array *array, int level, int64_t *grid, uint64_t *nbytes) {
  const int64_t *shape = zarrc_array_shape(array), *edge = k->level[level].chunk_shape;
  for (int i = 0; i < k->l.ndim; i++) grid[i] = shape[i] > 0 ? (shape[i] - 1) / edge[i] + 1 : 0;
  const zarrc_dtype *dtype = zarrc_array_dtype(array);
  *nbytes = 0;
  if (dtype && !zarrc_dtype_is_variable(dtype)) *nbytes = cli_times(cli_product(edge, k->l.ndim), dtype->item_size);
}

static void chunking_of(const zarrc_array *array, chunking *k) {
  cli_layout_of(array, &k->l);
  for (k->nlevels = 0; k->nlevels < ZARRC_MAX_NESTING; k->nlevels++) {
    k->level[k->nlevels].struct_size = sizeof *k->level;
    if (!zarrc_array_shard_level(array, (size_t)k->nlevels, &k->level[k->nlevels])) break;
  }
  k->per_shard = 1;
  if (k->nlevels == 0) return;
  const int64_t *edge = k->level[k->nlevels - 1].chunk_shape;
  for (int i = 0; i < k->l.ndim; i++) k->per_shard = cli_times(k->per_shard, k->l.object_shape[i] / edge[i]);
  memcpy(k->l.chunk_shape, edge, sizeof k->l.chunk_shape);
  count_inside(k, array, k->nlevels - 1, k->l.chunk_grid, &k->l.chunk_nbytes);
  k->l.nchunks = cli_product(k->l.chunk_grid, k->l.ndim);
}

/* Prints "at the end of each shard, bytes(little),crc32c". */
static zarrc_status print_index(const chunking *k, const zarrc_array *array, zarrc_error *error) {
  zarrc_ctx *ctx = zarrc_array_store(array)->ctx;
  zarrc_status status = ZARRC_OK;
  for (int i = 0; i < k->nlevels && !status; i++) {
    cli_span codecs = cli_json_member(cli_sharding_at(array, i), "index_codecs");
    label(i == 0 ? "index" : "inner index");
    printf("at the %s of each %sshard, ", zarrc_index_location_name(k->level[i].index_location),
           i == 0 ? "" : "inner ");
    status = cli_codecs_print(stdout, ctx, codecs.ptr, codecs.len, error);
    putchar('\n');
  }
  return status;
}

static zarrc_status print_table(const chunking *k, const zarrc_array *array, zarrc_error *error) {
  const zarrc_chunk_layout *l = &k->l;
  char note[96] = "", n[CLI_HUMAN];
  const char *sizes = l->regular ? "" : "the first of several sizes";
  printf("  %-13s%s%-20s %-16s %12s  %10s%s\n", "", cli_ansi(stdout, CLI_DIM), "shape", "grid", "count", "each",
         cli_ansi(stdout, CLI_PLAIN));
  if (k->nlevels > 0) {
    snprintf(note, sizeof note, "%s chunks in each%s%s", cli_human_count(n, k->per_shard), l->regular ? "" : "; ",
             sizes);
    print_row("shards", l->object_shape, l->object_grid, l->ndim, l->nobjects, l->object_nbytes, note);
  }
  for (int i = 0; i + 1 < k->nlevels; i++) {
    int64_t grid[ZARRC_MAX_NDIM];
    uint64_t nbytes;
    count_inside(k, array, i, grid, &nbytes);
    print_row("inner shards", k->level[i].chunk_shape, grid, l->ndim, cli_product(grid, l->ndim), nbytes, "");
  }
  print_row("chunks", l->chunk_shape, l->chunk_grid, l->ndim, l->nchunks, l->chunk_nbytes, k->nlevels > 0 ? "" : sizes);
  label("objects");
  printf("%s at most, one for each %s\n", cli_human_count(n, l->nobjects), k->nlevels > 0 ? "shard" : "chunk");
  return print_index(k, array, error);
}

/* Prints the codecs of the innermost chunks, or the whole chain if the shards have further codecs. */
static zarrc_status print_codecs(const chunking *k, const zarrc_array *array, zarrc_error *error) {
  zarrc_ctx *ctx = zarrc_array_store(array)->ctx;
  bool plain = k->nlevels > 0;
  zarrc_status status;
  label("codecs");
  for (int i = 0; i < k->nlevels; i++) plain = plain && k->level[i].alone;
  if (!plain) {
    const char *all = zarrc_array_codecs(array);
    status = cli_codecs_print(stdout, ctx, all, strlen(all), error);
    putchar('\n');
    return status;
  }
  cli_span innermost = cli_json_member(cli_sharding_at(array, k->nlevels - 1), "codecs");
  status = cli_codecs_print(stdout, ctx, innermost.ptr, innermost.len, error);
  printf(" in %sshards\n", k->nlevels > 1 ? "inner " : "");
  return status;
}

static void print_shape(const zarrc_array *array) {
  int ndim = zarrc_array_ndim(array);
  const int64_t *shape = zarrc_array_shape(array);
  bool named = false;
  char dims[CLI_DIMS];
  label("shape");
  for (int i = 0; i < ndim; i++) named |= zarrc_array_dimension_name(array, i) != NULL;
  for (int i = 0; named && i < ndim; i++) {
    const char *name = zarrc_array_dimension_name(array, i);
    if (i > 0) printf(" x ");
    if (name) {
      cli_print_safe(stdout, name);
      putchar('=');
    }
    printf("%lld", (long long)shape[i]);
  }
  if (!named) fputs(cli_human_dims(dims, shape, ndim), stdout);
  putchar('\n');
}

static void print_stored(const zarrc_chunk_layout *l, const zarrc_stored *s) {
  char a[CLI_HUMAN], b[CLI_HUMAN], c[CLI_HUMAN];
  label("stored");
  printf("%s", cli_human_bytes(a, (double)s->nbytes));
  if (l->nbytes > 0 && l->nbytes != UINT64_MAX && s->nbytes > 0)
    printf(", ratio %.2f", (double)l->nbytes / (double)s->nbytes);
  printf(", %s of %s objects", cli_human_count(b, s->nobjects), cli_human_count(c, l->nobjects));
  if (s->nothers > 0) printf(", %s other keys", cli_human_count(a, s->nothers));
  putchar('\n');
  if (s->ntemporary == 0) return;
  label("temporary");
  printf("%s in %s file%s of writers that were killed\n", cli_human_bytes(a, (double)s->temporary_nbytes),
         cli_human_count(b, s->ntemporary), s->ntemporary == 1 ? "" : "s");
}

/* If the elements cannot be read, prints why. */
static void print_unknown(const zarrc_array *array) {
  zarrc_error why;
  char text[ZARRC_ERROR_TEXT];
  if (!zarrc_array_check_readable(array, &why)) return;
  label("elements");
  fputs("cannot be read: ", stdout);
  cli_print_safe(stdout, cli_reason(&why, false, text));
  putchar('\n');
}

static void print_notes(const zarrc_array *array) {
  const char *notice;
  for (size_t i = 0; (notice = zarrc_array_notice(array, i)) != NULL; i++) {
    label("note:");
    cli_print_safe(stdout, notice);
    putchar('\n');
  }
}

static zarrc_status print_array(cli *c, const cli_node *node, zarrc_error *error) {
  const zarrc_array *array = node->array;
  const zarrc_dtype *dtype = zarrc_array_dtype(array);
  chunking k;
  const zarrc_chunk_layout *l = &k.l;
  zarrc_stored stored = {.struct_size = sizeof stored};
  char size[CLI_HUMAN];
  zarrc_status status = ZARRC_OK;
  chunking_of(array, &k);
  if (cli_has(c, CLI_STORED)) status = zarrc_array_count_stored(array, &stored, error);
  if (status) return status;
  print_title(node->url, "array", zarrc_array_format(array));
  print_shape(array);
  label("data type");
  if (dtype)
    cli_print_dtype(stdout, dtype);
  else
    cli_json_print(stdout, zarrc_array_data_type(array), strlen(zarrc_array_data_type(array)));
  if (l->nbytes > 0 && l->nbytes != UINT64_MAX) printf(", %s in all", cli_human_bytes(size, (double)l->nbytes));
  putchar('\n');
  label("fill value");
  if (dtype)
    status = cli_print_element(stdout, node->ctx, dtype, zarrc_array_fill(array), error);
  else
    cli_json_print(stdout, zarrc_array_fill_value(array), strlen(zarrc_array_fill_value(array)));
  putchar('\n');
  if (!status) status = print_table(&k, array, error);
  if (!status) status = print_codecs(&k, array, error);
  if (cli_has(c, CLI_STORED)) print_stored(l, &stored);
  print_unknown(array);
  print_notes(array);
  if (cli_has(c, CLI_ATTRIBUTES)) print_attributes(zarrc_array_attributes(array));
  return status;
}

static void json_table(cli_json *j, const char *key, const int64_t *edge, const int64_t *grid, int ndim, uint64_t count,
                       uint64_t nbytes) {
  cli_json_open(j, key, '{');
  cli_json_dims(j, "shape", edge, ndim);
  cli_json_dims(j, "grid", grid, ndim);
  cli_json_count(j, "count", count);
  if (nbytes > 0)
    cli_json_count(j, "nbytes", nbytes);
  else
    cli_json_raw(j, "nbytes", NULL, 0);
  cli_json_close(j, '}');
}

static void json_shards(cli_json *j, const chunking *k, const zarrc_array *array) {
  const zarrc_chunk_layout *l = &k->l;
  if (k->nlevels > 0) {
    json_table(j, "shards", l->object_shape, l->object_grid, l->ndim, l->nobjects, l->object_nbytes);
    cli_json_count(j, "chunks_per_shard", k->per_shard);
  } else {
    cli_json_raw(j, "shards", NULL, 0);
    cli_json_raw(j, "chunks_per_shard", NULL, 0);
  }
  cli_json_open(j, "inner_shards", '[');
  for (int i = 0; i + 1 < k->nlevels; i++) {
    int64_t grid[ZARRC_MAX_NDIM];
    uint64_t nbytes;
    count_inside(k, array, i, grid, &nbytes);
    json_table(j, NULL, k->level[i].chunk_shape, grid, l->ndim, cli_product(grid, l->ndim), nbytes);
  }
  cli_json_close(j, ']');
  cli_json_open(j, "shard_indexes", '[');
  for (int i = 0; i < k->nlevels; i++) {
    cli_span codecs = cli_json_member(cli_sharding_at(array, i), "index_codecs");
    cli_json_open(j, NULL, '{');
    cli_json_string(j, "location", zarrc_index_location_name(k->level[i].index_location));
    cli_json_raw(j, "codecs", codecs.ptr, codecs.len);
    cli_json_close(j, '}');
  }
  cli_json_close(j, ']');
  cli_json_count(j, "objects", l->nobjects);
}

static void json_dimension_names(cli_json *j, const zarrc_array *array) {
  int ndim = zarrc_array_ndim(array);
  bool named = false;
  for (int i = 0; i < ndim; i++) named |= zarrc_array_dimension_name(array, i) != NULL;
  if (!named) {
    cli_json_raw(j, "dimension_names", NULL, 0);
    return;
  }
  cli_json_open(j, "dimension_names", '[');
  for (int i = 0; i < ndim; i++) cli_json_string(j, NULL, zarrc_array_dimension_name(array, i));
  cli_json_close(j, ']');
}

static void json_stored(cli_json *j, const zarrc_chunk_layout *l, const zarrc_stored *stored) {
  cli_json_open(j, "stored", '{');
  cli_json_uint(j, "objects", stored->nobjects);
  cli_json_count(j, "objects_possible", l->nobjects);
  cli_json_uint(j, "other_keys", stored->nothers);
  cli_json_uint(j, "nbytes", stored->nbytes);
  cli_json_uint(j, "temporary_files", stored->ntemporary);
  cli_json_uint(j, "temporary_nbytes", stored->temporary_nbytes);
  if (stored->nbytes > 0 && l->nbytes > 0 && l->nbytes != UINT64_MAX)
    cli_json_real(j, "ratio", (double)l->nbytes / (double)stored->nbytes);
  else
    cli_json_raw(j, "ratio", NULL, 0);
  cli_json_close(j, '}');
}

/* Prints the members of an array. metadata: its document in the words of format 3. */
static zarrc_status json_members(cli *c, const cli_node *node, const zarrc_buf *metadata, cli_json *j,
                                 zarrc_error *error) {
  const zarrc_array *array = node->array;
  const zarrc_dtype *dtype = zarrc_array_dtype(array);
  const char *attributes = zarrc_array_attributes(array);
  cli_span document, member;
  chunking k;
  const zarrc_chunk_layout *l = &k.l;
  zarrc_stored stored = {.struct_size = sizeof stored};
  zarrc_error why = {0};
  zarrc_status status = ZARRC_OK;
  document = cli_json_value((const char *)metadata->ptr, metadata->len);
  chunking_of(array, &k);
  if (cli_has(c, CLI_STORED)) status = zarrc_array_count_stored(array, &stored, error);
  if (status) return status;
  cli_json_dims(j, "shape", zarrc_array_shape(array), l->ndim);
  cli_json_raw(j, "data_type", zarrc_array_data_type(array), strlen(zarrc_array_data_type(array)));
  member = cli_json_member(document, "fill_value");
  cli_json_raw(j, "fill_value", member.ptr, member.len);
  json_dimension_names(j, array);
  cli_json_count(j, "nitems", l->nitems);
  if (l->nbytes > 0 || (dtype && !zarrc_dtype_is_variable(dtype)))
    cli_json_count(j, "nbytes", l->nbytes);
  else
    cli_json_raw(j, "nbytes", NULL, 0);
  json_table(j, "chunks", l->chunk_shape, l->chunk_grid, l->ndim, l->nchunks, l->chunk_nbytes);
  json_shards(j, &k, array);
  member = cli_json_member(document, "chunk_grid");
  cli_json_raw(j, "chunk_grid", member.ptr, member.len);
  member = cli_json_member(document, "chunk_key_encoding");
  cli_json_raw(j, "chunk_key_encoding", member.ptr, member.len);
  cli_json_raw(j, "codecs", zarrc_array_codecs(array), strlen(zarrc_array_codecs(array)));
  if (cli_has(c, CLI_STORED)) json_stored(j, l, &stored);
  if (zarrc_array_check_readable(array, &why)) cli_json_why(j, &why);
  cli_json_notes(j, array);
  if (cli_has(c, CLI_ATTRIBUTES)) cli_json_raw(j, "attributes", attributes, strlen(attributes));
  return ZARRC_OK;
}

static zarrc_status json_array(cli *c, const cli_node *node, cli_json *j, zarrc_error *error) {
  zarrc_buf metadata = zarrc_buf_new(node->ctx, SIZE_MAX / 2);
  zarrc_status status = zarrc_array_description(node->array, &metadata, error);
  if (!status) status = json_members(c, node, &metadata, j, error);
  zarrc_buf_clear(&metadata);
  return status;
}

/* ------------------------------------------------------------------------------------------------------ groups */

typedef struct children {
  cli_json *json; /* NULL: text */
  size_t nprefix, n;
  cli_failures *failures;
} children;

static zarrc_status show_child(void *arg, const char *path, zarrc_node_kind kind, const zarrc_error *why,
                               zarrc_error *error) {
  children *k = arg;
  const char *name = path + k->nprefix;
  char text[ZARRC_ERROR_TEXT];
  (void)error;
  if (k->json) {
    cli_json_open(k->json, NULL, '{');
    cli_json_string(k->json, "name", name);
    cli_json_string(k->json, "node_type", cli_node_type(kind));
    if (why) cli_json_why(k->json, why);
    cli_json_close(k->json, '}');
  } else {
    label(k->n == 0 ? "children" : "");
    cli_print_safe(stdout, name);
    fputs(kind == ZARRC_NODE_GROUP ? "/" : "", stdout);
    if (why) fputs("  unreadable: ", stdout);
    if (why) cli_print_safe(stdout, cli_reason(why, true, text));
    putchar('\n');
  }
  if (why) cli_failures_add(k->failures, why);
  k->n++;
  return ZARRC_OK;
}

static zarrc_status show_group(cli *c, const cli_node *node, cli_json *j, cli_failures *failures, zarrc_error *error) {
  const char *attributes = zarrc_group_attributes(node->group);
  if (cli_has(c, CLI_STORED)) {
    snprintf(c->hint, sizeof c->hint, "zarrc ls -l %s", node->url);
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a group; --stored counts what an array stores");
  }
  children k = {.json = j, .nprefix = strlen(node->path) + (node->path[0] != 0), .failures = failures};
  if (j)
    cli_json_open(j, "children", '[');
  else
    print_title(node->url, "group", zarrc_group_format(node->group));
  zarrc_status status = zarrc_group_list(node->group, show_child, &k, error);
  if (j) {
    cli_json_close(j, ']');
  } else if (k.n == 0 && !status) {
    label("children");
    puts("none");
  }
  if (!cli_has(c, CLI_ATTRIBUTES) || status) return status;
  if (j)
    cli_json_raw(j, "attributes", attributes, strlen(attributes));
  else
    print_attributes(attributes);
  return ZARRC_OK;
}

/* --------------------------------------------------------------------------------------------------------- all */

static zarrc_status show_json(cli *c, const cli_node *node, cli_failures *failures, zarrc_error *error) {
  cli_json j;
  cli_memstream text; /* so that a document is printed completely or not at all */
  zarrc_status status = cli_memstream_open(&text, error);
  if (status) return status;
  cli_json_begin(&j, text.out, "info");
  cli_json_string(&j, "url", node->url);
  cli_json_string(&j, "path", node->path);
  cli_json_int(&j, "zarr_format", node->array ? zarrc_array_format(node->array) : zarrc_group_format(node->group));
  cli_json_string(&j, "node_type", node->array ? "array" : "group");
  status = node->array ? json_array(c, node, &j, error) : show_group(c, node, &j, failures, error);
  cli_json_end(&j);
  status = cli_memstream_close(&text, status, error);
  if (!status) status = cli_print(text.text, text.len, error);
  free(text.text);
  return status;
}

/* Prints a note if an unfinished copy may be about to replace the node. */
static void tell_unfinished(cli *c, zarrc_ctx *ctx) {
  char note[160];
  const char *url = c->args.operand[0];
  if (!cli_unfinished(c, ctx, url, note, sizeof note)) return;
  fputs("zarrc: ", stderr);
  cli_print_safe(stderr, url);
  fputs(": an unfinished ", stderr);
  cli_print_safe(stderr, note);
  fputs(" is there too; zarrc copy --resume goes on with it\n", stderr);
}

zarrc_status cli_info(cli *c, zarrc_error *error) {
  zarrc_ctx *ctx = NULL;
  cli_node node = {0};
  cli_failures failures = {0};
  zarrc_array_options options = {.struct_size = sizeof options, .allow_unknown = true};
  c->tells_notices = true;
  zarrc_status status = cli_ctx_open(c, CLI_WHOLE, &ctx, error);
  if (!status) status = cli_node_open(c, ctx, c->args.operand[0], false, &options, &node, error);
  cli_hint_unfinished(c, ctx, c->args.operand[0], status);
  if (!status && c->json)
    status = show_json(c, &node, &failures, error);
  else if (!status)
    status = node.array ? print_array(c, &node, error) : show_group(c, &node, NULL, &failures, error);
  if (!status && !c->json) tell_unfinished(c, ctx);
  if (!status) status = cli_failures_end(&failures, error);
  cli_node_close(&node);
  zarrc_ctx_close(ctx);
  return status;
}

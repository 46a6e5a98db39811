/* SPDX-License-Identifier: MIT */
/* Finds the shards that the arguments of zarrc shard name. */
#include "describe.h"
#include "shard.h"
#include "signals.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---------------------------------------------------------------------------------------------------- opening */

static bool is_file(const char *path) {
  const char *slash = strrchr(path, '/');
  struct stat st;
  return strcmp(slash ? slash + 1 : path, "zarr.json") != 0 && stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
}

/* Reads --chunk, which must lie in the grid. */
static zarrc_status read_chunk(const cli *c, cli_shards *s, char *key, zarrc_error *error) {
  const zarrc_array *array = s->node.array;
  int ndim;
  zarrc_status status = cli_parse_dims("chunk", cli_value(c, CLI_CHUNK), 0, s->chunk, &ndim, error);
  if (!status && ndim != zarrc_array_ndim(array))
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--chunk: %d numbers, the array has %d axes", ndim,
                        zarrc_array_ndim(array));
  return status ? status : zarrc_array_chunk_key(array, s->chunk, key, CLI_KEY, error);
}

static zarrc_status open_array(cli *c, zarrc_ctx *ctx, cli_shards *s, zarrc_error *error) {
  zarrc_status status = cli_array_open(c, ctx, c->args.operand[1], false, NULL, &s->node, error);
  if (status || !cli_has(c, CLI_CHUNK)) return status;
  s->single = s->placed = true;
  return read_chunk(c, s, s->key, error);
}

/* Returns the nearest directory above a path that has a zarr.json, allocated with malloc; NULL: none. *rest: the path
 * relative to it. */
static char *node_above(const char *path, const char **rest) {
  size_t n = strlen(path), size = n + sizeof "/zarr.json";
  char *folder = malloc(size);
  for (size_t end = n; folder && end > 0; end--) {
    if (end > 1 && path[end - 1] != '/') continue;
    bool relative = path[end - 1] != '/';
    size_t len = (size_t)snprintf(folder, size, "%.*s", (int)end, path);
    if (relative) len = (size_t)snprintf(folder, size, "./");
    snprintf(folder + len, size - len, "zarr.json");
    if (access(folder, F_OK) == 0) {
      folder[len] = 0;
      *rest = path + (relative ? 0 : end);
      return folder;
    }
  }
  free(folder);
  return NULL;
}

/* Opens a shard by its path in the directory of its array. */
static zarrc_status open_file(cli *c, zarrc_ctx *ctx, cli_shards *s, zarrc_error *error) {
  const char *path = c->args.operand[1], *rest = NULL;
  char *real = realpath(path, NULL);
  zarrc_status status = ZARRC_OK;
  cli_about(c, path);
  if (cli_has(c, CLI_CHUNK))
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--chunk: the name of the file tells which shard it is");
  if (status) goto done;
  s->place = real ? node_above(real, &rest) : NULL;
  if (!s->place) s->place = node_above(path, &rest); /* the file may be a link to another tree */
  if (!s->place) {
    snprintf(c->hint, sizeof c->hint, "--metadata zarr.json");
    status = zarrc_fail(error, ZARRC_NOT_FOUND, "a file, and no folder above it has a zarr.json");
    goto done;
  }
  status = cli_array_open(c, ctx, s->place, false, NULL, &s->node, error);
  if (status) goto done;
  cli_about(c, path);
  int n = snprintf(s->key, sizeof s->key, "%s%s%s", s->node.path, s->node.path[0] != 0 ? "/" : "", rest);
  if (n < 0 || (size_t)n >= sizeof s->key || !zarrc_array_chunk_of(s->node.array, s->key, s->chunk))
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "'%.200s' is no chunk of the grid of the array %.200s", rest,
                        s->place);
  s->single = s->placed = true;
done:
  free(real);
  return status;
}

/* Opens a shard that lies apart from its array, with --metadata. */
static zarrc_status open_apart(cli *c, zarrc_ctx *ctx, cli_shards *s, zarrc_error *error) {
  const zarrc_file_store_options options = {.struct_size = sizeof options, .read_only = true, .follow_links = true};
  const char *path = c->args.operand[1], *slash = strrchr(path, '/');
  char unused[CLI_KEY], *folder;
  zarrc_status status = cli_metadata_open(c, ctx, &s->node, error);
  if (!status && cli_has(c, CLI_CHUNK)) status = read_chunk(c, s, unused, error);
  if (status) return status;
  s->single = true;
  s->placed = cli_has(c, CLI_CHUNK);
  cli_about(c, path);
  if (!is_file(path)) return zarrc_fail(error, ZARRC_NOT_FOUND, "no such file");
  snprintf(s->key, sizeof s->key, "%s", slash ? slash + 1 : path);
  folder = strndup(path, slash ? (size_t)(slash - path) + 1 : 0);
  if (!folder) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
  status = zarrc_file_store_open(ctx, folder[0] != 0 ? folder : ".", &options, &s->files, error);
  free(folder);
  return status;
}

zarrc_status cli_shards_open(cli *c, zarrc_ctx *ctx, cli_shards *out, zarrc_error *error) {
  zarrc_status status;
  *out = (cli_shards){.single = false};
  if (cli_has(c, CLI_METADATA))
    status = open_apart(c, ctx, out, error);
  else if (is_file(c->args.operand[1]))
    status = open_file(c, ctx, out, error);
  else
    status = open_array(c, ctx, out, error);
  zarrc_shard_level outermost = {.struct_size = sizeof outermost};
  if (!status && !zarrc_array_shard_level(out->node.array, 0, &outermost)) {
    snprintf(c->hint, sizeof c->hint, "zarrc info %s", out->node.url);
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the chunks of this array are no shards");
  }
  return status;
}

void cli_shards_close(cli_shards *shards) {
  cli_node_close(&shards->node);
  zarrc_store_close(shards->files);
  free(shards->place);
}

/* ---------------------------------------------------------------------------------------------------- listing */

typedef struct found {
  int ndim;
  int64_t *chunk; /* followed by the key */
} found;

typedef struct finding {
  const zarrc_array *array;
  found *items;
  size_t n, cap;
} finding;

static zarrc_status find_shard(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  finding *f = arg;
  int64_t chunk[ZARRC_MAX_NDIM];
  size_t n = (size_t)zarrc_array_ndim(f->array) * sizeof *chunk, len = strlen(entry->key) + 1;
  if (cli_canceled(NULL)) return zarrc_fail(error, ZARRC_CANCELED, "interrupted");
  if (entry->is_prefix || !zarrc_array_chunk_of(f->array, entry->key, chunk)) return ZARRC_OK;
  if (f->n == f->cap) {
    size_t cap = f->cap > 0 ? 2 * f->cap : 64;
    found *items = realloc(f->items, cap * sizeof *items);
    if (!items) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
    f->items = items;
    f->cap = cap;
  }
  char *memory = malloc(n + len);
  if (!memory) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
  memcpy(memory, chunk, n);
  memcpy(memory + n, entry->key, len);
  f->items[f->n++] = (found){zarrc_array_ndim(f->array), (int64_t *)(void *)memory};
  return ZARRC_OK;
}

static int compare(const void *a, const void *b) {
  const found *x = a, *y = b;
  for (int i = 0; i < x->ndim; i++)
    if (x->chunk[i] != y->chunk[i]) return x->chunk[i] < y->chunk[i] ? -1 : 1;
  return 0;
}

zarrc_status cli_shards_each(const cli_shards *shards, cli_shard_fn fn, void *arg, zarrc_error *error) {
  const zarrc_array *array = shards->node.array;
  finding f = {.array = array};
  if (shards->single) return fn(arg, shards->chunk, shards->key, error);
  zarrc_status status =
      zarrc_store_list(zarrc_array_store(array), zarrc_array_path(array), true, false, find_shard, &f, error);
  if (!status && f.n > 0) qsort(f.items, f.n, sizeof *f.items, compare);
  for (size_t i = 0; i < f.n; i++) {
    if (!status) status = fn(arg, f.items[i].chunk, (const char *)(f.items[i].chunk + f.items[i].ndim), error);
    free(f.items[i].chunk);
  }
  free(f.items);
  return status;
}

/* SPDX-License-Identifier: MIT */
/* zarrc create: creates an array or a group. */
#include "cli.h"
#include "codecspec.h"
#include "file.h"
#include "json.h"
#include "memstream.h"
#include "out.h"
#include "text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct making {
  cli *c;
  zarrc_ctx *ctx;
  zarrc_dtype dtype;
  int64_t shape[ZARRC_MAX_NDIM], chunks[ZARRC_MAX_NDIM], shards[ZARRC_MAX_NDIM];
  int ndim;
  char *fill, *attributes, *names;
  zarrc_buf codecs;
  const char *name[ZARRC_MAX_NDIM];
  zarrc_array_config config;
} making;

/* Reads --fill-value. What is not JSON, such as NaN or a bare word, is taken as a string. */
static zarrc_status read_fill(making *m, zarrc_error *error) {
  const char *text = cli_value(m->c, CLI_FILL_VALUE);
  if (!text) return ZARRC_OK;
  cli_span whole = cli_json_value(text, strlen(text));
  size_t digit = text[0] == '-';
  bool number = isdigit((unsigned char)text[digit]) && strspn(text, "0123456789+-.eE") == strlen(text);
  bool json = number || (text[0] != 0 && strchr("\"[{", text[0]) && whole.ptr) || cli_span_is(whole, "true") ||
              cli_span_is(whole, "false") || cli_span_is(whole, "null");
  cli_memstream fill;
  zarrc_status status = cli_memstream_open(&fill, error);
  if (status) return status;
  if (json)
    fputs(text, fill.out);
  else
    cli_json_quote(fill.out, text, strlen(text));
  status = cli_memstream_close(&fill, ZARRC_OK, error);
  m->config.fill_value = m->fill = fill.text;
  return status;
}

/* Returns the Zarr format of the new node; 0: the library decides. */
static int zarr_format(const cli *c) {
  const char *text = cli_value(c, CLI_ZARR_FORMAT);
  return text ? text[0] - '0' : 0;
}

/* Checks the fill value more strictly than that of a stored document: a typing error must not become another value. */
static zarrc_status check_fill(const making *m, zarrc_error *error) {
  zarrc_arena *arena = NULL;
  if (!m->fill || (zarr_format(m->c) == 2 && strcmp(m->fill, "null") == 0)) return ZARRC_OK;
  void *element = calloc(1, m->dtype.item_size);
  if (!element) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
  zarrc_status status = zarrc_arena_open(m->ctx, &arena, error);
  if (!status) status = zarrc_fill_from_json(m->ctx, &m->dtype, m->fill, strlen(m->fill), false, arena, element, error);
  if (status) zarrc_error_prefix(error, "--fill-value: ");
  zarrc_arena_close(arena);
  free(element);
  return status;
}

static zarrc_status read_attributes(making *m, zarrc_error *error) {
  const char *text = cli_value(m->c, CLI_ATTRIBUTES);
  size_t n;
  m->config.attributes = text;
  if (!text || text[0] != '@') return ZARRC_OK;
  zarrc_status status = cli_file_read(text + 1, (uint64_t)256 << 20, &m->attributes, &n, error);
  m->config.attributes = m->attributes;
  return status;
}

/* Reads names such as z,y,x. An empty one is an axis without a name. */
static zarrc_status read_names(making *m, zarrc_error *error) {
  const char *text = cli_value(m->c, CLI_DIMENSION_NAMES);
  int n = 0;
  if (!text) return ZARRC_OK;
  m->names = strdup(text);
  if (!m->names) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
  for (char *p = m->names; m->ndim > 0 && p; n++) {
    char *comma = strchr(p, ',');
    if (comma) *comma = 0;
    if (n < m->ndim) m->name[n] = *p != 0 ? p : NULL;
    p = comma ? comma + 1 : NULL;
  }
  if (n != m->ndim)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--dimension-names: %d names for %d dimensions", n, m->ndim);
  if (n > 0) m->config.dimension_names = m->name;
  return ZARRC_OK;
}

static zarrc_status read_dims(making *m, cli_option_id id, const char *name, int64_t *dims, const int64_t **out,
                              zarrc_error *error) {
  const char *text = cli_value(m->c, id);
  int n;
  if (!text || strcmp(text, "none") == 0) return ZARRC_OK;
  zarrc_status status = cli_parse_dims(name, text, 1, dims, &n, error);
  if (!status && n != m->ndim)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--%s: %d numbers for %d dimensions", name, n, m->ndim);
  *out = dims;
  return status;
}

/* Hints at what a NumPy dtype is called in format 3. */
static void hint_at_name(const making *m) {
  const char *text = m->config.data_type;
  zarrc_dtype dtype = {0};
  zarrc_buf json = zarrc_buf_new(m->ctx, SIZE_MAX / 2);
  if (!zarrc_array_parse_type(m->ctx, text, 2, &dtype, NULL) && !zarrc_dtype_to_json(&dtype, &json, NULL)) {
    bool is_name = json.ptr[0] == '"', is_big = text[0] == '>' && zarrc_dtype_has_endian(&dtype);
    if (is_name)
      snprintf(m->c->hint, sizeof m->c->hint, "--dtype %.*s%s", (int)json.len - 2, (const char *)json.ptr + 1,
               is_big ? " --codecs 'bytes(big)'" : "");
    else
      snprintf(m->c->hint, sizeof m->c->hint, "--zarr-format 2");
  }
  zarrc_buf_clear(&json);
  zarrc_dtype_close(&dtype);
}

static zarrc_status read_type(making *m, zarrc_error *error) {
  zarrc_status status = zarrc_array_parse_type(m->ctx, m->config.data_type, zarr_format(m->c), &m->dtype, error);
  if (status && zarr_format(m->c) != 2) hint_at_name(m);
  return status;
}

static zarrc_status read_config(making *m, zarrc_error *error) {
  cli *c = m->c;
  const char *separator = cli_value(c, CLI_SEPARATOR), *spec = cli_value(c, CLI_CODECS);
  const char *missing = !cli_has(c, CLI_SHAPE) ? "--shape" : !cli_has(c, CLI_DTYPE) ? "--dtype" : NULL;
  if (missing) {
    snprintf(c->hint, sizeof c->hint, "zarrc help create");
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%s is missing", missing);
  }
  m->config = (zarrc_array_config){.struct_size = sizeof m->config,
                                   .data_type = cli_value(c, CLI_DTYPE),
                                   .shape = m->shape,
                                   .chunk_key_encoding = cli_value(c, CLI_KEY_ENCODING),
                                   .separator = separator ? separator[0] : 0,
                                   .order = cli_has(c, CLI_ORDER) ? cli_value(c, CLI_ORDER)[0] : 0};
  zarrc_status status = cli_parse_dims("shape", cli_value(c, CLI_SHAPE), 0, m->shape, &m->ndim, error);
  m->config.ndim = m->ndim;
  if (!status) status = read_dims(m, CLI_CHUNKS, "chunks", m->chunks, &m->config.chunk_shape, error);
  if (!status) status = read_dims(m, CLI_SHARDS, "shards", m->shards, &m->config.shard_shape, error);
  if (!status) status = read_type(m, error);
  if (!status && spec) status = cli_codecs_parse(m->ctx, spec, &m->dtype, &m->codecs, error);
  m->config.codecs = (const char *)m->codecs.ptr;
  if (!status) status = read_fill(m, error);
  if (!status) status = check_fill(m, error);
  if (!status) status = read_names(m, error);
  return status ? status : read_attributes(m, error);
}

/* Returns whether an error is about the node at a path, and not about a parent. */
static bool is_about(const zarrc_error *error, const char *path) {
  size_t n = path ? strlen(path) : 0;
  return n == 0 || (strncmp(error->key, path, n) == 0 && error->key[n] == '/');
}

/* Reads the options of a group: only attributes. */
static zarrc_status read_group(making *m, zarrc_error *error) {
  static const cli_option_id arrays_only[] = {CLI_SHAPE,     CLI_DTYPE,      CLI_CHUNKS,          CLI_SHARDS,
                                              CLI_CODECS,    CLI_FILL_VALUE, CLI_DIMENSION_NAMES, CLI_KEY_ENCODING,
                                              CLI_SEPARATOR, CLI_ORDER};
  for (size_t i = 0; i < sizeof arrays_only / sizeof arrays_only[0]; i++)
    if (cli_has(m->c, arrays_only[i]))
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--group and --%s exclude each other",
                        cli_option_name(m->c, arrays_only[i]));
  return read_attributes(m, error);
}

/* Prints notes about what other implementations cannot read in the new array. */
static void tell_notes(const zarrc_array *array) {
  const char *notice;
  for (size_t i = 0; (notice = zarrc_array_notice(array, i)) != NULL; i++) {
    fputs("zarrc: note: ", stderr);
    cli_print_safe(stderr, notice);
    putc('\n', stderr);
  }
}

/* Creates the node that the options describe. */
static zarrc_status create(const making *m, zarrc_store *store, const char *path, zarrc_create_mode mode,
                           zarrc_array **array, zarrc_group **group, zarrc_error *error) {
  int format = zarr_format(m->c);
  const zarrc_array_options of_array = {.struct_size = sizeof of_array, .zarr_format = format};
  const zarrc_group_options of_group = {.struct_size = sizeof of_group, .zarr_format = format};
  return cli_has(m->c, CLI_GROUP) ? zarrc_group_create(store, path, m->config.attributes, mode, &of_group, group, error)
                                  : zarrc_array_create(store, path, &m->config, mode, &of_array, array, error);
}

static zarrc_status make(making *m, const char *url, zarrc_error *error) {
  cli *c = m->c;
  cli_node node = {0};
  zarrc_create_mode mode = !cli_has(c, CLI_OVERWRITE) ? ZARRC_CREATE_NEW
                           : cli_has(c, CLI_FORCE)    ? ZARRC_CREATE_OVERWRITE_ALL
                                                      : ZARRC_CREATE_OVERWRITE;
  zarrc_survey there;
  zarrc_status status = cli_store_open(c, m->ctx, url, CLI_WRITE, &node, error);
  if (!status) status = create(m, node.store, node.path, mode, &node.array, &node.group, error);
  if (status == ZARRC_CONFLICT && mode == ZARRC_CREATE_NEW && is_about(error, node.path))
    snprintf(c->hint, sizeof c->hint, "--overwrite");
  if (status == ZARRC_CONFLICT && mode != ZARRC_CREATE_NEW &&
      !zarrc_node_survey(node.store, node.path, &there, NULL, NULL, NULL))
    cli_hint_others(c, status, &there);
  if (!status && node.array) tell_notes(node.array);
  char left[CLI_LEFT];
  bool is_left = !status && cli_tell_left(&node, url, left);
  if (!status && c->json) {
    cli_json j;
    const char *metadata = node.array ? zarrc_array_metadata(node.array) : zarrc_group_metadata(node.group);
    cli_json_begin(&j, stdout, "create");
    cli_json_string(&j, "url", url);
    cli_json_string(&j, "node_type", node.array ? "array" : "group");
    cli_json_raw(&j, "metadata", metadata, strlen(metadata));
    if (is_left) cli_json_string(&j, "left", left);
    cli_json_end(&j);
  }
  cli_node_close(&node);
  return status;
}

/* Creates the node in memory first, where only the options can be wrong. */
static zarrc_status rehearse(const making *m, zarrc_error *error) {
  zarrc_open_options options = {.struct_size = sizeof options, .create = true};
  zarrc_store *store = NULL;
  zarrc_array *array = NULL;
  zarrc_group *group = NULL;
  char *path = NULL;
  zarrc_status status = zarrc_store_open(m->ctx, "memory:", &options, &store, &path, error);
  if (!status) status = create(m, store, "", ZARRC_CREATE_NEW, &array, &group, error);
  zarrc_array_close(array);
  zarrc_group_close(group);
  if (path) zarrc_free(m->ctx, path);
  zarrc_store_close(store);
  return status;
}

zarrc_status cli_create(cli *c, zarrc_error *error) {
  making m = {.c = c};
  zarrc_status status = cli_ctx_open(c, CLI_HALF, &m.ctx, error);
  if (!status) status = cli_has(c, CLI_GROUP) ? read_group(&m, error) : read_config(&m, error);
  if (!status) status = rehearse(&m, error);
  status = cli_as_usage(status, error);
  if (!status) status = make(&m, c->args.operand[0], error);
  zarrc_dtype_close(&m.dtype);
  free(m.fill);
  free(m.attributes);
  free(m.names);
  zarrc_buf_clear(&m.codecs);
  zarrc_ctx_close(m.ctx);
  return status;
}

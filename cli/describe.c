/* SPDX-License-Identifier: MIT */
#include "describe.h"

#include "memstream.h"
#include "signals.h"
#include "text.h"

#include <string.h>

void cli_layout_of(const zarrc_array *array, cli_layout *out) {
  const zarrc_grid *grid = zarrc_array_grid(array);
  const zarrc_dtype *dtype = zarrc_array_dtype(array);
  const int64_t *shape = zarrc_array_shape(array);
  *out = (cli_layout){.ndim = zarrc_array_ndim(array), .regular = grid->kind == ZARRC_REGULAR, .per_shard = 1};
  int64_t inner[ZARRC_MAX_NDIM];
  out->sharded = zarrc_array_inner_chunk_shape(array, inner);
  for (int i = 0; i < out->ndim; i++) {
    out->object_grid[i] = zarrc_grid_nchunks(grid, i, shape[i]);
    out->object_shape[i] = out->object_grid[i] > 0 ? zarrc_grid_edge(grid, i, 0) : grid->chunk_shape[i];
    out->chunk_shape[i] = out->sharded ? inner[i] : out->object_shape[i];
    out->chunk_grid[i] = out->sharded ? (shape[i] > 0 ? (shape[i] - 1) / inner[i] + 1 : 0) : out->object_grid[i];
    if (out->sharded) out->per_shard = cli_times(out->per_shard, (uint64_t)(out->object_shape[i] / inner[i]));
  }
  out->nobjects = cli_product(out->object_grid, out->ndim);
  out->nchunks = cli_product(out->chunk_grid, out->ndim);
  out->nitems = cli_product(shape, out->ndim);
  if (dtype == NULL || zarrc_dtype_is_variable(dtype)) return;
  out->nbytes = cli_times(out->nitems, dtype->item_size);
  out->object_bytes = cli_times(cli_product(out->object_shape, out->ndim), dtype->item_size);
  out->chunk_bytes = cli_times(cli_product(out->chunk_shape, out->ndim), dtype->item_size);
}

/* ------------------------------------------------------------------------------------------------------ types */

void cli_print_dtype(FILE *out, const zarrc_dtype *dtype) {
  static const char *const names[ZARRC_NTYPES] = {
#define ZARRC_X(name, json, nbytes, unit) json,
      ZARRC_TYPES(ZARRC_X)
#undef ZARRC_X
  };
  fputs(names[dtype->type], out);
  switch (dtype->type) {
  case ZARRC_RAW:
  case ZARRC_NULL_TERMINATED:
    fprintf(out, "[%u]", (unsigned)dtype->item_size);
    break;
  case ZARRC_FIXED_UTF32:
    fprintf(out, "[%u]", (unsigned)dtype->item_size / 4);
    break;
  case ZARRC_DATETIME64:
  case ZARRC_TIMEDELTA64:
    putc('[', out);
    if (dtype->time_scale != 1) fprintf(out, "%d", (int)dtype->time_scale);
    fprintf(out, "%s]", zarrc_time_unit_name(dtype->time_unit));
    break;
  case ZARRC_STRUCT:
    putc('{', out);
    for (size_t i = 0; i < zarrc_dtype_nfields(dtype); i++) {
      const zarrc_field *field = zarrc_dtype_field(dtype, i);
      if (i > 0) fputs(", ", out);
      cli_print_safe(out, field->name);
      fputs(": ", out);
      cli_print_dtype(out, &field->dtype);
    }
    putc('}', out);
    break;
  default:
    break;
  }
}

zarrc_status cli_dtype_text(const zarrc_dtype *dtype, char **out, zarrc_error *error) {
  cli_memstream text;
  zarrc_status status = cli_memstream_open(&text, error);
  if (status != ZARRC_OK) return status;
  cli_print_dtype(text.out, dtype);
  status = cli_memstream_close(&text, ZARRC_OK, error);
  *out = text.text;
  return status;
}

zarrc_status cli_array_dtype_text(const zarrc_array *array, char **out, zarrc_error *error) {
  cli_memstream text;
  if (zarrc_array_dtype(array) != NULL) return cli_dtype_text(zarrc_array_dtype(array), out, error);
  zarrc_status status = cli_memstream_open(&text, error);
  if (status != ZARRC_OK) return status;
  cli_json_print(text.out, zarrc_array_data_type(array), strlen(zarrc_array_data_type(array)));
  status = cli_memstream_close(&text, ZARRC_OK, error);
  *out = text.text;
  return status;
}

zarrc_status cli_json_dtype(cli_json *j, const char *key, zarrc_ctx *ctx, const zarrc_dtype *dtype,
                            zarrc_error *error) {
  zarrc_buf text = zarrc_buf_new(ctx, SIZE_MAX / 2);
  zarrc_status status = zarrc_dtype_to_json(dtype, &text, error);
  if (status == ZARRC_OK) cli_json_raw(j, key, (const char *)text.ptr, text.len);
  zarrc_buf_clear(&text);
  return status;
}

zarrc_status cli_print_element(FILE *out, zarrc_ctx *ctx, const zarrc_dtype *dtype, const void *element,
                               zarrc_error *error) {
  zarrc_buf text = zarrc_buf_new(ctx, SIZE_MAX / 2);
  zarrc_status status = zarrc_fill_to_json(dtype, element, &text, error);
  if (status == ZARRC_OK) cli_json_print(out, (const char *)text.ptr, text.len);
  zarrc_buf_clear(&text);
  return status;
}

cli_span cli_sharding_at(const zarrc_array *array, int level) {
  const char *text = zarrc_array_codecs(array);
  cli_span list = cli_json_value(text, strlen(text)), codec, sharding = {0};
  for (int i = 0; i <= level; i++, list = cli_json_member(sharding, "codecs")) {
    size_t at = 0;
    do
      if (!cli_json_next(list, &at, NULL, &codec)) return (cli_span){0};
    while (!cli_span_is(cli_json_plain(cli_json_member(codec, "name")), "sharding_indexed"));
    sharding = cli_json_member(codec, "configuration");
  }
  return sharding;
}

cli_span cli_inner_codecs(const zarrc_array *array) {
  const char *text = zarrc_array_codecs(array);
  int64_t shape[ZARRC_MAX_NDIM];
  cli_span inner = {0};
  if (zarrc_array_inner_chunk_shape(array, shape)) inner = cli_json_member(cli_sharding_at(array, 0), "codecs");
  return inner.ptr != NULL ? inner : cli_json_value(text, strlen(text));
}

/* ----------------------------------------------------------------------------------------------- what is stored */

typedef struct counting {
  const zarrc_array *array;
  cli_stored *out;
  const char *metadata; /* key of zarr.json */
} counting;

/* The last numbers of the key are taken as coordinates, and must give the same key. */
bool cli_chunk_of(const zarrc_array *array, const char *key, int64_t *chunk) {
  char again[2048];
  const char *end = key + strlen(key);
  for (int i = zarrc_array_ndim(array) - 1; i >= 0; i--) {
    const char *p = end;
    while (p > key && p[-1] >= '0' && p[-1] <= '9') p--;
    if (!cli_parse_int(p, (size_t)(end - p), &chunk[i])) return false;
    end = p > key ? p - 1 : p;
  }
  if (zarrc_array_chunk_key(array, chunk, again, sizeof again, NULL) != ZARRC_OK) return false;
  return strcmp(again, key) == 0;
}

static zarrc_status count_entry(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  counting *k = arg;
  int64_t chunk[ZARRC_MAX_NDIM];
  if (cli_canceled(NULL)) return zarrc_fail(error, ZARRC_CANCELED, "interrupted");
  if (entry->is_prefix || strcmp(entry->key, k->metadata) == 0) return ZARRC_OK;
  if (!cli_chunk_of(k->array, entry->key, chunk)) {
    k->out->nothers++;
    return ZARRC_OK;
  }
  k->out->nobjects++;
  if (entry->nbytes != ZARRC_UNKNOWN) k->out->nbytes += entry->nbytes;
  return ZARRC_OK;
}

static zarrc_status count_temporary(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  cli_stored *out = arg;
  if (cli_canceled(NULL)) return zarrc_fail(error, ZARRC_CANCELED, "interrupted");
  out->ntemporary++;
  out->temporary_nbytes += entry->nbytes;
  return ZARRC_OK;
}

zarrc_status cli_stored_count(const zarrc_array *array, cli_stored *out, zarrc_error *error) {
  const char *path = zarrc_array_path(array);
  char metadata[2048];
  counting k = {array, out, metadata};
  *out = (cli_stored){0};
  snprintf(metadata, sizeof metadata, "%s%szarr.json", path, path[0] != 0 ? "/" : "");
  zarrc_status status = zarrc_store_list(zarrc_array_store(array), path, true, true, count_entry, &k, error);
  if (status != ZARRC_OK) return status;
  return zarrc_store_list_temporary(zarrc_array_store(array), path, count_temporary, out, error);
}

const char *cli_node_type(zarrc_node_kind kind) {
  return kind == ZARRC_NODE_ARRAY ? "array" : kind == ZARRC_NODE_GROUP ? "group" : "unreadable";
}

void cli_json_why(cli_json *j, const zarrc_error *why) {
  cli_json_open(j, "error", '{');
  cli_json_string(j, "code", zarrc_status_name(why->code));
  cli_json_string(j, "message", why->message);
  cli_json_close(j, '}');
}

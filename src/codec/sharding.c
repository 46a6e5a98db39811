/* SPDX-License-Identifier: MIT */
/* sharding_indexed: its configuration and its class. shard_read.c and shard_write.c do the work. */
#include "base/checked.h"
#include "base/json.h"
#include "codec/builtin.h"
#include "codec/shard.h"
#include "codec/shard_cache.h"

#include <string.h>

static const char default_codecs[] = "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]";
static const char default_index_codecs[] =
    "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}, {\"name\": \"crc32c\"}]";
static const char *const location_names[] = {"start", "end"};

const char *zarrc_index_location_name(zarrc_index_location location) {
  return (unsigned)location < 2 ? location_names[location] : NULL;
}

bool zarrc_index_location_from_name(const char *name, zarrc_index_location *out) {
  for (int i = 0; i < 2; i++)
    if (strcmp(name, location_names[i]) == 0) {
      *out = (zarrc_index_location)i;
      return true;
    }
  return false;
}

/* ------------------------------------------------------------------------------------------------ configuration */

/* How many shards lie in one another in a codec's JSON, counting no further than the limit. */
static int nesting(const zarrc_json *codec, int limit) {
  const zarrc_json *codecs = zarrc_json_get(zarrc_json_get(codec, "configuration"), "codecs");
  int most = 0;
  for (size_t i = 0; limit > 0 && i < zarrc_json_length(codecs); i++) {
    int depth = nesting(zarrc_json_at(codecs, i), limit - 1);
    if (depth > most) most = depth;
  }
  return most + zarrc_json_string_is(zarrc_json_get(codec, "name"), "sharding_indexed");
}

static zarrc_status chunk_shape_parse(zarrc_shard *shard, const zarrc_json *shape, zarrc_error *error) {
  bool bare = zarrc_json_is(shape, ZARRC_JSON_INTEGER);
  if (!shape) return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.chunk_shape is missing");
  if (!bare && !zarrc_json_is(shape, ZARRC_JSON_ARRAY))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.chunk_shape must be a list of integers");
  size_t n = bare ? 1 : zarrc_json_length(shape);
  if (n > ZARRC_MAX_NDIM)
    return zarrc_fail(error, ZARRC_LIMIT, "configuration.chunk_shape has %zu axes, the limit is %d", n, ZARRC_MAX_NDIM);
  shard->ndim = (int)n;
  for (size_t i = 0; i < n; i++)
    if (!zarrc_json_get_int64(bare ? shape : zarrc_json_at(shape, i), &shard->chunk_shape[i]) ||
        shard->chunk_shape[i] < 1)
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.chunk_shape[%zu] is not an integer above 0", i);
  return ZARRC_OK;
}

/* Opens each codec of a list and appends the list in canonical JSON. */
static zarrc_status codecs_to_json(zarrc_ctx *ctx, const zarrc_json *list, const char *member, bool fixed_size,
                                   zarrc_buf *out, zarrc_error *error) {
  if (!zarrc_json_is(list, ZARRC_JSON_ARRAY) || zarrc_json_length(list) == 0)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.%s must be a list of codecs", member);
  zarrc_status status = zarrc_buf_append(out, "[", 1, error);
  for (size_t i = 0; !status && i < zarrc_json_length(list); i++) {
    size_t n;
    zarrc_codec *codec = NULL;
    const char *text = zarrc_json_text(zarrc_json_at(list, i), &n);
    if (i) status = zarrc_buf_append(out, ", ", 2, error);
    if (!status) status = zarrc_codec_open(ctx, text, n, &codec, error);
    if (!status && fixed_size && !zarrc_codec_is_fixed_size(codec))
      status = zarrc_fail(error, ZARRC_INVALID_METADATA, "%s makes data of varying size, which an index cannot have",
                          zarrc_codec_name(codec));
    if (!status) status = zarrc_codec_to_json(codec, out, error);
    zarrc_codec_close(codec);
    if (status) zarrc_error_prefix(error, "configuration.%s[%zu]: ", member, i);
  }
  return status ? status : zarrc_buf_append(out, "]", 1, error);
}

/* Keeps the text of a member's list of codecs, or the default where it is absent, and its canonical form. */
static zarrc_status member_parse(zarrc_ctx *ctx, const zarrc_json *root, const char *member, const char *otherwise,
                                 bool fixed_size, char **source, zarrc_buf *json, zarrc_error *error) {
  const zarrc_json *list = zarrc_json_get(root, member);
  zarrc_json_doc *doc = NULL;
  size_t n = strlen(otherwise);
  const char *text = list ? zarrc_json_text(list, &n) : otherwise;
  zarrc_status status = ZARRC_OK;
  *json = zarrc_buf_new(ctx, SIZE_MAX / 2);
  *source = zarrc_malloc(ctx, n + 1);
  if (!*source) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for configuration.%s", member);
  memcpy(*source, text, n);
  (*source)[n] = 0;
  if (!list) status = zarrc_json_parse(ctx, text, n, NULL, &doc, error);
  if (!status) status = codecs_to_json(ctx, list ? list : zarrc_json_root(doc), member, fixed_size, json, error);
  zarrc_json_close(doc);
  return status;
}

static zarrc_status sharding_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  static const char *const keys[] = {"chunk_shape", "codecs", "index_codecs", "index_location", NULL};
  zarrc_shard *shard = zarrc_codec_instance(codec);
  zarrc_ctx *ctx = zarrc_codec_ctx(codec);
  zarrc_json_doc *doc = NULL;
  if (!configuration) return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.chunk_shape is missing");
  zarrc_status status = zarrc_json_parse(ctx, configuration, n, NULL, &doc, error);
  if (status) return status;
  const zarrc_json *root = zarrc_json_root(doc);
  status = zarrc_json_check_keys(root, keys, error);
  if (!status) status = chunk_shape_parse(shard, zarrc_json_get(root, "chunk_shape"), error);
  const zarrc_json *codecs = zarrc_json_get(root, "codecs");
  for (size_t i = 0; !status && i < zarrc_json_length(codecs); i++)
    if (nesting(zarrc_json_at(codecs, i), ZARRC_MAX_NESTING) >= ZARRC_MAX_NESTING)
      status = zarrc_fail(error, ZARRC_LIMIT, "more than %d shards in one another", ZARRC_MAX_NESTING);
  if (!status)
    status = member_parse(ctx, root, "codecs", default_codecs, false, &shard->codecs, &shard->codecs_json, error);
  if (!status)
    status = member_parse(ctx, root, "index_codecs", default_index_codecs, true, &shard->index_codecs,
                          &shard->index_codecs_json, error);
  shard->location = ZARRC_INDEX_END;
  const zarrc_json *location = zarrc_json_get(root, "index_location");
  if (!status && location) {
    size_t len;
    const char *name = zarrc_json_get_string(location, &len);
    if (!name || strlen(name) != len || !zarrc_index_location_from_name(name, &shard->location))
      status = zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.index_location must be \"start\" or \"end\"");
  }
  zarrc_json_close(doc);
  return status;
}

static void sharding_close(zarrc_codec *codec) {
  zarrc_shard *shard = zarrc_codec_instance(codec);
  zarrc_pipeline_close(shard->inner);
  zarrc_pipeline_close(shard->index);
  zarrc_free(zarrc_codec_ctx(codec), shard->codecs);
  zarrc_free(zarrc_codec_ctx(codec), shard->index_codecs);
  zarrc_buf_clear(&shard->codecs_json);
  zarrc_buf_clear(&shard->index_codecs_json);
}

static zarrc_status list_to_json(const zarrc_pipeline *bound, const zarrc_buf *json, zarrc_buf *out,
                                 zarrc_error *error) {
  return bound ? zarrc_pipeline_to_json(bound, out, error) : zarrc_buf_append(out, json->ptr, json->len, error);
}

static zarrc_status sharding_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const zarrc_shard *shard = zarrc_codec_instance(codec);
  zarrc_status status =
      zarrc_buf_printf(out, error, "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [");
  for (int i = 0; !status && i < shard->ndim; i++)
    status = zarrc_buf_printf(out, error, i ? ", %lld" : "%lld", (long long)shard->chunk_shape[i]);
  if (!status) status = zarrc_buf_printf(out, error, "], \"codecs\": ");
  if (!status) status = list_to_json(shard->inner, &shard->codecs_json, out, error);
  if (!status) status = zarrc_buf_printf(out, error, ", \"index_codecs\": ");
  if (!status) status = list_to_json(shard->index, &shard->index_codecs_json, out, error);
  if (!status)
    status = zarrc_buf_printf(out, error, ", \"index_location\": \"%s\"}}", zarrc_index_location_name(shard->location));
  return status;
}

/* --------------------------------------------------------------------------------------------------- binding */

/* Zarr v3 sharding-indexed codec: every shard holds a whole number of inner chunks on each axis. */
static zarrc_status edge_check(const zarrc_shard *shard, int axis, int64_t edge, zarrc_error *error) {
  if (edge % shard->chunk_shape[axis] == 0) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA,
                    "axis %d: a shard of %lld elements has no whole number of inner chunks of %lld", axis,
                    (long long)edge, (long long)shard->chunk_shape[axis]);
}

static zarrc_status sharding_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                      zarrc_error *error) {
  const zarrc_shard *shard = zarrc_codec_instance(codec);
  zarrc_status status = ZARRC_OK;
  if (shard->ndim != spec->ndim)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.chunk_shape has %d axes, the chunk has %d",
                      shard->ndim, spec->ndim);
  for (int i = 0; !status && i < shard->ndim; i++) {
    const zarrc_grid_axis *axis = grid && grid->axes && grid->axes[i].nedges ? &grid->axes[i] : NULL;
    if (!axis) status = edge_check(shard, i, grid ? grid->chunk_shape[i] : spec->shape[i], error);
    for (int64_t k = 0; axis && !status && k < axis->nedges; k++) status = edge_check(shard, i, axis->edge[k], error);
  }
  return status;
}

static zarrc_status index_bind(zarrc_shard *shard, zarrc_ctx *ctx, zarrc_error *error) {
  zarrc_spec spec = {.dtype = zarrc_dtype_of(ZARRC_UINT64), .ndim = shard->ndim + 1};
  uint64_t nbytes = 16;
  shard->nchunks = 1;
  for (int i = 0; i < shard->ndim; i++) {
    spec.shape[i] = shard->grid[i];
    if (!zarrc_mul_u64(nbytes, (uint64_t)shard->grid[i], &nbytes) || nbytes > INT64_MAX / 2)
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "the shard has too many inner chunks");
    shard->nchunks *= (uint64_t)shard->grid[i];
  }
  if (shard->ndim == ZARRC_MAX_NDIM)
    return zarrc_fail(error, ZARRC_LIMIT, "a shard may have %d axes, one less than a chunk", ZARRC_MAX_NDIM - 1);
  spec.shape[shard->ndim] = 2;
  /* An index that is all ones must be stored too: it is a shard without inner chunks. */
  spec.options.write_empty_chunks = true;
  zarrc_status status =
      zarrc_pipeline_open(ctx, shard->index_codecs, strlen(shard->index_codecs), &spec, &shard->index, error);
  if (status) {
    zarrc_error_prefix(error, "configuration.index_codecs: ");
    return status;
  }
  zarrc_size size = zarrc_pipeline_encoded_size(shard->index, nbytes);
  shard->index_nbytes = size.nbytes;
  shard->index_name = zarrc_shard_cache_name(shard);
  if (size.kind == ZARRC_SIZE_EXACT && size.nbytes <= INT64_MAX / 2) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.index_codecs: the size of the index is not fixed");
}

static zarrc_status sharding_evolve(zarrc_codec *codec, const zarrc_spec *spec, zarrc_error *error) {
  zarrc_shard *shard = zarrc_codec_instance(codec);
  zarrc_ctx *ctx = zarrc_codec_ctx(codec);
  zarrc_status status = sharding_validate(codec, spec, NULL, error);
  if (status) return status;
  zarrc_spec inner = *spec;
  for (int i = 0; i < shard->ndim; i++) {
    inner.shape[i] = shard->chunk_shape[i];
    shard->grid[i] = spec->shape[i] / shard->chunk_shape[i];
  }
  status = zarrc_pipeline_open(ctx, shard->codecs, strlen(shard->codecs), &inner, &shard->inner, error);
  if (status) {
    zarrc_error_prefix(error, "configuration.codecs: ");
    return status;
  }
  return index_bind(shard, ctx, error);
}

/* zarr-python's figure: the data and the index. Inner codecs that compress make it less or more. */
static zarrc_size sharding_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  const zarrc_shard *shard = zarrc_codec_instance(codec);
  zarrc_size size = {ZARRC_SIZE_UNKNOWN, 0};
  (void)spec;
  if (!zarrc_add_u64(nbytes, shard->index_nbytes, &size.nbytes)) size.nbytes = UINT64_MAX;
  return size;
}

static zarrc_status sharding_encode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *decoded,
                                    zarrc_parts *parts, zarrc_error *error) {
  zarrc_region all = zarrc_region_all(spec->ndim, spec->shape);
  return zarrc_shard_update(codec, spec, NULL, &all, decoded, parts, error);
}

const zarrc_pipeline *zarrc_shard_inner(const zarrc_codec *codec) {
  const zarrc_shard *shard = zarrc_codec_instance(codec);
  return zarrc_codec_get_class(codec) == &zarrc_sharding_class ? shard->inner : NULL;
}

zarrc_status zarrc_shard_each(const zarrc_codec *codec, zarrc_blob *blob, zarrc_inner_chunk_fn fn, void *arg,
                              zarrc_error *error) {
  const zarrc_shard *shard = zarrc_codec_instance(codec);
  zarrc_shard_index index;
  if (!zarrc_shard_inner(codec))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "codec %s is not sharding_indexed, or not evolved",
                      zarrc_codec_name(codec));
  zarrc_status status = zarrc_shard_index_read(shard, zarrc_codec_ctx(codec), blob, &index, error);
  if (status) return status;
  for (uint64_t i = 0; !status && i < shard->nchunks; i++) {
    zarrc_inner_chunk chunk = {.number = i, .offset = index.entries[i].offset, .nbytes = index.entries[i].nbytes};
    zarrc_shard_chunk_at(shard, i, chunk.chunk);
    chunk.status = zarrc_shard_entry_check(shard, &index, i, &chunk.present, NULL);
    status = fn(arg, &chunk, error);
  }
  zarrc_shard_index_release(&index);
  return status;
}

const zarrc_codec_class zarrc_sharding_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "sharding_indexed",
    .kind = ZARRC_ARRAY_TO_BYTES,
    .instance_size = sizeof(zarrc_shard),
    .open = sharding_open,
    .close = sharding_close,
    .to_json = sharding_to_json,
    .evolve = sharding_evolve,
    .validate = sharding_validate,
    .encoded_size = sharding_encoded_size,
    .u.ab = {.encode = sharding_encode,
             .read = zarrc_shard_read,
             .update = zarrc_shard_update,
             .partial_decode = true,
             .modify = zarrc_shard_modify},
};

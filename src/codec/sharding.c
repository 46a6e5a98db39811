/* SPDX-License-Identifier: MIT */
/* sharding_indexed: configuration and class. See shard_read.c and shard_write.c for reading and writing. */
#include "base/checked.h"
#include "base/names.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/shard.h"
#include "codec/shard_cache.h"

#include <inttypes.h>
#include <string.h>

static const char *const locations[] = {"start", "end"};
enum { NLOCATIONS = sizeof locations / sizeof *locations };

const char *zarrc_index_location_name(zarrc_index_location location) {
  return zarrc_name_of(locations, NLOCATIONS, (int64_t)location);
}

zarrc_status zarrc_index_location_from_name(const char *name, zarrc_index_location *out, zarrc_error *error) {
  int value = 0;
  zarrc_status status = zarrc_name_find(locations, NLOCATIONS, "the index location", name, &value, error);
  if (!status) *out = (zarrc_index_location)value;
  return status;
}

/* ------------------------------------------------------------------------------------------------------- chains */

/* Makes the default chain. */
static zarrc_status chain_default(zarrc_ctx *ctx, bool is_index, const char *member, zarrc_chain *chain,
                                  zarrc_error *error) {
  static const zarrc_bytes_config little = {sizeof little, true, ZARRC_LITTLE};
  zarrc_status status = zarrc_chain_open(ctx, 2, member, chain, error);
  if (!status) status = zarrc_bytes_codec_open(ctx, &little, &chain->codecs[0], error);
  if (!status) chain->n++;
  if (!status && is_index) status = zarrc_crc32c_codec_open(ctx, &chain->codecs[1], error);
  if (!status && is_index) chain->n++;
  return status;
}

/* ------------------------------------------------------------------------------------------------ configuration */

static zarrc_status parse_chunk_shape(zarrc_shard *shard, const zarrc_json *shape, zarrc_error *error) {
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
      return zarrc_fail(error, ZARRC_INVALID_METADATA,
                        "configuration.chunk_shape[%zu] is not an integer from 1 to %" PRId64, i, INT64_MAX);
  return ZARRC_OK;
}

/* Checks that the chains can be those of a shard, and counts nested shards. */
static zarrc_status check_chains(zarrc_shard *shard, zarrc_error *error) {
  shard->nesting = 1;
  for (size_t i = 0; i < shard->codecs.n; i++) {
    const zarrc_codec *codec = shard->codecs.codecs[i];
    const zarrc_shard *inner = zarrc_codec_instance(codec);
    if (zarrc_codec_get_class(codec) == &zarrc_sharding_class && inner->nesting >= shard->nesting)
      shard->nesting = inner->nesting + 1;
  }
  if (shard->nesting > ZARRC_MAX_NESTING)
    return zarrc_fail(error, ZARRC_LIMIT, "more than %d shards in one another", ZARRC_MAX_NESTING);
  for (size_t i = 0; i < shard->index_codecs.n; i++)
    if (!zarrc_codec_is_fixed_size(shard->index_codecs.codecs[i]))
      return zarrc_fail(error, ZARRC_INVALID_METADATA,
                        "configuration.index_codecs[%zu]: %s makes data of varying size, which an index cannot have", i,
                        zarrc_codec_name(shard->index_codecs.codecs[i]));
  return ZARRC_OK;
}

static zarrc_status not_a_location(zarrc_error *error) {
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.index_location must be \"start\" or \"end\"");
}

static zarrc_status sharding_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"chunk_shape", "codecs", "index_codecs", "index_location", NULL};
  zarrc_shard *shard = zarrc_codec_instance(codec);
  zarrc_ctx *ctx = zarrc_codec_ctx(codec);
  zarrc_config config;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (!status) status = parse_chunk_shape(shard, zarrc_json_get(config.root, "chunk_shape"), error);
  if (status) return status;
  const zarrc_json *codecs = zarrc_json_get(config.root, "codecs");
  const zarrc_json *index_codecs = zarrc_json_get(config.root, "index_codecs");
  const zarrc_json *location = zarrc_json_get(config.root, "index_location");
  status = codecs ? zarrc_chain_parse(codec, codecs, "codecs", &shard->codecs, error)
                  : chain_default(ctx, false, "codecs", &shard->codecs, error);
  if (!status)
    status = index_codecs ? zarrc_chain_parse(codec, index_codecs, "index_codecs", &shard->index_codecs, error)
                          : chain_default(ctx, true, "index_codecs", &shard->index_codecs, error);
  if (!status) status = check_chains(shard, error);
  shard->location = ZARRC_INDEX_END;
  if (status || !location) return status;
  size_t len;
  const char *name = zarrc_json_get_string(location, &len);
  bool known = name && strlen(name) == len && !zarrc_index_location_from_name(name, &shard->location, NULL);
  return known ? ZARRC_OK : not_a_location(error);
}

static zarrc_status set_sharding(zarrc_codec *codec, const void *given, zarrc_error *error) {
  const zarrc_sharding_config *config = given;
  zarrc_shard *shard = zarrc_codec_instance(codec);
  zarrc_ctx *ctx = zarrc_codec_ctx(codec);
  if (config->ndim < 0 || config->ndim > ZARRC_MAX_NDIM)
    return zarrc_fail(error, config->ndim < 0 ? ZARRC_INVALID_METADATA : ZARRC_LIMIT,
                      "configuration.chunk_shape has %d axes, the limit is %d", config->ndim, ZARRC_MAX_NDIM);
  shard->ndim = config->ndim;
  for (int i = 0; i < shard->ndim; i++) {
    shard->chunk_shape[i] = config->chunk_shape[i];
    if (shard->chunk_shape[i] < 1)
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.chunk_shape[%d] is not an integer above 0", i);
  }
  zarrc_status status = config->codecs
                            ? zarrc_chain_share(ctx, config->codecs, config->ncodecs, "codecs", &shard->codecs, error)
                            : chain_default(ctx, false, "codecs", &shard->codecs, error);
  if (!status)
    status = config->index_codecs ? zarrc_chain_share(ctx, config->index_codecs, config->nindex_codecs, "index_codecs",
                                                      &shard->index_codecs, error)
                                  : chain_default(ctx, true, "index_codecs", &shard->index_codecs, error);
  if (!status) status = check_chains(shard, error);
  if (status) return status;
  shard->location = config->index_location;
  shard->order = config->subchunk_order;
  if (!zarrc_index_location_name(shard->location)) return not_a_location(error);
  if (zarrc_subchunk_order_name(shard->order)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "there is no order of inner chunks %d", (int)shard->order);
}

zarrc_status zarrc_sharding_codec_open(zarrc_ctx *ctx, const zarrc_sharding_config *given, zarrc_codec **out,
                                       zarrc_error *error) {
  zarrc_sharding_config config = ZARRC_SHARDING_CONFIG_INIT;
  if (!given)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "codec sharding_indexed: configuration.chunk_shape is missing");
  return zarrc_codec_open_config(ctx, &zarrc_sharding_class, given, &config, sizeof config, set_sharding, out, error);
}

zarrc_status zarrc_sharding_codec_get(const zarrc_codec *codec, zarrc_sharding_config *config, zarrc_error *error) {
  const zarrc_shard *shard = zarrc_codec_instance(codec);
  zarrc_sharding_config from = ZARRC_SHARDING_CONFIG_INIT;
  if (zarrc_codec_get_class(codec) == &zarrc_sharding_class) {
    from.ndim = shard->ndim;
    memcpy(from.chunk_shape, shard->chunk_shape, sizeof from.chunk_shape);
    from.codecs = (const zarrc_codec *const *)shard->codecs.codecs;
    from.ncodecs = shard->codecs.n;
    from.index_codecs = (const zarrc_codec *const *)shard->index_codecs.codecs;
    from.nindex_codecs = shard->index_codecs.n;
    from.index_location = shard->location;
    from.subchunk_order = shard->order;
  }
  return zarrc_codec_get_config(codec, &zarrc_sharding_class, &from, sizeof from, config, error);
}

static zarrc_status sharding_copy(zarrc_codec *to, const zarrc_codec *from, zarrc_error *error) {
  zarrc_sharding_config config = ZARRC_SHARDING_CONFIG_INIT;
  zarrc_status status = zarrc_sharding_codec_get(from, &config, error);
  return status ? status : set_sharding(to, &config, error);
}

static bool sharding_equal(const zarrc_codec *one, const zarrc_codec *other) {
  const zarrc_shard *a = zarrc_codec_instance(one), *b = zarrc_codec_instance(other);
  return a->ndim == b->ndim && memcmp(a->chunk_shape, b->chunk_shape, sizeof a->chunk_shape) == 0 &&
         a->location == b->location && a->order == b->order && zarrc_chain_equal(&a->codecs, &b->codecs) &&
         zarrc_chain_equal(&a->index_codecs, &b->index_codecs);
}

static void sharding_close(zarrc_codec *codec) {
  zarrc_shard *shard = zarrc_codec_instance(codec);
  zarrc_chain_close(zarrc_codec_ctx(codec), &shard->codecs);
  zarrc_chain_close(zarrc_codec_ctx(codec), &shard->index_codecs);
  zarrc_pipeline_close(shard->inner);
  zarrc_pipeline_close(shard->index);
}

static zarrc_status sharding_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const zarrc_shard *shard = zarrc_codec_instance(codec);
  zarrc_status status =
      zarrc_buf_printf(out, error, "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [");
  for (int i = 0; !status && i < shard->ndim; i++)
    status = zarrc_buf_printf(out, error, i ? ", %lld" : "%lld", (long long)shard->chunk_shape[i]);
  if (!status) status = zarrc_buf_printf(out, error, "], \"codecs\": ");
  if (!status) status = zarrc_chain_to_json(&shard->codecs, out, error);
  if (!status) status = zarrc_buf_printf(out, error, ", \"index_codecs\": ");
  if (!status) status = zarrc_chain_to_json(&shard->index_codecs, out, error);
  if (!status)
    status = zarrc_buf_printf(out, error, ", \"index_location\": \"%s\"}}", zarrc_index_location_name(shard->location));
  return status;
}

/* --------------------------------------------------------------------------------------------------- binding */

/* Zarr v3 sharding-indexed codec: a shard has a whole number of inner chunks on each axis. */
static zarrc_status check_edge(const zarrc_shard *shard, int axis, int64_t edge, zarrc_error *error) {
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
    if (!axis) status = check_edge(shard, i, grid ? grid->chunk_shape[i] : spec->shape[i], error);
    for (int64_t k = 0; axis && !status && k < axis->nedges; k++) status = check_edge(shard, i, axis->edge[k], error);
  }
  return status;
}

static zarrc_status bind_index(zarrc_shard *shard, zarrc_ctx *ctx, zarrc_error *error) {
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
  /* An index of ones only must be stored too: it is that of a shard without inner chunks. */
  spec.options.write_empty_chunks = true;
  zarrc_status status = zarrc_chain_bind(ctx, &shard->index_codecs, &spec, "index_codecs", &shard->index, error);
  if (!status) status = zarrc_shard_cache_name(shard, &shard->index_name, error);
  if (status) return status;
  zarrc_size size = zarrc_pipeline_encoded_size(shard->index, nbytes);
  shard->index_nbytes = size.nbytes;
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
  status = zarrc_chain_bind(ctx, &shard->codecs, &inner, "codecs", &shard->inner, error);
  return status ? status : bind_index(shard, ctx, error);
}

/* Returns whether stored inner chunks are as long as their elements. */
static bool inner_chunks_keep_size(const zarrc_shard *shard) {
  if (!shard->inner || !zarrc_pipeline_is_fixed_size(shard->inner)) return false;
  return zarrc_pipeline_encoded_size(shard->inner, 1).nbytes == 1;
}

/* The same number as in zarr-python: the data and the index. It is exact if stored inner chunks are as long as their
 * elements, and a maximum if those that contain only fill value are omitted. With other inner codecs it is an
 * estimate. */
static zarrc_size sharding_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  const zarrc_shard *shard = zarrc_codec_instance(codec);
  zarrc_size size = {ZARRC_SIZE_UNKNOWN, 0};
  if (!zarrc_add_u64(nbytes, shard->index_nbytes, &size.nbytes))
    size.nbytes = UINT64_MAX;
  else if (inner_chunks_keep_size(shard))
    size.kind = spec->options.write_empty_chunks ? ZARRC_SIZE_EXACT : ZARRC_SIZE_AT_MOST;
  return size;
}

/* A shard without inner chunks is its index. */
static uint64_t sharding_least_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  zarrc_size size = sharding_encoded_size(codec, spec, nbytes);
  return size.kind == ZARRC_SIZE_EXACT ? size.nbytes : ((zarrc_shard *)zarrc_codec_instance(codec))->index_nbytes;
}

static zarrc_status sharding_encode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *decoded,
                                    zarrc_parts *parts, zarrc_error *error) {
  zarrc_region all = zarrc_region_all(spec->ndim, spec->shape);
  return zarrc_shard_update(codec, spec, NULL, &all, &(zarrc_values){.view = decoded}, parts, error);
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
    .copy = sharding_copy,
    .equal = sharding_equal,
    .evolve = sharding_evolve,
    .validate = sharding_validate,
    .encoded_size = sharding_encoded_size,
    .least_encoded_size = sharding_least_encoded_size,
    .u.ab = {.encode = sharding_encode, .read = zarrc_shard_read, .update = zarrc_shard_update, .partial_decode = true},
};

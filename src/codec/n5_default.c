/* SPDX-License-Identifier: MIT */
/*
 * n5_default: a block of N5 in its default mode, which is a header and the elements as the codecs inside encode them.
 * Zarr extensions, "N5 Default codec"; N5 specification 4.0.0. The header, big-endian:
 *
 *     mode   uint16   0: default
 *     ndim   uint16
 *     shape  uint32 for each axis
 *
 * A block has a shape of its own, which may be smaller than the chunk at the edge of an array, or larger.
 */
#include "base/endian.h"
#include "codec/builtin.h"
#include "codec/chain.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/range_blob.h"

#include <string.h>

#define HEADER_NBYTES(ndim) (4 + 4 * (size_t)(ndim))

enum { MODE_DEFAULT, MODE_VARLENGTH, MODE_OBJECT };

typedef struct n5_default {
  zarrc_chain codecs;    /* transpose, bytes, and perhaps a compressor */
  int ndim;              /* of the transpose codec */
  zarrc_pipeline *inner; /* set by evolve: the codecs for blocks of the shape of the chunk */
} n5_default;

/* ------------------------------------------------------------------------------------------------ configuration */

static zarrc_status check_transpose(n5_default *n5, const zarrc_codec *codec, zarrc_error *error) {
  zarrc_transpose_config config = ZARRC_TRANSPOSE_CONFIG_INIT;
  bool reverses = zarrc_transpose_codec_get(codec, &config, NULL) == ZARRC_OK && !config.letter;
  for (int i = 0; i < config.ndim; i++) reverses = reverses && config.order[i] == config.ndim - 1 - i;
  n5->ndim = config.ndim;
  if (reverses) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA,
                    "configuration.codecs[0] must be a transpose codec that reverses the order of all axes");
}

static zarrc_status check_bytes(const zarrc_codec *codec, zarrc_error *error) {
  zarrc_bytes_config config = ZARRC_BYTES_CONFIG_INIT;
  bool is_bytes = zarrc_bytes_codec_get(codec, &config, NULL) == ZARRC_OK;
  if (is_bytes && (!config.has_endian || config.endian == ZARRC_BIG)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA,
                    "configuration.codecs[1] must be the codec bytes with the byte order \"big\"");
}

static zarrc_status check_codecs(n5_default *n5, zarrc_error *error) {
  const zarrc_chain *chain = &n5->codecs;
  if (chain->n < 2 || chain->n > 3)
    return zarrc_fail(error, ZARRC_INVALID_METADATA,
                      "configuration.codecs must be transpose, bytes, and no more than one other codec");
  zarrc_status status = check_transpose(n5, chain->codecs[0], error);
  if (!status) status = check_bytes(chain->codecs[1], error);
  if (status || chain->n < 3 || zarrc_codec_get_kind(chain->codecs[2]) == ZARRC_BYTES_TO_BYTES) return status;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.codecs[2] must be a codec from bytes to bytes");
}

static zarrc_status n5_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"codecs", NULL};
  n5_default *n5 = zarrc_codec_instance(codec);
  zarrc_config config;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (!status) status = zarrc_chain_parse(codec, zarrc_json_get(config.root, "codecs"), "codecs", &n5->codecs, error);
  return status ? status : check_codecs(n5, error);
}

static void n5_close(zarrc_codec *codec) {
  n5_default *n5 = zarrc_codec_instance(codec);
  zarrc_chain_close(zarrc_codec_ctx(codec), &n5->codecs);
  zarrc_pipeline_close(n5->inner);
}

static zarrc_status n5_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const n5_default *n5 = zarrc_codec_instance(codec);
  zarrc_status status = zarrc_buf_printf(out, error, "{\"name\": \"n5_default\", \"configuration\": {\"codecs\": ");
  if (!status) status = zarrc_chain_to_json(&n5->codecs, out, error);
  return status ? status : zarrc_buf_append(out, "}}", 2, error);
}

static zarrc_status n5_copy(zarrc_codec *to, const zarrc_codec *from, zarrc_error *error) {
  const n5_default *n5 = zarrc_codec_instance(from);
  n5_default *copy = zarrc_codec_instance(to);
  copy->ndim = n5->ndim;
  return zarrc_chain_share(zarrc_codec_ctx(to), (const zarrc_codec *const *)n5->codecs.codecs, n5->codecs.n, "codecs",
                           &copy->codecs, error);
}

static bool n5_equal(const zarrc_codec *one, const zarrc_codec *other) {
  const n5_default *a = zarrc_codec_instance(one), *b = zarrc_codec_instance(other);
  return zarrc_chain_equal(&a->codecs, &b->codecs);
}

/* ------------------------------------------------------------------------------------------------------ binding */

static bool is_type_of_n5(zarrc_type type) {
  switch (type) {
  case ZARRC_INT8:
  case ZARRC_INT16:
  case ZARRC_INT32:
  case ZARRC_INT64:
  case ZARRC_UINT8:
  case ZARRC_UINT16:
  case ZARRC_UINT32:
  case ZARRC_UINT64:
  case ZARRC_FLOAT32:
  case ZARRC_FLOAT64:
    return true;
  default:
    return false;
  }
}

static zarrc_status check_edge(int axis, int64_t edge, zarrc_error *error) {
  if (edge <= UINT32_MAX) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA,
                    "axis %d: a chunk of %lld elements, but a block of N5 has at most %lu", axis, (long long)edge,
                    (unsigned long)UINT32_MAX);
}

static zarrc_status n5_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                zarrc_error *error) {
  const n5_default *n5 = zarrc_codec_instance(codec);
  zarrc_status status = ZARRC_OK;
  if (!is_type_of_n5(spec->dtype.type))
    return zarrc_fail(error, ZARRC_INVALID_METADATA,
                      "N5 has integers of 8 to 64 bits, float32 and float64, but not the type of the chunk");
  if (n5->ndim != spec->ndim)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.codecs[0] has %d axes, the chunk has %d", n5->ndim,
                      spec->ndim);
  for (int i = 0; !status && i < spec->ndim; i++) {
    const zarrc_grid_axis *axis = grid && grid->axes && grid->axes[i].nedges ? &grid->axes[i] : NULL;
    if (!axis) status = check_edge(i, grid ? grid->chunk_shape[i] : spec->shape[i], error);
    for (int64_t k = 0; axis && !status && k < axis->nedges; k++) status = check_edge(i, axis->edge[k], error);
  }
  return status;
}

static zarrc_status n5_evolve(zarrc_codec *codec, const zarrc_spec *spec, zarrc_error *error) {
  n5_default *n5 = zarrc_codec_instance(codec);
  zarrc_status status = n5_validate(codec, spec, NULL, error);
  return status ? status : zarrc_chain_bind(zarrc_codec_ctx(codec), &n5->codecs, spec, "codecs", &n5->inner, error);
}

/* A block may be smaller or larger than the chunk, so that no size is exact. */
static zarrc_size n5_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  const n5_default *n5 = zarrc_codec_instance(codec);
  uint64_t inner = n5->inner ? zarrc_pipeline_encoded_size(n5->inner, nbytes).nbytes : nbytes;
  size_t header = HEADER_NBYTES(spec->ndim);
  return (zarrc_size){ZARRC_SIZE_UNKNOWN, inner < UINT64_MAX - header ? inner + header : UINT64_MAX};
}

/* That of a block of one element. */
static uint64_t n5_least_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  const n5_default *n5 = zarrc_codec_instance(codec);
  if (spec->dtype.item_size < nbytes) nbytes = spec->dtype.item_size;
  return HEADER_NBYTES(spec->ndim) + (n5->inner ? zarrc_pipeline_least_encoded_size(n5->inner, nbytes) : 0);
}

static zarrc_status check_evolved(const n5_default *n5, const zarrc_spec *spec, zarrc_error *error) {
  if (!n5->inner) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the codec has not been evolved");
  const zarrc_spec *own = zarrc_pipeline_spec(n5->inner);
  if (spec->ndim == own->ndim && zarrc_dtype_equal(&spec->dtype, &own->dtype) &&
      memcmp(spec->shape, own->shape, (size_t)spec->ndim * sizeof *spec->shape) == 0)
    return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the codec was evolved for chunks of another shape or type");
}

/* ----------------------------------------------------------------------------------------------------- encoding */

static void put_header(uint8_t *header, const zarrc_spec *spec) {
  zarrc_store_be16(header, MODE_DEFAULT);
  zarrc_store_be16(header + 2, (uint16_t)spec->ndim);
  for (int i = 0; i < spec->ndim; i++) zarrc_store_be32(header + 4 + 4 * i, (uint32_t)spec->shape[i]);
}

/* The header can only be put before what the codecs have made, since each of them replaces all pieces. */
static zarrc_status n5_encode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *decoded,
                              zarrc_parts *parts, zarrc_error *error) {
  const n5_default *n5 = zarrc_codec_instance(codec);
  zarrc_parts payload;
  uint8_t *header;
  zarrc_status status = check_evolved(n5, spec, error);
  if (status) return status;
  zarrc_parts_init(&payload, zarrc_codec_ctx(codec));
  status = zarrc_encode(n5->inner, decoded, &payload, error);
  if (!status) status = zarrc_parts_add(parts, HEADER_NBYTES(spec->ndim), &header, error);
  if (!status) put_header(header, spec);
  for (size_t i = 0; !status && i < payload.nitems; i++) {
    zarrc_bytes piece = payload.items[i];
    payload.items[i] = (zarrc_bytes){0};
    status = zarrc_parts_push(parts, piece, error);
  }
  zarrc_parts_clear(&payload);
  return status;
}

/* ------------------------------------------------------------------------------------------------------ reading */

static zarrc_status check_mode(unsigned mode, zarrc_error *error) {
  static const char *const names[] = {"default", "varlength", "object"};
  if (mode == MODE_DEFAULT) return ZARRC_OK;
  if (mode > MODE_OBJECT)
    return zarrc_fail(error, ZARRC_CORRUPT, "no block of N5 begins here: there is no mode %u", mode);
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "a block of N5 in the mode %u (%s), but the codec is about default ones",
                    mode, names[mode]);
}

/* Sets the shape of the block to what its header says. */
static zarrc_status parse_header(const zarrc_ctx *ctx, const uint8_t *header, zarrc_spec *block, zarrc_error *error) {
  unsigned ndim = zarrc_load_be16(header + 2);
  size_t nbytes;
  zarrc_status status = check_mode(zarrc_load_be16(header), error);
  if (status) return status;
  if (ndim != (unsigned)block->ndim)
    return zarrc_fail(error, ZARRC_CORRUPT, "the block has %u axes, the chunk has %d", ndim, block->ndim);
  for (int i = 0; i < block->ndim; i++) {
    block->shape[i] = zarrc_load_be32(header + 4 + 4 * i);
    if (!block->shape[i]) return zarrc_fail(error, ZARRC_CORRUPT, "axis %d: the block has no elements", i);
  }
  return zarrc_spec_nbytes(ctx, block, &nbytes, error);
}

/* Reads the header of a block. total: the length of the value, ZARRC_UNKNOWN if that would cost something. */
static zarrc_status read_header(const zarrc_ctx *ctx, zarrc_blob *blob, zarrc_spec *block, uint64_t *total,
                                zarrc_error *error) {
  uint8_t header[HEADER_NBYTES(ZARRC_MAX_NDIM)];
  zarrc_range range = {.nbytes = HEADER_NBYTES(block->ndim), .into = header};
  zarrc_status status = zarrc_blob_read(blob, &range, 1, error);
  if (status) return status;
  zarrc_bytes_release(&range.got);
  *total = range.total;
  return parse_header(ctx, header, block, error);
}

/* Reads the wanted part of a block from what follows its header. */
static zarrc_status read_payload(const zarrc_codec *codec, const zarrc_pipeline *inner, zarrc_blob *blob,
                                 uint64_t total, const zarrc_region *region, const zarrc_view *to, zarrc_error *error) {
  size_t header = HEADER_NBYTES(to->ndim);
  zarrc_ctx *ctx = zarrc_codec_ctx(codec);
  zarrc_bytes whole = {0};
  zarrc_memory_blob memory;
  zarrc_range_blob payload;
  zarrc_status status = ZARRC_OK;
  if (total == ZARRC_UNKNOWN)
    status = zarrc_blob_read_all(blob, zarrc_ctx_get_options(ctx)->max_chunk_bytes, &whole, error);
  if (status) return status;
  zarrc_memory_blob_init(&memory, ctx, whole.ptr, whole.len);
  if (total == ZARRC_UNKNOWN)
    zarrc_range_blob_init(&payload, &memory.blob, header, whole.len - header);
  else
    zarrc_range_blob_init(&payload, blob, header, total - header);
  status = zarrc_read(inner, &payload.blob, region, to, NULL, error);
  zarrc_memory_blob_clear(&memory);
  zarrc_bytes_release(&whole);
  return status;
}

/* Cuts a region to what lies in a shape. Returns false if nothing does. */
static bool cut_region(zarrc_region *region, int ndim, const int64_t *shape) {
  bool any = true;
  for (int i = 0; i < ndim; i++) {
    int64_t room = shape[i] - region->start[i];
    int64_t count = room > 0 ? (room - 1) / region->step[i] + 1 : 0;
    if (count < region->count[i]) region->count[i] = count;
    any = any && region->count[i] > 0;
  }
  return any;
}

/* Reads from a block of another shape than the chunk. Elements of the chunk that it lacks have the fill value. */
static zarrc_status read_other(const zarrc_codec *codec, const zarrc_spec *block, zarrc_blob *blob, uint64_t total,
                               const zarrc_region *region, const zarrc_view *to, zarrc_error *error) {
  const n5_default *n5 = zarrc_codec_instance(codec);
  zarrc_pipeline *inner = NULL;
  zarrc_region there = *region;
  zarrc_view part = *to;
  bool any = cut_region(&there, to->ndim, block->shape);
  memcpy(part.shape, there.count, (size_t)to->ndim * sizeof *part.shape);
  zarrc_status status = zarrc_pipeline_open_codecs(
      zarrc_codec_ctx(codec), (const zarrc_codec *const *)n5->codecs.codecs, n5->codecs.n, block, &inner, error);
  if (!status && zarrc_view_nitems(&part) < zarrc_view_nitems(to)) zarrc_fill(to, block->fill);
  if (!status && any) status = read_payload(codec, inner, blob, total, &there, &part, error);
  zarrc_pipeline_close(inner);
  return status;
}

static zarrc_status n5_read(const zarrc_codec *codec, const zarrc_spec *spec, zarrc_blob *blob,
                            const zarrc_region *region, const zarrc_view *to, zarrc_error *error) {
  const n5_default *n5 = zarrc_codec_instance(codec);
  zarrc_spec block = *spec;
  uint64_t total;
  zarrc_status status = check_evolved(n5, spec, error);
  if (!status) status = read_header(zarrc_codec_ctx(codec), blob, &block, &total, error);
  if (status) return status;
  if (memcmp(block.shape, spec->shape, (size_t)spec->ndim * sizeof *spec->shape) == 0)
    return read_payload(codec, n5->inner, blob, total, region, to, error);
  return read_other(codec, &block, blob, total, region, to, error);
}

const zarrc_codec_class zarrc_n5_default_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "n5_default",
    .kind = ZARRC_ARRAY_TO_BYTES,
    .instance_size = sizeof(n5_default),
    .open = n5_open,
    .close = n5_close,
    .to_json = n5_to_json,
    .copy = n5_copy,
    .equal = n5_equal,
    .evolve = n5_evolve,
    .validate = n5_validate,
    .encoded_size = n5_encoded_size,
    .least_encoded_size = n5_least_encoded_size,
    .u.ab = {.encode = n5_encode, .read = n5_read},
};

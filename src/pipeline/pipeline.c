/* SPDX-License-Identifier: MIT */
#include "pipeline/pipeline.h"
#include "base/checked.h"
#include "base/values.h"
#include "codec/parsed.h"
#include "pipeline/parsed.h"

#include <string.h>
#include <zarrc/plugin/codec.h>

/* More than a bytes→bytes codec adds to data that does not shrink. */
#define GROWTH_SLACK 65536u
/* The same for a shard: with gzip an inner chunk of one byte may take up more than twenty. */
#define SHARD_GROWTH 32u
#define SHARD_SLACK  ((uint64_t)1 << 20)
/* The part of max_memory that a value of unknown length may take. */
#define OF_MEMORY 4

/* ------------------------------------------------------------------------------------------------------ binding */

static const char *kind_words(zarrc_codec_kind kind) {
  static const char *const words[] = {"array-to-array", "array-to-bytes", "bytes-to-bytes"};
  return words[kind];
}

/* Zarr v3 core specification, "Codecs": any number of array→array, one array→bytes, any number of bytes→bytes. */
static zarrc_status check_order(zarrc_pipeline *p, const zarrc_codec *const *codecs, size_t n, zarrc_error *error) {
  size_t nserializers = 0;
  for (size_t i = 0; i < n; i++) {
    zarrc_codec_kind kind = zarrc_codec_get_kind(codecs[i]);
    if (kind == ZARRC_ARRAY_TO_BYTES && nserializers++ == 0) p->serializer = i;
    if (i == 0) continue;
    const zarrc_codec *before = codecs[i - 1];
    zarrc_codec_kind from = zarrc_codec_get_kind(before);
    bool follows = kind == ZARRC_BYTES_TO_BYTES ? from != ZARRC_ARRAY_TO_ARRAY : from == ZARRC_ARRAY_TO_ARRAY;
    if (!follows)
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "codecs: %s (%s) cannot follow %s (%s)",
                        zarrc_codec_name(codecs[i]), kind_words(kind), zarrc_codec_name(before), kind_words(from));
  }
  if (nserializers == 1) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "codecs: the chain has no array-to-bytes codec");
}

static zarrc_status too_many(size_t n, zarrc_error *error) {
  return zarrc_fail(error, ZARRC_LIMIT, "codecs: %zu in one chain, the limit is %d", n, ZARRC_MAX_CODECS);
}

/* Allocates a chain of n codecs. */
static zarrc_status take_chain(zarrc_pipeline *p, size_t n, zarrc_error *error) {
  if (n > ZARRC_MAX_CODECS) return too_many(n, error);
  p->codecs = zarrc_malloc(p->ctx, (n + 1) * sizeof *p->codecs);
  p->specs = zarrc_malloc(p->ctx, (n + 1) * sizeof *p->specs);
  if (p->specs) p->specs[0] = (zarrc_spec){0};
  p->max = zarrc_malloc(p->ctx, (n + 1) * sizeof *p->max);
  p->exact = zarrc_malloc(p->ctx, (n + 1) * sizeof *p->exact);
  if (p->codecs && p->specs && p->max && p->exact) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a chain of %zu codecs", n);
}

/* Copies the spec with its fill value, so that nothing of the caller's is borrowed. */
static zarrc_status keep_spec(zarrc_pipeline *p, const zarrc_spec *chunk, zarrc_error *error) {
  p->specs[0] = *chunk;
  p->specs[0].fill = NULL;
  p->specs[0].dtype = zarrc_dtype_share(&chunk->dtype);
  if (!chunk->fill) return ZARRC_OK;
  const zarrc_text *text = zarrc_dtype_is_variable(&chunk->dtype) ? chunk->fill : NULL;
  size_t item = chunk->dtype.item_size, nbytes;
  if (!zarrc_add_size(item, text ? text->len : 0, &nbytes) || !(p->fill = zarrc_malloc(p->ctx, nbytes + 1)))
    return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for the fill value");
  memcpy(p->fill, chunk->fill, item);
  if (text) {
    uint8_t *copy = (uint8_t *)p->fill + item;
    if (text->len) memcpy(copy, text->ptr, text->len);
    memcpy(p->fill, &(zarrc_text){copy, text->len}, item);
  }
  p->specs[0].fill = p->fill;
  return ZARRC_OK;
}

/* Evolves, validates and resolves one codec after another. */
static zarrc_status bind_codecs(zarrc_pipeline *p, const zarrc_codec *const *codecs, size_t n, zarrc_error *error) {
  for (size_t i = 0; i < n; i++) {
    if (zarrc_codec_ctx(codecs[i]) != p->ctx)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "codecs: %s belongs to another context",
                        zarrc_codec_name(codecs[i]));
    zarrc_status status = zarrc_codec_evolve(codecs[i], &p->specs[i], &p->codecs[i], error);
    if (status) return status;
    p->ncodecs++;
    status = zarrc_codec_validate(p->codecs[i], &p->specs[i], NULL, error);
    if (!status) status = zarrc_codec_resolve(p->codecs[i], &p->specs[i], &p->specs[i + 1], error);
    if (status) return status;
  }
  return ZARRC_OK;
}

/* Returns the most bytes that a shard inside another codec may have, with room for inner chunks that do not shrink and
 * for bytes that nothing refers to. */
static uint64_t shard_most(zarrc_size encoded, uint64_t decoded, uint64_t most) {
  uint64_t nbytes = encoded.nbytes > decoded ? encoded.nbytes : decoded;
  return nbytes < (most - most / 2) / SHARD_GROWTH && SHARD_GROWTH * nbytes + SHARD_SLACK < most
             ? SHARD_GROWTH * nbytes + SHARD_SLACK
             : most;
}

/* Computes how long valid data can be between the bytes→bytes codecs and in the store. */
static void set_bounds(zarrc_pipeline *p) {
  const zarrc_spec *spec = &p->specs[p->serializer];
  const zarrc_ctx_options *limits = zarrc_ctx_get_options(p->ctx);
  uint64_t most = limits->max_chunk_bytes;
  int64_t nitems = zarrc_spec_nitems(spec);
  uint64_t decoded;
  bool variable = zarrc_dtype_is_variable(&spec->dtype);
  if (!zarrc_mul_u64((uint64_t)nitems, spec->dtype.item_size, &decoded)) decoded = most;
  zarrc_size size = zarrc_codec_encoded_size(p->codecs[p->serializer], spec, decoded);
  /* A shard may be longer than an encoder would make it: it may contain bytes that its index does not refer to. */
  const zarrc_codec *serializer = p->codecs[p->serializer];
  bool grows = zarrc_codec_supports_partial_encode(serializer) && !zarrc_codec_is_fixed_size(serializer);
  bool known = !variable && !grows && size.kind != ZARRC_SIZE_UNKNOWN;
  known = known && size.nbytes <= most;
  /* Otherwise it is limited so that max_memory has room for its encoded and decoded bytes too. */
  if (limits->max_memory && limits->max_memory / OF_MEMORY < most) most = limits->max_memory / OF_MEMORY;
  if (grows && !variable) most = shard_most(size, decoded, most);
  p->exact[p->serializer + 1] = known && size.kind == ZARRC_SIZE_EXACT;
  p->max[p->serializer + 1] = known ? size.nbytes : most;
  for (size_t i = p->serializer + 1; i < p->ncodecs; i++) {
    uint64_t twice = p->max[i] > (UINT64_MAX - GROWTH_SLACK) / 2 ? UINT64_MAX : 2 * p->max[i] + GROWTH_SLACK;
    size = zarrc_codec_encoded_size(p->codecs[i], &p->specs[i], p->max[i]);
    p->exact[i + 1] = p->exact[i] && size.kind == ZARRC_SIZE_EXACT;
    p->max[i + 1] = p->exact[i + 1] ? size.nbytes : twice;
  }
}

/* Refuses shapes with more than 2^63 - 1 bytes, so that nothing later needs to check that. */
static zarrc_status check_chunk(const zarrc_spec *chunk, zarrc_error *error) {
  int64_t nbytes = chunk->dtype.item_size;
  if (chunk->ndim < 0 || chunk->ndim > ZARRC_MAX_NDIM)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a chunk of %d dimensions, the limit is %d", chunk->ndim,
                      ZARRC_MAX_NDIM);
  for (int i = 0; i < chunk->ndim; i++)
    if (chunk->shape[i] < 0)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: a chunk of %lld elements", i,
                        (long long)chunk->shape[i]);
  for (int i = 0; i < chunk->ndim; i++)
    if (chunk->shape[i] && !zarrc_mul_i64(nbytes, chunk->shape[i], &nbytes))
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "a chunk has more than 2^63 bytes");
  return ZARRC_OK;
}

zarrc_status zarrc_pipeline_open_codecs(zarrc_ctx *ctx, const zarrc_codec *const *codecs, size_t n,
                                        const zarrc_spec *chunk, zarrc_pipeline **out, zarrc_error *error) {
  zarrc_status status = check_chunk(chunk, error);
  if (status) return status;
  zarrc_pipeline *p = zarrc_malloc(ctx, sizeof *p);
  if (!p) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a pipeline");
  *p = (zarrc_pipeline){.ctx = ctx};
  status = take_chain(p, n, error);
  if (!status) status = check_order(p, codecs, n, error);
  if (!status) status = zarrc_spec_check(chunk, error);
  if (!status) status = keep_spec(p, chunk, error);
  if (!status) status = bind_codecs(p, codecs, n, error);
  if (status) {
    zarrc_pipeline_close(p);
    return status;
  }
  set_bounds(p);
  *out = p;
  return ZARRC_OK;
}

zarrc_status zarrc_pipeline_open_parsed(zarrc_ctx *ctx, const zarrc_json *list, const zarrc_spec *chunk,
                                        const zarrc_leniency *lenient, zarrc_pipeline **out, zarrc_error *error) {
  zarrc_codec *codecs[ZARRC_MAX_CODECS];
  zarrc_status status = ZARRC_OK;
  size_t n = 0;
  if (!zarrc_json_is(list, ZARRC_JSON_ARRAY)) return zarrc_fail(error, ZARRC_INVALID_METADATA, "codecs must be a list");
  if (zarrc_json_length(list) > ZARRC_MAX_CODECS) return too_many(zarrc_json_length(list), error);
  while (!status && n < zarrc_json_length(list)) {
    status = zarrc_codec_open_parsed(ctx, zarrc_json_at(list, n), lenient, &codecs[n], error);
    if (!status) n++;
  }
  if (!status) status = zarrc_pipeline_open_codecs(ctx, (const zarrc_codec *const *)codecs, n, chunk, out, error);
  while (n) zarrc_codec_close(codecs[--n]);
  return status;
}

zarrc_status zarrc_pipeline_open(zarrc_ctx *ctx, const char *codecs_json, size_t n, const zarrc_spec *chunk,
                                 zarrc_pipeline **out, zarrc_error *error) {
  zarrc_json_doc *doc = NULL;
  zarrc_status status = check_chunk(chunk, error);
  if (!status) status = zarrc_json_parse(ctx, codecs_json, n, NULL, &doc, error);
  if (!status) status = zarrc_pipeline_open_parsed(ctx, zarrc_json_root(doc), chunk, NULL, out, error);
  zarrc_json_close(doc);
  return status;
}

void zarrc_pipeline_close(zarrc_pipeline *p) {
  if (!p) return;
  for (size_t i = 0; i < p->ncodecs; i++) zarrc_codec_close(p->codecs[i]);
  if (p->specs) zarrc_dtype_close(&p->specs[0].dtype);
  zarrc_free(p->ctx, p->codecs);
  zarrc_free(p->ctx, p->specs);
  zarrc_free(p->ctx, p->max);
  zarrc_free(p->ctx, p->exact);
  zarrc_free(p->ctx, p->fill);
  zarrc_free(p->ctx, p);
}

/* --------------------------------------------------------------------------------------------- what it is */

zarrc_status zarrc_pipeline_to_json(const zarrc_pipeline *p, zarrc_buf *out, zarrc_error *error) {
  zarrc_status status = zarrc_buf_append(out, "[", 1, error);
  for (size_t i = 0; !status && i < p->ncodecs; i++) {
    if (i) status = zarrc_buf_append(out, ", ", 2, error);
    if (!status) status = zarrc_codec_to_json(p->codecs[i], out, error);
  }
  return status ? status : zarrc_buf_append(out, "]", 1, error);
}

size_t zarrc_pipeline_ncodecs(const zarrc_pipeline *p) {
  return p->ncodecs;
}
const zarrc_codec *zarrc_pipeline_codec(const zarrc_pipeline *p, size_t i) {
  return p->codecs[i];
}
bool zarrc_pipeline_equal(const zarrc_pipeline *a, const zarrc_pipeline *b) {
  bool equal = a->ncodecs == b->ncodecs;
  for (size_t i = 0; equal && i < a->ncodecs; i++) equal = zarrc_codec_equal(a->codecs[i], b->codecs[i]);
  return equal;
}

const zarrc_spec *zarrc_pipeline_spec(const zarrc_pipeline *p) {
  return &p->specs[0];
}

/* Maps a grid through a codec that rearranges elements; false: that is impossible. The strides of a mapped view show
 * which axis went where. */
static bool map_grid(const zarrc_codec *codec, zarrc_grid *grid, zarrc_grid_axis *axes) {
  const zarrc_codec_class *c = zarrc_codec_get_class(codec);
  if (c->kind != ZARRC_ARRAY_TO_ARRAY || !c->u.aa.map) return true;
  zarrc_view view = {.dtype = zarrc_dtype_of(ZARRC_UINT8), .ndim = grid->ndim}, mapped;
  const zarrc_grid from = *grid;
  zarrc_grid_axis from_axes[ZARRC_MAX_NDIM];
  for (int i = 0; i < grid->ndim; i++) {
    view.shape[i] = from.chunk_shape[i];
    view.stride[i] = i;
    if (from.axes) from_axes[i] = from.axes[i];
  }
  c->u.aa.map(codec, &view, &mapped);
  if (mapped.ndim != grid->ndim) return false;
  for (int i = 0; i < grid->ndim; i++) {
    int64_t axis = mapped.stride[i];
    if (axis < 0 || axis >= grid->ndim || mapped.shape[i] != from.chunk_shape[axis]) return false;
    grid->chunk_shape[i] = from.chunk_shape[axis];
    if (from.axes) axes[i] = from_axes[axis];
  }
  if (from.axes) grid->axes = axes;
  return true;
}

/* Returns whether encoded chunks have the shape that a mapped grid says. */
static bool keeps_shape(const zarrc_codec *codec, const zarrc_spec *from, const zarrc_spec *to) {
  const zarrc_codec_class *c = zarrc_codec_get_class(codec);
  if (c->kind != ZARRC_ARRAY_TO_ARRAY || c->u.aa.map) return true;
  return from->ndim == to->ndim && memcmp(from->shape, to->shape, (size_t)from->ndim * sizeof *from->shape) == 0;
}

zarrc_status zarrc_pipeline_validate(const zarrc_pipeline *p, const zarrc_spec *spec, const zarrc_grid *grid,
                                     zarrc_error *error) {
  zarrc_spec at = *spec, next;
  zarrc_grid at_grid;
  zarrc_grid_axis axes[ZARRC_MAX_NDIM];
  bool gridded = grid != NULL;
  if (gridded) at_grid = *grid;
  for (size_t i = 0; i < p->ncodecs; i++) {
    zarrc_status status = zarrc_codec_validate(p->codecs[i], &at, gridded ? &at_grid : NULL, error);
    if (!status) status = zarrc_codec_resolve(p->codecs[i], &at, &next, error);
    if (status) return status;
    gridded = gridded && map_grid(p->codecs[i], &at_grid, axes) && keeps_shape(p->codecs[i], &at, &next);
    at = next;
    if (grid && !gridded) break; /* the shapes of later chunks are unknown */
  }
  return ZARRC_OK;
}

zarrc_status zarrc_pipeline_check_encodes(const zarrc_pipeline *p, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < p->ncodecs && !status; i++) status = zarrc_codec_check_encodes(p->codecs[i], error);
  return status;
}

bool zarrc_pipeline_is_fixed_size(const zarrc_pipeline *p) {
  for (size_t i = 0; i < p->ncodecs; i++)
    if (!zarrc_codec_is_fixed_size(p->codecs[i])) return false;
  return true;
}

zarrc_size zarrc_pipeline_encoded_size(const zarrc_pipeline *p, uint64_t nbytes) {
  zarrc_size size = {ZARRC_SIZE_EXACT, nbytes};
  for (size_t i = 0; i < p->ncodecs; i++) {
    zarrc_size next = zarrc_codec_encoded_size(p->codecs[i], &p->specs[i], size.nbytes);
    size = (zarrc_size){next.kind > size.kind ? next.kind : size.kind, next.nbytes};
  }
  return size;
}

uint64_t zarrc_pipeline_least_encoded_size(const zarrc_pipeline *p, uint64_t nbytes) {
  for (size_t i = 0; i < p->ncodecs; i++) nbytes = zarrc_codec_least_encoded_size(p->codecs[i], &p->specs[i], nbytes);
  return nbytes;
}

bool zarrc_pipeline_supports_partial_decode(const zarrc_pipeline *p) {
  return p->ncodecs == 1 && zarrc_codec_supports_partial_decode(p->codecs[0]);
}

bool zarrc_pipeline_supports_partial_encode(const zarrc_pipeline *p) {
  return p->ncodecs == 1 && zarrc_codec_supports_partial_encode(p->codecs[0]);
}

/* --------------------------------------------------------------------------------------- for read and write */

zarrc_status zarrc_pipeline_fill(const zarrc_pipeline *p, const zarrc_view *to, zarrc_error *error) {
  const zarrc_text *text = zarrc_dtype_is_variable(&to->dtype) ? p->specs[0].fill : NULL;
  if (!text || text->len == 0) {
    zarrc_fill(to, text ? NULL : p->specs[0].fill);
    return ZARRC_OK;
  }
  if (!to->arena) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the view has no arena for the text");
  uint8_t *copy;
  zarrc_status status = zarrc_arena_take(to->arena, text->len, &copy, error);
  if (status) return status;
  memcpy(copy, text->ptr, text->len);
  zarrc_fill(to, &(zarrc_text){copy, text->len});
  return ZARRC_OK;
}

void zarrc_pipeline_blame(const zarrc_pipeline *p, zarrc_error *error) {
  if (!error) return;
  if (p->serializer + 1 < p->ncodecs) error->offset = -1;
  zarrc_error_in_codec(error, zarrc_codec_name(p->codecs[p->serializer]));
}

zarrc_status zarrc_pipeline_check(const zarrc_pipeline *p, const zarrc_region *region, const zarrc_view *view,
                                  zarrc_error *error) {
  const zarrc_spec *spec = &p->specs[0];
  if (view->ndim != spec->ndim)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a view of %d dimensions for a chunk of %d", view->ndim,
                      spec->ndim);
  if (!zarrc_dtype_equal(&view->dtype, &spec->dtype))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the view has another data type than the chunk");
  zarrc_status status = zarrc_region_check(region, spec->ndim, spec->shape, error);
  for (int i = 0; !status && i < spec->ndim; i++)
    if (view->shape[i] != region->count[i])
      status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: a view of %lld elements for a region of %lld", i,
                          (long long)view->shape[i], (long long)region->count[i]);
  return status;
}

zarrc_status zarrc_chunk_memory_take(const zarrc_pipeline *p, size_t i, zarrc_arena *arena, zarrc_chunk_memory *out,
                                     zarrc_error *error) {
  const zarrc_spec *spec = &p->specs[i];
  size_t nbytes;
  *out = (zarrc_chunk_memory){0};
  zarrc_status status = zarrc_spec_nbytes(p->ctx, spec, &nbytes, error);
  if (!status) status = zarrc_scratch_take(p->ctx, nbytes, &out->bytes, error);
  if (!status && !arena && zarrc_dtype_is_variable(&spec->dtype)) status = zarrc_arena_open(p->ctx, &out->arena, error);
  if (status) {
    zarrc_bytes_release(&out->bytes);
    return status;
  }
  out->view = zarrc_view_c(&spec->dtype, spec->ndim, spec->shape, (void *)out->bytes.ptr);
  out->view.arena = arena ? arena : out->arena;
  return ZARRC_OK;
}

void zarrc_chunk_memory_release(zarrc_chunk_memory *memory) {
  zarrc_bytes_release(&memory->bytes);
  zarrc_arena_close(memory->arena);
}

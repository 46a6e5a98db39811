/* SPDX-License-Identifier: MIT */
/* New arrays. A configuration becomes a zarr.json, which is checked like any other before the store is changed. */
#include "array/array.h"

#include "array/consolidated.h"
#include "array/document.h"
#include "array/grid.h"
#include "array/node.h"
#include "base/checked.h"
#include "base/sized.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

/* Most bytes of a chunk whose shape is chosen here. */
#define CHOSEN_NBYTES ((uint64_t)1 << 20)

/* The largest factor tried for dividing a shard into inner chunks. */
enum { MAX_FACTOR = 1000 };

static uint64_t nbytes_of(const zarrc_dtype *dtype, int ndim, const int64_t *shape) {
  uint64_t n = dtype->item_size;
  for (int i = 0; i < ndim; i++)
    if (!zarrc_mul_u64(n, (uint64_t)shape[i], &n)) return UINT64_MAX;
  return n;
}

/* Returns ZARRC_LIMIT if the context does not allow so many bytes of elements at once. Shards are written in parts. */
static zarrc_status check_writable(const zarrc_pipeline *p, const zarrc_ctx *ctx, const char *what, uint64_t nbytes,
                                   zarrc_error *error) {
  uint64_t most = zarrc_ctx_get_options(ctx)->max_chunk_bytes;
  for (size_t i = 0; i < zarrc_pipeline_ncodecs(p); i++)
    if (zarrc_shard_inner(zarrc_pipeline_codec(p, i))) return ZARRC_OK;
  if (nbytes <= most) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_LIMIT,
                    "/chunk_grid: %s have %" PRIu64 " bytes, and no more than %" PRIu64
                    " can be written at once; choose smaller chunks",
                    what, nbytes, most);
}

/* Returns ZARRC_LIMIT if a codec would get more bytes than it can encode, from chunks or inner chunks. */
static zarrc_status check_encodable(const zarrc_pipeline *p, const zarrc_ctx *ctx, const char *what,
                                    zarrc_error *error) {
  const zarrc_spec *spec = zarrc_pipeline_spec(p);
  zarrc_size size = {zarrc_dtype_is_variable(&spec->dtype) ? ZARRC_SIZE_UNKNOWN : ZARRC_SIZE_EXACT,
                     nbytes_of(&spec->dtype, spec->ndim, spec->shape)};
  zarrc_status status = check_writable(p, ctx, what, size.nbytes, error);
  for (size_t i = 0; i < zarrc_pipeline_ncodecs(p) && !status; i++) {
    const zarrc_codec *codec = zarrc_pipeline_codec(p, i);
    const zarrc_pipeline *inner = zarrc_shard_inner(codec);
    bool is_bb = zarrc_codec_get_kind(codec) == ZARRC_BYTES_TO_BYTES;
    uint64_t most = is_bb ? zarrc_codec_get_class(codec)->u.bb.max_nbytes : 0;
    if (most && size.kind == ZARRC_SIZE_EXACT && size.nbytes > most)
      return zarrc_fail(error, ZARRC_LIMIT,
                        "/codecs: %s have %" PRIu64 " bytes, %s encodes %" PRIu64 " at most; choose smaller chunks",
                        what, size.nbytes, zarrc_codec_name(codec), most);
    if (inner) status = check_encodable(inner, ctx, "inner chunks", error);
    zarrc_size next = zarrc_codec_encoded_size(codec, spec, size.nbytes);
    if (next.kind > size.kind) size.kind = next.kind;
    size.nbytes = next.nbytes;
  }
  return status;
}

/* Gets the longest edge of the grid on each axis. */
static void largest_chunk(const zarrc_grid *grid, int64_t *shape) {
  static const int64_t origin[ZARRC_MAX_NDIM] = {0};
  zarrc_grid_chunk_shape(grid, origin, shape);
  for (int axis = 0; grid->axes && axis < grid->ndim; axis++)
    for (int64_t i = 0; i < grid->axes[axis].nedges; i++)
      if (grid->axes[axis].edge[i] > shape[axis]) shape[axis] = grid->axes[axis].edge[i];
}

static zarrc_status check_chunks(zarrc_array *array, zarrc_error *error) {
  int64_t shape[ZARRC_MAX_NDIM];
  const zarrc_pipeline *pipeline = NULL;
  if (!array->fixed->pipeline) return ZARRC_OK;
  largest_chunk(zarrc_array_grid(array), shape);
  zarrc_status status = zarrc_array_shape_pipeline(array, shape, &pipeline, NULL, error);
  return status ? status : check_encodable(pipeline, array->store->ctx, "chunks", error);
}

/* Returns the documents that are stored of a new array; those of format 2 have attributes only if there are any. */
static zarrc_documents documents_to_store(const zarrc_array *array) {
  const zarrc_metadata *m = array->fixed;
  zarrc_documents documents = zarrc_documents_of(m->text, strlen(m->text));
  documents.name = zarrc_array_document_name(array);
  if (m->format == 2 && strcmp(m->attributes, "{}"))
    documents.attributes = (zarrc_bytes){.ptr = (const uint8_t *)m->attributes, .len = strlen(m->attributes)};
  return documents;
}

/* Opens the array again from other documents. */
static zarrc_status reopen(zarrc_array **array, const zarrc_documents *documents, const zarrc_array_options *options,
                           zarrc_error *error) {
  zarrc_array *other = NULL;
  zarrc_status status = zarrc_array_open_documents((*array)->store, (*array)->path, documents, options, &other, error);
  if (status) return status;
  zarrc_array_close(*array);
  *array = other;
  return ZARRC_OK;
}

/* Opens the array again from the documents that are stored, so that notices are about those: they are canonical, and
 * much that was missing has been filled in. */
static zarrc_status look_at_stored(zarrc_array **array, const zarrc_array_options *options, zarrc_error *error) {
  zarrc_documents documents = documents_to_store(*array);
  return zarrc_array_notice(*array, 0) ? reopen(array, &documents, options, error) : ZARRC_OK;
}

/* Opens the array again from documents of a format. */
static zarrc_status convert(zarrc_array **array, int format, const zarrc_array_options *options, zarrc_error *error) {
  const zarrc_metadata *m = (*array)->fixed;
  zarrc_buf main = zarrc_buf_new(m->ctx, ZARRC_MAX_DOCUMENT), attributes = zarrc_buf_new(m->ctx, ZARRC_MAX_DOCUMENT);
  zarrc_status status = zarrc_array_document(*array, format, &main, error);
  if (!status && format == 2) status = zarrc_format2_put_attributes(m, &attributes, error);
  zarrc_documents documents = zarrc_documents_of((const char *)main.ptr, main.len);
  documents.attributes = (zarrc_bytes){.ptr = attributes.ptr, .len = attributes.len};
  if (!status) status = reopen(array, &documents, options, error);
  zarrc_buf_clear(&main);
  zarrc_buf_clear(&attributes);
  return status;
}

/* Changes what the options say of a new array, before anybody else sees it. */
static zarrc_status apply_options(zarrc_array **array, const zarrc_array_options *options, bool no_fill,
                                  zarrc_error *error) {
  zarrc_metadata *m = (zarrc_metadata *)zarrc_editions_peek(&(*array)->editions);
  const char *attributes = options->attributes;
  zarrc_status status = ZARRC_OK;
  if (attributes) status = zarrc_metadata_set_attributes(m, attributes, strlen(attributes), error);
  if (status || !options->zarr_format || options->zarr_format == m->format) return status;
  m->format2.no_fill = no_fill;
  return convert(array, options->zarr_format, options, error);
}

/* Creates an array from a document. no_fill: in format 2 it has no fill value. */
static zarrc_status create(zarrc_store *store, const char *path, const zarrc_buf *text, bool no_fill,
                           zarrc_create_mode mode, const zarrc_array_options *options, zarrc_array **out,
                           zarrc_error *error) {
  zarrc_array *array = NULL;
  zarrc_array_options known = {.struct_size = sizeof known};
  int format;
  if (!path) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "no path");
  zarrc_documents documents = zarrc_documents_of((const char *)text->ptr, text->len);
  zarrc_status status =
      options ? zarrc_sized_take(&known, sizeof known, options, "the array's options", error) : ZARRC_OK;
  if (!status) status = zarrc_format_check(known.zarr_format, &format, error);
  if (!status) status = zarrc_array_open_documents(store, path, &documents, &known, &array, error);
  if (!status) status = apply_options(&array, &known, no_fill, error);
  if (!status) status = check_chunks(array, error);
  if (!status) status = look_at_stored(&array, &known, error);
  if (!status) {
    documents = documents_to_store(array);
    status = zarrc_consolidated_create_node(store, path, &documents, mode, error);
  }
  if (status) {
    zarrc_array_close(array);
    return status;
  }
  zarrc_array_note_creation(array);
  *out = array;
  return ZARRC_OK;
}

zarrc_status zarrc_array_create_json(zarrc_store *store, const char *path, const char *json, size_t n,
                                     zarrc_create_mode mode, const zarrc_array_options *options, zarrc_array **out,
                                     zarrc_error *error) {
  zarrc_buf text = {.ptr = (uint8_t *)(uintptr_t)json, .len = n};
  return create(store, path, &text, false, mode, options, out, error);
}

/* ------------------------------------------------------------------------------------------------- chunk shapes */

static int longest(int ndim, const int64_t *shape) {
  int at = 0;
  for (int i = 1; i < ndim; i++)
    if (shape[i] > shape[at]) at = i;
  return at;
}

/* Chooses a chunk shape by halving the longest axis until the chunk is small enough. */
static void choose_chunk(const zarrc_dtype *dtype, int ndim, const int64_t *shape, int64_t *chunk) {
  for (int i = 0; i < ndim; i++) chunk[i] = shape[i] > 0 ? shape[i] : 1;
  while (ndim > 0 && nbytes_of(dtype, ndim, chunk) > CHOSEN_NBYTES) {
    int axis = longest(ndim, chunk);
    if (chunk[axis] == 1) return;
    chunk[axis] = chunk[axis] / 2 + chunk[axis] % 2;
  }
}

static int64_t smallest_factor(int64_t n) {
  for (int64_t f = 2; f <= MAX_FACTOR && f <= n / f; f++)
    if (n % f == 0) return f;
  return n <= (int64_t)MAX_FACTOR * MAX_FACTOR ? n : 1;
}

/* Chooses the shape of inner chunks in the same way; they must divide the shard. */
static void choose_inner(const zarrc_dtype *dtype, int ndim, const int64_t *shard, int64_t *inner) {
  bool stuck[ZARRC_MAX_NDIM] = {false};
  for (int i = 0; i < ndim; i++) inner[i] = shard[i];
  while (nbytes_of(dtype, ndim, inner) > CHOSEN_NBYTES) {
    int axis = -1;
    for (int i = 0; i < ndim; i++)
      if (!stuck[i] && inner[i] > 1 && (axis < 0 || inner[i] > inner[axis])) axis = i;
    if (axis < 0) return;
    int64_t f = smallest_factor(inner[axis]);
    stuck[axis] = f == 1;
    inner[axis] /= f;
  }
}

/* ------------------------------------------------------------------------------------------------- the document */

typedef struct maker {
  zarrc_ctx *ctx;
  const zarrc_array_config *config;
  zarrc_dtype dtype;
  const zarrc_format2_type *stored; /* what a dtype of NumPy's says of byte orders; or NULL */
  int64_t chunk[ZARRC_MAX_NDIM];    /* shape of a chunk, or of an inner chunk */
  zarrc_buf *out;
} maker;

static zarrc_status check_lengths(const char *what, int ndim, const int64_t *shape, int64_t least, zarrc_error *error) {
  for (int i = 0; shape && i < ndim; i++)
    if (shape[i] < least)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%s: axis %d has a length of %" PRId64, what, i, shape[i]);
  return ZARRC_OK;
}

static zarrc_status check_config(const zarrc_array_config *c, zarrc_error *error) {
  zarrc_status status;
  if (!c->data_type) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a new array needs a data type");
  if (c->ndim < 0 || c->ndim > ZARRC_MAX_NDIM)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a new array of %d dimensions: from 0 to %d are supported",
                      c->ndim, ZARRC_MAX_NDIM);
  if (c->ndim > 0 && !c->shape) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a new array needs a shape");
  if (c->chunk_key_encoding && strcmp(c->chunk_key_encoding, "default") != 0 &&
      strcmp(c->chunk_key_encoding, "v2") != 0)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the chunk key encoding must be \"default\" or \"v2\"");
  if (c->separator && c->separator != '/' && c->separator != '.')
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the separator of chunk keys must be '/' or '.'");
  if (c->order && c->order != 'C' && c->order != 'F')
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the order of elements must be 'C' or 'F'");
  status = check_lengths("shape", c->ndim, c->shape, 0, error);
  if (!status) status = check_lengths("chunk shape", c->ndim, c->chunk_shape, 1, error);
  return status ? status : check_lengths("shard shape", c->ndim, c->shard_shape, 1, error);
}

static zarrc_status put_shape(const maker *m, const int64_t *shape, zarrc_error *error) {
  zarrc_status status = zarrc_buf_append(m->out, "[", 1, error);
  for (int i = 0; i < m->config->ndim && !status; i++)
    status = zarrc_buf_printf(m->out, error, "%s%" PRId64, i ? ", " : "", shape[i]);
  return status ? status : zarrc_buf_append(m->out, "]", 1, error);
}

/* Appends JSON text of the caller after checking that it is a single value. */
static zarrc_status put_json(const maker *m, const char *what, const char *json, zarrc_error *error) {
  zarrc_json_doc *doc;
  zarrc_status status = zarrc_json_parse(m->ctx, json, strlen(json), NULL, &doc, error);
  if (status) {
    zarrc_error_prefix(error, "%s: ", what);
    return status;
  }
  zarrc_json_close(doc);
  return zarrc_buf_append(m->out, json, strlen(json), error);
}

static zarrc_status put_fill(const maker *m, zarrc_error *error) {
  if (!m->config->fill_value) return zarrc_fill_to_json(&m->dtype, NULL, m->out, error);
  return put_json(m, "fill value", m->config->fill_value, error);
}

/* Returns the compressor for arrays without `codecs`: the first of these that the build has, or none. */
static const char *default_compressor(zarrc_ctx *ctx) {
  if (zarrc_codec_is_available(ctx, "zstd"))
    return ", {\"name\": \"zstd\", \"configuration\": {\"level\": 3, \"checksum\": false}}";
  if (zarrc_codec_is_available(ctx, "gzip")) return ", {\"name\": \"gzip\", \"configuration\": {\"level\": 5}}";
  return "";
}

/* Appends `bytes` in the byte order of the dtype. */
static zarrc_status put_bytes(const maker *m, zarrc_buf *out, zarrc_error *error) {
  const char *endian = m->stored && m->stored->order == '>' ? "big" : "little";
  return zarrc_buf_printf(out, error, "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"%s\"}}", endian);
}

/* Appends a list of codecs in which a dtype of NumPy's decides on byte orders. */
static zarrc_status put_stored(const maker *m, const char *list, zarrc_buf *out, zarrc_error *error) {
  zarrc_json_doc *doc;
  zarrc_status status = zarrc_json_parse(m->ctx, list, strlen(list), NULL, &doc, error);
  if (status) {
    zarrc_error_prefix(error, "codecs: ");
    return status;
  }
  const zarrc_json *codecs = zarrc_json_root(doc);
  bool any = m->stored->mixed;
  status = zarrc_text_append(out, "[", error);
  if (!status && any)
    status = zarrc_buf_printf(out, error, "{\"name\": \"%s\", \"configuration\": {\"orders\": \"%s\"}}",
                              ZARRC_FIELD_ORDER, m->stored->orders);
  for (size_t i = 0; i < zarrc_json_length(codecs) && !status; i++) {
    const zarrc_json *codec = zarrc_json_at(codecs, i);
    bool is_bytes =
        zarrc_json_string_is(codec, "bytes") || zarrc_json_string_is(zarrc_json_get(codec, "name"), "bytes");
    size_t n;
    const char *text = zarrc_json_text(codec, &n);
    status = zarrc_text_append(out, any ? ", " : "", error);
    any = true;
    if (!status) status = is_bytes ? put_bytes(m, out, error) : zarrc_buf_append(out, text, n, error);
  }
  zarrc_json_close(doc);
  return status ? status : zarrc_buf_append(out, "]", 2, error); /* with its NUL */
}

/* Appends a list of codecs, for order F with a transpose before them. What is no list is refused later. */
static zarrc_status put_ordered(const maker *m, const char *list, zarrc_error *error) {
  const char *first = list + strspn(list, " \t\r\n");
  if (m->config->order != 'F' || m->config->ndim < 2 || *first != '[') return put_json(m, "codecs", list, error);
  first++;
  first += strspn(first, " \t\r\n");
  zarrc_status status = zarrc_text_append(m->out, "[{\"name\": \"transpose\", \"configuration\": {\"order\": [", error);
  for (int i = m->config->ndim - 1; i >= 0 && !status; i--)
    status = zarrc_buf_printf(m->out, error, "%d%s", i, i ? ", " : "]}}");
  if (!status && *first != ']') status = zarrc_text_append(m->out, ", ", error);
  return status ? status : zarrc_text_append(m->out, first, error);
}

static zarrc_status put_given(const maker *m, const char *list, zarrc_error *error) {
  zarrc_buf stored = zarrc_buf_new(m->ctx, ZARRC_MAX_DOCUMENT);
  if (!m->stored) return put_ordered(m, list, error);
  zarrc_status status = put_stored(m, list, &stored, error);
  if (!status) status = put_ordered(m, (const char *)stored.ptr, error);
  zarrc_buf_clear(&stored);
  return status;
}

static zarrc_status put_chain(const maker *m, zarrc_error *error) {
  const char *serializer = "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}";
  if (m->config->codecs) return put_given(m, m->config->codecs, error);
  if (m->dtype.type == ZARRC_STRING) serializer = "{\"name\": \"vlen-utf8\"}";
  if (m->dtype.type == ZARRC_BYTES) serializer = "{\"name\": \"vlen-bytes\"}";
  char list[300];
  snprintf(list, sizeof list, "[%s%s]", serializer, default_compressor(m->ctx));
  return put_given(m, list, error);
}

static zarrc_status put_codecs(const maker *m, zarrc_error *error) {
  zarrc_status status;
  if (!m->config->shard_shape) return put_chain(m, error);
  status = zarrc_buf_printf(m->out, error, "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": ");
  if (!status) status = put_shape(m, m->chunk, error);
  if (!status) status = zarrc_buf_printf(m->out, error, ", \"codecs\": ");
  if (!status) status = put_chain(m, error);
  if (status) return status;
  return zarrc_buf_printf(m->out, error,
                          ", \"index_codecs\": [{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}, "
                          "{\"name\": \"crc32c\"}], \"index_location\": \"end\"}}]");
}

static zarrc_status put_keys(const maker *m, zarrc_error *error) {
  const char *name = m->config->chunk_key_encoding ? m->config->chunk_key_encoding : "default";
  if (!m->config->separator) return zarrc_buf_printf(m->out, error, "{\"name\": \"%s\"}", name);
  return zarrc_buf_printf(m->out, error, "{\"name\": \"%s\", \"configuration\": {\"separator\": \"%c\"}}", name,
                          m->config->separator);
}

static zarrc_status put_names(const maker *m, zarrc_error *error) {
  const char *const *names = m->config->dimension_names;
  zarrc_status status = ZARRC_OK;
  if (!names) return ZARRC_OK;
  for (int i = 0; i < m->config->ndim && !status; i++) {
    status = zarrc_buf_printf(m->out, error, "%s", i ? ", " : ", \"dimension_names\": [");
    if (!status)
      status = names[i] ? zarrc_json_put_string(m->out, names[i], strlen(names[i]), error)
                        : zarrc_buf_append(m->out, "null", 4, error);
  }
  if (status) return status;
  return zarrc_buf_printf(m->out, error, "%s", m->config->ndim ? "]" : ", \"dimension_names\": []");
}

static zarrc_status put_attributes(const maker *m, zarrc_error *error) {
  const char *text = m->config->attributes ? m->config->attributes : "{}";
  zarrc_status status = zarrc_attributes_check(m->ctx, text, strlen(text), error);
  return status ? status : zarrc_buf_append(m->out, text, strlen(text), error);
}

static zarrc_status put_document(const maker *m, zarrc_error *error) {
  const zarrc_array_config *c = m->config;
  zarrc_status status = zarrc_buf_printf(m->out, error, "{\"zarr_format\": 3, \"node_type\": \"array\", \"shape\": ");
  if (!status) status = put_shape(m, c->shape, error);
  if (!status) status = zarrc_buf_printf(m->out, error, ", \"data_type\": ");
  if (!status) status = zarrc_dtype_to_json(&m->dtype, m->out, error);
  if (!status)
    status = zarrc_buf_printf(m->out, error,
                              ", \"chunk_grid\": {\"name\": \"regular\", \"configuration\": {\"chunk_shape\": ");
  if (!status) status = put_shape(m, c->shard_shape ? c->shard_shape : m->chunk, error);
  if (!status) status = zarrc_buf_printf(m->out, error, "}}, \"chunk_key_encoding\": ");
  if (!status) status = put_keys(m, error);
  if (!status) status = zarrc_buf_printf(m->out, error, ", \"fill_value\": ");
  if (!status) status = put_fill(m, error);
  if (!status) status = zarrc_buf_printf(m->out, error, ", \"codecs\": ");
  if (!status) status = put_codecs(m, error);
  if (!status) status = put_names(m, error);
  if (!status) status = zarrc_buf_printf(m->out, error, ", \"attributes\": ");
  if (!status) status = put_attributes(m, error);
  return status ? status : zarrc_buf_append(m->out, "}", 1, error);
}

/* Reads a type; in format 2, unless it is in the words of format 3, as NumPy's dtype. Then *is_numpy. */
static zarrc_status parse_type(zarrc_ctx *ctx, const char *text, int format, zarrc_format2_type *type,
                               zarrc_buf *orders, bool *is_numpy, zarrc_dtype *out, zarrc_error *error) {
  zarrc_error why = {0};
  zarrc_status status = zarrc_dtype_parse(ctx, text, out, &why);
  *is_numpy = status && status != ZARRC_NO_MEMORY && format == 2 &&
              !zarrc_format2_parse_type(ctx, text, type, orders, out, error);
  if (*is_numpy || !status) return ZARRC_OK;
  if (error) *error = why;
  return status;
}

zarrc_status zarrc_array_parse_type(zarrc_ctx *ctx, const char *text, int zarr_format, zarrc_dtype *out,
                                    zarrc_error *error) {
  zarrc_format2_type type;
  zarrc_buf orders = zarrc_buf_new(ctx, ZARRC_MAX_DOCUMENT);
  bool is_numpy;
  zarrc_status status = parse_type(ctx, text, zarr_format, &type, &orders, &is_numpy, out, error);
  zarrc_buf_clear(&orders);
  return status;
}

static zarrc_status make_document(zarrc_ctx *ctx, const zarrc_array_config *config, int format, zarrc_buf *out,
                                  zarrc_error *error) {
  maker m = {.ctx = ctx, .config = config, .out = out};
  zarrc_format2_type type;
  zarrc_buf orders = zarrc_buf_new(ctx, ZARRC_MAX_DOCUMENT);
  bool is_numpy;
  zarrc_status status = parse_type(ctx, config->data_type, format, &type, &orders, &is_numpy, &m.dtype, error);
  if (status) {
    zarrc_buf_clear(&orders);
    return status;
  }
  if (is_numpy) m.stored = &type;
  if (config->chunk_shape)
    for (int i = 0; i < config->ndim; i++) m.chunk[i] = config->chunk_shape[i];
  else if (config->shard_shape)
    choose_inner(&m.dtype, config->ndim, config->shard_shape, m.chunk);
  else
    choose_chunk(&m.dtype, config->ndim, config->shape, m.chunk);
  status = put_document(&m, error);
  zarrc_dtype_close(&m.dtype);
  zarrc_buf_clear(&orders);
  return status;
}

zarrc_status zarrc_array_create(zarrc_store *store, const char *path, const zarrc_array_config *config,
                                zarrc_create_mode mode, const zarrc_array_options *options, zarrc_array **out,
                                zarrc_error *error) {
  zarrc_array_config known = {0};
  zarrc_array_options wanted = {0};
  zarrc_buf text = zarrc_buf_new(store->ctx, ZARRC_MAX_DOCUMENT);
  zarrc_status status = zarrc_sized_take(&known, sizeof known, config, "the array's config", error);
  if (!status && options) status = zarrc_sized_take(&wanted, sizeof wanted, options, "the array's options", error);
  bool is_2 = wanted.zarr_format == 2, no_fill = is_2 && known.fill_value && !strcmp(known.fill_value, "null");
  if (no_fill) known.fill_value = NULL;
  if (is_2 && !known.chunk_key_encoding) known.chunk_key_encoding = "v2";
  if (!status) status = check_config(&known, error);
  if (!status) status = make_document(store->ctx, &known, wanted.zarr_format, &text, error);
  if (!status) status = create(store, path, &text, no_fill, mode, options, out, error);
  zarrc_buf_clear(&text);
  return status;
}

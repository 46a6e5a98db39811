/* SPDX-License-Identifier: MIT */
#include "array/metadata.h"

#include "array/document.h"
#include "array/grid.h"
#include "base/checked.h"
#include "base/fill.h"
#include "base/floats.h"
#include "base/parsed.h"
#include "base/text.h"
#include "pipeline/parsed.h"

#include <inttypes.h>
#include <string.h>

/* Initial buffer, large enough for the codecs of most arrays. */
#define LIKELY_NBYTES 1024

static const char *const members[] = {
    "zarr_format", "node_type",          "shape",      "data_type",       "chunk_grid",           "fill_value",
    "codecs",      "chunk_key_encoding", "attributes", "dimension_names", "storage_transformers", NULL};

static zarrc_status get_member(const zarrc_json *root, const char *name, const zarrc_json **out, zarrc_error *error) {
  *out = zarrc_json_get(root, name);
  return *out ? ZARRC_OK : zarrc_fail(error, ZARRC_INVALID_METADATA, "/%s: is missing", name);
}

/* If status is ZARRC_OK, copies the text in a buffer to *out. Always clears the buffer. */
static zarrc_status keep_text(zarrc_metadata *m, zarrc_buf *buf, zarrc_status status, char **out, zarrc_error *error) {
  if (!status) status = zarrc_text_copy(m->ctx, buf->ptr, buf->len, out, error);
  zarrc_buf_clear(buf);
  return status;
}

/* Stores a member as it is in the document, on one line. */
static zarrc_status keep_as_it_is(zarrc_metadata *m, const zarrc_json *value, char **out, zarrc_error *error) {
  zarrc_buf line = zarrc_buf_new(m->ctx, ZARRC_MAX_DOCUMENT);
  size_t n;
  const char *text = zarrc_json_text(value, &n);
  return keep_text(m, &line, zarrc_json_layout(&line, text, n, error), out, error);
}

/* Returns whether a failure only makes the elements unreadable, and notes the first such failure. */
static bool forgives(zarrc_metadata *m, const zarrc_array_options *options, zarrc_status status,
                     const zarrc_error *error) {
  if (status != ZARRC_UNSUPPORTED || !options || !options->allow_unknown) return false;
  if (!m->unreadable.code) m->unreadable = *error;
  return true;
}

/* Returns the member that a message is about. */
static const char *place_of(const zarrc_metadata *m, const char *in_3, const char *in_2) {
  return m->format == 2 ? in_2 : in_3;
}

/* ------------------------------------------------------------------------------------------- shape, type, grid */

static zarrc_status parse_shape(zarrc_metadata *m, const zarrc_json *root, zarrc_error *error) {
  const zarrc_json *list;
  zarrc_status status = get_member(root, "shape", &list, error);
  size_t n = zarrc_json_length(list);
  if (status) return status;
  if (!zarrc_json_is(list, ZARRC_JSON_ARRAY))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "/shape: must be a list of integers, not %s",
                      zarrc_json_kind_name(zarrc_json_get_kind(list)));
  if (n > ZARRC_MAX_NDIM)
    return zarrc_fail(error, ZARRC_LIMIT, "/shape: %zu dimensions, at most %d are supported", n, ZARRC_MAX_NDIM);
  m->ndim = (int)n;
  for (size_t i = 0; i < n; i++) {
    const zarrc_json *length = zarrc_json_at(list, i);
    if (!zarrc_json_is(length, ZARRC_JSON_INTEGER))
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "/shape/%zu: must be an integer, not %s", i,
                        zarrc_json_kind_name(zarrc_json_get_kind(length)));
    if (!zarrc_json_get_int64(length, &m->shape[i]) || m->shape[i] < 0)
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "/shape/%zu: must be from 0 to 2^63-1", i);
  }
  return ZARRC_OK;
}

static zarrc_status keep_data_type(zarrc_metadata *m, zarrc_error *error) {
  zarrc_buf buf = zarrc_buf_new(m->ctx, ZARRC_MAX_DOCUMENT);
  zarrc_status status = zarrc_dtype_to_json(&m->dtype, &buf, error);
  return keep_text(m, &buf, status, &m->data_type, error);
}

static zarrc_status parse_data_type(zarrc_metadata *m, const zarrc_json *root, const zarrc_array_options *options,
                                    zarrc_error *error) {
  const zarrc_json *value;
  zarrc_status status = get_member(root, "data_type", &value, error);
  if (status) return status;
  if (m->unreadable.code) return keep_as_it_is(m, value, &m->data_type, error);
  status = zarrc_dtype_open_parsed(m->ctx, value, &m->dtype, error);
  if (!status && m->dtype.item_size > ZARRC_MAX_ITEM)
    status = zarrc_fail(error, ZARRC_LIMIT, "elements of %" PRIu32 " bytes, at most %" PRIu32 " are supported",
                        m->dtype.item_size, ZARRC_MAX_ITEM);
  if (status) zarrc_error_prefix(error, "%s: ", place_of(m, "/data_type", "/dtype"));
  if (forgives(m, options, status, error)) {
    m->dtype = (zarrc_dtype){0};
    return keep_as_it_is(m, value, &m->data_type, error);
  }
  return status ? status : keep_data_type(m, error);
}

/* Checks that the largest possible chunk has at most 2^63 - 1 bytes. */
static zarrc_status check_chunk_nbytes(const zarrc_metadata *m, zarrc_error *error) {
  int64_t nbytes = m->dtype.item_size;
  for (int i = 0; i < m->ndim; i++) {
    int64_t edge = m->grid.chunk_shape[i];
    for (int64_t k = 0; m->grid.axes && k < m->grid.axes[i].nedges; k++)
      if (m->grid.axes[i].edge[k] > edge) edge = m->grid.axes[i].edge[k];
    if (!zarrc_mul_i64(nbytes, edge, &nbytes))
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "%s: a chunk has more than 2^63-1 bytes",
                        place_of(m, "/chunk_grid", "/chunks"));
  }
  return ZARRC_OK;
}

static zarrc_status parse_grid(zarrc_metadata *m, const zarrc_json *root, zarrc_error *error) {
  const zarrc_json *value;
  zarrc_status status = get_member(root, "chunk_grid", &value, error);
  if (!status) status = zarrc_grid_parse(m->ctx, value, m->ndim, m->shape, &m->rules, &m->grid, error);
  return status ? status : check_chunk_nbytes(m, error);
}

static zarrc_status parse_keys(zarrc_metadata *m, const zarrc_json *root, zarrc_error *error) {
  const zarrc_json *value;
  zarrc_status status = get_member(root, "chunk_key_encoding", &value, error);
  return status ? status : zarrc_key_encoding_parse(value, &m->rules, &m->keys, error);
}

/* --------------------------------------------------------------------------------------- fill value and codecs */

/* The specification wants integers without fraction and exponent, 5 and not 5.0. */
static zarrc_status check_integer(zarrc_metadata *m, const zarrc_json *value, zarrc_error *error) {
  bool is_signed;
  size_t n;
  char seen[ZARRC_EXCERPT];
  if (m->format == 2 || !zarrc_json_is(value, ZARRC_JSON_REAL) || !zarrc_integer_nbits(m->dtype.type, &is_signed))
    return ZARRC_OK;
  const char *text = zarrc_json_text(value, &n);
  return zarrc_rules_bend(&m->rules, error, "/fill_value: %s is no integer", zarrc_excerpt(seen, text, n));
}

static zarrc_status parse_fill(zarrc_metadata *m, const zarrc_json *root, zarrc_error *error) {
  const zarrc_json *value;
  zarrc_status status = get_member(root, "fill_value", &value, error);
  if (status) return status;
  if (m->format == 3 && zarrc_json_is(value, ZARRC_JSON_NULL))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "/fill_value: must not be null");
  if (m->unreadable.code) return keep_as_it_is(m, value, &m->fill_value, error);
  status = zarrc_arena_open(m->ctx, &m->arena, error);
  if (status) return status;
  m->fill = zarrc_malloc(m->ctx, m->dtype.item_size);
  if (!m->fill) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a fill value");
  zarrc_error why;
  status = zarrc_fill_from_parsed(m->ctx, &m->dtype, value, false, m->arena, m->fill, &why);
  if (status == ZARRC_INVALID_METADATA) {
    status = zarrc_rules_bend_because(&m->rules, "/fill_value", &why, error);
    if (!status) status = zarrc_fill_from_parsed(m->ctx, &m->dtype, value, true, m->arena, m->fill, &why);
  }
  if (status && !m->rules.strict) {
    *error = why;
    zarrc_error_prefix(error, "/fill_value: ");
  }
  if (!status) status = check_integer(m, value, error);
  if (status) return status;
  zarrc_buf buf = zarrc_buf_new(m->ctx, ZARRC_MAX_DOCUMENT);
  return keep_text(m, &buf, zarrc_fill_to_json(&m->dtype, m->fill, &buf, error), &m->fill_value, error);
}

static zarrc_status keep_codecs(zarrc_metadata *m, zarrc_error *error) {
  zarrc_buf line = zarrc_buf_new(m->ctx, ZARRC_MAX_DOCUMENT);
  zarrc_status status = zarrc_buf_reserve(&line, LIKELY_NBYTES, error);
  if (!status) status = zarrc_pipeline_to_json(m->pipeline, &line, error);
  return keep_text(m, &line, status, &m->codecs, error);
}

static zarrc_status tell_codec(void *arg, const char *sentence, zarrc_error *error) {
  zarrc_metadata *m = arg;
  return zarrc_rules_bend(&m->rules, error, "%s: %s", place_of(m, "/codecs", "filters and compressor"), sentence);
}

static zarrc_status check_chain(const zarrc_pipeline *pipeline, zarrc_error *error) {
  zarrc_status status = zarrc_pipeline_check_encodes(pipeline, error);
  for (size_t i = 0; i < zarrc_pipeline_ncodecs(pipeline) && !status; i++) {
    const zarrc_pipeline *inner = zarrc_shard_inner(zarrc_pipeline_codec(pipeline, i));
    if (inner) status = check_chain(inner, error);
  }
  return status;
}

zarrc_status zarrc_metadata_check_encodes(const zarrc_metadata *m, zarrc_error *error) {
  return m->pipeline ? check_chain(m->pipeline, error) : ZARRC_OK;
}

/* Tells why chunks can be read but not written. */
static zarrc_status tell_what_decodes_only(zarrc_metadata *m, zarrc_error *error) {
  char text[ZARRC_ERROR_TEXT];
  zarrc_error why = {0};
  if (!zarrc_metadata_check_encodes(m, &why)) return ZARRC_OK;
  return zarrc_rules_bend(&m->rules, error, "%s: %s: chunks can be read, not written",
                          place_of(m, "/codecs", "filters and compressor"), zarrc_error_text(&why, text, sizeof text));
}

static zarrc_status bind_codecs(zarrc_metadata *m, const zarrc_json *codecs, const zarrc_chunk_options *chunk,
                                zarrc_error *error) {
  static const int64_t origin[ZARRC_MAX_NDIM] = {0};
  size_t n;
  m->spec = (zarrc_spec){.dtype = m->dtype, .ndim = m->ndim, .fill = m->fill, .order = 'C'};
  if (chunk) m->spec.options = *chunk;
  if (m->format2.no_fill) m->spec.options.write_empty_chunks = true; /* others read anything where no chunk is stored */
  zarrc_grid_chunk_shape(&m->grid, origin, m->spec.shape);
  zarrc_json_text(codecs, &n);
  if (n > ZARRC_MAX_CODECS_NBYTES)
    return zarrc_fail(error, ZARRC_LIMIT, "/codecs: %zu bytes, at most %zu are read", n, ZARRC_MAX_CODECS_NBYTES);
  const zarrc_leniency lenient = {tell_codec, m};
  zarrc_status status =
      zarrc_pipeline_open_parsed(m->ctx, codecs, &m->spec, m->rules.lenient ? &lenient : NULL, &m->pipeline, error);
  if (!status) status = zarrc_pipeline_validate(m->pipeline, &m->spec, &m->grid, error);
  if (status) zarrc_error_prefix(error, "%s: ", place_of(m, "/codecs", "filters and compressor"));
  if (status == ZARRC_INVALID_METADATA) zarrc_rules_say_where(&m->rules, "codecs", error);
  if (!status) status = tell_what_decodes_only(m, error);
  if (status || m->format == 2) return status;
  if (!m->becomes_2) status = zarrc_format2_check_orders(m->pipeline, error);
  if (status) zarrc_error_prefix(error, "/codecs: ");
  if (!status) status = zarrc_rules_check_codecs(&m->rules, codecs, m->pipeline, error);
  return status ? status : zarrc_rules_check_chain(&m->rules, m->pipeline, error);
}

static zarrc_status take_codecs(zarrc_metadata *m, const zarrc_json *value, const zarrc_array_options *options,
                                zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  if (!m->unreadable.code) status = bind_codecs(m, value, options ? &options->chunk : NULL, error);
  if (m->unreadable.code || forgives(m, options, status, error))
    status = keep_as_it_is(m, value, &m->codecs, error);
  else if (!status)
    status = keep_codecs(m, error);
  if (!status) zarrc_layout_read(value, m->ndim, &m->layout);
  return status;
}

/* Old versions of GDAL write no codecs. */
static zarrc_status parse_codecs(zarrc_metadata *m, const zarrc_json *root, const zarrc_array_options *options,
                                 zarrc_error *error) {
  static const char plain[] = "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]";
  const zarrc_json *value = zarrc_json_get(root, "codecs");
  bool empty = zarrc_json_is(value, ZARRC_JSON_ARRAY) && zarrc_json_length(value) == 0;
  zarrc_json_doc *doc = NULL;
  zarrc_status status = ZARRC_OK;
  if (m->rules.lenient && (!value || empty)) {
    status =
        zarrc_rules_bend(&m->rules, error, "/codecs: %s: the elements are taken to be little-endian, not compressed",
                         empty ? "is empty" : "is missing");
    if (!status) status = zarrc_json_parse(m->ctx, plain, sizeof plain - 1, NULL, &doc, error);
    if (!status) value = zarrc_json_root(doc);
  } else {
    status = get_member(root, "codecs", &value, error);
    if (status) zarrc_rules_say_where(&m->rules, "codecs", error);
  }
  if (!status) status = take_codecs(m, value, options, error);
  zarrc_json_close(doc);
  return status;
}

/* ------------------------------------------------------------------------------------------------- other members */

static void clear_names(zarrc_metadata *m) {
  for (int i = 0; i < m->ndim; i++) {
    zarrc_free(m->ctx, m->name[i]);
    m->name[i] = NULL;
  }
  m->has_names = false;
}

static zarrc_status parse_names(zarrc_metadata *m, const zarrc_json *root, zarrc_error *error) {
  const zarrc_json *list = zarrc_json_get(root, "dimension_names");
  if (!list || zarrc_json_is(list, ZARRC_JSON_NULL)) return ZARRC_OK;
  if (!zarrc_json_is(list, ZARRC_JSON_ARRAY) || zarrc_json_length(list) != (size_t)m->ndim)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "/dimension_names: must be a list of %d names", m->ndim);
  m->has_names = true;
  for (int i = 0; i < m->ndim; i++) {
    const zarrc_json *name = zarrc_json_at(list, (size_t)i);
    if (zarrc_json_is(name, ZARRC_JSON_NULL)) continue;
    const char *text = zarrc_json_get_string(name, &m->nname[i]);
    if (!text)
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "/dimension_names/%d: must be a string or null, not %s", i,
                        zarrc_json_kind_name(zarrc_json_get_kind(name)));
    zarrc_status status = zarrc_text_copy(m->ctx, text, m->nname[i], &m->name[i], error);
    if (status) return status;
  }
  return ZARRC_OK;
}

/* Checks members that may be absent but not null. */
static zarrc_status check_nulls(zarrc_metadata *m, const zarrc_json *root, zarrc_error *error) {
  static const char *const names[] = {"attributes", "dimension_names", "storage_transformers"};
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < sizeof names / sizeof *names && !status; i++)
    if (zarrc_json_is(zarrc_json_get(root, names[i]), ZARRC_JSON_NULL))
      status = zarrc_rules_bend(&m->rules, error, "/%s: must not be null", names[i]);
  return status;
}

static zarrc_status check_transformers(const zarrc_json *root, zarrc_error *error) {
  const zarrc_json *list = zarrc_json_get(root, "storage_transformers");
  if (!list || zarrc_json_is(list, ZARRC_JSON_NULL)) return ZARRC_OK;
  if (!zarrc_json_is(list, ZARRC_JSON_ARRAY))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "/storage_transformers: must be a list");
  if (zarrc_json_length(list) > 0)
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "/storage_transformers: none is supported");
  return ZARRC_OK;
}

static zarrc_status render(zarrc_metadata *m, zarrc_error *error) {
  zarrc_buf buf = zarrc_buf_new(m->ctx, ZARRC_MAX_DOCUMENT);
  char *text = NULL;
  zarrc_status status = m->format == 2 ? zarrc_format2_write(m->ctx, &m->format2, m->ndim, m->shape, &buf, error)
                                       : zarrc_metadata_write(m, &buf, error);
  status = keep_text(m, &buf, status, &text, error);
  if (status) return status;
  zarrc_free(m->ctx, m->text);
  m->text = text;
  return ZARRC_OK;
}

/* --------------------------------------------------------------------------------------------------- the whole */

static zarrc_status parse_chunks(zarrc_metadata *m, const zarrc_json *root, const zarrc_array_options *options,
                                 zarrc_error *error) {
  zarrc_status status = parse_shape(m, root, error);
  if (!status) status = parse_data_type(m, root, options, error);
  if (!status) status = parse_grid(m, root, error);
  if (!status) status = parse_keys(m, root, error);
  if (!status) status = parse_fill(m, root, error);
  if (!status) status = parse_codecs(m, root, options, error);
  return status ? status : parse_names(m, root, error);
}

static zarrc_status parse(zarrc_metadata *m, const zarrc_json *root, const zarrc_array_options *options,
                          zarrc_error *error) {
  zarrc_status status = zarrc_document_extras(m->ctx, root, members, &m->extras, error);
  if (!status) status = check_nulls(m, root, error);
  if (!status) status = check_transformers(root, error);
  if (!status) status = parse_chunks(m, root, options, error);
  if (!status) status = zarrc_document_attributes(m->ctx, root, &m->attributes, error);
  return status ? status : render(m, error);
}

static zarrc_status parse_2(zarrc_metadata *m, const zarrc_json *root, const zarrc_bytes *attributes,
                            const zarrc_array_options *options, zarrc_error *error) {
  zarrc_buf text = zarrc_buf_new(m->ctx, SIZE_MAX);
  zarrc_json_doc *doc = NULL;
  zarrc_error *unreadable = options && options->allow_unknown ? &m->unreadable : NULL;
  zarrc_status status =
      zarrc_format2_translate(m->ctx, root, attributes, &m->rules, unreadable, &m->format2, &text, error);
  if (!status) status = zarrc_json_parse(m->ctx, (const char *)text.ptr, text.len, "+fill_value", &doc, error);
  if (!status) status = parse_chunks(m, zarrc_json_root(doc), options, error);
  if (!status) status = zarrc_document_zattrs(m->ctx, attributes, &m->attributes, error);
  zarrc_json_close(doc);
  zarrc_buf_clear(&text);
  return status ? status : render(m, error);
}

zarrc_status zarrc_metadata_open(zarrc_ctx *ctx, const zarrc_documents *documents, const zarrc_array_options *options,
                                 zarrc_metadata **out, zarrc_error *error) {
  zarrc_error own;
  if (!error) error = &own; /* needed to note why an array is unreadable */
  zarrc_json_doc *doc = NULL;
  zarrc_metadata *m = NULL;
  zarrc_document_kind kind;
  zarrc_status status = zarrc_document_parse(ctx, documents, &doc, &kind, error);
  if (status) return status;
  if (kind.node != ZARRC_NODE_ARRAY) {
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%sthis is a group, not an array",
                        kind.format == 3 ? "/node_type: " : "");
    goto done;
  }
  m = zarrc_malloc(ctx, sizeof *m);
  if (!m) {
    status = zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for the metadata of an array");
    goto done;
  }
  memset(m, 0, sizeof *m);
  m->ctx = ctx;
  m->format = kind.format;
  m->rules = zarrc_rules_open(ctx, zarrc_ctx_get_options(ctx)->strict || (options && options->strict));
  m->rules.format = kind.format;
  m->becomes_2 = !documents->name && options && options->zarr_format == 2;
  m->rules.lenient = documents->name && !m->rules.strict;
  if (zarrc_document_has_mark((const char *)documents->main.ptr, documents->main.len))
    status = zarrc_rules_bend(&m->rules, error, "the document begins with a byte order mark");
  if (!status)
    status = kind.format == 3 ? parse(m, zarrc_json_root(doc), options, error)
                              : parse_2(m, zarrc_json_root(doc), &documents->attributes, options, error);
  if (!status) {
    *out = m;
    m = NULL;
  }
done:
  zarrc_metadata_close(m);
  zarrc_json_close(doc);
  return status;
}

void zarrc_metadata_close(zarrc_metadata *m) {
  if (!m) return;
  zarrc_pipeline_close(m->pipeline);
  zarrc_free(m->ctx, m->fill);
  zarrc_arena_close(m->arena);
  zarrc_rules_close(&m->rules);
  zarrc_grid_clear(m->ctx, &m->grid);
  zarrc_dtype_close(&m->dtype);
  clear_names(m);
  zarrc_free(m->ctx, m->data_type);
  zarrc_free(m->ctx, m->fill_value);
  zarrc_free(m->ctx, m->codecs);
  zarrc_free(m->ctx, m->attributes);
  zarrc_free(m->ctx, m->extras);
  zarrc_free(m->ctx, m->text);
  zarrc_format2_clear(m->ctx, &m->format2);
  zarrc_free(m->ctx, m);
}

zarrc_status zarrc_metadata_set_shape(zarrc_metadata *m, const int64_t *shape, zarrc_error *error) {
  zarrc_grid grid;
  zarrc_status status = zarrc_grid_resize(m->ctx, &m->grid, shape, &grid, error);
  if (status) return status;
  zarrc_grid_clear(m->ctx, &m->grid);
  m->grid = grid;
  for (int i = 0; i < m->ndim; i++) m->shape[i] = shape[i];
  status = check_chunk_nbytes(m, error);
  if (!status && grid.axes && m->pipeline) status = zarrc_pipeline_validate(m->pipeline, &m->spec, &m->grid, error);
  return status ? status : render(m, error);
}

/* Format 2 has the names of the dimensions in the attributes. */
static zarrc_status take_names(zarrc_metadata *m, zarrc_error *error) {
  const zarrc_bytes attributes = {.ptr = (const uint8_t *)m->attributes, .len = strlen(m->attributes)};
  zarrc_buf text = zarrc_buf_new(m->ctx, SIZE_MAX);
  zarrc_json_doc *doc = NULL;
  clear_names(m);
  zarrc_status status = zarrc_buf_append(&text, "{\"zarr_format\": 3", 17, error);
  if (!status) status = zarrc_format2_put_names(m->ctx, m->ndim, &attributes, &text, error);
  if (!status) status = zarrc_buf_append(&text, "}", 1, error);
  if (!status) status = zarrc_json_parse(m->ctx, (const char *)text.ptr, text.len, "", &doc, error);
  if (!status) status = parse_names(m, zarrc_json_root(doc), error);
  zarrc_json_close(doc);
  zarrc_buf_clear(&text);
  return status;
}

zarrc_status zarrc_metadata_set_attributes(zarrc_metadata *m, const char *json, size_t n, zarrc_error *error) {
  zarrc_status status = zarrc_attributes_replace(m->ctx, json, n, &m->attributes, error);
  if (!status && m->format == 2) status = take_names(m, error);
  return status ? status : render(m, error);
}

zarrc_status zarrc_metadata_same_chunks(const zarrc_metadata *a, const zarrc_metadata *b, bool *same,
                                        zarrc_error *error) {
  zarrc_buf x = zarrc_buf_new(a->ctx, ZARRC_MAX_DOCUMENT), y = zarrc_buf_new(b->ctx, ZARRC_MAX_DOCUMENT);
  zarrc_status status = zarrc_metadata_write_chunks(a, &x, error);
  if (!status) status = zarrc_metadata_write_chunks(b, &y, error);
  if (!status)
    *same = a->format == b->format && a->ndim == b->ndim && zarrc_grid_agree(&a->grid, &b->grid) && x.len == y.len &&
            memcmp(x.ptr, y.ptr, x.len) == 0;
  zarrc_buf_clear(&x);
  zarrc_buf_clear(&y);
  return status;
}

/* SPDX-License-Identifier: MIT */
/*
 * The way back: a .zarray and a .zattrs for an array that format 3 describes. What is made is translated again, and
 * must describe the same chunks; so whatever the two formats do not share is refused, not changed.
 */
#include "array/metadata.h"

#include "base/base64.h"

#include <inttypes.h>
#include <string.h>

typedef struct composing {
  const zarrc_metadata *m;
  const zarrc_json *codecs; /* the canonical list */
  size_t serializer;        /* the number of the codec that makes bytes of elements */
  bool is_object;           /* that codec stores elements of variable length; it is the first filter */
  size_t first;             /* the number of the first codec that can be a filter */
  bool is_f;                /* the first codec is a transpose that means order F */
  char order;               /* '<' or '>': the byte order of elements */
  const char *orders;       /* of fields, if they have both; '>' stands for the other one than order. Or NULL */
  zarrc_buf *out;
  zarrc_error *error;
} composing;

static zarrc_status put(const composing *c, const char *text) {
  return zarrc_text_append(c->out, text, c->error);
}

static zarrc_status put_string(const composing *c, const char *text) {
  return zarrc_json_put_string(c->out, text, strlen(text), c->error);
}

static zarrc_status put_json(const composing *c, const zarrc_json *value) {
  size_t n;
  const char *text = zarrc_json_text(value, &n);
  return zarrc_buf_append(c->out, text, n, c->error);
}

static zarrc_status put_dims(const composing *c, const int64_t *dims) {
  zarrc_status status = put(c, "[");
  for (int i = 0; i < c->m->ndim && !status; i++)
    status = zarrc_buf_printf(c->out, c->error, "%s%" PRId64, i ? ", " : "", dims[i]);
  return status ? status : put(c, "]");
}

/* ------------------------------------------------------------------------------------------------------ data type */

static const char kinds[ZARRC_NTYPES] = {
    [ZARRC_BOOL] = 'b',
    [ZARRC_INT8] = 'i',
    [ZARRC_INT16] = 'i',
    [ZARRC_INT32] = 'i',
    [ZARRC_INT64] = 'i',
    [ZARRC_UINT8] = 'u',
    [ZARRC_UINT16] = 'u',
    [ZARRC_UINT32] = 'u',
    [ZARRC_UINT64] = 'u',
    [ZARRC_FLOAT16] = 'f',
    [ZARRC_FLOAT32] = 'f',
    [ZARRC_FLOAT64] = 'f',
    [ZARRC_COMPLEX64] = 'c',
    [ZARRC_COMPLEX128] = 'c',
    [ZARRC_RAW] = 'V',
    [ZARRC_FIXED_UTF32] = 'U',
    [ZARRC_NULL_TERMINATED] = 'S',
    [ZARRC_DATETIME64] = 'M',
    [ZARRC_TIMEDELTA64] = 'm',
};

static zarrc_status put_unit(const composing *c, const zarrc_dtype *dtype) {
  const char *unit = zarrc_time_unit_name(dtype->time_unit);
  if (!strcmp(unit, "generic")) return ZARRC_OK;
  if (dtype->time_scale == 1) return zarrc_buf_printf(c->out, c->error, "[%s]", unit);
  return zarrc_buf_printf(c->out, c->error, "[%d%s]", (int)dtype->time_scale, unit);
}

static zarrc_status put_dtype(const composing *c, const zarrc_dtype *dtype, char order, const char **orders);

static zarrc_status put_fields(const composing *c, const zarrc_dtype *dtype, char order, const char **orders) {
  zarrc_status status = put(c, "[");
  for (size_t i = 0; i < zarrc_dtype_nfields(dtype) && !status; i++) {
    const zarrc_field *field = zarrc_dtype_field(dtype, i);
    status = put(c, i ? ", [" : "[");
    if (!status) status = put_string(c, field->name);
    if (!status) status = put(c, ", ");
    if (!status) status = put_dtype(c, &field->dtype, order, orders);
    if (!status) status = put(c, "]");
  }
  return status ? status : put(c, "]");
}

/* Writes a dtype in a byte order, as NumPy names it. orders: of the fields from this one on; or of NULL. */
static zarrc_status put_dtype(const composing *c, const zarrc_dtype *dtype, char order, const char **orders) {
  if (dtype->type == ZARRC_STRUCT) return put_fields(c, dtype, order, orders);
  if (*orders && *(*orders)++ == '>') order = order == '<' ? '>' : '<';
  char kind = kinds[dtype->type];
  uint32_t unit = dtype->type == ZARRC_FIXED_UTF32 ? 4 : 1;
  if (!kind) return zarrc_fail(c->error, ZARRC_UNSUPPORTED, "Zarr format 2 has no such data type");
  zarrc_status status = zarrc_buf_printf(c->out, c->error, "\"%c%c%" PRIu32,
                                         zarrc_dtype_has_endian(dtype) ? order : '|', kind, dtype->item_size / unit);
  if (!status && (kind == 'M' || kind == 'm')) status = put_unit(c, dtype);
  return status ? status : put(c, "\"");
}

/* ------------------------------------------------------------------------------------------------------ fill value */

/* Writes the element as base64 of its bytes in the order that they have in a chunk. */
static zarrc_status put_packed(const composing *c) {
  const zarrc_metadata *m = c->m;
  zarrc_dtype stored = m->dtype;
  uint8_t *bytes = zarrc_malloc(m->ctx, m->dtype.item_size);
  if (!bytes) return zarrc_fail(c->error, ZARRC_NO_MEMORY, "no memory for a fill value");
  stored.endian = c->order == '>' ? ZARRC_BIG : ZARRC_LITTLE;
  zarrc_view to = zarrc_view_c(&stored, 0, NULL, bytes), from = zarrc_view_c(&m->dtype, 0, NULL, m->fill);
  zarrc_copy(&to, &from);
  if (c->orders) zarrc_field_orders_swap(&to, c->orders);
  zarrc_status status = put(c, "\"");
  if (!status) status = zarrc_base64_append(c->out, bytes, m->dtype.item_size, c->error);
  zarrc_free(m->ctx, bytes);
  return status ? status : put(c, "\"");
}

static zarrc_status put_fill(const composing *c) {
  const zarrc_metadata *m = c->m;
  zarrc_type type = m->dtype.type;
  if (m->format2.no_fill) return put(c, "null");
  if (type == ZARRC_STRUCT || type == ZARRC_RAW) return put_packed(c);
  if (strchr("fc", kinds[type]) && kinds[type] && strstr(m->fill_value, "\"0x"))
    return zarrc_fail(c->error, ZARRC_UNSUPPORTED, "Zarr format 2 has one NaN as fill value, not %s", m->fill_value);
  return put(c, m->fill_value);
}

/* ---------------------------------------------------------------------------------------------------------- codecs */

static zarrc_codec_kind kind_of(const composing *c, size_t i) {
  return zarrc_codec_get_kind(zarrc_pipeline_codec(c->m->pipeline, i));
}

static const char *name_of(const composing *c, size_t i) {
  return zarrc_codec_name(zarrc_pipeline_codec(c->m->pipeline, i));
}

static const zarrc_json *settings_of(const composing *c, size_t i) {
  return zarrc_json_get(zarrc_json_at(c->codecs, i), "configuration");
}

/* Returns the id that a codec has in numcodecs; NULL: none. */
static const char *id_of(const composing *c, size_t i) {
  static const char prefix[] = "numcodecs.";
  static const char *const same[] = {"zstd", "gzip", "blosc", "crc32c", "bitround", "vlen-utf8", "vlen-bytes"};
  const char *name = name_of(c, i);
  if (!strncmp(name, prefix, sizeof prefix - 1)) return name + sizeof prefix - 1;
  for (size_t k = 0; k < sizeof same / sizeof *same; k++)
    if (!strcmp(name, same[k])) return name;
  return NULL;
}

/* Returns whether a codec makes chunks smaller. Such a one, if it is the last, is the compressor: some programs read no
 * array with filters. */
static bool compresses(const char *id) {
  static const char *const ids[] = {"zstd", "gzip", "blosc", "zlib", "lz4", "bz2", "lzma", "zfpy"};
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
    if (!strcmp(id, ids[i])) return true;
  return false;
}

/* Writes a dtype in a filter. In format 3 it is little-endian, or big-endian if it is read in the order that elements
 * do not have; see format2_codecs.c. */
static zarrc_status put_filter_dtype(const composing *c, const zarrc_json *value) {
  size_t n;
  zarrc_dtype dtype = {0};
  const char *text = zarrc_json_get_string(value, &n), *no_orders = NULL;
  if (!text || n < 2 || text[0] == '|') return put_json(c, value);
  char order = text[0] == '>' ? c->order == '<' ? '>' : '<' : c->order;
  if (text[0] == '<' || text[0] == '>') {
    zarrc_status status = zarrc_buf_printf(c->out, c->error, "\"%c", order);
    if (!status) status = zarrc_buf_append(c->out, text + 1, n - 1, c->error);
    return status ? status : put(c, "\"");
  }
  zarrc_status status = zarrc_dtype_parse(c->m->ctx, text, &dtype, c->error);
  if (!status) status = put_dtype(c, &dtype, order, &no_orders);
  zarrc_dtype_close(&dtype);
  return status;
}

/* Writes how elements are shuffled as a number. -1 means bits for single bytes, else bytes. */
static zarrc_status put_shuffle(const composing *c, const zarrc_json *value) {
  static const char *const names[] = {"noshuffle", "shuffle", "bitshuffle"};
  int64_t number = 0;
  bool single = c->is_object || c->m->dtype.item_size == 1;
  if (zarrc_json_get_int64(value, &number) && number < 0) number = single ? 2 : 1;
  for (int i = 0; i < 3; i++)
    if (zarrc_json_string_is(value, names[i])) number = i;
  return zarrc_buf_printf(c->out, c->error, "%d", (int)number);
}

static bool is_dtype(const char *key) {
  return !strcmp(key, "dtype") || !strcmp(key, "astype") || !strcmp(key, "encode_dtype") ||
         !strcmp(key, "decode_dtype");
}

/* Returns whether a setting is left out: a typesize follows from the elements, and older versions of numcodecs do not
 * know it, nor the checksum of zstd. */
static bool is_left_out(const char *id, const char *key, const zarrc_json *value) {
  bool flag;
  if (!strcmp(id, "blosc")) return !strcmp(key, "typesize");
  return !strcmp(id, "zstd") && !strcmp(key, "checksum") && zarrc_json_get_bool(value, &flag) && !flag;
}

static zarrc_status put_setting(const composing *c, size_t i, const char *id, const char *key,
                                const zarrc_json *value) {
  zarrc_status status = put(c, ", ");
  if (!status) status = put_string(c, key);
  if (!status) status = put(c, ": ");
  if (status) return status;
  if (!strcmp(id, "blosc") && !strcmp(key, "shuffle")) return put_shuffle(c, value);
  if (kind_of(c, i) == ZARRC_ARRAY_TO_ARRAY && is_dtype(key)) return put_filter_dtype(c, value);
  return put_json(c, value);
}

/* Writes a codec as numcodecs does: {"id": ..., settings}. */
static zarrc_status put_codec(const composing *c, size_t i) {
  const char *id = id_of(c, i);
  const zarrc_json *settings = settings_of(c, i);
  if (!id)
    return zarrc_fail(c->error, ZARRC_UNSUPPORTED, "Zarr format 2 has no codec %s%s", name_of(c, i),
                      strcmp(name_of(c, i), "sharding_indexed") ? "" : ", and so no shards");
  zarrc_status status = put(c, "{\"id\": ");
  if (!status) status = put_string(c, id);
  for (size_t k = 0; k < zarrc_json_length(settings) && !status; k++) {
    const char *key = zarrc_json_key(settings, k);
    const zarrc_json *value = zarrc_json_at(settings, k);
    if (!is_left_out(id, key, value)) status = put_setting(c, i, id, key, value);
  }
  /* versions of numcodecs differ in where they take the sum to be */
  if (!status && !strcmp(name_of(c, i), "crc32c")) status = put(c, ", \"location\": \"end\"");
  return status ? status : put(c, "}");
}

/* Returns the number of codecs that are filters: all but the one that is the compressor. */
static size_t nfilters(const composing *c) {
  size_t n = zarrc_json_length(c->codecs);
  const char *id = id_of(c, n - 1);
  return id && compresses(id) ? n - 1 : n;
}

static zarrc_status put_compressor(const composing *c) {
  size_t n = nfilters(c);
  return n < zarrc_json_length(c->codecs) ? put_codec(c, n) : put(c, "null");
}

static zarrc_status put_filters(const composing *c) {
  bool any = false;
  zarrc_status status = ZARRC_OK;
  for (size_t i = c->first; i < nfilters(c) && !status; i++) {
    if (i == c->serializer && !c->is_object) continue;
    status = put(c, any ? ", " : "[");
    any = true;
    if (!status) status = put_codec(c, i);
  }
  if (status) return status;
  return put(c, any ? "]" : "null");
}

/* Returns whether a transpose turns all axes round. */
static bool is_reversal(const composing *c, size_t i) {
  const zarrc_json *order = zarrc_json_get(settings_of(c, i), "order");
  for (int k = 0; k < c->m->ndim; k++) {
    int64_t axis;
    if (!zarrc_json_get_int64(zarrc_json_at(order, (size_t)k), &axis) || axis != c->m->ndim - 1 - k) return false;
  }
  return true;
}

/* Looks at what decides on order and dtype. */
static zarrc_status survey(composing *c) {
  size_t n = zarrc_json_length(c->codecs), norders;
  for (size_t i = 0; i < n; i++) {
    bool is_transpose = !strcmp(name_of(c, i), "transpose");
    if (is_transpose && (i > 0 || !is_reversal(c, i)))
      return zarrc_fail(c->error, ZARRC_UNSUPPORTED,
                        "Zarr format 2 can only reverse the order of all axes, before any other codec, not transpose");
    if (is_transpose) c->is_f = true;
    bool is_orders = !strcmp(name_of(c, i), ZARRC_FIELD_ORDER) && i == c->first && !c->orders;
    if (is_orders) c->orders = zarrc_json_get_string(zarrc_json_get(settings_of(c, i), "orders"), &norders);
    c->first += is_transpose || is_orders;
    if (kind_of(c, i) == ZARRC_ARRAY_TO_BYTES) c->serializer = i;
  }
  const zarrc_json *endian = zarrc_json_get(settings_of(c, c->serializer), "endian");
  c->order = zarrc_json_string_is(endian, "big") ? '>' : '<';
  c->is_object = strcmp(name_of(c, c->serializer), "bytes") != 0;
  return ZARRC_OK;
}

static zarrc_status put_object(const composing *c) {
  if (!c->is_object) return put(c, "\"|O\"");                       /* of categorize, which is a filter on elements */
  if (!id_of(c, c->serializer)) return put_codec(c, c->serializer); /* says why not */
  if (c->serializer == c->first) return put(c, "\"|O\"");
  return zarrc_fail(c->error, ZARRC_UNSUPPORTED, "Zarr format 2 has no codec before %s", name_of(c, c->serializer));
}

/* ------------------------------------------------------------------------------------------------------- the .zarray
 */

static zarrc_status put_members(const composing *c) {
  const zarrc_metadata *m = c->m;
  const char *orders = c->orders;
  zarrc_status status = put(c, "{\"chunks\": ");
  if (!status) status = put_dims(c, m->grid.chunk_shape);
  if (!status) status = put(c, ", \"compressor\": ");
  if (!status) status = put_compressor(c);
  if (!status) status = zarrc_buf_printf(c->out, c->error, ", \"dimension_separator\": \"%c\"", m->keys.separator);
  if (!status) status = put(c, ", \"dtype\": ");
  if (!status) status = zarrc_dtype_is_variable(&m->dtype) ? put_object(c) : put_dtype(c, &m->dtype, c->order, &orders);
  if (!status) status = put(c, ", \"fill_value\": ");
  if (!status) status = put_fill(c);
  if (!status) status = put(c, ", \"filters\": ");
  if (!status) status = put_filters(c);
  if (!status) status = zarrc_buf_printf(c->out, c->error, ", \"order\": \"%c\", \"shape\": ", c->is_f ? 'F' : 'C');
  if (!status) status = put_dims(c, m->shape);
  return status ? status : put(c, ", \"zarr_format\": 2}");
}

static zarrc_status put_line(const zarrc_metadata *m, zarrc_buf *out, zarrc_error *error) {
  zarrc_json_doc *doc;
  composing c = {.m = m, .out = out, .error = error};
  if (m->grid.kind != ZARRC_REGULAR)
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "Zarr format 2 has chunks of one shape only");
  if (!m->keys.v2)
    return zarrc_fail(error, ZARRC_UNSUPPORTED,
                      "the chunk keys begin with c/, those of Zarr format 2 do not (chunk key encoding v2)");
  if (m->extras) return zarrc_fail(error, ZARRC_UNSUPPORTED, "Zarr format 2 has no place for members of an extension");
  zarrc_status status = zarrc_json_parse(m->ctx, m->codecs, strlen(m->codecs), NULL, &doc, error);
  if (status) return status;
  c.codecs = zarrc_json_root(doc);
  status = survey(&c);
  if (!status) status = put_members(&c);
  zarrc_json_close(doc);
  return status;
}

static bool same_fill(const zarrc_metadata *a, const zarrc_metadata *b) {
  if (zarrc_dtype_is_variable(&a->dtype)) return !strcmp(a->fill_value, b->fill_value);
  return memcmp(a->fill, b->fill, a->dtype.item_size) == 0;
}

/* Translates what was made, and composes it once more. Codecs have several names in format 3, so that those of both
 * directions cannot be compared; but two lists of which the same is made are the same. */
static zarrc_status check(const zarrc_metadata *m, const zarrc_buf *line, zarrc_error *error) {
  zarrc_documents documents = zarrc_documents_of((const char *)line->ptr, line->len);
  zarrc_metadata *back = NULL;
  zarrc_buf again = zarrc_buf_new(m->ctx, ZARRC_MAX_DOCUMENT);
  zarrc_status status = zarrc_metadata_open(m->ctx, &documents, NULL, &back, error);
  if (!status) {
    back->format2.no_fill = m->format2.no_fill;
    status = put_line(back, &again, error);
  }
  bool same = !status && again.len == line->len && memcmp(again.ptr, line->ptr, line->len) == 0 &&
              zarrc_dtype_equal(&m->dtype, &back->dtype) && same_fill(m, back);
  if (!status && !same)
    status = zarrc_fail(error, ZARRC_UNSUPPORTED, "no filters and compressor of Zarr format 2 mean the same as %s",
                        m->codecs);
  if (status == ZARRC_INVALID_METADATA) {
    status = ZARRC_UNSUPPORTED;
    if (error) error->code = status;
  }
  zarrc_metadata_close(back);
  zarrc_buf_clear(&again);
  return status;
}

zarrc_status zarrc_format2_compose(const zarrc_metadata *m, zarrc_buf *out, zarrc_error *error) {
  zarrc_buf line = zarrc_buf_new(m->ctx, ZARRC_MAX_DOCUMENT);
  zarrc_status status = put_line(m, &line, error);
  if (!status) status = check(m, &line, error);
  if (!status) status = zarrc_json_indent(out, (const char *)line.ptr, line.len, 2, error);
  zarrc_buf_clear(&line);
  return status;
}

/* ------------------------------------------------------------------------------------------------------- the .zattrs
 */

static const char names_member[] = "_ARRAY_DIMENSIONS";

static int count_names(const zarrc_metadata *m) {
  int n = 0;
  for (int i = 0; i < m->ndim; i++) n += m->name[i] != NULL;
  return n;
}

static zarrc_status check_listed(const zarrc_metadata *m, const zarrc_json *list, zarrc_error *error) {
  bool same = zarrc_json_is(list, ZARRC_JSON_ARRAY) && zarrc_json_length(list) == (size_t)m->ndim;
  for (int i = 0; i < m->ndim && same; i++) {
    size_t n;
    const char *text = zarrc_json_get_string(zarrc_json_at(list, (size_t)i), &n);
    same = text && m->name[i] && n == m->nname[i] && memcmp(text, m->name[i], n) == 0;
  }
  if (same) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_UNSUPPORTED,
                    "the dimension names are not those of the attribute %s, which Zarr format 2 has instead",
                    names_member);
}

/* Writes an object of attributes with the names as one more. */
static zarrc_status add_names(const zarrc_metadata *m, bool is_empty, zarrc_buf *out, zarrc_error *error) {
  size_t n = strlen(m->attributes);
  while (m->attributes[n - 1] != '}') n--;
  for (n--; strchr(" \t\r\n", m->attributes[n - 1]);) n--;
  zarrc_status status = zarrc_buf_append(out, m->attributes, n, error);
  if (!status) status = zarrc_buf_printf(out, error, "%s\"%s\": [", is_empty ? "" : ", ", names_member);
  for (int i = 0; i < m->ndim && !status; i++) {
    if (i) status = zarrc_text_append(out, ", ", error);
    if (!status) status = zarrc_json_put_string(out, m->name[i], m->nname[i], error);
  }
  if (!status) status = zarrc_text_append(out, "]", error);
  return status ? status : zarrc_text_append(out, m->attributes + n, error);
}

zarrc_status zarrc_format2_put_attributes(const zarrc_metadata *m, zarrc_buf *out, zarrc_error *error) {
  zarrc_json_doc *doc;
  int nnames = count_names(m);
  if (nnames == 0) return zarrc_text_append(out, m->attributes, error);
  zarrc_status status = zarrc_json_parse(m->ctx, m->attributes, strlen(m->attributes), "+", &doc, error);
  if (status) {
    zarrc_error_prefix(error, "attributes, to which the dimension names must be added: ");
    return status;
  }
  const zarrc_json *list = zarrc_json_get(zarrc_json_root(doc), names_member);
  if (list)
    status = check_listed(m, list, error);
  else if (nnames < m->ndim)
    status = zarrc_fail(error, ZARRC_UNSUPPORTED, "Zarr format 2 has names for all dimensions or for none");
  if (!status)
    status = list ? zarrc_text_append(out, m->attributes, error)
                  : add_names(m, zarrc_json_length(zarrc_json_root(doc)) == 0, out, error);
  zarrc_json_close(doc);
  return status;
}

/* SPDX-License-Identifier: MIT */
#include "array/format2.h"

#include "base/base64.h"
#include "base/json_scan.h"

#include <inttypes.h>
#include <string.h>

typedef struct translation {
  zarrc_ctx *ctx;
  const zarrc_json *root;
  zarrc_rules *rules;
  zarrc_error *unreadable; /* or NULL */
  zarrc_format2_type type;
  int ndim;
  zarrc_buf dtype, codecs; /* JSON */
  zarrc_buf orders;        /* what `orders` of the type points to */
  zarrc_buf *out;
  zarrc_error *error;
} translation;

static zarrc_status put_json(zarrc_buf *out, const zarrc_json *value, zarrc_error *error) {
  size_t n;
  const char *text = zarrc_json_text(value, &n);
  return zarrc_buf_append(out, text, n, error);
}

/* Returns whether a failure only makes the elements unreadable, and notes the first such failure. */
static bool forgives(const translation *t, zarrc_status status) {
  if (status != ZARRC_UNSUPPORTED || !t->unreadable) return false;
  if (!t->unreadable->code) *t->unreadable = *t->error;
  return true;
}

static const zarrc_json *get(const translation *t, const char *name) {
  return zarrc_json_get(t->root, name);
}

static zarrc_status want(const translation *t, const char *name) {
  return get(t, name) ? ZARRC_OK : zarrc_fail(t->error, ZARRC_INVALID_METADATA, "/%s: is missing", name);
}

/* --------------------------------------------------------------------------------------------- shape and chunks */

static zarrc_status check_shape(translation *t) {
  const zarrc_json *shape = get(t, "shape");
  zarrc_status status = want(t, "shape");
  if (status) return status;
  if (!zarrc_json_is(shape, ZARRC_JSON_ARRAY))
    return zarrc_fail(t->error, ZARRC_INVALID_METADATA, "/shape: must be a list of integers, not %s",
                      zarrc_json_kind_name(zarrc_json_get_kind(shape)));
  if (zarrc_json_length(shape) > ZARRC_MAX_NDIM)
    return zarrc_fail(t->error, ZARRC_LIMIT, "/shape: %zu dimensions, at most %d are supported",
                      zarrc_json_length(shape), ZARRC_MAX_NDIM);
  t->ndim = (int)zarrc_json_length(shape);
  return ZARRC_OK;
}

/* Writes the shape of a chunk. An axis without elements may have chunks without elements. */
static zarrc_status put_chunks(translation *t) {
  const zarrc_json *chunks = get(t, "chunks"), *shape = get(t, "shape");
  zarrc_status status = want(t, "chunks");
  if (status) return status;
  if (!zarrc_json_is(chunks, ZARRC_JSON_ARRAY) || zarrc_json_length(chunks) != (size_t)t->ndim)
    return zarrc_fail(t->error, ZARRC_INVALID_METADATA, "/chunks: must be a list of %d integers", t->ndim);
  status = zarrc_text_append(t->out, "[", t->error);
  for (size_t i = 0; i < zarrc_json_length(chunks) && !status; i++) {
    int64_t edge, length;
    if (!zarrc_json_get_int64(zarrc_json_at(chunks, i), &edge) || edge < 0)
      return zarrc_fail(t->error, ZARRC_INVALID_METADATA, "/chunks/%zu: must be an integer from 1 to 2^63-1", i);
    if (edge == 0 && zarrc_json_get_int64(zarrc_json_at(shape, i), &length) && length == 0) edge = 1;
    if (edge == 0) return zarrc_fail(t->error, ZARRC_INVALID_METADATA, "/chunks/%zu: must not be 0", i);
    status = zarrc_buf_printf(t->out, t->error, "%s%" PRId64, i ? ", " : "", edge);
  }
  return status ? status : zarrc_text_append(t->out, "]", t->error);
}

/* ------------------------------------------------------------------------------------------- members with words */

/* Checks a member that must not be missing but often is. */
static zarrc_status expect(translation *t, const char *name) {
  return get(t, name) ? ZARRC_OK : zarrc_rules_bend(t->rules, t->error, "/%s: is missing", name);
}

static zarrc_status check_order(translation *t) {
  const zarrc_json *order = get(t, "order");
  if (!order || zarrc_json_string_is(order, "C") || zarrc_json_string_is(order, "F")) return expect(t, "order");
  return zarrc_fail(t->error, ZARRC_INVALID_METADATA, "/order: must be \"C\" or \"F\"");
}

static zarrc_status put_keys(translation *t) {
  static const char rule[] = "/dimension_separator: must be \".\" or \"/\"";
  const zarrc_json *separator = get(t, "dimension_separator");
  bool is_slash = zarrc_json_string_is(separator, "/"), is_null = zarrc_json_is(separator, ZARRC_JSON_NULL);
  if (separator && !is_slash && !is_null && !zarrc_json_string_is(separator, "."))
    return zarrc_fail(t->error, ZARRC_INVALID_METADATA, "%s", rule);
  zarrc_status status = is_null ? zarrc_rules_bend(t->rules, t->error, "%s, found null", rule) : ZARRC_OK;
  if (status) return status;
  return zarrc_buf_printf(t->out, t->error, "{\"name\": \"v2\", \"configuration\": {\"separator\": \"%c\"}}",
                          is_slash ? '/' : '.');
}

static zarrc_status read_dtype(translation *t) {
  const zarrc_json *dtype = get(t, "dtype");
  zarrc_status status = want(t, "dtype");
  if (status) return status;
  status = zarrc_format2_put_dtype(dtype, get(t, "filters"), &t->type, &t->orders, &t->dtype, t->error);
  if (status) zarrc_error_prefix(t->error, "/dtype: ");
  if (!status && t->type.lacks_order)
    status = zarrc_rules_bend(t->rules, t->error, "/dtype: \"|\" is no byte order for units of several bytes");
  if (!forgives(t, status)) return status;
  t->dtype.len = 0;
  return put_json(&t->dtype, dtype, t->error);
}

/* Writes filters and compressor as they are, if no chain can be made of them. */
static zarrc_status put_as_they_are(translation *t) {
  const zarrc_json *filters = get(t, "filters"), *compressor = get(t, "compressor");
  t->codecs.len = 0;
  zarrc_status status = zarrc_text_append(&t->codecs, "{\"filters\": ", t->error);
  if (!status)
    status = filters ? put_json(&t->codecs, filters, t->error) : zarrc_text_append(&t->codecs, "null", t->error);
  if (!status) status = zarrc_text_append(&t->codecs, ", \"compressor\": ", t->error);
  if (!status)
    status = compressor ? put_json(&t->codecs, compressor, t->error) : zarrc_text_append(&t->codecs, "null", t->error);
  return status ? status : zarrc_text_append(&t->codecs, "}", t->error);
}

static zarrc_status read_codecs(translation *t) {
  zarrc_status status = expect(t, "filters");
  if (!status) status = expect(t, "compressor");
  if (status) return status;
  if (t->unreadable && t->unreadable->code) return put_as_they_are(t);
  status = zarrc_format2_put_codecs(t->root, t->ndim, &t->type, &t->codecs, t->error);
  return forgives(t, status) ? put_as_they_are(t) : status;
}

/* --------------------------------------------------------------------------------------------------- fill value */

/* Writes a struct whose bytes are base64, as they are in a chunk; in format 3 they are little-endian. */
static zarrc_status put_struct(translation *t, const zarrc_dtype *dtype, const char *text, size_t n) {
  zarrc_dtype stored = *dtype, little = *dtype;
  size_t nbytes = dtype->item_size;
  uint8_t *bytes = zarrc_malloc(t->ctx, 2 * nbytes);
  if (!bytes) return zarrc_fail(t->error, ZARRC_NO_MEMORY, "no memory for a fill value");
  zarrc_status status = ZARRC_OK;
  if (zarrc_base64_decode(text, n, true, bytes, nbytes) != nbytes) {
    status = zarrc_fail(t->error, ZARRC_INVALID_METADATA, "/fill_value: must be base64 of %zu bytes", nbytes);
  } else {
    stored.endian = t->type.order == '>' ? ZARRC_BIG : ZARRC_LITTLE;
    little.endian = ZARRC_LITTLE;
    zarrc_view to = zarrc_view_c(&little, 0, NULL, bytes + nbytes), from = zarrc_view_c(&stored, 0, NULL, bytes);
    zarrc_copy(&to, &from);
    if (t->type.mixed) zarrc_field_orders_swap(&to, t->type.orders);
    status = zarrc_text_append(t->out, "\"", t->error);
    if (!status) status = zarrc_base64_append(t->out, bytes + nbytes, nbytes, t->error);
    if (!status) status = zarrc_text_append(t->out, "\"", t->error);
  }
  zarrc_free(t->ctx, bytes);
  return status;
}

/* Returns whether 0 stands for an element of zero bytes, which JSON would write otherwise. */
static bool is_zero(const zarrc_json *value, zarrc_type type) {
  int64_t x;
  bool other = type == ZARRC_RAW || type == ZARRC_FIXED_UTF32 || type == ZARRC_NULL_TERMINATED ||
               type == ZARRC_STRUCT || type == ZARRC_BYTES;
  return other && zarrc_json_get_int64(value, &x) && x == 0;
}

static zarrc_status put_known_fill(translation *t, const zarrc_dtype *dtype, const zarrc_json *value) {
  size_t n;
  const char *text = zarrc_json_get_string(value, &n);
  bool none = !value || zarrc_json_is(value, ZARRC_JSON_NULL), zero = !none && is_zero(value, dtype->type);
  zarrc_status status =
      zero ? zarrc_rules_bend(t->rules, t->error, "/fill_value: 0 is no element of this dtype") : ZARRC_OK;
  if (status) return status;
  if (none || zero) return zarrc_fill_to_json(dtype, NULL, t->out, t->error);
  bool swaps = t->type.mixed || t->type.order == '>';
  if (dtype->type == ZARRC_STRUCT && text && swaps) return put_struct(t, dtype, text, n);
  return put_json(t->out, value, t->error);
}

static zarrc_status put_fill(translation *t) {
  zarrc_dtype dtype = {0};
  const zarrc_json *value = get(t, "fill_value");
  zarrc_status status = expect(t, "fill_value");
  if (status) return status;
  if (t->unreadable && t->unreadable->code)
    return value ? put_json(t->out, value, t->error) : zarrc_text_append(t->out, "0", t->error);
  status = zarrc_dtype_open(t->ctx, (const char *)t->dtype.ptr, t->dtype.len, &dtype, t->error);
  if (status) zarrc_error_prefix(t->error, "/dtype: ");
  if (!status) status = put_known_fill(t, &dtype, value);
  zarrc_dtype_close(&dtype);
  return status;
}

/* ---------------------------------------------------------------------------------------------- dimension names */

static const char names_member[] = "_ARRAY_DIMENSIONS";

/* Writes the names of the dimensions, if the attributes list one for each, as xarray does. */
static zarrc_status put_listed(const translation *t, const zarrc_json *list) {
  size_t n = zarrc_json_length(list);
  bool fits = zarrc_json_is(list, ZARRC_JSON_ARRAY) && n == (size_t)t->ndim && n > 0;
  for (size_t i = 0; i < n && fits; i++) fits = zarrc_json_is(zarrc_json_at(list, i), ZARRC_JSON_STRING);
  if (!fits) return ZARRC_OK;
  zarrc_status status = zarrc_text_append(t->out, ", \"dimension_names\": ", t->error);
  return status ? status : put_json(t->out, list, t->error);
}

/* The longest value of that attribute that is read. */
#define MAX_NAMES_NBYTES ((size_t)1 << 20)

/* Finds the value of that attribute without parsing the others, of which there may be megabytes. Returns false if there
 * is none, or the attributes are no JSON. */
static bool find_names(const char *text, size_t nbytes, const char **value, size_t *n) {
  zarrc_json_scan scan = {.text = text, .nbytes = nbytes, .nan = true, .loose = true};
  zarrc_json_event event = ZARRC_JSON_VALUE;
  const size_t nkey = sizeof names_member + 1; /* with quotes */
  bool is_next = false, found = false;
  size_t start = 0;
  while (event != ZARRC_JSON_DONE) {
    if (zarrc_json_scan_next(&scan, &event, NULL)) return false;
    if (event == ZARRC_JSON_KEY && scan.depth == 1) {
      is_next = scan.end - scan.start == nkey && !memcmp(text + scan.start + 1, names_member, nkey - 2);
    } else if (is_next) {
      if (start == 0) start = scan.start;
      if (scan.depth > 1) continue;
      *value = text + start;
      *n = scan.end - start;
      found = true;
      is_next = false;
      start = 0;
    }
  }
  return found && *n <= MAX_NAMES_NBYTES;
}

static zarrc_status put_names(const translation *t, const zarrc_bytes *attributes) {
  zarrc_json_doc *doc;
  if (!attributes->ptr || !memmem(attributes->ptr, attributes->len, names_member, sizeof names_member - 1))
    return ZARRC_OK;
  const char *text = (const char *)attributes->ptr;
  size_t n = attributes->len;
  zarrc_document_skip_mark(&text, &n);
  zarrc_error why;
  if (!find_names(text, n, &text, &n)) return ZARRC_OK;
  zarrc_status status = zarrc_json_parse(t->ctx, text, n, NULL, &doc, &why);
  if (status == ZARRC_INVALID_METADATA || status == ZARRC_LIMIT) return ZARRC_OK; /* attributes need not be JSON */
  if (status) {
    if (t->error) *t->error = why;
    return status;
  }
  status = put_listed(t, zarrc_json_root(doc));
  zarrc_json_close(doc);
  return status;
}

zarrc_status zarrc_format2_put_names(zarrc_ctx *ctx, int ndim, const zarrc_bytes *attributes, zarrc_buf *out,
                                     zarrc_error *error) {
  const translation t = {.ctx = ctx, .ndim = ndim, .out = out, .error = error};
  return put_names(&t, attributes);
}

/* ----------------------------------------------------------------------------------------------------- the whole */

static zarrc_status put_document(translation *t, const zarrc_bytes *attributes) {
  zarrc_status status =
      zarrc_text_append(t->out, "{\"zarr_format\": 3, \"node_type\": \"array\", \"shape\": ", t->error);
  if (!status) status = put_json(t->out, get(t, "shape"), t->error);
  if (!status) status = zarrc_text_append(t->out, ", \"data_type\": ", t->error);
  if (!status) status = zarrc_buf_append(t->out, t->dtype.ptr, t->dtype.len, t->error);
  if (!status)
    status = zarrc_text_append(
        t->out, ", \"chunk_grid\": {\"name\": \"regular\", \"configuration\": {\"chunk_shape\": ", t->error);
  if (!status) status = put_chunks(t);
  if (!status) status = zarrc_text_append(t->out, "}}, \"chunk_key_encoding\": ", t->error);
  if (!status) status = put_keys(t);
  if (!status) status = zarrc_text_append(t->out, ", \"fill_value\": ", t->error);
  if (!status) status = put_fill(t);
  if (!status) status = zarrc_text_append(t->out, ", \"codecs\": ", t->error);
  if (!status) status = zarrc_buf_append(t->out, t->codecs.ptr, t->codecs.len, t->error);
  if (!status) status = put_names(t, attributes);
  return status ? status : zarrc_text_append(t->out, "}", t->error);
}

/* Appends a document on one line. *shape: where the value of that member is, if there is one. */
static zarrc_status put_line(const zarrc_json *root, zarrc_buf *out, size_t shape[2], zarrc_error *error) {
  zarrc_status status = zarrc_text_append(out, "{", error);
  for (size_t i = 0; i < zarrc_json_length(root) && !status; i++) {
    size_t n;
    const char *key = zarrc_json_key(root, i), *text = zarrc_json_text(zarrc_json_at(root, i), &n);
    if (i) status = zarrc_text_append(out, ", ", error);
    if (!status) status = zarrc_json_put_string(out, key, strlen(key), error);
    if (!status) status = zarrc_text_append(out, ": ", error);
    if (!strcmp(key, "shape")) shape[0] = out->len;
    if (!status) status = zarrc_json_layout(out, text, n, error);
    if (!strcmp(key, "shape")) shape[1] = out->len;
  }
  return status ? status : zarrc_text_append(out, "}", error);
}

/* Keeps the document, so that it can be written again. */
static zarrc_status keep(translation *t, zarrc_format2 *kept) {
  size_t shape[2] = {0};
  const zarrc_json *fill = get(t, "fill_value");
  zarrc_buf line = zarrc_buf_new(t->ctx, ZARRC_MAX_DOCUMENT);
  zarrc_status status = put_line(t->root, &line, shape, t->error);
  kept->no_fill = !fill || zarrc_json_is(fill, ZARRC_JSON_NULL);
  if (!status) status = zarrc_text_copy(t->ctx, line.ptr, shape[0], &kept->before, t->error);
  if (!status) status = zarrc_text_copy(t->ctx, line.ptr + shape[1], line.len - shape[1], &kept->after, t->error);
  zarrc_buf_clear(&line);
  return status;
}

zarrc_status zarrc_format2_translate(zarrc_ctx *ctx, const zarrc_json *root, const zarrc_bytes *attributes,
                                     zarrc_rules *rules, zarrc_error *unreadable, zarrc_format2 *kept, zarrc_buf *out,
                                     zarrc_error *error) {
  translation t = {.ctx = ctx,
                   .root = root,
                   .rules = rules,
                   .unreadable = unreadable,
                   .dtype = zarrc_buf_new(ctx, ZARRC_MAX_DOCUMENT),
                   .codecs = zarrc_buf_new(ctx, ZARRC_MAX_DOCUMENT),
                   .orders = zarrc_buf_new(ctx, ZARRC_MAX_DOCUMENT),
                   .out = out,
                   .error = error};
  zarrc_status status = check_shape(&t);
  if (!status && attributes->ptr && attributes->len == 0)
    status = zarrc_rules_bend(rules, error, "/attributes: there is no JSON in .zattrs");
  if (!status) status = check_order(&t);
  if (!status) status = read_dtype(&t);
  if (!status) status = read_codecs(&t);
  if (!status) status = put_document(&t, attributes);
  if (!status) status = keep(&t, kept);
  zarrc_buf_clear(&t.dtype);
  zarrc_buf_clear(&t.codecs);
  zarrc_buf_clear(&t.orders);
  return status;
}

void zarrc_format2_clear(zarrc_ctx *ctx, zarrc_format2 *kept) {
  zarrc_free(ctx, kept->before);
  zarrc_free(ctx, kept->after);
  *kept = (zarrc_format2){0};
}

zarrc_status zarrc_format2_write(zarrc_ctx *ctx, const zarrc_format2 *kept, int ndim, const int64_t *shape,
                                 zarrc_buf *out, zarrc_error *error) {
  zarrc_buf line = zarrc_buf_new(ctx, ZARRC_MAX_DOCUMENT);
  zarrc_status status = zarrc_text_append(&line, kept->before, error);
  if (!status) status = zarrc_text_append(&line, "[", error);
  for (int i = 0; i < ndim && !status; i++)
    status = zarrc_buf_printf(&line, error, "%s%" PRId64, i ? ", " : "", shape[i]);
  if (!status) status = zarrc_text_append(&line, "]", error);
  if (!status) status = zarrc_text_append(&line, kept->after, error);
  if (!status) status = zarrc_json_indent(out, (const char *)line.ptr, line.len, 2, error);
  zarrc_buf_clear(&line);
  return status;
}

zarrc_status zarrc_document_indent(zarrc_ctx *ctx, const zarrc_json *root, zarrc_buf *out, zarrc_error *error) {
  size_t shape[2] = {0};
  zarrc_buf line = zarrc_buf_new(ctx, ZARRC_MAX_DOCUMENT);
  zarrc_status status = put_line(root, &line, shape, error);
  if (!status) status = zarrc_json_indent(out, (const char *)line.ptr, line.len, 2, error);
  zarrc_buf_clear(&line);
  return status;
}

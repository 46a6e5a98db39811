/* SPDX-License-Identifier: MIT */
/* The dtype of a .zarray, which is NumPy's: "<f8", or a list of fields. */
#include "array/format2.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* How deep structs may be nested, as in format 3. */
enum { MAX_NESTING = 16 };

typedef struct naming {
  zarrc_format2_type *type;
  zarrc_buf *orders; /* or NULL */
  zarrc_buf *out;    /* or NULL */
  zarrc_error *error;
} naming;

static const struct {
  char kind;
  uint32_t nbytes;
  const char *name;
} numbers[] = {
    {'b', 1, "bool"},    {'i', 1, "int8"},    {'i', 2, "int16"},     {'i', 4, "int32"},       {'i', 8, "int64"},
    {'u', 1, "uint8"},   {'u', 2, "uint16"},  {'u', 4, "uint32"},    {'u', 8, "uint64"},      {'f', 2, "float16"},
    {'f', 4, "float32"}, {'f', 8, "float64"}, {'c', 8, "complex64"}, {'c', 16, "complex128"},
};

/* Types of any length: a name, and the bytes of a unit of the length. */
static const struct {
  char kind;
  uint32_t unit;
  const char *name;
} lengths[] = {{'S', 1, "null_terminated_bytes"},
               {'a', 1, "null_terminated_bytes"},
               {'U', 4, "fixed_length_utf32"},
               {'V', 1, "raw_bytes"}};

static zarrc_status put(const naming *n, const char *text) {
  return n->out ? zarrc_buf_append(n->out, text, strlen(text), n->error) : ZARRC_OK;
}

static zarrc_status refuse(const naming *n, const zarrc_json *dtype) {
  size_t len;
  const char *text = zarrc_json_text(dtype, &len);
  char seen[ZARRC_EXCERPT];
  return zarrc_fail(n->error, ZARRC_UNSUPPORTED, "the dtype %s is not known", zarrc_excerpt(seen, text, len));
}

/* Reads digits; returns the first character after them. *out: UINT32_MAX if the number is larger. */
static const char *take_digits(const char *p, uint32_t *out) {
  uint64_t x = 0;
  for (; *p >= '0' && *p <= '9'; p++)
    if (x < UINT32_MAX) x = x * 10 + (uint64_t)(*p - '0');
  *out = x < UINT32_MAX ? (uint32_t)x : UINT32_MAX;
  return p;
}

/* Adds a part of an element, of units of some bytes in a byte order ('|': it says none). */
static zarrc_status add_part(const naming *n, uint32_t nbytes, uint32_t unit, char order) {
  zarrc_format2_type *type = n->type;
  if (unit > 1 && order == '|') {
    type->lacks_order = true;
    order = '<';
  }
  if (unit == 1) order = '|';
  if (unit > 1 && type->order && type->order != order) {
    type->mixed = true;
    type->order = '<';
  } else if (unit > 1) {
    type->order = order;
  }
  if (__builtin_add_overflow(type->item_size, nbytes, &type->item_size))
    return zarrc_fail(n->error, ZARRC_LIMIT, "elements of more than 4 GiB");
  return n->orders ? zarrc_buf_append(n->orders, &order, 1, n->error) : ZARRC_OK;
}

static zarrc_status put_number(const naming *n, const zarrc_json *dtype, char order, char kind, uint32_t nbytes) {
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (numbers[i].kind != kind || numbers[i].nbytes != nbytes) continue;
    zarrc_status status = add_part(n, nbytes, nbytes, order);
    if (!status) status = put(n, "\"");
    if (!status) status = put(n, numbers[i].name);
    return status ? status : put(n, "\"");
  }
  return refuse(n, dtype);
}

/* Finds a number by NumPy's name, such as int32. Returns the sign of its byte order in a dtype; NULL: there is none. */
static const char *find_name(const char *text, char *kind, uint32_t *nbytes) {
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (strcmp(text, numbers[i].name) != 0) continue;
    *kind = numbers[i].kind;
    *nbytes = numbers[i].nbytes;
    return numbers[i].nbytes > 1 ? "<" : "|";
  }
  return NULL;
}

bool zarrc_format2_spell(const char *text, char out[ZARRC_FORMAT2_SPELLED]) {
  char kind;
  uint32_t nbytes;
  const char *order = find_name(text, &kind, &nbytes);
  if (order) snprintf(out, ZARRC_FORMAT2_SPELLED, "%s%c%" PRIu32, order, kind, nbytes);
  return order != NULL;
}

static zarrc_status put_length(const naming *n, const zarrc_json *dtype, char order, char kind, uint32_t length) {
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    uint32_t nbytes;
    if (lengths[i].kind != kind) continue;
    if (__builtin_mul_overflow(length, lengths[i].unit, &nbytes) || length == UINT32_MAX)
      return zarrc_fail(n->error, ZARRC_LIMIT, "elements of more than 4 GiB");
    if (nbytes == 0) return zarrc_fail(n->error, ZARRC_UNSUPPORTED, "elements of no bytes");
    zarrc_status status = add_part(n, nbytes, lengths[i].unit, order);
    if (status || !n->out) return status;
    return zarrc_buf_printf(n->out, n->error, "{\"name\": \"%s\", \"configuration\": {\"length_bytes\": %" PRIu32 "}}",
                            lengths[i].name, nbytes);
  }
  return refuse(n, dtype);
}

/* Writes times: "<M8[ns]", "<m8[25s]"; "<M8" has no unit. p: after the 8. */
static zarrc_status put_time(const naming *n, const zarrc_json *dtype, char order, char kind, const char *p) {
  char unit[8] = "generic";
  uint32_t scale = 1;
  if (*p == '[') {
    const char *digits = p + 1;
    p = take_digits(digits, &scale);
    if (p == digits) scale = 1;
    size_t nunit = strcspn(p, "]");
    bool plain = nunit > 0 && nunit < sizeof unit && strspn(p, "abcdefghijklmnopqrstuvwxyzDMWY") == nunit;
    if (!plain || strcmp(p + nunit, "]")) return refuse(n, dtype);
    memcpy(unit, p, nunit);
    unit[nunit] = 0;
  } else if (*p) {
    return refuse(n, dtype);
  }
  zarrc_status status = add_part(n, 8, 8, order);
  if (status || !n->out) return status;
  return zarrc_buf_printf(n->out, n->error,
                          "{\"name\": \"numpy.%s\", \"configuration\": {\"unit\": \"%s\", \"scale_factor\": %" PRIu32
                          "}}",
                          kind == 'M' ? "datetime64" : "timedelta64", unit, scale);
}

/* Reads "<f8": byte order, kind, and bytes or characters of an element. */
static zarrc_status put_plain(const naming *n, const zarrc_json *dtype) {
  size_t len;
  uint32_t size;
  const char *text = zarrc_json_get_string(dtype, &len);
  if (len < 3 || strlen(text) != len || !strchr("<>|", text[0]) || text[2] < '0' || text[2] > '9')
    return refuse(n, dtype);
  char order = text[0], kind = text[1];
  const char *p = take_digits(text + 2, &size);
  if ((kind == 'M' || kind == 'm') && size == 8) return put_time(n, dtype, order, kind, p);
  if (*p) return refuse(n, dtype);
  return strchr("SaUV", kind) ? put_length(n, dtype, order, kind, size) : put_number(n, dtype, order, kind, size);
}

static zarrc_status put_type(const naming *n, const zarrc_json *dtype, int nesting);

/* Writes a field, which is [name, dtype]. */
static zarrc_status put_field(const naming *n, const zarrc_json *field, int nesting) {
  size_t len;
  const zarrc_json *name = zarrc_json_at(field, 0);
  const char *text = zarrc_json_get_string(name, &len);
  if (zarrc_json_is(field, ZARRC_JSON_ARRAY) && zarrc_json_length(field) == 3)
    return zarrc_fail(n->error, ZARRC_UNSUPPORTED, "a field that is an array in each element");
  if (zarrc_json_is(name, ZARRC_JSON_ARRAY)) return zarrc_fail(n->error, ZARRC_UNSUPPORTED, "a field with a title");
  if (!zarrc_json_is(field, ZARRC_JSON_ARRAY) || zarrc_json_length(field) != 2 || !text)
    return zarrc_fail(n->error, ZARRC_INVALID_METADATA, "a field must be a list of a name and a dtype");
  if (zarrc_json_string_is(zarrc_json_at(field, 1), "|O"))
    return zarrc_fail(n->error, ZARRC_UNSUPPORTED, "a field of Python objects");
  zarrc_status status = put(n, "{\"name\": ");
  if (!status && n->out) status = zarrc_json_put_string(n->out, text, len, n->error);
  if (!status) status = put(n, ", \"data_type\": ");
  if (!status) status = put_type(n, zarrc_json_at(field, 1), nesting);
  return status ? status : put(n, "}");
}

static zarrc_status put_type(const naming *n, const zarrc_json *dtype, int nesting) {
  if (zarrc_json_is(dtype, ZARRC_JSON_STRING)) return put_plain(n, dtype);
  if (!zarrc_json_is(dtype, ZARRC_JSON_ARRAY))
    return zarrc_fail(n->error, ZARRC_INVALID_METADATA, "must be a string or a list of fields, not %s",
                      zarrc_json_kind_name(zarrc_json_get_kind(dtype)));
  if (nesting == MAX_NESTING)
    return zarrc_fail(n->error, ZARRC_LIMIT, "structs are nested more than %d deep", MAX_NESTING);
  zarrc_status status = put(n, "{\"name\": \"struct\", \"configuration\": {\"fields\": [");
  for (size_t i = 0; i < zarrc_json_length(dtype) && !status; i++) {
    if (i > 0) status = put(n, ", ");
    if (!status) status = put_field(n, zarrc_json_at(dtype, i), nesting + 1);
  }
  return status ? status : put(n, "]}}");
}

/* The filters that store objects, and the type of what they store. */
static const struct {
  const char *id, *type;
} object_filters[] = {{"vlen-utf8", "\"string\""}, {"vlen-bytes", "\"bytes\""}, {"vlen-array", "\"bytes\""},
                      {"json2", "\"string\""},     {"msgpack2", "\"string\""},  {"categorize", "\"string\""}};

/* Writes the type of objects, which their codec says, the first filter. */
static zarrc_status put_object(const naming *n, const zarrc_json *filters) {
  const zarrc_json *id = zarrc_json_get(zarrc_json_at(filters, 0), "id");
  char seen[ZARRC_EXCERPT];
  n->type->is_object = true;
  n->type->item_size = 1;
  for (size_t i = 0; i < sizeof object_filters / sizeof *object_filters; i++)
    if (zarrc_json_string_is(id, object_filters[i].id)) return put(n, object_filters[i].type);
  if (zarrc_json_string_is(id, "pickle"))
    return zarrc_fail(n->error, ZARRC_UNSUPPORTED,
                      "Python objects that pickle has stored: to read them is to run whatever they say, so no version "
                      "will");
  if (zarrc_json_is(id, ZARRC_JSON_STRING))
    return zarrc_fail(n->error, ZARRC_UNSUPPORTED, "Python objects that the filter \"%s\" has stored",
                      zarrc_json_excerpt(id, seen));
  return zarrc_fail(n->error, ZARRC_UNSUPPORTED, "Python objects, and no filter that stores them");
}

zarrc_status zarrc_format2_put_dtype(const zarrc_json *dtype, const zarrc_json *filters, zarrc_format2_type *type,
                                     zarrc_buf *orders, zarrc_buf *out, zarrc_error *error) {
  naming n = {type, orders, out, error};
  *type = (zarrc_format2_type){0};
  zarrc_status status = zarrc_json_string_is(dtype, "|O") ? put_object(&n, filters) : put_type(&n, dtype, 0);
  if (!status && orders) status = zarrc_buf_append(orders, "", 1, error);
  if (!status && orders) type->orders = (const char *)orders->ptr;
  return status;
}

zarrc_status zarrc_format2_put_name(const zarrc_json *dtype, zarrc_format2_type *type, zarrc_buf *out,
                                    zarrc_error *error) {
  naming n = {type, NULL, out, error};
  size_t len;
  const char *text = zarrc_json_get_string(dtype, &len);
  char kind;
  uint32_t nbytes;
  *type = (zarrc_format2_type){0};
  const char *order = text ? find_name(text, &kind, &nbytes) : NULL;
  if (order) return put_number(&n, dtype, *order, kind, nbytes);
  return text ? put_plain(&n, dtype) : refuse(&n, dtype);
}

/* Appends JSON of a dtype as a .zarray has it. NumPy reads a name without byte order as one in the machine's, and
 * format 2 is taken for one of little-endian machines. */
static zarrc_status spell_out(const char *text, zarrc_buf *out, zarrc_error *error) {
  zarrc_buf name = zarrc_buf_new(out->ctx, SIZE_MAX / 2);
  text += strspn(text, " \t\r\n");
  if (*text == '[' || *text == '"') return zarrc_text_append(out, text, error);
  if (!strcmp(text, "?")) text = "b1";
  bool has_order = *text && strchr("<>|", *text);
  text += *text == '=';
  zarrc_status status = zarrc_text_append(&name, has_order ? "" : "<", error);
  if (!status) status = zarrc_text_append(&name, text, error);
  if (!status) status = zarrc_json_put_string(out, (const char *)name.ptr, name.len, error);
  zarrc_buf_clear(&name);
  return status;
}

zarrc_status zarrc_format2_parse_type(zarrc_ctx *ctx, const char *text, zarrc_format2_type *type, zarrc_buf *orders,
                                      zarrc_dtype *out, zarrc_error *error) {
  zarrc_buf json = zarrc_buf_new(ctx, ZARRC_MAX_DOCUMENT), data_type = json;
  zarrc_json_doc *doc = NULL;
  zarrc_status status = spell_out(text, &json, error);
  if (!status) status = zarrc_json_parse(ctx, (const char *)json.ptr, json.len, NULL, &doc, error);
  if (!status) status = zarrc_format2_put_dtype(zarrc_json_root(doc), NULL, type, orders, &data_type, error);
  if (!status) status = zarrc_dtype_open(ctx, (const char *)data_type.ptr, data_type.len, out, error);
  zarrc_json_close(doc);
  zarrc_buf_clear(&json);
  zarrc_buf_clear(&data_type);
  return status;
}

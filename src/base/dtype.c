/* SPDX-License-Identifier: MIT */
/* Data types and their JSON. Zarr v3 core specification, "Data types", and registered extensions. */
#include <zarrc/data.h>

#include "base/checked.h"
#include "base/parsed.h"
#include "base/sort.h"
#include "base/text.h"

#include <stdatomic.h>
#include <string.h>

#define MAX_NESTING 16

/* zarrc_dtype.spelling */
enum { CANONICAL, SPELT_R = 1, SPELT_VARIABLE_LENGTH = 1, SPELT_COMPLEX_FLOAT = 1 };

struct zarrc_fields {
  zarrc_ctx *ctx;
  atomic_size_t owners;
  size_t n;
  zarrc_field items[]; /* followed by their names */
};

static const struct {
  const char *name;
  uint8_t nbytes, unit;
} types[ZARRC_NTYPES] = {
#define ZARRC_X(name, json, nbytes, unit) {json, nbytes, unit},
    ZARRC_TYPES(ZARRC_X)
#undef ZARRC_X
};

static const char *const time_units[] = {"Y",  "M",  "W",  "D",  "h",  "m",  "s",
                                         "ms", "us", "ns", "ps", "fs", "as", "generic"};
enum { NTIME_UNITS = sizeof time_units / sizeof *time_units, GENERIC = NTIME_UNITS - 1 };

/* -------------------------------------------------------------------------------------------- names and types */

const char *zarrc_time_unit_name(uint8_t unit) {
  return unit < NTIME_UNITS ? time_units[unit] : NULL;
}

zarrc_dtype zarrc_dtype_of(zarrc_type type) {
  if ((unsigned)type >= ZARRC_NTYPES) return (zarrc_dtype){.type = type, .endian = ZARRC_NATIVE};
  zarrc_dtype dtype = {.type = type, .endian = ZARRC_NATIVE, .item_size = types[type].nbytes};
  if (zarrc_dtype_is_variable(&dtype)) dtype.item_size = sizeof(zarrc_text);
  if (type == ZARRC_DATETIME64 || type == ZARRC_TIMEDELTA64) {
    dtype.time_unit = GENERIC;
    dtype.time_scale = 1;
  }
  return dtype;
}

bool zarrc_dtype_is_variable(const zarrc_dtype *dtype) {
  return dtype->type == ZARRC_STRING || dtype->type == ZARRC_BYTES;
}

bool zarrc_dtype_has_endian(const zarrc_dtype *dtype) {
  for (size_t i = 0; i < zarrc_dtype_nfields(dtype); i++) {
    if (zarrc_dtype_has_endian(&dtype->fields->items[i].dtype)) return true;
  }
  return types[dtype->type].unit > 1;
}

bool zarrc_dtype_equal(const zarrc_dtype *a, const zarrc_dtype *b) {
  if (a->type != b->type || a->item_size != b->item_size) return false;
  if (a->time_unit != b->time_unit || a->time_scale != b->time_scale) return false;
  size_t n = zarrc_dtype_nfields(a);
  if (n != zarrc_dtype_nfields(b)) return false;
  if (a->fields == b->fields) return true;
  for (size_t i = 0; i < n; i++) {
    const zarrc_field *x = &a->fields->items[i], *y = &b->fields->items[i];
    if (strcmp(x->name, y->name) != 0 || !zarrc_dtype_equal(&x->dtype, &y->dtype)) return false;
  }
  return true;
}

size_t zarrc_dtype_nfields(const zarrc_dtype *dtype) {
  return dtype->fields ? dtype->fields->n : 0;
}

const zarrc_field *zarrc_dtype_field(const zarrc_dtype *dtype, size_t i) {
  return i < zarrc_dtype_nfields(dtype) ? &dtype->fields->items[i] : NULL;
}

/* --------------------------------------------------------------------------------------------------- ownership */

zarrc_dtype zarrc_dtype_share(const zarrc_dtype *dtype) {
  if (dtype->fields) {
    zarrc_fields *fields = (zarrc_fields *)dtype->fields;
    atomic_fetch_add_explicit(&fields->owners, 1, memory_order_relaxed);
  }
  return *dtype;
}

static void close_fields(zarrc_fields *fields) {
  if (atomic_fetch_sub_explicit(&fields->owners, 1, memory_order_acq_rel) > 1) return;
  for (size_t i = 0; i < fields->n; i++) zarrc_dtype_close(&fields->items[i].dtype);
  zarrc_free(fields->ctx, fields);
}

void zarrc_dtype_close(zarrc_dtype *dtype) {
  if (!dtype) return;
  if (dtype->fields) close_fields((zarrc_fields *)dtype->fields);
  *dtype = (zarrc_dtype){0};
}

/* ----------------------------------------------------------------------------------------------------- reading */

static zarrc_status open_value(zarrc_ctx *ctx, const zarrc_json *value, int nesting, zarrc_dtype *out,
                               zarrc_error *error);

static zarrc_status read_length(const zarrc_json *configuration, zarrc_dtype *out, zarrc_error *error) {
  static const char *const keys[] = {"length_bytes", NULL};
  uint64_t n = 0;
  zarrc_status status = zarrc_json_check_keys(configuration, keys, error);
  if (status) return status;
  if (!zarrc_json_get_uint64(zarrc_json_get(configuration, "length_bytes"), &n) || n == 0) {
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "length_bytes must be a positive integer");
  }
  if (n > UINT32_MAX) return zarrc_fail(error, ZARRC_LIMIT, "elements of more than 4 GiB");
  if (out->type == ZARRC_FIXED_UTF32 && n % 4 != 0) {
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "length_bytes is %u, not a multiple of 4", (unsigned)n);
  }
  out->item_size = (uint32_t)n;
  return ZARRC_OK;
}

static zarrc_status read_time(const zarrc_json *configuration, zarrc_dtype *out, zarrc_error *error) {
  static const char *const keys[] = {"unit", "scale_factor", NULL};
  zarrc_status status = zarrc_json_check_keys(configuration, keys, error);
  if (status) return status;
  const zarrc_json *unit = zarrc_json_get(configuration, "unit");
  uint8_t i = 0;
  while (i < NTIME_UNITS && !zarrc_json_string_is(unit, time_units[i])) i++;
  if (zarrc_json_string_is(unit, "\xce\xbcs") || zarrc_json_string_is(unit, "\xc2\xb5s")) { /* either letter mu */
    for (i = 0; strcmp(time_units[i], "us") != 0;) i++;
  }
  if (i == NTIME_UNITS) return zarrc_fail(error, ZARRC_INVALID_METADATA, "unit must be one of the units of NumPy");
  int64_t scale = 0;
  if (!zarrc_json_get_int64(zarrc_json_get(configuration, "scale_factor"), &scale) || scale < 1 || scale > INT32_MAX) {
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "scale_factor must be an integer from 1 to %d", INT32_MAX);
  }
  out->time_unit = i;
  out->time_scale = (int32_t)scale;
  return ZARRC_OK;
}

/* Splits a field, which is {"name": ..., "data_type": ...} or [name, data_type]. */
static zarrc_status split_field(const zarrc_json *field, const zarrc_json **name, const zarrc_json **type,
                                zarrc_error *error) {
  static const char *const keys[] = {"name", "data_type", NULL};
  if (zarrc_json_is(field, ZARRC_JSON_ARRAY)) {
    if (zarrc_json_length(field) != 2) {
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "expected a pair of name and data type");
    }
    *name = zarrc_json_at(field, 0);
    *type = zarrc_json_at(field, 1);
  } else {
    zarrc_status status = zarrc_json_check_keys(field, keys, error);
    if (status) return status;
    *name = zarrc_json_get(field, "name");
    *type = zarrc_json_get(field, "data_type");
    if (!*type) return zarrc_fail(error, ZARRC_INVALID_METADATA, "data_type is missing");
  }
  size_t n = 0;
  const char *text = zarrc_json_get_string(*name, &n);
  if (!text || strlen(text) != n) {
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "the name must be a string, without NUL");
  }
  return ZARRC_OK;
}

static int compare_names(const void *of, uint32_t a, uint32_t b) {
  const zarrc_fields *fields = of;
  return strcmp(fields->items[a].name, fields->items[b].name);
}

static zarrc_status check_names(const zarrc_fields *fields, zarrc_error *error) {
  uint32_t n = (uint32_t)fields->n, *index = zarrc_malloc(fields->ctx, n * sizeof *index);
  if (!index) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for %u fields", (unsigned)n);
  zarrc_status status = ZARRC_OK;
  zarrc_sort(index, n, compare_names, fields);
  for (uint32_t i = 1; i < n && !status; i++) {
    if (compare_names(fields, index[i - 1], index[i]) != 0) continue;
    char name[ZARRC_EXCERPT];
    zarrc_excerpt(name, fields->items[index[i]].name, strlen(fields->items[index[i]].name));
    status = zarrc_fail(error, ZARRC_INVALID_METADATA, "two fields have the name \"%s\"", name);
  }
  zarrc_free(fields->ctx, index);
  return status;
}

static zarrc_status read_field(zarrc_fields *fields, const zarrc_json *json, int nesting, char **names, uint32_t *size,
                               zarrc_error *error) {
  const zarrc_json *name = NULL, *type = NULL;
  zarrc_status status = split_field(json, &name, &type, error);
  if (status) return status;
  zarrc_field *field = &fields->items[fields->n];
  status = open_value(fields->ctx, type, nesting, &field->dtype, error);
  if (status) return status;
  fields->n++;
  size_t n = 0;
  const char *text = zarrc_json_get_string(name, &n);
  memcpy(*names, text, n + 1);
  field->name = *names;
  field->offset = *size;
  *names += n + 1;
  if (zarrc_dtype_is_variable(&field->dtype)) {
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "elements of variable length cannot be in a struct");
  }
  if (__builtin_add_overflow(*size, field->dtype.item_size, size)) {
    return zarrc_fail(error, ZARRC_LIMIT, "the struct is larger than 4 GiB");
  }
  return ZARRC_OK;
}

static zarrc_status read_struct(zarrc_ctx *ctx, const zarrc_json *configuration, int nesting, zarrc_dtype *out,
                                zarrc_error *error) {
  static const char *const keys[] = {"fields", NULL};
  zarrc_status status = zarrc_json_check_keys(configuration, keys, error);
  if (status) return status;
  if (nesting == MAX_NESTING) {
    return zarrc_fail(error, ZARRC_LIMIT, "structs are nested more than %d deep", MAX_NESTING);
  }
  const zarrc_json *list = zarrc_json_get(configuration, "fields");
  size_t n = zarrc_json_length(list), ntext = 0;
  if (!zarrc_json_is(list, ZARRC_JSON_ARRAY) || n == 0) {
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "fields must be an array with at least one field");
  }
  zarrc_json_text(list, &ntext); /* enough for the names, which are in it in quotes */
  zarrc_fields *fields = zarrc_malloc(ctx, sizeof *fields + n * sizeof *fields->items + ntext);
  if (!fields) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for %zu fields", n);
  *fields = (zarrc_fields){.ctx = ctx};
  atomic_init(&fields->owners, 1);

  char *names = (char *)(fields->items + n);
  uint32_t size = 0;
  for (size_t i = 0; i < n && !status; i++) {
    status = read_field(fields, zarrc_json_at(list, i), nesting + 1, &names, &size, error);
    if (status) zarrc_error_prefix(error, "field %zu: ", i);
  }
  if (!status) status = check_names(fields, error);
  if (status) {
    close_fields(fields);
    return status;
  }
  out->fields = fields;
  out->item_size = size;
  return ZARRC_OK;
}

/* Reads the name of a raw type: r8, r16, ...; *known is false if it is not r and a number. */
static zarrc_status read_raw_name(const char *name, bool *known, zarrc_dtype *out, zarrc_error *error) {
  uint64_t bits = 0;
  *known = name[0] == 'r' && name[1] >= '0' && name[1] <= '9';
  for (const char *p = name + 1; *known && *p; p++) {
    *known = *p >= '0' && *p <= '9';
    if (bits < (uint64_t)1 << 40) bits = bits * 10 + (uint64_t)(*p - '0');
  }
  if (!*known) return ZARRC_OK;
  if (bits / 8 > UINT32_MAX) return zarrc_fail(error, ZARRC_LIMIT, "elements of more than 4 GiB");
  if (bits == 0 || bits % 8 != 0 || name[1] == '0') {
    char text[ZARRC_EXCERPT];
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "data type \"%s\": the number of bits must be a multiple of 8",
                      zarrc_excerpt(text, name, strlen(name)));
  }
  *out = zarrc_dtype_of(ZARRC_RAW);
  out->item_size = (uint32_t)(bits / 8);
  out->spelling = SPELT_R;
  return ZARRC_OK;
}

static zarrc_status read_name(const zarrc_json *json, zarrc_dtype *out, zarrc_error *error) {
  size_t n = 0;
  const char *name = zarrc_json_get_string(json, &n);
  if (!name) return zarrc_fail(error, ZARRC_INVALID_METADATA, "the name of a data type must be a string");
  for (int i = 0; i < ZARRC_NTYPES; i++) {
    if (!zarrc_json_string_is(json, types[i].name)) continue;
    *out = zarrc_dtype_of((zarrc_type)i);
    return ZARRC_OK;
  }
  bool known = strlen(name) == n;
  zarrc_status status = ZARRC_OK;
  if (zarrc_json_string_is(json, "variable_length_bytes")) {
    *out = zarrc_dtype_of(ZARRC_BYTES);
    out->spelling = SPELT_VARIABLE_LENGTH;
  } else if (zarrc_json_string_is(json, "complex_float32") || zarrc_json_string_is(json, "complex_float64")) {
    *out = zarrc_dtype_of(zarrc_json_string_is(json, "complex_float32") ? ZARRC_COMPLEX64 : ZARRC_COMPLEX128);
    out->spelling = SPELT_COMPLEX_FLOAT;
  } else if (zarrc_json_string_is(json, "structured")) {
    *out = zarrc_dtype_of(ZARRC_STRUCT);
  } else if (known) {
    status = read_raw_name(name, &known, out, error);
  }
  if (status || known) return status;
  char text[ZARRC_EXCERPT];
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "unknown data type \"%s\"", zarrc_excerpt(text, name, n));
}

static zarrc_status read_configuration(zarrc_ctx *ctx, const zarrc_json *configuration, int nesting, zarrc_dtype *out,
                                       zarrc_error *error) {
  static const char *const none[] = {NULL};
  switch (out->type) {
  case ZARRC_RAW:
    if (out->spelling == SPELT_R) break;
    return read_length(configuration, out, error);
  case ZARRC_FIXED_UTF32:
  case ZARRC_NULL_TERMINATED:
    return read_length(configuration, out, error);
  case ZARRC_DATETIME64:
  case ZARRC_TIMEDELTA64:
    return read_time(configuration, out, error);
  case ZARRC_STRUCT:
    return read_struct(ctx, configuration, nesting, out, error);
  default:
    break;
  }
  return configuration ? zarrc_json_check_keys(configuration, none, error) : ZARRC_OK;
}

/* nesting: the number of structs around the value */
static zarrc_status open_value(zarrc_ctx *ctx, const zarrc_json *value, int nesting, zarrc_dtype *out,
                               zarrc_error *error) {
  static const char *const keys[] = {"name", "configuration", "must_understand", NULL};
  zarrc_dtype dtype = {0};
  zarrc_status status;
  bool bare = zarrc_json_is(value, ZARRC_JSON_STRING);
  if (!bare) {
    if (!zarrc_json_is(value, ZARRC_JSON_OBJECT)) {
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "a data type must be a string or an object, not %s",
                        zarrc_json_kind_name(zarrc_json_get_kind(value)));
    }
    status = zarrc_json_check_keys(value, keys, error);
    if (status) {
      zarrc_error_prefix(error, "data type: ");
      return status;
    }
  }
  status = read_name(bare ? value : zarrc_json_get(value, "name"), &dtype, error);
  if (status) return status;
  status = read_configuration(ctx, bare ? NULL : zarrc_json_get(value, "configuration"), nesting, &dtype, error);
  if (status) {
    zarrc_error_prefix(error, "data type \"%s\": ", types[dtype.type].name);
    return status;
  }
  *out = dtype;
  return ZARRC_OK;
}

zarrc_status zarrc_dtype_open_parsed(zarrc_ctx *ctx, const zarrc_json *value, zarrc_dtype *out, zarrc_error *error) {
  return open_value(ctx, value, 0, out, error);
}

zarrc_status zarrc_dtype_open(zarrc_ctx *ctx, const char *json, size_t n, zarrc_dtype *out, zarrc_error *error) {
  zarrc_json_doc *doc = NULL;
  zarrc_status status = zarrc_json_parse(ctx, json, n, NULL, &doc, error);
  if (status) {
    zarrc_error_prefix(error, "data type: ");
    return status;
  }
  status = zarrc_dtype_open_parsed(ctx, zarrc_json_root(doc), out, error);
  zarrc_json_close(doc);
  return status;
}

zarrc_status zarrc_dtype_parse(zarrc_ctx *ctx, const char *text, zarrc_dtype *out, zarrc_error *error) {
  size_t n = strlen(text), first = strspn(text, " \t\r\n");
  if (text[first] == '{' || text[first] == '"') return zarrc_dtype_open(ctx, text, n, out, error);
  zarrc_status status;
  zarrc_buf quoted = zarrc_buf_new(ctx, SIZE_MAX);
  status = zarrc_json_put_string(&quoted, text, n, error);
  if (!status) status = zarrc_dtype_open(ctx, (const char *)quoted.ptr, quoted.len, out, error);
  zarrc_buf_clear(&quoted);
  return status;
}

/* ----------------------------------------------------------------------------------------------------- writing */

static zarrc_status put_dtype(const zarrc_dtype *dtype, zarrc_buf *out, zarrc_error *error);

static zarrc_status put_fields(const zarrc_dtype *dtype, zarrc_buf *out, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < zarrc_dtype_nfields(dtype) && !status; i++) {
    const zarrc_field *field = zarrc_dtype_field(dtype, i);
    status = zarrc_buf_printf(out, error, "%s{\"name\": ", i ? ", " : "");
    if (!status) status = zarrc_json_put_string(out, field->name, strlen(field->name), error);
    if (!status) status = zarrc_buf_printf(out, error, ", \"data_type\": ");
    if (!status) status = put_dtype(&field->dtype, out, error);
    if (!status) status = zarrc_buf_append(out, "}", 1, error);
  }
  return status;
}

static zarrc_status put_dtype(const zarrc_dtype *dtype, zarrc_buf *out, zarrc_error *error) {
  const char *name = types[dtype->type].name;
  zarrc_status status;
  switch (dtype->type) {
  case ZARRC_RAW:
    if (dtype->spelling == SPELT_R) {
      return zarrc_buf_printf(out, error, "\"r%llu\"", 8 * (unsigned long long)dtype->item_size);
    }
    break;
  case ZARRC_FIXED_UTF32:
  case ZARRC_NULL_TERMINATED:
    break;
  case ZARRC_DATETIME64:
  case ZARRC_TIMEDELTA64:
    return zarrc_buf_printf(out, error,
                            "{\"name\": \"%s\", \"configuration\": {\"unit\": \"%s\", \"scale_factor\": %d}}", name,
                            time_units[dtype->time_unit], (int)dtype->time_scale);
  case ZARRC_STRUCT:
    status = zarrc_buf_printf(out, error, "{\"name\": \"struct\", \"configuration\": {\"fields\": [");
    if (!status) status = put_fields(dtype, out, error);
    return status ? status : zarrc_buf_append(out, "]}}", 3, error);
  default:
    if (dtype->type == ZARRC_BYTES && dtype->spelling == SPELT_VARIABLE_LENGTH) name = "variable_length_bytes";
    if (dtype->type == ZARRC_COMPLEX64 && dtype->spelling == SPELT_COMPLEX_FLOAT) name = "complex_float32";
    if (dtype->type == ZARRC_COMPLEX128 && dtype->spelling == SPELT_COMPLEX_FLOAT) name = "complex_float64";
    return zarrc_buf_printf(out, error, "\"%s\"", name);
  }
  return zarrc_buf_printf(out, error, "{\"name\": \"%s\", \"configuration\": {\"length_bytes\": %u}}", name,
                          (unsigned)dtype->item_size);
}

zarrc_status zarrc_dtype_to_json(const zarrc_dtype *dtype, zarrc_buf *out, zarrc_error *error) {
  size_t before = out->len;
  zarrc_status status = put_dtype(dtype, out, error);
  if (status) out->len = before;
  return status;
}

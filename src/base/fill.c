/* SPDX-License-Identifier: MIT */
/* Fill values from JSON. Zarr v3 core specification, "Fill value", and data type extensions. */
#include "base/fill.h"

#include "base/base64.h"
#include "base/decimal.h"
#include "base/floats.h"
#include "base/number_bits.h"
#include "base/text.h"

#include <math.h>
#include <string.h>
#include <strings.h>

typedef struct reader {
  zarrc_ctx *ctx;
  bool lenient;
  zarrc_arena *arena;
} reader;

typedef zarrc_status read_fn(const reader *r, const zarrc_dtype *dtype, const zarrc_json *json, uint8_t *element,
                             zarrc_error *error);

static read_fn read_element;

static zarrc_status refuse(const zarrc_json *json, const char *expected, zarrc_error *error) {
  size_t n = 0;
  const char *text = zarrc_json_text(json, &n);
  char found[ZARRC_EXCERPT];
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "expected %s, found %s", expected, zarrc_excerpt(found, text, n));
}

/* --------------------------------------------------------------------------------------------- reading numbers */

static zarrc_status read_bool(const reader *r, const zarrc_dtype *dtype, const zarrc_json *json, uint8_t *element,
                              zarrc_error *error) {
  (void)dtype;
  bool value = false, known = zarrc_json_get_bool(json, &value);
  double number = 0;
  size_t n = 0;
  if (!known && zarrc_json_get_double(json, &number)) {
    known = r->lenient;
    value = number != 0;
  } else if (!known && r->lenient) {
    known = zarrc_json_is(json, ZARRC_JSON_NULL) || zarrc_json_is(json, ZARRC_JSON_STRING);
    value = zarrc_json_get_string(json, &n) && n > 0;
  }
  if (!known) return refuse(json, "true or false", error);
  element[0] = value;
  return ZARRC_OK;
}

static bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static void trim(const char **text, size_t *n) {
  while (*n > 0 && is_space(**text)) ++*text, --*n;
  while (*n > 0 && is_space((*text)[*n - 1])) --*n;
}

static bool take_sign(const char **text, size_t *n) {
  if (*n == 0 || (**text != '-' && **text != '+')) return false;
  --*n;
  return *(*text)++ == '-';
}

/* Reads sign and digits; false: it is something else, or has more than 64 bits. */
static bool decimal_integer(const char *text, size_t n, bool *negative, uint64_t *magnitude) {
  uint64_t x = 0;
  *negative = take_sign(&text, &n);
  for (size_t i = 0; i < n; i++) {
    if (text[i] < '0' || text[i] > '9') return false;
    if (__builtin_mul_overflow(x, 10u, &x) || __builtin_add_overflow(x, (uint64_t)(text[i] - '0'), &x)) return false;
  }
  *magnitude = x;
  return n > 0;
}

static bool integer_of(const reader *r, const zarrc_json *json, bool *negative, uint64_t *magnitude) {
  size_t n = 0;
  const char *text = zarrc_json_text(json, &n);
  bool value;
  double real;
  switch (zarrc_json_get_kind(json)) {
  case ZARRC_JSON_INTEGER:
    return decimal_integer(text, n, negative, magnitude);
  case ZARRC_JSON_REAL:
    if (!zarrc_json_get_double(json, &real) || !(fabs(real) < 0x1p64)) return false;
    *negative = real < 0;
    *magnitude = (uint64_t)fabs(real);
    return (double)*magnitude == fabs(real);
  case ZARRC_JSON_BOOL:
    if (!r->lenient || !zarrc_json_get_bool(json, &value)) return false;
    *negative = false;
    *magnitude = value;
    return true;
  case ZARRC_JSON_STRING:
    if (!r->lenient) return false;
    text = zarrc_json_get_string(json, &n);
    trim(&text, &n);
    return decimal_integer(text, n, negative, magnitude);
  default:
    return false;
  }
}

static zarrc_status read_integer(const reader *r, const zarrc_dtype *dtype, const zarrc_json *json, uint8_t *element,
                                 zarrc_error *error) {
  bool negative = false, is_signed;
  unsigned nbits = zarrc_integer_nbits(dtype->type, &is_signed);
  uint64_t magnitude = 0, largest = UINT64_MAX >> (64 - nbits + is_signed);
  uint64_t below = is_signed ? largest + 1 : 0; /* the largest number after a minus sign */
  if (!integer_of(r, json, &negative, &magnitude) || magnitude > (negative ? below : largest)) {
    char expected[80];
    zarrc_buf words = zarrc_buf_over(expected, sizeof expected - 1);
    zarrc_buf_printf(&words, NULL, "an integer from %s%llu to %llu", below ? "-" : "", (unsigned long long)below,
                     (unsigned long long)largest);
    expected[words.len] = 0;
    return refuse(json, expected, error);
  }
  uint64_t bits = negative ? 0 - magnitude : magnitude;
  zarrc_store_bits(element, dtype->item_size, bits & UINT64_MAX >> (64 - nbits));
  return ZARRC_OK;
}

/* Reads "0x7fc00001", of the type's width. If lenient, text of the width of another type is converted from that. */
static bool hexadecimal(const reader *r, const char *text, size_t n, const zarrc_float_format *format, uint64_t *bits) {
  static const zarrc_type wide[] = {[2] = ZARRC_FLOAT16, [4] = ZARRC_FLOAT32, [8] = ZARRC_FLOAT64};
  uint64_t x = 0;
  bool known;
  if (n < 2 || text[0] != '0' || text[1] != 'x') return false;
  for (size_t i = 2; i < n; i++) {
    int digit = zarrc_hex_digit(text[i]);
    if (digit < 0) return false;
    x = x << 4 | (unsigned)digit;
  }
  size_t width = (n - 2) / 2;
  if (width == format->nbytes && n % 2 == 0) {
    *bits = x & UINT64_MAX >> (64 - format->nbits);
    return true;
  }
  if (!r->lenient || n % 2 != 0 || (width != 2 && width != 4 && width != 8)) return false;
  *bits = zarrc_float_bits(format, zarrc_float_value(zarrc_float_format_of(wide[width]), x), &known);
  return known;
}

/* Reads what Python's float() accepts, except underscores and non-ASCII digits. */
static bool float_text(const char *text, size_t n, double *out) {
  char copy[400];
  double value = 0;
  trim(&text, &n);
  bool negative = take_sign(&text, &n);
  if (n == 0 || n >= sizeof copy) return false;
  memcpy(copy, text, n);
  copy[n] = 0;
  if (strlen(copy) != n) return false;
  if (strcasecmp(copy, "nan") == 0) {
    value = NAN;
  } else if (strcasecmp(copy, "inf") == 0 || strcasecmp(copy, "infinity") == 0) {
    value = INFINITY;
  } else if (!strchr("0123456789.", copy[0]) || strspn(copy, "0123456789.eE+-") != n ||
             zarrc_decimal_read(copy, &value) != n) {
    return false;
  }
  *out = negative ? -value : value;
  return true;
}

static bool real_of(const reader *r, bool numbers_as_text, const zarrc_json *json, double *out) {
  size_t n = 0;
  bool truth = false;
  const char *text = zarrc_json_get_string(json, &n);
  if (zarrc_json_get_double(json, out)) return true;
  if (zarrc_json_is(json, ZARRC_JSON_REAL)) { /* NaN, Infinity or -Infinity, which are not JSON */
    text = zarrc_json_text(json, &n);
    return r->lenient && float_text(text, n, out);
  }
  bool negative = zarrc_json_string_is(json, "-Infinity");
  if (negative || zarrc_json_string_is(json, "Infinity")) {
    *out = negative ? -INFINITY : INFINITY;
    return true;
  }
  if (!r->lenient) return false;
  if (text) return numbers_as_text && float_text(text, n, out);
  bool known = zarrc_json_get_bool(json, &truth);
  *out = truth;
  return known;
}

static zarrc_status read_part(const reader *r, const zarrc_float_format *format, bool numbers_as_text,
                              const zarrc_json *json, uint8_t *element, zarrc_error *error) {
  uint64_t bits = format->nan;
  double value = 0;
  size_t n = 0;
  const char *text = zarrc_json_get_string(json, &n);
  bool known = (format->nan && zarrc_json_string_is(json, "NaN")) || (text && hexadecimal(r, text, n, format, &bits));
  if (!known && real_of(r, numbers_as_text, json, &value)) bits = zarrc_float_bits(format, value, &known);
  if (!known) {
    char expected[96];
    zarrc_buf words = zarrc_buf_over(expected, sizeof expected - 1);
    zarrc_buf_printf(&words, NULL, "a number%s%s%s or \"0x\" and %d digits",
                     format->specials == ZARRC_FLOAT_IEEE ? "" : " that the type has", format->nan ? ", \"NaN\"" : "",
                     format->specials == ZARRC_FLOAT_IEEE ? ", \"Infinity\", \"-Infinity\"" : "", 2 * format->nbytes);
    expected[words.len] = 0;
    return refuse(json, expected, error);
  }
  zarrc_store_bits(element, format->nbytes, bits);
  return ZARRC_OK;
}

static zarrc_status read_float(const reader *r, const zarrc_dtype *dtype, const zarrc_json *json, uint8_t *element,
                               zarrc_error *error) {
  return read_part(r, zarrc_float_format_of(dtype->type), true, json, element, error);
}

static zarrc_status read_complex(const reader *r, const zarrc_dtype *dtype, const zarrc_json *json, uint8_t *element,
                                 zarrc_error *error) {
  const zarrc_float_format *format = zarrc_float_format_of(dtype->type);
  if (!zarrc_json_is(json, ZARRC_JSON_ARRAY) || zarrc_json_length(json) != 2) {
    return refuse(json, "an array of the real and the imaginary part", error);
  }
  zarrc_status status = read_part(r, format, false, zarrc_json_at(json, 0), element, error);
  return status ? status : read_part(r, format, false, zarrc_json_at(json, 1), element + format->nbytes, error);
}

static zarrc_status read_time(const reader *r, const zarrc_dtype *dtype, const zarrc_json *json, uint8_t *element,
                              zarrc_error *error) {
  (void)r, (void)dtype;
  int64_t value = INT64_MIN;
  if (!zarrc_json_string_is(json, "NaT") && !zarrc_json_get_int64(json, &value)) {
    return refuse(json, "an integer of 64 bits or \"NaT\"", error);
  }
  memcpy(element, &value, sizeof value);
  return ZARRC_OK;
}

/* ---------------------------------------------------------------------------------------------- reading the rest */

/* Reads base64 or an array of integers. *n: the number of bytes, of which the first max are written to out. */
static zarrc_status read_octets(const reader *r, const zarrc_json *json, uint8_t *out, size_t max, size_t *n,
                                zarrc_error *error) {
  size_t ntext = 0;
  const char *text = zarrc_json_get_string(json, &ntext);
  if (text) {
    *n = zarrc_base64_decode(text, ntext, r->lenient, out, max);
    return *n == SIZE_MAX ? refuse(json, "base64", error) : ZARRC_OK;
  }
  if (!zarrc_json_is(json, ZARRC_JSON_ARRAY)) return refuse(json, "base64 or an array of bytes", error);
  *n = zarrc_json_length(json);
  for (size_t i = 0; i < *n; i++) {
    uint64_t byte;
    if (!zarrc_json_get_uint64(zarrc_json_at(json, i), &byte) || byte > 255) {
      return refuse(zarrc_json_at(json, i), "an integer from 0 to 255", error);
    }
    if (i < max) out[i] = (uint8_t)byte;
  }
  return ZARRC_OK;
}

/* Reads raw_bytes and null_terminated_bytes; shorter values are padded with zeros. */
static zarrc_status read_raw(const reader *r, const zarrc_dtype *dtype, const zarrc_json *json, uint8_t *element,
                             zarrc_error *error) {
  size_t n = 0, size = dtype->item_size;
  bool is_array = zarrc_json_is(json, ZARRC_JSON_ARRAY);
  if (is_array && dtype->type != ZARRC_RAW) return refuse(json, "base64", error);
  memset(element, 0, size);
  zarrc_status status = read_octets(r, json, element, size, &n, error);
  if (status) return status;
  if (is_array ? n == size : n <= size || r->lenient) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "%zu bytes given for an element of %zu", n, size);
}

static zarrc_status read_utf32(const reader *r, const zarrc_dtype *dtype, const zarrc_json *json, uint8_t *element,
                               zarrc_error *error) {
  size_t n = 0, nchars = 0;
  const char *text = zarrc_json_get_string(json, &n);
  if (!text) return refuse(json, "a string", error);
  memset(element, 0, dtype->item_size);
  for (size_t i = 0; i < n; nchars++) {
    uint32_t cp = 0;
    i += zarrc_char_next(text + i, n - i, &cp);
    if (nchars < dtype->item_size / 4) memcpy(element + 4 * nchars, &cp, 4);
  }
  if (nchars <= dtype->item_size / 4 || r->lenient) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "%zu characters given for an element of %zu", nchars,
                    (size_t)dtype->item_size / 4);
}

static zarrc_status take_text(const reader *r, size_t n, uint8_t **out, zarrc_error *error) {
  if (!r->arena) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "no arena for elements of variable length");
  return zarrc_arena_take(r->arena, n, out, error);
}

static zarrc_status read_string(const reader *r, const zarrc_dtype *dtype, const zarrc_json *json, uint8_t *element,
                                zarrc_error *error) {
  (void)dtype;
  char number[ZARRC_DECIMAL_MAX];
  size_t n = 0;
  bool truth = false;
  double value;
  const char *text = zarrc_json_get_string(json, &n);
  if (!text && r->lenient) { /* like Python's str() */
    if (zarrc_json_is(json, ZARRC_JSON_INTEGER)) {
      text = zarrc_json_text(json, &n);
    } else if (zarrc_json_get_double(json, &value) && isfinite(value)) {
      n = zarrc_decimal_write(number, value);
      text = number;
    } else if (zarrc_json_get_bool(json, &truth)) {
      text = truth ? "True" : "False";
      n = strlen(text);
    }
  }
  if (!text) return refuse(json, "a string", error);
  uint8_t *copy = NULL;
  zarrc_status status = take_text(r, n, &copy, error);
  if (status) return status;
  if (n) memcpy(copy, text, n);
  zarrc_text made = {copy, n};
  memcpy(element, &made, sizeof made);
  return ZARRC_OK;
}

static zarrc_status read_bytes(const reader *r, const zarrc_dtype *dtype, const zarrc_json *json, uint8_t *element,
                               zarrc_error *error) {
  (void)dtype;
  size_t n = 0;
  uint8_t *bytes = NULL;
  zarrc_status status = read_octets(r, json, NULL, 0, &n, error);
  if (!status) status = take_text(r, n, &bytes, error);
  if (!status) status = read_octets(r, json, bytes, n, &n, error);
  if (status) return status;
  zarrc_text made = {bytes, n};
  memcpy(element, &made, sizeof made);
  return ZARRC_OK;
}

static void write_default(const zarrc_dtype *dtype, uint8_t *element) {
  const int64_t not_a_time = INT64_MIN;
  memset(element, 0, dtype->item_size);
  if (dtype->type == ZARRC_DATETIME64 || dtype->type == ZARRC_TIMEDELTA64) {
    memcpy(element, &not_a_time, sizeof not_a_time);
  }
  for (size_t i = 0; i < zarrc_dtype_nfields(dtype); i++) {
    const zarrc_field *field = zarrc_dtype_field(dtype, i);
    write_default(&field->dtype, element + field->offset);
  }
}

/* Reads a struct from the base64 of its packed little-endian bytes. */
static zarrc_status read_packed(const reader *r, const zarrc_dtype *dtype, const zarrc_json *json, uint8_t *element,
                                zarrc_error *error) {
  size_t n = 0;
  zarrc_status status = read_octets(r, json, NULL, 0, &n, error);
  if (status) return status;
  if (n != dtype->item_size) {
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "%zu bytes given for a struct of %u", n,
                      (unsigned)dtype->item_size);
  }
  uint8_t *packed = zarrc_malloc(r->ctx, n);
  if (!packed) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a struct of %zu bytes", n);
  status = read_octets(r, json, packed, n, &n, error);
  if (!status) {
    zarrc_dtype native = *dtype, little = *dtype;
    native.endian = ZARRC_NATIVE;
    little.endian = ZARRC_LITTLE;
    zarrc_view to = zarrc_view_c(&native, 0, NULL, element), from = zarrc_view_c(&little, 0, NULL, packed);
    zarrc_copy(&to, &from);
  }
  zarrc_free(r->ctx, packed);
  return status;
}

static zarrc_status read_struct(const reader *r, const zarrc_dtype *dtype, const zarrc_json *json, uint8_t *element,
                                zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  if (zarrc_json_is(json, ZARRC_JSON_STRING)) return read_packed(r, dtype, json, element, error);
  if (!zarrc_json_is(json, ZARRC_JSON_OBJECT)) return refuse(json, "an object of fields or base64", error);
  write_default(dtype, element);
  for (size_t i = 0; i < zarrc_dtype_nfields(dtype) && !status; i++) {
    const zarrc_field *field = zarrc_dtype_field(dtype, i);
    const zarrc_json *value = zarrc_json_get(json, field->name);
    if (!value) continue;
    status = read_element(r, &field->dtype, value, element + field->offset, error);
    if (status) {
      char name[ZARRC_EXCERPT];
      zarrc_error_prefix(error, "field \"%s\": ", zarrc_excerpt(name, field->name, strlen(field->name)));
    }
  }
  return status;
}

/* NULL: numbers that zarr's core does not have */
static read_fn *const readers[ZARRC_NTYPES] = {
    [ZARRC_BOOL] = read_bool,         [ZARRC_INT8] = read_integer,        [ZARRC_INT16] = read_integer,
    [ZARRC_INT32] = read_integer,     [ZARRC_INT64] = read_integer,       [ZARRC_UINT8] = read_integer,
    [ZARRC_UINT16] = read_integer,    [ZARRC_UINT32] = read_integer,      [ZARRC_UINT64] = read_integer,
    [ZARRC_FLOAT16] = read_float,     [ZARRC_FLOAT32] = read_float,       [ZARRC_FLOAT64] = read_float,
    [ZARRC_COMPLEX64] = read_complex, [ZARRC_COMPLEX128] = read_complex,  [ZARRC_RAW] = read_raw,
    [ZARRC_FIXED_UTF32] = read_utf32, [ZARRC_NULL_TERMINATED] = read_raw, [ZARRC_DATETIME64] = read_time,
    [ZARRC_TIMEDELTA64] = read_time,  [ZARRC_STRUCT] = read_struct,       [ZARRC_STRING] = read_string,
    [ZARRC_BYTES] = read_bytes,
};

static zarrc_status read_element(const reader *r, const zarrc_dtype *dtype, const zarrc_json *json, uint8_t *element,
                                 zarrc_error *error) {
  read_fn *read = readers[dtype->type];
  if (!read)
    read = !zarrc_float_format_of(dtype->type)  ? read_integer
           : zarrc_type_is_complex(dtype->type) ? read_complex
                                                : read_float;
  return read(r, dtype, json, element, error);
}

/* Returns whether an array or object contains NaN or Infinity anywhere. */
static bool holds_nan(const zarrc_json *json) {
  bool found = false;
  double value;
  for (size_t i = 0; i < zarrc_json_length(json) && !found; i++) {
    const zarrc_json *item = zarrc_json_at(json, i);
    found = zarrc_json_is(item, ZARRC_JSON_REAL) ? !zarrc_json_get_double(item, &value) : holds_nan(item);
  }
  return found;
}

zarrc_status zarrc_fill_from_parsed(zarrc_ctx *ctx, const zarrc_dtype *dtype, const zarrc_json *value, bool lenient,
                                    zarrc_arena *arena, void *element, zarrc_error *error) {
  if (!lenient && holds_nan(value)) return refuse(value, "JSON, which has no NaN and no Infinity", error);
  return read_element(&(reader){.ctx = ctx, .lenient = lenient, .arena = arena}, dtype, value, element, error);
}

zarrc_status zarrc_fill_from_json(zarrc_ctx *ctx, const zarrc_dtype *dtype, const char *json, size_t n, bool lenient,
                                  zarrc_arena *arena, void *element, zarrc_error *error) {
  zarrc_json_doc *doc = NULL;
  zarrc_status status = zarrc_json_parse(ctx, json, n, lenient ? "+" : NULL, &doc, error);
  if (!status) status = zarrc_fill_from_parsed(ctx, dtype, zarrc_json_root(doc), lenient, arena, element, error);
  zarrc_json_close(doc);
  return status;
}

/* SPDX-License-Identifier: MIT */
/* Writing fill values, and any other element, as JSON. */
#include <zarrc/data.h>

#include "base/base64.h"
#include "base/floats.h"
#include "base/json.h"
#include "base/number_bits.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

/* element NULL: the default */
typedef zarrc_status write_fn(const zarrc_dtype *dtype, const uint8_t *element, zarrc_buf *out, zarrc_error *error);

static write_fn write_element;

static zarrc_status write_bool(const zarrc_dtype *dtype, const uint8_t *element, zarrc_buf *out, zarrc_error *error) {
  (void)dtype;
  return zarrc_buf_printf(out, error, element && element[0] ? "true" : "false");
}

static zarrc_status write_signed(const zarrc_dtype *dtype, const uint8_t *element, zarrc_buf *out, zarrc_error *error) {
  bool is_signed;
  unsigned spare = 64 - zarrc_integer_nbits(dtype->type, &is_signed);
  int64_t high = (int64_t)(zarrc_load_bits(element, dtype->item_size) << spare);
  return zarrc_buf_printf(out, error, "%lld", (long long)(high >> spare));
}

static zarrc_status write_unsigned(const zarrc_dtype *dtype, const uint8_t *element, zarrc_buf *out,
                                   zarrc_error *error) {
  bool is_signed;
  unsigned spare = 64 - zarrc_integer_nbits(dtype->type, &is_signed);
  unsigned long long value = zarrc_load_bits(element, dtype->item_size) & UINT64_MAX >> spare;
  return zarrc_buf_printf(out, error, "%llu", value);
}

static zarrc_status write_part(const zarrc_float_format *format, const uint8_t *element, zarrc_buf *out,
                               zarrc_error *error) {
  uint64_t bits = zarrc_load_bits(element, format->nbytes) & UINT64_MAX >> (64 - format->nbits);
  double value = zarrc_float_value(format, bits);
  if (isfinite(value)) return zarrc_json_put_double(out, value, error);
  if (isinf(value)) return zarrc_buf_printf(out, error, value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  if (bits == format->nan) return zarrc_buf_printf(out, error, "\"NaN\"");
  return zarrc_buf_printf(out, error, "\"0x%0*llx\"", 2 * format->nbytes, (unsigned long long)bits);
}

static zarrc_status write_float(const zarrc_dtype *dtype, const uint8_t *element, zarrc_buf *out, zarrc_error *error) {
  return write_part(zarrc_float_format_of(dtype->type), element, out, error);
}

static zarrc_status write_complex(const zarrc_dtype *dtype, const uint8_t *element, zarrc_buf *out,
                                  zarrc_error *error) {
  const zarrc_float_format *format = zarrc_float_format_of(dtype->type);
  zarrc_status status = zarrc_buf_append(out, "[", 1, error);
  if (!status) status = write_part(format, element, out, error);
  if (!status) status = zarrc_buf_append(out, ", ", 2, error);
  if (!status) status = write_part(format, element ? element + format->nbytes : NULL, out, error);
  return status ? status : zarrc_buf_append(out, "]", 1, error);
}

static zarrc_status write_time(const zarrc_dtype *dtype, const uint8_t *element, zarrc_buf *out, zarrc_error *error) {
  (void)dtype;
  long long value = element ? (long long)(int64_t)zarrc_load_bits(element, 8) : (long long)INT64_MIN;
  return zarrc_buf_printf(out, error, "%lld", value);
}

static zarrc_status write_base64(const uint8_t *bytes, size_t n, zarrc_buf *out, zarrc_error *error) {
  zarrc_status status = zarrc_buf_append(out, "\"", 1, error);
  if (!status) status = zarrc_base64_append(out, bytes, n, error);
  return status ? status : zarrc_buf_append(out, "\"", 1, error);
}

/* Writes raw bytes as the type's name requires: raw_bytes as base64, r16 as an array of integers. */
static zarrc_status write_raw(const zarrc_dtype *dtype, const uint8_t *element, zarrc_buf *out, zarrc_error *error) {
  size_t n = dtype->item_size;
  if (dtype->spelling == 0) return write_base64(element, n, out, error);
  zarrc_status status = zarrc_buf_append(out, "[", 1, error);
  for (size_t i = 0; i < n && !status; i++) {
    status = zarrc_buf_printf(out, error, "%s%u", i ? ", " : "", element ? element[i] : 0u);
  }
  return status ? status : zarrc_buf_append(out, "]", 1, error);
}

static zarrc_status write_null_terminated(const zarrc_dtype *dtype, const uint8_t *element, zarrc_buf *out,
                                          zarrc_error *error) {
  size_t n = element ? dtype->item_size : 0;
  while (n > 0 && element[n - 1] == 0) n--;
  return write_base64(element, n, out, error);
}

static zarrc_status write_utf32(const zarrc_dtype *dtype, const uint8_t *element, zarrc_buf *out, zarrc_error *error) {
  size_t n = element ? dtype->item_size / 4 : 0;
  while (n > 0 && zarrc_load_bits(element + 4 * (n - 1), 4) == 0) n--;
  zarrc_status status = zarrc_buf_append(out, "\"", 1, error);
  for (size_t i = 0; i < n && !status; i++) {
    char utf8[4], quoted[16];
    uint32_t cp = (uint32_t)zarrc_load_bits(element + 4 * i, 4);
    size_t len = zarrc_char_put(utf8, cp);
    if (len == 0) {
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "0x%08x at %zu is not a character", (unsigned)cp, i);
    }
    zarrc_buf one = zarrc_buf_over(quoted, sizeof quoted);
    status = zarrc_json_put_string(&one, utf8, len, error);
    if (!status) status = zarrc_buf_append(out, quoted + 1, one.len - 2, error);
  }
  return status ? status : zarrc_buf_append(out, "\"", 1, error);
}

static zarrc_text text_of(const uint8_t *element) {
  zarrc_text text = {0};
  if (element) memcpy(&text, element, sizeof text);
  return text;
}

static zarrc_status write_string(const zarrc_dtype *dtype, const uint8_t *element, zarrc_buf *out, zarrc_error *error) {
  (void)dtype;
  zarrc_text text = text_of(element);
  return zarrc_json_put_string(out, text.ptr ? (const char *)text.ptr : "", text.len, error);
}

static zarrc_status write_bytes(const zarrc_dtype *dtype, const uint8_t *element, zarrc_buf *out, zarrc_error *error) {
  (void)dtype;
  zarrc_text text = text_of(element);
  return write_base64(text.ptr, text.len, out, error);
}

static zarrc_status write_struct(const zarrc_dtype *dtype, const uint8_t *element, zarrc_buf *out, zarrc_error *error) {
  zarrc_status status = zarrc_buf_append(out, "{", 1, error);
  for (size_t i = 0; i < zarrc_dtype_nfields(dtype) && !status; i++) {
    const zarrc_field *field = zarrc_dtype_field(dtype, i);
    if (i) status = zarrc_buf_append(out, ", ", 2, error);
    if (!status) status = zarrc_json_put_string(out, field->name, strlen(field->name), error);
    if (!status) status = zarrc_buf_append(out, ": ", 2, error);
    if (!status) status = write_element(&field->dtype, element ? element + field->offset : NULL, out, error);
  }
  return status ? status : zarrc_buf_append(out, "}", 1, error);
}

/* NULL: numbers that zarr's core does not have */
static write_fn *const writers[ZARRC_NTYPES] = {
    [ZARRC_BOOL] = write_bool,
    [ZARRC_INT8] = write_signed,
    [ZARRC_INT16] = write_signed,
    [ZARRC_INT32] = write_signed,
    [ZARRC_INT64] = write_signed,
    [ZARRC_UINT8] = write_unsigned,
    [ZARRC_UINT16] = write_unsigned,
    [ZARRC_UINT32] = write_unsigned,
    [ZARRC_UINT64] = write_unsigned,
    [ZARRC_FLOAT16] = write_float,
    [ZARRC_FLOAT32] = write_float,
    [ZARRC_FLOAT64] = write_float,
    [ZARRC_COMPLEX64] = write_complex,
    [ZARRC_COMPLEX128] = write_complex,
    [ZARRC_RAW] = write_raw,
    [ZARRC_FIXED_UTF32] = write_utf32,
    [ZARRC_NULL_TERMINATED] = write_null_terminated,
    [ZARRC_DATETIME64] = write_time,
    [ZARRC_TIMEDELTA64] = write_time,
    [ZARRC_STRUCT] = write_struct,
    [ZARRC_STRING] = write_string,
    [ZARRC_BYTES] = write_bytes,
};

static zarrc_status write_element(const zarrc_dtype *dtype, const uint8_t *element, zarrc_buf *out,
                                  zarrc_error *error) {
  bool is_signed;
  write_fn *write = writers[dtype->type];
  if (!write && zarrc_float_format_of(dtype->type))
    write = zarrc_type_is_complex(dtype->type) ? write_complex : write_float;
  if (!write && zarrc_integer_nbits(dtype->type, &is_signed)) write = is_signed ? write_signed : write_unsigned;
  return write(dtype, element, out, error);
}

zarrc_status zarrc_fill_to_json(const zarrc_dtype *dtype, const void *element, zarrc_buf *out, zarrc_error *error) {
  size_t before = out->len;
  zarrc_status status = write_element(dtype, element, out, error);
  if (status) out->len = before;
  return status;
}

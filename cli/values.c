/* SPDX-License-Identifier: MIT */
#include "values.h"

#include "npy.h"
#include "signals.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {"npy", "raw", "csv", "json", "lines"};

bool cli_format_from_name(const char *name, cli_format *out) {
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (strcmp(names[i], name) != 0) continue;
    *out = (cli_format)i;
    return true;
  }
  return false;
}

bool cli_format_from_path(const char *path, cli_format *out) {
  const char *dot = strrchr(path, '.');
  if (!dot || strchr(dot, '/')) return false;
  if (strcmp(dot, ".bin") == 0) {
    *out = CLI_FORMAT_RAW;
    return true;
  }
  return cli_format_from_name(strcmp(dot, ".txt") == 0 ? "lines" : dot + 1, out);
}

const char *cli_format_name(cli_format format) {
  return names[format];
}

bool cli_format_is_binary(cli_format format) {
  return format == CLI_FORMAT_NPY || format == CLI_FORMAT_RAW;
}

zarrc_dtype cli_values_dtype(cli_format format, const zarrc_dtype *dtype) {
  zarrc_dtype memory = *dtype;
  memory.endian = ZARRC_NATIVE;
  if (cli_format_is_binary(format)) memory.endian = ZARRC_LITTLE;
  return memory;
}

/* ------------------------------------------------------------------------------------------------------- raw */

zarrc_status cli_texts_write(cli_output *out, const zarrc_text *texts, uint64_t nitems, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (uint64_t i = 0; i < nitems && !status; i++) {
    size_t n = texts[i].len;
    uint8_t length[4] = {(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24)};
    if (n > UINT32_MAX)
      return zarrc_fail(error, ZARRC_LIMIT, "an element of %zu bytes is longer than raw output can tell", n);
    status = cli_output_write(out, length, 4, error);
    if (!status) status = cli_output_write(out, texts[i].ptr, n, error);
  }
  return status;
}

zarrc_status cli_texts_read(const uint8_t *bytes, size_t n, zarrc_text *texts, uint64_t nitems, zarrc_error *error) {
  size_t at = 0;
  for (uint64_t i = 0; i < nitems; i++) {
    if (n - at < 4)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the input ends before the length of element %llu of %llu",
                        (unsigned long long)i, (unsigned long long)nitems);
    size_t len = bytes[at] | (size_t)bytes[at + 1] << 8 | (size_t)bytes[at + 2] << 16 | (size_t)bytes[at + 3] << 24;
    at += 4;
    if (n - at < len)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "element %llu of %zu bytes does not end inside the input",
                        (unsigned long long)i, len);
    texts[i] = (zarrc_text){bytes + at, len};
    at += len;
  }
  if (at < n)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%zu bytes behind the last of %llu elements", n - at,
                      (unsigned long long)nitems);
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------------ text */

/* Puts an element into values->text, as JSON with a NUL. */
static zarrc_status to_json(cli_values *values, const void *element, zarrc_error *error) {
  values->text.len = 0;
  zarrc_status status = zarrc_fill_to_json(values->dtype, element, &values->text, error);
  /* an element that is no value of the data type: the chunk is damaged */
  if (status == ZARRC_INVALID_ARGUMENT) {
    status = ZARRC_CORRUPT;
    if (error) error->code = status;
  }
  if (!status) status = zarrc_buf_append(&values->text, "", 1, error);
  return status;
}

static size_t put_utf8(char *out, uint32_t code) {
  if (code < 0x80) {
    out[0] = (char)code;
    return 1;
  }
  size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (size_t i = n - 1; i > 0; i--, code >>= 6) out[i] = (char)(0x80 | (code & 0x3f));
  out[0] = (char)((0xf00 >> n & 0xff) | code);
  return n;
}

static uint32_t hex4(const char *p) {
  uint32_t value = 0;
  for (int i = 0; i < 4; i++) value = value << 4 | (uint32_t)(p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
  return value;
}

/* Removes the quotes and escapes of a JSON string that the library has written, in place. Returns its length. */
static size_t unescape(char *text, size_t n) {
  static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
  char *out = text;
  for (const char *p = text + 1, *end = text + n - 1; p < end;) {
    if (*p != '\\') {
      *out++ = *p++;
    } else if (p[1] == 'u') {
      uint32_t code = hex4(p + 2);
      p += 6;
      if (code >= 0xd800 && code < 0xdc00 && p + 6 <= end) { /* the first half of a surrogate pair */
        code = 0x10000 + ((code - 0xd800) << 10) + (hex4(p + 2) - 0xdc00);
        p += 6;
      }
      out += put_utf8(out, code);
    } else {
      const char *known = strchr(from, p[1]);
      *out++ = known ? to[known - from] : p[1];
      p += 2;
    }
  }
  return (size_t)(out - text);
}

/* Writes the text of an element. On a terminal hidden characters, except line ends and tabs, are escaped as in JSON. */
static zarrc_status put_text(const cli_values *values, const char *text, size_t n, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  if (!values->out->terminal) return cli_output_write(values->out, text, n, error);
  for (size_t i = 0, len; i < n && !status; i += len) {
    char escape[8];
    uint32_t code = 0xfffd;
    len = cli_char_next(text + i, n - i, &code);
    snprintf(escape, sizeof escape, "\\u%04x", (unsigned)code);
    if (len == 0 || (cli_char_is_hidden(code) && code != '\n' && code != '\t'))
      status = cli_output_text(values->out, escape, error);
    else
      status = cli_output_write(values->out, text + i, len, error);
    if (len == 0) len = 1;
  }
  return status;
}

/* Writes a cell as in RFC 4180: a string without the quotes and escapes of JSON, any other element as JSON. */
static zarrc_status write_cell(cli_values *values, zarrc_error *error) {
  char *text = (char *)values->text.ptr;
  size_t n = strlen(text), at = 0;
  zarrc_status status;
  if (text[0] == '"') n = unescape(text, n);
  while (at < n && text[at] != ',' && text[at] != '"' && text[at] != '\n' && text[at] != '\r') at++;
  if (at == n) return put_text(values, text, n, error);
  status = cli_output_text(values->out, "\"", error);
  for (size_t i = 0, len; i < n && !status; i += len) { /* up to the next quote, which is doubled */
    const char *quote = memchr(text + i, '"', n - i);
    len = quote ? (size_t)(quote - text) - i + 1 : n - i;
    status = put_text(values, text + i, len, error);
    if (!status && quote) status = cli_output_text(values->out, "\"", error);
  }
  return status ? status : cli_output_text(values->out, "\"", error);
}

bool cli_values_is_text(const zarrc_dtype *dtype) {
  return dtype->type == ZARRC_STRING || dtype->type == ZARRC_FIXED_UTF32;
}

/* Writes an element on a line: as JSON, or as plain text. */
static zarrc_status write_line(cli_values *values, zarrc_error *error) {
  char *text = (char *)values->text.ptr;
  size_t n = strlen(text);
  if (values->scalars || !cli_values_is_text(values->dtype)) return put_text(values, text, n, error);
  n = unescape(text, n);
  if (!memchr(text, '\n', n)) return put_text(values, text, n, error);
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "lines cannot hold an element with a line end in it, which '%.*s' has",
                    (int)(n < 40 ? n : 40), text);
}

/* Writes what precedes the element at values->index. */
static zarrc_status write_before(cli_values *values, zarrc_error *error) {
  char text[2 * ZARRC_MAX_NDIM + 4];
  size_t n = 0;
  int opening = 0, ndim = values->ndim;
  while (opening < ndim && values->index[ndim - 1 - opening] == 0) opening++;
  bool first = opening == ndim;
  if (values->format == CLI_FORMAT_CSV && !first) text[n++] = opening > 0 ? '\n' : ',';
  if (values->format == CLI_FORMAT_JSON) {
    if (!first) text[n++] = ',';
    if (!first && opening > 0) text[n++] = '\n';
    if (!first && opening == 0) text[n++] = ' ';
    for (int i = 0; !first && opening > 0 && i < ndim - opening; i++) text[n++] = ' ';
    for (int i = 0; i < opening; i++) text[n++] = '[';
  }
  return n > 0 ? cli_output_write(values->out, text, n, error) : ZARRC_OK;
}

/* Writes what follows that element, and moves on to the next one. */
static zarrc_status write_behind(cli_values *values, zarrc_error *error) {
  char text[ZARRC_MAX_NDIM + 1];
  size_t n = 0;
  for (int axis = values->ndim - 1; axis >= 0 && ++values->index[axis] == values->shape[axis]; axis--) {
    values->index[axis] = 0;
    if (values->format == CLI_FORMAT_JSON) text[n++] = ']';
  }
  if (values->format == CLI_FORMAT_LINES) text[n++] = '\n';
  return n > 0 ? cli_output_write(values->out, text, n, error) : ZARRC_OK;
}

static zarrc_status write_text(cli_values *values, const void *element, zarrc_error *error) {
  zarrc_status status = to_json(values, element, error);
  if (!status) status = write_before(values, error);
  if (status) return status;
  if (values->format == CLI_FORMAT_CSV)
    status = write_cell(values, error);
  else if (values->format == CLI_FORMAT_LINES)
    status = write_line(values, error);
  else
    status = put_text(values, (const char *)values->text.ptr, values->text.len - 1, error);
  return status ? status : write_behind(values, error);
}

/* Writes the brackets of an array without elements: [[], []] for the shape 2,0. */
static zarrc_status write_empty(cli_values *values, int axis, zarrc_error *error) {
  zarrc_status status = cli_output_text(values->out, "[", error);
  for (int64_t i = 0; i < values->shape[axis] && !status; i++) {
    if (cli_canceled(NULL)) return zarrc_fail(error, ZARRC_CANCELED, "interrupted");
    if (i > 0) status = cli_output_text(values->out, ", ", error);
    if (!status) status = write_empty(values, axis + 1, error);
  }
  return status ? status : cli_output_text(values->out, "]", error);
}

/* -------------------------------------------------------------------------------------------------- all of it */

zarrc_status cli_values_begin(cli_values *values, zarrc_ctx *ctx, cli_format format, const zarrc_dtype *dtype, int ndim,
                              const int64_t *shape, cli_output *out, zarrc_error *error) {
  *values = (cli_values){.format = format, .dtype = dtype, .ndim = ndim, .out = out};
  values->text = zarrc_buf_new(ctx, SIZE_MAX / 2);
  for (int i = 0; i < ndim; i++) {
    values->shape[i] = shape[i];
    values->empty |= shape[i] == 0;
  }
  if (format == CLI_FORMAT_NPY) return cli_npy_write_header(out, dtype, ndim, shape, error);
  if (format == CLI_FORMAT_JSON && values->empty) return write_empty(values, 0, error);
  return ZARRC_OK;
}

zarrc_status cli_values_write(cli_values *values, const void *elements, uint64_t nitems, zarrc_error *error) {
  const uint8_t *p = elements;
  size_t size = values->dtype->item_size;
  zarrc_status status = ZARRC_OK;
  if (cli_format_is_binary(values->format)) {
    if (zarrc_dtype_is_variable(values->dtype)) return cli_texts_write(values->out, elements, nitems, error);
    return cli_output_write(values->out, elements, (size_t)nitems * size, error);
  }
  for (uint64_t i = 0; i < nitems && !status; i++, p += size) status = write_text(values, p, error);
  return status;
}

zarrc_status cli_values_end(cli_values *values, zarrc_error *error) {
  bool line = values->format == CLI_FORMAT_JSON || (values->format == CLI_FORMAT_CSV && !values->empty);
  return line ? cli_output_text(values->out, "\n", error) : ZARRC_OK;
}

void cli_values_close(cli_values *values) {
  zarrc_buf_clear(&values->text);
}

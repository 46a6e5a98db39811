/* SPDX-License-Identifier: MIT */
#include "base/decimal.h"
#include "base/json_scan.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

/* Appends the escape of a character. */
static zarrc_status put_escape(zarrc_buf *out, uint32_t cp, zarrc_error *error) {
  static const char chars[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
  const char *c = cp > 0 && cp < 0x7f ? strchr(chars, (int)cp) : NULL;
  if (c) return zarrc_buf_printf(out, error, "\\%c", names[c - chars]);
  if (cp < 0x10000) return zarrc_buf_printf(out, error, "\\u%04x", (unsigned)cp);
  cp -= 0x10000;
  return zarrc_buf_printf(out, error, "\\u%04x\\u%04x", (unsigned)(0xd800 + (cp >> 10)),
                          (unsigned)(0xdc00 + (cp & 0x3ff)));
}

zarrc_status zarrc_json_put_string(zarrc_buf *out, const char *text, size_t n, zarrc_error *error) {
  size_t before = out->len, plain = 0; /* text[plain, i) stands for itself */
  zarrc_status status = zarrc_buf_append(out, "\"", 1, error);
  for (size_t i = 0, len; i < n && !status; i += len) {
    uint32_t cp = 0;
    len = zarrc_char_next(text + i, n - i, &cp);
    if (len == 0) {
      status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "byte %zu of a string is not UTF-8", i);
      break;
    }
    if (cp >= 0x20 && cp < 0x7f && cp != '"' && cp != '\\') continue;
    if (i > plain) status = zarrc_buf_append(out, text + plain, i - plain, error);
    if (!status) status = put_escape(out, cp, error);
    plain = i + len;
  }
  if (!status && n > plain) status = zarrc_buf_append(out, text + plain, n - plain, error);
  if (!status) status = zarrc_buf_append(out, "\"", 1, error);
  if (status) out->len = before;
  return status;
}

zarrc_status zarrc_json_put_double(zarrc_buf *out, double value, zarrc_error *error) {
  if (!isfinite(value)) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "JSON has no number for infinity and NaN");
  char text[ZARRC_DECIMAL_MAX];
  return zarrc_buf_append(out, text, zarrc_decimal_write(text, value), error);
}

zarrc_status zarrc_json_layout(zarrc_buf *out, const char *text, size_t n, zarrc_error *error) {
  zarrc_json_scan scan = {.text = text, .nbytes = n, .loose = true};
  zarrc_json_event event, last = ZARRC_JSON_DONE;
  zarrc_status status = ZARRC_OK;
  size_t before = out->len;
  bool opened = false; /* the last event opened an array or object */
  while (!status) {
    status = zarrc_json_scan_next(&scan, &event, error);
    if (status || event == ZARRC_JSON_DONE) break;
    if (last == ZARRC_JSON_KEY)
      status = zarrc_buf_append(out, ": ", 2, error);
    else if (event != ZARRC_JSON_CLOSE && !opened && last != ZARRC_JSON_DONE)
      status = zarrc_buf_append(out, ", ", 2, error);
    if (!status) status = zarrc_buf_append(out, text + scan.start, scan.end - scan.start, error);
    last = event;
    opened = event == ZARRC_JSON_VALUE && (scan.kind == ZARRC_JSON_ARRAY || scan.kind == ZARRC_JSON_OBJECT);
  }
  if (status) out->len = before;
  return status;
}

static zarrc_status put_newline(zarrc_buf *out, size_t nspaces, zarrc_error *error) {
  zarrc_status status = zarrc_buf_reserve(out, nspaces + 1, error);
  if (status) return status;
  out->ptr[out->len] = '\n';
  memset(out->ptr + out->len + 1, ' ', nspaces);
  out->len += nspaces + 1;
  return ZARRC_OK;
}

/* Returns the end of the scalar, or of the key and its scalar, that begins at i. */
static size_t run_end(const char *line, size_t n, size_t i) {
  bool in_string = false;
  for (; i < n; i++) {
    char c = line[i];
    if (c == '"') in_string = !in_string;
    if (in_string && c == '\\') i++;
    if (!in_string && (c == ',' || c == '[' || c == ']' || c == '{' || c == '}')) return i;
  }
  return n;
}

zarrc_status zarrc_json_indent(zarrc_buf *out, const char *line, size_t n, int indent, zarrc_error *error) {
  size_t before = out->len, depth = 0, step = (size_t)indent, end;
  zarrc_status status = zarrc_buf_reserve(out, n, error);
  for (size_t i = 0; i < n && !status; i = end) {
    char c = line[i];
    bool opens = c == '{' || c == '[', closes = c == '}' || c == ']',
         empty = opens && i + 1 < n && line[i + 1] == c + 2;
    end = empty ? i + 2 : opens || closes || c == ',' ? i + 1 : run_end(line, n, i);
    if (closes && depth > 0) depth--;
    if (closes) status = put_newline(out, step * depth, error);
    if (!status) status = zarrc_buf_append(out, line + i, end - i, error);
    if (opens && !empty) depth++;
    if (!status && ((opens && !empty) || c == ',')) status = put_newline(out, step * depth, error);
    if (c == ',') end++; /* the space after it */
  }
  if (status) out->len = before;
  return status;
}

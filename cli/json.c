/* SPDX-License-Identifier: MIT */
#include "json.h"

#include "text.h"

#include <math.h>
#include <string.h>

bool cli_is_utf8_text(const char *text, size_t n) {
  size_t len = 1;
  for (size_t i = 0; i < n && len > 0; i += len) len = cli_char_next(text + i, n - i, NULL);
  return len > 0;
}

void cli_json_quote(FILE *out, const char *text, size_t n) {
  putc('"', out);
  for (size_t i = 0; i < n;) {
    uint32_t code;
    size_t len = cli_char_next(text + i, n - i, &code);
    if (len == 0) {
      fputs("\\ufffd", out);
      len = 1;
    } else if (code == '"' || code == '\\') {
      fprintf(out, "\\%c", (int)code);
    } else if (cli_char_is_hidden(code)) {
      fprintf(out, "\\u%04x", (unsigned)code);
    } else {
      fwrite(text + i, 1, len, out);
    }
    i += len;
  }
  putc('"', out);
}

static void put_key(cli_json *j, const char *key) {
  if (j->comma) fputs(", ", j->out);
  if (key) {
    cli_json_quote(j->out, key, strlen(key));
    fputs(": ", j->out);
  }
  j->comma = true;
}

void cli_json_open(cli_json *j, const char *key, char bracket) {
  put_key(j, key);
  putc(bracket, j->out);
  j->comma = false;
}

void cli_json_close(cli_json *j, char bracket) {
  putc(bracket, j->out);
  j->comma = true;
}

void cli_json_string(cli_json *j, const char *key, const char *text) {
  put_key(j, key);
  if (text)
    cli_json_quote(j->out, text, strlen(text));
  else
    fputs("null", j->out);
}

void cli_json_int(cli_json *j, const char *key, int64_t value) {
  put_key(j, key);
  fprintf(j->out, "%lld", (long long)value);
}

void cli_json_uint(cli_json *j, const char *key, uint64_t value) {
  put_key(j, key);
  fprintf(j->out, "%llu", (unsigned long long)value);
}

void cli_json_count(cli_json *j, const char *key, uint64_t value) {
  if (value != UINT64_MAX)
    cli_json_uint(j, key, value);
  else
    cli_json_raw(j, key, NULL, 0);
}

void cli_json_real(cli_json *j, const char *key, double value) {
  put_key(j, key);
  if (isfinite(value))
    fprintf(j->out, "%.6g", value);
  else
    fputs("null", j->out);
}

void cli_json_bool(cli_json *j, const char *key, bool value) {
  put_key(j, key);
  fputs(value ? "true" : "false", j->out);
}

void cli_json_print(FILE *out, const char *json, size_t n) {
  for (size_t i = 0, len; i < n; i += len) {
    uint32_t code;
    len = cli_char_next(json + i, n - i, &code);
    if (len == 0) {
      fputs("\\ufffd", out);
      len = 1;
    } else if (code >= 0x7f && cli_char_is_hidden(code)) { /* smaller ones are blanks between tokens */
      fprintf(out, "\\u%04x", (unsigned)code);
    } else {
      fwrite(json + i, 1, len, out);
    }
  }
}

/* Returns the length of NaN, Infinity or -Infinity, which JSON does not have; 0: something else follows. */
static size_t bare_word(const char *json, size_t n) {
  static const char *const words[] = {"NaN", "Infinity", "-Infinity"};
  for (size_t i = 0; i < 3; i++)
    if (n >= strlen(words[i]) && memcmp(json, words[i], strlen(words[i])) == 0) return strlen(words[i]);
  return 0;
}

/* Copies values as they are, and lays out the blanks between them as in the rest of the document, on one line. */
void cli_json_raw(cli_json *j, const char *key, const char *json, size_t n) {
  put_key(j, key);
  if (!json) fputs("null", j->out);
  for (size_t i = 0, len; json && i < n; i += len) {
    len = 1;
    if (json[i] == '"') { /* a string, up to its closing quote */
      while (i + len < n && json[i + len] != '"') len += json[i + len] == '\\' && i + len + 1 < n ? 2 : 1;
      if (i + len < n) len++;
      cli_json_print(j->out, json + i, len);
    } else if ((unsigned char)json[i] > ' ') {
      size_t word = bare_word(json + i, n - i);
      if (word > 0) len = word;
      fprintf(j->out, word > 0 ? "\"%.*s\"" : "%.*s", (int)len, json + i);
      if (json[i] == ',' || json[i] == ':') putc(' ', j->out);
    }
  }
}

void cli_json_dims(cli_json *j, const char *key, const int64_t *dims, int ndim) {
  cli_json_open(j, key, '[');
  for (int i = 0; i < ndim; i++) cli_json_int(j, NULL, dims[i]);
  cli_json_close(j, ']');
}

void cli_json_notes(cli_json *j, const zarrc_array *array) {
  const char *notice;
  cli_json_open(j, "notes", '[');
  for (size_t i = 0; (notice = zarrc_array_notice(array, i)) != NULL; i++) cli_json_string(j, NULL, notice);
  cli_json_close(j, ']');
}

void cli_json_begin(cli_json *j, FILE *out, const char *verb) {
  char schema[64];
  *j = (cli_json){.out = out};
  snprintf(schema, sizeof schema, "zarrc.%s/1", verb);
  cli_json_open(j, NULL, '{');
  cli_json_string(j, "schema", schema);
}

void cli_json_end(cli_json *j) {
  cli_json_close(j, '}');
  putc('\n', j->out);
}

/* ---------------------------------------------------------------------------------------------------- reading */

static size_t skip_blanks(const char *text, size_t at, size_t n) {
  while (at < n && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r')) at++;
  return at;
}

cli_span cli_json_value(const char *text, size_t n) {
  size_t start = skip_blanks(text, 0, n), at = start, depth = 0;
  while (at < n) {
    char ch = text[at];
    if (ch == '"') {
      for (at++; at < n && text[at] != '"'; at++)
        if (text[at] == '\\') at++;
      if (at >= n) return (cli_span){0};
      at++;
    } else if (ch == '[' || ch == '{') {
      depth++;
      at++;
    } else if (ch == ']' || ch == '}') {
      if (depth == 0) break;
      depth--;
      at++;
    } else if (depth == 0 && strchr(",: \t\r\n", ch)) {
      break;
    } else {
      at++;
      continue; /* inside a number, a word, or brackets */
    }
    if (depth == 0) break;
  }
  return at == start || depth > 0 ? (cli_span){0} : (cli_span){text + start, at - start};
}

bool cli_json_next(cli_span container, size_t *at, cli_span *key, cli_span *value) {
  const char *text = container.ptr;
  size_t n = container.len, i;
  if (!text || n < 2 || (text[0] != '{' && text[0] != '[')) return false;
  n--; /* the closing bracket */
  i = skip_blanks(text, *at == 0 ? 1 : *at, n);
  if (i < n && text[i] == ',') i = skip_blanks(text, i + 1, n);
  if (key) *key = (cli_span){0};
  if (text[0] == '{') {
    cli_span name = cli_json_value(text + i, n - i);
    if (!name.ptr || name.len < 2 || name.ptr[0] != '"') return false;
    if (key) *key = (cli_span){name.ptr + 1, name.len - 2};
    i = skip_blanks(text, (size_t)(name.ptr - text) + name.len, n);
    if (i >= n || text[i] != ':') return false;
    i++;
  }
  *value = cli_json_value(text + i, n - i);
  if (!value->ptr) return false;
  *at = (size_t)(value->ptr - text) + value->len;
  return true;
}

bool cli_span_is(cli_span span, const char *text) {
  return span.ptr && span.len == strlen(text) && memcmp(span.ptr, text, span.len) == 0;
}

cli_span cli_json_member(cli_span object, const char *key) {
  cli_span name, value;
  for (size_t at = 0; cli_json_next(object, &at, &name, &value);)
    if (cli_span_is(name, key) && object.ptr[0] == '{') return value;
  return (cli_span){0};
}

cli_span cli_json_plain(cli_span value) {
  if (value.ptr && value.len >= 2 && value.ptr[0] == '"' && !memchr(value.ptr, '\\', value.len))
    return (cli_span){value.ptr + 1, value.len - 2};
  return value;
}

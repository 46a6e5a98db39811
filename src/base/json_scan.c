/* SPDX-License-Identifier: MIT */
#include "base/json_scan.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { A_VALUE, A_VALUE_OR_CLOSE, A_KEY, A_KEY_OR_CLOSE, A_COMMA_OR_CLOSE, THE_END };

zarrc_status zarrc_json_scan_fail(const zarrc_json_scan *scan, size_t at, zarrc_error *error, const char *format, ...) {
  if (!error) return ZARRC_INVALID_METADATA;
  size_t line = 1, column = 1;
  for (size_t i = 0; i < at; i++) {
    if (scan->text[i] == '\n') {
      line++;
      column = 1;
    } else if (((uint8_t)scan->text[i] & 0xc0) != 0x80) {
      column++;
    }
  }
  char words[256];
  va_list args;
  va_start(args, format);
  (void)vsnprintf(words, sizeof words, format, args);
  va_end(args);
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "line %zu, column %zu: %s", line, column, words);
}

static zarrc_status fail_unexpected(const zarrc_json_scan *scan, size_t at, const char *expected, zarrc_error *error) {
  if (at >= scan->nbytes) return zarrc_json_scan_fail(scan, at, error, "expected %s, found the end", expected);
  const char *p = scan->text + at;
  if (at == 0 && scan->nbytes >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
    return zarrc_json_scan_fail(scan, at, error, "expected %s, found a byte order mark", expected);
  }
  size_t len = zarrc_char_next(p, scan->nbytes - at, NULL);
  if (len == 0 || (uint8_t)*p < 0x20 || *p == 0x7f) {
    return zarrc_json_scan_fail(scan, at, error, "expected %s, found byte 0x%02x", expected, (uint8_t)*p);
  }
  char found[ZARRC_EXCERPT];
  return zarrc_json_scan_fail(scan, at, error, "expected %s, found '%s'", expected, zarrc_excerpt(found, p, len));
}

/* Returns the number that four hexadecimal digits make; -1: they are none. */
static int32_t hex4(const char *p, size_t n) {
  if (n < 4) return -1;
  int32_t x = 0;
  for (int i = 0; i < 4; i++) {
    int v = zarrc_hex_digit(p[i]);
    if (v < 0) return -1;
    x = x << 4 | v;
  }
  return x;
}

/* Decodes the escape at p and returns its length; 0: it is malformed. A lone surrogate is returned as it is. */
static size_t escape(const char *p, size_t n, uint32_t *cp) {
  static const char names[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
  if (n < 2) return 0;
  if (p[1] != 'u') {
    const char *name = p[1] ? strchr(names, p[1]) : NULL;
    if (!name) return 0;
    *cp = (uint32_t)means[name - names];
    return 2;
  }
  int32_t high = hex4(p + 2, n - 2);
  if (high < 0) return 0;
  *cp = (uint32_t)high;
  if (high < 0xd800 || high > 0xdbff || n < 12 || p[6] != '\\' || p[7] != 'u') return 6;
  int32_t low = hex4(p + 8, n - 8);
  if (low < 0xdc00 || low > 0xdfff) return 6;
  *cp = 0x10000 + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
  return 12;
}

/* Skips ASCII characters that need no decoding. */
static size_t skip_plain(const char *text, size_t n, size_t i) {
  while (i < n && (uint8_t)text[i] >= 0x20 && (uint8_t)text[i] < 0x80 && text[i] != '"' && text[i] != '\\') i++;
  return i;
}

static zarrc_status scan_string(zarrc_json_scan *scan, zarrc_error *error) {
  size_t i = scan->at + 1, ndecoded = 0;
  for (;;) {
    size_t plain = skip_plain(scan->text, scan->nbytes, i);
    ndecoded += plain - i;
    i = plain;
    if (i >= scan->nbytes) return zarrc_json_scan_fail(scan, scan->at, error, "a string without end");
    uint8_t c = (uint8_t)scan->text[i];
    if (c == '"') break;
    if (c == '\\') {
      uint32_t cp = 0;
      char utf8[4];
      size_t len = escape(scan->text + i, scan->nbytes - i, &cp), nutf8 = zarrc_char_put(utf8, cp);
      if (len == 0) return zarrc_json_scan_fail(scan, i, error, "a malformed escape in a string");
      if (nutf8 == 0 && !scan->loose) {
        return zarrc_json_scan_fail(scan, i, error, "\\u%04x is half of a surrogate pair", (unsigned)cp);
      }
      i += len;
      ndecoded += nutf8;
    } else if (c < 0x20) {
      return zarrc_json_scan_fail(scan, i, error, "byte 0x%02x in a string", c);
    } else {
      size_t len = zarrc_char_next(scan->text + i, scan->nbytes - i, NULL);
      if (len == 0) return zarrc_json_scan_fail(scan, i, error, "byte 0x%02x is not UTF-8", c);
      i += len;
      ndecoded += len;
    }
  }
  scan->kind = ZARRC_JSON_STRING;
  scan->end = i + 1;
  scan->ndecoded = ndecoded;
  return ZARRC_OK;
}

static size_t skip_digits(const zarrc_json_scan *scan, size_t i) {
  while (i < scan->nbytes && scan->text[i] >= '0' && scan->text[i] <= '9') i++;
  return i;
}

static zarrc_status scan_number(zarrc_json_scan *scan, zarrc_error *error) {
  const char *text = scan->text;
  size_t n = scan->nbytes, i = scan->at, first;
  scan->kind = ZARRC_JSON_INTEGER;
  if (text[i] == '-') i++;
  first = i;
  i = skip_digits(scan, i);
  if (i == first) return fail_unexpected(scan, i, "a digit", error);
  if (text[first] == '0' && i > first + 1) {
    return zarrc_json_scan_fail(scan, first, error, "a number that begins with a zero");
  }
  if (i < n && text[i] == '.') {
    scan->kind = ZARRC_JSON_REAL;
    first = ++i;
    i = skip_digits(scan, i);
    if (i == first) return fail_unexpected(scan, i, "a digit", error);
  }
  if (i < n && (text[i] == 'e' || text[i] == 'E')) {
    scan->kind = ZARRC_JSON_REAL;
    i++;
    if (i < n && (text[i] == '+' || text[i] == '-')) i++;
    first = i;
    i = skip_digits(scan, i);
    if (i == first) return fail_unexpected(scan, i, "a digit", error);
  }
  scan->end = i;
  return ZARRC_OK;
}

static bool scan_word(zarrc_json_scan *scan) {
  static const struct {
    const char *word;
    zarrc_json_kind kind;
    bool loose;
  } words[] = {{"null", ZARRC_JSON_NULL, false},    {"true", ZARRC_JSON_BOOL, false},
               {"false", ZARRC_JSON_BOOL, false},   {"NaN", ZARRC_JSON_REAL, true},
               {"Infinity", ZARRC_JSON_REAL, true}, {"-Infinity", ZARRC_JSON_REAL, true}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    size_t len = strlen(words[i].word);
    if (scan->nbytes - scan->at < len || memcmp(scan->text + scan->at, words[i].word, len) != 0) continue;
    if (words[i].loose && !scan->loose && !scan->nan) continue;
    scan->kind = words[i].kind;
    scan->end = scan->at + len;
    return true;
  }
  return false;
}

static zarrc_status scan_value(zarrc_json_scan *scan, const char *expected, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  char c = scan->at < scan->nbytes ? scan->text[scan->at] : 0;
  if (c == '[' || c == '{') {
    if (scan->depth == ZARRC_JSON_MAX_DEPTH) {
      return zarrc_json_scan_fail(scan, scan->at, error, "nested more than %d deep", ZARRC_JSON_MAX_DEPTH);
    }
    scan->is_object[scan->depth++] = c == '{';
    scan->kind = c == '{' ? ZARRC_JSON_OBJECT : ZARRC_JSON_ARRAY;
    scan->end = scan->at + 1;
    scan->expect = c == '{' ? A_KEY_OR_CLOSE : A_VALUE_OR_CLOSE;
  } else {
    if (c == '"') {
      status = scan_string(scan, error);
    } else if ((c >= '0' && c <= '9') || !scan_word(scan)) {
      bool number = c == '-' || (c >= '0' && c <= '9');
      status = number ? scan_number(scan, error) : fail_unexpected(scan, scan->at, expected, error);
    }
    scan->expect = scan->depth ? A_COMMA_OR_CLOSE : THE_END;
  }
  return status;
}

static void skip_space(zarrc_json_scan *scan) {
  static const char indentation[] = "        ";
  const size_t width = sizeof indentation - 1;
  const char *p = scan->text + scan->at, *end = scan->text + scan->nbytes;
  if (p < end && (uint8_t)*p > ' ') return;
  if (p < end && *p == '\n') p++;
  while ((size_t)(end - p) >= width && memcmp(p, indentation, width) == 0) p += width;
  while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) p++;
  scan->at = (size_t)(p - scan->text);
}

static zarrc_status scan_key(zarrc_json_scan *scan, const char *expected, zarrc_error *error) {
  if (scan->at >= scan->nbytes || scan->text[scan->at] != '"') {
    return fail_unexpected(scan, scan->at, expected, error);
  }
  zarrc_status status = scan_string(scan, error);
  if (status) return status;
  scan->at = scan->end;
  skip_space(scan);
  if (scan->at >= scan->nbytes || scan->text[scan->at] != ':') return fail_unexpected(scan, scan->at, "':'", error);
  scan->at++;
  scan->expect = A_VALUE;
  return ZARRC_OK;
}

zarrc_status zarrc_json_scan_next(zarrc_json_scan *scan, zarrc_json_event *event, zarrc_error *error) {
  zarrc_status status;
  skip_space(scan);
  bool in_object = scan->depth > 0 && scan->is_object[scan->depth - 1];
  char c = scan->at < scan->nbytes ? scan->text[scan->at] : 0;
  if (scan->expect == A_COMMA_OR_CLOSE && c == ',') {
    scan->at++;
    scan->expect = in_object ? A_KEY : A_VALUE;
    skip_space(scan);
    c = 0; /* a comma cannot be followed by a closing bracket */
  }
  scan->start = scan->at;

  bool may_close =
      scan->expect == A_COMMA_OR_CLOSE || scan->expect == A_VALUE_OR_CLOSE || scan->expect == A_KEY_OR_CLOSE;
  if (may_close && c == (in_object ? '}' : ']')) {
    *event = ZARRC_JSON_CLOSE;
    scan->depth--;
    scan->expect = scan->depth ? A_COMMA_OR_CLOSE : THE_END;
    scan->at = scan->end = scan->start + 1;
    return ZARRC_OK;
  }
  switch (scan->expect) {
  case THE_END:
    *event = ZARRC_JSON_DONE;
    scan->end = scan->at;
    return scan->at < scan->nbytes ? fail_unexpected(scan, scan->at, "the end", error) : ZARRC_OK;
  case A_COMMA_OR_CLOSE:
    return fail_unexpected(scan, scan->at, in_object ? "',' or '}'" : "',' or ']'", error);
  case A_KEY:
  case A_KEY_OR_CLOSE:
    *event = ZARRC_JSON_KEY;
    return scan_key(scan, scan->expect == A_KEY ? "a key" : "a key or '}'", error);
  default:
    *event = ZARRC_JSON_VALUE;
    status = scan_value(scan, scan->expect == A_VALUE ? "a value" : "a value or ']'", error);
    scan->at = scan->end;
    return status;
  }
}

/* Decodes the next character of a string to UTF-8 and returns the number of bytes it takes up in the token. */
static size_t next_char(const char *p, size_t n, char utf8[4], size_t *nutf8) {
  if (*p != '\\') {
    utf8[0] = *p;
    *nutf8 = 1;
    return 1;
  }
  uint32_t cp = 0;
  size_t len = escape(p, n, &cp);
  *nutf8 = zarrc_char_put(utf8, cp);
  return len;
}

void zarrc_json_decode(const char *token, size_t n, char *out) {
  if (!memchr(token, '\\', n)) {
    memcpy(out, token + 1, n - 2);
    return;
  }
  for (size_t i = 1, nutf8; i + 1 < n;) {
    char utf8[4];
    i += next_char(token + i, n - 1 - i, utf8, &nutf8);
    memcpy(out, utf8, nutf8);
    out += nutf8;
  }
}

bool zarrc_json_token_is(const char *token, size_t n, const char *text) {
  size_t len = strlen(text);
  for (size_t i = 1, nutf8; i + 1 < n;) {
    char utf8[4];
    i += next_char(token + i, n - 1 - i, utf8, &nutf8);
    if (nutf8 > len || memcmp(utf8, text, nutf8) != 0) return false;
    text += nutf8;
    len -= nutf8;
  }
  return len == 0;
}

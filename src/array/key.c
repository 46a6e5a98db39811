/* SPDX-License-Identifier: MIT */
#include "array/key.h"

#include "array/document.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zarrc/plugin/store.h>

/* ------------------------------------------------------------------------------------------------- the encoding */

static zarrc_status parse_separator(const zarrc_json *value, const char *where, char *out, zarrc_error *error) {
  if (zarrc_json_string_is(value, "/"))
    *out = '/';
  else if (zarrc_json_string_is(value, "."))
    *out = '.';
  else
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "%s: must be \"/\" or \".\"", where);
  return ZARRC_OK;
}

zarrc_status zarrc_key_encoding_parse(const zarrc_json *value, zarrc_rules *rules, zarrc_key_encoding *out,
                                      zarrc_error *error) {
  static const char *const members[] = {"name", "configuration", "separator", "must_understand", NULL};
  static const char *const options[] = {"separator", NULL};
  const zarrc_json *name = zarrc_json_is(value, ZARRC_JSON_STRING) ? value : zarrc_json_get(value, "name");
  const zarrc_json *configuration = zarrc_json_get(value, "configuration");
  const zarrc_json *flat = zarrc_json_get(value, "separator");
  const zarrc_json *separator = zarrc_json_get(configuration, "separator");
  zarrc_key_encoding encoding = {.separator = '/'};
  zarrc_status status = ZARRC_OK;
  char seen[ZARRC_EXCERPT];
  if (!zarrc_json_is(name, ZARRC_JSON_STRING))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "/chunk_key_encoding: must be an object with a name");
  if (zarrc_json_string_is(name, "v2"))
    encoding = (zarrc_key_encoding){.v2 = true, .separator = '.'};
  else if (!zarrc_json_string_is(name, "default"))
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "/chunk_key_encoding/name: the encoding \"%s\" is not known",
                      zarrc_json_excerpt(name, seen));
  if (zarrc_json_is(value, ZARRC_JSON_OBJECT)) {
    status = zarrc_json_check_keys(value, members, error);
    if (!status && configuration) status = zarrc_json_check_keys(configuration, options, error);
    if (status) {
      zarrc_error_prefix(error, "/chunk_key_encoding: ");
      return status;
    }
  }
  if (flat && configuration)
    return zarrc_fail(error, ZARRC_INVALID_METADATA,
                      "/chunk_key_encoding: separator stands beside configuration, not in it");
  if (flat) status = zarrc_rules_bend(rules, error, "/chunk_key_encoding: separator does not stand in configuration");
  if (!status && flat)
    status = parse_separator(flat, "/chunk_key_encoding/separator", &encoding.separator, error);
  else if (!status && separator)
    status = parse_separator(separator, "/chunk_key_encoding/configuration/separator", &encoding.separator, error);
  if (!status) *out = encoding;
  return status;
}

zarrc_status zarrc_key_encoding_to_json(const zarrc_key_encoding *encoding, zarrc_buf *out, zarrc_error *error) {
  return zarrc_buf_printf(out, error, "{\"name\": \"%s\", \"configuration\": {\"separator\": \"%c\"}}",
                          encoding->v2 ? "v2" : "default", encoding->separator);
}

/* --------------------------------------------------------------------------------------------------------- keys */

/* Writes text to memory of fixed size. */
typedef struct writer {
  char *at, *end; /* end: the last byte, reserved for the NUL */
  bool full;
} writer;

static void put(writer *w, const char *text, size_t n) {
  if ((size_t)(w->end - w->at) < n) {
    w->full = true;
    n = (size_t)(w->end - w->at);
  }
  memcpy(w->at, text, n);
  w->at += n;
}

static void put_number(writer *w, int64_t x) {
  char digits[24], *p = digits + sizeof digits;
  uint64_t rest = (uint64_t)x;
  do {
    *--p = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  put(w, p, (size_t)(digits + sizeof digits - p));
}

zarrc_status zarrc_key_of_chunk(const zarrc_key_encoding *encoding, const char *path, int ndim, const int64_t *chunk,
                                char *buf, size_t nbytes, zarrc_error *error) {
  size_t npath = strlen(path);
  if (nbytes == 0) return zarrc_fail(error, ZARRC_LIMIT, "no room for the key of a chunk");
  writer w = {.at = buf, .end = buf + nbytes - 1};
  put(&w, path, npath);
  if (npath) put(&w, "/", 1);
  if (encoding->v2) {
    if (ndim == 0) put(&w, "0", 1);
  } else {
    put(&w, "c", 1);
  }
  for (int i = 0; i < ndim; i++) {
    if (i > 0 || !encoding->v2) put(&w, &encoding->separator, 1);
    put_number(&w, chunk[i]);
  }
  *w.at = 0;
  if (w.full) return zarrc_fail(error, ZARRC_LIMIT, "the key of a chunk needs more than %zu bytes", nbytes);
  return ZARRC_OK;
}

/* Reads a number in the form that put_number writes; NULL: there is none. */
static const char *take_number(const char *p, int64_t *out) {
  uint64_t x = 0;
  const char *start = p;
  for (; *p >= '0' && *p <= '9'; p++) {
    if (p - start >= 19) return NULL;
    x = x * 10 + (uint64_t)(*p - '0');
  }
  if (p == start || x > INT64_MAX || (*start == '0' && p - start > 1)) return NULL;
  *out = (int64_t)x;
  return p;
}

bool zarrc_key_to_chunk(const zarrc_key_encoding *encoding, const char *key, int ndim, int64_t *chunk) {
  const char *p = key;
  if (encoding->v2 && ndim == 0) return strcmp(key, "0") == 0;
  if (!encoding->v2 && *p++ != 'c') return false;
  for (int i = 0; i < ndim; i++) {
    if ((i > 0 || !encoding->v2) && *p++ != encoding->separator) return false;
    p = take_number(p, &chunk[i]);
    if (!p) return false;
  }
  return *p == 0;
}

zarrc_status zarrc_key_join(const char *path, const char *name, char *buf, size_t nbytes, zarrc_error *error) {
  int n = snprintf(buf, nbytes, "%s%s%s", path, *path && *name ? "/" : "", name);
  if (n < 0 || (size_t)n >= nbytes)
    return zarrc_fail(error, ZARRC_LIMIT, "a key below \"%.64s...\" needs more than %zu bytes", path, nbytes);
  return ZARRC_OK;
}

void zarrc_error_in_document(zarrc_error *error, const zarrc_store *store, const char *path, const char *name) {
  char key[ZARRC_MAX_KEY];
  if (!zarrc_key_join(path, name, key, sizeof key, NULL)) zarrc_error_in_key(error, store, key);
}

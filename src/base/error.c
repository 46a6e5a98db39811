/* SPDX-License-Identifier: MIT */
#include <zarrc/base.h>
#include <zarrc/plugin/blob.h>

#include "base/checked.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
  const char *name, *words;
  int exit_code;
} statuses[] = {
#define ZARRC_X(name, exit_code, words) {#name, words, exit_code},
    ZARRC_STATUSES(ZARRC_X)
#undef ZARRC_X
};

static size_t row(zarrc_status status) {
  return (size_t)status < sizeof statuses / sizeof *statuses ? (size_t)status : ZARRC_INTERNAL;
}

const char *zarrc_status_name(zarrc_status status) {
  return statuses[row(status)].name;
}

const char *zarrc_status_words(zarrc_status status) {
  return statuses[row(status)].words;
}

int zarrc_status_exit_code(zarrc_status status) {
  return statuses[row(status)].exit_code;
}

zarrc_status zarrc_status_of_errno(int os_error) {
  bool is_access = os_error == EACCES || os_error == EPERM || os_error == EROFS || os_error == EXDEV;
  return is_access ? ZARRC_ACCESS : os_error == ENOMEM ? ZARRC_NO_MEMORY : ZARRC_IO;
}

/* Returns whether a failure comes from the system or the network: it has an errno, and no codec is to blame. */
static bool is_outer(zarrc_status code) {
  return code == ZARRC_IO || code == ZARRC_ACCESS || code == ZARRC_NETWORK;
}

enum { MESSAGE = sizeof((zarrc_error *)0)->message };
_Static_assert(sizeof(zarrc_error) == 1600, "members are cut from `reserved`: the size stays");

#define SET(member, text) zarrc_text_fit((member), sizeof(member), (text))

/* Replaces what could control a terminal or break a decoder of UTF-8 by "?": control characters, those that change the
 * direction of text, and malformed bytes. */
static void make_harmless(char *text) {
  size_t n = strlen(text);
  for (size_t i = 0; i < n;) {
    uint32_t cp = 0;
    size_t len = zarrc_char_next(text + i, n - i, &cp);
    if (len == 0 || zarrc_char_is_hidden(cp)) {
      len = len ? len : 1;
      memset(text + i, '?', len);
    }
    i += len;
  }
}

zarrc_status zarrc_fail(zarrc_error *error, zarrc_status code, const char *format, ...) {
  if (!error) return code;
  int os_error = errno;
  char text[MESSAGE + 4]; /* longer than a message, so that text that is too long is noticed; arguments may point into
                           *error */
  va_list args;
  va_start(args, format);
  if (vsnprintf(text, sizeof text, format, args) < 0) snprintf(text, sizeof text, "%s", zarrc_status_words(code));
  va_end(args);
  make_harmless(text);
  error->code = code;
  error->os_error = is_outer(code) ? os_error : 0;
  error->http_status = 0;
  error->transient = false;
  error->retry_after_ms = 0;
  error->offset = -1;
  error->cause = 0;
  *error->store = *error->key = *error->chunk = *error->inner_chunk = *error->codec = *error->within = '\0';
  SET(error->message, text);
  memset(error->reserved, 0, sizeof error->reserved);
  errno = os_error;
  return code;
}

void zarrc_error_prefix(zarrc_error *error, const char *format, ...) {
  if (!error || error->code == ZARRC_OK) return;
  int os_error = errno;
  char text[2 * MESSAGE];
  bool outside = *error->codec;
  va_list args;
  va_start(args, format);
  int n = vsnprintf(text, MESSAGE, format, args);
  va_end(args);
  if (n > 0) {
    size_t at = n < MESSAGE ? (size_t)n : MESSAGE - 1;
    snprintf(text + at, sizeof text - at, "%s", outside ? error->within : error->message);
    make_harmless(text);
    if (outside)
      SET(error->within, text);
    else
      SET(error->message, text);
  }
  errno = os_error;
}

void zarrc_error_append(zarrc_error *error, const char *format, ...) {
  if (!error || error->code == ZARRC_OK) return;
  int os_error = errno;
  char text[2 * MESSAGE];
  size_t at = strlen(error->message);
  memcpy(text, error->message, at);
  va_list args;
  va_start(args, format);
  int n = vsnprintf(text + at, sizeof text - at, format, args);
  va_end(args);
  make_harmless(text);
  if (n > 0) SET(error->message, text);
  errno = os_error;
}

void zarrc_error_in_codec(zarrc_error *error, const char *name) {
  if (!error || error->code == ZARRC_OK || error->codec[0]) return;
  if (is_outer(error->code) || error->code == ZARRC_CANCELED) return;
  SET(error->codec, name);
}

void zarrc_error_in_inner_chunk(zarrc_error *error, const char *chunk, uint64_t offset) {
  if (!error || error->code == ZARRC_OK) return;
  char text[2 * sizeof error->inner_chunk];
  snprintf(text, sizeof text, "%s%s%s", chunk, *error->inner_chunk ? "/" : "", error->inner_chunk);
  SET(error->inner_chunk, text);
  int64_t within = error->offset > 0 ? error->offset : 0;
  if (offset > INT64_MAX || !zarrc_add_i64((int64_t)offset, within, &error->offset)) error->offset = -1;
}

/* ------------------------------------------------------------------------------------------------------ the text */

typedef struct writer {
  char text[ZARRC_ERROR_TEXT];
  size_t n;
} writer;

_Static_assert(ZARRC_ERROR_TEXT > sizeof(zarrc_error) + 100, "members, and the words between them");

static void put(writer *w, const char *text) {
  size_t n = strlen(text);
  memcpy(w->text + w->n, text, n + 1);
  w->n += n;
}

/* "data.zarr/a/c/3/7: " */
static void put_place(writer *w, const zarrc_error *error) {
  put(w, error->store);
  if (*error->store && *error->key && !strchr("/:", w->text[w->n - 1])) put(w, "/");
  put(w, error->key);
  if (w->n > 0) put(w, ": ");
}

/* "chunk 3,7, inner chunk 1,0, byte 512: " */
static void put_chunk(writer *w, const zarrc_error *error) {
  const char *comma = "";
  char byte[40];
  snprintf(byte, sizeof byte, "%" PRId64, error->offset);
  const struct {
    const char *what, *which;
  } parts[] = {
      {"chunk ", error->chunk}, {"inner chunk ", error->inner_chunk}, {"byte ", error->offset >= 0 ? byte : ""}};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    if (!*parts[i].which) continue;
    put(w, comma);
    put(w, parts[i].what);
    put(w, parts[i].which);
    comma = ", ";
  }
  if (*comma) put(w, ": ");
}

const char *zarrc_error_text(const zarrc_error *error, char *buffer, size_t size) {
  writer w = {.n = 0};
  w.text[0] = '\0';
  if (error->code != ZARRC_OK) {
    put_place(&w, error);
    put_chunk(&w, error);
    put(&w, error->within);
    if (*error->codec) {
      put(&w, "codec ");
      put(&w, error->codec);
      put(&w, ": ");
    }
    put(&w, *error->message ? error->message : zarrc_status_words(error->code));
    make_harmless(w.text);
  }
  size_t fits = 0;
  if (size == 0) return buffer;
  for (size_t len = 0; fits < w.n && fits + (len = zarrc_char_next(w.text + fits, w.n - fits, NULL)) < size;)
    fits += len;
  memcpy(buffer, w.text, fits);
  buffer[fits] = '\0';
  return buffer;
}

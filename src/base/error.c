/* SPDX-License-Identifier: MIT */
#include <zarrc/base.h>
#include <zarrc/plugin/blob.h>

#include "base/chars.h"
#include "base/checked.h"

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

/* Whether a failure is one of the system or of the network: it has an errno, and no codec is to blame. */
static bool is_outer(zarrc_status code) {
  return code == ZARRC_IO || code == ZARRC_ACCESS || code == ZARRC_NETWORK;
}

enum { MESSAGE = sizeof((zarrc_error *)0)->message };

/* What a name in a message may do to a terminal or to a decoder of UTF-8 ends here: control characters, those that
 * turn the direction of writing and malformed bytes become "?", and a sentence that is too long ends with "..." behind
 * its last whole character. */
static void set_message(char message[MESSAGE], char *text) {
  size_t n = strlen(text), fits = 0;
  for (size_t i = 0; i < n;) {
    uint32_t cp = 0;
    size_t len = zarrc_char_next(text + i, n - i, &cp);
    if (len == 0 || zarrc_char_is_hidden(cp)) {
      len = len ? len : 1;
      memset(text + i, '?', len);
    }
    i += len;
    if (i <= MESSAGE - 4) fits = i;
  }
  if (n < MESSAGE) {
    memcpy(message, text, n + 1);
  } else {
    memcpy(message, text, fits);
    memcpy(message + fits, "...", 4);
  }
}

zarrc_status zarrc_fail(zarrc_error *error, zarrc_status code, const char *format, ...) {
  if (!error) return code;
  int os_error = errno;
  char text[MESSAGE + 1]; /* one more than fits, so that it shows when it does not; arguments may lie in *error */
  va_list args;
  va_start(args, format);
  if (vsnprintf(text, sizeof text, format, args) < 0) snprintf(text, sizeof text, "%s", zarrc_status_words(code));
  va_end(args);
  *error = (zarrc_error){.code = code, .offset = -1};
  if (is_outer(code)) error->os_error = os_error;
  set_message(error->message, text);
  errno = os_error;
  return code;
}

void zarrc_error_prefix(zarrc_error *error, const char *format, ...) {
  if (!error || error->code == ZARRC_OK) return;
  int os_error = errno;
  char text[2 * MESSAGE];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(text, MESSAGE + 1, format, args);
  va_end(args);
  if (n > 0) {
    size_t at = n > MESSAGE ? MESSAGE : (size_t)n;
    snprintf(text + at, sizeof text - at, "%s", error->message);
    set_message(error->message, text);
  }
  errno = os_error;
}

void zarrc_error_in_codec(zarrc_error *error, const char *name) {
  if (!error || error->code == ZARRC_OK || error->codec[0]) return;
  if (is_outer(error->code) || error->code == ZARRC_CANCELED) return;
  snprintf(error->codec, sizeof error->codec, "%s", name);
  zarrc_error_prefix(error, "%s: ", name);
}

void zarrc_error_in_key(zarrc_error *error, const char *key) {
  char wanted[sizeof error->key];
  if (!error || error->code == ZARRC_OK) return;
  snprintf(wanted, sizeof wanted, "%s", key);
  if (!strcmp(error->key, wanted)) return;
  zarrc_error_prefix(error, "%s: ", key);
  memcpy(error->key, wanted, sizeof wanted);
}

void zarrc_error_in_chunk(zarrc_error *error, const char *chunk, uint64_t offset) {
  if (!error || error->code == ZARRC_OK) return;
  char inner[sizeof error->chunk];
  memcpy(inner, error->chunk, sizeof inner);
  int n = snprintf(error->chunk, sizeof error->chunk, "%s%s%s", chunk, inner[0] ? "/" : "", inner);
  if (n >= (int)sizeof error->chunk) memcpy(error->chunk + sizeof error->chunk - 4, "...", 4);
  int64_t within = error->offset > 0 ? error->offset : 0;
  if (offset > INT64_MAX || !zarrc_add_i64((int64_t)offset, within, &error->offset)) error->offset = -1;
  zarrc_error_prefix(error, "inner chunk %s at byte %" PRIu64 ": ", chunk, offset);
}

/* SPDX-License-Identifier: MIT */
#ifndef ZARRC_TESTS_SUPPORT_SAID_H
#define ZARRC_TESTS_SUPPORT_SAID_H

#include <zarrc/base.h>

#include <stdbool.h>
#include <string.h>

static inline const char *said_into(const zarrc_error *error, char text[ZARRC_ERROR_TEXT]) {
  return zarrc_error_text(error, text, ZARRC_ERROR_TEXT);
}

/* The whole text of an error. */
#define SAID(error) said_into(&(error), (char[ZARRC_ERROR_TEXT]){0})

static inline bool said_first(const zarrc_error *error, const char *begin) {
  char text[ZARRC_ERROR_TEXT];
  return !strncmp(said_into(error, text), begin, strlen(begin));
}

static inline bool said_last(const zarrc_error *error, const char *end) {
  char text[ZARRC_ERROR_TEXT];
  size_t n = strlen(said_into(error, text)), m = strlen(end);
  return n >= m && !strcmp(text + n - m, end);
}

#endif

/* SPDX-License-Identifier: MIT */
/* JSON for the command: writes result documents, and walks through text that the library has found valid. */
#ifndef ZARRC_CLI_JSON_H
#define ZARRC_CLI_JSON_H

#include <stdio.h>
#include <zarrc/zarrc.h>

/* ---------------------------------------------------------------------------------------------------- writing */

/* A document that is being written. key NULL: an item of an array, or the document itself. */
typedef struct cli_json {
  FILE *out;
  bool comma; /* the current level has members already */
} cli_json;

void cli_json_open(cli_json *j, const char *key, char bracket);
void cli_json_close(cli_json *j, char bracket);
void cli_json_string(cli_json *j, const char *key, const char *text); /* text NULL: null */
void cli_json_int(cli_json *j, const char *key, int64_t value);
void cli_json_uint(cli_json *j, const char *key, uint64_t value);
void cli_json_count(cli_json *j, const char *key, uint64_t value); /* UINT64_MAX: null, for "very many" */
void cli_json_real(cli_json *j, const char *key, double value);
void cli_json_bool(cli_json *j, const char *key, bool value);
/* json: a value that the library has found valid; NULL: null. NaN, Infinity and -Infinity, which the library accepts,
 * are written as strings, as in fill values. */
void cli_json_raw(cli_json *j, const char *key, const char *json, size_t n);
void cli_json_dims(cli_json *j, const char *key, const int64_t *dims, int ndim);
/* "notes": a sentence for each rule that the stored metadata bend. */
void cli_json_notes(cli_json *j, const zarrc_array *array);
/* Begins a document: {"schema": "zarrc.VERB/1" */
void cli_json_begin(cli_json *j, FILE *out, const char *verb);
void cli_json_end(cli_json *j);

/* Prints a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD. */
void cli_json_quote(FILE *out, const char *text, size_t n);
/* Prints JSON text unchanged, except that characters which could control a terminal are escaped. */
void cli_json_print(FILE *out, const char *json, size_t n);
bool cli_is_utf8_text(const char *text, size_t n);

/* ---------------------------------------------------------------------------------------------------- reading */

/* A piece of JSON text. ptr NULL: none. */
typedef struct cli_span {
  const char *ptr;
  size_t len;
} cli_span;

/* Returns the value that text begins with, without blanks around it; ptr NULL if there is none. Checks only that
 * brackets are balanced and strings closed. */
cli_span cli_json_value(const char *text, size_t n);
/* Returns the next member of an object, or item of an array; false after the last. *at is 0 at first. key: without its
 * quotes. */
bool cli_json_next(cli_span container, size_t *at, cli_span *key, cli_span *value);
cli_span cli_json_member(cli_span object, const char *key);
bool cli_span_is(cli_span span, const char *text);
/* Returns a string without its quotes if it has no escapes; any other value as it is. */
cli_span cli_json_plain(cli_span value);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * JSON for the command: writing result documents, and walking through text that the library has already found valid.
 */
#ifndef ZARRC_CLI_JSON_H
#define ZARRC_CLI_JSON_H

#include <stdio.h>
#include <zarrc/zarrc.h>

/* ---------------------------------------------------------------------------------------------------- writing */

/* A document being written. key NULL: an item of an array, or the document itself. */
typedef struct cli_json {
  FILE *out;
  bool comma; /* something stands in front on this level */
} cli_json;

void cli_json_open(cli_json *j, const char *key, char bracket);
void cli_json_close(cli_json *j, char bracket);
void cli_json_string(cli_json *j, const char *key, const char *text); /* text NULL: null */
void cli_json_int(cli_json *j, const char *key, int64_t value);
void cli_json_uint(cli_json *j, const char *key, uint64_t value);
void cli_json_count(cli_json *j, const char *key, uint64_t value); /* UINT64_MAX, more than can be told: null */
void cli_json_real(cli_json *j, const char *key, double value);
void cli_json_bool(cli_json *j, const char *key, bool value);
/* json: a value that the library has found valid, NULL: null. NaN, Infinity and -Infinity, which are taken there,
 * become strings, as in fill values. */
void cli_json_raw(cli_json *j, const char *key, const char *json, size_t n);
void cli_json_dims(cli_json *j, const char *key, const int64_t *dims, int ndim);
/* The start of every document: {"schema": "zarrc.VERB/1" */
void cli_json_begin(cli_json *j, FILE *out, const char *verb);
void cli_json_end(cli_json *j);

/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void cli_json_quote(FILE *out, const char *text, size_t n);
/* JSON text as it is, but for characters that a terminal might obey: they are escaped. */
void cli_json_print(FILE *out, const char *json, size_t n);
bool cli_is_utf8_text(const char *text, size_t n);

/* ---------------------------------------------------------------------------------------------------- reading */

/* A stretch of JSON text. ptr NULL: nothing there. */
typedef struct cli_span {
  const char *ptr;
  size_t len;
} cli_span;

/* The value that text begins with, without blanks around it; ptr NULL where there is none. Balanced brackets and
 * closed strings are all that is checked. */
cli_span cli_json_value(const char *text, size_t n);
/* Goes through the members of an object or the items of an array: *at starts as 0. key: the text between the quotes.
 * false: no more. */
bool cli_json_next(cli_span container, size_t *at, cli_span *key, cli_span *value);
cli_span cli_json_member(cli_span object, const char *key);
bool cli_span_is(cli_span span, const char *text);
/* A string value without its quotes, when it has no escapes; else the value as it is. */
cli_span cli_json_plain(cli_span value);

#endif

/* SPDX-License-Identifier: MIT */
/* The grammar of JSON (RFC 8259), event by event, without memory and recursion. Checks everything but duplicate
 * keys. */
#ifndef ZARRC_BASE_JSON_SCAN_H
#define ZARRC_BASE_JSON_SCAN_H

#include "base/json.h"

#define ZARRC_JSON_MAX_DEPTH 256

typedef enum zarrc_json_event {
  ZARRC_JSON_VALUE, /* a scalar, or the start of an array or object: see kind */
  ZARRC_JSON_KEY,   /* the key of the next value */
  ZARRC_JSON_CLOSE, /* the end of the innermost array or object */
  ZARRC_JSON_DONE
} zarrc_json_event;

/* Set text, nbytes and loose, and zero the rest. */
typedef struct zarrc_json_scan {
  const char *text;
  size_t nbytes;
  bool nan;   /* accept NaN, Infinity and -Infinity; may change between events */
  bool loose; /* also accept lone surrogates; may change between events */

  /* the last event */
  zarrc_json_kind kind;
  size_t start, end; /* its position in text; of an array or object, that of the bracket */
  size_t ndecoded;   /* decoded length of a string or key */

  unsigned depth; /* arrays and objects that are open */
  size_t at;
  int expect;
  bool is_object[ZARRC_JSON_MAX_DEPTH];
} zarrc_json_scan;

zarrc_status zarrc_json_scan_next(zarrc_json_scan *scan, zarrc_json_event *event, zarrc_error *error);
/* Fails with ZARRC_INVALID_METADATA and the line and column of position `at`. */
zarrc_status zarrc_json_scan_fail(const zarrc_json_scan *scan, size_t at, zarrc_error *error, const char *format, ...)
    ZARRC_PRINTF(4, 5);

/* Decode a scanned string or key, given with its quotes, to out, which has room for ndecoded bytes; compare it with
 * text. Not for strings that were scanned loosely. */
void zarrc_json_decode(const char *token, size_t n, char *out);
bool zarrc_json_token_is(const char *token, size_t n, const char *text);

#endif

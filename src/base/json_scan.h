/* SPDX-License-Identifier: MIT */
/* The grammar of JSON (RFC 8259), one event at a time: no memory, no recursion, everything checked but duplicate keys.
 */
#ifndef ZARRC_BASE_JSON_SCAN_H
#define ZARRC_BASE_JSON_SCAN_H

#include "base/json.h"

#define ZARRC_JSON_MAX_DEPTH 256

typedef enum zarrc_json_event {
  ZARRC_JSON_VALUE, /* a scalar, or the opening of an array or object: see kind */
  ZARRC_JSON_KEY,   /* of the member whose value comes next */
  ZARRC_JSON_CLOSE, /* of the innermost array or object */
  ZARRC_JSON_DONE
} zarrc_json_event;

/* Set text, nbytes and loose, zero the rest. */
typedef struct zarrc_json_scan {
  const char *text;
  size_t nbytes;
  bool nan;   /* take NaN, Infinity, -Infinity; may be changed between events */
  bool loose; /* take NaN, Infinity, -Infinity and lone surrogates; may be changed between events */

  /* the last event */
  zarrc_json_kind kind;
  size_t start, end; /* where it stands in text; of an opening or closing the bracket alone */
  size_t ndecoded;   /* bytes of a string or key when decoded */

  unsigned depth; /* arrays and objects that are open */
  size_t at;
  int expect;
  bool is_object[ZARRC_JSON_MAX_DEPTH];
} zarrc_json_scan;

zarrc_status zarrc_json_scan_next(zarrc_json_scan *scan, zarrc_json_event *event, zarrc_error *error);
/* ZARRC_INVALID_METADATA, with line and column of a place in the text. */
zarrc_status zarrc_json_scan_fail(const zarrc_json_scan *scan, size_t at, zarrc_error *error, const char *format, ...)
    ZARRC_PRINTF(4, 5);

/* Strings and keys as they stand in text, quotes included, once scanned (not loosely): decoded into out, which has
 * room for ndecoded bytes; and compared with text. */
void zarrc_json_decode(const char *token, size_t n, char *out);
bool zarrc_json_token_is(const char *token, size_t n, const char *text);

#endif

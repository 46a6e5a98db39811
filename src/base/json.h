/* SPDX-License-Identifier: MIT */
/*
 * JSON (RFC 8259, UTF-8): parsing and writing. Refused are: nesting deeper than 256, comments, NaN and Infinity (but
 * see `opaque`), text after the document, invalid UTF-8, a byte order mark, and duplicate keys. Integers of more than
 * 64 bits are accepted, and are available as doubles or as text.
 */
#ifndef ZARRC_BASE_JSON_H
#define ZARRC_BASE_JSON_H

#include <zarrc/base.h>

typedef struct zarrc_json_doc zarrc_json_doc; /* a document, with a copy of its text */
typedef struct zarrc_json zarrc_json;         /* a value, which belongs to its document */

typedef enum zarrc_json_kind {
  ZARRC_JSON_NULL,
  ZARRC_JSON_BOOL,
  ZARRC_JSON_INTEGER, /* a number without fraction or exponent */
  ZARRC_JSON_REAL,
  ZARRC_JSON_STRING,
  ZARRC_JSON_ARRAY,
  ZARRC_JSON_OBJECT
} zarrc_json_kind;

/* Parses n bytes of text, in linear time and memory.
 *
 * opaque (may be NULL) lists names of members of the outermost object, separated by spaces, whose values need only have
 * valid syntax. They may contain NaN, Infinity and duplicate keys, and only their kind and zarrc_json_text are
 * available. A last name may follow a plus sign: its value is parsed like any other, but NaN and Infinity are allowed
 * (and zarrc_json_get_double refuses them). "+" alone allows them in the whole document.
 *
 * ZARRC_INVALID_METADATA: invalid, with line and column; ZARRC_LIMIT: too many values or members; ZARRC_CANCELED. */
zarrc_status zarrc_json_parse(zarrc_ctx *ctx, const char *text, size_t n, const char *opaque, zarrc_json_doc **out,
                              zarrc_error *error);
void zarrc_json_close(zarrc_json_doc *doc);
const zarrc_json *zarrc_json_root(const zarrc_json_doc *doc);

zarrc_json_kind zarrc_json_get_kind(const zarrc_json *value);
const char *zarrc_json_kind_name(zarrc_json_kind kind);            /* "an integer", "an object": for messages */
bool zarrc_json_is(const zarrc_json *value, zarrc_json_kind kind); /* false for NULL */
/* Returns the text of a value exactly as it is in the document. */
const char *zarrc_json_text(const zarrc_json *value, size_t *n);

/* Get a value; false: it is of another kind, or out of range. A real, a string or a boolean is never an integer. */
bool zarrc_json_get_bool(const zarrc_json *value, bool *out);
bool zarrc_json_get_int64(const zarrc_json *value, int64_t *out);
bool zarrc_json_get_uint64(const zarrc_json *value, uint64_t *out);
bool zarrc_json_get_double(const zarrc_json *value, double *out); /* any number, correctly rounded */
/* Returns the decoded string, n bytes (which may contain NULs) and a final NUL; NULL: it is of another kind. */
const char *zarrc_json_get_string(const zarrc_json *value, size_t *n);
bool zarrc_json_string_is(const zarrc_json *value, const char *text);

size_t zarrc_json_length(const zarrc_json *value);                           /* items or members; 0: a scalar */
const zarrc_json *zarrc_json_at(const zarrc_json *value, size_t i);          /* the i-th item, or member's value */
const char *zarrc_json_key(const zarrc_json *object, size_t i);              /* in the order of the document */
const zarrc_json *zarrc_json_get(const zarrc_json *object, const char *key); /* NULL: absent, or not an object */

/* Returns ZARRC_INVALID_METADATA, and names the member, unless value is an object with only keys of the list, which
 * ends with NULL. */
zarrc_status zarrc_json_check_keys(const zarrc_json *value, const char *const *allowed, zarrc_error *error);

/* Returns the first key from the *at-th member on that is not in the list, which ends with NULL, and sets *at to the
 * member behind it; NULL: there is none. */
const char *zarrc_json_unknown_key(const zarrc_json *object, const char *const *allowed, size_t *at);

/* Append a string in quotes, with everything beyond ASCII \u-escaped; append the shortest decimal that reads back as
 * the same double, spelled like Python's repr (1.0, 1e+16). value must be finite. */
zarrc_status zarrc_json_put_string(zarrc_buf *out, const char *text, size_t n, zarrc_error *error);
zarrc_status zarrc_json_put_double(zarrc_buf *out, double value, zarrc_error *error);
/* Appends JSON text on one line with ", " and ": ", like Python's json.dumps. Numbers and strings keep their spelling,
 * members their order. Accepts NaN, Infinity and lone surrogates. */
zarrc_status zarrc_json_layout(zarrc_buf *out, const char *text, size_t n, zarrc_error *error);
/* Appends the output of zarrc_json_layout in indented lines, like json.dumps(indent=...). */
zarrc_status zarrc_json_indent(zarrc_buf *out, const char *line, size_t n, int indent, zarrc_error *error);

#endif

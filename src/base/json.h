/* SPDX-License-Identifier: MIT */
/*
 * JSON, read and written. Documents are RFC 8259, UTF-8, at most 256 deep; comments, NaN and Infinity, trailing text,
 * NUL, invalid UTF-8, a byte order mark, keys that occur twice in one object, and integers that fit neither int64 nor
 * uint64 (unless a caller reads them as a double or as text) are refused or never silently changed.
 */
#ifndef ZARRC_BASE_JSON_H
#define ZARRC_BASE_JSON_H

#include <zarrc/base.h>

typedef struct zarrc_json_doc zarrc_json_doc; /* owns a copy of the text and all values */
typedef struct zarrc_json zarrc_json;         /* one value, borrowed from its document */

typedef enum zarrc_json_kind {
  ZARRC_JSON_NULL,
  ZARRC_JSON_BOOL,
  ZARRC_JSON_INTEGER, /* a number without fraction and exponent */
  ZARRC_JSON_REAL,
  ZARRC_JSON_STRING,
  ZARRC_JSON_ARRAY,
  ZARRC_JSON_OBJECT
} zarrc_json_kind;

/* Parses n bytes. opaque names members of the outermost object (separated by blanks; or NULL) whose values are checked
 * for syntax only, with NaN, Infinity and repeated keys allowed inside, and are available through zarrc_json_text alone
 * (the kind is right, the length is 0). One behind a plus sign is read like all others, NaN and Infinity allowed (they
 * are reals that zarrc_json_get_double refuses); "+" alone is the whole document. Failures are ZARRC_INVALID_METADATA
 * with line and column; ZARRC_LIMIT for more values or members than anybody needs; ZARRC_CANCELED. Time and memory are
 * linear in n. */
zarrc_status zarrc_json_parse(zarrc_ctx *ctx, const char *text, size_t n, const char *opaque, zarrc_json_doc **out,
                              zarrc_error *error);
void zarrc_json_close(zarrc_json_doc *doc);
const zarrc_json *zarrc_json_root(const zarrc_json_doc *doc);

zarrc_json_kind zarrc_json_get_kind(const zarrc_json *value);
const char *zarrc_json_kind_name(zarrc_json_kind kind);            /* "an integer", "an object", ... for messages */
bool zarrc_json_is(const zarrc_json *value, zarrc_json_kind kind); /* false for NULL */
/* The text of the value exactly as it stands in the document. */
const char *zarrc_json_text(const zarrc_json *value, size_t *n);

/* false: another kind, or (the integers) out of range. A real, a string or a boolean is never an integer. */
bool zarrc_json_get_bool(const zarrc_json *value, bool *out);
bool zarrc_json_get_int64(const zarrc_json *value, int64_t *out);
bool zarrc_json_get_uint64(const zarrc_json *value, uint64_t *out);
bool zarrc_json_get_double(const zarrc_json *value, double *out); /* of any number, correctly rounded */
/* Decoded UTF-8, NUL-terminated, n bytes (it may hold NULs); NULL for another kind. A string is what JSON can say: a
 * lone surrogate escape is refused when the document is parsed. */
const char *zarrc_json_get_string(const zarrc_json *value, size_t *n);
bool zarrc_json_string_is(const zarrc_json *value, const char *text);

size_t zarrc_json_length(const zarrc_json *value);                           /* of an array or object, else 0 */
const zarrc_json *zarrc_json_at(const zarrc_json *value, size_t i);          /* item, or value of the i-th member */
const char *zarrc_json_key(const zarrc_json *object, size_t i);              /* in the order of the document */
const zarrc_json *zarrc_json_get(const zarrc_json *object, const char *key); /* NULL: absent, or not an object */

/* ZARRC_INVALID_METADATA, naming the member, unless value is an object whose keys are all in the NULL-ended list. */
zarrc_status zarrc_json_check_keys(const zarrc_json *value, const char *const *allowed, zarrc_error *error);

/* Writing: append to a buffer. Strings are quoted and everything beyond ASCII is \u-escaped; a double is the
 * shortest decimal that reads back the same, spelt as Python's repr does (1.0, 1e+16, 5e-324); it must be finite. */
zarrc_status zarrc_json_put_string(zarrc_buf *out, const char *text, size_t n, zarrc_error *error);
zarrc_status zarrc_json_put_double(zarrc_buf *out, double value, zarrc_error *error);
/* Puts JSON text on one line, with ", " and ": ", as Python's json.dumps does. Numbers and strings keep their spelling,
 * members their order. Text must be JSON (NaN, Infinity and lone surrogates are passed through). */
zarrc_status zarrc_json_layout(zarrc_buf *out, const char *text, size_t n, zarrc_error *error);
/* Lays out such a line with an indentation and no final newline, as json.dumps(indent=...) does. */
zarrc_status zarrc_json_indent(zarrc_buf *out, const char *line, size_t n, int indent, zarrc_error *error);

#endif

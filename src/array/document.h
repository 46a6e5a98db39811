/* SPDX-License-Identifier: MIT */
/* What the documents (zarr.json) of arrays and groups have in common. */
#ifndef ZARRC_ARRAY_DOCUMENT_H
#define ZARRC_ARRAY_DOCUMENT_H

#include <zarrc/array.h>

#include "base/json.h"
#include "base/text.h"

/* Longest zarr.json that is read or written. */
#define ZARRC_MAX_DOCUMENT ((size_t)64 << 20)

/* Longest list of codecs. */
#define ZARRC_MAX_CODECS_NBYTES ((size_t)1 << 20)

/* Parses a document and finds out the kind of node; the caller closes *out. attributes and consolidated_metadata may
 * contain NaN. Checks only zarr_format and node_type. */
zarrc_status zarrc_document_parse(zarrc_ctx *ctx, const char *text, size_t n, zarrc_json_doc **out,
                                  zarrc_node_kind *kind, zarrc_error *error);

/* Returns whether a document begins with a byte order mark, which is not part of it. */
bool zarrc_document_has_mark(const char *text, size_t n);

/* Copies the attributes as they are; "{}" if there are none. */
zarrc_status zarrc_document_attributes(zarrc_ctx *ctx, const zarrc_json *root, char **out, zarrc_error *error);

/* Checks members that are not in the list, which ends with NULL: the specification allows only objects with
 * must_understand false. *out: all of them, as text for the end of a document; NULL: there are none. */
zarrc_status zarrc_document_extras(zarrc_ctx *ctx, const zarrc_json *root, const char *const *known, char **out,
                                   zarrc_error *error);

/* Returns ZARRC_INVALID_ARGUMENT unless the text is a JSON object. NaN and duplicate keys are allowed. */
zarrc_status zarrc_attributes_check(zarrc_ctx *ctx, const char *text, size_t n, zarrc_error *error);

/* Returns the beginning of a JSON string for use in a message. */
static inline const char *zarrc_json_excerpt(const zarrc_json *string, char out[ZARRC_EXCERPT]) {
  size_t n;
  const char *text = zarrc_json_get_string(string, &n);
  return zarrc_excerpt(out, text, n);
}

/* Copies text and adds a NUL; the copy is freed with zarrc_free. */
zarrc_status zarrc_text_copy(zarrc_ctx *ctx, const void *text, size_t n, char **out, zarrc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/* What the zarr.json documents of arrays and groups have in common. */
#ifndef ZARRC_ARRAY_DOCUMENT_H
#define ZARRC_ARRAY_DOCUMENT_H

#include <zarrc/array.h>

#include "base/chars.h"
#include "base/json.h"

/* The longest zarr.json that is read or written. */
#define ZARRC_MAX_DOCUMENT ((size_t)64 << 20)

/* The longest list of codecs. */
#define ZARRC_MAX_CODECS_NBYTES ((size_t)1 << 20)

/* Parses a document and finds what node it describes; *out is closed by the caller. attributes and
 * consolidated_metadata may hold what JSON does not allow (NaN). Members other than zarr_format and node_type are not
 * looked at. */
zarrc_status zarrc_document_parse(zarrc_ctx *ctx, const char *text, size_t n, zarrc_json_doc **out,
                                  zarrc_node_kind *kind, zarrc_error *error);

/* Whether a document begins with a byte order mark, which is no part of it. */
bool zarrc_document_has_mark(const char *text, size_t n);

/* The attributes as they stand, "{}" where there are none: a copy. */
zarrc_status zarrc_document_attributes(zarrc_ctx *ctx, const zarrc_json *root, char **out, zarrc_error *error);

/* Checks members that are not in the NULL-ended list: the specification allows only objects with must_understand false.
 * *out is all of them as text that can stand in front of the last brace of a document; NULL if there are none. */
zarrc_status zarrc_document_extras(zarrc_ctx *ctx, const zarrc_json *root, const char *const *known, char **out,
                                   zarrc_error *error);

/* ZARRC_INVALID_ARGUMENT unless the text is one JSON object, NaN and repeated keys allowed. */
zarrc_status zarrc_attributes_check(zarrc_ctx *ctx, const char *text, size_t n, zarrc_error *error);

/* The beginning of a JSON string, fit for a message. */
static inline const char *zarrc_json_excerpt(const zarrc_json *string, char out[ZARRC_EXCERPT]) {
  size_t n;
  const char *text = zarrc_json_get_string(string, &n);
  return zarrc_excerpt(out, text, n);
}

/* A NUL-terminated copy, freed with zarrc_free. */
zarrc_status zarrc_text_copy(zarrc_ctx *ctx, const void *text, size_t n, char **out, zarrc_error *error);

#endif

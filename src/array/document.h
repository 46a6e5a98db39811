/* SPDX-License-Identifier: MIT */
/* What the documents of arrays and groups have in common: the zarr.json of format 3, and the .zarray or .zgroup and the
 * .zattrs of format 2. */
#ifndef ZARRC_ARRAY_DOCUMENT_H
#define ZARRC_ARRAY_DOCUMENT_H

#include <zarrc/array.h>

#include "base/json.h"
#include "base/text.h"

#include <string.h>

/* Longest document that is read or written. */
#define ZARRC_MAX_DOCUMENT ((size_t)64 << 20)

/* Longest list of codecs. */
#define ZARRC_MAX_CODECS_NBYTES ((size_t)1 << 20)

/* The documents of one node, on loan. */
typedef struct zarrc_documents {
  const char *name;       /* of `main`: "zarr.json", ".zarray" or ".zgroup"; NULL: it does not come from a store */
  zarrc_bytes main;       /* describes the node */
  zarrc_bytes attributes; /* .zattrs: a JSON object; ptr NULL: there is none, or it is a part of `main` */
} zarrc_documents;

/* Returns documents that borrow the text of one. */
zarrc_documents zarrc_documents_of(const char *text, size_t n);
void zarrc_documents_release(zarrc_documents *documents);

/* What zarr_format and node_type say. */
typedef struct zarrc_document_kind {
  int format; /* 2 or 3 */
  zarrc_node_kind node;
} zarrc_document_kind;

/* Parses the document that describes a node and finds out what it is; the caller closes *out. attributes and
 * consolidated_metadata may contain NaN. Checks only zarr_format and node_type. */
zarrc_status zarrc_document_parse(zarrc_ctx *ctx, const zarrc_documents *documents, zarrc_json_doc **out,
                                  zarrc_document_kind *kind, zarrc_error *error);

/* Copies a checked .zattrs as it is, without a byte order mark and blanks around it; "{}" if there is none, or nothing
 * in it. */
zarrc_status zarrc_document_zattrs(zarrc_ctx *ctx, const zarrc_bytes *text, char **out, zarrc_error *error);

/* Returns whether a document begins with a byte order mark, which is not part of it. */
bool zarrc_document_has_mark(const char *text, size_t n);
void zarrc_document_skip_mark(const char **text, size_t *n);

/* Copies the attributes as they are; "{}" if there are none. */
zarrc_status zarrc_document_attributes(zarrc_ctx *ctx, const zarrc_json *root, char **out, zarrc_error *error);

/* Checks members that are not in the list, which ends with NULL: the specification allows only objects with
 * must_understand false. *out: all of them, as text for the end of a document; NULL: there are none. */
zarrc_status zarrc_document_extras(zarrc_ctx *ctx, const zarrc_json *root, const char *const *known, char **out,
                                   zarrc_error *error);

/* Returns ZARRC_INVALID_METADATA unless a .zattrs is a JSON object. NaN and duplicate keys are allowed. */
zarrc_status zarrc_document_check_zattrs(zarrc_ctx *ctx, const zarrc_bytes *text, zarrc_error *error);

/* The same for attributes that a caller sets: ZARRC_INVALID_ARGUMENT, and a byte order mark is not allowed. */
zarrc_status zarrc_attributes_check(zarrc_ctx *ctx, const char *text, size_t n, zarrc_error *error);
/* Checks them and puts a copy in the place of *attributes. */
zarrc_status zarrc_attributes_replace(zarrc_ctx *ctx, const char *text, size_t n, char **attributes,
                                      zarrc_error *error);

/* Returns the beginning of a JSON string for use in a message. */
static inline const char *zarrc_json_excerpt(const zarrc_json *string, char out[ZARRC_EXCERPT]) {
  size_t n;
  const char *text = zarrc_json_get_string(string, &n);
  return zarrc_excerpt(out, text, n);
}

/* Appends text that ends with a NUL, without the NUL. */
static inline zarrc_status zarrc_text_append(zarrc_buf *out, const char *text, zarrc_error *error) {
  return zarrc_buf_append(out, text, strlen(text), error);
}

/* Returns whether a failure says that there is a document, but not one that can be used. */
static inline bool zarrc_document_is_wrong(zarrc_status status) {
  return status == ZARRC_INVALID_METADATA || status == ZARRC_UNSUPPORTED || status == ZARRC_LIMIT;
}

#endif

/* SPDX-License-Identifier: MIT */
/* Store keys of chunks: the chunk_key_encoding of an array. Zarr v3 "Chunk key encoding". */
#ifndef ZARRC_ARRAY_KEY_H
#define ZARRC_ARRAY_KEY_H

#include <zarrc/data.h>

#include "array/rules.h"
#include "base/json.h"

/* Longest path of a node, and room for the longest key below it: 32 coordinates of 19 digits. */
#define ZARRC_MAX_PATH 3072
#define ZARRC_MAX_KEY  (ZARRC_MAX_PATH + 700)

typedef struct zarrc_key_encoding {
  bool v2;        /* "0.3" and "0"; otherwise "c/0/3" and "c" */
  char separator; /* '/' or '.' */
} zarrc_key_encoding;

zarrc_status zarrc_key_encoding_parse(const zarrc_json *value, zarrc_rules *rules, zarrc_key_encoding *out,
                                      zarrc_error *error);
zarrc_status zarrc_key_encoding_to_json(const zarrc_key_encoding *encoding, zarrc_buf *out, zarrc_error *error);

/* Writes the key of a chunk of the array at path, with a NUL. */
zarrc_status zarrc_key_of_chunk(const zarrc_key_encoding *encoding, const char *path, int ndim, const int64_t *chunk,
                                char *buf, size_t nbytes, zarrc_error *error);

/* Gets the coordinates in a key relative to the array; returns false if it is not the key of a chunk. */
bool zarrc_key_to_chunk(const zarrc_key_encoding *encoding, const char *key, int ndim, int64_t *chunk);

/* Joins the path of a node ("": the root) and a name below it, with a NUL. */
zarrc_status zarrc_key_join(const char *path, const char *name, char *buf, size_t nbytes, zarrc_error *error);

/* Names the document of a node, such as "zarr.json", in an error. */
void zarrc_error_in_document(zarrc_error *error, const zarrc_store *store, const char *path, const char *name);

#endif

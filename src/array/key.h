/* SPDX-License-Identifier: MIT */
/* Chunk coordinates and store keys: the chunk_key_encoding member of a zarr.json. Zarr v3 "Chunk key encoding". */
#ifndef ZARRC_ARRAY_KEY_H
#define ZARRC_ARRAY_KEY_H

#include <zarrc/data.h>

#include "array/rules.h"
#include "base/json.h"

/* The longest path of a node, and room for the longest key below it: 32 coordinates of 19 digits. */
#define ZARRC_MAX_PATH 3072
#define ZARRC_MAX_KEY  (ZARRC_MAX_PATH + 700)

typedef struct zarrc_key_encoding {
  bool v2;        /* "0.3" and "0"; else "c/0/3" and "c" */
  char separator; /* '/' or '.' */
} zarrc_key_encoding;

zarrc_status zarrc_key_encoding_parse(const zarrc_json *value, zarrc_rules *rules, zarrc_key_encoding *out,
                                      zarrc_error *error);
zarrc_status zarrc_key_encoding_to_json(const zarrc_key_encoding *encoding, zarrc_buf *out, zarrc_error *error);

/* Writes the key of a chunk of the array at path, NUL-terminated. */
zarrc_status zarrc_key_of_chunk(const zarrc_key_encoding *encoding, const char *path, int ndim, const int64_t *chunk,
                                char *buf, size_t nbytes, zarrc_error *error);

/* The other way round: the coordinates in a key that is relative to the array. false: no chunk has that key. */
bool zarrc_key_to_chunk(const zarrc_key_encoding *encoding, const char *key, int ndim, int64_t *chunk);

/* "0,3" for messages, cut where it does not fit. */
void zarrc_chunk_text(int ndim, const int64_t *chunk, char *buf, size_t nbytes);

/* Joins a node's path and a name below it ("" is the root) into buf, NUL-terminated. */
zarrc_status zarrc_key_join(const char *path, const char *name, char *buf, size_t nbytes, zarrc_error *error);

#endif

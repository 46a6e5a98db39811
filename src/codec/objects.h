/* SPDX-License-Identifier: MIT */
/*
 * What the codecs json2 and msgpack2 of numcodecs have in common: a chunk is one list, [elements, data type, shape], of
 * which the elements are lists in lists, one level for each dimension but the first. Only elements that are strings
 * are read, and those that nobody wrote: null, or 0, which is what zarr-python 2 fills arrays of objects with. Those
 * are read as empty strings, as numcodecs stores them with vlen-utf8. How a list is spelled is up to a
 * zarrc_objects_spelling.
 */
#ifndef ZARRC_CODEC_OBJECTS_H
#define ZARRC_CODEC_OBJECTS_H

#include <zarrc/codec.h>
#include <zarrc/plugin/codec.h>

typedef enum zarrc_object_kind {
  ZARRC_OBJECT_LIST, /* begins */
  ZARRC_OBJECT_END,  /* of the innermost list */
  ZARRC_OBJECT_TEXT,
  ZARRC_OBJECT_INTEGER,
  ZARRC_OBJECT_NULL,
  ZARRC_OBJECT_OTHER,
  ZARRC_OBJECT_DONE /* the end of the chunk */
} zarrc_object_kind;

/* A part of a chunk. */
typedef struct zarrc_object {
  zarrc_object_kind kind;
  const uint8_t *token; /* of a text: how it is spelled */
  size_t ntoken, ntext; /* bytes of that, and of the text */
  int64_t integer;
  const char *words; /* what it is, for messages: "null", "a number" */
} zarrc_object;

/* Reads a chunk, or a list of labels, part by part. */
typedef struct zarrc_objects_spelling {
  /* Begins with n bytes; state has room for ZARRC_OBJECTS_STATE bytes. */
  void (*begin)(void *state, const uint8_t *bytes, size_t n);
  zarrc_status (*next)(void *state, zarrc_object *out, zarrc_error *error);
  /* Copies a text to memory for ntext bytes. */
  void (*text)(const zarrc_object *object, uint8_t *out);
  size_t least; /* bytes that an element takes up */

  /* Append to a chunk: the beginning of a list of n items, what stands between two items, the end of a list. */
  zarrc_status (*put_list)(const zarrc_codec *codec, size_t n, zarrc_buf *out, zarrc_error *error);
  zarrc_status (*put_comma)(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error);
  zarrc_status (*put_end)(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error);
  zarrc_status (*put_text)(const zarrc_codec *codec, const void *text, size_t n, zarrc_buf *out, zarrc_error *error);
  zarrc_status (*put_integer)(const zarrc_codec *codec, uint64_t x, zarrc_buf *out, zarrc_error *error);
} zarrc_objects_spelling;

#define ZARRC_OBJECTS_STATE 512

/* Implement encode, read, validate and encoded_size. */
zarrc_status zarrc_objects_encode(const zarrc_codec *codec, const zarrc_objects_spelling *spelling,
                                  const zarrc_spec *spec, const zarrc_view *decoded, zarrc_parts *parts,
                                  zarrc_error *error);
zarrc_status zarrc_objects_read(const zarrc_codec *codec, const zarrc_objects_spelling *spelling,
                                const zarrc_spec *spec, zarrc_blob *blob, const zarrc_region *region,
                                const zarrc_view *to, zarrc_error *error);
zarrc_status zarrc_objects_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                    zarrc_error *error);
zarrc_size zarrc_objects_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes);

#endif

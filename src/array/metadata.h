/* SPDX-License-Identifier: MIT */
/* The document of an array: reading, checking, opening its codecs, writing. Zarr v3 core specification, "Array
 * metadata". A .zarray of format 2 is translated first. */
#ifndef ZARRC_ARRAY_METADATA_H
#define ZARRC_ARRAY_METADATA_H

#include <zarrc/array.h>

#include "array/editions.h"
#include "array/format2.h"
#include "array/key.h"
#include "array/layout.h"
#include "array/rules.h"

/* Largest element. */
#define ZARRC_MAX_ITEM ((uint32_t)1 << 20)

/* Metadata of an array. Never changes once it is shared. */
typedef struct zarrc_metadata {
  zarrc_edition edition;
  zarrc_ctx *ctx;
  int ndim;
  int64_t shape[ZARRC_MAX_NDIM];
  zarrc_dtype dtype; /* zeroed, and fill NULL, if the type is unknown */
  zarrc_grid grid;
  zarrc_key_encoding keys;
  zarrc_rules rules;        /* with the notices */
  zarrc_error unreadable;   /* why elements cannot be read and written: there is no pipeline. Or ZARRC_OK */
  void *fill;               /* one element */
  zarrc_arena *arena;       /* the text of fill */
  zarrc_pipeline *pipeline; /* for chunks of the first chunk's shape */
  zarrc_spec spec;          /* of such a chunk */
  zarrc_layout layout;
  bool has_names;
  char *name[ZARRC_MAX_NDIM]; /* dimension names; NULL: none */
  size_t nname[ZARRC_MAX_NDIM];
  char *data_type;  /* canonical JSON; or, if unknown, as in the document but on one line */
  char *fill_value; /* the same */
  char *codecs;     /* the same, as a list */
  char *attributes; /* as in the document */
  char *extras;     /* see zarrc_document_extras; or NULL */
  char *text;       /* the canonical document, of either format */
  int format;       /* 2 or 3 */
  bool becomes_2;   /* a .zarray will be made of the document, which is stored nowhere */
  zarrc_format2 format2;
} zarrc_metadata;

/* Opens and checks the documents of an array, including its chain of codecs and its grid. With allow_unknown an
 * unsupported data type or codec makes the array unreadable instead. options may be NULL. ZARRC_INVALID_ARGUMENT: they
 * are those of a group. */
zarrc_status zarrc_metadata_open(zarrc_ctx *ctx, const zarrc_documents *documents, const zarrc_array_options *options,
                                 zarrc_metadata **out, zarrc_error *error);
void zarrc_metadata_close(zarrc_metadata *metadata);

/* Returns ZARRC_INVALID_METADATA if a codec, in shards too, decodes only; see zarrc_codec_check_encodes. */
zarrc_status zarrc_metadata_check_encodes(const zarrc_metadata *metadata, zarrc_error *error);

/* Change metadata that is not shared yet. */
zarrc_status zarrc_metadata_set_shape(zarrc_metadata *metadata, const int64_t *shape, zarrc_error *error);
zarrc_status zarrc_metadata_set_attributes(zarrc_metadata *metadata, const char *json, size_t n, zarrc_error *error);

/* Compares data type, grid (an edge list may have grown), keys, fill value and codecs. */
zarrc_status zarrc_metadata_same_chunks(const zarrc_metadata *a, const zarrc_metadata *b, bool *same,
                                        zarrc_error *error);

/* metadata_write.c: appends the canonical zarr.json, with members in the order of zarr-python. */
zarrc_status zarrc_metadata_write(const zarrc_metadata *metadata, zarrc_buf *out, zarrc_error *error);
zarrc_status zarrc_metadata_write_chunks(const zarrc_metadata *metadata, zarrc_buf *out, zarrc_error *error);

/* format2_compose.c: appends the .zarray that describes the same chunks as metadata of format 3 whose elements can be
 * read; with format2.no_fill, without a fill value. ZARRC_UNSUPPORTED: format 2 has no words for something. */
zarrc_status zarrc_format2_compose(const zarrc_metadata *metadata, zarrc_buf *out, zarrc_error *error);
/* Appends the .zattrs: the attributes, with the names of dimensions. */
zarrc_status zarrc_format2_put_attributes(const zarrc_metadata *metadata, zarrc_buf *out, zarrc_error *error);

#endif

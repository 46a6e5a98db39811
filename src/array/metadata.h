/* SPDX-License-Identifier: MIT */
/* The zarr.json of an array: read, checked, bound to codecs and written. Zarr v3 core specification, "Array metadata".
 */
#ifndef ZARRC_ARRAY_METADATA_H
#define ZARRC_ARRAY_METADATA_H

#include <zarrc/array.h>

#include "array/key.h"
#include "array/latest.h"
#include "array/layout.h"
#include "array/rules.h"

/* Elements may be so large: the fill value is one. */
#define ZARRC_MAX_ITEM ((uint32_t)1 << 20)

/* Never changes once it is shared. */
typedef struct zarrc_metadata {
  zarrc_edition edition;
  zarrc_ctx *ctx;
  int ndim;
  int64_t shape[ZARRC_MAX_NDIM];
  zarrc_dtype dtype; /* zeroed, and fill NULL, where the type is not known */
  zarrc_grid grid;
  zarrc_key_encoding keys;
  zarrc_rules rules;        /* and what is not as they want it */
  zarrc_error unreadable;   /* code ZARRC_OK, or why elements cannot be read and written: then there is no pipeline */
  void *fill;               /* one element */
  zarrc_arena *arena;       /* its text */
  zarrc_pipeline *pipeline; /* for chunks of the first chunk's shape */
  zarrc_spec spec;          /* what that is bound to */
  zarrc_layout layout;
  bool has_names;
  char *name[ZARRC_MAX_NDIM]; /* of dimensions; NULL: none */
  size_t nname[ZARRC_MAX_NDIM];
  char *data_type;  /* canonical JSON, or as it stood in the document, on one line */
  char *fill_value; /* the same */
  char *codecs;     /* the same: the list */
  char *attributes; /* as they stood in the document */
  char *extras;     /* members that need not be understood, or NULL; see zarrc_document_extras */
  char *text;       /* canonical document */
} zarrc_metadata;

/* Opens an array document: everything in it is checked, down to the chain of codecs and the grid it works on. With
 * allow_unknown an unsupported data type or chain makes the array unreadable instead. options may be NULL.
 * ZARRC_INVALID_ARGUMENT: it is the document of a group. */
zarrc_status zarrc_metadata_open(zarrc_ctx *ctx, const char *text, size_t n, const zarrc_array_options *options,
                                 zarrc_metadata **out, zarrc_error *error);
void zarrc_metadata_close(zarrc_metadata *metadata);

/* Changes of metadata that nobody else sees yet; the text is written anew. */
zarrc_status zarrc_metadata_set_shape(zarrc_metadata *metadata, const int64_t *shape, zarrc_error *error);
zarrc_status zarrc_metadata_set_attributes(zarrc_metadata *metadata, const char *json, size_t n, zarrc_error *error);

/* Whether both describe the same chunks: type, grid (an edge list may have grown), keys, fill value and codecs. */
zarrc_status zarrc_metadata_same_chunks(const zarrc_metadata *a, const zarrc_metadata *b, bool *same,
                                        zarrc_error *error);

/* metadata_write.c: appends the canonical document, members in the order in which zarr-python writes them. */
zarrc_status zarrc_metadata_write(const zarrc_metadata *metadata, zarrc_buf *out, zarrc_error *error);
zarrc_status zarrc_metadata_write_chunks(const zarrc_metadata *metadata, zarrc_buf *out, zarrc_error *error);

#endif

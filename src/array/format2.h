/* SPDX-License-Identifier: MIT */
/*
 * The documents of Zarr format 2 in the words of format 3: a .zarray becomes a zarr.json that describes the same
 * chunks, so nothing else knows that there are two formats. Zarr specification version 2, "Arrays".
 *
 * format2.c has the members, the fill value, and writes a .zarray; format2_dtype.c makes data_type of dtype, and
 * format2_codecs.c codecs of order, dtype, filters and compressor. format2_compose.c goes the other way (metadata.h).
 */
#ifndef ZARRC_ARRAY_FORMAT2_H
#define ZARRC_ARRAY_FORMAT2_H

#include "array/document.h"
#include "array/rules.h"
#include "base/field_order.h"

/* What of a .zarray is kept so that it can be written again, owned by whoever translated it. */
typedef struct zarrc_format2 {
  char *before, *after; /* the document on one line before and after the value of `shape`; NULL: it is of format 3 */
  bool no_fill;         /* fill_value is null: a missing chunk means nothing in particular */
} zarrc_format2;

/* Appends a zarr.json without attributes for the root of a .zarray. attributes: the .zattrs, which may have names of
 * dimensions; ptr NULL: there is none. unreadable: NULL, or receives why the elements cannot be read and written, if
 * that is ZARRC_UNSUPPORTED; then data type, fill value and codecs are as in the .zarray. */
zarrc_status zarrc_format2_translate(zarrc_ctx *ctx, const zarrc_json *root, const zarrc_bytes *attributes,
                                     zarrc_rules *rules, zarrc_error *unreadable, zarrc_format2 *kept, zarrc_buf *out,
                                     zarrc_error *error);
void zarrc_format2_clear(zarrc_ctx *ctx, zarrc_format2 *kept);

/* Appends `, "dimension_names": [...]` if the attributes have one name for each dimension. */
zarrc_status zarrc_format2_put_names(zarrc_ctx *ctx, int ndim, const zarrc_bytes *attributes, zarrc_buf *out,
                                     zarrc_error *error);

/* Appends the .zarray with another shape, indented. */
zarrc_status zarrc_format2_write(zarrc_ctx *ctx, const zarrc_format2 *kept, int ndim, const int64_t *shape,
                                 zarrc_buf *out, zarrc_error *error);

/* Appends any document, indented, with its members in their order. */
zarrc_status zarrc_document_indent(zarrc_ctx *ctx, const zarrc_json *root, zarrc_buf *out, zarrc_error *error);

enum { ZARRC_FORMAT2_SPELLED = 8 };

/* The elements as they are in a chunk. */
typedef struct zarrc_format2_type {
  bool is_object;     /* of variable length: the first filter stores them */
  char order;         /* '<' or '>'; 0: nothing is swapped */
  bool mixed;         /* a struct with fields of both byte orders; order is '<', and `orders` says which are not */
  const char *orders; /* see base/field_order.h; belongs to the caller of zarrc_format2_put_dtype */
  bool lacks_order;   /* something that is swapped does not say in which order it is, which is taken for '<' */
  uint32_t item_size; /* bytes of an element */
} zarrc_format2_type;

/* Appends the data type for a dtype, and to orders the byte orders of the fields of a struct, with a NUL. filters: the
 * first says what objects are. */
zarrc_status zarrc_format2_put_dtype(const zarrc_json *dtype, const zarrc_json *filters, zarrc_format2_type *type,
                                     zarrc_buf *orders, zarrc_buf *out, zarrc_error *error);

/* Writes "<i4" for "int32": NumPy's names, which filters may have, mean the byte order of the machine, and format 2 is
 * taken for one of little-endian machines. Returns false if it is not such a name. */
bool zarrc_format2_spell(const char *text, char out[ZARRC_FORMAT2_SPELLED]);

/* Reads what a caller may say for a type: NumPy's dtype, such as ">i2", "f4", or a list of fields in JSON. Appends to
 * orders what zarrc_format2_put_dtype does. ZARRC_UNSUPPORTED: it is none that is known. */
zarrc_status zarrc_format2_parse_type(zarrc_ctx *ctx, const char *text, zarrc_format2_type *type, zarrc_buf *orders,
                                      zarrc_dtype *out, zarrc_error *error);

/* Reads the dtype of a filter, which is no list: its type in memory, and appends the data type unless out is NULL. */
zarrc_status zarrc_format2_put_name(const zarrc_json *dtype, zarrc_format2_type *type, zarrc_buf *out,
                                    zarrc_error *error);

/* The codec that swaps fields whose byte order is another one than that of `bytes`. Format 3 has no such fields: it is
 * in no zarr.json. */
#define ZARRC_FIELD_ORDER "zarrc.field_order"

/* Returns ZARRC_UNSUPPORTED if that codec is in a chain, or in a shard of it. */
zarrc_status zarrc_format2_check_orders(const zarrc_pipeline *pipeline, zarrc_error *error);

/* Appends the list of codecs. */
zarrc_status zarrc_format2_put_codecs(const zarrc_json *root, int ndim, const zarrc_format2_type *type, zarrc_buf *out,
                                      zarrc_error *error);

#endif

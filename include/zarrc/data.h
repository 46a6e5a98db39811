/* SPDX-License-Identifier: MIT */
/*
 * Elements and where they lie: data types, views, regions, chunk specs and chunk grids.
 * Zarr v3 core specification, "Data types" and "Chunk grids".
 */
#ifndef ZARRC_DATA_H
#define ZARRC_DATA_H

#include <zarrc/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ZARRC_MAX_NDIM 32

/* -------------------------------------------------------------------------------------------------- data types */

/* type, name in zarr.json ("" where configuration decides), bytes an element (0: configured), bytes of the unit that
 * byte order turns round (1: none) */
#define ZARRC_TYPES(X)                                                                                                 \
  X(BOOL, "bool", 1, 1)                                                                                                \
  X(INT8, "int8", 1, 1)                                                                                                \
  X(INT16, "int16", 2, 2)                                                                                              \
  X(INT32, "int32", 4, 4)                                                                                              \
  X(INT64, "int64", 8, 8)                                                                                              \
  X(UINT8, "uint8", 1, 1)                                                                                              \
  X(UINT16, "uint16", 2, 2)                                                                                            \
  X(UINT32, "uint32", 4, 4)                                                                                            \
  X(UINT64, "uint64", 8, 8)                                                                                            \
  X(FLOAT16, "float16", 2, 2)                                                                                          \
  X(FLOAT32, "float32", 4, 4)                                                                                          \
  X(FLOAT64, "float64", 8, 8)                                                                                          \
  X(COMPLEX64, "complex64", 8, 4)                                                                                      \
  X(COMPLEX128, "complex128", 16, 8)                                                                                   \
  X(RAW, "raw_bytes", 0, 1)                                                                                            \
  X(FIXED_UTF32, "fixed_length_utf32", 0, 4)                                                                           \
  X(NULL_TERMINATED, "null_terminated_bytes", 0, 1)                                                                    \
  X(DATETIME64, "numpy.datetime64", 8, 8)                                                                              \
  X(TIMEDELTA64, "numpy.timedelta64", 8, 8)                                                                            \
  X(STRUCT, "struct", 0, 0)                                                                                            \
  X(STRING, "string", 0, 1)                                                                                            \
  X(BYTES, "bytes", 0, 1)

typedef enum zarrc_type {
#define ZARRC_X(name, json, nbytes, unit) ZARRC_##name,
  ZARRC_TYPES(ZARRC_X)
#undef ZARRC_X
      ZARRC_NTYPES
} zarrc_type;

typedef enum zarrc_endian { ZARRC_LITTLE, ZARRC_BIG } zarrc_endian;

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define ZARRC_NATIVE        ZARRC_BIG
#define ZARRC_NATIVE_IS_BIG 1
#else
#define ZARRC_NATIVE        ZARRC_LITTLE
#define ZARRC_NATIVE_IS_BIG 0
#endif

/* "little", "big"; NULL out of range. An unknown name is ZARRC_INVALID_ARGUMENT. */
ZARRC_API const char *zarrc_endian_name(zarrc_endian endian);
ZARRC_API zarrc_status zarrc_endian_from_name(const char *name, zarrc_endian *out, zarrc_error *error);

/* Fields of a struct type: immutable, shared. */
typedef struct zarrc_fields zarrc_fields;

/* The type of an element in memory. A dtype copied by assignment borrows `fields`; the one that zarrc_dtype_open made
 * owns a share of them until zarrc_dtype_close. */
typedef struct zarrc_dtype {
  zarrc_type type;
  zarrc_endian endian; /* of the elements in memory; means nothing where nothing is turned round */
  uint32_t item_size;  /* bytes from one element to the next when packed; sizeof(zarrc_text) if variable */
  uint8_t spelling;    /* which of its JSON names the type was read from; 0: the canonical one */
  uint8_t time_unit;   /* index into the list of zarrc_time_unit_name; datetime64 and timedelta64 */
  int32_t time_scale;
  const zarrc_fields *fields; /* struct, else NULL */
} zarrc_dtype;

/* An element of ZARRC_STRING (UTF-8, any length, NUL allowed) and ZARRC_BYTES. */
typedef struct zarrc_text {
  const uint8_t *ptr;
  size_t len;
} zarrc_text;

/* A type without parameters, in native byte order ("int32"); type must not be one of the configured ones. Of a number
 * that is no type item_size is 0. */
ZARRC_API zarrc_dtype zarrc_dtype_of(zarrc_type type);
/* Reads the data_type member of a zarr.json: a JSON string or object, n bytes of text. */
ZARRC_API zarrc_status zarrc_dtype_open(zarrc_ctx *ctx, const char *json, size_t n, zarrc_dtype *out,
                                        zarrc_error *error);
/* Convenience: as zarrc_dtype_open, and takes a bare name (int32) without quotes too. */
ZARRC_API zarrc_status zarrc_dtype_parse(zarrc_ctx *ctx, const char *text, zarrc_dtype *out, zarrc_error *error);
ZARRC_API void zarrc_dtype_close(zarrc_dtype *dtype);
/* Another owner of the same type. */
ZARRC_API zarrc_dtype zarrc_dtype_share(const zarrc_dtype *dtype);
/* Appends canonical JSON. */
ZARRC_API zarrc_status zarrc_dtype_to_json(const zarrc_dtype *dtype, zarrc_buf *out, zarrc_error *error);
ZARRC_API bool zarrc_dtype_equal(const zarrc_dtype *a, const zarrc_dtype *b); /* memory byte order does not count */
ZARRC_API bool zarrc_dtype_is_variable(const zarrc_dtype *dtype);             /* string and bytes */
ZARRC_API bool zarrc_dtype_has_endian(const zarrc_dtype *dtype);              /* has a unit of more than one byte */
ZARRC_API const char *zarrc_time_unit_name(uint8_t unit);                     /* "ns"; NULL past the last */

/* One field of a struct: fields lie packed, in order. */
typedef struct zarrc_field {
  const char *name;  /* UTF-8 */
  zarrc_dtype dtype; /* borrowed from the struct */
  uint32_t offset;   /* bytes from the start of the element */
} zarrc_field;
ZARRC_API size_t zarrc_dtype_nfields(const zarrc_dtype *dtype);
ZARRC_API const zarrc_field *zarrc_dtype_field(const zarrc_dtype *dtype, size_t i);

/* ------------------------------------------------------------------------------------------ views and regions */

/* Holds the text of variable-length elements; thread-safe; freed as a whole. */
typedef struct zarrc_arena zarrc_arena;
ZARRC_API zarrc_status zarrc_arena_open(zarrc_ctx *ctx, zarrc_arena **out, zarrc_error *error);
ZARRC_API void zarrc_arena_close(zarrc_arena *arena);
ZARRC_API zarrc_status zarrc_arena_take(zarrc_arena *arena, size_t nbytes, uint8_t **out, zarrc_error *error);

/* n-dimensional memory with byte strides, which may be 0 or negative. Owns nothing. Elements need no alignment. */
typedef struct zarrc_view {
  void *data;        /* the element at index 0, ..., 0 */
  zarrc_dtype dtype; /* borrowed */
  int ndim;          /* 0 to ZARRC_MAX_NDIM; 0: one element */
  int64_t shape[ZARRC_MAX_NDIM];
  int64_t stride[ZARRC_MAX_NDIM]; /* bytes */
  zarrc_arena *arena; /* where the text of variable-length elements goes when the view is filled, else NULL */
} zarrc_view;

/* A box with steps in index space: indices start, start + step, ... (count of them) on each axis. step >= 1. */
typedef struct zarrc_region {
  int64_t start[ZARRC_MAX_NDIM], count[ZARRC_MAX_NDIM], step[ZARRC_MAX_NDIM];
} zarrc_region;

/* A view over packed elements in C order. */
ZARRC_API zarrc_view zarrc_view_c(const zarrc_dtype *dtype, int ndim, const int64_t *shape, void *data);
/* The part of a view that a region selects: arithmetic only; the region must lie inside. */
ZARRC_API zarrc_view zarrc_view_part(const zarrc_view *view, const zarrc_region *region);
ZARRC_API int64_t zarrc_view_nitems(const zarrc_view *view);
ZARRC_API bool zarrc_view_is_packed_c(const zarrc_view *view); /* C order without gaps */

/* Everything of a shape; and whether a region is that. */
ZARRC_API zarrc_region zarrc_region_all(int ndim, const int64_t *shape);
ZARRC_API bool zarrc_region_is_all(const zarrc_region *region, int ndim, const int64_t *shape);
/* ZARRC_INVALID_ARGUMENT, naming the axis, unless the region lies inside the shape and every step is >= 1. */
ZARRC_API zarrc_status zarrc_region_check(const zarrc_region *region, int ndim, const int64_t *shape,
                                          zarrc_error *error);

/* Copies src into dst: same shape and same type (byte orders may differ), memory that does not overlap. */
ZARRC_API void zarrc_copy(const zarrc_view *dst, const zarrc_view *src);
/* Puts one element (native byte order; NULL: zeros, or empty text) everywhere. */
ZARRC_API void zarrc_fill(const zarrc_view *dst, const void *element);
/* Whether every element is the fill value as zarr-python 3 means it when it leaves out a chunk: bit for bit, but any
 * NaN is a NaN fill value, any NaT a NaT, and a complex zero has no sign. A struct with a NaN or NaT in it never is. */
ZARRC_API bool zarrc_is_fill(const zarrc_view *view, const void *element);

/* -------------------------------------------------------------------------------------------------- selections */

/* What is taken of one axis. An index below 0 counts from the end of the axis. */
typedef enum zarrc_pick_kind {
  ZARRC_PICK_ALL,   /* every element: what a zeroed pick is */
  ZARRC_PICK_SLICE, /* start, start + step, ... below stop, without what lies outside the axis; step >= 1 */
  ZARRC_PICK_INDEX, /* the element `start`, and the result does not have the axis */
  ZARRC_PICK_LIST,  /* the elements list[i] - start, in their order, any of them more than once */
  ZARRC_PICK_MASK   /* the elements whose byte in mask is not 0; it is as long as the axis */
} zarrc_pick_kind;

typedef struct zarrc_pick {
  zarrc_pick_kind kind;
  int64_t start, stop, step;
  const int64_t *list; /* borrowed, as are mask and at, until the selection was used */
  const uint8_t *mask;
  size_t n;           /* of list or mask */
  const uint32_t *at; /* LIST: element i of the list is element at[i] of the result's axis, which may be longer than the
                         list; NULL: element i */
} zarrc_pick;

ZARRC_API zarrc_pick zarrc_pick_slice(int64_t start, int64_t stop, int64_t step); /* stop INT64_MAX: to the end */
ZARRC_API zarrc_pick zarrc_pick_index(int64_t index);
ZARRC_API zarrc_pick zarrc_pick_list(const int64_t *list, size_t n);
ZARRC_API zarrc_pick zarrc_pick_mask(const uint8_t *mask, size_t n);

/* What is taken of an array or of a chunk, and the shape of the result. */
typedef enum zarrc_selection_kind {
  ZARRC_SELECT_AXES,   /* every combination of what pick takes of each axis: one axis for each, without those of INDEX
                          (zarr-python: basic and orthogonal selection) */
  ZARRC_SELECT_BLOCKS, /* of arrays, whole chunks: pick counts chunks of the grid (shards, where there are any); ALL,
                          SLICE with step 1, and INDEX, which keeps its axis */
  ZARRC_SELECT_POINTS, /* the elements at coordinate[0][i], coordinate[1][i], ...: one axis of npoints */
  ZARRC_SELECT_MASK    /* the elements at which mask is true, in C order: one axis */
} zarrc_selection_kind;

/* Zeroed: everything. Only the members of its kind are looked at. */
typedef struct zarrc_selection {
  zarrc_selection_kind kind;
  zarrc_pick pick[ZARRC_MAX_NDIM];           /* AXES, BLOCKS; picks behind the last axis must be zeroed */
  const int64_t *coordinate[ZARRC_MAX_NDIM]; /* POINTS: a list of npoints for each axis */
  size_t npoints;
  const uint32_t *at;     /* POINTS: point i is element at[i] of the result, which may be longer; NULL: element i */
  const zarrc_view *mask; /* MASK: bool or uint8, of the shape of what is selected from */
} zarrc_selection;

/* The shape of the result, ZARRC_MAX_NDIM numbers, when the selection is made from something of a shape; *out_ndim may
 * be 0. Where `at` is given the shape has room for what it names. */
ZARRC_API zarrc_status zarrc_selection_shape(const zarrc_selection *selection, int ndim, const int64_t *shape,
                                             int *out_ndim, int64_t *out_shape, zarrc_error *error);

/* ---------------------------------------------------------------------------------------------- specs and grids */

typedef enum zarrc_subchunk_order {
  ZARRC_MORTON,
  ZARRC_LEXICOGRAPHIC,
  ZARRC_COLEXICOGRAPHIC,
  ZARRC_UNORDERED
} zarrc_subchunk_order;

/* "morton", "lexicographic", "colexicographic", "unordered"; NULL out of range. An unknown name is
 * ZARRC_INVALID_ARGUMENT. */
ZARRC_API const char *zarrc_subchunk_order_name(zarrc_subchunk_order order);
ZARRC_API zarrc_status zarrc_subchunk_order_from_name(const char *name, zarrc_subchunk_order *out, zarrc_error *error);

/* How to treat a chunk; nothing here changes what its bytes mean. Zeroed: the defaults. */
typedef struct zarrc_chunk_options {
  bool write_empty_chunks;             /* store chunks in which all is fill value */
  bool trust_checksums;                /* partial reads may skip a crc32c that would cost reading the whole */
  zarrc_subchunk_order subchunk_order; /* of inner chunks in a shard that is written */
  /* Ranges of a shard that are no further apart than the gap are read as one, unless that becomes longer than max.
   * 0: what the blob says (zarrc_blob_traits). */
  uint64_t coalesce_gap, coalesce_max;
} zarrc_chunk_options;

/* What a chunk is (zarr-python: ArraySpec). Borrows the fill value and the dtype's fields. */
typedef struct zarrc_spec {
  zarrc_dtype dtype;
  int ndim;
  int64_t shape[ZARRC_MAX_NDIM];
  const void *fill; /* one element in native byte order; NULL: zeros, or empty text */
  char order;       /* 'C' or 'F' (0: 'C'): memory order wished for new arrays; does not change stored bytes */
  zarrc_chunk_options options;
} zarrc_spec;

ZARRC_API int64_t zarrc_spec_nitems(const zarrc_spec *spec);
/* Bytes of the packed elements; ZARRC_LIMIT where that is more than the context allows for a chunk. */
ZARRC_API zarrc_status zarrc_spec_nbytes(const zarrc_ctx *ctx, const zarrc_spec *spec, size_t *out, zarrc_error *error);

typedef enum zarrc_grid_kind { ZARRC_REGULAR, ZARRC_RECTILINEAR } zarrc_grid_kind;

/* The chunks of one axis of a rectilinear grid: edge[i] elements each, nedges of them. nedges 0: chunk_shape
 * applies to the axis. first[i] is the index of the first element of chunk i. */
typedef struct zarrc_grid_axis {
  int64_t nedges;
  const int64_t *edge, *first;
} zarrc_grid_axis;

typedef struct zarrc_grid {
  zarrc_grid_kind kind;
  int ndim;
  int64_t chunk_shape[ZARRC_MAX_NDIM]; /* every chunk (regular), or the axes without a list (rectilinear) */
  const zarrc_grid_axis *axes;         /* rectilinear: ndim of them, borrowed; else NULL */
} zarrc_grid;

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/*
 * Elements and their arrangement: data types, views, regions, selections, chunk specs and chunk grids.
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

/* type, name in zarr.json, bytes of an element (0: depends on the configuration), bytes that are swapped (1: none).
 * Numbers of less than a byte are in the low bits of a byte, the others of which are 0. */
/* clang-format off */
#define ZARRC_TYPES(X) \
  X(BOOL, "bool", 1, 1) \
  X(INT8, "int8", 1, 1) X(INT16, "int16", 2, 2) X(INT32, "int32", 4, 4) X(INT64, "int64", 8, 8) \
  X(UINT8, "uint8", 1, 1) X(UINT16, "uint16", 2, 2) X(UINT32, "uint32", 4, 4) X(UINT64, "uint64", 8, 8) \
  X(FLOAT16, "float16", 2, 2) X(FLOAT32, "float32", 4, 4) X(FLOAT64, "float64", 8, 8) \
  X(COMPLEX64, "complex64", 8, 4) X(COMPLEX128, "complex128", 16, 8) \
  X(RAW, "raw_bytes", 0, 1) X(FIXED_UTF32, "fixed_length_utf32", 0, 4) \
  X(NULL_TERMINATED, "null_terminated_bytes", 0, 1) \
  X(DATETIME64, "numpy.datetime64", 8, 8) X(TIMEDELTA64, "numpy.timedelta64", 8, 8) \
  X(STRUCT, "struct", 0, 0) X(STRING, "string", 0, 1) X(BYTES, "bytes", 0, 1) \
  X(BFLOAT16, "bfloat16", 2, 2) \
  X(FLOAT8_E3M4, "float8_e3m4", 1, 1) X(FLOAT8_E4M3, "float8_e4m3", 1, 1) \
  X(FLOAT8_E4M3B11FNUZ, "float8_e4m3b11fnuz", 1, 1) X(FLOAT8_E4M3FNUZ, "float8_e4m3fnuz", 1, 1) \
  X(FLOAT8_E5M2, "float8_e5m2", 1, 1) X(FLOAT8_E5M2FNUZ, "float8_e5m2fnuz", 1, 1) \
  X(FLOAT8_E8M0FNU, "float8_e8m0fnu", 1, 1) \
  X(FLOAT6_E2M3FN, "float6_e2m3fn", 1, 1) X(FLOAT6_E3M2FN, "float6_e3m2fn", 1, 1) \
  X(FLOAT4_E2M1FN, "float4_e2m1fn", 1, 1) \
  X(INT2, "int2", 1, 1) X(INT4, "int4", 1, 1) X(UINT2, "uint2", 1, 1) X(UINT4, "uint4", 1, 1) \
  X(COMPLEX_FLOAT16, "complex_float16", 4, 2) X(COMPLEX_BFLOAT16, "complex_bfloat16", 4, 2) \
  X(COMPLEX_FLOAT8_E3M4, "complex_float8_e3m4", 2, 1) X(COMPLEX_FLOAT8_E4M3, "complex_float8_e4m3", 2, 1) \
  X(COMPLEX_FLOAT8_E4M3B11FNUZ, "complex_float8_e4m3b11fnuz", 2, 1) \
  X(COMPLEX_FLOAT8_E4M3FNUZ, "complex_float8_e4m3fnuz", 2, 1) X(COMPLEX_FLOAT8_E5M2, "complex_float8_e5m2", 2, 1) \
  X(COMPLEX_FLOAT8_E5M2FNUZ, "complex_float8_e5m2fnuz", 2, 1) \
  X(COMPLEX_FLOAT8_E8M0FNU, "complex_float8_e8m0fnu", 2, 1) \
  X(COMPLEX_FLOAT6_E2M3FN, "complex_float6_e2m3fn", 2, 1) X(COMPLEX_FLOAT6_E3M2FN, "complex_float6_e3m2fn", 2, 1) \
  X(COMPLEX_FLOAT4_E2M1FN, "complex_float4_e2m1fn", 2, 1)
/* clang-format on */

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

/* Returns "little" or "big"; NULL if out of range. An unknown name is ZARRC_INVALID_ARGUMENT. */
ZARRC_API const char *zarrc_endian_name(zarrc_endian endian);
ZARRC_API zarrc_status zarrc_endian_from_name(const char *name, zarrc_endian *out, zarrc_error *error);

/* The fields of a struct type. They never change, and data types share them. */
typedef struct zarrc_fields zarrc_fields;

/* The type of an element in memory. A dtype that is copied by assignment borrows `fields`; one from zarrc_dtype_open or
 * zarrc_dtype_share owns a share of them until zarrc_dtype_close. */
typedef struct zarrc_dtype {
  zarrc_type type;
  zarrc_endian endian; /* byte order in memory; ignored if nothing is ever swapped */
  uint32_t item_size;  /* bytes of an element; of variable-length types sizeof(zarrc_text) */
  uint8_t spelling;    /* which of several JSON names the type was read from; 0: the canonical one */
  uint8_t time_unit;   /* datetime64 and timedelta64: see zarrc_time_unit_name */
  int32_t time_scale;
  const zarrc_fields *fields; /* of a struct, else NULL */
} zarrc_dtype;

/* An element of ZARRC_STRING (UTF-8, may contain NUL) or ZARRC_BYTES. */
typedef struct zarrc_text {
  const uint8_t *ptr;
  size_t len;
} zarrc_text;

/* Returns a type in native byte order. item_size 0: it needs a configuration, or there is no such type. */
ZARRC_API zarrc_dtype zarrc_dtype_of(zarrc_type type);
/* Opens a data type from its JSON in a zarr.json, a string or an object. n: bytes of the text. */
ZARRC_API zarrc_status zarrc_dtype_open(zarrc_ctx *ctx, const char *json, size_t n, zarrc_dtype *out,
                                        zarrc_error *error);
/* The same, but also accepts a name without quotes (int32). text ends with NUL. */
ZARRC_API zarrc_status zarrc_dtype_parse(zarrc_ctx *ctx, const char *text, zarrc_dtype *out, zarrc_error *error);
ZARRC_API void zarrc_dtype_close(zarrc_dtype *dtype);
/* Returns a second owner of the same type; close it too. */
ZARRC_API zarrc_dtype zarrc_dtype_share(const zarrc_dtype *dtype);
/* Appends the canonical JSON. */
ZARRC_API zarrc_status zarrc_dtype_to_json(const zarrc_dtype *dtype, zarrc_buf *out, zarrc_error *error);
ZARRC_API bool zarrc_dtype_equal(const zarrc_dtype *a, const zarrc_dtype *b); /* whatever the byte order in memory */
ZARRC_API bool zarrc_dtype_is_variable(const zarrc_dtype *dtype);             /* string or bytes */
ZARRC_API bool zarrc_dtype_has_endian(const zarrc_dtype *dtype);              /* something in it can be byte-swapped */
ZARRC_API const char *zarrc_time_unit_name(uint8_t unit);                     /* "ns"; NULL past the last */

/* A field of a struct. Fields are packed, in their order. The library owns them and may add members at the end. */
typedef struct zarrc_field {
  const char *name;  /* UTF-8 */
  zarrc_dtype dtype; /* borrowed from the struct */
  uint32_t offset;   /* of its first byte in the element */
} zarrc_field;
ZARRC_API size_t zarrc_dtype_nfields(const zarrc_dtype *dtype);
ZARRC_API const zarrc_field *zarrc_dtype_field(const zarrc_dtype *dtype, size_t i);

/* ------------------------------------------------------------------------------------------ views and regions */

/* Holds the text of variable-length elements, which is freed all at once. */
typedef struct zarrc_arena zarrc_arena;
ZARRC_API zarrc_status zarrc_arena_open(zarrc_ctx *ctx, zarrc_arena **out, zarrc_error *error);
ZARRC_API void zarrc_arena_close(zarrc_arena *arena);
ZARRC_API zarrc_status zarrc_arena_take(zarrc_arena *arena, size_t nbytes, uint8_t **out, zarrc_error *error);

/* An n-dimensional box in memory. Owns nothing. Strides may be 0 or negative, and elements need not be aligned. */
typedef struct zarrc_view {
  void *data;        /* the element at index 0, 0, ... */
  zarrc_dtype dtype; /* borrowed */
  int ndim;          /* 0: a single element */
  int64_t shape[ZARRC_MAX_NDIM];
  int64_t stride[ZARRC_MAX_NDIM]; /* in bytes */
  zarrc_arena *arena;             /* gets the text of variable-length elements that are read into the view; else NULL */
} zarrc_view;

/* Selects a box of elements: on each axis `count` indices, start, start + step, ...; step is at least 1. */
typedef struct zarrc_region {
  int64_t start[ZARRC_MAX_NDIM], count[ZARRC_MAX_NDIM], step[ZARRC_MAX_NDIM];
} zarrc_region;

/* Returns a view of packed elements in C order. */
ZARRC_API zarrc_view zarrc_view_c(const zarrc_dtype *dtype, int ndim, const int64_t *shape, void *data);
/* Returns the part of a view that a region selects. The region must lie inside the view. */
ZARRC_API zarrc_view zarrc_view_part(const zarrc_view *view, const zarrc_region *region);
ZARRC_API int64_t zarrc_view_nitems(const zarrc_view *view);
ZARRC_API bool zarrc_view_is_packed_c(const zarrc_view *view); /* in C order, without gaps */

/* Returns the region that selects all of a shape; whether a region does. */
ZARRC_API zarrc_region zarrc_region_all(int ndim, const int64_t *shape);
ZARRC_API bool zarrc_region_is_all(const zarrc_region *region, int ndim, const int64_t *shape);
/* Returns ZARRC_INVALID_ARGUMENT, and names the axis, unless the region lies inside the shape and steps are >= 1. */
ZARRC_API zarrc_status zarrc_region_check(const zarrc_region *region, int ndim, const int64_t *shape,
                                          zarrc_error *error);

/* Copies src to dst. Shapes and types must be equal (byte orders may differ), and the memory must not overlap. */
ZARRC_API void zarrc_copy(const zarrc_view *dst, const zarrc_view *src);
/* Sets every element. element: in native byte order; NULL: zeros, or empty text. */
ZARRC_API void zarrc_fill(const zarrc_view *dst, const void *element);
/* Returns whether every element equals the fill value `element`, in the sense in which zarr-python 3 omits chunks: bit
 * for bit, but any two NaNs are equal, as are all true booleans and, in complex numbers, 0.0 and -0.0. A struct that
 * contains a NaN or NaT equals nothing. */
ZARRC_API bool zarrc_is_fill(const zarrc_view *view, const void *element);

/* ------------------------------------------------------------------------------------------------ fill values */

/* Reads a fill value from n bytes of JSON. element has room for item_size bytes and gets native byte order; the text of
 * variable-length types is taken from arena. lenient also accepts what zarr-python does, such as numbers in strings. */
ZARRC_API zarrc_status zarrc_fill_from_json(zarrc_ctx *ctx, const zarrc_dtype *dtype, const char *json, size_t n,
                                            bool lenient, zarrc_arena *arena, void *element, zarrc_error *error);
/* Appends the canonical JSON of an element; NULL: the default fill value of the type. Unusual NaNs are hexadecimal. */
ZARRC_API zarrc_status zarrc_fill_to_json(const zarrc_dtype *dtype, const void *element, zarrc_buf *out,
                                          zarrc_error *error);

/* -------------------------------------------------------------------------------------------------- selections */

/* What to select on one axis. A negative index counts from the end of the axis. */
typedef enum zarrc_pick_kind {
  ZARRC_PICK_ALL,   /* every element; the kind of a zeroed pick */
  ZARRC_PICK_SLICE, /* start, start + step, ... below stop, as far as they are on the axis; step >= 1 */
  ZARRC_PICK_INDEX, /* the element `start`; the result lacks the axis */
  ZARRC_PICK_LIST,  /* the elements list[i] - start, in this order, repetitions allowed */
  ZARRC_PICK_MASK   /* the elements whose byte in mask is not 0; n is the length of the axis */
} zarrc_pick_kind;

typedef struct zarrc_pick {
  zarrc_pick_kind kind;
  int64_t start, stop, step;
  const int64_t *list; /* borrowed during the call, as are mask and at */
  const uint8_t *mask;
  size_t n;           /* of list or mask */
  const uint32_t *at; /* LIST: element i of the list has index at[i] in the result, which may be longer; NULL: i */
} zarrc_pick;

ZARRC_API zarrc_pick zarrc_pick_slice(int64_t start, int64_t stop, int64_t step); /* stop INT64_MAX: to the end */
ZARRC_API zarrc_pick zarrc_pick_index(int64_t index);
ZARRC_API zarrc_pick zarrc_pick_list(const int64_t *list, size_t n);
ZARRC_API zarrc_pick zarrc_pick_mask(const uint8_t *mask, size_t n);

/* What to select from an array or a chunk. The kind also determines the shape of the result. */
typedef enum zarrc_selection_kind {
  ZARRC_SELECT_AXES,   /* all combinations of what is picked on each axis; an axis for each pick but INDEX
                          (zarr-python: basic and orthogonal selection) */
  ZARRC_SELECT_BLOCKS, /* whole chunks of an array: picks count chunks of the grid (shards, if there are any); ALL,
                          SLICE with step 1, or INDEX, which keeps its axis here */
  ZARRC_SELECT_POINTS, /* the elements at coordinate[0][i], coordinate[1][i], ...; one axis, of npoints */
  ZARRC_SELECT_MASK    /* the elements where mask is true, in C order; one axis */
} zarrc_selection_kind;

/* Zeroed: everything. Members of other kinds are ignored. */
typedef struct zarrc_selection {
  zarrc_selection_kind kind;
  zarrc_pick pick[ZARRC_MAX_NDIM];           /* AXES, BLOCKS; zeroed beyond the last axis */
  const int64_t *coordinate[ZARRC_MAX_NDIM]; /* POINTS: npoints indices for each axis */
  size_t npoints;
  const uint32_t *at;     /* POINTS: point i has index at[i] in the result, which may be longer; NULL: i */
  const zarrc_view *mask; /* MASK: bool or uint8, in the shape of what is selected from */
  void *room[2];
} zarrc_selection;

/* Returns the shape of the result of a selection from something of the given shape. out_shape has room for
 * ZARRC_MAX_NDIM numbers; *out_ndim may become 0. With `at`, the shape is as large as the largest index there needs. */
ZARRC_API zarrc_status zarrc_selection_shape(const zarrc_selection *selection, int ndim, const int64_t *shape,
                                             int *out_ndim, int64_t *out_shape, zarrc_error *error);

/* ------------------------------------------------------------------------------------------------------- values */

typedef zarrc_status (*zarrc_values_fn)(void *arg, const zarrc_region *part, const zarrc_view *view,
                                        zarrc_error *error);

/* Where the elements of a write come from. Set one of view, fetch and apply; leave the other members zero:
 *     zarrc_write(pipeline, blob, &region, &(zarrc_values){.view = &view}, false, &error);
 * The functions may be called from any thread, for parts of the region. A call may be repeated, and must then give the
 * same elements. If it fails the write fails with its status, and that chunk is unchanged. Text that is stored in a
 * view must live until the write returns. */
typedef struct zarrc_values {
  const zarrc_view *view; /* all elements, in the shape region.count */
  /* Stores the elements of a part in a view, whose memory is not initialized. The region must not have steps. Parts may
   * overlap. At most one call per chunk at a time. */
  zarrc_values_fn fetch;
  /* Changes elements of a part in a view that holds the present ones, or fill value. Parts do not overlap. */
  zarrc_values_fn apply;
  /* optional, with apply: returns false if nothing in a part changes, so that it need not be decoded. */
  bool (*touches)(void *arg, const zarrc_region *part);
  void *arg;
  /* optional: how many elements of the chunk lie in the array on each axis. Nobody reads what is stored beyond them. */
  const int64_t *inside;
  void *room[2];
} zarrc_values;

/* ---------------------------------------------------------------------------------------------- specs and grids */

typedef enum zarrc_subchunk_order {
  ZARRC_MORTON,
  ZARRC_LEXICOGRAPHIC,
  ZARRC_COLEXICOGRAPHIC,
  ZARRC_UNORDERED
} zarrc_subchunk_order;

/* Returns "morton", "lexicographic", ...; NULL if out of range. An unknown name is ZARRC_INVALID_ARGUMENT. */
ZARRC_API const char *zarrc_subchunk_order_name(zarrc_subchunk_order order);
ZARRC_API zarrc_status zarrc_subchunk_order_from_name(const char *name, zarrc_subchunk_order *out, zarrc_error *error);

/* How to read and write chunks; none of this changes what stored bytes mean. Zeroed: the defaults. */
typedef struct zarrc_chunk_options {
  bool write_empty_chunks;             /* also store chunks that contain nothing but fill value */
  bool trust_checksums;                /* partial reads need not read a whole value only to verify its crc32c */
  zarrc_subchunk_order subchunk_order; /* of inner chunks in written shards */
  /* Ranges of a value that are at most coalesce_gap bytes apart are read as one range, of up to coalesce_max bytes.
   * 0: as the store prefers (zarrc_blob_traits). */
  uint64_t coalesce_gap, coalesce_max;
  uint64_t room[4];
} zarrc_chunk_options;

/* Describes a chunk (zarr-python: ArraySpec). Borrows the fill value and the fields of the dtype. */
typedef struct zarrc_spec {
  zarrc_dtype dtype;
  int ndim;
  int64_t shape[ZARRC_MAX_NDIM];
  const void *fill; /* one element in native byte order; NULL: zeros, or empty text */
  char order;       /* 'C' or 'F' (0: 'C'): preferred memory order of new arrays; does not affect stored bytes */
  zarrc_chunk_options options;
  void *room[2];
} zarrc_spec;

ZARRC_API int64_t zarrc_spec_nitems(const zarrc_spec *spec);
/* Returns the bytes of the packed elements; ZARRC_LIMIT if they exceed max_chunk_bytes of the context. */
ZARRC_API zarrc_status zarrc_spec_nbytes(const zarrc_ctx *ctx, const zarrc_spec *spec, size_t *out, zarrc_error *error);

typedef enum zarrc_grid_kind { ZARRC_REGULAR, ZARRC_RECTILINEAR } zarrc_grid_kind;

/* One axis of a rectilinear grid: nedges chunks, of which chunk i has edge[i] elements and begins at index first[i].
 * nedges 0: all chunks on this axis have the length in chunk_shape. */
typedef struct zarrc_grid_axis {
  int64_t nedges;
  const int64_t *edge, *first;
} zarrc_grid_axis;

typedef struct zarrc_grid {
  zarrc_grid_kind kind;
  int ndim;
  int64_t chunk_shape[ZARRC_MAX_NDIM]; /* of every chunk (regular), or for axes without a list (rectilinear) */
  const zarrc_grid_axis *axes;         /* rectilinear: ndim of them, borrowed; else NULL */
  void *room[2];
} zarrc_grid;

#ifdef __cplusplus
}
#endif
#endif

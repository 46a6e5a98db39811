/* SPDX-License-Identifier: MIT */
/*
 * Arrays and groups in a store. Zarr v3 core specification, "Array metadata", "Group metadata", "Chunk grids",
 * "Chunk key encoding".
 */
#ifndef ZARRC_ARRAY_H
#define ZARRC_ARRAY_H

#include <zarrc/codecs.h>
#include <zarrc/pipeline.h>
#include <zarrc/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------ fill values */

/* Reads a fill value. element: item_size bytes, native byte order; text of variable-length types comes from arena.
 * lenient takes also what zarr-python takes beyond the specification (numbers as strings, null for bool, ...). */
ZARRC_API zarrc_status zarrc_fill_from_json(zarrc_ctx *ctx, const zarrc_dtype *dtype, const char *json, size_t n,
                                            bool lenient, zarrc_arena *arena, void *element, zarrc_error *error);
/* Appends canonical JSON; NaNs other than the plain one as hexadecimal bits. element NULL: the type's default. Any
 * element can be written so: the command prints values with it. */
ZARRC_API zarrc_status zarrc_fill_to_json(const zarrc_dtype *dtype, const void *element, zarrc_buf *out,
                                          zarrc_error *error);

/* ------------------------------------------------------------------------------------------------------ grids */

/* chunks on an axis; index of the first element of chunk i and its full edge (not clipped to the array); the chunk
 * that holds element x. */
ZARRC_API int64_t zarrc_grid_nchunks(const zarrc_grid *grid, int axis, int64_t length);
ZARRC_API int64_t zarrc_grid_first(const zarrc_grid *grid, int axis, int64_t chunk);
ZARRC_API int64_t zarrc_grid_edge(const zarrc_grid *grid, int axis, int64_t chunk);
ZARRC_API int64_t zarrc_grid_find(const zarrc_grid *grid, int axis, int64_t x);

/* ----------------------------------------------------------------------------------------------------- arrays */

typedef struct zarrc_array zarrc_array;

typedef struct zarrc_array_options {
  size_t struct_size;
  zarrc_chunk_options chunk; /* for reads and writes through this handle */
  bool missing_is_error;     /* reading a chunk that is not there is ZARRC_NOT_FOUND (read_missing_chunks false) */
  bool strict;               /* refuse what zarr-python tolerates and the specification does not */
  bool allow_unknown;        /* open also where the data type or a codec is not known, or not built in: to look at the
                                metadata and to move encoded chunks. Elements then cannot be read and written:
                                ZARRC_UNSUPPORTED, as zarrc_array_check_readable says */
} zarrc_array_options;

/* Opens the array at a path ("" for the root). options may be NULL. The store must stay open.
 *
 * Somebody else may replace or remove the array while it is open. A read that meets a missing or damaged chunk asks
 * before it ends whether that is why, as zarrc_array_check_current does, and fails with its status; so values of chunks
 * that are missing only under another layout never come as fill values. Reads whose chunks are all there ask nothing:
 * where both arrays have chunks of one key and one size, as with int32 and float32, such a read returns what the new
 * chunk holds. A write asks before its first chunk, and stores nothing then, and again after its last: if it succeeds,
 * the array had its chunks at both times. What is replaced between two of its chunks gets the later ones, and the write
 * fails. */
ZARRC_API zarrc_status zarrc_array_open(zarrc_store *store, const char *path, const zarrc_array_options *options,
                                        zarrc_array **out, zarrc_error *error);

/* What a new array is to be. Zeroed members: the defaults. */
typedef struct zarrc_array_config {
  size_t struct_size;
  const char *data_type; /* JSON, or a bare name: "int32" */
  int ndim;
  const int64_t *shape;
  const int64_t *chunk_shape; /* NULL: one chunk of about 1 MiB is chosen */
  const int64_t *shard_shape; /* NULL: no shards; else chunk_shape is that of the inner chunks */
  /* JSON list of the (inner) chain. NULL: bytes little (or vlen-*), then zstd 3; in a build without libzstd gzip 5, in
   * one without zlib too nothing. */
  const char *codecs;
  const char *fill_value;             /* JSON; NULL: the type's default */
  const char *chunk_key_encoding;     /* "default" or "v2"; NULL: default */
  char separator;                     /* '/' or '.'; 0: that of the encoding */
  const char *const *dimension_names; /* ndim of them, each may be NULL; or NULL */
  const char *attributes;             /* JSON object; NULL: {} */
} zarrc_array_config;

/* Overwriting replaces nodes of Zarr, with all that is below them. What was there stays until the new node is complete,
 * and is then replaced at once; in stores that cannot do that (zarrc_stage_possible) it is removed just before the new
 * document is stored. */
typedef enum zarrc_create_mode {
  ZARRC_CREATE_NEW,          /* something there already is ZARRC_CONFLICT */
  ZARRC_CREATE_OVERWRITE,    /* files that are no Zarr are ZARRC_CONFLICT, be they beside nodes or alone */
  ZARRC_CREATE_OVERWRITE_ALL /* such files are removed too, if there is a node */
} zarrc_create_mode;

ZARRC_API zarrc_status zarrc_array_create(zarrc_store *store, const char *path, const zarrc_array_config *config,
                                          zarrc_create_mode mode, const zarrc_array_options *options, zarrc_array **out,
                                          zarrc_error *error);
/* The same from a whole zarr.json document. */
ZARRC_API zarrc_status zarrc_array_create_json(zarrc_store *store, const char *path, const char *json, size_t n,
                                               zarrc_create_mode mode, const zarrc_array_options *options,
                                               zarrc_array **out, zarrc_error *error);
ZARRC_API void zarrc_array_close(zarrc_array *array);

/* What these return stays with the array; shape, grid, attributes and metadata until it is resized or its attributes
 * are set. */
ZARRC_API zarrc_store *zarrc_array_store(const zarrc_array *array);
ZARRC_API const char *zarrc_array_path(const zarrc_array *array);
ZARRC_API int zarrc_array_ndim(const zarrc_array *array);
ZARRC_API const int64_t *zarrc_array_shape(const zarrc_array *array);
ZARRC_API const zarrc_dtype *zarrc_array_dtype(const zarrc_array *array); /* NULL: not known (allow_unknown) */
ZARRC_API const zarrc_grid *zarrc_array_grid(const zarrc_array *array);
/* One element, native byte order; NULL where the data type is not known. */
ZARRC_API const void *zarrc_array_fill(const zarrc_array *array);
/* Canonical JSON (of codecs the list, evolved); what is not known, as it stands in the document, on one line. */
ZARRC_API const char *zarrc_array_data_type(const zarrc_array *array);
ZARRC_API const char *zarrc_array_fill_value(const zarrc_array *array);
ZARRC_API const char *zarrc_array_codecs(const zarrc_array *array);
ZARRC_API const char *zarrc_array_attributes(const zarrc_array *array);               /* the text as it is stored */
ZARRC_API const char *zarrc_array_metadata(const zarrc_array *array);                 /* canonical zarr.json */
ZARRC_API const char *zarrc_array_dimension_name(const zarrc_array *array, int axis); /* NULL: none */
/* The shape of inner chunks if the chain is a shard and nothing else (outermost level), else false. */
ZARRC_API bool zarrc_array_inner_chunk_shape(const zarrc_array *array, int64_t *shape);
/* One level of the shards of an array. */
typedef struct zarrc_shard_level {
  size_t struct_size;
  int64_t chunk_shape[ZARRC_MAX_NDIM]; /* of what lies in each shard of the level, by axis of the array */
  zarrc_index_location index_location;
  bool alone; /* no other codec stands beside the sharding codec */
} zarrc_shard_level;
/* Gets the i-th level of shards, the outermost first; returns false past the last. Fills as much of `out` as its
 * struct_size says. Arrays that are open for their metadata alone (allow_unknown) have levels too. */
ZARRC_API bool zarrc_array_shard_level(const zarrc_array *array, size_t i, zarrc_shard_level *out);
/* What is not as the specification wants it, or as others can read it, and was taken all the same: the i-th such thing,
 * as a sentence; NULL past the last. What breaks the specification does not open with `strict`. */
ZARRC_API const char *zarrc_array_notice(const zarrc_array *array, size_t i);
/* Returns ZARRC_OK, or ZARRC_UNSUPPORTED and what is not known: arrays opened with allow_unknown. */
ZARRC_API zarrc_status zarrc_array_check_readable(const zarrc_array *array, zarrc_error *error);
/* Asks whether the array that is open is still the one that is stored. ZARRC_CONFLICT: another one, of other chunks
 * (data type, chunk grid, codecs, fill value or chunk keys), is in its place, and is to be opened anew;
 * ZARRC_NOT_FOUND: it was removed. Other attributes or another shape are no reason. Stores that cannot tell versions of
 * a value apart (zarrc_blob_identify) cannot tell this either: ZARRC_OK. */
ZARRC_API zarrc_status zarrc_array_check_current(zarrc_array *array, zarrc_error *error);
/* The pipeline for one chunk (chunks of one shape share it); stays with the array. */
ZARRC_API zarrc_status zarrc_array_pipeline(zarrc_array *array, const int64_t *chunk, const zarrc_pipeline **out,
                                            zarrc_error *error);

/* Reads a region of the array (NULL: all) into a view of region.count elements, chunks in parallel. */
ZARRC_API zarrc_status zarrc_array_read(zarrc_array *array, const zarrc_region *region, const zarrc_view *to,
                                        zarrc_error *error);
ZARRC_API zarrc_status zarrc_array_write(zarrc_array *array, const zarrc_region *region, const zarrc_view *from,
                                         zarrc_error *error);

/* Writes a region (NULL: all; no steps) whose elements are not all in memory at once: fetch puts those of a part of the
 * array into a view. Called from any thread, in any order, and anew when the write of a chunk starts again. A part is a
 * chunk's; of a shard in a file store it is a box around what is encoded at once, some 4 MiB or a sixteenth of
 * max_memory, of at most twice that, and such boxes may overlap; of all of a shard where that cannot be, as with
 * elements of variable length. What fetch fails with is what the write fails with, and the chunk keeps what it had. */
ZARRC_API zarrc_status zarrc_array_write_fetched(zarrc_array *array, const zarrc_region *region, zarrc_fetch_fn fetch,
                                                 void *arg, zarrc_error *error);

/* A new shape of the same rank. Chunks that fall outside are erased; those that are cut keep their bytes beyond the
 * new edge, as the specification leaves it. The new metadata is stored first: should the process end before all is
 * erased, what is left comes back to sight if the array grows again. */
ZARRC_API zarrc_status zarrc_array_resize(zarrc_array *array, const int64_t *shape, zarrc_error *error);
ZARRC_API zarrc_status zarrc_array_erase_chunk(zarrc_array *array, const int64_t *chunk, zarrc_error *error);
/* New attributes (a JSON object), kept as the text they are. */
ZARRC_API zarrc_status zarrc_array_set_attributes(zarrc_array *array, const char *json, size_t n, zarrc_error *error);
/* The store key of a chunk into buf (NUL-terminated). */
ZARRC_API zarrc_status zarrc_array_chunk_key(const zarrc_array *array, const int64_t *chunk, char *buf, size_t nbytes,
                                             zarrc_error *error);

/* Returns whether a store key is that of a chunk of the grid, and puts its coordinates into `chunk`. */
ZARRC_API bool zarrc_array_chunk_of(const zarrc_array *array, const char *key, int64_t *chunk);

/* ------------------------------------------------------------------------------------------------- selections */

/* Indices outside the array, a step below 1, and masks and memory of another shape are ZARRC_INVALID_ARGUMENT, naming
 * the axis and the index, before anything is read or written. Lists and points: up to 2^32 - 1 of them, and about 24
 * bytes of memory for each; for points of chunks that are being worked on some 20 bytes more, and 8 for each axis. Each
 * chunk is read and written as zarrc_read_selection and zarrc_write_selection do it. */

/* The shape of the result, ZARRC_MAX_NDIM numbers; *ndim may be 0. */
ZARRC_API zarrc_status zarrc_array_selection_shape(zarrc_array *array, const zarrc_selection *selection, int *ndim,
                                                   int64_t *shape, zarrc_error *error);
/* Reads into a view of the result's shape. */
ZARRC_API zarrc_status zarrc_array_read_selection(zarrc_array *array, const zarrc_selection *selection,
                                                  const zarrc_view *to, zarrc_error *error);
/* Writes a view of the result's shape, or one element (a view without axes) everywhere. Where an element is selected
 * more than once the last value stays. Each chunk is stored once, and writers of other elements of it lose nothing. */
ZARRC_API zarrc_status zarrc_array_write_selection(zarrc_array *array, const zarrc_selection *selection,
                                                   const zarrc_view *from, zarrc_error *error);

/* ----------------------------------------------------------------------------------------------------- groups */

typedef struct zarrc_group zarrc_group;

ZARRC_API zarrc_status zarrc_group_open(zarrc_store *store, const char *path, zarrc_group **out, zarrc_error *error);
/* attributes: a JSON object or NULL. */
ZARRC_API zarrc_status zarrc_group_create(zarrc_store *store, const char *path, const char *attributes,
                                          zarrc_create_mode mode, zarrc_group **out, zarrc_error *error);
/* The same from a whole zarr.json document. */
ZARRC_API zarrc_status zarrc_group_create_json(zarrc_store *store, const char *path, const char *json, size_t n,
                                               zarrc_create_mode mode, zarrc_group **out, zarrc_error *error);
ZARRC_API void zarrc_group_close(zarrc_group *group);
ZARRC_API const char *zarrc_group_path(const zarrc_group *group);
ZARRC_API const char *zarrc_group_attributes(const zarrc_group *group);
ZARRC_API const char *zarrc_group_metadata(const zarrc_group *group);
ZARRC_API zarrc_status zarrc_group_set_attributes(zarrc_group *group, const char *json, size_t n, zarrc_error *error);

typedef enum zarrc_node_kind {
  ZARRC_NODE_NONE,
  ZARRC_NODE_ARRAY,
  ZARRC_NODE_GROUP,
  ZARRC_NODE_UNREADABLE /* in listings: something is there, but what cannot be told */
} zarrc_node_kind;

/* What lies at a path; ZARRC_NODE_NONE is no error. */
ZARRC_API zarrc_status zarrc_node_find(zarrc_store *store, const char *path, zarrc_node_kind *out, zarrc_error *error);
/* What lies at and below a path. */
typedef struct zarrc_survey {
  uint64_t nnodes;  /* documents of arrays and groups, of format 2 too */
  uint64_t nchunks; /* files named as chunks of these */
  uint64_t nothers; /* files that are neither, and links to directories out of the store, which are not entered */
  char other[272];  /* the first of those, below the path; cut where it is longer */
} zarrc_survey;

/* other: called for each of the other files, in the order of their names, and then for links; or NULL. */
ZARRC_API zarrc_status zarrc_node_survey(zarrc_store *store, const char *path, zarrc_survey *out, zarrc_list_fn other,
                                         void *arg, zarrc_error *error);
/* Whether a node may be created in a mode, as zarrc_array_create would find: ZARRC_CONFLICT where it may not. */
ZARRC_API zarrc_status zarrc_node_check(zarrc_store *store, const char *path, zarrc_create_mode mode,
                                        zarrc_error *error);
/* Makes groups at and above a path where there is no node. */
ZARRC_API zarrc_status zarrc_groups_make(zarrc_store *store, const char *path, zarrc_error *error);

/* Calls fn for each child node of a group, sorted by name. A child whose document cannot be read, or is no node of Zarr
 * format 3, comes as ZARRC_NODE_UNREADABLE, and `why` says the reason; else why is NULL. Only what is no fault of one
 * child ends the listing: no memory, the network, a cancellation, and what fn returns. */
typedef zarrc_status (*zarrc_node_fn)(void *arg, const char *path, zarrc_node_kind kind, const zarrc_error *why,
                                      zarrc_error *error);
ZARRC_API zarrc_status zarrc_group_list(zarrc_group *group, zarrc_node_fn fn, void *arg, zarrc_error *error);

#ifdef __cplusplus
}
#endif
#endif

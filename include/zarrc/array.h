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

/* ------------------------------------------------------------------------------------------------------ grids */

/* Return the number of chunks on an axis of an array of that length; the index of a chunk's first element; the length
 * of a chunk, including what lies beyond the array; the chunk that contains index x. */
ZARRC_API int64_t zarrc_grid_nchunks(const zarrc_grid *grid, int axis, int64_t length);
ZARRC_API int64_t zarrc_grid_first(const zarrc_grid *grid, int axis, int64_t chunk);
ZARRC_API int64_t zarrc_grid_edge(const zarrc_grid *grid, int axis, int64_t chunk);
ZARRC_API int64_t zarrc_grid_find(const zarrc_grid *grid, int axis, int64_t x);

/* ----------------------------------------------------------------------------------------------------- arrays */

typedef struct zarrc_array zarrc_array;

typedef struct zarrc_array_options {
  size_t struct_size;
  zarrc_chunk_options chunk; /* for reads and writes through this handle */
  bool missing_is_error;     /* a chunk that is not stored reads as ZARRC_NOT_FOUND, not as fill value */
  bool strict;               /* refuse metadata that violates the specification, even if zarr-python accepts it */
  bool allow_unknown;        /* also open arrays with an unknown data type or codec. Their metadata and encoded chunks
                                are accessible; their elements are ZARRC_UNSUPPORTED (zarrc_array_check_readable) */
  int zarr_format;           /* of a new array: 2 or 3; 0: that of its document, else 3 */
  const char *attributes;    /* of a new array: a JSON object; NULL: those of its document or config */
} zarrc_array_options;

/* Opens the array at a path ("" for the root). options may be NULL. The store must stay open. What happens if somebody
 * else replaces the array is in docs/threads-and-memory.md. */
ZARRC_API zarrc_status zarrc_array_open(zarrc_store *store, const char *path, const zarrc_array_options *options,
                                        zarrc_array **out, zarrc_error *error);

/* Describes a new array. Zeroed members: the defaults. ZARRC_UNSUPPORTED: Zarr format 2 cannot express it; what it can
 * is in docs/format.md. */
typedef struct zarrc_array_config {
  size_t struct_size;
  const char *data_type; /* JSON, or a name without quotes: "int32". In format 2 also NumPy's dtype: ">i2", "|S5", or a
                            list of fields in JSON; its byte orders count, whatever `bytes` in `codecs` says */
  int ndim;
  const int64_t *shape;
  const int64_t *chunk_shape; /* NULL: chosen so that a chunk has about 1 MiB at most */
  const int64_t *shard_shape; /* NULL: no shards. Otherwise chunk_shape is the shape of the inner chunks */
  /* JSON list of the codecs of the (inner) chunks. NULL: bytes (little-endian), vlen-utf8 or vlen-bytes, then zstd of
   * level 3; in a build without libzstd gzip of level 5 or, without zlib, no compression. */
  const char *codecs;
  const char *fill_value;             /* JSON, in format 2 also null; NULL: the default of the type */
  const char *chunk_key_encoding;     /* "default" or "v2"; NULL: "default", in format 2 "v2" */
  char separator;                     /* '/' or '.'; 0: the default of the encoding */
  const char *const *dimension_names; /* ndim names, each of which may be NULL; or NULL */
  const char *attributes;             /* JSON object; NULL: {} */
  char order; /* of the elements in stored (inner) chunks: 'C' or 'F', which puts a transpose before `codecs`; 0: 'C' */
} zarrc_array_config;

/* What to do if something exists at the path of a new node. A node and all below it are replaced as a whole when the
 * new node is complete; in stores without stages (zarrc_stage_possible) just before its document is stored. */
typedef enum zarrc_create_mode {
  ZARRC_CREATE_NEW,          /* fail with ZARRC_CONFLICT */
  ZARRC_CREATE_OVERWRITE,    /* replace nodes; ZARRC_CONFLICT if there are files that are not Zarr */
  ZARRC_CREATE_OVERWRITE_ALL /* replace nodes and also remove such files; ZARRC_CONFLICT if there are only such files */
} zarrc_create_mode;

/* Creates an array. Missing groups above it are created too, in its format. ZARRC_CONFLICT: a node above it is an
 * array, or a group of another format, or is only in consolidated metadata; in the mode for new nodes also: the node
 * itself is. */
ZARRC_API zarrc_status zarrc_array_create(zarrc_store *store, const char *path, const zarrc_array_config *config,
                                          zarrc_create_mode mode, const zarrc_array_options *options, zarrc_array **out,
                                          zarrc_error *error);
/* Reads what zarrc_array_create takes for `data_type` in a format (0: 3). To be closed. */
ZARRC_API zarrc_status zarrc_array_parse_type(zarrc_ctx *ctx, const char *text, int zarr_format, zarrc_dtype *out,
                                              zarrc_error *error);
/* Creates an array from a complete zarr.json, or from a .zarray, which is stored as it is. options->zarr_format makes
 * the one from the other. */
ZARRC_API zarrc_status zarrc_array_create_json(zarrc_store *store, const char *path, const char *json, size_t n,
                                               zarrc_create_mode mode, const zarrc_array_options *options,
                                               zarrc_array **out, zarrc_error *error);
ZARRC_API void zarrc_array_close(zarrc_array *array);

/* Return what belongs to the array and lives as long as it does; shape, grid, attributes and metadata only until the
 * array is resized or its attributes are set. */
ZARRC_API zarrc_store *zarrc_array_store(const zarrc_array *array);
ZARRC_API const char *zarrc_array_path(const zarrc_array *array);
ZARRC_API int zarrc_array_ndim(const zarrc_array *array);
ZARRC_API const int64_t *zarrc_array_shape(const zarrc_array *array);
ZARRC_API const zarrc_dtype *zarrc_array_dtype(const zarrc_array *array); /* NULL: unknown (allow_unknown) */
ZARRC_API const zarrc_grid *zarrc_array_grid(const zarrc_array *array);
/* Returns one element in native byte order; NULL if the data type is unknown. */
ZARRC_API const void *zarrc_array_fill(const zarrc_array *array);
/* Return canonical JSON; what is unknown, as in the document, on one line. The codecs are a list, and evolved. */
ZARRC_API const char *zarrc_array_data_type(const zarrc_array *array);
ZARRC_API const char *zarrc_array_fill_value(const zarrc_array *array);
ZARRC_API const char *zarrc_array_codecs(const zarrc_array *array);
ZARRC_API const char *zarrc_array_attributes(const zarrc_array *array);               /* JSON, as it is stored */
ZARRC_API const char *zarrc_array_metadata(const zarrc_array *array);                 /* the document; see below */
ZARRC_API const char *zarrc_array_dimension_name(const zarrc_array *array, int axis); /* NULL: none */
/* Returns the Zarr format, 3 or 2. It determines what zarrc_array_metadata returns: the canonical zarr.json, or the
 * .zarray, which does not contain the attributes. All other functions describe the array in terms of format 3. */
ZARRC_API int zarrc_array_format(const zarrc_array *array);
/* Appends a document that describes the same array and chunks in a format: the zarr.json, or the .zarray (without
 * attributes). ZARRC_UNSUPPORTED: that format cannot express it; ZARRC_INVALID_METADATA: one made for the other format
 * would have a setting that is no good, see zarrc_codec_check_encodes. */
ZARRC_API zarrc_status zarrc_array_document(const zarrc_array *array, int format, zarrc_buf *out, zarrc_error *error);
/* Appends what zarrc_array_document does for format 3; but also for what only format 2 can say, in words that are in no
 * stored zarr.json (the codec zarrc.field_order). Of an array that cannot be read it is zarrc_array_metadata. */
ZARRC_API zarrc_status zarrc_array_description(const zarrc_array *array, zarrc_buf *out, zarrc_error *error);
/* Gets the shape of the outermost inner chunks; returns false unless sharding_indexed is the array's only codec. */
ZARRC_API bool zarrc_array_inner_chunk_shape(const zarrc_array *array, int64_t *shape);

/* One level of shards of an array. */
typedef struct zarrc_shard_level {
  size_t struct_size;
  int64_t chunk_shape[ZARRC_MAX_NDIM]; /* of the inner chunks, on the axes of the array */
  zarrc_index_location index_location;
  bool alone; /* there is no other codec beside sharding_indexed */
} zarrc_shard_level;
/* Gets the i-th level of shards, counted from the outermost; returns false past the last. Set out->struct_size. */
ZARRC_API bool zarrc_array_shard_level(const zarrc_array *array, size_t i, zarrc_shard_level *out);
/* Returns a sentence about the i-th thing in the metadata that violates the specification, or that other
 * implementations may not be able to read, but that was accepted; NULL past the last. */
ZARRC_API const char *zarrc_array_notice(const zarrc_array *array, size_t i);
/* Returns ZARRC_UNSUPPORTED, and what is unknown, if the elements cannot be read and written (allow_unknown). */
ZARRC_API zarrc_status zarrc_array_check_readable(const zarrc_array *array, zarrc_error *error);
/* Checks that the open array is still the stored one. ZARRC_CONFLICT: it was replaced by an array with other chunks
 * (data type, chunk grid, codecs, fill value or chunk keys) and must be opened again; ZARRC_NOT_FOUND: it was removed.
 * Always ZARRC_OK in stores that cannot identify versions of a value (zarrc_blob_identify). */
ZARRC_API zarrc_status zarrc_array_check_current(zarrc_array *array, zarrc_error *error);
/* Gets the pipeline of a chunk. It belongs to the array, and chunks of the same shape share it. */
ZARRC_API zarrc_status zarrc_array_pipeline(zarrc_array *array, const int64_t *chunk, const zarrc_pipeline **out,
                                            zarrc_error *error);

/* Read and write a region of the array (NULL: all of it) with a view of the shape region.count, chunks in parallel. */
ZARRC_API zarrc_status zarrc_array_read(zarrc_array *array, const zarrc_region *region, const zarrc_view *to,
                                        zarrc_error *error);
/* Reads inside a function that zarrc_store_each calls for the store of the array: from the store that it was given. */
ZARRC_API zarrc_status zarrc_array_read_from(zarrc_array *array, zarrc_store *from, const zarrc_region *region,
                                             const zarrc_view *to, zarrc_error *error);
ZARRC_API zarrc_status zarrc_array_write(zarrc_array *array, const zarrc_region *region, const zarrc_view *from,
                                         zarrc_error *error);

/* Writes values that are not all in memory, or that depend on what is stored, in a region (NULL: all). Parts are in
 * indices of the array, and none exceeds a chunk. A shard that is stored in batches is fetched in boxes of a few MiB.
 * Chunks in which nothing changes are not read. */
ZARRC_API zarrc_status zarrc_array_write_values(zarrc_array *array, const zarrc_region *region,
                                                const zarrc_values *values, zarrc_error *error);

/* Changes the shape; the number of dimensions stays. Chunks outside the new shape are erased. Chunks at its edge keep
 * the elements beyond it, as the specification allows. The metadata is stored before chunks are erased: if the process
 * ends in between, old chunks reappear when the array grows again. */
ZARRC_API zarrc_status zarrc_array_resize(zarrc_array *array, const int64_t *shape, zarrc_error *error);
ZARRC_API zarrc_status zarrc_array_erase_chunk(zarrc_array *array, const int64_t *chunk, zarrc_error *error);
/* Replaces the attributes by a JSON object of n bytes, which is stored as it is. */
ZARRC_API zarrc_status zarrc_array_set_attributes(zarrc_array *array, const char *json, size_t n, zarrc_error *error);
/* Writes the store key of a chunk to buf, with a NUL. */
ZARRC_API zarrc_status zarrc_array_chunk_key(const zarrc_array *array, const int64_t *chunk, char *buf, size_t nbytes,
                                             zarrc_error *error);

/* Gets the coordinates of the chunk that is stored under a key; returns false if the key is not that of a chunk. */
ZARRC_API bool zarrc_array_chunk_of(const zarrc_array *array, const char *key, int64_t *chunk);

/* ------------------------------------------------------------------------------------------------- selections */

/* An index outside the array, a step below 1, and a mask or view of another shape are ZARRC_INVALID_ARGUMENT; the
 * message names the axis, and nothing is read or written. A list, or the points, may have up to 2^32 - 1 indices, for
 * each of which about 24 bytes of memory are needed, and for points more while their chunk is processed. */

/* Gets the shape of the result, which has room for ZARRC_MAX_NDIM numbers; *ndim may become 0. */
ZARRC_API zarrc_status zarrc_array_selection_shape(zarrc_array *array, const zarrc_selection *selection, int *ndim,
                                                   int64_t *shape, zarrc_error *error);
/* Reads into a view with the shape of the result. */
ZARRC_API zarrc_status zarrc_array_read_selection(zarrc_array *array, const zarrc_selection *selection,
                                                  const zarrc_view *to, zarrc_error *error);
/* Writes a view with the shape of the result, or one element (a view with ndim 0) to all selected elements. If an
 * element is selected repeatedly the last value remains. Each chunk is stored once. */
ZARRC_API zarrc_status zarrc_array_write_selection(zarrc_array *array, const zarrc_selection *selection,
                                                   const zarrc_view *from, zarrc_error *error);

/* ----------------------------------------------------------------------------------------------------- groups */

typedef struct zarrc_group zarrc_group;

/* How a group is opened or created. Zeroed members: the defaults. */
typedef struct zarrc_group_options {
  size_t struct_size;
  int zarr_format;      /* of a new group: 3 or 2; 0: that of its document, else 3 */
  bool no_consolidated; /* ignore consolidated metadata */
} zarrc_group_options;

/* Opens the group at a path. options may be NULL. If it has consolidated metadata, this group and those that are opened
 * through it list and open what is below them from that alone (docs/format.md). */
ZARRC_API zarrc_status zarrc_group_open(zarrc_store *store, const char *path, const zarrc_group_options *options,
                                        zarrc_group **out, zarrc_error *error);
/* Creates a group, as zarrc_array_create does an array. attributes: a JSON object, or NULL; options may be NULL. */
ZARRC_API zarrc_status zarrc_group_create(zarrc_store *store, const char *path, const char *attributes,
                                          zarrc_create_mode mode, const zarrc_group_options *options, zarrc_group **out,
                                          zarrc_error *error);
/* Creates a group from a complete zarr.json, or from a .zgroup. */
ZARRC_API zarrc_status zarrc_group_create_json(zarrc_store *store, const char *path, const char *json, size_t n,
                                               zarrc_create_mode mode, const zarrc_group_options *options,
                                               zarrc_group **out, zarrc_error *error);
ZARRC_API void zarrc_group_close(zarrc_group *group);
ZARRC_API const char *zarrc_group_path(const zarrc_group *group);
ZARRC_API const char *zarrc_group_attributes(const zarrc_group *group);
ZARRC_API const char *zarrc_group_metadata(const zarrc_group *group); /* the canonical zarr.json, or the .zgroup */
ZARRC_API int zarrc_group_format(const zarrc_group *group);           /* 3 or 2 */
/* Appends a document that describes the same group in a format. */
ZARRC_API zarrc_status zarrc_group_document(const zarrc_group *group, int format, zarrc_buf *out, zarrc_error *error);
ZARRC_API zarrc_status zarrc_group_set_attributes(zarrc_group *group, const char *json, size_t n, zarrc_error *error);

/* Finds out whether what is below the group comes from consolidated metadata: its own, or those of a group above that
 * it was opened through. */
ZARRC_API zarrc_status zarrc_group_is_consolidated(zarrc_group *group, bool *out, zarrc_error *error);
/* Finds out whether the documents of the node at a path below the group differ by now, say in the shape or the
 * attributes, from the consolidated metadata that the group opens it from. Never true of a node without documents. */
ZARRC_API zarrc_status zarrc_group_is_stale(zarrc_group *group, const char *path, bool *out, zarrc_error *error);

typedef enum zarrc_node_kind {
  ZARRC_NODE_NONE,
  ZARRC_NODE_ARRAY,
  ZARRC_NODE_GROUP,
  ZARRC_NODE_UNREADABLE /* in listings: there is something, but it cannot be read */
} zarrc_node_kind;

/* Finds out what is at a path. That nothing is there (ZARRC_NODE_NONE) is not a failure. */
ZARRC_API zarrc_status zarrc_node_find(zarrc_store *store, const char *path, zarrc_node_kind *out, zarrc_error *error);

/* What is at and below a path. */
typedef struct zarrc_survey {
  uint64_t nnodes;  /* arrays and groups, of either format, according to their documents */
  uint64_t nchunks; /* files whose names are keys of chunks of these arrays */
  uint64_t nothers; /* other files, and links to directories outside the store, which are not followed */
  char other[272];  /* the first of the others, relative to the path; truncated if it is longer */
  uint64_t room[4];
} zarrc_survey;

/* Counts what is at and below a path. other is called for each of the other files in the order of their names, then for
 * each such link; it may be NULL. */
ZARRC_API zarrc_status zarrc_node_survey(zarrc_store *store, const char *path, zarrc_survey *out, zarrc_list_fn other,
                                         void *arg, zarrc_error *error);
/* Returns ZARRC_CONFLICT if a node of a format (0: 3) could not be created at the path in that mode. */
ZARRC_API zarrc_status zarrc_node_check(zarrc_store *store, const char *path, int zarr_format, zarrc_create_mode mode,
                                        zarrc_error *error);
/* Creates groups of a format (0: 3) at a path and above it where there is no node. */
ZARRC_API zarrc_status zarrc_groups_make(zarrc_store *store, const char *path, int zarr_format, zarrc_error *error);

/* Calls fn for each child of a group, sorted by name. A child that cannot be read is passed as ZARRC_NODE_UNREADABLE
 * with the reason in `why`, which is NULL for the others; it does not end the listing, but a failure of fn does. */
typedef zarrc_status (*zarrc_node_fn)(void *arg, const char *path, zarrc_node_kind kind, const zarrc_error *why,
                                      zarrc_error *error);
ZARRC_API zarrc_status zarrc_group_list(zarrc_group *group, zarrc_node_fn fn, void *arg, zarrc_error *error);
/* Open what is below a group, at a path relative to it. The result does not need the group. An array in consolidated
 * metadata need not have a document of its own, but without one its shape and attributes cannot be changed. */
ZARRC_API zarrc_status zarrc_group_open_array(zarrc_group *group, const char *path, const zarrc_array_options *options,
                                              zarrc_array **out, zarrc_error *error);
ZARRC_API zarrc_status zarrc_group_open_group(zarrc_group *group, const char *path, zarrc_group **out,
                                              zarrc_error *error);

/* Opens what is at a path, an array or a group, and sets the other one to NULL. If there is no document, it is looked
 * for in the consolidated metadata of the groups above, the nearest first. Both options may be NULL. */
ZARRC_API zarrc_status zarrc_node_open(zarrc_store *store, const char *path, const zarrc_array_options *array_options,
                                       const zarrc_group_options *group_options, zarrc_array **array,
                                       zarrc_group **group, zarrc_error *error);

/* ---------------------------------------------------------------------------------------- consolidated metadata */

/* Writes consolidated metadata into the zarr.json or .zmetadata of the group at a path: the documents of everything
 * below it that has the group's format. Functions that create nodes or change documents then keep it up to date. If the
 * present consolidated metadata describes nodes that have no documents of their own, these are dropped if `drop` is
 * set; otherwise that is ZARRC_CONFLICT, and nothing is written. */
ZARRC_API zarrc_status zarrc_consolidate(zarrc_store *store, const char *path, bool drop, zarrc_error *error);
/* Brings the consolidated metadata of all groups above a path up to date. To be called after nodes were erased, or
 * documents changed, by other means. */
ZARRC_API zarrc_status zarrc_consolidated_refresh(zarrc_store *store, const char *path, zarrc_error *error);

typedef enum zarrc_consolidated_difference {
  ZARRC_ONLY_CONSOLIDATED, /* a node without documents of its own */
  ZARRC_NOT_CONSOLIDATED,  /* a node that is not in the consolidated metadata */
  ZARRC_OTHER_DOCUMENT     /* the documents of the node say something else */
} zarrc_consolidated_difference;

/* Calls fn for each node below the group at a path (with its path in the store) whose own documents differ from those
 * in the group's consolidated metadata. ZARRC_NOT_FOUND: the group has none. */
typedef zarrc_status (*zarrc_difference_fn)(void *arg, const char *path, zarrc_consolidated_difference difference,
                                            zarrc_error *error);
ZARRC_API zarrc_status zarrc_consolidated_compare(zarrc_store *store, const char *path, zarrc_difference_fn fn,
                                                  void *arg, zarrc_error *error);

#ifdef __cplusplus
}
#endif
#endif

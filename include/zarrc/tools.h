/* SPDX-License-Identifier: MIT */
/*
 * Operations on whole arrays and hierarchies: what the command zarrc does, for programs. Nothing here prints.
 */
#ifndef ZARRC_TOOLS_H
#define ZARRC_TOOLS_H

#include <zarrc/array.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------- codecs as text */

/* Appends the JSON list of codecs that a text describes: names with arguments, as in "zstd(level=3,checksum)" or
 * "bytes,blosc(zstd,5,bitshuffle),crc32c"; or JSON (a list or a single codec), which stays as it is. A missing
 * array-to-bytes codec is added, whichever suits dtype (which may be NULL). Arguments are not checked.
 * ZARRC_INVALID_ARGUMENT: the text is neither; ZARRC_UNSUPPORTED: there is no codec of that name. */
ZARRC_API zarrc_status zarrc_codecs_from_text(const char *text, const zarrc_dtype *dtype, zarrc_buf *out,
                                              zarrc_error *error);

/* Appends the short text for a JSON list of codecs, of n bytes. ZARRC_INVALID_METADATA: it is not JSON. */
ZARRC_API zarrc_status zarrc_codecs_to_text(const char *json, size_t n, zarrc_buf *out, zarrc_error *error);

/* --------------------------------------------------------------------------------------------- counting chunks */

/* The chunks of an array in numbers. An object is what is stored under one key: a shard, or a chunk in no shard.
 * Counts that do not fit are UINT64_MAX. */
typedef struct zarrc_chunk_layout {
  size_t struct_size;
  int ndim;
  bool sharded; /* objects are shards, with inner chunks of chunk_shape */
  bool regular; /* all objects have the same shape; if not, the shapes are those of the first object */
  int64_t object_shape[ZARRC_MAX_NDIM], object_grid[ZARRC_MAX_NDIM]; /* elements of an object, objects, on each axis */
  int64_t chunk_shape[ZARRC_MAX_NDIM], chunk_grid[ZARRC_MAX_NDIM];   /* the same of chunks, or outermost inner chunks */
  uint64_t nobjects, nchunks, chunks_per_object;
  uint64_t nitems;
  uint64_t nbytes, object_nbytes, chunk_nbytes; /* of decoded elements; 0: unknown, as of text */
} zarrc_chunk_layout;

/* Fills as much of *out as its struct_size says. */
ZARRC_API zarrc_status zarrc_array_chunk_layout(const zarrc_array *array, zarrc_chunk_layout *out, zarrc_error *error);

/* What is stored of an array. */
typedef struct zarrc_stored {
  size_t struct_size;
  uint64_t nobjects, nbytes;             /* objects of the grid, and their stored bytes */
  uint64_t nothers;                      /* other keys below the array, except its documents */
  uint64_t ntemporary, temporary_nbytes; /* temporary files that killed writers have left */
} zarrc_stored;

/* Lists the keys of an array and counts them. Set out->struct_size. ZARRC_UNSUPPORTED: the store cannot list. */
ZARRC_API zarrc_status zarrc_array_count_stored(const zarrc_array *array, zarrc_stored *out, zarrc_error *error);

/* ------------------------------------------------------------------------------------------------ single shards */

/* A stored shard, opened to look at its index and to read its inner chunks one by one, undamaged ones beside damaged
 * ones. Not for several threads at once. Zarr v3 sharding-indexed codec specification. */
typedef struct zarrc_stored_shard zarrc_stored_shard;

/* What the index says. Shapes are those that sharding_indexed sees: codecs before it, such as transpose, may have
 * changed the axes. */
typedef struct zarrc_stored_shard_info {
  size_t struct_size;
  int ndim;
  bool wrapped;                        /* other codecs follow sharding_indexed */
  int64_t shape[ZARRC_MAX_NDIM];       /* elements of the shard */
  int64_t chunk_shape[ZARRC_MAX_NDIM]; /* elements of an inner chunk */
  int64_t grid[ZARRC_MAX_NDIM];        /* inner chunks */
  const zarrc_dtype *dtype;            /* of decoded inner chunks; lives as long as the shard */
  uint64_t nbytes;                     /* of the shard; ZARRC_UNKNOWN: the store does not say */
  zarrc_index_location index_location;
  uint64_t index_nbytes;
  bool index_has_checksum;
  uint64_t nchunks;                               /* entries of the index: npresent + nmissing + ncorrupt */
  uint64_t npresent, nmissing, ncorrupt;          /* corrupt: the entry is impossible */
  uint64_t least_chunk_nbytes, most_chunk_nbytes; /* sizes an encoded inner chunk can have; UINT64_MAX: any */
  uint64_t data_nbytes;                           /* of all inner chunks that are present */
  uint64_t hole_nbytes, overlap_nbytes; /* bytes of the shard that belong to no inner chunk and not to the index; that
                                           belong to several */
} zarrc_stored_shard_info;

/* Reads the index of the shard that is stored under a key of a store (NULL: that of the array), and is shaped and
 * encoded like the array's shards; chunk: its coordinates, for errors, or NULL if they are not known. The caller closes
 * *out before the array and the store. ZARRC_INVALID_ARGUMENT: the array has no shards; ZARRC_NOT_FOUND: no shard is
 * stored there; others, such as ZARRC_CORRUPT, ZARRC_TRUNCATED and ZARRC_CHECKSUM: its index cannot be read. */
ZARRC_API zarrc_status zarrc_stored_shard_open(zarrc_array *array, zarrc_store *store, const char *key,
                                               const int64_t *chunk, zarrc_stored_shard **out, zarrc_error *error);
ZARRC_API void zarrc_stored_shard_close(zarrc_stored_shard *shard);
/* Fills as much of *out as its struct_size says. */
ZARRC_API zarrc_status zarrc_stored_shard_describe(const zarrc_stored_shard *shard, zarrc_stored_shard_info *out,
                                                   zarrc_error *error);
/* Gets entry i of the index, below nchunks. */
ZARRC_API void zarrc_stored_shard_get(const zarrc_stored_shard *shard, uint64_t i, zarrc_inner_chunk *out);
/* Reads the encoded bytes of inner chunk i, which the caller releases. ZARRC_NOT_FOUND: it is missing; ZARRC_CORRUPT:
 * its entry is impossible. Errors name the shard and the inner chunk. */
ZARRC_API zarrc_status zarrc_stored_shard_read(zarrc_stored_shard *shard, uint64_t i, zarrc_bytes *out,
                                               zarrc_error *error);
/* Decodes inner chunk i, all of it, to a view of the shape chunk_shape. Errors as above, and those of the codecs. */
ZARRC_API zarrc_status zarrc_stored_shard_decode(zarrc_stored_shard *shard, uint64_t i, const zarrc_view *to,
                                                 zarrc_error *error);

/* -------------------------------------------------------------------------------------------------- hierarchies */

/* A list of a node and everything below it: depth first, children sorted by name. */
typedef struct zarrc_tree zarrc_tree;

typedef struct zarrc_tree_node {
  const char *path; /* in the store */
  zarrc_node_kind kind;
  int depth;              /* 0: the node that was asked for */
  bool last;              /* the last child of its parent */
  const zarrc_error *why; /* the reason if the node cannot be read, or its children cannot be listed; else NULL */
} zarrc_tree_node;

/* Lists the node at a path and `depth` levels below it (negative: all), from consolidated metadata where groups have
 * any. Nodes below it that cannot be read are in the list, with the reason. options may be NULL. ZARRC_NOT_FOUND: there
 * is no node at the path. */
ZARRC_API zarrc_status zarrc_tree_open(zarrc_store *store, const char *path, int64_t depth,
                                       const zarrc_group_options *options, zarrc_tree **out, zarrc_error *error);
ZARRC_API void zarrc_tree_close(zarrc_tree *tree);
ZARRC_API size_t zarrc_tree_nnodes(const zarrc_tree *tree);
/* Returns the i-th node, which lives as long as the tree. */
ZARRC_API const zarrc_tree_node *zarrc_tree_get(const zarrc_tree *tree, size_t i);
/* Returns the number of the node at a path of n bytes; SIZE_MAX: there is none. */
ZARRC_API size_t zarrc_tree_find(const zarrc_tree *tree, const char *path, size_t n);
/* Calls fn, in the order of the paths, for each array and group that lies below the groups of a complete tree but is
 * not in it, because a folder above it is not a group, or because it is missing from consolidated metadata. Folders
 * that cannot be listed are left out. */
typedef zarrc_status (*zarrc_unlisted_fn)(void *arg, const char *path, zarrc_error *error);
ZARRC_API zarrc_status zarrc_tree_each_unlisted(const zarrc_tree *tree, zarrc_unlisted_fn fn, void *arg,
                                                zarrc_error *error);
/* Open the i-th node, from the consolidated metadata if it was found in that. */
ZARRC_API zarrc_status zarrc_tree_open_array(const zarrc_tree *tree, size_t i, const zarrc_array_options *options,
                                             zarrc_array **out, zarrc_error *error);
ZARRC_API zarrc_status zarrc_tree_open_group(const zarrc_tree *tree, size_t i, zarrc_group **out, zarrc_error *error);
/* Does what zarrc_group_is_stale does, for the i-th node. The node at depth 0 is never stale. */
ZARRC_API zarrc_status zarrc_tree_is_stale(const zarrc_tree *tree, size_t i, bool *out, zarrc_error *error);
/* Returns the failure of the first node that cannot be read; ZARRC_OK if there is none. */
ZARRC_API zarrc_status zarrc_tree_check(const zarrc_tree *tree, zarrc_error *error);

/* ------------------------------------------------------------------------------------------------------- digests */

/* The lines of a digest are written one after another, in pieces of some lines. A failure ends it. */
typedef zarrc_status (*zarrc_write_fn)(void *arg, const char *text, size_t n, zarrc_error *error);

typedef struct zarrc_digest_options {
  size_t struct_size;
  bool values; /* also hash the elements and the metadata, whatever the chunks, codecs and Zarr format */
} zarrc_digest_options;

typedef struct zarrc_digest_report {
  size_t struct_size;
  uint64_t nkeys, nbytes, ninner; /* stored keys, their bytes, and inner chunks of shards */
  char root[72];                  /* the root over the keys, in hexadecimal */
  char values[72];                /* the root over the elements and metadata; "": it was not asked for */
} zarrc_digest_report;

/* Hashes (SHA-256) each stored key at and below a path, and each inner chunk of shards, and writes a line for each
 * (docs/format.md, "Digests"). The same bytes have the same digest on every machine. zarrc_verify compares with it.
 * options may be NULL. ZARRC_NOT_FOUND: nothing is stored there; ZARRC_UNSUPPORTED: the store cannot list its keys, or
 * this build has no libcrypto; others: those of reading. */
ZARRC_API zarrc_status zarrc_digest(zarrc_store *store, const char *path, const zarrc_digest_options *options,
                                    zarrc_write_fn write, void *write_arg, zarrc_digest_report *report,
                                    zarrc_error *error);

/* ----------------------------------------------------------------------------------------------------- verifying */

typedef enum zarrc_severity {
  ZARRC_NOTE, /* worth a remark; everything can be read */
  ZARRC_FAULT
} zarrc_severity;

/* Something that is wrong with what is stored, or odd about it. The texts live as long as the call. */
typedef struct zarrc_finding {
  size_t struct_size;
  zarrc_severity severity;
  zarrc_status status; /* what reading it returns; ZARRC_OK: it can be read */
  const char *key;     /* below the path that is verified */
  const char
      *chunk; /* coordinates in the grid of chunks: "0,3"; "" in an array without axes; NULL: it is about no chunk */
  const char *inner; /* coordinates of the inner chunk: "1,0", in nested shards "1,0/0,3"; NULL: about none */
  uint64_t byte;     /* in the stored value; ZARRC_UNKNOWN: about no byte */
  const char *codec; /* the name of the codec; NULL: about none */
  const char *what;  /* a sentence without the place */
  const char *fix;   /* what can be done about it */
} zarrc_finding;

/* What was looked at, and found. */
typedef struct zarrc_verify_report {
  size_t struct_size;
  uint64_t nnodes;        /* arrays and groups */
  uint64_t nkeys, nbytes; /* stored keys, and their bytes */
  uint64_t nchunks;       /* chunks, or shards, that were looked at */
  uint64_t ninner;        /* entries in the indices of shards */
  uint64_t nfaults, nnotes;
} zarrc_verify_report;

typedef struct zarrc_verify_options {
  size_t struct_size;
  bool deep;          /* decode all chunks, too */
  const char *digest; /* of the same path (zarrc_digest): compare with it; NULL: none */
  size_t ndigest;
  /* Leave out keys up to this one, which is below the path, to go on after an interruption; NULL: none. */
  const char *after;
  /* Called for each finding, by one thread at a time, nodes first, then keys in the order of their bytes. A failure
   * ends the verification. NULL: findings are counted only. */
  zarrc_status (*finding)(void *arg, const zarrc_finding *finding, zarrc_error *error);
  void *finding_arg;
  /* Called now and then, by the same thread: everything up to and including `key` has been looked at. May be NULL. */
  void (*progress)(void *arg, const zarrc_verify_report *report, const char *key);
  void *progress_arg;
} zarrc_verify_options;

/* Looks for everything that is wrong at and below a path of a store, which must be opened read_only: at the documents
 * of all nodes, consolidated metadata that differ from them, keys that belong to no chunk, sizes that cannot be, the
 * indices of shards, and temporary files; with `deep` also at the chunks themselves, which are decoded. Needs memory
 * for a few chunks and the keys of one folder at once. Chunks that are not stored are no fault. options may be NULL.
 * Returns ZARRC_OK also if there are faults: report->nfaults counts them. ZARRC_INVALID_ARGUMENT: the store is not
 * read_only; ZARRC_INVALID_METADATA: the digest is damaged; ZARRC_NOT_FOUND: nothing is stored there;
 * ZARRC_UNSUPPORTED: the store cannot list its keys; others: ZARRC_NO_MEMORY, ZARRC_NETWORK, ZARRC_CANCELED. */
ZARRC_API zarrc_status zarrc_verify(zarrc_store *store, const char *path, const zarrc_verify_options *options,
                                    zarrc_verify_report *report, zarrc_error *error);

/* ------------------------------------------------------------------------------------------------------ copying */

/*
 * A copier copies an array, or a group and everything below it, optionally to other chunks and codecs:
 *
 *     zarrc_copy_options options = {.struct_size = sizeof options, .codecs = "zstd(5)"};
 *     zarrc_copier *copier;
 *     zarrc_status status = zarrc_copier_open(source, "a", target, "b", &options, &copier, &error);
 *     if (!status) {
 *       status = zarrc_copier_run(copier, &error);
 *       // zarrc_copier_report(copier) says what was done, or what was in the way
 *       zarrc_copier_close(copier);
 *     }
 *
 * The copy is made beside the target and replaces it as a whole when it is complete (zarrc_stage_open). If it is
 * interrupted, ZARRC_COPY_RESUME continues it. In a store without stages the copy is made at the target itself.
 */
typedef struct zarrc_copier zarrc_copier;

/* What to do if there is something at the target. */
typedef enum zarrc_copy_mode {
  ZARRC_COPY_NEW,           /* fail with ZARRC_CONFLICT */
  ZARRC_COPY_OVERWRITE,     /* replace nodes; ZARRC_CONFLICT if there are files among them that are not Zarr */
  ZARRC_COPY_OVERWRITE_ALL, /* replace nodes, and the files among them */
  ZARRC_COPY_RESUME         /* continue an unfinished copy, or add what a node there lacks; else as NEW */
} zarrc_copy_mode;

typedef enum zarrc_copy_event_kind {
  ZARRC_COPY_PROGRESS,     /* how much has been copied; first sent before anything has */
  ZARRC_COPY_OTHER_FILE,   /* while planning: the source has a file at `path` that is not Zarr */
  ZARRC_COPY_CONSOLIDATED, /* the consolidated metadata of the group at `path` is not copied: it may not fit the copy */
  ZARRC_COPY_UNLISTED,     /* while planning: the array or group at `path` is not copied (zarrc_tree_each_unlisted) */
  ZARRC_COPY_STALE         /* the array or group at `path` was copied as consolidated metadata describes it, but its own
                              documents differ from that by now (zarrc_tree_is_stale) */
} zarrc_copy_event_kind;

typedef struct zarrc_copy_event {
  zarrc_copy_event_kind kind;
  const char *path;       /* relative to the node that is copied; NULL with PROGRESS */
  uint64_t ndone, ntotal; /* PROGRESS: objects of the target, including those that were there before */
  uint64_t nbytes;        /* PROGRESS: bytes of the elements copied so far */
  uint64_t stored_nbytes; /* PROGRESS: bytes written to the target for them */
} zarrc_copy_event;

/* Receives events, from any thread but one at a time. Any result but ZARRC_OK ends the copy with that status. */
typedef zarrc_status (*zarrc_copy_event_fn)(void *arg, const zarrc_copy_event *event, zarrc_error *error);

/* Zeroed: copy everything unchanged, to a place where there is nothing. */
typedef struct zarrc_copy_options {
  size_t struct_size;
  zarrc_copy_mode mode;
  /* New shapes of chunks (inner chunks, if there are shards) and of shards; NULL keeps them. Each applies to the arrays
   * that have as many dimensions; if there is no such array: ZARRC_INVALID_ARGUMENT. */
  const int64_t *chunk_shape, *shard_shape;
  int nchunk_shape, nshard_shape;
  bool no_shards;                 /* turn shards into chunks */
  const char *codecs;             /* of chunks or inner chunks, for zarrc_codecs_from_text; NULL keeps them */
  const char *chunk_key_encoding; /* "default" or "v2"; NULL keeps it */
  char separator;                 /* '/' or '.'; 0: the default of the encoding */
  bool write_empty_chunks;        /* also store chunks that contain nothing but fill value */
  bool other_files;               /* also copy files that are not Zarr */
  bool check;                     /* read what was written and compare; with RESUME also what was there before */
  uint64_t memory;  /* bytes that the copy may use; 0: 1 GiB. What is held between reading and writing is not counted
                       towards max_memory of the context */
  unsigned threads; /* most threads at work; 0: those of the context */
  const char *source_name;   /* identifies the source in an unfinished copy; NULL: its path */
  zarrc_copy_event_fn event; /* may be NULL */
  void *event_arg;
  int zarr_format; /* of the copy: 3 or 2; 0: 3. What format 2 cannot express is ZARRC_UNSUPPORTED; its chunk keys are
                      "v2" by default */
  bool no_consolidated; /* find what is below the source by its documents, not by consolidated metadata */
} zarrc_copy_options;

/* Opens a copier; does not look at the stores yet, which must have the same context and stay open. Copies the options,
 * which may be NULL. ZARRC_INVALID_ARGUMENT: the options contradict each other, or source and target are in the same
 * store and one contains the other (of two stores: zarrc_copy_check_urls). */
ZARRC_API zarrc_status zarrc_copier_open(zarrc_store *source, const char *source_path, zarrc_store *target,
                                         const char *target_path, const zarrc_copy_options *options, zarrc_copier **out,
                                         zarrc_error *error);
ZARRC_API void zarrc_copier_close(zarrc_copier *copier);

/* Decides what to do, without changing anything; optional. If it fails the report has details. ZARRC_NOT_FOUND: the
 * source is not a node; ZARRC_CONFLICT: the target must not be replaced (`obstacle`); ZARRC_INVALID_ARGUMENT: an option
 * does not fit (`option`); ZARRC_LIMIT: `memory` is too little; ZARRC_UNSUPPORTED: an array whose elements cannot be
 * read cannot be changed. To be called once. */
ZARRC_API zarrc_status zarrc_copier_plan(zarrc_copier *copier, zarrc_error *error);

/* Copies; plans first if that was not done. ZARRC_CANCELED: the context's `canceled` returned true; ZARRC_CORRUPT and
 * the like: the source is damaged, or `check` found a difference. To be called once. */
ZARRC_API zarrc_status zarrc_copier_run(zarrc_copier *copier, zarrc_error *error);

/* Which side a failure is about. */
typedef enum zarrc_copy_side { ZARRC_COPY_NEITHER, ZARRC_COPY_SOURCE, ZARRC_COPY_TARGET } zarrc_copy_side;

/* Why a copy is refused, where a program may want to react. */
typedef enum zarrc_copy_obstacle {
  ZARRC_COPY_NO_OBSTACLE,
  ZARRC_COPY_NODE_THERE,         /* there is a node: OVERWRITE would replace it, RESUME complete it */
  ZARRC_COPY_UNFINISHED_THERE,   /* there is an unfinished copy: OVERWRITE would remove it, RESUME continue it */
  ZARRC_COPY_FILES_THERE,        /* there are files that are not Zarr: beside a node OVERWRITE_ALL would remove them */
  ZARRC_COPY_OTHERWISE_THERE,    /* RESUME: there are nodes that this copy would not make; OVERWRITE replaces them */
  ZARRC_COPY_OTHER_SOURCE_THERE, /* RESUME without `check`: the unfinished copy is of another source */
  ZARRC_COPY_NEEDS_MEMORY,       /* `memory` is too little */
  ZARRC_COPY_NOT_CONSOLIDATED    /* the copy is complete, but missing from consolidated metadata above it: RESUME tries
                                    again */
} zarrc_copy_obstacle;

/* What a copier has planned and done. The library owns it and may add members at the end. */
typedef struct zarrc_copy_report {
  /* the plan */
  size_t ngroups, narrays;
  uint64_t nobjects; /* of the target, at most */
  uint64_t nbytes;   /* of elements; UINT64_MAX: they do not fit */
  uint64_t memory;   /* approximate bytes needed */
  unsigned threads;  /* that will work */
  bool replaces;     /* something at the target will be removed: */
  uint64_t replaced_nodes, replaced_chunks, replaced_files;
  uint64_t nother_files; /* files of the source that are not Zarr */
  /* the work */
  uint64_t read_nobjects, nreads, read_nbytes; /* from the source; nreads: requests */
  uint64_t written_nobjects, written_nbytes;
  uint64_t skipped_nobjects; /* RESUME: were there before */
  uint64_t mended_nobjects;  /* RESUME with check: were there before, damaged, and were written again */
  uint64_t copied_nbytes;    /* of elements */
  size_t nconsolidated;      /* groups whose consolidated metadata was not copied */
  /* a failure */
  zarrc_copy_side side;
  zarrc_copy_obstacle obstacle;
  zarrc_node_kind target_kind;         /* what is at the target */
  uint64_t target_nodes, target_files; /* with an obstacle: nodes, and files that are not Zarr, at the target */
  const char *option;                  /* that does not fit, such as "chunk_shape"; else NULL */
  bool resumable;                      /* RESUME can continue from what has been copied */
  uint64_t nunlisted; /* plan: arrays and groups of the source that are not copied, because they are missing from its
                         consolidated metadata (no_consolidated), or a folder above them is not a group */
  const char *first_unlisted; /* path of one of them, relative to the node that is copied; NULL: none is known */
  size_t nstale;              /* nodes with ZARRC_COPY_STALE, and the path of the first; NULL: there is none */
  const char *first_stale;
} zarrc_copy_report;

/* Updates and returns the report, which lives as long as the copier. Must not be called during zarrc_copier_run. */
ZARRC_API const zarrc_copy_report *zarrc_copier_report(zarrc_copier *copier);

/* What is planned for an array. The library owns it and may add members at the end. */
typedef struct zarrc_copy_array {
  const char *path; /* relative to the node that is copied; "" for that node itself */
  const zarrc_array *source;
  const zarrc_array *model;  /* an empty array in memory that looks like the copy */
  bool encoded;              /* the elements cannot be read: encoded chunks are copied as they are */
  bool rechunked, resharded; /* chunk_shape, shard_shape apply to it */
  uint64_t nregions;         /* regions that are copied one by one */
  unsigned regions_at_once;
  uint64_t region_nbytes;       /* most bytes held of a region */
  bool in_parts;                /* regions are not held as a whole, but read while they are encoded */
  uint64_t nreads, read_nbytes; /* of source objects, repeated reads included */
  bool reads_are_exact;         /* nreads is what happens, not an estimate */
  bool read_nbytes_are_exact;   /* read_nbytes too; false: it is the most, as parts of an object may be read */
  uint64_t memory_wanted;       /* with so much `memory` no object would be read twice; 0: none is, or unknown */
  bool source_is_listed;        /* the store of the source can list: */
  uint64_t source_nobjects, source_nbytes;
  bool target_is_listed;                    /* RESUME: what is there before: */
  uint64_t target_nobjects, target_nfaulty; /* objects that look complete; that cannot be */
  bool as_stored; /* encoded chunks are copied as they are: the elements cannot be read, or codecs and chunks stay the
                     same and a codec is lossy. Those that can be read are decoded, as a check */
} zarrc_copy_array;

/* Returns the plan of the i-th array, i < narrays. It lives as long as the copier. */
ZARRC_API const zarrc_copy_array *zarrc_copier_array(const zarrc_copier *copier, size_t i);

/* Returns ZARRC_INVALID_ARGUMENT if two URLs name the same place in the file system, or one contains the other. */
ZARRC_API zarrc_status zarrc_copy_check_urls(zarrc_ctx *ctx, const char *source, const char *target,
                                             zarrc_error *error);
/* Writes where a copy of `source` would lie inside a group: the group's URL, and the last name of the source's without
 * ".zarr". Cut to size. */
ZARRC_API void zarrc_copy_url_inside(const char *source, const char *group, char *out, size_t size);

/* ---------------------------------------------------------------------------------------------------- migrating */

typedef enum zarrc_migrate_step {
  ZARRC_MIGRATE_WRITE,  /* a document was stored under the key */
  ZARRC_MIGRATE_REMOVE, /* the document was erased */
  ZARRC_MIGRATE_LEAVE   /* the array or group at this path is not migrated: a folder above it is not a group */
} zarrc_migrate_step;

typedef struct zarrc_migrate_event {
  zarrc_migrate_step step;
  const char *key;
} zarrc_migrate_event;

/* Any result but ZARRC_OK ends the migration with that status. */
typedef zarrc_status (*zarrc_migrate_event_fn)(void *arg, const zarrc_migrate_event *event, zarrc_error *error);

typedef struct zarrc_migrate_options {
  size_t struct_size;
  int zarr_format;         /* to be made: 3 or 2; 0: 3 */
  bool remove_v2_metadata; /* format 3: also remove documents of format 2, unless they differ by now, or have members
                              that format 3 has no place for */
  bool force;              /* remove it, or (format 2) replace it, even then */
  bool dry_run;            /* check everything and send the events, but change nothing */
  zarrc_migrate_event_fn event; /* may be NULL */
  void *event_arg;
} zarrc_migrate_options;

typedef struct zarrc_migrate_report {
  size_t struct_size;
  uint64_t narrays, ngroups, nmigrated; /* nmigrated: nodes that had the other format */
  uint64_t nwritten, nremoved;          /* documents */
  bool differ;            /* documents of format 2 differ from those of format 3, or say more: CONFLICT without force */
  uint64_t nunlisted;     /* arrays and groups that were left as they are (ZARRC_MIGRATE_LEAVE) */
  uint64_t nconsolidated; /* groups that have consolidated metadata in the new format, as they had in the old one */
  uint64_t ndropped;      /* .zmetadata that were removed while the group has no consolidated metadata in format 3 */
} zarrc_migrate_report;

/* Changes the Zarr format of the node at a path and of all below it, in place: documents are written, chunks stay where
 * and as they are (docs/format.md). All nodes are checked first, and an interrupted call can be repeated. Groups that
 * have consolidated metadata have them in the new format, too. options and report may be NULL; set report->struct_size.
 * ZARRC_UNSUPPORTED: the new format cannot express something, or an array cannot be read; ZARRC_CONFLICT: the group
 * above has another format, documents of format 2 that differ would be removed or replaced, or somebody else migrates
 * or copies here. */
ZARRC_API zarrc_status zarrc_migrate(zarrc_store *store, const char *path, const zarrc_migrate_options *options,
                                     zarrc_migrate_report *report, zarrc_error *error);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/*
 * Tools: what the command zarrc does with whole arrays and hierarchies, for programs.
 *
 * Nothing here prints. What a tool finds it returns in structs and tells in statuses and messages; how that is shown,
 * and what a user might do about it, is the caller's business.
 */
#ifndef ZARRC_TOOLS_H
#define ZARRC_TOOLS_H

#include <zarrc/array.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------- chains of codecs as text */

/* Appends to `out` the JSON list of codecs that `text` says. Text is a list of names with arguments in brackets, as in
 * "bytes,blosc(zstd,5,bitshuffle),crc32c" or "zstd(level=3,checksum)"; or JSON, a list or one codec, which is taken as
 * it is. Where no codec from array to bytes stands in front of one from bytes to bytes the one that suits the data type
 * is put there: vlen-utf8, vlen-bytes, else bytes (little-endian). dtype may be NULL. Whether a codec takes its
 * arguments is found out when it is opened.
 * ZARRC_INVALID_ARGUMENT: text that is neither; ZARRC_UNSUPPORTED: a name that no codec of the context has. */
ZARRC_API zarrc_status zarrc_codecs_from_text(const char *text, const zarrc_dtype *dtype, zarrc_buf *out,
                                              zarrc_error *error);

/* Appends to `out` the short form of a JSON list of codecs, n bytes: what zarrc_codecs_from_text reads, for people.
 * ZARRC_INVALID_METADATA: it is not JSON. */
ZARRC_API zarrc_status zarrc_codecs_to_text(const char *json, size_t n, zarrc_buf *out, zarrc_error *error);

/* ------------------------------------------------------------------------------------------- chunks in numbers */

/* The chunks of an array. An object is what is stored under one key: a shard where there are shards, else a chunk.
 * Counts that do not fit are UINT64_MAX. */
typedef struct zarrc_chunk_layout {
  size_t struct_size;
  int ndim;
  bool sharded; /* an object holds chunks of chunk_shape */
  bool regular; /* all objects have one shape; else object_shape and chunk_shape are those of the first */
  int64_t object_shape[ZARRC_MAX_NDIM], object_grid[ZARRC_MAX_NDIM]; /* elements of one; how many on each axis */
  int64_t chunk_shape[ZARRC_MAX_NDIM], chunk_grid[ZARRC_MAX_NDIM];   /* of nested shards: of the outermost level */
  uint64_t nobjects, nchunks, chunks_per_object;
  uint64_t nitems;
  uint64_t nbytes, object_nbytes, chunk_nbytes; /* of elements in memory; 0: not known, as of text */
} zarrc_chunk_layout;

/* Fills as much of *out as its struct_size says. */
ZARRC_API zarrc_status zarrc_array_chunk_layout(const zarrc_array *array, zarrc_chunk_layout *out, zarrc_error *error);

/* What a store holds of an array. */
typedef struct zarrc_stored {
  size_t struct_size;
  uint64_t nobjects, nbytes; /* objects of the grid, and bytes of all of them */
  uint64_t nothers;          /* keys below the array that are neither objects of its grid nor its zarr.json */
  uint64_t ntemporary, temporary_nbytes; /* files that writers which were killed have left */
} zarrc_stored;

/* Lists the array's keys and counts. Fills as much of *out as its struct_size says. ZARRC_UNSUPPORTED: the store cannot
 * list. */
ZARRC_API zarrc_status zarrc_array_count_stored(const zarrc_array *array, zarrc_stored *out, zarrc_error *error);

/* -------------------------------------------------------------------------------------------------- hierarchies */

/* A node and all below it, listed in depth-first order, children sorted by name. */
typedef struct zarrc_tree zarrc_tree;

typedef struct zarrc_tree_node {
  const char *path; /* in the store */
  zarrc_node_kind kind;
  int depth;              /* 0: the node that was asked for */
  bool last;              /* of its siblings */
  const zarrc_error *why; /* it cannot be read, or what a group holds cannot be listed; NULL: it can */
} zarrc_tree_node;

/* Lists `depth` levels below the node at a path; a negative depth: all. What cannot be read below that node is listed
 * all the same, with the reason. ZARRC_NOT_FOUND: there is no node. */
ZARRC_API zarrc_status zarrc_tree_open(zarrc_store *store, const char *path, int64_t depth, zarrc_tree **out,
                                       zarrc_error *error);
ZARRC_API void zarrc_tree_close(zarrc_tree *tree);
ZARRC_API size_t zarrc_tree_nnodes(const zarrc_tree *tree);
/* Returns the i-th node. It lives as long as the tree. */
ZARRC_API const zarrc_tree_node *zarrc_tree_get(const zarrc_tree *tree, size_t i);
/* Returns the failure of the first node that cannot be read, if there is one. */
ZARRC_API zarrc_status zarrc_tree_check(const zarrc_tree *tree, zarrc_error *error);

/* ------------------------------------------------------------------------------------------------------ copying */

/*
 * A copier copies an array, or a group and all below it, with other chunks or codecs where that is asked for:
 *
 *     zarrc_copy_options options = {.struct_size = sizeof options, .codecs = "zstd(5)"};
 *     zarrc_copier *copier;
 *     zarrc_status status = zarrc_copier_open(source, "a", target, "b", &options, &copier, &error);
 *     if (!status) {
 *       status = zarrc_copier_plan(copier, &error);
 *       if (!status) status = zarrc_copier_run(copier, &error);
 *       // zarrc_copier_report(copier): what was planned and done, or what was in the way
 *       zarrc_copier_close(copier);
 *     }
 *
 * The copy is made beside the target (zarrc_stage_open) and takes its place as a whole when it is complete: until then
 * what was there can be read. What an interrupted copy had done is kept, and ZARRC_COPY_RESUME goes on with it. In a
 * store that cannot replace a prefix as a whole (zarrc_stage_possible) the copy is made at the target itself.
 */
typedef struct zarrc_copier zarrc_copier;

/* What to do about what is at the target. */
typedef enum zarrc_copy_mode {
  ZARRC_COPY_NEW,           /* refuse to copy over a node or an unfinished copy: ZARRC_CONFLICT */
  ZARRC_COPY_OVERWRITE,     /* replace nodes; ZARRC_CONFLICT where files that are no Zarr lie among them */
  ZARRC_COPY_OVERWRITE_ALL, /* replace nodes and the files that lie among them */
  ZARRC_COPY_RESUME         /* continue an unfinished copy; or add what is missing in the node that is there; or begin,
                               where there is neither */
} zarrc_copy_mode;

typedef enum zarrc_copy_event_kind {
  ZARRC_COPY_PROGRESS,    /* tells how far the copy is; the first one says that nothing is done yet */
  ZARRC_COPY_OTHER_FILE,  /* while planning: the source has a file at `path` that is no Zarr */
  ZARRC_COPY_CONSOLIDATED /* consolidated metadata of the group at `path` were left out, as they may not fit the copy */
} zarrc_copy_event_kind;

typedef struct zarrc_copy_event {
  zarrc_copy_event_kind kind;
  const char *path;       /* relative to the node that is copied; NULL with PROGRESS */
  uint64_t ndone, ntotal; /* PROGRESS: objects of the target, including those that were there already */
  uint64_t nbytes;        /* PROGRESS: bytes of the elements copied so far */
  uint64_t stored_nbytes; /* PROGRESS: bytes written to the target for them */
} zarrc_copy_event;

/* Receives events. Any of the working threads may call it, but never two at once. To return anything but ZARRC_OK ends
 * the copy with that status. */
typedef zarrc_status (*zarrc_copy_event_fn)(void *arg, const zarrc_copy_event *event, zarrc_error *error);

/* Zeroed options copy everything as it is to a place where nothing is. */
typedef struct zarrc_copy_options {
  size_t struct_size;
  zarrc_copy_mode mode;
  /* New shapes, of nchunk_shape and nshard_shape numbers, or NULL to keep chunks or shards as they are. A shape applies
   * to the arrays that have as many dimensions; one that applies to no array is ZARRC_INVALID_ARGUMENT. */
  const int64_t *chunk_shape, *shard_shape; /* chunk_shape: of the chunks inside shards, where there are shards */
  int nchunk_shape, nshard_shape;
  bool no_shards;                 /* turn shards into chunks */
  const char *codecs;             /* of the (inner) chunks, as zarrc_codecs_from_text reads them; NULL: keep them */
  const char *chunk_key_encoding; /* "default" or "v2"; NULL: keep it */
  char separator;                 /* '/' or '.'; 0: the default of the encoding */
  bool write_empty_chunks;        /* also store chunks that are all fill value */
  bool other_files;               /* also copy files that are no Zarr */
  bool check;                     /* read back what was written and compare; with RESUME also what was there already */
  uint64_t memory;                /* bytes to plan for; 0: 1 GiB. The regions that are held between reading and writing
                                     are within them, but are not counted to max_memory of the context */
  unsigned threads;               /* the most that work at once; 0: as many as the context has */
  const char *source_name;        /* names the source in the note of an unfinished copy; NULL: its path */
  zarrc_copy_event_fn event;      /* receives events; may be NULL */
  void *event_arg;
} zarrc_copy_options;

/* Opens a copier without looking at the stores, which must belong to one context and stay open. Copies the options,
 * which may be NULL. ZARRC_INVALID_ARGUMENT: options exclude each other, or source and target lie one within the other
 * in one store. That two stores are one place is not noticed: see zarrc_copy_check_urls. */
ZARRC_API zarrc_status zarrc_copier_open(zarrc_store *source, const char *source_path, zarrc_store *target,
                                         const char *target_path, const zarrc_copy_options *options, zarrc_copier **out,
                                         zarrc_error *error);
ZARRC_API void zarrc_copier_close(zarrc_copier *copier);

/* Looks at source and target and decides what to do, without changing anything; once. After a failure the report says
 * what was in the way. ZARRC_NOT_FOUND: the source is no node; ZARRC_CONFLICT: the target may not be written, see
 * `obstacle`; ZARRC_INVALID_ARGUMENT: an option does not fit, see `option`; ZARRC_LIMIT: `memory` is too little;
 * ZARRC_UNSUPPORTED: an array whose elements cannot be read cannot become another one. */
ZARRC_API zarrc_status zarrc_copier_plan(zarrc_copier *copier, zarrc_error *error);

/* Copies, once, after planning where that was not done. ZARRC_CANCELED: the context's `canceled` wanted it;
 * ZARRC_CORRUPT and the like: the source is damaged, or `check` found a difference. */
ZARRC_API zarrc_status zarrc_copier_run(zarrc_copier *copier, zarrc_error *error);

/* Which of the two a failure is about. */
typedef enum zarrc_copy_side { ZARRC_COPY_NEITHER, ZARRC_COPY_SOURCE, ZARRC_COPY_TARGET } zarrc_copy_side;

/* Reasons why a copy cannot be made about which a program may want to do something. */
typedef enum zarrc_copy_obstacle {
  ZARRC_COPY_NO_OBSTACLE,
  ZARRC_COPY_NODE_THERE,         /* a node is at the target: OVERWRITE replaces it, RESUME completes it */
  ZARRC_COPY_UNFINISHED_THERE,   /* an unfinished copy is there: OVERWRITE removes it, RESUME continues it */
  ZARRC_COPY_FILES_THERE,        /* files that are no Zarr are there: OVERWRITE_ALL removes them if there is a node */
  ZARRC_COPY_OTHERWISE_THERE,    /* RESUME found nodes that this copy would not make: OVERWRITE replaces them */
  ZARRC_COPY_OTHER_SOURCE_THERE, /* RESUME without `check` found an unfinished copy of another source */
  ZARRC_COPY_NEEDS_MEMORY        /* `memory` is too little */
} zarrc_copy_obstacle;

/* What a copier has planned and done. Owned by the library, which may add members at the end. */
typedef struct zarrc_copy_report {
  /* the plan */
  size_t ngroups, narrays;
  uint64_t nobjects; /* objects of the target, at most */
  uint64_t nbytes;   /* of elements; UINT64_MAX: very many */
  uint64_t memory;   /* bytes needed, about */
  unsigned threads;  /* that will work at once */
  bool replaces;     /* something at the target will be removed: */
  uint64_t replaced_nodes, replaced_chunks, replaced_files;
  uint64_t nother_files; /* files of the source that are no Zarr */
  /* the work */
  uint64_t read_nobjects, nreads, read_nbytes; /* of the source: objects, requests, bytes */
  uint64_t written_nobjects, written_nbytes;
  uint64_t skipped_nobjects; /* RESUME: they were there */
  uint64_t mended_nobjects;  /* RESUME with check: they were there, but damaged, and were made anew */
  uint64_t copied_nbytes;    /* of elements that went through */
  size_t nconsolidated;      /* groups whose consolidated metadata were left out */
  /* a failure */
  zarrc_copy_side side; /* that it is about */
  zarrc_copy_obstacle obstacle;
  zarrc_node_kind target_kind;         /* what is at the target */
  uint64_t target_nodes, target_files; /* with an obstacle there: nodes, and files that are no Zarr */
  const char *option;                  /* "chunk_shape": the option that does not fit; NULL: none */
  bool resumable;                      /* what was done is kept, and RESUME goes on with it */
} zarrc_copy_report;

/* Returns what is known by now. The report lives as long as the copier, and each call updates it. Not to be called
 * while zarrc_copier_run runs. */
ZARRC_API const zarrc_copy_report *zarrc_copier_report(zarrc_copier *copier);

/* What is planned for one array. Owned by the library, which may add members at the end. */
typedef struct zarrc_copy_array {
  const char *path; /* below the node that is copied; "" for that itself */
  const zarrc_array *source;
  const zarrc_array *model;  /* what the copy is to be: an array in memory, without chunks */
  bool encoded;              /* its elements cannot be read: chunks are copied as they are stored */
  bool rechunked, resharded; /* chunk_shape, shard_shape were for it */
  uint64_t nregions;         /* that are copied one by one */
  unsigned regions_at_once;
  uint64_t region_nbytes;       /* held of one, at most */
  bool in_parts;                /* not held as a whole: read while they are encoded */
  uint64_t nreads, read_nbytes; /* of objects of the source, each as often as it is read */
  bool reads_are_exact;
  uint64_t memory_wanted; /* with so much `memory` none would be read twice; 0: none is, or it is not known */
  bool source_is_listed;  /* the source's store can list, and these are true: */
  uint64_t source_nobjects, source_nbytes;
  bool target_is_listed;                    /* RESUME: what is there already: */
  uint64_t target_nobjects, target_nfaulty; /* objects that look whole, and that cannot be */
} zarrc_copy_array;

/* Returns the i-th array of the plan, i < narrays. It lives as long as the copier. */
ZARRC_API const zarrc_copy_array *zarrc_copier_array(const zarrc_copier *copier, size_t i);

/* Returns ZARRC_INVALID_ARGUMENT where two URLs name one place of the file system, or one a place within the other, by
 * whatever names, links and mounts above it they reach it. */
ZARRC_API zarrc_status zarrc_copy_check_urls(zarrc_ctx *ctx, const char *source, const char *target,
                                             zarrc_error *error);

#ifdef __cplusplus
}
#endif
#endif

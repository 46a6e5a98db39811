/* SPDX-License-Identifier: MIT */
/*
 * A copier in parts: copy_document.c says what an array becomes, copy_cut.c into which regions the work is cut,
 * copy_narrow.c which of them have something to copy, copy_objects.c what is stored, copy_target.c what may be replaced
 * and how the copy comes to be seen, copy_nodes.c makes groups and arrays, copy_prune.c
 * removes what an unfinished copy has too much, copy_values.c copies elements,
 * copy_encoded.c chunks as they are stored, copy_others.c files that are no Zarr, copy_value.c one stored value;
 * copy_plan.c and copy.c bring them together.
 */
#ifndef ZARRC_TOOLS_COPY_H
#define ZARRC_TOOLS_COPY_H

#include <zarrc/tools.h>

#include "tools/meter.h"
#include "tools/sums.h"

/* An object of an array that is stored: its number in the grid, in C order. */
typedef struct zarrc_copy_object {
  uint64_t number, nbytes;
} zarrc_copy_object;

typedef struct zarrc_copy_objects {
  zarrc_ctx *ctx;
  bool known; /* the store could tell */
  zarrc_copy_object *items;
  size_t n;
  uint64_t nbytes, nfaulty; /* of all; that cannot be whole: empty, or of another size than all must have */
} zarrc_copy_objects;

/* Lists them, sorted by number. whole: those that cannot be whole are left out, and counted. */
zarrc_status zarrc_copy_objects_read(zarrc_array *array, const zarrc_chunk_layout *layout, bool whole,
                                     zarrc_copy_objects *out, zarrc_error *error);
void zarrc_copy_objects_clear(zarrc_copy_objects *objects);
const zarrc_copy_object *zarrc_copy_objects_find(const zarrc_copy_objects *objects, uint64_t number); /* or NULL */

/* One array to be copied. Work is cut into regions of m[axis] destination chunks on each axis. */
typedef struct zarrc_copy_item {
  const char *path;                   /* of the source in its store; borrowed from the tree */
  char *target;                       /* of the copy in its store */
  zarrc_array *source, *model, *copy; /* model: what the copy is to be, in memory */
  zarrc_chunk_layout from, to;
  int64_t m[ZARRC_MAX_NDIM], nregions[ZARRC_MAX_NDIM];
  uint64_t total_regions, region_nbytes, memory; /* the most that is held of one region; what the whole takes */
  zarrc_copy_objects stored, there;              /* of the source; with ZARRC_COPY_RESUME, of the copy */
  uint64_t *list;                                /* numbers of the regions that have something to copy; NULL: all */
  uint64_t nlist, nobjects;                      /* how many those are, or all; destination objects in them */
  uint64_t reads, read_nbytes; /* of source objects: each counts as often as it is read; UINT64_MAX: very many */
  bool reads_known;            /* they are exact; else about */
  bool rechunked, resharded;   /* chunk_shape, shard_shape of the options apply to it */
  unsigned lanes;              /* regions at once */
  bool encoded;                /* elements cannot be read: what is stored is copied as it is */
  bool windowed;               /* a region is not held: it is read while it is encoded */
  zarrc_copy_array told;
} zarrc_copy_item;

struct zarrc_copier {
  zarrc_ctx *ctx, *fewer; /* that works; where memory asks for fewer threads than the stores' context has, its own */
  zarrc_store *source_store, *target_store;
  char *source_path, *target_path;
  zarrc_copy_options options; /* with the defaults filled in; what they point to is the copier's */
  int64_t chunk_shape[ZARRC_MAX_NDIM], shard_shape[ZARRC_MAX_NDIM];
  char *codecs, *source_name;

  /* the plan */
  bool looked, planned;
  bool single; /* one array, no hierarchy: shapes must fit its dimensions */
  zarrc_meter in, out;
  zarrc_tree *tree;
  zarrc_store *models; /* in memory: what the copies are to be */
  zarrc_copy_item *items;
  size_t nitems, ngroups;
  uint64_t nobjects, nbytes, memory; /* memory: of the array that takes most */
  unsigned threads;
  zarrc_survey others; /* of the source: what is no Zarr */

  /* The copy is made on a stage of the target. Where the target's store has none, and where a node that is complete by
   * its looks is completed, it is made there. */
  zarrc_node_kind kind; /* of what is at the target */
  bool exists, unfinished, in_place, replaces;
  zarrc_survey there; /* when overwriting: what goes */
  zarrc_stage *stage;

  /* the work */
  bool ran, began; /* began: there is a place where the copy is made */
  atomic_ullong done, copied_nbytes, skipped, mended;
  size_t nconsolidated;
  pthread_mutex_t telling; /* held while an event is told */
  zarrc_copy_report report;
};

/* Notes which side a failure is about; returns the status. */
static inline zarrc_status zarrc_copy_about(zarrc_copier *k, zarrc_copy_side side, zarrc_status status) {
  if (status) k->report.side = status == ZARRC_CANCELED ? ZARRC_COPY_NEITHER : side;
  return status;
}

/* The path of a node of the source from the node that is copied. */
const char *zarrc_copy_below(const zarrc_copier *k, const char *path);
/* Joins the path of the copy in the store in which it is made, and `rest` below it; freed with zarrc_free. */
zarrc_status zarrc_copy_join(const zarrc_copier *k, const char *rest, char **out, zarrc_error *error);
/* The store in which the copy is made; NULL: it has not been begun. */
zarrc_store *zarrc_copy_store(const zarrc_copier *k);
/* Calls the caller's function, one call at a time. */
zarrc_status zarrc_copy_tell(zarrc_copier *k, zarrc_copy_event event, zarrc_error *error);
/* Counts objects as done, and tells. */
zarrc_status zarrc_copy_advance(zarrc_copier *k, uint64_t nobjects, uint64_t nbytes, zarrc_error *error);

/* Appends the zarr.json of the copy of an array. */
zarrc_status zarrc_copy_document(zarrc_copier *k, const zarrc_array *source, zarrc_buf *out, zarrc_error *error);
/* Whether a shape of the options is for arrays of so many dimensions. */
static inline bool zarrc_copy_applies(const int64_t *shape, int n, int ndim) {
  return shape && n == ndim;
}

/* Cuts the work so that it fits memory and reads source chunks as seldom as that allows. *threads is lowered where so
 * many threads would need more memory; ZARRC_LIMIT where even one does. */
zarrc_status zarrc_copy_cut(zarrc_copy_item *a, uint64_t memory, bool check, unsigned *threads, zarrc_error *error);
/* Takes only the regions in which something is stored in the source (all: every region, as with
 * write_empty_chunks), and counts what is read for them. */
zarrc_status zarrc_copy_narrow(zarrc_copy_item *a, zarrc_ctx *ctx, bool all, zarrc_error *error);
/* Whether something is copied of the region in which a destination chunk lies. */
bool zarrc_copy_has_region(const zarrc_copy_item *a, const int64_t *chunk);
/* Whether all destination chunks [first, first + count) are there already. */
bool zarrc_copy_is_there(const zarrc_copy_item *a, const int64_t *first, const int64_t *count);
/* Counts anew what is read, without the regions that are there already. */
void zarrc_copy_leave_out(zarrc_copy_item *a);
/* The least memory with which no source object is read twice; 0: none is known. */
uint64_t zarrc_copy_memory_wanted(const zarrc_copy_item *a, uint64_t memory, bool check, unsigned threads);
/* The region with a number: its elements and its destination chunks [first, first + count). */
void zarrc_copy_region(const zarrc_copy_item *a, uint64_t number, zarrc_region *region, int64_t *first, int64_t *count);

/* Looks at both sides and changes nothing. */
zarrc_status zarrc_copy_plan(zarrc_copier *k, zarrc_error *error);
void zarrc_copy_forget_plan(zarrc_copier *k);
/* Looks at the target; ZARRC_CONFLICT where it may not be written. */
zarrc_status zarrc_copy_look(zarrc_copier *k, zarrc_error *error);
/* Lists what is there of an array. */
zarrc_status zarrc_copy_read_there(zarrc_copy_item *a, zarrc_array *copy, zarrc_error *error);
/* Looks for files of the source that are no Zarr; and copies them, with other_files. */
zarrc_status zarrc_copy_find_others(zarrc_copier *k, zarrc_error *error);
zarrc_status zarrc_copy_others(zarrc_copier *k, zarrc_error *error);

/* Whether objects that are there already are left alone. */
static inline bool zarrc_copy_resumes(const zarrc_copier *k) {
  return k->options.mode == ZARRC_COPY_RESUME && (k->in_place || (k->stage && k->stage->resumed));
}

/* Opens the place where the copy is made: k->out. */
zarrc_status zarrc_copy_begin(zarrc_copier *k, zarrc_error *error);
/* Makes groups and arrays in the order of the tree; then nothing but chunks is missing. */
zarrc_status zarrc_copy_nodes(zarrc_copier *k, zarrc_error *error);
/* Removes from a stage that is gone on with what the source does not have (any more). */
zarrc_status zarrc_copy_prune(zarrc_copier *k, zarrc_error *error);
/* Copies the elements of one array. */
zarrc_status zarrc_copy_values(zarrc_copier *k, const zarrc_copy_item *a, zarrc_error *error);
/* ZARRC_UNSUPPORTED, naming the array, where an array whose elements cannot be read is to become another one. */
zarrc_status zarrc_copy_encoded_check(const zarrc_copier *k, const zarrc_array *source, zarrc_error *error);
/* The work of copying such an array: each of its objects, as it is. */
zarrc_status zarrc_copy_encoded_plan(zarrc_copier *k, zarrc_copy_item *a, zarrc_error *error);
/* Of what is there takes as missing what is not as long as in the source. */
void zarrc_copy_encoded_there(zarrc_copy_item *a);
/* Copies one object of it that is not stored yet; checks it, if that is asked for, and mends what was stored wrongly.
 */
zarrc_status zarrc_copy_encoded(const zarrc_copier *k, const zarrc_copy_item *a, const int64_t *chunk, bool stored,
                                bool *mended, uint64_t *nbytes, zarrc_copy_side *side, zarrc_error *error);

/* Where a value is stored. */
typedef struct zarrc_copy_place {
  zarrc_store *store;
  const char *key;
} zarrc_copy_place;

/* Copies a value as it is, and tells its length and which side a failure is about. Of a long one `piece` bytes are held
 * at a time, where the store that it is written to takes values in pieces. */
zarrc_status zarrc_copy_value(const zarrc_copy_place *from, const zarrc_copy_place *to, uint64_t piece,
                              uint64_t *nbytes, zarrc_copy_side *side, zarrc_error *error);
/* ZARRC_CORRUPT: they differ. */
zarrc_status zarrc_copy_compare(const zarrc_copy_place *from, const zarrc_copy_place *to, uint64_t piece,
                                zarrc_error *error);

/* Shows the copy at the target. */
zarrc_status zarrc_copy_publish(zarrc_copier *k, zarrc_error *error);
/* Ends, after a failure too; what was copied until then is kept if ZARRC_COPY_RESUME can use it. */
void zarrc_copy_end(zarrc_copier *k, zarrc_status status);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The copier, in parts:
 *   copy.c, copy_plan.c     the public functions; the plan
 *   copy_document.c         the document of a copied array
 *   copy_cut.c              divides an array into regions that fit into memory
 *   copy_narrow.c           leaves out the regions that have no stored data
 *   copy_objects.c          lists the stored objects of an array
 *   copy_target.c           what may be replaced; where the copy is made, and how it is published
 *   copy_nodes.c            creates groups and arrays
 *   copy_prune.c            removes what an unfinished copy has and the source does not have
 *   copy_values.c           copies elements
 *   copy_encoded.c          copies stored chunks unchanged: of arrays whose elements cannot be read, or might change
 *   copy_others.c           copies files that do not belong to Zarr
 *   copy_value.c            copies or compares one stored value
 *   copy_tell.c             reports progress
 *   copy_urls.c             refuses a copy into itself, names a place inside a group
 */
#ifndef ZARRC_TOOLS_COPY_H
#define ZARRC_TOOLS_COPY_H

#include <string.h>
#include <zarrc/tools.h>

#include "tools/meter.h"
#include "tools/sums.h"

/* A stored object of an array. number: its position in the grid, in C order. */
typedef struct zarrc_copy_object {
  uint64_t number, nbytes;
} zarrc_copy_object;

typedef struct zarrc_copy_objects {
  zarrc_ctx *ctx;
  bool known; /* false: the store cannot list */
  zarrc_copy_object *items;
  size_t n;
  uint64_t nbytes, nfaulty; /* sum; number of objects that cannot be complete: of an impossible size, or unreadable */
} zarrc_copy_objects;

/* Lists the stored objects of an array, sorted by number. whole: objects that cannot be complete are left out and
 * counted in nfaulty. */
zarrc_status zarrc_copy_objects_read(zarrc_array *array, const zarrc_chunk_layout *layout, bool whole,
                                     zarrc_copy_objects *out, zarrc_error *error);
void zarrc_copy_objects_clear(zarrc_copy_objects *objects);
/* Returns the object with a number, or NULL. */
const zarrc_copy_object *zarrc_copy_objects_find(const zarrc_copy_objects *objects, uint64_t number);

/* One array to be copied. It is copied in regions of m[axis] destination chunks along each axis. */
typedef struct zarrc_copy_item {
  size_t node;                        /* its number in the tree */
  const char *path;                   /* in the source's store; belongs to the tree */
  char *target;                       /* path of the copy in the store it is made in */
  zarrc_array *source, *model, *copy; /* model: an array in memory with the metadata of the copy */
  zarrc_chunk_layout from, to;
  zarrc_copy_objects stored, there; /* objects of the source; with ZARRC_COPY_RESUME, of the copy */
  bool rechunked, resharded;        /* chunk_shape, shard_shape of the options apply to this array */
  bool encoded;                     /* the elements cannot be read */
  bool as_stored;                   /* stored objects are copied unchanged; those that can be read are checked */

  struct {
    int64_t m[ZARRC_MAX_NDIM], nregions[ZARRC_MAX_NDIM];
    uint64_t total_regions, region_nbytes, memory; /* bytes held of one region at most; memory of the whole copy */
    unsigned at_once;                              /* regions copied at the same time */
    bool waits;    /* for the server that the target is on: more regions at once than threads work */
    bool windowed; /* a region does not fit into memory: windows of it are read while it is encoded */
    /* as_stored: most bytes of an object that are held of its encoded bytes; shape of the part of an object that is
     * decoded at once */
    uint64_t piece;
    int64_t checked[ZARRC_MAX_NDIM];
  } cut;

  struct {
    uint64_t *list;       /* numbers of the regions to copy; NULL: all */
    uint64_t n, nobjects; /* number of regions to copy; number of objects in them */
  } todo;

  struct {              /* of source objects, counting repeated ones */
    uint64_t n, nbytes; /* UINT64_MAX: very many */
    bool known;         /* n is exact, not an estimate */
    bool whole;         /* nbytes as well: every object is read as a whole; otherwise it is the most */
  } reads;

  zarrc_copy_array told;
} zarrc_copy_item;

struct zarrc_copier {
  /* ctx: the context to work with: that of the stores, or `fewer`, the copier's own with fewer threads to save
   * memory */
  zarrc_ctx *ctx, *fewer;
  struct {
    zarrc_store *store;
    char *path, *name; /* name: of the source, for the note of a stage */
  } source, target;
  zarrc_copy_options options; /* with the defaults filled in; the copier owns what they point to */
  int64_t chunk_shape[ZARRC_MAX_NDIM], shard_shape[ZARRC_MAX_NDIM];
  char *codecs;
  zarrc_meter in, out;

  struct {
    bool looked, planned;
    bool single; /* an array is copied, not a group: the shapes of the options must have its dimensions */
    zarrc_tree *tree;
    zarrc_store *models; /* in memory; holds the models of the arrays */
    zarrc_copy_item *items;
    size_t nitems, ngroups;
    uint64_t nobjects, nbytes, memory; /* memory: of the array that needs most */
    unsigned threads;
    uint64_t nothers, nunlisted; /* of the source: files that do not belong to Zarr; as in the report */
    char *first_unlisted;        /* or NULL */
  } plan;

  /* The copy is made on a stage of the target. It is made in place if the store has no stages, or if a copy that has
   * been published is completed. */
  struct {
    zarrc_node_kind kind; /* of the node at the target */
    bool exists, unfinished, in_place, replaces, published;
    zarrc_survey there; /* when overwriting: what will be removed */
    zarrc_stage *stage;
  } place;

  struct {
    bool ran, began; /* began: out is open */
    atomic_ullong done, copied_nbytes, skipped, mended;
    size_t nconsolidated;
    pthread_mutex_t telling; /* held during a call of options.event */
    zarrc_copy_report report;
  } work;
};

/* Records which side a failure is about; returns the status. */
static inline zarrc_status zarrc_copy_about(zarrc_copier *k, zarrc_copy_side side, zarrc_status status) {
  if (status) k->work.report.side = status == ZARRC_CANCELED ? ZARRC_COPY_NEITHER : side;
  return status;
}

/* Returns a path of the source relative to the node that is copied. */
static inline const char *zarrc_copy_below(const zarrc_copier *k, const char *path) {
  size_t n = strlen(k->source.path);
  return n > 0 && path[n] == '/' ? path + n + 1 : path + n;
}
/* Joins two paths, of which either may be empty. The caller frees the result with zarrc_free. */
zarrc_status zarrc_copy_key(const zarrc_copier *k, const char *base, const char *rest, char **out, zarrc_error *error);
/* Returns the path of a node of the copy in the store it is made in. `rest`: relative to the copied node. The caller
 * frees it with zarrc_free. */
zarrc_status zarrc_copy_join(const zarrc_copier *k, const char *rest, char **out, zarrc_error *error);
/* Returns the store in which the copy is made; NULL before it has begun. */
zarrc_store *zarrc_copy_store(const zarrc_copier *k);
/* Calls options.event; only one thread at a time does. */
zarrc_status zarrc_copy_tell(zarrc_copier *k, zarrc_copy_event event, zarrc_error *error);
/* Counts objects as copied, and reports progress. */
zarrc_status zarrc_copy_advance(zarrc_copier *k, uint64_t nobjects, uint64_t nbytes, zarrc_error *error);

/* Appends the document from which the copy of `source` is created, together with the source's attributes. */
zarrc_status zarrc_copy_document(zarrc_copier *k, const zarrc_array *source, zarrc_buf *out, zarrc_error *error);
/* Returns whether a shape of the options, of n dimensions, applies to arrays of ndim dimensions. */
static inline bool zarrc_copy_applies(const int64_t *shape, int n, int ndim) {
  return shape && n == ndim;
}

/* Divides an array into regions so that the copy fits into memory and reads source objects as rarely as possible.
 * Lowers *threads if so many would need too much memory; ZARRC_LIMIT if even one thread does. */
zarrc_status zarrc_copy_cut(zarrc_copy_item *a, uint64_t memory, bool check, unsigned *threads, zarrc_error *error);
/* Makes every object a region, to be copied as it is stored, and decoded unless a->encoded. ZARRC_LIMIT: even one inner
 * chunk needs too much memory. */
zarrc_status zarrc_copy_cut_as_stored(zarrc_copy_item *a, uint64_t memory, unsigned threads, zarrc_error *error);
/* Leaves out the regions that have no stored data in the source (not with `all`, for write_empty_chunks), and counts
 * the reads. */
zarrc_status zarrc_copy_narrow(zarrc_copy_item *a, zarrc_ctx *ctx, bool all, zarrc_error *error);
/* Returns whether the region of a destination chunk is copied. */
bool zarrc_copy_has_region(const zarrc_copy_item *a, const int64_t *chunk);
/* Returns whether the copy has all destination chunks [first, first + count) already. */
bool zarrc_copy_is_there(const zarrc_copy_item *a, const int64_t *first, const int64_t *count);
/* Counts the reads again, without regions that the copy has already. */
void zarrc_copy_leave_out(zarrc_copy_item *a);
/* Returns an amount of memory with which no source object is read twice; 0: none was found. */
uint64_t zarrc_copy_memory_wanted(const zarrc_copy_item *a, uint64_t memory, bool check, unsigned threads);
/* Returns the elements of a region and its destination chunks [first, first + count). */
void zarrc_copy_region(const zarrc_copy_item *a, uint64_t number, zarrc_region *region, int64_t *first, int64_t *count);

/* Makes the plan, and changes neither side. */
zarrc_status zarrc_copy_plan(zarrc_copier *k, zarrc_error *error);
void zarrc_copy_forget_plan(zarrc_copier *k);
/* Looks at the target. ZARRC_CONFLICT: it may not be replaced. */
zarrc_status zarrc_copy_look(zarrc_copier *k, zarrc_error *error);
/* Lists the objects that the copy of an array has already. */
zarrc_status zarrc_copy_read_there(zarrc_copy_item *a, zarrc_array *copy, zarrc_error *error);
/* The first finds and reports files of the source that do not belong to Zarr; the second copies them, with
 * options.other_files. */
zarrc_status zarrc_copy_find_others(zarrc_copier *k, zarrc_error *error);
zarrc_status zarrc_copy_others(zarrc_copier *k, zarrc_error *error);

/* Returns whether objects that the copy has already are left alone. */
static inline bool zarrc_copy_resumes(const zarrc_copier *k) {
  return k->options.mode == ZARRC_COPY_RESUME && (k->place.in_place || (k->place.stage && k->place.stage->resumed));
}

/* Opens k->out, the store in which the copy is made. */
zarrc_status zarrc_copy_begin(zarrc_copier *k, zarrc_error *error);
/* Creates the groups and arrays in the order of the tree, without chunks. */
zarrc_status zarrc_copy_nodes(zarrc_copier *k, zarrc_error *error);
/* Removes from a resumed stage what the source does not have. */
zarrc_status zarrc_copy_prune(zarrc_copier *k, zarrc_error *error);
/* Copies the elements of one array. */
zarrc_status zarrc_copy_values(zarrc_copier *k, const zarrc_copy_item *a, zarrc_error *error);
/* Checks that the options leave everything unchanged that an array whose elements cannot be read depends on;
 * ZARRC_UNSUPPORTED otherwise. */
zarrc_status zarrc_copy_encoded_check(const zarrc_copier *k, const zarrc_array *source, zarrc_error *error);
/* Returns whether the copy has the codecs and chunks of the source, of which a codec is lossy: encoded again, elements
 * might change. */
bool zarrc_copy_keeps_chunks(const zarrc_copy_item *a);
/* Returns ZARRC_UNSUPPORTED unless the chunks of an array that cannot be read are listed. */
zarrc_status zarrc_copy_encoded_check_listed(const zarrc_copy_item *a, zarrc_error *error);
/* Takes objects of the copy whose length differs from the source as missing. */
void zarrc_copy_encoded_there(zarrc_copy_item *a);
/* Copies one object, unless it is stored already. With options.check, compares it afterwards, and copies a stored one
 * again if it differs (*mended). *side: what a failure is about. ZARRC_NOT_FOUND: the source does not have it. */
zarrc_status zarrc_copy_encoded(const zarrc_copier *k, const zarrc_copy_item *a, const int64_t *chunk, bool stored,
                                bool *mended, uint64_t *nbytes, zarrc_copy_side *side, zarrc_error *error);

/* Where a value is stored. */
typedef struct zarrc_copy_place {
  zarrc_store *store;
  const char *key;
} zarrc_copy_place;

/* Copies a stored value unchanged. At most `piece` bytes are held, if the target's store accepts a value in parts.
 * *nbytes: its length. *side: what a failure is about. */
zarrc_status zarrc_copy_value(const zarrc_copy_place *from, const zarrc_copy_place *to, uint64_t piece,
                              uint64_t *nbytes, zarrc_copy_side *side, zarrc_error *error);
/* Compares two stored values; ZARRC_CORRUPT if they differ. */
zarrc_status zarrc_copy_compare(const zarrc_copy_place *from, const zarrc_copy_place *to, uint64_t piece,
                                zarrc_error *error);

/* Moves the copy from its stage to the target. */
zarrc_status zarrc_copy_publish(zarrc_copier *k, zarrc_error *error);
/* Ends a copy, successful or not. An unfinished one stays if ZARRC_COPY_RESUME can complete it. */
void zarrc_copy_end(zarrc_copier *k, zarrc_status status);

#endif

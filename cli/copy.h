/* SPDX-License-Identifier: MIT */
/*
 * zarrc copy in parts: copydoc.c says what an array becomes, copyplan.c into which regions the work is cut,
 * copytarget.c what may be replaced, copynodes.c makes groups and arrays, copyrun.c copies values, copyencoded.c chunks
 * as they are stored, copyvalue.c any stored value, copyreport.c tells about it, place.c keeps it off its own source;
 * copy.c is the verb.
 */
#ifndef ZARRC_CLI_COPY_H
#define ZARRC_CLI_COPY_H

#include "describe.h"
#include "meter.h"
#include "progress.h"
#include "tree.h"

/* What the arguments ask of every array. */
typedef struct cli_copy_wish {
  cli *c;
  int nchunks, nshards; /* numbers given; negative: none were */
  int64_t chunks[ZARRC_MAX_NDIM], shards[ZARRC_MAX_NDIM];
  bool no_shards;     /* -s none */
  const char *codecs; /* SPEC, or NULL */
  const char *key_encoding, *separator;
  bool single; /* one array, no hierarchy: numbers must fit its dimensions */
} cli_copy_wish;

/* The zarr.json of the copy of an array; freed with free. */
zarrc_status cli_copy_document(const cli_copy_wish *wish, const zarrc_array *source, char **out, size_t *n,
                               zarrc_error *error);
/* Whether a shape with so many numbers (negative: none was given) is one for an array. */
static inline bool cli_copy_applies(int n, int ndim) {
  return n >= 0 && n == ndim;
}

/* An object of an array that is stored: its number in the grid, in C order. */
typedef struct cli_copy_object {
  uint64_t number, nbytes;
} cli_copy_object;

typedef struct cli_copy_stored {
  bool known; /* the store could tell */
  cli_copy_object *items;
  size_t n;
  uint64_t nbytes, nfaulty; /* of all; that cannot be whole: empty, or of another size than all must have */
} cli_copy_stored;

/* Lists them, sorted by number. whole: those that cannot be whole are left out, and counted. */
zarrc_status cli_copy_stored_read(zarrc_array *array, const cli_layout *layout, bool whole, cli_copy_stored *out,
                                  zarrc_error *error);
void cli_copy_stored_clear(cli_copy_stored *stored);
const cli_copy_object *cli_copy_stored_find(const cli_copy_stored *stored, uint64_t number); /* or NULL */

/* One array to be copied. Work is cut into regions of m[axis] destination chunks on each axis. */
typedef struct cli_copy_array {
  const char *path;                   /* of the source in its store; borrowed from the tree */
  char *target;                       /* of the copy in its store */
  zarrc_array *source, *model, *copy; /* model: what the copy is to be, in memory */
  cli_layout from, to;
  int64_t m[ZARRC_MAX_NDIM], nregions[ZARRC_MAX_NDIM];
  uint64_t total_regions, region_bytes, memory; /* the most that is held of one region; what the whole takes */
  cli_copy_stored stored, there;                /* of the source; with --resume, of the copy */
  uint64_t *list;                               /* numbers of the regions that have something to copy; NULL: all */
  uint64_t nlist, nobjects;                     /* how many those are, or all; destination objects in them */
  uint64_t reads, read_bytes; /* of source objects: each counts as often as it is read; UINT64_MAX: very many */
  bool reads_known;           /* they are exact; else about */
  bool rechunked, resharded;  /* --chunks, --shards apply to it */
  unsigned lanes;             /* regions at once */
  bool encoded;               /* elements cannot be read: what is stored is copied as it is */
  bool windowed;              /* a region is not held: it is read while it is encoded */
} cli_copy_array;

/* Cuts the work so that it fits memory and reads source chunks as seldom as that allows. *threads is lowered where so
 * many threads would need more memory; ZARRC_LIMIT where even one does. */
zarrc_status cli_copy_cut(cli_copy_array *a, uint64_t memory, bool check, unsigned *threads, zarrc_error *error);
/* Takes only the regions in which something is stored in the source (all: every region, as with
 * --write-empty-chunks), and counts what is read for them. */
zarrc_status cli_copy_narrow(cli_copy_array *a, bool all, zarrc_error *error);
/* Whether all destination chunks [first, first + count) are there already. */
bool cli_copy_is_there(const cli_copy_array *a, const int64_t *first, const int64_t *count);
/* Counts anew what is read, without the regions that are there already. */
void cli_copy_leave_out(cli_copy_array *a);
/* The least --memory with which no source object is read twice; 0: none is known. */
uint64_t cli_copy_memory_wanted(const cli_copy_array *a, uint64_t memory, bool check, unsigned threads);
/* The region with a number: its elements and its destination chunks [first, first + count). */
void cli_copy_region(const cli_copy_array *a, uint64_t number, zarrc_region *region, int64_t *first, int64_t *count);

typedef struct cli_copy_run {
  const cli_copy_array *array;
  const char *source_url, *copy_url;
  bool resume, check;
  cli_progress *progress;
  atomic_ullong *skipped; /* objects that were there already */
  atomic_ullong *mended;  /* that were there, but faulty, and were made anew */
} cli_copy_run;

/* A stored value; messages that are about it begin with the URL. */
typedef struct cli_stored_value {
  zarrc_store *store;
  const char *key, *url;
} cli_stored_value;
/* Copies a value as it is and tells its length. Of a long one `piece` bytes are held at a time, where the store that it
 * is written to takes values in pieces. */
zarrc_status cli_stored_copy(const cli_stored_value *from, const cli_stored_value *to, uint64_t piece, uint64_t *nbytes,
                             zarrc_error *error);
/* ZARRC_CORRUPT: they differ. */
zarrc_status cli_stored_compare(const cli_stored_value *from, const cli_stored_value *to, uint64_t piece,
                                zarrc_error *error);

/* ZARRC_UNSUPPORTED, naming the array, where an array whose elements cannot be read is to become another one. */
zarrc_status cli_copy_encoded_check(const cli_copy_wish *wish, const zarrc_array *source, zarrc_error *error);
/* The work of copying such an array: each of its objects, as it is. */
zarrc_status cli_copy_encoded_plan(cli_copy_array *a, uint64_t memory, unsigned threads, zarrc_error *error);
/* Of what is there takes as missing what is not as long as in the source. */
void cli_copy_encoded_there(cli_copy_array *a);
/* Copies one object of it that is not stored yet; checks it, if that is asked for, and mends what was stored wrongly.
 */
zarrc_status cli_copy_encoded(const cli_copy_run *run, const int64_t *chunk, bool stored, bool *mended,
                              uint64_t *nbytes, zarrc_error *error);

/* Copies one array. A message begins with the URL that it is about. */
zarrc_status cli_copy_values(const cli_copy_run *run, zarrc_ctx *ctx, zarrc_error *error);

/* One run of the verb. */
typedef struct cli_copying {
  cli *c;
  const char *source_url, *copy_url;
  cli_copy_wish wish;
  bool overwrite, resume, force, check, dry;
  uint64_t memory;
  unsigned threads;
  zarrc_ctx *ctx;
  cli_node source, copy;
  zarrc_store *models; /* in memory: what the copies are to be */
  cli_meter in, out;
  cli_tree tree;
  cli_copy_array *arrays;
  size_t narrays, ngroups;
  uint64_t nobjects, nbytes, plan_memory;
  atomic_ullong skipped, mended;
  zarrc_survey others;  /* of the source: what is no Zarr */
  char *other_names;    /* the first of them, for the summary */
  size_t nconsolidated; /* groups whose consolidated metadata are left out */
  cli_progress progress;
  /* The copy is made on a stage of the destination, or, where --resume found one that is complete by its looks, there.
   */
  bool exists, unfinished, in_place, replaces;
  zarrc_survey there; /* with --overwrite: what goes */
  zarrc_stage *stage;
} cli_copying;

/* The path of a node of the source from the node that is copied. */
const char *cli_copy_below(const cli_copying *k, const char *path);

/* Looks at the destination without making anything; ZARRC_CONFLICT where it may not be written. */
zarrc_status cli_copy_look(cli_copying *k, zarrc_error *error);
/* Opens the place where the copy is made: k->out. */
zarrc_status cli_copy_begin(cli_copying *k, zarrc_error *error);
/* Shows the copy at the destination. */
zarrc_status cli_copy_publish(cli_copying *k, zarrc_error *error);
/* Ends, after a failure too; what was copied until then is kept if a --resume can use it. */
void cli_copy_end(cli_copying *k, zarrc_status status);

/* Whether a failure may not come again when the same is tried again. */
bool cli_copy_may_pass(zarrc_status status);

/* Looks for files of the source that are no Zarr; and copies them, with --other-files. */
zarrc_status cli_copy_find_others(cli_copying *k, zarrc_error *error);
zarrc_status cli_copy_others(cli_copying *k, zarrc_error *error);

/* Makes groups and arrays in the order of the tree; then nothing but chunks is missing. */
zarrc_status cli_copy_nodes(cli_copying *k, zarrc_error *error);

zarrc_status cli_copy_print_plan(const cli_copying *k, zarrc_error *error);
/* A note where more than twice the source is read. */
void cli_copy_warn(const cli_copying *k);
void cli_copy_print_summary(cli_copying *k);
void cli_copy_tell_details(const cli_copying *k);
void cli_copy_put_json(cli_copying *k);

/* ZARRC_INVALID_ARGUMENT where two URLs name the same place, or one lies in the other. */
zarrc_status cli_place_check(const char *source, const char *copy, zarrc_error *error);

#endif

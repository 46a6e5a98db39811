/* SPDX-License-Identifier: MIT */
/* Elements on their way between an array and memory: whole regions, lists of indices on some axes, and single points.
 * Whatever is asked for, each touched chunk is visited once. */
#ifndef ZARRC_ARRAY_TRANSFER_H
#define ZARRC_ARRAY_TRANSFER_H

#include "array/array.h"
#include "array/split.h"

#include <stdatomic.h>

typedef struct zarrc_transfer {
  zarrc_array *array;
  const zarrc_metadata *m;
  const zarrc_view *view; /* NULL: elements are fetched */
  bool write;
  const zarrc_change *fetches;
} zarrc_transfer;

/* ZARRC_INVALID_ARGUMENT unless the view has this shape and the array's type, and the store can be written if it is to
 * be. `what` is what has the shape: "region", "selection". */
zarrc_status zarrc_transfer_check(const zarrc_transfer *t, int ndim, const int64_t *shape, const char *what,
                                  zarrc_error *error);

/* A touched chunk: how its values are made, and where they are stored. */
typedef struct zarrc_visit {
  const zarrc_transfer *transfer;
  const int64_t *chunk;
  int64_t shape[ZARRC_MAX_NDIM]; /* of the chunk */
  const zarrc_pipeline *pipeline;
  zarrc_blob *blob;
  atomic_bool missing; /* out, reads: there was no value */
} zarrc_visit;

typedef zarrc_status (*zarrc_visit_fn)(void *arg, zarrc_visit *visit, zarrc_error *error);

/* Calls fn for a chunk. An error says which chunk and key. */
zarrc_status zarrc_transfer_visit(const zarrc_transfer *t, const int64_t *chunk, zarrc_visit_fn fn, void *arg,
                                  zarrc_error *error);

/* array_io.c: a region; lists: NULL, or as for zarrc_split_open. The view has been checked, and has the array's rank.
 */
zarrc_status zarrc_transfer_region(const zarrc_transfer *t, const zarrc_region *region, const zarrc_list *lists,
                                   zarrc_error *error);

/* select_lists.c, a zarrc_visit_fn: the part of one chunk in which there are lists. */
typedef struct zarrc_listed_part {
  const zarrc_chunk_part *part;
  const zarrc_list *lists;
} zarrc_listed_part;
zarrc_status zarrc_visit_lists(void *listed_part, zarrc_visit *visit, zarrc_error *error);

/* ------------------------------------------------------------------- reading single elements of a chunk in boxes */

/* Which of the elements that are wanted of a chunk are read together, as one box. A cell is what is decoded as a whole:
 * an innermost inner chunk of a shard, or a chunk that cannot be read in parts. Wanted elements of one cell are read
 * together, cells without any are not read, and without cells elements further apart than `gap` bytes are not. Boxes
 * of more than one cell, or where there are none, have at most `max` bytes. */
typedef struct zarrc_boxing {
  bool cells;                   /* cells are smaller than the chunk */
  bool whole;                   /* the chunk is one cell */
  int64_t cell[ZARRC_MAX_NDIM]; /* if cells */
  uint64_t gap, max;
} zarrc_boxing;
zarrc_boxing zarrc_visit_boxing(const zarrc_visit *visit);

/* Memory for a box of `count` elements of the view's type, with the values that a chunk has there. */
typedef struct zarrc_box {
  zarrc_view view;
  zarrc_bytes bytes;
  zarrc_arena *arena; /* of text of variable length */
} zarrc_box;
zarrc_status zarrc_box_read(zarrc_visit *visit, const zarrc_region *region, zarrc_box *out, zarrc_error *error);
void zarrc_box_release(zarrc_box *box);

/* Reads straight into a view. */
zarrc_status zarrc_visit_read(zarrc_visit *visit, const zarrc_region *region, const zarrc_view *to, zarrc_error *error);

/* Copies elements between a box or a chunk and the caller's memory: same shapes. With an arena, text of variable length
 * is copied into that too. */
zarrc_status zarrc_take_elements(const zarrc_view *to, const zarrc_view *from, zarrc_arena *arena, zarrc_error *error);

#endif

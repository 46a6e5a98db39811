/* SPDX-License-Identifier: MIT */
/* Selections of one chunk: lists of indices on some axes, and single points. */
#ifndef ZARRC_PIPELINE_SELECT_H
#define ZARRC_PIPELINE_SELECT_H

#include "base/selection.h"
#include "pipeline/pipeline.h"

#include <stdatomic.h>

/* Elements on their way between one chunk and the caller's memory. */
typedef struct zarrc_picking {
  const zarrc_pipeline *pipeline;
  zarrc_blob *blob;
  const zarrc_view *view; /* the caller's; of lists, with all axes of the chunk */
  bool write, fresh;      /* fresh: as in zarrc_write */
  /* Shards in one another, each with nothing beside it: the shapes of the inner chunks of each, the outermost first. */
  int nlevels;
  const int64_t *level[ZARRC_MAX_NESTING];
  atomic_bool missing; /* out, reads: there was no value */
  atomic_bool pending; /* out, reads: something has to be fetched first */
} zarrc_picking;

/* The part of a chunk that is taken by lists on some axes and by the lines of region on the others: every combination.
 * On an axis with a list only region.count counts, which is that of the list. */
zarrc_status zarrc_pick_lists(zarrc_picking *picking, const zarrc_region *region, const zarrc_list *lists,
                              zarrc_error *error);
/* The n points of a selection that has been checked; the view has one axis. */
zarrc_status zarrc_pick_points(zarrc_picking *picking, const zarrc_selection *selection, uint32_t n,
                               zarrc_error *error);

/* ------------------------------------------------------------------- reading single elements of a chunk in boxes */

/* Which of the elements that are wanted of a chunk are read together, as one box. A cell is what is decoded as a whole:
 * an innermost inner chunk of a shard, or a chunk that cannot be read in parts. Wanted elements of one cell are read
 * together, cells without any are not read, and without cells elements further apart than `gap` bytes are not. Boxes
 * of more than one cell, or where there are none, have at most `max` bytes. */
typedef struct zarrc_boxing {
  bool whole;          /* the chunk is one cell */
  const int64_t *cell; /* NULL: cells are not smaller than the chunk */
  uint64_t gap, max;
} zarrc_boxing;
zarrc_boxing zarrc_picking_boxing(const zarrc_picking *picking);

/* Memory for a box of region.count elements of the view's type, with the values that a chunk has there. */
typedef struct zarrc_box {
  zarrc_view view;
  zarrc_bytes bytes;
  zarrc_arena *arena; /* of text of variable length */
} zarrc_box;
zarrc_status zarrc_box_read(zarrc_picking *picking, const zarrc_region *region, zarrc_box *out, zarrc_error *error);
void zarrc_box_release(zarrc_box *box);

/* Reads straight into a view. */
zarrc_status zarrc_picking_read(zarrc_picking *picking, const zarrc_region *region, const zarrc_view *to,
                                zarrc_error *error);

/* Copies elements between a box or a chunk and the caller's memory: same shapes. With an arena, text of variable length
 * is copied into that too. */
zarrc_status zarrc_take_elements(const zarrc_view *to, const zarrc_view *from, zarrc_arena *arena, zarrc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/* Selections of one chunk: lists of indices on some axes, and points. */
#ifndef ZARRC_PIPELINE_SELECT_H
#define ZARRC_PIPELINE_SELECT_H

#include "base/selection.h"
#include "pipeline/pipeline.h"

#include <stdatomic.h>

/* Copying selected elements between a chunk and the caller's memory. */
typedef struct zarrc_picking {
  const zarrc_pipeline *pipeline;
  zarrc_blob *blob;
  const zarrc_view *view; /* of the caller; for lists, with all axes of the chunk */
  bool write, fresh;      /* fresh: as in zarrc_write */
  /* Nested shards without other codecs: the shapes of their inner chunks, outermost first. */
  int nlevels;
  const int64_t *level[ZARRC_MAX_NESTING];
  atomic_bool missing; /* out, reads: there is no value */
  atomic_bool pending; /* out, reads: something must be fetched first */
} zarrc_picking;

/* Reads or writes all combinations of lists on some axes and of the region on the others. On an axis with a list only
 * region.count is used, which equals the length of the list. */
zarrc_status zarrc_pick_lists(zarrc_picking *picking, const zarrc_region *region, const zarrc_list *lists,
                              zarrc_error *error);
/* Reads or writes the n points of a checked selection. The view has one axis. */
zarrc_status zarrc_pick_points(zarrc_picking *picking, const zarrc_selection *selection, uint32_t n,
                               zarrc_error *error);

/* ------------------------------------------------------------------- reading single elements of a chunk in boxes */

/* How wanted elements of a chunk are combined to boxes for reading. A cell is decoded as a whole: an innermost inner
 * chunk, or a chunk that cannot be read in parts. Wanted elements of a cell are read together, and cells without any
 * are not read. Without cells, elements more than `gap` bytes apart are read separately. Boxes have at most `max` bytes
 * unless they are within one cell. */
typedef struct zarrc_boxing {
  bool whole;          /* the chunk is a single cell */
  const int64_t *cell; /* shape of a cell; NULL: there are none, or a single one */
  uint64_t gap, max;
} zarrc_boxing;
zarrc_boxing zarrc_picking_boxing(const zarrc_picking *picking);

/* A region of a chunk that has been read into memory. */
typedef struct zarrc_box {
  zarrc_view view;
  zarrc_bytes bytes;
  zarrc_arena *arena; /* of text */
} zarrc_box;
zarrc_status zarrc_box_read(zarrc_picking *picking, const zarrc_region *region, zarrc_box *out, zarrc_error *error);
void zarrc_box_release(zarrc_box *box);

/* Reads a region directly into a view. */
zarrc_status zarrc_picking_read(zarrc_picking *picking, const zarrc_region *region, const zarrc_view *to,
                                zarrc_error *error);

/* Copies elements between a box or chunk and the caller's memory, of the same shape. If there is an arena text is
 * copied to it. */
zarrc_status zarrc_take_elements(const zarrc_view *to, const zarrc_view *from, zarrc_arena *arena, zarrc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/* Points of an array, chunk by chunk. */
#ifndef ZARRC_ARRAY_SELECT_H
#define ZARRC_ARRAY_SELECT_H

#include "array/transfer.h"

/* The points of a selection in the order of the chunks that they lie in; those of one chunk in that of the selection.
 */
typedef struct zarrc_points {
  const zarrc_selection *selection;
  const zarrc_metadata *m;
  uint32_t n;
  uint64_t *chunk, *within; /* of the points in the order of the selection: number of the chunk, and place in it (in C
                               order) */
  uint32_t *order;
  uint32_t *first; /* of each touched chunk, and n: numbers in order */
  size_t nchunks;
} zarrc_points;

/* Checks the selection, and counts; takes no memory. */
zarrc_status zarrc_points_open(const zarrc_metadata *m, const zarrc_selection *selection, zarrc_points *out,
                               zarrc_error *error);
zarrc_status zarrc_points_list(zarrc_points *points, zarrc_error *error);
void zarrc_points_close(zarrc_points *points);
/* Coordinates of a chunk from its number. */
void zarrc_points_chunk(const zarrc_points *points, uint64_t number, int64_t *chunk);
/* Reads or writes them; the view has been checked: one axis. */
zarrc_status zarrc_transfer_points(const zarrc_transfer *t, const zarrc_points *points, zarrc_error *error);

#endif

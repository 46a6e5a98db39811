/* SPDX-License-Identifier: MIT */
/* Points of an array, grouped by chunk. */
#ifndef ZARRC_ARRAY_SELECT_H
#define ZARRC_ARRAY_SELECT_H

#include "array/transfer.h"

/* The points of a selection, in the order of their chunks; those of a chunk in the order of the selection. */
typedef struct zarrc_points {
  const zarrc_selection *selection;
  const zarrc_metadata *m;
  uint32_t n;
  uint64_t *chunk, *within; /* for each point: the number of its chunk; its position there, in C order */
  uint32_t *order;
  uint32_t *first; /* for each touched chunk, its first point in `order`; then n */
  size_t nchunks;
} zarrc_points;

/* Checks the selection and counts its points; allocates nothing. */
zarrc_status zarrc_points_open(const zarrc_metadata *m, const zarrc_selection *selection, zarrc_points *out,
                               zarrc_error *error);
zarrc_status zarrc_points_list(zarrc_points *points, zarrc_error *error);
void zarrc_points_close(zarrc_points *points);
/* Gets the coordinates of a chunk from its number. */
void zarrc_points_chunk(const zarrc_points *points, uint64_t number, int64_t *chunk);
/* Reads or writes the points. The view has been checked and has one axis. */
zarrc_status zarrc_transfer_points(const zarrc_transfer *t, const zarrc_points *points, zarrc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/* The orders in which the inner chunks of a new shard are laid out. */
#ifndef ZARRC_CODEC_SHARD_ORDER_H
#define ZARRC_CODEC_SHARD_ORDER_H

#include <zarrc/data.h>

/* Walks a grid in an order: zarrc_shard_walk_next returns the numbers (in C order) of the chunks one by one, and
 * false at the end. Morton codes are built from bit 0 of axis 0, bit 0 of axis 1, ..., bit 1 of axis 0, ...; axes
 * whose bits are used up are passed over, as are codes outside the grid. */
typedef struct zarrc_shard_walk {
  zarrc_subchunk_order order;
  int ndim;
  const int64_t *grid;
  uint64_t code, ncodes; /* of the chunk that comes next */
  uint64_t i;            /* number of the chunk that comes next */
  uint64_t stride[ZARRC_MAX_NDIM];
  int64_t at[ZARRC_MAX_NDIM];
  int nbits;
  uint8_t axis[64], shift[64]; /* what each bit of a Morton code is: a bit of the index on an axis */
} zarrc_shard_walk;

/* ZARRC_LIMIT where a grid is too large to be numbered. */
zarrc_status zarrc_shard_walk_init(zarrc_shard_walk *walk, zarrc_subchunk_order order, int ndim, const int64_t *grid,
                                   zarrc_error *error);
bool zarrc_shard_walk_next(zarrc_shard_walk *walk, uint64_t *i);

#endif

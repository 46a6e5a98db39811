/* SPDX-License-Identifier: MIT */
/* The order of inner chunks in a new shard. */
#ifndef ZARRC_CODEC_SHARD_ORDER_H
#define ZARRC_CODEC_SHARD_ORDER_H

#include <zarrc/data.h>

/* Enumerates the chunks of a grid in an order. zarrc_shard_walk_next gets the number of the next chunk (in C order);
 * false: there are no more. A Morton code consists of bit 0 of axis 0, bit 0 of axis 1, ..., bit 1 of axis 0, ...; axes
 * without such a bit are skipped, as are codes outside the grid. */
typedef struct zarrc_shard_walk {
  zarrc_subchunk_order order;
  int ndim;
  const int64_t *grid;
  uint64_t code, ncodes; /* of the next chunk; of all */
  uint64_t i;            /* the number of the next chunk */
  uint64_t stride[ZARRC_MAX_NDIM];
  int64_t at[ZARRC_MAX_NDIM];
  int nbits;
  uint8_t axis[64], shift[64]; /* for each bit of a Morton code, the axis, and the bit of the index on it */
} zarrc_shard_walk;

/* ZARRC_LIMIT: the grid has too many chunks. */
zarrc_status zarrc_shard_walk_init(zarrc_shard_walk *walk, zarrc_subchunk_order order, int ndim, const int64_t *grid,
                                   zarrc_error *error);
bool zarrc_shard_walk_next(zarrc_shard_walk *walk, uint64_t *i);

#endif

/* SPDX-License-Identifier: MIT */
#include "codec/shard_order.h"
#include "base/checked.h"

zarrc_status zarrc_shard_walk_init(zarrc_shard_walk *walk, zarrc_subchunk_order order, int ndim, const int64_t *grid,
                                   zarrc_error *error) {
  *walk = (zarrc_shard_walk){.order = order, .ndim = ndim, .grid = grid, .ncodes = 1};
  int bits[ZARRC_MAX_NDIM] = {0}, most = 0, total = 0;
  bool fits = true;
  for (int i = ndim - 1; i >= 0; i--) {
    for (int64_t last = grid[i] - 1; last > 0; last >>= 1) bits[i]++;
    if (bits[i] > most) most = bits[i];
    total += bits[i];
    walk->stride[i] = walk->ncodes;
    fits = fits && zarrc_mul_u64(walk->ncodes, (uint64_t)grid[i], &walk->ncodes);
  }
  if (order == ZARRC_MORTON) {
    fits = fits && total < 63;
    walk->ncodes = walk->ncodes && fits ? (uint64_t)1 << total : 0;
    for (int bit = 0; fits && bit < most; bit++)
      for (int axis = 0; axis < ndim; axis++) {
        if (bit >= bits[axis]) continue;
        walk->axis[walk->nbits] = (uint8_t)axis;
        walk->shift[walk->nbits++] = (uint8_t)bit;
      }
  }
  return fits ? ZARRC_OK : zarrc_fail(error, ZARRC_LIMIT, "a shard has too many inner chunks to be written");
}

/* Adds 2^bit to the code, whose lower bits are 0, and returns the bit that became 1. */
static int add_code(zarrc_shard_walk *walk, int bit) {
  uint64_t before = walk->code;
  walk->code += (uint64_t)1 << bit;
  for (; bit < walk->nbits; bit++) {
    int axis = walk->axis[bit];
    uint64_t step = (uint64_t)1 << walk->shift[bit];
    if (!(before >> bit & 1)) {
      walk->at[axis] += (int64_t)step;
      walk->i += step * walk->stride[axis];
      break;
    }
    walk->at[axis] -= (int64_t)step;
    walk->i -= step * walk->stride[axis];
  }
  return bit;
}

/* Advances to the next code inside the grid. If the bit that became 1 leads outside the grid, so do all codes that
 * differ from this one in lower bits only. */
static void next_morton(zarrc_shard_walk *walk) {
  int bit = add_code(walk, 0);
  while (walk->code < walk->ncodes && walk->at[walk->axis[bit]] >= walk->grid[walk->axis[bit]])
    bit = add_code(walk, bit);
}

static void next_colexicographic(zarrc_shard_walk *walk) {
  walk->code++;
  for (int axis = 0; axis < walk->ndim; axis++) {
    walk->i += walk->stride[axis];
    if (++walk->at[axis] < walk->grid[axis]) return;
    walk->i -= walk->stride[axis] * (uint64_t)walk->grid[axis];
    walk->at[axis] = 0;
  }
}

bool zarrc_shard_walk_next(zarrc_shard_walk *walk, uint64_t *i) {
  if (walk->code >= walk->ncodes) return false;
  *i = walk->i;
  if (walk->order == ZARRC_MORTON)
    next_morton(walk);
  else if (walk->order == ZARRC_COLEXICOGRAPHIC)
    next_colexicographic(walk);
  else
    walk->i = ++walk->code;
  return true;
}

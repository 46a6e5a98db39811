/* SPDX-License-Identifier: MIT */
#include "codec/shard_order.h"
#include "base/checked.h"

zarrc_status zarrc_shard_walk_init(zarrc_shard_walk *walk, zarrc_subchunk_order order, int ndim, const int64_t *grid,
                                   zarrc_error *error) {
  *walk = (zarrc_shard_walk){.order = order, .ndim = ndim, .grid = grid, .ncodes = 1};
  int total = 0;
  bool fits = true;
  for (int i = 0; i < ndim; i++) {
    for (int64_t last = grid[i] - 1; last > 0; last >>= 1) walk->bits[i]++;
    if (walk->bits[i] > walk->most) walk->most = walk->bits[i];
    total += walk->bits[i];
    fits = fits && zarrc_mul_u64(walk->ncodes, (uint64_t)grid[i], &walk->ncodes);
  }
  if (order == ZARRC_MORTON) {
    fits = fits && total < 63;
    walk->ncodes = walk->ncodes && fits ? (uint64_t)1 << total : 0;
  }
  return fits ? ZARRC_OK : zarrc_fail(error, ZARRC_LIMIT, "a shard has too many inner chunks to be written");
}

/* Number of the chunk with a Morton code; false where the code lies outside the grid. */
static bool morton(const zarrc_shard_walk *walk, uint64_t code, uint64_t *i) {
  int64_t at[ZARRC_MAX_NDIM] = {0};
  for (int bit = 0; bit < walk->most; bit++)
    for (int axis = 0; axis < walk->ndim; axis++)
      if (bit < walk->bits[axis]) {
        at[axis] |= (int64_t)(code & 1) << bit;
        code >>= 1;
      }
  *i = 0;
  for (int axis = 0; axis < walk->ndim; axis++) {
    if (at[axis] >= walk->grid[axis]) return false;
    *i = *i * (uint64_t)walk->grid[axis] + (uint64_t)at[axis];
  }
  return true;
}

static uint64_t colexicographic(const zarrc_shard_walk *walk, uint64_t code) {
  uint64_t i = 0, stride = 1;
  for (int axis = 0; axis < walk->ndim; axis++) stride *= (uint64_t)walk->grid[axis];
  for (int axis = 0; axis < walk->ndim; axis++) {
    stride /= (uint64_t)walk->grid[axis];
    i += code % (uint64_t)walk->grid[axis] * stride;
    code /= (uint64_t)walk->grid[axis];
  }
  return i;
}

bool zarrc_shard_walk_next(zarrc_shard_walk *walk, uint64_t *i) {
  while (walk->code < walk->ncodes) {
    uint64_t code = walk->code++;
    if (walk->order == ZARRC_MORTON) {
      if (morton(walk, code, i)) return true;
      continue;
    }
    *i = walk->order == ZARRC_COLEXICOGRAPHIC ? colexicographic(walk, code) : code;
    return true;
  }
  return false;
}

/* SPDX-License-Identifier: MIT */
#include "slab.h"

#include "text.h"

/* Returns the axis at a position of the memory order, slowest first. */
static int axis_at(const cli_slabs *slabs, int position) {
  return slabs->fortran ? slabs->ndim - 1 - position : position;
}

void cli_slabs_init(cli_slabs *slabs, const zarrc_grid *grid, const cli_selection *selection, int ndim, bool fortran,
                    uint64_t max_items) {
  const zarrc_region *all = &selection->region;
  uint64_t inner = 1;
  int split = ndim - 1;
  *slabs = (cli_slabs){.grid = grid, .selection = selection, .all = all, .ndim = ndim, .fortran = fortran, .rows = 1};
  for (int i = 0; i < ndim; i++) slabs->done |= all->count[i] == 0;
  if (ndim == 0 || slabs->done) return;
  for (; split > 0; split--) {
    uint64_t more = cli_times(inner, (uint64_t)all->count[axis_at(slabs, split)]);
    if (more > max_items) break;
    inner = more;
  }
  slabs->split = split;
  slabs->rows = max_items / inner > INT64_MAX ? INT64_MAX : (int64_t)(max_items / inner);
  if (slabs->rows < 1) slabs->rows = 1;
}

/* Returns how many indices of the split axis, from `at`, make the next slab: at most `rows`, up to the edge of a chunk
 * if one is within reach. */
static int64_t rows_from(const cli_slabs *slabs, int axis, int64_t at) {
  const zarrc_region *all = slabs->all;
  int64_t left = all->count[axis] - at;
  if (left <= slabs->rows) return left;
  if (slabs->selection->list[axis]) return slabs->rows;                  /* the indices follow no chunk edges */
  int64_t end = all->start[axis] + (at + slabs->rows) * all->step[axis]; /* the first element that is not in the slab */
  int64_t edge = zarrc_grid_first(slabs->grid, axis, zarrc_grid_find(slabs->grid, axis, end));
  int64_t first = all->start[axis] + at * all->step[axis];
  if (edge <= first) return slabs->rows;
  return (edge - first - 1) / all->step[axis] + 1;
}

bool cli_slabs_next(cli_slabs *slabs, zarrc_region *part) {
  if (slabs->done) return false;
  *part = *slabs->all;
  if (slabs->ndim == 0) {
    slabs->done = true;
    return true;
  }
  for (int position = 0; position <= slabs->split; position++) {
    int axis = axis_at(slabs, position);
    part->start[axis] = slabs->all->start[axis] + slabs->at[axis] * slabs->all->step[axis];
    part->count[axis] = position == slabs->split ? rows_from(slabs, axis, slabs->at[axis]) : 1;
  }
  for (int position = slabs->split; position >= 0; position--) {
    int axis = axis_at(slabs, position);
    slabs->at[axis] += part->count[axis];
    if (slabs->at[axis] < slabs->all->count[axis]) return true;
    slabs->at[axis] = 0;
  }
  slabs->done = true;
  return true;
}

zarrc_view cli_slab_view(const cli_slabs *slabs, const zarrc_region *part, const zarrc_dtype *dtype, void *data) {
  zarrc_view view = zarrc_view_c(dtype, slabs->ndim, part->count, data);
  int64_t stride = dtype->item_size;
  for (int axis = 0; slabs->fortran && axis < slabs->ndim; axis++) {
    view.stride[axis] = stride;
    stride *= part->count[axis];
  }
  return view;
}

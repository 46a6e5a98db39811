/* SPDX-License-Identifier: MIT */
#include <zarrc/tools.h>

#include "base/sized.h"
#include "tools/sums.h"

static void count_chunks(const zarrc_array *array, zarrc_chunk_layout *l) {
  const zarrc_grid *grid = zarrc_array_grid(array);
  const int64_t *shape = zarrc_array_shape(array);
  int64_t inner[ZARRC_MAX_NDIM];
  l->sharded = zarrc_array_inner_chunk_shape(array, inner);
  for (int i = 0; i < l->ndim; i++) {
    l->object_grid[i] = zarrc_grid_nchunks(grid, i, shape[i]);
    l->object_shape[i] = l->object_grid[i] > 0 ? zarrc_grid_edge(grid, i, 0) : grid->chunk_shape[i];
    l->chunk_shape[i] = l->sharded ? inner[i] : l->object_shape[i];
    l->chunk_grid[i] = l->sharded ? (shape[i] > 0 ? (shape[i] - 1) / inner[i] + 1 : 0) : l->object_grid[i];
    if (l->sharded) l->chunks_per_object = zarrc_times(l->chunks_per_object, (uint64_t)(l->object_shape[i] / inner[i]));
  }
  l->nobjects = zarrc_product(l->object_grid, l->ndim);
  l->nchunks = zarrc_product(l->chunk_grid, l->ndim);
}

zarrc_status zarrc_array_chunk_layout(const zarrc_array *array, zarrc_chunk_layout *out, zarrc_error *error) {
  const zarrc_dtype *dtype = zarrc_array_dtype(array);
  zarrc_chunk_layout l = {.ndim = zarrc_array_ndim(array),
                          .regular = zarrc_array_grid(array)->kind == ZARRC_REGULAR,
                          .chunks_per_object = 1};
  count_chunks(array, &l);
  l.nitems = zarrc_product(zarrc_array_shape(array), l.ndim);
  if (dtype && !zarrc_dtype_is_variable(dtype)) {
    l.nbytes = zarrc_times(l.nitems, dtype->item_size);
    l.object_nbytes = zarrc_times(zarrc_product(l.object_shape, l.ndim), dtype->item_size);
    l.chunk_nbytes = zarrc_times(zarrc_product(l.chunk_shape, l.ndim), dtype->item_size);
  }
  return zarrc_sized_give(out, &l, sizeof l, "chunk layout", error);
}

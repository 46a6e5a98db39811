/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include "signals.h"
#include "text.h"

#include <stdlib.h>

/* Large enough to read several chunks in parallel, small enough for caches to help. */
#define SLAB ((uint64_t)64 << 20)
/* The assumed size of an element of variable length. */
#define TEXT_BYTES 64

void cli_slab_memory_clear(cli_slab_memory *memory) {
  free(memory->data);
  zarrc_arena_close(memory->arena);
  *memory = (cli_slab_memory){0};
}

zarrc_status cli_slab_memory_take(cli_slab_memory *memory, zarrc_ctx *ctx, const zarrc_dtype *dtype, uint64_t nitems,
                                  zarrc_error *error) {
  uint64_t nbytes = cli_times(nitems, dtype->item_size);
  zarrc_arena_close(memory->arena);
  memory->arena = NULL;
  if (nbytes > memory->cap || !memory->data) {
    free(memory->data);
    memory->cap = 0;
    memory->data = nbytes < SIZE_MAX / 2 ? malloc(nbytes > 0 ? (size_t)nbytes : 1) : NULL;
    if (!memory->data)
      return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for %llu elements", (unsigned long long)nitems);
    memory->cap = (size_t)nbytes;
  }
  return zarrc_dtype_is_variable(dtype) ? zarrc_arena_open(ctx, &memory->arena, error) : ZARRC_OK;
}

uint64_t cli_region_items(const zarrc_region *region, int ndim) {
  return cli_product(region->count, ndim);
}

uint64_t cli_slab_items(const zarrc_array *array, const cli_selection *selection, bool fortran, uint64_t memory) {
  const zarrc_dtype *dtype = zarrc_array_dtype(array);
  const zarrc_grid *grid = zarrc_array_grid(array);
  const zarrc_region *region = &selection->region;
  int ndim = zarrc_array_ndim(array), axis = fortran ? ndim - 1 : 0;
  uint64_t item = zarrc_dtype_is_variable(dtype) ? TEXT_BYTES : dtype->item_size;
  uint64_t most = memory / 2 / item, want = SLAB / item, row = 1;
  for (int i = 0; i < ndim; i++) row = cli_times(row, i == axis ? 1 : (uint64_t)region->count[i]);
  if (ndim > 0 && region->count[axis] > 0) {
    int64_t chunk = zarrc_grid_find(grid, axis, region->start[axis]);
    row = cli_times(row, (uint64_t)(zarrc_grid_edge(grid, axis, chunk) / region->step[axis]) + 1);
  }
  if (row > want) want = row;
  return want < most ? want : most > 0 ? most : 1;
}

zarrc_status cli_read_values(zarrc_array *array, const cli_selection *selection, uint64_t memory, cli_values *values,
                             cli_progress *progress, zarrc_error *error) {
  zarrc_ctx *ctx = zarrc_array_store(array)->ctx;
  zarrc_dtype dtype = cli_values_dtype(values->format, zarrc_array_dtype(array));
  cli_slab_memory slab = {0};
  cli_slabs slabs;
  zarrc_region part;
  zarrc_status status = ZARRC_OK;
  cli_slabs_init(&slabs, zarrc_array_grid(array), selection, zarrc_array_ndim(array), false,
                 cli_slab_items(array, selection, false, memory));
  while (!status && cli_slabs_next(&slabs, &part)) {
    uint64_t nitems = cli_region_items(&part, slabs.ndim);
    if (cli_canceled(NULL)) status = zarrc_fail(error, ZARRC_CANCELED, "interrupted");
    if (!status) status = cli_slab_memory_take(&slab, ctx, &dtype, nitems, error);
    if (status) break;
    zarrc_view view = cli_slab_view(&slabs, &part, &dtype, slab.data);
    view.arena = slab.arena;
    status = cli_selection_read(array, selection, &part, &view, error);
    if (!status) status = cli_values_write(values, slab.data, nitems, error);
    if (!status && progress) cli_progress_add(progress, nitems * dtype.item_size, nitems * dtype.item_size);
  }
  cli_slab_memory_clear(&slab);
  return status;
}

/* SPDX-License-Identifier: MIT */
/*
 * Divides a selection into slabs that follow one another in C or Fortran order, so that a stream needs bounded memory.
 * Slabs end at chunk edges where possible, so that few chunks are read twice.
 */
#ifndef ZARRC_CLI_SLAB_H
#define ZARRC_CLI_SLAB_H

#include "selection.h"

typedef struct cli_slabs {
  const zarrc_grid *grid;
  const cli_selection *selection;
  const zarrc_region *all; /* the region of the selection */
  int ndim;
  bool fortran;
  int split;                  /* position, in the memory order, of the axis that is divided */
  int64_t rows;               /* most indices of that axis in a slab */
  int64_t at[ZARRC_MAX_NDIM]; /* first index of the next slab, by axis of the array, relative to the selection */
  bool done;
} cli_slabs;

/* max_items: the most elements in a slab, but a slab has at least one. */
void cli_slabs_init(cli_slabs *slabs, const zarrc_grid *grid, const cli_selection *selection, int ndim, bool fortran,
                    uint64_t max_items);
/* Returns the next slab as a region inside that of the selection; false: there are no more. */
bool cli_slabs_next(cli_slabs *slabs, zarrc_region *part);
/* Returns a view of packed memory in the order of the slabs. */
zarrc_view cli_slab_view(const cli_slabs *slabs, const zarrc_region *part, const zarrc_dtype *dtype, void *data);

#endif

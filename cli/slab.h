/* SPDX-License-Identifier: MIT */
/*
 * A selection cut into slabs that follow one another in C order (or Fortran order) and end at chunk edges where they
 * can, so that data streams through bounded memory and no chunk is read twice without need.
 */
#ifndef ZARRC_CLI_SLAB_H
#define ZARRC_CLI_SLAB_H

#include "selection.h"

typedef struct cli_slabs {
  const zarrc_grid *grid;
  const cli_selection *selection;
  const zarrc_region *all; /* that of the selection */
  int ndim;
  bool fortran;
  int split;                  /* position (in the order of memory, slowest first) of the axis that is cut */
  int64_t rows;               /* the most indices of that axis in one slab */
  int64_t at[ZARRC_MAX_NDIM]; /* first index of the next slab, by axis of the array, counted within the selection */
  bool done;
} cli_slabs;

/* max_items: the most elements in a slab; at least one element is always there. */
void cli_slabs_init(cli_slabs *slabs, const zarrc_grid *grid, const cli_selection *selection, int ndim, bool fortran,
                    uint64_t max_items);
/* The next slab, as a region of the kind that the selection's is; false: no more. */
bool cli_slabs_next(cli_slabs *slabs, zarrc_region *part);
/* A view over packed memory in the order of the slabs. */
zarrc_view cli_slab_view(const cli_slabs *slabs, const zarrc_region *part, const zarrc_dtype *dtype, void *data);

#endif

/* SPDX-License-Identifier: MIT */
/* A selection of an array's elements, in NumPy's notation. */
#ifndef ZARRC_CLI_SELECTION_H
#define ZARRC_CLI_SELECTION_H

#include <zarrc/zarrc.h>

typedef struct cli_selection {
  zarrc_region region;           /* over all axes; on an axis with a list, the indices of that list */
  int64_t *list[ZARRC_MAX_NDIM]; /* the indices of an axis, or NULL; freed by cli_selection_clear */
  bool listed;                   /* at least one axis has a list */
  int ndim;                      /* of the result, without the axes that are given as a number */
  int64_t shape[ZARRC_MAX_NDIM]; /* of the result */
  uint64_t nitems;
} cli_selection;

/* Parses "0,10:20,::4", "...,-1" or "[1,5,9],:"; NULL: everything. Slices are clipped as in NumPy; numbers must lie
 * inside; steps are positive. Lists on several axes select every combination. ZARRC_INVALID_ARGUMENT names the axis and
 * the word. The caller clears *out, after a failure too. */
zarrc_status cli_selection_parse(const char *text, int ndim, const int64_t *shape, cli_selection *out,
                                 zarrc_error *error);
void cli_selection_clear(cli_selection *selection);

/* Read or write part of a selection: a region inside selection->region, and a view with its counts for all axes. */
zarrc_status cli_selection_read(zarrc_array *array, const cli_selection *selection, const zarrc_region *part,
                                const zarrc_view *to, zarrc_error *error);
zarrc_status cli_selection_write(zarrc_array *array, const cli_selection *selection, const zarrc_region *part,
                                 const zarrc_view *from, zarrc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/* The part of an array that a selection in NumPy's spelling names. */
#ifndef ZARRC_CLI_SELECTION_H
#define ZARRC_CLI_SELECTION_H

#include <zarrc/zarrc.h>

typedef struct cli_selection {
  zarrc_region region;           /* over all axes of the array; of axes with a list: over the list */
  int64_t *list[ZARRC_MAX_NDIM]; /* the indices of an axis, or NULL; freed by cli_selection_clear */
  bool listed;                   /* there is such an axis */
  int ndim;                      /* of the result: axes given as a number are gone */
  int64_t shape[ZARRC_MAX_NDIM]; /* of the result */
  uint64_t nitems;
} cli_selection;

/* "0,10:20,::4", "...,-1", "[1,5,9],:"; NULL: everything. Slices are clipped as NumPy does, numbers must lie inside;
 * steps are 1 or more. Lists on several axes select every combination. ZARRC_INVALID_ARGUMENT names the axis and the
 * word. *out is to be cleared in any case. */
zarrc_status cli_selection_parse(const char *text, int ndim, const int64_t *shape, cli_selection *out,
                                 zarrc_error *error);
void cli_selection_clear(cli_selection *selection);

/* Reads or writes a part of a selection: a region inside the selection's, and a view of its counts, all axes in it. */
zarrc_status cli_selection_read(zarrc_array *array, const cli_selection *selection, const zarrc_region *part,
                                const zarrc_view *to, zarrc_error *error);
zarrc_status cli_selection_write(zarrc_array *array, const cli_selection *selection, const zarrc_region *part,
                                 const zarrc_view *from, zarrc_error *error);

#endif

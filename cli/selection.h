/* SPDX-License-Identifier: MIT */
/* The part of an array that NumPy's slice text names. */
#ifndef ZARRC_CLI_SELECTION_H
#define ZARRC_CLI_SELECTION_H

#include <zarrc/zarrc.h>

typedef struct cli_selection {
  zarrc_region region;           /* over all axes of the array */
  int ndim;                      /* of the result: axes given as a number are gone */
  int64_t shape[ZARRC_MAX_NDIM]; /* of the result */
  uint64_t nitems;
} cli_selection;

/* "0,10:20,::4", "...,-1", ":"; NULL: everything. Slices are clipped as NumPy does, numbers must lie inside; steps are
 * 1 or more. ZARRC_INVALID_ARGUMENT names the axis and the word. */
zarrc_status cli_selection_parse(const char *text, int ndim, const int64_t *shape, cli_selection *out,
                                 zarrc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/* The header of .npy files, versions 1.0 to 3.0 (numpy.lib.format). */
#ifndef ZARRC_CLI_NPY_H
#define ZARRC_CLI_NPY_H

#include "file.h"

typedef struct cli_npy {
  zarrc_dtype dtype; /* in the byte order of the file; to be closed with zarrc_dtype_close */
  bool fortran;
  int ndim;
  int64_t shape[ZARRC_MAX_NDIM];
} cli_npy;

/* Reads the input up to the first element. ZARRC_INVALID_ARGUMENT: not an npy file; ZARRC_UNSUPPORTED: Zarr does not
 * have its data type. */
zarrc_status cli_npy_read_header(zarrc_ctx *ctx, cli_input *in, cli_npy *out, zarrc_error *error);
/* Writes the header for little-endian elements in C order. */
zarrc_status cli_npy_write_header(cli_output *out, const zarrc_dtype *dtype, int ndim, const int64_t *shape,
                                  zarrc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/* Text that is written with stdio and kept in memory: all of it, or ZARRC_NO_MEMORY. open_memstream hides failures. */
#ifndef ZARRC_CLI_MEMSTREAM_H
#define ZARRC_CLI_MEMSTREAM_H

#include <stdio.h>
#include <zarrc/zarrc.h>

typedef struct cli_memstream {
  FILE *out;
  char *text; /* after cli_memstream_close: NUL-terminated, freed with free; NULL on failure */
  size_t len, cap;
} cli_memstream;

/* The stream must not move until it is closed. On failure nothing is to be closed. */
zarrc_status cli_memstream_open(cli_memstream *m, zarrc_error *error);
/* Ends the text. status: how the writing went; returned unless it is ZARRC_OK. */
zarrc_status cli_memstream_close(cli_memstream *m, zarrc_status status, zarrc_error *error);

#endif

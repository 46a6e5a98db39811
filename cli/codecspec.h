/* SPDX-License-Identifier: MIT */
/* --codecs SPEC: a codec chain in the short form or as JSON, or @FILE, a file with either. */
#ifndef ZARRC_CLI_CODECSPEC_H
#define ZARRC_CLI_CODECSPEC_H

#include "cli.h"

#include <stdio.h>

/* Returns the text of a SPEC: the SPEC itself, which may be NULL, or the contents of its file. The caller frees *file
 * with free. */
zarrc_status cli_codecs_read(const char *spec, char **file, const char **text, zarrc_error *error);
/* Turns a SPEC into a JSON list, NUL-terminated. dtype may be NULL. The caller clears json, after a failure too. */
zarrc_status cli_codecs_parse(zarrc_ctx *ctx, const char *spec, const zarrc_dtype *dtype, zarrc_buf *json,
                              zarrc_error *error);
/* Prints the short form of a JSON list of codecs. */
zarrc_status cli_codecs_print(FILE *out, zarrc_ctx *ctx, const char *json, size_t n, zarrc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/* --codecs SPEC: a chain in the short form, JSON, or @FILE with either. */
#ifndef ZARRC_CLI_CODECSPEC_H
#define ZARRC_CLI_CODECSPEC_H

#include "cli.h"

#include <stdio.h>

/* The text of a SPEC, which may be NULL: the SPEC itself, or what its file holds, in *file, which is freed with free.
 */
zarrc_status cli_codecs_read(const char *spec, char **file, const char **text, zarrc_error *error);
/* A SPEC as a JSON list, NUL-terminated. dtype may be NULL. json is cleared by the caller, after a failure too. */
zarrc_status cli_codecs_parse(zarrc_ctx *ctx, const char *spec, const zarrc_dtype *dtype, zarrc_buf *json,
                              zarrc_error *error);
/* Prints the short form of a JSON list of codecs. */
zarrc_status cli_codecs_print(FILE *out, zarrc_ctx *ctx, const char *json, size_t n, zarrc_error *error);

#endif

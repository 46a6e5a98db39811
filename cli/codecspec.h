/* SPDX-License-Identifier: MIT */
/*
 * Codec chains as people write them: bytes,blosc(zstd,5,bitshuffle),crc32c
 */
#ifndef ZARRC_CLI_CODECSPEC_H
#define ZARRC_CLI_CODECSPEC_H

#include "cli.h"

#include <stdio.h>

/* A SPEC (short form, JSON list or object, @FILE) as a JSON list; freed with free. A short chain without a codec from
 * array to bytes gets one that suits the type (bytes little, vlen-utf8, vlen-bytes). dtype may be NULL. */
zarrc_status cli_codecs_parse(zarrc_ctx *ctx, const char *spec, const zarrc_dtype *dtype, char **json,
                              zarrc_error *error);
/* Prints the short form of a JSON list of codecs. */
void cli_codecs_print(FILE *out, const char *json, size_t n);

#endif

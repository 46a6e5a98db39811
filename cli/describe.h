/* SPDX-License-Identifier: MIT */
/* Descriptions of a node that info and ls share. */
#ifndef ZARRC_CLI_DESCRIBE_H
#define ZARRC_CLI_DESCRIBE_H

#include "json.h"

void cli_layout_of(const zarrc_array *array, zarrc_chunk_layout *out);

/* Prints a data type: "float32", "numpy.datetime64[ns]", "struct{a: int16, b: float64}". */
void cli_print_dtype(FILE *out, const zarrc_dtype *dtype);
/* Returns the same text, allocated with malloc. */
zarrc_status cli_dtype_text(const zarrc_dtype *dtype, char **out, zarrc_error *error);
/* Returns the same for an array; for an unknown data type, its JSON. */
zarrc_status cli_array_dtype_text(const zarrc_array *array, char **out, zarrc_error *error);
zarrc_status cli_json_dtype(cli_json *j, const char *key, zarrc_ctx *ctx, const zarrc_dtype *dtype, zarrc_error *error);
/* Prints one element as JSON. */
zarrc_status cli_print_element(FILE *out, zarrc_ctx *ctx, const zarrc_dtype *dtype, const void *element,
                               zarrc_error *error);

/* Returns the configuration of the sharding codec of a level; ptr NULL: the array has fewer levels. */
cli_span cli_sharding_at(const zarrc_array *array, int level);
/* Returns the codecs of a sharded array's inner chunks, or all codecs of another array; ptr is never NULL. */
cli_span cli_inner_codecs(const zarrc_array *array);

/* Returns "array", "group" or "unreadable". */
const char *cli_node_type(zarrc_node_kind kind);
/* Writes the member "error" of a node that cannot be read. */
void cli_json_why(cli_json *j, const zarrc_error *why);

#endif

/* SPDX-License-Identifier: MIT */
/* What info and ls both say about a node. */
#ifndef ZARRC_CLI_DESCRIBE_H
#define ZARRC_CLI_DESCRIBE_H

#include "json.h"

void cli_layout_of(const zarrc_array *array, zarrc_chunk_layout *out);

/* "float32", "numpy.datetime64[ns]", "struct{a: int16, b: float64}" */
void cli_print_dtype(FILE *out, const zarrc_dtype *dtype);
/* The same, allocated with malloc. */
zarrc_status cli_dtype_text(const zarrc_dtype *dtype, char **out, zarrc_error *error);
/* The same of an array; of a type that is not known, its JSON. */
zarrc_status cli_array_dtype_text(const zarrc_array *array, char **out, zarrc_error *error);
zarrc_status cli_json_dtype(cli_json *j, const char *key, zarrc_ctx *ctx, const zarrc_dtype *dtype, zarrc_error *error);
/* One element as JSON, as text of its own. */
zarrc_status cli_print_element(FILE *out, zarrc_ctx *ctx, const zarrc_dtype *dtype, const void *element,
                               zarrc_error *error);

/* The configuration of the sharding codec that makes a level of shards; ptr NULL: there are fewer levels. */
cli_span cli_sharding_at(const zarrc_array *array, int level);
/* The codecs of a sharded array's inner chunks; of others: all codecs. ptr NULL never. */
cli_span cli_inner_codecs(const zarrc_array *array);

/* "array", "group", "unreadable" */
const char *cli_node_type(zarrc_node_kind kind);
/* The member "error" of a node that cannot be read. */
void cli_json_why(cli_json *j, const zarrc_error *why);

#endif

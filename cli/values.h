/* SPDX-License-Identifier: MIT */
/*
 * Elements as output: npy, raw, csv, nested JSON, one element a line. Elements come in C order, in as many portions
 * as one likes.
 */
#ifndef ZARRC_CLI_VALUES_H
#define ZARRC_CLI_VALUES_H

#include "file.h"

typedef enum cli_format {
  CLI_FORMAT_NPY,
  CLI_FORMAT_RAW,
  CLI_FORMAT_CSV,
  CLI_FORMAT_JSON,
  CLI_FORMAT_LINES
} cli_format;

/* From a name ("npy"), or from the suffix of a path; false: it tells nothing. */
bool cli_format_from_name(const char *name, cli_format *out);
bool cli_format_from_path(const char *path, cli_format *out);
const char *cli_format_name(cli_format format);
bool cli_format_is_binary(cli_format format);

typedef struct cli_values {
  cli_format format;
  const zarrc_dtype *dtype;
  int ndim;
  int64_t shape[ZARRC_MAX_NDIM], index[ZARRC_MAX_NDIM];
  bool empty;
  bool scalars; /* lines of JSON whatever the type; set it behind cli_values_begin */
  cli_output *out;
  zarrc_buf text; /* of one element */
} cli_values;

/* ZARRC_UNSUPPORTED where the format cannot hold the type. Writes what stands in front of the elements. */
zarrc_status cli_values_begin(cli_values *values, zarrc_ctx *ctx, cli_format format, const zarrc_dtype *dtype, int ndim,
                              const int64_t *shape, cli_output *out, zarrc_error *error);
/* nitems packed elements. They are native, for npy and raw little-endian: see cli_values_dtype. */
zarrc_status cli_values_write(cli_values *values, const void *elements, uint64_t nitems, zarrc_error *error);
zarrc_status cli_values_end(cli_values *values, zarrc_error *error);
void cli_values_close(cli_values *values);
/* The type that elements for a format have in memory (borrows from dtype). */
zarrc_dtype cli_values_dtype(cli_format format, const zarrc_dtype *dtype);

/* Whether lines of this type are text as it is. A line end in such an element is ZARRC_UNSUPPORTED. */
bool cli_values_is_text(const zarrc_dtype *dtype);

/* raw elements of variable length: each behind a little-endian u32 length. */
zarrc_status cli_texts_write(cli_output *out, const zarrc_text *texts, uint64_t nitems, zarrc_error *error);
/* The other way: points into bytes. ZARRC_INVALID_ARGUMENT unless there are nitems of them, and nothing more. */
zarrc_status cli_texts_read(const uint8_t *bytes, size_t n, zarrc_text *texts, uint64_t nitems, zarrc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/* Writes elements as npy, raw, csv, nested JSON, or one element a line. They come in C order, in any number of
 * parts. */
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

/* Find a format by name ("npy"), or by the suffix of a path; return false if there is none. */
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
  bool scalars; /* of lines: JSON for every type; to be set after cli_values_begin */
  cli_output *out;
  zarrc_buf text; /* the current element */
} cli_values;

/* Begins an output. ZARRC_UNSUPPORTED: the format cannot hold the data type. */
zarrc_status cli_values_begin(cli_values *values, zarrc_ctx *ctx, cli_format format, const zarrc_dtype *dtype, int ndim,
                              const int64_t *shape, cli_output *out, zarrc_error *error);
/* Writes nitems packed elements of the type that cli_values_dtype returns. */
zarrc_status cli_values_write(cli_values *values, const void *elements, uint64_t nitems, zarrc_error *error);
zarrc_status cli_values_end(cli_values *values, zarrc_error *error);
void cli_values_close(cli_values *values);
/* Returns the type of elements in memory: native, or little-endian for npy and raw. It borrows from dtype. */
zarrc_dtype cli_values_dtype(cli_format format, const zarrc_dtype *dtype);

/* Returns whether lines hold elements of a type as plain text. A line end in such an element is ZARRC_UNSUPPORTED. */
bool cli_values_is_text(const zarrc_dtype *dtype);

/* Writes elements of variable length in raw form: each after its length, a little-endian u32. */
zarrc_status cli_texts_write(cli_output *out, const zarrc_text *texts, uint64_t nitems, zarrc_error *error);
/* Reads them: the texts point into bytes. ZARRC_INVALID_ARGUMENT unless there are exactly nitems. */
zarrc_status cli_texts_read(const uint8_t *bytes, size_t n, zarrc_text *texts, uint64_t nitems, zarrc_error *error);

#endif

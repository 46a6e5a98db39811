/* SPDX-License-Identifier: MIT */
/* Reads elements from text: nested or flat JSON, or one element a line; the opposite of values.h. */
#ifndef ZARRC_CLI_ELEMENTS_H
#define ZARRC_CLI_ELEMENTS_H

#include "values.h"

/* The type and shape of the elements, and where to store them. */
typedef struct cli_elements {
  zarrc_ctx *ctx;
  const zarrc_dtype *dtype; /* in native byte order */
  int ndim;
  const int64_t *shape;
  uint64_t nitems;
  uint8_t *data; /* nitems packed elements, in C order */
  zarrc_arena *arena;
} cli_elements;

/* Reads n bytes of JSON: lists nested like the shape, or one flat list. ZARRC_INVALID_ARGUMENT names the element. */
zarrc_status cli_elements_from_json(const cli_elements *to, const char *text, size_t n, zarrc_error *error);
/* Reads n bytes with one element a line: plain text for strings, JSON for all other types. */
zarrc_status cli_elements_from_lines(const cli_elements *to, const char *text, size_t n, zarrc_error *error);

#endif

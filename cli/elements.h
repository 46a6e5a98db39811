/* SPDX-License-Identifier: MIT */
/* Elements from text: nested or flat JSON, or one element a line. The way back from values.h. */
#ifndef ZARRC_CLI_ELEMENTS_H
#define ZARRC_CLI_ELEMENTS_H

#include "values.h"

/* What the elements are to be, and where they go. */
typedef struct cli_elements {
  zarrc_ctx *ctx;
  const zarrc_dtype *dtype; /* in native byte order */
  int ndim;
  const int64_t *shape;
  uint64_t nitems;
  uint8_t *data; /* nitems packed elements, in C order */
  zarrc_arena *arena;
} cli_elements;

/* n bytes of JSON: lists nested as the shape is, or one flat list. ZARRC_INVALID_ARGUMENT names the element. */
zarrc_status cli_elements_from_json(const cli_elements *to, const char *text, size_t n, zarrc_error *error);
/* n bytes with one element a line: text as it is for strings, JSON for all other types. */
zarrc_status cli_elements_from_lines(const cli_elements *to, const char *text, size_t n, zarrc_error *error);

#endif

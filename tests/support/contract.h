/* SPDX-License-Identifier: MIT */
/* The rows of tests/data/zarr_codecs.json: a codec, a kind of chunk, and what zarr-python makes of them. Everything
 * here fails the test rather than return an error. */
#ifndef ZARRC_TESTS_CONTRACT_H
#define ZARRC_TESTS_CONTRACT_H

#include "base/json.h"

#include <zarrc/zarrc.h>

/* The codec as it is configured, and evolved (NULL where it was refused). */
typedef struct row {
  zarrc_ctx *ctx;
  const zarrc_json *json;
  char *text; /* the codec */
  zarrc_spec spec;
  zarrc_status status; /* of the first of open, evolve and validate that failed */
  bool left_out;       /* it failed because this build has not the codec's library */
  zarrc_codec *codec, *evolved;
} row;

row row_open(zarrc_ctx *ctx, const zarrc_json *json);
void row_close(row *r);
const zarrc_json *row_get(const row *r, const char *name);
/* Calls fn for each row that zarr-python did not refuse and whose codec was built in; each of the nine codecs must be
 * in one. */
void rows_each(zarrc_ctx *ctx, const zarrc_json_doc *doc, void (*fn)(const row *));

zarrc_grid grid_of(const zarrc_spec *spec);
/* Numbers of a JSON list; returns how many. */
size_t shape_of(const zarrc_json *list, int64_t *out);
void same_json(const row *r, const char *got, const zarrc_json *expected);

/* Bytes, or elements, as a row has them; exact allocations. */
typedef struct data {
  uint8_t *bytes;
  size_t n;
  void *elements;
  zarrc_arena *arena;
} data;

data data_of(const row *r, const zarrc_json *value);
void data_free(data *d);
/* Memory for the elements of a view of that shape, filled with rubbish. */
data room_for(zarrc_ctx *ctx, const zarrc_spec *spec, const int64_t *shape, zarrc_view *view);
void same_elements(const row *r, const void *got, const void *expected, int64_t n);

#endif

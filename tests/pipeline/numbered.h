/* SPDX-License-Identifier: MIT */
/* An array of 1000 x 1000 numbered bytes, all in one chunk or shard, in a store that counts what is read. */
#ifndef ZARRC_TESTS_PIPELINE_NUMBERED_H
#define ZARRC_TESTS_PIPELINE_NUMBERED_H

#include "support/counting_store.h"
#include "support/nodes.h"

#include <stdlib.h>
#include <string.h>

static zarrc_ctx *ctx;

static inline int open_ctx(void **state) {
  (void)state;
  return zarrc_ctx_open(NULL, &ctx, NULL);
}

static inline int close_ctx(void **state) {
  (void)state;
  zarrc_ctx_close(ctx);
  return 0;
}

#define BYTES "{\"name\": \"bytes\"}"
#define SHARD(shape, codecs)                                                                                           \
  "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": " shape ", \"codecs\": [" codecs "]}}]"

enum { LENGTH = 1000 };

static inline uint8_t number_at(int64_t row, int64_t column) {
  return (uint8_t)(row * 7 + column * 3 + 1);
}

typedef struct fixture {
  counting_store counting;
  zarrc_array *array;
} fixture;

static inline void fixture_open(fixture *f, const char *codecs, const zarrc_array_options *options) {
  counting_store_init(&f->counting, ctx);
  char *document = nodes_document("shape", "[1000, 1000]", "data_type", "\"uint8\"", "chunk_grid",
                                  "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [1000, 1000]}}",
                                  "codecs", codecs, NULL);
  zarrc_error error = {0};
  if (zarrc_array_create_json(&f->counting.store, "a", document, strlen(document), ZARRC_CREATE_NEW, options, &f->array,
                              &error))
    fail_msg("%s", error.message);
  free(document);
  uint8_t *numbers = malloc(LENGTH * LENGTH);
  for (int64_t i = 0; i < LENGTH * LENGTH; i++) numbers[i] = number_at(i / LENGTH, i % LENGTH);
  zarrc_dtype dtype = zarrc_dtype_of(ZARRC_UINT8);
  zarrc_view all = zarrc_view_c(&dtype, 2, (int64_t[]){LENGTH, LENGTH}, numbers);
  assert_int_equal(zarrc_array_write(f->array, NULL, &all, NULL), ZARRC_OK);
  free(numbers);
}

static inline void fixture_close(fixture *f) {
  zarrc_array_close(f->array);
  zarrc_store_close(&f->counting.store);
}

#endif

/* SPDX-License-Identifier: MIT */
/* A memory store, for each test of a file anew: cmocka_unit_test_setup_teardown(test, open_store, close_store). */
#ifndef ZARRC_TESTS_ARRAY_MEMORY_STORE_H
#define ZARRC_TESTS_ARRAY_MEMORY_STORE_H

#include "support/nodes.h"

#include <stdlib.h>

static zarrc_ctx *ctx;
static zarrc_store *store;

static inline int open_store(void **state) {
  (void)state;
  return zarrc_ctx_open(NULL, &ctx, NULL) || zarrc_memory_store_open(ctx, &store, NULL);
}

static inline int close_store(void **state) {
  (void)state;
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  return 0;
}

/* All keys of the store, sorted, a blank behind each. */
static inline void expect_keys(const char *expected) {
  char *keys = nodes_keys(store);
  assert_string_equal(keys, expected);
  free(keys);
}

#endif

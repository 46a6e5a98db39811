/* SPDX-License-Identifier: MIT */
/* What is copied from and to, both in memory, for the tests of a file:
 * cmocka_run_group_tests(tests, open_stores, close_stores), or for each test anew. */
#ifndef ZARRC_TESTS_TOOLS_TWO_STORES_H
#define ZARRC_TESTS_TOOLS_TWO_STORES_H

#include "support/copying.h"

static zarrc_ctx *ctx;
static zarrc_store *source, *target;

static inline int open_stores(void **state) {
  (void)state;
  return zarrc_ctx_open(NULL, &ctx, NULL) || zarrc_memory_store_open(ctx, &source, NULL) ||
         zarrc_memory_store_open(ctx, &target, NULL);
}

static inline int close_stores(void **state) {
  (void)state;
  zarrc_store_close(source);
  zarrc_store_close(target);
  zarrc_ctx_close(ctx);
  return 0;
}

#endif

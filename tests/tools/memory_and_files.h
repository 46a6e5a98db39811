/* SPDX-License-Identifier: MIT */
/* What is copied from, in memory, and to, in a directory that is removed: as two_stores.h. */
#ifndef ZARRC_TESTS_TOOLS_MEMORY_AND_FILES_H
#define ZARRC_TESTS_TOOLS_MEMORY_AND_FILES_H

#include "support/copying.h"
#include "support/files.h"

static zarrc_ctx *ctx;
static zarrc_store *source, *target; /* in memory, and of files */
static char *folder;

static inline int open_stores(void **state) {
  (void)state;
  folder = tree_make();
  return zarrc_ctx_open(NULL, &ctx, NULL) || zarrc_memory_store_open(ctx, &source, NULL) ||
         zarrc_file_store_open(ctx, folder, NULL, &target, NULL);
}

static inline int close_stores(void **state) {
  (void)state;
  zarrc_store_close(source);
  zarrc_store_close(target);
  zarrc_ctx_close(ctx);
  tree_remove(folder);
  return 0;
}

#endif

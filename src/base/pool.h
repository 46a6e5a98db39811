/* SPDX-License-Identifier: MIT */
/* The thread pool of a context. */
#ifndef ZARRC_BASE_POOL_H
#define ZARRC_BASE_POOL_H

#include <zarrc/base.h>

/* Implements zarrc_for_each and, with `all`, zarrc_for_all. */
zarrc_status zarrc_pool_run(zarrc_ctx *ctx, size_t n, zarrc_status (*fn)(void *arg, size_t i, zarrc_error *error),
                            void *arg, bool all, zarrc_error *error);
/* Returns the approximate number of threads that would join a loop started now. */
unsigned zarrc_pool_idle(zarrc_ctx *ctx);
/* Stops and joins the threads, which must be idle. */
void zarrc_pool_close(zarrc_ctx *ctx);

#endif

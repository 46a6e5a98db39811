/* SPDX-License-Identifier: MIT */
/* The thread pool of a context. */
#ifndef ZARRC_BASE_POOL_H
#define ZARRC_BASE_POOL_H

#include <zarrc/base.h>

#define ZARRC_MOST_WAITING 64

/* Implements zarrc_for_each and, with `all`, zarrc_for_all. waiting: items mostly wait for somebody else, such as a
 * server; up to ZARRC_MOST_WAITING of them run at once, however many threads the context has, unless that is one. */
zarrc_status zarrc_pool_run(zarrc_ctx *ctx, size_t n, zarrc_status (*fn)(void *arg, size_t i, zarrc_error *error),
                            void *arg, bool all, bool waiting, zarrc_error *error);
/* Does what zarrc_for_each does, for items that mostly wait. */
zarrc_status zarrc_for_each_waiting(zarrc_ctx *ctx, size_t n,
                                    zarrc_status (*fn)(void *arg, size_t i, zarrc_error *error), void *arg,
                                    zarrc_error *error);
/* Returns the approximate number of threads that would join a loop started now. */
unsigned zarrc_pool_idle(zarrc_ctx *ctx);
/* Stops and joins the threads, which must be idle. */
void zarrc_pool_close(zarrc_ctx *ctx);

#endif

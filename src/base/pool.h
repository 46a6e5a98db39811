/* SPDX-License-Identifier: MIT */
/* The threads of a context. */
#ifndef ZARRC_BASE_POOL_H
#define ZARRC_BASE_POOL_H

#include <zarrc/base.h>

/* zarrc_for_each; with all, zarrc_for_all. */
zarrc_status zarrc_pool_run(zarrc_ctx *ctx, size_t n, zarrc_status (*fn)(void *arg, size_t i, zarrc_error *error),
                            void *arg, bool all, zarrc_error *error);
/* How many threads would help with a loop that is begun now, about. */
unsigned zarrc_pool_idle(zarrc_ctx *ctx);
/* Ends and joins the threads; they must be idle. */
void zarrc_pool_close(zarrc_ctx *ctx);

#endif

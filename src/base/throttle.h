/* SPDX-License-Identifier: MIT */
/*
 * Keeps a loop within max_memory. If an item fails because of the limit, it is run again, with fewer items beside it
 * from then on; finally alone, with inner loops run by its thread only. If it then fails, it needs more than the limit.
 */
#ifndef ZARRC_BASE_THROTTLE_H
#define ZARRC_BASE_THROTTLE_H

#include <zarrc/base.h>

#include <pthread.h>
#include <stdatomic.h>

typedef struct zarrc_throttle {
  zarrc_ctx *ctx;
  long process;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  unsigned busy, width; /* running items, and the most that may run */
  atomic_bool alone;    /* one item runs alone, in its last attempt */
} zarrc_throttle;

void zarrc_throttle_open(zarrc_throttle *throttle, zarrc_ctx *ctx);
void zarrc_throttle_close(zarrc_throttle *throttle);
/* Runs fn(arg, i, error), repeatedly if necessary. In a forked child it runs once. */
zarrc_status zarrc_throttle_run(zarrc_throttle *throttle, zarrc_status (*fn)(void *arg, size_t i, zarrc_error *error),
                                void *arg, size_t i, zarrc_error *error);

/* Says in an error of ZARRC_NO_MEMORY what the limit is and what would have been held, once for each refusal. */
void zarrc_throttle_explain(zarrc_ctx *ctx, zarrc_error *error);

#endif

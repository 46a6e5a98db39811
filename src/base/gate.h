/* SPDX-License-Identifier: MIT */
/*
 * How a loop keeps within the memory that its context may hold. Items that run side by side hold memory side by side;
 * where one is refused memory because of the limit, fewer of them run at once from there on, and it is run again: at
 * last with nothing beside it, and with the loops inside it run by its thread alone. What fails then needs more than
 * the limit.
 */
#ifndef ZARRC_BASE_GATE_H
#define ZARRC_BASE_GATE_H

#include <zarrc/base.h>

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

typedef struct zarrc_gate {
  zarrc_ctx *ctx;
  pid_t process;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  unsigned busy, width; /* items that run, and the most that may */
  atomic_bool alone;    /* one item runs, for the last time */
} zarrc_gate;

void zarrc_gate_open(zarrc_gate *gate, zarrc_ctx *ctx);
void zarrc_gate_close(zarrc_gate *gate);
/* Runs fn(arg, i, error), perhaps several times. After a fork the child runs it at once. */
zarrc_status zarrc_gate_run(zarrc_gate *gate, zarrc_status (*fn)(void *arg, size_t i, zarrc_error *error), void *arg,
                            size_t i, zarrc_error *error);

/* Says in an error of ZARRC_NO_MEMORY what the limit is and what would have been held, once for each refusal. */
void zarrc_gate_explain(zarrc_ctx *ctx, zarrc_error *error);

#endif

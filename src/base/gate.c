/* SPDX-License-Identifier: MIT */
#include "base/gate.h"
#include "base/ctx.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void zarrc_gate_open(zarrc_gate *gate, zarrc_ctx *ctx) {
  *gate = (zarrc_gate){.ctx = ctx, .process = getpid(), .width = UINT_MAX};
  pthread_mutex_init(&gate->mutex, NULL);
  pthread_cond_init(&gate->changed, NULL);
  atomic_init(&gate->alone, false);
}

void zarrc_gate_close(zarrc_gate *gate) {
  pthread_cond_destroy(&gate->changed);
  pthread_mutex_destroy(&gate->mutex);
}

/* The mutex is held. */
static void enter(zarrc_gate *gate) {
  while (gate->busy >= gate->width) pthread_cond_wait(&gate->changed, &gate->mutex);
  gate->busy++;
}

static void leave(zarrc_gate *gate) {
  gate->busy--;
  atomic_store(&gate->alone, false);
  pthread_cond_broadcast(&gate->changed);
}

/* Makes room for an item that was refused memory. false: there is no more room to make. */
static bool narrow(zarrc_gate *gate) {
  if (atomic_load(&gate->alone)) return false;
  unsigned most = gate->busy < gate->width ? gate->busy : gate->width;
  gate->width = most > 1 ? most - 1 : 1;
  if (gate->busy > 1) {
    leave(gate);
    enter(gate);
  }
  if (gate->width == 1) atomic_store(&gate->alone, true);
  return true;
}

static uint64_t refusals(const zarrc_gate *gate) {
  return atomic_load(&gate->ctx->memory_refusals);
}

zarrc_status zarrc_gate_run(zarrc_gate *gate, zarrc_status (*fn)(void *arg, size_t i, zarrc_error *error), void *arg,
                            size_t i, zarrc_error *error) {
  if (getpid() != gate->process) return fn(arg, i, error);
  pthread_mutex_lock(&gate->mutex);
  enter(gate);
  for (;;) {
    uint64_t before = refusals(gate);
    pthread_mutex_unlock(&gate->mutex);
    error->code = ZARRC_OK;
    zarrc_status status = fn(arg, i, error);
    if (getpid() != gate->process) return status;
    pthread_mutex_lock(&gate->mutex);
    if (status == ZARRC_NO_MEMORY && refusals(gate) != before && narrow(gate)) continue;
    leave(gate);
    pthread_mutex_unlock(&gate->mutex);
    return status;
  }
}

void zarrc_gate_explain(zarrc_ctx *ctx, zarrc_error *error) {
  uint64_t most = ctx->options.max_memory, wanted = atomic_exchange(&ctx->memory_wanted, 0);
  if (!error || wanted == 0) return;
  size_t n = strlen(error->message);
  snprintf(error->message + n, sizeof error->message - n,
           " (at least %" PRIu64 " bytes are needed, the context may hold %" PRIu64 ")", wanted, most);
}

/* SPDX-License-Identifier: MIT */
#include "base/throttle.h"
#include "base/ctx.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

void zarrc_throttle_open(zarrc_throttle *throttle, zarrc_ctx *ctx) {
  *throttle = (zarrc_throttle){.ctx = ctx, .process = zarrc_process_number(&ctx->process), .width = UINT_MAX};
  pthread_mutex_init(&throttle->mutex, NULL);
  pthread_cond_init(&throttle->changed, NULL);
  atomic_init(&throttle->alone, false);
}

void zarrc_throttle_close(zarrc_throttle *throttle) {
  pthread_cond_destroy(&throttle->changed);
  pthread_mutex_destroy(&throttle->mutex);
}

/* Both are called with the mutex locked. */
static void enter(zarrc_throttle *throttle) {
  while (throttle->busy >= throttle->width) pthread_cond_wait(&throttle->changed, &throttle->mutex);
  throttle->busy++;
}

static void leave(zarrc_throttle *throttle) {
  throttle->busy--;
  atomic_store(&throttle->alone, false);
  pthread_cond_broadcast(&throttle->changed);
}

/* Lets fewer items run at once after one was refused memory. Returns false if it ran alone already. */
static bool narrow(zarrc_throttle *throttle) {
  if (atomic_load(&throttle->alone)) return false;
  unsigned most = throttle->busy < throttle->width ? throttle->busy : throttle->width;
  throttle->width = most > 1 ? most - 1 : 1;
  if (throttle->busy > 1) {
    leave(throttle);
    enter(throttle);
  }
  if (throttle->width == 1) atomic_store(&throttle->alone, true);
  return true;
}

static uint64_t refusals(const zarrc_throttle *throttle) {
  return atomic_load(&throttle->ctx->memory_refusals);
}

zarrc_status zarrc_throttle_run(zarrc_throttle *throttle, zarrc_status (*fn)(void *arg, size_t i, zarrc_error *error),
                                void *arg, size_t i, zarrc_error *error) {
  if (zarrc_process_number(&throttle->ctx->process) != throttle->process) return fn(arg, i, error);
  pthread_mutex_lock(&throttle->mutex);
  enter(throttle);
  for (;;) {
    uint64_t before = refusals(throttle);
    pthread_mutex_unlock(&throttle->mutex);
    error->code = ZARRC_OK;
    zarrc_status status = fn(arg, i, error);
    if (zarrc_process_number(&throttle->ctx->process) != throttle->process) return status;
    pthread_mutex_lock(&throttle->mutex);
    if (status == ZARRC_NO_MEMORY && refusals(throttle) != before && narrow(throttle)) continue;
    leave(throttle);
    pthread_mutex_unlock(&throttle->mutex);
    return status;
  }
}

void zarrc_throttle_explain(zarrc_ctx *ctx, zarrc_error *error) {
  uint64_t most = ctx->options.max_memory, wanted = atomic_exchange(&ctx->memory_wanted, 0);
  if (!error || wanted == 0) return;
  zarrc_error_append(error, " (at least %" PRIu64 " bytes are needed, the context may hold %" PRIu64 ")", wanted, most);
}

/* SPDX-License-Identifier: MIT */
#include "base/lock.h"
#include "base/ctx.h"

#include <sched.h>

void zarrc_lock_init(zarrc_lock *lock, const zarrc_ctx *ctx) {
  lock->ctx = ctx;
  pthread_mutex_init(&lock->mutex, NULL);
  atomic_init(&lock->process, zarrc_process_number(&lock->ctx->process));
  atomic_init(&lock->held, false);
}

void zarrc_lock_destroy(zarrc_lock *lock) {
  if (atomic_load(&lock->process) == zarrc_process_number(&lock->ctx->process)) pthread_mutex_destroy(&lock->mutex);
}

/* In a child process the first thread that comes by initializes the mutex, locked, and the others wait for it. Should
 * the child fork just then, its own child finds a foreign process number and does the same. */
bool zarrc_lock_take(zarrc_lock *lock) {
  long self = zarrc_process_number(&lock->ctx->process), process = atomic_load(&lock->process);
  while (process != self) {
    if (process == -self) {
      sched_yield();
      process = atomic_load(&lock->process);
    } else if (atomic_compare_exchange_weak(&lock->process, &process, -self)) {
      bool lost = atomic_load(&lock->held);
      pthread_mutex_init(&lock->mutex, NULL);
      pthread_mutex_lock(&lock->mutex);
      atomic_store(&lock->held, true);
      atomic_store(&lock->process, self);
      return lost;
    }
  }
  pthread_mutex_lock(&lock->mutex);
  atomic_store(&lock->held, true);
  return false;
}

void zarrc_lock_give(zarrc_lock *lock) {
  atomic_store(&lock->held, false);
  pthread_mutex_unlock(&lock->mutex);
}

/* SPDX-License-Identifier: MIT */
/* A mutex that a fork cannot leave locked, for what lives as long as a store or a context. */
#ifndef ZARRC_BASE_LOCK_H
#define ZARRC_BASE_LOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef struct zarrc_lock {
  pthread_mutex_t mutex;
  atomic_long process; /* whose mutex it is; negative: of that process, being made */
  atomic_bool held;
} zarrc_lock;

void zarrc_lock_init(zarrc_lock *lock);
void zarrc_lock_destroy(zarrc_lock *lock);

/* Locks. true: this process is the child of a fork at which another thread held the lock. That thread does not exist
 * here, and what the lock protects may be half changed: forget it, or make it whole. */
bool zarrc_lock_take(zarrc_lock *lock);
void zarrc_lock_give(zarrc_lock *lock);

#endif

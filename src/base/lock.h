/* SPDX-License-Identifier: MIT */
/* A mutex for objects as long-lived as a store, which fork() cannot leave locked. */
#ifndef ZARRC_BASE_LOCK_H
#define ZARRC_BASE_LOCK_H

#include <zarrc/base.h>

#include <pthread.h>
#include <stdatomic.h>

typedef struct zarrc_lock {
  const zarrc_ctx *ctx;
  pthread_mutex_t mutex;
  atomic_long process; /* the process that owns the mutex; negative: it is being initialized there */
  atomic_bool held;
} zarrc_lock;

/* The context must outlive the lock. */
void zarrc_lock_init(zarrc_lock *lock, const zarrc_ctx *ctx);
void zarrc_lock_destroy(zarrc_lock *lock);

/* Locks. Returns true in the child of a fork if another thread held the lock then. That thread does not exist here, and
 * what the lock protects may be half changed: the caller must discard or repair it. */
bool zarrc_lock_take(zarrc_lock *lock);
void zarrc_lock_give(zarrc_lock *lock);

#endif

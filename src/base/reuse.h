/* SPDX-License-Identifier: MIT */
/* Idle objects that a context holds for reuse: scratch buffers, and objects from zarrc_warm_give. */
#ifndef ZARRC_BASE_REUSE_H
#define ZARRC_BASE_REUSE_H

#include <zarrc/base.h>

#include <stdatomic.h>

typedef struct zarrc_reuse_object {
  void *object;
  void (*free_object)(void *object);
} zarrc_reuse_object;

/* A place for an idle object. key: EMPTY, TAKEN, or the key it was given under. Only the thread that changed key to
 * TAKEN may access `kept`. There is no lock that a fork could leave locked: if a thread disappears in a fork, its place
 * is merely never used again. */
typedef struct zarrc_reuse_slot {
  atomic_uintptr_t key;
  zarrc_reuse_object kept;
} zarrc_reuse_slot;

typedef struct zarrc_reuse_shelf {
  zarrc_reuse_slot *slots;
  size_t nslots;
} zarrc_reuse_shelf;

typedef struct zarrc_reuse {
  zarrc_reuse_shelf scratch, warm;
  size_t warm_a_key;        /* most objects under one key */
  size_t idle_max;          /* most bytes of idle scratch memory */
  atomic_size_t idle_bytes; /* approximate while other threads are running */
} zarrc_reuse;

/* Returns the number of slots for so many threads; sets `reuse` up with them. */
size_t zarrc_reuse_nslots(unsigned threads);
void zarrc_reuse_init(zarrc_reuse *reuse, zarrc_reuse_slot *slots, unsigned threads, uint64_t max_memory);

/* Frees all idle objects; returns false if there were none. */
bool zarrc_reuse_trim(zarrc_ctx *ctx);

#endif

/* SPDX-License-Identifier: MIT */
/* The inside of a context, with slots for objects of the layers above. */
#ifndef ZARRC_BASE_CTX_H
#define ZARRC_BASE_CTX_H

#include <zarrc/base.h>

#include "base/process.h"
#include "base/reuse.h"

#include <stdatomic.h>

typedef enum zarrc_ctx_slot {
  ZARRC_SLOT_REGISTRY,
  ZARRC_SLOT_INDEX_CACHE,
  ZARRC_SLOT_VERSIONS,
  ZARRC_NSLOTS
} zarrc_ctx_slot;

/* ------------------------------------------------------------------------------------------------- ctx_state.c */

/* Returns the object of a slot, or NULL. */
void *zarrc_ctx_get_slot(const zarrc_ctx *ctx, zarrc_ctx_slot which);
/* Puts an object into an empty slot. zarrc_ctx_close destroys it (destroy may be NULL). Returns false if another thread
 * was first; the caller then still owns the object. */
bool zarrc_ctx_set_slot(zarrc_ctx *ctx, zarrc_ctx_slot which, void *object,
                        void (*destroy)(zarrc_ctx *ctx, void *object));

struct zarrc_pool;

struct zarrc_ctx {
  zarrc_ctx_options options;
  bool serial;                     /* loops run in the calling thread only */
  bool (*reclaim)(zarrc_ctx *ctx); /* frees idle objects when memory is short; false: there were none */
  size_t nbytes_self;
  zarrc_process process;
  struct {
    _Atomic(void *) object;
    void (*destroy)(zarrc_ctx *ctx, void *object);
  } slots[ZARRC_NSLOTS];
  _Atomic(struct zarrc_pool *) pool;
  _Alignas(64) atomic_uint_fast64_t memory;
  atomic_uint_fast64_t memory_peak;
  atomic_uint_fast64_t memory_refusals; /* number of requests refused by max_memory */
  atomic_uint_fast64_t memory_wanted;   /* memory that the latest of them would have led to; 0: has been reported */
  _Alignas(64) zarrc_reuse reuse;
};

/* ------------------------------------------------------------------------------------------------------- ctx.c */

/* Opens a context with fewer threads for part of the work of another one, which counts its memory, provides its codecs
 * and cancels it. It must be closed first. */
zarrc_status zarrc_ctx_open_fewer(zarrc_ctx *ctx, unsigned threads, zarrc_ctx **out, zarrc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/* The inside of a context: for base/, and slots in which the layers above keep what they know of it. */
#ifndef ZARRC_BASE_CTX_H
#define ZARRC_BASE_CTX_H

#include <zarrc/base.h>

#include "base/lane.h"

#include <stdatomic.h>

typedef enum zarrc_ctx_slot { ZARRC_SLOT_REGISTRY, ZARRC_SLOT_INDEX_CACHE, ZARRC_NSLOTS } zarrc_ctx_slot;

/* What was put in a slot, or NULL. */
void *zarrc_ctx_get_slot(const zarrc_ctx *ctx, zarrc_ctx_slot which);
/* Puts an object in an empty slot until the context is closed, which destroys it (destroy may be NULL). false: another
 * thread was first; the object stays the caller's. */
bool zarrc_ctx_set_slot(zarrc_ctx *ctx, zarrc_ctx_slot which, void *object,
                        void (*destroy)(zarrc_ctx *ctx, void *object));

struct zarrc_pool;

struct zarrc_ctx {
  zarrc_ctx_options options;
  bool serial; /* loops run in their caller alone */
  size_t nbytes_self;
  struct {
    _Atomic(void *) object;
    void (*destroy)(zarrc_ctx *ctx, void *object);
  } slots[ZARRC_NSLOTS];
  _Atomic(struct zarrc_pool *) pool;
  _Alignas(64) atomic_uint_fast64_t memory;
  atomic_uint_fast64_t memory_peak;
  atomic_uint_fast64_t memory_refusals; /* requests that would have passed the limit */
  atomic_uint_fast64_t memory_wanted;   /* what would have been held with the latest of them; 0: it has been told */
  _Alignas(64) zarrc_lanes lanes;
};

/* Opens a context with fewer threads for a part of the work of another one, which counts its memory, knows its codecs,
 * and is asked whether to stop. It is closed first. */
zarrc_status zarrc_ctx_open_fewer(zarrc_ctx *ctx, unsigned threads, zarrc_ctx **out, zarrc_error *error);

#endif

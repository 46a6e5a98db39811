/* SPDX-License-Identifier: MIT */
/* What a context keeps for the next call: idle scratch buffers and warm objects. */
#ifndef ZARRC_BASE_LANE_H
#define ZARRC_BASE_LANE_H

#include <zarrc/base.h>

#include <stdatomic.h>

typedef struct zarrc_kept {
  void *object;
  void (*free_object)(void *object);
} zarrc_kept;

/* A place for one idle object. key: 0 empty, 1 in somebody's hands, else what the object is kept under; `kept` belongs
 * to who has the place in hand. There is no lock: a thread that vanishes in a fork leaves behind a place that is never
 * used again, and nothing to wait for. */
typedef struct zarrc_place {
  atomic_uintptr_t key;
  zarrc_kept kept;
} zarrc_place;

typedef struct zarrc_shelf {
  zarrc_place *places;
  size_t nplaces;
} zarrc_shelf;

typedef struct zarrc_lanes {
  zarrc_shelf scratch, warm;
  size_t warm_a_key;        /* objects kept under one key */
  size_t idle_max;          /* bytes of scratch memory kept */
  atomic_size_t idle_bytes; /* about; exact while nothing happens */
} zarrc_lanes;

/* Places that lanes for so many threads need, and the lanes over them. */
size_t zarrc_lanes_nplaces(unsigned threads);
void zarrc_lanes_init(zarrc_lanes *lanes, zarrc_place *places, unsigned threads, uint64_t max_memory);

/* Frees everything idle; false: there was nothing. */
bool zarrc_lanes_trim(zarrc_ctx *ctx);

#endif

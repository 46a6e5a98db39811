/* SPDX-License-Identifier: MIT */
#include <zarrc/data.h>

#include "base/checked.h"

#include <pthread.h>

enum { FIRST_BLOCK = 1024, LAST_BLOCK = 1 << 20 };

typedef struct block {
  struct block *next;
  size_t used, cap;
  uint8_t bytes[];
} block;

struct zarrc_arena {
  zarrc_ctx *ctx;
  pthread_mutex_t lock;
  block *blocks;     /* the first has room; the others are full, or hold one large piece */
  size_t next_block; /* its size */
  uint8_t nothing;   /* address of pieces without bytes */
};

zarrc_status zarrc_arena_open(zarrc_ctx *ctx, zarrc_arena **out, zarrc_error *error) {
  zarrc_arena *arena = zarrc_malloc(ctx, sizeof *arena);
  if (!arena) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for an arena");
  *arena = (zarrc_arena){.ctx = ctx, .next_block = FIRST_BLOCK};
  if (pthread_mutex_init(&arena->lock, NULL) != 0) {
    zarrc_free(ctx, arena);
    return zarrc_fail(error, ZARRC_NO_MEMORY, "no lock for an arena");
  }
  *out = arena;
  return ZARRC_OK;
}

void zarrc_arena_close(zarrc_arena *arena) {
  if (!arena) return;
  for (block *b = arena->blocks, *next; b; b = next) {
    next = b->next;
    zarrc_free(arena->ctx, b);
  }
  pthread_mutex_destroy(&arena->lock);
  zarrc_free(arena->ctx, arena);
}

static block *add_block(zarrc_arena *arena, size_t nbytes) {
  bool own = nbytes > arena->next_block / 4; /* a large piece gets a block of its own */
  size_t cap = own ? nbytes : arena->next_block, size;
  block *b = zarrc_add_size(sizeof *b, cap, &size) ? zarrc_malloc(arena->ctx, size) : NULL;
  if (!b) return NULL;
  *b = (block){.cap = cap};
  if (own && arena->blocks) {
    b->next = arena->blocks->next;
    arena->blocks->next = b;
  } else {
    b->next = arena->blocks;
    arena->blocks = b;
  }
  if (arena->next_block < LAST_BLOCK) arena->next_block *= 2;
  return b;
}

zarrc_status zarrc_arena_take(zarrc_arena *arena, size_t nbytes, uint8_t **out, zarrc_error *error) {
  if (nbytes == 0) {
    *out = &arena->nothing;
    return ZARRC_OK;
  }
  pthread_mutex_lock(&arena->lock);
  block *b = arena->blocks;
  if (!b || b->cap - b->used < nbytes) b = add_block(arena, nbytes);
  if (b) {
    *out = b->bytes + b->used;
    b->used += nbytes;
  }
  pthread_mutex_unlock(&arena->lock);
  return b ? ZARRC_OK : zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for %zu bytes of text", nbytes);
}

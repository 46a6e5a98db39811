/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"
#include "base/checked.h"
#include "base/ctx.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LARGE     ((size_t)4 << 20)
#define HUGE_PAGE ((size_t)2 << 20)

static void *aligned_new(size_t size, size_t align) {
  void *p = NULL;
  if (size >= LARGE && align < HUGE_PAGE) align = HUGE_PAGE;
  if (posix_memalign(&p, align, size) != 0) return NULL;
#ifdef MADV_HUGEPAGE
  if (size >= LARGE) madvise(p, size & ~(HUGE_PAGE - 1), MADV_HUGEPAGE); /* optional, so errors do not matter */
#endif
  return p;
}

void *zarrc_default_resize(void *ud, void *p, size_t old_size, size_t size, size_t align) {
  (void)ud;
  if (size == 0) {
    free(p);
    return NULL;
  }
  if (align <= _Alignof(max_align_t) && size < LARGE && old_size < LARGE) return realloc(p, size);
  if (p && size <= old_size && size > old_size / 2) return p;
  void *q = aligned_new(size, align);
  if (!q) return NULL;
  if (p) memcpy(q, p, old_size < size ? old_size : size);
  free(p);
  return q;
}

static bool charge(zarrc_ctx *ctx, uint64_t nbytes) {
  uint64_t max = ctx->options.max_memory ? ctx->options.max_memory : UINT64_MAX;
  uint64_t now = atomic_load_explicit(&ctx->memory, memory_order_relaxed);
  do {
    if (nbytes > max || now > max - nbytes) return false;
  } while (!atomic_compare_exchange_weak_explicit(&ctx->memory, &now, now + nbytes, memory_order_relaxed,
                                                  memory_order_relaxed));
  now += nbytes;
  uint64_t peak = atomic_load_explicit(&ctx->memory_peak, memory_order_relaxed);
  while (peak < now && !atomic_compare_exchange_weak_explicit(&ctx->memory_peak, &peak, now, memory_order_relaxed,
                                                              memory_order_relaxed)) {
  }
  return true;
}

static void discharge(zarrc_ctx *ctx, uint64_t nbytes) {
  atomic_fetch_sub_explicit(&ctx->memory, nbytes, memory_order_relaxed);
}

/* Returns the additional memory while a block is resized. A large one is copied, so that both exist for a while. */
static size_t taken(size_t old_size, size_t size) {
  if (size <= old_size) return 0;
  return size < LARGE ? size - old_size : size;
}

static void *resize(zarrc_ctx *ctx, void *p, size_t old_size, size_t size, size_t align, bool *refused) {
  const zarrc_allocator *alloc = &ctx->options.alloc;
  size_t more = taken(old_size, size);
  *refused = more > 0 && !charge(ctx, more);
  if (*refused) return NULL;
  void *q = alloc->resize(alloc->ud, p, old_size, size, align);
  if (!q && size > 0)
    discharge(ctx, more);
  else
    discharge(ctx, old_size + more - size);
  return q;
}

/* Records that `more` bytes would have exceeded the limit. */
static void note_refusal(zarrc_ctx *ctx, uint64_t more) {
  uint64_t held = zarrc_ctx_memory(ctx);
  atomic_store_explicit(&ctx->memory_wanted, more > UINT64_MAX - held ? UINT64_MAX : held + more, memory_order_relaxed);
  atomic_fetch_add_explicit(&ctx->memory_refusals, 1, memory_order_relaxed);
}

bool zarrc_mem_count(zarrc_ctx *ctx, uint64_t nbytes) {
  if (charge(ctx, nbytes) || (ctx->reclaim(ctx) && charge(ctx, nbytes))) return true;
  note_refusal(ctx, nbytes);
  return false;
}

void zarrc_mem_uncount(zarrc_ctx *ctx, uint64_t nbytes) {
  discharge(ctx, nbytes);
}

void *zarrc_mem_resize(zarrc_ctx *ctx, void *p, size_t old_size, size_t size, size_t align) {
  if (!p && size == 0) return NULL;
  bool refused;
  void *q = resize(ctx, p, old_size, size, align, &refused);
  if (!q && size > 0 && ctx->reclaim(ctx)) q = resize(ctx, p, old_size, size, align, &refused);
  if (refused) note_refusal(ctx, taken(old_size, size));
  return q;
}

/* Precedes every block of zarrc_malloc. Large blocks are aligned to cache lines, so that whole lines can be written
 * past the caches. */
#define LINE ((size_t)64)
typedef struct head {
  _Alignas(16) size_t size; /* including what precedes the caller's bytes */
  size_t front;             /* bytes before the caller's; also the alignment */
} head;

void *zarrc_realloc(zarrc_ctx *ctx, void *p, size_t nbytes) {
  size_t front = p ? ((head *)p - 1)->front : nbytes >= LARGE ? LINE : sizeof(head), size;
  uint8_t *old = p ? (uint8_t *)p - front : NULL;
  if (!zarrc_add_size(nbytes, front, &size)) return NULL;
  uint8_t *block = zarrc_mem_resize(ctx, old, p ? ((head *)p - 1)->size : 0, size, front);
  if (!block) return NULL;
  p = block + front;
  ((head *)p)[-1] = (head){.size = size, .front = front};
  return p;
}

void *zarrc_malloc(zarrc_ctx *ctx, size_t nbytes) {
  return zarrc_realloc(ctx, NULL, nbytes);
}

void zarrc_free(zarrc_ctx *ctx, void *p) {
  if (!p) return;
  head h = ((head *)p)[-1];
  zarrc_mem_resize(ctx, (uint8_t *)p - h.front, h.size, 0, h.front);
}

uint64_t zarrc_ctx_memory(const zarrc_ctx *ctx) {
  return atomic_load_explicit(&ctx->memory, memory_order_relaxed);
}

uint64_t zarrc_ctx_memory_peak(const zarrc_ctx *ctx) {
  return atomic_load_explicit(&ctx->memory_peak, memory_order_relaxed);
}

/* SPDX-License-Identifier: MIT */
#include "base/reuse.h"
#include "base/alloc.h"
#include "base/ctx.h"

#include <pthread.h>
#include <stdint.h>
#include <zarrc/plugin/blob.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define HIDE(p, n) __asan_poison_memory_region(p, n)
#define SHOW(p, n) __asan_unpoison_memory_region(p, n)
#else
#define HIDE(p, n) ((void)(p), (void)(n))
#define SHOW(p, n) ((void)(p), (void)(n))
#endif

enum { EMPTY = 0, TAKEN = 1 };

#define IDLE_MAX          ((size_t)64 << 20)
#define IDLE_MAX_A_THREAD ((size_t)32 << 20)
#define SCRATCH_MIN       ((size_t)256)
#define SCRATCH_ALIGN     64

/* ------------------------------------------------------------------------------------------------------ shelves */

/* Returns where a thread begins to search: always at the same slot, so that it finds objects that are in its
 * caches. */
static size_t own_slot(const zarrc_reuse_shelf *shelf) {
  uint64_t self = (uint64_t)(uintptr_t)pthread_self();
  return (size_t)((self * 0x9e3779b97f4a7c15u >> 32) % shelf->nslots);
}

static bool take_slot(zarrc_reuse_slot *slot, uintptr_t key) {
  return atomic_compare_exchange_strong_explicit(&slot->key, &key, TAKEN, memory_order_acquire, memory_order_relaxed);
}

static void leave_slot(zarrc_reuse_slot *slot, uintptr_t key) {
  atomic_store_explicit(&slot->key, key, memory_order_release);
}

static uintptr_t look(const zarrc_reuse_slot *slot) {
  return atomic_load_explicit(&slot->key, memory_order_relaxed);
}

/* Takes an object whose key is in [low, high]; object NULL: there is none. */
static zarrc_reuse_object shelf_take(zarrc_reuse_shelf *shelf, uintptr_t low, uintptr_t high) {
  size_t at = own_slot(shelf);
  for (size_t i = 0; i < shelf->nslots; i++) {
    zarrc_reuse_slot *slot = &shelf->slots[(at + i) % shelf->nslots];
    uintptr_t key = look(slot);
    if (key <= TAKEN || key < low || key > high || !take_slot(slot, key)) continue;
    zarrc_reuse_object kept = slot->kept;
    leave_slot(slot, EMPTY);
    return kept;
  }
  return (zarrc_reuse_object){0};
}

/* Puts an object into a slot. Returns what must be freed: nothing, an object it has replaced, or the object itself. */
static zarrc_reuse_object shelf_put(zarrc_reuse_shelf *shelf, uintptr_t key, zarrc_reuse_object kept) {
  size_t at = own_slot(shelf);
  for (int empty = 1; empty >= 0; empty--) {
    for (size_t i = 0; i < shelf->nslots; i++) {
      zarrc_reuse_slot *slot = &shelf->slots[(at + i) % shelf->nslots];
      uintptr_t there = look(slot);
      if (there == TAKEN || (empty && there != EMPTY) || !take_slot(slot, there)) continue;
      zarrc_reuse_object gone = there == EMPTY ? (zarrc_reuse_object){0} : slot->kept;
      slot->kept = kept;
      leave_slot(slot, key);
      return gone;
    }
  }
  return kept;
}

static size_t shelf_count(const zarrc_reuse_shelf *shelf, uintptr_t key) {
  size_t n = 0;
  for (size_t i = 0; i < shelf->nslots; i++) n += look(&shelf->slots[i]) == key;
  return n;
}

static size_t warm_slots(unsigned threads) {
  return threads < 2 ? 16 : (size_t)threads * 8;
}

static size_t scratch_slots(unsigned threads) {
  return threads < 2 ? 8 : (size_t)threads * 4;
}

size_t zarrc_reuse_nslots(unsigned threads) {
  return scratch_slots(threads) + warm_slots(threads);
}

void zarrc_reuse_init(zarrc_reuse *reuse, zarrc_reuse_slot *slots, unsigned threads, uint64_t max_memory) {
  reuse->scratch = (zarrc_reuse_shelf){slots, scratch_slots(threads)};
  reuse->warm = (zarrc_reuse_shelf){slots + reuse->scratch.nslots, warm_slots(threads)};
  for (size_t i = 0; i < zarrc_reuse_nslots(threads); i++) atomic_init(&slots[i].key, EMPTY);
  reuse->warm_a_key = threads < 2 ? 2 : (size_t)threads * 2;
  reuse->idle_max = threads < 2 ? IDLE_MAX : IDLE_MAX_A_THREAD * threads;
  if (max_memory && reuse->idle_max > max_memory / 2) reuse->idle_max = (size_t)(max_memory / 2);
  atomic_init(&reuse->idle_bytes, 0);
}

/* ------------------------------------------------------------------------------------------------------ scratch */

/* A scratch buffer. Only the length that was asked for is accessible; the address sanitizer reports accesses beyond it,
 * or while the buffer is idle. */
typedef struct scratch {
  zarrc_ctx *ctx;
  uint8_t *data;
  size_t nbytes;
} scratch;

static void scratch_free(void *object) {
  scratch *s = object;
  SHOW(s->data, s->nbytes);
  zarrc_mem_resize(s->ctx, s->data, s->nbytes, 0, SCRATCH_ALIGN);
  zarrc_free(s->ctx, s);
}

/* Rounds up in steps of a quarter, so that buffers for values of similar size can replace each other. 0: too large. */
static size_t scratch_size(size_t nbytes) {
  if (nbytes <= SCRATCH_MIN) return SCRATCH_MIN;
  if (nbytes > SIZE_MAX / 4) return 0;
  size_t step = SCRATCH_MIN / 4;
  while (nbytes > step * 8) step *= 2;
  return (nbytes + step - 1) / step * step;
}

static scratch *scratch_new(zarrc_ctx *ctx, size_t nbytes) {
  scratch *s = zarrc_malloc(ctx, sizeof *s);
  if (!s) return NULL;
  s->ctx = ctx;
  s->nbytes = scratch_size(nbytes);
  s->data = zarrc_mem_resize(ctx, NULL, 0, s->nbytes, SCRATCH_ALIGN);
  if (!s->data) { /* near the limit, try without rounding up */
    s->nbytes = nbytes > SCRATCH_MIN ? nbytes : SCRATCH_MIN;
    s->data = zarrc_mem_resize(ctx, NULL, 0, s->nbytes, SCRATCH_ALIGN);
  }
  if (s->data) return s;
  zarrc_free(ctx, s);
  return NULL;
}

static scratch *idle_take(zarrc_reuse *reuse, uintptr_t low, uintptr_t high) {
  scratch *s = shelf_take(&reuse->scratch, low, high).object;
  if (s) atomic_fetch_sub_explicit(&reuse->idle_bytes, s->nbytes, memory_order_relaxed);
  return s;
}

static void scratch_release(zarrc_bytes *bytes) {
  scratch *s = bytes->owner, *old;
  zarrc_reuse *reuse = &s->ctx->reuse;
  if (s->nbytes > reuse->idle_max) {
    scratch_free(s);
    return;
  }
  while (atomic_load_explicit(&reuse->idle_bytes, memory_order_relaxed) > reuse->idle_max - s->nbytes &&
         (old = idle_take(reuse, SCRATCH_MIN, UINTPTR_MAX)))
    scratch_free(old);
  atomic_fetch_add_explicit(&reuse->idle_bytes, s->nbytes, memory_order_relaxed);
  HIDE(s->data, s->nbytes);
  old = shelf_put(&reuse->scratch, s->nbytes, (zarrc_reuse_object){.object = s}).object;
  if (!old) return;
  atomic_fetch_sub_explicit(&reuse->idle_bytes, old->nbytes, memory_order_relaxed);
  scratch_free(old);
}

zarrc_status zarrc_scratch_take(zarrc_ctx *ctx, size_t nbytes, zarrc_bytes *out, zarrc_error *error) {
  size_t size = scratch_size(nbytes);
  scratch *s = NULL;
  if (size) s = idle_take(&ctx->reuse, size, size * 2);
  if (size && !s) s = scratch_new(ctx, nbytes);
  if (!s) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a buffer of %zu bytes", nbytes);
  SHOW(s->data, nbytes);
  HIDE(s->data + nbytes, s->nbytes - nbytes);
  *out = (zarrc_bytes){s->data, nbytes, scratch_release, s};
  return ZARRC_OK;
}

/* --------------------------------------------------------------------------------------------------------- warm */

void *zarrc_warm_take(zarrc_ctx *ctx, const void *key) {
  return shelf_take(&ctx->reuse.warm, (uintptr_t)key, (uintptr_t)key).object;
}

void zarrc_warm_give(zarrc_ctx *ctx, const void *key, void *object, void (*free_object)(void *object)) {
  zarrc_reuse *reuse = &ctx->reuse;
  zarrc_reuse_object kept = {object, free_object};
  if ((uintptr_t)key > TAKEN && shelf_count(&reuse->warm, (uintptr_t)key) < reuse->warm_a_key)
    kept = shelf_put(&reuse->warm, (uintptr_t)key, kept);
  if (kept.object) kept.free_object(kept.object);
}

bool zarrc_reuse_trim(zarrc_ctx *ctx) {
  zarrc_reuse *reuse = &ctx->reuse;
  bool any = false;
  for (scratch *s; (s = idle_take(reuse, SCRATCH_MIN, UINTPTR_MAX)); any = true) scratch_free(s);
  for (zarrc_reuse_object kept; (kept = shelf_take(&reuse->warm, 0, UINTPTR_MAX)).object; any = true)
    kept.free_object(kept.object);
  return any;
}

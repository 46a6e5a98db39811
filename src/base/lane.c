/* SPDX-License-Identifier: MIT */
#include "base/lane.h"
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

/* Where a thread begins to look: the same place each time, so that it gets back what its caches know. */
static size_t own_place(const zarrc_shelf *shelf) {
  uint64_t self = (uint64_t)(uintptr_t)pthread_self();
  return (size_t)((self * 0x9e3779b97f4a7c15u >> 32) % shelf->nplaces);
}

static bool take_place(zarrc_place *place, uintptr_t key) {
  return atomic_compare_exchange_strong_explicit(&place->key, &key, TAKEN, memory_order_acquire, memory_order_relaxed);
}

static void leave_place(zarrc_place *place, uintptr_t key) {
  atomic_store_explicit(&place->key, key, memory_order_release);
}

static uintptr_t look(const zarrc_place *place) {
  return atomic_load_explicit(&place->key, memory_order_relaxed);
}

/* Takes an object kept under a key in [low, high]; object NULL: there is none. */
static zarrc_kept shelf_take(zarrc_shelf *shelf, uintptr_t low, uintptr_t high) {
  size_t at = own_place(shelf);
  for (size_t i = 0; i < shelf->nplaces; i++) {
    zarrc_place *place = &shelf->places[(at + i) % shelf->nplaces];
    uintptr_t key = look(place);
    if (key <= TAKEN || key < low || key > high || !take_place(place, key)) continue;
    zarrc_kept kept = place->kept;
    leave_place(place, EMPTY);
    return kept;
  }
  return (zarrc_kept){0};
}

/* Keeps an object and returns what had to go for it: nothing, another, or the object itself. */
static zarrc_kept shelf_put(zarrc_shelf *shelf, uintptr_t key, zarrc_kept kept) {
  size_t at = own_place(shelf);
  for (int empty = 1; empty >= 0; empty--) {
    for (size_t i = 0; i < shelf->nplaces; i++) {
      zarrc_place *place = &shelf->places[(at + i) % shelf->nplaces];
      uintptr_t there = look(place);
      if (there == TAKEN || (empty && there != EMPTY) || !take_place(place, there)) continue;
      zarrc_kept gone = there == EMPTY ? (zarrc_kept){0} : place->kept;
      place->kept = kept;
      leave_place(place, key);
      return gone;
    }
  }
  return kept;
}

static size_t shelf_count(const zarrc_shelf *shelf, uintptr_t key) {
  size_t n = 0;
  for (size_t i = 0; i < shelf->nplaces; i++) n += look(&shelf->places[i]) == key;
  return n;
}

static size_t warm_places(unsigned threads) {
  return threads < 2 ? 16 : (size_t)threads * 8;
}

static size_t scratch_places(unsigned threads) {
  return threads < 2 ? 8 : (size_t)threads * 4;
}

size_t zarrc_lanes_nplaces(unsigned threads) {
  return scratch_places(threads) + warm_places(threads);
}

void zarrc_lanes_init(zarrc_lanes *lanes, zarrc_place *places, unsigned threads, uint64_t max_memory) {
  lanes->scratch = (zarrc_shelf){places, scratch_places(threads)};
  lanes->warm = (zarrc_shelf){places + lanes->scratch.nplaces, warm_places(threads)};
  for (size_t i = 0; i < zarrc_lanes_nplaces(threads); i++) atomic_init(&places[i].key, EMPTY);
  lanes->warm_a_key = threads < 2 ? 2 : (size_t)threads * 2;
  lanes->idle_max = threads < 2 ? IDLE_MAX : IDLE_MAX_A_THREAD * threads;
  if (max_memory && lanes->idle_max > max_memory / 2) lanes->idle_max = (size_t)(max_memory / 2);
  atomic_init(&lanes->idle_bytes, 0);
}

/* ------------------------------------------------------------------------------------------------------ scratch */

/* A scratch buffer. Its memory is lent out up to the length that was asked for; the address sanitizer sees a step
 * beyond that, and any use while it is idle. */
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

/* Steps of a quarter, so that buffers for values of about the same size serve each other. 0: too large. */
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
  if (!s->data) { /* near the limit the rounding up may be what is too much */
    s->nbytes = nbytes > SCRATCH_MIN ? nbytes : SCRATCH_MIN;
    s->data = zarrc_mem_resize(ctx, NULL, 0, s->nbytes, SCRATCH_ALIGN);
  }
  if (s->data) return s;
  zarrc_free(ctx, s);
  return NULL;
}

static scratch *idle_take(zarrc_lanes *lanes, uintptr_t low, uintptr_t high) {
  scratch *s = shelf_take(&lanes->scratch, low, high).object;
  if (s) atomic_fetch_sub_explicit(&lanes->idle_bytes, s->nbytes, memory_order_relaxed);
  return s;
}

static void scratch_release(zarrc_bytes *bytes) {
  scratch *s = bytes->owner, *old;
  zarrc_lanes *lanes = &s->ctx->lanes;
  if (s->nbytes > lanes->idle_max) {
    scratch_free(s);
    return;
  }
  while (atomic_load_explicit(&lanes->idle_bytes, memory_order_relaxed) > lanes->idle_max - s->nbytes &&
         (old = idle_take(lanes, SCRATCH_MIN, UINTPTR_MAX)))
    scratch_free(old);
  atomic_fetch_add_explicit(&lanes->idle_bytes, s->nbytes, memory_order_relaxed);
  HIDE(s->data, s->nbytes);
  old = shelf_put(&lanes->scratch, s->nbytes, (zarrc_kept){.object = s}).object;
  if (!old) return;
  atomic_fetch_sub_explicit(&lanes->idle_bytes, old->nbytes, memory_order_relaxed);
  scratch_free(old);
}

zarrc_status zarrc_scratch_take(zarrc_ctx *ctx, size_t nbytes, zarrc_bytes *out, zarrc_error *error) {
  size_t size = scratch_size(nbytes);
  scratch *s = NULL;
  if (size) s = idle_take(&ctx->lanes, size, size * 2);
  if (size && !s) s = scratch_new(ctx, nbytes);
  if (!s) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a buffer of %zu bytes", nbytes);
  SHOW(s->data, nbytes);
  HIDE(s->data + nbytes, s->nbytes - nbytes);
  *out = (zarrc_bytes){s->data, nbytes, scratch_release, s};
  return ZARRC_OK;
}

/* --------------------------------------------------------------------------------------------------------- warm */

void *zarrc_warm_take(zarrc_ctx *ctx, const void *key) {
  return shelf_take(&ctx->lanes.warm, (uintptr_t)key, (uintptr_t)key).object;
}

void zarrc_warm_give(zarrc_ctx *ctx, const void *key, void *object, void (*free_object)(void *object)) {
  zarrc_lanes *lanes = &ctx->lanes;
  zarrc_kept kept = {object, free_object};
  if ((uintptr_t)key > TAKEN && shelf_count(&lanes->warm, (uintptr_t)key) < lanes->warm_a_key)
    kept = shelf_put(&lanes->warm, (uintptr_t)key, kept);
  if (kept.object) kept.free_object(kept.object);
}

bool zarrc_lanes_trim(zarrc_ctx *ctx) {
  zarrc_lanes *lanes = &ctx->lanes;
  bool any = false;
  for (scratch *s; (s = idle_take(lanes, SCRATCH_MIN, UINTPTR_MAX)); any = true) scratch_free(s);
  for (zarrc_kept kept; (kept = shelf_take(&lanes->warm, 0, UINTPTR_MAX)).object; any = true)
    kept.free_object(kept.object);
  return any;
}

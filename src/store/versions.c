/* SPDX-License-Identifier: MIT */
#include "store/versions.h"

#include "base/ctx.h"
#include "base/hash.h"
#include "base/lock.h"

#include <string.h>

enum { NPLACES = 1024 };

typedef struct place {
  uint64_t name; /* hash of store and key; 0: empty */
  zarrc_identity identity;
} place;

typedef struct versions {
  zarrc_lock lock;
  place places[NPLACES];
} versions;

static void destroy(zarrc_ctx *ctx, void *object) {
  zarrc_lock_destroy(&((versions *)object)->lock);
  zarrc_free(ctx, object);
}

static versions *versions_of(zarrc_ctx *ctx, bool make) {
  versions *v = zarrc_ctx_get_slot(ctx, ZARRC_SLOT_VERSIONS);
  if (v || !make) return v;
  v = zarrc_malloc(ctx, sizeof *v);
  if (!v) return NULL;
  memset(v, 0, sizeof *v);
  zarrc_lock_init(&v->lock, ctx);
  if (!zarrc_ctx_set_slot(ctx, ZARRC_SLOT_VERSIONS, v, destroy)) destroy(ctx, v);
  return zarrc_ctx_get_slot(ctx, ZARRC_SLOT_VERSIONS);
}

/* A hash; it may collide. Then a blob expects the version of another value, and the store reports a conflict. */
static uint64_t name_of(const zarrc_store *store, const char *key) {
  const char *url = store->url ? store->url : ""; /* memory of a store that was closed may be that of another one */
  uint64_t h = zarrc_hash((uint64_t)(uintptr_t)store * UINT64_C(0x9E3779B97F4A7C15), url, strlen(url));
  for (; *key; key++) h = (h ^ (unsigned char)*key) * UINT64_C(0x100000001B3);
  h ^= h >> 32;
  return h ? h : 1;
}

/* If a fork has lost the thread that held the lock, forgets everything. */
static void enter(versions *v) {
  if (zarrc_lock_take(&v->lock)) memset(v->places, 0, sizeof v->places);
}

bool zarrc_versions_find(const zarrc_store *store, const char *key, zarrc_identity *out) {
  versions *v = versions_of(store->ctx, false);
  uint64_t name = name_of(store, key);
  if (!v) return false;
  enter(v);
  const place *p = &v->places[name % NPLACES];
  bool found = p->name == name;
  if (found) *out = p->identity;
  zarrc_lock_give(&v->lock);
  return found;
}

void zarrc_versions_keep(const zarrc_store *store, const char *key, const zarrc_identity *identity) {
  versions *v = versions_of(store->ctx, identity != NULL);
  uint64_t name = name_of(store, key);
  if (!v) return;
  enter(v);
  place *p = &v->places[name % NPLACES];
  if (identity)
    *p = (place){name, *identity};
  else if (p->name == name)
    p->name = 0;
  zarrc_lock_give(&v->lock);
}

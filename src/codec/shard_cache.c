/* SPDX-License-Identifier: MIT */
#include "codec/shard_cache.h"
#include "base/checked.h"
#include "base/ctx.h"
#include "base/hash.h"
#include "base/lock.h"

#include <stdatomic.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

/* The number of sets, which are chosen by a hash of the name, and of indices in each. */
#define SETS 128u
#define WAYS 8u

/* The entries of an index, shared by the cache and its readers. */
typedef struct kept {
  zarrc_ctx *ctx;
  atomic_size_t owners;
  size_t nbytes;
  zarrc_shard_entry entries[];
} kept;

/* Identifies an index: the version of the value it was read from, and how it was decoded. */
typedef struct name {
  zarrc_identity identity;
  uint64_t codec;
} name;

typedef struct place {
  name name;
  kept *index; /* NULL: the place is free */
  uint64_t used;
} place;

typedef struct cache {
  zarrc_lock lock; /* protects the following */
  uint64_t clock, nbytes;
  place places[SETS * WAYS];
} cache;

static void drop_kept(kept *k) {
  if (k && atomic_fetch_sub(&k->owners, 1) == 1) zarrc_free(k->ctx, k);
}

static void release_kept(zarrc_bytes *bytes) {
  drop_kept(bytes->owner);
}

static void destroy_cache(zarrc_ctx *ctx, void *object) {
  cache *c = object;
  for (unsigned i = 0; i < SETS * WAYS; i++) drop_kept(c->places[i].index);
  zarrc_lock_destroy(&c->lock);
  zarrc_free(ctx, c);
}

static cache *cache_of(zarrc_ctx *ctx) {
  cache *c = zarrc_ctx_get_slot(ctx, ZARRC_SLOT_INDEX_CACHE);
  if (c) return c;
  c = zarrc_malloc(ctx, sizeof *c);
  if (!c) return NULL;
  memset(c, 0, sizeof *c);
  zarrc_lock_init(&c->lock, ctx);
  if (!zarrc_ctx_set_slot(ctx, ZARRC_SLOT_INDEX_CACHE, c, destroy_cache)) {
    zarrc_lock_destroy(&c->lock);
    zarrc_free(ctx, c);
  }
  return zarrc_ctx_get_slot(ctx, ZARRC_SLOT_INDEX_CACHE);
}

/* The hash of the index codecs, the grid and the location. */
zarrc_status zarrc_shard_cache_name(const zarrc_shard *shard, uint64_t *out, zarrc_error *error) {
  zarrc_buf json = zarrc_buf_new(zarrc_codec_ctx(shard->index_codecs.codecs[0]), SIZE_MAX / 2);
  const uint8_t location = (uint8_t)shard->location;
  zarrc_status status = zarrc_pipeline_to_json(shard->index, &json, error);
  uint64_t hash = zarrc_hash(ZARRC_HASH_EMPTY, json.ptr, json.len);
  hash = zarrc_hash(hash, shard->grid, (size_t)shard->ndim * sizeof *shard->grid);
  *out = zarrc_hash(hash, &location, sizeof location);
  zarrc_buf_clear(&json);
  return status;
}

/* Returns the bytes of a decoded index; SIZE_MAX: too many. */
static size_t index_nbytes(const zarrc_shard *shard) {
  size_t nbytes;
  bool fits = shard->nchunks <= SIZE_MAX && zarrc_mul_size((size_t)shard->nchunks, sizeof(zarrc_shard_entry), &nbytes);
  return fits ? nbytes : SIZE_MAX;
}

static name name_of(const zarrc_shard *shard, const zarrc_identity *identity) {
  name n;
  memset(&n, 0, sizeof n);
  n.identity = *identity;
  n.codec = shard->index_name;
  return n;
}

/* Locks the cache. If a fork has lost the thread that held the lock, the cache is emptied: it may be half changed. */
static void enter(cache *c) {
  if (!zarrc_lock_take(&c->lock)) return;
  memset(c->places, 0, sizeof c->places);
  c->nbytes = 0;
}

static place *set_of(cache *c, const name *n) {
  uint64_t hash = n->codec;
  for (int i = 0; i < 5; i++) hash = (hash ^ n->identity.word[i]) * UINT64_C(0x9E3779B97F4A7C15);
  return &c->places[(hash >> 32) % SETS * WAYS];
}

/* index_name is a hash and can collide; also require equal length so that a collision cannot cause an out-of-bounds
 * read. */
static place *find_place(cache *c, const name *n, size_t nbytes) {
  place *set = set_of(c, n);
  for (unsigned i = 0; i < WAYS; i++) {
    place *p = &set[i];
    if (p->index && p->index->nbytes == nbytes && memcmp(&p->name, n, sizeof *n) == 0) return p;
  }
  return NULL;
}

static void place_empty(cache *c, place *p) {
  c->nbytes -= p->index->nbytes;
  drop_kept(p->index);
  p->index = NULL;
}

/* Returns the least recently used of n places; NULL: all are free. */
static place *oldest_of(place *places, unsigned n) {
  place *oldest = NULL;
  for (unsigned i = 0; i < n; i++)
    if (places[i].index && (!oldest || places[i].used < oldest->used)) oldest = &places[i];
  return oldest;
}

/* Frees a place for a name, and enough room for nbytes bytes. */
static place *make_place(cache *c, const name *n, uint64_t nbytes, uint64_t limit) {
  place *set = set_of(c, n), *empty = NULL;
  while (c->nbytes > 0 && c->nbytes + nbytes > limit) place_empty(c, oldest_of(c->places, SETS * WAYS));
  for (unsigned i = 0; i < WAYS && !empty; i++)
    if (!set[i].index) empty = &set[i];
  if (empty) return empty;
  empty = oldest_of(set, WAYS);
  place_empty(c, empty);
  return empty;
}

bool zarrc_shard_cache_is_on(const zarrc_ctx *ctx) {
  return zarrc_ctx_get_options(ctx)->index_cache_bytes != UINT64_MAX;
}

bool zarrc_shard_cache_find(zarrc_ctx *ctx, const zarrc_shard *shard, const zarrc_identity *identity,
                            zarrc_shard_index *out) {
  cache *c = zarrc_ctx_get_slot(ctx, ZARRC_SLOT_INDEX_CACHE);
  if (!c) return false;
  name n = name_of(shard, identity);
  enter(c);
  place *p = find_place(c, &n, index_nbytes(shard));
  kept *k = p ? p->index : NULL;
  if (k) {
    atomic_fetch_add(&k->owners, 1);
    p->used = ++c->clock;
  }
  zarrc_lock_give(&c->lock);
  if (!k) return false;
  out->entries = k->entries;
  out->total = identity->nbytes;
  out->memory = (zarrc_bytes){(const uint8_t *)k->entries, k->nbytes, release_kept, k};
  return true;
}

void zarrc_shard_cache_keep(zarrc_ctx *ctx, const zarrc_shard *shard, const zarrc_identity *identity,
                            const zarrc_shard_index *index) {
  uint64_t limit = zarrc_ctx_get_options(ctx)->index_cache_bytes;
  size_t nbytes = index_nbytes(shard);
  if (nbytes > limit) return;
  cache *c = cache_of(ctx);
  kept *k = c ? zarrc_malloc(ctx, sizeof *k + nbytes) : NULL;
  if (!k) return;
  k->ctx = ctx;
  k->nbytes = nbytes;
  atomic_init(&k->owners, 1);
  memcpy(k->entries, index->entries, nbytes);
  name n = name_of(shard, identity);
  enter(c);
  place *p = find_place(c, &n, nbytes) ? NULL : make_place(c, &n, nbytes, limit);
  if (p) {
    *p = (place){n, k, ++c->clock};
    c->nbytes += nbytes;
  }
  zarrc_lock_give(&c->lock);
  if (!p) drop_kept(k);
}

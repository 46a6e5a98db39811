/* SPDX-License-Identifier: MIT */
#include "store/cache.h"
#include "store/common.h"

#include "base/hash.h"

#include <string.h>

/* A piece larger than this part of the limit is not kept, and what was read again gets no more than that part. */
enum { LARGEST_PART = 4 };
#define AGAIN_OF(limit) ((limit) / 4 * 3)
/* About so many bytes belong to one bucket of the table of keys. */
#define BUCKET_NBYTES ((uint64_t)16 << 10)
enum { FEWEST_BUCKETS = 64, MOST_BUCKETS = 65536, FIRST_ENTRIES = 4 };

/* A kept piece of a value. */
struct zarrc_cache_entry {
  zarrc_cache_entry *newer, *older;
  zarrc_cache_value *value;
  uint64_t begin, end, cost;
  zarrc_cache_piece *piece;
  bool is_again; /* it is in the queue of what was read again */
};

/* A key of which something is kept. */
struct zarrc_cache_value {
  zarrc_cache_value *next;
  uint64_t hash;
  zarrc_cache_version version;
  zarrc_cache_entry **entries; /* in ascending order, without overlaps */
  size_t nentries, nroom;
  char key[];
};

/* --------------------------------------------------------------------------------------------------------- pieces */

static zarrc_cache_piece *make_piece(zarrc_ctx *ctx, size_t nbytes) {
  zarrc_cache_piece *p = nbytes < SIZE_MAX - sizeof *p ? zarrc_malloc(ctx, sizeof *p + nbytes) : NULL;
  if (!p) return NULL;
  p->ctx = ctx;
  atomic_init(&p->owners, 1);
  p->bytes = (zarrc_bytes){.ptr = (const uint8_t *)(p + 1), .len = nbytes};
  return p;
}

zarrc_cache_piece *zarrc_cache_piece_new(zarrc_ctx *ctx, size_t nbytes) {
  return make_piece(ctx, nbytes);
}

zarrc_cache_piece *zarrc_cache_piece_of(zarrc_ctx *ctx, const zarrc_bytes *loan) {
  zarrc_cache_piece *p = make_piece(ctx, 0);
  if (p) p->bytes = *loan;
  return p;
}

void zarrc_cache_piece_drop(zarrc_cache_piece *p) {
  if (!p || atomic_fetch_sub(&p->owners, 1) != 1) return;
  zarrc_bytes_release(&p->bytes);
  zarrc_free(p->ctx, p);
}

static void release_piece(zarrc_bytes *bytes) {
  zarrc_cache_piece_drop(bytes->owner);
}

zarrc_bytes zarrc_cache_piece_lend(zarrc_cache_piece *p, size_t at, size_t n) {
  atomic_fetch_add(&p->owners, 1);
  return (zarrc_bytes){p->bytes.ptr + at, n, release_piece, p};
}

/* --------------------------------------------------------------------------------------------------------- queues */

static zarrc_cache_queue *queue_of(zarrc_cache_memory *m, const zarrc_cache_entry *e) {
  return e->is_again ? &m->again : &m->once;
}

static void leave_queue(zarrc_cache_memory *m, zarrc_cache_entry *e) {
  zarrc_cache_queue *q = queue_of(m, e);
  *(e->newer ? &e->newer->older : &q->newest) = e->older;
  *(e->older ? &e->older->newer : &q->oldest) = e->newer;
  q->nbytes -= e->cost;
}

static void enter_queue(zarrc_cache_memory *m, zarrc_cache_entry *e) {
  zarrc_cache_queue *q = queue_of(m, e);
  e->newer = NULL;
  e->older = q->newest;
  *(q->newest ? &q->newest->newer : &q->oldest) = e;
  q->newest = e;
  q->nbytes += e->cost;
}

/* Notes that an entry was read again. The oldest of those that were have to queue with the others in turn. */
static void use_entry(zarrc_cache_memory *m, zarrc_cache_entry *e) {
  leave_queue(m, e);
  e->is_again = true;
  enter_queue(m, e);
  while (m->again.nbytes > AGAIN_OF(m->limit) && m->again.oldest != e) {
    zarrc_cache_entry *old = m->again.oldest;
    leave_queue(m, old);
    old->is_again = false;
    enter_queue(m, old);
  }
}

/* --------------------------------------------------------------------------------------------------------- values */

static zarrc_cache_value **place_of(zarrc_cache_memory *m, const char *key, uint64_t hash) {
  zarrc_cache_value **at = &m->buckets[(hash ^ hash >> 32) % m->nbuckets];
  while (*at && ((*at)->hash != hash || strcmp((*at)->key, key) != 0)) at = &(*at)->next;
  return at;
}

static uint64_t hash_key(const char *key) {
  return zarrc_hash(ZARRC_HASH_EMPTY, key, strlen(key));
}

/* Returns the number of the first entry that ends after `at`. */
static size_t find_entry(const zarrc_cache_value *v, uint64_t at) {
  size_t low = 0, n = v->nentries;
  while (low < n) {
    size_t middle = low + (n - low) / 2;
    if (v->entries[middle]->end > at)
      n = middle;
    else
      low = middle + 1;
  }
  return low;
}

static void free_value(zarrc_cache_memory *m, zarrc_cache_value *v) {
  zarrc_free(m->ctx, v->entries);
  zarrc_free(m->ctx, v);
}

/* Removes an entry, and its value if it was the last one. */
static void remove_entry(zarrc_cache_memory *m, zarrc_cache_entry *e) {
  zarrc_cache_value *v = e->value;
  size_t i = find_entry(v, e->begin);
  leave_queue(m, e);
  v->nentries--;
  memmove(v->entries + i, v->entries + i + 1, (v->nentries - i) * sizeof *v->entries);
  zarrc_cache_piece_drop(e->piece);
  zarrc_free(m->ctx, e);
  if (v->nentries > 0) return;
  *place_of(m, v->key, v->hash) = v->next;
  free_value(m, v);
}

static void remove_value(zarrc_cache_memory *m, zarrc_cache_value *v) {
  for (size_t n = v->nentries; n > 0; n--) remove_entry(m, v->entries[n - 1]);
}

static void make_room(zarrc_cache_memory *m, uint64_t cost) {
  while (m->once.nbytes + m->again.nbytes + cost > m->limit) {
    zarrc_cache_entry *oldest = m->once.oldest ? m->once.oldest : m->again.oldest;
    if (!oldest) return;
    remove_entry(m, oldest);
    m->nevicted++;
  }
}

/* Adds a value without entries, or returns the one that is there; NULL: there is no memory. */
static zarrc_cache_value *add_value(zarrc_cache_memory *m, const char *key, const zarrc_cache_version *version) {
  uint64_t hash = hash_key(key);
  zarrc_cache_value **place = place_of(m, key, hash), *v = *place;
  if (v) return v;
  v = zarrc_malloc(m->ctx, sizeof *v + strlen(key) + 1);
  if (!v) return NULL;
  *v = (zarrc_cache_value){.hash = hash, .version = *version};
  v->version.seen_at = 0;
  strcpy(v->key, key);
  *place = v;
  return v;
}

/* Makes room for another entry of a value. */
static bool grow_entries(zarrc_cache_memory *m, zarrc_cache_value *v) {
  if (v->nentries < v->nroom) return true;
  size_t n = v->nroom ? 2 * v->nroom : FIRST_ENTRIES;
  zarrc_cache_entry **entries = zarrc_realloc(m->ctx, v->entries, n * sizeof *entries);
  if (!entries) return false;
  v->entries = entries;
  v->nroom = n;
  return true;
}

/* Notes when the version was known to be the newest one. */
static void see_version(const zarrc_cache_memory *m, zarrc_cache_value *v, const zarrc_cache_version *version) {
  if (version->mark == m->nbegun && v->version.seen_at < version->seen_at) v->version.seen_at = version->seen_at;
}

/* Removes the entries that a new one contains. Returns false if it overlaps another one in part. */
static bool clear_place(zarrc_cache_memory *m, const char *key, uint64_t begin, uint64_t end) {
  for (;;) {
    zarrc_cache_value *v = *place_of(m, key, hash_key(key));
    size_t i = v ? find_entry(v, begin) : 0;
    if (!v || i == v->nentries || v->entries[i]->begin >= end) return true;
    if (v->entries[i]->begin < begin || v->entries[i]->end > end) return false;
    remove_entry(m, v->entries[i]);
  }
}

/* Locks. If a fork has lost the thread that held the lock, everything is forgotten: it may be half changed. */
static void enter(zarrc_cache_memory *m) {
  if (!zarrc_lock_take(&m->lock)) return;
  memset(m->buckets, 0, m->nbuckets * sizeof *m->buckets);
  m->once = m->again = (zarrc_cache_queue){0};
  m->nbegun++;
  m->nchanging = 0;
}

/* ---------------------------------------------------------------------------------------------------------- entry */

zarrc_status zarrc_cache_memory_open(zarrc_cache_memory *m, zarrc_ctx *ctx, uint64_t limit, zarrc_error *error) {
  size_t n = FEWEST_BUCKETS;
  while (n < MOST_BUCKETS && n < limit / BUCKET_NBYTES) n *= 2;
  *m = (zarrc_cache_memory){.ctx = ctx, .limit = limit, .nbuckets = n};
  m->buckets = zarrc_malloc(ctx, n * sizeof *m->buckets);
  if (!m->buckets) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a cache");
  memset(m->buckets, 0, n * sizeof *m->buckets);
  zarrc_lock_init(&m->lock, ctx);
  return ZARRC_OK;
}

void zarrc_cache_memory_close(zarrc_cache_memory *m) {
  zarrc_cache_memory_forget_below(m, "");
  zarrc_free(m->ctx, m->buckets);
  zarrc_lock_destroy(&m->lock);
}

bool zarrc_cache_memory_find(zarrc_cache_memory *m, const char *key, zarrc_cache_version *out) {
  enter(m);
  const zarrc_cache_value *v = *place_of(m, key, hash_key(key));
  if (v) *out = v->version;
  zarrc_lock_give(&m->lock);
  return v != NULL;
}

void zarrc_cache_memory_see(zarrc_cache_memory *m, const char *key, const zarrc_cache_version *version) {
  enter(m);
  zarrc_cache_value *v = *place_of(m, key, hash_key(key));
  if (v && zarrc_cache_version_is(&v->version, &version->identity)) see_version(m, v, version);
  zarrc_lock_give(&m->lock);
}

/* Lends the bytes of an entry that lie in [begin, end). */
static zarrc_status lend_part(zarrc_cache_memory *m, zarrc_cache_entry *e, uint64_t begin, uint64_t end,
                              zarrc_buf *parts, zarrc_error *error) {
  zarrc_cache_part part = {.begin = begin > e->begin ? begin : e->begin};
  uint64_t until = end < e->end ? end : e->end;
  zarrc_status status = zarrc_buf_reserve(parts, sizeof part, error);
  if (status) return status;
  part.bytes = zarrc_cache_piece_lend(e->piece, (size_t)(part.begin - e->begin), (size_t)(until - part.begin));
  use_entry(m, e);
  return zarrc_buf_append(parts, &part, sizeof part, error);
}

static zarrc_status get_parts(zarrc_cache_memory *m, const zarrc_cache_value *v, uint64_t *from, uint64_t *to,
                              zarrc_buf *parts, zarrc_error *error) {
  const uint64_t begin = *from, end = *to;
  size_t first = find_entry(v, begin), last = first;
  zarrc_status status = ZARRC_OK;
  while (last < v->nentries && v->entries[last]->begin < end) last++;
  size_t i = first, k = last;
  for (; i < last && v->entries[i]->begin <= *from && !status; *from = v->entries[i++]->end)
    status = lend_part(m, v->entries[i], begin, end, parts, error);
  if (*from > end) *from = end;
  for (; k > i && v->entries[k - 1]->end >= *to && !status; *to = v->entries[--k]->begin)
    status = lend_part(m, v->entries[k - 1], begin, end, parts, error);
  if (*to < *from) *to = *from;
  return status;
}

zarrc_status zarrc_cache_memory_get(zarrc_cache_memory *m, const char *key, const zarrc_cache_version *version,
                                    uint64_t *from, uint64_t *to, zarrc_buf *parts, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  enter(m);
  const zarrc_cache_value *v = *place_of(m, key, hash_key(key));
  if (v && zarrc_cache_version_is(&v->version, &version->identity) && v->version.is_told == version->is_told)
    status = get_parts(m, v, from, to, parts, error);
  zarrc_lock_give(&m->lock);
  return status;
}

static void put_entry(zarrc_cache_memory *m, const char *key, const zarrc_cache_version *version,
                      zarrc_cache_entry *e) {
  zarrc_cache_value *v = *place_of(m, key, hash_key(key));
  if (v && !(zarrc_cache_version_is(&v->version, &version->identity) && v->version.is_told == version->is_told))
    remove_value(m, v);
  bool is_free = clear_place(m, key, e->begin, e->end);
  if (is_free) make_room(m, e->cost);
  v = is_free ? add_value(m, key, version) : NULL;
  if (!v || !grow_entries(m, v)) {
    if (v && v->nentries == 0) {
      *place_of(m, key, v->hash) = v->next;
      free_value(m, v);
    }
    zarrc_free(m->ctx, e);
    return;
  }
  see_version(m, v, version);
  size_t i = find_entry(v, e->begin);
  memmove(v->entries + i + 1, v->entries + i, (v->nentries - i) * sizeof *v->entries);
  v->entries[i] = e;
  v->nentries++;
  e->value = v;
  atomic_fetch_add(&e->piece->owners, 1);
  enter_queue(m, e);
}

void zarrc_cache_memory_put(zarrc_cache_memory *m, const char *key, const zarrc_cache_version *version, uint64_t begin,
                            zarrc_cache_piece *piece) {
  uint64_t nbytes = piece->bytes.len;
  uint64_t cost = nbytes + sizeof(zarrc_cache_entry) + sizeof(zarrc_cache_value) + sizeof *piece + strlen(key);
  if (nbytes == 0 || cost > m->limit / LARGEST_PART) return;
  zarrc_cache_entry *e = zarrc_malloc(m->ctx, sizeof *e);
  if (!e) return;
  *e = (zarrc_cache_entry){.begin = begin, .end = begin + nbytes, .cost = cost, .piece = piece};
  enter(m);
  put_entry(m, key, version, e);
  zarrc_lock_give(&m->lock);
}

void zarrc_cache_memory_forget(zarrc_cache_memory *m, const char *key) {
  enter(m);
  zarrc_cache_value *v = *place_of(m, key, hash_key(key));
  if (v) remove_value(m, v);
  zarrc_lock_give(&m->lock);
}

void zarrc_cache_memory_forget_below(zarrc_cache_memory *m, const char *prefix) {
  enter(m);
  for (size_t i = 0; i < m->nbuckets; i++)
    for (zarrc_cache_value *v = m->buckets[i], *next; v; v = next) {
      next = v->next;
      if (zarrc_key_is_below(v->key, prefix)) remove_value(m, v);
    }
  zarrc_lock_give(&m->lock);
}

uint64_t zarrc_cache_memory_mark(zarrc_cache_memory *m) {
  enter(m);
  uint64_t n = m->nchanging ? UINT64_MAX : m->nbegun;
  zarrc_lock_give(&m->lock);
  return n;
}

void zarrc_cache_memory_begin_change(zarrc_cache_memory *m) {
  enter(m);
  m->nbegun++;
  m->nchanging++;
  zarrc_lock_give(&m->lock);
}

void zarrc_cache_memory_end_change(zarrc_cache_memory *m) {
  enter(m);
  if (m->nchanging > 0) m->nchanging--; /* after a fork it may have been reset */
  zarrc_lock_give(&m->lock);
}

void zarrc_cache_memory_count(zarrc_cache_memory *m, uint64_t *nbytes, uint64_t *nevicted) {
  enter(m);
  *nbytes = m->once.nbytes + m->again.nbytes;
  *nevicted = m->nevicted;
  zarrc_lock_give(&m->lock);
}

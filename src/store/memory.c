/* SPDX-License-Identifier: MIT */
/*
 * A store in memory. A value is a reference-counted block that never changes: readers borrow parts of it, and a write
 * replaces it by another block. A blob holds the block it has read, and compares addresses to find out whether that is
 * still the value.
 *
 * Each change is published by storing a single pointer. So if a process forks while another thread changes the table,
 * the child has a consistent table; it takes over the lock of the thread that does not exist there.
 */
#include "store/common.h"

#include "base/checked.h"
#include "base/ctx.h"
#include "base/hash.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zarrc/plugin/store.h>

enum { FIRST_SLOTS = 64 };

typedef struct block {
  zarrc_ctx *ctx;
  atomic_size_t refs;
  size_t nbytes;
  uint64_t number; /* unique among all values the store has ever had */
  _Alignas(16) uint8_t bytes[];
} block;

/* A key that has a value, or had one. */
typedef struct node {
  _Atomic(block *) value; /* NULL: it has none */
  size_t hash;
  char key[];
} node;

/* A hash table with linear probing; at least one slot is empty. */
typedef struct table {
  size_t mask;        /* number of slots - 1 */
  atomic_size_t used; /* number of slots that are not empty */
  _Atomic(node *) slot[];
} table;

typedef struct memory_store {
  zarrc_store store;
  uint64_t opened_at;     /* in nanoseconds; tells apart stores that have had the same address */
  atomic_ullong nnumbers; /* numbers given to values so far */
  atomic_long holder;     /* process id of the thread that holds the lock; 0: nobody does */
  _Atomic(table *) table;
} memory_store;

/* ---------------------------------------------------------------------------------------------------- the lock */

static void enter(memory_store *ms) {
  long me = zarrc_process_number(&ms->store.ctx->process);
  for (;;) {
    long holder = 0;
    if (atomic_compare_exchange_strong_explicit(&ms->holder, &holder, me, memory_order_acquire, memory_order_relaxed))
      return;
    if (holder != me &&
        atomic_compare_exchange_strong_explicit(&ms->holder, &holder, me, memory_order_acquire, memory_order_relaxed))
      return;
    sched_yield();
  }
}

static void leave(memory_store *ms) {
  atomic_store_explicit(&ms->holder, 0, memory_order_release);
}

/* -------------------------------------------------------------------------------------------------- the values */

static void block_drop(block *b) {
  if (b && atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1) zarrc_free(b->ctx, b);
}

static block *block_keep(block *b) {
  if (b) atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
  return b;
}

static void block_release(zarrc_bytes *bytes) {
  block_drop(bytes->owner);
}

static block *block_new(zarrc_ctx *ctx, const zarrc_bytes *parts, size_t n) {
  size_t nbytes = 0, size = 0;
  for (size_t i = 0; i < n; i++)
    if (!zarrc_add_size(nbytes, parts[i].len, &nbytes)) return NULL;
  block *b = zarrc_add_size(nbytes, sizeof *b, &size) ? zarrc_malloc(ctx, size) : NULL;
  if (!b) return NULL;
  b->ctx = ctx;
  atomic_init(&b->refs, 1);
  b->nbytes = 0;
  for (size_t i = 0; i < n; i++) {
    if (parts[i].len > 0) memcpy(b->bytes + b->nbytes, parts[i].ptr, parts[i].len);
    b->nbytes += parts[i].len;
  }
  return b;
}

/* --------------------------------------------------------------------------- the table; all of it inside the lock */

static size_t hash_key(const char *key) {
  uint64_t h = zarrc_hash(ZARRC_HASH_EMPTY, key, strlen(key));
  return (size_t)(h ^ h >> 32);
}

static table *get_table(memory_store *ms) {
  return atomic_load_explicit(&ms->table, memory_order_relaxed);
}

static node *get_node(table *t, size_t i) {
  return atomic_load_explicit(&t->slot[i & t->mask], memory_order_relaxed);
}

static block *get_value(node *n) {
  return n ? atomic_load_explicit(&n->value, memory_order_relaxed) : NULL;
}

/* Returns the node of a key; or NULL, and in *at the slot for it. */
static node *find(memory_store *ms, const char *key, size_t *at) {
  table *t = get_table(ms);
  size_t hash = hash_key(key);
  for (size_t i = hash;; i++) {
    node *n = get_node(t, i);
    *at = i & t->mask;
    if (!n || (n->hash == hash && !strcmp(n->key, key))) return n;
  }
}

static table *table_new(zarrc_ctx *ctx, size_t nslots) {
  size_t size;
  if (!zarrc_mul_size(nslots, sizeof(_Atomic(node *)), &size) || !zarrc_add_size(size, sizeof(table), &size))
    return NULL;
  table *t = zarrc_malloc(ctx, size);
  if (!t) return NULL;
  memset(t, 0, size);
  t->mask = nslots - 1;
  return t;
}

static void table_put(table *t, node *n) {
  size_t i = n->hash;
  while (get_node(t, i)) i++;
  atomic_fetch_add_explicit(&t->used, 1, memory_order_relaxed);
  atomic_store_explicit(&t->slot[i & t->mask], n, memory_order_release);
}

/* Makes room for another node, and drops those without a value. */
static bool make_room(memory_store *ms) {
  table *old = get_table(ms);
  size_t used = atomic_load_explicit(&old->used, memory_order_relaxed), nslots = FIRST_SLOTS, live = 0;
  if (used < old->mask - old->mask / 4) return true;
  for (size_t i = 0; i <= old->mask; i++) live += get_value(get_node(old, i)) != NULL;
  while (nslots / 2 <= live) nslots *= 2;
  table *fresh = table_new(ms->store.ctx, nslots);
  if (!fresh) return used < old->mask;
  for (size_t i = 0; i <= old->mask; i++)
    if (get_value(get_node(old, i))) table_put(fresh, get_node(old, i));
  atomic_store_explicit(&ms->table, fresh, memory_order_release);
  for (size_t i = 0; i <= old->mask; i++)
    if (!get_value(get_node(old, i))) zarrc_free(ms->store.ctx, get_node(old, i));
  zarrc_free(ms->store.ctx, old);
  return true;
}

static node *add_node(memory_store *ms, const char *key) {
  size_t size = strlen(key) + 1;
  node *n = make_room(ms) ? zarrc_malloc(ms->store.ctx, sizeof *n + size) : NULL;
  if (!n) return NULL;
  atomic_init(&n->value, NULL);
  n->hash = hash_key(key);
  memcpy(n->key, key, size);
  table_put(get_table(ms), n);
  return n;
}

/* ---------------------------------------------------------------------------------------------------- one key */

typedef struct memory_blob {
  zarrc_blob blob;
  memory_store *ms;
  const char *key;
  bool has_looked;
  block *seen; /* the block it holds after the first read; NULL: there was no value */
} memory_blob;

static void forget(memory_blob *b) {
  block_drop(b->seen);
  b->seen = NULL;
  b->has_looked = false;
}

static block *look(memory_blob *b) {
  if (!b->has_looked) {
    size_t at;
    enter(b->ms);
    b->seen = block_keep(get_value(find(b->ms, b->key, &at)));
    leave(b->ms);
    b->has_looked = true;
  }
  return b->seen;
}

static zarrc_status memory_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  block *b = look((memory_blob *)blob);
  if (!b) return zarrc_fail(error, ZARRC_NOT_FOUND, "not found");
  uint64_t start = 0;
  size_t nbytes = 0;
  for (size_t i = 0; i < n; i++) {
    zarrc_status status = zarrc_range_locate(&ranges[i], b->nbytes, &start, &nbytes, error);
    if (status) return status;
  }
  for (size_t i = 0; i < n; i++) {
    zarrc_range_locate(&ranges[i], b->nbytes, &start, &nbytes, NULL);
    if (ranges[i].into) {
      if (nbytes > 0) memcpy(ranges[i].into, b->bytes + start, nbytes);
      ranges[i].got = (zarrc_bytes){.ptr = ranges[i].into, .len = nbytes};
    } else {
      ranges[i].got = (zarrc_bytes){b->bytes + start, nbytes, block_release, block_keep(b)};
    }
  }
  return ZARRC_OK;
}

/* The last word is never 0, unlike that of files. */
static zarrc_status memory_identify(zarrc_blob *blob, zarrc_identity *out, bool *known, zarrc_error *error) {
  memory_blob *self = (memory_blob *)blob;
  const block *b = look(self);
  *known = false;
  if (!b) return zarrc_fail(error, ZARRC_NOT_FOUND, "not found");
  *out = (zarrc_identity){.word = {(uintptr_t)self->ms, self->ms->opened_at, b->number, 0, 1}, .nbytes = b->nbytes};
  *known = true;
  return ZARRC_OK;
}

/* Replaces the value of a key by a block, whose reference it takes; NULL: removes the value. */
static zarrc_status put_value(memory_blob *b, block *fresh, bool if_unchanged, zarrc_error *error) {
  memory_store *ms = b->ms;
  zarrc_status status = ZARRC_OK;
  block *old = fresh;
  size_t at;
  enter(ms);
  node *n = find(ms, b->key, &at);
  if (if_unchanged && b->has_looked && get_value(n) != b->seen) {
    status = ZARRC_CONFLICT;
  } else if (!n && fresh && !(n = add_node(ms, b->key))) {
    status = ZARRC_NO_MEMORY;
  } else {
    old = n ? atomic_exchange_explicit(&n->value, fresh, memory_order_acq_rel) : NULL;
  }
  leave(ms);
  block_drop(old);
  if (status == ZARRC_NO_MEMORY) return zarrc_fail(error, status, "no memory for another key");
  forget(b);
  return status ? zarrc_fail(error, status, "the value was changed meanwhile") : ZARRC_OK;
}

static zarrc_status memory_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                   zarrc_error *error) {
  memory_blob *b = (memory_blob *)blob;
  block *fresh = block_new(b->ms->store.ctx, parts, n);
  if (!fresh) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for the value");
  fresh->number = atomic_fetch_add_explicit(&b->ms->nnumbers, 1, memory_order_relaxed) + 1;
  return put_value(b, fresh, if_unchanged, error);
}

static zarrc_status memory_erase(zarrc_blob *blob, bool if_unchanged, zarrc_error *error) {
  return put_value((memory_blob *)blob, NULL, if_unchanged, error);
}

static void memory_forget(zarrc_blob *blob) {
  forget((memory_blob *)blob);
}

static size_t memory_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  (void)store, (void)key_nbytes;
  return sizeof(memory_blob);
}

static zarrc_status memory_open(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  static const zarrc_blob_ops reading = {
      .struct_size = sizeof reading, .read = memory_read, .close = memory_forget, .identify = memory_identify};
  static const zarrc_blob_ops writing = {.struct_size = sizeof writing,
                                         .read = memory_read,
                                         .close = memory_forget,
                                         .replace = memory_replace,
                                         .erase = memory_erase,
                                         .identify = memory_identify};
  (void)error;
  *(memory_blob *)blob =
      (memory_blob){.blob = {.ops = store->read_only ? &reading : &writing}, .ms = (memory_store *)store, .key = key};
  return ZARRC_OK;
}

/* --------------------------------------------------------------------------------------------------- many keys */

/* Appends, for each key below prefix, its size (8 bytes) and the key with its NUL. */
static zarrc_status snapshot(memory_store *ms, const char *prefix, zarrc_buf *out, size_t *nkeys, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  enter(ms);
  table *t = get_table(ms);
  for (size_t i = 0; i <= t->mask && !status; i++) {
    node *n = get_node(t, i);
    if (!get_value(n) || !zarrc_key_is_below(n->key, prefix)) continue;
    uint64_t nbytes = get_value(n)->nbytes;
    status = zarrc_buf_append(out, &nbytes, sizeof nbytes, error);
    if (!status) status = zarrc_buf_append(out, n->key, strlen(n->key) + 1, error);
    *nkeys += 1;
  }
  leave(ms);
  return status;
}

static int by_key(const void *a, const void *b) {
  return strcmp(*(char *const *)a + sizeof(uint64_t), *(char *const *)b + sizeof(uint64_t));
}

/* Lists in sorted order. fn may change the store. */
static zarrc_status memory_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn,
                                void *arg, zarrc_error *error) {
  zarrc_buf text = zarrc_buf_new(store->ctx, SIZE_MAX);
  size_t nkeys = 0, skip = *prefix ? strlen(prefix) + 1 : 0, at = 0;
  char **sorted = NULL;
  const char *last = NULL; /* the last prefix passed to fn */
  zarrc_status status = snapshot((memory_store *)store, prefix, &text, &nkeys, error);
  if (status || nkeys == 0) goto done;
  sorted = zarrc_malloc(store->ctx, nkeys * sizeof *sorted);
  if (!sorted) {
    status = zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a list of %zu keys", nkeys);
    goto done;
  }
  for (size_t i = 0; i < nkeys; i++) {
    sorted[i] = (char *)text.ptr + at;
    at += sizeof(uint64_t) + strlen(sorted[i] + sizeof(uint64_t)) + 1;
  }
  qsort(sorted, nkeys, sizeof *sorted, by_key);
  for (size_t i = 0; i < nkeys && !status; i++) {
    zarrc_entry entry = {.key = sorted[i] + sizeof(uint64_t), .nbytes = ZARRC_UNKNOWN};
    char *slash = deep ? NULL : strchr(sorted[i] + sizeof(uint64_t) + skip, '/');
    if (slash) {
      *slash = '\0';
      entry.is_prefix = true;
      if (last && !strcmp(last, entry.key)) continue;
      last = entry.key;
    } else if (sizes) {
      memcpy(&entry.nbytes, sorted[i], sizeof entry.nbytes);
    }
    status = fn(arg, &entry, error);
  }
done:
  zarrc_free(store->ctx, sorted);
  zarrc_buf_clear(&text);
  return status;
}

static zarrc_status memory_erase_prefix(zarrc_store *store, const char *prefix, zarrc_error *error) {
  (void)error;
  memory_store *ms = (memory_store *)store;
  enter(ms);
  table *t = get_table(ms);
  for (size_t i = 0; i <= t->mask; i++) {
    node *n = get_node(t, i);
    if (n && zarrc_key_is_below(n->key, prefix))
      block_drop(atomic_exchange_explicit(&n->value, NULL, memory_order_acq_rel));
  }
  leave(ms);
  return ZARRC_OK;
}

static void memory_close(zarrc_store *store) {
  memory_store *ms = (memory_store *)store;
  table *t = get_table(ms);
  for (size_t i = 0; i <= t->mask; i++) {
    block_drop(get_value(get_node(t, i)));
    zarrc_free(store->ctx, get_node(t, i));
  }
  zarrc_free(store->ctx, t);
  zarrc_free(store->ctx, ms);
}

static const zarrc_store_ops memory_ops = {
    .struct_size = sizeof(zarrc_store_ops),
    .name = "memory",
    .blob_nbytes = memory_blob_nbytes,
    .open = memory_open,
    .list = memory_list,
    .erase_prefix = memory_erase_prefix,
    .close = memory_close,
};

zarrc_status zarrc_memory_store_open(zarrc_ctx *ctx, zarrc_store **out, zarrc_error *error) {
  memory_store *ms = zarrc_malloc(ctx, sizeof *ms);
  table *t = table_new(ctx, FIRST_SLOTS);
  struct timespec now = {0};
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (!ms || !t) {
    zarrc_free(ctx, ms);
    zarrc_free(ctx, t);
    return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a store");
  }
  ms->store = (zarrc_store){.ops = &memory_ops, .ctx = ctx};
  ms->opened_at = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
  atomic_init(&ms->nnumbers, 0);
  atomic_init(&ms->holder, 0);
  atomic_init(&ms->table, t);
  *out = &ms->store;
  return ZARRC_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * A store that keeps what was read of another one, in parts: cache.c is the store and its blobs, cache_read.c decides
 * what is asked of the other store, cache_memory.c keeps bytes in memory, cache_disk.c in a third store.
 */
#ifndef ZARRC_STORE_CACHE_H
#define ZARRC_STORE_CACHE_H

#include "base/lock.h"
#include "store/common.h"

#include <stdatomic.h>
#include <string.h>
#include <zarrc/plugin/store.h>

/* A version of a value, whose length is known. */
typedef struct zarrc_cache_version {
  zarrc_identity identity;
  bool is_told;     /* the store has told it; false: it tells none, and identity has nothing but the length */
  uint64_t seen_at; /* when it was known to be the newest one, in milliseconds; 0: never */
  uint64_t mark;    /* what zarrc_cache_memory_mark returned before that was asked for */
} zarrc_cache_version;

static inline bool zarrc_cache_version_is(const zarrc_cache_version *v, const zarrc_identity *identity) {
  return !memcmp(v->identity.word, identity->word, sizeof identity->word) && v->identity.nbytes == identity->nbytes;
}

/* --------------------------------------------------------------------------------------------------------- pieces */

/* Bytes that never change, with the number of their owners. */
typedef struct zarrc_cache_piece {
  zarrc_ctx *ctx;
  atomic_size_t owners;
  zarrc_bytes bytes; /* a loan from elsewhere, or what follows this struct */
} zarrc_cache_piece;

/* Returns a piece with one owner, for nbytes bytes that the caller sets; NULL: there is no memory. */
zarrc_cache_piece *zarrc_cache_piece_new(zarrc_ctx *ctx, size_t nbytes);
/* Returns a piece that takes over a loan; NULL: there is no memory, and the loan is as before. */
zarrc_cache_piece *zarrc_cache_piece_of(zarrc_ctx *ctx, const zarrc_bytes *loan);
void zarrc_cache_piece_drop(zarrc_cache_piece *piece);
/* Lends n bytes from `at` on. */
zarrc_bytes zarrc_cache_piece_lend(zarrc_cache_piece *piece, size_t at, size_t n);

/* A loan of bytes of a value, which begin at `begin`. */
typedef struct zarrc_cache_part {
  uint64_t begin;
  zarrc_bytes bytes;
} zarrc_cache_part;

/* ------------------------------------------------------------------------------------------------- cache_memory.c */

/* What is kept in memory: of each key one version, in pieces. What was read once has to leave first, the oldest of it;
 * then what was read again. Threads may use it at once. */
typedef struct zarrc_cache_entry zarrc_cache_entry;
typedef struct zarrc_cache_value zarrc_cache_value;
typedef struct zarrc_cache_queue {
  zarrc_cache_entry *newest, *oldest;
  uint64_t nbytes;
} zarrc_cache_queue;

typedef struct zarrc_cache_memory {
  zarrc_ctx *ctx;
  uint64_t limit;
  zarrc_lock lock; /* of what follows */
  zarrc_cache_queue once, again;
  zarrc_cache_value **buckets;
  size_t nbuckets;
  uint64_t nevicted;
  uint64_t nbegun, nchanging; /* changes of values that were begun; and that are in progress */
} zarrc_cache_memory;

zarrc_status zarrc_cache_memory_open(zarrc_cache_memory *memory, zarrc_ctx *ctx, uint64_t limit, zarrc_error *error);
void zarrc_cache_memory_close(zarrc_cache_memory *memory);

/* Gets the version of a key that is kept; returns false if there is none. */
bool zarrc_cache_memory_find(zarrc_cache_memory *memory, const char *key, zarrc_cache_version *out);
/* Returns a number to be put into a version that is about to be asked for. If a value was changed meanwhile, `see` and
 * `put` do not believe that the version is the newest one. */
uint64_t zarrc_cache_memory_mark(zarrc_cache_memory *memory);
/* Notes when a version was known to be the newest one, if it is kept. */
void zarrc_cache_memory_see(zarrc_cache_memory *memory, const char *key, const zarrc_cache_version *version);
/* Looks for bytes [*from, *to) of a version, and makes that the range of the missing ones, from the first to the last.
 * Loans of the others are appended to `parts` (zarrc_cache_part items). */
zarrc_status zarrc_cache_memory_get(zarrc_cache_memory *memory, const char *key, const zarrc_cache_version *version,
                                    uint64_t *from, uint64_t *to, zarrc_buf *parts, zarrc_error *error);
/* Keeps a piece, which gets another owner, instead of another version of the key; or not, if there is no memory or it
 * is larger than a quarter of the limit. */
void zarrc_cache_memory_put(zarrc_cache_memory *memory, const char *key, const zarrc_cache_version *version,
                            uint64_t begin, zarrc_cache_piece *piece);
void zarrc_cache_memory_forget(zarrc_cache_memory *memory, const char *key);
/* Forgets all keys below a prefix ("": all keys). */
void zarrc_cache_memory_forget_below(zarrc_cache_memory *memory, const char *prefix);
/* Are to be called before a value is changed, and after that, before it is forgotten. */
void zarrc_cache_memory_begin_change(zarrc_cache_memory *memory);
void zarrc_cache_memory_end_change(zarrc_cache_memory *memory);
/* Gets the bytes that are kept, and how many pieces had to leave so far. */
void zarrc_cache_memory_count(zarrc_cache_memory *memory, uint64_t *nbytes, uint64_t *nevicted);

/* --------------------------------------------------------------------------------------------------- cache_disk.c */

/*
 * What is kept in another store, by any number of processes at once. Each piece is a value of its own, which never
 * changes:
 *
 *   HHH/IIIIIIIIIIIIIIIIIIIIIIIIIIIII.VVVVVVVVVVVVVVVV.BEGIN.END.TIME
 *
 * H and I are a hash of the name of the cached store and the key, V is a hash of the version, BEGIN and END say which
 * bytes, TIME is when it was stored or, if it is used later than a day after that, stored anew. All are hexadecimal.
 * The value says the same again, with the whole key and version and with checksums.
 */
typedef struct zarrc_cache_disk {
  zarrc_store *store; /* NULL: there is none */
  zarrc_ctx *ctx;
  uint64_t limit;
  uint64_t name[2];      /* hash of the name of the cached store */
  atomic_ullong written; /* bytes since the last look at how much there is */
  atomic_ullong nbytes;  /* stored so far */
  atomic_bool is_full;   /* something could not be stored: nothing more is */
} zarrc_cache_disk;

/* name: of the cached store. */
void zarrc_cache_disk_init(zarrc_cache_disk *disk, zarrc_ctx *ctx, zarrc_store *store, uint64_t limit,
                           const char *name);
/* Removes what is too much, if anything was stored. */
void zarrc_cache_disk_close(zarrc_cache_disk *disk);

/* The pieces of a key, as they were when they were listed. */
typedef struct zarrc_cache_shelf {
  zarrc_cache_disk *disk;
  const char *key;
  bool is_listed;
  zarrc_buf names; /* each with its NUL, the one that was stored last at the end */
} zarrc_cache_shelf;

zarrc_cache_shelf zarrc_cache_shelf_of(zarrc_cache_disk *disk, const char *key);
void zarrc_cache_shelf_clear(zarrc_cache_shelf *shelf);
/* Gets the version that was stored last; returns false if there is none. */
bool zarrc_cache_shelf_version(zarrc_cache_shelf *shelf, zarrc_identity *out);
/* Returns a piece that has bytes [begin, end) of a version, and where it begins; NULL: there is none. */
zarrc_cache_piece *zarrc_cache_shelf_get(zarrc_cache_shelf *shelf, const zarrc_identity *identity, uint64_t begin,
                                         uint64_t end, uint64_t *at);
/* Stores bytes of a version, if that is possible. */
void zarrc_cache_disk_put(zarrc_cache_disk *disk, const char *key, const zarrc_identity *identity, uint64_t begin,
                          const zarrc_bytes *bytes);
/* Removes all pieces of a key. */
void zarrc_cache_disk_forget(zarrc_cache_disk *disk, const char *key);

/* ----------------------------------------------------------------------------------------------------- the store */

typedef struct zarrc_cache_store {
  zarrc_wrapper wrapper;
  zarrc_store *owned;  /* the store behind, if it is closed with this one; else NULL */
  zarrc_store *folder; /* what was opened to keep values in, or NULL */
  uint64_t trusted_ms;
  zarrc_cache_memory memory;
  zarrc_cache_disk disk;
  atomic_ullong hits, misses, checks, hit_nbytes, miss_nbytes, disk_hits;
} zarrc_cache_store;

/* Does what zarrc_cache_store_open does. owns: the new store closes the one behind, also after a failure. */
zarrc_status zarrc_cache_open(zarrc_store *behind, bool owns, const zarrc_cache_options *options, zarrc_store **out,
                              zarrc_error *error);

/* What a blob reads. */
typedef enum zarrc_cache_state {
  ZARRC_CACHE_FREE,   /* nothing yet */
  ZARRC_CACHE_TIED,   /* a version */
  ZARRC_CACHE_PASSING /* what the blob behind gives it, or that there is no value: nothing is kept */
} zarrc_cache_state;

typedef struct zarrc_cache_blob {
  zarrc_wrapper_blob blob;
  zarrc_cache_store *cache;
  const char *key;
  atomic_int state;            /* a zarrc_cache_state */
  zarrc_cache_version version; /* if it is tied */
  atomic_bool is_held;         /* the blob behind reads this version only */
  atomic_bool is_current;      /* it was the newest one when the blob was first read */
  bool is_lost;                /* the blob behind could not be opened again */
} zarrc_cache_blob;

/* --------------------------------------------------------------------------------------------------- cache_read.c */

/* Milliseconds since some time that is the same for the whole process. */
uint64_t zarrc_cache_now(void);
/* Ties a blob that is free to a version. */
void zarrc_cache_tie(zarrc_cache_blob *blob, const zarrc_cache_version *version);
/* Returns whether the newest version need not be asked for, if this one was seen when it says. */
bool zarrc_cache_is_trusted(const zarrc_cache_blob *blob, const zarrc_cache_version *version);
/* Makes the blob behind read `version` only. *version becomes another one if that has taken its place; *known false:
 * the store does not tell. ZARRC_NOT_FOUND: there is no value. */
zarrc_status zarrc_cache_hold(zarrc_cache_blob *blob, zarrc_cache_version *version, bool *known, zarrc_error *error);
/* Forgets what is kept of a key. */
void zarrc_cache_forget(zarrc_cache_store *cache, const char *key);
/* Notes that the blob has found no value. */
void zarrc_cache_meet_nothing(zarrc_cache_blob *blob);

/* Implement `read` of a blob and `fetch` of the store. */
zarrc_status zarrc_cache_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error);
zarrc_status zarrc_cache_fetch(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error);

#endif

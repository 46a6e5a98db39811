/* SPDX-License-Identifier: MIT */
/* What the stores share. */
#ifndef ZARRC_STORE_COMMON_H
#define ZARRC_STORE_COMMON_H

#include <zarrc/store.h>

/* Returns whether a key is below a prefix ("": every key is). */
bool zarrc_key_is_below(const char *key, const char *prefix);

/* Returns ZARRC_INVALID_ARGUMENT if a store, or one behind it, lacks a function that every store needs. */
zarrc_status zarrc_store_check(const zarrc_store *store, zarrc_error *error);

/* Returns the store that a store reads from; NULL: there is none. */
zarrc_store *zarrc_store_source(const zarrc_store *store);

/* Writes "URL/KEY", the name in errors of a store that shows what is below a key of another store. */
void zarrc_url_join(const char *url, const char *key, char *out, size_t size);

/* The beginning of a store in front of another one. */
typedef struct zarrc_wrapper {
  zarrc_store store;
  zarrc_store *behind;
} zarrc_wrapper;

/* Allocates a store of nbytes bytes, which begins with a zarrc_wrapper, in front of another one: with the context of
 * that, and with the name "URL/KEY" (key "": its own name). ops: the table, of which `fetch` and `stage` are left out
 * if the other store has none. Members after the zarrc_wrapper are zeroed. */
zarrc_status zarrc_store_wrap(zarrc_store *behind, const char *key, const struct zarrc_store_ops *ops, size_t nbytes,
                              zarrc_store **out, zarrc_error *error);

/* Returns the store behind such a store. To be used as `source` or `inner` in its table. */
zarrc_store *zarrc_wrapper_behind(const zarrc_store *store);

/* Implements `close` for a store in a single block of memory. */
void zarrc_store_free(zarrc_store *store);

/* Makes an error about a key of the store behind one about a key of this store: without its first n bytes, which are
 * those of `prefix`. */
void zarrc_error_below(zarrc_error *error, const zarrc_store *store, const char *prefix, size_t n);

#endif

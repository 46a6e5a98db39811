/* SPDX-License-Identifier: MIT */
/*
 * Writing a store: its table of functions. A store of your own is a struct that begins with a zarrc_store, and fills
 * it. See docs/write-a-store.md.
 */
#ifndef ZARRC_PLUGIN_STORE_H
#define ZARRC_PLUGIN_STORE_H

#include <zarrc/plugin/blob.h>
#include <zarrc/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a store replaces a prefix. See zarrc_stage_open and the functions after it. */
typedef struct zarrc_stage_ops {
  size_t struct_size;
  zarrc_status (*open)(zarrc_store *store, const char *prefix, zarrc_stage_mode mode, const char *note,
                       zarrc_stage **out, zarrc_error *error);
  zarrc_status (*publish)(zarrc_stage *stage, bool replace, zarrc_error *error);
  void (*close)(zarrc_stage *stage, bool keep);
  zarrc_status (*find)(zarrc_store *store, const char *prefix, char *note, size_t size, bool *found,
                       zarrc_error *error);
  zarrc_status (*left)(zarrc_store *store, const char *prefix, char *place, size_t size, bool *found,
                       zarrc_error *error); /* optional: nothing is ever left */
} zarrc_stage_ops;

/* The ranges to fetch of one value, one of many. */
typedef struct zarrc_request {
  zarrc_blob *blob;    /* a blob of the store; wrappers may replace it by the blob behind it */
  zarrc_range *ranges; /* their `into` is NULL */
  size_t n;
  zarrc_status status; /* out: such as ZARRC_NOT_FOUND or ZARRC_CONFLICT; does not affect other requests */
  zarrc_error *error;  /* out, unless NULL: details of the status */
  void *room[2];
} zarrc_request;

/* The functions of a store. name, blob_nbytes and open are required; the others may be NULL, and a table may be shorter
 * or longer than this one. */
typedef struct zarrc_store_ops {
  size_t struct_size;
  const char *name;
  /* Returns the size of the blob of a key of so many bytes. */
  size_t (*blob_nbytes)(const zarrc_store *store, size_t key_nbytes);
  /* Initializes the blob of a key in memory of that size, aligned like a uint64_t. The key is valid and outlives the
   * blob. Nothing is read or written yet. Errors of the blob do not name the key, which the caller adds. The blob of a
   * store that is read_only must not be writable. */
  zarrc_status (*open)(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error);
  /* Calls fn for each key below prefix ("" for all) or, unless `deep`, for each key and prefix directly below it; in
   * any order. A failure of fn ends the listing. sizes: nbytes of the entries is wanted. */
  zarrc_status (*list)(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn, void *arg,
                       zarrc_error *error);
  zarrc_status (*erase_prefix)(zarrc_store *store, const char *prefix, zarrc_error *error); /* NULL: key by key */
  void (*close)(zarrc_store *store);
  const zarrc_stage_ops *stage; /* NULL: a prefix cannot be replaced as a whole */
  zarrc_status (*list_temporary)(zarrc_store *store, const char *prefix, zarrc_list_fn fn, void *arg,
                                 zarrc_error *error); /* NULL: killed writers leave nothing */
  /* Returns the store whose functions are used where this table has NULL, except for close; NULL: there is none. */
  zarrc_store *(*inner)(const zarrc_store *store);
  /* Reads ranges of many values at once, in about the time of one request. Differs from `read` of a blob: a range need
   * not be inside the value. `got` is the part that exists, and of a value longer than a range with to_end allows
   * anything; `total` is the length of the value, and must be set if bytes are missing. Memory comes from the context.
   * All ranges and calls of one blob see the same version, if the store can tell versions: ZARRC_CONFLICT if the value
   * has another one. After that `identify` needs no request. What was read before a failure is released by the
   * caller. NULL: values are read one by one. Not taken from `inner`, but not called either if the store that `inner`
   * returns has no `fetch`. */
  zarrc_status (*fetch)(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error);
  /* Implements zarrc_store_create. NULL: impossible. Not taken from `inner`. */
  zarrc_status (*create)(zarrc_store *store, const char *folder, const char *const *names, const zarrc_bytes *values,
                         size_t n, const char *const *unless, zarrc_error *error);
  /* Returns the store that this one reads from; functions that get counts look for their store there. NULL: `inner`. */
  zarrc_store *(*source)(const zarrc_store *store);
} zarrc_store_ops;

/* Returns whether the store can fetch many values at once. */
ZARRC_API bool zarrc_store_fetches(const zarrc_store *store);
/* Calls `fetch`, or reads one value after another if the store has none. */
ZARRC_API zarrc_status zarrc_store_fetch(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error);

/* Stores the values of the n names in a folder ("": the root), in this order, unless there is a value of one of the
 * names in `unless`, which ends with NULL: then nothing is stored (ZARRC_CONFLICT). No other call for the folder comes
 * in between, so of several with the same `unless` one alone stores its values. Values whose ptr is NULL are erased.
 * n: at most 4. An interruption may leave the first values without the last. ZARRC_UNSUPPORTED: not in this store. */
ZARRC_API zarrc_status zarrc_store_create(zarrc_store *store, const char *folder, const char *const *names,
                                          const zarrc_bytes *values, size_t n, const char *const *unless,
                                          zarrc_error *error);

/* The beginning of the blob of a wrapper, a store in front of another one. It is followed by members of the wrapper's
 * own, then by the blob behind, in the same memory. */
typedef struct zarrc_wrapper_blob {
  zarrc_blob blob;
  zarrc_store *behind; /* the store that the blob behind belongs to */
  zarrc_blob *inner;   /* the blob behind */
} zarrc_wrapper_blob;

/* Returns the size of such a blob, of which own_nbytes bytes lie before the blob behind. */
ZARRC_API size_t zarrc_wrapper_blob_nbytes(size_t own_nbytes, const zarrc_store *behind, size_t key_nbytes);
/* Opens such a blob and the one behind. ops: what the wrapper changes; members of its own are zeroed. */
ZARRC_API zarrc_status zarrc_wrapper_blob_open(zarrc_blob *blob, size_t own_nbytes, const zarrc_blob_ops *ops,
                                               zarrc_store *behind, const char *key, zarrc_error *error);
/* To be used as `inner` in the table of such blobs, and as `fetch` in the table of a store that has no others. */
ZARRC_API zarrc_blob *zarrc_wrapper_blob_inner(const zarrc_blob *blob);
ZARRC_API zarrc_status zarrc_wrapper_fetch(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error);

/* Adds to an error the store (or NULL) and the key (or "") that it is about, unless it has them already. */
ZARRC_API void zarrc_error_in_key(zarrc_error *error, const zarrc_store *store, const char *key);

#ifdef __cplusplus
}
#endif
#endif

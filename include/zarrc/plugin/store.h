/* SPDX-License-Identifier: MIT */
/*
 * Writing a store: the table of functions that a store is. A store of your own is a struct that begins with a
 * zarrc_store, which it fills, and needs nothing else. See docs/write-a-store.md.
 */
#ifndef ZARRC_PLUGIN_STORE_H
#define ZARRC_PLUGIN_STORE_H

#include <zarrc/plugin/blob.h>
#include <zarrc/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a store replaces a prefix: see zarrc_stage_open and its siblings. */
typedef struct zarrc_stage_ops {
  size_t struct_size;
  zarrc_status (*open)(zarrc_store *store, const char *prefix, zarrc_stage_mode mode, const char *note,
                       zarrc_stage **out, zarrc_error *error);
  zarrc_status (*publish)(zarrc_stage *stage, bool replace, zarrc_error *error);
  void (*close)(zarrc_stage *stage, bool keep);
  zarrc_status (*find)(zarrc_store *store, const char *prefix, char *note, size_t size, bool *found,
                       zarrc_error *error);
  zarrc_status (*left)(zarrc_store *store, const char *prefix, char *place, size_t size, bool *found,
                       zarrc_error *error); /* or NULL: nothing ever is */
} zarrc_stage_ops;

/* What a store does. name, blob_nbytes and open are needed, all else may be NULL; a table may be shorter or longer.
 * A store may stand in front of another one: its blob begins with what it needs itself and goes on with the other's. */
typedef struct zarrc_store_ops {
  size_t struct_size;
  const char *name;
  /* Returns the size of the blob that open makes for a key of so many bytes. */
  size_t (*blob_nbytes)(const zarrc_store *store, size_t key_nbytes);
  /* Makes the blob of a key, in memory of that size which is aligned as a uint64_t: a blob of the store's own kind,
   * which begins with a zarrc_blob and fills it. The key is valid and outlives the blob. No input or output happens.
   * What such a blob fails with does not name the key: who opened it does (zarrc_error_in_key). Of a store that is
   * read_only it cannot be written. */
  zarrc_status (*open)(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error);
  /* Calls fn for each key below prefix ("" for all): recursively, or (deep false) only for the keys and prefixes
   * directly below it; in no promised order; fn's failure ends it. nbytes is asked for by `sizes`. */
  zarrc_status (*list)(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn, void *arg,
                       zarrc_error *error);
  zarrc_status (*erase_prefix)(zarrc_store *store, const char *prefix, zarrc_error *error); /* NULL: key by key */
  void (*close)(zarrc_store *store);
  const zarrc_stage_ops *stage; /* NULL: what lies below a prefix cannot be replaced as a whole */
  zarrc_status (*list_temporary)(zarrc_store *store, const char *prefix, zarrc_list_fn fn, void *arg,
                                 zarrc_error *error); /* NULL: writers that are killed leave nothing */
  /* Returns the store behind this one that does what is NULL here, all but close; NULL: there is none. */
  zarrc_store *(*inner)(const zarrc_store *store);
} zarrc_store_ops;

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/* Goes through the keys of a store in order. */
#ifndef ZARRC_TOOLS_KEYS_H
#define ZARRC_TOOLS_KEYS_H

#include <zarrc/store.h>

/* nbytes: of the value, or ZARRC_UNKNOWN; is_folder: it is no key but a folder, of a store that has folders. */
typedef zarrc_status (*zarrc_key_fn)(void *arg, const char *key, uint64_t nbytes, bool is_folder, zarrc_error *error);

/* A folder that cannot be listed, and why. Returns a failure, which ends it, or ZARRC_OK to go on without the folder.
 */
typedef zarrc_status (*zarrc_closed_fn)(void *arg, const char *folder, const zarrc_error *why, zarrc_error *error);

/* Calls fn for each key at and below a path, in the order of their bytes, except those that are not after `after`
 * (NULL: none), which is relative to the path; so are not the keys that fn gets. Needs memory for the names in a folder
 * and those above it. A failure of fn ends it, and so does, if closed is NULL, a folder that cannot be listed.
 * ZARRC_UNSUPPORTED: the store cannot list its keys. */
zarrc_status zarrc_keys_each(zarrc_store *store, const char *path, const char *after, zarrc_key_fn fn,
                             zarrc_closed_fn closed, void *arg, zarrc_error *error);

#endif

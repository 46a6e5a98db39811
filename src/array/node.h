/* SPDX-License-Identifier: MIT */
/* The zarr.json of a node in a store: found, made with its parents, and changed. */
#ifndef ZARRC_ARRAY_NODE_H
#define ZARRC_ARRAY_NODE_H

#include <zarrc/array.h>

#include "array/latest.h"

/* The document at a path, on loan. ZARRC_NOT_FOUND: no node is there; ZARRC_UNSUPPORTED: one of Zarr format 2.
 * *version (or NULL) becomes a number made of its identity; 0 where the store cannot tell that one. */
zarrc_status zarrc_node_read(zarrc_store *store, const char *path, uint64_t *version, zarrc_bytes *out,
                             zarrc_error *error);

/* Asks whether the document is still that of *version. *changed: it is not, or that cannot be told; then it has been
 * read, and *version is what it has now. Stores that tell no versions apart say that nothing has changed.
 * ZARRC_NOT_FOUND: the document is gone. */
zarrc_status zarrc_node_read_changed(zarrc_store *store, const char *path, uint64_t *version, bool *changed,
                                     zarrc_bytes *out, zarrc_error *error);

/* Stores the document of a new node, which has been found good, and those of parents that are not there. */
zarrc_status zarrc_node_create(zarrc_store *store, const char *path, const char *text, zarrc_create_mode mode,
                               zarrc_error *error);

/* How the document of an open node is changed. */
typedef struct zarrc_node_ops {
  zarrc_status (*open)(void *arg, const char *text, size_t n, zarrc_edition **out, zarrc_error *error);
  zarrc_status (*change)(void *arg, zarrc_edition *edition, zarrc_error *error);
  const char *(*text)(const zarrc_edition *edition);
} zarrc_node_ops;

/* Reads the document anew, changes it, stores it unless it was changed meanwhile (then all is done again), and makes it
 * the newest of `latest`. */
zarrc_status zarrc_node_change(zarrc_store *store, const char *path, const zarrc_node_ops *ops, void *arg,
                               zarrc_latest *latest, zarrc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/* The document (zarr.json) of a node in a store: finding, creating and changing it. */
#ifndef ZARRC_ARRAY_NODE_H
#define ZARRC_ARRAY_NODE_H

#include <zarrc/array.h>

#include "array/editions.h"

/* Reads the document at a path as a loan. ZARRC_NOT_FOUND: there is no node; ZARRC_UNSUPPORTED: it is of Zarr format 2.
 * *version (or NULL): a number for its identity; 0: unknown. */
zarrc_status zarrc_node_read(zarrc_store *store, const char *path, uint64_t *version, zarrc_bytes *out,
                             zarrc_error *error);

/* Finds out whether the document still has a version. *changed: it has not, or that is unknown; then it has been read,
 * and *version is the new one. In stores that cannot tell versions nothing ever changes. ZARRC_NOT_FOUND: it was
 * removed. */
zarrc_status zarrc_node_read_changed(zarrc_store *store, const char *path, uint64_t *version, bool *changed,
                                     zarrc_bytes *out, zarrc_error *error);

/* Stores the checked document of a new node, and those of groups above it that are missing. */
zarrc_status zarrc_node_create(zarrc_store *store, const char *path, const char *text, zarrc_create_mode mode,
                               zarrc_error *error);

/* How to change the document of an open node. */
typedef struct zarrc_node_ops {
  zarrc_status (*open)(void *arg, const char *text, size_t n, zarrc_edition **out, zarrc_error *error);
  zarrc_status (*change)(void *arg, zarrc_edition *edition, zarrc_error *error);
  const char *(*text)(const zarrc_edition *edition);
} zarrc_node_ops;

/* Reads the stored document, changes it and stores it, repeatedly if others change it meanwhile. Then makes it the
 * newest of `editions`. */
zarrc_status zarrc_node_change(zarrc_store *store, const char *path, const zarrc_node_ops *ops, void *arg,
                               zarrc_editions *editions, zarrc_error *error);

#endif

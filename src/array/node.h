/* SPDX-License-Identifier: MIT */
/* The zarr.json of a node in a store: found, made with its parents, and changed. */
#ifndef ZARRC_ARRAY_NODE_H
#define ZARRC_ARRAY_NODE_H

#include <zarrc/array.h>

#include "array/latest.h"

/* The document at a path, on loan. ZARRC_NOT_FOUND: no node is there; ZARRC_UNSUPPORTED: one of Zarr format 2. */
zarrc_status zarrc_node_read(zarrc_store *store, const char *path, zarrc_bytes *out, zarrc_error *error);

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

/* SPDX-License-Identifier: MIT */
/* The children of a group, as the store has them. */
#ifndef ZARRC_ARRAY_CHILDREN_H
#define ZARRC_ARRAY_CHILDREN_H

#include <zarrc/array.h>

/* Does what zarrc_group_list does for a group without consolidated metadata. */
zarrc_status zarrc_children_list(zarrc_store *store, const char *path, zarrc_node_fn fn, void *arg, zarrc_error *error);

/* Returns whether a failure ends a listing, because it does not concern one child only. */
static inline bool zarrc_children_end(zarrc_status status) {
  return status == ZARRC_NO_MEMORY || status == ZARRC_NETWORK || status == ZARRC_CANCELED || status == ZARRC_INTERNAL;
}

#endif

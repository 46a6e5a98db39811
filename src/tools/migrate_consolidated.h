/* SPDX-License-Identifier: MIT */
/* Consolidated metadata of groups whose Zarr format is changed in place. */
#ifndef ZARRC_TOOLS_MIGRATE_CONSOLIDATED_H
#define ZARRC_TOOLS_MIGRATE_CONSOLIDATED_H

#include <zarrc/tools.h>

/* Finds out whether a group has consolidated metadata, in the format that it has now. */
zarrc_status zarrc_migrate_is_consolidated(zarrc_store *store, const char *path, bool *out, zarrc_error *error);

/* Stores the documents of a node, in the new format, in `to`, at a path. */
typedef zarrc_status (*zarrc_migrate_put_fn)(void *arg, const zarrc_tree_node *node, zarrc_store *to, const char *path,
                                             zarrc_error *error);

/* Appends the document in which a group has consolidated metadata in a format: of the nodes of the tree that are the
 * group at `path` or below it. Their documents need not be stored yet. */
zarrc_status zarrc_migrate_consolidate(zarrc_ctx *ctx, const zarrc_tree *tree, const char *path, int format,
                                       zarrc_migrate_put_fn put, void *arg, zarrc_buf *out, zarrc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
#include "tools/migrate_consolidated.h"

#include "base/documents.h"

#include <string.h>

/* Longest document. */
#define MAX_DOCUMENT ((uint64_t)64 << 20)

zarrc_status zarrc_migrate_is_consolidated(zarrc_store *store, const char *path, bool *out, zarrc_error *error) {
  zarrc_group *group = NULL;
  zarrc_status status = zarrc_group_open(store, path, NULL, &group, error);
  if (!status) status = zarrc_group_is_consolidated(group, out, error);
  zarrc_group_close(group);
  return status;
}

/* Returns the path of a node relative to a group; NULL: it is not below it, nor the group itself. */
static const char *relative(const char *path, const char *group) {
  size_t n = strlen(group);
  if (strncmp(path, group, n) != 0) return NULL;
  if (n == 0 || path[n] == 0) return path + n;
  return path[n] == '/' ? path + n + 1 : NULL;
}

zarrc_status zarrc_migrate_consolidate(zarrc_ctx *ctx, const zarrc_tree *tree, const char *path, int format,
                                       zarrc_migrate_put_fn put, void *arg, zarrc_buf *out, zarrc_error *error) {
  zarrc_store *copy = NULL;
  zarrc_bytes text = {0};
  zarrc_status status = zarrc_memory_store_open(ctx, &copy, error);
  for (size_t i = 0; i < zarrc_tree_nnodes(tree) && !status; i++) {
    const zarrc_tree_node *node = zarrc_tree_get(tree, i);
    const char *to = relative(node->path, path);
    if (to) status = put(arg, node, copy, to, error);
  }
  if (!status) status = zarrc_consolidate(copy, "", false, error);
  if (!status) status = zarrc_store_get(copy, zarrc_consolidated_document(format), MAX_DOCUMENT, &text, error);
  if (!status) status = zarrc_buf_append(out, text.ptr, text.len, error);
  zarrc_bytes_release(&text);
  zarrc_store_close(copy);
  return status;
}

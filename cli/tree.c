/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include "signals.h"

#include <stdlib.h>
#include <string.h>

/* Groups nested deeper are refused, so that links in a circle end. */
#define MAX_DEPTH 256

typedef struct walk {
  cli_tree *tree;
  int depth;
} walk;

static zarrc_status add(cli_tree *tree, const char *path, zarrc_node_kind kind, int depth, zarrc_error *error) {
  if (cli_canceled(NULL)) return zarrc_fail(error, ZARRC_CANCELED, "interrupted");
  if (tree->n == tree->cap) {
    size_t cap = tree->cap * 2 + 16;
    cli_tree_node *items = realloc(tree->items, cap * sizeof *items);
    if (items == NULL) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory after %zu nodes", tree->n);
    tree->items = items;
    tree->cap = cap;
  }
  char *copy = strdup(path);
  if (copy == NULL) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory after %zu nodes", tree->n);
  tree->items[tree->n++] = (cli_tree_node){.path = copy, .kind = kind, .depth = depth};
  return ZARRC_OK;
}

static zarrc_status add_child(void *arg, const char *path, zarrc_node_kind kind, zarrc_error *error) {
  walk *w = arg;
  return add(w->tree, path, kind, w->depth, error);
}

/* Lists the children of a group into a list of their own, then each child with what is below it into the tree. */
static zarrc_status visit(zarrc_store *store, const char *path, int depth, int64_t limit, cli_tree *tree,
                          zarrc_error *error) {
  cli_tree children = {0};
  zarrc_group *group = NULL;
  walk w = {&children, depth + 1};
  if (limit >= 0 && depth >= limit) return ZARRC_OK;
  if (depth == MAX_DEPTH) return zarrc_fail(error, ZARRC_LIMIT, "\"%.200s\": groups nested too deep", path);
  zarrc_status status = zarrc_group_open(store, path, &group, error);
  if (status == ZARRC_OK) status = zarrc_group_list(group, add_child, &w, error);
  zarrc_group_close(group);
  for (size_t i = 0; i < children.n && status == ZARRC_OK; i++) {
    const cli_tree_node *child = &children.items[i];
    status = add(tree, child->path, child->kind, child->depth, error);
    if (status != ZARRC_OK) break;
    tree->items[tree->n - 1].last = i + 1 == children.n;
    if (child->kind == ZARRC_NODE_GROUP) status = visit(store, child->path, depth + 1, limit, tree, error);
  }
  cli_tree_clear(&children);
  return status;
}

zarrc_status cli_tree_read(zarrc_store *store, const char *path, int64_t depth, cli_tree *out, zarrc_error *error) {
  zarrc_node_kind kind;
  *out = (cli_tree){0};
  zarrc_status status = zarrc_node_find(store, path, &kind, error);
  if (status != ZARRC_OK) return status;
  if (kind == ZARRC_NODE_NONE) return zarrc_fail(error, ZARRC_NOT_FOUND, "no array and no group here");
  status = add(out, path, kind, 0, error);
  if (status == ZARRC_OK && kind == ZARRC_NODE_GROUP) status = visit(store, path, 0, depth, out, error);
  return status;
}

void cli_tree_clear(cli_tree *tree) {
  for (size_t i = 0; i < tree->n; i++) free(tree->items[i].path);
  free(tree->items);
  *tree = (cli_tree){0};
}

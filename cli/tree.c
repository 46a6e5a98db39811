/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include "signals.h"

#include <stdio.h>
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

static zarrc_status add_child(void *arg, const char *path, zarrc_node_kind kind, const zarrc_error *why,
                              zarrc_error *error) {
  walk *w = arg;
  zarrc_status status = add(w->tree, path, kind, w->depth, error);
  return status == ZARRC_OK && why != NULL ? cli_tree_blame(&w->tree->items[w->tree->n - 1], why, error) : status;
}

static zarrc_status children_of(zarrc_store *store, const char *path, walk *w, zarrc_error *error) {
  zarrc_group *group = NULL;
  zarrc_status status = zarrc_group_open(store, path, &group, error);
  if (status == ZARRC_OK) status = zarrc_group_list(group, add_child, w, error);
  zarrc_group_close(group);
  return status;
}

/* Lists the children of the group that was added last into a list of their own, then each child with what is below it
 * into the tree. */
static zarrc_status visit(zarrc_store *store, const char *path, int depth, int64_t limit, cli_tree *tree,
                          zarrc_error *error) {
  cli_tree children = {0};
  walk w = {&children, depth + 1};
  zarrc_error why = {0};
  if (limit >= 0 && depth >= limit) return ZARRC_OK;
  if (depth == MAX_DEPTH) return zarrc_fail(error, ZARRC_LIMIT, "\"%.200s\": groups nested too deep", path);
  zarrc_status status = children_of(store, path, &w, &why);
  if (status != ZARRC_OK && depth > 0 && cli_is_of_one_node(status)) {
    cli_tree_clear(&children);
    return cli_tree_blame(&tree->items[tree->n - 1], &why, error);
  }
  if (status != ZARRC_OK && error != NULL) *error = why;
  for (size_t i = 0; i < children.n && status == ZARRC_OK; i++) {
    cli_tree_node *child = &children.items[i];
    status = add(tree, child->path, child->kind, child->depth, error);
    if (status != ZARRC_OK) break;
    cli_tree_node *added = &tree->items[tree->n - 1];
    added->last = i + 1 == children.n;
    added->why = child->why;
    child->why = NULL;
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

zarrc_status cli_tree_whole(const cli_tree *tree, zarrc_error *error) {
  for (size_t i = 0; i < tree->n; i++) {
    if (tree->items[i].why == NULL) continue;
    if (error != NULL) *error = *tree->items[i].why;
    return tree->items[i].why->code;
  }
  return ZARRC_OK;
}

void cli_tree_clear(cli_tree *tree) {
  for (size_t i = 0; i < tree->n; i++) {
    free(tree->items[i].path);
    free(tree->items[i].why);
  }
  free(tree->items);
  *tree = (cli_tree){0};
}

/* ----------------------------------------------------------------------------------------------------- failures */

bool cli_is_of_one_node(zarrc_status status) {
  return status != ZARRC_NO_MEMORY && status != ZARRC_NETWORK && status != ZARRC_CANCELED && status != ZARRC_INTERNAL;
}

zarrc_status cli_tree_blame(cli_tree_node *node, const zarrc_error *why, zarrc_error *error) {
  if (node->why == NULL) node->why = malloc(sizeof *node->why);
  if (node->why == NULL) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
  *node->why = *why;
  return ZARRC_OK;
}

void cli_failures_add(cli_failures *failures, const zarrc_error *why) {
  if (failures->n++ == 0) failures->first = *why;
}

zarrc_status cli_failures_end(const cli_failures *failures, zarrc_error *error) {
  if (failures->n == 0) return ZARRC_OK;
  if (error == NULL) return failures->first.code;
  *error = failures->first;
  size_t n = strlen(error->message);
  if (failures->n > 1)
    snprintf(error->message + n, sizeof error->message - n, " (%zu other%s cannot be read either)", failures->n - 1,
             failures->n == 2 ? "" : "s");
  return error->code;
}

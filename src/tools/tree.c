/* SPDX-License-Identifier: MIT */
#include <zarrc/tools.h>

#include <string.h>

/* Groups nested deeper are refused, so that a circle of links ends. */
#define MAX_DEPTH 256

typedef struct node {
  zarrc_tree_node told;
  char *path;
  zarrc_error *why;
} node;

struct zarrc_tree {
  zarrc_ctx *ctx;
  node *items;
  size_t n, cap;
};

static zarrc_status fail(const zarrc_tree *tree, zarrc_error *error) {
  return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory after %zu nodes", tree->n);
}

static void clear(zarrc_tree *tree) {
  for (size_t i = 0; i < tree->n; i++) {
    zarrc_free(tree->ctx, tree->items[i].path);
    zarrc_free(tree->ctx, tree->items[i].why);
  }
  zarrc_free(tree->ctx, tree->items);
}

/* Records why the node that was added last cannot be read. */
static zarrc_status blame(zarrc_tree *tree, const zarrc_error *why, zarrc_error *error) {
  node *last = &tree->items[tree->n - 1];
  if (!last->why) last->why = zarrc_malloc(tree->ctx, sizeof *last->why);
  if (!last->why) return fail(tree, error);
  *last->why = *why;
  last->told.why = last->why;
  return ZARRC_OK;
}

static zarrc_status add(zarrc_tree *tree, const char *path, zarrc_node_kind kind, int depth, zarrc_error *error) {
  zarrc_status status = zarrc_ctx_check_canceled(tree->ctx, error);
  if (status) return status;
  if (tree->n == tree->cap) {
    size_t cap = tree->cap * 2 + 16;
    node *items = cap < SIZE_MAX / sizeof *items ? zarrc_realloc(tree->ctx, tree->items, cap * sizeof *items) : NULL;
    if (!items) return fail(tree, error);
    tree->items = items;
    tree->cap = cap;
  }
  size_t n = strlen(path) + 1;
  char *copy = zarrc_malloc(tree->ctx, n);
  if (!copy) return fail(tree, error);
  memcpy(copy, path, n);
  tree->items[tree->n++] = (node){.told = {.path = copy, .kind = kind, .depth = depth}, .path = copy};
  return ZARRC_OK;
}

/* The children of a group, listed completely before their own children. */
typedef struct listing {
  zarrc_tree children;
  int depth;
} listing;

static zarrc_status add_child(void *arg, const char *path, zarrc_node_kind kind, const zarrc_error *why,
                              zarrc_error *error) {
  listing *l = arg;
  zarrc_status status = add(&l->children, path, kind, l->depth, error);
  return status || !why ? status : blame(&l->children, why, error);
}

static zarrc_status list_children(zarrc_store *store, const char *path, listing *l, zarrc_error *error) {
  zarrc_group *group = NULL;
  zarrc_status status = zarrc_group_open(store, path, &group, error);
  if (!status) status = zarrc_group_list(group, add_child, l, error);
  zarrc_group_close(group);
  return status;
}

/* Returns whether a failure concerns one node only, so that listing the others goes on. */
static bool is_of_one_node(zarrc_status status) {
  return status != ZARRC_NO_MEMORY && status != ZARRC_NETWORK && status != ZARRC_CANCELED && status != ZARRC_INTERNAL;
}

/* Adds the children of a group with everything below them. */
static zarrc_status visit(zarrc_store *store, const char *path, int depth, int64_t limit, zarrc_tree *tree,
                          zarrc_error *error) {
  listing l = {.children.ctx = tree->ctx, .depth = depth + 1};
  zarrc_error why = {0};
  if (limit >= 0 && depth >= limit) return ZARRC_OK;
  if (depth == MAX_DEPTH) return zarrc_fail(error, ZARRC_LIMIT, "\"%.200s\": groups nested too deep", path);
  zarrc_status status = list_children(store, path, &l, &why);
  if (status && depth > 0 && is_of_one_node(status)) {
    clear(&l.children);
    return blame(tree, &why, error);
  }
  if (status && error) *error = why;
  for (size_t i = 0; i < l.children.n && !status; i++) {
    node *child = &l.children.items[i];
    status = add(tree, child->path, child->told.kind, child->told.depth, error);
    if (!status && child->why) status = blame(tree, child->why, error);
    if (status) break;
    tree->items[tree->n - 1].told.last = i + 1 == l.children.n;
    if (child->told.kind == ZARRC_NODE_GROUP) status = visit(store, child->path, depth + 1, limit, tree, error);
  }
  clear(&l.children);
  return status;
}

zarrc_status zarrc_tree_open(zarrc_store *store, const char *path, int64_t depth, zarrc_tree **out,
                             zarrc_error *error) {
  zarrc_node_kind kind;
  zarrc_status status = zarrc_node_find(store, path, &kind, error);
  if (status) return status;
  if (kind == ZARRC_NODE_NONE) return zarrc_fail(error, ZARRC_NOT_FOUND, "no array and no group here");
  zarrc_tree *tree = zarrc_malloc(store->ctx, sizeof *tree);
  if (!tree) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a tree");
  *tree = (zarrc_tree){.ctx = store->ctx};
  status = add(tree, path, kind, 0, error);
  if (!status && kind == ZARRC_NODE_GROUP) status = visit(store, path, 0, depth, tree, error);
  if (status)
    zarrc_tree_close(tree);
  else
    *out = tree;
  return status;
}

void zarrc_tree_close(zarrc_tree *tree) {
  if (!tree) return;
  clear(tree);
  zarrc_free(tree->ctx, tree);
}

size_t zarrc_tree_nnodes(const zarrc_tree *tree) {
  return tree->n;
}

const zarrc_tree_node *zarrc_tree_get(const zarrc_tree *tree, size_t i) {
  return &tree->items[i].told;
}

zarrc_status zarrc_tree_check(const zarrc_tree *tree, zarrc_error *error) {
  for (size_t i = 0; i < tree->n; i++) {
    const zarrc_error *why = tree->items[i].why;
    if (!why) continue;
    if (error) *error = *why;
    return why->code;
  }
  return ZARRC_OK;
}

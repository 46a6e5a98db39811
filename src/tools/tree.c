/* SPDX-License-Identifier: MIT */
#include <zarrc/tools.h>

#include "base/sized.h"

#include <string.h>

/* Groups nested deeper are refused, so that a circle of links ends. */
#define MAX_DEPTH 256

typedef struct node {
  zarrc_tree_node told;
  char *path;
  zarrc_error *why;
  zarrc_group *through; /* the group that the node is opened through; NULL: the node that was asked for */
} node;

/* A group whose consolidated metadata describe what is below it, or the outermost group. */
typedef struct source {
  struct source *next;
  zarrc_group *group;
} source;

struct zarrc_tree {
  zarrc_ctx *ctx;
  node *items;
  size_t n, cap;
  zarrc_store *store;
  zarrc_group_options options;
  source *sources;
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
  for (source *next, *s = tree->sources; s; s = next) {
    next = s->next;
    zarrc_group_close(s->group);
    zarrc_free(tree->ctx, s);
  }
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

/* Returns whether a failure concerns one node only, so that listing the others goes on. */
static bool is_of_one_node(zarrc_status status) {
  return status != ZARRC_NO_MEMORY && status != ZARRC_NETWORK && status != ZARRC_CANCELED && status != ZARRC_INTERNAL;
}

/* Keeps a group, which then belongs to the tree. */
static zarrc_status keep(zarrc_tree *tree, zarrc_group *group, zarrc_error *error) {
  source *s = zarrc_malloc(tree->ctx, sizeof *s);
  if (!s) return fail(tree, error);
  *s = (source){tree->sources, group};
  tree->sources = s;
  return ZARRC_OK;
}

/* Returns the path of a node relative to a group above it. */
static const char *below(const zarrc_group *group, const char *path) {
  size_t n = strlen(zarrc_group_path(group));
  return path + n + (n > 0);
}

static zarrc_status visit(zarrc_tree *tree, zarrc_group *group, zarrc_group *through, int depth, int64_t limit,
                          zarrc_error *error);

/* Adds what is below a group that was found at `path`, or blames that group. through: as in `node`. */
static zarrc_status enter(zarrc_tree *tree, const char *path, zarrc_group *through, int depth, int64_t limit,
                          zarrc_error *error) {
  zarrc_group *group = NULL;
  zarrc_error why = {0};
  bool own = false, above = false, kept = false;
  size_t n = tree->n;
  if (limit >= 0 && depth >= limit) return ZARRC_OK;
  if (depth == MAX_DEPTH) return zarrc_fail(error, ZARRC_LIMIT, "\"%.200s\": groups nested too deep", path);
  zarrc_status status = zarrc_group_open_group(through, below(through, path), &group, &why);
  if (!status) status = zarrc_group_is_consolidated(through, &above, &why);
  if (!status) status = zarrc_group_is_consolidated(group, &own, &why);
  if (!status && own && !above) {
    status = keep(tree, group, &why);
    kept = !status;
  }
  if (!status) status = visit(tree, group, kept ? group : through, depth, limit, &why);
  if (!kept) zarrc_group_close(group);
  if (!status) return ZARRC_OK;
  if (is_of_one_node(status) && tree->n == n) return blame(tree, &why, error);
  if (error) *error = why;
  return status;
}

/* Adds the children of a group with everything below them. */
static zarrc_status visit(zarrc_tree *tree, zarrc_group *group, zarrc_group *through, int depth, int64_t limit,
                          zarrc_error *error) {
  listing l = {.children.ctx = tree->ctx, .depth = depth + 1};
  zarrc_status status = zarrc_group_list(group, add_child, &l, error);
  for (size_t i = 0; i < l.children.n && !status; i++) {
    node *child = &l.children.items[i];
    status = add(tree, child->path, child->told.kind, child->told.depth, error);
    if (!status && child->why) status = blame(tree, child->why, error);
    if (status) break;
    tree->items[tree->n - 1].told.last = i + 1 == l.children.n;
    tree->items[tree->n - 1].through = through;
    if (child->told.kind == ZARRC_NODE_GROUP) status = enter(tree, child->path, through, depth + 1, limit, error);
  }
  clear(&l.children);
  return status;
}

/* Adds the outermost node, and what is below it. */
static zarrc_status begin(zarrc_tree *tree, const char *path, int64_t depth, zarrc_error *error) {
  zarrc_group *group = NULL;
  zarrc_error why = {0};
  zarrc_node_kind kind = ZARRC_NODE_GROUP;
  zarrc_status status = zarrc_group_open(tree->store, path, &tree->options, &group, &why);
  if (status == ZARRC_INVALID_ARGUMENT) { /* an array? */
    status = zarrc_node_find(tree->store, path, &kind, error);
    if (!status && kind == ZARRC_NODE_NONE) status = ZARRC_NOT_FOUND;
  } else if (status && error) {
    *error = why;
  }
  if (status == ZARRC_NOT_FOUND) return zarrc_fail(error, ZARRC_NOT_FOUND, "no array and no group here");
  if (!status && group) {
    status = keep(tree, group, error);
    if (status) zarrc_group_close(group);
  }
  if (!status) status = add(tree, path, kind, 0, error);
  return status || !group || depth == 0 ? status : visit(tree, group, group, 0, depth, error);
}

zarrc_status zarrc_tree_open(zarrc_store *store, const char *path, int64_t depth, const zarrc_group_options *options,
                             zarrc_tree **out, zarrc_error *error) {
  zarrc_tree *tree = zarrc_malloc(store->ctx, sizeof *tree);
  if (!tree) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a tree");
  *tree = (zarrc_tree){.ctx = store->ctx, .store = store, .options.struct_size = sizeof tree->options};
  zarrc_status status = ZARRC_OK;
  if (options) status = zarrc_sized_take(&tree->options, sizeof tree->options, options, "the group's options", error);
  if (!status) status = begin(tree, path, depth, error);
  if (status)
    zarrc_tree_close(tree);
  else
    *out = tree;
  return status;
}

zarrc_status zarrc_tree_open_array(const zarrc_tree *tree, size_t i, const zarrc_array_options *options,
                                   zarrc_array **out, zarrc_error *error) {
  const node *n = &tree->items[i];
  if (!n->through) return zarrc_array_open(tree->store, n->path, options, out, error);
  return zarrc_group_open_array(n->through, below(n->through, n->path), options, out, error);
}

zarrc_status zarrc_tree_open_group(const zarrc_tree *tree, size_t i, zarrc_group **out, zarrc_error *error) {
  const node *n = &tree->items[i];
  if (!n->through) return zarrc_group_open(tree->store, n->path, &tree->options, out, error);
  return zarrc_group_open_group(n->through, below(n->through, n->path), out, error);
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

/* SPDX-License-Identifier: MIT */
#include <zarrc/tools.h>

#include "base/documents.h"
#include "base/sized.h"
#include "base/sort.h"

#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/store.h>

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
  uint32_t *order; /* of the nodes by their paths */
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

/* ---------------------------------------------------------------------------------------------------- finding nodes */

static int compare(const void *of, uint32_t a, uint32_t b) {
  const zarrc_tree *tree = of;
  return strcmp(tree->items[a].path, tree->items[b].path);
}

static zarrc_status sort(zarrc_tree *tree, zarrc_error *error) {
  if (tree->n > UINT32_MAX) return zarrc_fail(error, ZARRC_LIMIT, "%zu nodes are too many", tree->n);
  tree->order = zarrc_malloc(tree->ctx, tree->n * sizeof *tree->order);
  if (!tree->order) return fail(tree, error);
  zarrc_sort(tree->order, (uint32_t)tree->n, compare, tree);
  return ZARRC_OK;
}

size_t zarrc_tree_find(const zarrc_tree *tree, const char *path, size_t n) {
  size_t low = 0, high = tree->n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    const char *other = tree->items[tree->order[middle]].path;
    int order = strncmp(other, path, n);
    if (!order) order = other[n] != 0;
    if (!order) return tree->order[middle];
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return SIZE_MAX;
}

/* Folders, each with its NUL. */
typedef struct looking {
  const zarrc_tree *tree;
  zarrc_buf folders, nodes;
} looking;

static zarrc_status add_folder(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  looking *l = arg;
  size_t n = strlen(entry->key);
  if (!entry->is_prefix || entry->is_circle || zarrc_tree_find(l->tree, entry->key, n) != SIZE_MAX) return ZARRC_OK;
  return zarrc_buf_append(&l->folders, entry->key, n + 1, error);
}

/* Adds the folder of a document. One with documents of both formats is added once, since zarr.json counts. */
static zarrc_status add_node(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  looking *l = arg;
  const char *name = zarrc_key_name(entry->key);
  if (entry->is_prefix || !zarrc_name_makes_node(name) || name == entry->key) return ZARRC_OK;
  const zarrc_status status = zarrc_buf_append(&l->nodes, entry->key, (size_t)(name - entry->key) - 1, error);
  return status ? status : zarrc_buf_append(&l->nodes, "", 1, error);
}

static int compare_texts(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Calls fn for each text once, in order. */
static zarrc_status each_text(zarrc_ctx *ctx, const zarrc_buf *texts, zarrc_unlisted_fn fn, void *arg,
                              zarrc_error *error) {
  if (texts->len == 0) return ZARRC_OK;
  const char *at = (const char *)texts->ptr, *end = at + texts->len;
  size_t n = 0, i = 0;
  for (const char *p = at; p < end; p += strlen(p) + 1) n++;
  const char **list = n < SIZE_MAX / sizeof *list ? zarrc_malloc(ctx, n * sizeof *list) : NULL;
  if (!list) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a list of %zu nodes", n);
  for (const char *p = at; p < end; p += strlen(p) + 1) list[i++] = p;
  qsort(list, n, sizeof *list, compare_texts);
  zarrc_status status = ZARRC_OK;
  for (i = 0; i < n && !status; i++)
    if (i == 0 || strcmp(list[i], list[i - 1]) != 0) status = fn(arg, list[i], error);
  zarrc_free(ctx, list);
  return status;
}

/* Lists what is below a prefix. What cannot be listed has nothing to be found. */
static zarrc_status list_folder(looking *l, const char *prefix, bool below, zarrc_error *error) {
  zarrc_error why = {0};
  zarrc_status status = zarrc_store_list(l->tree->store, prefix, below, false, below ? add_node : add_folder, l, &why);
  if (!status || is_of_one_node(status)) return ZARRC_OK;
  if (error) *error = why;
  return status;
}

zarrc_status zarrc_tree_each_unlisted(const zarrc_tree *tree, zarrc_unlisted_fn fn, void *arg, zarrc_error *error) {
  looking l = {
      .tree = tree, .folders = zarrc_buf_new(tree->ctx, SIZE_MAX / 2), .nodes = zarrc_buf_new(tree->ctx, SIZE_MAX / 2)};
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < tree->n && !status; i++)
    if (tree->items[i].told.kind == ZARRC_NODE_GROUP) status = list_folder(&l, tree->items[i].path, false, error);
  for (size_t at = 0; at < l.folders.len && !status; at += strlen((const char *)l.folders.ptr + at) + 1) {
    status = zarrc_ctx_check_canceled(tree->ctx, error);
    if (!status) status = list_folder(&l, (const char *)l.folders.ptr + at, true, error);
  }
  if (!status) status = each_text(tree->ctx, &l.nodes, fn, arg, error);
  zarrc_buf_clear(&l.folders);
  zarrc_buf_clear(&l.nodes);
  return status;
}

/* ----------------------------------------------------------------------------------------------------------- opening
 */

zarrc_status zarrc_tree_open(zarrc_store *store, const char *path, int64_t depth, const zarrc_group_options *options,
                             zarrc_tree **out, zarrc_error *error) {
  zarrc_tree *tree = zarrc_malloc(store->ctx, sizeof *tree);
  if (!tree) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a tree");
  *tree = (zarrc_tree){.ctx = store->ctx, .store = store, .options.struct_size = sizeof tree->options};
  zarrc_status status = ZARRC_OK;
  if (options) status = zarrc_sized_take(&tree->options, sizeof tree->options, options, "the group's options", error);
  if (!status) status = begin(tree, path, depth, error);
  if (!status) status = sort(tree, error);
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

zarrc_status zarrc_tree_is_stale(const zarrc_tree *tree, size_t i, bool *out, zarrc_error *error) {
  const node *n = &tree->items[i];
  *out = false;
  return n->through ? zarrc_group_is_stale(n->through, below(n->through, n->path), out, error) : ZARRC_OK;
}

void zarrc_tree_close(zarrc_tree *tree) {
  if (!tree) return;
  clear(tree);
  zarrc_free(tree->ctx, tree->order);
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

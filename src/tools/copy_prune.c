/* SPDX-License-Identifier: MIT */
/*
 * Removes from an unfinished copy what the source does not have any more, before the copy is published. Only a stage is
 * pruned: a copy that is completed in place may contain more than this copy would write.
 */
#include "tools/copy.h"

#include "base/documents.h"
#include "base/sort.h"

#include <string.h>

/* The nodes of the source, sorted by their paths. */
typedef struct nodes {
  zarrc_copier *k;
  uint32_t *order, n;
} nodes;

/* The entries below one node that will be removed: in `gone`, "p" (prefix) or "k" (key), then the name with its NUL. */
typedef struct pruning {
  const nodes *known;
  const zarrc_copy_item *array; /* NULL: the node is a group */
  const char *path;
  zarrc_buf gone;
} pruning;

static const char *path_at(const void *of, uint32_t i) {
  const nodes *known = of;
  return zarrc_copy_below(known->k, zarrc_tree_get(known->k->plan.tree, i)->path);
}

static int compare(const void *of, uint32_t a, uint32_t b) {
  return strcmp(path_at(of, a), path_at(of, b));
}

static int compare_with(const void *of, uint32_t i, const void *wanted) {
  return strcmp(path_at(of, i), wanted);
}

static bool is_node(const nodes *known, const char *path) {
  return zarrc_sorted_has(known->order, known->n, compare_with, known, path);
}

/* Returns whether a key is a chunk that this copy writes or has already. */
static bool is_copied(const zarrc_copy_item *a, const char *key) {
  int64_t chunk[ZARRC_MAX_NDIM];
  return zarrc_array_chunk_of(a->copy, key, chunk) && zarrc_copy_has_region(a, chunk);
}

static bool is_document(const char *path, const char *key) {
  size_t n = strlen(path);
  return zarrc_name_is_document(key + n + (n > 0));
}

static zarrc_status look(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  pruning *p = arg;
  bool stays = is_document(p->path, entry->key) ||
               (p->array ? is_copied(p->array, entry->key) : entry->is_prefix && is_node(p->known, entry->key));
  zarrc_status status = zarrc_ctx_check_canceled(p->known->k->ctx, error);
  if (status || stays) return status;
  status = zarrc_buf_append(&p->gone, entry->is_prefix ? "p" : "k", 1, error);
  return status ? status : zarrc_buf_append(&p->gone, entry->key, strlen(entry->key) + 1, error);
}

static zarrc_status erase(const pruning *p, zarrc_error *error) {
  zarrc_store *store = zarrc_copy_store(p->known->k);
  zarrc_status status = ZARRC_OK;
  for (size_t at = 0; at < p->gone.len && !status;) {
    const char *text = (const char *)p->gone.ptr + at;
    status =
        *text == 'p' ? zarrc_store_erase_prefix(store, text + 1, error) : zarrc_store_erase(store, text + 1, error);
    at += strlen(text) + 1;
  }
  return status;
}

static zarrc_status prune_node(const nodes *known, const char *path, const zarrc_copy_item *array, zarrc_error *error) {
  zarrc_copier *k = known->k;
  pruning p = {.known = known, .array = array, .path = path, .gone = zarrc_buf_new(k->ctx, SIZE_MAX / 2)};
  zarrc_status status = zarrc_store_list(zarrc_copy_store(k), path, array != NULL, false, look, &p, error);
  if (!status) status = erase(&p, error);
  zarrc_buf_clear(&p.gone);
  return status;
}

zarrc_status zarrc_copy_prune(zarrc_copier *k, zarrc_error *error) {
  size_t n = zarrc_tree_nnodes(k->plan.tree);
  zarrc_status status = ZARRC_OK;
  if (!zarrc_copy_resumes(k) || k->place.in_place) return ZARRC_OK;
  if (n > UINT32_MAX) return zarrc_fail(error, ZARRC_LIMIT, "%zu nodes", n);
  nodes known = {.k = k, .n = (uint32_t)n, .order = zarrc_malloc(k->ctx, n * sizeof(uint32_t))};
  if (!known.order) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a list of %zu nodes", n);
  zarrc_sort(known.order, known.n, compare, &known);
  for (size_t i = 0, next = 0; i < n && !status; i++) {
    const zarrc_tree_node *node = zarrc_tree_get(k->plan.tree, i);
    bool is_array = node->kind != ZARRC_NODE_GROUP;
    status = prune_node(&known, zarrc_copy_below(k, node->path), is_array ? &k->plan.items[next] : NULL, error);
    next += is_array;
  }
  zarrc_free(k->ctx, known.order);
  return zarrc_copy_about(k, ZARRC_COPY_TARGET, status);
}

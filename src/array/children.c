/* SPDX-License-Identifier: MIT */
#include "array/children.h"

#include "array/node.h"
#include "base/sort.h"

#include <string.h>
#include <zarrc/plugin/store.h>

/* Paths, each between its mark and a NUL; and their offsets. */
enum { PLAIN = 1, CIRCLE };

typedef struct names {
  zarrc_buf text, offsets;
} names;

static const char *name_at(const names *list, size_t i) {
  size_t offset;
  memcpy(&offset, list->offsets.ptr + i * sizeof offset, sizeof offset);
  return (const char *)list->text.ptr + offset;
}

static zarrc_status collect(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  names *list = arg;
  if (!entry->is_prefix) return ZARRC_OK;
  const char mark = entry->is_circle ? CIRCLE : PLAIN;
  zarrc_status status = zarrc_buf_append(&list->text, &mark, 1, error);
  if (!status) status = zarrc_buf_append(&list->offsets, &list->text.len, sizeof list->text.len, error);
  return status ? status : zarrc_buf_append(&list->text, entry->key, strlen(entry->key) + 1, error);
}

static int compare(const void *of, uint32_t a, uint32_t b) {
  return strcmp(name_at(of, a), name_at(of, b));
}

static zarrc_status refuse_circle(const zarrc_store *store, const char *path, zarrc_error *error) {
  zarrc_fail(error, ZARRC_ACCESS, "a symbolic link to a group above it, not followed");
  zarrc_error_in_key(error, store, path);
  return ZARRC_ACCESS;
}

/* Children that are examined together, and the expected size of a document. */
#define PAGE            1024
#define DOCUMENT_NBYTES 16384u

/* What a child is: a node, no node, or why it cannot be read. */
typedef struct found {
  bool is_known;
  zarrc_node_kind kind;
  zarrc_error *why;
} found;

typedef struct page {
  zarrc_store *store;
  const names *list;
  const uint32_t *order; /* of the children of the page */
  found *found;
} page;

static zarrc_status look(void *arg, zarrc_store *from, size_t i, zarrc_error *error) {
  const page *p = arg;
  const char *path = name_at(p->list, p->order[i]);
  found *f = &p->found[i];
  zarrc_error why;
  zarrc_status status =
      path[-1] == CIRCLE ? refuse_circle(from, path, &why) : zarrc_node_find(from, path, &f->kind, &why);
  if (status == ZARRC_PENDING || zarrc_children_end(status)) {
    if (error) *error = why;
    return status;
  }
  f->is_known = true;
  if (!status) return ZARRC_OK;
  f->kind = ZARRC_NODE_UNREADABLE;
  if (!f->why) f->why = zarrc_malloc(p->store->ctx, sizeof *f->why);
  if (!f->why) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for what is wrong with a node");
  *f->why = why;
  return ZARRC_OK;
}

/* Examines n children at once and calls fn for each, up to the first failure. */
static zarrc_status page_list(page *p, size_t n, zarrc_node_fn fn, void *arg, zarrc_error *error) {
  const zarrc_each_options options = {.at_once = PAGE, .value_nbytes = DOCUMENT_NBYTES};
  zarrc_error why;
  memset(p->found, 0, n * sizeof *p->found);
  zarrc_status ended = zarrc_store_each(p->store, n, &options, look, p, &why), status = ZARRC_OK;
  for (size_t i = 0; i < n; i++) {
    const found *f = &p->found[i];
    if (!status && !f->is_known) {
      status = ended;
      if (error) *error = why;
    }
    if (!status && f->kind != ZARRC_NODE_NONE) status = fn(arg, name_at(p->list, p->order[i]), f->kind, f->why, error);
    zarrc_free(p->store->ctx, f->why);
  }
  return status;
}

zarrc_status zarrc_children_list(zarrc_store *store, const char *path, zarrc_node_fn fn, void *arg,
                                 zarrc_error *error) {
  names list = {.text = zarrc_buf_new(store->ctx, UINT32_MAX), .offsets = zarrc_buf_new(store->ctx, UINT32_MAX)};
  uint32_t *order = NULL;
  page p = {.store = store, .list = &list};
  zarrc_status status = zarrc_store_list(store, path, false, false, collect, &list, error);
  uint32_t n = (uint32_t)(list.offsets.len / sizeof(size_t)), most = n < PAGE ? n : PAGE;
  if (!status && n > 0) {
    order = zarrc_malloc(store->ctx, n * sizeof *order);
    p.found = zarrc_malloc(store->ctx, most * sizeof *p.found);
    if (!order || !p.found)
      status = zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a list of %u nodes", (unsigned)n);
  }
  if (order) zarrc_sort(order, n, compare, &list);
  for (uint32_t i = 0; i < n && !status; i += PAGE) {
    p.order = order + i;
    status = page_list(&p, n - i < PAGE ? n - i : PAGE, fn, arg, error);
  }
  zarrc_free(store->ctx, p.found);
  zarrc_free(store->ctx, order);
  zarrc_buf_clear(&list.text);
  zarrc_buf_clear(&list.offsets);
  return status;
}

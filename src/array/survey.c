/* SPDX-License-Identifier: MIT */
/* What is below a path: nodes, their chunks, and other files. */
#include "array/key.h"
#include "array/node.h"
#include "base/documents.h"
#include "base/sort.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* All keys below the path, relative to it, each with its NUL; their offsets; and the sorted order. */
typedef struct keys {
  size_t skip; /* bytes of the path before each key */
  zarrc_buf text, offsets;
  uint32_t *order, n;
  zarrc_buf pending, outside; /* prefixes still to be listed; those that lead out of the store */
} keys;

static const char *key_at(const keys *k, uint32_t i) {
  size_t offset;
  memcpy(&offset, k->offsets.ptr + i * sizeof offset, sizeof offset);
  return (const char *)k->text.ptr + offset;
}

static zarrc_status collect(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  keys *k = arg;
  if (entry->is_prefix) return ZARRC_OK;
  const char *key = entry->key + k->skip;
  zarrc_status status = zarrc_buf_append(&k->offsets, &k->text.len, sizeof k->text.len, error);
  return status ? status : zarrc_buf_append(&k->text, key, strlen(key) + 1, error);
}

static zarrc_status collect_here(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  keys *k = arg;
  if (!entry->is_prefix) return collect(arg, entry, error);
  return entry->is_circle ? ZARRC_OK : zarrc_buf_append(&k->pending, entry->key, strlen(entry->key) + 1, error);
}

/* Lists prefix by prefix, and notes those that cannot be listed because they lead out of the store. */
static zarrc_status collect_inside(zarrc_store *store, const char *path, keys *k, zarrc_error *error) {
  char prefix[ZARRC_MAX_KEY];
  k->text.len = k->offsets.len = 0;
  zarrc_status status = zarrc_store_list(store, path, false, false, collect_here, k, error);
  for (size_t at = 0; at < k->pending.len && !status;) {
    zarrc_error why = {0};
    const char *next = (const char *)k->pending.ptr + at;
    size_t n = strlen(next) + 1;
    if (n > sizeof prefix) return zarrc_fail(error, ZARRC_LIMIT, "a path of %zu bytes", n - 1);
    memcpy(prefix, next, n);
    at += n;
    status = zarrc_store_list(store, prefix, false, false, collect_here, k, &why);
    if (status && why.os_error == EXDEV)
      status = zarrc_buf_append(&k->outside, prefix + k->skip, n - k->skip, error);
    else if (status && error)
      *error = why;
  }
  return status;
}

static zarrc_status collect_all(zarrc_store *store, const char *path, keys *k, zarrc_error *error) {
  zarrc_error why = {0};
  zarrc_status status = zarrc_store_list(store, path, true, false, collect, k, &why);
  if (status && why.os_error == EXDEV) return collect_inside(store, path, k, error);
  if (status && error) *error = why;
  return status;
}

static int compare(const void *of, uint32_t a, uint32_t b) {
  return strcmp(key_at(of, a), key_at(of, b));
}

static int compare_with(const void *of, uint32_t i, const void *wanted) {
  return strcmp(key_at(of, i), wanted);
}

static bool has_key(const keys *k, const char *key) {
  return zarrc_sorted_has(k->order, k->n, compare_with, k, key);
}

/* Returns whether the first n bytes of a key are the path of a node. */
static bool is_node(const keys *k, const char *key, size_t n) {
  static const char *const names[] = {ZARRC_ZARR_JSON, ZARRC_ZARRAY};
  char document[ZARRC_MAX_KEY + 16];
  if (n >= ZARRC_MAX_KEY) return false;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    snprintf(document, sizeof document, "%.*s%s%s", (int)n, key, n ? "/" : "", names[i]);
    if (has_key(k, document)) return true;
  }
  return false;
}

/* Returns whether the node of a document has another one of the names before it in zarrc_node_names, as it has with
 * documents of both formats: it is counted once. */
static bool has_other_document(const keys *k, const char *key, const char *name) {
  char other[ZARRC_MAX_KEY + 16];
  size_t n = (size_t)(name - key);
  if (n >= ZARRC_MAX_KEY) return false;
  for (int i = 0; i < ZARRC_NNODE_NAMES && strcmp(zarrc_node_names[i], name) != 0; i++) {
    snprintf(other, sizeof other, "%.*s%s", (int)n, key, zarrc_node_names[i]);
    if (has_key(k, other)) return true;
  }
  return false;
}

/* Returns whether a segment consists of numbers: "3", "0.12"; with `first` also "c" and "c.0.12". */
static bool is_numbers(const char *segment, size_t n, bool first) {
  if (first && n > 0 && segment[0] == 'c' && (n == 1 || segment[1] == '.')) {
    if (n == 1) return true;
    segment += 2;
    n -= 2;
  }
  for (size_t i = 0; i < n; i++)
    if ((segment[i] < '0' || segment[i] > '9') && (segment[i] != '.' || i == 0 || i + 1 == n)) return false;
  return n > 0;
}

/* Returns whether a key looks like that of a chunk, of a node above it or of a missing one at the root. */
static bool is_chunk(const keys *k, const char *key) {
  size_t end = strlen(key);
  for (;;) {
    size_t start = end;
    while (start > 0 && key[start - 1] != '/') start--;
    if (!is_numbers(key + start, end - start, true)) return false;
    if (is_node(k, key, start > 0 ? start - 1 : 0)) return true;
    if (key[start] == 'c') return start == 0; /* "c/0/1": the document of its array is missing */
    if (start == 0) return false;
    end = start - 1;
  }
}

/* Calls fn, if there is one, with the full key. */
static zarrc_status tell(const char *path, const char *key, zarrc_list_fn fn, void *arg, zarrc_error *error) {
  char whole[ZARRC_MAX_KEY];
  zarrc_entry entry = {.key = whole, .nbytes = ZARRC_UNKNOWN};
  if (!fn) return ZARRC_OK;
  zarrc_status status = zarrc_key_join(path, key, whole, sizeof whole, error);
  return status ? status : fn(arg, &entry, error);
}

static zarrc_status count_other(zarrc_survey *out, const char *path, const char *key, zarrc_list_fn fn, void *arg,
                                zarrc_error *error) {
  if (out->nothers++ == 0) snprintf(out->other, sizeof out->other, "%s", key);
  return tell(path, key, fn, arg, error);
}

static zarrc_status count(const keys *k, zarrc_survey *out, const char *path, zarrc_list_fn fn, void *arg,
                          zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (uint32_t i = 0; i < k->n && !status; i++) {
    const char *key = key_at(k, k->order[i]);
    const char *name = zarrc_key_name(key);
    if (zarrc_name_makes_node(name))
      out->nnodes += !has_other_document(k, key, name);
    else if (zarrc_name_is_document(name))
      continue;
    else if (is_chunk(k, key))
      out->nchunks++;
    else
      status = count_other(out, path, key, fn, arg, error);
  }
  for (size_t at = 0; at < k->outside.len && !status;) {
    const char *key = (const char *)k->outside.ptr + at;
    at += strlen(key) + 1;
    status = count_other(out, path, key, fn, arg, error);
  }
  return status;
}

zarrc_status zarrc_node_survey(zarrc_store *store, const char *path, zarrc_survey *out, zarrc_list_fn other, void *arg,
                               zarrc_error *error) {
  zarrc_ctx *ctx = store->ctx;
  keys k = {.skip = *path ? strlen(path) + 1 : 0,
            .text = zarrc_buf_new(ctx, SIZE_MAX),
            .offsets = zarrc_buf_new(ctx, (size_t)UINT32_MAX * sizeof(size_t)),
            .pending = zarrc_buf_new(ctx, SIZE_MAX),
            .outside = zarrc_buf_new(ctx, SIZE_MAX)};
  *out = (zarrc_survey){0};
  zarrc_status status = collect_all(store, path, &k, error);
  k.n = (uint32_t)(k.offsets.len / sizeof(size_t));
  if (!status && k.n > 0) {
    k.order = zarrc_malloc(ctx, k.n * sizeof *k.order);
    if (!k.order) status = zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a list of %u keys", (unsigned)k.n);
  }
  if (!status) {
    zarrc_sort(k.order, k.n, compare, &k);
    status = count(&k, out, path, other, arg, error);
  }
  zarrc_free(ctx, k.order);
  zarrc_buf_clear(&k.text);
  zarrc_buf_clear(&k.offsets);
  zarrc_buf_clear(&k.pending);
  zarrc_buf_clear(&k.outside);
  return status;
}

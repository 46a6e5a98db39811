/* SPDX-License-Identifier: MIT */
#include "tools/keys.h"

#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/store.h>

/* Folders nested deeper are not gone into: each takes room on the stack. */
enum { MAX_DEPTH = 4000 };

typedef struct walk {
  zarrc_store *store;
  const char *after;
  size_t skip; /* bytes of the path and its slash, before what keys are below it */
  zarrc_key_fn fn;
  zarrc_closed_fn closed;
  void *arg;
} walk;

/* Something in a folder. */
typedef struct found {
  char *key; /* with a slash behind a folder */
  uint64_t nbytes;
} found;

typedef struct folder {
  const walk *w;
  found *items;
  size_t n, cap;
} folder;

static bool is_before(const walk *w, const char *key) {
  return w->after && strcmp(key + w->skip, w->after) <= 0;
}

static zarrc_status add(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  folder *f = arg;
  zarrc_ctx *ctx = f->w->store->ctx;
  if (f->n == f->cap) {
    size_t cap = f->cap * 2 + 64;
    found *items = cap < SIZE_MAX / sizeof *items ? zarrc_realloc(ctx, f->items, cap * sizeof *items) : NULL;
    if (!items) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for %zu keys", cap);
    f->items = items;
    f->cap = cap;
  }
  size_t n = strlen(entry->key);
  found *e = &f->items[f->n];
  e->nbytes = entry->nbytes;
  e->key = zarrc_malloc(ctx, n + 2);
  if (!e->key) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a key");
  memcpy(e->key, entry->key, n + 1);
  if (entry->is_prefix && !entry->is_circle) memcpy(e->key + n, "/", 2);
  f->n++;
  return ZARRC_OK;
}

static int by_key(const void *a, const void *b) {
  return strcmp(((const found *)a)->key, ((const found *)b)->key);
}

static zarrc_status walk_folder(const walk *w, const char *path, int depth, zarrc_error *error);

/* Takes a key, or a folder with what is in it. */
static zarrc_status step(const walk *w, found *e, int depth, zarrc_error *error) {
  size_t n = strlen(e->key);
  if (e->key[n - 1] != '/') return is_before(w, e->key) ? ZARRC_OK : w->fn(w->arg, e->key, e->nbytes, false, error);
  if (is_before(w, e->key) && strncmp(e->key + w->skip, w->after, n - w->skip) != 0) return ZARRC_OK;
  bool before = is_before(w, e->key);
  e->key[n - 1] = 0;
  zarrc_status status = before ? ZARRC_OK : w->fn(w->arg, e->key, ZARRC_UNKNOWN, true, error);
  return status ? status : walk_folder(w, e->key, depth + 1, error);
}

static zarrc_status walk_folder(const walk *w, const char *path, int depth, zarrc_error *error) {
  folder f = {.w = w};
  zarrc_error why = {0};
  zarrc_status status = depth > MAX_DEPTH ? zarrc_fail(&why, ZARRC_LIMIT, "folders are nested too deep")
                                          : zarrc_store_list(w->store, path, false, true, add, &f, &why);
  if (status) zarrc_error_in_key(&why, w->store, path);
  if (status && w->closed)
    status = w->closed(w->arg, path, &why, error);
  else if (status && error)
    *error = why;
  if (!status && f.n > 1) qsort(f.items, f.n, sizeof *f.items, by_key);
  for (size_t i = 0; i < f.n; i++) {
    if (!status) status = step(w, &f.items[i], depth, error);
    zarrc_free(w->store->ctx, f.items[i].key);
  }
  zarrc_free(w->store->ctx, f.items);
  return status;
}

static zarrc_status take(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  const walk *w = arg;
  if (entry->is_prefix || is_before(w, entry->key)) return ZARRC_OK;
  return w->fn(w->arg, entry->key, entry->nbytes, false, error);
}

/* Returns whether the store has no folders, and lists all keys in order in pages: one request for many folders. */
static bool is_flat(const zarrc_store *store) {
  return store->url && !strncmp(store->url, "s3://", 5);
}

zarrc_status zarrc_keys_each(zarrc_store *store, const char *path, const char *after, zarrc_key_fn fn,
                             zarrc_closed_fn closed, void *arg, zarrc_error *error) {
  walk w = {store, after, *path ? strlen(path) + 1 : 0, fn, closed, arg};
  if (is_flat(store)) return zarrc_store_list(store, path, true, true, take, &w, error);
  return walk_folder(&w, path, 0, error);
}

/* SPDX-License-Identifier: MIT */
/* What is below a prefix, as a store. Its blobs are those of the other store, each followed by its full key. */
#include "store/common.h"

#include <string.h>
#include <zarrc/plugin/store.h>

typedef struct prefix_store {
  zarrc_store store;
  zarrc_store_ops ops;
  zarrc_store *inner;
  size_t length; /* of the prefix, including its slash */
  char prefix[];
} prefix_store;

static void join(const prefix_store *p, const char *key, char *out) {
  size_t length = *key || !p->length ? p->length : p->length - 1; /* an empty key: without the slash */
  memcpy(out, p->prefix, length);
  memcpy(out + length, key, strlen(key) + 1);
}

static size_t prefix_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  const prefix_store *p = (const prefix_store *)store;
  size_t whole = p->length + key_nbytes;
  return p->inner->ops->blob_nbytes(p->inner, whole) + whole + 1;
}

static zarrc_status prefix_open(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  const prefix_store *p = (const prefix_store *)store;
  char *joined = (char *)blob + p->inner->ops->blob_nbytes(p->inner, p->length + strlen(key));
  join(p, key, joined);
  return p->inner->ops->open(p->inner, joined, blob, error);
}

/* The blobs are those of the other store. */
static zarrc_status prefix_fetch(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error) {
  return zarrc_store_fetch(((const prefix_store *)store)->inner, requests, n, error);
}

typedef struct walk {
  const prefix_store *p;
  zarrc_list_fn fn; /* NULL: erase what is below the prefix */
  void *arg;
  bool temporary, deep, sizes, stopped; /* stopped: by a failure of fn, which names the keys it likes */
} walk;

static zarrc_status see(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  walk *w = arg;
  zarrc_entry below = *entry;
  below.key += w->p->length;
  zarrc_status status = w->fn(w->arg, &below, error);
  w->stopped = status != ZARRC_OK;
  return status;
}

/* Makes a key named in a failure one of this store. */
static zarrc_status walk_below(const zarrc_store *store, walk w, const char *prefix, zarrc_error *error) {
  const prefix_store *p = w.p = (const prefix_store *)store;
  char *joined = zarrc_malloc(p->store.ctx, p->length + strlen(prefix) + 1);
  if (!joined) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a prefix");
  join(p, prefix, joined);
  zarrc_status status = !w.fn         ? zarrc_store_erase_prefix(p->inner, joined, error)
                        : w.temporary ? zarrc_store_list_temporary(p->inner, joined, see, &w, error)
                                      : zarrc_store_list(p->inner, joined, w.deep, w.sizes, see, &w, error);
  zarrc_free(p->store.ctx, joined);
  if (status && error && !w.stopped && !strncmp(error->key, p->prefix, p->length)) {
    memmove(error->key, error->key + p->length, strlen(error->key + p->length) + 1);
    *error->store = '\0';
    zarrc_error_in_key(error, store, "");
  }
  return status;
}

static zarrc_status prefix_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn,
                                void *arg, zarrc_error *error) {
  return walk_below(store, (walk){.fn = fn, .arg = arg, .deep = deep, .sizes = sizes}, prefix, error);
}

static zarrc_status prefix_list_temporary(zarrc_store *store, const char *prefix, zarrc_list_fn fn, void *arg,
                                          zarrc_error *error) {
  return walk_below(store, (walk){.fn = fn, .arg = arg, .temporary = true}, prefix, error);
}

static zarrc_status prefix_erase(zarrc_store *store, const char *prefix, zarrc_error *error) {
  return walk_below(store, (walk){0}, prefix, error);
}

zarrc_status zarrc_prefix_store_open(zarrc_store *inner, const char *prefix, zarrc_store **out, zarrc_error *error) {
  static const zarrc_store_ops ops = {.struct_size = sizeof ops,
                                      .name = "prefix",
                                      .blob_nbytes = prefix_blob_nbytes,
                                      .open = prefix_open,
                                      .list = prefix_list,
                                      .erase_prefix = prefix_erase,
                                      .close = zarrc_store_free,
                                      .list_temporary = prefix_list_temporary,
                                      .fetch = prefix_fetch};
  size_t n = strlen(prefix);
  zarrc_status status = zarrc_store_check(inner, error);
  if (!status && n) status = zarrc_key_check(prefix, error);
  if (status) return status;
  size_t room = inner->url ? strlen(inner->url) + n + 2 : 0;
  prefix_store *p = zarrc_malloc(inner->ctx, sizeof *p + n + 2 + room);
  if (!p) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a store");
  char *url = room ? p->prefix + n + 2 : NULL;
  *p = (prefix_store){.store = {.ops = &p->ops, .ctx = inner->ctx, .read_only = inner->read_only, .url = url},
                      .ops = ops,
                      .inner = inner,
                      .length = n ? n + 1 : 0};
  if (!zarrc_store_fetches(inner)) p->ops.fetch = NULL;
  memcpy(p->prefix, prefix, n);
  memcpy(p->prefix + n, "/", 2);
  if (url) zarrc_url_join(inner->url, prefix, url, room);
  *out = &p->store;
  return ZARRC_OK;
}

/* SPDX-License-Identifier: MIT */
/* What is below a prefix, as a store. Its blobs are those of the other store, each followed by its full key. */
#include "store/common.h"

#include <string.h>
#include <zarrc/plugin/store.h>

typedef struct prefix_store {
  zarrc_wrapper wrapper;
  size_t length; /* of the prefix, including its slash */
  char prefix[];
} prefix_store;

static char *join(const prefix_store *p, const char *key, char *out) {
  size_t length = *key || !p->length ? p->length : p->length - 1; /* an empty key: without the slash */
  memcpy(out, p->prefix, length);
  strcpy(out + length, key);
  return out;
}

static size_t prefix_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  const zarrc_store *inner = zarrc_wrapper_behind(store);
  size_t whole = ((const prefix_store *)store)->length + key_nbytes;
  return inner->ops->blob_nbytes(inner, whole) + whole + 1;
}

static zarrc_status prefix_open(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  const prefix_store *p = (const prefix_store *)store;
  zarrc_store *inner = p->wrapper.behind;
  char *joined = (char *)blob + inner->ops->blob_nbytes(inner, p->length + strlen(key));
  return inner->ops->open(inner, join(p, key, joined), blob, error);
}

static zarrc_status prefix_fetch(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error) {
  return zarrc_store_fetch(zarrc_wrapper_behind(store), requests, n, error);
}

typedef struct walk {
  const prefix_store *p;
  zarrc_list_fn fn; /* NULL: erase what is below the prefix */
  void *arg;
  bool temporary, deep, sizes;
  zarrc_status stopped; /* by a failure of fn, which names the keys it likes */
} walk;

static zarrc_status see(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  walk *w = arg;
  zarrc_entry below = *entry;
  below.key += w->p->length;
  return w->stopped = w->fn(w->arg, &below, error);
}

static zarrc_status walk_below(const zarrc_store *store, walk w, const char *prefix, zarrc_error *error) {
  const prefix_store *p = w.p = (const prefix_store *)store;
  char *joined = zarrc_malloc(store->ctx, p->length + strlen(prefix) + 1);
  if (!joined) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a prefix");
  join(p, prefix, joined);
  zarrc_status status = !w.fn         ? zarrc_store_erase_prefix(p->wrapper.behind, joined, error)
                        : w.temporary ? zarrc_store_list_temporary(p->wrapper.behind, joined, see, &w, error)
                                      : zarrc_store_list(p->wrapper.behind, joined, w.deep, w.sizes, see, &w, error);
  zarrc_free(store->ctx, joined);
  if (status && !w.stopped) zarrc_error_below(error, store, p->prefix, p->length);
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

static zarrc_status prefix_create(zarrc_store *store, const char *folder, const char *const *names,
                                  const zarrc_bytes *values, size_t n, const char *const *unless, zarrc_error *error) {
  const prefix_store *p = (const prefix_store *)store;
  char *joined = zarrc_malloc(store->ctx, p->length + strlen(folder) + 1);
  if (!joined) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a folder");
  zarrc_status status = zarrc_store_create(p->wrapper.behind, join(p, folder, joined), names, values, n, unless, error);
  zarrc_free(store->ctx, joined);
  if (status) zarrc_error_below(error, store, p->prefix, p->length);
  return status;
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
                                      .fetch = prefix_fetch,
                                      .create = prefix_create,
                                      .source = zarrc_wrapper_behind};
  size_t n = strlen(prefix);
  zarrc_status status = n ? zarrc_key_check(prefix, error) : ZARRC_OK;
  if (!status) status = zarrc_store_wrap(inner, prefix, &ops, sizeof(prefix_store) + n + 2, out, error);
  if (status) return status;
  prefix_store *p = (prefix_store *)*out;
  p->length = n ? n + 1 : 0;
  strcpy(stpcpy(p->prefix, prefix), "/");
  return ZARRC_OK;
}

/* SPDX-License-Identifier: MIT */
/* A store in front of another. When a blob is opened it is decided which of the two its key belongs to. */
#include "store/common.h"

#include <zarrc/plugin/store.h>

typedef struct overlay_store {
  zarrc_wrapper wrapper;
  zarrc_store *front;
} overlay_store;

static bool has_key(zarrc_store *store, const char *key) {
  zarrc_bytes bytes = {0};
  zarrc_status status = zarrc_store_get(store, key, 0, &bytes, NULL);
  zarrc_bytes_release(&bytes);
  return status == ZARRC_OK || status == ZARRC_LIMIT;
}

static size_t overlay_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  const overlay_store *o = (const overlay_store *)store;
  size_t front = zarrc_wrapper_blob_nbytes(sizeof(zarrc_wrapper_blob), o->front, key_nbytes);
  size_t behind = zarrc_wrapper_blob_nbytes(sizeof(zarrc_wrapper_blob), o->wrapper.behind, key_nbytes);
  return front > behind ? front : behind;
}

static zarrc_status overlay_open(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  const overlay_store *o = (const overlay_store *)store;
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops, .inner = zarrc_wrapper_blob_inner};
  zarrc_store *owner = has_key(o->front, key) ? o->front : o->wrapper.behind;
  return zarrc_wrapper_blob_open(blob, sizeof(zarrc_wrapper_blob), &ops, owner, key, error);
}

/* A listing of both stores. Keys in front are noted, so that they are not listed twice. */
typedef struct listing {
  zarrc_store *seen; /* the keys in front, as a set */
  bool is_behind;
  zarrc_list_fn fn;
  void *arg;
} listing;

static zarrc_status see(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  listing *l = arg;
  zarrc_status status = ZARRC_OK;
  if (!l->is_behind)
    status = zarrc_store_set(l->seen, entry->key, "", 0, error);
  else if (has_key(l->seen, entry->key))
    return ZARRC_OK;
  return status ? status : l->fn(l->arg, entry, error);
}

static zarrc_status overlay_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn,
                                 void *arg, zarrc_error *error) {
  const overlay_store *o = (const overlay_store *)store;
  listing l = {.fn = fn, .arg = arg};
  zarrc_status status = zarrc_memory_store_open(store->ctx, &l.seen, error);
  if (!status) status = zarrc_store_list(o->front, prefix, deep, sizes, see, &l, error);
  l.is_behind = true;
  if (!status) status = zarrc_store_list(o->wrapper.behind, prefix, deep, sizes, see, &l, error);
  zarrc_store_close(l.seen);
  return status;
}

static zarrc_status overlay_list_temporary(zarrc_store *store, const char *prefix, zarrc_list_fn fn, void *arg,
                                           zarrc_error *error) {
  return zarrc_store_list_temporary(zarrc_wrapper_behind(store), prefix, fn, arg, error);
}

static zarrc_status count(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  (void)entry, (void)error;
  *(size_t *)arg += 1;
  return ZARRC_OK;
}

static zarrc_status overlay_erase_prefix(zarrc_store *store, const char *prefix, zarrc_error *error) {
  const overlay_store *o = (const overlay_store *)store;
  size_t n = 0;
  zarrc_status status = zarrc_store_list(o->front, prefix, true, false, count, &n, error);
  if (!status && n > 0) status = zarrc_store_erase_prefix(o->front, prefix, error);
  return status ? status : zarrc_store_erase_prefix(o->wrapper.behind, prefix, error);
}

zarrc_status zarrc_overlay_store_open(zarrc_store *front, zarrc_store *behind, zarrc_store **out, zarrc_error *error) {
  static const zarrc_store_ops ops = {.struct_size = sizeof ops,
                                      .name = "overlay",
                                      .blob_nbytes = overlay_blob_nbytes,
                                      .open = overlay_open,
                                      .list = overlay_list,
                                      .erase_prefix = overlay_erase_prefix,
                                      .close = zarrc_store_free,
                                      .list_temporary = overlay_list_temporary,
                                      .fetch = zarrc_wrapper_fetch,
                                      .source = zarrc_wrapper_behind};
  zarrc_status status = zarrc_store_check(front, error);
  if (!status) status = zarrc_store_wrap(behind, "", &ops, sizeof(overlay_store), out, error);
  if (!status) ((overlay_store *)*out)->front = front;
  return status;
}

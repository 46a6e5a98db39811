/* SPDX-License-Identifier: MIT */
/* A store in front of another. When a blob is opened it is decided which of the two its key belongs to. */
#include "store/common.h"

#include <zarrc/plugin/store.h>

typedef struct overlay_store {
  zarrc_store store;
  zarrc_store_ops ops;
  zarrc_store *front, *behind;
} overlay_store;

typedef struct overlay_blob {
  zarrc_blob blob;
  zarrc_store *owner;
  _Alignas(uint64_t) unsigned char inner[]; /* the blob of that store */
} overlay_blob;

static zarrc_blob *inner_of(const zarrc_blob *blob) {
  return (zarrc_blob *)(void *)((overlay_blob *)blob)->inner;
}

static bool has_key(zarrc_store *store, const char *key) {
  zarrc_bytes bytes = {0};
  zarrc_status status = zarrc_store_get(store, key, 0, &bytes, NULL);
  zarrc_bytes_release(&bytes);
  return status == ZARRC_OK || status == ZARRC_LIMIT;
}

static size_t overlay_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  const overlay_store *o = (const overlay_store *)store;
  size_t front = o->front->ops->blob_nbytes(o->front, key_nbytes);
  size_t behind = o->behind->ops->blob_nbytes(o->behind, key_nbytes);
  return sizeof(overlay_blob) + (front > behind ? front : behind);
}

static zarrc_status overlay_open(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  const overlay_store *o = (const overlay_store *)store;
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops, .inner = inner_of};
  zarrc_store *owner = has_key(o->front, key) ? o->front : o->behind;
  zarrc_status status = owner->ops->open(owner, key, inner_of(blob), error);
  if (!status) *(overlay_blob *)blob = (overlay_blob){{&ops, inner_of(blob)->traits}, owner};
  return status;
}

/* Fetches the values that belong to one of the two stores. some: memory for n requests. */
static zarrc_status fetch_owned(zarrc_store *owner, zarrc_request *requests, size_t n, zarrc_request *some,
                                zarrc_error *error) {
  size_t nsome = 0;
  for (size_t i = 0; i < n; i++)
    if (((overlay_blob *)requests[i].blob)->owner == owner) some[nsome++] = requests[i];
  zarrc_status status = nsome ? zarrc_store_fetch_behind(owner, some, nsome, error) : ZARRC_OK;
  nsome = 0;
  for (size_t i = 0; i < n; i++)
    if (((overlay_blob *)requests[i].blob)->owner == owner) requests[i].status = some[nsome++].status;
  return status;
}

static zarrc_status overlay_fetch(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error) {
  const overlay_store *o = (const overlay_store *)store;
  zarrc_bytes memory;
  zarrc_status status = zarrc_scratch_take(store->ctx, n * sizeof *requests, &memory, error);
  if (status) return status;
  zarrc_request *some = (zarrc_request *)(void *)memory.ptr;
  status = fetch_owned(o->front, requests, n, some, error);
  bool half = !status && (status = fetch_owned(o->behind, requests, n, some, error));
  for (size_t i = 0; half && i < n; i++)
    if (((overlay_blob *)requests[i].blob)->owner == o->front && !requests[i].status)
      zarrc_ranges_release(requests[i].ranges, requests[i].n);
  zarrc_bytes_release(&memory);
  return status;
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
  if (!status) status = zarrc_store_list(o->behind, prefix, deep, sizes, see, &l, error);
  zarrc_store_close(l.seen);
  return status;
}

static zarrc_status overlay_list_temporary(zarrc_store *store, const char *prefix, zarrc_list_fn fn, void *arg,
                                           zarrc_error *error) {
  return zarrc_store_list_temporary(((const overlay_store *)store)->behind, prefix, fn, arg, error);
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
  return status ? status : zarrc_store_erase_prefix(o->behind, prefix, error);
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
                                      .fetch = overlay_fetch};
  zarrc_status status = zarrc_store_check(front, error);
  if (!status) status = zarrc_store_check(behind, error);
  if (status) return status;
  overlay_store *o = zarrc_malloc(behind->ctx, sizeof *o);
  if (!o) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a store");
  *o =
      (overlay_store){.store = {.ops = &o->ops, .ctx = behind->ctx, .read_only = behind->read_only, .url = behind->url},
                      .ops = ops,
                      .front = front,
                      .behind = behind};
  if (!zarrc_store_fetches(front) && !zarrc_store_fetches(behind)) o->ops.fetch = NULL;
  *out = &o->store;
  return ZARRC_OK;
}

/* SPDX-License-Identifier: MIT */
#include "support/counting_store.h"

#include <stdlib.h>
#include <string.h>

static bool is_chunk(const zarrc_key_blob *blob) {
  const char *name = strrchr(blob->key, '/');
  return strcmp(name ? name + 1 : blob->key, "zarr.json") != 0;
}

static zarrc_status counting_read(zarrc_key_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  counting_store *s = (counting_store *)blob->store;
  zarrc_key_blob inner;
  zarrc_status status = zarrc_key_blob_init(&inner, s->inner, blob->key, error);
  if (status) return status;
  status = zarrc_blob_read(&inner.blob, ranges, n, error);
  zarrc_key_blob_clear(&inner);
  if (status || !is_chunk(blob)) return status;
  if (!blob->state[0]) { /* the first read, which is never made in parallel */
    s->nopened++;
    blob->state[0] = 1;
  }
  s->nreads++;
  s->nranges += n;
  for (size_t i = 0; i < n; i++) s->nbytes += ranges[i].got.len;
  return ZARRC_OK;
}

static zarrc_status counting_replace(zarrc_key_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                     zarrc_error *error) {
  counting_store *s = (counting_store *)blob->store;
  zarrc_key_blob inner;
  zarrc_status status = zarrc_key_blob_init(&inner, s->inner, blob->key, error);
  (void)if_unchanged;
  if (status) return status;
  if (is_chunk(blob)) s->nreplaced++;
  status = inner.blob.ops->replace(&inner.blob, parts, n, false, error);
  zarrc_key_blob_clear(&inner);
  return status;
}

static zarrc_status counting_erase(zarrc_key_blob *blob, bool if_unchanged, zarrc_error *error) {
  counting_store *s = (counting_store *)blob->store;
  (void)if_unchanged;
  if (is_chunk(blob)) s->nerased++;
  return zarrc_store_erase(s->inner, blob->key, error);
}

static zarrc_status counting_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn,
                                  void *arg, zarrc_error *error) {
  return zarrc_store_list(((counting_store *)store)->inner, prefix, deep, sizes, fn, arg, error);
}

static void counting_close(zarrc_store *store) {
  zarrc_store_close(((counting_store *)store)->inner);
}

static const zarrc_store_ops counting_ops = {.struct_size = sizeof(zarrc_store_ops),
                                             .name = "counting",
                                             .read = counting_read,
                                             .replace = counting_replace,
                                             .erase = counting_erase,
                                             .list = counting_list,
                                             .close = counting_close};

void counting_store_init(counting_store *store, zarrc_ctx *ctx) {
  memset(store, 0, sizeof *store);
  store->store = (zarrc_store){.ops = &counting_ops, .ctx = ctx};
  if (zarrc_memory_store_open(ctx, &store->inner, NULL)) abort();
}

void counting_store_reset(counting_store *store) {
  store->nopened = store->nreads = store->nranges = store->nbytes = 0;
  store->nreplaced = store->nerased = 0;
}

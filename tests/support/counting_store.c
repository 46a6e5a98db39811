/* SPDX-License-Identifier: MIT */
#include "support/counting_store.h"

#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/store.h>

typedef struct passing_blob {
  zarrc_wrapper_blob blob;
  counting_store *store;
  bool has_read;
} passing_blob;

static zarrc_status counting_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  passing_blob *b = (passing_blob *)blob;
  zarrc_status status = zarrc_blob_read(zarrc_wrapper_blob_inner(blob), ranges, n, error);
  if (status) return status;
  if (!b->has_read) { /* the first read, which is never made in parallel */
    b->store->nopened++;
    b->has_read = true;
  }
  b->store->nreads++;
  b->store->nranges += n;
  for (size_t i = 0; i < n; i++) b->store->nbytes += ranges[i].got.len;
  return ZARRC_OK;
}

static zarrc_status counting_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                     zarrc_error *error) {
  ((passing_blob *)blob)->store->nreplaced++;
  return zarrc_blob_replace(zarrc_wrapper_blob_inner(blob), parts, n, if_unchanged, error);
}

static zarrc_status counting_erase(zarrc_blob *blob, bool if_unchanged, zarrc_error *error) {
  ((passing_blob *)blob)->store->nerased++;
  return zarrc_blob_erase(zarrc_wrapper_blob_inner(blob), if_unchanged, error);
}

static zarrc_store *store_inner(const zarrc_store *store) {
  return ((const counting_store *)store)->inner;
}

static size_t counting_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  return zarrc_wrapper_blob_nbytes(sizeof(passing_blob), store_inner(store), key_nbytes);
}

static zarrc_status counting_open(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops,
                                     .read = counting_read,
                                     .replace = counting_replace,
                                     .erase = counting_erase,
                                     .inner = zarrc_wrapper_blob_inner};
  const char *name = strrchr(key, '/');
  zarrc_store *inner = store_inner(store);
  if (!strcmp(name ? name + 1 : key, "zarr.json")) return inner->ops->open(inner, key, blob, error);
  zarrc_status status = zarrc_wrapper_blob_open(blob, sizeof(passing_blob), &ops, inner, key, error);
  if (!status) ((passing_blob *)blob)->store = (counting_store *)store;
  return status;
}

static void counting_close(zarrc_store *store) {
  zarrc_store_close(store_inner(store));
}

void counting_store_init(counting_store *store, zarrc_ctx *ctx) {
  static const zarrc_store_ops ops = {.struct_size = sizeof ops,
                                      .name = "counting",
                                      .blob_nbytes = counting_blob_nbytes,
                                      .open = counting_open,
                                      .close = counting_close,
                                      .inner = store_inner};
  memset(store, 0, sizeof *store);
  store->store = (zarrc_store){.ops = &ops, .ctx = ctx};
  if (zarrc_memory_store_open(ctx, &store->inner, NULL)) abort();
}

void counting_store_reset(counting_store *store) {
  store->nopened = store->nreads = store->nranges = store->nbytes = 0;
  store->nreplaced = store->nerased = 0;
}

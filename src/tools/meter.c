/* SPDX-License-Identifier: MIT */
#include "tools/meter.h"

#include "base/documents.h"

#include <string.h>
#include <zarrc/plugin/store.h>

typedef struct meter_blob {
  zarrc_wrapper_blob blob;
  zarrc_meter *meter;
  bool is_document;
  atomic_bool was_there;
} meter_blob;

static void count(meter_blob *b, const zarrc_range *ranges, size_t n, zarrc_status status) {
  if (b->is_document) return;
  if (!status && !atomic_exchange(&b->was_there, true)) atomic_fetch_add(&b->meter->opened, 1);
  atomic_fetch_add(&b->meter->reads, n);
  for (size_t i = 0; !status && i < n; i++) atomic_fetch_add(&b->meter->read_bytes, ranges[i].got.len);
}

static zarrc_status meter_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  zarrc_status status = zarrc_blob_read(zarrc_wrapper_blob_inner(blob), ranges, n, error);
  count((meter_blob *)blob, ranges, n, status);
  return status;
}

static zarrc_status meter_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                  zarrc_error *error) {
  zarrc_meter *meter = ((meter_blob *)blob)->meter;
  zarrc_status status = zarrc_blob_replace(zarrc_wrapper_blob_inner(blob), parts, n, if_unchanged, error);
  atomic_fetch_add(&meter->writes, 1);
  for (size_t i = 0; !status && i < n; i++) atomic_fetch_add(&meter->written_bytes, parts[i].len);
  return status;
}

static zarrc_status meter_replace_from(zarrc_blob *blob, zarrc_parts *parts, bool if_unchanged, zarrc_error *error) {
  zarrc_meter *meter = ((meter_blob *)blob)->meter;
  zarrc_status status = zarrc_blob_replace_from(zarrc_wrapper_blob_inner(blob), parts, if_unchanged, error);
  atomic_fetch_add(&meter->writes, 1);
  if (!status) atomic_fetch_add(&meter->written_bytes, parts->past_nbytes + parts->nbytes);
  return status;
}

static zarrc_store *store_inner(const zarrc_store *store) {
  return ((const zarrc_meter *)store)->inner;
}

static zarrc_status meter_fetch(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error) {
  zarrc_status status = zarrc_wrapper_fetch(store, requests, n, error);
  for (size_t i = 0; !status && i < n; i++)
    count((meter_blob *)requests[i].blob, requests[i].ranges, requests[i].n, requests[i].status);
  return status;
}

static size_t meter_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  return zarrc_wrapper_blob_nbytes(sizeof(meter_blob), store_inner(store), key_nbytes);
}

static zarrc_status meter_open(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops,
                                     .read = meter_read,
                                     .replace = meter_replace,
                                     .replace_from = meter_replace_from,
                                     .inner = zarrc_wrapper_blob_inner};
  meter_blob *b = (meter_blob *)blob;
  zarrc_status status = zarrc_wrapper_blob_open(blob, sizeof *b, &ops, store_inner(store), key, error);
  if (status) return status;
  b->meter = (zarrc_meter *)store;
  b->is_document = zarrc_name_is_document(zarrc_key_name(key));
  atomic_init(&b->was_there, false);
  return ZARRC_OK;
}

void zarrc_meter_init(zarrc_meter *meter, zarrc_store *inner, zarrc_ctx *ctx) {
  static const zarrc_store_ops ops = {.struct_size = sizeof ops,
                                      .name = "meter",
                                      .blob_nbytes = meter_blob_nbytes,
                                      .open = meter_open,
                                      .inner = store_inner,
                                      .fetch = meter_fetch};
  *meter = (zarrc_meter){.store = {.ops = &ops, .ctx = ctx, .read_only = inner->read_only, .url = inner->url},
                         .inner = inner};
}

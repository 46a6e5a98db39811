/* SPDX-License-Identifier: MIT */
#include "tools/meter.h"

#include "base/documents.h"

#include <string.h>
#include <zarrc/plugin/store.h>

typedef struct meter_blob {
  zarrc_blob blob;
  zarrc_meter *meter;
  bool is_document;
  atomic_bool was_there;
  _Alignas(uint64_t) unsigned char inner[]; /* the blob of the inner store */
} meter_blob;

static zarrc_blob *inner_of(const zarrc_blob *blob) {
  return (zarrc_blob *)(void *)((meter_blob *)blob)->inner;
}

static void count(meter_blob *b, const zarrc_range *ranges, size_t n, zarrc_status status) {
  if (!status && !atomic_exchange(&b->was_there, true)) atomic_fetch_add(&b->meter->opened, 1);
  atomic_fetch_add(&b->meter->reads, n);
  for (size_t i = 0; !status && i < n; i++) atomic_fetch_add(&b->meter->read_bytes, ranges[i].got.len);
}

static zarrc_status meter_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  zarrc_status status = zarrc_blob_read(inner_of(blob), ranges, n, error);
  count((meter_blob *)blob, ranges, n, status);
  return status;
}

static zarrc_status meter_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                  zarrc_error *error) {
  zarrc_meter *meter = ((meter_blob *)blob)->meter;
  zarrc_status status = zarrc_blob_replace(inner_of(blob), parts, n, if_unchanged, error);
  atomic_fetch_add(&meter->writes, 1);
  for (size_t i = 0; !status && i < n; i++) atomic_fetch_add(&meter->written_bytes, parts[i].len);
  return status;
}

/* A source that counts the bytes of another one. */
typedef struct counted {
  const zarrc_source *source;
  void *state;
  zarrc_meter *meter;
} counted;

static zarrc_status counted_next(void *state, zarrc_parts *parts, zarrc_error *error) {
  counted *c = state;
  zarrc_status status = c->source->next(c->state, parts, error);
  if (!status) atomic_fetch_add(&c->meter->written_bytes, parts->nbytes);
  return status;
}

static void counted_close(void *state) {
  (void)state; /* meter_replace_from restores the source of the parts */
}

static zarrc_status meter_replace_from(zarrc_blob *blob, zarrc_parts *parts, bool if_unchanged, zarrc_error *error) {
  static const zarrc_source counting = {sizeof(zarrc_source), counted_next, counted_close};
  counted c = {parts->source, parts->source_state, ((meter_blob *)blob)->meter};
  atomic_fetch_add(&c.meter->writes, 1);
  atomic_fetch_add(&c.meter->written_bytes, parts->nbytes);
  parts->source = &counting;
  parts->source_state = &c;
  zarrc_status status = zarrc_blob_replace_from(inner_of(blob), parts, if_unchanged, error);
  parts->source = c.source;
  parts->source_state = c.state;
  return status;
}

static zarrc_store *store_inner(const zarrc_store *store) {
  return ((const zarrc_meter *)store)->inner;
}

static zarrc_status meter_fetch(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error) {
  zarrc_status status = zarrc_store_fetch_behind(store_inner(store), requests, n, error);
  for (size_t i = 0; !status && i < n; i++) {
    meter_blob *b = (meter_blob *)((unsigned char *)requests[i].blob - offsetof(meter_blob, inner));
    if (!b->is_document) count(b, requests[i].ranges, requests[i].n, requests[i].status);
  }
  return status;
}

static size_t meter_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  const zarrc_store *inner = store_inner(store);
  return sizeof(meter_blob) + inner->ops->blob_nbytes(inner, key_nbytes);
}

static bool is_document(const char *key) {
  return zarrc_name_is_document(zarrc_key_name(key));
}

static zarrc_status meter_open(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops,
                                     .read = meter_read,
                                     .replace = meter_replace,
                                     .replace_from = meter_replace_from,
                                     .inner = inner_of};
  static const zarrc_blob_ops document_ops = {.struct_size = sizeof document_ops,
                                              .replace = meter_replace,
                                              .replace_from = meter_replace_from,
                                              .inner = inner_of};
  meter_blob *b = (meter_blob *)blob;
  zarrc_status status = store_inner(store)->ops->open(store_inner(store), key, inner_of(blob), error);
  if (status) return status;
  b->is_document = is_document(key);
  b->blob = (zarrc_blob){b->is_document ? &document_ops : &ops, inner_of(blob)->traits};
  b->meter = (zarrc_meter *)store;
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
  *meter = (zarrc_meter){.store = {.ops = &meter->ops, .ctx = ctx, .read_only = inner->read_only, .url = inner->url},
                         .ops = ops,
                         .inner = inner};
  if (!zarrc_store_fetches(inner)) meter->ops.fetch = NULL;
}

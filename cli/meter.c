/* SPDX-License-Identifier: MIT */
#include "meter.h"

/* A blob of the meter is a blob of the inner store whose `store` says otherwise between calls. */
static cli_meter *enter(zarrc_key_blob *blob) {
  cli_meter *meter = (cli_meter *)blob->store;
  blob->store = meter->inner;
  return meter;
}

static zarrc_status meter_read(zarrc_key_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  cli_meter *meter = enter(blob);
  zarrc_status status = meter->inner->ops->read(blob, ranges, n, error);
  blob->store = &meter->store;
  atomic_fetch_add(&meter->reads, n);
  for (size_t i = 0; status == ZARRC_OK && i < n; i++) atomic_fetch_add(&meter->read_bytes, ranges[i].got.len);
  return status;
}

static zarrc_status meter_replace(zarrc_key_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                  zarrc_error *error) {
  cli_meter *meter = enter(blob);
  zarrc_status status = meter->inner->ops->replace(blob, parts, n, if_unchanged, error);
  blob->store = &meter->store;
  atomic_fetch_add(&meter->writes, 1);
  for (size_t i = 0; status == ZARRC_OK && i < n; i++) atomic_fetch_add(&meter->written_bytes, parts[i].len);
  return status;
}

static zarrc_status meter_erase(zarrc_key_blob *blob, bool if_unchanged, zarrc_error *error) {
  cli_meter *meter = enter(blob);
  zarrc_status status = meter->inner->ops->erase(blob, if_unchanged, error);
  blob->store = &meter->store;
  return status;
}

static void meter_forget(zarrc_key_blob *blob) {
  cli_meter *meter = enter(blob);
  if (meter->inner->ops->forget != NULL) meter->inner->ops->forget(blob);
  blob->store = &meter->store;
}

static zarrc_status meter_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn,
                               void *arg, zarrc_error *error) {
  return zarrc_store_list(((cli_meter *)store)->inner, prefix, deep, sizes, fn, arg, error);
}

static zarrc_status meter_erase_prefix(zarrc_store *store, const char *prefix, zarrc_error *error) {
  return zarrc_store_erase_prefix(((cli_meter *)store)->inner, prefix, error);
}

static void meter_close(zarrc_store *store) {
  (void)store;
}

static const zarrc_store_ops meter_ops = {.struct_size = sizeof(zarrc_store_ops),
                                          .name = "meter",
                                          .read = meter_read,
                                          .replace = meter_replace,
                                          .erase = meter_erase,
                                          .forget = meter_forget,
                                          .list = meter_list,
                                          .erase_prefix = meter_erase_prefix,
                                          .close = meter_close};

void cli_meter_init(cli_meter *meter, zarrc_store *inner) {
  *meter = (cli_meter){.inner = inner};
  meter->store.ops = &meter_ops;
  meter->store.ctx = inner->ctx;
  meter->store.read_only = inner->read_only || inner->ops->replace == NULL;
}

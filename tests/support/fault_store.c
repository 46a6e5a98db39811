/* SPDX-License-Identifier: MIT */
#include "support/fault_store.h"

#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/store.h>

typedef struct fault_blob {
  zarrc_wrapper_blob blob;
  fault_store *store;
} fault_blob;

/* Counts an operation; returns whether it is the one. */
static bool is_due(fault_store *f, fault_kind kind) {
  bool due = atomic_fetch_add(&f->calls, 1) + 1 == f->at && f->kind == kind;
  if (due) f->nfaults++;
  return due;
}

#define FAIL_IF_DUE(f)                                                                                                 \
  if (is_due(f, FAULT_FAIL)) return zarrc_fail(error, (f)->status, "fault of operation %zu", (f)->at)

static void copy_release(zarrc_bytes *bytes) {
  free((void *)bytes->ptr);
}

/* Turns one bit in the middle; what is lent is copied first. */
static void damage(zarrc_bytes *bytes, bool is_own) {
  if (!bytes->len || !bytes->ptr) return;
  if (!is_own) {
    uint8_t *copy = malloc(bytes->len);
    memcpy(copy, bytes->ptr, bytes->len);
    size_t len = bytes->len;
    zarrc_bytes_release(bytes);
    *bytes = (zarrc_bytes){copy, len, copy_release, NULL};
  }
  ((uint8_t *)bytes->ptr)[bytes->len / 2] ^= 0x10;
}

static zarrc_status fault_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  fault_store *f = ((fault_blob *)blob)->store;
  bool damaged = f->kind == FAULT_DAMAGE && is_due(f, FAULT_DAMAGE);
  if (f->kind == FAULT_FAIL) FAIL_IF_DUE(f);
  zarrc_status status = zarrc_blob_read(zarrc_wrapper_blob_inner(blob), ranges, n, error);
  if (!status && damaged) damage(&ranges[n / 2].got, ranges[n / 2].into != NULL);
  return status;
}

static zarrc_status fault_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                  zarrc_error *error) {
  fault_store *f = ((fault_blob *)blob)->store;
  if (f->kind == FAULT_FAIL) {
    FAIL_IF_DUE(f);
  } else if (is_due(f, FAULT_DAMAGE) && n) {
    zarrc_bytes *copy = malloc(n * sizeof *copy), *one = &copy[n / 2];
    memcpy(copy, parts, n * sizeof *copy);
    one->release = NULL;
    damage(one, false);
    zarrc_status status = zarrc_blob_replace(zarrc_wrapper_blob_inner(blob), copy, n, if_unchanged, error);
    if (one->release) zarrc_bytes_release(one);
    free(copy);
    return status;
  }
  return zarrc_blob_replace(zarrc_wrapper_blob_inner(blob), parts, n, if_unchanged, error);
}

static zarrc_status fault_replace_from(zarrc_blob *blob, zarrc_parts *parts, bool if_unchanged, zarrc_error *error) {
  FAIL_IF_DUE(((fault_blob *)blob)->store);
  return zarrc_blob_replace_from(zarrc_wrapper_blob_inner(blob), parts, if_unchanged, error);
}

static zarrc_status fault_erase(zarrc_blob *blob, bool if_unchanged, zarrc_error *error) {
  FAIL_IF_DUE(((fault_blob *)blob)->store);
  return zarrc_blob_erase(zarrc_wrapper_blob_inner(blob), if_unchanged, error);
}

static zarrc_status fault_identify(zarrc_blob *blob, zarrc_identity *out, bool *known, zarrc_error *error) {
  FAIL_IF_DUE(((fault_blob *)blob)->store);
  return zarrc_blob_identify(zarrc_wrapper_blob_inner(blob), out, known, error);
}

static zarrc_store *store_inner(const zarrc_store *store) {
  return ((const fault_store *)store)->inner;
}

static size_t fault_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  return zarrc_wrapper_blob_nbytes(sizeof(fault_blob), store_inner(store), key_nbytes);
}

static zarrc_status fault_open(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops,
                                     .read = fault_read,
                                     .replace = fault_replace,
                                     .replace_from = fault_replace_from,
                                     .erase = fault_erase,
                                     .identify = fault_identify,
                                     .inner = zarrc_wrapper_blob_inner};
  zarrc_status status = zarrc_wrapper_blob_open(blob, sizeof(fault_blob), &ops, store_inner(store), key, error);
  if (!status) ((fault_blob *)blob)->store = (fault_store *)store;
  return status;
}

static zarrc_status fault_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn,
                               void *arg, zarrc_error *error) {
  FAIL_IF_DUE((fault_store *)store);
  return zarrc_store_list(store_inner(store), prefix, deep, sizes, fn, arg, error);
}

static zarrc_status fault_erase_prefix(zarrc_store *store, const char *prefix, zarrc_error *error) {
  FAIL_IF_DUE((fault_store *)store);
  return zarrc_store_erase_prefix(store_inner(store), prefix, error);
}

void fault_store_init(fault_store *store, zarrc_store *inner) {
  static const zarrc_store_ops ops = {.struct_size = sizeof ops,
                                      .name = "fault",
                                      .blob_nbytes = fault_blob_nbytes,
                                      .open = fault_open,
                                      .list = fault_list,
                                      .erase_prefix = fault_erase_prefix,
                                      .inner = store_inner};
  memset(store, 0, sizeof *store);
  store->store = (zarrc_store){.ops = &ops, .ctx = inner->ctx, .read_only = inner->read_only, .url = inner->url};
  store->inner = inner;
}

void fault_store_arm(fault_store *store, size_t at, zarrc_status status) {
  store->kind = status ? FAULT_FAIL : FAULT_DAMAGE;
  store->status = status;
  store->at = at;
  store->calls = store->nfaults = 0;
}

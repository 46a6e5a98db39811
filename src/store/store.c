/* SPDX-License-Identifier: MIT */
/* What is the same for every store: keys, the blob of a key, whole values. */
#include "store/common.h"

#include "base/chars.h"
#include "base/ops.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------------ keys */

bool zarrc_key_is_below(const char *key, const char *prefix) {
  size_t n = strlen(prefix);
  return n == 0 || (!strncmp(key, prefix, n) && key[n] == '/');
}

static zarrc_status refuse_key(const char *key, const char *why, zarrc_error *error) {
  char text[ZARRC_EXCERPT];
  zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "key \"%s\": %s", zarrc_excerpt(text, key, strlen(key)), why);
  if (error) snprintf(error->key, sizeof error->key, "%s", key);
  return ZARRC_INVALID_ARGUMENT;
}

zarrc_status zarrc_key_check(const char *key, zarrc_error *error) {
  if (!key) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "no key");
  size_t length = strlen(key);
  if (length == 0) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a key is empty");
  if (*key == '/') return refuse_key(key, "it begins with a slash", error);
  if (zarrc_utf8_valid((const uint8_t *)key, length) != length) return refuse_key(key, "it is not UTF-8", error);
  for (const char *segment = key;; segment++) {
    size_t n = strcspn(segment, "/");
    if (n == 0) return refuse_key(key, "it has an empty segment", error);
    if (n == 1 && segment[0] == '.') return refuse_key(key, "it has a segment \".\"", error);
    if (n == 2 && segment[0] == '.' && segment[1] == '.') return refuse_key(key, "it has a segment \"..\"", error);
    segment += n;
    if (!*segment) return ZARRC_OK;
  }
}

static zarrc_status check_prefix(const char *prefix, zarrc_error *error) {
  return prefix && !*prefix ? ZARRC_OK : zarrc_key_check(prefix, error);
}

/* ------------------------------------------------------------------------------------------ the blob of a key */

static zarrc_status with_key(zarrc_status status, const char *key, zarrc_error *error) {
  if (status == ZARRC_OK || !error) return status;
  if (error->code != status) zarrc_fail(error, status, "%s", zarrc_status_words(status));
  zarrc_error_prefix(error, "%s: ", key);
  snprintf(error->key, sizeof error->key, "%s", key);
  return status;
}

static zarrc_status key_read(zarrc_blob *self, zarrc_range *ranges, size_t n, zarrc_error *error) {
  zarrc_key_blob *blob = (zarrc_key_blob *)self;
  return with_key(blob->store->ops->read(blob, ranges, n, error), blob->key, error);
}

static zarrc_status check_writable(const zarrc_store *store, zarrc_error *error) {
  if (!store->read_only && store->ops->replace && store->ops->erase) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the store is read-only");
}

static zarrc_status key_replace(zarrc_blob *self, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                zarrc_error *error) {
  zarrc_key_blob *blob = (zarrc_key_blob *)self;
  zarrc_status status = check_writable(blob->store, error);
  if (!status) status = blob->store->ops->replace(blob, parts, n, if_unchanged, error);
  return with_key(status, blob->key, error);
}

static zarrc_status key_replace_from(zarrc_blob *self, zarrc_parts *parts, bool if_unchanged, zarrc_error *error) {
  zarrc_key_blob *blob = (zarrc_key_blob *)self;
  zarrc_status status = check_writable(blob->store, error);
  if (!status) status = blob->store->ops->replace_from(blob, parts, if_unchanged, error);
  return with_key(status, blob->key, error);
}

static zarrc_status key_erase(zarrc_blob *self, bool if_unchanged, zarrc_error *error) {
  zarrc_key_blob *blob = (zarrc_key_blob *)self;
  zarrc_status status = check_writable(blob->store, error);
  if (!status) status = blob->store->ops->erase(blob, if_unchanged, error);
  return with_key(status, blob->key, error);
}

static zarrc_status key_identify(zarrc_blob *self, zarrc_identity *out, bool *known, zarrc_error *error) {
  zarrc_key_blob *blob = (zarrc_key_blob *)self;
  const zarrc_store_ops *ops = blob->store->ops;
  *known = false;
  if (!ZARRC_HAS_OP(ops, identify)) return ZARRC_OK;
  return with_key(ops->identify(blob, out, known, error), blob->key, error);
}

static bool key_keep(const zarrc_blob *self, uint64_t offset, uint64_t nbytes, zarrc_bytes *out) {
  const zarrc_store_ops *ops = ((const zarrc_key_blob *)self)->store->ops;
  if (!ZARRC_HAS_OP(ops, keeps) || offset > UINTPTR_MAX || nbytes > SIZE_MAX) return false;
  *out = (zarrc_bytes){.len = (size_t)nbytes, .owner = (void *)(uintptr_t)offset};
  return true;
}

static const zarrc_blob_ops read_only_ops = {
    .struct_size = sizeof(zarrc_blob_ops), .read = key_read, .identify = key_identify};
#define READ_WRITE_OPS                                                                                                 \
  .struct_size = sizeof(zarrc_blob_ops), .read = key_read, .replace = key_replace, .erase = key_erase,                 \
  .identify = key_identify, .keep = key_keep
static const zarrc_blob_ops read_write_ops = {READ_WRITE_OPS};
static const zarrc_blob_ops streaming_ops = {READ_WRITE_OPS, .replace_from = key_replace_from};

static const zarrc_blob_ops deferred_ops = {READ_WRITE_OPS, .remote = true, .deferred = true};

zarrc_status zarrc_key_blob_init(zarrc_key_blob *blob, zarrc_store *store, const char *key, zarrc_error *error) {
  *blob = (zarrc_key_blob){0};
  zarrc_status status = zarrc_key_check(key, error);
  if (status) return status;
  bool writable = check_writable(store, NULL) == ZARRC_OK;
  const zarrc_blob_ops *ops = ZARRC_HAS_OP(store->ops, deferred)       ? &deferred_ops
                              : !writable                              ? &read_only_ops
                              : ZARRC_HAS_OP(store->ops, replace_from) ? &streaming_ops
                                                                       : &read_write_ops;
  *blob = (zarrc_key_blob){.blob.ops = ops, .store = store, .key = key, .state = {0}};
  return ZARRC_OK;
}

void zarrc_key_blob_clear(zarrc_key_blob *blob) {
  if (!blob) return;
  if (blob->store && blob->store->ops->forget) blob->store->ops->forget(blob);
  *blob = (zarrc_key_blob){0};
}

/* --------------------------------------------------------------------------------------------------- the store */

void zarrc_store_close(zarrc_store *store) {
  if (store && store->ops->close) store->ops->close(store);
}

zarrc_status zarrc_store_get(zarrc_store *store, const char *key, uint64_t max, zarrc_bytes *out, zarrc_error *error) {
  zarrc_key_blob blob;
  zarrc_status status = zarrc_key_blob_init(&blob, store, key, error);
  if (!status) status = zarrc_blob_read_all(&blob.blob, max, out, error);
  zarrc_key_blob_clear(&blob);
  return status;
}

zarrc_status zarrc_store_set(zarrc_store *store, const char *key, const void *bytes, size_t nbytes,
                             zarrc_error *error) {
  zarrc_key_blob blob;
  zarrc_bytes part = {.ptr = bytes, .len = nbytes};
  zarrc_status status = zarrc_key_blob_init(&blob, store, key, error);
  if (!status) status = key_replace(&blob.blob, &part, 1, false, error);
  zarrc_key_blob_clear(&blob);
  return status;
}

zarrc_status zarrc_store_erase(zarrc_store *store, const char *key, zarrc_error *error) {
  zarrc_key_blob blob;
  zarrc_status status = zarrc_key_blob_init(&blob, store, key, error);
  if (!status) status = key_erase(&blob.blob, false, error);
  zarrc_key_blob_clear(&blob);
  return status;
}

zarrc_status zarrc_store_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn,
                              void *arg, zarrc_error *error) {
  zarrc_status status = check_prefix(prefix, error);
  if (status) return status;
  if (!store->ops->list)
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "the %s store cannot list its keys", store->ops->name);
  return store->ops->list(store, prefix, deep, sizes, fn, arg, error);
}

zarrc_status zarrc_store_list_temporary(zarrc_store *store, const char *prefix, zarrc_list_fn fn, void *arg,
                                        zarrc_error *error) {
  zarrc_status status = check_prefix(prefix, error);
  if (status || !ZARRC_HAS_OP(store->ops, list_temporary)) return status;
  return store->ops->list_temporary(store, prefix, fn, arg, error);
}

static zarrc_status collect_key(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  return entry->is_prefix ? ZARRC_OK : zarrc_buf_append(arg, entry->key, strlen(entry->key) + 1, error);
}

static bool is_metadata(const char *key) {
  const char *slash = strrchr(key, '/');
  return !strcmp(slash ? slash + 1 : key, "zarr.json");
}

/* Metadata go first: what an end half way leaves behind is no array with holes. */
static zarrc_status erase_keys(zarrc_store *store, const char *prefix, zarrc_error *error) {
  zarrc_buf keys = zarrc_buf_new(store->ctx, SIZE_MAX);
  zarrc_status status = zarrc_store_list(store, prefix, true, false, collect_key, &keys, error);
  for (int metadata = 1; metadata >= 0 && !status; metadata--) {
    const char *key = (const char *)keys.ptr;
    for (size_t i = 0; i < keys.len && !status; i += strlen(key + i) + 1)
      if (is_metadata(key + i) == metadata) status = zarrc_store_erase(store, key + i, error);
  }
  zarrc_buf_clear(&keys);
  return status;
}

zarrc_status zarrc_store_erase_prefix(zarrc_store *store, const char *prefix, zarrc_error *error) {
  zarrc_status status = check_prefix(prefix, error);
  if (!status) status = with_key(check_writable(store, error), prefix, error);
  if (status) return status;
  const zarrc_store_ops *ops = store->ops;
  if (ZARRC_HAS_OP(ops, erase_prefix)) return with_key(ops->erase_prefix(store, prefix, error), prefix, error);
  return erase_keys(store, prefix, error);
}

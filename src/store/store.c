/* SPDX-License-Identifier: MIT */
/* What all stores share: keys, the blob of a key, whole values. */
#include "store/common.h"

#include "base/documents.h"
#include "base/ops.h"
#include "base/text.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>
#include <zarrc/plugin/store.h>

/* ------------------------------------------------------------------------------------------------------ keys */

bool zarrc_key_is_below(const char *key, const char *prefix) {
  size_t n = strlen(prefix);
  return n == 0 || (!strncmp(key, prefix, n) && key[n] == '/');
}

static zarrc_status refuse_key(const char *key, const char *why, zarrc_error *error) {
  zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "no valid key: it %s", why);
  zarrc_error_in_key(error, NULL, key);
  return ZARRC_INVALID_ARGUMENT;
}

static zarrc_status key_measure(const char *key, size_t *out, zarrc_error *error) {
  if (!key) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "no key");
  size_t length = *out = strlen(key);
  if (length == 0) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a key is empty");
  if (*key == '/') return refuse_key(key, "begins with a slash", error);
  if (zarrc_utf8_valid((const uint8_t *)key, length) != length) return refuse_key(key, "is not UTF-8", error);
  for (const char *segment = key;; segment++) {
    size_t n = strcspn(segment, "/");
    if (n == 0) return refuse_key(key, "has an empty segment", error);
    if (n == 1 && segment[0] == '.') return refuse_key(key, "has a segment \".\"", error);
    if (n == 2 && segment[0] == '.' && segment[1] == '.') return refuse_key(key, "has a segment \"..\"", error);
    segment += n;
    if (!*segment) return ZARRC_OK;
  }
}

zarrc_status zarrc_key_check(const char *key, zarrc_error *error) {
  size_t length;
  return key_measure(key, &length, error);
}

static zarrc_status check_prefix(const char *prefix, zarrc_error *error) {
  return prefix && !*prefix ? ZARRC_OK : zarrc_key_check(prefix, error);
}

/* ---------------------------------------------------------------------------------------------------- errors */

void zarrc_url_join(const char *url, const char *key, char *out, size_t size) {
  size_t n = strlen(url);
  bool joint = n > 0 && *key && url[n - 1] != '/' && url[n - 1] != ':';
  snprintf(out, size, "%s%s%s", url, joint ? "/" : "", key);
}

void zarrc_error_in_key(zarrc_error *error, const zarrc_store *store, const char *key) {
  if (!error || error->code == ZARRC_OK) return;
  if (!*error->key) zarrc_text_fit(error->key, sizeof error->key, key);
  if (!*error->store && store && store->url && strlen(store->url) < sizeof error->store)
    memcpy(error->store, store->url, strlen(store->url) + 1);
}

void zarrc_error_below(zarrc_error *error, const zarrc_store *store, const char *prefix, size_t n) {
  if (!error || strncmp(error->key, prefix, n) != 0) return;
  memmove(error->key, error->key + n, strlen(error->key + n) + 1);
  *error->store = '\0';
  zarrc_error_in_key(error, store, "");
}

/* ------------------------------------------------------------------------------------------ the blob of a key */

static zarrc_status in_key(zarrc_status status, const zarrc_store *store, const char *key, zarrc_error *error) {
  if (status) zarrc_error_in_key(error, store, key);
  return status;
}

zarrc_status zarrc_store_check(const zarrc_store *store, zarrc_error *error) {
  for (; store; store = ZARRC_HAS_OP(store->ops, inner) ? store->ops->inner(store) : NULL)
    if (!ZARRC_HAS_OP(store->ops, open) || !ZARRC_HAS_OP(store->ops, blob_nbytes))
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the table of a store lacks open or blob_nbytes");
  return ZARRC_OK;
}

zarrc_status zarrc_key_blob_open(zarrc_key_blob *blob, zarrc_store *store, const char *key, zarrc_error *error) {
  size_t length;
  blob->blob = NULL;
  blob->memory = (zarrc_bytes){0};
  zarrc_status status = key_measure(key, &length, error);
  if (!status) status = zarrc_store_check(store, error);
  if (status) return status;
  zarrc_blob *memory = (zarrc_blob *)(void *)blob->room.bytes;
  size_t nbytes = store->ops->blob_nbytes(store, length);
  if (nbytes > sizeof blob->room.bytes) {
    status = zarrc_scratch_take(store->ctx, nbytes, &blob->memory, error);
    memory = (zarrc_blob *)(void *)blob->memory.ptr;
  }
  if (!status) status = store->ops->open(store, key, memory, error);
  if (!status)
    blob->blob = memory;
  else
    zarrc_bytes_release(&blob->memory);
  return in_key(status, store, key, error);
}

void zarrc_key_blob_close(zarrc_key_blob *blob) {
  if (!blob || !blob->blob) return;
  zarrc_blob_close(blob->blob);
  blob->blob = NULL;
  zarrc_bytes_release(&blob->memory);
}

/* --------------------------------------------------------------------------------------------------- the store */

void zarrc_store_close(zarrc_store *store) {
  if (store && ZARRC_HAS_OP(store->ops, close)) store->ops->close(store);
}

void zarrc_store_free(zarrc_store *store) {
  zarrc_free(store->ctx, store);
}

zarrc_store *zarrc_wrapper_behind(const zarrc_store *store) {
  return ((const zarrc_wrapper *)store)->behind;
}

zarrc_store *zarrc_store_source(const zarrc_store *store) {
  if (ZARRC_HAS_OP(store->ops, source)) return store->ops->source(store);
  return ZARRC_HAS_OP(store->ops, inner) ? store->ops->inner(store) : NULL;
}

bool zarrc_stage_possible(const zarrc_store *store) {
  bool read_only = store->read_only;
  ZARRC_FIND_OP(store, stage);
  return ZARRC_HAS_OP(store->ops, stage) && !read_only && !store->read_only;
}

zarrc_status zarrc_store_wrap(zarrc_store *behind, const char *key, const zarrc_store_ops *ops, size_t nbytes,
                              zarrc_store **out, zarrc_error *error) {
  zarrc_status status = zarrc_store_check(behind, error);
  if (status) return status;
  size_t at = nbytes + (0 - nbytes) % sizeof(uint64_t);
  size_t room = behind->url ? strlen(behind->url) + strlen(key) + 2 : 0;
  zarrc_store *store = zarrc_malloc(behind->ctx, at + sizeof *ops + room);
  if (!store) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a store");
  memset(store, 0, nbytes);
  zarrc_store_ops *table = (zarrc_store_ops *)(void *)((char *)store + at);
  *table = *ops;
  if (!zarrc_store_fetches(behind)) table->fetch = NULL;
  if (!zarrc_stage_possible(behind)) table->stage = NULL;
  char *url = room ? (char *)(table + 1) : NULL;
  if (url) zarrc_url_join(behind->url, key, url, room);
  *(zarrc_wrapper *)store =
      (zarrc_wrapper){{.ops = table, .ctx = behind->ctx, .read_only = behind->read_only, .url = url}, behind};
  *out = store;
  return ZARRC_OK;
}

static zarrc_status check_writable(const zarrc_store *store, zarrc_error *error) {
  return store->read_only ? zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the store is read-only") : ZARRC_OK;
}

zarrc_status zarrc_store_get(zarrc_store *store, const char *key, uint64_t max, zarrc_bytes *out, zarrc_error *error) {
  zarrc_key_blob blob;
  zarrc_status status = zarrc_key_blob_open(&blob, store, key, error);
  if (status) return status;
  status = zarrc_blob_read_all(blob.blob, max, out, error);
  zarrc_key_blob_close(&blob);
  return in_key(status, store, key, error);
}

zarrc_status zarrc_store_set(zarrc_store *store, const char *key, const void *bytes, size_t nbytes,
                             zarrc_error *error) {
  zarrc_key_blob blob;
  zarrc_bytes part = {.ptr = bytes, .len = nbytes};
  zarrc_status status = zarrc_key_blob_open(&blob, store, key, error);
  if (status) return status;
  status = check_writable(store, error);
  if (!status) status = zarrc_blob_replace(blob.blob, &part, 1, false, error);
  zarrc_key_blob_close(&blob);
  return in_key(status, store, key, error);
}

zarrc_status zarrc_store_erase(zarrc_store *store, const char *key, zarrc_error *error) {
  zarrc_key_blob blob;
  zarrc_status status = zarrc_key_blob_open(&blob, store, key, error);
  if (status) return status;
  status = check_writable(store, error);
  if (!status) status = zarrc_blob_erase(blob.blob, false, error);
  zarrc_key_blob_close(&blob);
  return in_key(status, store, key, error);
}

zarrc_status zarrc_store_create(zarrc_store *store, const char *folder, const char *const *names,
                                const zarrc_bytes *values, size_t n, const char *const *unless, zarrc_error *error) {
  zarrc_status status = check_prefix(folder, error);
  if (!status) status = check_writable(store, error);
  if (!status && !ZARRC_HAS_OP(store->ops, create))
    status =
        zarrc_fail(error, ZARRC_UNSUPPORTED, "the %s store cannot create several values at once", store->ops->name);
  if (!status) status = store->ops->create(store, folder, names, values, n, unless, error);
  return in_key(status, store, folder, error);
}

zarrc_status zarrc_store_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn,
                              void *arg, zarrc_error *error) {
  zarrc_status status = check_prefix(prefix, error);
  if (status) return status;
  ZARRC_FIND_OP(store, list);
  if (!ZARRC_HAS_OP(store->ops, list))
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "the %s store cannot list its keys", store->ops->name);
  return store->ops->list(store, prefix, deep, sizes, fn, arg, error);
}

zarrc_status zarrc_store_list_temporary(zarrc_store *store, const char *prefix, zarrc_list_fn fn, void *arg,
                                        zarrc_error *error) {
  zarrc_status status = check_prefix(prefix, error);
  ZARRC_FIND_OP(store, list_temporary);
  if (status || !ZARRC_HAS_OP(store->ops, list_temporary)) return status;
  return store->ops->list_temporary(store, prefix, fn, arg, error);
}

static zarrc_status collect_key(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  return entry->is_prefix ? ZARRC_OK : zarrc_buf_append(arg, entry->key, strlen(entry->key) + 1, error);
}

static bool is_metadata(const char *key) {
  return zarrc_name_makes_node(zarrc_key_name(key));
}

/* Erases the keys below a prefix, metadata first, so that an interruption does not leave an array with holes. */
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
  if (!status) status = in_key(check_writable(store, error), store, prefix, error);
  if (status) return status;
  zarrc_store *eraser = store;
  ZARRC_FIND_OP(eraser, erase_prefix);
  if (!ZARRC_HAS_OP(eraser->ops, erase_prefix)) return erase_keys(store, prefix, error);
  status = eraser->ops->erase_prefix(eraser, prefix, error);
  return in_key(status, store, prefix, error);
}

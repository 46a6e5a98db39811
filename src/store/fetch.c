/* SPDX-License-Identifier: MIT */
/* Fetches many values at once, or one after another from a store that cannot do that; and the blobs of wrappers. */
#include "store/common.h"

#include "base/ops.h"
#include "base/sized.h"

#include <string.h>
#include <zarrc/plugin/store.h>

/* Reads the part of a range that exists, and the length of the value. */
static zarrc_status read_range(zarrc_blob *blob, zarrc_range *range, zarrc_error *error) {
  range->total = ZARRC_UNKNOWN;
  zarrc_status status = zarrc_blob_read(blob, range, 1, error);
  uint64_t total = range->total, offset = (uint64_t)range->offset;
  if ((status != ZARRC_TRUNCATED && status != ZARRC_LIMIT) || total == ZARRC_UNKNOWN) return status;
  range->got = (zarrc_bytes){0};
  if (status == ZARRC_LIMIT || (range->offset > 0 && offset >= total)) return ZARRC_OK;
  zarrc_range there = {.offset = range->offset > 0 ? range->offset : 0, .nbytes = total};
  if (range->offset > 0) there.nbytes = total - offset;
  status = zarrc_blob_read(blob, &there, 1, error);
  if (!status) range->got = there.got;
  return status;
}

static zarrc_status read_request(zarrc_request *r) {
  for (size_t i = 0; i < r->n; i++) {
    zarrc_status status = read_range(r->blob, &r->ranges[i], r->error);
    if (!status) continue;
    zarrc_ranges_release(r->ranges, i);
    return status;
  }
  return ZARRC_OK;
}

bool zarrc_store_fetches(const zarrc_store *store) {
  for (; ZARRC_HAS_OP(store->ops, fetch); store = store->ops->inner(store))
    if (!ZARRC_HAS_OP(store->ops, inner)) return true;
  return false;
}

/* Calls `fetch`, which must not return ZARRC_PENDING: whoever waits for it would ask again and again. */
static zarrc_status fetch_all(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error) {
  static const char *const words = "the store's function fetch returned ZARRC_PENDING";
  zarrc_status status = store->ops->fetch(store, requests, n, error);
  if (status == ZARRC_PENDING) return zarrc_fail(error, ZARRC_INTERNAL, "%s", words);
  for (size_t i = 0; i < n && !status; i++)
    if (requests[i].status == ZARRC_PENDING)
      requests[i].status = zarrc_fail(requests[i].error, ZARRC_INTERNAL, "%s", words);
  return status;
}

static zarrc_status read_all(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < n && !status; i++) {
    status = zarrc_ctx_check_canceled(store->ctx, error);
    if (!status) requests[i].status = read_request(&requests[i]);
  }
  return status;
}

zarrc_status zarrc_store_fetch(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < n; i++) {
    requests[i].status = ZARRC_PENDING;
    if (!status) status = ZARRC_CHECK_ROOM(&requests[i], "request", error);
  }
  if (!status) status = (zarrc_store_fetches(store) ? fetch_all : read_all)(store, requests, n, error);
  for (size_t i = 0; i < n && status; i++)
    if (!requests[i].status) zarrc_ranges_release(requests[i].ranges, requests[i].n);
  return status;
}

/* -------------------------------------------------------------------------------------------- blobs of wrappers */

static size_t round_up(size_t nbytes) {
  return nbytes + (0 - nbytes) % sizeof(uint64_t);
}

size_t zarrc_wrapper_blob_nbytes(size_t own_nbytes, const zarrc_store *behind, size_t key_nbytes) {
  return round_up(own_nbytes) + behind->ops->blob_nbytes(behind, key_nbytes);
}

zarrc_blob *zarrc_wrapper_blob_inner(const zarrc_blob *blob) {
  return ((const zarrc_wrapper_blob *)blob)->inner;
}

zarrc_status zarrc_wrapper_blob_open(zarrc_blob *blob, size_t own_nbytes, const zarrc_blob_ops *ops,
                                     zarrc_store *behind, const char *key, zarrc_error *error) {
  zarrc_blob *inner = (zarrc_blob *)(void *)((unsigned char *)blob + round_up(own_nbytes));
  zarrc_status status = behind->ops->open(behind, key, inner, error);
  if (status) return status;
  memset(blob, 0, own_nbytes);
  *(zarrc_wrapper_blob *)blob = (zarrc_wrapper_blob){{ops, inner->traits}, behind, inner};
  return ZARRC_OK;
}

static zarrc_store *store_behind(const zarrc_request *r) {
  return ((const zarrc_wrapper_blob *)r->blob)->behind;
}

/* Fetches the values that belong to one of the stores behind. some: memory for n requests. */
static zarrc_status fetch_behind(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_request *some,
                                 zarrc_error *error) {
  size_t nsome = 0;
  for (size_t i = 0; i < n; i++) {
    if (store_behind(&requests[i]) != store) continue;
    some[nsome] = requests[i];
    some[nsome++].blob = zarrc_wrapper_blob_inner(requests[i].blob);
  }
  zarrc_status status = zarrc_store_fetch(store, some, nsome, error);
  nsome = 0;
  for (size_t i = 0; i < n && !status; i++)
    if (store_behind(&requests[i]) == store) requests[i].status = some[nsome++].status;
  return status;
}

zarrc_status zarrc_wrapper_fetch(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error) {
  zarrc_bytes memory;
  zarrc_status status = zarrc_scratch_take(store->ctx, n * sizeof *requests, &memory, error);
  if (status) return status;
  for (size_t i = 0; i < n && !status; i++) /* what is fetched is not pending any more */
    if (requests[i].status == ZARRC_PENDING)
      status = fetch_behind(store_behind(&requests[i]), requests, n, (zarrc_request *)(void *)memory.ptr, error);
  zarrc_bytes_release(&memory);
  return status;
}

/* SPDX-License-Identifier: MIT */
#include <zarrc/base.h>

#include "base/checked.h"

#include <inttypes.h>
#include <string.h>

void zarrc_bytes_release(zarrc_bytes *bytes) {
  if (!bytes) return;
  if (bytes->release) bytes->release(bytes);
  *bytes = (zarrc_bytes){0};
}

void zarrc_ranges_release(zarrc_range *ranges, size_t n) {
  for (size_t i = 0; i < n; i++) zarrc_bytes_release(&ranges[i].got);
}

zarrc_status zarrc_blob_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  return blob->ops->read(blob, ranges, n, error);
}

zarrc_status zarrc_blob_read_all(zarrc_blob *blob, uint64_t max, zarrc_bytes *out, zarrc_error *error) {
  zarrc_range range = {.nbytes = max, .to_end = true};
  zarrc_status status = zarrc_blob_read(blob, &range, 1, error);
  if (!status) *out = range.got;
  return status;
}

/* -------------------------------------------------------------------------------------------------- memory blobs */

/* Where a range lies in a value of `total` bytes. */
static zarrc_status locate(const zarrc_range *range, size_t total, size_t *start, size_t *nbytes, zarrc_error *error) {
  uint64_t back = range->offset < 0 ? 0 - (uint64_t)range->offset : 0;
  uint64_t at = range->offset < 0 ? total - back : (uint64_t)range->offset;
  if (back > total || at > total || (!range->to_end && range->nbytes > total - at)) {
    zarrc_status status =
        zarrc_fail(error, ZARRC_TRUNCATED, "%" PRIu64 " bytes at offset %" PRId64 " are not in a value of %zu bytes",
                   range->to_end ? 0 : range->nbytes, range->offset, total);
    if (error && range->offset >= 0) error->offset = range->offset;
    return status;
  }
  *start = (size_t)at;
  *nbytes = range->to_end ? total - *start : (size_t)range->nbytes;
  if (*nbytes > range->nbytes)
    return zarrc_fail(error, ZARRC_LIMIT, "the value holds %zu bytes from offset %zu on, more than %" PRIu64, *nbytes,
                      *start, range->nbytes);
  return ZARRC_OK;
}

static zarrc_status memory_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  const zarrc_memory_blob *b = (const zarrc_memory_blob *)blob;
  if (!b->present) return zarrc_fail(error, ZARRC_NOT_FOUND, "no value");
  size_t start = 0, nbytes = 0;
  for (size_t i = 0; i < n; i++) {
    zarrc_status status = locate(&ranges[i], b->value.len, &start, &nbytes, error);
    if (status) return status;
  }
  for (size_t i = 0; i < n; i++) {
    zarrc_range *r = &ranges[i];
    locate(r, b->value.len, &start, &nbytes, NULL);
    r->got = (zarrc_bytes){.ptr = b->value.ptr ? b->value.ptr + start : NULL, .len = nbytes};
    if (r->into) {
      if (nbytes) memcpy(r->into, r->got.ptr, nbytes);
      r->got.ptr = r->into;
    }
    r->total = b->value.len;
  }
  return ZARRC_OK;
}

static void value_release(zarrc_bytes *bytes) {
  zarrc_free(bytes->owner, (void *)bytes->ptr);
}

/* The pieces may point into the value that they replace. */
static zarrc_status memory_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                   zarrc_error *error) {
  zarrc_memory_blob *b = (zarrc_memory_blob *)blob;
  (void)if_unchanged; /* nobody else can change it */
  size_t nbytes = 0;
  bool fits = true;
  for (size_t i = 0; i < n; i++) fits = fits && zarrc_add_size(nbytes, parts[i].len, &nbytes);
  uint8_t *value = fits && b->ctx ? zarrc_malloc(b->ctx, nbytes) : NULL;
  if (!value) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a value of %zu pieces", n);
  uint8_t *at = value;
  for (size_t i = 0; i < n; i++) {
    if (parts[i].len) memcpy(at, parts[i].ptr, parts[i].len);
    at += parts[i].len;
  }
  zarrc_bytes_release(&b->value);
  b->value = (zarrc_bytes){value, nbytes, value_release, b->ctx};
  b->present = true;
  return ZARRC_OK;
}

static zarrc_status memory_erase(zarrc_blob *blob, bool if_unchanged, zarrc_error *error) {
  (void)if_unchanged;
  (void)error;
  zarrc_memory_blob_clear((zarrc_memory_blob *)blob);
  return ZARRC_OK;
}

static const zarrc_blob_ops memory_ops = {
    .struct_size = sizeof memory_ops, .read = memory_read, .replace = memory_replace, .erase = memory_erase};

void zarrc_memory_blob_init(zarrc_memory_blob *blob, zarrc_ctx *ctx, const void *ptr, size_t nbytes) {
  *blob = (zarrc_memory_blob){
      .blob = {&memory_ops}, .ctx = ctx, .value = {.ptr = ptr, .len = ptr ? nbytes : 0}, .present = ptr != NULL};
}

void zarrc_memory_blob_clear(zarrc_memory_blob *blob) {
  zarrc_bytes_release(&blob->value);
  blob->present = false;
}

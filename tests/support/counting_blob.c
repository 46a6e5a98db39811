/* SPDX-License-Identifier: MIT */
#include "support/counting_blob.h"

#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/blob.h>

static void copy_release(zarrc_bytes *bytes) {
  free((void *)bytes->ptr);
}

static zarrc_status counting_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  counting_blob *b = (counting_blob *)blob;
  b->nreads++;
  if (!b->bytes) return zarrc_fail(error, ZARRC_NOT_FOUND, "no value");
  for (size_t i = 0; i < n; i++) {
    zarrc_range *r = &ranges[i];
    uint64_t offset = r->offset < 0 ? b->nbytes + (uint64_t)r->offset : (uint64_t)r->offset;
    uint64_t nbytes = r->to_end && offset <= b->nbytes ? b->nbytes - offset : r->nbytes;
    r->total = b->nbytes;
    if (r->to_end && offset <= b->nbytes && nbytes > r->nbytes) {
      zarrc_ranges_release(ranges, i);
      return zarrc_fail(error, ZARRC_LIMIT, "too long");
    }
    if (offset > b->nbytes || nbytes > b->nbytes - offset) {
      zarrc_ranges_release(ranges, i);
      return zarrc_fail(error, ZARRC_TRUNCATED, "a range past the end");
    }
    size_t got = (size_t)nbytes;
    uint8_t *to = r->into ? r->into : malloc(got ? got : 1);
    if (got) memcpy(to, b->bytes + offset, got);
    r->got = (zarrc_bytes){to, got, r->into ? NULL : copy_release, NULL};
    b->nranges++;
    b->nread += got;
  }
  return ZARRC_OK;
}

static zarrc_status counting_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                     zarrc_error *error) {
  counting_blob *b = (counting_blob *)blob;
  size_t nbytes = 0;
  (void)if_unchanged, (void)error;
  for (size_t i = 0; i < n; i++) nbytes += parts[i].len;
  uint8_t *joined = malloc(nbytes ? nbytes : 1), *p = joined;
  for (size_t i = 0; i < n; i++) {
    bool kept = !parts[i].ptr && parts[i].len;
    const uint8_t *from = kept ? b->bytes + (uintptr_t)parts[i].owner : parts[i].ptr;
    if (parts[i].len) memcpy(p, from, parts[i].len);
    p += parts[i].len;
    if (kept) {
      b->nkept++;
      b->nkept_bytes += parts[i].len;
    }
  }
  free(b->bytes);
  b->bytes = joined;
  b->nbytes = nbytes;
  b->nreplaced++;
  return ZARRC_OK;
}

static zarrc_status counting_erase(zarrc_blob *blob, bool if_unchanged, zarrc_error *error) {
  counting_blob *b = (counting_blob *)blob;
  (void)if_unchanged, (void)error;
  free(b->bytes);
  b->bytes = NULL;
  b->nbytes = 0;
  b->nerased++;
  return ZARRC_OK;
}

static bool counting_keep(const zarrc_blob *blob, uint64_t offset, uint64_t nbytes, zarrc_bytes *out) {
  const counting_blob *b = (const counting_blob *)blob;
  if (!b->bytes || offset > b->nbytes || nbytes > b->nbytes - offset) abort();
  *out = (zarrc_bytes){.len = (size_t)nbytes, .owner = (void *)(uintptr_t)offset};
  return true;
}

void counting_blob_init(counting_blob *blob, zarrc_ctx *ctx, const void *bytes, size_t nbytes, bool remote) {
  static const zarrc_blob_ops ops = {
      .struct_size = sizeof ops, .read = counting_read, .replace = counting_replace, .erase = counting_erase};
  static const zarrc_blob_traits far = {.struct_size = sizeof far, .gap = 1 << 20, .window = 64 << 20, .requests = 4};
  memset(blob, 0, sizeof *blob);
  blob->blob = (zarrc_blob){&ops, remote ? &far : NULL};
  blob->ctx = ctx;
  if (!bytes) return;
  blob->bytes = malloc(nbytes ? nbytes : 1);
  if (nbytes) memcpy(blob->bytes, bytes, nbytes);
  blob->nbytes = nbytes;
}

void counting_blob_reset(counting_blob *blob) {
  blob->nreads = blob->nranges = blob->nread = 0;
  blob->nkept = blob->nkept_bytes = 0;
}

void counting_blob_keeps(counting_blob *blob) {
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops,
                                     .read = counting_read,
                                     .replace = counting_replace,
                                     .erase = counting_erase,
                                     .keep = counting_keep};
  blob->blob.ops = &ops;
}

void counting_blob_clear(counting_blob *blob) {
  free(blob->bytes);
  blob->bytes = NULL;
}

/* SPDX-License-Identifier: MIT */
#include "codec/range_blob.h"

static zarrc_status range_blob_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  const zarrc_range_blob *b = (const zarrc_range_blob *)blob;
  enum { AT_ONCE = 64 };
  zarrc_range outer[AT_ONCE];
  bool pending = false;
  zarrc_status status = ZARRC_OK;
  size_t done = 0;
  while (done < n && !status) {
    size_t m = n - done < AT_ONCE ? n - done : AT_ONCE;
    for (size_t i = 0; i < m && !status; i++) {
      zarrc_range *r = &ranges[done + i];
      uint64_t offset = 0;
      size_t nbytes = 0;
      r->got = (zarrc_bytes){0};
      status = zarrc_range_locate(r, b->nbytes, &offset, &nbytes, error);
      outer[i] = (zarrc_range){.offset = (int64_t)(b->offset + offset), .nbytes = nbytes, .into = r->into};
    }
    if (!status) status = zarrc_blob_read(b->outer, outer, m, error);
    for (size_t i = 0; i < m && !status; i++) {
      ranges[done + i].got = outer[i].got;
      ranges[done + i].total = b->nbytes;
    }
    if (status && status != ZARRC_PENDING) break;
    pending = pending || status;
    status = ZARRC_OK; /* the other ranges are asked for, too */
    done += m;
  }
  if (!status && pending) status = zarrc_fail(error, ZARRC_PENDING, "ranges are not fetched yet");
  if (status) zarrc_ranges_release(ranges, done);
  return status;
}

/* A part is identified by the version of the whole and by its offset. */
static zarrc_status range_blob_identify(zarrc_blob *blob, zarrc_identity *out, bool *known, zarrc_error *error) {
  const zarrc_range_blob *b = (const zarrc_range_blob *)blob;
  zarrc_status status = zarrc_blob_identify(b->outer, out, known, error);
  if (status || !*known) return status;
  out->word[4] = out->word[4] * UINT64_C(0x100000001B3) + b->offset + 1;
  out->nbytes = b->nbytes;
  return ZARRC_OK;
}

static bool range_blob_keep(const zarrc_blob *blob, uint64_t offset, uint64_t nbytes, zarrc_bytes *out) {
  const zarrc_range_blob *b = (const zarrc_range_blob *)blob;
  bool inside = nbytes <= b->nbytes && offset <= b->nbytes - nbytes;
  return inside && zarrc_blob_keep(b->outer, b->offset + offset, nbytes, out);
}

static const zarrc_blob_ops range_blob_ops = {.struct_size = sizeof range_blob_ops,
                                              .read = range_blob_read,
                                              .identify = range_blob_identify,
                                              .keep = range_blob_keep};

void zarrc_range_blob_init(zarrc_range_blob *blob, zarrc_blob *outer, uint64_t offset, uint64_t nbytes) {
  *blob =
      (zarrc_range_blob){.blob = {&range_blob_ops, outer->traits}, .outer = outer, .offset = offset, .nbytes = nbytes};
}

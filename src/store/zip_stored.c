/* SPDX-License-Identifier: MIT */
#include "store/zip_stored.h"

#include "codec/deflate.h"

uint32_t zarrc_zip_crc(uint32_t crc, const zarrc_bytes *parts, size_t n) {
  for (size_t i = 0; i < n; i++) crc = zarrc_crc32(crc, parts[i].ptr, parts[i].len);
  return crc;
}

zarrc_status zarrc_zip_check_crc(uint32_t wanted, const zarrc_bytes *value, zarrc_error *error) {
  uint32_t crc = zarrc_zip_crc(0, value, 1);
  if (crc == wanted) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_CHECKSUM, "the CRC-32 of this member is %08x, the zip archive says %08x",
                    (unsigned)crc, (unsigned)wanted);
}

/* Makes a range of a member one of the archive. */
static zarrc_status move(const zarrc_zip_stored *m, zarrc_range *range, zarrc_error *error) {
  uint64_t start;
  size_t nbytes;
  zarrc_status status = zarrc_range_locate(range, m->nbytes, &start, &nbytes, error);
  if (status) return status;
  range->offset = (int64_t)(m->data + start);
  range->nbytes = nbytes;
  range->to_end = false;
  return ZARRC_OK;
}

static zarrc_status read_moved(const zarrc_zip_stored *m, zarrc_range *ranges, zarrc_range *moved, size_t n,
                               zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < n && !status; i++) {
    moved[i] = ranges[i];
    status = move(m, &moved[i], error);
  }
  if (!status) status = zarrc_blob_read(m->archive, moved, n, error);
  if (status) return status;
  for (size_t i = 0; i < n && !status; i++)
    if (moved[i].got.len == m->nbytes) status = zarrc_zip_check_crc(m->crc, &moved[i].got, error);
  if (status) zarrc_error_in_codec(error, "zip"); /* the archive is damaged, not what the reader decodes */
  if (status) zarrc_ranges_release(moved, n);
  for (size_t i = 0; i < n && !status; i++) {
    ranges[i].got = moved[i].got;
    ranges[i].total = m->nbytes;
  }
  return status;
}

zarrc_status zarrc_zip_read_stored(const zarrc_zip_stored *member, zarrc_range *ranges, size_t n, zarrc_error *error) {
  zarrc_range few[4];
  zarrc_bytes memory = {0};
  zarrc_range *moved = few;
  zarrc_status status = ZARRC_OK;
  if (n > sizeof few / sizeof *few) {
    status = zarrc_scratch_take(member->ctx, n * sizeof *moved, &memory, error);
    moved = (zarrc_range *)(void *)memory.ptr;
  }
  if (!status) status = read_moved(member, ranges, moved, n, error);
  zarrc_bytes_release(&memory);
  return status;
}

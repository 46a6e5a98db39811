/* SPDX-License-Identifier: MIT */
#include "codec/zstd_seek.h"
#include "base/checked.h"
#include "base/endian.h"

enum { HEADER = 8, FOOTER = 9 };
#define SKIPPABLE_MAGIC UINT32_C(0x184D2A5E)
#define SEEKABLE_MAGIC  UINT32_C(0x8F92EAB1)

/* Reads the footer of a table and returns the length of the skippable frame; 0: there is no table. */
static uint64_t parse_footer(const uint8_t *footer, uint64_t total, uint64_t *nframes, size_t *entry) {
  if (zarrc_load_le32(footer + 5) != SEEKABLE_MAGIC || (footer[4] & 0x7C)) return 0;
  *nframes = zarrc_load_le32(footer);
  *entry = footer[4] & 0x80 ? 12 : 8;
  uint64_t nbytes = HEADER + *nframes * *entry + FOOTER;
  return nbytes <= total ? nbytes : 0;
}

/* Lists the frames; false: the numbers do not fit the value. */
static bool parse_entries(const uint8_t *p, uint64_t nentries, size_t entry, uint64_t data_nbytes,
                          zarrc_zstd_seek *out) {
  uint64_t offset = 0;
  for (uint64_t i = 0; i < nentries; i++, p += entry) {
    zarrc_zstd_frame f = {offset, zarrc_load_le32(p), out->size, zarrc_load_le32(p + 4)};
    offset += f.nbytes;
    out->size += f.size;
    if (f.size) out->frames[out->nframes++] = f;
  }
  return offset == data_nbytes;
}

zarrc_status zarrc_zstd_seek_open(zarrc_ctx *ctx, zarrc_blob *encoded, zarrc_zstd_seek *out, bool *found,
                                  zarrc_error *error) {
  uint8_t footer[FOOTER];
  zarrc_range range = {.offset = -FOOTER, .nbytes = FOOTER, .into = footer};
  uint64_t nentries = 0;
  size_t entry = 0;
  *out = (zarrc_zstd_seek){0};
  *found = false;
  zarrc_status status = zarrc_blob_read(encoded, &range, 1, error);
  if (status == ZARRC_TRUNCATED) return ZARRC_OK;
  if (status) return status;
  uint64_t nbytes = range.total == ZARRC_UNKNOWN ? 0 : parse_footer(footer, range.total, &nentries, &entry);
  if (!nbytes || nentries == 0) return ZARRC_OK;
  range = (zarrc_range){.offset = -(int64_t)nbytes, .nbytes = nbytes};
  status = zarrc_blob_read(encoded, &range, 1, error);
  if (status) return status;
  const uint8_t *p = range.got.ptr;
  if (zarrc_load_le32(p) == SKIPPABLE_MAGIC && zarrc_load_le32(p + 4) == nbytes - HEADER) {
    size_t room;
    if (nentries > SIZE_MAX || !zarrc_mul_size((size_t)nentries, sizeof *out->frames, &room))
      status = zarrc_fail(error, ZARRC_LIMIT, "a seek table of %llu frames", (unsigned long long)nentries);
    if (!status) status = zarrc_scratch_take(ctx, room, &out->memory, error);
    out->frames = (zarrc_zstd_frame *)(void *)out->memory.ptr;
    if (!status) *found = parse_entries(p + HEADER, nentries, entry, range.total - nbytes, out);
  }
  zarrc_bytes_release(&range.got);
  if (!*found) zarrc_zstd_seek_close(out);
  return status;
}

void zarrc_zstd_seek_close(zarrc_zstd_seek *seek) {
  zarrc_bytes_release(&seek->memory);
  *seek = (zarrc_zstd_seek){0};
}

size_t zarrc_zstd_seek_find(const zarrc_zstd_seek *seek, uint64_t at) {
  size_t low = 0, high = seek->nframes;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (seek->frames[middle].first <= at)
      low = middle;
    else
      high = middle;
  }
  return low;
}

bool zarrc_zstd_seek_helps(const zarrc_zstd_seek *seek, zarrc_range *ranges, size_t n) {
  uint64_t sum = 0, first;
  size_t nbytes;
  for (size_t i = 0; i < n; i++) {
    if (zarrc_range_locate(&ranges[i], seek->size, &first, &nbytes, NULL)) return false;
    if (nbytes == 0) continue;
    const zarrc_zstd_frame *a = &seek->frames[zarrc_zstd_seek_find(seek, first)];
    const zarrc_zstd_frame *b = &seek->frames[zarrc_zstd_seek_find(seek, first + nbytes - 1)];
    uint64_t held = b->first + b->size - a->first, stored = b->offset + b->nbytes - a->offset, bound;
    if (!zarrc_mul_u64(stored / 3, ZARRC_ZSTD_BLOCK_NBYTES, &bound)) bound = UINT64_MAX;
    if (held > bound || held > seek->size - sum) return false;
    sum += held;
  }
  return sum < seek->size / 2;
}

/* SPDX-License-Identifier: MIT */
#include "codec/blosc_ranges.h"
#include "base/endian.h"
#include "base/reading.h"
#include "codec/blosc_block.h"
#include "codec/blosc_elements.h"
#include "codec/blosc_library.h"

#include <inttypes.h>

/* Largest blocks for which this is worthwhile. libblosc does not choose larger ones by itself. */
#define MAX_BLOCK_NBYTES ((uint32_t)4 << 20)

typedef struct reader {
  zarrc_ctx *ctx;
  zarrc_blob *encoded;
  zarrc_blosc_frame frame;
  zarrc_range table;   /* offsets of the blocks */
  zarrc_bytes touched; /* for each block its number in the cut frame, counted from 1; 0: it is not touched */
  uint32_t ntouched;
  zarrc_bytes cut, decoded; /* a frame of the touched blocks, and its bytes; or the streams of one block */
  uint32_t cut_nbytes;
  bool few; /* only few bytes are wanted */
} reader;

/* ------------------------------------------------------------------------------------------------- the ranges */

/* Reads ranges of a stored frame, which are ranges of the value. */
static zarrc_status read_stored(reader *r, zarrc_range *ranges, size_t n, zarrc_error *error) {
  zarrc_bytes memory;
  zarrc_status status = zarrc_scratch_take(r->ctx, (n ? n : 1) * sizeof(zarrc_range), &memory, error);
  if (status) return status;
  zarrc_range *moved = (void *)memory.ptr;
  for (size_t i = 0; i < n && !status; i++) {
    uint64_t first;
    size_t nbytes;
    status = zarrc_range_locate(&ranges[i], r->frame.nbytes, &first, &nbytes, error);
    if (!status)
      moved[i] = (zarrc_range){
          .offset = (int64_t)(first + ZARRC_BLOSC_HEADER_NBYTES), .nbytes = nbytes, .into = ranges[i].into};
  }
  if (!status) status = zarrc_blob_read(r->encoded, moved, n, error);
  for (size_t i = 0; i < n && !status; i++) {
    ranges[i].got = moved[i].got;
    ranges[i].total = r->frame.nbytes;
  }
  zarrc_bytes_release(&memory);
  return status;
}

/* ------------------------------------------------------------------------------------------------- the blocks */

static uint32_t *block_numbers(const reader *r) {
  return (void *)r->touched.ptr;
}

static uint32_t block_start(const reader *r, uint32_t i) {
  return i < r->frame.nblocks ? zarrc_load_le32(r->table.got.ptr + 4 * (size_t)i) : r->frame.cbytes;
}

/* Reads the header and the table; *useful = false: decoding the whole frame is as good. */
static zarrc_status open_reader(reader *r, bool *useful, zarrc_error *error) {
  zarrc_range header = {.nbytes = ZARRC_BLOSC_HEADER_NBYTES};
  const zarrc_blosc_frame *f = &r->frame;
  zarrc_status status = zarrc_blob_read(r->encoded, &header, 1, error);
  if (status) return status;
  status = zarrc_blosc_frame_parse(header.got.ptr, &r->frame, error);
  zarrc_ranges_release(&header, 1);
  if (status) return status;
  if (header.total != ZARRC_UNKNOWN && f->cbytes > header.total)
    return zarrc_fail(error, ZARRC_TRUNCATED, "the frame is %u bytes long, and %" PRIu64 " are there", f->cbytes,
                      header.total);
  bool cuts = f->nblocks > 1 || (f->nblocks == 1 && r->few && zarrc_blosc_block_can(f, 0));
  *useful = header.total != ZARRC_UNKNOWN && (f->stored || (cuts && f->blocksize <= MAX_BLOCK_NBYTES));
  if (!*useful || f->stored) return ZARRC_OK;
  r->table = (zarrc_range){.offset = ZARRC_BLOSC_HEADER_NBYTES, .nbytes = 4 * (uint64_t)f->nblocks};
  return zarrc_blob_read(r->encoded, &r->table, 1, error);
}

/* Numbers the blocks that the ranges touch. */
static zarrc_status touch_blocks(reader *r, zarrc_range *ranges, size_t n, zarrc_error *error) {
  size_t nbytes = r->frame.nblocks * sizeof(uint32_t);
  zarrc_status status = zarrc_scratch_take(r->ctx, nbytes, &r->touched, error);
  if (status) return status;
  uint32_t *numbers = block_numbers(r);
  memset(numbers, 0, nbytes);
  for (size_t i = 0; i < n; i++) {
    uint64_t first;
    size_t len;
    status = zarrc_range_locate(&ranges[i], r->frame.nbytes, &first, &len, error);
    if (status) return status;
    if (!len) continue;
    for (uint64_t b = first / r->frame.blocksize; b <= (first + len - 1) / r->frame.blocksize; b++) numbers[b] = 1;
  }
  for (uint32_t b = 0; b < r->frame.nblocks; b++)
    if (numbers[b]) numbers[b] = ++r->ntouched;
  return ZARRC_OK;
}

/* Returns whether touched blocks are in the order of their numbers, so that each ends where the next one starts; counts
 * the runs of adjacent ones. */
static bool blocks_in_order(reader *r, size_t *nruns) {
  const uint32_t *numbers = block_numbers(r);
  uint64_t nbytes = ZARRC_BLOSC_HEADER_NBYTES + 4 * (uint64_t)r->ntouched;
  uint32_t end = ZARRC_BLOSC_HEADER_NBYTES + 4 * r->frame.nblocks;
  *nruns = 0;
  for (uint32_t b = 0; b < r->frame.nblocks; b++) {
    if (!numbers[b]) continue;
    uint32_t first = block_start(r, b), next = block_start(r, b + 1);
    if (first < end || next <= first || next > r->frame.cbytes) return false;
    if (!b || !numbers[b - 1]) ++*nruns;
    nbytes += next - first;
    end = next;
  }
  r->cut_nbytes = (uint32_t)nbytes;
  return true;
}

/* Reads all touched blocks at once into a new frame. */
static zarrc_status read_blocks(reader *r, size_t nruns, zarrc_error *error) {
  const uint32_t *numbers = block_numbers(r);
  const zarrc_blosc_frame *f = &r->frame;
  zarrc_bytes memory = {0};
  zarrc_status status = zarrc_scratch_take(r->ctx, r->cut_nbytes, &r->cut, error);
  if (!status) status = zarrc_scratch_take(r->ctx, nruns * sizeof(zarrc_range), &memory, error);
  if (status) return status;
  zarrc_range *runs = (void *)memory.ptr;
  size_t nmade = 0;
  uint8_t *cut = (uint8_t *)r->cut.ptr;
  uint32_t at = ZARRC_BLOSC_HEADER_NBYTES + 4 * r->ntouched;
  for (uint32_t b = 0; b < f->nblocks; b++) {
    if (!numbers[b]) continue;
    uint32_t first = block_start(r, b), nbytes = block_start(r, b + 1) - first;
    if (!b || !numbers[b - 1]) runs[nmade++] = (zarrc_range){.offset = first, .into = cut + at};
    zarrc_store_le32(cut + ZARRC_BLOSC_HEADER_NBYTES + 4 * (size_t)(numbers[b] - 1), at);
    runs[nmade - 1].nbytes += nbytes;
    at += nbytes;
  }
  zarrc_blosc_frame_cut(f, r->ntouched, numbers[f->nblocks - 1], at, cut);
  status = zarrc_blob_read(r->encoded, runs, nruns, error);
  zarrc_bytes_release(&memory);
  return status;
}

static zarrc_status decode_blocks(reader *r, zarrc_error *error) {
  zarrc_blosc_frame cut;
  zarrc_status status = zarrc_blosc_frame_check(r->cut.ptr, r->cut_nbytes, &cut, error);
  if (!status) status = zarrc_scratch_take(r->ctx, cut.nbytes, &r->decoded, error);
  if (!status) status = zarrc_blosc_frame_decode(r->ctx, r->cut.ptr, &cut, (uint8_t *)r->decoded.ptr, error);
  return status;
}

/* Copies each range out of the decoded blocks. The blocks that a range touches are adjacent there too. */
static zarrc_status serve_ranges(const reader *r, zarrc_range *ranges, size_t n, zarrc_error *error) {
  const zarrc_blosc_frame *f = &r->frame;
  for (size_t i = 0; i < n; i++) {
    uint64_t first = 0;
    size_t nbytes = 0;
    zarrc_status status = zarrc_range_locate(&ranges[i], f->nbytes, &first, &nbytes, error);
    zarrc_bytes got = {.ptr = ranges[i].into};
    if (!status && nbytes && !ranges[i].into) status = zarrc_scratch_take(r->ctx, (size_t)nbytes, &got, error);
    if (status) {
      zarrc_ranges_release(ranges, i);
      return status;
    }
    if (nbytes) {
      uint64_t number = block_numbers(r)[first / f->blocksize] - 1;
      const uint8_t *from = r->decoded.ptr + number * f->blocksize + first % f->blocksize;
      memcpy((uint8_t *)got.ptr, from, (size_t)nbytes);
    }
    got.len = (size_t)nbytes;
    ranges[i].got = got;
    ranges[i].total = f->nbytes;
  }
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------- a few bytes */

static bool few_wanted(const zarrc_range *ranges, size_t n) {
  uint64_t sum = 0;
  for (size_t i = 0; i < n && sum <= ZARRC_BLOSC_FEW_NBYTES; i++)
    sum = ranges[i].to_end || ranges[i].nbytes > ZARRC_BLOSC_FEW_NBYTES ? UINT64_MAX : sum + ranges[i].nbytes;
  return sum <= ZARRC_BLOSC_FEW_NBYTES;
}

/* Returns whether few bytes are wanted and can be picked out of every touched block. */
static bool few_can(const reader *r) {
  const uint32_t *numbers = block_numbers(r);
  if (!r->few) return false;
  for (uint32_t b = 0; b < r->frame.nblocks; b++)
    if (numbers[b] && !zarrc_blosc_block_can(&r->frame, b)) return false;
  return true;
}

/* Takes memory for each range; all ranges are inside the value. */
static zarrc_status few_places(const reader *r, zarrc_range *ranges, size_t n, zarrc_error *error) {
  for (size_t i = 0; i < n; i++) {
    uint64_t first;
    size_t nbytes;
    zarrc_bytes got = {.ptr = ranges[i].into};
    zarrc_status status = zarrc_range_locate(&ranges[i], r->frame.nbytes, &first, &nbytes, error);
    if (!status && nbytes && !ranges[i].into) status = zarrc_scratch_take(r->ctx, nbytes, &got, error);
    if (status) {
      zarrc_ranges_release(ranges, i);
      return status;
    }
    got.len = nbytes;
    ranges[i].got = got;
  }
  return ZARRC_OK;
}

/* Gets bytes [*from, *to) of the value that are both in a range and in a block; false: there are none. */
static bool few_part(const reader *r, uint32_t block, zarrc_range *range, uint64_t *first, uint64_t *from,
                     uint64_t *to) {
  const zarrc_blosc_frame *f = &r->frame;
  uint64_t low = (uint64_t)block * f->blocksize, high = low + zarrc_blosc_block_nbytes(f, block);
  size_t nbytes = 0;
  *first = 0;
  zarrc_range_locate(range, f->nbytes, first, &nbytes, NULL);
  *from = *first > low ? *first : low;
  *to = *first + nbytes < high ? *first + nbytes : high;
  return *from < *to;
}

/* Returns how many bytes of each stream of a block the ranges need. */
static uint32_t few_need(const reader *r, uint32_t block, zarrc_range *ranges, size_t n) {
  uint64_t low = (uint64_t)block * r->frame.blocksize, first, from, to;
  uint32_t most = 0;
  for (size_t i = 0; i < n; i++) {
    if (!few_part(r, block, &ranges[i], &first, &from, &to)) continue;
    uint32_t need = zarrc_blosc_elements_need(&r->frame, block, (uint32_t)(from - low), (uint32_t)(to - from));
    if (need > most) most = need;
  }
  return most;
}

/* Picks the bytes of the ranges out of a decoded block. */
static void pick_few(const reader *r, uint32_t block, zarrc_range *ranges, size_t n) {
  uint64_t low = (uint64_t)block * r->frame.blocksize, first, from, to;
  for (size_t i = 0; i < n; i++)
    if (few_part(r, block, &ranges[i], &first, &from, &to))
      zarrc_blosc_elements_pick(&r->frame, block, r->decoded.ptr, (uint32_t)(from - low), (uint32_t)(to - from),
                                (uint8_t *)(uintptr_t)ranges[i].got.ptr + (from - first));
}

static zarrc_status serve_few(reader *r, zarrc_range *ranges, size_t n, zarrc_error *error) {
  const zarrc_blosc_frame *f = &r->frame;
  zarrc_status status = zarrc_scratch_take(r->ctx, f->blocksize, &r->decoded, error);
  if (!status) status = few_places(r, ranges, n, error);
  if (status) return status;
  for (uint32_t b = 0; b < f->nblocks && !status; b++) {
    if (!block_numbers(r)[b]) continue;
    uint32_t first = block_start(r, b), nbytes = block_start(r, b + 1) - first;
    zarrc_range block = {.offset = first, .nbytes = nbytes};
    status = zarrc_blob_read(r->encoded, &block, 1, error);
    if (status) break;
    status = zarrc_blosc_streams_decode(r->ctx, f, b, block.got.ptr, nbytes, few_need(r, b, ranges, n),
                                        (uint8_t *)(uintptr_t)r->decoded.ptr, error);
    zarrc_ranges_release(&block, 1);
    if (!status) pick_few(r, b, ranges, n);
  }
  if (status) zarrc_ranges_release(ranges, n);
  return status;
}

zarrc_status zarrc_blosc_ranges_read(zarrc_ctx *ctx, zarrc_blob *encoded, zarrc_range *ranges, size_t n, bool *served,
                                     zarrc_error *error) {
  reader r = {.ctx = ctx, .encoded = encoded, .few = few_wanted(ranges, n)};
  bool useful = false;
  size_t nruns = 0;
  *served = false;
  if (!zarrc_blob_is_near(encoded)) return ZARRC_OK;
  zarrc_status status = open_reader(&r, &useful, error);
  if (status || !useful) goto done;
  if (r.frame.stored) {
    status = read_stored(&r, ranges, n, error);
    *served = !status;
    goto done;
  }
  status = touch_blocks(&r, ranges, n, error);
  if (status || !r.ntouched) goto done;
  r.few = few_can(&r);
  if ((!r.few && r.ntouched > r.frame.nblocks / 2) || !blocks_in_order(&r, &nruns)) goto done;
  if (r.few) {
    status = serve_few(&r, ranges, n, error);
  } else {
    status = read_blocks(&r, nruns, error);
    if (!status) status = decode_blocks(&r, error);
    if (!status) status = serve_ranges(&r, ranges, n, error);
  }
  *served = !status;
done:
  zarrc_ranges_release(&r.table, 1);
  zarrc_bytes_release(&r.touched);
  zarrc_bytes_release(&r.cut);
  zarrc_bytes_release(&r.decoded);
  return status;
}

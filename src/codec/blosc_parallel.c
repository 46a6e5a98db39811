/* SPDX-License-Identifier: MIT */
#include "codec/blosc_parallel.h"
#include "base/endian.h"
#include "base/pool.h"
#include "codec/blosc_block.h"

#include <string.h>
#include <zarrc/plugin/blob.h>

/* Smaller frames are not shared: waking a thread would take as long as decoding them. */
#define MIN_NBYTES      ((uint32_t)256 << 10)
#define MIN_FAST_NBYTES ((uint32_t)1 << 20) /* for formats before zlib, which are several times as fast */
/* There are more groups than threads, because threads start late. */
#define GROUPS_A_THREAD 4

typedef struct sharing {
  zarrc_ctx *ctx;
  const uint8_t *p;
  const zarrc_blosc_frame *frame;
  uint32_t ngroups;
  uint8_t *to;
  zarrc_blosc_decode_fn decode;
} sharing;

uint32_t zarrc_blosc_parallel_ngroups(zarrc_ctx *ctx, const zarrc_blosc_frame *frame) {
  uint32_t least = frame->format < ZARRC_BLOSC_AS_ZLIB ? MIN_FAST_NBYTES : MIN_NBYTES;
  if (frame->nblocks < 2 || frame->nbytes < least) return 1;
  uint64_t nidle = zarrc_pool_idle(ctx);
  uint64_t ngroups = nidle ? (nidle + 1) * GROUPS_A_THREAD : 1;
  return ngroups < frame->nblocks ? (uint32_t)ngroups : frame->nblocks;
}

/* Makes a frame of blocks [first, end): a header, a table, and their encoded bytes. */
static void make_frame(const sharing *s, uint32_t first, uint32_t end, uint32_t cbytes, uint8_t *cut) {
  uint32_t n = end - first, at = ZARRC_BLOSC_HEADER_NBYTES + 4 * n;
  zarrc_blosc_frame_cut(s->frame, n, end == s->frame->nblocks, cbytes, cut);
  for (uint32_t i = first; i < end; i++) {
    uint32_t from, nbytes = zarrc_blosc_block_cbytes(s->frame, s->p, i, &from);
    zarrc_store_le32(cut + ZARRC_BLOSC_HEADER_NBYTES + 4 * (size_t)(i - first), at);
    memcpy(cut + at, s->p + from, nbytes);
    at += nbytes;
  }
}

/* Decodes blocks [first, end) with libblosc, which decodes whole frames only. */
static zarrc_status cut_decode(const sharing *s, uint32_t first, uint32_t end, uint8_t *to, zarrc_error *error) {
  uint32_t cbytes = ZARRC_BLOSC_HEADER_NBYTES + 4 * (end - first), from;
  zarrc_blosc_frame cut;
  zarrc_bytes memory;
  for (uint32_t i = first; i < end; i++) cbytes += zarrc_blosc_block_cbytes(s->frame, s->p, i, &from);
  zarrc_status status = zarrc_scratch_take(s->ctx, cbytes, &memory, error);
  if (status) return status;
  make_frame(s, first, end, cbytes, (uint8_t *)memory.ptr);
  status = zarrc_blosc_frame_parse(memory.ptr, &cut, error);
  if (!status) status = s->decode(s->ctx, memory.ptr, &cut, to, error);
  zarrc_bytes_release(&memory);
  return status;
}

static zarrc_status decode_group(void *arg, size_t group, zarrc_error *error) {
  const sharing *s = arg;
  uint64_t nblocks = s->frame->nblocks;
  uint32_t first = (uint32_t)(nblocks * group / s->ngroups), end = (uint32_t)(nblocks * (group + 1) / s->ngroups);
  uint8_t *to = s->to + (size_t)first * s->frame->blocksize;
  if (s->decode) return cut_decode(s, first, end, to, error);
  return zarrc_blosc_blocks_decode(s->ctx, s->p, s->frame, first, end, to, error);
}

zarrc_status zarrc_blosc_parallel_decode(zarrc_ctx *ctx, const uint8_t *p, const zarrc_blosc_frame *frame,
                                         uint32_t ngroups, uint8_t *to, zarrc_blosc_decode_fn decode,
                                         zarrc_error *error) {
  sharing s = {.ctx = ctx, .p = p, .frame = frame, .ngroups = ngroups, .to = to, .decode = decode};
  return zarrc_for_each(ctx, ngroups, decode_group, &s, error);
}

/* SPDX-License-Identifier: MIT */
#include "codec/blosc_block.h"
#include "base/endian.h"
#include "codec/blosc_shuffle.h"
#include "codec/zstd.h"

#include <string.h>

#if ZARRC_HAVE_LZ4
#include <lz4.h>
#endif

enum { FORMAT_LZ4 = 1, FORMAT_ZSTD = 4, SHUFFLED = 0x01, BITSHUFFLED = 0x04 };

zarrc_block_order zarrc_blosc_block_order(const zarrc_blosc_frame *frame, uint32_t i) {
  if (frame->flags & SHUFFLED && frame->typesize > 1) return ZARRC_BLOCK_SHUFFLED;
  bool bits = frame->flags & BITSHUFFLED && zarrc_blosc_block_nbytes(frame, i) >= frame->typesize;
  return bits ? ZARRC_BLOCK_BITSHUFFLED : ZARRC_BLOCK_PLAIN;
}

/* Of a bitshuffled block whose elements are not a multiple of 8, versions of libblosc think differently. */
bool zarrc_blosc_block_can(const zarrc_blosc_frame *frame, uint32_t i) {
  bool known = (ZARRC_HAVE_ZSTD && frame->format == FORMAT_ZSTD) || (ZARRC_HAVE_LZ4 && frame->format == FORMAT_LZ4);
  return known && !frame->stored &&
         !(zarrc_blosc_block_order(frame, i) == ZARRC_BLOCK_BITSHUFFLED &&
           zarrc_blosc_block_nbytes(frame, i) / frame->typesize % 8 != 0);
}

bool zarrc_blosc_blocks_can(const zarrc_blosc_frame *frame) {
  return frame->nblocks > 0 && zarrc_blosc_block_can(frame, 0) && zarrc_blosc_block_can(frame, frame->nblocks - 1);
}

#if ZARRC_HAVE_LZ4
static zarrc_status lz4_decode(const uint8_t *p, uint32_t n, uint32_t need, uint8_t *to, uint32_t nbytes,
                               zarrc_error *error) {
  const char *from = (const char *)p;
  int made = need < nbytes ? LZ4_decompress_safe_partial(from, (char *)to, (int)n, (int)need, (int)nbytes)
                           : LZ4_decompress_safe(from, (char *)to, (int)n, (int)nbytes);
  return made >= 0 && (uint32_t)made >= need ? ZARRC_OK : zarrc_fail(error, ZARRC_CORRUPT, "bad lz4 data");
}
#else
static zarrc_status lz4_decode(const uint8_t *p, uint32_t n, uint32_t need, uint8_t *to, uint32_t nbytes,
                               zarrc_error *error) {
  (void)p, (void)n, (void)need, (void)to, (void)nbytes;
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "zarrc was built without liblz4");
}
#endif

zarrc_status zarrc_blosc_streams_decode(zarrc_ctx *ctx, const zarrc_blosc_frame *frame, uint32_t i, const uint8_t *p,
                                        uint32_t n, uint32_t need, uint8_t *streams, zarrc_error *error) {
  uint32_t nbytes = zarrc_blosc_block_nbytes(frame, i), nstreams = zarrc_blosc_block_nstreams(frame, i), at = 0;
  if (nbytes % nstreams)
    return zarrc_fail(error, ZARRC_CORRUPT, "block %u: %u bytes cannot be split into %u streams", i, nbytes, nstreams);
  uint32_t each = nbytes / nstreams;
  if (need > each) need = each;
  for (uint32_t k = 0; k < nstreams; k++) {
    uint32_t length = n - at < 4 ? 0 : zarrc_load_le32(p + at);
    at += 4;
    if (!length || length > n - at) return zarrc_fail(error, ZARRC_CORRUPT, "block %u reaches beyond its end", i);
    zarrc_status status = ZARRC_OK;
    if (length == each) /* a copy */
      memcpy(streams + k * each, p + at, need);
    else if (frame->format == FORMAT_LZ4)
      status = lz4_decode(p + at, length, need, streams + k * each, each, error);
    else
      status = zarrc_zstd_decode_exactly(ctx, p + at, length, streams + k * each, each, error);
    if (status) {
      zarrc_error_prefix(error, "block %u: ", i);
      return status;
    }
    at += length;
  }
  return ZARRC_OK;
}

zarrc_status zarrc_blosc_blocks_decode(zarrc_ctx *ctx, const uint8_t *p, const zarrc_blosc_frame *frame, uint32_t first,
                                       uint32_t end, uint8_t *to, zarrc_error *error) {
  const zarrc_shuffle_kernels *kernels = zarrc_shuffle_kernels_best();
  zarrc_bytes memory = {0};
  zarrc_status status = ZARRC_OK;
  if (zarrc_blosc_block_order(frame, first) != ZARRC_BLOCK_PLAIN)
    status = zarrc_scratch_take(ctx, frame->blocksize, &memory, error);
  for (uint32_t i = first; i < end && !status; i++) {
    uint32_t at, n = zarrc_blosc_block_cbytes(frame, p, i, &at), nbytes = zarrc_blosc_block_nbytes(frame, i);
    zarrc_block_order order = zarrc_blosc_block_order(frame, i);
    uint8_t *streams = order == ZARRC_BLOCK_PLAIN ? to : (uint8_t *)(uintptr_t)memory.ptr;
    status = zarrc_blosc_streams_decode(ctx, frame, i, p + at, n, nbytes, streams, error);
    if (!status && streams != to)
      zarrc_blosc_unshuffle_block(kernels, to, streams, nbytes, frame->typesize, order == ZARRC_BLOCK_BITSHUFFLED);
    to += nbytes;
  }
  zarrc_bytes_release(&memory);
  return status;
}

/* ------------------------------------------------------------------------------------------------------- encode */

/* libblosc compresses less than this not at all, and has no smaller blocks. */
#define MIN_NBYTES 128u
#define BLOCKSIZE  ((uint32_t)64 << 10)

/* Of types that are large, blocks hold whole elements only. */
static uint32_t blocksize_choose(uint32_t nbytes, uint8_t typesize, int clevel, uint32_t wanted) {
  static const uint8_t eighths[10] = {2, 4, 8, 16, 32, 32, 64, 64, 64, 128};
  uint32_t blocksize = nbytes;
  if (wanted)
    blocksize = wanted < MIN_NBYTES ? MIN_NBYTES : wanted;
  else if (nbytes >= BLOCKSIZE / 2)
    blocksize = BLOCKSIZE / 8 * eighths[clevel];
  if (blocksize > nbytes) blocksize = nbytes;
  return blocksize > typesize ? blocksize / typesize * typesize : blocksize;
}

bool zarrc_blosc_frame_plan(uint32_t nbytes, uint8_t typesize, int clevel, zarrc_block_order order, uint32_t blocksize,
                            zarrc_blosc_frame *out) {
  if (!ZARRC_HAVE_ZSTD || clevel == 0 || nbytes < MIN_NBYTES || nbytes < typesize) return false;
  zarrc_blosc_frame f = {
      .nbytes = nbytes,
      .blocksize = blocksize_choose(nbytes, typesize, clevel, blocksize),
      .typesize = typesize,
      .format = FORMAT_ZSTD,
      .flags = FORMAT_ZSTD << 5 | ZARRC_BLOSC_UNSPLIT,
  };
  if (order != ZARRC_BLOCK_PLAIN) f.flags |= order == ZARRC_BLOCK_SHUFFLED ? SHUFFLED : BITSHUFFLED;
  f.nblocks = (nbytes - 1) / f.blocksize + 1;
  *out = f;
  return zarrc_blosc_blocks_can(&f);
}

/* What level of Zstandard a level of Blosc stands for. */
static int zstd_level(int clevel) {
  return clevel < 9 ? 2 * clevel - 1 : INT16_MAX; /* its highest */
}

static size_t frame_store(const zarrc_blosc_frame *frame, const uint8_t *from, uint8_t *p) {
  p[2] |= ZARRC_BLOSC_STORED;
  memcpy(p + ZARRC_BLOSC_HEADER_NBYTES, from, frame->nbytes);
  return (size_t)frame->nbytes + ZARRC_BLOSC_HEADER_NBYTES;
}

zarrc_status zarrc_blosc_frame_encode(zarrc_ctx *ctx, const zarrc_blosc_frame *frame, int clevel, const uint8_t *from,
                                      uint8_t *p, size_t *made, zarrc_error *error) {
  const zarrc_shuffle_kernels *kernels = zarrc_shuffle_kernels_best();
  size_t end = (size_t)frame->nbytes + ZARRC_BLOSC_HEADER_NBYTES;
  size_t at = ZARRC_BLOSC_HEADER_NBYTES + 4 * (size_t)frame->nblocks, n;
  const uint8_t *block = from;
  zarrc_bytes memory = {0};
  zarrc_status status = ZARRC_OK;
  if (zarrc_blosc_block_order(frame, 0) != ZARRC_BLOCK_PLAIN)
    status = zarrc_scratch_take(ctx, frame->blocksize, &memory, error);
  zarrc_blosc_frame_cut(frame, frame->nblocks, true, 0, p);
  for (uint32_t i = 0; i < frame->nblocks && !status; i++, at += 4 + n) {
    uint32_t nbytes = zarrc_blosc_block_nbytes(frame, i);
    zarrc_block_order order = zarrc_blosc_block_order(frame, i);
    const uint8_t *stream = order == ZARRC_BLOCK_PLAIN ? block : memory.ptr;
    size_t room = at + 4 < end ? end - at - 4 : 0;
    if (order != ZARRC_BLOCK_PLAIN)
      zarrc_blosc_shuffle_block(kernels, (uint8_t *)(uintptr_t)memory.ptr, block, nbytes, frame->typesize,
                                order == ZARRC_BLOCK_BITSHUFFLED);
    n = 0;
    if (room > 0)
      status = zarrc_zstd_encode_within(ctx, zstd_level(clevel), stream, nbytes, p + at + 4,
                                        room < nbytes ? room : nbytes, &n, error);
    if (!status && (n == 0 || n == nbytes)) { /* of this length it is a copy */
      n = nbytes;
      if (n > room) break;
      memcpy(p + at + 4, stream, n);
    }
    zarrc_store_le32(p + ZARRC_BLOSC_HEADER_NBYTES + 4 * (size_t)i, (uint32_t)at);
    zarrc_store_le32(p + at, (uint32_t)n);
    block += nbytes;
  }
  zarrc_bytes_release(&memory);
  if (status) return status;
  *made = block == from + frame->nbytes ? at : frame_store(frame, from, p);
  zarrc_store_le32(p + 12, (uint32_t)*made);
  return ZARRC_OK;
}

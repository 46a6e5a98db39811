/* SPDX-License-Identifier: MIT */
#include "codec/blosc_block.h"
#include "base/endian.h"
#include "codec/blosc_shuffle.h"
#include "codec/lz4_block.h"
#include "codec/zstd.h"

#include <string.h>
#include <zarrc/plugin/blob.h>

/* Bytes between two checks for cancellation. */
#define DECODED_UNASKED ((uint32_t)1 << 20)
#define ENCODED_UNASKED ((uint32_t)1 << 17)

zarrc_blosc_shuffle zarrc_blosc_block_shuffle(const zarrc_blosc_frame *frame, uint32_t i) {
  if (frame->flags & ZARRC_BLOSC_SHUFFLED && frame->typesize > 1) return ZARRC_BLOSC_SHUFFLE;
  bool bits = frame->flags & ZARRC_BLOSC_BITSHUFFLED && zarrc_blosc_block_nbytes(frame, i) >= frame->typesize;
  return bits ? ZARRC_BLOSC_BITSHUFFLE : ZARRC_BLOSC_NOSHUFFLE;
}

/* Versions of libblosc disagree about bitshuffled blocks whose number of elements is not a multiple of 8. */
bool zarrc_blosc_block_can(const zarrc_blosc_frame *frame, uint32_t i) {
  bool known = (ZARRC_HAVE_ZSTD && frame->format == ZARRC_BLOSC_AS_ZSTD) ||
               (ZARRC_HAVE_LZ4 && frame->format == ZARRC_BLOSC_AS_LZ4);
  return known && !frame->stored &&
         !(zarrc_blosc_block_shuffle(frame, i) == ZARRC_BLOSC_BITSHUFFLE &&
           zarrc_blosc_block_nbytes(frame, i) / frame->typesize % 8 != 0);
}

bool zarrc_blosc_blocks_can(const zarrc_blosc_frame *frame) {
  return frame->nblocks > 0 && zarrc_blosc_block_can(frame, 0) && zarrc_blosc_block_can(frame, frame->nblocks - 1);
}

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
    if (length == each) /* stored uncompressed */
      memcpy(streams + k * each, p + at, need);
    else if (frame->format == ZARRC_BLOSC_AS_LZ4)
      status = zarrc_lz4_decode(p + at, length, need, streams + k * each, each, error);
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

/* Checks for cancellation every nbytes bytes. */
static zarrc_status check_canceled(zarrc_ctx *ctx, const zarrc_blosc_frame *frame, uint32_t i, uint32_t nbytes,
                                   zarrc_error *error) {
  uint32_t every = nbytes / (frame->blocksize ? frame->blocksize : 1);
  return every > 1 && i % every ? ZARRC_OK : zarrc_ctx_check_canceled(ctx, error);
}

zarrc_status zarrc_blosc_blocks_decode(zarrc_ctx *ctx, const uint8_t *p, const zarrc_blosc_frame *frame, uint32_t first,
                                       uint32_t end, uint8_t *to, zarrc_error *error) {
  const zarrc_shuffle_kernels *kernels = zarrc_shuffle_kernels_best();
  zarrc_bytes memory = {0};
  zarrc_status status = ZARRC_OK;
  if (zarrc_blosc_block_shuffle(frame, first) != ZARRC_BLOSC_NOSHUFFLE)
    status = zarrc_scratch_take(ctx, frame->blocksize, &memory, error);
  for (uint32_t i = first; i < end && !status; i++) {
    uint32_t at, n = zarrc_blosc_block_cbytes(frame, p, i, &at), nbytes = zarrc_blosc_block_nbytes(frame, i);
    zarrc_blosc_shuffle shuffle = zarrc_blosc_block_shuffle(frame, i);
    uint8_t *streams = shuffle == ZARRC_BLOSC_NOSHUFFLE ? to : (uint8_t *)(uintptr_t)memory.ptr;
    status = check_canceled(ctx, frame, i, DECODED_UNASKED, error);
    if (!status) status = zarrc_blosc_streams_decode(ctx, frame, i, p + at, n, nbytes, streams, error);
    if (!status && streams != to)
      zarrc_blosc_unshuffle_block(kernels, to, streams, nbytes, frame->typesize, shuffle == ZARRC_BLOSC_BITSHUFFLE);
    to += nbytes;
  }
  zarrc_bytes_release(&memory);
  return status;
}

/* ------------------------------------------------------------------------------------------------------- encode */

/* libblosc does not compress less than this, and its blocks are not smaller. */
#define MIN_NBYTES 128u

/* Chooses the same block size as libblosc: larger at higher levels, and larger if blocks are split into streams. A
 * block consists of whole elements unless it is smaller than one. */
static uint32_t blocksize_choose(const zarrc_blosc_frame *f, int clevel, uint32_t wanted) {
  static const uint8_t eighths[10] = {2, 4, 8, 16, 32, 32, 64, 64, 64, 128};
  uint32_t blocksize = f->nbytes, unit = f->format == ZARRC_BLOSC_AS_ZSTD ? 1u << 16 : 1u << 15;
  if (wanted)
    blocksize = wanted < MIN_NBYTES ? MIN_NBYTES : wanted;
  else if (f->nbytes >= 1u << 15)
    blocksize = unit / 8 * (f->format != ZARRC_BLOSC_AS_ZSTD && clevel == 9 ? 64 : eighths[clevel]);
  if (f->format != ZARRC_BLOSC_AS_ZSTD && zarrc_blosc_splits(f->typesize, blocksize)) {
    if (blocksize > 1u << 18) blocksize = 1u << 18;
    blocksize *= f->typesize;
    if (blocksize < 1u << 16) blocksize = 1u << 16;
    if (blocksize > 1u << 20) blocksize = 1u << 20;
  }
  if (blocksize > f->nbytes) blocksize = f->nbytes;
  return blocksize > f->typesize ? blocksize / f->typesize * f->typesize : blocksize;
}

bool zarrc_blosc_frame_plan(uint32_t nbytes, uint8_t typesize, zarrc_blosc_cname cname, int clevel,
                            zarrc_blosc_shuffle shuffle, uint32_t blocksize, zarrc_blosc_frame *out) {
  zarrc_blosc_frame f = {.nbytes = nbytes, .typesize = typesize};
  if (cname != ZARRC_BLOSC_ZSTD && cname != ZARRC_BLOSC_LZ4) return false;
  if (clevel == 0 || nbytes < MIN_NBYTES || nbytes < typesize) return false;
  f.format = cname == ZARRC_BLOSC_ZSTD ? ZARRC_BLOSC_AS_ZSTD : ZARRC_BLOSC_AS_LZ4;
  f.blocksize = blocksize_choose(&f, clevel, blocksize);
  f.nblocks = (nbytes - 1) / f.blocksize + 1;
  f.flags = (uint8_t)(f.format << 5);
  if (f.format == ZARRC_BLOSC_AS_ZSTD || !zarrc_blosc_splits(typesize, f.blocksize)) f.flags |= ZARRC_BLOSC_UNSPLIT;
  if (shuffle != ZARRC_BLOSC_NOSHUFFLE)
    f.flags |= shuffle == ZARRC_BLOSC_SHUFFLE ? ZARRC_BLOSC_SHUFFLED : ZARRC_BLOSC_BITSHUFFLED;
  *out = f;
  return zarrc_blosc_blocks_can(&f);
}

/* Returns the Zstandard level for a level of Blosc. */
static int zstd_level(int clevel) {
  return clevel < 9 ? 2 * clevel - 1 : INT16_MAX; /* the highest */
}

/* A frame in the making, and the position of its next stream. */
typedef struct making {
  zarrc_ctx *ctx;
  const zarrc_blosc_frame *frame;
  int clevel;
  uint8_t *p;
  size_t at, end;
} making;

/* Encodes a stream of n bytes after its length. *fits: the stream, compressed or not, fits into the frame. */
static zarrc_status encode_stream(making *m, const uint8_t *from, uint32_t n, bool *fits, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  size_t room = m->end - m->at > 4 ? m->end - m->at - 4 : 0, made = 0;
  uint32_t most = room < n ? (uint32_t)room : n;
  uint8_t *to = m->p + m->at + 4;
  if (most > 0 && m->frame->format == ZARRC_BLOSC_AS_LZ4) made = zarrc_lz4_encode(10 - m->clevel, from, n, to, most);
  if (most > 0 && m->frame->format == ZARRC_BLOSC_AS_ZSTD)
    status = zarrc_zstd_encode_within(m->ctx, zstd_level(m->clevel), from, n, to, most, &made, error);
  if (status) return status;
  *fits = (made > 0 && made < n) || n <= room;
  if (!*fits) return ZARRC_OK;
  if (made == 0 || made == n) { /* a stream of this length is stored uncompressed */
    made = n;
    memcpy(to, from, n);
  }
  zarrc_store_le32(to - 4, (uint32_t)made);
  m->at += 4 + made;
  return ZARRC_OK;
}

static zarrc_status encode_blocks(making *m, const uint8_t *from, uint8_t *shuffled, bool *fits, zarrc_error *error) {
  const zarrc_shuffle_kernels *kernels = zarrc_shuffle_kernels_best();
  const zarrc_blosc_frame *f = m->frame;
  zarrc_status status = ZARRC_OK;
  for (uint32_t i = 0; i < f->nblocks && *fits; i++) {
    uint32_t nbytes = zarrc_blosc_block_nbytes(f, i), each = nbytes / zarrc_blosc_block_nstreams(f, i);
    zarrc_blosc_shuffle shuffle = zarrc_blosc_block_shuffle(f, i);
    const uint8_t *streams = shuffle == ZARRC_BLOSC_NOSHUFFLE ? from : shuffled;
    if (shuffle != ZARRC_BLOSC_NOSHUFFLE)
      zarrc_blosc_shuffle_block(kernels, shuffled, from, nbytes, f->typesize, shuffle == ZARRC_BLOSC_BITSHUFFLE);
    zarrc_store_le32(m->p + ZARRC_BLOSC_HEADER_NBYTES + 4 * (size_t)i, (uint32_t)m->at);
    status = check_canceled(m->ctx, f, i, ENCODED_UNASKED, error);
    if (status) return status;
    for (uint32_t done = 0; done < nbytes && *fits; done += each) {
      status = encode_stream(m, streams + done, each, fits, error);
      if (status) return status;
    }
    from += nbytes;
  }
  return ZARRC_OK;
}

zarrc_status zarrc_blosc_frame_encode(zarrc_ctx *ctx, const zarrc_blosc_frame *frame, int clevel, const uint8_t *from,
                                      uint8_t *p, size_t *made, zarrc_error *error) {
  making m = {.ctx = ctx, .frame = frame, .clevel = clevel, .p = p};
  m.end = (size_t)frame->nbytes + ZARRC_BLOSC_HEADER_NBYTES;
  m.at = ZARRC_BLOSC_HEADER_NBYTES + 4 * (size_t)frame->nblocks;
  bool fits = m.at <= m.end;
  zarrc_bytes memory = {0};
  zarrc_status status = ZARRC_OK;
  if (zarrc_blosc_block_shuffle(frame, 0) != ZARRC_BLOSC_NOSHUFFLE)
    status = zarrc_scratch_take(ctx, frame->blocksize, &memory, error);
  zarrc_blosc_frame_cut(frame, frame->nblocks, true, 0, p);
  if (!status) status = encode_blocks(&m, from, (uint8_t *)(uintptr_t)memory.ptr, &fits, error);
  zarrc_bytes_release(&memory);
  if (status) return status;
  if (!fits) {
    p[2] |= ZARRC_BLOSC_STORED;
    memcpy(p + ZARRC_BLOSC_HEADER_NBYTES, from, frame->nbytes);
    m.at = m.end;
  }
  zarrc_store_le32(p + 12, (uint32_t)m.at);
  *made = m.at;
  return ZARRC_OK;
}

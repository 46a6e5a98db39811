/* SPDX-License-Identifier: MIT */
#include "codec/blosc_frame.h"
#include "base/endian.h"

/* BLOSC_MAX_BLOCKSIZE of libblosc 1.21. */
#define MAX_BLOCKSIZE ((INT32_MAX - 255u * 4u) / 3u)
/* libblosc splits blocks if typesize is at most this, into streams of at least so many decoded bytes. */
#define MAX_SPLIT_TYPESIZE 16u
#define MIN_SPLIT_NBYTES   128u
/* So many consecutive 0xff in a blosclz stream could overflow its decoder's 32-bit match length. */
#define MAX_BLOSCLZ_RUN ((size_t)1 << 23)

zarrc_status zarrc_blosc_frame_parse(const uint8_t *header, zarrc_blosc_frame *out, zarrc_error *error) {
  zarrc_blosc_frame f = {
      .nbytes = zarrc_load_le32(header + 4),
      .blocksize = zarrc_load_le32(header + 8),
      .cbytes = zarrc_load_le32(header + 12),
      .flags = header[2],
      .typesize = header[3],
      .format = header[2] >> 5,
      .stored = header[2] & ZARRC_BLOSC_STORED,
  };
  if (header[0] != 2) return zarrc_fail(error, ZARRC_CORRUPT, "version of the frame is %u, 2 is known", header[0]);
  if (f.flags & ZARRC_BLOSC_RESERVED || (!f.stored && f.format > ZARRC_BLOSC_AS_ZSTD))
    return zarrc_fail(error, ZARRC_CORRUPT, "unknown flags %02x", f.flags);
  if (!f.stored && header[1] != 1)
    return zarrc_fail(error, ZARRC_CORRUPT, "version of the compressor's format is %u, 1 is known", header[1]);
  if (!f.typesize) return zarrc_fail(error, ZARRC_CORRUPT, "typesize is 0");
  if (f.cbytes < ZARRC_BLOSC_HEADER_NBYTES || f.cbytes > INT32_MAX || f.nbytes > ZARRC_BLOSC_MAX_NBYTES)
    return zarrc_fail(error, ZARRC_CORRUPT, "impossible sizes: %u bytes in a frame of %u", f.nbytes, f.cbytes);
  if (f.nbytes && (!f.blocksize || f.blocksize > f.nbytes || f.blocksize > MAX_BLOCKSIZE))
    return zarrc_fail(error, ZARRC_CORRUPT, "blocks of %u bytes where there are %u in all", f.blocksize, f.nbytes);
  if (f.stored && f.cbytes != f.nbytes + ZARRC_BLOSC_HEADER_NBYTES)
    return zarrc_fail(error, ZARRC_CORRUPT, "%u bytes stored in a frame of %u", f.nbytes, f.cbytes);
  if (f.nbytes && !f.stored) f.nblocks = (f.nbytes - 1) / f.blocksize + 1;
  if (f.nblocks > (f.cbytes - ZARRC_BLOSC_HEADER_NBYTES) / 4)
    return zarrc_fail(error, ZARRC_CORRUPT, "%u blocks cannot lie in %u bytes", f.nblocks, f.cbytes);
  *out = f;
  return ZARRC_OK;
}

uint32_t zarrc_blosc_block_nbytes(const zarrc_blosc_frame *frame, uint32_t i) {
  uint32_t first = i * frame->blocksize;
  return frame->nbytes - first < frame->blocksize ? frame->nbytes - first : frame->blocksize;
}

bool zarrc_blosc_splits(uint8_t typesize, uint32_t blocksize) {
  return typesize <= MAX_SPLIT_TYPESIZE && blocksize / typesize >= MIN_SPLIT_NBYTES;
}

uint32_t zarrc_blosc_block_nstreams(const zarrc_blosc_frame *frame, uint32_t i) {
  bool split = !(frame->flags & ZARRC_BLOSC_UNSPLIT) && zarrc_blosc_block_nbytes(frame, i) == frame->blocksize &&
               zarrc_blosc_splits(frame->typesize, frame->blocksize);
  return split ? frame->typesize : 1;
}

static uint32_t block_start(const uint8_t *p, uint32_t i) {
  return zarrc_load_le32(p + ZARRC_BLOSC_HEADER_NBYTES + 4 * (size_t)i);
}

uint32_t zarrc_blosc_block_cbytes(const zarrc_blosc_frame *frame, const uint8_t *p, uint32_t i, uint32_t *first) {
  uint32_t at = *first = block_start(p, i);
  for (uint32_t n = zarrc_blosc_block_nstreams(frame, i); n > 0; n--) at += 4 + zarrc_load_le32(p + at);
  return at - *first;
}

static zarrc_status check_stream(const zarrc_blosc_frame *f, const uint8_t *p, uint32_t n, uint32_t ndecoded,
                                 uint32_t block, zarrc_error *error) {
  static const uint8_t zstd_magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
  if (n == ndecoded) return ZARRC_OK; /* stored uncompressed */
  if (f->format == ZARRC_BLOSC_AS_ZSTD && (n < sizeof zstd_magic || memcmp(p, zstd_magic, sizeof zstd_magic) != 0))
    return zarrc_fail(error, ZARRC_CORRUPT, "block %u holds no Zstandard frame", block);
  if (f->format != ZARRC_BLOSC_AS_BLOSCLZ || n < MAX_BLOSCLZ_RUN) return ZARRC_OK;
  for (size_t i = 0, run = 0; i < n; i++) {
    run = p[i] == 0xff ? run + 1 : 0;
    if (run == MAX_BLOSCLZ_RUN) return zarrc_fail(error, ZARRC_CORRUPT, "block %u: impossible match length", block);
  }
  return ZARRC_OK;
}

/* Checks the streams of a block and adds their encoded bytes to *nbytes. */
static zarrc_status check_block(const zarrc_blosc_frame *f, const uint8_t *p, uint32_t block, uint64_t *nbytes,
                                zarrc_error *error) {
  uint32_t at = block_start(p, block);
  uint32_t ndecoded = zarrc_blosc_block_nbytes(f, block), nstreams = zarrc_blosc_block_nstreams(f, block);
  if (at < ZARRC_BLOSC_HEADER_NBYTES + 4 * f->nblocks || at >= f->cbytes)
    return zarrc_fail(error, ZARRC_CORRUPT, "block %u starts at byte %u of a frame of %u", block, at, f->cbytes);
  if (ndecoded % nstreams)
    return zarrc_fail(error, ZARRC_CORRUPT, "block %u: %u bytes cannot be split into %u streams", block, ndecoded,
                      nstreams);
  for (uint32_t i = 0; i < nstreams; i++) {
    if (f->cbytes - at < 4) goto outside;
    uint32_t n = zarrc_load_le32(p + at);
    at += 4;
    if (!n || n > f->cbytes - at) goto outside;
    zarrc_status status = check_stream(f, p + at, n, ndecoded / nstreams, block, error);
    if (status) return status;
    at += n;
    *nbytes += 4 + (uint64_t)n;
  }
  return ZARRC_OK;
outside:
  return zarrc_fail(error, ZARRC_CORRUPT, "block %u reaches beyond the frame of %u bytes", block, f->cbytes);
}

zarrc_status zarrc_blosc_frame_check(const uint8_t *p, size_t n, zarrc_blosc_frame *out, zarrc_error *error) {
  zarrc_blosc_frame f;
  uint64_t nbytes = ZARRC_BLOSC_HEADER_NBYTES;
  if (n < ZARRC_BLOSC_HEADER_NBYTES)
    return zarrc_fail(error, ZARRC_TRUNCATED, "%zu bytes are no Blosc header of 16", n);
  zarrc_status status = zarrc_blosc_frame_parse(p, &f, error);
  if (status) return status;
  if (f.cbytes > n)
    return zarrc_fail(error, ZARRC_TRUNCATED, "the frame is %u bytes long, and %zu are there", f.cbytes, n);
  nbytes += 4 * (uint64_t)f.nblocks;
  for (uint32_t i = 0; i < f.nblocks; i++) {
    status = check_block(&f, p, i, &nbytes, error);
    if (status) return status;
    if (nbytes > f.cbytes) /* keeps time linear in the number of bytes */
      return zarrc_fail(error, ZARRC_CORRUPT, "block %u shares bytes with another one", i);
  }
  *out = f;
  return ZARRC_OK;
}

void zarrc_blosc_frame_cut(const zarrc_blosc_frame *frame, uint32_t nblocks, bool with_last, uint32_t cbytes,
                           uint8_t *header) {
  uint32_t last = with_last ? zarrc_blosc_block_nbytes(frame, frame->nblocks - 1) : frame->blocksize;
  uint32_t blocksize = frame->blocksize;
  uint8_t flags = frame->flags;
  if (nblocks == 1 && last < blocksize) { /* a short block is never split, but alone it does not look short */
    blocksize = last;
    flags |= ZARRC_BLOSC_UNSPLIT;
  }
  header[0] = 2;
  header[1] = 1;
  header[2] = flags;
  header[3] = frame->typesize;
  zarrc_store_le32(header + 4, (nblocks - 1) * frame->blocksize + last);
  zarrc_store_le32(header + 8, blocksize);
  zarrc_store_le32(header + 12, cbytes);
}

/* SPDX-License-Identifier: MIT */
#include "codec/blosc_few.h"
#include "base/endian.h"
#include "codec/zstd.h"

#include <string.h>

enum { FORMAT_ZSTD = 4, SHUFFLED = 0x01, BITSHUFFLED = 0x04 };

static bool is_shuffled(const zarrc_blosc_frame *f) {
  return f->flags & SHUFFLED && f->typesize > 1;
}

static bool is_bitshuffled(const zarrc_blosc_frame *f, uint32_t block_nbytes) {
  return !is_shuffled(f) && f->flags & BITSHUFFLED && block_nbytes >= f->typesize;
}

/* Of a bitshuffled block whose elements are not a multiple of 8, versions of libblosc think differently. */
bool zarrc_blosc_few_can(const zarrc_blosc_frame *frame, uint32_t i) {
  uint32_t nbytes = zarrc_blosc_block_nbytes(frame, i);
  return ZARRC_HAVE_ZSTD && !frame->stored && frame->format == FORMAT_ZSTD &&
         !(is_bitshuffled(frame, nbytes) && nbytes / frame->typesize % 8 != 0);
}

zarrc_status zarrc_blosc_few_decode(zarrc_ctx *ctx, const zarrc_blosc_frame *frame, uint32_t i, const uint8_t *p,
                                    uint32_t n, uint8_t *streams, zarrc_error *error) {
  uint32_t nbytes = zarrc_blosc_block_nbytes(frame, i), nstreams = zarrc_blosc_block_nstreams(frame, i), at = 0;
  if (nbytes % nstreams)
    return zarrc_fail(error, ZARRC_CORRUPT, "block %u: %u bytes cannot be split into %u streams", i, nbytes, nstreams);
  uint32_t each = nbytes / nstreams;
  for (uint32_t k = 0; k < nstreams; k++) {
    uint32_t length = n - at < 4 ? 0 : zarrc_load_le32(p + at);
    at += 4;
    if (!length || length > n - at) return zarrc_fail(error, ZARRC_CORRUPT, "block %u reaches beyond its end", i);
    zarrc_status status = ZARRC_OK;
    if (length == each) /* a copy */
      memcpy(streams + k * each, p + at, each);
    else
      status = zarrc_zstd_decode_exactly(ctx, p + at, length, streams + k * each, each, error);
    if (status) return status;
    at += length;
  }
  return ZARRC_OK;
}

static uint8_t bits_pick(const uint8_t *streams, size_t row, size_t element, size_t byte) {
  const uint8_t *p = streams + byte * 8 * row + element / 8;
  unsigned x = 0;
  for (unsigned bit = 0; bit < 8; bit++) x |= (p[bit * row] >> element % 8 & 1u) << bit;
  return (uint8_t)x;
}

void zarrc_blosc_few_pick(const zarrc_blosc_frame *frame, uint32_t i, const uint8_t *streams, uint32_t first,
                          uint32_t nbytes, uint8_t *to) {
  uint32_t block_nbytes = zarrc_blosc_block_nbytes(frame, i), typesize = frame->typesize;
  uint32_t nelements = block_nbytes / typesize, end = nelements * typesize; /* behind it bytes lie as they are */
  bool bytes = is_shuffled(frame), bits = is_bitshuffled(frame, block_nbytes);
  for (uint32_t k = 0, at = first; k < nbytes; k++, at++) {
    if (at >= end || (!bytes && !bits))
      to[k] = streams[at];
    else if (bytes)
      to[k] = streams[(size_t)(at % typesize) * nelements + at / typesize];
    else
      to[k] = bits_pick(streams, nelements / 8, at / typesize, at % typesize);
  }
}

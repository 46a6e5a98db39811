/* SPDX-License-Identifier: MIT */
#include "codec/blosc_elements.h"
#include "codec/blosc_block.h"

static uint8_t pick_bits(const uint8_t *streams, size_t row, size_t element, size_t byte) {
  const uint8_t *p = streams + byte * 8 * row + element / 8;
  unsigned x = 0;
  for (unsigned bit = 0; bit < 8; bit++) x |= (p[bit * row] >> element % 8 & 1u) << bit;
  return (uint8_t)x;
}

uint32_t zarrc_blosc_elements_need(const zarrc_blosc_frame *frame, uint32_t i, uint32_t first, uint32_t nbytes) {
  uint32_t block_nbytes = zarrc_blosc_block_nbytes(frame, i), nstreams = zarrc_blosc_block_nstreams(frame, i);
  zarrc_blosc_shuffle shuffle = zarrc_blosc_block_shuffle(frame, i);
  if (shuffle == ZARRC_BLOSC_NOSHUFFLE && nstreams == 1) return first + nbytes;
  if (shuffle != ZARRC_BLOSC_SHUFFLE || nstreams != frame->typesize) return block_nbytes / nstreams;
  return (first + nbytes - 1) / frame->typesize + 1; /* there is a stream for each byte of an element */
}

void zarrc_blosc_elements_pick(const zarrc_blosc_frame *frame, uint32_t i, const uint8_t *streams, uint32_t first,
                               uint32_t nbytes, uint8_t *to) {
  uint32_t block_nbytes = zarrc_blosc_block_nbytes(frame, i), typesize = frame->typesize;
  uint32_t nelements = block_nbytes / typesize, end = nelements * typesize; /* bytes after end are not shuffled */
  zarrc_blosc_shuffle shuffle = zarrc_blosc_block_shuffle(frame, i);
  for (uint32_t k = 0, at = first; k < nbytes; k++, at++) {
    if (at >= end || shuffle == ZARRC_BLOSC_NOSHUFFLE)
      to[k] = streams[at];
    else if (shuffle == ZARRC_BLOSC_SHUFFLE)
      to[k] = streams[(size_t)(at % typesize) * nelements + at / typesize];
    else
      to[k] = pick_bits(streams, nelements / 8, at / typesize, at % typesize);
  }
}

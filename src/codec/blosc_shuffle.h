/* SPDX-License-Identifier: MIT */
/*
 * The two shuffles of Blosc 1, on one block. A shuffled block has the first bytes of all elements, then all second ones
 * and so on; a bitshuffled one does the same with bits: row r of bits holds bit r % 8 of byte r / 8 of each element,
 * the lowest bit of its first byte belonging to the first one. Bytes behind the last whole element stay where they are.
 */
#ifndef ZARRC_CODEC_BLOSC_SHUFFLE_H
#define ZARRC_CODEC_BLOSC_SHUFFLE_H

#include <zarrc/base.h>

/* Planes lie `stride` bytes apart and hold byte after byte of n elements; rows hold a bit of 8 n bytes, so n bytes. */
typedef struct zarrc_shuffle_kernels {
  const char *name;
  void (*zip)(uint8_t *to, const uint8_t *planes, size_t stride, size_t typesize, size_t n);
  void (*unzip)(uint8_t *planes, size_t stride, const uint8_t *from, size_t typesize, size_t n);
  void (*join_bits)(uint8_t *to, const uint8_t *rows, size_t stride, size_t n);
  void (*part_bits)(uint8_t *rows, size_t stride, const uint8_t *from, size_t n);
} zarrc_shuffle_kernels;

extern const zarrc_shuffle_kernels zarrc_shuffle_kernels_plain;
const zarrc_shuffle_kernels *zarrc_shuffle_kernels_avx2(void); /* NULL: not with this processor */
const zarrc_shuffle_kernels *zarrc_shuffle_kernels_best(void);

/* nbytes bytes in all; typesize from 1 to 255. With bits, the elements must be a multiple of 8. Memory does not
 * overlap.
 */
void zarrc_blosc_shuffle_block(const zarrc_shuffle_kernels *k, uint8_t *to, const uint8_t *from, size_t nbytes,
                               size_t typesize, bool bits);
void zarrc_blosc_unshuffle_block(const zarrc_shuffle_kernels *k, uint8_t *to, const uint8_t *from, size_t nbytes,
                                 size_t typesize, bool bits);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The two shuffles of Blosc 1, on one block. Shuffled: the first bytes of all elements, then all second bytes, and so
 * on. Bitshuffled: the same with bits; row r holds bit r % 8 of byte r / 8 of each element, with the first element in
 * the lowest bit of the row's first byte. Bytes after the last whole element stay where they are.
 */
#ifndef ZARRC_CODEC_BLOSC_SHUFFLE_H
#define ZARRC_CODEC_BLOSC_SHUFFLE_H

#include <zarrc/base.h>

/* zip and unzip: n elements from and to one plane for each of their bytes. join_bits and part_bits: 8 n bytes from and
 * to 8 rows of n bytes. Planes and rows are `stride` bytes apart. */
typedef struct zarrc_shuffle_kernels {
  const char *name;
  void (*zip)(uint8_t *to, const uint8_t *planes, size_t stride, size_t typesize, size_t n);
  void (*unzip)(uint8_t *planes, size_t stride, const uint8_t *from, size_t typesize, size_t n);
  void (*join_bits)(uint8_t *to, const uint8_t *rows, size_t stride, size_t n);
  void (*part_bits)(uint8_t *rows, size_t stride, const uint8_t *from, size_t n);
} zarrc_shuffle_kernels;

extern const zarrc_shuffle_kernels zarrc_shuffle_kernels_plain;
const zarrc_shuffle_kernels *zarrc_shuffle_kernels_avx2(void);   /* NULL: the processor lacks AVX2 */
const zarrc_shuffle_kernels *zarrc_shuffle_kernels_avx512(void); /* NULL: the processor lacks AVX-512 */
const zarrc_shuffle_kernels *zarrc_shuffle_kernels_best(void);

/* typesize: 1 to 255. With bits, the number of elements must be a multiple of 8. from and to do not overlap. */
void zarrc_blosc_shuffle_block(const zarrc_shuffle_kernels *k, uint8_t *to, const uint8_t *from, size_t nbytes,
                               size_t typesize, bool bits);
void zarrc_blosc_unshuffle_block(const zarrc_shuffle_kernels *k, uint8_t *to, const uint8_t *from, size_t nbytes,
                                 size_t typesize, bool bits);

#endif

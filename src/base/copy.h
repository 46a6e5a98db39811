/* SPDX-License-Identifier: MIT */
/*
 * The copy engine behind zarrc_copy, zarrc_fill and zarrc_is_fill, and the simple loop that the tests compare it with.
 */
#ifndef ZARRC_BASE_COPY_H
#define ZARRC_BASE_COPY_H

#include <zarrc/data.h>

/* The most axes of a copy: those of a view, and one inside the element. */
#define ZARRC_COPY_MAX_AXES (ZARRC_MAX_NDIM + 1)

/* An axis of a copy: n elements, d bytes apart in the destination and s bytes apart in the source. */
typedef struct zarrc_copy_axis {
  int64_t n, d, s;
} zarrc_copy_axis;

/* A rectangle of elements. */
typedef struct zarrc_copy_block {
  uint8_t *dst;
  const uint8_t *src;
  zarrc_copy_axis outer, inner;
} zarrc_copy_block;

/* Copy loops for an instruction set. `unit` is the size of the unit that is byte-swapped (1: not swapped). `stream`
 * writes whole cache lines bypassing the caches; `finish` orders such writes before later ones.
 *   rows   copies elements of nbytes contiguous bytes, a multiple of unit
 *   turn   copies elements of 1, 2, 4, 8 or 16 bytes that are contiguous along outer in the source, and along inner in
 *          the destination */
typedef struct zarrc_copy_kernels {
  const char *name;
  bool can_stream;
  void (*rows)(const zarrc_copy_block *block, size_t nbytes, unsigned unit, bool stream);
  void (*turn)(const zarrc_copy_block *block, unsigned item, unsigned unit, bool stream);
  void (*finish)(void);
} zarrc_copy_kernels;

extern const zarrc_copy_kernels zarrc_copy_kernels_base; /* 16-byte vectors, for any machine */
const zarrc_copy_kernels *zarrc_copy_kernels_avx2(void); /* NULL if the machine lacks AVX2 */
const zarrc_copy_kernels *zarrc_copy_kernels_best(void);

/* Copies elements of 1, 2, 4, 8 or 16 bytes one by one. */
void zarrc_copy_items(const zarrc_copy_block *block, unsigned item, unsigned unit);
/* Copies the element of nbytes bytes at dst to the n - 1 elements after it. */
void zarrc_copy_repeat(uint8_t *dst, size_t nbytes, int64_t n);

/* Simplifies a copy: drops axes of length 1, makes the destination's steps positive and sorts the axes by them,
 * outermost first, and merges axes that are contiguous in both memories. Moves dst and src to the first element.
 * Returns the number of axes left. */
int zarrc_copy_simplify(zarrc_copy_axis *axes, int naxes, uint8_t **dst, const uint8_t **src);

/* Copies elements of `item` bytes, which is a multiple of unit unless it is a power of two up to 16. naxes is at most
 * ZARRC_MAX_NDIM, or one more if item is such a power. */
void zarrc_copy_axes(const zarrc_copy_kernels *kernels, const zarrc_copy_axis *axes, int naxes, uint8_t *dst,
                     const uint8_t *src, size_t item, unsigned unit);
/* zarrc_copy with given kernels. */
void zarrc_copy_with(const zarrc_copy_kernels *kernels, const zarrc_view *dst, const zarrc_view *src);

/* zarrc_copy as a simple loop. */
void zarrc_copy_plain(const zarrc_view *dst, const zarrc_view *src);
/* Copies an element; swap: to the other byte order. */
void zarrc_copy_element(const zarrc_dtype *dtype, void *dst, const void *src, bool swap);

/* Returns the size of the unit that is byte-swapped (1: never swapped; 0: a struct, whose fields differ). */
unsigned zarrc_copy_unit(zarrc_type type);

#endif

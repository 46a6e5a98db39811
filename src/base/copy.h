/* SPDX-License-Identifier: MIT */
/*
 * The copy engine below zarrc_copy, zarrc_fill and zarrc_is_fill: axes, kernels, and the plain loop that they are
 * tested against.
 */
#ifndef ZARRC_BASE_COPY_H
#define ZARRC_BASE_COPY_H

#include <zarrc/data.h>

/* The most axes of one copy: those of a view, and one inside the element. */
#define ZARRC_COPY_MAX_AXES (ZARRC_MAX_NDIM + 1)

/* n steps of d bytes in the destination and s bytes in the source. */
typedef struct zarrc_copy_axis {
  int64_t n, d, s;
} zarrc_copy_axis;

/* A rectangle of elements; inner runs faster. */
typedef struct zarrc_copy_block {
  uint8_t *dst;
  const uint8_t *src;
  zarrc_copy_axis outer, inner;
} zarrc_copy_block;

/* One set of kernels for each instruction set. `unit` is the number of bytes that byte order turns round (1, 2, 4, 8;
 * 1: none). `stream` writes whole cache lines past the caches; finish orders such writes before what follows.
 *   rows   every element is a run of nbytes bytes, a multiple of unit, in both memories
 *   turn   elements of 1, 2, 4, 8 or 16 bytes; outer is packed in the source, inner in the destination */
typedef struct zarrc_copy_kernels {
  const char *name;
  bool can_stream;
  void (*rows)(const zarrc_copy_block *block, size_t nbytes, unsigned unit, bool stream);
  void (*turn)(const zarrc_copy_block *block, unsigned item, unsigned unit, bool stream);
  void (*finish)(void);
} zarrc_copy_kernels;

extern const zarrc_copy_kernels zarrc_copy_kernels_base; /* 16-byte vectors, any machine */
const zarrc_copy_kernels *zarrc_copy_kernels_avx2(void); /* NULL where this machine has none */
const zarrc_copy_kernels *zarrc_copy_kernels_best(void);

/* Elements of 1, 2, 4, 8 or 16 bytes, one by one. */
void zarrc_copy_items(const zarrc_copy_block *block, unsigned item, unsigned unit);
/* n packed elements of nbytes bytes, the first of which is there already, become the same. */
void zarrc_copy_repeat(uint8_t *dst, size_t nbytes, int64_t n);

/* Drops axes of one element, makes the steps of the destination positive, sorts by them from outer to inner, and joins
 * axes that follow one another in both memories. dst and src move to the first element so seen. Returns the number. */
int zarrc_copy_simplify(zarrc_copy_axis *axes, int naxes, uint8_t **dst, const uint8_t **src);

/* Copies elements of `item` bytes, any number (more than 16, or not a power of two: a multiple of unit). At most
 * ZARRC_MAX_NDIM axes, one more where item is a power of two up to 16. */
void zarrc_copy_axes(const zarrc_copy_kernels *kernels, const zarrc_copy_axis *axes, int naxes, uint8_t *dst,
                     const uint8_t *src, size_t item, unsigned unit);
/* zarrc_copy with the kernels named. */
void zarrc_copy_with(const zarrc_copy_kernels *kernels, const zarrc_view *dst, const zarrc_view *src);

/* zarrc_copy as a loop over elements. */
void zarrc_copy_plain(const zarrc_view *dst, const zarrc_view *src);
/* One element from one byte order to the other, or the same one. */
void zarrc_copy_element(const zarrc_dtype *dtype, void *dst, const void *src, bool swap);

/* Bytes of the unit that byte order turns round; 1: none, 0: that of each field. */
unsigned zarrc_copy_unit(zarrc_type type);

#endif

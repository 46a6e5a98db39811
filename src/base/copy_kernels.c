/* SPDX-License-Identifier: MIT */
/* Copy kernels for any machine, on 16-byte vectors, and the loops without vectors. */
#include <string.h>
#include <zarrc/data.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define ZARRC_KERNEL
#define ZARRC_INLINE static inline __attribute__((always_inline))

typedef uint8_t vec __attribute__((vector_size(16)));
typedef uint16_t vec_u16 __attribute__((vector_size(16)));
typedef uint32_t vec_u32 __attribute__((vector_size(16)));
typedef uint64_t vec_u64 __attribute__((vector_size(16)));

ZARRC_INLINE vec vec_get(const uint8_t *p) {
  vec x;
  memcpy(&x, p, sizeof x);
  return x;
}

ZARRC_INLINE void vec_put(uint8_t *p, vec x) {
  memcpy(p, &x, sizeof x);
}

ZARRC_INLINE void vec_put_past(uint8_t *p, vec x) {
#if defined(__SSE2__)
  _mm_stream_si128((__m128i *)(void *)p, (__m128i)x);
#else
  vec_put(p, x);
#endif
}

ZARRC_INLINE vec vec_get_lanes(const uint8_t *p, size_t step) {
  (void)step;
  return vec_get(p);
}

ZARRC_INLINE vec vec_swap(vec x, const unsigned unit) {
  if (unit == 1) return x;
  x = (vec)((vec_u16)x << 8 | (vec_u16)x >> 8);
  if (unit == 2) return x;
  x = (vec)((vec_u32)x << 16 | (vec_u32)x >> 16);
  if (unit == 4) return x;
  return (vec)__builtin_shufflevector((vec_u32)x, (vec_u32)x, 1, 0, 3, 2);
}

ZARRC_INLINE vec vec_zip_low(vec a, vec b, const unsigned item) {
  switch (item) {
  case 1:
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  case 2:
    return (vec)__builtin_shufflevector((vec_u16)a, (vec_u16)b, 0, 8, 1, 9, 2, 10, 3, 11);
  case 4:
    return (vec)__builtin_shufflevector((vec_u32)a, (vec_u32)b, 0, 4, 1, 5);
  default:
    return (vec)__builtin_shufflevector((vec_u64)a, (vec_u64)b, 0, 2);
  }
}

ZARRC_INLINE vec vec_zip_high(vec a, vec b, const unsigned item) {
  switch (item) {
  case 1:
    return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  case 2:
    return (vec)__builtin_shufflevector((vec_u16)a, (vec_u16)b, 4, 12, 5, 13, 6, 14, 7, 15);
  case 4:
    return (vec)__builtin_shufflevector((vec_u32)a, (vec_u32)b, 2, 6, 3, 7);
  default:
    return (vec)__builtin_shufflevector((vec_u64)a, (vec_u64)b, 1, 3);
  }
}

#include "base/copy_kernels.h"

static void zarrc_finish(void) {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

const zarrc_copy_kernels zarrc_copy_kernels_base = {
    .name = "base",
#if defined(__SSE2__)
    .can_stream = true,
#endif
    .rows = zarrc_rows,
    .turn = zarrc_turn,
    .finish = zarrc_finish,
};

/* --------------------------------------------------------------------------------------- loops without vectors */

#define BLOCK 16384 /* bytes that are repeated at once; they fit the first-level cache */

/* Copies an element of 1 to 16 bytes. Callers pass constants for item and unit. */
static inline __attribute__((always_inline)) void zarrc_item(uint8_t *dst, const uint8_t *src, const unsigned item,
                                                             const unsigned unit) {
  uint16_t h;
  uint32_t w;
  uint64_t d[2];
  switch (item) {
  case 1:
    *dst = *src;
    break;
  case 2:
    memcpy(&h, src, 2);
    h = zarrc_swap_u16(h, unit);
    memcpy(dst, &h, 2);
    break;
  case 4:
    memcpy(&w, src, 4);
    w = zarrc_swap_u32(w, unit);
    memcpy(dst, &w, 4);
    break;
  case 8:
    memcpy(d, src, 8);
    d[0] = zarrc_swap_u64(d[0], unit);
    memcpy(dst, d, 8);
    break;
  default:
    memcpy(d, src, 16);
    d[0] = zarrc_swap_u64(d[0], unit);
    d[1] = zarrc_swap_u64(d[1], unit);
    memcpy(dst, d, 16);
    break;
  }
}

static inline __attribute__((always_inline)) void zarrc_items_of(const zarrc_copy_block *b, const unsigned item,
                                                                 const unsigned unit) {
  const int64_t n = b->inner.n, d = b->inner.d, s = b->inner.s;
  for (int64_t i = 0; i < b->outer.n; i++) {
    uint8_t *dst = b->dst + i * b->outer.d;
    const uint8_t *src = b->src + i * b->outer.s;
    int64_t j = 0;
    for (; j + 4 <= n; j += 4) {
      zarrc_item(dst + j * d, src + j * s, item, unit);
      zarrc_item(dst + (j + 1) * d, src + (j + 1) * s, item, unit);
      zarrc_item(dst + (j + 2) * d, src + (j + 2) * s, item, unit);
      zarrc_item(dst + (j + 3) * d, src + (j + 3) * s, item, unit);
    }
    for (; j < n; j++) zarrc_item(dst + j * d, src + j * s, item, unit);
  }
}

void zarrc_copy_items(const zarrc_copy_block *b, unsigned item, unsigned unit) {
  switch (item * 16 + unit) {
  case 1 * 16 + 1:
    zarrc_items_of(b, 1, 1);
    break;
  case 2 * 16 + 1:
    zarrc_items_of(b, 2, 1);
    break;
  case 2 * 16 + 2:
    zarrc_items_of(b, 2, 2);
    break;
  case 4 * 16 + 1:
    zarrc_items_of(b, 4, 1);
    break;
  case 4 * 16 + 2:
    zarrc_items_of(b, 4, 2);
    break;
  case 4 * 16 + 4:
    zarrc_items_of(b, 4, 4);
    break;
  case 8 * 16 + 1:
    zarrc_items_of(b, 8, 1);
    break;
  case 8 * 16 + 2:
    zarrc_items_of(b, 8, 2);
    break;
  case 8 * 16 + 4:
    zarrc_items_of(b, 8, 4);
    break;
  case 8 * 16 + 8:
    zarrc_items_of(b, 8, 8);
    break;
  case 16 * 16 + 1:
    zarrc_items_of(b, 16, 1);
    break;
  case 16 * 16 + 2:
    zarrc_items_of(b, 16, 2);
    break;
  case 16 * 16 + 4:
    zarrc_items_of(b, 16, 4);
    break;
  default:
    zarrc_items_of(b, 16, 8);
    break;
  }
}

void zarrc_copy_repeat(uint8_t *dst, size_t nbytes, int64_t n) {
  const size_t total = nbytes * (size_t)n, block = (BLOCK + nbytes - 1) / nbytes * nbytes;
  size_t i = 1;
  while (i < nbytes && dst[i] == dst[0]) i++;
  if (i == nbytes) {
    memset(dst, dst[0], total);
    return;
  }
  for (i = nbytes; i < total;) {
    size_t more = i < block ? i : block;
    if (more > total - i) more = total - i;
    memcpy(dst + i, dst, more);
    i += more;
  }
}

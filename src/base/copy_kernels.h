/* SPDX-License-Identifier: MIT */
/*
 * The copy loops, written once for vectors of any length. The including file defines
 *   ZARRC_KERNEL   attributes of the functions here; ZARRC_INLINE: of those that must be inlined, with static inline
 *   vec            a vector, which consists of lanes of 16 bytes
 *   vec_get, vec_put, vec_put_past   load; store; store to an aligned address, bypassing the caches
 *   vec_get_lanes  loads 16 bytes from p into the first lane, from p + step into the next, ...
 *   vec_swap       swaps the bytes of every unit of 2, 4 or 8 bytes
 *   vec_zip_low, vec_zip_high        interleave, in each lane, the elements of the low or high halves of two vectors
 */
#ifndef ZARRC_BASE_COPY_KERNELS_H
#define ZARRC_BASE_COPY_KERNELS_H

#include "base/copy.h"
#include "base/copy_swap.h"

#include <string.h>

#if defined(__clang__)
#define ZARRC_UNROLL _Pragma("clang loop unroll(full)")
#else
#define ZARRC_UNROLL _Pragma("GCC unroll 16")
#endif
#define ZARRC_LINE  64                 /* bytes of a cache line, and of an edge of a tile */
#define ZARRC_AHEAD ((int64_t)1 << 20) /* a source whose rows extend over more bytes is prefetched */

/* A run shorter than a vector. Its two halves may overlap. */
ZARRC_INLINE void zarrc_run_short(uint8_t *dst, const uint8_t *src, size_t n, const unsigned unit) {
  if (n >= 8) {
    uint64_t a, b;
    memcpy(&a, src, 8);
    memcpy(&b, src + n - 8, 8);
    a = zarrc_swap_u64(a, unit);
    b = zarrc_swap_u64(b, unit);
    memcpy(dst, &a, 8);
    memcpy(dst + n - 8, &b, 8);
  } else if (n >= 4) {
    uint32_t a, b;
    memcpy(&a, src, 4);
    memcpy(&b, src + n - 4, 4);
    a = zarrc_swap_u32(a, unit);
    b = zarrc_swap_u32(b, unit);
    memcpy(dst, &a, 4);
    memcpy(dst + n - 4, &b, 4);
  } else if (n >= 2) {
    uint16_t a;
    memcpy(&a, src, 2);
    const uint8_t last = src[n - 1];
    a = zarrc_swap_u16(a, unit);
    memcpy(dst, &a, 2);
    if (n == 3) dst[2] = last;
  } else if (n) {
    *dst = *src;
  }
}

ZARRC_INLINE void zarrc_run(uint8_t *dst, const uint8_t *src, size_t n, const unsigned unit) {
  size_t i = 0;
  if (n < 16) {
    zarrc_run_short(dst, src, n, unit);
    return;
  }
  if (n < sizeof(vec)) {
    for (int half = 0; half < 2; half++) {
      zarrc_run_short(dst + i, src + i, 8, unit);
      zarrc_run_short(dst + i + 8, src + i + 8, 8, unit);
      i = n - 16;
    }
    return;
  }
  for (; i + 4 * sizeof(vec) <= n; i += 4 * sizeof(vec)) {
    const vec a = vec_swap(vec_get(src + i), unit), b = vec_swap(vec_get(src + i + sizeof(vec)), unit),
              c = vec_swap(vec_get(src + i + 2 * sizeof(vec)), unit),
              d = vec_swap(vec_get(src + i + 3 * sizeof(vec)), unit);
    vec_put(dst + i, a);
    vec_put(dst + i + sizeof(vec), b);
    vec_put(dst + i + 2 * sizeof(vec), c);
    vec_put(dst + i + 3 * sizeof(vec), d);
  }
  for (; i + sizeof(vec) <= n; i += sizeof(vec)) vec_put(dst + i, vec_swap(vec_get(src + i), unit));
  if (i < n) vec_put(dst + n - sizeof(vec), vec_swap(vec_get(src + n - sizeof(vec)), unit));
}

/* Copies whole lines to an aligned destination, bypassing the caches. */
ZARRC_INLINE void zarrc_lines_past(uint8_t *dst, const uint8_t *src, size_t n, const unsigned unit) {
  for (size_t i = 0; i < n; i += sizeof(vec)) vec_put_past(dst + i, vec_swap(vec_get(src + i), unit));
}

ZARRC_INLINE void zarrc_run_past(uint8_t *dst, const uint8_t *src, size_t n, const unsigned unit) {
  const size_t head = (size_t)(-(uintptr_t)dst) % ZARRC_LINE;
  if (head + ZARRC_LINE > n || head % unit) {
    zarrc_run(dst, src, n, unit);
    return;
  }
  const size_t lines = (n - head) / ZARRC_LINE * ZARRC_LINE;
  zarrc_run(dst, src, head, unit);
  zarrc_lines_past(dst + head, src + head, lines, unit);
  zarrc_run(dst + head + lines, src + head + lines, n - head - lines, unit);
}

ZARRC_INLINE void zarrc_rows_of(const zarrc_copy_block *b, size_t nbytes, const unsigned unit, bool stream) {
  for (int64_t i = 0; i < b->outer.n; i++) {
    uint8_t *dst = b->dst + i * b->outer.d;
    const uint8_t *src = b->src + i * b->outer.s;
    if (stream) {
      for (int64_t j = 0; j < b->inner.n; j++) {
        zarrc_run_past(dst + j * b->inner.d, src + j * b->inner.s, nbytes, unit);
      }
    } else if (unit == 1 && nbytes == 3) { /* the pixels of pictures */
      for (int64_t j = 0; j < b->inner.n; j++) zarrc_run(dst + j * b->inner.d, src + j * b->inner.s, 3, 1);
    } else if (unit == 1 && nbytes >= 2048) {
      for (int64_t j = 0; j < b->inner.n; j++) memcpy(dst + j * b->inner.d, src + j * b->inner.s, nbytes);
    } else {
      for (int64_t j = 0; j < b->inner.n; j++) zarrc_run(dst + j * b->inner.d, src + j * b->inner.s, nbytes, unit);
    }
  }
}

ZARRC_KERNEL static void zarrc_rows(const zarrc_copy_block *b, size_t nbytes, unsigned unit, bool stream) {
  if (unit == 1) {
    zarrc_rows_of(b, nbytes, 1, stream);
  } else if (unit == 2) {
    zarrc_rows_of(b, nbytes, 2, stream);
  } else if (unit == 4) {
    zarrc_rows_of(b, nbytes, 4, stream);
  } else {
    zarrc_rows_of(b, nbytes, 8, stream);
  }
}

/* Transposes the first rows x columns of a tile, rounded up to whole vectors: column c of `in`, whose rows are one line
 * long, becomes the row at out + c * d. */
ZARRC_INLINE void zarrc_turn_tile(uint8_t *out, int64_t d, const uint8_t *in, unsigned rows, unsigned columns,
                                  const unsigned item) {
  enum { LANES = sizeof(vec) / 16 };
  const unsigned n = 16 / item;
  for (unsigned c = 0; c < columns; c += n) {
    for (unsigned r = 0; r < rows; r += n * LANES) {
      vec a[16], b[16];
      ZARRC_UNROLL
      for (unsigned i = 0; i < n; i++) a[i] = vec_get_lanes(in + (r + i) * ZARRC_LINE + c * item, n * ZARRC_LINE);
      ZARRC_UNROLL
      for (unsigned step = 1; step < n; step *= 2) {
        ZARRC_UNROLL
        for (unsigned i = 0; i < n / 2; i++) {
          b[2 * i] = vec_zip_low(a[i], a[i + n / 2], item);
          b[2 * i + 1] = vec_zip_high(a[i], a[i + n / 2], item);
        }
        ZARRC_UNROLL
        for (unsigned i = 0; i < n; i++) a[i] = b[i];
      }
      ZARRC_UNROLL
      for (unsigned i = 0; i < n; i++) vec_put(out + (int64_t)(c + i) * d + r * item, a[i]);
    }
  }
}

/* Copies n rows of at most one line. The compiler knows the length of whole lines. */
ZARRC_INLINE void zarrc_short_rows(uint8_t *dst, int64_t d, const uint8_t *src, int64_t s, int64_t n, size_t nbytes,
                                   bool ahead, const unsigned unit) {
  if (nbytes == ZARRC_LINE) {
    for (int64_t i = 0; i < n; i++) {
      if (ahead) __builtin_prefetch((const void *)((uintptr_t)(src + i * s) + 2 * ZARRC_LINE));
      zarrc_run(dst + i * d, src + i * s, ZARRC_LINE, unit);
    }
  } else {
    for (int64_t i = 0; i < n; i++) zarrc_run(dst + i * d, src + i * s, nbytes, unit);
  }
}

/* Copies rows of a source into a tile. ahead: prefetches what follows in each row. */
ZARRC_KERNEL static void zarrc_load_tile(uint8_t *tile, const uint8_t *src, int64_t s, int64_t n, size_t nbytes,
                                         bool ahead, unsigned unit) {
  if (unit == 1) {
    zarrc_short_rows(tile, ZARRC_LINE, src, s, n, nbytes, ahead, 1);
  } else if (unit == 2) {
    zarrc_short_rows(tile, ZARRC_LINE, src, s, n, nbytes, ahead, 2);
  } else if (unit == 4) {
    zarrc_short_rows(tile, ZARRC_LINE, src, s, n, nbytes, ahead, 4);
  } else {
    zarrc_short_rows(tile, ZARRC_LINE, src, s, n, nbytes, ahead, 8);
  }
}

ZARRC_KERNEL static void zarrc_store_tile(uint8_t *dst, int64_t d, const uint8_t *tile, int64_t n, size_t nbytes,
                                          bool stream) {
  if (stream && nbytes == ZARRC_LINE && (uintptr_t)dst % ZARRC_LINE == 0 && d % ZARRC_LINE == 0) {
    for (int64_t i = 0; i < n; i++) zarrc_lines_past(dst + i * d, tile + i * ZARRC_LINE, ZARRC_LINE, 1);
  } else {
    zarrc_short_rows(dst, d, tile, ZARRC_LINE, n, nbytes, false, 1);
  }
}

/* Returns the number of elements up to the next line of memory, or of a whole edge if lines divide elements. */
static inline int64_t zarrc_first_edge(const void *p, unsigned item) {
  const unsigned past = (unsigned)((uintptr_t)p % ZARRC_LINE);
  return (past % item ? ZARRC_LINE : ZARRC_LINE - past) / item;
}

/* Transposes tile by tile. Whole lines of the source are copied to a tile in the nearest cache, so that the strides do
 * not matter (with powers of two, lines would displace each other), and whole lines of the destination are written. */
ZARRC_INLINE void zarrc_turn_of(const zarrc_copy_block *b, unsigned unit, bool stream, const unsigned item) {
  _Alignas(ZARRC_LINE) uint8_t in[ZARRC_LINE * ZARRC_LINE], out[ZARRC_LINE * ZARRC_LINE];
  const int64_t edge = ZARRC_LINE / item;
  const bool ahead = (b->inner.s < 0 ? -b->inner.s : b->inner.s) > ZARRC_AHEAD / b->inner.n;
  int64_t rows = zarrc_first_edge(b->dst, item);
  for (int64_t r = 0; r < b->inner.n; r += rows, rows = edge) {
    if (rows > b->inner.n - r) rows = b->inner.n - r;
    int64_t columns = zarrc_first_edge(b->src, item);
    for (int64_t c = 0; c < b->outer.n; c += columns, columns = edge) {
      if (columns > b->outer.n - c) columns = b->outer.n - c;
      uint8_t *dst = b->dst + c * b->outer.d + r * item;
      zarrc_load_tile(in, b->src + c * item + r * b->inner.s, b->inner.s, rows, (size_t)columns * item, ahead, unit);
      if (item == 1 && rows == edge && columns == edge && !stream) {
        zarrc_turn_tile(dst, b->outer.d, in, ZARRC_LINE, ZARRC_LINE, 1);
      } else {
        zarrc_turn_tile(out, ZARRC_LINE, in, (unsigned)rows, (unsigned)columns, item);
        zarrc_store_tile(dst, b->outer.d, out, columns, (size_t)rows * item, stream);
      }
    }
  }
}

ZARRC_KERNEL static void zarrc_turn(const zarrc_copy_block *b, unsigned item, unsigned unit, bool stream) {
  if (item == 1) {
    zarrc_turn_of(b, unit, stream, 1);
  } else if (item == 2) {
    zarrc_turn_of(b, unit, stream, 2);
  } else if (item == 4) {
    zarrc_turn_of(b, unit, stream, 4);
  } else if (item == 8) {
    zarrc_turn_of(b, unit, stream, 8);
  } else {
    zarrc_turn_of(b, unit, stream, 16);
  }
}

#endif

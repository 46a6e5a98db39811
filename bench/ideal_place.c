/* SPDX-License-Identifier: MIT */
#include "ideal.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* --------------------------------------------------------------------------------------------------- in order */

/* What the compiler makes vector code of. */
static void swap_row(uint8_t *to, const uint8_t *from, size_t nbytes, size_t item_size) {
  if (item_size == 2) {
    for (size_t i = 0; i < nbytes; i += 2) {
      uint16_t x;
      memcpy(&x, from + i, 2);
      x = __builtin_bswap16(x);
      memcpy(to + i, &x, 2);
    }
  } else if (item_size == 4) {
    for (size_t i = 0; i < nbytes; i += 4) {
      uint32_t x;
      memcpy(&x, from + i, 4);
      x = __builtin_bswap32(x);
      memcpy(to + i, &x, 4);
    }
  } else {
    for (size_t i = 0; i < nbytes; i++) to[i] = from[i];
  }
}

/* Whole lines go past the caches: else they would be read to be written. */
static void stream_row(uint8_t *to, const uint8_t *from, size_t nbytes) {
#if defined(__SSE2__)
  size_t head = (size_t)(-(uintptr_t)to & 63);
  if (nbytes >= head + 64) {
    memcpy(to, from, head);
    for (to += head, from += head, nbytes -= head; nbytes >= 64; nbytes -= 64, to += 64, from += 64)
      for (int i = 0; i < 64; i += 16)
        _mm_stream_si128((__m128i *)(void *)(to + i), _mm_loadu_si128((const void *)(from + i)));
  }
#endif
  memcpy(to, from, nbytes);
}

static void put_row(const ideal_chain *chain, uint8_t *to, const uint8_t *from, size_t nbytes) {
  uint8_t turned[1024];
  if (!chain->swap) {
    stream_row(to, from, nbytes);
    return;
  }
  for (size_t at = 0, n; at < nbytes; at += n) {
    n = nbytes - at < sizeof turned ? nbytes - at : sizeof turned;
    swap_row(turned, from + at, n, chain->item_size);
    stream_row(to + at, turned, n);
  }
}

static void get_row(const ideal_chain *chain, uint8_t *to, const uint8_t *from, size_t nbytes) {
  if (chain->swap)
    swap_row(to, from, nbytes, chain->item_size);
  else
    memcpy(to, from, nbytes);
}

/* ---------------------------------------------------------------------------------------------------- turned */

/* Turns a tile of 8 x 8 elements of two bytes; strides in bytes. Of the six bits of an element's number in the tile
 * each round of interleaving moves the uppermost one to the end: after three the row is the column. */
static void turn_tile(uint8_t *to, int64_t to_stride, const uint8_t *from, int64_t from_stride) {
#if defined(__SSE2__)
  __m128i a[8], b[8];
  for (int i = 0; i < 8; i++) a[i] = _mm_loadu_si128((const void *)(from + i * from_stride));
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 4; i++) {
      b[2 * i] = _mm_unpacklo_epi16(a[i], a[i + 4]);
      b[2 * i + 1] = _mm_unpackhi_epi16(a[i], a[i + 4]);
    }
    memcpy(a, b, sizeof a);
  }
  for (int i = 0; i < 8; i++) _mm_storeu_si128((void *)(to + i * to_stride), a[i]);
#else
  for (int i = 0; i < 8; i++)
    for (int j = 0; j < 8; j++) memcpy(to + i * to_stride + 2 * j, from + j * from_stride + 2 * i, 2);
#endif
}

static int64_t min64(int64_t a, int64_t b) {
  return a < b ? a : b;
}

/* A plane of rows x columns elements becomes its transpose; strides in bytes of the rows of each. */
static void turn_plane(size_t item_size, uint8_t *to, int64_t to_stride, const uint8_t *from, int64_t from_stride,
                       int64_t rows, int64_t columns) {
  const int64_t size = (int64_t)item_size;
  for (int64_t r = 0; r < rows; r += 8)
    for (int64_t c = 0; c < columns; c += 8) {
      int64_t nr = min64(8, rows - r), nc = min64(8, columns - c);
      uint8_t *t = to + c * to_stride + r * size;
      const uint8_t *f = from + r * from_stride + c * size;
      if (size == 2 && nr == 8 && nc == 8) {
        turn_tile(t, to_stride, f, from_stride);
        continue;
      }
      for (int64_t i = 0; i < nc; i++)
        for (int64_t j = 0; j < nr; j++)
          memcpy(t + i * to_stride + j * size, f + j * from_stride + i * size, item_size);
    }
}

/* ---------------------------------------------------------------------------------------------------- whole */

/* Between chunk[z][y][x] and chunk[x][y][z], `shape` that of what is written. */
static void turn_chunk(const ideal_chain *chain, uint8_t *to, const int64_t *shape, const int64_t *to_stride,
                       const uint8_t *from, const int64_t *from_stride) {
  for (int64_t y = 0; y < shape[1]; y++)
    turn_plane(chain->item_size, to + y * to_stride[1], to_stride[0], from + y * from_stride[1], from_stride[2],
               shape[2], shape[0]);
}

void ideal_scatter(const ideal_chain *chain, const uint8_t *chunk, const int64_t *shape, uint8_t *array,
                   const int64_t *stride, uint8_t *spare) {
  const int64_t size = (int64_t)chain->item_size, row = shape[2] * size;
  if (chain->turn) { /* in the near caches, so that what leaves them are whole lines */
    const int64_t packed[] = {shape[1] * row, row, size},
                  stored[] = {size, shape[0] * size, shape[1] * shape[0] * size};
    turn_chunk(chain, spare, shape, packed, chunk, stored);
    chunk = spare;
  }
  for (int64_t z = 0; z < shape[0]; z++)
    for (int64_t y = 0; y < shape[1]; y++, chunk += row)
      put_row(chain, array + z * stride[0] + y * stride[1], chunk, (size_t)row);
}

void ideal_gather(const ideal_chain *chain, uint8_t *chunk, const int64_t *shape, const uint8_t *array,
                  const int64_t *stride) {
  const int64_t size = (int64_t)chain->item_size, row = shape[2] * size;
  if (chain->turn) {
    const int64_t turned[] = {shape[2], shape[1], shape[0]};
    const int64_t packed[] = {shape[1] * shape[0] * size, shape[0] * size, size}, seen[] = {size, stride[1], stride[0]};
    turn_chunk(chain, chunk, turned, packed, array, seen);
    return;
  }
  for (int64_t z = 0; z < shape[0]; z++)
    for (int64_t y = 0; y < shape[1]; y++, chunk += row)
      get_row(chain, chunk, array + z * stride[0] + y * stride[1], (size_t)row);
}

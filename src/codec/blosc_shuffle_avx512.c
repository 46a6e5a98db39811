/* SPDX-License-Identifier: MIT */
/*
 * The shuffles of bytes with AVX-512 (F, BW): as with AVX2, but whole lines of the caches are read from and written to
 * each plane, and 16 planes fit into the registers. Planes are often a power of two apart, so that their lines are in
 * each other's way in the first cache.
 */
#include "base/cpu.h"
#include "codec/blosc_shuffle.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define KERNEL static __attribute__((target("avx512f,avx512bw")))
#define INLINE static inline __attribute__((always_inline, target("avx512f,avx512bw")))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

#define VEC_NBYTES 64u

typedef __m512i vec;

INLINE void rounds(vec *v, const unsigned nvecs, const unsigned n) {
  vec made[16];
  UNROLL
  for (unsigned round = 0; round < n; round++) {
    UNROLL
    for (unsigned i = 0; i < nvecs / 2; i++) {
      made[2 * i] = _mm512_unpacklo_epi8(v[i], v[i + nvecs / 2]);
      made[2 * i + 1] = _mm512_unpackhi_epi8(v[i], v[i + nvecs / 2]);
    }
    UNROLL
    for (unsigned i = 0; i < nvecs; i++) v[i] = made[i];
  }
}

INLINE __m128i get_16(const uint8_t *p) {
  return _mm_loadu_si128((const __m128i_u *)(const void *)p);
}

INLINE void put_16(uint8_t *p, __m128i x) {
  _mm_storeu_si128((__m128i_u *)(void *)p, x);
}

/* Loads and stores consecutive bytes: first in the lowest lanes of all vectors, then in the next ones. */
INLINE void get_lanes(vec *v, const unsigned nvecs, const uint8_t *p) {
  UNROLL
  for (unsigned i = 0; i < nvecs; i++, p += 16) {
    v[i] = _mm512_castsi128_si512(get_16(p));
    v[i] = _mm512_inserti32x4(v[i], get_16(p + (size_t)16 * nvecs), 1);
    v[i] = _mm512_inserti32x4(v[i], get_16(p + (size_t)32 * nvecs), 2);
    v[i] = _mm512_inserti32x4(v[i], get_16(p + (size_t)48 * nvecs), 3);
  }
}

INLINE void put_lanes(uint8_t *p, const vec *v, const unsigned nvecs) {
  UNROLL
  for (unsigned i = 0; i < nvecs; i++) put_16(p + (size_t)16 * i, _mm512_castsi512_si128(v[i]));
  UNROLL
  for (unsigned i = 0; i < nvecs; i++) put_16(p + (size_t)16 * (nvecs + i), _mm512_extracti32x4_epi32(v[i], 1));
  UNROLL
  for (unsigned i = 0; i < nvecs; i++) put_16(p + (size_t)16 * (2 * nvecs + i), _mm512_extracti32x4_epi32(v[i], 2));
  UNROLL
  for (unsigned i = 0; i < nvecs; i++) put_16(p + (size_t)16 * (3 * nvecs + i), _mm512_extracti32x4_epi32(v[i], 3));
}

/* Handles elements in whole vectors and returns their number; the rest is for the kernel with AVX2. */
INLINE size_t zip_vectors(uint8_t *to, const uint8_t *planes, size_t stride, const unsigned typesize,
                          const unsigned log2, size_t n) {
  vec v[16];
  size_t i = 0;
  for (; n - i >= VEC_NBYTES; i += VEC_NBYTES) {
    UNROLL
    for (unsigned k = 0; k < typesize; k++) v[k] = _mm512_loadu_si512(planes + k * stride + i);
    rounds(v, typesize, log2);
    put_lanes(to + i * typesize, v, typesize);
  }
  return i;
}

INLINE size_t unzip_vectors(uint8_t *planes, size_t stride, const uint8_t *from, const unsigned typesize, size_t n) {
  vec v[16];
  size_t i = 0;
  for (; n - i >= VEC_NBYTES; i += VEC_NBYTES) {
    get_lanes(v, typesize, from + i * typesize);
    rounds(v, typesize, 4);
    UNROLL
    for (unsigned k = 0; k < typesize; k++) _mm512_storeu_si512(planes + k * stride + i, v[k]);
  }
  return i;
}

KERNEL void zip(uint8_t *to, const uint8_t *planes, size_t stride, size_t typesize, size_t n) {
  size_t done = typesize == 4    ? zip_vectors(to, planes, stride, 4, 2, n) /* of 2 bytes AVX2 is faster */
                : typesize == 8  ? zip_vectors(to, planes, stride, 8, 3, n)
                : typesize == 16 ? zip_vectors(to, planes, stride, 16, 4, n)
                                 : 0;
  zarrc_shuffle_kernels_avx2()->zip(to + done * typesize, planes + done, stride, typesize, n - done);
}

KERNEL void unzip(uint8_t *planes, size_t stride, const uint8_t *from, size_t typesize, size_t n) {
  size_t done = typesize == 2    ? unzip_vectors(planes, stride, from, 2, n)
                : typesize == 4  ? unzip_vectors(planes, stride, from, 4, n)
                : typesize == 8  ? unzip_vectors(planes, stride, from, 8, n)
                : typesize == 16 ? unzip_vectors(planes, stride, from, 16, n)
                                 : 0;
  zarrc_shuffle_kernels_avx2()->unzip(planes + done, stride, from + done * typesize, typesize, n - done);
}

static void join_bits(uint8_t *to, const uint8_t *rows, size_t stride, size_t n) {
  zarrc_shuffle_kernels_avx2()->join_bits(to, rows, stride, n);
}
static void part_bits(uint8_t *rows, size_t stride, const uint8_t *from, size_t n) {
  zarrc_shuffle_kernels_avx2()->part_bits(rows, stride, from, n);
}

static const zarrc_shuffle_kernels avx512 = {
    .name = "avx512", .zip = zip, .unzip = unzip, .join_bits = join_bits, .part_bits = part_bits};

const zarrc_shuffle_kernels *zarrc_shuffle_kernels_avx512(void) {
  const unsigned all = ZARRC_CPU_AVX2 | ZARRC_CPU_AVX512F | ZARRC_CPU_AVX512BW;
  return zarrc_cpu_features(all) == all ? &avx512 : NULL;
}

#else

const zarrc_shuffle_kernels *zarrc_shuffle_kernels_avx512(void) {
  return NULL;
}

#endif

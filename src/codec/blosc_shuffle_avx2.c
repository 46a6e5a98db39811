/* SPDX-License-Identifier: MIT */
/*
 * The shuffles with AVX2. Interleaving the bytes of one half of some vectors with those of the other half is a perfect
 * shuffle: it rotates the bits of each byte's position by one. So T planes become elements of T bytes in log2(T)
 * rounds, and four rounds, for the other bits of a position inside 16 bytes, undo that.
 */
#include "base/cpu.h"
#include "codec/blosc_shuffle.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define KERNEL static __attribute__((target("avx2")))
#define INLINE static inline __attribute__((always_inline, target("avx2")))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

#define VEC_NBYTES 32u

typedef __m256i vec;

INLINE vec get(const uint8_t *p) {
  return _mm256_loadu_si256((const __m256i_u *)(const void *)p);
}

INLINE void put(uint8_t *p, vec x) {
  _mm256_storeu_si256((__m256i_u *)(void *)p, x);
}

INLINE void rounds(vec *v, const unsigned nvecs, const unsigned n) {
  vec made[16];
  UNROLL
  for (unsigned round = 0; round < n; round++) {
    UNROLL
    for (unsigned i = 0; i < nvecs / 2; i++) {
      made[2 * i] = _mm256_unpacklo_epi8(v[i], v[i + nvecs / 2]);
      made[2 * i + 1] = _mm256_unpackhi_epi8(v[i], v[i + nvecs / 2]);
    }
    UNROLL
    for (unsigned i = 0; i < nvecs; i++) v[i] = made[i];
  }
}

/* Loads consecutive bytes: first into the low lanes of all vectors, then into their high lanes. */
INLINE void get_lanes(vec *v, const unsigned nvecs, const uint8_t *p) {
  UNROLL
  for (unsigned i = 0; i < nvecs; i++) {
    const __m128i low = _mm_loadu_si128((const __m128i_u *)(const void *)(p + (size_t)16 * i));
    const __m128i high = _mm_loadu_si128((const __m128i_u *)(const void *)(p + (size_t)16 * (nvecs + i)));
    v[i] = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
  }
}

INLINE void put_lanes(uint8_t *p, const vec *v, const unsigned nvecs) {
  UNROLL
  for (unsigned i = 0; i < nvecs; i++) {
    _mm_storeu_si128((__m128i_u *)(void *)(p + (size_t)16 * i), _mm256_castsi256_si128(v[i]));
    _mm_storeu_si128((__m128i_u *)(void *)(p + (size_t)16 * (nvecs + i)), _mm256_extracti128_si256(v[i], 1));
  }
}

/* Handles elements in whole vectors and returns their number; the rest is for the plain kernel. */
INLINE size_t zip_vectors(uint8_t *to, const uint8_t *planes, size_t stride, const unsigned typesize,
                          const unsigned log2, size_t n) {
  vec v[16];
  size_t i = 0;
  for (; n - i >= VEC_NBYTES; i += VEC_NBYTES) {
    UNROLL
    for (unsigned k = 0; k < typesize; k++) v[k] = get(planes + k * stride + i);
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
    for (unsigned k = 0; k < typesize; k++) put(planes + k * stride + i, v[k]);
  }
  return i;
}

KERNEL void zip(uint8_t *to, const uint8_t *planes, size_t stride, size_t typesize, size_t n) {
  size_t done = typesize == 2    ? zip_vectors(to, planes, stride, 2, 1, n)
                : typesize == 4  ? zip_vectors(to, planes, stride, 4, 2, n)
                : typesize == 8  ? zip_vectors(to, planes, stride, 8, 3, n)
                : typesize == 16 ? zip_vectors(to, planes, stride, 16, 4, n)
                                 : 0;
  zarrc_shuffle_kernels_plain.zip(to + done * typesize, planes + done, stride, typesize, n - done);
}

KERNEL void unzip(uint8_t *planes, size_t stride, const uint8_t *from, size_t typesize, size_t n) {
  size_t done = typesize == 2    ? unzip_vectors(planes, stride, from, 2, n)
                : typesize == 4  ? unzip_vectors(planes, stride, from, 4, n)
                : typesize == 8  ? unzip_vectors(planes, stride, from, 8, n)
                : typesize == 16 ? unzip_vectors(planes, stride, from, 16, n)
                                 : 0;
  zarrc_shuffle_kernels_plain.unzip(planes + done, stride, from + done * typesize, typesize, n - done);
}

/* In every byte, exchanges bit a of vector b with bit b of vector a. */
INLINE void bits_turn(vec *v) {
  UNROLL
  for (unsigned s = 1; s <= 4; s *= 2) {
    const vec mask = _mm256_set1_epi8(s == 1 ? 0x55 : s == 2 ? 0x33 : 0x0f);
    UNROLL
    for (unsigned i = 0; i < 8; i++) {
      if (i & s) continue;
      const vec t = _mm256_and_si256(_mm256_xor_si256(_mm256_srli_epi16(v[i], (int)s), v[i + s]), mask);
      v[i + s] = _mm256_xor_si256(v[i + s], t);
      v[i] = _mm256_xor_si256(v[i], _mm256_slli_epi16(t, (int)s));
    }
  }
}

KERNEL void join_bits(uint8_t *to, const uint8_t *rows, size_t stride, size_t n) {
  vec v[8];
  size_t i = 0;
  for (; n - i >= VEC_NBYTES; i += VEC_NBYTES) {
    UNROLL
    for (unsigned k = 0; k < 8; k++) v[k] = get(rows + k * stride + i);
    bits_turn(v);
    rounds(v, 8, 3);
    put_lanes(to + 8 * i, v, 8);
  }
  zarrc_shuffle_kernels_plain.join_bits(to + 8 * i, rows + i, stride, n - i);
}

KERNEL void part_bits(uint8_t *rows, size_t stride, const uint8_t *from, size_t n) {
  vec v[8];
  size_t i = 0;
  for (; n - i >= VEC_NBYTES; i += VEC_NBYTES) {
    get_lanes(v, 8, from + 8 * i);
    rounds(v, 8, 4);
    bits_turn(v);
    UNROLL
    for (unsigned k = 0; k < 8; k++) put(rows + k * stride + i, v[k]);
  }
  zarrc_shuffle_kernels_plain.part_bits(rows + i, stride, from + 8 * i, n - i);
}

static const zarrc_shuffle_kernels avx2 = {
    .name = "avx2", .zip = zip, .unzip = unzip, .join_bits = join_bits, .part_bits = part_bits};

const zarrc_shuffle_kernels *zarrc_shuffle_kernels_avx2(void) {
  return zarrc_cpu_features(ZARRC_CPU_AVX2) ? &avx2 : NULL;
}

#else

const zarrc_shuffle_kernels *zarrc_shuffle_kernels_avx2(void) {
  return NULL;
}

#endif

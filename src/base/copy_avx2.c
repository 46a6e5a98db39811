/* SPDX-License-Identifier: MIT */
/* Copy kernels on 32-byte vectors, for x86-64 with AVX2. */
#include "base/copy.h"
#include "base/cpu.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define ZARRC_KERNEL __attribute__((target("avx2")))
#define ZARRC_INLINE static inline __attribute__((always_inline, target("avx2")))

typedef __m256i vec;

ZARRC_INLINE vec vec_get(const uint8_t *p) {
  return _mm256_loadu_si256((const __m256i_u *)(const void *)p);
}

ZARRC_INLINE void vec_put(uint8_t *p, vec x) {
  _mm256_storeu_si256((__m256i_u *)(void *)p, x);
}

ZARRC_INLINE void vec_put_past(uint8_t *p, vec x) {
  _mm256_stream_si256((__m256i *)(void *)p, x);
}

ZARRC_INLINE vec vec_get_lanes(const uint8_t *p, size_t step) {
  const __m128i low = _mm_loadu_si128((const __m128i_u *)(const void *)p);
  return _mm256_inserti128_si256(_mm256_castsi128_si256(low),
                                 _mm_loadu_si128((const __m128i_u *)(const void *)(p + step)), 1);
}

ZARRC_INLINE vec vec_swap(vec x, const unsigned unit) {
  switch (unit) {
  case 1:
    return x;
  case 2:
    return _mm256_shuffle_epi8(x, _mm256_broadcastsi128_si256(_mm_set_epi64x(0x0e0f0c0d0a0b0809, 0x0607040502030001)));
  case 4:
    return _mm256_shuffle_epi8(x, _mm256_broadcastsi128_si256(_mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203)));
  default:
    return _mm256_shuffle_epi8(x, _mm256_broadcastsi128_si256(_mm_set_epi64x(0x08090a0b0c0d0e0f, 0x0001020304050607)));
  }
}

ZARRC_INLINE vec vec_zip_low(vec a, vec b, const unsigned item) {
  switch (item) {
  case 1:
    return _mm256_unpacklo_epi8(a, b);
  case 2:
    return _mm256_unpacklo_epi16(a, b);
  case 4:
    return _mm256_unpacklo_epi32(a, b);
  default:
    return _mm256_unpacklo_epi64(a, b);
  }
}

ZARRC_INLINE vec vec_zip_high(vec a, vec b, const unsigned item) {
  switch (item) {
  case 1:
    return _mm256_unpackhi_epi8(a, b);
  case 2:
    return _mm256_unpackhi_epi16(a, b);
  case 4:
    return _mm256_unpackhi_epi32(a, b);
  default:
    return _mm256_unpackhi_epi64(a, b);
  }
}

#include "base/copy_kernels.h"

static void zarrc_finish(void) {
  _mm_sfence();
}

static const zarrc_copy_kernels zarrc_avx2 = {
    .name = "avx2", .can_stream = true, .rows = zarrc_rows, .turn = zarrc_turn, .finish = zarrc_finish};

const zarrc_copy_kernels *zarrc_copy_kernels_avx2(void) {
  return zarrc_cpu_features(ZARRC_CPU_AVX2) ? &zarrc_avx2 : NULL;
}

#else

const zarrc_copy_kernels *zarrc_copy_kernels_avx2(void) {
  return NULL;
}

#endif

/* SPDX-License-Identifier: MIT */
#include "codec/filter_loops_avx512.h"
#include "base/cpu.h"
#include "codec/filter_loops_by_type.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define TARGET "avx512f,avx512bw,avx512dq,avx512vbmi"
#define KERNEL static __attribute__((target(TARGET)))
#define INLINE static inline __attribute__((always_inline, target(TARGET)))

static bool has_all(void) {
  const unsigned all = ZARRC_CPU_AVX512F | ZARRC_CPU_AVX512BW | ZARRC_CPU_AVX512DQ | ZARRC_CPU_AVX512VBMI;
  return zarrc_cpu_features(all) == all;
}

INLINE __m512i get(const void *p) {
  return _mm512_loadu_si512(p);
}
INLINE void put(void *p, __m512i x) {
  _mm512_storeu_si512(p, x);
}

/* ------------------------------------------------------------------------------------------------------------- sums */

/* In each vector: sums of neighbours, of pairs, and so on up to eight bytes by shifting and adding; the last of the
 * lower eight bytes added to the upper ones of each lane of 16; that of a lane to the next, and that of two lanes to
 * the other two; and the sum of all before to each. `last` selects the last element of the first lane. */
#define SHIFTED(add, nbits) v = add(v, _mm512_slli_epi64(v, nbits));
#define SUM(type, add, all, last, steps)                                                                               \
  KERNEL size_t sum_##type(type *sum, const type *x, type *y, size_t n) {                                              \
    const __m512i of_half = _mm512_sub_epi8(last, _mm512_set1_epi8(8));                                                \
    const __m512i of_pair = _mm512_mask_add_epi8(last, 0xffffffff00000000, last, _mm512_set1_epi8(32));                \
    const __m512i of_two = _mm512_add_epi8(last, _mm512_set1_epi8(16));                                                \
    const __m512i of_all = _mm512_add_epi8(last, _mm512_set1_epi8(48));                                                \
    __m512i before = all;                                                                                              \
    size_t i = 0;                                                                                                      \
    for (; i + 64 / sizeof(type) <= n; i += 64 / sizeof(type)) {                                                       \
      __m512i v = get(x + i);                                                                                          \
      steps v = add(v, _mm512_maskz_shuffle_epi8(0xff00ff00ff00ff00, v, of_half));                                     \
      v = add(v, _mm512_maskz_permutexvar_epi8(0xffff0000ffff0000, of_pair, v));                                       \
      v = add(v, _mm512_maskz_permutexvar_epi8(0xffffffff00000000, of_two, v));                                        \
      v = add(v, before);                                                                                              \
      put(y + i, v);                                                                                                   \
      before = _mm512_permutexvar_epi8(of_all, v);                                                                     \
    }                                                                                                                  \
    if (i) *sum = y[i - 1];                                                                                            \
    return i;                                                                                                          \
  }
SUM(uint16_t, _mm512_add_epi16, _mm512_set1_epi16((short)*sum), _mm512_set1_epi16(0x0f0e),
    SHIFTED(_mm512_add_epi16, 16) SHIFTED(_mm512_add_epi16, 32))
SUM(uint32_t, _mm512_add_epi32, _mm512_set1_epi32((int)*sum), _mm512_set1_epi32(0x0f0e0d0c),
    SHIFTED(_mm512_add_epi32, 32))
SUM(uint64_t, _mm512_add_epi64, _mm512_set1_epi64((long long)*sum), _mm512_set1_epi64(0x0f0e0d0c0b0a0908), )

/* Of bytes there is a shorter way: after sums of eight bytes, the last bytes of all eights before each are collected in
 * it, and added up by one instruction. */
KERNEL size_t sum_uint8_t(uint8_t *sum, const uint8_t *x, uint8_t *y, size_t n) {
  const __m512i ends = _mm512_set1_epi64(0x3f372f271f170f07), low = _mm512_set1_epi8(0);
  const __m512i of_eight =
      _mm512_set_epi64(0x0808080808080808, 0, 0x0808080808080808, 0, 0x0808080808080808, 0, 0x0808080808080808, 0);
  __m512i before = _mm512_set1_epi8((char)*sum);
  size_t i = 0;
  for (; i + 64 <= n; i += 64) {
    __m512i v = get(x + i);
    v = _mm512_add_epi8(v, _mm512_slli_epi64(v, 8));
    v = _mm512_add_epi8(v, _mm512_slli_epi64(v, 16));
    v = _mm512_add_epi8(v, _mm512_slli_epi64(v, 32));
    __m512i all = _mm512_sad_epu8(_mm512_maskz_permutexvar_epi8(0x7f3f1f0f07030100, ends, v), low);
    v = _mm512_add_epi8(v, _mm512_shuffle_epi8(all, of_eight));
    v = _mm512_add_epi8(v, before);
    put(y + i, v);
    before = _mm512_permutexvar_epi8(_mm512_set1_epi8(63), v);
  }
  if (i) *sum = y[i - 1];
  return i;
}

size_t zarrc_sum_avx512(size_t item, void *sum, const void *in, void *out, size_t n) {
  if (!has_all()) return 0;
  if (item == 1) return sum_uint8_t(sum, in, out, n);
  if (item == 2) return sum_uint16_t(sum, in, out, n);
  return item == 4 ? sum_uint32_t(sum, in, out, n) : sum_uint64_t(sum, in, out, n);
}

/* ---------------------------------------------------------------------------------------------------------- scaling */

/* Loads 8 numbers as float64. */
INLINE __m512d get_numbers(zarrc_type from, const uint8_t *in, size_t i) {
  switch (from) {
  case ZARRC_FLOAT64:
    return _mm512_loadu_pd(in + 8 * i);
  case ZARRC_INT8:
    return _mm512_cvtepi64_pd(_mm512_cvtepi8_epi64(_mm_loadl_epi64((const __m128i_u *)(const void *)(in + i))));
  case ZARRC_UINT8:
    return _mm512_cvtepi64_pd(_mm512_cvtepu8_epi64(_mm_loadl_epi64((const __m128i_u *)(const void *)(in + i))));
  case ZARRC_INT16:
    return _mm512_cvtepi64_pd(_mm512_cvtepi16_epi64(_mm_loadu_si128((const __m128i_u *)(const void *)(in + 2 * i))));
  case ZARRC_UINT16:
    return _mm512_cvtepi64_pd(_mm512_cvtepu16_epi64(_mm_loadu_si128((const __m128i_u *)(const void *)(in + 2 * i))));
  default:
    return _mm512_cvtepi32_pd(_mm256_loadu_si256((const __m256i_u *)(const void *)(in + 4 * i)));
  }
}

/* Stores 16 integers as such of another type: narrower ones get the low bits. */
INLINE void put_integers(zarrc_type to, uint8_t *out, size_t i, __m512i x) {
  if (to == ZARRC_INT32)
    put(out + 4 * i, x);
  else if (to == ZARRC_INT16)
    _mm256_storeu_si256((__m256i_u *)(void *)(out + 2 * i), _mm512_cvtepi32_epi16(x));
  else
    _mm_storeu_si128((__m128i_u *)(void *)(out + i), _mm512_cvtepi32_epi8(x));
}

/* Truncates 16 numbers. The instructions make INT32_MIN of what is out of range. */
INLINE __m512i truncated(__m512d a, __m512d b) {
  return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvttpd_epi32(a)), _mm512_cvttpd_epi32(b), 1);
}

/* Stores 16 numbers as those of another type. */
INLINE void put_numbers(zarrc_type to, uint8_t *out, size_t i, __m512d a, __m512d b) {
  if (to == ZARRC_FLOAT64) {
    _mm512_storeu_pd(out + 8 * i, a);
    _mm512_storeu_pd(out + 8 * i + 64, b);
  } else if (to == ZARRC_FLOAT32) {
    _mm256_storeu_ps((float *)(void *)(out + 4 * i), _mm512_cvtpd_ps(a));
    _mm256_storeu_ps((float *)(void *)(out + 4 * i + 32), _mm512_cvtpd_ps(b));
  } else {
    put_integers(to, out, i, truncated(a, b));
  }
}

/* Returns x / scale, as in filter_loops_avx2.c. near: the first quotient is always one of the two numbers next to the
 * true one. */
INLINE __m512d quotient(__m512d x, __m512d scale, __m512d inverse, bool near) {
  __m512d q = _mm512_mul_pd(x, inverse);
  if (!near) q = _mm512_fmadd_pd(_mm512_fnmadd_pd(q, scale, x), inverse, q);
  return _mm512_fmadd_pd(_mm512_fnmadd_pd(q, scale, x), inverse, q);
}

INLINE size_t unscale_with(zarrc_type from, zarrc_type to, const zarrc_scale_values *values, bool near, const void *in,
                           void *out, size_t n) {
  const __m512d scale = _mm512_set1_pd(values->scale), inverse = _mm512_set1_pd(1 / values->scale);
  const __m512d offset = _mm512_set1_pd(values->offset);
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m512d a = get_numbers(from, in, i), b = get_numbers(from, in, i + 8);
    put_numbers(to, out, i, _mm512_add_pd(quotient(a, scale, inverse, near), offset),
                _mm512_add_pd(quotient(b, scale, inverse, near), offset));
  }
  return i;
}

/* The first quotient, x * inverse, is rounded by up to half of its last digit. What is wrong because of the inverse is
 * less than another half if 1 - inverse * scale, which is an exact number, is not larger than 2^-54. */
INLINE size_t unscale(zarrc_type from, zarrc_type to, const zarrc_scale_values *values, const void *in, void *out,
                      size_t n) {
  const __m512d scale = _mm512_set1_pd(values->scale), inverse = _mm512_set1_pd(1 / values->scale);
  const double error = _mm512_cvtsd_f64(_mm512_fnmadd_pd(inverse, scale, _mm512_set1_pd(1)));
  if (error <= 0x1p-54 && error >= -0x1p-54) return unscale_with(from, to, values, true, in, out, n);
  return unscale_with(from, to, values, false, in, out, n);
}

ZARRC_LOOP_BY_TYPE(KERNEL, unscale)

size_t zarrc_unscale_avx512(zarrc_type from, zarrc_type to, const zarrc_scale_values *values, const void *in, void *out,
                            size_t n) {
  return zarrc_is_moderate(values->scale) && has_all() ? unscale_from(from, to, values, in, out, n) : 0;
}

#define ROUND (_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)

INLINE size_t scale_singles(zarrc_type to, const zarrc_scale_values *values, const float *in, void *out, size_t n) {
  const __m512 offset = _mm512_set1_ps((float)values->offset), scale = _mm512_set1_ps((float)values->scale);
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m512 x = _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(in + i), offset), scale);
    put_integers(to, out, i, _mm512_cvttps_epi32(_mm512_roundscale_ps(x, ROUND)));
  }
  return i;
}

INLINE size_t scale(zarrc_type from, zarrc_type to, const zarrc_scale_values *values, const void *in, void *out,
                    size_t n) {
  const __m512d offset = _mm512_set1_pd(values->offset), scale = _mm512_set1_pd(values->scale);
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    __m512d a = get_numbers(from, in, i), b = get_numbers(from, in, i + 8);
    a = _mm512_roundscale_pd(_mm512_mul_pd(_mm512_sub_pd(a, offset), scale), ROUND);
    b = _mm512_roundscale_pd(_mm512_mul_pd(_mm512_sub_pd(b, offset), scale), ROUND);
    put_numbers(to, out, i, a, b);
  }
  return i;
}

ZARRC_LOOP_BY_TYPE(KERNEL, scale)

KERNEL size_t scale_float32(zarrc_type to, const zarrc_scale_values *values, const void *in, void *out, size_t n) {
  if (to == ZARRC_INT32) return scale_singles(ZARRC_INT32, values, in, out, n);
  if (to == ZARRC_INT16 || to == ZARRC_UINT16) return scale_singles(ZARRC_INT16, values, in, out, n);
  if (to == ZARRC_INT8 || to == ZARRC_UINT8) return scale_singles(ZARRC_INT8, values, in, out, n);
  return 0;
}
ZARRC_LOOP_TO(KERNEL, scale, float64, ZARRC_FLOAT64)

size_t zarrc_scale_avx512(zarrc_type from, zarrc_type to, const zarrc_scale_values *values, const void *in, void *out,
                          size_t n) {
  if (!has_all()) return 0;
  if (from == ZARRC_FLOAT32) return scale_float32(to, values, in, out, n);
  if (from == ZARRC_FLOAT64) return scale_float64(to, values, in, out, n);
  return scale_from(from, to, values, in, out, n);
}

#else

size_t zarrc_scale_avx512(zarrc_type from, zarrc_type to, const zarrc_scale_values *values, const void *in, void *out,
                          size_t n) {
  (void)from, (void)to, (void)values, (void)in, (void)out, (void)n;
  return 0;
}
size_t zarrc_sum_avx512(size_t item, void *sum, const void *in, void *out, size_t n) {
  (void)item, (void)sum, (void)in, (void)out, (void)n;
  return 0;
}
size_t zarrc_unscale_avx512(zarrc_type from, zarrc_type to, const zarrc_scale_values *values, const void *in, void *out,
                            size_t n) {
  (void)from, (void)to, (void)values, (void)in, (void)out, (void)n;
  return 0;
}

#endif

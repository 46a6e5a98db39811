/* SPDX-License-Identifier: MIT */
#include "codec/filter_loops_avx2.h"
#include "base/cpu.h"
#include "codec/filter_loops_by_type.h"

#include <string.h>

#if defined(__x86_64__)

#include <immintrin.h>

#define KERNEL static __attribute__((target("avx2")))
#define INLINE static inline __attribute__((always_inline, target("avx2")))

INLINE __m256i get(const void *p) {
  return _mm256_loadu_si256((const __m256i_u *)p);
}
INLINE void put(void *p, __m256i x) {
  _mm256_storeu_si256((__m256i_u *)p, x);
}

/* ---------------------------------------------------------------------------------------------------------- scaling */

#define ROUND (_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)

#define EACH(lanes, suffix, expression)                                                                                \
  for (; i + (lanes) <= n; i += (lanes)) {                                                                             \
    x = _mm256_loadu_##suffix(in + i);                                                                                 \
    _mm256_storeu_##suffix(out + i, expression);                                                                       \
  }                                                                                                                    \
  break

#define SCALE(type, vector, lanes, suffix)                                                                             \
  KERNEL size_t scale_##type(const zarrc_scale_values *values, double inverse, zarrc_scale_op op, const type *in,      \
                             type *out, size_t n) {                                                                    \
    const vector offset = _mm256_set1_##suffix((type)values->offset),                                                  \
                 scale = _mm256_set1_##suffix((type)values->scale);                                                    \
    const vector factor = _mm256_set1_##suffix((type)inverse);                                                         \
    const bool power = inverse < 0 || inverse > 0;                                                                     \
    vector x;                                                                                                          \
    size_t i = 0;                                                                                                      \
    switch (op) {                                                                                                      \
    case ZARRC_SCALE_SUBTRACT:                                                                                         \
      EACH(lanes, suffix, _mm256_sub_##suffix(x, offset));                                                             \
    case ZARRC_SCALE_MULTIPLY:                                                                                         \
      EACH(lanes, suffix, _mm256_round_##suffix(_mm256_mul_##suffix(x, scale), ROUND));                                \
    case ZARRC_SCALE_ENCODE:                                                                                           \
      EACH(lanes, suffix, _mm256_round_##suffix(_mm256_mul_##suffix(_mm256_sub_##suffix(x, offset), scale), ROUND));   \
    case ZARRC_SCALE_DECODE:                                                                                           \
      if (power) {                                                                                                     \
        EACH(lanes, suffix, _mm256_add_##suffix(_mm256_mul_##suffix(x, factor), offset));                              \
      }                                                                                                                \
      EACH(lanes, suffix, _mm256_add_##suffix(_mm256_div_##suffix(x, scale), offset));                                 \
    case ZARRC_SCALE_ROUND:                                                                                            \
      if (power) {                                                                                                     \
        EACH(lanes, suffix, _mm256_mul_##suffix(_mm256_round_##suffix(_mm256_mul_##suffix(x, scale), ROUND), factor)); \
      }                                                                                                                \
      EACH(lanes, suffix, _mm256_div_##suffix(_mm256_round_##suffix(_mm256_mul_##suffix(x, scale), ROUND), scale));    \
    }                                                                                                                  \
    return i;                                                                                                          \
  }
SCALE(float, __m256, 8, ps)
SCALE(double, __m256d, 4, pd)

size_t zarrc_scale_avx2(zarrc_type type, const zarrc_scale_values *values, double inverse, zarrc_scale_op op,
                        const void *in, void *out, size_t n) {
  if (!zarrc_cpu_features(ZARRC_CPU_AVX2)) return 0;
  if (type == ZARRC_FLOAT32) return scale_float(values, inverse, op, in, out, n);
  return scale_double(values, inverse, op, in, out, n);
}

#define FUSED static __attribute__((target("avx2,fma")))

/* Returns x / scale, correctly rounded, from the correctly rounded inverse of scale: the second quotient is one of the
 * two numbers next to the true one, of which the last step makes the nearer (a theorem of Markstein's). Nothing may
 * overflow or underflow on the way. */
static inline __attribute__((always_inline, target("avx2,fma"))) __m256d quotient(__m256d x, __m256d scale,
                                                                                  __m256d inverse) {
  __m256d q = _mm256_mul_pd(x, inverse);
  q = _mm256_fmadd_pd(_mm256_fnmadd_pd(q, scale, x), inverse, q);
  return _mm256_fmadd_pd(_mm256_fnmadd_pd(q, scale, x), inverse, q);
}

/* Stores 8 numbers as those of another type. The instructions make INT32_MIN of what is out of range; narrower integers
 * get the low bits. */
#define FUSED_INLINE static inline __attribute__((always_inline, target("avx2,fma")))
FUSED_INLINE void put_numbers(zarrc_type to, uint8_t *out, size_t i, __m256d a, __m256d b) {
  if (to == ZARRC_FLOAT64) {
    _mm256_storeu_pd((double *)(void *)out + i, a);
    _mm256_storeu_pd((double *)(void *)out + i + 4, b);
  } else if (to == ZARRC_FLOAT32) {
    _mm256_storeu_ps((float *)(void *)out + i, _mm256_set_m128(_mm256_cvtpd_ps(b), _mm256_cvtpd_ps(a)));
  } else {
    const __m128i low = _mm256_cvttpd_epi32(a), high = _mm256_cvttpd_epi32(b);
    if (to == ZARRC_INT32) {
      put(out + 4 * i, _mm256_set_m128i(high, low));
      return;
    }
    const __m128i mask = _mm_set1_epi32(to == ZARRC_INT16 ? 0xffff : 0xff);
    const __m128i two = _mm_packus_epi32(_mm_and_si128(low, mask), _mm_and_si128(high, mask));
    if (to == ZARRC_INT16)
      _mm_storeu_si128((__m128i_u *)(void *)(out + 2 * i), two);
    else
      _mm_storel_epi64((__m128i_u *)(void *)(out + i), _mm_packus_epi16(two, two));
  }
}

FUSED_INLINE __m256i get_integers(zarrc_type from, const uint8_t *in, size_t i) {
  switch (from) {
  case ZARRC_INT8:
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i_u *)(const void *)(in + i)));
  case ZARRC_UINT8:
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i_u *)(const void *)(in + i)));
  case ZARRC_INT16:
    return _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i_u *)(const void *)(in + 2 * i)));
  case ZARRC_UINT16:
    return _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i_u *)(const void *)(in + 2 * i)));
  default:
    return get(in + 4 * i);
  }
}

FUSED_INLINE size_t unscale(zarrc_type from, zarrc_type to, const zarrc_scale_values *values, const void *in, void *out,
                            size_t n) {
  const __m256d scale = _mm256_set1_pd(values->scale), inverse = _mm256_set1_pd(1 / values->scale);
  const __m256d offset = _mm256_set1_pd(values->offset);
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256i x = get_integers(from, in, i);
    const __m256d a = _mm256_cvtepi32_pd(_mm256_castsi256_si128(x));
    const __m256d b = _mm256_cvtepi32_pd(_mm256_extracti128_si256(x, 1));
    put_numbers(to, out, i, _mm256_add_pd(quotient(a, scale, inverse), offset),
                _mm256_add_pd(quotient(b, scale, inverse), offset));
  }
  return i;
}

ZARRC_LOOP_BY_TYPE(FUSED, unscale)

size_t zarrc_unscale_avx2(zarrc_type from, zarrc_type to, const zarrc_scale_values *values, const void *in, void *out,
                          size_t n) {
  bool has = zarrc_cpu_features(ZARRC_CPU_FMA) && zarrc_cpu_features(ZARRC_CPU_AVX2);
  return has && zarrc_is_moderate(values->scale) ? unscale_from(from, to, values, in, out, n) : 0;
}

/* ------------------------------------------------------------------------------------------------------------- sums */

/* In each vector: sums in both halves by shifting and adding, the last of the lower half added to the upper half, and
 * the sum of all before added to each. `last` selects the last element of 16 bytes, for all elements. */
INLINE __m256i across(__m256i v, __m256i last) {
  return _mm256_shuffle_epi8(_mm256_permute2x128_si256(v, v, 0x08), last);
}
INLINE __m256i total(__m256i v, __m256i last) {
  return _mm256_shuffle_epi8(_mm256_permute2x128_si256(v, v, 0x11), last);
}
INLINE __m256i pattern(unsigned item) {
  uint8_t bytes[32];
  for (unsigned i = 0; i < 32; i++) bytes[i] = (uint8_t)(16 - item + i % item);
  return get(bytes);
}

#define SHIFTED(add, nbytes) v = add(v, _mm256_slli_si256(v, nbytes));
#define SUM(type, add, all, steps)                                                                                     \
  KERNEL size_t sum_##type(type *sum, const type *x, type *y, size_t n) {                                              \
    const __m256i last = pattern(sizeof(type));                                                                        \
    __m256i before = all;                                                                                              \
    size_t i = 0;                                                                                                      \
    for (; i + 32 / sizeof(type) <= n; i += 32 / sizeof(type)) {                                                       \
      __m256i v = get(x + i);                                                                                          \
      steps v = add(v, across(v, last));                                                                               \
      put(y + i, add(v, before));                                                                                      \
      before = add(before, total(v, last));                                                                            \
    }                                                                                                                  \
    if (i) *sum = y[i - 1];                                                                                            \
    return i;                                                                                                          \
  }
SUM(uint8_t, _mm256_add_epi8, _mm256_set1_epi8((char)*sum),
    SHIFTED(_mm256_add_epi8, 1) SHIFTED(_mm256_add_epi8, 2) SHIFTED(_mm256_add_epi8, 4) SHIFTED(_mm256_add_epi8, 8))
SUM(uint16_t, _mm256_add_epi16, _mm256_set1_epi16((short)*sum),
    SHIFTED(_mm256_add_epi16, 2) SHIFTED(_mm256_add_epi16, 4) SHIFTED(_mm256_add_epi16, 8))
SUM(uint32_t, _mm256_add_epi32, _mm256_set1_epi32((int)*sum), SHIFTED(_mm256_add_epi32, 4) SHIFTED(_mm256_add_epi32, 8))
SUM(uint64_t, _mm256_add_epi64, _mm256_set1_epi64x((long long)*sum), SHIFTED(_mm256_add_epi64, 8))

size_t zarrc_sum_avx2(size_t item, void *sum, const void *in, void *out, size_t n) {
  if (!zarrc_cpu_features(ZARRC_CPU_AVX2)) return 0;
  if (item == 1) return sum_uint8_t(sum, in, out, n);
  if (item == 2) return sum_uint16_t(sum, in, out, n);
  return item == 4 ? sum_uint32_t(sum, in, out, n) : sum_uint64_t(sum, in, out, n);
}

/* ------------------------------------------------------------------------------------------------------ conversions */

/* The instructions make INT32_MIN of what is out of range. */
INLINE __m256i truncated(const float *in) {
  return _mm256_cvttps_epi32(_mm256_loadu_ps(in));
}

KERNEL size_t f32_to_32(const float *in, uint8_t *out, size_t n) {
  size_t i = 0;
  for (; i + 8 <= n; i += 8) put(out + 4 * i, truncated(in + i));
  return i;
}

KERNEL size_t f32_to_16(const float *in, uint8_t *out, size_t n) {
  const __m256i low = _mm256_set1_epi32(0xffff);
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    __m256i a = _mm256_and_si256(truncated(in + i), low), b = _mm256_and_si256(truncated(in + i + 8), low);
    put(out + 2 * i, _mm256_permute4x64_epi64(_mm256_packus_epi32(a, b), 0xd8));
  }
  return i;
}

KERNEL size_t f32_to_8(const float *in, uint8_t *out, size_t n) {
  const __m256i low = _mm256_set1_epi32(0xff), order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    __m256i a = _mm256_and_si256(truncated(in + i), low), b = _mm256_and_si256(truncated(in + i + 8), low);
    __m256i c = _mm256_and_si256(truncated(in + i + 16), low), d = _mm256_and_si256(truncated(in + i + 24), low);
    __m256i bytes = _mm256_packus_epi16(_mm256_packus_epi32(a, b), _mm256_packus_epi32(c, d));
    put(out + i, _mm256_permutevar8x32_epi32(bytes, order));
  }
  return i;
}

KERNEL size_t f64_to_32(const double *in, uint8_t *out, size_t n) {
  size_t i = 0;
  for (; i + 4 <= n; i += 4)
    _mm_storeu_si128((__m128i_u *)(void *)(out + 4 * i), _mm256_cvttpd_epi32(_mm256_loadu_pd(in + i)));
  return i;
}

KERNEL size_t f64_to_16(const double *in, uint8_t *out, size_t n) {
  const __m128i low = _mm_set1_epi32(0xffff);
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    __m128i a = _mm_and_si128(_mm256_cvttpd_epi32(_mm256_loadu_pd(in + i)), low);
    __m128i b = _mm_and_si128(_mm256_cvttpd_epi32(_mm256_loadu_pd(in + i + 4)), low);
    _mm_storeu_si128((__m128i_u *)(void *)(out + 2 * i), _mm_packus_epi32(a, b));
  }
  return i;
}

size_t zarrc_convert_avx2(zarrc_type from, zarrc_type to, const void *in, void *out, size_t n) {
  bool single = from == ZARRC_FLOAT32;
  if ((!single && from != ZARRC_FLOAT64) || !zarrc_cpu_features(ZARRC_CPU_AVX2)) return 0;
  if (to == ZARRC_INT32) return single ? f32_to_32(in, out, n) : f64_to_32(in, out, n);
  if (to == ZARRC_INT16 || to == ZARRC_UINT16) return single ? f32_to_16(in, out, n) : f64_to_16(in, out, n);
  if (single && (to == ZARRC_INT8 || to == ZARRC_UINT8)) return f32_to_8(in, out, n);
  return 0;
}

/* ------------------------------------------------------------------------------------------------------------- bits */

KERNEL size_t pack(const uint8_t *in, uint8_t *out, size_t n) {
  const __m256i turned =
      _mm256_set_epi64x(0x08090a0b0c0d0e0f, 0x0001020304050607, 0x08090a0b0c0d0e0f, 0x0001020304050607);
  size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    __m256i zero = _mm256_cmpeq_epi8(get(in + i), _mm256_setzero_si256());
    uint32_t bits = ~(uint32_t)_mm256_movemask_epi8(_mm256_shuffle_epi8(zero, turned));
    memcpy(out + i / 8, &bits, sizeof bits);
  }
  return i;
}

KERNEL size_t unpack(const uint8_t *in, uint8_t *out, size_t n) {
  const __m256i bytes = _mm256_set_epi64x(0x0303030303030303, 0x0202020202020202, 0x0101010101010101, 0);
  const __m256i bits = _mm256_set1_epi64x(0x0102040810204080), one = _mm256_set1_epi8(1);
  size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    int four;
    memcpy(&four, in + i / 8, sizeof four);
    __m256i v = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(four), bytes), bits);
    put(out + i, _mm256_and_si256(_mm256_cmpeq_epi8(v, bits), one));
  }
  return i;
}

size_t zarrc_pack_avx2(const uint8_t *in, uint8_t *out, size_t n) {
  return zarrc_cpu_features(ZARRC_CPU_AVX2) ? pack(in, out, n) : 0;
}
size_t zarrc_unpack_avx2(const uint8_t *in, uint8_t *out, size_t n) {
  return zarrc_cpu_features(ZARRC_CPU_AVX2) ? unpack(in, out, n) : 0;
}

#else

size_t zarrc_scale_avx2(zarrc_type type, const zarrc_scale_values *values, double inverse, zarrc_scale_op op,
                        const void *in, void *out, size_t n) {
  (void)type, (void)values, (void)inverse, (void)op, (void)in, (void)out, (void)n;
  return 0;
}
size_t zarrc_unscale_avx2(zarrc_type from, zarrc_type to, const zarrc_scale_values *values, const void *in, void *out,
                          size_t n) {
  (void)from, (void)to, (void)values, (void)in, (void)out, (void)n;
  return 0;
}
size_t zarrc_sum_avx2(size_t item, void *sum, const void *in, void *out, size_t n) {
  (void)item, (void)sum, (void)in, (void)out, (void)n;
  return 0;
}
size_t zarrc_convert_avx2(zarrc_type from, zarrc_type to, const void *in, void *out, size_t n) {
  (void)from, (void)to, (void)in, (void)out, (void)n;
  return 0;
}
size_t zarrc_pack_avx2(const uint8_t *in, uint8_t *out, size_t n) {
  (void)in, (void)out, (void)n;
  return 0;
}
size_t zarrc_unpack_avx2(const uint8_t *in, uint8_t *out, size_t n) {
  (void)in, (void)out, (void)n;
  return 0;
}

#endif

/* SPDX-License-Identifier: MIT */
#include "codec/filter_loops.h"
#include "base/half.h"
#include "codec/filter_loops_avx2.h"
#include "codec/filter_loops_avx512.h"
#include "codec/numbers.h"

#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- scaling */

/* rint without a call: adding and subtracting 2^23 or 2^52 rounds to an integer. Numbers from there on are integers. */
static inline float round_float(float x) {
  float size = fabsf(x), large = size < 0x1p23f ? 0x1p23f : 0.0f;
  float sum = size + large; /* where float expressions are computed as double, this rounds */
  return copysignf(sum - large, x);
}
static inline double round_double(double x) {
  double size = fabs(x), large = size < 0x1p52 ? 0x1p52 : 0.0;
  double sum = size + large;
  return copysign(sum - large, x);
}
static inline float round_half(float x) {
  return (float)zarrc_half_to_double(zarrc_half_from_double((double)x));
}

#define INTEGERS(type, wide)                                                                                           \
  static void scale_##type(const zarrc_scale_values *values, zarrc_scale_op op, void *data, size_t n) {                \
    type *x = data, offset = (type)values->offset_bits, scale = (type)values->scale_bits;                              \
    if (op == ZARRC_SCALE_SUBTRACT)                                                                                    \
      for (size_t i = 0; i < n; i++) x[i] = (type)(x[i] - offset);                                                     \
    else if (op == ZARRC_SCALE_MULTIPLY)                                                                               \
      for (size_t i = 0; i < n; i++) x[i] = (type)((wide)x[i] * scale);                                                \
    else                                                                                                               \
      for (size_t i = 0; i < n; i++) x[i] = (type)((wide)(type)(x[i] - offset) * scale);                               \
  }
INTEGERS(u8, uint32_t)
INTEGERS(u16, uint32_t)
INTEGERS(u32, uint32_t)
INTEGERS(u64, uint64_t)

/* Returns 1 / scale if multiplying by it is the same as dividing by scale, as for powers of two, of which 1 / scale is
 * one too; else 0. most: the largest exponent. */
static double inverse_of(double scale, int most) {
  int exponent;
  double fraction = frexp(fabs(scale), &exponent);
  bool power = fraction >= 0.5 && fraction <= 0.5 && exponent < most && exponent > -most;
  return power ? 1 / scale : 0;
}

/* Each result has a variable, which rounds it to the type on machines that compute with more digits. */
#define FLOATS(type, round)                                                                                            \
  static void scale_##type(const zarrc_scale_values *values, double factor, zarrc_scale_op op, void *data, size_t n) { \
    type *x = data, offset = (type)values->offset, scale = (type)values->scale, inverse = (type)factor;                \
    bool power = factor < 0 || factor > 0;                                                                             \
    if (op == ZARRC_SCALE_SUBTRACT)                                                                                    \
      for (size_t i = 0; i < n; i++) x[i] = x[i] - offset;                                                             \
    else if (op == ZARRC_SCALE_MULTIPLY)                                                                               \
      for (size_t i = 0; i < n; i++) {                                                                                 \
        type y = x[i] * scale;                                                                                         \
        x[i] = round(y);                                                                                               \
      }                                                                                                                \
    else if (op == ZARRC_SCALE_ENCODE)                                                                                 \
      for (size_t i = 0; i < n; i++) {                                                                                 \
        type y = x[i] - offset;                                                                                        \
        y = y * scale;                                                                                                 \
        x[i] = round(y);                                                                                               \
      }                                                                                                                \
    else if (op == ZARRC_SCALE_DECODE && power)                                                                        \
      for (size_t i = 0; i < n; i++) {                                                                                 \
        type y = x[i] * inverse;                                                                                       \
        x[i] = y + offset;                                                                                             \
      }                                                                                                                \
    else if (op == ZARRC_SCALE_DECODE)                                                                                 \
      for (size_t i = 0; i < n; i++) {                                                                                 \
        type y = x[i] / scale;                                                                                         \
        x[i] = y + offset;                                                                                             \
      }                                                                                                                \
    else if (power)                                                                                                    \
      for (size_t i = 0; i < n; i++) {                                                                                 \
        type y = x[i] * scale;                                                                                         \
        y = round(y);                                                                                                  \
        x[i] = y * inverse;                                                                                            \
      }                                                                                                                \
    else                                                                                                               \
      for (size_t i = 0; i < n; i++) {                                                                                 \
        type y = x[i] * scale;                                                                                         \
        y = round(y);                                                                                                  \
        x[i] = y / scale;                                                                                              \
      }                                                                                                                \
  }
FLOATS(f32, round_float)
FLOATS(f64, round_double)

static void scale_half(const zarrc_scale_values *values, zarrc_scale_op op, void *data, size_t n) {
  u16 *elements = data;
  float offset = (float)zarrc_half_to_double(zarrc_half_from_double(values->offset));
  float scale = (float)zarrc_half_to_double(zarrc_half_from_double(values->scale));
  for (size_t i = 0; i < n; i++) {
    float x = (float)zarrc_half_to_double(elements[i]);
    if (op == ZARRC_SCALE_SUBTRACT || op == ZARRC_SCALE_ENCODE) x = round_half(x - offset);
    if (op == ZARRC_SCALE_DECODE) x = round_half(round_half(x / scale) + offset);
    if (op == ZARRC_SCALE_MULTIPLY || op == ZARRC_SCALE_ENCODE || op == ZARRC_SCALE_ROUND)
      x = round_float(round_half(x * scale));
    if (op == ZARRC_SCALE_ROUND) x = round_half(x / scale);
    elements[i] = zarrc_half_from_double((double)x);
  }
}

void zarrc_scale_loop(zarrc_type type, const zarrc_scale_values *values, zarrc_scale_op op, const void *in, void *out,
                      size_t n) {
  size_t item = zarrc_dtype_of(type).item_size, done = 0;
  double inverse = 0;
  if (type == ZARRC_FLOAT32 || type == ZARRC_FLOAT64) {
    bool single = type == ZARRC_FLOAT32;
    inverse = inverse_of(single ? (double)(float)values->scale : values->scale, single ? 126 : 1022);
    done = zarrc_scale_avx2(type, values, inverse, op, in, out, n);
  }
  void *data = (uint8_t *)out + done * item;
  n -= done;
  if (n && in != out) memcpy(data, (const uint8_t *)in + done * item, n * item);
  if (type == ZARRC_FLOAT16)
    scale_half(values, op, data, n);
  else if (type == ZARRC_FLOAT32)
    scale_f32(values, inverse, op, data, n);
  else if (type == ZARRC_FLOAT64)
    scale_f64(values, inverse, op, data, n);
  else if (item == 1)
    scale_u8(values, op, data, n);
  else if (item == 2)
    scale_u16(values, op, data, n);
  else if (item == 4)
    scale_u32(values, op, data, n);
  else
    scale_u64(values, op, data, n);
}

/* ------------------------------------------------------------------------------------------------------------ delta */

/* Differences of elements that are `lanes` apart: 2 in complex numbers. first: what precedes the first elements. */
#define DIFFERENCES(type, expression)                                                                                  \
  static void delta_##type(type *restrict first, const void *restrict in, void *restrict out, size_t n,                \
                           size_t lanes) {                                                                             \
    const type *x = in;                                                                                                \
    type *y = out;                                                                                                     \
    for (size_t i = 0; i < n && i < lanes; i++) {                                                                      \
      type a = x[i], b = first[i];                                                                                     \
      y[i] = (type)(expression);                                                                                       \
    }                                                                                                                  \
    for (size_t i = lanes; i < n; i++) {                                                                               \
      type a = x[i], b = x[i - lanes];                                                                                 \
      y[i] = (type)(expression);                                                                                       \
    }                                                                                                                  \
    for (size_t i = 0; n && i < lanes; i++) first[i] = x[n - lanes + i];                                               \
  }
static inline uint16_t half_of(float x) {
  return zarrc_half_from_double((double)x);
}
static inline float of_half(uint16_t x) {
  return (float)zarrc_half_to_double(x);
}
DIFFERENCES(u8, a - b)
DIFFERENCES(u16, a - b)
DIFFERENCES(u32, a - b)
DIFFERENCES(u64, a - b)
DIFFERENCES(f32, a - b)
DIFFERENCES(f64, a - b)
DIFFERENCES(truth, !a != !b)
DIFFERENCES(half, half_of(of_half(a) - of_half(b)))

/* Running sums. In floats they must be added one after the other. */
#define SUMS(type, expression)                                                                                         \
  static void sum_##type(type *restrict first, const void *restrict in, void *restrict out, size_t n, size_t lanes) {  \
    const type *x = in;                                                                                                \
    type *y = out;                                                                                                     \
    for (size_t lane = 0; lane < lanes; lane++) {                                                                      \
      type a = first[lane];                                                                                            \
      for (size_t i = lane; i < n; i += lanes) {                                                                       \
        type b = x[i];                                                                                                 \
        y[i] = a = (type)(expression);                                                                                 \
      }                                                                                                                \
      first[lane] = a;                                                                                                 \
    }                                                                                                                  \
  }
SUMS(f32, a + b)
SUMS(f64, a + b)
SUMS(truth, a || b)
SUMS(half, half_of(of_half(a) + of_half(b)))

#define INTEGER_SUMS(type)                                                                                             \
  static void sum_##type(type *restrict first, const void *restrict in, void *restrict out, size_t n) {                \
    const type *x = in;                                                                                                \
    type *y = out, sum = *first;                                                                                       \
    size_t i = zarrc_sum_avx512(sizeof(type), &sum, x, y, n);                                                          \
    i += zarrc_sum_avx2(sizeof(type), &sum, x + i, y + i, n - i);                                                      \
    for (; i < n; i++) y[i] = sum = (type)(sum + x[i]);                                                                \
    *first = sum;                                                                                                      \
  }
INTEGER_SUMS(u8)
INTEGER_SUMS(u16)
INTEGER_SUMS(u32)
INTEGER_SUMS(u64)

/* Sets what precedes the first elements: zeros; before a sum -0.0, to which a first -0.0 can be added. */
static void start(zarrc_type type, zarrc_delta_carry *carry, bool sum) {
  if (carry->started) return;
  memset(carry->last, 0, sizeof carry->last);
  carry->started = true;
  if (!sum) return;
  float single[2] = {-0.0f, -0.0f};
  double real[2] = {-0.0, -0.0};
  uint16_t tiny = 0x8000;
  if (type == ZARRC_FLOAT16) memcpy(carry->last, &tiny, sizeof tiny);
  if (type == ZARRC_FLOAT32 || type == ZARRC_COMPLEX64) memcpy(carry->last, single, sizeof single);
  if (type == ZARRC_FLOAT64 || type == ZARRC_COMPLEX128) memcpy(carry->last, real, sizeof real);
}

void zarrc_delta_loop(zarrc_type type, zarrc_delta_carry *carry, const void *in, void *out, size_t n) {
  void *first = carry->last;
  start(type, carry, false);
  switch (type) {
  case ZARRC_BOOL:
    delta_truth(first, in, out, n, 1);
    break;
  case ZARRC_INT8:
  case ZARRC_UINT8:
    delta_u8(first, in, out, n, 1);
    break;
  case ZARRC_INT16:
  case ZARRC_UINT16:
    delta_u16(first, in, out, n, 1);
    break;
  case ZARRC_INT32:
  case ZARRC_UINT32:
    delta_u32(first, in, out, n, 1);
    break;
  case ZARRC_INT64:
  case ZARRC_UINT64:
    delta_u64(first, in, out, n, 1);
    break;
  case ZARRC_FLOAT16:
    delta_half(first, in, out, n, 1);
    break;
  case ZARRC_FLOAT32:
    delta_f32(first, in, out, n, 1);
    break;
  case ZARRC_FLOAT64:
    delta_f64(first, in, out, n, 1);
    break;
  case ZARRC_COMPLEX64:
    delta_f32(first, in, out, 2 * n, 2);
    break;
  default: /* complex128 */
    delta_f64(first, in, out, 2 * n, 2);
    break;
  }
}

void zarrc_sum_loop(zarrc_type type, zarrc_delta_carry *carry, const void *in, void *out, size_t n) {
  void *first = carry->last;
  start(type, carry, true);
  switch (type) {
  case ZARRC_BOOL:
    sum_truth(first, in, out, n, 1);
    break;
  case ZARRC_INT8:
  case ZARRC_UINT8:
    sum_u8(first, in, out, n);
    break;
  case ZARRC_INT16:
  case ZARRC_UINT16:
    sum_u16(first, in, out, n);
    break;
  case ZARRC_INT32:
  case ZARRC_UINT32:
    sum_u32(first, in, out, n);
    break;
  case ZARRC_INT64:
  case ZARRC_UINT64:
    sum_u64(first, in, out, n);
    break;
  case ZARRC_FLOAT16:
    sum_half(first, in, out, n, 1);
    break;
  case ZARRC_FLOAT32:
    sum_f32(first, in, out, n, 1);
    break;
  case ZARRC_FLOAT64:
    sum_f64(first, in, out, n, 1);
    break;
  case ZARRC_COMPLEX64:
    sum_f32(first, in, out, 2 * n, 2);
    break;
  default: /* complex128 */
    sum_f64(first, in, out, 2 * n, 2);
    break;
  }
}

/* --------------------------------------------------------------------------------------------------------- bitround */

#define BITROUND(type)                                                                                                 \
  static void bitround_##type(unsigned nbits, const void *restrict in, void *restrict out, size_t n) {                 \
    const type *x = in;                                                                                                \
    type *y = out;                                                                                                     \
    type mask = (type)((type)-1 << nbits), below = (type)(((type)1 << (nbits - 1)) - 1);                               \
    for (size_t i = 0; i < n; i++) y[i] = (type)(x[i] + ((x[i] >> nbits) & 1) + below) & mask;                         \
  }
BITROUND(u16)
BITROUND(u32)
BITROUND(u64)

void zarrc_bitround_loop(size_t item, unsigned nbits, const void *in, void *out, size_t n) {
  if (nbits == 0) {
    if (n) memcpy(out, in, n * item);
  } else if (item == 2) {
    bitround_u16(nbits, in, out, n);
  } else if (item == 4) {
    bitround_u32(nbits, in, out, n);
  } else {
    bitround_u64(nbits, in, out, n);
  }
}

/* SPDX-License-Identifier: MIT */
#include "codec/convert.h"
#include "base/half.h"
#include "codec/filter_loops_avx2.h"
#include "codec/numbers.h"

#include <string.h>

/* Numbers on the way through an intermediate type. */
#define PIECE 512

typedef void (*convert_fn)(const void *restrict in, void *restrict out, size_t n);

#define LOOP(from, to, expression)                                                                                     \
  static void from##_to_##to(const void *restrict in, void *restrict out, size_t n) {                                  \
    const from *source = in;                                                                                           \
    to *target = out;                                                                                                  \
    for (size_t i = 0; i < n; i++) {                                                                                   \
      from x = source[i];                                                                                              \
      target[i] = (to)(expression);                                                                                    \
    }                                                                                                                  \
  }

/* What is out of range is replaced before the conversion, so that it is defined, and has no branch. */
static inline int32_t int32_of_float(float x) {
  return (int32_t)(x >= -2147483648.0f && x < 2147483648.0f ? x : -2147483648.0f);
}
static inline int32_t int32_of_double(double x) {
  return (int32_t)(x > -2147483649.0 && x < 2147483648.0 ? x : -2147483648.0);
}
static inline uint32_t uint32_of_float(float x) {
  bool high = x >= 2147483648.0f;
  return (uint32_t)int32_of_float(high ? x - 2147483648.0f : x) ^ (uint32_t)high << 31;
}
static inline uint32_t uint32_of_double(double x) {
  bool high = x >= 2147483648.0;
  return (uint32_t)int32_of_double(high ? x - 2147483648.0 : x) ^ (uint32_t)high << 31;
}
static inline int64_t int64_of_double(double x) {
  return (int64_t)(x >= -9223372036854775808.0 && x < 9223372036854775808.0 ? x : -9223372036854775808.0);
}
static inline uint64_t uint64_of_double(double x) {
  if (!(x >= 9223372036854775808.0)) return (uint64_t)int64_of_double(x);
  return (uint64_t)int64_of_double(x - 9223372036854775808.0) ^ (uint64_t)1 << 63;
}

/* Widths of the target: signed and unsigned targets get the same bits. */
LOOP(i8, i16, x)
LOOP(i8, i32, x)
LOOP(i8, i64, x)
LOOP(u8, i16, x)
LOOP(u8, i32, x)
LOOP(u8, i64, x)
LOOP(u16, i8, x)
LOOP(i16, i32, x)
LOOP(i16, i64, x)
LOOP(u16, i32, x)
LOOP(u16, i64, x)
LOOP(u32, i8, x)
LOOP(u32, i16, x)
LOOP(i32, i64, x)
LOOP(u32, i64, x)
LOOP(u64, i8, x)
LOOP(u64, i16, x)
LOOP(u64, i32, x)
#define TO_FLOATS(from)                                                                                                \
  LOOP(from, f32, x)                                                                                                   \
  LOOP(from, f64, x)
TO_FLOATS(i8)
TO_FLOATS(i16)
TO_FLOATS(i32)
TO_FLOATS(i64)
TO_FLOATS(u8)
TO_FLOATS(u16)
TO_FLOATS(u32)
TO_FLOATS(u64)
LOOP(f32, i8, int32_of_float(x))
LOOP(f32, i16, int32_of_float(x))
LOOP(f32, i32, int32_of_float(x))
LOOP(f32, u32, uint32_of_float(x))
LOOP(f32, i64, int64_of_double(x))
LOOP(f32, u64, uint64_of_double(x))
LOOP(f64, i8, int32_of_double(x))
LOOP(f64, i16, int32_of_double(x))
LOOP(f64, i32, int32_of_double(x))
LOOP(f64, u32, uint32_of_double(x))
LOOP(f64, i64, int64_of_double(x))
LOOP(f64, u64, uint64_of_double(x))
LOOP(f32, f64, x)
LOOP(f64, f32, x)

LOOP(u8, truth, x != 0)
LOOP(u16, truth, x != 0)
LOOP(u32, truth, x != 0)
LOOP(u64, truth, x != 0)
LOOP(f32, truth, x != 0)
LOOP(f64, truth, x != 0)

LOOP(half, f32, zarrc_half_to_double(x))
LOOP(f32, half, zarrc_half_from_double(x))
LOOP(f64, half, zarrc_half_from_double(x))

/* Complex numbers are pairs of floats. */
static void c64_to_f32(const void *restrict in, void *restrict out, size_t n) {
  const f32 *source = in;
  f32 *target = out;
  for (size_t i = 0; i < n; i++) target[i] = source[2 * i];
}
static void c128_to_f64(const void *restrict in, void *restrict out, size_t n) {
  const f64 *source = in;
  f64 *target = out;
  for (size_t i = 0; i < n; i++) target[i] = source[2 * i];
}
static void f32_to_c64(const void *restrict in, void *restrict out, size_t n) {
  const f32 *source = in;
  f32 *target = out;
  for (size_t i = 0; i < n; i++) target[2 * i] = source[i], target[2 * i + 1] = 0;
}
static void f64_to_c128(const void *restrict in, void *restrict out, size_t n) {
  const f64 *source = in;
  f64 *target = out;
  for (size_t i = 0; i < n; i++) target[2 * i] = source[i], target[2 * i + 1] = 0;
}
static void c64_to_c128(const void *restrict in, void *restrict out, size_t n) {
  f32_to_f64(in, out, 2 * n);
}
static void c128_to_c64(const void *restrict in, void *restrict out, size_t n) {
  f64_to_f32(in, out, 2 * n);
}
static void c64_to_truth(const void *restrict in, void *restrict out, size_t n) {
  const f32 *source = in;
  u8 *target = out;
  for (size_t i = 0; i < n; i++) target[i] = source[2 * i] != 0 || source[2 * i + 1] != 0;
}
static void c128_to_truth(const void *restrict in, void *restrict out, size_t n) {
  const f64 *source = in;
  u8 *target = out;
  for (size_t i = 0; i < n; i++) target[i] = source[2 * i] != 0 || source[2 * i + 1] != 0;
}

/* The direct conversions; NULL: in two steps, or the same bits. Rows and columns in the order of zarrc_type. */
static const convert_fn direct[ZARRC_COMPLEX128 + 1][ZARRC_COMPLEX128 + 1] = {
    /* clang-format off */
    /*           bool           int8        int16       int32       int64       uint8       uint16      uint32      uint64      float16      float32     float64     complex64    complex128 */
    [ZARRC_BOOL] = {u8_to_truth},
    [ZARRC_INT8] = {u8_to_truth, NULL,      i8_to_i16,  i8_to_i32,  i8_to_i64,  NULL,       i8_to_i16,  i8_to_i32,  i8_to_i64,  NULL,        i8_to_f32,  i8_to_f64},
    [ZARRC_INT16] = {u16_to_truth, u16_to_i8, NULL,     i16_to_i32, i16_to_i64, u16_to_i8,  NULL,       i16_to_i32, i16_to_i64, NULL,        i16_to_f32, i16_to_f64},
    [ZARRC_INT32] = {u32_to_truth, u32_to_i8, u32_to_i16, NULL,     i32_to_i64, u32_to_i8,  u32_to_i16, NULL,       i32_to_i64, NULL,        i32_to_f32, i32_to_f64},
    [ZARRC_INT64] = {u64_to_truth, u64_to_i8, u64_to_i16, u64_to_i32, NULL,     u64_to_i8,  u64_to_i16, u64_to_i32, NULL,       NULL,        i64_to_f32, i64_to_f64},
    [ZARRC_UINT8] = {u8_to_truth, NULL,     u8_to_i16,  u8_to_i32,  u8_to_i64,  NULL,       u8_to_i16,  u8_to_i32,  u8_to_i64,  NULL,        u8_to_f32,  u8_to_f64},
    [ZARRC_UINT16] = {u16_to_truth, u16_to_i8, NULL,    u16_to_i32, u16_to_i64, u16_to_i8,  NULL,       u16_to_i32, u16_to_i64, NULL,        u16_to_f32, u16_to_f64},
    [ZARRC_UINT32] = {u32_to_truth, u32_to_i8, u32_to_i16, NULL,    u32_to_i64, u32_to_i8,  u32_to_i16, NULL,       u32_to_i64, NULL,        u32_to_f32, u32_to_f64},
    [ZARRC_UINT64] = {u64_to_truth, u64_to_i8, u64_to_i16, u64_to_i32, NULL,    u64_to_i8,  u64_to_i16, u64_to_i32, NULL,       NULL,        u64_to_f32, u64_to_f64},
    [ZARRC_FLOAT16] = {[ZARRC_FLOAT32] = half_to_f32},
    [ZARRC_FLOAT32] = {f32_to_truth, f32_to_i8, f32_to_i16, f32_to_i32, f32_to_i64, f32_to_i8, f32_to_i16, f32_to_u32, f32_to_u64, f32_to_half, NULL,     f32_to_f64, f32_to_c64},
    [ZARRC_FLOAT64] = {f64_to_truth, f64_to_i8, f64_to_i16, f64_to_i32, f64_to_i64, f64_to_i8, f64_to_i16, f64_to_u32, f64_to_u64, f64_to_half, f64_to_f32, NULL,     NULL,        f64_to_c128},
    [ZARRC_COMPLEX64] = {c64_to_truth, [ZARRC_FLOAT32] = c64_to_f32, [ZARRC_COMPLEX128] = c64_to_c128},
    [ZARRC_COMPLEX128] = {c128_to_truth, [ZARRC_FLOAT64] = c128_to_f64, [ZARRC_COMPLEX64] = c128_to_c64},
    /* clang-format on */
};

static size_t size_of(zarrc_type type) {
  return zarrc_dtype_of(type).item_size;
}

/* Returns the type between two that are not converted directly, which is one step nearer to `to`. */
static zarrc_type between(zarrc_type from, zarrc_type to) {
  if (from == ZARRC_BOOL) return ZARRC_UINT8; /* after it has become 0 or 1 */
  if (from == ZARRC_COMPLEX128) return ZARRC_FLOAT64;
  if (from == ZARRC_FLOAT16 || from == ZARRC_COMPLEX64) return ZARRC_FLOAT32;
  if (to == ZARRC_COMPLEX128) return ZARRC_FLOAT64;
  return ZARRC_FLOAT32; /* integers to float16 and complex64, float64 to complex64 */
}

static void convert_piece(zarrc_type from, zarrc_type to, const void *in, void *out, size_t n) {
  convert_fn fn = direct[from][to];
  if (fn) {
    fn(in, out, n);
  } else if (from == to || (zarrc_is_integer(from) && zarrc_is_integer(to))) {
    if (n) memcpy(out, in, n * size_of(from));
  } else {
    _Alignas(16) uint8_t step[PIECE * 16];
    zarrc_type middle = between(from, to);
    if (from == ZARRC_BOOL)
      u8_to_truth(in, step, n);
    else
      convert_piece(from, middle, in, step, n);
    convert_piece(middle, to, step, out, n);
  }
}

void zarrc_convert(zarrc_type from, zarrc_type to, const void *in, void *out, size_t n) {
  size_t done = zarrc_convert_avx2(from, to, in, out, n);
  const uint8_t *source = (const uint8_t *)in + done * size_of(from);
  uint8_t *target = (uint8_t *)out + done * size_of(to);
  n -= done;
  if (direct[from][to]) {
    direct[from][to](source, target, n);
    return;
  }
  for (size_t at = 0; at < n; at += PIECE) {
    size_t count = n - at < PIECE ? n - at : PIECE;
    convert_piece(from, to, source + at * size_of(from), target + at * size_of(to), count);
  }
}

/* ------------------------------------------------------------------------------------------------------ promotion */

static bool is_unsigned(zarrc_type type) {
  return type >= ZARRC_UINT8 && type <= ZARRC_UINT64;
}

/* Returns the smallest float that holds the integers, or the floats, of a type. */
static zarrc_type float_of(zarrc_type type) {
  if (type >= ZARRC_FLOAT16 && type <= ZARRC_FLOAT64) return type;
  if (type == ZARRC_COMPLEX64) return ZARRC_FLOAT32;
  if (type == ZARRC_COMPLEX128) return ZARRC_FLOAT64;
  size_t size = size_of(type);
  return size == 1 ? ZARRC_FLOAT16 : size == 2 ? ZARRC_FLOAT32 : ZARRC_FLOAT64;
}

zarrc_type zarrc_promote(zarrc_type a, zarrc_type b) {
  if (a == b || b == ZARRC_BOOL) return a;
  if (a == ZARRC_BOOL) return b;
  if (!zarrc_is_integer(a) || !zarrc_is_integer(b)) {
    zarrc_type x = float_of(a), y = float_of(b), larger = x > y ? x : y;
    if (a < ZARRC_COMPLEX64 && b < ZARRC_COMPLEX64) return larger;
    return larger == ZARRC_FLOAT64 ? ZARRC_COMPLEX128 : ZARRC_COMPLEX64;
  }
  if (is_unsigned(a) == is_unsigned(b)) return a > b ? a : b;
  zarrc_type natural = is_unsigned(a) ? a : b, whole = is_unsigned(a) ? b : a;
  if (size_of(whole) > size_of(natural)) return whole;
  return natural == ZARRC_UINT64 ? ZARRC_FLOAT64 : (zarrc_type)(ZARRC_INT16 + (natural - ZARRC_UINT8));
}

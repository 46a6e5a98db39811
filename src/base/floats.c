/* SPDX-License-Identifier: MIT */
#include "base/floats.h"
#include "base/half.h"

#include <math.h>
#include <string.h>

/* clang-format off */
static const zarrc_float_format half = {2, 16, 5, 10, 15, ZARRC_FLOAT_IEEE, 0x7e00},
    single = {4, 32, 8, 23, 127, ZARRC_FLOAT_IEEE, 0x7fc00000},
    wide = {8, 64, 11, 52, 1023, ZARRC_FLOAT_IEEE, 0x7ff8000000000000},
    brain = {2, 16, 8, 7, 127, ZARRC_FLOAT_IEEE, 0x7fc0},
    e3m4 = {1, 8, 3, 4, 3, ZARRC_FLOAT_IEEE, 0x78},
    e4m3 = {1, 8, 4, 3, 7, ZARRC_FLOAT_IEEE, 0x7c},
    e5m2 = {1, 8, 5, 2, 15, ZARRC_FLOAT_IEEE, 0x7e},
    e4m3b11fnuz = {1, 8, 4, 3, 11, ZARRC_FLOAT_FNUZ, 0x80},
    e4m3fnuz = {1, 8, 4, 3, 8, ZARRC_FLOAT_FNUZ, 0x80},
    e5m2fnuz = {1, 8, 5, 2, 16, ZARRC_FLOAT_FNUZ, 0x80},
    e8m0fnu = {1, 8, 8, 0, 127, ZARRC_FLOAT_SCALE, 0xff},
    e2m3fn = {1, 6, 2, 3, 1, ZARRC_FLOAT_FN, 0},
    e3m2fn = {1, 6, 3, 2, 3, ZARRC_FLOAT_FN, 0},
    e2m1fn = {1, 4, 2, 1, 1, ZARRC_FLOAT_FN, 0};

/* The complex types follow the floats of which they are made. */
static const zarrc_float_format *const formats[ZARRC_NTYPES] = {
    [ZARRC_FLOAT16] = &half, [ZARRC_FLOAT32] = &single, [ZARRC_FLOAT64] = &wide, [ZARRC_COMPLEX64] = &single,
    [ZARRC_COMPLEX128] = &wide, [ZARRC_BFLOAT16] = &brain, [ZARRC_FLOAT8_E3M4] = &e3m4, [ZARRC_FLOAT8_E4M3] = &e4m3,
    [ZARRC_FLOAT8_E4M3B11FNUZ] = &e4m3b11fnuz, [ZARRC_FLOAT8_E4M3FNUZ] = &e4m3fnuz, [ZARRC_FLOAT8_E5M2] = &e5m2,
    [ZARRC_FLOAT8_E5M2FNUZ] = &e5m2fnuz, [ZARRC_FLOAT8_E8M0FNU] = &e8m0fnu, [ZARRC_FLOAT6_E2M3FN] = &e2m3fn,
    [ZARRC_FLOAT6_E3M2FN] = &e3m2fn, [ZARRC_FLOAT4_E2M1FN] = &e2m1fn, [ZARRC_COMPLEX_FLOAT16] = &half,
    [ZARRC_COMPLEX_BFLOAT16] = &brain, [ZARRC_COMPLEX_FLOAT8_E3M4] = &e3m4, [ZARRC_COMPLEX_FLOAT8_E4M3] = &e4m3,
    [ZARRC_COMPLEX_FLOAT8_E4M3B11FNUZ] = &e4m3b11fnuz, [ZARRC_COMPLEX_FLOAT8_E4M3FNUZ] = &e4m3fnuz,
    [ZARRC_COMPLEX_FLOAT8_E5M2] = &e5m2, [ZARRC_COMPLEX_FLOAT8_E5M2FNUZ] = &e5m2fnuz,
    [ZARRC_COMPLEX_FLOAT8_E8M0FNU] = &e8m0fnu, [ZARRC_COMPLEX_FLOAT6_E2M3FN] = &e2m3fn,
    [ZARRC_COMPLEX_FLOAT6_E3M2FN] = &e3m2fn, [ZARRC_COMPLEX_FLOAT4_E2M1FN] = &e2m1fn,
};
/* clang-format on */

const zarrc_float_format *zarrc_float_format_of(zarrc_type type) {
  return formats[type];
}

bool zarrc_type_is_complex(zarrc_type type) {
  return type == ZARRC_COMPLEX64 || type == ZARRC_COMPLEX128 || type >= ZARRC_COMPLEX_FLOAT16;
}

unsigned zarrc_integer_nbits(zarrc_type type, bool *is_signed) {
  *is_signed = (type >= ZARRC_INT8 && type <= ZARRC_INT64) || type == ZARRC_INT2 || type == ZARRC_INT4;
  if (type == ZARRC_INT2 || type == ZARRC_UINT2) return 2;
  if (type == ZARRC_INT4 || type == ZARRC_UINT4) return 4;
  if (type < ZARRC_INT8 || type > ZARRC_UINT64) return 0;
  return 8u << ((type - ZARRC_INT8) % 4);
}

uint8_t zarrc_type_mask(zarrc_type type) {
  bool is_signed;
  const zarrc_float_format *format = formats[type];
  unsigned nbits = format ? format->nbits : zarrc_integer_nbits(type, &is_signed);
  if (type == ZARRC_BOOL) nbits = 1;
  if (nbits == 0 || nbits > 8) nbits = 8;
  return (uint8_t)(0xffu >> (8 - nbits));
}

static uint64_t sign_of(const zarrc_float_format *f) {
  return f->specials == ZARRC_FLOAT_SCALE ? 0 : (uint64_t)1 << (f->nbits - 1);
}

uint64_t zarrc_float_magnitude(const zarrc_float_format *format, uint64_t bits) {
  return bits & ~sign_of(format);
}

bool zarrc_float_is_nan(const zarrc_float_format *f, uint64_t bits) {
  uint64_t infinity = ((((uint64_t)1 << f->nexponent) - 1) << f->nfraction);
  if (f->specials == ZARRC_FLOAT_IEEE) return zarrc_float_magnitude(f, bits) > infinity;
  return f->nan && bits == f->nan;
}

double zarrc_float_value(const zarrc_float_format *f, uint64_t bits) {
  if (f == &half) return zarrc_half_to_double((uint16_t)bits);
  if (f == &single) {
    float value;
    uint32_t four = (uint32_t)bits;
    memcpy(&value, &four, sizeof value);
    return value;
  }
  if (f == &wide) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
  }
  uint64_t magnitude = zarrc_float_magnitude(f, bits), most = ((uint64_t)1 << f->nexponent) - 1;
  uint64_t fraction = magnitude & (((uint64_t)1 << f->nfraction) - 1), exponent = magnitude >> f->nfraction;
  double value;
  if (zarrc_float_is_nan(f, bits))
    value = NAN;
  else if (f->specials == ZARRC_FLOAT_IEEE && exponent == most)
    value = INFINITY;
  else if (exponent == 0 && f->specials != ZARRC_FLOAT_SCALE)
    value = ldexp((double)fraction, 1 - f->bias - f->nfraction);
  else
    value = ldexp((double)(fraction | (uint64_t)1 << f->nfraction), (int)exponent - f->bias - f->nfraction);
  return bits & sign_of(f) ? -value : value;
}

/* Returns the largest finite number. */
static uint64_t largest(const zarrc_float_format *f) {
  if (f->specials == ZARRC_FLOAT_IEEE) return ((((uint64_t)1 << f->nexponent) - 1) << f->nfraction) - 1;
  return f->specials == ZARRC_FLOAT_SCALE ? 0xfe : ((uint64_t)1 << (f->nbits - 1)) - 1;
}

/* Returns the nearest power of two, the larger one of two. */
static uint64_t scale_bits(const zarrc_float_format *f, double value, bool *known) {
  int exponent;
  double fraction = frexp(value, &exponent); /* from 0.5 to below 1 */
  int64_t bits = (int64_t)exponent - 1 + f->bias;
  if (fraction >= 0.75) bits++;
  *known = value > 0 && bits >= 0 && bits <= (int64_t)largest(f);
  return (uint64_t)bits;
}

uint64_t zarrc_float_bits(const zarrc_float_format *f, double value, bool *known) {
  *known = true;
  if (f == &half) return zarrc_half_from_double(value);
  if (f == &single) {
    float narrow = (float)value;
    uint32_t four;
    memcpy(&four, &narrow, sizeof four);
    return four;
  }
  if (f == &wide) {
    uint64_t eight;
    memcpy(&eight, &value, sizeof eight);
    return eight;
  }
  *known = !isnan(value) || f->nan != 0;
  if (isnan(value)) return f->nan;
  uint64_t sign = signbit(value) ? sign_of(f) : 0, infinity = largest(f) + 1;
  *known = f->specials == ZARRC_FLOAT_IEEE;
  if (isinf(value)) return sign | infinity;
  if (f->specials == ZARRC_FLOAT_SCALE) return scale_bits(f, value, known);
  int exponent;
  frexp(value, &exponent);
  exponent--;
  if (value == 0 || exponent < 1 - f->bias) exponent = 1 - f->bias;
  double quanta = rint(ldexp(fabs(value), f->nfraction - exponent));
  /* The leading bit of the quanta adds 1 to the exponent; a subnormal number has none. */
  uint64_t bits = ((uint64_t)(exponent + f->bias - 1) << f->nfraction) + (uint64_t)quanta;
  if (f->specials == ZARRC_FLOAT_IEEE) return sign | (bits < infinity ? bits : infinity);
  *known = bits < infinity;
  return f->specials == ZARRC_FLOAT_FNUZ && !bits ? 0 : sign | bits;
}

/* SPDX-License-Identifier: MIT */
#include "codec/reals.h"
#include "base/floats.h"
#include "base/number_bits.h"

bool zarrc_is_real(zarrc_type type) {
  bool is_signed;
  return zarrc_float_format_of(type) ? !zarrc_type_is_complex(type) : zarrc_integer_nbits(type, &is_signed) > 0;
}

/* ---------------------------------------------------------------------------------------------------------- reading */

static zarrc_real integer_of(uint64_t bits, unsigned nbits, bool is_signed) {
  uint64_t all = UINT64_MAX >> (64 - nbits);
  bits &= all;
  bool negative = is_signed && bits >> (nbits - 1);
  return (zarrc_real){.negative = negative, .mantissa = negative ? (0 - bits) & all : bits};
}

static zarrc_real float_of(const zarrc_float_format *f, uint64_t bits) {
  bits &= UINT64_MAX >> (64 - f->nbits);
  uint64_t magnitude = zarrc_float_magnitude(f, bits), top = ((uint64_t)1 << f->nexponent) - 1;
  uint64_t exponent = magnitude >> f->nfraction, hidden = (uint64_t)1 << f->nfraction;
  zarrc_real real = {.negative = magnitude != bits, .is_nan = zarrc_float_is_nan(f, bits)};
  real.is_infinite = !real.is_nan && f->specials == ZARRC_FLOAT_IEEE && exponent == top;
  real.mantissa = magnitude & (hidden - 1);
  if (exponent > 0 || f->specials == ZARRC_FLOAT_SCALE)
    real.mantissa |= hidden;
  else
    exponent = 1;
  real.exponent = (int)exponent - f->bias - f->nfraction;
  return real;
}

zarrc_real zarrc_real_load(zarrc_type type, const void *element) {
  const zarrc_float_format *format = zarrc_float_format_of(type);
  bool is_signed;
  unsigned nbits = zarrc_integer_nbits(type, &is_signed);
  uint64_t bits = zarrc_load_bits(element, zarrc_dtype_of(type).item_size);
  return format ? float_of(format, bits) : integer_of(bits, nbits, is_signed);
}

bool zarrc_real_equal(const zarrc_real *a, const zarrc_real *b) {
  if (a->is_nan || b->is_nan) return a->is_nan && b->is_nan;
  if (a->is_infinite || b->is_infinite) return a->is_infinite && b->is_infinite && a->negative == b->negative;
  if (!a->mantissa || !b->mantissa) return a->mantissa == b->mantissa;
  unsigned x = (unsigned)__builtin_ctzll(a->mantissa), y = (unsigned)__builtin_ctzll(b->mantissa);
  return a->negative == b->negative && a->mantissa >> x == b->mantissa >> y &&
         a->exponent + (int)x == b->exponent + (int)y;
}

/* ---------------------------------------------------------------------------------------------------------- rounding
 */

/* Drops the lowest bits of a mantissa, any number of them. */
static uint64_t drop_bits(const zarrc_real *real, int nbits, zarrc_rounding rounding) {
  uint64_t kept = nbits < 64 ? real->mantissa >> nbits : 0;
  uint64_t rest = nbits < 64 ? real->mantissa & (((uint64_t)1 << nbits) - 1) : real->mantissa;
  /* compared with a half: -1, 0, 1 */
  uint64_t half = nbits <= 64 ? (uint64_t)1 << (nbits - 1) : 0;
  int order = nbits > 64 ? -1 : (rest > half) - (rest < half);
  bool up = false;
  if (!rest) return kept;
  switch (rounding) {
  case ZARRC_ROUND_EVEN:
    up = order > 0 || (order == 0 && (kept & 1));
    break;
  case ZARRC_ROUND_AWAY:
    up = order >= 0;
    break;
  case ZARRC_ROUND_UP:
    up = !real->negative;
    break;
  case ZARRC_ROUND_DOWN:
    up = real->negative;
    break;
  case ZARRC_ROUND_ZERO:
    break;
  }
  return kept + up;
}

static bool store_integer(unsigned nbits, bool is_signed, const zarrc_real *real, zarrc_rounding rounding,
                          zarrc_out_of_range range, uint64_t *bits) {
  if (real->is_nan || real->is_infinite) return false;
  uint64_t magnitude, most = UINT64_MAX >> (64 - nbits + is_signed), below = is_signed ? most + 1 : 0;
  bool huge = false; /* more than 64 bits, of which `magnitude` has the lowest */
  if (real->exponent < 0) {
    magnitude = drop_bits(real, -real->exponent, rounding);
  } else {
    huge = real->mantissa && real->exponent > __builtin_clzll(real->mantissa);
    magnitude = real->exponent < 64 ? real->mantissa << real->exponent : 0;
  }
  bool fits = !huge && magnitude <= (real->negative ? below : most);
  if (!fits && range == ZARRC_RANGE_ERROR) return false;
  if (!fits && range == ZARRC_RANGE_CLAMP) magnitude = real->negative ? below : most;
  *bits = (real->negative ? 0 - magnitude : magnitude) & UINT64_MAX >> (64 - nbits);
  return true;
}

/* Returns the largest finite number of a format, without sign. */
static uint64_t largest_of(const zarrc_float_format *f) {
  if (f->specials == ZARRC_FLOAT_IEEE) return ((((uint64_t)1 << f->nexponent) - 1) << f->nfraction) - 1;
  return f->specials == ZARRC_FLOAT_SCALE ? 0xfe : ((uint64_t)1 << (f->nbits - 1)) - 1;
}

/* Rounds a real that is not 0 to a format without a largest number; false: it is below the smallest one. */
static bool round_float(const zarrc_float_format *f, const zarrc_real *real, zarrc_rounding rounding, uint64_t *bits) {
  int exponent = real->exponent + 63 - __builtin_clzll(real->mantissa); /* of the highest bit */
  bool subnormals = f->specials != ZARRC_FLOAT_SCALE;
  if (subnormals && exponent < 1 - f->bias) exponent = 1 - f->bias;
  int ndropped = exponent - f->nfraction - real->exponent;
  uint64_t quanta = ndropped <= 0 ? real->mantissa << -ndropped : drop_bits(real, ndropped, rounding);
  /* The leading bit of the quanta adds 1 to the exponent; a subnormal number has none. */
  int code = exponent + f->bias - 1;
  if (code < 0 && code + (int64_t)quanta < 0) return false;
  *bits = code < 0 ? quanta - 1 : ((uint64_t)code << f->nfraction) + quanta;
  return true;
}

static bool store_float(const zarrc_float_format *f, const zarrc_real *real, zarrc_rounding rounding,
                        zarrc_out_of_range range, uint64_t *bits) {
  bool has_infinity = f->specials == ZARRC_FLOAT_IEEE, has_zero = f->specials != ZARRC_FLOAT_SCALE;
  bool clamp = range == ZARRC_RANGE_CLAMP, is_there = has_zero || (real->mantissa && !real->negative);
  uint64_t sign = real->negative && has_zero ? (uint64_t)1 << (f->nbits - 1) : 0, largest = largest_of(f), rounded = 0;
  *bits = f->nan;
  if (real->is_nan) return f->nan != 0;
  *bits = sign | (largest + 1);
  if (real->is_infinite) return has_infinity;
  if (is_there && real->mantissa) is_there = round_float(f, real, rounding, &rounded);
  *bits = rounded == 0 && f->specials == ZARRC_FLOAT_FNUZ ? 0 : sign | rounded;
  if (!is_there) return clamp; /* the smallest power of two */
  if (rounded <= largest) return true;
  *bits = sign | (largest + has_infinity);
  return clamp;
}

bool zarrc_real_store(zarrc_type type, const zarrc_real *real, zarrc_rounding rounding, zarrc_out_of_range range,
                      void *element) {
  const zarrc_float_format *format = zarrc_float_format_of(type);
  bool is_signed;
  unsigned nbits = zarrc_integer_nbits(type, &is_signed);
  uint64_t bits = 0;
  bool known = format ? store_float(format, real, rounding, range, &bits)
                      : store_integer(nbits, is_signed, real, rounding, range, &bits);
  if (known) zarrc_store_bits(element, zarrc_dtype_of(type).item_size, bits);
  return known;
}

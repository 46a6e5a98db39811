/* SPDX-License-Identifier: MIT */
/*
 * numcodecs.delta: stores differences of neighbours in C order. Differences are computed in the type of the elements;
 * sums in the smallest type that holds both types, of which NumPy keeps the low bits. Only the first element must fit
 * into the type of the encoded ones.
 */
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/filter.h"
#include "codec/filter_loops.h"

#include <math.h>

enum { DTYPE, ASTYPE };
static const char *const setting_names[] = {"dtype", "astype", NULL};
static const zarrc_filter_schema schema = {"delta", setting_names, "Dd", 0, DTYPE, ASTYPE};

static zarrc_status delta_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  return zarrc_filter_open(codec, &schema, error);
}

static zarrc_status delta_evolve(zarrc_codec *codec, const zarrc_spec *spec, zarrc_error *error) {
  zarrc_filter *f = zarrc_codec_instance(codec);
  (void)error;
  zarrc_filter_set_fill(f, spec, zarrc_filter_encoded(f)->type);
  return ZARRC_OK;
}

static zarrc_status delta_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                   zarrc_error *error) {
  const zarrc_filter *f = zarrc_codec_instance(codec);
  (void)grid;
  return zarrc_filter_check(spec, &f->setting[DTYPE], setting_names[DTYPE], error);
}

typedef struct running {
  zarrc_type from, sum, to;
  zarrc_delta_carry carry;
  bool overflow; /* the first element is out of range for the type of the encoded ones */
} running;

/* Returns whether NumPy stores an element, and not an array, as another type: signed integers must be in range. */
static bool fits(zarrc_type from, zarrc_type to, const void *element) {
  if (to < ZARRC_INT8 || to > ZARRC_INT64 || from == ZARRC_BOOL || from >= ZARRC_COMPLEX64) return true;
  unsigned width = 8 * zarrc_dtype_of(to).item_size;
  double number, end = ldexp(1.0, (int)width - 1);
  uint64_t bits, largest = UINT64_MAX >> (65 - width);
  if (from >= ZARRC_FLOAT16) {
    zarrc_convert(from, ZARRC_FLOAT64, element, &number, 1);
    number = trunc(number);
    return number >= -end && number < end;
  }
  zarrc_convert(from, ZARRC_UINT64, element, &bits, 1);
  return from <= ZARRC_INT64 && bits >> 63 ? ~bits <= largest : bits <= largest;
}

static size_t size_of(zarrc_type type) {
  return zarrc_dtype_of(type).item_size;
}

static void subtract(void *arg, const void *in, void *out, size_t n) {
  running *r = arg;
  _Alignas(16) uint8_t differences[ZARRC_FILTER_PIECE * 16];
  if (!r->carry.started) r->overflow = !fits(r->from, r->to, in);
  if (r->from == r->to) {
    zarrc_delta_loop(r->from, &r->carry, in, out, n);
    return;
  }
  const uint8_t *source = in;
  uint8_t *target = out;
  for (size_t count; n; n -= count, source += count * size_of(r->from), target += count * size_of(r->to)) {
    count = n < ZARRC_FILTER_PIECE ? n : ZARRC_FILTER_PIECE;
    zarrc_delta_loop(r->from, &r->carry, source, differences, count);
    zarrc_convert(r->from, r->to, differences, target, count);
  }
}

static void add(void *arg, const void *in, void *out, size_t n) {
  running *r = arg;
  _Alignas(16) uint8_t numbers[ZARRC_FILTER_PIECE * 16], sums[ZARRC_FILTER_PIECE * 16];
  if (r->from == r->sum && r->sum == r->to) {
    zarrc_sum_loop(r->sum, &r->carry, in, out, n);
    return;
  }
  const uint8_t *source = in;
  uint8_t *target = out;
  for (size_t count; n; n -= count, source += count * size_of(r->from), target += count * size_of(r->to)) {
    count = n < ZARRC_FILTER_PIECE ? n : ZARRC_FILTER_PIECE;
    void *memory = r->sum == r->to ? target : sums;
    if (r->from != r->sum) zarrc_convert(r->from, r->sum, source, numbers, count);
    zarrc_sum_loop(r->sum, &r->carry, r->from == r->sum ? source : numbers, memory, count);
    if (memory == sums) zarrc_convert(r->sum, r->to, sums, target, count);
  }
}

/* Returns the type in which is added. Sums of integers need no more bits than are kept. */
static zarrc_type sum_type(zarrc_type from, zarrc_type to) {
  zarrc_type sum = zarrc_promote(from, to);
  return zarrc_is_integer(sum) && zarrc_is_integer(to) ? to : sum;
}

static zarrc_status delta_encode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *decoded,
                                 const zarrc_view *encoded, zarrc_error *error) {
  const zarrc_filter *f = zarrc_codec_instance(codec);
  zarrc_filter_side from = zarrc_filter_side_of(decoded, spec->dtype.endian, &f->setting[DTYPE]);
  zarrc_filter_side to = zarrc_filter_side_native(encoded);
  running r = {.from = f->setting[DTYPE].type, .to = zarrc_filter_encoded(f)->type};
  zarrc_status status = zarrc_filter_run(zarrc_codec_ctx(codec), &from, &to, subtract, &r, error);
  if (status || !r.overflow) return status;
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the first element of the chunk is out of range for %s",
                    zarrc_filter_type_name(r.to));
}

static zarrc_status delta_decode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *encoded,
                                 const zarrc_view *decoded, zarrc_error *error) {
  const zarrc_filter *f = zarrc_codec_instance(codec);
  zarrc_filter_side from = zarrc_filter_side_native(encoded);
  zarrc_filter_side to = zarrc_filter_side_of(decoded, spec->dtype.endian, &f->setting[DTYPE]);
  running r = {.from = zarrc_filter_encoded(f)->type, .to = f->setting[DTYPE].type};
  r.sum = sum_type(r.from, r.to);
  return zarrc_filter_run(zarrc_codec_ctx(codec), &from, &to, add, &r, error);
}

const zarrc_codec_class zarrc_delta_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "numcodecs.delta",
    .kind = ZARRC_ARRAY_TO_ARRAY,
    .fixed_size = true,
    .lossy = true,
    .instance_size = sizeof(zarrc_filter),
    .open = delta_open,
    .to_json = zarrc_filter_to_json,
    .copy = zarrc_codec_copy_instance,
    .equal = zarrc_filter_equal,
    .evolve = delta_evolve,
    .validate = delta_validate,
    .resolve = zarrc_filter_resolve,
    .encoded_size = zarrc_filter_encoded_size,
    .u.aa = {.encode = delta_encode, .decode = delta_decode},
};

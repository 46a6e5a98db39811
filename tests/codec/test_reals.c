/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/floats.h"
#include "base/number_bits.h"
#include "codec/reals.h"
#include "support/context.h"
#include "support/files.h"

#include <stdlib.h>
#include <string.h>

static zarrc_type type_named(zarrc_ctx *ctx, const char *name) {
  zarrc_dtype dtype;
  assert_int_equal(zarrc_dtype_parse(ctx, name, &dtype, NULL), ZARRC_OK);
  return dtype.type;
}

static int index_of(const char *name, const char *const *names) {
  int i = 0;
  while (strcmp(names[i], name) != 0) i++;
  return i;
}

/* Bits of a number of a type, or of its NaN. */
static uint64_t bits_of(zarrc_type type, const char *text) {
  return strcmp(text, "nan") ? strtoull(text, NULL, 16) : zarrc_float_format_of(type)->nan;
}

/* tests/data/reals.txt has what cast-value-rs makes of numbers. */
static void as_cast_value(void **state) {
  static const char *const roundings[] = {"nearest-even", "towards-zero", "towards-positive", "towards-negative",
                                          "nearest-away"};
  static const char *const ranges[] = {"error", "clamp", "wrap"};
  size_t n, nchecked = 0;
  char *text = (char *)data_read("reals.txt", &n), *lines, *words;
  text = realloc(text, n + 1);
  text[n] = 0;
  for (char *line = strtok_r(text, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
    if (strncmp(line, "cast ", 5) != 0) continue;
    strtok_r(line, " ", &words);
    char *source = strtok_r(NULL, " ", &words), *target = strtok_r(NULL, " ", &words);
    char *mode = strtok_r(NULL, " ", &words), *outside = strtok_r(NULL, " ", &words);
    zarrc_type from = type_named(*state, source), to = type_named(*state, target);
    for (char *pair; (pair = strtok_r(NULL, " ", &words)); nchecked++) {
      uint8_t in[8], out[8] = {0};
      char *after = strchr(pair, ':');
      *after++ = 0;
      zarrc_store_bits(in, zarrc_dtype_of(from).item_size, bits_of(from, pair));
      zarrc_real real = zarrc_real_load(from, in);
      bool known = zarrc_real_store(to, &real, (zarrc_rounding)index_of(mode, roundings),
                                    (zarrc_out_of_range)index_of(outside, ranges), out);
      uint64_t got = zarrc_load_bits(out, zarrc_dtype_of(to).item_size);
      if (known != (*after != '!') || (known && got != bits_of(to, after)))
        fail_msg("%s to %s, %s, %s: %s becomes %s, not %s%llx", source, target, mode, outside, pair, after,
                 known ? "" : "refused ", (unsigned long long)got);
    }
  }
  assert_true(nchecked > 3000);
  free(text);
}

/* Every number of a small type is the same after a way through float64. */
static void small_types(void **state) {
  (void)state;
  for (int type = ZARRC_BFLOAT16; type <= ZARRC_UINT4; type++) {
    unsigned nbytes = zarrc_dtype_of((zarrc_type)type).item_size;
    const zarrc_float_format *format = zarrc_float_format_of((zarrc_type)type);
    for (uint64_t bits = 0; bits < (uint64_t)1 << 8 * nbytes; bits++) {
      uint8_t in[8], middle[8], out[8];
      if (nbytes == 1 && bits & (uint8_t)~zarrc_type_mask((zarrc_type)type)) continue;
      zarrc_store_bits(in, nbytes, bits);
      zarrc_real real = zarrc_real_load((zarrc_type)type, in);
      assert_true(zarrc_real_store(ZARRC_FLOAT64, &real, ZARRC_ROUND_ZERO, ZARRC_RANGE_ERROR, middle));
      zarrc_real again = zarrc_real_load(ZARRC_FLOAT64, middle);
      assert_true(zarrc_real_equal(&real, &again));
      assert_true(zarrc_real_store((zarrc_type)type, &again, ZARRC_ROUND_ZERO, ZARRC_RANGE_ERROR, out));
      uint64_t expected = format && zarrc_float_is_nan(format, bits) ? format->nan : bits;
      assert_int_equal(zarrc_load_bits(out, nbytes), expected);
    }
  }
}

static void what_small_types_lack(void **state) {
  static const struct {
    double value;
    zarrc_type type;
    zarrc_out_of_range range;
    bool known;
    uint64_t bits;
  } rows[] = {
      {9, ZARRC_INT4, ZARRC_RANGE_ERROR, false, 0},
      {9, ZARRC_INT4, ZARRC_RANGE_CLAMP, true, 7},
      {9, ZARRC_INT4, ZARRC_RANGE_WRAP, true, 9},
      {-9, ZARRC_INT4, ZARRC_RANGE_CLAMP, true, 8},
      {100, ZARRC_FLOAT4_E2M1FN, ZARRC_RANGE_CLAMP, true, 7},
      {-100, ZARRC_FLOAT4_E2M1FN, ZARRC_RANGE_CLAMP, true, 15},
      {100, ZARRC_FLOAT4_E2M1FN, ZARRC_RANGE_WRAP, false, 0},
      {1e9, ZARRC_FLOAT8_E4M3, ZARRC_RANGE_CLAMP, true, 0x78},
      {1e9, ZARRC_FLOAT8_E4M3FNUZ, ZARRC_RANGE_CLAMP, true, 0x7f},
      {-0.0, ZARRC_FLOAT8_E4M3FNUZ, ZARRC_RANGE_ERROR, true, 0},
      {0, ZARRC_FLOAT8_E8M0FNU, ZARRC_RANGE_ERROR, false, 0},
      {0, ZARRC_FLOAT8_E8M0FNU, ZARRC_RANGE_CLAMP, true, 0},
      {-4, ZARRC_FLOAT8_E8M0FNU, ZARRC_RANGE_CLAMP, true, 0},
      {3.5, ZARRC_FLOAT8_E8M0FNU, ZARRC_RANGE_ERROR, true, 129},
      {0x1p200, ZARRC_FLOAT8_E8M0FNU, ZARRC_RANGE_CLAMP, true, 0xfe},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    uint8_t out[8] = {0};
    zarrc_real real = zarrc_real_load(ZARRC_FLOAT64, &rows[i].value);
    bool known = zarrc_real_store(rows[i].type, &real, ZARRC_ROUND_EVEN, rows[i].range, out);
    if (known != rows[i].known || (known && out[0] != rows[i].bits)) fail_msg("row %zu: %d %02x", i, known, out[0]);
  }
}

static void what_is_real(void **state) {
  (void)state;
  assert_true(zarrc_is_real(ZARRC_INT2) && zarrc_is_real(ZARRC_FLOAT16) && zarrc_is_real(ZARRC_BFLOAT16));
  assert_false(zarrc_is_real(ZARRC_BOOL) || zarrc_is_real(ZARRC_COMPLEX64) || zarrc_is_real(ZARRC_STRING) ||
               zarrc_is_real(ZARRC_DATETIME64) || zarrc_is_real(ZARRC_COMPLEX_BFLOAT16));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_cast_value),
      cmocka_unit_test(small_types),
      cmocka_unit_test(what_small_types_lack),
      cmocka_unit_test(what_is_real),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/floats.h"
#include "support/files.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static zarrc_type type_named(const char *name) {
  static const char *const names[ZARRC_NTYPES] = {
#define ZARRC_X(name, json, nbytes, unit) json,
      ZARRC_TYPES(ZARRC_X)
#undef ZARRC_X
  };
  int i = 0;
  while (i < ZARRC_NTYPES && strcmp(names[i], name) != 0) i++;
  assert_true(i < ZARRC_NTYPES);
  return (zarrc_type)i;
}

static double double_of(const char *text) {
  if (!strcmp(text, "nan")) return NAN;
  uint64_t bits = strtoull(text, NULL, 16);
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static bool same_double(double a, double b) {
  return isnan(a) ? isnan(b) : memcmp(&a, &b, sizeof a) == 0;
}

/* tests/data/floats.txt has every number, and what lies between two of them. */
static void as_ml_dtypes(void **state) {
  size_t n, nrows = 0;
  char *text = (char *)data_read("floats.txt", &n), *rest, name[40], sign, a[40], b[40];
  (void)state;
  text = realloc(text, n + 1);
  text[n] = 0;
  for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest), nrows++) {
    assert_int_equal(sscanf(line, "%39s %c %39s %39s", name, &sign, a, b), 4);
    const zarrc_float_format *format = zarrc_float_format_of(type_named(name));
    uint64_t bits = strtoull(sign == '=' ? a : b, NULL, 16);
    double value = double_of(sign == '=' ? b : a);
    bool known;
    if (sign == '=') {
      if (!same_double(zarrc_float_value(format, bits), value)) fail_msg("%s", line);
      if (zarrc_float_is_nan(format, bits) != isnan(value)) fail_msg("%s", line);
      if (isnan(value)) bits = format->nan;
    }
    if (zarrc_float_bits(format, value, &known) != bits || !known) fail_msg("%s", line);
  }
  assert_true(nrows > 5000);
  free(text);
}

static void what_is_out_of_range(void **state) {
  static const struct {
    zarrc_type type;
    double value;
    bool known;
    uint64_t bits;
  } rows[] = {
      {ZARRC_BFLOAT16, 1e39, true, 0x7f80},        {ZARRC_BFLOAT16, -INFINITY, true, 0xff80},
      {ZARRC_FLOAT8_E5M2, 65536, true, 0x7c},      {ZARRC_FLOAT8_E4M3FNUZ, 1000, false, 0},
      {ZARRC_FLOAT8_E4M3FNUZ, INFINITY, false, 0}, {ZARRC_FLOAT8_E4M3FNUZ, -0.0, true, 0},
      {ZARRC_FLOAT8_E4M3FNUZ, NAN, true, 0x80},    {ZARRC_FLOAT6_E2M3FN, NAN, false, 0},
      {ZARRC_FLOAT6_E2M3FN, 8, false, 0},          {ZARRC_FLOAT6_E2M3FN, -7.5, true, 0x3f},
      {ZARRC_FLOAT4_E2M1FN, INFINITY, false, 0},   {ZARRC_FLOAT8_E8M0FNU, 0, false, 0},
      {ZARRC_FLOAT8_E8M0FNU, -1, false, 0},        {ZARRC_FLOAT8_E8M0FNU, 1, true, 127},
      {ZARRC_FLOAT8_E8M0FNU, 0x1p128, false, 0},   {ZARRC_FLOAT8_E8M0FNU, NAN, true, 0xff},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    bool known;
    uint64_t bits = zarrc_float_bits(zarrc_float_format_of(rows[i].type), rows[i].value, &known);
    if (known != rows[i].known || (known && bits != rows[i].bits))
      fail_msg("row %zu: %llx", i, (unsigned long long)bits);
  }
}

static void what_types_are(void **state) {
  static const struct {
    zarrc_type type;
    unsigned nbits;
    bool is_signed, is_float, is_complex;
    uint8_t mask;
  } rows[] = {
      {ZARRC_BOOL, 0, false, false, false, 1},
      {ZARRC_INT8, 8, true, false, false, 0xff},
      {ZARRC_INT64, 64, true, false, false, 0xff},
      {ZARRC_UINT16, 16, false, false, false, 0xff},
      {ZARRC_INT2, 2, true, false, false, 3},
      {ZARRC_UINT4, 4, false, false, false, 15},
      {ZARRC_FLOAT16, 0, false, true, false, 0xff},
      {ZARRC_COMPLEX128, 0, false, true, true, 0xff},
      {ZARRC_STRING, 0, false, false, false, 0xff},
      {ZARRC_FLOAT4_E2M1FN, 0, false, true, false, 15},
      {ZARRC_COMPLEX_FLOAT16, 0, false, true, true, 0xff},
      {ZARRC_COMPLEX_FLOAT6_E3M2FN, 0, false, true, true, 63},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    bool is_signed;
    assert_int_equal(zarrc_integer_nbits(rows[i].type, &is_signed), rows[i].nbits);
    if (rows[i].nbits) assert_int_equal(is_signed, rows[i].is_signed);
    assert_int_equal(zarrc_float_format_of(rows[i].type) != NULL, rows[i].is_float);
    assert_int_equal(zarrc_type_is_complex(rows[i].type), rows[i].is_complex);
    assert_int_equal(zarrc_type_mask(rows[i].type), rows[i].mask);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_ml_dtypes),
      cmocka_unit_test(what_is_out_of_range),
      cmocka_unit_test(what_types_are),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

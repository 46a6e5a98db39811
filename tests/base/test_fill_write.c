/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/context.h"

#include <zarrc/data.h>

#include <stdlib.h>
#include <string.h>

#define LENGTH(name, n) "{\"name\": \"" name "\", \"configuration\": {\"length_bytes\": " n "}}"
#define TIME(name)      "{\"name\": \"" name "\", \"configuration\": {\"unit\": \"s\", \"scale_factor\": 1}}"

static zarrc_dtype open_dtype(zarrc_ctx *ctx, const char *json) {
  zarrc_dtype dtype = {0};
  assert_int_equal(zarrc_dtype_open(ctx, json, strlen(json), &dtype, NULL), ZARRC_OK);
  return dtype;
}

/* element: nbytes of it, at an odd address in an exact allocation; NULL: the default */
static void writes(zarrc_ctx *ctx, const char *type, const void *element, size_t nbytes, const char *json) {
  zarrc_dtype dtype = open_dtype(ctx, type);
  char text[300];
  zarrc_buf out = zarrc_buf_over(text, sizeof text);
  uint8_t *memory = NULL;
  if (element) {
    assert_int_equal(dtype.item_size, nbytes);
    memory = malloc(nbytes + 1);
    memcpy(memory + 1, element, nbytes);
  }
  assert_int_equal(zarrc_fill_to_json(&dtype, memory ? memory + 1 : NULL, &out, NULL), ZARRC_OK);
  if (out.len != strlen(json) || memcmp(text, json, out.len) != 0) {
    fail_msg("%s: %.*s != %s", type, (int)out.len, text, json);
  }
  free(memory);
  /* one byte too few fails, and appends nothing */
  for (size_t n = 0; n < strlen(json); n++) {
    out = zarrc_buf_over(text, n);
    memory = element ? malloc(nbytes) : NULL;
    if (memory) memcpy(memory, element, nbytes);
    assert_int_equal(zarrc_fill_to_json(&dtype, memory, &out, NULL), ZARRC_LIMIT);
    assert_int_equal(out.len, 0);
    free(memory);
  }
  zarrc_dtype_close(&dtype);
}

#define WRITES(type, ctype, value, json)                                                                               \
  do {                                                                                                                 \
    ctype element_ = value;                                                                                            \
    writes(*state, type, &element_, sizeof element_, json);                                                            \
  } while (0)

static void numbers(void **state) {
  WRITES("\"bool\"", uint8_t, 0, "false");
  WRITES("\"bool\"", uint8_t, 2, "true");
  WRITES("\"int8\"", int8_t, -128, "-128");
  WRITES("\"uint8\"", uint8_t, 255, "255");
  WRITES("\"int16\"", int16_t, -2, "-2");
  WRITES("\"uint16\"", uint16_t, 65535, "65535");
  WRITES("\"int32\"", int32_t, INT32_MIN, "-2147483648");
  WRITES("\"uint32\"", uint32_t, UINT32_MAX, "4294967295");
  WRITES("\"int64\"", int64_t, INT64_MIN, "-9223372036854775808");
  WRITES("\"int64\"", int64_t, INT64_MAX, "9223372036854775807");
  WRITES("\"uint64\"", uint64_t, UINT64_MAX, "18446744073709551615");
  WRITES(TIME("numpy.datetime64"), int64_t, INT64_MIN, "-9223372036854775808");
  WRITES(TIME("numpy.timedelta64"), int64_t, -7, "-7");
}

static void floats(void **state) {
  WRITES("\"float16\"", uint16_t, 0x3c00, "1.0");
  WRITES("\"float16\"", uint16_t, 0x2e66, "0.0999755859375");
  WRITES("\"float16\"", uint16_t, 0x0001, "5.960464477539063e-08");
  WRITES("\"float16\"", uint16_t, 0x8000, "-0.0");
  WRITES("\"float16\"", uint16_t, 0xfc00, "\"-Infinity\"");
  WRITES("\"float16\"", uint16_t, 0x7e00, "\"NaN\"");
  WRITES("\"float16\"", uint16_t, 0x7c01, "\"0x7c01\"");
  WRITES("\"float16\"", uint16_t, 0xfe00, "\"0xfe00\"");
  WRITES("\"float32\"", float, 0.1f, "0.10000000149011612");
  WRITES("\"float32\"", float, 3.4028234663852886e38f, "3.4028234663852886e+38");
  WRITES("\"float32\"", uint32_t, 0x00000001, "1.401298464324817e-45");
  WRITES("\"float32\"", uint32_t, 0x7f800000, "\"Infinity\"");
  WRITES("\"float32\"", uint32_t, 0x7fc00000, "\"NaN\"");
  WRITES("\"float32\"", uint32_t, 0xffc00000, "\"0xffc00000\"");
  WRITES("\"float32\"", uint32_t, 0x7f800001, "\"0x7f800001\"");
  WRITES("\"float64\"", double, 0.1, "0.1");
  WRITES("\"float64\"", double, 1e16, "1e+16");
  WRITES("\"float64\"", double, -0.0, "-0.0");
  WRITES("\"float64\"", uint64_t, 0x7ff8000000000000, "\"NaN\"");
  WRITES("\"float64\"", uint64_t, 0x7ff0000000000001, "\"0x7ff0000000000001\"");
  WRITES("\"float64\"", uint64_t, 0xfff8000000000000, "\"0xfff8000000000000\"");
  const float c64[2] = {1, -2.5f};
  writes(*state, "\"complex64\"", c64, sizeof c64, "[1.0, -2.5]");
  const uint64_t c128[2] = {0x7ff8000000000000, 0x7ff8000000000001};
  writes(*state, "\"complex128\"", c128, sizeof c128, "[\"NaN\", \"0x7ff8000000000001\"]");
}

static void bytes_and_text(void **state) {
  writes(*state, LENGTH("raw_bytes", "3"), "\1\0\0", 3, "\"AQAA\"");
  writes(*state, "\"r24\"", "\1\0\xff", 3, "[1, 0, 255]");
  writes(*state, LENGTH("null_terminated_bytes", "4"), "a\0b\0", 4, "\"YQBi\"");
  writes(*state, LENGTH("null_terminated_bytes", "4"), "\0\0\0\0", 4, "\"\"");
  const uint32_t chars[] = {'a', 0x10ffff, '"', 0xe9, 0, 0};
  writes(*state, LENGTH("fixed_length_utf32", "24"), chars, sizeof chars, "\"a\\udbff\\udfff\\\"\\u00e9\"");
  const uint32_t inner[] = {0, 'a'};
  writes(*state, LENGTH("fixed_length_utf32", "8"), inner, sizeof inner, "\"\\u0000a\"");
  const zarrc_text text = {(const uint8_t *)"\xc3\xa9\0\n", 4}, none = {0};
  writes(*state, "\"string\"", &text, sizeof text, "\"\\u00e9\\u0000\\n\"");
  writes(*state, "\"string\"", &none, sizeof none, "\"\"");
  writes(*state, "\"bytes\"", &text, sizeof text, "\"w6kACg==\"");
  writes(*state, "\"variable_length_bytes\"", &none, sizeof none, "\"\"");
}

static void structs(void **state) {
  static const char type[] =
      "{\"name\": \"struct\", \"configuration\": {\"fields\": [{\"name\": \"\\u00e9\", \"data_type\": \"uint16\"}, "
      "{\"name\": \"p\", \"data_type\": {\"name\": \"struct\", \"configuration\": {\"fields\": [{\"name\": \"x\", "
      "\"data_type\": \"float32\"}, {\"name\": \"r\", \"data_type\": \"r16\"}]}}}]}}";
  uint8_t element[8];
  const uint16_t a = 258;
  const float x = 1.5;
  memcpy(element, &a, 2);
  memcpy(element + 2, &x, 4);
  memcpy(element + 6, "\7\10", 2);
  writes(*state, type, element, sizeof element, "{\"\\u00e9\": 258, \"p\": {\"x\": 1.5, \"r\": [7, 8]}}");
  writes(*state, type, NULL, 0, "{\"\\u00e9\": 0, \"p\": {\"x\": 0.0, \"r\": [0, 0]}}");
}

static void defaults(void **state) {
  static const char *const cases[][2] = {
      {"\"bool\"", "false"},
      {"\"int8\"", "0"},
      {"\"uint64\"", "0"},
      {"\"float16\"", "0.0"},
      {"\"float64\"", "0.0"},
      {"\"complex64\"", "[0.0, 0.0]"},
      {"\"string\"", "\"\""},
      {"\"bytes\"", "\"\""},
      {LENGTH("raw_bytes", "4"), "\"AAAAAA==\""},
      {"\"r16\"", "[0, 0]"},
      {LENGTH("null_terminated_bytes", "4"), "\"\""},
      {LENGTH("fixed_length_utf32", "4"), "\"\""},
      {TIME("numpy.datetime64"), "-9223372036854775808"},
      {TIME("numpy.timedelta64"), "-9223372036854775808"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) writes(*state, cases[i][0], NULL, 0, cases[i][1]);
}

static void what_is_no_text_is_refused(void **state) {
  char memory[100];
  zarrc_buf out = zarrc_buf_over(memory, sizeof memory);
  zarrc_error error = {0};
  assert_int_equal(zarrc_buf_append(&out, "x", 1, NULL), ZARRC_OK);
  const zarrc_dtype utf32 = open_dtype(*state, LENGTH("fixed_length_utf32", "8")),
                    string = zarrc_dtype_of(ZARRC_STRING);
  static const uint32_t bad[][2] = {{'a', 0xd800}, {'a', 0x110000}, {'a', 0xffffffff}};
  static const char *const messages[] = {"0x0000d800 at 1 is not a character", "0x00110000 at 1 is not a character",
                                         "0xffffffff at 1 is not a character"};
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(zarrc_fill_to_json(&utf32, bad[i], &out, &error), ZARRC_INVALID_ARGUMENT);
    assert_string_equal(error.message, messages[i]);
  }
  const zarrc_text text = {(const uint8_t *)"a\xff", 2};
  assert_int_equal(zarrc_fill_to_json(&string, &text, &out, &error), ZARRC_INVALID_ARGUMENT);
  assert_string_equal(error.message, "byte 1 of a string is not UTF-8");
  assert_int_equal(out.len, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers), cmocka_unit_test(floats),   cmocka_unit_test(bytes_and_text),
      cmocka_unit_test(structs), cmocka_unit_test(defaults), cmocka_unit_test(what_is_no_text_is_refused),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

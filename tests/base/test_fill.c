/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zarrc/data.h>

#include "base/json.h"
#include "support/faulty_alloc.h"
#include "support/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RAW3    "{\"name\": \"raw_bytes\", \"configuration\": {\"length_bytes\": 3}}"
#define NULL4   "{\"name\": \"null_terminated_bytes\", \"configuration\": {\"length_bytes\": 4}}"
#define UTF32_2 "{\"name\": \"fixed_length_utf32\", \"configuration\": {\"length_bytes\": 8}}"
#define DATE    "{\"name\": \"numpy.datetime64\", \"configuration\": {\"unit\": \"s\", \"scale_factor\": 1}}"
#define PAIR                                                                                                           \
  "{\"name\": \"struct\", \"configuration\": {\"fields\": [{\"name\": \"a\", \"data_type\": \"uint16\"}, "             \
  "{\"name\": \"t\", \"data_type\": " DATE "}]}}"
#define NESTED                                                                                                         \
  "{\"name\": \"struct\", \"configuration\": {\"fields\": [{\"name\": \"b\", \"data_type\": \"bool\"}, "               \
  "{\"name\": \"p\", \"data_type\": " PAIR "}]}}"

/* ctx and arena of a test */
typedef struct world {
  zarrc_ctx *ctx;
  zarrc_arena *arena;
} world;

static int open_world(void **state) {
  world *w = calloc(1, sizeof *w);
  *state = w;
  return zarrc_ctx_open(NULL, &w->ctx, NULL) || zarrc_arena_open(w->ctx, &w->arena, NULL);
}

static int close_world(void **state) {
  world *w = *state;
  zarrc_arena_close(w->arena);
  zarrc_ctx_close(w->ctx);
  free(w);
  return 0;
}

/* What an attempt gave: the bytes of the element (little endian) as hexadecimal digits, and canonical JSON. */
typedef struct attempt {
  zarrc_status status;
  zarrc_error error;
  char hex[256], canonical[256];
} attempt;

static void to_hex(const zarrc_dtype *dtype, const uint8_t *element, char *hex) {
  zarrc_text text = {element, dtype->item_size};
  uint8_t little[128];
  if (zarrc_dtype_is_variable(dtype)) {
    memcpy(&text, element, sizeof text);
  } else if (dtype->item_size <= sizeof little) {
    zarrc_dtype turned = *dtype;
    turned.endian = ZARRC_LITTLE;
    zarrc_view from = zarrc_view_c(dtype, 0, NULL, (void *)(uintptr_t)element);
    zarrc_view to = zarrc_view_c(&turned, 0, NULL, little);
    zarrc_copy(&to, &from);
    text.ptr = little;
  }
  for (size_t i = 0; i < text.len; i++) sprintf(hex + 2 * i, "%02x", text.ptr[i]);
}

static attempt try_n(world *w, const char *type, size_t ntype, const char *json, size_t n, bool lenient) {
  attempt a = {0};
  zarrc_dtype dtype = {0};
  if (zarrc_dtype_open(w->ctx, type, ntype, &dtype, &a.error)) fail_msg("%s", a.error.message);
  uint8_t *element = malloc(dtype.item_size); /* exact */
  char *exact = malloc(n ? n : 1);
  memset(element, 0xa5, dtype.item_size);
  memcpy(exact, json, n);
  a.status = zarrc_fill_from_json(w->ctx, &dtype, exact, n, lenient, w->arena, element, &a.error);
  if (!a.status) {
    zarrc_buf out = zarrc_buf_over(a.canonical, sizeof a.canonical - 1);
    zarrc_error error = {0};
    to_hex(&dtype, element, a.hex);
    if (zarrc_fill_to_json(&dtype, element, &out, &error)) fail_msg("%s", error.message);
  }
  free(exact);
  free(element);
  zarrc_dtype_close(&dtype);
  return a;
}

static attempt try(world *w, const char *type, const char *json, bool lenient) {
  return try_n(w, type, strlen(type), json, strlen(json), lenient);
}

/* -------------------------------------------------------------------------------- what zarr-python 3.4.2 does */

/* Rows of fill_value.json that zarrc treats otherwise, and why. NULL: as the row says. */
static const struct exception {
  const char *type, *json;
  bool strict_ok, lenient_ok;
  const char *hex, *canonical, *why;
} exceptions[] = {
    {"\"bool\"", "\"true\"", false, true, NULL, NULL, "the specification has booleans: text where lenient only"},
    {"\"bool\"", "0", false, true, NULL, NULL, "the specification has booleans: numbers where lenient only"},
    {"\"bool\"", "1", false, true, NULL, NULL, "the specification has booleans: numbers where lenient only"},
    {"\"bool\"", "null", false, true, NULL, NULL, "the specification has booleans: null where lenient only"},
    {"\"float32\"", "\"0x7fc00001\"", true, true, NULL, "\"0x7fc00001\"", "the payload of a NaN is not lost"},
    {"\"float32\"", "\"0x7f800001\"", true, true, "0100807f", "\"0x7f800001\"", "a signalling NaN stays one"},
    {"\"float32\"", "\"0xffc00000\"", true, true, NULL, "\"0xffc00000\"", "the sign of a NaN is not lost"},
    {"\"float32\"", "\"0x7fc0\"", false, true, "0000f87f", "\"0x7ff80000\"",
     "the width must be that of the type; where lenient the payload of the other width is kept"},
    {"\"float64\"", "\"0x7ff8000000000001\"", true, true, NULL, "\"0x7ff8000000000001\"", "payload"},
    {"\"float64\"", "\"0xfff8000000000000\"", true, true, NULL, "\"0xfff8000000000000\"", "sign"},
    {"\"complex128\"", "[\"0x7ff8000000000001\", 0]", true, true, NULL, "[\"0x7ff8000000000001\", 0.0]", "payload"},
    {"\"variable_length_bytes\"", "[1, 2, 3]", true, true, "010203", "\"AQID\"", "the registry has arrays of bytes"},
    {RAW3, "[1, 2, 3]", true, true, "010203", "\"AQID\"", "the core specification has arrays of bytes"},
};

static char *line(world *w, const zarrc_json *value) {
  size_t n;
  const char *text = zarrc_json_text(value, &n);
  zarrc_buf out = zarrc_buf_new(w->ctx, 10000);
  assert_int_equal(zarrc_json_layout(&out, text, n, NULL), ZARRC_OK);
  char *copy = calloc(1, out.len + 1);
  memcpy(copy, out.ptr, out.len);
  zarrc_buf_clear(&out);
  return copy;
}

static size_t check_row(world *w, const zarrc_json *row) {
  const zarrc_json *zarr = zarrc_json_get(row, "zarr_python");
  char *type = line(w, zarrc_json_get(row, "data_type")), *json = line(w, zarrc_json_get(row, "fill_value"));
  char *canonical = zarrc_json_get(zarr, "canonical") ? line(w, zarrc_json_get(zarr, "canonical")) : NULL;
  size_t n, excepted = 0;
  const char *hex = zarrc_json_get_string(zarrc_json_get(zarr, "value_hex_le"), &n);
  bool ok = false;
  assert_true(zarrc_json_get_bool(zarrc_json_get(zarr, "ok"), &ok));
  struct exception want = {.strict_ok = ok, .lenient_ok = ok, .hex = hex, .canonical = canonical};
  for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++) {
    const struct exception *e = &exceptions[i];
    if (strcmp(e->type, type) != 0 || strcmp(e->json, json) != 0) continue;
    want.strict_ok = e->strict_ok;
    want.lenient_ok = e->lenient_ok;
    if (e->hex) want.hex = e->hex;
    if (e->canonical) want.canonical = e->canonical;
    excepted++;
  }
  for (int lenient = 0; lenient < 2; lenient++) {
    attempt a = try(w, type, json, lenient != 0);
    bool want_ok = lenient ? want.lenient_ok : want.strict_ok;
    bool same = a.status == (want_ok ? ZARRC_OK : ZARRC_INVALID_METADATA);
    if (same && want_ok) same = strcmp(a.hex, want.hex) == 0 && strcmp(a.canonical, want.canonical) == 0;
    if (!same) {
      fail_msg("%s, fill value %s%s: %s, %s, %s (%s)", type, json, lenient ? ", lenient" : "",
               zarrc_status_name(a.status), a.hex, a.canonical, a.error.message);
    }
  }
  free(type);
  free(json);
  free(canonical);
  return excepted;
}

static void rows_of_zarr_python(void **state) {
  world *w = *state;
  size_t nbytes, excepted = 0;
  char *text = (char *)data_read("metadata/fill_value.json", &nbytes);
  zarrc_json_doc *doc = NULL;
  assert_int_equal(zarrc_json_parse(w->ctx, text, nbytes, NULL, &doc, NULL), ZARRC_OK);
  const zarrc_json *rows = zarrc_json_root(doc);
  assert_int_equal(zarrc_json_length(rows), 101);
  for (size_t i = 0; i < zarrc_json_length(rows); i++) excepted += check_row(w, zarrc_json_at(rows, i));
  assert_int_equal(excepted, sizeof exceptions / sizeof *exceptions); /* none is out of date */
  zarrc_json_close(doc);
  free(text);
}

/* ------------------------------------------------------------------------------------------------ our own cases */

typedef struct accepted {
  const char *type, *json, *hex, *canonical;
} accepted;

static void accept_all(world *w, const accepted *cases, size_t n, bool only_lenient) {
  for (size_t i = 0; i < n; i++) {
    for (int lenient = 0; lenient < 2; lenient++) {
      attempt a = try(w, cases[i].type, cases[i].json, lenient != 0);
      bool ok = lenient || !only_lenient;
      if (a.status != (ok ? ZARRC_OK : ZARRC_INVALID_METADATA)) {
        fail_msg("%s, %s: %s %s", cases[i].type, cases[i].json, zarrc_status_name(a.status), a.error.message);
      }
      if (!ok) continue;
      assert_string_equal(a.hex, cases[i].hex);
      assert_string_equal(a.canonical, cases[i].canonical);
    }
  }
}

static void accepted_by_default(void **state) {
  static const accepted cases[] = {
      {"\"int8\"", "-0", "00", "0"},
      {"\"uint8\"", "-0.0", "00", "0"},
      {"\"int64\"", "1e18", "000064a7b3b6e00d", "1000000000000000000"},
      {"\"int64\"", "-9223372036854775808.0", "0000000000000080", "-9223372036854775808"},
      {"\"uint64\"", "18446744073709551615", "ffffffffffffffff", "18446744073709551615"},
      {"\"uint64\"", "18446744073709549568.0", "00f8ffffffffffff", "18446744073709549568"},
      {"\"uint32\"", "4e9", "00286bee", "4000000000"},
      {"\"float16\"", "\"0x7e01\"", "017e", "\"0x7e01\""},
      {"\"float16\"", "\"0xfe00\"", "00fe", "\"0xfe00\""},
      {"\"float16\"", "0.1", "662e", "0.0999755859375"},
      {"\"float16\"", "65519.99", "ff7b", "65504.0"},
      {"\"float16\"", "6e-8", "0100", "5.960464477539063e-08"},
      {"\"float32\"", "0.1", "cdcccc3d", "0.10000000149011612"},
      {"\"float32\"", "-0", "00000000", "0.0"},
      {"\"float32\"", "-0.0", "00000080", "-0.0"},
      {"\"float32\"", "1e40", "0000807f", "\"Infinity\""},
      {"\"float32\"", "-1e400", "000080ff", "\"-Infinity\""},
      {"\"float32\"", "\"0x80000000\"", "00000080", "-0.0"},
      {"\"float32\"", "\"0x7F800000\"", "0000807f", "\"Infinity\""},
      {"\"float32\"", "16777217", "0000804b", "16777216.0"},
      {"\"float64\"", "9007199254740993", "0000000000004043", "9007199254740992.0"},
      {"\"float64\"", " 1e16 ", "0080e03779c34143", "1e+16"},
      {"\"complex64\"", "[\"0x7fc00001\", 1e40]", "0100c07f0000807f", "[\"0x7fc00001\", \"Infinity\"]"},
      {"\"r16\"", "[1, 255]", "01ff", "[1, 255]"},
      {"\"r16\"", "\"Af8=\"", "01ff", "[1, 255]"},
      {RAW3, "\"AQI=\"", "010200", "\"AQIA\""},
      {"\"bytes\"", "[]", "", "\"\""},
      {"\"bytes\"", "[0, 7]", "0007", "\"AAc=\""},
      {"\"bytes\"", "\"AAc=\"", "0007", "\"AAc=\""},
      {NULL4, "\"AAEAAA==\"", "00010000", "\"AAE=\""},
      {UTF32_2, "\"\\u00e9\\ud83d\\ude00\"", "e900000000f60100", "\"\\u00e9\\ud83d\\ude00\""},
      {UTF32_2, "\"\\u0000\\n\"", "000000000a000000", "\"\\u0000\\n\""},
      {UTF32_2, "\"a\\u0000\"", "6100000000000000", "\"a\""},
      {"\"string\"", "\"\\u00e9\\u0000\"", "c3a900", "\"\\u00e9\\u0000\""},
      {"\"string\"", "\"\"", "", "\"\""},
      {DATE, "\"NaT\"", "0000000000000080", "-9223372036854775808"},
      {DATE, "-9223372036854775808", "0000000000000080", "-9223372036854775808"},
      {DATE, "-1", "ffffffffffffffff", "-1"},
      {PAIR, "{}", "00000000000000000080", "{\"a\": 0, \"t\": -9223372036854775808}"},
      {PAIR, "{\"t\": 1, \"zz\": null, \"a\": 258}", "02010100000000000000", "{\"a\": 258, \"t\": 1}"},
      {PAIR, "\"AgEBAAAAAAAAAA==\"", "02010100000000000000", "{\"a\": 258, \"t\": 1}"},
      {NESTED, "{\"p\": {\"a\": 3}}", "0003000000000000000080",
       "{\"b\": false, \"p\": {\"a\": 3, \"t\": -9223372036854775808}}"},
      {NESTED, "{\"b\": true, \"p\": \"AgEBAAAAAAAAAA==\"}", "0102010100000000000000",
       "{\"b\": true, \"p\": {\"a\": 258, \"t\": 1}}"},
  };
  accept_all(*state, cases, sizeof cases / sizeof *cases, false);
}

/* zarr-python takes all of these. */
static void accepted_where_lenient(void **state) {
  static const accepted cases[] = {
      {"\"bool\"", "\"\"", "00", "false"},
      {"\"bool\"", "2", "01", "true"},
      {"\"bool\"", "0.0", "00", "false"},
      {"\"int8\"", "\"5\"", "05", "5"},
      {"\"int8\"", "\" -128\\n\"", "80", "-128"},
      {"\"uint8\"", "\"+007\"", "07", "7"},
      {"\"int8\"", "true", "01", "1"},
      {"\"uint64\"", "\"18446744073709551615\"", "ffffffffffffffff", "18446744073709551615"},
      {"\"float16\"", "\"0x3f800000\"", "003c", "1.0"},
      {"\"float64\"", "\"0x7c00\"", "000000000000f07f", "\"Infinity\""},
      {"\"float32\"", "\"0x7ff8000000000000\"", "0000c07f", "\"NaN\""},
      {"\"float32\"", "\"1.5\"", "0000c03f", "1.5"},
      {"\"float32\"", "\" -.5e1 \"", "0000a0c0", "-5.0"},
      {"\"float32\"", "\"1.\"", "0000803f", "1.0"},
      {"\"float32\"", "\"nan\"", "0000c07f", "\"NaN\""},
      {"\"float32\"", "NaN", "0000c07f", "\"NaN\""},
      {"\"float32\"", "-Infinity", "000080ff", "\"-Infinity\""},
      {"\"float32\"", "\"+INF\"", "0000807f", "\"Infinity\""},
      {"\"float32\"", "\"-infinity\"", "000080ff", "\"-Infinity\""},
      {"\"float32\"", "true", "0000803f", "1.0"},
      {"\"complex64\"", "[\"0x3c00\", false]", "0000803f00000000", "[1.0, 0.0]"},
      {"\"string\"", "1", "31", "\"1\""},
      {"\"string\"", "1.50", "312e35", "\"1.5\""},
      {"\"string\"", "true", "54727565", "\"True\""},
      {"\"string\"", "false", "46616c7365", "\"False\""},
      {"\"bytes\"", "\"!!\"", "", "\"\""},
      {RAW3, "\"AQIDBA==\"", "010203", "\"AQID\""},
      {RAW3, "\"A Q\\nID\"", "010203", "\"AQID\""},
      {NULL4, "\"AQIDBAUG\"", "01020304", "\"AQIDBA==\""},
      {UTF32_2, "\"abc\"", "6100000062000000", "\"ab\""},
  };
  accept_all(*state, cases, sizeof cases / sizeof *cases, true);
}

static void refused(void **state) {
  static const struct {
    const char *type, *json, *message;
  } cases[] = {
      {"\"bool\"", "[]", "expected true or false, found []"},
      {"\"int8\"", "128", "expected an integer from -128 to 127, found 128"},
      {"\"int8\"", "-129", NULL},
      {"\"int8\"", "128.0", NULL},
      {"\"int8\"", "0.5", NULL},
      {"\"int8\"", "\"0x10\"", NULL},
      {"\"int8\"", "\"\"", NULL},
      {"\"int8\"", "\"1 2\"", NULL},
      {"\"int8\"", "\"5\\u0000\"", NULL},
      {"\"int8\"", "1e400", NULL},
      {"\"int8\"", "{}", NULL},
      {"\"uint64\"", "18446744073709551616",
       "expected an integer from 0 to 18446744073709551615, found 18446744073709551616"},
      {"\"uint64\"", "18446744073709551616.0", NULL},
      {"\"uint64\"", "-1", NULL},
      {"\"uint16\"", "\"65536\"", NULL},
      {"\"int64\"", "9223372036854775808.0", NULL},
      {"\"float32\"", "\"infinite\"",
       "expected a number, \"NaN\", \"Infinity\", \"-Infinity\" or \"0x\" and 8 digits, found \"infinite\""},
      {"\"float32\"", "\"0x\"", NULL},
      {"\"float32\"", "\"0x7fc000000\"", NULL},
      {"\"float32\"", "\"0x7fc0000g\"", NULL},
      {"\"float32\"", "\"0x123456\"", NULL},
      {"\"float32\"", "\"1e\"", NULL},
      {"\"float32\"", "\"--1\"", NULL},
      {"\"float32\"", "\"1_0\"", NULL},
      {"\"float32\"", "\"\"", NULL},
      {"\"float32\"", "\"1\\u0000\"", NULL},
      {"\"float32\"", "\"NaN\\u0000\"", NULL},
      {"\"float32\"", "\"nan\\u0000\"", NULL},
      {"\"float32\"", "\"\\u0000\"", NULL},
      {"\"float32\"", "NAN", "line 1, column 1: expected a value, found 'N'"},
      {"\"int32\"", "NaN", NULL},
      {"\"complex64\"", "[\"1\", 2]", NULL},
      {"\"complex64\"", "[1, null]", NULL},
      {"\"complex64\"", "[1]", "expected an array of the real and the imaginary part, found [1]"},
      {"\"r16\"", "[1]", "1 bytes given for an element of 2"},
      {"\"r16\"", "[1, 2, 3]", NULL},
      {"\"r16\"", "[1, 256]", "expected an integer from 0 to 255, found 256"},
      {"\"r16\"", "[1, -1]", NULL},
      {"\"r16\"", "[1, true]", NULL},
      {"\"r16\"", "\"AQ\"", "expected base64, found \"AQ\""},
      {"\"r16\"", "5", "expected base64 or an array of bytes, found 5"},
      {"\"bytes\"", "5", NULL},
      {"\"bytes\"", "[256]", NULL},
      {NULL4, "[1, 2, 3, 4]", "expected base64, found [1, 2, 3, 4]"},
      {UTF32_2, "[1]", NULL},
      {"\"string\"", "[]", "expected a string, found []"},
      {"\"string\"", "{}", NULL},
      {DATE, "\"nat\"", "expected an integer of 64 bits or \"NaT\", found \"nat\""},
      {DATE, "9223372036854775808", NULL},
      {DATE, "true", NULL},
      {PAIR, "[1, 2]", "expected an object of fields or base64, found [1, 2]"},
      {PAIR, "\"AgE=\"", "2 bytes given for a struct of 10"},
      {PAIR, "{\"a\": 70000}", "field \"a\": expected an integer from 0 to 65535, found 70000"},
      {NESTED, "{\"p\": {\"t\": 0.5}}",
       "field \"p\": field \"t\": expected an integer of 64 bits or \"NaT\", found 0.5"},
      {"\"int8\"", "", NULL},
      {"\"int8\"", "1 2", NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (int lenient = 0; lenient < 2; lenient++) {
      attempt a = try(*state, cases[i].type, cases[i].json, lenient != 0);
      if (a.status != ZARRC_INVALID_METADATA) fail_msg("%s, %s: %s", cases[i].type, cases[i].json, a.canonical);
      if (cases[i].message) assert_string_equal(a.error.message, cases[i].message);
    }
  }
  assert_string_equal(try(*state, RAW3, "\"AQIDBA==\"", false).error.message, "4 bytes given for an element of 3");
  assert_string_equal(try(*state, UTF32_2, "\"abc\"", false).error.message, "3 characters given for an element of 2");
}

static void text_needs_an_arena(void **state) {
  world *w = *state;
  zarrc_dtype dtype = zarrc_dtype_of(ZARRC_STRING);
  zarrc_text text;
  zarrc_error error = {0};
  assert_int_equal(zarrc_fill_from_json(w->ctx, &dtype, "\"a\"", 3, false, NULL, &text, &error),
                   ZARRC_INVALID_ARGUMENT);
  assert_string_equal(error.message, "no arena for elements of variable length");
}

/* Numbers that ml_dtypes has: value, bytes, and what is written. */
static void small_numbers(void **state) {
  static const struct {
    const char *type, *json, *hex, *canonical; /* hex NULL: refused, and canonical is in the message */
  } rows[] = {
      {"\"bfloat16\"", "\"NaN\"", "c07f", "\"NaN\""},
      {"\"bfloat16\"", "\"0x7fc1\"", "c17f", "\"0x7fc1\""},
      {"\"bfloat16\"", "0.1", "cd3d", "0.10009765625"},
      {"\"bfloat16\"", "\"-Infinity\"", "80ff", "\"-Infinity\""},
      {"\"bfloat16\"", "\"0x7f\"", NULL, "and 4 digits"},
      {"\"float8_e3m4\"", "\"NaN\"", "78", "\"NaN\""},
      {"\"float8_e3m4\"", "\"0x79\"", "79", "\"0x79\""},
      {"\"float8_e3m4\"", "15.5", "6f", "15.5"},
      {"\"float8_e3m4\"", "16", "70", "\"Infinity\""},
      {"\"float8_e5m2fnuz\"", "\"NaN\"", "80", "\"NaN\""},
      {"\"float8_e5m2fnuz\"", "\"Infinity\"", NULL, "a number that the type has, \"NaN\" or \"0x\" and 2 digits"},
      {"\"float8_e8m0fnu\"", "\"NaN\"", "ff", "\"NaN\""},
      {"\"float8_e8m0fnu\"", "4", "81", "4.0"},
      {"\"float8_e8m0fnu\"", "0", NULL, "a number that the type has"},
      {"\"float6_e3m2fn\"", "-28", "3f", "-28.0"},
      {"\"float6_e3m2fn\"", "\"0xff\"", "3f", "-28.0"},
      {"\"float6_e3m2fn\"", "\"NaN\"", NULL, "a number that the type has or"},
      {"\"float4_e2m1fn\"", "1.5", "03", "1.5"},
      {"\"int4\"", "-8", "08", "-8"},
      {"\"int4\"", "7", "07", "7"},
      {"\"int4\"", "8", NULL, "an integer from -8 to 7"},
      {"\"uint4\"", "15", "0f", "15"},
      {"\"int2\"", "-1", "03", "-1"},
      {"\"uint2\"", "4", NULL, "an integer from 0 to 3"},
      {"\"complex_bfloat16\"", "[1, \"NaN\"]", "803fc07f", "[1.0, \"NaN\"]"},
      {"\"complex_float16\"", "[1, \"NaN\"]", "003c007e", "[1.0, \"NaN\"]"},
      {"\"complex_float4_e2m1fn\"", "[6, -0.5]", "0709", "[6.0, -0.5]"},
      {"\"complex_float32\"", "[1, 2]", "0000803f00000040", "[1.0, 2.0]"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    attempt a = try(*state, rows[i].type, rows[i].json, false);
    if (!rows[i].hex) {
      if (a.status != ZARRC_INVALID_METADATA || !strstr(a.error.message, rows[i].canonical))
        fail_msg("%s %s: %s", rows[i].type, rows[i].json, a.error.message);
      continue;
    }
    if (a.status) fail_msg("%s %s: %s", rows[i].type, rows[i].json, a.error.message);
    if (strcmp(a.hex, rows[i].hex) || strcmp(a.canonical, rows[i].canonical))
      fail_msg("%s %s: %s, %s", rows[i].type, rows[i].json, a.hex, a.canonical);
  }
}

/* Elements need no alignment, and nothing behind them is touched. */
static void any_address(void **state) {
  world *w = *state;
  for (int type = 0; type < ZARRC_NTYPES; type++) {
    if (type == ZARRC_RAW || type == ZARRC_FIXED_UTF32 || type == ZARRC_NULL_TERMINATED || type == ZARRC_STRUCT)
      continue;
    zarrc_dtype dtype = zarrc_dtype_of((zarrc_type)type);
    char json[100], again[100];
    uint8_t *memory = malloc(dtype.item_size + 1u);
    zarrc_buf out = zarrc_buf_over(json, sizeof json), back = zarrc_buf_over(again, sizeof again);
    assert_int_equal(zarrc_fill_to_json(&dtype, NULL, &out, NULL), ZARRC_OK);
    assert_int_equal(zarrc_fill_from_json(w->ctx, &dtype, json, out.len, false, w->arena, memory + 1, NULL), ZARRC_OK);
    assert_int_equal(zarrc_fill_to_json(&dtype, memory + 1, &back, NULL), ZARRC_OK);
    assert_int_equal(back.len, out.len);
    assert_memory_equal(json, again, (int)out.len);
    free(memory);
  }
}

/* Every prefix, and every byte of it changed, gives a value or an error. */
static void damaged_text(void **state) {
  static const char *const cases[][2] = {
      {NESTED, "{\"b\": true, \"p\": \"AgEBAAAAAAAAAA==\"}"},
      {"\"complex128\"", "[\"0x7ff8000000000001\", \"-Infinity\"]"},
      {UTF32_2, "\"\\u00e9\\ud83d\\ude00\""},
      {"\"bytes\"", "[0, 255, 7]"},
      {"\"float16\"", "\"-.5e1\""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[100];
    size_t n = strlen(cases[i][1]), ntype = strlen(cases[i][0]);
    memcpy(text, cases[i][1], n);
    for (size_t k = 0; k < n; k++) {
      assert_int_equal(try_n(*state, cases[i][0], ntype, text, k, true).status, ZARRC_INVALID_METADATA);
      for (int byte = 0; byte < 256; byte += 3) {
        text[k] = (char)byte;
        try_n(*state, cases[i][0], ntype, text, n, true);
      }
      text[k] = cases[i][1][k];
    }
  }
}

static zarrc_status read_once(const zarrc_ctx_options *options, void *arg) {
  const char *const *texts = arg;
  zarrc_ctx *ctx = NULL;
  zarrc_arena *arena = NULL;
  zarrc_dtype dtype = {0};
  uint64_t element[8];
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  zarrc_buf out = zarrc_buf_new(ctx, 1000);
  if (!status) status = zarrc_arena_open(ctx, &arena, NULL);
  if (!status) status = zarrc_dtype_open(ctx, texts[0], strlen(texts[0]), &dtype, NULL);
  if (!status) status = zarrc_fill_from_json(ctx, &dtype, texts[1], strlen(texts[1]), false, arena, element, NULL);
  if (!status) status = zarrc_fill_to_json(&dtype, element, &out, NULL);
  zarrc_buf_clear(&out);
  zarrc_dtype_close(&dtype);
  zarrc_arena_close(arena);
  zarrc_ctx_close(ctx);
  return status;
}

static void no_memory(void **state) {
  (void)state;
  const char *packed[] = {NESTED, "{\"b\": true, \"p\": \"AgEBAAAAAAAAAA==\"}"},
             *bytes[] = {"\"bytes\"", "[0, 255, 7]"};
  assert_true(faulty_alloc_each(NULL, read_once, packed) > 8);
  assert_true(faulty_alloc_each(NULL, read_once, bytes) > 6);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_of_zarr_python),    cmocka_unit_test(accepted_by_default),
      cmocka_unit_test(accepted_where_lenient), cmocka_unit_test(refused),
      cmocka_unit_test(text_needs_an_arena),    cmocka_unit_test(small_numbers),
      cmocka_unit_test(text_needs_an_arena),    cmocka_unit_test(any_address),
      cmocka_unit_test(damaged_text),           cmocka_unit_test(no_memory),
  };
  return cmocka_run_group_tests(tests, open_world, close_world);
}

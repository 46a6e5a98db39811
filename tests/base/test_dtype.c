/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zarrc/data.h>

#include "support/context.h"
#include "support/faulty_alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRUCT(fields)    "{\"name\": \"struct\", \"configuration\": {\"fields\": [" fields "]}}"
#define FIELD(name, type) "{\"name\": \"" name "\", \"data_type\": " type "}"
#define LENGTH(name, n)   "{\"name\": \"" name "\", \"configuration\": {\"length_bytes\": " n "}}"
#define TIME(name, unit, scale)                                                                                        \
  "{\"name\": \"" name "\", \"configuration\": {\"unit\": \"" unit "\", \"scale_factor\": " scale "}}"

static zarrc_status open_exact(zarrc_ctx *ctx, const char *json, zarrc_dtype *out, zarrc_error *error) {
  size_t n = strlen(json);
  char *exact = malloc(n ? n : 1);
  memcpy(exact, json, n);
  zarrc_status status = zarrc_dtype_open(ctx, exact, n, out, error);
  free(exact);
  return status;
}

static zarrc_dtype open_dtype(zarrc_ctx *ctx, const char *json) {
  zarrc_dtype dtype = {0};
  zarrc_error error = {0};
  if (open_exact(ctx, json, &dtype, &error)) fail_msg("%s: %s", json, error.message);
  return dtype;
}

static void json_is(zarrc_ctx *ctx, const zarrc_dtype *dtype, const char *json) {
  zarrc_buf out = zarrc_buf_new(ctx, 100000);
  assert_int_equal(zarrc_dtype_to_json(dtype, &out, NULL), ZARRC_OK);
  assert_int_equal(zarrc_buf_append(&out, "", 1, NULL), ZARRC_OK);
  assert_string_equal((char *)out.ptr, json);
  zarrc_buf_clear(&out);
}

/* canonical NULL: the same */
static void every_form(void **state) {
  static const struct {
    const char *json, *canonical;
    zarrc_type type;
    uint32_t item_size;
    bool has_endian;
  } cases[] = {
      {"\"bool\"", NULL, ZARRC_BOOL, 1, false},
      {"\"int8\"", NULL, ZARRC_INT8, 1, false},
      {"\"int16\"", NULL, ZARRC_INT16, 2, true},
      {"\"int32\"", NULL, ZARRC_INT32, 4, true},
      {"\"int64\"", NULL, ZARRC_INT64, 8, true},
      {"\"uint8\"", NULL, ZARRC_UINT8, 1, false},
      {"\"uint16\"", NULL, ZARRC_UINT16, 2, true},
      {"\"uint32\"", NULL, ZARRC_UINT32, 4, true},
      {"\"uint64\"", NULL, ZARRC_UINT64, 8, true},
      {"\"float16\"", NULL, ZARRC_FLOAT16, 2, true},
      {"\"float32\"", NULL, ZARRC_FLOAT32, 4, true},
      {"\"float64\"", NULL, ZARRC_FLOAT64, 8, true},
      {"\"complex64\"", NULL, ZARRC_COMPLEX64, 8, true},
      {"\"complex128\"", NULL, ZARRC_COMPLEX128, 16, true},
      {"\"complex_float32\"", NULL, ZARRC_COMPLEX64, 8, true},
      {"\"complex_float64\"", NULL, ZARRC_COMPLEX128, 16, true},
      {"\"complex_float16\"", NULL, ZARRC_COMPLEX_FLOAT16, 4, true},
      {"\"complex_bfloat16\"", NULL, ZARRC_COMPLEX_BFLOAT16, 4, true},
      {"\"complex_float8_e5m2\"", NULL, ZARRC_COMPLEX_FLOAT8_E5M2, 2, false},
      {"\"bfloat16\"", NULL, ZARRC_BFLOAT16, 2, true},
      {"\"float8_e4m3b11fnuz\"", NULL, ZARRC_FLOAT8_E4M3B11FNUZ, 1, false},
      {"\"float4_e2m1fn\"", NULL, ZARRC_FLOAT4_E2M1FN, 1, false},
      {"\"int4\"", NULL, ZARRC_INT4, 1, false},
      {"\"string\"", NULL, ZARRC_STRING, sizeof(zarrc_text), false},
      {"\"bytes\"", NULL, ZARRC_BYTES, sizeof(zarrc_text), false},
      {"\"variable_length_bytes\"", NULL, ZARRC_BYTES, sizeof(zarrc_text), false},
      {" {\"name\":\"int32\"} ", "\"int32\"", ZARRC_INT32, 4, true},
      {"{\"name\":\"int32\",\"configuration\":{},\"must_understand\":true}", "\"int32\"", ZARRC_INT32, 4, true},
      {"{\"name\":\"\\u0062ool\"}", "\"bool\"", ZARRC_BOOL, 1, false},
      {"\"r8\"", NULL, ZARRC_RAW, 1, false},
      {"\"r24\"", NULL, ZARRC_RAW, 3, false},
      {"{\"name\":\"r64\"}", "\"r64\"", ZARRC_RAW, 8, false},
      {"\"r34359738360\"", NULL, ZARRC_RAW, UINT32_MAX, false},
      {LENGTH("raw_bytes", "3"), NULL, ZARRC_RAW, 3, false},
      {LENGTH("raw_bytes", "4294967295"), NULL, ZARRC_RAW, UINT32_MAX, false},
      {LENGTH("null_terminated_bytes", "4"), NULL, ZARRC_NULL_TERMINATED, 4, false},
      {LENGTH("fixed_length_utf32", "12"), NULL, ZARRC_FIXED_UTF32, 12, true},
      {TIME("numpy.datetime64", "ns", "1"), NULL, ZARRC_DATETIME64, 8, true},
      {TIME("numpy.timedelta64", "s", "2147483647"), NULL, ZARRC_TIMEDELTA64, 8, true},
      {TIME("numpy.datetime64", "generic", "1"), NULL, ZARRC_DATETIME64, 8, true},
      {TIME("numpy.datetime64", "\\u03bcs", "10"), TIME("numpy.datetime64", "us", "10"), ZARRC_DATETIME64, 8, true},
      {TIME("numpy.datetime64", "\\u00b5s", "10"), TIME("numpy.datetime64", "us", "10"), ZARRC_DATETIME64, 8, true},
      {STRUCT(FIELD("a", "\"uint16\"") ", " FIELD("b", "\"int8\"") ", " FIELD("c", "\"float64\"")), NULL, ZARRC_STRUCT,
       11, true},
      {STRUCT(FIELD("a", "\"bool\"") ", " FIELD("\\u00e9", "\"int8\"")), NULL, ZARRC_STRUCT, 2, false},
      {STRUCT(FIELD("", LENGTH("raw_bytes", "3"))), NULL, ZARRC_STRUCT, 3, false},
      {STRUCT(FIELD("id", "\"int32\"") ", " FIELD(
           "pos", STRUCT(FIELD("x", "\"float32\"") ", " FIELD("y", "\"float32\""))) ", " FIELD("flag", "\"bool\"")),
       NULL, ZARRC_STRUCT, 13, true},
      {"{\"name\":\"structured\",\"configuration\":{\"fields\":[[\"a\",\"int8\"],[\"b\",{\"name\":\"r16\"}]]}}",
       STRUCT(FIELD("a", "\"int8\"") ", " FIELD("b", "\"r16\"")), ZARRC_STRUCT, 3, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    zarrc_dtype dtype = open_dtype(*state, cases[i].json);
    assert_int_equal(dtype.type, cases[i].type);
    assert_int_equal(dtype.item_size, cases[i].item_size);
    assert_int_equal(dtype.endian, ZARRC_NATIVE);
    assert_int_equal(zarrc_dtype_has_endian(&dtype), cases[i].has_endian);
    assert_int_equal(zarrc_dtype_is_variable(&dtype), dtype.type == ZARRC_STRING || dtype.type == ZARRC_BYTES);
    const char *canonical = cases[i].canonical ? cases[i].canonical : cases[i].json;
    json_is(*state, &dtype, canonical);
    zarrc_dtype again = open_dtype(*state, canonical);
    assert_true(zarrc_dtype_equal(&dtype, &again));
    zarrc_dtype_close(&again);
    if (dtype.type < ZARRC_RAW || zarrc_dtype_is_variable(&dtype)) {
      zarrc_dtype of = zarrc_dtype_of(dtype.type);
      assert_true(zarrc_dtype_equal(&dtype, &of));
    }
    zarrc_dtype_close(&dtype);
    assert_null(dtype.fields);
  }
}

static void every_refusal(void **state) {
  static const struct {
    const char *json;
    zarrc_status status;
    const char *message;
  } cases[] = {
      {"\"int3\"", ZARRC_UNSUPPORTED, "unknown data type \"int3\""},
      {"\"<i4\"", ZARRC_UNSUPPORTED, "unknown data type \"<i4\""},
      {"\"|b1\"", ZARRC_UNSUPPORTED, "unknown data type \"|b1\""},
      {"\"\"", ZARRC_UNSUPPORTED, "unknown data type \"\""},
      {"\"Int32\"", ZARRC_UNSUPPORTED, "unknown data type \"Int32\""},
      {"\"int32\\u0000\"", ZARRC_UNSUPPORTED, "unknown data type \"int32?\""},
      {"\"r\"", ZARRC_UNSUPPORTED, "unknown data type \"r\""},
      {"\"r-8\"", ZARRC_UNSUPPORTED, "unknown data type \"r-8\""},
      {"\"r8x\"", ZARRC_UNSUPPORTED, "unknown data type \"r8x\""},
      {"{\"name\":\"float24\",\"must_understand\":false}", ZARRC_UNSUPPORTED, "unknown data type \"float24\""},
      {"\"r0\"", ZARRC_INVALID_METADATA, "data type \"r0\": the number of bits must be a multiple of 8"},
      {"\"r12\"", ZARRC_INVALID_METADATA, "data type \"r12\": the number of bits must be a multiple of 8"},
      {"\"r08\"", ZARRC_INVALID_METADATA, NULL},
      {"\"r34359738368\"", ZARRC_LIMIT, NULL},
      {"\"r184467440737095516160\"", ZARRC_LIMIT, NULL},
      {"32", ZARRC_INVALID_METADATA, "a data type must be a string or an object, not an integer"},
      {"[\"int32\"]", ZARRC_INVALID_METADATA, "a data type must be a string or an object, not an array"},
      {"null", ZARRC_INVALID_METADATA, "a data type must be a string or an object, not null"},
      {"{}", ZARRC_INVALID_METADATA, "the name of a data type must be a string"},
      {"{\"name\":1}", ZARRC_INVALID_METADATA, "the name of a data type must be a string"},
      {"{\"name\":\"int8\",\"x\":1}", ZARRC_INVALID_METADATA, "data type: unknown member \"x\""},
      {"{\"name\":\"int8\",\"configuration\":{\"x\":1}}", ZARRC_INVALID_METADATA,
       "data type \"int8\": unknown member \"x\""},
      {"{\"name\":\"int8\",\"configuration\":null}", ZARRC_INVALID_METADATA,
       "data type \"int8\": expected an object, found null"},
      {"int8", ZARRC_INVALID_METADATA, "data type: line 1, column 1: expected a value, found 'i'"},
      {"\"raw_bytes\"", ZARRC_INVALID_METADATA, "data type \"raw_bytes\": expected an object, found nothing"},
      {"{\"name\":\"raw_bytes\",\"configuration\":{}}", ZARRC_INVALID_METADATA,
       "data type \"raw_bytes\": length_bytes must be a positive integer"},
      {LENGTH("raw_bytes", "0"), ZARRC_INVALID_METADATA, NULL},
      {LENGTH("raw_bytes", "-1"), ZARRC_INVALID_METADATA, NULL},
      {LENGTH("raw_bytes", "1.0"), ZARRC_INVALID_METADATA, NULL},
      {LENGTH("raw_bytes", "true"), ZARRC_INVALID_METADATA, NULL},
      {LENGTH("raw_bytes", "1, \"x\": 2"), ZARRC_INVALID_METADATA, NULL},
      {LENGTH("raw_bytes", "4294967296"), ZARRC_LIMIT, "data type \"raw_bytes\": elements of more than 4 GiB"},
      {LENGTH("raw_bytes", "18446744073709551616"), ZARRC_INVALID_METADATA, NULL},
      {LENGTH("fixed_length_utf32", "13"), ZARRC_INVALID_METADATA,
       "data type \"fixed_length_utf32\": length_bytes is 13, not a multiple of 4"},
      {TIME("numpy.datetime64", "sec", "1"), ZARRC_INVALID_METADATA, NULL},
      {TIME("numpy.datetime64", "s", "0"), ZARRC_INVALID_METADATA, NULL},
      {TIME("numpy.datetime64", "s", "2147483648"), ZARRC_INVALID_METADATA, NULL},
      {TIME("numpy.datetime64", "s", "1.0"), ZARRC_INVALID_METADATA, NULL},
      {"{\"name\":\"numpy.datetime64\",\"configuration\":{\"unit\":\"s\"}}", ZARRC_INVALID_METADATA, NULL},
      {"{\"name\":\"numpy.datetime64\",\"configuration\":{\"scale_factor\":1}}", ZARRC_INVALID_METADATA, NULL},
      {"\"numpy.datetime64\"", ZARRC_INVALID_METADATA, NULL},
      {"\"struct\"", ZARRC_INVALID_METADATA, NULL},
      {STRUCT(""), ZARRC_INVALID_METADATA, "data type \"struct\": fields must be an array with at least one field"},
      {"{\"name\":\"struct\",\"configuration\":{\"fields\":{\"a\":\"int8\"}}}", ZARRC_INVALID_METADATA, NULL},
      {STRUCT("\"int8\""), ZARRC_INVALID_METADATA, "data type \"struct\": field 0: expected an object, found a string"},
      {STRUCT("[\"a\"]"), ZARRC_INVALID_METADATA,
       "data type \"struct\": field 0: expected a pair of name and data type"},
      {STRUCT("{\"name\": \"a\"}"), ZARRC_INVALID_METADATA, "data type \"struct\": field 0: data_type is missing"},
      {STRUCT("{\"data_type\": \"int8\"}"), ZARRC_INVALID_METADATA, NULL},
      {STRUCT("[1, \"int8\"]"), ZARRC_INVALID_METADATA, NULL},
      {STRUCT("[\"a\\u0000\", \"int8\"]"), ZARRC_INVALID_METADATA,
       "data type \"struct\": field 0: the name must be a string, without NUL"},
      {STRUCT("[\"a\", \"int8\"], [\"b\", \"int7\"]"), ZARRC_UNSUPPORTED,
       "data type \"struct\": field 1: unknown data type \"int7\""},
      {STRUCT("[\"a\", \"int8\"], [\"b\", \"int8\"], [\"a\", \"bool\"]"), ZARRC_INVALID_METADATA,
       "data type \"struct\": two fields have the name \"a\""},
      {STRUCT("[\"a\", \"int8\"], [\"b\", \"string\"]"), ZARRC_INVALID_METADATA,
       "data type \"struct\": field 1: elements of variable length cannot be in a struct"},
      {STRUCT("[\"a\", \"int8\"], [\"b\", \"r34359738360\"]"), ZARRC_LIMIT,
       "data type \"struct\": field 1: the struct is larger than 4 GiB"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    zarrc_dtype dtype = {.item_size = 77};
    zarrc_error error = {0};
    zarrc_status status = open_exact(*state, cases[i].json, &dtype, &error);
    if (status != cases[i].status) fail_msg("%s: %s, %s", cases[i].json, zarrc_status_name(status), error.message);
    if (cases[i].message) assert_string_equal(error.message, cases[i].message);
    assert_int_equal(dtype.item_size, 77); /* written only on success */
  }
}

static void bare_names(void **state) {
  static const struct {
    const char *text;
    zarrc_status status;
    zarrc_type type;
  } cases[] = {
      {"int32", ZARRC_OK, ZARRC_INT32},
      {"\"int32\"", ZARRC_OK, ZARRC_INT32},
      {" {\"name\":\"bool\"}", ZARRC_OK, ZARRC_BOOL},
      {"r16", ZARRC_OK, ZARRC_RAW},
      {"", ZARRC_UNSUPPORTED, ZARRC_BOOL},
      {"int32\"", ZARRC_UNSUPPORTED, ZARRC_BOOL},
      {"[]", ZARRC_UNSUPPORTED, ZARRC_BOOL},
      {"\"int32", ZARRC_INVALID_METADATA, ZARRC_BOOL},
      {"\xff", ZARRC_INVALID_ARGUMENT, ZARRC_BOOL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    zarrc_dtype dtype = {0};
    assert_int_equal(zarrc_dtype_parse(*state, cases[i].text, &dtype, NULL), cases[i].status);
    assert_int_equal(dtype.type, cases[i].type);
  }
}

static void fields(void **state) {
  zarrc_dtype dtype = open_dtype(
      *state, STRUCT("[\"id\", \"uint16\"], [\"pos\", " STRUCT(
                  "[\"x\", \"r24\"], [\"y\", \"int32\"]") "], [\"t\", " TIME("numpy.datetime64", "D", "2") "]"));
  static const char *const names[] = {"id", "pos", "t"};
  static const uint32_t offsets[] = {0, 2, 9}, sizes[] = {2, 7, 8};
  assert_int_equal(zarrc_dtype_nfields(&dtype), 3);
  for (size_t i = 0; i < 3; i++) {
    const zarrc_field *field = zarrc_dtype_field(&dtype, i);
    assert_string_equal(field->name, names[i]);
    assert_int_equal(field->offset, offsets[i]);
    assert_int_equal(field->dtype.item_size, sizes[i]);
  }
  const zarrc_field *pos = zarrc_dtype_field(&dtype, 1), *t = zarrc_dtype_field(&dtype, 2);
  assert_string_equal(zarrc_dtype_field(&pos->dtype, 1)->name, "y");
  assert_int_equal(zarrc_dtype_field(&pos->dtype, 1)->offset, 3);
  assert_string_equal(zarrc_time_unit_name(t->dtype.time_unit), "D");
  assert_int_equal(t->dtype.time_scale, 2);
  assert_null(zarrc_dtype_field(&dtype, 3));
  static const int none[] = {-1, ZARRC_NTYPES, 1000000};
  for (size_t i = 0; i < 3; i++) assert_int_equal(zarrc_dtype_of((zarrc_type)none[i]).item_size, 0);
  zarrc_dtype plain = zarrc_dtype_of(ZARRC_INT8);
  assert_int_equal(zarrc_dtype_nfields(&plain), 0);
  assert_null(zarrc_dtype_field(&plain, 0));

  /* what is shared outlives its first owner */
  zarrc_dtype shared = zarrc_dtype_share(&dtype), number = zarrc_dtype_share(&plain);
  assert_ptr_equal(shared.fields, dtype.fields);
  zarrc_dtype_close(&dtype);
  assert_string_equal(zarrc_dtype_field(&shared, 2)->name, "t");
  zarrc_dtype_close(&shared);
  zarrc_dtype_close(&shared);
  zarrc_dtype_close(&number);
  zarrc_dtype_close(NULL);
}

static void names(void **state) {
  (void)state;
  static const char *const units[] = {"Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as", "generic"};
  for (uint8_t i = 0; i < 14; i++) assert_string_equal(zarrc_time_unit_name(i), units[i]);
  assert_null(zarrc_time_unit_name(14));
  assert_null(zarrc_time_unit_name(255));
  zarrc_dtype time = zarrc_dtype_of(ZARRC_DATETIME64);
  assert_string_equal(zarrc_time_unit_name(time.time_unit), "generic");
}

static void equality(void **state) {
  static const char *const different[] = {
      "\"int32\"",
      "\"uint32\"",
      "\"r16\"",
      "\"r24\"",
      LENGTH("null_terminated_bytes", "2"),
      TIME("numpy.datetime64", "s", "1"),
      TIME("numpy.datetime64", "s", "2"),
      TIME("numpy.datetime64", "ms", "1"),
      TIME("numpy.timedelta64", "s", "1"),
      STRUCT("[\"a\", \"int8\"], [\"b\", \"int16\"]"),
      STRUCT("[\"a\", \"int16\"], [\"b\", \"int8\"]"),
      STRUCT("[\"a\", \"int8\"], [\"c\", \"int16\"]"),
      STRUCT("[\"a\", \"r24\"]"),
      STRUCT("[\"a\", " STRUCT("[\"a\", \"r24\"]") "]"),
  };
  enum { N = sizeof different / sizeof *different };
  zarrc_dtype types[N], again[N];
  for (size_t i = 0; i < N; i++)
    types[i] = open_dtype(*state, different[i]), again[i] = open_dtype(*state, different[i]);
  for (size_t i = 0; i < N; i++) {
    again[i].endian = ZARRC_BIG;
    for (size_t k = 0; k < N; k++) assert_int_equal(zarrc_dtype_equal(&types[i], &again[k]), i == k);
  }
  for (size_t i = 0; i < N; i++) zarrc_dtype_close(&types[i]), zarrc_dtype_close(&again[i]);
  zarrc_dtype r = open_dtype(*state, "\"r16\""), raw = open_dtype(*state, LENGTH("raw_bytes", "2"));
  assert_true(zarrc_dtype_equal(&r, &raw)); /* one type, two spellings */
}

/* n structs, each in the one before. */
static char *nested(int n) {
  char *text = malloc((size_t)n * 80 + 10), *p = text;
  for (int i = 0; i < n; i++) p = stpcpy(p, "{\"name\":\"struct\",\"configuration\":{\"fields\":[[\"a\",");
  p = stpcpy(p, "\"int8\"");
  for (int i = 0; i < n; i++) p = stpcpy(p, "]]}}");
  return text;
}

static void nesting_is_bounded(void **state) {
  zarrc_dtype dtype = {0};
  char *text = nested(16);
  assert_int_equal(open_exact(*state, text, &dtype, NULL), ZARRC_OK);
  assert_int_equal(dtype.item_size, 1);
  zarrc_dtype_close(&dtype);
  free(text);
  text = nested(17);
  assert_int_equal(open_exact(*state, text, &dtype, NULL), ZARRC_LIMIT);
  free(text);
}

static char *many_fields(int n, bool twice) {
  char *text = malloc((size_t)n * 32 + 100), *p = text;
  p = stpcpy(p, "{\"name\":\"struct\",\"configuration\":{\"fields\":[");
  for (int i = 0; i < n; i++) p += sprintf(p, "[\"field%d\",\"int8\"],", i);
  stpcpy(p, twice ? "[\"field7\",\"int8\"]]}}" : "[\"last\",\"int8\"]]}}");
  return text;
}

static void many_fields_cost_little(void **state) {
  enum { N = 30000 };
  for (int twice = 0; twice < 2; twice++) {
    zarrc_dtype dtype = {0};
    char *text = many_fields(N, twice != 0);
    assert_int_equal(open_exact(*state, text, &dtype, NULL), twice ? ZARRC_INVALID_METADATA : ZARRC_OK);
    if (!twice) assert_int_equal(dtype.item_size, N + 1);
    zarrc_dtype_close(&dtype);
    free(text);
  }
}

static void every_truncation_is_refused(void **state) {
  static const char text[] = STRUCT("[\"id\", \"uint16\"], [\"pos\", " STRUCT("[\"x\", \"r24\"]") "], [\"t\", " TIME(
      "numpy.datetime64", "D", "2") "]");
  for (size_t n = 0; n < sizeof text - 1; n++) {
    zarrc_dtype dtype = {0};
    char *exact = malloc(n ? n : 1);
    memcpy(exact, text, n);
    assert_int_equal(zarrc_dtype_open(*state, exact, n, &dtype, NULL), ZARRC_INVALID_METADATA);
    free(exact);
  }
}

static zarrc_status share_and_close(void *arg, size_t i, zarrc_error *error) {
  (void)i, (void)error;
  for (int k = 0; k < 1000; k++) {
    zarrc_dtype mine = zarrc_dtype_share(arg);
    zarrc_dtype_close(&mine);
  }
  return ZARRC_OK;
}

static void threads_share(void **state) {
  (void)state;
  faulty_alloc alloc = {0};
  zarrc_ctx_options options = {.alloc = faulty_alloc_use(&alloc), .threads = 4};
  zarrc_ctx *ctx = NULL;
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  zarrc_dtype dtype = open_dtype(ctx, STRUCT("[\"a\", \"int8\"]"));
  assert_int_equal(zarrc_for_each(ctx, 8, share_and_close, &dtype, NULL), ZARRC_OK);
  assert_string_equal(zarrc_dtype_field(&dtype, 0)->name, "a");
  zarrc_dtype_close(&dtype);
  zarrc_ctx_close(ctx);
  assert_int_equal(alloc.blocks, 0);
}

static void failures_append_nothing(void **state) {
  zarrc_dtype dtype = open_dtype(*state, STRUCT("[\"a\", \"int8\"], [\"b\", \"r8\"]"));
  char memory[200];
  zarrc_buf all = zarrc_buf_over(memory, sizeof memory);
  assert_int_equal(zarrc_dtype_to_json(&dtype, &all, NULL), ZARRC_OK);
  for (size_t n = 0; n < all.len; n++) {
    zarrc_buf out = zarrc_buf_over(memory, n);
    assert_int_equal(zarrc_dtype_to_json(&dtype, &out, NULL), ZARRC_LIMIT);
    assert_int_equal(out.len, 0);
  }
  zarrc_dtype_close(&dtype);
}

static zarrc_status open_and_write(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *ctx = NULL;
  zarrc_dtype dtype = {0};
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  zarrc_buf out = zarrc_buf_new(ctx, 10000);
  if (!status) status = zarrc_dtype_parse(ctx, arg, &dtype, NULL);
  if (!status) status = zarrc_dtype_to_json(&dtype, &out, NULL);
  zarrc_buf_clear(&out);
  zarrc_dtype_close(&dtype);
  zarrc_ctx_close(ctx);
  return status;
}

static void no_memory(void **state) {
  (void)state;
  char *text = nested(4), name[] = "int32";
  assert_true(faulty_alloc_each(NULL, open_and_write, text) > 8);
  assert_true(faulty_alloc_each(NULL, open_and_write, name) > 3);
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_form),
      cmocka_unit_test(every_refusal),
      cmocka_unit_test(bare_names),
      cmocka_unit_test(fields),
      cmocka_unit_test(names),
      cmocka_unit_test(equality),
      cmocka_unit_test(nesting_is_bounded),
      cmocka_unit_test(many_fields_cost_little),
      cmocka_unit_test(every_truncation_is_refused),
      cmocka_unit_test(threads_share),
      cmocka_unit_test(failures_append_nothing),
      cmocka_unit_test(no_memory),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

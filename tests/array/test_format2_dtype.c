/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/format2.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static zarrc_ctx *ctx;
static zarrc_buf orders;

static int open_ctx(void **state) {
  (void)state;
  zarrc_status status = zarrc_ctx_open(NULL, &ctx, NULL);
  orders = zarrc_buf_new(ctx, 4096);
  return status;
}

static int close_ctx(void **state) {
  (void)state;
  zarrc_buf_clear(&orders);
  zarrc_ctx_close(ctx);
  return 0;
}

static zarrc_status translate(const char *dtype, const char *filters, zarrc_format2_type *type, char out[4096],
                              zarrc_error *error) {
  char text[8192];
  zarrc_json_doc *doc;
  zarrc_buf buf = zarrc_buf_over(out, 4095);
  orders.len = 0;
  snprintf(text, sizeof text, "{\"dtype\": %s, \"filters\": %s}", dtype, filters);
  assert_int_equal(zarrc_json_parse(ctx, text, strlen(text), NULL, &doc, NULL), ZARRC_OK);
  const zarrc_json *root = zarrc_json_root(doc);
  zarrc_status status = zarrc_format2_put_dtype(zarrc_json_get(root, "dtype"), zarrc_json_get(root, "filters"), type,
                                                &orders, &buf, error);
  out[buf.len] = 0;
  zarrc_json_close(doc);
  return status;
}

#define NAMED(name, configuration) "{\"name\": \"" name "\", \"configuration\": {" configuration "}}"
#define FIELDS(list)               NAMED("struct", "\"fields\": [" list "]")

static void test_known(void **state) {
  static const struct {
    const char *dtype, *expected;
    char order;
    uint32_t item_size;
  } rows[] = {
      {"\"|b1\"", "\"bool\"", 0, 1},
      {"\"|i1\"", "\"int8\"", 0, 1},
      {"\"<i1\"", "\"int8\"", 0, 1},
      {"\"<u2\"", "\"uint16\"", '<', 2},
      {"\">i8\"", "\"int64\"", '>', 8},
      {"\"<f2\"", "\"float16\"", '<', 2},
      {"\">c16\"", "\"complex128\"", '>', 16},
      {"\"|S5\"", NAMED("null_terminated_bytes", "\"length_bytes\": 5"), 0, 5},
      {"\"<U3\"", NAMED("fixed_length_utf32", "\"length_bytes\": 12"), '<', 12},
      {"\">U3\"", NAMED("fixed_length_utf32", "\"length_bytes\": 12"), '>', 12},
      {"\"|V4\"", NAMED("raw_bytes", "\"length_bytes\": 4"), 0, 4},
      {"\"<M8[ns]\"", NAMED("numpy.datetime64", "\"unit\": \"ns\", \"scale_factor\": 1"), '<', 8},
      {"\">m8[25h]\"", NAMED("numpy.timedelta64", "\"unit\": \"h\", \"scale_factor\": 25"), '>', 8},
      {"\"<m8\"", NAMED("numpy.timedelta64", "\"unit\": \"generic\", \"scale_factor\": 1"), '<', 8},
      {"[[\"a\", \">u2\"], [\"s\", \"|S3\"]]",
       FIELDS("{\"name\": \"a\", \"data_type\": \"uint16\"}, {\"name\": \"s\", \"data_type\": " NAMED(
           "null_terminated_bytes", "\"length_bytes\": 3") "}"),
       '>', 5},
      {"[[\"in\", [[\"x\", \"<f4\"]]]]",
       FIELDS("{\"name\": \"in\", \"data_type\": " FIELDS("{\"name\": \"x\", \"data_type\": \"float32\"}") "}"), '<',
       4},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_format2_type type;
    zarrc_dtype dtype;
    zarrc_error error = {0};
    char text[4096];
    if (translate(rows[i].dtype, "null", &type, text, &error)) fail_msg("%s: %s", rows[i].dtype, SAID(error));
    assert_string_equal(text, rows[i].expected);
    assert_int_equal(type.order, rows[i].order);
    assert_int_equal(type.item_size, rows[i].item_size);
    assert_false(type.is_object);
    if (zarrc_dtype_open(ctx, text, strlen(text), &dtype, &error)) fail_msg("%s: %s", text, SAID(error));
    assert_int_equal(dtype.item_size, rows[i].item_size);
    zarrc_dtype_close(&dtype);
  }
}

static void test_refused(void **state) {
  static const struct {
    const char *dtype;
    zarrc_status status;
    const char *message;
  } rows[] = {
      {"\"\"", ZARRC_UNSUPPORTED, "not known"},
      {"\"f8\"", ZARRC_UNSUPPORTED, "not known"},
      {"\"=f8\"", ZARRC_UNSUPPORTED, "not known"},
      {"\"<f\"", ZARRC_UNSUPPORTED, "not known"},
      {"\"<f8 \"", ZARRC_UNSUPPORTED, "not known"},
      {"\"<f8\\u0000\"", ZARRC_UNSUPPORTED, "not known"},
      {"\"<f99999999999999999999\"", ZARRC_UNSUPPORTED, "not known"},
      {"\"<b2\"", ZARRC_UNSUPPORTED, "not known"},
      {"\"|S0\"", ZARRC_UNSUPPORTED, "no bytes"},
      {"\"|S99999999999\"", ZARRC_LIMIT, "4 GiB"},
      {"\"<U1073741824\"", ZARRC_LIMIT, "4 GiB"},
      {"\"<M8[ns\"", ZARRC_UNSUPPORTED, "not known"},
      {"\"<M8[]\"", ZARRC_UNSUPPORTED, "not known"},
      {"\"<M8[n\\\"]\"", ZARRC_UNSUPPORTED, "not known"},
      {"\"<M8[ns]]\"", ZARRC_UNSUPPORTED, "not known"},
      {"\"<M4[ns]\"", ZARRC_UNSUPPORTED, "not known"},
      {"{}", ZARRC_INVALID_METADATA, "must be a string or a list of fields"},
      {"null", ZARRC_INVALID_METADATA, "must be a string or a list of fields"},
      {"[[\"a\"]]", ZARRC_INVALID_METADATA, "must be a list of a name and a dtype"},
      {"[\"ab\"]", ZARRC_INVALID_METADATA, "must be a list of a name and a dtype"},
      {"[[1, \"<f4\"]]", ZARRC_INVALID_METADATA, "must be a list of a name and a dtype"},
      {"[[\"a\", \"<f4\", [2, 2]]]", ZARRC_UNSUPPORTED, "a field that is an array in each element"},
      {"[[[\"title\", \"a\"], \"<f4\"]]", ZARRC_UNSUPPORTED, "a field with a title"},
      {"[[\"a\", \"|O\"]]", ZARRC_UNSUPPORTED, "a field of Python objects"},
      {"[[\"a\", \"|V4294967295\"]]", ZARRC_LIMIT, "4 GiB"},
      {"[[\"a\", \"|V4294967294\"], [\"b\", \"<i2\"]]", ZARRC_LIMIT, "4 GiB"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_format2_type type;
    zarrc_error error = {0};
    char text[4096];
    zarrc_status status = translate(rows[i].dtype, "null", &type, text, &error);
    if (status != rows[i].status || !strstr(SAID(error), rows[i].message))
      fail_msg("%s: %s", rows[i].dtype, status ? SAID(error) : text);
  }
  for (int depth = 15; depth < 19; depth++) {
    zarrc_format2_type type;
    char dtype[1024] = "", text[4096];
    for (int i = 0; i < depth; i++) strcat(dtype, "[[\"a\", ");
    strcat(dtype, "\"|i1\"");
    for (int i = 0; i < depth; i++) strcat(dtype, "]]");
    assert_int_equal(translate(dtype, "null", &type, text, NULL), depth <= 16 ? ZARRC_OK : ZARRC_LIMIT);
  }
}

/* What objects are is said by the filter that stores them. */
static void test_objects(void **state) {
  static const struct {
    const char *filters, *expected, *message;
  } rows[] = {
      {"[{\"id\": \"vlen-utf8\"}]", "\"string\"", NULL},
      {"[{\"id\": \"vlen-bytes\"}, {\"id\": \"zlib\"}]", "\"bytes\"", NULL},
      {"[{\"id\": \"zlib\"}, {\"id\": \"vlen-utf8\"}]", NULL, "Python objects that the filter \"zlib\" has stored"},
      {"[{\"id\": \"json\"}]", NULL, "Python objects that the filter \"json\" has stored"},
      {"[{\"id\": \"json2\"}]", "\"string\"", NULL},
      {"[{\"id\": \"msgpack2\"}]", "\"string\"", NULL},
      {"[{\"id\": \"categorize\"}]", "\"string\"", NULL},
      {"[{\"id\": \"vlen-array\"}]", "\"bytes\"", NULL},
      {"[{\"id\": \"pickle\"}]", NULL, "to read them is to run whatever they say"},
      {"[]", NULL, "no filter that stores them"},
      {"null", NULL, "no filter that stores them"},
      {"[{\"id\": 3}]", NULL, "no filter that stores them"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_format2_type type;
    zarrc_error error = {0};
    char text[4096];
    zarrc_status status = translate("\"|O\"", rows[i].filters, &type, text, &error);
    assert_int_equal(status, rows[i].expected ? ZARRC_OK : ZARRC_UNSUPPORTED);
    assert_true(type.is_object && type.item_size == 1);
    if (!status) assert_string_equal(text, rows[i].expected);
    if (status && !strstr(SAID(error), rows[i].message)) fail_msg("%s: %s", rows[i].filters, SAID(error));
  }
}

/* Structs with fields of both byte orders. */
static void test_orders(void **state) {
  static const struct {
    const char *dtype, *orders;
    char order;
    bool mixed;
  } rows[] = {
      {"[[\"a\", \"<f4\"], [\"b\", \">f4\"]]", "<>", '<', true},
      {"[[\"a\", \">f4\"], [\"b\", \"<f4\"]]", "><", '<', true},
      {"[[\"a\", \">f4\"], [\"b\", \"|u1\"]]", ">|", '>', false},
      {"[[\"a\", \">f4\"], [\"b\", \"|i4\"]]", "><", '<', true},
      {"[[\"a\", \">u1\"], [\"b\", \"<u2\"]]", "|<", '<', false},
      {"[[\"t\", \">i2\"], [\"p\", [[\"x\", \"<f8\"], [\"z\", \"|b1\"]]], [\"s\", \"|S3\"], [\"u\", \">U2\"], "
       "[\"v\", \"|V2\"], [\"w\", \"<M8[ns]\"], [\"c\", \">c8\"]]",
       "><||>|<>", '<', true},
      {"\">i2\"", ">", '>', false},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_format2_type type;
    zarrc_error error = {0};
    char text[4096];
    if (translate(rows[i].dtype, "null", &type, text, &error)) fail_msg("%s: %s", rows[i].dtype, SAID(error));
    assert_string_equal(type.orders, rows[i].orders);
    assert_int_equal(type.order, rows[i].order);
    assert_int_equal(type.mixed, rows[i].mixed);
    zarrc_dtype dtype;
    assert_int_equal(zarrc_dtype_open(ctx, text, strlen(text), &dtype, NULL), ZARRC_OK);
    assert_true(zarrc_field_orders_fit(&dtype, type.orders));
    zarrc_dtype_close(&dtype);
  }
}

/* What a caller may say. */
static void test_parsed(void **state) {
  static const struct {
    const char *text, *data_type; /* NULL: refused */
    char order;
  } rows[] = {
      {">i2", "\"int16\"", '>'},
      {"f4", "\"float32\"", '<'},
      {"=f4", "\"float32\"", '<'},
      {"int16", NULL, 0}, /* of format 3, which is asked first */
      {"?", "\"bool\"", 0},
      {"S5", NAMED("null_terminated_bytes", "\"length_bytes\": 5"), 0},
      {"|S5", NAMED("null_terminated_bytes", "\"length_bytes\": 5"), 0},
      {">U3", NAMED("fixed_length_utf32", "\"length_bytes\": 12"), '>'},
      {"M8[ns]", NAMED("numpy.datetime64", "\"unit\": \"ns\", \"scale_factor\": 1"), '<'},
      {" \">c8\"", "\"complex64\"", '>'},
      {"[[\"a\", \">i2\"]]", FIELDS("{\"name\": \"a\", \"data_type\": \"int16\"}"), '>'},
      {"", NULL, 0},
      {"i", NULL, 0},
      {"\"", NULL, 0},
      {"[", NULL, 0},
      {"|O", NULL, 0},
      {"i\"4", NULL, 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_format2_type type;
    zarrc_dtype dtype = {0};
    zarrc_error error = {0};
    char text[400];
    zarrc_buf json = zarrc_buf_over(text, sizeof text - 1);
    orders.len = 0;
    zarrc_status status = zarrc_format2_parse_type(ctx, rows[i].text, &type, &orders, &dtype, &error);
    if (!status != (rows[i].data_type != NULL)) fail_msg("%s: %s", rows[i].text, SAID(error));
    if (status) continue;
    assert_int_equal(zarrc_dtype_to_json(&dtype, &json, NULL), ZARRC_OK);
    text[json.len] = 0;
    assert_string_equal(text, rows[i].data_type);
    assert_int_equal(type.order, rows[i].order);
    zarrc_dtype_close(&dtype);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_known), cmocka_unit_test(test_refused),
                                     cmocka_unit_test(test_orders), cmocka_unit_test(test_parsed),
                                     cmocka_unit_test(test_objects)};
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"

#include "support/context.h"
#include "support/faulty_alloc.h"
#include "support/files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void buf_is(const zarrc_buf *buf, const char *text) {
  if (buf->len != strlen(text) || memcmp(buf->ptr, text, buf->len) != 0) {
    fail_msg("\"%.*s\" != \"%s\"", (int)buf->len, (const char *)buf->ptr, text);
  }
}

/* The right sides are Python's json.dumps. */
static void strings(void **state) {
  static const struct {
    const char *text;
    size_t n;
    const char *json;
  } cases[] = {
      {"plain", 5, "\"plain\""},
      {"", 0, "\"\""},
      {"q\"b\\s/", 6, "\"q\\\"b\\\\s/\""},
      {"\b\f\n\r\t\0\x1f\x7f", 8, "\"\\b\\f\\n\\r\\t\\u0000\\u001f\\u007f\""},
      {"\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80\xe2\x80\xa8", 12, "\"\\u00e9\\u6f22\\ud83d\\ude00\\u2028\""},
      {"\xee\x80\x80\xef\xbf\xbf", 6, "\"\\ue000\\uffff\""},
      {"bfnrt", 5, "\"bfnrt\""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    zarrc_buf out = zarrc_buf_new(*state, 1000);
    char *exact = malloc(cases[i].n + 1);
    memcpy(exact, cases[i].text, cases[i].n);
    assert_int_equal(zarrc_json_put_string(&out, exact, cases[i].n, NULL), ZARRC_OK);
    buf_is(&out, cases[i].json);
    zarrc_json_doc *doc = NULL;
    assert_int_equal(zarrc_json_parse(*state, (char *)out.ptr, out.len, NULL, &doc, NULL), ZARRC_OK);
    size_t n;
    const char *back = zarrc_json_get_string(zarrc_json_root(doc), &n);
    assert_int_equal(n, cases[i].n);
    assert_true(memcmp(back, exact, n) == 0);
    zarrc_json_close(doc);
    zarrc_buf_clear(&out);
    free(exact);
  }
}

static void what_is_not_utf8_is_refused(void **state) {
  zarrc_buf out = zarrc_buf_new(*state, 1000);
  zarrc_error error = {0};
  assert_int_equal(zarrc_buf_append(&out, "x", 1, NULL), ZARRC_OK);
  assert_int_equal(zarrc_json_put_string(&out, "ab\n\xff", 4, &error), ZARRC_INVALID_ARGUMENT);
  assert_string_equal(error.message, "byte 3 of a string is not UTF-8");
  assert_int_equal(zarrc_json_put_string(&out, "\xed\xa0\x80", 3, &error), ZARRC_INVALID_ARGUMENT);
  buf_is(&out, "x");
  zarrc_buf_clear(&out);
}

static void doubles(void **state) {
  zarrc_buf out = zarrc_buf_new(*state, 1000);
  static const double values[] = {0, -0.0, 1, 1e16, 1e15, 1e-5, 5e-324, 1.7976931348623157e308, (float)0.1f, 1e22};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    assert_int_equal(zarrc_json_put_double(&out, values[i], NULL), ZARRC_OK);
    assert_int_equal(zarrc_buf_append(&out, " ", 1, NULL), ZARRC_OK);
  }
  buf_is(&out, "0.0 -0.0 1.0 1e+16 1000000000000000.0 1e-05 5e-324 1.7976931348623157e+308 0.10000000149011612 1e+22 ");
  assert_int_equal(zarrc_json_put_double(&out, NAN, NULL), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_json_put_double(&out, -INFINITY, NULL), ZARRC_INVALID_ARGUMENT);
  zarrc_buf_clear(&out);
}

/* The right sides are json.dumps(json.loads(text), indent=2) and json.dumps(json.loads(text)), numbers and strings as
 * they were spelt. */
static void layout(void **state) {
  static const char *const cases[][3] = {
      {"{\"a\":[],\"b\":{ },\"c\":[1,[2,{\"d\":null}],{}],\"e\":\"x,:[]{}\\u00E9\"}",
       "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n    [\n      2,\n      {\n        \"d\": null\n      }\n    "
       "],\n"
       "    {}\n  ],\n  \"e\": \"x,:[]{}\\u00E9\"\n}",
       "{\"a\": [], \"b\": {}, \"c\": [1, [2, {\"d\": null}], {}], \"e\": \"x,:[]{}\\u00E9\"}"},
      {"[\"\\\\\",{\"\\\"[\":\"\\\\\\\"],\"}]", "[\n  \"\\\\\",\n  {\n    \"\\\"[\": \"\\\\\\\"],\"\n  }\n]",
       "[\"\\\\\", {\"\\\"[\": \"\\\\\\\"],\"}]"},
      {"[]", "[]", "[]"},
      {" 1e5\n", "1e5", "1e5"},
      {"[[[]]]", "[\n  [\n    []\n  ]\n]", "[[[]]]"},
      {"[NaN,-Infinity,\"\\ud800\"]", "[\n  NaN,\n  -Infinity,\n  \"\\ud800\"\n]", "[NaN, -Infinity, \"\\ud800\"]"},
      {"{\"a\":{\"b\":[{}]}}", "{\n  \"a\": {\n    \"b\": [\n      {}\n    ]\n  }\n}", "{\"a\": {\"b\": [{}]}}"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (int line = 0; line < 2; line++) {
      zarrc_buf out = zarrc_buf_new(*state, 1000);
      const char *text = cases[i][line ? 0 : 2];
      size_t n = strlen(text);
      char *exact = malloc(n);
      memcpy(exact, text, n);
      assert_int_equal(line ? zarrc_json_layout(&out, exact, n, NULL) : zarrc_json_indent(&out, exact, n, 2, NULL),
                       ZARRC_OK);
      buf_is(&out, cases[i][1 + line]);
      zarrc_buf_clear(&out);
      free(exact);
    }
  }
}

/* Python wrote this file with an indentation of 1. */
static void layout_of_a_file(void **state) {
  size_t nbytes;
  char *text = (char *)data_read("metadata/fill_value.json", &nbytes);
  zarrc_buf line = zarrc_buf_new(*state, 100000), back = zarrc_buf_new(*state, 100000);
  assert_int_equal(zarrc_json_layout(&line, text, nbytes, NULL), ZARRC_OK);
  assert_null(memchr(line.ptr, '\n', line.len));
  assert_int_equal(zarrc_json_indent(&back, (char *)line.ptr, line.len, 1, NULL), ZARRC_OK);
  assert_int_equal(text[--nbytes], '\n');
  assert_int_equal(back.len, nbytes);
  assert_true(memcmp(back.ptr, text, nbytes) == 0);
  zarrc_buf_clear(&line);
  zarrc_buf_clear(&back);
  free(text);
}

static void failures_append_nothing(void **state) {
  (void)state;
  char memory[24];
  for (size_t n = 0; n < sizeof memory; n++) {
    zarrc_buf out = zarrc_buf_over(memory, n);
    if (n) assert_int_equal(zarrc_buf_append(&out, "x", 1, NULL), ZARRC_OK);
    size_t before = out.len;
    assert_int_equal(zarrc_json_layout(&out, "{\"a\":[1,2,3],\"b\":\"c\"}", 21, NULL), ZARRC_LIMIT);
    assert_int_equal(out.len, before);
    assert_int_equal(zarrc_json_indent(&out, "{\"a\": [1, 2], \"b\": 3}", 21, 2, NULL), ZARRC_LIMIT);
    assert_int_equal(out.len, before);
    assert_int_equal(zarrc_json_put_string(&out, "0123456789\n\n\n\n\n\nabcd\xc3\xa9", 22, NULL), ZARRC_LIMIT);
    assert_int_equal(out.len, before);
    assert_int_equal(zarrc_json_put_double(&out, -2.2250738585072014e-308, NULL), ZARRC_LIMIT);
    assert_int_equal(out.len, before);
  }
  zarrc_buf out = zarrc_buf_over(memory, sizeof memory);
  zarrc_error error = {0};
  assert_int_equal(zarrc_json_layout(&out, "[1,2", 4, &error), ZARRC_INVALID_METADATA);
  assert_int_equal(out.len, 0);
  assert_string_equal(error.message, "line 1, column 5: expected ',' or ']', found the end");
}

static zarrc_status lay_out(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *ctx = NULL;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  zarrc_buf out = zarrc_buf_new(ctx, 10000), line = zarrc_buf_new(ctx, 10000);
  if (!status) status = zarrc_json_layout(&line, arg, strlen(arg), NULL);
  if (!status) status = zarrc_json_indent(&out, (char *)line.ptr, line.len, 2, NULL);
  if (!status) status = zarrc_json_put_string(&out, arg, strlen(arg), NULL);
  zarrc_buf_clear(&line);
  zarrc_buf_clear(&out);
  zarrc_ctx_close(ctx);
  return status;
}

static void no_memory(void **state) {
  (void)state;
  char text[] = "{\"a\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16],\"b\":[[[[[[[[[[[[]]]]]]]]]]]],\"c\":{\"\\n\":1}}";
  assert_true(faulty_alloc_each(NULL, lay_out, text) > 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(strings),          cmocka_unit_test(what_is_not_utf8_is_refused),
      cmocka_unit_test(doubles),          cmocka_unit_test(layout),
      cmocka_unit_test(layout_of_a_file), cmocka_unit_test(failures_append_nothing),
      cmocka_unit_test(no_memory),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

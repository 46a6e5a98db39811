/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json_scan.h"

#include <stdlib.h>
#include <string.h>

/* Events as letters: n t 1 r " for values, [ { opening, k a key, ] closing, . the end, ! a failure. */
static const char *events(const char *text, bool loose, char out[64], zarrc_error *error) {
  size_t n = strlen(text), at = 0;
  char *exact = malloc(n ? n : 1);
  memcpy(exact, text, n);
  zarrc_json_scan scan = {.text = exact, .nbytes = n, .loose = loose};
  zarrc_json_event event = ZARRC_JSON_VALUE;
  zarrc_status status = ZARRC_OK;
  while (!status && event != ZARRC_JSON_DONE && at < 62) {
    status = zarrc_json_scan_next(&scan, &event, error);
    out[at++] = status                      ? '!'
                : event == ZARRC_JSON_VALUE ? "nt1r\"[{"[scan.kind]
                : event == ZARRC_JSON_KEY   ? 'k'
                : event == ZARRC_JSON_CLOSE ? ']'
                                            : '.';
    if (status) continue;
    assert_true(scan.start <= scan.end && scan.end <= n);
    if (event == ZARRC_JSON_KEY) assert_true(exact[scan.start] == '"' && exact[scan.end - 1] == '"');
  }
  out[at] = 0;
  free(exact);
  return out;
}

static void grammar(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"null", "n."},
      {" true ", "t."},
      {"\t\r\n0", "1."},
      {"-0.5e+7", "r."},
      {"\"\"", "\"."},
      {"[]", "[]."},
      {"{}", "{]."},
      {"[1,[2],{\"a\":{}}]", "[1[1]{k{]]]."},
      {"{ \"a\" : 1 , \"b\" : [ ] }", "{k1k[]]."},
      {"", "!"},
      {"[1,]", "[1!"},
      {"[,1]", "[!"},
      {"[1 2]", "[1!"},
      {"[1}", "[1!"},
      {"{\"a\":1]", "{k1!"},
      {"{\"a\":1,}", "{k1!"},
      {"{,}", "{!"},
      {"{1:2}", "{!"},
      {"{\"a\"}", "{!"},
      {"{\"a\":}", "{k!"},
      {"]", "!"},
      {"1 1", "1!"},
      {"[] x", "[]!"},
      {"tru", "!"},
      {"nulll", "n!"},
      {"True", "!"},
      {"'a'", "!"},
      {"01", "!"},
      {"-", "!"},
      {"+1", "!"},
      {"1.", "!"},
      {".5", "!"},
      {"1e", "!"},
      {"1e+", "!"},
      {"0x10", "1!"},
      {"-01", "!"},
      {"--1", "!"},
      {"NaN", "!"},
      {"[Infinity]", "[!"},
      {"-Infinity", "!"},
      {"// c", "!"},
      {"[1/**/]", "[1!"},
      {"\xef\xbb\xbf[]", "!"},
      {"\xc2\xa0[]", "!"},
      {"\"a\nb\"", "!"},
      {"\"\\x\"", "!"},
      {"\"\\u12g4\"", "!"},
      {"\"\\ud800\"", "!"},
      {"\"\\ud800\\u0041\"", "!"},
      {"\"\\udc00\\ud800\"", "!"},
      {"\"\\ud83d\\ude00\"", "\"."},
      {"\"\\\"", "!"},
      {"\"\xc3\x28\"", "!"},
      {"\"\xed\xa0\x80\"", "!"},
      {"\"\x7f\"", "\"."},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char out[64];
    assert_string_equal(events(cases[i][0], false, out, NULL), cases[i][1]);
  }
}

static void loose(void **state) {
  (void)state;
  char out[64];
  assert_string_equal(events("[NaN,Infinity,-Infinity,\"\\ud800\",\"\\udfff\"]", true, out, NULL), "[rrr\"\"].");
  assert_string_equal(events("{\"a\":1,\"a\":1}", true, out, NULL), "{k1k1].");
  assert_string_equal(events("nan", true, out, NULL), "!");
  assert_string_equal(events("Infinit", true, out, NULL), "!");
  assert_string_equal(events("-Infinity1", true, out, NULL), "r!");
  assert_string_equal(events("+Infinity", true, out, NULL), "!");
}

static void places(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"", "line 1, column 1: expected a value, found the end"},
      {"\n  [1,\n \"\xc3\xa9\xf0\x9f\x98\x80\" x", "line 3, column 7: expected ',' or ']', found 'x'"},
      {"[1,]", "line 1, column 4: expected a value, found ']'"},
      {"[}", "line 1, column 2: expected a value or ']', found '}'"},
      {"{1", "line 1, column 2: expected a key or '}', found '1'"},
      {"{\"a\":1,}", "line 1, column 8: expected a key, found '}'"},
      {"{\"a\" 1", "line 1, column 6: expected ':', found '1'"},
      {"{\"a\":1", "line 1, column 7: expected ',' or '}', found the end"},
      {"1 \x01", "line 1, column 3: expected the end, found byte 0x01"},
      {"\xff\xfe[", "line 1, column 1: expected a value, found byte 0xff"},
      {"\xef\xbb\xbf{}", "line 1, column 1: expected a value, found a byte order mark"},
      {"-x", "line 1, column 2: expected a digit, found 'x'"},
      {"[012]", "line 1, column 2: a number that begins with a zero"},
      {"  \"abc", "line 1, column 3: a string without end"},
      {"\"\\q\"", "line 1, column 2: a malformed escape in a string"},
      {"\"a\\ud8AF\"", "line 1, column 3: \\ud8af is half of a surrogate pair"},
      {"\"a\tb\"", "line 1, column 3: byte 0x09 in a string"},
      {"\"a\x80\"", "line 1, column 3: byte 0x80 is not UTF-8"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char out[64];
    zarrc_error error = {0};
    events(cases[i][0], false, out, &error);
    assert_int_equal(error.code, ZARRC_INVALID_METADATA);
    assert_string_equal(error.message, cases[i][1]);
  }
}

static void depth(void **state) {
  (void)state;
  char text[2 * ZARRC_JSON_MAX_DEPTH + 3];
  for (int extra = 0; extra < 2; extra++) {
    size_t n = ZARRC_JSON_MAX_DEPTH + (size_t)extra;
    memset(text, '[', n);
    memset(text + n, ']', n);
    zarrc_json_scan scan = {.text = text, .nbytes = 2 * n};
    zarrc_json_event event = ZARRC_JSON_VALUE;
    zarrc_error error = {0};
    zarrc_status status = ZARRC_OK;
    while (!status && event != ZARRC_JSON_DONE) status = zarrc_json_scan_next(&scan, &event, &error);
    assert_int_equal(status, extra ? ZARRC_INVALID_METADATA : ZARRC_OK);
    if (extra) assert_string_equal(error.message, "line 1, column 257: nested more than 256 deep");
  }
}

static void decoding(void **state) {
  (void)state;
  static const char token[] = "\"a\\n\\\"\\\\\\/\\b\\f\\r\\t\\u0000\\u00e9\xc3\xa9\\uD83D\\uDE00\\u20ac\"";
  static const char decoded[] = "a\n\"\\/\b\f\r\t\0\xc3\xa9\xc3\xa9\xf0\x9f\x98\x80\xe2\x82\xac";
  zarrc_json_scan scan = {.text = token, .nbytes = sizeof token - 1};
  zarrc_json_event event;
  assert_int_equal(zarrc_json_scan_next(&scan, &event, NULL), ZARRC_OK);
  assert_int_equal(scan.ndecoded, sizeof decoded - 1);
  char *out = malloc(scan.ndecoded);
  zarrc_json_decode(token, sizeof token - 1, out);
  assert_true(memcmp(out, decoded, scan.ndecoded) == 0);
  free(out);

  assert_true(zarrc_json_token_is("\"abc\"", 5, "abc"));
  assert_true(zarrc_json_token_is("\"\\u0061b\\u0063\"", 15, "abc"));
  assert_true(zarrc_json_token_is("\"\"", 2, ""));
  assert_true(zarrc_json_token_is("\"\\u00e9\"", 8, "\xc3\xa9"));
  assert_false(zarrc_json_token_is("\"ab\"", 4, "abc"));
  assert_false(zarrc_json_token_is("\"abcd\"", 6, "abc"));
  assert_false(zarrc_json_token_is("\"abd\"", 5, "abc"));
  assert_false(zarrc_json_token_is("\"abc\\u0000\"", 11, "abc"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(grammar), cmocka_unit_test(loose),    cmocka_unit_test(places),
      cmocka_unit_test(depth),   cmocka_unit_test(decoding),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

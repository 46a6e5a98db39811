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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Parses a copy of exact size. */
static zarrc_status parse_n(zarrc_ctx *ctx, const char *text, size_t n, const char *opaque, zarrc_json_doc **doc,
                            zarrc_error *error) {
  char *exact = malloc(n ? n : 1);
  memcpy(exact, text, n);
  zarrc_status status = zarrc_json_parse(ctx, exact, n, opaque, doc, error);
  memset(exact, 'x', n); /* the document has a copy */
  free(exact);
  return status;
}

static zarrc_json_doc *parse(zarrc_ctx *ctx, const char *text, const char *opaque) {
  zarrc_json_doc *doc = NULL;
  zarrc_error error = {0};
  if (parse_n(ctx, text, strlen(text), opaque, &doc, &error)) fail_msg("%s: %s", text, error.message);
  return doc;
}

static void text_is(const zarrc_json *value, const char *text) {
  size_t n;
  const char *p = zarrc_json_text(value, &n);
  assert_int_equal(n, strlen(text));
  assert_true(memcmp(p, text, n) == 0);
}

static void values(void **state) {
  zarrc_json_doc *doc = parse(*state,
                              " {\"n\" : null, \"t\":true,\"f\":false ,\"i\": -12,\"r\":1e5,"
                              "\"s\":\"a\\u00e9\\u0000b\", \"a\": [ 1,[ ] , {} ],\"o\":{\"x\":{\"y\":\"z\"}}} ",
                              NULL);
  const zarrc_json *root = zarrc_json_root(doc);
  static const char *const keys[] = {"n", "t", "f", "i", "r", "s", "a", "o"};
  static const char *const texts[] = {
      "null", "true", "false", "-12", "1e5", "\"a\\u00e9\\u0000b\"", "[ 1,[ ] , {} ]", "{\"x\":{\"y\":\"z\"}}"};
  static const zarrc_json_kind kinds[] = {ZARRC_JSON_NULL, ZARRC_JSON_BOOL,   ZARRC_JSON_BOOL,  ZARRC_JSON_INTEGER,
                                          ZARRC_JSON_REAL, ZARRC_JSON_STRING, ZARRC_JSON_ARRAY, ZARRC_JSON_OBJECT};
  assert_int_equal(zarrc_json_get_kind(root), ZARRC_JSON_OBJECT);
  assert_int_equal(zarrc_json_length(root), 8);
  for (size_t i = 0; i < 8; i++) {
    const zarrc_json *value = zarrc_json_at(root, i);
    assert_string_equal(zarrc_json_key(root, i), keys[i]);
    assert_ptr_equal(zarrc_json_get(root, keys[i]), value);
    assert_int_equal(zarrc_json_get_kind(value), kinds[i]);
    text_is(value, texts[i]);
    bool b;
    int64_t n;
    uint64_t u;
    double d;
    size_t len;
    assert_int_equal(zarrc_json_get_bool(value, &b), kinds[i] == ZARRC_JSON_BOOL);
    assert_int_equal(zarrc_json_get_int64(value, &n), kinds[i] == ZARRC_JSON_INTEGER);
    assert_false(zarrc_json_get_uint64(value, &u));
    assert_int_equal(zarrc_json_get_double(value, &d), kinds[i] == ZARRC_JSON_INTEGER || kinds[i] == ZARRC_JSON_REAL);
    assert_int_equal(zarrc_json_get_string(value, &len) != NULL, kinds[i] == ZARRC_JSON_STRING);
    assert_int_equal(zarrc_json_length(value), i == 6 ? 3 : i == 7 ? 1 : 0);
    assert_null(zarrc_json_at(value, 3));
    assert_null(zarrc_json_get(value, "n"));
  }
  bool b = false;
  double d = 0;
  size_t n = 0;
  int64_t i = 0;
  assert_true(zarrc_json_get_bool(zarrc_json_get(root, "t"), &b) && b);
  assert_true(zarrc_json_get_bool(zarrc_json_get(root, "f"), &b) && !b);
  assert_true(zarrc_json_get_double(zarrc_json_get(root, "r"), &d) && d == 1e5);
  assert_true(zarrc_json_get_double(zarrc_json_get(root, "i"), &d) && d == -12);
  const char *string = zarrc_json_get_string(zarrc_json_get(root, "s"), &n);
  assert_int_equal(n, 5);
  assert_memory_equal(string, "a\xc3\xa9\0b", 6);
  assert_false(zarrc_json_string_is(zarrc_json_get(root, "s"), "a\xc3\xa9"));
  const zarrc_json *z = zarrc_json_get(zarrc_json_get(zarrc_json_get(root, "o"), "x"), "y");
  assert_true(zarrc_json_string_is(z, "z"));
  assert_false(zarrc_json_string_is(z, "zz") || zarrc_json_string_is(NULL, "z") || zarrc_json_string_is(root, ""));
  assert_true(zarrc_json_get_int64(zarrc_json_at(zarrc_json_get(root, "a"), 0), &i) && i == 1);
  assert_null(zarrc_json_key(zarrc_json_get(root, "a"), 0));
  assert_null(zarrc_json_key(root, 8));
  assert_null(zarrc_json_get(root, "z"));
  assert_null(zarrc_json_get(root, ""));
  assert_null(zarrc_json_get(NULL, "a"));
  assert_false(zarrc_json_is(NULL, ZARRC_JSON_NULL));
  assert_string_equal(zarrc_json_kind_name(ZARRC_JSON_INTEGER), "an integer");
  assert_string_equal(zarrc_json_kind_name(ZARRC_JSON_OBJECT), "an object");
  zarrc_json_close(doc);
}

static void numbers(void **state) {
  static const struct {
    const char *text;
    bool is_int64, is_uint64;
    int64_t i;
    uint64_t u;
    double d;
  } cases[] = {
      {"0", true, true, 0, 0, 0},
      {"-0", true, true, 0, 0, 0},
      {"-1", true, false, -1, 0, -1},
      {"9223372036854775807", true, true, INT64_MAX, INT64_MAX, 0x1p63},
      {"9223372036854775808", false, true, 0, (uint64_t)INT64_MAX + 1, 0x1p63},
      {"-9223372036854775808", true, false, INT64_MIN, 0, -0x1p63},
      {"-9223372036854775809", false, false, 0, 0, -0x1p63},
      {"18446744073709551615", false, true, 0, UINT64_MAX, 0x1p64},
      {"18446744073709551616", false, false, 0, 0, 0x1p64},
      {"184467440737095516150", false, false, 0, 0, 184467440737095516150.0},
      {"123456789012345678901234567890", false, false, 0, 0, 123456789012345678901234567890.0},
      {"-0.0", false, false, 0, 0, -0.0},
      {"1.0", false, false, 0, 0, 1},
      {"1e5", false, false, 0, 0, 1e5},
      {"1E-400", false, false, 0, 0, 0},
      {"-1e400", false, false, 0, 0, -INFINITY},
      {"0.1", false, false, 0, 0, 0.1},
      {"true", false, false, 0, 0, 0},
      {"\"1\"", false, false, 0, 0, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    zarrc_json_doc *doc = parse(*state, cases[i].text, NULL);
    const zarrc_json *root = zarrc_json_root(doc);
    int64_t x = 0;
    uint64_t u = 0;
    double d = 0;
    assert_int_equal(zarrc_json_get_int64(root, &x), cases[i].is_int64);
    assert_int_equal(zarrc_json_get_uint64(root, &u), cases[i].is_uint64);
    assert_true(x == cases[i].i && u == cases[i].u);
    bool number = zarrc_json_get_double(root, &d);
    assert_int_equal(number, cases[i].text[0] != 't' && cases[i].text[0] != '"');
    assert_memory_equal(&d, &cases[i].d, sizeof d);
    text_is(root, cases[i].text);
    zarrc_json_close(doc);
  }
}

/* What only Python writes is no number, even where it is let pass. */
static void nan_is_no_double(void **state) {
  zarrc_json_doc *doc = parse(*state, "[NaN, Infinity, -Infinity]", "+");
  for (size_t i = 0; i < 3; i++) {
    double d = 7;
    assert_true(zarrc_json_is(zarrc_json_at(zarrc_json_root(doc), i), ZARRC_JSON_REAL));
    assert_false(zarrc_json_get_double(zarrc_json_at(zarrc_json_root(doc), i), &d));
    assert_true(d == 7);
  }
  zarrc_json_close(doc);
}

static void repeated_keys(void **state) {
  static const char *const cases[][2] = {
      {"{\"a\":1,\"a\":2}", "line 1, column 12: a second value for the key \"a\""},
      {"{\"a\":1,\n\"b\":[],\"\\u0061\":{}}", "line 2, column 17: a second value for the key \"a\""},
      {"[{\"x\":{\"\":1,\"\":2}}]", "line 1, column 16: a second value for the key \"\""},
      {"{\"c\":0,\"b\":1,\"a\":2,\"c\":3}", "line 1, column 24: a second value for the key \"c\""},
      {"{\"a\\u0000\":0,\"a\\u0000\":3}", "line 1, column 24: a second value for the key \"a?\""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    zarrc_json_doc *doc = NULL;
    zarrc_error error = {0};
    assert_int_equal(parse_n(*state, cases[i][0], strlen(cases[i][0]), NULL, &doc, &error), ZARRC_INVALID_METADATA);
    assert_string_equal(error.message, cases[i][1]);
    assert_null(doc);
  }
  /* keys that only begin alike are different, and do not stand for each other */
  zarrc_json_doc *doc = parse(*state, "{\"a\\u0000\":0,\"ab\":2,\"a\\u0000b\":3,\"\":4}", NULL);
  const zarrc_json *root = zarrc_json_root(doc);
  assert_null(zarrc_json_get(root, "a"));
  text_is(zarrc_json_get(root, "ab"), "2");
  text_is(zarrc_json_get(root, ""), "4");
  static const char *const allowed[] = {"a", "ab", "", NULL};
  assert_int_equal(zarrc_json_check_keys(root, allowed, NULL), ZARRC_INVALID_METADATA);
  zarrc_json_close(doc);
}

static void opaque_member(void **state) {
  static const char text[] =
      "{\"a\":1,\"attributes\" : {\"x\":NaN,\"x\":[Infinity,-Infinity,\"\\ud800\"] } ,\"b\":{\"attributes\":[1]}}";
  zarrc_json_doc *doc = parse(*state, text, "attributes");
  const zarrc_json *root = zarrc_json_root(doc), *opaque = zarrc_json_get(root, "attributes");
  assert_int_equal(zarrc_json_length(root), 3);
  assert_int_equal(zarrc_json_get_kind(opaque), ZARRC_JSON_OBJECT);
  assert_int_equal(zarrc_json_length(opaque), 0);
  assert_null(zarrc_json_at(opaque, 0));
  assert_null(zarrc_json_get(opaque, "x"));
  text_is(opaque, "{\"x\":NaN,\"x\":[Infinity,-Infinity,\"\\ud800\"] }");
  assert_int_equal(zarrc_json_length(zarrc_json_get(zarrc_json_get(root, "b"), "attributes")), 1);
  zarrc_json_close(doc);

  doc = parse(*state, "{\"\\u0061ttributes\":[[NaN]],\"c\":[2]}", "attributes");
  text_is(zarrc_json_get(zarrc_json_root(doc), "attributes"), "[[NaN]]");
  assert_int_equal(zarrc_json_length(zarrc_json_get(zarrc_json_root(doc), "attributes")), 0);
  assert_int_equal(zarrc_json_length(zarrc_json_get(zarrc_json_root(doc), "c")), 1);
  zarrc_json_close(doc);
  doc = parse(*state, "{\"attributes\":\"text\"}", "attributes");
  assert_true(zarrc_json_string_is(zarrc_json_get(zarrc_json_root(doc), "attributes"), "text"));
  zarrc_json_close(doc);

  static const char *const bad[] = {
      "{\"attributes\":NaN}",       "{\"attributes\":{\"x\":NaN},\"y\":NaN}", "{\"b\":{\"attributes\":[NaN]}}",
      "{\"attributes\":{\"x\":1]}", "{\"attributes\":{},\"attributes\":{}}",  "{\"attributes\":[\"\xff\"]}",
      "{\"attributes\":{\"x\":}}",  "[{\"attributes\":{\"x\":NaN}}]",         "{\"attributes\":{\"x\":nan}}",
      "{\"attributes\":[",          "{\"attributes\":\"\\ud800\"}",
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_int_equal(parse_n(*state, bad[i], strlen(bad[i]), "attributes", &doc, NULL), ZARRC_INVALID_METADATA);
  }
}

static void check_keys(void **state) {
  static const char *const allowed[] = {"name", "configuration", NULL}, *const none[] = {NULL};
  zarrc_error error = {0};
  zarrc_json_doc *doc = parse(*state, "{\"configuration\":{},\"name\":[]}", NULL);
  const zarrc_json *root = zarrc_json_root(doc);
  assert_int_equal(zarrc_json_check_keys(root, allowed, &error), ZARRC_OK);
  assert_int_equal(zarrc_json_check_keys(zarrc_json_get(root, "configuration"), none, &error), ZARRC_OK);
  assert_int_equal(zarrc_json_check_keys(root, none, &error), ZARRC_INVALID_METADATA);
  assert_string_equal(error.message, "unknown member \"configuration\"");
  assert_int_equal(zarrc_json_check_keys(zarrc_json_get(root, "name"), none, &error), ZARRC_INVALID_METADATA);
  assert_string_equal(error.message, "expected an object, found an array");
  assert_int_equal(zarrc_json_check_keys(NULL, none, &error), ZARRC_INVALID_METADATA);
  assert_string_equal(error.message, "expected an object, found nothing");
  zarrc_json_close(doc);
}

/* A document of about n bytes: head, part over and over, tail; %d in a part is its number. */
static char *repeat(const char *head, const char *part, const char *tail, size_t n) {
  char *text = malloc(n + 200), *p = text + sprintf(text, "%s", head);
  bool numbered = strchr(part, '%') != NULL;
  for (int i = 0; (size_t)(p - text) < n; i++) {
    if (numbered) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
      p += sprintf(p, part, 999999999 - i);
#pragma GCC diagnostic pop
    } else {
      p = stpcpy(p, part);
    }
  }
  strcpy(p, tail);
  return text;
}

static void hostile_documents_cost_little(void **state) {
  (void)state;
  enum { N = 1 << 19 };
  static const struct {
    const char *head, *part, *tail;
    zarrc_status status;
  } cases[] = {
      {"", "[", "", ZARRC_INVALID_METADATA},
      {"", "[,", "", ZARRC_INVALID_METADATA},
      {"", "{\"a\":", "", ZARRC_INVALID_METADATA},
      {"[", "[],", "0]", ZARRC_OK},
      {"[", "{},", "0]", ZARRC_OK},
      {"[", "1,", "1]", ZARRC_OK},
      {"[", "1,", "", ZARRC_INVALID_METADATA},
      {"[", "\"\",", "1]", ZARRC_OK},
      {"[", "{\"\":0},", "1]", ZARRC_OK},
      {"{", "\"%d\":0,", "\"x\":0}", ZARRC_OK},
      {"{", "\"%d\":0,", "\"999999999\":0}", ZARRC_INVALID_METADATA},
      {"{\"attributes\":{", "\"%d\":0,", "\"x\":0}}", ZARRC_OK},
      {"{", "\"a\":0,", "\"x\":0}", ZARRC_LIMIT},
      {"\"", "\\u0000", "\"", ZARRC_OK},
      {"\"", "\\\\", "\"", ZARRC_OK},
      {"\"", "\xf0\x9f\x98\x80", "\"", ZARRC_OK},
      {"", "1", "", ZARRC_OK},
      {"1.", "1", "", ZARRC_OK},
      {"", " ", "1", ZARRC_OK},
      {"{\"attributes\":", "[", "", ZARRC_INVALID_METADATA},
      {"{\"attributes\":{", "\"a\":NaN,", "\"a\":0}}", ZARRC_OK},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    zarrc_ctx *ctx = NULL;
    zarrc_json_doc *doc = NULL;
    zarrc_error error = {0};
    double d;
    assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
    char *text = repeat(cases[i].head, cases[i].part, cases[i].tail, N);
    size_t n = strlen(text);
    uint64_t before = zarrc_ctx_memory(ctx);
    assert_int_equal(parse_n(ctx, text, n, "attributes", &doc, &error), cases[i].status);
    assert_true(zarrc_ctx_memory_peak(ctx) - before <= 32 * n);
    if (doc) zarrc_json_get_double(zarrc_json_root(doc), &d);
    zarrc_json_close(doc);
    assert_int_equal(zarrc_ctx_memory(ctx), before);
    free(text);
    zarrc_ctx_close(ctx);
  }
}

static bool stop_at_the_third(void *ud) {
  return ++*(int *)ud >= 3;
}

/* Whether to go on is asked while a document is read, inside what is opaque too. */
static void a_long_document_can_be_canceled(void **state) {
  static const char *const heads[] = {"{\"a\":[", "{\"attributes\":["};
  (void)state;
  for (int i = 0; i < 2; i++) {
    int asked = 0;
    zarrc_ctx_options options = {.canceled = stop_at_the_third, .canceled_ud = &asked};
    zarrc_ctx *ctx = NULL;
    zarrc_json_doc *doc = NULL;
    zarrc_error error = {0};
    assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
    char *text = repeat(heads[i], "1,", "1]}", 1000000);
    assert_int_equal(parse_n(ctx, text, strlen(text), "attributes", &doc, &error), ZARRC_CANCELED);
    assert_int_equal(error.code, ZARRC_CANCELED);
    assert_int_equal(asked, 3);
    free(text);
    zarrc_ctx_close(ctx);
  }
}

static void values_and_members_have_a_limit(void **state) {
  static const struct {
    const char *head, *part, *tail;
    size_t n;
    zarrc_status status;
  } rows[] = {{"[", "1,", "1]", 1 + 2 * (((size_t)1 << 22) - 2), ZARRC_OK}, /* so many values, the list and the last */
              {"[", "1,", "1]", 1 + 2 * (((size_t)1 << 22) - 1), ZARRC_LIMIT},
              {"{", "\"%d\":0,", "\"x\":0}", 1 + 14 * ((1 << 16) - 1), ZARRC_OK}, /* and the last */
              {"{", "\"%d\":0,", "\"999999999\":0}", 1 + 14 * ((1 << 16) - 1), ZARRC_INVALID_METADATA},
              {"{", "\"%d\":0,", "\"x\":0}", 1 + 14 * (1 << 16), ZARRC_LIMIT}};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_ctx *ctx = NULL;
    zarrc_json_doc *doc = NULL;
    assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
    char *text = repeat(rows[i].head, rows[i].part, rows[i].tail, rows[i].n);
    assert_int_equal(parse_n(ctx, text, strlen(text), NULL, &doc, NULL), rows[i].status);
    zarrc_json_close(doc);
    free(text);
    zarrc_ctx_close(ctx);
  }
}

static void every_truncation_is_refused(void **state) {
  static const char *const tables[] = {"metadata/fill_value.json", "metadata/codec_json.json",
                                       "metadata/array_json.json"};
  for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
    size_t nbytes;
    char *text = (char *)data_read(tables[t], &nbytes);
    zarrc_json_doc *rows = NULL;
    zarrc_error error = {0};
    if (zarrc_json_parse(*state, text, nbytes, NULL, &rows, &error)) fail_msg("%s", error.message);
    const zarrc_json *root = zarrc_json_root(rows);
    assert_true(zarrc_json_length(root) > 40);
    for (size_t i = 0; i < zarrc_json_length(root); i++) {
      size_t n;
      const char *row = zarrc_json_text(zarrc_json_at(root, i), &n);
      for (size_t cut = 0; cut <= n; cut += cut + 7 < n && n > 500 ? 7 : 1) {
        zarrc_json_doc *doc = NULL;
        zarrc_status want = cut < n ? ZARRC_INVALID_METADATA : ZARRC_OK;
        assert_int_equal(parse_n(*state, row, cut, "document", &doc, NULL), want);
        zarrc_json_close(doc);
      }
    }
    zarrc_json_close(rows);
    free(text);
  }
}

/* Any byte anywhere gives a document or an error. */
static void every_flip_is_survived(void **state) {
  char text[] = "{\"a\":[1,-2.5e3,null],\"\\u00e9\":{\"attributes\":\"\xc3\xa9\"},\"attributes\":{\"x\":[NaN]}}";
  for (size_t i = 0; i < sizeof text - 1; i++) {
    char was = text[i];
    for (int byte = 0; byte < 256; byte++) {
      zarrc_json_doc *doc = NULL;
      text[i] = (char)byte;
      parse_n(*state, text, sizeof text - 1, "attributes", &doc, NULL);
      if (doc) assert_non_null(zarrc_json_root(doc));
      zarrc_json_close(doc);
    }
    text[i] = was;
  }
}

static zarrc_status parse_once(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *ctx = NULL;
  zarrc_json_doc *doc = NULL;
  zarrc_error error;
  zarrc_status status = zarrc_ctx_open(options, &ctx, &error);
  if (!status) status = zarrc_json_parse(ctx, arg, strlen(arg), "attributes", &doc, &error);
  zarrc_json_close(doc);
  zarrc_ctx_close(ctx);
  return status;
}

static void no_memory(void **state) {
  (void)state;
  char *text = repeat("{\"attributes\":[[]],\"a\":[", "{\"b\":\"c\"},", "{}]}", 2000);
  assert_true(faulty_alloc_each(NULL, parse_once, text) >= 4);
  free(text);
}

static void too_long(void **state) {
  zarrc_json_doc *doc = NULL;
  assert_int_equal(zarrc_json_parse(*state, "", UINT32_MAX, NULL, &doc, NULL), ZARRC_LIMIT);
  zarrc_json_close(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values),
      cmocka_unit_test(numbers),
      cmocka_unit_test(nan_is_no_double),
      cmocka_unit_test(repeated_keys),
      cmocka_unit_test(opaque_member),
      cmocka_unit_test(check_keys),
      cmocka_unit_test(hostile_documents_cost_little),
      cmocka_unit_test(a_long_document_can_be_canceled),
      cmocka_unit_test(values_and_members_have_a_limit),
      cmocka_unit_test(every_truncation_is_refused),
      cmocka_unit_test(every_flip_is_survived),
      cmocka_unit_test(no_memory),
      cmocka_unit_test(too_long),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

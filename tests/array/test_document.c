/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/documents.h"

#include <stdio.h>
#include <string.h>

static zarrc_ctx *ctx;

static int open_ctx(void **state) {
  (void)state;
  return zarrc_ctx_open(NULL, &ctx, NULL);
}

static int close_ctx(void **state) {
  (void)state;
  zarrc_ctx_close(ctx);
  return 0;
}

static void test_kinds(void **state) {
  static const struct {
    const char *text;
    zarrc_status status;
    zarrc_node_kind kind;
    const char *message;
  } rows[] = {
      {"{\"zarr_format\": 3, \"node_type\": \"array\"}", ZARRC_OK, ZARRC_NODE_ARRAY, NULL},
      {"{\"zarr_format\": 3, \"node_type\": \"group\"}", ZARRC_OK, ZARRC_NODE_GROUP, NULL},
      {"{\"zarr_format\": 3}", ZARRC_OK, ZARRC_NODE_GROUP, NULL},
      {"{\"zarr_format\": 3, \"shape\": []}", ZARRC_INVALID_METADATA, 0, "/node_type: is missing"},
      {"{\"zarr_format\": 3, \"node_type\": null}", ZARRC_INVALID_METADATA, 0, "/node_type"},
      {"{\"zarr_format\": 3, \"node_type\": \"Array\"}", ZARRC_INVALID_METADATA, 0, "/node_type"},
      {"{\"node_type\": \"array\"}", ZARRC_INVALID_METADATA, 0, "/zarr_format: is missing"},
      {"{\"zarr_format\": 4, \"node_type\": \"array\"}", ZARRC_INVALID_METADATA, 0, "/zarr_format: must be 2 or 3"},
      {"{\"zarr_format\": 3.0, \"node_type\": \"array\"}", ZARRC_INVALID_METADATA, 0, "/zarr_format"},
      {"{\"zarr_format\": \"3\", \"node_type\": \"array\"}", ZARRC_INVALID_METADATA, 0, "/zarr_format"},
      {"{\"zarr_format\": true, \"node_type\": \"array\"}", ZARRC_INVALID_METADATA, 0, "/zarr_format"},
      {"[3]", ZARRC_INVALID_METADATA, 0, "must be an object"},
      {"3", ZARRC_INVALID_METADATA, 0, "must be an object"},
      {"", ZARRC_INVALID_METADATA, 0, "line 1"},
      {"{\"zarr_format\": 3, \"node_type\": \"group\"} x", ZARRC_INVALID_METADATA, 0, "line 1"},
      {"{\"zarr_format\": 3, \"zarr_format\": 3, \"node_type\": \"group\"}", ZARRC_INVALID_METADATA, 0, "zarr_format"},
      {"{\"zarr_format\": 3, \"x\": NaN, \"node_type\": \"group\"}", ZARRC_INVALID_METADATA, 0, "line 1"},
      /* zarr-python writes NaN in attributes, and again in the copies of consolidated metadata */
      {"{\"zarr_format\": 3, \"attributes\": {\"x\": NaN, \"x\": [-Infinity]}, "
       "\"consolidated_metadata\": {\"y\": {\"attributes\": {\"x\": NaN}}}, \"node_type\": \"group\"}",
       ZARRC_OK, ZARRC_NODE_GROUP, NULL},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_json_doc *doc = NULL;
    zarrc_document_kind kind = {0};
    zarrc_documents documents = zarrc_documents_of(rows[i].text, strlen(rows[i].text));
    zarrc_error error = {0};
    zarrc_status status = zarrc_document_parse(ctx, &documents, &doc, &kind, &error);
    if (status != rows[i].status) fail_msg("%s: %s", rows[i].text, error.message);
    if (status && !strstr(error.message, rows[i].message)) fail_msg("%s: %s", rows[i].text, error.message);
    if (!status) assert_int_equal(kind.node, rows[i].kind);
    if (!status) assert_int_equal(kind.format, 3);
    zarrc_json_close(doc);
  }
}

/* The name of a document says its format, and in format 2 what it describes. */
static void test_kinds_by_name(void **state) {
  static const struct {
    const char *name, *text, *message; /* NULL: valid */
    zarrc_document_kind kind;
  } rows[] = {
      {"zarr.json", "{\"zarr_format\": 2}", "/zarr_format: must be 3", {0}},
      {".zarray", "{\"zarr_format\": 3, \"node_type\": \"array\"}", "/zarr_format: must be 2", {0}},
      {".zgroup", "{}", "/zarr_format: is missing", {0}},
      {".zgroup", "[2]", "must be an object", {0}},
      {".zarray", "{\"zarr_format\": 2}", NULL, {2, ZARRC_NODE_ARRAY}},
      {".zgroup", "{\"zarr_format\": 2, \"shape\": []}", NULL, {2, ZARRC_NODE_GROUP}},
      {NULL, "{\"zarr_format\": 2, \"shape\": []}", NULL, {2, ZARRC_NODE_ARRAY}},
      {NULL, "{\"zarr_format\": 2}", NULL, {2, ZARRC_NODE_GROUP}},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_json_doc *doc = NULL;
    zarrc_document_kind kind = {0};
    zarrc_error error = {0};
    zarrc_documents documents = zarrc_documents_of(rows[i].text, strlen(rows[i].text));
    documents.name = rows[i].name;
    zarrc_status status = zarrc_document_parse(ctx, &documents, &doc, &kind, &error);
    assert_int_equal(status, rows[i].message ? ZARRC_INVALID_METADATA : ZARRC_OK);
    if (status && !strstr(error.message, rows[i].message)) fail_msg("%s: %s", rows[i].text, error.message);
    assert_true(kind.format == rows[i].kind.format && kind.node == rows[i].kind.node);
    zarrc_json_close(doc);
  }
}

/* The attributes of format 2 are a document of their own, which may begin with a byte order mark. */
static void test_zattrs(void **state) {
  static const struct {
    const char *text, *attributes; /* NULL: refused */
  } rows[] = {{"{}", "{}"},
              {"\xef\xbb\xbf{\"a\": NaN}", "{\"a\": NaN}"},
              {"{\"a\": 1, \"a\": 2}", "{\"a\": 1, \"a\": 2}"},
              {"\n {\"a\":1 } \n", "{\"a\":1 }"},
              {"[]", NULL},
              {"{}, \"codecs\": []", NULL},
              {"{\"a\": }", NULL}};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_bytes bytes = {.ptr = (const uint8_t *)rows[i].text, .len = strlen(rows[i].text)};
    char *text = NULL;
    zarrc_status status = zarrc_document_check_zattrs(ctx, &bytes, NULL);
    assert_int_equal(status, rows[i].attributes ? ZARRC_OK : ZARRC_INVALID_METADATA);
    if (status) continue;
    assert_int_equal(zarrc_document_zattrs(ctx, &bytes, &text, NULL), ZARRC_OK);
    assert_string_equal(text, rows[i].attributes);
    zarrc_free(ctx, text);
  }
  char *text = NULL;
  assert_int_equal(zarrc_document_zattrs(ctx, &(zarrc_bytes){0}, &text, NULL), ZARRC_OK);
  assert_string_equal(text, "{}");
  zarrc_free(ctx, text);
}

static void test_length(void **state) {
  zarrc_json_doc *doc;
  zarrc_document_kind kind;
  (void)state;
  assert_int_equal(zarrc_document_parse(ctx, DOCUMENTS("{}", ZARRC_MAX_DOCUMENT + 1), &doc, &kind, NULL), ZARRC_LIMIT);
}

static zarrc_json_doc *parse(const char *text) {
  zarrc_json_doc *doc;
  zarrc_document_kind kind;
  assert_int_equal(zarrc_document_parse(ctx, DOCUMENTS(text, strlen(text)), &doc, &kind, NULL), ZARRC_OK);
  return doc;
}

static void test_attributes(void **state) {
  static const struct {
    const char *text, *attributes; /* NULL: refused */
  } rows[] = {
      {"{\"zarr_format\": 3}", "{}"},
      {"{\"zarr_format\": 3, \"attributes\": null}", "{}"},
      {"{\"zarr_format\": 3, \"attributes\": { \"b\":1.50,\n \"a\" : NaN }}", "{ \"b\":1.50,\n \"a\" : NaN }"},
      {"{\"zarr_format\": 3, \"attributes\": [1]}", NULL},
      {"{\"zarr_format\": 3, \"attributes\": 1}", NULL},
      {"{\"zarr_format\": 3, \"attributes\": \"{}\"}", NULL},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_json_doc *doc = parse(rows[i].text);
    char *text = NULL;
    zarrc_status status = zarrc_document_attributes(ctx, zarrc_json_root(doc), &text, NULL);
    assert_int_equal(status, rows[i].attributes ? ZARRC_OK : ZARRC_INVALID_METADATA);
    if (text) assert_string_equal(text, rows[i].attributes);
    zarrc_free(ctx, text);
    zarrc_json_close(doc);
  }
}

static void test_extras(void **state) {
  static const char *const known[] = {"zarr_format", "a", NULL};
  static const struct {
    const char *members, *extras; /* NULL: refused */
  } rows[] = {
      {"\"a\": 1", ""},
      {"\"b\": {\"must_understand\": false}", ",\n  \"b\": {\"must_understand\": false}"},
      {"\"c\": {\"x\": 1.0, \"must_understand\": false}, \"b\\u00e4\": {\"must_understand\":false}",
       ",\n  \"c\": {\"x\": 1.0, \"must_understand\": false},\n  \"b\\u00e4\": {\"must_understand\":false}"},
      {"\"b\": 1", NULL},
      {"\"b\": null", NULL},
      {"\"b\": \"x\"", NULL},
      {"\"b\": [{\"must_understand\": false}]", NULL},
      {"\"b\": {}", NULL},
      {"\"b\": {\"must_understand\": true}", NULL},
      {"\"b\": {\"must_understand\": 0}", NULL},
      {"\"b\": {\"must_understand\": null}", NULL},
      {"\"b\": {\"must_understand\": \"false\"}", NULL},
      {"\"b\": {\"x\": {\"must_understand\": false}}", NULL},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char document[256], *extras = NULL;
    zarrc_error error = {0};
    snprintf(document, sizeof document, "{\"zarr_format\": 3, %s}", rows[i].members);
    zarrc_json_doc *doc = parse(document);
    zarrc_status status = zarrc_document_extras(ctx, zarrc_json_root(doc), known, &extras, &error);
    if (status != (rows[i].extras ? ZARRC_OK : ZARRC_UNSUPPORTED)) fail_msg("%s: %s", document, error.message);
    if (status && !strstr(error.message, "/b: ")) fail_msg("%s: %s", document, error.message);
    if (!status) assert_string_equal(extras ? extras : "", rows[i].extras);
    zarrc_free(ctx, extras);
    zarrc_json_close(doc);
  }
}

static void test_check(void **state) {
  static const char *const good[] = {"{}", " {\"a\": [1, NaN], \"a\": 2} ", "{\"attributes\": {}}"};
  static const char *const bad[] = {
      "", "1", "[]", "null", "{", "{}}", "{} x", "{},", "{}, \"x\": 1", "{a", "\"\"", "{}{}", "{}, \"attributes\": {}"};
  (void)state;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    assert_int_equal(zarrc_attributes_check(ctx, good[i], strlen(good[i]), NULL), ZARRC_OK);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    zarrc_error error = {0};
    assert_int_equal(zarrc_attributes_check(ctx, bad[i], strlen(bad[i]), NULL), ZARRC_INVALID_ARGUMENT);
    assert_int_equal(zarrc_attributes_check(ctx, bad[i], strlen(bad[i]), &error), ZARRC_INVALID_ARGUMENT);
    assert_int_equal(error.code, ZARRC_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "attributes: "));
  }
}

/* Lines and columns are those of the text that was given. */
static void test_check_says_where(void **state) {
  zarrc_error error = {0};
  (void)state;
  assert_int_equal(zarrc_attributes_check(ctx, "{\"a\": 1, b}", 11, &error), ZARRC_INVALID_ARGUMENT);
  assert_non_null(strstr(error.message, "attributes: line 1, column 10: "));
  assert_int_equal(zarrc_attributes_check(ctx, "{\n \"a\": tru}", 12, &error), ZARRC_INVALID_ARGUMENT);
  assert_non_null(strstr(error.message, "attributes: line 2, column 7: "));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_kinds),  cmocka_unit_test(test_kinds_by_name),    cmocka_unit_test(test_zattrs),
      cmocka_unit_test(test_length), cmocka_unit_test(test_attributes),       cmocka_unit_test(test_extras),
      cmocka_unit_test(test_check),  cmocka_unit_test(test_check_says_where),
  };
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/consolidated.h"
#include "support/context.h"
#include "support/faulty_alloc.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY "{\"node_type\": \"array\"}"
#define GROUP "{\"node_type\": \"group\"}"

static zarrc_ctx *ctx;

static int open_ctx(void **state) {
  if (context_setup(state)) return -1;
  ctx = *state;
  return 0;
}

static zarrc_consolidated *open_text(int format, const char *text) {
  zarrc_consolidated *c = NULL;
  zarrc_error error = {0};
  if (zarrc_consolidated_open(ctx, "top", format, text, text ? strlen(text) : 0, &c, &error))
    fail_msg("%s", SAID(error));
  return c;
}

static void expect_children(const zarrc_consolidated *c, const char *path, const char *expected) {
  char text[400] = "";
  const char *next;
  zarrc_consolidated_children children = zarrc_consolidated_below(c, path);
  while ((next = zarrc_consolidated_next(&children)))
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s ", next);
  assert_string_equal(text, expected);
}

static void expect(const zarrc_consolidated *c, const char *path, const char *name, const char *main,
                   const char *attributes) {
  zarrc_documents d;
  assert_int_equal(zarrc_consolidated_find(c, path, &d, NULL), ZARRC_OK);
  assert_string_equal(d.name, name);
  assert_int_equal(d.main.len, strlen(main));
  assert_memory_equal(d.main.ptr, main, d.main.len);
  assert_int_equal(d.attributes.len, attributes ? strlen(attributes) : 0);
  if (attributes) assert_memory_equal(d.attributes.ptr, attributes, d.attributes.len);
}

static void expect_none(const zarrc_consolidated *c, const char *path) {
  zarrc_documents d;
  zarrc_error error = {0};
  assert_int_equal(zarrc_consolidated_find(c, path, &d, &error), ZARRC_NOT_FOUND);
  assert_non_null(strstr(SAID(error), "in the consolidated metadata"));
}

static void test_format_3(void **state) {
  (void)state;
  zarrc_consolidated *c =
      open_text(3, "{\"kind\": \"inline\", \"metadata\": {\"b\": " GROUP ", \"b/y\": " ARRAY ", \"a-b\": " ARRAY
                   ", \"a/x\": " ARRAY ", \"a\": " GROUP ", \"b\\u002fx/deep\": " GROUP ", \"b/x\": " GROUP
                   ", \"\": " GROUP ", \"b/y/z\": " GROUP "}}");
  assert_true(zarrc_consolidated_is_there(c));
  assert_string_equal(zarrc_consolidated_path(c), "top");
  expect_children(c, "", "a a-b b ");
  expect_children(c, "a", "a/x ");
  expect_children(c, "b", "b/x b/y ");
  expect_children(c, "b/x", "b/x/deep ");
  expect_children(c, "none", "");
  expect(c, "b/y", "zarr.json", ARRAY, NULL);
  expect(c, "b/x/deep", "zarr.json", GROUP, NULL);
  expect_none(c, "b/y/z"); /* below an array */
  expect_none(c, "");
  expect_none(c, "a/x/");
  expect_none(c, "A");
  zarrc_consolidated_close(zarrc_consolidated_share(c));
  expect(c, "a", "zarr.json", GROUP, NULL);
  zarrc_consolidated_close(c);
}

static void test_format_2(void **state) {
  (void)state;
  zarrc_consolidated *c = open_text(
      2, "\xef\xbb\xbf{\"metadata\": {\".zgroup\": {\"a\": 1}, \".zattrs\": {\"b\": NaN}, \"x/.zattrs\": {\"c\": 2}, "
         "\"x/.zarray\": {\"d\": \"}\"}, \"g/.zgroup\": {}, \"g/x/.zarray\": {}, \"only/.zattrs\": {}, \"../nczarr\": "
         "[1], "
         "\"g/.zgroup\\u0000\": 1, \"both/.zgroup\": {}, \"both/.zarray\": {\"e\": 1}}}");
  assert_string_equal(zarrc_consolidated_name(c), ".zmetadata");
  expect_children(c, "", "both g x ");
  expect_children(c, "g", "g/x ");
  expect(c, "", ".zgroup", "{\"a\": 1}", "{\"b\": NaN}");
  expect(c, "x", ".zarray", "{\"d\": \"}\"}", "{\"c\": 2}");
  expect(c, "g", ".zgroup", "{}", NULL);
  expect(c, "both", ".zarray", "{\"e\": 1}", NULL);
  expect_none(c, "only");
  zarrc_consolidated_close(c);
}

/* Attributes are checked where they are taken. */
static void test_attributes(void **state) {
  zarrc_documents d;
  zarrc_error error = {0};
  (void)state;
  zarrc_consolidated *c = open_text(2, "{\"metadata\": {\"x/.zarray\": {}, \"x/.zattrs\": [1]}}");
  assert_int_equal(zarrc_consolidated_find(c, "x", &d, &error), ZARRC_INVALID_METADATA);
  assert_string_equal(SAID(error), "must be one JSON object");
  zarrc_consolidated_close(c);
}

static void test_absent(void **state) {
  static const char *const texts[] = {NULL, "{}",
                                      "{\"zarr_consolidated_format\": 1, \"a\": {\"metadata\": {\"x\": 1}}}"};
  (void)state;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    zarrc_consolidated *c = open_text(2, texts[i]);
    assert_false(zarrc_consolidated_is_there(c));
    expect_children(c, "", "");
    expect_none(c, "x");
    zarrc_consolidated_close(c);
  }
  zarrc_consolidated *c = open_text(3, "{\"metadata\": {}}");
  assert_true(zarrc_consolidated_is_there(c));
  zarrc_consolidated_close(c);
}

static void refuse(int format, const char *text, zarrc_status wanted, const char *said) {
  zarrc_consolidated *c = NULL;
  zarrc_error error = {0};
  assert_int_equal(zarrc_consolidated_open(ctx, "", format, text, strlen(text), &c, &error), wanted);
  if (!strstr(SAID(error), said)) fail_msg("%s: %s", text, SAID(error));
  assert_null(c);
}

static void test_refused(void **state) {
  static const char *const paths[] = {"/a", "a/", "a//b", ".", "..", "a/../b", "a/.", "a\\u0000b"};
  (void)state;
  refuse(3, "[]", ZARRC_INVALID_METADATA, "must be an object, not an array");
  refuse(3, "{\"metadata\": []}", ZARRC_INVALID_METADATA, "/metadata: must be an object");
  refuse(3, "{\"metadata\": {}, \"metadata\": {}}", ZARRC_INVALID_METADATA, "a second value");
  refuse(3, "{\"metadata\": {\"a\": {}, \"\\u0061\": {}}}", ZARRC_INVALID_METADATA, "a second zarr.json of \"a\"");
  refuse(2, "{\"metadata\": {\"a/.zattrs\": {}, \"b\": 1, \"a/.zattrs\": {}}}", ZARRC_INVALID_METADATA,
         "a second .zattrs of \"a\"");
  refuse(3, "{\"metadata\": {\"\\ud800\": {}}}", ZARRC_INVALID_METADATA, "half of a surrogate pair");
  refuse(3, "{\"metadata\": {\"a\": {}", ZARRC_INVALID_METADATA, "line 1");
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    char text[100];
    snprintf(text, sizeof text, "{\"metadata\": {\"%s\": {}}}", paths[i]);
    refuse(3, text, ZARRC_INVALID_METADATA, "is not the path of a node");
    if (i == 7) continue; /* no document of format 2 is called so */
    snprintf(text, sizeof text, "{\"metadata\": {\"%s/.zarray\": {}}}", paths[i]);
    refuse(2, text, ZARRC_INVALID_METADATA, "is not the path of a node");
  }
}

/* Many entries: the text of all of them, or none. */
static char *many(size_t n, size_t *len) {
  char *text = malloc(20 * n + 40);
  char *p = text + sprintf(text, "{\"metadata\": {");
  for (size_t i = 0; i < n; i++)
    p += sprintf(p, "%s\"%zx\":{}", i ? "," : "", (size_t)(i * UINT64_C(2654435761) % 4294967296u));
  p += sprintf(p, "}}");
  *len = (size_t)(p - text);
  return text;
}

static void test_many(void **state) {
  zarrc_consolidated *c = NULL;
  zarrc_error error = {0};
  size_t len, n = 0, most = 100000;
  (void)state;
  char *text = many(2000000, &len);
  assert_int_equal(zarrc_consolidated_open(ctx, "", 3, text, len, &c, &error), ZARRC_LIMIT);
  assert_string_equal(SAID(error), "/metadata: more than 1048576 entries");
  free(text);
  text = many(most, &len);
  uint64_t before = zarrc_ctx_memory(ctx);
  assert_int_equal(zarrc_consolidated_open(ctx, "", 3, text, len, &c, &error), ZARRC_OK);
  assert_true(zarrc_ctx_memory(ctx) - before < 8 * len); /* the shortest entries there are */
  zarrc_consolidated_children children = zarrc_consolidated_below(c, "");
  const char *last = "", *next;
  for (; (next = zarrc_consolidated_next(&children)); n++) {
    assert_true(strcmp(last, next) < 0);
    last = next;
  }
  assert_int_equal(n, most);
  zarrc_consolidated_close(c);
  free(text);
}

static void test_entries(void **state) {
  zarrc_bytes before, after;
  (void)state;
  zarrc_consolidated *c =
      open_text(2, " {\"x\": 1, \"metadata\" : {\"b/.zattrs\" : {}, \"b/.zarray\":  7, \"b/t\": \"é\"}, \"y\": 2}");
  static const char *const members[] = {"\"b/.zarray\":  7", "\"b/.zattrs\" : {}", "\"b/t\": \"é\""};
  assert_int_equal(zarrc_consolidated_nentries(c), 3);
  for (uint32_t i = 0; i < 3; i++) {
    zarrc_consolidated_entry e = zarrc_consolidated_entry_at(c, i);
    assert_string_equal(e.path, "b");
    assert_int_equal(e.nmember, strlen(members[i]));
    assert_memory_equal(e.member, members[i], e.nmember);
    assert_int_equal(e.describes, i == 0);
    assert_int_equal(e.is_document, i < 2);
  }
  zarrc_consolidated_around(c, &before, &after);
  assert_int_equal(before.len, strlen(" {\"x\": 1, \"metadata\" : "));
  assert_int_equal(after.len, strlen(", \"y\": 2}"));
  assert_memory_equal(after.ptr, ", \"y\": 2}", after.len);
  zarrc_consolidated_close(c);
}

static zarrc_status whole_life(const zarrc_ctx_options *options, void *arg) {
  static const char text[] = "{\"metadata\": {\"a/.zarray\": {}, \"a/.zattrs\": {\"x\": [1]}, \"b/.zgroup\": {}}}";
  zarrc_ctx *own = NULL;
  zarrc_consolidated *c = NULL;
  zarrc_documents d;
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  if (!status) status = zarrc_consolidated_open(own, "g", 2, text, sizeof text - 1, &c, NULL);
  if (!status) status = zarrc_consolidated_find(c, "a", &d, NULL);
  zarrc_consolidated_close(c);
  zarrc_ctx_close(own);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  print_message("%zu allocations\n", faulty_alloc_each(NULL, whole_life, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_format_3), cmocka_unit_test(test_format_2),  cmocka_unit_test(test_attributes),
      cmocka_unit_test(test_absent),   cmocka_unit_test(test_refused),   cmocka_unit_test(test_many),
      cmocka_unit_test(test_entries),  cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, open_ctx, context_teardown);
}

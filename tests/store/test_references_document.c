/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/references.h"
#include "support/context.h"
#include "support/faulty_alloc.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static zarrc_references read_it(zarrc_ctx *ctx, const char *text) {
  zarrc_references r;
  zarrc_error error;
  if (zarrc_references_read(ctx, text, strlen(text), &r, &error)) fail_msg("%s: %s", text, SAID(error));
  return r;
}

/* One line for each reference: key, target, offset, length. */
static void expect(zarrc_ctx *ctx, const char *text, const char *want) {
  zarrc_references r = read_it(ctx, text);
  char got[4096] = "";
  for (uint32_t i = 0; i < r.n; i++) {
    const zarrc_reference *f = zarrc_references_at(&r, i);
    bool is_inline = f->target == ZARRC_REFERENCES_INLINE;
    size_t at = strlen(got);
    if (is_inline)
      snprintf(got + at, sizeof got - at, "%s \"%.*s\"\n", zarrc_references_key(&r, f), (int)f->nbytes,
               (const char *)r.values.ptr + f->offset);
    else if (f->nbytes == ZARRC_UNKNOWN)
      snprintf(got + at, sizeof got - at, "%s %s\n", zarrc_references_key(&r, f), zarrc_references_url(&r, f->target));
    else
      snprintf(got + at, sizeof got - at, "%s %s %d %d\n", zarrc_references_key(&r, f),
               zarrc_references_url(&r, f->target), (int)f->offset, (int)f->nbytes);
    assert_ptr_equal(zarrc_references_find(&r, zarrc_references_key(&r, f)), f);
  }
  assert_string_equal(got, want);
  assert_null(zarrc_references_find(&r, "nothing"));
  zarrc_references_clear(&r);
}

static void test_versions(void **state) {
  zarrc_ctx *ctx = *state;
  expect(ctx, "{}", "");
  expect(ctx, "{\"a\": \"text\", \"b/0\": [\"u\"], \"b/1\": [\"u\", 5, 6]}", "a \"text\"\nb/0 u\nb/1 u 5 6\n");
  expect(ctx, "{\"version\": 1, \"refs\": {\"b\": [\"u\", 0, 0], \"a\": \"\"}}", "a \"\"\nb u 0 0\n");
  expect(ctx, "{\"refs\": {\"a\": [\"u\"]}, \"gen\": [ ], \"templates\": {}, \"version\": 1}", "a u\n");
  expect(ctx, "{\"refs\": [\"u\", 1, 2]}", "refs u 1 2\n"); /* of version 0 */
}

static void test_values(void **state) {
  zarrc_ctx *ctx = *state;
  expect(ctx, "{\"a\": \"base64:AQID\", \"b\": \"base64:\"}", "a \"\1\2\3\"\nb \"\"\n");
  expect(ctx, "{\"a\": \"\\u00e9\\n\", \"z\": {\"x\": [1, {\"y\": 2}]}, \"zz\": [\"u\"]}",
         "a \"\xC3\xA9\n\"\nz \"{\"x\": [1, {\"y\": 2}]}\"\nzz u\n");
}

static void test_templates(void **state) {
  zarrc_ctx *ctx = *state;
  expect(ctx,
         "{\"version\": 1, \"refs\": {\"a\": [\"{{u}}/x{{ v }}\", 1, 2], \"b\": \"{{u}}\"}, \"templates\": {\"u\": "
         "\"s3://b\", \"v\": \"\"}}",
         "a s3://b/x 1 2\nb \"{{u}}\"\n");
  expect(ctx, "{\"a\": [\"{{u}}\"]}", "a {{u}}\n"); /* there are none */
}

/* The last of several counts; what no store can have as a key is left out. */
static void test_keys(void **state) {
  zarrc_ctx *ctx = *state;
  expect(ctx, "{\"a\": \"1\", \"b\": \"2\", \"a\": \"3\"}", "a \"3\"\nb \"2\"\n");
  expect(ctx, "{\"../a\": \"1\", \"/etc\": \"2\", \"\": \"3\", \"a//b\": [\"u\"], \"x\\u0000y\": \"4\", \"k\": \"5\"}",
         "k \"5\"\n");
}

static void refuse(zarrc_ctx *ctx, const char *text, zarrc_status want, const char *words) {
  zarrc_references r;
  zarrc_error error;
  zarrc_status status = zarrc_references_read(ctx, text, strlen(text), &r, &error);
  if (status != want || !strstr(SAID(error), words)) fail_msg("%s: %d %s", text, status, status ? SAID(error) : "");
}

static void test_refused(void **state) {
  zarrc_ctx *ctx = *state;
  static const char *const wrong[] = {"{\"a\": 5}",
                                      "{\"a\": null}",
                                      "{\"a\": []}",
                                      "{\"a\": [5]}",
                                      "{\"a\": [\"\"]}",
                                      "{\"a\": [\"u\", 1]}",
                                      "{\"a\": [\"u\", -1, 2]}",
                                      "{\"a\": [\"u\", 1.0, 2]}",
                                      "{\"a\": [\"u\", 1, \"2\"]}",
                                      "{\"a\": [\"u\", 1, 2, 3]}",
                                      "{\"a\": [\"u\", [1], 2]}",
                                      "{\"a\": [\"u\\u0000\", 1, 2]}",
                                      "{\"a\": [\"u\", 9223372036854775807, 1]}",
                                      "{\"a\": [\"u\", 99999999999999999999, 1]}",
                                      "{\"a\": \"base64:@\"}"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) refuse(ctx, wrong[i], ZARRC_INVALID_METADATA, "a: ");
  refuse(ctx, "[]", ZARRC_INVALID_METADATA, "must be an object");
  refuse(ctx, "", ZARRC_INVALID_METADATA, "");
  refuse(ctx, "{\"a\": \"b\"", ZARRC_INVALID_METADATA, "");
  refuse(ctx, "{\"version\": 2, \"refs\": {}}", ZARRC_UNSUPPORTED, "/version");
  refuse(ctx, "{\"version\": 1, \"refs\": {}, \"gen\": [{}]}", ZARRC_UNSUPPORTED, "/gen");
  refuse(ctx, "{\"version\": 1, \"refs\": {}, \"templates\": 5}", ZARRC_INVALID_METADATA, "/templates");
  refuse(ctx, "{\"version\": 1, \"refs\": {\"a\": [\"{{v}}\"]}, \"templates\": {}}", ZARRC_INVALID_METADATA, "a: ");
  refuse(ctx, "{\"version\": 1, \"refs\": {\"a\": [\"{{v\"]}, \"templates\": {}}", ZARRC_INVALID_METADATA, "a: ");
  refuse(ctx, "{\"version\": 1, \"refs\": {\"a\": [\"{{f(c='x')}}\"]}, \"templates\": {\"f\": \"{{c}}\"}}",
         ZARRC_UNSUPPORTED, "arguments");
}

/* A URL cannot grow without end by its templates. */
static void test_bomb(void **state) {
  zarrc_ctx *ctx = *state;
  char *text = malloc(100000), *at = text;
  at += sprintf(at, "{\"version\": 1, \"templates\": {\"u\": \"");
  memset(at, 'x', 1000);
  at += 1000;
  at += sprintf(at, "\"}, \"refs\": {\"a\": [\"");
  for (int i = 0; i < 100; i++) at += sprintf(at, "{{u}}");
  sprintf(at, "\"]}}");
  refuse(ctx, text, ZARRC_LIMIT, "a: ");
  free(text);
}

enum { MANY = 1000000 };

/* A million references to a few files take 40 bytes and the key each. */
static void test_many(void **state) {
  zarrc_ctx_options options = {.max_memory = (uint64_t)200 << 20};
  zarrc_references r;
  zarrc_error error;
  zarrc_ctx *ctx;
  char key[32], *text = malloc((size_t)MANY * 48), *at = text;
  (void)state;
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  at += sprintf(at, "{");
  for (int i = 0; i < MANY; i++) at += sprintf(at, "%s\"a/%d.0\": [\"file%d\", %d, 7]", i ? "," : "", i, i % 7, i);
  at += sprintf(at, "}");
  if (zarrc_references_read(ctx, text, (size_t)(at - text), &r, &error)) fail_msg("%s", SAID(error));
  free(text);
  assert_int_equal(r.n, MANY);
  assert_int_equal(r.starts.len, 7 * sizeof(uint32_t));
  for (int i = 0; i < MANY; i += 9973) {
    snprintf(key, sizeof key, "a/%d.0", i);
    const zarrc_reference *f = zarrc_references_find(&r, key);
    assert_non_null(f);
    assert_int_equal(f->offset, i);
    assert_int_equal(f->target, i % 7);
  }
  zarrc_references_clear(&r);
  zarrc_ctx_close(ctx);
}

static zarrc_status all_of_it(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *ctx;
  zarrc_references r;
  zarrc_error error;
  zarrc_status status = zarrc_ctx_open(options, &ctx, &error);
  if (status) return status;
  status = zarrc_references_read(ctx, arg, strlen(arg), &r, &error);
  if (!status) zarrc_references_clear(&r);
  zarrc_ctx_close(ctx);
  return status;
}

static void test_no_memory(void **state) {
  char text[] = "{\"version\": 1, \"templates\": {\"u\": \"x\"}, \"refs\": {\"a\": [\"{{u}}\", 1, 2], \"b\": \"v\"}}";
  (void)state;
  assert_true(faulty_alloc_each(NULL, all_of_it, text) > 5);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, context_setup, context_teardown)
  const struct CMUnitTest tests[] = {TEST(test_versions), TEST(test_values),   TEST(test_templates),
                                     TEST(test_keys),     TEST(test_refused),  TEST(test_bomb),
                                     TEST(test_many),     TEST(test_no_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

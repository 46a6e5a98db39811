/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/key.h"

#include <stdlib.h>
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

static zarrc_status parse(const char *json, zarrc_key_encoding *out, zarrc_error *error) {
  zarrc_json_doc *doc;
  zarrc_rules rules = zarrc_rules_open(ctx, false);
  zarrc_status status = zarrc_json_parse(ctx, json, strlen(json), NULL, &doc, error);
  if (status) return status;
  status = zarrc_key_encoding_parse(zarrc_json_root(doc), &rules, out, error);
  zarrc_rules_close(&rules);
  zarrc_json_close(doc);
  return status;
}

static void test_encodings(void **state) {
  static const struct {
    const char *json;
    zarrc_status status;
    const char *canonical; /* or what the message must contain */
  } rows[] = {
      {"{\"name\": \"default\", \"configuration\": {\"separator\": \"/\"}}", ZARRC_OK,
       "{\"name\": \"default\", \"configuration\": {\"separator\": \"/\"}}"},
      {"{\"name\": \"default\"}", ZARRC_OK, "{\"name\": \"default\", \"configuration\": {\"separator\": \"/\"}}"},
      {"{\"name\": \"default\", \"configuration\": {}}", ZARRC_OK,
       "{\"name\": \"default\", \"configuration\": {\"separator\": \"/\"}}"},
      {"{\"name\": \"default\", \"must_understand\": false}", ZARRC_OK,
       "{\"name\": \"default\", \"configuration\": {\"separator\": \"/\"}}"},
      {"\"default\"", ZARRC_OK, "{\"name\": \"default\", \"configuration\": {\"separator\": \"/\"}}"},
      {"\"v2\"", ZARRC_OK, "{\"name\": \"v2\", \"configuration\": {\"separator\": \".\"}}"},
      {"{\"name\": \"v2\"}", ZARRC_OK, "{\"name\": \"v2\", \"configuration\": {\"separator\": \".\"}}"},
      {"{\"name\": \"v2\", \"separator\": \"/\"}", ZARRC_OK,
       "{\"name\": \"v2\", \"configuration\": {\"separator\": \"/\"}}"},
      {"{\"configuration\": {\"separator\": \".\"}, \"name\": \"default\"}", ZARRC_OK,
       "{\"name\": \"default\", \"configuration\": {\"separator\": \".\"}}"},
      {"{\"name\": \"zzz\"}", ZARRC_UNSUPPORTED, "\"zzz\""},
      {"\"zzz\"", ZARRC_UNSUPPORTED, "\"zzz\""},
      {"{\"name\": \"default\", \"configuration\": {\"separator\": \"-\"}}", ZARRC_INVALID_METADATA, "separator"},
      {"{\"name\": \"default\", \"configuration\": {\"separator\": null}}", ZARRC_INVALID_METADATA, "separator"},
      {"{\"name\": \"v2\", \"separator\": 1}", ZARRC_INVALID_METADATA, "separator"},
      {"{\"name\": \"v2\", \"separator\": \"/\", \"configuration\": {}}", ZARRC_INVALID_METADATA, "separator"},
      {"{\"name\": \"default\", \"configuration\": {\"separator\": \"/\", \"a\": 1}}", ZARRC_INVALID_METADATA, "\"a\""},
      {"{\"name\": \"default\", \"a\": 1}", ZARRC_INVALID_METADATA, "\"a\""},
      {"{\"name\": \"default\", \"configuration\": null}", ZARRC_INVALID_METADATA, "chunk_key_encoding"},
      {"{\"name\": 1}", ZARRC_INVALID_METADATA, "name"},
      {"{}", ZARRC_INVALID_METADATA, "name"},
      {"[\"default\"]", ZARRC_INVALID_METADATA, "name"},
      {"null", ZARRC_INVALID_METADATA, "name"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_key_encoding encoding;
    zarrc_error error = {0};
    zarrc_status status = parse(rows[i].json, &encoding, &error);
    if (status != rows[i].status) fail_msg("%s: %s", rows[i].json, error.message);
    if (status) {
      if (!strstr(error.message, rows[i].canonical)) fail_msg("%s: %s", rows[i].json, error.message);
      continue;
    }
    char text[128];
    zarrc_buf buf = zarrc_buf_over(text, sizeof text);
    assert_int_equal(zarrc_key_encoding_to_json(&encoding, &buf, &error), ZARRC_OK);
    assert_int_equal(buf.len, strlen(rows[i].canonical));
    assert_memory_equal(text, rows[i].canonical, buf.len);
  }
}

static void test_keys(void **state) {
  static const struct {
    zarrc_key_encoding encoding;
    const char *path;
    int ndim;
    int64_t chunk[3];
    const char *key;
  } rows[] = {
      {{false, '/'}, "", 2, {0, 3}, "c/0/3"},
      {{false, '/'}, "a/b", 2, {0, 3}, "a/b/c/0/3"},
      {{false, '.'}, "a", 3, {10, 0, INT64_MAX}, "a/c.10.0.9223372036854775807"},
      {{true, '.'}, "", 2, {1, 23}, "1.23"},
      {{true, '/'}, "a", 2, {1, 23}, "a/1/23"},
      {{true, '.'}, "a", 1, {7}, "a/7"},
      {{false, '/'}, "", 0, {0}, "c"},
      {{false, '.'}, "a", 0, {0}, "a/c"},
      {{true, '.'}, "", 0, {0}, "0"},
      {{true, '/'}, "a", 0, {0}, "a/0"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_error error = {0};
    size_t n = strlen(rows[i].key) + 1, npath = strlen(rows[i].path);
    char *buf = malloc(n); /* exact: one byte less must be refused, and none beyond be written */
    int64_t back[3] = {-1, -1, -1};
    assert_int_equal(zarrc_key_of_chunk(&rows[i].encoding, rows[i].path, rows[i].ndim, rows[i].chunk, buf, n, &error),
                     ZARRC_OK);
    assert_string_equal(buf, rows[i].key);
    assert_true(zarrc_key_to_chunk(&rows[i].encoding, buf + (npath ? npath + 1 : 0), rows[i].ndim, back));
    for (int k = 0; k < rows[i].ndim; k++) assert_int_equal(back[k], rows[i].chunk[k]);
    for (size_t less = 0; less < n; less++)
      assert_int_equal(
          zarrc_key_of_chunk(&rows[i].encoding, rows[i].path, rows[i].ndim, rows[i].chunk, buf, less, &error),
          ZARRC_LIMIT);
    free(buf);
  }
}

static void test_no_keys(void **state) {
  static const zarrc_key_encoding slash = {false, '/'}, dot = {false, '.'}, v2 = {true, '.'};
  static const struct {
    const zarrc_key_encoding *encoding;
    int ndim;
    const char *key;
  } rows[] = {
      {&slash, 2, ""},
      {&slash, 2, "c"},
      {&slash, 2, "c/"},
      {&slash, 2, "c/0"},
      {&slash, 2, "c/0/"},
      {&slash, 2, "c/0/1/2"},
      {&slash, 2, "c/0/1/"},
      {&slash, 2, "c/00/1"},
      {&slash, 2, "c/0/01"},
      {&slash, 2, "c/-1/0"},
      {&slash, 2, "c/+1/0"},
      {&slash, 2, "c/ 1/0"},
      {&slash, 2, "c.0.1"},
      {&slash, 2, "d/0/1"},
      {&slash, 2, "zarr.json"},
      {&slash, 2, "c//1"},
      {&slash, 1, "c/9223372036854775808"},
      {&slash, 1, "c/18446744073709551616"},
      {&slash, 1, "c/00000000000000000001"},
      {&slash, 0, "c/"},
      {&slash, 0, "c/0"},
      {&slash, 0, ""},
      {&dot, 2, "c/0/1"},
      {&dot, 2, "c.0"},
      {&v2, 2, "c.0.1"},
      {&v2, 2, "0"},
      {&v2, 2, "0."},
      {&v2, 2, ".0"},
      {&v2, 0, ""},
      {&v2, 0, "00"},
      {&v2, 0, "1"},
      {&v2, 1, ""},
      {&v2, 1, "zarr.json"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int64_t chunk[3];
    char *key = strdup(rows[i].key);
    if (zarrc_key_to_chunk(rows[i].encoding, key, rows[i].ndim, chunk)) fail_msg("%s is no chunk", key);
    free(key);
  }
}

static void test_longest(void **state) {
  int64_t chunk[ZARRC_MAX_NDIM];
  char path[ZARRC_MAX_PATH + 1], key[ZARRC_MAX_KEY];
  zarrc_key_encoding encoding = {false, '/'};
  (void)state;
  for (int i = 0; i < ZARRC_MAX_NDIM; i++) chunk[i] = INT64_MAX;
  memset(path, 'p', sizeof path - 1);
  path[sizeof path - 1] = 0;
  assert_int_equal(zarrc_key_of_chunk(&encoding, path, ZARRC_MAX_NDIM, chunk, key, sizeof key, NULL), ZARRC_OK);
  assert_int_equal(strlen(key), ZARRC_MAX_PATH + 2 + ZARRC_MAX_NDIM * 20);
}

static void test_join(void **state) {
  char key[12];
  (void)state;
  assert_int_equal(zarrc_key_join("", "zarr.json", key, sizeof key, NULL), ZARRC_OK);
  assert_string_equal(key, "zarr.json");
  assert_int_equal(zarrc_key_join("a", "zarr.json", key, sizeof key, NULL), ZARRC_OK);
  assert_string_equal(key, "a/zarr.json");
  assert_int_equal(zarrc_key_join("a/b", "", key, sizeof key, NULL), ZARRC_OK);
  assert_string_equal(key, "a/b");
  assert_int_equal(zarrc_key_join("ab", "zarr.json", key, sizeof key, NULL), ZARRC_LIMIT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_encodings), cmocka_unit_test(test_keys), cmocka_unit_test(test_no_keys),
      cmocka_unit_test(test_longest),   cmocka_unit_test(test_join),
  };
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}

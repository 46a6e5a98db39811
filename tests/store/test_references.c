/* SPDX-License-Identifier: MIT */
#include "http_store.h"

#include "store/references.h"
#include "support/files.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>

#define LONG "0123456789abcdefghij"

static zarrc_store *open_it(zarrc_ctx *ctx, const char *base, bool local, const char *text) {
  zarrc_store *store;
  zarrc_error error;
  const zarrc_references_opening how = {
      .text = text, .nbytes = strlen(text), .name = "references:x.json", .base = base, .local_targets = local};
  if (zarrc_references_open(ctx, &how, &store, &error)) fail_msg("%s", SAID(error));
  return store;
}

static void expect(zarrc_store *store, const char *key, const char *want) {
  zarrc_bytes got = {0};
  zarrc_error error;
  if (zarrc_store_get(store, key, 1000, &got, &error)) fail_msg("%s: %s", key, SAID(error));
  assert_int_equal(got.len, strlen(want));
  assert_memory_equal(got.ptr, want, got.len);
  zarrc_bytes_release(&got);
}

static void refuse(zarrc_store *store, const char *key, zarrc_status want, const char *words) {
  zarrc_bytes got = {0};
  zarrc_error error;
  zarrc_status status = zarrc_store_get(store, key, 1000, &got, &error);
  if (status != want || !strstr(SAID(error), words)) fail_msg("%s: %d %s", key, status, status ? SAID(error) : "");
}

static zarrc_ctx *ctx_open(void) {
  zarrc_ctx *ctx;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  return ctx;
}

/* Values of the document, and of files by name, by path and by URL. */
static void test_files(void **state) {
  zarrc_ctx *ctx = ctx_open();
  char *folder = tree_make(), *path = path_in(folder, "a file"), text[8192];
  (void)state;
  file_write_text(path, LONG);
  snprintf(text, sizeof text,
           "{\"in\": \"text\", \"all\": [\"a file\"], \"part\": [\"./x/../a file\", 2, 5], \"path\": [\"%s\", 19, 1], "
           "\"url\": [\"file://%s/a%%20file\", 0, 3], \"none\": [\"a file\", 5, 0], \"long\": [\"a file\", 10, 11], "
           "\"far\": [\"a file\", 1000, 1], \"missing\": [\"b\", 0, 1], \"missing_all\": [\"b\"], "
           "\"other\": [\"gs://b/k\", 0, 1], \"up\": [\"file://host/x\", 0, 1]}",
           path, folder);
  zarrc_store *store = open_it(ctx, folder, true, text);
  expect(store, "in", "text");
  expect(store, "all", LONG);
  expect(store, "part", "23456");
  expect(store, "path", "j");
  expect(store, "url", "012");
  expect(store, "none", "");
  refuse(store, "nothing", ZARRC_NOT_FOUND, "references:x.json/nothing");
  refuse(store, "long", ZARRC_TRUNCATED, "refers to a file, 11 bytes at 10");
  refuse(store, "far", ZARRC_TRUNCATED, "refers to a file");
  refuse(store, "missing", ZARRC_IO, "refers to b, 1 bytes at 0: there is no such file");
  refuse(store, "missing_all", ZARRC_IO, "refers to b: there is no such file");
  refuse(store, "other", ZARRC_UNSUPPORTED, "refers to gs://b/k");
  refuse(store, "up", ZARRC_UNSUPPORTED, "refers to file://host/x");
  assert_int_equal(zarrc_store_set(store, "in", "x", 1, NULL), ZARRC_INVALID_ARGUMENT);
  zarrc_store_close(store);
  free(path);
  tree_remove(folder);
  zarrc_ctx_close(ctx);
}

/* Ranges of a part lie in it, whatever follows in the file. */
static void test_ranges(void **state) {
  zarrc_ctx *ctx = ctx_open();
  char *folder = tree_make(), *path = path_in(folder, "f");
  zarrc_key_blob blob;
  (void)state;
  file_write_text(path, LONG);
  zarrc_store *store = open_it(ctx, folder, true, "{\"k\": [\"f\", 5, 10]}");
  assert_int_equal(zarrc_key_blob_open(&blob, store, "k", NULL), ZARRC_OK);
  zarrc_range ranges[40] = {{.offset = -3, .nbytes = 3}, {.offset = 0, .nbytes = 20, .to_end = true}};
  for (int i = 2; i < 40; i++) ranges[i] = (zarrc_range){.offset = i % 10, .nbytes = 1};
  assert_int_equal(zarrc_blob_read(blob.blob, ranges, 40, NULL), ZARRC_OK);
  assert_memory_equal(ranges[0].got.ptr, "cde", 3);
  assert_int_equal(ranges[1].got.len, 10);
  for (int i = 2; i < 40; i++) assert_int_equal(*ranges[i].got.ptr, LONG[5 + i % 10]);
  zarrc_ranges_release(ranges, 40);
  zarrc_range beyond = {.offset = 8, .nbytes = 3}, over = {.offset = -11, .nbytes = 11},
              small = {.nbytes = 9, .to_end = true};
  assert_int_equal(zarrc_blob_read(blob.blob, &beyond, 1, NULL), ZARRC_TRUNCATED);
  assert_int_equal(zarrc_blob_read(blob.blob, &over, 1, NULL), ZARRC_TRUNCATED);
  assert_int_equal(zarrc_blob_read(blob.blob, &small, 1, NULL), ZARRC_LIMIT);
  zarrc_key_blob_close(&blob);
  zarrc_store_close(store);
  free(path);
  tree_remove(folder);
  zarrc_ctx_close(ctx);
}

/* A document that came over a network reaches no file here, by whatever name, unless that is allowed. */
static void test_no_local_files(void **state) {
  static const char text[] = "{\"a\": [\"/etc/passwd\", 0, 1], \"b\": [\"file:///etc/passwd\", 0, 1], \"c\": "
                             "[\"file://localhost/etc/passwd\", 0, 1], \"d\": [\"FILE:///etc/passwd\", 0, 1]}";
  static const char *const bases[] = {"http://127.0.0.1:1/d", "s3://b/d"};
  zarrc_ctx *ctx = ctx_open();
  (void)state;
  for (int i = 0; i < 2; i++) {
    zarrc_store *store = open_it(ctx, bases[i], false, text);
    for (char key[] = "a"; *key <= 'd'; ++*key) refuse(store, key, ZARRC_ACCESS, "local_targets");
    zarrc_store_close(store);
    store = open_it(ctx, bases[i], true, "{\"a\": [\"/etc/passwd\", 0, 0]}");
    expect(store, "a", "");
    zarrc_store_close(store);
  }
  zarrc_ctx_close(ctx);
}

static zarrc_status join(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  char *out = arg;
  (void)error;
  snprintf(out + strlen(out), 1000 - strlen(out), "%s%s ", entry->key, entry->is_prefix ? "/" : "");
  return ZARRC_OK;
}

static void test_list(void **state) {
  static const struct {
    const char *prefix;
    bool deep;
    const char *want;
  } rows[] = {{"", true, "a a-b/x a/b/c a/b/d a/e ab/x b "},
              {"", false, "a a-b/ a/ ab/ b "},
              {"a", true, "a/b/c a/b/d a/e "},
              {"a", false, "a/b/ a/e "},
              {"a/b", false, "a/b/c a/b/d "},
              {"c", true, ""},
              {"a/b/c", true, ""},
              {"a/b/c/very/long/prefix/indeed", true, ""}};
  zarrc_ctx *ctx = ctx_open();
  (void)state;
  zarrc_store *store = open_it(ctx, "/", true,
                               "{\"b\": \"\", \"a/e\": \"\", \"a/b/d\": \"\", \"a/b/c\": [\"u\"], \"ab/x\": \"\", "
                               "\"a\": \"\", \"a-b/x\": \"\"}");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char got[1000] = "";
    assert_int_equal(zarrc_store_list(store, rows[i].prefix, rows[i].deep, true, join, got, NULL), ZARRC_OK);
    assert_string_equal(got, rows[i].want);
  }
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
}

/* --------------------------------------------------------------------------------------------------- over a network */

enum { MANY = 200 };

/* Parts of a file on a server, and whole ones, are fetched at once; each is one request. */
static void test_fetch(void **state) {
  http_server *server = http_server_start();
  zarrc_ctx *ctx = ctx_open();
  char base[100], text[20000] = "{\"in\": \"text\"", keys[MANY + 4][32];
  zarrc_key_blob blobs[MANY + 4];
  zarrc_range ranges[MANY + 4];
  zarrc_request requests[MANY + 4];
  zarrc_error errors[MANY + 4];
  (void)state;
  needs_curl();
  http_server_put(server, "/d/f", LONG, 20, "\"1\"");
  for (int i = 0; i < MANY; i++) sprintf(text + strlen(text), ", \"k%d\": [\"f\", %d, 2]", i, i % 19);
  strcat(text, ", \"all\": [\"f\"], \"long\": [\"f\", 15, 6], \"missing\": [\"g\", 0, 1]}");
  zarrc_store *store = open_it(ctx, http_server_url(server, "d", base, sizeof base), false, text);
  static const char *const others[] = {"in", "all", "long", "missing"};
  for (int i = 0; i < MANY + 4; i++) {
    snprintf(keys[i], sizeof keys[i], i < MANY ? "k%d" : "%.0d%s", i, i < MANY ? "" : others[i - MANY]);
    if (i >= MANY) strcpy(keys[i], others[i - MANY]);
    assert_int_equal(zarrc_key_blob_open(&blobs[i], store, keys[i], NULL), ZARRC_OK);
    ranges[i] = (zarrc_range){.nbytes = 100, .to_end = true};
    requests[i] = (zarrc_request){.blob = blobs[i].blob, .ranges = &ranges[i], .n = 1, .error = &errors[i]};
  }
  assert_true(zarrc_store_fetches(store));
  assert_int_equal(zarrc_store_fetch(store, requests, MANY + 4, NULL), ZARRC_OK);
  assert_int_equal(server->nrequests, MANY + 3);
  for (int i = 0; i < MANY; i++) {
    assert_int_equal(requests[i].status, ZARRC_OK);
    assert_int_equal(ranges[i].got.len, 2);
    assert_int_equal(ranges[i].total, 2);
    assert_memory_equal(ranges[i].got.ptr, &LONG[i % 19], 2);
  }
  assert_int_equal(ranges[MANY].got.len, 4);
  assert_int_equal(ranges[MANY + 1].got.len, 20);
  assert_int_equal(requests[MANY + 2].status, ZARRC_TRUNCATED);
  assert_non_null(strstr(SAID(errors[MANY + 2]), "refers to f, 6 bytes at 15"));
  assert_int_equal(requests[MANY + 3].status, ZARRC_IO);
  assert_non_null(strstr(SAID(errors[MANY + 3]), "refers to g, 1 bytes at 0: there is no such file"));
  zarrc_http_counts counts = {.struct_size = sizeof counts};
  assert_int_equal(zarrc_http_store_count(store, &counts, NULL), ZARRC_OK);
  assert_int_equal(counts.requests, MANY + 3);
  for (int i = 0; i < MANY + 4; i++) {
    if (!requests[i].status) zarrc_ranges_release(&ranges[i], 1);
    zarrc_key_blob_close(&blobs[i]);
  }
  zarrc_store_close(store);
  http_server_stop(server);
  zarrc_ctx_close(ctx);
}

/* Headers, which may be secret, go to the document's server alone. */
static void test_headers(void **state) {
  static const char *const headers[] = {"X-Secret: geheim"};
  http_server *mine = http_server_start(), *other = http_server_start();
  zarrc_ctx *ctx = ctx_open();
  zarrc_http_options http = {.struct_size = sizeof http, .headers = headers, .nheaders = 1};
  char base[100], url[100], text[1000], got[100];
  zarrc_store *store;
  (void)state;
  needs_curl();
  http_server_put(mine, "/d/f", LONG, 20, "\"1\"");
  http_server_put(other, "/f", LONG, 20, "\"1\"");
  snprintf(text, sizeof text, "{\"mine\": [\"f\", 0, 2], \"other\": [\"%s\", 1, 2]}",
           http_server_url(other, "f", url, sizeof url));
  const zarrc_references_opening how = {.text = text,
                                        .nbytes = strlen(text),
                                        .name = "x",
                                        .base = http_server_url(mine, "d", base, sizeof base),
                                        .http = &http};
  assert_int_equal(zarrc_references_open(ctx, &how, &store, NULL), ZARRC_OK);
  expect(store, "mine", "01");
  expect(store, "other", "12");
  http_header(mine->log[0].head, "X-Secret", got, sizeof got);
  assert_string_equal(got, "geheim");
  http_header(other->log[0].head, "X-Secret", got, sizeof got);
  assert_string_equal(got, "");
  zarrc_store_close(store);
  http_server_stop(mine);
  http_server_stop(other);
  zarrc_ctx_close(ctx);
}

/* They do not go to buckets either that the document names. */
static void test_headers_and_buckets(void **state) {
  static const char *const headers[] = {"X-Secret: geheim"};
  http_server *mine = http_server_start(), *aws = http_server_start();
  zarrc_ctx *ctx = ctx_open();
  zarrc_http_options http = {.struct_size = sizeof http, .headers = headers, .nheaders = 1};
  zarrc_s3_options s3 = {.struct_size = sizeof s3, .anonymous = true};
  char base[100], endpoint[100], text[1000], got[100];
  const char *bases[] = {http_server_url(mine, "d", base, sizeof base), "s3://own/d", "/d"};
  zarrc_store *store;
  zarrc_error error;
  (void)state;
  needs_curl();
  s3.endpoint = http_server_url(aws, "", endpoint, sizeof endpoint);
  http_server_put(mine, "/d/f", LONG, 20, "\"1\"");
  http_server_put(aws, "/own/d/f", LONG, 20, "\"1\"");
  http_server_put(aws, "/other/f", LONG, 20, "\"1\"");
  snprintf(text, sizeof text,
           "{\"own\": [\"s3://own/d/f\", 0, 2], \"other\": [\"s3://other/f\", 1, 2], \"http\": [\"%s/f\", 2, 2]}",
           base);
  for (int i = 0; i < 3; i++) {
    const zarrc_references_opening how = {
        .text = text, .nbytes = strlen(text), .name = "x", .base = bases[i], .http = &http, .s3 = &s3};
    if (zarrc_references_open(ctx, &how, &store, &error)) fail_msg("%s", SAID(error));
    http_server_begin(mine);
    http_server_begin(aws);
    expect(store, "own", "01");
    expect(store, "other", "12");
    expect(store, "http", "23");
    http_header(aws->log[0].head, "X-Secret", got, sizeof got);
    assert_string_equal(got, i == 1 ? "geheim" : "");
    http_header(aws->log[1].head, "X-Secret", got, sizeof got);
    assert_string_equal(got, "");
    http_header(mine->log[0].head, "X-Secret", got, sizeof got);
    assert_string_equal(got, i == 1 ? "" : "geheim");
    zarrc_store_close(store);
  }
  http_server_stop(mine);
  http_server_stop(aws);
  zarrc_ctx_close(ctx);
}

static bool cancel_in_the_end(void *ud) {
  int *left = ud;
  return --*left < 0;
}

/* Opening can be canceled while references are read, and while their targets are found. */
static void test_canceled(void **state) {
  enum { MANY_FILES = 2048, LOOKS = 2 };
  char *text = malloc(MANY_FILES * 32), *at = text + sprintf(text, "{\"k\": [\"f\"]");
  int left = 0;
  zarrc_ctx_options options = {.canceled = cancel_in_the_end, .canceled_ud = &left};
  zarrc_ctx *ctx;
  zarrc_store *store;
  (void)state;
  for (int i = 1; i < MANY_FILES; i++) at += sprintf(at, ", \"%d\": [\"f%d\"]", i, i);
  strcpy(at, "}");
  const zarrc_references_opening how = {.text = text, .nbytes = strlen(text), .name = "x", .base = "/"};
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  for (int looks = 0; looks < 2 * LOOKS; looks++) {
    left = looks;
    assert_int_equal(zarrc_references_open(ctx, &how, &store, NULL), ZARRC_CANCELED);
  }
  left = 2 * LOOKS;
  assert_int_equal(zarrc_references_open(ctx, &how, &store, NULL), ZARRC_OK);
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_files),
                                     cmocka_unit_test(test_ranges),
                                     cmocka_unit_test(test_no_local_files),
                                     cmocka_unit_test(test_list),
                                     cmocka_unit_test(test_fetch),
                                     cmocka_unit_test(test_headers),
                                     cmocka_unit_test(test_headers_and_buckets),
                                     cmocka_unit_test(test_canceled)};
  setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
  setenv("AWS_CONFIG_FILE", "/nonexistent", 1);
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include "http_store.h"

#include "support/files.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DOCUMENT "{\"version\": 1, \"refs\": {\"g/a\": [\"data.bin\", 1, 3], \"g/p\": [\"/etc/passwd\", 0, 0]}}"

static zarrc_ctx *ctx;

static void expect(const char *url, const char *want_path) {
  zarrc_store *store;
  zarrc_bytes got;
  zarrc_error error;
  char *path;
  if (zarrc_store_open(ctx, url, NULL, &store, &path, &error)) fail_msg("%s: %s", url, SAID(error));
  assert_string_equal(path, want_path);
  assert_string_equal(store->ops->name, "references");
  if (zarrc_store_get(store, "g/a", 100, &got, &error)) fail_msg("%s: %s", url, SAID(error));
  assert_int_equal(got.len, 3);
  assert_memory_equal(got.ptr, "123", 3);
  zarrc_bytes_release(&got);
  zarrc_free(ctx, path);
  zarrc_store_close(store);
}

static void refuse(const char *url, bool create, zarrc_status want, const char *words) {
  zarrc_open_options options = {.struct_size = sizeof options, .create = create};
  zarrc_store *store;
  zarrc_error error;
  char *path;
  zarrc_status status = zarrc_store_open(ctx, url, &options, &store, &path, &error);
  if (status != want || !strstr(SAID(error), words)) fail_msg("%s: %d %s", url, status, status ? SAID(error) : "");
}

static void test_files(void **state) {
  char *folder = tree_make(), *document = path_in(folder, "x.json"), *odd = path_in(folder, "odd name"),
       *data = path_in(folder, "data.bin"), url[5000], cwd[4000];
  (void)state;
  file_write_text(document, DOCUMENT);
  file_write_text(odd, DOCUMENT);
  file_write_text(data, "0123456789");
  static const char *const forms[][3] = {{"references:", "/x.json", ""},
                                         {"references:", "/x.json/", ""},
                                         {"references:", "/x.json/g", "g"},
                                         {"references:", "/x.json/g/a/", "g/a"},
                                         {"references:", "/odd name", ""},
                                         {"references:file:", "/x.json/g", "g"},
                                         {"references:file://", "/odd%20name", ""},
                                         {"references::", "/x.json", ""},
                                         {"references://g/a::", "/x.json", "g/a"},
                                         {"references://::", "/x.json", ""},
                                         {"references://g::file://", "/odd%20name", "g"}};
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    snprintf(url, sizeof url, "%s%s%s", forms[i][0], folder, forms[i][1]);
    expect(url, forms[i][2]);
  }
  assert_non_null(getcwd(cwd, sizeof cwd));
  assert_int_equal(chdir(folder), 0);
  expect("references:x.json/g", "g");
  expect("references:./x.json", "");
  assert_int_equal(chdir(cwd), 0);
  snprintf(url, sizeof url, "references:%s/x.json", folder);
  refuse(url, true, ZARRC_UNSUPPORTED, "can only be read");
  snprintf(url, sizeof url, "references:%s/y.json", folder);
  refuse(url, false, ZARRC_NOT_FOUND, "no such document");
  snprintf(url, sizeof url, "references:%s/no/y.json", folder);
  refuse(url, false, ZARRC_NOT_FOUND, "no such folder");
  refuse("references:", false, ZARRC_INVALID_ARGUMENT, "need the path");
  refuse("references://x.json", false, ZARRC_INVALID_ARGUMENT, "references://NODE::URL");
  static const char *const others[] = {"zip:http://127.0.0.1:1/x.json", "zip:x.json", "memory:x.json",
                                       "references:x.json", "gs://b/x.json"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    snprintf(url, sizeof url, "references:%s", others[i]);
    refuse(url, false, ZARRC_UNSUPPORTED, "are files, or read over http");
  }
  snprintf(url, sizeof url, "references://a/../b::%s/x.json", folder);
  refuse(url, false, ZARRC_INVALID_ARGUMENT, "");
  snprintf(url, sizeof url, "references:%s/data.bin", folder);
  refuse(url, false, ZARRC_INVALID_METADATA, "");
  free(document);
  free(odd);
  free(data);
  tree_remove(folder);
}

/* From a server, with a query that is sent with the document and not with its targets; no file here can be reached. */
static void test_http(void **state) {
  http_server *server = http_server_start();
  char url[200], host[100];
  zarrc_store *store;
  zarrc_bytes got;
  zarrc_error error;
  char *path;
  (void)state;
  needs_curl();
  http_server_put(server, "/d/x.json?sig=geheim", DOCUMENT, strlen(DOCUMENT), "\"1\"");
  http_server_put(server, "/d/x.json", DOCUMENT, strlen(DOCUMENT), "\"1\"");
  http_server_put(server, "/d/data.bin", "0123456789", 10, "\"2\"");
  http_server_url(server, "d/x.json", host, sizeof host);
  snprintf(url, sizeof url, "references:%s/g", host);
  expect(url, "g");
  snprintf(url, sizeof url, "references://g::%s?sig=geheim", host);
  if (zarrc_store_open(ctx, url, NULL, &store, &path, &error)) fail_msg("%s", SAID(error));
  assert_string_equal(path, "g");
  assert_null(strstr(store->url, "geheim"));
  assert_int_equal(zarrc_store_get(store, "g/p", 100, &got, &error), ZARRC_ACCESS);
  assert_non_null(strstr(SAID(error), "local_targets"));
  assert_null(strstr(SAID(error), "geheim"));
  zarrc_free(ctx, path);
  zarrc_store_close(store);
  zarrc_open_options options = {.struct_size = sizeof options, .read_only = true, .local_targets = true};
  assert_int_equal(zarrc_store_open(ctx, url, &options, &store, &path, NULL), ZARRC_OK);
  assert_int_equal(zarrc_store_get(store, "g/p", 100, &got, &error), ZARRC_OK);
  assert_int_equal(got.len, 0);
  zarrc_bytes_release(&got);
  zarrc_free(ctx, path);
  zarrc_store_close(store);
  http_server_stop(server);
}

static int setup(void **state) {
  (void)state;
  return zarrc_ctx_open(NULL, &ctx, NULL) != ZARRC_OK;
}

static int teardown(void **state) {
  (void)state;
  zarrc_ctx_close(ctx);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_files), cmocka_unit_test(test_http)};
  return cmocka_run_group_tests(tests, setup, teardown);
}

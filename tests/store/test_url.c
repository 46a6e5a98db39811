/* SPDX-License-Identifier: MIT */
#include "store/contract.h"
#include "support/faulty_alloc.h"
#include "support/files.h"
#include "support/said.h"

#include "store/file.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static zarrc_ctx *ctx;
static char *tree, cwd[PATH_MAX];

static void make(const char *name) {
  char *path = path_in(tree, name);
  file_write_text(path, "{}");
  free(path);
}

static void make_archive(const char *name) {
  size_t nbytes;
  char *path = path_in(tree, name);
  uint8_t *bytes = data_read("zip/good.zip", &nbytes);
  file_write(path, bytes, nbytes);
  free(bytes);
  free(path);
}

static int open_all(void **state) {
  (void)state;
  char real[PATH_MAX], *made = tree_make();
  tree = path_in(realpath(made, real) ? real : made, ".");
  tree[strlen(tree) - 2] = '\0';
  free(made);
  make("a.zarr/zarr.json");
  make("a.zarr/g/zarr.json");
  make("a.zarr/g/b.zarr/zarr.json");
  make("plain/top/zarr.json");
  make("plain/top/mid/zarr.json");
  make("plain/top/mid/leaf/zarr.json");
  make("plain/top/gap/leaf/zarr.json");
  make("real/node/zarr.json");
  make_archive("x.zip");
  make_archive("packed.ozx");
  make_archive("odd %41 name.zarr/archive");
  make("dir.zip/zarr.json");
  make("odd %41 name.zarr/zarr.json");
  make("colon:name/zarr.json");
  return zarrc_ctx_open(NULL, &ctx, NULL) || !getcwd(cwd, sizeof cwd) || chdir(tree) ? -1 : 0;
}

static int close_all(void **state) {
  (void)state;
  zarrc_ctx_close(ctx);
  int failed = chdir(cwd);
  tree_remove(tree);
  return failed;
}

/* "root|path" as a URL leads to, or the failure; a root inside of the tree is shown without it. */
static const char *open_at(const char *url, const zarrc_open_options *options, char out[2 * PATH_MAX]) {
  zarrc_store *store = NULL;
  zarrc_error error = {0};
  char *path = NULL;
  zarrc_status status = zarrc_store_open(ctx, url, options, &store, &path, &error);
  if (status) {
    assert_int_equal(error.code, status);
    assert_true(*SAID(error));
    assert_null(store);
    assert_null(path);
    return zarrc_status_name(status);
  }
  const char *root = !strcmp(store->ops->name, "file") ? ((zarrc_file_store *)store)->path : store->ops->name;
  size_t n = strlen(tree);
  bool below = !strncmp(root, tree, n) && (root[n] == '/' || !root[n]);
  snprintf(out, 2 * PATH_MAX, "%s%s|%s", below ? "~" : "", below ? root + n : root, path);
  zarrc_free(ctx, path);
  zarrc_store_close(store);
  return out;
}

typedef struct row {
  const char *url, *want; /* ~ stands for the tree, also in the URL */
} row;

static void check(const row *rows, size_t n, const zarrc_open_options *options) {
  char url[2 * PATH_MAX], out[2 * PATH_MAX];
  for (size_t i = 0; i < n; i++) {
    const char *home = strchr(rows[i].url, '~');
    int before = home ? (int)(home - rows[i].url) : 0;
    snprintf(url, sizeof url, "%.*s%s%s", before, rows[i].url, home ? tree : "", home ? home + 1 : rows[i].url);
    const char *got = open_at(url, options, out);
    if (strcmp(got, rows[i].want) != 0) fail_msg("%s: %s, not %s", rows[i].url, got, rows[i].want);
  }
}
#define CHECK(rows, options) check(rows, sizeof rows / sizeof *rows, options)

static void test_root_by_name(void **state) {
  (void)state;
  static const row rows[] = {
      {"a.zarr", "a.zarr|"},
      {"a.zarr/", "a.zarr|"},
      {"./a.zarr", "a.zarr|"},
      {"~/a.zarr", "~/a.zarr|"},
      {"~//./a.zarr//g/.//", "~/a.zarr|g"},
      {"a.zarr/g/b.zarr", "a.zarr|g/b.zarr"}, /* the outermost */
      {"a.zarr/zarr.json", "a.zarr|"},
      {"a.zarr/g/zarr.json", "a.zarr|g"},
      {"a.zarr/zarr.json/", "a.zarr|"},
      {"a.zarr/not/there", "a.zarr|not/there"},
      {"a.zarr/xzarr.json", "a.zarr|xzarr.json"},
      {"plain/../a.zarr/g", "plain/../a.zarr|g"},
      {"a.zarr/../a.zarr/g", "a.zarr/../a.zarr|g"},
      {"a.zarr/g/../g/b.zarr", "a.zarr/g/../g/b.zarr|"}, /* .. is never part of a key */
      {"a.zarr/g/..", "a.zarr/g/..|"},
      {"odd %41 name.zarr", "odd %41 name.zarr|"},
  };
  CHECK(rows, NULL);
}

static void test_root_by_metadata(void **state) {
  (void)state;
  static const row rows[] = {
      {"plain/top", "plain/top|"},
      {"plain/top/mid", "plain/top|mid"},
      {"plain/top/mid/leaf", "plain/top|mid/leaf"},
      {"plain/top/mid/leaf/zarr.json", "plain/top|mid/leaf"},
      {"plain/top/mid/none", "plain/top|mid/none"},
      {"~/plain/top/mid/leaf", "~/plain/top|mid/leaf"},
      {"plain/top/gap/leaf", "plain/top/gap/leaf|"},  /* gap has none: it belongs to nothing above */
      {"plain/top/none/leaf", "plain/top|none/leaf"}, /* what is not there is to be made */
      {"plain/top/mid/x/y/z", "plain/top|mid/x/y/z"},
      {"plain", "plain|"},
      {"real/node", "real/node|"},
      {"plain/top/mid/../mid/leaf", "plain/top/mid/..|mid/leaf"},
      {"colon:name", "colon:name|"},
      {"dir.zip", "dir.zip|"},
      {".", "~|"},
      {"./", "~|"},
      {"zarr.json", "~|"},
      {"/", "/|"},
      {"..", "..|"},
  };
  CHECK(rows, NULL);
  /* From inside a hierarchy the root may lie above the working directory. */
  assert_int_equal(chdir("plain/top/mid"), 0);
  static const row inside[] = {{"leaf", "~/plain/top|mid/leaf"},
                               {".", "~/plain/top|mid"},
                               {"zarr.json", "~/plain/top|mid"},
                               {"../mid/leaf", "..|mid/leaf"}};
  CHECK(inside, NULL);
  assert_int_equal(chdir(tree), 0);
}

/* The user's own path may lead through links; keys may not lead out of the root. */
static void test_links(void **state) {
  (void)state;
  assert_int_equal(symlink("../real/node", "a.zarr/link"), 0);
  assert_int_equal(symlink("a.zarr", "now.zarr"), 0);
  assert_int_equal(symlink("../../real", "plain/top/out"), 0);
  static const row rows[] = {
      {"a.zarr/link", "a.zarr/link|"},
      {"now.zarr/g", "now.zarr|g"},
      {"plain/top/out/node", "plain/top/out/node|"},
      {"plain/top/out", "plain/top/out|"},
  };
  CHECK(rows, NULL);
  static const row followed[] = {{"a.zarr/link", "a.zarr|link"}, {"plain/top/out", "plain/top|out"}};
  zarrc_open_options options = {.struct_size = sizeof options, .follow_links = true};
  CHECK(followed, &options);
  zarrc_error error;
  zarrc_store *store;
  char *path;
  contract_ok(zarrc_store_open(ctx, "plain/top/out", &options, &store, &path, &error), &error);
  contract_expect(store, "out/node/zarr.json", "{}");
  zarrc_store_close(store);
  zarrc_free(ctx, path);
}

static void test_file_urls(void **state) {
  (void)state;
  static const row rows[] = {
      {"file:a.zarr/g", "a.zarr|g"},
      {"file:~/a.zarr/g", "~/a.zarr|g"},
      {"file://~/a.zarr/g", "~/a.zarr|g"},
      {"FILE://localhost~/a.zarr/g", "~/a.zarr|g"},
      {"file://~/a%2ezarr/%67", "~/a.zarr|g"},
      {"file://~/odd%20%2541%20name.zarr", "~/odd %41 name.zarr|"},
      {"file:odd %41 name.zarr", "odd %41 name.zarr|"}, /* escapes only behind file:// */
      {"file://~/colon%3Aname", "~/colon:name|"},
      {"file:", "INVALID_ARGUMENT"},
      {"file://", "INVALID_ARGUMENT"},
      {"file://elsewhere/a.zarr", "INVALID_ARGUMENT"},
      {"file://a.zarr", "INVALID_ARGUMENT"},
      {"file://~/a%00b", "INVALID_ARGUMENT"},
      {"file://~/a%2", "INVALID_ARGUMENT"},
      {"file://~/a%", "INVALID_ARGUMENT"},
      {"file://~/a%g0", "INVALID_ARGUMENT"},
      {"file://~/a%0g", "INVALID_ARGUMENT"},
      {"file://~/a%+1", "INVALID_ARGUMENT"},
      {"file://~/a%\x14\x12", "INVALID_ARGUMENT"},
      {"file://~/a.zarr/%FF", "INVALID_ARGUMENT"},
  };
  CHECK(rows, NULL);
}

static void test_memory_urls(void **state) {
  (void)state;
  static const row rows[] = {
      {"memory:", "memory|"},
      {"memory://", "memory|"},
      {"Memory:a//b/./c/", "memory|a/b/c"},
      {"memory:///a/b", "memory|a/b"},
      {"memory:a/..", "INVALID_ARGUMENT"},
      {"memory:\xff", "INVALID_ARGUMENT"},
  };
  CHECK(rows, NULL);
}

/* The root of an archive is the archive; its name in errors is what the user has written. */
static void test_archives(void **state) {
  (void)state;
  static const row rows[] = {
      {"x.zip", "zip|"},
      {"./x.zip/", "zip|"},
      {"x.zip//array/", "zip|array"},
      {"x.zip/zarr.json", "zip|"},
      {"~/x.zip/a/b.zarr", "zip|a/b.zarr"},
      {"a.zarr/../x.zip", "zip|"},
      {"file:x.zip", "zip|"},
      {"file://~/x.zip/a%20b", "zip|a b"},
      {"packed.ozx", "zip|"},
      {"zip:x.zip/a", "zip|a"},
      {"ZIP:~/x.zip", "zip|"},
      {"zip:odd %41 name.zarr/archive/g", "zip|g"},
      {"zip::x.zip", "zip|"},
      {"zip::file://~/x.zip", "zip|"},
      {"zip://::x.zip", "zip|"},
      {"zip://a/b::x.zip", "zip|a/b"},
      {"zip://a/b::file://~/x.zip", "zip|a/b"},
      {"zip:none", "NOT_FOUND"},
      {"zip:dir.zip", "NOT_FOUND"},
      {"zip:dir.zip/zarr.json", "NOT_FOUND"}, /* the same as dir.zip */
      {"zip:real/node", "NOT_FOUND"},
      {"zip:", "INVALID_ARGUMENT"},
      {"zip::", "INVALID_ARGUMENT"},
      {"zip://a", "NOT_FOUND"},
      {"none.zip", "NOT_FOUND"},
      {"odd %41 name.zarr/archive", "odd %41 name.zarr|archive"}, /* what is no directory is found out later */
  };
  CHECK(rows, NULL);
  zarrc_open_options options = {.struct_size = sizeof options, .create = true};
  static const row made[] = {{"none.zip", "UNSUPPORTED"},
                             {"none.ZIP/a", "UNSUPPORTED"},
                             {"x.zip", "UNSUPPORTED"},
                             {"zip:none", "UNSUPPORTED"}};
  CHECK(made, &options);
  options.by_stage = true;
  static const row staged[] = {{"none.zip", "zip|"},           {"none.zip/", "zip|"},         {"zip:none", "zip|"},
                               {"zip::file://~/none", "zip|"}, {"none.zip/a", "UNSUPPORTED"}, {"x.zip", "zip|"},
                               {"zip://::x.zip", "zip|"},      {"x.zip/a", "UNSUPPORTED"},    {"zip:none/a", "zip|"},
                               {"dir.zip", "dir.zip|"}};
  CHECK(staged, &options);
  options.by_stage = false;
  zarrc_error error;
  zarrc_store *store;
  char *path;
  contract_ok(zarrc_store_open(ctx, "./x.zip/a", NULL, &store, &path, &error), &error);
  assert_string_equal(store->url, "x.zip");
  assert_true(store->read_only);
  zarrc_free(ctx, path);
  zarrc_store_close(store);
  assert_int_equal(zarrc_store_open(ctx, "x.zip", &options, &store, &path, &error), ZARRC_UNSUPPORTED);
  assert_string_equal(SAID(error), "x.zip: a zip archive can only be written as a whole, by a copy");
  assert_int_equal(zarrc_store_open(ctx, "zip:zarr", NULL, &store, &path, &error), ZARRC_NOT_FOUND);
  assert_string_equal(SAID(error), "zip:zarr: there is no such zip archive");
  assert_int_equal(zarrc_store_open(ctx, "zip:a.zarr/zarr.json/x", NULL, &store, &path, &error), ZARRC_CORRUPT);
  assert_string_equal(SAID(error), "a.zarr/zarr.json: no valid zip archive: there is no record at its end");
}

/* Over HTTP the root of the store is what the URL names; nothing is asked of the server yet. */
static void test_http(void **state) {
  (void)state;
  zarrc_error error;
  zarrc_store *store;
  char *path;
  if (!ZARRC_HAVE_CURL) {
    static const row without[] = {{"http://h/a.zarr", "UNSUPPORTED"}, {"HTTPS://h/a.zarr", "UNSUPPORTED"}};
    CHECK(without, NULL);
    return;
  }
  static const row rows[] = {
      {"http://h/a.zarr", "http|"},
      {"HTTPS://u:p@h:1/a.zarr/zarr.json?x#y", "http|"},
      {"http:", "INVALID_ARGUMENT"},
      {"https://", "INVALID_ARGUMENT"},
  };
  CHECK(rows, NULL);
  zarrc_open_options options = {.struct_size = sizeof options, .create = true};
  static const row made[] = {{"http://h/a.zarr", "UNSUPPORTED"}};
  CHECK(made, &options);
  zarrc_http_options http = {.struct_size = sizeof http, .max_requests = 513};
  options = (zarrc_open_options){.struct_size = sizeof options, .http = &http};
  assert_int_equal(zarrc_store_open(ctx, "http://u:secret@h/a?token=x", &options, &store, &path, &error),
                   ZARRC_INVALID_ARGUMENT);
  assert_string_equal(SAID(error), "http://h/a: max_requests is 513, and not 1 to 512");
}

/* The root of a store on S3 ends with a name that ends with ".zarr", or is what the URL names. */
static void test_s3(void **state) {
  (void)state;
  const zarrc_s3_options s3 = {.struct_size = sizeof s3, .anonymous = true};
  zarrc_open_options options = {.struct_size = sizeof options, .s3 = &s3};
  zarrc_error error;
  zarrc_store *store;
  char *path;
  if (!ZARRC_HAVE_CURL) {
    static const row without[] = {{"s3://bucket/a.zarr", "UNSUPPORTED"}};
    CHECK(without, &options);
    return;
  }
  static const row rows[] = {{"s3://bucket", "s3|"},
                             {"S3://bucket/a.zarr", "s3|"},
                             {"s3://bucket/x/a.zarr/b/c.zarr", "s3|b/c.zarr"},
                             {"s3://bucket//x/./y/zarr.json", "s3|"},
                             {"s3://bucket/a.zarr/b/zarr.json", "s3|b"},
                             {"s3://", "INVALID_ARGUMENT"},
                             {"s3:///a", "INVALID_ARGUMENT"},
                             {"s3:bucket", "INVALID_ARGUMENT"},
                             {"s3://bu:cket/a", "INVALID_ARGUMENT"},
                             {"s3://bucket/../a", "INVALID_ARGUMENT"}};
  CHECK(rows, &options);
  zarrc_open_options making = {.struct_size = sizeof making, .s3 = &s3, .create = true}; /* others ask the server */
  static const row archives[] = {{"zip:s3://bucket/a.zip", "UNSUPPORTED"}, {"s3://bucket/a.ozx/b", "UNSUPPORTED"}};
  CHECK(archives, &making);
  assert_int_equal(zarrc_store_open(ctx, "s3://bucket/x/a b.zarr/c", &options, &store, &path, NULL), ZARRC_OK);
  assert_string_equal(store->url, "s3://bucket/x/a b.zarr");
  zarrc_store_close(store);
  zarrc_free(ctx, path);
  assert_int_equal(zarrc_store_open(ctx, "s3://id:secret@bucket/a?b", &options, &store, &path, &error),
                   ZARRC_INVALID_ARGUMENT);
  assert_string_equal(SAID(error), "s3://bucket/a?b: a URL of S3 is s3://bucket/path, without credentials");
}

static void test_shown(void **state) {
  (void)state;
  static const char *const rows[][2] = {{"a/b?c", "a/b?c"},
                                        {"http://h/a", "http://h/a"},
                                        {"http://u:p@h/a?sig=x#y", "http://h/a"},
                                        {"https://u@h", "https://h"},
                                        {"http://h/@a", "http://h/@a"},
                                        {"http://h?q@r", "http://h"},
                                        {"s3://u:p@b/k?q#x@y", "s3://b/k?q#x@y"},
                                        {"s3://b/k@y", "s3://b/k@y"},
                                        {"zip::https://u:p@h/a.zip?q", "zip::https://h/a.zip"},
                                        {"zip://n@d::https://u:p@h/a.zip?q", "zip://n@d::https://h/a.zip"}};
  char out[64], few[9];
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    assert_string_equal(zarrc_url_shown(rows[i][0], out, sizeof out), rows[i][1]);
  assert_string_equal(zarrc_url_shown("http://h/a", few, sizeof few), "http://h");
}

static void test_not_built_in(void **state) {
  (void)state;
  static const row rows[] = {
      {"gs://bucket/a", "UNSUPPORTED"},
      {"git+ssh://h/a", "UNSUPPORTED"},
  };
  CHECK(rows, NULL);
  zarrc_error error;
  zarrc_store *store;
  char *path;
  assert_int_equal(zarrc_store_open(ctx, "gs://b/k", NULL, &store, &path, &error), ZARRC_UNSUPPORTED);
  assert_string_equal(SAID(error), "gs://b/k: no store is known for \"gs:\"");
}

static void test_failures(void **state) {
  (void)state;
  static const row rows[] = {
      {"", "INVALID_ARGUMENT"},
      {"nowhere", "NOT_FOUND"},
      {"nowhere.zarr/a", "NOT_FOUND"},
      {"plain/top/none", "plain/top|none"},
      {"a.zarr/zarr.json/deeper", "a.zarr|zarr.json/deeper"},
      {"plain/top/mid/zarr.json/x", "IO"},
      {"a.zarr/\xff", "INVALID_ARGUMENT"},
  };
  CHECK(rows, NULL);
  zarrc_error error;
  zarrc_store *store = NULL;
  char *path = NULL;
  assert_int_equal(zarrc_store_open(ctx, NULL, NULL, &store, &path, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_store_open(ctx, "nowhere/x", NULL, &store, &path, NULL), ZARRC_NOT_FOUND);
  assert_null(store);
  assert_null(path);
}

static void test_options(void **state) {
  (void)state;
  zarrc_open_options options = {.struct_size = sizeof options, .create = true, .read_only = true};
  zarrc_error error;
  zarrc_store *store;
  char *path;
  assert_int_equal(zarrc_store_open(ctx, "new.zarr/a", &options, &store, &path, &error), ZARRC_NOT_FOUND);
  contract_ok(zarrc_store_open(ctx, "a.zarr", &options, &store, &path, &error), &error);
  assert_int_equal(zarrc_store_set(store, "k", "x", 1, &error), ZARRC_INVALID_ARGUMENT);
  zarrc_store_close(store);
  zarrc_free(ctx, path);
  options.read_only = false;
  options.sync = ZARRC_SYNC_DATA;
  contract_ok(zarrc_store_open(ctx, "new.zarr/a", &options, &store, &path, &error), &error);
  assert_string_equal(path, "a");
  assert_int_equal(((zarrc_file_store *)store)->sync, ZARRC_SYNC_DATA);
  assert_false(file_exists("new.zarr"));
  contract_set(store, "a/zarr.json", "{}");
  assert_true(file_exists("new.zarr/a/zarr.json"));
  zarrc_store_close(store);
  zarrc_free(ctx, path);
}

/* A working directory that is gone or too long to be named: relative paths are taken as they are. */
static void test_no_working_directory(void **state) {
  (void)state;
  char out[2 * PATH_MAX];
  assert_int_equal(mkdir("gone", 0777) || chdir("gone") || rmdir("../gone"), 0);
  assert_string_equal(open_at("a/b", NULL, out), "NOT_FOUND");
  assert_int_equal(chdir(tree), 0);
}

static zarrc_status each_allocation(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *c = NULL;
  zarrc_store *store = NULL;
  char *path = NULL;
  zarrc_status status = zarrc_ctx_open(options, &c, NULL);
  if (!status) status = zarrc_store_open(c, arg, NULL, &store, &path, NULL);
  if (!status && !path) abort();
  zarrc_store_close(store);
  if (c) zarrc_free(c, path);
  zarrc_ctx_close(c);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  zarrc_ctx_options options = {.struct_size = sizeof options, .threads = 1};
  static char urls[][32] = {"plain/top/mid/leaf", "memory:a/b", "file:a.zarr/g", "x.zip/a", "zip://a::x.zip"};
  for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
    assert_true(faulty_alloc_each(&options, each_allocation, urls[i]) > 3);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
  const struct CMUnitTest tests[] = {
      TEST(test_root_by_name),
      TEST(test_root_by_metadata),
      TEST(test_links),
      TEST(test_file_urls),
      TEST(test_memory_urls),
      TEST(test_http),
      TEST(test_s3),
      TEST(test_shown),
      TEST(test_not_built_in),
      TEST(test_failures),
      TEST(test_options),
      TEST(test_archives),
      TEST(test_no_working_directory),
      TEST(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include "contract.h"
#include "s3_store.h"

#include "support/faulty_alloc.h"
#include "support/files.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_contract(void **state) {
  const s3_fixture *f = *state;
  needs_s3();
  contract_ranges(f->store);
  contract_vectored(f->store);
}

/* Every character that a key can have comes to the server as it was, and is signed as it is sent. */
static void test_keys(void **state) {
  s3_fixture *f = *state;
  static const char *const keys[] = {"a b",   "a+b",  "a=b",  "a@b",       "a:b",  "a(b)",  "\xC3\xA4",
                                     "a%2Fb", "a%b",  "a?b",  "a#b",       "a'b",  "a!b*c", "[a]",
                                     "a\\b",  "a\"b", "~-._", "a&b;c,d$e", "{a}|", "<a>^`", "c/0/1"};
  char text[16], longer[1100];
  zarrc_error error;
  needs_s3();
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    snprintf(text, sizeof text, "%zu", i);
    s3_set(f->store, keys[i], text);
  }
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    snprintf(text, sizeof text, "%zu", i);
    s3_expect(f->store, keys[i], text);
  }
  assert_int_equal(f->server->nrefused, 0);
  memset(longer, 'x', sizeof longer);
  longer[1023] = '\0';
  assert_int_equal(zarrc_store_set(f->store, longer, "", 0, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_store_set(f->store, "a\x01", "", 0, &error), ZARRC_INVALID_ARGUMENT);
}

/* Reading by key asks for nothing else: no listing, no HEAD. */
static void test_requests(void **state) {
  s3_fixture *f = *state;
  needs_s3();
  s3_set(f->store, "a/b", "text");
  http_server_begin(f->server->http);
  s3_expect(f->store, "a/b", "text");
  s3_expect(f->store, "a/c", NULL);
  assert_int_equal(f->server->http->nrequests, 2);
  assert_int_equal(f->server->nlists, 0);
  assert_non_null(strstr(f->server->http->log[0].head, "Authorization: AWS4-HMAC-SHA256 Credential=AKTEST/"));
  zarrc_http_counts counts = {.struct_size = sizeof counts};
  assert_int_equal(zarrc_http_store_count(f->store, &counts, NULL), ZARRC_OK);
  assert_int_equal(counts.requests, 3);
}

static void test_read_only(void **state) {
  s3_fixture *f = *state;
  zarrc_store *store;
  zarrc_error error;
  needs_s3();
  assert_int_equal(s3_server_open(f->server, f->ctx, "", true, NULL, &store, NULL), ZARRC_OK);
  assert_int_equal(zarrc_store_set(store, "a", "", 0, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_store_erase(store, "a", &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(f->server->http->nrequests, 0);
  zarrc_store_close(store);
}

static void test_prefixes(void **state) {
  s3_fixture *f = *state;
  needs_s3();
  zarrc_store *all = s3_open(f, "", NULL), *deep = s3_open(f, "p/q \xC3\xA4", NULL);
  s3_set(f->store, "q \xC3\xA4/x", "1");
  s3_expect(all, "p/q \xC3\xA4/x", "1");
  s3_expect(deep, "x", "1");
  zarrc_store_close(all);
  zarrc_store_close(deep);
}

static void test_wrong_options(void **state) {
  s3_fixture *f = *state;
  zarrc_store *store;
  zarrc_error error;
  zarrc_s3_options o = {.struct_size = sizeof o, .anonymous = true};
  needs_s3();
  assert_int_equal(zarrc_s3_store_open(f->ctx, NULL, "", true, &o, NULL, &store, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_s3_store_open(f->ctx, "a/b", "", true, &o, NULL, &store, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_s3_store_open(f->ctx, "b", "a//b", true, &o, NULL, &store, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_s3_store_open(f->ctx, "b", "/", true, &o, NULL, &store, &error), ZARRC_INVALID_ARGUMENT);
  o.anonymous = false;
  unsetenv("AWS_ACCESS_KEY_ID");
  unsetenv("AWS_PROFILE");
  assert_int_equal(zarrc_s3_store_open(f->ctx, "b", "", true, &o, NULL, &store, &error), ZARRC_ACCESS);
  assert_non_null(strstr(SAID(error), "anonymous"));
}

/* Values, changes and listings, with each allocation failing in turn. */
static zarrc_status all_of_it(const zarrc_ctx_options *options, void *arg) {
  const s3_fixture *f = arg;
  zarrc_ctx *ctx;
  zarrc_store *store = NULL;
  zarrc_bytes got = {0};
  zarrc_error error;
  zarrc_status status = zarrc_ctx_open(options, &ctx, &error);
  if (status) return status;
  status = s3_server_open(f->server, ctx, "p", false, NULL, &store, &error);
  if (!status) status = zarrc_store_set(store, "a/b", "text", 4, &error);
  if (!status) status = zarrc_store_get(store, "a/b", 100, &got, &error);
  zarrc_bytes_release(&got);
  if (!status) status = zarrc_store_erase(store, "a/b", &error);
  if (store) zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  return status;
}

static void test_no_memory(void **state) {
  needs_s3();
  assert_true(faulty_alloc_each(NULL, all_of_it, *state) > 10);
}

enum { THREADS = 16, TIMES = 20 };

static void *work(void *arg) {
  zarrc_store *store = ((void **)arg)[0];
  size_t me = (size_t)((void **)arg)[1];
  char key[32], text[32];
  for (int i = 0; i < TIMES; i++) {
    zarrc_bytes got = {0};
    snprintf(key, sizeof key, "t/%zu/%d", me, i % 3);
    snprintf(text, sizeof text, "%zu %d", me, i);
    if (zarrc_store_set(store, key, text, strlen(text), NULL)) return arg;
    if (zarrc_store_get(store, key, 100, &got, NULL)) return arg;
    bool same = got.len == strlen(text) && !memcmp(got.ptr, text, got.len);
    zarrc_bytes_release(&got);
    if (!same) return arg;
  }
  return NULL;
}

static void test_threads(void **state) {
  s3_fixture *f = *state;
  pthread_t threads[THREADS];
  void *args[THREADS][2], *failed;
  needs_s3();
  for (size_t i = 0; i < THREADS; i++) {
    args[i][0] = f->store;
    args[i][1] = (void *)i;
    assert_int_equal(pthread_create(&threads[i], NULL, work, args[i]), 0);
  }
  for (size_t i = 0; i < THREADS; i++) {
    pthread_join(threads[i], &failed);
    assert_null(failed);
  }
  assert_int_equal(s3_server_nkeys(f->server), THREADS * 3);
}

/* The child of a fork makes connections of its own. */
static void test_fork(void **state) {
  s3_fixture *f = *state;
  int how = 0;
  needs_s3();
  s3_set(f->store, "a", "before");
  pid_t child = fork();
  if (child == 0) {
    zarrc_bytes got = {0};
    bool fine = !zarrc_store_get(f->store, "a", 100, &got, NULL) && !zarrc_store_set(f->store, "b", "child", 5, NULL);
    _exit(fine ? 0 : 1);
  }
  assert_int_equal(waitpid(child, &how, 0), child);
  assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
  s3_expect(f->store, "a", "before");
  s3_expect(f->store, "b", "child");
}

/* Archives by URL, with a cache or without, and what is no archive. */
static void test_archives(void **state) {
  const s3_fixture *f = *state;
  static const struct {
    const char *url, *path, *name;
  } rows[] = {{"s3://b/p/x.zip", "", "s3://b/p/x.zip"},           {"s3://b/p/x.zip/c", "c", "s3://b/p/x.zip"},
              {"s3://b/p/x.zip/zarr.json", "", "s3://b/p/x.zip"}, {"zip::s3://b/p/plain", "", "s3://b/p/plain"},
              {"zip://c::s3://b/p/x.zip", "c", "s3://b/p/x.zip"}, {"s3://b/p", "", "s3://b/p"}};
  char endpoint[64], *path;
  size_t nbytes;
  zarrc_store *store;
  zarrc_error error;
  needs_s3();
  if (!ZARRC_HAVE_LIBDEFLATE && !ZARRC_HAVE_ZLIB) skip();
  uint8_t *bytes = data_read("zip/good.zip", &nbytes);
  http_server_url(f->server->http, "", endpoint, sizeof endpoint);
  const zarrc_s3_options s3 = {.struct_size = sizeof s3,
                               .access_key_id = f->server->id,
                               .secret_access_key = f->server->secret,
                               .region = "us-east-1",
                               .endpoint = endpoint};
  const zarrc_cache_options cache = {.struct_size = sizeof cache};
  zarrc_open_options options = {.struct_size = sizeof options, .read_only = true, .s3 = &s3};
  assert_int_equal(zarrc_store_set(f->store, "x.zip", bytes, nbytes, NULL), ZARRC_OK);
  assert_int_equal(zarrc_store_set(f->store, "plain", bytes, nbytes, NULL), ZARRC_OK);
  for (size_t i = 0; i < 12; i++) {
    zarrc_bytes got;
    options.cache = i < 6 ? NULL : &cache;
    if (zarrc_store_open(f->ctx, rows[i % 6].url, &options, &store, &path, &error))
      fail_msg("%s: %s", rows[i % 6].url, SAID(error));
    assert_string_equal(path, rows[i % 6].path);
    assert_string_equal(store->url, rows[i % 6].name);
    if (i % 6 < 5) {
      assert_int_equal(zarrc_store_get(store, "c/0", 100, &got, &error), ZARRC_OK);
      assert_int_equal(got.ptr[15], 16);
      zarrc_bytes_release(&got);
    }
    zarrc_free(f->ctx, path);
    zarrc_store_close(store);
  }
  assert_int_equal(zarrc_store_open(f->ctx, "s3://b/p/none.zip", &options, &store, &path, &error), ZARRC_NOT_FOUND);
  options.read_only = false;
  options.create = true;
  assert_int_equal(zarrc_store_open(f->ctx, "s3://b/p/x.zip", &options, &store, &path, &error), ZARRC_UNSUPPORTED);
  free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {S3_TEST(test_contract),  S3_TEST(test_keys),     S3_TEST(test_requests),
                                     S3_TEST(test_read_only), S3_TEST(test_prefixes), S3_TEST(test_wrong_options),
                                     S3_TEST(test_no_memory), S3_TEST(test_threads),  S3_TEST(test_fork),
                                     S3_TEST(test_archives)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

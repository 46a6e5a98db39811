/* SPDX-License-Identifier: MIT */
#include "s3_store.h"

#include <stdio.h>

typedef struct seen {
  size_t nkeys, nprefixes;
  uint64_t nbytes;
  char text[1024]; /* "key 12" or "prefix/", in lines */
} seen;

static zarrc_status see(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  seen *s = arg;
  size_t at = strlen(s->text);
  (void)error;
  s->nkeys += !entry->is_prefix;
  s->nprefixes += entry->is_prefix;
  if (!entry->is_prefix) s->nbytes += entry->nbytes;
  if (entry->is_prefix)
    snprintf(s->text + at, sizeof s->text - at, "%s/\n", entry->key);
  else
    snprintf(s->text + at, sizeof s->text - at, "%s %llu\n", entry->key, (unsigned long long)entry->nbytes);
  return ZARRC_OK;
}

static seen list(zarrc_store *store, const char *prefix, bool deep) {
  seen s = {0};
  zarrc_error error;
  if (zarrc_store_list(store, prefix, deep, true, see, &s, &error)) fail_msg("%s", SAID(error));
  return s;
}

static void test_lists(void **state) {
  s3_fixture *f = *state;
  needs_s3();
  zarrc_store *all = s3_open(f, "", NULL);
  s3_set(f->store, "a/zarr.json", "{}");
  s3_set(f->store, "a/c/0 +%/1", "x");
  s3_set(f->store, "a/c/\xC3\xA4", "xyz");
  s3_set(f->store, "zarr.json", "1");
  s3_set(all, "pp", "not below");
  assert_string_equal(list(f->store, "", true).text, "a/c/0 +%/1 1\na/c/\xC3\xA4 3\na/zarr.json 2\nzarr.json 1\n");
  assert_string_equal(list(f->store, "", false).text, "a/\nzarr.json 1\n");
  assert_string_equal(list(f->store, "a", false).text, "a/c/\na/zarr.json 2\n");
  assert_string_equal(list(f->store, "a/c", false).text, "a/c/0 +%/\na/c/\xC3\xA4 3\n");
  assert_string_equal(list(f->store, "nothing", true).text, "");
  assert_string_equal(list(all, "", false).text, "p/\npp 9\n");
  zarrc_store_close(all);
}

/* 10 pages are 10 requests; the children of a group are listed without what is below them. */
static void test_pages(void **state) {
  s3_fixture *f = *state;
  char key[64];
  needs_s3();
  for (int i = 0; i < 100; i++) {
    snprintf(key, sizeof key, "n%02d/c/%d", i / 2, i);
    s3_set(f->store, key, "x");
  }
  f->server->page = 10;
  seen s = list(f->store, "", true);
  assert_int_equal(s.nkeys, 100);
  assert_int_equal(f->server->nlists, 10);
  s = list(f->store, "", false);
  assert_int_equal(s.nprefixes, 50);
  assert_int_equal(s.nkeys, 0);
  assert_int_equal(f->server->nlists, 15);
}

/* Cuts a page in the middle, or leaves out that there are more. */
static void spoil(void *arg, s3_server *server, const http_asked *asked, http_reply *reply) {
  const char *how = arg;
  (void)server;
  if (!strstr(asked->target, "continuation-token")) return;
  if (!strcmp(how, "cut")) reply->nbytes = reply->claimed = reply->nbytes / 2;
  if (!strcmp(how, "403")) reply->status = 403;
}

/* A listing that does not come to its end is a failure, never a short list. */
static void test_failures(void **state) {
  s3_fixture *f = *state;
  seen s = {0};
  zarrc_error error;
  needs_s3();
  s3_set(f->store, "a", "x");
  s3_set(f->store, "b", "x");
  f->server->page = 1;
  f->server->change = spoil;
  f->server->arg = "cut";
  assert_int_equal(zarrc_store_list(f->store, "", true, false, see, &s, &error), ZARRC_CORRUPT);
  f->server->arg = "403";
  assert_int_equal(zarrc_store_list(f->store, "", true, false, see, &s, &error), ZARRC_ACCESS);
  assert_int_equal(error.http_status, 403);
}

/* Keys that no store can have are left out. */
static void test_odd_keys(void **state) {
  s3_fixture *f = *state;
  needs_s3();
  http_server_put(f->server->http, "/b/p/", "", 0, "\"1\"");
  http_server_put(f->server->http, "/b/p/a//b", "", 0, "\"1\"");
  http_server_put(f->server->http, "/b/p/a/../b", "", 0, "\"1\"");
  http_server_put(f->server->http, "/b/p/folder/", "", 0, "\"1\"");
  http_server_put(f->server->http, "/b/p/c", "x", 1, "\"1\"");
  assert_string_equal(list(f->store, "", true).text, "c 1\n");
}

static zarrc_status stop(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  (void)arg, (void)entry;
  return zarrc_fail(error, ZARRC_LIMIT, "enough");
}

static void test_fn_fails(void **state) {
  s3_fixture *f = *state;
  needs_s3();
  s3_set(f->store, "a", "x");
  assert_int_equal(zarrc_store_list(f->store, "", true, false, stop, NULL, NULL), ZARRC_LIMIT);
}

static void test_erase_prefix(void **state) {
  s3_fixture *f = *state;
  needs_s3();
  s3_set(f->store, "a/b", "x");
  s3_set(f->store, "a/c/d", "x");
  s3_set(f->store, "ab", "x");
  assert_int_equal(zarrc_store_erase_prefix(f->store, "a", NULL), ZARRC_OK);
  assert_string_equal(list(f->store, "", true).text, "ab 1\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {S3_TEST(test_lists),    S3_TEST(test_pages),    S3_TEST(test_failures),
                                     S3_TEST(test_odd_keys), S3_TEST(test_fn_fails), S3_TEST(test_erase_prefix)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

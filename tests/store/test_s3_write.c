/* SPDX-License-Identifier: MIT */
#include "s3_store.h"

#include <pthread.h>
#include <stdio.h>

static zarrc_status replace(zarrc_blob *blob, const char *text, bool if_unchanged, zarrc_error *error) {
  size_t half = strlen(text) / 2;
  zarrc_bytes parts[] = {{.ptr = (const uint8_t *)text, .len = half},
                         {.ptr = NULL, .len = 0},
                         {.ptr = (const uint8_t *)text + half, .len = strlen(text) - half}};
  return zarrc_blob_replace(blob, parts, 3, if_unchanged, error);
}

static zarrc_status look(zarrc_blob *blob) {
  zarrc_range r = {.nbytes = 100, .to_end = true};
  zarrc_status status = zarrc_blob_read(blob, &r, 1, NULL);
  if (!status) zarrc_ranges_release(&r, 1);
  return status;
}

/* Opens a value, and looks at it. */
static zarrc_blob *open_seen(zarrc_store *store, zarrc_key_blob *room, const char *key, zarrc_status want) {
  zarrc_error error;
  if (zarrc_key_blob_open(room, store, key, &error)) fail_msg("%s", SAID(error));
  assert_int_equal(look(room->blob), want);
  return room->blob;
}

/* Who comes second to change what both have read has a conflict, and can try again with the same blob. */
static void test_conditions(void **state) {
  s3_fixture *f = *state;
  zarrc_key_blob a, b;
  zarrc_error error;
  needs_s3();
  zarrc_blob *mine = open_seen(f->store, &a, "k", ZARRC_NOT_FOUND),
             *theirs = open_seen(f->store, &b, "k", ZARRC_NOT_FOUND);
  assert_int_equal(replace(mine, "mine", true, &error), ZARRC_OK);
  assert_int_equal(replace(theirs, "theirs", true, &error), ZARRC_CONFLICT);
  s3_expect(f->store, "k", "mine");
  assert_int_equal(look(theirs), ZARRC_OK);
  assert_int_equal(look(mine), ZARRC_OK);
  assert_int_equal(replace(theirs, "theirs", true, &error), ZARRC_OK);
  assert_int_equal(replace(mine, "mine", true, &error), ZARRC_CONFLICT);
  s3_expect(f->store, "k", "theirs");
  assert_int_equal(replace(mine, "anyway", false, &error), ZARRC_OK);
  s3_expect(f->store, "k", "anyway");
  assert_int_equal(look(mine), ZARRC_OK);
  assert_int_equal(look(theirs), ZARRC_OK);
  assert_int_equal(zarrc_blob_erase(mine, true, &error), ZARRC_OK);
  assert_int_equal(replace(theirs, "theirs", true, &error), ZARRC_CONFLICT);
  s3_expect(f->store, "k", NULL);
  s3_set(f->store, "k", "again");
  assert_int_equal(look(theirs), ZARRC_OK);
  s3_set(f->store, "k", "changed");
  assert_int_equal(zarrc_blob_erase(theirs, true, &error), ZARRC_CONFLICT);
  assert_int_equal(zarrc_blob_erase(theirs, false, &error), ZARRC_OK);
  assert_int_equal(zarrc_blob_erase(theirs, false, &error), ZARRC_OK);
  assert_string_equal(f->notices, "");
  zarrc_key_blob_close(&a);
  zarrc_key_blob_close(&b);
}

/* A read that finds another version is a conflict, after which a writer reads the new one. */
static void test_read_conflict(void **state) {
  s3_fixture *f = *state;
  zarrc_key_blob a;
  needs_s3();
  s3_set(f->store, "k", "one");
  zarrc_blob *mine = open_seen(f->store, &a, "k", ZARRC_OK);
  s3_set(f->store, "k", "two");
  assert_int_equal(look(mine), ZARRC_CONFLICT);
  assert_int_equal(look(mine), ZARRC_OK);
  zarrc_key_blob_close(&a);
}

/* Writing is one request, and one more for the first value that is changed on a condition. */
static void test_requests(void **state) {
  s3_fixture *f = *state;
  zarrc_key_blob a;
  needs_s3();
  s3_set(f->store, "k", "one");
  assert_int_equal(f->server->http->nrequests, 1);
  zarrc_blob *mine = open_seen(f->store, &a, "k", ZARRC_OK);
  assert_int_equal(replace(mine, "two", true, NULL), ZARRC_OK);
  assert_int_equal(f->server->http->nrequests, 4);
  assert_int_equal(look(mine), ZARRC_OK);
  assert_int_equal(replace(mine, "three", true, NULL), ZARRC_OK);
  assert_int_equal(f->server->http->nrequests, 6);
  zarrc_key_blob_close(&a);
}

/* A server without conditions: the last writer wins, and it is said once. */
static void check_without_conditions(s3_fixture *f) {
  zarrc_key_blob a, b;
  s3_set(f->store, "k", "one");
  zarrc_blob *mine = open_seen(f->store, &a, "k", ZARRC_OK), *theirs = open_seen(f->store, &b, "k", ZARRC_OK);
  assert_int_equal(replace(mine, "mine", true, NULL), ZARRC_OK);
  s3_expect(f->store, "k", "mine");
  assert_int_equal(replace(theirs, "theirs", true, NULL), ZARRC_OK);
  s3_expect(f->store, "k", "theirs");
  assert_int_equal(look(mine), ZARRC_OK);
  assert_int_equal(zarrc_blob_erase(mine, true, NULL), ZARRC_OK);
  s3_expect(f->store, "k", NULL);
  assert_non_null(strstr(f->notices, "the last one wins"));
  assert_null(strstr(strstr(f->notices, "wins") + 1, "wins"));
  zarrc_key_blob_close(&a);
  zarrc_key_blob_close(&b);
}

static void test_ignored_conditions(void **state) {
  s3_fixture *f = *state;
  needs_s3();
  f->server->ignores_conditions = true;
  check_without_conditions(f);
}

static void test_refused_conditions(void **state) {
  s3_fixture *f = *state;
  needs_s3();
  f->server->lacks_conditions = true;
  check_without_conditions(f);
}

/* Loses the answer to the n-th write, after it was done. */
static void lose(void *arg, s3_server *server, const http_asked *asked, http_reply *reply) {
  unsigned *n = arg;
  (void)server;
  if (strcmp(asked->method, "PUT") == 0 && --*n == 0) reply->fault = HTTP_CLOSE;
}

/* A write whose answer was lost has been made, and is found to be ours. */
static void test_lost_answer(void **state) {
  s3_fixture *f = *state;
  zarrc_key_blob a;
  unsigned n = 1;
  needs_s3();
  zarrc_blob *mine = open_seen(f->store, &a, "k", ZARRC_NOT_FOUND);
  f->server->change = lose;
  f->server->arg = &n;
  assert_int_equal(replace(mine, "mine", true, NULL), ZARRC_OK);
  assert_int_equal(f->server->nputs, 2);
  s3_expect(f->store, "k", "mine");
  n = 1;
  s3_set(f->store, "k", "other");
  s3_expect(f->store, "k", "other");
  zarrc_key_blob_close(&a);
}

static void busy(void *arg, s3_server *server, const http_asked *asked, http_reply *reply) {
  unsigned *n = arg;
  (void)server;
  if (strcmp(asked->method, "GET") == 0 || *n == 0) return;
  --*n;
  *reply = (http_reply){.status = 503, .body = ""};
}

static void test_retries(void **state) {
  s3_fixture *f = *state;
  unsigned n = 3;
  zarrc_error error;
  needs_s3();
  f->server->change = busy;
  f->server->arg = &n;
  s3_set(f->store, "k", "text");
  s3_expect(f->store, "k", "text");
  n = 1000;
  assert_int_equal(zarrc_store_set(f->store, "k", "other", 5, &error), ZARRC_NETWORK);
  assert_int_equal(error.http_status, 503);
  assert_true(error.transient);
}

static void test_empty(void **state) {
  s3_fixture *f = *state;
  needs_s3();
  s3_set(f->store, "empty", "");
  s3_expect(f->store, "empty", "");
}

enum { THREADS = 8, TIMES = 10 };

/* Adds to a number that is stored, again until nobody else has changed it. */
static void *count_up(void *arg) {
  char text[32];
  for (int i = 0; i < TIMES; i++) {
    zarrc_key_blob a;
    if (zarrc_key_blob_open(&a, arg, "n", NULL)) return arg;
    zarrc_status status = ZARRC_CONFLICT;
    while (status == ZARRC_CONFLICT) {
      zarrc_range r = {.nbytes = 20, .to_end = true};
      status = zarrc_blob_read(a.blob, &r, 1, NULL);
      if (status) continue;
      memcpy(text, r.got.ptr, r.got.len);
      text[r.got.len] = '\0';
      int n = atoi(text) + 1;
      zarrc_ranges_release(&r, 1);
      int length = snprintf(text, sizeof text, "%08d", n);
      zarrc_bytes bytes = {.ptr = (const uint8_t *)text, .len = (size_t)length};
      status = zarrc_blob_replace(a.blob, &bytes, 1, true, NULL);
    }
    zarrc_key_blob_close(&a);
    if (status) return arg;
  }
  return NULL;
}

/* Of contended updates none is lost. */
static void test_contended(void **state) {
  s3_fixture *f = *state;
  pthread_t threads[THREADS];
  void *failed;
  char want[32];
  needs_s3();
  s3_set(f->store, "n", "00000000");
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, count_up, f->store), 0);
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], &failed);
    assert_null(failed);
  }
  snprintf(want, sizeof want, "%08d", THREADS * TIMES);
  s3_expect(f->store, "n", want);
}

static void stall_once(void *arg, s3_server *server, const http_asked *asked, http_reply *reply) {
  unsigned *n = arg;
  (void)server;
  if (strcmp(asked->method, "PUT") != 0 || ++*n > 1) return;
  reply->body = "0123456789";
  reply->nbytes = reply->claimed = 10;
  reply->fault = HTTP_STALL;
}

/* A write whose answer never comes is made again, before it is too late for that. */
static void stalled(void **state) {
  s3_fixture *f = *state;
  needs_s3();
  unsigned nputs = 0;
  char endpoint[64];
  zarrc_store *store;
  zarrc_error error;
  http_server_url(f->server->http, "", endpoint, sizeof endpoint);
  const zarrc_s3_options options = {.struct_size = sizeof options,
                                    .access_key_id = f->server->id,
                                    .secret_access_key = f->server->secret,
                                    .region = "us-east-1",
                                    .endpoint = endpoint};
  const zarrc_http_options http = {
      .struct_size = sizeof http, .stall_timeout_ms = 200, .retry_timeout_ms = 20000, .backoff_ms = 1};
  if (zarrc_s3_store_open(f->ctx, "b", "p", false, &options, &http, &store, &error)) fail_msg("%s", SAID(error));
  f->server->change = stall_once;
  f->server->arg = &nputs;
  s3_set(store, "k", "v");
  assert_int_equal(nputs, 2);
  s3_expect(store, "k", "v");
  zarrc_store_close(store);
}

int main(void) {
  const struct CMUnitTest tests[] = {S3_TEST(stalled),
                                     S3_TEST(test_conditions),
                                     S3_TEST(test_read_conflict),
                                     S3_TEST(test_requests),
                                     S3_TEST(test_ignored_conditions),
                                     S3_TEST(test_refused_conditions),
                                     S3_TEST(test_lost_answer),
                                     S3_TEST(test_retries),
                                     S3_TEST(test_empty),
                                     S3_TEST(test_contended)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

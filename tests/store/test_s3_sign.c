/* SPDX-License-Identifier: MIT */
#include "s3_store.h"

#include <stdio.h>

static void expect_refusal(zarrc_store *store, zarrc_status want, int http, const char *words) {
  zarrc_bytes got = {0};
  zarrc_error error;
  assert_int_equal(zarrc_store_get(store, "a", 100, &got, &error), want);
  assert_int_equal(error.http_status, http);
  if (!strstr(SAID(error), words)) fail_msg("%s", SAID(error));
  assert_null(strstr(SAID(error), "geheim"));
  assert_null(strstr(SAID(error), "AKTEST"));
}

static void test_wrong_secret(void **state) {
  s3_fixture *f = *state;
  zarrc_s3_options o = {.struct_size = sizeof o, .access_key_id = "AKTEST", .secret_access_key = "geheim"};
  needs_s3();
  zarrc_store *store = s3_open(f, "p", &o);
  expect_refusal(store, ZARRC_ACCESS, 403, "SignatureDoesNotMatch");
  zarrc_store_close(store);
}

static void test_session_token(void **state) {
  s3_fixture *f = *state;
  zarrc_s3_options o = {.struct_size = sizeof o,
                        .access_key_id = "AKTEST",
                        .secret_access_key = f->server->secret,
                        .session_token = "t/+="};
  needs_s3();
  f->server->token = "t/+=";
  expect_refusal(f->store, ZARRC_ACCESS, 403, "SignatureDoesNotMatch");
  zarrc_store *store = s3_open(f, "p", &o);
  s3_set(store, "a", "x");
  s3_expect(store, "a", "x");
  zarrc_store_close(store);
}

/* Who asks anonymously sends nothing of the credentials that the environment has. */
static void test_anonymous(void **state) {
  s3_fixture *f = *state;
  zarrc_s3_options o = {.struct_size = sizeof o, .anonymous = true};
  needs_s3();
  s3_set(f->store, "a", "x");
  setenv("AWS_ACCESS_KEY_ID", "AKTEST", 1);
  setenv("AWS_SECRET_ACCESS_KEY", f->server->secret, 1);
  zarrc_store *store = s3_open(f, "p", &o);
  expect_refusal(store, ZARRC_ACCESS, 403, "AccessDenied");
  f->server->is_public = true;
  http_server_begin(f->server->http);
  s3_expect(store, "a", "x");
  s3_expect(store, "b", NULL);
  assert_null(strstr(f->server->http->log[0].head, "Authorization"));
  assert_null(strstr(f->server->http->log[0].head, "x-amz-"));
  zarrc_store_close(store);
  unsetenv("AWS_ACCESS_KEY_ID");
  unsetenv("AWS_SECRET_ACCESS_KEY");
}

static void test_requester_pays(void **state) {
  s3_fixture *f = *state;
  zarrc_s3_options o = {.struct_size = sizeof o,
                        .access_key_id = "AKTEST",
                        .secret_access_key = f->server->secret,
                        .requester_pays = true};
  needs_s3();
  zarrc_store *store = s3_open(f, "p", &o);
  s3_set(store, "a", "x");
  assert_non_null(strstr(f->server->http->log[0].head, "x-amz-request-payer: requester"));
  zarrc_store_close(store);
}

/* A wrong region costs one request more, once. */
static void test_region(void **state) {
  s3_fixture *f = *state;
  needs_s3();
  f->server->region = "eu-north-1";
  s3_set(f->store, "a", "x");
  assert_int_equal(f->server->http->nrequests, 2);
  assert_int_equal(f->server->nrefused, 1);
  s3_expect(f->store, "a", "x");
  assert_int_equal(f->server->http->nrequests, 3);
}

static void test_region_by_redirect(void **state) {
  s3_fixture *f = *state;
  needs_s3();
  f->server->region = "eu-north-1";
  strcpy(f->server->region_told, "eu-north-1");
  s3_set(f->store, "a", "x");
  assert_int_equal(f->server->nrefused, 1);
  strcpy(f->server->region_told, "evil.example/");
  expect_refusal(f->store, ZARRC_NETWORK, 301, "PermanentRedirect");
}

/* A clock that is wrong by days is put right by the server's, once. */
static void test_clock(void **state) {
  s3_fixture *f = *state;
  needs_s3();
  f->server->ahead = -5 * 86400;
  s3_set(f->store, "a", "x");
  assert_int_equal(f->server->nrefused, 1);
  s3_expect(f->store, "a", "x");
  assert_int_equal(f->server->nrefused, 1);
}

/* Redirects and refuses for ever. */
static void never(void *arg, s3_server *server, const http_asked *asked, http_reply *reply) {
  static const char body[] = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>a-1</Region></Error>";
  (void)arg, (void)server, (void)asked;
  *reply = (http_reply){.status = 400, .body = body, .nbytes = sizeof body - 1, .claimed = sizeof body - 1};
}

static void test_it_ends(void **state) {
  s3_fixture *f = *state;
  needs_s3();
  f->server->change = never;
  expect_refusal(f->store, ZARRC_NETWORK, 400, "AuthorizationHeaderMalformed");
  assert_true(f->server->http->nrequests <= 5);
}

/* A bucket that is not there is no missing value. */
static void test_no_bucket(void **state) {
  s3_fixture *f = *state;
  zarrc_s3_options o = {.struct_size = sizeof o, .anonymous = true};
  char endpoint[64];
  zarrc_store *store;
  needs_s3();
  f->server->is_public = true;
  o.endpoint = http_server_url(f->server->http, "", endpoint, sizeof endpoint);
  assert_int_equal(zarrc_s3_store_open(f->ctx, "other", "", true, &o, NULL, &store, NULL), ZARRC_OK);
  expect_refusal(store, ZARRC_IO, 0, "there is no such bucket");
  zarrc_store_close(store);
}

static void missing_by_403(void *arg, s3_server *server, const http_asked *asked, http_reply *reply) {
  (void)arg, (void)server, (void)asked;
  if (reply->status == 404) reply->status = 403;
}

static void test_403(void **state) {
  s3_fixture *f = *state;
  char endpoint[64];
  zarrc_store *store;
  zarrc_s3_options o = {.struct_size = sizeof o, .access_key_id = "AKTEST", .secret_access_key = f->server->secret};
  zarrc_http_options http = {.struct_size = sizeof http, .missing_403 = true};
  zarrc_bytes got;
  needs_s3();
  f->server->change = missing_by_403;
  expect_refusal(f->store, ZARRC_ACCESS, 403, "Forbidden");
  o.endpoint = http_server_url(f->server->http, "", endpoint, sizeof endpoint);
  assert_int_equal(zarrc_s3_store_open(f->ctx, "b", "", true, &o, &http, &store, NULL), ZARRC_OK);
  assert_int_equal(zarrc_store_get(store, "a/c/0", 10, &got, NULL), ZARRC_NOT_FOUND);
  assert_int_equal(zarrc_store_get(store, "a/zarr.json", 10, &got, NULL), ZARRC_ACCESS);
  zarrc_store_close(store);
}

int main(void) {
  const struct CMUnitTest tests[] = {S3_TEST(test_wrong_secret), S3_TEST(test_session_token),
                                     S3_TEST(test_anonymous),    S3_TEST(test_requester_pays),
                                     S3_TEST(test_region),       S3_TEST(test_region_by_redirect),
                                     S3_TEST(test_clock),        S3_TEST(test_it_ends),
                                     S3_TEST(test_no_bucket),    S3_TEST(test_403)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/s3_account.h"
#include "support/context.h"
#include "support/faulty_alloc.h"
#include "support/files.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const VARIABLES[] = {"AWS_ACCESS_KEY_ID",
                                        "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN",
                                        "AWS_PROFILE",
                                        "AWS_REGION",
                                        "AWS_DEFAULT_REGION",
                                        "AWS_ENDPOINT_URL_S3",
                                        "AWS_ENDPOINT_URL",
                                        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                                        "AWS_NO_SIGN_REQUEST",
                                        "AWS_REQUEST_PAYER",
                                        "AWS_ENDPOINT_URL_STS",
                                        "AWS_WEB_IDENTITY_TOKEN_FILE",
                                        "AWS_ROLE_ARN",
                                        "AWS_ROLE_SESSION_NAME",
                                        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                                        "AWS_EC2_METADATA_SERVICE_ENDPOINT"};

typedef struct place {
  zarrc_ctx *ctx;
  char *folder;
} place;

/* A folder of its own for the files, and nothing in the environment. */
static int place_setup(void **state) {
  static place p;
  char *path;
  for (size_t i = 0; i < sizeof VARIABLES / sizeof *VARIABLES; i++) unsetenv(VARIABLES[i]);
  p.folder = tree_make();
  setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
  setenv("AWS_SHARED_CREDENTIALS_FILE", path = path_in(p.folder, "credentials"), 1);
  free(path);
  setenv("AWS_CONFIG_FILE", path = path_in(p.folder, "config"), 1);
  free(path);
  *state = &p;
  return context_setup((void **)&p.ctx);
}

static int place_teardown(void **state) {
  place *p = *state;
  tree_remove(p->folder);
  zarrc_ctx_close(p->ctx);
  return 0;
}

static void put(place *p, const char *name, const char *text) {
  char *path = path_in(p->folder, name);
  file_write_text(path, text);
  free(path);
}

static zarrc_s3_account open_it(place *p, zarrc_s3_options o) {
  zarrc_s3_account a;
  zarrc_error error;
  if (zarrc_s3_account_open(p->ctx, &o, NULL, &a, &error)) fail_msg("%s", SAID(error));
  return a;
}

static void expect_keys(place *p, zarrc_s3_options o, const char *id, const char *secret, const char *token) {
  zarrc_s3_account a = open_it(p, o);
  assert_false(a.is_anonymous);
  assert_string_equal(a.key_id, id);
  assert_string_equal(a.secret, secret);
  assert_string_equal(a.token, token);
  zarrc_s3_account_close(&a);
}

/* Nothing of a credential, which all begin with "geheim", is in the error. */
static void refuse(place *p, zarrc_s3_options o, zarrc_status want, const char *words) {
  zarrc_s3_account a;
  zarrc_error error;
  assert_int_equal(zarrc_s3_account_open(p->ctx, &o, NULL, &a, &error), want);
  if (!strstr(SAID(error), words)) fail_msg("%s", SAID(error));
  assert_null(strstr(SAID(error), "geheim"));
}

static void test_credentials(void **state) {
  place *p = *state;
  zarrc_s3_options none = {0}, keys = {.access_key_id = "id", .secret_access_key = "geheim"};
  zarrc_s3_options named = {.profile = "work"};
  refuse(p, none, ZARRC_ACCESS, "anonymous");
  put(p, "config",
      "[default]\naws_access_key_id = c1\naws_secret_access_key = geheim1\n"
      "[profile work]\naws_access_key_id = c2\naws_secret_access_key = geheim2\naws_session_token = t2\n"
      "[profile sso]\nsso_session = x\n[profile half]\naws_secret_access_key = geheim3\n");
  expect_keys(p, none, "c1", "geheim1", "");
  put(p, "credentials", "[default]\naws_access_key_id = f1\naws_secret_access_key = geheim4\n");
  expect_keys(p, none, "f1", "geheim4", "");
  setenv("AWS_PROFILE", "work", 1);
  expect_keys(p, none, "c2", "geheim2", "t2");
  setenv("AWS_ACCESS_KEY_ID", "e", 1);
  refuse(p, none, ZARRC_ACCESS, "AWS_SECRET_ACCESS_KEY");
  setenv("AWS_SECRET_ACCESS_KEY", "geheim5", 1);
  expect_keys(p, none, "e", "geheim5", "");
  setenv("AWS_SESSION_TOKEN", "t5", 1);
  expect_keys(p, none, "e", "geheim5", "t5");
  expect_keys(p, named, "c2", "geheim2", "t2");
  expect_keys(p, keys, "id", "geheim", "");
  keys.session_token = "t";
  expect_keys(p, keys, "id", "geheim", "t");
  named.profile = "sso";
  refuse(p, named, ZARRC_ACCESS, "sso_session");
  named.profile = "half";
  refuse(p, named, ZARRC_ACCESS, "aws_access_key_id");
  named.profile = "nobody";
  refuse(p, named, ZARRC_ACCESS, "there is no AWS profile \"nobody\"");
  keys.secret_access_key = NULL;
  refuse(p, keys, ZARRC_ACCESS, "secret");
}

/* What would end a header, or begin another, is no credential, wherever it comes from. */
static void test_no_header(void **state) {
  place *p = *state;
  zarrc_s3_options none = {0}, keys = {.access_key_id = "id", .secret_access_key = "geheim\n"};
  refuse(p, keys, ZARRC_ACCESS, "in the options");
  keys.secret_access_key = "geheim", keys.session_token = "geheim\r\nEvil: b";
  refuse(p, keys, ZARRC_ACCESS, "in the options");
  put(p, "credentials", "[default]\naws_access_key_id = geheim\x7f\naws_secret_access_key = geheim\n");
  refuse(p, none, ZARRC_ACCESS, "in the AWS profile");
  setenv("AWS_ACCESS_KEY_ID", "id", 1);
  setenv("AWS_SECRET_ACCESS_KEY", "geheim", 1);
  setenv("AWS_SESSION_TOKEN", "geheim\nEvil: b", 1);
  refuse(p, none, ZARRC_ACCESS, "in the environment");
}

static void test_half_in_environment(void **state) {
  place *p = *state;
  zarrc_s3_options none = {0};
  setenv("AWS_SECRET_ACCESS_KEY", "geheim", 1);
  refuse(p, none, ZARRC_ACCESS, "AWS_ACCESS_KEY_ID");
}

static void test_anonymous(void **state) {
  place *p = *state;
  zarrc_s3_options o = {.anonymous = true};
  setenv("AWS_ACCESS_KEY_ID", "e", 1);
  setenv("AWS_SECRET_ACCESS_KEY", "geheim", 1);
  zarrc_s3_account a = open_it(p, o);
  assert_true(a.is_anonymous);
  assert_string_equal(a.key_id, "");
  zarrc_s3_account_close(&a);
  o.access_key_id = o.secret_access_key = "geheim";
  refuse(p, o, ZARRC_INVALID_ARGUMENT, "anonymously");
  o.anonymous = false;
  setenv("AWS_NO_SIGN_REQUEST", "YES", 1);
  expect_keys(p, o, "geheim", "geheim", "");
  a = open_it(p, (zarrc_s3_options){0});
  assert_true(a.is_anonymous);
  zarrc_s3_account_close(&a);
  setenv("AWS_NO_SIGN_REQUEST", "no", 1);
  expect_keys(p, (zarrc_s3_options){0}, "e", "geheim", "");
}

static void expect_place(place *p, zarrc_s3_options o, const char *region, const char *endpoint) {
  o.anonymous = true;
  zarrc_s3_account a = open_it(p, o);
  assert_string_equal(a.region, region);
  assert_string_equal(a.endpoint, endpoint);
  zarrc_s3_account_close(&a);
}

static void test_region(void **state) {
  place *p = *state;
  zarrc_s3_options o = {.region = "option-1"};
  expect_place(p, (zarrc_s3_options){0}, "us-east-1", "");
  put(p, "config", "[default]\nregion = file-1\n");
  expect_place(p, (zarrc_s3_options){0}, "file-1", "");
  setenv("AWS_DEFAULT_REGION", "env-2", 1);
  expect_place(p, (zarrc_s3_options){0}, "env-2", "");
  setenv("AWS_REGION", "env-1", 1);
  expect_place(p, (zarrc_s3_options){0}, "env-1", "");
  expect_place(p, o, "option-1", "");
  static const char *const wrong[] = {"a.b",
                                      "evil.example/",
                                      "-a",
                                      "a-",
                                      "A",
                                      "a b",
                                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    o.region = wrong[i];
    o.anonymous = true;
    refuse(p, o, ZARRC_INVALID_ARGUMENT, "no region");
  }
}

static void test_endpoint(void **state) {
  place *p = *state;
  zarrc_s3_options o = {.endpoint = "HTTPS://host:9000//"};
  put(p, "config", "[default]\nendpoint_url = http://of-profile\n[services s]\ns3 =\n  endpoint_url = http://of-s\n");
  expect_place(p, (zarrc_s3_options){0}, "us-east-1", "http://of-profile");
  put(p, "credentials", "[default]\nservices = s\n");
  expect_place(p, (zarrc_s3_options){0}, "us-east-1", "http://of-s");
  setenv("AWS_ENDPOINT_URL", "http://of-env", 1);
  expect_place(p, (zarrc_s3_options){0}, "us-east-1", "http://of-env");
  setenv("AWS_ENDPOINT_URL_S3", "http://of-env-s3/", 1);
  expect_place(p, (zarrc_s3_options){0}, "us-east-1", "http://of-env-s3");
  expect_place(p, o, "us-east-1", "HTTPS://host:9000");
  setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
  expect_place(p, (zarrc_s3_options){0}, "us-east-1", "");
  expect_place(p, o, "us-east-1", "HTTPS://host:9000");
  static const char *const wrong[] = {"host:9000",  "ftp://host", "http://", "http://geheim:geheim@host",
                                      "http://h?a", "http://h h"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    o = (zarrc_s3_options){.endpoint = wrong[i], .anonymous = true};
    refuse(p, o, ZARRC_INVALID_ARGUMENT, "endpoint");
  }
}

static void test_payer(void **state) {
  place *p = *state;
  zarrc_s3_account a = open_it(p, (zarrc_s3_options){.anonymous = true});
  assert_false(a.requester_pays);
  zarrc_s3_account_close(&a);
  setenv("AWS_REQUEST_PAYER", "requester", 1);
  a = open_it(p, (zarrc_s3_options){.anonymous = true});
  assert_true(a.requester_pays);
  zarrc_s3_account_close(&a);
}

static void test_bucket_url(void **state) {
  place *p = *state;
  static const struct {
    const char *endpoint;
    zarrc_s3_style style;
    const char *bucket, *region, *want; /* NULL: refused */
  } rows[] = {
      {"", ZARRC_S3_AUTO, "b-1", "eu-north-1", "https://b-1.s3.eu-north-1.amazonaws.com"},
      {"", ZARRC_S3_AUTO, "b.1", "eu-north-1", "https://s3.eu-north-1.amazonaws.com/b.1"},
      {"", ZARRC_S3_AUTO, "b", "cn-north-1", "https://b.s3.cn-north-1.amazonaws.com.cn"},
      {"", ZARRC_S3_PATH, "b", "a-1", "https://s3.a-1.amazonaws.com/b"},
      {"", ZARRC_S3_HOST, "B", "a-1", NULL},
      {"http://h:1", ZARRC_S3_AUTO, "b", "a-1", "http://h:1/b"},
      {"http://h:1/p", ZARRC_S3_HOST, "b", "a-1", "http://b.h:1/p"},
      {"https://[::1]:9", ZARRC_S3_PATH, "b", "a-1", "https://[::1]:9/b"},
      {"https://x.s3.us-east-2.amazonaws.com", ZARRC_S3_AUTO, "b", "a-1", "https://b.x.s3.us-east-2.amazonaws.com"},
      {"http://h", ZARRC_S3_AUTO, "..", "a-1", NULL},
      {"http://h", ZARRC_S3_AUTO, "", "a-1", NULL},
      {"http://h", ZARRC_S3_AUTO, "a/b", "a-1", NULL}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_s3_account a = {.ctx = p->ctx, .endpoint = (char *)rows[i].endpoint, .style = rows[i].style};
    zarrc_buf out = zarrc_buf_new(p->ctx, 1000);
    zarrc_status status = zarrc_s3_bucket_url(&a, rows[i].bucket, rows[i].region, &out, NULL);
    assert_int_equal(status, rows[i].want ? ZARRC_OK : ZARRC_INVALID_ARGUMENT);
    assert_int_equal(zarrc_buf_append(&out, "", 1, NULL), ZARRC_OK);
    if (rows[i].want) assert_string_equal((char *)out.ptr, rows[i].want);
    zarrc_buf_clear(&out);
  }
}

static zarrc_status all_of_it(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *ctx;
  zarrc_s3_account a;
  zarrc_error error;
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &ctx, &error);
  if (status) return status;
  status = zarrc_s3_account_open(ctx, &(zarrc_s3_options){0}, NULL, &a, &error);
  if (!status) zarrc_s3_account_close(&a);
  zarrc_ctx_close(ctx);
  return status;
}

static void test_no_memory(void **state) {
  place *p = *state;
  put(p, "credentials", "[default]\naws_access_key_id = f1\naws_secret_access_key = geheim4\n");
  put(p, "config", "[default]\nendpoint_url = http://of-profile\n");
  assert_true(faulty_alloc_each(NULL, all_of_it, NULL) > 5);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, place_setup, place_teardown)
  const struct CMUnitTest tests[] = {TEST(test_credentials), TEST(test_no_header),  TEST(test_half_in_environment),
                                     TEST(test_anonymous),   TEST(test_region),     TEST(test_endpoint),
                                     TEST(test_payer),       TEST(test_bucket_url), TEST(test_no_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

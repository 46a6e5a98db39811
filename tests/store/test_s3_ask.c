/* SPDX-License-Identifier: MIT */
/* Credentials from a program, the token service, a container's server and the metadata service; all on loopback. */
#include "s3_store.h"

#include "store/s3.h"
#include "store/s3_ask.h"
#include "support/files.h"

#include <stdio.h>
#include <unistd.h>

/* Begins with "geheim": no error may have it. */
#define SECRET "geheim/+=1"

static const char *const VARIABLES[] = {"AWS_ACCESS_KEY_ID",
                                        "AWS_SECRET_ACCESS_KEY",
                                        "AWS_PROFILE",
                                        "AWS_ENDPOINT_URL",
                                        "AWS_ENDPOINT_URL_S3",
                                        "AWS_ENDPOINT_URL_STS",
                                        "AWS_WEB_IDENTITY_TOKEN_FILE",
                                        "AWS_ROLE_ARN",
                                        "AWS_ROLE_SESSION_NAME",
                                        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                                        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                                        "AWS_EC2_METADATA_DISABLED",
                                        "AWS_NO_SIGN_REQUEST"};

typedef struct fixture {
  zarrc_ctx *ctx;
  http_server *server;
  char *folder, url[64];
  char said[4][3000]; /* method, target, heads and bodies of the requests */
  const char *answers[4];
  int statuses[4];
  unsigned n;
} fixture;

static void answer(void *arg, http_server *server, const http_asked *asked, http_reply *reply) {
  fixture *f = arg;
  unsigned i = f->n < 3 ? f->n : 3;
  (void)server;
  snprintf(f->said[i], sizeof f->said[i], "%s %s\n%s\n%.*s", asked->method, asked->target, asked->head,
           (int)(asked->body ? asked->nbody : 0), asked->body ? asked->body : "");
  const char *text = f->answers[i] ? f->answers[i] : "";
  *reply = (http_reply){
      .status = f->statuses[i] ? f->statuses[i] : 200, .body = text, .nbytes = strlen(text), .claimed = strlen(text)};
  f->n++;
}

static void set_path(const fixture *f, const char *name, const char *file) {
  char *path = path_in(f->folder, file);
  setenv(name, path, 1);
  free(path);
}

static void put(const fixture *f, const char *file, const char *text) {
  char *path = path_in(f->folder, file);
  file_write_text(path, text);
  free(path);
}

static int setup(void **state) {
  static fixture f;
  memset(&f, 0, sizeof f);
  for (size_t i = 0; i < sizeof VARIABLES / sizeof *VARIABLES; i++) unsetenv(VARIABLES[i]);
  f.folder = tree_make();
  set_path(&f, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
  set_path(&f, "AWS_CONFIG_FILE", "config");
  setenv("http_proxy", "http://127.0.0.1:1", 1); /* for which nobody may ask */
  setenv("no_proxy", "127.0.0.1", 1);
  f.server = http_server_start();
  http_server_change(f.server, answer, &f);
  http_server_url(f.server, "", f.url, sizeof f.url);
  *state = &f;
  return zarrc_ctx_open(NULL, &f.ctx, NULL);
}

static int teardown(void **state) {
  fixture *f = *state;
  zarrc_ctx_close(f->ctx);
  http_server_stop(f->server);
  tree_remove(f->folder);
  unsetenv("http_proxy");
  unsetenv("no_proxy");
  return 0;
}

static zarrc_status ask(fixture *f, zarrc_s3_account *a, zarrc_error *error) {
  zarrc_s3_options options = {.struct_size = sizeof options};
  zarrc_status status = zarrc_s3_account_open(f->ctx, &options, NULL, a, error);
  if (status) return status;
  status = zarrc_s3_ask(a, error);
  if (status) zarrc_s3_account_close(a);
  return status;
}

static void expect(fixture *f, const char *id, const char *token, int64_t expires) {
  zarrc_s3_account a;
  zarrc_error error;
  if (ask(f, &a, &error)) fail_msg("%s", SAID(error));
  assert_string_equal(a.key_id, id);
  assert_string_equal(a.secret, SECRET);
  assert_string_equal(a.token, token);
  assert_int_equal(a.expires, expires);
  zarrc_s3_account_close(&a);
}

static void refuse(fixture *f, zarrc_status want, const char *words) {
  zarrc_s3_account a;
  zarrc_error error;
  assert_int_equal(ask(f, &a, &error), want);
  if (!strstr(SAID(error), words)) fail_msg("%s", SAID(error));
  assert_null(strstr(SAID(error), "geheim"));
}

#define JSON(token)                                                                                                    \
  "{\"Version\": 1, \"Code\": \"Success\", \"AccessKeyId\": \"ID\", \"SecretAccessKey\": \"geheim\\/+=1\", \"" token   \
  "\": \"T\", \"Expiration\": \"2031-01-02T03:04:05Z\"}"
enum { EXPIRES = 1925089445 };

static void test_process(void **state) {
  fixture *f = *state;
  put(f, "answer", JSON("SessionToken"));
  char *path = path_in(f->folder, "answer"), text[4096];
  snprintf(text, sizeof text, "[default]\ncredential_process = cat \"%s\"\n", path);
  free(path);
  put(f, "config", text);
  needs_s3();
  expect(f, "ID", "T", EXPIRES);
  put(f, "answer", "{\"Version\": 1, \"AccessKeyId\": \"ID\", \"SecretAccessKey\": \"" SECRET "\"}");
  expect(f, "ID", "", 0);
  put(f, "answer", "{\"Version\": 2, \"AccessKeyId\": \"ID\", \"SecretAccessKey\": \"" SECRET "\"}");
  refuse(f, ZARRC_UNSUPPORTED, "of another version");
  put(f, "answer", "{\"Version\": 1, \"AccessKeyId\": \"geheim\"}");
  refuse(f, ZARRC_NETWORK, "has no credentials");
  put(f, "answer", "{\"Version\": 1, \"AccessKeyId\": \"geheim\"");
  refuse(f, ZARRC_NETWORK, "credential_process of the AWS profile: the answer is no JSON");
  put(f, "answer", "{\"AccessKeyId\": \"ID\\u0000\", \"SecretAccessKey\": \"" SECRET "\"}");
  refuse(f, ZARRC_NETWORK, "has no credentials");
  put(f, "answer",
      "{\"AccessKeyId\": \"ID\", \"SecretAccessKey\": \"" SECRET "\", \"SessionToken\": \"geheim\\r\\nEvil: b\"}");
  refuse(f, ZARRC_NETWORK, "has no credentials");
  put(f, "config", "[default]\ncredential_process = false geheim\n");
  refuse(f, ZARRC_ACCESS, "has failed");
  assert_int_equal(f->n, 0);
}

#define STS                                                                                                            \
  "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"                            \
  "<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ID</AccessKeyId><SecretAccessKey>" SECRET                \
  "</SecretAccessKey><SessionToken>T</SessionToken><Expiration>2031-01-02T03:04:05.678Z</Expiration></Credentials>"    \
  "<AssumedRoleUser><Arn>x</Arn></AssumedRoleUser></AssumeRoleWithWebIdentityResult>"                                  \
  "</AssumeRoleWithWebIdentityResponse>"

static void test_web_identity(void **state) {
  fixture *f = *state;
  needs_s3();
  put(f, "token", "a.b-c_d+e=\n");
  set_path(f, "AWS_WEB_IDENTITY_TOKEN_FILE", "token");
  refuse(f, ZARRC_ACCESS, "AWS_ROLE_ARN");
  setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/r", 1);
  setenv("AWS_ENDPOINT_URL_STS", f->url, 1);
  f->answers[0] = f->answers[1] = STS;
  expect(f, "ID", "T", EXPIRES);
  assert_non_null(strstr(f->said[0], "POST /\n"));
  assert_non_null(strstr(f->said[0],
                         "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1"
                         "%3Arole%2Fr&RoleSessionName=zarrc&WebIdentityToken=a.b-c_d%2Be%3D"));
  assert_null(strstr(f->said[0], "RoleSessionName=zarrc&WebIdentityToken=a.b-c_d%2Be%3D%0A"));
  assert_null(strstr(f->said[0], "Authorization:"));
  setenv("AWS_ROLE_SESSION_NAME", "me", 1);
  expect(f, "ID", "T", EXPIRES);
  assert_non_null(strstr(f->said[1], "RoleSessionName=me&"));
  f->answers[2] =
      "<ErrorResponse><Error><Code>ExpiredTokenException</Code><Message>geheim</Message></Error></ErrorResponse>";
  f->statuses[2] = 400;
  refuse(f, ZARRC_ACCESS, "the web identity: HTTP status 400");
  f->answers[3] = "<a><b><Credentials><AccessKeyId>geheim</AccessKeyId></Credentials></b></a>";
  refuse(f, ZARRC_NETWORK, "has no credentials");
  f->answers[3] = "<a><b><Credentials><AccessKeyId>geheim";
  refuse(f, ZARRC_NETWORK, "makes no sense");
  set_path(f, "AWS_WEB_IDENTITY_TOKEN_FILE", "nothing");
  refuse(f, ZARRC_ACCESS, "there is no file");
}

static void test_web_identity_of_profile(void **state) {
  fixture *f = *state;
  char text[4096], *path = path_in(f->folder, "token");
  needs_s3();
  put(f, "token", "t");
  snprintf(text, sizeof text, "[profile p]\nweb_identity_token_file = %s\nrole_arn = R\nrole_session_name = S\n", path);
  free(path);
  put(f, "config", text);
  setenv("AWS_PROFILE", "p", 1);
  setenv("AWS_ENDPOINT_URL_STS", f->url, 1);
  f->answers[0] = STS;
  expect(f, "ID", "T", EXPIRES);
  assert_non_null(strstr(f->said[0], "RoleArn=R&RoleSessionName=S&WebIdentityToken=t"));
}

static void test_container(void **state) {
  fixture *f = *state;
  char url[100];
  needs_s3();
  setenv("no_proxy", "", 1); /* the proxy is not asked nevertheless */
  setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", http_server_url(f->server, "creds?a=b", url, sizeof url), 1);
  setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic geheim", 1);
  f->answers[0] = f->answers[1] = f->answers[3] = JSON("Token");
  expect(f, "ID", "T", EXPIRES);
  assert_non_null(strstr(f->said[0], "GET /creds?a=b\n"));
  assert_non_null(strstr(f->said[0], "\r\nAuthorization: Basic geheim\r\n"));
  put(f, "auth", "of-file\n");
  set_path(f, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "auth");
  expect(f, "ID", "T", EXPIRES);
  assert_non_null(strstr(f->said[1], "\r\nAuthorization: of-file\r\n"));
  f->statuses[2] = 302;
  f->answers[2] = "geheim";
  refuse(f, ZARRC_ACCESS, "HTTP status 302");
  put(f, "auth", "a\r\nEvil: b");
  refuse(f, ZARRC_ACCESS, "no header can have");
  assert_int_equal(f->n, 3);
}

/* What is secret is sent to nobody else. */
static void test_container_urls(void **state) {
  fixture *f = *state;
  static const char *const wrong[] = {"http://10.0.0.1/geheim",
                                      "http://example.org/x",
                                      "http://127.0.0.1@evil/x",
                                      "http://127.evil/x",
                                      "http://127.0.0.1:1@evil/x",
                                      "http://[",
                                      "http://[::1",
                                      "ftp://localhost/x",
                                      "http://localhost.evil/",
                                      "localhost/x"};
  static const char *const right[] = {"http://127.0.0.1/x",       "http://localhost:80/x", "http://[::1]:80/x",
                                      "http://169.254.170.23/v1", "https://example.org/x", "http://169.254.170.2"};
  zarrc_s3_account a;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", wrong[i], 1);
    refuse(f, ZARRC_ACCESS, "neither https nor a server of this machine");
  }
  for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", right[i], 1);
    assert_int_equal(zarrc_s3_account_open(f->ctx, &(zarrc_s3_options){0}, NULL, &a, NULL), ZARRC_OK);
    assert_int_equal(a.source, ZARRC_S3_CONTAINER);
    assert_string_equal(a.place, right[i]);
    zarrc_s3_account_close(&a);
  }
  setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x", 1);
  assert_int_equal(zarrc_s3_account_open(f->ctx, &(zarrc_s3_options){0}, NULL, &a, NULL), ZARRC_OK);
  assert_string_equal(a.place, "http://169.254.170.2/v2/x");
  zarrc_s3_account_close(&a);
  setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil/x", 1);
  refuse(f, ZARRC_ACCESS, "is no path");
}

static void test_machine(void **state) {
  fixture *f = *state;
  needs_s3();
  setenv("no_proxy", "", 1);
  setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f->url, 1);
  f->answers[0] = "SESSION";
  f->answers[1] = "my-role\nother";
  f->answers[2] = JSON("Token");
  expect(f, "ID", "T", EXPIRES);
  assert_non_null(strstr(f->said[0], "PUT /latest/api/token\n"));
  assert_non_null(strstr(f->said[0], "\r\nX-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"));
  assert_non_null(strstr(f->said[1], "GET /latest/meta-data/iam/security-credentials/\n"));
  assert_non_null(strstr(f->said[1], "\r\nX-aws-ec2-metadata-token: SESSION\r\n"));
  assert_non_null(strstr(f->said[2], "GET /latest/meta-data/iam/security-credentials/my-role\n"));
  f->statuses[3] = 404;
  refuse(f, ZARRC_ACCESS, "The metadata service: HTTP status 404");
  assert_int_equal(f->n, 4); /* one try */
  f->statuses[3] = 500;
  refuse(f, ZARRC_ACCESS, "anonymous");
  assert_int_equal(f->n, 5);
}

/* The metadata service is not asked if it is switched off, or for another server than AWS, or if there is any other
 * source. */
static void test_machine_is_last(void **state) {
  fixture *f = *state;
  needs_s3();
  setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f->url, 1);
  setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
  refuse(f, ZARRC_ACCESS, "anonymous");
  unsetenv("AWS_EC2_METADATA_DISABLED");
  setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1", 1);
  refuse(f, ZARRC_ACCESS, "anonymous");
  unsetenv("AWS_ENDPOINT_URL");
  put(f, "credentials", "[default]\naws_access_key_id = ID\naws_secret_access_key = " SECRET "\n");
  expect(f, "ID", "", 0);
  put(f, "credentials", "[default]\nsso_session = x\n");
  refuse(f, ZARRC_ACCESS, "sso_session");
  assert_int_equal(f->n, 0);
}

/* Nobody listens at that port, which was free a moment ago. */
static void test_machine_without_service(void **state) {
  fixture *f = *state;
  needs_s3();
  setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1/", 1);
  refuse(f, ZARRC_ACCESS, "The metadata service: ");
}

/* ----------------------------------------------------------------------------------------------------- expiring */

/* A server on which all credentials expire that are not those in the files. */
typedef struct expiring {
  fixture *f;
  const char *id;
  unsigned nexpired;
} expiring;

static void expire(void *arg, s3_server *server, const http_asked *asked, http_reply *reply) {
  expiring *e = arg;
  char authorization[1024], want[64];
  (void)server;
  http_header(asked->head, "Authorization", authorization, sizeof authorization);
  snprintf(want, sizeof want, "Credential=%s/", e->id);
  bool is_new = strstr(authorization, want) != NULL;
  const char *text = is_new ? "v" : "<Error><Code>ExpiredToken</Code><Message>geheim</Message></Error>";
  e->nexpired += !is_new;
  *reply = (http_reply){.status = is_new ? 200 : 400, .body = text, .nbytes = strlen(text), .claimed = strlen(text)};
}

static zarrc_status read_key(zarrc_store *store, zarrc_error *error) {
  zarrc_bytes got = {0};
  zarrc_status status = zarrc_store_get(store, "k", 100, &got, error);
  zarrc_bytes_release(&got);
  return status;
}

/* The files are read again when the server says that the credentials have expired: once, and not if they are the same.
 */
static void test_expired_files(void **state) {
  fixture *f = *state;
  s3_server *server;
  zarrc_store *store;
  zarrc_error error;
  char url[64];
  needs_s3();
  server = s3_server_start(f->ctx);
  expiring e = {f, "OLD", 0};
  server->change = expire;
  server->arg = &e;
  setenv("AWS_ENDPOINT_URL_S3", http_server_url(server->http, "", url, sizeof url), 1);
  put(f, "credentials", "[default]\naws_access_key_id = OLD\naws_secret_access_key = geheim1\naws_session_token = t\n");
  if (zarrc_s3_store_open(f->ctx, "b", "", true, NULL, NULL, &store, &error)) fail_msg("%s", SAID(error));
  if (read_key(store, &error)) fail_msg("%s", SAID(error));
  e.id = "NEW";
  put(f, "credentials", "[default]\naws_access_key_id = NEW\naws_secret_access_key = geheim2\naws_session_token = t\n");
  if (read_key(store, &error)) fail_msg("%s", SAID(error));
  assert_int_equal(e.nexpired, 1);
  zarrc_store_close(store);
  e.id = "NEWEST";
  if (zarrc_s3_store_open(f->ctx, "b", "", true, NULL, NULL, &store, &error)) fail_msg("%s", SAID(error));
  assert_int_equal(read_key(store, &error), ZARRC_ACCESS);
  assert_non_null(strstr(SAID(error), "ExpiredToken"));
  assert_null(strstr(SAID(error), "geheim"));
  assert_int_equal(e.nexpired, 2);
  zarrc_store_close(store);
  s3_server_stop(server);
}

/* Credentials that say when they expire are renewed before. */
static void test_expires_soon(void **state) {
  fixture *f = *state;
  s3_server *server;
  zarrc_store *store;
  zarrc_error error;
  char url[64], text[4096], *path = path_in(f->folder, "answer");
  needs_s3();
  server = s3_server_start(f->ctx);
  expiring e = {f, "SECOND", 0};
  server->change = expire;
  server->arg = &e;
  setenv("AWS_ENDPOINT_URL_S3", http_server_url(server->http, "", url, sizeof url), 1);
  snprintf(text, sizeof text, "[default]\ncredential_process = cat %s\n", path);
  free(path);
  put(f, "config", text);
  put(f, "answer",
      "{\"Version\": 1, \"AccessKeyId\": \"FIRST\", \"SecretAccessKey\": \"geheim1\", \"SessionToken\": "
      "\"t\", \"Expiration\": \"2001-01-01T00:00:00+00:00\"}");
  if (zarrc_s3_store_open(f->ctx, "b", "", true, NULL, NULL, &store, &error)) fail_msg("%s", SAID(error));
  put(f, "answer",
      "{\"Version\": 1, \"AccessKeyId\": \"SECOND\", \"SecretAccessKey\": \"geheim2\", \"SessionToken\": "
      "\"t\", \"Expiration\": \"2099-01-01T00:00:00Z\"}");
  if (read_key(store, &error)) fail_msg("%s", SAID(error));
  assert_int_equal(e.nexpired, 0);
  zarrc_store_close(store);
  s3_server_stop(server);
}

/* A file of the program that is there once it runs. */
static bool is_running(void *ud) {
  return *(const char *)ud && !access(ud, F_OK);
}

/* Who cancels a renewal does not keep those who come next from theirs. */
static void test_canceled_renewal(void **state) {
  fixture *f = *state;
  s3_server *server;
  zarrc_store *store;
  zarrc_error error;
  zarrc_ctx *ctx;
  char url[64], text[4096], watched[4096] = "", *runs = path_in(f->folder, "runs");
  zarrc_ctx_options options = {.canceled = is_running, .canceled_ud = watched};
  needs_s3();
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  server = s3_server_start(f->ctx);
  expiring e = {f, "SECOND", 0};
  server->change = expire;
  server->arg = &e;
  setenv("AWS_ENDPOINT_URL_S3", http_server_url(server->http, "", url, sizeof url), 1);
  snprintf(text, sizeof text, "[default]\ncredential_process = sh -c 'cd %s; touch runs; cat answer'\n", f->folder);
  put(f, "config", text);
  put(f, "answer",
      "{\"Version\": 1, \"AccessKeyId\": \"FIRST\", \"SecretAccessKey\": \"geheim1\", "
      "\"Expiration\": \"2001-01-01T00:00:00Z\"}");
  if (zarrc_s3_store_open(ctx, "b", "", true, NULL, NULL, &store, &error)) fail_msg("%s", SAID(error));
  put(f, "answer", "{\"Version\": 1, \"AccessKeyId\": \"SECOND\", \"SecretAccessKey\": \"geheim2\"}");
  assert_int_equal(unlink(runs), 0);
  strcpy(watched, runs);
  assert_int_not_equal(read_key(store, &error), ZARRC_OK);
  *watched = '\0';
  if (read_key(store, &error)) fail_msg("%s", SAID(error));
  zarrc_store_close(store);
  s3_server_stop(server);
  zarrc_ctx_close(ctx);
  free(runs);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
  const struct CMUnitTest tests[] = {TEST(test_process),
                                     TEST(test_web_identity),
                                     TEST(test_web_identity_of_profile),
                                     TEST(test_container),
                                     TEST(test_container_urls),
                                     TEST(test_machine),
                                     TEST(test_machine_is_last),
                                     TEST(test_machine_without_service),
                                     TEST(test_expired_files),
                                     TEST(test_expires_soon),
                                     TEST(test_canceled_renewal)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

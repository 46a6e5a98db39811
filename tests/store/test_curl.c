/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/curl.h"
#include "store/http_store.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static bool accept_all(zarrc_get *get) {
  get->body.max = 1 << 20;
  return true;
}

static zarrc_curl *open_curl(const http_fixture *f, const zarrc_http_options *http) {
  const zarrc_transport_options options = {.root = f->url, .query = "", .user = "u", .password = "p", .http = http};
  zarrc_curl *curl;
  assert_int_equal(zarrc_curl_open(f->ctx, &options, &curl, NULL), ZARRC_OK);
  return curl;
}

static zarrc_curl_end wait_for_end(zarrc_curl *curl) {
  zarrc_curl_end end;
  while (!zarrc_curl_next(curl, &end)) {
    zarrc_curl_wait(curl, 10);
    zarrc_curl_perform(curl);
  }
  return end;
}

static const char *const headers[] = {"X-Secret: s"};
static const zarrc_http_options options = {
    .headers = headers, .nheaders = 1, .max_requests = 4, .connect_timeout_ms = 60000, .stall_timeout_ms = 100};

typedef struct spoiling {
  http_fault kind;
  size_t cut_at;
} spoiling;

static void spoil(void *arg, http_server *server, const http_asked *asked, http_reply *reply) {
  const spoiling *fault = arg;
  (void)server, (void)asked;
  reply->fault = fault->kind;
  reply->cut_at = fault->cut_at;
}

/* Starts a request without more headers, for which there must be memory. */
static zarrc_status start(zarrc_curl *curl, zarrc_get *get, const char *url, const char *range, const char *if_match,
                          bool secrets) {
  static const zarrc_buf none;
  bool started = false;
  const zarrc_curl_head head = {url, range, if_match, &none, secrets};
  zarrc_status status = zarrc_curl_start(curl, get, &head, &started, NULL);
  return status || started ? status : ZARRC_PENDING;
}

/* How transfers end: with an answer, or broken, and why. */
static void outcomes(void **state) {
  http_fixture *f = *state;
  needs_curl();
  static const struct {
    const char *path, *range;
    spoiling fault;
    zarrc_curl_outcome outcome;
    int http;
    size_t nbytes;
  } rows[] = {{"f", "", {HTTP_FINE, 0}, ZARRC_CURL_ANSWERED, 200, 1000},
              {"f", "5-9", {HTTP_FINE, 0}, ZARRC_CURL_ANSWERED, 206, 5},
              {"g", "", {HTTP_FINE, 0}, ZARRC_CURL_ANSWERED, 404, 0},
              {"f", "", {HTTP_CUT, 17}, ZARRC_CURL_BROKEN, 200, 17},
              {"f", "5-9", {HTTP_CUT, 3}, ZARRC_CURL_BROKEN, 206, 3},
              {"f", "", {HTTP_RESET, 0}, ZARRC_CURL_BROKEN, 0, 0},
              {"f", "", {HTTP_CLOSE, 0}, ZARRC_CURL_BROKEN, 0, 0},
              {"f", "", {HTTP_STALL, 17}, ZARRC_CURL_BROKEN, 200, 17}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_curl *curl = open_curl(f, &options);
    char url[256];
    zarrc_get get = {.accept = accept_all, .body = zarrc_buf_new(f->ctx, 0)};
    if (*rows[i].range) {
      get.kind = ZARRC_GET_RANGE;
      get.first = 5;
      get.nbytes = 5;
    }
    spoiling fault = rows[i].fault;
    http_server_change(f->server, spoil, &fault);
    snprintf(url, sizeof url, "%s/%s", f->url, rows[i].path);
    assert_int_equal(start(curl, &get, url, rows[i].range, "", true), ZARRC_OK);
    assert_int_equal(zarrc_curl_nactive(curl), 1);
    zarrc_curl_end end = wait_for_end(curl);
    assert_ptr_equal(end.get, &get);
    if (end.outcome != rows[i].outcome) fail_msg("row %zu: %d, %s", i, (int)end.outcome, end.words);
    assert_int_equal(get.answer.status, rows[i].http);
    assert_int_equal(get.body.len, rows[i].nbytes);
    if (rows[i].nbytes) assert_memory_equal(get.body.ptr, f->bytes + get.answer.first, get.body.len);
    assert_int_equal(zarrc_curl_nactive(curl), 0);
    zarrc_buf_clear(&get.body);
    zarrc_curl_close(curl);
    http_server_rest(f->server);
  }
}

/* Secrets are sent only if they are wanted. */
static void secrets(void **state) {
  http_fixture *f = *state;
  needs_curl();
  zarrc_curl *curl = open_curl(f, &options);
  char url[256];
  snprintf(url, sizeof url, "%s/f?q", f->url);
  for (int with = 0; with < 2; with++) {
    zarrc_get get = {.accept = accept_all, .body = zarrc_buf_new(f->ctx, 0)};
    assert_int_equal(start(curl, &get, url, "", "\"one\"", with), ZARRC_OK);
    wait_for_end(curl);
    zarrc_buf_clear(&get.body);
    const char *head = f->server->log[with].head;
    assert_int_equal(strstr(head, "X-Secret: s") != NULL, with);
    assert_int_equal(strcasestr(head, "Authorization: Basic") != NULL, with);
    assert_non_null(strstr(head, "If-Match: \"one\""));
    assert_non_null(strstr(head, "User-Agent: zarrc/"));
  }
  zarrc_http_counts counts = {0};
  zarrc_curl_count(curl, &counts);
  assert_int_equal(counts.requests, 2);
  assert_int_equal(counts.connections, 1);
  assert_int_equal(counts.nbytes, 2 * HTTP_TOTAL);
  zarrc_curl_close(curl);
}

/* A server that is not there, one that does not speak TLS, and what is no URL. */
static void no_connections(void **state) {
  http_fixture *f = *state;
  needs_curl();
  static const struct {
    const char *scheme;
    zarrc_curl_outcome outcome;
  } rows[] = {{"http", ZARRC_CURL_NO_CONNECTION}, {"ftp", ZARRC_CURL_REFUSED}};
  int port = f->server->port;
  zarrc_curl *curl = open_curl(f, &options);
  http_server_stop(f->server);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char url[64];
    zarrc_get get = {.accept = accept_all, .body = zarrc_buf_new(f->ctx, 0)};
    snprintf(url, sizeof url, "%s://127.0.0.1:%d/", rows[i].scheme, port);
    assert_int_equal(start(curl, &get, url, "", "", true), ZARRC_OK);
    zarrc_curl_end end = wait_for_end(curl);
    if (end.outcome != rows[i].outcome) fail_msg("row %zu: %d, %s", i, (int)end.outcome, end.words);
    assert_true(*end.words != '\0');
  }
  zarrc_curl_close(curl);
  f->server = http_server_start();
}

/* A transfer can be stopped, and handles can be forgotten; what is over the number of transfers is not started. */
static void stop_and_forget(void **state) {
  http_fixture *f = *state;
  needs_curl();
  spoiling fault = {HTTP_STALL, 10};
  zarrc_http_options slow = options;
  slow.stall_timeout_ms = 100000;
  zarrc_curl *curl = open_curl(f, &slow);
  char url[256];
  http_server_change(f->server, spoil, &fault);
  snprintf(url, sizeof url, "%s/f", f->url);
  zarrc_get get = {.accept = accept_all, .body = zarrc_buf_new(f->ctx, 0)};
  assert_int_equal(start(curl, &get, url, "", "", false), ZARRC_OK);
  while (get.body.len < 10) {
    zarrc_curl_wait(curl, 10);
    zarrc_curl_perform(curl);
  }
  zarrc_curl_stop(curl, &get);
  assert_int_equal(zarrc_curl_nactive(curl), 0);
  zarrc_curl_wake(curl);
  http_server_rest(f->server);
  fault.kind = HTTP_FINE;
  zarrc_buf_clear(&get.body);
  assert_int_equal(start(curl, &get, url, "", "", false), ZARRC_OK);
  assert_int_equal(wait_for_end(curl).outcome, ZARRC_CURL_ANSWERED);
  zarrc_buf_clear(&get.body);
  http_server_rest(f->server);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    zarrc_curl_forget(curl);
    bool right = !start(curl, &get, url, "", "", false) && wait_for_end(curl).outcome == ZARRC_CURL_ANSWERED &&
                 get.body.len == HTTP_TOTAL;
    zarrc_curl_close(curl);
    _exit(right ? 0 : 1);
  }
  int status = -1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  zarrc_curl_close(curl);
}

static void huge_head(void *arg, http_server *server, const http_asked *asked, http_reply *reply) {
  (void)arg, (void)server, (void)asked;
  reply->headers[0] = '\0';
  for (int i = 0; i < 40; i++) strcat(reply->headers, "X-Filler: 0123456789\r\n");
}

/* A head of any length is read up to a limit. */
static void long_heads(void **state) {
  http_fixture *f = *state;
  needs_curl();
  zarrc_curl *curl = open_curl(f, &options);
  char url[256];
  http_server_change(f->server, huge_head, NULL);
  snprintf(url, sizeof url, "%s/f", f->url);
  zarrc_get get = {.accept = accept_all, .body = zarrc_buf_new(f->ctx, 0)};
  assert_int_equal(start(curl, &get, url, "", "", false), ZARRC_OK);
  assert_int_equal(wait_for_end(curl).outcome, ZARRC_CURL_ANSWERED);
  assert_int_equal(get.body.len, HTTP_TOTAL);
  zarrc_buf_clear(&get.body);
  zarrc_curl_close(curl);
}

static void add_trailers(void *arg, http_server *server, const http_asked *asked, http_reply *reply) {
  (void)arg, (void)server, (void)asked;
  reply->chunked = true;
  reply->trailers = "Content-Range: bytes 1-2/3\r\nETag: \"other\"\r\nContent-Encoding: gzip\r\n";
}

/* What comes after a body does not change what was said before it. */
static void trailers(void **state) {
  http_fixture *f = *state;
  needs_curl();
  zarrc_curl *curl = open_curl(f, &options);
  char url[256];
  http_server_change(f->server, add_trailers, NULL);
  snprintf(url, sizeof url, "%s/f", f->url);
  zarrc_get get = {.accept = accept_all, .body = zarrc_buf_new(f->ctx, 0)};
  assert_int_equal(start(curl, &get, url, "", "", false), ZARRC_OK);
  assert_int_equal(wait_for_end(curl).outcome, ZARRC_CURL_ANSWERED);
  assert_int_equal(get.status, ZARRC_OK);
  assert_int_equal(get.body.len, HTTP_TOTAL);
  assert_string_equal(get.answer.etag, "\"one\"");
  assert_false(get.answer.has_range);
  zarrc_buf_clear(&get.body);
  zarrc_curl_close(curl);
}

static void left_out(void **state) {
  http_fixture *f = *state;
  zarrc_store *store;
  zarrc_error error;
  zarrc_status status = zarrc_http_store_open(f->ctx, "http://h/a", NULL, &store, &error);
  if (ZARRC_HAVE_CURL) {
    assert_int_equal(status, ZARRC_OK);
    zarrc_store_close(store);
  } else {
    assert_int_equal(status, ZARRC_UNSUPPORTED);
    assert_true(says_left_out(error.message));
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, http_setup, http_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {TEST(outcomes),   TEST(secrets),  TEST(no_connections), TEST(stop_and_forget),
                                     TEST(long_heads), TEST(trailers), TEST(left_out)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

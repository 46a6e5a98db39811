/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/http_store.h"
#include "store/transport.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* What happens to answers, by the number of the request. */
typedef struct spoiling {
  http_fault kind;
  size_t cut_at;
  int status;           /* instead of an answer; 0: none */
  const char *headers;  /* more of them; may be NULL */
  unsigned first, last; /* requests to be spoilt; every: each so many-th of all */
  unsigned every;
} spoiling;

static void spoil(void *arg, http_server *server, const http_asked *asked, http_reply *reply) {
  const spoiling *f = arg;
  (void)server;
  bool hit = f->every ? asked->number % f->every == 0 : asked->number >= f->first && asked->number <= f->last;
  if (!hit) return;
  if (f->status) *reply = (http_reply){.status = f->status, .body = "busy", .nbytes = 4, .claimed = 4};
  if (f->headers) strcat(reply->headers, f->headers);
  reply->fault = f->kind;
  reply->cut_at = f->cut_at < reply->nbytes ? f->cut_at : reply->nbytes / 2;
}

static void use_faults(http_fixture *f, spoiling *faults) {
  http_server_begin(f->server);
  http_server_change(f->server, spoil, faults);
}

static void expect_bytes(zarrc_store *store, const http_fixture *f, const char *key) {
  zarrc_bytes got;
  zarrc_error error;
  if (zarrc_store_get(store, key, 1 << 20, &got, &error)) fail_msg("%s", error.message);
  assert_int_equal(got.len, HTTP_TOTAL);
  assert_memory_equal(got.ptr, f->bytes, HTTP_TOTAL);
  zarrc_bytes_release(&got);
  http_server_rest(f->server);
}

/* A request that fails a few times is made again, and goes on where the body was cut off if the version is known. */
static void made_again(void **state) {
  http_fixture *f = *state;
  needs_curl();
  static const struct {
    spoiling faults;
    const char *etag, *range, *if_match; /* range and If-Match of the second request */
    unsigned nrequests;
  } rows[] = {{{.status = 503, .headers = "Retry-After: 0\r\n", .first = 1, .last = 4}, "\"one\"", "", "", 5},
              {{.status = 429, .first = 1, .last = 1}, "\"one\"", "", "", 2},
              {{.status = 500, .first = 1, .last = 2}, "\"one\"", "", "", 3},
              {{.kind = HTTP_RESET, .first = 1, .last = 3}, "\"one\"", "", "", 4},
              {{.kind = HTTP_CLOSE, .first = 1, .last = 1}, "\"one\"", "", "", 2},
              {{.kind = HTTP_CUT, .cut_at = 300, .first = 1, .last = 1}, "\"one\"", "bytes=300-999", "\"one\"", 2},
              {{.kind = HTTP_CUT, .cut_at = 300, .first = 1, .last = 3}, "\"one\"", "bytes=300-999", "\"one\"", 4},
              {{.kind = HTTP_CUT, .cut_at = 300, .first = 1, .last = 1}, "W/\"one\"", "", "", 2},
              {{.kind = HTTP_CUT, .cut_at = 300, .first = 1, .last = 1}, "", "", "", 2},
              {{.kind = HTTP_CUT, .cut_at = 0, .first = 1, .last = 1}, "\"one\"", "", "", 2},
              {{.kind = HTTP_STALL, .cut_at = 300, .first = 1, .last = 1}, "\"one\"", "bytes=300-999", "\"one\"", 2}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const zarrc_http_options options = {.struct_size = sizeof options, .stall_timeout_ms = 300};
    zarrc_store *store = http_open(f, &options);
    spoiling faults = rows[i].faults;
    strcpy(f->server->values[0].etag, rows[i].etag);
    use_faults(f, &faults);
    expect_bytes(store, f, "f");
    if (f->server->nrequests != rows[i].nrequests) fail_msg("row %zu: %u requests", i, f->server->nrequests);
    assert_string_equal(f->server->log[1].range, rows[i].range);
    assert_string_equal(f->server->log[1].if_match, rows[i].if_match);
    assert_int_equal(http_counts(store).retries, rows[i].nrequests - 1);
    assert_int_equal(http_counts(store).requests, rows[i].nrequests);
    zarrc_store_close(store);
  }
}

static void change_after_cut(void *arg, http_server *server, const http_asked *asked, http_reply *reply) {
  http_fixture *f = arg;
  if (asked->number > 1) return;
  reply->fault = HTTP_CUT;
  reply->cut_at = 300;
  for (size_t i = 0; i < HTTP_TOTAL; i++) f->bytes[i] ^= 0x55;
  strcpy(server->values[0].etag, "\"two\"");
}

/* A body that was cut off is not continued with that of another version, whether the server honours If-Match or not. */
static void cut_and_changed(void **state) {
  http_fixture *f = *state;
  needs_curl();
  for (int ignores = 0; ignores < 2; ignores++) {
    strcpy(f->server->values[0].etag, "\"one\"");
    f->server->manners.ignores_if_match = ignores;
    http_server_begin(f->server);
    http_server_change(f->server, change_after_cut, f);
    expect_bytes(f->store, f, "f");
    assert_int_equal(f->server->nrequests, 3);
  }
}

/* After so many tries, or when the server wants to be left alone for longer than there is time, it is a failure. */
static void given_up(void **state) {
  http_fixture *f = *state;
  needs_curl();
  static const struct {
    spoiling faults;
    unsigned tries, nrequests;
    int64_t retry_after_ms;
  } rows[] = {{{.status = 503, .every = 1}, 0, 5, -1},
              {{.status = 503, .every = 1}, 2, 2, -1},
              {{.kind = HTTP_RESET, .every = 1}, 3, 3, -1},
              {{.kind = HTTP_CUT, .cut_at = 300, .every = 1}, 3, 3, -1},
              {{.status = 503, .headers = "Retry-After: 100000\r\n", .every = 1}, 0, 1, 60000},
              {{.status = 503, .headers = "Retry-After: Fri, 31 Dec 2100 23:59:59 GMT\r\n", .every = 1}, 0, 1, 60000}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const zarrc_http_options options = {
        .struct_size = sizeof options, .tries = rows[i].tries, .retry_timeout_ms = 30000};
    zarrc_store *store = http_open(f, &options);
    spoiling faults = rows[i].faults;
    zarrc_bytes got;
    zarrc_error error;
    use_faults(f, &faults);
    assert_int_equal(zarrc_store_get(store, "f", 1 << 20, &got, &error), ZARRC_NETWORK);
    http_server_rest(f->server);
    assert_int_equal(f->server->nrequests, rows[i].nrequests);
    assert_true(error.transient);
    assert_string_equal(error.key, "f");
    if (rows[i].retry_after_ms > 0) assert_int_equal(error.retry_after_ms, rows[i].retry_after_ms);
    if (rows[i].nrequests > 1) assert_non_null(strstr(error.message, "tried"));
    zarrc_store_close(store);
  }
}

/* --------------------------------------------------------------------------------------------------- redirects */

typedef struct redirecting {
  http_fixture *f;
  http_server *other;
  int status;
  const char *kind;
} redirecting;

static void redirect(void *arg, http_server *server, const http_asked *asked, http_reply *reply) {
  const redirecting *r = arg;
  char to[512] = "";
  if (!strcmp(r->kind, "folder") && !strcmp(asked->target, "/a/f"))
    snprintf(to, sizeof to, "http://127.0.0.1:%d/a/f/", server->port);
  if (!strcmp(r->kind, "loop")) snprintf(to, sizeof to, "%s", asked->target);
  if (!strcmp(r->kind, "file")) snprintf(to, sizeof to, "file:///etc/hostname");
  if (!strncmp(asked->target, "/a/", 3) && !strcmp(r->kind, "moved"))
    snprintf(to, sizeof to, "/b/%s", asked->target + 3);
  if (!strncmp(asked->target, "/a/", 3) && !strcmp(r->kind, "elsewhere"))
    snprintf(to, sizeof to, "http://127.0.0.1:%d/a/%s", r->other->port, asked->target + 3);
  if (!strcmp(r->kind, "blank") && strcmp(asked->target, "/b%20c/f") != 0) snprintf(to, sizeof to, "/b c/f");
  if (!*to) return;
  *reply = (http_reply){.status = r->status, .body = "moved", .nbytes = 5, .claimed = 5};
  snprintf(reply->headers, sizeof reply->headers, "Location: %s\r\n", to);
}

static void redirects(void **state) {
  http_fixture *f = *state;
  needs_curl();
  static const struct {
    const char *kind;
    int http;
    zarrc_status status;
    unsigned first, then; /* requests of this server for the first value, and for the second */
  } rows[] = {
      {"moved", 301, ZARRC_OK, 2, 1},     {"moved", 308, ZARRC_OK, 2, 1},         {"moved", 302, ZARRC_OK, 2, 2},
      {"moved", 303, ZARRC_OK, 2, 2},     {"moved", 307, ZARRC_OK, 2, 2},         {"elsewhere", 302, ZARRC_OK, 1, 1},
      {"elsewhere", 301, ZARRC_OK, 1, 0}, {"folder", 301, ZARRC_NOT_FOUND, 1, 1}, {"loop", 302, ZARRC_NETWORK, 6, 6},
      {"file", 302, ZARRC_NETWORK, 1, 1}, {"blank", 302, ZARRC_OK, 2, 2}};
  static const char *const headers[] = {"X-Secret: s"};
  http_server_put(f->server, "/b/f", f->bytes, HTTP_TOTAL, "\"one\"");
  http_server_put(f->server, "/b%20c/f", f->bytes, HTTP_TOTAL, "\"one\"");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const zarrc_http_options options = {.struct_size = sizeof options, .headers = headers, .nheaders = 1};
    zarrc_store *store = http_open(f, &options);
    redirecting r = {f, http_server_start(), rows[i].http, rows[i].kind};
    http_server_put(r.other, "/a/f", f->bytes, HTTP_TOTAL, "\"one\"");
    http_server_change(f->server, redirect, &r);
    for (int again = 0; again < 2; again++) {
      zarrc_range range = {.offset = 10, .nbytes = 10};
      zarrc_error error;
      http_server_begin(f->server);
      zarrc_status status = http_get(store, "f", &range, &error);
      http_server_rest(f->server);
      http_server_rest(r.other);
      if (status != rows[i].status) fail_msg("row %zu: %s", i, zarrc_status_name(status));
      if (!status) assert_memory_equal(range.got.ptr, f->bytes + 10, 10);
      if (!status) zarrc_bytes_release(&range.got);
      unsigned expected = again ? rows[i].then : rows[i].first;
      if (f->server->nrequests != expected) fail_msg("row %zu: %u requests", i, f->server->nrequests);
    }
    for (unsigned k = 0; k < f->server->nrequests; k++) assert_non_null(strstr(f->server->log[k].head, "X-Secret"));
    for (unsigned k = 0; k < r.other->nrequests; k++) assert_null(strstr(r.other->log[k].head, "X-Secret"));
    for (unsigned k = 0; k < r.other->nrequests; k++) assert_string_equal(r.other->log[k].range, "bytes=10-19");
    zarrc_store_close(store);
    http_server_stop(r.other);
  }
}

/* ------------------------------------------------------------------------------------------------ many at once */

enum { NVALUES = 1024 };

static void put_values(const http_fixture *f) {
  char path[64];
  for (int i = 0; i < NVALUES; i++) {
    snprintf(path, sizeof path, "/a/c/%d", i);
    http_server_put(f->server, path, f->bytes + i % 500, 100 + (size_t)i % 400, "\"one\"");
  }
}

/* Fetches all values and one that is not there; returns how many are right. */
static size_t fetch_values(zarrc_store *store, const http_fixture *f) {
  static const size_t n = NVALUES + 1;
  zarrc_key_blob *blobs = calloc(n, sizeof *blobs);
  zarrc_range *ranges = calloc(n, sizeof *ranges);
  zarrc_request *requests = calloc(n, sizeof *requests);
  zarrc_error *errors = calloc(n, sizeof *errors);
  char(*keys)[32] = calloc(n, sizeof *keys);
  size_t nright = 0;
  for (size_t i = 0; i < n; i++) {
    snprintf(keys[i], sizeof keys[i], "c/%zu", i);
    assert_int_equal(zarrc_key_blob_open(&blobs[i], store, keys[i], NULL), ZARRC_OK);
    ranges[i] = (zarrc_range){.nbytes = 1000, .to_end = true};
    requests[i] = (zarrc_request){.blob = blobs[i].blob, .ranges = &ranges[i], .n = 1, .error = &errors[i]};
  }
  assert_int_equal(zarrc_store_fetch(store, requests, n, NULL), ZARRC_OK);
  for (size_t i = 0; i < n; i++) {
    zarrc_bytes *got = &ranges[i].got;
    if (i == NVALUES) {
      nright += requests[i].status == ZARRC_NOT_FOUND;
    } else if (requests[i].status) {
      print_message("c/%zu: %s\n", i, errors[i].message);
    } else {
      nright += got->len == 100 + i % 400 && !memcmp(got->ptr, f->bytes + i % 500, got->len);
    }
    if (!requests[i].status) zarrc_bytes_release(got);
    zarrc_key_blob_close(&blobs[i]);
  }
  free(blobs);
  free(ranges);
  free(requests);
  free(errors);
  free(keys);
  return nright;
}

/* Every 40th request is spoilt: all values are right, and none is missing. */
static void every_40th(void **state) {
  http_fixture *f = *state;
  needs_curl();
  static const spoiling kinds[] = {{.every = 0, .first = 1},
                                   {.status = 503, .headers = "Retry-After: 0\r\n", .every = 40},
                                   {.kind = HTTP_RESET, .every = 40},
                                   {.kind = HTTP_CUT, .cut_at = 60, .every = 40},
                                   {.kind = HTTP_STALL, .cut_at = 60, .every = 400}};
  put_values(f);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    const zarrc_http_options options = {.struct_size = sizeof options, .stall_timeout_ms = 1000};
    zarrc_store *store = http_open(f, &options);
    spoiling faults = kinds[i];
    use_faults(f, &faults);
    assert_int_equal(fetch_values(store, f), NVALUES + 1);
    http_server_rest(f->server);
    zarrc_http_counts counts = http_counts(store);
    bool by_libcurl =
        kinds[i].kind == HTTP_RESET; /* what dies on a connection that was used before it repeats itself */
    assert_true(by_libcurl ? counts.requests <= f->server->nrequests : counts.requests == f->server->nrequests);
    assert_int_equal(counts.connections, f->server->nconnections);
    assert_int_equal(counts.requests, NVALUES + 1 + counts.retries);
    if (i == 0) assert_int_equal(counts.retries, 0);
    if (i == 0) assert_true(counts.connections <= 65);
    if (i == 0) assert_true(f->server->most_open <= 64); /* later the server sees some that the client has closed */
    zarrc_store_close(store);
  }
}

/* A server that refuses much is asked for less at once, later for more again. */
static void fewer_at_once(void **state) {
  http_fixture *f = *state;
  needs_curl();
  spoiling faults = {.status = 429, .every = 3};
  put_values(f);
  const zarrc_http_options options = {.struct_size = sizeof options, .tries = 1000};
  zarrc_store *store = http_open(f, &options);
  use_faults(f, &faults);
  assert_int_equal(fetch_values(store, f), NVALUES + 1);
  assert_true(http_counts(store).retries > 100);
  http_server_change(f->server, NULL, NULL);
  assert_int_equal(fetch_values(store, f), NVALUES + 1);
  zarrc_store_close(store);
}

typedef struct reader {
  http_fixture *f;
  zarrc_store *store;
  size_t nright;
} reader;

static void *fetch_in_thread(void *arg) {
  reader *r = arg;
  r->nright = fetch_values(r->store, r->f);
  return NULL;
}

/* Threads share one store, its connections, and the work of driving them. */
static void threads(void **state) {
  http_fixture *f = *state;
  needs_curl();
  enum { N = 16 };
  pthread_t thread[N];
  reader readers[N];
  spoiling faults = {.kind = HTTP_RESET, .every = 400};
  put_values(f);
  use_faults(f, &faults);
  for (int i = 0; i < N; i++) {
    readers[i] = (reader){f, f->store, 0};
    assert_int_equal(pthread_create(&thread[i], NULL, fetch_in_thread, &readers[i]), 0);
  }
  for (int i = 0; i < N; i++) {
    pthread_join(thread[i], NULL);
    assert_int_equal(readers[i].nright, NVALUES + 1);
  }
}

/* The child of a fork makes connections of its own, the parent keeps its own. */
static void forked(void **state) {
  http_fixture *f = *state;
  needs_curl();
  needs_threads_after_fork();
  expect_bytes(f->store, f, "f");
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    zarrc_bytes got;
    zarrc_error error;
    bool right = !zarrc_store_get(f->store, "f", 1 << 20, &got, &error) && got.len == HTTP_TOTAL &&
                 !memcmp(got.ptr, f->bytes, HTTP_TOTAL);
    if (right) zarrc_bytes_release(&got);
    zarrc_store_close(f->store);
    _exit(right ? 0 : 1);
  }
  int status = -1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  expect_bytes(f->store, f, "f");
  assert_int_equal(f->server->nconnections, 2);
  assert_int_equal(f->server->log[0].connection, f->server->log[2].connection);
}

/* --------------------------------------------------------------------------------------------------- canceling */

static bool is_canceled(void *ud) {
  return atomic_load((atomic_bool *)ud);
}

typedef struct canceling {
  atomic_bool *canceled;
  unsigned number; /* cancels with this request */
} canceling;

static void cancel_and_stall(void *arg, http_server *server, const http_asked *asked, http_reply *reply) {
  const canceling *c = arg;
  (void)server;
  reply->fault = HTTP_STALL;
  if (asked->number == c->number) atomic_store(c->canceled, true);
}

/* Work that is canceled ends, although the server answers nothing, with one thread or with many. */
static void canceled(void **state) {
  http_fixture *f = *state;
  needs_curl();
  atomic_bool stop = false;
  canceling c = {&stop, 20};
  const zarrc_ctx_options options = {.canceled = is_canceled, .canceled_ud = &stop};
  const zarrc_http_options http = {.struct_size = sizeof http, .stall_timeout_ms = 600000};
  http_fixture other = *f;
  assert_int_equal(zarrc_ctx_open(&options, &other.ctx, NULL), ZARRC_OK);
  zarrc_store *store = http_open(&other, &http);
  http_server_change(f->server, cancel_and_stall, &c);
  enum { N = 40 };
  zarrc_key_blob blobs[N];
  zarrc_range ranges[N];
  zarrc_request requests[N];
  for (int i = 0; i < N; i++) {
    ranges[i] = (zarrc_range){.nbytes = 100};
    assert_int_equal(zarrc_key_blob_open(&blobs[i], store, "f", NULL), ZARRC_OK);
    requests[i] = (zarrc_request){.blob = blobs[i].blob, .ranges = &ranges[i], .n = 1};
  }
  assert_int_equal(zarrc_store_fetch(store, requests, N, NULL), ZARRC_CANCELED);
  zarrc_store_close(store);
  for (int i = 0; i < N; i++) zarrc_key_blob_close(&blobs[i]);
  zarrc_ctx_close(other.ctx);
}

/* When it is known how long answers take, one that does not come is asked for again long before the limit. */
static void late(void **state) {
  http_fixture *f = *state;
  needs_curl();
  const zarrc_http_options options = {
      .struct_size = sizeof options, .stall_timeout_ms = 60000, .retry_timeout_ms = 20000, .backoff_ms = 1};
  zarrc_store *store = http_open(f, &options);
  expect_bytes(store, f, "f");
  spoiling fault = {.kind = HTTP_STALL, .cut_at = 100, .first = 1, .last = 1};
  use_faults(f, &fault);
  expect_bytes(store, f, "f"); /* after 60 seconds it would be too late */
  assert_int_equal(f->server->nrequests, 2);
  zarrc_store_close(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, http_setup, http_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(made_again),    TEST(cut_and_changed), TEST(given_up), TEST(redirects), TEST(every_40th),
      TEST(fewer_at_once), TEST(threads),         TEST(forked),   TEST(canceled),  TEST(late)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

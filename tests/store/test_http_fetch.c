/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/http_store.h"
#include "support/faulty_alloc.h"

#include <stdlib.h>

typedef struct row {
  zarrc_range range;
  int64_t first; /* of the bytes that come */
  size_t nbytes;
  unsigned nrequests; /* from a server that does all */
} row;

/* What is asked for, and what comes, whatever the server is like. */
static const row rows[] = {{{.offset = 0, .nbytes = 10}, 0, 10, 1},
                           {{.offset = 990, .nbytes = 10}, 990, 10, 1},
                           {{.offset = 990, .nbytes = 1010}, 990, 10, 1},
                           {{.offset = -10, .nbytes = 10}, 990, 10, 1},
                           {{.offset = -2000, .nbytes = 2000}, 0, 1000, 1},
                           {{.offset = 1000, .nbytes = 1}, 0, 0, 1},
                           {{.offset = 2000, .nbytes = 5}, 0, 0, 1},
                           {{.offset = 0, .nbytes = INT64_MAX, .to_end = true}, 0, 1000, 1},
                           {{.offset = 0, .nbytes = UINT64_MAX, .to_end = true}, 0, 1000, 1},
                           {{.offset = 0, .nbytes = 1000, .to_end = true}, 0, 1000, 1},
                           {{.offset = 5, .nbytes = UINT64_MAX, .to_end = true}, 5, 995, 1},
                           {{.offset = 0, .nbytes = 0}, 0, 0, 1},
                           {{.offset = 7, .nbytes = 0}, 0, 0, 1}};

static void expect_row(const http_fixture *f, zarrc_store *store, size_t i) {
  zarrc_range range = rows[i].range;
  zarrc_error error;
  zarrc_status status = http_get(store, "f", &range, &error);
  if (status) fail_msg("row %zu: %s", i, error.message);
  if (range.got.len != rows[i].nbytes) fail_msg("row %zu: %zu bytes", i, range.got.len);
  if (rows[i].nbytes) assert_memory_equal(range.got.ptr, f->bytes + rows[i].first, rows[i].nbytes);
  if (f->server->manners.unknown_total && rows[i].range.nbytes == rows[i].nbytes && !rows[i].range.to_end) {
    zarrc_bytes_release(&range.got);
    return;
  }
  assert_int_equal(range.total, HTTP_TOTAL);
  zarrc_bytes_release(&range.got);
}

static void ranges(void **state) {
  http_fixture *f = *state;
  needs_curl();
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    http_server_begin(f->server);
    expect_row(f, f->store, i);
    assert_int_equal(f->server->nrequests, rows[i].nrequests);
  }
  http_server_begin(f->server);
  assert_int_equal(f->server->most_open, 1); /* one connection served all of them */
}

/* The same bytes come from servers of all kinds. */
static void kinds_of_servers(void **state) {
  http_fixture *f = *state;
  needs_curl();
  static const http_manners manners[] = {{.ignores_ranges = true},
                                         {.lacks_suffixes = true},
                                         {.suffix_is_whole = true},
                                         {.unknown_416 = true},
                                         {.ignores_if_match = true}};
  for (size_t k = 0; k < sizeof manners / sizeof *manners; k++) {
    f->server->manners = manners[k];
    for (int again = 0; again < 2; again++) { /* with another store, and with one that knows the server */
      for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        zarrc_store *store = again ? f->store : http_open(f, NULL);
        expect_row(f, store, i);
        if (!again) zarrc_store_close(store);
      }
    }
  }
}

/* A server that does not know ranges of the last bytes is asked once, one that ignores ranges too. */
static void known_servers(void **state) {
  http_fixture *f = *state;
  needs_curl();
  static const struct {
    http_manners manners;
    unsigned first, then;
  } kinds[] = {{{.lacks_suffixes = true}, 3, 2}, {{.suffix_is_whole = true}, 1, 2}, {{.ignores_ranges = true}, 1, 2}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    zarrc_store *store = http_open(f, NULL);
    f->server->manners = kinds[i].manners;
    for (int again = 0; again < 2; again++) {
      zarrc_range range = {.offset = -10, .nbytes = 10};
      zarrc_error error;
      http_server_begin(f->server);
      assert_int_equal(http_get(store, "f", &range, &error), ZARRC_OK);
      assert_memory_equal(range.got.ptr, f->bytes + 990, 10);
      zarrc_bytes_release(&range.got);
      if (f->server->nrequests > (again ? kinds[i].then : kinds[i].first))
        fail_msg("kind %zu: %u requests", i, f->server->nrequests);
    }
    zarrc_store_close(store);
  }
}

/* Of an empty value nothing comes, and its length is known. */
static void empty_value(void **state) {
  http_fixture *f = *state;
  needs_curl();
  static const http_manners manners[] = {{0}, {.empty_is_200 = true}, {.unknown_416 = true}, {.ignores_ranges = true}};
  http_server_put(f->server, "/a/empty", "", 0, "\"none\"");
  for (size_t k = 0; k < sizeof manners / sizeof *manners; k++) {
    f->server->manners = manners[k];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
      zarrc_store *store = http_open(f, NULL);
      zarrc_range range = rows[i].range;
      zarrc_error error;
      zarrc_status status = http_get(store, "empty", &range, &error);
      if (status) fail_msg("manners %zu, row %zu: %s", k, i, error.message);
      assert_int_equal(range.got.len, 0);
      assert_int_equal(range.total, 0);
      zarrc_store_close(store);
    }
  }
}

typedef struct spoiling {
  unsigned at; /* number of the request to spoil; 0: all */
  http_reply reply;
  void (*spoil)(http_reply *reply);
} spoiling;

static void spoil(void *arg, http_server *server, const http_asked *asked, http_reply *reply) {
  const spoiling *s = arg;
  (void)server;
  if (!s->at || asked->number == s->at) s->spoil(reply);
}

static void set_range(http_reply *r, const char *text) {
  snprintf(r->headers, sizeof r->headers, "ETag: \"one\"\r\n%s%s%s", *text ? "Content-Range: " : "", text,
           *text ? "\r\n" : "");
}

static void other_start(http_reply *r) {
  set_range(r, "bytes 11-20/1000");
}
static void other_length(http_reply *r) {
  set_range(r, "bytes 10-29/1000");
}
static void no_content_range(http_reply *r) {
  set_range(r, "");
}
static void bad_content_range(http_reply *r) {
  set_range(r, "bytes ten-twenty/1000");
}
static void too_short(http_reply *r) {
  set_range(r, "bytes 10-14/1000");
  r->nbytes = r->claimed = 5;
}
static void multipart(http_reply *r) {
  set_range(r, "");
  strcat(r->headers, "Content-Type: multipart/byteranges; boundary=x\r\n");
  r->body = "--x\r\nContent-Range: bytes 10-19/1000\r\n\r\n";
  r->nbytes = r->claimed = strlen(r->body);
}
static void longer_than_said(http_reply *r) {
  r->chunked = true;
  r->nbytes += 1;
}
static void status_201(http_reply *r) {
  r->status = 201;
}
static void status_204(http_reply *r) {
  r->status = 204;
  r->nbytes = r->claimed = 0;
}

/* An answer to a range that is none is a failure, never data. */
static void wrong_answers(void **state) {
  http_fixture *f = *state;
  needs_curl();
  void (*const spoils[])(http_reply *) = {other_start, other_length,     no_content_range, bad_content_range, too_short,
                                          multipart,   longer_than_said, status_201,       status_204};
  for (size_t i = 0; i < sizeof spoils / sizeof *spoils; i++) {
    spoiling s = {.spoil = spoils[i]};
    zarrc_range range = {.offset = 10, .nbytes = 10};
    zarrc_error error;
    http_server_change(f->server, spoil, &s);
    http_server_begin(f->server);
    zarrc_status status = http_get(f->store, "f", &range, &error);
    if (status != ZARRC_NETWORK) fail_msg("spoil %zu: %s", i, zarrc_status_name(status));
    assert_null(range.got.ptr);
    assert_int_equal(f->server->nrequests, 1);
  }
}

static void gzipped(http_reply *r) {
  strcat(r->headers, "Content-Encoding: gzip\r\n");
}

static void encoded(void **state) {
  http_fixture *f = *state;
  needs_curl();
  spoiling s = {.spoil = gzipped};
  zarrc_range range = {.offset = 10, .nbytes = 10};
  zarrc_error error;
  http_server_change(f->server, spoil, &s);
  assert_int_equal(http_get(f->store, "f", &range, &error), ZARRC_UNSUPPORTED);
  assert_non_null(strstr(error.message, "gzip"));
  assert_null(strcasestr(f->server->log[0].head, "accept-encoding"));
}

static unsigned status_to_send;

static void send_status(http_reply *r) {
  *r = (http_reply){.status = (int)status_to_send, .body = "sorry", .nbytes = 5, .claimed = 5};
}

/* What each status means: only 404 and 410 are no value. */
static void statuses(void **state) {
  http_fixture *f = *state;
  needs_curl();
  static const struct {
    unsigned http;
    zarrc_status status;
    unsigned nrequests;
  } table[] = {{404, ZARRC_NOT_FOUND, 1}, {410, ZARRC_NOT_FOUND, 1}, {401, ZARRC_ACCESS, 1},  {403, ZARRC_ACCESS, 1},
               {407, ZARRC_ACCESS, 1},    {400, ZARRC_NETWORK, 1},   {405, ZARRC_NETWORK, 1}, {409, ZARRC_NETWORK, 1},
               {412, ZARRC_NETWORK, 1},   {501, ZARRC_NETWORK, 1},   {505, ZARRC_NETWORK, 1}, {507, ZARRC_NETWORK, 1},
               {304, ZARRC_NETWORK, 1},   {408, ZARRC_NETWORK, 5},   {425, ZARRC_NETWORK, 5}, {429, ZARRC_NETWORK, 5},
               {500, ZARRC_NETWORK, 5},   {502, ZARRC_NETWORK, 5},   {503, ZARRC_NETWORK, 5}, {504, ZARRC_NETWORK, 5}};
  spoiling s = {.spoil = send_status};
  http_server_change(f->server, spoil, &s);
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    zarrc_range range = {.offset = 10, .nbytes = 10};
    zarrc_error error;
    status_to_send = table[i].http;
    http_server_begin(f->server);
    zarrc_status status = http_get(f->store, "f", &range, &error);
    if (status != table[i].status) fail_msg("%u: %s", table[i].http, zarrc_status_name(status));
    assert_int_equal(f->server->nrequests, table[i].nrequests);
    if (status != ZARRC_NOT_FOUND) assert_int_equal(error.http_status, table[i].http);
    assert_int_equal(error.transient, table[i].nrequests > 1 || table[i].http == 505 || table[i].http == 507);
  }
}

/* With the option, 403 of a chunk means that there is none; of a document it does not. */
static void missing_403(void **state) {
  http_fixture *f = *state;
  needs_curl();
  const zarrc_http_options options = {.struct_size = sizeof options, .missing_403 = true};
  zarrc_store *store = http_open(f, &options);
  spoiling s = {.spoil = send_status};
  http_server_change(f->server, spoil, &s);
  status_to_send = 403;
  static const struct {
    const char *key;
    zarrc_status status;
  } table[] = {
      {"c/0", ZARRC_NOT_FOUND}, {"a/0.1", ZARRC_NOT_FOUND}, {"a/zarr.json", ZARRC_ACCESS}, {".zarray", ZARRC_ACCESS}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    zarrc_range range = {.offset = 0, .nbytes = 10};
    zarrc_error error;
    assert_int_equal(http_get(store, table[i].key, &range, &error), table[i].status);
  }
  zarrc_store_close(store);
}

/* Ranges of one value are fetched at once; a server that ignores ranges sends the value once, if it is not too long. */
static void many_ranges(void **state) {
  http_fixture *f = *state;
  needs_curl();
  for (int ignores = 0; ignores < 2; ignores++) {
    zarrc_store *store = http_open(f, NULL);
    zarrc_range some[20];
    zarrc_key_blob blob;
    zarrc_error error;
    f->server->manners.ignores_ranges = ignores;
    for (int again = 0; again < 2; again++) {
      http_server_begin(f->server);
      if (!ignores) f->server->gather = 20;
      for (int i = 0; i < 20; i++) some[i] = (zarrc_range){.offset = i * 40, .nbytes = 20};
      assert_int_equal(zarrc_key_blob_open(&blob, store, "f", NULL), ZARRC_OK);
      zarrc_status status = zarrc_blob_read(blob.blob, some, 20, &error);
      if (status) fail_msg("%s", error.message);
      for (int i = 0; i < 20; i++) assert_memory_equal(some[i].got.ptr, f->bytes + 40 * i, 20);
      zarrc_ranges_release(some, 20);
      zarrc_key_blob_close(&blob);
      if (ignores && again) assert_int_equal(f->server->nrequests, 1);
      if (!ignores) assert_int_equal(f->server->nrequests, 20);
    }
    zarrc_store_close(store);
  }
}

enum { LONG = (8 << 20) + 5 };

/* A long value of a server that ignores ranges is not read for a small part of it. */
static void too_long_as_a_whole(void **state) {
  http_fixture *f = *state;
  needs_curl();
  char *bytes = calloc(1, LONG);
  http_server_put(f->server, "/a/long", bytes, LONG, "\"long\"");
  f->server->manners.ignores_ranges = true;
  for (int again = 0; again < 2; again++) {
    zarrc_range range = {.offset = 100, .nbytes = 10};
    zarrc_error error;
    assert_int_equal(http_get(f->store, "long", &range, &error), ZARRC_NETWORK);
    assert_non_null(strstr(error.message, "ignores Range"));
  }
  assert_true(http_counts(f->store).nbytes < 100);
  /* its length is known, and a reader of all of it gets it */
  zarrc_range nothing = {.nbytes = 0}, all = {.nbytes = LONG, .to_end = true};
  zarrc_store *store = http_open(f, NULL);
  zarrc_error error;
  assert_int_equal(http_get(store, "long", &nothing, &error), ZARRC_OK);
  assert_int_equal(nothing.total, LONG);
  assert_int_equal(http_get(store, "long", &all, &error), ZARRC_OK);
  assert_int_equal(all.got.len, LONG);
  zarrc_bytes_release(&all.got);
  zarrc_store_close(store);
  http_server_rest(f->server);
  free(bytes);
}

static void without_length(http_reply *r) {
  r->chunked = true;
}

/* A value that is longer than its reader allows is cut off there, with or without an announcement. */
static void longer_than_allowed(void **state) {
  http_fixture *f = *state;
  needs_curl();
  zarrc_range range = {.nbytes = 999, .to_end = true};
  zarrc_error error;
  assert_int_equal(http_get(f->store, "f", &range, &error), ZARRC_OK);
  assert_int_equal(range.total, HTTP_TOTAL);
  zarrc_bytes_release(&range.got);
  spoiling s = {.spoil = without_length};
  http_server_change(f->server, spoil, &s);
  range = (zarrc_range){.nbytes = 999, .to_end = true};
  assert_int_equal(http_get(f->store, "f", &range, &error), ZARRC_LIMIT);
  range = (zarrc_range){.nbytes = 1000, .to_end = true};
  assert_int_equal(http_get(f->store, "f", &range, &error), ZARRC_OK);
  assert_int_equal(range.got.len, HTTP_TOTAL);
  assert_int_equal(range.total, HTTP_TOTAL);
  zarrc_bytes_release(&range.got);
}

/* A long range is read in parts, which are of one version. */
static void long_ranges(void **state) {
  http_fixture *f = *state;
  needs_curl();
  const size_t total = 30 << 20;
  uint32_t *bytes = malloc(total);
  for (size_t i = 0; i < total / 4; i++) bytes[i] = (uint32_t)(i * 2654435761u);
  http_server_put(f->server, "/a/long", bytes, total, "\"long\"");
  static const struct {
    zarrc_range range;
    size_t first, nbytes;
    unsigned nrequests;
  } table[] = {{{.nbytes = UINT64_MAX, .to_end = true}, 0, 30 << 20, 4},
               {{.offset = 3, .nbytes = 20 << 20}, 3, 20 << 20, 3},
               {{.offset = 3, .nbytes = UINT64_MAX, .to_end = true}, 3, (30 << 20) - 3, 4},
               {{.offset = (29 << 20), .nbytes = 20 << 20}, 29 << 20, 1 << 20, 1},
               {{.offset = 5, .nbytes = 16 << 20}, 5, 16 << 20, 1}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    zarrc_range range = table[i].range;
    zarrc_error error;
    http_server_begin(f->server);
    zarrc_status status = http_get(f->store, "long", &range, &error);
    if (status) fail_msg("row %zu: %s", i, error.message);
    assert_int_equal(range.got.len, table[i].nbytes);
    assert_memory_equal(range.got.ptr, (const char *)bytes + table[i].first, table[i].nbytes);
    assert_int_equal(range.total, total);
    assert_int_equal(f->server->nrequests, table[i].nrequests);
    for (unsigned k = 1; k < f->server->nrequests; k++) assert_string_equal(f->server->log[k].if_match, "\"long\"");
    zarrc_bytes_release(&range.got);
  }
  http_server_rest(f->server);
  free(bytes);
}

static void replace_after_first(void *arg, http_server *server, const http_asked *asked, http_reply *reply) {
  (void)reply;
  if (asked->number != 1) return;
  strcpy(server->values[0].etag, "\"two\"");
  (void)arg;
}

/* A blob reads one version: when the value has another one, it is a conflict, however the server says so. */
static void conflicts(void **state) {
  http_fixture *f = *state;
  needs_curl();
  http_server_change(f->server, replace_after_first, NULL);
  for (int ignores = 0; ignores < 2; ignores++) {
    zarrc_key_blob blob;
    zarrc_range range = {.nbytes = 10};
    zarrc_identity identity;
    zarrc_error error;
    bool known;
    f->server->manners.ignores_if_match = ignores;
    strcpy(f->server->values[0].etag, "\"one\"");
    http_server_begin(f->server);
    assert_int_equal(zarrc_key_blob_open(&blob, f->store, "f", NULL), ZARRC_OK);
    assert_int_equal(zarrc_blob_read(blob.blob, &range, 1, &error), ZARRC_OK);
    zarrc_bytes_release(&range.got);
    assert_int_equal(zarrc_blob_read(blob.blob, &range, 1, &error), ZARRC_CONFLICT);
    assert_string_equal(f->server->log[1].if_match, "\"one\"");
    assert_int_equal(zarrc_blob_identify(blob.blob, &identity, &known, &error), ZARRC_OK);
    assert_true(known);
    assert_int_equal(f->server->nrequests, 2);
    zarrc_key_blob_close(&blob);
    /* a blob that expects the old version does not read the new one; removed is changed, too */
    assert_int_equal(zarrc_key_blob_open(&blob, f->store, "f", NULL), ZARRC_OK);
    assert_true(zarrc_blob_expect(blob.blob, &identity));
    assert_int_equal(zarrc_blob_read(blob.blob, &range, 1, &error), ZARRC_CONFLICT);
    strcpy(f->server->values[0].etag, "\"one\"");
    assert_int_equal(zarrc_blob_read(blob.blob, &range, 1, &error), ZARRC_OK);
    zarrc_bytes_release(&range.got);
    http_server_put(f->server, "/a/f", NULL, 0, "");
    assert_int_equal(zarrc_blob_read(blob.blob, &range, 1, &error), ZARRC_CONFLICT);
    http_server_put(f->server, "/a/f", f->bytes, HTTP_TOTAL, "\"one\"");
    zarrc_key_blob_close(&blob);
  }
}

/* Many values at once: each has a status of its own. */
static void many_values(void **state) {
  http_fixture *f = *state;
  needs_curl();
  enum { N = 64 };
  zarrc_key_blob blobs[N];
  zarrc_range some[N];
  zarrc_request requests[N];
  zarrc_error errors[N];
  f->server->gather = N; /* all are asked for before any is answered */
  for (int i = 0; i < N; i++) {
    some[i] = (zarrc_range){.offset = i, .nbytes = 4};
    assert_int_equal(zarrc_key_blob_open(&blobs[i], f->store, i % 3 ? "f" : "missing", NULL), ZARRC_OK);
    requests[i] = (zarrc_request){.blob = blobs[i].blob, .ranges = &some[i], .n = 1, .error = &errors[i]};
  }
  assert_int_equal(zarrc_store_fetch(f->store, requests, N, NULL), ZARRC_OK);
  for (int i = 0; i < N; i++) {
    assert_int_equal(requests[i].status, i % 3 ? ZARRC_OK : ZARRC_NOT_FOUND);
    if (i % 3) assert_memory_equal(some[i].got.ptr, f->bytes + i, 4);
    if (i % 3) zarrc_bytes_release(&some[i].got);
    zarrc_key_blob_close(&blobs[i]);
  }
  assert_int_equal(f->server->nrequests, N);
  assert_int_equal(f->server->most_open, N);
  assert_int_equal(http_counts(f->store).rounds, 1);
}

static zarrc_status read_all_ways(const zarrc_ctx_options *options, void *arg) {
  http_fixture f = *(http_fixture *)arg;
  zarrc_store *store;
  zarrc_range range = {.offset = -10, .nbytes = 10};
  zarrc_bytes all;
  const zarrc_http_options http = {.struct_size = sizeof http, .max_requests = 2, .backoff_ms = 1};
  zarrc_status status = zarrc_ctx_open(options, &f.ctx, NULL);
  if (status) return status;
  status = zarrc_http_store_open(f.ctx, f.url, &http, &store, NULL);
  if (!status) {
    zarrc_key_blob blob;
    status = zarrc_key_blob_open(&blob, store, "f", NULL);
    if (!status) status = zarrc_blob_read(blob.blob, &range, 1, NULL);
    if (!status) zarrc_bytes_release(&range.got);
    zarrc_key_blob_close(&blob);
    if (!status) status = zarrc_store_get(store, "f", 1 << 20, &all, NULL);
    if (!status) zarrc_bytes_release(&all);
    zarrc_store_close(store);
  }
  zarrc_ctx_close(f.ctx);
  return status;
}

static void without_memory(void **state) {
  needs_curl();
  assert_true(faulty_alloc_each(NULL, read_all_ways, *state) > 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, http_setup, http_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {TEST(ranges),      TEST(kinds_of_servers),    TEST(known_servers),
                                     TEST(empty_value), TEST(wrong_answers),       TEST(encoded),
                                     TEST(statuses),    TEST(missing_403),         TEST(many_ranges),
                                     TEST(long_ranges), TEST(too_long_as_a_whole), TEST(longer_than_allowed),
                                     TEST(conflicts),   TEST(many_values),         TEST(without_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/contract.h"
#include "store/http_store.h"
#include "support/files.h"
#include "support/said.h"

#include <zarrc/zarrc.h>

#include <stdlib.h>

/* Lets the server serve what is in a store. The bytes are those of the fixture's memory store, freed by unpublish. */
typedef struct published {
  http_server *server;
  zarrc_store *store;
  char *bytes[1024];
  size_t n;
} published;

static zarrc_status publish_key(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  published *p = arg;
  char path[256];
  zarrc_bytes value;
  zarrc_status status = zarrc_store_get(p->store, entry->key, UINT64_MAX, &value, error);
  if (status) return status;
  assert_true(p->n < sizeof p->bytes / sizeof *p->bytes);
  char *copy = p->bytes[p->n++] = malloc(value.len + 1);
  memcpy(copy, value.ptr, value.len);
  snprintf(path, sizeof path, "/a/%s", entry->key);
  http_server_put(p->server, path, copy, value.len, "\"one\"");
  zarrc_bytes_release(&value);
  return ZARRC_OK;
}

static void publish(const http_fixture *f, published *p) {
  zarrc_error error;
  p->server = f->server;
  contract_ok(zarrc_store_list(p->store, "", true, false, publish_key, p, &error), &error);
  http_server_begin(f->server);
}

static void unpublish(published *p) {
  http_server_rest(p->server);
  while (p->n > 0) free(p->bytes[--p->n]);
  zarrc_store_close(p->store);
}

/* Creates an array of 64 x 64 uint16 from the description of its grid and codecs, and fills it with 0, 1, 2, ... */
static void make_array(const http_fixture *f, published *p, const char *path, const char *chunks, const char *codecs) {
  zarrc_error error;
  zarrc_array *array;
  char json[1024];
  uint16_t values[64 * 64];
  const int64_t shape[] = {64, 64};
  if (!p->store) contract_ok(zarrc_memory_store_open(f->ctx, &p->store, &error), &error);
  snprintf(
      json, sizeof json,
      "{\"zarr_format\":3,\"node_type\":\"array\",\"shape\":[64,64],\"data_type\":\"uint16\",\"chunk_grid\":{\"name\":"
      "\"regular\",\"configuration\":{\"chunk_shape\":%s}},\"chunk_key_encoding\":{\"name\":\"default\"},"
      "\"fill_value\":9999,\"codecs\":[%s]}",
      chunks, codecs);
  for (int i = 0; i < 64 * 64; i++) values[i] = (uint16_t)i;
  contract_ok(zarrc_array_create_json(p->store, path, json, strlen(json), ZARRC_CREATE_NEW, NULL, &array, &error),
              &error);
  const zarrc_dtype u2 = zarrc_dtype_of(ZARRC_UINT16);
  const zarrc_view view = zarrc_view_c(&u2, 2, shape, values);
  contract_ok(zarrc_array_write(array, NULL, &view, &error), &error);
  zarrc_array_close(array);
}

static void read_region(zarrc_array *array, int64_t row, int64_t column, int64_t nrows, int64_t ncolumns) {
  zarrc_error error;
  uint16_t *values = malloc((size_t)(nrows * ncolumns) * 2);
  zarrc_region region = {.start = {row, column}, .count = {nrows, ncolumns}, .step = {1, 1}};
  const zarrc_dtype u2 = zarrc_dtype_of(ZARRC_UINT16);
  const zarrc_view view = zarrc_view_c(&u2, 2, region.count, values);
  contract_ok(zarrc_array_read(array, &region, &view, &error), &error);
  for (int64_t i = 0; i < nrows * ncolumns; i++)
    assert_int_equal(values[i], (row + i / ncolumns) * 64 + column + i % ncolumns);
  free(values);
}

#define LITTLE "{\"name\":\"bytes\",\"configuration\":{\"endian\":\"little\"}}"
#define SHARDS                                                                                                         \
  "{\"name\":\"sharding_indexed\",\"configuration\":{\"chunk_shape\":[4,4],\"codecs\":[" LITTLE                        \
  "],\"index_codecs\":[" LITTLE ",{\"name\":\"crc32c\"}]}}"

static zarrc_array *open_array(zarrc_store *store, const char *path) {
  zarrc_array *array;
  zarrc_error error;
  contract_ok(zarrc_array_open(store, path, NULL, &array, &error), &error);
  return array;
}

/* An array is opened by one request, each chunk is one, and no more connections are made than requests at once. */
static void chunks(void **state) {
  http_fixture *f = *state;
  published p = {0};
  needs_curl();
  make_array(f, &p, "", "[4,4]", LITTLE);
  publish(f, &p);
  zarrc_array *array = open_array(f->store, "");
  assert_int_equal(f->server->nrequests, 1);
  read_region(array, 0, 0, 64, 64);
  assert_int_equal(f->server->nrequests, 1 + 256);
  assert_true(f->server->nconnections <= 64);
  for (unsigned i = 0; i < f->server->nrequests; i++) assert_string_equal(f->server->log[i].method, "GET");
  http_server_begin(f->server);
  for (int i = 0; i < 10; i++) read_region(array, i, i, 1, 1);
  assert_int_equal(f->server->nrequests, 10);
  assert_int_equal(f->server->nconnections, 0);
  zarrc_array_close(array);
  unpublish(&p);
}

/* Whole shards are one request each; an element is two the first time, later one, of the version of the index. */
static void shards(void **state) {
  http_fixture *f = *state;
  published p = {0};
  needs_curl();
  make_array(f, &p, "", "[16,16]", SHARDS);
  publish(f, &p);
  zarrc_array *array = open_array(f->store, "");
  assert_int_equal(f->server->nrequests, 1);
  http_server_begin(f->server);
  read_region(array, 3, 5, 1, 1);
  assert_int_equal(f->server->nrequests, 2);
  read_region(array, 9, 5, 1, 1);
  assert_int_equal(f->server->nrequests, 3);
  assert_string_equal(f->server->log[2].if_match, "\"one\"");
  http_server_begin(f->server);
  zarrc_http_counts before = http_counts(f->store);
  read_region(array, 16, 16, 48, 48); /* 9 whole shards */
  assert_int_equal(f->server->nrequests, 9);
  assert_int_equal(http_counts(f->store).rounds - before.rounds, 1);
  http_server_begin(f->server);
  before = http_counts(f->store);
  read_region(array, 2, 20, 8, 40); /* parts of 3 shards: indices in one round, data in the next */
  assert_int_equal(http_counts(f->store).rounds - before.rounds, 2);
  zarrc_array_close(array);
  unpublish(&p);
}

/* A shard that is replaced between its index and its data is read again, and never mixed. */
static void replace_shard(void *arg, http_server *server, const http_asked *asked, http_reply *reply) {
  (void)arg, (void)reply;
  if (!strstr(asked->target, "/c/") || !*asked->if_match) return;
  for (size_t i = 0; i < server->nvalues; i++) strcpy(server->values[i].etag, "\"two\"");
  server->change = NULL;
}

static void replaced_shards(void **state) {
  http_fixture *f = *state;
  published p = {0};
  needs_curl();
  make_array(f, &p, "", "[16,16]", SHARDS);
  publish(f, &p);
  zarrc_array *array = open_array(f->store, "");
  http_server_change(f->server, replace_shard, NULL);
  read_region(array, 3, 5, 1, 1);
  read_region(array, 3, 5, 1, 1);
  assert_string_equal(f->server->log[f->server->nrequests - 1].if_match, "\"two\"");
  zarrc_array_close(array);
  unpublish(&p);
}

/* The members of a consolidated group are opened without further requests. */
static void consolidated(void **state) {
  http_fixture *f = *state;
  published p = {0};
  zarrc_error error;
  zarrc_group *group;
  char path[32];
  needs_curl();
  for (int i = 0; i < 20; i++) {
    snprintf(path, sizeof path, "v%d", i);
    make_array(f, &p, path, "[64,64]", LITTLE);
  }
  contract_ok(zarrc_consolidate(p.store, "", false, &error), &error);
  publish(f, &p);
  contract_ok(zarrc_group_open(f->store, "", NULL, &group, &error), &error);
  for (int i = 0; i < 20; i++) {
    zarrc_array *array;
    snprintf(path, sizeof path, "v%d", i);
    contract_ok(zarrc_group_open_array(group, path, NULL, &array, &error), &error);
    zarrc_array_close(array);
  }
  assert_int_equal(f->server->nrequests, 1);
  zarrc_group_close(group);
  unpublish(&p);
}

/* An archive on a server is opened by the same URLs as one in a file; what is not there is not found. */
static void archives(void **state) {
  http_fixture *f = *state;
  static const struct {
    const char *before, *url, *path, *name;
    zarrc_status status;
  } rows[] = {{"", "a/x%20y.zip", "", "a/x%20y.zip", ZARRC_OK},
              {"", "a/x%20y.zip/c/0?tok=1", "c/0", "a/x%20y.zip", ZARRC_OK},
              {"zip:", "a/x%20y.zip", "", "a/x%20y.zip", ZARRC_OK},
              {"zip::", "a/archive?tok=1", "", "a/archive", ZARRC_OK},
              {"zip://c::", "a/x%20y.zip?tok=1", "c", "a/x%20y.zip", ZARRC_OK},
              {"", "a/none.zip", "", "", ZARRC_NOT_FOUND},
              {"", "a/f.zip", "", "", ZARRC_CORRUPT}};
  size_t nbytes;
  needs_curl();
  if (!ZARRC_HAVE_LIBDEFLATE && !ZARRC_HAVE_ZLIB) skip();
  uint8_t *bytes = data_read("zip/good.zip", &nbytes);
  http_server_put(f->server, "/a/x%20y.zip", bytes, nbytes, "\"zip\"");
  http_server_put(f->server, "/a/archive", bytes, nbytes, "");
  http_server_put(f->server, "/a/f.zip", f->bytes, HTTP_TOTAL, "\"one\"");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char url[256], text[256], name[256], *path;
    zarrc_store *store;
    zarrc_error error;
    http_server_url(f->server, rows[i].url, text, sizeof text);
    snprintf(url, sizeof url, "%s%s", rows[i].before, text);
    zarrc_status status = zarrc_store_open(f->ctx, url, NULL, &store, &path, &error);
    if (status != rows[i].status) fail_msg("%s: %s", url, status ? error.message : "ok");
    if (status) continue;
    assert_string_equal(path, rows[i].path);
    assert_string_equal(store->url, http_server_url(f->server, rows[i].name, name, sizeof name));
    zarrc_free(f->ctx, path);
    zarrc_store_close(store);
  }
  http_server_rest(f->server);
  free(bytes);
}

/* Nothing is written over HTTP. */
static void read_only(void **state) {
  http_fixture *f = *state;
  zarrc_error error;
  needs_curl();
  assert_true(f->store->read_only);
  assert_int_equal(zarrc_store_set(f->store, "x", "y", 1, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_store_erase(f->store, "f", &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(f->server->nrequests, 0);
}

/* A query goes with every request; neither it nor user, password and headers are in an error. */
static void secrets(void **state) {
  http_fixture *f = *state;
  static const char *const headers[] = {"X-Token: sesame"};
  const zarrc_http_options options = {.struct_size = sizeof options, .headers = headers, .nheaders = 1, .tries = 1};
  zarrc_bytes got;
  zarrc_error error;
  char url[256];
  needs_curl();
  snprintf(url, sizeof url, "http://ali:sesame@127.0.0.1:%d/a?sig=sesame", f->server->port);
  zarrc_store *store;
  contract_ok(zarrc_http_store_open(f->ctx, url, &options, &store, &error), &error);
  contract_ok(zarrc_store_get(store, "f", 1 << 20, &got, &error), &error);
  zarrc_bytes_release(&got);
  assert_string_equal(f->server->log[0].target, "/a/f?sig=sesame");
  assert_non_null(strstr(f->server->log[0].head, "Authorization: Basic"));
  assert_int_equal(zarrc_store_get(store, "none", 1 << 20, &got, &error), ZARRC_NOT_FOUND);
  assert_null(strstr(SAID(error), "sesame"));
  http_server_stop(f->server);
  assert_int_equal(zarrc_store_get(store, "none", 1 << 20, &got, &error), ZARRC_NETWORK);
  assert_null(strstr(SAID(error), "sesame"));
  zarrc_store_close(store);
  f->server = http_server_start();
}

static void options(void **state) {
  http_fixture *f = *state;
  static const char *const bad[][1] = {{"no colon"}, {": x"}, {"a: b\r\nc: d"}, {NULL}};
  zarrc_store *store;
  zarrc_error error;
  needs_curl();
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    const zarrc_http_options o = {.struct_size = sizeof o, .headers = bad[i], .nheaders = 1};
    assert_int_equal(zarrc_http_store_open(f->ctx, f->url, &o, &store, &error), ZARRC_INVALID_ARGUMENT);
  }
  assert_int_equal(zarrc_http_store_open(f->ctx, "file:a", NULL, &store, &error), ZARRC_INVALID_ARGUMENT);
  zarrc_http_counts counts = {.struct_size = sizeof counts};
  zarrc_store *memory;
  contract_ok(zarrc_memory_store_open(f->ctx, &memory, &error), &error);
  assert_int_equal(zarrc_http_store_count(memory, &counts, &error), ZARRC_INVALID_ARGUMENT);
  zarrc_store_close(memory);
  zarrc_blob_traits traits;
  zarrc_key_blob blob;
  contract_ok(zarrc_key_blob_open(&blob, f->store, "f", &error), &error);
  traits = zarrc_blob_get_traits(blob.blob);
  assert_int_equal(traits.gap, 16 << 10);
  assert_int_equal(traits.window / traits.requests, 8 << 20);
  zarrc_key_blob_close(&blob);
}

/* A blob reads what is inside the value, as blobs of all stores do. */
static void blob_reads(void **state) {
  http_fixture *f = *state;
  zarrc_key_blob blob;
  zarrc_error error;
  uint8_t into[10];
  needs_curl();
  static const struct {
    zarrc_range range;
    zarrc_status status;
  } rows[] = {{{.offset = 5, .nbytes = 10}, ZARRC_OK},
              {{.offset = -10, .nbytes = 10}, ZARRC_OK},
              {{.offset = 990, .nbytes = 11}, ZARRC_TRUNCATED},
              {{.offset = 1001, .nbytes = 0}, ZARRC_TRUNCATED},
              {{.offset = -1001, .nbytes = 1001}, ZARRC_TRUNCATED},
              {{.offset = 995, .nbytes = 10, .to_end = true}, ZARRC_OK},
              {{.offset = 900, .nbytes = 10, .to_end = true}, ZARRC_LIMIT}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_range range = rows[i].range;
    contract_ok(zarrc_key_blob_open(&blob, f->store, "f", &error), &error);
    if (range.nbytes == 10) range.into = into;
    zarrc_status status = zarrc_blob_read(blob.blob, &range, 1, &error);
    if (status != rows[i].status) fail_msg("row %zu: %s", i, zarrc_status_name(status));
    int64_t first = range.offset < 0 ? HTTP_TOTAL + range.offset : range.offset;
    if (!status) assert_memory_equal(range.got.ptr, f->bytes + first, range.got.len);
    if (!status) zarrc_bytes_release(&range.got);
    zarrc_key_blob_close(&blob);
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, http_setup, http_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {TEST(chunks),       TEST(shards),   TEST(replaced_shards),
                                     TEST(consolidated), TEST(archives), TEST(read_only),
                                     TEST(secrets),      TEST(options),  TEST(blob_reads)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

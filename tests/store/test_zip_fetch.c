/* SPDX-License-Identifier: MIT */
#include "store/zip.h"

#include "store/contract.h"
#include "store/http_store.h"
#include "store/zip_archives.h"
#include "support/far_store.h"
#include "support/faulty_alloc.h"
#include "support/said.h"

#include "base/endian.h"
#include "codec/deflate.h"

#include <zarrc/plugin/store.h>

enum { NMEMBERS = 1000, LONGEST = 3000 };

/* ------------------------------------------------------------------------------------------------- archives */

static void add_numbers(uint8_t **at, const uint32_t *numbers, const char *widths) {
  for (; *widths; widths++, numbers++) {
    uint8_t bytes[4];
    zarrc_store_le32(bytes, *numbers);
    memcpy(*at, bytes, (size_t)(*widths - '0'));
    *at += *widths - '0';
  }
}

static size_t nbytes_of(size_t i) {
  return i % 7 == 0 ? LONGEST : i % 50;
}

static uint8_t byte_of(size_t i, size_t k) {
  return (uint8_t)(i * 31 + k * 7 + k / 256);
}

/* Writes an archive of stored members "m0", "m1", ..., with a field of so many bytes in each local header. */
static uint8_t *make_archive(size_t n, size_t nfield, size_t *nbytes) {
  uint8_t *memory = calloc(n, LONGEST + 200 + nfield), *at = memory;
  uint32_t *places = malloc(n * sizeof *places), *sums = malloc(n * sizeof *sums);
  char name[24];
  for (size_t i = 0; i < n; i++) {
    uint8_t value[LONGEST];
    uint32_t nname = (uint32_t)snprintf(name, sizeof name, "m%u", (unsigned)i), nvalue = (uint32_t)nbytes_of(i);
    for (size_t k = 0; k < nvalue; k++) value[k] = byte_of(i, k);
    places[i] = (uint32_t)(at - memory);
    sums[i] = zarrc_crc32(0, value, nvalue);
    add_numbers(&at, (uint32_t[]){0x04034B50, 20, 0, 0, 0, 0x21, sums[i], nvalue, nvalue, nname, (uint32_t)nfield},
                "42222244422");
    memcpy(at, name, nname);
    at += nname + nfield;
    memcpy(at, value, nvalue);
    at += nvalue;
  }
  uint32_t directory = (uint32_t)(at - memory);
  for (size_t i = 0; i < n; i++) {
    uint32_t nname = (uint32_t)snprintf(name, sizeof name, "m%u", (unsigned)i), nvalue = (uint32_t)nbytes_of(i);
    add_numbers(
        &at, (uint32_t[]){0x02014B50, 20, 20, 0, 0, 0, 0x21, sums[i], nvalue, nvalue, nname, 0, 0, 0, 0, 0, places[i]},
        "42222224442222244");
    memcpy(at, name, nname);
    at += nname;
  }
  uint32_t end = (uint32_t)(at - memory);
  add_numbers(&at, (uint32_t[]){0x06054B50, 0, 0, (uint32_t)n, (uint32_t)n, end - directory, directory, 0}, "42222442");
  *nbytes = (size_t)(at - memory);
  free(places);
  free(sums);
  return memory;
}

static zarrc_status read_member(void *arg, zarrc_store *from, size_t i, zarrc_error *error) {
  const size_t *step = arg;
  char key[20];
  zarrc_bytes got;
  i = i * *step % NMEMBERS;
  snprintf(key, sizeof key, "m%zu", i);
  zarrc_status status = zarrc_store_get(from, key, LONGEST, &got, error);
  if (status) return status;
  assert_int_equal(got.len, nbytes_of(i));
  for (size_t k = 0; k < got.len; k++) assert_int_equal(got.ptr[k], byte_of(i, k));
  zarrc_bytes_release(&got);
  return ZARRC_OK;
}

/* ---------------------------------------------------------------------------------------------------- tests */

typedef struct world {
  zarrc_ctx *ctx;
  zarrc_store *memory, *zip;
  far_store far;
} world;

static void open_world(world *w, const uint8_t *bytes, size_t nbytes) {
  zarrc_error error;
  contract_ok(zarrc_ctx_open(NULL, &w->ctx, NULL), NULL);
  contract_ok(zarrc_memory_store_open(w->ctx, &w->memory, NULL), NULL);
  contract_ok(zarrc_store_set(w->memory, "a.zip", bytes, nbytes, NULL), NULL);
  far_store_init(&w->far, w->ctx, w->memory);
  contract_ok(zarrc_zip_store_open(&w->far.store, "a.zip", NULL, &w->zip, &error), &error);
}

static void close_world(world *w) {
  zarrc_store_close(w->zip);
  far_store_clear(&w->far);
  zarrc_store_close(w->memory);
  zarrc_ctx_close(w->ctx);
}

/* Members are one range each, many at once, and two if the field in the header is long. */
static void test_counts(void **state) {
  static const size_t fields[] = {0, 64, 65, 500};
  (void)state;
  for (size_t f = 0; f < 4; f++) {
    world w;
    size_t nbytes, step = 37, expected = fields[f] > 64 ? 2 : 1;
    uint8_t *bytes = make_archive(NMEMBERS, fields[f], &nbytes);
    open_world(&w, bytes, nbytes);
    assert_true(zarrc_store_fetches(w.zip));
    far_store_begin(&w.far);
    const zarrc_each_options options = {.struct_size = sizeof options, .at_once = NMEMBERS};
    zarrc_error error;
    contract_ok(zarrc_store_each(w.zip, NMEMBERS, &options, read_member, &step, &error), &error);
    assert_int_equal(w.far.nwaves, expected);
    size_t empty = NMEMBERS / 50 - (NMEMBERS + 349) / 350; /* members of no bytes, of which the header is read */
    assert_int_equal(w.far.nranges, expected * NMEMBERS - (expected - 1) * empty);
    assert_int_equal(w.far.nsingle, 0);
    close_world(&w);
    free(bytes);
  }
  /* An archive in a store that cannot fetch is read one by one, as before. */
  world w;
  size_t nbytes;
  uint8_t *bytes = make_archive(10, 0, &nbytes);
  open_world(&w, bytes, nbytes);
  zarrc_store *near;
  contract_ok(zarrc_zip_store_open(w.memory, "a.zip", NULL, &near, NULL), NULL);
  assert_false(zarrc_store_fetches(near));
  zarrc_store_close(near);
  close_world(&w);
  free(bytes);
}

/* Opening a large archive: its end, and the directory. Of a small one both are the same. */
static void test_opening(void **state) {
  (void)state;
  static const size_t numbers[] = {1, 400, 5000};
  for (size_t i = 0; i < 3; i++) {
    world w;
    size_t nbytes;
    uint8_t *bytes = make_archive(numbers[i], 0, &nbytes);
    open_world(&w, bytes, nbytes);
    assert_true(w.far.nwaves <= 2);
    close_world(&w);
    free(bytes);
  }
}

/* Any ranges, of stored and deflated members, beside the plainest model. */
static void test_ranges(void **state) {
  static const char *const archives[] = {"good", "deflated"};
  static const int64_t offsets[] = {-17, -16, -15, -1, 0, 1, 15, 16, 17};
  static const uint64_t sizes[] = {0, 1, 15, 16, 17, UINT64_MAX};
  (void)state;
  for (size_t a = 0; a < 2; a++)
    for (int is_known = 0; is_known < 2; is_known++) {
      world w;
      char path[100];
      size_t nbytes;
      snprintf(path, sizeof path, "zip/%s.zip", archives[a]);
      uint8_t *bytes = data_read(path, &nbytes);
      open_world(&w, bytes, nbytes);
      zarrc_key_blob blob;
      zarrc_error error;
      contract_ok(zarrc_key_blob_open(&blob, w.zip, "c/0", &error), &error);
      for (size_t i = 0; i < 9 * 6 * 2; i++) {
        zarrc_range r[2] = {{.offset = offsets[i / 12], .nbytes = sizes[i / 2 % 6], .to_end = i & 1},
                            {.offset = 3, .nbytes = 2}};
        zarrc_request request = {.blob = blob.blob, .ranges = r, .n = 2, .error = &error};
        contract_ok(zarrc_store_fetch(w.zip, &request, 1, &error), &error);
        contract_ok(request.status, &error);
        int64_t start = r->offset < -16 ? 0 : r->offset < 0 ? r->offset + 16 : r->offset > 16 ? 16 : r->offset;
        uint64_t left = (uint64_t)(16 - start), n = left < r->nbytes ? left : r->nbytes;
        if (r->to_end && left > r->nbytes) n = 0;
        assert_int_equal(r->got.len, n);
        assert_int_equal(r->total, 16);
        for (size_t k = 0; k < n; k++) assert_int_equal(r->got.ptr[k], 1 + start + (int64_t)k);
        assert_int_equal(r[1].got.len, 2);
        assert_int_equal(r[1].got.ptr[1], 5);
        zarrc_ranges_release(r, 2);
        if (is_known) continue;
        zarrc_key_blob_close(&blob);
        contract_ok(zarrc_key_blob_open(&blob, w.zip, "c/0", &error), &error);
      }
      zarrc_key_blob_close(&blob);
      close_world(&w);
      free(bytes);
    }
}

static zarrc_status get_first(void *arg, zarrc_store *from, size_t i, zarrc_error *error) {
  (void)i;
  return zarrc_store_get(from, "c/0", 1 << 20, arg, error);
}

/* The same archives as in test_zip, with the same outcome as when they are near. */
static void see_archive(const char *name, const char *expected, uint8_t *bytes, size_t nbytes) {
  zarrc_ctx *ctx;
  zarrc_store *memory, *zip = NULL, *near = NULL;
  far_store far;
  zarrc_error error = {0}, other = {0};
  zarrc_bytes got = {0}, again = {0};
  contract_ok(zarrc_ctx_open(NULL, &ctx, NULL), NULL);
  contract_ok(zarrc_memory_store_open(ctx, &memory, NULL), NULL);
  contract_ok(zarrc_store_set(memory, "a.zip", bytes, nbytes, NULL), NULL);
  far_store_init(&far, ctx, memory);
  (void)expected;
  zarrc_status status = zarrc_zip_store_open(&far.store, "a.zip", NULL, &zip, &error);
  zarrc_status wanted = zarrc_zip_store_open(memory, "a.zip", NULL, &near, &other);
  assert_int_equal(status, wanted);
  if (!status) {
    status = zarrc_store_each(zip, 1, NULL, get_first, &got, &error);
    wanted = zarrc_store_get(near, "c/0", 1 << 20, &again, &other);
  }
  if (status != wanted) fail_msg("%s: %s, near: %s", name, SAID(error), SAID(other));
  if (status && status != ZARRC_NOT_FOUND) assert_string_equal(SAID(error), SAID(other));
  assert_int_equal(got.len, again.len);
  if (got.len) assert_memory_equal(got.ptr, again.ptr, got.len);
  zarrc_bytes_release(&got);
  zarrc_bytes_release(&again);
  zarrc_store_close(zip);
  zarrc_store_close(near);
  far_store_clear(&far);
  zarrc_store_close(memory);
  zarrc_ctx_close(ctx);
}

static void test_archives(void **state) {
  (void)state;
  assert_true(zip_archives_each(see_archive) > 50);
}

/* An archive that is replaced or removed while it is open: never bytes of another one, and no missing member. */
static void test_replaced(void **state) {
  (void)state;
  for (int is_removed = 0; is_removed < 2; is_removed++) {
    world w;
    size_t nbytes, step = 1;
    uint8_t *bytes = make_archive(10, 0, &nbytes);
    open_world(&w, bytes, nbytes);
    if (is_removed)
      contract_ok(zarrc_store_erase(w.memory, "a.zip", NULL), NULL);
    else
      contract_ok(zarrc_store_set(w.memory, "a.zip", bytes, nbytes, NULL), NULL);
    zarrc_error error;
    assert_int_equal(zarrc_store_each(w.zip, 10, NULL, read_member, &step, &error), ZARRC_CONFLICT);
    close_world(&w);
    free(bytes);
  }
}

static zarrc_status read_some(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *ctx = NULL;
  zarrc_store *zip = NULL;
  far_store far;
  size_t step = 1;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (status) return status;
  far_store_init(&far, ctx, arg);
  status = zarrc_zip_store_open(&far.store, "a.zip", NULL, &zip, NULL);
  if (!status) status = zarrc_store_each(zip, 8, NULL, read_member, &step, NULL);
  zarrc_store_close(zip);
  far_store_clear(&far);
  zarrc_ctx_close(ctx);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  world w;
  size_t nbytes;
  uint8_t *bytes = make_archive(8, 70, &nbytes);
  open_world(&w, bytes, nbytes);
  faulty_alloc_each(NULL, read_some, w.memory);
  close_world(&w);
  free(bytes);
}

/* Over HTTP: one request to open it, and one for each member. */
static void test_http(void **state) {
  http_fixture *f = *state;
  if (!f->store) skip();
  const zarrc_http_options patient = {.struct_size = sizeof patient, .stall_timeout_ms = 600000};
  zarrc_store *http = http_open(f, &patient);
  size_t nbytes, step = 37;
  uint8_t *bytes = make_archive(NMEMBERS, 0, &nbytes);
  http_server_put(f->server, "/a/a.zip", bytes, nbytes, "\"zip\"");
  zarrc_store *zip;
  zarrc_error error;
  contract_ok(zarrc_zip_store_open(http, "a.zip", NULL, &zip, &error), &error);
  http_server_rest(f->server);
  assert_int_equal(f->server->nrequests, 1); /* the directory is in the last 64 KiB */
  http_server_begin(f->server);
  contract_ok(zarrc_store_each(zip, NMEMBERS, NULL, read_member, &step, &error), &error);
  http_server_rest(f->server);
  assert_int_equal(f->server->nrequests, NMEMBERS);
  assert_int_equal(http_counts(zip).requests, 1 + NMEMBERS); /* also of the archive that it is in */
  assert_in_range(http_counts(http).rounds, 2, 1 + (NMEMBERS + 63) / 64);
  zarrc_store_close(zip);
  zarrc_store_close(http);
  http_server_rest(f->server);
  free(bytes);
}

int main(void) {
#if !ZARRC_HAVE_LIBDEFLATE && !ZARRC_HAVE_ZLIB
  return 0;
#endif
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_counts),
      cmocka_unit_test(test_opening),
      cmocka_unit_test(test_ranges),
      cmocka_unit_test(test_archives),
      cmocka_unit_test(test_replaced),
      cmocka_unit_test(test_no_memory),
      cmocka_unit_test_setup_teardown(test_http, http_setup, http_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

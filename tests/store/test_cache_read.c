/* SPDX-License-Identifier: MIT */
#include "store/cache.h"

#include "store/contract.h"
#include "support/far_store.h"
#include "support/faulty_alloc.h"

#include <zarrc/plugin/store.h>

enum { TOTAL = 2000 };

typedef struct world {
  zarrc_ctx *ctx;
  zarrc_store *memory, *cache;
  far_store far;
} world;

static void open_world(world *w, uint64_t trusted_ms) {
  const zarrc_cache_options options = {.struct_size = sizeof options, .trusted_ms = trusted_ms};
  memset(w, 0, sizeof *w);
  contract_ok(zarrc_ctx_open(NULL, &w->ctx, NULL), NULL);
  contract_ok(zarrc_memory_store_open(w->ctx, &w->memory, NULL), NULL);
  far_store_init(&w->far, w->ctx, w->memory);
  contract_ok(zarrc_cache_store_open(&w->far.store, &options, &w->cache, NULL), NULL);
}

static void close_world(world *w) {
  zarrc_store_close(w->cache);
  far_store_clear(&w->far);
  zarrc_store_close(w->memory);
  assert_true(zarrc_ctx_memory_peak(w->ctx) > 0);
  zarrc_ctx_close(w->ctx);
}

/* Byte `at` of a value of which `version` changes have been made. */
static uint8_t byte_of(size_t version, size_t at) {
  return (uint8_t)(version * 101 + at * 7 + at / 256);
}

static size_t total_of(size_t version) {
  return TOTAL - version % 3;
}

static void store_version(zarrc_store *store, const char *key, size_t version) {
  uint8_t bytes[TOTAL];
  for (size_t i = 0; i < total_of(version); i++) bytes[i] = byte_of(version, i);
  contract_ok(zarrc_store_set(store, key, bytes, total_of(version), NULL), NULL);
}

static zarrc_status read_part(zarrc_blob *blob, int64_t offset, uint64_t nbytes, size_t version) {
  zarrc_range r = {.offset = offset, .nbytes = nbytes};
  zarrc_status status = zarrc_blob_read(blob, &r, 1, NULL);
  size_t start = (size_t)(offset < 0 ? offset + (int64_t)total_of(version) : offset);
  if (status) return status;
  assert_int_equal(r.got.len, nbytes);
  assert_int_equal(r.total, total_of(version));
  for (size_t i = 0; i < nbytes; i++) assert_int_equal(r.got.ptr[i], byte_of(version, start + i));
  zarrc_bytes_release(&r.got);
  return ZARRC_OK;
}

static void expect_part(world *w, int64_t offset, uint64_t nbytes, size_t version, size_t nwaves, size_t nfetched) {
  zarrc_key_blob blob;
  far_store_begin(&w->far);
  contract_ok(zarrc_key_blob_open(&blob, w->cache, "k", NULL), NULL);
  assert_int_equal(read_part(blob.blob, offset, nbytes, version), ZARRC_OK);
  zarrc_key_blob_close(&blob);
  assert_int_equal(w->far.nwaves, nwaves);
  assert_int_equal(w->far.nbytes, nfetched);
}

/* Only what is missing is asked for; and one byte, if nothing is, to know that the value has not changed. */
static void test_parts(void **state) {
  (void)state;
  for (int trusts = 0; trusts < 2; trusts++) {
    world w;
    size_t check = trusts ? 0 : 1;
    open_world(&w, trusts ? UINT64_MAX : 0);
    store_version(w.memory, "k", 0);
    expect_part(&w, 100, 100, 0, 1, 100);
    expect_part(&w, 100, 100, 0, check, check);
    expect_part(&w, 120, 10, 0, check, check);
    expect_part(&w, 150, 100, 0, 1, 50);
    expect_part(&w, 50, 300, 0, 1, 300); /* the first missing byte to the last one */
    expect_part(&w, 50, 300, 0, check, check);
    expect_part(&w, -100, 100, 0, 1, 100);
    expect_part(&w, 1850, 150, 0, 1, 50);
    expect_part(&w, -150, 100, 0, check, check);
    expect_part(&w, 0, 0, 0, check, check);
    zarrc_cache_counts counts = {.struct_size = sizeof counts};
    contract_ok(zarrc_cache_store_count(w.cache, &counts, NULL), NULL);
    assert_int_equal(counts.hits, 5);
    assert_int_equal(counts.misses, 5);
    assert_int_equal(counts.checks, trusts ? 0 : 5);
    assert_int_equal(counts.miss_nbytes, 600);
    assert_int_equal(counts.hit_nbytes, 100 + 10 + 50 + 300 + 100 + 100);
    assert_true(counts.memory_nbytes >= 450);
    store_version(w.memory, "k", 1);
    expect_part(&w, 120, 10, trusts ? 0 : 1, trusts ? 0 : 2, trusts ? 0 : 10);
    expect_part(&w, 400, 10, 1, trusts ? 2 : 1, 10); /* what is missing shows that there is another one */
    expect_part(&w, 120, 10, 1, trusts ? 1 : check, trusts ? 10 : check);
    close_world(&w);
  }
}

/* A blob that has read bytes of one version never reads another one. */
static void test_one_version(void **state) {
  (void)state;
  world w;
  zarrc_key_blob blob;
  open_world(&w, UINT64_MAX);
  store_version(w.memory, "k", 0);
  expect_part(&w, 0, 100, 0, 1, 100);
  contract_ok(zarrc_key_blob_open(&blob, w.cache, "k", NULL), NULL);
  assert_int_equal(read_part(blob.blob, 0, 10, 0), ZARRC_OK);
  store_version(w.memory, "k", 1);
  assert_int_equal(read_part(blob.blob, 10, 10, 0), ZARRC_OK);
  assert_int_equal(read_part(blob.blob, 100, 10, 0), ZARRC_CONFLICT);
  assert_int_equal(read_part(blob.blob, 100, 10, 1), ZARRC_OK); /* as it can be written, it has forgotten */
  zarrc_key_blob_close(&blob);
  contract_ok(zarrc_key_blob_open(&blob, w.cache, "none", NULL), NULL);
  assert_int_equal(read_part(blob.blob, 0, 1, 0), ZARRC_NOT_FOUND);
  store_version(w.cache, "none", 2);
  assert_int_equal(read_part(blob.blob, 0, 1, 2), ZARRC_CONFLICT); /* as the far store says */
  zarrc_key_blob_close(&blob);
  close_world(&w);
}

typedef struct reading {
  int at_once; /* keys */
  size_t version;
} reading;

static zarrc_status read_value(void *arg, zarrc_store *from, size_t i, zarrc_error *error) {
  const reading *r = arg;
  char key[20];
  zarrc_key_blob blob;
  snprintf(key, sizeof key, "k%zu", i);
  zarrc_status status = zarrc_key_blob_open(&blob, from, key, error);
  if (!status) status = read_part(blob.blob, (int64_t)(i % 7) * 100, 200, r->version);
  zarrc_key_blob_close(&blob);
  return status;
}

/* What is missing of many values is asked for in one wave, what is to be checked in the same, and what has changed in
 * another one. */
static void test_waves(void **state) {
  (void)state;
  enum { N = 50 };
  world w;
  char key[20];
  open_world(&w, 0);
  reading r = {.version = 0};
  for (int i = 0; i < N; i++) {
    snprintf(key, sizeof key, "k%d", i);
    store_version(w.memory, key, 0);
  }
  far_store_begin(&w.far);
  contract_ok(zarrc_store_each(w.cache, N, NULL, read_value, &r, NULL), NULL);
  assert_int_equal(w.far.nwaves, 1);
  assert_int_equal(w.far.nbytes, N * 200);
  far_store_begin(&w.far);
  contract_ok(zarrc_store_each(w.cache, N, NULL, read_value, &r, NULL), NULL);
  assert_int_equal(w.far.nwaves, 1);
  assert_int_equal(w.far.nbytes, N);
  for (int i = 0; i < N; i++) {
    snprintf(key, sizeof key, "k%d", i);
    store_version(w.memory, key, 1);
  }
  r.version = 1;
  far_store_begin(&w.far);
  contract_ok(zarrc_store_each(w.cache, N, NULL, read_value, &r, NULL), NULL);
  assert_int_equal(w.far.nwaves, 2);
  assert_int_equal(w.far.nbytes, N * 200);
  assert_int_equal(w.far.nsingle, 0);
  close_world(&w);
}

/* Random parts by random blobs, while the values change in one way or the other. What a blob reads is one version,
 * which was the newest one when it was opened or later; or, if versions are trusted, no older than the last change
 * through the cache. */
static void test_model(void **state) {
  (void)state;
  enum { KEYS = 3, BLOBS = 4 };
  for (int trusts = 0; trusts < 2; trusts++)
    for (int fetches = 0; fetches < 2; fetches++) {
      world w;
      size_t now[KEYS] = {0}, ours[KEYS] = {0};
      struct {
        zarrc_key_blob blob;
        int key;
        size_t oldest, seen;
        bool is_open, has_read;
      } user[BLOBS] = {0};
      uint32_t seed = 7;
      open_world(&w, trusts ? UINT64_MAX : 0);
      static const char *const keys[KEYS] = {"a", "b", "c"};
      for (int k = 0; k < KEYS; k++) store_version(w.cache, keys[k], 0);
      for (int i = 0; i < 20000; i++) {
        seed = seed * 1664525 + 1013904223;
        if (i % 500 == 0) far_store_begin(&w.far);
        int u = (int)(seed >> 28) % BLOBS, what = (int)(seed >> 16) % 40, k = (int)(seed >> 24) % KEYS;
        if (what == 0) {
          store_version(w.memory, keys[k], ++now[k]);
        } else if (what == 1) {
          store_version(w.cache, keys[k], ours[k] = ++now[k]);
        } else if (!user[u].is_open) {
          contract_ok(zarrc_key_blob_open(&user[u].blob, w.cache, keys[k], NULL), NULL);
          user[u].is_open = true;
          user[u].has_read = false;
          user[u].key = k;
        } else if (what < 6) {
          zarrc_key_blob_close(&user[u].blob);
          user[u].is_open = false;
        } else {
          k = user[u].key;
          if (!user[u].has_read) user[u].oldest = trusts ? ours[k] : now[k];
          zarrc_range r = {.offset = (int64_t)((seed >> 8) % 1900), .nbytes = seed % 64 + 1};
          if (what & 1) r.offset -= 1998;
          if (r.offset >= -64 && r.offset < 0) r.offset = -64;
          zarrc_request request = {.blob = user[u].blob.blob, .ranges = &r, .n = 1};
          zarrc_status status =
              fetches ? zarrc_store_fetch(w.cache, &request, 1, NULL) : zarrc_blob_read(user[u].blob.blob, &r, 1, NULL);
          if (fetches && !status) status = request.status;
          if (status == ZARRC_CONFLICT) {
            assert_true(user[u].has_read && user[u].seen != now[k]);
            zarrc_key_blob_close(&user[u].blob);
            user[u].is_open = false;
            continue;
          }
          assert_int_equal(status, ZARRC_OK);
          size_t v = user[u].oldest, found = SIZE_MAX;
          for (; v <= now[k] && found == SIZE_MAX; v++) {
            size_t start = (size_t)(r.offset < 0 ? (int64_t)total_of(v) + r.offset : r.offset), n = 0;
            while (n < r.got.len && r.got.ptr[n] == byte_of(v, start + n)) n++;
            if (n == r.got.len && r.total == total_of(v) && (!user[u].has_read || v == user[u].seen)) found = v;
          }
          assert_true(found != SIZE_MAX);
          user[u].seen = found;
          user[u].has_read = true;
          zarrc_bytes_release(&r.got);
        }
      }
      for (int u = 0; u < BLOBS; u++) zarrc_key_blob_close(&user[u].blob);
      zarrc_cache_counts counts = {.struct_size = sizeof counts};
      contract_ok(zarrc_cache_store_count(w.cache, &counts, NULL), NULL);
      assert_true(counts.hits > 1000 && counts.misses > 100);
      close_world(&w);
    }
}

typedef struct racer {
  zarrc_store *cache;
  uint32_t seed;
  atomic_size_t *written;
} racer;

/* Reads a value that others store anew, and of which each version has one byte all over. */
static void *race(void *arg) {
  racer *r = arg;
  for (int i = 0; i < 500; i++) {
    zarrc_key_blob blob;
    zarrc_range ranges[2] = {{.offset = (int64_t)((r->seed >> 8) % 900), .nbytes = 100}, {.offset = -50, .nbytes = 50}};
    r->seed = r->seed * 1664525 + 1013904223;
    if (r->seed >> 24 < 8) {
      uint8_t bytes[1000];
      memset(bytes, (int)(atomic_fetch_add(r->written, 1) % 251), sizeof bytes);
      if (zarrc_store_set(r->cache, "k", bytes, sizeof bytes, NULL)) abort();
    }
    if (zarrc_key_blob_open(&blob, r->cache, "k", NULL)) abort();
    zarrc_status status = zarrc_blob_read(blob.blob, ranges, 2, NULL);
    if (status && status != ZARRC_CONFLICT) abort();
    for (size_t k = 0; !status && k < 2; k++)
      for (size_t n = 0; n < ranges[k].got.len; n++)
        if (ranges[k].got.ptr[n] != ranges[0].got.ptr[0]) abort();
    zarrc_ranges_release(ranges, status ? 0 : 2);
    zarrc_key_blob_close(&blob);
  }
  return NULL;
}

static void test_threads(void **state) {
  (void)state;
  for (int trusts = 0; trusts < 2; trusts++) {
    world w;
    pthread_t threads[6];
    racer racers[6];
    atomic_size_t written = 1;
    uint8_t first[1000] = {0};
    open_world(&w, trusts ? UINT64_MAX : 0);
    contract_ok(zarrc_store_set(w.cache, "k", first, sizeof first, NULL), NULL);
    for (uint32_t i = 0; i < 6; i++) {
      racers[i] = (racer){w.cache, i * 77, &written};
      assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < 6; i++) pthread_join(threads[i], NULL);
    far_store_begin(&w.far);
    zarrc_bytes now, kept; /* nothing older is trusted than what was stored last */
    contract_ok(zarrc_store_get(w.memory, "k", 1000, &now, NULL), NULL);
    contract_ok(zarrc_store_get(w.cache, "k", 1000, &kept, NULL), NULL);
    assert_memory_equal(now.ptr, kept.ptr, 1000);
    zarrc_bytes_release(&now);
    zarrc_bytes_release(&kept);
    close_world(&w);
  }
}

static zarrc_status read_twice(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *ctx = NULL;
  zarrc_store *cache = NULL;
  far_store far;
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (status) return status;
  far_store_init(&far, ctx, arg);
  status = zarrc_cache_store_open(&far.store, NULL, &cache, NULL);
  for (int i = 0; i < 4 && !status; i++) {
    zarrc_key_blob blob;
    status = zarrc_key_blob_open(&blob, cache, "k", NULL);
    zarrc_range r[2] = {{.offset = 100 * i, .nbytes = 150}, {.offset = 10 * i, .nbytes = 300}};
    zarrc_request request = {.blob = blob.blob, .ranges = r, .n = 2};
    if (!status && i & 1) status = zarrc_store_fetch(cache, &request, 1, NULL);
    if (!status) status = i & 1 ? request.status : zarrc_blob_read(blob.blob, r, 2, NULL);
    for (size_t k = 0; k < 2 && !status; k++)
      for (size_t n = 0; n < r[k].nbytes; n++) assert_int_equal(r[k].got.ptr[n], byte_of(0, (size_t)r[k].offset + n));
    if (!status) zarrc_ranges_release(r, 2);
    zarrc_key_blob_close(&blob);
  }
  zarrc_store_close(cache);
  far_store_clear(&far);
  zarrc_ctx_close(ctx);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  world w;
  open_world(&w, 0);
  store_version(w.memory, "k", 0);
  faulty_alloc_each(NULL, read_twice, w.memory);
  close_world(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_parts), cmocka_unit_test(test_one_version), cmocka_unit_test(test_waves),
      cmocka_unit_test(test_model), cmocka_unit_test(test_threads),     cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

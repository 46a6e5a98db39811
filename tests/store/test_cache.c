/* SPDX-License-Identifier: MIT */
#include "store/contract.h"
#include "store/http_store.h"
#include "support/far_store.h"
#include "support/fault_store.h"
#include "support/faulty_alloc.h"
#include "support/files.h"
#include "support/nodes.h"
#include "support/said.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <zarrc/zarrc.h>

static zarrc_ctx *ctx;
static char *tree;
static zarrc_store *memory, *files, *disk;

static int open_all(void **state) {
  (void)state;
  tree = tree_make();
  char *kept = path_in(tree, "kept"), *plain = path_in(tree, "plain");
  const zarrc_file_store_options options = {.struct_size = sizeof options, .create = true};
  int failed = zarrc_ctx_open(NULL, &ctx, NULL) || zarrc_memory_store_open(ctx, &memory, NULL) ||
               zarrc_file_store_open(ctx, plain, &options, &files, NULL) ||
               zarrc_file_store_open(ctx, kept, &options, &disk, NULL);
  free(kept);
  free(plain);
  return failed;
}

static int close_all(void **state) {
  (void)state;
  zarrc_store_close(disk);
  zarrc_store_close(files);
  zarrc_store_close(memory);
  zarrc_ctx_close(ctx);
  tree_remove(tree);
  return 0;
}

static zarrc_store *open_cache(zarrc_store *behind, uint64_t trusted_ms, zarrc_store *disk_store) {
  const zarrc_cache_options options = {
      .struct_size = sizeof options, .trusted_ms = trusted_ms, .disk = disk_store, .name = "there:"};
  zarrc_store *cache;
  zarrc_error error;
  contract_ok(zarrc_cache_store_open(behind, &options, &cache, &error), &error);
  return cache;
}

static zarrc_cache_counts counts_of(zarrc_store *cache) {
  zarrc_cache_counts counts = {.struct_size = sizeof counts};
  assert_int_equal(zarrc_cache_store_count(cache, &counts, NULL), ZARRC_OK);
  return counts;
}

/* In front of stores that tell versions at once, and of one over a network; with a disk, and in front of another. */
static void test_contract(void **state) {
  (void)state;
  far_store far;
  far_store_init(&far, ctx, memory);
  zarrc_store *const bottoms[] = {memory, files, &far.store, &far.store};
  for (size_t i = 0; i < 4; i++) {
    zarrc_store *cache = open_cache(bottoms[i], 0, i < 3 ? NULL : disk);
    contract_obey(cache);
    zarrc_store_close(cache);
  }
  zarrc_store *first = open_cache(&far.store, 0, NULL), *second = open_cache(first, 0, NULL);
  contract_obey(second);
  zarrc_store_close(second);
  zarrc_store_close(first);
  far_store_clear(&far);
}

/* What is read of two caches at once, of which each stores, is what was stored last. */
static void test_two(void **state) {
  (void)state;
  zarrc_store *one = open_cache(memory, 0, NULL), *other = open_cache(memory, 0, NULL);
  for (int i = 0; i < 4; i++) {
    char text[10];
    snprintf(text, sizeof text, "text %d", i);
    contract_set(i & 1 ? one : other, "k", text);
    contract_expect(one, "k", text);
    contract_expect(other, "k", text);
    contract_expect(one, "k", text);
  }
  contract_ok(zarrc_store_erase(one, "k", NULL), NULL);
  contract_expect(other, "k", NULL);
  zarrc_store_close(other);
  zarrc_store_close(one);
}

/* What is stored through the cache is seen at once, also where versions are trusted for ever. */
static void test_own_changes(void **state) {
  (void)state;
  far_store far;
  far_store_init(&far, ctx, memory);
  zarrc_store *cache = open_cache(&far.store, UINT64_MAX, NULL);
  contract_set(cache, "a/k", "one");
  contract_expect(cache, "a/k", "one");
  contract_set(cache, "a/k", "two");
  contract_expect(cache, "a/k", "two");
  far_store_begin(&far);
  contract_expect(cache, "a/k", "two");
  assert_int_equal(far.nwaves, 0);
  contract_set(memory, "a/k", "by others");
  contract_expect(cache, "a/k", "two"); /* it is trusted, as asked */
  zarrc_key_blob blob;
  contract_ok(zarrc_key_blob_open(&blob, cache, "a/k", NULL), NULL);
  zarrc_bytes got = contract_read(&blob);
  assert_int_equal(contract_replace(&blob, "lost", true), ZARRC_CONFLICT); /* but nothing of others is lost by it */
  zarrc_bytes_release(&got);
  got = contract_read(&blob);
  assert_int_equal(got.len, 9);
  zarrc_bytes_release(&got);
  assert_int_equal(contract_replace(&blob, "three", true), ZARRC_OK);
  zarrc_key_blob_close(&blob);
  contract_expect(cache, "a/k", "three");
  contract_ok(zarrc_store_erase(cache, "a/k", NULL), NULL);
  contract_expect(cache, "a/k", NULL);
  contract_set(cache, "a/k", "four");
  contract_expect(cache, "a/k", "four");
  contract_ok(zarrc_store_erase_prefix(cache, "a", NULL), NULL);
  contract_expect(cache, "a/k", NULL);
  contract_set(memory, "a/k", "five"); /* that there was no value is not remembered */
  contract_expect(cache, "a/k", "five");
  contract_set(memory, "a/k", "six");
  contract_expect(cache, "a/k", "five");
  contract_ok(zarrc_cache_store_forget(cache, NULL), NULL);
  contract_expect(cache, "a/k", "six");
  zarrc_store_close(cache);
  far_store_clear(&far);
}

/* Documents are asked for each time, even if versions are trusted. */
static void test_documents(void **state) {
  static const char *const names[] = {"a/zarr.json", "a/.zarray", "a/.zgroup", "a/.zattrs", ".zmetadata"};
  (void)state;
  far_store far;
  far_store_init(&far, ctx, memory);
  zarrc_store *cache = open_cache(&far.store, UINT64_MAX, NULL);
  for (size_t i = 0; i < 5; i++) {
    contract_set(memory, names[i], "one");
    contract_expect(cache, names[i], "one");
    far_store_begin(&far);
    contract_expect(cache, names[i], "one");
    assert_int_equal(far.nwaves, 1);
    assert_int_equal(far.nbytes, 1);
    contract_set(memory, names[i], "other");
    contract_expect(cache, names[i], "other");
  }
  zarrc_store_close(cache);
  far_store_clear(&far);
}

/* A version that a reader expects, as one of a remembered index of a shard, is the only one that is served. */
static void test_expected(void **state) {
  (void)state;
  far_store far;
  far_store_init(&far, ctx, memory);
  zarrc_store *const bottoms[] = {memory, &far.store};
  for (size_t i = 0; i < 2; i++)
    for (int is_changed = 0; is_changed < 2; is_changed++) {
      zarrc_store *cache = open_cache(bottoms[i], UINT64_MAX, NULL);
      zarrc_key_blob first, blob;
      zarrc_identity version, again;
      bool known;
      contract_set(memory, "k", "one");
      contract_ok(zarrc_key_blob_open(&first, cache, "k", NULL), NULL);
      zarrc_bytes got = contract_read(&first);
      zarrc_bytes_release(&got);
      assert_int_equal(zarrc_blob_identify(first.blob, &version, &known, NULL), ZARRC_OK);
      assert_true(known);
      zarrc_key_blob_close(&first);
      if (is_changed) contract_set(cache, "k", "two");
      contract_ok(zarrc_key_blob_open(&blob, cache, "k", NULL), NULL);
      assert_true(zarrc_blob_expect(blob.blob, &version));
      zarrc_range range = {.nbytes = 3};
      zarrc_status status = zarrc_blob_read(blob.blob, &range, 1, NULL);
      assert_int_equal(status, is_changed ? ZARRC_CONFLICT : ZARRC_OK);
      if (!is_changed) assert_memory_equal(range.got.ptr, "one", 3);
      zarrc_bytes_release(&range.got);
      assert_int_equal(zarrc_blob_identify(blob.blob, &again, &known, NULL), ZARRC_OK);
      assert_int_equal(!memcmp(&again, &version, sizeof again), !is_changed);
      assert_int_equal(contract_replace(&blob, "three", true), ZARRC_OK);
      zarrc_key_blob_close(&blob);
      contract_expect(memory, "k", "three");
      zarrc_store_close(cache);
    }
  far_store_clear(&far);
}

static void test_read_only(void **state) {
  (void)state;
  zarrc_error error;
  contract_set(memory, "k", "text");
  memory->read_only = true;
  zarrc_store *cache = open_cache(memory, 0, NULL);
  memory->read_only = false;
  zarrc_key_blob blob;
  memory->read_only = true;
  contract_ok(zarrc_key_blob_open(&blob, cache, "k", NULL), NULL);
  assert_false(zarrc_blob_is_writable(blob.blob));
  zarrc_key_blob_close(&blob);
  assert_int_equal(zarrc_store_set(cache, "k", "new", 3, &error), ZARRC_INVALID_ARGUMENT);
  contract_expect(cache, "k", "text");
  assert_false(zarrc_stage_possible(cache));
  zarrc_store_close(cache);
  memory->read_only = false;
}

/* Values piece by piece, bytes that are kept, and stages, as the file store has them. */
static void test_abilities(void **state) {
  (void)state;
  zarrc_store *cache = open_cache(files, UINT64_MAX, NULL);
  zarrc_key_blob blob;
  zarrc_bytes kept[2] = {{0}}, got;
  const zarrc_bytes part = {.ptr = (const uint8_t *)"appended", .len = 8};
  contract_set(cache, "k", "0123456789");
  contract_expect(cache, "k", "0123456789");
  contract_ok(zarrc_key_blob_open(&blob, cache, "k", NULL), NULL);
  got = contract_read(&blob);
  zarrc_bytes_release(&got);
  assert_true(zarrc_blob_keep(blob.blob, 5, 5, &kept[0]));
  kept[1] = part;
  contract_ok(zarrc_blob_replace(blob.blob, kept, 2, true, NULL), NULL);
  zarrc_key_blob_close(&blob);
  contract_expect(cache, "k", "56789appended");
  contract_ok(zarrc_key_blob_open(&blob, cache, "k", NULL), NULL);
  got = contract_read(&blob);
  zarrc_bytes_release(&got);
  contract_ok(zarrc_blob_append(blob.blob, &part, 1, NULL), NULL);
  got = contract_read(&blob);
  assert_int_equal(got.len, 8);
  zarrc_bytes_release(&got);
  contract_expect(cache, "k", "56789appended");
  contract_ok(zarrc_blob_publish(blob.blob, true, NULL), NULL);
  zarrc_key_blob_close(&blob);
  contract_expect(cache, "k", "appended");

  static const char *const names[] = {"zarr.json", NULL}, *const unless[] = {"zarr.json", NULL};
  contract_ok(zarrc_store_create(cache, "n", names, &part, 1, unless, NULL), NULL);
  contract_expect(cache, "n/zarr.json", "appended");
  assert_int_equal(zarrc_store_create(cache, "n", names, &part, 1, unless, NULL), ZARRC_CONFLICT);

  zarrc_stage *stage;
  bool found;
  char note[10];
  assert_true(zarrc_stage_possible(cache));
  contract_set(cache, "a/zarr.json", "old");
  contract_set(cache, "a/c/0", "old");
  contract_expect(cache, "a/c/0", "old");
  contract_ok(zarrc_stage_open(cache, "a", ZARRC_STAGE_NEW, "note", &stage, NULL), NULL);
  contract_set(stage->store, "c/0", "new");
  contract_expect(cache, "a/c/0", "old");
  zarrc_stage_close(stage, true);
  contract_ok(zarrc_stage_find(cache, "a", note, sizeof note, &found, NULL), NULL);
  assert_true(found);
  assert_string_equal(note, "note");
  contract_ok(zarrc_stage_open(cache, "a", ZARRC_STAGE_RESUME, "note", &stage, NULL), NULL);
  assert_true(stage->resumed);
  contract_ok(zarrc_stage_publish(stage, true, NULL), NULL);
  zarrc_stage_close(stage, false);
  contract_expect(cache, "a/c/0", "new");
  char place[100];
  contract_ok(zarrc_stage_left(cache, "a", place, sizeof place, &found, NULL), NULL);
  assert_false(found);
  zarrc_store_close(cache);
  cache = open_cache(memory, 0, NULL);
  assert_false(zarrc_stage_possible(cache));
  zarrc_store_close(cache);
}

static void test_refusals(void **state) {
  (void)state;
  zarrc_error error;
  zarrc_store *cache;
  zarrc_cache_counts counts = {.struct_size = sizeof counts};
  zarrc_cache_options options = {.struct_size = sizeof options, .disk = disk};
  assert_int_equal(zarrc_cache_store_open(memory, &options, &cache, &error), ZARRC_INVALID_ARGUMENT);
  assert_string_equal(error.message, "a store without a name cannot be kept on a disk");
  options.name = "memory";
  options.folder = "folder";
  assert_int_equal(zarrc_cache_store_open(memory, &options, &cache, &error), ZARRC_INVALID_ARGUMENT);
  assert_string_equal(error.message, "a store and a folder to keep values in");
  options.folder = NULL;
  disk->read_only = true;
  assert_int_equal(zarrc_cache_store_open(memory, &options, &cache, &error), ZARRC_INVALID_ARGUMENT);
  disk->read_only = false;
  assert_int_equal(zarrc_cache_store_count(memory, &counts, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_cache_store_forget(memory, &error), ZARRC_INVALID_ARGUMENT);
  contract_ok(zarrc_cache_store_open(files, NULL, &cache, &error), &error);
  assert_string_equal(cache->url, files->url);
  assert_int_equal(zarrc_store_get(cache, "none", 9, &(zarrc_bytes){0}, &error), ZARRC_NOT_FOUND);
  assert_string_equal(error.store, files->url);
  zarrc_store_close(cache);
}

/* A folder is made for this user alone, and what one cache has kept there the next one finds. */
static void test_folder(void **state) {
  (void)state;
  far_store far;
  zarrc_error error;
  struct stat st;
  char *path = path_in(tree, "folder"), *below = path_in(tree, "none/such");
  zarrc_cache_options options = {.struct_size = sizeof options, .name = "there:", .folder = path};
  far_store_init(&far, ctx, memory);
  contract_set(memory, "a", "value");
  for (int i = 0; i < 2; i++) {
    zarrc_store *cache;
    contract_ok(zarrc_cache_store_open(&far.store, &options, &cache, &error), &error);
    contract_expect(cache, "a", "value");
    assert_int_equal(counts_of(cache).disk_hits, i);
    zarrc_store_close(cache);
  }
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0700);
  options.folder = below;
  zarrc_store *cache;
  assert_int_equal(zarrc_cache_store_open(&far.store, &options, &cache, &error), zarrc_status_of_errno(ENOENT));
  assert_true(strstr(error.message, "cannot make the folder ") != NULL);
  contract_ok(zarrc_store_erase(memory, "a", &error), &error);
  far_store_clear(&far);
  free(below);
  free(path);
}

/* ----------------------------------------------------------------------------------------------- over a network */

enum { NSHARDS = 16, SIDE = 32, NELEMENTS = 100 };

typedef struct served {
  http_fixture *f;
  uint8_t *bytes[NSHARDS + 8];
  size_t n;
} served;

static zarrc_status serve_entry(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  served *s = arg;
  zarrc_bytes value;
  char path[200], etag[40];
  zarrc_status status = zarrc_store_get(memory, entry->key, 1 << 24, &value, error);
  if (status) return status;
  uint8_t *copy = s->bytes[s->n++] = malloc(value.len);
  memcpy(copy, value.ptr, value.len);
  snprintf(path, sizeof path, "/a/%s", entry->key);
  snprintf(etag, sizeof etag, "\"%zu\"", s->n);
  http_server_put(s->f->server, path, copy, value.len, etag);
  zarrc_bytes_release(&value);
  return ZARRC_OK;
}

/* An array of 16 shards, each of 8 x 8 inner chunks, with numbers that tell the place. */
static void serve_shards(served *s) {
  char *document = nodes_document(
      "shape", "[128, 128]", "chunk_grid", "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [32, 32]}}",
      "codecs",
      "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [4, 4], \"codecs\": [{\"name\": "
      "\"bytes\", \"configuration\": {\"endian\": \"little\"}}], \"index_codecs\": [{\"name\": \"bytes\", "
      "\"configuration\": {\"endian\": \"little\"}}, {\"name\": \"crc32c\"}]}}]",
      NULL);
  zarrc_array *array;
  zarrc_error error;
  contract_ok(zarrc_array_create_json(memory, "", document, strlen(document), ZARRC_CREATE_NEW, NULL, &array, &error),
              &error);
  int32_t *numbers = malloc(128 * 128 * sizeof *numbers);
  for (int i = 0; i < 128 * 128; i++) numbers[i] = i + 1;
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), 2, zarrc_array_shape(array), numbers);
  contract_ok(zarrc_array_write(array, NULL, &view, &error), &error);
  zarrc_array_close(array);
  free(numbers);
  free(document);
  contract_ok(zarrc_store_list(memory, "", true, false, serve_entry, s, &error), &error);
  assert_int_equal(s->n, NSHARDS + 1);
}

static void read_elements(zarrc_array *array, size_t n) {
  for (size_t i = 0; i < n; i++) {
    int64_t shard = (int64_t)(i % NSHARDS), k = (int64_t)(i / NSHARDS);
    int64_t at[] = {shard / 4 * SIDE + k * 4, shard % 4 * SIDE + k * 4 + 1};
    zarrc_region region = {.start = {at[0], at[1]}, .count = {1, 1}, .step = {1, 1}};
    int32_t number = 0;
    zarrc_error error;
    zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), 2, region.count, &number);
    contract_ok(zarrc_array_read(array, &region, &view, &error), &error);
    assert_int_equal(number, at[0] * 128 + at[1] + 1);
  }
}

static int network_setup(void **state) {
  return open_all(state) || http_setup(state);
}

static int network_teardown(void **state) {
  return http_teardown(state) || close_all(state);
}

/* 100 elements of 16 shards: one request for the document, 16 for the indices, 100 for the elements; then one for each
 * element, of one byte, to know that it is still there; or none if versions are trusted. In another process none but
 * those, if a disk has it all. */
static void test_elements(void **state) {
  http_fixture *f = *state;
  served s = {.f = f};
  if (!f->store) skip();
  serve_shards(&s);
  const zarrc_http_options patient = {.struct_size = sizeof patient, .stall_timeout_ms = 600000};
  for (int i = 0; i < 2; i++) {
    const zarrc_cache_options options = {
        .struct_size = sizeof options, .trusted_ms = i ? UINT64_MAX : 0, .disk = disk, .name = i ? "trusted" : ""};
    for (int is_again = 0; is_again < 2; is_again++) {
      zarrc_ctx *own;
      zarrc_store *http, *cache;
      zarrc_array *array;
      zarrc_error error;
      zarrc_ctx *shared = f->ctx;
      contract_ok(zarrc_ctx_open(NULL, &own, NULL), NULL);
      f->ctx = own;
      http = http_open(f, &patient);
      f->ctx = shared;
      contract_ok(zarrc_cache_store_open(http, &options, &cache, &error), &error);
      http_server_begin(f->server);
      contract_ok(zarrc_array_open(cache, "", NULL, &array, &error), &error);
      read_elements(array, NELEMENTS);
      assert_int_equal(http_counts(http).requests, is_again ? 1 + (i ? NSHARDS : NELEMENTS) : 1 + NSHARDS + NELEMENTS);
      http_server_rest(f->server);
      assert_int_equal(f->server->nrequests, http_counts(http).requests);
      if (is_again) assert_int_equal(http_counts(http).nbytes, 1 + (i ? NSHARDS : NELEMENTS));
      uint64_t before = http_counts(http).requests;
      read_elements(array, NELEMENTS);
      assert_int_equal(http_counts(http).requests - before, i ? 0 : NELEMENTS);
      assert_true(counts_of(cache).hits >= NELEMENTS);
      zarrc_array_close(array);
      zarrc_store_close(cache);
      zarrc_store_close(http);
      zarrc_ctx_close(own);
    }
  }
  for (size_t i = 0; i < s.n; i++) free(s.bytes[i]);
}

/* A value that gets a new ETag is read anew, whole and in parts, also if the old one is on the disk. */
static void test_new_etag(void **state) {
  http_fixture *f = *state;
  if (!f->store) skip();
  uint8_t other[HTTP_TOTAL];
  memset(other, 7, sizeof other);
  zarrc_store *cache = open_cache(f->store, 0, disk);
  for (int i = 0; i < 6; i++) {
    zarrc_bytes got;
    zarrc_range range = {.offset = 100, .nbytes = 50};
    zarrc_error error;
    const uint8_t *now = i & 1 ? other : f->bytes;
    http_server_put(f->server, "/a/f", now, HTTP_TOTAL, i & 1 ? "\"two\"" : "\"one\"");
    for (int k = 0; k < 2; k++) {
      contract_ok(http_get(cache, "f", &range, &error), &error);
      assert_memory_equal(range.got.ptr, now + 100, 50);
      zarrc_bytes_release(&range.got);
      contract_ok(zarrc_store_get(cache, "f", HTTP_TOTAL, &got, &error), &error);
      assert_int_equal(got.len, HTTP_TOTAL);
      assert_memory_equal(got.ptr, now, HTTP_TOTAL);
      zarrc_bytes_release(&got);
    }
    if (i & 2) contract_ok(zarrc_cache_store_forget(cache, NULL), NULL); /* the disk still has it */
  }
  http_server_put(f->server, "/a/f", NULL, 0, "");
  assert_int_equal(zarrc_store_get(cache, "f", HTTP_TOTAL, &(zarrc_bytes){0}, NULL), ZARRC_NOT_FOUND);
  http_server_put(f->server, "/a/f", other, HTTP_TOTAL, "\"three\"");
  zarrc_bytes got;
  contract_ok(zarrc_store_get(cache, "f", HTTP_TOTAL, &got, NULL), NULL);
  zarrc_bytes_release(&got);
  zarrc_store_close(cache);
  http_server_rest(f->server);
}

/* Without an ETag nothing is kept, unless versions are trusted. */
static void test_no_etag(void **state) {
  http_fixture *f = *state;
  if (!f->store) skip();
  http_server_put(f->server, "/a/f", f->bytes, HTTP_TOTAL, "");
  for (int i = 0; i < 2; i++) {
    zarrc_store *cache = open_cache(f->store, i ? UINT64_MAX : 0, disk);
    http_server_begin(f->server);
    for (int k = 0; k < 3; k++) {
      zarrc_bytes got;
      contract_ok(zarrc_store_get(cache, "f", HTTP_TOTAL, &got, NULL), NULL);
      assert_memory_equal(got.ptr, f->bytes, HTTP_TOTAL);
      zarrc_bytes_release(&got);
    }
    http_server_rest(f->server);
    assert_int_equal(f->server->nrequests, i ? 1 : 3);
    assert_int_equal(counts_of(cache).disk_nbytes, 0);
    zarrc_store_close(cache);
  }
}

/* As an option of a URL, also below a zip archive. */
static void test_urls(void **state) {
  http_fixture *f = *state;
  if (!f->store) skip();
  const zarrc_cache_options cache = {.struct_size = sizeof cache, .trusted_ms = UINT64_MAX};
  const zarrc_open_options options = {.struct_size = sizeof options, .read_only = true, .cache = &cache};
  zarrc_store *store;
  zarrc_error error;
  char *path;
  contract_ok(zarrc_store_open(f->ctx, f->url, &options, &store, &path, &error), &error);
  zarrc_bytes got;
  for (int i = 0; i < 2; i++) {
    contract_ok(zarrc_store_get(store, "f", HTTP_TOTAL, &got, &error), &error);
    assert_memory_equal(got.ptr, f->bytes, HTTP_TOTAL);
    zarrc_bytes_release(&got);
  }
  assert_int_equal(http_counts(store).requests, 1);
  assert_int_equal(counts_of(store).hits, 1);
  zarrc_free(f->ctx, path);
  zarrc_store_close(store);
  size_t nbytes;
  uint8_t *bytes = data_read("zip/good.zip", &nbytes);
  char url[200];
  http_server_put(f->server, "/a/good.zip", bytes, nbytes, "\"zip\"");
  http_server_url(f->server, "a/good.zip", url, sizeof url);
  contract_ok(zarrc_store_open(f->ctx, url, &options, &store, &path, &error), &error);
  http_server_begin(f->server);
  for (int i = 0; i < 2; i++) {
    contract_ok(zarrc_store_get(store, "c/0", HTTP_TOTAL, &got, &error), &error);
    assert_int_equal(got.ptr[15], 16);
    zarrc_bytes_release(&got);
  }
  http_server_rest(f->server);
  assert_int_equal(f->server->nrequests, 0); /* the whole archive was read to find its directory */
  zarrc_store *prefix, *overlay;             /* counts are found through what is in front */
  contract_ok(zarrc_prefix_store_open(store, "c", &prefix, &error), &error);
  contract_ok(zarrc_overlay_store_open(memory, prefix, &overlay, &error), &error);
  assert_int_equal(counts_of(overlay).hits, counts_of(store).hits);
  assert_true(http_counts(overlay).requests > 0);
  zarrc_store_close(overlay);
  zarrc_store_close(prefix);
  zarrc_free(f->ctx, path);
  zarrc_store_close(store);
  http_server_rest(f->server);
  free(bytes);
}

int main(void) {
#define TEST(name)    cmocka_unit_test_setup_teardown(name, open_all, close_all)
#define NETWORK(name) cmocka_unit_test_setup_teardown(name, network_setup, network_teardown)
  const struct CMUnitTest tests[] = {
      TEST(test_contract), TEST(test_two),         TEST(test_own_changes), TEST(test_documents),
      TEST(test_expected), TEST(test_read_only),   TEST(test_abilities),   TEST(test_folder),
      TEST(test_refusals), NETWORK(test_elements), NETWORK(test_new_etag), NETWORK(test_no_etag),
      NETWORK(test_urls),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include "store/contract.h"
#include "support/faultio.h"
#include "support/faulty_alloc.h"
#include "support/files.h"
#include "support/said.h"

#include "store/file.h"

#include <zarrc/array.h>
#include <zarrc/plugin/store.h>

static zarrc_ctx *ctx;
static char *tree;
static zarrc_store *outside; /* has the archive */
static size_t nfds;

static zarrc_store *open_files(zarrc_ctx *own, zarrc_sync sync, zarrc_error *error) {
  zarrc_file_store_options options = {.struct_size = sizeof options, .create = true, .sync = sync};
  zarrc_store *files = NULL;
  return zarrc_file_store_open(own, tree, &options, &files, error) ? NULL : files;
}

static int open_all(void **state) {
  (void)state;
  nfds = contract_nfds();
  tree = tree_make();
  if (zarrc_ctx_open(NULL, &ctx, NULL)) return -1;
  outside = open_files(ctx, ZARRC_SYNC_NONE, NULL);
  return outside ? 0 : -1;
}

static int close_all(void **state) {
  (void)state;
  zarrc_store_close(outside);
  zarrc_ctx_close(ctx);
  tree_remove(tree);
  return contract_nfds() == nfds ? 0 : -1;
}

static zarrc_status try_open(zarrc_store *archives, bool replace, zarrc_store **out, zarrc_error *error) {
  zarrc_zip_store_options options = {.struct_size = sizeof options, .replace = replace};
  return zarrc_zip_store_open(archives, "a.zip", &options, out, error);
}

static zarrc_store *open_zip(bool replace) {
  zarrc_store *zip = NULL;
  zarrc_error error;
  contract_ok(try_open(outside, replace, &zip, &error), &error);
  return zip;
}

static zarrc_stage *begin(zarrc_store *zip) {
  zarrc_stage *stage = NULL;
  zarrc_error error;
  contract_ok(zarrc_stage_open(zip, "", ZARRC_STAGE_NEW, "note", &stage, &error), &error);
  return stage;
}

static void publish(zarrc_stage *stage, bool replace) {
  zarrc_error error;
  contract_ok(zarrc_stage_publish(stage, replace, &error), &error);
  zarrc_stage_close(stage, false);
}

static size_t count_files(void) {
  size_t n = 0;
  DIR *dir = opendir(tree);
  const struct dirent *e;
  while ((e = readdir(dir))) n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
  closedir(dir);
  return n;
}

/* ------------------------------------------------------------------------------------------------- what is written */

/* The store of a stage does all that a store must, also while the archive is not complete. */
static void test_contract(void **state) {
  (void)state;
  zarrc_store *zip = open_zip(true);
  assert_true(zarrc_stage_possible(zip));
  zarrc_stage *stage = begin(zip);
  assert_false(stage->resumed);
  assert_true(stage->never_kept);
  contract_obey(stage->store);
  zarrc_stage_close(stage, true);
  zarrc_store_close(zip);
  assert_int_equal(count_files(), 0);
}

/* What was stored is read back from the archive; what was replaced or erased before is not in it. */
static void test_written_and_read(void **state) {
  (void)state;
  zarrc_error error;
  zarrc_store *zip = open_zip(true);
  contract_expect(zip, "zarr.json", NULL);
  contract_expect_list(zip, "", true, false, "");
  zarrc_stage *stage = begin(zip);
  static const char *const keys[] = {"zarr.json", "c/1", "c/0", "\xc3\xa4/\xe6\x97\xa5 b", "empty", "gone"};
  for (size_t i = 0; i < 6; i++) contract_set(stage->store, keys[i], i == 4 ? "" : keys[i]);
  contract_set(stage->store, "c/0", "replaced");
  contract_ok(zarrc_store_erase(stage->store, "gone", &error), &error);
  contract_expect(stage->store, "c/0", "replaced");
  publish(stage, false);
  contract_expect(zip, "zarr.json", NULL); /* it still is what was there when it was opened */
  zarrc_store_close(zip);
  assert_int_equal(count_files(), 1);
  zip = open_zip(false);
  contract_expect_list(zip, "", true, true, "c/0=8 c/1=3 empty=0 zarr.json=9 \xc3\xa4/\xe6\x97\xa5 b=8 ");
  contract_expect(zip, "c/0", "replaced");
  contract_expect(zip, "c/1", "c/1");
  contract_expect(zip, keys[3], keys[3]);
  contract_expect(zip, "empty", "");
  zarrc_store_close(zip);
}

/* The same members make the same bytes. */
static void test_same_bytes(void **state) {
  (void)state;
  uint8_t *made[2];
  size_t n[2];
  char *path = path_in(tree, "a.zip");
  for (int i = 0; i < 2; i++) {
    zarrc_store *zip = open_zip(true);
    zarrc_stage *stage = begin(zip);
    contract_set(stage->store, "b", "two");
    contract_set(stage->store, "a/b", "one");
    publish(stage, i > 0);
    zarrc_store_close(zip);
    made[i] = file_read(path, &n[i]);
  }
  assert_int_equal(n[0], n[1]);
  assert_memory_equal(made[0], made[1], n[0]);
  free(made[0]);
  free(made[1]);
  free(path);
}

/* Values in many pieces, and made in batches, of which none but the last has an odd length. */
typedef struct batches {
  int left;
  zarrc_status failure; /* after the last one */
  uint8_t bytes[1001];
} batches;

static zarrc_status next_batch(void *state, zarrc_parts *parts, zarrc_error *error) {
  batches *b = state;
  if (b->left == 0) return b->failure ? zarrc_fail(error, b->failure, "no more") : ZARRC_OK;
  b->left--;
  memset(b->bytes, b->left, sizeof b->bytes);
  return zarrc_parts_push(parts, (zarrc_bytes){.ptr = b->bytes, .len = b->left ? 1000 : 1001}, error);
}

static void close_batches(void *state) {
  (void)state;
}

static zarrc_status stream(zarrc_store *store, const char *key, int n, zarrc_status failure, zarrc_error *error) {
  static const zarrc_source source = {sizeof source, next_batch, close_batches};
  batches b = {.left = n, .failure = failure};
  zarrc_parts parts;
  zarrc_key_blob blob;
  contract_ok(zarrc_key_blob_open(&blob, store, key, error), error);
  assert_true(zarrc_blob_get_traits(blob.blob).streams);
  zarrc_parts_init(&parts, store->ctx);
  parts.source = &source;
  parts.source_state = &b;
  zarrc_status status = zarrc_blob_replace_from(blob.blob, &parts, true, error);
  zarrc_parts_clear(&parts);
  zarrc_key_blob_close(&blob);
  return status;
}

static void expect_stream(zarrc_store *store, const char *key, int n) {
  zarrc_bytes got;
  zarrc_error error;
  contract_ok(zarrc_store_get(store, key, 1 << 24, &got, &error), &error);
  assert_int_equal(got.len, n ? n * 1000 + 1 : 0);
  for (size_t i = 0; i + 1 < got.len; i++)
    if (got.ptr[i] != (uint8_t)(n - 1 - (int)(i / 1000))) fail_msg("byte %zu", i);
  zarrc_bytes_release(&got);
}

static void test_streams(void **state) {
  (void)state;
  static const int lengths[] = {0, 1, 2, 3000};
  static const char *const keys[] = {"0", "1", "2", "3"};
  zarrc_error error;
  zarrc_store *zip = open_zip(true);
  zarrc_stage *stage = begin(zip);
  for (size_t i = 0; i < 4; i++) contract_ok(stream(stage->store, keys[i], lengths[i], ZARRC_OK, &error), &error);
  assert_int_equal(stream(stage->store, "1", 2, ZARRC_CORRUPT, &error), ZARRC_CORRUPT); /* the old value stays */
  assert_string_equal(error.message, "no more");
  for (size_t i = 0; i < 4; i++) expect_stream(stage->store, keys[i], lengths[i]);
  publish(stage, false);
  zarrc_store_close(zip);
  assert_int_equal(count_files(), 1);
  zip = open_zip(false);
  for (size_t i = 0; i < 4; i++) expect_stream(zip, keys[i], lengths[i]);
  zarrc_store_close(zip);
}

/* -------------------------------------------------------------------------------------------------------- threads */

enum { NTHREADS = 8, NEACH = 300 };

static void *write_some(void *arg) {
  static atomic_int numbers;
  zarrc_store *store = arg;
  int me = atomic_fetch_add(&numbers, 1) % NTHREADS;
  char key[40], text[40];
  zarrc_error error;
  for (int i = 0; i < NEACH; i++) {
    snprintf(key, sizeof key, "%d/%d", me, i);
    snprintf(text, sizeof text, "%d of %d", i, me);
    if (i % 10 == 0) {
      if (stream(store, key, i % 100 / 10, ZARRC_OK, &error)) abort();
    } else if (zarrc_store_set(store, key, text, strlen(text), &error)) {
      abort();
    }
    zarrc_bytes got;
    if (zarrc_store_get(store, key, 1 << 20, &got, &error)) abort();
    zarrc_bytes_release(&got);
  }
  return NULL;
}

static void test_threads(void **state) {
  (void)state;
  pthread_t threads[NTHREADS];
  zarrc_store *zip = open_zip(true);
  zarrc_stage *stage = begin(zip);
  for (int i = 0; i < NTHREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, write_some, stage->store), 0);
  for (int i = 0; i < NTHREADS; i++) pthread_join(threads[i], NULL);
  publish(stage, false);
  zarrc_store_close(zip);
  zip = open_zip(false);
  char key[40], text[40];
  for (int k = 0; k < NTHREADS; k++) {
    for (int i = 0; i < NEACH; i++) {
      snprintf(key, sizeof key, "%d/%d", k, i);
      snprintf(text, sizeof text, "%d of %d", i, k);
      if (i % 10)
        contract_expect(zip, key, text);
      else
        expect_stream(zip, key, i % 100 / 10);
    }
  }
  zarrc_store_close(zip);
}

/* More members than fit into the records without zip64. */
static void test_many_members(void **state) {
  (void)state;
  for (int n = 65534; n <= 65536; n++) {
    zarrc_store *zip = open_zip(true);
    zarrc_stage *stage = begin(zip);
    char key[40];
    for (int i = 0; i < n; i++) {
      snprintf(key, sizeof key, "%d", i);
      contract_set(stage->store, key, key);
    }
    publish(stage, true);
    zarrc_store_close(zip);
    zip = open_zip(false);
    contract_expect(zip, key, key);
    contract_expect(zip, "0", "0");
    zarrc_store_close(zip);
  }
}

/* --------------------------------------------------------------------------------------------- more than 4 GiB */

/* A store of one value, which takes pieces. Long ones are only counted: they read as zeros. */
typedef struct piece {
  uint64_t at, nbytes;
  uint8_t *bytes; /* NULL: zeros */
} piece;

typedef struct vast_store {
  zarrc_store store;
  piece pieces[100];
  size_t n;
  uint64_t nbytes;
  bool published;
} vast_store;

typedef struct vast_blob {
  zarrc_blob blob;
  vast_store *v;
  bool appends;
} vast_blob;

static zarrc_status vast_append(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, zarrc_error *error) {
  vast_store *v = ((vast_blob *)blob)->v;
  (void)error;
  ((vast_blob *)blob)->appends = true;
  for (size_t i = 0; i < n; i++) {
    assert_true(v->n < sizeof v->pieces / sizeof *v->pieces);
    piece *p = &v->pieces[v->n++];
    *p = (piece){.at = v->nbytes, .nbytes = parts[i].len};
    if (p->nbytes < 1 << 20) p->bytes = calloc(1, parts[i].len + 1);
    if (p->bytes && p->nbytes > 0) memcpy(p->bytes, parts[i].ptr, parts[i].len);
    v->nbytes += p->nbytes;
  }
  return ZARRC_OK;
}

static uint8_t byte_at(const vast_store *v, uint64_t at) {
  for (size_t i = 0; i < v->n; i++)
    if (at - v->pieces[i].at < v->pieces[i].nbytes)
      return v->pieces[i].bytes ? v->pieces[i].bytes[at - v->pieces[i].at] : 0;
  fail_msg("beyond the end");
  return 0;
}

static zarrc_status vast_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  vast_blob *b = (vast_blob *)blob;
  if (!b->v->published && !b->appends) return zarrc_fail(error, ZARRC_NOT_FOUND, "not found");
  for (size_t i = 0; i < n; i++) {
    uint64_t start;
    size_t nbytes;
    zarrc_status status = zarrc_range_locate(&ranges[i], b->v->nbytes, &start, &nbytes, error);
    if (!status) status = zarrc_scratch_take(b->v->store.ctx, nbytes + 1, &ranges[i].got, error);
    if (status) return status;
    for (size_t k = 0; k < nbytes; k++) ((uint8_t *)ranges[i].got.ptr)[k] = byte_at(b->v, start + k);
    ranges[i].got.len = nbytes;
    if (ranges[i].into) fail_msg("not expected");
  }
  return ZARRC_OK;
}

static zarrc_status vast_publish(zarrc_blob *blob, bool if_unchanged, zarrc_error *error) {
  (void)if_unchanged, (void)error;
  ((vast_blob *)blob)->v->published = true;
  return ZARRC_OK;
}

static zarrc_status vast_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                 zarrc_error *error) {
  (void)blob, (void)parts, (void)n, (void)if_unchanged;
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "not here");
}

static size_t vast_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  (void)store, (void)key_nbytes;
  return sizeof(vast_blob);
}

static zarrc_status vast_open(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops,
                                     .read = vast_read,
                                     .replace = vast_replace,
                                     .append = vast_append,
                                     .publish = vast_publish};
  (void)key, (void)error;
  *(vast_blob *)blob = (vast_blob){.blob = {.ops = &ops}, .v = (vast_store *)store};
  return ZARRC_OK;
}

/* A member of more than 4 GiB, and one behind it. */
static void test_zip64(void **state) {
  static const zarrc_store_ops ops = {
      .struct_size = sizeof ops, .name = "vast", .blob_nbytes = vast_blob_nbytes, .open = vast_open};
  enum { N = 66, LONG = 1 << 26 };
  (void)state;
  vast_store v = {.store = {.ops = &ops, .ctx = ctx}};
  uint8_t *zeros = calloc(LONG, 1);
  zarrc_bytes parts[N];
  zarrc_error error;
  zarrc_store *zip = NULL;
  zarrc_key_blob blob;
  for (size_t i = 0; i < N; i++) parts[i] = (zarrc_bytes){.ptr = zeros, .len = LONG};
  contract_ok(try_open(&v.store, true, &zip, &error), &error);
  zarrc_stage *stage = begin(zip);
  contract_set(stage->store, "before", "one");
  contract_ok(zarrc_key_blob_open(&blob, stage->store, "long", &error), &error);
  contract_ok(zarrc_blob_replace(blob.blob, parts, N, false, &error), &error);
  zarrc_key_blob_close(&blob);
  contract_set(stage->store, "behind", "two");
  contract_expect(stage->store, "behind", "two");
  publish(stage, false);
  zarrc_store_close(zip);
  contract_ok(try_open(&v.store, false, &zip, &error), &error);
  contract_expect(zip, "before", "one");
  contract_expect(zip, "behind", "two");
  contract_expect_list(zip, "", true, true, "before=3 behind=3 long=4429185024 ");
  zarrc_range range = {.offset = -10, .nbytes = 10};
  contract_ok(zarrc_key_blob_open(&blob, zip, "long", &error), &error);
  contract_ok(zarrc_blob_read(blob.blob, &range, 1, &error), &error);
  assert_int_equal(range.total, (uint64_t)N * LONG);
  assert_memory_equal(range.got.ptr, zeros, 10);
  zarrc_ranges_release(&range, 1);
  zarrc_key_blob_close(&blob);
  zarrc_store_close(zip);
  for (size_t i = 0; i < v.n; i++) free(v.pieces[i].bytes);
  free(zeros);
}

/* --------------------------------------------------------------------------------------------- what is refused */

static void make(const char *text) {
  zarrc_store *zip = open_zip(true);
  zarrc_stage *stage = begin(zip);
  if (*text) contract_set(stage->store, "k", text);
  publish(stage, true);
  zarrc_store_close(zip);
}

static void expect_archive(const char *text) {
  zarrc_store *zip = open_zip(false);
  contract_expect(zip, "k", text);
  zarrc_store_close(zip);
}

static void test_refusals(void **state) {
  (void)state;
  zarrc_error error;
  zarrc_stage *stage;
  bool found = true;
  char note[10];
  make("old");
  zarrc_store *zip = open_zip(true);
  assert_int_equal(zarrc_store_set(zip, "k", "x", 1, &error), ZARRC_UNSUPPORTED);
  assert_string_equal(error.message, "a zip archive cannot be changed, only replaced as a whole");
  assert_int_equal(zarrc_store_erase(zip, "k", &error), ZARRC_UNSUPPORTED);
  assert_int_equal(zarrc_store_erase_prefix(zip, "", &error), ZARRC_UNSUPPORTED);
  assert_int_equal(zarrc_stage_open(zip, "k", ZARRC_STAGE_NEW, "", &stage, &error), ZARRC_UNSUPPORTED);
  contract_ok(zarrc_stage_find(zip, "", note, sizeof note, &found, &error), &error);
  assert_false(found);
  contract_ok(zarrc_stage_left(zip, "", note, sizeof note, &found, &error), &error);
  assert_false(found);
  stage = begin(zip);
  assert_int_equal(zarrc_stage_publish(stage, false, &error), ZARRC_CONFLICT);
  zarrc_stage_close(stage, true);
  char *name = malloc(65537);
  memset(name, 'n', 65536);
  name[65536] = '\0';
  stage = begin(zip);
  assert_int_equal(zarrc_store_set(stage->store, name, "x", 1, &error), ZARRC_INVALID_ARGUMENT);
  assert_string_equal(error.message, "a name of 65536 bytes is too long for a zip archive");
  assert_int_equal(stream(stage->store, name, 1, ZARRC_OK, &error), ZARRC_INVALID_ARGUMENT);
  name[65535] = '\0';
  contract_set(stage->store, name, "longest");
  publish(stage, true);
  zarrc_store_close(zip);
  zip = open_zip(false);
  contract_expect(zip, name, "longest");
  assert_false(zarrc_stage_possible(zip));
  zarrc_store_close(zip);
  free(name);
  outside->read_only = true;
  assert_int_equal(try_open(outside, true, &zip, &error), ZARRC_INVALID_ARGUMENT);
  outside->read_only = false;
  zarrc_store *memory;
  contract_ok(zarrc_memory_store_open(ctx, &memory, &error), &error);
  contract_ok(try_open(memory, true, &zip, &error), &error);
  assert_int_equal(zarrc_stage_open(zip, "", ZARRC_STAGE_NEW, "", &stage, &error), ZARRC_UNSUPPORTED);
  zarrc_store_close(zip);
  zarrc_store_close(memory);
}

/* Somebody else makes the archive meanwhile. */
static void test_races(void **state) {
  (void)state;
  zarrc_error error;
  static const char *const before[] = {NULL, "", "old"};
  for (size_t i = 0; i < 3; i++) {
    for (int moment = 0; moment < 3; moment++) { /* before the stage, during it, never */
      contract_ok(zarrc_store_erase(outside, "a.zip", &error), &error);
      if (before[i]) make(before[i]);
      zarrc_store *zip = open_zip(true);
      if (moment == 0) make("other");
      zarrc_stage *stage = begin(zip);
      contract_set(stage->store, "k", "new");
      if (moment == 1) make("other");
      bool free_place = moment == 2 && i < 2; /* an empty archive is in nobody's way */
      assert_int_equal(zarrc_stage_publish(stage, false, &error), free_place ? ZARRC_OK : ZARRC_CONFLICT);
      zarrc_stage_close(stage, false);
      expect_archive(free_place ? "new" : moment == 2 ? before[i] : "other");
      stage = begin(zip);
      contract_set(stage->store, "k", "newer");
      publish(stage, true);
      zarrc_store_close(zip);
      expect_archive("newer");
    }
  }
}

/* ------------------------------------------------------------------------------------------------------- failures */

static zarrc_status whole_life(zarrc_store *archives, zarrc_error *error) {
  zarrc_store *zip = NULL;
  zarrc_stage *stage = NULL;
  zarrc_status status = try_open(archives, true, &zip, error);
  if (!status) status = zarrc_stage_open(zip, "", ZARRC_STAGE_DISCARD, "", &stage, error);
  if (!status) status = zarrc_store_set(stage->store, "k", "new", 3, error);
  if (!status) status = stream(stage->store, "s", 3, ZARRC_OK, error);
  if (!status) status = zarrc_stage_publish(stage, true, error);
  zarrc_stage_close(stage, true);
  zarrc_store_close(zip);
  return status;
}

/* Returns whether the n-th call that counted has a name. */
static bool is_call(const char *name, unsigned n) {
  const char *at = faultio.log;
  for (unsigned i = 1; i < n && at; i++) at = strchr(at, ' ') + 1;
  return at && !strncmp(at, name, strlen(name));
}

/* Removes temporary files that could not be removed. */
static void remove_others(void) {
  DIR *dir = opendir(tree);
  const struct dirent *e;
  while ((e = readdir(dir)))
    if (zarrc_file_is_temp(e->d_name)) unlinkat(dirfd(dir), e->d_name, 0);
  closedir(dir);
}

/* Each system call fails: the old archive is whole, or the new one, and nothing else is left. */
static void test_each_call_fails(void **state) {
  (void)state;
  zarrc_error error;
  for (int sync = ZARRC_SYNC_NONE; sync <= ZARRC_SYNC_DATA; sync++) {
    bool clean = false;
    for (unsigned at = 1; !clean; at++) {
      make("old");
      zarrc_store *files = open_files(ctx, (zarrc_sync)sync, &error);
      faultio_arm(FAULTIO_ALL, at, EIO, false);
      zarrc_status status = files ? whole_life(files, &error) : ZARRC_IO;
      faultio.armed = false;
      zarrc_store_close(files);
      clean = faultio.failed == 0;
      if (clean) print_message("%u calls\n", at - 1);
      if (clean) contract_ok(status, &error);
      zarrc_store *zip = open_zip(false);
      zarrc_bytes got;
      contract_ok(zarrc_store_get(zip, "k", 3, &got, &error), &error);
      bool is_new = !memcmp(got.ptr, "new", 3);
      zarrc_bytes_release(&got);
      if (is_new) expect_stream(zip, "s", 3);
      zarrc_store_close(zip);
      if (!status && !is_new) fail_msg("call %u of %s", at, faultio.log);
      if (count_files() != 1 && !is_call("unlink", at)) fail_msg("call %u of %s", at, faultio.log);
      remove_others();
    }
  }
}

static zarrc_status each_allocation(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *own;
  zarrc_error error;
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  if (status) return status;
  zarrc_store *files = open_files(own, ZARRC_SYNC_NONE, &error);
  status = files ? whole_life(files, &error) : ZARRC_NO_MEMORY;
  zarrc_store_close(files);
  zarrc_ctx_close(own);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  zarrc_ctx_options options = {.struct_size = sizeof options, .threads = 1};
  print_message("%zu allocations\n", faulty_alloc_each(&options, each_allocation, NULL));
  assert_int_equal(count_files(), 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
  const struct CMUnitTest tests[] = {
      TEST(test_contract), TEST(test_written_and_read), TEST(test_same_bytes), TEST(test_streams),
      TEST(test_threads),  TEST(test_many_members),     TEST(test_zip64),      TEST(test_refusals),
      TEST(test_races),    TEST(test_each_call_fails),  TEST(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

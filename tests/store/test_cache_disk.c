/* SPDX-License-Identifier: MIT */
#include "store/cache.h"

#include "store/contract.h"
#include "support/fault_store.h"
#include "support/files.h"

#include <sys/wait.h>
#include <unistd.h>

enum { TOTAL = 1000 };

static zarrc_ctx *ctx;
static char *tree;
static zarrc_store *files;
static const zarrc_identity version = {.word = {1, 2, 3, 4, 5}, .nbytes = TOTAL};

static int open_all(void **state) {
  (void)state;
  tree = tree_make();
  return zarrc_ctx_open(NULL, &ctx, NULL) || zarrc_file_store_open(ctx, tree, NULL, &files, NULL);
}

static int close_all(void **state) {
  (void)state;
  zarrc_store_close(files);
  zarrc_ctx_close(ctx);
  tree_remove(tree);
  return 0;
}

static void put(zarrc_cache_disk *disk, const char *key, const zarrc_identity *identity, uint64_t begin, uint64_t end) {
  uint8_t memory[TOTAL];
  for (uint64_t at = begin; at < end; at++) memory[at] = (uint8_t)(at * 7 + identity->word[0]);
  zarrc_bytes bytes = {.ptr = memory + begin, .len = (size_t)(end - begin)};
  zarrc_cache_disk_put(disk, key, identity, begin, &bytes);
}

static bool has(zarrc_cache_disk *disk, const char *key, const zarrc_identity *identity, uint64_t begin, uint64_t end) {
  zarrc_cache_shelf shelf = zarrc_cache_shelf_of(disk, key);
  uint64_t at = 0;
  zarrc_cache_piece *p = zarrc_cache_shelf_get(&shelf, identity, begin, end, &at);
  for (uint64_t i = begin; i < end && p; i++)
    assert_int_equal(p->bytes.ptr[i - at], (uint8_t)(i * 7 + identity->word[0]));
  if (p) assert_true(at <= begin && end <= at + p->bytes.len);
  zarrc_cache_shelf_clear(&shelf);
  zarrc_cache_piece_drop(p);
  return p != NULL;
}

/* The number of the value is the reader's own. */
static bool is_version(const zarrc_identity *found) {
  return !memcmp(found->word, version.word, sizeof version.word) && found->nbytes == version.nbytes;
}

static bool newest(zarrc_cache_disk *disk, const char *key, zarrc_identity *out) {
  zarrc_cache_shelf shelf = zarrc_cache_shelf_of(disk, key);
  bool found = zarrc_cache_shelf_version(&shelf, out);
  zarrc_cache_shelf_clear(&shelf);
  return found;
}

static void test_pieces(void **state) {
  (void)state;
  zarrc_cache_disk disk, same, other;
  zarrc_identity found, second = version;
  second.word[0] = 9;
  zarrc_cache_disk_init(&disk, ctx, files, 1 << 20, "http://there?secret");
  zarrc_cache_disk_init(&same, ctx, files, 1 << 20, "http://there?secret");
  zarrc_cache_disk_init(&other, ctx, files, 1 << 20, "http://there?secrets");
  assert_false(newest(&disk, "a/k", &found));
  assert_false(has(&disk, "a/k", &version, 0, 1));
  put(&disk, "a/k", &version, 100, 200);
  put(&disk, "a/k", &version, 300, 400);
  assert_true(has(&disk, "a/k", &version, 100, 200));
  assert_true(has(&same, "a/k", &version, 120, 121));
  assert_true(has(&same, "a/k", &version, 399, 400));
  assert_false(has(&same, "a/k", &version, 150, 350));
  assert_false(has(&same, "a/k", &version, 199, 201));
  assert_false(has(&same, "a/l", &version, 100, 200));
  assert_false(has(&same, "a/k", &second, 100, 200));
  assert_false(has(&other, "a/k", &version, 100, 200));
  assert_true(newest(&same, "a/k", &found));
  assert_true(is_version(&found));
  assert_false(newest(&other, "a/k", &found));
  zarrc_cache_disk_forget(&disk, "a/k");
  assert_false(newest(&same, "a/k", &found));
  contract_expect_list(files, "", true, false, "");
}

typedef struct damage {
  char keys[64][160];
  size_t n;
} damage;

static zarrc_status note_key(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  damage *d = arg;
  (void)error;
  if (d->n < 64) strcpy(d->keys[d->n++], entry->key);
  return ZARRC_OK;
}

/* Each bit of a stored piece changed, each length of it, and another piece in its place: none is used. */
static void test_damage(void **state) {
  (void)state;
  zarrc_cache_disk disk;
  zarrc_identity found;
  damage d = {.n = 0};
  zarrc_bytes whole;
  zarrc_cache_disk_init(&disk, ctx, files, 1 << 20, "there");
  put(&disk, "k", &version, 10, 30);
  assert_int_equal(zarrc_store_list(files, "", true, false, note_key, &d, NULL), ZARRC_OK);
  assert_int_equal(d.n, 1);
  assert_int_equal(zarrc_store_get(files, d.keys[0], 1000, &whole, NULL), ZARRC_OK);
  uint8_t bytes[400] = {0};
  for (size_t i = 0; i < whole.len * 8; i++) {
    memcpy(bytes, whole.ptr, whole.len);
    bytes[i / 8] ^= (uint8_t)(1u << i % 8);
    assert_int_equal(zarrc_store_set(files, d.keys[0], bytes, whole.len, NULL), ZARRC_OK);
    assert_false(has(&disk, "k", &version, 10, 30));
    if (newest(&disk, "k", &found)) assert_true(is_version(&found));
  }
  memcpy(bytes, whole.ptr, whole.len);
  for (size_t n = 0; n < whole.len + 20; n++) {
    assert_int_equal(zarrc_store_set(files, d.keys[0], bytes, n, NULL), ZARRC_OK);
    assert_int_equal(has(&disk, "k", &version, 10, 30), n == whole.len);
    newest(&disk, "k", &found);
  }
  zarrc_cache_disk_forget(&disk, "k");
  put(&disk, "l", &version, 10, 30); /* whole, but of another key */
  damage other = {.n = 0};
  zarrc_bytes moved;
  assert_int_equal(zarrc_store_list(files, "", true, false, note_key, &other, NULL), ZARRC_OK);
  assert_int_equal(zarrc_store_get(files, other.keys[0], 1000, &moved, NULL), ZARRC_OK);
  assert_int_equal(zarrc_store_set(files, d.keys[0], moved.ptr, moved.len, NULL), ZARRC_OK);
  assert_false(has(&disk, "k", &version, 10, 30));
  assert_false(newest(&disk, "k", &found));
  zarrc_bytes_release(&moved);
  /* names that say something else than the piece */
  for (int i = 0; i < 3; i++) {
    static const char *const wrong[] = {".0000000000000001.a.1e.1", ".a.1e.1", "..a.1e.1"};
    char key[200];
    snprintf(key, sizeof key, "%.33s%s", d.keys[0], wrong[i]);
    assert_int_equal(zarrc_store_set(files, key, whole.ptr, whole.len, NULL), ZARRC_OK);
  }
  assert_false(has(&disk, "k", &version, 10, 30));
  zarrc_bytes_release(&whole);
}

/* What others have put there is neither used nor removed, and does not count. */
static void test_strangers(void **state) {
  static const char *const names[] = {"README", "abc/file", "abc/0123456789abcdef0123456789abc", "xyz/a.b.c.d.e",
                                      "abc/0123456789abcdef0123456789abc.1.2.2.3"};
  (void)state;
  zarrc_cache_disk disk;
  for (size_t i = 0; i < 5; i++) contract_set(files, names[i], "not ours");
  zarrc_cache_disk_init(&disk, ctx, files, 8 * TOTAL, "there");
  for (int i = 0; i < 100; i++) {
    char key[20];
    snprintf(key, sizeof key, "k%d", i);
    put(&disk, key, &version, 0, TOTAL);
  }
  zarrc_cache_disk_close(&disk);
  for (size_t i = 0; i < 5; i++) contract_expect(files, names[i], "not ours");
}

static zarrc_status add_size(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  (void)error;
  *(uint64_t *)arg += entry->nbytes;
  return ZARRC_OK;
}

static uint64_t stored_nbytes(void) {
  uint64_t nbytes = 0;
  assert_int_equal(zarrc_store_list(files, "", true, true, add_size, &nbytes, NULL), ZARRC_OK);
  return nbytes;
}

/* There is never much more than the limit, and what was stored last is still there. */
static void test_limit(void **state) {
  enum { LIMIT = 40 * TOTAL };
  (void)state;
  zarrc_cache_disk disk;
  char key[20];
  zarrc_cache_disk_init(&disk, ctx, files, LIMIT, "there");
  for (int i = 0; i < 300; i++) {
    snprintf(key, sizeof key, "k%d", i);
    put(&disk, key, &version, 0, TOTAL);
    assert_true(stored_nbytes() < LIMIT + LIMIT / 8 + 20 * TOTAL);
  }
  zarrc_cache_disk_close(&disk);
  assert_true(stored_nbytes() <= LIMIT + 40 * 10);
  assert_true(stored_nbytes() > LIMIT / 2);
  zarrc_cache_disk_init(&disk, ctx, files, 4 * TOTAL, "there"); /* a piece of an eighth at most */
  put(&disk, "large", &version, 0, TOTAL);
  assert_false(has(&disk, "large", &version, 0, TOTAL));
}

/* A disk that is full, or fails otherwise, is no failure; nothing half written is left. */
static void test_full(void **state) {
  (void)state;
  fault_store faulty;
  zarrc_cache_disk disk;
  fault_store_init(&faulty, files);
  for (size_t at = 1; at < 6; at++) {
    fault_store_arm(&faulty, at, ZARRC_IO);
    zarrc_cache_disk_init(&disk, ctx, &faulty.store, 1 << 20, "there");
    put(&disk, "k", &version, 0, 10);
    bool found = has(&disk, "k", &version, 0, 10);
    if (at == 1) assert_false(found);
    put(&disk, "l", &version, 0, 10);
    if (at == 1) assert_false(has(&disk, "l", &version, 0, 10)); /* nothing more is stored after a failure */
    zarrc_cache_disk_forget(&disk, "k");
    zarrc_cache_disk_close(&disk);
    fault_store_arm(&faulty, 0, ZARRC_OK);
  }
}

/* Processes that store and read the same pieces at once, under one limit: what is read is right. */
static void test_processes(void **state) {
  enum { NPROCESSES = 4, LIMIT = 20 * TOTAL };
  (void)state;
  pid_t children[NPROCESSES];
  for (int p = 0; p < NPROCESSES; p++) {
    children[p] = fork();
    if (children[p] != 0) continue;
    zarrc_cache_disk disk;
    size_t nfound = 0;
    zarrc_cache_disk_init(&disk, ctx, files, LIMIT, "there");
    for (int i = 0; i < 300; i++) {
      char key[20];
      zarrc_identity v = version;
      v.word[0] = (uint64_t)(i + p) % 3;
      snprintf(key, sizeof key, "k%d", (i * 7 + p) % 12);
      put(&disk, key, &v, 0, TOTAL);
      snprintf(key, sizeof key, "k%d", (i * 5 + p) % 12);
      nfound += has(&disk, key, &v, 100, 200);
      if (i % 50 == 0) zarrc_cache_disk_forget(&disk, key);
    }
    zarrc_cache_disk_close(&disk);
    _exit(nfound > 0 && !atomic_load(&disk.is_full) ? 0 : 1);
  }
  for (int p = 0; p < NPROCESSES; p++) {
    int result;
    assert_int_equal(waitpid(children[p], &result, 0), children[p]);
    assert_int_equal(result, 0);
  }
  assert_true(stored_nbytes() <= LIMIT + LIMIT / 8 * NPROCESSES + 20 * TOTAL);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
  const struct CMUnitTest tests[] = {
      TEST(test_pieces), TEST(test_damage), TEST(test_strangers),
      TEST(test_limit),  TEST(test_full),   TEST(test_processes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

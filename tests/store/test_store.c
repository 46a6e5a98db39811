/* SPDX-License-Identifier: MIT */
#include "store/contract.h"
#include "support/said.h"

#include "store/common.h"

#include <zarrc/plugin/store.h>

/* ------------------------------------------------------------------------------------------------------ keys */

static void test_key_check(void **state) {
  (void)state;
  static const char *const good[] = {"a",
                                     "zarr.json",
                                     "a/b",
                                     "c/0/0",
                                     "...",
                                     "a/...b",
                                     ".a",
                                     "a/.b/.c",
                                     "a b/ c",
                                     "\xc3\xa4",
                                     "a\nb",
                                     "back\\slash",
                                     "\xf0\x9f\xa6\x93/c",
                                     "a..b/..c",
                                     "c:"};
  static const char *const bad[] = {"",
                                    "/",
                                    "//",
                                    "/a",
                                    "a/",
                                    "a//b",
                                    ".",
                                    "..",
                                    "a/..",
                                    "../a",
                                    "a/../b",
                                    "./a",
                                    "a/.",
                                    "a/./b",
                                    "\xff",
                                    "a/\xc3",
                                    "\xc0\xaf",
                                    "a\xed\xa0\x80",
                                    "\xf4\x90\x80\x80",
                                    "\xe0\x80\xae/a"};
  zarrc_error error;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) contract_ok(zarrc_key_check(good[i], &error), &error);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    error = (zarrc_error){0};
    assert_int_equal(zarrc_key_check(bad[i], &error), ZARRC_INVALID_ARGUMENT);
    assert_int_equal(error.code, ZARRC_INVALID_ARGUMENT);
    assert_true(*SAID(error));
    assert_int_equal(zarrc_key_check(bad[i], NULL), ZARRC_INVALID_ARGUMENT);
  }
  assert_int_equal(zarrc_key_check(NULL, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_key_check("a/../b", &error), ZARRC_INVALID_ARGUMENT);
  assert_string_equal(SAID(error), "a/../b: no valid key: it has a segment \"..\"");
  assert_string_equal(error.key, "a/../b");
  assert_int_equal(zarrc_key_check("a//b", &error), ZARRC_INVALID_ARGUMENT);
  assert_string_equal(SAID(error), "a//b: no valid key: it has an empty segment");

  char *long_key = malloc(100001);
  memset(long_key, 'x', 100000);
  long_key[100000] = '\0';
  contract_ok(zarrc_key_check(long_key, &error), &error);
  long_key[99999] = '/';
  assert_int_equal(zarrc_key_check(long_key, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(strlen(error.key), sizeof error.key - 1);
  free(long_key);
}

static void test_key_is_below(void **state) {
  (void)state;
  assert_true(zarrc_key_is_below("a", ""));
  assert_true(zarrc_key_is_below("a/b", "a"));
  assert_true(zarrc_key_is_below("a/b/c", "a/b"));
  assert_false(zarrc_key_is_below("a", "a"));
  assert_false(zarrc_key_is_below("ab", "a"));
  assert_false(zarrc_key_is_below("ab/c", "a"));
  assert_false(zarrc_key_is_below("a", "a/b"));
}

static void test_range_locate(void **state) {
  (void)state;
  uint64_t start = 0;
  size_t n = 0;
  zarrc_error error;
  for (size_t total = 0; total <= 5; total++)
    for (int64_t offset = -7; offset <= 7; offset++)
      for (uint64_t nbytes = 0; nbytes <= 7; nbytes++)
        for (int to_end = 0; to_end < 2; to_end++) {
          zarrc_range r = {.offset = offset, .nbytes = nbytes, .to_end = to_end};
          size_t want_start = 0, want_n = 0;
          zarrc_status want = contract_range_model(&r, total, &want_start, &want_n);
          assert_int_equal(zarrc_range_locate(&r, total, &start, &n, &error), want);
          assert_int_equal(r.total, total);
          if (want) continue;
          assert_int_equal(start, want_start);
          assert_int_equal(n, want_n);
        }
  zarrc_range all = {.nbytes = UINT64_MAX, .to_end = true};
  contract_ok(zarrc_range_locate(&all, SIZE_MAX / 2, &start, &n, &error), &error);
  assert_int_equal(n, SIZE_MAX / 2);
  zarrc_status status = zarrc_range_locate(&all, INT64_MAX, &start, &n, &error);
  assert_int_equal(status, sizeof(size_t) < 8 ? ZARRC_LIMIT : ZARRC_OK);
  zarrc_range last = {.offset = INT64_MIN, .nbytes = 1};
  contract_ok(zarrc_range_locate(&last, (uint64_t)INT64_MAX + 5, &start, &n, &error), &error);
  assert_int_equal(start, 4);
  zarrc_range wraps = {.offset = 8, .nbytes = UINT64_MAX - 4};
  assert_int_equal(zarrc_range_locate(&wraps, 10, &start, &n, &error), ZARRC_TRUNCATED);
  assert_string_equal(error.message, "18446744073709551611 bytes at 8 wanted of a value of 10 bytes");
  assert_int_equal(error.offset, 10);
  zarrc_range back = {.offset = -20, .nbytes = 16};
  assert_int_equal(zarrc_range_locate(&back, 10, &start, &n, &error), ZARRC_TRUNCATED);
  assert_string_equal(error.message, "16 bytes at -20 wanted of a value of 10 bytes");
}

/* ------------------------------------------------------------------------------- a store that somebody brought */

typedef struct fake {
  zarrc_store store;
  zarrc_status answer;
  bool says_why, is_large, no_open;
  int reads, replaces, erases, forgets, lists, closes;
  char erased[256];
} fake;

typedef struct fake_blob {
  zarrc_blob blob;
  fake *f;
  const char *key;
  char large[1000];
} fake_blob;

static fake *of(zarrc_blob *blob) {
  return ((fake_blob *)blob)->f;
}

static zarrc_status answer(fake *f, zarrc_error *error) {
  if (f->answer == ZARRC_OK || !f->says_why) return f->answer;
  zarrc_fail(error, f->answer, "because");
  if (error) error->os_error = 5;
  return f->answer;
}

static zarrc_status fake_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  static const uint8_t value[] = "value";
  of(blob)->reads++;
  if (of(blob)->answer) return answer(of(blob), error);
  for (size_t i = 0; i < n; i++) ranges[i].got = (zarrc_bytes){.ptr = value, .len = 5};
  return ZARRC_OK;
}

static zarrc_status fake_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                 zarrc_error *error) {
  assert_false(if_unchanged);
  assert_int_equal(n, 1);
  assert_memory_equal(parts->ptr, "bytes", 5);
  of(blob)->replaces++;
  return answer(of(blob), error);
}

static zarrc_status fake_erase(zarrc_blob *blob, bool if_unchanged, zarrc_error *error) {
  assert_false(if_unchanged);
  of(blob)->erases++;
  strcat(strcat(of(blob)->erased, ((fake_blob *)blob)->key), " ");
  return answer(of(blob), error);
}

static void fake_blob_close(zarrc_blob *blob) {
  of(blob)->forgets++;
  memset(blob, 0xaa, offsetof(fake_blob, large));
}

static size_t fake_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  assert_true(key_nbytes > 0);
  return offsetof(fake_blob, large) + (((const fake *)store)->is_large ? sizeof((fake_blob *)0)->large : 0);
}

static zarrc_status fake_open(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops,
                                     .read = fake_read,
                                     .close = fake_blob_close,
                                     .replace = fake_replace,
                                     .erase = fake_erase};
  fake *f = (fake *)store;
  fake_blob *b = (fake_blob *)blob;
  if (f->no_open) return zarrc_fail(error, ZARRC_NETWORK, "no open");
  assert_int_equal((uintptr_t)blob % sizeof(uint64_t), 0);
  b->blob = (zarrc_blob){.ops = &ops};
  b->f = f;
  b->key = key;
  if (f->is_large) memset(b->large, 0x55, sizeof b->large);
  return ZARRC_OK;
}

static zarrc_status fake_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn,
                              void *arg, zarrc_error *error) {
  static const char *const keys[] = {"p/c/0", "p/zarr.json", "p/q/c/1", "p/q/zarr.json", "p/zarr.json.old"};
  ((fake *)store)->lists++;
  assert_string_equal(prefix, "p");
  assert_true(deep);
  assert_false(sizes);
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < 5 && !status; i++)
    status = fn(arg, &(zarrc_entry){.key = keys[i], .nbytes = ZARRC_UNKNOWN}, error);
  return status;
}

static void fake_close(zarrc_store *store) {
  ((fake *)store)->closes++;
}

static const zarrc_store_ops fake_ops = {.struct_size = sizeof fake_ops,
                                         .name = "fake",
                                         .blob_nbytes = fake_blob_nbytes,
                                         .open = fake_open,
                                         .list = fake_list,
                                         .close = fake_close};
static const zarrc_store_ops least_ops = {
    .struct_size = sizeof least_ops, .name = "least", .blob_nbytes = fake_blob_nbytes, .open = fake_open};

static zarrc_ctx *ctx;

static int open_ctx(void **state) {
  (void)state;
  return zarrc_ctx_open(NULL, &ctx, NULL);
}

static int close_ctx(void **state) {
  (void)state;
  zarrc_ctx_close(ctx);
  return 0;
}

static void test_whole_values(void **state) {
  (void)state;
  fake f = {.store = {.ops = &fake_ops, .ctx = ctx, .read_only = false}};
  zarrc_error error;
  zarrc_bytes got;
  contract_ok(zarrc_store_get(&f.store, "a", 5, &got, &error), &error);
  assert_int_equal(got.len, 5);
  contract_ok(zarrc_store_set(&f.store, "a", "bytes", 5, &error), &error);
  contract_ok(zarrc_store_erase(&f.store, "a", &error), &error);
  assert_int_equal(f.reads * 100 + f.replaces * 10 + f.erases, 111);
  assert_int_equal(f.forgets, 3);
  assert_int_equal(zarrc_store_get(&f.store, "../a", 5, &got, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_store_set(&f.store, "a/", "bytes", 5, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_store_erase(&f.store, "/a", &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(f.reads * 100 + f.replaces * 10 + f.erases, 111);
  assert_int_equal(f.forgets, 3);
  zarrc_store_close(&f.store);
  zarrc_store_close(NULL);
  assert_int_equal(f.closes, 1);
}

/* Failures name the key, also those of a store that says nothing. */
static void test_errors_name_the_key(void **state) {
  (void)state;
  fake f = {.store = {.ops = &fake_ops, .ctx = ctx, .read_only = false}, .answer = ZARRC_IO, .says_why = true};
  zarrc_error error = {0};
  zarrc_bytes got = {0};
  for (int what = 0; what < 3; what++) {
    error = (zarrc_error){.code = ZARRC_CORRUPT, .key = "stale", .message = "stale"};
    zarrc_status status = what == 0   ? zarrc_store_get(&f.store, "a/b", 5, &got, &error)
                          : what == 1 ? zarrc_store_set(&f.store, "a/b", "bytes", 5, &error)
                                      : zarrc_store_erase(&f.store, "a/b", &error);
    assert_int_equal(status, ZARRC_IO);
    assert_int_equal(error.code, ZARRC_IO);
    assert_int_equal(error.os_error, 5);
    assert_string_equal(SAID(error), "a/b: because");
    assert_string_equal(error.key, "a/b");
  }
  assert_int_equal(zarrc_store_get(&f.store, "a/b", 5, &got, NULL), ZARRC_IO);
  f.says_why = false;
  error = (zarrc_error){.code = ZARRC_CORRUPT, .message = "stale"};
  assert_int_equal(zarrc_store_get(&f.store, "a/b", 5, &got, &error), ZARRC_IO);
  assert_string_equal(SAID(error), "a/b: input/output error");
  assert_null(got.ptr);
}

static void test_read_only(void **state) {
  (void)state;
  zarrc_error error;
  zarrc_bytes got;
  fake f = {.store = {.ops = &fake_ops, .ctx = ctx, .read_only = true}};
  contract_ok(zarrc_store_get(&f.store, "a", 5, &got, &error), &error);
  assert_int_equal(zarrc_store_set(&f.store, "a", "bytes", 5, &error), ZARRC_INVALID_ARGUMENT);
  assert_string_equal(SAID(error), "a: the store is read-only");
  assert_string_equal(error.key, "a");
  assert_int_equal(zarrc_store_erase(&f.store, "a", &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_store_erase_prefix(&f.store, "p", &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(f.replaces + f.erases + f.lists, 0);
  zarrc_store_close(&f.store);
}

/* A blob lies in the struct where it fits, else in scratch memory. */
static void test_blob(void **state) {
  (void)state;
  for (int is_large = 0; is_large < 2; is_large++) {
    fake f = {.store = {.ops = &fake_ops, .ctx = ctx, .read_only = false}, .is_large = is_large};
    zarrc_error error;
    zarrc_key_blob blob;
    memset(&blob, 0x5a, sizeof blob);
    assert_int_equal(zarrc_key_blob_open(&blob, &f.store, "a/..", &error), ZARRC_INVALID_ARGUMENT);
    assert_null(blob.blob);
    zarrc_key_blob_close(&blob); /* harmless after a failure, twice, and for nothing */
    zarrc_key_blob_close(&blob);
    zarrc_key_blob_close(NULL);
    f.no_open = true;
    assert_int_equal(zarrc_key_blob_open(&blob, &f.store, "a/b", &error), ZARRC_NETWORK);
    assert_string_equal(SAID(error), "a/b: no open");
    zarrc_key_blob_close(&blob);
    assert_int_equal(f.forgets, 0);
    f.no_open = false;
    memset(&blob, 0x5a, sizeof blob);
    const char *key = "a/b";
    contract_ok(zarrc_key_blob_open(&blob, &f.store, key, &error), &error);
    assert_ptr_equal(((fake_blob *)blob.blob)->key, key);
    bool inside = (uintptr_t)blob.blob - (uintptr_t)&blob < sizeof blob;
    assert_int_equal(inside, !is_large);
    assert_int_equal(f.reads, 0);
    zarrc_range ranges[2] = {{.nbytes = 5}, {.nbytes = 5}};
    contract_ok(zarrc_blob_read(blob.blob, ranges, 2, &error), &error);
    assert_int_equal(f.reads, 1);
    zarrc_key_blob_close(&blob);
    assert_int_equal(f.forgets, 1);
    zarrc_key_blob_close(&blob);
    assert_int_equal(f.forgets, 1);
  }
}

static void test_erase_prefix_by_listing(void **state) {
  (void)state;
  fake f = {.store = {.ops = &fake_ops, .ctx = ctx, .read_only = false}};
  zarrc_error error;
  contract_ok(zarrc_store_erase_prefix(&f.store, "p", &error), &error);
  assert_string_equal(f.erased, "p/zarr.json p/q/zarr.json p/c/0 p/q/c/1 p/zarr.json.old ");
  f.answer = ZARRC_IO;
  f.erases = 0;
  assert_int_equal(zarrc_store_erase_prefix(&f.store, "p", &error), ZARRC_IO);
  assert_int_equal(f.erases, 1);
  assert_string_equal(error.key, "p/zarr.json");
}

static void test_no_list(void **state) {
  (void)state;
  fake f = {.store = {.ops = &least_ops, .ctx = ctx, .read_only = false}};
  zarrc_error error;
  assert_int_equal(zarrc_store_list(&f.store, "", true, true, contract_note, NULL, &error), ZARRC_UNSUPPORTED);
  assert_string_equal(SAID(error), "the least store cannot list its keys");
}

/* A table of another length: of a store that was compiled with an older header (what lies behind the table is not
 * looked at), or with a newer one. */
static void test_tables_of_other_lengths(void **state) {
  (void)state;
  zarrc_error error;
  zarrc_bytes got;
  size_t size = offsetof(zarrc_store_ops, list);
  zarrc_store_ops *older = malloc(size); /* the address sanitizer sees a byte too much */
  zarrc_store_ops old = least_ops;
  old.struct_size = size;
  memcpy(older, &old, size);
  struct {
    zarrc_store_ops table;
    void (*newer)(void);
  } newer = {.table = fake_ops};
  newer.table.struct_size = sizeof newer;
  newer.newer = (void (*)(void))1;
  fake f = {.store = {.ops = older, .ctx = ctx, .read_only = false}};
  for (int is_newer = 0; is_newer < 2; is_newer++) {
    bool found = true;
    if (is_newer) f.store.ops = &newer.table;
    contract_ok(zarrc_store_get(&f.store, "a", 5, &got, &error), &error);
    contract_ok(zarrc_store_set(&f.store, "a", "bytes", 5, &error), &error);
    contract_ok(zarrc_store_erase(&f.store, "a", &error), &error);
    zarrc_status listed = is_newer ? zarrc_store_erase_prefix(&f.store, "p", &error)
                                   : zarrc_store_list(&f.store, "p", true, false, contract_note, NULL, &error);
    assert_int_equal(listed, is_newer ? ZARRC_OK : ZARRC_UNSUPPORTED);
    assert_false(zarrc_stage_possible(&f.store));
    contract_ok(zarrc_stage_find(&f.store, "p", error.key, sizeof error.key, &found, &error), &error);
    assert_false(found);
    zarrc_store_close(&f.store);
  }
  assert_int_equal(f.closes, 1);
  free(older);
}

/* A store that cannot open anything is refused, also behind others. */
static void test_tables_without_open(void **state) {
  (void)state;
  zarrc_error error;
  zarrc_bytes got;
  zarrc_store *before = NULL, *overlay = NULL;
  for (int without = 0; without < 2; without++) {
    zarrc_store_ops ops = least_ops;
    if (without == 0) ops.open = NULL;
    if (without == 1) ops.blob_nbytes = NULL;
    fake f = {.store = {.ops = &ops, .ctx = ctx, .read_only = false}},
         whole = {.store = {.ops = &least_ops, .ctx = ctx, .read_only = false}};
    assert_int_equal(zarrc_store_get(&f.store, "a", 5, &got, &error), ZARRC_INVALID_ARGUMENT);
    assert_int_equal(zarrc_prefix_store_open(&f.store, "p", &before, &error), ZARRC_INVALID_ARGUMENT);
    assert_int_equal(zarrc_overlay_store_open(&f.store, &whole.store, &overlay, &error), ZARRC_INVALID_ARGUMENT);
    assert_int_equal(zarrc_overlay_store_open(&whole.store, &f.store, &overlay, &error), ZARRC_INVALID_ARGUMENT);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_key_check),
      cmocka_unit_test(test_key_is_below),
      cmocka_unit_test(test_range_locate),
      cmocka_unit_test(test_whole_values),
      cmocka_unit_test(test_errors_name_the_key),
      cmocka_unit_test(test_read_only),
      cmocka_unit_test(test_blob),
      cmocka_unit_test(test_erase_prefix_by_listing),
      cmocka_unit_test(test_no_list),
      cmocka_unit_test(test_tables_of_other_lengths),
      cmocka_unit_test(test_tables_without_open),
  };
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}

/* SPDX-License-Identifier: MIT */
#include "store/contract.h"
#include "store/zip_archives.h"
#include "support/fault_store.h"
#include "support/faulty_alloc.h"
#include "support/said.h"

#include <zarrc/plugin/store.h>

static zarrc_ctx *ctx;
static zarrc_store *outside; /* has the archives */

static zarrc_store *open_zip(const char *key) {
  zarrc_store *zip;
  zarrc_error error;
  contract_ok(zarrc_zip_store_open(outside, key, NULL, &zip, &error), &error);
  return zip;
}

static void put_archive(const char *name) {
  char path[100];
  size_t nbytes;
  snprintf(path, sizeof path, "zip/%s.zip", name);
  uint8_t *bytes = data_read(path, &nbytes);
  assert_int_equal(zarrc_store_set(outside, "a.zip", bytes, nbytes, NULL), ZARRC_OK);
  free(bytes);
}

static const char *outcome(zarrc_status status, const zarrc_bytes *got, const zarrc_error *error) {
  if (status) return *error->message ? zarrc_status_name(status) : "a failure without a message";
  if (got->len != 16 || got->ptr[15] != got->ptr[0] + 15) return "wrong";
  return got->ptr[0] == 1 ? "right" : got->ptr[0] == 101 ? "second" : "wrong";
}

static void see_archive(const char *name, const char *expected, uint8_t *bytes, size_t nbytes) {
  zarrc_store *zip = NULL;
  zarrc_bytes got = {0};
  zarrc_error error = {0};
  assert_int_equal(zarrc_store_set(outside, "a.zip", bytes, nbytes, NULL), ZARRC_OK);
  zarrc_status status = zarrc_zip_store_open(outside, "a.zip", NULL, &zip, &error);
  char what[60];
  if (status) {
    assert_string_equal(error.key, "a.zip");
    assert_null(zip);
  } else {
    status = zarrc_store_get(zip, "c/0", 1 << 20, &got, &error);
    if (status) assert_string_equal(error.key, "c/0");
  }
  snprintf(what, sizeof what, "%s%s", zip ? "" : "open:", outcome(status, &got, &error));
  if (strcmp(what, expected) != 0) fail_msg("%s: %s: %s", name, what, status ? SAID(error) : "");
  zarrc_bytes_release(&got);
  zarrc_store_close(zip);
}

static void test_archives(void **state) {
  (void)state;
  assert_true(zip_archives_each(see_archive) > 50);
}

/* What is said of a member that cannot be read. */
static void test_messages(void **state) {
  static const struct {
    const char *archive, *said;
  } rows[] = {
      {"crc-wrong", "a.zip/c/0: codec zip: the CRC-32 of this member is 094c80f1, the zip archive says 00000001"},
      {"encrypted", "a.zip/c/0: codec zip: this member of the zip archive is encrypted"},
      {"method-99",
       "a.zip/c/0: codec zip: this member of the zip archive is compressed with method 99; only stored and "
       "deflated members can be read"},
      {"deflate-says-17", "a.zip/c/0: codec zip: decodes to 16 bytes, the zip archive says 17"},
  };
  (void)state;
  outside->url = "there:";
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_error error;
    zarrc_bytes got;
    put_archive(rows[i].archive);
    zarrc_store *zip = open_zip("a.zip");
    assert_true(zarrc_store_get(zip, "c/0", 1 << 20, &got, &error) != ZARRC_OK);
    assert_true(said_last(&error, rows[i].said));
    assert_string_equal(zip->url, "there:a.zip");
    zarrc_store_close(zip);
  }
  outside->url = NULL;
}

/* Ranges of a stored and of a deflated member, beside the plainest model of what a range is. */
static void test_ranges(void **state) {
  static const char *const archives[] = {"good", "deflated"};
  static const int64_t offsets[] = {INT64_MIN, -17, -16, -15, -1, 0, 1, 15, 16, 17, INT64_MAX};
  static const uint64_t sizes[] = {0, 1, 15, 16, 17, UINT64_MAX};
  (void)state;
  for (size_t a = 0; a < 2; a++) {
    put_archive(archives[a]);
    zarrc_store *zip = open_zip("a.zip");
    zarrc_key_blob blob;
    zarrc_error error;
    contract_ok(zarrc_key_blob_open(&blob, zip, "c/0", &error), &error);
    assert_false(zarrc_blob_is_writable(blob.blob));
    for (size_t i = 0; i < 11 * 6 * 4; i++) {
      size_t start = 0, n = 0;
      zarrc_range r = {.offset = offsets[i / 24], .nbytes = sizes[i / 4 % 6], .to_end = i & 1};
      zarrc_status want = contract_range_model(&r, 16, &start, &n);
      if (i & 2) r.into = malloc(want ? 0 : n);
      assert_int_equal(zarrc_blob_read(blob.blob, &r, 1, &error), want);
      if (!want) {
        assert_int_equal(r.got.len, n);
        assert_int_equal(r.total, 16);
        for (size_t k = 0; k < n; k++) assert_int_equal(r.got.ptr[k], 1 + start + k);
      }
      void *into = r.into;
      zarrc_ranges_release(&r, want ? 0 : 1);
      free(into);
    }
    zarrc_range many[9];
    for (size_t i = 0; i < 9; i++) many[i] = (zarrc_range){.offset = (int64_t)i, .nbytes = 2};
    contract_ok(zarrc_blob_read(blob.blob, many, 9, &error), &error);
    zarrc_key_blob_close(&blob); /* what was lent stays */
    for (size_t i = 0; i < 9; i++) assert_int_equal(many[i].got.ptr[1], i + 2);
    zarrc_ranges_release(many, 9);
    zarrc_store_close(zip);
  }
}

static void test_list(void **state) {
  (void)state;
  put_archive("name-dotdot");
  zarrc_store *zip = open_zip("a.zip");
  contract_expect_list(zip, "", true, true, "c/0=16 zarr.json=243 ");
  contract_expect_list(zip, "", false, false, "c/ zarr.json ");
  contract_expect_list(zip, "c", false, false, "c/0 ");
  contract_expect_list(zip, "c/0", true, false, "");
  contract_expect_list(zip, "nothing", true, false, "");
  zarrc_store_close(zip);
}

static void test_read_only(void **state) {
  zarrc_error error;
  (void)state;
  put_archive("good");
  zarrc_store *zip = open_zip("a.zip");
  assert_int_equal(zarrc_store_set(zip, "c/0", "x", 1, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_store_erase(zip, "c/0", &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_store_erase_prefix(zip, "c", &error), ZARRC_INVALID_ARGUMENT);
  assert_false(zarrc_stage_possible(zip));
  zarrc_store_close(zip);
  assert_int_equal(zarrc_zip_store_open(outside, "none.zip", NULL, &zip, &error), ZARRC_NOT_FOUND);
}

/* Members of one archive are told apart, and from those of another version of it. */
static void test_identity(void **state) {
  static const char *const keys[] = {"c/0", "zarr.json", "c/0"};
  zarrc_identity seen[3];
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    bool known = false;
    zarrc_key_blob blob;
    if (i != 1) put_archive(i == 0 ? "good" : "body-flipped");
    zarrc_store *zip = open_zip("a.zip");
    assert_int_equal(zarrc_key_blob_open(&blob, zip, keys[i], NULL), ZARRC_OK);
    assert_int_equal(zarrc_blob_identify(blob.blob, &seen[i], &known, NULL), ZARRC_OK);
    assert_true(known);
    zarrc_key_blob_close(&blob);
    zarrc_store_close(zip);
  }
  assert_memory_not_equal(&seen[0], &seen[1], sizeof *seen);
  assert_memory_not_equal(&seen[0], &seen[2], sizeof *seen);
}

static zarrc_status read_all(zarrc_store *archives, zarrc_error *error) {
  zarrc_store *zip = NULL;
  zarrc_bytes got = {0};
  zarrc_status status = zarrc_zip_store_open(archives, "a.zip", NULL, &zip, error);
  if (!status) status = zarrc_store_get(zip, "zarr.json", 1 << 20, &got, error);
  zarrc_bytes_release(&got);
  if (!status) status = zarrc_store_get(zip, "c/0", 1 << 20, &got, error);
  zarrc_bytes_release(&got);
  zarrc_store_close(zip);
  return status;
}

/* Each operation on the archive fails once: that is reported. */
static void test_faults(void **state) {
  (void)state;
  put_archive("deflated");
  for (size_t at = 1;; at++) {
    fault_store failing;
    zarrc_error error = {0};
    fault_store_init(&failing, outside);
    fault_store_arm(&failing, at, ZARRC_IO);
    zarrc_status status = read_all(&failing.store, &error);
    if (!atomic_load(&failing.nfaults)) {
      assert_int_equal(status, ZARRC_OK);
      print_message("%zu operations\n", at - 1);
      break;
    }
    assert_int_equal(status, ZARRC_IO);
  }
}

static zarrc_status whole_life(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *own;
  zarrc_store *memory = NULL;
  size_t nbytes;
  uint8_t *bytes = data_read(arg, &nbytes);
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  if (!status) {
    status = zarrc_memory_store_open(own, &memory, NULL);
    if (!status) status = zarrc_store_set(memory, "a.zip", bytes, nbytes, NULL);
    if (!status) status = read_all(memory, NULL);
    zarrc_store_close(memory);
    zarrc_ctx_close(own);
  }
  free(bytes);
  return status;
}

static void test_no_memory(void **state) {
  zarrc_ctx_options options = {.threads = 1};
  (void)state;
  print_message("%zu allocations\n", faulty_alloc_each(&options, whole_life, "zip/deflated.zip"));
}

/* An archive in an archive. */
static void test_nested(void **state) {
  (void)state;
  zarrc_store *below = NULL;
  zarrc_error error;
  put_archive("nested");
  zarrc_store *zip = open_zip("a.zip");
  contract_ok(zarrc_zip_store_open(zip, "inner.zip", NULL, &below, &error), &error);
  contract_expect_list(below, "", true, false, "c/0 zarr.json ");
  zarrc_store_close(below);
  zarrc_store_close(zip);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_archives), cmocka_unit_test(test_messages),  cmocka_unit_test(test_ranges),
      cmocka_unit_test(test_list),     cmocka_unit_test(test_read_only), cmocka_unit_test(test_identity),
      cmocka_unit_test(test_faults),   cmocka_unit_test(test_no_memory), cmocka_unit_test(test_nested)};
  if (zarrc_ctx_open(NULL, &ctx, NULL) || zarrc_memory_store_open(ctx, &outside, NULL)) return 1;
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  zarrc_store_close(outside);
  zarrc_ctx_close(ctx);
  return failed;
}

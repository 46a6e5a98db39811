/* SPDX-License-Identifier: MIT */
#include "store/contract.h"
#include "support/context.h"
#include "support/said.h"

#include "store/zip_stored.h"

static const char text[] = "before123456789behind";

static zarrc_memory_blob archive;

static zarrc_zip_stored member(zarrc_ctx *ctx, uint32_t crc) {
  zarrc_memory_blob_init(&archive, ctx, text, sizeof text - 1);
  return (zarrc_zip_stored){.ctx = ctx, .archive = &archive.blob, .data = 6, .nbytes = 9, .crc = crc};
}

/* 0xCBF43926 is the check value of CRC-32. */
static void test_crc(void **state) {
  zarrc_error error;
  (void)state;
  const zarrc_bytes parts[] = {
      {.ptr = (const uint8_t *)"1234", .len = 4}, {.ptr = NULL, .len = 0}, {.ptr = (const uint8_t *)"56789", .len = 5}};
  assert_int_equal(zarrc_zip_crc(0, NULL, 0), 0);
  assert_int_equal(zarrc_zip_crc(0, parts, 3), 0xCBF43926);
  assert_int_equal(zarrc_zip_crc(zarrc_zip_crc(0, parts, 1), parts + 1, 2), 0xCBF43926);
  const zarrc_bytes whole = {.ptr = (const uint8_t *)text + 6, .len = 9};
  assert_int_equal(zarrc_zip_check_crc(0xCBF43926, &whole, &error), ZARRC_OK);
  assert_int_equal(zarrc_zip_check_crc(0xCBF43927, &whole, &error), ZARRC_CHECKSUM);
  assert_string_equal(SAID(error), "the CRC-32 of this member is cbf43926, the zip archive says cbf43927");
}

/* One range or many, of which those that are the whole member are compared. */
static void test_ranges(void **state) {
  zarrc_error error;
  for (size_t n = 1; n < 8; n++) {
    zarrc_range ranges[8];
    zarrc_zip_stored good = member(*state, 0xCBF43926), bad = member(*state, 1);
    for (size_t i = 0; i < n; i++) ranges[i] = (zarrc_range){.offset = -(int64_t)i - 1, .nbytes = i + 1};
    contract_ok(zarrc_zip_read_stored(&bad, ranges, n, &error), &error);
    for (size_t i = 0; i < n; i++) {
      assert_int_equal(ranges[i].total, 9);
      assert_int_equal(ranges[i].got.len, i + 1);
      assert_memory_equal(ranges[i].got.ptr, text + 15 - (i + 1), i + 1);
    }
    ranges[n - 1] = (zarrc_range){.nbytes = 100, .to_end = true};
    assert_int_equal(zarrc_zip_read_stored(&bad, ranges, n, &error), ZARRC_CHECKSUM);
    assert_string_equal(error.codec, "zip");
    contract_ok(zarrc_zip_read_stored(&good, ranges, n, &error), &error);
    assert_memory_equal(ranges[n - 1].got.ptr, "123456789", 9);
    ranges[n - 1] = (zarrc_range){.nbytes = 10};
    assert_int_equal(zarrc_zip_read_stored(&good, ranges, n, &error), ZARRC_TRUNCATED);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_crc), cmocka_unit_test(test_ranges)};
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

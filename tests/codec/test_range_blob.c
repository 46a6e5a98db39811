/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/context.h"
#include "support/counting_blob.h"

#include "codec/range_blob.h"

#include <string.h>

static void parts_of_a_blob(void **state) {
  zarrc_memory_blob whole;
  zarrc_range_blob part;
  zarrc_memory_blob_init(&whole, *state, "0123456789", 10);
  zarrc_range_blob_init(&part, &whole.blob, 3, 4);
  zarrc_range r[] = {{.offset = 0, .nbytes = 4},
                     {.offset = -1, .nbytes = 1},
                     {.offset = 1, .nbytes = 3, .to_end = true},
                     {.offset = 4, .nbytes = 0},
                     {.offset = -4, .nbytes = 2}};
  static const char *const expected[] = {"3456", "6", "456", "", "34"};
  assert_int_equal(zarrc_blob_read(&part.blob, r, 5, NULL), ZARRC_OK);
  for (int i = 0; i < 5; i++) {
    assert_int_equal(r[i].got.len, strlen(expected[i]));
    assert_memory_equal(r[i].got.ptr, expected[i], r[i].got.len);
    assert_int_equal(r[i].total, 4);
  }
  zarrc_ranges_release(r, 5);
  zarrc_range bad[] = {{.offset = 0, .nbytes = 5},
                       {.offset = 5, .nbytes = 0},
                       {.offset = -5, .nbytes = 1},
                       {.offset = 1, .nbytes = UINT64_MAX},
                       {.offset = INT64_MIN, .nbytes = 1}};
  for (int i = 0; i < 5; i++) assert_int_equal(zarrc_blob_read(&part.blob, &bad[i], 1, NULL), ZARRC_TRUNCATED);
  zarrc_range tight = {.nbytes = 3, .to_end = true};
  assert_int_equal(zarrc_blob_read(&part.blob, &tight, 1, NULL), ZARRC_LIMIT);
  assert_int_equal(tight.total, 4);
  zarrc_memory_blob_clear(&whole);
}

/* Bytes are kept where the blob behind keeps them, and only those of the part. */
static void kept_bytes_of_a_part(void **state) {
  counting_blob whole;
  zarrc_range_blob part;
  zarrc_bytes piece = {0};
  counting_blob_init(&whole, *state, "0123456789", 10, false);
  zarrc_range_blob_init(&part, &whole.blob, 3, 4);
  assert_false(zarrc_blob_keep(&part.blob, 0, 1, &piece));
  counting_blob_keeps(&whole);
  assert_true(zarrc_blob_keep(&part.blob, 1, 3, &piece));
  assert_null(piece.ptr);
  assert_int_equal(piece.len, 3);
  assert_int_equal((uintptr_t)piece.owner, 4);
  assert_false(zarrc_blob_keep(&part.blob, 0, 0, &piece));
  assert_false(zarrc_blob_keep(&part.blob, 0, 5, &piece));
  assert_false(zarrc_blob_keep(&part.blob, 4, 1, &piece));
  assert_false(zarrc_blob_keep(&part.blob, UINT64_MAX, 2, &piece));
  assert_false(zarrc_blob_keep(&part.blob, 2, UINT64_MAX, &piece));
  counting_blob_clear(&whole);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(parts_of_a_blob), cmocka_unit_test(kept_bytes_of_a_part)};
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/copy.h"

#include "support/files.h"
#include "support/nodes.h"

#include <stdlib.h>
#include <string.h>

/* Values of any length, in pieces of any length, into a store that takes pieces and one that does not. */
static void test_lengths(void **state) {
  static const size_t lengths[] = {0, 1, 99, 100, 101, 1000};
  zarrc_ctx *ctx;
  zarrc_store *from, *to[2];
  uint8_t bytes[1000];
  char *folder = tree_make();
  (void)state;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(ctx, &from, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(ctx, &to[0], NULL), ZARRC_OK);
  assert_int_equal(zarrc_file_store_open(ctx, folder, NULL, &to[1], NULL), ZARRC_OK);
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7 + i / 256);
  for (size_t i = 0; i < 2 * sizeof lengths / sizeof *lengths; i++) {
    const zarrc_copy_place source = {from, "a"}, target = {to[i % 2], "b/c"};
    zarrc_copy_side side;
    zarrc_bytes got;
    uint64_t nbytes;
    assert_int_equal(zarrc_store_set(from, "a", bytes, lengths[i / 2], NULL), ZARRC_OK);
    assert_int_equal(zarrc_copy_value(&source, &target, 100, &nbytes, &side, NULL), ZARRC_OK);
    assert_int_equal(nbytes, lengths[i / 2]);
    assert_int_equal(zarrc_store_get(target.store, "b/c", 2000, &got, NULL), ZARRC_OK);
    assert_int_equal(got.len, lengths[i / 2]);
    if (got.len > 0) assert_memory_equal(got.ptr, bytes, got.len);
    zarrc_bytes_release(&got);
    assert_int_equal(zarrc_copy_compare(&source, &target, 100, NULL), ZARRC_OK);
    bytes[lengths[i / 2] / 2] ^= 1;
    assert_int_equal(zarrc_store_set(from, "a", bytes, lengths[i / 2], NULL), ZARRC_OK);
    if (lengths[i / 2] > 0) assert_int_equal(zarrc_copy_compare(&source, &target, 100, NULL), ZARRC_CORRUPT);
    assert_int_equal(zarrc_store_set(from, "a", bytes, lengths[i / 2] + 1 - (lengths[i / 2] == 1000), NULL), ZARRC_OK);
    assert_int_equal(zarrc_copy_compare(&source, &target, 100, NULL), ZARRC_CORRUPT);
    const zarrc_copy_place missing = {from, "none"};
    assert_int_equal(zarrc_copy_value(&missing, &target, 100, &nbytes, &side, NULL), ZARRC_NOT_FOUND);
    assert_int_equal(side, ZARRC_COPY_SOURCE);
  }
  zarrc_store_close(from);
  zarrc_store_close(to[0]);
  zarrc_store_close(to[1]);
  zarrc_ctx_close(ctx);
  tree_remove(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_lengths)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/meter.h"

#include "support/copying.h"

/* What goes through is counted, and is what the inner store has. */
static void test_counts(void **state) {
  zarrc_ctx *ctx;
  zarrc_store *inner;
  zarrc_meter meter;
  (void)state;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(ctx, &inner, NULL), ZARRC_OK);
  zarrc_meter_init(&meter, inner, ctx);
  zarrc_array *array = copying_array(&meter.store, "a", 1, (int64_t[]){6}, (int64_t[]){2}, NULL, NULL);
  zarrc_array_close(array);
  uint64_t before = atomic_load(&meter.writes);
  assert_true(before >= 4); /* the document and three chunks */
  atomic_store(&meter.opened, 0);
  atomic_store(&meter.reads, 0);
  atomic_store(&meter.read_bytes, 0);
  zarrc_bytes bytes;
  assert_int_equal(zarrc_store_get(&meter.store, "a/c/1", 100, &bytes, NULL), ZARRC_OK);
  assert_int_equal(bytes.len, 8);
  zarrc_bytes_release(&bytes);
  assert_int_equal(atomic_load(&meter.opened), 1);
  assert_int_equal(atomic_load(&meter.read_bytes), 8);
  assert_int_equal(zarrc_store_get(&meter.store, "a/c/9", 100, &bytes, NULL), ZARRC_NOT_FOUND);
  assert_int_equal(atomic_load(&meter.opened), 1);
  copying_same(&meter.store, "a", inner, "a");
  assert_int_equal(zarrc_store_erase_prefix(&meter.store, "a", NULL), ZARRC_OK);
  assert_int_equal(zarrc_store_get(inner, "a/c/1", 100, &bytes, NULL), ZARRC_NOT_FOUND);
  zarrc_store_close(&meter.store);
  zarrc_store_close(inner);
  zarrc_ctx_close(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_counts)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

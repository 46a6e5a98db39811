/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zarrc/base.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static atomic_size_t ncalls;

static zarrc_status some_fail(void *arg, size_t i, zarrc_error *error) {
  (void)arg;
  ncalls++;
  return i % 10 == 7 ? zarrc_fail(error, ZARRC_CORRUPT, "item %zu", i) : ZARRC_OK;
}

static void all_are_called_and_the_lowest_is_told(void **state) {
  (void)state;
  for (unsigned threads = 1; threads <= 8; threads *= 2) {
    zarrc_ctx_options options = {.threads = threads};
    zarrc_ctx *ctx;
    zarrc_error error = {0};
    assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
    for (int round = 0; round < 50; round++) {
      ncalls = 0;
      assert_int_equal(zarrc_for_all(ctx, 100, some_fail, NULL, &error), ZARRC_CORRUPT);
      assert_string_equal(error.message, "item 7");
      assert_int_equal(ncalls, 100);
      assert_int_equal(zarrc_for_all(ctx, 100, some_fail, NULL, NULL), ZARRC_CORRUPT);
      assert_int_equal(zarrc_for_all(ctx, 7, some_fail, NULL, &error), ZARRC_OK);
      assert_int_equal(zarrc_for_all(ctx, 0, some_fail, NULL, &error), ZARRC_OK);
    }
    zarrc_ctx_close(ctx);
  }
}

static zarrc_status wordless(void *arg, size_t i, zarrc_error *error) {
  (void)arg, (void)error;
  return i == 3 ? ZARRC_TRUNCATED : ZARRC_OK;
}

/* A failure without a message is a failure. */
static void failures_need_no_words(void **state) {
  (void)state;
  zarrc_ctx *ctx;
  zarrc_error error = {0};
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_for_all(ctx, 10, wordless, NULL, &error), ZARRC_TRUNCATED);
  assert_string_equal(error.message, zarrc_status_words(ZARRC_TRUNCATED));
  zarrc_ctx_close(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(all_are_called_and_the_lowest_is_told),
                                     cmocka_unit_test(failures_need_no_words)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

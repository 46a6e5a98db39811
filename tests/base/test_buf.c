/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zarrc/base.h>

#include "support/faulty_alloc.h"

#include <stdlib.h>
#include <string.h>

static zarrc_ctx *ctx;

static int setup(void **state) {
  (void)state;
  return zarrc_ctx_open(NULL, &ctx, NULL);
}

static int teardown(void **state) {
  (void)state;
  zarrc_ctx_close(ctx);
  return 0;
}

static void test_grows_to_its_maximum(void **state) {
  (void)state;
  uint64_t before = zarrc_ctx_memory(ctx);
  for (size_t max = 0; max < 300; max += 7) {
    zarrc_error e = {0};
    zarrc_buf b = zarrc_buf_new(ctx, max);
    assert_null(b.ptr);
    for (size_t i = 0; i < max; i++) {
      uint8_t byte = (uint8_t)i;
      assert_int_equal(zarrc_buf_append(&b, &byte, 1, &e), ZARRC_OK);
      assert_in_range(b.cap, b.len, max);
    }
    assert_int_equal(zarrc_buf_append(&b, "", 0, &e), ZARRC_OK);
    assert_int_equal(zarrc_buf_append(&b, NULL, 0, &e), ZARRC_OK);
    assert_int_equal(zarrc_buf_append(&b, "x", 1, &e), ZARRC_LIMIT);
    assert_int_equal(e.code, ZARRC_LIMIT);
    assert_int_equal(b.len, max);
    for (size_t i = 0; i < max; i++) assert_int_equal(b.ptr[i], (uint8_t)i);
    zarrc_buf_clear(&b);
    assert_null(b.ptr);
    assert_int_equal(b.len + b.cap, 0);
    assert_int_equal(b.max, max);
    assert_int_equal(zarrc_buf_append(&b, "xyz", max < 3 ? max : 3, &e), ZARRC_OK); /* may be used again */
    zarrc_buf_clear(&b);
  }
  assert_int_equal(zarrc_ctx_memory(ctx), before);
}

static void test_growth_is_geometric(void **state) {
  (void)state;
  zarrc_buf b = zarrc_buf_new(ctx, SIZE_MAX);
  size_t moves = 0, cap = 0;
  for (int i = 0; i < 100000; i++) {
    assert_int_equal(zarrc_buf_append(&b, "0123456789", 10, NULL), ZARRC_OK);
    moves += b.cap != cap;
    cap = b.cap;
  }
  assert_in_range(moves, 2, 20);
  zarrc_buf_clear(&b);
}

static void test_sizes_that_wrap_round(void **state) {
  (void)state;
  zarrc_buf b = zarrc_buf_new(ctx, SIZE_MAX);
  assert_int_equal(zarrc_buf_append(&b, "abc", 3, NULL), ZARRC_OK);
  assert_int_equal(zarrc_buf_reserve(&b, SIZE_MAX, NULL), ZARRC_LIMIT);
  assert_int_equal(zarrc_buf_reserve(&b, SIZE_MAX - 2, NULL), ZARRC_LIMIT);
  assert_int_equal(zarrc_buf_reserve(&b, SIZE_MAX - 3, NULL), ZARRC_NO_MEMORY);
  assert_int_equal(b.len, 3);
  assert_memory_equal(b.ptr, "abc", 3);
  zarrc_buf_clear(&b);
}

static void test_over_memory(void **state) {
  (void)state;
  for (size_t n = 0; n < 20; n++) {
    uint8_t *memory = malloc(n);
    zarrc_buf b = zarrc_buf_over(memory, n);
    assert_int_equal(zarrc_buf_reserve(&b, n, NULL), ZARRC_OK);
    assert_int_equal(zarrc_buf_reserve(&b, n + 1, NULL), ZARRC_LIMIT);
    for (size_t i = 0; i < n; i++) assert_int_equal(zarrc_buf_append(&b, "x", 1, NULL), ZARRC_OK);
    assert_int_equal(zarrc_buf_append(&b, "x", 1, NULL), ZARRC_LIMIT);
    assert_ptr_equal(b.ptr, memory);
    zarrc_buf_clear(&b);
    assert_ptr_equal(b.ptr, memory);
    assert_int_equal(b.len, 0);
    assert_int_equal(b.cap, n);
    free(memory);
  }
}

static void test_printf(void **state) {
  (void)state;
  zarrc_buf b = zarrc_buf_new(ctx, 5000);
  char text[2000];
  memset(text, 'a', sizeof text);
  for (size_t n = 0; n < sizeof text; n = n < 500 || n > 525 ? n + 25 : n + 1) {
    b.len = 0;
    assert_int_equal(zarrc_buf_printf(&b, NULL, "<%.*s", (int)n, text), ZARRC_OK);
    assert_int_equal(zarrc_buf_printf(&b, NULL, "%d>", -7), ZARRC_OK);
    assert_int_equal(b.len, n + 4);
    assert_memory_equal(b.ptr + 1, text, n);
    assert_memory_equal(b.ptr + n, n ? "a-7>" : "<-7>", 4);
  }
  zarrc_buf_clear(&b);
}

static void test_printf_to_the_brim(void **state) {
  (void)state;
  uint8_t *memory = malloc(10);
  zarrc_buf b = zarrc_buf_over(memory, 10);
  assert_int_equal(zarrc_buf_printf(&b, NULL, "%s", "0123456789"), ZARRC_OK);
  assert_memory_equal(memory, "0123456789", 10);
  assert_int_equal(zarrc_buf_printf(&b, NULL, "%s", ""), ZARRC_OK);
  assert_int_equal(zarrc_buf_printf(&b, NULL, "%s", "x"), ZARRC_LIMIT);
  zarrc_error e;
  b.len = 5;
  assert_int_equal(zarrc_buf_printf(&b, &e, "%1000d", 1), ZARRC_LIMIT);
  assert_int_equal(b.len, 5);
  assert_memory_equal(memory, "01234", 5);
  free(memory);
}

static zarrc_status work(const zarrc_ctx_options *options, void *arg) {
  (void)arg;
  zarrc_ctx *c = NULL;
  zarrc_error e = {0};
  zarrc_status status = zarrc_ctx_open(options, &c, &e);
  if (status) return status;
  zarrc_buf b = zarrc_buf_new(c, 3000);
  size_t len = 0;
  for (int i = 0; i < 40 && !status; i++) {
    status = i % 2 ? zarrc_buf_printf(&b, &e, "%.*d", 60, i) : zarrc_buf_append(&b, "0123456789", 10, &e);
    if (!status) len += i % 2 ? 60 : 10;
  }
  if (!status) status = zarrc_buf_printf(&b, &e, "%.*d", 700, 1);
  if (status) assert_int_equal(b.len, len);
  zarrc_buf_clear(&b);
  zarrc_ctx_close(c);
  assert_int_equal(status, e.code);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  assert_in_range(faulty_alloc_each(NULL, work, NULL), 5, 12);
}

/* A buffer that cannot double grows by what is needed. */
static void test_doubling_is_a_wish(void **state) {
  (void)state;
  zarrc_ctx *small = NULL;
  assert_int_equal(zarrc_ctx_open(&(zarrc_ctx_options){.threads = 1, .max_memory = 30000}, &small, NULL), ZARRC_OK);
  zarrc_buf b = zarrc_buf_new(small, 100000);
  assert_int_equal(zarrc_buf_reserve(&b, 16000, NULL), ZARRC_OK);
  b.len = 16000;
  assert_int_equal(zarrc_buf_reserve(&b, 1000, NULL), ZARRC_OK);
  assert_int_equal(b.cap, 17000);
  assert_int_equal(zarrc_buf_reserve(&b, 20000, NULL), ZARRC_NO_MEMORY);
  zarrc_buf_clear(&b);
  zarrc_ctx_close(small);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_grows_to_its_maximum),
      cmocka_unit_test(test_growth_is_geometric),
      cmocka_unit_test(test_sizes_that_wrap_round),
      cmocka_unit_test(test_over_memory),
      cmocka_unit_test(test_printf),
      cmocka_unit_test(test_printf_to_the_brim),
      cmocka_unit_test(test_no_memory),
      cmocka_unit_test(test_doubling_is_a_wish),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}

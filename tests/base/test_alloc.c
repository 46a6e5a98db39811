/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/ctx.h"
#include "support/faulty_alloc.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/blob.h>

static zarrc_ctx *open_ctx(zarrc_ctx_options options) {
  zarrc_ctx *ctx = NULL;
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  return ctx;
}

static void fill(uint8_t *p, size_t n) {
  for (size_t i = 0; i < n; i++) p[i] = (uint8_t)(i * 7 + i / 251);
}

static bool filled(const uint8_t *p, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (p[i] != (uint8_t)(i * 7 + i / 251)) return false;
  return true;
}

/* The context's count and that of an allocator which keeps its own must agree after each step. */
static void test_counts(void **state) {
  (void)state;
  faulty_alloc a = {0};
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.alloc = faulty_alloc_use(&a)});
  uint64_t before = zarrc_ctx_memory(ctx), peak = before;
  void *p[50] = {0};
  unsigned seed = 1;
  for (int step = 0; step < 2000; step++) {
    seed = seed * 1103515245 + 12345;
    size_t i = seed >> 16 & 31, n = seed >> 21 & 1023;
    if (seed & 1 << 15) {
      p[i] = zarrc_realloc(ctx, p[i], n);
      assert_non_null(p[i]);
      memset(p[i], 1, n);
    } else {
      zarrc_free(ctx, p[i]);
      p[i] = NULL;
    }
    assert_int_equal(zarrc_ctx_memory(ctx), a.nbytes);
    if (a.nbytes > peak) peak = a.nbytes;
    assert_int_equal(zarrc_ctx_memory_peak(ctx), peak);
  }
  for (int i = 0; i < 50; i++) zarrc_free(ctx, p[i]);
  assert_int_equal(zarrc_ctx_memory(ctx), before);
  zarrc_ctx_close(ctx);
  assert_int_equal(a.blocks, 0);
}

static void test_malloc_and_realloc(void **state) {
  (void)state;
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){0});
  uint8_t *p = zarrc_malloc(ctx, 0), *q = zarrc_malloc(ctx, 0);
  assert_non_null(p);
  assert_ptr_not_equal(p, q);
  assert_int_equal((uintptr_t)p % 16, 0);
  q = zarrc_realloc(ctx, q, 0);
  assert_non_null(q);
  zarrc_free(ctx, q);
  zarrc_free(ctx, NULL);
  size_t sizes[] = {1,       5,   100,     4095, 70000, (4 << 20) + 5, 9 << 20, (9 << 20) - 1000, 5 << 20,
                    4 << 20, 300, 5000000, 0,    77};
  size_t old = 0;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    p = zarrc_realloc(ctx, p, sizes[i]);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 16, 0);
    assert_true(filled(p, old < sizes[i] ? old : sizes[i]));
    fill(p, sizes[i]);
    old = sizes[i];
  }
  zarrc_free(ctx, p);
  for (size_t large = 4 << 20; large < 40 << 20; large += 5000001) { /* whole cache lines */
    p = zarrc_malloc(ctx, large);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 64, 0);
    p[large - 1] = 7;
    p = zarrc_realloc(ctx, p, large * 3);
    assert_int_equal((uintptr_t)p % 64, 0);
    assert_int_equal(p[large - 1], 7);
    p = zarrc_realloc(ctx, p, 9);
    zarrc_free(ctx, p);
  }
  zarrc_ctx_close(ctx);
}

static void test_absurd_sizes(void **state) {
  (void)state;
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){0});
  uint64_t before = zarrc_ctx_memory(ctx);
  void *p = zarrc_malloc(ctx, 10);
  assert_null(zarrc_malloc(ctx, SIZE_MAX));
  assert_null(zarrc_malloc(ctx, SIZE_MAX - 15));
  assert_null(zarrc_realloc(ctx, p, SIZE_MAX));
  zarrc_free(ctx, p);
  assert_int_equal(zarrc_ctx_memory(ctx), before);
  zarrc_ctx_close(ctx);
}

static void test_alignment(void **state) {
  (void)state;
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){0});
  size_t sizes[] = {1, 1000, 100000, 5 << 20, 7 << 20, 6 << 20, 6000};
  for (size_t align = 16; align <= 4096; align *= 2) {
    uint8_t *p = NULL;
    size_t old = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
      p = zarrc_mem_resize(ctx, p, old, sizes[i], align);
      assert_non_null(p);
      assert_int_equal((uintptr_t)p % align, 0);
      if (sizes[i] >= 4 << 20) assert_int_equal((uintptr_t)p % (2 << 20), 0);
      assert_true(filled(p, old < sizes[i] ? old : sizes[i]));
      fill(p, sizes[i]);
      old = sizes[i];
    }
    assert_null(zarrc_mem_resize(ctx, p, old, 0, align));
  }
  assert_null(zarrc_mem_resize(ctx, NULL, 0, 0, 16));
  zarrc_ctx_close(ctx);
}

static void test_max_memory(void **state) {
  (void)state;
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.threads = 1, .max_memory = 1 << 20});
  uint64_t before = zarrc_ctx_memory(ctx);
  size_t room = (1 << 20) - (size_t)before;
  assert_null(zarrc_malloc(ctx, room - 15));
  uint8_t *p = zarrc_malloc(ctx, room - 16);
  assert_non_null(p);
  assert_int_equal(zarrc_ctx_memory(ctx), 1 << 20);
  assert_null(zarrc_malloc(ctx, 0));
  assert_null(zarrc_realloc(ctx, p, room));
  fill(p, room - 16); /* still there */
  p = zarrc_realloc(ctx, p, 100);
  assert_true(filled(p, 100));
  assert_int_equal(zarrc_ctx_memory(ctx), before + 116);
  zarrc_free(ctx, p);
  assert_int_equal(zarrc_ctx_memory(ctx), before);
  assert_int_equal(zarrc_ctx_memory_peak(ctx), 1 << 20);
  zarrc_ctx_close(ctx);
}

/* A large block that grows is there twice for a moment. */
static void test_a_large_block_that_grows(void **state) {
  (void)state;
  enum { MIB = 1 << 20 };
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.threads = 1, .max_memory = 20 * MIB});
  uint64_t before = zarrc_ctx_memory(ctx);
  uint8_t *p = zarrc_malloc(ctx, 8 * MIB);
  fill(p, 8 * MIB);
  assert_null(zarrc_realloc(ctx, p, 13 * MIB));
  assert_true(filled(p, 8 * MIB));
  assert_int_equal(zarrc_ctx_memory(ctx), before + 8 * MIB + 64);
  p = zarrc_realloc(ctx, p, 11 * MIB);
  assert_non_null(p);
  assert_true(filled(p, 8 * MIB));
  assert_int_equal(zarrc_ctx_memory(ctx), before + 11 * MIB + 64);
  assert_int_equal(zarrc_ctx_memory_peak(ctx), before + 19 * MIB + 128);
  zarrc_free(ctx, p);
  assert_int_equal(zarrc_ctx_memory(ctx), before);
  zarrc_ctx_close(ctx);
}

/* What others take is held to the limit too, after what is idle. */
static void test_what_others_take(void **state) {
  (void)state;
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.threads = 1, .max_memory = 1 << 20});
  uint64_t before = zarrc_ctx_memory(ctx);
  zarrc_bytes scratch;
  assert_int_equal(zarrc_scratch_take(ctx, 400000, &scratch, NULL), ZARRC_OK);
  zarrc_bytes_release(&scratch);
  assert_true(zarrc_mem_count(ctx, 900000));
  assert_int_equal(zarrc_ctx_memory(ctx), before + 900000);
  assert_false(zarrc_mem_count(ctx, 200000));
  assert_null(zarrc_malloc(ctx, 200000));
  zarrc_mem_uncount(ctx, 900000);
  assert_int_equal(zarrc_ctx_memory(ctx), before);
  assert_false(zarrc_mem_count(ctx, UINT64_MAX));
  zarrc_ctx_close(ctx);
}

/* What is idle is given up before an allocation fails. */
static void test_idle_memory_is_given_up(void **state) {
  (void)state;
  faulty_alloc a = {0};
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.alloc = faulty_alloc_use(&a), .threads = 1, .max_memory = 1 << 20});
  uint64_t before = zarrc_ctx_memory(ctx);
  zarrc_bytes scratch;
  assert_int_equal(zarrc_scratch_take(ctx, 400000, &scratch, NULL), ZARRC_OK);
  zarrc_bytes_release(&scratch);
  assert_in_range(zarrc_ctx_memory(ctx), before + 400000, before + 600000);
  void *p = zarrc_malloc(ctx, 900000);
  assert_non_null(p);
  assert_int_equal(zarrc_ctx_memory(ctx), before + 900016);
  zarrc_free(ctx, p);

  assert_int_equal(zarrc_scratch_take(ctx, 1000, &scratch, NULL), ZARRC_OK);
  zarrc_bytes_release(&scratch);
  a.fail_at = a.calls + 1;
  p = zarrc_malloc(ctx, 10); /* the second try works */
  assert_non_null(p);
  assert_int_equal(a.failed, 1);
  a.fail_at = a.calls + 1; /* nothing idle now: no second try */
  assert_null(zarrc_malloc(ctx, 10));
  zarrc_free(ctx, p);
  assert_int_equal(zarrc_ctx_memory(ctx), before);
  zarrc_ctx_close(ctx);
  assert_int_equal(a.blocks, 0);
}

static void test_a_block_that_does_not_shrink(void **state) {
  (void)state;
  faulty_alloc a = {0};
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.alloc = faulty_alloc_use(&a)});
  uint8_t *p = zarrc_malloc(ctx, 1000);
  fill(p, 1000);
  a.fail_at = a.calls + 1;
  assert_null(zarrc_realloc(ctx, p, 10));
  assert_true(filled(p, 1000));
  assert_int_equal(zarrc_ctx_memory(ctx), a.nbytes);
  zarrc_free(ctx, p);
  assert_int_equal(zarrc_ctx_memory(ctx), a.nbytes);
  zarrc_ctx_close(ctx);
  assert_int_equal(a.nbytes, 0);
}

static void *churn(void *arg) {
  zarrc_ctx *ctx = arg;
  void *p[16] = {0};
  bool good = true;
  for (size_t i = 0; i < 20000; i++) {
    size_t n = i * 7919 % 1000;
    p[i % 16] = zarrc_realloc(ctx, p[i % 16], n);
    if (p[i % 16]) memset(p[i % 16], 3, n);
    if (!p[i % 16]) good = false;
  }
  for (size_t i = 0; i < 16; i++) zarrc_free(ctx, p[i]);
  return good ? ctx : NULL;
}

static void test_threads(void **state) {
  (void)state;
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.threads = 4, .max_memory = 100000});
  uint64_t before = zarrc_ctx_memory(ctx);
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, churn, ctx), 0);
  for (int i = 0; i < 4; i++) {
    void *result;
    pthread_join(threads[i], &result);
    assert_ptr_equal(result, ctx);
  }
  assert_int_equal(zarrc_ctx_memory(ctx), before);
  assert_in_range(zarrc_ctx_memory_peak(ctx), before + 1, 100000);
  zarrc_ctx_close(ctx);
}

static zarrc_status work(const zarrc_ctx_options *options, void *arg) {
  (void)arg;
  zarrc_ctx *ctx = NULL;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (status) return status;
  uint8_t *p = zarrc_malloc(ctx, 10), *q = zarrc_malloc(ctx, 1000);
  if (p) fill(p, 10);
  uint8_t *r = zarrc_realloc(ctx, p, 5000);
  if (r && p) assert_true(filled(r, 10));
  if (!r && p) assert_true(filled(p, 10));
  if (r) p = r;
  status = p && q && r ? ZARRC_OK : ZARRC_NO_MEMORY;
  zarrc_free(ctx, p);
  zarrc_free(ctx, q);
  zarrc_ctx_close(ctx);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  assert_int_equal(faulty_alloc_each(NULL, work, NULL), 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_counts),
      cmocka_unit_test(test_malloc_and_realloc),
      cmocka_unit_test(test_absurd_sizes),
      cmocka_unit_test(test_alignment),
      cmocka_unit_test(test_max_memory),
      cmocka_unit_test(test_a_large_block_that_grows),
      cmocka_unit_test(test_what_others_take),
      cmocka_unit_test(test_idle_memory_is_given_up),
      cmocka_unit_test(test_a_block_that_does_not_shrink),
      cmocka_unit_test(test_threads),
      cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

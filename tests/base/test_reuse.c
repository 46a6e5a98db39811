/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/ctx.h"
#include "support/faulty_alloc.h"
#include "support/sanitizers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/blob.h>

static zarrc_ctx *open_ctx(zarrc_ctx_options options) {
  zarrc_ctx *ctx = NULL;
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  return ctx;
}

static zarrc_bytes take(zarrc_ctx *ctx, size_t nbytes) {
  zarrc_bytes b = {0};
  assert_int_equal(zarrc_scratch_take(ctx, nbytes, &b, NULL), ZARRC_OK);
  assert_int_equal(b.len, nbytes);
  assert_non_null(b.ptr);
  assert_int_equal((uintptr_t)b.ptr % 64, 0);
  memset((uint8_t *)b.ptr, 0x5a, nbytes);
  return b;
}

static void test_sizes(void **state) {
  (void)state;
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.threads = 1});
  uint64_t before = zarrc_ctx_memory(ctx);
  static const size_t sizes[] = {
      0,    1,     63,    64,    65,      255,           256,     257,           511,           512,     513,
      1000, 65535, 65536, 65537, 1 << 20, (1 << 20) + 1, 4 << 20, (4 << 20) + 1, (8 << 20) - 1, 12345678};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    zarrc_bytes b = take(ctx, sizes[i]);
    uint64_t held = zarrc_ctx_memory(ctx) - before;
    assert_in_range(held, sizes[i], 400 + sizes[i] + sizes[i] / 4); /* at most a quarter too much */
    if (sizes[i] >= 4 << 20) assert_int_equal((uintptr_t)b.ptr % (2 << 20), 0);
    zarrc_bytes_release(&b);
    assert_null(b.ptr);
    assert_true(zarrc_reuse_trim(ctx));
    assert_false(zarrc_reuse_trim(ctx));
    assert_int_equal(zarrc_ctx_memory(ctx), before);
    assert_int_equal(ctx->reuse.idle_bytes, 0);
  }
  zarrc_ctx_close(ctx);
}

static void test_absurd_sizes(void **state) {
  (void)state;
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.max_memory = (uint64_t)1 << 40});
  uint64_t before = zarrc_ctx_memory(ctx);
  for (uint64_t n = SIZE_MAX; n > SIZE_MAX / 2 || n > (uint64_t)1 << 40; n = n / 2 + 3) {
    zarrc_bytes b = {.len = 7};
    zarrc_error e = {0};
    assert_int_equal(zarrc_scratch_take(ctx, (size_t)n, &b, &e), ZARRC_NO_MEMORY);
    assert_int_equal(e.code, ZARRC_NO_MEMORY);
    assert_int_equal(b.len, 7);
  }
  assert_int_equal(zarrc_ctx_memory(ctx), before);
  zarrc_ctx_close(ctx);
}

/* The same memory again, for the same size and for those about it; LIFO or not, for the thread that gave it. */
static void test_reuse(void **state) {
  (void)state;
  faulty_alloc a = {0};
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.alloc = faulty_alloc_use(&a)});
  zarrc_bytes b = take(ctx, 100000);
  const uint8_t *ptr = b.ptr;
  b.len = 5; /* a value that came out shorter */
  zarrc_bytes_release(&b);
  size_t calls = a.calls;
  static const size_t near[] = {100000, 99000, 98304, 60000, 114688};
  for (size_t i = 0; i < sizeof near / sizeof *near; i++) {
    b = take(ctx, near[i]);
    assert_ptr_equal(b.ptr, ptr);
    zarrc_bytes_release(&b);
  }
  assert_int_equal(a.calls, calls);
  b = take(ctx, 120000); /* too large for it */
  assert_ptr_not_equal(b.ptr, ptr);
  zarrc_bytes_release(&b);
  b = take(ctx, 40000); /* less than half: a large one is not tied up */
  assert_ptr_not_equal(b.ptr, ptr);
  zarrc_bytes_release(&b);
  zarrc_ctx_close(ctx);
  assert_int_equal(a.blocks, 0);
}

static void test_bounded(void **state) {
  (void)state;
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.threads = 1});
  uint64_t before = zarrc_ctx_memory(ctx);
  zarrc_bytes b[100];
  for (int i = 0; i < 100; i++) b[i] = take(ctx, 1000);
  for (int i = 0; i < 100; i++) zarrc_bytes_release(&b[i]);
  assert_in_range(zarrc_ctx_memory(ctx) - before, 1, 8 * 1200); /* so many buffers */
  zarrc_reuse_trim(ctx);
  for (int i = 0; i < 8; i++) b[i] = take(ctx, 30 << 20);
  for (int i = 0; i < 8; i++) zarrc_bytes_release(&b[i]);
  assert_in_range(zarrc_ctx_memory(ctx) - before, 30 << 20, (64 << 20) + 20000); /* so many bytes */
  b[0] = take(ctx, 70 << 20);
  uint64_t with = zarrc_ctx_memory(ctx);
  zarrc_bytes_release(&b[0]);
  assert_in_range(with - zarrc_ctx_memory(ctx), 70 << 20, 90 << 20); /* one that is too large is not kept */
  zarrc_ctx_close(ctx);
}

/* Buffers of a size that nobody wants any more make room for those in use. */
static void test_sizes_change(void **state) {
  (void)state;
  faulty_alloc a = {0};
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.alloc = faulty_alloc_use(&a), .threads = 1});
  zarrc_bytes b[20];
  for (int i = 0; i < 20; i++) b[i] = take(ctx, 300000);
  for (int i = 0; i < 20; i++) zarrc_bytes_release(&b[i]);
  b[0] = take(ctx, 1000);
  zarrc_bytes_release(&b[0]);
  size_t calls = a.calls;
  for (int i = 0; i < 20; i++) {
    b[0] = take(ctx, 1000);
    zarrc_bytes_release(&b[0]);
  }
  assert_int_equal(a.calls, calls);
  zarrc_ctx_close(ctx);
  assert_int_equal(a.blocks, 0);
}

static void test_memory_limit(void **state) {
  (void)state;
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.threads = 1, .max_memory = 1 << 20});
  zarrc_bytes b[2];
  zarrc_error e;
  for (int i = 0; i < 100; i++) { /* what is idle never stands in the way */
    b[0] = take(ctx, (size_t)i * 10000);
    zarrc_bytes_release(&b[0]);
  }
  size_t most = (1 << 20) - (size_t)sizeof(zarrc_ctx) - 2000;
  b[0] = take(ctx, most); /* its size class is beyond the limit, the size is not */
  assert_int_equal(zarrc_scratch_take(ctx, 100000, &b[1], &e), ZARRC_NO_MEMORY);
  zarrc_bytes_release(&b[0]);
  b[1] = take(ctx, 100000);
  zarrc_bytes_release(&b[1]);
  assert_in_range(ctx->reuse.idle_bytes, 1, 1 << 19);
  zarrc_ctx_close(ctx);
}

#if ZARRC_ASAN
/* The address sanitizer sees a step beyond the length asked for, and any touch of an idle buffer. */
static void test_poison(void **state) {
  (void)state;
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){0});
  for (int round = 0; round < 2; round++) {
    zarrc_bytes b = take(ctx, 1001 - (size_t)round * 100);
    const uint8_t *ptr = b.ptr;
    assert_false(__asan_address_is_poisoned(ptr + b.len - 1));
    assert_true(__asan_address_is_poisoned(ptr + b.len));
    zarrc_bytes_release(&b);
    assert_true(__asan_address_is_poisoned(ptr));
  }
  zarrc_ctx_close(ctx);
}
#endif

/* ----------------------------------------------------------------------------------------------------------- warm */

static atomic_int nfreed;
static void free_warm(void *object) {
  atomic_fetch_add(&nfreed, 1);
  free(object);
}

static void test_warm(void **state) {
  (void)state;
  static const char key[2];
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.threads = 2});
  nfreed = 0;
  assert_null(zarrc_warm_take(ctx, &key[0]));
  void *a = malloc(1), *b = malloc(1);
  zarrc_warm_give(ctx, &key[0], a, free_warm);
  zarrc_warm_give(ctx, &key[1], b, free_warm);
  assert_ptr_equal(zarrc_warm_take(ctx, &key[0]), a);
  assert_null(zarrc_warm_take(ctx, &key[0]));
  assert_ptr_equal(zarrc_warm_take(ctx, &key[1]), b);
  assert_null(zarrc_warm_take(ctx, &key[1]));
  assert_int_equal(nfreed, 0);
  zarrc_warm_give(ctx, &key[0], NULL, free_warm);
  assert_null(zarrc_warm_take(ctx, &key[0]));
  zarrc_warm_give(ctx, NULL, a, free_warm); /* no key: not kept */
  assert_int_equal(nfreed, 1);
  assert_null(zarrc_warm_take(ctx, NULL));
  zarrc_warm_give(ctx, &key[1], b, free_warm);
  zarrc_ctx_close(ctx);
  assert_int_equal(nfreed, 2);
}

static void test_warm_is_bounded(void **state) {
  (void)state;
  static const char keys[100];
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.threads = 3});
  nfreed = 0;
  for (int i = 0; i < 50; i++) zarrc_warm_give(ctx, &keys[0], malloc(1), free_warm);
  assert_int_equal(nfreed, 50 - 6);
  for (int i = 0; i < 100; i++) zarrc_warm_give(ctx, &keys[i], malloc(1), free_warm);
  assert_int_equal(nfreed, 150 - 24);
  void *last = zarrc_warm_take(ctx, &keys[99]); /* the newest is kept */
  assert_non_null(last);
  free(last);
  zarrc_ctx_close(ctx);
  assert_int_equal(nfreed, 149);
}

/* -------------------------------------------------------------------------------------------------------- threads */

/* Each thread marks what it holds; nobody else may be holding it. */
static void *churn(void *arg) {
  zarrc_ctx *ctx = arg;
  static const char keys[3];
  unsigned seed = (unsigned)(uintptr_t)&seed >> 4;
  bool good = true;
  for (int i = 0; i < 3000; i++) {
    zarrc_bytes b[3] = {0};
    uint8_t mark = (uint8_t)(uintptr_t)pthread_self();
    for (int k = 0; k < 3; k++) {
      seed = seed * 1103515245 + 12345;
      size_t n = 1 + (seed >> 16) % 3000;
      if (zarrc_scratch_take(ctx, n, &b[k], NULL)) continue;
      memset((uint8_t *)b[k].ptr, mark + k, n);
    }
    unsigned *object = zarrc_warm_take(ctx, &keys[i % 3]);
    if (!object) object = calloc(1, sizeof *object);
    good = good && object && *object == 0;
    if (object) *object = 1;
    for (int k = 0; k < 3; k++) {
      for (size_t j = 0; j < b[k].len; j++) good = good && b[k].ptr[j] == (uint8_t)(mark + k);
      zarrc_bytes_release(&b[k]);
    }
    if (object) *object = 0;
    zarrc_warm_give(ctx, &keys[i % 3], object, free_warm);
    if (i % 500 == 0) zarrc_reuse_trim(ctx);
  }
  return good ? ctx : NULL;
}

static void test_threads(void **state) {
  (void)state;
  faulty_alloc a = {0};
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.alloc = faulty_alloc_use(&a), .threads = 2});
  uint64_t before = zarrc_ctx_memory(ctx);
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, churn, ctx), 0);
  for (int i = 0; i < 4; i++) {
    void *result;
    pthread_join(threads[i], &result);
    assert_ptr_equal(result, ctx);
  }
  zarrc_reuse_trim(ctx);
  assert_int_equal(zarrc_ctx_memory(ctx), before);
  assert_int_equal(ctx->reuse.idle_bytes, 0);
  zarrc_ctx_close(ctx);
  assert_int_equal(a.blocks, 0);
}

static zarrc_status work(const zarrc_ctx_options *options, void *arg) {
  (void)arg;
  static const char key;
  zarrc_ctx *ctx = NULL;
  zarrc_error e = {0};
  zarrc_status status = zarrc_ctx_open(options, &ctx, &e);
  if (status) return status;
  zarrc_warm_give(ctx, &key, malloc(1), free_warm);
  for (size_t i = 0; i < 4 && !status; i++) {
    zarrc_bytes a = {0}, b = {0};
    status = zarrc_scratch_take(ctx, i * 1000, &a, &e);
    if (!status) status = zarrc_scratch_take(ctx, i * 500, &b, &e);
    zarrc_bytes_release(&a);
    zarrc_bytes_release(&b);
  }
  assert_int_equal(status, e.code);
  zarrc_ctx_close(ctx);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  assert_in_range(faulty_alloc_each(NULL, work, NULL), 8, 20);
}

int main(void) {
  const struct CMUnitTest tests[] = {
#if ZARRC_ASAN
    cmocka_unit_test(test_poison),
#endif
    cmocka_unit_test(test_sizes),
    cmocka_unit_test(test_absurd_sizes),
    cmocka_unit_test(test_reuse),
    cmocka_unit_test(test_bounded),
    cmocka_unit_test(test_sizes_change),
    cmocka_unit_test(test_memory_limit),
    cmocka_unit_test(test_warm),
    cmocka_unit_test(test_warm_is_bounded),
    cmocka_unit_test(test_threads),
    cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Loops under a memory limit: what fits one by one is done, whatever runs beside it; what does not says how much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zarrc/base.h>
#include <zarrc/plugin/blob.h>

#include "base/throttle.h"
#include "support/faulty_alloc.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define LIMIT ((uint64_t)8 << 20)

static zarrc_ctx *open_ctx(zarrc_ctx_options options) {
  zarrc_ctx *ctx = NULL;
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  return ctx;
}

typedef struct job {
  zarrc_ctx *ctx;
  size_t nbytes, inner;       /* bytes that each item holds; items of the loop inside it, 0: none */
  pthread_barrier_t *meeting; /* where the first items wait for each other with their memory in hand */
  size_t meet;
  atomic_size_t calls, done;
  atomic_uchar finished[256];
} job;

static zarrc_status hold(const job *j, size_t nbytes, zarrc_bytes *out, zarrc_error *error) {
  return zarrc_scratch_take(j->ctx, nbytes, out, error);
}

static zarrc_status inner_item(void *arg, size_t i, zarrc_error *error) {
  const job *j = arg;
  zarrc_bytes bytes;
  (void)i;
  zarrc_status status = hold(j, j->nbytes, &bytes, error);
  if (!status) zarrc_bytes_release(&bytes);
  return status;
}

static zarrc_status item(void *arg, size_t i, zarrc_error *error) {
  job *j = arg;
  zarrc_bytes bytes;
  size_t call = atomic_fetch_add(&j->calls, 1);
  zarrc_status status = hold(j, j->nbytes, &bytes, error);
  if (j->meeting && call < j->meet) pthread_barrier_wait(j->meeting);
  if (status) return status;
  if (j->inner) status = zarrc_for_each(j->ctx, j->inner, inner_item, j, error);
  zarrc_bytes_release(&bytes);
  if (status) return status;
  atomic_fetch_add(&j->finished[i], 1);
  atomic_fetch_add(&j->done, 1);
  return ZARRC_OK;
}

static void expect_each_once(job *j, size_t n) {
  assert_int_equal(j->done, n);
  for (size_t i = 0; i < n; i++) assert_int_equal(j->finished[i], 1);
  assert_true(zarrc_ctx_memory_peak(j->ctx) <= LIMIT);
}

/* Four items meet while each holds, or has been refused, 5 MiB of 8. */
static void test_one_by_one(void **state) {
  (void)state;
  pthread_barrier_t meeting;
  pthread_barrier_init(&meeting, NULL, 4);
  job j = {.ctx = open_ctx((zarrc_ctx_options){.threads = 4, .max_memory = LIMIT}),
           .nbytes = (size_t)5 << 20,
           .meeting = &meeting,
           .meet = 4};
  zarrc_error e;
  assert_int_equal(zarrc_for_each(j.ctx, 60, item, &j, &e), ZARRC_OK);
  expect_each_once(&j, 60);
  assert_true(j.calls > 60);
  zarrc_ctx_close(j.ctx);
  pthread_barrier_destroy(&meeting);
}

/* 3 MiB, and 3 MiB for one item of the loop inside: there is no room for a second. */
static void test_loops_inside(void **state) {
  (void)state;
  for (int round = 0; round < 20; round++) {
    job j = {.ctx = open_ctx((zarrc_ctx_options){.threads = 4, .max_memory = LIMIT}),
             .nbytes = (size_t)3 << 20,
             .inner = 16};
    zarrc_error e;
    assert_int_equal(zarrc_for_each(j.ctx, 12, item, &j, &e), ZARRC_OK);
    expect_each_once(&j, 12);
    zarrc_ctx_close(j.ctx);
  }
}

static zarrc_status fifth_too_large(void *arg, size_t i, zarrc_error *error) {
  const job *j = arg;
  zarrc_bytes bytes;
  zarrc_status status = hold(j, i == 5 ? (size_t)9 << 20 : j->nbytes, &bytes, error);
  if (!status) zarrc_bytes_release(&bytes);
  return status;
}

static void test_beyond_the_limit(void **state) {
  (void)state;
  for (unsigned threads = 1; threads <= 4; threads += 3) {
    job j = {.ctx = open_ctx((zarrc_ctx_options){.threads = threads, .max_memory = LIMIT}), .nbytes = (size_t)3 << 20};
    zarrc_error e;
    assert_int_equal(zarrc_for_each(j.ctx, 40, fifth_too_large, &j, &e), ZARRC_NO_MEMORY);
    assert_non_null(strstr(e.message, "no memory for a buffer of 9437184 bytes (at least "));
    assert_non_null(strstr(e.message, " bytes are needed, the context may hold 8388608)"));
    zarrc_ctx_close(j.ctx);
  }
}

/* A system that has no memory is not asked again. */
static void test_not_the_limit(void **state) {
  (void)state;
  faulty_alloc a = {0};
  job j = {.ctx = open_ctx((zarrc_ctx_options){.threads = 4, .max_memory = LIMIT, .alloc = faulty_alloc_use(&a)}),
           .nbytes = (size_t)1 << 20};
  zarrc_error e;
  a.fail_at = a.calls + 1;
  a.forever = true;
  assert_int_equal(zarrc_for_each(j.ctx, 1, item, &j, &e), ZARRC_NO_MEMORY);
  assert_null(strstr(e.message, "at least"));
  assert_int_equal(j.calls, 1);
  a.fail_at = 0;
  a.forever = false;
  zarrc_ctx_close(j.ctx);
}

static zarrc_status other_failure(void *arg, size_t i, zarrc_error *error) {
  const job *j = arg;
  zarrc_bytes bytes;
  zarrc_status status = hold(j, j->nbytes, &bytes, error);
  if (status) return status;
  zarrc_bytes_release(&bytes);
  return i == 7 ? zarrc_fail(error, ZARRC_CORRUPT, "seven") : ZARRC_OK;
}

static void test_other_failures(void **state) {
  (void)state;
  job j = {.ctx = open_ctx((zarrc_ctx_options){.threads = 4, .max_memory = LIMIT}), .nbytes = (size_t)5 << 20};
  zarrc_error e;
  for (int round = 0; round < 20; round++) {
    assert_int_equal(zarrc_for_each(j.ctx, 40, other_failure, &j, &e), ZARRC_CORRUPT);
    assert_string_equal(e.message, "seven");
  }
  zarrc_ctx_close(j.ctx);
}

/* One throttle by itself: an item that is refused again and again ends, after the throttle has let nothing else in. */
static zarrc_status never(void *arg, size_t i, zarrc_error *error) {
  job *j = arg;
  (void)i;
  j->calls++;
  return zarrc_malloc(j->ctx, LIMIT) ? ZARRC_OK : zarrc_fail(error, ZARRC_NO_MEMORY, "no");
}

static void test_one_throttle(void **state) {
  (void)state;
  job j = {.ctx = open_ctx((zarrc_ctx_options){.threads = 4, .max_memory = LIMIT})};
  zarrc_throttle throttle;
  zarrc_error e;
  zarrc_throttle_open(&throttle, j.ctx);
  assert_int_equal(zarrc_throttle_run(&throttle, never, &j, 0, &e), ZARRC_NO_MEMORY);
  assert_int_equal(j.calls, 2);
  assert_int_equal(throttle.width, 1);
  assert_int_equal(throttle.busy, 0);
  assert_false(atomic_load(&throttle.alone));
  zarrc_throttle_explain(j.ctx, &e);
  assert_non_null(strstr(e.message, "no (at least "));
  zarrc_fail(&e, ZARRC_NO_MEMORY, "no");
  zarrc_throttle_explain(j.ctx, &e); /* it has been told */
  assert_string_equal(e.message, "no");
  zarrc_throttle_close(&throttle);
  zarrc_ctx_close(j.ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_one_by_one),       cmocka_unit_test(test_loops_inside),
      cmocka_unit_test(test_beyond_the_limit), cmocka_unit_test(test_not_the_limit),
      cmocka_unit_test(test_other_failures),   cmocka_unit_test(test_one_throttle),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

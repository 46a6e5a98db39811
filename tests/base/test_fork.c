/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zarrc/base.h>
#include <zarrc/plugin/blob.h>

#include "support/needs.h"
#include "support/sanitizers.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if ZARRC_TSAN /* allows no threads in the child of a process that has some */
int main(void) {
  return 0;
}
#else

/* What a context is for must go on in the child of a fork, whatever other threads did at that moment. A child that
 * hangs is ended by its alarm, which its parent sees. */

static void check_child(pid_t child) {
  int status = -1;
  assert_true(child > 0);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
}

typedef struct load {
  zarrc_ctx *ctx;
  atomic_long sum;
} load;

static zarrc_status add(void *arg, size_t i, zarrc_error *error) {
  load *l = arg;
  static const char key;
  zarrc_bytes b;
  zarrc_status status = zarrc_scratch_take(l->ctx, 100 << (i % 8), &b, error);
  if (status) return status;
  memset((uint8_t *)b.ptr, 1, b.len);
  void *warm = zarrc_warm_take(l->ctx, &key);
  if (!warm) warm = malloc(64);
  zarrc_free(l->ctx, zarrc_malloc(l->ctx, 1000));
  l->sum += (long)i;
  zarrc_warm_give(l->ctx, &key, warm, free);
  zarrc_bytes_release(&b);
  return ZARRC_OK;
}

static zarrc_status add_inside(void *arg, size_t i, zarrc_error *error) {
  load *l = arg;
  return i % 2 ? zarrc_for_each(l->ctx, 5, add, arg, error) : add(arg, i, error);
}

static bool works(zarrc_ctx *ctx) {
  load l = {.ctx = ctx};
  return zarrc_for_each(ctx, 20, add_inside, &l, NULL) == ZARRC_OK && l.sum == 10 * 10 + 90;
}

#if !ZARRC_ASAN /* whose malloc may be locked for ever in the child of a process with threads */
typedef struct storm {
  zarrc_ctx *ctx;
  atomic_bool stop;
} storm;

static void *rage(void *arg) {
  storm *s = arg;
  bool good = true;
  while (!s->stop) good = works(s->ctx) && good;
  return good ? arg : NULL;
}

static void test_storm(void **state) {
  (void)state;
  needs_threads_after_fork();
  storm s = {0};
  pthread_t threads[3];
  assert_int_equal(zarrc_ctx_open(&(zarrc_ctx_options){.threads = 3}, &s.ctx, NULL), ZARRC_OK);
  for (int i = 0; i < 3; i++) assert_int_equal(pthread_create(&threads[i], NULL, rage, &s), 0);
  for (int round = 0; round < 200; round++) {
    pid_t child = fork();
    if (child == 0) {
      alarm(60);
      bool good = works(s.ctx) && works(s.ctx);
      if (round % 2) zarrc_ctx_close(s.ctx);
      _exit(good ? 0 : 1);
    }
    check_child(child);
    sched_yield();
  }
  s.stop = true;
  for (int i = 0; i < 3; i++) {
    void *result;
    pthread_join(threads[i], &result);
    assert_non_null(result);
  }
  zarrc_ctx_close(s.ctx);
}

#endif

/* Each thread of the context has an item of its own. Once it is over none of them is still starting, which is when the
 * address sanitizer's malloc may be locked. */
static zarrc_status meet(void *arg, size_t i, zarrc_error *error) {
  atomic_int *missing = arg;
  (void)i, (void)error;
  (*missing)--;
  while (*missing) sched_yield();
  return ZARRC_OK;
}

static bool works_with_all(zarrc_ctx *ctx) {
  atomic_int missing = 3;
  return zarrc_for_each(ctx, 3, meet, &missing, NULL) == ZARRC_OK && works(ctx);
}

/* A pool that slept when the fork came; the child forks again. */
static void test_generations(void **state) {
  (void)state;
  needs_threads_after_fork();
  zarrc_ctx *ctx = NULL;
  assert_int_equal(zarrc_ctx_open(&(zarrc_ctx_options){.threads = 3}, &ctx, NULL), ZARRC_OK);
  assert_true(works_with_all(ctx));
  pid_t child = fork();
  if (child == 0) {
    alarm(60);
    bool good = works_with_all(ctx);
    pid_t grandchild = fork();
    if (grandchild == 0) {
      alarm(60);
      good = works(ctx);
      zarrc_ctx_close(ctx);
      _exit(good ? 0 : 1);
    }
    int status = -1;
    waitpid(grandchild, &status, 0);
    good = good && status == 0 && works(ctx);
    zarrc_ctx_close(ctx);
    _exit(good ? 0 : 1);
  }
  check_child(child);
  assert_true(works(ctx));
  zarrc_ctx_close(ctx);
}

/* Forks inside an item. */
typedef struct inside {
  zarrc_ctx *ctx;
  pthread_t caller;
  atomic_bool caller_works, other_works, over;
  bool helper_stays; /* at its item until the fork is over */
  atomic_int done;
  pid_t parent, child;
} inside;

static zarrc_status fork_inside(void *arg, size_t i, zarrc_error *error) {
  inside *in = arg;
  (void)i, (void)error;
  if (!pthread_equal(pthread_self(), in->caller)) {
    in->other_works = true;
    while (!in->caller_works) sched_yield(); /* else the helper could do both items, and nobody would fork */
    while (in->helper_stays && !in->over) sched_yield();
  } else {
    in->caller_works = true;
    while (!in->other_works) sched_yield();
    for (int k = 0; k < 100; k++) sched_yield();
    in->child = fork();
    if (in->child == 0) alarm(60);
    in->over = true;
  }
  in->done++;
  return ZARRC_OK;
}

static zarrc_status fork_deep_inside(void *arg, size_t i, zarrc_error *error) {
  inside *in = arg;
  return i == 0 ? zarrc_for_each(in->ctx, 2, fork_inside, arg, error) : ZARRC_OK;
}

static void test_fork_inside_an_item(void **state) {
  (void)state;
  needs_threads_after_fork();
  for (int round = 0; round < 40; round++) {
    inside in = {.caller = pthread_self(), .parent = getpid(), .helper_stays = round % 2, .child = -1};
    assert_int_equal(zarrc_ctx_open(&(zarrc_ctx_options){.threads = 2}, &in.ctx, NULL), ZARRC_OK);
    zarrc_status (*fn)(void *, size_t, zarrc_error *) = round % 4 < 2 ? fork_inside : fork_deep_inside;
    zarrc_error e = {0};
    zarrc_status status = zarrc_for_each(in.ctx, round % 4 < 2 ? 2 : 1, fn, &in, &e);
    if (getpid() != in.parent) { /* what the helper had in hand is lost, and said to be */
      bool good = in.helper_stays ? status == ZARRC_CANCELED : status == ZARRC_CANCELED || in.done == 2;
      good = good && e.code == status && works(in.ctx);
      zarrc_ctx_close(in.ctx);
      _exit(good ? 0 : 1);
    }
    check_child(in.child);
    assert_int_equal(status, ZARRC_OK);
    assert_int_equal(in.done, 2);
    assert_true(works(in.ctx));
    zarrc_ctx_close(in.ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
#if !ZARRC_ASAN
    cmocka_unit_test(test_storm),
#endif
    cmocka_unit_test(test_generations),
    cmocka_unit_test(test_fork_inside_an_item),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/lock.h"
#include "support/context.h"
#include "support/needs.h"
#include "support/sanitizers.h"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct shared {
  zarrc_ctx *ctx;
  zarrc_lock lock;
  long counter; /* under the lock */
  atomic_int lost, nstarted;
  atomic_bool held, stop;
} shared;

static void *count(void *arg) {
  shared *s = arg;
  for (int i = 0; i < 10000; i++) {
    if (zarrc_lock_take(&s->lock)) s->lost++;
    s->counter++;
    zarrc_lock_give(&s->lock);
  }
  return NULL;
}

static void test_one_at_a_time(void **state) {
  shared s = {.ctx = *state};
  pthread_t threads[4];
  zarrc_lock_init(&s.lock, s.ctx);
  for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, count, &s), 0);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  zarrc_lock_destroy(&s.lock);
  assert_int_equal(s.counter, 40000);
  assert_int_equal(s.lost, 0);
}

#if !ZARRC_TSAN /* which allows no threads in the child of a process that has some */
/* Ends the child, by a signal where it hangs, and tells whether it was content. */
static void check_child(pid_t child) {
  int status = -1;
  assert_true(child > 0);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
}

static void *hold(void *arg) {
  shared *s = arg;
  zarrc_lock_take(&s->lock);
  s->held = true;
  while (!s->stop) sched_yield();
  zarrc_lock_give(&s->lock);
  return NULL;
}

static void test_fork_while_another_thread_holds_it(void **state) {
  shared s = {.ctx = *state};
  pthread_t thread;
  zarrc_lock_init(&s.lock, s.ctx);
  assert_int_equal(pthread_create(&thread, NULL, hold, &s), 0);
  while (!s.held) sched_yield();
  pid_t child = fork();
  if (child == 0) {
    alarm(60);
    bool lost = zarrc_lock_take(&s.lock);
    zarrc_lock_give(&s.lock);
    bool again = zarrc_lock_take(&s.lock);
    zarrc_lock_give(&s.lock);
    zarrc_lock_destroy(&s.lock);
    _exit(lost && !again ? 0 : 1);
  }
  check_child(child);
  s.stop = true;
  pthread_join(thread, NULL);
  assert_false(zarrc_lock_take(&s.lock));
  zarrc_lock_give(&s.lock);
  zarrc_lock_destroy(&s.lock);
}

static void test_fork_while_nobody_or_the_caller_holds_it(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_lock lock;
  zarrc_lock_init(&lock, ctx);
  for (int held = 0; held < 2; held++) {
    if (held) zarrc_lock_take(&lock);
    pid_t child = fork();
    if (child == 0) {
      alarm(60);
      if (held) zarrc_lock_give(&lock);
      bool lost = zarrc_lock_take(&lock);
      zarrc_lock_give(&lock);
      pid_t grandchild = fork();
      if (grandchild == 0) {
        alarm(60);
        _exit(zarrc_lock_take(&lock));
      }
      int status = -1;
      waitpid(grandchild, &status, 0);
      _exit(lost || status);
    }
    check_child(child);
    if (held) zarrc_lock_give(&lock);
  }
  zarrc_lock_destroy(&lock);
}

static void *toggle(void *arg) {
  shared *s = arg;
  s->nstarted++;
  while (!s->stop) {
    zarrc_lock_take(&s->lock);
    s->counter++;
    zarrc_lock_give(&s->lock);
  }
  return NULL;
}

/* Threads of the child come to the lock at once. */
static void test_storm(void **state) {
  needs_threads_after_fork();
  shared s = {.ctx = *state};
  pthread_t threads[2];
  zarrc_lock_init(&s.lock, s.ctx);
  for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, toggle, &s), 0);
  while (s.nstarted < 2) sched_yield(); /* in a thread that starts, the address sanitizer's malloc may be locked */
  for (int round = 0; round < 100; round++) {
    pid_t child = fork();
    if (child == 0) {
      alarm(60);
      s.counter = 0;
      for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, count, &s)) _exit(1);
      for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
      _exit(s.counter == 20000 && s.lost <= 1 ? 0 : 2);
    }
    check_child(child);
  }
  s.stop = true;
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  zarrc_lock_destroy(&s.lock);
}

#endif

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_one_at_a_time),
#if !ZARRC_TSAN /* which allows no threads in the child of a process that has some */
    cmocka_unit_test(test_fork_while_another_thread_holds_it),
    cmocka_unit_test(test_fork_while_nobody_or_the_caller_holds_it),
    cmocka_unit_test(test_storm),
#endif
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/pool.h"
#include "support/faulty_alloc.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static zarrc_ctx *open_ctx(zarrc_ctx_options options) {
  zarrc_ctx *ctx = NULL;
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  return ctx;
}

static size_t thread_count(void) {
  DIR *dir = opendir("/proc/self/task");
  size_t n = 0;
  assert_non_null(dir);
  for (struct dirent *entry; (entry = readdir(dir));) n += entry->d_name[0] != '.';
  closedir(dir);
  return n;
}

/* Threads that earlier tests have joined may be listed for a moment more: the least of many counts. */
static size_t settled_thread_count(void) {
  size_t least = thread_count();
  for (int i = 0; i < 200; i++) {
    sched_yield();
    size_t n = thread_count();
    if (n < least) least = n;
  }
  return least;
}

/* ---------------------------------------------------------------------------------------------------- every item */

typedef struct tally {
  zarrc_ctx *ctx;
  size_t n;
  atomic_int ran[1000];
  atomic_int done;
  int depth;
} tally;

static zarrc_status count(void *arg, size_t i, zarrc_error *error) {
  tally *t = arg;
  assert_non_null(error);
  atomic_fetch_add(&t->ran[i], 1);
  atomic_fetch_add(&t->done, 1);
  return ZARRC_OK;
}

/* Threads that come to the end of a loop together take nothing beyond it. */
static void test_short_loops(void **state) {
  (void)state;
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.threads = 4});
  tally *all = calloc(1, sizeof *all);
  for (int round = 1; round <= 5000; round++) {
    assert_int_equal(zarrc_for_each(ctx, 3, count, all, NULL), ZARRC_OK);
    assert_int_equal(all->done, 3 * round);
  }
  assert_int_equal(all->ran[3], 0);
  zarrc_ctx_close(ctx);
  free(all);
}

static void test_every_item_once(void **state) {
  (void)state;
  static const unsigned threads[] = {1, 2, 3, 8};
  static const size_t sizes[] = {0, 1, 2, 3, 7, 100, 1000};
  for (size_t t = 0; t < 4; t++) {
    zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.threads = threads[t]});
    for (int round = 0; round < 20; round++)
      for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        tally *all = calloc(1, sizeof *all);
        zarrc_error e = {.code = ZARRC_IO};
        assert_int_equal(zarrc_for_each(ctx, sizes[s], count, all, round % 2 ? &e : NULL), ZARRC_OK);
        for (size_t i = 0; i < 1000; i++) assert_int_equal(all->ran[i], i < sizes[s]);
        assert_int_equal(e.code, ZARRC_IO); /* success leaves it alone */
        free(all);
      }
    zarrc_ctx_close(ctx);
  }
}

typedef struct in_order {
  size_t next;
  pthread_t self;
} in_order;

static zarrc_status follow(void *arg, size_t i, zarrc_error *error) {
  in_order *o = arg;
  if (i != o->next++ || !pthread_equal(o->self, pthread_self())) return zarrc_fail(error, ZARRC_INTERNAL, "%zu", i);
  return thread_count() == 1 ? ZARRC_OK : zarrc_fail(error, ZARRC_INTERNAL, "threads");
}

static void test_one_thread_is_a_plain_loop(void **state) {
  (void)state;
  size_t before = settled_thread_count(); /* a sanitizer may have one of its own */
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.threads = 1});
  in_order o = {.self = pthread_self()};
  zarrc_status status = zarrc_for_each(ctx, 50, follow, &o, NULL);
  if (before == 1) {
    assert_int_equal(status, ZARRC_OK);
    assert_int_equal(o.next, 50);
  }
  assert_int_equal(thread_count(), before);
  zarrc_ctx_close(ctx);
}

/* Threads come with the first loop that can use them, and only as many as it can use. */
static void test_threads_are_made_when_needed(void **state) {
  (void)state;
  size_t before = settled_thread_count();
  tally *all = calloc(1, sizeof *all);
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.threads = 4});
  assert_int_equal(zarrc_for_each(ctx, 0, count, all, NULL), ZARRC_OK);
  assert_int_equal(zarrc_for_each(ctx, 1, count, all, NULL), ZARRC_OK);
  assert_int_equal(thread_count(), before);
  assert_int_equal(zarrc_for_each(ctx, 2, count, all, NULL), ZARRC_OK);
  size_t made = thread_count();
  assert_true(made > before && made <= before + 2); /* a sanitizer may start one of its own with the first */
  for (int i = 0; i < 20; i++) assert_int_equal(zarrc_for_each(ctx, 100, count, all, NULL), ZARRC_OK);
  assert_true(thread_count() <= made + 2);
  zarrc_ctx_close(ctx);
  assert_true(settled_thread_count() <= before + 1);
  free(all);
}

/* --------------------------------------------------------------------------------------------- working together */

static zarrc_status meet(void *arg, size_t i, zarrc_error *error) {
  (void)i, (void)error;
  pthread_barrier_wait(arg);
  return ZARRC_OK;
}

/* Comes back only if as many threads as promised work at once, the caller among them. */
static void test_all_threads_work_at_once(void **state) {
  (void)state;
  for (unsigned threads = 2; threads < 7; threads++) {
    zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.threads = threads});
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, threads);
    for (int round = 0; round < 20; round++)
      assert_int_equal(zarrc_for_each(ctx, threads, meet, &barrier, NULL), ZARRC_OK);
    zarrc_ctx_close(ctx);
    pthread_barrier_destroy(&barrier);
  }
}

typedef struct nest {
  zarrc_ctx *ctx;
  pthread_barrier_t barrier[2];
} nest;

static zarrc_status meet_inside(void *arg, size_t i, zarrc_error *error) {
  nest *n = arg;
  return zarrc_for_each(n->ctx, 2, meet, &n->barrier[i], error);
}

/* Each of two inner loops needs a helper. */
static void test_idle_threads_help_inner_loops(void **state) {
  (void)state;
  nest n = {.ctx = open_ctx((zarrc_ctx_options){.threads = 4})};
  for (int i = 0; i < 2; i++) pthread_barrier_init(&n.barrier[i], NULL, 2);
  for (int round = 0; round < 100; round++) assert_int_equal(zarrc_for_each(n.ctx, 2, meet_inside, &n, NULL), ZARRC_OK);
  assert_int_equal(zarrc_for_each(n.ctx, 1, meet_inside, &n, NULL), ZARRC_OK);
  zarrc_ctx_close(n.ctx);
  for (int i = 0; i < 2; i++) pthread_barrier_destroy(&n.barrier[i]);
}

typedef struct late {
  nest n;
  pthread_t caller;
  atomic_bool entered;
} late;

/* Item 0 is the caller's, as a rule, and ends when the other thread has item 1, whose loop needs both. */
static zarrc_status meet_late(void *arg, size_t i, zarrc_error *error) {
  late *l = arg;
  if (i == 1) {
    l->entered = true;
    for (int k = 0; k < 200; k++) sched_yield(); /* the caller waits by then */
    return zarrc_for_each(l->n.ctx, 2, meet, &l->n.barrier[0], error);
  }
  while (!l->entered) sched_yield();
  return ZARRC_OK;
}

static void test_a_waiting_caller_helps_inside_its_loop(void **state) {
  (void)state;
  late l = {.n.ctx = open_ctx((zarrc_ctx_options){.threads = 2})};
  pthread_barrier_init(&l.n.barrier[0], NULL, 2);
  for (int round = 0; round < 100; round++) {
    l.entered = false;
    assert_int_equal(zarrc_for_each(l.n.ctx, 2, meet_late, &l, NULL), ZARRC_OK);
  }
  zarrc_ctx_close(l.n.ctx);
  pthread_barrier_destroy(&l.n.barrier[0]);
}

/* A thread that waits for its own loop holds locks perhaps: it must not work for another one. */
typedef struct apart {
  zarrc_ctx *ctx;
  atomic_bool busy, over, foreign;
  pthread_t first, second;
} apart;

static zarrc_status hold(void *arg, size_t i, zarrc_error *error) {
  apart *a = arg;
  (void)i, (void)error;
  if (pthread_equal(pthread_self(), a->first)) {
    while (!a->busy) sched_yield();
  } else {
    a->busy = true;
    while (!a->over) sched_yield();
  }
  return ZARRC_OK;
}

static zarrc_status watch(void *arg, size_t i, zarrc_error *error) {
  apart *a = arg;
  (void)i, (void)error;
  if (pthread_equal(pthread_self(), a->first)) a->foreign = true;
  for (int k = 0; k < 50; k++) sched_yield();
  return ZARRC_OK;
}

static void *second_caller(void *arg) {
  apart *a = arg;
  while (!a->busy) sched_yield();
  zarrc_status status = zarrc_for_each(a->ctx, 100, watch, a, NULL);
  a->over = true;
  return status ? NULL : arg;
}

static void test_a_waiting_caller_helps_nobody_else(void **state) {
  (void)state;
  apart a = {.ctx = open_ctx((zarrc_ctx_options){.threads = 2}), .first = pthread_self()};
  void *result;
  assert_int_equal(pthread_create(&a.second, NULL, second_caller, &a), 0);
  assert_int_equal(zarrc_for_each(a.ctx, 2, hold, &a, NULL), ZARRC_OK);
  pthread_join(a.second, &result);
  assert_non_null(result);
  assert_false(a.foreign);
  zarrc_ctx_close(a.ctx);
}

typedef struct deep {
  tally *all;
  int depth;
} deep;

static zarrc_status descend(void *arg, size_t i, zarrc_error *error) {
  const deep *d = arg;
  if (d->depth == 0) return count(d->all, i, error);
  deep inner = {d->all, d->depth - 1};
  return zarrc_for_each(d->all->ctx, 4, descend, &inner, error);
}

static void *descend_alone(void *arg) {
  deep top = {arg, 4};
  return zarrc_for_each(top.all->ctx, 4, descend, &top, NULL) ? NULL : arg;
}

/* Five levels, three callers at once. */
static void test_deep_nesting(void **state) {
  (void)state;
  tally *all = calloc(1, sizeof *all);
  all->ctx = open_ctx((zarrc_ctx_options){.threads = 3});
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, descend_alone, all), 0);
  assert_non_null(descend_alone(all));
  for (int i = 0; i < 2; i++) {
    void *result;
    pthread_join(threads[i], &result);
    assert_non_null(result);
  }
  assert_int_equal(all->done, 3 * 1024);
  zarrc_ctx_close(all->ctx);
  free(all);
}

static zarrc_status see_signals(void *arg, size_t i, zarrc_error *error) {
  sigset_t set;
  pthread_sigmask(SIG_SETMASK, NULL, &set);
  bool blocked = sigismember(&set, SIGINT) && sigismember(&set, SIGUSR1) && sigismember(&set, SIGALRM);
  pthread_barrier_wait(arg);
  return zarrc_fail(error, blocked ? ZARRC_CANCELED : ZARRC_OK, "%zu", i);
}

static void test_threads_get_no_signals(void **state) {
  (void)state;
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.threads = 2});
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, 2);
  assert_int_equal(zarrc_for_each(ctx, 2, see_signals, &barrier, NULL), ZARRC_CANCELED); /* the thread's item */
  sigset_t set;
  pthread_sigmask(SIG_SETMASK, NULL, &set);
  assert_false(sigismember(&set, SIGINT)); /* the caller's mask is as it was */
  zarrc_ctx_close(ctx);
  pthread_barrier_destroy(&barrier);
}

/* --------------------------------------------------------------------------------------------------- failures */

typedef struct failing {
  const unsigned char *fails;
  atomic_int ran[200];
} failing;

static zarrc_status fail_some(void *arg, size_t i, zarrc_error *error) {
  failing *f = arg;
  f->ran[i]++;
  for (volatile size_t k = 0; k < 20 * ((i * 2654435761u >> 7) % 50);) k++;
  if (i % 64 == 7) sched_yield(); /* no more often: on a busy machine each takes milliseconds */
  if (!f->fails[i]) return ZARRC_OK;
  if (i % 3 == 0) return ZARRC_CORRUPT; /* a failure without words */
  zarrc_fail(error, ZARRC_CHECKSUM, "item %zu", i);
  error->offset = (int64_t)i;
  return ZARRC_CHECKSUM;
}

static zarrc_status fail_and_go_on(void *arg, size_t i, zarrc_error *error) {
  (void)arg;
  return i == 5 ? ZARRC_IO : (zarrc_fail(error, ZARRC_IO, "gone on"), ZARRC_OK);
}

static void test_words_of_another_item(void **state) {
  (void)state;
  for (unsigned threads = 1; threads < 3; threads++) {
    zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.threads = threads});
    zarrc_error e = {0};
    assert_int_equal(zarrc_for_each(ctx, 5, fail_and_go_on, NULL, &e), ZARRC_OK);
    assert_int_equal(e.code, ZARRC_OK);
    assert_int_equal(zarrc_for_each(ctx, 7, fail_and_go_on, NULL, &e), ZARRC_IO);
    assert_string_equal(e.message, "input/output error");
    zarrc_ctx_close(ctx);
  }
}

/* Runs items backwards, each in a loop of the host's. */
static void backwards(void *ud, size_t n, void (*fn)(void *arg, size_t i), void *arg) {
  (*(int *)ud)++;
  while (n-- > 0) fn(arg, n);
}

static void test_lowest_failure(void **state) {
  (void)state;
  int loops = 0;
  zarrc_ctx_options options[] = {{.threads = 1}, {.threads = 4}, {.exec = {.for_each = backwards, .ud = &loops}}};
  unsigned seed = 7;
  for (int kind = 0; kind < 3; kind++) {
    zarrc_ctx *ctx = open_ctx(options[kind]);
    for (int round = 0; round < 150; round++) {
      unsigned char fails[200] = {0};
      failing f = {.fails = fails};
      size_t lowest = 200;
      for (int k = 0; k < round % 6; k++) {
        seed = seed * 1103515245 + 12345;
        size_t i = (seed >> 16) % 200;
        fails[i] = 1;
        if (i < lowest) lowest = i;
      }
      zarrc_error e = {0};
      zarrc_status status = zarrc_for_each(ctx, 200, fail_some, &f, &e);
      zarrc_status want = lowest == 200 ? ZARRC_OK : lowest % 3 ? ZARRC_CHECKSUM : ZARRC_CORRUPT;
      assert_int_equal(status, want);
      assert_int_equal(e.code, want);
      if (want == ZARRC_CHECKSUM) {
        char words[20];
        snprintf(words, sizeof words, "item %zu", lowest);
        assert_string_equal(e.message, words);
        assert_int_equal(e.offset, lowest);
      }
      if (want == ZARRC_CORRUPT) assert_string_equal(e.message, "corrupt data");
      for (size_t i = 0; i < 200; i++) assert_in_range(f.ran[i], i <= lowest, 1); /* those below were all run */
      if (kind == 0 && lowest < 199) assert_int_equal(f.ran[lowest + 1], 0);
      assert_int_equal(zarrc_for_each(ctx, 200, fail_some, &f, NULL), want);
    }
    zarrc_ctx_close(ctx);
  }
  assert_int_equal(loops, 300);
}

typedef struct stop {
  atomic_int asked, at;
} stop;

static bool canceled(void *ud) {
  stop *s = ud;
  return atomic_fetch_add(&s->asked, 1) >= s->at;
}

static void test_cancel(void **state) {
  (void)state;
  int loops = 0;
  stop s = {0};
  zarrc_ctx_options options[] = {{.threads = 1}, {.threads = 3}, {.exec = {.for_each = backwards, .ud = &loops}}};
  for (int kind = 0; kind < 3; kind++) {
    options[kind].canceled = canceled;
    options[kind].canceled_ud = &s;
    zarrc_ctx *ctx = open_ctx(options[kind]);
    for (int at = 0; at < 102; at += 17) {
      tally *all = calloc(1, sizeof *all);
      zarrc_error e = {0};
      s.asked = 0;
      s.at = at;
      zarrc_status want = at < 100 ? ZARRC_CANCELED : ZARRC_OK;
      assert_int_equal(zarrc_for_each(ctx, 100, count, all, &e), want);
      assert_int_equal(e.code, want);
      assert_int_equal(all->done, at < 100 ? at : 100);
      free(all);
    }
    s.at = 0;
    assert_int_equal(zarrc_for_each(ctx, 1, count, NULL, NULL), ZARRC_CANCELED);
    assert_int_equal(zarrc_for_each(ctx, 0, count, NULL, NULL), ZARRC_OK);
    zarrc_ctx_close(ctx);
  }
}

static void test_the_hosts_executor(void **state) {
  (void)state;
  size_t before = settled_thread_count();
  for (unsigned threads = 0; threads < 3; threads++) {
    int loops = 0;
    tally *all = calloc(1, sizeof *all);
    all->ctx = open_ctx((zarrc_ctx_options){.threads = threads, .exec = {.for_each = backwards, .ud = &loops}});
    deep top = {all, 2};
    assert_int_equal(zarrc_for_each(all->ctx, 4, descend, &top, NULL), ZARRC_OK);
    assert_int_equal(all->done, 64);
    assert_int_equal(loops, threads == 1 ? 0 : 21); /* one thread means one, whoever has others */
    assert_int_equal(thread_count(), before);
    zarrc_ctx_close(all->ctx);
    free(all);
  }
}

static void test_no_threads_to_be_had(void **state) {
  (void)state;
  pthread_attr_t old, huge;
  pthread_getattr_default_np(&old);
  pthread_getattr_default_np(&huge);
  pthread_attr_setstacksize(&huge, SIZE_MAX / 4 * 3);
  if (pthread_setattr_default_np(&huge) != 0) skip();
  size_t before = settled_thread_count();
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.threads = 4});
  tally *all = calloc(1, sizeof *all);
  zarrc_status status = zarrc_for_each(ctx, 100, count, all, NULL);
  size_t during = thread_count();
  pthread_setattr_default_np(&old);
  assert_int_equal(status, ZARRC_OK);
  assert_int_equal(all->done, 100);
  assert_int_equal(during, before);
  assert_int_equal(zarrc_for_each(ctx, 100, count, all, NULL), ZARRC_OK);
  assert_int_equal(thread_count(), before); /* it does not ask again */
  zarrc_ctx_close(ctx);
  free(all);
  pthread_attr_destroy(&old);
  pthread_attr_destroy(&huge);
}

static zarrc_status work(const zarrc_ctx_options *options, void *arg) {
  (void)arg;
  zarrc_ctx *ctx = NULL;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (status) return status;
  tally *all = calloc(1, sizeof *all);
  status = zarrc_for_each(ctx, 100, count, all, NULL);
  assert_int_equal(all->done, 100); /* with or without a pool */
  free(all);
  zarrc_ctx_close(ctx);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  assert_int_equal(faulty_alloc_each(&(zarrc_ctx_options){.threads = 3}, work, NULL), 2);
}

/* ---------------------------------------------------------------------------------------------------------- idle */

typedef struct busy {
  zarrc_ctx *ctx;
  atomic_int missing;
  unsigned idle[3];
} busy;

static zarrc_status look_for_idle(void *arg, size_t i, zarrc_error *error) {
  busy *b = arg;
  (void)error;
  b->missing--;
  while (b->missing > 0) sched_yield();
  b->idle[i] = zarrc_pool_idle(b->ctx);
  b->missing--;
  while (b->missing > -3) sched_yield();
  return ZARRC_OK;
}

static void test_idle(void **state) {
  (void)state;
  zarrc_ctx *one = open_ctx((zarrc_ctx_options){.threads = 1});
  busy b = {.ctx = open_ctx((zarrc_ctx_options){.threads = 3}), .missing = 3};
  assert_int_equal(zarrc_pool_idle(one), 0);
  assert_int_equal(zarrc_pool_idle(b.ctx), 2); /* not made yet */
  assert_int_equal(zarrc_for_each(b.ctx, 3, look_for_idle, &b, NULL), ZARRC_OK);
  for (int i = 0; i < 3; i++) assert_int_equal(b.idle[i], 0);
  zarrc_ctx_close(b.ctx);
  zarrc_ctx_close(one);
}

/* ------------------------------------------------------------------------------------------------ that wait */

enum { NWAITING = 40 };

typedef struct gathering {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  int there, most;
} gathering;

/* Waits until all items are there. */
static zarrc_status gather(void *arg, size_t i, zarrc_error *error) {
  gathering *g = arg;
  (void)i, (void)error;
  pthread_mutex_lock(&g->mutex);
  g->there++;
  pthread_cond_broadcast(&g->changed);
  while (g->there < NWAITING) pthread_cond_wait(&g->changed, &g->mutex);
  pthread_mutex_unlock(&g->mutex);
  return ZARRC_OK;
}

static zarrc_status be_there(void *arg, size_t i, zarrc_error *error) {
  gathering *g = arg;
  (void)i, (void)error;
  pthread_mutex_lock(&g->mutex);
  if (++g->there > g->most) g->most = g->there;
  pthread_mutex_unlock(&g->mutex);
  sched_yield();
  pthread_mutex_lock(&g->mutex);
  g->there--;
  pthread_mutex_unlock(&g->mutex);
  return ZARRC_OK;
}

/* Items that wait run on more threads than the context works with; those threads do not work in other loops. */
static void test_items_that_wait(void **state) {
  (void)state;
  zarrc_ctx *ctx = open_ctx((zarrc_ctx_options){.threads = 2});
  gathering g = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
  assert_int_equal(zarrc_for_each_waiting(ctx, NWAITING, gather, &g, NULL), ZARRC_OK);
  assert_int_equal(g.there, NWAITING);
  g.there = 0;
  for (int i = 0; i < 20; i++) assert_int_equal(zarrc_for_each(ctx, 500, be_there, &g, NULL), ZARRC_OK);
  assert_true(g.most <= 2);
  zarrc_ctx_close(ctx);
  ctx = open_ctx((zarrc_ctx_options){.threads = 1});
  g.most = 0;
  assert_int_equal(zarrc_for_each_waiting(ctx, NWAITING, be_there, &g, NULL), ZARRC_OK);
  assert_int_equal(g.most, 1);
  zarrc_ctx_close(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_idle),
      cmocka_unit_test(test_one_thread_is_a_plain_loop),
      cmocka_unit_test(test_threads_are_made_when_needed),
      cmocka_unit_test(test_every_item_once),
      cmocka_unit_test(test_idle),
      cmocka_unit_test(test_short_loops),
      cmocka_unit_test(test_all_threads_work_at_once),
      cmocka_unit_test(test_idle_threads_help_inner_loops),
      cmocka_unit_test(test_a_waiting_caller_helps_inside_its_loop),
      cmocka_unit_test(test_a_waiting_caller_helps_nobody_else),
      cmocka_unit_test(test_deep_nesting),
      cmocka_unit_test(test_threads_get_no_signals),
      cmocka_unit_test(test_lowest_failure),
      cmocka_unit_test(test_words_of_another_item),
      cmocka_unit_test(test_cancel),
      cmocka_unit_test(test_the_hosts_executor),
      cmocka_unit_test(test_no_threads_to_be_had),
      cmocka_unit_test(test_no_memory),
      cmocka_unit_test(test_items_that_wait),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

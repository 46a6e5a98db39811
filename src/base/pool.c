/* SPDX-License-Identifier: MIT */
/*
 * Open loops are in a list, newest first. An idle thread takes items of the first loop that has any left, one at a
 * time. The caller of a loop does so too; then it waits for the items that others have taken, and meanwhile helps with
 * loops that were opened inside its own. It does not help with other loops, because fn may hold a lock that an item of
 * an unrelated loop needs. Since threads wait only for items that somebody is working on, nested loops cannot deadlock.
 *
 * After fork() only the forking thread exists in the child, and the pool's mutex may be locked forever. A pool
 * therefore knows its process. Another process never uses it: its next loop creates a new pool, which only remembers
 * the old one's memory. If a fork happens inside a loop, that loop ends in the child without its helpers; if they had
 * taken items the loop fails there.
 *
 * The pool has room for more threads than the context works with. They are started for loops whose items mostly wait;
 * of all others they run no more than the context's threads would.
 */
#include "base/pool.h"
#include "base/checked.h"
#include "base/cpu.h"
#include "base/ctx.h"
#include "base/throttle.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

typedef struct loop {
  zarrc_ctx *ctx;
  size_t n;
  zarrc_status (*fn)(void *arg, size_t i, zarrc_error *error);
  void *arg;
  zarrc_throttle *throttle; /* of an outermost loop if memory is limited; else NULL */
  atomic_size_t next;       /* the next item to take */
  atomic_size_t end; /* items from here on need not be run: n, or the lowest that has failed, except ZARRC_PENDING */
  bool all;          /* run all items even if some fail */
  pthread_mutex_t failing; /* protects lowering `end`, and the members below */
  size_t lowest;           /* the lowest item that has failed, or n */
  zarrc_status status;
  zarrc_error error;

  /* protected by the pool's mutex */
  struct loop *newer, *older, *outer;
  bool listed;     /* other threads may help */
  bool waits;      /* its items mostly wait */
  unsigned most;   /* threads at once, with the caller */
  unsigned inside; /* threads that take items */
  bool waiting;    /* the caller waits for `changed` */
  pthread_t caller;
  pthread_cond_t changed;
} loop;

/* A thread that takes items of a loop. */
typedef struct seat {
  pthread_t thread;
  loop *loop;
  struct seat *newer, *older;
} seat;

typedef struct zarrc_pool {
  zarrc_ctx *ctx;
  long process;
  struct zarrc_pool *before; /* the pool of the parent process */
  pthread_mutex_t mutex;
  pthread_cond_t work;
  loop *loops;
  seat *seats;
  bool stop;
  unsigned nthreads, max_threads;
  unsigned nidle, ncalled; /* threads that wait for work; those of them that have been woken */
  unsigned nworking;       /* threads in loops that do not wait */
  pthread_t threads[];
} pool;

/* Returns whether the calling process has made the pool. */
static bool is_here(const pool *p) {
  return p->process == zarrc_process_number(&p->ctx->process);
}

/* ------------------------------------------------------------------------------------------------- running items */

static void run_item(loop *l, size_t i, zarrc_error *error) {
  error->code = ZARRC_OK; /* may be left from an earlier item */
  zarrc_status status = zarrc_ctx_check_canceled(l->ctx, error);
  if (!status)
    status = l->throttle ? zarrc_throttle_run(l->throttle, l->fn, l->arg, i, error) : l->fn(l->arg, i, error);
  if (status == ZARRC_OK) return;
  if (error->code != status) zarrc_fail(error, status, "%s", zarrc_status_words(status));
  pthread_mutex_lock(&l->failing);
  if (i < l->lowest) {
    l->lowest = i;
    l->status = status;
    l->error = *error;
    if (!l->all && status != ZARRC_PENDING) atomic_store(&l->end, i);
  }
  pthread_mutex_unlock(&l->failing);
}

static bool has_items(loop *l) {
  return atomic_load_explicit(&l->next, memory_order_relaxed) < atomic_load_explicit(&l->end, memory_order_relaxed);
}

/* Items are taken in order, so that all items below a failed one are run. */
static void take_items(loop *l) {
  zarrc_error error; /* not cleared: that would cost a noticeable part of reading one element */
  size_t i;
  while ((i = atomic_fetch_add_explicit(&l->next, 1, memory_order_relaxed)) <
         atomic_load_explicit(&l->end, memory_order_relaxed))
    run_item(l, i, &error);
}

/* Takes items of a loop. The pool's mutex is locked before and after, unless false is returned: then this process has
 * been forked meanwhile. */
static bool work_on(pool *p, loop *l) {
  seat s = {.thread = pthread_self(), .loop = l, .older = p->seats};
  if (s.older) s.older->newer = &s;
  p->seats = &s;
  l->inside++;
  pthread_mutex_unlock(&p->mutex);
  take_items(l);
  if (!is_here(p)) return false;
  pthread_mutex_lock(&p->mutex);
  *(s.newer ? &s.newer->older : &p->seats) = s.older;
  if (s.older) s.older->newer = s.newer;
  if (--l->inside == 0 && l->waiting) pthread_cond_signal(&l->changed);
  return true;
}

/* Returns how many threads work beside a caller. */
static unsigned workers_of(const pool *p) {
  unsigned n = p->ctx->options.threads - 1;
  return n < p->max_threads ? n : p->max_threads;
}

/* Returns the newest loop with items left that takes a thread; if outer is given, of the loops opened inside it. */
static loop *find_work(const pool *p, const loop *outer) {
  bool is_full = !outer && p->nworking >= workers_of(p);
  for (loop *l = p->loops; l; l = l->older) {
    if (l->inside >= l->most || (is_full && !l->waits) || !has_items(l)) continue;
    const loop *above = outer ? l->outer : NULL;
    while (above != outer && above) above = above->outer;
    if (above == outer) return l;
  }
  return NULL;
}

/* ------------------------------------------------------------------------------------------------------- threads */

static void *thread_main(void *arg) {
  pool *p = arg;
  pthread_mutex_lock(&p->mutex);
  while (!p->stop) {
    loop *l = find_work(p, NULL);
    if (l) {
      bool works = !l->waits; /* the loop may be gone afterwards */
      p->nworking += works;
      if (!work_on(p, l)) return NULL;
      p->nworking -= works;
    } else {
      p->nidle++;
      while (p->ncalled == 0 && !p->stop) pthread_cond_wait(&p->work, &p->mutex);
      if (p->ncalled > 0) p->ncalled--;
      p->nidle--;
    }
  }
  pthread_mutex_unlock(&p->mutex);
  return NULL;
}

/* Starts threads, with all signals blocked, until there are `most`. If the system refuses more, those that run must
 * do. */
static void start_threads(pool *p, unsigned wanted, unsigned most) {
  unsigned room = most > p->nthreads ? most - p->nthreads : 0;
  if (wanted > room) wanted = room;
  if (wanted == 0) return;
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  for (; wanted > 0; wanted--) {
    if (pthread_create(&p->threads[p->nthreads], NULL, thread_main, p) != 0) {
      p->max_threads = p->nthreads;
      break;
    }
    unsigned workers = workers_of(p);
    if (p->nthreads < workers) zarrc_cpu_place(p->threads[p->nthreads], p->nthreads + 1, workers + 1);
    p->nthreads++;
  }
  pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static pool *pool_new(zarrc_ctx *ctx, pool *before) {
  unsigned max_threads = ctx->options.threads - 1;
  size_t nbytes;
  if (max_threads < ZARRC_MOST_WAITING - 1) max_threads = ZARRC_MOST_WAITING - 1;
  if (!zarrc_mul_size(max_threads, sizeof(pthread_t), &nbytes) || !zarrc_add_size(nbytes, sizeof(pool), &nbytes))
    return NULL;
  pool *p = zarrc_malloc(ctx, nbytes);
  if (!p) return NULL;
  memset(p, 0, nbytes);
  p->ctx = ctx;
  p->process = zarrc_process_number(&ctx->process);
  p->before = before;
  p->max_threads = max_threads;
  pthread_mutex_init(&p->mutex, NULL);
  pthread_cond_init(&p->work, NULL);
  return p;
}

static void pool_free(pool *p) {
  if (is_here(p)) {
    pthread_mutex_lock(&p->mutex);
    p->stop = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->mutex);
    for (unsigned i = 0; i < p->nthreads; i++) pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->mutex);
  }
  zarrc_free(p->ctx, p);
}

/* Returns the pool of this process; NULL: there is no memory for one. */
static pool *pool_of(zarrc_ctx *ctx) {
  pool *p = atomic_load(&ctx->pool);
  while (!p || !is_here(p)) {
    pool *made = pool_new(ctx, p);
    if (!made) return NULL;
    if (atomic_compare_exchange_strong(&ctx->pool, &p, made)) return made;
    pool_free(made);
  }
  return p;
}

unsigned zarrc_pool_idle(zarrc_ctx *ctx) {
  if (ctx->serial || ctx->options.exec.for_each) return 0;
  pool *p = atomic_load(&ctx->pool);
  if (!p || !is_here(p)) return ctx->options.threads - 1;
  pthread_mutex_lock(&p->mutex);
  unsigned busy = p->nthreads - p->nidle + p->ncalled, workers = workers_of(p);
  pthread_mutex_unlock(&p->mutex);
  return workers > busy ? workers - busy : 0;
}

void zarrc_pool_close(zarrc_ctx *ctx) {
  pool *p = atomic_exchange(&ctx->pool, NULL);
  while (p) {
    pool *before = p->before;
    pool_free(p);
    p = before;
  }
}

/* --------------------------------------------------------------------------------------------------------- loops */

/* Returns the newest seat of the calling thread; NULL: it has none. */
static const seat *own_seat(const pool *p) {
  const seat *s = p->seats;
  while (s && !pthread_equal(s->thread, pthread_self())) s = s->older;
  return s;
}

pthread_t zarrc_ctx_caller(const zarrc_ctx *ctx) {
  pthread_t caller = pthread_self();
  pool *p = atomic_load(&((zarrc_ctx *)ctx)->pool);
  if (!p || !is_here(p)) return caller;
  pthread_mutex_lock(&p->mutex);
  const seat *s = own_seat(p);
  for (const loop *l = s ? s->loop : NULL; l; l = l->outer) caller = l->caller;
  pthread_mutex_unlock(&p->mutex);
  return caller;
}

static void open_loop(pool *p, loop *l) {
  const seat *s = own_seat(p);
  l->caller = pthread_self();
  l->outer = s ? s->loop : NULL;
  if (l->outer) l->throttle = NULL;
  for (const loop *above = l->outer; above; above = above->outer)
    if (above->throttle && atomic_load(&above->throttle->alone)) return;
  l->listed = true;
  l->newer = NULL;
  l->older = p->loops;
  if (l->older) l->older->newer = l;
  p->loops = l;

  unsigned wanted = l->n < l->most ? (unsigned)l->n - 1 : l->most - 1; /* the caller works too */
  for (; wanted > 0 && p->ncalled < p->nidle; wanted--) {
    p->ncalled++;
    pthread_cond_signal(&p->work);
  }
  start_threads(p, wanted, l->waits ? p->max_threads : workers_of(p));
  for (loop *above = l->outer; above; above = above->outer)
    if (above->waiting) pthread_cond_signal(&above->changed);
}

static void close_loop(pool *p, loop *l) {
  if (!l->listed) return;
  *(l->newer ? &l->newer->older : &p->loops) = l->older;
  if (l->older) l->older->newer = l->newer;
}

/* Nanoseconds between two checks for cancellation by a caller that waits for helpers; some hosts can be asked by that
 * thread only. */
#define ASK_NS 100000000

static void wait_for_helpers(pool *p, loop *l) {
  const zarrc_ctx_options *options = &l->ctx->options;
  l->waiting = true;
  if (!options->canceled) {
    pthread_cond_wait(&l->changed, &p->mutex);
  } else {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += ASK_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    if (pthread_cond_timedwait(&l->changed, &p->mutex, &until) == ETIMEDOUT) {
      pthread_mutex_unlock(&p->mutex);
      (void)options->canceled(options->canceled_ud); /* the items check the result themselves */
      pthread_mutex_lock(&p->mutex);
    }
  }
  l->waiting = false;
}

/* Runs a loop; false: the process was forked meanwhile, and items of helpers are lost. */
static bool run_in_pool(pool *p, loop *l) {
  pthread_mutex_lock(&p->mutex);
  open_loop(p, l);
  bool same = work_on(p, l);
  if (!same) return l->inside == 1;
  close_loop(p, l);
  while (same && l->inside > 0) {
    loop *inner = find_work(p, l);
    if (inner) {
      same = work_on(p, inner);
    } else {
      wait_for_helpers(p, l);
    }
  }
  if (same) pthread_mutex_unlock(&p->mutex);
  return same;
}

static void run_for_host(void *arg, size_t i) {
  loop *l = arg;
  zarrc_error error;
  if (i < atomic_load_explicit(&l->end, memory_order_relaxed)) run_item(l, i, &error);
}

zarrc_status zarrc_pool_run(zarrc_ctx *ctx, size_t n, zarrc_status (*fn)(void *arg, size_t i, zarrc_error *error),
                            void *arg, bool all, bool waiting, zarrc_error *error) {
  const zarrc_executor *host = &ctx->options.exec;
  loop l;
  memset(&l, 0, offsetof(loop, error));
  l.ctx = ctx;
  l.n = n;
  l.fn = fn;
  l.arg = arg;
  l.all = all;
  l.lowest = n;
  l.waits = waiting;
  l.most = waiting && ctx->options.threads < ZARRC_MOST_WAITING ? ZARRC_MOST_WAITING : ctx->options.threads;
  atomic_init(&l.next, 0);
  atomic_init(&l.end, n);
  pthread_mutex_init(&l.failing, NULL);
  bool parallel = n > 1 && !ctx->serial, whole = true;
  zarrc_throttle throttle;
  pool *p = parallel && !host->for_each ? pool_of(ctx) : NULL;
  if (parallel && host->for_each) {
    host->for_each(host->ud, n, run_for_host, &l);
  } else if (p) {
    l.inside = 0;
    l.waiting = l.listed = false;
    if (ctx->options.max_memory) {
      zarrc_throttle_open(&throttle, ctx);
      l.throttle = &throttle;
    }
    pthread_cond_init(&l.changed, NULL);
    whole = run_in_pool(p, &l);
    if (whole) {
      pthread_cond_destroy(&l.changed);
      if (ctx->options.max_memory) zarrc_throttle_close(&throttle);
    }
  } else {
    take_items(&l);
  }
  if (!whole) return zarrc_fail(error, ZARRC_CANCELED, "the process was forked while threads of its parent worked");
  pthread_mutex_destroy(&l.failing);
  if (l.status == ZARRC_NO_MEMORY) zarrc_throttle_explain(ctx, &l.error);
  if (l.status && error) *error = l.error;
  return l.status;
}

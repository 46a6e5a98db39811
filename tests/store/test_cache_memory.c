/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/cache.h"

#include "support/context.h"
#include "support/faulty_alloc.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOTAL = 1000 };

static uint8_t byte_of(uint64_t version, uint64_t at) {
  return (uint8_t)(version * 31 + at * 7 + at / 256);
}

static zarrc_cache_version version_of(uint64_t number) {
  return (zarrc_cache_version){.identity = {.word = {number}, .nbytes = TOTAL}, .is_told = true};
}

static void put(zarrc_cache_memory *m, const char *key, uint64_t number, uint64_t begin, uint64_t end) {
  zarrc_cache_version v = version_of(number);
  zarrc_cache_piece *p = zarrc_cache_piece_new(m->ctx, (size_t)(end - begin));
  assert_non_null(p);
  for (uint64_t at = begin; at < end; at++) ((uint8_t *)p->bytes.ptr)[at - begin] = byte_of(number, at);
  v.seen_at = 5;
  v.mark = zarrc_cache_memory_mark(m);
  zarrc_cache_memory_put(m, key, &v, begin, p);
  zarrc_cache_piece_drop(p);
}

/* Checks what is lent, and returns how many bytes are missing. */
static uint64_t get(zarrc_cache_memory *m, const char *key, uint64_t number, uint64_t begin, uint64_t end,
                    bool *is_there) {
  zarrc_cache_version v = version_of(number);
  zarrc_buf buf = zarrc_buf_new(m->ctx, SIZE_MAX);
  uint64_t from = begin, to = end, nfound = 0;
  assert_int_equal(zarrc_cache_memory_get(m, key, &v, &from, &to, &buf, NULL), ZARRC_OK);
  zarrc_cache_part *parts = (zarrc_cache_part *)(void *)buf.ptr;
  assert_true(begin <= from && from <= to && to <= end);
  for (size_t i = 0; i < buf.len / sizeof *parts; i++) {
    for (size_t k = 0; k < parts[i].bytes.len; k++) {
      uint64_t at = parts[i].begin + k;
      assert_true((at >= begin && at < from) || (at >= to && at < end));
      assert_int_equal(parts[i].bytes.ptr[k], byte_of(number, at));
      if (is_there) assert_true(is_there[at]);
    }
    nfound += parts[i].bytes.len;
    zarrc_bytes_release(&parts[i].bytes);
  }
  assert_int_equal(nfound, end - begin - (to - from));
  if (is_there && from < to) assert_false(is_there[from] || is_there[to - 1]);
  zarrc_buf_clear(&buf);
  return to - from;
}

/* Pieces in any order, apart, end to end and over each other, beside a list of which bytes there are. */
static void test_model(void **state) {
  zarrc_cache_memory m;
  bool is_there[TOTAL] = {0};
  uint32_t seed = 1;
  assert_int_equal(zarrc_cache_memory_open(&m, *state, 1 << 20, NULL), ZARRC_OK);
  for (int i = 0; i < 20000; i++) {
    seed = seed * 1664525 + 1013904223;
    uint64_t begin = (seed >> 8) % TOTAL, n = (seed >> 20) % 64 % (TOTAL - begin);
    if (i % 500 == 0) {
      zarrc_cache_memory_forget(&m, "k");
      memset(is_there, 0, sizeof is_there);
    }
    if (i & 1) {
      uint64_t end = begin + n;
      bool is_cut = (begin > 0 && n > 0 && is_there[begin] && is_there[begin - 1]) ||
                    (end < TOTAL && n > 0 && is_there[end - 1] && is_there[end]);
      if (is_cut) continue; /* it may overlap another piece in part, and is left out then */
      put(&m, "k", 1, begin, end);
      for (uint64_t at = begin; at < end; at++) is_there[at] = true;
    } else {
      get(&m, "k", 1, begin, begin + n, is_there);
    }
    assert_int_equal(get(&m, "other", 1, begin, begin + n, NULL), n);
    assert_int_equal(get(&m, "k", 2, begin, begin + n, NULL), n);
  }
  zarrc_cache_memory_close(&m);
}

/* Pieces that overlap in part: the older one stays. */
static void test_overlap(void **state) {
  zarrc_cache_memory m;
  assert_int_equal(zarrc_cache_memory_open(&m, *state, 1 << 20, NULL), ZARRC_OK);
  put(&m, "k", 1, 100, 200);
  put(&m, "k", 1, 150, 250);
  assert_int_equal(get(&m, "k", 1, 100, 250, NULL), 50);
  put(&m, "k", 1, 50, 250);
  assert_int_equal(get(&m, "k", 1, 50, 250, NULL), 0);
  put(&m, "k", 1, 60, 70);
  assert_int_equal(get(&m, "k", 1, 50, 250, NULL), 0);
  put(&m, "k", 2, 0, 10); /* another version */
  assert_int_equal(get(&m, "k", 1, 50, 250, NULL), 200);
  assert_int_equal(get(&m, "k", 2, 0, 10, NULL), 0);
  zarrc_cache_memory_close(&m);
}

/* The limit holds, and what was read again stays longer than what was read once. */
static void test_limit(void **state) {
  enum { LIMIT = 100000 };
  zarrc_cache_memory m;
  zarrc_ctx *ctx = *state;
  uint64_t nbytes, nevicted;
  char key[20];
  uint64_t before = zarrc_ctx_memory(ctx);
  assert_int_equal(zarrc_cache_memory_open(&m, ctx, LIMIT, NULL), ZARRC_OK);
  for (int i = 0; i < 20; i++) {
    snprintf(key, sizeof key, "often/%d", i);
    put(&m, key, 1, 0, TOTAL);
    assert_int_equal(get(&m, key, 1, 0, TOTAL, NULL), 0);
  }
  for (int i = 0; i < 1000; i++) {
    snprintf(key, sizeof key, "once/%d", i);
    put(&m, key, 1, 0, TOTAL);
    assert_int_equal(get(&m, "k", 1, 0, TOTAL, NULL), TOTAL);
    zarrc_cache_memory_count(&m, &nbytes, &nevicted);
    assert_true(nbytes <= LIMIT);
    assert_true(zarrc_ctx_memory(ctx) - before < LIMIT + 20000);
  }
  assert_true(nbytes > LIMIT - 2000);
  assert_true(nevicted > 900);
  for (int i = 0; i < 20; i++) {
    snprintf(key, sizeof key, "often/%d", i);
    assert_int_equal(get(&m, key, 1, 0, TOTAL, NULL), 0);
  }
  assert_int_equal(get(&m, "once/0", 1, 0, TOTAL, NULL), TOTAL);
  assert_int_equal(get(&m, "once/999", 1, 0, TOTAL, NULL), 0);
  for (int i = 0; i < 1000; i++) { /* what is read again one after the other fills no more than the limit either */
    snprintf(key, sizeof key, "again/%d", i);
    put(&m, key, 1, 0, TOTAL);
    assert_int_equal(get(&m, key, 1, 0, TOTAL, NULL), 0);
  }
  zarrc_cache_memory_count(&m, &nbytes, &nevicted);
  assert_true(nbytes <= LIMIT && nbytes > LIMIT / 2);
  zarrc_cache_memory_forget_below(&m, "again");
  assert_int_equal(get(&m, "again/999", 1, 0, TOTAL, NULL), TOTAL);
  zarrc_cache_memory_close(&m);
  assert_int_equal(zarrc_ctx_memory(ctx), before);

  /* What is larger than a quarter of the limit would drive out too much. */
  assert_int_equal(zarrc_cache_memory_open(&m, ctx, 3 * TOTAL, NULL), ZARRC_OK);
  put(&m, "k", 1, 0, TOTAL);
  assert_int_equal(get(&m, "k", 1, 0, TOTAL, NULL), TOTAL);
  put(&m, "k", 1, 0, 100);
  assert_int_equal(get(&m, "k", 1, 0, 100, NULL), 0);
  zarrc_cache_memory_close(&m);
}

/* A version that was asked for while something was being changed is kept, but nobody says that it is the newest one. */
static void test_marks(void **state) {
  zarrc_cache_memory m;
  zarrc_cache_version v = version_of(1), found;
  assert_int_equal(zarrc_cache_memory_open(&m, *state, 1 << 20, NULL), ZARRC_OK);
  assert_false(zarrc_cache_memory_find(&m, "k", &found));
  put(&m, "k", 1, 0, 10);
  assert_true(zarrc_cache_memory_find(&m, "k", &found));
  assert_int_equal(found.seen_at, 5);
  v.seen_at = 9;
  v.mark = zarrc_cache_memory_mark(&m);
  zarrc_cache_memory_begin_change(&m);
  zarrc_cache_memory_see(&m, "k", &v);
  assert_true(zarrc_cache_memory_find(&m, "k", &found));
  assert_int_equal(found.seen_at, 5);
  v.mark = zarrc_cache_memory_mark(&m);
  zarrc_cache_memory_begin_change(&m);
  zarrc_cache_memory_end_change(&m);
  zarrc_cache_memory_see(&m, "k", &v);
  zarrc_cache_memory_end_change(&m);
  zarrc_cache_memory_see(&m, "k", &v);
  assert_true(zarrc_cache_memory_find(&m, "k", &found));
  assert_int_equal(found.seen_at, 5);
  v.mark = zarrc_cache_memory_mark(&m);
  zarrc_cache_memory_see(&m, "k", &v);
  assert_true(zarrc_cache_memory_find(&m, "k", &found));
  assert_int_equal(found.seen_at, 9);
  zarrc_cache_memory_close(&m);
}

typedef struct racer {
  zarrc_cache_memory *m;
  uint32_t seed;
} racer;

static void *race(void *arg) {
  racer *r = arg;
  for (int i = 0; i < 3000; i++) {
    char key[20];
    r->seed = r->seed * 1664525 + 1013904223;
    uint64_t begin = (r->seed >> 8) % (TOTAL - 100), version = (r->seed >> 28) % 2;
    snprintf(key, sizeof key, "%u", (r->seed >> 16) % 10);
    if (i % 3 == 0) put(r->m, key, version, begin, begin + 100);
    if (i % 100 == 0) zarrc_cache_memory_forget(r->m, key);
    get(r->m, key, version, begin, begin + 100, NULL);
  }
  return NULL;
}

static void test_threads(void **state) {
  zarrc_cache_memory m;
  pthread_t threads[8];
  racer racers[8];
  assert_int_equal(zarrc_cache_memory_open(&m, *state, 5000, NULL), ZARRC_OK);
  for (uint32_t i = 0; i < 8; i++) {
    racers[i] = (racer){&m, i};
    assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
  }
  for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
  zarrc_cache_memory_close(&m);
}

static zarrc_status keep_something(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *ctx;
  zarrc_cache_memory m;
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (status) return status;
  status = zarrc_cache_memory_open(&m, ctx, 100000, NULL);
  for (uint64_t i = 0; i < 10 && !status; i++) {
    zarrc_cache_version v = version_of(1);
    zarrc_cache_piece *p = zarrc_cache_piece_new(ctx, 10);
    if (!p) status = ZARRC_NO_MEMORY;
    if (p) memset((uint8_t *)p->bytes.ptr, 1, 10);
    if (p) zarrc_cache_memory_put(&m, "k", &v, i * 20, p); /* is left out if there is no memory */
    zarrc_cache_piece_drop(p);
  }
  if (m.buckets) zarrc_cache_memory_close(&m);
  zarrc_ctx_close(ctx);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  faulty_alloc_each(NULL, keep_something, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_model), cmocka_unit_test(test_overlap), cmocka_unit_test(test_limit),
      cmocka_unit_test(test_marks), cmocka_unit_test(test_threads), cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

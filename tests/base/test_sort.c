/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/sort.h"

#include <stdlib.h>

typedef struct keys {
  const int *of;
  size_t ncompared;
} keys;

static int compare(const void *of, uint32_t a, uint32_t b) {
  keys *k = (keys *)(uintptr_t)of;
  k->ncompared++;
  return k->of[a] != k->of[b] ? (k->of[a] > k->of[b]) - (k->of[a] < k->of[b]) : (a > b) - (a < b);
}

static void check(const int *values, uint32_t n) {
  uint32_t *index = malloc((n ? n : 1) * sizeof *index);
  char *seen = calloc(n + 1, 1);
  keys k = {values, 0};
  zarrc_sort(index, n, compare, &k);
  for (uint32_t i = 0; i < n; i++) {
    assert_true(index[i] < n);
    assert_false(seen[index[i]]);
    seen[index[i]] = 1;
    if (i) assert_true(compare(&k, index[i - 1], index[i]) < 0);
  }
  free(index);
  free(seen);
}

static void sorts(void **state) {
  (void)state;
  int values[300] = {0};
  check(values, 0);
  for (uint32_t n = 1; n <= 300; n += n < 20 ? 1 : 35) {
    for (int kind = 0; kind < 5; kind++) {
      unsigned x = n;
      for (uint32_t i = 0; i < n; i++) {
        x = x * 1103515245 + 12345;
        int made[] = {(int)(x >> 8), (int)(x >> 16 & 3), (int)i, -(int)i, 7};
        values[i] = made[kind];
      }
      check(values, n);
    }
  }
}

static int compare_with(const void *of, uint32_t i, const void *wanted) {
  int value = ((const keys *)of)->of[i], other = *(const int *)wanted;
  return (value > other) - (value < other);
}

static void finds(void **state) {
  (void)state;
  int values[40];
  uint32_t index[40];
  keys k = {values, 0};
  for (uint32_t i = 0; i < 40; i++) values[i] = (int)(i * 17 % 40) * 2; /* the even numbers below 80, mixed */
  for (uint32_t n = 0; n <= 40; n++) {
    zarrc_sort(index, n, compare, &k);
    for (int wanted = -1; wanted <= 80; wanted++) {
      bool there = false;
      for (uint32_t i = 0; i < n; i++) there |= values[i] == wanted;
      assert_int_equal(zarrc_sorted_has(index, n, compare_with, &k, &wanted), there);
    }
  }
}

static void never_quadratic(void **state) {
  (void)state;
  enum { N = 20000 };
  static int values[N];
  static uint32_t index[N];
  for (int kind = 0; kind < 3; kind++) {
    for (int i = 0; i < N; i++) values[i] = kind == 0 ? i : kind == 1 ? N - i : 0;
    keys k = {values, 0};
    zarrc_sort(index, N, compare, &k);
    assert_true(k.ncompared < (size_t)N * 2 * 16);
  }
}

/* Numbers that occur more than once, in few or all of their bytes. */
static void sorts_by_key(void **state) {
  (void)state;
  for (uint32_t n = 0; n <= 300; n += n < 20 ? 1 : 35) {
    for (int kind = 0; kind < 5; kind++) {
      uint64_t *key = malloc((n ? n : 1) * sizeof *key), x = n;
      uint32_t *index = malloc((n ? n : 1) * sizeof *index), *spare = malloc((n ? n : 1) * sizeof *spare);
      for (uint32_t i = 0; i < n; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        uint64_t made[] = {x, x >> 40 & 7, x >> 16 & (uint64_t)255 << 40, i, UINT64_MAX - i};
        key[i] = made[kind];
        index[i] = n - 1 - i; /* equal ones: the later number first */
      }
      zarrc_sort_by_key(index, n, key, spare);
      for (uint32_t i = 1; i < n; i++) {
        assert_true(key[index[i - 1]] <= key[index[i]]);
        if (key[index[i - 1]] == key[index[i]]) assert_true(index[i - 1] > index[i]);
      }
      free(key);
      free(index);
      free(spare);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(sorts), cmocka_unit_test(finds),
                                     cmocka_unit_test(never_quadratic), cmocka_unit_test(sorts_by_key)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/order.h"

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
  zarrc_order(index, n, compare, &k);
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

static void never_quadratic(void **state) {
  (void)state;
  enum { N = 20000 };
  static int values[N];
  static uint32_t index[N];
  for (int kind = 0; kind < 3; kind++) {
    for (int i = 0; i < N; i++) values[i] = kind == 0 ? i : kind == 1 ? N - i : 0;
    keys k = {values, 0};
    zarrc_order(index, N, compare, &k);
    assert_true(k.ncompared < (size_t)N * 2 * 16);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(sorts), cmocka_unit_test(never_quadratic)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "support/files.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_allowed(void **state) {
  (void)state;
  unsigned all = zarrc_cpu_features(ZARRC_CPU_ALL);
  assert_int_equal(zarrc_cpu_features(0), 0);
  for (unsigned bit = 1; bit < ZARRC_CPU_ALL; bit *= 2) assert_int_equal(zarrc_cpu_features(bit), all & bit);
}

/* The kernel's list of features is the judge. */
static void test_against_the_kernel(void **state) {
  (void)state;
  static const struct {
    const char *word;
    unsigned bit;
  } features[] = {
      {" ssse3 ", ZARRC_CPU_SSSE3}, {" sse4_2 ", ZARRC_CPU_SSE42},      {" pclmulqdq ", ZARRC_CPU_PCLMUL},
      {" avx2 ", ZARRC_CPU_AVX2},   {" avx512f ", ZARRC_CPU_AVX512F},   {" avx512bw ", ZARRC_CPU_AVX512BW},
      {" fma ", ZARRC_CPU_FMA},     {" avx512dq ", ZARRC_CPU_AVX512DQ}, {" avx512vbmi ", ZARRC_CPU_AVX512VBMI}};
  FILE *f = fopen("/proc/cpuinfo", "r");
  if (!f) skip();
  char line[16384];
  bool found = false;
  while (!found && fgets(line, sizeof line, f)) found = strncmp(line, "flags", 5) == 0;
  fclose(f);
#if !defined __x86_64__ && !defined __i386__
  found = false; /* an emulator may show the flags of its host */
#endif
  if (!found) skip();
  line[strcspn(line, "\n")] = 0;
  strcat(line, " ");
  unsigned all = zarrc_cpu_features(ZARRC_CPU_ALL);
  for (size_t i = 0; i < sizeof features / sizeof *features; i++)
    assert_int_equal((all & features[i].bit) != 0, strstr(line, features[i].word) != NULL);
}

static void test_count_follows_affinity(void **state) {
  (void)state;
  cpu_set_t before, one;
  assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
  assert_in_range(zarrc_cpu_count(), 1, (unsigned)CPU_COUNT(&before));
  CPU_ZERO(&one);
  for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
    if (CPU_ISSET(i, &before)) CPU_SET(i, &one);
  assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
  assert_int_equal(zarrc_cpu_count(), 1);
  assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

static unsigned quota(const char *root, const char *groups) {
  char *list = path_in(root, "list");
  file_write_text(list, groups);
  unsigned n = zarrc_cpu_quota(list, root);
  free(list);
  return n;
}

static void set_max(const char *root, const char *group, const char *text) {
  char *path = path_in(root, group);
  file_write_text(path, text);
  free(path);
}

static void test_quota(void **state) {
  (void)state;
  char *root = tree_make();
  assert_int_equal(zarrc_cpu_quota("/nowhere/at/all", root), 0);
  assert_int_equal(quota(root, ""), 0);
  assert_int_equal(quota(root, "0::/a/b\n"), 0);
  set_max(root, "a/b/cpu.max", "max 100000\n");
  assert_int_equal(quota(root, "0::/a/b\n"), 0);
  set_max(root, "a/b/cpu.max", "350000 100000\n");
  assert_int_equal(quota(root, "0::/a/b\n"), 4);
  set_max(root, "a/b/cpu.max", "400000 100000\n");
  assert_int_equal(quota(root, "0::/a/b\n"), 4);
  assert_int_equal(quota(root, "0::/a/b"), 4);
  assert_int_equal(quota(root, "12:cpu:/x\n1:name=systemd:/\n0::/a/b\n"), 4);
  assert_int_equal(quota(root, "12:cpu:/a/b\n"), 0);
  assert_int_equal(quota(root, "0::/a\n"), 0);
  set_max(root, "a/cpu.max", "250000 100000\n"); /* the group above grants less */
  assert_int_equal(quota(root, "0::/a/b\n"), 3);
  set_max(root, "cpu.max", "1000 100000\n");
  assert_int_equal(quota(root, "0::/a/b\n"), 1);
  assert_int_equal(quota(root, "0::/\n"), 1);
  assert_int_equal(quota(root, "0::/../../elsewhere\n"), 1);
  set_max(root, "cpu.max", "0 100000\n");
  assert_int_equal(quota(root, "0::/\n"), 1);
  static const char *const bad[] = {"", "max", "5", "5 0\n", "x y\n", "18446744073709551615 1\n"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    set_max(root, "cpu.max", bad[i]);
    assert_int_equal(quota(root, "0::/\n"), 0);
  }
  char longest[9000] = "0::/";
  memset(longest + 4, 'g', sizeof longest - 5);
  assert_int_equal(quota(root, longest), 0);
  tree_remove(root);
}

#ifdef __linux__
static void *wait_for_end(void *arg) {
  pthread_mutex_t *end = arg;
  pthread_mutex_lock(end);
  pthread_mutex_unlock(end);
  return NULL;
}

/* A placed thread may run wherever its maker may, on all processors or on one. */
static void test_place(void **state) {
  (void)state;
  cpu_set_t before, one, after;
  assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
  for (int narrow = 0; narrow < 2; narrow++) {
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    if (narrow && sched_setaffinity(0, sizeof one, &one) != 0) skip();
    for (unsigned k = 0; k < 5; k++) {
      pthread_mutex_t end = PTHREAD_MUTEX_INITIALIZER;
      pthread_t thread;
      pthread_mutex_lock(&end);
      assert_int_equal(pthread_create(&thread, NULL, wait_for_end, &end), 0);
      zarrc_cpu_place(thread, k, k == 4 ? 1 : 1u << 20);
      assert_int_equal(pthread_getaffinity_np(thread, sizeof after, &after), 0);
      assert_true(CPU_EQUAL(&after, narrow ? &one : &before));
      pthread_mutex_unlock(&end);
      pthread_join(thread, NULL);
    }
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
  }
}
#else
static void test_place(void **state) {
  (void)state;
  skip();
}
#endif

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_allowed),
      cmocka_unit_test(test_against_the_kernel),
      cmocka_unit_test(test_count_follows_affinity),
      cmocka_unit_test(test_quota),
      cmocka_unit_test(test_place),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

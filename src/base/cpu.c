/* SPDX-License-Identifier: MIT */
#include "base/cpu.h"

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

unsigned zarrc_cpu_features(unsigned allowed) {
  unsigned found = 0;
#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("ssse3")) found |= ZARRC_CPU_SSSE3;
  if (__builtin_cpu_supports("sse4.2")) found |= ZARRC_CPU_SSE42;
  if (__builtin_cpu_supports("pclmul")) found |= ZARRC_CPU_PCLMUL;
  if (__builtin_cpu_supports("avx2")) found |= ZARRC_CPU_AVX2;
  if (__builtin_cpu_supports("avx512f")) found |= ZARRC_CPU_AVX512F;
  if (__builtin_cpu_supports("avx512bw")) found |= ZARRC_CPU_AVX512BW;
  if (__builtin_cpu_supports("avx512dq")) found |= ZARRC_CPU_AVX512DQ;
  if (__builtin_cpu_supports("avx512vbmi")) found |= ZARRC_CPU_AVX512VBMI;
  if (__builtin_cpu_supports("fma")) found |= ZARRC_CPU_FMA;
#endif
  return found & allowed;
}

/* Reads the beginning of a small file as text; false: there is none. */
static bool read_text(const char *path, char *text, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return false;
  ssize_t n = read(fd, text, size - 1);
  close(fd);
  text[n > 0 ? n : 0] = 0;
  return n > 0;
}

unsigned zarrc_cpu_quota(const char *list, const char *mount) {
  char groups[4096], path[8192], text[64];
  if (!read_text(list, groups, sizeof groups)) return 0;
  char *group = strncmp(groups, "0::/", 4) == 0 ? groups : strstr(groups, "\n0::/");
  if (!group) return 0;
  group = strchr(group, '/');
  group[strcspn(group, "\n")] = 0;
  if (strstr(group, "/..")) *group = 0;
  unsigned least = 0;
  for (char *end = group + strlen(group);; end = strrchr(group, '/')) {
    if (!end) break;
    *end = 0;
    unsigned long long quota, period;
    int n = snprintf(path, sizeof path, "%s%s/cpu.max", mount, group);
    if (n < 0 || (size_t)n >= sizeof path || !read_text(path, text, sizeof text)) continue;
    if (sscanf(text, "%llu %llu", &quota, &period) != 2 || period == 0) continue;
    unsigned long long ncpus = quota / period + (quota % period != 0);
    if (ncpus == 0) ncpus = 1;
    if (ncpus < 1u << 16 && (least == 0 || ncpus < least)) least = (unsigned)ncpus;
  }
  return least;
}

unsigned zarrc_cpu_count(void) {
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  unsigned count = online > 0 && online < 1 << 16 ? (unsigned)online : 1;
#ifdef __linux__
  cpu_set_t set[8]; /* 8192 processors */
  if (sched_getaffinity(0, sizeof set, set) == 0) {
    int usable = CPU_COUNT_S(sizeof set, set);
    if (usable > 0) count = (unsigned)usable;
  }
  unsigned quota = zarrc_cpu_quota("/proc/self/cgroup", "/sys/fs/cgroup");
  if (quota && quota < count) count = quota;
#endif
  return count;
}

void zarrc_cpu_place(pthread_t thread, unsigned k, unsigned nthreads) {
#ifdef __linux__
  cpu_set_t all[8], one[8]; /* 8192 processors */
  int cpu = sched_getcpu(), ncpus = (int)sizeof all * 8;
  if (cpu < 0 || cpu >= ncpus || sched_getaffinity(0, sizeof all, all) != 0) return;
  unsigned usable = (unsigned)CPU_COUNT_S(sizeof all, all);
  if (usable < 2 || nthreads < usable) return;
  for (k %= usable; k > 0;) {
    cpu = (cpu + 1) % ncpus;
    if (CPU_ISSET_S(cpu, sizeof all, all)) k--;
  }
  CPU_ZERO_S(sizeof one, one);
  CPU_SET_S(cpu, sizeof one, one);
  if (pthread_setaffinity_np(thread, sizeof one, one) == 0) pthread_setaffinity_np(thread, sizeof all, all);
#else
  (void)thread, (void)k, (void)nthreads;
#endif
}

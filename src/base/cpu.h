/* SPDX-License-Identifier: MIT */
/* What the processor can do, and how much of the machine the process may use. Nothing is remembered. */
#ifndef ZARRC_BASE_CPU_H
#define ZARRC_BASE_CPU_H

#include <pthread.h>

/* Bits: instruction sets that both the processor and the operating system support. */
enum {
  ZARRC_CPU_SSSE3 = 1,
  ZARRC_CPU_SSE42 = 2,
  ZARRC_CPU_PCLMUL = 4,
  ZARRC_CPU_AVX2 = 8,
  ZARRC_CPU_AVX512F = 16,
  ZARRC_CPU_AVX512BW = 32,
  ZARRC_CPU_ALL = 63
};

/* Those of the `allowed` ones that are there. Tests allow fewer to reach the plain versions; the library all. */
unsigned zarrc_cpu_features(unsigned allowed);

/* Processors that the process may use at once, at least 1: its affinity, and what its control groups (v2) grant. */
unsigned zarrc_cpu_count(void);

/* Moves a thread that was just made, the k-th of nthreads with the caller as number 0, to the k-th processor after the
 * caller's, and lets it go where it likes from there: else it may share the caller's for milliseconds while others are
 * idle, above all in virtual machines. Without effect where threads are fewer than the processors that they may use, as
 * the system then finds them better places, and where it cannot be done. */
void zarrc_cpu_place(pthread_t thread, unsigned k, unsigned nthreads);

/* The smallest cpu.max, in whole processors rounded up, of the control group that the list (/proc/self/cgroup) names
 * and of the groups above it; mount is where the groups' files are. 0: no limit. */
unsigned zarrc_cpu_quota(const char *list, const char *mount);

#endif

/* SPDX-License-Identifier: MIT */
/* The processor's features, and the processors that the process may use. Nothing is cached. */
#ifndef ZARRC_BASE_CPU_H
#define ZARRC_BASE_CPU_H

#include <pthread.h>

/* Instruction sets that both the processor and the operating system support, as bits. */
enum {
  ZARRC_CPU_SSSE3 = 1,
  ZARRC_CPU_SSE42 = 2,
  ZARRC_CPU_PCLMUL = 4,
  ZARRC_CPU_AVX2 = 8,
  ZARRC_CPU_AVX512F = 16,
  ZARRC_CPU_AVX512BW = 32,
  ZARRC_CPU_FMA = 64,
  ZARRC_CPU_AVX512DQ = 128,
  ZARRC_CPU_AVX512VBMI = 256,
  ZARRC_CPU_ALL = 511
};

/* Returns which of the allowed features are supported. The library allows all; tests allow fewer. */
unsigned zarrc_cpu_features(unsigned allowed);

/* Returns the number of processors that the process may use (affinity, control groups of version 2), at least 1. */
unsigned zarrc_cpu_count(void);

/* Moves a new thread, number k of nthreads (the caller is number 0), to the k-th processor after the caller's, and then
 * lets it run anywhere. Otherwise it may share the caller's processor for milliseconds while others are idle,
 * especially in virtual machines. Does nothing if there are fewer threads than processors, which the system handles
 * well. */
void zarrc_cpu_place(pthread_t thread, unsigned k, unsigned nthreads);

/* Returns the smallest CPU quota, in processors rounded up, of the control group named in the file `list`
 * (/proc/self/cgroup) and of the groups above it; 0: no limit. mount: the directory of control groups. */
unsigned zarrc_cpu_quota(const char *list, const char *mount);

#endif

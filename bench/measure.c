/* SPDX-License-Identifier: MIT */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double bench_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double bench_cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A line of /proc/self/status, in KiB; 0 where there is none. */
static uint64_t status_kb(const char *name) {
  char line[256];
  uint64_t kb = 0;
  FILE *file = fopen("/proc/self/status", "r");
  if (file == NULL) return 0;
  while (kb == 0 && fgets(line, sizeof line, file) != NULL)
    if (strncmp(line, name, strlen(name)) == 0) kb = strtoull(line + strlen(name) + 1, NULL, 10);
  fclose(file);
  return kb;
}

void bench_start(bench_result *result) {
  FILE *file = fopen("/proc/self/clear_refs", "w"); /* 5: the peak of resident memory is what is resident now */
  if (file != NULL) {
    fputs("5", file);
    fclose(file);
  }
  result->before_kb = status_kb("VmRSS");
  result->cpu = bench_cpu_seconds();
  result->wall = bench_seconds();
}

void bench_stop(bench_result *result) {
  result->wall = bench_seconds() - result->wall;
  result->cpu = bench_cpu_seconds() - result->cpu;
  result->peak_kb = status_kb("VmHWM");
}

uint64_t bench_draw(uint64_t *state, uint64_t below) {
  *state = *state * 6364136223846793005U + 1442695040888963407U;
  return (*state >> 33) % below;
}

/* SPDX-License-Identifier: MIT */
/* What all programs here share: clock and memory (measure.c), memory for elements and .npy files (memory.c). */
#ifndef ZARRC_BENCH_MEASURE_H
#define ZARRC_BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one run measured. */
typedef struct bench_result {
  double wall, cpu;            /* seconds */
  uint64_t before_kb, peak_kb; /* resident before the clock ran, and the most while it did */
  uint64_t bytes, sum;         /* of elements moved; of all their bytes, or of the first byte of each chunk */
  uint64_t destination;        /* bytes that the caller holds at once for what is read */
} bench_result;

/* Forgets the peak of resident memory and starts the clock; stops it. bytes and sum are not touched. */
void bench_start(bench_result *result);
void bench_stop(bench_result *result);

/* The positions that every tool of a comparison draws: a linear congruential generator. */
uint64_t bench_draw(uint64_t *state, uint64_t below);

/* The time of the clock, and that of all processors for this process. */
double bench_seconds(void);
double bench_cpu_seconds(void);

/* Fresh pages, huge ones where the system has them. NULL: no memory. */
void *bench_pages(size_t nbytes);
void bench_pages_free(void *p, size_t nbytes);

/* All elements of a .npy file with little-endian elements in C order; NULL where there is no such file. Given back with
 * bench_pages_free. */
uint8_t *bench_read_npy(const char *path, uint64_t *nbytes);

#endif

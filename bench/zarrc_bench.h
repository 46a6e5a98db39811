/* SPDX-License-Identifier: MIT */
/* What the parts of zarrc-bench share: zarrc_bench.c is the protocol, operations.c does the work, meter.c measures. */
#ifndef ZARRC_BENCH_H
#define ZARRC_BENCH_H

#include <zarrc/zarrc.h>

typedef struct bench_options {
  const char *op, *store, *source, *out; /* --src, --out: NULL where not given */
  uint64_t n, seed, memory;              /* memory 0: not given */
  int64_t box;
  unsigned threads; /* 0: as many as the process may use */
} bench_options;

/* What one run measured. */
typedef struct bench_result {
  double wall, cpu;            /* seconds */
  uint64_t before_kb, peak_kb; /* resident before the clock ran, and the most while it did */
  uint64_t bytes, sum;         /* of elements moved; of all their bytes, or of the first byte of each chunk */
} bench_result;

/* ------------------------------------------------------------------------------------------------ measuring */

/* Forgets the peak of resident memory and starts the clock; stops it. bytes and sum are not touched. */
void bench_start(bench_result *result);
void bench_stop(bench_result *result);

/* The positions that every tool of a comparison draws: a linear congruential generator. */
uint64_t bench_draw(uint64_t *state, uint64_t below);

/* ----------------------------------------------------------------------------------------------- operations */

typedef struct bench_run {
  const bench_options *options;
  zarrc_ctx *ctx;
  zarrc_array *array;
  zarrc_array *copy;     /* what reencode writes */
  const uint8_t *source; /* all elements in C order: what write and partial write */
  bench_result result;
} bench_run;

typedef struct bench_operation {
  const char *name;
  bool writes, needs_source, needs_out;
  zarrc_status (*run)(bench_run *run, zarrc_error *error);
} bench_operation;

/* NULL: there is no such operation. */
const bench_operation *bench_find_operation(const char *name);

#endif

/* SPDX-License-Identifier: MIT */
/* The parts of zarrc-bench: zarrc_bench.c is the protocol, operations.c does the work. */
#ifndef ZARRC_BENCH_H
#define ZARRC_BENCH_H

#include "measure.h"

#include <zarrc/zarrc.h>

typedef struct bench_options {
  const char *op, *store, *source, *out; /* --src, --out: NULL where not given */
  uint64_t n, seed, memory;              /* memory 0: not given */
  int64_t box;
  unsigned threads; /* 0: as many as the process may use */
} bench_options;

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

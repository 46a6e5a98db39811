/* SPDX-License-Identifier: MIT */
/*
 * zarrc-bench OP STORE [--src F.npy] [--n N] [--seed S] [--box B] [--out STORE2] [--threads N] [--memory BYTES]
 *
 * Does one thing to the array in STORE and prints one line of JSON: wall and cpu seconds, bytes moved, their sum, bytes
 * held for the elements (destination), and memory in KiB (hwm_kb: the peak of resident memory; drss_kb: its rise;
 * library_kb: the most the library held).
 *   read_all     the whole array into memory of the library's allocator (sum: of all bytes)
 *   read_chunks  chunk by chunk, as many at once as threads (sum: of the first byte of each)
 *   read_inner   N inner chunks at random, likewise
 *   elems, boxes N single elements, N boxes of B on each axis, at random (sum: of all bytes)
 *   write        all of F.npy into the array, which is there without chunks
 *   partial      N boxes of F.npy over what is stored
 *   reencode     STORE into the array in STORE2, as `zarrc copy` does; --memory means what it means there
 * --memory is else the most that the library may hold. Exit codes are those of the command.
 */
#include "zarrc_bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static zarrc_status number(const char *name, const char *text, uint64_t *out, zarrc_error *error) {
  char *end;
  errno = 0;
  *out = strtoull(text, &end, 10);
  if (errno == 0 && end != text && *end == 0 && *text != '-') return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%s: '%s' is no number", name, text);
}

static zarrc_status parse(int argc, char **argv, bench_options *o, zarrc_error *error) {
  uint64_t box = 40, threads = 0;
  zarrc_status status = ZARRC_OK;
  *o = (bench_options){.n = 100, .seed = 1};
  if (argc < 3 || argc % 2 == 0) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "OP STORE [--option value]...");
  o->op = argv[1];
  o->store = argv[2];
  for (int i = 3; i < argc && status == ZARRC_OK; i += 2) {
    const char *name = argv[i], *value = argv[i + 1];
    if (strcmp(name, "--src") == 0)
      o->source = value;
    else if (strcmp(name, "--out") == 0)
      o->out = value;
    else if (strcmp(name, "--n") == 0)
      status = number(name, value, &o->n, error);
    else if (strcmp(name, "--seed") == 0)
      status = number(name, value, &o->seed, error);
    else if (strcmp(name, "--box") == 0)
      status = number(name, value, &box, error);
    else if (strcmp(name, "--threads") == 0)
      status = number(name, value, &threads, error);
    else if (strcmp(name, "--memory") == 0)
      status = number(name, value, &o->memory, error);
    else
      status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "there is no option %s", name);
  }
  if (status == ZARRC_OK && (box > INT32_MAX || threads > 1024))
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a box or so many threads cannot be");
  o->box = (int64_t)box;
  o->threads = (unsigned)threads;
  return status;
}

static zarrc_status open_array(zarrc_ctx *ctx, const char *url, bool read_only, zarrc_store **store,
                               zarrc_array **array, zarrc_error *error) {
  zarrc_open_options options = {.struct_size = sizeof options, .read_only = read_only};
  char *path = NULL;
  zarrc_status status = zarrc_store_open(ctx, url, &options, store, &path, error);
  if (status == ZARRC_OK) status = zarrc_array_open(*store, path, NULL, array, error);
  zarrc_free(ctx, path);
  return status;
}

static void print(const bench_run *run) {
  const bench_result *r = &run->result;
  printf("{\"op\": \"%s\", \"wall\": %.9f, \"cpu\": %.6f, \"hwm_kb\": %llu, \"drss_kb\": %llu, \"library_kb\": %llu, "
         "\"threads\": %u, \"bytes\": %llu, \"destination\": %llu, \"sum\": %llu}\n",
         run->options->op, r->wall, r->cpu, (unsigned long long)r->peak_kb,
         (unsigned long long)(r->peak_kb - r->before_kb), (unsigned long long)(zarrc_ctx_memory_peak(run->ctx) / 1024),
         zarrc_ctx_get_options(run->ctx)->threads, (unsigned long long)r->bytes, (unsigned long long)r->destination,
         (unsigned long long)r->sum);
}

static zarrc_status read_source(bench_run *run, zarrc_error *error) {
  uint64_t wanted = zarrc_array_dtype(run->array)->item_size, nbytes = 0;
  for (int i = 0; i < zarrc_array_ndim(run->array); i++) wanted *= (uint64_t)zarrc_array_shape(run->array)[i];
  run->source = bench_read_npy(run->options->source, &nbytes);
  if (run->source != NULL && nbytes == wanted) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT,
                    "%s: no .npy file with the array's %llu bytes, little-endian, C order", run->options->source,
                    (unsigned long long)wanted);
}

static zarrc_status run(const bench_options *options, const bench_operation *operation, zarrc_error *error) {
  zarrc_ctx_options limits = {.struct_size = sizeof limits, .threads = options->threads};
  bench_run run = {.options = options};
  zarrc_store *store = NULL, *out = NULL;
  if (!operation->needs_out) limits.max_memory = options->memory;
  zarrc_status status = zarrc_ctx_open(&limits, &run.ctx, error);
  if (status == ZARRC_OK) status = open_array(run.ctx, options->store, !operation->writes, &store, &run.array, error);
  if (status == ZARRC_OK && operation->needs_out)
    status = open_array(run.ctx, options->out, false, &out, &run.copy, error);
  if (status == ZARRC_OK && operation->needs_source) status = read_source(&run, error);
  if (status == ZARRC_OK) status = operation->run(&run, error);
  if (status == ZARRC_OK) print(&run);
  zarrc_array_close(run.copy);
  zarrc_array_close(run.array);
  zarrc_store_close(out);
  zarrc_store_close(store);
  zarrc_ctx_close(run.ctx);
  return status;
}

int main(int argc, char **argv) {
  zarrc_error error = {0};
  bench_options options;
  zarrc_status status = parse(argc, argv, &options, &error);
  const bench_operation *operation = NULL;
  if (status == ZARRC_OK) {
    operation = bench_find_operation(options.op);
    if (operation == NULL)
      status = zarrc_fail(&error, ZARRC_INVALID_ARGUMENT, "there is no operation %s", options.op);
    else if ((operation->needs_source && options.source == NULL) || (operation->needs_out && options.out == NULL))
      status = zarrc_fail(&error, ZARRC_INVALID_ARGUMENT, "%s needs %s", options.op,
                          operation->needs_out ? "--out" : "--src");
  }
  if (status == ZARRC_OK) status = run(&options, operation, &error);
  if (status != ZARRC_OK)
    fprintf(stderr, "zarrc-bench: %s\n", zarrc_error_text(&error, (char[ZARRC_ERROR_TEXT]){0}, ZARRC_ERROR_TEXT));
  return zarrc_status_exit_code(status);
}

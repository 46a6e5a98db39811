/* SPDX-License-Identifier: MIT */
/*
 * Our part of bench/remote.py: `remote OPERATION URL` does it once, from opening the store on, and prints a line of
 * JSON.
 *
 *     whole     the whole array, at once
 *     elements  100 elements, one after another
 *     points    the same elements in one call
 *     boxes     20 boxes of 20 x 60 x 60, one after another
 *     one       one element
 *     open      the array alone
 *     group     each array of a group
 *     write     a new array of 256 chunks of 32 KiB
 *     list      all keys
 */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/zarrc.h>

enum { NELEMENTS = 100, NBOXES = 20, NCHUNKS = 256, CHUNK = 16384 };

typedef struct job {
  zarrc_ctx *ctx;
  zarrc_store *store;
  const char *path;
  zarrc_array *array;
  uint64_t sum, result_nbytes;
} job;

static uint64_t sum_of(const void *data, size_t nbytes) {
  const uint8_t *p = data;
  uint64_t sum = 0;
  for (size_t i = 0; i < nbytes; i++) sum += p[i];
  return sum;
}

static zarrc_status read_region(job *j, const zarrc_region *region, zarrc_error *error) {
  const zarrc_dtype *dtype = zarrc_array_dtype(j->array);
  int ndim = zarrc_array_ndim(j->array);
  size_t nbytes = dtype->item_size;
  for (int i = 0; i < ndim; i++) nbytes *= (size_t)region->count[i];
  void *data = zarrc_malloc(j->ctx, nbytes);
  if (!data) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory");
  zarrc_view view = zarrc_view_c(dtype, ndim, region->count, data);
  zarrc_status status = zarrc_array_read(j->array, region, &view, error);
  if (!status) j->sum += sum_of(data, nbytes);
  if (nbytes > j->result_nbytes) j->result_nbytes = nbytes;
  zarrc_free(j->ctx, data);
  return status;
}

/* The next of the boxes that every tool draws. */
static zarrc_region draw_box(uint64_t *state, const int64_t *shape, const int64_t *edge) {
  zarrc_region r = {0};
  for (int i = 0; i < 3; i++) {
    r.start[i] = (int64_t)bench_draw(state, (uint64_t)(shape[i] - edge[i] + 1));
    r.count[i] = edge[i];
    r.step[i] = 1;
  }
  return r;
}

static zarrc_status read_boxes(job *j, int n, const int64_t *edge, zarrc_error *error) {
  uint64_t state = 7;
  zarrc_status status = ZARRC_OK;
  for (int k = 0; k < n && !status; k++) {
    zarrc_region r = draw_box(&state, zarrc_array_shape(j->array), edge);
    status = read_region(j, &r, error);
  }
  return status;
}

static zarrc_status read_points(job *j, zarrc_error *error) {
  static const int64_t edge[] = {1, 1, 1};
  int64_t index[3][NELEMENTS], count = NELEMENTS;
  uint16_t data[NELEMENTS];
  uint64_t state = 7;
  zarrc_selection selection = {.kind = ZARRC_SELECT_POINTS, .npoints = NELEMENTS};
  for (int k = 0; k < NELEMENTS; k++) {
    zarrc_region r = draw_box(&state, zarrc_array_shape(j->array), edge);
    for (int i = 0; i < 3; i++) index[i][k] = r.start[i];
  }
  for (int i = 0; i < 3; i++) selection.coordinate[i] = index[i];
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(j->array), 1, &count, data);
  zarrc_status status = zarrc_array_read_selection(j->array, &selection, &view, error);
  if (!status) j->sum = sum_of(data, sizeof data);
  return status;
}

static zarrc_status open_child(void *arg, const char *path, zarrc_node_kind kind, const zarrc_error *why,
                               zarrc_error *error) {
  job *j = arg;
  (void)path, (void)why, (void)error;
  j->sum += kind == ZARRC_NODE_ARRAY;
  return ZARRC_OK;
}

static zarrc_status list_group(job *j, zarrc_error *error) {
  zarrc_group *group;
  zarrc_status status = zarrc_group_open(j->store, j->path, NULL, &group, error);
  if (status) return status;
  status = zarrc_group_list(group, open_child, j, error);
  zarrc_group_close(group);
  return status;
}

static zarrc_status write_array(job *j, zarrc_error *error) {
  int64_t shape[] = {NCHUNKS, CHUNK}, chunk[] = {1, CHUNK};
  zarrc_array_config config = {.data_type = "uint16", .ndim = 2, .shape = shape, .chunk_shape = chunk};
  config.codecs = "[{\"name\":\"bytes\",\"configuration\":{\"endian\":\"little\"}}]";
  size_t n = (size_t)NCHUNKS * CHUNK;
  uint16_t *data = zarrc_malloc(j->ctx, n * sizeof *data);
  if (!data) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory");
  for (size_t i = 0; i < n; i++) data[i] = (uint16_t)i;
  zarrc_status status = zarrc_array_create(j->store, j->path, &config, ZARRC_CREATE_NEW, NULL, &j->array, error);
  zarrc_region all = zarrc_region_all(2, shape);
  if (!status) {
    zarrc_view view = zarrc_view_c(zarrc_array_dtype(j->array), 2, shape, data);
    status = zarrc_array_write(j->array, &all, &view, error);
  }
  zarrc_free(j->ctx, data);
  return status;
}

static zarrc_status see_key(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  (void)entry, (void)error;
  ++*(uint64_t *)arg;
  return ZARRC_OK;
}

static zarrc_status run(job *j, const char *what, zarrc_error *error) {
  static const int64_t one[] = {1, 1, 1}, box[] = {20, 60, 60};
  if (!strcmp(what, "group")) return list_group(j, error);
  if (!strcmp(what, "write")) return write_array(j, error);
  if (!strcmp(what, "list")) return zarrc_store_list(j->store, j->path, true, false, see_key, &j->sum, error);
  zarrc_status status = zarrc_array_open(j->store, j->path, NULL, &j->array, error);
  if (status || !strcmp(what, "open")) return status;
  if (!strcmp(what, "whole")) {
    zarrc_region all = zarrc_region_all(zarrc_array_ndim(j->array), zarrc_array_shape(j->array));
    return read_region(j, &all, error);
  }
  if (!strcmp(what, "elements")) return read_boxes(j, NELEMENTS, one, error);
  if (!strcmp(what, "one")) return read_boxes(j, 1, one, error);
  if (!strcmp(what, "boxes")) return read_boxes(j, NBOXES, box, error);
  if (!strcmp(what, "points")) return read_points(j, error);
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "no operation %s", what);
}

int main(int argc, char **argv) {
  job j = {0};
  char *path = NULL, text[1024];
  zarrc_error error;
  bench_result result = {0};
  zarrc_http_counts counts = {.struct_size = sizeof counts};
  if (argc != 3) return 2;
  zarrc_open_options options = {.create = !strcmp(argv[1], "write"), .read_only = strcmp(argv[1], "write") != 0};
  bench_start(&result);
  zarrc_status status = zarrc_ctx_open(NULL, &j.ctx, &error);
  if (!status) status = zarrc_store_open(j.ctx, argv[2], &options, &j.store, &path, &error);
  j.path = path;
  if (!status) status = run(&j, argv[1], &error);
  bench_stop(&result);
  if (status) {
    fprintf(stderr, "%s\n", zarrc_error_text(&error, text, sizeof text));
    return 1;
  }
  zarrc_http_store_count(j.store, &counts, NULL);
  double mib = ((double)(result.peak_kb - result.before_kb) - (double)j.result_nbytes / 1024) / 1024;
  printf("{\"s\": %.4f, \"cpu\": %.4f, \"mib\": %.1f, \"sum\": %llu, \"requests\": %llu, \"connections\": %llu}\n",
         result.wall, result.cpu, mib, (unsigned long long)j.sum, (unsigned long long)counts.requests,
         (unsigned long long)counts.connections);
  zarrc_array_close(j.array);
  zarrc_free(j.ctx, path);
  zarrc_store_close(j.store);
  zarrc_ctx_close(j.ctx);
  return 0;
}

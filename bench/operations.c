/* SPDX-License-Identifier: MIT */
/*
 * The operations of zarrc-bench. The arrays are open before the clock runs, and nothing of them has been read or
 * written; memory for elements is taken while it runs, once, as a program that reads would.
 */
#include "zarrc_bench.h"

#include <stdatomic.h>
#include <string.h>
#include <zarrc/plugin/blob.h>

static int64_t nitems_of(int ndim, const int64_t *shape) {
  int64_t n = 1;
  for (int i = 0; i < ndim; i++) n *= shape[i];
  return n;
}

static zarrc_status take(bench_run *run, const int64_t *shape, void **out, zarrc_error *error) {
  size_t nbytes = (size_t)nitems_of(zarrc_array_ndim(run->array), shape) * zarrc_array_dtype(run->array)->item_size;
  *out = zarrc_malloc(run->ctx, nbytes);
  return *out != NULL ? ZARRC_OK : zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for %zu bytes", nbytes);
}

static uint64_t sum_of(const void *data, uint64_t nbytes) {
  const uint8_t *p = data;
  uint64_t sum = 0;
  for (uint64_t i = 0; i < nbytes; i++) sum += p[i];
  return sum;
}

/* Reads a region into data. Returns the bytes that it has through nbytes. */
static zarrc_status read_part(const bench_run *run, const zarrc_region *region, void *data, uint64_t *nbytes,
                              zarrc_error *error) {
  const zarrc_dtype *dtype = zarrc_array_dtype(run->array);
  int ndim = zarrc_array_ndim(run->array);
  zarrc_view view = zarrc_view_c(dtype, ndim, region->count, data);
  *nbytes = (uint64_t)nitems_of(ndim, region->count) * dtype->item_size;
  return zarrc_array_read(run->array, region, &view, error);
}

/* ------------------------------------------------------------------------------------------------ whole arrays */

static zarrc_status read_all(bench_run *run, zarrc_error *error) {
  const int64_t *shape = zarrc_array_shape(run->array);
  zarrc_region all = zarrc_region_all(zarrc_array_ndim(run->array), shape);
  void *data = NULL;
  uint64_t nbytes = 0;
  bench_start(&run->result);
  zarrc_status status = take(run, shape, &data, error);
  if (status == ZARRC_OK) status = read_part(run, &all, data, &nbytes, error);
  bench_stop(&run->result);
  run->result.bytes = run->result.destination = nbytes;
  if (status == ZARRC_OK) run->result.sum = sum_of(data, nbytes);
  zarrc_free(run->ctx, data);
  return status;
}

static zarrc_status write_all(bench_run *run, zarrc_error *error) {
  const int64_t *shape = zarrc_array_shape(run->array);
  zarrc_view from =
      zarrc_view_c(zarrc_array_dtype(run->array), zarrc_array_ndim(run->array), shape, (void *)(uintptr_t)run->source);
  run->result.bytes = (uint64_t)zarrc_view_nitems(&from) * from.dtype.item_size;
  bench_start(&run->result);
  zarrc_status status = zarrc_array_write(run->array, NULL, &from, error);
  bench_stop(&run->result);
  return status;
}

/* What `zarrc copy --overwrite` does, with the chunks and codecs of the array that is there. */
static zarrc_status reencode(bench_run *run, zarrc_error *error) {
  zarrc_chunk_layout to = {.struct_size = sizeof to};
  zarrc_copier *copier = NULL;
  zarrc_status status = zarrc_array_chunk_layout(run->copy, &to, error);
  zarrc_copy_options options = {.struct_size = sizeof options,
                                .mode = ZARRC_COPY_OVERWRITE,
                                .chunk_shape = to.object_shape,
                                .nchunk_shape = to.ndim,
                                .no_shards = true, /* but for those that the list of codecs brings */
                                .codecs = zarrc_array_codecs(run->copy),
                                .memory = run->options->memory};
  bench_start(&run->result);
  if (status == ZARRC_OK)
    status = zarrc_copier_open(zarrc_array_store(run->array), zarrc_array_path(run->array),
                               zarrc_array_store(run->copy), zarrc_array_path(run->copy), &options, &copier, error);
  if (status == ZARRC_OK) status = zarrc_copier_run(copier, error);
  bench_stop(&run->result);
  zarrc_copier_close(copier);
  run->result.bytes = to.nbytes;
  return status;
}

/* ---------------------------------------------------------------------------------------------- chunk by chunk */

/* The elements of a cell of a grid of boxes of `edge`, clipped to the array. */
static void cell_region(const zarrc_array *array, const int64_t *cell, const int64_t *edge, zarrc_region *region) {
  const int64_t *shape = zarrc_array_shape(array);
  for (int i = 0; i < zarrc_array_ndim(array); i++) {
    region->start[i] = cell[i] * edge[i];
    region->count[i] = edge[i] < shape[i] - region->start[i] ? edge[i] : shape[i] - region->start[i];
    region->step[i] = 1;
  }
}

static void cells_of(const zarrc_array *array, const int64_t *edge, int64_t *ncells) {
  for (int i = 0; i < zarrc_array_ndim(array); i++) ncells[i] = (zarrc_array_shape(array)[i] + edge[i] - 1) / edge[i];
}

static zarrc_status read_cell(bench_run *run, const int64_t *cell, const int64_t *edge, void *data,
                              zarrc_error *error) {
  zarrc_region region;
  uint64_t nbytes;
  cell_region(run->array, cell, edge, &region);
  zarrc_status status = read_part(run, &region, data, &nbytes, error);
  run->result.bytes += nbytes;
  if (status == ZARRC_OK) run->result.sum += *(const uint8_t *)data;
  return status;
}

typedef struct all_chunks {
  const bench_run *run;
  const int64_t *edge;
  int64_t ncells[ZARRC_MAX_NDIM];
  atomic_ullong bytes, sum;
} all_chunks;

static zarrc_status read_chunk(void *arg, size_t i, zarrc_error *error) {
  all_chunks *all = arg;
  zarrc_array *array = all->run->array;
  uint64_t nbytes;
  int ndim = zarrc_array_ndim(array);
  int64_t cell[ZARRC_MAX_NDIM] = {0};
  zarrc_region region;
  zarrc_bytes memory;
  for (int axis = ndim - 1; axis >= 0; axis--) {
    cell[axis] = (int64_t)(i % (size_t)all->ncells[axis]);
    i /= (size_t)all->ncells[axis];
  }
  cell_region(array, cell, all->edge, &region);
  size_t most = (size_t)nitems_of(ndim, region.count) * zarrc_array_dtype(array)->item_size;
  zarrc_status status = zarrc_scratch_take(all->run->ctx, most, &memory, error);
  if (status != ZARRC_OK) return status;
  status = read_part(all->run, &region, (void *)(uintptr_t)memory.ptr, &nbytes, error);
  atomic_fetch_add(&all->bytes, nbytes);
  if (status == ZARRC_OK) atomic_fetch_add(&all->sum, *memory.ptr);
  zarrc_bytes_release(&memory);
  return status;
}

/* Each chunk (or shard) by itself, as many at once as there are threads. */
static zarrc_status read_chunks(bench_run *run, zarrc_error *error) {
  all_chunks all = {.run = run, .edge = zarrc_array_grid(run->array)->chunk_shape};
  atomic_init(&all.bytes, 0);
  atomic_init(&all.sum, 0);
  cells_of(run->array, all.edge, all.ncells);
  int ndim = zarrc_array_ndim(run->array);
  size_t nchunks = (size_t)nitems_of(ndim, all.ncells), nthreads = zarrc_ctx_get_options(run->ctx)->threads;
  run->result.destination = (nchunks < nthreads ? nchunks : nthreads) * (uint64_t)nitems_of(ndim, all.edge) *
                            zarrc_array_dtype(run->array)->item_size;
  bench_start(&run->result);
  zarrc_status status = zarrc_for_each(run->ctx, nchunks, read_chunk, &all, error);
  bench_stop(&run->result);
  run->result.bytes = atomic_load(&all.bytes);
  run->result.sum = atomic_load(&all.sum);
  return status;
}

/* n inner chunks (chunks, where there are no shards) at random. */
static zarrc_status read_inner(bench_run *run, zarrc_error *error) {
  int ndim = zarrc_array_ndim(run->array);
  int64_t edge[ZARRC_MAX_NDIM], ncells[ZARRC_MAX_NDIM], cell[ZARRC_MAX_NDIM];
  uint64_t state = run->options->seed;
  void *data = NULL;
  if (!zarrc_array_inner_chunk_shape(run->array, edge))
    memcpy(edge, zarrc_array_grid(run->array)->chunk_shape, sizeof edge);
  cells_of(run->array, edge, ncells);
  bench_start(&run->result);
  zarrc_status status = take(run, edge, &data, error);
  for (uint64_t k = 0; k < run->options->n && status == ZARRC_OK; k++) {
    for (int i = 0; i < ndim; i++) cell[i] = (int64_t)bench_draw(&state, (uint64_t)ncells[i]);
    status = read_cell(run, cell, edge, data, error);
  }
  bench_stop(&run->result);
  zarrc_free(run->ctx, data);
  return status;
}

/* ----------------------------------------------------------------------------------------------- at random */

/* A box of `edge` elements on each axis, somewhere in the array. */
static void draw_box(const zarrc_array *array, int64_t edge, uint64_t *state, zarrc_region *region) {
  for (int i = 0; i < zarrc_array_ndim(array); i++) {
    region->start[i] = (int64_t)bench_draw(state, (uint64_t)(zarrc_array_shape(array)[i] - edge + 1));
    region->count[i] = edge;
    region->step[i] = 1;
  }
}

static zarrc_status check_box(const bench_run *run, int64_t edge, zarrc_error *error) {
  for (int i = 0; i < zarrc_array_ndim(run->array); i++)
    if (edge < 1 || edge > zarrc_array_shape(run->array)[i])
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a box of %lld does not fit the array", (long long)edge);
  return ZARRC_OK;
}

static zarrc_status read_boxes(bench_run *run, int64_t edge, zarrc_error *error) {
  int64_t shape[ZARRC_MAX_NDIM];
  uint64_t state = run->options->seed, nbytes = 0;
  void *data = NULL;
  zarrc_status status = check_box(run, edge, error);
  if (status != ZARRC_OK) return status;
  for (int i = 0; i < ZARRC_MAX_NDIM; i++) shape[i] = edge;
  bench_start(&run->result);
  status = take(run, shape, &data, error);
  for (uint64_t k = 0; k < run->options->n && status == ZARRC_OK; k++) {
    zarrc_region region;
    draw_box(run->array, edge, &state, &region);
    status = read_part(run, &region, data, &nbytes, error);
    run->result.bytes += nbytes;
    if (status == ZARRC_OK) run->result.sum += sum_of(data, nbytes);
  }
  bench_stop(&run->result);
  zarrc_free(run->ctx, data);
  return status;
}

static zarrc_status elements(bench_run *run, zarrc_error *error) {
  return read_boxes(run, 1, error);
}

static zarrc_status boxes(bench_run *run, zarrc_error *error) {
  return read_boxes(run, run->options->box, error);
}

/* Writes n boxes of the source over what is there. */
static zarrc_status partial(bench_run *run, zarrc_error *error) {
  uint64_t state = run->options->seed;
  int ndim = zarrc_array_ndim(run->array);
  zarrc_view source =
      zarrc_view_c(zarrc_array_dtype(run->array), ndim, zarrc_array_shape(run->array), (void *)(uintptr_t)run->source);
  zarrc_status status = check_box(run, run->options->box, error);
  if (status != ZARRC_OK) return status;
  bench_start(&run->result);
  for (uint64_t k = 0; k < run->options->n && status == ZARRC_OK; k++) {
    zarrc_region region;
    draw_box(run->array, run->options->box, &state, &region);
    zarrc_view part = zarrc_view_part(&source, &region);
    status = zarrc_array_write(run->array, &region, &part, error);
    run->result.bytes += (uint64_t)zarrc_view_nitems(&part) * source.dtype.item_size;
  }
  bench_stop(&run->result);
  return status;
}

static const bench_operation operations[] = {
    {"read_all", false, false, false, read_all},     {"read_chunks", false, false, false, read_chunks},
    {"read_inner", false, false, false, read_inner}, {"elems", false, false, false, elements},
    {"boxes", false, false, false, boxes},           {"partial", true, true, false, partial},
    {"write", true, true, false, write_all},         {"reencode", false, false, true, reencode},
};

const bench_operation *bench_find_operation(const char *name) {
  for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
    if (strcmp(operations[i].name, name) == 0) return &operations[i];
  return NULL;
}

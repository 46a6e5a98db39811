/* SPDX-License-Identifier: MIT */
/* The first byte says how to open, the rest is the zarr.json of an array. */
#include <zarrc/array.h>

#include "fuzz.h"

/* What lies in a chunk that is not there, and, in small chunks, what was written. */
static void check_elements(zarrc_ctx *ctx, zarrc_array *array) {
  int ndim = zarrc_array_ndim(array);
  const zarrc_dtype *dtype = zarrc_array_dtype(array);
  const int64_t *shape = zarrc_array_shape(array);
  zarrc_region last = {0};
  zarrc_error error = {0};
  double chunk_nbytes = dtype->item_size;
  char key[4096];
  for (int i = 0; i < ndim; i++) {
    if (!shape[i]) return;
    last.start[i] = shape[i] - 1;
    last.count[i] = last.step[i] = 1;
    chunk_nbytes *=
        (double)zarrc_grid_edge(zarrc_array_grid(array), i, zarrc_grid_find(zarrc_array_grid(array), i, last.start[i]));
  }
  zarrc_view element = fuzz_view_new(ctx, dtype, ndim, last.count);
  zarrc_view fill = zarrc_view_c(dtype, ndim, last.count, (void *)zarrc_array_fill(array));
  zarrc_status status = zarrc_array_read(array, &last, &element, &error);
  fuzz_check_error(status, &error);
  must(!status || status == ZARRC_LIMIT || status == ZARRC_UNSUPPORTED);
  must(status || fuzz_views_equal(&element, &fill));
  if (!status && chunk_nbytes <= 65536) {
    zarrc_view again = fuzz_view_new(ctx, dtype, ndim, last.count);
    fuzz_view_fill(&element, 7);
    status = zarrc_array_write(array, &last, &element, &error);
    fuzz_check_error(status, &error);
    if (!status) must(!zarrc_array_read(array, &last, &again, NULL) && fuzz_views_equal(&element, &again));
    fuzz_view_free(&again);
  }
  for (int i = 0; i < ndim; i++) last.start[i] = 0;
  must(!zarrc_array_chunk_key(array, last.start, key, sizeof key, NULL) && !zarrc_key_check(key, NULL));
  fuzz_view_free(&element);
}

static void check_getters(const zarrc_array *array) {
  int64_t inner[ZARRC_MAX_NDIM];
  for (int i = 0; i < zarrc_array_ndim(array); i++) {
    const zarrc_grid *grid = zarrc_array_grid(array);
    int64_t length = zarrc_array_shape(array)[i], n = zarrc_grid_nchunks(grid, i, length);
    must((n > 0) == (length > 0));
    if (n) must(zarrc_grid_first(grid, i, n - 1) < length && zarrc_grid_find(grid, i, length - 1) == n - 1);
    zarrc_array_dimension_name(array, i);
  }
  if (zarrc_array_inner_chunk_shape(array, inner))
    for (int i = 0; i < zarrc_array_ndim(array); i++) must(inner[i] > 0);
  must(strlen(zarrc_array_codecs(array)) && strlen(zarrc_array_attributes(array)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = {data, size};
  unsigned how = take_byte(&in);
  zarrc_array_options options = {.strict = how & 1, .chunk.write_empty_chunks = how & 2};
  zarrc_ctx *ctx = fuzz_ctx();
  zarrc_store *store;
  zarrc_array *array, *again;
  zarrc_error error = {0};
  must(!zarrc_memory_store_open(ctx, &store, NULL));
  must(!zarrc_store_set(store, "a/zarr.json", in.bytes, in.n, NULL));
  zarrc_status status = zarrc_array_open(store, "a", &options, &array, &error);
  if (status == ZARRC_INVALID_ARGUMENT)
    must(strstr(error.message, "group") != NULL);
  else
    fuzz_check_error(status, &error);
  if (!status) {
    const char *text = zarrc_array_metadata(array);
    must(!zarrc_store_set(store, "b/zarr.json", text, strlen(text), NULL));
    must(!zarrc_array_open(store, "b", &options, &again, NULL));
    must(!strcmp(zarrc_array_metadata(again), text));
    check_getters(array);
    check_elements(ctx, again);
    zarrc_array_close(again);
    zarrc_array_close(array);
  }
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  return 0;
}

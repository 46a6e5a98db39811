/* SPDX-License-Identifier: MIT */
/* Copies an array into other chunks and codecs: plans, looks at the plan, runs it, and tells how far it is. */
#include <stdio.h>

#include <zarrc/zarrc.h>

/* Makes the array that is copied: 300 x 200 numbers in chunks of 300 x 10. */
static zarrc_status make_source(zarrc_store *store, zarrc_error *error) {
  static int32_t values[300][200];
  const int64_t shape[2] = {300, 200}, chunk_shape[2] = {300, 10};
  const zarrc_array_config config = {
      .struct_size = sizeof config, .data_type = "int32", .ndim = 2, .shape = shape, .chunk_shape = chunk_shape};
  zarrc_dtype dtype = zarrc_dtype_of(ZARRC_INT32);
  zarrc_view all = zarrc_view_c(&dtype, 2, shape, values);
  zarrc_array *array = NULL;
  for (int i = 0; i < 300; i++) {
    for (int j = 0; j < 200; j++) values[i][j] = 1000 * i + j + 1;
  }
  zarrc_status status = zarrc_array_create(store, "columns", &config, ZARRC_CREATE_OVERWRITE, NULL, &array, error);
  if (!status) status = zarrc_array_write(array, NULL, &all, error);
  zarrc_array_close(array);
  return status;
}

/* Called while the copy runs. To return anything but ZARRC_OK would end it. */
static zarrc_status hear(void *arg, const zarrc_copy_event *event, zarrc_error *error) {
  (void)arg;
  (void)error;
  if (event->kind == ZARRC_COPY_PROGRESS)
    printf("%llu of %llu chunks\n", (unsigned long long)event->ndone, (unsigned long long)event->ntotal);
  return ZARRC_OK;
}

int main(int argc, char **argv) {
  const char *folder = argc > 1 ? argv[1] : "copy_array.zarr";
  const int64_t rows[2] = {100, 200};
  const zarrc_file_store_options writable = {.struct_size = sizeof writable, .create = true};
  const zarrc_copy_options options = {.struct_size = sizeof options,
                                      .mode = ZARRC_COPY_OVERWRITE,
                                      .chunk_shape = rows,
                                      .nchunk_shape = 2,
                                      .codecs = "bytes,crc32c",
                                      .check = true,
                                      .event = hear};
  zarrc_error error;
  char text[ZARRC_ERROR_TEXT];
  zarrc_ctx *ctx = NULL;
  zarrc_store *store = NULL;
  zarrc_copier *copier = NULL;
  zarrc_status status = zarrc_ctx_open(NULL, &ctx, &error);
  if (!status) status = zarrc_file_store_open(ctx, folder, &writable, &store, &error);
  if (!status) status = make_source(store, &error);
  if (!status) status = zarrc_copier_open(store, "columns", store, "rows", &options, &copier, &error);
  if (!status) status = zarrc_copier_plan(copier, &error);
  if (!status) {
    const zarrc_copy_array *plan = zarrc_copier_array(copier, 0);
    printf("%llu chunks are read %llu times\n", (unsigned long long)plan->source_nobjects,
           (unsigned long long)plan->nreads);
    status = zarrc_copier_run(copier, &error);
  }
  if (!status) printf("%llu chunks written\n", (unsigned long long)zarrc_copier_report(copier)->written_nobjects);
  if (status) fprintf(stderr, "copy_array: %s\n", zarrc_error_text(&error, text, sizeof text));
  zarrc_copier_close(copier);
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  return zarrc_status_exit_code(status);
}

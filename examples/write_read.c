/* SPDX-License-Identifier: MIT */
/* Makes an array in a directory, writes it, and reads a part of it with a step into memory of another order. */
#include <stdio.h>

#include <zarrc/zarrc.h>

int main(int argc, char **argv) {
  const char *url = argc > 1 ? argv[1] : "write_read.zarr";
  const int64_t shape[2] = {100, 200}, chunk_shape[2] = {32, 32};
  static float values[100][200];
  for (int i = 0; i < 100; i++) {
    for (int j = 0; j < 200; j++) values[i][j] = (float)(1000 * i + j);
  }

  zarrc_error error;
  char text[ZARRC_ERROR_TEXT];
  zarrc_ctx *ctx = NULL;
  zarrc_store *store = NULL;
  zarrc_array *array = NULL;
  char *path = NULL;
  const zarrc_open_options writable = {.struct_size = sizeof writable, .create = true};
  const zarrc_array_config config = {
      .struct_size = sizeof config,
      .data_type = "float32",
      .ndim = 2,
      .shape = shape,
      .chunk_shape = chunk_shape,
      .codecs = "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}},"
                " {\"name\": \"blosc\", \"configuration\": {\"cname\": \"zstd\", \"shuffle\": \"shuffle\"}}]",
      .attributes = "{\"units\": \"K\"}",
  };
  zarrc_dtype dtype = zarrc_dtype_of(ZARRC_FLOAT32);
  zarrc_view all = zarrc_view_c(&dtype, 2, shape, values);

  zarrc_status status = zarrc_ctx_open(NULL, &ctx, &error);
  if (!status) status = zarrc_store_open(ctx, url, &writable, &store, &path, &error);
  if (!status) status = zarrc_array_create(store, path, &config, ZARRC_CREATE_OVERWRITE, NULL, &array, &error);
  if (!status) status = zarrc_array_write(array, NULL, &all, &error);

  /* Rows 10, 20, 30 and columns 5 and 6, read column by column. */
  float part[2][3] = {{0}};
  zarrc_region region = {.start = {10, 5}, .count = {3, 2}, .step = {10, 1}};
  zarrc_view view = zarrc_view_c(&dtype, 2, region.count, part);
  view.stride[0] = sizeof part[0][0];
  view.stride[1] = sizeof part[0];
  if (!status) status = zarrc_array_read(array, &region, &view, &error);
  for (int j = 0; j < 2; j++) printf("column %d: %g %g %g\n", 5 + j, part[j][0], part[j][1], part[j][2]);
  if (!status && part[1][2] != values[30][6]) status = zarrc_fail(&error, ZARRC_INTERNAL, "read something else");
  if (status) fprintf(stderr, "write_read: %s\n", zarrc_error_text(&error, text, sizeof text));
  zarrc_array_close(array);
  zarrc_store_close(store);
  zarrc_free(ctx, path);
  zarrc_ctx_close(ctx);
  return zarrc_status_exit_code(status);
}

/* SPDX-License-Identifier: MIT */
/* Compiled against an installed zarrc, as C and as C++: writes an array to memory through a compressor, reads it. */
#include <stdio.h>
#include <string.h>

#include <zarrc/zarrc.h>

int main(void) {
  const int64_t shape[2] = {6, 4}, chunk_shape[2] = {4, 4};
  int32_t in[24], out[24] = {0};
  for (int i = 0; i < 24; i++) in[i] = i * i;

  zarrc_error error;
  zarrc_ctx *ctx = NULL;
  zarrc_store *store = NULL;
  zarrc_array *array = NULL;
  zarrc_array_config config;
  memset(&config, 0, sizeof config);
  config.data_type = "int32";
  config.ndim = 2;
  config.shape = shape;
  config.chunk_shape = chunk_shape;
  config.codecs = "[{\"name\":\"bytes\",\"configuration\":{\"endian\":\"big\"}},"
                  "{\"name\":\"gzip\",\"configuration\":{\"level\":5}},\"crc32c\"]";
  zarrc_dtype dtype = zarrc_dtype_of(ZARRC_INT32);
  zarrc_view from = zarrc_view_c(&dtype, 2, shape, in), to = zarrc_view_c(&dtype, 2, shape, out);

  int failed = zarrc_ctx_open(NULL, &ctx, &error) || zarrc_memory_store_open(ctx, &store, &error) ||
               zarrc_array_create(store, "a", &config, ZARRC_CREATE_NEW, NULL, &array, &error) ||
               zarrc_array_write(array, NULL, &from, &error) || zarrc_array_read(array, NULL, &to, &error);
  if (failed) {
    char text[ZARRC_ERROR_TEXT];
    fprintf(stderr, "%s\n", zarrc_error_text(&error, text, sizeof text));
  } else if (memcmp(in, out, sizeof in) != 0) {
    fprintf(stderr, "read is not what was written\n");
    failed = 1;
  }
  zarrc_array_close(array);
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  if (!failed) printf("zarrc %s\n", zarrc_version());
  return failed;
}

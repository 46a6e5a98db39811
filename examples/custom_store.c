/* SPDX-License-Identifier: MIT */
/* A store of your own: a read-only array that is compiled into the program. Chunk 1 is not there and reads as fill. */
#include <stdio.h>
#include <string.h>

#include <zarrc/plugin/store.h>
#include <zarrc/zarrc.h>

static const struct value {
  const char *key, *bytes;
  size_t nbytes;
} values[] = {
    {"zarr.json",
     "{\"zarr_format\": 3, \"node_type\": \"array\", \"shape\": [4], \"data_type\": \"int16\", \"fill_value\": 9,"
     " \"chunk_grid\": {\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [2]}},"
     " \"chunk_key_encoding\": {\"name\": \"default\"}, \"codecs\": [{\"name\": \"bytes\","
     " \"configuration\": {\"endian\": \"little\"}}]}",
     0},
    {"c/0", "\1\0\2\0", 4},
};

/* Its blobs are bytes in memory that stay where they are: the library has such a kind. */
static size_t table_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  (void)store, (void)key_nbytes;
  return sizeof(zarrc_memory_blob);
}

static zarrc_status table_open(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  const struct value *found = NULL;
  (void)error;
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
    if (strcmp(values[i].key, key) == 0) found = &values[i];
  size_t nbytes = !found ? 0 : found->nbytes ? found->nbytes : strlen(found->bytes);
  zarrc_memory_blob_init((zarrc_memory_blob *)blob, store->ctx, found ? found->bytes : NULL, nbytes);
  return ZARRC_OK;
}

static const zarrc_store_ops table_ops = {
    .struct_size = sizeof table_ops, .name = "table", .blob_nbytes = table_blob_nbytes, .open = table_open};

int main(void) {
  zarrc_error error;
  char text[ZARRC_ERROR_TEXT];
  zarrc_ctx *ctx = NULL;
  zarrc_array *array = NULL;
  int16_t out[4] = {0};
  const int64_t shape[1] = {4};
  zarrc_dtype dtype = zarrc_dtype_of(ZARRC_INT16);
  zarrc_view to = zarrc_view_c(&dtype, 1, shape, out);

  zarrc_status status = zarrc_ctx_open(NULL, &ctx, &error);
  zarrc_store store = {.ops = &table_ops, .ctx = ctx, .read_only = true};
  if (!status) status = zarrc_array_open(&store, "", NULL, &array, &error);
  if (!status) status = zarrc_array_read(array, NULL, &to, &error);
  if (!status && (out[1] != 2 || out[3] != 9)) status = zarrc_fail(&error, ZARRC_INTERNAL, "read something else");
  if (status) fprintf(stderr, "custom_store: %s\n", zarrc_error_text(&error, text, sizeof text));
  printf("%d %d %d %d\n", out[0], out[1], out[2], out[3]);
  zarrc_array_close(array);
  zarrc_ctx_close(ctx);
  return zarrc_status_exit_code(status);
}

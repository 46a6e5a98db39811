/* SPDX-License-Identifier: MIT */
/* Encodes one chunk and decodes it again, without any store: all that a program with input and output of its own needs.
 */
#include <stdio.h>
#include <string.h>

#include <zarrc/zarrc.h>

int main(void) {
  static const char codecs[] = "[{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 0]}},"
                               " {\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}},"
                               " {\"name\": \"zstd\", \"configuration\": {\"level\": 3, \"checksum\": false}},"
                               " {\"name\": \"crc32c\"}]";
  zarrc_error error;
  char text[ZARRC_ERROR_TEXT];
  zarrc_ctx *ctx = NULL;
  zarrc_pipeline *pipeline = NULL;
  zarrc_parts parts = {0};
  zarrc_bytes encoded = {0};
  zarrc_memory_blob blob = {0};
  static uint16_t in[64][64], out[64][64];
  for (int i = 0; i < 64; i++) {
    for (int j = 0; j < 64; j++) in[i][j] = (uint16_t)(i * j);
  }
  const zarrc_spec chunk = {.dtype = zarrc_dtype_of(ZARRC_UINT16), .ndim = 2, .shape = {64, 64}};
  zarrc_view from = zarrc_view_c(&chunk.dtype, 2, chunk.shape, in),
             to = zarrc_view_c(&chunk.dtype, 2, chunk.shape, out);

  zarrc_status status = zarrc_ctx_open(NULL, &ctx, &error);
  zarrc_parts_init(&parts, ctx);
  if (!status) status = zarrc_pipeline_open(ctx, codecs, strlen(codecs), &chunk, &pipeline, &error);
  if (!status) status = zarrc_encode(pipeline, &from, &parts, &error);
  if (!status) status = zarrc_parts_join(&parts, &encoded, &error);
  if (!status) printf("%zu bytes became %zu\n", sizeof in, encoded.len);

  zarrc_memory_blob_init(&blob, ctx, encoded.ptr, encoded.len);
  if (!status) status = zarrc_read(pipeline, &blob.blob, NULL, &to, NULL, &error);
  if (!status && memcmp(in, out, sizeof in) != 0)
    status = zarrc_fail(&error, ZARRC_INTERNAL, "decoded to other values");
  if (status) fprintf(stderr, "pipeline_only: %s\n", zarrc_error_text(&error, text, sizeof text));
  zarrc_memory_blob_clear(&blob);
  zarrc_bytes_release(&encoded);
  zarrc_parts_clear(&parts);
  zarrc_pipeline_close(pipeline);
  zarrc_ctx_close(ctx);
  return zarrc_status_exit_code(status);
}

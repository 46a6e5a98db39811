/* SPDX-License-Identifier: MIT */
/* A codec of your own: turns every bit round. Registered at run time, it is then used like those that come along. */
#include <stdio.h>

#include <zarrc/plugin/codec.h>
#include <zarrc/zarrc.h>

static zarrc_status invert_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)codec, (void)n;
  return configuration ? zarrc_fail(error, ZARRC_INVALID_METADATA, "takes no configuration") : ZARRC_OK;
}

static zarrc_status invert_decode(const zarrc_codec *codec, const zarrc_bytes *in, size_t need, zarrc_buf *out,
                                  zarrc_error *error) {
  (void)codec, (void)need;
  zarrc_status status = zarrc_buf_reserve(out, in->len, error);
  for (size_t i = 0; !status && i < in->len; i++) out->ptr[out->len++] = (uint8_t)~in->ptr[i];
  return status;
}

static zarrc_status invert_encode(const zarrc_codec *codec, zarrc_parts *parts, zarrc_error *error) {
  zarrc_buf out = zarrc_buf_new(zarrc_codec_ctx(codec), SIZE_MAX);
  zarrc_bytes in = {0};
  zarrc_status status = zarrc_parts_join(parts, &in, error);
  if (!status) status = invert_decode(codec, &in, SIZE_MAX, &out, error);
  zarrc_bytes_release(&in);
  zarrc_parts_clear(parts);
  return status ? status : zarrc_parts_push(parts, zarrc_buf_take(&out), error);
}

static const zarrc_codec_class invert_class = {sizeof(zarrc_codec_class), "example.invert", ZARRC_BYTES_TO_BYTES,
                                               .open = invert_open,
                                               .u.bb = {.encode = invert_encode, .decode = invert_decode}};

int main(void) {
  zarrc_error error;
  char text[ZARRC_ERROR_TEXT];
  zarrc_ctx *ctx = NULL;
  zarrc_store *store = NULL;
  zarrc_array *array = NULL;
  uint8_t in[3] = {0, 1, 255}, out[3];
  const int64_t shape[1] = {3};
  const zarrc_array_config config = {sizeof config, "uint8", .ndim = 1, .shape = shape,
                                     .codecs = "[\"bytes\", \"example.invert\"]"};
  zarrc_dtype dtype = zarrc_dtype_of(ZARRC_UINT8);
  zarrc_view from = zarrc_view_c(&dtype, 1, shape, in), to = zarrc_view_c(&dtype, 1, shape, out);

  zarrc_status status = zarrc_ctx_open(NULL, &ctx, &error);
  if (!status) status = zarrc_register_codec(ctx, &invert_class, &error);
  if (!status) status = zarrc_memory_store_open(ctx, &store, &error);
  if (!status) status = zarrc_array_create(store, "", &config, ZARRC_CREATE_NEW, NULL, &array, &error);
  if (!status) status = zarrc_array_write(array, NULL, &from, &error);
  if (!status) status = zarrc_array_read(array, NULL, &to, &error);
  if (!status && out[2] != 255) status = zarrc_fail(&error, ZARRC_INTERNAL, "read something else than was written");
  printf("%s\n", status ? zarrc_error_text(&error, text, sizeof text) : zarrc_array_metadata(array));
  zarrc_array_close(array);
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  return zarrc_status_exit_code(status);
}

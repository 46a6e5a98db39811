/* SPDX-License-Identifier: MIT */
/* Opens codecs from structs, reads settings back, compares codecs, and encodes a chunk with them: without any JSON. */
#include <inttypes.h>
#include <stdio.h>

#include <zarrc/zarrc.h>

int main(void) {
  static int32_t values[1000];
  for (int i = 0; i < 1000; i++) values[i] = i / 7;
  const zarrc_spec chunk = {.dtype = zarrc_dtype_of(ZARRC_INT32), .ndim = 1, .shape = {1000}};
  const zarrc_view from = zarrc_view_c(&chunk.dtype, 1, chunk.shape, values);
  zarrc_blosc_config blosc = ZARRC_BLOSC_CONFIG_INIT;
  zarrc_error error;
  char text[ZARRC_ERROR_TEXT];
  zarrc_ctx *ctx = NULL;
  zarrc_codec *codecs[2] = {NULL, NULL};
  zarrc_pipeline *pipeline = NULL;
  zarrc_parts parts = {0};

  zarrc_status status = zarrc_ctx_open(NULL, &ctx, &error);
  zarrc_parts_init(&parts, ctx);
  if (!status) status = zarrc_bytes_codec_open(ctx, NULL, &codecs[0], &error); /* the defaults */
  if (!status) status = zarrc_blosc_cname_from_name("zstd", &blosc.cname, &error);
  blosc.clevel = 7;
  if (!status) status = zarrc_blosc_codec_open(ctx, &blosc, &codecs[1], &error);
  if (!status)
    status = zarrc_pipeline_open_codecs(ctx, (const zarrc_codec *const *)codecs, 2, &chunk, &pipeline, &error);
  if (!status) status = zarrc_encode(pipeline, &from, &parts, &error);
  if (!status) printf("%zu bytes became %" PRIu64 "\n", sizeof values, parts.nbytes);

  /* The pipeline has chosen what was left open: the codec in it is another one than ours. */
  if (!status) status = zarrc_blosc_codec_get(zarrc_pipeline_codec(pipeline, 1), &blosc, &error);
  if (!status)
    printf("%s, level %" PRId64 ", %s of %" PRId64 " bytes; equal to what was opened: %s\n",
           zarrc_blosc_cname_name(blosc.cname), blosc.clevel, zarrc_blosc_shuffle_name(blosc.shuffle), blosc.typesize,
           zarrc_codec_equal(codecs[1], zarrc_pipeline_codec(pipeline, 1)) ? "yes" : "no");

  if (status) fprintf(stderr, "typed_codec: %s\n", zarrc_error_text(&error, text, sizeof text));
  zarrc_parts_clear(&parts);
  zarrc_pipeline_close(pipeline);
  for (int i = 0; i < 2; i++) zarrc_codec_close(codecs[i]);
  zarrc_ctx_close(ctx);
  return zarrc_status_exit_code(status);
}

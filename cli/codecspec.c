/* SPDX-License-Identifier: MIT */
#include "codecspec.h"

#include "file.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>

zarrc_status cli_codecs_read(const char *spec, char **file, const char **text, zarrc_error *error) {
  size_t n;
  *file = NULL;
  *text = spec;
  if (!spec || spec[0] != '@') return ZARRC_OK;
  zarrc_status status = cli_file_read(spec + 1, (uint64_t)1 << 20, file, &n, error);
  *text = *file;
  return status;
}

zarrc_status cli_codecs_parse(zarrc_ctx *ctx, const char *spec, const zarrc_dtype *dtype, zarrc_buf *json,
                              zarrc_error *error) {
  char *file = NULL;
  const char *text;
  *json = zarrc_buf_new(ctx, SIZE_MAX / 2);
  zarrc_status status = cli_codecs_read(spec, &file, &text, error);
  if (status) return cli_as_usage(status, error);
  status = zarrc_codecs_from_text(text, dtype, json, error);
  if (status)
    zarrc_error_prefix(error, "--codecs: ");
  else
    status = zarrc_buf_append(json, "", 1, error);
  free(file);
  return cli_as_usage(status, error);
}

zarrc_status cli_codecs_print(FILE *out, zarrc_ctx *ctx, const char *json, size_t n, zarrc_error *error) {
  zarrc_buf text = zarrc_buf_new(ctx, SIZE_MAX / 2);
  zarrc_status status = zarrc_codecs_to_text(json, n, &text, error);
  if (!status) cli_json_print(out, (const char *)text.ptr, text.len);
  zarrc_buf_clear(&text);
  return status;
}

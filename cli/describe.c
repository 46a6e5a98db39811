/* SPDX-License-Identifier: MIT */
#include "describe.h"

#include "memstream.h"
#include "out.h"
#include "text.h"

#include <string.h>

void cli_layout_of(const zarrc_array *array, zarrc_chunk_layout *out) {
  out->struct_size = sizeof *out;
  zarrc_array_chunk_layout(array, out, NULL); /* fails for a wrong size only */
}

/* ------------------------------------------------------------------------------------------------------ types */

void cli_print_dtype(FILE *out, const zarrc_dtype *dtype) {
  static const char *const names[ZARRC_NTYPES] = {
#define ZARRC_X(name, json, nbytes, unit) json,
      ZARRC_TYPES(ZARRC_X)
#undef ZARRC_X
  };
  fputs(names[dtype->type], out);
  switch (dtype->type) {
  case ZARRC_RAW:
  case ZARRC_NULL_TERMINATED:
    fprintf(out, "[%u]", (unsigned)dtype->item_size);
    break;
  case ZARRC_FIXED_UTF32:
    fprintf(out, "[%u]", (unsigned)dtype->item_size / 4);
    break;
  case ZARRC_DATETIME64:
  case ZARRC_TIMEDELTA64:
    putc('[', out);
    if (dtype->time_scale != 1) fprintf(out, "%d", (int)dtype->time_scale);
    fprintf(out, "%s]", zarrc_time_unit_name(dtype->time_unit));
    break;
  case ZARRC_STRUCT:
    putc('{', out);
    for (size_t i = 0; i < zarrc_dtype_nfields(dtype); i++) {
      const zarrc_field *field = zarrc_dtype_field(dtype, i);
      if (i > 0) fputs(", ", out);
      cli_print_safe(out, field->name);
      fputs(": ", out);
      cli_print_dtype(out, &field->dtype);
    }
    putc('}', out);
    break;
  default:
    break;
  }
}

zarrc_status cli_dtype_text(const zarrc_dtype *dtype, char **out, zarrc_error *error) {
  cli_memstream text;
  zarrc_status status = cli_memstream_open(&text, error);
  if (status) return status;
  cli_print_dtype(text.out, dtype);
  status = cli_memstream_close(&text, ZARRC_OK, error);
  *out = text.text;
  return status;
}

zarrc_status cli_array_dtype_text(const zarrc_array *array, char **out, zarrc_error *error) {
  cli_memstream text;
  if (zarrc_array_dtype(array)) return cli_dtype_text(zarrc_array_dtype(array), out, error);
  zarrc_status status = cli_memstream_open(&text, error);
  if (status) return status;
  cli_json_print(text.out, zarrc_array_data_type(array), strlen(zarrc_array_data_type(array)));
  status = cli_memstream_close(&text, ZARRC_OK, error);
  *out = text.text;
  return status;
}

zarrc_status cli_json_dtype(cli_json *j, const char *key, zarrc_ctx *ctx, const zarrc_dtype *dtype,
                            zarrc_error *error) {
  zarrc_buf text = zarrc_buf_new(ctx, SIZE_MAX / 2);
  zarrc_status status = zarrc_dtype_to_json(dtype, &text, error);
  if (!status) cli_json_raw(j, key, (const char *)text.ptr, text.len);
  zarrc_buf_clear(&text);
  return status;
}

zarrc_status cli_print_element(FILE *out, zarrc_ctx *ctx, const zarrc_dtype *dtype, const void *element,
                               zarrc_error *error) {
  zarrc_buf text = zarrc_buf_new(ctx, SIZE_MAX / 2);
  zarrc_status status = zarrc_fill_to_json(dtype, element, &text, error);
  if (!status) cli_json_print(out, (const char *)text.ptr, text.len);
  zarrc_buf_clear(&text);
  return status;
}

cli_span cli_sharding_at(const zarrc_array *array, int level) {
  const char *text = zarrc_array_codecs(array);
  cli_span list = cli_json_value(text, strlen(text)), codec, sharding = {0};
  for (int i = 0; i <= level; i++, list = cli_json_member(sharding, "codecs")) {
    size_t at = 0;
    do
      if (!cli_json_next(list, &at, NULL, &codec)) return (cli_span){0};
    while (!cli_span_is(cli_json_plain(cli_json_member(codec, "name")), "sharding_indexed"));
    sharding = cli_json_member(codec, "configuration");
  }
  return sharding;
}

cli_span cli_inner_codecs(const zarrc_array *array) {
  const char *text = zarrc_array_codecs(array);
  int64_t shape[ZARRC_MAX_NDIM];
  cli_span inner = {0};
  if (zarrc_array_inner_chunk_shape(array, shape)) inner = cli_json_member(cli_sharding_at(array, 0), "codecs");
  return inner.ptr ? inner : cli_json_value(text, strlen(text));
}

const char *cli_node_type(zarrc_node_kind kind) {
  return kind == ZARRC_NODE_ARRAY ? "array" : kind == ZARRC_NODE_GROUP ? "group" : "unreadable";
}

void cli_json_why(cli_json *j, const zarrc_error *why) {
  char text[ZARRC_ERROR_TEXT];
  cli_json_open(j, "error", '{');
  cli_json_string(j, "code", zarrc_status_name(why->code));
  cli_json_string(j, "message", cli_reason(why, true, text));
  cli_json_close(j, '}');
}

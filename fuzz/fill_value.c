/* SPDX-License-Identifier: MIT */
/* The first byte says how to read; then a data type, a newline, and a fill value, both JSON. */
#include <zarrc/array.h>

#include "array/metadata.h"
#include "fuzz.h"

static void check_type(zarrc_ctx *ctx, const zarrc_dtype *dtype) {
  zarrc_buf text = zarrc_buf_new(ctx, 1 << 20), twice = zarrc_buf_new(ctx, 1 << 20);
  zarrc_dtype again;
  must(!zarrc_dtype_to_json(dtype, &text, NULL));
  must(!zarrc_dtype_open(ctx, (const char *)text.ptr, text.len, &again, NULL));
  must(zarrc_dtype_equal(dtype, &again) && again.item_size == dtype->item_size);
  must(!zarrc_dtype_to_json(&again, &twice, NULL));
  must(twice.len == text.len && !memcmp(twice.ptr, text.ptr, text.len));
  zarrc_dtype_close(&again);
  zarrc_buf_clear(&text);
  zarrc_buf_clear(&twice);
}

/* The value is written as the JSON that must be read, and as the same element. */
static void check_value(zarrc_ctx *ctx, const zarrc_dtype *dtype, const zarrc_view *value, zarrc_buf *text) {
  zarrc_view again = fuzz_view_new(ctx, dtype, 0, NULL);
  zarrc_buf twice = zarrc_buf_new(ctx, 16 << 20);
  must(!zarrc_fill_to_json(dtype, value->data, text, NULL));
  must(!zarrc_fill_from_json(ctx, dtype, (const char *)text->ptr, text->len, false, again.arena, again.data, NULL));
  must(fuzz_views_equal(value, &again));
  must(!zarrc_fill_to_json(dtype, again.data, &twice, NULL));
  must(twice.len == text->len && !memcmp(twice.ptr, text->ptr, twice.len));
  must(dtype->type == ZARRC_STRUCT || zarrc_is_fill(value, again.data)); /* a struct with a NaN in it equals nothing */
  zarrc_buf_clear(&twice);
  fuzz_view_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = {data, size};
  bool lenient = take_byte(&in) & 1;
  const char *type = (const char *)in.bytes, *newline = in.n ? memchr(type, '\n', in.n) : NULL;
  zarrc_ctx *ctx = fuzz_ctx();
  zarrc_dtype dtype;
  zarrc_error error = {0};
  if (!newline) goto done;
  zarrc_status status = zarrc_dtype_open(ctx, type, (size_t)(newline - type), &dtype, &error);
  fuzz_check_error(status, &error);
  if (status) goto done;
  check_type(ctx, &dtype);
  if (dtype.item_size <= ZARRC_MAX_ITEM) {
    zarrc_view value = fuzz_view_new(ctx, &dtype, 0, NULL);
    zarrc_buf text = zarrc_buf_new(ctx, 16 << 20);
    size_t n = in.n - (size_t)(newline + 1 - type);
    status = zarrc_fill_from_json(ctx, &dtype, newline + 1, n, lenient, value.arena, value.data, &error);
    fuzz_check_error(status, &error);
    if (!status) check_value(ctx, &dtype, &value, &text);
    must(!zarrc_fill_to_json(&dtype, NULL, &text, NULL));
    zarrc_buf_clear(&text);
    fuzz_view_free(&value);
  }
  zarrc_dtype_close(&dtype);
done:
  zarrc_ctx_close(ctx);
  return 0;
}

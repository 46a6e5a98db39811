/* SPDX-License-Identifier: MIT */
/* The first byte says how to open, then come a .zarray and, behind a NUL, the .zattrs. */
#include <zarrc/array.h>

#include "fuzz.h"

static zarrc_array *must_open(zarrc_store *store, const char *path, const char *key, const void *text, size_t n,
                              const zarrc_array_options *options) {
  zarrc_array *array;
  must(!zarrc_store_set(store, key, text, n, NULL));
  must(!zarrc_array_open(store, path, options, &array, NULL));
  return array;
}

/* What is written again, and said in the words of format 3, is the same array. */
static void check_documents(zarrc_ctx *ctx, zarrc_store *store, const zarrc_array *array,
                            const zarrc_array_options *options) {
  const char *text = zarrc_array_metadata(array);
  zarrc_buf document = zarrc_buf_new(ctx, SIZE_MAX);
  zarrc_error error = {0};
  zarrc_array *again = must_open(store, "b", "b/.zarray", text, strlen(text), options), *other;
  must(zarrc_array_format(again) == 2 && !strcmp(zarrc_array_metadata(again), text));
  must(!strcmp(zarrc_array_codecs(again), zarrc_array_codecs(array)));
  zarrc_array_close(again);
  zarrc_status status = zarrc_array_document(array, 3, &document, &error);
  fuzz_check_error(status, &error);
  bool decodes_only = status == ZARRC_INVALID_METADATA && zarrc_array_notice(array, 0);
  bool is_mixed = status == ZARRC_UNSUPPORTED && strstr(zarrc_array_codecs(array), "zarrc.field_order");
  must(!status || decodes_only || is_mixed ||
       (status == ZARRC_UNSUPPORTED && zarrc_array_check_readable(array, NULL) == status));
  if (!status) {
    other = must_open(store, "c", "c/zarr.json", document.ptr, document.len, options);
    must(zarrc_array_format(other) == 3 && !strcmp(zarrc_array_codecs(other), zarrc_array_codecs(array)));
    must(!strcmp(zarrc_array_data_type(other), zarrc_array_data_type(array)));
    must(!strcmp(zarrc_array_fill_value(other), zarrc_array_fill_value(array)));
    must(!strcmp(zarrc_array_attributes(other), zarrc_array_attributes(array)));
    zarrc_array_close(other);
  }
  zarrc_buf_clear(&document);
}

/* A chunk that is not there means the fill value; attributes and shape can be set, and leave the rest as it is. */
static void check_use(zarrc_ctx *ctx, zarrc_array *array) {
  int ndim = zarrc_array_ndim(array);
  const zarrc_dtype *dtype = zarrc_array_dtype(array);
  zarrc_region first = {0};
  zarrc_error error = {0};
  int64_t shape[ZARRC_MAX_NDIM];
  bool is_empty = false;
  for (int i = 0; i < ndim; i++) {
    shape[i] = zarrc_array_shape(array)[i];
    is_empty |= shape[i] == 0;
    first.count[i] = first.step[i] = 1;
  }
  if (!is_empty) {
    zarrc_view element = fuzz_view_new(ctx, dtype, ndim, first.count);
    zarrc_view fill = zarrc_view_c(dtype, ndim, first.count, (void *)zarrc_array_fill(array));
    zarrc_status status = zarrc_array_read(array, &first, &element, &error);
    fuzz_check_error(status, &error);
    must(!status || status == ZARRC_LIMIT || status == ZARRC_UNSUPPORTED);
    must(status || fuzz_views_equal(&element, &fill));
    fuzz_view_free(&element);
  }
  must(!zarrc_array_set_attributes(array, "{\"a\": NaN}", 10, NULL));
  must(!strcmp(zarrc_array_attributes(array), "{\"a\": NaN}"));
  must(!zarrc_array_resize(array, shape, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = {data, size};
  unsigned how = take_byte(&in);
  const uint8_t *end = in.n ? memchr(in.bytes, 0, in.n) : NULL;
  size_t n = end ? (size_t)(end - in.bytes) : in.n;
  zarrc_array_options options = {.struct_size = sizeof options, .strict = how & 1, .allow_unknown = how & 2};
  zarrc_ctx *ctx = fuzz_ctx();
  zarrc_store *store;
  zarrc_array *array;
  zarrc_node_kind kind;
  zarrc_error error = {0};
  must(!zarrc_memory_store_open(ctx, &store, NULL));
  must(!zarrc_store_set(store, "a/.zarray", in.bytes, n, NULL));
  if (end) must(!zarrc_store_set(store, "a/.zattrs", end + 1, in.n - n - 1, NULL));
  zarrc_status status = zarrc_array_open(store, "a", &options, &array, &error);
  fuzz_check_error(status, &error);
  must(status || (!zarrc_node_find(store, "a", &kind, NULL) && kind == ZARRC_NODE_ARRAY));
  if (!status) {
    check_documents(ctx, store, array, &options);
    if (!zarrc_array_check_readable(array, NULL)) check_use(ctx, array);
    zarrc_array_close(array);
  }
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  return 0;
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"

#include <stdlib.h>
#include <string.h>

/* A codec of one's own: turns every bit round. */
static zarrc_status invert_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)codec, (void)n;
  return configuration ? zarrc_fail(error, ZARRC_INVALID_METADATA, "it has no configuration") : ZARRC_OK;
}

static zarrc_status invert_encode(const zarrc_codec *codec, zarrc_parts *parts, zarrc_error *error) {
  zarrc_bytes joined;
  uint8_t *to;
  zarrc_parts out;
  zarrc_parts_init(&out, zarrc_codec_ctx(codec));
  zarrc_status status = zarrc_parts_join(parts, &joined, error);
  if (!status) status = zarrc_parts_add(&out, joined.len, &to, error);
  for (size_t i = 0; !status && i < joined.len; i++) to[i] = (uint8_t)~joined.ptr[i];
  zarrc_parts_clear(parts);
  if (!status) {
    status = zarrc_parts_push(parts, out.items[0], error);
    out.items[0] = (zarrc_bytes){0};
  }
  zarrc_parts_clear(&out);
  return status;
}

static zarrc_status invert_decode(const zarrc_codec *codec, const zarrc_bytes *in, size_t need, zarrc_buf *out,
                                  zarrc_error *error) {
  (void)codec, (void)need;
  zarrc_status status = zarrc_buf_reserve(out, in->len, NULL);
  if (status) return zarrc_fail(error, ZARRC_SIZE_MISMATCH, "%zu bytes are too many", in->len);
  for (size_t i = 0; i < in->len; i++) out->ptr[out->len++] = (uint8_t)~in->ptr[i];
  return ZARRC_OK;
}

static const zarrc_codec_class invert = {.struct_size = sizeof(zarrc_codec_class),
                                         .name = "example.invert",
                                         .kind = ZARRC_BYTES_TO_BYTES,
                                         .fixed_size = true,
                                         .open = invert_open,
                                         .u.bb = {.encode = invert_encode, .decode = invert_decode}};

static void a_codec_of_ones_own(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_UINT16, 1, (int64_t[]){100});
  assert_int_equal(zarrc_register_codec(ctx, &invert, NULL), ZARRC_OK);
  assert_ptr_equal(zarrc_find_codec(ctx, "example.invert"), &invert);
  zarrc_pipeline *p = chunk_pipeline(
      ctx, "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}, \"example.invert\", \"crc32c\"]",
      &spec);
  assert_true(zarrc_pipeline_is_fixed_size(p));
  assert_int_equal(zarrc_pipeline_encoded_size(p, 200).nbytes, 204);
  uint16_t *numbers = chunk_numbers(&spec), back[100];
  size_t n;
  uint8_t *encoded = chunk_encode(ctx, p, numbers, &n);
  assert_int_equal(n, 204);
  assert_int_equal(encoded[0], 0xFE);
  zarrc_memory_blob blob;
  zarrc_memory_blob_init(&blob, ctx, encoded, n);
  zarrc_view to = zarrc_view_c(&spec.dtype, 1, spec.shape, back);
  assert_int_equal(zarrc_read(p, &blob.blob, NULL, &to, NULL, NULL), ZARRC_OK);
  assert_memory_equal(back, numbers, sizeof back);
  zarrc_memory_blob_clear(&blob);
  free(encoded);
  free(numbers);
  zarrc_pipeline_close(p);
}

static void names_are_taken_once(void **state) {
  zarrc_error error;
  zarrc_codec_class taken = invert;
  assert_int_equal(zarrc_register_codec(*state, &invert, &error), ZARRC_CONFLICT);
  taken.name = "gzip";
  assert_int_equal(zarrc_register_codec(*state, &taken, &error), ZARRC_CONFLICT);
  taken.name = "endian";
  assert_int_equal(zarrc_register_codec(*state, &taken, &error), ZARRC_CONFLICT);
}

static void half_a_class_is_refused(void **state) {
  zarrc_codec_class half = invert;
  half.name = "half";
  half.u.bb.decode = NULL;
  assert_int_equal(zarrc_register_codec(*state, &half, NULL), ZARRC_INVALID_ARGUMENT);
  half = invert;
  half.name = NULL;
  assert_int_equal(zarrc_register_codec(*state, &half, NULL), ZARRC_INVALID_ARGUMENT);
  half = invert;
  half.name = "old";
  half.struct_size = 8;
  assert_int_equal(zarrc_register_codec(*state, &half, NULL), ZARRC_INVALID_ARGUMENT);
}

static void contexts_do_not_share(void **state) {
  (void)state;
  zarrc_ctx *other;
  assert_int_equal(zarrc_ctx_open(NULL, &other, NULL), ZARRC_OK);
  assert_null(zarrc_find_codec(other, "example.invert"));
  zarrc_ctx_close(other);
}

static int setup(void **state) {
  return zarrc_ctx_open(NULL, (zarrc_ctx **)state, NULL) != ZARRC_OK;
}

static int teardown(void **state) {
  zarrc_ctx_close(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_codec_of_ones_own),
      cmocka_unit_test(names_are_taken_once),
      cmocka_unit_test(half_a_class_is_refused),
      cmocka_unit_test(contexts_do_not_share),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}

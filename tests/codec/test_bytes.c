/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/counting_blob.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/blob.h>

static const char little[] = "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}";
static const char little_chain[] = "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]";
static const char big_chain[] = "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"big\"}}]";

/* evolve drops a byte order that means nothing, and refuses to guess one that does. */
static void byte_order_is_settled(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec one = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){4}), four = chunk_spec(ZARRC_INT32, 1, (int64_t[]){4});
  zarrc_codec *codec = chunk_codec(ctx, little, &one), *evolved = NULL;
  zarrc_error error;
  char *json = chunk_codec_json(ctx, codec);
  assert_string_equal(json, "{\"name\": \"bytes\"}");
  free(json);
  assert_int_equal(zarrc_codec_evolve(codec, &four, &evolved, &error), ZARRC_INVALID_METADATA);
  assert_non_null(strstr(SAID(error), "endian"));
  zarrc_codec_close(codec);
  codec = chunk_codec(ctx, little, &four);
  json = chunk_codec_json(ctx, codec);
  assert_string_equal(json, little);
  free(json);
  assert_int_equal(zarrc_codec_encoded_size(codec, &four, 16).nbytes, 16);
  zarrc_codec_close(codec);
}

static void variable_elements_are_refused(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_STRING, 1, (int64_t[]){4});
  zarrc_pipeline *p = NULL;
  zarrc_error error;
  assert_int_equal(zarrc_pipeline_open(ctx, little_chain, strlen(little_chain), &spec, &p, &error),
                   ZARRC_INVALID_METADATA);
  assert_non_null(strstr(SAID(error), "vlen-utf8"));
}

static void native_elements_are_lent(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_INT32, 2, (int64_t[]){3, 5});
  int32_t *numbers = chunk_numbers(&spec);
  zarrc_view view = zarrc_view_c(&spec.dtype, 2, spec.shape, numbers);
  zarrc_parts parts;
  zarrc_parts_init(&parts, ctx);
  zarrc_pipeline *p = chunk_pipeline(ctx, ZARRC_NATIVE == ZARRC_LITTLE ? little_chain : big_chain, &spec);
  assert_int_equal(zarrc_encode(p, &view, &parts, NULL), ZARRC_OK);
  assert_int_equal(parts.nitems, 1);
  assert_ptr_equal(parts.items[0].ptr, numbers);
  zarrc_parts_clear(&parts);
  zarrc_pipeline_close(p);
  p = chunk_pipeline(ctx, ZARRC_NATIVE == ZARRC_LITTLE ? big_chain : little_chain, &spec);
  assert_int_equal(zarrc_encode(p, &view, &parts, NULL), ZARRC_OK);
  assert_ptr_not_equal(parts.items[0].ptr, numbers);
  for (int i = 0; i < 15; i++)
    for (int k = 0; k < 4; k++) assert_int_equal(parts.items[0].ptr[4 * i + k], ((uint8_t *)numbers)[4 * i + 3 - k]);
  zarrc_parts_clear(&parts);
  zarrc_pipeline_close(p);
  free(numbers);
}

static void wrong_sizes_are_refused(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_INT16, 1, (int64_t[]){4});
  zarrc_pipeline *p = chunk_pipeline(ctx, little_chain, &spec);
  int16_t to[4];
  zarrc_view view = zarrc_view_c(&spec.dtype, 1, spec.shape, to);
  for (size_t n = 0; n < 12; n++) {
    zarrc_error error = {0};
    uint8_t *bytes = calloc(1, n ? n : 1);
    zarrc_memory_blob blob;
    zarrc_memory_blob_init(&blob, ctx, bytes, n);
    blob.present = true;
    zarrc_status status = zarrc_read(p, &blob.blob, NULL, &view, NULL, &error);
    assert_int_equal(status, n == 8 ? ZARRC_OK : ZARRC_SIZE_MISMATCH);
    if (status) assert_non_null(strstr(SAID(error), "bytes: "));
    zarrc_memory_blob_clear(&blob);
    free(bytes);
  }
  zarrc_pipeline_close(p);
}

static void odd_booleans_become_one(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_BOOL, 1, (int64_t[]){4});
  zarrc_pipeline *p = chunk_pipeline(ctx, "[{\"name\": \"bytes\"}]", &spec);
  static const uint8_t stored[] = {0, 1, 2, 255}, clean[] = {0, 1, 1, 1};
  uint8_t to[8];
  for (int stride = 1; stride <= 2; stride++) {
    zarrc_memory_blob blob;
    zarrc_memory_blob_init(&blob, ctx, stored, 4);
    zarrc_view view = zarrc_view_c(&spec.dtype, 1, spec.shape, to);
    view.stride[0] = stride;
    assert_int_equal(zarrc_read(p, &blob.blob, NULL, &view, NULL, NULL), ZARRC_OK);
    for (int i = 0; i < 4; i++) assert_int_equal(to[i * stride], clean[i]);
    zarrc_region part = chunk_region(1, (int64_t[]){2}, (int64_t[]){1}, NULL);
    view.shape[0] = 1;
    assert_int_equal(zarrc_read(p, &blob.blob, &part, &view, NULL, NULL), ZARRC_OK);
    assert_int_equal(to[0], 1);
    zarrc_memory_blob_clear(&blob);
  }
  size_t n;
  uint8_t *bytes = chunk_encode(ctx, p, stored, &n);
  assert_memory_equal(bytes, clean, 4);
  free(bytes);
  zarrc_pipeline_close(p);
}

/* A box of a large chunk fetches the rows it needs and little else, also behind a transpose; the numbers are right. */
static void part_check(zarrc_ctx *ctx, const char *codecs, const int64_t *start, const int64_t *count,
                       const int64_t *step, size_t most_read, size_t most_ranges) {
  zarrc_spec spec = chunk_spec(ZARRC_UINT32, 3, (int64_t[]){64, 64, 64});
  zarrc_pipeline *p = chunk_pipeline(ctx, codecs, &spec);
  uint32_t *numbers = chunk_numbers(&spec);
  size_t nbytes;
  uint8_t *encoded = chunk_encode(ctx, p, numbers, &nbytes);
  counting_blob blob;
  counting_blob_init(&blob, ctx, encoded, nbytes, false);
  zarrc_region r = chunk_region(3, start, count, step);
  size_t n = (size_t)(count[0] * count[1] * count[2]);
  uint32_t *to = malloc(n * 4);
  zarrc_view view = zarrc_view_c(&spec.dtype, 3, count, to);
  assert_int_equal(zarrc_read(p, &blob.blob, &r, &view, NULL, NULL), ZARRC_OK);
  size_t k = 0;
  for (int64_t i = 0; i < count[0]; i++)
    for (int64_t j = 0; j < count[1]; j++)
      for (int64_t l = 0; l < count[2]; l++, k++)
        assert_int_equal(
            to[k],
            numbers[((start[0] + i * r.step[0]) * 64 + start[1] + j * r.step[1]) * 64 + start[2] + l * r.step[2]]);
  if (blob.nread > most_read || blob.nranges > most_ranges)
    fail_msg("%zu bytes in %zu ranges", (size_t)blob.nread, (size_t)blob.nranges);
  free(to);
  counting_blob_clear(&blob);
  free(encoded);
  free(numbers);
  zarrc_pipeline_close(p);
}

static void parts_are_read_by_ranges(void **state) {
  static const char transposed[] = "[{\"name\": \"transpose\", \"configuration\": {\"order\": [2, 0, 1]}}, "
                                   "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"big\"}}]";
  zarrc_ctx *ctx = *state;
  part_check(ctx, little_chain, (int64_t[]){5, 6, 7}, (int64_t[]){1, 1, 1}, NULL, 4, 1);
  part_check(ctx, transposed, (int64_t[]){5, 6, 7}, (int64_t[]){1, 1, 1}, NULL, 4, 1);
  /* Whole planes are one run. */
  part_check(ctx, little_chain, (int64_t[]){5, 0, 0}, (int64_t[]){2, 64, 64}, NULL, 2 * 64 * 64 * 4, 1);
  /* Planes far apart are ranges of their own. */
  part_check(ctx, little_chain, (int64_t[]){0, 10, 0}, (int64_t[]){3, 2, 64}, (int64_t[]){30, 1, 1}, 3 * 2 * 64 * 4, 3);
  part_check(ctx, big_chain, (int64_t[]){1, 2, 3}, (int64_t[]){20, 10, 5}, (int64_t[]){3, 5, 7},
             ((57 * 64 + 45) * 64 + 29) * 4, 20);
  part_check(ctx, transposed, (int64_t[]){1, 2, 3}, (int64_t[]){20, 10, 5}, (int64_t[]){3, 5, 7}, 64 * 64 * 64 * 4, 64);
}

/* With no gap allowed, every row of a box is a range, in batches. */
static void the_gap_is_an_option(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 2, (int64_t[]){100, 1000});
  spec.options.coalesce_gap = 1;
  zarrc_pipeline *p = chunk_pipeline(ctx, little_chain, &spec);
  uint8_t *numbers = chunk_numbers(&spec), to[100 * 10];
  counting_blob blob;
  counting_blob_init(&blob, ctx, numbers, 100 * 1000, false);
  zarrc_region r = chunk_region(2, (int64_t[]){0, 500}, (int64_t[]){100, 10}, NULL);
  zarrc_view view = zarrc_view_c(&spec.dtype, 2, r.count, to);
  assert_int_equal(zarrc_read(p, &blob.blob, &r, &view, NULL, NULL), ZARRC_OK);
  assert_int_equal(blob.nread, 1000);
  assert_int_equal(blob.nranges, 100);
  assert_true(blob.nreads < 10);
  for (int i = 0; i < 100; i++) assert_memory_equal(to + 10 * i, numbers + 1000 * i + 500, 10);
  /* And with every gap allowed all rows are one range. */
  zarrc_pipeline_close(p);
  spec.options.coalesce_gap = UINT64_MAX;
  p = chunk_pipeline(ctx, little_chain, &spec);
  counting_blob_reset(&blob);
  assert_int_equal(zarrc_read(p, &blob.blob, &r, &view, NULL, NULL), ZARRC_OK);
  assert_int_equal(blob.nranges, 1);
  /* A value of another size is noticed although only parts of it are read. */
  counting_blob_clear(&blob);
  counting_blob_init(&blob, ctx, numbers, 100 * 1000 - 1, false);
  assert_int_equal(zarrc_read(p, &blob.blob, &r, &view, NULL, NULL), ZARRC_SIZE_MISMATCH);
  counting_blob_clear(&blob);
  free(numbers);
  zarrc_pipeline_close(p);
}

/* What has to be fetched first is asked for at once, however many ranges it is. */
static void all_rows_are_asked_for_at_once(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 2, (int64_t[]){100, 1000});
  spec.options.coalesce_gap = 1;
  zarrc_pipeline *p = chunk_pipeline(ctx, little_chain, &spec);
  uint8_t *numbers = chunk_numbers(&spec), to[100 * 10];
  zarrc_region r = chunk_region(2, (int64_t[]){0, 500}, (int64_t[]){100, 10}, NULL);
  zarrc_view view = zarrc_view_c(&spec.dtype, 2, r.count, to);
  zarrc_asking *asking;
  zarrc_range *ranges;
  size_t n;
  assert_int_equal(zarrc_asking_open(ctx, NULL, &asking, NULL), ZARRC_OK);
  assert_int_equal(zarrc_read(p, zarrc_asking_blob(asking), &r, &view, NULL, NULL), ZARRC_PENDING);
  assert_int_equal(zarrc_asking_wanted(asking, 0, UINT64_MAX, &ranges, &n, NULL), ZARRC_OK);
  assert_int_equal(n, 100);
  for (size_t i = 0; i < n; i++) {
    ranges[i].got = (zarrc_bytes){.ptr = numbers + ranges[i].offset, .len = (size_t)ranges[i].nbytes};
    assert_int_equal(zarrc_asking_add(asking, &ranges[i], NULL), ZARRC_OK);
  }
  assert_int_equal(zarrc_read(p, zarrc_asking_blob(asking), &r, &view, NULL, NULL), ZARRC_OK);
  for (int i = 0; i < 100; i++) assert_memory_equal(to + 10 * i, numbers + 1000 * i + 500, 10);
  zarrc_asking_close(asking);
  free(numbers);
  zarrc_pipeline_close(p);
}

/* High bits of elements of less than a byte mean nothing, and are neither read nor written. */
static void high_bits_are_ignored(void **state) {
  static const struct {
    zarrc_type type;
    uint8_t mask;
  } rows[] = {{ZARRC_INT4, 15},
              {ZARRC_UINT2, 3},
              {ZARRC_FLOAT4_E2M1FN, 15},
              {ZARRC_FLOAT6_E3M2FN, 63},
              {ZARRC_FLOAT8_E4M3, 255}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    uint8_t stored[256], got[256];
    zarrc_spec spec = chunk_spec(rows[i].type, 1, (int64_t[]){256});
    zarrc_pipeline *p = chunk_pipeline(*state, "[\"bytes\"]", &spec);
    zarrc_memory_blob blob;
    size_t n;
    for (int k = 0; k < 256; k++) stored[k] = (uint8_t)k;
    uint8_t *encoded = chunk_encode(*state, p, stored, &n);
    assert_int_equal(n, 256);
    for (int k = 0; k < 256; k++) assert_int_equal(encoded[k], k & rows[i].mask);
    zarrc_memory_blob_init(&blob, *state, stored, 256);
    blob.present = true;
    zarrc_view to = zarrc_view_c(&spec.dtype, 1, spec.shape, got);
    assert_int_equal(zarrc_read(p, &blob.blob, NULL, &to, NULL, NULL), ZARRC_OK);
    for (int k = 0; k < 256; k++) assert_int_equal(got[k], k & rows[i].mask);
    zarrc_region part = chunk_region(1, (int64_t[]){7}, (int64_t[]){50}, (int64_t[]){3});
    to = zarrc_view_c(&spec.dtype, 1, part.count, got);
    assert_int_equal(zarrc_read(p, &blob.blob, &part, &to, NULL, NULL), ZARRC_OK);
    for (int k = 0; k < 50; k++) assert_int_equal(got[k], (7 + 3 * k) & rows[i].mask);
    zarrc_memory_blob_clear(&blob);
    free(encoded);
    zarrc_pipeline_close(p);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(high_bits_are_ignored),          cmocka_unit_test(byte_order_is_settled),
      cmocka_unit_test(variable_elements_are_refused),  cmocka_unit_test(native_elements_are_lent),
      cmocka_unit_test(wrong_sizes_are_refused),        cmocka_unit_test(odd_booleans_become_one),
      cmocka_unit_test(parts_are_read_by_ranges),       cmocka_unit_test(the_gap_is_an_option),
      cmocka_unit_test(all_rows_are_asked_for_at_once),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

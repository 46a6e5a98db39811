/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/faulty_alloc.h"
#include "support/needs.h"
#include "support/said.h"

#include <stdlib.h>
#include <string.h>

static const char *const forms[] = {
    "{\"name\": \"crc32c\"}", "\"crc32c\"", "{\"name\": \"crc32c\", \"configuration\": {}}",
    "{\"name\": \"crc32c\", \"must_understand\": false}", "{\"configuration\": {}, \"name\": \"crc32c\", \"x\": 1}"};

static void every_form_of_a_codec(void **state) {
  zarrc_ctx *ctx = *state;
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    zarrc_codec *codec;
    assert_int_equal(zarrc_codec_open(ctx, forms[i], strlen(forms[i]), &codec, NULL), ZARRC_OK);
    char *json = chunk_codec_json(ctx, codec);
    assert_string_equal(json, forms[0]);
    assert_string_equal(zarrc_codec_name(codec), "crc32c");
    assert_int_equal(zarrc_codec_get_kind(codec), ZARRC_BYTES_TO_BYTES);
    assert_true(zarrc_codec_is_fixed_size(codec));
    assert_false(zarrc_codec_supports_partial_decode(codec));
    free(json);
    zarrc_codec_close(codec);
  }
}

static void what_is_no_codec(void **state) {
  static const struct {
    const char *json;
    zarrc_status status;
    const char *word;
  } rows[] = {
      {"{\"name\": \"nope\"}", ZARRC_UNSUPPORTED, "nope"},
      {"\"nope\"", ZARRC_UNSUPPORTED, "nope"},
      {"{\"name\": \"nope\", \"must_understand\": false}", ZARRC_UNSUPPORTED, "nope"},
      {"{\"name\": \"crc32c\\u0000\"}", ZARRC_UNSUPPORTED, "crc32c"},
      {"{\"name\": 5}", ZARRC_INVALID_METADATA, "name"},
      {"{}", ZARRC_INVALID_METADATA, "name"},
      {"[]", ZARRC_INVALID_METADATA, "list"},
      {"{\"name\": \"gzip\", \"configuration\": null}", ZARRC_INVALID_METADATA, "configuration"},
      {"{\"name\": \"gzip\", \"configuration\": [5]}", ZARRC_INVALID_METADATA, "configuration"},
      {"{\"name\": \"gzip\"", ZARRC_INVALID_METADATA, "line 1"},
      {"", ZARRC_INVALID_METADATA, ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_codec *codec = NULL;
    zarrc_error error = {0};
    assert_int_equal(zarrc_codec_open(*state, rows[i].json, strlen(rows[i].json), &codec, &error), rows[i].status);
    if (!strstr(SAID(error), rows[i].word) && strcmp(rows[i].word, "list"))
      fail_msg("%s: %s", rows[i].json, SAID(error));
    assert_null(codec);
  }
}

static void named(zarrc_status status, const zarrc_error *error, const char *codec, const char *begin) {
  assert_int_equal(status, error->code);
  assert_int_not_equal(status, ZARRC_OK);
  assert_string_equal(error->codec, codec);
  if (strncmp(SAID(*error), begin, strlen(begin)) != 0) fail_msg("%s", SAID(*error));
}

/* What is wrong with a codec before any chunk is there names the innermost codec, as failures of chunks do. */
static void failures_name_their_codec(void **state) {
  static const char inner[] = "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2], \"codecs\": "
                              "[{\"name\": \"bytes\"}, {\"name\": \"gzip\", \"configuration\": {\"level\": 11}}]}}";
  static const char axes[] = "{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 0]}}";
  static const char thirds[] = "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [3]}}";
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){4}), out;
  zarrc_codec *codec = NULL, *evolved = NULL;
  zarrc_error error = {0};
  zarrc_status status = zarrc_codec_open(ctx, inner, sizeof inner - 1, &codec, &error);
  named(status, &error, "gzip", "codec sharding_indexed: configuration.codecs");
  assert_non_null(strstr(SAID(error), "codec gzip: configuration.level is 11"));
  assert_int_equal(zarrc_codec_open(ctx, axes, sizeof axes - 1, &codec, NULL), ZARRC_OK);
  status = zarrc_codec_resolve(codec, &spec, &out, &error);
  named(status, &error, "transpose", "codec transpose: ");
  status = zarrc_codec_validate(codec, &spec, NULL, &error);
  named(status, &error, "transpose", "codec transpose: ");
  status = zarrc_codec_evolve(codec, &spec, &evolved, &error);
  named(status, &error, "transpose", "codec transpose: ");
  zarrc_codec_close(codec);
  assert_int_equal(zarrc_codec_open(ctx, thirds, sizeof thirds - 1, &codec, NULL), ZARRC_OK);
  status = zarrc_codec_evolve(codec, &spec, &evolved, &error);
  named(status, &error, "sharding_indexed", "codec sharding_indexed: ");
  zarrc_codec_close(codec);
}

/* What the first evolve decided stays, whatever a second one is given. */
static void evolving_twice(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec eight = chunk_spec(ZARRC_FLOAT64, 1, (int64_t[]){4}), two = chunk_spec(ZARRC_INT16, 1, (int64_t[]){4});
  zarrc_codec *first = chunk_codec(ctx, "{\"name\": \"blosc\", \"configuration\": {}}", &eight), *second;
  assert_int_equal(zarrc_codec_evolve(first, &two, &second, NULL), ZARRC_OK);
  char *a = chunk_codec_json(ctx, first), *b = chunk_codec_json(ctx, second);
  assert_string_equal(a, b);
  assert_non_null(strstr(a, "\"typesize\": 8"));
  free(a);
  free(b);
  zarrc_codec_close(first);
  zarrc_codec_close(second);
}

/* A batch of chunks and holes: each gets its status, the lowest failure is reported. */
static void batches_with_holes(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){8});
  zarrc_codec *codec = chunk_codec(ctx, "{\"name\": \"crc32c\"}", &spec);
  enum { N = 40 };
  zarrc_codec_job jobs[N];
  zarrc_parts parts[N], back[N];
  zarrc_bytes joined;
  zarrc_error error;
  memset(jobs, 0, sizeof jobs);
  for (int i = 0; i < N; i++) {
    zarrc_parts_init(&parts[i], ctx);
    zarrc_parts_init(&back[i], ctx);
    if (i % 3 == 1) continue;
    jobs[i] =
        (zarrc_codec_job){.spec = &spec, .bytes = {(const uint8_t *)"12345678", 8, NULL, NULL}, .parts = &parts[i]};
  }
  assert_int_equal(zarrc_codec_encode(codec, jobs, N, NULL), ZARRC_OK);
  for (int i = 0; i < N; i++) {
    assert_int_equal(jobs[i].status, ZARRC_OK);
    assert_int_equal(parts[i].nbytes, i % 3 == 1 ? 0 : 12);
    if (!jobs[i].spec) continue;
    assert_int_equal(zarrc_parts_join(&parts[i], &joined, NULL), ZARRC_OK);
    jobs[i].bytes = joined;
    jobs[i].parts = &back[i];
  }
  jobs[20].bytes.len = 11;
  jobs[30].bytes.len = 3;
  assert_int_equal(zarrc_codec_decode(codec, jobs, N, &error), ZARRC_CHECKSUM);
  assert_non_null(strstr(SAID(error), "crc32c: "));
  for (int i = 0; i < N; i++) {
    zarrc_status expected = i == 20 ? ZARRC_CHECKSUM : i == 30 ? ZARRC_TRUNCATED : ZARRC_OK;
    assert_int_equal(jobs[i].status, expected);
    assert_int_equal(back[i].nbytes, expected || !jobs[i].spec ? 0 : 8);
    zarrc_parts_clear(&parts[i]);
    zarrc_parts_clear(&back[i]);
  }
  zarrc_codec_close(codec);
}

static zarrc_status without_memory(const zarrc_ctx_options *options, void *arg) {
  static const char *const codecs[] = {"{\"name\": \"blosc\", \"configuration\": {\"cname\": \"lz4\"}}",
                                       "{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 0]}}",
                                       "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2, 2], "
                                       "\"codecs\": [{\"name\": \"bytes\", "
                                       "\"configuration\": {\"endian\": \"big\"}}, {\"name\": \"zstd\"}]}}"};
  zarrc_spec spec = chunk_spec(ZARRC_INT32, 2, (int64_t[]){4, 6});
  zarrc_ctx *ctx;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  (void)arg;
  if (status) return status;
  for (size_t i = 0; !status && i < sizeof codecs / sizeof *codecs; i++) {
    zarrc_codec *codec = NULL, *evolved = NULL;
    zarrc_buf json = zarrc_buf_new(ctx, 1 << 20);
    status = zarrc_codec_open(ctx, codecs[i], strlen(codecs[i]), &codec, NULL);
    if (!status) status = zarrc_codec_evolve(codec, &spec, &evolved, NULL);
    if (!status) status = zarrc_codec_to_json(evolved, &json, NULL);
    zarrc_buf_clear(&json);
    zarrc_codec_close(evolved);
    zarrc_codec_close(codec);
  }
  zarrc_ctx_close(ctx);
  return status;
}

static void every_allocation_may_fail(void **state) {
  needs_codec("zstd");
  needs_codec("blosc");
  needs_codec("gzip");
  (void)state;
  assert_true(faulty_alloc_each(NULL, without_memory, NULL) > 20);
}

static zarrc_codec *opened(zarrc_ctx *ctx, const char *json) {
  zarrc_codec *codec = NULL;
  assert_int_equal(zarrc_codec_open(ctx, json, strlen(json), &codec, NULL), ZARRC_OK);
  return codec;
}

/* "F" is told from the chunk, evolved or not. */
static void letters_need_no_evolve(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_codec *codec = opened(ctx, "{\"name\": \"transpose\", \"configuration\": {\"order\": \"F\"}}");
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 2, (int64_t[]){2, 3}), encoded;
  assert_int_equal(zarrc_codec_resolve(codec, &spec, &encoded, NULL), ZARRC_OK);
  uint8_t *numbers = chunk_numbers(&spec), *to = malloc(6);
  memset(to, 0, 6);
  zarrc_codec_job job = {.spec = &spec,
                         .decoded = zarrc_view_c(&spec.dtype, 2, spec.shape, numbers),
                         .encoded = zarrc_view_c(&spec.dtype, 2, encoded.shape, to)};
  assert_int_equal(zarrc_codec_encode(codec, &job, 1, NULL), ZARRC_OK);
  assert_memory_equal(to, ((uint8_t[]){1, 4, 2, 5, 3, 6}), 6);
  free(numbers);
  free(to);
  zarrc_codec_close(codec);
}

/* A shard's inner chunks are settled by evolve: without it, or for another chunk than it was done for, nothing works.
 */
static void shards_must_be_evolved_for_the_chunk(void **state) {
  zarrc_ctx *ctx = *state;
  static const char json[] = "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2]}}";
  zarrc_spec small = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){4}), large = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){64});
  zarrc_spec wide = chunk_spec(ZARRC_UINT16, 1, (int64_t[]){4});
  zarrc_codec *codecs[] = {opened(ctx, json), chunk_codec(ctx, json, &small), chunk_codec(ctx, json, &wide)};
  zarrc_codec *right = chunk_codec(ctx, json, &large);
  uint8_t *numbers = chunk_numbers(&large);
  zarrc_parts parts, none;
  zarrc_parts_init(&parts, ctx);
  zarrc_parts_init(&none, ctx);
  zarrc_codec_job job = {
      .spec = &large, .decoded = zarrc_view_c(&large.dtype, 1, large.shape, numbers), .parts = &parts};
  assert_int_equal(zarrc_codec_encode(right, &job, 1, NULL), ZARRC_OK);
  assert_int_equal(zarrc_parts_join(&parts, &job.bytes, NULL), ZARRC_OK);
  job.parts = &none;
  for (int i = 0; i < 3; i++) {
    zarrc_error error;
    assert_int_equal(zarrc_codec_encode(codecs[i], &job, 1, &error), ZARRC_INVALID_ARGUMENT);
    assert_non_null(strstr(SAID(error), "evolved"));
    assert_int_equal(zarrc_codec_decode(codecs[i], &job, 1, &error), ZARRC_INVALID_ARGUMENT);
    assert_int_equal(none.nitems, 0);
    zarrc_codec_close(codecs[i]);
  }
  assert_int_equal(zarrc_codec_decode(right, &job, 1, NULL), ZARRC_OK);
  zarrc_codec_close(right);
  zarrc_parts_clear(&parts);
  free(numbers);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_form_of_a_codec),
      cmocka_unit_test(what_is_no_codec),
      cmocka_unit_test(failures_name_their_codec),
      cmocka_unit_test(evolving_twice),
      cmocka_unit_test(batches_with_holes),
      cmocka_unit_test(letters_need_no_evolve),
      cmocka_unit_test(shards_must_be_evolved_for_the_chunk),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

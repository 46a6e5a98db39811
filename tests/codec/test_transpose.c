/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t shape[] = {2, 3, 4};

static void letters_become_permutations(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_INT16, 3, shape);
  static const struct {
    const char *in, *out;
  } rows[] = {
      {"{\"name\": \"transpose\", \"configuration\": {\"order\": \"F\"}}",
       "{\"name\": \"transpose\", \"configuration\": {\"order\": [2, 1, 0]}}"},
      {"{\"name\": \"transpose\", \"configuration\": {\"order\": \"C\"}}",
       "{\"name\": \"transpose\", \"configuration\": {\"order\": [0, 1, 2]}}"},
      {"{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 2, 0]}}",
       "{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 2, 0]}}"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_codec *codec = chunk_codec(ctx, rows[i].in, &spec);
    char *json = chunk_codec_json(ctx, codec);
    assert_string_equal(json, rows[i].out);
    free(json);
    zarrc_codec_close(codec);
  }
}

static void bad_orders_are_refused(void **state) {
  zarrc_ctx *ctx = *state;
  static const char *const orders[] = {
      "[0, 0]", "[0, 2]", "[-1, 0]", "[0.0, 1.0]", "5", "null", "\"X\"", "[\"0\"]", "[0, 18446744073709551616]"};
  for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
    char json[128];
    zarrc_codec *codec = NULL;
    zarrc_error error = {0};
    snprintf(json, sizeof json, "{\"name\": \"transpose\", \"configuration\": {\"order\": %s}}", orders[i]);
    assert_int_equal(zarrc_codec_open(ctx, json, strlen(json), &codec, &error), ZARRC_INVALID_METADATA);
    assert_non_null(strstr(SAID(error), "codec transpose: configuration.order"));
    assert_null(codec);
  }
}

static void the_rank_must_fit(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_INT16, 3, shape);
  const char *json = "{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 0]}}";
  zarrc_codec *codec, *evolved = NULL;
  zarrc_spec out;
  assert_int_equal(zarrc_codec_open(ctx, json, strlen(json), &codec, NULL), ZARRC_OK);
  assert_int_equal(zarrc_codec_evolve(codec, &spec, &evolved, NULL), ZARRC_INVALID_METADATA);
  assert_int_equal(zarrc_codec_validate(codec, &spec, NULL, NULL), ZARRC_INVALID_METADATA);
  assert_int_equal(zarrc_codec_resolve(codec, &spec, &out, NULL), ZARRC_INVALID_METADATA);
  zarrc_codec_close(codec);
}

/* encoded[p] = decoded[q] with p[i] = q[order[i]], and back; resolve says the encoded shape. */
static void elements_move(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_INT16, 3, shape), encoded_spec;
  zarrc_codec *codec = chunk_codec(ctx, "{\"name\": \"transpose\", \"configuration\": {\"order\": [2, 0, 1]}}", &spec);
  assert_int_equal(zarrc_codec_resolve(codec, &spec, &encoded_spec, NULL), ZARRC_OK);
  assert_int_equal(encoded_spec.shape[0], 4);
  assert_int_equal(encoded_spec.shape[1], 2);
  assert_int_equal(encoded_spec.shape[2], 3);
  int16_t *decoded = chunk_numbers(&spec), encoded[24], back[24];
  zarrc_codec_job jobs[2] = {{.spec = &spec,
                              .decoded = zarrc_view_c(&spec.dtype, 3, spec.shape, decoded),
                              .encoded = zarrc_view_c(&spec.dtype, 3, encoded_spec.shape, encoded)},
                             {.spec = NULL}};
  assert_int_equal(zarrc_codec_encode(codec, jobs, 2, NULL), ZARRC_OK);
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 3; j++)
      for (int k = 0; k < 4; k++) assert_int_equal(encoded[(k * 2 + i) * 3 + j], decoded[(i * 3 + j) * 4 + k]);
  jobs[0].decoded.data = back;
  assert_int_equal(zarrc_codec_decode(codec, jobs, 2, NULL), ZARRC_OK);
  assert_memory_equal(back, decoded, sizeof back);
  jobs[0].encoded.shape[0] = 5;
  assert_int_equal(zarrc_codec_decode(codec, jobs, 2, NULL), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(jobs[0].status, ZARRC_INVALID_ARGUMENT);
  assert_int_equal(jobs[1].status, ZARRC_OK);
  assert_true(zarrc_codec_is_fixed_size(codec));
  assert_int_equal(zarrc_codec_encoded_size(codec, &spec, 48).nbytes, 48);
  assert_int_equal(zarrc_codec_get_kind(codec), ZARRC_ARRAY_TO_ARRAY);
  free(decoded);
  zarrc_codec_close(codec);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(letters_become_permutations),
      cmocka_unit_test(bad_orders_are_refused),
      cmocka_unit_test(the_rank_must_fit),
      cmocka_unit_test(elements_move),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

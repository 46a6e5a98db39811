/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/filters.h"
#include "support/golden.h"
#include "support/objects.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODEC(configuration) "{\"name\": \"numcodecs.categorize\", \"configuration\": {" configuration "}}"

static void as_numcodecs(void **state) {
  assert_true(golden_check(*state, "objects.txt", "numcodecs.categorize") > 40);
}

static void bad_settings_are_refused(void **state) {
  static const filters_refusal rows[] = {
      {CODEC("\"labels\": [\"a\"]"), ZARRC_STRING, ZARRC_INVALID_METADATA, "configuration.dtype must be a data type"},
      {CODEC("\"dtype\": \"|O\""), ZARRC_STRING, ZARRC_INVALID_METADATA, "configuration.labels must be a list"},
      {CODEC("\"labels\": [\"a\", 3], \"dtype\": \"|O\""), ZARRC_STRING, ZARRC_INVALID_METADATA,
       "label 1 is no string"},
      {CODEC("\"labels\": [], \"dtype\": \"|S3\""), ZARRC_STRING, ZARRC_UNSUPPORTED, "no type of strings"},
      {CODEC("\"labels\": [], \"dtype\": \">U3\""), ZARRC_STRING, ZARRC_UNSUPPORTED, "no type of strings"},
      {CODEC("\"labels\": [], \"dtype\": \"<U\""), ZARRC_STRING, ZARRC_UNSUPPORTED, "no type of strings"},
      {CODEC("\"labels\": [], \"dtype\": \"<U3\""), ZARRC_STRING, ZARRC_INVALID_METADATA, "must be of type fixed"},
      {CODEC("\"labels\": [], \"dtype\": \"|O\""), ZARRC_INT8, ZARRC_INVALID_METADATA, "must be of type string"},
      {CODEC("\"labels\": [], \"dtype\": \"|O\", \"astype\": \"<f4\""), ZARRC_STRING, ZARRC_UNSUPPORTED, "of integers"},
      {CODEC("\"labels\": [], \"dtype\": \"|O\", \"astype\": \"|O\""), ZARRC_STRING, ZARRC_UNSUPPORTED, "of numbers"},
      {CODEC("\"labels\": [], \"dtype\": \"|O\", \"level\": 1"), ZARRC_STRING, ZARRC_INVALID_METADATA, "level"},
  };
  filters_check_refused(*state, rows, sizeof rows / sizeof *rows);
}

/* There must be a number for each label, and room for each in an element. */
static void labels_must_fit(void **state) {
  char json[1024] = CODEC("\"dtype\": \"|O\", \"astype\": \"|i1\", \"labels\": [");
  zarrc_codec *codec;
  zarrc_error error = {0};
  json[strlen(json) - 2] = 0;
  for (int i = 0; i < 128; i++) strcat(json, i ? ",\"\"" : "\"\"");
  strcat(json, "]}}");
  assert_int_equal(zarrc_codec_open(*state, json, strlen(json), &codec, &error), ZARRC_INVALID_METADATA);
  assert_non_null(strstr(SAID(error), "128 are too many for elements of type |i1"));
  static const char longer[] =
      "[" CODEC("\"dtype\": \"<U2\", \"labels\": [\"ab\", \"\\u00e9\\u00e9\\u00e9\"]") ", \"bytes\"]";
  zarrc_spec spec = chunk_spec(ZARRC_STRING, 1, (int64_t[]){2});
  zarrc_pipeline *pipeline;
  spec.dtype = zarrc_dtype_of(ZARRC_FIXED_UTF32);
  spec.dtype.item_size = 8;
  assert_int_equal(zarrc_pipeline_open(*state, longer, strlen(longer), &spec, &pipeline, &error),
                   ZARRC_INVALID_METADATA);
  assert_non_null(strstr(SAID(error), "label 1 is longer than the elements"));
}

/* A string that is no label is not lost, but for the fill value. */
static void other_strings_are_refused(void **state) {
  zarrc_spec spec = chunk_spec(ZARRC_STRING, 1, (int64_t[]){3});
  zarrc_text fill = {(const uint8_t *)"none", 4};
  spec.fill = &fill;
  spec.options.write_empty_chunks = true;
  zarrc_pipeline *p =
      chunk_pipeline(*state, "[" CODEC("\"labels\": [\"a\", \"b\"], \"dtype\": \"|O\"") ", \"bytes\"]", &spec);
  zarrc_text text[3] = {{(const uint8_t *)"b", 1}, {(const uint8_t *)"none", 4}, {NULL, 0}};
  size_t n;
  uint8_t *bytes = chunk_encode(*state, p, text, &n);
  assert_int_equal(n, 3);
  assert_memory_equal(bytes, "\2\0\0", 3);
  free(bytes);
  text[2] = (zarrc_text){(const uint8_t *)"c", 1};
  zarrc_view from = zarrc_view_c(&spec.dtype, 1, spec.shape, text);
  zarrc_parts parts;
  zarrc_error error;
  zarrc_parts_init(&parts, *state);
  assert_int_equal(zarrc_encode(p, &from, &parts, &error), ZARRC_INVALID_ARGUMENT);
  assert_non_null(strstr(SAID(error), "element 2, \"c\", is not one of the labels"));
  zarrc_parts_clear(&parts);
  zarrc_pipeline_close(p);
}

/* Numbers that stand for nothing are damage. */
static void other_numbers_are_refused(void **state) {
  static const char *const types[] = {"|u1", "|i1"};
  for (int k = 0; k < 4; k++) {
    char codecs[200];
    snprintf(codecs, sizeof codecs,
             "[" CODEC("\"labels\": [\"a\", \"b\"], \"dtype\": \"%s\", \"astype\": \"%s\"") ", \"bytes\"]",
             k < 2 ? "|O" : "<U1", types[k % 2]);
    zarrc_spec spec = chunk_spec(k < 2 ? ZARRC_STRING : ZARRC_FIXED_UTF32, 1, (int64_t[]){4});
    if (k > 1) spec.dtype.item_size = 4;
    zarrc_pipeline *p = chunk_pipeline(*state, codecs, &spec);
    zarrc_text memory[4];
    zarrc_arena *arena;
    zarrc_error error;
    assert_int_equal(zarrc_arena_open(*state, &arena, NULL), ZARRC_OK);
    zarrc_view to = zarrc_view_c(&spec.dtype, 1, spec.shape, memory);
    to.arena = arena;
    zarrc_memory_blob good, bad;
    zarrc_memory_blob_init(&good, *state, "\2\0\1\2", 4);
    zarrc_memory_blob_init(&bad, *state, "\2\0\3\377", 4);
    assert_int_equal(zarrc_read(p, &good.blob, NULL, &to, NULL, &error), ZARRC_OK);
    assert_int_equal(zarrc_read(p, &bad.blob, NULL, &to, NULL, &error), ZARRC_CORRUPT);
    zarrc_memory_blob_clear(&good);
    zarrc_memory_blob_clear(&bad);
    assert_non_null(strstr(SAID(error), "element 2 has a number that stands for none of the 2 labels"));
    zarrc_arena_close(arena);
    zarrc_pipeline_close(p);
  }
}

static void allocations_may_fail(void **state) {
  (void)state;
  objects_check_allocations("[" CODEC("\"labels\": [\"aaaa\", \"aaaaaaaa\"], \"dtype\": \"|O\"") ", \"bytes\"]",
                            ZARRC_STRING);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_numcodecs),
      cmocka_unit_test(bad_settings_are_refused),
      cmocka_unit_test(labels_must_fit),
      cmocka_unit_test(other_strings_are_refused),
      cmocka_unit_test(other_numbers_are_refused),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

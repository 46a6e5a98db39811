/* SPDX-License-Identifier: MIT */
/* The table of codec configurations: each row is taken or refused, and comes out in canonical JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "support/context.h"
#include "support/needs.h"
#include "support/said.h"

#include <zarrc/zarrc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows where zarrc takes another side than the table, and why. */
static const struct {
  const char *codec;
  bool accept;
  const char *canonical, *why;
} others[] = {
    {"{\"name\": \"transpose\", \"configuration\": {\"order\": \"F\"}}", true,
     "{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 0]}}",
     "drafts of the specification had the letters; they are read, and written as a permutation"},
    {"{\"name\": \"transpose\", \"configuration\": {\"order\": [true, false]}}", false, NULL,
     "a boolean is not an integer"},
    {"{\"name\": \"gzip\"}", true, "{\"name\": \"gzip\", \"configuration\": {\"level\": 5}}",
     "every parameter has a default"},
    {"{\"name\": \"zstd\"}", true, "{\"name\": \"zstd\", \"configuration\": {\"level\": 0, \"checksum\": false}}",
     "every parameter has a default"},
    {"{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [1, 3], \"codecs\": [{\"name\": \"bytes\", "
     "\"configuration\": {\"endian\": \"little\"}}], \"index_codecs\": [{\"name\": \"bytes\"}]}}",
     false, NULL, "an index without byte order fails at the first read elsewhere; here when the array is opened"},
    {"\"vlen-bytes\"", false, NULL, "on strings no array with it opens anywhere; here the codec says so already"},
};

static char *layout(zarrc_ctx *ctx, const char *text, size_t n) {
  zarrc_buf out = zarrc_buf_new(ctx, 1 << 20);
  assert_int_equal(zarrc_json_layout(&out, text, n, NULL), ZARRC_OK);
  char *copy = strndup((char *)out.ptr, out.len);
  zarrc_buf_clear(&out);
  return copy;
}

static char *layout_of(zarrc_ctx *ctx, const zarrc_json *value) {
  size_t n;
  const char *text = zarrc_json_text(value, &n);
  return layout(ctx, text, n);
}

/* What becomes of a codec in the metadata of an array: opened, evolved, validated. NULL: refused, with a message. */
static char *verdict(zarrc_ctx *ctx, const char *codec_json, const zarrc_spec *spec, const zarrc_grid *grid,
                     zarrc_error *error) {
  zarrc_codec *codec = NULL, *evolved = NULL;
  zarrc_buf json = zarrc_buf_new(ctx, 1 << 20);
  char *canonical = NULL;
  if (zarrc_codec_open(ctx, codec_json, strlen(codec_json), &codec, error) == ZARRC_OK &&
      zarrc_codec_evolve(codec, spec, &evolved, error) == ZARRC_OK &&
      zarrc_codec_validate(evolved, spec, grid, error) == ZARRC_OK &&
      zarrc_codec_to_json(evolved, &json, error) == ZARRC_OK)
    canonical = layout(ctx, (char *)json.ptr, json.len);
  zarrc_buf_clear(&json);
  zarrc_codec_close(evolved);
  zarrc_codec_close(codec);
  return canonical;
}

/* Prints every difference, so that one run shows them all. */
#define DIFFERS(...) (print_error(__VA_ARGS__), print_error("\n"), ++*ndifferent)

static void row_check(zarrc_ctx *ctx, const zarrc_json *row, size_t *naccepted, size_t *ndifferent) {
  zarrc_error error = {0};
  zarrc_spec spec = {0};
  const zarrc_json *shape = zarrc_json_get(row, "chunk_shape");
  char *codec = layout_of(ctx, zarrc_json_get(row, "codec"));
  char *data_type = layout_of(ctx, zarrc_json_get(row, "data_type"));
  bool accept = zarrc_json_string_is(zarrc_json_get(row, "recommended"), "accept");
  const zarrc_json *golden = zarrc_json_get(zarrc_json_get(row, "zarr_python"), "canonical");
  char *expected = golden ? layout_of(ctx, golden) : NULL;
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (strcmp(others[i].codec, codec) == 0) {
      accept = others[i].accept;
      free(expected);
      expected = others[i].canonical ? strdup(others[i].canonical) : NULL;
    }
  assert_int_equal(zarrc_dtype_open(ctx, data_type, strlen(data_type), &spec.dtype, NULL), ZARRC_OK);
  spec.ndim = (int)zarrc_json_length(shape);
  zarrc_grid grid = {.kind = ZARRC_REGULAR, .ndim = spec.ndim};
  for (int i = 0; i < spec.ndim; i++) {
    assert_true(zarrc_json_get_int64(zarrc_json_at(shape, (size_t)i), &spec.shape[i]));
    grid.chunk_shape[i] = spec.shape[i];
  }
  char *canonical = verdict(ctx, codec, &spec, &grid, &error);
  if (accept && !canonical) DIFFERS("%s on %s: %s", codec, data_type, SAID(error));
  if (!accept && canonical) DIFFERS("%s on %s: accepted as %s", codec, data_type, canonical);
  if (!accept && !canonical && !strstr(SAID(error), "codec"))
    DIFFERS("%s on %s: unclear: %s", codec, data_type, SAID(error));
  if (accept && expected && canonical && strcmp(canonical, expected) != 0)
    DIFFERS("%s on %s: %s instead of %s", codec, data_type, canonical, expected);
  *naccepted += accept;
  zarrc_dtype_close(&spec.dtype);
  free(canonical);
  free(expected);
  free(data_type);
  free(codec);
}

static void every_row(void **state) {
  needs_codec("zstd");
  needs_codec("blosc");
  zarrc_ctx *ctx = *state;
  zarrc_json_doc *doc;
  FILE *f = fopen(ZARRC_TEST_DATA "/metadata/codec_json.json", "rb");
  assert_non_null(f);
  static char text[1 << 20];
  size_t n = fread(text, 1, sizeof text, f), naccepted = 0, ndifferent = 0;
  fclose(f);
  assert_int_equal(zarrc_json_parse(ctx, text, n, NULL, &doc, NULL), ZARRC_OK);
  const zarrc_json *rows = zarrc_json_root(doc);
  for (size_t i = 0; i < zarrc_json_length(rows); i++) row_check(ctx, zarrc_json_at(rows, i), &naccepted, &ndifferent);
  print_message("%zu rows, %zu accepted\n", zarrc_json_length(rows), naccepted);
  assert_int_equal(zarrc_json_length(rows), 127);
  assert_int_equal(ndifferent, 0);
  zarrc_json_close(doc);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_row)};
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

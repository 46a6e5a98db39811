/* SPDX-License-Identifier: MIT */
/* How often an array's metadata are parsed while it is opened. The linker puts the counter below in front of the parser
 * (cmake/ZarrcTests.cmake). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "support/nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

static zarrc_ctx *ctx;
static zarrc_store *store;
static size_t nparses;

zarrc_status __real_zarrc_json_parse(zarrc_ctx *with, const char *text, size_t n, const char *opaque,
                                     zarrc_json_doc **out, zarrc_error *error);
zarrc_status __wrap_zarrc_json_parse(zarrc_ctx *with, const char *text, size_t n, const char *opaque,
                                     zarrc_json_doc **out, zarrc_error *error);

zarrc_status __wrap_zarrc_json_parse(zarrc_ctx *with, const char *text, size_t n, const char *opaque,
                                     zarrc_json_doc **out, zarrc_error *error) {
  nparses++;
  return __real_zarrc_json_parse(with, text, n, opaque, out, error);
}

/* A codec of somebody else's, from before classes had `copy` and `equal`: it has a setting that evolve decides. */
static zarrc_status theirs_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  char **kept = zarrc_codec_instance(codec);
  *kept = zarrc_malloc(zarrc_codec_ctx(codec), n + 1);
  if (!*kept) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory");
  if (n) memcpy(*kept, configuration, n);
  (*kept)[n] = 0;
  return ZARRC_OK;
}

static void theirs_close(zarrc_codec *codec) {
  char **kept = zarrc_codec_instance(codec);
  zarrc_free(zarrc_codec_ctx(codec), *kept);
}

static zarrc_status theirs_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  char *const *kept = zarrc_codec_instance(codec);
  return zarrc_buf_printf(out, error, "{\"name\": \"theirs\", \"configuration\": %s}", **kept ? *kept : "{}");
}

static zarrc_status theirs_evolve(zarrc_codec *codec, const zarrc_spec *spec, zarrc_error *error) {
  char **kept = zarrc_codec_instance(codec), *decided = zarrc_malloc(zarrc_codec_ctx(codec), 64);
  if (!decided) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory");
  snprintf(decided, 64, "{\"size\": %u}", (unsigned)spec->dtype.item_size);
  zarrc_free(zarrc_codec_ctx(codec), *kept);
  *kept = decided;
  return ZARRC_OK;
}

static zarrc_codec_class theirs;

static int open_all(void **state) {
  (void)state;
  if (zarrc_ctx_open(NULL, &ctx, NULL) || zarrc_memory_store_open(ctx, &store, NULL)) return 1;
  theirs = (zarrc_codec_class){.struct_size = sizeof theirs,
                               .name = "theirs",
                               .kind = ZARRC_BYTES_TO_BYTES,
                               .instance_size = sizeof(char *),
                               .open = theirs_open,
                               .close = theirs_close,
                               .to_json = theirs_to_json,
                               .evolve = theirs_evolve,
                               .u.bb = zarrc_find_codec(ctx, "crc32c")->u.bb};
  return zarrc_register_codec(ctx, &theirs, NULL) != ZARRC_OK;
}

static int close_all(void **state) {
  (void)state;
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  return 0;
}

#define BYTES       "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}"
#define PLAIN       "{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 0]}}, " BYTES ", {\"name\": \"crc32c\"}"
#define WITH_THEIRS BYTES ", \"theirs\""
#define SHARD(shape, codecs)                                                                                           \
  "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": " shape ", \"codecs\": [" codecs              \
  "], \"index_codecs\": [" BYTES ", {\"name\": \"crc32c\"}], \"index_location\": \"end\"}}"
#define TWO_LEVELS(codecs) SHARD("[2, 3]", SHARD("[1, 3]", codecs))

static zarrc_array *open_counted(size_t *n) {
  zarrc_array *array = NULL;
  zarrc_error error = {0};
  nparses = 0;
  if (zarrc_array_open(store, "", NULL, &array, &error)) fail_msg("%s", error.message);
  *n = nparses;
  return array;
}

/* The document; and of codecs whose class cannot copy, what evolve made of each. */
static void opening_parses_once(void **state) {
  static const struct {
    const char *codecs;
    size_t ncodecs, nparses;
  } rows[] = {
      {"[" PLAIN "]", 3, 1},
      {"[" SHARD("[1, 3]", PLAIN) "]", 6, 1},
      {"[" TWO_LEVELS(PLAIN) "]", 9, 1},
      {"[" WITH_THEIRS "]", 2, 2},
      {"[" SHARD("[1, 3]", WITH_THEIRS) "]", 5, 2},
      {"[" TWO_LEVELS(WITH_THEIRS) ", \"theirs\"]", 9, 3},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char *document = nodes_document("codecs", rows[i].codecs, NULL);
    size_t n;
    nodes_put(store, "zarr.json", document);
    free(document);
    zarrc_array_close(open_counted(&n));
    assert_int_equal(n, rows[i].nparses);
    assert_true(n <= 1 + rows[i].ncodecs);
  }
}

/* Data types and fill values that are documents in themselves are values of the one that was parsed. */
static void types_and_fill_values(void **state) {
  static const char *const rows[][2] = {
      {"{\"name\": \"struct\", \"configuration\": {\"fields\": [{\"name\": \"a\", \"data_type\": \"int16\"}, "
       "{\"name\": \"b\", \"data_type\": {\"name\": \"numpy.datetime64\", \"configuration\": {\"unit\": \"s\", "
       "\"scale_factor\": 1}}}]}}",
       "{\"a\": 7, \"b\": \"NaT\"}"},
      {"\"complex64\"", "[1.5, \"NaN\"]"},
      {"\"float32\"", "NaN"}, /* not JSON, but taken: read twice, once for each way */
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char *document = nodes_document("data_type", rows[i][0], "fill_value", rows[i][1], NULL);
    size_t n;
    nodes_put(store, "zarr.json", document);
    free(document);
    zarrc_array_close(open_counted(&n));
    assert_int_equal(n, 1);
  }
}

/* Chunks of another shape get a pipeline of their own without any parsing. */
static void other_shapes_parse_nothing(void **state) {
  char *document = nodes_document("chunk_grid",
                                  "{\"name\": \"rectilinear\", \"configuration\": {\"kind\": \"inline\", "
                                  "\"chunk_shapes\": [2, [3, 6]]}}",
                                  "shape", "[4, 9]", "codecs", "[" SHARD("[1, 3]", PLAIN) "]", NULL);
  const zarrc_pipeline *first, *second;
  size_t n;
  (void)state;
  nodes_put(store, "zarr.json", document);
  free(document);
  zarrc_array *array = open_counted(&n);
  assert_int_equal(n, 1);
  assert_int_equal(zarrc_array_pipeline(array, (int64_t[]){0, 0}, &first, NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_pipeline(array, (int64_t[]){0, 1}, &second, NULL), ZARRC_OK);
  assert_ptr_not_equal(first, second);
  assert_int_equal(nparses, 1);
  zarrc_array_close(array);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(opening_parses_once),
      cmocka_unit_test(types_and_fill_values),
      cmocka_unit_test(other_shapes_parse_nothing),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/metadata.h"
#include "array/rules.h"
#include "support/documents.h"
#include "support/nodes.h"

#include <stdlib.h>
#include <string.h>

static zarrc_ctx *ctx;

static int open_ctx(void **state) {
  (void)state;
  return zarrc_ctx_open(NULL, &ctx, NULL);
}

static int close_ctx(void **state) {
  (void)state;
  zarrc_ctx_close(ctx);
  return 0;
}

/* Opens a document in both ways: it breaks one rule, which is a notice, or the reason why strict does not open it. */
static void check_bent(const char *document, size_t n, const char *words) {
  zarrc_array_options strict = {.strict = true};
  zarrc_metadata *m = NULL;
  zarrc_error error = {0};
  if (zarrc_metadata_open(ctx, DOCUMENTS(document, n), NULL, &m, &error)) fail_msg("%s: %s", words, error.message);
  const char *notice = zarrc_rules_notice(&m->rules, 0);
  if (!notice || !strstr(notice, words)) fail_msg("%s: %s", words, notice ? notice : "no notice");
  assert_null(zarrc_rules_notice(&m->rules, 1));
  assert_int_equal(zarrc_metadata_open(ctx, DOCUMENTS(document, n), &strict, &m, &error), ZARRC_INVALID_METADATA);
  assert_int_equal(strncmp(error.message, notice, strlen(notice)), 0);
  assert_non_null(strstr(error.message + strlen(notice), *notice == '/' ? " (Zarr specification 3, " : " (RFC 8259"));
  /* what is written has nothing of it */
  zarrc_metadata *again = NULL;
  if (zarrc_metadata_open(ctx, DOCUMENTS(m->text, strlen(m->text)), &strict, &again, &error))
    fail_msg("%s", error.message);
  assert_string_equal(again->text, m->text);
  zarrc_metadata_close(again);
  zarrc_metadata_close(m);
}

#define CHAIN(bb) "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}, " bb "]"
#define BLOSC(clevel, more)                                                                                            \
  CHAIN("{\"name\": \"blosc\", \"configuration\": {\"cname\": \"lz4\", \"clevel\": " clevel                            \
        ", \"shuffle\": \"noshuffle\", \"blocksize\": " more "}}")
#define SHARD(members) "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2, 3]" members "}}]"
#define LITTLE         "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]"
#define ORDER(order)                                                                                                   \
  "[{\"name\": \"transpose\", \"configuration\": {\"order\": " order                                                   \
  "}}, {\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]"

static void bent_rules_are_notices_and_strict_refuses_them(void **state) {
  static const struct {
    const char *type, *member, *json, *words;
  } rows[] = {
    {"\"float32\"", "fill_value", "NaN", "/fill_value: "},
    {"\"float32\"", "fill_value", "-Infinity", "/fill_value: "},
    {"\"float64\"", "fill_value", "\"1.5\"", "/fill_value: "},
    {"\"complex64\"", "fill_value", "[NaN, Infinity]", "/fill_value: "},
    {"\"int32\"", "fill_value", "\"7\"", "/fill_value: expected an integer"},
    {"\"int32\"", "fill_value", "5.0", "/fill_value: 5.0 is no integer"},
    {"\"uint8\"", "fill_value", "1e1", "/fill_value: 1e1 is no integer"},
    {"\"bool\"", "fill_value", "0", "/fill_value: expected true or false"},
    {"\"bool\"", "fill_value", "1", "/fill_value: expected true or false"},
    {"\"int32\"", "codecs", "[{\"name\": \"endian\", \"configuration\": {\"endian\": \"little\"}}]", "old name"},
    {"\"int32\"", "codecs", ORDER("\"F\""), "transpose: configuration.order is not a list"},
    {"\"int32\"", "codecs", ORDER("\"C\""), "transpose: configuration.order is not a list"},
    {"\"int32\"", "codecs", SHARD(", \"index_codecs\": " LITTLE), "configuration.codecs is missing"},
    {"\"int32\"", "codecs", SHARD(", \"codecs\": " LITTLE), "configuration.index_codecs is missing"},
    {"\"int32\"", "codecs", "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}, \"level\": 1}]",
     "\"level\""},
#if ZARRC_HAVE_LIBDEFLATE || ZARRC_HAVE_ZLIB
    {"\"int32\"", "codecs", CHAIN("\"gzip\""), "gzip: configuration.level is missing"},
#endif
#if ZARRC_HAVE_BLOSC
    {"\"int32\"", "codecs",
     CHAIN("{\"name\": \"blosc\", \"configuration\": {\"cname\": \"lz4\", \"clevel\": 5, "
           "\"shuffle\": \"noshuffle\"}}"),
     "blosc: configuration.blocksize is missing"},
#endif
    {"\"int32\"", "attributes", "null", "/attributes: must not be null"},
    {"\"int32\"", "dimension_names", "null", "/dimension_names: must not be null"},
    {"\"int32\"", "storage_transformers", "null", "/storage_transformers: must not be null"},
    {"\"int32\"", "chunk_key_encoding", "{\"name\": \"default\", \"separator\": \".\"}", "separator does not stand"},
    {"\"int32\"", "chunk_grid", "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [2, 3], \"a\": 1}}",
     "/chunk_grid/configuration: unknown member \"a\""},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    bool fills = strcmp(rows[i].member, "fill_value") == 0;
    char *document = fills ? nodes_document("data_type", rows[i].type, "fill_value", rows[i].json, NULL)
                           : nodes_document("data_type", rows[i].type, rows[i].member, rows[i].json, NULL);
    if (strcmp(rows[i].type, "\"bool\"") == 0) { /* no byte order, which is dropped */
      free(document);
      document = nodes_document("data_type", rows[i].type, "codecs", "[\"bytes\"]", "fill_value", rows[i].json, NULL);
    }
    check_bent(document, strlen(document), rows[i].words);
    free(document);
  }
}

/* What a codec refuses of a caller is taken from a stored document. */
static void codecs_of_others_are_taken(void **state) {
  static const char endian[] = "the elements are taken to be little-endian";
  static const struct {
    const char *type, *codecs, *words, *strict;
  } rows[] = {
    {"\"int32\"", "[\"bytes\"]", endian, "configuration.endian is needed"},
    {"\"int32\"", "[{\"name\": \"bytes\"}]", endian, "configuration.endian is needed"},
    {"{\"name\": \"fixed_length_utf32\", \"configuration\": {\"length_bytes\": 8}}", "[{\"name\": \"bytes\"}]", endian,
     "configuration.endian is needed"},
    {"\"int32\"", "[]", "/codecs: is empty: the elements are taken to be little-endian", "no array-to-bytes codec"},
    {"\"int32\"", CHAIN("{\"name\": \"crc32c\", \"configuration\": {\"check_crc\": true}}"),
     "crc32c: configuration: unknown member \"check_crc\"", "unknown member \"check_crc\""},
#if ZARRC_HAVE_BLOSC
    {"\"int32\"", BLOSC("5", "0, \"level\": 5"), "blosc: configuration: unknown member \"level\"",
     "unknown member \"level\""},
#endif
    {"\"int32\"",
     SHARD(", \"codecs\": [{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\", \"x\": 1}}], "
           "\"index_codecs\": " LITTLE),
     "bytes: configuration: unknown member \"x\"", "unknown member \"x\""},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    bool text = strstr(rows[i].type, "utf32");
    char *document =
        nodes_document("data_type", rows[i].type, "codecs", rows[i].codecs, "fill_value", text ? "\"\"" : "0", NULL);
    zarrc_array_options strict = {.strict = true};
    zarrc_metadata *m = NULL;
    zarrc_error error = {0};
    if (zarrc_metadata_open(ctx, STORED(document, strlen(document)), NULL, &m, &error))
      fail_msg("%s: %s", rows[i].codecs, error.message);
    const char *notice = zarrc_rules_notice(&m->rules, 0);
    if (!notice || !strstr(notice, rows[i].words)) fail_msg("%s: %s", rows[i].codecs, notice ? notice : "no notice");
    assert_null(zarrc_rules_notice(&m->rules, 1));
    zarrc_metadata_close(m);
    assert_int_equal(zarrc_metadata_open(ctx, STORED(document, strlen(document)), &strict, &m, &error),
                     ZARRC_INVALID_METADATA);
    if (!strstr(error.message, rows[i].strict)) fail_msg("%s: %s", rows[i].codecs, error.message);
    assert_non_null(strstr(error.message, " (Zarr specification 3, \"Array metadata\", codecs)"));
    assert_int_equal(zarrc_metadata_open(ctx, DOCUMENTS(document, strlen(document)), NULL, &m, &error),
                     ZARRC_INVALID_METADATA); /* a caller is told of a mistake */
    free(document);
  }
}

/* Levels that no encoder has are kept as they are: strict refuses them, and says them again of what is written. */
static void levels_out_of_range(void **state) {
  static const struct {
    int have;
    const char *codecs, *words;
  } rows[] = {
      {ZARRC_HAVE_ZSTD, CHAIN("{\"name\": \"zstd\", \"configuration\": {\"level\": -131073, \"checksum\": false}}"),
       "zstd: configuration.level is -131073, outside -131072 to 22"},
      {ZARRC_HAVE_BLOSC, BLOSC("10", "0"), "blosc: configuration.clevel is 10, outside 0 to 9"},
      {ZARRC_HAVE_BLOSC, BLOSC("5", "-1"), "blosc: configuration.blocksize is -1"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (!rows[i].have) continue;
    char *document = nodes_document("codecs", rows[i].codecs, NULL);
    zarrc_array_options strict = {.strict = true};
    zarrc_metadata *m = NULL;
    zarrc_error error = {0};
    assert_int_equal(zarrc_metadata_open(ctx, DOCUMENTS(document, strlen(document)), &strict, &m, &error),
                     ZARRC_INVALID_METADATA);
    if (!strstr(error.message, rows[i].words)) fail_msg("%s", error.message);
    assert_int_equal(zarrc_metadata_open(ctx, DOCUMENTS(document, strlen(document)), NULL, &m, &error), ZARRC_OK);
    const char *notice = zarrc_rules_notice(&m->rules, 0);
    assert_non_null(notice);
    assert_int_equal(strncmp(error.message, notice, strlen(notice)), 0);
    zarrc_metadata_close(m);
    free(document);
  }
}

static void a_byte_order_mark_is_skipped(void **state) {
  char *document = nodes_document(NULL), *marked = malloc(strlen(document) + 4);
  (void)state;
  strcpy(marked, "\xef\xbb\xbf");
  strcat(marked, document);
  check_bent(marked, strlen(marked), "the document begins with a byte order mark");
  free(marked);
  free(document);
}

/* NaN is for the fill value alone, and for types that have one. */
static void nan_elsewhere_is_refused(void **state) {
  static const char *const rows[][3] = {{"\"int32\"", "fill_value", "NaN"},
                                        {"\"int32\"", "shape", "[NaN, 6]"},
                                        {"\"int32\"", "dimension_names", "[NaN, null]"},
                                        {"\"string\"", "fill_value", "Infinity"}};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_metadata *m = NULL;
    char *document = nodes_document("data_type", rows[i][0], rows[i][1], rows[i][2], NULL);
    assert_int_equal(zarrc_metadata_open(ctx, DOCUMENTS(document, strlen(document)), NULL, &m, NULL),
                     ZARRC_INVALID_METADATA);
    free(document);
  }
}

/* A chunk edge of 0 would be written where no stricter reader finds it: refused, whatever the shape. */
static void a_chunk_edge_of_zero_is_refused(void **state) {
  static const char *const shapes[] = {"[4, 6]", "[4, 0]"};
  (void)state;
  for (int i = 0; i < 2; i++) {
    zarrc_metadata *m = NULL;
    char *document = nodes_document("shape", shapes[i], "chunk_grid",
                                    "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [2, 0]}}", NULL);
    assert_int_equal(zarrc_metadata_open(ctx, DOCUMENTS(document, strlen(document)), NULL, &m, NULL),
                     ZARRC_INVALID_METADATA);
    free(document);
  }
}

/* Right, but others cannot open it: a notice, with strict too. */
static void chains_that_others_refuse(void **state) {
  static const char chain[] =
      "[{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 0]}}, {\"name\": \"sharding_indexed\", "
      "\"configuration\": {\"chunk_shape\": [3, 2], \"codecs\": " LITTLE ", \"index_codecs\": " LITTLE "}}]";
  zarrc_array_options strict = {.strict = true};
  zarrc_metadata *m = NULL;
  char *document = nodes_document("codecs", chain, NULL);
  (void)state;
  assert_int_equal(zarrc_metadata_open(ctx, DOCUMENTS(document, strlen(document)), &strict, &m, NULL), ZARRC_OK);
  assert_non_null(strstr(zarrc_rules_notice(&m->rules, 0), "zarr-python and zarrs cannot open this array"));
  zarrc_metadata_close(m);
  free(document);
}

#define ASTYPE(type)                                                                                                   \
  "{\"name\": \"numcodecs.astype\", \"configuration\": {\"encode_dtype\": \"" type "\", \"decode_dtype\": \"<i4\"}}"

/* What is right, but may not be what was meant: told, and opened by strict too. */
static void things_to_know_about_codecs(void **state) {
  static const char record[] = "{\"name\": \"struct\", \"configuration\": {\"fields\": [{\"name\": \"a\", "
                               "\"data_type\": \"int16\"}, {\"name\": \"b\", \"data_type\": \"int8\"}]}}";
  static const char shuffled[] = CHAIN("{\"name\": \"blosc\", \"configuration\": {\"cname\": \"lz4\", \"clevel\": 1, "
                                       "\"shuffle\": \"shuffle\", \"typesize\": 256, \"blocksize\": 0}}");
  static const struct {
    const char *type, *fill, *codecs, *words; /* NULL: nothing to be told */
  } rows[] = {
      {"\"int32\"", "0", shuffled, "configuration.typesize is 256"},
      {record, "\"AAAA\"", "[{\"name\": \"bytes\"}]",
       "configuration.endian is missing: the fields are taken to be little"},
      {record, "\"AAAA\"", "[\"bytes\"]", "configuration.endian is missing"},
      {record, "\"AAAA\"", SHARD(", \"codecs\": [\"bytes\"], \"index_codecs\": " LITTLE),
       "configuration.endian is missing"},
      {record, "\"AAAA\"", SHARD(", \"codecs\": " LITTLE ", \"index_codecs\": " LITTLE), NULL},
      {record, "\"AAAA\"", LITTLE, NULL},
      {"\"int8\"", "0", "[{\"name\": \"bytes\"}]", NULL},
      {"\"int32\"", "0", "[" ASTYPE("<i1") ", {\"name\": \"bytes\"}]", NULL}, /* what bytes encodes has no order */
      {"\"int32\"", "0", SHARD(", \"codecs\": [" ASTYPE("|u1") ", {\"name\": \"bytes\"}], \"index_codecs\": " LITTLE),
       NULL},
  };
  zarrc_array_options strict = {.strict = true};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_metadata *m = NULL;
    zarrc_error error;
    char *document =
        nodes_document("data_type", rows[i].type, "fill_value", rows[i].fill, "codecs", rows[i].codecs, NULL);
    if (zarrc_metadata_open(ctx, DOCUMENTS(document, strlen(document)), &strict, &m, &error))
      fail_msg("%zu: %s", i, error.message);
    const char *notice = zarrc_rules_notice(&m->rules, 0);
    if (!rows[i].words != !notice || (notice && !strstr(notice, rows[i].words)))
      fail_msg("%zu: %s", i, notice ? notice : "no notice");
    zarrc_metadata_close(m);
    free(document);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bent_rules_are_notices_and_strict_refuses_them),
      cmocka_unit_test(codecs_of_others_are_taken),
      cmocka_unit_test(levels_out_of_range),
      cmocka_unit_test(a_byte_order_mark_is_skipped),
      cmocka_unit_test(nan_elsewhere_is_refused),
      cmocka_unit_test(a_chunk_edge_of_zero_is_refused),
      cmocka_unit_test(chains_that_others_refuse),
      cmocka_unit_test(things_to_know_about_codecs),
  };
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/metadata.h"
#include "support/documents.h"
#include "support/files.h"
#include "support/needs.h"
#include "support/nodes.h"

#include <stdio.h>
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

static zarrc_metadata *open_text(const char *text, size_t n) {
  zarrc_metadata *m = NULL;
  zarrc_error error = {0};
  if (zarrc_metadata_open(ctx, DOCUMENTS(text, n), NULL, &m, &error)) fail_msg("%s", error.message);
  return m;
}

/* Documents that zarr-python wrote come out byte by byte as they went in. */
static void test_stores(void **state) {
  needs_codec("zstd");
  needs_codec("blosc");
  static const char *const names[] = {
      "v3-0d",
      "v3-0d-v2keys",
      "v3-1d-default",
      "v3-all-fill",
      "v3-bigendian-blosc",
      "v3-complex",
      "v3-datetime",
      "v3-key-v2",
      "v3-struct",
      "v3-dimension-names",
      "v3-utf32",
      "v3-missing-chunks",
      "v3-rectilinear",
      "v3-shard-end",
      "v3-partial-write-shard",
      "v3-zero-size",
      "v3-shard-nested",
      "v3-shard-start-missing",
  };
  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[128];
    size_t n;
    snprintf(path, sizeof path, "stores/%s/store.zarr/zarr.json", names[i]);
    char *text = (char *)data_read(path, &n);
    zarrc_metadata *m = open_text(text, n);
    if (strlen(m->text) != n || memcmp(m->text, text, n) != 0) fail_msg("%s: %s", names[i], m->text);
    zarrc_metadata_close(m);
    free(text);
  }
  print_message("%zu documents of zarr-python written again as they were\n", sizeof names / sizeof *names);
}

static void test_layout(void **state) {
  char *document =
      nodes_document("dimension_names", "[\"\xc3\xa4\", null]", "attributes", "{ \"a\":[1,\n2.50],\"a\":NaN}", "e",
                     "{\"must_understand\":false}", "shape", "[0, 6]", NULL);
  (void)state;
  zarrc_metadata *m = open_text(document, strlen(document));
  assert_string_equal(m->text, "{\n"
                               "  \"shape\": [\n    0,\n    6\n  ],\n"
                               "  \"data_type\": \"int32\",\n"
                               "  \"chunk_grid\": {\n    \"name\": \"regular\",\n    \"configuration\": {\n"
                               "      \"chunk_shape\": [\n        2,\n        3\n      ]\n    }\n  },\n"
                               "  \"chunk_key_encoding\": {\n    \"name\": \"default\",\n    \"configuration\": {\n"
                               "      \"separator\": \"/\"\n    }\n  },\n"
                               "  \"fill_value\": 0,\n"
                               "  \"codecs\": [\n    {\n      \"name\": \"bytes\",\n      \"configuration\": {\n"
                               "        \"endian\": \"little\"\n      }\n    }\n  ],\n"
                               "  \"attributes\": { \"a\":[1,\n2.50],\"a\":NaN},\n"
                               "  \"dimension_names\": [\n    \"\\u00e4\",\n    null\n  ],\n"
                               "  \"zarr_format\": 3,\n"
                               "  \"node_type\": \"array\",\n"
                               "  \"storage_transformers\": [],\n"
                               "  \"e\": {\"must_understand\":false}\n"
                               "}");
  zarrc_metadata_close(m);
  free(document);
}

static void test_rank_0(void **state) {
  char *document = nodes_document("shape", "[]", "dimension_names", "[]", "chunk_grid",
                                  "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": []}}", NULL);
  (void)state;
  zarrc_metadata *m = open_text(document, strlen(document));
  assert_non_null(strstr(m->text, "\"shape\": [],\n"));
  assert_non_null(strstr(m->text, "\"chunk_shape\": []\n"));
  assert_non_null(strstr(m->text, "\"dimension_names\": [],\n"));
  zarrc_metadata_close(m);
  free(document);
}

/* A document that could not be read again is not written. */
static void test_too_long(void **state) {
  size_t n = ((size_t)64 << 20) - 200;
  char *attributes = malloc(n);
  char *document = nodes_document(NULL);
  (void)state;
  assert_non_null(attributes);
  zarrc_metadata *m = open_text(document, strlen(document));
  memset(attributes, ' ', n);
  attributes[0] = '{';
  attributes[n - 1] = '}';
  assert_int_equal(zarrc_metadata_set_attributes(m, attributes, n, NULL), ZARRC_LIMIT);
  zarrc_metadata_close(m);
  free(document);
  free(attributes);
}

/* What a chunk's bytes depend on, the shape and the grid apart. */
static void test_chunks(void **state) {
  char *document = nodes_document(NULL), text[512];
  zarrc_buf buf = zarrc_buf_over(text, sizeof text - 1);
  (void)state;
  zarrc_metadata *m = open_text(document, strlen(document));
  assert_int_equal(zarrc_metadata_write_chunks(m, &buf, NULL), ZARRC_OK);
  text[buf.len] = 0;
  assert_string_equal(text, "\"int32\", \"chunk_key_encoding\": {\"name\": \"default\", \"configuration\": "
                            "{\"separator\": \"/\"}}, \"fill_value\": 0, \"codecs\": [{\"name\": \"bytes\", "
                            "\"configuration\": {\"endian\": \"little\"}}]");
  zarrc_metadata_close(m);
  free(document);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_stores),   cmocka_unit_test(test_layout), cmocka_unit_test(test_rank_0),
      cmocka_unit_test(test_too_long), cmocka_unit_test(test_chunks),
  };
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}

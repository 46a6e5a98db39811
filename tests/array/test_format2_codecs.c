/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/format2.h"
#include "support/said.h"

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

/* The chain of an array of two dimensions. */
static zarrc_status translate(const char *members, const zarrc_format2_type *type, char out[4096], zarrc_error *error) {
  size_t n = strlen(members) + 3;
  char *text = malloc(n);
  zarrc_json_doc *doc;
  zarrc_buf buf = zarrc_buf_over(out, 4095);
  snprintf(text, n, "{%s}", members);
  assert_int_equal(zarrc_json_parse(ctx, text, strlen(text), NULL, &doc, NULL), ZARRC_OK);
  zarrc_status status = zarrc_format2_put_codecs(zarrc_json_root(doc), 2, type, &buf, error);
  out[buf.len] = 0;
  zarrc_json_close(doc);
  free(text);
  return status;
}

#define CODEC(name, configuration) "{\"name\": \"" name "\", \"configuration\": {" configuration "}}"
#define BYTES                      CODEC("bytes", "\"endian\": \"little\"")
#define BIG                        CODEC("bytes", "\"endian\": \"big\"")
#define PLAIN                      CODEC("bytes", "")
#define BLOSC(level, shuffle, typesize)                                                                                \
  CODEC("blosc", "\"cname\": \"lz4\", \"clevel\": " #level ", \"shuffle\": \"" shuffle "\", \"typesize\": " #typesize  \
                 ", \"blocksize\": 0")

static void test_chains(void **state) {
  static const zarrc_format2_type i4 = {.order = '<', .item_size = 4}, f8be = {.order = '>', .item_size = 8},
                                  u1 = {.item_size = 1}, long_type = {.item_size = 300},
                                  object = {.is_object = true, .item_size = 1},
                                  mixed = {.order = '<', .mixed = true, .orders = "<>|", .item_size = 9};
  static const struct {
    const zarrc_format2_type *type;
    const char *members, *expected;
  } rows[] = {
      {&i4, "", "[" BYTES "]"},
      {&u1, "\"filters\": null, \"compressor\": null", "[" PLAIN "]"},
      {&f8be, "\"filters\": [], \"order\": \"C\"", "[" BIG "]"},
      {&i4, "\"order\": \"F\"", "[" CODEC("transpose", "\"order\": [1, 0]") ", " BYTES "]"},
      {&i4, "\"compressor\": {\"id\": \"zstd\", \"level\": 3}",
       "[" BYTES ", " CODEC("zstd", "\"level\": 3, \"checksum\": false") "]"},
      {&i4, "\"compressor\": {\"id\": \"zstd\", \"checksum\": true}",
       "[" BYTES ", " CODEC("zstd", "\"level\": 0, \"checksum\": true") "]"},
      {&i4, "\"compressor\": {\"id\": \"gzip\", \"level\": -1}", "[" BYTES ", " CODEC("gzip", "\"level\": 6") "]"},
      {&i4, "\"compressor\": {\"id\": \"gzip\"}", "[" BYTES ", " CODEC("gzip", "\"level\": 1") "]"},
      {&i4, "\"compressor\": {\"id\": \"gzip\", \"level\": 9}", "[" BYTES ", " CODEC("gzip", "\"level\": 9") "]"},
      {&i4, "\"compressor\": {\"id\": \"blosc\"}", "[" BYTES ", " BLOSC(5, "shuffle", 4) "]"},
      {&i4, "\"compressor\": {\"id\": \"blosc\", \"shuffle\": -1}", "[" BYTES ", " BLOSC(5, "shuffle", 4) "]"},
      {&u1, "\"compressor\": {\"id\": \"blosc\", \"shuffle\": -1}", "[" PLAIN ", " BLOSC(5, "bitshuffle", 1) "]"},
      {&u1, "\"filters\": [{\"id\": \"shuffle\"}]",
       "[" PLAIN ", " CODEC("numcodecs.shuffle", "\"elementsize\": 4") "]"},
      {&u1, "\"compressor\": {\"id\": \"blosc\", \"shuffle\": 0, \"clevel\": 1}",
       "[" PLAIN ", " BLOSC(1, "noshuffle", 1) "]"},
      {&long_type, "\"compressor\": {\"id\": \"blosc\", \"shuffle\": 2}", "[" PLAIN ", " BLOSC(5, "bitshuffle", 1) "]"},
      {&i4, "\"filters\": [{\"id\": \"crc32c\"}]", "[" BYTES ", " CODEC("crc32c", "") "]"},
      {&i4, "\"filters\": [{\"id\": \"crc32c\", \"location\": \"start\"}]",
       "[" BYTES ", " CODEC("numcodecs.crc32c", "\"location\": \"start\"") "]"},
      {&i4, "\"compressor\": {\"id\": \"zfpy\", \"mode\": 2, \"rate\": 8}",
       "[" CODEC("numcodecs.zfpy", "\"mode\": 2, \"rate\": 8") "]"},
      {&i4, "\"order\": \"F\", \"filters\": [{\"id\": \"zfpy\"}], \"compressor\": {\"id\": \"gzip\"}",
       "[" CODEC("transpose", "\"order\": [1, 0]") ", " CODEC("numcodecs.zfpy", "") ", " CODEC("gzip",
                                                                                               "\"level\": 1") "]"},
      {&i4, "\"compressor\": {\"id\": \"zlib\", \"level\": 1}",
       "[" BYTES ", " CODEC("numcodecs.zlib", "\"level\": 1") "]"},
      {&i4, "\"compressor\": {\"id\": \"zstd\", \"level\": 100}",
       "[" BYTES ", " CODEC("zstd", "\"level\": 22, \"checksum\": false") "]"},
      /* what the codec does not know is left to it, and what is wrong */
      {&i4, "\"compressor\": {\"id\": \"zstd\", \"level\": 4294967296}",
       "[" BYTES ", " CODEC("zstd", "\"level\": 4294967296, \"checksum\": false") "]"},
      {&i4, "\"compressor\": {\"id\": \"gzip\", \"level\": null}", "[" BYTES ", " CODEC("gzip", "\"level\": null") "]"},
      {&i4, "\"compressor\": {\"id\": \"blosc\", \"shuffle\": 3}", "[" BYTES ", " BLOSC(5, "3", 4) "]"},
      {&i4, "\"compressor\": {\"id\": \"blosc\", \"shuffle\": \"shuffle\"}",
       "[" BYTES ", " BLOSC(5, "\\\"shuffle\\\"", 4) "]"},
      {&i4, "\"compressor\": {\"id\": \"zstd\", \"x\": [1], \"level\": 3}",
       "[" BYTES ", " CODEC("zstd", "\"level\": 3, \"checksum\": false, \"x\": [1]") "]"},
      {&i4, "\"compressor\": {\"id\": \"gzip\", \"x\": null}",
       "[" BYTES ", " CODEC("gzip", "\"level\": 1, \"x\": null") "]"},
      {&i4, "\"compressor\": {\"id\": \"blosc\", \"level\": 3, \"typesize\": 4}",
       "[" BYTES ", " CODEC("blosc", "\"cname\": \"lz4\", \"clevel\": 5, \"shuffle\": \"shuffle\", \"typesize\": 4, "
                                     "\"blocksize\": 0, \"level\": 3") "]"},
      /* filters on elements come before bytes, which has the byte order of what they make */
      {&f8be, "\"filters\": [{\"id\": \"fixedscaleoffset\", \"scale\": 2, \"dtype\": \">f8\", \"astype\": \"<i2\"}]",
       "[" CODEC("numcodecs.fixedscaleoffset", "\"scale\": 2, \"dtype\": \"<f8\", \"astype\": \"<i2\"") ", " BYTES "]"},
      {&i4, "\"filters\": [{\"id\": \"delta\", \"dtype\": \"int32\", \"astype\": \"int8\"}]",
       "[" CODEC("numcodecs.delta", "\"dtype\": \"<i4\", \"astype\": \"|i1\"") ", " PLAIN "]"},
      {&f8be, "\"filters\": [{\"id\": \"delta\", \"dtype\": \"float64\"}]",
       "[" CODEC("numcodecs.delta", "\"dtype\": \">f8\"") ", " BYTES "]"},
      {&i4, "\"filters\": [{\"id\": \"delta\", \"dtype\": \">i4\"}], \"compressor\": {\"id\": \"blosc\"}",
       "[" CODEC("numcodecs.delta", "\"dtype\": \">i4\"") ", " BIG ", " BLOSC(5, "shuffle", 4) "]"},
      {&i4,
       "\"filters\": [{\"id\": \"astype\", \"encode_dtype\": \"|i1\", \"decode_dtype\": \"<i4\"}], "
       "\"compressor\": {\"id\": \"blosc\", \"shuffle\": -1}",
       "[" CODEC("numcodecs.astype",
                 "\"encode_dtype\": \"|i1\", \"decode_dtype\": \"<i4\"") ", " PLAIN ", " BLOSC(5, "bitshuffle", 1) "]"},
      {&mixed, "\"order\": \"F\", \"compressor\": {\"id\": \"zlib\", \"level\": 1}",
       "[" CODEC("transpose", "\"order\": [1, 0]") ", " CODEC(
           ZARRC_FIELD_ORDER, "\"orders\": \"<>|\"") ", " BYTES ", " CODEC("numcodecs.zlib", "\"level\": 1") "]"},
      {&u1, "\"filters\": [{\"id\": \"packbits\"}]", "[" CODEC("numcodecs.packbits", "") ", " PLAIN "]"},
      /* after a filter on bytes the elements are bytes */
      {&i4, "\"filters\": [{\"id\": \"shuffle\", \"elementsize\": 4}], \"compressor\": {\"id\": \"blosc\"}",
       "[" BYTES ", " CODEC("numcodecs.shuffle", "\"elementsize\": 4") ", " BLOSC(5, "shuffle", 1) "]"},
      {&object, "\"filters\": [{\"id\": \"vlen-utf8\"}], \"compressor\": {\"id\": \"blosc\"}",
       "[" CODEC("vlen-utf8", "") ", " BLOSC(5, "shuffle", 1) "]"},
      {&object, "\"filters\": [{\"id\": \"vlen-array\", \"dtype\": \">i4\"}], \"order\": \"F\"",
       "[" CODEC("transpose", "\"order\": [1, 0]") ", " CODEC("numcodecs.vlen-array", "\"dtype\": \">i4\"") "]"},
      /* lists are in order C, whatever the document says */
      {&object, "\"filters\": [{\"id\": \"json2\", \"indent\": null}], \"order\": \"F\"",
       "[" CODEC("numcodecs.json2", "\"indent\": null") "]"},
      {&object, "\"filters\": [{\"id\": \"msgpack2\"}], \"order\": \"F\"", "[" CODEC("numcodecs.msgpack2", "") "]"},
      {&object, "\"filters\": [{\"id\": \"categorize\", \"labels\": [\"a\"], \"dtype\": \"|O\", \"astype\": \">i2\"}]",
       "[" CODEC("numcodecs.categorize", "\"labels\": [\"a\"], \"dtype\": \"|O\", \"astype\": \"<i2\"") ", " BIG "]"},
      {&i4, "\"compressor\": {\"a\": \"\\u00e9\", \"id\": \"x\\\"y\", \"b\": [1, {}]}",
       "[" BYTES ", " CODEC("numcodecs.x\\\"y", "\"a\": \"\\u00e9\", \"b\": [1, {}]") "]"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[4096];
    zarrc_error error = {0};
    if (translate(rows[i].members, rows[i].type, text, &error)) fail_msg("%s: %s", rows[i].members, SAID(error));
    if (strcmp(text, rows[i].expected)) fail_msg("%s: %s", rows[i].members, text);
  }
}

static void test_refused(void **state) {
  static const zarrc_format2_type i4 = {.order = '<', .item_size = 4};
  static const struct {
    const char *members;
    zarrc_status status;
    const char *message;
  } rows[] = {
      {"\"filters\": [{\"id\": \"json2\"}]", ZARRC_UNSUPPORTED,
       "/filters/0: json2 works on Python objects, as the first filter of dtype |O"},
      {"\"filters\": [{\"id\": \"zlib\"}, {\"id\": \"delta\", \"dtype\": \"<i4\"}]", ZARRC_UNSUPPORTED,
       "/filters/1: delta works on elements, and a filter before it has made bytes of them"},
      {"\"filters\": [{\"id\": \"delta\", \"dtype\": [[\"a\", \"<i4\"]]}]", ZARRC_UNSUPPORTED,
       "/filters/0: the dtype [["},
      {"\"compressor\": [1]", ZARRC_INVALID_METADATA, "/compressor: must be an object with an id, not an array"},
      {"\"filters\": [{\"id\": \"zlib\"}], \"compressor\": {\"id\": \"zfpy\"}", ZARRC_UNSUPPORTED,
       "/compressor: zfpy works on elements, and a filter before it has made bytes of them"},
      {"\"filters\": \"zlib\"", ZARRC_INVALID_METADATA, "/filters: must be a list or null, not a string"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[4096];
    zarrc_error error = {0};
    zarrc_status status = translate(rows[i].members, &i4, text, &error);
    if (status != rows[i].status || !strstr(SAID(error), rows[i].message))
      fail_msg("%s: %s", rows[i].members, status ? SAID(error) : text);
  }
}

/* A list that is too long is refused before any of it is translated. */
static void test_too_long(void **state) {
  static const zarrc_format2_type i4 = {.order = '<', .item_size = 4};
  static const char begin[] = "\"filters\": [{\"id\": \"zlib\"}", more[] = ", {\"id\": \"zlib\"}";
  const size_t n = ((size_t)2 << 20) / (sizeof more - 1);
  zarrc_error error = {0};
  char text[4096], *members = malloc(sizeof begin + n * (sizeof more - 1) + 1), *at = stpcpy(members, begin);
  (void)state;
  for (size_t i = 0; i < n; i++) at = stpcpy(at, more);
  stpcpy(at, "]");
  assert_int_equal(translate(members, &i4, text, &error), ZARRC_LIMIT);
  assert_non_null(strstr(SAID(error), "/filters: 2"));
  free(members);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_chains), cmocka_unit_test(test_refused),
                                     cmocka_unit_test(test_too_long)};
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}

/* SPDX-License-Identifier: MIT */
/* Stored documents with settings that encoding alone needs, and that are no good: the array is read, not written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/memory_store.h"
#include "support/faulty_alloc.h"
#include "support/needs.h"
#include "support/said.h"

#include <stdio.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

enum { N = 40 };

typedef struct row {
  const char *codec;      /* that must be in the build */
  const char *good, *bad; /* the compressor, or the filter if it has a dtype or keepbits */
  const char *words;
} row;

static const row rows[] = {
    {"numcodecs.zlib", "{\"id\": \"zlib\", \"level\": 1}", "{\"id\": \"zlib\", \"level\": null}", "level must be an"},
    {"numcodecs.zlib", "{\"id\": \"zlib\", \"level\": 1}", "{\"id\": \"zlib\", \"level\": \"1\"}", "level must be an"},
    {"numcodecs.zlib", "{\"id\": \"zlib\", \"level\": 1}", "{\"id\": \"zlib\", \"level\": 100}", "level is 100"},
    {"gzip", "{\"id\": \"gzip\", \"level\": 1}", "{\"id\": \"gzip\", \"level\": 1.5}", "level must be an integer"},
    {"numcodecs.bz2", "{\"id\": \"bz2\", \"level\": 1}", "{\"id\": \"bz2\", \"level\": 0}", "level is 0"},
    {"zstd", "{\"id\": \"zstd\", \"level\": 1}", "{\"id\": \"zstd\", \"level\": null}", "level must be an integer"},
    {"zstd", "{\"id\": \"zstd\", \"level\": 1}", "{\"id\": \"zstd\", \"checksum\": null}", "checksum must be true"},
    {"numcodecs.lz4", "{\"id\": \"lz4\"}", "{\"id\": \"lz4\", \"acceleration\": null}", "acceleration must be an"},
    {"numcodecs.lzma", "{\"id\": \"lzma\", \"format\": 2}", "{\"id\": \"lzma\", \"format\": 2, \"preset\": 77}",
     "there is no preset 77"},
    {"numcodecs.lzma", "{\"id\": \"lzma\"}", "{\"id\": \"lzma\", \"check\": \"4\"}", "check must be an integer"},
    {"blosc", "{\"id\": \"blosc\"}", "{\"id\": \"blosc\", \"cname\": \"nope\"}", "there is no \"nope\""},
    {"blosc", "{\"id\": \"blosc\"}", "{\"id\": \"blosc\", \"clevel\": null}", "clevel must be an integer"},
    {"blosc", "{\"id\": \"blosc\"}", "{\"id\": \"blosc\", \"shuffle\": 3}", "shuffle: there is no \"3\""},
    {"numcodecs.zfpy", "{\"id\": \"zfpy\", \"mode\": 5}", "{\"id\": \"zfpy\", \"mode\": 7}", "mode is 7"},
    {"numcodecs.bitround", "{\"id\": \"bitround\", \"keepbits\": 23}", "{\"id\": \"bitround\", \"keepbits\": 100}",
     "keepbits is 100"},
    {"numcodecs.quantize", "{\"id\": \"quantize\", \"digits\": 9, \"dtype\": \"<f4\"}",
     "{\"id\": \"quantize\", \"digits\": \"9\", \"dtype\": \"<f4\"}", "digits must be an integer"},
};
enum { NROWS = sizeof rows / sizeof *rows };

static void put_document(const char *codec) {
  char text[600];
  bool is_filter = strstr(codec, "dtype") || strstr(codec, "keepbits");
  snprintf(
      text, sizeof text,
      "{\"zarr_format\": 2, \"shape\": [%d], \"chunks\": [%d], \"dtype\": \"<f4\", \"order\": \"C\", \"fill_value\": "
      "0, \"filters\": %s%s%s, \"compressor\": %s}",
      N, N, is_filter ? "[" : "", is_filter ? codec : "null", is_filter ? "]" : "", is_filter ? "null" : codec);
  nodes_put(store, "a/.zarray", text);
}

static zarrc_array *open_array(void) {
  zarrc_array *array = NULL;
  zarrc_error error = {0};
  if (zarrc_array_open(store, "a", NULL, &array, &error)) fail_msg("%s", SAID(error));
  return array;
}

static zarrc_view view_of(const zarrc_array *array, float *values) {
  return zarrc_view_c(zarrc_array_dtype(array), 1, (int64_t[]){N}, values);
}

/* Writes an array with good settings, and replaces them by bad ones. */
static void make(const row *r, float *values) {
  put_document(r->good);
  zarrc_array *array = open_array();
  for (int i = 0; i < N; i++) values[i] = (float)i / 4;
  zarrc_view view = view_of(array, values);
  assert_int_equal(zarrc_array_write(array, NULL, &view, NULL), ZARRC_OK);
  zarrc_array_close(array);
  put_document(r->bad);
}

static void format_2(void **state) {
  (void)state;
  for (size_t i = 0; i < NROWS; i++) {
    const row *r = &rows[i];
    zarrc_array_options strict = {.struct_size = sizeof strict, .strict = true};
    zarrc_error error = {0};
    zarrc_array *other = NULL;
    zarrc_buf text = zarrc_buf_new(ctx, 65536);
    float values[N], got[N] = {0};
    const zarrc_codec_class *c = zarrc_find_codec(ctx, r->codec);
    if (!c || c->missing_library) continue;
    make(r, values);
    zarrc_array *array = open_array();
    /* told once, and read */
    const char *notice = zarrc_array_notice(array, 0);
    if (!notice || !strstr(notice, r->words) || !strstr(notice, "read, not written"))
      fail_msg("%s: %s", r->bad, notice);
    assert_null(zarrc_array_notice(array, 1));
    zarrc_view to = view_of(array, got);
    if (zarrc_array_read(array, NULL, &to, &error)) fail_msg("%s: %s", r->bad, SAID(error));
    assert_memory_equal(got, values, sizeof got);
    /* neither written as a whole nor in part: what is stored stays */
    got[0] = 7;
    assert_int_equal(zarrc_array_write(array, NULL, &to, &error), ZARRC_INVALID_METADATA);
    if (!strstr(SAID(error), r->words) || !strstr(SAID(error), "chunk 0")) fail_msg("%s: %s", r->bad, SAID(error));
    zarrc_region region = {.start = {1}, .count = {2}, .step = {1}};
    zarrc_view part = zarrc_view_c(zarrc_array_dtype(array), 1, (int64_t[]){2}, got);
    assert_int_equal(zarrc_array_write(array, &region, &part, NULL), ZARRC_INVALID_METADATA);
    assert_int_equal(zarrc_array_read(array, NULL, &to, NULL), ZARRC_OK);
    assert_memory_equal(got, values, sizeof got);
    /* what is not encoded can be changed, and the setting stays as it is */
    assert_int_equal(zarrc_array_resize(array, (int64_t[]){N - 1}, &error), ZARRC_OK);
    assert_int_equal(zarrc_array_resize(array, (int64_t[]){N}, &error), ZARRC_OK);
    assert_int_equal(zarrc_array_document(array, 3, &text, &error), ZARRC_INVALID_METADATA);
    assert_non_null(strstr(SAID(error), r->words));
    zarrc_array_close(array);
    array = open_array();
    assert_non_null(zarrc_array_notice(array, 0));
    /* strictly, and as a new document, it is refused */
    assert_int_equal(zarrc_array_open(store, "a", &strict, &other, &error), ZARRC_INVALID_METADATA);
    if (!strstr(SAID(error), r->words) || !strstr(SAID(error), "Zarr specification 2")) fail_msg("%s", SAID(error));
    const char *own = zarrc_array_metadata(array);
    assert_int_equal(zarrc_array_create_json(store, "b", own, strlen(own), ZARRC_CREATE_NEW, NULL, &other, &error),
                     ZARRC_INVALID_METADATA);
    if (!strstr(SAID(error), r->words)) fail_msg("%s: %s", r->bad, SAID(error));
    zarrc_array_close(array);
    zarrc_buf_clear(&text);
  }
}

/* The same in format 3, inside a shard; each rule is told once. */
static void format_3(void **state) {
  static const char document[] =
      "{\"zarr_format\": 3, \"node_type\": \"array\", \"shape\": [4], \"data_type\": \"uint8\", \"chunk_grid\": "
      "{\"name\": "
      "\"regular\", \"configuration\": {\"chunk_shape\": [4]}}, \"chunk_key_encoding\": {\"name\": \"default\"}, "
      "\"fill_value\": 0, \"codecs\": [{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2], "
      "\"codecs\": [{\"name\": \"bytes\"}, {\"name\": \"%s\", \"configuration\": {%s}}], \"index_codecs\": [{\"name\": "
      "\"bytes\", \"configuration\": {\"endian\": \"little\"}}, {\"name\": \"crc32c\"}]}}]}";
  static const struct {
    const char *name, *good, *bad, *words;
  } list[] = {
      {"gzip", "\"level\": 1", "\"level\": \"1\"", "level must be an integer"},
      {"zstd", "\"level\": 1, \"checksum\": false", "\"level\": 23, \"checksum\": false", "level is 23, above 22"},
      {"numcodecs.zlib", "\"level\": 1", "\"level\": null", "level must be an integer"},
      {"blosc", "\"cname\": \"lz4\", \"clevel\": 1, \"shuffle\": \"noshuffle\", \"blocksize\": 0",
       "\"cname\": \"lz4\", \"clevel\": null, \"shuffle\": \"noshuffle\", \"blocksize\": 0",
       "clevel must be an integer"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
    const zarrc_codec_class *c = zarrc_find_codec(ctx, list[i].name);
    char text[1200];
    uint8_t values[4] = {1, 2, 3, 4}, got[4] = {0};
    zarrc_error error = {0};
    zarrc_array *array = NULL;
    if (!c || c->missing_library) continue;
    snprintf(text, sizeof text, document, list[i].name, list[i].good);
    nodes_put(store, "a/zarr.json", text);
    array = open_array();
    zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), 1, (int64_t[]){4}, values);
    assert_int_equal(zarrc_array_write(array, NULL, &view, NULL), ZARRC_OK);
    zarrc_array_close(array);
    snprintf(text, sizeof text, document, list[i].name, list[i].bad);
    nodes_put(store, "a/zarr.json", text);
    array = open_array();
    const char *notice = zarrc_array_notice(array, 0);
    if (!notice || !strstr(notice, list[i].words)) fail_msg("%s: %s", list[i].bad, notice);
    assert_null(zarrc_array_notice(array, 1));
    assert_non_null(strstr(zarrc_array_codecs(array), list[i].bad));
    view.data = got;
    assert_int_equal(zarrc_array_read(array, NULL, &view, &error), ZARRC_OK);
    assert_memory_equal(got, values, sizeof got);
    zarrc_region region = {.start = {1}, .count = {1}, .step = {1}};
    zarrc_view part = zarrc_view_c(zarrc_array_dtype(array), 1, (int64_t[]){1}, got);
    assert_int_equal(zarrc_array_write(array, &region, &part, &error), ZARRC_INVALID_METADATA);
    assert_non_null(strstr(SAID(error), list[i].words));
    zarrc_array_close(array);
  }
}

static zarrc_status read_it(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *own;
  zarrc_store *memory = NULL;
  zarrc_array *array = NULL;
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  if (status) return status;
  status = zarrc_memory_store_open(own, &memory, NULL);
  static const char text[] =
      "{\"zarr_format\": 2, \"shape\": [4], \"chunks\": [4], \"dtype\": \"<i2\", \"order\": \"C\", \"fill_value\": 0, "
      "\"filters\": null, \"compressor\": {\"id\": \"blosc\", \"clevel\": null}}";
  if (!status) status = zarrc_store_set(memory, ".zarray", text, sizeof text - 1, NULL);
  if (!status) status = zarrc_array_open(memory, "", NULL, &array, NULL);
  zarrc_array_close(array);
  zarrc_store_close(memory);
  zarrc_ctx_close(own);
  return status;
}

static void allocations_may_fail(void **state) {
  (void)state;
  needs_codec("blosc");
  assert_true(faulty_alloc_each(NULL, read_it, NULL) > 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(format_2, open_store, close_store),
      cmocka_unit_test_setup_teardown(format_3, open_store, close_store),
      cmocka_unit_test_setup_teardown(allocations_may_fail, open_store, close_store),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

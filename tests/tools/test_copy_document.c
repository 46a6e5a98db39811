/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/nodes.h"
#include "tools/two_stores.h"

#include <stdio.h>
#include <string.h>

/* Plans a copy of "a" and compares the codecs, the chunks and the keys of its model. */
static void expect(zarrc_copy_options options, const char *codecs, int64_t object, const char *keys) {
  zarrc_copier *copier;
  zarrc_error error;
  if (copying_plan(source, "a", target, "b", options, &copier, &error)) fail_msg("%s", error.message);
  const zarrc_array *model = zarrc_copier_array(copier, 0)->model;
  zarrc_buf text = zarrc_buf_new(ctx, SIZE_MAX);
  assert_int_equal(zarrc_codecs_to_text(zarrc_array_codecs(model), strlen(zarrc_array_codecs(model)), &text, NULL),
                   ZARRC_OK);
  assert_int_equal(zarrc_buf_append(&text, "", 1, NULL), ZARRC_OK);
  assert_string_equal((const char *)text.ptr, codecs);
  assert_int_equal(zarrc_array_grid(model)->chunk_shape[0], object);
  assert_non_null(strstr(zarrc_array_metadata(model), keys));
  assert_non_null(strstr(zarrc_array_metadata(model), "\"fill_value\": 0"));
  zarrc_buf_clear(&text);
  zarrc_copier_close(copier);
}

static void refused(zarrc_copy_options options, zarrc_status status, const char *option, const char *message) {
  zarrc_copier *copier;
  zarrc_error error;
  assert_int_equal(copying_plan(source, "a", target, "b", options, &copier, &error), status);
  assert_string_equal(error.message, message);
  const char *told = zarrc_copier_report(copier)->option;
  assert_string_equal(told ? told : "", option);
  zarrc_copier_close(copier);
}

#define LITTLE "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}"
#define SLASH  "\"separator\": \"/\""
#define INDEX  ",index_codecs=[bytes(little),crc32c],index_location=end)"

static void test_from_chunks(void **state) {
  const int64_t four[] = {4}, eight[] = {8}, nine[] = {9};
  (void)state;
  zarrc_array_close(copying_array(source, "a", 1, (int64_t[]){24}, (int64_t[]){6}, NULL, NULL));
  expect((zarrc_copy_options){0}, "bytes(little)", 6, SLASH);
  expect((zarrc_copy_options){.chunk_shape = four, .nchunk_shape = 1}, "bytes(little)", 4, SLASH);
  expect((zarrc_copy_options){.codecs = "gzip(1)"}, "bytes(little),gzip(1)", 6, SLASH);
  expect((zarrc_copy_options){.codecs = "[" LITTLE ", {\"name\": \"crc32c\"}]"}, "bytes(little),crc32c", 6, SLASH);
  expect((zarrc_copy_options){.chunk_shape = four, .nchunk_shape = 1, .shard_shape = eight, .nshard_shape = 1},
         "sharding_indexed(chunk_shape=[4],codecs=[bytes(little)]" INDEX, 8, SLASH);
  expect((zarrc_copy_options){.chunk_key_encoding = "v2"}, "bytes(little)", 6, "\"v2\"");
  expect((zarrc_copy_options){.chunk_key_encoding = "v2"}, "bytes(little)", 6, "\"separator\": \".\"");
  expect((zarrc_copy_options){.separator = '.'}, "bytes(little)", 6, "\"separator\": \".\"");
  refused((zarrc_copy_options){.chunk_shape = four, .nchunk_shape = 1, .shard_shape = nine, .nshard_shape = 1},
          ZARRC_INVALID_ARGUMENT, "", "axis 0: shards of 9 cannot hold chunks of 4");
  refused((zarrc_copy_options){.codecs = "gzip(1"}, ZARRC_INVALID_ARGUMENT, "codecs",
          "a closing bracket is missing at the end");
  refused((zarrc_copy_options){.codecs = "nonesuch"}, ZARRC_UNSUPPORTED, "codecs", "unknown codec nonesuch");
}

static void test_from_shards(void **state) {
  const int64_t two[] = {2}, twelve[] = {12};
  static const char sharding[] =
      "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [3], \"codecs\": "
      "[" LITTLE "], \"index_codecs\": [" LITTLE "]}}]";
  (void)state;
  zarrc_array_close(copying_array(source, "a", 1, (int64_t[]){24}, (int64_t[]){3}, (int64_t[]){6}, NULL));
  expect((zarrc_copy_options){0}, "sharding_indexed(chunk_shape=[3],codecs=[bytes(little)]" INDEX, 6, SLASH);
  expect((zarrc_copy_options){.no_shards = true}, "bytes(little)", 3, SLASH);
  expect((zarrc_copy_options){.chunk_shape = two, .nchunk_shape = 1, .codecs = "crc32c"},
         "sharding_indexed(chunk_shape=[2],codecs=[bytes(little),crc32c]" INDEX, 6, SLASH);
  expect((zarrc_copy_options){.shard_shape = twelve, .nshard_shape = 1},
         "sharding_indexed(chunk_shape=[3],codecs=[bytes(little)]" INDEX, 12, SLASH);
  expect((zarrc_copy_options){.chunk_shape = twelve, .nchunk_shape = 1, .codecs = sharding},
         "sharding_indexed(chunk_shape=[3],codecs=[bytes(little)],index_codecs=[bytes(little)],index_location=end)", 12,
         SLASH);
  refused((zarrc_copy_options){.shard_shape = twelve, .nshard_shape = 1, .codecs = sharding}, ZARRC_INVALID_ARGUMENT,
          "shard_shape", "does not go with a list of codecs that has shards of its own");
}

/* Of format 2: the keys, what has no form there, and documents that stay as they are. */
static void test_format_2(void **state) {
  const int64_t four[] = {4};
  const zarrc_copy_options two = {.zarr_format = 2}, cut = {.zarr_format = 2, .chunk_shape = four, .nchunk_shape = 1};
  (void)state;
  zarrc_array_close(copying_array(source, "a", 1, (int64_t[]){24}, (int64_t[]){6}, NULL, NULL));
  expect(two, "bytes(little)", 6, "\"dimension_separator\": \".\"");
  expect((zarrc_copy_options){.zarr_format = 2, .separator = '/'}, "bytes(little)", 6,
         "\"dimension_separator\": \"/\"");
  expect((zarrc_copy_options){.zarr_format = 2, .codecs = "gzip(1)"}, "bytes(little),gzip(1)", 6, "\"id\": \"gzip\"");
  refused((zarrc_copy_options){.zarr_format = 2, .chunk_key_encoding = "default"}, ZARRC_UNSUPPORTED, "",
          "the chunk keys begin with c/, those of Zarr format 2 do not (chunk key encoding v2)");
  assert_int_equal(zarrc_store_erase_prefix(source, "a", NULL), ZARRC_OK);
  nodes_put(source, "a/.zarray",
            "{\"zarr_format\": 2, \"shape\": [24], \"chunks\": [6], \"dtype\": \"|u1\", \"order\": \"C\", "
            "\"fill_value\": 0, \"filters\": [], \"compressor\": null, \"own\": 1}");
  expect(two, "bytes", 6, "\"own\": 1");
  expect(cut, "bytes", 4, "\"filters\": null");
  expect((zarrc_copy_options){0}, "bytes", 6, "\"v2\"");
}

/* Codecs of Python objects, which only format 2 has, become others. */
static void test_objects(void **state) {
  static const struct {
    const char *dtype, *filter, *codecs;
  } rows[] = {
      {"|O", "{\"id\": \"json2\"}", "[{\"name\": \"vlen-utf8\", \"configuration\": {}}]"},
      {"|O", "{\"id\": \"msgpack2\"}", "[{\"name\": \"vlen-utf8\", \"configuration\": {}}]"},
      {"|O", "{\"id\": \"vlen-array\", \"dtype\": \"<i4\"}", "[{\"name\": \"vlen-bytes\", \"configuration\": {}}]"},
      {"|O", "{\"id\": \"categorize\", \"labels\": [], \"dtype\": \"|O\"}",
       "[{\"name\": \"vlen-utf8\", \"configuration\": {}}]"},
      {"<U3", "{\"id\": \"categorize\", \"labels\": [], \"dtype\": \"<U3\"}", "[" LITTLE "]"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[1024], key[32], path[16];
    zarrc_copier *copier;
    zarrc_error error;
    snprintf(path, sizeof path, "objects%zu", i);
    snprintf(key, sizeof key, "%s/.zarray", path);
    snprintf(
        text, sizeof text,
        "{\"zarr_format\": 2, \"shape\": [4], \"chunks\": [2], \"dtype\": \"%s\", \"order\": \"C\", \"fill_value\": "
        "\"\", \"compressor\": null, \"filters\": [%s]}",
        rows[i].dtype, rows[i].filter);
    assert_int_equal(zarrc_store_set(source, key, text, strlen(text), NULL), ZARRC_OK);
    if (copying_plan(source, path, target, path, (zarrc_copy_options){0}, &copier, &error))
      fail_msg("%s", error.message);
    assert_string_equal(zarrc_array_codecs(zarrc_copier_array(copier, 0)->model), rows[i].codecs);
    zarrc_copier_close(copier);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_from_chunks, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_from_shards, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_format_2, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_objects, open_stores, close_stores),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

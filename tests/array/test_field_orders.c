/* SPDX-License-Identifier: MIT */
/* Arrays of Zarr format 2 whose structs have fields of both byte orders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/memory_store.h"
#include "support/said.h"

#include <stdio.h>
#include <string.h>

/* A struct with fields of both byte orders is described in words that are in no zarr.json: none is made of it, and
 * one that has them is refused. */
static void test_field_orders(void **state) {
  static const char description[] =
      "{\"zarr_format\": 3, \"node_type\": \"array\", \"shape\": [2], \"data_type\": {\"name\": \"struct\", "
      "\"configuration\": {\"fields\": [{\"name\": \"a\", \"data_type\": \"int16\"}, {\"name\": \"b\", \"data_type\": "
      "\"int16\"}]}}, \"chunk_grid\": {\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [2]}}, "
      "\"chunk_key_encoding\": {\"name\": \"v2\", \"configuration\": {\"separator\": \".\"}}, \"fill_value\": "
      "\"AQACAA==\", \"codecs\": [{\"name\": \"zarrc.field_order\", \"configuration\": {\"orders\": \"<>\"}}, "
      "{\"name\": "
      "\"bytes\", \"configuration\": {\"endian\": \"little\"}}]}";
  static const char sharded[] =
      "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [1], \"codecs\": ";
  static const int16_t expected[] = {258, 1, -2, 3};
  zarrc_array *array = NULL, *other = NULL;
  zarrc_array_options in_2 = {.struct_size = sizeof in_2, .zarr_format = 2}, in_3 = in_2;
  zarrc_error error = {0};
  zarrc_buf text = zarrc_buf_new(ctx, 65536);
  int16_t got[4];
  in_3.zarr_format = 3;
  (void)state;
  assert_int_equal(zarrc_store_erase_prefix(store, "", NULL), ZARRC_OK);
  nodes_put(store, "r/.zarray",
            "{\"zarr_format\": 2, \"shape\": [2], \"chunks\": [2], \"dtype\": [[\"a\", \"<i2\"], [\"b\", \">i2\"]], "
            "\"order\": \"C\", \"filters\": null, \"compressor\": null, \"fill_value\": \"AQAAAg==\"}");
  if (zarrc_array_open(store, "r", NULL, &array, &error)) fail_msg("%s", SAID(error));
  assert_string_equal(zarrc_array_fill_value(array), "{\"a\": 1, \"b\": 2}");
  assert_int_equal(zarrc_store_set(store, "r/0", "\x02\x01\x00\x01\xfe\xff\x00\x03", 8, NULL), ZARRC_OK);
  zarrc_view to = zarrc_view_c(zarrc_array_dtype(array), 1, (int64_t[]){2}, got);
  assert_int_equal(zarrc_array_read(array, NULL, &to, NULL), ZARRC_OK);
  assert_memory_equal(got, expected, sizeof got);
  assert_int_equal(zarrc_array_document(array, 3, &text, &error), ZARRC_UNSUPPORTED);
  assert_non_null(strstr(SAID(error), "both byte orders"));
  assert_int_equal(zarrc_array_description(array, &text, NULL), ZARRC_OK);
  assert_int_equal(zarrc_buf_append(&text, "", 1, NULL), ZARRC_OK);
  assert_non_null(strstr((const char *)text.ptr, "zarrc.field_order"));
  /* as a new array of format 2 the description is fine, of format 3 it is not; nor as a stored document */
  size_t n = strlen(description);
  assert_int_equal(zarrc_array_create_json(store, "s", description, n, ZARRC_CREATE_NEW, &in_2, &other, NULL),
                   ZARRC_OK);
  assert_non_null(strstr(zarrc_array_metadata(other), "\">i2\""));
  assert_string_equal(zarrc_array_fill_value(other), "{\"a\": 1, \"b\": 2}");
  assert_int_equal(zarrc_array_write(other, NULL, &to, NULL), ZARRC_OK);
  zarrc_bytes stored;
  assert_int_equal(zarrc_store_get(store, "s/0", 100, &stored, NULL), ZARRC_OK);
  assert_int_equal(stored.len, 8);
  assert_memory_equal(stored.ptr, "\x02\x01\x00\x01\xfe\xff\x00\x03", 8);
  zarrc_bytes_release(&stored);
  zarrc_array_close(other);
  assert_int_equal(zarrc_array_create_json(store, "t", description, n, ZARRC_CREATE_NEW, NULL, &other, &error),
                   ZARRC_UNSUPPORTED);
  assert_non_null(strstr(SAID(error), "both byte orders"));
  const char *codecs = strstr(description, "[{\"name\": \"zarrc");
  char shard[2000];
  snprintf(shard, sizeof shard,
           "%.*s%s%.*s, \"index_codecs\": [{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]}}]}",
           (int)(codecs - description), description, sharded, (int)strlen(codecs) - 1, codecs);
  const char *const documents[] = {description, shard};
  for (size_t i = 0; i < 2; i++) {
    nodes_put(store, "u/zarr.json", documents[i]);
    error = (zarrc_error){0};
    assert_int_equal(zarrc_array_open(store, "u", &in_2, &other, &error), ZARRC_UNSUPPORTED);
    if (!strstr(SAID(error), "both byte orders")) fail_msg("%s", SAID(error));
  }
  assert_int_equal(zarrc_array_create_json(store, "v", zarrc_array_metadata(array), strlen(zarrc_array_metadata(array)),
                                           ZARRC_CREATE_NEW, &in_3, &other, NULL),
                   ZARRC_UNSUPPORTED);
  zarrc_buf_clear(&text);
  zarrc_array_close(array);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_field_orders, open_store, close_store),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

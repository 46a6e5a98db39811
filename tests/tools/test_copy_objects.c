/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/copy.h"

#include "support/nodes.h"
#include "tools/two_stores.h"

static void test_list(void **state) {
  zarrc_array *array = copying_array(source, "a", 2, (int64_t[]){4, 24}, (int64_t[]){2, 2}, NULL, NULL);
  zarrc_chunk_layout layout = {.struct_size = sizeof layout};
  zarrc_copy_objects o;
  (void)state;
  assert_int_equal(zarrc_array_chunk_layout(array, &layout, NULL), ZARRC_OK);
  assert_int_equal(zarrc_copy_objects_read(array, &layout, false, &o, NULL), ZARRC_OK);
  assert_true(o.known);
  assert_int_equal(o.n, 24);
  assert_int_equal(o.nbytes, 24 * 16);
  for (size_t i = 0; i < o.n; i++) assert_int_equal(o.items[i].number, i);
  zarrc_copy_objects_clear(&o);
  nodes_put(source, "a/c/0/3", "short");
  nodes_put(source, "a/c/1/11", "");
  assert_int_equal(zarrc_store_erase(source, "a/c/1/2", NULL), ZARRC_OK);
  assert_int_equal(zarrc_copy_objects_read(array, &layout, true, &o, NULL), ZARRC_OK);
  assert_int_equal(o.n, 21);
  assert_int_equal(o.nfaulty, 2);
  assert_null(zarrc_copy_objects_find(&o, 3));
  assert_null(zarrc_copy_objects_find(&o, 14));
  assert_int_equal(zarrc_copy_objects_find(&o, 13)->nbytes, 16);
  zarrc_copy_objects_clear(&o);
  assert_null(zarrc_copy_objects_find(&o, 13));
  zarrc_array_close(array);
}

/* Damages the first of four chunks of an array, and returns whether it counts as lacking. */
static bool is_lacking(const char *codecs, const char *chunk, size_t nbytes) {
  zarrc_array *array = copying_array(source, "a", 1, (int64_t[]){24}, (int64_t[]){6}, NULL, codecs);
  zarrc_chunk_layout layout = {.struct_size = sizeof layout};
  zarrc_copy_objects o;
  assert_int_equal(zarrc_array_chunk_layout(array, &layout, NULL), ZARRC_OK);
  assert_int_equal(zarrc_store_set(source, "a/c/0", chunk, nbytes, NULL), ZARRC_OK);
  assert_int_equal(zarrc_copy_objects_read(array, &layout, true, &o, NULL), ZARRC_OK);
  uint64_t lacking = o.nfaulty;
  assert_int_equal(o.n + lacking, 4);
  zarrc_copy_objects_clear(&o);
  zarrc_array_close(array);
  assert_int_equal(zarrc_store_erase_prefix(source, "a", NULL), ZARRC_OK);
  return lacking > 0;
}

/* Sizes just outside and just inside of what the codecs allow. */
static void test_impossible_sizes(void **state) {
#define LITTLE  "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}"
#define SHARDED "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2], \"codecs\": [" LITTLE
#define INDEX   "], \"index_codecs\": [" LITTLE ", \"crc32c\"]}}]"
  static const struct {
    const char *library, *codecs;
    size_t least, most; /* 0: no limit */
  } cases[] = {
      {"bytes", "[" LITTLE "]", 24, 24},
      {"bytes", "[" LITTLE ", \"crc32c\"]", 28, 28},
      {"gzip", "[" LITTLE ", {\"name\": \"gzip\", \"configuration\": {\"level\": 1}}]", 20, 24 + 128},
      {"gzip", "[" LITTLE ", {\"name\": \"gzip\", \"configuration\": {\"level\": 1}}, \"crc32c\"]", 24, 24 + 132},
      {"zstd", "[" LITTLE ", {\"name\": \"zstd\", \"configuration\": {\"level\": 1}}]", 9, 24 + 128},
      {"numcodecs.zlib", "[" LITTLE ", {\"name\": \"numcodecs.zlib\", \"configuration\": {\"level\": 1}}]", 8,
       24 + 128},
      {"blosc",
       "[" LITTLE ", {\"name\": \"blosc\", \"configuration\": {\"cname\": \"lz4\", \"clevel\": 1, \"shuffle\": "
       "\"noshuffle\", \"blocksize\": 0}}]",
       16, 40},
      {"bytes", SHARDED INDEX, 52, 76},
      {"gzip", SHARDED ", {\"name\": \"gzip\", \"configuration\": {\"level\": 1}}" INDEX, 52, 0},
  };
  static const char bytes[512];
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    if (!zarrc_codec_is_available(source->ctx, cases[i].library)) continue;
    assert_true(is_lacking(cases[i].codecs, bytes, cases[i].least - 1));
    assert_false(is_lacking(cases[i].codecs, bytes, cases[i].least));
    assert_int_equal(is_lacking(cases[i].codecs, bytes, cases[i].most ? cases[i].most + 1 : 512), cases[i].most > 0);
    if (cases[i].most) assert_false(is_lacking(cases[i].codecs, bytes, cases[i].most));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_list, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_impossible_sizes, open_stores, close_stores),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

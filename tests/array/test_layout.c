/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zarrc/zarrc.h>

#include "array/memory_store.h"

#include <stdlib.h>
#include <string.h>

#define BYTES "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}"
#define INDEX "\"index_codecs\": [" BYTES ", {\"name\": \"crc32c\"}]"
#define SHARD(shape, codecs, more)                                                                                     \
  "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": " shape ", \"codecs\": [" codecs              \
  "], " INDEX more "}}"
#define TURN    "{\"name\": \"transpose\", \"configuration\": {\"order\": [2, 0, 1]}}, "
#define REVERSE "{\"name\": \"transpose\", \"configuration\": {\"order\": \"F\"}}, "
#define UNKNOWN "{\"name\": \"acme.squeeze\", \"configuration\": {}}"

typedef struct level {
  int64_t shape[3];
  bool at_start, alone;
} level;

#define NONE                                                                                                           \
  { {0}, false, false }

/* Arrays of 24 x 24 x 24 in chunks of 12 x 8 x 4. */
static void levels_of_shards(void **state) {
  static const struct {
    const char *codecs;
    level levels[2];
    size_t n;
  } rows[] = {
      {"[" BYTES "]", {NONE}, 0},
      {"[" SHARD("[6, 4, 2]", BYTES, "") "]", {{{6, 4, 2}, false, true}}, 1},
      {"[" SHARD("[6, 4, 2]", BYTES, ", \"index_location\": \"start\"") ", {\"name\": \"crc32c\"}]",
       {{{6, 4, 2}, true, false}},
       1},
      {"[" SHARD("[6, 4, 2]", SHARD("[3, 2, 1]", BYTES, ", \"index_location\": \"start\""), "") "]",
       {{{6, 4, 2}, false, true}, {{3, 2, 1}, true, true}},
       2},
      /* axes behind a transpose codec are others: [4, 12, 8] in front of the shard, then turned once more */
      {"[" TURN SHARD("[2, 6, 4]", TURN SHARD("[2, 1, 3]", BYTES, ""), "") "]",
       {{{6, 4, 2}, false, false}, {{3, 2, 1}, false, false}},
       2},
      {"[" REVERSE SHARD("[2, 4, 6]", BYTES, "") "]", {{{6, 4, 2}, false, false}}, 1},
      /* what cannot be read has levels as far as they make sense */
      {"[" SHARD("[6, 4, 2]", UNKNOWN, "") "]", {{{6, 4, 2}, false, true}}, 1},
      {"[" UNKNOWN ", " SHARD("[6, 4]", BYTES, "") "]", {NONE}, 0},
      {"[" UNKNOWN ", " SHARD("[6, 4, 0]", BYTES, "") "]", {NONE}, 0},
      {"[" UNKNOWN
       ", {\"name\": \"transpose\", \"configuration\": {\"order\": [0, 0, 1]}}, " SHARD("[6, 4, 2]", BYTES, "") "]",
       {NONE},
       0},
      {"[" UNKNOWN
       ", {\"name\": \"transpose\", \"configuration\": {\"order\": [0, 1, 3]}}, " SHARD("[6, 4, 2]", BYTES, "") "]",
       {NONE},
       0},
      {"[" UNKNOWN ", \"sharding_indexed\", 7, null]", {NONE}, 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char *document = nodes_document("shape", "[24, 24, 24]", "chunk_grid",
                                    "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [12, 8, 4]}}",
                                    "codecs", rows[i].codecs, NULL);
    zarrc_array_options options = {.struct_size = sizeof options, .allow_unknown = true};
    zarrc_array *array = NULL;
    zarrc_error error = {0};
    zarrc_shard_level found = {.struct_size = sizeof found};
    int64_t inner[3];
    nodes_put(store, "zarr.json", document);
    free(document);
    if (zarrc_array_open(store, "", &options, &array, &error)) fail_msg("%zu: %s", i, error.message);
    for (size_t k = 0; k < rows[i].n; k++) {
      const level *wanted = &rows[i].levels[k];
      if (!zarrc_array_shard_level(array, k, &found)) fail_msg("%zu: no level %zu", i, k);
      for (int axis = 0; axis < 3; axis++) assert_int_equal(found.chunk_shape[axis], wanted->shape[axis]);
      assert_int_equal(found.index_location, wanted->at_start ? ZARRC_INDEX_START : ZARRC_INDEX_END);
      assert_true(found.alone == wanted->alone);
      assert_int_equal(found.struct_size, sizeof found);
    }
    assert_false(zarrc_array_shard_level(array, rows[i].n, &found));
    bool outermost = zarrc_array_inner_chunk_shape(array, inner);
    assert_true(outermost == (rows[i].n > 0 && rows[i].levels[0].alone));
    if (outermost) assert_memory_equal(inner, rows[i].levels[0].shape, sizeof inner);
    zarrc_array_close(array);
  }
}

/* The number of one axis may stand without brackets. */
static void one_axis(void **state) {
  char *document = nodes_document("shape", "[24]", "chunk_grid",
                                  "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [12]}}", "codecs",
                                  "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": 4}}]", NULL);
  zarrc_array *array = NULL;
  int64_t inner;
  (void)state;
  nodes_put(store, "zarr.json", document);
  free(document);
  assert_int_equal(zarrc_array_open(store, "", NULL, &array, NULL), ZARRC_OK);
  assert_true(zarrc_array_inner_chunk_shape(array, &inner));
  assert_int_equal(inner, 4);
  /* a caller that was compiled with less, and one with more */
  zarrc_shard_level less = {.struct_size = offsetof(zarrc_shard_level, index_location), .alone = true};
  assert_true(zarrc_array_shard_level(array, 0, &less));
  assert_int_equal(less.chunk_shape[0], 4);
  assert_true(less.alone);
  struct {
    zarrc_shard_level known;
    uint64_t newer;
  } more = {.known.struct_size = sizeof more, .newer = 1};
  assert_true(zarrc_array_shard_level(array, 0, &more.known));
  assert_int_equal(more.newer, 0);
  assert_true(more.known.alone);
  zarrc_array_close(array);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(levels_of_shards),
      cmocka_unit_test(one_axis),
  };
  return cmocka_run_group_tests(tests, open_store, close_store);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/verifying.h"

static const char crc[] = "[{\"name\":\"bytes\",\"configuration\":{\"endian\":\"little\"}},{\"name\":\"crc32c\"}]";

static void make(const char *path, const int64_t *shards, const char *codecs) {
  zarrc_array_close(copying_array(store, path, 2, (int64_t[]){6, 8}, (int64_t[]){2, 2}, shards, codecs));
}

static void test_plain(void **state) {
  (void)state;
  make("a", NULL, crc);
  finds("a", true, "");
  assert_int_equal(report.nchunks, 12);
  assert_int_equal(report.nkeys, 13);
  flip("a/c/1/2", 3);
  nodes_put(store, "a/c/0/0", "");
  nodes_put(store, "a/c/2/0", "too short");
  finds("a", false, "fault c/0/0 0,0\nfault c/2/0 2,0\n");
  finds("a", true, "fault c/0/0 0,0\nfault c/1/2 1,2\nfault c/2/0 2,0\n");
  assert_int_equal(report.nfaults, 3);
}

/* Two shards side by side, of 3 x 2 inner chunks each: 20 bytes each, and an index of 100. */
static void test_shards(void **state) {
  const int64_t shards[] = {6, 4};
  (void)state;
  make("s", shards, crc);
  finds("s", true, "");
  assert_int_equal(report.nchunks, 2);
  assert_int_equal(report.ninner, 12);
  flip("s/c/0/1", 25); /* in the second one that is stored */
  flip("s/c/0/1", 115);
  finds("s", false, "");
  assert_int_equal(verify("s", true, NULL, NULL), ZARRC_OK);
  assert_int_equal(report.nfaults, 2);
  flip("s/c/0/0", 150);
  finds("s", false, "fault c/0/0 0,0\n");
}

typedef struct entry {
  uint64_t offset, nbytes;
} entry;

/* A shard of two inner chunks of two bytes, with an index of 32 bytes without a checksum. */
static void put_entries(entry first, entry second, const char *data) {
  char document[1000];
  uint8_t value[200];
  size_t n = strlen(data);
  snprintf(
      document, sizeof document,
      "{\"zarr_format\":3,\"node_type\":\"array\",\"shape\":[4],\"data_type\":\"uint8\",\"chunk_grid\":{\"name\":"
      "\"regular\",\"configuration\":{\"chunk_shape\":[4]}},\"chunk_key_encoding\":{\"name\":\"default\"},\"fill_"
      "value\":0,\"codecs\":[{\"name\":\"sharding_indexed\",\"configuration\":{\"chunk_shape\":[2],\"codecs\":[{"
      "\"name\":\"bytes\"}],\"index_codecs\":[{\"name\":\"bytes\",\"configuration\":{\"endian\":\"little\"}}]}}]}");
  nodes_put(store, "e/zarr.json", document);
  memcpy(value, data, n);
  memcpy(value + n, &first, sizeof first);
  memcpy(value + n + 16, &second, sizeof second);
  assert_int_equal(zarrc_store_set(store, "e/c/0", value, n + 32, NULL), ZARRC_OK);
}

static void test_entries(void **state) {
  (void)state;
  put_entries((entry){0, 2}, (entry){2, 2}, "abcd");
  finds("e", true, "");
  put_entries((entry){0, 2}, (entry){2, 2}, "abcdxx"); /* nobody's bytes */
  finds("e", true, "note c/0 0\n");
  put_entries((entry){2, 2}, (entry){2, 2}, "abcd"); /* shared */
  finds("e", false, "fault c/0 0/0\nfault c/0 0/1\nnote c/0 0\n");
  put_entries((entry){0, 2}, (entry){3, 2}, "abcd"); /* reaches into the index */
  finds("e", false, "fault c/0 0/1\nnote c/0 0\n");
  put_entries((entry){0, 1}, (entry){2, 2}, "abcd"); /* a size that cannot be */
  finds("e", false, "fault c/0 0/0\nnote c/0 0\n");
  put_entries((entry){UINT64_MAX, 2}, (entry){99, 2}, "abcd"); /* impossible entries */
  finds("e", true, "fault c/0 0/0\nfault c/0 0/1\n");
  put_entries((entry){UINT64_MAX, UINT64_MAX}, (entry){0, 2}, "ab"); /* one is missing, which is no fault */
  finds("e", true, "");
}

/* An index inside of another codec is looked at, too, and inner chunks in inner shards. */
static void test_chains(void **state) {
  static const char nested[] = "[{\"name\":\"sharding_indexed\",\"configuration\":{\"chunk_shape\":[4,4],\"codecs\":[{"
                               "\"name\":\"sharding_indexed\","
                               "\"configuration\":{\"chunk_shape\":[2,2],\"codecs\":[{\"name\":\"bytes\","
                               "\"configuration\":{\"endian\":\"little\"}},{\"name\":"
                               "\"crc32c\"}],\"index_codecs\":[{\"name\":\"bytes\",\"configuration\":{\"endian\":"
                               "\"little\"}}]}}],\"index_codecs\":[{\"name\":"
                               "\"bytes\",\"configuration\":{\"endian\":\"little\"}}]}}]";
  static const char wrapped[] = "[{\"name\":\"sharding_indexed\",\"configuration\":{\"chunk_shape\":[2,2],\"codecs\":[{"
                                "\"name\":\"bytes\",\"configuration\":{"
                                "\"endian\":\"little\"}},{\"name\":\"crc32c\"}],\"index_codecs\":[{\"name\":\"bytes\","
                                "\"configuration\":{\"endian\":\"little\"}}]}}"
                                ",{\"name\":\"crc32c\"}]";
  zarrc_array_close(copying_array(store, "n", 2, (int64_t[]){8, 8}, (int64_t[]){8, 8}, NULL, nested));
  (void)state;
  finds("n", true, "");
  flip("n/c/0/0", 5);
  assert_int_equal(verify("n", true, NULL, NULL), ZARRC_OK);
  assert_int_equal(report.nfaults, 1);
  assert_non_null(strstr(said, "fault c/0/0 0,0/0,0/0,0"));
  zarrc_array_close(copying_array(store, "w", 2, (int64_t[]){4, 4}, (int64_t[]){4, 4}, NULL, wrapped));
  finds("w", true, "");
  flip("w/c/0/0", 5);
  finds("w", true, "fault c/0/0 0,0\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_plain, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_shards, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_entries, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_chains, open_store, close_store),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/bytes_codec.h"
#include "support/needs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

#define CONFIGURED(name, configuration) "{\"name\": \"numcodecs." name "\", \"configuration\": {" configuration "}}"

#define BLOSC(shuffle)                                                                                                 \
  CONFIGURED("blosc", "\"cname\": \"lz4\", \"clevel\": 5, \"shuffle\": " shuffle ", \"blocksize\": 0")

static void json(void **state) {
  (void)state;
  bb_json_is("\"numcodecs.gzip\"", CONFIGURED("gzip", "\"level\": 1"));
  bb_json_is(CONFIGURED("gzip", "\"level\": -1"), NULL);
  bb_json_refused(CONFIGURED("gzip", "\"level\": 10"), "configuration.level");
  bb_json_refused(CONFIGURED("gzip", "\"level\": -2"), "configuration.level");
  bb_json_is("\"numcodecs.zstd\"", CONFIGURED("zstd", "\"level\": 0, \"checksum\": false"));
  bb_json_is(CONFIGURED("zstd", "\"level\": 30, \"checksum\": true"), NULL);
  bb_json_is(CONFIGURED("zstd", "\"level\": -131072, \"checksum\": false"), NULL);
  bb_json_refused(CONFIGURED("zstd", "\"levels\": 1"), "levels");
  bb_json_refused(CONFIGURED("zstd", "\"level\": 3000000000"), "configuration.level");
  bb_json_is("\"numcodecs.blosc\"", BLOSC("1"));
  bb_json_is(BLOSC("-1"), NULL);
  bb_json_is(BLOSC("2"), NULL);
  bb_json_is(CONFIGURED("blosc", "\"typesize\": null"), BLOSC("1"));
  bb_json_is(CONFIGURED("blosc", "\"typesize\": 4"),
             CONFIGURED("blosc", "\"cname\": \"lz4\", \"clevel\": 5, \"shuffle\": 1, \"blocksize\": 0, "
                                 "\"typesize\": 4"));
  bb_json_refused(BLOSC("3"), "configuration.shuffle");
  bb_json_refused(BLOSC("\"shuffle\""), "configuration.shuffle");
  bb_json_refused(CONFIGURED("blosc", "\"cname\": \"lz5\""), "lz5");
  bb_json_refused(CONFIGURED("blosc", "\"clevel\": 10"), "configuration.clevel");
  bb_json_refused(CONFIGURED("blosc", "\"blocksize\": -1"), "configuration.blocksize");
  bb_json_refused(CONFIGURED("blosc", "\"typesize\": 0"), "configuration.typesize");
}

/* What a codec makes is what the one that does its work makes of the same settings. */
static void same_bytes(void **state) {
  static const char *const rows[][3] = {
      {"gzip", CONFIGURED("gzip", "\"level\": 5"), "{\"name\": \"gzip\", \"configuration\": {\"level\": 5}}"},
      {"gzip", CONFIGURED("gzip", "\"level\": -1"), "{\"name\": \"gzip\", \"configuration\": {\"level\": 6}}"},
      {"zstd", CONFIGURED("zstd", "\"level\": 3, \"checksum\": true"),
       "{\"name\": \"zstd\", \"configuration\": {\"level\": 3, \"checksum\": true}}"},
      {"zstd", CONFIGURED("zstd", "\"level\": 23"), "{\"name\": \"zstd\", \"configuration\": {\"level\": 22}}"},
  };
  uint8_t *bytes = bb_data(BB_RAMP, 20000);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (!zarrc_codec_is_available(*state, rows[i][0])) continue;
    zarrc_codec *ours = bb_open(*state, rows[i][1]), *other = bb_open(*state, rows[i][2]);
    size_t n, m;
    uint8_t *a = bb_encode(ours, bytes, 20000, 2, &n), *b = bb_encode(other, bytes, 20000, 2, &m);
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    bb_decodes_to(ours, a, n, bytes, 20000);
    bb_decode_fails(ours, a, n, 19999, ZARRC_SIZE_MISMATCH);
    bb_each_flip(ours, a, n, 20000, strstr(rows[i][0], "zstd") != NULL);
    assert_true(zarrc_codec_get_class(ours)->u.bb.states_size(ours, &(zarrc_bytes){.ptr = a, .len = n}, 20000));
    bb_round_trip(ours, BB_NOISE, 1000);
    free(a);
    free(b);
    zarrc_codec_close(ours);
    zarrc_codec_close(other);
  }
  free(bytes);
}

/* The shuffle and the typesize in the frame: bits 0 and 2 of byte 2, and byte 3. */
static void blosc_evolves(void **state) {
  static const struct {
    const char *dtype, *json;
    uint8_t shuffle, typesize;
  } rows[] = {
      {"\"int32\"", BLOSC("-1"), 1, 4},  {"\"int8\"", BLOSC("-1"), 4, 1},
      {"\"float64\"", BLOSC("1"), 1, 8}, {"\"int16\"", BLOSC("2"), 4, 2},
      {"\"int16\"", BLOSC("0"), 0, 2},   {"\"int16\"", CONFIGURED("blosc", "\"typesize\": 8"), 1, 8},
  };
  needs_codec("blosc");
  uint8_t *bytes = bb_data(BB_RAMP, 80000);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_codec *codec = bb_open(*state, rows[i].json), *evolved;
    zarrc_spec spec = {.ndim = 1, .shape = {10000}};
    uint64_t fill = 0;
    size_t n;
    spec.fill = &fill;
    assert_int_equal(zarrc_dtype_open(*state, rows[i].dtype, strlen(rows[i].dtype), &spec.dtype, NULL), ZARRC_OK);
    assert_int_equal(zarrc_codec_evolve(codec, &spec, &evolved, NULL), ZARRC_OK);
    assert_int_equal(zarrc_codec_validate(evolved, &spec, NULL, NULL), ZARRC_OK);
    uint8_t *encoded = bb_encode(evolved, bytes, 80000, 1, &n);
    assert_int_equal(encoded[2] & 5, rows[i].shuffle);
    assert_int_equal(encoded[3], rows[i].typesize);
    bb_decodes_to(evolved, encoded, n, bytes, 80000);
    bb_decode_fails(evolved, encoded, n / 2, 80000, ZARRC_TRUNCATED);
    zarrc_buf before = zarrc_buf_new(*state, 1000), after = zarrc_buf_new(*state, 1000);
    assert_int_equal(zarrc_codec_to_json(codec, &before, NULL), ZARRC_OK); /* the settings are kept as they were */
    assert_int_equal(zarrc_codec_to_json(evolved, &after, NULL), ZARRC_OK);
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.ptr, after.ptr, before.len);
    assert_false(zarrc_codec_equal(codec, evolved) && rows[i].shuffle == 1 && rows[i].typesize == 4);
    zarrc_buf_clear(&before);
    zarrc_buf_clear(&after);
    free(encoded);
    zarrc_codec_close(evolved);
    zarrc_codec_close(codec);
    zarrc_dtype_close(&spec.dtype);
  }
  free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(json), cmocka_unit_test(same_bytes),
                                     cmocka_unit_test(blosc_evolves)};
  return cmocka_run_group_tests(tests, bb_set_up, bb_tear_down);
}

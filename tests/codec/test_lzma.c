/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/bytes_codec.h"

#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

#define CONFIGURED(members) "{\"name\": \"numcodecs.lzma\", \"configuration\": {" members "}}"
#define ALONE               CONFIGURED("\"format\": 2")
#define RAW                 CONFIGURED("\"format\": 3, \"filters\": [{\"id\": 33, \"preset\": 1}]")
#define RAW1                CONFIGURED("\"format\": 3, \"filters\": [{\"id\": 4611686018427387905, \"preset\": 1}]")

static void json(void **state) {
  (void)state;
  bb_json_is("\"numcodecs.lzma\"", CONFIGURED("\"format\": 1, \"check\": -1, \"preset\": null, \"filters\": null"));
}

#if ZARRC_HAVE_LZMA

/* Streams of CPython's lzma, of "abc" with preset 1, and one with a dictionary of 2^30 bytes. */
static const uint8_t xz[] = {0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00, 0x21,
                             0x01, 0x10, 0x00, 0x00, 0x00, 0xa8, 0x70, 0x8e, 0x86, 0x01, 0x00, 0x02, 0x61, 0x62, 0x63,
                             0x00, 0x00, 0x27, 0x76, 0x27, 0x1a, 0x4a, 0x09, 0xd8, 0x2c, 0x00, 0x01, 0x1b, 0x03, 0x0b,
                             0x2f, 0xb9, 0x10, 0x1f, 0xb6, 0xf3, 0x7d, 0x01, 0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5a};
static const uint8_t alone[] = {0x5d, 0x00, 0x00, 0x10, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                0x00, 0x30, 0x98, 0x88, 0xa4, 0x4a, 0x8e, 0x9f, 0xff, 0xf6, 0x63, 0x80, 0x00};
static const uint8_t raw[] = {0x01, 0x00, 0x02, 0x61, 0x62, 0x63, 0x00};
static const uint8_t dict[] = {0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46,
                               0x02, 0x00, 0x21, 0x01, 0x24, 0x00, 0x00, 0x00, 0x5e, 0x1f, 0xc7, 0xf9,
                               0x01, 0x00, 0x02, 0x61, 0x62, 0x63, 0x00, 0x00, 0x27, 0x76, 0x27, 0x1a,
                               0x4a, 0x09, 0xd8, 0x2c, 0x00, 0x01, 0x1b, 0x03, 0x0b, 0x2f, 0xb9, 0x10,
                               0x1f, 0xb6, 0xf3, 0x7d, 0x01, 0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5a};
static const uint8_t raw1[] = {0x00, 0x30, 0x98, 0x88, 0xa4, 0x4a, 0x8e, 0x9f, 0xff, 0xf6, 0x63, 0x80, 0x00};

static void streams_of_python(void **state) {
  static const struct {
    const char *json;
    const uint8_t *bytes;
    size_t n;
  } rows[] = {
      {CONFIGURED(""), xz, sizeof xz}, {CONFIGURED("\"format\": 0"), xz, sizeof xz},
      {ALONE, alone, sizeof alone},    {CONFIGURED("\"format\": 0"), alone, sizeof alone},
      {RAW, raw, sizeof raw},          {RAW1, raw1, sizeof raw1},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_codec *codec = bb_open(*state, rows[i].json);
    uint8_t two[200];
    bb_decodes_to(codec, rows[i].bytes, rows[i].n, "abc", 3);
    memcpy(two, rows[i].bytes, rows[i].n);
    memcpy(two + rows[i].n, rows[i].bytes, rows[i].n);
    bb_decodes_to(codec, two, 2 * rows[i].n, "abcabc", 6);
    bb_decode_fails(codec, two, 2 * rows[i].n, 5, ZARRC_SIZE_MISMATCH);
    bb_decode_fails(codec, two, rows[i].n, 2, ZARRC_SIZE_MISMATCH);
    for (size_t n = 0; n < rows[i].n; n++) bb_decode_fails(codec, two, n, 3, ZARRC_TRUNCATED);
    zarrc_codec_close(codec);
  }
  zarrc_codec *codec = bb_open(*state, CONFIGURED(""));
  bb_decode_fails(codec, alone, sizeof alone, 3, ZARRC_CORRUPT);
  zarrc_codec_close(codec);
}

static void round_trips(void **state) {
  static const char *const rows[] = {
      CONFIGURED("\"preset\": 0"),
      CONFIGURED("\"preset\": 2147483649, \"check\": 0"),
      CONFIGURED("\"check\": 1, \"preset\": 1"),
      CONFIGURED("\"check\": 10, \"preset\": 1"),
      CONFIGURED("\"format\": 2, \"preset\": 1"),
      CONFIGURED("\"format\": 2, \"filters\": [{\"id\": 4611686018427387905, \"preset\": 0, \"lc\": 0, \"lp\": 2}]"),
      CONFIGURED("\"filters\": [{\"id\": 3, \"dist\": 4}, {\"id\": 33, \"preset\": 1, \"dict_size\": 65536, \"lc\": 0, "
                 "\"lp\": 2, \"pb\": 1, \"mode\": 2, \"nice_len\": 30, \"mf\": 20, \"depth\": 5}]"),
      CONFIGURED("\"filters\": [{\"id\": 4, \"start_offset\": 0}, {\"id\": 33, \"preset\": 0}]"),
      RAW,
      RAW1,
  };
  static const size_t sizes[] = {0, 1, 100, 70000};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_codec *codec = bb_open(*state, rows[i]);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
      for (bb_kind kind = BB_ZEROS; kind <= BB_NOISE; kind++) {
        size_t n;
        uint8_t *bytes = bb_data(kind, sizes[k]), *encoded = bb_encode(codec, bytes, sizes[k], 3, &n);
        bb_decodes_to(codec, encoded, n, bytes, sizes[k]);
        free(bytes);
        free(encoded);
      }
    }
    zarrc_codec_close(codec);
  }
}

static void cannot_encode(void **state) {
  static const char *const rows[] = {
      CONFIGURED("\"format\": 0"),
      CONFIGURED("\"preset\": 1, \"filters\": [{\"id\": 33}]"),
      CONFIGURED("\"format\": 2, \"check\": 4"),
      CONFIGURED("\"format\": 2, \"filters\": [{\"id\": 33}]"),
      CONFIGURED("\"check\": 7"),
      CONFIGURED("\"filters\": [{\"id\": 33, \"preset\": 10}]"),
      CONFIGURED("\"filters\": [{\"id\": 33, \"lc\": 4, \"lp\": 4}]"),
      CONFIGURED("\"filters\": [{\"id\": 3}]"),
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_error error;
    zarrc_codec *codec = bb_open(*state, rows[i]);
    if (bb_encode_fails(codec, "abc", 3, &error) != ZARRC_INVALID_METADATA) fail_msg("%s", rows[i]);
    zarrc_codec_close(codec);
  }
}

static void damage(void **state) {
  static const char *const rows[] = {CONFIGURED("\"preset\": 0"), CONFIGURED("\"format\": 2, \"preset\": 0"), RAW};
  uint8_t *bytes = bb_data(BB_RAMP, 3000);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_codec *codec = bb_open(*state, rows[i]);
    size_t n;
    uint8_t *encoded = bb_encode(codec, bytes, 3000, 1, &n);
    bb_each_cut(codec, encoded, n, 3000, ZARRC_TRUNCATED, ZARRC_TRUNCATED);
    bb_each_flip(codec, encoded, n, 3000, i > 0);
    free(encoded);
    zarrc_codec_close(codec);
  }
  free(bytes);
}

/* A stream may claim a dictionary of 4 GiB, and decode to thousands of times its length. */
static void bombs(void **state) {
  zarrc_codec *codec = bb_open(*state, CONFIGURED("\"preset\": 0"));
  size_t n;
  uint8_t *bytes = bb_data(BB_ZEROS, (size_t)8 << 20), *encoded = bb_encode(codec, bytes, (size_t)8 << 20, 1, &n);
  zarrc_ctx *ctx = bb_ctx();
  zarrc_codec *other = bb_open(ctx, CONFIGURED("")), *old = bb_open(ctx, ALONE);
  assert_true(n < 10000);
  bb_decode_fails(other, encoded, n, 1000, ZARRC_SIZE_MISMATCH);
  bb_decode_fails(other, dict, sizeof dict, 3, ZARRC_LIMIT);
  uint8_t large[sizeof alone];
  memcpy(large, alone, sizeof large);
  memset(large + 1, 0xff, 4);
  bb_decode_fails(old, large, sizeof large, 3, ZARRC_LIMIT);
  assert_true(zarrc_ctx_memory_peak(ctx) < (uint64_t)8 << 20);
  zarrc_codec_close(other);
  zarrc_codec_close(old);
  zarrc_ctx_close(ctx);
  free(bytes);
  free(encoded);
  zarrc_codec_close(codec);
}

/* What a configuration asks for, small data does not take; what is written can be read. */
static void dictionaries(void **state) {
  static const char *const rows[] = {
      CONFIGURED("\"preset\": 9"),
      CONFIGURED("\"format\": 2, \"preset\": 9"),
      CONFIGURED("\"filters\": [{\"id\": 33, \"dict_size\": 1073741824}]"),
      CONFIGURED("\"format\": 2, \"filters\": [{\"id\": 4611686018427387905, \"dict_size\": 1073741824}]"),
      CONFIGURED("\"format\": 3, \"filters\": [{\"id\": 3}, {\"id\": 33, \"dict_size\": 1073741824}]"),
  };
  (void)state;
  uint8_t *bytes = bb_data(BB_RAMP, 10000);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_ctx *ctx = bb_ctx();
    zarrc_codec *codec = bb_open(ctx, rows[i]);
    size_t n;
    uint8_t *encoded = bb_encode(codec, bytes, 10000, 1, &n);
    bb_decodes_to(codec, encoded, n, bytes, 10000);
    if (zarrc_ctx_memory_peak(ctx) > (uint64_t)2 << 20) fail_msg("%s", rows[i]);
    free(encoded);
    zarrc_codec_close(codec);
    zarrc_ctx_close(ctx);
  }
  free(bytes);
}

static void out_of_memory(void **state) {
  (void)state;
  bb_out_of_memory(CONFIGURED("\"preset\": 0"));
  bb_out_of_memory(CONFIGURED("\"format\": 2, \"preset\": 0"));
  bb_out_of_memory(CONFIGURED("\"format\": 3, \"filters\": [{\"id\": 3}, {\"id\": 33, \"preset\": 0}]"));
}

#endif

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(json),
#if ZARRC_HAVE_LZMA
    cmocka_unit_test(streams_of_python),
    cmocka_unit_test(round_trips),
    cmocka_unit_test(cannot_encode),
    cmocka_unit_test(damage),
    cmocka_unit_test(bombs),
    cmocka_unit_test(dictionaries),
    cmocka_unit_test(out_of_memory),
#endif
  };
  return cmocka_run_group_tests(tests, bb_set_up, bb_tear_down);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/bytes_codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

#define CONFIGURED(name, configuration) "{\"name\": \"numcodecs." name "\", \"configuration\": {" configuration "}}"

static const char *const codecs[] = {
    CONFIGURED("crc32", ""),
    CONFIGURED("crc32", "\"location\": \"end\""),
    CONFIGURED("crc32c", ""),
    CONFIGURED("crc32c", "\"location\": \"start\""),
    CONFIGURED("adler32", ""),
    CONFIGURED("adler32", "\"location\": \"end\""),
    CONFIGURED("fletcher32", ""),
    CONFIGURED("jenkins_lookup3", "\"initval\": 0, \"prefix\": null"),
    CONFIGURED("jenkins_lookup3", "\"initval\": 5, \"prefix\": null"),
    CONFIGURED("jenkins_lookup3", "\"initval\": 4294967295, \"prefix\": null"),
};
enum { NCODECS = sizeof codecs / sizeof *codecs };

static bool is_at_start(size_t codec) {
  return codec == 0 || codec == 3 || codec == 4;
}

static bool is_available(zarrc_ctx *ctx, size_t codec) {
  return codec > 1 && codec != 4 && codec != 5 ? true : zarrc_codec_is_available(ctx, "numcodecs.crc32");
}

/* The sums of bytes (7 i + i / 251) % 256 that numcodecs 0.17.1 computes (0: it cannot, of no bytes). */
static void sums_of_numcodecs(void **state) {
  static const struct {
    size_t n;
    uint32_t sums[NCODECS];
  } rows[] = {
      {1,
       {0xd202ef8d, 0xd202ef8d, 0x527d5351, 0x527d5351, 0x00010001, 0x00010001, 0x00000000, 0x8ba9414b, 0x23700e53,
        0x31b8a510}},
      {2,
       {0xdfbd875c, 0xdfbd875c, 0x25ab1339, 0x25ab1339, 0x00090008, 0x00090008, 0x00070007, 0xb0dbf9ea, 0x0add1626,
        0x49b8ceee}},
      {3,
       {0x57b862d2, 0x57b862d2, 0xb671d518, 0xb671d518, 0x001f0016, 0x001f0016, 0x0e0e0e07, 0xf1e41b76, 0x897229af,
        0x833c2d57}},
      {11,
       {0x7a7b1dba, 0x7a7b1dba, 0x54bd0ec8, 0x54bd0ec8, 0x060f0182, 0x060f0182, 0xec31d2af, 0xd8e1dae7, 0x20eac4e8,
        0x71e4a476}},
      {12,
       {0xf1a1f32f, 0xf1a1f32f, 0xe52ec13b, 0xe52ec13b, 0x07de01cf, 0x07de01cf, 0xec7ed2fc, 0x4614fb6b, 0x75c0d096,
        0x0dc7b845}},
      {13,
       {0x1524e6ca, 0x1524e6ca, 0x6d4dd2d6, 0x6d4dd2d6, 0x0a010223, 0x0a010223, 0x137c26fd, 0x9c600351, 0xd57028d2,
        0x73494650}},
      {24,
       {0x38623fbe, 0x38623fbe, 0x8178c7a1, 0x8178c7a1, 0x3efc078d, 0x3efc078d, 0xb5d59ff3, 0xec28ba43, 0x72b5ed1d,
        0xdd344f86}},
      {25,
       {0x26ee38e3, 0x26ee38e3, 0x2a4ef05a, 0x2a4ef05a, 0x47310835, 0x47310835, 0xfdc947f4, 0x2e987bba, 0xc6131710,
        0xec0ec3c9}},
      {1000,
       {0x5a2e0a71, 0x5a2e0a71, 0xb2d1d635, 0xb2d1d635, 0x678cee1a, 0x678cee1a, 0x770e25d4, 0x38b6dbc4, 0x618ee8d6,
        0xe72dac04}},
      {1001,
       {0x09e30851, 0x09e30851, 0x9f71aec2, 0x9f71aec2, 0x5610ee75, 0x5610ee75, 0xf7e280d4, 0xb7dc6b43, 0x74036404,
        0xf8bb710e}},
      {100000,
       {0x72afc085, 0x72afc085, 0x6ad0516d, 0x6ad0516d, 0xb3ae95bc, 0xb3ae95bc, 0xbf8d5b4f, 0x13ecd1e7, 0x004a6561,
        0x98228d42}},
  };
  static uint8_t bytes[100000];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7 + i / 251);
  for (size_t k = 0; k < NCODECS; k++) {
    if (!is_available(*state, k)) continue;
    zarrc_codec *codec = bb_open(*state, codecs[k]);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
      for (size_t npieces = 1; npieces <= 3; npieces++) {
        size_t n, len = rows[r].n, start = is_at_start(k) ? 4 : 0;
        uint8_t *encoded = bb_encode(codec, bytes, len, npieces, &n);
        assert_int_equal(n, len + 4);
        assert_memory_equal(encoded + start, bytes, len);
        for (size_t i = 0; i < 4; i++) assert_int_equal(encoded[(start ? 0 : len) + i], rows[r].sums[k] >> 8 * i & 255);
        bb_decodes_to(codec, encoded, n, bytes, len);
        free(encoded);
      }
    }
    zarrc_codec_close(codec);
  }
}

static void json(void **state) {
  (void)state;
  for (size_t k = 0; k < NCODECS; k++) bb_json_is(codecs[k], NULL);
  bb_json_is("\"numcodecs.crc32\"", CONFIGURED("crc32", ""));
  bb_json_is(CONFIGURED("crc32c", "\"location\": null"), CONFIGURED("crc32c", ""));
  bb_json_is(CONFIGURED("jenkins_lookup3", ""), codecs[7]);
  bb_json_refused(CONFIGURED("crc32", "\"location\": \"middle\""), "configuration.location");
  bb_json_refused(CONFIGURED("crc32", "\"location\": 1"), "configuration.location");
  bb_json_refused(CONFIGURED("adler32", "\"level\": 1"), "level");
  bb_json_refused(CONFIGURED("fletcher32", "\"location\": \"end\""), "location");
  bb_json_refused(CONFIGURED("jenkins_lookup3", "\"initval\": -1"), "configuration.initval");
  bb_json_refused(CONFIGURED("jenkins_lookup3", "\"initval\": 4294967296"), "configuration.initval");
  bb_json_refused(CONFIGURED("jenkins_lookup3", "\"prefix\": \"abc\""), "configuration.prefix");
}

static void what_differs(void **state) {
  for (size_t i = 0; i < NCODECS; i++) {
    for (size_t k = 0; k < NCODECS; k++) {
      zarrc_codec *a = bb_open(*state, codecs[i]), *b = bb_open(*state, codecs[k]);
      assert_int_equal(zarrc_codec_equal(a, b), i == k);
      zarrc_codec_close(a);
      zarrc_codec_close(b);
    }
  }
}

static void damage(void **state) {
  uint8_t *bytes = bb_data(BB_NOISE, 201);
  for (size_t k = 0; k < NCODECS; k++) {
    if (!is_available(*state, k)) continue;
    zarrc_codec *codec = bb_open(*state, codecs[k]);
    size_t n;
    uint8_t *encoded = bb_encode(codec, bytes, 201, 1, &n);
    assert_true(zarrc_codec_is_fixed_size(codec));
    bb_each_cut(codec, encoded, n, 201, ZARRC_CHECKSUM, ZARRC_TRUNCATED);
    for (size_t bit = 0; bit < n * 8; bit++) {
      encoded[bit / 8] ^= (uint8_t)(1 << bit % 8);
      bb_decode_fails(codec, encoded, n, 201, ZARRC_CHECKSUM);
      encoded[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    bb_decode_fails(codec, encoded, n, 200, ZARRC_SIZE_MISMATCH);
    bb_round_trip(codec, BB_NOISE, 0);
    bb_round_trip(codec, BB_RAMP, 40000);
    free(encoded);
    zarrc_codec_close(codec);
  }
  free(bytes);
}

/* Of 2^20 bytes of 255 the sums of Fletcher-32 are as large as they can be, and must be folded in time. */
static void fletcher_folds(void **state) {
  zarrc_codec *codec = bb_open(*state, codecs[6]);
  uint8_t *bytes = malloc(1 << 20);
  size_t n;
  memset(bytes, 255, 1 << 20);
  uint8_t *encoded = bb_encode(codec, bytes, 1 << 20, 1, &n);
  assert_memory_equal(encoded + (1 << 20), "\xff\xff\xff\xff", 4);
  free(encoded);
  free(bytes);
  zarrc_codec_close(codec);
}

static void out_of_memory(void **state) {
  for (size_t k = 0; k < NCODECS; k++)
    if (is_available(*state, k)) bb_out_of_memory(codecs[k]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sums_of_numcodecs), cmocka_unit_test(json),
      cmocka_unit_test(what_differs),      cmocka_unit_test(damage),
      cmocka_unit_test(fletcher_folds),    cmocka_unit_test(out_of_memory),
  };
  return cmocka_run_group_tests(tests, bb_set_up, bb_tear_down);
}

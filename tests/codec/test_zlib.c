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

#define JSON(level) "{\"name\": \"numcodecs.zlib\", \"configuration\": {\"level\": " level "}}"

static void json(void **state) {
  (void)state;
  bb_json_is("\"numcodecs.zlib\"", JSON("1"));
  bb_json_is("{\"name\": \"numcodecs.zlib\", \"configuration\": {}}", JSON("1"));
  bb_json_is(JSON("-1"), NULL);
  bb_json_is(JSON("9"), NULL);
  bb_json_refused(JSON("10"), "configuration.level");
  bb_json_refused(JSON("-2"), "configuration.level");
  bb_json_refused(JSON("null"), "configuration.level");
  bb_json_refused("{\"name\": \"numcodecs.zlib\", \"configuration\": {\"wbits\": 1}}", "wbits");
}

#if ZARRC_HAVE_LIBDEFLATE || ZARRC_HAVE_ZLIB

/* Streams of CPython's zlib: of no byte, of "abc" at level 1, and stored. */
static const uint8_t none[] = {0x78, 0x01, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01};
static const uint8_t abc[] = {0x78, 0x01, 0x4b, 0x4c, 0x4a, 0x06, 0x00, 0x02, 0x4d, 0x01, 0x27};
static const uint8_t stored[] = {0x78, 0x01, 0x01, 0x03, 0x00, 0xfc, 0xff, 0x61, 0x62, 0x63, 0x02, 0x4d, 0x01, 0x27};

static void streams_of_zlib(void **state) {
  zarrc_codec *codec = bb_open(*state, JSON("1"));
  bb_decodes_to(codec, none, sizeof none, "", 0);
  bb_decodes_to(codec, abc, sizeof abc, "abc", 3);
  bb_decodes_to(codec, stored, sizeof stored, "abc", 3);
  bb_decode_fails(codec, abc, sizeof abc, 2, ZARRC_SIZE_MISMATCH);
  zarrc_codec_close(codec);
}

static void round_trips(void **state) {
  static const char *const levels[] = {"-1", "0", "1", "5", "6", "9"};
  static const size_t sizes[] = {0, 1, 100, 70000, 1000000};
  for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
    char text[100];
    snprintf(text, sizeof text, JSON("%s"), levels[i]);
    zarrc_codec *codec = bb_open(*state, text);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
      for (bb_kind kind = BB_ZEROS; kind <= BB_NOISE; kind++) bb_round_trip(codec, kind, sizes[k]);
    zarrc_codec_close(codec);
  }
}

static void damage(void **state) {
  zarrc_codec *codec = bb_open(*state, JSON("1"));
  size_t n;
  uint8_t *bytes = bb_data(BB_RAMP, 3000), *encoded = bb_encode(codec, bytes, 3000, 1, &n), more[100] = {0};
  bb_each_cut(codec, encoded, n, 3000, ZARRC_TRUNCATED, ZARRC_HAVE_ZLIB ? ZARRC_TRUNCATED : ZARRC_CORRUPT);
  bb_each_flip(codec, encoded, n, 3000, false);
  memcpy(more, abc, sizeof abc);
  bb_decode_fails(codec, more, sizeof abc + 1, 3, ZARRC_CORRUPT);
  bb_decode_fails(codec, more, 100, 3, ZARRC_CORRUPT);
  more[1] = 0x20; /* a dictionary, with a right header */
  while ((more[0] << 8 | more[1]) % 31) more[1]++;
  bb_decode_fails(codec, more, sizeof abc, 3, ZARRC_UNSUPPORTED);
  memcpy(more, abc, sizeof abc);
  more[sizeof abc - 1] ^= 1;
  bb_decode_fails(codec, more, sizeof abc, 3, ZARRC_CHECKSUM);
  more[0] = 0x1f, more[1] = 0x8b; /* gzip */
  bb_decode_fails(codec, more, sizeof abc, 3, ZARRC_CORRUPT);
  free(bytes);
  free(encoded);
  zarrc_codec_close(codec);
}

/* A thousand zeros a byte are not made unless they are asked for. */
static void bombs(void **state) {
  zarrc_codec *codec = bb_open(*state, JSON("9"));
  size_t n;
  uint8_t *bytes = bb_data(BB_ZEROS, (size_t)32 << 20), *encoded = bb_encode(codec, bytes, (size_t)32 << 20, 1, &n);
  assert_true(n < 100000);
  uint64_t before = zarrc_ctx_memory_peak(*state);
  bb_decode_fails(codec, encoded, n, 1000, ZARRC_SIZE_MISMATCH);
  assert_true(zarrc_ctx_memory_peak(*state) < before + (1 << 20));
  free(bytes);
  free(encoded);
  zarrc_codec_close(codec);
}

static void stops_early(void **state) {
  zarrc_codec *codec = bb_open(*state, JSON("1"));
  size_t n;
  uint8_t *bytes = bb_data(BB_RAMP, 500000), *encoded = bb_encode(codec, bytes, 500000, 1, &n);
  bb_result r = bb_decode(codec, encoded, n, 1000, 500000);
  assert_int_equal(r.status, ZARRC_OK);
  assert_true(r.nbytes >= 1000);
  assert_memory_equal(r.ptr, bytes, r.nbytes);
  bb_free(&r);
  free(bytes);
  free(encoded);
  zarrc_codec_close(codec);
}

static void out_of_memory(void **state) {
  (void)state;
  bb_out_of_memory(JSON("1"));
}

#endif

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(json),
#if ZARRC_HAVE_LIBDEFLATE || ZARRC_HAVE_ZLIB
    cmocka_unit_test(streams_of_zlib),
    cmocka_unit_test(round_trips),
    cmocka_unit_test(damage),
    cmocka_unit_test(bombs),
    cmocka_unit_test(stops_early),
    cmocka_unit_test(out_of_memory),
#endif
  };
  return cmocka_run_group_tests(tests, bb_set_up, bb_tear_down);
}

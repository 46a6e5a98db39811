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

#define JSON(level) "{\"name\": \"numcodecs.bz2\", \"configuration\": {\"level\": " level "}}"

static void json(void **state) {
  (void)state;
  bb_json_is("\"numcodecs.bz2\"", JSON("1"));
  bb_json_is(JSON("9"), NULL);
  bb_json_refused(JSON("0"), "configuration.level");
  bb_json_refused(JSON("10"), "configuration.level");
  bb_json_refused("{\"name\": \"numcodecs.bz2\", \"configuration\": {\"levels\": 1}}", "levels");
}

#if ZARRC_HAVE_BZ2

/* Streams of CPython's bz2: of "abc", and of no byte. */
static const uint8_t abc[] = {0x42, 0x5a, 0x68, 0x31, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, 0x64, 0x8c, 0xbb,
                              0x73, 0x00, 0x00, 0x00, 0x01, 0x00, 0x38, 0x00, 0x20, 0x00, 0x21, 0x98, 0x19,
                              0x84, 0x61, 0x77, 0x24, 0x53, 0x85, 0x09, 0x06, 0x48, 0xcb, 0xb7, 0x30};
static const uint8_t none[] = {0x42, 0x5a, 0x68, 0x39, 0x17, 0x72, 0x45, 0x38, 0x50, 0x90, 0x00, 0x00, 0x00, 0x00};

static void streams_of_python(void **state) {
  zarrc_codec *codec = bb_open(*state, JSON("1"));
  uint8_t both[sizeof abc + sizeof none + sizeof abc];
  bb_decodes_to(codec, abc, sizeof abc, "abc", 3);
  bb_decodes_to(codec, none, sizeof none, "", 0);
  memcpy(both, abc, sizeof abc);
  memcpy(both + sizeof abc, none, sizeof none);
  memcpy(both + sizeof abc + sizeof none, abc, sizeof abc);
  bb_decodes_to(codec, both, sizeof both, "abcabc", 6);
  bb_decode_fails(codec, both, sizeof both, 5, ZARRC_SIZE_MISMATCH);
  bb_decode_fails(codec, both, sizeof both, 3, ZARRC_SIZE_MISMATCH);
  both[sizeof abc] = 0; /* junk behind the first stream */
  bb_decode_fails(codec, both, sizeof both, 6, ZARRC_CORRUPT);
  bb_decode_fails(codec, both, sizeof abc + 1, 3, ZARRC_CORRUPT);
  bb_decode_fails(codec, "", 0, 3, ZARRC_TRUNCATED);
  zarrc_codec_close(codec);
}

static void round_trips(void **state) {
  static const size_t sizes[] = {0, 1, 100, 70000, 2500000};
  for (int level = 1; level <= 9; level += 4) {
    char text[100];
    snprintf(text, sizeof text, JSON("%d"), level);
    zarrc_codec *codec = bb_open(*state, text);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes - (level > 1); k++)
      for (bb_kind kind = BB_ZEROS; kind <= BB_NOISE; kind++) bb_round_trip(codec, kind, sizes[k]);
    assert_int_equal(zarrc_codec_encoded_size(codec, NULL, UINT64_MAX).kind, ZARRC_SIZE_UNKNOWN);
    zarrc_codec_close(codec);
  }
}

static void damage(void **state) {
  zarrc_codec *codec = bb_open(*state, JSON("1"));
  size_t n;
  uint8_t *bytes = bb_data(BB_RAMP, 3000), *encoded = bb_encode(codec, bytes, 3000, 1, &n);
  bb_each_cut(codec, encoded, n, 3000, ZARRC_TRUNCATED, ZARRC_TRUNCATED);
  bb_each_flip(codec, encoded, n, 3000, false);
  free(bytes);
  free(encoded);
  zarrc_codec_close(codec);
}

/* Forty bytes that decode to 40 MB take no more memory than is asked for, and the tables of bzip2. */
static void bombs(void **state) {
  zarrc_codec *codec = bb_open(*state, JSON("9"));
  size_t n;
  uint8_t *bytes = bb_data(BB_ZEROS, (size_t)40 << 20), *encoded = bb_encode(codec, bytes, (size_t)40 << 20, 1, &n);
  assert_true(n < 100);
  zarrc_ctx *ctx = bb_ctx();
  zarrc_codec *other = bb_open(ctx, JSON("9"));
  bb_decode_fails(other, encoded, n, 1000, ZARRC_SIZE_MISMATCH);
  bb_result r = bb_decode(other, encoded, n, 1000, (size_t)40 << 20);
  assert_int_equal(r.status, ZARRC_OK);
  assert_true(r.nbytes >= 1000);
  bb_free(&r);
  assert_true(zarrc_ctx_memory_peak(ctx) < (uint64_t)8 << 20);
  zarrc_codec_close(other);
  zarrc_ctx_close(ctx);
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
#if ZARRC_HAVE_BZ2
    cmocka_unit_test(streams_of_python),
    cmocka_unit_test(round_trips),
    cmocka_unit_test(damage),
    cmocka_unit_test(bombs),
    cmocka_unit_test(out_of_memory),
#endif
  };
  return cmocka_run_group_tests(tests, bb_set_up, bb_tear_down);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/lz4_block.h"
#include "support/bytes_codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

#define JSON(acceleration) "{\"name\": \"numcodecs.lz4\", \"configuration\": {\"acceleration\": " acceleration "}}"

static void json(void **state) {
  (void)state;
  bb_json_is("\"numcodecs.lz4\"", JSON("1"));
  bb_json_is(JSON("-5"), NULL);
  bb_json_is(JSON("10000000"), NULL);
  bb_json_refused(JSON("3000000000"), "configuration.acceleration");
  bb_json_refused(JSON("null"), "configuration.acceleration");
  bb_json_refused("{\"name\": \"numcodecs.lz4\", \"configuration\": {\"level\": 1}}", "level");
}

#if ZARRC_HAVE_LZ4

/* "abc" eleven times, encoded by numcodecs 0.17.1. */
static const uint8_t abc[] = {0x21, 0x00, 0x00, 0x00, 0x3f, 0x61, 0x62, 0x63, 0x03,
                              0x00, 0x06, 0x50, 0x62, 0x63, 0x61, 0x62, 0x63};
static const uint8_t broken[] = {0x21, 0, 0, 0, 0x3f, 0x61, 0x62, 0x63, 0x09, 0, 0x06};

static void values_of_numcodecs(void **state) {
  zarrc_codec *codec = bb_open(*state, JSON("1"));
  bb_decodes_to(codec, abc, sizeof abc, "abcabcabcabcabcabcabcabcabcabcabc", 33);
  bb_decode_fails(codec, broken, sizeof broken, 33, ZARRC_CORRUPT);
  bb_decodes_to(codec, "\0\0\0\0\0", 5, "", 0);
  zarrc_codec_close(codec);
}

static void round_trips(void **state) {
  static const char *const accelerations[] = {"-5", "0", "1", "100", "10000000"};
  static const size_t sizes[] = {0, 1, 100, 70000, 1000000};
  for (size_t i = 0; i < sizeof accelerations / sizeof *accelerations; i++) {
    char text[100];
    snprintf(text, sizeof text, JSON("%s"), accelerations[i]);
    zarrc_codec *codec = bb_open(*state, text);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
      for (bb_kind kind = BB_ZEROS; kind <= BB_NOISE; kind++) bb_round_trip(codec, kind, sizes[k]);
    assert_int_equal(zarrc_codec_encoded_size(codec, NULL, UINT64_MAX).kind, ZARRC_SIZE_UNKNOWN);
    zarrc_codec_close(codec);
  }
}

static void damage(void **state) {
  zarrc_codec *codec = bb_open(*state, JSON("1"));
  size_t n;
  uint8_t *bytes = bb_data(BB_RAMP, 3000), *encoded = bb_encode(codec, bytes, 3000, 1, &n);
  bb_each_cut(codec, encoded, n, 3000, ZARRC_TRUNCATED, ZARRC_CORRUPT);
  bb_each_flip(codec, encoded, n, 3000, true);
  bb_decode_fails(codec, "\xff\xff\xff\x7f\0\0\0\0\0\0\0\0\0\0\0\0", 16, SIZE_MAX, ZARRC_CORRUPT);
  bb_decode_fails(codec, "\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0", 16, SIZE_MAX, ZARRC_CORRUPT);
  bb_decode_fails(codec,
                  "\x02\0\0\0\x10"
                  "ab",
                  7, 2, ZARRC_TRUNCATED); /* a byte of literals, and half of an offset */
  bb_decode_fails(codec,
                  "\x02\0\0\0\x10"
                  "a",
                  6, 2, ZARRC_CORRUPT); /* one of two bytes */
  memcpy(encoded, abc, sizeof abc);     /* an offset of 0, which liblz4 takes */
  encoded[8] = 0;
  bb_decode_fails(codec, encoded, sizeof abc, 33, ZARRC_CORRUPT);
  assert_true(zarrc_ctx_memory_peak(*state) < (uint64_t)16 << 20);
  free(bytes);
  free(encoded);
  zarrc_codec_close(codec);
}

static void stops_early(void **state) {
  zarrc_codec *codec = bb_open(*state, JSON("1"));
  size_t n;
  uint8_t *bytes = bb_data(BB_RAMP, 500000), *encoded = bb_encode(codec, bytes, 500000, 1, &n);
  zarrc_bytes in = {.ptr = encoded, .len = n};
  assert_true(zarrc_codec_get_class(codec)->u.bb.states_size(codec, &in, 500000));
  assert_false(zarrc_codec_get_class(codec)->u.bb.states_size(codec, &in, 500001));
  encoded[n - 1] ^= 1; /* is not looked at */
  bb_result r = bb_decode(codec, encoded, n, 1000, 500000);
  assert_int_equal(r.status, ZARRC_OK);
  assert_true(r.nbytes >= 1000);
  assert_memory_equal(r.ptr, bytes, r.nbytes);
  bb_free(&r);
  free(bytes);
  free(encoded);
  zarrc_codec_close(codec);
}

/* Blocks inside frames of blosc are decoded without a walk; nothing that lay in memory may come out. */
static void offset_of_zero(void **state) {
  (void)state;
  static const uint8_t block[] = {0x1f, 'a', 0, 0, 200, 0x50, 'b', 'c', 'd', 'e', 'f'};
  enum { NBYTES = 1 + 219 + 5 };
  for (size_t need = 1; need <= NBYTES; need++) {
    uint8_t one[NBYTES], other[NBYTES];
    memset(one, 0xaa, sizeof one);
    memset(other, 0x55, sizeof other);
    zarrc_status status = zarrc_lz4_decode(block, sizeof block, need, one, NBYTES, NULL);
    assert_int_equal(zarrc_lz4_decode(block, sizeof block, need, other, NBYTES, NULL), status);
    if (!status) assert_memory_equal(one, other, need);
  }
}

static void out_of_memory(void **state) {
  (void)state;
  bb_out_of_memory(JSON("1"));
}

#endif

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(json),
#if ZARRC_HAVE_LZ4
    cmocka_unit_test(values_of_numcodecs),
    cmocka_unit_test(round_trips),
    cmocka_unit_test(damage),
    cmocka_unit_test(stops_early),
    cmocka_unit_test(offset_of_zero),
    cmocka_unit_test(out_of_memory),
#endif
  };
  return cmocka_run_group_tests(tests, bb_set_up, bb_tear_down);
}

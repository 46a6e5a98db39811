/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/bytes_codec.h"

#include <stdlib.h>
#include <string.h>

#define JSON "{\"name\": \"numcodecs.base64\", \"configuration\": {}}"

static void json(void **state) {
  (void)state;
  bb_json_is("\"numcodecs.base64\"", JSON);
  bb_json_is(JSON, NULL);
  bb_json_refused("{\"name\": \"numcodecs.base64\", \"configuration\": {\"level\": 1}}", "level");
}

/* The examples of RFC 4648. */
static void published(void **state) {
  static const char *const rows[][2] = {{"", ""},
                                        {"f", "Zg=="},
                                        {"fo", "Zm8="},
                                        {"foo", "Zm9v"},
                                        {"foob", "Zm9vYg=="},
                                        {"fooba", "Zm9vYmE="},
                                        {"foobar", "Zm9vYmFy"}};
  zarrc_codec *codec = bb_open(*state, JSON);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    size_t n;
    uint8_t *text = bb_encode(codec, rows[i][0], strlen(rows[i][0]), 1, &n);
    assert_int_equal(n, strlen(rows[i][1]));
    if (n) assert_memory_equal(text, rows[i][1], n);
    bb_decodes_to(codec, text, n, rows[i][0], strlen(rows[i][0]));
    free(text);
  }
  assert_true(zarrc_codec_is_fixed_size(codec));
  bb_round_trip(codec, BB_NOISE, 1000);
  bb_round_trip(codec, BB_NOISE, 1001);
  bb_round_trip(codec, BB_NOISE, 1002);
  assert_int_equal(zarrc_codec_encoded_size(codec, NULL, UINT64_MAX).kind, ZARRC_SIZE_UNKNOWN);
  zarrc_codec_close(codec);
}

static void damage(void **state) {
  static const char *const bad[] = {"Zm9v\n   ", "Zg==Zg==", "Zm-v", "====", "Z===", "Zm\xf6v", "Zg=a"};
  zarrc_codec *codec = bb_open(*state, JSON);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    bb_decode_fails(codec, bad[i], strlen(bad[i]), 100, ZARRC_CORRUPT);
  bb_decode_fails(codec, "Zm9vY", 5, 100, ZARRC_TRUNCATED);
  bb_decode_fails(codec, "Zm9vYg", 6, 100, ZARRC_TRUNCATED);
  bb_decode_fails(codec, "Zm9vYg==", 8, 3, ZARRC_SIZE_MISMATCH);
  zarrc_codec_close(codec);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(json), cmocka_unit_test(published), cmocka_unit_test(damage)};
  return cmocka_run_group_tests(tests, bb_set_up, bb_tear_down);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/sha256.h"

#include <stdlib.h>
#include <string.h>

static const char *hash_of(const void *bytes, size_t n, char text[ZARRC_SHA256_TEXT]) {
  uint8_t hash[ZARRC_SHA256_NBYTES];
  assert_int_equal(zarrc_sha256(bytes, n, hash, NULL), ZARRC_OK);
  zarrc_sha256_to_text(hash, text);
  return text;
}

/* The examples of FIPS 180-4. */
static void test_sha256(void **state) {
  char text[ZARRC_SHA256_TEXT], *many = malloc(1000000);
  (void)state;
  if (!zarrc_sha256_is_there()) skip();
  memset(many, 'a', 1000000);
  assert_string_equal(hash_of("", 0, text), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert_string_equal(hash_of("abc", 3, text), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert_string_equal(hash_of(many, 1000000, text), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  free(many);
}

/* Cases 2 and 6 of RFC 4231. */
static void test_pieces(void **state) {
  static const char text[] = "what comes in pieces has the same hash as the whole";
  uint8_t whole[ZARRC_SHA256_NBYTES], hash[ZARRC_SHA256_NBYTES];
  zarrc_sha256_state *h;
  (void)state;
  if (!zarrc_sha256_is_there()) {
    assert_int_equal(zarrc_sha256_begin(&h, NULL), ZARRC_UNSUPPORTED);
    skip();
  }
  assert_int_equal(zarrc_sha256(text, sizeof text, whole, NULL), ZARRC_OK);
  for (size_t n = 1; n <= sizeof text; n++) {
    assert_int_equal(zarrc_sha256_begin(&h, NULL), ZARRC_OK);
    for (size_t at = 0; at < sizeof text; at += n)
      zarrc_sha256_add(h, text + at, at + n > sizeof text ? sizeof text - at : n);
    assert_int_equal(zarrc_sha256_end(h, hash, NULL), ZARRC_OK);
    assert_memory_equal(hash, whole, sizeof hash);
  }
}

static void test_hmac(void **state) {
  static const struct {
    const char *key;
    size_t nkey;
    const char *data, *want;
  } rows[] = {
      {"Jefe", 4, "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {NULL, 131, "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
  };
  (void)state;
  if (!zarrc_sha256_is_there()) skip();
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    uint8_t key[131], hash[ZARRC_SHA256_NBYTES];
    char text[ZARRC_SHA256_TEXT];
    memset(key, 0xaa, sizeof key);
    if (rows[i].key) memcpy(key, rows[i].key, rows[i].nkey);
    assert_int_equal(zarrc_hmac_sha256(key, rows[i].nkey, rows[i].data, strlen(rows[i].data), hash, NULL), ZARRC_OK);
    zarrc_sha256_to_text(hash, text);
    assert_string_equal(text, rows[i].want);
  }
}

static void test_without(void **state) {
  uint8_t hash[ZARRC_SHA256_NBYTES];
  (void)state;
  if (zarrc_sha256_is_there()) skip();
  assert_int_equal(zarrc_sha256("", 0, hash, NULL), ZARRC_UNSUPPORTED);
  assert_int_equal(zarrc_hmac_sha256("", 0, "", 0, hash, NULL), ZARRC_UNSUPPORTED);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_sha256), cmocka_unit_test(test_pieces),
                                     cmocka_unit_test(test_hmac), cmocka_unit_test(test_without)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zarrc/codecs.h>

static const char *const cnames[] = {"blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"};
static const char *const shuffles[] = {"noshuffle", "shuffle", "bitshuffle"};

static void names(void **state) {
  (void)state;
  zarrc_blosc_cname cname = ZARRC_BLOSC_ZLIB;
  zarrc_blosc_shuffle shuffle = ZARRC_BLOSC_SHUFFLE;
  for (int i = 0; i < 6; i++) {
    assert_string_equal(zarrc_blosc_cname_name((zarrc_blosc_cname)i), cnames[i]);
    assert_int_equal(zarrc_blosc_cname_from_name(cnames[i], &cname, NULL), ZARRC_OK);
    assert_int_equal(cname, i);
  }
  for (int i = 0; i < 3; i++) {
    assert_string_equal(zarrc_blosc_shuffle_name((zarrc_blosc_shuffle)i), shuffles[i]);
    assert_int_equal(zarrc_blosc_shuffle_from_name(shuffles[i], &shuffle, NULL), ZARRC_OK);
    assert_int_equal(shuffle, i);
  }
  assert_null(zarrc_blosc_cname_name((zarrc_blosc_cname)6));
  assert_null(zarrc_blosc_shuffle_name((zarrc_blosc_shuffle)3));
  assert_int_equal(zarrc_blosc_cname_from_name("LZ4", &cname, NULL), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_blosc_cname_from_name("", &cname, NULL), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_blosc_shuffle_from_name("byteshuffle", &shuffle, NULL), ZARRC_INVALID_ARGUMENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(names)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

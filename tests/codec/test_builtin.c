/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"

#include <string.h>
#include <zarrc/plugin/codec.h>

/* The nine codecs of zarr.codecs, and what zarr-python says of each. */
static void all_of_them(void **state) {
  static const struct {
    const char *name;
    zarrc_codec_kind kind;
    bool fixed_size, partial_encode;
  } rows[] = {
      {"bitround", ZARRC_ARRAY_TO_ARRAY, true, false},
      {"blosc", ZARRC_BYTES_TO_BYTES, false, false},
      {"bytes", ZARRC_ARRAY_TO_BYTES, true, false},
      {"crc32c", ZARRC_BYTES_TO_BYTES, true, false},
      {"gzip", ZARRC_BYTES_TO_BYTES, false, false},
      {"numcodecs.adler32", ZARRC_BYTES_TO_BYTES, true, false},
      {"numcodecs.astype", ZARRC_ARRAY_TO_ARRAY, true, false},
      {"numcodecs.base64", ZARRC_BYTES_TO_BYTES, true, false},
      {"numcodecs.bitround", ZARRC_ARRAY_TO_ARRAY, true, false},
      {"numcodecs.blosc", ZARRC_BYTES_TO_BYTES, false, false},
      {"numcodecs.bz2", ZARRC_BYTES_TO_BYTES, false, false},
      {"numcodecs.lz4", ZARRC_BYTES_TO_BYTES, false, false},
      {"numcodecs.lzma", ZARRC_BYTES_TO_BYTES, false, false},
      {"numcodecs.crc32", ZARRC_BYTES_TO_BYTES, true, false},
      {"numcodecs.crc32c", ZARRC_BYTES_TO_BYTES, true, false},
      {"numcodecs.delta", ZARRC_ARRAY_TO_ARRAY, true, false},
      {"numcodecs.fixedscaleoffset", ZARRC_ARRAY_TO_ARRAY, true, false},
      {"numcodecs.fletcher32", ZARRC_BYTES_TO_BYTES, true, false},
      {"numcodecs.gzip", ZARRC_BYTES_TO_BYTES, false, false},
      {"numcodecs.jenkins_lookup3", ZARRC_BYTES_TO_BYTES, true, false},
      {"numcodecs.packbits", ZARRC_ARRAY_TO_ARRAY, true, false},
      {"numcodecs.quantize", ZARRC_ARRAY_TO_ARRAY, true, false},
      {"numcodecs.shuffle", ZARRC_BYTES_TO_BYTES, true, false},
      {"numcodecs.zfpy", ZARRC_ARRAY_TO_BYTES, false, false},
      {"numcodecs.zlib", ZARRC_BYTES_TO_BYTES, false, false},
      {"numcodecs.zstd", ZARRC_BYTES_TO_BYTES, false, false},
      {"sharding_indexed", ZARRC_ARRAY_TO_BYTES, false, true},
      {"transpose", ZARRC_ARRAY_TO_ARRAY, true, false},
      {"vlen-bytes", ZARRC_ARRAY_TO_BYTES, false, false},
      {"vlen-utf8", ZARRC_ARRAY_TO_BYTES, false, false},
      {"n5_default", ZARRC_ARRAY_TO_BYTES, false, false},
      {"zfp", ZARRC_ARRAY_TO_BYTES, false, false},
      {"zstd", ZARRC_BYTES_TO_BYTES, false, false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const zarrc_codec_class *c = zarrc_find_codec(*state, rows[i].name);
    assert_non_null(c);
    assert_string_equal(c->name, rows[i].name);
    assert_int_equal(c->struct_size, sizeof *c);
    assert_int_equal(c->kind, rows[i].kind);
    assert_int_equal(c->fixed_size, rows[i].fixed_size);
    if (c->kind == ZARRC_ARRAY_TO_BYTES) assert_int_equal(c->u.ab.update != NULL, rows[i].partial_encode);
  }
  assert_null(zarrc_find_codec(*state, "Blosc"));
  assert_string_equal(zarrc_find_codec(*state, "endian")->name, "bytes");
}

static void enums_by_name_and_number(void **state) {
  (void)state;
  zarrc_endian endian;
  zarrc_blosc_cname cname;
  zarrc_blosc_shuffle shuffle;
  zarrc_index_location location;
  int n = 0;
  for (; zarrc_blosc_cname_name((zarrc_blosc_cname)n); n++) {
    assert_int_equal(zarrc_blosc_cname_from_name(zarrc_blosc_cname_name((zarrc_blosc_cname)n), &cname, NULL), ZARRC_OK);
    assert_int_equal(cname, n);
  }
  assert_int_equal(n, 6);
  for (n = 0; zarrc_blosc_shuffle_name((zarrc_blosc_shuffle)n); n++) {
    assert_int_equal(zarrc_blosc_shuffle_from_name(zarrc_blosc_shuffle_name((zarrc_blosc_shuffle)n), &shuffle, NULL),
                     ZARRC_OK);
    assert_int_equal(shuffle, n);
  }
  assert_int_equal(n, 3);
  for (n = 0; zarrc_index_location_name((zarrc_index_location)n); n++) {
    assert_int_equal(
        zarrc_index_location_from_name(zarrc_index_location_name((zarrc_index_location)n), &location, NULL), ZARRC_OK);
    assert_int_equal(location, n);
  }
  assert_int_equal(n, 2);
  assert_string_equal(zarrc_endian_name(ZARRC_LITTLE), "little");
  assert_int_equal(zarrc_endian_from_name("big", &endian, NULL), ZARRC_OK);
  assert_int_equal(endian, ZARRC_BIG);
  assert_int_equal(zarrc_endian_from_name("Big", &endian, NULL), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_blosc_cname_from_name("LZ4", &cname, NULL), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_blosc_shuffle_from_name("auto", &shuffle, NULL), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_index_location_from_name("", &location, NULL), ZARRC_INVALID_ARGUMENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(all_of_them), cmocka_unit_test(enums_by_name_and_number)};
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

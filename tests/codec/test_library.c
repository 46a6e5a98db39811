/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/said.h"

#include <ctype.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

static void every_library_has_a_version_where_it_is_built_in(void **state) {
  static const struct {
    const char *name;
    int have;
  } rows[] = {{"libblosc", ZARRC_HAVE_BLOSC}, {"liblz4", ZARRC_HAVE_LZ4},
              {"libzstd", ZARRC_HAVE_ZSTD},   {"libdeflate", ZARRC_HAVE_LIBDEFLATE},
              {"zlib", ZARRC_HAVE_ZLIB},      {"ISA-L", ZARRC_HAVE_ISAL},
              {"libbz2", ZARRC_HAVE_BZ2},     {"liblzma", ZARRC_HAVE_LZMA},
              {"libzfp", ZARRC_HAVE_ZFP}};
  const size_t n = sizeof rows / sizeof *rows;
  zarrc_library library;
  (void)state;
  for (size_t i = 0; i < n; i++) {
    assert_true(zarrc_library_get(i, &library));
    assert_string_equal(library.name, rows[i].name);
    assert_int_equal(library.version != NULL, rows[i].have);
    if (library.version) assert_true(isdigit((unsigned char)library.version[0]) && strchr(library.version, '.'));
  }
  assert_false(zarrc_library_get(n, &library));
}

static void codecs_are_available_where_their_libraries_are(void **state) {
  static const struct {
    const char *name;
    int have;
  } rows[] = {{"bytes", 1},
              {"endian", 1},
              {"crc32c", 1},
              {"sharding_indexed", 1},
              {"gzip", ZARRC_HAVE_LIBDEFLATE || ZARRC_HAVE_ZLIB},
              {"zstd", ZARRC_HAVE_ZSTD},
              {"blosc", ZARRC_HAVE_BLOSC},
              {"numcodecs.zlib", ZARRC_HAVE_LIBDEFLATE || ZARRC_HAVE_ZLIB},
              {"numcodecs.gzip", ZARRC_HAVE_LIBDEFLATE || ZARRC_HAVE_ZLIB},
              {"numcodecs.crc32", ZARRC_HAVE_LIBDEFLATE || ZARRC_HAVE_ZLIB},
              {"numcodecs.zstd", ZARRC_HAVE_ZSTD},
              {"numcodecs.blosc", ZARRC_HAVE_BLOSC},
              {"numcodecs.lz4", ZARRC_HAVE_LZ4},
              {"numcodecs.bz2", ZARRC_HAVE_BZ2},
              {"numcodecs.lzma", ZARRC_HAVE_LZMA},
              {"zfp", ZARRC_HAVE_ZFP},
              {"numcodecs.zfpy", ZARRC_HAVE_ZFP},
              {"numcodecs.shuffle", 1},
              {"example.unknown", 0}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    assert_int_equal(zarrc_codec_is_available(*state, rows[i].name), rows[i].have);
}

/* A codec that lacks its library: it opens, says what it is, and works on no chunk. */
static zarrc_status lacking_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)codec, (void)configuration, (void)n, (void)error;
  return ZARRC_OK;
}

static void a_codec_without_its_library_works_on_no_chunk(void **state) {
  static const zarrc_codec_class lacking = {.struct_size = sizeof(zarrc_codec_class),
                                            .name = "example.lacking",
                                            .kind = ZARRC_BYTES_TO_BYTES,
                                            .missing_library = "libexample",
                                            .open = lacking_open};
  static const char chain[] = "[{\"name\": \"bytes\"}, {\"name\": \"example.lacking\"}]";
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){4});
  zarrc_pipeline *pipeline = NULL;
  zarrc_codec *codec = NULL;
  zarrc_error error = {0};
  zarrc_parts parts;
  assert_int_equal(zarrc_register_codec(*state, &lacking, NULL), ZARRC_OK);
  assert_false(zarrc_codec_is_available(*state, "example.lacking"));
  assert_int_equal(zarrc_pipeline_open(*state, chain, sizeof chain - 1, &spec, &pipeline, &error), ZARRC_UNSUPPORTED);
  assert_string_equal(SAID(error), "codec example.lacking: zarrc was built without libexample");
  assert_int_equal(zarrc_codec_open(*state, "\"example.lacking\"", 17, &codec, NULL), ZARRC_OK);
  zarrc_parts_init(&parts, *state);
  zarrc_codec_job job = {.spec = &spec, .bytes = {.ptr = (const uint8_t *)"x", .len = 1}, .parts = &parts};
  assert_int_equal(zarrc_codec_encode(codec, &job, 1, &error), ZARRC_UNSUPPORTED);
  assert_int_equal(zarrc_codec_decode(codec, &job, 1, &error), ZARRC_UNSUPPORTED);
  zarrc_parts_clear(&parts);
  zarrc_codec_close(codec);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_library_has_a_version_where_it_is_built_in),
      cmocka_unit_test(codecs_are_available_where_their_libraries_are),
      cmocka_unit_test(a_codec_without_its_library_works_on_no_chunk),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

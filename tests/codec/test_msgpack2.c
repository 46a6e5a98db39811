/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/golden.h"
#include "support/objects.h"

#include <stdlib.h>
#include <string.h>

#define CODEC "[{\"name\": \"numcodecs.msgpack2\"}]"
#define ROW(text, status, words)                                                                                       \
  { text, sizeof(text) - 1, status, words }
#define ABC                                                                                                            \
  "\x93\xa1"                                                                                                           \
  "a\xa1"                                                                                                              \
  "b\xa1"                                                                                                              \
  "c"
#define O23 "\xa2|O\x92\x02\x03"

static void as_numcodecs(void **state) {
  assert_true(golden_check(*state, "objects.txt", "numcodecs.msgpack2") > 20);
}

static void what_is_no_chunk_of_strings(void **state) {
  static const objects_refusal rows[] = {
      ROW("", ZARRC_CORRUPT, "6 elements cannot be in 0 bytes"),
      ROW("\x01\x02\x03\x04\x05\x06", ZARRC_CORRUPT, "expected a list, found an integer"),
      ROW("\x94" ABC "\x93\xa1"
          "d\x01\xa1"
          "e" O23,
          ZARRC_UNSUPPORTED, "element 4 is an integer, and only strings are read"),
      ROW("\x94" ABC "\x93\xa1"
          "d\xc4\x01"
          "e\xa1"
          "e" O23,
          ZARRC_UNSUPPORTED, "element 4 is bytes"),
      ROW("\x94" ABC "\x93\xa1"
          "d\xca....\xa1"
          "e" O23,
          ZARRC_UNSUPPORTED, "element 4 is a floating-point number"),
      ROW("\x94" ABC "\x93\xa1"
          "d\x80\xa1"
          "e" O23,
          ZARRC_UNSUPPORTED, "element 4 is a map"),
      ROW("\x94" ABC "\x93\xa1"
          "d\x90\xa1"
          "e" O23,
          ZARRC_UNSUPPORTED, "element 4 is a list"),
      ROW("\x94" ABC "\x93\xa1"
          "d\xc2\xa1"
          "e" O23,
          ZARRC_UNSUPPORTED, "element 4 is a boolean"),
      ROW("\x94" ABC "\x93\xa1"
          "d\xd6....\xa1"
          "e" O23,
          ZARRC_UNSUPPORTED, "element 4 is an extension"),
      ROW("\x94" ABC "\x93\xa1"
          "d\xc1\xa1"
          "e" O23,
          ZARRC_UNSUPPORTED, "element 4 is a byte that is never used"),
      ROW("\x94" ABC "\x93\xa1"
          "d\xe0\xa1"
          "e" O23,
          ZARRC_UNSUPPORTED, "element 4 is an integer"),
      ROW("\x94" ABC "\x92\xa1"
          "d\xa1"
          "e" O23,
          ZARRC_CORRUPT, "the list ends before element 5"),
      ROW("\x94" ABC "\x94\xa1"
          "d\xa1"
          "e\xa1"
          "f\xa1"
          "g" O23,
          ZARRC_CORRUPT, "after element 5"),
      ROW("\x94" ABC ABC "\xa2|O\x92\x02\xcd\x03\x01", ZARRC_CORRUPT, "says that it has 769"),
      ROW("\x94" ABC ABC "\xa2|O\x92\x02\xcf\xff\xff\xff\xff\xff\xff\xff\xff", ZARRC_CORRUPT, "a number in the shape"),
      ROW("\x94" ABC ABC O23 "\x01", ZARRC_CORRUPT, "1 bytes after the list"),
      ROW("\x95" ABC ABC O23 "\x01", ZARRC_CORRUPT, "expected the end of the list, found an integer"),
      ROW("\xdd\xff\xff\xff\xff" ABC ABC, ZARRC_TRUNCATED, "within a value"),
      ROW("\x94" ABC "\x93\xa1"
          "d\xa1"
          "e\xdb\xff\xff\xff\xff....",
          ZARRC_TRUNCATED, "a string of 4294967295 bytes"),
      ROW("\x94" ABC "\x93\xa1"
          "d\xa1"
          "e\xa2\xff\xff" O23,
          ZARRC_CORRUPT, "a string is not UTF-8 at byte 14"),
      ROW("\x91\x91\x91\x91\x91\x91\x91\x91", ZARRC_UNSUPPORTED, "element 0 is a list"),
  };
  objects_check_refused(*state, CODEC, rows, sizeof rows / sizeof *rows);
}

static void settings(void **state) {
  static const char raw[] = "{\"name\": \"numcodecs.msgpack2\", \"configuration\": {\"raw\": true}}";
  static const char plain[] = "[\"numcodecs.msgpack2\"]";
  zarrc_spec scalar = chunk_spec(ZARRC_STRING, 0, NULL), number = chunk_spec(ZARRC_INT8, 1, (int64_t[]){2});
  zarrc_codec *codec;
  zarrc_pipeline *pipeline;
  zarrc_error error = {0};
  assert_int_equal(zarrc_codec_open(*state, raw, strlen(raw), &codec, &error), ZARRC_UNSUPPORTED);
  assert_non_null(strstr(error.message, "strings would be bytes"));
  assert_int_equal(zarrc_pipeline_open(*state, plain, strlen(plain), &scalar, &pipeline, &error),
                   ZARRC_INVALID_METADATA);
  assert_non_null(strstr(error.message, "without dimensions"));
  assert_int_equal(zarrc_pipeline_open(*state, plain, strlen(plain), &number, &pipeline, &error),
                   ZARRC_INVALID_METADATA);
  assert_non_null(strstr(error.message, "must be of type string"));
}

/* Lengths of two and of four bytes. */
static void long_lists_and_strings(void **state) {
  enum { N = 65536 };
  static const struct {
    int64_t n;
    size_t len;
    const char *begin;
  } rows[] = {{1, 65535, "\x93\xda\xff\xff."},
              {1, 65536, "\x93\xdb\0\1\0\0."},
              {65533, 0, "\xdc\xff\xff\xa0\xa0"},
              {65534, 0, "\xdd\0\1\0\0\xa0\xa0"}};
  uint8_t *long_text = malloc(N);
  memset(long_text, '.', N);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_spec spec = chunk_spec(ZARRC_STRING, 1, &rows[i].n);
    spec.options.write_empty_chunks = true;
    zarrc_pipeline *p = chunk_pipeline(*state, CODEC, &spec);
    zarrc_text *text = calloc(N, sizeof *text), *got = calloc(N, sizeof *got);
    zarrc_view to = zarrc_view_c(&spec.dtype, 1, spec.shape, got);
    zarrc_memory_blob blob;
    size_t nbytes;
    text[0] = (zarrc_text){long_text, rows[i].len};
    uint8_t *bytes = chunk_encode(*state, p, text, &nbytes);
    assert_memory_equal(bytes, rows[i].begin, i ? 5 : 4);
    assert_int_equal(zarrc_arena_open(*state, &to.arena, NULL), ZARRC_OK);
    zarrc_memory_blob_init(&blob, *state, bytes, nbytes);
    blob.present = true;
    assert_int_equal(zarrc_read(p, &blob.blob, NULL, &to, NULL, NULL), ZARRC_OK);
    assert_int_equal(got[0].len, rows[i].len);
    if (rows[i].len) assert_memory_equal(got[0].ptr, long_text, rows[i].len);
    zarrc_memory_blob_clear(&blob);
    zarrc_arena_close(to.arena);
    zarrc_pipeline_close(p);
    free(bytes);
    free(text);
    free(got);
  }
  free(long_text);
}

static void allocations_may_fail(void **state) {
  (void)state;
  objects_check_allocations(CODEC, ZARRC_STRING);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_numcodecs),
      cmocka_unit_test(what_is_no_chunk_of_strings),
      cmocka_unit_test(settings),
      cmocka_unit_test(long_lists_and_strings),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

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

#define CODEC "[{\"name\": \"numcodecs.json2\"}]"
#define ROW(text, status, words)                                                                                       \
  { text, sizeof(text) - 1, status, words }

static void as_numcodecs(void **state) {
  assert_true(golden_check(*state, "objects.txt", "numcodecs.json2") > 20);
}

static void what_is_no_chunk_of_strings(void **state) {
  static const objects_refusal rows[] = {
      ROW("", ZARRC_CORRUPT, "6 elements cannot be in 0 bytes"),
      ROW("                   ", ZARRC_CORRUPT, "expected"),
      ROW("{\"a\":1,\"b\":2,\"c\":3}", ZARRC_CORRUPT, "expected a list, found an object"),
      ROW("[[\"a\",\"b\",\"c\"],[\"d\",1,\"f\"],\"|O\",[2,3]]", ZARRC_UNSUPPORTED,
          "element 4 is an integer, and only strings are read"),
      ROW("[[\"a\",\"b\",[]],[\"d\",\"e\",\"f\"],\"|O\",[2,3]]", ZARRC_UNSUPPORTED, "element 2 is an array"),
      ROW("[[\"a\",\"b\",{}],[\"d\",\"e\",\"f\"],\"|O\",[2,3]]", ZARRC_UNSUPPORTED, "element 2 is an object"),
      ROW("[[\"a\",\"b\",-1],[\"d\",\"e\",\"f\"],\"|O\",[2,3]]", ZARRC_UNSUPPORTED, "element 2 is an integer"),
      ROW("[[\"a\",\"b\",NaN],[\"d\",\"e\",\"f\"],\"|O\",[2,3]]", ZARRC_UNSUPPORTED, "element 2 is a real"),
      ROW("[[\"a\",\"b\",true],[\"d\",\"e\",\"f\"],\"|O\",[2,3]]", ZARRC_UNSUPPORTED, "element 2 is a boolean"),
      ROW("[[\"a\",\"b\"],[\"d\",\"e\",\"f\"],\"|O\",[2,3]]", ZARRC_CORRUPT, "the list ends before element 2"),
      ROW("[[\"a\",\"b\",\"c\",\"d\"],[\"e\",\"f\"],\"|O\",[2,3]]", ZARRC_CORRUPT, "the end of a list, found a string"),
      ROW("[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"|O\",[2,3]]", ZARRC_CORRUPT, "found a string before element 0"),
      ROW("[[\"a\",\"b\",\"c\"],[\"d\",\"e\",\"f\"],1,[2,3]]", ZARRC_CORRUPT, "expected a data type"),
      ROW("[[\"a\",\"b\",\"c\"],[\"d\",\"e\",\"f\"],\"|O\"]", ZARRC_CORRUPT, "expected a shape"),
      ROW("[[\"a\",\"b\",\"c\"],[\"d\",\"e\",\"f\"],\"|O\",[3,2]]", ZARRC_CORRUPT,
          "the chunk has length 2 on axis 0, and says that it has 3"),
      ROW("[[\"a\",\"b\",\"c\"],[\"d\",\"e\",\"f\"],\"|O\",[2,3,1]]", ZARRC_CORRUPT, "expected the end of the shape"),
      ROW("[[\"a\",\"b\",\"c\"],[\"d\",\"e\",\"f\"],\"|O\",[2,\"\"]]", ZARRC_CORRUPT, "expected a number in the shape"),
      ROW("[[\"a\",\"b\",\"c\"],[\"d\",\"e\",\"f\"],\"|O\",[2,3],1]", ZARRC_CORRUPT, "expected the end of the list"),
      ROW("[[\"a\",\"b\",\"c\"],[\"d\",\"e\",\"f\"],\"|O\",[2,3]]]", ZARRC_CORRUPT, "expected the end"),
      ROW("[[\"a\",\"b\",\"\\ud800\"],[\"d\",\"e\",\"f\"],\"|O\",[2,3]]", ZARRC_CORRUPT, ""),
      ROW("[[\"a\",\"b\",\"\xff\"],[\"d\",\"e\",\"f\"],\"|O\",[2,3]]", ZARRC_CORRUPT, ""),
  };
  objects_check_refused(*state, CODEC, rows, sizeof rows / sizeof *rows);
}

static void settings(void **state) {
  static const struct {
    const char *json;
    zarrc_status status;
    const char *words;
  } rows[] = {
      {"{\"name\": \"numcodecs.json2\", \"configuration\": {\"indent\": 3, \"strict\": false}}", ZARRC_OK, ""},
      {"{\"name\": \"numcodecs.json2\", \"configuration\": {\"encoding\": \"utf-16\"}}", ZARRC_INVALID_METADATA,
       "configuration.encoding: there is no \"utf-16\""},
      {"{\"name\": \"numcodecs.json2\", \"configuration\": {\"level\": 1}}", ZARRC_INVALID_METADATA, "level"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_codec *codec = NULL;
    zarrc_error error = {0};
    zarrc_status status = zarrc_codec_open(*state, rows[i].json, strlen(rows[i].json), &codec, &error);
    if (status != rows[i].status || !strstr(error.message, rows[i].words))
      fail_msg("%s: %s", rows[i].json, error.message);
    if (!status) {
      char *json = chunk_codec_json(*state, codec);
      assert_string_equal(json, rows[i].json);
      free(json);
    }
    zarrc_codec_close(codec);
  }
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
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

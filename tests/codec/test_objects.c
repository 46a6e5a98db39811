/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/said.h"

#include <string.h>

/* What both codecs have in common; what each reads and writes is in test_json2.c and test_msgpack2.c. */
static const char *const codecs[] = {"[\"numcodecs.json2\"]", "[\"numcodecs.msgpack2\"]"};

static void only_strings(void **state) {
  static const zarrc_type types[] = {ZARRC_BYTES, ZARRC_INT32, ZARRC_FIXED_UTF32};
  for (size_t i = 0; i < 6; i++) {
    zarrc_spec spec = chunk_spec(types[i / 2], 1, (int64_t[]){2});
    zarrc_pipeline *p;
    zarrc_error error = {0};
    if (types[i / 2] == ZARRC_FIXED_UTF32) spec.dtype.item_size = 8;
    assert_int_equal(zarrc_pipeline_open(*state, codecs[i % 2], strlen(codecs[i % 2]), &spec, &p, &error),
                     ZARRC_INVALID_METADATA);
    assert_non_null(strstr(SAID(error), "must be of type string"));
  }
}

static void text_must_be_utf8(void **state) {
  for (size_t i = 0; i < 2; i++) {
    zarrc_spec spec = chunk_spec(ZARRC_STRING, 1, (int64_t[]){2});
    zarrc_pipeline *p = chunk_pipeline(*state, codecs[i], &spec);
    zarrc_text text[2] = {{(const uint8_t *)"ok", 2}, {(const uint8_t *)"a\xFF", 2}};
    zarrc_view from = zarrc_view_c(&spec.dtype, 1, spec.shape, text);
    zarrc_parts parts;
    zarrc_error error;
    zarrc_parts_init(&parts, *state);
    assert_int_equal(zarrc_encode(p, &from, &parts, &error), ZARRC_INVALID_ARGUMENT);
    assert_non_null(strstr(SAID(error), "element 1 is not UTF-8 at byte 1"));
    zarrc_parts_clear(&parts);
    zarrc_pipeline_close(p);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(only_strings), cmocka_unit_test(text_must_be_utf8)};
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

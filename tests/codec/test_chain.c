/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/said.h"

#include "codec/chain.h"

#include <stdlib.h>
#include <string.h>
#include <zarrc/codecs.h>

/* The codecs bytes (without a byte order) and crc32c. */
static void open_two(zarrc_ctx *ctx, zarrc_codec **codecs) {
  zarrc_bytes_config plain = {sizeof plain, false, ZARRC_LITTLE};
  assert_int_equal(zarrc_bytes_codec_open(ctx, &plain, &codecs[0], NULL), ZARRC_OK);
  assert_int_equal(zarrc_crc32c_codec_open(ctx, &codecs[1], NULL), ZARRC_OK);
}

static void close_two(zarrc_codec **codecs) {
  zarrc_codec_close(codecs[0]);
  zarrc_codec_close(codecs[1]);
}

/* A chain keeps its codecs, compares and writes them, and is bound to chunks. */
static void what_a_chain_does(void **state) {
  zarrc_codec *codecs[2];
  zarrc_chain one = {0}, other = {0}, shorter = {0};
  zarrc_buf json = zarrc_buf_new(*state, 1000);
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){3});
  zarrc_pipeline *p = NULL;
  open_two(*state, codecs);
  const zarrc_codec *const *given = (const zarrc_codec *const *)codecs;
  assert_int_equal(zarrc_chain_share(*state, given, 2, "codecs", &one, NULL), ZARRC_OK);
  assert_int_equal(zarrc_chain_share(*state, given, 2, "codecs", &other, NULL), ZARRC_OK);
  assert_int_equal(zarrc_chain_share(*state, given, 1, "codecs", &shorter, NULL), ZARRC_OK);
  close_two(codecs);
  assert_true(zarrc_chain_equal(&one, &other));
  assert_false(zarrc_chain_equal(&one, &shorter));
  assert_int_equal(zarrc_chain_to_json(&one, &json, NULL), ZARRC_OK);
  assert_memory_equal(json.ptr, "[{\"name\": \"bytes\"}, {\"name\": \"crc32c\"}]", json.len);
  assert_int_equal(zarrc_chain_bind(*state, &one, &spec, "codecs", &p, NULL), ZARRC_OK);
  for (size_t i = 0; i < 2; i++) assert_ptr_equal(one.codecs[i], zarrc_pipeline_codec(p, i));
  zarrc_pipeline_close(p);
  zarrc_chain_close(*state, &one);
  zarrc_chain_close(*state, &other);
  zarrc_chain_close(*state, &shorter);
  zarrc_buf_clear(&json);
}

static void what_is_refused(void **state) {
  zarrc_codec *codecs[2];
  zarrc_chain chain = {0};
  zarrc_error error = {0};
  zarrc_ctx *other;
  zarrc_spec spec = chunk_spec(ZARRC_UINT16, 1, (int64_t[]){3});
  zarrc_pipeline *p = NULL;
  open_two(*state, codecs);
  const zarrc_codec *const *given = (const zarrc_codec *const *)codecs;
  assert_int_equal(zarrc_chain_share(*state, given, 0, "inside", &chain, &error), ZARRC_INVALID_METADATA);
  assert_non_null(strstr(SAID(error), "configuration.inside must be a list of codecs"));
  assert_int_equal(zarrc_chain_open(*state, ZARRC_MAX_CODECS + 1, "inside", &chain, &error), ZARRC_LIMIT);
  assert_int_equal(zarrc_ctx_open(NULL, &other, NULL), ZARRC_OK);
  assert_int_equal(zarrc_chain_share(other, given, 2, "inside", &chain, &error), ZARRC_INVALID_ARGUMENT);
  assert_non_null(strstr(SAID(error), "configuration.inside[0]: "));
  zarrc_chain_close(other, &chain);
  zarrc_ctx_close(other);
  assert_int_equal(zarrc_chain_share(*state, given, 2, "inside", &chain, &error), ZARRC_OK);
  assert_int_equal(zarrc_chain_bind(*state, &chain, &spec, "inside", &p, &error), ZARRC_INVALID_METADATA);
  assert_non_null(strstr(SAID(error), "configuration.inside: "));
  zarrc_chain_close(*state, &chain);
  close_two(codecs);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_a_chain_does), cmocka_unit_test(what_is_refused)};
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

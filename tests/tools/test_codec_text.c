/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zarrc/tools.h>

#include "support/faulty_alloc.h"

#include <string.h>

#define LITTLE "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}"

static zarrc_ctx *ctx;

static int open_ctx(void **state) {
  (void)state;
  return zarrc_ctx_open(NULL, &ctx, NULL);
}

static int close_ctx(void **state) {
  (void)state;
  zarrc_ctx_close(ctx);
  return 0;
}

static void expect_json(const char *text, const zarrc_dtype *dtype, const char *json) {
  zarrc_buf out = zarrc_buf_new(ctx, SIZE_MAX);
  zarrc_error error = {0};
  if (zarrc_codecs_from_text(text, dtype, &out, &error)) fail_msg("%s: %s", text, error.message);
  assert_int_equal(zarrc_buf_append(&out, "", 1, NULL), ZARRC_OK);
  assert_string_equal((const char *)out.ptr, json);
  zarrc_buf_clear(&out);
}

static void expect_failure(const char *text, zarrc_status status, const char *message) {
  zarrc_buf out = zarrc_buf_new(ctx, SIZE_MAX);
  zarrc_error error = {0};
  assert_int_equal(zarrc_buf_append(&out, "kept", 4, NULL), ZARRC_OK);
  assert_int_equal(zarrc_codecs_from_text(text, NULL, &out, &error), status);
  assert_string_equal(error.message, message);
  assert_int_equal(out.len, 4);
  zarrc_buf_clear(&out);
}

static void test_from_text(void **state) {
  zarrc_dtype string = zarrc_dtype_of(ZARRC_STRING), bytes = zarrc_dtype_of(ZARRC_BYTES);
  zarrc_dtype number = zarrc_dtype_of(ZARRC_INT32);
  (void)state;
  expect_json("bytes", NULL, "[" LITTLE "]");
  expect_json("bytes(big)", NULL, "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"big\"}}]");
  expect_json(" gzip ( 1 ) ", &number, "[" LITTLE ", {\"name\": \"gzip\", \"configuration\": {\"level\": 1}}]");
  expect_json("zstd(5,checksum),crc32c", &number,
              "[" LITTLE ", {\"name\": \"zstd\", \"configuration\": {\"level\": 5, \"checksum\": true}}, "
              "{\"name\": \"crc32c\"}]");
  expect_json("zstd(checksum=true)", NULL,
              "[" LITTLE ", {\"name\": \"zstd\", \"configuration\": {\"checksum\": true, \"level\": 3}}]");
  expect_json("transpose(2,1,0)", NULL,
              "[{\"name\": \"transpose\", \"configuration\": {\"order\": [2, 1, 0]}}, " LITTLE "]");
  expect_json("transpose(order=[1,0])", NULL,
              "[{\"name\": \"transpose\", \"configuration\": {\"order\": [1,0]}}, " LITTLE "]");
  expect_json("blosc(lz4,shuffle=bitshuffle)", NULL,
              "[" LITTLE
              ", {\"name\": \"blosc\", \"configuration\": {\"cname\": \"lz4\", \"shuffle\": \"bitshuffle\"}}]");
  expect_json("crc32c()", &string, "[{\"name\": \"vlen-utf8\"}, {\"name\": \"crc32c\"}]");
  expect_json("crc32c", &bytes, "[{\"name\": \"vlen-bytes\"}, {\"name\": \"crc32c\"}]");
  expect_json("vlen-utf8", &string, "[{\"name\": \"vlen-utf8\"}]");
  expect_json(" {\"name\": \"gzip\"}", NULL, "[{\"name\": \"gzip\"}]");
  expect_json("[ 1 ]", NULL, "[ 1 ]");
}

static void test_refused(void **state) {
  (void)state;
  expect_failure("", ZARRC_INVALID_ARGUMENT, "a name of a codec is missing at the end");
  expect_failure("gzip,", ZARRC_INVALID_ARGUMENT, "a name of a codec is missing at the end");
  expect_failure("gzip(1", ZARRC_INVALID_ARGUMENT, "a closing bracket is missing at the end");
  expect_failure("gzip(1,)", ZARRC_INVALID_ARGUMENT, "an argument is missing at ')'");
  expect_failure("gzip(1,2)", ZARRC_INVALID_ARGUMENT, "too many or unknown arguments at '2)'");
  expect_failure("gzip(1,level=2)", ZARRC_INVALID_ARGUMENT, "an argument is there twice at 'level=2)'");
  expect_failure("gzip(size=2)", ZARRC_INVALID_ARGUMENT, "too many or unknown arguments at 'size=2)'");
  expect_failure("gzip zstd", ZARRC_INVALID_ARGUMENT, "a comma is missing at 'zstd'");
  expect_failure("sharding_indexed(3)", ZARRC_INVALID_ARGUMENT,
                 "arguments of this codec need names (name=value) at '3)'");
  expect_failure("unknown", ZARRC_UNSUPPORTED, "unknown codec unknown");
  expect_failure("transpose(1,,0)", ZARRC_INVALID_ARGUMENT, "a number is missing at ',0)'");
  expect_failure("gzip(\xff)", ZARRC_INVALID_ARGUMENT, "byte 0 of a string is not UTF-8");
}

static void expect_text(const char *json, const char *text) {
  zarrc_buf out = zarrc_buf_new(ctx, SIZE_MAX);
  zarrc_error error = {0};
  if (zarrc_codecs_to_text(json, strlen(json), &out, &error)) fail_msg("%s: %s", json, error.message);
  assert_int_equal(zarrc_buf_append(&out, "", 1, NULL), ZARRC_OK);
  assert_string_equal((const char *)out.ptr, text);
  zarrc_buf_clear(&out);
}

static void test_to_text(void **state) {
  (void)state;
  expect_text("[]", "");
  expect_text("[\"bytes\", \"crc32c\"]", "bytes,crc32c");
  expect_text("[" LITTLE "]", "bytes(little)");
  expect_text("[{\"name\": \"zstd\", \"configuration\": {\"level\": 3, \"checksum\": false}}]", "zstd(3)");
  expect_text("[{\"name\": \"zstd\", \"configuration\": {\"checksum\": true, \"level\": -7}}]", "zstd(-7,checksum)");
  expect_text("[{\"name\": \"transpose\", \"configuration\": {\"order\": [2, 0, 1]}}]", "transpose(2,0,1)");
  expect_text("[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [4, 2], \"codecs\": [" LITTLE
              "], \"index_location\": \"end\"}}]",
              "sharding_indexed(chunk_shape=[4,2],codecs=[bytes(little)],index_location=end)");
  expect_text("[{\"name\": \"x.y\", \"configuration\": {\"a\": {\"b c\": [\"\\\" d\", 1]}, \"e\": \"f\\ng\"}}]",
              "x.y(a={\"b c\":[\"\\\" d\",1]},e=\"f\\ng\")");
  zarrc_buf out = zarrc_buf_new(ctx, SIZE_MAX);
  assert_int_equal(zarrc_codecs_to_text("[", 1, &out, NULL), ZARRC_INVALID_METADATA);
  zarrc_buf_clear(&out);
}

/* What is printed is read back as the same chain. */
static void test_back(void **state) {
  static const char *const chains[] = {"bytes(little),gzip(5)", "transpose(1,0),bytes(big),zstd(3,checksum),crc32c",
                                       "bytes(little),blosc(zstd,5,bitshuffle,4,0)",
                                       "sharding_indexed(chunk_shape=[4,2],index_location=start)"};
  (void)state;
  for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) {
    zarrc_buf json = zarrc_buf_new(ctx, SIZE_MAX), text = zarrc_buf_new(ctx, SIZE_MAX);
    assert_int_equal(zarrc_codecs_from_text(chains[i], NULL, &json, NULL), ZARRC_OK);
    assert_int_equal(zarrc_codecs_to_text((const char *)json.ptr, json.len, &text, NULL), ZARRC_OK);
    assert_int_equal(text.len, strlen(chains[i]));
    assert_memory_equal(text.ptr, chains[i], text.len);
    zarrc_buf_clear(&json);
    zarrc_buf_clear(&text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_from_text),
      cmocka_unit_test(test_refused),
      cmocka_unit_test(test_to_text),
      cmocka_unit_test(test_back),
  };
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}

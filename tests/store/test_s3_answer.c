/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/s3_answer.h"
#include "support/context.h"
#include "support/faulty_alloc.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD                                                                                                           \
  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
#define TAIL "</ListBucketResult>"

/* Appends an entry as a line: "key 12" or "prefix/". */
static zarrc_status note(void *arg, const char *key, bool is_prefix, uint64_t nbytes, zarrc_error *error) {
  char *out = arg;
  size_t at = strlen(out);
  (void)error;
  if (is_prefix)
    snprintf(out + at, 1024 - at, "%s/\n", key);
  else if (nbytes == ZARRC_UNKNOWN)
    snprintf(out + at, 1024 - at, "%s ?\n", key);
  else
    snprintf(out + at, 1024 - at, "%s %llu\n", key, (unsigned long long)nbytes);
  return ZARRC_OK;
}

static zarrc_status read_page(zarrc_ctx *ctx, const char *text, size_t n, char *lines, char *token,
                              zarrc_error *error) {
  zarrc_buf t = zarrc_buf_new(ctx, 1 << 20);
  char *exact = malloc(n);
  memcpy(exact, text, n);
  *lines = '\0';
  zarrc_status status = zarrc_s3_page_read(ctx, exact, n, note, lines, &t, error);
  if (!status) snprintf(token, 256, "%s", t.len ? (const char *)t.ptr : "");
  zarrc_buf_clear(&t);
  free(exact);
  return status;
}

static void expect(zarrc_ctx *ctx, const char *text, const char *want, const char *want_token) {
  char lines[1024], token[256];
  zarrc_error error;
  if (read_page(ctx, text, strlen(text), lines, token, &error)) fail_msg("%s: %s", text, SAID(error));
  assert_string_equal(lines, want);
  assert_string_equal(token, want_token);
}

static void refuse(zarrc_ctx *ctx, const char *text) {
  char lines[1024], token[256];
  zarrc_error error;
  if (read_page(ctx, text, strlen(text), lines, token, &error) != ZARRC_CORRUPT) fail_msg("%s is accepted", text);
}

/* Two pages as servers have sent them: percent-encoded with + for a space; and plain, with entities. */
static const char ENCODED[] =
    HEAD "<Name>b</Name><Prefix>enc/</Prefix><Marker></Marker><MaxKeys>3</MaxKeys><Delimiter>/</Delimiter>"
         "<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><KeyCount>3</KeyCount>"
         "<NextContinuationToken>enc/a b%</NextContinuationToken>"
         "<Contents><Key>enc/a+b</Key><LastModified>2026-09-01T00:00:00Z</LastModified><ETag>&#34;1&#34;</ETag>"
         "<Size>12</Size><Owner><ID>x</ID><Key>no</Key></Owner><StorageClass>STANDARD</StorageClass></Contents>"
         "<Contents><Key>enc/a%2Bb%25</Key><Size>0</Size></Contents>"
         "<CommonPrefixes><Prefix>enc/%C3%A4/</Prefix></CommonPrefixes>" TAIL;
static const char PLAIN[] =
    HEAD "<IsTruncated>false</IsTruncated><Contents><Size>7</Size><Key>a+b&amp;&lt;c&#39;%41</Key></Contents>"
         "<Contents><Key>folder/</Key><Size>0</Size></Contents><Contents><Key>d</Key></Contents>"
         "<Contents><Key></Key><Size>1</Size></Contents><CommonPrefixes><Prefix>/</Prefix></CommonPrefixes>" TAIL;

static void test_pages(void **state) {
  expect(*state, ENCODED, "enc/a b 12\nenc/a+b% 0\nenc/\xC3\xA4/\n", "enc/a b%");
  expect(*state, PLAIN, "a+b&<c'%41 7\nd ?\n", "");
  expect(*state, HEAD TAIL, "", "");
  expect(*state, "<ListBucketResult/>", "", "");
}

static void test_hostile(void **state) {
  refuse(*state, "");
  refuse(*state, "<Error><Code>x</Code></Error>");
  refuse(*state, "<html><body/></html>");
  refuse(*state, HEAD "<IsTruncated>true</IsTruncated>" TAIL);
  refuse(*state, HEAD "<Contents><Key>a</Key><Size>-1</Size></Contents>" TAIL);
  refuse(*state, HEAD "<Contents><Key>a</Key><Size>99999999999999999999</Size></Contents>" TAIL);
  refuse(*state, HEAD "<EncodingType>url</EncodingType><Contents><Key>a%4</Key></Contents>" TAIL);
  refuse(*state, HEAD "<EncodingType>url</EncodingType><Contents><Key>%zz</Key></Contents>" TAIL);
  refuse(*state, "<!DOCTYPE a [<!ENTITY a 'b'>]>" HEAD "<Contents><Key>&a;</Key></Contents>" TAIL);
  expect(*state, HEAD "<EncodingType>url</EncodingType><Contents><Key>a%00b</Key></Contents>" TAIL, "", "");
}

/* A listing that was cut off is never a short one. */
static void test_truncations(void **state) {
  char lines[1024], token[256];
  for (size_t n = 0; n < sizeof ENCODED - 1; n++)
    assert_int_equal(read_page(*state, ENCODED, n, lines, token, NULL), ZARRC_CORRUPT);
}

static void test_long_key(void **state) {
  size_t n = (size_t)1 << 20;
  char *text = malloc(n), lines[1024], token[256];
  memset(text, 'x', n);
  memcpy(text, HEAD "<Contents><Key>", strlen(HEAD "<Contents><Key>"));
  assert_int_equal(read_page(*state, text, n, lines, token, NULL), ZARRC_LIMIT);
  free(text);
}

static zarrc_status stop(void *arg, const char *key, bool is_prefix, uint64_t nbytes, zarrc_error *error) {
  (void)arg, (void)key, (void)is_prefix, (void)nbytes;
  return zarrc_fail(error, ZARRC_IO, "enough");
}

static void test_fn_fails(void **state) {
  zarrc_buf token = zarrc_buf_new(*state, 100);
  zarrc_error error;
  assert_int_equal(zarrc_s3_page_read(*state, PLAIN, sizeof PLAIN - 1, stop, NULL, &token, &error), ZARRC_IO);
  assert_string_equal(SAID(error), "enough");
  zarrc_buf_clear(&token);
}

static void test_refusals(void **state) {
  (void)state;
  zarrc_s3_refusal r;
  static const char text[] = "<?xml version='1.0'?><Error><Code>AuthorizationHeaderMalformed</Code><Message>region "
                             "'x' is wrong; \x1b[1m</Message><Region>eu-north-1</Region><Deep><Code>no</Code></Deep>";
  assert_true(zarrc_s3_refusal_read(text, sizeof text - 1, &r));
  assert_string_equal(r.code, "AuthorizationHeaderMalformed");
  assert_string_equal(r.words, "region 'x' is wrong; ?[1m");
  assert_string_equal(r.region, "eu-north-1");
  for (size_t n = 0; n < sizeof text - 1; n++) zarrc_s3_refusal_read(text, n, &r);
  assert_false(zarrc_s3_refusal_read("", 0, &r));
  assert_false(zarrc_s3_refusal_read("<html/>", 7, &r));
  assert_string_equal(r.code, "");
  char longer[4000] = "<Error><Code>";
  memset(longer + 13, 'y', sizeof longer - 13);
  memcpy(longer + 913, "</Code>", 7);
  zarrc_s3_refusal_read(longer, sizeof longer, &r);
  assert_int_equal(strlen(r.code), sizeof r.code - 1);
}

static void test_uploads(void **state) {
  static const char text[] =
      "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><UploadId>a&amp;b/+</UploadId>"
      "</InitiateMultipartUploadResult>";
  zarrc_buf out = zarrc_buf_new(*state, 1000);
  assert_int_equal(zarrc_s3_upload_read(*state, text, sizeof text - 1, &out, NULL), ZARRC_OK);
  assert_string_equal((char *)out.ptr, "a&b/+");
  for (size_t n = 0; n < sizeof text - 1; n++)
    assert_int_equal(zarrc_s3_upload_read(*state, text, n, &out, NULL), ZARRC_CORRUPT);
  assert_int_equal(zarrc_s3_upload_read(*state, "<a><UploadId/></a>", 18, &out, NULL), ZARRC_CORRUPT);
  zarrc_buf_clear(&out);
}

static zarrc_status all_of_it(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *ctx;
  char lines[1024], token[256];
  zarrc_error error;
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &ctx, &error);
  if (status) return status;
  status = read_page(ctx, ENCODED, sizeof ENCODED - 1, lines, token, &error);
  zarrc_ctx_close(ctx);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  assert_true(faulty_alloc_each(NULL, all_of_it, NULL) > 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_pages),       cmocka_unit_test(test_hostile),
                                     cmocka_unit_test(test_truncations), cmocka_unit_test(test_long_key),
                                     cmocka_unit_test(test_fn_fails),    cmocka_unit_test(test_refusals),
                                     cmocka_unit_test(test_uploads),     cmocka_unit_test(test_no_memory)};
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

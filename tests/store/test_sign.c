/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/sha256.h"
#include "store/sign.h"
#include "support/context.h"
#include "support/faulty_alloc.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 40

static int needs_libcrypto(void) {
  if (zarrc_sha256_is_there()) return 1;
  print_message("built without libcrypto\n");
  return 0;
}

/* ------------------------------------------------------------------------------------------------------ vectors */

enum { NAME, METHOD, PATH, BODY_HASH, REGION, SERVICE, SECRET, TIME, SIGNATURE, PAIRS };

/* Signs the request of a line of signing.txt, which is cut into pieces. */
static void check_line(zarrc_ctx *ctx, char *line) {
  char *column[PAIRS + 2 * MOST], want[256], *save = NULL;
  zarrc_sign_pair query[MOST], headers[MOST];
  int ncolumns = 0;
  for (char *c = strtok_r(line, "\t\n", &save); c; c = strtok_r(NULL, "\t\n", &save)) column[ncolumns++] = c;
  assert_true(ncolumns > PAIRS);
  zarrc_sign_request r = {.method = column[METHOD],
                          .path = column[PATH],
                          .query = query,
                          .headers = headers,
                          .body_hash = column[BODY_HASH],
                          .time = column[TIME]};
  zarrc_sign_key key = {"AKID", column[SECRET], column[REGION], column[SERVICE]};
  for (int i = PAIRS; i < ncolumns; i++) {
    char *value = strchr(column[i] + 1, '=');
    *value = 0;
    zarrc_sign_pair pair = {column[i] + 1, value + 1};
    if (column[i][0] == '?')
      query[r.nquery++] = pair;
    else
      headers[r.nheaders++] = pair;
  }
  zarrc_buf out = zarrc_buf_new(ctx, 4096);
  zarrc_error error = {0};
  if (zarrc_sign(&key, &r, &out, &error)) fail_msg("%s: %s", column[NAME], SAID(error));
  assert_int_equal(zarrc_buf_append(&out, "", 1, NULL), ZARRC_OK);
  snprintf(want, sizeof want, ",Signature=%s", column[SIGNATURE]);
  const char *got = strstr((char *)out.ptr, ",Signature=");
  if (!got || strcmp(got, want) != 0) fail_msg("%s: %s, not %s", column[NAME], got, want);
  zarrc_buf_clear(&out);
}

static void test_vectors(void **state) {
  size_t n = 0, size = 0;
  char *line = NULL;
  if (!needs_libcrypto()) skip();
  FILE *file = fopen(ZARRC_TEST_DATA "/signing.txt", "r");
  assert_non_null(file);
  for (; getline(&line, &size, file) > 0; n++) check_line(*state, line);
  assert_int_equal(n, 38 + 5);
  free(line);
  fclose(file);
}

/* ------------------------------------------------------------------------------------------------------- header */

static const zarrc_sign_pair HEADERS[] = {{"x-amz-date", "20130524T000000Z"}, {"host", "h"}, {"x-amz-b", " 1  2\t"}};
static const zarrc_sign_pair QUERY[] = {{"prefix", "a b+c/\xC3\xA4%"}, {"a-", "2"}, {"a", "1"}, {"list-type", "2"}};
static const zarrc_sign_key KEY = {"AKID", "the secret", "eu-north-1", "s3"};
static const zarrc_sign_request REQUEST = {.method = "GET",
                                           .path = "/bucket/a%20b",
                                           .query = QUERY,
                                           .nquery = 4,
                                           .headers = HEADERS,
                                           .nheaders = 3,
                                           .body_hash = "UNSIGNED-PAYLOAD",
                                           .time = "20130524T000000Z"};

static void test_header(void **state) {
  zarrc_buf out = zarrc_buf_new(*state, 4096);
  if (!needs_libcrypto()) skip();
  assert_int_equal(zarrc_sign(&KEY, &REQUEST, &out, NULL), ZARRC_OK);
  static const char begin[] = "AWS4-HMAC-SHA256 Credential=AKID/20130524/eu-north-1/s3/aws4_request,"
                              "SignedHeaders=host;x-amz-b;x-amz-date,Signature=";
  assert_int_equal(out.len, strlen(begin) + 64);
  assert_memory_equal(out.ptr, begin, strlen(begin));
  zarrc_buf_clear(&out);
}

static void test_query(void **state) {
  zarrc_buf out = zarrc_buf_new(*state, 4096);
  assert_int_equal(zarrc_sign_query(&REQUEST, &out, NULL), ZARRC_OK);
  static const char want[] = "a=1&a-=2&list-type=2&prefix=a%20b%2Bc%2F%C3%A4%25";
  assert_int_equal(out.len, strlen(want));
  assert_memory_equal(out.ptr, want, strlen(want));
  zarrc_buf_clear(&out);
}

static void test_limits(void **state) {
  static zarrc_sign_pair many[65];
  zarrc_buf out = zarrc_buf_new(*state, 16);
  zarrc_sign_request r = REQUEST;
  for (int i = 0; i < 65; i++) many[i] = (zarrc_sign_pair){"a", "b"};
  assert_int_equal(zarrc_sign_query(&r, &out, NULL), ZARRC_LIMIT);
  out.max = 1 << 20;
  r.headers = many;
  r.nheaders = 65;
  assert_int_equal(zarrc_sign(&KEY, &r, &out, NULL), ZARRC_LIMIT);
  r.headers = HEADERS;
  r.nheaders = 3;
  r.query = many;
  r.nquery = 65;
  assert_int_equal(zarrc_sign_query(&r, &out, NULL), ZARRC_LIMIT);
  zarrc_buf_clear(&out);
}

static zarrc_status sign_once(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *ctx;
  zarrc_error error = {0};
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (status) return status;
  zarrc_buf out = zarrc_buf_new(ctx, 4096);
  status = zarrc_sign(&KEY, &REQUEST, &out, &error);
  assert_null(strstr(SAID(error), "secret"));
  zarrc_buf_clear(&out);
  zarrc_ctx_close(ctx);
  return status;
}

static void test_memory(void **state) {
  (void)state;
  if (!needs_libcrypto()) skip();
  assert_true(faulty_alloc_each(&(zarrc_ctx_options){.threads = 1}, sign_once, NULL) > 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors), cmocka_unit_test(test_header),
                                     cmocka_unit_test(test_query), cmocka_unit_test(test_limits),
                                     cmocka_unit_test(test_memory)};
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

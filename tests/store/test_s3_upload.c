/* SPDX-License-Identifier: MIT */
#include "s3_store.h"

#include "store/s3_write.h"

#include <stdio.h>

enum { NPARTS = 4, TAIL = 10 };

/* A value of three parts of 16 MiB and a shorter one, in pieces that are no parts. */
typedef struct large {
  uint8_t *bytes;
  zarrc_bytes pieces[3];
  zarrc_s3_value value;
} large;

static large make_large(void) {
  large l = {0};
  size_t n = 3 * (size_t)ZARRC_S3_PART_NBYTES + TAIL, a = 1000, b = 20 << 20;
  l.bytes = malloc(n);
  assert_non_null(l.bytes);
  for (size_t i = 0; i < n; i++) l.bytes[i] = (uint8_t)(i * 7 + (i >> 12));
  l.pieces[0] = (zarrc_bytes){.ptr = l.bytes, .len = a};
  l.pieces[1] = (zarrc_bytes){.ptr = l.bytes + a, .len = b};
  l.pieces[2] = (zarrc_bytes){.ptr = l.bytes + a + b, .len = n - a - b};
  l.value = (zarrc_s3_value){.path = "large", .n = 3, .nbytes = n};
  return l;
}

static zarrc_status upload(s3_fixture *f, large *l, const zarrc_s3_condition *condition, zarrc_answer *answer,
                           zarrc_error *error) {
  unsigned ntries = 0;
  l->value.parts = l->pieces;
  *answer = (zarrc_answer){0};
  return zarrc_s3_upload((zarrc_s3_store *)f->store, &l->value, condition, answer, &ntries, error);
}

static void test_parts(void **state) {
  s3_fixture *f = *state;
  zarrc_s3_condition any = {0}, is_new = {.is_new = true}, other = {.etag = "\"other\""};
  zarrc_answer answer;
  zarrc_bytes got;
  zarrc_error error;
  needs_s3();
  large l = make_large();
  if (upload(f, &l, &any, &answer, &error)) fail_msg("%s", SAID(error));
  assert_int_equal(answer.status, 200);
  assert_int_equal(f->server->nputs, NPARTS);
  assert_int_equal(f->server->http->nrequests, NPARTS + 2);
  if (zarrc_store_get(f->store, "large", l.value.nbytes, &got, &error)) fail_msg("%s", SAID(error));
  assert_int_equal(got.len, l.value.nbytes);
  assert_memory_equal(got.ptr, l.bytes, got.len);
  zarrc_bytes_release(&got);
  assert_int_equal(upload(f, &l, &is_new, &answer, &error), ZARRC_OK);
  assert_int_equal(answer.status, 412);
  assert_string_equal(f->server->upload, ""); /* aborted */
  assert_int_equal(upload(f, &l, &other, &answer, &error), ZARRC_OK);
  assert_int_equal(answer.status, 412);
  assert_int_equal(f->server->ndeletes, 2);
  free(l.bytes);
}

/* Spoils the answer to one kind of request. */
static void spoil(void *arg, s3_server *server, const http_asked *asked, http_reply *reply) {
  static const char failed[] = "<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code></Error>";
  const char *how = arg;
  bool is_first = server->http->nrequests == NPARTS + 2;
  bool is_part = strstr(asked->target, "partNumber=3"), is_end = !strcmp(asked->method, "POST") && !is_part;
  if (!strcmp(how, "part") && is_part) *reply = (http_reply){.status = 403, .body = ""};
  if (!strcmp(how, "begin") && is_end) *reply = (http_reply){.status = 200, .body = ""};
  if (!strcmp(how, "end") && is_end && strstr(asked->target, "uploadId"))
    *reply = (http_reply){.status = 200, .body = failed, .nbytes = sizeof failed - 1, .claimed = sizeof failed - 1};
  if (is_first && !strcmp(how, "late"))
    *reply = (http_reply){.status = 200, .body = failed, .nbytes = sizeof failed - 1, .claimed = sizeof failed - 1};
  if (is_first && !strcmp(how, "lost")) reply->fault = HTTP_RESET;
}

/* An answer to the last request that is lost, or says that the server has failed although it has not. */
static void test_lost_answers(void **state) {
  s3_fixture *f = *state;
  zarrc_s3_condition is_new = {.is_new = true};
  zarrc_answer answer;
  zarrc_error error;
  needs_s3();
  large l = make_large();
  static const char *const kinds[] = {"lost", "late"};
  for (int i = 0; i < 2; i++) {
    zarrc_store_erase(f->store, "large", NULL);
    http_server_begin(f->server->http);
    f->server->change = spoil;
    f->server->arg = (void *)(uintptr_t)kinds[i];
    if (upload(f, &l, &is_new, &answer, &error)) fail_msg("%s", SAID(error));
    assert_int_equal(answer.status, 200);
    assert_int_equal(f->server->http->nrequests, NPARTS + 3 + NPARTS); /* it is looked at what is there */
  }
  free(l.bytes);
}

static void test_failures(void **state) {
  s3_fixture *f = *state;
  zarrc_s3_condition any = {0};
  zarrc_answer answer;
  zarrc_error error;
  needs_s3();
  large l = make_large();
  f->server->change = spoil;
  f->server->arg = "part";
  assert_int_equal(upload(f, &l, &any, &answer, &error), ZARRC_ACCESS);
  assert_int_equal(f->server->ndeletes, 1);
  f->server->arg = "end"; /* the server says 200, and in the body, each time, that it has failed */
  assert_int_equal(upload(f, &l, &any, &answer, &error), ZARRC_OK);
  assert_int_equal(answer.status, 500);
  assert_string_equal(answer.reason, "InternalError");
  assert_int_equal(f->server->ndeletes, 2);
  f->server->arg = "begin";
  assert_int_equal(upload(f, &l, &any, &answer, &error), ZARRC_CORRUPT);
  assert_int_equal(f->server->ndeletes, 2);
  free(l.bytes);
}

/* Values up to 64 MiB are one request; longer ones are written by parts through the blob. */
static void test_by_blob(void **state) {
  s3_fixture *f = *state;
  size_t n = (size_t)ZARRC_S3_ONE_NBYTES;
  uint8_t *bytes = calloc(n + 1, 1);
  zarrc_error error;
  needs_s3();
  assert_non_null(bytes);
  if (zarrc_store_set(f->store, "one", bytes, n, &error)) fail_msg("%s", SAID(error));
  assert_int_equal(f->server->http->nrequests, 1);
  if (zarrc_store_set(f->store, "parts", bytes, n + 1, &error)) fail_msg("%s", SAID(error));
  assert_int_equal(f->server->http->nrequests, 1 + 5 + 2);
  free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {S3_TEST(test_parts), S3_TEST(test_failures), S3_TEST(test_lost_answers),
                                     S3_TEST(test_by_blob)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

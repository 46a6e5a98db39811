/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/answer.h"

#include <string.h>

static zarrc_answer answer_of(int status, const char *const *lines) {
  zarrc_answer a;
  zarrc_answer_begin(&a, status);
  for (; *lines; lines++) zarrc_answer_take(&a, *lines, strlen(*lines));
  return a;
}

/* What is read of a Content-Range; malformed ones are known as such. */
static void content_ranges(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool is_malformed;
    uint64_t first, end, total;
  } rows[] = {{"bytes 0-9/1000", false, 0, 10, 1000},
              {"BYTES 990-999/1000", false, 990, 1000, 1000},
              {"bytes=0-0/1", false, 0, 1, 1},
              {"bytes 5-7/*", false, 5, 8, ZARRC_UNKNOWN},
              {"bytes */1000", false, 0, 0, 1000},
              {"bytes */0", false, 0, 0, 0},
              {"bytes */*", false, 0, 0, ZARRC_UNKNOWN},
              {"bytes 9-5/1000", true, 0, 0, 0},
              {"bytes 0-1000/1000", true, 0, 0, 0},
              {"bytes 0-9", true, 0, 0, 0},
              {"bytes 0-9/", true, 0, 0, 0},
              {"bytes 0-9/1000x", true, 0, 0, 0},
              {"bytes 0-9/99999999999999999999", true, 0, 0, 0},
              {"bytes -9/1000", true, 0, 0, 0},
              {"items 0-9/1000", true, 0, 0, 0},
              {"", true, 0, 0, 0}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char line[128] = "content-range:  ";
    strcat(strcat(line, rows[i].text), " \r\n");
    zarrc_answer a = answer_of(206, (const char *const[]){line, NULL});
    assert_true(a.has_range);
    assert_int_equal(a.is_malformed, rows[i].is_malformed);
    if (a.is_malformed) continue;
    assert_int_equal(a.first, rows[i].first);
    assert_int_equal(a.end, rows[i].end);
    assert_int_equal(a.total, rows[i].total);
  }
  assert_true(answer_of(206, (const char *const[]){"Content-Range: bytes 0-9/10", "Content-Range: bytes 1-9/10", NULL})
                  .is_malformed);
}

static void other_headers(void **state) {
  (void)state;
  char longer[400];
  memset(longer, 'x', sizeof longer);
  memcpy(longer, "ETag: \"", 7);
  longer[sizeof longer - 1] = '\0';
  zarrc_answer a =
      answer_of(200, (const char *const[]){"ETag: \"abc\"\r\n", "Content-Length: 17\r\n", "no header at all",
                                           "Last-Modified: Mon, 30 Nov 2026 03:00:00 GMT\r\n",
                                           "Content-Type: application/json; charset=utf-8\r\n",
                                           "Content-Encoding: identity\r\n", NULL});
  assert_string_equal(a.etag, "\"abc\"");
  assert_true(zarrc_answer_is_strong(&a));
  assert_int_equal(a.length, 17);
  assert_string_equal(a.modified, "Mon, 30 Nov 2026 03:00:00 GMT");
  assert_true(a.is_json);
  assert_string_equal(a.encoding, "");
  a = answer_of(200, (const char *const[]){"ETag: W/\"abc\"", "Content-Length: -1", "Content-Encoding: gzip",
                                           "Content-Type: application/jsonx", NULL});
  assert_false(zarrc_answer_is_strong(&a));
  assert_int_equal(a.length, ZARRC_UNKNOWN);
  assert_string_equal(a.encoding, "gzip");
  assert_false(a.is_json);
  a = answer_of(200, (const char *const[]){longer, NULL});
  assert_string_equal(a.etag, "");
}

/* Each answer of status 206 that is none to the request. */
static void wrong_ranges(void **state) {
  (void)state;
  static const struct {
    zarrc_get_kind kind;
    uint64_t first, nbytes;
    const char *range, *length;
    bool is_right;
  } rows[] = {{ZARRC_GET_RANGE, 10, 5, "Content-Range: bytes 10-14/100", "Content-Length: 5", true},
              {ZARRC_GET_RANGE, 10, 5, "Content-Range: bytes 10-14/*", "", true},
              {ZARRC_GET_RANGE, 98, 5, "Content-Range: bytes 98-99/100", "", true},
              {ZARRC_GET_SUFFIX, 0, 5, "Content-Range: bytes 95-99/100", "", true},
              {ZARRC_GET_SUFFIX, 0, 500, "Content-Range: bytes 0-99/100", "", true},
              {ZARRC_GET_RANGE, 10, 5, "Content-Range: bytes 11-15/100", "", false},
              {ZARRC_GET_RANGE, 10, 5, "Content-Range: bytes 10-15/100", "", false},
              {ZARRC_GET_RANGE, 10, 5, "Content-Range: bytes 10-12/100", "", false},
              {ZARRC_GET_RANGE, 10, 5, "Content-Range: bytes 10-12/*", "", false},
              {ZARRC_GET_RANGE, 10, 5, "Content-Range: bytes 10-14/100", "Content-Length: 7", false},
              {ZARRC_GET_RANGE, 10, 5, "Content-Range: bytes */100", "", false},
              {ZARRC_GET_RANGE, 10, 5, "X: y", "", false},
              {ZARRC_GET_SUFFIX, 0, 5, "Content-Range: bytes 0-4/100", "", false},
              {ZARRC_GET_SUFFIX, 0, 5, "Content-Range: bytes 96-99/100", "", false},
              {ZARRC_GET_SUFFIX, 0, 5, "Content-Range: bytes 95-99/*", "", false},
              {ZARRC_GET_ALL, 0, 0, "Content-Range: bytes 0-99/100", "", false}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_answer a = answer_of(206, (const char *const[]){rows[i].range, rows[i].length, NULL});
    const char *wrong = zarrc_answer_refuse(&a, rows[i].kind, rows[i].first, rows[i].nbytes);
    if ((wrong == NULL) != rows[i].is_right) fail_msg("row %zu: %s", i, wrong ? wrong : "not refused");
  }
}

static void failures(void **state) {
  (void)state;
  static const struct {
    int http;
    zarrc_status status;
    bool transient;
    const char *words;
  } rows[] = {{401, ZARRC_ACCESS, false, "the server answers 401 Unauthorized"},
              {403, ZARRC_ACCESS, false, "the server answers 403 Forbidden"},
              {400, ZARRC_NETWORK, false, "the server answers 400 Bad Request"},
              {418, ZARRC_NETWORK, false, "the server answers 418"},
              {501, ZARRC_NETWORK, false, "the server answers 501 Not Implemented"},
              {503, ZARRC_NETWORK, true, "the server answers 503 Service Unavailable (tried 5 times)"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_error error;
    zarrc_answer a = {.status = rows[i].http, .retry_after_ms = 7};
    assert_int_equal(zarrc_answer_fail(&a, rows[i].http == 503 ? 5 : 1, &error), rows[i].status);
    assert_string_equal(error.message, rows[i].words);
    assert_int_equal(error.http_status, rows[i].http);
    assert_int_equal(error.transient, rows[i].transient);
    assert_int_equal(error.retry_after_ms, 7);
    assert_int_equal(zarrc_answer_fail(&a, 1, NULL), rows[i].status);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(content_ranges), cmocka_unit_test(other_headers),
                                     cmocka_unit_test(wrong_ranges), cmocka_unit_test(failures)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/http.h"

#include <string.h>

static zarrc_answer answer_of(const char *etag, const char *modified) {
  zarrc_answer a = {.status = 200};
  strcpy(a.etag, etag);
  strcpy(a.modified, modified);
  return a;
}

/* A blob reads one version, as far as an answer tells versions apart. */
static void versions(void **state) {
  (void)state;
#define LONG "\"0123456789012345678901234567890123456789"
  static const struct {
    const char *etag, *modified;
    uint64_t total;
    const char *etag2, *modified2;
    uint64_t total2;
    bool is_same;
  } rows[] = {{"\"a\"", "", 5, "\"a\"", "", 5, true},
              {"\"a\"", "", 5, "\"a\"", "", ZARRC_UNKNOWN, true},
              {"\"a\"", "", ZARRC_UNKNOWN, "\"a\"", "", 5, true},
              {"\"a\"", "", 5, "\"b\"", "", 5, false},
              {"\"a\"", "", 5, "\"a\"", "", 6, false},
              {"\"a\"", "x", 5, "", "x", 5, false},
              {"\"a\"", "x", 5, "\"a\"", "y", 5, true},
              {LONG "1\"", "", 5, LONG "1\"", "", 5, true},
              {LONG "1\"", "", 5, LONG "2\"", "", 5, false},
              {"W/\"a\"", "x", 5, "W/\"b\"", "x", 5, true},
              {"W/\"a\"", "x", 5, "W/\"a\"", "y", 5, false},
              {"", "", 5, "", "", 5, true},
              {"", "", 5, "", "", 6, false}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_http_blob b = {.key = "k"};
    zarrc_error error;
    zarrc_answer a = answer_of(rows[i].etag, rows[i].modified), c = answer_of(rows[i].etag2, rows[i].modified2);
    assert_int_equal(zarrc_http_see(&b, &a, rows[i].total, &error), ZARRC_OK);
    zarrc_status status = zarrc_http_see(&b, &c, rows[i].total2, &error);
    if (status != (rows[i].is_same ? ZARRC_OK : ZARRC_CONFLICT)) fail_msg("row %zu: %s", i, zarrc_status_name(status));
  }
}

/* A short strong ETag can be asked for, also when only its identity is known. */
static void asked_for(void **state) {
  (void)state;
  static const struct {
    const char *etag, *asked;
  } rows[] = {{"\"a\"", "\"a\""},
              {"\"012345678901234567890123456789012345678\"", "\"012345678901234567890123456789012345678\""},
              {LONG "\"", ""},
              {"W/\"a\"", ""},
              {"", ""}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char out[48];
    zarrc_http_blob b = {.key = "k"}, other = {.key = "k"};
    zarrc_answer a = answer_of(rows[i].etag, "");
    zarrc_http_version_write(&b, out, sizeof out);
    assert_string_equal(out, "");
    assert_int_equal(zarrc_http_see(&b, &a, 9, NULL), ZARRC_OK);
    other.version = b.version;
    zarrc_http_version_write(&other, out, sizeof out);
    assert_string_equal(out, rows[i].asked);
  }
}

/* A version that somebody made up becomes no header line. */
static void made_up(void **state) {
  (void)state;
  static const char *const texts[] = {"a\r\nX: y", "a\"b", "a b", "\x7F", "\n"};
  for (size_t i = 0; i < 5; i++) {
    char out[48];
    zarrc_http_blob b = {.key = "k", .version.kind = ZARRC_HTTP_STRONG};
    unsigned char *bytes = (unsigned char *)b.version.identity.word;
    memcpy(bytes, texts[i], strlen(texts[i]));
    bytes[sizeof b.version.identity.word - 1] = (unsigned char)strlen(texts[i]);
    zarrc_http_version_write(&b, out, sizeof out);
    assert_string_equal(out, "");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(versions), cmocka_unit_test(asked_for),
                                     cmocka_unit_test(made_up)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

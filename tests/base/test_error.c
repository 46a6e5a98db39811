/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zarrc/base.h>
#include <zarrc/plugin/blob.h>

#include "base/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const zarrc_error dirty = {.code = ZARRC_CORRUPT,
                                  .os_error = 7,
                                  .offset = 9,
                                  .codec = "gzip",
                                  .chunk = "1,2",
                                  .key = "a/c/1/2",
                                  .message = "old"};

static void test_status_table(void **state) {
  (void)state;
  static const struct {
    zarrc_status status;
    const char *name, *words;
    int exit_code;
  } want[] = {
      {ZARRC_OK, "OK", "ok", 0},
      {ZARRC_INVALID_ARGUMENT, "INVALID_ARGUMENT", "invalid argument", 2},
      {ZARRC_NOT_FOUND, "NOT_FOUND", "not found", 3},
      {ZARRC_INVALID_METADATA, "INVALID_METADATA", "invalid metadata", 4},
      {ZARRC_UNSUPPORTED, "UNSUPPORTED", "unsupported", 5},
      {ZARRC_CORRUPT, "CORRUPT", "corrupt data", 6},
      {ZARRC_TRUNCATED, "TRUNCATED", "truncated data", 6},
      {ZARRC_CHECKSUM, "CHECKSUM", "checksum mismatch", 6},
      {ZARRC_SIZE_MISMATCH, "SIZE_MISMATCH", "size mismatch", 6},
      {ZARRC_LIMIT, "LIMIT", "limit exceeded", 7},
      {ZARRC_NO_MEMORY, "NO_MEMORY", "out of memory", 8},
      {ZARRC_IO, "IO", "input/output error", 9},
      {ZARRC_CONFLICT, "CONFLICT", "conflict", 10},
      {ZARRC_NETWORK, "NETWORK", "network error", 11},
      {ZARRC_CANCELED, "CANCELED", "canceled", 130},
      {ZARRC_INTERNAL, "INTERNAL", "internal error", 70},
      {ZARRC_ACCESS, "ACCESS", "no access", 13},
      {ZARRC_PENDING, "PENDING", "not fetched yet", 70},
  };
  for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
    assert_int_equal(want[i].status, i);
    assert_string_equal(zarrc_status_name(want[i].status), want[i].name);
    assert_string_equal(zarrc_status_words(want[i].status), want[i].words);
    assert_int_equal(zarrc_status_exit_code(want[i].status), want[i].exit_code);
  }
  assert_string_equal(zarrc_status_name((zarrc_status)18), "INTERNAL");
  assert_string_equal(zarrc_status_words((zarrc_status)1000), "internal error");
  assert_int_equal(zarrc_status_exit_code((zarrc_status)-1), 70);
}

static void test_status_of_errno(void **state) {
  (void)state;
  static const int access[] = {EACCES, EPERM, EROFS, EXDEV}, io[] = {0, EIO, ENOENT, ENOSPC, EFBIG, ELOOP};
  for (size_t i = 0; i < sizeof access / sizeof *access; i++)
    assert_int_equal(zarrc_status_of_errno(access[i]), ZARRC_ACCESS);
  assert_int_equal(zarrc_status_of_errno(ENOMEM), ZARRC_NO_MEMORY);
  for (size_t i = 0; i < sizeof io / sizeof *io; i++) assert_int_equal(zarrc_status_of_errno(io[i]), ZARRC_IO);
}

static void test_fail_overwrites_all(void **state) {
  (void)state;
  zarrc_error e = dirty;
  assert_int_equal(zarrc_fail(&e, ZARRC_LIMIT, "%d of %s", 3, "these"), ZARRC_LIMIT);
  assert_int_equal(e.code, ZARRC_LIMIT);
  assert_int_equal(e.os_error, 0);
  assert_int_equal(e.offset, -1);
  assert_string_equal(e.codec, "");
  assert_string_equal(e.chunk, "");
  assert_string_equal(e.key, "");
  assert_string_equal(e.message, "3 of these");
}

static void test_fail_without_error(void **state) {
  (void)state;
  assert_int_equal(zarrc_fail(NULL, ZARRC_IO, "%s", "x"), ZARRC_IO);
  zarrc_error_prefix(NULL, "x");
  zarrc_error_in_chunk(NULL, "0", 1);
}

static void test_errno(void **state) {
  (void)state;
  for (int status = 0; status <= ZARRC_ACCESS; status++) {
    bool has = status == ZARRC_IO || status == ZARRC_ACCESS || status == ZARRC_NETWORK;
    zarrc_error e = dirty;
    errno = ENOSPC;
    zarrc_fail(&e, (zarrc_status)status, "x");
    assert_int_equal(e.os_error, has ? ENOSPC : 0);
    assert_int_equal(errno, ENOSPC);
    zarrc_error_prefix(&e, "y: ");
    assert_int_equal(errno, ENOSPC);
    assert_int_equal(e.os_error, has ? ENOSPC : 0);
  }
}

static void test_arguments_may_lie_in_the_error(void **state) {
  (void)state;
  zarrc_error e = dirty;
  zarrc_fail(&e, ZARRC_IO, "%s/%s/%s", e.key, e.codec, e.message);
  assert_string_equal(e.message, "a/c/1/2/gzip/old");
  zarrc_error_prefix(&e, "<%s> ", e.message);
  assert_string_equal(e.message, "<a/c/1/2/gzip/old> a/c/1/2/gzip/old");
}

static void test_prefix(void **state) {
  (void)state;
  zarrc_error e = {0};
  zarrc_error_prefix(&e, "gzip: ");
  assert_string_equal(e.message, "");
  e = dirty;
  zarrc_error_prefix(&e, "%s: ", "gzip");
  assert_string_equal(e.message, "gzip: old");
  assert_int_equal(e.code, ZARRC_CORRUPT);
  assert_int_equal(e.offset, 9);
  assert_string_equal(e.key, "a/c/1/2");
}

/* Characters of 1 to 4 bytes, shifted through the place where the message is cut. */
static void test_too_long(void **state) {
  (void)state;
  static const char *const characters[] = {"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
  for (size_t c = 0; c < 4; c++) {
    size_t len = strlen(characters[c]);
    for (size_t shift = 0; shift < 8; shift++) {
      char text[2000] = "";
      memset(text, 'a', shift);
      for (size_t at = shift; at + len < sizeof text; at += len) memcpy(text + at, characters[c], len + 1);
      for (int prefixed = 0; prefixed < 3; prefixed++) {
        zarrc_error e = dirty;
        if (prefixed == 0) {
          zarrc_fail(&e, ZARRC_IO, "%s", text);
        } else {
          snprintf(e.message, sizeof e.message, "%.*s", (int)(shift + len * (prefixed == 1 ? 400 / len : 2)), text);
          zarrc_error_prefix(&e, "%.*s", (int)(len * (prefixed == 1 ? 400 / len : 1900 / len)), text + shift);
        }
        size_t n = strlen(e.message);
        assert_in_range(n, sizeof e.message - 1 - (len - 1), sizeof e.message - 1);
        assert_string_equal(e.message + n - 3, "...");
        assert_int_equal(zarrc_utf8_valid((const uint8_t *)e.message, n), n);
      }
    }
  }
}

static void test_exact_fit(void **state) {
  (void)state;
  zarrc_error e;
  char text[sizeof e.message + 1];
  memset(text, 'x', sizeof text);
  text[sizeof e.message - 1] = 0;
  zarrc_fail(&e, ZARRC_IO, "%s", text);
  assert_string_equal(e.message, text);
  e.message[sizeof e.message - 3] = 0;
  zarrc_error_prefix(&e, "%s", "xx");
  assert_string_equal(e.message, text);
  text[sizeof e.message - 1] = 'x';
  text[sizeof e.message] = 0;
  zarrc_fail(&e, ZARRC_IO, "%s", text);
  assert_int_equal(strlen(e.message), sizeof e.message - 1);
  assert_string_equal(e.message + sizeof e.message - 5, "x...");
}

static void test_hostile_text(void **state) {
  (void)state;
  zarrc_error e;
  zarrc_fail(&e, ZARRC_IO, "%s",
             "a\x1b[31mb\nc\td\x7f"
             "e\xc2\x9bg\xffh\xed\xa0\x80i\xc0\xafj\xe2\x82");
  assert_string_equal(e.message, "a?[31mb?c?d?e??g?h???i??j??");
  zarrc_error_prefix(&e, "%s", "\r\xc3\xa9 ");
  assert_string_equal(e.message, "?\xc3\xa9 a?[31mb?c?d?e??g?h???i??j??");
  zarrc_fail(&e, ZARRC_IO, "a\xe2\x80\xae%s\xd8\x9c\xe2\x81\xa6 \xe2\x80\x94",
             "b"); /* U+202E, U+061C, U+2066; U+2014 */
  assert_string_equal(e.message, "a???b????? \xe2\x80\x94");
}

static void test_in_chunk(void **state) {
  (void)state;
  zarrc_error e = {0};
  zarrc_error_in_chunk(&e, "1,7", 3);
  assert_string_equal(e.chunk, "");
  zarrc_fail(&e, ZARRC_CHECKSUM, "bad CRC");
  zarrc_error_in_chunk(&e, "1,7", 8123);
  assert_string_equal(e.message, "inner chunk 1,7 at byte 8123: bad CRC");
  assert_string_equal(e.chunk, "1,7");
  assert_int_equal(e.offset, 8123);
  zarrc_error_in_chunk(&e, "0,3", 100);
  assert_string_equal(e.chunk, "0,3/1,7");
  assert_int_equal(e.offset, 8223);
  e.offset = INT64_MAX;
  zarrc_error_in_chunk(&e, "0", 1);
  assert_int_equal(e.offset, -1);
  zarrc_error_in_chunk(&e, "0", UINT64_MAX);
  assert_int_equal(e.offset, -1);
  char name[110];
  memset(name, '1', sizeof name);
  name[sizeof name - 1] = 0;
  zarrc_error_in_chunk(&e, name, 0);
  assert_string_equal(e.chunk + sizeof e.chunk - 4, "...");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_status_table),
      cmocka_unit_test(test_status_of_errno),
      cmocka_unit_test(test_fail_overwrites_all),
      cmocka_unit_test(test_fail_without_error),
      cmocka_unit_test(test_errno),
      cmocka_unit_test(test_prefix),
      cmocka_unit_test(test_arguments_may_lie_in_the_error),
      cmocka_unit_test(test_too_long),
      cmocka_unit_test(test_exact_fit),
      cmocka_unit_test(test_hostile_text),
      cmocka_unit_test(test_in_chunk),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

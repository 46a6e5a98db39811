/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zarrc/base.h>
#include <zarrc/plugin/store.h>

#include "base/utf8.h"
#include "support/said.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const zarrc_error dirty = {.code = ZARRC_CORRUPT,
                                  .os_error = 7,
                                  .http_status = 503,
                                  .transient = true,
                                  .retry_after_ms = 1500,
                                  .offset = 9,
                                  .store = "data.zarr",
                                  .key = "a/c/1/2",
                                  .chunk = "1,2",
                                  .inner_chunk = "3,4",
                                  .codec = "gzip",
                                  .within = "/codecs: ",
                                  .message = "old",
                                  .cause = 8,
                                  .reserved = {1, [sizeof dirty.reserved - 1] = 1}};

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
  assert_int_equal(e.http_status, 0);
  assert_false(e.transient);
  assert_int_equal(e.retry_after_ms, 0);
  assert_int_equal(e.cause, 0);
  const char *const texts[] = {e.store, e.key, e.chunk, e.inner_chunk, e.codec, e.within};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) assert_string_equal(texts[i], "");
  for (size_t i = 0; i < sizeof e.reserved; i++) assert_int_equal(e.reserved[i], 0);
  assert_string_equal(e.message, "3 of these");
}

/* As a program sees an error whose header has a member fewer, or one more: the size is the same, and what the library
 * that failed does not know of is zero. */
static void test_programs_of_other_versions(void **state) {
  (void)state;
  typedef struct older {
    unsigned char known[offsetof(zarrc_error, message)];
    char message[sizeof dirty.message];
    unsigned char reserved[sizeof dirty.reserved + sizeof(int64_t)]; /* of which `cause` was made */
  } older;
  typedef struct newer {
    unsigned char known[offsetof(zarrc_error, reserved)];
    int64_t added;
    unsigned char reserved[sizeof dirty.reserved - sizeof(int64_t)];
  } newer;
  assert_int_equal(sizeof(zarrc_error), 1600);
  assert_int_equal(sizeof(older), sizeof(zarrc_error));
  assert_int_equal(sizeof(newer), sizeof(zarrc_error));
  assert_int_equal(offsetof(zarrc_error, reserved) % 8, 0);
  struct {
    zarrc_error error;
    unsigned char behind[64];
  } room;
  memset(&room, 0xa5, sizeof room);
  zarrc_fail(&room.error, ZARRC_LIMIT, "too many");
  for (size_t i = 0; i < sizeof room.behind; i++) assert_int_equal(room.behind[i], 0xa5);
  newer seen;
  memcpy(&seen, &room.error, sizeof seen);
  assert_int_equal(seen.added, 0);
  older known;
  memcpy(&known, &room.error, sizeof known);
  assert_string_equal(known.message, "too many");
}

static void test_fail_without_error(void **state) {
  (void)state;
  assert_int_equal(zarrc_fail(NULL, ZARRC_IO, "%s", "x"), ZARRC_IO);
  zarrc_error_prefix(NULL, "x");
  zarrc_error_append(NULL, "x");
  zarrc_error_in_inner_chunk(NULL, "0", 1);
  zarrc_error_in_codec(NULL, "gzip");
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
  zarrc_error_append(&e, " <%s>", e.message);
  assert_string_equal(e.message, "a/c/1/2/gzip/old <a/c/1/2/gzip/old>");
  zarrc_fail(&e, ZARRC_IO, "%s", "a/c/1/2/gzip/old");
  zarrc_error_prefix(&e, "<%s> ", e.message);
  assert_string_equal(e.message, "<a/c/1/2/gzip/old> a/c/1/2/gzip/old");
}

static void test_prefix_and_append(void **state) {
  (void)state;
  zarrc_error e = {0};
  zarrc_error_prefix(&e, "level: ");
  zarrc_error_append(&e, "!");
  assert_string_equal(e.message, "");
  zarrc_fail(&e, ZARRC_INVALID_METADATA, "no integer");
  zarrc_error_prefix(&e, "%s: ", "level");
  zarrc_error_append(&e, " (%d)", 3);
  assert_string_equal(e.message, "level: no integer (3)");
  zarrc_error_in_codec(&e, "zstd");
  zarrc_error_prefix(&e, "codecs[%d]: ", 1);
  zarrc_error_prefix(&e, "codec sharding_indexed: ");
  assert_string_equal(e.message, "level: no integer (3)");
  assert_string_equal(e.within, "codec sharding_indexed: codecs[1]: ");
  assert_int_equal(e.code, ZARRC_INVALID_METADATA);
  assert_string_equal(SAID(e), "codec sharding_indexed: codecs[1]: codec zstd: level: no integer (3)");
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
        e.codec[0] = 0;
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
  e.message[sizeof e.message - 3] = 0;
  zarrc_error_append(&e, "%s", "xx");
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

static void test_in_inner_chunk(void **state) {
  (void)state;
  zarrc_error e = {0};
  zarrc_error_in_inner_chunk(&e, "1,7", 3);
  assert_string_equal(e.inner_chunk, "");
  zarrc_fail(&e, ZARRC_CHECKSUM, "bad CRC");
  zarrc_error_in_inner_chunk(&e, "1,7", 8123);
  assert_string_equal(e.message, "bad CRC");
  assert_string_equal(e.inner_chunk, "1,7");
  assert_int_equal(e.offset, 8123);
  assert_string_equal(SAID(e), "inner chunk 1,7, byte 8123: bad CRC");
  zarrc_error_in_inner_chunk(&e, "0,3", 100);
  assert_string_equal(e.inner_chunk, "0,3/1,7");
  assert_int_equal(e.offset, 8223);
  e.offset = INT64_MAX;
  zarrc_error_in_inner_chunk(&e, "0", 1);
  assert_int_equal(e.offset, -1);
  zarrc_error_in_inner_chunk(&e, "0", ZARRC_UNKNOWN);
  assert_int_equal(e.offset, -1);
  char name[110];
  memset(name, '1', sizeof name);
  name[sizeof name - 1] = 0;
  zarrc_error_in_inner_chunk(&e, name, 0);
  assert_string_equal(e.inner_chunk + strlen(e.inner_chunk) - 3, "...");
}

static void test_in_codec(void **state) {
  (void)state;
  static const zarrc_status outer[] = {ZARRC_IO, ZARRC_ACCESS, ZARRC_NETWORK, ZARRC_CANCELED};
  zarrc_error e;
  for (size_t i = 0; i < sizeof outer / sizeof *outer; i++) {
    zarrc_fail(&e, outer[i], "no");
    zarrc_error_in_codec(&e, "gzip");
    assert_string_equal(SAID(e), "no");
  }
  zarrc_fail(&e, ZARRC_CORRUPT, "bad CRC");
  zarrc_error_in_codec(&e, "gzip");
  zarrc_error_in_codec(&e, "sharding_indexed");
  assert_string_equal(e.codec, "gzip");
  assert_string_equal(SAID(e), "codec gzip: bad CRC");
}

static void test_in_key(void **state) {
  (void)state;
  zarrc_store named = {.url = "data.zarr"}, nameless = {.url = NULL};
  zarrc_error e = {0};
  zarrc_error_in_key(NULL, &named, "k");
  zarrc_error_in_key(&e, &named, "k");
  assert_string_equal(e.key, "");
  zarrc_fail(&e, ZARRC_IO, "no");
  zarrc_error_in_key(&e, NULL, "");
  zarrc_error_in_key(&e, &nameless, "inner");
  assert_string_equal(SAID(e), "inner: no");
  zarrc_error_in_key(&e, &named, "outer");
  assert_string_equal(SAID(e), "data.zarr/inner: no");
  zarrc_error_in_key(&e, &(zarrc_store){.url = "other"}, "");
  assert_string_equal(e.store, "data.zarr");
  char longest[sizeof e.store + 1], key[400];
  memset(longest, 's', sizeof longest);
  longest[sizeof longest - 1] = 0;
  for (size_t i = 0; i < sizeof key - 1; i++) key[i] = i % 2 ? '\xa9' : '\xc3';
  key[sizeof key - 2] = 0;
  zarrc_fail(&e, ZARRC_IO, "no");
  zarrc_error_in_key(&e, &(zarrc_store){.url = longest}, key);
  assert_string_equal(e.store, "");
  size_t n = strlen(e.key);
  assert_in_range(n, sizeof e.key - 2, sizeof e.key - 1);
  assert_string_equal(e.key + n - 3, "...");
  assert_int_equal(zarrc_utf8_valid((const uint8_t *)e.key, n), n);
}

static void test_text(void **state) {
  (void)state;
  static const struct {
    const char *store, *key, *chunk, *inner, *codec, *within;
    int64_t offset;
    const char *want;
  } rows[] = {
      {"", "", "", "", "", "", -1, "bad"},
      {"/d/data.zarr", "a/c/3/7", "3,7", "1,0", "zstd", "", 512,
       "/d/data.zarr/a/c/3/7: chunk 3,7, inner chunk 1,0, byte 512: codec zstd: bad"},
      {"data.zarr/", "c/0", "", "", "", "", -1, "data.zarr/c/0: bad"},
      {"https://host/x.zarr", "zarr.json", "", "", "zstd", "/codecs: ", -1,
       "https://host/x.zarr/zarr.json: /codecs: codec zstd: bad"},
      {"memory:", "c/0", "0", "", "", "", 0, "memory:c/0: chunk 0, byte 0: bad"},
      {"data.zarr", "", "", "", "", "", -1, "data.zarr: bad"},
      {"", "c/0", "", "2/0,1", "", "", -1, "c/0: inner chunk 2/0,1: bad"},
      {"", "", "", "", "", "", 7, "byte 7: bad"},
      {"a\x1b[1m", "b\n\xff\xe2\x80\xae", "", "", "c\r", "", -1, "a?[1m/b?????: codec c?: bad"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_error e;
    zarrc_fail(&e, ZARRC_CORRUPT, "bad");
    strcpy(e.store, rows[i].store);
    strcpy(e.key, rows[i].key);
    strcpy(e.chunk, rows[i].chunk);
    strcpy(e.inner_chunk, rows[i].inner);
    strcpy(e.codec, rows[i].codec);
    strcpy(e.within, rows[i].within);
    e.offset = rows[i].offset;
    assert_string_equal(SAID(e), rows[i].want);
  }
  zarrc_error e = {.code = ZARRC_CHECKSUM, .offset = -1};
  assert_string_equal(SAID(e), "checksum mismatch");
  e = (zarrc_error){0};
  assert_string_equal(SAID(e), "");
  assert_string_equal(SAID(dirty), "data.zarr/a/c/1/2: chunk 1,2, inner chunk 3,4, byte 9: /codecs: codec gzip: old");
  char untouched = 'x';
  assert_ptr_equal(zarrc_error_text(&dirty, &untouched, 0), &untouched);
  assert_int_equal(untouched, 'x');
}

/* With every member full there is room, and every smaller buffer gets whole characters and a NUL. */
static void test_text_is_cut(void **state) {
  (void)state;
  zarrc_error e = {.code = ZARRC_CORRUPT, .offset = INT64_MAX};
  struct {
    char *text;
    size_t size;
  } members[] = {{e.store, sizeof e.store},    {e.key, sizeof e.key},       {e.chunk, sizeof e.chunk},
                 {e.codec, sizeof e.codec},    {e.within, sizeof e.within}, {e.inner_chunk, sizeof e.inner_chunk},
                 {e.message, sizeof e.message}};
  for (size_t m = 0; m < sizeof members / sizeof *members; m++)
    for (size_t i = 0; i + 2 < members[m].size; i += 2) memcpy(members[m].text + i, "\xc3\xa9", 2);
  size_t n = strlen(SAID(e));
  assert_in_range(n, sizeof e - sizeof e.reserved - 48, ZARRC_ERROR_TEXT - 1);
  const char *whole = SAID(e);
  for (size_t size = 1; size <= n + 1; size++) {
    char text[ZARRC_ERROR_TEXT];
    memset(text, 'x', sizeof text);
    assert_ptr_equal(zarrc_error_text(&e, text, size), text);
    size_t got = strlen(text);
    assert_in_range(got, size > 1 ? size - 2 : 0, size - 1);
    assert_int_equal(text[size], 'x');
    assert_memory_equal(text, whole, got);
    assert_int_equal(zarrc_utf8_valid((const uint8_t *)text, got), got);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_status_table),
      cmocka_unit_test(test_status_of_errno),
      cmocka_unit_test(test_fail_overwrites_all),
      cmocka_unit_test(test_fail_without_error),
      cmocka_unit_test(test_errno),
      cmocka_unit_test(test_programs_of_other_versions),
      cmocka_unit_test(test_prefix_and_append),
      cmocka_unit_test(test_arguments_may_lie_in_the_error),
      cmocka_unit_test(test_too_long),
      cmocka_unit_test(test_exact_fit),
      cmocka_unit_test(test_hostile_text),
      cmocka_unit_test(test_in_inner_chunk),
      cmocka_unit_test(test_in_codec),
      cmocka_unit_test(test_in_key),
      cmocka_unit_test(test_text),
      cmocka_unit_test(test_text_is_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

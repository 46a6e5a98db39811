/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/checksum.h"
#include "support/context.h"
#include "support/counting_blob.h"

#include <string.h>

/* A sum that is easily told: of all bytes, each times its place. */
static uint32_t weigh(uint32_t before, const void *bytes, size_t n) {
  const uint8_t *p = bytes;
  for (size_t i = 0; i < n; i++) before = before * 3 + p[i];
  return before;
}

static const zarrc_checksum kinds[] = {
    {"weight", weigh, 7, false, false},
    {"weight", weigh, 7, false, true},
    {"weight", weigh, 7, true, false},
    {"weight", weigh, 7, true, true},
};
enum { NKINDS = sizeof kinds / sizeof *kinds };

static zarrc_bytes encode(zarrc_ctx *ctx, const zarrc_checksum *kind, zarrc_parts *parts) {
  zarrc_bytes joined = {0};
  zarrc_parts_init(parts, ctx);
  for (size_t i = 0; i < 10; i++)
    assert_int_equal(zarrc_parts_push(parts, (zarrc_bytes){(const uint8_t *)"0123456789" + i, 1, NULL, NULL}, NULL),
                     ZARRC_OK);
  assert_int_equal(zarrc_checksum_encode(kind, parts, NULL), ZARRC_OK);
  assert_int_equal(zarrc_parts_join(parts, &joined, NULL), ZARRC_OK);
  assert_int_equal(joined.len, 14);
  return joined;
}

static void before_and_behind(void **state) {
  for (size_t k = 0; k < NKINDS; k++) {
    zarrc_parts parts;
    zarrc_bytes value = encode(*state, &kinds[k], &parts);
    zarrc_buf out = zarrc_buf_new(*state, 100);
    size_t nbytes = 0;
    uint32_t sum = weigh(7, "0123456789", 10);
    const uint8_t *at = value.ptr + (kinds[k].at_start ? 0 : 10);
    assert_memory_equal(value.ptr + (kinds[k].at_start ? 4 : 0), "0123456789", 10);
    assert_int_equal(at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24, sum);
    assert_int_equal(zarrc_checksum_check(&kinds[k], &value, &nbytes, NULL), ZARRC_OK);
    assert_int_equal(nbytes, 10);
    assert_int_equal(zarrc_checksum_decode(&kinds[k], &value, 3, &out, NULL), ZARRC_OK);
    assert_int_equal(out.len, 3);
    assert_memory_equal(out.ptr, "012", 3);
    value.len--;
    assert_int_equal(zarrc_checksum_check(&kinds[k], &value, &nbytes, NULL), ZARRC_CHECKSUM);
    value.len = 3;
    assert_int_equal(zarrc_checksum_check(&kinds[k], &value, &nbytes, NULL), ZARRC_TRUNCATED);
    zarrc_buf_clear(&out);
    zarrc_parts_clear(&parts);
  }
  assert_int_equal(zarrc_checksum_encoded_size(10).nbytes, 14);
  assert_int_equal(zarrc_checksum_encoded_size(UINT64_MAX).kind, ZARRC_SIZE_UNKNOWN);
}

/* Ranges, of the bytes "0123456789", and what they read; NULL: they are refused. */
static void ranges_without_the_sum(void **state) {
  static const struct {
    zarrc_range range;
    const char *text;
  } rows[] = {
      {{.offset = 0, .nbytes = 4}, "0123"},
      {{.offset = 6, .nbytes = 4}, "6789"},
      {{.offset = 10, .nbytes = 0}, ""},
      {{.offset = -3, .nbytes = 2}, "78"},
      {{.offset = -10, .nbytes = 10}, "0123456789"},
      {{.offset = 8, .nbytes = 100, .to_end = true}, "89"},
      {{.offset = -2, .nbytes = 100, .to_end = true}, "89"},
      {{.offset = 0, .nbytes = 100, .to_end = true}, "0123456789"},
      {{.offset = 7, .nbytes = 4}, NULL},
      {{.offset = 11, .nbytes = 0}, NULL},
      {{.offset = -11, .nbytes = 1}, NULL},
      {{.offset = INT64_MAX, .nbytes = 1}, NULL},
      {{.offset = INT64_MIN, .nbytes = 1}, NULL},
      {{.offset = -3, .nbytes = 4}, NULL},
  };
  const zarrc_chunk_options trust = {.trust_checksums = true};
  for (size_t k = 0; k < NKINDS; k++) {
    zarrc_parts parts;
    counting_blob blob;
    zarrc_bytes value = encode(*state, &kinds[k], &parts);
    counting_blob_init(&blob, *state, value.ptr, value.len, false);
    for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
      uint8_t memory[100];
      const char *text = rows[i / 2].text;
      zarrc_range range = rows[i / 2].range;
      bool served = false;
      if (i % 2) range.into = memory;
      zarrc_status status = zarrc_checksum_read(&kinds[k], *state, &trust, &blob.blob, &range, 1, &served, NULL);
      if (served != (text != NULL) || !status != served) fail_msg("kind %zu, row %zu", k, i / 2);
      if (text) {
        assert_int_equal(range.got.len, strlen(text));
        assert_int_equal(range.total, 10);
        if (*text) assert_memory_equal(range.got.ptr, text, range.got.len);
      }
      zarrc_ranges_release(&range, 1);
    }
    zarrc_range range = {.nbytes = 1};
    bool served = true;
    assert_int_equal(zarrc_checksum_read(&kinds[k], *state, NULL, &blob.blob, &range, 1, &served, NULL), ZARRC_OK);
    assert_false(served);
    counting_blob_clear(&blob);
    zarrc_parts_clear(&parts);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(before_and_behind), cmocka_unit_test(ranges_without_the_sum)};
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

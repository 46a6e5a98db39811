/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/deflate.h"
#include "support/context.h"
#include "support/needs.h"

#include <string.h>

#if ZARRC_HAVE_DEFLATE

static const char text[] = "three three three three three three bytes";

/* The sums of "123456789" that are published, in one and in two steps. */
static void published_sums(void **state) {
  (void)state;
  assert_int_equal(zarrc_crc32(0, "123456789", 9), 0xcbf43926);
  assert_int_equal(zarrc_crc32(zarrc_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
  assert_int_equal(zarrc_adler32(1, "123456789", 9), 0x091e01de);
  assert_int_equal(zarrc_adler32(zarrc_adler32(1, "1234", 4), "56789", 5), 0x091e01de);
  assert_int_equal(zarrc_crc32(5, NULL, 0), 5);
  assert_int_equal(zarrc_adler32(5, NULL, 0), 5);
}

/* Encodes the text with 3 free bytes before and 5 after it. */
static void make_stream(zarrc_ctx *ctx, zarrc_parts *parts, size_t *made) {
  static const zarrc_deflating t = {6, 3, 5};
  zarrc_one_piece p;
  zarrc_parts_init(parts, ctx);
  assert_int_equal(zarrc_parts_push(parts, (zarrc_bytes){(const uint8_t *)text, sizeof text, NULL, NULL}, NULL),
                   ZARRC_OK);
  assert_int_equal(zarrc_one_piece_join(&p, parts, NULL), ZARRC_OK);
  assert_int_equal(zarrc_deflate(ctx, &t, parts, &p, made, NULL), ZARRC_OK);
  memset(p.memory, 0xff, 3);
  memset(p.memory + *made - 5, 0xff, 5);
  assert_int_equal(zarrc_one_piece_end(&p, parts, *made, NULL), ZARRC_OK);
}

static void there_and_back(void **state) {
  zarrc_parts parts;
  size_t made = 0;
  make_stream(*state, &parts, &made);
  assert_true(made < sizeof text);
  for (int stream = 0; stream <= ZARRC_HAVE_ZLIB; stream++) {
    if (!stream && !ZARRC_HAVE_LIBDEFLATE) continue;
    zarrc_inflater d = {.ctx = *state, .stream = stream};
    assert_int_equal(zarrc_inflater_open(&d, NULL), ZARRC_OK);
    for (size_t n = made - 3; n + 1 > 0 && n > 4; n--) { /* the second time the same object is used again */
      zarrc_buf out = zarrc_buf_new(*state, sizeof text);
      zarrc_inflating t = {parts.items[0].ptr + 3, n, SIZE_MAX, sizeof text, &out, 0, false};
      zarrc_status status = zarrc_inflate(&d, &t, NULL);
      if (n >= made - 8) {
        assert_int_equal(status, ZARRC_OK);
        assert_int_equal(t.used, made - 8);
        assert_int_equal(out.len, sizeof text);
        assert_memory_equal(out.ptr, text, sizeof text);
      } else {
        assert_true(status == ZARRC_TRUNCATED || (!ZARRC_HAVE_ZLIB && status == ZARRC_CORRUPT));
      }
      zarrc_buf_clear(&out);
    }
    zarrc_inflater_close(&d);
  }
  zarrc_parts_clear(&parts);
}

static void too_much(void **state) {
  zarrc_parts parts;
  size_t made = 0;
  make_stream(*state, &parts, &made);
  zarrc_buf out = zarrc_buf_new(*state, sizeof text - 1);
  zarrc_inflater d = {.ctx = *state, .stream = zarrc_inflate_by_stream(SIZE_MAX, sizeof text)};
  zarrc_inflating t = {parts.items[0].ptr + 3, made - 3, SIZE_MAX, sizeof text - 1, &out, 0, false};
  assert_int_equal(zarrc_inflate_bound(1, &out), sizeof text - 1);
  assert_int_equal(zarrc_inflater_open(&d, NULL), ZARRC_OK);
  assert_int_equal(zarrc_inflate(&d, &t, NULL), ZARRC_SIZE_MISMATCH);
  zarrc_inflater_close(&d);
  zarrc_buf_clear(&out);
  zarrc_parts_clear(&parts);
}

static void early_by_stream(void **state) {
  (void)state;
  assert_int_equal(zarrc_inflate_by_stream(SIZE_MAX, 1000), !ZARRC_HAVE_LIBDEFLATE);
  assert_int_equal(zarrc_inflate_by_stream(10, 1000), ZARRC_HAVE_ZLIB);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(published_sums), cmocka_unit_test(there_and_back),
                                     cmocka_unit_test(too_much), cmocka_unit_test(early_by_stream)};
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

#else

int main(void) {
  return 0;
}

#endif

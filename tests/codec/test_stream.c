/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/stream.h"
#include "support/context.h"

#include <string.h>

/* A compressor that doubles: "<abc>" is the stream of "aabbcc". It holds back one byte of its output. */
typedef struct doubling {
  size_t nbegun;
  char held; /* output that is owed; 0: none */
  bool inside, closing, bad;
} doubling;

static zarrc_status begin(void *state, zarrc_error *error) {
  doubling *d = state;
  (void)error;
  *d = (doubling){.nbegun = d->nbegun + 1};
  return ZARRC_OK;
}

static zarrc_status decode_step(void *state, zarrc_stream_step *s, zarrc_error *error) {
  doubling *d = state;
  while (s->nout && (d->held || s->nin)) {
    if (d->held) {
      *s->out++ = (uint8_t)d->held, s->nout--, d->held = 0;
      continue;
    }
    char c = (char)*s->in++;
    s->nin--;
    if (c == '!') return zarrc_fail(error, ZARRC_CORRUPT, "bad");
    if (c == '<') continue;
    if (c == '>') {
      s->end = true;
      return ZARRC_OK;
    }
    *s->out++ = (uint8_t)c, s->nout--, d->held = c;
  }
  return ZARRC_OK;
}

static zarrc_status encode_step(void *state, zarrc_stream_step *s, zarrc_error *error) {
  doubling *d = state;
  (void)error;
  if (!d->inside && s->nout) *s->out++ = '<', s->nout--, d->inside = true;
  while (s->nin > 1 && s->nout) *s->out++ = *s->in, s->nout--, s->in += 2, s->nin -= 2;
  if (s->last && s->nin == 0 && s->nout) *s->out++ = '>', s->nout--, s->end = true;
  return ZARRC_OK;
}

static void decodes(void **state) {
  static const struct {
    const char *in, *out;
    size_t need, max, nbegun;
    zarrc_status status;
  } rows[] = {
      {"<abc>", "aabbcc", SIZE_MAX, 6, 1, ZARRC_OK},
      {"<abc>", "aabbcc", SIZE_MAX, 60, 1, ZARRC_OK},
      {"<abc><><d>", "aabbccdd", SIZE_MAX, 8, 3, ZARRC_OK},
      {"<>", "", SIZE_MAX, 0, 1, ZARRC_OK},
      {"<abc>!", "aab", 3, 6, 1, ZARRC_OK},
      {"<abc>", "aabbcc", SIZE_MAX, 5, 1, ZARRC_SIZE_MISMATCH},
      {"<abc>", "aabbcc", SIZE_MAX, 4, 1, ZARRC_SIZE_MISMATCH},
      {"<abc", "", SIZE_MAX, 6, 1, ZARRC_TRUNCATED},
      {"<abc><", "", SIZE_MAX, 6, 2, ZARRC_TRUNCATED},
      {"", "", SIZE_MAX, 6, 0, ZARRC_TRUNCATED},
      {"<abc>!", "", SIZE_MAX, 6, 2, ZARRC_CORRUPT},
  };
  for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
    doubling d = {0};
    uint8_t memory[60];
    const size_t r = i / 2;
    zarrc_stream stream = {&d, begin, decode_step};
    zarrc_bytes in = {(const uint8_t *)rows[r].in, strlen(rows[r].in), NULL, NULL};
    zarrc_buf out = i % 2 ? zarrc_buf_over(memory, rows[r].max) : zarrc_buf_new(*state, rows[r].max);
    if (zarrc_stream_decode(*state, &stream, &in, rows[r].need, &out, NULL) != rows[r].status) fail_msg("row %zu", r);
    assert_int_equal(d.nbegun, rows[r].nbegun);
    if (!rows[r].status) {
      size_t n = strlen(rows[r].out);
      assert_true(rows[r].need == SIZE_MAX ? out.len == n : out.len >= n);
      if (n) assert_memory_equal(out.ptr, rows[r].out, n);
    }
    zarrc_buf_clear(&out);
  }
}

static void encodes(void **state) {
  static uint8_t twice[10000];
  for (size_t n = 0; n <= sizeof twice; n += n < 100 ? 2 : 3300) {
    doubling d = {0};
    zarrc_parts parts;
    zarrc_stream stream = {&d, begin, encode_step};
    for (size_t i = 0; i < n; i++) twice[i] = (uint8_t)('a' + i / 2 % 26);
    zarrc_parts_init(&parts, *state);
    assert_int_equal(zarrc_parts_push(&parts, (zarrc_bytes){twice, n / 4 * 2, NULL, NULL}, NULL), ZARRC_OK);
    assert_int_equal(zarrc_parts_push(&parts, (zarrc_bytes){twice + n / 4 * 2, n - n / 4 * 2, NULL, NULL}, NULL),
                     ZARRC_OK);
    assert_int_equal(zarrc_stream_encode(*state, &stream, &parts, NULL), ZARRC_OK);
    assert_int_equal(parts.nitems, 1);
    assert_int_equal(parts.nbytes, n / 2 + 2);
    assert_int_equal(parts.items[0].ptr[n / 2 + 1], '>');
    for (size_t i = 0; i < n / 2; i++) assert_int_equal(parts.items[0].ptr[1 + i], twice[2 * i]);
    zarrc_parts_clear(&parts);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(decodes), cmocka_unit_test(encodes)};
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

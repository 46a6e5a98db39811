/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zarrc/base.h>
#include <zarrc/plugin/blob.h>

#include "support/faulty_alloc.h"

#include <stdlib.h>
#include <string.h>

static zarrc_ctx *ctx;
static int released;

static int setup(void **state) {
  (void)state;
  return zarrc_ctx_open(NULL, &ctx, NULL);
}

static int teardown(void **state) {
  (void)state;
  zarrc_ctx_close(ctx);
  return 0;
}

static void release(zarrc_bytes *bytes) {
  released++;
  free(bytes->owner);
}

static zarrc_bytes loan(const char *text) {
  char *copy = strdup(text);
  return (zarrc_bytes){(const uint8_t *)copy, strlen(text), release, copy};
}

static void check_join(zarrc_parts *parts, const char *want) {
  zarrc_bytes all;
  for (int again = 0; again < 2; again++) {
    assert_int_equal(zarrc_parts_join(parts, &all, NULL), ZARRC_OK);
    assert_int_equal(all.len, strlen(want));
    if (all.len) assert_memory_equal(all.ptr, want, all.len);
    assert_int_equal(parts->nbytes, strlen(want));
    assert_null(all.release);
  }
}

static void test_pieces(void **state) {
  (void)state;
  zarrc_parts parts;
  zarrc_parts_init(&parts, ctx);
  for (int n = 0; n < 20; n++) {
    char want[100] = "";
    released = 0;
    for (int i = 0; i < n; i++) {
      static const char *const texts[] = {"abc", "", "d", "efghi"};
      assert_int_equal(zarrc_parts_push(&parts, loan(texts[i % 4]), NULL), ZARRC_OK);
      strcat(want, texts[i % 4]);
      assert_int_equal(parts.nitems, i + 1);
      assert_int_equal(parts.nbytes, strlen(want));
    }
    assert_int_equal(released, 0);
    check_join(&parts, want);
    assert_int_equal(released, n > 1 ? n : 0);
    assert_int_equal(zarrc_parts_push(&parts, loan("!"), NULL), ZARRC_OK); /* goes on behind what was joined */
    check_join(&parts, strcat(want, "!"));
    zarrc_parts_clear(&parts);
    assert_int_equal(released, n + 1);
    assert_int_equal(parts.nitems + parts.nbytes, 0);
    assert_ptr_equal(parts.items, parts.first);
  }
}

static void test_one_piece_is_not_copied(void **state) {
  (void)state;
  zarrc_parts parts;
  zarrc_bytes all;
  zarrc_parts_init(&parts, ctx);
  assert_int_equal(zarrc_parts_push(&parts, (zarrc_bytes){.ptr = (const uint8_t *)"here", .len = 4}, NULL), ZARRC_OK);
  assert_int_equal(zarrc_parts_join(&parts, &all, NULL), ZARRC_OK);
  assert_ptr_equal(all.ptr, parts.items[0].ptr);
  zarrc_parts_clear(&parts);
}

static void test_add_and_trim(void **state) {
  (void)state;
  zarrc_parts parts;
  uint8_t *memory;
  zarrc_parts_init(&parts, ctx);
  zarrc_parts_trim(&parts, 5); /* nothing to trim */
  assert_int_equal(zarrc_parts_add(&parts, 1000, &memory, NULL), ZARRC_OK);
  assert_int_equal((uintptr_t)memory % 64, 0);
  memset(memory, 'a', 1000);
  zarrc_parts_trim(&parts, 3);
  assert_int_equal(parts.nbytes, 3);
  assert_int_equal(zarrc_parts_add(&parts, 2, &memory, NULL), ZARRC_OK);
  memset(memory, 'b', 2);
  zarrc_parts_trim(&parts, 3); /* never longer */
  assert_int_equal(zarrc_parts_add(&parts, 0, &memory, NULL), ZARRC_OK);
  assert_int_equal(zarrc_parts_add(&parts, 50, &memory, NULL), ZARRC_OK);
  zarrc_parts_trim(&parts, 0);
  check_join(&parts, "aaabb");
  zarrc_parts_clear(&parts);
}

static void test_into(void **state) {
  (void)state;
  zarrc_parts parts;
  uint8_t *memory, *into = malloc(10);
  zarrc_parts_init(&parts, ctx);
  parts.into = into;
  parts.into_nbytes = 10;
  assert_int_equal(zarrc_parts_add(&parts, 11, &memory, NULL), ZARRC_OK); /* does not fit */
  assert_ptr_not_equal(memory, into);
  memset(memory, 'x', 11);
  assert_int_equal(zarrc_parts_add(&parts, 10, &memory, NULL), ZARRC_OK);
  assert_ptr_equal(memory, into);
  memset(memory, 'y', 10);
  zarrc_parts_trim(&parts, 2);
  assert_null(parts.into);
  assert_int_equal(zarrc_parts_add(&parts, 1, &memory, NULL), ZARRC_OK); /* used up */
  assert_true(memory < into || memory >= into + 10);
  *memory = 'z';
  check_join(&parts, "xxxxxxxxxxxyyz");
  parts.into = into;
  zarrc_parts_clear(&parts);
  assert_null(parts.into);
  free(into);
}

static void test_too_many_bytes(void **state) {
  (void)state;
  zarrc_parts parts;
  zarrc_parts_init(&parts, ctx);
  parts.nbytes = UINT64_MAX - 2;
  released = 0;
  assert_int_equal(zarrc_parts_push(&parts, loan("abc"), NULL), ZARRC_LIMIT);
  assert_int_equal(released, 1);
  assert_int_equal(parts.nitems, 0);
  zarrc_parts_clear(&parts);
}

static zarrc_status work(const zarrc_ctx_options *options, void *arg) {
  (void)arg;
  zarrc_ctx *c = NULL;
  zarrc_error e = {0};
  zarrc_status status = zarrc_ctx_open(options, &c, &e);
  if (status) return status;
  zarrc_parts parts;
  uint8_t into[10], *memory = NULL;
  zarrc_parts_init(&parts, c);
  released = 0;
  int lent = 0;
  for (int i = 0; i < 20 && !status; i++) {
    parts.into = i == 7 ? into : NULL;
    parts.into_nbytes = sizeof into;
    size_t nitems = parts.nitems;
    if (i % 3) {
      lent++;
      status = zarrc_parts_push(&parts, loan("piece"), &e);
    } else {
      status = zarrc_parts_add(&parts, (size_t)i * 100, &memory, &e);
    }
    assert_int_equal(parts.nitems, nitems + (status == ZARRC_OK));
    if (status && i % 3) assert_int_equal(released, 1);
  }
  zarrc_bytes all;
  if (!status) status = zarrc_parts_join(&parts, &all, &e);
  zarrc_parts_clear(&parts);
  assert_int_equal(released, lent);
  assert_int_equal(status, e.code);
  zarrc_ctx_close(c);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  assert_in_range(faulty_alloc_each(NULL, work, NULL), 10, 40);
}

typedef struct counter {
  int made, last, closed;
} counter;

static zarrc_status count_next(void *state, zarrc_parts *parts, zarrc_error *error) {
  counter *c = state;
  assert_int_equal(parts->nitems, 0);
  assert_int_equal(parts->nbytes, 0);
  if (c->made == c->last) return ZARRC_OK;
  if (++c->made == 3) return zarrc_fail(error, ZARRC_CORRUPT, "the third");
  return zarrc_parts_push(parts, loan("more"), error);
}

static void count_close(void *state) {
  ((counter *)state)->closed++;
}

static void test_source(void **state) {
  static const zarrc_source source = {sizeof(zarrc_source), count_next, count_close};
  (void)state;
  for (int last = 0; last <= 3; last++) {
    counter c = {.last = last};
    zarrc_error error;
    zarrc_parts parts;
    bool more;
    released = 0;
    zarrc_parts_init(&parts, ctx);
    assert_int_equal(zarrc_parts_push(&parts, loan("first"), NULL), ZARRC_OK);
    parts.source = &source;
    parts.source_state = &c;
    for (int i = 0; i < last && i < 2; i++) {
      assert_int_equal(zarrc_parts_next(&parts, &more, &error), ZARRC_OK);
      assert_true(more);
      assert_int_equal(released, i + 1);
      check_join(&parts, "more");
    }
    assert_int_equal(zarrc_parts_next(&parts, &more, &error), last == 3 ? ZARRC_CORRUPT : ZARRC_OK);
    assert_false(more);
    assert_int_equal(released, last < 3 ? last + 1 : 3);
    assert_int_equal(c.closed, 0);
    zarrc_parts_clear(&parts);
    assert_int_equal(c.closed, 1);
    assert_null(parts.source);
    assert_int_equal(zarrc_parts_next(&parts, &more, &error), ZARRC_OK);
    assert_false(more);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_pieces),
      cmocka_unit_test(test_source),
      cmocka_unit_test(test_one_piece_is_not_copied),
      cmocka_unit_test(test_add_and_trim),
      cmocka_unit_test(test_into),
      cmocka_unit_test(test_too_many_bytes),
      cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}

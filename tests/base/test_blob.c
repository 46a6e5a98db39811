/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zarrc/base.h>
#include <zarrc/plugin/blob.h>

#include "base/reading.h"
#include "support/faulty_alloc.h"

#include <stdlib.h>
#include <string.h>

static zarrc_ctx *ctx;

static int setup(void **state) {
  (void)state;
  return zarrc_ctx_open(NULL, &ctx, NULL);
}

static int teardown(void **state) {
  (void)state;
  zarrc_ctx_close(ctx);
  return 0;
}

static int released;
static void count_release(zarrc_bytes *bytes) {
  assert_int_equal(bytes->len, 3);
  released++;
}

static void test_release(void **state) {
  (void)state;
  released = 0;
  zarrc_bytes_release(NULL);
  zarrc_bytes b = {0};
  zarrc_bytes_release(&b);
  b = (zarrc_bytes){(const uint8_t *)"abc", 3, count_release, &b};
  zarrc_bytes_release(&b);
  assert_int_equal(released, 1);
  assert_null(b.ptr);
  assert_null(b.release);
  assert_null(b.owner);
  zarrc_bytes_release(&b);
  assert_int_equal(released, 1);
  zarrc_range r[3] = {{.got = {(const uint8_t *)"abc", 3, count_release, NULL}},
                      {.got = {(const uint8_t *)"abc", 3, NULL, NULL}},
                      {.got = {(const uint8_t *)"abc", 3, count_release, NULL}}};
  zarrc_ranges_release(r, 3);
  assert_int_equal(released, 3);
  for (int i = 0; i < 3; i++) assert_null(r[i].got.ptr);
  zarrc_ranges_release(NULL, 0);
}

/* Every range of every small value, against the rule spelt out another way. */
static void test_every_range(void **state) {
  (void)state;
  for (int total = 0; total < 7; total++) {
    uint8_t *value = malloc((size_t)total);
    for (int i = 0; i < total; i++) value[i] = (uint8_t)(10 + i);
    uint8_t none;
    zarrc_memory_blob b;
    zarrc_memory_blob_init(&b, ctx, value ? value : &none, (size_t)total);
    for (int offset = -9; offset < 9; offset++)
      for (int nbytes = 0; nbytes < 9; nbytes++)
        for (int kind = 0; kind < 4; kind++) {
          bool to_end = kind & 1;
          uint8_t *into = kind & 2 ? malloc((size_t)nbytes) : NULL;
          zarrc_range r = {.offset = offset, .nbytes = (uint64_t)nbytes, .to_end = to_end, .into = into};
          int start = offset < 0 ? total + offset : offset;
          int length = to_end ? total - start : nbytes;
          zarrc_status want = ZARRC_OK;
          if (start < 0 || start > total || (!to_end && start + nbytes > total)) want = ZARRC_TRUNCATED;
          if (!want && length > nbytes) want = ZARRC_LIMIT;
          zarrc_error e = {0};
          assert_int_equal(zarrc_blob_read(&b.blob, &r, 1, &e), want);
          assert_int_equal(e.code, want);
          if (want) {
            assert_null(r.got.ptr);
          } else {
            assert_int_equal(r.got.len, length);
            assert_int_equal(r.total, total);
            assert_ptr_equal(r.got.ptr, into ? into : b.value.ptr + start);
            for (int i = 0; i < length; i++) assert_int_equal(r.got.ptr[i], 10 + start + i);
          }
          zarrc_ranges_release(&r, 1);
          free(into);
        }
    zarrc_memory_blob_clear(&b);
    free(value);
  }
}

static void test_extreme_ranges(void **state) {
  (void)state;
  zarrc_memory_blob b;
  zarrc_memory_blob_init(&b, NULL, "abc", 3);
  zarrc_range bad[] = {
      {.offset = INT64_MIN, .nbytes = 1},          {.offset = INT64_MIN, .nbytes = UINT64_MAX, .to_end = true},
      {.offset = INT64_MAX, .nbytes = UINT64_MAX}, {.offset = 1, .nbytes = UINT64_MAX},
      {.offset = -1, .nbytes = UINT64_MAX},        {.offset = INT64_MAX, .nbytes = 1, .to_end = true}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    zarrc_error e;
    assert_int_equal(zarrc_blob_read(&b.blob, &bad[i], 1, &e), ZARRC_TRUNCATED);
    assert_true(e.offset == 3); /* where the value ends */
    assert_int_equal(zarrc_blob_read(&b.blob, &bad[i], 1, NULL), ZARRC_TRUNCATED);
  }
  zarrc_range r = {.nbytes = UINT64_MAX, .to_end = true};
  assert_int_equal(zarrc_blob_read(&b.blob, &r, 1, NULL), ZARRC_OK);
  assert_int_equal(r.got.len, 3);
}

/* One bad range among good ones: nothing is lent and nothing is written. */
static void test_all_or_nothing(void **state) {
  (void)state;
  zarrc_memory_blob b;
  char into[] = "--";
  zarrc_memory_blob_init(&b, ctx, "abcdef", 6);
  zarrc_range r[] = {{.offset = 0, .nbytes = 2, .into = into}, {.offset = 2, .nbytes = 2}, {.offset = 5, .nbytes = 2}};
  assert_int_equal(zarrc_blob_read(&b.blob, r, 3, NULL), ZARRC_TRUNCATED);
  assert_string_equal(into, "--");
  assert_null(r[1].got.ptr);
  assert_int_equal(zarrc_blob_read(&b.blob, r, 2, NULL), ZARRC_OK);
  assert_string_equal(into, "ab");
  assert_memory_equal(r[1].got.ptr, "cd", 2);
  assert_int_equal(zarrc_blob_read(&b.blob, NULL, 0, NULL), ZARRC_OK);
}

static void test_read_all(void **state) {
  (void)state;
  zarrc_memory_blob b;
  zarrc_bytes all = {.len = 99};
  zarrc_error e;
  zarrc_memory_blob_init(&b, ctx, "abcdef", 6);
  assert_int_equal(zarrc_blob_read_all(&b.blob, 5, &all, &e), ZARRC_LIMIT);
  assert_int_equal(all.len, 99);
  assert_int_equal(zarrc_blob_read_all(&b.blob, 6, &all, &e), ZARRC_OK);
  assert_int_equal(all.len, 6);
  assert_memory_equal(all.ptr, "abcdef", 6);
  zarrc_bytes_release(&all);
  zarrc_memory_blob_init(&b, ctx, "", 0);
  assert_int_equal(zarrc_blob_read_all(&b.blob, 0, &all, &e), ZARRC_OK);
  assert_int_equal(all.len, 0);
  zarrc_memory_blob_init(&b, ctx, NULL, 0);
  assert_int_equal(zarrc_blob_read_all(&b.blob, 9, &all, &e), ZARRC_NOT_FOUND);
  assert_int_equal(zarrc_blob_read_all(&b.blob, 9, &all, NULL), ZARRC_NOT_FOUND);
}

static void check(zarrc_memory_blob *b, const char *want) {
  zarrc_bytes all;
  assert_int_equal(zarrc_blob_read_all(&b->blob, 100, &all, NULL), ZARRC_OK);
  assert_int_equal(all.len, strlen(want));
  assert_memory_equal(all.ptr, want, all.len);
  zarrc_bytes_release(&all);
}

static void test_replace_and_erase(void **state) {
  (void)state;
  uint64_t before = zarrc_ctx_memory(ctx);
  zarrc_memory_blob b;
  zarrc_memory_blob_init(&b, ctx, NULL, 0);
  assert_false(b.present);
  assert_int_equal(b.blob.ops->erase(&b.blob, true, NULL), ZARRC_OK);
  zarrc_bytes parts[] = {{.ptr = (const uint8_t *)"one", .len = 3}, {0}, {.ptr = (const uint8_t *)"two", .len = 3}};
  assert_int_equal(b.blob.ops->replace(&b.blob, parts, 3, false, NULL), ZARRC_OK);
  check(&b, "onetwo");
  /* pieces on loan from the value that goes */
  zarrc_range r[] = {{.offset = -3, .nbytes = 3}, {.offset = 0, .nbytes = 2}};
  assert_int_equal(zarrc_blob_read(&b.blob, r, 2, NULL), ZARRC_OK);
  zarrc_bytes turned[] = {r[0].got, r[1].got};
  assert_int_equal(b.blob.ops->replace(&b.blob, turned, 2, true, NULL), ZARRC_OK);
  zarrc_ranges_release(r, 2);
  check(&b, "twoon");
  assert_int_equal(b.blob.ops->replace(&b.blob, NULL, 0, false, NULL), ZARRC_OK);
  assert_true(b.present);
  check(&b, "");
  assert_int_equal(b.blob.ops->erase(&b.blob, true, NULL), ZARRC_OK);
  assert_false(b.present);
  zarrc_bytes all;
  assert_int_equal(zarrc_blob_read_all(&b.blob, 9, &all, NULL), ZARRC_NOT_FOUND);
  zarrc_memory_blob_clear(&b);
  assert_int_equal(zarrc_ctx_memory(ctx), before);

  char borrowed[] = "keep me";
  zarrc_memory_blob_init(&b, ctx, borrowed, 7);
  assert_int_equal(b.blob.ops->replace(&b.blob, parts, 1, false, NULL), ZARRC_OK);
  check(&b, "one");
  assert_string_equal(borrowed, "keep me");
  zarrc_memory_blob_clear(&b);
  assert_int_equal(zarrc_ctx_memory(ctx), before);
}

static void test_absurd_pieces(void **state) {
  (void)state;
  zarrc_memory_blob b;
  zarrc_error e;
  zarrc_memory_blob_init(&b, ctx, "abc", 3);
  zarrc_bytes parts[] = {{.ptr = (const uint8_t *)"x", .len = SIZE_MAX}, {.ptr = (const uint8_t *)"x", .len = 2}};
  assert_int_equal(b.blob.ops->replace(&b.blob, parts, 2, false, &e), ZARRC_NO_MEMORY);
  check(&b, "abc");
  zarrc_memory_blob_init(&b, NULL, "abc", 3); /* read only, as there is no context */
  assert_int_equal(b.blob.ops->replace(&b.blob, parts + 1, 0, false, &e), ZARRC_NO_MEMORY);
  check(&b, "abc");
}

static zarrc_status work(const zarrc_ctx_options *options, void *arg) {
  (void)arg;
  zarrc_ctx *c = NULL;
  zarrc_error e = {0};
  zarrc_status status = zarrc_ctx_open(options, &c, &e);
  if (status) return status;
  zarrc_memory_blob b;
  zarrc_memory_blob_init(&b, c, "old", 3);
  const char *want = "old";
  zarrc_bytes new = {.ptr = (const uint8_t *)"new", .len = 3}, newer = {.ptr = (const uint8_t *)"newer", .len = 5};
  status = b.blob.ops->replace(&b.blob, &new, 1, false, &e);
  if (!status) {
    want = "new";
    status = b.blob.ops->replace(&b.blob, &newer, 1, false, &e);
  }
  if (!status) want = "newer";
  check(&b, want);
  zarrc_memory_blob_clear(&b);
  zarrc_ctx_close(c);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  assert_int_equal(faulty_alloc_each(NULL, work, NULL), 3);
}

static bool keep_all(const zarrc_blob *blob, uint64_t offset, uint64_t nbytes, zarrc_bytes *out) {
  (void)blob;
  *out = (zarrc_bytes){.len = (size_t)nbytes, .owner = (void *)(uintptr_t)offset};
  return true;
}

/* Only a kind of blob that says so keeps bytes; kinds compiled before that was possible have no such member. */
static void test_keep(void **state) {
  (void)state;
  zarrc_blob_ops ops = {.struct_size = sizeof ops, .keep = keep_all};
  zarrc_blob blob = {.ops = &ops};
  zarrc_bytes piece = {0};
  assert_true(zarrc_blob_keep(&blob, 5, 3, &piece));
  assert_int_equal(piece.len, 3);
  assert_int_equal((uintptr_t)piece.owner, 5);
  assert_false(zarrc_blob_keep(&blob, 5, 0, &piece));
  ops.struct_size = offsetof(zarrc_blob_ops, keep);
  assert_false(zarrc_blob_keep(&blob, 5, 3, &piece));
  ops = (zarrc_blob_ops){.struct_size = sizeof ops};
  assert_false(zarrc_blob_keep(&blob, 5, 3, &piece));
  zarrc_memory_blob memory;
  zarrc_memory_blob_init(&memory, ctx, "abc", 3);
  assert_false(zarrc_blob_keep(&memory.blob, 0, 3, &piece));
}

/* ------------------------------------------------------------------------------------ tables of other lengths */

static zarrc_status silent_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  (void)blob, (void)ranges, (void)n, (void)error;
  return ZARRC_NETWORK;
}

static zarrc_status refuse_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                   zarrc_error *error) {
  (void)blob, (void)parts, (void)n, (void)if_unchanged;
  return zarrc_fail(error, ZARRC_ACCESS, "not today");
}

/* What was compiled before there was an operation has none, whatever lies behind its table. */
static void test_shorter_and_longer_tables(void **state) {
  (void)state;
  zarrc_error e;
  size_t size = offsetof(zarrc_blob_ops, close);
  zarrc_blob_ops *older = malloc(size); /* the address sanitizer sees a byte too much */
  memcpy(older, &(zarrc_blob_ops){.struct_size = size, .read = silent_read}, size);
  struct {
    zarrc_blob_ops table;
    void (*newer)(void);
  } newer = {{.struct_size = sizeof newer, .read = silent_read, .replace = refuse_replace}, (void (*)(void))1};
  zarrc_blob blob = {.ops = older};
  zarrc_identity identity;
  zarrc_bytes piece;
  bool known = true;
  for (int is_newer = 0; is_newer < 2; is_newer++) {
    if (is_newer) blob.ops = &newer.table;
    e = (zarrc_error){.code = ZARRC_CORRUPT, .message = "stale"};
    assert_int_equal(zarrc_blob_read(&blob, NULL, 0, &e), ZARRC_NETWORK);
    assert_string_equal(e.message, "network error"); /* of a blob that says nothing */
    assert_int_equal(zarrc_blob_is_writable(&blob), is_newer);
    assert_int_equal(zarrc_blob_replace(&blob, NULL, 0, false, &e), is_newer ? ZARRC_ACCESS : ZARRC_INVALID_ARGUMENT);
    assert_string_equal(e.message,
                        is_newer ? "not today" : "the value cannot be written: it was opened for reading only");
    assert_int_equal(zarrc_blob_replace_from(&blob, NULL, false, &e), ZARRC_INVALID_ARGUMENT);
    assert_int_equal(zarrc_blob_erase(&blob, false, &e), ZARRC_INVALID_ARGUMENT);
    assert_int_equal(zarrc_blob_identify(&blob, &identity, &known, &e), ZARRC_OK);
    assert_false(known);
    assert_false(zarrc_blob_keep(&blob, 0, 1, &piece));
    zarrc_blob_close(&blob);
  }
  free(older);
}

typedef struct front_blob {
  zarrc_blob blob;
  zarrc_blob *behind;
} front_blob;

static zarrc_blob *behind_of(const zarrc_blob *blob) {
  return ((const front_blob *)blob)->behind;
}

static int count_close_calls;

static void front_close(zarrc_blob *blob) {
  count_close_calls++;
  zarrc_blob_close(behind_of(blob));
}

/* A blob in front of another one leaves to it what it does not do itself. */
static void test_inner(void **state) {
  (void)state;
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops, .inner = behind_of};
  static const zarrc_blob_ops closing = {.struct_size = sizeof closing, .close = front_close, .inner = behind_of};
  zarrc_error e;
  zarrc_memory_blob memory;
  zarrc_memory_blob_init(&memory, ctx, "abc", 3);
  front_blob one = {{.ops = &ops}, &memory.blob}, two = {{.ops = &closing}, &one.blob};
  zarrc_bytes got, piece = {.ptr = (const uint8_t *)"new", .len = 3};
  assert_true(zarrc_blob_is_writable(&two.blob));
  assert_int_equal(zarrc_blob_read_all(&two.blob, 3, &got, &e), ZARRC_OK);
  assert_memory_equal(got.ptr, "abc", 3);
  assert_int_equal(zarrc_blob_replace(&two.blob, &piece, 1, true, &e), ZARRC_OK);
  check(&memory, "new");
  assert_int_equal(zarrc_blob_erase(&two.blob, true, &e), ZARRC_OK);
  assert_false(memory.present);
  assert_int_equal(zarrc_blob_replace(&two.blob, &piece, 1, true, &e), ZARRC_OK);
  zarrc_blob_close(&two.blob);
  assert_int_equal(count_close_calls, 1);
  assert_false(memory.present);
}

/* ------------------------------------------------------------------------------------------------------- traits */

static void test_traits(void **state) {
  (void)state;
  zarrc_blob near = {0};
  zarrc_blob_traits t = zarrc_blob_get_traits(&near);
  assert_int_equal(t.gap, 65536);
  assert_int_equal(t.window, 1 << 20);
  assert_int_equal(t.requests, 1);
  assert_false(t.deferred || t.streams);
  size_t size = offsetof(zarrc_blob_traits, window);
  zarrc_blob_traits *shorter = malloc(size);
  memcpy(shorter, &(zarrc_blob_traits){.struct_size = size, .gap = 7}, size);
  t = zarrc_blob_get_traits(&(zarrc_blob){.traits = shorter});
  assert_int_equal(t.gap, 7);
  assert_int_equal(t.window, 1 << 20);
  free(shorter);
  struct {
    zarrc_blob_traits known;
    uint64_t newer;
  } longer = {{sizeof longer, 1 << 20, 64 << 20, 4, false, true}, UINT64_MAX};
  t = zarrc_blob_get_traits(&(zarrc_blob){.traits = &longer.known});
  assert_int_equal(t.struct_size, sizeof t);
  assert_int_equal(t.requests, 4);
  assert_true(t.streams);
}

static void test_joining(void **state) {
  (void)state;
  const zarrc_blob_traits far = {.struct_size = sizeof far, .gap = 1 << 20, .window = 64 << 20, .requests = 4};
  const zarrc_blob_traits deferred = {.struct_size = sizeof deferred, .deferred = true};
  const zarrc_blob_traits streams = {.struct_size = sizeof streams, .streams = true};
  const zarrc_chunk_options none = {0}, some = {.coalesce_gap = 10, .coalesce_max = 100};
  const zarrc_ctx_options little = {.max_memory = 160 << 20};
  zarrc_blob blob = {0};
  zarrc_ctx *small;
  assert_true(zarrc_blob_is_near(&blob));
  zarrc_joining j = zarrc_blob_joining(ctx, &blob, &none);
  assert_int_equal(j.gap, 65536);
  assert_int_equal(j.max, 1 << 20);
  assert_int_equal(j.window, 1 << 20);
  blob.traits = &streams;
  assert_true(zarrc_blob_is_near(&blob));
  blob.traits = &deferred;
  assert_false(zarrc_blob_is_near(&blob));
  blob.traits = &far;
  assert_false(zarrc_blob_is_near(&blob));
  j = zarrc_blob_joining(ctx, &blob, &none);
  assert_int_equal(j.gap, 1 << 20);
  assert_int_equal(j.max, 16 << 20);
  assert_int_equal(j.window, 64 << 20);
  j = zarrc_blob_joining(ctx, &blob, &some);
  assert_int_equal(j.gap, 10);
  assert_int_equal(j.max, 100);
  assert_int_equal(j.window, 400);
  assert_int_equal(zarrc_ctx_open(&little, &small, NULL), ZARRC_OK);
  j = zarrc_blob_joining(small, &blob, &none);
  assert_int_equal(j.max, 10 << 20);
  assert_int_equal(j.window, 10 << 20);
  zarrc_ctx_close(small);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_release),        cmocka_unit_test(test_every_range),
      cmocka_unit_test(test_extreme_ranges), cmocka_unit_test(test_all_or_nothing),
      cmocka_unit_test(test_read_all),       cmocka_unit_test(test_replace_and_erase),
      cmocka_unit_test(test_keep),           cmocka_unit_test(test_shorter_and_longer_tables),
      cmocka_unit_test(test_inner),          cmocka_unit_test(test_traits),
      cmocka_unit_test(test_joining),        cmocka_unit_test(test_absurd_pieces),
      cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}

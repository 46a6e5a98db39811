/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/asking.h"
#include "support/faulty_alloc.h"

#include <stdio.h>
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

/* A value that is fetched, and how often each byte of it was. */
enum { MOST = 300 };
typedef struct value {
  uint8_t bytes[MOST];
  size_t nbytes;
  unsigned fetched[MOST];
  bool tells_total;
  size_t nrounds;
} value;

static int nloans;

static void loan_release(zarrc_bytes *bytes) {
  free((void *)bytes->ptr);
  nloans--;
}

/* Answers as a store does: with what there is of a range. */
static void answer(value *v, zarrc_range *range) {
  uint64_t start = (uint64_t)range->offset, nbytes = range->nbytes;
  if (range->offset < 0) start = nbytes < v->nbytes ? v->nbytes - nbytes : 0;
  if (start > v->nbytes) start = v->nbytes;
  if (nbytes > v->nbytes - start || (range->to_end && !v->tells_total)) nbytes = v->nbytes - start;
  uint8_t *copy = malloc((size_t)nbytes + 1);
  memcpy(copy, v->bytes + start, (size_t)nbytes);
  for (size_t i = 0; i < nbytes; i++) v->fetched[start + i]++;
  range->got = (zarrc_bytes){copy, (size_t)nbytes, loan_release, NULL};
  range->total = v->tells_total ? v->nbytes : ZARRC_UNKNOWN;
  nloans++;
}

static void fetch(value *v, zarrc_asking *asking, uint64_t gap, uint64_t max) {
  zarrc_range *ranges;
  size_t n;
  assert_true(zarrc_asking_has_wishes(asking));
  assert_int_equal(zarrc_asking_wanted(asking, gap, max, &ranges, &n, NULL), ZARRC_OK);
  assert_true(n > 0);
  for (size_t i = 0; i < n; i++) {
    answer(v, &ranges[i]);
    assert_int_equal(zarrc_asking_add(asking, &ranges[i], NULL), ZARRC_OK);
  }
  /* Until it is known how long the value is, nobody can tell that its last bytes are among others. */
  for (size_t i = 0; i < v->nbytes && v->nrounds == 0; i++) v->fetched[i] = v->fetched[i] > 0;
  v->nrounds++;
}

static zarrc_status read_in_rounds(value *v, zarrc_asking *asking, zarrc_range *ranges, size_t n, uint64_t gap,
                                   zarrc_error *error) {
  for (int round = 0;; round++) {
    zarrc_status status = zarrc_blob_read(zarrc_asking_blob(asking), ranges, n, error);
    if (status != ZARRC_PENDING) return status;
    assert_true(round < 3);
    fetch(v, asking, gap, 64);
  }
}

static value value_new(size_t nbytes, bool tells_total) {
  value v = {.nbytes = nbytes, .tells_total = tells_total};
  for (size_t i = 0; i < nbytes; i++) v.bytes[i] = (uint8_t)(i * 7 + 1);
  return v;
}

static zarrc_range range_draw(const value *v) {
  zarrc_range r = {.offset = rand() % (int)(v->nbytes + 8), .nbytes = (uint64_t)rand() % 40};
  if (rand() % 5 == 0) r.offset = -(rand() % (int)(v->nbytes + 4)) - 1;
  if (r.nbytes == 0 && !v->tells_total) r.nbytes = 1; /* no store tells a value that ends there from a shorter one */
  r.to_end = rand() % 6 == 0;
  if (r.to_end && rand() % 2) r.nbytes = MOST;
  if (r.to_end && !v->tells_total && r.offset == (int64_t)v->nbytes) r.offset = 0; /* cannot be told from beyond it */
  return r;
}

/* Any ranges of any value are read as from memory, in few rounds; where the store tells how long values are, no byte is
 * fetched twice. */
static void reads_are_as_from_memory(void **state) {
  (void)state;
  srand(11);
  for (int draw = 0; draw < 4000; draw++) {
    value v = value_new((size_t)(rand() % MOST), draw % 2);
    uint64_t gap = draw % 3 ? 0 : 10;
    zarrc_asking *asking;
    zarrc_memory_blob memory;
    zarrc_memory_blob_init(&memory, ctx, v.bytes, v.nbytes);
    assert_int_equal(zarrc_asking_open(ctx, NULL, &asking, NULL), ZARRC_OK);
    for (int reads = rand() % 5; reads >= 0; reads--) {
      zarrc_range ranges[6], expected[6];
      uint8_t into[40];
      size_t n = (size_t)(1 + rand() % 6);
      zarrc_error error = {0}, expected_error = {0};
      for (size_t i = 0; i < n; i++) expected[i] = ranges[i] = range_draw(&v);
      if (ranges[0].nbytes <= sizeof into && rand() % 2) ranges[0].into = into;
      zarrc_status as = zarrc_blob_read(&memory.blob, expected, n, &expected_error);
      zarrc_status status = read_in_rounds(&v, asking, ranges, n, gap, &error);
      assert_int_equal(status, as);
      if (status && v.tells_total) assert_string_equal(error.message, expected_error.message);
      for (size_t i = 0; i < n && !status; i++) {
        assert_int_equal(ranges[i].got.len, expected[i].got.len);
        assert_memory_equal(ranges[i].got.ptr, expected[i].got.ptr, ranges[i].got.len);
        if (ranges[i].into) assert_ptr_equal(ranges[i].got.ptr, into);
        assert_true(ranges[i].total == v.nbytes || (!v.tells_total && ranges[i].total == ZARRC_UNKNOWN));
      }
      zarrc_ranges_release(ranges, status ? 0 : n);
    }
    for (size_t i = 0; i < v.nbytes && v.tells_total; i++) assert_true(v.fetched[i] <= 1);
    zarrc_asking_close(asking);
    assert_int_equal(nloans, 0);
  }
}

static zarrc_status ask(zarrc_asking *asking, zarrc_range range) {
  zarrc_status status = zarrc_blob_read(zarrc_asking_blob(asking), &range, 1, NULL);
  if (!status) zarrc_bytes_release(&range.got);
  return status;
}

static void assert_wanted(zarrc_asking *asking, uint64_t gap, uint64_t max, const char *text) {
  zarrc_range *ranges;
  char list[200] = "";
  size_t n;
  assert_int_equal(zarrc_asking_wanted(asking, gap, max, &ranges, &n, NULL), ZARRC_OK);
  for (size_t i = 0; i < n; i++)
    sprintf(list + strlen(list), "%lld+%llu%s ", (long long)ranges[i].offset, (unsigned long long)ranges[i].nbytes,
            ranges[i].to_end ? "e" : "");
  assert_string_equal(list, text);
}

static void wishes_are_put_in_order_and_joined(void **state) {
  (void)state;
  zarrc_asking *asking;
  value v = value_new(200, true);
  assert_int_equal(zarrc_asking_open(ctx, NULL, &asking, NULL), ZARRC_OK);
  assert_wanted(asking, 0, 100, "");
  for (int i = 0; i < 2; i++) {
    assert_int_equal(ask(asking, (zarrc_range){.offset = 50, .nbytes = 10}), ZARRC_PENDING);
    assert_int_equal(ask(asking, (zarrc_range){.offset = 10, .nbytes = 10}), ZARRC_PENDING);
    assert_int_equal(ask(asking, (zarrc_range){.offset = 15, .nbytes = 15}), ZARRC_PENDING);
    assert_int_equal(ask(asking, (zarrc_range){.offset = 30, .nbytes = 5}), ZARRC_PENDING);
    assert_int_equal(ask(asking, (zarrc_range){.offset = -4, .nbytes = 2}), ZARRC_PENDING);
    assert_int_equal(ask(asking, (zarrc_range){.offset = -9, .nbytes = 9}), ZARRC_PENDING);
    assert_wanted(asking, i ? 15 : 14, 50, i ? "10+50 -9+9 " : "10+25 50+10 -9+9 ");
  }
  assert_wanted(asking, 0, 100, "");
  assert_int_equal(ask(asking, (zarrc_range){.offset = 10, .nbytes = 30}), ZARRC_PENDING);
  assert_int_equal(ask(asking, (zarrc_range){.offset = 40, .nbytes = 30}), ZARRC_PENDING);
  assert_int_equal(ask(asking, (zarrc_range){.offset = 30, .nbytes = 500, .to_end = true}), ZARRC_PENDING);
  assert_int_equal(ask(asking, (zarrc_range){.offset = 60, .nbytes = 20, .to_end = true}), ZARRC_PENDING);
  assert_wanted(asking, 0, 100, "10+20 30+500e ");

  /* What is there is not asked for again, and nothing is joined across it. */
  zarrc_range there = {.offset = 20, .nbytes = 10, .total = ZARRC_UNKNOWN};
  answer(&v, &there);
  assert_int_equal(zarrc_asking_add(asking, &there, NULL), ZARRC_OK);
  assert_int_equal(zarrc_asking_nbytes(asking), 10);
  assert_int_equal(ask(asking, (zarrc_range){.offset = 22, .nbytes = 8}), ZARRC_OK);
  assert_int_equal(ask(asking, (zarrc_range){.offset = 10, .nbytes = 50}), ZARRC_PENDING);
  assert_int_equal(ask(asking, (zarrc_range){.offset = 70, .nbytes = 500, .to_end = true}), ZARRC_PENDING);
  assert_int_equal(ask(asking, (zarrc_range){.offset = -9, .nbytes = 9}), ZARRC_PENDING);
  assert_wanted(asking, 100, 500, "10+10 30+170 ");
  zarrc_asking_close(asking);
}

/* Where a value is not there, or another one is. */
static void values_that_change(void **state) {
  (void)state;
  zarrc_asking *asking;
  value v = value_new(200, true), shorter = value_new(150, true);
  zarrc_range first = {.nbytes = 10}, tail = {.offset = -10, .nbytes = 10}, again;
  zarrc_error error;
  assert_int_equal(zarrc_asking_open(ctx, NULL, &asking, NULL), ZARRC_OK);
  answer(&v, &first);
  assert_int_equal(zarrc_asking_add(asking, &first, NULL), ZARRC_OK);
  again = tail;
  answer(&shorter, &again);
  assert_int_equal(zarrc_asking_add(asking, &again, &error), ZARRC_CONFLICT);
  assert_int_equal(nloans, 1);
  zarrc_asking_forget(asking);
  assert_int_equal(nloans, 0);
  assert_int_equal(ask(asking, (zarrc_range){.nbytes = 10}), ZARRC_PENDING);
  shorter.tells_total = false;
  answer(&shorter, &tail);
  assert_int_equal(zarrc_asking_add(asking, &tail, &error), ZARRC_OK);
  zarrc_asking_set_missing(asking);
  assert_int_equal(ask(asking, (zarrc_range){.nbytes = 10}), ZARRC_NOT_FOUND);
  zarrc_asking_forget(asking);

  /* Bytes that are missing although the value has them. */
  first = (zarrc_range){.nbytes = 10};
  answer(&v, &first);
  first.got.len = 4;
  assert_int_equal(zarrc_asking_add(asking, &first, &error), ZARRC_TRUNCATED);
  assert_string_equal(error.message, "only 4 bytes came where 10 are stored");
  zarrc_asking_close(asking);
  zarrc_asking_close(NULL);
  assert_int_equal(nloans, 0);
}

/* Answers that are wrong whatever the value is are refused, and what they lend is released. */
static void impossible_answers(void **state) {
  (void)state;
  static const struct {
    zarrc_range asked;
    size_t len;
    uint64_t total;
    bool without_memory;
  } rows[] = {{{.nbytes = 10}, 10, ZARRC_UNKNOWN, true},      {{.offset = -10, .nbytes = 10}, 10, 200, true},
              {{.offset = -10, .nbytes = 10}, 10, 5, false},  {{.nbytes = 10}, 10, 9, false},
              {{.offset = 5, .nbytes = 10}, 10, 14, false},   {{.offset = 30, .nbytes = 10}, 1, 20, false},
              {{.nbytes = 90, .to_end = true}, 90, 89, false}};
  value v = value_new(200, true);
  zarrc_error error;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_asking *asking;
    zarrc_range range = rows[i].asked;
    assert_int_equal(zarrc_asking_open(ctx, NULL, &asking, NULL), ZARRC_OK);
    answer(&v, &range);
    range.got.len = rows[i].len;
    range.total = rows[i].total;
    if (rows[i].without_memory) {
      free((void *)range.got.ptr);
      range.got.ptr = NULL;
    }
    assert_int_equal(zarrc_asking_add(asking, &range, &error), ZARRC_INTERNAL);
    assert_int_equal(nloans, 0);
    assert_int_equal(zarrc_asking_nbytes(asking), 0);
    assert_int_equal(ask(asking, (zarrc_range){.nbytes = 5}), ZARRC_PENDING);
    zarrc_asking_close(asking);
  }
}

/* A range to the end of which nothing came is not asked for again, even if it may have no bytes. */
static void empty_ends(void **state) {
  (void)state;
  for (int tells = 0; tells < 2; tells++)
    for (int64_t offset = 0; offset < 40; offset += 5)
      for (uint64_t most = 0; most < 2; most++) {
        zarrc_asking *asking;
        value v = value_new(20, tells);
        zarrc_range range = {.offset = offset, .nbytes = most, .to_end = true};
        if (offset < 20 && !tells) continue; /* what is longer than it may be comes with the total */
        assert_int_equal(zarrc_asking_open(ctx, NULL, &asking, NULL), ZARRC_OK);
        zarrc_status status = read_in_rounds(&v, asking, &range, 1, 0, NULL);
        if (tells)
          assert_int_equal(status, offset < 20 ? ZARRC_LIMIT : offset > 20 ? ZARRC_TRUNCATED : ZARRC_OK);
        else
          assert_int_equal(status, ZARRC_TRUNCATED);
        zarrc_asking_close(asking);
      }
  assert_int_equal(nloans, 0);
}

/* What was lent stays when all else is gone. */
static void loans_outlive_the_blob(void **state) {
  (void)state;
  zarrc_asking *asking;
  value v = value_new(100, true);
  const zarrc_blob_traits far = {.struct_size = sizeof far, .gap = 1 << 20, .requests = 4, .streams = true};
  assert_int_equal(zarrc_asking_open(ctx, &far, &asking, NULL), ZARRC_OK);
  zarrc_blob_traits t = zarrc_blob_get_traits(zarrc_asking_blob(asking));
  assert_true(t.deferred && !t.streams && t.gap == 1 << 20 && t.requests == 4);
  zarrc_range range = {.offset = 40, .nbytes = 20};
  assert_int_equal(read_in_rounds(&v, asking, &range, 1, 0, NULL), ZARRC_OK);
  zarrc_asking_forget(asking);
  zarrc_asking_close(asking);
  assert_memory_equal(range.got.ptr, v.bytes + 40, 20);
  assert_int_equal(nloans, 1);
  zarrc_bytes_release(&range.got);
  assert_int_equal(nloans, 0);
}

static zarrc_status one_value(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *own;
  zarrc_asking *asking;
  zarrc_range range = {.offset = 5, .nbytes = 30}, *ranges;
  size_t n;
  value v = value_new(100, true);
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  if (status) return status;
  status = zarrc_asking_open(own, NULL, &asking, NULL);
  if (!status) {
    status = zarrc_blob_read(zarrc_asking_blob(asking), &range, 1, NULL);
    if (status == ZARRC_PENDING) status = zarrc_asking_wanted(asking, 0, 100, &ranges, &n, NULL);
    if (!status) {
      answer(&v, &ranges[0]);
      status = zarrc_asking_add(asking, &ranges[0], NULL);
    }
    if (!status) status = ask(asking, range);
    zarrc_asking_close(asking);
  }
  zarrc_ctx_close(own);
  assert_int_equal(nloans, 0);
  return status;
}

/* Whichever request for memory fails, nothing is lost, and no loan is kept. */
static void without_memory(void **state) {
  (void)state;
  assert_true(faulty_alloc_each(NULL, one_value, NULL) > 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_are_as_from_memory), cmocka_unit_test(wishes_are_put_in_order_and_joined),
      cmocka_unit_test(values_that_change),       cmocka_unit_test(loans_outlive_the_blob),
      cmocka_unit_test(impossible_answers),       cmocka_unit_test(empty_ends),
      cmocka_unit_test(without_memory),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/contract.h"
#include "support/far_store.h"

#include <string.h>
#include <zarrc/plugin/store.h>

static bool stop;

static bool canceled(void *ud) {
  (void)ud;
  return stop;
}

/* Of a store without fetch values are read one by one, with what there is of a range. */
static void one_by_one(void **state) {
  (void)state;
  static const struct {
    zarrc_range range;
    const char *got;
  } rows[] = {{{.offset = 2, .nbytes = 3}, "234"},
              {{.offset = 8, .nbytes = 5}, "89"},
              {{.offset = 20, .nbytes = 5}, ""},
              {{.offset = 10, .nbytes = 5}, ""},
              {{.offset = -3, .nbytes = 3}, "789"},
              {{.offset = -30, .nbytes = 30}, "0123456789"},
              {{.offset = 4, .nbytes = 50, .to_end = true}, "456789"},
              {{.offset = 0, .nbytes = 9, .to_end = true}, ""}};
  const zarrc_ctx_options options = {.canceled = canceled};
  zarrc_ctx *ctx;
  zarrc_store *store;
  zarrc_key_blob there, missing;
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(ctx, &store, NULL), ZARRC_OK);
  assert_int_equal(zarrc_store_set(store, "there", "0123456789", 10, NULL), ZARRC_OK);
  assert_false(zarrc_store_fetches(store));
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_range ranges[2] = {rows[i].range, {.nbytes = 4}}, none = {.nbytes = 1};
    zarrc_error errors[2];
    assert_int_equal(zarrc_key_blob_open(&there, store, "there", NULL), ZARRC_OK);
    assert_int_equal(zarrc_key_blob_open(&missing, store, "missing", NULL), ZARRC_OK);
    zarrc_request requests[2] = {{.blob = missing.blob, .ranges = &none, .n = 1, .error = &errors[0]},
                                 {.blob = there.blob, .ranges = ranges, .n = 2, .error = &errors[1]}};
    assert_int_equal(zarrc_store_fetch(store, requests, 2, NULL), ZARRC_OK);
    assert_int_equal(requests[0].status, ZARRC_NOT_FOUND);
    assert_int_equal(requests[1].status, ZARRC_OK);
    assert_int_equal(ranges[0].got.len, strlen(rows[i].got));
    if (*rows[i].got) assert_memory_equal(ranges[0].got.ptr, rows[i].got, strlen(rows[i].got));
    assert_int_equal(ranges[0].total, 10);
    assert_memory_equal(ranges[1].got.ptr, "0123", 4);
    zarrc_ranges_release(ranges, 2);
    stop = true;
    assert_int_equal(zarrc_store_fetch(store, requests, 2, NULL), ZARRC_CANCELED);
    stop = false;
    zarrc_key_blob_close(&there);
    zarrc_key_blob_close(&missing);
  }
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
}

/* The store that tests fetch from is a store like any other. */
static void the_far_store(void **state) {
  (void)state;
  zarrc_ctx *ctx;
  zarrc_store *memory;
  far_store far;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(ctx, &memory, NULL), ZARRC_OK);
  far_store_init(&far, ctx, memory);
  contract_obey(&far.store);
  far_store_clear(&far);
  zarrc_store_close(memory);
  zarrc_ctx_close(ctx);
}

/* A store in front of a far one that fetches all values but the last, and then fails. */
typedef struct half_store {
  zarrc_store store;
  zarrc_store *inner;
} half_store;

static zarrc_store *half_inner(const zarrc_store *store) {
  return ((const half_store *)store)->inner;
}

static size_t half_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  return zarrc_wrapper_blob_nbytes(sizeof(zarrc_wrapper_blob), half_inner(store), key_nbytes);
}

static zarrc_status half_open(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops, .inner = zarrc_wrapper_blob_inner};
  return zarrc_wrapper_blob_open(blob, sizeof(zarrc_wrapper_blob), &ops, half_inner(store), key, error);
}

static zarrc_status half_fetch(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error) {
  zarrc_status status = zarrc_wrapper_fetch(store, requests, n - 1, error);
  return status ? status : zarrc_fail(error, ZARRC_NETWORK, "the line is cut");
}

/* What was fetched before a failure is given back. A store in front of one that cannot fetch cannot either. */
static void half_of_it(void **state) {
  (void)state;
  static const zarrc_store_ops ops = {.struct_size = sizeof ops,
                                      .name = "half",
                                      .blob_nbytes = half_blob_nbytes,
                                      .open = half_open,
                                      .inner = half_inner,
                                      .fetch = half_fetch};
  zarrc_ctx *ctx;
  zarrc_store *memory;
  far_store far;
  zarrc_key_blob blobs[3];
  zarrc_range ranges[3];
  zarrc_request requests[3];
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(ctx, &memory, NULL), ZARRC_OK);
  far_store_init(&far, ctx, memory);
  half_store half = {.store = {.ops = &ops, .ctx = ctx}, .inner = &far.store};
  for (int i = 0; i < 3; i++) {
    assert_int_equal(zarrc_store_set(memory, "value", "0123456789", 10, NULL), ZARRC_OK);
    assert_int_equal(zarrc_key_blob_open(&blobs[i], &half.store, "value", NULL), ZARRC_OK);
    ranges[i] = (zarrc_range){.nbytes = 10};
    requests[i] = (zarrc_request){.blob = blobs[i].blob, .ranges = &ranges[i], .n = 1};
  }
  assert_true(zarrc_store_fetches(&half.store));
  assert_int_equal(zarrc_store_fetch(&half.store, requests, 3, NULL), ZARRC_NETWORK);
  uint64_t held = zarrc_ctx_memory(ctx); /* with the scratch memory that is kept */
  for (int i = 0; i < 3; i++) assert_int_equal(zarrc_store_fetch(&half.store, requests, 3, NULL), ZARRC_NETWORK);
  assert_int_equal(far.nwaves, 4);
  assert_int_equal(zarrc_ctx_memory(ctx), held);
  for (int i = 0; i < 3; i++) {
    assert_ptr_equal(requests[i].blob, blobs[i].blob);
    zarrc_key_blob_close(&blobs[i]);
  }
  half.inner = memory;
  assert_false(zarrc_store_fetches(&half.store));
  far_store_clear(&far);
  zarrc_store_close(memory);
  zarrc_ctx_close(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(one_by_one), cmocka_unit_test(the_far_store),
                                     cmocka_unit_test(half_of_it)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

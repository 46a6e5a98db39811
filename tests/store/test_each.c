/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/far_store.h"
#include "support/faulty_alloc.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Values "v0", "v1", ... : value i is i % 10 + 1 bytes of i, but "v13" is missing. */
enum { NVALUES = 200, MISSING = 13 };

typedef struct fixture {
  zarrc_ctx *ctx, *own;
  zarrc_store *memory;
  far_store far;
} fixture;

static void begin(fixture *f, const zarrc_ctx_options *options) {
  memset(f, 0, sizeof *f);
  assert_int_equal(zarrc_ctx_open(NULL, &f->ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_ctx_open(options, &f->own, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(f->ctx, &f->memory, NULL), ZARRC_OK);
  for (int i = 0; i < NVALUES; i++) {
    char key[20], bytes[10];
    snprintf(key, sizeof key, "v%d", i);
    memset(bytes, i, sizeof bytes);
    if (i != MISSING) assert_int_equal(zarrc_store_set(f->memory, key, bytes, (size_t)(i % 10 + 1), NULL), ZARRC_OK);
  }
  far_store_init(&f->far, f->own, f->memory);
}

static void end(fixture *f) {
  far_store_clear(&f->far);
  zarrc_store_close(f->memory);
  zarrc_ctx_close(f->own);
  zarrc_ctx_close(f->ctx);
}

typedef struct reading {
  atomic_size_t ncalls, nread;
  size_t failing; /* call that fails by itself */
} reading;

static zarrc_status read_value(void *arg, zarrc_store *from, size_t i, zarrc_error *error) {
  reading *r = arg;
  char key[20];
  zarrc_bytes bytes;
  r->ncalls++;
  snprintf(key, sizeof key, "v%zu", i);
  zarrc_status status = zarrc_store_get(from, key, 100, &bytes, error);
  if (status == ZARRC_NOT_FOUND && i == MISSING) return ZARRC_OK;
  if (status) return status;
  assert_int_equal(bytes.len, i % 10 + 1);
  for (size_t k = 0; k < bytes.len; k++) assert_int_equal(bytes.ptr[k], (uint8_t)i);
  zarrc_bytes_release(&bytes);
  r->nread++;
  return i == r->failing ? zarrc_fail(error, ZARRC_CORRUPT, "call %zu fails", i) : ZARRC_OK;
}

static void many_at_once(void **state) {
  (void)state;
  fixture f;
  reading r = {.failing = NVALUES};
  begin(&f, NULL);
  assert_int_equal(zarrc_store_each(&f.far.store, NVALUES, NULL, read_value, &r, NULL), ZARRC_OK);
  assert_int_equal(r.nread, NVALUES - 1);
  assert_int_equal(r.ncalls, 2 * NVALUES);
  assert_int_equal(f.far.nwaves, 1); /* small values: more than 64 at once */
  assert_int_equal(f.far.ntwice, 0);
  far_store_begin(&f.far);
  zarrc_each_options options = {.struct_size = sizeof options, .at_once = 1000, .value_nbytes = 10};
  assert_int_equal(zarrc_store_each(&f.far.store, NVALUES, &options, read_value, &r, NULL), ZARRC_OK);
  assert_int_equal(f.far.nwaves, 1);
  assert_int_equal(f.far.most_at_once, NVALUES);
  far_store_begin(&f.far);
  options.at_once = 50;
  assert_int_equal(zarrc_store_each(&f.far.store, NVALUES, &options, read_value, &r, NULL), ZARRC_OK);
  assert_int_equal(f.far.nwaves, 4);
  far_store_begin(&f.far);
  assert_int_equal(zarrc_store_each(&f.far.store, 0, NULL, read_value, &r, NULL), ZARRC_OK);
  assert_int_equal(f.far.nwaves, 0);

  /* Of a store that fetches nothing values are read where they are. */
  r = (reading){.failing = NVALUES};
  assert_int_equal(zarrc_store_each(f.memory, NVALUES, NULL, read_value, &r, NULL), ZARRC_OK);
  assert_int_equal(r.ncalls, NVALUES);
  end(&f);
}

/* Stores in front of it fetch as well. */
static void through_other_stores(void **state) {
  (void)state;
  fixture f;
  reading r = {.failing = NVALUES};
  zarrc_store *prefix, *front, *overlay;
  begin(&f, NULL);
  assert_int_equal(zarrc_prefix_store_open(&f.far.store, "", &prefix, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(f.own, &front, NULL), ZARRC_OK);
  assert_int_equal(zarrc_store_set(front, "v13", (char[]){13, 13, 13, 13}, 4, NULL), ZARRC_OK);
  assert_int_equal(zarrc_overlay_store_open(front, prefix, &overlay, NULL), ZARRC_OK);
  assert_int_equal(zarrc_store_each(overlay, NVALUES, NULL, read_value, &r, NULL), ZARRC_OK);
  assert_int_equal(r.nread, NVALUES);
  assert_int_equal(f.far.nwaves, 1);
  assert_int_equal(f.far.nsingle + f.far.ntwice, 0);
  zarrc_store_close(overlay);
  assert_int_equal(zarrc_overlay_store_open(front, f.memory, &overlay, NULL), ZARRC_OK);
  assert_false(zarrc_store_fetches(overlay));
  zarrc_store_close(overlay);
  zarrc_store_close(front);
  zarrc_store_close(prefix);
  end(&f);
}

static void lose_memory(zarrc_range *range) {
  zarrc_bytes_release(&range->got);
  range->got = (zarrc_bytes){.len = 1};
}

/* The failure with the lowest number is told, and calls behind it end. */
static void failures(void **state) {
  (void)state;
  fixture f;
  zarrc_error error;
  reading r = {.failing = 150};
  begin(&f, NULL);
  f.far.failing = "v70";
  f.far.status = ZARRC_NETWORK;
  assert_int_equal(zarrc_store_each(&f.far.store, NVALUES, NULL, read_value, &r, &error), ZARRC_NETWORK);
  assert_string_equal(error.key, "v70");
  assert_int_equal(f.far.nwaves, 1);
  f.far.failing = NULL;
  f.far.spoil = lose_memory;
  assert_int_equal(zarrc_store_each(&f.far.store, NVALUES, NULL, read_value, &r, &error), ZARRC_INTERNAL);
  assert_string_equal(error.key, "v0");
  assert_non_null(strstr(error.message, "the store's function fetch"));
  f.far.spoil = NULL;
  f.far.failing = "v70";
  f.far.status = ZARRC_PENDING; /* of which a fetch knows nothing */
  assert_int_equal(zarrc_store_each(&f.far.store, NVALUES, NULL, read_value, &r, &error), ZARRC_INTERNAL);
  assert_string_equal(error.key, "v70");
  r.failing = 66;
  assert_int_equal(zarrc_store_each(&f.far.store, NVALUES, NULL, read_value, &r, &error), ZARRC_CORRUPT);
  assert_string_equal(error.message, "call 66 fails");
  end(&f);
}

static zarrc_status wait_for_nothing(void *arg, zarrc_store *from, size_t i, zarrc_error *error) {
  (void)arg, (void)from, (void)i;
  return zarrc_fail(error, ZARRC_PENDING, "waiting");
}

/* A call that waits for nothing would wait for ever. */
static void that_nothing_is_asked_for(void **state) {
  (void)state;
  fixture f;
  begin(&f, NULL);
  assert_int_equal(zarrc_store_each(&f.far.store, 3, NULL, wait_for_nothing, NULL, NULL), ZARRC_INTERNAL);
  end(&f);
}

static zarrc_status read_all(void *arg, zarrc_store *from, size_t i, zarrc_error *error) {
  (void)i;
  return zarrc_store_each(from, NVALUES, NULL, read_value, arg, error);
}

/* Loops inside a call are part of it: what they wait for is fetched with all else. */
static void loops_in_loops(void **state) {
  (void)state;
  fixture f;
  reading r = {.failing = NVALUES};
  begin(&f, NULL);
  assert_int_equal(zarrc_store_each(&f.far.store, 1, NULL, read_all, &r, NULL), ZARRC_OK);
  assert_int_equal(f.far.nwaves, 1);
  assert_int_equal(r.nread, NVALUES - 1);
  end(&f);
}

static bool cancel(void *ud) {
  return atomic_load((atomic_bool *)ud);
}

static void set(void *arg, far_store *far) {
  (void)far;
  atomic_store((atomic_bool *)arg, true);
}

static void canceled_between_rounds(void **state) {
  (void)state;
  fixture f;
  atomic_bool stop = false;
  reading r = {.failing = NVALUES};
  const zarrc_ctx_options options = {.canceled = cancel, .canceled_ud = &stop};
  begin(&f, &options);
  f.far.after = set;
  f.far.after_arg = &stop;
  assert_int_equal(zarrc_store_each(&f.far.store, NVALUES, NULL, read_value, &r, NULL), ZARRC_CANCELED);
  assert_int_equal(f.far.nwaves, 1);
  assert_int_equal(r.nread, 0);
  end(&f);
}

/* Changes one byte of each answer, so many times. */
static unsigned nspoilt;
static void change_byte(zarrc_range *range) {
  if (nspoilt == 0 || !range->got.len) return;
  nspoilt--;
  ((uint8_t *)(uintptr_t)range->got.ptr)[0] ^= 1;
}

static zarrc_status read_checked(void *arg, zarrc_store *from, size_t i, zarrc_error *error) {
  char key[20];
  zarrc_bytes bytes;
  snprintf(key, sizeof key, "v%zu", i);
  zarrc_status status = zarrc_store_get(from, key, 100, &bytes, error);
  if (status) return status;
  bool is_right = bytes.ptr[0] == i;
  zarrc_bytes_release(&bytes);
  if (is_right) ++*(atomic_size_t *)arg;
  return is_right ? ZARRC_OK : zarrc_fail(error, ZARRC_CHECKSUM, "value %zu is damaged", i);
}

/* What is damaged is fetched once more: bytes may have been changed on their way. */
static void damaged_on_the_way(void **state) {
  (void)state;
  fixture f;
  atomic_size_t nread = 0;
  zarrc_error error;
  begin(&f, NULL);
  f.far.spoil = change_byte;
  nspoilt = 5;
  assert_int_equal(zarrc_store_each(&f.far.store, 10, NULL, read_checked, &nread, &error), ZARRC_OK);
  assert_int_equal(nread, 10);
  assert_int_equal(f.far.nwaves, 2);
  nspoilt = 100; /* what stays damaged is not fetched for ever */
  assert_int_equal(zarrc_store_each(&f.far.store, 10, NULL, read_checked, &nread, &error), ZARRC_CHECKSUM);
  assert_string_equal(error.message, "value 0 is damaged");
  assert_int_equal(f.far.nwaves, 4);
  end(&f);
}

static zarrc_status with_options(const zarrc_ctx_options *options, void *arg) {
  fixture *f = arg;
  reading r = {.failing = NVALUES};
  zarrc_ctx *own;
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  if (status) return status;
  f->far.store.ctx = own;
  status = zarrc_store_each(&f->far.store, 20, NULL, read_value, &r, NULL);
  zarrc_ctx_close(own);
  return status;
}

/* Whichever request for memory fails, nothing is kept. */
static void without_memory(void **state) {
  (void)state;
  fixture f;
  const zarrc_ctx_options options = {.threads = 1};
  begin(&f, NULL);
  assert_true(faulty_alloc_each(&options, with_options, &f) > 20);
  end(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(many_at_once),   cmocka_unit_test(through_other_stores),
      cmocka_unit_test(failures),       cmocka_unit_test(that_nothing_is_asked_for),
      cmocka_unit_test(loops_in_loops), cmocka_unit_test(canceled_between_rounds),
      cmocka_unit_test(without_memory), cmocka_unit_test(damaged_on_the_way),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

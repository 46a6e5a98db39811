/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/two_stores.h"

#include <stdatomic.h>
#include <string.h>

typedef struct heard {
  size_t n, end_at; /* end_at: the event that fails; 0: none */
  uint64_t done, total;
  atomic_bool busy;
} heard;

static zarrc_status hear(void *arg, const zarrc_copy_event *event, zarrc_error *error) {
  heard *h = arg;
  if (event->kind != ZARRC_COPY_PROGRESS) return ZARRC_OK;
  assert_false(atomic_exchange(&h->busy, true));
  assert_true(event->ndone >= h->done);
  h->done = event->ndone;
  h->total = event->ntotal;
  h->n++;
  atomic_store(&h->busy, false);
  return h->n == h->end_at ? zarrc_fail(error, ZARRC_CONFLICT, "enough") : ZARRC_OK;
}

static zarrc_status run(unsigned threads, heard *h, zarrc_copier **copier, zarrc_error *error) {
  zarrc_array_close(copying_array(source, "a", 1, (int64_t[]){20}, (int64_t[]){1}, NULL, NULL));
  return copying_run(source, "a", target, "b", (zarrc_copy_options){.threads = threads, .event = hear, .event_arg = h},
                     copier, error);
}

/* Many threads copy, one at a time tells, and what is done never becomes less. */
static void test_one_at_a_time(void **state) {
  zarrc_copier *copier;
  zarrc_error error;
  heard h = {0};
  (void)state;
  assert_int_equal(run(4, &h, &copier, &error), ZARRC_OK);
  assert_true(h.n > 20);
  assert_int_equal(h.done, 20);
  assert_int_equal(h.total, 20);
  zarrc_copier_close(copier);
}

/* What the caller's function returns ends the copy. */
static void test_event_ends(void **state) {
  zarrc_copier *copier;
  zarrc_error error;
  heard h = {.end_at = 3};
  (void)state;
  assert_int_equal(run(1, &h, &copier, &error), ZARRC_CONFLICT);
  assert_string_equal(error.message, "enough");
  assert_int_equal(zarrc_copier_report(copier)->side, ZARRC_COPY_NEITHER);
  assert_int_equal(h.done, 2);
  zarrc_copier_close(copier);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_one_at_a_time, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_event_ends, open_stores, close_stores),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/latest.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct number {
  zarrc_edition edition;
  int value;
  int check; /* -value */
} number;

static atomic_int nopen;

static number *make(int value) {
  number *n = malloc(sizeof *n);
  assert_non_null(n);
  *n = (number){.value = value, .check = -value};
  atomic_fetch_add(&nopen, 1);
  return n;
}

static void close_number(zarrc_edition *edition) {
  atomic_fetch_sub(&nopen, 1);
  free(edition);
}

static void test_one_thread(void **state) {
  zarrc_latest latest;
  number *one = make(1), *two = make(2), *three = make(3), *four = make(4);
  (void)state;
  zarrc_latest_init(&latest, &one->edition, close_number);
  assert_ptr_equal(zarrc_latest_enter(&latest), one);
  assert_true(zarrc_latest_replace(&latest, &one->edition, &two->edition));
  assert_false(zarrc_latest_replace(&latest, &one->edition, &three->edition));
  assert_ptr_equal(zarrc_latest_peek(&latest), two);
  zarrc_latest_leave(&latest);
  assert_int_equal(atomic_load(&nopen), 4);

  assert_ptr_equal(zarrc_latest_enter(&latest), two);
  assert_ptr_equal(zarrc_latest_enter(&latest), two);
  assert_true(zarrc_latest_replace(&latest, &two->edition, &three->edition));
  zarrc_latest_leave(&latest);
  assert_int_equal(two->value, 2); /* somebody is inside */
  assert_int_equal(atomic_load(&nopen), 4);
  zarrc_latest_leave(&latest);
  assert_int_equal(atomic_load(&nopen), 3);

  zarrc_latest_enter(&latest);
  assert_true(zarrc_latest_replace(&latest, &three->edition, &four->edition));
  zarrc_latest_clear(&latest); /* with one on the list */
  assert_int_equal(atomic_load(&nopen), 0);
}

enum { READERS = 4, WRITERS = 2, ROUNDS = 3000 };

static void *read_many(void *arg) {
  zarrc_latest *latest = arg;
  int wrong = 0;
  for (int i = 0; i < ROUNDS; i++) {
    const number *n = (const number *)zarrc_latest_enter(latest);
    wrong += n->value != -n->check;
    zarrc_latest_leave(latest);
  }
  return (void *)(intptr_t)wrong;
}

/* Each adds 1 so often: none may be lost. */
static void *write_many(void *arg) {
  zarrc_latest *latest = arg;
  for (int i = 0; i < ROUNDS; i++) {
    zarrc_latest_enter(latest);
    for (;;) {
      zarrc_edition *from = zarrc_latest_peek(latest);
      number *to = make(((const number *)from)->value + 1);
      if (zarrc_latest_replace(latest, from, &to->edition)) break;
      close_number(&to->edition);
    }
    zarrc_latest_leave(latest);
  }
  return NULL;
}

static void test_threads(void **state) {
  zarrc_latest latest;
  pthread_t threads[READERS + WRITERS];
  (void)state;
  zarrc_latest_init(&latest, &make(0)->edition, close_number);
  for (int i = 0; i < READERS + WRITERS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, i < READERS ? read_many : write_many, &latest), 0);
  for (int i = 0; i < READERS + WRITERS; i++) {
    void *wrong;
    pthread_join(threads[i], &wrong);
    assert_null(wrong);
  }
  assert_int_equal(((const number *)zarrc_latest_peek(&latest))->value, WRITERS * ROUNDS);
  zarrc_latest_clear(&latest);
  assert_int_equal(atomic_load(&nopen), 0);
}

/* A child of a fork, made while a thread was inside that does not exist there, works on. */
static void test_fork(void **state) {
  zarrc_latest latest;
  int status;
  (void)state;
  zarrc_latest_init(&latest, &make(0)->edition, close_number);
  zarrc_latest_enter(&latest);
  pid_t child = fork();
  if (child == 0) {
    number *next = make(1);
    zarrc_edition *from = zarrc_latest_enter(&latest);
    bool done = zarrc_latest_replace(&latest, from, &next->edition);
    zarrc_latest_leave(&latest);
    done = done && ((const number *)zarrc_latest_peek(&latest))->value == 1;
    zarrc_latest_clear(&latest);
    _exit(done && atomic_load(&nopen) == 0 ? 0 : 1);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  zarrc_latest_leave(&latest);
  zarrc_latest_clear(&latest);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_one_thread),
      cmocka_unit_test(test_threads),
      cmocka_unit_test(test_fork),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

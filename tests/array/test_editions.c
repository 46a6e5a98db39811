/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/editions.h"

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
  zarrc_editions editions;
  number *one = make(1), *two = make(2), *three = make(3), *four = make(4);
  (void)state;
  zarrc_editions_init(&editions, &one->edition, close_number);
  assert_ptr_equal(zarrc_editions_enter(&editions), one);
  assert_true(zarrc_editions_replace(&editions, &one->edition, &two->edition));
  assert_false(zarrc_editions_replace(&editions, &one->edition, &three->edition));
  assert_ptr_equal(zarrc_editions_peek(&editions), two);
  zarrc_editions_leave(&editions);
  assert_int_equal(atomic_load(&nopen), 4);

  assert_ptr_equal(zarrc_editions_enter(&editions), two);
  assert_ptr_equal(zarrc_editions_enter(&editions), two);
  assert_true(zarrc_editions_replace(&editions, &two->edition, &three->edition));
  zarrc_editions_leave(&editions);
  assert_int_equal(two->value, 2); /* somebody is inside */
  assert_int_equal(atomic_load(&nopen), 4);
  zarrc_editions_leave(&editions);
  assert_int_equal(atomic_load(&nopen), 3);

  zarrc_editions_enter(&editions);
  assert_true(zarrc_editions_replace(&editions, &three->edition, &four->edition));
  zarrc_editions_clear(&editions); /* with one on the list */
  assert_int_equal(atomic_load(&nopen), 0);
}

enum { READERS = 4, WRITERS = 2, ROUNDS = 3000 };

static void *read_many(void *arg) {
  zarrc_editions *editions = arg;
  int wrong = 0;
  for (int i = 0; i < ROUNDS; i++) {
    const number *n = (const number *)zarrc_editions_enter(editions);
    wrong += n->value != -n->check;
    zarrc_editions_leave(editions);
  }
  return (void *)(intptr_t)wrong;
}

/* Each adds 1 so often: none may be lost. */
static void *write_many(void *arg) {
  zarrc_editions *editions = arg;
  for (int i = 0; i < ROUNDS; i++) {
    zarrc_editions_enter(editions);
    for (;;) {
      zarrc_edition *from = zarrc_editions_peek(editions);
      number *to = make(((const number *)from)->value + 1);
      if (zarrc_editions_replace(editions, from, &to->edition)) break;
      close_number(&to->edition);
    }
    zarrc_editions_leave(editions);
  }
  return NULL;
}

static void test_threads(void **state) {
  zarrc_editions editions;
  pthread_t threads[READERS + WRITERS];
  (void)state;
  zarrc_editions_init(&editions, &make(0)->edition, close_number);
  for (int i = 0; i < READERS + WRITERS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, i < READERS ? read_many : write_many, &editions), 0);
  for (int i = 0; i < READERS + WRITERS; i++) {
    void *wrong;
    pthread_join(threads[i], &wrong);
    assert_null(wrong);
  }
  assert_int_equal(((const number *)zarrc_editions_peek(&editions))->value, WRITERS * ROUNDS);
  zarrc_editions_clear(&editions);
  assert_int_equal(atomic_load(&nopen), 0);
}

/* A child of a fork, made while a thread was inside that does not exist there, works on. */
static void test_fork(void **state) {
  zarrc_editions editions;
  int status;
  (void)state;
  zarrc_editions_init(&editions, &make(0)->edition, close_number);
  zarrc_editions_enter(&editions);
  pid_t child = fork();
  if (child == 0) {
    number *next = make(1);
    zarrc_edition *from = zarrc_editions_enter(&editions);
    bool done = zarrc_editions_replace(&editions, from, &next->edition);
    zarrc_editions_leave(&editions);
    done = done && ((const number *)zarrc_editions_peek(&editions))->value == 1;
    zarrc_editions_clear(&editions);
    _exit(done && atomic_load(&nopen) == 0 ? 0 : 1);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  zarrc_editions_leave(&editions);
  zarrc_editions_clear(&editions);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_one_thread),
      cmocka_unit_test(test_threads),
      cmocka_unit_test(test_fork),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

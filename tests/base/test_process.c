/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/process.h"

#include <sys/wait.h>
#include <unistd.h>

static void check_number(const zarrc_process *process) {
  assert_true(zarrc_process_number(process) == getpid());
  assert_true(zarrc_process_number(process) == getpid()); /* remembered */
}

/* Returns whether a child, and a child of that, find their own numbers: 0 as an exit status. */
static int try_fork(const zarrc_process *process, int depth) {
  pid_t child = fork();
  int status = -1;
  if (child == 0) {
    int wrong = zarrc_process_number(process) != getpid() || zarrc_process_number(process) != getpid();
    _exit(wrong || (depth > 0 && try_fork(process, depth - 1)));
  }
  return child < 0 || waitpid(child, &status, 0) != child || status != 0;
}

static void test_forks(void **state) {
  (void)state;
  zarrc_process process;
  zarrc_process_open(&process);
  assert_int_equal(try_fork(&process, 0), 0); /* nobody has asked before */
  check_number(&process);
  assert_int_equal(try_fork(&process, 1), 0);
  check_number(&process);
  zarrc_process_close(&process);
}

static void test_no_page(void **state) {
  (void)state;
  zarrc_process process = {0};
  check_number(&process);
  assert_int_equal(try_fork(&process, 1), 0);
  zarrc_process_close(&process);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_forks),
      cmocka_unit_test(test_no_page),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

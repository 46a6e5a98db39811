/* SPDX-License-Identifier: MIT */
#include "support/needs.h"

#include <zarrc/zarrc.h>

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

void needs_codec(const char *name) {
  zarrc_ctx *ctx;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  bool is_there = zarrc_codec_is_available(ctx, name);
  zarrc_ctx_close(ctx);
  if (is_there) return;
  print_message("skipped: this build has no %s\n", name);
  skip();
}

void needs_curl(void) {
  if (ZARRC_HAVE_CURL) return;
  print_message("skipped: this build has no libcurl\n");
  skip();
}

static void *wait_for(void *over) {
  while (over && !*(atomic_bool *)over) sched_yield();
  return NULL;
}

/* Whether the child ends well is all that matters: what the emulator prints when it fails is thrown away. */
static _Noreturn void start_a_thread(void) {
  pthread_t thread;
  int nowhere = open("/dev/null", O_WRONLY);
  if (nowhere >= 0) dup2(nowhere, STDOUT_FILENO);
  if (nowhere >= 0) dup2(nowhere, STDERR_FILENO);
  alarm(60);
  if (pthread_create(&thread, NULL, wait_for, NULL)) _exit(1);
  pthread_join(thread, NULL);
  _exit(0);
}

void needs_threads_after_fork(void) {
  atomic_bool over = false;
  pthread_t thread;
  int status = -1;
  if (!ZARRC_EMULATED) return;
  assert_int_equal(pthread_create(&thread, NULL, wait_for, &over), 0);
  pid_t child = fork();
  if (child == 0) start_a_thread();
  assert_int_equal(waitpid(child, &status, 0), child);
  over = true;
  pthread_join(thread, NULL);
  if (status == 0) return;
  print_message("skipped: this emulator cannot start threads in the child of a process that has some\n");
  skip();
}

bool says_left_out(const char *message) {
  return strstr(message, "zarrc was built without") != NULL;
}

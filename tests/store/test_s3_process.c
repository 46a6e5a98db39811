/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/s3_process.h"
#include "support/context.h"
#include "support/files.h"
#include "support/said.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static zarrc_status run(zarrc_ctx *ctx, const char *command, size_t most, char *out, zarrc_error *error) {
  zarrc_buf text = zarrc_buf_new(ctx, most);
  zarrc_status status = zarrc_s3_process_run(ctx, command, &text, error);
  memcpy(out, text.ptr ? text.ptr : (uint8_t *)"", text.len);
  out[text.len] = '\0';
  zarrc_buf_clear(&text);
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
  return status;
}

static void expect(zarrc_ctx *ctx, const char *command, const char *want) {
  char got[4096];
  zarrc_error error;
  if (run(ctx, command, 4000, got, &error)) fail_msg("%s: %s", command, SAID(error));
  assert_string_equal(got, want);
}

static void refuse(zarrc_ctx *ctx, const char *command, zarrc_status want, const char *words) {
  char got[4096];
  zarrc_error error;
  assert_int_equal(run(ctx, command, 100, got, &error), want);
  if (!strstr(SAID(error), words)) fail_msg("%s", SAID(error));
  assert_null(strstr(SAID(error), "geheim"));
}

/* Words are divided as by a shell, and nothing else is done with them. */
static void test_words(void **state) {
  zarrc_ctx *ctx = *state;
  expect(ctx, "printf %s|%s| 'a  b' \"c \\\"d\\\" 'e'\"", "a  b|c \"d\" 'e'|");
  expect(ctx, "  printf  %s|%s\\n a\\ b  $HOME ", "a b|$HOMEn");
  expect(ctx, "printf '%s' x'y'\"z\"", "xyz");
  expect(ctx, "printf %s \"a\\b\"", "a\\b");
  expect(ctx, "sh -c 'echo a; echo b; read line || echo none'", "a\nb\nnone\n");
  refuse(ctx, "printf 'geheim", ZARRC_ACCESS, "a quote is not closed");
  refuse(ctx, "", ZARRC_ACCESS, "no command");
  refuse(ctx, "printf \\", ZARRC_ACCESS, "no command");
}

static void test_failures(void **state) {
  zarrc_ctx *ctx = *state;
  refuse(ctx, "/nonexistent/geheim", ZARRC_ACCESS, "profile "); /* emulators know only that it has failed */
  refuse(ctx, "sh -c 'echo geheim; exit 3'", ZARRC_ACCESS, "has failed");
  refuse(ctx, "sh -c 'kill -9 $$'", ZARRC_ACCESS, "has failed");
  refuse(ctx, "yes geheim", ZARRC_LIMIT, "credential_process"); /* it would never end */
}

/* The program gets no file of ours, and signals as they usually are. */
static void test_inherits_nothing(void **state) {
  zarrc_ctx *ctx = *state;
  int fd = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */
  struct sigaction before[2], ignored = {.sa_handler = SIG_IGN};
  sigaction(SIGPIPE, &ignored, &before[0]);
  sigaction(SIGTERM, &ignored, &before[1]);
  char command[100];
  snprintf(command, sizeof command, "sh -c 'test -e /proc/self/fd/%d && echo open || echo closed'", fd);
#ifdef __GLIBC_PREREQ
#if __GLIBC_PREREQ(2, 34)
  expect(ctx, command, "closed\n");
#endif
#endif
  refuse(ctx, "sh -c 'kill -s PIPE $$; echo alive'", ZARRC_ACCESS, "has failed");
  refuse(ctx, "sh -c 'kill -s TERM $$; echo alive'", ZARRC_ACCESS, "has failed");
  sigaction(SIGPIPE, &before[0], NULL);
  sigaction(SIGTERM, &before[1], NULL);
  close(fd);
}

/* A host that has the status of all children thrown away gets what was written nevertheless. */
static void test_without_status(void **state) {
  zarrc_ctx *ctx = *state;
  struct sigaction before, ignored = {.sa_handler = SIG_IGN};
  sigaction(SIGCHLD, &ignored, &before);
  expect(ctx, "printf written", "written");
  sigaction(SIGCHLD, &before, NULL);
}

static bool canceled(void *ud) {
  (void)ud;
  return true;
}

/* Cancelling ends a program that would not end by itself, with and without its output. */
static void test_canceled(void **state) {
  static const char *const commands[] = {"sleep 1000", "sh -c 'exec >&-; exec sleep 1000'"};
  zarrc_ctx_options options = {.canceled = canceled};
  zarrc_ctx *ctx;
  char got[100];
  (void)state;
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  for (int i = 0; i < 2; i++) assert_int_equal(run(ctx, commands[i], 50, got, NULL), ZARRC_CANCELED);
  zarrc_ctx_close(ctx);
}

static bool can_read(void *ud) {
  struct pollfd fd = {.fd = *(int *)ud, .events = POLLIN};
  return poll(&fd, 1, 0) > 0 && (fd.revents & POLLIN);
}

/* It also ends what the program has started. */
static void test_canceled_group(void **state) {
  char *folder = tree_make(), *fifo = path_in(folder, "fifo"), command[4096], got[100];
  (void)state;
  assert_int_equal(mkfifo(fifo, 0600), 0);
  int fd = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  assert_true(fd >= 0);
  zarrc_ctx_options options = {.canceled = can_read, .canceled_ud = &fd};
  zarrc_ctx *ctx;
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  snprintf(command, sizeof command, "sh -c '(echo x; sleep 30; echo y) >%s & exec sleep 1000'", fifo);
  assert_int_equal(run(ctx, command, 50, got, NULL), ZARRC_CANCELED);
  assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
  assert_int_equal(read(fd, got, sizeof got), 2);
  assert_int_equal(read(fd, got, sizeof got), 0); /* nobody is left who could write */
  close(fd);
  zarrc_ctx_close(ctx);
  free(fifo);
  tree_remove(folder);
}

/* A program has ended when it has, even if one that it leaves behind keeps its output open. */
static void test_leaves_another(void **state) {
  zarrc_ctx *ctx = *state;
  char got[100];
  zarrc_error error;
  if (run(ctx, "sh -c 'sleep 1000 & echo $!'", 50, got, &error)) fail_msg("%s", SAID(error));
  assert_int_equal(kill((pid_t)atoi(got), SIGKILL), 0);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, context_setup, context_teardown)
  const struct CMUnitTest tests[] = {TEST(test_words),          TEST(test_failures), TEST(test_inherits_nothing),
                                     TEST(test_without_status), TEST(test_canceled), TEST(test_canceled_group),
                                     TEST(test_leaves_another)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

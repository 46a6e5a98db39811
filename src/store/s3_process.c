/* SPDX-License-Identifier: MIT */
/*
 * The one file that starts a program. posix_spawn does it without fork: no handler of the host runs in a copy of it,
 * and its memory is not copied. Only this child is waited for; if the host takes its status first, or ignores SIGCHLD,
 * what it has written decides.
 */
#include "store/s3_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#ifdef __GLIBC_PREREQ
#if __GLIBC_PREREQ(2, 34)
#define CLOSES_FILES
#endif
#endif

enum { MOST_WORDS = 128, LOOK_MS = 50, LIMIT_MS = 60000, PIECE_NBYTES = 4096 };

static zarrc_status fail(zarrc_error *error, const char *why) {
  return zarrc_fail(error, ZARRC_ACCESS, "credential_process of the AWS profile %s", why);
}

/* Divides text in place. Returns the number of words; 0: there is none, or too many, or a quote does not end. */
static size_t divide(char *text, char **words) {
  size_t n = 0;
  for (char *in = text;;) {
    in += strspn(in, " \t");
    if (!*in) break;
    if (n == MOST_WORDS) return 0;
    char *out = words[n++] = in, quote = '\0';
    for (; *in && (quote || (*in != ' ' && *in != '\t')); in++) {
      bool escapes = *in == '\\' && quote != '\'' && (!quote || in[1] == '"' || in[1] == '\\');
      if (escapes && !in[1]) return 0;
      if (escapes)
        *out++ = *++in;
      else if (*in == quote)
        quote = '\0';
      else if (!quote && (*in == '"' || *in == '\''))
        quote = *in;
      else
        *out++ = *in;
    }
    if (quote) return 0;
    bool is_last = !*in;
    *out = '\0';
    if (is_last) break;
    in++;
  }
  words[n] = NULL;
  return n;
}

/* Starts the program in a process group of its own, with its output into a pipe. Returns 0, or an errno. */
static int spawn(char **words, int to, pid_t *child) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, usual;
  sigemptyset(&none);
  sigfillset(&usual);
  sigdelset(&usual, SIGKILL);
  sigdelset(&usual, SIGSTOP);
  int failed = posix_spawn_file_actions_init(&actions);
  if (failed) return failed;
  failed = posix_spawnattr_init(&attributes);
  if (failed) {
    posix_spawn_file_actions_destroy(&actions);
    return failed;
  }
  failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (!failed) failed = posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO);
#ifdef CLOSES_FILES
  if (!failed) failed = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
#endif
  if (!failed) failed = posix_spawnattr_setsigmask(&attributes, &none);
  if (!failed) failed = posix_spawnattr_setsigdefault(&attributes, &usual);
  if (!failed) failed = posix_spawnattr_setpgroup(&attributes, 0);
  if (!failed)
    failed =
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  if (!failed) failed = posix_spawnp(child, *words, &actions, &attributes, words, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return failed;
}

static uint64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static zarrc_status look(zarrc_ctx *ctx, uint64_t end, zarrc_error *error) {
  zarrc_status status = zarrc_ctx_check_canceled(ctx, error);
  return status || now_ms() <= end ? status : fail(error, "takes more than a minute");
}

static bool has_ended(pid_t child) {
  siginfo_t info = {0};
  if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT)) return errno == ECHILD;
  return info.si_pid == child;
}

/* Reads until the program closes its output, or ends: one that it has started may keep the output open. */
static zarrc_status read_all(zarrc_ctx *ctx, pid_t child, int from, uint64_t end, zarrc_buf *out, zarrc_error *error) {
  char piece[PIECE_NBYTES];
  zarrc_status status = ZARRC_OK;
  for (;;) {
    struct pollfd fd = {.fd = from, .events = POLLIN};
    bool is_last = has_ended(child); /* then all that it has written can be read */
    int ready = poll(&fd, 1, is_last ? 0 : LOOK_MS);
    status = look(ctx, end, error);
    if (status || (is_last && ready == 0)) break;
    if (ready <= 0) continue;
    ssize_t n = read(from, piece, sizeof piece);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) status = fail(error, "cannot be read from");
    if (n > 0) status = zarrc_buf_append(out, piece, (size_t)n, error);
    if (status == ZARRC_LIMIT) zarrc_error_prefix(error, "credential_process of the AWS profile: ");
    if (n <= 0 || status) break;
  }
  explicit_bzero(piece, sizeof piece);
  return status;
}

/* Waits for the program, and ends it and those it has started if that takes too long, or *status is a failure. */
static void wait_for(zarrc_ctx *ctx, pid_t child, uint64_t end, zarrc_status *status, zarrc_error *error) {
  int how = 0;
  pid_t ended;
  for (;;) {
    if (!*status) *status = look(ctx, end, error);
    if (*status) kill(-child, SIGKILL);
    ended = waitpid(child, &how, *status ? 0 : WNOHANG);
    if (ended == child || (ended < 0 && errno != EINTR)) break;
    if (ended == 0) poll(NULL, 0, LOOK_MS / 10);
  }
  bool failed = ended == child && !(WIFEXITED(how) && WEXITSTATUS(how) == 0);
  if (!*status && failed) *status = fail(error, "has failed");
}

static zarrc_status run(zarrc_ctx *ctx, char **words, zarrc_buf *out, zarrc_error *error) {
  int ends[2];
  pid_t child;
  uint64_t end = now_ms() + LIMIT_MS;
  if (pipe2(ends, O_CLOEXEC)) return fail(error, "cannot be run: there is no pipe");
  int failed = spawn(words, ends[1], &child);
  close(ends[1]);
  zarrc_status status = failed ? fail(error, "cannot be run") : read_all(ctx, child, ends[0], end, out, error);
  if (failed && error) error->os_error = failed;
  close(ends[0]);
  if (!failed) wait_for(ctx, child, end, &status, error);
  return status;
}

zarrc_status zarrc_s3_process_run(zarrc_ctx *ctx, const char *command, zarrc_buf *out, zarrc_error *error) {
  char *words[MOST_WORDS + 1];
  size_t nbytes = strlen(command) + 1;
  char *text = zarrc_malloc(ctx, nbytes);
  if (!text) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a command");
  memcpy(text, command, nbytes);
  zarrc_status status =
      divide(text, words) > 0 ? run(ctx, words, out, error) : fail(error, "is no command: a quote is not closed");
  zarrc_free(ctx, text);
  return status;
}

/* SPDX-License-Identifier: MIT */
/* Finds the verb, runs it, prints the error, and returns the exit code. */
#include "cli.h"
#include "out.h"
#include "signals.h"
#include "stats.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Returns whether --json is anywhere among the arguments, so that errors in other arguments are JSON too. */
static bool wants_json(int argc, char **argv) {
  for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
    if (strcmp(argv[i], "--json") == 0) return true;
  return false;
}

/* Returns DIR of --array_path=DIR or --array_path DIR. */
static const char *array_path_of(int argc, char **argv) {
  static const char option[] = "--array_path";
  size_t n = sizeof option - 1;
  if (strncmp(argv[1], option, n) != 0) return NULL;
  if (argv[1][n] == '=') return argv[1] + n + 1;
  return argv[1][n] == 0 && argc > 2 ? argv[2] : NULL;
}

static zarrc_status unknown_verb(cli *c, const char *word, zarrc_error *error) {
  const char *nearest = cli_nearest_verb(word);
  if (nearest)
    snprintf(c->hint, sizeof c->hint, "zarrc %s", nearest);
  else
    snprintf(c->hint, sizeof c->hint, "zarrc help");
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "there is no %s '%.80s'", word[0] == '-' ? "option" : "verb", word);
}

static zarrc_status run_verb(cli *c, const cli_verb *verb, int argc, char **argv, zarrc_error *error) {
  zarrc_status status = cli_args_parse(verb, argc, argv, &c->args, c->hint, sizeof c->hint, error);
  if (status) return status;
  c->quiet = cli_has(c, CLI_QUIET);
  c->verbose = cli_has(c, CLI_VERBOSE);
  if (cli_has(c, CLI_HELP)) return cli_help_verb(c, verb, error);
  status = verb->run(c, error);
  if (status == ZARRC_ACCESS && error->os_error == EXDEV && !cli_has(c, CLI_FOLLOW_LINKS))
    snprintf(c->hint, sizeof c->hint, "--follow-links");
  if (status == ZARRC_NO_MEMORY && cli_has(c, CLI_MEMORY)) { /* the limit was reached, not the machine's memory */
    status = error->code = ZARRC_LIMIT;
    snprintf(c->hint, sizeof c->hint, "more --memory");
  }
  return status;
}

static zarrc_status run(cli *c, int argc, char **argv, zarrc_error *error) {
  const char *word = argc > 1 ? argv[1] : NULL, *path;
  if (word && strcmp(word, "--json") == 0) { /* before the verb */
    argc--;
    argv++;
    word = argc > 1 ? argv[1] : NULL;
  }
  if (!word) {
    snprintf(c->hint, sizeof c->hint, "zarrc help");
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a verb is missing");
  }
  if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) return cli_help_main(c, error);
  if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) return cli_version(c, error);
  path = array_path_of(argc, argv);
  if (path) return cli_array_path(c, path, error);
  const cli_verb *verb = cli_verb_find(word);
  if (!verb) return unknown_verb(c, word, error);
  return run_verb(c, verb, argc - 2, argv + 2, error);
}

/* Opens those of the descriptors 0 to 2 that are closed, so that no file of ours gets their numbers. Each is opened in
 * the wrong direction, so that using it fails as before. */
static bool fill_streams(void) {
  static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY};
  for (int fd = 0; fd <= STDERR_FILENO; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd) return false;
  return true;
}

/* Flushes standard output: a result counts only if it was written completely. */
static zarrc_status flush_output(zarrc_error *error) {
  errno = 0;
  if (fflush(stdout) == 0 && !ferror(stdout)) return ZARRC_OK;
  if (cli_canceled(NULL)) return zarrc_fail(error, ZARRC_CANCELED, "interrupted");
  int os_error = errno != 0 ? errno : EIO; /* 0: an earlier write failed; a closed pipe is seen below */
  struct pollfd poller = {.fd = STDOUT_FILENO, .events = POLLOUT};
  if (poll(&poller, 1, 0) == 1 && (poller.revents & POLLERR) != 0) os_error = EPIPE;
  zarrc_fail(error, ZARRC_IO, "cannot write standard output: %s", strerror(os_error));
  error->os_error = os_error;
  return ZARRC_IO;
}

int main(int argc, char **argv) {
  cli c = {.json = wants_json(argc, argv), .notices.mutex = PTHREAD_MUTEX_INITIALIZER};
  zarrc_error error = {0};
  if (!fill_streams()) return zarrc_status_exit_code(ZARRC_IO);
  cli_signals_install();
  zarrc_status status = run(&c, argc, argv, &error);
  cli_notices_end(&c);
  cli_stats_print(&c);
  if (!status) {
    c.subject[0] = c.hint[0] = 0;
    status = flush_output(&error);
  } else {
    fflush(stdout);
  }
  if (status == ZARRC_CANCELED) zarrc_fail(&error, status, "interrupted"); /* one message, wherever it was noticed */
  if (status == ZARRC_IO && error.os_error == EPIPE) cli_die_of_sigpipe();
  if (status) cli_print_error(&c, &error, status);
  return status ? cli_exit_code(status) : c.exit;
}

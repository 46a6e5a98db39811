/* SPDX-License-Identifier: MIT */
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

static atomic_int received; /* the first signal, or 0 */
static int refusing = -1;   /* a descriptor that cannot be written to */

/* The first signal interrupts every blocking call ten times a second from now on, since one may begin just after the
 * signal. It also ends printing: standard output becomes unwritable. */
static void on_signal(int number) {
  struct itimerval tick = {{0, 100000}, {0, 100000}};
  int none = 0, os_error = errno;
  if (atomic_compare_exchange_strong(&received, &none, number)) {
    if (refusing >= 0) dup2(refusing, STDOUT_FILENO);
    setitimer(ITIMER_REAL, &tick, NULL);
  } else {
    signal(number, SIG_DFL);
    raise(number); /* takes effect when the handler returns */
  }
  errno = os_error;
}

static void on_tick(int number) {
  (void)number;
}

/* Installs a handler without SA_RESTART, so that blocking calls return EINTR. */
static void handle(int number, void (*handler)(int)) {
  struct sigaction action = {0};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, NULL);
}

static void catch_signal(int number) {
  struct sigaction old;
  if (sigaction(number, NULL, &old) != 0 || old.sa_handler == SIG_IGN) return; /* ignored by nohup or the shell */
  handle(number, on_signal);
}

void cli_signals_install(void) {
  refusing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  handle(SIGALRM, on_tick);
  catch_signal(SIGINT);
  catch_signal(SIGTERM);
  catch_signal(SIGHUP);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

bool cli_canceled(void *ud) {
  (void)ud;
  return atomic_load(&received) != 0;
}

int cli_exit_code(zarrc_status status) {
  int number = atomic_load(&received);
  return status == ZARRC_CANCELED && number != 0 ? 128 + number : zarrc_status_exit_code(status);
}

void cli_die_of_sigpipe(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  signal(SIGPIPE, SIG_DFL);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  raise(SIGPIPE);
  _Exit(141);
}

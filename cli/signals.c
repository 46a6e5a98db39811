/* SPDX-License-Identifier: MIT */
#include "signals.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_int canceled;

static void on_signal(int number) {
  (void)number;
  atomic_store(&canceled, 1);
}

static void catch_signal(int number) {
  struct sigaction old, action = {0};
  if (sigaction(number, NULL, &old) != 0 || old.sa_handler == SIG_IGN) return; /* nohup, background jobs */
  action.sa_handler = on_signal;
  action.sa_flags = (int)SA_RESETHAND;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, NULL);
}

void cli_signals_install(void) {
  catch_signal(SIGINT);
  catch_signal(SIGTERM);
  catch_signal(SIGHUP);
  signal(SIGPIPE, SIG_IGN);
}

bool cli_canceled(void *ud) {
  (void)ud;
  return atomic_load(&canceled) != 0;
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

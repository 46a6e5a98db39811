/* SPDX-License-Identifier: MIT */
/* Being told to stop. The second SIGINT ends the process at once. */
#ifndef ZARRC_CLI_SIGNALS_H
#define ZARRC_CLI_SIGNALS_H

#include <stdbool.h>

void cli_signals_install(void);
/* Whether SIGINT, SIGTERM or SIGHUP came. Any thread. ud is not used; the signature is that of a context's callback. */
bool cli_canceled(void *ud);
/* Ends the process as SIGPIPE would have: quietly. */
void cli_die_of_sigpipe(void);

#endif

/* SPDX-License-Identifier: MIT */
/* Being told to stop. The first SIGINT, SIGTERM or SIGHUP lets the work end in order, the second ends the process. */
#ifndef ZARRC_CLI_SIGNALS_H
#define ZARRC_CLI_SIGNALS_H

#include <stdbool.h>
#include <zarrc/zarrc.h>

/* Also ignores SIGPIPE and SIGXFSZ: writing tells with EPIPE and EFBIG. */
void cli_signals_install(void);
/* Whether SIGINT, SIGTERM or SIGHUP came. Any thread. ud is not used; the signature is that of a context's callback. */
bool cli_canceled(void *ud);
/* The exit code of a status; for ZARRC_CANCELED the one that shells give to the signal: 130, 143 or 129. */
int cli_exit_code(zarrc_status status);
/* Ends the process as SIGPIPE would have: quietly. */
void cli_die_of_sigpipe(void);

#endif

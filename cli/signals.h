/* SPDX-License-Identifier: MIT */
/* Signals. The first SIGINT, SIGTERM or SIGHUP stops the work in an orderly way; the second ends the process. */
#ifndef ZARRC_CLI_SIGNALS_H
#define ZARRC_CLI_SIGNALS_H

#include <stdbool.h>
#include <zarrc/zarrc.h>

/* Installs the handlers. SIGPIPE and SIGXFSZ are ignored, so that writes fail with EPIPE and EFBIG instead. */
void cli_signals_install(void);
/* Returns whether such a signal has come. Has the signature of a context's callback and ignores ud. */
bool cli_canceled(void *ud);
/* Returns the exit code of a status; for ZARRC_CANCELED the shell's code of the signal: 130, 143 or 129. */
int cli_exit_code(zarrc_status status);
/* Ends the process by SIGPIPE, without a message. */
void cli_die_of_sigpipe(void);

#endif

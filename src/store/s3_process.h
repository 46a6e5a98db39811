/* SPDX-License-Identifier: MIT */
/* Programs that AWS profiles name, which write credentials. */
#ifndef ZARRC_STORE_S3_PROCESS_H
#define ZARRC_STORE_S3_PROCESS_H

#include <zarrc/base.h>

/* Runs a command, divided into words as a shell does (quotes, backslashes), but without a shell, and appends what it
 * writes. It gets the environment, standard error, and no other open file. ZARRC_ACCESS: it cannot be run, fails, or
 * takes more than a minute; ZARRC_LIMIT: it writes more than `out` takes; ZARRC_CANCELED. When the function returns the
 * program has ended, and after a time-out or a cancellation also what it has started, unless that has left its process
 * group. No error has a word of the command or of what was written. */
zarrc_status zarrc_s3_process_run(zarrc_ctx *ctx, const char *command, zarrc_buf *out, zarrc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The progress of a verb. On a terminal it is one line that is redrawn, and erased at the end; elsewhere, a line for
 * every 10 %, or every ten seconds if the total is not known. Nothing is printed in the first second, unless `always`.
 */
#ifndef ZARRC_CLI_PROGRESS_H
#define ZARRC_CLI_PROGRESS_H

#include "cli.h"

#include <stdatomic.h>

typedef struct cli_progress {
  const char *verb, *unit;     /* unit NULL: the total is bytes */
  uint64_t total;              /* ZARRC_UNKNOWN: not known */
  atomic_ullong done, bytes;   /* bytes: of elements processed */
  const atomic_ullong *stored; /* bytes written to the store so far, or NULL: no ratio is shown */
  bool on, always, terminal;
  double start;
  atomic_ullong drawn_ms, tenth; /* time of the last drawing; tenths printed so far */
  atomic_flag drawing;
  atomic_bool visible;
} cli_progress;

void cli_progress_start(cli_progress *p, const cli *c, const char *unit, uint64_t total);
/* May be called by any thread. */
void cli_progress_add(cli_progress *p, uint64_t units, uint64_t bytes);
/* Erases the line until it is drawn again, so that something can be printed. */
void cli_progress_hide(cli_progress *p);
/* Erases the line. */
void cli_progress_end(cli_progress *p);
/* Returns the seconds since the start. */
double cli_progress_seconds(const cli_progress *p);
double cli_seconds(void);

#endif

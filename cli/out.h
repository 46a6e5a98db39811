/* SPDX-License-Identifier: MIT */
/* How the command talks: styles, errors, and what a terminal allows. */
#ifndef ZARRC_CLI_OUT_H
#define ZARRC_CLI_OUT_H

#include "cli.h"

#include <stdio.h>

/* Terminal, no NO_COLOR, TERM neither empty nor dumb. */
bool cli_has_colour(FILE *stream);
/* Terminal with more than a bare line: TERM neither empty nor dumb. */
bool cli_is_smart(FILE *stream);
/* Whether the locale of the environment writes UTF-8. */
bool cli_is_utf8(void);
/* Width of the terminal, from COLUMNS or the terminal itself; 80 where neither tells. */
int cli_columns(FILE *stream);

/* The escape sequence of a style where the stream has colour, else "". */
typedef enum cli_style { CLI_PLAIN, CLI_BOLD, CLI_DIM, CLI_RED, CLI_CYAN } cli_style;
const char *cli_ansi(FILE *stream, cli_style style);

/* One line on standard error, or the JSON document of it. hint: the next step, or "". */
void cli_print_error(const cli *c, const zarrc_error *error, zarrc_status status);

#endif

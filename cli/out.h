/* SPDX-License-Identifier: MIT */
/* How the command prints: styles, errors, and what the terminal can do. */
#ifndef ZARRC_CLI_OUT_H
#define ZARRC_CLI_OUT_H

#include "cli.h"

#include <stdio.h>

/* Returns whether colour is used: on a terminal, unless NO_COLOR is set or TERM is empty or "dumb". */
bool cli_has_colour(FILE *stream);
/* Returns whether the stream is a terminal that can redraw a line: TERM is neither empty nor "dumb". */
bool cli_is_smart(FILE *stream);
/* Returns whether the locale of the environment uses UTF-8. */
bool cli_is_utf8(void);
/* Returns the width from COLUMNS, or of the terminal; 80 if neither is known. */
int cli_columns(FILE *stream);

/* Returns the escape sequence of a style; "" if the stream has no colour. */
typedef enum cli_style { CLI_PLAIN, CLI_BOLD, CLI_DIM, CLI_RED, CLI_CYAN } cli_style;
const char *cli_ansi(FILE *stream, cli_style style);

/* Writes the text of an error without the place, for a line of a listing that names it. with_key: the key is included.
 * Returns text. */
const char *cli_reason(const zarrc_error *why, bool with_key, char text[ZARRC_ERROR_TEXT]);

/* Prints an error as one line on standard error, or as a JSON document. hint: the next step, or "". */
void cli_print_error(const cli *c, const zarrc_error *error, zarrc_status status);

#endif

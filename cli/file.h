/* SPDX-License-Identifier: MIT */
/*
 * Files and streams: input in order, output that is whole or not there. "-" is standard input or output.
 */
#ifndef ZARRC_CLI_FILE_H
#define ZARRC_CLI_FILE_H

#include "cli.h"

/* Input read from front to back. */
typedef struct cli_input {
  int fd;
  const char *name; /* for messages */
  uint64_t at;      /* bytes read so far */
  uint64_t total;   /* bytes there are, ZARRC_UNKNOWN for a stream */
} cli_input;

zarrc_status cli_input_open(const char *path, cli_input *in, zarrc_error *error);
void cli_input_close(cli_input *in);
/* Reads n bytes, or fewer where the input ends: *got. */
zarrc_status cli_input_some(cli_input *in, void *to, size_t n, size_t *got, zarrc_error *error);
/* Reads exactly n bytes; less is ZARRC_INVALID_ARGUMENT. */
zarrc_status cli_input_read(cli_input *in, void *to, size_t n, zarrc_error *error);
/* ZARRC_INVALID_ARGUMENT unless the input ends here. */
zarrc_status cli_input_finish(cli_input *in, zarrc_error *error);
/* The rest, at most max bytes (more is ZARRC_LIMIT), NUL-terminated; freed with free. */
zarrc_status cli_input_all(cli_input *in, uint64_t max, char **out, size_t *n, zarrc_error *error);
/* A whole small file: cli_input_open, _all, _close. */
zarrc_status cli_file_read(const char *path, uint64_t max, char **out, size_t *n, zarrc_error *error);

/* Output through a buffer. A regular file is written under a temporary name in the same directory, and gets its own
 * when all is written; until then nothing is changed. */
typedef struct cli_output {
  int fd;
  const char *name;
  bool terminal;
  char *path, *temporary; /* NULL: written directly */
  uint8_t *buf;
  size_t len;
  uint64_t total; /* bytes written through it */
} cli_output;

/* path NULL or "-": standard output. binary: refused on a terminal unless forced. */
zarrc_status cli_output_open(const char *path, bool binary, bool forced, cli_output *out, zarrc_error *error);
zarrc_status cli_output_write(cli_output *out, const void *bytes, size_t n, zarrc_error *error);
zarrc_status cli_output_text(cli_output *out, const char *text, zarrc_error *error);
/* Writes what is left and gives the file its name. */
zarrc_status cli_output_finish(cli_output *out, zarrc_error *error);
/* Frees; removes a temporary file that was not finished. */
void cli_output_close(cli_output *out);
bool cli_is_stream(const char *path); /* NULL or "-" */

/* Writes n bytes to standard output, after what stdio holds for it. A signal ends it with ZARRC_CANCELED. */
zarrc_status cli_print(const char *text, size_t n, zarrc_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/* Input that is read in order, and output that appears only when it is complete. "-": standard input or output. */
#ifndef ZARRC_CLI_FILE_H
#define ZARRC_CLI_FILE_H

#include "cli.h"

/* An input, read from start to end. */
typedef struct cli_input {
  int fd;
  const char *name; /* for messages */
  uint64_t at;      /* bytes read so far */
  uint64_t total;   /* size of the input; ZARRC_UNKNOWN for a stream */
} cli_input;

zarrc_status cli_input_open(const char *path, cli_input *in, zarrc_error *error);
void cli_input_close(cli_input *in);
/* Reads n bytes, or fewer if the input ends. *got: how many. */
zarrc_status cli_input_some(cli_input *in, void *to, size_t n, size_t *got, zarrc_error *error);
/* Reads exactly n bytes; ZARRC_INVALID_ARGUMENT if the input is shorter. */
zarrc_status cli_input_read(cli_input *in, void *to, size_t n, zarrc_error *error);
/* Returns ZARRC_INVALID_ARGUMENT if more input follows. */
zarrc_status cli_input_finish(cli_input *in, zarrc_error *error);
/* Reads the rest, at most max bytes (ZARRC_LIMIT), and adds a NUL. The caller frees *out with free. */
zarrc_status cli_input_all(cli_input *in, uint64_t max, char **out, size_t *n, zarrc_error *error);
/* Reads a whole file of at most max bytes. The caller frees *out with free. */
zarrc_status cli_file_read(const char *path, uint64_t max, char **out, size_t *n, zarrc_error *error);

/* A buffered output. A regular file is written under a temporary name in the same directory and renamed when it is
 * complete; until then nothing changes at its path. */
typedef struct cli_output {
  int fd;
  const char *name;
  bool terminal;
  char *path, *temporary; /* NULL: written directly */
  uint8_t *buf;
  size_t len;
  uint64_t total; /* bytes written so far */
} cli_output;

/* path NULL or "-": standard output. binary: a terminal is refused unless `forced`. */
zarrc_status cli_output_open(const char *path, bool binary, bool forced, cli_output *out, zarrc_error *error);
zarrc_status cli_output_write(cli_output *out, const void *bytes, size_t n, zarrc_error *error);
zarrc_status cli_output_text(cli_output *out, const char *text, zarrc_error *error);
/* Writes what is buffered, and renames the file. */
zarrc_status cli_output_finish(cli_output *out, zarrc_error *error);
/* Closes an output, and removes its temporary file if it was not finished. */
void cli_output_close(cli_output *out);
/* Returns whether a path is NULL or "-". */
bool cli_is_stream(const char *path);

/* Writes n bytes to standard output, after what stdio has buffered. ZARRC_CANCELED: a signal came. */
zarrc_status cli_print(const char *text, size_t n, zarrc_error *error);

#endif

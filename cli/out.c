/* SPDX-License-Identifier: MIT */
#include "out.h"

#include "json.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool cli_is_smart(FILE *stream) {
  const char *term = getenv("TERM");
  return isatty(fileno(stream)) && term && term[0] != 0 && strcmp(term, "dumb") != 0;
}

bool cli_has_colour(FILE *stream) {
  const char *no = getenv("NO_COLOR");
  return cli_is_smart(stream) && (!no || no[0] == 0);
}

bool cli_is_utf8(void) {
  static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
  for (size_t i = 0; i < 3; i++) {
    const char *value = getenv(names[i]);
    if (!value || value[0] == 0) continue;
    for (; *value != 0; value++)
      if (strncasecmp(value, "utf-8", 5) == 0 || strncasecmp(value, "utf8", 4) == 0) return true;
    return false;
  }
  return false;
}

int cli_columns(FILE *stream) {
  const char *columns = getenv("COLUMNS");
  struct winsize size;
  int64_t n;
  if (columns && cli_parse_int(columns, strlen(columns), &n) && n >= 20 && n <= 1000) return (int)n;
  if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) return size.ws_col;
  return 80;
}

const char *cli_ansi(FILE *stream, cli_style style) {
  static const char *const codes[] = {"\033[0m", "\033[1m", "\033[2m", "\033[31m", "\033[36m"};
  return cli_has_colour(stream) ? codes[style] : "";
}

/* Writes the text of an error. If the library names no store, it begins with what the user has typed. */
static const char *compose(const cli *c, const zarrc_error *error, zarrc_status status, char *text, size_t size) {
  zarrc_error placed = *error;
  placed.code = status;
  if (placed.store[0] == 0 && strlen(c->subject) < sizeof placed.store) strcpy(placed.store, c->subject);
  return zarrc_error_text(&placed, text, size);
}

const char *cli_reason(const zarrc_error *why, bool with_key, char text[ZARRC_ERROR_TEXT]) {
  zarrc_error bare = *why;
  bare.store[0] = bare.chunk[0] = bare.inner_chunk[0] = 0;
  bare.offset = -1;
  if (!with_key) bare.key[0] = 0;
  return zarrc_error_text(&bare, text, ZARRC_ERROR_TEXT);
}

static void put_member(cli_json *j, const char *name, const char *text) {
  cli_json_string(j, name, text[0] != 0 ? text : NULL);
}

static void print_json(const cli *c, const zarrc_error *error, zarrc_status status) {
  cli_json j = {.out = stderr};
  char text[ZARRC_ERROR_TEXT];
  cli_json_open(&j, NULL, '{');
  cli_json_open(&j, "error", '{');
  cli_json_string(&j, "code", zarrc_status_name(status));
  cli_json_string(&j, "message", compose(c, error, status, text, sizeof text));
  put_member(&j, "url", c->subject);
  put_member(&j, "key", error->key);
  put_member(&j, "chunk", error->chunk);
  put_member(&j, "inner_chunk", error->inner_chunk);
  put_member(&j, "codec", error->codec);
  if (error->offset >= 0)
    cli_json_int(&j, "offset", error->offset);
  else
    cli_json_raw(&j, "offset", NULL, 0);
  put_member(&j, "hint", c->hint);
  cli_json_close(&j, '}');
  cli_json_end(&j);
}

void cli_print_error(const cli *c, const zarrc_error *error, zarrc_status status) {
  char text[ZARRC_ERROR_TEXT];
  if (c->json) {
    print_json(c, error, status);
    return;
  }
  fprintf(stderr, "%szarrc:%s ", cli_ansi(stderr, CLI_RED), cli_ansi(stderr, CLI_PLAIN));
  cli_print_safe(stderr, compose(c, error, status, text, sizeof text));
  if (c->hint[0] != 0) {
    fputs("; try: ", stderr);
    cli_print_safe(stderr, c->hint);
  }
  putc('\n', stderr);
}

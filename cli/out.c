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
  return isatty(fileno(stream)) && term != NULL && term[0] != 0 && strcmp(term, "dumb") != 0;
}

bool cli_has_colour(FILE *stream) {
  const char *no = getenv("NO_COLOR");
  return cli_is_smart(stream) && (no == NULL || no[0] == 0);
}

bool cli_is_utf8(void) {
  static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
  for (size_t i = 0; i < 3; i++) {
    const char *value = getenv(names[i]);
    if (value == NULL || value[0] == 0) continue;
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
  if (columns != NULL && cli_parse_int(columns, strlen(columns), &n) && n >= 20 && n <= 1000) return (int)n;
  if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) return size.ws_col;
  return 80;
}

const char *cli_ansi(FILE *stream, cli_style style) {
  static const char *const codes[] = {"\033[0m", "\033[1m", "\033[2m", "\033[31m", "\033[36m"};
  return cli_has_colour(stream) ? codes[style] : "";
}

static void print_json(const cli *c, const zarrc_error *error, zarrc_status status) {
  cli_json j = {.out = stderr};
  cli_json_open(&j, NULL, '{');
  cli_json_open(&j, "error", '{');
  cli_json_string(&j, "code", zarrc_status_name(status));
  cli_json_string(&j, "message", error->message);
  cli_json_string(&j, "url", c->subject[0] != 0 ? c->subject : NULL);
  cli_json_string(&j, "key", error->key[0] != 0 ? error->key : NULL);
  cli_json_string(&j, "chunk", error->chunk[0] != 0 ? error->chunk : NULL);
  cli_json_string(&j, "codec", error->codec[0] != 0 ? error->codec : NULL);
  if (error->offset >= 0)
    cli_json_int(&j, "offset", error->offset);
  else
    cli_json_raw(&j, "offset", NULL, 0);
  cli_json_string(&j, "hint", c->hint[0] != 0 ? c->hint : NULL);
  cli_json_close(&j, '}');
  cli_json_end(&j);
}

/* A message has '?' where a name in it has what no terminal should see. */
static bool begins_with(const char *message, const char *name) {
  for (; *name != 0; name++, message++)
    if (*message != *name && *message != '?') return false;
  return true;
}

void cli_print_error(const cli *c, const zarrc_error *error, zarrc_status status) {
  if (c->json) {
    print_json(c, error, status);
    return;
  }
  const char *message = error->message[0] != 0 ? error->message : zarrc_status_words(status);
  bool about = c->subject[0] != 0 && !begins_with(message, c->subject);
  bool key = about && error->key[0] != 0 && !begins_with(message, error->key);
  bool keyed = about && error->key[0] != 0; /* URL key: message */
  fprintf(stderr, "%szarrc:%s ", cli_ansi(stderr, CLI_RED), cli_ansi(stderr, CLI_PLAIN));
  if (about) {
    cli_print_safe(stderr, c->subject);
    fputs(keyed ? " " : ": ", stderr);
  }
  if (key) {
    cli_print_safe(stderr, error->key);
    fputs(": ", stderr);
  }
  cli_print_safe(stderr, message);
  if (c->hint[0] != 0) {
    fputs("; try: ", stderr);
    cli_print_safe(stderr, c->hint);
  }
  putc('\n', stderr);
}

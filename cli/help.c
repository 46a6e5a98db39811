/* SPDX-License-Identifier: MIT */
/* --help, the manual page and --version, made from the table of verbs and options. */
#include "cli.h"
#include "json.h"
#include "out.h"

#include <string.h>

static const char about[] =
    "zarrc reads, writes and re-encodes Zarr arrays and groups, of version 3 and 2.\n\n"
    "URL is a path, file:PATH or memory:; a node inside a hierarchy is named by its path (x.zarr/group/array), also in "
    "a zip archive (x.zip/group/array, or zip:FILE/group/array whatever its name). A zip archive can only be written "
    "as "
    "a whole, by copy. Results go to standard output, everything else to standard error; the FILE - is standard input "
    "or output.";

static const char exits[] =
    "0 all went well\n2 wrong usage, selection or key\n3 not found\n4 invalid metadata\n5 not supported: codec, data "
    "type, extension\n6 damaged data: truncated, corrupt, checksum or size mismatch\n7 a limit would be exceeded\n8 "
    "out of memory\n9 input or output error\n10 conflict: something is there already\n11 network error\n13 no "
    "permission, or a link out of the store that is not followed\n130 interrupted; 143 by SIGTERM, 129 by "
    "SIGHUP\n70 an error in zarrc itself";

/* Prints wrapped text. The first line begins at column `at`, the others at `indent`. */
static void fold(FILE *out, const char *text, int at, int indent, int width) {
  while (*text != 0) {
    size_t n = strcspn(text, " \n");
    if (at > indent && at + 1 + (int)n > width) {
      fprintf(out, "\n%*s", indent, "");
      at = indent;
    } else if (at > indent) {
      putc(' ', out);
      at++;
    } else if (at < indent) {
      fprintf(out, "%*s", indent - at, "");
      at = indent;
    }
    fwrite(text, 1, n, out);
    at += (int)n;
    text += n;
    if (text[0] == '\n' && text[1] == '\n') {
      fprintf(out, "\n\n%*s", indent, "");
      at = indent;
    }
    text += strspn(text, " \n");
  }
  putc('\n', out);
}

static int width_of(FILE *out) {
  int columns = cli_columns(out);
  return columns < 60 ? 60 : columns > 100 ? 100 : columns;
}

/* Prints "-s, --select SEL". */
static void describe_option(char *buf, size_t n, const cli_option *o) {
  char letter[8] = "    ";
  if (o->letter != 0) snprintf(letter, sizeof letter, "-%c, ", o->letter);
  snprintf(buf, n, "%s--%s%s%s", letter, o->name, o->argument ? " " : "", o->argument ? o->argument : "");
}

/* Returns whether an option accepts one of a few words. */
static bool has_words(const cli_option *o) {
  return o->choices && o->choices[0] != '<';
}

/* Prints the help text of an option, and the words it accepts. */
static void describe_use(char *buf, size_t n, const cli_option *o) {
  size_t at = (size_t)snprintf(buf, n, "%s", o->help);
  const char *separator = ": ";
  for (const char *p = has_words(o) ? o->choices : ""; *p != 0 && at < n; separator = ", ") {
    size_t len = strcspn(p, " ");
    at += (size_t)snprintf(buf + at, n - at, "%s%.*s", separator, (int)len, p);
    p += len + strspn(p + len, " ");
  }
}

static void print_options(FILE *out, const cli_verb *verb) {
  for (size_t i = 0; i < cli_noptions; i++) {
    const cli_option *o = &cli_options[i];
    char names[96], help[400];
    if ((o->verbs & verb->bit) == 0) continue;
    describe_option(names, sizeof names, o);
    describe_use(help, sizeof help, o);
    int at = fprintf(out, "  %s", names);
    if (at > 28) {
      putc('\n', out);
      at = 0;
    }
    fold(out, help, at, 30, width_of(out));
  }
}

static void print_usage(FILE *out, const cli_verb *verb) {
  fprintf(out, "zarrc %s%s%s [options]\n", verb->name, verb->operands[0] != 0 ? " " : "", verb->operands);
}

/* ------------------------------------------------------------------------------------------------------- JSON */

static void json_verb(cli_json *j, const cli_verb *verb) {
  cli_json_open(j, NULL, '{');
  cli_json_string(j, "name", verb->name);
  cli_json_string(j, "operands", verb->operands);
  cli_json_string(j, "summary", verb->summary);
  cli_json_string(j, "description", verb->description);
  cli_json_open(j, "options", '[');
  for (size_t i = 0; i < cli_noptions; i++) {
    const cli_option *o = &cli_options[i];
    char letter[2] = {o->letter, 0};
    if ((o->verbs & verb->bit) == 0) continue;
    cli_json_open(j, NULL, '{');
    cli_json_string(j, "name", o->name);
    cli_json_string(j, "letter", o->letter != 0 ? letter : NULL);
    cli_json_string(j, "argument", o->argument);
    cli_json_string(j, "choices", has_words(o) ? o->choices : NULL);
    cli_json_string(j, "help", o->help);
    cli_json_close(j, '}');
  }
  cli_json_close(j, ']');
  cli_json_close(j, '}');
}

static void json_help(const cli_verb *only) {
  cli_json j;
  cli_json_begin(&j, stdout, "help");
  cli_json_open(&j, "verbs", '[');
  for (size_t i = 0; i < cli_nverbs; i++)
    if (!only || only == &cli_verbs[i]) json_verb(&j, &cli_verbs[i]);
  cli_json_close(&j, ']');
  cli_json_end(&j);
}

/* ---------------------------------------------------------------------------------------------- for terminals */

zarrc_status cli_help_verb(cli *c, const cli_verb *verb, zarrc_error *error) {
  (void)error;
  if (c->json) {
    json_help(verb);
    return ZARRC_OK;
  }
  FILE *out = stdout;
  print_usage(out, verb);
  putc('\n', out);
  fold(out, verb->description, 0, 0, width_of(out));
  putc('\n', out);
  print_options(out, verb);
  fputs("\nexamples\n", out);
  for (const char *p = verb->examples; *p != 0;) {
    size_t n = strcspn(p, "\n");
    fprintf(out, "  %.*s\n", (int)n, p);
    p += n + (p[n] != 0);
  }
  return ZARRC_OK;
}

zarrc_status cli_help_main(cli *c, zarrc_error *error) {
  (void)error;
  if (c->json) {
    json_help(NULL);
    return ZARRC_OK;
  }
  FILE *out = stdout;
  fputs("zarrc VERB [operands] [options]\n\n", out);
  fold(out, about, 0, 0, width_of(out));
  putc('\n', out);
  for (size_t i = 0; i < cli_nverbs; i++) {
    int at = fprintf(out, "  %s %s", cli_verbs[i].name, cli_verbs[i].operands);
    if (at >= 24) {
      putc('\n', out);
      at = 0;
    }
    fold(out, cli_verbs[i].summary, at, 24, width_of(out));
  }
  fputs("\n  --array_path=DIR      print the elements of an array in C order, one JSON scalar per line\n"
        "  --version             print the versions of zarrc and of the codecs' libraries\n"
        "\nzarrc help VERB explains a verb. Exit codes:\n",
        out);
  for (const char *p = exits; *p != 0;) {
    size_t n = strcspn(p, "\n"), number = strcspn(p, " ");
    fprintf(out, "  %3.*s%.*s\n", (int)number, p, (int)(n - number), p + number);
    p += n + (p[n] != 0);
  }
  return ZARRC_OK;
}

zarrc_status cli_version(cli *c, zarrc_error *error) {
  (void)error;
  cli_json j;
  zarrc_library library;
  if (!c->json) {
    printf("zarrc %s\n", zarrc_version());
    for (size_t i = 0; zarrc_library_get(i, &library); i++)
      printf("%s %s\n", library.name, library.version ? library.version : "(not built in)");
    return ZARRC_OK;
  }
  cli_json_begin(&j, stdout, "version");
  cli_json_string(&j, "version", zarrc_version());
  cli_json_open(&j, "libraries", '{');
  for (size_t i = 0; zarrc_library_get(i, &library); i++) cli_json_string(&j, library.name, library.version);
  cli_json_close(&j, '}');
  cli_json_end(&j);
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------ manual page */

static void roff(FILE *out, const char *text) {
  bool line_start = true;
  for (; *text != 0; text++) {
    if (line_start && (*text == '.' || *text == '\'')) fputs("\\&", out);
    if (text[0] == '\n' && text[1] == '\n') {
      fputs("\n.PP\n", out);
      text++;
      line_start = true;
      continue;
    }
    if (*text == '\\')
      fputs("\\e", out);
    else if (*text == '-')
      fputs("\\-", out);
    else
      putc(*text, out);
    line_start = *text == '\n';
  }
}

static void roff_verb(FILE *out, const cli_verb *verb) {
  fputs(".SS \"", out);
  roff(out, verb->name);
  fprintf(out, "%s%s\"\n", verb->operands[0] != 0 ? " " : "", verb->operands);
  roff(out, verb->description);
  putc('\n', out);
  for (size_t i = 0; i < cli_noptions; i++) {
    const cli_option *o = &cli_options[i];
    char help[400];
    if ((o->verbs & verb->bit) == 0 || o->verbs == CLI_VERB_ALL) continue;
    fputs(".TP\n.B ", out);
    if (o->letter != 0) fprintf(out, "\\-%c, ", o->letter);
    fputs("\\-\\-", out);
    roff(out, o->name);
    if (o->argument) fprintf(out, " \\fI%s\\fR", o->argument);
    putc('\n', out);
    describe_use(help, sizeof help, o);
    roff(out, help);
    putc('\n', out);
  }
  fputs(".PP\n.nf\n", out);
  roff(out, verb->examples);
  fputs("\n.fi\n", out);
}

static void print_man(FILE *out) {
  fprintf(out, ".\\\" SPDX-License-Identifier: MIT\n.\\\" Made by: zarrc help --man\n.TH ZARRC 1 \"\" \"zarrc %s\"\n",
          zarrc_version());
  fputs(".SH NAME\nzarrc \\- read, write and re\\-encode Zarr arrays\n.SH SYNOPSIS\n.B zarrc\n.I VERB\n[operands] "
        "[options]\n.br\n.B zarrc \\-\\-array_path=\\fIDIR\\fR\n.br\n.B zarrc \\-\\-version\n.SH DESCRIPTION\n",
        out);
  roff(out, about);
  fputs("\n.SH VERBS\n", out);
  for (size_t i = 0; i < cli_nverbs; i++) roff_verb(out, &cli_verbs[i]);
  fputs(".SH OPTIONS OF EVERY VERB\n", out);
  for (size_t i = 0; i < cli_noptions; i++) {
    const cli_option *o = &cli_options[i];
    if (o->verbs != CLI_VERB_ALL) continue;
    fputs(".TP\n.B ", out);
    if (o->letter != 0) fprintf(out, "\\-%c, ", o->letter);
    fputs("\\-\\-", out);
    roff(out, o->name);
    putc('\n', out);
    roff(out, o->help);
    putc('\n', out);
  }
  fputs(".SH EXIT STATUS\n", out);
  for (const char *p = exits; *p != 0;) {
    size_t n = strcspn(p, "\n"), number = strcspn(p, " ");
    fprintf(out, ".TP\n.B %.*s\n%.*s\n", (int)number, p, (int)(n - number - 1), p + number + 1);
    p += n + (p[n] != 0);
  }
  fputs(".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nno colours, if set to anything\n.TP\n.B COLUMNS\nwidth of the "
        "output\n.TP\n.B "
        "TERM\ndumb: plain output\n",
        out);
}

zarrc_status cli_help(cli *c, zarrc_error *error) {
  const char *name = c->args.operand[0];
  if (cli_has(c, CLI_MAN)) {
    print_man(stdout);
    return ZARRC_OK;
  }
  if (!name) return cli_help_main(c, error);
  const cli_verb *verb = cli_verb_find(name);
  if (verb) return cli_help_verb(c, verb, error);
  snprintf(c->hint, sizeof c->hint, "zarrc help");
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "there is no verb '%.80s'", name);
}

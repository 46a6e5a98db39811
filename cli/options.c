/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <stdio.h>
#include <string.h>

const cli_verb *cli_verb_find(const char *name) {
  for (size_t i = 0; i < cli_nverbs; i++)
    if (strcmp(cli_verbs[i].name, name) == 0) return &cli_verbs[i];
  return NULL;
}

const cli_option *cli_option_find(const cli_verb *verb, const char *name, size_t n) {
  for (size_t i = 0; i < cli_noptions; i++) {
    const cli_option *o = &cli_options[i];
    if ((o->verbs & verb->bit) != 0 && strlen(o->name) == n && memcmp(o->name, name, n) == 0) return o;
  }
  return NULL;
}

const cli_option *cli_option_letter(const cli_verb *verb, char letter) {
  for (size_t i = 0; i < cli_noptions; i++)
    if ((cli_options[i].verbs & verb->bit) != 0 && cli_options[i].letter == letter && letter != 0)
      return &cli_options[i];
  return NULL;
}

/* Returns the edit distance of two words, where swapping neighbours is one step; 99 if one has more than 31 letters. */
static int distance(const char *a, size_t na, const char *b, size_t nb) {
  int row[3][32];
  if (na > 31 || nb > 31) return 99;
  for (size_t j = 0; j <= nb; j++) row[0][j] = (int)j;
  for (size_t i = 1; i <= na; i++) {
    int *now = row[i % 3];
    const int *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
    now[0] = (int)i;
    for (size_t j = 1; j <= nb; j++) {
      int best = last[j - 1] + (a[i - 1] != b[j - 1]);
      if (last[j] + 1 < best) best = last[j] + 1;
      if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
        best = before[j - 2] + 1;
      now[j] = best;
    }
  }
  return row[na % 3][nb];
}

const char *cli_nearest_verb(const char *name) {
  const char *best = NULL;
  int nearest = 3;
  for (size_t i = 0; i < cli_nverbs; i++) {
    int d = distance(name, strlen(name), cli_verbs[i].name, strlen(cli_verbs[i].name));
    if (d < nearest && (size_t)d < strlen(cli_verbs[i].name)) {
      nearest = d;
      best = cli_verbs[i].name;
    }
  }
  return best;
}

static const char *nearest_option(const cli_verb *verb, const char *name, size_t n) {
  const char *best = NULL;
  int nearest = 3;
  for (size_t i = 0; i < cli_noptions; i++) {
    if ((cli_options[i].verbs & verb->bit) == 0) continue;
    int d = distance(name, n, cli_options[i].name, strlen(cli_options[i].name));
    if (d < nearest) {
      nearest = d;
      best = cli_options[i].name;
    }
  }
  return best;
}

static bool is_choice(const char *choices, const char *word) {
  size_t n = strlen(word);
  for (const char *p = choices; *p != 0;) {
    size_t len = strcspn(p, " ");
    if (len == n && memcmp(p, word, n) == 0) return true;
    p += len;
    p += strspn(p, " ");
  }
  return false;
}

static zarrc_status set(cli_args *args, const cli_option *option, const char *value, zarrc_error *error) {
  if (option->choices && option->choices[0] != '<' && !is_choice(option->choices, value))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--%s: '%.80s' is none of: %s", option->name, value,
                      option->choices);
  args->value[option->id] = value;
  if (option->id != CLI_HEADER) return ZARRC_OK;
  if (args->nheaders == CLI_MAX_HEADERS)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--header: more than %d of them", CLI_MAX_HEADERS);
  args->headers[args->nheaders++] = value;
  return ZARRC_OK;
}

/* Parses --name, --name=value, --name value. */
static zarrc_status parse_long(cli_args *args, int argc, char **argv, int *at, char *hint, size_t nhint,
                               zarrc_error *error) {
  const char *word = argv[*at] + 2, *equals = strchr(word, '=');
  size_t n = equals ? (size_t)(equals - word) : strlen(word);
  const cli_option *option = cli_option_find(args->verb, word, n);
  if (!option) {
    const char *nearest = nearest_option(args->verb, word, n);
    if (nearest) snprintf(hint, nhint, "--%s", nearest);
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%s has no option --%.*s", args->verb->name,
                      (int)(n < 60 ? n : 60), word);
  }
  if (!option->argument) {
    if (equals) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--%s takes no argument", option->name);
    return set(args, option, "", error);
  }
  if (equals) return set(args, option, equals + 1, error);
  if (*at + 1 >= argc)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--%s wants an argument: %s", option->name, option->argument);
  *at += 1;
  return set(args, option, argv[*at], error);
}

/* Parses -q, -qv, -T4, -T 4, -qT4. */
static zarrc_status parse_letters(cli_args *args, int argc, char **argv, int *at, zarrc_error *error) {
  for (const char *p = argv[*at] + 1; *p != 0; p++) {
    const cli_option *option = cli_option_letter(args->verb, *p);
    if (!option)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%s has no option -%c", args->verb->name,
                        *p >= ' ' && *p <= '~' ? *p : '?');
    if (!option->argument) {
      zarrc_status status = set(args, option, "", error);
      if (status) return status;
      continue;
    }
    if (p[1] != 0) return set(args, option, p[1] == '=' ? p + 2 : p + 1, error);
    if (*at + 1 >= argc)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "-%c wants an argument: %s", option->letter, option->argument);
    *at += 1;
    return set(args, option, argv[*at], error);
  }
  return ZARRC_OK;
}

zarrc_status cli_args_parse(const cli_verb *verb, int argc, char **argv, cli_args *args, char *hint, size_t nhint,
                            zarrc_error *error) {
  bool only_operands = false;
  *args = (cli_args){.verb = verb};
  snprintf(hint, nhint, "zarrc help %s", verb->name);
  for (int i = 0; i < argc; i++) {
    zarrc_status status = ZARRC_OK;
    if (only_operands || argv[i][0] != '-' || argv[i][1] == 0) {
      if (args->noperands >= verb->max_operands)
        return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%s does not know what to do with '%.80s'", verb->name,
                          argv[i]);
      args->operand[args->noperands++] = argv[i];
    } else if (strcmp(argv[i], "--") == 0) {
      only_operands = true;
    } else if (argv[i][1] == '-') {
      status = parse_long(args, argc, argv, &i, hint, nhint, error);
    } else {
      status = parse_letters(args, argc, argv, &i, error);
    }
    if (status) return status;
  }
  if (!args->value[CLI_HELP] && args->noperands < verb->min_operands)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%s wants %s", verb->name, verb->operands);
  hint[0] = 0;
  return ZARRC_OK;
}

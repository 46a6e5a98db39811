/* SPDX-License-Identifier: MIT */
/* zarrc completion bash|zsh|fish: prints completions made from the table of verbs and options. */
#include "cli.h"
#include "json.h"
#include "memstream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_words(const char *choices) {
  return choices && choices[0] != '<';
}

static void put_names(FILE *out, const cli_verb *verb) {
  for (size_t i = 0; i < cli_noptions; i++)
    if ((cli_options[i].verbs & verb->bit) != 0) fprintf(out, "%s--%s", i > 0 ? " " : "", cli_options[i].name);
}

/* ------------------------------------------------------------------------------------------------------- bash */

static void put_bash(FILE *out) {
  fputs(
      "# bash completion of zarrc\n_zarrc() {\n  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} "
      "verb=${COMP_WORDS[1]}\n  COMPREPLY=()\n  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    COMPREPLY=($(compgen -W \"",
      out);
  for (size_t i = 0; i < cli_nverbs; i++) fprintf(out, "%s ", cli_verbs[i].name);
  fputs("--array_path= --help --version\" -- \"$cur\"))\n    return\n  fi\n  case \"$verb $prev\" in\n", out);
  for (size_t v = 0; v < cli_nverbs; v++)
    for (size_t i = 0; i < cli_noptions; i++) {
      const cli_option *o = &cli_options[i];
      if ((o->verbs & cli_verbs[v].bit) == 0 || !o->argument) continue;
      fprintf(out, "  '%s --%s'", cli_verbs[v].name, o->name);
      if (o->letter != 0) fprintf(out, "|'%s -%c'", cli_verbs[v].name, o->letter);
      if (is_words(o->choices))
        fprintf(out, ") COMPREPLY=($(compgen -W \"%s\" -- \"$cur\")); return ;;\n", o->choices);
      else if (o->choices)
        fputs(") COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n", out);
      else
        fputs(") return ;;\n", out);
    }
  fputs("  esac\n  case \"$cur\" in\n  -*)\n    case \"$verb\" in\n", out);
  for (size_t v = 0; v < cli_nverbs; v++) {
    fprintf(out, "    %s) COMPREPLY=($(compgen -W \"", cli_verbs[v].name);
    put_names(out, &cli_verbs[v]);
    fputs("\" -- \"$cur\")) ;;\n", out);
  }
  fputs("    esac ;;\n  *)\n    case \"$verb\" in\n", out);
  for (size_t v = 0; v < cli_nverbs; v++)
    if (is_words(cli_verbs[v].choices))
      fprintf(out, "    %s) COMPREPLY=($(compgen -W \"%s\" -- \"$cur\")) ;;\n", cli_verbs[v].name,
              cli_verbs[v].choices);
  fputs("    help) COMPREPLY=($(compgen -W \"", out);
  for (size_t i = 0; i < cli_nverbs; i++) fprintf(out, "%s ", cli_verbs[i].name);
  fputs("\" -- \"$cur\")) ;;\n    *) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n    esac ;;\n  esac\n}\n"
        "complete -o filenames -F _zarrc zarrc\n",
        out);
}

/* -------------------------------------------------------------------------------------------------------- zsh */

/* Prints text inside '...[...]...', where quotes, brackets and colons must be escaped. */
static void put_zsh_text(FILE *out, const char *text) {
  for (; *text != 0; text++) {
    if (*text == '\'')
      fputs("'\\''", out);
    else if (strchr("[]:\\", *text))
      fprintf(out, "\\%c", *text);
    else
      putc(*text, out);
  }
}

static void put_zsh_option(FILE *out, const cli_option *o) {
  fputs(" \\\n        ", out);
  if (o->letter != 0)
    fprintf(out, "'(-%c --%s)'{-%c%s,--%s%s}'[", o->letter, o->name, o->letter, o->argument ? "+" : "", o->name,
            o->argument ? "=" : "");
  else
    fprintf(out, "'--%s%s[", o->name, o->argument ? "=" : "");
  put_zsh_text(out, o->help);
  putc(']', out);
  if (o->argument) {
    putc(':', out);
    put_zsh_text(out, o->argument);
    putc(':', out);
    if (is_words(o->choices))
      fprintf(out, "(%s)", o->choices);
    else if (o->choices)
      fputs("_files", out);
  }
  putc('\'', out);
}

static void put_zsh(FILE *out) {
  fputs("#compdef zarrc\n_zarrc() {\n  local -a verbs=(\n", out);
  for (size_t i = 0; i < cli_nverbs; i++) {
    fprintf(out, "    '%s:", cli_verbs[i].name);
    put_zsh_text(out, cli_verbs[i].summary);
    fputs("'\n", out);
  }
  fputs("  )\n  if (( CURRENT == 2 )); then\n    _describe verb verbs\n    return\n  fi\n  local verb=$words[2]\n"
        "  shift words\n  (( CURRENT-- ))\n  case $verb in\n",
        out);
  for (size_t v = 0; v < cli_nverbs; v++) {
    const cli_verb *verb = &cli_verbs[v];
    fprintf(out, "    %s)\n      _arguments -s", verb->name);
    for (size_t i = 0; i < cli_noptions; i++)
      if ((cli_options[i].verbs & verb->bit) != 0) put_zsh_option(out, &cli_options[i]);
    if (is_words(verb->choices))
      fprintf(out, " \\\n        '*:%s:(%s)'", verb->operands, verb->choices);
    else if (verb->bit == CLI_VERB_HELP)
      fputs(" \\\n        '*: :{_describe verb verbs}'", out);
    else if (verb->max_operands > 0)
      fputs(" \\\n        '*: :_files'", out);
    fputs(" ;;\n", out);
  }
  fputs("  esac\n}\n_zarrc \"$@\"\n", out);
}

/* ------------------------------------------------------------------------------------------------------- fish */

static void put_fish_text(FILE *out, const char *text) {
  putc('\'', out);
  for (; *text != 0; text++) {
    if (*text == '\'' || *text == '\\') putc('\\', out);
    putc(*text, out);
  }
  putc('\'', out);
}

static void put_fish(FILE *out) {
  fputs("# fish completion of zarrc\n", out);
  for (size_t v = 0; v < cli_nverbs; v++) {
    const cli_verb *verb = &cli_verbs[v];
    fprintf(out, "complete -c zarrc -f -n __fish_use_subcommand -a %s -d ", verb->name);
    put_fish_text(out, verb->summary);
    putc('\n', out);
    if (is_words(verb->choices))
      fprintf(out, "complete -c zarrc -f -n '__fish_seen_subcommand_from %s' -a '%s'\n", verb->name, verb->choices);
    for (size_t i = 0; i < cli_noptions; i++) {
      const cli_option *o = &cli_options[i];
      if ((o->verbs & verb->bit) == 0) continue;
      fprintf(out, "complete -c zarrc -n '__fish_seen_subcommand_from %s' -l %s", verb->name, o->name);
      if (o->letter != 0) fprintf(out, " -s %c", o->letter);
      if (o->argument) fputs(o->choices && !is_words(o->choices) ? " -r -F" : " -x", out);
      if (is_words(o->choices)) fprintf(out, " -a '%s'", o->choices);
      fputs(" -d ", out);
      put_fish_text(out, o->help);
      putc('\n', out);
    }
  }
}

zarrc_status cli_completion(cli *c, zarrc_error *error) {
  static const struct {
    const char *name;
    void (*put)(FILE *out);
  } shells[] = {{"bash", put_bash}, {"zsh", put_zsh}, {"fish", put_fish}};
  const char *shell = c->args.operand[0];
  size_t i = 0;
  cli_memstream text;
  while (i < sizeof shells / sizeof shells[0] && strcmp(shells[i].name, shell) != 0) i++;
  if (i == sizeof shells / sizeof shells[0])
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "'%.80s' is none of: bash zsh fish", shell);
  zarrc_status status = cli_memstream_open(&text, error);
  if (status) return status;
  shells[i].put(text.out);
  status = cli_memstream_close(&text, ZARRC_OK, error);
  if (status) return status;
  if (c->json) {
    cli_json j;
    cli_json_begin(&j, stdout, "completion");
    cli_json_string(&j, "shell", shell);
    cli_json_string(&j, "script", text.text);
    cli_json_end(&j);
  } else {
    fputs(text.text, stdout);
  }
  free(text.text);
  return ZARRC_OK;
}

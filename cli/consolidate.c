/* SPDX-License-Identifier: MIT */
/* zarrc consolidate: writes or checks consolidated metadata. */
#include "cli.h"
#include "file.h"
#include "json.h"
#include "memstream.h"
#include "out.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

typedef struct checking {
  cli_json *json; /* NULL: text */
  size_t nprefix; /* bytes of the group's path before that of a node in it */
  FILE *out;
  size_t n;
} checking;

static zarrc_status show(void *arg, const char *path, zarrc_consolidated_difference difference, zarrc_error *error) {
  static const char *const texts[] = {"only in the consolidated metadata", "not in the consolidated metadata",
                                      "another document"};
  static const char *const words[] = {"only_consolidated", "not_consolidated", "other_document"};
  checking *k = arg;
  const char *name = strlen(path) < k->nprefix ? "" : path + k->nprefix;
  (void)error;
  k->n++;
  if (k->json) {
    cli_json_open(k->json, NULL, '{');
    cli_json_string(k->json, "path", name);
    cli_json_string(k->json, "difference", words[difference]);
    cli_json_close(k->json, '}');
    return ZARRC_OK;
  }
  cli_print_safe(k->out, *name != 0 ? name : ".");
  fprintf(k->out, ": %s\n", texts[difference]);
  return ZARRC_OK;
}

static zarrc_status check(const cli *c, const cli_node *node, zarrc_error *error) {
  cli_memstream text; /* so that a list is printed completely or not at all */
  cli_json j;
  zarrc_status status = cli_memstream_open(&text, error);
  if (status) return status;
  checking k = {.json = c->json ? &j : NULL, .nprefix = strlen(node->path) + (node->path[0] != 0), .out = text.out};
  if (c->json) {
    cli_json_begin(&j, text.out, "consolidate");
    cli_json_string(&j, "url", node->url);
    cli_json_open(&j, "differences", '[');
  }
  status = zarrc_consolidated_compare(node->store, node->path, show, &k, error);
  if (c->json) {
    cli_json_close(&j, ']');
    cli_json_end(&j);
  }
  status = cli_memstream_close(&text, status, error);
  if (!status) status = cli_print(text.text, text.len, error);
  free(text.text);
  if (!status && k.n > 0)
    status = zarrc_fail(error, ZARRC_CORRUPT, "%zu node%s not as the consolidated metadata say", k.n,
                        k.n == 1 ? " is" : "s are");
  return status;
}

/* What is below the group, but not in its consolidated metadata. */
typedef struct left_out {
  size_t n;
  char first[200]; /* cut if it is longer */
} left_out;

static zarrc_status count_left_out(void *arg, const char *path, zarrc_error *error) {
  left_out *left = arg;
  (void)error;
  if (left->n++ == 0) snprintf(left->first, sizeof left->first, "%s", path);
  return ZARRC_OK;
}

static void print_note(const left_out *left) {
  char a[CLI_HUMAN];
  if (left->n == 0) return;
  fprintf(stderr, "zarrc: note: %s %s not in it, %s", cli_human_count(a, left->n),
          left->n == 1 ? "array or group is" : "arrays or groups are", left->n == 1 ? "" : "such as ");
  cli_print_safe(stderr, left->first);
  fputs(": of another format, or a folder above is no group\n", stderr);
}

static zarrc_status consolidate(cli *c, const cli_node *node, zarrc_error *error) {
  zarrc_tree *tree = NULL;
  left_out left = {0};
  zarrc_status status = zarrc_consolidate(node->store, node->path, cli_has(c, CLI_FORCE), error);
  if (status == ZARRC_CONFLICT && !cli_has(c, CLI_FORCE)) snprintf(c->hint, sizeof c->hint, "--force to drop them");
  if (!status) status = zarrc_tree_open(node->store, node->path, -1, NULL, &tree, error);
  if (status) return status;
  size_t n = zarrc_tree_nnodes(tree) - 1;
  const char *name = zarrc_group_format(node->group) == 2 ? ".zmetadata" : "zarr.json";
  status = zarrc_tree_each_unlisted(tree, count_left_out, &left, error);
  zarrc_tree_close(tree);
  if (status) return status;
  if (c->json) {
    cli_json j;
    cli_json_begin(&j, stdout, "consolidate");
    cli_json_string(&j, "url", node->url);
    cli_json_string(&j, "document", name);
    cli_json_uint(&j, "nodes", n);
    cli_json_uint(&j, "unlisted", left.n);
    if (left.n > 0) cli_json_string(&j, "first_unlisted", left.first);
    cli_json_end(&j);
  } else {
    cli_print_safe(stdout, node->url);
    printf(": %s has the metadata of %zu node%s now\n", name, n, n == 1 ? "" : "s");
    print_note(&left);
  }
  return ZARRC_OK;
}

zarrc_status cli_consolidate(cli *c, zarrc_error *error) {
  zarrc_ctx *ctx = NULL;
  cli_node node = {0};
  bool checks = cli_has(c, CLI_CHECK);
  zarrc_array_options options = {.struct_size = sizeof options, .allow_unknown = true};
  zarrc_status status = cli_ctx_open(c, CLI_WHOLE, &ctx, error);
  if (!status) status = cli_node_open(c, ctx, c->args.operand[0], !checks, &options, &node, error);
  if (!status && !node.group) status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "an array; a group is wanted");
  if (!status) status = checks ? check(c, &node, error) : consolidate(c, &node, error);
  if (status == ZARRC_NOT_FOUND && node.group) snprintf(c->hint, sizeof c->hint, "zarrc consolidate %s", node.url);
  cli_node_close(&node);
  zarrc_ctx_close(ctx);
  return status;
}

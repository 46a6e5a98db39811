/* SPDX-License-Identifier: MIT */
/* zarrc digest: writes a digest of stored data, with which verify compares. */
#include "cli.h"
#include "file.h"
#include "json.h"
#include "out.h"
#include "text.h"

static zarrc_status put(void *arg, const char *text, size_t n, zarrc_error *error) {
  return cli_output_write(arg, text, n, error);
}

static void put_report(const cli *c, const cli_node *node, const zarrc_digest_report *r) {
  cli_json j;
  char a[CLI_HUMAN], b[CLI_HUMAN];
  if (!c->json) {
    cli_print_safe(stdout, node->url);
    printf(": %s keys, %s: root %s\n", cli_human_count(a, r->nkeys), cli_human_bytes(b, (double)r->nbytes), r->root);
    if (*r->values) printf("values %s\n", r->values);
    return;
  }
  cli_json_begin(&j, stdout, "digest");
  cli_json_string(&j, "url", node->url);
  cli_json_uint(&j, "keys", r->nkeys);
  cli_json_uint(&j, "nbytes", r->nbytes);
  cli_json_uint(&j, "inner_chunks", r->ninner);
  cli_json_string(&j, "root", r->root);
  cli_json_string(&j, "values", *r->values ? r->values : NULL);
  cli_json_end(&j);
}

zarrc_status cli_digest(cli *c, zarrc_error *error) {
  zarrc_ctx *ctx = NULL;
  cli_node node = {0};
  cli_output out = {.fd = -1};
  const zarrc_digest_options options = {.struct_size = sizeof options, .values = cli_has(c, CLI_VALUES)};
  zarrc_digest_report report = {.struct_size = sizeof report};
  bool streams = cli_is_stream(cli_value(c, CLI_OUTPUT));
  if (c->json && streams)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT,
                      "--json and the digest do not fit on one stream: -o FILE is needed");
  zarrc_status status = cli_ctx_open(c, CLI_WHOLE, &ctx, error);
  if (!status) status = cli_store_open(c, ctx, c->args.operand[0], CLI_READ, &node, error);
  if (!status) status = cli_output_open(cli_value(c, CLI_OUTPUT), false, false, &out, error);
  if (!status) status = zarrc_digest(node.store, node.path, &options, put, &out, &report, error);
  if (!status) status = cli_output_finish(&out, error);
  if (!status && !streams && !c->quiet) put_report(c, &node, &report);
  cli_output_close(&out);
  cli_node_close(&node);
  zarrc_ctx_close(ctx);
  return status;
}

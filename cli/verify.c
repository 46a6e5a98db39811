/* SPDX-License-Identifier: MIT */
/* zarrc verify: finds what is wrong with stored data. */
#include "cli.h"
#include "file.h"
#include "json.h"
#include "out.h"
#include "progress.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

typedef struct verifying {
  cli *c;
  const cli_node *node;
  cli_progress progress;
  char last[1024]; /* the key up to which everything has been looked at; "": none */
} verifying;

/* Writes coordinates such as "1,0" as a list; of those in nested shards, the outermost. */
static void json_coordinates(cli_json *j, const char *key, const char *text) {
  char list[256];
  int n = text ? snprintf(list, sizeof list, "[%.*s]", (int)strcspn(text, "/"), text) : 0;
  cli_json_raw(j, key, text ? list : NULL, (size_t)n);
}

static void put_json(const zarrc_finding *f) {
  cli_json j = {.out = stdout};
  cli_json_open(&j, NULL, '{');
  cli_json_string(&j, "severity", f->severity == ZARRC_FAULT ? "fault" : "note");
  cli_json_string(&j, "key", f->key);
  json_coordinates(&j, "chunk", f->chunk);
  json_coordinates(&j, "inner", f->inner);
  if (f->byte != ZARRC_UNKNOWN)
    cli_json_uint(&j, "byte", f->byte);
  else
    cli_json_raw(&j, "byte", NULL, 0);
  cli_json_string(&j, "codec", f->codec);
  cli_json_string(&j, "what", f->what);
  cli_json_string(&j, "fix", f->fix);
  cli_json_close(&j, '}');
  putchar('\n');
}

static void put_line(const zarrc_finding *f) {
  bool is_fault = f->severity == ZARRC_FAULT;
  printf("%s%s%s: ", cli_ansi(stdout, is_fault ? CLI_RED : CLI_BOLD), is_fault ? "fault" : "note",
         cli_ansi(stdout, CLI_PLAIN));
  cli_print_safe(stdout, f->key);
  if (f->chunk) printf(": chunk %s", f->chunk[0] ? f->chunk : "()");
  if (f->inner) printf(", inner chunk %s", f->inner);
  if (f->byte != ZARRC_UNKNOWN) printf("%s byte %llu", f->chunk ? "," : ":", (unsigned long long)f->byte);
  fputs(": ", stdout);
  cli_print_safe(stdout, f->what);
  printf("; %s\n", f->fix);
}

static zarrc_status show(void *arg, const zarrc_finding *finding, zarrc_error *error) {
  verifying *v = arg;
  (void)error;
  cli_progress_hide(&v->progress);
  if (v->c->json)
    put_json(finding);
  else
    put_line(finding);
  return ZARRC_OK;
}

static void advance(void *arg, const zarrc_verify_report *report, const char *key) {
  verifying *v = arg;
  uint64_t before = atomic_load(&v->progress.done);
  snprintf(v->last, sizeof v->last, "%s", key);
  cli_progress_add(&v->progress, report->nkeys - before, 0);
}

static void put_summary(const verifying *v, const zarrc_verify_report *r) {
  char a[CLI_HUMAN], b[CLI_HUMAN], c[CLI_HUMAN], d[CLI_HUMAN], e[CLI_HUMAN];
  cli_print_safe(stdout, v->node->url);
  printf(": %s node%s, %s chunk%s%s", cli_human_count(a, r->nnodes), r->nnodes == 1 ? "" : "s",
         cli_human_count(b, r->nchunks), r->nchunks == 1 ? "" : "s", cli_has(v->c, CLI_DEEP) ? " decoded" : "");
  if (r->ninner > 0) printf(", %s entries of shard indices", cli_human_count(c, r->ninner));
  printf(", %s: %s fault%s, %s note%s\n", cli_human_bytes(c, (double)r->nbytes), cli_human_count(d, r->nfaults),
         r->nfaults == 1 ? "" : "s", cli_human_count(e, r->nnotes), r->nnotes == 1 ? "" : "s");
}

zarrc_status cli_verify(cli *c, zarrc_error *error) {
  zarrc_ctx *ctx = NULL;
  cli_node node = {0};
  verifying v = {.c = c, .node = &node};
  zarrc_verify_report report = {.struct_size = sizeof report};
  char *digest = NULL;
  zarrc_verify_options options = {.struct_size = sizeof options,
                                  .deep = cli_has(c, CLI_DEEP),
                                  .after = cli_value(c, CLI_AFTER),
                                  .finding = show,
                                  .finding_arg = &v,
                                  .progress = advance,
                                  .progress_arg = &v};
  zarrc_status status = cli_ctx_open(c, CLI_WHOLE, &ctx, error);
  if (!status && cli_has(c, CLI_DIGEST)) {
    cli_about(c, cli_value(c, CLI_DIGEST));
    status = cli_file_read(cli_value(c, CLI_DIGEST), UINT64_MAX / 2, &digest, &options.ndigest, error);
    options.digest = digest;
  }
  if (!status) status = cli_store_open(c, ctx, c->args.operand[0], CLI_READ, &node, error);
  if (!status) {
    c->tells_notices = true; /* they are findings */
    cli_progress_start(&v.progress, c, "keys", ZARRC_UNKNOWN);
    status = zarrc_verify(node.store, node.path, &options, &report, error);
    cli_progress_end(&v.progress);
  }
  if (status == ZARRC_INVALID_METADATA && digest) cli_about(c, cli_value(c, CLI_DIGEST)); /* faults are no failures */
  if (status == ZARRC_CANCELED && v.last[0]) snprintf(c->hint, sizeof c->hint, "--after '%.200s' to go on", v.last);
  if (!status && !c->json && !c->quiet) put_summary(&v, &report);
  if (!status && report.nfaults > 0) c->exit = 1;
  free(digest);
  cli_node_close(&node);
  zarrc_ctx_close(ctx);
  return status;
}

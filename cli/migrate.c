/* SPDX-License-Identifier: MIT */
/* zarrc migrate: changes the Zarr format of a hierarchy in place. */
#include "cli.h"
#include "json.h"
#include "out.h"
#include "text.h"

#include <stdio.h>

typedef struct migrating {
  cli *c;
  const char *url;
  zarrc_migrate_options options;
  zarrc_migrate_report report;
  bool shows_keys;
  char unlisted[200]; /* the first array or group that is left as it is; cut if it is longer */
} migrating;

static zarrc_status hear(void *arg, const zarrc_migrate_event *event, zarrc_error *error) {
  migrating *m = arg;
  (void)error;
  if (event->step == ZARRC_MIGRATE_LEAVE) {
    if (m->unlisted[0] == 0) snprintf(m->unlisted, sizeof m->unlisted, "%s", event->key);
    return ZARRC_OK;
  }
  if (!m->shows_keys) return ZARRC_OK;
  printf("%-8s", event->step == ZARRC_MIGRATE_WRITE ? "write" : "remove");
  cli_print_safe(stdout, event->key);
  putchar('\n');
  return ZARRC_OK;
}

static void print_notes(const migrating *m) {
  char a[CLI_HUMAN];
  uint64_t n = m->report.nunlisted, ndropped = m->report.ndropped;
  if (ndropped > 0)
    fprintf(
        stderr,
        "zarrc: note: consolidated metadata of %s group%s of format 2 only, and %s removed: zarrc consolidate writes "
        "new ones\n",
        cli_human_count(a, ndropped), ndropped == 1 ? " were" : "s were", m->options.dry_run ? "would be" : "are");
  if (n == 0) return;
  fprintf(stderr, "zarrc: note: %s %s not migrated, %s", cli_human_count(a, n),
          n == 1 ? "array or group is" : "arrays or groups are", n == 1 ? "" : "such as ");
  cli_print_safe(stderr, m->unlisted);
  fputs(": a folder above is no group\n", stderr);
}

static void print_summary(const migrating *m) {
  const zarrc_migrate_report *r = &m->report;
  char a[CLI_HUMAN], b[CLI_HUMAN], c[CLI_HUMAN], d[CLI_HUMAN];
  bool dry = m->options.dry_run;
  printf("%s array%s, %s group%s: %s document%s ", cli_human_count(a, r->narrays), r->narrays == 1 ? "" : "s",
         cli_human_count(b, r->ngroups), r->ngroups == 1 ? "" : "s", cli_human_count(c, r->nwritten),
         r->nwritten == 1 ? "" : "s");
  printf(dry ? "would be written, %s removed" : "written, %s removed", cli_human_count(d, r->nremoved));
  if (r->nconsolidated > 0)
    printf("; %s group%s consolidated metadata", cli_human_count(a, r->nconsolidated),
           r->nconsolidated == 1 ? " has" : "s have");
  putchar('\n');
  if (!dry && m->options.zarr_format == 3 && !m->options.remove_v2_metadata && r->nmigrated > 0)
    printf("metadata of format 2 stay until --remove-v2-metadata; --zarr-format 2 goes back\n");
}

static void print_json(const migrating *m) {
  cli_json j;
  cli_json_begin(&j, stdout, "migrate");
  cli_json_string(&j, "url", m->url);
  cli_json_uint(&j, "zarr_format", (uint64_t)m->options.zarr_format);
  cli_json_bool(&j, "dry_run", m->options.dry_run);
  cli_json_uint(&j, "arrays", m->report.narrays);
  cli_json_uint(&j, "groups", m->report.ngroups);
  cli_json_uint(&j, "migrated", m->report.nmigrated);
  cli_json_uint(&j, "written", m->report.nwritten);
  cli_json_uint(&j, "removed", m->report.nremoved);
  cli_json_uint(&j, "consolidated", m->report.nconsolidated);
  cli_json_uint(&j, "dropped", m->report.ndropped);
  cli_json_uint(&j, "unlisted", m->report.nunlisted);
  if (m->report.nunlisted > 0) cli_json_string(&j, "first_unlisted", m->unlisted);
  cli_json_end(&j);
}

zarrc_status cli_migrate(cli *c, zarrc_error *error) {
  const char *format = cli_value(c, CLI_ZARR_FORMAT);
  migrating m = {.c = c, .url = c->args.operand[0], .report = {.struct_size = sizeof m.report}};
  zarrc_ctx *ctx = NULL;
  cli_node node = {0};
  m.options = (zarrc_migrate_options){.struct_size = sizeof m.options,
                                      .zarr_format = format ? format[0] - '0' : 3,
                                      .remove_v2_metadata = cli_has(c, CLI_REMOVE_V2),
                                      .force = cli_has(c, CLI_FORCE),
                                      .dry_run = cli_has(c, CLI_DRY_RUN),
                                      .event = hear,
                                      .event_arg = &m};
  m.shows_keys = m.options.dry_run && !c->json;
  zarrc_status status = cli_ctx_open(c, CLI_WHOLE, &ctx, error);
  const zarrc_array_options any = {.struct_size = sizeof any, .allow_unknown = true};
  if (!status) status = cli_node_open(c, ctx, m.url, !m.options.dry_run, &any, &node, error);
  if (!status) status = zarrc_migrate(node.store, node.path, &m.options, &m.report, error);
  if (status == ZARRC_CONFLICT && m.report.differ)
    snprintf(c->hint, sizeof c->hint, "--force to %s those of format 2",
             m.options.remove_v2_metadata ? "remove" : "replace");
  if (!status && c->json) print_json(&m);
  if (!status && !c->json && !c->quiet) print_notes(&m);
  if (!status && !c->json && !c->quiet) print_summary(&m);
  cli_node_close(&node);
  zarrc_ctx_close(ctx);
  return status;
}

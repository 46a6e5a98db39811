/* SPDX-License-Identifier: MIT */
/* zarrc copy: copies an array or a hierarchy, with other chunks or codecs if asked for. */
#include "copy.h"
#include "codecspec.h"
#include "describe.h"
#include "signals.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zarrc/plugin/store.h>

/* The number of file names that the summary prints. */
#define SHOWN 5

/* --------------------------------------------------------------------------------------------------- arguments */

static zarrc_status read_dims(const cli_copying *k, cli_option_id id, const char *name, int64_t *dims,
                              const int64_t **out, int *n, zarrc_error *error) {
  const char *text = cli_value(k->c, id);
  if (!text) return ZARRC_OK;
  *out = dims;
  return cli_parse_dims(name, text, 1, dims, n, error);
}

static zarrc_status read_mode(cli_copying *k, zarrc_error *error) {
  bool overwrite = cli_has(k->c, CLI_OVERWRITE), resume = cli_has(k->c, CLI_RESUME);
  if (overwrite && resume)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--overwrite and --resume exclude each other");
  k->options.mode = resume                     ? ZARRC_COPY_RESUME
                    : !overwrite               ? ZARRC_COPY_NEW
                    : cli_has(k->c, CLI_FORCE) ? ZARRC_COPY_OVERWRITE_ALL
                                               : ZARRC_COPY_OVERWRITE;
  return ZARRC_OK;
}

static zarrc_status read_arguments(cli_copying *k, zarrc_error *error) {
  cli *c = k->c;
  const char *shards = cli_value(c, CLI_SHARDS), *separator = cli_value(c, CLI_SEPARATOR);
  const char *format = cli_value(c, CLI_ZARR_FORMAT);
  zarrc_copy_options *o = &k->options;
  k->source_url = c->args.operand[0];
  k->copy_url = c->args.operand[1];
  k->dry = cli_has(c, CLI_DRY_RUN);
  *o = (zarrc_copy_options){.struct_size = sizeof *o,
                            .no_shards = shards && strcmp(shards, "none") == 0,
                            .chunk_key_encoding = cli_value(c, CLI_KEY_ENCODING),
                            .separator = separator ? separator[0] : 0,
                            .write_empty_chunks = cli_has(c, CLI_WRITE_EMPTY),
                            .other_files = cli_has(c, CLI_OTHER_FILES),
                            .no_consolidated = cli_has(c, CLI_NO_CONSOLIDATED),
                            .check = cli_has(c, CLI_CHECK),
                            .zarr_format = format ? format[0] - '0' : 3,
                            .source_name = k->source_url};
  zarrc_status status = read_mode(k, error);
  if (!status) status = cli_memory_option(c, &k->memory, error);
  if (!status) status = read_dims(k, CLI_CHUNKS, "chunks", k->chunks, &o->chunk_shape, &o->nchunk_shape, error);
  if (!status && !o->no_shards)
    status = read_dims(k, CLI_SHARDS, "shards", k->shards, &o->shard_shape, &o->nshard_shape, error);
  if (status) return status;
  o->memory = k->memory;
  cli_about(c, k->source_url);
  return cli_as_usage(cli_codecs_read(cli_value(c, CLI_CODECS), &k->codecs, &o->codecs, error), error);
}

/* ------------------------------------------------------------------------------------------------------- events */

static void show_progress(cli_copying *k, const zarrc_copy_event *event) {
  if (event->ndone == 0 && k->progress.total == 0) {
    zarrc_chunk_layout layout = {0};
    if (k->report->narrays == 1) cli_layout_of(zarrc_copier_array(k->copier, 0)->model, &layout);
    cli_progress_start(&k->progress, k->c, layout.sharded ? "shards" : "chunks", event->ntotal);
    k->progress.stored = &k->stored;
    return;
  }
  atomic_store(&k->stored, event->stored_nbytes);
  cli_progress_add(&k->progress, event->ndone - atomic_load(&k->progress.done),
                   event->nbytes - atomic_load(&k->progress.bytes));
}

static zarrc_status hear(void *arg, const zarrc_copy_event *event, zarrc_error *error) {
  cli_copying *k = arg;
  (void)error;
  if (event->kind == ZARRC_COPY_PROGRESS) show_progress(k, event);
  if (event->kind == ZARRC_COPY_OTHER_FILE && k->nnames++ < SHOWN)
    fprintf(k->other_names.out, "%s%s", k->nnames > 1 ? ", " : "", event->path);
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------------ failures */

/* Suggests what to do about a group at the destination, and says what --overwrite would remove. */
static void suggest_inside(cli_copying *k, uint64_t nnodes) {
  char count[CLI_HUMAN], inside[142];
  zarrc_copy_url_inside(k->source_url, k->copy_url, inside, sizeof inside);
  snprintf(k->c->hint, sizeof k->c->hint,
           "%s as the destination to copy into the group, or --overwrite to remove its %s node%s, or --resume", inside,
           cli_human_count(count, nnodes), nnodes == 1 ? "" : "s");
}

static bool is_to_archive(const cli_copying *k) {
  return !strcmp(k->copy.store->ops->name, "zip");
}

static const char *obvious_hint(const cli_copying *k, zarrc_status status) {
  const zarrc_copy_report *r = k->report;
  switch (r->obstacle) {
  case ZARRC_COPY_NODE_THERE:
    return "--overwrite or --resume";
  case ZARRC_COPY_UNFINISHED_THERE:
    return "--resume to go on with it, or --overwrite to begin anew";
  case ZARRC_COPY_OTHER_SOURCE_THERE:
    return "--resume --check to make anew what differs from this source, or --overwrite to begin anew";
  case ZARRC_COPY_OTHERWISE_THERE:
    return "--overwrite";
  case ZARRC_COPY_NOT_CONSOLIDATED:
    return "zarrc consolidate for the group above the copy, or the same with --resume";
  case ZARRC_COPY_NEEDS_MEMORY:
    return "more --memory, or smaller chunks or shards";
  default:
    break;
  }
  if (is_to_archive(k) && status == ZARRC_UNSUPPORTED && r->side == ZARRC_COPY_TARGET) return "--overwrite";
  if (!r->resumable) return "";
  /* failures that may not come again; an unreadable source would fail again */
  bool again = status == ZARRC_CONFLICT || status == ZARRC_CANCELED || status == ZARRC_NETWORK ||
               status == ZARRC_NO_MEMORY || (status == ZARRC_IO && r->side != ZARRC_COPY_SOURCE);
  return again ? "the same with --resume"
               : "the same with --resume once the source is mended; what was copied is kept until then";
}

/* Sets which URL a failure is about, and a hint. */
static zarrc_status explain(cli_copying *k, zarrc_status status, zarrc_error *error) {
  const zarrc_copy_report *r = k->report = zarrc_copier_report(k->copier);
  const zarrc_survey there = {.nnodes = r->target_nodes, .nothers = r->target_files};
  if (!status) return status;
  cli_about(k->c, r->side == ZARRC_COPY_SOURCE ? k->source_url : r->side == ZARRC_COPY_TARGET ? k->copy_url : "");
  if (r->option) {
    const char *name = strcmp(r->option, "chunk_shape") == 0   ? "chunks"
                       : strcmp(r->option, "shard_shape") == 0 ? "shards"
                                                               : r->option;
    zarrc_error_prefix(error, "--%s: ", name);
    status = cli_as_usage(status, error);
  }
  if (r->obstacle == ZARRC_COPY_FILES_THERE)
    cli_hint_others(k->c, status, &there);
  else if (r->obstacle == ZARRC_COPY_NODE_THERE && r->target_kind == ZARRC_NODE_GROUP && r->target_nodes > 1 &&
           !is_to_archive(k))
    suggest_inside(k, r->target_nodes - 1);
  else
    snprintf(k->c->hint, sizeof k->c->hint, "%s", obvious_hint(k, status));
  return status;
}

/* ------------------------------------------------------------------------------------------------------ copying */

static zarrc_status open_copier(cli_copying *k, zarrc_error *error) {
  cli *c = k->c;
  zarrc_status status = cli_ctx_open(c, CLI_WHOLE, &k->ctx, error);
  if (!status) status = zarrc_copy_check_urls(k->ctx, k->source_url, k->copy_url, error);
  if (!status) status = cli_store_open(c, k->ctx, k->source_url, CLI_READ, &k->source, error);
  if (!status) k->source_url = k->options.source_name = k->source.url;
  if (!status) status = cli_store_open(c, k->ctx, k->copy_url, CLI_REPLACE, &k->copy, error);
  if (!status && !zarrc_stage_possible(k->copy.store) && !strncasecmp(k->copy_url, "memory:", 7)) {
    snprintf(c->hint, sizeof c->hint, "a path as the destination");
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a copy in memory would be gone at once");
  }
  if (!status) status = cli_memstream_open(&k->other_names, error);
  if (status) return status;
  k->options.event = hear;
  k->options.event_arg = k;
  return zarrc_copier_open(k->source.store, k->source.path, k->copy.store, k->copy.path, &k->options, &k->copier,
                           error);
}

static zarrc_status plan(cli_copying *k, zarrc_error *error) {
  zarrc_status status = explain(k, zarrc_copier_plan(k->copier, error), error);
  if (!status && k->nnames > SHOWN) fputs(", ...", k->other_names.out);
  return cli_memstream_close(&k->other_names, status, error);
}

static zarrc_status run(cli_copying *k, zarrc_error *error) {
  zarrc_status status = zarrc_copier_run(k->copier, error);
  cli_progress_end(&k->progress);
  if (!status) k->is_left = cli_tell_left(&k->copy, k->copy_url, k->left);
  return explain(k, status, error);
}

static zarrc_status report(const cli_copying *k, zarrc_error *error) {
  const cli *c = k->c;
  zarrc_status status = ZARRC_OK;
  if (c->json)
    cli_copy_put_json(k);
  else if (k->dry)
    status = cli_copy_print_plan(k, error);
  else if (!c->quiet)
    cli_copy_print_summary(k);
  if (!status && c->verbose && !k->dry) cli_copy_tell_details(k);
  return status;
}

static void close_copier(cli_copying *k) {
  if (k->other_names.out) cli_memstream_close(&k->other_names, ZARRC_CANCELED, NULL);
  zarrc_copier_close(k->copier);
  cli_node_close(&k->source);
  cli_node_close(&k->copy);
  zarrc_ctx_close(k->ctx);
  free(k->other_names.text);
  free(k->codecs);
}

zarrc_status cli_copy(cli *c, zarrc_error *error) {
  cli_copying k = {.c = c};
  zarrc_status status = read_arguments(&k, error);
  if (!status) status = open_copier(&k, error);
  if (!status) status = plan(&k, error);
  if (!status && !c->quiet && !c->json) cli_copy_warn(&k);
  if (!status && !k.dry) status = run(&k, error);
  if (!status && !c->quiet && !c->json) cli_copy_warn_stale(&k);
  if (!status) status = report(&k, error);
  close_copier(&k);
  return status;
}

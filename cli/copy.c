/* SPDX-License-Identifier: MIT */
/* zarrc copy: an array or a hierarchy, with other chunks or codecs. */
#include "copy.h"
#include "codecspec.h"
#include "out.h"
#include "signals.h"
#include "text.h"
#include "tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --------------------------------------------------------------------------------------------------- arguments */

static zarrc_status read_dims(const cli_copying *k, cli_option_id id, const char *name, int64_t *dims, int *n,
                              zarrc_error *error) {
  const char *text = cli_value(k->c, id);
  *n = -1;
  return text != NULL ? cli_parse_dims(name, text, 1, dims, n, error) : ZARRC_OK;
}

static zarrc_status read_arguments(cli_copying *k, zarrc_error *error) {
  cli *c = k->c;
  const char *shards = cli_value(c, CLI_SHARDS);
  cli_copy_wish *w = &k->wish;
  k->source_url = c->args.operand[0];
  k->copy_url = c->args.operand[1];
  k->overwrite = cli_has(c, CLI_OVERWRITE);
  k->resume = cli_has(c, CLI_RESUME);
  k->force = cli_has(c, CLI_FORCE);
  k->check = cli_has(c, CLI_CHECK);
  k->dry = cli_has(c, CLI_DRY_RUN);
  *w = (cli_copy_wish){.c = c,
                       .codecs = cli_value(c, CLI_CODECS),
                       .key_encoding = cli_value(c, CLI_KEY_ENCODING),
                       .separator = cli_value(c, CLI_SEPARATOR),
                       .no_shards = shards != NULL && strcmp(shards, "none") == 0,
                       .nshards = -1};
  if (k->overwrite && k->resume)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--overwrite and --resume exclude each other");
  zarrc_status status = cli_memory_option(c, &k->memory, error);
  if (status == ZARRC_OK) status = read_dims(k, CLI_CHUNKS, "chunks", w->chunks, &w->nchunks, error);
  if (status == ZARRC_OK && !w->no_shards) status = read_dims(k, CLI_SHARDS, "shards", w->shards, &w->nshards, error);
  if (status != ZARRC_OK) return status;
  cli_about(c, k->source_url);
  return cli_place_check(k->source_url, k->copy_url, error);
}

/* ---------------------------------------------------------------------------------------------------- planning */

const char *cli_copy_below(const cli_copying *k, const char *path) {
  size_t n = k->source.path != NULL ? strlen(k->source.path) : 0;
  return n > 0 && path[n] == '/' ? path + n + 1 : path + n;
}

static zarrc_status read_there(cli_copy_array *a, zarrc_array *copy, zarrc_error *error) {
  zarrc_status status = cli_copy_stored_read(copy, &a->to, true, &a->there, error);
  if (status == ZARRC_OK && a->encoded) cli_copy_encoded_there(a);
  return status;
}

/* What --resume finds: in the stage's directory or at the destination. An array that is not there, or is another one,
 * is found out when it is made. */
static zarrc_status look_at_chunks(cli_copying *k, cli_copy_array *a, zarrc_error *error) {
  char path[4096];
  zarrc_array *copy = NULL;
  zarrc_store *store = k->in_place ? k->copy.store : k->stage != NULL ? k->stage->store : NULL;
  const char *rest = cli_copy_below(k, a->path), *base = k->in_place ? k->copy.path : "";
  snprintf(path, sizeof path, "%s%s%s", base, base[0] != 0 && rest[0] != 0 ? "/" : "", rest);
  zarrc_array_options options = {.struct_size = sizeof options, .allow_unknown = a->encoded};
  if (store == NULL || zarrc_array_open(store, path, &options, &copy, NULL) != ZARRC_OK) return ZARRC_OK;
  zarrc_status status = read_there(a, copy, error);
  zarrc_array_close(copy);
  if (status == ZARRC_OK && !k->check) cli_copy_leave_out(a);
  return status;
}

/* Shapes that fit no array at all are a mistake. */
static zarrc_status check_fits(const cli_copying *k, zarrc_error *error) {
  const cli_copy_wish *w = &k->wish;
  bool chunks = w->nchunks < 0, shards = w->nshards < 0;
  for (size_t i = 0; i < k->narrays; i++) {
    chunks |= k->arrays[i].rechunked;
    shards |= k->arrays[i].resharded;
  }
  if (chunks && shards) return ZARRC_OK;
  cli_about(k->c, k->source_url);
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--%s: no array has %d dimensions", chunks ? "shards" : "chunks",
                    chunks ? w->nshards : w->nchunks);
}

static zarrc_status plan_array(cli_copying *k, const cli_tree_node *node, cli_copy_array *a, zarrc_error *error) {
  char *document = NULL;
  size_t n;
  zarrc_array_options options = {.struct_size = sizeof options, .allow_unknown = true};
  options.chunk.write_empty_chunks = cli_has(k->c, CLI_WRITE_EMPTY);
  cli_about(k->c, k->source_url);
  a->path = node->path;
  zarrc_status status = zarrc_array_open(&k->in.store, node->path, &options, &a->source, error);
  a->encoded = status == ZARRC_OK && zarrc_array_check_readable(a->source, NULL) != ZARRC_OK;
  if (a->encoded) status = cli_copy_encoded_check(&k->wish, a->source, error);
  if (status == ZARRC_OK) status = cli_copy_document(&k->wish, a->source, &document, &n, error);
  if (status == ZARRC_OK) {
    cli_about(k->c, k->copy_url);
    status = zarrc_array_create_json(k->models, cli_copy_below(k, node->path), document, n, ZARRC_CREATE_OVERWRITE,
                                     a->encoded ? &options : NULL, &a->model, error);
    if (k->wish.codecs != NULL) status = cli_as_usage(status, error); /* what the source has is valid */
  }
  free(document);
  if (status != ZARRC_OK) return status;
  cli_layout_of(a->source, &a->from);
  cli_layout_of(a->model, &a->to);
  unsigned threads = k->threads;
  if (!a->encoded) status = cli_copy_cut(a, k->memory, k->check, &threads, error);
  if (status == ZARRC_LIMIT) snprintf(k->c->hint, sizeof k->c->hint, "more --memory, or smaller chunks or shards");
  if (threads < k->threads) k->threads = threads;
  a->rechunked = cli_copy_applies(k->wish.nchunks, a->to.ndim);
  a->resharded = cli_copy_applies(k->wish.nshards, a->to.ndim);
  if (status == ZARRC_OK) status = cli_copy_stored_read(a->source, &a->from, false, &a->stored, error);
  if (status == ZARRC_OK)
    status = a->encoded ? cli_copy_encoded_plan(a, k->memory, k->threads, error)
                        : cli_copy_narrow(a, cli_has(k->c, CLI_WRITE_EMPTY), error);
  if (status == ZARRC_OK && k->resume) status = look_at_chunks(k, a, error);
  k->nobjects = cli_plus(k->nobjects, a->nobjects);
  k->nbytes = cli_plus(k->nbytes, a->to.nbytes);
  if (a->memory > k->plan_memory) k->plan_memory = a->memory;
  return status;
}

static zarrc_status plan(cli_copying *k, zarrc_error *error) {
  zarrc_status status = cli_store_open(k->c, k->ctx, k->source_url, false, &k->source, error);
  if (status == ZARRC_OK) {
    cli_meter_init(&k->in, k->source.store);
    status = cli_tree_read(&k->in.store, k->source.path, -1, &k->tree, error);
    if (status == ZARRC_OK) status = cli_tree_whole(&k->tree, error);
  }
  if (status == ZARRC_OK) status = cli_copy_look(k, error);
  if (status == ZARRC_OK) status = zarrc_memory_store_open(k->ctx, &k->models, error);
  if (status != ZARRC_OK) return status;
  k->wish.single = k->tree.items[0].kind == ZARRC_NODE_ARRAY;
  k->arrays = calloc(k->tree.n, sizeof *k->arrays);
  if (k->arrays == NULL) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
  for (size_t i = 0; i < k->tree.n && status == ZARRC_OK; i++) {
    if (cli_canceled(NULL)) return zarrc_fail(error, ZARRC_CANCELED, "interrupted");
    if (k->tree.items[i].kind == ZARRC_NODE_GROUP)
      k->ngroups++;
    else
      status = plan_array(k, &k->tree.items[i], &k->arrays[k->narrays++], error);
  }
  if (status == ZARRC_OK) status = check_fits(k, error);
  return status == ZARRC_OK ? cli_copy_find_others(k, error) : status;
}

static void forget_plan(cli_copying *k) {
  zarrc_stage_close(k->stage, true);
  k->stage = NULL;
  for (size_t i = 0; i < k->narrays; i++) {
    zarrc_array_close(k->arrays[i].source);
    zarrc_array_close(k->arrays[i].model);
    zarrc_array_close(k->arrays[i].copy);
    free(k->arrays[i].target);
    free(k->arrays[i].list);
    cli_copy_stored_clear(&k->arrays[i].stored);
    cli_copy_stored_clear(&k->arrays[i].there);
  }
  free(k->arrays);
  free(k->other_names);
  k->arrays = NULL;
  k->other_names = NULL;
  k->nconsolidated = 0;
  k->narrays = k->ngroups = 0;
  k->nobjects = k->nbytes = k->plan_memory = 0;
  cli_tree_clear(&k->tree);
  zarrc_store_close(k->models);
  k->models = NULL;
  cli_node_close(&k->source);
  cli_node_close(&k->copy);
  k->exists = k->unfinished = k->in_place = k->replaces = false;
}

/* Plans with as many threads as there are, and again with fewer where memory asks for that. */
static zarrc_status plan_in_memory(cli_copying *k, zarrc_error *error) {
  int64_t wanted = 0;
  zarrc_status status = cli_option_number(k->c, CLI_THREADS, 0, 1024, &wanted, error);
  if (status != ZARRC_OK) return status;
  for (k->threads = (unsigned)wanted;;) {
    zarrc_ctx_options options = {.struct_size = sizeof options,
                                 .threads = k->threads,
                                 .canceled = cli_canceled,
                                 .max_memory = cli_has(k->c, CLI_MEMORY) ? k->memory : 0,
                                 .fast_gzip = cli_has(k->c, CLI_FAST_GZIP)};
    status = zarrc_ctx_open(&options, &k->ctx, error);
    if (status != ZARRC_OK) return status;
    unsigned threads = k->threads = zarrc_ctx_get_options(k->ctx)->threads;
    status = plan(k, error);
    if (status != ZARRC_OK || k->threads == threads) return status;
    forget_plan(k);
    zarrc_ctx_close(k->ctx);
    k->ctx = NULL;
  }
}

/* ------------------------------------------------------------------------------------------------------ making */

static zarrc_status copy_arrays(cli_copying *k, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  cli_progress_start(&k->progress, k->c, k->narrays == 1 && k->arrays[0].to.sharded ? "shards" : "chunks", k->nobjects);
  k->progress.stored = &k->out.written_bytes;
  atomic_store(&k->in.opened, 0);
  atomic_store(&k->in.read_bytes, 0);
  atomic_store(&k->out.written_bytes, 0);
  atomic_store(&k->out.writes, 0);
  k->c->subject[0] = 0; /* messages say which of the two it was */
  for (size_t i = 0; i < k->narrays && status == ZARRC_OK; i++) {
    cli_copy_run run = {.array = &k->arrays[i],
                        .source_url = k->source_url,
                        .copy_url = k->copy_url,
                        .resume = k->in_place || (k->stage != NULL && k->stage->resumed),
                        .check = k->check,
                        .progress = &k->progress,
                        .skipped = &k->skipped,
                        .mended = &k->mended};
    if (run.resume && !run.array->there.known) status = read_there(&k->arrays[i], k->arrays[i].copy, error);
    if (status != ZARRC_OK) break;
    status = cli_copy_values(&run, k->ctx, error);
  }
  cli_progress_end(&k->progress);
  if (cli_copy_may_pass(status)) snprintf(k->c->hint, sizeof k->c->hint, "the same with --resume");
  return status;
}

static zarrc_status copy_all(cli_copying *k, zarrc_error *error) {
  zarrc_status status = cli_copy_begin(k, error);
  if (status == ZARRC_OK) status = cli_copy_nodes(k, error);
  if (status == ZARRC_OK) status = cli_copy_others(k, error);
  if (status == ZARRC_OK) status = copy_arrays(k, error);
  if (status == ZARRC_OK) status = cli_copy_publish(k, error);
  cli_copy_end(k, status);
  return status;
}

zarrc_status cli_copy(cli *c, zarrc_error *error) {
  cli_copying k = {.c = c};
  zarrc_status status = read_arguments(&k, error);
  if (status == ZARRC_OK) status = plan_in_memory(&k, error);
  if (status == ZARRC_OK && !c->quiet && !c->json) cli_copy_warn(&k);
  if (status == ZARRC_OK && !k.dry) status = copy_all(&k, error);
  if (status == ZARRC_OK && c->json)
    cli_copy_put_json(&k);
  else if (status == ZARRC_OK && k.dry)
    status = cli_copy_print_plan(&k, error);
  else if (status == ZARRC_OK && !c->quiet)
    cli_copy_print_summary(&k);
  if (status == ZARRC_OK && c->verbose && !k.dry) cli_copy_tell_details(&k);
  if (status == ZARRC_ACCESS && error != NULL && error->os_error == EXDEV && !cli_has(c, CLI_FOLLOW_LINKS))
    snprintf(c->hint, sizeof c->hint, "--follow-links");
  forget_plan(&k);
  zarrc_ctx_close(k.ctx);
  return status;
}

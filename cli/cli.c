/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include "json.h"
#include "out.h"

#include "file.h"
#include "signals.h"
#include "stats.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void cli_about(cli *c, const char *subject) {
  zarrc_url_shown(subject, c->subject, sizeof c->subject);
}

zarrc_status cli_as_usage(zarrc_status status, zarrc_error *error) {
  if (status != ZARRC_INVALID_METADATA && status != ZARRC_UNSUPPORTED) return status;
  if (error) error->code = ZARRC_INVALID_ARGUMENT;
  return ZARRC_INVALID_ARGUMENT;
}

const char *cli_option_name(const cli *c, cli_option_id id) {
  for (size_t i = 0; i < cli_noptions; i++)
    if (cli_options[i].id == id && cli_options[i].verbs & c->args.verb->bit) return cli_options[i].name;
  return "";
}

zarrc_status cli_option_size(const cli *c, cli_option_id id, uint64_t *out, zarrc_error *error) {
  const char *text = cli_value(c, id);
  if (!text || cli_parse_size(text, out)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--%s: '%.80s' is not a size such as 512M or 1G",
                    cli_option_name(c, id), text);
}

zarrc_status cli_option_number(const cli *c, cli_option_id id, int64_t min, int64_t max, int64_t *out,
                               zarrc_error *error) {
  const char *text = cli_value(c, id);
  int64_t value;
  if (!text) return ZARRC_OK;
  if (!cli_parse_int(text, strlen(text), &value) || value < min || value > max)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--%s: '%.80s' is not a whole number from %lld to %lld",
                      cli_option_name(c, id), text, (long long)min, (long long)max);
  *out = value;
  return ZARRC_OK;
}

zarrc_status cli_memory_option(const cli *c, uint64_t *out, zarrc_error *error) {
  *out = (uint64_t)1 << 30;
  zarrc_status status = cli_option_size(c, CLI_MEMORY, out, error);
  if (!status && *out < (uint64_t)1 << 20)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--memory: at least 1M is needed");
  return status;
}

/* ----------------------------------------------------------------------------------------------------- notices */

static uint64_t hash_text(uint64_t hash, const char *text) {
  for (; *text; text++) hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001B3);
  return hash;
}

/* Returns whether a sentence is new, and remembers it if there is room. */
static bool is_new(cli_notices *n, const char *store, const char *path, const char *sentence) {
  const uint64_t start = UINT64_C(0xCBF29CE484222325);
  uint64_t said = hash_text(start, sentence), array = hash_text(hash_text(start, store), path);
  for (size_t i = 0; i < n->nprinted; i++)
    if (n->printed[i].sentence == said) {
      n->has_others |= n->printed[i].array != array; /* a verb may open an array several times */
      return false;
    }
  if (n->nprinted == sizeof n->printed / sizeof n->printed[0]) {
    n->has_others = true;
    return false;
  }
  n->printed[n->nprinted].sentence = said;
  n->printed[n->nprinted++].array = array;
  return true;
}

static void print_notice(void *ud, const char *store, const char *path, const char *sentence) {
  cli *c = ud;
  if (!store) store = "";
  pthread_mutex_lock(&c->notices.mutex);
  if (is_new(&c->notices, store, path, sentence)) {
    fputs("zarrc: note: ", stderr);
    cli_print_safe(stderr, store);
    if (*store != 0 && *path != 0) putc('/', stderr);
    cli_print_safe(stderr, path);
    fputs(": ", stderr);
    cli_print_safe(stderr, sentence);
    putc('\n', stderr);
  }
  pthread_mutex_unlock(&c->notices.mutex);
}

void cli_notices_end(const cli *c) {
  if (c->notices.has_others) fputs("zarrc: note: other arrays have the same\n", stderr);
}

/* -------------------------------------------------------------------------------------------- what a verb opens */

zarrc_status cli_ctx_open(cli *c, unsigned parts, zarrc_ctx **out, zarrc_error *error) {
  int64_t threads = 0;
  uint64_t memory = 0;
  zarrc_ctx_options options = {.struct_size = sizeof options,
                               .canceled = cli_canceled,
                               .fast_gzip = cli_has(c, CLI_FAST_GZIP),
                               .strict = cli_has(c, CLI_STRICT)};
  zarrc_status status = cli_option_number(c, CLI_THREADS, 0, 1024, &threads, error);
  if (!status) status = cli_option_size(c, CLI_MEMORY, &memory, error);
  if (status) return status;
  options.threads = (unsigned)threads;
  options.max_memory = memory / parts;
  if (!c->quiet && !c->json && !c->tells_notices) {
    options.notice = print_notice;
    options.notice_ud = c;
  }
  return zarrc_ctx_open(&options, out, error);
}

/* Reads --cache and the like. *wanted: there is one of them. */
static zarrc_status read_cache(const cli *c, zarrc_cache_options *cache, bool *wanted, zarrc_error *error) {
  *cache = (zarrc_cache_options){.struct_size = sizeof *cache, .folder = cli_value(c, CLI_CACHE_DIR)};
  *wanted = cli_has(c, CLI_CACHE) || cache->folder;
  zarrc_status status = cli_option_size(c, CLI_CACHE, &cache->memory_nbytes, error);
  if (!status) status = cli_option_size(c, CLI_CACHE_DIR_SIZE, &cache->disk_nbytes, error);
  if (!status && cli_has(c, CLI_CACHE_DIR_SIZE) && !cache->folder)
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--cache-dir-size needs --cache-dir");
  return status;
}

zarrc_status cli_store_open(cli *c, zarrc_ctx *ctx, const char *url, cli_access access, cli_node *out,
                            zarrc_error *error) {
  const char *sync = cli_value(c, CLI_SYNC);
  zarrc_open_options options = {.struct_size = sizeof options,
                                .read_only = access == CLI_READ,
                                .create = access != CLI_READ,
                                .follow_links = cli_has(c, CLI_FOLLOW_LINKS),
                                .direct = cli_has(c, CLI_DIRECT),
                                .by_stage = access == CLI_REPLACE};
  const zarrc_http_options http = {
      .struct_size = sizeof http, .headers = c->args.headers, .nheaders = c->args.nheaders};
  const zarrc_s3_options s3 = {
      .struct_size = sizeof s3, .anonymous = cli_has(c, CLI_ANONYMOUS), .endpoint = cli_value(c, CLI_ENDPOINT)};
  options.http = &http;
  options.s3 = &s3;
  if (sync && strcmp(sync, "data") == 0) options.sync = ZARRC_SYNC_DATA;
  cli_about(c, url);
  *out = (cli_node){.ctx = ctx, .url = url, .stats = cli_has(c, CLI_STATS) ? c : NULL};
  zarrc_cache_options cache;
  bool is_cached = false;
  zarrc_status status = access == CLI_READ ? read_cache(c, &cache, &is_cached, error) : ZARRC_OK;
  if (is_cached) options.cache = &cache;
  if (!status) status = zarrc_store_open(ctx, url, &options, &out->store, &out->path, error);
  if (!status && strcmp(c->subject, url) != 0 && strstr(url, "://")) out->url = out->store->url; /* without secrets */
  return status;
}

bool cli_unfinished(cli *c, zarrc_ctx *ctx, const char *url, char *note, size_t size) {
  cli_node place = {0};
  bool found = false;
  if (!cli_store_open(c, ctx, url, CLI_WRITE, &place, NULL)) { /* writable, since nothing may exist there yet */
    place.store->read_only = true;
    zarrc_stage_find(place.store, place.path, note, size, &found, NULL);
  }
  cli_node_close(&place);
  return found;
}

void cli_hint_unfinished(cli *c, zarrc_ctx *ctx, const char *url, zarrc_status status) {
  char note[160];
  if (status == ZARRC_NOT_FOUND && c->hint[0] == 0 && cli_unfinished(c, ctx, url, note, sizeof note))
    snprintf(c->hint, sizeof c->hint, "zarrc copy --resume, as an unfinished %s is there", note);
}

zarrc_group_options cli_group_options(const cli *c) {
  return (zarrc_group_options){.struct_size = sizeof(zarrc_group_options),
                               .no_consolidated = cli_has(c, CLI_NO_CONSOLIDATED)};
}

/* Sets a hint if a node could not be opened because of consolidated metadata. */
static void hint_no_consolidated(cli *c, const zarrc_array_options *options, const cli_node *node,
                                 const zarrc_group_options *tried) {
  const zarrc_group_options without = {.struct_size = sizeof without, .no_consolidated = true};
  zarrc_array *array = NULL;
  zarrc_group *group = NULL;
  if (tried->no_consolidated || c->hint[0]) return;
  zarrc_status status = zarrc_node_open(node->store, node->path, options, &without, &array, &group, NULL);
  zarrc_array_close(array);
  zarrc_group_close(group);
  if (!status || status == ZARRC_NOT_FOUND)
    snprintf(c->hint, sizeof c->hint, "--no-consolidated, or zarrc consolidate");
}

static zarrc_status open_node(cli *c, const zarrc_array_options *options, cli_node *out, zarrc_error *error) {
  const zarrc_group_options group_options = cli_group_options(c);
  zarrc_status status =
      zarrc_node_open(out->store, out->path, options, &group_options, &out->array, &out->group, error);
  if (status == ZARRC_NOT_FOUND) return zarrc_fail(error, ZARRC_NOT_FOUND, "no array and no group here");
  if (status && status != ZARRC_NETWORK) hint_no_consolidated(c, options, out, &group_options);
  if (!status) out->kind = out->array ? ZARRC_NODE_ARRAY : ZARRC_NODE_GROUP;
  return status;
}

zarrc_status cli_node_open(cli *c, zarrc_ctx *ctx, const char *url, bool writable, const zarrc_array_options *options,
                           cli_node *out, zarrc_error *error) {
  zarrc_status status = cli_store_open(c, ctx, url, CLI_READ, out, error);
  if (!status) status = open_node(c, options, out, error);
  if (status || !writable) return status;
  cli_node_close(out); /* a missing node is reported before a directory is created */
  status = cli_store_open(c, ctx, url, CLI_WRITE, out, error);
  return status ? status : open_node(c, options, out, error);
}

zarrc_status cli_array_open(cli *c, zarrc_ctx *ctx, const char *url, bool writable, const zarrc_array_options *options,
                            cli_node *out, zarrc_error *error) {
  zarrc_status status = cli_node_open(c, ctx, url, writable, options, out, error);
  if (status || out->array) return status;
  snprintf(c->hint, sizeof c->hint, "zarrc ls %s", out->url);
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a group; an array is wanted");
}

zarrc_status cli_metadata_open(cli *c, zarrc_ctx *ctx, cli_node *out, zarrc_error *error) {
  const char *path = cli_value(c, CLI_METADATA);
  char *json = NULL;
  size_t n;
  *out = (cli_node){.ctx = ctx, .url = path};
  if (!path) {
    snprintf(c->hint, sizeof c->hint, "--metadata zarr.json");
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--metadata is missing");
  }
  cli_about(c, path);
  zarrc_status status = cli_file_read(path, (uint64_t)256 << 20, &json, &n, error);
  if (!status) status = zarrc_memory_store_open(ctx, &out->store, error);
  if (!status) {
    cli_span format = cli_json_member(cli_json_value(json, n), "zarr_format");
    bool is_2 = format.len == 1 && format.ptr[0] == '2';
    status = zarrc_store_set(out->store, is_2 ? ".zarray" : "zarr.json", json, n, error);
  }
  if (!status) status = zarrc_array_open(out->store, "", NULL, &out->array, error);
  if (status && error) error->store[0] = error->key[0] = 0; /* it is about the file */
  free(json);
  return status;
}

void cli_node_close(cli_node *node) {
  zarrc_array_close(node->array);
  zarrc_group_close(node->group);
  if (node->path) zarrc_free(node->ctx, node->path);
  if (node->stats && node->store) cli_stats_add(node->stats, node);
  zarrc_store_close(node->store);
  *node = (cli_node){.ctx = node->ctx, .url = node->url};
}

void cli_hint_others(cli *c, zarrc_status status, const zarrc_survey *there) {
  if (status != ZARRC_CONFLICT || there->nothers == 0) return;
  snprintf(c->hint, sizeof c->hint, "%s",
           there->nnodes > 0 ? "another destination, or --overwrite --force to remove these files too"
                             : "another destination");
}

bool cli_tell_left(const cli_node *node, const char *url, char place[CLI_LEFT]) {
  bool found = false;
  if (zarrc_stage_left(node->store, node->path, place, CLI_LEFT, &found, NULL) || !found) return false;
  fputs("zarrc: note: ", stderr);
  cli_print_safe(stderr, url);
  fputs(": what could not be removed of the old version is left in ", stderr);
  cli_print_safe(stderr, place);
  fputs("; the next --overwrite tries again\n", stderr);
  return true;
}

/* SPDX-License-Identifier: MIT */
/* zarrc copy: an array or a hierarchy, with other chunks or codecs. */
#include "copy.h"
#include "codecspec.h"
#include "out.h"
#include "signals.h"
#include "text.h"
#include "tree.h"

#include <stdlib.h>
#include <string.h>

typedef struct copying {
  cli *c;
  const char *source_url, *copy_url;
  cli_copy_wish wish;
  bool overwrite, resume, check, dry;
  uint64_t memory;
  unsigned threads;
  zarrc_ctx *ctx;
  cli_node source, copy;
  bool exists;         /* something is at the destination */
  zarrc_store *models; /* in memory: what the copies are to be */
  cli_meter in, out;
  cli_tree tree;
  cli_copy_array *arrays;
  size_t narrays, ngroups;
  uint64_t nobjects, nbytes, plan_memory;
  atomic_ullong skipped;
  cli_progress progress;
} copying;

/* --------------------------------------------------------------------------------------------------- arguments */

static zarrc_status read_dims(const copying *k, cli_option_id id, const char *name, int64_t *dims, int *n,
                              zarrc_error *error) {
  const char *text = cli_value(k->c, id);
  *n = -1;
  return text != NULL ? cli_parse_dims(name, text, 1, dims, n, error) : ZARRC_OK;
}

static zarrc_status read_arguments(copying *k, zarrc_error *error) {
  cli *c = k->c;
  const char *shards = cli_value(c, CLI_SHARDS);
  cli_copy_wish *w = &k->wish;
  k->source_url = c->args.operand[0];
  k->copy_url = c->args.operand[1];
  k->overwrite = cli_has(c, CLI_OVERWRITE);
  k->resume = cli_has(c, CLI_RESUME);
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

/* Path in a store of what lies at `rest` below a node. */
static char *join(const char *node, const char *rest) {
  size_t n = strlen(node) + strlen(rest) + 2;
  char *out = malloc(n);
  if (out != NULL) snprintf(out, n, "%s%s%s", node, node[0] != 0 && rest[0] != 0 ? "/" : "", rest);
  return out;
}

/* The path of a node of the source from the node that is copied. */
static const char *below(const copying *k, const char *path) {
  size_t n = k->source.path != NULL ? strlen(k->source.path) : 0;
  return n > 0 && path[n] == '/' ? path + n + 1 : path + n;
}

/* What is at the destination is looked at without making anything. */
static zarrc_status look_at_copy(copying *k, zarrc_error *error) {
  zarrc_status status = cli_store_open(k->c, k->ctx, k->copy_url, false, &k->copy, error);
  if (status == ZARRC_NOT_FOUND)
    status = ZARRC_OK;
  else if (status == ZARRC_OK) {
    status = zarrc_node_find(k->copy.store, k->copy.path, &k->copy.kind, error);
    k->exists = status != ZARRC_OK || k->copy.kind != ZARRC_NODE_NONE;
    if (k->overwrite && zarrc_status_exit_code(status) <= 5) status = ZARRC_OK; /* damaged or foreign: replaced */
  }
  if (status != ZARRC_OK || !k->exists || k->overwrite || k->resume) return status;
  snprintf(k->c->hint, sizeof k->c->hint, "--overwrite or --resume");
  return zarrc_fail(error, ZARRC_CONFLICT, "there is %s already",
                    k->copy.kind == ZARRC_NODE_ARRAY ? "an array" : "a group");
}

static zarrc_status plan_array(copying *k, const cli_tree_node *node, cli_copy_array *a, zarrc_error *error) {
  char *document = NULL;
  size_t n;
  zarrc_array_options options = {.struct_size = sizeof options};
  options.chunk.write_empty_chunks = cli_has(k->c, CLI_WRITE_EMPTY);
  cli_about(k->c, k->source_url);
  a->path = node->path;
  zarrc_status status = zarrc_array_open(&k->in.store, node->path, &options, &a->source, error);
  if (status == ZARRC_OK) status = cli_copy_document(&k->wish, a->source, &document, &n, error);
  if (status == ZARRC_OK) {
    cli_about(k->c, k->copy_url);
    status = zarrc_array_create_json(k->models, below(k, node->path), document, n, ZARRC_CREATE_OVERWRITE, NULL,
                                     &a->model, error);
  }
  free(document);
  if (status != ZARRC_OK) return status;
  cli_layout_of(a->source, &a->from);
  cli_layout_of(a->model, &a->to);
  unsigned threads = k->threads;
  status = cli_copy_cut(a, k->memory, k->check, &threads, error);
  if (status == ZARRC_LIMIT) snprintf(k->c->hint, sizeof k->c->hint, "more --memory, or smaller chunks or shards");
  if (threads < k->threads) k->threads = threads;
  k->nobjects = cli_plus(k->nobjects, a->to.nobjects);
  k->nbytes = cli_plus(k->nbytes, a->to.nbytes);
  if (a->memory > k->plan_memory) k->plan_memory = a->memory;
  return status;
}

static zarrc_status plan(copying *k, zarrc_error *error) {
  zarrc_status status = cli_store_open(k->c, k->ctx, k->source_url, false, &k->source, error);
  if (status == ZARRC_OK) {
    cli_meter_init(&k->in, k->source.store);
    status = cli_tree_read(&k->in.store, k->source.path, -1, &k->tree, error);
    if (status == ZARRC_OK) status = cli_tree_whole(&k->tree, error);
  }
  if (status == ZARRC_OK) status = look_at_copy(k, error);
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
  return status;
}

static void forget_plan(copying *k) {
  for (size_t i = 0; i < k->narrays; i++) {
    zarrc_array_close(k->arrays[i].source);
    zarrc_array_close(k->arrays[i].model);
    zarrc_array_close(k->arrays[i].copy);
    free(k->arrays[i].target);
  }
  free(k->arrays);
  k->arrays = NULL;
  k->narrays = k->ngroups = 0;
  k->nobjects = k->nbytes = k->plan_memory = 0;
  cli_tree_clear(&k->tree);
  zarrc_store_close(k->models);
  k->models = NULL;
  cli_node_close(&k->source);
  cli_node_close(&k->copy);
  k->exists = false;
}

/* Plans with as many threads as there are, and again with fewer where memory asks for that. */
static zarrc_status plan_in_memory(copying *k, zarrc_error *error) {
  int64_t wanted = 0;
  zarrc_status status = cli_option_number(k->c, CLI_THREADS, 0, 1024, &wanted, error);
  if (status != ZARRC_OK) return status;
  for (k->threads = (unsigned)wanted;;) {
    zarrc_ctx_options options = {.struct_size = sizeof options,
                                 .threads = k->threads,
                                 .canceled = cli_canceled,
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

/* Same JSON but for blanks between values. */
static bool same_json(const char *a, const char *b) {
  bool quoted = false;
  for (;; a++, b++) {
    if (!quoted) {
      a += strspn(a, " \t\r\n");
      b += strspn(b, " \t\r\n");
    }
    if (*a != *b) return false;
    if (*a == 0) return true;
    if (*a == '"') quoted = !quoted;
    if (quoted && *a == '\\' && a[1] != 0 && a[1] == b[1]) {
      a++;
      b++;
    }
  }
}

static zarrc_status refuse_resume(copying *k, const char *path, zarrc_error *error) {
  snprintf(k->c->hint, sizeof k->c->hint, "--overwrite");
  return zarrc_fail(error, ZARRC_CONFLICT, "%.200s%swhat is there is not what this copy would make", path,
                    path[0] != 0 ? ": " : "");
}

static zarrc_status make_group(copying *k, const cli_tree_node *node, const char *target, zarrc_create_mode mode,
                               zarrc_error *error) {
  zarrc_group *source = NULL, *copy = NULL, *model = NULL;
  zarrc_node_kind kind = ZARRC_NODE_NONE;
  cli_about(k->c, k->source_url);
  zarrc_status status = zarrc_group_open(&k->in.store, node->path, &source, error);
  cli_about(k->c, k->copy_url);
  if (status == ZARRC_OK && k->resume) status = zarrc_node_find(&k->out.store, target, &kind, error);
  if (status == ZARRC_OK && kind == ZARRC_NODE_NONE) {
    status = zarrc_group_create(&k->out.store, target, zarrc_group_attributes(source), mode, &copy, error);
  } else if (status == ZARRC_OK && kind == ZARRC_NODE_ARRAY) {
    status = refuse_resume(k, target, error);
  } else if (status == ZARRC_OK) {
    status = zarrc_group_open(&k->out.store, target, &copy, error);
    if (status == ZARRC_OK)
      status = zarrc_group_create(k->models, "resumed", zarrc_group_attributes(source), ZARRC_CREATE_OVERWRITE, &model,
                                  error);
    if (status == ZARRC_OK && !same_json(zarrc_group_attributes(copy), zarrc_group_attributes(model)))
      status = refuse_resume(k, target, error);
  }
  zarrc_group_close(source);
  zarrc_group_close(copy);
  zarrc_group_close(model);
  return status;
}

static zarrc_status make_array(copying *k, cli_copy_array *a, zarrc_create_mode mode, zarrc_error *error) {
  const char *text = zarrc_array_metadata(a->model);
  zarrc_array_options options = {.struct_size = sizeof options};
  zarrc_node_kind kind = ZARRC_NODE_NONE;
  options.chunk.write_empty_chunks = cli_has(k->c, CLI_WRITE_EMPTY);
  cli_about(k->c, k->copy_url);
  zarrc_status status = k->resume ? zarrc_node_find(&k->out.store, a->target, &kind, error) : ZARRC_OK;
  if (status != ZARRC_OK) return status;
  if (kind == ZARRC_NODE_NONE)
    return zarrc_array_create_json(&k->out.store, a->target, text, strlen(text), mode, &options, &a->copy, error);
  if (kind == ZARRC_NODE_GROUP) return refuse_resume(k, a->target, error);
  status = zarrc_array_open(&k->out.store, a->target, &options, &a->copy, error);
  if (status == ZARRC_OK && !same_json(zarrc_array_metadata(a->copy), text)) return refuse_resume(k, a->target, error);
  return status;
}

/* Makes groups and arrays in the order of the tree; then nothing but chunks is missing. */
static zarrc_status make_nodes(copying *k, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  cli_node_close(&k->copy);
  status = cli_store_open(k->c, k->ctx, k->copy_url, true, &k->copy, error);
  if (status != ZARRC_OK) return status;
  cli_meter_init(&k->out, k->copy.store);
  for (size_t i = 0, next = 0; i < k->tree.n && status == ZARRC_OK; i++) {
    const cli_tree_node *node = &k->tree.items[i];
    zarrc_create_mode mode = i == 0 && k->overwrite ? ZARRC_CREATE_OVERWRITE : ZARRC_CREATE_NEW;
    char *target = join(k->copy.path, below(k, node->path));
    if (target == NULL) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
    if (node->kind == ZARRC_NODE_GROUP) {
      status = make_group(k, node, target, mode, error);
      free(target);
    } else {
      k->arrays[next].target = target;
      status = make_array(k, &k->arrays[next++], mode, error);
    }
  }
  return status;
}

static zarrc_status copy_all(copying *k, zarrc_error *error) {
  zarrc_status status = make_nodes(k, error);
  if (status != ZARRC_OK) return status;
  cli_progress_start(&k->progress, k->c, k->narrays == 1 && k->arrays[0].to.sharded ? "shards" : "chunks", k->nobjects);
  k->progress.stored = &k->out.written_bytes;
  atomic_store(&k->out.written_bytes, 0);
  atomic_store(&k->out.writes, 0);
  k->c->subject[0] = 0; /* messages say which of the two it was */
  for (size_t i = 0; i < k->narrays && status == ZARRC_OK; i++) {
    cli_copy_run run = {.array = &k->arrays[i],
                        .source_url = k->source_url,
                        .copy_url = k->copy_url,
                        .resume = k->resume,
                        .check = k->check,
                        .progress = &k->progress,
                        .skipped = &k->skipped};
    status = cli_copy_values(&run, k->ctx, error);
  }
  cli_progress_end(&k->progress);
  bool passing = status == ZARRC_CANCELED || status == ZARRC_IO || status == ZARRC_NETWORK || status == ZARRC_NO_MEMORY;
  if (passing) snprintf(k->c->hint, sizeof k->c->hint, "the same with --resume");
  return status;
}

/* ---------------------------------------------------------------------------------------------------- reporting */

static void print_chain(const zarrc_array *array, const cli_layout *l) {
  char text[CLI_DIMS];
  cli_span codecs = cli_inner_codecs(array);
  printf("%s", l->ndim > 0 ? cli_plain_dims(text, l->chunk_shape, l->ndim) : "()");
  if (l->sharded) printf(" in shards of %s", cli_plain_dims(text, l->object_shape, l->ndim));
  printf("  ");
  cli_codecs_print(stdout, codecs.ptr, codecs.len);
}

static void print_plan(const copying *k) {
  char a[CLI_HUMAN], b[CLI_HUMAN], text[CLI_DIMS];
  uint64_t reads = 0;
  for (size_t i = 0; i < k->narrays; i++) {
    const cli_copy_array *x = &k->arrays[i];
    reads = cli_plus(reads, x->reads);
    cli_print_safe(stdout, x->path[0] != 0 ? x->path : k->source_url);
    printf(": %s, %s\n  from  ", cli_human_dims(text, zarrc_array_shape(x->source), x->to.ndim),
           zarrc_dtype_is_variable(zarrc_array_dtype(x->source)) ? "variable length"
                                                                 : cli_human_bytes(a, (double)x->to.nbytes));
    print_chain(x->source, &x->from);
    printf("\n  to    ");
    print_chain(x->model, &x->to);
    printf("\n  work  %s region%s%s of up to %s, %u at once\n", cli_human_count(a, x->total_regions),
           x->total_regions == 1 ? "" : "s", x->windowed ? ", in parts" : "",
           cli_human_bytes(b, (double)x->region_bytes), x->lanes);
  }
  printf("groups    %zu\narrays    %zu\nobjects   %s at most\n", k->ngroups, k->narrays,
         cli_human_count(a, k->nobjects));
  printf("bytes     %s of values\n", cli_human_bytes(a, (double)k->nbytes));
  printf("memory    about %s, %u thread%s\n", cli_human_bytes(a, (double)k->plan_memory), k->threads,
         k->threads == 1 ? "" : "s");
  uint64_t writes = cli_plus(k->nobjects, k->narrays + k->ngroups);
  printf("requests  about %s read%s, %s write%s at most\n", cli_human_count(a, reads), reads == 1 ? "" : "s",
         cli_human_count(b, writes), writes == 1 ? "" : "s");
}

static void print_summary(copying *k) {
  char a[CLI_HUMAN], b[CLI_HUMAN], c[CLI_HUMAN], d[CLI_HUMAN];
  uint64_t stored = atomic_load(&k->out.written_bytes), bytes = atomic_load(&k->progress.bytes);
  double seconds = cli_progress_seconds(&k->progress);
  printf("%zu array%s, %zu group%s: %s -> %s", k->narrays, k->narrays == 1 ? "" : "s", k->ngroups,
         k->ngroups == 1 ? "" : "s", cli_human_bytes(a, (double)bytes), cli_human_bytes(b, (double)stored));
  if (stored > 0) printf(" (%.2fx)", (double)bytes / (double)stored);
  printf(" in %s object%s, %.2f s", cli_human_count(c, atomic_load(&k->out.writes)),
         atomic_load(&k->out.writes) == 1 ? "" : "s", seconds);
  if (bytes > 0 && seconds > 0) printf(", %s/s", cli_human_bytes(d, (double)bytes / seconds));
  if (atomic_load(&k->skipped) > 0) printf(", %s were there", cli_human_count(a, atomic_load(&k->skipped)));
  puts(k->check ? ", checked" : "");
}

static void tell_details(const copying *k) {
  char a[CLI_HUMAN], b[CLI_HUMAN];
  uint64_t reads = atomic_load(&k->in.reads), writes = atomic_load(&k->out.writes);
  fprintf(stderr, "read      %s in %s request%s\n", cli_human_bytes(a, (double)atomic_load(&k->in.read_bytes)),
          cli_human_count(b, reads), reads == 1 ? "" : "s");
  fprintf(stderr, "wrote     %s in %s request%s\n", cli_human_bytes(a, (double)atomic_load(&k->out.written_bytes)),
          cli_human_count(b, writes), writes == 1 ? "" : "s");
  fprintf(stderr, "memory    planned %s, %s of it in the library\n", cli_human_bytes(a, (double)k->plan_memory),
          cli_human_bytes(b, (double)zarrc_ctx_memory_peak(k->ctx)));
}

static void put_json(copying *k) {
  cli_json j;
  cli_json_begin(&j, stdout, "copy");
  cli_json_string(&j, "source", k->source_url);
  cli_json_string(&j, "destination", k->copy_url);
  cli_json_bool(&j, "dry_run", k->dry);
  cli_json_uint(&j, "groups", k->ngroups);
  cli_json_open(&j, "arrays", '[');
  for (size_t i = 0; i < k->narrays; i++) {
    const cli_copy_array *x = &k->arrays[i];
    const char *codecs = zarrc_array_codecs(x->model);
    cli_json_open(&j, NULL, '{');
    cli_json_string(&j, "path", below(k, x->path));
    cli_json_dims(&j, "shape", zarrc_array_shape(x->model), x->to.ndim);
    cli_json_dims(&j, "chunk_shape", x->to.chunk_shape, x->to.ndim);
    if (x->to.sharded)
      cli_json_dims(&j, "shard_shape", x->to.object_shape, x->to.ndim);
    else
      cli_json_raw(&j, "shard_shape", NULL, 0);
    cli_json_raw(&j, "codecs", codecs, strlen(codecs));
    cli_json_count(&j, "objects", x->to.nobjects);
    cli_json_count(&j, "nbytes", x->to.nbytes);
    cli_json_count(&j, "regions", x->total_regions);
    cli_json_uint(&j, "regions_at_once", x->lanes);
    cli_json_bool(&j, "in_parts", x->windowed);
    cli_json_count(&j, "reads", x->reads);
    cli_json_close(&j, '}');
  }
  cli_json_close(&j, ']');
  cli_json_count(&j, "objects", k->nobjects);
  cli_json_count(&j, "nbytes", k->nbytes);
  cli_json_uint(&j, "memory", k->plan_memory);
  cli_json_uint(&j, "threads", k->threads);
  if (!k->dry) {
    cli_json_open(&j, "written", '{');
    cli_json_uint(&j, "objects", atomic_load(&k->out.writes));
    cli_json_uint(&j, "nbytes", atomic_load(&k->out.written_bytes));
    cli_json_close(&j, '}');
    cli_json_uint(&j, "skipped_objects", atomic_load(&k->skipped));
    cli_json_bool(&j, "checked", k->check);
    cli_json_real(&j, "seconds", cli_progress_seconds(&k->progress));
  }
  cli_json_end(&j);
}

zarrc_status cli_copy(cli *c, zarrc_error *error) {
  copying k = {.c = c};
  zarrc_status status = read_arguments(&k, error);
  if (status == ZARRC_OK) status = plan_in_memory(&k, error);
  if (status == ZARRC_OK && !k.dry) status = copy_all(&k, error);
  if (status == ZARRC_OK && c->json)
    put_json(&k);
  else if (status == ZARRC_OK && k.dry)
    print_plan(&k);
  else if (status == ZARRC_OK && !c->quiet)
    print_summary(&k);
  if (status == ZARRC_OK && c->verbose && !k.dry) tell_details(&k);
  forget_plan(&k);
  zarrc_ctx_close(k.ctx);
  return status;
}

/* SPDX-License-Identifier: MIT */
/* The plan of a copy. */
#include "tools/copy.h"

#include "base/ctx.h"

#include <stdio.h>
#include <string.h>
#include <zarrc/plugin/store.h>

zarrc_status zarrc_copy_read_there(zarrc_copy_item *a, zarrc_array *copy, zarrc_error *error) {
  zarrc_status status = zarrc_copy_objects_read(copy, &a->to, true, &a->there, error);
  if (!status && a->as_stored) zarrc_copy_encoded_there(a);
  return status;
}

/* Lists the chunks that an unfinished copy has, on its stage or at the target. That an array is missing or differs is
 * found later, when arrays are created. */
static zarrc_status look_at_chunks(zarrc_copier *k, zarrc_copy_item *a, zarrc_error *error) {
  char *path;
  zarrc_array *copy = NULL;
  zarrc_store *store = zarrc_copy_store(k);
  if (!store) return ZARRC_OK;
  zarrc_status status = zarrc_copy_join(k, zarrc_copy_below(k, a->path), &path, error);
  if (status) return status;
  zarrc_array_options options = {.struct_size = sizeof options, .allow_unknown = a->encoded};
  bool there = !zarrc_array_open(store, path, &options, &copy, NULL);
  zarrc_free(k->ctx, path);
  if (!there) return ZARRC_OK;
  status = zarrc_copy_read_there(a, copy, error);
  zarrc_array_close(copy);
  if (!status && !k->options.check) zarrc_copy_leave_out(a);
  return zarrc_copy_about(k, ZARRC_COPY_TARGET, status);
}

/* Refuses a shape of the options that applies to no array at all. */
static zarrc_status check_fits(zarrc_copier *k, zarrc_error *error) {
  const zarrc_copy_options *o = &k->options;
  bool chunks = !o->chunk_shape, shards = !o->shard_shape;
  for (size_t i = 0; i < k->plan.nitems; i++) {
    chunks |= k->plan.items[i].rechunked;
    shards |= k->plan.items[i].resharded;
  }
  if (chunks && shards) return ZARRC_OK;
  k->work.report.option = chunks ? "shard_shape" : "chunk_shape";
  return zarrc_copy_about(k, ZARRC_COPY_SOURCE,
                          zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "no array has %d dimensions",
                                     chunks ? o->nshard_shape : o->nchunk_shape));
}

static zarrc_status open_source(zarrc_copier *k, zarrc_copy_item *a, zarrc_error *error) {
  zarrc_array_options options = {.struct_size = sizeof options, .allow_unknown = true};
  zarrc_status status = zarrc_tree_open_array(k->plan.tree, a->node, &options, &a->source, error);
  a->encoded = !status && zarrc_array_check_readable(a->source, NULL);
  if (a->encoded) status = zarrc_copy_encoded_check(k, a->source, error);
  a->from.struct_size = a->to.struct_size = sizeof a->from;
  if (!status) status = zarrc_array_chunk_layout(a->source, &a->from, error);
  return status;
}

/* Creates the array in memory. A failure here is about the options, since the source is valid. */
static zarrc_status make_model(zarrc_copier *k, zarrc_copy_item *a, zarrc_error *error) {
  zarrc_array_options options = {.struct_size = sizeof options};
  zarrc_buf document = zarrc_buf_new(k->ctx, SIZE_MAX / 2);
  options.chunk.write_empty_chunks = k->options.write_empty_chunks;
  options.allow_unknown = a->encoded;
  options.zarr_format = k->options.zarr_format;
  options.attributes = zarrc_array_attributes(a->source);
  zarrc_status status = zarrc_copy_about(k, ZARRC_COPY_SOURCE, zarrc_copy_document(k, a->source, &document, error));
  if (!status) {
    status = zarrc_array_create_json(k->plan.models, zarrc_copy_below(k, a->path), (const char *)document.ptr,
                                     document.len, ZARRC_CREATE_NEW, &options, &a->model, error);
    if (k->options.codecs && (status == ZARRC_UNSUPPORTED || status == ZARRC_INVALID_METADATA)) {
      status = ZARRC_INVALID_ARGUMENT;
      if (error) error->code = status;
    }
    zarrc_copy_about(k, ZARRC_COPY_TARGET, status);
  }
  zarrc_buf_clear(&document);
  return status ? status : zarrc_array_chunk_layout(a->model, &a->to, error);
}

static void count(zarrc_copier *k, const zarrc_copy_item *a) {
  k->plan.nobjects = zarrc_plus(k->plan.nobjects, a->todo.nobjects);
  k->plan.nbytes = zarrc_plus(k->plan.nbytes, a->to.nbytes);
  if (a->cut.memory > k->plan.memory) k->plan.memory = a->cut.memory;
}

static zarrc_status cut(zarrc_copier *k, zarrc_copy_item *a, zarrc_error *error) {
  unsigned threads = k->plan.threads;
  a->cut.waits = zarrc_store_fetches(k->target.store);
  zarrc_status status = a->as_stored ? zarrc_copy_cut_as_stored(a, k->options.memory, threads, error)
                                     : zarrc_copy_cut(a, k->options.memory, k->options.check, &threads, error);
  if (status == ZARRC_LIMIT) k->work.report.obstacle = ZARRC_COPY_NEEDS_MEMORY;
  if (threads < k->plan.threads) k->plan.threads = threads;
  return zarrc_copy_about(k, ZARRC_COPY_TARGET, status);
}

/* Adds to an error that is about one array of a hierarchy where that is: in the source or in the target. */
static void say_which(const zarrc_copier *k, const char *path, zarrc_error *error) {
  char target[2048]; /* cut if it is longer, as it is in an error */
  const char *base = k->target.path, *rest = zarrc_copy_below(k, path);
  snprintf(target, sizeof target, "%s%s%s", base, base[0] && rest[0] ? "/" : "", rest);
  if (k->work.report.side == ZARRC_COPY_SOURCE)
    zarrc_error_in_key(error, k->source.store, path);
  else
    zarrc_error_in_key(error, k->target.store, target);
}

static zarrc_status plan_array(zarrc_copier *k, size_t node, zarrc_copy_item *a, zarrc_error *error) {
  const zarrc_copy_options *o = &k->options;
  a->node = node;
  a->path = zarrc_tree_get(k->plan.tree, node)->path;
  zarrc_status status = zarrc_copy_about(k, ZARRC_COPY_SOURCE, open_source(k, a, error));
  if (!status) status = make_model(k, a, error);
  if (status && !k->plan.single) say_which(k, a->path, error);
  if (status) return status;
  a->as_stored = a->encoded || zarrc_copy_keeps_chunks(a);
  status = cut(k, a, error);
  if (status) return status;
  a->rechunked = zarrc_copy_applies(o->chunk_shape, o->nchunk_shape, a->to.ndim);
  a->resharded = zarrc_copy_applies(o->shard_shape, o->nshard_shape, a->to.ndim);
  status = zarrc_copy_objects_read(a->source, &a->from, false, &a->stored, error);
  if (!status && a->encoded) status = zarrc_copy_encoded_check_listed(a, error);
  if (!status) status = zarrc_copy_narrow(a, k->ctx, o->write_empty_chunks && !a->encoded, error);
  zarrc_copy_about(k, ZARRC_COPY_SOURCE, status);
  if (!status && o->mode == ZARRC_COPY_RESUME) status = look_at_chunks(k, a, error);
  if (!status) count(k, a);
  return status;
}

static zarrc_status read_tree(zarrc_copier *k, zarrc_error *error) {
  zarrc_meter_init(&k->in, k->source.store, k->ctx);
  const zarrc_group_options options = {.struct_size = sizeof options, .no_consolidated = k->options.no_consolidated};
  zarrc_status status = zarrc_tree_open(&k->in.store, k->source.path, -1, &options, &k->plan.tree, error);
  if (!status) status = zarrc_tree_check(k->plan.tree, error);
  return zarrc_copy_about(k, ZARRC_COPY_SOURCE, status);
}

static zarrc_status plan_arrays(zarrc_copier *k, zarrc_error *error) {
  size_t n = zarrc_tree_nnodes(k->plan.tree), narrays = 0;
  zarrc_status status = zarrc_memory_store_open(k->ctx, &k->plan.models, error);
  if (status) return status;
  k->plan.single = zarrc_tree_get(k->plan.tree, 0)->kind == ZARRC_NODE_ARRAY;
  for (size_t i = 0; i < n; i++) narrays += zarrc_tree_get(k->plan.tree, i)->kind != ZARRC_NODE_GROUP;
  if (narrays > SIZE_MAX / sizeof *k->plan.items) return zarrc_fail(error, ZARRC_LIMIT, "%zu arrays", narrays);
  k->plan.items = zarrc_malloc(k->ctx, narrays * sizeof *k->plan.items);
  if (!k->plan.items) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for %zu arrays", narrays);
  memset(k->plan.items, 0, narrays * sizeof *k->plan.items);
  for (size_t i = 0; i < n && !status; i++) {
    const zarrc_tree_node *node = zarrc_tree_get(k->plan.tree, i);
    status = zarrc_ctx_check_canceled(k->ctx, error);
    if (!status && node->kind == ZARRC_NODE_GROUP)
      k->plan.ngroups++;
    else if (!status)
      status = plan_array(k, i, &k->plan.items[k->plan.nitems++], error);
  }
  return status ? status : check_fits(k, error);
}

static void tell_array(const zarrc_copier *k, zarrc_copy_item *a) {
  a->told = (zarrc_copy_array){.path = zarrc_copy_below(k, a->path),
                               .source = a->source,
                               .model = a->model,
                               .encoded = a->encoded,
                               .as_stored = a->as_stored,
                               .rechunked = a->rechunked,
                               .resharded = a->resharded,
                               .nregions = a->todo.n,
                               .regions_at_once = a->cut.at_once,
                               .region_nbytes = a->cut.region_nbytes,
                               .in_parts = a->cut.windowed,
                               .nreads = a->reads.n,
                               .read_nbytes = a->reads.nbytes,
                               .reads_are_exact = a->reads.known,
                               .read_nbytes_are_exact = a->reads.known && a->reads.whole,
                               .source_is_listed = a->stored.known,
                               .source_nobjects = a->stored.n,
                               .source_nbytes = a->stored.nbytes,
                               .target_is_listed = a->there.known,
                               .target_nobjects = a->there.n,
                               .target_nfaulty = a->there.nfaulty};
  if (a->stored.known && !a->as_stored && a->reads.n > a->stored.n)
    a->told.memory_wanted = zarrc_copy_memory_wanted(a, k->options.memory, k->options.check, k->plan.threads);
}

/* Plans with all threads, and again with fewer as long as memory requires it. */
zarrc_status zarrc_copy_plan(zarrc_copier *k, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (;;) {
    unsigned threads = k->plan.threads;
    if (threads < zarrc_ctx_get_options(k->ctx)->threads) {
      status = zarrc_ctx_open_fewer(k->target.store->ctx, threads, &k->fewer, error);
      if (status) return status;
      k->ctx = k->fewer;
    }
    status = read_tree(k, error);
    if (!status) status = zarrc_copy_about(k, ZARRC_COPY_TARGET, zarrc_copy_look(k, error));
    if (!status) status = plan_arrays(k, error);
    if (status) return status;
    if (k->plan.threads == threads) break;
    zarrc_copy_forget_plan(k);
  }
  for (size_t i = 0; i < k->plan.nitems; i++) tell_array(k, &k->plan.items[i]);
  return zarrc_copy_find_others(k, error);
}

static void forget_item(zarrc_copier *k, zarrc_copy_item *a) {
  zarrc_array_close(a->source);
  zarrc_array_close(a->model);
  zarrc_array_close(a->copy);
  zarrc_free(k->ctx, a->target);
  zarrc_free(k->ctx, a->todo.list);
  zarrc_copy_objects_clear(&a->stored);
  zarrc_copy_objects_clear(&a->there);
}

/* Releases everything that was made with k->ctx, and then that context if it is the copier's own. */
void zarrc_copy_forget_plan(zarrc_copier *k) {
  zarrc_stage_close(k->place.stage, true);
  for (size_t i = 0; i < k->plan.nitems; i++) forget_item(k, &k->plan.items[i]);
  zarrc_free(k->ctx, k->plan.items);
  zarrc_free(k->ctx, k->plan.first_unlisted);
  zarrc_tree_close(k->plan.tree);
  zarrc_store_close(k->plan.models);
  zarrc_ctx_close(k->fewer);
  k->ctx = k->target.store->ctx;
  k->fewer = NULL;
  k->place.stage = NULL;
  k->plan.items = NULL;
  k->plan.first_unlisted = NULL;
  k->plan.tree = NULL;
  k->plan.models = NULL;
  k->plan.nitems = k->plan.ngroups = 0;
  k->plan.nobjects = k->plan.nbytes = k->plan.memory = 0;
  k->place.exists = k->place.unfinished = k->place.in_place = k->place.replaces = false;
}

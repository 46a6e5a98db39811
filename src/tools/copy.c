/* SPDX-License-Identifier: MIT */
#include "tools/copy.h"

#include "base/sized.h"
#include "base/text.h"

#include <string.h>

#define DEFAULT_MEMORY ((uint64_t)1 << 30)

/* ------------------------------------------------------------------------------------------------------ opening */

static zarrc_status check_shape(const char *what, const int64_t *shape, int n, zarrc_error *error) {
  if (shape && (n < 0 || n > ZARRC_MAX_NDIM))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%s: %d numbers", what, n);
  for (int i = 0; shape && i < n; i++)
    if (shape[i] < 1)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%s: %lld is not at least 1", what, (long long)shape[i]);
  return ZARRC_OK;
}

static zarrc_status check_options(const zarrc_copy_options *o, zarrc_error *error) {
  zarrc_status status = check_shape("chunk_shape", o->chunk_shape, o->nchunk_shape, error);
  if (!status) status = check_shape("shard_shape", o->shard_shape, o->nshard_shape, error);
  if (status) return status;
  if (o->no_shards && o->shard_shape)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "shard_shape and no_shards exclude each other");
  if (o->separator && o->separator != '/' && o->separator != '.')
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "separator: must be '/' or '.'");
  const char *keys = o->chunk_key_encoding;
  if (keys && strcmp(keys, "default") && strcmp(keys, "v2"))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "chunk_key_encoding: must be \"default\" or \"v2\"");
  if (o->zarr_format != 0 && o->zarr_format != 2 && o->zarr_format != 3)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "zarr_format: must be 2 or 3");
  if (o->mode > ZARRC_COPY_RESUME) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "mode: %d is none", (int)o->mode);
  return ZARRC_OK;
}

static bool lies_in(const char *path, const char *folder) {
  size_t n = strlen(folder);
  return n == 0 || (!strncmp(path, folder, n) && (path[n] == '/' || path[n] == 0));
}

static zarrc_status check_places(const zarrc_store *source, const char *from, const zarrc_store *target, const char *to,
                                 zarrc_error *error) {
  if (source->ctx != target->ctx)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "source and target are stores of two contexts");
  if (source == target && (lies_in(to, from) || lies_in(from, to)))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "source and target lie one in the other");
  return ZARRC_OK;
}

/* Copies what the options point to, and fills in the defaults. */
static zarrc_status keep_options(zarrc_copier *k, zarrc_error *error) {
  zarrc_copy_options *o = &k->options;
  zarrc_ctx *ctx = k->ctx;
  zarrc_status status = ZARRC_OK;
  if (o->chunk_shape) memcpy(k->chunk_shape, o->chunk_shape, sizeof(int64_t) * (size_t)o->nchunk_shape);
  if (o->shard_shape) memcpy(k->shard_shape, o->shard_shape, sizeof(int64_t) * (size_t)o->nshard_shape);
  if (o->chunk_shape) o->chunk_shape = k->chunk_shape;
  if (o->shard_shape) o->shard_shape = k->shard_shape;
  if (o->chunk_key_encoding) o->chunk_key_encoding = strcmp(o->chunk_key_encoding, "v2") ? "default" : "v2";
  if (!o->source_name) o->source_name = k->source.path;
  if (o->codecs) status = zarrc_text_copy(ctx, o->codecs, strlen(o->codecs), &k->codecs, error);
  if (!status) status = zarrc_text_copy(ctx, o->source_name, strlen(o->source_name), &k->source.name, error);
  o->codecs = k->codecs;
  o->source_name = k->source.name;
  if (!o->memory) o->memory = DEFAULT_MEMORY;
  if (!o->zarr_format) o->zarr_format = 3;
  k->plan.threads = zarrc_ctx_get_options(ctx)->threads;
  if (o->threads > 0 && o->threads < k->plan.threads) k->plan.threads = o->threads;
  return status;
}

zarrc_status zarrc_copier_open(zarrc_store *source, const char *source_path, zarrc_store *target,
                               const char *target_path, const zarrc_copy_options *options, zarrc_copier **out,
                               zarrc_error *error) {
  zarrc_copy_options given = {0};
  zarrc_status status = options ? zarrc_sized_take(&given, sizeof given, options, "copy options", error) : ZARRC_OK;
  if (!status) status = check_options(&given, error);
  if (!status) status = check_places(source, source_path, target, target_path, error);
  if (status) return status;
  zarrc_copier *k = zarrc_malloc(target->ctx, sizeof *k);
  if (!k) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a copier");
  memset(k, 0, sizeof *k);
  k->ctx = target->ctx;
  k->source.store = source;
  k->target.store = target;
  k->options = given;
  pthread_mutex_init(&k->work.telling, NULL);
  status = zarrc_text_copy(k->ctx, source_path, strlen(source_path), &k->source.path, error);
  if (!status) status = zarrc_text_copy(k->ctx, target_path, strlen(target_path), &k->target.path, error);
  if (!status) status = keep_options(k, error);
  if (status)
    zarrc_copier_close(k);
  else
    *out = k;
  return status;
}

void zarrc_copier_close(zarrc_copier *k) {
  if (!k) return;
  zarrc_copy_forget_plan(k);
  zarrc_free(k->ctx, k->source.path);
  zarrc_free(k->ctx, k->target.path);
  zarrc_free(k->ctx, k->codecs);
  zarrc_free(k->ctx, k->source.name);
  pthread_mutex_destroy(&k->work.telling);
  zarrc_free(k->ctx, k);
}

/* ------------------------------------------------------------------------------------------------------ working */

zarrc_status zarrc_copier_plan(zarrc_copier *k, zarrc_error *error) {
  if (k->plan.looked) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a copier plans once");
  k->plan.looked = true;
  zarrc_status status = zarrc_copy_plan(k, error);
  k->plan.planned = !status;
  return status;
}

static void reset_meters(zarrc_copier *k) {
  atomic_store(&k->in.opened, 0);
  atomic_store(&k->in.reads, 0);
  atomic_store(&k->in.read_bytes, 0);
  atomic_store(&k->out.written_bytes, 0);
  atomic_store(&k->out.writes, 0);
}

static zarrc_status copy_array(zarrc_copier *k, zarrc_copy_item *a, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  if (zarrc_copy_resumes(k) && !a->there.known) status = zarrc_copy_read_there(a, a->copy, error);
  if (status) return zarrc_copy_about(k, ZARRC_COPY_TARGET, status);
  status = zarrc_copy_values(k, a, error);
  if (status) return status;
  status = zarrc_array_check_current(a->source, error); /* another array may have replaced it during the copy */
  return zarrc_copy_about(k, ZARRC_COPY_SOURCE, status);
}

static zarrc_status copy_arrays(zarrc_copier *k, zarrc_error *error) {
  reset_meters(k);
  zarrc_status status = zarrc_copy_tell(k, (zarrc_copy_event){.kind = ZARRC_COPY_PROGRESS}, error);
  for (size_t i = 0; i < k->plan.nitems && !status; i++) status = copy_array(k, &k->plan.items[i], error);
  return status;
}

/* Tells of the nodes that consolidated metadata describe otherwise than their own documents do by now. */
static zarrc_status tell_stale(zarrc_copier *k, zarrc_error *error) {
  for (size_t i = 0; i < zarrc_tree_nnodes(k->plan.tree); i++) {
    const char *path = zarrc_copy_below(k, zarrc_tree_get(k->plan.tree, i)->path);
    bool stale;
    zarrc_status status = zarrc_tree_is_stale(k->plan.tree, i, &stale, error);
    if (status) return zarrc_copy_about(k, ZARRC_COPY_SOURCE, status);
    if (!stale) continue;
    if (!k->work.report.nstale++) k->work.report.first_stale = path;
    status = zarrc_copy_tell(k, (zarrc_copy_event){.kind = ZARRC_COPY_STALE, .path = path}, error);
    if (status) return status;
  }
  return ZARRC_OK;
}

zarrc_status zarrc_copier_run(zarrc_copier *k, zarrc_error *error) {
  zarrc_status status = k->plan.planned ? ZARRC_OK : zarrc_copier_plan(k, error);
  if (status) return status;
  if (k->work.ran) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a copier copies once");
  k->work.ran = true;
  status = zarrc_copy_begin(k, error);
  if (!status) status = zarrc_copy_nodes(k, error);
  if (!status) status = zarrc_copy_prune(k, error);
  if (!status) status = zarrc_copy_others(k, error);
  if (!status) status = copy_arrays(k, error);
  if (!status) status = tell_stale(k, error);
  if (!status) status = zarrc_copy_publish(k, error);
  zarrc_copy_end(k, status);
  return status;
}

const zarrc_copy_report *zarrc_copier_report(zarrc_copier *k) {
  zarrc_copy_report *r = &k->work.report;
  r->ngroups = k->plan.ngroups;
  r->narrays = k->plan.nitems;
  r->nobjects = k->plan.nobjects;
  r->nbytes = k->plan.nbytes;
  r->memory = k->plan.memory;
  r->threads = k->plan.threads;
  r->replaces = k->place.replaces;
  r->replaced_nodes = k->place.there.nnodes;
  r->replaced_chunks = k->place.there.nchunks;
  r->replaced_files = k->place.there.nothers;
  r->nother_files = k->plan.nothers;
  r->nunlisted = k->plan.nunlisted;
  r->first_unlisted = k->plan.first_unlisted;
  r->read_nobjects = atomic_load(&k->in.opened);
  r->nreads = atomic_load(&k->in.reads);
  r->read_nbytes = atomic_load(&k->in.read_bytes);
  r->written_nobjects = atomic_load(&k->out.writes);
  r->written_nbytes = atomic_load(&k->out.written_bytes);
  r->skipped_nobjects = atomic_load(&k->work.skipped);
  r->mended_nobjects = atomic_load(&k->work.mended);
  r->copied_nbytes = atomic_load(&k->work.copied_nbytes);
  r->nconsolidated = k->work.nconsolidated;
  return r;
}

const zarrc_copy_array *zarrc_copier_array(const zarrc_copier *k, size_t i) {
  return &k->plan.items[i].told;
}

/* SPDX-License-Identifier: MIT */
/* Looks into a stored shard: its index and its inner chunks, each by itself, also where others are damaged. */
#include <zarrc/tools.h>

#include "base/sized.h"
#include "base/sort.h"
#include "base/text.h"
#include "tools/sizes.h"
#include "tools/sums.h"

#include <string.h>
#include <zarrc/plugin/blob.h>
#include <zarrc/plugin/store.h>

/* The largest shard that is held in memory, which is necessary if further codecs follow sharding_indexed. */
#define MAX_WRAPPED ((uint64_t)16 << 30)

typedef struct entry {
  uint64_t offset, nbytes;
  bool present;
  zarrc_status status;
} entry;

struct zarrc_stored_shard {
  zarrc_ctx *ctx;
  const zarrc_store *store;
  const zarrc_codec *codec; /* sharding_indexed; decodes `blob` */
  zarrc_stored_shard_info info;
  zarrc_buf entries;
  zarrc_blob *blob; /* the shard as that codec sees it: of `stored`, or of `decoded` */
  zarrc_key_blob stored;
  zarrc_memory_blob decoded;
  zarrc_bytes loan;
  zarrc_parts parts[2];
  char name[sizeof((zarrc_error *)0)->chunk]; /* its coordinates, "0,3"; "": unknown */
  char key[];
};

static const entry *entry_at(const zarrc_stored_shard *s, uint64_t i) {
  return (const entry *)(const void *)s->entries.ptr + i;
}

/* Adds the shard to an error. */
static zarrc_status in_shard(const zarrc_stored_shard *s, zarrc_status status, zarrc_error *error) {
  if (!status || !error) return status;
  zarrc_text_fit(error->chunk, sizeof error->chunk, s->name);
  zarrc_error_in_key(error, s->store, s->key);
  return status;
}

/* -------------------------------------------------------------------------------------------------------- sums */

static int by_offset(const void *of, uint32_t a, uint32_t b) {
  const entry *x = (const entry *)of + a, *y = (const entry *)of + b;
  return x->offset != y->offset ? (x->offset < y->offset ? -1 : 1) : 0;
}

/* Counts the bytes from one end of the data to the other that belong to no inner chunk, or to several. order: the inner
 * chunks by offset. */
static void sum_gaps(zarrc_stored_shard *s, const uint32_t *order, size_t n) {
  zarrc_stored_shard_info *info = &s->info;
  bool first = info->index_location == ZARRC_INDEX_START;
  uint64_t at = first ? info->index_nbytes : 0; /* end of what has been counted */
  for (size_t i = 0; i < n; i++) {
    const entry *e = entry_at(s, order[i]);
    if (!e->present || e->status) continue;
    uint64_t start = e->offset, end = start + e->nbytes;
    if (start > at) info->hole_nbytes += start - at;
    if (start < at) info->overlap_nbytes += (end < at ? end : at) - start;
    if (end > at) at = end;
  }
  if (info->nbytes == ZARRC_UNKNOWN) return;
  uint64_t end = info->nbytes - (first ? 0 : info->index_nbytes);
  if (at < end) info->hole_nbytes += end - at;
  if (at > end) info->overlap_nbytes += at - end;
}

static zarrc_status sum(zarrc_stored_shard *s, zarrc_error *error) {
  size_t n = (size_t)s->info.nchunks;
  zarrc_bytes memory;
  zarrc_status status = zarrc_scratch_take(s->ctx, (n > 0 ? n : 1) * sizeof(uint32_t), &memory, error);
  if (status) return status;
  uint32_t *order = (uint32_t *)(void *)memory.ptr;
  zarrc_sort(order, (uint32_t)n, by_offset, s->entries.ptr);
  sum_gaps(s, order, n);
  zarrc_bytes_release(&memory);
  return ZARRC_OK;
}

/* ----------------------------------------------------------------------------------------------------- opening */

/* Finds the sharding codec, and the spec of the chunk before each codec. Returns its number in the chain; -1: none. */
static int find_codec(const zarrc_pipeline *chain, zarrc_spec *specs, zarrc_error *error) {
  int n = (int)zarrc_pipeline_ncodecs(chain), at = -1;
  specs[0] = *zarrc_pipeline_spec(chain);
  for (int i = 0; i < n; i++) {
    const zarrc_codec *codec = zarrc_pipeline_codec(chain, (size_t)i);
    if (zarrc_shard_inner(codec)) at = i;
    if (zarrc_codec_resolve(codec, &specs[i], &specs[i + 1], error)) return -1;
  }
  if (at < 0) zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the chunks of this array are no shards");
  return at;
}

/* Decodes a shard with the codecs that follow sharding_indexed. */
static zarrc_status unwrap(zarrc_stored_shard *s, const zarrc_pipeline *chain, int codec, const zarrc_spec *specs,
                           zarrc_error *error) {
  zarrc_status status = zarrc_blob_read_all(s->stored.blob, MAX_WRAPPED, &s->loan, error);
  zarrc_bytes bytes = s->loan;
  for (int i = (int)zarrc_pipeline_ncodecs(chain) - 1; i > codec && !status; i--) {
    zarrc_codec_job job = {.spec = &specs[i], .bytes = bytes, .parts = &s->parts[i % 2]};
    zarrc_parts_clear(job.parts);
    status = zarrc_codec_decode(zarrc_pipeline_codec(chain, (size_t)i), &job, 1, error);
    if (!status) status = zarrc_parts_join(job.parts, &bytes, error);
  }
  if (status) return status;
  zarrc_memory_blob_init(&s->decoded, s->ctx, bytes.ptr, bytes.len);
  s->decoded.present = true;
  s->blob = &s->decoded.blob;
  return ZARRC_OK;
}

/* Finds out where the index is, and what it takes: its codecs are of fixed size. */
static zarrc_status measure_index(zarrc_stored_shard *s, zarrc_error *error) {
  zarrc_stored_shard_info *info = &s->info;
  zarrc_sharding_config config = {.struct_size = sizeof config};
  zarrc_spec spec = {.dtype = zarrc_dtype_of(ZARRC_UINT64), .ndim = info->ndim + 1};
  for (int i = 0; i < info->ndim; i++) spec.shape[i] = info->grid[i];
  spec.shape[info->ndim] = 2;
  zarrc_status status = zarrc_sharding_codec_get(s->codec, &config, error);
  if (status) return status;
  info->index_location = config.index_location;
  info->index_nbytes = zarrc_product(spec.shape, spec.ndim) * sizeof(uint64_t);
  for (size_t i = 0; i < config.nindex_codecs; i++) {
    const zarrc_codec *codec = config.index_codecs[i];
    info->index_nbytes = zarrc_codec_encoded_size(codec, &spec, info->index_nbytes).nbytes;
    info->index_has_checksum |= !strcmp(zarrc_codec_name(codec), "crc32c");
  }
  return ZARRC_OK;
}

static zarrc_status keep(void *arg, const zarrc_inner_chunk *chunk, zarrc_error *error) {
  zarrc_stored_shard *s = arg;
  zarrc_stored_shard_info *info = &s->info;
  const entry e = {chunk->offset, chunk->nbytes, chunk->present, chunk->status};
  info->nchunks++;
  info->ncorrupt += e.status != ZARRC_OK;
  info->nmissing += !e.status && !e.present;
  info->npresent += !e.status && e.present;
  if (!e.status && e.present) info->data_nbytes = zarrc_plus(info->data_nbytes, e.nbytes);
  return zarrc_buf_append(&s->entries, &e, sizeof e, error);
}

static zarrc_status read_index(zarrc_stored_shard *s, zarrc_error *error) {
  zarrc_range nothing = {.nbytes = 0};
  zarrc_status status = zarrc_blob_read(s->blob, &nothing, 1, error);
  if (status) return status;
  s->info.nbytes = nothing.total;
  zarrc_bytes_release(&nothing.got);
  status = zarrc_shard_each(s->codec, s->blob, keep, s, error);
  return status ? status : sum(s, error);
}

/* Sets which sizes an inner chunk can have. */
static void set_sizes(const zarrc_pipeline *inner, zarrc_stored_shard_info *info) {
  const zarrc_dtype *dtype = info->dtype;
  uint64_t nitems = zarrc_product(info->chunk_shape, info->ndim);
  uint64_t nbytes = zarrc_dtype_is_variable(dtype) ? 0 : zarrc_times(nitems, dtype->item_size);
  zarrc_encoded_sizes(inner, nbytes, ZARRC_SIZE_EXACT, &info->least_chunk_nbytes, &info->most_chunk_nbytes);
}

static zarrc_status open_shard(zarrc_stored_shard *s, zarrc_store *store, const zarrc_pipeline *chain,
                               zarrc_error *error) {
  zarrc_spec specs[ZARRC_MAX_CODECS + 1];
  zarrc_stored_shard_info *info = &s->info;
  int at = find_codec(chain, specs, error);
  if (at < 0) return error && error->code ? error->code : ZARRC_INVALID_ARGUMENT;
  s->codec = zarrc_pipeline_codec(chain, (size_t)at);
  const zarrc_spec *inner = zarrc_pipeline_spec(zarrc_shard_inner(s->codec));
  info->ndim = specs[at].ndim;
  for (int i = 0; i < info->ndim; i++) {
    info->shape[i] = specs[at].shape[i];
    info->chunk_shape[i] = inner->shape[i];
    info->grid[i] = info->shape[i] / info->chunk_shape[i];
  }
  info->dtype = &inner->dtype;
  set_sizes(zarrc_shard_inner(s->codec), info);
  info->wrapped = (size_t)at + 1 < zarrc_pipeline_ncodecs(chain);
  zarrc_status status = measure_index(s, error);
  if (!status) status = zarrc_key_blob_open(&s->stored, store, s->key, error);
  if (!status) s->blob = s->stored.blob;
  if (!status && info->wrapped) status = unwrap(s, chain, at, specs, error);
  if (!status) status = read_index(s, error);
  return status == ZARRC_NOT_FOUND ? zarrc_fail(error, status, "no shard is stored there") : status;
}

zarrc_status zarrc_stored_shard_open(zarrc_array *array, zarrc_store *store, const char *key, const int64_t *chunk,
                                     zarrc_stored_shard **out, zarrc_error *error) {
  static const int64_t first[ZARRC_MAX_NDIM] = {0};
  const zarrc_pipeline *chain = NULL;
  zarrc_status status = zarrc_array_pipeline(array, chunk ? chunk : first, &chain, error);
  if (status) return status;
  if (!store) store = zarrc_array_store(array);
  size_t n = strlen(key);
  zarrc_stored_shard *s = zarrc_malloc(store->ctx, sizeof *s + n + 1);
  if (!s) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a shard");
  *s = (zarrc_stored_shard){.ctx = store->ctx, .store = store};
  s->entries = zarrc_buf_new(s->ctx, SIZE_MAX / 2);
  zarrc_parts_init(&s->parts[0], s->ctx);
  zarrc_parts_init(&s->parts[1], s->ctx);
  memcpy(s->key, key, n + 1);
  if (chunk) zarrc_chunk_text(zarrc_array_ndim(array), chunk, s->name, sizeof s->name);
  status = in_shard(s, open_shard(s, store, chain, error), error);
  if (status)
    zarrc_stored_shard_close(s);
  else
    *out = s;
  return status;
}

void zarrc_stored_shard_close(zarrc_stored_shard *s) {
  if (!s) return;
  zarrc_buf_clear(&s->entries);
  zarrc_memory_blob_clear(&s->decoded);
  zarrc_bytes_release(&s->loan);
  zarrc_parts_clear(&s->parts[0]);
  zarrc_parts_clear(&s->parts[1]);
  zarrc_key_blob_close(&s->stored);
  zarrc_free(s->ctx, s);
}

zarrc_status zarrc_stored_shard_describe(const zarrc_stored_shard *shard, zarrc_stored_shard_info *out,
                                         zarrc_error *error) {
  return zarrc_sized_give(out, &shard->info, sizeof shard->info, "the description of a shard", error);
}

/* ------------------------------------------------------------------------------------------------- inner chunks */

void zarrc_stored_shard_get(const zarrc_stored_shard *shard, uint64_t i, zarrc_inner_chunk *out) {
  const entry *e = entry_at(shard, i);
  *out = (zarrc_inner_chunk){
      .number = i, .present = e->present, .offset = e->offset, .nbytes = e->nbytes, .status = e->status};
  for (int axis = shard->info.ndim - 1; axis >= 0; axis--) {
    out->chunk[axis] = (int64_t)(i % (uint64_t)shard->info.grid[axis]);
    i /= (uint64_t)shard->info.grid[axis];
  }
}

/* Says why an entry is invalid. */
static zarrc_status refuse_entry(const zarrc_stored_shard *s, const entry *e, zarrc_error *error) {
  if (e->offset == UINT64_MAX || e->nbytes == UINT64_MAX)
    return zarrc_fail(error, ZARRC_CORRUPT, "only half of its entry in the index says that it is missing");
  return zarrc_fail(error, ZARRC_CORRUPT, "%llu bytes at byte %llu do not lie in the shard's %llu bytes",
                    (unsigned long long)e->nbytes, (unsigned long long)e->offset, (unsigned long long)s->info.nbytes);
}

/* Adds the shard and the inner chunk to an error. */
static zarrc_status in_inner(const zarrc_stored_shard *s, uint64_t i, zarrc_status status, zarrc_error *error) {
  const entry *e = entry_at(s, i);
  zarrc_inner_chunk chunk;
  char name[sizeof error->inner_chunk];
  bool known = e->present && !e->status && !s->info.wrapped; /* its offset is one in the stored value */
  if (!status || !error) return status;
  zarrc_stored_shard_get(s, i, &chunk);
  zarrc_chunk_text(s->info.ndim, chunk.chunk, name, sizeof name);
  zarrc_error_in_inner_chunk(error, name, known ? e->offset : ZARRC_UNKNOWN);
  return in_shard(s, status, error);
}

zarrc_status zarrc_stored_shard_read(zarrc_stored_shard *shard, uint64_t i, zarrc_bytes *out, zarrc_error *error) {
  const entry *e = entry_at(shard, i);
  zarrc_range range = {.offset = (int64_t)e->offset, .nbytes = e->nbytes};
  zarrc_status status;
  *out = (zarrc_bytes){0};
  if (e->status)
    status = refuse_entry(shard, e, error);
  else if (!e->present)
    status = zarrc_fail(error, ZARRC_NOT_FOUND, "missing: all of it is fill value");
  else
    status = zarrc_blob_read(shard->blob, &range, 1, error);
  if (!status) *out = range.got;
  return in_inner(shard, i, status, error);
}

zarrc_status zarrc_stored_shard_decode(zarrc_stored_shard *shard, uint64_t i, const zarrc_view *to,
                                       zarrc_error *error) {
  zarrc_memory_blob blob = {0};
  zarrc_bytes bytes;
  zarrc_status status = zarrc_stored_shard_read(shard, i, &bytes, error);
  if (status) return status;
  zarrc_memory_blob_init(&blob, shard->ctx, bytes.ptr, bytes.len);
  blob.present = true;
  status = zarrc_read(zarrc_shard_inner(shard->codec), &blob.blob, NULL, to, NULL, error);
  zarrc_memory_blob_clear(&blob);
  zarrc_bytes_release(&bytes);
  return in_inner(shard, i, status, error);
}

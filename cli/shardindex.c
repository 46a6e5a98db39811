/* SPDX-License-Identifier: MIT */
/* Reads one shard: its index and its inner chunks. */
#include "describe.h"
#include "shard.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/store.h>

/* The largest shard that is held in memory, which is necessary if further codecs follow sharding_indexed. */
#define MAX_WRAPPED ((uint64_t)16 << 30)

static zarrc_status in_shard(const cli_shard *shard, zarrc_status status, zarrc_error *error) {
  if (!status || !error) return status;
  snprintf(error->chunk, sizeof error->chunk, "%s", shard->name);
  zarrc_error_in_key(error, shard->store, shard->key);
  return status;
}

/* ------------------------------------------------------------------------------------------------------ opening */

/* Finds the sharding codec, and the spec of the chunk before each codec. Returns its index in the chain; -1: none. */
static int find_codec(const zarrc_pipeline *chain, zarrc_spec *specs, zarrc_error *error) {
  int n = (int)zarrc_pipeline_ncodecs(chain), at = -1;
  specs[0] = *zarrc_pipeline_spec(chain);
  for (int i = 0; i < n; i++) {
    const zarrc_codec *codec = zarrc_pipeline_codec(chain, (size_t)i);
    if (zarrc_shard_inner(codec)) at = i;
    if (zarrc_codec_resolve(codec, &specs[i], &specs[i + 1], error)) return -1;
  }
  return at;
}

/* Decodes a shard with the codecs that follow sharding_indexed. */
static zarrc_status unwrap(cli_shard *s, const zarrc_pipeline *chain, int codec, const zarrc_spec *specs,
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

/* Finds the location and length of the index from the codec's configuration. */
static zarrc_status measure_index(cli_shard *s, zarrc_error *error) {
  zarrc_spec spec = {.dtype = zarrc_dtype_of(ZARRC_UINT64), .ndim = s->ndim + 1};
  zarrc_buf json = zarrc_buf_new(s->ctx, SIZE_MAX / 2);
  zarrc_pipeline *index = NULL;
  cli_span configuration, codecs = {0}, codec;
  size_t at = 0;
  for (int i = 0; i < s->ndim; i++) spec.shape[i] = s->grid[i];
  spec.shape[s->ndim] = 2;
  zarrc_status status = zarrc_codec_to_json(s->codec, &json, error);
  if (!status) {
    configuration = cli_json_member(cli_json_value((const char *)json.ptr, json.len), "configuration");
    codecs = cli_json_member(configuration, "index_codecs");
    s->index_first = cli_span_is(cli_json_plain(cli_json_member(configuration, "index_location")), "start");
    status = zarrc_pipeline_open(s->ctx, codecs.ptr, codecs.len, &spec, &index, error);
  }
  while (cli_json_next(codecs, &at, NULL, &codec))
    s->index_has_checksum |= cli_span_is(cli_json_plain(cli_json_member(codec, "name")), "crc32c");
  if (!status) s->index_nbytes = zarrc_pipeline_encoded_size(index, cli_product(spec.shape, spec.ndim) * 8).nbytes;
  zarrc_pipeline_close(index);
  zarrc_buf_clear(&json);
  return status;
}

static zarrc_status keep_entry(void *arg, const zarrc_inner_chunk *chunk, zarrc_error *error) {
  cli_shard *s = arg;
  if (s->nentries == s->cap) {
    size_t cap = s->cap > 0 ? 2 * s->cap : 256;
    cli_inner *entries = realloc(s->entries, cap * sizeof *entries);
    if (!entries) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
    s->entries = entries;
    s->cap = cap;
  }
  s->entries[s->nentries++] = (cli_inner){chunk->offset, chunk->nbytes, chunk->present || chunk->status, chunk->status};
  return ZARRC_OK;
}

static zarrc_status read_index(cli_shard *s, zarrc_error *error) {
  zarrc_range nothing = {.nbytes = 0};
  zarrc_status status = zarrc_blob_read(s->blob, &nothing, 1, error);
  if (status) return status;
  s->nbytes = nothing.total;
  zarrc_bytes_release(&nothing.got);
  status = measure_index(s, error);
  return status ? status : zarrc_shard_each(s->codec, s->blob, keep_entry, s, error);
}

zarrc_status cli_shard_open(const cli_shards *shards, const int64_t *chunk, const char *key, cli_shard *out,
                            zarrc_error *error) {
  zarrc_store *store = shards->files ? shards->files : zarrc_array_store(shards->node.array);
  zarrc_spec specs[ZARRC_MAX_CODECS + 1];
  const zarrc_pipeline *chain = NULL;
  char dims[CLI_DIMS];
  *out = (cli_shard){.ctx = shards->node.ctx, .store = store, .key = key};
  if (shards->placed || !shards->single)
    snprintf(out->name, sizeof out->name, "%s", cli_plain_dims(dims, chunk, zarrc_array_ndim(shards->node.array)));
  zarrc_parts_init(&out->parts[0], out->ctx);
  zarrc_parts_init(&out->parts[1], out->ctx);
  zarrc_status status = zarrc_array_pipeline(shards->node.array, chunk, &chain, error);
  if (status) return status;
  int at = find_codec(chain, specs, error);
  if (at < 0) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the chunks of this array are no shards");
  out->codec = zarrc_pipeline_codec(chain, (size_t)at);
  out->inner = zarrc_shard_inner(out->codec);
  out->ndim = specs[at].ndim;
  for (int i = 0; i < out->ndim; i++) {
    out->shape[i] = specs[at].shape[i];
    out->inner_shape[i] = zarrc_pipeline_spec(out->inner)->shape[i];
    out->grid[i] = out->shape[i] / out->inner_shape[i];
  }
  out->wrapped = (size_t)at + 1 < zarrc_pipeline_ncodecs(chain);
  status = zarrc_key_blob_open(&out->stored, store, key, error);
  out->blob = out->stored.blob;
  if (!status && out->wrapped) status = unwrap(out, chain, at, specs, error);
  if (!status) status = read_index(out, error);
  if (status == ZARRC_NOT_FOUND) status = zarrc_fail(error, ZARRC_NOT_FOUND, "no shard is stored there");
  return in_shard(out, status, error);
}

void cli_shard_close(cli_shard *shard) {
  free(shard->entries);
  zarrc_memory_blob_clear(&shard->decoded);
  zarrc_bytes_release(&shard->loan);
  zarrc_parts_clear(&shard->parts[0]);
  zarrc_parts_clear(&shard->parts[1]);
  zarrc_key_blob_close(&shard->stored);
}

/* ------------------------------------------------------------------------------------------------- inner chunks */

void cli_inner_at(const cli_shard *shard, size_t i, int64_t *at) {
  for (int axis = shard->ndim - 1; axis >= 0; axis--) {
    at[axis] = (int64_t)(i % (uint64_t)shard->grid[axis]);
    i /= (size_t)shard->grid[axis];
  }
}

const char *cli_inner_name(const cli_shard *shard, size_t i, char buf[CLI_DIMS]) {
  int64_t at[ZARRC_MAX_NDIM] = {0};
  cli_inner_at(shard, i, at);
  return shard->ndim > 0 ? cli_plain_dims(buf, at, shard->ndim) : cli_human_dims(buf, at, 0);
}

/* Says why an entry is invalid. */
static zarrc_status refuse_entry(const cli_shard *s, const cli_inner *e, zarrc_error *error) {
  if (e->offset == UINT64_MAX || e->nbytes == UINT64_MAX)
    return zarrc_fail(error, ZARRC_CORRUPT, "only half of its entry in the index says that it is missing");
  return zarrc_fail(error, ZARRC_CORRUPT, "%llu bytes at byte %llu do not lie in the shard's %llu bytes",
                    (unsigned long long)e->nbytes, (unsigned long long)e->offset, (unsigned long long)s->nbytes);
}

/* Adds the shard and the inner chunk to an error. */
static zarrc_status in_inner(const cli_shard *s, size_t i, zarrc_status status, zarrc_error *error) {
  const cli_inner *e = &s->entries[i];
  char name[CLI_DIMS];
  bool known = e->present && !e->corrupt && !s->wrapped; /* its offset is one in the stored value */
  if (!status || !error) return status;
  zarrc_error_in_inner_chunk(error, cli_inner_name(s, i, name), known ? e->offset : ZARRC_UNKNOWN);
  return in_shard(s, status, error);
}

zarrc_status cli_inner_read(cli_shard *shard, size_t i, zarrc_bytes *out, zarrc_error *error) {
  const cli_inner *e = &shard->entries[i];
  zarrc_range range = {.offset = (int64_t)e->offset, .nbytes = e->nbytes};
  zarrc_status status;
  *out = (zarrc_bytes){0};
  if (!e->present)
    status = zarrc_fail(error, ZARRC_NOT_FOUND, "missing: all of it is fill value");
  else
    status = e->corrupt ? refuse_entry(shard, e, error) : zarrc_blob_read(shard->blob, &range, 1, error);
  if (!status) *out = range.got;
  return in_inner(shard, i, status, error);
}

zarrc_status cli_inner_decode(cli_shard *shard, size_t i, const zarrc_dtype *dtype, cli_slab_memory *memory,
                              zarrc_error *error) {
  zarrc_memory_blob blob = {0};
  zarrc_bytes bytes;
  zarrc_status status = cli_inner_read(shard, i, &bytes, error);
  if (!status)
    status = cli_slab_memory_take(memory, shard->ctx, dtype, cli_product(shard->inner_shape, shard->ndim), error);
  if (!status) {
    zarrc_view view = zarrc_view_c(dtype, shard->ndim, shard->inner_shape, memory->data);
    view.arena = memory->arena;
    zarrc_memory_blob_init(&blob, shard->ctx, bytes.ptr, bytes.len);
    blob.present = true;
    status = in_inner(shard, i, zarrc_read(shard->inner, &blob.blob, NULL, &view, NULL, error), error);
    zarrc_memory_blob_clear(&blob);
  }
  zarrc_bytes_release(&bytes);
  return status;
}

/* --------------------------------------------------------------------------------------------------------- sums */

static int by_offset(const void *a, const void *b) {
  const cli_inner *x = a, *y = b;
  return x->offset != y->offset ? (x->offset < y->offset ? -1 : 1) : 0;
}

zarrc_status cli_inner_sum(const cli_shard *shard, cli_inner_sums *out, zarrc_error *error) {
  cli_inner *sorted = malloc((shard->nentries > 0 ? shard->nentries : 1) * sizeof *sorted);
  size_t n = 0;
  *out = (cli_inner_sums){0};
  if (!sorted) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
  for (size_t i = 0; i < shard->nentries; i++) {
    const cli_inner *e = &shard->entries[i];
    out->corrupt += e->corrupt;
    out->missing += !e->present;
    if (!e->present || e->corrupt) continue;
    out->nbytes += e->nbytes;
    sorted[n++] = *e;
  }
  out->present = n;
  qsort(sorted, n, sizeof *sorted, by_offset);
  uint64_t at = shard->index_first ? shard->index_nbytes : 0; /* end of what has been counted */
  for (size_t i = 0; i < n; i++) {
    uint64_t start = sorted[i].offset, end = start + sorted[i].nbytes;
    if (start > at) out->holes += start - at;
    if (start < at) out->overlaps += (end < at ? end : at) - start;
    if (end > at) at = end;
  }
  if (shard->nbytes != ZARRC_UNKNOWN) {
    uint64_t end = shard->nbytes - (shard->index_first ? 0 : shard->index_nbytes);
    if (at < end) out->holes += end - at;
    if (at > end) out->overlaps += at - end;
  }
  free(sorted);
  return ZARRC_OK;
}

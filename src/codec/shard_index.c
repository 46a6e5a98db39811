/* SPDX-License-Identifier: MIT */
/* The index of a shard, and the inner chunks that a region touches. */
#include "base/checked.h"
#include "base/ops.h"
#include "codec/shard.h"
#include "codec/shard_cache.h"

#include <stdio.h>
#include <string.h>

zarrc_status zarrc_shard_check(const zarrc_shard *shard, const zarrc_spec *spec, zarrc_error *error) {
  if (!shard->inner) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the codec has not been evolved");
  bool fits = spec->ndim == shard->ndim && zarrc_dtype_equal(&spec->dtype, &zarrc_pipeline_spec(shard->inner)->dtype);
  for (int i = 0; fits && i < spec->ndim; i++) fits = spec->shape[i] == shard->grid[i] * shard->chunk_shape[i];
  if (fits) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the codec was evolved for chunks of another shape or type");
}

/* ------------------------------------------------------------------------------------------------------- index */

static zarrc_view index_view(const zarrc_shard *shard, zarrc_shard_entry *entries) {
  const zarrc_spec *spec = zarrc_pipeline_spec(shard->index);
  return zarrc_view_c(&spec->dtype, spec->ndim, spec->shape, entries);
}

static zarrc_status index_memory(const zarrc_shard *shard, zarrc_ctx *ctx, zarrc_shard_index *out, zarrc_error *error) {
  size_t nbytes;
  *out = (zarrc_shard_index){.total = ZARRC_UNKNOWN};
  zarrc_status status = zarrc_spec_nbytes(ctx, zarrc_pipeline_spec(shard->index), &nbytes, error);
  if (!status) status = zarrc_scratch_take(ctx, nbytes, &out->memory, error);
  out->entries = (zarrc_shard_entry *)(void *)out->memory.ptr;
  return status;
}

zarrc_status zarrc_shard_index_new(const zarrc_shard *shard, zarrc_ctx *ctx, zarrc_shard_index *out,
                                   zarrc_error *error) {
  zarrc_status status = index_memory(shard, ctx, out, error);
  if (!status) memset(out->entries, 0xFF, (size_t)shard->nchunks * sizeof *out->entries);
  return status;
}

static zarrc_status fetch_index(const zarrc_shard *shard, zarrc_ctx *ctx, zarrc_blob *blob, zarrc_shard_index *out,
                                zarrc_error *error) {
  zarrc_range range = {.nbytes = shard->index_nbytes};
  zarrc_memory_blob encoded;
  *out = (zarrc_shard_index){0};
  if (shard->location == ZARRC_INDEX_END) range.offset = -(int64_t)shard->index_nbytes;
  /* Read before memory for the entries is taken, so that a short shard that claims many chunks costs nothing. */
  zarrc_status status = zarrc_blob_read(blob, &range, 1, error);
  if (status == ZARRC_TRUNCATED) zarrc_error_prefix(error, "the stored shard is too short to hold its index: ");
  if (status) return status;
  status = index_memory(shard, ctx, out, error);
  out->total = range.total;
  if (!status) {
    zarrc_view view = index_view(shard, out->entries);
    zarrc_memory_blob_init(&encoded, ctx, range.got.ptr, range.got.len);
    encoded.present = true;
    status = zarrc_read(shard->index, &encoded.blob, NULL, &view, NULL, error);
    zarrc_memory_blob_clear(&encoded);
    if (status) zarrc_error_prefix(error, "shard index: ");
  }
  zarrc_bytes_release(&range.got);
  if (status) zarrc_shard_index_release(out);
  return status;
}

zarrc_status zarrc_shard_index_read(const zarrc_shard *shard, zarrc_ctx *ctx, zarrc_blob *blob, zarrc_shard_index *out,
                                    zarrc_error *error) {
  zarrc_identity identity;
  bool known = false;
  if (zarrc_shard_cache_is_on(ctx)) {
    zarrc_status status = zarrc_blob_identify(blob, &identity, &known, error);
    if (status) return status;
    if (known && zarrc_shard_cache_find(ctx, shard, &identity, out)) return ZARRC_OK;
  }
  zarrc_status status = fetch_index(shard, ctx, blob, out, error);
  if (!status && known) zarrc_shard_cache_keep(ctx, shard, &identity, out);
  return status;
}

zarrc_status zarrc_shard_index_encode(const zarrc_shard *shard, const zarrc_shard_index *index, zarrc_parts *parts,
                                      zarrc_error *error) {
  zarrc_parts encoded;
  zarrc_bytes joined;
  uint8_t *memory;
  zarrc_view view = index_view(shard, index->entries);
  zarrc_parts_init(&encoded, parts->ctx);
  zarrc_status status = zarrc_encode(shard->index, &view, &encoded, error);
  if (!status) status = zarrc_parts_join(&encoded, &joined, error);
  if (!status && joined.len != shard->index_nbytes)
    status = zarrc_fail(error, ZARRC_INTERNAL, "the index has %zu bytes instead of %llu", joined.len,
                        (unsigned long long)shard->index_nbytes);
  if (!status) status = zarrc_parts_add(parts, joined.len, &memory, error);
  if (!status) memcpy(memory, joined.ptr, joined.len);
  zarrc_parts_clear(&encoded);
  return status;
}

void zarrc_shard_index_release(zarrc_shard_index *index) {
  zarrc_bytes_release(&index->memory);
  index->entries = NULL;
}

void zarrc_shard_chunk_at(const zarrc_shard *shard, uint64_t i, int64_t *at) {
  for (int axis = shard->ndim - 1; axis >= 0; axis--) {
    at[axis] = (int64_t)(i % (uint64_t)shard->grid[axis]);
    i /= (uint64_t)shard->grid[axis];
  }
}

void zarrc_shard_chunk_name(const zarrc_shard *shard, uint64_t i, char *buf, size_t nbytes) {
  int64_t at[ZARRC_MAX_NDIM];
  size_t len = 0;
  zarrc_shard_chunk_at(shard, i, at);
  snprintf(buf, nbytes, "()");
  for (int axis = 0; axis < shard->ndim && len < nbytes; axis++)
    len += (size_t)snprintf(buf + len, nbytes - len, axis ? ",%lld" : "%lld", (long long)at[axis]);
}

zarrc_status zarrc_shard_entry_check(const zarrc_shard *shard, const zarrc_shard_index *index, uint64_t i,
                                     bool *present, zarrc_error *error) {
  const zarrc_shard_entry *e = &index->entries[i];
  uint64_t end;
  char name[112];
  *present = e->offset != ZARRC_SHARD_MISSING;
  if (e->offset == ZARRC_SHARD_MISSING && e->nbytes == ZARRC_SHARD_MISSING) return ZARRC_OK;
  bool half = e->offset == ZARRC_SHARD_MISSING || e->nbytes == ZARRC_SHARD_MISSING;
  if (!half && zarrc_add_u64(e->offset, e->nbytes, &end) && end <= INT64_MAX &&
      (index->total == ZARRC_UNKNOWN || end <= index->total))
    return ZARRC_OK;
  zarrc_shard_chunk_name(shard, i, name, sizeof name);
  if (half)
    zarrc_fail(error, ZARRC_CORRUPT, "only half of its entry in the index says that it is missing");
  else
    zarrc_fail(error, ZARRC_CORRUPT, "index: %llu bytes at byte %llu do not lie in the shard's %llu bytes",
               (unsigned long long)e->nbytes, (unsigned long long)e->offset, (unsigned long long)index->total);
  zarrc_error_in_inner_chunk(error, name, ZARRC_UNKNOWN);
  return ZARRC_CORRUPT;
}

/* ----------------------------------------------------------------------------------------------------- touched */

zarrc_touched zarrc_shard_touched(const zarrc_shard *shard, const zarrc_region *region) {
  zarrc_touched t = {.n = 1};
  for (int i = 0; i < shard->ndim; i++) {
    int64_t edge = shard->chunk_shape[i];
    int64_t last = region->start[i] + (region->count[i] - 1) * region->step[i];
    t.first[i] = region->start[i] / edge;
    t.count[i] = region->count[i] ? last / edge - t.first[i] + 1 : 0;
    t.n *= (uint64_t)t.count[i];
  }
  return t;
}

/* Finds which of the indices start, start + step, ... are in the chunk [low, low + edge). Returns the number of the
 * first of them. */
static int64_t axis_part(int64_t start, int64_t count, int64_t step, int64_t low, int64_t edge, int64_t *part_start,
                         int64_t *part_count) {
  if (step == 1) { /* the usual case, without division */
    int64_t from = low > start ? low : start, to = low + edge < start + count ? low + edge : start + count;
    *part_start = from - low;
    *part_count = to > from ? to - from : 0;
    return from - start;
  }
  int64_t k = low > start ? (low - start - 1) / step + 1 : 0;
  int64_t first = start + k * step;
  *part_start = first - low;
  *part_count = 0;
  if (k < count && first < low + edge) {
    *part_count = (low + edge - first - 1) / step + 1;
    if (*part_count > count - k) *part_count = count - k;
  }
  return k;
}

/* Gets the coordinates of the k-th touched chunk, and returns its number. */
static uint64_t touched_at(const zarrc_shard *shard, const zarrc_touched *touched, uint64_t k, int64_t *chunk) {
  uint64_t i = 0;
  for (int axis = shard->ndim - 1; axis > 0; axis--) {
    uint64_t count = (uint64_t)touched->count[axis], quotient = k / count;
    chunk[axis] = touched->first[axis] + (int64_t)(k - quotient * count);
    k = quotient;
  }
  if (shard->ndim) chunk[0] = touched->first[0] + (int64_t)k;
  for (int axis = 0; axis < shard->ndim; axis++) i = i * (uint64_t)shard->grid[axis] + (uint64_t)chunk[axis];
  return i;
}

uint64_t zarrc_shard_touch_number(const zarrc_shard *shard, const zarrc_touched *touched, uint64_t k,
                                  const zarrc_region *region, bool *empty, bool *whole) {
  int64_t chunk[ZARRC_MAX_NDIM], start, count;
  uint64_t number = touched_at(shard, touched, k, chunk);
  *empty = false;
  *whole = true;
  for (int i = 0; i < shard->ndim; i++) {
    int64_t edge = shard->chunk_shape[i];
    axis_part(region->start[i], region->count[i], region->step[i], chunk[i] * edge, edge, &start, &count);
    if (count == 0) *empty = true;
    if (count != edge) *whole = false;
  }
  return number;
}

void zarrc_shard_touch(const zarrc_shard *shard, const zarrc_touched *touched, uint64_t k, const zarrc_region *region,
                       const zarrc_view *view, zarrc_touch *out) {
  int64_t chunk[ZARRC_MAX_NDIM];
  out->i = touched_at(shard, touched, k, chunk);
  out->empty = false;
  out->whole = true;
  out->view.data = view->data;
  out->view.dtype = view->dtype;
  out->view.ndim = view->ndim;
  out->view.arena = view->arena;
  for (int i = 0; i < shard->ndim; i++) {
    int64_t edge = shard->chunk_shape[i];
    int64_t first = axis_part(region->start[i], region->count[i], region->step[i], chunk[i] * edge, edge,
                              &out->part.start[i], &out->part.count[i]);
    out->part.step[i] = region->step[i];
    out->view.shape[i] = out->part.count[i];
    out->view.stride[i] = view->stride[i];
    out->view.data = (uint8_t *)out->view.data + first * view->stride[i];
    if (out->part.count[i] == 0) out->empty = true;
    if (out->part.count[i] != edge) out->whole = false;
  }
}

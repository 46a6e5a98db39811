/* SPDX-License-Identifier: MIT */
/* Looks at one stored chunk or shard: its size, its index, and with `deep` its elements. */
#include "base/sort.h"
#include "base/text.h"
#include "tools/sizes.h"
#include "tools/sums.h"
#include "tools/verify.h"

#include <string.h>
#include <zarrc/plugin/blob.h>
#include <zarrc/plugin/store.h>

/* Elements of shards are decoded so many bytes at a time. */
#define SLAB_NBYTES ((uint64_t)16 << 20)

static const char rewrite[] = "write the chunk again from its source";
static const char rewrite_inner[] = "write the inner chunk again from its source; the others can still be read";

/* What is known about an object while it is looked at. */
typedef struct look {
  const zarrc_verified *v;
  zarrc_store *from;
  const char *key;
  const int64_t *chunk;
  uint64_t nbytes;
  zarrc_problems *problems;
} look;

/* Returns whether shards are encoded further as a whole, so that they are decoded as other chunks are. */
static bool is_wrapped(zarrc_array *array) {
  const zarrc_pipeline *pipeline = NULL;
  const int64_t first[ZARRC_MAX_NDIM] = {0};
  if (zarrc_array_pipeline(array, first, &pipeline, NULL)) return true; /* there is no chunk */
  const zarrc_codec *last = zarrc_pipeline_codec(pipeline, zarrc_pipeline_ncodecs(pipeline) - 1);
  return zarrc_codec_get_kind(last) == ZARRC_BYTES_TO_BYTES;
}

void zarrc_verified_init(zarrc_verified *v, zarrc_array *array) {
  const zarrc_pipeline *pipeline = NULL;
  const int64_t first[ZARRC_MAX_NDIM] = {0};
  zarrc_chunk_layout l = {.struct_size = sizeof l};
  zarrc_shard_level level = {.struct_size = sizeof level};
  *v = (zarrc_verified){.array = array, .least = 1, .most = UINT64_MAX};
  v->is_sharded = zarrc_array_shard_level(array, 0, &level) && !is_wrapped(array);
  if (v->is_sharded && zarrc_array_ndim(array) > 0) v->inner_edge = level.chunk_shape[0];
  if (zarrc_array_chunk_layout(array, &l, NULL)) return;
  if (!l.regular || l.nobjects == 0 || zarrc_array_pipeline(array, first, &pipeline, NULL)) return;
  uint64_t nbytes = l.object_nbytes == UINT64_MAX ? 0 : l.object_nbytes; /* 0: it varies, or is not known */
  zarrc_encoded_sizes(pipeline, nbytes, ZARRC_SIZE_EXACT, &v->least, &v->most);
  if (v->least == 0) v->least = 1;
}

/* Adds a fault of the object, whose place `why` says as far as it is inside of it. */
static zarrc_status blame(const look *l, zarrc_error *why, zarrc_error *error) {
  zarrc_chunk_text(zarrc_array_ndim(l->v->array), l->chunk, why->chunk, sizeof why->chunk);
  return zarrc_problems_add(l->problems, ZARRC_FAULT, true, why, why->inner_chunk[0] ? rewrite_inner : rewrite, error);
}

/* Adds what a failure says, or returns it if it is not about this object alone. */
static zarrc_status blame_or_fail(const look *l, zarrc_error *why, zarrc_error *error) {
  if (zarrc_problem_is_local(why->code)) return blame(l, why, error);
  if (error) *error = *why;
  return why->code;
}

static zarrc_status note(const look *l, zarrc_error *why, const char *fix, zarrc_error *error) {
  zarrc_chunk_text(zarrc_array_ndim(l->v->array), l->chunk, why->chunk, sizeof why->chunk);
  return zarrc_problems_add(l->problems, ZARRC_NOTE, true, why, fix, error);
}

/* Looks at the size of an object. *possible: it may be whole. */
static zarrc_status check_size(const look *l, bool *possible, zarrc_error *error) {
  const zarrc_verified *v = l->v;
  unsigned long long n = l->nbytes;
  zarrc_error why;
  *possible = l->nbytes == ZARRC_UNKNOWN || (l->nbytes >= v->least && l->nbytes <= v->most);
  if (*possible) return ZARRC_OK;
  if (n == 0)
    zarrc_fail(&why, ZARRC_TRUNCATED, "it is empty");
  else if (v->least == v->most)
    zarrc_fail(&why, n < v->least ? ZARRC_TRUNCATED : ZARRC_SIZE_MISMATCH, "it has %llu bytes, and must have %llu", n,
               (unsigned long long)v->least);
  else
    zarrc_fail(&why, n < v->least ? ZARRC_TRUNCATED : ZARRC_SIZE_MISMATCH, "it has %llu bytes, and must have %s %llu",
               n, n < v->least ? "at least" : "at most", (unsigned long long)(n < v->least ? v->least : v->most));
  return blame(l, &why, error);
}

/* -------------------------------------------------------------------------------------------------------- shards */

/* The inner chunks of a shard. */
typedef struct inside {
  look l;
  zarrc_stored_shard *shard;
  zarrc_stored_shard_info info;
  bool is_damaged; /* entries of the index are wrong */
} inside;

static void set_place(const inside *in, const zarrc_inner_chunk *e, zarrc_error *why) {
  zarrc_chunk_text(in->info.ndim, e->chunk, why->inner_chunk, sizeof why->inner_chunk);
  if (!e->status) why->offset = (int64_t)e->offset;
}

/* Looks at an entry of the index: whether it is possible, and the size of the inner chunk, too. */
static zarrc_status check_entry(inside *in, const zarrc_inner_chunk *e, zarrc_error *error) {
  zarrc_error why;
  zarrc_bytes none;
  unsigned long long n = e->nbytes;
  if (e->status) {
    in->is_damaged = true;
    zarrc_stored_shard_read(in->shard, e->number, &none, &why);
    return blame(&in->l, &why, error);
  }
  if (!e->present || (e->nbytes >= in->info.least_chunk_nbytes && e->nbytes <= in->info.most_chunk_nbytes))
    return ZARRC_OK;
  if (e->nbytes < in->info.least_chunk_nbytes)
    zarrc_fail(&why, ZARRC_TRUNCATED, "the index says %llu bytes, and it must have at least %llu", n,
               (unsigned long long)in->info.least_chunk_nbytes);
  else
    zarrc_fail(&why, ZARRC_SIZE_MISMATCH, "the index says %llu bytes, and it must have %llu", n,
               (unsigned long long)in->info.most_chunk_nbytes);
  in->is_damaged = true;
  set_place(in, e, &why);
  return blame(&in->l, &why, error);
}

static int by_offset(const void *of, uint32_t a, uint32_t b) {
  zarrc_inner_chunk x, y;
  const inside *in = of;
  zarrc_stored_shard_get(in->shard, a, &x);
  zarrc_stored_shard_get(in->shard, b, &y);
  if (x.offset != y.offset) return x.offset < y.offset ? -1 : 1;
  return a < b ? -1 : a > b;
}

static zarrc_status blame_overlap(const inside *in, const zarrc_inner_chunk *e, const zarrc_inner_chunk *with,
                                  zarrc_error *error) {
  zarrc_error why;
  char other[sizeof why.inner_chunk];
  if (with) {
    zarrc_chunk_text(in->info.ndim, with->chunk, other, sizeof other);
    zarrc_fail(&why, ZARRC_CORRUPT, "its %llu bytes at byte %llu are, at least in part, also those of inner chunk %s",
               (unsigned long long)e->nbytes, (unsigned long long)e->offset, other);
  } else {
    zarrc_fail(&why, ZARRC_CORRUPT, "its %llu bytes at byte %llu are in part those of the index",
               (unsigned long long)e->nbytes, (unsigned long long)e->offset);
  }
  set_place(in, e, &why);
  return blame(&in->l, &why, error);
}

/* Adds the inner chunks that share bytes with others, or with the index. order: all of them by offset. */
static zarrc_status tell_overlaps(const inside *in, const uint32_t *order, zarrc_error *error) {
  bool first = in->info.index_location == ZARRC_INDEX_START;
  uint64_t begin = first ? in->info.index_nbytes : 0;
  uint64_t end = first || in->info.nbytes == ZARRC_UNKNOWN ? UINT64_MAX : in->info.nbytes - in->info.index_nbytes;
  zarrc_inner_chunk e, last = {0}; /* last: that which reaches furthest */
  zarrc_status status = ZARRC_OK;
  for (uint64_t i = 0; i < in->info.nchunks && !status; i++) {
    zarrc_stored_shard_get(in->shard, order[i], &e);
    if (!e.present || e.status || e.nbytes == 0) continue;
    if (e.offset < begin || e.offset + e.nbytes > end) status = blame_overlap(in, &e, NULL, error);
    if (!status && last.nbytes > 0 && e.offset < last.offset + last.nbytes) {
      status = blame_overlap(in, &last, &e, error);
      if (!status) status = blame_overlap(in, &e, &last, error);
    }
    if (last.nbytes == 0 || e.offset + e.nbytes > last.offset + last.nbytes) last = e;
  }
  return status;
}

static zarrc_status check_overlaps(const inside *in, zarrc_error *error) {
  zarrc_bytes memory;
  zarrc_ctx *ctx = in->l.problems->ctx;
  if (in->info.overlap_nbytes == 0) return ZARRC_OK;
  zarrc_status status = zarrc_scratch_take(ctx, (size_t)in->info.nchunks * sizeof(uint32_t), &memory, error);
  if (status) return status;
  zarrc_sort((uint32_t *)(void *)memory.ptr, (uint32_t)in->info.nchunks, by_offset, in);
  status = tell_overlaps(in, (const uint32_t *)(const void *)memory.ptr, error);
  zarrc_bytes_release(&memory);
  return status;
}

static zarrc_status check_index(inside *in, zarrc_error *error) {
  zarrc_inner_chunk e;
  zarrc_error why;
  zarrc_status status = ZARRC_OK;
  for (uint64_t i = 0; i < in->info.nchunks && !status; i++) {
    zarrc_stored_shard_get(in->shard, i, &e);
    status = check_entry(in, &e, error);
  }
  if (!status) status = check_overlaps(in, error);
  if (status || in->info.hole_nbytes == 0 || in->info.ncorrupt > 0) return status;
  zarrc_fail(&why, ZARRC_CORRUPT, "%llu bytes of the shard belong to no inner chunk",
             (unsigned long long)in->info.hole_nbytes);
  return note(&in->l, &why, "write the shard again to be rid of them", error);
}

/* ------------------------------------------------------------------------------------------------------ elements */

/* Memory for decoded elements. */
typedef struct elements {
  zarrc_bytes memory;
  zarrc_arena *arena;
} elements;

static zarrc_status take(zarrc_ctx *ctx, const zarrc_dtype *dtype, int ndim, const int64_t *shape, elements *out,
                         zarrc_view *view, zarrc_error *error) {
  uint64_t nbytes = zarrc_times(zarrc_product(shape, ndim), dtype->item_size);
  *out = (elements){0};
  if (nbytes >= SIZE_MAX / 2) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a chunk");
  zarrc_status status = zarrc_scratch_take(ctx, nbytes ? (size_t)nbytes : 1, &out->memory, error);
  if (!status && zarrc_dtype_is_variable(dtype)) status = zarrc_arena_open(ctx, &out->arena, error);
  if (status) return status;
  *view = zarrc_view_c(dtype, ndim, shape, (void *)(uintptr_t)out->memory.ptr);
  view->arena = out->arena;
  return ZARRC_OK;
}

static void give(elements *e) {
  zarrc_arena_close(e->arena);
  zarrc_bytes_release(&e->memory);
}

/* Decodes a region of an object; region NULL: all of it. */
static zarrc_status decode(const look *l, const zarrc_pipeline *pipeline, zarrc_blob *blob, const zarrc_region *region,
                           zarrc_error *error) {
  const zarrc_spec *spec = zarrc_pipeline_spec(pipeline);
  elements e;
  zarrc_view view;
  zarrc_status status =
      take(l->problems->ctx, &spec->dtype, spec->ndim, region ? region->count : spec->shape, &e, &view, error);
  if (!status) status = zarrc_read(pipeline, blob, region, &view, NULL, error);
  give(&e);
  return status;
}

/* Decodes each inner chunk by itself, and adds those that are damaged. Impossible entries have been added before. */
static zarrc_status decode_inner(const inside *in, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  zarrc_inner_chunk e;
  for (uint64_t i = 0; i < in->info.nchunks && !status; i++) {
    zarrc_error why = {0};
    elements memory;
    zarrc_view view;
    zarrc_stored_shard_get(in->shard, i, &e);
    if (!e.present || e.status) continue;
    if (e.nbytes < in->info.least_chunk_nbytes || e.nbytes > in->info.most_chunk_nbytes) continue;
    status = zarrc_ctx_check_canceled(in->l.problems->ctx, error);
    if (!status)
      status = take(in->l.problems->ctx, in->info.dtype, in->info.ndim, in->info.chunk_shape, &memory, &view, error);
    if (status) break;
    if (zarrc_stored_shard_decode(in->shard, i, &view, &why)) status = blame_or_fail(&in->l, &why, error);
    give(&memory);
  }
  return status;
}

/* Decodes a shard in slabs of whole inner chunks along the first axis. */
static zarrc_status decode_slabs(const inside *in, const zarrc_pipeline *pipeline, zarrc_blob *blob,
                                 zarrc_error *error) {
  const zarrc_spec *spec = zarrc_pipeline_spec(pipeline);
  zarrc_region region = {0};
  zarrc_status status = ZARRC_OK;
  if (spec->ndim == 0) return decode(&in->l, pipeline, blob, NULL, error);
  for (int i = 0; i < spec->ndim; i++) {
    region.count[i] = spec->shape[i];
    region.step[i] = 1;
  }
  int64_t edge = in->l.v->inner_edge;
  region.count[0] = edge;
  uint64_t row = zarrc_times(zarrc_product(region.count, spec->ndim), spec->dtype.item_size);
  int64_t step = row == 0 || row >= SLAB_NBYTES ? edge : (int64_t)(SLAB_NBYTES / row) * edge;
  for (int64_t at = 0; at < spec->shape[0] && !status; at += step) {
    region.start[0] = at;
    region.count[0] = spec->shape[0] - at < step ? spec->shape[0] - at : step;
    status = decode(&in->l, pipeline, blob, &region, error);
  }
  return status;
}

/* Decodes all of an object. in: its index; NULL: it is no shard. */
static zarrc_status check_elements(const look *l, const inside *in, zarrc_error *error) {
  const zarrc_pipeline *pipeline;
  zarrc_key_blob blob = {0};
  zarrc_error why = {0};
  if (in && in->is_damaged) return decode_inner(in, error);
  zarrc_status status = zarrc_array_pipeline(l->v->array, l->chunk, &pipeline, &why);
  if (!status) status = zarrc_key_blob_open(&blob, l->from, l->key, &why);
  if (!status) status = in ? decode_slabs(in, pipeline, blob.blob, &why) : decode(l, pipeline, blob.blob, NULL, &why);
  zarrc_key_blob_close(&blob);
  if (!status) return ZARRC_OK;
  size_t before = l->problems->n;
  if (in && zarrc_problem_is_local(status)) { /* which inner chunks? */
    status = decode_inner(in, error);
    if (status || l->problems->n > before) return status;
  }
  return blame_or_fail(l, &why, error);
}

/* ----------------------------------------------------------------------------------------------------------- all */

static zarrc_status check_shard(const look *l, bool deep, uint64_t *ninner, zarrc_error *error) {
  inside in = {.l = *l, .info.struct_size = sizeof in.info};
  zarrc_error why = {0};
  zarrc_status status = zarrc_stored_shard_open(l->v->array, l->from, l->key, l->chunk, &in.shard, &why);
  if (status) return blame_or_fail(l, &why, error);
  status = zarrc_stored_shard_describe(in.shard, &in.info, error);
  if (!status) status = check_index(&in, error);
  if (!status && deep) status = check_elements(l, &in, error);
  *ninner = in.info.nchunks;
  zarrc_stored_shard_close(in.shard);
  return status;
}

zarrc_status zarrc_verify_object(const zarrc_verified *v, zarrc_store *from, const char *key, const int64_t *chunk,
                                 uint64_t nbytes, bool deep, zarrc_problems *problems, uint64_t *ninner,
                                 zarrc_error *error) {
  const look l = {v, from, key, chunk, nbytes, problems};
  bool possible;
  *ninner = 0;
  zarrc_status status = check_size(&l, &possible, error);
  if (status || !possible) return status;
  if (v->is_sharded) return check_shard(&l, deep, ninner, error);
  return deep ? check_elements(&l, NULL, error) : ZARRC_OK;
}

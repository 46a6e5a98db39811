/* SPDX-License-Identifier: MIT */
/*
 * Writing a shard: the touched inner chunks are encoded anew, in parallel; the others keep their encoded bytes. The
 * new shard is laid out densely, and is a list of pieces that are never joined here.
 */
#include "base/checked.h"
#include "codec/shard.h"
#include "codec/shard_order.h"

#include <string.h>

typedef struct writing {
  const zarrc_shard *shard;
  zarrc_ctx *ctx;
  zarrc_blob *old; /* NULL: none, or nothing of it is kept */
  const zarrc_region *region;
  const zarrc_view *from;
  const zarrc_change *change; /* NULL: `from` is what is written; else it has no elements */
  zarrc_touched touched;
  zarrc_shard_index index;  /* of the old shard */
  zarrc_shard_index layout; /* of the new one */
  zarrc_parts *encoded;     /* of each touched inner chunk; ctx NULL: not touched after all */
  uint8_t *slots;           /* of slot_nbytes for each touched inner chunk, where its size is known before */
  size_t slot_nbytes;
} writing;

/* Whether the region selects all of every inner chunk of the shard. */
static bool covers_all(const zarrc_shard *shard, const zarrc_region *region) {
  for (int i = 0; i < shard->ndim; i++)
    if (region->count[i] != shard->grid[i] * shard->chunk_shape[i]) return false;
  return true;
}

/* A change of the shard as an inner chunk sees it. */
typedef struct inner_change {
  const zarrc_change *outer;
  int ndim;
  int64_t origin[ZARRC_MAX_NDIM]; /* of the inner chunk */
} inner_change;

static void part_move(const inner_change *c, const zarrc_region *part, zarrc_region *moved) {
  *moved = *part;
  for (int i = 0; i < c->ndim; i++) moved->start[i] += c->origin[i];
}

static bool inner_touches(void *arg, const zarrc_region *part) {
  const inner_change *c = arg;
  zarrc_region moved;
  part_move(c, part, &moved);
  return !c->outer->touches || c->outer->touches(c->outer->arg, &moved);
}

static zarrc_status inner_apply(void *arg, const zarrc_region *part, const zarrc_view *view, zarrc_error *error) {
  const inner_change *c = arg;
  zarrc_region moved;
  part_move(c, part, &moved);
  return c->outer->apply(c->outer->arg, &moved, view, error);
}

static void inner_change_init(const writing *w, uint64_t i, inner_change *out) {
  out->outer = w->change;
  out->ndim = w->shard->ndim;
  for (int k = out->ndim - 1; k >= 0; k--) {
    out->origin[k] = (int64_t)(i % (uint64_t)w->shard->grid[k]) * w->shard->chunk_shape[k];
    i /= (uint64_t)w->shard->grid[k];
  }
}

static zarrc_status inner_write(void *arg, size_t k, zarrc_error *error) {
  writing *w = arg;
  zarrc_parts *parts = &w->encoded[k];
  zarrc_range_blob range;
  zarrc_blob *old = NULL;
  zarrc_touch touch;
  inner_change inner;
  const zarrc_change change = {inner_touches, inner_apply, &inner};
  bool present = false;
  zarrc_status status = ZARRC_OK;
  zarrc_shard_touch(w->shard, &w->touched, k, w->region, w->from, &touch);
  if (touch.empty) return ZARRC_OK;
  if (w->change) {
    inner_change_init(w, touch.i, &inner);
    if (!inner_touches(&inner, &touch.part)) return ZARRC_OK;
  }
  zarrc_parts_init(parts, w->ctx);
  if (w->slots) {
    parts->into = w->slots + k * w->slot_nbytes;
    parts->into_nbytes = w->slot_nbytes;
  }
  if (w->old && (w->change || !touch.whole))
    status = zarrc_shard_entry_check(w->shard, &w->index, touch.i, &present, error);
  if (present && !status) {
    const zarrc_shard_entry *e = &w->index.entries[touch.i];
    zarrc_range_blob_init(&range, w->old, e->offset, e->nbytes);
    old = &range.blob;
  }
  if (!status)
    status = w->change
                 ? zarrc_modify_value(w->shard->inner, old, &touch.part, &change, parts, error)
                 : zarrc_update(w->shard->inner, old, touch.whole ? NULL : &touch.part, &touch.view, parts, error);
  if (status) {
    char name[112];
    zarrc_shard_chunk_name(w->shard, touch.i, name, sizeof name);
    zarrc_error_in_chunk(error, name, present ? w->index.entries[touch.i].offset : 0);
  }
  return status;
}

/* The pieces of inner chunk i if it was touched, else NULL. */
static zarrc_parts *touched_parts(const writing *w, uint64_t i) {
  const zarrc_shard *shard = w->shard;
  uint64_t k = 0, stride = 1;
  for (int axis = shard->ndim - 1; axis >= 0; axis--) {
    int64_t at = (int64_t)(i % (uint64_t)shard->grid[axis]) - w->touched.first[axis];
    if (at < 0 || at >= w->touched.count[axis]) return NULL;
    k += (uint64_t)at * stride;
    stride *= (uint64_t)w->touched.count[axis];
    i /= (uint64_t)shard->grid[axis];
  }
  return w->encoded[k].ctx ? &w->encoded[k] : NULL;
}

/* Decides where each inner chunk goes. *nkept: runs of bytes of the old shard that are kept. */
static zarrc_status layout_make(writing *w, zarrc_subchunk_order order, size_t *nkept, bool *nothing,
                                zarrc_error *error) {
  zarrc_shard_walk walk;
  uint64_t i, at = w->shard->location == ZARRC_INDEX_START ? w->shard->index_nbytes : 0, old_end = UINT64_MAX;
  zarrc_status status = zarrc_shard_walk_init(&walk, order, w->shard->ndim, w->shard->grid, error);
  *nkept = 0;
  *nothing = true;
  while (!status && zarrc_shard_walk_next(&walk, &i)) {
    const zarrc_parts *parts = touched_parts(w, i);
    uint64_t nbytes = parts ? parts->nbytes : 0;
    bool present = nbytes > 0;
    if (!parts && w->old) {
      status = zarrc_shard_entry_check(w->shard, &w->index, i, &present, error);
      if (status || !present) continue;
      const zarrc_shard_entry *e = &w->index.entries[i];
      nbytes = e->nbytes;
      if (e->offset != old_end) ++*nkept;
      old_end = e->offset + nbytes;
    } else if (present) {
      old_end = UINT64_MAX;
    }
    if (!present) continue;
    *nothing = false;
    w->layout.entries[i] = (zarrc_shard_entry){at, nbytes};
    if (!zarrc_add_u64(at, nbytes, &at) || at > INT64_MAX)
      status = zarrc_fail(error, ZARRC_LIMIT, "the shard becomes longer than 2^63 bytes");
  }
  return status;
}

/* Lends the kept runs of the old shard, in the order of the new one. */
static zarrc_status kept_read(const writing *w, zarrc_subchunk_order order, zarrc_range *kept, size_t nkept,
                              zarrc_error *error) {
  zarrc_shard_walk walk;
  uint64_t i, old_end = UINT64_MAX;
  size_t n = 0;
  zarrc_status status = zarrc_shard_walk_init(&walk, order, w->shard->ndim, w->shard->grid, error);
  while (!status && zarrc_shard_walk_next(&walk, &i)) {
    if (touched_parts(w, i)) {
      if (w->layout.entries[i].offset != ZARRC_SHARD_MISSING) old_end = UINT64_MAX;
      continue;
    }
    const zarrc_shard_entry *e = &w->index.entries[i];
    if (e->offset == ZARRC_SHARD_MISSING) continue;
    if (e->offset != old_end) kept[n++] = (zarrc_range){.offset = (int64_t)e->offset};
    kept[n - 1].nbytes += e->nbytes;
    old_end = e->offset + e->nbytes;
  }
  return status ? status : zarrc_blob_read(w->old, kept, nkept, error);
}

/* Puts the pieces together in the new order. */
static zarrc_status pieces_push(writing *w, zarrc_subchunk_order order, zarrc_range *kept, zarrc_parts *out,
                                zarrc_error *error) {
  zarrc_shard_walk walk;
  uint64_t i, old_end = UINT64_MAX;
  zarrc_status status = zarrc_shard_walk_init(&walk, order, w->shard->ndim, w->shard->grid, error);
  while (!status && zarrc_shard_walk_next(&walk, &i)) {
    zarrc_parts *parts = touched_parts(w, i);
    if (w->layout.entries[i].offset == ZARRC_SHARD_MISSING) continue;
    for (size_t k = 0; parts && k < parts->nitems && !status; k++) {
      zarrc_bytes piece = parts->items[k];
      parts->items[k] = (zarrc_bytes){0};
      status = zarrc_parts_push(out, piece, error);
    }
    if (parts) {
      old_end = UINT64_MAX;
      continue;
    }
    const zarrc_shard_entry *e = &w->index.entries[i];
    if (e->offset != old_end) {
      zarrc_bytes piece = kept->got;
      kept++->got = (zarrc_bytes){0};
      status = zarrc_parts_push(out, piece, error);
    }
    old_end = e->offset + e->nbytes;
  }
  return status;
}

static zarrc_status shard_assemble(writing *w, zarrc_subchunk_order order, zarrc_parts *out, zarrc_error *error) {
  size_t nkept;
  bool nothing;
  zarrc_bytes kept_memory = {0};
  zarrc_status status = zarrc_shard_index_new(w->shard, w->ctx, &w->layout, error);
  if (!status) status = layout_make(w, order, &nkept, &nothing, error);
  if (status || nothing) return status;
  status = zarrc_scratch_take(w->ctx, (nkept + 1) * sizeof(zarrc_range), &kept_memory, error);
  if (status) return status;
  zarrc_range *kept = (zarrc_range *)(void *)kept_memory.ptr;
  memset(kept, 0, (nkept + 1) * sizeof *kept);
  if (nkept) status = kept_read(w, order, kept, nkept, error);
  if (!status && w->shard->location == ZARRC_INDEX_START)
    status = zarrc_shard_index_encode(w->shard, &w->layout, out, error);
  if (!status) status = pieces_push(w, order, kept, out, error);
  if (!status && w->shard->location == ZARRC_INDEX_END)
    status = zarrc_shard_index_encode(w->shard, &w->layout, out, error);
  zarrc_ranges_release(kept, nkept);
  zarrc_bytes_release(&kept_memory);
  return status;
}

static zarrc_status shard_write(const zarrc_codec *codec, const zarrc_spec *spec, zarrc_blob *old,
                                const zarrc_region *region, const zarrc_view *from, const zarrc_change *change,
                                zarrc_parts *parts, zarrc_error *error) {
  const zarrc_shard *shard = zarrc_codec_instance(codec);
  zarrc_subchunk_order order = spec->options.subchunk_order;
  zarrc_status status = zarrc_shard_check(shard, spec, error);
  if (status) return status;
  writing w = {.shard = shard,
               .ctx = zarrc_codec_ctx(codec),
               .region = region,
               .from = from,
               .change = change,
               .touched = zarrc_shard_touched(shard, region)};
  zarrc_bytes encoded = {0}, slots = {0};
  if (old && (change || !covers_all(shard, region))) {
    status = zarrc_shard_index_read(shard, w.ctx, old, &w.index, error);
    if (!status) w.old = old;
    if (status == ZARRC_NOT_FOUND) status = ZARRC_OK;
  }
  size_t n = (size_t)w.touched.n, nbytes;
  if (!status && !zarrc_mul_size(n, sizeof(zarrc_parts), &nbytes))
    status = zarrc_fail(error, ZARRC_LIMIT, "too many inner chunks are written at once");
  if (!status) status = zarrc_scratch_take(w.ctx, nbytes + 1, &encoded, error);
  if (status) goto done;
  memset((void *)encoded.ptr, 0, nbytes);
  w.encoded = (zarrc_parts *)(void *)encoded.ptr;
  const zarrc_spec *inner = zarrc_pipeline_spec(shard->inner);
  zarrc_size size =
      zarrc_pipeline_encoded_size(shard->inner, (uint64_t)zarrc_spec_nitems(inner) * inner->dtype.item_size);
  if (!change && size.kind == ZARRC_SIZE_EXACT && n > 1 && zarrc_mul_size(n, (size_t)size.nbytes, &nbytes)) {
    status = zarrc_scratch_take(w.ctx, nbytes, &slots, error);
    if (status) goto done;
    w.slots = (uint8_t *)slots.ptr;
    w.slot_nbytes = (size_t)size.nbytes;
  }
  status = zarrc_for_each(w.ctx, n, inner_write, &w, error);
  if (!status) status = shard_assemble(&w, order, parts, error);
  /* Pieces that lie in slots live as long as the shard's pieces do. */
  if (!status && slots.ptr && parts->nitems) {
    zarrc_bytes keeper = slots;
    slots = (zarrc_bytes){0};
    keeper.len = 0;
    status = zarrc_parts_push(parts, keeper, error);
  }
done:
  for (size_t k = 0; w.encoded && k < n; k++)
    if (w.encoded[k].ctx) zarrc_parts_clear(&w.encoded[k]);
  zarrc_bytes_release(&slots);
  zarrc_bytes_release(&encoded);
  zarrc_shard_index_release(&w.layout);
  zarrc_shard_index_release(&w.index);
  return status;
}

zarrc_status zarrc_shard_update(const zarrc_codec *codec, const zarrc_spec *spec, zarrc_blob *old,
                                const zarrc_region *region, const zarrc_view *from, zarrc_parts *parts,
                                zarrc_error *error) {
  return shard_write(codec, spec, old, region, from, NULL, parts, error);
}

zarrc_status zarrc_shard_modify(const zarrc_codec *codec, const zarrc_spec *spec, zarrc_blob *old,
                                const zarrc_region *region, const zarrc_change *change, zarrc_parts *parts,
                                zarrc_error *error) {
  uint8_t nothing = 0;
  const zarrc_view nowhere = {.data = &nothing, .dtype = spec->dtype, .ndim = spec->ndim};
  return shard_write(codec, spec, old, region, &nowhere, change, parts, error);
}

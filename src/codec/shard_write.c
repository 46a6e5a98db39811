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
  size_t *places; /* of the slots, where all inner chunks are touched: in the order of the new shard */
  bool keeps;     /* of the parts that the shard becomes */
} writing;

/* In the new index an inner chunk that was touched has, until it gets its place, its number among the touched ones as
 * offset and this as nbytes. */
#define TOUCHED (UINT64_MAX - 1)

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
  parts->keeps = w->keeps;
  w->layout.entries[touch.i] = (zarrc_shard_entry){k, TOUCHED};
  if (w->slots) {
    parts->into = w->slots + (w->places ? w->places[touch.i] : k) * w->slot_nbytes;
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

/* ------------------------------------------------------------------------------------------------ the new shard */

/* The new shard, as far as it is made. */
typedef struct assembly {
  writing *w;
  zarrc_parts *out;
  uint64_t at, most;     /* bytes so far, and the most that kept bytes may make of it */
  zarrc_shard_entry run; /* kept bytes of the old shard that lie side by side and are no piece yet */
  zarrc_buf ranges;      /* of the old shard that have to be read (zarrc_range), */
  zarrc_buf places;      /* and the number of the piece that each becomes (size_t) */
} assembly;

static zarrc_status piece_push(zarrc_parts *out, zarrc_bytes piece, zarrc_error *error) {
  zarrc_bytes *last = out->nitems ? &out->items[out->nitems - 1] : NULL;
  bool joins = last && last->ptr && piece.ptr && !last->release && !piece.release;
  if (joins && last->ptr + last->len == piece.ptr) { /* neighbours in memory, as slots are */
    last->len += piece.len;
    out->nbytes += piece.len;
    return ZARRC_OK;
  }
  return zarrc_parts_push(out, piece, error);
}

/* Makes a piece of the run: the store's to move, or to be read when all such runs are known. */
static zarrc_status run_end(assembly *a, zarrc_error *error) {
  zarrc_bytes piece = {.len = (size_t)a->run.nbytes};
  zarrc_range range = {.offset = (int64_t)a->run.offset, .nbytes = a->run.nbytes};
  zarrc_status status = ZARRC_OK;
  if (!a->run.nbytes) return ZARRC_OK;
  if (!a->out->keeps || !zarrc_blob_keep(a->w->old, a->run.offset, a->run.nbytes, &piece)) {
    status = zarrc_buf_append(&a->ranges, &range, sizeof range, error);
    if (!status) status = zarrc_buf_append(&a->places, &a->out->nitems, sizeof a->out->nitems, error);
  }
  a->run.nbytes = 0;
  return status ? status : zarrc_parts_push(a->out, piece, error);
}

static zarrc_status kept_add(assembly *a, const zarrc_shard_entry *e, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  if (!a->run.nbytes || a->run.offset + a->run.nbytes != e->offset) {
    status = run_end(a, error);
    a->run.offset = e->offset;
  }
  a->run.nbytes += e->nbytes;
  return status;
}

static zarrc_status encoded_add(assembly *a, zarrc_parts *parts, zarrc_error *error) {
  zarrc_status status = run_end(a, error);
  for (size_t k = 0; k < parts->nitems && !status; k++) {
    zarrc_bytes piece = parts->items[k];
    parts->items[k] = (zarrc_bytes){0};
    status = piece_push(a->out, piece, error);
  }
  return status;
}

/* Puts inner chunk i behind what there is of the new shard. */
static zarrc_status chunk_add(assembly *a, uint64_t i, zarrc_error *error) {
  writing *w = a->w;
  zarrc_shard_entry *e = &w->layout.entries[i];
  zarrc_parts *parts = e->nbytes == TOUCHED ? &w->encoded[e->offset] : NULL;
  uint64_t nbytes = parts ? parts->nbytes : 0;
  bool present = nbytes > 0;
  zarrc_status status = ZARRC_OK;
  *e = (zarrc_shard_entry){ZARRC_SHARD_MISSING, ZARRC_SHARD_MISSING};
  if (!parts && w->old) {
    status = zarrc_shard_entry_check(w->shard, &w->index, i, &present, error);
    if (!status && present) nbytes = w->index.entries[i].nbytes;
  }
  if (status || !present) return status;
  *e = (zarrc_shard_entry){a->at, nbytes};
  if (!zarrc_add_u64(a->at, nbytes, &a->at) || a->at > INT64_MAX)
    return zarrc_fail(error, ZARRC_LIMIT, "the shard becomes longer than 2^63 bytes");
  if (parts) return encoded_add(a, parts, error);
  if (a->at > a->most)
    return zarrc_fail(error, ZARRC_LIMIT, "the shard's inner chunks share bytes: apart they would be more than %llu",
                      (unsigned long long)a->most);
  return kept_add(a, &w->index.entries[i], error);
}

/* Reads what nobody else moves, all at once. */
static zarrc_status runs_read(assembly *a, zarrc_error *error) {
  zarrc_range *ranges = (zarrc_range *)(void *)a->ranges.ptr;
  size_t n = a->ranges.len / sizeof *ranges;
  if (!n) return ZARRC_OK;
  zarrc_status status = zarrc_blob_read(a->w->old, ranges, n, error);
  for (size_t k = 0; k < n && !status; k++) {
    size_t place;
    memcpy(&place, a->places.ptr + k * sizeof place, sizeof place);
    a->out->items[place] = ranges[k].got;
  }
  return status;
}

static zarrc_status index_add(assembly *a, zarrc_error *error) {
  zarrc_parts *out = a->out;
  zarrc_status status = zarrc_shard_index_encode(a->w->shard, &a->w->layout, out, error);
  if (status || a->w->shard->location == ZARRC_INDEX_END) return status;
  zarrc_bytes index = out->items[out->nitems - 1];
  memmove(out->items + 1, out->items, (out->nitems - 1) * sizeof *out->items);
  out->items[0] = index;
  return ZARRC_OK;
}

/* Ranges of the old shard may overlap: a small one must not grow into any amount of memory. */
static uint64_t most_kept(const writing *w) {
  uint64_t most = zarrc_ctx_get_options(w->ctx)->max_chunk_bytes;
  if (w->old && w->index.total != ZARRC_UNKNOWN && w->index.total > most / 4)
    most = w->index.total > UINT64_MAX / 4 ? UINT64_MAX : 4 * w->index.total;
  return most;
}

/* Lays the inner chunks out and makes the pieces of the new shard; none where no inner chunk is left. */
static zarrc_status shard_assemble(writing *w, zarrc_subchunk_order order, zarrc_parts *out, zarrc_error *error) {
  zarrc_shard_walk walk;
  uint64_t i;
  bool leads = w->shard->location == ZARRC_INDEX_START, nothing = true;
  assembly a = {.w = w,
                .out = out,
                .at = leads ? w->shard->index_nbytes : 0,
                .most = most_kept(w),
                .ranges = zarrc_buf_new(w->ctx, SIZE_MAX / 2),
                .places = zarrc_buf_new(w->ctx, SIZE_MAX / 2)};
  zarrc_status status = zarrc_shard_walk_init(&walk, order, w->shard->ndim, w->shard->grid, error);
  while (!status && zarrc_shard_walk_next(&walk, &i)) {
    status = chunk_add(&a, i, error);
    nothing = nothing && w->layout.entries[i].offset == ZARRC_SHARD_MISSING;
  }
  if (!status && !nothing) {
    status = run_end(&a, error);
    if (!status) status = runs_read(&a, error);
    if (!status) status = index_add(&a, error);
  }
  zarrc_buf_clear(&a.ranges);
  zarrc_buf_clear(&a.places);
  return status;
}

/* ---------------------------------------------------------------------------------------------------- the writing */

/* Memory for inner chunks whose encoded size is known: each is made where it lies in the new shard, if all are made,
 * so that the shard is one piece. */
static zarrc_status slots_take(writing *w, zarrc_subchunk_order order, zarrc_bytes *slots, zarrc_bytes *places,
                               zarrc_error *error) {
  const zarrc_pipeline *inner = w->shard->inner;
  const zarrc_spec *spec = zarrc_pipeline_spec(inner);
  zarrc_size size = zarrc_pipeline_encoded_size(inner, (uint64_t)zarrc_spec_nitems(spec) * spec->dtype.item_size);
  size_t n = (size_t)w->touched.n, nbytes;
  zarrc_shard_walk walk;
  uint64_t i;
  if (w->change || size.kind != ZARRC_SIZE_EXACT || n < 2 || !zarrc_mul_size(n, (size_t)size.nbytes, &nbytes))
    return ZARRC_OK;
  zarrc_status status = zarrc_scratch_take(w->ctx, nbytes, slots, error);
  if (!status && n == w->shard->nchunks) {
    status = zarrc_scratch_take(w->ctx, n * sizeof *w->places, places, error);
    if (!status) status = zarrc_shard_walk_init(&walk, order, w->shard->ndim, w->shard->grid, error);
    if (status) return status;
    w->places = (size_t *)(void *)places->ptr;
    for (size_t place = 0; zarrc_shard_walk_next(&walk, &i); place++) w->places[i] = place;
  }
  w->slots = (uint8_t *)slots->ptr;
  w->slot_nbytes = (size_t)size.nbytes;
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
               .touched = zarrc_shard_touched(shard, region),
               .keeps = parts->keeps};
  zarrc_bytes encoded = {0}, slots = {0}, places = {0};
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
  status = slots_take(&w, order, &slots, &places, error);
  if (!status) status = zarrc_shard_index_new(shard, w.ctx, &w.layout, error);
  if (!status) status = zarrc_for_each(w.ctx, n, inner_write, &w, error);
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
  zarrc_bytes_release(&places);
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

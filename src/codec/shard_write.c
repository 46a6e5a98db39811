/* SPDX-License-Identifier: MIT */
/*
 * Writing a shard: the touched inner chunks are encoded anew, in parallel; the others keep their encoded bytes. The
 * new shard is laid out densely, and is a list of pieces that are never joined here.
 */
#include "base/checked.h"
#include "codec/shard.h"
#include "codec/shard_order.h"

#include <string.h>
#include <zarrc/plugin/codec.h>

/* A batch stays in the caches near the cores, but keeps each thread busy for a while. It is no more than this part of
 * the memory that the context may hold. */
#define BATCH_OF_THE_LIMIT 16

typedef struct writing {
  const zarrc_shard *shard;
  zarrc_ctx *ctx;
  zarrc_blob *old;     /* NULL: none, or nothing of it is kept */
  zarrc_region region; /* that is written, */
  zarrc_region box;    /* and the part of it that `from` has: all, or of a change what was fetched */
  zarrc_view from;
  const zarrc_change *change; /* NULL: `from` is what is written; else it has no elements but what was fetched */
  zarrc_bytes fetched;        /* memory of that */
  zarrc_touched touched;
  zarrc_shard_index index;  /* of the old shard */
  zarrc_shard_index layout; /* of the new one */
  bool keeps;               /* of the parts that the shard becomes */
  zarrc_bytes itself;       /* the memory of this, where it outlives the call */

  zarrc_shard_walk walk; /* over the inner chunks, in the order of the new shard: where the next batch begins */
  bool ended;            /* the index has been made */
  bool nothing;          /* no inner chunk so far */
  uint64_t at, most;     /* bytes so far, and the most that kept bytes may make of it */

  zarrc_bytes memory; /* of what follows */
  size_t batch;       /* inner chunks that are encoded at once, at the most */
  size_t n;           /* and how many they are */
  uint64_t *numbers;  /* of each, among the touched ones */
  zarrc_parts *encoded;
  zarrc_bytes slots; /* of slot_nbytes for each, where its size is known before */
  size_t slot_nbytes;
} writing;

/* In the new index an inner chunk that was touched has, until it gets its place, its number in the batch as offset and
 * this as nbytes. */
#define TOUCHED (UINT64_MAX - 1)

/* Whether the region selects all of every inner chunk of the shard. */
static bool covers_all(const zarrc_shard *shard, const zarrc_region *region) {
  for (int i = 0; i < shard->ndim; i++)
    if (region->count[i] != shard->grid[i] * shard->chunk_shape[i]) return false;
  return true;
}

/* Whether there is a change that is made inner chunk by inner chunk. */
static bool applies(const writing *w) {
  return w->change && !w->change->fetch;
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
  const zarrc_change change = {.touches = inner_touches, .apply = inner_apply, .arg = &inner};
  bool present = false;
  zarrc_status status = ZARRC_OK;
  if (parts->ctx) zarrc_parts_clear(parts); /* of a call that failed */
  zarrc_shard_touch(w->shard, &w->touched, w->numbers[k], &w->box, &w->from, &touch);
  if (touch.empty) return ZARRC_OK;
  if (applies(w)) {
    inner_change_init(w, touch.i, &inner);
    if (!inner_touches(&inner, &touch.part)) return ZARRC_OK;
  }
  zarrc_parts_init(parts, w->ctx);
  parts->keeps = w->keeps;
  w->layout.entries[touch.i] = (zarrc_shard_entry){k, TOUCHED};
  if (w->slot_nbytes) {
    parts->into = (uint8_t *)w->slots.ptr + k * w->slot_nbytes;
    parts->into_nbytes = w->slot_nbytes;
  }
  if (w->old && (applies(w) || !touch.whole))
    status = zarrc_shard_entry_check(w->shard, &w->index, touch.i, &present, error);
  if (present && !status) {
    const zarrc_shard_entry *e = &w->index.entries[touch.i];
    zarrc_range_blob_init(&range, w->old, e->offset, e->nbytes);
    old = &range.blob;
  }
  if (!status)
    status = applies(w)
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

/* The pieces of a batch. */
typedef struct assembly {
  writing *w;
  zarrc_parts *out;
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
  *e = (zarrc_shard_entry){w->at, nbytes};
  if (!zarrc_add_u64(w->at, nbytes, &w->at) || w->at > INT64_MAX)
    return zarrc_fail(error, ZARRC_LIMIT, "the shard becomes longer than 2^63 bytes");
  if (parts) return encoded_add(a, parts, error);
  if (w->at > w->most)
    return zarrc_fail(error, ZARRC_LIMIT, "the shard's inner chunks share bytes: apart they would be more than %llu",
                      (unsigned long long)w->most);
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

/* Lays out the next nwalked inner chunks; behind the last one comes the index, unless no inner chunk is left. */
static zarrc_status batch_assemble(writing *w, uint64_t nwalked, bool last, zarrc_parts *out, zarrc_error *error) {
  uint64_t i;
  assembly a = {
      .w = w, .out = out, .ranges = zarrc_buf_new(w->ctx, SIZE_MAX / 2), .places = zarrc_buf_new(w->ctx, SIZE_MAX / 2)};
  zarrc_status status = ZARRC_OK;
  for (; nwalked > 0 && !status && zarrc_shard_walk_next(&w->walk, &i); nwalked--) {
    status = chunk_add(&a, i, error);
    w->nothing = w->nothing && w->layout.entries[i].offset == ZARRC_SHARD_MISSING;
  }
  if (!status) status = run_end(&a, error);
  if (!status) status = runs_read(&a, error);
  if (!status && last && !w->nothing) status = index_add(&a, error);
  zarrc_buf_clear(&a.ranges);
  zarrc_buf_clear(&a.places);
  return status;
}

/* ---------------------------------------------------------------------------------------------------- the writing */

/* Whether the region touches inner chunk i, and the number of i among those that it touches. */
static bool is_touched(const writing *w, uint64_t i, uint64_t *k) {
  const zarrc_shard *shard = w->shard;
  uint64_t stride = 1;
  *k = i;
  if (w->touched.n == shard->nchunks) return true;
  *k = 0;
  for (int axis = shard->ndim - 1; axis >= 0; axis--) {
    int64_t at = (int64_t)(i % (uint64_t)shard->grid[axis]) - w->touched.first[axis];
    if (at < 0 || at >= w->touched.count[axis]) return false;
    *k += (uint64_t)at * stride;
    stride *= (uint64_t)w->touched.count[axis];
    i /= (uint64_t)shard->grid[axis];
  }
  return true;
}

/* A box of inner chunks. */
typedef struct bounds {
  int64_t low[ZARRC_MAX_NDIM], high[ZARRC_MAX_NDIM];
  bool any;
} bounds;

/* Takes inner chunk i in, unless the box would then hold more than so many. */
static bool bounds_add(bounds *b, const zarrc_shard *shard, uint64_t i, uint64_t most) {
  int64_t at[ZARRC_MAX_NDIM];
  bounds grown = *b;
  uint64_t n = 1;
  zarrc_shard_chunk_at(shard, i, at);
  for (int k = 0; k < shard->ndim; k++) {
    if (!b->any || at[k] < grown.low[k]) grown.low[k] = at[k];
    if (!b->any || at[k] > grown.high[k]) grown.high[k] = at[k];
    n *= (uint64_t)(grown.high[k] - grown.low[k] + 1); /* no more than there are in the shard */
  }
  if (b->any && n > most) return false;
  grown.any = true;
  *b = grown;
  return true;
}

/* Fetches the elements of a box of inner chunks, those of them that are to be written. */
static zarrc_status elements_fetch(writing *w, const bounds *b, zarrc_error *error) {
  const zarrc_spec *inner = zarrc_pipeline_spec(w->shard->inner);
  size_t nbytes = inner->dtype.item_size;
  w->box = w->region;
  for (int k = 0; k < w->shard->ndim; k++) {
    int64_t edge = w->shard->chunk_shape[k], start = b->low[k] * edge, end = (b->high[k] + 1) * edge;
    int64_t last = w->region.start[k] + w->region.count[k];
    if (start > w->box.start[k]) w->box.start[k] = start;
    w->box.count[k] = (end < last ? end : last) - w->box.start[k];
    if (!zarrc_mul_size(nbytes, (size_t)w->box.count[k], &nbytes))
      return zarrc_fail(error, ZARRC_LIMIT, "too many elements are written at once");
  }
  zarrc_bytes_release(&w->fetched);
  zarrc_status status = zarrc_scratch_take(w->ctx, nbytes, &w->fetched, error);
  if (status) return status;
  w->from = zarrc_view_c(&inner->dtype, w->shard->ndim, w->box.count, (uint8_t *)w->fetched.ptr);
  return w->change->fetch(w->change->arg, &w->box, &w->from, error);
}

static void encoded_clear(writing *w) {
  for (size_t k = 0; k < w->n; k++)
    if (w->encoded[k].ctx) zarrc_parts_clear(&w->encoded[k]);
  w->n = 0;
}

/* Encodes the next inner chunks and makes the pieces of the shard up to the last of them. */
static zarrc_status batch_write(writing *w, zarrc_parts *out, zarrc_error *error) {
  zarrc_shard_walk walk = w->walk;
  uint64_t i, nwalked = 0, most = w->batch < w->touched.n ? w->batch * ZARRC_SHARD_BOX_OF_A_BATCH : UINT64_MAX;
  bool more = true, fetches = w->change && w->change->fetch;
  bounds box = {.any = false};
  zarrc_status status = ZARRC_OK;
  encoded_clear(w);
  while ((w->n < w->batch || w->batch == w->touched.n) && (more = zarrc_shard_walk_next(&walk, &i))) {
    if (is_touched(w, i, &w->numbers[w->n < w->batch ? w->n : w->batch])) {
      if (fetches && !bounds_add(&box, w->shard, i, most)) break;
      w->n++;
    }
    nwalked++;
  }
  if (fetches && w->n > 0) status = elements_fetch(w, &box, error);
  memset(w->encoded, 0, w->n * sizeof *w->encoded);
  if (!status) status = zarrc_for_each(w->ctx, w->n, inner_write, w, error);
  if (!status) status = batch_assemble(w, nwalked, !more, out, error);
  w->ended = !more;
  return status;
}

static zarrc_status source_next(void *state, zarrc_parts *parts, zarrc_error *error) {
  writing *w = state;
  zarrc_status status = ZARRC_OK;
  while (!status && !w->ended && !parts->nitems) status = batch_write(w, parts, error);
  if (status) zarrc_error_in_codec(error, "sharding_indexed");
  return status;
}

static void writing_clear(writing *w) {
  zarrc_bytes itself = w->itself;
  encoded_clear(w);
  zarrc_bytes_release(&w->fetched);
  zarrc_bytes_release(&w->slots);
  zarrc_bytes_release(&w->memory);
  zarrc_shard_index_release(&w->layout);
  zarrc_shard_index_release(&w->index);
  zarrc_bytes_release(&itself);
}

static void source_close(void *state) {
  writing_clear(state);
}

static const zarrc_source shard_source = {source_next, source_close};

/* How many inner chunks to encode before their bytes are stored: all, or some where they can be stored bit by bit. */
static size_t batch_size(const writing *w, const zarrc_parts *parts) {
  const zarrc_ctx_options *options = zarrc_ctx_get_options(w->ctx);
  const zarrc_spec *spec = zarrc_pipeline_spec(w->shard->inner);
  uint64_t chunk_nbytes = (uint64_t)zarrc_spec_nitems(spec) * spec->dtype.item_size, most = ZARRC_SHARD_BATCH_NBYTES;
  uint64_t least = (uint64_t)options->threads * ZARRC_SHARD_BATCH_A_THREAD;
  if (!parts->streams || w->shard->location == ZARRC_INDEX_START || !chunk_nbytes) return (size_t)w->touched.n;
  if (options->max_memory && most > options->max_memory / BATCH_OF_THE_LIMIT) {
    most = options->max_memory / BATCH_OF_THE_LIMIT;
    least = 1;
  }
  uint64_t n = most / chunk_nbytes > least ? most / chunk_nbytes : least;
  return (size_t)(n < w->touched.n ? n : w->touched.n);
}

/* Memory for the lists, and for inner chunks whose encoded size is known: side by side, so that they are one piece. */
static zarrc_status batch_take(writing *w, zarrc_error *error) {
  const zarrc_pipeline *inner = w->shard->inner;
  const zarrc_spec *spec = zarrc_pipeline_spec(inner);
  zarrc_size size = zarrc_pipeline_encoded_size(inner, (uint64_t)zarrc_spec_nitems(spec) * spec->dtype.item_size);
  size_t n = w->batch + 1, nbytes;
  if (!zarrc_mul_size(n, sizeof *w->encoded + sizeof *w->numbers, &nbytes))
    return zarrc_fail(error, ZARRC_LIMIT, "too many inner chunks are written at once");
  zarrc_status status = zarrc_scratch_take(w->ctx, nbytes, &w->memory, error);
  if (status) return status;
  w->encoded = (zarrc_parts *)(void *)w->memory.ptr;
  w->numbers = (uint64_t *)(void *)(w->encoded + n);
  if (applies(w) || size.kind != ZARRC_SIZE_EXACT || w->batch < 2 ||
      !zarrc_mul_size(w->batch, (size_t)size.nbytes, &nbytes))
    return ZARRC_OK;
  w->slot_nbytes = (size_t)size.nbytes;
  return zarrc_scratch_take(w->ctx, nbytes, &w->slots, error);
}

/* Gives memory to the pieces that point into it. */
static zarrc_status memory_keep(zarrc_bytes *memory, zarrc_parts *parts, zarrc_error *error) {
  zarrc_bytes keeper = *memory;
  if (!keeper.ptr || !parts->nitems) return ZARRC_OK;
  *memory = (zarrc_bytes){0};
  keeper.len = 0;
  return zarrc_parts_push(parts, keeper, error);
}

/* Makes the shard; in batches where `parts` streams and there is more than one: then *w moves to memory of its own,
 * which the source keeps. */
static zarrc_status shard_make(writing *w, zarrc_parts *parts, zarrc_error *error) {
  w->batch = batch_size(w, parts);
  zarrc_status status = batch_take(w, error);
  if (!status) status = zarrc_shard_index_new(w->shard, w->ctx, &w->layout, error);
  if (!status && w->batch == w->touched.n) {
    status = batch_write(w, parts, error);
    /* Pieces that lie in slots, or in what was fetched, live as long as the shard's pieces do. */
    if (!status) status = memory_keep(&w->slots, parts, error);
    if (!status) status = memory_keep(&w->fetched, parts, error);
  } else if (!status) {
    status = zarrc_scratch_take(w->ctx, sizeof *w, &w->itself, error);
    if (status) return status;
    parts->source = &shard_source;
    parts->source_state = (void *)w->itself.ptr;
    memcpy(parts->source_state, w, sizeof *w);
    *w = (writing){0};
  }
  return status;
}

static zarrc_status shard_write(const zarrc_codec *codec, const zarrc_spec *spec, zarrc_blob *old,
                                const zarrc_region *region, const zarrc_view *from, const zarrc_change *change,
                                zarrc_parts *parts, zarrc_error *error) {
  const zarrc_shard *shard = zarrc_codec_instance(codec);
  zarrc_status status = zarrc_shard_check(shard, spec, error);
  if (status) return status;
  writing w = {.shard = shard,
               .ctx = zarrc_codec_ctx(codec),
               .region = *region,
               .box = *region,
               .from = *from,
               .change = change,
               .touched = zarrc_shard_touched(shard, region),
               .keeps = parts->keeps,
               .nothing = true,
               .at = shard->location == ZARRC_INDEX_START ? shard->index_nbytes : 0};
  zarrc_subchunk_order order = shard->order ? shard->order : spec->options.subchunk_order;
  status = zarrc_shard_walk_init(&w.walk, order, shard->ndim, shard->grid, error);
  if (!status && old && (applies(&w) || !covers_all(shard, region))) {
    status = zarrc_shard_index_read(shard, w.ctx, old, &w.index, error);
    if (!status) w.old = old;
    if (status == ZARRC_NOT_FOUND) status = ZARRC_OK;
  }
  w.most = most_kept(&w);
  if (!status) status = shard_make(&w, parts, error);
  writing_clear(&w);
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

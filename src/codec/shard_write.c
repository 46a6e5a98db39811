/* SPDX-License-Identifier: MIT */
/*
 * Writing a shard. Touched inner chunks are encoded again, in parallel; the others keep their encoded bytes. The new
 * shard is laid out without gaps, as a list of pieces that are not joined here.
 */
#include "base/checked.h"
#include "base/values.h"
#include "codec/range_blob.h"
#include "codec/shard.h"
#include "codec/shard_order.h"

#include <string.h>
#include <zarrc/plugin/codec.h>

/* A batch is small enough to stay in the caches, and large enough to keep each thread busy. It is at most this part of
 * max_memory. */
#define BATCH_OF_THE_LIMIT 16

/* The elements in memory: all that are to be written; those of a batch, if they are fetched; or none, if values are
 * applied. */
typedef struct elements {
  zarrc_region box; /* the part of the region that the view holds */
  zarrc_view view;
  zarrc_bytes memory; /* of fetched elements */
} elements;

/* The present value. It does not change during a write. */
typedef struct old_shard {
  zarrc_blob *blob; /* NULL: there is none, or nothing of it is kept */
  zarrc_shard_index index;
} old_shard;

/* The new value. It grows batch by batch. */
typedef struct new_shard {
  zarrc_shard_index index;
  zarrc_shard_walk walk; /* over the inner chunks in the order of the new shard; where the next batch begins */
  uint64_t nbytes, most; /* bytes so far; the length that copying old inner chunks must not exceed */
  bool empty;            /* there has been no inner chunk yet */
  bool complete;         /* the index has been written */
} new_shard;

/* The inner chunks that are encoded at once. All batches share the memory. */
typedef struct batch {
  size_t most, n;       /* most inner chunks of a batch; those of the current one */
  uint64_t *numbers;    /* the number of each among the touched ones */
  zarrc_parts *encoded; /* the encoded bytes of each */
  zarrc_bytes memory;   /* of both lists */
  zarrc_bytes slots;    /* slot_nbytes for each, if the encoded size is known */
  size_t slot_nbytes;
} batch;

/* A write. It lives as long as the call; or, if the shard is stored in batches, as the source. */
typedef struct writing {
  const zarrc_shard *shard;
  zarrc_ctx *ctx;
  zarrc_region region; /* to be written */
  zarrc_values values; /* its view is NULL: `elements` has a copy of it */
  zarrc_touched touched;
  bool keeps, fresh; /* as in zarrc_parts, of the shard */
  bool bounded;      /* it is known how much of the shard lies in the array */
  int64_t inside[ZARRC_MAX_NDIM];
  elements elements;
  old_shard old;
  new_shard new;
  batch batch;
  zarrc_bytes itself; /* the memory of this struct, if it outlives the call */
} writing;

/* A touched inner chunk that has no offset yet has in the new index its number in the batch as offset, and this as
 * nbytes. */
#define TOUCHED (UINT64_MAX - 1)

/* Returns whether a region selects the whole shard. */
static bool covers_all(const zarrc_shard *shard, const zarrc_region *region) {
  for (int i = 0; i < shard->ndim; i++)
    if (region->count[i] != shard->grid[i] * shard->chunk_shape[i]) return false;
  return true;
}

/* Sets the values of the i-th inner chunk, which are applied. */
static void move_to_inner(const writing *w, uint64_t i, zarrc_values_moved *moved, zarrc_values *out) {
  for (int k = w->shard->ndim - 1; k >= 0; k--) {
    moved->origin[k] = (int64_t)(i % (uint64_t)w->shard->grid[k]) * w->shard->chunk_shape[k];
    i /= (uint64_t)w->shard->grid[k];
  }
  zarrc_values_move(moved, &w->values, w->shard->ndim, out);
}

/* Finds out how much of inner chunk i lies in the array. */
static void bound_inner(const writing *w, uint64_t i, int64_t *inside) {
  zarrc_shard_chunk_at(w->shard, i, inside);
  for (int k = 0; k < w->shard->ndim; k++) {
    int64_t edge = w->shard->chunk_shape[k], left = w->inside[k] - inside[k] * edge;
    inside[k] = left < 0 ? 0 : left < edge ? left : edge;
  }
}

static zarrc_status write_inner(void *arg, size_t k, zarrc_error *error) {
  writing *w = arg;
  const batch *b = &w->batch;
  zarrc_parts *parts = &b->encoded[k];
  int64_t inside[ZARRC_MAX_NDIM];
  zarrc_range_blob range;
  zarrc_blob *old = NULL;
  zarrc_touch touch;
  zarrc_values_moved moved;
  zarrc_values values = {.view = &touch.view};
  bool present = false;
  zarrc_status status = ZARRC_OK;
  if (parts->ctx) zarrc_parts_clear(parts); /* zarrc_for_each may repeat a call that failed */
  zarrc_shard_touch(w->shard, &w->touched, b->numbers[k], &w->elements.box, &w->elements.view, &touch);
  if (touch.empty) return ZARRC_OK;
  if (w->values.apply) {
    move_to_inner(w, touch.i, &moved, &values);
    if (!zarrc_values_touch(&values, &touch.part)) return ZARRC_OK;
  }
  if (w->bounded) {
    bound_inner(w, touch.i, inside);
    values.inside = inside;
  }
  zarrc_parts_init(parts, w->ctx);
  parts->keeps = w->keeps;
  parts->fresh = w->fresh;
  w->new.index.entries[touch.i] = (zarrc_shard_entry){k, TOUCHED};
  if (b->slot_nbytes) {
    parts->into = (uint8_t *)b->slots.ptr + k * b->slot_nbytes;
    parts->into_nbytes = b->slot_nbytes;
  }
  if (w->old.blob && (w->values.apply || !touch.whole))
    status = zarrc_shard_entry_check(w->shard, &w->old.index, touch.i, &present, error);
  if (status) return status;
  if (present) {
    const zarrc_shard_entry *e = &w->old.index.entries[touch.i];
    zarrc_range_blob_init(&range, w->old.blob, e->offset, e->nbytes);
    old = &range.blob;
  }
  status = zarrc_update(w->shard->inner, old, touch.whole ? NULL : &touch.part, &values, parts, error);
  if (status) {
    char name[112];
    zarrc_shard_chunk_name(w->shard, touch.i, name, sizeof name);
    zarrc_error_in_inner_chunk(error, name, present ? w->old.index.entries[touch.i].offset : ZARRC_UNKNOWN);
  }
  return status;
}

/* ------------------------------------------------------------------------------------------------ the new shard */

/* The pieces of a batch while they are laid out. */
typedef struct assembly {
  writing *w;
  zarrc_parts *out;
  zarrc_shard_entry run; /* adjacent bytes of the old shard that will become one piece */
  zarrc_buf ranges;      /* zarrc_range: ranges of the old shard that must be read */
  zarrc_buf places;      /* size_t: the index of the piece for each range */
} assembly;

static zarrc_status piece_push(zarrc_parts *out, zarrc_bytes piece, zarrc_error *error) {
  zarrc_bytes *last = out->nitems ? &out->items[out->nitems - 1] : NULL;
  bool joins = last && last->ptr && piece.ptr && !last->release && !piece.release;
  if (joins && last->ptr + last->len == piece.ptr) { /* adjacent in memory, as slots are */
    last->len += piece.len;
    out->nbytes += piece.len;
    return ZARRC_OK;
  }
  return zarrc_parts_push(out, piece, error);
}

/* Makes a piece of the run. Either the store moves its bytes, or they are read together with all other runs. */
static zarrc_status end_run(assembly *a, zarrc_error *error) {
  zarrc_bytes piece = {.len = (size_t)a->run.nbytes};
  zarrc_range range = {.offset = (int64_t)a->run.offset, .nbytes = a->run.nbytes};
  zarrc_status status = ZARRC_OK;
  if (!a->run.nbytes) return ZARRC_OK;
  if (!a->out->keeps || !zarrc_blob_keep(a->w->old.blob, a->run.offset, a->run.nbytes, &piece)) {
    status = zarrc_buf_append(&a->ranges, &range, sizeof range, error);
    if (!status) status = zarrc_buf_append(&a->places, &a->out->nitems, sizeof a->out->nitems, error);
  }
  a->run.nbytes = 0;
  return status ? status : zarrc_parts_push(a->out, piece, error);
}

static zarrc_status add_kept(assembly *a, const zarrc_shard_entry *e, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  if (!a->run.nbytes || a->run.offset + a->run.nbytes != e->offset) {
    status = end_run(a, error);
    a->run.offset = e->offset;
  }
  a->run.nbytes += e->nbytes;
  return status;
}

static zarrc_status add_encoded(assembly *a, zarrc_parts *parts, zarrc_error *error) {
  zarrc_status status = end_run(a, error);
  for (size_t k = 0; k < parts->nitems && !status; k++) {
    zarrc_bytes piece = parts->items[k];
    parts->items[k] = (zarrc_bytes){0};
    status = piece_push(a->out, piece, error);
  }
  return status;
}

/* Appends inner chunk i to the new shard. */
static zarrc_status add_chunk(assembly *a, uint64_t i, zarrc_error *error) {
  writing *w = a->w;
  zarrc_shard_entry *e = &w->new.index.entries[i];
  zarrc_parts *parts = e->nbytes == TOUCHED ? &w->batch.encoded[e->offset] : NULL;
  uint64_t nbytes = parts ? parts->nbytes : 0;
  bool present = nbytes > 0;
  zarrc_status status = ZARRC_OK;
  *e = (zarrc_shard_entry){ZARRC_SHARD_MISSING, ZARRC_SHARD_MISSING};
  if (!parts && w->old.blob) {
    status = zarrc_shard_entry_check(w->shard, &w->old.index, i, &present, error);
    if (!status && present) nbytes = w->old.index.entries[i].nbytes;
  }
  if (status || !present) return status;
  *e = (zarrc_shard_entry){w->new.nbytes, nbytes};
  if (!zarrc_add_u64(w->new.nbytes, nbytes, &w->new.nbytes) || w->new.nbytes > INT64_MAX)
    return zarrc_fail(error, ZARRC_LIMIT, "the shard becomes longer than 2^63 bytes");
  if (parts) return add_encoded(a, parts, error);
  if (w->new.nbytes > w->new.most)
    return zarrc_fail(error, ZARRC_LIMIT, "the shard's inner chunks share bytes: apart they would be more than %llu",
                      (unsigned long long)w->new.most);
  return add_kept(a, &w->old.index.entries[i], error);
}

/* Reads the runs that the store does not move, all at once. */
static zarrc_status read_runs(assembly *a, zarrc_error *error) {
  zarrc_range *ranges = (zarrc_range *)(void *)a->ranges.ptr;
  size_t n = a->ranges.len / sizeof *ranges;
  if (!n) return ZARRC_OK;
  zarrc_status status = zarrc_blob_read(a->w->old.blob, ranges, n, error);
  for (size_t k = 0; k < n && !status; k++) {
    size_t place;
    memcpy(&place, a->places.ptr + k * sizeof place, sizeof place);
    a->out->items[place] = ranges[k].got;
  }
  return status;
}

static zarrc_status add_index(assembly *a, zarrc_error *error) {
  zarrc_parts *out = a->out;
  zarrc_status status = zarrc_shard_index_encode(a->w->shard, &a->w->new.index, out, error);
  if (status || a->w->shard->location == ZARRC_INDEX_END) return status;
  zarrc_bytes index = out->items[out->nitems - 1];
  memmove(out->items + 1, out->items, (out->nitems - 1) * sizeof *out->items);
  out->items[0] = index;
  return ZARRC_OK;
}

/* Begins without an inner chunk, and limits how long the shard may become with kept ones. Their ranges may overlap in
 * the old shard, so that a small one could grow without limit. */
static void init_new_shard(writing *w) {
  uint64_t most = zarrc_ctx_get_options(w->ctx)->max_chunk_bytes, old = w->old.blob ? w->old.index.total : 0;
  if (old != ZARRC_UNKNOWN && old > most / 4) most = old > UINT64_MAX / 4 ? UINT64_MAX : 4 * old;
  w->new.most = most;
  w->new.nbytes = w->shard->location == ZARRC_INDEX_START ? w->shard->index_nbytes : 0;
  w->new.empty = true;
}

/* Lays out the next nwalked inner chunks. With `last` the index follows, unless the shard has no inner chunk. */
static zarrc_status assemble_batch(writing *w, uint64_t nwalked, bool last, zarrc_parts *out, zarrc_error *error) {
  uint64_t i;
  assembly a = {
      .w = w, .out = out, .ranges = zarrc_buf_new(w->ctx, SIZE_MAX / 2), .places = zarrc_buf_new(w->ctx, SIZE_MAX / 2)};
  zarrc_status status = ZARRC_OK;
  for (; nwalked > 0 && !status && zarrc_shard_walk_next(&w->new.walk, &i); nwalked--) {
    status = add_chunk(&a, i, error);
    w->new.empty = w->new.empty && w->new.index.entries[i].offset == ZARRC_SHARD_MISSING;
  }
  if (!status) status = end_run(&a, error);
  if (!status) status = read_runs(&a, error);
  if (!status && last && !w->new.empty) status = add_index(&a, error);
  zarrc_buf_clear(&a.ranges);
  zarrc_buf_clear(&a.places);
  return status;
}

/* ---------------------------------------------------------------------------------------------------- the writing */

/* Returns whether the region touches inner chunk i. *k: its number among the touched ones. */
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

/* A box of inner chunks, by their coordinates. */
typedef struct bounds {
  int64_t low[ZARRC_MAX_NDIM], high[ZARRC_MAX_NDIM];
  bool any;
} bounds;

/* Extends a box by inner chunk i. Returns false if it would then contain more than `most`. */
static bool add_bounds(bounds *b, const zarrc_shard *shard, uint64_t i, uint64_t most) {
  int64_t at[ZARRC_MAX_NDIM];
  bounds grown = *b;
  uint64_t n = 1;
  zarrc_shard_chunk_at(shard, i, at);
  for (int k = 0; k < shard->ndim; k++) {
    if (!b->any || at[k] < grown.low[k]) grown.low[k] = at[k];
    if (!b->any || at[k] > grown.high[k]) grown.high[k] = at[k];
    n *= (uint64_t)(grown.high[k] - grown.low[k] + 1); /* cannot overflow: the shard has more */
  }
  if (b->any && n > most) return false;
  grown.any = true;
  *b = grown;
  return true;
}

/* Fetches the elements of the region that lie in a box of inner chunks. */
static zarrc_status fetch_elements(writing *w, const bounds *b, zarrc_error *error) {
  const zarrc_spec *inner = zarrc_pipeline_spec(w->shard->inner);
  size_t nbytes = inner->dtype.item_size;
  zarrc_region box = w->region;
  for (int k = 0; k < w->shard->ndim; k++) {
    int64_t edge = w->shard->chunk_shape[k], start = b->low[k] * edge, end = (b->high[k] + 1) * edge;
    int64_t last = box.start[k] + box.count[k];
    if (start > box.start[k]) box.start[k] = start;
    box.count[k] = (end < last ? end : last) - box.start[k];
    if (!zarrc_mul_size(nbytes, (size_t)box.count[k], &nbytes))
      return zarrc_fail(error, ZARRC_LIMIT, "too many elements are written at once");
  }
  zarrc_bytes_release(&w->elements.memory);
  zarrc_status status = zarrc_scratch_take(w->ctx, nbytes, &w->elements.memory, error);
  if (status) return status;
  w->elements.box = box;
  w->elements.view = zarrc_view_c(&inner->dtype, w->shard->ndim, box.count, (uint8_t *)w->elements.memory.ptr);
  return zarrc_values_put(&w->values, &w->elements.box, &w->elements.view, error);
}

static void clear_batch(batch *b) {
  for (size_t k = 0; k < b->n; k++)
    if (b->encoded[k].ctx) zarrc_parts_clear(&b->encoded[k]);
  b->n = 0;
}

/* Chooses the inner chunks of the next batch and, if elements are fetched, the box around them. Returns the number of
 * inner chunks up to the last of them in the new shard. *more: whether others follow. */
static uint64_t choose_batch(writing *w, bounds *box, bool *more) {
  batch *b = &w->batch;
  zarrc_shard_walk walk = w->new.walk;
  bool all = b->most == w->touched.n;
  uint64_t i, nwalked = 0, most = all ? UINT64_MAX : b->most * ZARRC_SHARD_BOX_OF_A_BATCH;
  *more = true;
  while ((b->n < b->most || all) && (*more = zarrc_shard_walk_next(&walk, &i))) {
    if (is_touched(w, i, &b->numbers[b->n < b->most ? b->n : b->most])) {
      if (w->values.fetch && !add_bounds(box, w->shard, i, most)) break;
      b->n++;
    }
    nwalked++;
  }
  return nwalked;
}

/* Encodes the next touched inner chunks, and appends the shard's pieces up to the last of them. */
static zarrc_status write_batch(writing *w, zarrc_parts *out, zarrc_error *error) {
  batch *b = &w->batch;
  bounds box = {.any = false};
  bool more;
  zarrc_status status = ZARRC_OK;
  clear_batch(b);
  uint64_t nwalked = choose_batch(w, &box, &more);
  if (box.any) status = fetch_elements(w, &box, error);
  memset(b->encoded, 0, b->n * sizeof *b->encoded);
  if (!status) status = zarrc_for_each(w->ctx, b->n, write_inner, w, error);
  if (status == ZARRC_PENDING) {
    assemble_batch(w, nwalked, !more, out, NULL); /* asks for the kept bytes, too; its pieces are not used */
    return status;
  }
  if (!status) status = assemble_batch(w, nwalked, !more, out, error);
  w->new.complete = !more;
  return status;
}

static zarrc_status next_source(void *state, zarrc_parts *parts, zarrc_error *error) {
  writing *w = state;
  zarrc_status status = ZARRC_OK;
  while (!status && !w->new.complete && !parts->nitems) status = write_batch(w, parts, error);
  if (status) zarrc_error_in_codec(error, "sharding_indexed");
  return status;
}

static void clear_writing(writing *w) {
  zarrc_bytes itself = w->itself;
  clear_batch(&w->batch);
  zarrc_bytes_release(&w->batch.slots);
  zarrc_bytes_release(&w->batch.memory);
  zarrc_bytes_release(&w->elements.memory);
  zarrc_shard_index_release(&w->new.index);
  zarrc_shard_index_release(&w->old.index);
  zarrc_bytes_release(&itself);
}

static void close_source(void *state) {
  clear_writing(state);
}

static const zarrc_source shard_source = {sizeof(zarrc_source), next_source, close_source};

/* Returns how many inner chunks to encode before their bytes are stored: all, unless the shard is stored in batches. */
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

/* Takes memory for the lists, and one slot for each inner chunk if its encoded size is known. Slots are adjacent, so
 * that they become one piece. */
static zarrc_status take_batch(writing *w, size_t most, zarrc_error *error) {
  batch *b = &w->batch;
  const zarrc_pipeline *inner = w->shard->inner;
  const zarrc_spec *spec = zarrc_pipeline_spec(inner);
  zarrc_size size = zarrc_pipeline_encoded_size(inner, (uint64_t)zarrc_spec_nitems(spec) * spec->dtype.item_size);
  size_t nbytes;
  b->most = most;
  if (!zarrc_mul_size(most + 1, sizeof *b->encoded + sizeof *b->numbers, &nbytes))
    return zarrc_fail(error, ZARRC_LIMIT, "too many inner chunks are written at once");
  zarrc_status status = zarrc_scratch_take(w->ctx, nbytes, &b->memory, error);
  if (status) return status;
  b->encoded = (zarrc_parts *)(void *)b->memory.ptr;
  b->numbers = (uint64_t *)(void *)(b->encoded + most + 1);
  if (w->values.apply || size.kind != ZARRC_SIZE_EXACT || most < 2 ||
      !zarrc_mul_size(most, (size_t)size.nbytes, &nbytes))
    return ZARRC_OK;
  b->slot_nbytes = (size_t)size.nbytes;
  return zarrc_scratch_take(w->ctx, nbytes, &b->slots, error);
}

/* Passes memory on to the pieces that point into it. */
static zarrc_status keep_memory(zarrc_bytes *memory, zarrc_parts *parts, zarrc_error *error) {
  zarrc_bytes keeper = *memory;
  if (!keeper.ptr || !parts->nitems) return ZARRC_OK;
  *memory = (zarrc_bytes){0};
  keeper.len = 0;
  return zarrc_parts_push(parts, keeper, error);
}

/* Makes the shard; in batches, if `parts` streams and there is more than one. In that case *w moves to memory of the
 * source. */
static zarrc_status make_shard(writing *w, zarrc_parts *parts, zarrc_error *error) {
  zarrc_status status = take_batch(w, batch_size(w, parts), error);
  if (!status) status = zarrc_shard_index_new(w->shard, w->ctx, &w->new.index, error);
  if (!status && w->batch.most == w->touched.n) {
    status = write_batch(w, parts, error);
    /* pieces may point into slots and fetched elements, so both live as long as the pieces */
    if (!status) status = keep_memory(&w->batch.slots, parts, error);
    if (!status) status = keep_memory(&w->elements.memory, parts, error);
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

/* If values are applied no view has them: the one here is never read, and all its parts have the same address. */
static void init_elements(writing *w, const zarrc_codec *codec, const zarrc_view *view) {
  w->elements.box = w->region;
  w->values.view = NULL;
  if (view)
    w->elements.view = *view;
  else
    w->elements.view = (zarrc_view){.data = zarrc_codec_instance(codec), .ndim = w->shard->ndim};
}

zarrc_status zarrc_shard_update(const zarrc_codec *codec, const zarrc_spec *spec, zarrc_blob *old,
                                const zarrc_region *region, const zarrc_values *values, zarrc_parts *parts,
                                zarrc_error *error) {
  const zarrc_shard *shard = zarrc_codec_instance(codec);
  zarrc_status status = zarrc_shard_check(shard, spec, error);
  if (status) return status;
  writing w = {.shard = shard,
               .ctx = zarrc_codec_ctx(codec),
               .region = *region,
               .values = *values,
               .touched = zarrc_shard_touched(shard, region),
               .keeps = parts->keeps,
               .fresh = parts->fresh,
               .bounded = values->inside != NULL};
  for (int i = 0; i < shard->ndim && w.bounded; i++) w.inside[i] = values->inside[i];
  init_elements(&w, codec, values->view);
  zarrc_subchunk_order order = shard->order ? shard->order : spec->options.subchunk_order;
  status = zarrc_shard_walk_init(&w.new.walk, order, shard->ndim, shard->grid, error);
  if (!status && old && (values->apply || !covers_all(shard, region))) {
    status = zarrc_shard_index_read(shard, w.ctx, old, &w.old.index, error);
    if (!status) w.old.blob = old;
    if (status == ZARRC_NOT_FOUND) status = ZARRC_OK;
  }
  if (!status) init_new_shard(&w);
  if (!status) status = make_shard(&w, parts, error);
  clear_writing(&w);
  return status;
}

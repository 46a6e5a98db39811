/* SPDX-License-Identifier: MIT */
/*
 * Reading a shard: the index, then the inner chunks that are wanted, in the order in which they lie, near ones in one
 * range, window by window; inner chunks are decoded straight into the reader's view.
 */
#include "codec/shard.h"

#include <stdlib.h>
#include <string.h>

/* Ranges of one vectored read. */
#define AT_ONCE 64
/* A part of a longer inner chunk is read by ranges inside it where its codecs can do that; a shard always is. */
#define RANGED_NBYTES 65536u

typedef struct limits {
  uint64_t gap, max, window;
} limits;

static limits limits_of(const zarrc_spec *spec, const zarrc_blob *blob) {
  bool remote = blob->ops->remote;
  limits l = {remote ? (uint64_t)1 << 20 : (uint64_t)64 << 10, remote ? (uint64_t)16 << 20 : (uint64_t)1 << 20, 0};
  if (spec->options.coalesce_gap) l.gap = spec->options.coalesce_gap;
  if (spec->options.coalesce_max) l.max = spec->options.coalesce_max;
  l.window = remote && l.max <= UINT64_MAX / 4 ? 4 * l.max : l.max;
  return l;
}

/* A wanted inner chunk that is there. */
typedef struct item {
  uint64_t offset, nbytes;
  uint64_t k;   /* its number among the touched ones */
  size_t range; /* of its window, that it is read with; AT_ONCE: it is read by ranges inside it */
} item;

typedef struct reading {
  const zarrc_shard *shard;
  zarrc_ctx *ctx;
  zarrc_blob *blob;
  const zarrc_region *region;
  const zarrc_view *to;
  zarrc_touched touched;
  limits limits;
  uint64_t ranged; /* parts of inner chunks of more bytes are read by ranges; UINT64_MAX: none are */
  item *items;
  size_t nitems;
  size_t *windows; /* first item of each window, and nitems */
  size_t nwindows;
} reading;

static int by_offset(const void *a, const void *b) {
  const item *x = a, *y = b;
  return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static uint64_t ranged_above(const zarrc_pipeline *p) {
  uint64_t nbytes = RANGED_NBYTES;
  for (size_t i = 0; i < zarrc_pipeline_ncodecs(p); i++) {
    const zarrc_codec_class *c = zarrc_codec_get_class(zarrc_pipeline_codec(p, i));
    bool can = c->kind == ZARRC_ARRAY_TO_ARRAY   ? c->u.aa.map != NULL
               : c->kind == ZARRC_ARRAY_TO_BYTES ? c->u.ab.partial_decode
                                                 : c->u.bb.read != NULL;
    if (!can) return UINT64_MAX;
    if (zarrc_codec_supports_partial_encode(zarrc_pipeline_codec(p, i))) nbytes = 0;
  }
  return nbytes;
}

/* Reads the wanted part of one inner chunk from a blob of it. */
static zarrc_status inner_read(const reading *r, const zarrc_touch *touch, zarrc_blob *blob, uint64_t offset,
                               zarrc_error *error) {
  char name[112];
  zarrc_status status =
      zarrc_read(r->shard->inner, blob, touch->whole ? NULL : &touch->part, &touch->view, NULL, error);
  if (status) {
    zarrc_shard_chunk_name(r->shard, touch->i, name, sizeof name);
    zarrc_error_in_chunk(error, name, offset);
  }
  return status;
}

/* Fills what is missing, lists what is there. */
static zarrc_status items_list(reading *r, const zarrc_shard_index *index, zarrc_error *error) {
  zarrc_touch touch;
  zarrc_memory_blob nothing;
  zarrc_memory_blob_init(&nothing, r->ctx, NULL, 0);
  for (uint64_t k = 0; k < r->touched.n; k++) {
    bool present;
    zarrc_shard_touch(r->shard, &r->touched, k, r->region, r->to, &touch);
    if (touch.empty) continue;
    zarrc_status status = zarrc_shard_entry_check(r->shard, index, touch.i, &present, error);
    if (!status && !present) status = inner_read(r, &touch, &nothing.blob, 0, error);
    if (status) return status;
    if (!present) continue;
    const zarrc_shard_entry *e = &index->entries[touch.i];
    bool ranged = !touch.whole && e->nbytes > r->ranged;
    r->items[r->nitems++] = (item){e->offset, e->nbytes, k, ranged ? AT_ONCE : 0};
  }
  for (size_t i = 1; i < r->nitems; i++)
    if (r->items[i].offset < r->items[i - 1].offset) {
      qsort(r->items, r->nitems, sizeof *r->items, by_offset);
      break;
    }
  return ZARRC_OK;
}

/* Cuts the list into windows, and each window into ranges. */
static void windows_cut(reading *r) {
  uint64_t window = 0, begin = 0, end = 0;
  size_t range = AT_ONCE; /* none is open */
  r->nwindows = 0;
  for (size_t i = 0; i < r->nitems; i++) {
    item *it = &r->items[i];
    if (i == 0) r->windows[r->nwindows++] = 0;
    if (it->range == AT_ONCE) continue;
    uint64_t it_end = it->offset + it->nbytes, longer = it_end > end ? it_end : end;
    uint64_t between = it->offset > end ? it->offset - end : 0;
    if (range != AT_ONCE && between <= r->limits.gap && longer - begin <= r->limits.max) {
      window += longer - end;
      end = longer;
    } else {
      range = range == AT_ONCE ? 0 : range + 1;
      begin = it->offset;
      end = it_end;
      if (range > 0 && (range == AT_ONCE || window + it->nbytes > r->limits.window)) {
        r->windows[r->nwindows++] = i;
        range = 0;
        window = 0;
      }
      window += it->nbytes;
    }
    it->range = range;
  }
  r->windows[r->nwindows] = r->nitems;
}

/* ----------------------------------------------------------------------------------------------- one window */

typedef struct window {
  const reading *r;
  size_t first; /* item */
  zarrc_range ranges[AT_ONCE];
  uint64_t begin[AT_ONCE];
} window;

static zarrc_status item_read(void *arg, size_t i, zarrc_error *error) {
  const window *w = arg;
  const reading *r = w->r;
  const item *it = &r->items[w->first + i];
  zarrc_touch touch;
  zarrc_shard_touch(r->shard, &r->touched, it->k, r->region, r->to, &touch);
  if (it->range == AT_ONCE) {
    zarrc_range_blob part;
    zarrc_range_blob_init(&part, r->blob, it->offset, it->nbytes);
    return inner_read(r, &touch, &part.blob, it->offset, error);
  }
  zarrc_memory_blob part;
  const uint8_t *bytes = w->ranges[it->range].got.ptr;
  zarrc_memory_blob_init(&part, r->ctx, it->nbytes ? bytes + (it->offset - w->begin[it->range]) : NULL,
                         (size_t)it->nbytes);
  part.present = true;
  zarrc_status status = inner_read(r, &touch, &part.blob, it->offset, error);
  zarrc_memory_blob_clear(&part);
  return status;
}

static zarrc_status window_read(void *arg, size_t i, zarrc_error *error) {
  const reading *r = arg;
  window w = {.r = r, .first = r->windows[i]};
  size_t n = 0, last = r->windows[i + 1];
  for (size_t k = w.first; k < last; k++) {
    const item *it = &r->items[k];
    if (it->range == AT_ONCE) continue;
    if (it->range == n) {
      w.begin[n] = it->offset;
      w.ranges[n++] = (zarrc_range){.offset = (int64_t)it->offset};
    }
    uint64_t nbytes = it->offset + it->nbytes - w.begin[it->range];
    if (nbytes > w.ranges[it->range].nbytes) w.ranges[it->range].nbytes = nbytes;
  }
  zarrc_status status = n ? zarrc_blob_read(r->blob, w.ranges, n, error) : ZARRC_OK;
  if (status) return status;
  status = zarrc_for_each(r->ctx, last - w.first, item_read, &w, error);
  zarrc_ranges_release(w.ranges, n);
  return status;
}

zarrc_status zarrc_shard_read(const zarrc_codec *codec, const zarrc_spec *spec, zarrc_blob *blob,
                              const zarrc_region *region, const zarrc_view *to, zarrc_error *error) {
  const zarrc_shard *shard = zarrc_codec_instance(codec);
  zarrc_shard_index index;
  zarrc_bytes items = {0}, windows = {0};
  zarrc_status status = zarrc_shard_check(shard, spec, error);
  if (status) return status;
  reading r = {.shard = shard,
               .ctx = zarrc_codec_ctx(codec),
               .blob = blob,
               .region = region,
               .to = to,
               .touched = zarrc_shard_touched(shard, region),
               .limits = limits_of(spec, blob),
               .ranged = ranged_above(shard->inner)};
  status = zarrc_shard_index_read(shard, r.ctx, blob, &index, error);
  if (status) return status;
  status = zarrc_scratch_take(r.ctx, (size_t)r.touched.n * sizeof *r.items + 1, &items, error);
  if (!status) status = zarrc_scratch_take(r.ctx, ((size_t)r.touched.n + 2) * sizeof *r.windows, &windows, error);
  if (!status) {
    r.items = (item *)(void *)items.ptr;
    r.windows = (size_t *)(void *)windows.ptr;
    status = items_list(&r, &index, error);
  }
  zarrc_shard_index_release(&index);
  if (!status) {
    windows_cut(&r);
    status = zarrc_for_each(r.ctx, r.nwindows, window_read, &r, error);
  }
  zarrc_bytes_release(&windows);
  zarrc_bytes_release(&items);
  /* The shard went away behind its index: its key vanished between two reads of a store without snapshots. */
  return status;
}

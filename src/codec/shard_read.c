/* SPDX-License-Identifier: MIT */
/*
 * Reading a shard: first the index, then the wanted inner chunks in the order of their offsets. Chunks that are close
 * together are read in one range, a window of ranges at a time, and decoded directly to the reader's view.
 */
#include "base/checked.h"
#include "base/reading.h"
#include "base/sort.h"
#include "codec/range_blob.h"
#include "codec/shard.h"

#include <string.h>
#include <zarrc/plugin/codec.h>

/* Most ranges of one read. */
#define AT_ONCE 64
/* Of larger inner chunks a part is read by ranges, if the codecs can do that. Nested shards always are. In a far blob
 * both are only if they are larger than the blob's gap, which is what another request costs. */
#define RANGED_NBYTES 65536u
/* The same if nothing is compressed and a read costs next to nothing. */
#define RANGED_PLAIN_NBYTES 4096u
/* Bytes of missing inner chunks that a thread sets to the fill value at once. */
#define FILLED_NBYTES ((uint64_t)1 << 20)
/* A shard that decodes to so many bytes is fetched as a whole if all of its inner chunks are wanted. */
#define WHOLE_NBYTES ((uint64_t)64 << 20)
/* So many wanted inner chunks fit on the stack. */
#define FEW 8

/* If the host joins ranges itself, everything is asked for as it is, at once. */
static zarrc_joining joining_of(const zarrc_ctx *ctx, const zarrc_spec *spec, const zarrc_blob *blob) {
  if (zarrc_blob_get_traits(blob).deferred) return (zarrc_joining){0, UINT64_MAX, UINT64_MAX};
  return zarrc_blob_joining(ctx, blob, &spec->options);
}

/* How an inner chunk is read if not in a range of its window: by ranges of its own; not at all. */
enum { RANGED = AT_ONCE, MISSING };

/* A wanted inner chunk. Missing ones are at the end of the list. */
typedef struct item {
  uint64_t offset, nbytes;
  uint64_t k;   /* its number among the touched ones */
  size_t range; /* its range in the window; or RANGED or MISSING */
} item;

typedef struct reading {
  const zarrc_shard *shard;
  zarrc_ctx *ctx;
  zarrc_blob *blob;
  const zarrc_region *region;
  const zarrc_view *to;
  zarrc_touched touched;
  zarrc_joining joining;
  uint64_t ranged; /* parts of inner chunks of more bytes are read by ranges; UINT64_MAX: none are */
  item *items;
  size_t npresent, nmissing;
  size_t *windows; /* the first item of each window; then the number of items */
  size_t nwindows;
} reading;

static uint64_t ranged_above(const zarrc_pipeline *p, const zarrc_blob *blob) {
  bool near = zarrc_blob_is_near(blob);
  bool plain = zarrc_codec_get_kind(zarrc_pipeline_codec(p, zarrc_pipeline_ncodecs(p) - 1)) == ZARRC_ARRAY_TO_BYTES;
  uint64_t nbytes = !near ? zarrc_blob_get_traits(blob).gap : plain ? RANGED_PLAIN_NBYTES : RANGED_NBYTES;
  for (size_t i = 0; i < zarrc_pipeline_ncodecs(p); i++) {
    const zarrc_codec_class *c = zarrc_codec_get_class(zarrc_pipeline_codec(p, i));
    bool can = c->kind == ZARRC_ARRAY_TO_ARRAY   ? zarrc_codec_keeps_parts(zarrc_pipeline_codec(p, i))
               : c->kind == ZARRC_ARRAY_TO_BYTES ? c->u.ab.partial_decode
                                                 : c->u.bb.read != NULL;
    if (!can) return UINT64_MAX;
    if (zarrc_codec_supports_partial_encode(zarrc_pipeline_codec(p, i)) && near) nbytes = 0;
  }
  return nbytes;
}

/* Reads the wanted part of an inner chunk from a blob of it. */
static zarrc_status read_inner(const reading *r, const zarrc_touch *touch, zarrc_blob *blob, uint64_t offset,
                               zarrc_error *error) {
  char name[112];
  zarrc_status status =
      zarrc_read(r->shard->inner, blob, touch->whole ? NULL : &touch->part, &touch->view, NULL, error);
  if (status && status != ZARRC_PENDING) {
    zarrc_shard_chunk_name(r->shard, touch->i, name, sizeof name);
    zarrc_error_in_inner_chunk(error, name, offset);
  }
  return status;
}

/* Sorts the items that are present by offset. */
static zarrc_status items_order(reading *r, zarrc_error *error) {
  size_t n = r->npresent, i = 1;
  zarrc_bytes memory = {0};
  while (i < n && r->items[i].offset >= r->items[i - 1].offset) i++;
  if (i >= n) return ZARRC_OK;
  size_t each = sizeof(item) + sizeof(uint64_t) + 2 * sizeof(uint32_t);
  if (n > UINT32_MAX || n > SIZE_MAX / each)
    return zarrc_fail(error, ZARRC_LIMIT, "too many inner chunks are read at once");
  zarrc_status status = zarrc_scratch_take(r->ctx, n * each, &memory, error);
  if (status) return status;
  item *copy = (item *)(void *)memory.ptr;
  uint64_t *key = (uint64_t *)(void *)(copy + n);
  uint32_t *index = (uint32_t *)(void *)(key + n);
  memcpy(copy, r->items, n * sizeof *copy);
  for (i = 0; i < n; i++) {
    key[i] = copy[i].offset;
    index[i] = (uint32_t)i;
  }
  zarrc_sort_by_key(index, (uint32_t)n, key, index + n);
  for (i = 0; i < n; i++) r->items[i] = copy[index[i]];
  zarrc_bytes_release(&memory);
  return ZARRC_OK;
}

/* Makes the list, which has room for all touched inner chunks. */
static zarrc_status list_items(reading *r, const zarrc_shard_index *index, zarrc_error *error) {
  size_t missing = (size_t)r->touched.n;
  for (uint64_t k = 0; k < r->touched.n; k++) {
    bool present, empty, whole;
    uint64_t i = zarrc_shard_touch_number(r->shard, &r->touched, k, r->region, &empty, &whole);
    if (empty) continue;
    zarrc_status status = zarrc_shard_entry_check(r->shard, index, i, &present, error);
    if (status) return status;
    const zarrc_shard_entry *e = &index->entries[i];
    if (present)
      r->items[r->npresent++] = (item){e->offset, e->nbytes, k, !whole && e->nbytes > r->ranged ? RANGED : 0};
    else
      r->items[--missing] = (item){0, 0, k, MISSING};
  }
  r->nmissing = (size_t)r->touched.n - missing;
  memmove(r->items + r->npresent, r->items + missing, r->nmissing * sizeof *r->items);
  return items_order(r, error);
}

/* Divides the list into windows, and each window into ranges. */
static void cut_windows(reading *r) {
  uint64_t window = 0, begin = 0, end = 0;
  size_t range = AT_ONCE; /* none is open */
  r->nwindows = 0;
  for (size_t i = 0; i < r->npresent; i++) {
    item *it = &r->items[i];
    if (i == 0) r->windows[r->nwindows++] = 0;
    if (it->range == RANGED) continue;
    uint64_t it_end = it->offset + it->nbytes, longer = it_end > end ? it_end : end;
    uint64_t between = it->offset > end ? it->offset - end : 0;
    if (range != AT_ONCE && between <= r->joining.gap && longer - begin <= r->joining.max) {
      window += longer - end;
      end = longer;
    } else {
      range = range == AT_ONCE ? 0 : range + 1;
      begin = it->offset;
      end = it_end;
      if (range > 0 && (range == AT_ONCE || window + it->nbytes > r->joining.window)) {
        r->windows[r->nwindows++] = i;
        range = 0;
        window = 0;
      }
      window += it->nbytes;
    }
    it->range = range;
  }
  const zarrc_spec *spec = zarrc_pipeline_spec(r->shard->inner);
  uint64_t each = (uint64_t)zarrc_spec_nitems(spec) * spec->dtype.item_size + 1;
  size_t step = each < FILLED_NBYTES ? (size_t)(FILLED_NBYTES / each) : 1, last = r->npresent + r->nmissing;
  for (size_t i = r->npresent; i < last; i += step < last - i ? step : last - i) r->windows[r->nwindows++] = i;
  r->windows[r->nwindows] = last;
}

/* ----------------------------------------------------------------------------------------------- one window */

typedef struct window {
  const reading *r;
  size_t first; /* item */
  zarrc_range *ranges;
  uint64_t *begin; /* offset of each range */
} window;

static zarrc_status read_item(void *arg, size_t i, zarrc_error *error) {
  const window *w = arg;
  const reading *r = w->r;
  const item *it = &r->items[w->first + i];
  zarrc_touch touch;
  zarrc_shard_touch(r->shard, &r->touched, it->k, r->region, r->to, &touch);
  if (it->range == RANGED) {
    zarrc_range_blob part;
    zarrc_range_blob_init(&part, r->blob, it->offset, it->nbytes);
    return read_inner(r, &touch, &part.blob, it->offset, error);
  }
  zarrc_memory_blob part;
  const uint8_t *bytes = it->range == MISSING ? NULL : w->ranges[it->range].got.ptr;
  zarrc_memory_blob_init(&part, r->ctx, it->nbytes ? bytes + (it->offset - w->begin[it->range]) : NULL,
                         (size_t)it->nbytes);
  part.present = it->range != MISSING;
  zarrc_status status = read_inner(r, &touch, &part.blob, it->offset, error);
  zarrc_memory_blob_clear(&part);
  return status;
}

/* Called if the ranges of a window must be fetched first. Asks for what is read by ranges of its own as well. */
static zarrc_status ask_rest(const window *w, size_t nitems, zarrc_error *error) {
  for (size_t k = 0; k < nitems; k++) {
    if (w->r->items[w->first + k].range != RANGED) continue;
    zarrc_status status = read_item((void *)w, k, error);
    if (status && status != ZARRC_PENDING) return status;
  }
  return zarrc_fail(error, ZARRC_PENDING, "inner chunks are not fetched yet");
}

/* Reads the ranges of a window and decodes its items. */
static zarrc_status read_ranges(window *w, size_t nitems, zarrc_error *error) {
  zarrc_range ranges[AT_ONCE];
  uint64_t begin[AT_ONCE];
  size_t n = 0;
  for (size_t k = 0; k < nitems; k++) {
    const item *it = &w->r->items[w->first + k];
    if (it->range == RANGED) continue;
    if (it->range == n) {
      begin[n] = it->offset;
      ranges[n++] = (zarrc_range){.offset = (int64_t)it->offset};
    }
    uint64_t nbytes = it->offset + it->nbytes - begin[it->range];
    if (nbytes > ranges[it->range].nbytes) ranges[it->range].nbytes = nbytes;
  }
  zarrc_status status = n ? zarrc_blob_read(w->r->blob, ranges, n, error) : ZARRC_OK;
  if (status == ZARRC_PENDING) return ask_rest(w, nitems, error);
  if (status) return status;
  w->ranges = ranges;
  w->begin = begin;
  status = zarrc_for_each(w->r->ctx, nitems, read_item, w, error);
  zarrc_ranges_release(ranges, n);
  return status;
}

static zarrc_status read_window(void *arg, size_t i, zarrc_error *error) {
  const reading *r = arg;
  window w = {.r = r, .first = r->windows[i]};
  size_t nitems = r->windows[i + 1] - w.first;
  item *last = &r->items[w.first + nitems - 1];
  if (last->range != MISSING && (last->range != RANGED || nitems > 1)) return read_ranges(&w, nitems, error);
  bool pending = false;
  for (size_t k = 0; k < nitems; k++) {
    zarrc_status status = read_item(&w, k, error);
    if (status && status != ZARRC_PENDING) return status;
    pending = pending || status;
  }
  return pending ? ZARRC_PENDING : ZARRC_OK;
}

/* Reads the wanted inner chunks. */
static zarrc_status read_wanted(reading *r, const zarrc_shard_index *index, zarrc_error *error) {
  item few[FEW];
  size_t few_windows[FEW + 2], n = (size_t)r->touched.n;
  zarrc_bytes items = {0}, windows = {0};
  zarrc_status status = ZARRC_OK;
  r->items = few;
  r->windows = few_windows;
  if (n > FEW) {
    status = zarrc_scratch_take(r->ctx, n * sizeof *r->items, &items, error);
    if (!status) status = zarrc_scratch_take(r->ctx, (n + 2) * sizeof *r->windows, &windows, error);
    r->items = (item *)(void *)items.ptr;
    r->windows = (size_t *)(void *)windows.ptr;
  }
  if (!status) status = list_items(r, index, error);
  if (!status) {
    cut_windows(r);
    status = zarrc_for_each(r->ctx, r->nwindows, read_window, r, error);
  }
  zarrc_bytes_release(&windows);
  zarrc_bytes_release(&items);
  return status;
}

/* Asks for the whole shard, with the index that has been asked for and all inner chunks: one request is then
 * enough, where the data would follow the index. Nothing is asked for if the shard may be longer than what is read at
 * once. Returns ZARRC_PENDING, and leaves the error as it is. */
static zarrc_status ask_whole(const reading *r, const zarrc_spec *spec) {
  uint64_t ninner = 1, nbytes, nitems = (uint64_t)zarrc_spec_nitems(spec);
  for (int i = 0; i < r->shard->ndim; i++) {
    ninner *= (uint64_t)r->shard->grid[i];
    bool leaves_out = r->region->step[i] > r->shard->chunk_shape[i]; /* then some of the touched ones may be empty */
    if (leaves_out || (r->region->step[i] != 1 && r->shard->nesting > 1)) return ZARRC_PENDING;
  }
  bool fits = zarrc_mul_u64(nitems, spec->dtype.item_size, &nbytes) && nbytes <= WHOLE_NBYTES;
  if (!fits || r->touched.n < ninner) return ZARRC_PENDING;
  zarrc_range whole = {.nbytes = nbytes + nbytes / 8 + 32 * ninner + 4096, .to_end = true};
  if (zarrc_blob_read(r->blob, &whole, 1, NULL) == ZARRC_OK) zarrc_bytes_release(&whole.got);
  return ZARRC_PENDING;
}

zarrc_status zarrc_shard_read(const zarrc_codec *codec, const zarrc_spec *spec, zarrc_blob *blob,
                              const zarrc_region *region, const zarrc_view *to, zarrc_error *error) {
  const zarrc_shard *shard = zarrc_codec_instance(codec);
  zarrc_shard_index index;
  zarrc_status status = zarrc_shard_check(shard, spec, error);
  if (status) return status;
  reading r = {.shard = shard,
               .ctx = zarrc_codec_ctx(codec),
               .blob = blob,
               .region = region,
               .to = to,
               .touched = zarrc_shard_touched(shard, region),
               .joining = joining_of(zarrc_codec_ctx(codec), spec, blob),
               .ranged = ranged_above(shard->inner, blob)};
  status = zarrc_shard_index_read(shard, r.ctx, blob, &index, error);
  if (status == ZARRC_PENDING) return ask_whole(&r, spec);
  if (status) return status;
  /* ZARRC_NOT_FOUND is possible here: in a store without snapshots the shard may be erased after its index was read. */
  status = read_wanted(&r, &index, error);
  zarrc_shard_index_release(&index);
  return status;
}

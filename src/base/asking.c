/* SPDX-License-Identifier: MIT */
/* Values of which only some bytes have been fetched. Readers note what is missing; the host fetches it. */
#include "base/asking.h"

#include "base/checked.h"
#include "base/sort.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* Fetched bytes, with the number of loans of them. */
typedef struct piece {
  zarrc_ctx *ctx;
  atomic_size_t owners;
  zarrc_bytes bytes;
} piece;

/* Fetched bytes of the value, from begin to end. */
typedef struct extent {
  uint64_t begin, end;
  const uint8_t *ptr; /* inside the piece */
  piece *piece;
} extent;

struct zarrc_asking {
  zarrc_blob blob;
  zarrc_ctx *ctx;
  zarrc_blob_traits traits;
  bool missing;
  uint64_t total;    /* length of the value, or ZARRC_UNKNOWN. In that case: */
  uint64_t most;     /* the greatest length it may have */
  extent tail;       /* its last bytes, with offsets from 0; piece NULL: none have been fetched */
  zarrc_buf extents; /* in ascending order, without overlaps */
  pthread_mutex_t lock;
  zarrc_buf wishes; /* zarrc_range items: what reads have noted; guarded by lock */
  zarrc_buf wanted; /* zarrc_range items: the list that was returned last; guarded by lock */
};

/* ------------------------------------------------------------------------------------------------------- pieces */

static void piece_drop(piece *p) {
  if (!p || atomic_fetch_sub(&p->owners, 1) != 1) return;
  zarrc_bytes_release(&p->bytes);
  zarrc_free(p->ctx, p);
}

static void loan_release(zarrc_bytes *bytes) {
  piece_drop(bytes->owner);
}

static extent *extents_of(const zarrc_asking *a, size_t *n) {
  *n = a->extents.len / sizeof(extent);
  return (extent *)(void *)a->extents.ptr;
}

/* Returns the index of the first extent that ends after `at`. */
static size_t extent_behind(const zarrc_asking *a, uint64_t at) {
  size_t n, low = 0;
  const extent *e = extents_of(a, &n);
  while (low < n) {
    size_t middle = low + (n - low) / 2;
    if (e[middle].end > at)
      n = middle;
    else
      low = middle + 1;
  }
  return low;
}

/* Inserts an extent, and takes over its piece. Where it overlaps others, they stay, and it is divided or shortened. */
static zarrc_status extent_insert(zarrc_asking *a, extent new, zarrc_error *error) {
  size_t i = extent_behind(a, new.begin), n;
  zarrc_status status = zarrc_buf_reserve(&a->extents, sizeof new, error);
  extent *e = extents_of(a, &n);
  if (!status && i < n && e[i].begin <= new.begin) {
    uint64_t by = e[i].end - new.begin;
    new.begin += by;
    new.ptr += by;
    i++;
  }
  extent rest = new;
  bool more = !status && i < n && e[i].begin < new.end;
  if (more) new.end = e[i].begin;
  if (status || new.begin >= rest.end) {
    piece_drop(new.piece);
    return status;
  }
  if (more) {
    atomic_fetch_add(&rest.piece->owners, 1);
    rest.ptr += e[i].begin - rest.begin;
    rest.begin = e[i].begin;
  }
  if (new.begin < new.end) {
    memmove(e + i + 1, e + i, (n - i) * sizeof *e);
    e[i] = new;
    a->extents.len += sizeof *e;
  } else {
    piece_drop(new.piece);
  }
  return more ? extent_insert(a, rest, error) : ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------------ serving */

/* Lends bytes of one extent, or copies them to range->into. */
static void lend(zarrc_range *range, const extent *e, uint64_t from, size_t nbytes) {
  const uint8_t *ptr = e->ptr + (from - e->begin);
  if (range->into) {
    if (nbytes) memcpy(range->into, ptr, nbytes);
    range->got = (zarrc_bytes){range->into, nbytes, NULL, NULL};
    return;
  }
  atomic_fetch_add(&e->piece->owners, 1);
  range->got = (zarrc_bytes){ptr, nbytes, loan_release, e->piece};
}

/* Serves bytes of the value. ZARRC_PENDING, without a message: some are missing. */
static zarrc_status serve_bytes(const zarrc_asking *a, zarrc_range *range, uint64_t start, size_t nbytes,
                                zarrc_error *error) {
  static const uint8_t nothing = 0;
  size_t n, i = extent_behind(a, start);
  const extent *e = extents_of(a, &n);
  uint64_t end = start + nbytes, at = start;
  if (nbytes == 0) {
    range->got = (zarrc_bytes){range->into ? range->into : &nothing, 0, NULL, NULL};
    return ZARRC_OK;
  }
  for (size_t k = i; k < n && at < end && e[k].begin <= at; k++) at = e[k].end;
  if (at < end) return ZARRC_PENDING;
  if (e[i].end >= end) {
    lend(range, &e[i], start, nbytes);
    return ZARRC_OK;
  }
  zarrc_bytes joined = {.ptr = range->into, .len = nbytes};
  zarrc_status status = range->into ? ZARRC_OK : zarrc_scratch_take(a->ctx, nbytes, &joined, error);
  if (status) return status;
  for (at = start; at < end; at = e[i++].end) {
    uint64_t until = e[i].end < end ? e[i].end : end;
    memcpy((uint8_t *)joined.ptr + (at - start), e[i].ptr + (at - e[i].begin), (size_t)(until - at));
  }
  range->got = joined;
  return ZARRC_OK;
}

/* Serves a range that is counted from the end, while the length of the value is unknown. */
static zarrc_status serve_tail(const zarrc_asking *a, zarrc_range *range, zarrc_error *error) {
  uint64_t back = 0 - (uint64_t)range->offset, nbytes = range->to_end ? back : range->nbytes;
  if (back > a->tail.end) return ZARRC_PENDING;
  if (nbytes > range->nbytes)
    return zarrc_fail(error, ZARRC_LIMIT, "%llu bytes, of which at most %llu may be read", (unsigned long long)nbytes,
                      (unsigned long long)range->nbytes);
  if (nbytes > back)
    return zarrc_fail(error, ZARRC_TRUNCATED, "%llu bytes wanted of the last %llu bytes", (unsigned long long)nbytes,
                      (unsigned long long)back);
  lend(range, &a->tail, a->tail.end - back, (size_t)nbytes);
  return ZARRC_OK;
}

/* Serves a range while the length of the value is unknown. */
static zarrc_status serve_part(const zarrc_asking *a, zarrc_range *range, zarrc_error *error) {
  uint64_t end;
  range->total = ZARRC_UNKNOWN;
  if (range->offset < 0) return serve_tail(a, range, error);
  bool inside = zarrc_add_u64((uint64_t)range->offset, range->to_end ? 1 : range->nbytes, &end) && end <= a->most;
  if (!inside)
    return zarrc_fail(error, ZARRC_TRUNCATED, "%llu bytes at %lld wanted of a value of at most %llu bytes",
                      (unsigned long long)range->nbytes, (long long)range->offset, (unsigned long long)a->most);
  if (range->to_end || range->nbytes > SIZE_MAX) return ZARRC_PENDING;
  if (range->nbytes == 0 && end != a->most) { /* a single byte shows that there is a value */
    size_t n, i = extent_behind(a, end);
    const extent *e = extents_of(a, &n);
    if (i == n || e[i].begin > end) return ZARRC_PENDING;
  }
  return serve_bytes(a, range, (uint64_t)range->offset, (size_t)range->nbytes, error);
}

static zarrc_status serve(const zarrc_asking *a, zarrc_range *range, zarrc_error *error) {
  uint64_t start;
  size_t nbytes;
  range->got = (zarrc_bytes){0};
  if (a->total == ZARRC_UNKNOWN) return serve_part(a, range, error);
  zarrc_status status = zarrc_range_locate(range, a->total, &start, &nbytes, error);
  return status ? status : serve_bytes(a, range, start, nbytes, error);
}

static zarrc_status note(zarrc_asking *a, const zarrc_range *range, zarrc_error *error) {
  zarrc_range wish = *range;
  if (wish.nbytes == 0 && wish.offset >= 0 && !wish.to_end) wish.nbytes = 1;
  pthread_mutex_lock(&a->lock);
  zarrc_status status = zarrc_buf_append(&a->wishes, &wish, sizeof wish, error);
  pthread_mutex_unlock(&a->lock);
  return status;
}

/* A failure counts only if all ranges before it have been served, so that the same one is always reported. */
static zarrc_status asking_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  zarrc_asking *a = (zarrc_asking *)blob;
  zarrc_status status = ZARRC_OK;
  bool pending = false;
  size_t i = 0;
  if (a->missing) return zarrc_fail(error, ZARRC_NOT_FOUND, "no value");
  for (; i < n && !status; i++) {
    status = serve(a, &ranges[i], error);
    if (status == ZARRC_PENDING) {
      status = note(a, &ranges[i], error);
      pending = true;
    } else if (pending && status != ZARRC_NO_MEMORY) {
      status = ZARRC_OK;
    }
  }
  if (!status && pending) status = zarrc_fail(error, ZARRC_PENDING, "it has to be fetched first");
  if (status) zarrc_ranges_release(ranges, i);
  return status;
}

/* ----------------------------------------------------------------------------------------------- what is wanted */

/* The list of wanted ranges, while it is being made. */
typedef struct listing {
  zarrc_asking *asking;
  uint64_t gap, max;
  uint64_t tail;              /* number of last bytes that are wanted */
  uint64_t rest, rest_nbytes; /* everything from `rest` on is wanted, at most so many bytes; ZARRC_UNKNOWN: it is not */
  bool open;                  /* the last range of the list may be joined with the next one */
} listing;

/* Appends missing bytes, which lie after those in the list. */
static zarrc_status list_hole(listing *l, uint64_t begin, uint64_t end, zarrc_error *error) {
  zarrc_buf *wanted = &l->asking->wanted;
  zarrc_range *last = wanted->len ? (zarrc_range *)(void *)(wanted->ptr + wanted->len) - 1 : NULL;
  if (last && l->open) {
    uint64_t last_end = (uint64_t)last->offset + last->nbytes;
    if (begin - last_end <= l->gap && end - (uint64_t)last->offset <= l->max) {
      last->nbytes = end - (uint64_t)last->offset;
      return ZARRC_OK;
    }
  }
  zarrc_range range = {.offset = (int64_t)begin, .nbytes = end - begin, .total = ZARRC_UNKNOWN};
  l->open = true;
  return zarrc_buf_append(wanted, &range, sizeof range, error);
}

/* Appends those of the wanted bytes that are missing. Ranges are not joined across bytes that have been fetched. */
static zarrc_status list_bytes(listing *l, uint64_t begin, uint64_t end, zarrc_error *error) {
  size_t n, i = extent_behind(l->asking, begin);
  const extent *e = extents_of(l->asking, &n);
  zarrc_status status = ZARRC_OK;
  /* has anything been fetched between the last range and this one? */
  const zarrc_buf *wanted = &l->asking->wanted;
  if (wanted->len && l->open) {
    const zarrc_range *last = (const zarrc_range *)(const void *)(wanted->ptr + wanted->len) - 1;
    size_t k = extent_behind(l->asking, (uint64_t)last->offset + last->nbytes);
    l->open = k >= n || e[k].begin >= begin;
  }
  while (begin < end && !status) {
    if (i >= n || e[i].begin >= end) return list_hole(l, begin, end, error);
    if (e[i].begin > begin) status = list_hole(l, begin, e[i].begin, error);
    begin = e[i++].end;
    l->open = false;
  }
  return status;
}

/* Takes a wish whose position depends on the length of the value, while that is unknown. Returns false for others. */
static bool list_unlocated(listing *l, const zarrc_range *wish) {
  if (wish->offset < 0) {
    uint64_t back = 0 - (uint64_t)wish->offset;
    if (back > l->tail) l->tail = back;
    return true;
  }
  if (!wish->to_end) return false;
  uint64_t offset = (uint64_t)wish->offset, end = offset + wish->nbytes, end_before = l->rest + l->rest_nbytes;
  if (end < offset) end = UINT64_MAX;
  if (l->rest == ZARRC_UNKNOWN) {
    l->rest = offset;
    end_before = end;
  } else if (end_before < l->rest) {
    end_before = UINT64_MAX;
  }
  if (offset < l->rest) l->rest = offset;
  l->rest_nbytes = (end > end_before ? end : end_before) - l->rest;
  return true;
}

static zarrc_status list_sorted(listing *l, const zarrc_range *wishes, const uint32_t *index, uint32_t n,
                                zarrc_error *error) {
  zarrc_asking *a = l->asking;
  uint64_t done = 0;
  zarrc_status status = ZARRC_OK;
  for (uint32_t i = 0; i < n && !status; i++) {
    zarrc_range wish = wishes[index[i]];
    uint64_t begin = (uint64_t)wish.offset;
    size_t nbytes = (size_t)wish.nbytes;
    if (a->total != ZARRC_UNKNOWN) {
      if (zarrc_range_locate(&wish, a->total, &begin, &nbytes, NULL)) continue;
    } else if (wish.offset < 0 || wish.to_end) {
      continue;
    }
    uint64_t end = begin + nbytes;
    if (begin < done) begin = done;
    if (l->rest != ZARRC_UNKNOWN && end > l->rest) end = l->rest; /* the rest will be fetched anyway */
    if (begin >= end) continue;
    status = list_bytes(l, begin, end, error);
    done = end;
  }
  return status;
}

/* Returns where a wish begins; those that cannot be located come last. */
static uint64_t key_of(const zarrc_asking *a, const zarrc_range *wish) {
  zarrc_range range = *wish;
  uint64_t start;
  size_t nbytes;
  if (a->total == ZARRC_UNKNOWN) return wish->offset < 0 || wish->to_end ? UINT64_MAX : (uint64_t)wish->offset;
  return zarrc_range_locate(&range, a->total, &start, &nbytes, NULL) ? UINT64_MAX : start;
}

static zarrc_status list_wishes(listing *l, zarrc_error *error) {
  zarrc_asking *a = l->asking;
  const zarrc_range *wishes = (const zarrc_range *)(const void *)a->wishes.ptr;
  size_t n = a->wishes.len / sizeof *wishes;
  zarrc_bytes memory = {0};
  if (n > UINT32_MAX / 2) return zarrc_fail(error, ZARRC_LIMIT, "too many ranges are wanted at once");
  zarrc_status status = zarrc_scratch_take(a->ctx, n * (sizeof(uint64_t) + 2 * sizeof(uint32_t)), &memory, error);
  if (status) return status;
  uint64_t *key = (uint64_t *)(void *)memory.ptr;
  uint32_t *index = (uint32_t *)(void *)(key + n);
  for (size_t i = 0; i < n; i++) {
    key[i] = key_of(a, &wishes[i]);
    index[i] = (uint32_t)i;
    if (a->total == ZARRC_UNKNOWN) list_unlocated(l, &wishes[i]);
  }
  zarrc_sort_by_key(index, (uint32_t)n, key, index + n);
  status = list_sorted(l, wishes, index, (uint32_t)n, error);
  zarrc_bytes_release(&memory);
  return status;
}

/* Appends the rest of the value and, unless it includes them, its last bytes. */
static zarrc_status list_ends(const listing *l, zarrc_error *error) {
  zarrc_buf *wanted = &l->asking->wanted;
  zarrc_range rest = {.offset = (int64_t)l->rest, .nbytes = l->rest_nbytes, .to_end = true, .total = ZARRC_UNKNOWN};
  zarrc_range tail = {.offset = (int64_t)(0 - l->tail), .nbytes = l->tail, .total = ZARRC_UNKNOWN};
  zarrc_status status = ZARRC_OK;
  if (l->rest != ZARRC_UNKNOWN) status = zarrc_buf_append(wanted, &rest, sizeof rest, error);
  if (!status && l->tail && l->rest != 0) status = zarrc_buf_append(wanted, &tail, sizeof tail, error);
  return status;
}

zarrc_status zarrc_asking_wanted(zarrc_asking *a, uint64_t gap, uint64_t max, zarrc_range **ranges, size_t *n,
                                 zarrc_error *error) {
  listing l = {.asking = a, .gap = gap, .max = max, .rest = ZARRC_UNKNOWN};
  zarrc_status status = ZARRC_OK;
  pthread_mutex_lock(&a->lock);
  a->wanted.len = 0;
  if (a->wishes.len) status = list_wishes(&l, error);
  if (!status) status = list_ends(&l, error);
  if (!status) a->wishes.len = 0;
  *ranges = (zarrc_range *)(void *)a->wanted.ptr;
  *n = status ? 0 : a->wanted.len / sizeof **ranges;
  pthread_mutex_unlock(&a->lock);
  return status;
}

/* ------------------------------------------------------------------------------------------------- what was fetched */

/* Derives the length of the value from an answer. */
static zarrc_status total_learn(zarrc_asking *a, const zarrc_range *range, zarrc_error *error) {
  uint64_t total = range->total, end = (uint64_t)range->offset + range->got.len;
  if (total == ZARRC_UNKNOWN) {
    if (range->offset < 0)
      total = range->got.len < range->nbytes ? range->got.len : ZARRC_UNKNOWN;
    else if (range->to_end || range->got.len < range->nbytes)
      total = range->got.len > 0 || range->offset == 0 ? end : ZARRC_UNKNOWN;
    /* nothing came of a range that may begin far beyond the end: only a greatest length is known */
    bool nothing = range->got.len == 0 && (range->nbytes > 0 || range->to_end);
    if (range->offset > 0 && nothing && end < a->most) a->most = end;
  }
  if (total == ZARRC_UNKNOWN) return ZARRC_OK;
  bool same = a->total == ZARRC_UNKNOWN || a->total == total;
  if (!same || (a->tail.piece && a->tail.end > total))
    return zarrc_fail(error, ZARRC_CONFLICT, "the value is being changed: it has %llu bytes now",
                      (unsigned long long)total);
  a->total = total;
  return ZARRC_OK;
}

/* Refuses an answer that cannot be right, whatever the value is. */
static zarrc_status answer_is_possible(const zarrc_range *range, zarrc_error *error) {
  uint64_t len = range->got.len, left = range->total;
  if (len > 0 && !range->got.ptr)
    return zarrc_fail(error, ZARRC_INTERNAL, "%llu bytes came without memory", (unsigned long long)len);
  if (left == ZARRC_UNKNOWN) return ZARRC_OK;
  if (range->offset > 0) left -= (uint64_t)range->offset < left ? (uint64_t)range->offset : left;
  return len <= left ? ZARRC_OK
                     : zarrc_fail(error, ZARRC_INTERNAL, "%llu bytes came at %lld of a value of %llu",
                                  (unsigned long long)len, (long long)range->offset, (unsigned long long)range->total);
}

/* Refuses an answer that lacks bytes of the value. */
static zarrc_status answer_check(const zarrc_asking *a, const zarrc_range *range, zarrc_error *error) {
  uint64_t most = range->nbytes, left = a->total;
  if (a->total == ZARRC_UNKNOWN) return ZARRC_OK;
  if (range->offset >= 0) left = (uint64_t)range->offset < left ? left - (uint64_t)range->offset : 0;
  if (range->to_end && left > most) return ZARRC_OK; /* longer than the range allows: reads fail anyway */
  if (range->got.len >= (left < most ? left : most)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_TRUNCATED, "only %zu bytes came where %llu are stored", range->got.len,
                    (unsigned long long)(left < most ? left : most));
}

/* Moves the last bytes among the extents when the length of the value is known. */
static zarrc_status tail_locate(zarrc_asking *a, zarrc_error *error) {
  extent tail = a->tail;
  if (a->total == ZARRC_UNKNOWN || !tail.piece) return ZARRC_OK;
  a->tail = (extent){0};
  tail.begin += a->total - tail.end;
  tail.end = a->total;
  return extent_insert(a, tail, error);
}

static zarrc_status extent_add(zarrc_asking *a, const zarrc_range *range, extent new, zarrc_error *error) {
  size_t len = range->got.len;
  if (range->offset >= 0) {
    if (!range->to_end && len > range->nbytes) len = (size_t)range->nbytes;
    new.begin = (uint64_t)range->offset;
    new.end = new.begin + len;
    return extent_insert(a, new, error);
  }
  new.end = len;
  if (new.end > a->tail.end) {
    piece_drop(a->tail.piece);
    a->tail = new;
  } else {
    piece_drop(new.piece);
  }
  return ZARRC_OK;
}

zarrc_status zarrc_asking_add(zarrc_asking *a, zarrc_range *range, zarrc_error *error) {
  zarrc_status status = answer_is_possible(range, error);
  piece *p = NULL;
  if (!status) status = total_learn(a, range, error);
  if (!status) status = answer_check(a, range, error);
  if (!status && range->got.len) {
    p = zarrc_malloc(a->ctx, sizeof *p);
    if (!p) status = zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for what was fetched");
  }
  if (status || !p) {
    zarrc_bytes_release(&range->got);
    return status;
  }
  *p = (piece){.ctx = a->ctx, .bytes = range->got};
  atomic_init(&p->owners, 1);
  status = extent_add(a, range, (extent){.ptr = range->got.ptr, .piece = p}, error);
  range->got = (zarrc_bytes){0};
  return status ? status : tail_locate(a, error);
}

void zarrc_asking_set_missing(zarrc_asking *a) {
  zarrc_asking_forget(a);
  a->missing = true;
}

void zarrc_asking_forget(zarrc_asking *a) {
  size_t n;
  extent *e = extents_of(a, &n);
  for (size_t i = 0; i < n; i++) piece_drop(e[i].piece);
  piece_drop(a->tail.piece);
  a->tail = (extent){0};
  a->extents.len = a->wishes.len = 0;
  a->total = a->most = ZARRC_UNKNOWN;
  a->missing = false;
}

zarrc_status zarrc_asking_open(zarrc_ctx *ctx, const zarrc_blob_traits *traits, zarrc_asking **out,
                               zarrc_error *error) {
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops, .read = asking_read};
  zarrc_asking *a = zarrc_malloc(ctx, sizeof *a);
  if (!a) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a list of ranges");
  *a = (zarrc_asking){.ctx = ctx,
                      .traits = zarrc_blob_get_traits(&(zarrc_blob){.traits = traits}),
                      .total = ZARRC_UNKNOWN,
                      .most = ZARRC_UNKNOWN,
                      .extents = zarrc_buf_new(ctx, SIZE_MAX),
                      .wishes = zarrc_buf_new(ctx, SIZE_MAX),
                      .wanted = zarrc_buf_new(ctx, SIZE_MAX)};
  a->traits.deferred = true;
  a->traits.streams = false;
  a->blob = (zarrc_blob){&ops, &a->traits};
  pthread_mutex_init(&a->lock, NULL);
  *out = a;
  return ZARRC_OK;
}

void zarrc_asking_close(zarrc_asking *a) {
  if (!a) return;
  zarrc_asking_forget(a);
  zarrc_buf_clear(&a->extents);
  zarrc_buf_clear(&a->wishes);
  zarrc_buf_clear(&a->wanted);
  pthread_mutex_destroy(&a->lock);
  zarrc_free(a->ctx, a);
}

uint64_t zarrc_asking_nbytes(const zarrc_asking *a) {
  size_t n;
  uint64_t nbytes = a->tail.end;
  const extent *e = extents_of(a, &n);
  for (size_t i = 0; i < n; i++) nbytes += e[i].end - e[i].begin;
  return nbytes;
}

bool zarrc_asking_has_wishes(const zarrc_asking *a) {
  return a->wishes.len > 0;
}

zarrc_blob *zarrc_asking_blob(zarrc_asking *a) {
  return &a->blob;
}

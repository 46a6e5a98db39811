/* SPDX-License-Identifier: MIT */
/* Divides an array that is copied into regions that fit into memory. */
#include "tools/copy.h"

#include "base/pool.h"

/* The assumed size of an element of variable length. */
#define TEXT_BYTES 64
/* The number of regions along an axis that an estimate of the reads looks at. */
#define SAMPLE 4096

static int64_t min64(int64_t a, int64_t b) {
  return a < b ? a : b;
}

static uint64_t item_size(const zarrc_copy_item *a) {
  const zarrc_dtype *dtype = zarrc_array_dtype(a->source);
  return zarrc_dtype_is_variable(dtype) ? TEXT_BYTES : dtype->item_size;
}

/* Returns the number of elements in the chunks [first, first + count) along an axis, and the first of them. */
static int64_t extent(const zarrc_array *array, int axis, int64_t first, int64_t count, int64_t *start) {
  const zarrc_grid *grid = zarrc_array_grid(array);
  int64_t length = zarrc_array_shape(array)[axis], last = first + count - 1;
  *start = zarrc_grid_first(grid, axis, first);
  int64_t end = zarrc_grid_first(grid, axis, last), edge = zarrc_grid_edge(grid, axis, last);
  return (edge > length - end ? length : end + edge) - *start;
}

/* Returns how many source objects the regions of m destination chunks touch along an axis, all together. */
static double reads_along(const zarrc_copy_item *a, int axis, int64_t m) {
  const zarrc_grid *grid = zarrc_array_grid(a->source);
  int64_t n = a->to.object_grid[axis], regions = (n - 1) / m + 1, touched = 0, seen = min64(regions, SAMPLE), start;
  for (int64_t r = 0; r < seen; r++) {
    int64_t count = extent(a->model, axis, r * m, min64(m, n - r * m), &start);
    touched += zarrc_grid_find(grid, axis, start + count - 1) - zarrc_grid_find(grid, axis, start) + 1;
  }
  return (double)touched / (double)seen * (double)regions;
}

static int64_t longest_edge(const zarrc_array *array, int axis, int64_t nchunks) {
  const zarrc_grid *grid = zarrc_array_grid(array);
  int64_t longest = 0;
  for (int64_t i = 0; i < (grid->kind == ZARRC_REGULAR ? min64(nchunks, 1) : nchunks); i++)
    if (zarrc_grid_edge(grid, axis, i) > longest) longest = zarrc_grid_edge(grid, axis, i);
  return longest;
}

/* Returns the size of the largest region of m destination chunks. */
static uint64_t bytes_of(const zarrc_copy_item *a, const int64_t *m) {
  uint64_t nbytes = item_size(a);
  for (int i = 0; i < a->to.ndim; i++) {
    uint64_t edge = zarrc_times((uint64_t)longest_edge(a->model, i, a->to.object_grid[i]), (uint64_t)m[i]);
    uint64_t length = (uint64_t)zarrc_array_shape(a->model)[i];
    nbytes = zarrc_times(nbytes, edge < length ? edge : length);
  }
  return nbytes;
}

static uint64_t object_bytes(const zarrc_array *array, const zarrc_chunk_layout *l, uint64_t item, bool whole) {
  uint64_t nbytes = item;
  for (int i = 0; i < l->ndim; i++)
    nbytes = zarrc_times(nbytes, (uint64_t)(whole ? longest_edge(array, i, l->object_grid[i]) : l->chunk_shape[i]));
  return nbytes;
}

/* Returns how many bytes of an object are encoded before they are stored: all, or one batch of inner chunks, if the
 * shard's index is at the end and no other codec encodes the shard. */
static uint64_t encoded_at_once(const zarrc_copy_item *a, unsigned threads) {
  uint64_t all = object_bytes(a->model, &a->to, item_size(a), true);
  uint64_t inner = object_bytes(a->model, &a->to, item_size(a), false);
  uint64_t batch = zarrc_times(zarrc_times(threads, ZARRC_SHARD_BATCH_A_THREAD), inner);
  zarrc_shard_level shards = {.struct_size = sizeof shards};
  if (!zarrc_array_shard_level(a->model, 0, &shards)) return all;
  if (!shards.alone || shards.index_location != ZARRC_INDEX_END) return all;
  if (batch < ZARRC_SHARD_BATCH_NBYTES) batch = ZARRC_SHARD_BATCH_NBYTES;
  return batch < all ? batch : all;
}

/* The memory of a copy is the sum of: for each region that is copied at the same time, one buffer (two with check); for
 * each thread, a source chunk encoded and decoded; for each object that is encoded, its elements and encoded bytes. */
typedef struct needs {
  uint64_t source, target; /* bytes of a decoded source chunk; bytes of an object that are encoded at once */
  unsigned threads, buffers;
  bool waits; /* a lane waits for a server while it holds an encoded object */
} needs;

/* Returns the size of a window: a box of inner chunks that contains one batch. */
static uint64_t window_of(const needs *n) {
  return zarrc_times(ZARRC_SHARD_BOX_OF_A_BATCH, n->target);
}

/* Returns whether an object can be written window by window. */
static bool can_be_windowed(const zarrc_copy_item *a, const needs *n, bool check) {
  uint64_t all = object_bytes(a->model, &a->to, item_size(a), true);
  return !check && n->target < all && !zarrc_dtype_is_variable(zarrc_array_dtype(a->source));
}

static uint64_t need_of(const needs *n, const zarrc_copy_item *a, uint64_t region, unsigned lanes) {
  uint64_t nobjects = 1, encoding; /* of a region; at most one object a lane is encoded at the same time if it is one */
  for (int i = 0; i < a->to.ndim; i++) nobjects = zarrc_times(nobjects, (uint64_t)a->cut.m[i]);
  encoding = nobjects == 1 && lanes < n->threads ? lanes : n->threads;
  if (n->waits) encoding = zarrc_times(lanes, nobjects < ZARRC_MOST_WAITING ? nobjects : ZARRC_MOST_WAITING);
  encoding = zarrc_times(encoding, zarrc_times(2, n->target));
  uint64_t sum = zarrc_times(n->threads, zarrc_times(2, n->source));
  uint64_t held = zarrc_times(zarrc_times(lanes, n->buffers), region);
  return zarrc_plus(zarrc_plus(sum, encoding), held);
}

/* Returns the memory for one region at a time. Lowers n->threads, to 1 at least, until it fits. */
static uint64_t need_of_one(needs *n, const zarrc_copy_item *a, uint64_t region, uint64_t memory) {
  while (n->threads > 1 && need_of(n, a, region, 1) > memory) n->threads--;
  return need_of(n, a, region, 1);
}

/* Returns a larger m for an axis. which: 0: as long as a source chunk; 1: up to where both grids have an edge; 2: twice
 * as long; 3: the whole axis. */
static int64_t candidate(const zarrc_copy_item *a, int axis, int which) {
  int64_t d = a->to.object_shape[axis], s = a->from.object_shape[axis], n = a->to.object_grid[axis], x = d, y = s, out;
  while (y != 0) {
    int64_t rest = x % y;
    x = y;
    y = rest;
  }
  out = which == 0 ? (s - 1) / d + 1 : which == 1 ? s / x : which == 2 ? min64(a->cut.m[axis], n / 2) * 2 : n;
  return min64(out, n);
}

/* Enlarges the regions along the axis where this saves most reads. Returns false if nothing that fits saves any. */
static bool grow(zarrc_copy_item *a, const needs *n, uint64_t memory) {
  double best = 1; /* a later candidate must be better by 2 %, so that small gains do not enlarge regions */
  int64_t best_m = 0;
  int best_axis = -1;
  for (int axis = 0; axis < a->to.ndim; axis++) {
    int64_t old = a->cut.m[axis];
    double before = reads_along(a, axis, old);
    for (int which = 0; which < 4; which++) {
      int64_t m = candidate(a, axis, which);
      if (m <= old) continue;
      a->cut.m[axis] = m;
      double gain = before / reads_along(a, axis, m);
      if (gain > best * 1.02 && need_of(n, a, bytes_of(a, a->cut.m), 1) <= memory) {
        best = gain;
        best_m = m;
        best_axis = axis;
      }
      a->cut.m[axis] = old;
    }
  }
  if (best_axis >= 0) a->cut.m[best_axis] = best_m;
  return best_axis >= 0;
}

static void count_regions(zarrc_copy_item *a) {
  double reads = 1;
  a->cut.region_nbytes = bytes_of(a, a->cut.m);
  for (int i = 0; i < a->to.ndim; i++) {
    int64_t n = a->to.object_grid[i];
    a->cut.nregions[i] = n > 0 ? (n - 1) / a->cut.m[i] + 1 : 0;
    reads *= n > 0 ? reads_along(a, i, a->cut.m[i]) : 0;
  }
  a->cut.total_regions = zarrc_product(a->cut.nregions, a->to.ndim);
  a->reads.n = reads < 1e18 ? (uint64_t)(reads + 0.5) : UINT64_MAX;
}

static zarrc_status refuse(const zarrc_copy_item *a, zarrc_error *error) {
  double mib = (double)a->cut.memory / (1 << 20);
  return zarrc_fail(error, ZARRC_LIMIT, "%.200s%sto copy in these chunks takes %.1f %s of memory", a->path,
                    a->path[0] ? ": " : "", mib < 1024 ? mib : mib / 1024, mib < 1024 ? "MiB" : "GiB");
}

zarrc_status zarrc_copy_cut(zarrc_copy_item *a, uint64_t memory, bool check, unsigned *threads, zarrc_error *error) {
  needs n = {.threads = *threads, .buffers = check ? 2 : 1, .waits = a->cut.waits};
  for (int i = 0; i < a->to.ndim; i++) a->cut.m[i] = 1;
  a->cut.at_once = 1;
  if (a->to.nobjects == 0) {
    count_regions(a);
    return ZARRC_OK;
  }
  n.source = object_bytes(a->source, &a->from, item_size(a), !a->from.sharded);
  n.target = encoded_at_once(a, n.threads);
  a->cut.memory = need_of_one(&n, a, bytes_of(a, a->cut.m), memory);
  if (a->cut.memory > memory && can_be_windowed(a, &n, check)) {
    n.threads = *threads;
    a->cut.memory = need_of_one(&n, a, window_of(&n), memory);
    a->cut.windowed = a->cut.memory <= memory;
  }
  if (a->cut.memory > memory) return refuse(a, error);
  *threads = n.threads;
  if (a->cut.windowed) {
    uint64_t all = bytes_of(a, a->cut.m);
    count_regions(a);
    a->cut.region_nbytes = window_of(&n);
    uint64_t reads = zarrc_times(a->cut.total_regions, (all - 1) / n.target + 1);
    if (a->reads.n < reads) a->reads.n = reads;
    return ZARRC_OK;
  }
  while (grow(a, &n, memory)) {
  }
  count_regions(a);
  unsigned most = n.waits && n.threads < ZARRC_MOST_WAITING ? ZARRC_MOST_WAITING : n.threads;
  while (a->cut.at_once < most && a->cut.at_once < a->cut.total_regions &&
         need_of(&n, a, a->cut.region_nbytes, a->cut.at_once + 1) <= memory)
    a->cut.at_once++;
  a->cut.memory = need_of(&n, a, a->cut.region_nbytes, a->cut.at_once);
  return ZARRC_OK;
}

/* The most encoded bytes that are held of one object that is copied as it is stored, and the fewest. */
#define MAX_PIECE ((uint64_t)8 << 20)
#define MIN_PIECE ((uint64_t)64 << 10)

/* Chooses how much of an object is decoded at once, to check it: all or, if that needs too much memory, one inner
 * chunk. Returns the memory: the elements, and for decoding them as much again twice. */
static uint64_t choose_checked(zarrc_copy_item *a, uint64_t memory) {
  const uint64_t copies = 3;
  uint64_t need = zarrc_times(copies, object_bytes(a->source, &a->from, item_size(a), true));
  bool whole = need <= memory || !a->from.sharded;
  if (!whole) need = zarrc_times(copies, object_bytes(a->source, &a->from, item_size(a), false));
  for (int i = 0; i < a->from.ndim; i++)
    a->cut.checked[i] = whole ? longest_edge(a->source, i, a->from.object_grid[i]) : a->from.chunk_shape[i];
  return need;
}

zarrc_status zarrc_copy_cut_as_stored(zarrc_copy_item *a, uint64_t memory, unsigned threads, zarrc_error *error) {
  if (a->cut.waits && threads < ZARRC_MOST_WAITING) threads = ZARRC_MOST_WAITING;
  uint64_t share = memory / (threads > 0 ? threads : 1), piece = share / 4;
  a->cut.piece = piece > MAX_PIECE ? MAX_PIECE : piece < MIN_PIECE ? MIN_PIECE : piece;
  uint64_t need = a->cut.piece;
  if (!a->encoded) need = zarrc_plus(need, choose_checked(a, share - piece));
  for (a->cut.at_once = threads; a->cut.at_once > 1 && zarrc_times(need, a->cut.at_once) > memory;) a->cut.at_once--;
  a->cut.memory = zarrc_times(need, a->cut.at_once);
  if (!a->encoded && a->cut.memory > memory) return refuse(a, error);
  a->cut.region_nbytes = need;
  a->cut.total_regions = a->to.nobjects;
  for (int i = 0; i < a->to.ndim; i++) {
    a->cut.m[i] = 1;
    a->cut.nregions[i] = a->to.object_grid[i];
  }
  return ZARRC_OK;
}

void zarrc_copy_region(const zarrc_copy_item *a, uint64_t number, zarrc_region *region, int64_t *first,
                       int64_t *count) {
  for (int i = a->to.ndim - 1; i >= 0; i--) {
    first[i] = (int64_t)(number % (uint64_t)a->cut.nregions[i]) * a->cut.m[i];
    number /= (uint64_t)a->cut.nregions[i];
    count[i] = min64(a->cut.m[i], a->to.object_grid[i] - first[i]);
    region->count[i] = extent(a->model, i, first[i], count[i], &region->start[i]);
    region->step[i] = 1;
  }
}

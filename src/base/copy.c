/* SPDX-License-Identifier: MIT */
/*
 * Copies of strided memory. First the copy is simplified: few axes are left, and the destination is written in the
 * order of memory. Then one of four loops does it:
 *   rows    the elements are contiguous runs of bytes in both memories
 *   turn    source and destination are contiguous along different axes: tiles are transposed in registers
 *   repeat  the same element is written to contiguous memory
 *   items   anything else, element by element, in blocks that fit the cache
 */
#include "base/copy.h"
#include "base/checked.h"

/* A destination larger than the caches near a core is written bypassing them: from STREAM_SPAN bytes on if it is part
 * of a larger memory, from STREAM_PACKED bytes on if it is contiguous and may be read again soon. Copies of less than
 * STREAM_BYTES never are. */
#define STREAM_SPAN   ((int64_t)2 << 20)
#define STREAM_PACKED ((int64_t)16 << 20)
#define STREAM_BYTES  ((int64_t)32 << 10)

/* The size of blocks of elements that are copied one by one: the axes that are fastest in source and destination. */
#define BLOCK_BYTES 256
#define BLOCK_ITEMS 32

/* When tiles are faster than copying element by element (measured): for elements of at least TURN_WIDE bytes only if
 * the caches are bypassed; for smaller ones if there are enough columns and rows. */
#define TURN_WIDE    8
#define TURN_COLUMNS 8
#define TURN_ROWS    3

/* A row of one repeated element is copied from the first row if it is short, and as any other copy if it is tiny. */
#define REPEAT_BYTES 16384
#define REPEAT_LEAST 64

typedef struct plan {
  const zarrc_copy_kernels *kernels;
  int naxes; /* outermost first by the destination's steps, which are positive */
  zarrc_copy_axis axes[ZARRC_COPY_MAX_AXES];
  uint8_t *dst;
  const uint8_t *src;
  unsigned item, unit; /* item: 1, 2, 4, 8 or 16 */
  size_t run;          /* contiguous bytes in both memories: item, or more */
  bool stream;
} plan;

static const zarrc_copy_axis one = {1, 0, 0};

static uint64_t magnitude(int64_t x) {
  return x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
}

static void flip(zarrc_copy_axis *a, uint8_t **dst, const uint8_t **src) {
  *dst += (a->n - 1) * a->d;
  *src += (a->n - 1) * a->s;
  a->d = -a->d;
  a->s = -a->s;
}

static bool is_times(int64_t outer, int64_t n, int64_t inner) {
  int64_t x;
  return zarrc_mul_i64(n, inner, &x) && x == outer;
}

int zarrc_copy_simplify(zarrc_copy_axis *axes, int naxes, uint8_t **dst, const uint8_t **src) {
  int n = 0, joined = 0;
  for (int i = 0; i < naxes; i++) {
    zarrc_copy_axis a = axes[i];
    int k = n;
    if (a.n == 1) continue;
    if (a.d < 0) flip(&a, dst, src);
    for (; k > 0 && axes[k - 1].d < a.d; k--) axes[k] = axes[k - 1];
    axes[k] = a;
    n++;
  }
  for (int i = 0; i < n; i++) {
    zarrc_copy_axis a = axes[i];
    if (joined && is_times(axes[joined - 1].d, a.n, a.d) && is_times(axes[joined - 1].s, a.n, a.s)) {
      a.n *= axes[--joined].n;
    }
    axes[joined++] = a;
  }
  return joined;
}

/* Makes the innermost axis part of the element if it is contiguous in both memories. */
static void find_run(plan *p) {
  p->run = p->item;
  if (!p->naxes) return;
  const zarrc_copy_axis a = p->axes[p->naxes - 1];
  if (a.d != p->item || a.s != p->item) return;
  p->run = (size_t)a.n * p->item;
  p->naxes--;
  if (p->run <= 16 && (p->run & (p->run - 1)) == 0) p->item = (unsigned)p->run;
}

static bool may_stream(const plan *p) {
  const zarrc_copy_axis *a = p->axes;
  int64_t span = (int64_t)p->run, nbytes = (int64_t)p->run;
  if (!p->kernels->can_stream) return false;
  for (int i = 0; i < p->naxes; i++) {
    span += (a[i].n - 1) * a[i].d;
    nbytes *= a[i].n;
  }
  return nbytes >= STREAM_BYTES && span >= (nbytes > span / 2 ? STREAM_PACKED : STREAM_SPAN);
}

/* Copies a rectangle; inner is the faster axis of the destination. */
static void copy_block(const plan *p, const zarrc_copy_block *b) {
  if (p->run == p->item) {
    zarrc_copy_items(b, p->item, p->unit);
  } else {
    p->kernels->rows(b, p->run, p->unit, p->stream);
  }
}

/* The same if outer is the faster axis of the source: block by block. */
static void copy_blocks(const plan *p, const zarrc_copy_block *all) {
  const int64_t most = BLOCK_BYTES / (int64_t)p->run + 1;
  const int64_t outer = all->outer.n < most ? all->outer.n : most;
  const int64_t inner = BLOCK_ITEMS * most / outer;
  for (int64_t i = 0; i < all->outer.n; i += outer) {
    for (int64_t j = 0; j < all->inner.n; j += inner) {
      zarrc_copy_block b = *all;
      b.dst += i * b.outer.d + j * b.inner.d;
      b.src += i * b.outer.s + j * b.inner.s;
      b.outer.n = b.outer.n - i < outer ? b.outer.n - i : outer;
      b.inner.n = b.inner.n - j < inner ? b.inner.n - j : inner;
      copy_block(p, &b);
    }
  }
}

static void turn(const plan *p, const zarrc_copy_block *b) {
  p->kernels->turn(b, p->item, p->unit, p->stream);
}

/* Writes contiguous rows, each of them one repeated element. */
static void repeat(const plan *p, const zarrc_copy_block *b) {
  const size_t row = (size_t)b->inner.n * p->run;
  const int64_t nrows = b->outer.s || row > REPEAT_BYTES ? b->outer.n : 1;
  for (int64_t i = 0; i < nrows; i++) {
    zarrc_copy_block first = {b->dst + i * b->outer.d, b->src + i * b->outer.s, one, one};
    copy_block(p, &first);
    zarrc_copy_repeat(first.dst, p->run, b->inner.n);
  }
  if (nrows < b->outer.n) {
    zarrc_copy_block rest = {b->dst + b->outer.d, b->dst, {b->outer.n - 1, b->outer.d, 0}, one};
    p->kernels->rows(&rest, row, 1, p->stream);
  }
}

typedef void (*block_fn)(const plan *p, const zarrc_copy_block *b);

/* Takes the axes of the two inner loops out of the plan, and chooses the function for them. */
static block_fn choose(plan *p, zarrc_copy_block *b) {
  b->outer = b->inner = one;
  if (p->naxes) b->inner = p->axes[--p->naxes];
  const bool repeats =
      b->inner.s == 0 && b->inner.d == (int64_t)p->run && b->inner.n >= (int64_t)(REPEAT_LEAST / p->run) + 2;
  uint64_t step = magnitude(b->inner.s);
  int fast = p->naxes - 1;
  bool across = false;
  for (int i = p->naxes; i-- > 0;) {
    const uint64_t s = magnitude(p->axes[i].s);
    if (repeats || p->run >= BLOCK_BYTES || s == 0 || s >= step) continue;
    step = s;
    fast = i;
    across = true;
  }
  if (p->naxes) {
    b->outer = p->axes[fast];
    p->naxes--;
    for (int i = fast; i < p->naxes; i++) p->axes[i] = p->axes[i + 1];
  }
  if (repeats) return repeat;
  if (!across) return copy_block;
  if (p->run != p->item || b->inner.d != p->item || step != p->item) return copy_blocks;
  if (p->item >= TURN_WIDE ? !p->stream : b->outer.n < TURN_COLUMNS || b->inner.n < TURN_ROWS) return copy_blocks;
  if (b->outer.s < 0) flip(&b->outer, &p->dst, &p->src);
  return turn;
}

static void run_plan(plan *p) {
  int64_t index[ZARRC_COPY_MAX_AXES] = {0};
  zarrc_copy_block b;
  p->stream = may_stream(p);
  const block_fn copy = choose(p, &b);
  b.dst = p->dst;
  b.src = p->src;
  for (;;) {
    int i = p->naxes - 1;
    copy(p, &b);
    for (; i >= 0; i--) {
      const zarrc_copy_axis *a = &p->axes[i];
      if (++index[i] < a->n) {
        b.dst += a->d;
        b.src += a->s;
        break;
      }
      index[i] = 0;
      b.dst -= (a->n - 1) * a->d;
      b.src -= (a->n - 1) * a->s;
    }
    if (i < 0) break;
  }
  if (p->stream) p->kernels->finish();
}

void zarrc_copy_axes(const zarrc_copy_kernels *kernels, const zarrc_copy_axis *axes, int naxes, uint8_t *dst,
                     const uint8_t *src, size_t item, unsigned unit) {
  plan p;
  p.kernels = kernels;
  p.naxes = naxes;
  p.dst = dst;
  p.src = src;
  p.unit = unit;
  if (!item) return;
  for (int i = 0; i < naxes; i++) {
    p.axes[i] = axes[i];
    if (axes[i].n == 0) return;
  }
  if (item <= 16 && (item & (item - 1)) == 0) {
    p.item = (unsigned)item;
  } else { /* an axis of units inside the element */
    p.axes[p.naxes++] = (zarrc_copy_axis){(int64_t)(item / unit), unit, unit};
    p.item = unit;
  }
  p.naxes = zarrc_copy_simplify(p.axes, p.naxes, &p.dst, &p.src);
  find_run(&p);
  run_plan(&p);
}

/* ------------------------------------------------------------------------------------------------------- views */

unsigned zarrc_copy_unit(zarrc_type type) {
  static const uint8_t units[ZARRC_NTYPES] = {
#define ZARRC_X(name, json, nbytes, unit) unit,
      ZARRC_TYPES(ZARRC_X)
#undef ZARRC_X
  };
  return units[type];
}

/* Copies elements of a type, or a field of them. */
static void copy_type(const zarrc_copy_kernels *kernels, const zarrc_copy_axis *axes, int naxes,
                      const zarrc_dtype *dtype, uint8_t *dst, const uint8_t *src, bool swap) {
  if (swap && dtype->type == ZARRC_STRUCT) {
    for (size_t i = 0; i < zarrc_dtype_nfields(dtype); i++) {
      const zarrc_field *field = zarrc_dtype_field(dtype, i);
      copy_type(kernels, axes, naxes, &field->dtype, dst + field->offset, src + field->offset,
                zarrc_dtype_has_endian(&field->dtype));
    }
    return;
  }
  zarrc_copy_axes(kernels, axes, naxes, dst, src, dtype->item_size, swap ? zarrc_copy_unit(dtype->type) : 1);
}

void zarrc_copy_with(const zarrc_copy_kernels *kernels, const zarrc_view *dst, const zarrc_view *src) {
  zarrc_copy_axis axes[ZARRC_COPY_MAX_AXES];
  for (int i = 0; i < dst->ndim; i++) axes[i] = (zarrc_copy_axis){dst->shape[i], dst->stride[i], src->stride[i]};
  copy_type(kernels, axes, dst->ndim, &dst->dtype, dst->data, src->data,
            dst->dtype.endian != src->dtype.endian && zarrc_dtype_has_endian(&dst->dtype));
}

const zarrc_copy_kernels *zarrc_copy_kernels_best(void) {
  const zarrc_copy_kernels *avx2 = zarrc_copy_kernels_avx2();
  return avx2 ? avx2 : &zarrc_copy_kernels_base;
}

void zarrc_copy(const zarrc_view *dst, const zarrc_view *src) {
  zarrc_copy_with(zarrc_copy_kernels_best(), dst, src);
}

/* SPDX-License-Identifier: MIT */
/* The input says what two views are: copies, fills and comparisons against plain loops over elements. */
#include "base/copy.h"
#include "fuzz.h"

#define MAX_NBYTES ((size_t)1 << 18)

typedef struct memory {
  uint8_t *bytes;
  size_t nbytes;
  zarrc_view view;
} memory;

/* A view of the shape with axes in any order, gaps, backwards, or (standing) of stride 0, at any address. */
static memory new_memory(fuzz_input *in, const zarrc_dtype *dtype, int ndim, const int64_t *shape, bool standing) {
  memory m = {.view = zarrc_view_c(dtype, ndim, shape, NULL)};
  int order[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  size_t start = take_byte(in) % 64, low = 0, step = dtype->item_size;
  for (int i = 0; i < ndim; i++) {
    int j = (int)take_number(in, i, ndim - 1), axis = order[j];
    unsigned how = take_byte(in);
    order[j] = order[i];
    if (how & 1) step += how >> 4;
    m.view.stride[axis] = standing && (how & 6) == 6 ? 0 : (int64_t)step * (how & 8 ? -1 : 1);
    size_t length = shape[axis] ? (size_t)shape[axis] : 1;
    if (m.view.stride[axis] < 0) low += step * (length - 1);
    if (m.view.stride[axis]) step *= length;
    if (step > MAX_NBYTES) return m;
  }
  m.nbytes = start + step;
  must((m.bytes = malloc(m.nbytes)) != NULL);
  m.view.data = m.bytes + start + low;
  uint32_t x = take_byte(in);
  for (size_t i = 0; i < m.nbytes; i++) m.bytes[i] = (uint8_t)((x = x * 1664525u + 1013904223u) >> 24);
  return m;
}

static memory copy_memory(const memory *m) {
  memory copy = *m;
  must((copy.bytes = malloc(m->nbytes)) != NULL);
  memcpy(copy.bytes, m->bytes, m->nbytes);
  copy.view.data = copy.bytes + ((uint8_t *)m->view.data - m->bytes);
  return copy;
}

static void check_same(memory *got, const memory *expected) {
  must(!memcmp(got->bytes, expected->bytes, got->nbytes));
  free(got->bytes);
}

static void check_copy(const memory *dst, const memory *src) {
  memory plain = copy_memory(dst), fast = copy_memory(dst), base = copy_memory(dst);
  zarrc_copy_plain(&plain.view, &src->view);
  zarrc_copy(&fast.view, &src->view);
  check_same(&fast, &plain);
  zarrc_copy_with(&zarrc_copy_kernels_base, &base.view, &src->view);
  check_same(&base, &plain);
  free(plain.bytes);
}

static void check_fill(const memory *dst, const uint8_t *element) {
  memory filled = copy_memory(dst), plain = copy_memory(dst);
  zarrc_view from = dst->view;
  zarrc_dtype native = dst->view.dtype;
  native.endian = ZARRC_NATIVE;
  from.dtype = native;
  from.data = (void *)element;
  memset(from.stride, 0, sizeof from.stride);
  zarrc_copy_plain(&plain.view, &from);
  zarrc_fill(&filled.view, element);
  must(zarrc_is_fill(&filled.view, element));
  int64_t nitems = zarrc_view_nitems(&filled.view);
  if (nitems && dst->view.dtype.type == ZARRC_RAW) { /* no two values of it are the same */
    uint8_t *at = filled.view.data;
    *at ^= 1;
    must(!zarrc_is_fill(&filled.view, element));
    *at ^= 1;
  }
  check_same(&filled, &plain);
  free(plain.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const zarrc_type types[] = {ZARRC_UINT8,   ZARRC_INT16,     ZARRC_FLOAT32,    ZARRC_UINT64,    ZARRC_FLOAT16,
                                     ZARRC_FLOAT64, ZARRC_COMPLEX64, ZARRC_COMPLEX128, ZARRC_DATETIME64};
  fuzz_input in = {data, size};
  unsigned type = take_byte(&in) % 11, how = take_byte(&in);
  zarrc_dtype dtype = type < 9 ? zarrc_dtype_of(types[type]) : (zarrc_dtype){.type = ZARRC_RAW};
  if (type == 9) dtype.item_size = (uint32_t)take_number(&in, 1, 70);
  if (type == 10) dtype = (zarrc_dtype){.type = ZARRC_FIXED_UTF32, .item_size = 4 * (uint32_t)take_number(&in, 1, 9)};
  int ndim = (int)take_number(&in, 0, 6);
  static const int64_t edges[] = {0, 255, 90, 24, 9, 7, 5};
  int64_t shape[ZARRC_MAX_NDIM];
  for (int i = 0; i < ndim; i++) shape[i] = take_number(&in, 0, edges[ndim]);
  zarrc_dtype other = dtype;
  dtype.endian = how & 1 ? ZARRC_BIG : ZARRC_LITTLE;
  other.endian = how & 2 ? ZARRC_BIG : ZARRC_LITTLE;
  memory dst = new_memory(&in, &dtype, ndim, shape, false), src = new_memory(&in, &other, ndim, shape, true);
  if (dst.bytes && src.bytes) {
    uint8_t element[128];
    for (size_t i = 0; i < sizeof element; i++) element[i] = (uint8_t)take_byte(&in);
    check_copy(&dst, &src);
    check_fill(&dst, element);
  }
  free(dst.bytes);
  free(src.bytes);
  return 0;
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/strided.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t random_u64(uint64_t *state) {
  uint64_t x = *state += 0x9e3779b97f4a7c15u;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return x ^ x >> 31;
}

int64_t random_below(uint64_t *state, int64_t n) {
  return (int64_t)(random_u64(state) % (uint64_t)n);
}

uint64_t random_seed(void) {
  const char *text = getenv("ZARRC_TEST_SEED");
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  const uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
  printf("seed: ZARRC_TEST_SEED=%llu\n", (unsigned long long)seed);
  return seed;
}

static uint8_t *random_bytes(uint64_t *state, size_t nbytes) {
  uint8_t *p = malloc(nbytes + !nbytes);
  assert_non_null(p);
  for (size_t i = 0; i < nbytes; i++) p[i] = (uint8_t)random_u64(state);
  return p;
}

strided strided_new(uint64_t *state, const zarrc_dtype *dtype, int ndim, const int64_t *shape, bool standing) {
  int order[ZARRC_MAX_NDIM];
  strided s = {.view = {.dtype = *dtype, .ndim = ndim}};
  int64_t step = dtype->item_size, reach = 0, first = 0;
  const bool packed = random_below(state, 3) == 0;
  for (int i = 0; i < ndim; i++) { /* a random order */
    const int k = (int)random_below(state, i + 1);
    order[i] = order[k];
    order[k] = i;
  }
  for (int i = ndim; i-- > 0;) {
    const int axis = order[i];
    int64_t *stride = &s.view.stride[axis];
    const int64_t gap = packed ? 0 : random_below(state, 6);
    s.view.shape[axis] = shape[axis];
    if (gap == 1) step += dtype->item_size * random_below(state, 4);
    if (gap == 2) step += random_below(state, 70);
    *stride = step;
    if (!packed && random_below(state, 4) == 0) *stride = -step;
    if (standing && random_below(state, 4) == 0) *stride = 0;
    if (!shape[axis]) continue;
    reach += (shape[axis] - 1) * llabs(*stride);
    if (*stride < 0) first -= (shape[axis] - 1) * *stride;
    if (*stride) step *= shape[axis];
  }
  const int64_t odd = random_below(state, 3) ? 0 : random_below(state, 64);
  s.nbytes = (size_t)(odd + reach + dtype->item_size);
  s.memory = random_bytes(state, s.nbytes);
  s.view.data = s.memory + odd + first;
  return s;
}

void strided_free(strided *s) {
  free(s->memory);
  memset(s, 0, sizeof *s);
}

strided strided_copy(const strided *s) {
  strided copy = *s;
  copy.memory = malloc(s->nbytes);
  assert_non_null(copy.memory);
  memcpy(copy.memory, s->memory, s->nbytes);
  copy.view.data = copy.memory + ((const uint8_t *)s->view.data - s->memory);
  return copy;
}

/* --------------------------------------------------------------------------------------------------- kernels */

static void plain_block(const zarrc_copy_block *b, size_t nbytes, unsigned unit) {
  for (int64_t i = 0; i < b->outer.n; i++) {
    for (int64_t j = 0; j < b->inner.n; j++) {
      uint8_t *dst = b->dst + i * b->outer.d + j * b->inner.d;
      const uint8_t *src = b->src + i * b->outer.s + j * b->inner.s;
      for (size_t k = 0; k < nbytes; k++) dst[k] = src[k / unit * unit + (unit - 1 - k % unit)];
    }
  }
}

/* One block in memory that is exactly large enough, once by the kernel and once plainly. turn_item 0: rows. */
static void check_block(const zarrc_copy_kernels *kernels, uint64_t *state, const zarrc_copy_block *shape,
                        size_t nbytes, unsigned unit, unsigned turn_item, bool stream) {
  const zarrc_copy_axis o = shape->outer, i = shape->inner;
  const size_t odd = random_below(state, 2) ? (size_t)random_below(state, 64) : 0;
  const size_t dst_nbytes = (size_t)((o.n - 1) * o.d + (i.n - 1) * i.d) + nbytes;
  const size_t src_nbytes = (size_t)((o.n - 1) * o.s + (i.n - 1) * i.s) + nbytes;
  uint8_t *dst = aligned_alloc(64, (dst_nbytes + odd + 63) / 64 * 64), *plain = malloc(dst_nbytes + odd);
  uint8_t *src = random_bytes(state, src_nbytes);
  assert_true(dst && plain);
  for (size_t k = 0; k < dst_nbytes + odd; k++) plain[k] = dst[k] = (uint8_t)random_u64(state);
  zarrc_copy_block b = {dst + odd, src, o, i};
  if (turn_item) {
    kernels->turn(&b, turn_item, unit, stream);
  } else {
    kernels->rows(&b, nbytes, unit, stream);
  }
  kernels->finish();
  b.dst = plain + odd;
  plain_block(&b, nbytes, unit);
  if (memcmp(plain, dst, dst_nbytes + odd) != 0) {
    fail_msg("%s %s: %lld x %lld of %zu bytes, unit %u, stream %d, steps %lld %lld from %lld %lld", kernels->name,
             turn_item ? "turn" : "rows", (long long)o.n, (long long)i.n, nbytes, unit, stream, (long long)o.d,
             (long long)i.d, (long long)o.s, (long long)i.s);
  }
  free(dst);
  free(plain);
  free(src);
}

void check_kernels(const zarrc_copy_kernels *kernels, int rounds) {
  uint64_t seed = random_seed(), *state = &seed;
  for (int round = 0; round < rounds; round++) {
    for (unsigned unit = 1; unit <= 8; unit *= 2) {
      zarrc_copy_block b = {.outer.n = 1 + random_below(state, 4), .inner.n = 1 + random_below(state, 4)};
      const int64_t longest = random_below(state, 8) ? 300 : 5000;
      const int64_t nbytes = (1 + random_below(state, longest / unit)) * unit;
      b.inner.d = nbytes + random_below(state, 80) * random_below(state, 2);
      b.inner.s = nbytes + random_below(state, 80) * random_below(state, 2);
      b.outer.d = b.inner.d * b.inner.n + random_below(state, 80);
      b.outer.s = b.inner.s * b.inner.n + random_below(state, 80);
      check_block(kernels, state, &b, (size_t)nbytes, unit, 0, round % 2);
      for (unsigned item = unit; item <= 16; item *= 2) {
        const int64_t most = random_below(state, 4) ? 80 : 3;
        b.outer.n = 1 + random_below(state, most * 2 / item + 40);
        b.inner.n = 1 + random_below(state, most * 2 / item + 40);
        b.outer.s = b.inner.d = item;
        b.inner.s = b.outer.n * item + (random_below(state, 2) ? random_below(state, 99) : 0);
        b.outer.d = b.inner.n * item + (random_below(state, 2) ? random_below(state, 99) : 0);
        if (random_below(state, 2)) b.outer.d = (b.outer.d + 63) / 64 * 64;
        check_block(kernels, state, &b, item, unit, item, round % 2);
      }
    }
  }
}

/* SPDX-License-Identifier: MIT */
/* What fuzz targets share: a context that is short of memory, inputs taken to pieces, and views compared. */
#ifndef ZARRC_FUZZ_FUZZ_H
#define ZARRC_FUZZ_FUZZ_H

#include <zarrc/data.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_must(bool holds, const char *what, const char *file, int line) {
  if (holds) return;
  fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
  abort();
}
#define must(holds) fuzz_must(holds, #holds, __FILE__, __LINE__)

static inline zarrc_ctx *fuzz_ctx(void) {
  zarrc_ctx *ctx;
  zarrc_ctx_options options = {.threads = 1, .max_chunk_bytes = 16 << 20, .max_memory = 64 << 20};
  must(!zarrc_ctx_open(&options, &ctx, NULL));
  return ctx;
}

/* What bad input may lead to: an error that says something, and none that blames the caller, the library or the
 * machine. */
static inline void fuzz_check_error(zarrc_status status, const zarrc_error *error) {
  if (!status) return;
  must(error->code == status && *error->message);
  must(status != ZARRC_INTERNAL && status != ZARRC_NO_MEMORY && status != ZARRC_INVALID_ARGUMENT);
}

/* Whether a chain could not be opened because the build lacks a library, so that there is nothing to try. */
static inline bool fuzz_left_out(zarrc_status status, const zarrc_error *error) {
  return status == ZARRC_UNSUPPORTED && strstr(error->message, "zarrc was built without");
}

/* What is left of an input. */
typedef struct fuzz_input {
  const uint8_t *bytes;
  size_t n;
} fuzz_input;

/* The next byte, 0 behind the end. */
static inline unsigned take_byte(fuzz_input *in) {
  if (!in->n) return 0;
  in->n--;
  return *in->bytes++;
}

/* A number from low to high. */
static inline int64_t take_number(fuzz_input *in, int64_t low, int64_t high) {
  return low + (int64_t)take_byte(in) % (high - low + 1);
}

static inline zarrc_region take_region(fuzz_input *in, int ndim, const int64_t *shape) {
  zarrc_region r = {0};
  for (int i = 0; i < ndim; i++) {
    r.start[i] = take_number(in, 0, shape[i] - 1);
    r.step[i] = take_number(in, 1, 3);
    r.count[i] = take_number(in, 0, (shape[i] - r.start[i] + r.step[i] - 1) / r.step[i]);
  }
  return r;
}

/* A packed view over memory of its own, with an arena where the type needs one. */
static inline zarrc_view fuzz_view_new(zarrc_ctx *ctx, const zarrc_dtype *dtype, int ndim, const int64_t *shape) {
  zarrc_view view = zarrc_view_c(dtype, ndim, shape, NULL);
  size_t nbytes = (size_t)zarrc_view_nitems(&view) * dtype->item_size;
  must((view.data = malloc(nbytes ? nbytes : 1)) != NULL);
  memset(view.data, zarrc_dtype_is_variable(dtype) ? 0 : 0xAA, nbytes);
  if (zarrc_dtype_is_variable(dtype)) must(!zarrc_arena_open(ctx, &view.arena, NULL));
  return view;
}

static inline void fuzz_view_free(zarrc_view *view) {
  zarrc_arena_close(view->arena);
  free(view->data);
}

/* Whether numbers have less than a byte, the rest of which must be 0 in memory. */
static inline bool fuzz_is_narrow(zarrc_type type) {
  return (type >= ZARRC_FLOAT6_E2M3FN && type <= ZARRC_UINT4) ||
         (type >= ZARRC_COMPLEX_FLOAT6_E2M3FN && type <= ZARRC_COMPLEX_FLOAT4_E2M1FN);
}

/* Fills a packed view with elements that the input and `seed` decide; booleans are 0 or 1, narrow numbers have two
 * bits, texts are few. */
static inline void fuzz_view_fill(const zarrc_view *view, unsigned seed) {
  static const char *const texts[] = {"", "a", "\xc3\xa9", "four", "a longer text, of more than thirty-two bytes"};
  size_t nitems = (size_t)zarrc_view_nitems(view), nbytes = nitems * view->dtype.item_size;
  uint32_t x = seed * 2654435761u + 1;
  for (size_t i = 0; i < (view->arena ? nitems : nbytes); i++) {
    x = x * 1664525u + 1013904223u;
    unsigned random = x >> 24;
    if (view->arena) {
      const char *text = texts[random % 5];
      ((zarrc_text *)view->data)[i] = (zarrc_text){(const uint8_t *)text, strlen(text)};
    } else {
      if (view->dtype.type == ZARRC_BOOL) random &= 1;
      ((uint8_t *)view->data)[i] = (uint8_t)(seed & 1 || fuzz_is_narrow(view->dtype.type) ? random & 3 : random);
    }
  }
}

/* Whether two packed views of one shape and type hold the same. */
static inline bool fuzz_views_equal(const zarrc_view *a, const zarrc_view *b) {
  size_t nitems = (size_t)zarrc_view_nitems(a);
  const zarrc_text *x = a->data, *y = b->data;
  if (!zarrc_dtype_is_variable(&a->dtype)) return !memcmp(a->data, b->data, nitems * a->dtype.item_size);
  for (size_t i = 0; i < nitems; i++)
    if (x[i].len != y[i].len || (x[i].len && memcmp(x[i].ptr, y[i].ptr, x[i].len))) return false;
  return true;
}

/* Whether `part` is what the region selects of `whole`. */
static inline bool fuzz_is_part(zarrc_ctx *ctx, const zarrc_view *part, const zarrc_view *whole,
                                const zarrc_region *region) {
  zarrc_view selected = zarrc_view_part(whole, region);
  zarrc_view packed = fuzz_view_new(ctx, &part->dtype, part->ndim, part->shape);
  zarrc_copy(&packed, &selected);
  bool same = fuzz_views_equal(&packed, part);
  fuzz_view_free(&packed);
  return same;
}

#endif

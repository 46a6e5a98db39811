/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/endian.h"
#include "support/chunk.h"
#include "support/files.h"
#include "support/golden.h"
#include "support/needs.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXACT, CODECS, DTYPE, SHAPE, ENCODED, DECODED, ORIGINAL, NCOLUMNS };

typedef struct row {
  char *column[NCOLUMNS];
  size_t number;
  zarrc_spec spec;
  zarrc_pipeline *pipeline;
  uint8_t *encoded, *decoded;
  size_t nencoded, ndecoded;
  uint8_t *elements; /* packed, and in native byte order */
  size_t nitems;
} row;

static uint8_t *unhex(const char *text, size_t *n) {
  *n = strlen(text) / 2;
  uint8_t *bytes = malloc(*n ? *n : 1);
  for (size_t i = 0; i < *n; i++) {
    char digits[3] = {text[2 * i], text[2 * i + 1], 0};
    bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
  }
  return bytes;
}

static void find_texts(row *r) {
  zarrc_text *text = (void *)r->elements;
  const uint8_t *at = r->decoded;
  for (size_t i = 0; i < r->nitems; i++) {
    text[i] = (zarrc_text){at + 4, zarrc_load_le32(at)};
    at += 4 + text[i].len;
  }
  assert_ptr_equal(at, r->decoded + r->ndecoded);
}

/* Makes elements of the little-endian bytes in `decoded`. */
static void turn_elements(row *r) {
  zarrc_view to = zarrc_view_c(&r->spec.dtype, r->spec.ndim, r->spec.shape, r->elements), from = to;
  from.data = r->decoded;
  from.dtype.endian = ZARRC_LITTLE;
  zarrc_copy(&to, &from);
}

/* Returns false if this build has not the library of a codec. */
static bool row_open(zarrc_ctx *ctx, row *r) {
  int64_t shape[ZARRC_MAX_NDIM];
  zarrc_error error = {0};
  zarrc_dtype dtype;
  int ndim = 0;
  for (const char *at = r->column[SHAPE]; *at; at += strcspn(at, ","), at += *at == ',')
    shape[ndim++] = strtoll(at, NULL, 10);
  assert_int_equal(zarrc_dtype_parse(ctx, r->column[DTYPE], &dtype, NULL), ZARRC_OK);
  r->spec = chunk_spec(dtype.type, ndim, shape);
  r->spec.dtype = dtype;
  const char *codecs = r->column[CODECS];
  if (zarrc_pipeline_open(ctx, codecs, strlen(codecs), &r->spec, &r->pipeline, &error)) {
    if (!says_left_out(error.message)) fail_msg("row %zu: %s", r->number, SAID(error));
    return false;
  }
  r->encoded = unhex(r->column[ENCODED], &r->nencoded);
  r->decoded = unhex(r->column[DECODED], &r->ndecoded);
  r->nitems = (size_t)zarrc_spec_nitems(&r->spec);
  r->elements = malloc(r->nitems * dtype.item_size);
  if (zarrc_dtype_is_variable(&dtype)) {
    find_texts(r);
    return true;
  }
  turn_elements(r);
  return true;
}

static void row_close(row *r) {
  zarrc_pipeline_close(r->pipeline);
  free(r->encoded);
  free(r->decoded);
  free(r->elements);
}

static bool same_element(const row *r, const void *a, const void *b) {
  if (!zarrc_dtype_is_variable(&r->spec.dtype)) return !memcmp(a, b, r->spec.dtype.item_size);
  const zarrc_text *x = a, *y = b;
  return x->len == y->len && (!x->len || !memcmp(x->ptr, y->ptr, x->len));
}

/* Reads a region of a chunk of n bytes. The elements are in `out`, one after the other, until the arena is closed. */
static zarrc_status read_part(zarrc_ctx *ctx, const row *r, const void *bytes, size_t n, const zarrc_region *region,
                              bool mirrored, void *out, zarrc_arena **arena, zarrc_error *error) {
  zarrc_view to = zarrc_view_c(&r->spec.dtype, r->spec.ndim, region->count, out);
  zarrc_memory_blob blob;
  uint8_t *exact = malloc(n ? n : 1);
  memcpy(exact, bytes, n);
  assert_int_equal(zarrc_arena_open(ctx, &to.arena, NULL), ZARRC_OK);
  for (int i = 0; mirrored && i < to.ndim; i++) {
    to.data = (uint8_t *)to.data + (to.shape[i] - 1) * to.stride[i];
    to.stride[i] = -to.stride[i];
  }
  zarrc_memory_blob_init(&blob, ctx, exact, n);
  blob.present = true;
  zarrc_status status = zarrc_read(r->pipeline, &blob.blob, region, &to, NULL, error);
  zarrc_memory_blob_clear(&blob);
  free(exact);
  *arena = to.arena;
  return status;
}

static void check_reads(zarrc_ctx *ctx, const row *r) {
  size_t item = r->spec.dtype.item_size;
  uint8_t *out = malloc(r->nitems * item);
  zarrc_arena *arena;
  zarrc_error error = {0};
  zarrc_region all = zarrc_region_all(r->spec.ndim, r->spec.shape);
  for (int mirrored = 0; mirrored < 2; mirrored++) {
    zarrc_status status = read_part(ctx, r, r->encoded, r->nencoded, &all, mirrored, out, &arena, &error);
    if (status) fail_msg("row %zu: %s", r->number, SAID(error));
    for (size_t i = 0; i < r->nitems; i++)
      if (!same_element(r, out + i * item, r->elements + (mirrored ? r->nitems - 1 - i : i) * item))
        fail_msg("row %zu: element %zu is another one", r->number, i);
    zarrc_arena_close(arena);
  }
  for (size_t i = 0; i<r->nitems; i += r->nitems> 1000 ? 9999 : 1) {
    int64_t rest = (int64_t)i;
    zarrc_region one = all;
    for (int k = r->spec.ndim - 1; k >= 0; rest /= r->spec.shape[k--]) {
      one.start[k] = rest % r->spec.shape[k];
      one.count[k] = 1;
    }
    assert_int_equal(read_part(ctx, r, r->encoded, r->nencoded, &one, false, out, &arena, NULL), ZARRC_OK);
    if (!same_element(r, out, r->elements + i * item)) fail_msg("row %zu: element %zu by itself", r->number, i);
    zarrc_arena_close(arena);
  }
  free(out);
}

static void check_write(zarrc_ctx *ctx, row *r) {
  size_t n;
  bool is_lossy = r->column[ORIGINAL];
  if (is_lossy) {
    free(r->decoded);
    r->decoded = unhex(r->column[ORIGINAL], &r->ndecoded);
    turn_elements(r);
  }
  uint8_t *bytes = chunk_encode(ctx, r->pipeline, r->elements, &n);
  if (!bytes) return; /* nothing but fill value */
  if (r->column[EXACT][0] == '=' && (n != r->nencoded || memcmp(bytes, r->encoded, n) != 0))
    fail_msg("row %zu: other bytes are written", r->number);
  if (is_lossy) {
    free(bytes);
    return;
  }
  free(r->encoded);
  r->encoded = bytes;
  r->nencoded = n;
  check_reads(ctx, r);
}

static bool is_about_bytes(zarrc_status status) {
  switch (status) {
  case ZARRC_OK:
  case ZARRC_CORRUPT:
  case ZARRC_TRUNCATED:
  case ZARRC_CHECKSUM:
  case ZARRC_SIZE_MISMATCH:
  case ZARRC_UNSUPPORTED:
  case ZARRC_LIMIT:
    return true;
  default:
    return false;
  }
}

/* Whatever the bytes are, a status comes back, and a message with it. */
static void check_damage(zarrc_ctx *ctx, const row *r) {
  size_t item = r->spec.dtype.item_size;
  zarrc_region all = zarrc_region_all(r->spec.ndim, r->spec.shape);
  uint8_t *out = malloc(r->nitems * item), *bytes = malloc(r->nencoded + 1);
  zarrc_arena *arena;
  /* The last word of a stream of zfp may be cut to the bytes that say something. */
  bool words = strstr(r->column[CODECS], "zfp");
  bool fixed = strstr(r->column[CODECS], "categorize") && strstr(r->column[CODECS], "\"bytes\"");
  if (r->nencoded > 2000) goto done;
  for (size_t n = 0; n < r->nencoded; n++) {
    zarrc_error error = {0};
    zarrc_status status = read_part(ctx, r, r->encoded, n, &all, false, out, &arena, &error);
    bool is_padding = !status && words && r->nencoded - n < 8 && !memcmp(out, r->elements, r->nitems * item);
    if (!is_padding && (!status || !error.message[0]))
      fail_msg("row %zu: cut to %zu bytes: %s", r->number, n, SAID(error));
    zarrc_arena_close(arena);
  }
  for (size_t bit = 0; bit < 8 * r->nencoded && !fixed; bit++) {
    zarrc_error error = {0};
    memcpy(bytes, r->encoded, r->nencoded);
    bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    zarrc_status status = read_part(ctx, r, bytes, r->nencoded, &all, false, out, &arena, &error);
    if (!is_about_bytes(status))
      fail_msg("row %zu: bit %zu: %s: %s", r->number, bit, zarrc_status_name(status), SAID(error));
    zarrc_arena_close(arena);
  }
done:
  free(bytes);
  free(out);
}

size_t golden_check(zarrc_ctx *ctx, const char *file, const char *name) {
  char wanted[64], *rest;
  size_t n, count = 0, number = 0;
  char *text = (char *)data_read(file, &n);
  text = realloc(text, n + 1);
  text[n] = 0;
  snprintf(wanted, sizeof wanted, "[{\"name\": \"%s\"", name);
  for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
    row r = {.number = ++number};
    for (int i = 0; i < NCOLUMNS; i++) r.column[i] = strsep(&line, "\t");
    assert_non_null(r.column[DECODED]);
    if (strncmp(r.column[CODECS], wanted, strlen(wanted)) != 0) continue;
    if (row_open(ctx, &r)) {
      check_reads(ctx, &r);
      check_damage(ctx, &r);
      check_write(ctx, &r);
    }
    row_close(&r);
    count++;
  }
  free(text);
  return count;
}

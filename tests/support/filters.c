/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/faulty_alloc.h"
#include "support/files.h"
#include "support/filters.h"
#include "support/said.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

/* --------------------------------------------------------------------------------------------------------- the rows */

enum { DIRECTION, EVOLVED, GIVEN, DTYPE, SHAPE, IN, OUT, NCOLUMNS };

typedef struct row {
  char *column[NCOLUMNS];
  size_t number;
  bool encode;
  zarrc_spec spec, encoded;
  zarrc_codec *codec;
  uint8_t *in, *out; /* out NULL: refused */
  size_t nin, nout;
} row;

static uint8_t *unhex(const char *text, size_t *n) {
  *n = strlen(text) / 2;
  uint8_t *bytes = malloc(*n ? *n : 1);
  for (size_t i = 0; i < *n; i++) {
    unsigned byte;
    assert_int_equal(sscanf(text + 2 * i, "%2x", &byte), 1);
    bytes[i] = (uint8_t)byte;
  }
  return bytes;
}

static void row_open(zarrc_ctx *ctx, row *r) {
  zarrc_error error;
  zarrc_dtype dtype;
  int64_t shape[ZARRC_MAX_NDIM];
  int ndim = 0;
  for (const char *at = r->column[SHAPE]; *at; at += strcspn(at, ","), at += *at == ',')
    shape[ndim++] = strtoll(at, NULL, 10);
  assert_int_equal(zarrc_dtype_parse(ctx, r->column[DTYPE], &dtype, NULL), ZARRC_OK);
  r->spec = chunk_spec(dtype.type, ndim, shape);
  zarrc_codec *given = NULL;
  if (zarrc_codec_open(ctx, r->column[GIVEN], strlen(r->column[GIVEN]), &given, &error) ||
      zarrc_codec_evolve(given, &r->spec, &r->codec, &error) ||
      zarrc_codec_validate(r->codec, &r->spec, NULL, &error) ||
      zarrc_codec_resolve(r->codec, &r->spec, &r->encoded, &error))
    fail_msg("row %zu: %s: %s", r->number, r->column[GIVEN], SAID(error));
  char *json = chunk_codec_json(ctx, given);
  assert_string_equal(json, r->column[GIVEN]);
  free(json);
  json = chunk_codec_json(ctx, r->codec);
  assert_string_equal(json, r->column[EVOLVED]);
  free(json);
  zarrc_codec_close(given);
  r->encode = r->column[DIRECTION][0] == 'e';
  r->in = unhex(r->column[IN], &r->nin);
  if (r->column[OUT][0] != '!') r->out = unhex(r->column[OUT], &r->nout);
  size_t item = r->spec.dtype.item_size;
  zarrc_size size = zarrc_codec_encoded_size(r->codec, &r->spec, (uint64_t)zarrc_spec_nitems(&r->spec) * item);
  if (r->out) assert_int_equal(size.nbytes, r->encode ? r->nout : r->nin);
}

/* Returns a view of packed bytes of a row. They were made on a little-endian machine. */
static zarrc_view view_of(const zarrc_spec *spec, int ndim, const int64_t *shape, void *data) {
  zarrc_view view = zarrc_view_c(&spec->dtype, ndim, shape, data);
  view.dtype.endian = spec->dtype.endian == ZARRC_NATIVE ? ZARRC_LITTLE : ZARRC_BIG;
  return view;
}

static void row_close(row *r) {
  zarrc_codec_close(r->codec);
  free(r->in);
  free(r->out);
}

/* -------------------------------------------------------------------------------------------------------- comparing */

/* Returns whether n bytes are a NaN, in any byte order. */
static bool is_nan(const uint8_t *bytes, size_t n) {
  for (int big = 0; big < 2; big++) {
    uint8_t ordered[8];
    for (size_t i = 0; i < n; i++) ordered[i] = bytes[big ? n - 1 - i : i]; /* the highest last */
    unsigned top = ordered[n - 1] & 0x7fu, next = ordered[n - 2];
    if (n == 2 && top >= 0x7c) return true;
    if (n == 4 && top == 0x7f && next >= 0x80) return true;
    if (n == 8 && top == 0x7f && next >= 0xf0) return true;
  }
  return false;
}

/* Returns the bytes of what a NaN is of in a type: 0 where there are none. */
static size_t nan_nbytes(zarrc_type type) {
  if (type == ZARRC_FLOAT16) return 2;
  if (type == ZARRC_FLOAT32 || type == ZARRC_COMPLEX64) return 4;
  return type == ZARRC_FLOAT64 || type == ZARRC_COMPLEX128 ? 8 : 0;
}

/* Fails unless the bytes are those of the row, or other NaNs. */
static void compare(const row *r, const zarrc_dtype *dtype, const uint8_t *got, const char *how) {
  size_t unit = nan_nbytes(dtype->type);
  for (size_t i = 0; i < r->nout; i++) {
    if (got[i] == r->out[i]) continue;
    size_t at = unit ? i / unit * unit : i;
    if (unit && is_nan(got + at, unit) && is_nan(r->out + at, unit)) continue;
    fail_msg("row %zu (%s): %s of %s %s: byte %zu is %02x, not %02x", r->number, how, r->encode ? "encode" : "decode",
             r->column[DTYPE], r->column[EVOLVED], i, got[i], r->out[i]);
  }
}

static zarrc_status run(const row *r, const zarrc_view *decoded, const zarrc_view *encoded, zarrc_error *error) {
  zarrc_codec_job job = {.spec = &r->spec, .decoded = *decoded, .encoded = *encoded};
  return r->encode ? zarrc_codec_encode(r->codec, &job, 1, error) : zarrc_codec_decode(r->codec, &job, 1, error);
}

/* Packed views, at any address. */
static void plain(const row *r, size_t shift) {
  const zarrc_spec *from = r->encode ? &r->spec : &r->encoded, *to = r->encode ? &r->encoded : &r->spec;
  zarrc_error error = {0};
  size_t nout = (size_t)zarrc_spec_nitems(to) * to->dtype.item_size;
  uint8_t *in = malloc(r->nin + shift + 1), *out = malloc(nout + shift + 1);
  memcpy(in + shift, r->in, r->nin);
  zarrc_view source = view_of(from, from->ndim, from->shape, in + shift);
  zarrc_view target = view_of(to, to->ndim, to->shape, out + shift);
  zarrc_status status = run(r, r->encode ? &source : &target, r->encode ? &target : &source, &error);
  if (!r->out) {
    assert_true(status == ZARRC_INVALID_METADATA || status == ZARRC_INVALID_ARGUMENT);
    assert_non_null(strstr(SAID(error), "out of range"));
  } else {
    if (status) fail_msg("row %zu: %s: %s", r->number, r->column[EVOLVED], SAID(error));
    compare(r, &to->dtype, out + shift, shift ? "unaligned" : "packed");
  }
  free(in);
  free(out);
}

/* Views with gaps, backwards, and in the other byte order. */
static void strided(const row *r) {
  const zarrc_spec *from = r->encode ? &r->spec : &r->encoded, *to = r->encode ? &r->encoded : &r->spec;
  zarrc_error error = {0};
  zarrc_view view[2], other[2];
  uint8_t *memory[2], *golden = malloc(r->nout ? r->nout : 1);
  const zarrc_spec *specs[2] = {from, to};
  for (int k = 0; k < 2; k++) {
    int64_t n = zarrc_spec_nitems(specs[k]), stride = -2 * (int64_t)specs[k]->dtype.item_size;
    size_t nbytes = (size_t)(2 * n + 1) * specs[k]->dtype.item_size;
    memory[k] = calloc(1, nbytes);
    other[k] = view[k] = view_of(specs[k], specs[k]->ndim, specs[k]->shape, k ? golden : r->in);
    other[k].dtype.endian = other[k].dtype.endian == ZARRC_BIG ? ZARRC_LITTLE : ZARRC_BIG;
    other[k].data = memory[k] + (size_t)(2 * n) * specs[k]->dtype.item_size;
    for (int i = specs[k]->ndim - 1; i >= 0; i--) {
      other[k].stride[i] = stride;
      stride *= specs[k]->shape[i];
    }
  }
  zarrc_copy(&other[0], &view[0]);
  zarrc_status status = run(r, &other[!r->encode], &other[r->encode], &error);
  if (status) fail_msg("row %zu: %s: %s", r->number, r->column[EVOLVED], SAID(error));
  zarrc_copy(&view[1], &other[1]);
  compare(r, &to->dtype, golden, "strided");
  free(memory[0]);
  free(memory[1]);
  free(golden);
}

/* Decodes in place, and every element alone. */
static void pointwise(const row *r) {
  const zarrc_codec_class *c = zarrc_codec_get_class(r->codec);
  size_t item = r->spec.dtype.item_size, encoded_item = r->encoded.dtype.item_size;
  int64_t n = zarrc_spec_nitems(&r->spec), one = 1;
  size_t most = r->nin > r->nout ? r->nin : r->nout;
  uint8_t *memory = malloc(most ? most : 1);
  memcpy(memory, r->in, r->nin);
  if (item == encoded_item) {
    zarrc_view encoded = view_of(&r->encoded, 1, &n, memory);
    zarrc_view decoded = view_of(&r->spec, 1, &n, memory);
    assert_int_equal(c->u.aa.decode(r->codec, &r->spec, &encoded, &decoded, NULL), ZARRC_OK);
    compare(r, &r->spec.dtype, memory, "in place");
  }
  for (int64_t i = 0; i < n; i++) {
    zarrc_view encoded = view_of(&r->encoded, 1, &one, r->in + (size_t)i * encoded_item);
    zarrc_view decoded = view_of(&r->spec, 1, &one, memory + (size_t)i * item);
    assert_int_equal(c->u.aa.decode(r->codec, &r->spec, &encoded, &decoded, NULL), ZARRC_OK);
  }
  compare(r, &r->spec.dtype, memory, "one by one");
  free(memory);
}

static void row_check(zarrc_ctx *ctx, row *r) {
  row_open(ctx, r);
  plain(r, 0);
  plain(r, 1);
  if (r->out) strided(r);
  if (r->out && !r->encode && zarrc_codec_get_class(r->codec)->u.aa.pointwise) pointwise(r);
  row_close(r);
}

size_t filters_check(zarrc_ctx *ctx, const char *name) {
  const char *other = getenv("ZARRC_FILTERS"); /* a longer list */
  size_t nbytes, nrows = 0, number = 0;
  uint8_t *file = other ? file_read(other, &nbytes) : data_read("filters.txt", &nbytes);
  char *text = malloc(nbytes + 1), *rest = text, *line, wanted[64];
  memcpy(text, file, nbytes);
  text[nbytes] = 0;
  snprintf(wanted, sizeof wanted, "{\"name\": \"%s\",", name);
  while ((line = strsep(&rest, "\n"))) {
    row r = {.number = ++number};
    int n = 0;
    while (n < NCOLUMNS && line) r.column[n++] = strsep(&line, "\t");
    if (n == NCOLUMNS && r.column[GIVEN][0] == '=') r.column[GIVEN] = r.column[EVOLVED];
    if (n < NCOLUMNS || strncmp(r.column[GIVEN], wanted, strlen(wanted)) != 0) continue;
    row_check(ctx, &r);
    nrows++;
  }
  free(text);
  free(file);
  return nrows;
}

/* ----------------------------------------------------------------------------------------------- what goes wrong */

typedef struct round_trip {
  const char *codec;
  zarrc_type type;
} round_trip;

static zarrc_status go_round(const zarrc_ctx_options *options, void *arg) {
  const round_trip *r = arg;
  const int64_t shape[] = {5, 7}, count[] = {2, 3};
  zarrc_spec spec = chunk_spec(r->type, 2, shape);
  uint8_t elements[35 * 16] = {0}, back[6 * 16];
  char chain[400];
  zarrc_ctx *ctx = NULL;
  zarrc_pipeline *p = NULL;
  zarrc_parts parts;
  zarrc_bytes joined = {0};
  snprintf(chain, sizeof chain, "[%s, {\"name\": \"bytes\", \"configuration\": {\"endian\": \"big\"}}]", r->codec);
  spec.fill = elements;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (status) return status;
  zarrc_parts_init(&parts, ctx);
  status = zarrc_pipeline_open(ctx, chain, strlen(chain), &spec, &p, NULL);
  if (!status) {
    zarrc_view all = zarrc_view_c(&spec.dtype, 2, shape, elements), some = zarrc_view_c(&spec.dtype, 2, count, back);
    zarrc_region region = {{1, 2}, {2, 3}, {1, 1}};
    status = zarrc_encode(p, &all, &parts, NULL);
    if (!status) status = zarrc_parts_join(&parts, &joined, NULL);
    if (!status) {
      zarrc_memory_blob blob;
      zarrc_memory_blob_init(&blob, ctx, joined.ptr, joined.len);
      blob.present = true;
      status = zarrc_read(p, &blob.blob, &region, &some, NULL, NULL);
      zarrc_memory_blob_clear(&blob);
    }
  }
  zarrc_parts_clear(&parts);
  zarrc_pipeline_close(p);
  zarrc_ctx_close(ctx);
  return status;
}

void filters_check_allocations(const char *codec, zarrc_type type) {
  round_trip r = {codec, type};
  assert_true(faulty_alloc_each(NULL, go_round, &r) > 3);
}

static void check_refused(zarrc_ctx *ctx, const filters_refusal *r) {
  const int64_t shape[] = {5};
  zarrc_spec spec = chunk_spec(r->type, 1, shape);
  zarrc_pipeline *p = NULL;
  zarrc_error error = {0};
  char chain[800];
  snprintf(chain, sizeof chain, "[%s, {\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]", r->codec);
  zarrc_status status = zarrc_pipeline_open(ctx, chain, strlen(chain), &spec, &p, &error);
  if (status != r->status || !strstr(SAID(error), r->words))
    fail_msg("%s: %s: %s", r->codec, zarrc_status_name(status), SAID(error));
  zarrc_pipeline_close(p);
}

void filters_check_refused(zarrc_ctx *ctx, const filters_refusal *rows, size_t n) {
  for (size_t i = 0; i < n; i++) check_refused(ctx, &rows[i]);
}

/* SPDX-License-Identifier: MIT */
#include "support/contract.h"

#include "base/base64.h"
#include "support/needs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const classes[] = {"BloscCodec",     "BytesCodec",     "Crc32cCodec",   "GzipCodec", "ShardingCodec",
                                      "TransposeCodec", "VLenBytesCodec", "VLenUTF8Codec", "ZstdCodec"};
enum { NCLASSES = sizeof classes / sizeof *classes };

const zarrc_json *row_get(const row *r, const char *name) {
  return zarrc_json_get(r->json, name);
}

static char *layout(zarrc_ctx *ctx, const char *text, size_t n) {
  zarrc_buf out = zarrc_buf_new(ctx, 1 << 20);
  assert_int_equal(zarrc_json_layout(&out, text, n, NULL), ZARRC_OK);
  char *copy = strndup((char *)out.ptr, out.len);
  zarrc_buf_clear(&out);
  return copy;
}

static char *layout_of(zarrc_ctx *ctx, const zarrc_json *value) {
  size_t n;
  assert_non_null(value);
  const char *text = zarrc_json_text(value, &n);
  return layout(ctx, text, n);
}

size_t shape_of(const zarrc_json *list, int64_t *out) {
  for (size_t i = 0; i < zarrc_json_length(list); i++)
    assert_true(zarrc_json_get_int64(zarrc_json_at(list, i), &out[i]));
  return zarrc_json_length(list);
}

zarrc_grid grid_of(const zarrc_spec *spec) {
  zarrc_grid grid = {.kind = ZARRC_REGULAR, .ndim = spec->ndim};
  memcpy(grid.chunk_shape, spec->shape, sizeof spec->shape);
  return grid;
}

row row_open(zarrc_ctx *ctx, const zarrc_json *json) {
  row r = {.ctx = ctx, .json = json};
  size_t n;
  const char *type = zarrc_json_text(zarrc_json_get(json, "data_type"), &n);
  r.text = layout_of(ctx, zarrc_json_get(json, "codec"));
  assert_int_equal(zarrc_dtype_open(ctx, type, n, &r.spec.dtype, NULL), ZARRC_OK);
  r.spec.dtype.endian = ZARRC_LITTLE; /* as the elements of the rows are */
  r.spec.ndim = (int)shape_of(row_get(&r, "shape"), r.spec.shape);
  zarrc_grid grid = grid_of(&r.spec);
  zarrc_error why = {0};
  r.status = zarrc_codec_open(ctx, r.text, strlen(r.text), &r.codec, &why);
  if (!r.status) r.status = zarrc_codec_evolve(r.codec, &r.spec, &r.evolved, &why);
  if (!r.status) r.status = zarrc_codec_validate(r.evolved, &r.spec, &grid, &why);
  r.left_out = r.status == ZARRC_UNSUPPORTED && says_left_out(why.message);
  return r;
}

void row_close(row *r) {
  zarrc_codec_close(r->codec);
  zarrc_codec_close(r->evolved);
  zarrc_dtype_close(&r->spec.dtype);
  free(r->text);
}

void rows_each(zarrc_ctx *ctx, const zarrc_json_doc *doc, void (*fn)(const row *)) {
  const zarrc_json *rows = zarrc_json_get(zarrc_json_root(doc), "rows");
  bool seen[NCLASSES] = {false};
  for (size_t i = 0; i < zarrc_json_length(rows); i++) {
    row r = row_open(ctx, zarrc_json_at(rows, i));
    for (int k = 0; k < NCLASSES; k++) seen[k] |= zarrc_json_string_is(row_get(&r, "class"), classes[k]);
    if (!row_get(&r, "refused") && !r.left_out) {
      if (r.status) fail_msg("%s: %s", r.text, zarrc_status_name(r.status));
      fn(&r);
    }
    row_close(&r);
  }
  for (int k = 0; k < NCLASSES; k++)
    if (!seen[k]) fail_msg("no row about %s", classes[k]);
}

void same_json(const row *r, const char *got, const zarrc_json *expected) {
  char *a = layout(r->ctx, got, strlen(got)), *b = layout_of(r->ctx, expected);
  if (strcmp(a, b) != 0) fail_msg("%s: %s instead of %s", r->text, a, b);
  free(a);
  free(b);
}

static uint8_t *base64_of(const zarrc_json *value, size_t *nbytes) {
  size_t n;
  const char *text = zarrc_json_get_string(value, &n);
  assert_non_null(text);
  uint8_t *bytes = malloc(n);
  *nbytes = zarrc_base64_decode(text, n, false, bytes, n);
  assert_true(*nbytes <= n);
  return realloc(bytes, *nbytes ? *nbytes : 1);
}

data data_of(const row *r, const zarrc_json *value) {
  data d = {0};
  size_t n = zarrc_json_length(value);
  assert_int_equal(zarrc_arena_open(r->ctx, &d.arena, NULL), ZARRC_OK);
  if (zarrc_json_is(value, ZARRC_JSON_STRING)) {
    d.elements = d.bytes = base64_of(value, &d.n);
    return d;
  }
  zarrc_text *texts = malloc(n * sizeof *texts);
  assert_true(zarrc_dtype_is_variable(&r->spec.dtype));
  for (size_t i = 0; i < n; i++) {
    uint8_t *to, *bytes = base64_of(zarrc_json_at(value, i), &texts[i].len);
    assert_int_equal(zarrc_arena_take(d.arena, texts[i].len, &to, NULL), ZARRC_OK);
    if (texts[i].len) memcpy(to, bytes, texts[i].len);
    texts[i].ptr = to;
    free(bytes);
  }
  d.elements = texts;
  return d;
}

void data_free(data *d) {
  free(d->elements);
  zarrc_arena_close(d->arena);
}

data room_for(zarrc_ctx *ctx, const zarrc_spec *spec, const int64_t *shape, zarrc_view *view) {
  data d = {0};
  *view = zarrc_view_c(&spec->dtype, spec->ndim, shape, NULL);
  d.n = (size_t)zarrc_view_nitems(view) * spec->dtype.item_size;
  view->data = d.elements = malloc(d.n ? d.n : 1);
  memset(d.elements, 0xA5, d.n);
  assert_int_equal(zarrc_arena_open(ctx, &d.arena, NULL), ZARRC_OK);
  view->arena = d.arena;
  return d;
}

void same_elements(const row *r, const void *got, const void *expected, int64_t n) {
  const zarrc_text *a = got, *b = expected;
  if (!zarrc_dtype_is_variable(&r->spec.dtype)) {
    if (n && memcmp(got, expected, (size_t)n * r->spec.dtype.item_size) != 0) fail_msg("%s: other elements", r->text);
    return;
  }
  for (int64_t i = 0; i < n; i++)
    if (a[i].len != b[i].len || (a[i].len && memcmp(a[i].ptr, b[i].ptr, a[i].len) != 0))
      fail_msg("%s: another text", r->text);
}

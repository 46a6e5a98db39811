/* SPDX-License-Identifier: MIT */
#include "codec/objects.h"
#include "base/checked.h"
#include "codec/codec.h"
#include "codec/packed.h"
#include "codec/texts.h"

#include <string.h>

zarrc_status zarrc_objects_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                    zarrc_error *error) {
  (void)codec, (void)grid;
  if (spec->dtype.type == ZARRC_STRING) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "the elements must be of type string");
}

zarrc_size zarrc_objects_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  (void)codec, (void)spec, (void)nbytes;
  return (zarrc_size){ZARRC_SIZE_UNKNOWN, 0};
}

/* Returns how many elements one item of a list on axis i has in it. */
static int64_t items_below(const zarrc_spec *spec, int i) {
  int64_t n = 1;
  for (i++; i < spec->ndim; i++) n *= spec->shape[i];
  return n;
}

/* ---------------------------------------------------------------------------------------------------- encoding */

typedef struct writer {
  const zarrc_codec *codec;
  const zarrc_objects_spelling *spelling;
  const zarrc_spec *spec;
  zarrc_buf out;
  zarrc_error *error;
} writer;

/* Writes an element, the lists that begin with it, and the ends of those that it ends. */
static zarrc_status put_element(writer *w, const zarrc_text *text, int64_t e) {
  const zarrc_objects_spelling *s = w->spelling;
  zarrc_status status = e ? s->put_comma(w->codec, &w->out, w->error) : ZARRC_OK;
  for (int i = 0; i + 1 < w->spec->ndim && !status; i++)
    if (e % items_below(w->spec, i) == 0)
      status = s->put_list(w->codec, (size_t)w->spec->shape[i + 1], &w->out, w->error);
  if (!status) status = zarrc_text_check(text, (size_t)e, w->error);
  if (!status) status = s->put_text(w->codec, text->ptr, text->len, &w->out, w->error);
  for (int i = w->spec->ndim - 2; i >= 0 && !status; i--)
    if ((e + 1) % items_below(w->spec, i) == 0) status = s->put_end(w->codec, &w->out, w->error);
  return status;
}

static zarrc_status put_shape(writer *w) {
  const zarrc_objects_spelling *s = w->spelling;
  zarrc_status status = s->put_list(w->codec, (size_t)w->spec->ndim, &w->out, w->error);
  for (int i = 0; i < w->spec->ndim && !status; i++) {
    if (i) status = s->put_comma(w->codec, &w->out, w->error);
    if (!status) status = s->put_integer(w->codec, (uint64_t)w->spec->shape[i], &w->out, w->error);
  }
  return status ? status : s->put_end(w->codec, &w->out, w->error);
}

static zarrc_status put_chunk(writer *w, const zarrc_text *text) {
  const zarrc_objects_spelling *s = w->spelling;
  int64_t n = zarrc_spec_nitems(w->spec), rows = w->spec->ndim ? w->spec->shape[0] : 1;
  zarrc_status status = s->put_list(w->codec, (size_t)rows + 2, &w->out, w->error);
  for (int64_t e = 0; e < n && !status; e++) {
    status = put_element(w, &text[e], e);
    if (!status && e % 65536 == 0) status = zarrc_ctx_check_canceled(zarrc_codec_ctx(w->codec), w->error);
  }
  if (!status) status = s->put_comma(w->codec, &w->out, w->error);
  if (!status) status = s->put_text(w->codec, "|O", 2, &w->out, w->error);
  if (!status) status = s->put_comma(w->codec, &w->out, w->error);
  if (!status) status = put_shape(w);
  return status ? status : s->put_end(w->codec, &w->out, w->error);
}

zarrc_status zarrc_objects_encode(const zarrc_codec *codec, const zarrc_objects_spelling *spelling,
                                  const zarrc_spec *spec, const zarrc_view *decoded, zarrc_parts *parts,
                                  zarrc_error *error) {
  writer w = {codec, spelling, spec, zarrc_buf_new(zarrc_codec_ctx(codec), SIZE_MAX / 2), error};
  zarrc_packed packed = {0};
  zarrc_status status = zarrc_packed_take(zarrc_codec_ctx(codec), decoded, &packed, error);
  if (!status) {
    zarrc_packed_load(&packed);
    status = put_chunk(&w, packed.memory);
  }
  if (!status) status = zarrc_parts_push(parts, zarrc_buf_take(&w.out), error);
  zarrc_packed_release(&packed);
  zarrc_buf_clear(&w.out);
  return status;
}

/* ---------------------------------------------------------------------------------------------------- decoding */

typedef struct reader {
  const zarrc_objects_spelling *spelling;
  const zarrc_spec *spec;
  zarrc_error *error;
  _Alignas(16) unsigned char state[ZARRC_OBJECTS_STATE];
} reader;

/* Reads the next part, which is to be of some kind. what: says what it is to be, for messages. */
static zarrc_status want(reader *r, zarrc_object_kind kind, zarrc_object *out, const char *what) {
  zarrc_status status = r->spelling->next(r->state, out, r->error);
  if (status || out->kind == kind) return status;
  return zarrc_fail(r->error, ZARRC_CORRUPT, "expected %s, found %s", what, out->words);
}

/* Reads an element, the lists that begin with it, and the ends of those that it ends. */
static zarrc_status want_element(reader *r, int64_t e, zarrc_object *out) {
  zarrc_object list;
  zarrc_status status = ZARRC_OK;
  for (int i = 0; i + 1 < r->spec->ndim && !status; i++) {
    if (e % items_below(r->spec, i)) continue;
    status = want(r, ZARRC_OBJECT_LIST, &list, "a list");
    if (status) zarrc_error_append(r->error, " before element %lld", (long long)e);
  }
  if (!status) status = r->spelling->next(r->state, out, r->error);
  if (status) return status;
  if (out->kind == ZARRC_OBJECT_END || out->kind == ZARRC_OBJECT_DONE)
    return zarrc_fail(r->error, ZARRC_CORRUPT, "the list ends before element %lld", (long long)e);
  bool is_empty = out->kind == ZARRC_OBJECT_NULL || (out->kind == ZARRC_OBJECT_INTEGER && out->integer == 0);
  if (out->kind != ZARRC_OBJECT_TEXT && !is_empty)
    return zarrc_fail(r->error, ZARRC_UNSUPPORTED, "element %lld is %s, and only strings are read", (long long)e,
                      out->words);
  for (int i = r->spec->ndim - 2; i >= 0 && !status; i--) {
    if ((e + 1) % items_below(r->spec, i)) continue;
    status = want(r, ZARRC_OBJECT_END, &list, "the end of a list");
    if (status) zarrc_error_append(r->error, " after element %lld", (long long)e);
  }
  return status;
}

/* Reads what follows the elements: a data type and the shape. */
static zarrc_status want_rest(reader *r) {
  zarrc_object o;
  zarrc_status status = want(r, ZARRC_OBJECT_TEXT, &o, "a data type after the elements");
  if (!status) status = want(r, ZARRC_OBJECT_LIST, &o, "a shape after the data type");
  for (int i = 0; i < r->spec->ndim && !status; i++) {
    status = want(r, ZARRC_OBJECT_INTEGER, &o, "a number in the shape");
    if (!status && o.integer != r->spec->shape[i])
      status = zarrc_fail(r->error, ZARRC_CORRUPT, "the chunk has length %lld on axis %d, and says that it has %lld",
                          (long long)r->spec->shape[i], i, (long long)o.integer);
  }
  if (!status) status = want(r, ZARRC_OBJECT_END, &o, "the end of the shape");
  if (!status) status = want(r, ZARRC_OBJECT_END, &o, "the end of the list");
  return status ? status : want(r, ZARRC_OBJECT_DONE, &o, "the end");
}

/* Finds the n elements of a region, and adds up their bytes. */
static zarrc_status find_elements(reader *r, zarrc_ctx *ctx, const zarrc_region *region, zarrc_object *found, int64_t n,
                                  size_t *nbytes) {
  int64_t nitems = zarrc_spec_nitems(r->spec), k = 0;
  int64_t wanted = n ? zarrc_text_number(r->spec, region, 0) : -1;
  zarrc_object o;
  *nbytes = 0;
  zarrc_status status = want(r, ZARRC_OBJECT_LIST, &o, "a list");
  for (int64_t e = 0; e < nitems && !status; e++) {
    status = want_element(r, e, &o);
    if (!status && e % 65536 == 0) status = zarrc_ctx_check_canceled(ctx, r->error);
    if (status || e != wanted) continue;
    found[k] = o;
    *nbytes += o.ntext;
    wanted = ++k < n ? zarrc_text_number(r->spec, region, k) : -1;
  }
  return status ? status : want_rest(r);
}

/* Copies the texts of the found elements to the view's arena, and the elements to the view. */
static zarrc_status land(const reader *r, const zarrc_view *to, const zarrc_object *found, zarrc_text *text, int64_t n,
                         size_t nbytes) {
  uint8_t *p;
  zarrc_status status = zarrc_texts_room(to, nbytes, &p, r->error);
  if (status) return status;
  for (int64_t k = 0; k < n; k++) {
    text[k] = (zarrc_text){p, found[k].ntext};
    if (!found[k].ntext) continue;
    r->spelling->text(&found[k], p);
    p += found[k].ntext;
  }
  zarrc_view from = zarrc_view_c(&to->dtype, to->ndim, to->shape, text);
  zarrc_copy(to, &from);
  return ZARRC_OK;
}

static zarrc_status read_elements(reader *r, zarrc_ctx *ctx, const zarrc_bytes *bytes, const zarrc_region *region,
                                  const zarrc_view *to) {
  int64_t n = zarrc_view_nitems(to), nitems = zarrc_spec_nitems(r->spec);
  zarrc_bytes found = {0}, text = {0};
  size_t nfound, ntext, nbytes;
  if ((uint64_t)nitems > bytes->len / r->spelling->least)
    return zarrc_fail(r->error, ZARRC_CORRUPT, "%lld elements cannot be in %zu bytes", (long long)nitems, bytes->len);
  if ((uint64_t)n > SIZE_MAX || !zarrc_mul_size((size_t)n, sizeof(zarrc_object), &nfound) ||
      !zarrc_mul_size((size_t)n, sizeof(zarrc_text), &ntext))
    return zarrc_fail(r->error, ZARRC_LIMIT, "%lld elements are too many", (long long)n);
  zarrc_status status = zarrc_scratch_take(ctx, nfound + 1, &found, r->error);
  if (!status) status = zarrc_scratch_take(ctx, ntext + 1, &text, r->error);
  zarrc_object *objects = (void *)(uintptr_t)found.ptr;
  r->spelling->begin(r->state, bytes->ptr, bytes->len);
  if (!status) status = find_elements(r, ctx, region, objects, n, &nbytes);
  if (!status) status = land(r, to, objects, (void *)(uintptr_t)text.ptr, n, nbytes);
  zarrc_bytes_release(&text);
  zarrc_bytes_release(&found);
  return status;
}

zarrc_status zarrc_objects_read(const zarrc_codec *codec, const zarrc_objects_spelling *spelling,
                                const zarrc_spec *spec, zarrc_blob *blob, const zarrc_region *region,
                                const zarrc_view *to, zarrc_error *error) {
  zarrc_ctx *ctx = zarrc_codec_ctx(codec);
  reader r = {.spelling = spelling, .spec = spec, .error = error};
  zarrc_range range = {.nbytes = zarrc_ctx_get_options(ctx)->max_chunk_bytes, .to_end = true};
  zarrc_status status = zarrc_blob_read(blob, &range, 1, error);
  if (status) return status;
  status = read_elements(&r, ctx, &range.got, region, to);
  zarrc_bytes_release(&range.got);
  return status;
}

/* SPDX-License-Identifier: MIT */
/* Makes the new value of a chunk from values and the rest of the old value, and stores it. */
#include "base/floats.h"
#include "base/values.h"
#include "pipeline/decoded_blob.h"

#include <math.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

/* How often a write is repeated because another writer has changed the value. */
#define MAX_CONFLICTS 10000
#define MAX_CHANGES   100 /* of the old value while it is read, one after another */

/* Releases memory that pieces were made from, or passes it on to them if any may point into it. */
static zarrc_status memory_hand_over(zarrc_bytes *memory, zarrc_parts *parts, zarrc_error *error) {
  bool lent = false;
  for (size_t i = 0; i < parts->nitems && !lent; i++)
    lent = !parts->items[i].release && parts->items[i].ptr && parts->items[i].len;
  if (!lent || !memory->ptr) {
    zarrc_bytes_release(memory);
    return ZARRC_OK;
  }
  zarrc_bytes keeper = *memory;
  *memory = (zarrc_bytes){0};
  keeper.len = 0;
  return zarrc_parts_push(parts, keeper, error);
}

/* --------------------------------------------------------------------------------------------------- encoding */

/* Encodes a view of the chunk before codec i with codecs i and later. Only the last codec gets `into`, since only its
 * pieces are stored. */
static zarrc_status encode_from(const zarrc_pipeline *p, size_t i, const zarrc_view *from, zarrc_parts *parts,
                                zarrc_error *error) {
  const zarrc_codec *codec = p->codecs[i];
  const zarrc_codec_class *c = zarrc_codec_get_class(codec);
  zarrc_status status = ZARRC_OK;
  if (i < p->serializer && c->u.aa.map) {
    zarrc_view mapped;
    c->u.aa.map(codec, from, &mapped);
    return encode_from(p, i + 1, &mapped, parts, error);
  }
  if (i < p->serializer) {
    zarrc_chunk_memory encoded;
    status = zarrc_chunk_memory_take(p, i + 1, from->arena, &encoded, error);
    if (status) return status;
    status = c->u.aa.encode(codec, &p->specs[i], from, &encoded.view, error);
    if (status)
      zarrc_error_in_codec(error, c->name);
    else
      status = encode_from(p, i + 1, &encoded.view, parts, error);
    if (!status) status = memory_hand_over(&encoded.bytes, parts, error);
    zarrc_chunk_memory_release(&encoded);
    return status;
  }
  uint8_t *into = parts->into;
  if (i + 1 < p->ncodecs) parts->into = NULL;
  status = c->u.ab.encode(codec, &p->specs[i], from, parts, error);
  while (!status && parts->nitems && ++i < p->ncodecs) { /* no pieces: the chunk has no value */
    c = zarrc_codec_get_class(p->codecs[i]);
    if (i + 1 == p->ncodecs) parts->into = into;
    status = c->u.bb.encode(p->codecs[i], parts, error);
  }
  if (status) zarrc_error_in_codec(error, c->name);
  return status;
}

zarrc_status zarrc_encode(const zarrc_pipeline *pipeline, const zarrc_view *from, zarrc_parts *parts,
                          zarrc_error *error) {
  const zarrc_spec *spec = &pipeline->specs[0];
  zarrc_region all = zarrc_region_all(spec->ndim, spec->shape);
  zarrc_status status = zarrc_pipeline_check(pipeline, &all, from, error);
  if (!status) status = zarrc_pipeline_check_encodes(pipeline, error);
  return status ? status : encode_from(pipeline, 0, from, parts, error);
}

/* --------------------------------------------------------------------------------------------------- updating */

/* Encodes a whole chunk; makes no pieces if it contains only fill value and empty chunks are not stored. */
static zarrc_status encode_or_elide(const zarrc_pipeline *p, const zarrc_view *from, zarrc_parts *parts,
                                    zarrc_error *error) {
  const zarrc_spec *spec = &p->specs[0];
  if (!spec->options.write_empty_chunks && zarrc_is_fill(from, spec->fill)) return ZARRC_OK;
  return encode_from(p, 0, from, parts, error);
}

/* Returns whether a part of a chunk can be updated: the array→bytes codec can do that, and the codecs before it only
 * rearrange. */
static bool updates_parts(const zarrc_pipeline *p) {
  for (size_t i = 0; i < p->serializer; i++)
    if (!zarrc_codec_get_class(p->codecs[i])->u.aa.map) return false;
  return zarrc_codec_supports_partial_encode(p->codecs[p->serializer]);
}

/* Returns whether the array→bytes codec accepts these values. Codecs before it can rearrange a view, but not parts that
 * are asked for; elements of variable length are not fetched. */
static bool takes(const zarrc_pipeline *p, const zarrc_values *values) {
  if (values->fetch && zarrc_dtype_is_variable(&p->specs[0].dtype)) return false;
  return updates_parts(p) && (values->view || p->serializer == 0);
}

static zarrc_status update_parts(const zarrc_pipeline *p, zarrc_blob *old, const zarrc_region *region,
                                 const zarrc_values *values, zarrc_parts *parts, zarrc_error *error) {
  zarrc_decoded_blob blobs[ZARRC_MAX_CODECS];
  zarrc_view view, mapped_view;
  zarrc_region at = *region, mapped_region;
  zarrc_values mapped = *values;
  zarrc_region inside, mapped_inside;
  if (p->serializer > 0) {
    view = *values->view;
    mapped.view = &view;
    if (values->inside) inside = zarrc_region_all(p->specs[0].ndim, values->inside);
  }
  for (size_t i = 0; i < p->serializer; i++) {
    const zarrc_codec_class *c = zarrc_codec_get_class(p->codecs[i]);
    c->u.aa.map(p->codecs[i], &view, &mapped_view);
    c->u.aa.map_region(p->codecs[i], p->specs[i].ndim, &at, &mapped_region);
    view = mapped_view;
    at = mapped_region;
    if (!values->inside) continue;
    c->u.aa.map_region(p->codecs[i], p->specs[i].ndim, &inside, &mapped_inside);
    inside = mapped_inside;
    mapped.inside = inside.count;
  }
  zarrc_blob *top = old ? zarrc_decoded_blobs_stack(p, old, blobs) : NULL;
  const zarrc_codec_class *c = zarrc_codec_get_class(p->codecs[p->serializer]);
  zarrc_status status =
      c->u.ab.update(p->codecs[p->serializer], &p->specs[p->serializer], top, &at, &mapped, parts, error);
  if (status) zarrc_pipeline_blame(p, error);
  for (size_t i = p->serializer + 1; !status && parts->nitems && i < p->ncodecs; i++) {
    c = zarrc_codec_get_class(p->codecs[i]);
    status = c->u.bb.encode(p->codecs[i], parts, error);
    if (status) zarrc_error_in_codec(error, c->name);
  }
  for (size_t i = 0; !status && top && i + p->serializer + 1 < p->ncodecs; i++) {
    status = memory_hand_over(&blobs[i].prefix, parts, error);
    if (!status) status = memory_hand_over(&blobs[i].value, parts, error);
  }
  if (top) zarrc_decoded_blobs_clear(p, blobs);
  return status;
}

static zarrc_status put_values(const zarrc_values *values, const zarrc_region *region, const zarrc_view *to,
                               zarrc_error *error) {
  if (!values->view) return zarrc_values_put(values, region, to, error);
  zarrc_copy(to, values->view);
  return ZARRC_OK;
}

/* Returns the value of one float in native byte order. */
static double float_value(const zarrc_float_format *format, const uint8_t *bytes) {
  uint16_t two = 0;
  uint32_t four = 0;
  uint64_t bits = bytes[0];
  if (format->nbytes == 2) memcpy(&two, bytes, 2);
  if (format->nbytes == 4) memcpy(&four, bytes, 4);
  if (format->nbytes == 8) memcpy(&bits, bytes, 8);
  return zarrc_float_value(format, format->nbytes == 2 ? two : format->nbytes == 4 ? four : bits);
}

/* Returns whether fill value beside other elements would make a codec lose them: if the codec computes with
 * neighbours (numcodecs.delta), and the fill value is not finite, or so large that 1 added to it is nothing. */
static bool fill_destroys(const zarrc_pipeline *p) {
  const zarrc_spec *spec = &p->specs[0];
  const zarrc_float_format *format = zarrc_float_format_of(spec->dtype.type);
  bool computes = false, destroys = false;
  if (!format || !spec->fill) return false;
  for (size_t i = 0; i < p->serializer; i++) computes |= !zarrc_codec_keeps_parts(p->codecs[i]);
  for (size_t at = 0; computes && at < spec->dtype.item_size; at += format->nbytes)
    destroys |= !(fabs(float_value(format, (const uint8_t *)spec->fill + at)) < ldexp(1, format->nfraction + 1));
  return destroys;
}

/* Encodes a chunk with zeros beyond the values, where fill value would destroy them: nobody reads what is there. */
static zarrc_status update_padded(const zarrc_pipeline *p, const zarrc_region *region, const zarrc_values *values,
                                  zarrc_parts *parts, zarrc_error *error) {
  const zarrc_spec *spec = &p->specs[0];
  zarrc_chunk_memory chunk;
  zarrc_status status = zarrc_chunk_memory_take(p, 0, NULL, &chunk, error);
  if (status) return status;
  zarrc_view part = zarrc_view_part(&chunk.view, region);
  memset((void *)chunk.bytes.ptr, 0, chunk.bytes.len);
  status = values->apply ? zarrc_pipeline_fill(p, &part, error) : ZARRC_OK;
  if (!status) status = put_values(values, region, &part, error);
  bool empty = !status && !spec->options.write_empty_chunks && zarrc_is_fill(&part, spec->fill);
  if (!status && !empty) status = encode_from(p, 0, &chunk.view, parts, error);
  if (!status) status = memory_hand_over(&chunk.bytes, parts, error);
  zarrc_chunk_memory_release(&chunk);
  return status;
}

/* Decodes the whole chunk, if anything of it is kept, puts the values in, and encodes it. */
static zarrc_status update_whole(const zarrc_pipeline *p, zarrc_blob *old, const zarrc_region *region,
                                 const zarrc_values *values, zarrc_parts *parts, zarrc_error *error) {
  const zarrc_spec *spec = &p->specs[0];
  bool keeps = values->apply || !zarrc_region_is_all(region, spec->ndim, spec->shape);
  zarrc_chunk_memory chunk;
  if (!keeps && values->view) return encode_or_elide(p, values->view, parts, error);
  zarrc_status status = zarrc_chunk_memory_take(p, 0, NULL, &chunk, error);
  if (status) return status;
  if (keeps)
    status = old ? zarrc_read(p, old, NULL, &chunk.view, NULL, error) : zarrc_pipeline_fill(p, &chunk.view, error);
  if (!status) {
    zarrc_view part = zarrc_view_part(&chunk.view, region);
    status = put_values(values, region, &part, error);
  }
  if (!status) status = encode_or_elide(p, &chunk.view, parts, error);
  if (!status) status = memory_hand_over(&chunk.bytes, parts, error);
  zarrc_chunk_memory_release(&chunk);
  return status;
}

/* Puts the values into a copy of the region, and updates the chunk from that; for chains that accept only a view. */
static zarrc_status update_copied(const zarrc_pipeline *p, zarrc_blob *old, const zarrc_region *region,
                                  const zarrc_values *values, zarrc_parts *parts, zarrc_error *error) {
  zarrc_spec spec = p->specs[0];
  zarrc_chunk_memory box = {0};
  size_t nbytes;
  for (int i = 0; i < spec.ndim; i++) spec.shape[i] = region->count[i];
  zarrc_status status = zarrc_spec_nbytes(p->ctx, &spec, &nbytes, error);
  if (!status) status = zarrc_scratch_take(p->ctx, nbytes, &box.bytes, error);
  if (!status && zarrc_dtype_is_variable(&spec.dtype)) status = zarrc_arena_open(p->ctx, &box.arena, error);
  if (!status) {
    box.view = zarrc_view_c(&spec.dtype, spec.ndim, spec.shape, (void *)box.bytes.ptr);
    box.view.arena = box.arena;
    if (values->apply)
      status = old ? zarrc_read(p, old, region, &box.view, NULL, error) : zarrc_pipeline_fill(p, &box.view, error);
  }
  if (!status) status = put_values(values, region, &box.view, error);
  if (!status)
    status = update_parts(p, old, region, &(zarrc_values){.view = &box.view, .inside = values->inside}, parts, error);
  if (!status) status = memory_hand_over(&box.bytes, parts, error);
  zarrc_chunk_memory_release(&box);
  return status;
}

static zarrc_status check_values(const zarrc_pipeline *p, const zarrc_region *region, const zarrc_values *values,
                                 zarrc_error *error) {
  const zarrc_spec *spec = &p->specs[0];
  zarrc_status status = zarrc_values_check(values, spec->ndim, region, error);
  if (status) return status;
  return values->view ? zarrc_pipeline_check(p, region, values->view, error)
                      : zarrc_region_check(region, spec->ndim, spec->shape, error);
}

static zarrc_status update(const zarrc_pipeline *p, zarrc_blob *old, const zarrc_region *region,
                           const zarrc_values *values, zarrc_parts *parts, zarrc_error *error) {
  const zarrc_spec *spec = &p->specs[0];
  zarrc_status status = check_values(p, region, values, error);
  if (!status) status = zarrc_pipeline_check_encodes(p, error);
  if (status) return status;
  bool fresh = values->inside && !values->apply && zarrc_region_is_all(region, spec->ndim, values->inside);
  if (fresh) old = NULL;
  if ((fresh || parts->fresh) && !old && !zarrc_region_is_all(region, spec->ndim, spec->shape) && fill_destroys(p))
    return update_padded(p, region, values, parts, error);
  if (!updates_parts(p)) return update_whole(p, old, region, values, parts, error);
  if (!takes(p, values)) return update_copied(p, old, region, values, parts, error);
  return update_parts(p, old, region, values, parts, error);
}

zarrc_status zarrc_update(const zarrc_pipeline *pipeline, zarrc_blob *old, const zarrc_region *region,
                          const zarrc_values *values, zarrc_parts *parts, zarrc_error *error) {
  if (region) return update(pipeline, old, region, values, parts, error);
  zarrc_region all = zarrc_region_all(pipeline->specs[0].ndim, pipeline->specs[0].shape);
  return update(pipeline, old, &all, values, parts, error);
}

/* -------------------------------------------------------------------------------------------------- storing */

/* Returns whether the value may be stored in batches: the array→bytes codec is the last, and makes it in batches. */
static bool streams(const zarrc_pipeline *p, const zarrc_blob *to, const zarrc_values *values) {
  return zarrc_blob_get_traits(to).streams && p->serializer + 1 == p->ncodecs && takes(p, values);
}

/* Makes the new value, or the beginning of it if it is stored in batches. */
static zarrc_status make_parts(const zarrc_pipeline *p, zarrc_blob *old, const zarrc_region *region,
                               const zarrc_values *values, zarrc_parts *parts, zarrc_error *error) {
  bool more = true;
  zarrc_status status = zarrc_update(p, old, region, values, parts, error);
  return status || !parts->source || parts->nitems ? status : zarrc_parts_next(parts, &more, error);
}

static zarrc_status store_parts(zarrc_blob *to, zarrc_parts *parts, bool if_unchanged, zarrc_error *error) {
  if (!parts->nitems) return zarrc_blob_erase(to, if_unchanged, error);
  if (parts->source) return zarrc_blob_replace_from(to, parts, if_unchanged, error);
  return zarrc_blob_replace(to, parts->items, parts->nitems, if_unchanged, error);
}

/* Makes and stores the new value. If it keeps something of the old one, this is repeated until no other writer has
 * changed the value in between. After a conflict a blob that can be written has forgotten what it has read. */
zarrc_status zarrc_write(const zarrc_pipeline *pipeline, zarrc_blob *to, const zarrc_region *region,
                         const zarrc_values *values, bool fresh, zarrc_error *error) {
  const zarrc_spec *spec = &pipeline->specs[0];
  if (!values) return zarrc_values_check(NULL, 0, NULL, error);
  bool keeps = !fresh && (values->apply || (region && !zarrc_region_is_all(region, spec->ndim, spec->shape)));
  zarrc_status status = ZARRC_CONFLICT;
  if (!zarrc_blob_is_writable(to))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the value cannot be written: it was opened for reading only");
  for (int i = 0, nchanges = 0; status == ZARRC_CONFLICT && i < MAX_CONFLICTS && nchanges < MAX_CHANGES; i++) {
    zarrc_parts parts;
    zarrc_parts_init(&parts, pipeline->ctx);
    parts.keeps = keeps;
    parts.streams = streams(pipeline, to, values);
    parts.fresh = fresh;
    status = make_parts(pipeline, keeps ? to : NULL, region, values, &parts, error);
    bool again = (!status || status == ZARRC_CONFLICT) && (keeps || parts.source);
    nchanges = status == ZARRC_CONFLICT ? nchanges + 1 : 0;
    if (!status) status = store_parts(to, &parts, keeps, error);
    zarrc_parts_clear(&parts);
    if (!again) break;
  }
  return status;
}

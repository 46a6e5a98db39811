/* SPDX-License-Identifier: MIT */
/* The one write: a new value is made of the view and of what is kept of the old one, and stored whole. */
#include "base/ops.h"
#include "pipeline/decoded_blob.h"

#include <zarrc/plugin/codec.h>

/* How often a write starts again because somebody else changed the value meanwhile. */
#define MAX_CONFLICTS 10000

/* Gives memory back that pieces were made from, or, where pieces may point into it, with the pieces. */
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

/* Runs the codecs from i on over a view of the chunk in front of codec i. `into` of parts is kept for the last piece
 * maker, so that what lands there is what is stored. */
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
  while (!status && parts->nitems && ++i < p->ncodecs) { /* no pieces: no value, and nothing to compress */
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
  return status ? status : encode_from(pipeline, 0, from, parts, error);
}

/* --------------------------------------------------------------------------------------------------- updating */

/* Encodes a whole chunk, or makes it nothing where all of it is fill value. */
static zarrc_status encode_or_elide(const zarrc_pipeline *p, const zarrc_view *from, zarrc_parts *parts,
                                    zarrc_error *error) {
  const zarrc_spec *spec = &p->specs[0];
  if (!spec->options.write_empty_chunks && zarrc_is_fill(from, spec->fill)) return ZARRC_OK;
  return encode_from(p, 0, from, parts, error);
}

/* Whether the chain can be updated in parts: its array→bytes codec can, and nothing in front of it computes. */
static bool updates_parts(const zarrc_pipeline *p) {
  for (size_t i = 0; i < p->serializer; i++)
    if (!zarrc_codec_get_class(p->codecs[i])->u.aa.map) return false;
  return zarrc_codec_supports_partial_encode(p->codecs[p->serializer]);
}

/* Whether the codec that makes bytes takes a change as it is. It fetches elements of fixed size only. */
static bool modifies(const zarrc_pipeline *p, const zarrc_change *change) {
  if (change->fetch && zarrc_dtype_is_variable(&p->specs[0].dtype)) return false;
  return updates_parts(p) && p->serializer == 0 && zarrc_codec_get_class(p->codecs[0])->u.ab.modify;
}

/* Of `from` and `change`, here and below, one is NULL. A change gets here only if no codec is in front of the one that
 * makes it. */
static zarrc_status update_parts(const zarrc_pipeline *p, zarrc_blob *old, const zarrc_region *region,
                                 const zarrc_view *from, const zarrc_change *change, zarrc_parts *parts,
                                 zarrc_error *error) {
  zarrc_decoded_blob blobs[ZARRC_MAX_CODECS];
  zarrc_view view = {0}, mapped_view;
  zarrc_region at = *region, mapped_region;
  if (from) view = *from;
  for (size_t i = 0; i < p->serializer; i++) {
    const zarrc_codec_class *c = zarrc_codec_get_class(p->codecs[i]);
    c->u.aa.map(p->codecs[i], &view, &mapped_view);
    c->u.aa.map_region(p->codecs[i], p->specs[i].ndim, &at, &mapped_region);
    view = mapped_view;
    at = mapped_region;
  }
  zarrc_blob *top = old ? zarrc_decoded_blobs_stack(p, old, blobs) : NULL;
  const zarrc_codec *codec = p->codecs[p->serializer];
  const zarrc_spec *spec = &p->specs[p->serializer];
  const zarrc_codec_class *c = zarrc_codec_get_class(codec);
  zarrc_status status = change ? c->u.ab.modify(codec, spec, top, &at, change, parts, error)
                               : c->u.ab.update(codec, spec, top, &at, &view, parts, error);
  for (size_t i = p->serializer + 1; !status && parts->nitems && i < p->ncodecs; i++) {
    c = zarrc_codec_get_class(p->codecs[i]);
    status = c->u.bb.encode(p->codecs[i], parts, error);
  }
  if (status) zarrc_error_in_codec(error, c->name);
  for (size_t i = 0; !status && top && i + p->serializer + 1 < p->ncodecs; i++) {
    status = memory_hand_over(&blobs[i].prefix, parts, error);
    if (!status) status = memory_hand_over(&blobs[i].value, parts, error);
  }
  if (top) zarrc_decoded_blobs_clear(p, blobs);
  return status;
}

/* Decodes the whole old chunk, puts the part in, and encodes the whole. */
static zarrc_status update_whole(const zarrc_pipeline *p, zarrc_blob *old, const zarrc_region *region,
                                 const zarrc_view *from, const zarrc_change *change, zarrc_parts *parts,
                                 zarrc_error *error) {
  zarrc_chunk_memory chunk;
  zarrc_status status = zarrc_chunk_memory_take(p, 0, NULL, &chunk, error);
  if (status) return status;
  status = old ? zarrc_read(p, old, NULL, &chunk.view, NULL, error) : zarrc_pipeline_fill(p, &chunk.view, error);
  if (!status) {
    zarrc_view part = zarrc_view_part(&chunk.view, region);
    if (change)
      status = change->apply(change->arg, region, &part, error);
    else
      zarrc_copy(&part, from);
  }
  if (!status) status = encode_or_elide(p, &chunk.view, parts, error);
  if (!status) status = memory_hand_over(&chunk.bytes, parts, error);
  zarrc_chunk_memory_release(&chunk);
  return status;
}

/* Takes the region out, or fetches it, changes it, and puts it back: where only a view will do. */
static zarrc_status change_copy(const zarrc_pipeline *p, zarrc_blob *old, const zarrc_region *region,
                                const zarrc_change *change, zarrc_parts *parts, zarrc_error *error) {
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
    if (!change->fetch)
      status = old ? zarrc_read(p, old, region, &box.view, NULL, error) : zarrc_pipeline_fill(p, &box.view, error);
  }
  if (!status) status = (change->fetch ? change->fetch : change->apply)(change->arg, region, &box.view, error);
  if (!status) status = zarrc_update(p, old, region, &box.view, parts, error);
  if (!status) status = memory_hand_over(&box.bytes, parts, error);
  zarrc_chunk_memory_release(&box);
  return status;
}

zarrc_status zarrc_update(const zarrc_pipeline *pipeline, zarrc_blob *old, const zarrc_region *region,
                          const zarrc_view *from, zarrc_parts *parts, zarrc_error *error) {
  const zarrc_spec *spec = &pipeline->specs[0];
  zarrc_region all = zarrc_region_all(spec->ndim, spec->shape);
  if (!region) region = &all;
  zarrc_status status = zarrc_pipeline_check(pipeline, region, from, error);
  if (status) return status;
  if (updates_parts(pipeline)) return update_parts(pipeline, old, region, from, NULL, parts, error);
  if (zarrc_region_is_all(region, spec->ndim, spec->shape)) return encode_or_elide(pipeline, from, parts, error);
  return update_whole(pipeline, old, region, from, NULL, parts, error);
}

zarrc_status zarrc_modify_value(const zarrc_pipeline *pipeline, zarrc_blob *old, const zarrc_region *region,
                                const zarrc_change *change, zarrc_parts *parts, zarrc_error *error) {
  const zarrc_spec *spec = &pipeline->specs[0];
  zarrc_status status = zarrc_region_check(region, spec->ndim, spec->shape, error);
  if (status) return status;
  for (int i = 0; i < spec->ndim && change->fetch; i++)
    if (region->step[i] != 1)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: elements are not fetched in steps", i);
  if (!updates_parts(pipeline) && !change->fetch)
    return update_whole(pipeline, old, region, NULL, change, parts, error);
  if (!modifies(pipeline, change)) return change_copy(pipeline, old, region, change, parts, error);
  return update_parts(pipeline, old, region, NULL, change, parts, error);
}

/* -------------------------------------------------------------------------------------------------- storing */

/* Whether the pieces that a chain makes may go to the blob batch by batch: the last to touch them is the codec that
 * makes them, from the memory that was given. */
static bool streams(const zarrc_pipeline *p, const zarrc_blob *to, const zarrc_change *change) {
  if (!zarrc_blob_get_traits(to).streams || p->serializer + 1 != p->ncodecs || !updates_parts(p)) return false;
  return !change || modifies(p, change);
}

static zarrc_status parts_store(zarrc_blob *to, zarrc_parts *parts, bool if_unchanged, zarrc_error *error) {
  bool more = true;
  if (parts->source && !parts->nitems) {
    zarrc_status status = zarrc_parts_next(parts, &more, error);
    if (status) return status;
  }
  if (!parts->nitems) return zarrc_blob_erase(to, if_unchanged, error);
  if (parts->source) return zarrc_blob_replace_from(to, parts, if_unchanged, error);
  return zarrc_blob_replace(to, parts->items, parts->nitems, if_unchanged, error);
}

/* Makes the new value and stores it; where it keeps something of the old one, again until nobody came between. */
static zarrc_status value_store(const zarrc_pipeline *p, zarrc_blob *to, const zarrc_region *region,
                                const zarrc_view *from, const zarrc_change *change, bool keeps, zarrc_error *error) {
  zarrc_status status = ZARRC_CONFLICT;
  if (!zarrc_blob_is_writable(to))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the value cannot be written: it was opened for reading only");
  for (int i = 0; status == ZARRC_CONFLICT && i < MAX_CONFLICTS; i++) {
    zarrc_parts parts;
    zarrc_parts_init(&parts, p->ctx);
    parts.keeps = keeps;
    parts.streams = streams(p, to, change);
    status = change ? zarrc_modify_value(p, keeps ? to : NULL, region, change, &parts, error)
                    : zarrc_update(p, keeps ? to : NULL, region, from, &parts, error);
    bool again = keeps || parts.source;
    if (!status) status = parts_store(to, &parts, keeps, error);
    zarrc_parts_clear(&parts);
    if (!again) break;
  }
  return status;
}

zarrc_status zarrc_write(const zarrc_pipeline *pipeline, zarrc_blob *to, const zarrc_region *region,
                         const zarrc_view *from, bool fresh, zarrc_error *error) {
  const zarrc_spec *spec = &pipeline->specs[0];
  bool keeps = !fresh && region && !zarrc_region_is_all(region, spec->ndim, spec->shape);
  return value_store(pipeline, to, region, from, NULL, keeps, error);
}

zarrc_status zarrc_pipeline_change(const zarrc_pipeline *pipeline, zarrc_blob *to, const zarrc_region *region,
                                   const zarrc_change *change, bool fresh, zarrc_error *error) {
  return value_store(pipeline, to, region, NULL, change, !fresh, error);
}

zarrc_status zarrc_modify(const zarrc_pipeline *pipeline, zarrc_blob *to, const zarrc_region *region,
                          const zarrc_change *change, zarrc_error *error) {
  return zarrc_pipeline_change(pipeline, to, region, change, false, error);
}

zarrc_status zarrc_write_fetched(const zarrc_pipeline *pipeline, zarrc_blob *to, const zarrc_region *region,
                                 const zarrc_change *change, bool fresh, zarrc_error *error) {
  const zarrc_spec *spec = &pipeline->specs[0];
  bool keeps = !fresh && !zarrc_region_is_all(region, spec->ndim, spec->shape);
  return value_store(pipeline, to, region, NULL, change, keeps, error);
}

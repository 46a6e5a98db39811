/* SPDX-License-Identifier: MIT */
/* Reading a chunk or a part of it; see docs/walk.md. */
#include "pipeline/decoded_blob.h"

#include <zarrc/plugin/codec.h>

typedef struct reading {
  const zarrc_pipeline *pipeline;
  zarrc_blob *top; /* the blob that the array→bytes codec reads */
} reading;

/* Reads a region of the chunk before codec i. */
static zarrc_status read_at(const reading *r, size_t i, const zarrc_region *region, const zarrc_view *to,
                            zarrc_error *error);

/* Reads through an array→array codec that computes: decodes the whole chunk after it first. */
static zarrc_status read_computed(const reading *r, size_t i, const zarrc_region *region, const zarrc_view *to,
                                  zarrc_error *error) {
  const zarrc_pipeline *p = r->pipeline;
  const zarrc_codec *codec = p->codecs[i];
  const zarrc_spec *spec = &p->specs[i];
  const zarrc_codec_class *c = zarrc_codec_get_class(codec);
  zarrc_chunk_memory encoded = {0}, decoded = {0};
  bool whole = zarrc_region_is_all(region, spec->ndim, spec->shape);
  zarrc_status status = zarrc_chunk_memory_take(p, i + 1, to->arena, &encoded, error);
  if (!status && !whole) status = zarrc_chunk_memory_take(p, i, to->arena, &decoded, error);
  if (!status) {
    zarrc_region all = zarrc_region_all(p->specs[i + 1].ndim, p->specs[i + 1].shape);
    status = read_at(r, i + 1, &all, &encoded.view, error);
  }
  if (!status) {
    status = c->u.aa.decode(codec, spec, &encoded.view, whole ? to : &decoded.view, error);
    if (status) zarrc_error_in_codec(error, c->name);
  }
  if (!status && !whole) {
    zarrc_view part = zarrc_view_part(&decoded.view, region);
    zarrc_copy(to, &part);
  }
  zarrc_chunk_memory_release(&decoded);
  zarrc_chunk_memory_release(&encoded);
  return status;
}

/* Reads through an array→array codec that computes each element by itself: decodes only the region. Encoded elements of
 * the same size are decoded where they are read to. */
static zarrc_status read_pointwise(const reading *r, size_t i, const zarrc_region *region, const zarrc_view *to,
                                   zarrc_error *error) {
  const zarrc_pipeline *p = r->pipeline;
  const zarrc_codec_class *c = zarrc_codec_get_class(p->codecs[i]);
  zarrc_spec part = p->specs[i + 1];
  zarrc_view encoded = *to;
  zarrc_bytes memory = {0};
  zarrc_status status = ZARRC_OK;
  encoded.dtype = part.dtype;
  /* In the byte order of the view, what decodes to itself needs nothing more. */
  if (part.dtype.type == to->dtype.type) encoded.dtype.endian = to->dtype.endian;
  if (part.dtype.item_size != to->dtype.item_size) {
    size_t nbytes;
    for (int k = 0; k < part.ndim; k++) part.shape[k] = region->count[k];
    status = zarrc_spec_nbytes(p->ctx, &part, &nbytes, error);
    if (!status) status = zarrc_scratch_take(p->ctx, nbytes, &memory, error);
    if (!status) encoded = zarrc_view_c(&part.dtype, part.ndim, part.shape, (void *)memory.ptr);
  }
  if (!status) status = read_at(r, i + 1, region, &encoded, error);
  if (!status) {
    status = c->u.aa.decode(p->codecs[i], &p->specs[i], &encoded, to, error);
    if (status) zarrc_error_in_codec(error, c->name);
  }
  zarrc_bytes_release(&memory);
  return status;
}

/* The elements from the first to the last that a region selects, in C order. */
typedef struct run {
  int64_t first, end, stride[ZARRC_MAX_NDIM]; /* stride: in elements */
} run;

static run run_of(const zarrc_spec *spec, const zarrc_region *region) {
  run out = {.end = 1};
  int64_t n = 1;
  for (int k = spec->ndim - 1; k >= 0; k--) {
    out.stride[k] = n;
    out.first += region->start[k] * n;
    out.end += (region->start[k] + (region->count[k] - 1) * region->step[k]) * n;
    n *= spec->shape[k];
  }
  return out;
}

/* Reads the header of an encoded chunk with one axis, and its elements [start, end), to a view that has room for both.
 */
static zarrc_status read_encoded_run(const reading *r, size_t i, int64_t header, int64_t start, int64_t end,
                                     const zarrc_view *to, zarrc_error *error) {
  const zarrc_region parts[2] = {{.count = {header}, .step = {1}},
                                 {.start = {start}, .count = {end - start}, .step = {1}}};
  const zarrc_region places[2] = {{.count = {header}, .step = {1}},
                                  {.start = {header}, .count = {end - start}, .step = {1}}};
  zarrc_status status = ZARRC_OK;
  for (int k = header > 0 ? 0 : 1; k < 2; k++) { /* both are asked for before one is waited for */
    zarrc_view view = zarrc_view_part(to, &places[k]);
    zarrc_status one = read_at(r, i, &parts[k], &view, error);
    if (one && one != ZARRC_PENDING) return one;
    if (one) status = one;
  }
  return status;
}

/* Reads through an array→array codec that encodes runs of elements: decodes from the first element of the region to the
 * last. */
static zarrc_status read_run(const reading *r, size_t i, const zarrc_region *region, const zarrc_view *to,
                             zarrc_error *error) {
  const zarrc_pipeline *p = r->pipeline;
  const zarrc_codec_class *c = zarrc_codec_get_class(p->codecs[i]);
  const zarrc_runs *runs = c->u.aa.runs;
  const zarrc_spec *spec = &p->specs[i], *next = &p->specs[i + 1];
  const run wanted = run_of(spec, region);
  int64_t start = wanted.first, end = wanted.end, one = end - start;
  runs->place(p->codecs[i], spec, &start, &end);
  int64_t nencoded = runs->header + end - start;
  if (zarrc_view_nitems(to) == 0 || nencoded >= next->shape[0]) return read_computed(r, i, region, to, error);
  size_t item = spec->dtype.item_size,
         room = ((size_t)one * item + 63) & ~(size_t)63; /* encoded ones are aligned, too */
  zarrc_bytes memory;
  zarrc_status status = zarrc_scratch_take(p->ctx, room + (size_t)nencoded * next->dtype.item_size, &memory, error);
  if (status) return status;
  uint8_t *bytes = (uint8_t *)(uintptr_t)memory.ptr;
  zarrc_view decoded = zarrc_view_c(&spec->dtype, 1, &one, bytes);
  zarrc_view encoded = zarrc_view_c(&next->dtype, 1, &nencoded, bytes + room);
  status = read_encoded_run(r, i + 1, runs->header, start, end, &encoded, error);
  if (!status) {
    status = runs->decode(p->codecs[i], spec, wanted.first, &encoded, &decoded, error);
    if (status) zarrc_error_in_codec(error, c->name);
  }
  if (!status) {
    zarrc_view part = zarrc_view_c(&spec->dtype, spec->ndim, region->count, bytes);
    for (int k = 0; k < spec->ndim; k++) part.stride[k] = region->step[k] * wanted.stride[k] * (int64_t)item;
    zarrc_copy(to, &part);
  }
  zarrc_bytes_release(&memory);
  return status;
}

static zarrc_status read_at(const reading *r, size_t i, const zarrc_region *region, const zarrc_view *to,
                            zarrc_error *error) {
  const zarrc_pipeline *p = r->pipeline;
  const zarrc_codec *codec = p->codecs[i];
  const zarrc_codec_class *c = zarrc_codec_get_class(codec);
  if (i == p->serializer) {
    zarrc_status status = c->u.ab.read(codec, &p->specs[i], r->top, region, to, error);
    if (status && status != ZARRC_NOT_FOUND) zarrc_pipeline_blame(p, error);
    return status;
  }
  if (c->u.aa.runs) return read_run(r, i, region, to, error);
  if (!c->u.aa.map)
    return c->u.aa.pointwise ? read_pointwise(r, i, region, to, error) : read_computed(r, i, region, to, error);
  zarrc_view mapped;
  zarrc_region mapped_region;
  c->u.aa.map(codec, to, &mapped);
  c->u.aa.map_region(codec, p->specs[i].ndim, region, &mapped_region);
  return read_at(r, i + 1, &mapped_region, &mapped, error);
}

zarrc_status zarrc_read(const zarrc_pipeline *pipeline, zarrc_blob *from, const zarrc_region *region,
                        const zarrc_view *to, bool *missing, zarrc_error *error) {
  const zarrc_spec *spec = &pipeline->specs[0];
  zarrc_decoded_blob blobs[ZARRC_MAX_CODECS];
  zarrc_region all;
  if (!region) {
    all = zarrc_region_all(spec->ndim, spec->shape);
    region = &all;
  }
  if (missing) *missing = false;
  zarrc_status status = zarrc_pipeline_check(pipeline, region, to, error);
  if (status) return status;
  reading r = {pipeline, zarrc_decoded_blobs_stack(pipeline, from, blobs)};
  status = read_at(&r, 0, region, to, error);
  zarrc_decoded_blobs_clear(pipeline, blobs);
  if (status != ZARRC_NOT_FOUND) return status;
  if (missing) *missing = true;
  return zarrc_pipeline_fill(pipeline, to, error);
}

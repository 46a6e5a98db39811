/* SPDX-License-Identifier: MIT */
/* bytes: packed elements in C order, each unit in the configured byte order. Parts are read by ranges. */
#include "base/floats.h"
#include "base/reading.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"

#include <string.h>

/* Most ranges, and most bytes, of one read. */
#define BYTES_BATCH        32
#define BYTES_BATCH_NBYTES ((uint64_t)16 << 20)
/* Bytes that are byte-swapped at once. */
#define TURN_NBYTES 16384u

typedef zarrc_bytes_config bytes_codec;

/* -------------------------------------------------------------------------------------------------- metadata */

static zarrc_status not_an_endian(zarrc_error *error) {
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.endian must be \"little\" or \"big\"");
}

static zarrc_status bytes_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"endian", NULL};
  bytes_codec *b = zarrc_codec_instance(codec);
  zarrc_config config;
  *b = (bytes_codec){.struct_size = sizeof *b};
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (status) return status;
  if (!zarrc_config_has(&config, "endian")) {
    b->has_endian = codec->lenient != NULL;
    b->endian = ZARRC_LITTLE;
    return ZARRC_OK;
  }
  size_t len;
  const char *name = zarrc_json_get_string(zarrc_json_get(config.root, "endian"), &len);
  b->has_endian = name && strlen(name) == len && !zarrc_endian_from_name(name, &b->endian, NULL);
  return b->has_endian ? ZARRC_OK : not_an_endian(error);
}

static zarrc_status set_bytes(zarrc_codec *codec, const void *config, zarrc_error *error) {
  bytes_codec *b = zarrc_codec_instance(codec);
  *b = *(const bytes_codec *)config;
  if (b->has_endian && !zarrc_endian_name(b->endian)) return not_an_endian(error);
  if (!b->has_endian) b->endian = ZARRC_LITTLE;
  return ZARRC_OK;
}

zarrc_status zarrc_bytes_codec_open(zarrc_ctx *ctx, const zarrc_bytes_config *given, zarrc_codec **out,
                                    zarrc_error *error) {
  bytes_codec config = ZARRC_BYTES_CONFIG_INIT;
  return zarrc_codec_open_config(ctx, &zarrc_bytes_class, given, &config, sizeof config, set_bytes, out, error);
}

zarrc_status zarrc_bytes_codec_get(const zarrc_codec *codec, zarrc_bytes_config *config, zarrc_error *error) {
  return zarrc_codec_get_config(codec, &zarrc_bytes_class, zarrc_codec_instance(codec), sizeof *config, config, error);
}

static bool bytes_equal(const zarrc_codec *one, const zarrc_codec *other) {
  const bytes_codec *a = zarrc_codec_instance(one), *b = zarrc_codec_instance(other);
  return a->has_endian == b->has_endian && a->endian == b->endian;
}

static zarrc_status bytes_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const bytes_codec *b = zarrc_codec_instance(codec);
  if (!b->has_endian) return zarrc_buf_printf(out, error, "{\"name\": \"bytes\"}");
  return zarrc_buf_printf(out, error, "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"%s\"}}",
                          zarrc_endian_name(b->endian));
}

static zarrc_status bytes_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                   zarrc_error *error) {
  (void)codec, (void)grid;
  if (!zarrc_dtype_is_variable(&spec->dtype)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "elements of variable length need vlen-utf8 or vlen-bytes");
}

static zarrc_status bytes_evolve(zarrc_codec *codec, const zarrc_spec *spec, zarrc_error *error) {
  bytes_codec *b = zarrc_codec_instance(codec);
  if (!zarrc_dtype_has_endian(&spec->dtype)) {
    b->has_endian = false;
    b->endian = ZARRC_LITTLE;
  } else if (!b->has_endian && spec->dtype.type == ZARRC_STRUCT) {
    b->has_endian = true;
    b->endian = ZARRC_LITTLE;
  } else if (!b->has_endian) {
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.endian is needed for elements of several bytes");
  }
  return ZARRC_OK;
}

/* Returns the type of the stored elements. */
static zarrc_dtype stored_dtype(const zarrc_codec *codec, const zarrc_spec *spec) {
  const bytes_codec *b = zarrc_codec_instance(codec);
  zarrc_dtype stored = spec->dtype;
  stored.endian = b->endian;
  return stored;
}

static bool same_bytes(const zarrc_dtype *a, const zarrc_dtype *b) {
  return a->endian == b->endian || !zarrc_dtype_has_endian(a);
}

/* ------------------------------------------------------------------------------------- elements of less than a byte */

static bool can_be_odd(zarrc_type type) {
  return zarrc_type_mask(type) != 0xff;
}

/* Returns whether elements have bits set that they may not have in memory; never if these have whole bytes. */
static bool are_odd(zarrc_type type, const uint8_t *p, size_t n) {
  uint8_t all = 0;
  if (!can_be_odd(type)) return false;
  for (size_t i = 0; i < n; i++) all |= p[i];
  return all & (uint8_t)~zarrc_type_mask(type);
}

/* Any boolean that is not 0 becomes 1; the high bits of other elements mean nothing. */
static void normalise(zarrc_type type, uint8_t *to, const uint8_t *from, size_t n) {
  uint8_t mask = zarrc_type_mask(type);
  if (type == ZARRC_BOOL)
    for (size_t i = 0; i < n; i++) to[i] = from[i] != 0;
  else
    for (size_t i = 0; i < n; i++) to[i] = from[i] & mask;
}

/* Copies stored elements to their destination, normalised. */
static zarrc_status elements_land(zarrc_ctx *ctx, const zarrc_view *to, const zarrc_view *stored, const uint8_t *from,
                                  size_t nbytes, zarrc_error *error) {
  if (!are_odd(stored->dtype.type, from, nbytes)) {
    zarrc_copy(to, stored);
    return ZARRC_OK;
  }
  zarrc_bytes clean;
  zarrc_status status = zarrc_scratch_take(ctx, nbytes, &clean, error);
  if (status) return status;
  normalise(stored->dtype.type, (uint8_t *)clean.ptr, from, nbytes);
  zarrc_view view = *stored;
  view.data = (uint8_t *)clean.ptr + ((uint8_t *)stored->data - from);
  zarrc_copy(to, &view);
  zarrc_bytes_release(&clean);
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------ whole chunks */

static zarrc_status bytes_encode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *decoded,
                                 zarrc_parts *parts, zarrc_error *error) {
  zarrc_ctx *ctx = zarrc_codec_ctx(codec);
  size_t nbytes;
  uint8_t *memory;
  zarrc_status status = zarrc_spec_nbytes(ctx, spec, &nbytes, error);
  if (status) return status;
  zarrc_dtype stored = stored_dtype(codec, spec);
  bool lend = zarrc_view_is_packed_c(decoded) && same_bytes(&decoded->dtype, &stored);
  if (lend && !parts->into && !are_odd(stored.type, decoded->data, nbytes))
    return zarrc_parts_push(parts, (zarrc_bytes){decoded->data, nbytes, NULL, NULL}, error);
  status = zarrc_parts_add(parts, nbytes, &memory, error);
  if (status) return status;
  zarrc_view to = zarrc_view_c(&stored, spec->ndim, spec->shape, memory);
  zarrc_copy(&to, decoded);
  if (are_odd(stored.type, memory, nbytes)) normalise(stored.type, memory, memory, nbytes);
  return ZARRC_OK;
}

static zarrc_status size_mismatch(uint64_t nbytes, uint64_t expected, zarrc_error *error) {
  return zarrc_fail(error, ZARRC_SIZE_MISMATCH, "%llu bytes where the chunk has %llu", (unsigned long long)nbytes,
                    (unsigned long long)expected);
}

/* Byte-swaps elements in place; in pieces that fit the nearest cache, because zarrc_copy does not allow overlaps. */
static void turn_elements(const zarrc_dtype *wanted, const zarrc_dtype *stored, uint8_t *p, size_t nbytes) {
  uint8_t near[TURN_NBYTES];
  for (size_t at = 0, n; at < nbytes; at += n) {
    n = TURN_NBYTES / stored->item_size * stored->item_size;
    if (n > nbytes - at) n = nbytes - at;
    memcpy(near, p + at, n);
    int64_t nitems = (int64_t)(n / stored->item_size);
    zarrc_view from = zarrc_view_c(stored, 1, &nitems, near), to = zarrc_view_c(wanted, 1, &nitems, p + at);
    zarrc_copy(&to, &from);
  }
}

static zarrc_status read_whole(zarrc_ctx *ctx, zarrc_blob *blob, uint64_t nbytes, const zarrc_dtype *stored,
                               const zarrc_spec *spec, const zarrc_region *region, const zarrc_view *to,
                               zarrc_error *error) {
  uint64_t most = zarrc_ctx_get_options(ctx)->max_chunk_bytes;
  bool same = same_bytes(&to->dtype, stored);
  bool direct = zarrc_region_is_all(region, spec->ndim, spec->shape) && zarrc_view_is_packed_c(to) &&
                (same || stored->item_size <= TURN_NBYTES);
  zarrc_range range = {.nbytes = direct || nbytes < most ? nbytes : most, .to_end = true};
  if (direct && nbytes) range.into = to->data;
  zarrc_error own = {0};
  zarrc_status status = zarrc_blob_read(blob, &range, 1, &own);
  if (status && error) *error = own;
  if (status == ZARRC_LIMIT && range.nbytes == nbytes && !own.codec[0])
    return zarrc_fail(error, ZARRC_SIZE_MISMATCH, "more bytes than the %llu that the chunk has",
                      (unsigned long long)nbytes);
  if (status) return status;
  if (range.got.len != nbytes) {
    status = size_mismatch(range.got.len, nbytes, error);
  } else if (!direct) {
    zarrc_view chunk = zarrc_view_c(stored, spec->ndim, spec->shape, (void *)range.got.ptr);
    zarrc_view part = zarrc_view_part(&chunk, region);
    status = elements_land(ctx, to, &part, range.got.ptr, range.got.len, error);
  } else if (!same) {
    turn_elements(&to->dtype, stored, to->data, range.got.len);
  } else if (are_odd(stored->type, to->data, range.got.len)) {
    normalise(stored->type, to->data, to->data, range.got.len);
  }
  zarrc_bytes_release(&range.got);
  return status;
}

/* ----------------------------------------------------------------------------------------------------- parts */

/* How to read a region of the chunk: there is a range for each index on the first nlead axes, from its first to its
 * last wanted element. */
typedef struct plan {
  int nlead;
  uint64_t nranges, span;         /* number of ranges; bytes of each */
  uint64_t first;                 /* offset of the first range */
  int64_t stride[ZARRC_MAX_NDIM]; /* bytes between neighboring elements of the region on each axis */
} plan;

static plan plan_ranges(const zarrc_spec *spec, const zarrc_region *region, uint64_t gap) {
  plan p = {.nranges = 1, .span = spec->dtype.item_size};
  int64_t stride = spec->dtype.item_size;
  for (int i = spec->ndim - 1; i >= 0; i--) {
    p.first += (uint64_t)(region->start[i] * stride);
    p.stride[i] = region->count[i] > 1 ? stride * region->step[i] : stride; /* otherwise step may be any number */
    stride *= spec->shape[i];
  }
  for (int i = spec->ndim - 1; i >= 0; i--) {
    /* An axis gets ranges of its own if its elements are too far apart, or if an inner axis does. */
    uint64_t between = (uint64_t)p.stride[i] > p.span ? (uint64_t)p.stride[i] - p.span : 0;
    if (region->count[i] > 1 && (p.nranges > 1 || between > gap)) {
      if (p.nlead == 0) p.nlead = i + 1;
      p.nranges *= (uint64_t)region->count[i];
    } else if (p.nranges == 1) {
      p.span += (uint64_t)((region->count[i] - 1) * p.stride[i]);
    }
  }
  return p;
}

/* Gets the index of the k-th range on the first nlead axes. */
static void plan_index(const plan *p, const zarrc_region *region, uint64_t k, int64_t *index) {
  for (int i = p->nlead - 1; i >= 0; i--) {
    index[i] = (int64_t)(k % (uint64_t)region->count[i]);
    k /= (uint64_t)region->count[i];
  }
}

/* Returns views of the elements of a range: in the destination (into) and in the bytes of the range (from). */
static void range_views(const plan *p, const zarrc_dtype *stored, const zarrc_region *region, const zarrc_view *to,
                        const int64_t *index, zarrc_view *from, zarrc_view *into) {
  int inner = to->ndim - p->nlead;
  from->data = NULL;
  into->data = to->data;
  from->dtype = *stored;
  into->dtype = to->dtype;
  from->ndim = into->ndim = inner; /* other axes are not cleared: that takes longer than the rest */
  from->arena = into->arena = NULL;
  for (int i = 0; i < p->nlead; i++) into->data = (uint8_t *)into->data + index[i] * to->stride[i];
  for (int i = 0; i < inner; i++) {
    from->shape[i] = into->shape[i] = region->count[p->nlead + i];
    from->stride[i] = p->stride[p->nlead + i];
    into->stride[i] = to->stride[p->nlead + i];
  }
}

static zarrc_status read_ranges(zarrc_ctx *ctx, zarrc_blob *blob, const plan *p, uint64_t nbytes,
                                const zarrc_dtype *stored, const zarrc_region *region, const zarrc_view *to,
                                zarrc_error *error) {
  zarrc_range ranges[BYTES_BATCH];
  int64_t index[ZARRC_MAX_NDIM];
  zarrc_view from, into;
  zarrc_status status = ZARRC_OK;
  bool pending = false;
  uint64_t batch = p->span < BYTES_BATCH_NBYTES ? BYTES_BATCH_NBYTES / p->span : 1;
  if (batch > BYTES_BATCH) batch = BYTES_BATCH;
  for (uint64_t k = 0; !status && k < p->nranges; k += batch) {
    size_t n = (size_t)(p->nranges - k < batch ? p->nranges - k : batch);
    for (size_t r = 0; r < n; r++) {
      plan_index(p, region, k + r, index);
      range_views(p, stored, region, to, index, &from, &into);
      bool direct = zarrc_view_is_packed_c(&from) && zarrc_view_is_packed_c(&into) && same_bytes(&into.dtype, stored);
      ranges[r] = (zarrc_range){.offset = (int64_t)p->first, .nbytes = p->span, .into = direct ? into.data : NULL};
      for (int i = 0; i < p->nlead; i++) ranges[r].offset += index[i] * p->stride[i];
    }
    status = zarrc_blob_read(blob, ranges, n, error);
    if (status == ZARRC_PENDING) {
      pending = true; /* the other ranges are asked for, too */
      status = ZARRC_OK;
      continue;
    }
    if (status) break;
    for (size_t r = 0; !status && r < n; r++) {
      if (ranges[r].total != ZARRC_UNKNOWN && ranges[r].total != nbytes) {
        status = size_mismatch(ranges[r].total, nbytes, error);
        break;
      }
      if (ranges[r].into && !can_be_odd(stored->type)) continue;
      plan_index(p, region, k + r, index);
      range_views(p, stored, region, to, index, &from, &into);
      from.data = (void *)ranges[r].got.ptr;
      if (!ranges[r].into)
        status = elements_land(ctx, &into, &from, ranges[r].got.ptr, (size_t)p->span, error);
      else if (are_odd(stored->type, into.data, (size_t)p->span))
        normalise(stored->type, into.data, into.data, (size_t)p->span);
    }
    zarrc_ranges_release(ranges, n);
  }
  if (!status && pending) status = zarrc_fail(error, ZARRC_PENDING, "parts of the chunk are not fetched yet");
  return status;
}

static zarrc_status bytes_read(const zarrc_codec *codec, const zarrc_spec *spec, zarrc_blob *blob,
                               const zarrc_region *region, const zarrc_view *to, zarrc_error *error) {
  zarrc_ctx *ctx = zarrc_codec_ctx(codec);
  /* This cannot overflow: a pipeline has checked the size of the chunk. */
  uint64_t nbytes = (uint64_t)zarrc_spec_nitems(spec) * spec->dtype.item_size;
  zarrc_dtype stored = stored_dtype(codec, spec);
  if (zarrc_view_nitems(to) == 0 && nbytes) return ZARRC_OK;
  if (nbytes) {
    plan p = plan_ranges(spec, region, zarrc_blob_joining(ctx, blob, &spec->options).gap);
    if (p.nranges > 1 || p.span < nbytes) return read_ranges(ctx, blob, &p, nbytes, &stored, region, to, error);
  }
  return read_whole(ctx, blob, nbytes, &stored, spec, region, to, error);
}

const zarrc_codec_class zarrc_bytes_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "bytes",
    .kind = ZARRC_ARRAY_TO_BYTES,
    .fixed_size = true,
    .instance_size = sizeof(bytes_codec),
    .open = bytes_open,
    .to_json = bytes_to_json,
    .copy = zarrc_codec_copy_instance,
    .equal = bytes_equal,
    .evolve = bytes_evolve,
    .validate = bytes_validate,
    .u.ab = {.encode = bytes_encode, .read = bytes_read, .partial_decode = true},
};

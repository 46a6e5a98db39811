/* SPDX-License-Identifier: MIT */
/*
 * zfp of the Zarr extensions, and numcodecs.zfpy, whose streams begin with a header. No other file calls libzfp.
 *
 * libzfp reads and writes a stream without looking at where its memory ends. So streams are read from a copy with
 * zeros behind it, block by block (4 elements on each axis), and after each block it is checked that the stream has
 * not ended; what one block can take up is bounded, see most_bits. Builds of libzfp differ in the words that
 * they read and write, of 1 to 8 bytes; streams are written in whole words of 8, and may end within one.
 */
#include "base/checked.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/library.h"
#include "codec/packed.h"
#include "codec/zfp_config.h"
#include "codec/zfp_elements.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#if ZARRC_HAVE_ZFP
#include <zfp.h>
#endif

#define MAX_NDIM 4
#define EDGE     4   /* elements of a block on each axis */
#define MOST     256 /* elements of a block */
/* Blocks between two looks at whether the work is canceled. */
#define AT_ONCE 8192

static zarrc_status zfp_codec_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  return zarrc_zfp_config_parse(codec, zarrc_codec_instance(codec), error);
}

static zarrc_status zfpy_codec_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  return zarrc_zfpy_config_parse(codec, zarrc_codec_instance(codec), error);
}

#if ZARRC_HAVE_ZFP

const char *zarrc_zfp_version(void) {
  return ZFP_VERSION_STRING;
}

/* --------------------------------------------------------------------------------------------------------- blocks */

/* A chunk as libzfp sees it, the last axis first. Axes that there are not have one element. */
typedef struct field {
  zarrc_zfp_kind kind;
  int ndim;
  size_t n[MAX_NDIM], nblocks[MAX_NDIM];
  uint64_t nall; /* blocks */
} field;

static const zfp_type types[] = {[ZARRC_ZFP_NONE] = zfp_type_none,
                                 [ZARRC_ZFP_INT32] = zfp_type_int32,
                                 [ZARRC_ZFP_INT64] = zfp_type_int64,
                                 [ZARRC_ZFP_FLOAT] = zfp_type_float,
                                 [ZARRC_ZFP_DOUBLE] = zfp_type_double};

/* Memory of a block, in the type of libzfp. */
typedef union block {
  int32_t int32[MOST];
  int64_t int64[MOST];
  float floats[MOST];
  double doubles[MOST];
} block;

static field field_of(zarrc_zfp_kind k, int ndim, const int64_t *shape) {
  field f = {.kind = k, .ndim = ndim ? ndim : 1, .nall = 1};
  for (int i = 0; i < MAX_NDIM; i++) {
    f.n[i] = i < ndim ? (size_t)shape[ndim - 1 - i] : 1;
    f.nblocks[i] = (f.n[i] - 1) / EDGE + 1;
    f.nall *= f.nblocks[i];
  }
  return f;
}

static unsigned block_nitems(const field *f) {
  return 1u << 2 * f->ndim;
}

/* What lies in a block of a field: where it begins, and how many elements there are on each axis. */
typedef struct place {
  size_t at[MAX_NDIM], n[MAX_NDIM];
} place;

static place place_of(const field *f, uint64_t i) {
  place p;
  for (int k = 0; k < MAX_NDIM; k++) {
    p.at[k] = (size_t)(i % f->nblocks[k]) * EDGE;
    p.n[k] = f->n[k] - p.at[k] < EDGE ? f->n[k] - p.at[k] : EDGE;
    i /= f->nblocks[k];
  }
  return p;
}

/* A row of a place: the number of its first element in the field and in the block. */
typedef struct row {
  size_t element, in_block, n;
} row;

/* Returns the number of rows, and the j-th. */
static size_t place_nrows(const place *p) {
  return p->n[1] * p->n[2] * p->n[3];
}

static row row_of(const field *f, const place *p, size_t j) {
  size_t y = j % p->n[1], z = j / p->n[1] % p->n[2], w = j / p->n[1] / p->n[2];
  size_t element = (((p->at[3] + w) * f->n[2] + p->at[2] + z) * f->n[1] + p->at[1] + y) * f->n[0] + p->at[0];
  return (row){element, y * 4 + z * 16 + w * 64, p->n[0]};
}

/* Fills the rest of a block as libzfp does: a line of n elements with `stride` between. */
static void pad_line(uint8_t *p, size_t n, size_t stride, size_t size) {
  static const size_t from[] = {0, 0, 1, 0};
  for (size_t i = n; i < EDGE; i++) memcpy(p + i * stride * size, p + from[i] * stride * size, size);
}

static void pad_block(const field *f, const place *p, block *b) {
  static const size_t strides[] = {1, 4, 16, 64};
  size_t size = zarrc_zfp_item_size(f->kind.type), nlines = block_nitems(f) / EDGE;
  for (int k = 0; k < f->ndim; k++) {
    for (size_t line = 0; p->n[k] < EDGE && line < nlines; line++) {
      size_t first = line % strides[k] + line / strides[k] * strides[k] * EDGE;
      pad_line((uint8_t *)b + first * size, p->n[k], strides[k], size);
    }
  }
}

#define BY_NDIM(function, suffix)                                                                                      \
  switch (f->ndim) {                                                                                                   \
  case 1:                                                                                                              \
    function##suffix##_1(s, p);                                                                                        \
    return;                                                                                                            \
  case 2:                                                                                                              \
    function##suffix##_2(s, p);                                                                                        \
    return;                                                                                                            \
  case 3:                                                                                                              \
    function##suffix##_3(s, p);                                                                                        \
    return;                                                                                                            \
  default:                                                                                                             \
    function##suffix##_4(s, p);                                                                                        \
    return;                                                                                                            \
  }

#define BY_TYPE(function)                                                                                              \
  switch (f->kind.type) {                                                                                              \
  case ZARRC_ZFP_INT32:                                                                                                \
    BY_NDIM(function, int32)                                                                                           \
  case ZARRC_ZFP_INT64:                                                                                                \
    BY_NDIM(function, int64)                                                                                           \
  case ZARRC_ZFP_FLOAT:                                                                                                \
    BY_NDIM(function, float)                                                                                           \
  default:                                                                                                             \
    BY_NDIM(function, double)                                                                                          \
  }

static void encode_block(const field *f, zfp_stream *s, const void *p) {
  BY_TYPE(zfp_encode_block_)
}

static void decode_block(const field *f, zfp_stream *s, void *p) {
  BY_TYPE(zfp_decode_block_)
}

/* -------------------------------------------------------------------------------------------------------- settings */

static zarrc_status set_stream(const zarrc_zfp_config *c, const field *f, zfp_stream *s, zarrc_error *error) {
  *s = (zfp_stream){.exec.policy = zfp_exec_serial};
  switch (c->mode) {
  case ZARRC_ZFP_REVERSIBLE:
    zfp_stream_set_reversible(s);
    return ZARRC_OK;
  case ZARRC_ZFP_FIXED_RATE:
    zfp_stream_set_rate(s, c->rate, types[f->kind.type], (unsigned)f->ndim, 0);
    if (s->maxbits) return ZARRC_OK;
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.rate leaves no bit for a block");
  case ZARRC_ZFP_FIXED_PRECISION:
    zfp_stream_set_precision(s, (unsigned)c->precision);
    return ZARRC_OK;
  case ZARRC_ZFP_FIXED_ACCURACY:
    zfp_stream_set_accuracy(s, c->tolerance);
    return ZARRC_OK;
  case ZARRC_ZFP_EXPERT:
    break;
  }
  zfp_stream_set_params(s, (unsigned)c->minbits, (unsigned)c->maxbits, (unsigned)c->maxprec, (int)c->minexp);
  return ZARRC_OK;
}

static bool is_reversible(const zfp_stream *s) {
  return s->minexp < ZFP_MIN_EXP;
}

/* Returns the bits before the coefficients of a block that is not zero: two flags, an exponent, a precision. */
static unsigned head_bits(const field *f, const zfp_stream *s) {
  unsigned of_precision = zarrc_zfp_item_size(f->kind.type) == 4 ? 5 : 6;
  if (f->kind.type == ZARRC_ZFP_FLOAT) return is_reversible(s) ? 2 + 8 + of_precision : 1 + 8;
  if (f->kind.type == ZARRC_ZFP_DOUBLE) return is_reversible(s) ? 2 + 11 + of_precision : 1 + 11;
  return is_reversible(s) ? of_precision : 1;
}

/* With fewer bits libzfp would compute with a negative number of them. */
static bool is_sound(const field *f, const zfp_stream *s) {
  return s->minbits <= s->maxbits && s->minbits <= ZARRC_ZFP_MAX_BITS && s->maxbits >= head_bits(f, s);
}

/* Returns the most bits that a block takes up: its head; for each of the bit planes all elements, and for each element
 * one bit more; or what it is filled up to. */
static uint64_t most_bits(const field *f, const zfp_stream *s) {
  uint64_t nplanes = 8 * zarrc_zfp_item_size(f->kind.type), bits;
  if (!is_reversible(s) && s->maxprec < nplanes) nplanes = s->maxprec;
  bits = head_bits(f, s) + (nplanes + 1) * block_nitems(f);
  if (bits > s->maxbits) bits = s->maxbits;
  return bits < s->minbits ? s->minbits : bits;
}

/* Returns the most bytes of a chunk of nall blocks, in whole words; 0: more than there can be. */
static size_t most_nbytes(uint64_t nall, uint64_t bits) {
  uint64_t nbits;
  if (!zarrc_mul_u64(nall, bits, &nbits) || nbits > UINT64_MAX - 1024 || nbits / 8 > SIZE_MAX / 2) return 0;
  return (size_t)((nbits + ZFP_HEADER_MAX_BITS + 63) / 64 * 8);
}

static zarrc_status check_shape(const zarrc_zfp_config *c, const zarrc_spec *spec, zarrc_error *error) {
  static const int64_t most[] = {1, (int64_t)1 << 32, (int64_t)1 << 24, 1 << 16, 1 << 12};
  if (spec->ndim > MAX_NDIM)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "a chunk of zfp has up to 4 axes, not %d", spec->ndim);
  for (int i = 0; i < spec->ndim; i++) {
    if (spec->shape[i] == 0)
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "axis %d of the chunk has no elements", i);
    if (c->is_zfpy && spec->shape[i] > most[spec->ndim])
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "axis %d: %lld elements, but a stream of %d axes has up to %lld",
                        i, (long long)spec->shape[i], spec->ndim, (long long)most[spec->ndim]);
  }
  return ZARRC_OK;
}

/* Sets up what codec and chunk have to do with each other, or says why they cannot. */
static zarrc_status prepare(const zarrc_codec *codec, const zarrc_spec *spec, field *f, zfp_stream *s,
                            zarrc_error *error) {
  const zarrc_zfp_config *c = zarrc_codec_instance(codec);
  zarrc_zfp_kind k = zarrc_zfp_kind_of(spec->dtype.type, c->is_zfpy);
  if (k.type == ZARRC_ZFP_NONE)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "the type of the chunk is not one of %s",
                      c->is_zfpy ? "int32, int64, float32 and float64" : "integers, float32 and float64");
  zarrc_status status = check_shape(c, spec, error);
  if (status) return status;
  *f = field_of(k, spec->ndim, spec->shape);
  status = set_stream(c, f, s, error);
  if (status || is_sound(f, s)) return status;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.maxbits is %u, but a block of this type needs %u",
                    s->maxbits, head_bits(f, s));
}

static zarrc_status zfp_codec_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                       zarrc_error *error) {
  field f;
  zfp_stream s;
  (void)grid;
  return prepare(codec, spec, &f, &s, error);
}

static zarrc_size zfp_codec_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  field f;
  zfp_stream s;
  (void)nbytes;
  size_t n = prepare(codec, spec, &f, &s, NULL) ? 0 : most_nbytes(f.nall, most_bits(&f, &s));
  return n ? (zarrc_size){ZARRC_SIZE_AT_MOST, n} : (zarrc_size){ZARRC_SIZE_UNKNOWN, 0};
}

/* Words of a stream are little-endian. */
static void turn_words(uint8_t *bytes, size_t nbytes) {
  size_t size = stream_word_bits / 8;
  for (size_t at = 0; ZARRC_NATIVE_IS_BIG && at + size <= nbytes; at += size)
    for (size_t i = 0; i < size / 2; i++) {
      uint8_t byte = bytes[at + i];
      bytes[at + i] = bytes[at + size - 1 - i];
      bytes[at + size - 1 - i] = byte;
    }
}

static zarrc_status open_stream(zfp_stream *s, const void *memory, size_t nbytes, zarrc_error *error) {
  s->stream = stream_open((void *)(uintptr_t)memory, nbytes);
  return s->stream ? ZARRC_OK : zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for libzfp");
}

static void close_stream(zfp_stream *s) {
  if (s->stream) stream_close(s->stream);
}

/* --------------------------------------------------------------------------------------------------------- encode */

/* Only the reversible mode stores what is not finite: elsewhere one such element would spoil its whole block. */
static bool all_finite(const field *f, const block *b) {
  bool finite = true;
  for (unsigned i = 0; f->kind.type == ZARRC_ZFP_FLOAT && i < block_nitems(f); i++)
    finite = finite && isfinite(b->floats[i]);
  for (unsigned i = 0; f->kind.type == ZARRC_ZFP_DOUBLE && i < block_nitems(f); i++)
    finite = finite && isfinite(b->doubles[i]);
  return finite;
}

static zarrc_status take_block(const field *f, const zfp_stream *s, const zarrc_packed *packed, const place *p,
                               block *b, zarrc_error *error) {
  size_t item = packed->view->dtype.item_size;
  for (size_t j = 0; j < place_nrows(p); j++) {
    row r = row_of(f, p, j);
    const uint8_t *from = (const uint8_t *)packed->memory + r.element * item;
    if (!zarrc_zfp_elements_to(&f->kind, from, (uint8_t *)b + r.in_block * zarrc_zfp_item_size(f->kind.type), r.n))
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a number is above %s, and zfp stores it as a signed one",
                        zarrc_zfp_item_size(f->kind.type) == 4 ? "2147483647" : "9223372036854775807");
  }
  pad_block(f, p, b);
  if (is_reversible(s) || all_finite(f, b)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT,
                    "an element is not finite, which zfp stores in the reversible mode only");
}

static zarrc_status encode_blocks(const zarrc_codec *codec, const field *f, zfp_stream *s, const zarrc_packed *packed,
                                  zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  block b;
  for (uint64_t i = 0; !status && i < f->nall; i++) {
    place p = place_of(f, i);
    status = take_block(f, s, packed, &p, &b, error);
    if (!status) encode_block(f, s, &b);
    if (!status && i % AT_ONCE == AT_ONCE - 1) status = zarrc_ctx_check_canceled(zarrc_codec_ctx(codec), error);
  }
  return status;
}

static void write_header(const field *f, zfp_stream *s) {
  zfp_field z = {.type = types[f->kind.type], .nx = f->n[0]};
  if (f->ndim > 1) z.ny = f->n[1];
  if (f->ndim > 2) z.nz = f->n[2];
  if (f->ndim > 3) z.nw = f->n[3];
  zfp_write_header(s, &z, ZFP_HEADER_FULL);
}

/* Ends a stream with zeros up to a whole word of 8 bytes, as most builds of libzfp do, and returns its length. */
static size_t end_stream(zfp_stream *s, uint8_t *memory) {
  stream_flush(s->stream);
  size_t nbytes = stream_size(s->stream), whole = (nbytes + 7) / 8 * 8;
  turn_words(memory, nbytes);
  memset(memory + nbytes, 0, whole - nbytes);
  return whole;
}

static zarrc_status zfp_codec_encode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *decoded,
                                     zarrc_parts *parts, zarrc_error *error) {
  const zarrc_zfp_config *c = zarrc_codec_instance(codec);
  zarrc_ctx *ctx = zarrc_codec_ctx(codec);
  zarrc_packed packed = {0};
  zarrc_bytes memory = {0};
  field f;
  zfp_stream s;
  zarrc_status status = prepare(codec, spec, &f, &s, error);
  if (status) return status;
  size_t most = most_nbytes(f.nall, most_bits(&f, &s));
  if (!most) return zarrc_fail(error, ZARRC_LIMIT, "the chunk is too large for zfp");
  status = zarrc_packed_take(ctx, decoded, &packed, error);
  if (!status) status = zarrc_scratch_take(ctx, most, &memory, error);
  if (!status) status = open_stream(&s, memory.ptr, most, error);
  if (!status) {
    zarrc_packed_load(&packed);
    if (c->is_zfpy) write_header(&f, &s);
    status = encode_blocks(codec, &f, &s, &packed, error);
  }
  if (!status) {
    memory.len = end_stream(&s, (uint8_t *)(uintptr_t)memory.ptr);
    status = zarrc_parts_push(parts, memory, error);
    memory = (zarrc_bytes){0};
  }
  close_stream(&s);
  zarrc_bytes_release(&memory);
  zarrc_packed_release(&packed);
  return status;
}

/* --------------------------------------------------------------------------------------------------------- decode */

/* Takes shape and settings from the header, which need not be those of the configuration: numcodecs uses nothing else,
 * and filters before it have made one axis of all. */
static zarrc_status read_header(const zarrc_spec *spec, field *f, zfp_stream *s, zarrc_error *error) {
  zfp_field z = {0};
  if (!zfp_read_header(s, &z, ZFP_HEADER_FULL))
    return zarrc_fail(error, ZARRC_CORRUPT, "no header of a zfp stream of version %u begins here", zfp_codec_version);
  if (z.type != types[f->kind.type])
    return zarrc_fail(error, ZARRC_CORRUPT, "the stream is of another type than the chunk");
  int64_t shape[MAX_NDIM] = {0}, nitems = 1;
  size_t sizes[MAX_NDIM];
  int ndim = (int)zfp_field_dimensionality(&z);
  zfp_field_size(&z, sizes);
  for (int i = 0; i < ndim; i++) {
    shape[ndim - 1 - i] = (int64_t)sizes[i];
    if (!zarrc_mul_i64(nitems, (int64_t)sizes[i], &nitems)) nitems = -1;
    if (nitems < 0) break;
  }
  if (nitems != zarrc_spec_nitems(spec))
    return zarrc_fail(error, ZARRC_CORRUPT, "the stream is of another number of elements than the chunk");
  *f = field_of(f->kind, ndim, shape);
  if (is_sound(f, s)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_CORRUPT, "the settings in the header are not those of a zfp stream");
}

/* Returns whether blocks are as long as each other, so that some can be decoded without those before, and have the axes
 * of the chunk. */
static bool can_skip(const field *f, const zfp_stream *s, const zarrc_spec *spec) {
  bool same = s->minbits == s->maxbits && f->ndim == spec->ndim;
  for (int k = 0; same && k < f->ndim; k++) same = f->n[k] == (size_t)spec->shape[f->ndim - 1 - k];
  return same;
}

static bool lies_in(const field *f, const place *p, const zarrc_region *region) {
  for (int k = 0; k < f->ndim; k++) {
    int axis = f->ndim - 1 - k;
    int64_t first = region->start[axis], last = first + (region->count[axis] - 1) * region->step[axis];
    int64_t low = first < last ? first : last, high = first < last ? last : first;
    if (region->count[axis] == 0 || (uint64_t)high < p->at[k] || (uint64_t)low >= p->at[k] + p->n[k]) return false;
  }
  return true;
}

static zarrc_status refuse_end(const field *f, size_t nbytes, uint64_t i, zarrc_error *error) {
  return zarrc_fail(error, ZARRC_TRUNCATED, "%zu bytes end in block %" PRIu64 " of %" PRIu64, nbytes, i, f->nall);
}

/* Decodes to packed elements of the chunk: all, or (region not NULL) those of blocks of equal length that a region
 * needs. */
static zarrc_status decode_blocks(const zarrc_codec *codec, const field *f, zfp_stream *s, const zarrc_region *region,
                                  size_t nbytes, size_t item, uint8_t *elements, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  block b;
  const uint64_t first = stream_rtell(s->stream),
                 end = first + f->nall * s->maxbits; /* the elements are in memory: no overflow */
  bool behind = false;                               /* the stream is not where block i begins */
  if (region && (end + 7) / 8 > nbytes)
    return refuse_end(f, nbytes, (uint64_t)nbytes * 8 < first ? 0 : ((uint64_t)nbytes * 8 - first) / s->maxbits, error);
  for (uint64_t i = 0; !status && i < f->nall; i++) {
    place p = place_of(f, i);
    if (region && !lies_in(f, &p, region)) {
      behind = true;
      continue;
    }
    if (behind) stream_rseek(s->stream, (size_t)(first + i * s->maxbits));
    behind = false;
    decode_block(f, s, &b);
    if ((stream_rtell(s->stream) + 7) / 8 > nbytes) return refuse_end(f, nbytes, i, error);
    for (size_t j = 0; j < place_nrows(&p); j++) {
      row r = row_of(f, &p, j);
      zarrc_zfp_elements_from(&f->kind, (const uint8_t *)&b + r.in_block * zarrc_zfp_item_size(f->kind.type),
                              elements + r.element * item, r.n);
    }
    if (i % AT_ONCE == AT_ONCE - 1) status = zarrc_ctx_check_canceled(zarrc_codec_ctx(codec), error);
  }
  uint64_t used = status ? 0 : ((region ? end : stream_rtell(s->stream)) + 63) / 64 * 8;
  if (status || nbytes <= used) return status;
  return zarrc_fail(error, ZARRC_CORRUPT, "%" PRIu64 " bytes follow the compressed data", nbytes - used);
}

/* Copies an encoded chunk to memory with zeros behind it, for what a block can take up and a word more. */
static zarrc_status copy_padded(zarrc_ctx *ctx, const zarrc_bytes *encoded, zarrc_bytes *out, zarrc_error *error) {
  size_t padding = ZARRC_ZFP_MAX_BITS / 8 + ZFP_HEADER_MAX_BITS + 64, nbytes;
  if (!zarrc_add_size(encoded->len, padding, &nbytes))
    return zarrc_fail(error, ZARRC_LIMIT, "%zu bytes are too many", encoded->len);
  zarrc_status status = zarrc_scratch_take(ctx, nbytes, out, error);
  if (status) return status;
  uint8_t *memory = (uint8_t *)(uintptr_t)out->ptr;
  if (encoded->len) memcpy(memory, encoded->ptr, encoded->len);
  memset(memory + encoded->len, 0, nbytes - encoded->len);
  turn_words(memory, nbytes);
  return ZARRC_OK;
}

/* Decodes at least what a region needs (NULL: all). */
static zarrc_status decode_region(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_bytes *encoded,
                                  field *f, zfp_stream *s, const zarrc_region *region, void *elements,
                                  zarrc_error *error) {
  const zarrc_zfp_config *c = zarrc_codec_instance(codec);
  zarrc_bytes padded = {0};
  zarrc_status status = copy_padded(zarrc_codec_ctx(codec), encoded, &padded, error);
  if (!status) status = open_stream(s, padded.ptr, padded.len, error);
  if (!status && c->is_zfpy) status = read_header(spec, f, s, error);
  if (!status && !can_skip(f, s, spec)) region = NULL;
  if (!status) status = decode_blocks(codec, f, s, region, encoded->len, spec->dtype.item_size, elements, error);
  close_stream(s);
  zarrc_bytes_release(&padded);
  return status;
}

/* Decodes all elements, directly to the reader's memory if it wants all and has them packed; or, at a fixed rate, the
 * blocks that are wanted. */
static zarrc_status zfp_codec_read(const zarrc_codec *codec, const zarrc_spec *spec, zarrc_blob *blob,
                                   const zarrc_region *region, const zarrc_view *to, zarrc_error *error) {
  zarrc_ctx *ctx = zarrc_codec_ctx(codec);
  bool all = zarrc_region_is_all(region, spec->ndim, spec->shape);
  zarrc_packed packed = {0};
  zarrc_bytes encoded = {0}, memory = {0};
  field f;
  zfp_stream s;
  size_t nbytes = 0;
  zarrc_status status = prepare(codec, spec, &f, &s, error);
  if (!status) status = zarrc_spec_nbytes(ctx, spec, &nbytes, error);
  if (status) return status;
  /* The header of a foreign stream may say that blocks are filled up. */
  size_t most = most_nbytes(f.nall, ZARRC_ZFP_MAX_BITS);
  status = zarrc_blob_read_all(blob, most ? most : UINT64_MAX, &encoded, error);
  if (!status && all) status = zarrc_packed_take(ctx, to, &packed, error);
  if (!status && !all) status = zarrc_scratch_take(ctx, nbytes, &memory, error);
  if (!status) {
    void *elements = all ? packed.memory : (void *)(uintptr_t)memory.ptr;
    status = decode_region(codec, spec, &encoded, &f, &s, all ? NULL : region, elements, error);
  }
  if (!status && all) {
    zarrc_packed_store(&packed);
  } else if (!status) {
    zarrc_view chunk = zarrc_view_c(&spec->dtype, spec->ndim, spec->shape, (void *)(uintptr_t)memory.ptr);
    chunk.dtype.endian = ZARRC_NATIVE;
    zarrc_view part = zarrc_view_part(&chunk, region);
    zarrc_copy(to, &part);
  }
  zarrc_packed_release(&packed);
  zarrc_bytes_release(&memory);
  zarrc_bytes_release(&encoded);
  return status;
}

#define MISSING_LIBRARY NULL

#else

const char *zarrc_zfp_version(void) {
  return NULL;
}

#define MISSING_LIBRARY        "libzfp"
#define zfp_codec_validate     NULL
#define zfp_codec_encoded_size NULL
#define zfp_codec_encode       NULL
#define zfp_codec_read         NULL

#endif

#define ZFP_CLASS(class_name, open_fn, describes)                                                                      \
  {                                                                                                                    \
    .struct_size = sizeof(zarrc_codec_class), .name = class_name, .kind = ZARRC_ARRAY_TO_BYTES, .lossy = true,         \
    .self_describing = describes, .instance_size = sizeof(zarrc_zfp_config), .missing_library = MISSING_LIBRARY,       \
    .open = open_fn, .to_json = zarrc_codec_written_json, .validate = zfp_codec_validate,                              \
    .encoded_size = zfp_codec_encoded_size, .u.ab = {.encode = zfp_codec_encode, .read = zfp_codec_read},              \
  }

const zarrc_codec_class zarrc_zfp_class = ZFP_CLASS("zfp", zfp_codec_open, false);
const zarrc_codec_class zarrc_numcodecs_zfpy_class = ZFP_CLASS("numcodecs.zfpy", zfpy_codec_open, true);

/* SPDX-License-Identifier: MIT */
/*
 * packbits: of each element, or of both parts of a complex number, the bits from the first to the last one that is
 * configured, without gaps. Zarr extensions, "packbits codec". The lowest bit comes first, in elements and in bytes, as
 * zarrs has it; so elements of whole bytes are as `bytes` stores them little-endian. (numcodecs.packbits is another
 * codec, which has the highest bit first.)
 */
#include "base/floats.h"
#include "base/number_bits.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/packed.h"
#include "codec/texts.h"

#include <string.h>

enum { NOT_STORED, FIRST_BYTE, LAST_BYTE };

static const char *padding_name(int i) {
  static const char *const names[] = {"none", "first_byte", "last_byte"};
  return i >= 0 && i < 3 ? names[i] : NULL;
}

typedef struct bit_packing {
  int padding;              /* where the number of padding bits is stored */
  bool has_first, has_last; /* as they were written */
  int64_t first, last;      /* last: -1, the last there is */
} bit_packing;

static zarrc_status read_bit(const zarrc_config *config, const char *name, bool *has, int64_t *out,
                             zarrc_error *error) {
  *has = zarrc_config_has(config, name);
  return *has ? zarrc_config_int(config, name, 0, 63, out, error) : ZARRC_OK;
}

static zarrc_status packing_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"padding_encoding", "first_bit", "last_bit", NULL};
  bit_packing *p = zarrc_codec_instance(codec);
  zarrc_config config;
  p->last = -1;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (!status) status = zarrc_config_choice(&config, "padding_encoding", padding_name, &p->padding, error);
  if (!status) status = read_bit(&config, "first_bit", &p->has_first, &p->first, error);
  if (!status) status = read_bit(&config, "last_bit", &p->has_last, &p->last, error);
  if (!status && p->has_last && p->last < p->first)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.last_bit is below first_bit");
  return status;
}

static zarrc_status packing_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const bit_packing *p = zarrc_codec_instance(codec);
  zarrc_status status =
      zarrc_buf_printf(out, error, "{\"name\": \"packbits\", \"configuration\": {\"padding_encoding\": \"%s\"",
                       padding_name(p->padding));
  if (!status && p->has_first) status = zarrc_buf_printf(out, error, ", \"first_bit\": %d", (int)p->first);
  if (!status && p->has_last) status = zarrc_buf_printf(out, error, ", \"last_bit\": %d", (int)p->last);
  return status ? status : zarrc_buf_append(out, "}}", 2, error);
}

static bool packing_equal(const zarrc_codec *one, const zarrc_codec *other) {
  const bit_packing *a = zarrc_codec_instance(one), *b = zarrc_codec_instance(other);
  return a->padding == b->padding && a->first == b->first && a->last == b->last;
}

/* ------------------------------------------------------------------------------------------------------- the layout */

/* How the elements of a chunk are packed. */
typedef struct layout {
  size_t item, nparts; /* bytes of a part of an element; number of parts: 2 in complex numbers */
  unsigned nbits;      /* bits of a part */
  unsigned first, nstored;
  bool is_signed;
  uint64_t nitems, nbytes; /* elements of the chunk, bytes of its encoding */
  size_t before;           /* bytes before the elements */
} layout;

/* Returns the bits of an element's part; 0: it is no number. */
static unsigned part_nbits(zarrc_type type, bool *is_signed) {
  const zarrc_float_format *format = zarrc_float_format_of(type);
  *is_signed = false;
  if (type == ZARRC_BOOL) return 1;
  return format ? format->nbits : zarrc_integer_nbits(type, is_signed);
}

static layout layout_of(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nitems) {
  const bit_packing *p = zarrc_codec_instance(codec);
  layout l = {.nparts = zarrc_type_is_complex(spec->dtype.type) ? 2 : 1, .first = (unsigned)p->first, .nitems = nitems};
  l.nbits = part_nbits(spec->dtype.type, &l.is_signed);
  l.item = spec->dtype.item_size / l.nparts;
  l.nstored = (p->last < 0 ? l.nbits : (unsigned)p->last + 1) - l.first;
  l.before = p->padding == FIRST_BYTE;
  uint64_t k = l.nparts * l.nstored; /* in groups of eight, so that nothing wraps in encoded_size */
  l.nbytes = nitems / 8 * k + (nitems % 8 * k + 7) / 8 + (p->padding != NOT_STORED);
  return l;
}

/* Returns the bits at the end that belong to no element. */
static uint8_t padding_of(const layout *l) {
  return (uint8_t)((8 - l->nitems % 8 * (l->nparts * l->nstored) % 8) % 8);
}

static zarrc_status packing_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                     zarrc_error *error) {
  const bit_packing *p = zarrc_codec_instance(codec);
  bool is_signed;
  int nbits = (int)part_nbits(spec->dtype.type, &is_signed);
  (void)grid;
  if (!nbits) return zarrc_fail(error, ZARRC_INVALID_METADATA, "the elements of the chunk are no numbers");
  if (p->first < nbits && p->last < nbits) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.%s is %d, but the elements have %d bits",
                    p->first < nbits ? "last_bit" : "first_bit", (int)(p->first < nbits ? p->last : p->first), nbits);
}

static zarrc_size packing_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  layout l = layout_of(codec, spec, spec->dtype.item_size ? nbytes / spec->dtype.item_size : 0);
  return (zarrc_size){ZARRC_SIZE_EXACT, l.nbytes};
}

/* ------------------------------------------------------------------------------------------------------------- bits */

/* Adds n bits to bytes that are zero from bit `at` on. */
static void put_bits(uint8_t *bytes, uint64_t at, uint64_t x, unsigned n) {
  while (n > 0) {
    unsigned room = 8 - at % 8, some = n < room ? n : room;
    bytes[at / 8] |= (uint8_t)((x & ((1u << some) - 1)) << at % 8);
    x >>= some;
    at += some;
    n -= some;
  }
}

static uint64_t get_bits(const uint8_t *bytes, uint64_t at, unsigned n) {
  uint64_t x = 0;
  for (unsigned done = 0, some; done < n; done += some, at += some) {
    unsigned there = 8 - at % 8;
    some = n - done < there ? n - done : there;
    x |= (uint64_t)(bytes[at / 8] >> at % 8 & ((1u << some) - 1)) << done;
  }
  return x;
}

static void pack_elements(const layout *l, const uint8_t *in, uint8_t *out) {
  uint64_t at = 0;
  for (uint64_t i = 0; i < l->nitems * l->nparts; i++, in += l->item, at += l->nstored) {
    uint64_t x = zarrc_load_bits(in, l->item);
    if (l->nbits == 1) x = x != 0;
    put_bits(out, at, x >> l->first, l->nstored);
  }
}

/* Unpacks the parts of the element whose bits begin at `at`. */
static void unpack_element(const layout *l, const uint8_t *in, uint64_t at, uint8_t *out) {
  uint64_t all = UINT64_MAX >> (64 - l->nbits), above = UINT64_MAX >> (64 - l->first - l->nstored) ^ all;
  for (size_t part = 0; part < l->nparts; part++, out += l->item, at += l->nstored) {
    uint64_t x = get_bits(in, at, l->nstored) << l->first;
    if (l->is_signed && x >> (l->first + l->nstored - 1) & 1) x |= above;
    zarrc_store_bits(out, l->item, x);
  }
}

/* --------------------------------------------------------------------------------------------- encoding and decoding
 */

static zarrc_status packing_encode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *decoded,
                                   zarrc_parts *parts, zarrc_error *error) {
  const bit_packing *p = zarrc_codec_instance(codec);
  layout l = layout_of(codec, spec, (uint64_t)zarrc_spec_nitems(spec));
  zarrc_packed packed = {0};
  uint8_t *out = NULL;
  zarrc_status status = zarrc_packed_take(zarrc_codec_ctx(codec), decoded, &packed, error);
  if (!status) status = zarrc_parts_add(parts, (size_t)l.nbytes, &out, error);
  if (!status) {
    memset(out, 0, (size_t)l.nbytes);
    zarrc_packed_load(&packed);
    pack_elements(&l, packed.memory, out + l.before);
    if (p->padding == FIRST_BYTE) out[0] = padding_of(&l);
    if (p->padding == LAST_BYTE) out[l.nbytes - 1] = padding_of(&l);
  }
  zarrc_packed_release(&packed);
  return status;
}

/* Returns the bytes in which the elements of a region are, from the first to the last. */
static zarrc_range range_of(const layout *l, const zarrc_spec *spec, const zarrc_region *region, int64_t n) {
  uint64_t k = l->nparts * l->nstored, first = (uint64_t)zarrc_text_number(spec, region, 0);
  uint64_t last = (uint64_t)zarrc_text_number(spec, region, n - 1);
  uint64_t start = first * k / 8, end = ((last + 1) * k + 7) / 8;
  return (zarrc_range){.offset = (int64_t)(l->before + start), .nbytes = end - start};
}

static zarrc_status check_size(const layout *l, uint64_t nbytes, zarrc_error *error) {
  if (nbytes == l->nbytes || nbytes == ZARRC_UNKNOWN) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_SIZE_MISMATCH, "%llu bytes where the chunk has %llu", (unsigned long long)nbytes,
                    (unsigned long long)l->nbytes);
}

static zarrc_status check_padding(const zarrc_codec *codec, const layout *l, const zarrc_bytes *all,
                                  zarrc_error *error) {
  const bit_packing *p = zarrc_codec_instance(codec);
  if (p->padding == NOT_STORED) return ZARRC_OK;
  uint8_t said = all->ptr[p->padding == FIRST_BYTE ? 0 : all->len - 1], padding = padding_of(l);
  if (said == padding) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_CORRUPT, "the %s byte says that %u bits are padding, not %u",
                    p->padding == FIRST_BYTE ? "first" : "last", said, padding);
}

/* Unpacks the elements of a region. bytes: those of the chunk from `start` on, without the padding byte before. */
static void unpack_region(const layout *l, const zarrc_spec *spec, const zarrc_region *region, const uint8_t *bytes,
                          uint64_t start, uint8_t *out, int64_t n) {
  bool all = zarrc_region_is_all(region, spec->ndim, spec->shape);
  uint64_t k = l->nparts * l->nstored;
  for (int64_t i = 0; i < n; i++, out += spec->dtype.item_size) {
    uint64_t number = (uint64_t)(all ? i : zarrc_text_number(spec, region, i));
    unpack_element(l, bytes, number * k - 8 * start, out);
  }
}

static zarrc_status packing_read(const zarrc_codec *codec, const zarrc_spec *spec, zarrc_blob *blob,
                                 const zarrc_region *region, const zarrc_view *to, zarrc_error *error) {
  layout l = layout_of(codec, spec, (uint64_t)zarrc_spec_nitems(spec));
  int64_t n = zarrc_view_nitems(to);
  zarrc_packed packed = {0};
  bool all = zarrc_region_is_all(region, spec->ndim, spec->shape);
  if (n == 0 && !all) return ZARRC_OK;
  zarrc_range range = all ? (zarrc_range){.nbytes = l.nbytes, .to_end = true} : range_of(&l, spec, region, n);
  zarrc_error own = {0};
  zarrc_status status = zarrc_blob_read(blob, &range, 1, &own);
  if (status && error) *error = own;
  if (status == ZARRC_LIMIT && all && !own.codec[0])
    return zarrc_fail(error, ZARRC_SIZE_MISMATCH, "more bytes than the %llu that the chunk has",
                      (unsigned long long)l.nbytes);
  if (status) return status;
  status = check_size(&l, all ? range.got.len : range.total, error);
  if (!status && all) status = check_padding(codec, &l, &range.got, error);
  if (!status) status = zarrc_packed_take(zarrc_codec_ctx(codec), to, &packed, error);
  if (!status) {
    uint64_t start = (uint64_t)range.offset - (all ? 0 : l.before);
    unpack_region(&l, spec, region, range.got.ptr + (all ? l.before : 0), start, packed.memory, n);
    zarrc_packed_store(&packed);
  }
  zarrc_packed_release(&packed);
  zarrc_bytes_release(&range.got);
  return status;
}

const zarrc_codec_class zarrc_bit_packing_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "packbits",
    .kind = ZARRC_ARRAY_TO_BYTES,
    .fixed_size = true,
    .instance_size = sizeof(bit_packing),
    .open = packing_open,
    .to_json = packing_to_json,
    .copy = zarrc_codec_copy_instance,
    .equal = packing_equal,
    .validate = packing_validate,
    .encoded_size = packing_encoded_size,
    .u.ab = {.encode = packing_encode, .read = packing_read, .partial_decode = true},
};

/* SPDX-License-Identifier: MIT */
/*
 * vlen-utf8, vlen-bytes and numcodecs.vlen-array: the number of elements (u32le); then, for each in C order, its length
 * (u32le) and bytes. Reading an element means walking over all elements before it. From a far blob the whole chunk is
 * read, because several requests would cost more.
 *
 * The elements of vlen-array are arrays of numbers, all of one data type. Here an element is the bytes of its numbers.
 */
#include "base/checked.h"
#include "base/endian.h"
#include "base/reading.h"
#include "base/utf8.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/filter.h"
#include "codec/packed.h"
#include "codec/texts.h"

#include <string.h>

/* A part of a chunk is first searched in so many bytes at the beginning. */
#define FIRST_WINDOW 65536u

static zarrc_status vlen_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {NULL};
  zarrc_config config;
  return zarrc_config_of(codec, keys, &config, error);
}

static zarrc_status vlen_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  return zarrc_buf_printf(out, error, "{\"name\": \"%s\", \"configuration\": {}}", zarrc_codec_name(codec));
}

enum { DTYPE };
static const char *const setting_names[] = {"dtype", NULL};
static const zarrc_filter_schema schema = {.id = "vlen-array", .names = setting_names, .kinds = "D"};

static zarrc_status vlen_array_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  return zarrc_filter_open(codec, &schema, error);
}

/* Returns ZARRC_OK unless an element of so many bytes would have a part of a number. */
static zarrc_status check_numbers(const zarrc_codec *codec, zarrc_status wrong, int64_t i, size_t nbytes,
                                  zarrc_error *error) {
  if (zarrc_codec_get_class(codec) != &zarrc_vlen_array_class) return ZARRC_OK;
  const zarrc_setting *dtype = &((const zarrc_filter *)zarrc_codec_instance(codec))->setting[DTYPE];
  if (nbytes % zarrc_dtype_of(dtype->type).item_size == 0) return ZARRC_OK;
  return zarrc_fail(error, wrong, "element %lld has %zu bytes, which are no whole numbers of type %s", (long long)i,
                    nbytes, dtype->text);
}

static zarrc_type element_type(const zarrc_codec *codec) {
  return zarrc_codec_get_class(codec) == &zarrc_vlen_utf8_class ? ZARRC_STRING : ZARRC_BYTES;
}

static zarrc_status vlen_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                  zarrc_error *error) {
  (void)grid;
  if (spec->dtype.type == element_type(codec)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "the elements must be of type %s",
                    element_type(codec) == ZARRC_STRING ? "string" : "bytes");
}

static zarrc_size vlen_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  (void)codec, (void)spec, (void)nbytes;
  return (zarrc_size){ZARRC_SIZE_UNKNOWN, 0};
}

/* The number of elements and the length of each. */
static uint64_t vlen_least_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  (void)codec, (void)nbytes;
  uint64_t size;
  if (!zarrc_mul_u64((uint64_t)zarrc_spec_nitems(spec), 4, &size) || !zarrc_add_u64(size, 4, &size)) return 4;
  return size;
}

/* ---------------------------------------------------------------------------------------------------- encoding */

static zarrc_status measure_elements(const zarrc_codec *codec, const zarrc_text *text, size_t n, size_t *out,
                                     zarrc_error *error) {
  size_t nbytes = 4, each;
  for (size_t i = 0; i < n; i++) {
    if (text[i].len > UINT32_MAX || !zarrc_add_size(text[i].len, 4, &each) || !zarrc_add_size(nbytes, each, &nbytes))
      return zarrc_fail(error, ZARRC_LIMIT, "element %zu has %zu bytes, the limit is 4294967295", i, text[i].len);
    zarrc_status status = check_numbers(codec, ZARRC_INVALID_ARGUMENT, (int64_t)i, text[i].len, error);
    if (!status && element_type(codec) == ZARRC_STRING) status = zarrc_text_check(&text[i], i, error);
    if (status) return status;
  }
  *out = nbytes;
  return ZARRC_OK;
}

static zarrc_status encode_elements(const zarrc_codec *codec, const zarrc_text *text, size_t n, zarrc_parts *parts,
                                    zarrc_error *error) {
  size_t nbytes = 0;
  uint8_t *p = NULL;
  zarrc_status status = measure_elements(codec, text, n, &nbytes, error);
  if (!status) status = zarrc_parts_add(parts, nbytes, &p, error);
  if (status) return status;
  zarrc_store_le32(p, (uint32_t)n);
  p += 4;
  for (size_t i = 0; i < n; i++) {
    zarrc_store_le32(p, (uint32_t)text[i].len);
    if (text[i].len) memcpy(p + 4, text[i].ptr, text[i].len);
    p += 4 + text[i].len;
  }
  return ZARRC_OK;
}

static zarrc_status vlen_encode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *decoded,
                                zarrc_parts *parts, zarrc_error *error) {
  int64_t n = zarrc_spec_nitems(spec);
  zarrc_packed packed = {0};
  if (n > UINT32_MAX) return zarrc_fail(error, ZARRC_LIMIT, "a chunk of %lld elements", (long long)n);
  zarrc_status status = zarrc_packed_take(zarrc_codec_ctx(codec), decoded, &packed, error);
  if (!status) {
    zarrc_packed_load(&packed);
    status = encode_elements(codec, packed.memory, (size_t)n, parts, error);
  }
  zarrc_packed_release(&packed);
  return status;
}

/* ---------------------------------------------------------------------------------------------------- decoding */

/* A walk over the elements of an encoded chunk. */
typedef struct walk {
  const uint8_t *bytes;
  size_t nbytes, at; /* bytes that are available; offset of the next element's length */
  int64_t next;      /* number of the next element */
  bool cut;          /* there may be more bytes: reaching their end is not an error in the data */
} walk;

/* Walks to element i, which must not be before the next one. ZARRC_TRUNCATED, without a message: the window ends. */
static zarrc_status walk_to(walk *w, int64_t i, zarrc_text *out, zarrc_error *error) {
  for (; w->next <= i; w->next++) {
    size_t left = w->nbytes - w->at;
    uint32_t len = left < 4 ? 0 : zarrc_load_le32(w->bytes + w->at);
    if (left < 4 || left - 4 < len) {
      if (w->cut) return ZARRC_TRUNCATED;
      return zarrc_fail(error, ZARRC_CORRUPT, "element %lld at byte %zu runs past the end, byte %zu",
                        (long long)w->next, w->at, w->nbytes);
    }
    *out = (zarrc_text){w->bytes + w->at + 4, len};
    w->at += 4 + (size_t)len;
  }
  return ZARRC_OK;
}

/* Finds the n elements of a region. */
static zarrc_status find_elements(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_region *region, walk *w,
                                  zarrc_text *text, int64_t n, size_t *nbytes, zarrc_error *error) {
  int64_t nitems = zarrc_spec_nitems(spec);
  if (w->nbytes < 4) return zarrc_fail(error, ZARRC_TRUNCATED, "%zu bytes, not even a number of elements", w->nbytes);
  uint32_t count = zarrc_load_le32(w->bytes);
  if (count != nitems)
    return zarrc_fail(error, ZARRC_CORRUPT, "%u elements where the chunk has %lld", (unsigned)count, (long long)nitems);
  if (!w->cut && count > (w->nbytes - 4) / 4)
    return zarrc_fail(error, ZARRC_CORRUPT, "%u elements cannot be in %zu bytes", (unsigned)count, w->nbytes);
  w->at = 4;
  *nbytes = 0;
  for (int64_t k = 0; k < n; k++) {
    zarrc_status status = walk_to(w, zarrc_text_number(spec, region, k), &text[k], error);
    if (!status) status = check_numbers(codec, ZARRC_CORRUPT, w->next - 1, text[k].len, error);
    if (status) return status;
    size_t valid = element_type(codec) == ZARRC_STRING ? zarrc_utf8_valid(text[k].ptr, text[k].len) : text[k].len;
    if (valid < text[k].len)
      return zarrc_fail(error, ZARRC_CORRUPT, "element %lld is not UTF-8 at byte %zu", (long long)(w->next - 1),
                        (size_t)(text[k].ptr - w->bytes) + valid);
    *nbytes += text[k].len;
  }
  return ZARRC_OK;
}

/* Copies the text of the found elements to the view's arena, and the elements to the view. */
static zarrc_status elements_land(const zarrc_view *to, zarrc_text *text, int64_t n, size_t nbytes,
                                  zarrc_error *error) {
  uint8_t *p;
  zarrc_status status = zarrc_texts_room(to, nbytes, &p, error);
  if (status) return status;
  for (int64_t k = 0; k < n; k++) {
    if (text[k].len) memcpy(p, text[k].ptr, text[k].len);
    text[k].ptr = p;
    if (text[k].len) p += text[k].len;
  }
  zarrc_view from = zarrc_view_c(&to->dtype, to->ndim, to->shape, text);
  zarrc_copy(to, &from);
  return ZARRC_OK;
}

static zarrc_status vlen_read(const zarrc_codec *codec, const zarrc_spec *spec, zarrc_blob *blob,
                              const zarrc_region *region, const zarrc_view *to, zarrc_error *error) {
  zarrc_ctx *ctx = zarrc_codec_ctx(codec);
  bool all = zarrc_region_is_all(region, spec->ndim, spec->shape) || !zarrc_blob_is_near(blob);
  uint64_t max = zarrc_ctx_get_options(ctx)->max_chunk_bytes;
  int64_t n = zarrc_view_nitems(to);
  zarrc_bytes elements = {0};
  zarrc_status status = ZARRC_TRUNCATED;
  size_t nbytes = 0, room;
  if ((uint64_t)n > SIZE_MAX || !zarrc_mul_size((size_t)n, sizeof(zarrc_text), &room) || room == SIZE_MAX)
    return zarrc_fail(error, ZARRC_LIMIT, "%lld elements are too many", (long long)n);
  for (uint64_t window = FIRST_WINDOW; status == ZARRC_TRUNCATED; window *= 8) {
    zarrc_range range = {.nbytes = all ? max : window, .to_end = all};
    status = zarrc_blob_read(blob, &range, 1, error);
    if (status == ZARRC_TRUNCATED && !all) {
      all = true; /* the value is shorter than the window */
      continue;
    }
    if (status) break;
    walk w = {.bytes = range.got.ptr, .nbytes = range.got.len, .cut = !all};
    if (!elements.ptr && (w.cut || (uint64_t)n <= w.nbytes / 4))
      status = zarrc_scratch_take(ctx, room + 1, &elements, error);
    if (!status) status = find_elements(codec, spec, region, &w, (zarrc_text *)(void *)elements.ptr, n, &nbytes, error);
    if (!status) status = elements_land(to, (zarrc_text *)(void *)elements.ptr, n, nbytes, error);
    zarrc_bytes_release(&range.got);
    if (!w.cut) break;
  }
  zarrc_bytes_release(&elements);
  return status;
}

#define VLEN_CLASS                                                                                                     \
  .struct_size = sizeof(zarrc_codec_class), .kind = ZARRC_ARRAY_TO_BYTES, .validate = vlen_validate,                   \
  .encoded_size = vlen_encoded_size, .least_encoded_size = vlen_least_encoded_size,                                    \
  .u.ab = {.encode = vlen_encode, .read = vlen_read, .partial_decode = true}

const zarrc_codec_class zarrc_vlen_utf8_class = {VLEN_CLASS, .name = "vlen-utf8", .open = vlen_open,
                                                 .to_json = vlen_to_json};
const zarrc_codec_class zarrc_vlen_bytes_class = {VLEN_CLASS, .name = "vlen-bytes", .open = vlen_open,
                                                  .to_json = vlen_to_json};
const zarrc_codec_class zarrc_vlen_array_class = {VLEN_CLASS,
                                                  .name = "numcodecs.vlen-array",
                                                  .instance_size = sizeof(zarrc_filter),
                                                  .open = vlen_array_open,
                                                  .to_json = zarrc_filter_to_json,
                                                  .copy = zarrc_codec_copy_instance,
                                                  .equal = zarrc_filter_equal};

zarrc_status zarrc_vlen_utf8_codec_open(zarrc_ctx *ctx, zarrc_codec **out, zarrc_error *error) {
  return zarrc_codec_open_config(ctx, &zarrc_vlen_utf8_class, NULL, NULL, 0, NULL, out, error);
}

zarrc_status zarrc_vlen_bytes_codec_open(zarrc_ctx *ctx, zarrc_codec **out, zarrc_error *error) {
  return zarrc_codec_open_config(ctx, &zarrc_vlen_bytes_class, NULL, NULL, 0, NULL, out, error);
}

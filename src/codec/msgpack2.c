/* SPDX-License-Identifier: MIT */
/* numcodecs.msgpack2: a chunk of strings as MessagePack. Of that format lists, strings and unsigned integers are read;
 * everything else is recognized, for the message. https://github.com/msgpack/msgpack/blob/master/spec.md */
#include "base/utf8.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/objects.h"

#include <string.h>

typedef struct msgpack2 {
  bool use_bin_type; /* strings of up to 255 bytes may have a length of one byte, which old readers do not know */
} msgpack2;

static zarrc_status msgpack2_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"use_single_float", "use_bin_type", "raw", NULL};
  msgpack2 *m = zarrc_codec_instance(codec);
  zarrc_config config;
  zarrc_error why = {0};
  bool raw = false, single = false;
  m->use_bin_type = true;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (!status)
    status = zarrc_codec_forgive(codec, zarrc_config_bool(&config, "use_single_float", &single, &why), &why, error);
  if (!status)
    status =
        zarrc_codec_forgive(codec, zarrc_config_bool(&config, "use_bin_type", &m->use_bin_type, &why), &why, error);
  if (!status) status = zarrc_config_bool(&config, "raw", &raw, error);
  if (status || !raw) return status;
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "configuration.raw is true: strings would be bytes");
}

/* ------------------------------------------------------------------------------------------------------- reading */

/* More lists in each other are no chunk: one for each dimension, around them the whole, and one that is too many. */
enum { MAX_DEPTH = ZARRC_MAX_NDIM + 2 };

typedef struct reading {
  const uint8_t *bytes;
  size_t nbytes, at;
  int depth;
  bool begun;
  uint32_t left[MAX_DEPTH]; /* items of the open lists that are still to come */
} reading;

_Static_assert(sizeof(reading) <= ZARRC_OBJECTS_STATE, "the state of a reader is too small");

static void pack_begin(void *state, const uint8_t *bytes, size_t n) {
  reading *r = state;
  *r = (reading){.bytes = bytes, .nbytes = n};
}

/* Reads a number of n bytes, the highest first. */
static zarrc_status take_number(reading *r, size_t n, uint64_t *out, zarrc_error *error) {
  if (r->nbytes - r->at < n)
    return zarrc_fail(error, ZARRC_TRUNCATED, "the chunk ends at byte %zu, within a value", r->nbytes);
  *out = 0;
  for (size_t i = 0; i < n; i++) *out = *out << 8 | r->bytes[r->at + i];
  r->at += n;
  return ZARRC_OK;
}

static zarrc_status take_text(reading *r, uint64_t n, zarrc_object *out, zarrc_error *error) {
  const uint8_t *text = r->bytes + r->at;
  if (r->nbytes - r->at < n)
    return zarrc_fail(error, ZARRC_TRUNCATED, "a string of %llu bytes at byte %zu, where the chunk has %zu more",
                      (unsigned long long)n, r->at, r->nbytes - r->at);
  size_t valid = n ? zarrc_utf8_valid(text, (size_t)n) : 0;
  if (valid < n) return zarrc_fail(error, ZARRC_CORRUPT, "a string is not UTF-8 at byte %zu", r->at + valid);
  *out = (zarrc_object){
      .kind = ZARRC_OBJECT_TEXT, .token = text, .ntoken = (size_t)n, .ntext = (size_t)n, .words = "a string"};
  r->at += (size_t)n;
  return ZARRC_OK;
}

static zarrc_status take_list(reading *r, uint64_t n, zarrc_object *out, zarrc_error *error) {
  if (r->depth == MAX_DEPTH) return zarrc_fail(error, ZARRC_CORRUPT, "more than %d lists in each other", MAX_DEPTH);
  r->left[r->depth++] = (uint32_t)n;
  *out = (zarrc_object){.kind = ZARRC_OBJECT_LIST, .words = "a list"};
  return ZARRC_OK;
}

/* What the first byte of a value says: lengths and numbers that follow it, or are in it. */
static const struct {
  uint8_t first, last;
  zarrc_object_kind kind;
  uint8_t nbytes; /* of the length or number that follows; 0: it is in the first byte */
  const char *words;
} firsts[] = {
    {0x00, 0x7f, ZARRC_OBJECT_INTEGER, 0, "an integer"},
    {0x80, 0x8f, ZARRC_OBJECT_OTHER, 0, "a map"},
    {0x90, 0x9f, ZARRC_OBJECT_LIST, 0, "a list"},
    {0xa0, 0xbf, ZARRC_OBJECT_TEXT, 0, "a string"},
    {0xc0, 0xc0, ZARRC_OBJECT_NULL, 0, "nil"},
    {0xc1, 0xc1, ZARRC_OBJECT_OTHER, 0, "a byte that is never used"},
    {0xc2, 0xc3, ZARRC_OBJECT_OTHER, 0, "a boolean"},
    {0xc4, 0xc6, ZARRC_OBJECT_OTHER, 0, "bytes"},
    {0xc7, 0xc9, ZARRC_OBJECT_OTHER, 0, "an extension"},
    {0xca, 0xcb, ZARRC_OBJECT_OTHER, 0, "a floating-point number"},
    {0xcc, 0xcc, ZARRC_OBJECT_INTEGER, 1, "an integer"},
    {0xcd, 0xcd, ZARRC_OBJECT_INTEGER, 2, "an integer"},
    {0xce, 0xce, ZARRC_OBJECT_INTEGER, 4, "an integer"},
    {0xcf, 0xcf, ZARRC_OBJECT_INTEGER, 8, "an integer"},
    {0xd0, 0xd3, ZARRC_OBJECT_OTHER, 0, "an integer"},
    {0xd4, 0xd8, ZARRC_OBJECT_OTHER, 0, "an extension"},
    {0xd9, 0xd9, ZARRC_OBJECT_TEXT, 1, "a string"},
    {0xda, 0xda, ZARRC_OBJECT_TEXT, 2, "a string"},
    {0xdb, 0xdb, ZARRC_OBJECT_TEXT, 4, "a string"},
    {0xdc, 0xdc, ZARRC_OBJECT_LIST, 2, "a list"},
    {0xdd, 0xdd, ZARRC_OBJECT_LIST, 4, "a list"},
    {0xde, 0xdf, ZARRC_OBJECT_OTHER, 0, "a map"},
    {0xe0, 0xff, ZARRC_OBJECT_OTHER, 0, "an integer"},
};

static zarrc_status take_value(reading *r, zarrc_object *out, zarrc_error *error) {
  uint64_t first = 0, number;
  size_t i = 0;
  zarrc_status status = take_number(r, 1, &first, error);
  if (status) return status;
  while (firsts[i].last < first) i++;
  number = first - firsts[i].first;
  if (firsts[i].nbytes) status = take_number(r, firsts[i].nbytes, &number, error);
  if (status) return status;
  if (firsts[i].kind == ZARRC_OBJECT_TEXT) return take_text(r, number, out, error);
  if (firsts[i].kind == ZARRC_OBJECT_LIST) return take_list(r, number, out, error);
  *out = (zarrc_object){.kind = firsts[i].kind, .words = firsts[i].words};
  if (number <= INT64_MAX)
    out->integer = (int64_t)number;
  else
    out->kind = ZARRC_OBJECT_OTHER;
  return ZARRC_OK;
}

static zarrc_status pack_next(void *state, zarrc_object *out, zarrc_error *error) {
  reading *r = state;
  if (r->depth && !r->left[r->depth - 1]) {
    r->depth--;
    *out = (zarrc_object){.kind = ZARRC_OBJECT_END, .words = "the end of a list"};
    return ZARRC_OK;
  }
  if (!r->depth && r->begun) {
    *out = (zarrc_object){.kind = ZARRC_OBJECT_DONE, .words = "the end"};
    if (r->at == r->nbytes) return ZARRC_OK;
    return zarrc_fail(error, ZARRC_CORRUPT, "%zu bytes after the list", r->nbytes - r->at);
  }
  if (r->depth) r->left[r->depth - 1]--;
  r->begun = true;
  return take_value(r, out, error);
}

static void pack_text(const zarrc_object *object, uint8_t *out) {
  memcpy(out, object->token, object->ntext);
}

/* ------------------------------------------------------------------------------------------------------- writing */

/* Writes the first byte of a value, and a number of n bytes, the highest first. */
static zarrc_status put_number(uint8_t first, uint64_t x, size_t n, zarrc_buf *out, zarrc_error *error) {
  uint8_t bytes[9] = {first};
  for (size_t i = 0; i < n; i++) bytes[1 + i] = (uint8_t)(x >> 8 * (n - 1 - i));
  return zarrc_buf_append(out, bytes, 1 + n, error);
}

static zarrc_status pack_put_list(const zarrc_codec *codec, size_t n, zarrc_buf *out, zarrc_error *error) {
  (void)codec;
  if (n < 16) return put_number((uint8_t)(0x90 + n), 0, 0, out, error);
  if (n <= UINT16_MAX) return put_number(0xdc, n, 2, out, error);
  if (n <= UINT32_MAX) return put_number(0xdd, n, 4, out, error);
  return zarrc_fail(error, ZARRC_LIMIT, "a list of %zu items, at most 4294967295 are possible", n);
}

static zarrc_status pack_put_nothing(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  (void)codec, (void)out, (void)error;
  return ZARRC_OK;
}

static zarrc_status pack_put_text(const zarrc_codec *codec, const void *text, size_t n, zarrc_buf *out,
                                  zarrc_error *error) {
  const msgpack2 *m = zarrc_codec_instance(codec);
  zarrc_status status;
  if (n < 32)
    status = put_number((uint8_t)(0xa0 + n), 0, 0, out, error);
  else if (n <= UINT8_MAX && m->use_bin_type)
    status = put_number(0xd9, n, 1, out, error);
  else if (n <= UINT16_MAX)
    status = put_number(0xda, n, 2, out, error);
  else if (n <= UINT32_MAX)
    status = put_number(0xdb, n, 4, out, error);
  else
    return zarrc_fail(error, ZARRC_LIMIT, "a string of %zu bytes, at most 4294967295 are possible", n);
  return status || !n ? status : zarrc_buf_append(out, text, n, error);
}

static zarrc_status pack_put_integer(const zarrc_codec *codec, uint64_t x, zarrc_buf *out, zarrc_error *error) {
  (void)codec;
  if (x < 128) return put_number((uint8_t)x, 0, 0, out, error);
  if (x <= UINT8_MAX) return put_number(0xcc, x, 1, out, error);
  if (x <= UINT16_MAX) return put_number(0xcd, x, 2, out, error);
  if (x <= UINT32_MAX) return put_number(0xce, x, 4, out, error);
  return put_number(0xcf, x, 8, out, error);
}

static const zarrc_objects_spelling pack = {
    .begin = pack_begin,
    .next = pack_next,
    .text = pack_text,
    .least = 1,
    .put_list = pack_put_list,
    .put_comma = pack_put_nothing,
    .put_end = pack_put_nothing,
    .put_text = pack_put_text,
    .put_integer = pack_put_integer,
};

/* numcodecs cannot encode a chunk without dimensions, which is no list. */
static zarrc_status msgpack2_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                      zarrc_error *error) {
  if (spec->ndim > 0) return zarrc_objects_validate(codec, spec, grid, error);
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "an array without dimensions cannot be encoded");
}

static zarrc_status msgpack2_encode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *decoded,
                                    zarrc_parts *parts, zarrc_error *error) {
  return zarrc_objects_encode(codec, &pack, spec, decoded, parts, error);
}

static zarrc_status msgpack2_read(const zarrc_codec *codec, const zarrc_spec *spec, zarrc_blob *blob,
                                  const zarrc_region *region, const zarrc_view *to, zarrc_error *error) {
  return zarrc_objects_read(codec, &pack, spec, blob, region, to, error);
}

const zarrc_codec_class zarrc_msgpack2_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "numcodecs.msgpack2",
    .kind = ZARRC_ARRAY_TO_BYTES,
    .lossy = true, /* as json2 */
    .instance_size = sizeof(msgpack2),
    .open = msgpack2_open,
    .to_json = zarrc_codec_written_json,
    .validate = msgpack2_validate,
    .encoded_size = zarrc_objects_size,
    .u.ab = {.encode = msgpack2_encode, .read = msgpack2_read},
};

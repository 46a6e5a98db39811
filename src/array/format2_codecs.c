/* SPDX-License-Identifier: MIT */
/* The chain of codecs that a .zarray means: order F is a transpose, then come the filters that work on elements,
 * `bytes` with the byte order of what they make, the filters that work on bytes, and the compressor. */
#include "array/format2.h"

#include <inttypes.h>
#include <string.h>

typedef struct chain {
  zarrc_buf *out;
  zarrc_error *error;
  bool is_bytes;      /* the elements have become bytes */
  bool any;           /* there is a codec already */
  char order;         /* the byte order of the elements, see zarrc_format2_type */
  uint32_t item_size; /* bytes of an element as the next codec gets it; what is bytes has elements of 1 */
} chain;

/* Filters that turn elements into elements. All others make bytes of bytes. */
static const struct {
  const char *id;
  const char *member; /* says the dtype of the result; NULL: it does not change */
} on_elements[] = {
    {"delta", "astype"},      {"fixedscaleoffset", "astype"},
    {"quantize", "astype"},   {"astype", "encode_dtype"},
    {"bitround", NULL},       {"packbits", NULL},
    {"categorize", "astype"},
};

/* Filters that turn objects into bytes, and nothing else. */
static const char *const on_objects[] = {"vlen-utf8", "vlen-bytes", "vlen-array", "json2", "msgpack2", "pickle"};

static zarrc_status put(chain *c, const char *text, size_t n) {
  return zarrc_buf_append(c->out, text, n, c->error);
}

static zarrc_status put_text(chain *c, const char *text) {
  return put(c, text, strlen(text));
}

static zarrc_status put_json(chain *c, const zarrc_json *value) {
  size_t n;
  const char *text = zarrc_json_text(value, &n);
  return put(c, text, n);
}

/* Writes the rest of a string, of which the first quote is there already. */
static zarrc_status put_rest(chain *c, const char *text, size_t n) {
  size_t quote = c->out->len;
  zarrc_status status = zarrc_json_put_string(c->out, text, n, c->error);
  if (status) return status;
  memmove(c->out->ptr + quote, c->out->ptr + quote + 1, c->out->len - quote - 1);
  c->out->len--;
  return ZARRC_OK;
}

/* Begins a codec: `{"name": "prefixNAME", "configuration": {`. prefix: plain letters. */
static zarrc_status begin(chain *c, const char *prefix, const char *name, size_t n) {
  zarrc_status status = c->any ? put_text(c, ", ") : ZARRC_OK;
  c->any = true;
  if (!status) status = put_text(c, "{\"name\": \"");
  if (!status) status = put_text(c, prefix);
  if (!status) status = put_rest(c, name, n);
  return status ? status : put_text(c, ", \"configuration\": {");
}

static zarrc_status end(chain *c, zarrc_status status) {
  return status ? status : put_text(c, "}}");
}

static zarrc_status begin_named(chain *c, const char *name) {
  return begin(c, "", name, strlen(name));
}

/* Writes a member of a codec, or what numcodecs takes for it if it is missing. */
static zarrc_status put_member(chain *c, const zarrc_json *codec, const char *name, const char *missing, bool last) {
  const zarrc_json *value = zarrc_json_get(codec, name);
  zarrc_status status = zarrc_json_put_string(c->out, name, strlen(name), c->error);
  if (!status) status = put_text(c, ": ");
  if (!status) status = value ? put_json(c, value) : put_text(c, missing);
  return status || last ? status : put_text(c, ", ");
}

/* ---------------------------------------------------------------------------------------- codecs with a v3 name */

/* Writes the members that are not in the list, which the codec does not know, and ends it. */
static zarrc_status end_with_others(chain *c, const zarrc_json *codec, const char *const *known, zarrc_status status) {
  const char *key;
  for (size_t i = 0; !status && (key = zarrc_json_unknown_key(codec, known, &i));) {
    status = put_text(c, ", ");
    if (!status) status = zarrc_json_put_string(c->out, key, strlen(key), c->error);
    if (!status) status = put_text(c, ": ");
    if (!status) status = put_json(c, zarrc_json_at(codec, i - 1));
  }
  return end(c, status);
}

/* Higher levels than the highest mean that, as in numcodecs. */
enum { MAX_ZSTD = 22 };

static zarrc_status put_zstd(chain *c, const zarrc_json *codec) {
  static const char *const members[] = {"id", "level", "checksum", NULL};
  int64_t level;
  zarrc_status status = begin_named(c, "zstd");
  if (!status && zarrc_json_get_int64(zarrc_json_get(codec, "level"), &level) && level > MAX_ZSTD && level <= INT32_MAX)
    status = zarrc_buf_printf(c->out, c->error, "\"level\": %d, ", MAX_ZSTD);
  else if (!status)
    status = put_member(c, codec, "level", "0", false);
  if (!status) status = put_member(c, codec, "checksum", "false", true);
  return end_with_others(c, codec, members, status);
}

/* Level -1 is zlib's default, 6. */
static zarrc_status put_gzip(chain *c, const zarrc_json *codec) {
  static const char *const members[] = {"id", "level", NULL};
  int64_t level;
  zarrc_status status = begin_named(c, "gzip");
  if (!status && zarrc_json_get_int64(zarrc_json_get(codec, "level"), &level) && level == -1)
    status = put_text(c, "\"level\": 6");
  else if (!status)
    status = put_member(c, codec, "level", "1", true);
  return end_with_others(c, codec, members, status);
}

/* Writes how elements are shuffled, which format 2 says by number: -1 is bits for single bytes, else bytes. Whatever
 * else it says is no name of a way to do that. */
static zarrc_status put_shuffle(chain *c, const zarrc_json *value) {
  static const char *const names[] = {"noshuffle", "shuffle", "bitshuffle"};
  int64_t shuffle = 1;
  size_t n = 0;
  const char *text = value ? zarrc_json_text(value, &n) : NULL;
  if (value && !zarrc_json_get_int64(value, &shuffle)) shuffle = -2;
  if (shuffle == -1) shuffle = c->item_size == 1 ? 2 : 1;
  if (shuffle >= 0 && shuffle <= 2) return zarrc_buf_printf(c->out, c->error, "\"shuffle\": \"%s\"", names[shuffle]);
  zarrc_status status = put_text(c, "\"shuffle\": ");
  return status ? status : zarrc_json_put_string(c->out, text, n, c->error);
}

/* An element longer than a byte can say is shuffled like single bytes. */
static zarrc_status put_blosc(chain *c, const zarrc_json *codec) {
  static const char *const members[] = {"id", "cname", "clevel", "shuffle", "blocksize", "typesize", NULL};
  zarrc_status status = begin_named(c, "blosc");
  if (!status) status = put_member(c, codec, "cname", "\"lz4\"", false);
  if (!status) status = put_member(c, codec, "clevel", "5", false);
  if (!status) status = put_shuffle(c, zarrc_json_get(codec, "shuffle"));
  if (!status)
    status = zarrc_buf_printf(c->out, c->error, ", \"typesize\": %" PRIu32 ", ", c->item_size > 255 ? 1 : c->item_size);
  if (!status) status = put_member(c, codec, "blocksize", "0", true);
  return end_with_others(c, codec, members, status);
}

/* ------------------------------------------------------------------------------------------------- all the others */

/* Writes a dtype in a filter. Its byte order is that of the bytes it reads or makes; in the words of format 3 elements
 * are little-endian before and after a filter, whatever order `bytes` gives them. So what reads the elements in the
 * order that they have reads little-endian ones, and what does not reads them the other way round, as NumPy does. */
static zarrc_status put_filter_dtype(chain *c, const char *key, const zarrc_json *value) {
  size_t n;
  const char *text = zarrc_json_get_string(value, &n);
  bool reads = !strcmp(key, "dtype") || !strcmp(key, "decode_dtype");
  char spelled[ZARRC_FORMAT2_SPELLED];
  if (!reads && strcmp(key, "astype") != 0 && strcmp(key, "encode_dtype") != 0) return put_json(c, value);
  if (text && zarrc_format2_spell(text, spelled)) {
    text = spelled;
    n = strlen(text);
    if (text[0] == '|') return zarrc_json_put_string(c->out, text, n, c->error);
  }
  if (!text || n < 2 || (text[0] != '<' && text[0] != '>')) return put_json(c, value);
  zarrc_status status = put_text(c, reads && c->order && c->order != text[0] ? "\">" : "\"<");
  return status ? status : put_rest(c, text + 1, n - 1);
}

/* Writes a codec of numcodecs with all its members. */
static zarrc_status put_numcodecs(chain *c, const zarrc_json *codec, const char *id, size_t n) {
  bool any = false;
  zarrc_status status = begin(c, "numcodecs.", id, n);
  for (size_t i = 0; i < zarrc_json_length(codec) && !status; i++) {
    const char *key = zarrc_json_key(codec, i);
    if (!strcmp(key, "id")) continue;
    if (any) status = put_text(c, ", ");
    any = true;
    if (!status) status = zarrc_json_put_string(c->out, key, strlen(key), c->error);
    if (!status) status = put_text(c, ": ");
    if (!status)
      status = c->is_bytes ? put_json(c, zarrc_json_at(codec, i)) : put_filter_dtype(c, key, zarrc_json_at(codec, i));
  }
  /* In format 3 the elements' size would be taken. */
  if (!status && !strcmp(id, "shuffle") && !zarrc_json_get(codec, "elementsize"))
    status = put_text(c, any ? ", \"elementsize\": 4" : "\"elementsize\": 4");
  return end(c, status);
}

/* Makes bytes of the elements, if that has not happened yet. */
static zarrc_status make_bytes(chain *c) {
  if (c->is_bytes) return ZARRC_OK;
  c->is_bytes = true;
  zarrc_status status = begin_named(c, "bytes");
  if (!status && c->order)
    status = zarrc_buf_printf(c->out, c->error, "\"endian\": \"%s\"", c->order == '>' ? "big" : "little");
  return end(c, status);
}

static zarrc_status put_on_bytes(chain *c, const zarrc_json *codec, const char *id, size_t n) {
  zarrc_status status = make_bytes(c);
  if (status) return status;
  if (!strcmp(id, "zstd")) return put_zstd(c, codec);
  if (!strcmp(id, "gzip")) return put_gzip(c, codec);
  if (!strcmp(id, "blosc")) return put_blosc(c, codec);
  if (!strcmp(id, "crc32c") && !zarrc_json_string_is(zarrc_json_get(codec, "location"), "start"))
    return end(c, begin_named(c, "crc32c"));
  return put_numcodecs(c, codec, id, n);
}

/* Notes what elements a filter makes. */
static zarrc_status follow(chain *c, const zarrc_json *codec, const char *member) {
  zarrc_format2_type type = {0};
  const zarrc_json *dtype = member ? zarrc_json_get(codec, member) : NULL;
  if (member && !dtype) dtype = zarrc_json_get(codec, "dtype");
  if (!dtype) return ZARRC_OK;
  zarrc_status status = zarrc_format2_put_name(dtype, &type, NULL, c->error);
  c->order = type.order;
  c->item_size = type.item_size;
  return status;
}

static zarrc_status put_on_elements(chain *c, const zarrc_json *codec, const char *id, size_t n, const char *member) {
  if (c->is_bytes)
    return zarrc_fail(c->error, ZARRC_UNSUPPORTED,
                      "%s works on elements, and a filter before it has made bytes of them", id);
  zarrc_status status = put_numcodecs(c, codec, id, n);
  bool makes_bytes = !strcmp(id, "packbits") || (!strcmp(id, "categorize") && !zarrc_json_get(codec, member));
  if (!makes_bytes) return status ? status : follow(c, codec, member);
  c->order = 0;
  c->item_size = 1;
  return status;
}

/* zfpy compresses elements, not bytes: it stands where `bytes` does. */
static zarrc_status put_zfpy(chain *c, const zarrc_json *codec, const char *id, size_t n) {
  if (c->is_bytes)
    return zarrc_fail(c->error, ZARRC_UNSUPPORTED,
                      "zfpy works on elements, and a filter before it has made bytes of them");
  c->is_bytes = true;
  return put_numcodecs(c, codec, id, n);
}

static zarrc_status put_codec(chain *c, const zarrc_json *codec) {
  size_t n;
  const char *id = zarrc_json_get_string(zarrc_json_get(codec, "id"), &n);
  if (!id)
    return zarrc_fail(c->error, ZARRC_INVALID_METADATA, "must be an object with an id, not %s",
                      zarrc_json_is(codec, ZARRC_JSON_OBJECT) ? "one without"
                                                              : zarrc_json_kind_name(zarrc_json_get_kind(codec)));
  for (size_t i = 0; i < sizeof on_elements / sizeof *on_elements; i++)
    if (!strcmp(id, on_elements[i].id)) return put_on_elements(c, codec, id, n, on_elements[i].member);
  for (size_t i = 0; i < sizeof on_objects / sizeof *on_objects; i++)
    if (!strcmp(id, on_objects[i]))
      return zarrc_fail(c->error, ZARRC_UNSUPPORTED, "%s works on Python objects, as the first filter of dtype |O", id);
  zarrc_status status = !strcmp(id, "zfpy") ? put_zfpy(c, codec, id, n) : put_on_bytes(c, codec, id, n);
  c->item_size = 1;
  return status;
}

/* ------------------------------------------------------------------------------------------------------ the chain */

static zarrc_status put_transpose(chain *c, int ndim) {
  zarrc_status status = begin_named(c, "transpose");
  if (!status) status = put_text(c, "\"order\": [");
  for (int i = ndim - 1; i >= 0 && !status; i--) status = zarrc_buf_printf(c->out, c->error, "%d%s", i, i ? ", " : "]");
  return end(c, status);
}

/* Has fields swapped that have another byte order than `bytes` says. */
static zarrc_status put_orders(chain *c, const char *orders) {
  zarrc_status status = begin_named(c, ZARRC_FIELD_ORDER);
  if (!status) status = put_text(c, "\"orders\": \"");
  if (!status) status = put_text(c, orders);
  return end(c, status ? status : put_text(c, "\""));
}

/* The filter that stores objects makes bytes of them, but for categorize. */
static zarrc_status put_object_codec(chain *c, const zarrc_json *codec) {
  size_t n;
  const char *id = zarrc_json_get_string(zarrc_json_get(codec, "id"), &n);
  if (!strcmp(id, "categorize")) return put_codec(c, codec);
  c->is_bytes = true;
  if (!strcmp(id, "vlen-utf8") || !strcmp(id, "vlen-bytes")) return end(c, begin(c, "", id, n));
  return put_numcodecs(c, codec, id, n);
}

static zarrc_status put_filters(chain *c, const zarrc_json *filters, bool is_object) {
  zarrc_status status = ZARRC_OK;
  if (filters && !zarrc_json_is(filters, ZARRC_JSON_NULL) && !zarrc_json_is(filters, ZARRC_JSON_ARRAY))
    return zarrc_fail(c->error, ZARRC_INVALID_METADATA, "/filters: must be a list or null, not %s",
                      zarrc_json_kind_name(zarrc_json_get_kind(filters)));
  size_t nbytes = 0;
  if (filters) zarrc_json_text(filters, &nbytes);
  if (nbytes > ZARRC_MAX_CODECS_NBYTES)
    return zarrc_fail(c->error, ZARRC_LIMIT, "/filters: %zu bytes, at most %zu are read", nbytes,
                      ZARRC_MAX_CODECS_NBYTES);
  for (size_t i = 0; i < zarrc_json_length(filters) && !status; i++) {
    const zarrc_json *filter = zarrc_json_at(filters, i);
    status = i == 0 && is_object ? put_object_codec(c, filter) : put_codec(c, filter);
    if (status) zarrc_error_prefix(c->error, "/filters/%zu: ", i);
  }
  return status;
}

/* Returns whether the elements are stored in order F. Lists in JSON and MessagePack are in order C, whatever the
 * document says: numcodecs makes them of arrays, not of memory. (zarr-python 2 mixes the elements up when it reads.) */
static bool is_transposed(const zarrc_json *root, const zarrc_format2_type *type) {
  const zarrc_json *id = zarrc_json_get(zarrc_json_at(zarrc_json_get(root, "filters"), 0), "id");
  bool is_list = type->is_object && (zarrc_json_string_is(id, "json2") || zarrc_json_string_is(id, "msgpack2"));
  return !is_list && zarrc_json_string_is(zarrc_json_get(root, "order"), "F");
}

zarrc_status zarrc_format2_put_codecs(const zarrc_json *root, int ndim, const zarrc_format2_type *type, zarrc_buf *out,
                                      zarrc_error *error) {
  chain c = {.out = out, .error = error, .order = type->order, .item_size = type->item_size};
  const zarrc_json *compressor = zarrc_json_get(root, "compressor");
  zarrc_status status = put_text(&c, "[");
  if (!status && ndim > 1 && is_transposed(root, type)) status = put_transpose(&c, ndim);
  if (!status && type->mixed) status = put_orders(&c, type->orders);
  if (!status) status = put_filters(&c, zarrc_json_get(root, "filters"), type->is_object);
  if (!status && !zarrc_json_string_is(zarrc_json_get(compressor, "id"), "zfpy")) status = make_bytes(&c);
  if (!status && compressor && !zarrc_json_is(compressor, ZARRC_JSON_NULL)) {
    status = put_codec(&c, compressor);
    if (status) zarrc_error_prefix(error, "/compressor: ");
  }
  return status ? status : put_text(&c, "]");
}

zarrc_status zarrc_format2_check_orders(const zarrc_pipeline *pipeline, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < zarrc_pipeline_ncodecs(pipeline) && !status; i++) {
    const zarrc_codec *codec = zarrc_pipeline_codec(pipeline, i);
    const zarrc_pipeline *inner = zarrc_shard_inner(codec);
    if (!strcmp(zarrc_codec_name(codec), ZARRC_FIELD_ORDER))
      status = zarrc_fail(error, ZARRC_UNSUPPORTED,
                          "the fields have both byte orders, and Zarr format 3 has one for all fields of a struct");
    else if (inner)
      status = zarrc_format2_check_orders(inner, error);
  }
  return status;
}

/* SPDX-License-Identifier: MIT */
/*
 * numcodecs.categorize: stores strings as integers, label i of a list as i + 1. 0 stands for the empty string;
 * numcodecs stores it for every string that is no label, which is lost then. Here only the fill value is treated like
 * that, and other strings are refused. So are numbers that stand for nothing, which numcodecs reads as empty strings,
 * but never stores.
 */
#include "base/checked.h"
#include "base/copy.h"
#include "base/sort.h"
#include "base/text.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/filter.h"
#include "codec/packed.h"
#include "codec/texts.h"

#include <stdlib.h>
#include <string.h>

typedef struct categorize {
  zarrc_type decoded;   /* ZARRC_STRING or ZARRC_FIXED_UTF32 */
  uint64_t nchars;      /* of ZARRC_FIXED_UTF32: characters of an element */
  zarrc_setting astype; /* of the encoded elements */
  uint32_t nlabels;
  zarrc_text *label; /* the texts follow the list */
  uint32_t *sorted;  /* the numbers of the labels in the order of their bytes; equal ones in the order of the list */
  uint8_t *code;     /* 8 bytes for each: the encoded element that stands for nothing, and for each label */
} categorize;

/* -------------------------------------------------------------------------------------------------------- opening */

/* Reads the data type of the decoded elements: "|O", or "<U5". */
static zarrc_status read_decoded(categorize *c, const zarrc_json *value, zarrc_error *error) {
  size_t n;
  const char *text = zarrc_json_get_string(value, &n), *p = text;
  if (!text) return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.dtype must be a data type");
  if (*p && strchr("<=|", *p)) p++;
  if (!strcmp(p, "O")) {
    c->decoded = ZARRC_STRING;
    return ZARRC_OK;
  }
  c->decoded = ZARRC_FIXED_UTF32;
  if (*p == 'U')
    for (p++; *p >= '0' && *p <= '9' && c->nchars < UINT32_MAX; p++) c->nchars = 10 * c->nchars + (uint64_t)(*p - '0');
  if (strlen(text) == n && c->nchars > 0 && !*p) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "configuration.dtype: %.40s is no type of strings that zarrc knows",
                    text);
}

/* Copies the labels, and the numbers that stand for them. */
static zarrc_status take_labels(zarrc_codec *codec, const zarrc_json *labels, zarrc_error *error) {
  categorize *c = zarrc_codec_instance(codec);
  size_t n = zarrc_json_length(labels), nbytes = 0, len;
  if (!zarrc_json_is(labels, ZARRC_JSON_ARRAY))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.labels must be a list of strings");
  zarrc_json_text(labels, &nbytes); /* enough for the labels, which are in it in quotes */
  if (n > UINT32_MAX - 1) return zarrc_fail(error, ZARRC_LIMIT, "configuration.labels: %zu are too many", n);
  c->label = zarrc_malloc(zarrc_codec_ctx(codec), n * sizeof *c->label + nbytes);
  c->sorted = zarrc_malloc(zarrc_codec_ctx(codec), n * sizeof *c->sorted + 1);
  c->code = zarrc_malloc(zarrc_codec_ctx(codec), (n + 1) * 8);
  if (!c->label || !c->sorted || !c->code) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for %zu labels", n);
  uint8_t *p = (uint8_t *)(c->label + n);
  for (size_t i = 0; i < n; i++) {
    const char *text = zarrc_json_get_string(zarrc_json_at(labels, i), &len);
    if (!text) return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.labels: label %zu is no string", i);
    memcpy(p, text, len);
    c->label[i] = (zarrc_text){p, len};
    p += len;
  }
  c->nlabels = (uint32_t)n;
  return ZARRC_OK;
}

static int compare_texts(const zarrc_text *a, const zarrc_text *b) {
  size_t n = a->len < b->len ? a->len : b->len;
  int order = n ? memcmp(a->ptr, b->ptr, n) : 0;
  return order ? order : (a->len > b->len) - (a->len < b->len);
}

static int compare_labels(const void *of, uint32_t a, uint32_t b) {
  const categorize *c = of;
  int order = compare_texts(&c->label[a], &c->label[b]);
  return order ? order : (a > b) - (a < b);
}

/* Makes the encoded elements. ZARRC_INVALID_METADATA: there are more labels than numbers. */
static zarrc_status make_codes(categorize *c, zarrc_error *error) {
  unsigned nbits = 8 * zarrc_dtype_of(c->astype.type).item_size - (c->astype.type <= ZARRC_INT64);
  if (c->nlabels > UINT64_MAX >> (64 - nbits))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.labels: %u are too many for elements of type %s",
                      (unsigned)c->nlabels, c->astype.text);
  for (uint64_t i = 0; i <= c->nlabels; i++) zarrc_convert(ZARRC_UINT64, c->astype.type, &i, c->code + 8 * i, 1);
  zarrc_sort(c->sorted, c->nlabels, compare_labels, c);
  return ZARRC_OK;
}

static zarrc_status categorize_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"labels", "dtype", "astype", NULL};
  categorize *c = zarrc_codec_instance(codec);
  zarrc_config config;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (!status) status = read_decoded(c, zarrc_json_get(config.root, "dtype"), error);
  if (!status)
    status = zarrc_setting_read_dtype("astype", "|u1", zarrc_json_get(config.root, "astype"), &c->astype, error);
  if (!status && !zarrc_is_integer(c->astype.type))
    status = zarrc_fail(error, ZARRC_UNSUPPORTED, "configuration.astype: %s is no type of integers", c->astype.text);
  if (!status) status = take_labels(codec, zarrc_json_get(config.root, "labels"), error);
  return status ? status : make_codes(c, error);
}

static void categorize_close(zarrc_codec *codec) {
  categorize *c = zarrc_codec_instance(codec);
  zarrc_free(zarrc_codec_ctx(codec), c->label);
  zarrc_free(zarrc_codec_ctx(codec), c->sorted);
  zarrc_free(zarrc_codec_ctx(codec), c->code);
}

/* ------------------------------------------------------------------------------------------------------- describing */

/* Returns the number of characters of UTF-8 text. */
static uint64_t count_chars(const zarrc_text *text) {
  uint64_t n = 0;
  for (size_t i = 0; i < text->len; i++) n += (text->ptr[i] & 0xc0) != 0x80;
  return n;
}

static zarrc_status categorize_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                        zarrc_error *error) {
  const categorize *c = zarrc_codec_instance(codec);
  (void)grid;
  if (spec->dtype.type != c->decoded)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "the elements must be of type %s",
                      c->decoded == ZARRC_STRING ? "string" : "fixed_length_utf32");
  if (c->decoded == ZARRC_STRING) return ZARRC_OK;
  if (spec->dtype.item_size != 4 * c->nchars)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.dtype has %llu characters, the elements have %u",
                      (unsigned long long)c->nchars, (unsigned)spec->dtype.item_size / 4);
  for (uint32_t i = 0; i < c->nlabels; i++)
    if (count_chars(&c->label[i]) > c->nchars)
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "label %u is longer than the elements", (unsigned)i);
  return ZARRC_OK;
}

/* Returns the number that stands for a text, the last if several do; 0: it is no label. */
static uint32_t code_of(const categorize *c, const zarrc_text *text) {
  uint32_t low = 0, high = c->nlabels;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (compare_texts(&c->label[c->sorted[middle]], text) <= 0)
      low = middle + 1;
    else
      high = middle;
  }
  bool found = low && !compare_texts(&c->label[c->sorted[low - 1]], text);
  return found ? c->sorted[low - 1] + 1 : 0;
}

/* Gets an element as UTF-8. memory: of at least the size of an element of fixed length. Returns false if it has
 * something that is no character. */
static bool text_of(const categorize *c, const void *element, uint8_t *memory, zarrc_text *out) {
  if (c->decoded == ZARRC_STRING) {
    memcpy(out, element, sizeof *out);
    return true;
  }
  uint64_t n = c->nchars;
  uint32_t cp;
  *out = (zarrc_text){memory, 0};
  const uint8_t *chars = element;
  for (; n > 0; n--) { /* NULs at the end are no part of the text */
    memcpy(&cp, chars + 4 * (n - 1), 4);
    if (cp) break;
  }
  for (uint64_t i = 0; i < n; i++) {
    memcpy(&cp, chars + 4 * i, 4);
    size_t len = zarrc_char_put((char *)memory + out->len, cp);
    if (!len) return false;
    out->len += len;
  }
  return true;
}

/* Takes memory for text_of. */
static zarrc_status text_memory(const zarrc_codec *codec, zarrc_bytes *out, zarrc_error *error) {
  const categorize *c = zarrc_codec_instance(codec);
  return zarrc_scratch_take(zarrc_codec_ctx(codec), 4 * (size_t)c->nchars + 4, out, error);
}

static zarrc_status categorize_resolve(const zarrc_codec *codec, const zarrc_spec *in, zarrc_spec *out,
                                       zarrc_error *error) {
  const categorize *c = zarrc_codec_instance(codec);
  zarrc_bytes memory = {0};
  zarrc_text text;
  zarrc_filter_set_encoded(&c->astype, out);
  out->fill = NULL;
  if (!in->fill) return ZARRC_OK;
  zarrc_status status = text_memory(codec, &memory, error);
  if (status) return status;
  bool valid = text_of(c, in->fill, (void *)(uintptr_t)memory.ptr, &text);
  out->fill = c->code + 8 * (size_t)(valid ? code_of(c, &text) : 0);
  zarrc_bytes_release(&memory);
  return ZARRC_OK;
}

static zarrc_size categorize_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  const categorize *c = zarrc_codec_instance(codec);
  return zarrc_filter_size(spec, c->astype.type, nbytes);
}

/* --------------------------------------------------------------------------------------------- encoding and decoding
 */

/* The two sides of a chunk in memory, and room for one text. */
typedef struct sides {
  zarrc_packed decoded, encoded;
  zarrc_bytes text;
} sides;

static zarrc_status take_sides(const zarrc_codec *codec, const zarrc_view *decoded, const zarrc_view *encoded, sides *s,
                               zarrc_error *error) {
  zarrc_ctx *ctx = zarrc_codec_ctx(codec);
  zarrc_status status = zarrc_packed_take(ctx, decoded, &s->decoded, error);
  if (!status) status = zarrc_packed_take(ctx, encoded, &s->encoded, error);
  return status ? status : text_memory(codec, &s->text, error);
}

static zarrc_status release_sides(sides *s, zarrc_status status) {
  zarrc_packed_release(&s->decoded);
  zarrc_packed_release(&s->encoded);
  zarrc_bytes_release(&s->text);
  return status;
}

static bool is_fill(const categorize *c, const zarrc_spec *spec, const void *element) {
  if (!spec->fill) return false;
  if (c->decoded != ZARRC_STRING) return !memcmp(spec->fill, element, spec->dtype.item_size);
  return !compare_texts(spec->fill, element);
}

static zarrc_status encode_elements(const categorize *c, const zarrc_spec *spec, const sides *s, int64_t n,
                                    zarrc_error *error) {
  const uint8_t *in = s->decoded.memory;
  uint8_t *out = s->encoded.memory, *memory = (void *)(uintptr_t)s->text.ptr;
  size_t item = spec->dtype.item_size, encoded = zarrc_dtype_of(c->astype.type).item_size;
  for (int64_t i = 0; i < n; i++, in += item, out += encoded) {
    zarrc_text text;
    char seen[ZARRC_EXCERPT];
    uint32_t code = text_of(c, in, memory, &text) ? code_of(c, &text) : 0;
    if (!code && text.len && !is_fill(c, spec, in))
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "element %lld, \"%s\", is not one of the labels", (long long)i,
                        zarrc_excerpt(seen, text.ptr, text.len));
    memcpy(out, c->code + 8 * (size_t)code, encoded);
  }
  return ZARRC_OK;
}

static zarrc_status categorize_encode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *decoded,
                                      const zarrc_view *encoded, zarrc_error *error) {
  sides s = {0};
  zarrc_status status = take_sides(codec, decoded, encoded, &s, error);
  if (!status) {
    zarrc_packed_load(&s.decoded);
    status = encode_elements(zarrc_codec_instance(codec), spec, &s, zarrc_view_nitems(decoded), error);
  }
  if (!status) zarrc_packed_store(&s.encoded);
  return release_sides(&s, status);
}

/* Returns the number of the label that an encoded element stands for, and the number of labels if it is none. */
static uint32_t label_of(const categorize *c, const uint8_t *element) {
  uint64_t code;
  zarrc_convert(c->astype.type, ZARRC_UINT64, element, &code, 1);
  return code && code <= c->nlabels ? (uint32_t)code - 1 : c->nlabels;
}

/* Returns ZARRC_CORRUPT if one of n encoded elements is neither 0 nor the number of a label. */
static zarrc_status check_codes(const categorize *c, const sides *s, int64_t n, zarrc_error *error) {
  size_t item = zarrc_dtype_of(c->astype.type).item_size;
  const uint8_t *in = s->encoded.memory;
  for (int64_t i = 0; i < n; i++, in += item)
    if (label_of(c, in) == c->nlabels && memcmp(in, c->code, item) != 0)
      return zarrc_fail(error, ZARRC_CORRUPT, "element %lld has a number that stands for none of the %u labels",
                        (long long)i, (unsigned)c->nlabels);
  return ZARRC_OK;
}

/* Writes text as an element of fixed length. */
static void put_chars(const categorize *c, zarrc_text text, uint8_t *out) {
  uint32_t cp = 0;
  memset(out, 0, 4 * (size_t)c->nchars);
  for (size_t i = 0, len; i < text.len; i += len, out += 4) {
    len = zarrc_char_next(text.ptr + i, text.len - i, &cp);
    memcpy(out, &cp, 4);
  }
}

/* Copies the labels that occur to the arena, each once. `at`: one text for each label. */
static zarrc_status land(const categorize *c, const sides *s, zarrc_text *at, int64_t n, zarrc_error *error) {
  size_t item = zarrc_dtype_of(c->astype.type).item_size;
  const uint8_t *in = s->encoded.memory;
  zarrc_text *out = s->decoded.memory;
  memset(at, 0, c->nlabels * sizeof *at);
  for (int64_t i = 0; i < n; i++, in += item) {
    uint32_t k = label_of(c, in);
    out[i] = (zarrc_text){0};
    if (k == c->nlabels || !c->label[k].len) continue;
    if (!at[k].ptr) {
      uint8_t *p;
      zarrc_status status = zarrc_texts_room(s->decoded.view, c->label[k].len, &p, error);
      if (status) return status;
      memcpy(p, c->label[k].ptr, c->label[k].len);
      at[k] = (zarrc_text){p, c->label[k].len};
    }
    out[i] = at[k];
  }
  return ZARRC_OK;
}

static zarrc_status decode_elements(const zarrc_codec *codec, const sides *s, int64_t n, zarrc_error *error) {
  const categorize *c = zarrc_codec_instance(codec);
  size_t item = zarrc_dtype_of(c->astype.type).item_size;
  const uint8_t *in = s->encoded.memory;
  uint8_t *out = s->decoded.memory;
  if (c->decoded == ZARRC_FIXED_UTF32) {
    for (int64_t i = 0; i < n; i++, in += item, out += 4 * c->nchars) {
      uint32_t k = label_of(c, in);
      put_chars(c, k < c->nlabels ? c->label[k] : (zarrc_text){0}, out);
    }
    return ZARRC_OK;
  }
  zarrc_bytes at = {0};
  zarrc_status status = zarrc_scratch_take(zarrc_codec_ctx(codec), c->nlabels * sizeof(zarrc_text) + 1, &at, error);
  if (!status) status = land(c, s, (void *)(uintptr_t)at.ptr, n, error);
  zarrc_bytes_release(&at);
  return status;
}

static zarrc_status categorize_decode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *encoded,
                                      const zarrc_view *decoded, zarrc_error *error) {
  sides s = {0};
  (void)spec;
  zarrc_status status = take_sides(codec, decoded, encoded, &s, error);
  if (!status) {
    zarrc_packed_load(&s.encoded);
    status = check_codes(zarrc_codec_instance(codec), &s, zarrc_view_nitems(decoded), error);
    if (!status) status = decode_elements(codec, &s, zarrc_view_nitems(decoded), error);
  }
  if (!status) zarrc_packed_store(&s.decoded);
  return release_sides(&s, status);
}

const zarrc_codec_class zarrc_categorize_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "numcodecs.categorize",
    .kind = ZARRC_ARRAY_TO_ARRAY,
    .fixed_size = true,
    .instance_size = sizeof(categorize),
    .open = categorize_open,
    .close = categorize_close,
    .to_json = zarrc_codec_written_json,
    .validate = categorize_validate,
    .resolve = categorize_resolve,
    .encoded_size = categorize_encoded_size,
    .u.aa = {.encode = categorize_encode, .decode = categorize_decode, .pointwise = true},
};
